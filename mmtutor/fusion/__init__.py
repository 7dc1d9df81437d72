"""Fusion: from several modalities' features, or several experts' decisions, to one answer.

- :mod:`mmtutor.fusion.rules`: functions on posteriors, each a formula;
- :class:`DecisionFusion`: late fusion, a classifier;
- :class:`FeatureFusion`: early fusion, a transformer;
- :func:`learn_weights`: whom to believe, learned from posteriors.
"""

from __future__ import annotations

from mmtutor.fusion import rules
from mmtutor.fusion._weights import learn_weights
from mmtutor.fusion.decisions import DecisionFusion
from mmtutor.fusion.features import FeatureFusion

__all__ = ["DecisionFusion", "FeatureFusion", "learn_weights", "rules"]
