"""Data: simulated (``make_*``), bundled (``load_*``) and real (``fetch_*``); :func:`read_posts`
reads your own.

Behind the simulated data lie :class:`PostWorld` and :class:`PeopleWorld`: latent numbers, and the
ideal observer who sees them.
"""

from __future__ import annotations

from mmtutor.datasets._crema import fetch_crema_d_ratings
from mmtutor.datasets._digits import (
    fetch_audiovisual_digits,
    fetch_mnist_test,
    fetch_spoken_digits,
)
from mmtutor.datasets._emoji import fetch_emoji
from mmtutor.datasets._librispeech import fetch_librispeech_sample
from mmtutor.datasets._london import fetch_london_faces
from mmtutor.datasets._movies import fetch_movie_sentences
from mmtutor.datasets._reviews import load_reviews
from mmtutor.datasets._table import read_posts
from mmtutor.simulate import (
    PeopleWorld,
    PostWorld,
    load_people,
    load_posts,
    make_people,
    make_posts,
)

__all__ = [
    "PeopleWorld",
    "PostWorld",
    "fetch_audiovisual_digits",
    "fetch_crema_d_ratings",
    "fetch_emoji",
    "fetch_librispeech_sample",
    "fetch_london_faces",
    "fetch_mnist_test",
    "fetch_movie_sentences",
    "fetch_spoken_digits",
    "load_people",
    "load_posts",
    "load_reviews",
    "make_people",
    "make_posts",
    "read_posts",
]
