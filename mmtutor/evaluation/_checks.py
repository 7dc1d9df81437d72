"""The checks that several evaluation tasks share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmtutor._rows import as_labels, floats


def numbers(values: ArrayLike, *, what: str) -> NDArray[np.float64]:
    """Return `values` as an array of float64, or say that they are no numbers."""
    return floats(what, values).astype(float, copy=False)


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
    array = as_labels(what, values)
    if array.shape != (length,):
        raise ValueError(f"expected {length} {what}, got {len(array)}")
    return array
