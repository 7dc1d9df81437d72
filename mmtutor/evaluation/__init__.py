"""Judging models: one module per task, each opening with the task and its conventions.

:mod:`~mmtutor.evaluation.comparison`
    Which model is better on these data, and is the difference more than chance?
:mod:`~mmtutor.evaluation.verification`
    Is this person who they claim to be? Error rates, DET curve, score normalisation.
:mod:`~mmtutor.evaluation.identification`
    Which of the known people is this? Ranks and the CMC curve.
:mod:`~mmtutor.evaluation.calibration`
    Does "80 % sure" come true 80 % of the time?
:mod:`~mmtutor.evaluation.robustness`
    How fast does accuracy fall as the input gets worse?
:mod:`~mmtutor.evaluation.intervals`
    How far might a measured figure be from the true one? The bootstrap over people.

Scores are always "higher = more alike". Rates and proportions are in [0, 1], times in seconds.
"""

from __future__ import annotations

from .calibration import expected_calibration_error, reliability_diagram
from .comparison import RepeatedGroupKFold, TTest, compare, corrected_t_test
from .identification import cmc_curve, rank_one
from .intervals import Interval, bootstrap_interval
from .robustness import robustness_curve
from .verification import (
    DETCurve,
    det_curve,
    equal_error_rate,
    error_rates,
    split_scores,
    t_norm,
    z_norm,
)

__all__ = [
    "DETCurve",
    "Interval",
    "RepeatedGroupKFold",
    "TTest",
    "bootstrap_interval",
    "cmc_curve",
    "compare",
    "corrected_t_test",
    "det_curve",
    "equal_error_rate",
    "error_rates",
    "expected_calibration_error",
    "rank_one",
    "reliability_diagram",
    "robustness_curve",
    "split_scores",
    "t_norm",
    "z_norm",
]
