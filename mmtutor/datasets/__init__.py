"""Data: simulated (``make_*``), bundled (``load_*``) and real (``fetch_*``)."""

from __future__ import annotations

from mmtutor.datasets._movies import fetch_movie_sentences

__all__ = [
    "fetch_movie_sentences",
]
