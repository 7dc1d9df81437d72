"""The checks that several evaluation tasks share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set, Sized
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import _num_samples

from mmtutor._rows import (
    as_labels,
    floats,
    only_counts,
    require_same_order,
    require_same_rows,
    require_unmasked,
)


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


def labels(values: Any, *, what: str, length: int, rows: Sequence[Any] | None = None) -> NDArray:
    """Return `values` as a 1-D array of `length` labels, none missing, or say what is wrong.

    A missing label is equal to no other, or to every other missing one: neither can be counted.
    `rows` are the names of the rows where `values` have none themselves.
    """
    nameless = (
        not isinstance(values, pd.Series) and np.iterable(values) and isinstance(values, Sized)
    )
    array = as_labels(what, values, rows if nameless and len(values) == length else None)
    if array.shape != (length,):
        raise ValueError(f"expected {length} {what}, got {len(array)}")
    return array


def groups(values: Any, *, length: int, rows: Sequence[Any] | None = None) -> NDArray:
    """Return who each row belongs to, as `labels` does."""
    if isinstance(values, str):
        raise ValueError(
            f"groups must be a column, got the name {values!r:.60}: pass X[{values!r}]"
        )
    return labels(values, what="groups (one a row)", length=length, rows=rows)


def target(y: Any, *, length: int | None = None, rows: Sequence[Any] | None = None) -> NDArray:
    """Return `y` as an array of labels, or of numbers to predict, or say what is wrong.

    A column is checked as a row is; several columns are for the model to judge.
    """
    try:
        array = np.asarray(y)
    except ValueError:  # rows of unequal length
        array = np.empty(())
    if array.ndim > 1:
        require_unmasked("labels", y)
        y = array.ravel()
    if array.ndim < 2 or array.shape[1:] == (1,):
        labels(y, what="labels", length=array.size if length is None else length, rows=rows)
    return array


def n_rows(X: Any, *, what: str = "X") -> int:
    """Return how many rows a table has, or say that it is none."""
    if not isinstance(X, Mapping | Set | Iterator | str | bytes):
        try:
            return int(_num_samples(X))
        except TypeError:
            pass
    raise TypeError(
        f"{what} must be a table, a DataFrame or an array with one row a sample, got {X!r:.60}"
    )


def require_comparable(one: str, a: NDArray, other: str, b: NDArray) -> None:
    """Raise ``ValueError`` if labels of two rows cannot be the same, or not be told apart.

    The number 1 is never the text "1"; 2**60 and 2**60 + 1 are one where the other row has floats.
    """
    kinds = [_kind(labels) for labels in (a, b)]
    if len(a) and len(b) and kinds[0] != kinds[1]:
        raise ValueError(
            f"{one} are {kinds[0]} and {other} are {kinds[1]}, such as {a[:1].tolist()[0]!r:.60} "
            f"and {b[:1].tolist()[0]!r:.60}: make both text, or both numbers"
        )
    if a.dtype.kind in "iuf" and b.dtype.kind in "iuf":
        common = np.result_type(a, b)
        for what, row in ((one, a), (other, b)):
            with np.errstate(invalid="ignore"):
                changed = row.astype(common).astype(row.dtype) != row
            if changed.any():
                raise ValueError(
                    f"{what} hold {row[changed][0]}, too large to be told from its neighbours "
                    f"among {common}: make both text, or numbers of one type"
                )


def _kind(labels: NDArray) -> str:
    cell = labels[0] if labels.dtype.kind == "O" and len(labels) else None
    if labels.dtype.kind in "biufc" or isinstance(cell, Number):
        return "numbers"
    if labels.dtype.kind == "U" or isinstance(cell, str):
        return "text"
    return "neither text nor numbers"


def column_index(table: Any) -> pd.Index | None:
    """Return the names of a table's columns, of polars or pandas, or None if it is none."""
    return pd.Index(list(table.columns)) if hasattr(table, "columns") else None


def column_names(table: Any) -> list[Any] | None:
    """Return the names of a table's columns, or None if it has none, or only 0, 1, and so on."""
    names = list(getattr(table, "columns", ()))
    return None if only_counts(names) else names


def pairs(
    scores: Any, gallery_labels: Any, probe_labels: Any
) -> tuple[NDArray[np.float64], NDArray, NDArray]:
    """Return checked scores of shape (n_probes, n_gallery), and who each column and row is."""
    values = finite(scores, what="scores", ndim=2)
    gallery = labels(gallery_labels, what="gallery labels", length=values.shape[1])
    probes = labels(probe_labels, what="probe labels", length=values.shape[0])
    require_comparable("gallery labels", gallery, "probe labels", probes)
    index = scores.index if isinstance(scores, pd.DataFrame) else None
    require_same_rows(scores=scores, probe_labels=probe_labels)
    if isinstance(gallery_labels, pd.Series):
        columns = column_index(scores)
        require_same_order("columns", scores=columns, gallery_labels=gallery_labels.index)
    for axis, names, row in (("columns", column_names(scores), gallery), ("rows", index, probes)):
        known = [] if names is None or only_counts(names) else list(names)
        if known != row.tolist() and Counter(known) == Counter(row.tolist()):
            raise ValueError(
                f"the {axis} of scores are named {known[:5]}, and their labels are the same in "
                f"another order, {row[:5].tolist()}: sort them alike, or pass scores.to_numpy()"
            )
    return values, gallery, probes
