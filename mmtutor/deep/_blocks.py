"""From table to tensors: what a network reads of each modality, and what of it is absent."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone

from mmtutor._table import present_rows, select, take

KINDS = {
    "tokens": "whole numbers of shape (n_samples, length), 0 = padding",
    "vector": "numbers of shape (n_samples, n_features)",
    "sequence": "numbers of shape (n_samples, n_frames, n_features), NaN = padding",
    "image": "numbers in [0, 1] of shape (n_samples, height, width, channels)",
}


@dataclass
class Block:
    """One modality, fitted: its transformer, and how its values are scaled for the network."""

    name: str
    transformer: Any
    columns: Any
    kind: str
    shape: tuple[int, ...]
    mean: np.ndarray
    scale: np.ndarray
    vocabulary_size: int = 0

    def tensors(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return values of shape (n_samples, ...) and presence of shape (n_samples, 1).

        The values of an absent cell, and of padding, are zero, which after scaling is the mean.
        """
        column = select(X, self.columns)
        present = present_rows(column)
        dtype = "int32" if self.kind == "tokens" else "float32"
        values = np.zeros((len(present), *self.shape), dtype=dtype)
        if present.any():
            found = _dense(self.transformer.transform(take(column, present)))
            values[present] = self._scaled(self._fitted_length(found))
        return values, present.astype("float32")[:, np.newaxis]

    def _fitted_length(self, values: np.ndarray) -> np.ndarray:
        """Pad or cut sequences to the length seen in training; anything else must fit."""
        if self.kind == "sequence" and values.shape[1] != self.shape[0]:
            length = self.shape[0]
            values = values[:, :length]
            missing = length - values.shape[1]
            values = np.pad(values, [(0, 0), (0, missing), (0, 0)], constant_values=np.nan)
        if values.shape[1:] != self.shape:
            raise ValueError(
                f"block {self.name!r} has samples of shape {values.shape[1:]}, but was fitted on "
                f"{self.shape}"
            )
        return values

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        if self.kind == "tokens":
            return values
        return np.nan_to_num((values - self.mean) / self.scale)

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Return a network's output in the units of the transformer's."""
        return values * self.scale + self.mean


def fit_blocks(parts: list[tuple[str, Any, Any]], X: Any, y: Any = None) -> list[Block]:
    """Fit each block's transformer and scaling on the rows in which it is present."""
    return [_fit_block(name, transformer, columns, X, y) for name, transformer, columns in parts]


def _fit_block(name: str, transformer: Any, columns: Any, X: Any, y: Any) -> Block:
    column = select(X, columns)
    present = present_rows(column)
    if not present.any():
        raise ValueError(f"block {name!r} is missing in every training sample: leave it out")
    transformer = clone(transformer)
    target = None if y is None else np.asarray(y)[present]
    values = _dense(transformer.fit_transform(take(column, present), target))
    kind = _kind(name, values)
    axes = tuple(range(values.ndim - 1))
    mean, scale = np.zeros(1), np.ones(1)
    if kind in ("vector", "sequence"):
        mean, scale = np.nanmean(values, axis=axes), np.nanstd(values, axis=axes)
        scale = np.where(scale > 1e-6 * (1 + np.abs(mean)), scale, 1.0)  # constant: stays zero
    size = int(values.max()) + 1 if kind == "tokens" else 0
    if kind == "tokens":
        # The transformer knows words that its own training texts may not reach in the cut length.
        size = max(size, int(getattr(transformer, "n_tokens_", 0)))
    return Block(name, transformer, columns, kind, values.shape[1:], mean, scale, size)


def _dense(values: Any) -> np.ndarray:
    values = values.toarray() if sparse.issparse(values) else np.asarray(values)
    return values.astype("float32") if values.dtype.kind == "f" else values


def _kind(name: str, values: np.ndarray) -> str:
    whole = values.dtype.kind in "iu"
    kind = {2: "tokens" if whole else "vector", 3: "sequence", 4: "image"}.get(values.ndim)
    if kind is None or values.dtype.kind not in "iuf":
        raise ValueError(
            f"block {name!r}: its transformer returned shape {values.shape} of {values.dtype}; "
            f"expected one of: {'; '.join(KINDS.values())}"
        )
    if kind == "image" and (whole or values.min() < 0 or values.max() > 1):
        raise ValueError(
            f"block {name!r}: pictures must be numbers in [0, 1], got {values.dtype} from "
            f"{values.min()} to {values.max()}"
        )
    if kind == "vector" and not np.isfinite(values).all():
        raise ValueError(f"block {name!r}: its features contain NaN or infinity")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if kind == "sequence" and not np.isfinite(np.nanmean(values)):
            raise ValueError(f"block {name!r}: its sequences hold infinity, or nothing at all")
    return kind
