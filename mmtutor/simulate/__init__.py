"""The simulator: latent numbers, and the faces, voices, music and texts drawn from them.

A world (:class:`PostWorld`, :class:`PeopleWorld`) draws latent numbers and knows the best that any
observer of them can do; :func:`make_posts` and :func:`make_people` draw whole multimodal tables
from it. The modules :mod:`~mmtutor.simulate.faces`, :mod:`~mmtutor.simulate.voices` and
:mod:`~mmtutor.simulate.music` draw single pictures and sounds.
"""

from mmtutor.simulate import faces, music, voices
from mmtutor.simulate.latent import PeopleWorld, PostWorld
from mmtutor.simulate.people import load_people, make_people
from mmtutor.simulate.posts import load_posts, make_posts

__all__ = [
    "PeopleWorld",
    "PostWorld",
    "faces",
    "load_people",
    "load_posts",
    "make_people",
    "make_posts",
    "music",
    "voices",
]
