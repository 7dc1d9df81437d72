"""What a cell of a multimodal table may hold, and when it counts as missing.

A private room that every other room may import.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmtutor._ranges import JOBS, check_ranges

MODALITIES = ("text", "image", "audio")

# A word with the space after it; in Chinese, which puts no spaces, a character.
WORD = r"[\u3400-\u9fff]\s*|[^\s\u3400-\u9fff]+\s*"


def is_missing(cell: Any) -> bool:
    """Tell whether a cell holds nothing: ``None``, ``NaN``, ``NaT`` or ``pd.NA``.

    An empty string, a blank image and silence are content, not absence.
    """
    if cell is None or cell is pd.NA:
        return True
    # of a Pillow image, NumPy would read all pixels to count the axes
    one = pd.api.types.is_scalar(cell) or getattr(cell, "ndim", None) == 0
    return bool(one and not isinstance(cell, str | bytes) and pd.isna(cell))


def as_table(X: Any) -> Any:
    """Return a table of cells as a DataFrame, its row labels kept; numbers alone as they are.

    A list of rows, an array of objects or strings and a polars DataFrame become a pandas DataFrame
    (columns 0, 1, ... where they have no names, rows counted from 0); a list of rows of numbers
    becomes an array. What is masked in an array is missing. Anything else comes back unchanged, for
    scikit-learn to check, but what pandas has to read (a dict, a list of dicts) or what has no
    order raises ``TypeError``.
    """
    records = isinstance(X, list | tuple) and any(isinstance(row, Mapping) for row in X)
    # a sparse matrix may be a mapping, too
    if records or (isinstance(X, Mapping | Set | Iterator) and not hasattr(X, "shape")):
        kind = "list of dicts" if records else type(X).__name__
        raise TypeError(f"X is a {kind}, no table: make a DataFrame of it, pd.DataFrame(X)")
    if hasattr(X, "to_pandas"):  # a table of another library: polars, pyarrow
        if not hasattr(X, "to_dict"):
            raise TypeError(f"X is a {type(X).__name__}: convert it with X.to_pandas() first")
        return pd.DataFrame(X.to_dict(as_series=False))
    if hasattr(X, "collect") and hasattr(X, "lazy"):  # of polars
        raise TypeError(f"X is a {type(X).__name__}: convert it with X.collect() first")
    if isinstance(X, np.ma.MaskedArray):
        plain = X.data.astype(object) if X.dtype.kind in "USmM" else X.data
        X = np.where(np.ma.getmaskarray(X), np.nan, plain) if np.ma.is_masked(X) else plain
    if isinstance(X, list | tuple) and all(isinstance(row, list | tuple) for row in X):
        widths = [len(row) for row in X]
        if len(set(widths)) > 1:
            other = next(row for row, width in enumerate(widths) if width != widths[0])
            raise ValueError(
                f"X has {widths[0]} cells in row 0 and {widths[other]} in row {other}: give each "
                "row the same number"
            )
        if widths:
            frame = pd.DataFrame(list(X))
            return frame.to_numpy() if all(t.kind in "biufc" for t in frame.dtypes) else frame
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "OUS":
        return pd.DataFrame(X)
    return X


def row_names(X: Any) -> list[Any]:
    """Return the label of each row of a Series or DataFrame, else its position."""
    return X.index.tolist() if isinstance(X, pd.Series | pd.DataFrame) else list(range(len(X)))


def as_column(X: Any, *, what: str) -> list[Any]:
    """Return the cells of one column as a list.

    Parameters
    ----------
    X : Series, one-column DataFrame, list, or array whose first axis is the samples
        The column.
    what : str
        What a cell holds ("texts", "images", "clips"); used in error messages.

    Raises
    ------
    TypeError
        If `X` is a single string or path rather than a column of them, a set (without order), a
        dict (of which only the keys would be read) or a generator.
    ValueError
        If `X` has several columns, or has no rows.
    """
    for odd, why, instead in (
        (Mapping, f"of which only the keys would be taken for {what}", "list(x.values())"),
        (Iterator, "which can be read only once", "list(x)"),
    ):
        if isinstance(X, odd):
            kind = type(X).__name__
            raise TypeError(f"expected a column of {what}, got a {kind}, {why}: pass {instead}")
    one = isinstance(X, str | bytes) or hasattr(X, "tocsr")  # a sparse matrix has no length
    if one or not hasattr(X, "__len__") or getattr(X, "shape", None) == ():
        raise TypeError(f"expected a column of {what}, got one {type(X).__name__}; wrap it: [x]")
    if isinstance(X, set | frozenset):
        raise TypeError(f"expected a column of {what}, got a set, which has no order: use a list")
    if isinstance(X, np.ndarray) or (hasattr(X, "to_pandas") and hasattr(X, "columns")):
        X = as_table(X)
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            raise ValueError(
                f"expected one column of {what}, got {X.shape[1]}: {list(X.columns)}; "
                "pass X['name'], or choose the column in a ColumnTransformer or a fusion"
            )
        X = X.iloc[:, 0]
    cells = X.tolist() if isinstance(X, pd.Series) else list(X)
    if not cells:
        raise ValueError(f"the column of {what} is empty: it needs at least one row")
    return cells


def require_present(cells: Any, rows: Sequence[Any], *, what: str, remedy: str) -> None:
    """Raise ``ValueError`` if a cell is missing, naming the rows and saying what to do."""
    plain = isinstance(cells, np.ndarray) and cells.ndim == 1
    missing = pd.isna(cells).tolist() if plain else map(is_missing, cells)
    lost = [row for row, gone in zip(rows, missing, strict=True) if gone]
    if lost:
        raise ValueError(
            f"{len(lost)} of {len(cells)} {what} are missing (rows {_shown(lost)}); {remedy}"
        )


def _shown(names: Sequence[Any], most: int = 5) -> str:
    return ", ".join(map(str, names[:most])) + (", ..." if len(names) > most else "")


def present_cells(X: Any, *, what: str) -> list[Any]:
    """Return the cells of one column as a list; raise if it is no column or a cell is missing."""
    cells = as_column(X, what=what)
    remedy = (
        "drop these rows, or use mmtutor.fusion.DecisionFusion or FeatureFusion, which accept "
        "missing cells"
    )
    require_present(cells, row_names(X), what=what, remedy=remedy)
    return cells


def existing_file(source: str | Path, *, what: str) -> Path:
    """Return the path of a file; raise FileNotFoundError or IsADirectoryError if it leads to none.

    A file that may not be read is a PermissionError.

    `what` says what the file should be ("image", "sound"). A path is a str or Path, else TypeError.
    """
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"the path of the {what} file is a str or Path, got {source!r:.60}")
    if not str(source):
        raise FileNotFoundError(f"the path of the {what} file is empty")
    path = Path(source)
    try:
        is_folder = path.is_dir()
    except OSError as error:  # a name too long, a folder that may not be entered
        raise type(error)(f"no {what} file can be {source!s:.60}: {error.strerror}") from None
    if is_folder:
        raise IsADirectoryError(f"{path} is a folder; one {what} file was expected")
    if not path.is_file():
        if path.exists():  # it would be read without an end
            raise FileNotFoundError(f"{path} is a device or a pipe; one {what} file was expected")
        raise FileNotFoundError(f"there is no {what} file {path}")
    with path.open("rb"):  # of one that may not be read, libraries would say that it is damaged
        return path


@contextmanager
def blame(who: str) -> Iterator[None]:
    """Put `who` ("expert 'face', ", "image in row 7: ") before the message of an error."""
    try:
        yield
    except Exception as error:  # whatever a library raises
        message = f"{who}{str(error) or type(error).__name__}"
        try:
            renamed = type(error)(message)
            str(renamed)
        except Exception:  # a kind that is made of more than a message, as UnicodeDecodeError
            renamed = ValueError(message)
        raise renamed from error


FIRST = 8  # so many cells tell how long the others will take
WORTHWHILE = 0.02  # seconds that several processes must save


def each_cell(
    X: Any, function: Callable[[Any], Any], *, what: str, n_jobs: int | None = None
) -> list[Any]:
    """Apply `function` to every cell of a column, in order, and say which row fails.

    A row is named by its label in the index of a Series or DataFrame, else by its position.

    Parameters
    ----------
    X : Series, one-column DataFrame, list, or array whose first axis is the samples
        The column; no cell may be missing.
    function : callable
        Takes a cell. With `n_jobs`, it and what it returns are sent between processes.
    what : str
        What a cell holds, as a plural in "s" ("images", "clips"); used in error messages.
    n_jobs : int or None, default=None
        How many processes; None is one. Where sending the cells would take as long as the work,
        or all is done in a moment, it is done here.

    Raises
    ------
    ValueError
        If `n_jobs` is no whole number, or is 0.
    Exception
        What `function` raises, with the row before its message; see `as_column` and
        `require_present` for the column itself.
    """
    from mmtutor import _parallel  # here, as most rooms do without

    cells = present_cells(X, what=what)
    check_ranges({"n_jobs": JOBS}, n_jobs=n_jobs)
    tasks = list(zip(row_names(X), cells, strict=True))
    work = partial(_work, function, what.removesuffix("s"))
    done, pace = [], math.inf
    for task in tasks[:FIRST]:
        began = time.perf_counter()
        done.append(work(task))
        pace = min(pace, time.perf_counter() - began)
    left, (workers, shared) = tasks[FIRST:], _parallel.sharing(n_jobs)
    sent = sum(_parallel.sending(x, shared) for x in [*cells[:FIRST], *done]) / len(done)
    if len(left) * (pace * (1 - 1 / workers) - sent) < WORTHWHILE:
        return done + [work(task) for task in left]
    return done + _parallel.in_processes(work, left, n_jobs=n_jobs)


def _work(function: Callable[[Any], Any], what: str, task: tuple[Any, Any]) -> Any:
    row, cell = task
    with blame(f"{what} in row {row}: "):
        return function(cell)


def select(X: Any, columns: Any) -> Any:
    """Return the part's columns: a scalar gives one column (1-D), anything else a table (2-D)."""
    from sklearn.utils import _safe_indexing  # here, as rooms without scikit-learn import this one

    frame = isinstance(X, pd.DataFrame)
    try:
        if columns is None or isinstance(columns, bool):  # would be all, or an axis more
            raise KeyError
        block = _safe_indexing(X, columns, axis=1)
    except (KeyError, IndexError, ValueError, OverflowError):
        wanted = [columns] if np.ndim(columns) == 0 else columns
        lost = [name for name in wanted if frame and isinstance(name, str) and name not in X]
        has = (
            f"its columns are {_shown(X.columns, 10)}"
            if frame
            else f"it has {X.shape[1]}, without names"
        )
        raise ValueError(f"X has no column {lost or columns!r}; {has}") from None
    if block.ndim == 2 and block.shape[1] == 0:
        raise ValueError(f"columns {columns!r} select nothing from the {X.shape[1]} of X")
    return block


