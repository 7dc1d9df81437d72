"""From table to tensors: what a network reads of each modality, and what of it is absent."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from mmtutor._table import present_rows, resolve, select, take

KINDS = {
    "tokens": "word numbers of shape (n_samples, length), 0 = padding",
    "vector": "numbers of shape (n_samples, n_features)",
    "sequence": "numbers of shape (n_samples, n_frames, n_features), NaN = padding",
    "image": "numbers in [0, 1] of shape (n_samples, height, width, channels)",
}


@dataclass(eq=False)
class Block:
    """One modality, fitted: its transformer, and how its values are scaled for the network."""

    name: str
    transformer: Any
    columns: Any
    kind: str = ""
    shape: tuple[int, ...] = ()
    n_tokens: int = 0
    mean: np.ndarray = field(default_factory=lambda: np.zeros(1))
    scale: np.ndarray = field(default_factory=lambda: np.ones(1))

    @classmethod
    def fit(cls, part: tuple[str, Any, Any], X: Any, y: Any, *, centre_pictures: bool) -> Block:
        """Fit a transformer and the scaling on the rows in which the modality is present."""
        name, transformer, columns = part
        block = cls(name, clone(transformer), resolve(X, columns))
        with block._named():
            column = select(X, block.columns)
            present = present_rows(column)
            if not present.any():
                raise ValueError("missing in every training sample; leave it out")
            target = None if y is None else y[present]
            values = block.transformer.fit_transform(take(column, present), target)
            values = block._numbers(values, present)
            block._learn_kind(values)
            values = block._checked(values, X, present)
            if np.isnan(values).all():
                raise ValueError("its sequences hold nothing but padding")
        axes = tuple(range(values.ndim - 1))
        if block.kind in ("vector", "sequence"):
            block.mean, scale = np.nanmean(values, axis=axes), np.nanstd(values, axis=axes)
            constant = scale <= 1e-6 * (1 + np.abs(block.mean))  # stays zero
            block.scale = np.where(constant, 1.0, scale)
        elif block.kind == "image" and centre_pictures:
            block.mean, block.scale = np.array([values.mean()]), np.array([values.std() + 1e-6])
        return block

    def tensors(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return scaled values of shape (n_samples, ...) and presence of shape (n_samples, 1).

        An absent cell is all padding, or else zeros, which after scaling are the mean.
        """
        with self._named():
            column = select(X, self.columns)
            present = present_rows(column)
            padding = np.nan if self.kind == "sequence" else 0
            dtype = "int32" if self.kind == "tokens" else "float32"
            values = np.full((len(present), *self.shape), padding, dtype=dtype)
            if present.any():
                found = self.transformer.transform(take(column, present))
                found = self._checked(self._numbers(found, present), X, present)
                values[present] = found if self.kind == "tokens" else self._scaled(found)
        return values, present.astype("float32")[:, np.newaxis]

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Return a network's output, flat or not, in the shape and units of the transformer's."""
        return values.reshape(len(values), *self.shape) * self.scale + self.mean

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return (values - self.mean) / self.scale

    def _numbers(self, values: Any, present: np.ndarray) -> np.ndarray:
        """Return what the transformer made of the present rows as an array of numbers."""
        values = values.toarray() if sparse.issparse(values) else np.asarray(values)
        if values.dtype.kind not in "biuf" or values.ndim not in (2, 3, 4):
            raise ValueError(
                f"its transformer returned shape {values.shape} of {values.dtype}; expected one "
                f"of: {'; '.join(KINDS.values())}"
            )
        if len(values) != present.sum():
            raise ValueError(
                f"its transformer made {len(values)} rows of {present.sum()}; if it takes one "
                f"column, name that without brackets (columns is {self.columns!r})"
            )
        return values

    def _learn_kind(self, values: np.ndarray) -> None:
        last = self.transformer[-1] if isinstance(self.transformer, Pipeline) else self.transformer
        whole = values.dtype.kind in "iu" and values.ndim == 2
        self.n_tokens = int(getattr(last, "n_tokens_", 0)) if whole else 0
        kind = "tokens" if self.n_tokens else "vector"
        self.kind, self.shape = {2: kind, 3: "sequence", 4: "image"}[values.ndim], values.shape[1:]

    def _checked(self, values: np.ndarray, X: Any, present: np.ndarray) -> np.ndarray:
        """Return the values in the fitted shape; raise ``ValueError`` if they are not its kind."""
        if self.kind != "tokens":
            values = values.astype("float32", copy=False)
        if self.kind == "sequence":
            values = self._fitted_length(values)
        if values.shape[1:] != self.shape:
            raise ValueError(f"samples have shape {values.shape[1:]}, but fitted was {self.shape}")
        if self.kind == "tokens":
            good = (values >= 0) & (values < self.n_tokens)
            wanted = f"word numbers from 0 to {self.n_tokens - 1}"
        elif self.kind == "image":
            good, wanted = (values >= 0) & (values <= 1), "pictures of numbers in [0, 1]"
        elif self.kind == "vector":
            good, wanted = np.isfinite(values), "features without NaN or infinity"
        else:
            good, wanted = ~np.isinf(values), "frames without infinity"
        bad = ~good.reshape(len(good), -1).all(axis=1)
        if bad.any():
            rows = X.index[present] if hasattr(X, "index") else np.flatnonzero(present)
            first = bad.argmax()
            raise ValueError(
                f"row {rows[first]}: expected {wanted}, found {values[first][~good[first]].flat[0]}"
            )
        return values

    def _fitted_length(self, values: np.ndarray) -> np.ndarray:
        """Pad or cut sequences to the length seen in training."""
        length, now = self.shape[0], values.shape[1]
        if not np.isnan(values[:, length:]).all():
            warnings.warn(
                f"block {self.name!r}: sequences of up to {now} frames are cut to the {length} "
                "seen in training",
                stacklevel=2,
            )
        missing = [(0, 0), (0, max(0, length - now)), (0, 0)]
        return np.pad(values[:, :length], missing, constant_values=np.nan)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, TypeError, OSError) as error:
            raise type(error)(f"block {self.name!r}: {error}") from error
