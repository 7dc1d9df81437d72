"""What a parameter may hold, and the error that says which parameter holds what.

A room has one table of ranges, as a name means the same in all its functions and estimators.
Nothing here changes a value, and so no row of an evidence table (see ``FRAME`` in
:mod:`mmtutor.course.evidence`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

Range = tuple[str, Callable[[Any], bool]]  # in words, and as a test that takes any object
MOST = 2**63 - 1  # that NumPy's whole numbers can be


def check_ranges(ranges: Mapping[str, Range], **values: Any) -> None:
    """Raise ``ValueError`` if a value is out of its range; what has none may be anything."""
    for name, value in values.items():
        if name in ranges and not ranges[name][1](value):
            raise ValueError(f"{name} is {value!r:.60}; expected {ranges[name][0]}")


def whole(low: int = 1, high: int = MOST) -> Range:
    """Whole numbers from `low` to `high`; neither True nor 2.0 is one."""
    return (
        f"a whole number {f'of at least {low}' if high == MOST else f'from {low} to {high}'}",
        lambda v: _is_a(Integral, v) and low <= int(v) <= high,
    )


def number(interval: str, words: str = "") -> Range:
    """Numbers in an interval such as "[0, 1)"; neither True nor NaN is in one."""
    low, high = map(float, interval[1:-1].split(","))
    above = operator.lt if interval[0] == "(" else operator.le
    below = operator.lt if interval[-1] == ")" else operator.le
    return (
        words or f"a number in {interval}",
        lambda v: _is_a(Real, v) and above(low, _float(v)) and below(_float(v), high),
    )


def _is_a(kind: type, value: Any) -> bool:
    """Tell whether a value is such a number: True is none, and a span of time is none to us."""
    return isinstance(value, kind) and not isinstance(value, bool | np.timedelta64)


def _float(value: Any) -> float:
    """Return a number as a float, or NaN if it can be none, as 10**400 cannot.

    To a float32, as NumPy compares, 1e308 would be infinite.
    """
    try:
        return float(value)
    except OverflowError:
        return math.nan


def one_of(*names: str) -> Range:
    """Some strings."""
    return " or ".join(map(repr, names)), lambda v: isinstance(v, str) and v in names


def or_none(given: Range) -> Range:
    """What is in a range, or None."""
    words, holds = given
    return f"None or {words}", lambda v: v is None or holds(v)


ANY_SEED: Range = "a whole number of at least 0", lambda v: _is_a(Integral, v) and v >= 0
FLAG: Range = "True or False", lambda v: isinstance(v, bool | np.bool_)
FINITE = number("[-1e308, 1e308]", "a finite number")
POSITIVE = number("(0, inf)", "a positive number")
JOBS = or_none(("a whole number other than 0", lambda v: _is_a(Integral, v) and 0 != v <= MOST))
SEED = or_none(whole(0, 2**32 - 1))
SOURCES = np.random.Generator | np.random.RandomState | np.random.SeedSequence
RANDOM: Range = (
    "None, a whole number of at least 0, or a Generator",
    lambda v: v is None or isinstance(v, SOURCES) or (_is_a(Integral, v) and v >= 0),
)


def generator(random_state: Any) -> np.random.Generator:
    """Return NumPy's generator for a seed; others than these may end the process in NumPy."""
    check_ranges({"random_state": RANDOM}, random_state=random_state)
    return np.random.default_rng(random_state)