def resolve(X: Any, columns: Any) -> Any:
    """Call a selector such as ``make_column_selector`` on X; return anything else unchanged."""
    return columns(X) if callable(columns) else columns


def present_rows(block: Any, missing: str = "any") -> np.ndarray:
    """Return a bool array of shape (n_samples,): rows of which not "any" (or "all") is missing."""
    absent: Any = np.asarray(pd.isna(block))  # an array in a cell is not missing, whatever it holds
    if absent.ndim == 2:
        absent = absent.any(axis=1) if missing == "any" else absent.all(axis=1)
    return ~absent


def take(block: Any, rows: np.ndarray) -> Any:
    """Return some rows of a Series, DataFrame or array."""
    return block.iloc[rows] if hasattr(block, "iloc") else block[rows]


def hide(X: pd.DataFrame, modality: Any) -> pd.DataFrame:
    """Return a copy of the table in which every cell of a modality is missing.

    Parameters
    ----------
    X : DataFrame
        The table; it stays as it is.
    modality : str or list of str
        The modality's column, or columns.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    names = [modality] if isinstance(modality, str) else list(modality)
    return X.assign(**dict.fromkeys(select(X, names).columns))


def column_of(cells: list[Any], *, like: pd.Series) -> pd.Series:
    """Return cells as a column with the row labels of `like`.

    It has the type of `like`, or, where that would change a cell, one of its own: what is no known
    category would be missing. A float32 rounds as ever.
    """
    dtype = like.dtype
    known = getattr(dtype, "categories", None)
    if known is not None and not all(is_missing(cell) or cell in known for cell in cells):
        dtype = known.dtype
    if pd.api.types.is_object_dtype(dtype):
        return pd.Series(cells, index=like.index, dtype=object)
    try:
        column = pd.Series(cells, index=like.index, dtype=dtype)
        pairs = zip(column, cells, strict=True)
        short = dtype.kind == "f" and dtype.itemsize < 8
        if all(
            is_missing(a)
            if is_missing(b)
            else a == b or (short and math.isclose(a, b, rel_tol=1e-3))
            for a, b in pairs
        ):
            return column
    except (TypeError, ValueError, OverflowError):  # as of 0.5 among whole numbers
        pass
    return pd.Series(cells, index=like.index)


class TakesColumn:
    """Mixin of transformers that take one column of cells, not a table of numbers.

    It stands before scikit-learn's mixins and tells scikit-learn so.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags
