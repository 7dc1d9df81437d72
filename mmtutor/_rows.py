"""Rows of numbers and of labels, of which NumPy would change some without a word: here refused.

What is let through is what NumPy makes of it. So nothing here changes a row of an evidence table,
and no table grows stale with this module (see ``FRAME`` in :mod:`mmtutor.course.evidence`).
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import column_or_1d

from mmtutor._table import is_missing, row_names


def require_unmasked(what: str, values: Any) -> None:
    """Raise ``ValueError`` if some values are masked, as NumPy would drop the mask."""
    parts = values if isinstance(values, list | tuple) else [values]
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise ValueError(f"{what} has masked values; leave them out, or fill them, x.filled(value)")


def floats(what: str, values: Any) -> np.ndarray:
    """Return an array of float32 if that is what `values` are, otherwise of float64.

    Raises
    ------
    ValueError
        If `values` are no numbers, or have an imaginary part or a mask, which NumPy would drop.
    """
    require_unmasked(what, values)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "cmM":  # complex numbers, spans of time, dates
            raise TypeError
        return array if array.dtype == np.float32 else np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be numbers, got {values!r:.60}") from None


def as_labels(what: str, values: Any, rows: Sequence[Any] | None = None) -> np.ndarray:
    """Return a row of labels as an array, of which none is missing and any two can be compared.

    NumPy makes one kind of what is given, and so "nan" of a missing label and "1" of the number 1.
    `rows` are the rows' names, None: those of `values`.

    Raises
    ------
    ValueError
        If `values` are no row, some are missing or masked (their places are named), or labels are
        of several kinds, such as numbers and text.
    """
    try:
        array = np.asarray(values)
    except ValueError:  # rows of unequal length
        array = np.empty((0, 0))
    if array.ndim != 1:
        raise ValueError(f"{what} must be a row of labels, got {values!r:.60}")
    cells = None if hasattr(values, "dtype") and array.dtype.kind != "O" else list(values)
    missing = pd.isna(array) if cells is None else np.array(list(map(is_missing, cells)), bool)
    if isinstance(values, np.ma.MaskedArray):
        missing = missing | np.ma.getmaskarray(values)
    if missing.any():
        rows = row_names(values) if rows is None else rows
        lost = [row for row, gone in zip(rows, missing, strict=True) if gone]
        shown = ", ".join(map(str, lost[:5])) + ", ..." * (len(lost) > 5)
        raise ValueError(
            f"{len(lost)} of {len(array)} {what} are missing (None, NaN or masked), at "
            f"{shown}: leave these rows out, or say what they are"
        )
    _require_one_kind(what, cells or ())
    try:
        np.sort(array[:2])
    except TypeError:
        raise ValueError(f"{what} cannot be sorted, such as {array[0]!r:.60}: use text") from None
    return array


def _require_one_kind(what: str, cells: Sequence[Any]) -> None:
    kinds = {str if isinstance(cell, str) else type(cell) for cell in cells}
    if len(kinds) > 1 and not all(issubclass(kind, Number | np.bool_) for kind in kinds):
        names = sorted(kind.__name__ for kind in kinds)
        raise ValueError(f"{what} are of several kinds, {names}: make all text, or all numbers")


def as_target(y: Any, rows: Sequence[Any] | None = None) -> np.ndarray:
    """Return a row, or a column, of labels as scikit-learn does, but what is missing as None.

    `rows` are the rows' names, None: those of `y`.

    Raises
    ------
    ValueError
        If `y` is no row, or holds infinity, labels of several kinds, such as numbers and text, or
        of a kind that scikit-learn does not take for classes.
    """
    try:
        row: np.ndarray = column_or_1d(y, warn=True)
    except ValueError as error:
        if not any(words in str(error) for words in ("shape ()", "inhomogeneous")):
            raise
        raise ValueError(f"labels must be a row, one for each sample, got {y!r:.60}") from None
    missing = np.zeros(len(row), bool)
    if isinstance(y, np.ma.MaskedArray):
        missing = np.ma.getmaskarray(y).ravel()
    elif row.dtype.kind == "O" or (row.dtype.kind in "US" and not hasattr(y, "dtype")):
        cells = list(row if row.dtype.kind == "O" or np.ndim(y) > 1 else y)
        missing = np.array(list(map(is_missing, cells)), bool)
        _require_one_kind("labels", [c for c, gone in zip(cells, missing, strict=True) if not gone])
    if missing.any():
        row = row.astype(object)
        row[missing] = None
    elif row.dtype.kind == "f" and np.isinf(row).any():
        first = (row_names(y) if rows is None else rows)[np.isinf(row).argmax()]
        raise ValueError(f"{np.isinf(row).sum()} of {len(row)} labels are infinite, at {first}")
    elif row.dtype.kind == "O" and len(row) and not isinstance(row[0], str | bytes):
        kind = type(row[0]).__name__
        remedy = "y.astype(int)" if isinstance(row[0], Integral) else "y.astype(str)"
        raise ValueError(
            f"Unknown label type: objects of type {kind}; make them text or numbers, {remedy}"
        )
    return row
