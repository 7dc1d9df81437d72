"""Automatic checks for the exercises of every chapter.

An exercise is a stub to fill in and a line ``check("05.1", answer)``. A check never raises and
never ends a notebook: it prints whether the answer holds and, if not, a hint about the mistake.

>>> from mmtutor.exercises import check
>>> check("00.1", None)
00.1 not yet: ...
"""

from __future__ import annotations

from mmtutor.course.checking import Verdict, check, examine, numbers

__all__ = ["Verdict", "check", "examine", "numbers"]
