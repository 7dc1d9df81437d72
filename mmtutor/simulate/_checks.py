"""Checks of the simulators' settings; each error names the setting and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mmtutor._ranges import FINITE, FLAG, JOBS, MOST, Range, check_ranges, number, whole
from mmtutor._rows import floats

LONGEST = 3600.0  # seconds of a clip that is drawn in one piece
HIGHEST_RATE = 192_000  # Hz
STRONGEST = 1e50  # of signals and levels; the square of their product is still a float
MOST_DRAWN = 10_000_000  # samples, people or dimensions, as all are held in memory

# Of what is drawn, or might be; each renderer takes as much or more.
_SIZES: dict[str, Range] = {
    "n_samples": whole(1, MOST_DRAWN),
    "image_size": whole(16, 4096),
    "seconds": number(f"[0.25, {LONGEST}]", f"a number of seconds from 0.25 to {LONGEST:g}"),
    "sample_rate": whole(8000, HIGHEST_RATE),
    "n_jobs": JOBS,
    "cache": FLAG,
}


def sizes(
    *,
    n_samples: int,
    image_size: int,
    seconds: float,
    sample_rate: int,
    n_jobs: int | None,
    cache: bool,
) -> tuple[int, int, float, int]:
    """Return the four sizes as plain numbers if each setting lies in its range, else raise.

    A size is looked at also where nothing of its modality is drawn.
    """
    check_ranges(
        _SIZES,
        n_samples=n_samples,
        image_size=image_size,
        seconds=seconds,
        sample_rate=sample_rate,
        n_jobs=n_jobs,
        cache=cache,
    )
    return int(n_samples), int(image_size), float(seconds), int(sample_rate)


def count(value: int, *, what: str, low: int = 1, high: int = MOST) -> int:
    """Return the whole number if it lies in [low, high], else raise ValueError."""
    check_ranges({what: whole(low, high)}, **{what: value})
    return int(value)


def between(value: float, low: float, high: float = np.inf, *, what: str, unit: str = "") -> float:
    """Return the finite number if it lies in [low, high], else raise ValueError."""
    interval = f"[{low}, {high}{']' if high < np.inf else ')'}"
    check_ranges({what: number(interval, f"a number in {interval}{unit}")}, **{what: value})
    return float(value)


def in_a_row(values: Any) -> list[Any] | None:
    """Return the values if they stand in a row, else None."""
    is_array = isinstance(values, np.ndarray) and values.ndim == 1
    return list(values) if is_array or isinstance(values, Sequence) else None


def numbers(
    values: Sequence[float], n: int, *, what: str, high: float = np.inf
) -> tuple[float, ...]:
    """Return n numbers if each is finite and lies in [0, high], else raise ValueError."""
    row = in_a_row(values)
    if row is None or len(row) != n:
        raise ValueError(f"{what} needs {n} values in a row, got {values!r:.60}")
    return tuple(between(value, 0, high, what=what) for value in row)


def chosen(modalities: Iterable[str] | str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the named modalities in the order of `known`; all of them for None."""
    if modalities is None:
        return known
    if isinstance(modalities, Mapping):
        raise ValueError(f"modalities must be names in a list, got {modalities!r:.60}")
    several = isinstance(modalities, Iterable) and getattr(modalities, "shape", None) != ()
    wanted = tuple(modalities) if several and not isinstance(modalities, str) else (modalities,)
    unknown = [name for name in wanted if not (isinstance(name, str) and name in known)]
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
        if not FINITE[1](value):
            raise TypeError(
                f"{what} is a number or a mapping such as {{'audio': 0.5}}, got {value!r}"
            )
    return {name: float(given.get(name, default[name])) for name in default}


def point(identity: ArrayLike, names: Sequence[str]) -> np.ndarray:
    """Return an identity as float64 if it is a finite number a name, else raise ValueError."""
    vector = floats("identity", identity).astype(float)
    if vector.shape != (len(names),):
        raise ValueError(
            f"identity must have shape ({len(names)},), one number for each of "
            f"{', '.join(names)}; got shape {vector.shape}"
        )
    if not np.isfinite(vector).all():
        raise ValueError(f"identity holds values that are not finite: {vector}")
    return vector
