"""From table to tensors: what a network reads of each modality, and what of it is absent."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from mmtutor._composition import as_transformer, at_work, check_rows
from mmtutor._ranges import check_ranges, or_none, whole
from mmtutor._table import present_rows, resolve, row_names, select, take

FAR = 1e15  # deviations from the mean; squares of what a network makes of them are still numbers

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
        with at_work(f"block {name!r}", columns):
            block = cls(name, clone(as_transformer(transformer)), resolve(X, columns))
            column = select(X, block.columns)
            present = present_rows(column)
            if not present.any():
                raise ValueError("missing in every training sample; leave it out")
            given, target = take(column, present), None if y is None else y[present]
            values = block._numbers(block.transformer.fit_transform(given, target), given)
            block._learn_kind(values)
            values = block._checked(values, X, present)
            if np.isnan(values).all():
                raise ValueError("its sequences hold nothing but padding")
        axes = tuple(range(values.ndim - 1))
        if block.kind in ("vector", "sequence"):
            block.mean, scale = _moments(values, axes)
            constant = scale <= 1e-6 * (1 + np.abs(block.mean))  # stays near zero
            block.scale = np.where(constant, np.maximum(1.0, 1e-6 * np.abs(block.mean)), scale)
        elif block.kind == "image" and centre_pictures:
            block.mean, block.scale = np.array([values.mean()]), np.array([values.std() + 1e-6])
        return block

    def tensors(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return scaled values of shape (n_samples, ...) and presence of shape (n_samples, 1).

        An absent cell is all padding, or else zeros, which after scaling are the mean.
        """
        padding = np.nan if self.kind == "sequence" else 0
        dtype = "int32" if self.kind == "tokens" else "float32"
        with at_work(f"block {self.name!r}", self.columns):
            column = select(X, self.columns)
            present = present_rows(column)
            values = np.full((len(present), *self.shape), padding, dtype=dtype)
            if present.any():
                given = take(column, present)
                found = self._numbers(self.transformer.transform(given), given)
                found = raw = self._checked(found, X, present)
                if self.kind != "tokens":
                    found = (found - self.mean) / self.scale
                    what = f"numbers within {FAR:g} deviations of the mean in training"
                    _require(~(np.abs(found) > FAR), raw, X, present, what)
                values[present] = found
        return values, present.astype("float32")[:, np.newaxis]

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Return a network's output, flat or not, in the shape and units of the transformer's."""
        return values.reshape(len(values), *self.shape) * self.scale + self.mean

    def _numbers(self, values: Any, given: Any) -> np.ndarray:
        """Return what the transformer made of the given rows as an array of numbers."""
        values = values.toarray() if sparse.issparse(values) else np.asarray(values)
        if values.dtype.kind == "O" and all(isinstance(value, Real) for value in values.flat):
            values = values.astype(float)  # a column of a table that holds texts, too
        if values.dtype.kind not in "biuf" or values.ndim not in (2, 3, 4) or 0 in values.shape[1:]:
            table = f" (columns [{self.columns!r}] give a table of one)" * (values.ndim == 1)
            raise ValueError(
                f"its transformer returned shape {values.shape} of {values.dtype}{table}; expected "
                f"one of: {'; '.join(KINDS.values())}"
            )
        check_rows(given, values, self.columns)
        return values

    def _learn_kind(self, values: np.ndarray) -> None:
        last = self.transformer[-1] if isinstance(self.transformer, Pipeline) else self.transformer
        numbered = values.dtype.kind in "iu" and values.ndim == 2
        n_tokens = getattr(last, "n_tokens_", None) if numbered else None
        check_ranges({"n_tokens_": or_none(whole(0))}, n_tokens_=n_tokens)
        self.n_tokens = int(n_tokens or 0)
        kind = "tokens" if self.n_tokens else "vector"
        self.kind, self.shape = {2: kind, 3: "sequence", 4: "image"}[values.ndim], values.shape[1:]

    def _checked(self, values: np.ndarray, X: Any, present: np.ndarray) -> np.ndarray:
        """Return the values in the fitted shape; raise ``ValueError`` if they are not its kind."""
        given = values
        if self.kind != "tokens":
            with np.errstate(over="ignore"):  # what is infinite then is found out below
                values = values.astype("float32", copy=False)
        if self.kind == "tokens":
            good = (values >= 0) & (values < self.n_tokens)
            wanted = f"word numbers from 0 to {self.n_tokens - 1}"
        elif self.kind == "image":
            good, wanted = (values >= 0) & (values <= 1), "pictures of numbers in [0, 1]"
        elif self.kind == "vector":
            good, wanted = np.isfinite(values), "features without NaN or infinity"
        else:
            good, wanted = ~np.isinf(values), "frames without infinity"
        if self.kind in ("vector", "sequence"):
            wanted += f", up to {np.finfo('float32').max:.1e}"
        _require(good, given, X, present, wanted)
        if self.kind == "sequence":
            values = self._fitted_length(values)
        if values.shape[1:] != self.shape:
            raise ValueError(f"samples have shape {values.shape[1:]}, but fitted was {self.shape}")
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


def _moments(values: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation along some axes, NaN left out."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = np.nanmean(values, axis=axes), np.nanstd(values, axis=axes)
    if np.isinf([mean, deviation]).any():  # in float32 the square of 1e20 already is
        return _moments(values.astype(float), axes)
    return mean, deviation


def _require(good: np.ndarray, values: np.ndarray, X: Any, present: np.ndarray, what: str) -> None:
    """Raise ``ValueError`` for the first of the rows present with a value that is not good."""
    bad = ~good.reshape(len(good), -1).all(axis=1)
    if bad.any():
        row = np.array(row_names(X), dtype=object)[present][bad][0]
        raise ValueError(f"row {row}: expected {what}, found {values[~good][0]!s}")
