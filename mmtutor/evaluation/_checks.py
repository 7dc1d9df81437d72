"""The checks that several evaluation tasks share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray


def numbers(values: ArrayLike, *, what: str) -> NDArray[np.float64]:
    """Return `values` as a float array, or say that they are no numbers."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be numbers, got {values!r:.60}") from None


def finite(values: ArrayLike, *, what: str, ndim: int | None) -> NDArray[np.float64]:
    """Return `values` as a float array with `ndim` axes (None: any), or say what is wrong."""
    array = numbers(values, what=what)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{what} must have {ndim} axes, got an array of shape {array.shape}")
    if array.size == 0:
        raise ValueError(f"{what} are empty (shape {array.shape}): at least one value is needed")
    bad = ~np.isfinite(array)
    if bad.any():
        raise ValueError(
            f"{bad.sum()} of {array.size} {what} are NaN or infinite; "
            "drop these trials, or give them a finite score, before measuring"
        )
    return array


def labels(values: ArrayLike, *, what: str, length: int) -> NDArray:
    """Return `values` as a 1-D array of `length` labels, none missing, or say what is wrong.

    A missing label is equal to no other, or to every other missing one: neither can be counted.
    """
    array = np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"expected {length} {what}, got an array of shape {array.shape}")
    missing = np.flatnonzero(pd.isna(array))
    if len(missing):
        rows = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise ValueError(
            f"{len(missing)} of {length} {what} are missing (None or NaN), at {rows}: "
            "drop these samples, or give each a label"
        )
    return array
