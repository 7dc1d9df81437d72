"""Estimators made of named parts, each of which reads its own columns of a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import check_array, validate_data

from mmtutor._table import as_table, blame, present_rows, resolve, select, take


class Composition(_BaseComposition):
    """An estimator made of ``(name, estimator, columns)`` triples, with nested parameters.

    A subclass names its list parameter in ``_parts``. Parameters of a part are reached as
    ``name__parameter`` and a part is replaced as ``name``, as in scikit-learn's ColumnTransformer;
    a part that is "drop" is left out.
    """

    _parts = ""

    @property
    def _pairs(self) -> list[tuple[str, Any]]:
        """What looks like named estimators; the rest is reported by check_parts, when fitting."""
        parts = getattr(self, self._parts)
        return [p[:2] for p in parts if _is_triple(p)] if isinstance(parts, list | tuple) else []

    @_pairs.setter
    def _pairs(self, pairs: list[tuple[str, Any]]) -> None:
        new = dict(pairs)
        setattr(self, self._parts, [(n, new[n], c) for n, _, c in getattr(self, self._parts)])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, by default with those of every part.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add each part, as ``name``, and its parameters, as ``name__parameter``.

        Returns
        -------
        dict
            The values by name.
        """
        return self._get_params("_pairs", deep=deep)

    def set_params(self, **params: Any) -> Composition:
        """Set parameters; they count from the next `fit` on.

        Parameters
        ----------
        **params : dict
            Values by name: ``name=...`` replaces a part, ``name__parameter=...`` tunes it.

        Returns
        -------
        estimator
            This estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        if self._parts in params:
            setattr(self, self._parts, params.pop(self._parts))
        parts = dict(self._pairs)
        for name, _, inner in (key.partition("__") for key in params):
            if inner and name not in params and not hasattr(parts.get(name, self), "set_params"):
                kind, given = self._parts, parts[name]
                raise ValueError(
                    f"{kind}: {name!r} is {given!r:.60}, which has no parameter {inner!r}"
                )
        self._set_params("_pairs", **params)
        return self

    def check_parts(self) -> list[tuple[str, Any, Any]]:
        """Return the parts in use, for `fit` to begin with.

        Returns
        -------
        list of (name, estimator, columns) triples
            All that are not "drop".

        Raises
        ------
        ValueError
            If the list is no list of triples, a name is used twice or cannot be one, or nothing is
            left.
        """
        kind, parts = self._parts, getattr(self, self._parts)
        if not isinstance(parts, list | tuple) or len(parts) == 0:
            raise ValueError(
                f"{kind} is {parts!r}; expected a list of (name, estimator, columns) triples"
            )
        for part in parts:
            if not _is_triple(part):
                raise ValueError(
                    f"{kind}: expected (name, estimator, columns) triples, got {part!r:.60}"
                )
        names = [part[0] for part in parts]
        own = set(self.get_params(deep=False))
        for name in names:
            if not isinstance(name, str) or not name or "__" in name or name in own:
                raise ValueError(
                    f"{kind}: {name!r} cannot be a name; use a string without '__' that is none of "
                    f"{sorted(own)}"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{kind}: names must differ from each other, got {names}")
        dropped = [isinstance(part[1], str) and part[1] == "drop" for part in parts]
        used = [tuple(part) for part, gone in zip(parts, dropped, strict=True) if not gone]
        if not used:
            raise ValueError(f"{kind}: every one is 'drop'; at least one is needed")
        return used

    def check_X(self, X: Any, *, reset: bool) -> Any:
        """Return the table as the parts will see it; remember its columns, or check them.

        Parameters
        ----------
        X : DataFrame (pandas or polars), list of rows or array-like of shape (n_samples, n_columns)
            Missing cells are allowed. Rows are known by their label in a pandas index; other tables
            have none, so their rows are counted in what is handed over (inside a search or a
            cross-validation, that is one fold's rows).
        reset : bool
            Whether to remember the columns (fitting), or to compare them with those remembered.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_columns)
            An array only if it holds numbers alone.

        Raises
        ------
        ValueError
            If X is no table, has no rows or two columns of one name, or not the columns of fitting.
        TypeError
            If X is a table of a kind that has to be converted first.
        """
        if isinstance(X, pd.Series):
            raise ValueError(
                "Expected 2D array, got a Series instead: pass a DataFrame, for one sample "
                "frame.iloc[[0]]"
            )
        X = as_table(X)
        if isinstance(X, pd.DataFrame):
            if len(X) == 0:
                raise ValueError("X has no rows: at least one sample is needed")
            doubled = X.columns[X.columns.duplicated()].tolist()
            if doubled:
                raise ValueError(f"X has several columns named {doubled}: give each another name")
        else:  # NaN is a missing cell; infinity is left for the parts to refuse
            X = check_array(X, dtype=None, ensure_all_finite=False, estimator=self)
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def _sk_visual_block_(self) -> Any:
        return ColumnTransformer(getattr(self, self._parts))._sk_visual_block_()


# What NumPy says of a cell that it cannot make a number of.
_NO_NUMBER = ("could not convert string", "a real number, not", "element with a sequence")

# What scikit-learn says of a Series, which one column without brackets gives.
_NO_TABLE = ("2-dimensional container", "Expected 2D array, got 1D")


class Part(NamedTuple):
    """A named estimator, the columns it reads, what they hold, and in which rows that counts."""

    name: str
    estimator: Any
    columns: Any
    block: Any
    present: np.ndarray

    def rows(self, chosen: np.ndarray) -> Any:
        """Return some rows of the block, chosen by number or by a mask."""
        return take(self.block, chosen)


def read(kind: str, triples: list[tuple[str, Any, Any]], X: Any, missing: str) -> list[Part]:
    """Return the parts with what they read of a table; `kind` is what an error calls them."""
    parts = []
    for name, estimator, columns in triples:
        with blame(f"{kind} {name!r}, "):
            columns = resolve(X, columns)
            block = select(X, columns)
        parts.append(Part(name, estimator, columns, block, present_rows(block, missing)))
    return parts


def as_transformer(given: Any) -> Any:
    """Return a part's transformer; for "passthrough" one that leaves numbers as they are.

    Raises
    ------
    TypeError
        If it is none.
    """
    if isinstance(given, str) and given == "passthrough":
        return FunctionTransformer(feature_names_out="one-to-one")
    if isinstance(given, type) or not (hasattr(given, "fit") and hasattr(given, "transform")):
        raise TypeError(
            f"{given!r:.60} is no transformer: give one such as StandardScaler(), 'passthrough' "
            "for columns that are numbers already, or 'drop'"
        )
    return given


@contextmanager
def at_work(part: str, columns: Any, block: Any = None) -> Iterator[None]:
    """Name the part ("expert 'face'") in an error, the remedy if it lost rows, and a bad cell.

    `block` is what the part reads, a Series or DataFrame, in which a cell may be no number.
    """
    with blame(f"{part}, "):
        try:
            yield
        except (TypeError, ValueError) as error:
            message = str(error)
            if "inconsistent numbers of samples" in message:
                raise ValueError(f"{message}{_remedy(columns)}") from error
            if any(words in message for words in _NO_TABLE) and isinstance(columns, str | int):
                raise type(error)(f"{message} Here: columns [{columns!r}]") from error
            told = "which is no number" in message  # by a part of the part
            if not told and any(words in message for words in _NO_NUMBER):
                raise type(error)(_no_number(message, block) or message) from error
            raise


def check_rows(given: Any, returned: Any, columns: Any) -> None:
    """Raise ``ValueError`` if a part returned more or fewer rows than it was given."""
    before, after = given.shape[0], returned.shape[0]
    if before != after:
        raise ValueError(f"it was given {before} rows and returned {after}{_remedy(columns)}")


def _no_number(message: str, block: Any) -> str:
    """Return where the first cell is that such a message of NumPy is about; "": nowhere."""
    for column, cells in pd.DataFrame(block).items() if hasattr(block, "iloc") else ():
        for row, cell in cells.items():
            text = isinstance(cell, str)
            several = not text and hasattr(cell, "__len__") and "a sequence" in message
            if several or repr(str(cell) if text else type(cell).__name__) in message:
                return (
                    f"row {row}, column {column!r} holds {cell!r:.60}, which is no number: mend "
                    f"it, or leave the row out ({message})"
                )
    return ""


def _remedy(columns: Any) -> str:
    if not isinstance(columns, list):
        return f" (columns {columns!r}): a row for each is needed"
    one = f"pass {columns[0]!r}, not" if len(columns) == 1 else "make a part of each of"
    return f": a transformer of texts, for one, wants one column; {one} {columns!r}"


def _is_triple(part: Any) -> bool:
    return isinstance(part, list | tuple) and len(part) == 3
