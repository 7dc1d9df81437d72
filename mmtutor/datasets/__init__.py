"""Data: simulated (``make_*``), bundled (``load_*``) and real (``fetch_*``)."""

from __future__ import annotations

from mmtutor.datasets._movies import fetch_movie_sentences
from mmtutor.datasets._reviews import load_reviews

__all__ = [
    "fetch_movie_sentences",
    "load_reviews",
]
