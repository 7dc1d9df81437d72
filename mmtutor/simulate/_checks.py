"""Checks of the simulators' settings; each error names the setting and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

LONGEST = 3600.0  # seconds of a clip that is drawn in one piece
HIGHEST_RATE = 192_000  # Hz


def count(value: int, *, what: str, low: int = 1, high: int | None = None) -> int:
    """Return the whole number if it lies in [low, high], else raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise ValueError(f"{what} must be a whole number, {low} or more; got {value!r}")
    if high is not None and value > high:
        raise ValueError(f"{what} must be at most {high}, got {value}")
    return int(value)


def between(value: float, low: float, high: float = np.inf, *, what: str, unit: str = "") -> float:
    """Return the finite number if it lies in [low, high], else raise ValueError."""
    is_number = isinstance(value, int | float | np.number)
    if not (is_number and low <= value <= high and np.isfinite(value)):
        limits = f"lie between {low:g} and {high:g}" if high < np.inf else f"be at least {low:g}"
        raise ValueError(f"{what} must {limits}{unit}, got {value!r}")
    return float(value)


def numbers(
    values: Sequence[float], n: int, *, what: str, high: float = np.inf
) -> tuple[float, ...]:
    """Return n numbers if each is finite and lies in [0, high], else raise ValueError."""
    if not isinstance(values, Sequence | np.ndarray) or len(values) != n:
        raise ValueError(f"{what} needs {n} values in a row, got {values!r:.60}")
    return tuple(between(value, 0, high, what=what) for value in values)


def chosen(modalities: Iterable[str] | str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the named modalities in the order of `known`; all of them for None."""
    if modalities is None:
        return known
    wanted = (modalities,) if isinstance(modalities, str) else tuple(modalities)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"unknown modalities {unknown}; choose from {list(known)}")
    return tuple(name for name in known if name in wanted)


def per_modality(
    given: float | Mapping[str, float] | None, default: Mapping[str, float], *, what: str
) -> dict[str, float]:
    """Complete a setting: one number for all modalities, or a mapping that names some."""
    if given is None:
        return dict(default)
    if not isinstance(given, Mapping):
        given = dict.fromkeys(default, given)
    unknown = [name for name in given if name not in default]
    if unknown:
        raise ValueError(f"{what} names {unknown}; the modalities are {list(default)}")
    for value in given.values():
        if not isinstance(value, Real):
            raise TypeError(
                f"{what} is a number or a mapping such as {{'audio': 0.5}}, got {value!r}"
            )
    return {name: float(given.get(name, default[name])) for name in default}


def point(identity: ArrayLike, names: Sequence[str]) -> np.ndarray:
    """Return an identity as float64 if it is a finite number a name, else raise ValueError."""
    try:
        vector = np.asarray(identity, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"identity must be numbers, got {identity!r:.60}") from None
    if vector.shape != (len(names),):
        raise ValueError(
            f"identity must have shape ({len(names)},), one number for each of "
            f"{', '.join(names)}; got shape {vector.shape}"
        )
    if not np.isfinite(vector).all():
        raise ValueError(f"identity holds values that are not finite: {vector}")
    return vector
