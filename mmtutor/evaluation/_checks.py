"""The checks that several evaluation tasks share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite(values: ArrayLike, *, what: str, ndim: int) -> NDArray[np.float64]:
    """Return `values` as a float array with `ndim` axes, or say what is wrong with them."""
    array = np.asarray(values, dtype=float)
    if array.ndim != ndim:
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
    """Return `values` as a 1-D array of `length` labels, or say what is wrong with them."""
    array = np.asarray(values)
    if array.shape != (length,):
        raise ValueError(f"expected {length} {what}, got an array of shape {array.shape}")
    return array
