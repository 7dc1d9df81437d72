"""Comparing tables whose cells are arrays, strings or nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd


def cells_equal(a: object, b: object) -> bool:
    """Tell whether two cells hold the same, or both nothing."""
    if a is None or b is None:
        return a is b
    return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def frames_equal(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Tell whether two tables have the same columns and the same cells."""
    return list(a) == list(b) and all(
        cells_equal(x, y) for name in a for x, y in zip(a[name], b[name], strict=True)
    )
