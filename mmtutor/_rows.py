"""Rows of numbers and of labels, of which NumPy would change some without a word: here refused.

What is let through is what NumPy makes of it. So nothing here changes a row of an evidence table,
and no table grows stale with this module (see ``FRAME`` in :mod:`mmtutor.course.evidence`).
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import column_or_1d

from mmtutor._table import is_missing, row_names

TIMES = np.datetime64 | np.timedelta64  # of which NumPy makes numbers
EXACT = 2**53  # up to which a float64 tells every whole number from the next


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
        If `values` are no numbers, have an imaginary part or a mask, which NumPy would drop, or are
        whole numbers, such as hashes or times, of which a float64 would drop the last digits.
    """
    require_unmasked(what, values)
    try:
        array = np.asarray(values)
        kinds = set(map(type, array.flat)) if array.dtype.kind == "O" else set()
        if array.dtype.kind in "cmM" or any(issubclass(kind, TIMES) for kind in kinds):
            raise TypeError  # complex numbers, spans of time, dates
        numbers = array if array.dtype == np.float32 else np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be numbers, got {values!r:.60}") from None
    large = array.dtype.kind in "iuO" and bool((np.abs(numbers) >= EXACT).any())
    for cell, kept in zip(array.ravel().tolist() if large else (), numbers.flat, strict=large):
        if isinstance(cell, Integral) and abs(int(cell)) < 2**64 and int(cell) != int(kept):
            raise ValueError(
                f"{what} hold {cell}, which float64 makes {int(kept)}: subtract what all have in "
                "common first, or pass x.astype(float) where that does not matter"
            )
    return numbers


def as_labels(what: str, values: Any, rows: Sequence[Any] | None = None) -> np.ndarray:
    """Return a row of labels as an array, of which none is missing and any two can be compared.

    NumPy makes one kind of what is given, and so "nan" of a missing label and "1" of the number 1.
    `rows` are the rows' names, None: those of `values`.

    Raises
    ------
    ValueError
        If `values` are no row, some are missing, masked or infinite (their places are named), or
        labels are of several kinds, such as numbers and text, or NumPy would make two one.
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
    _require_none(what, "missing (None, NaN or masked)", missing, values, rows)
    _require_one_kind(what, cells or ())
    if array.dtype.kind in "fcSU":
        for cell, kept in zip(cells or (), array.tolist(), strict=cells is not None):
            if cell != kept:  # 2**53 + 1 beside 0.5, or a zero byte at the end
                raise ValueError(f"{what} hold {cell!r:.60}, which NumPy makes {kept!r:.60}")
    infinite = np.isinf(array) if array.dtype.kind in "fc" else _are_infinite(cells or ())
    _require_none(what, "infinite", infinite, values, rows)
    try:
        np.sort(array[:2])
    except TypeError:
        raise ValueError(f"{what} cannot be sorted, such as {array[0]!r:.60}: use text") from None
    return array


def _require_none(
    what: str, state: str, those: np.ndarray, values: Any, rows: Sequence[Any] | None
) -> None:
    """Raise ``ValueError`` if some labels are in a bad state, naming their rows."""
    if those.any():
        names = row_names(values) if rows is None or len(rows) != len(those) else rows
        lost = [row for row, bad in zip(names, those, strict=True) if bad]
        shown = ", ".join(map(str, lost[:5])) + ", ..." * (len(lost) > 5)
        raise ValueError(
            f"{len(lost)} of {len(those)} {what} are {state}, at "
            f"{shown}: leave these rows out, or say what they are"
        )


def _are_infinite(cells: Sequence[Any]) -> np.ndarray:
    return np.array([isinstance(cell, float) and math.isinf(cell) for cell in cells], bool)


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
    elif row.dtype.kind == "f":
        _require_none("labels", "infinite", np.isinf(row), y, rows)
    elif row.dtype.kind == "O" and len(row) and not isinstance(row[0], str | bytes):
        kind = type(row[0]).__name__
        remedy = "y.astype(int)" if isinstance(row[0], Integral) else "y.astype(str)"
        raise ValueError(
            f"Unknown label type: objects of type {kind}; make them text or numbers, {remedy}"
        )
    return row


def require_same_rows(**parts: Any) -> None:
    """Refuse pandas objects among the parts that name the same rows, but not in one order.

    Rows go by their place, as in scikit-learn; who counts on the names would get a wrong answer.
    See `require_same_order` for rows that are only counted.
    """
    kinds = pd.Series | pd.DataFrame
    require_same_order(
        "rows", **{what: x.index for what, x in parts.items() if isinstance(x, kinds)}
    )


def require_same_order(axis: str, **indexes: Any) -> None:
    """Raise ``ValueError`` if two indexes (others say nothing) hold the same names in other orders.

    `axis` says of what, "rows" or "columns". Where one of the two only counts, a warning is all: it
    may be of a table in order whose index was reset, or which was made of an array.
    """
    named = {what: index for what, index in indexes.items() if isinstance(index, pd.Index)}
    for (one, a), (other, b) in itertools.combinations(named.items(), 2):
        if len(a) == len(b) and a.is_unique and not a.equals(b) and set(a) == set(b):
            pairs = zip(a.tolist(), b.tolist(), strict=True)
            place, (left, right) = next((n, two) for n, two in enumerate(pairs) if two[0] != two[1])
            message = (
                f"{one} and {other} name the same {axis} in different orders, {left!r} and "
                f"{right!r} at place {place}, but {axis} go by their place: sort them alike, "
                "or pass what is in order without names, x.to_numpy()"
            )
            if not (only_counts(a) or only_counts(b)):
                raise ValueError(message)
            warnings.warn(message, stacklevel=4)


def only_counts(names: Any) -> bool:
    """Tell whether names of rows or columns are 0, 1, and so on, as pandas gives where none are."""
    return list(names) == list(range(len(names)))
