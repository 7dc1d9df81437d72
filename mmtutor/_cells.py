"""What a cell of a multimodal table may hold, and when it counts as missing.

The one private room that every other room may import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

MODALITIES = ("text", "image", "audio")


def is_missing(cell: Any) -> bool:
    """Tell whether a cell holds nothing: ``None``, ``NaN``, ``NaT`` or ``pd.NA``.

    An empty string, a blank image and silence are content, not absence.
    """
    if cell is None or cell is pd.NA:
        return True
    return bool(np.ndim(cell) == 0 and not isinstance(cell, str | bytes) and pd.isna(cell))


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
        If `X` is a single string or path rather than a column of them.
    ValueError
        If `X` has several columns, or has no rows.
    """
    if isinstance(X, str | bytes) or not hasattr(X, "__len__"):
        raise TypeError(f"expected a column of {what}, got one {type(X).__name__}; wrap it: [x]")
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            raise ValueError(
                f"expected one column of {what}, got {X.shape[1]}: {list(X.columns)}; "
                "pass X['name'], or choose the column in a ColumnTransformer or a fusion"
            )
        X = X.iloc[:, 0]
    cells = X.tolist() if isinstance(X, pd.Series) else list(X)
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2 and X.shape[1] == 1:
        cells = [row[0] for row in X]
    if not cells:
        raise ValueError(f"the column of {what} is empty: it needs at least one row")
    return cells


def require_present(cells: Sequence[Any], *, what: str) -> None:
    """Raise ``ValueError`` if a cell is missing, saying which and what to do."""
    rows = [row for row, cell in enumerate(cells) if is_missing(cell)]
    if rows:
        shown = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        raise ValueError(
            f"{len(rows)} of {len(cells)} {what} are missing (rows {shown}); drop these rows, or "
            "use mmtutor.fusion.DecisionFusion or FeatureFusion, which accept missing cells"
        )
