"""What many references and slips do to an array; rows of zeros stay as they are."""

from __future__ import annotations

import numpy as np


def unit(A: np.ndarray, axis: int = 1) -> np.ndarray:
    """Scale to Euclidean length 1 along an axis."""
    length = np.linalg.norm(A, axis=axis, keepdims=True)
    return A / np.where(length == 0, 1, length)


def share(A: np.ndarray, axis: int = 1) -> np.ndarray:
    """Scale to a sum of 1 along an axis."""
    total = A.sum(axis=axis, keepdims=True)
    return A / np.where(total == 0, 1, total)
