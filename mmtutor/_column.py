"""What transformers of one column share: each cell is read and described by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmtutor._fitting import fits_anew
from mmtutor._ranges import Range, check_ranges
from mmtutor._table import TakesColumn, each_cell


class CellTransformer(TakesColumn, TransformerMixin, BaseEstimator, ABC):
    """Describe each cell of a column, and join the descriptions to one array.

    A subclass says what a cell holds, in `_what`, what its parameters may hold, in `_ranges`, what
    is done with a cell, in `_describe`, and what comes of it, in `_names`. Where more is needed it
    replaces `_check` (of its parameters), `_learn` (from the training cells' descriptions,
    attributes that end in "_") and `_join`.
    """

    _what: ClassVar[str]
    _ranges: ClassVar[Mapping[str, Range]]
    n_jobs: int | None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Read and describe the training cells, and learn what the attributes hold.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The column.
        y : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        self
            The transformer.

        Raises
        ------
        ValueError, TypeError or OSError
            If a cell is missing or cannot be read (the message names its row), or a parameter is
            wrong.
        """
        self.fit_transform(X)
        return self

    @fits_anew
    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit, and return what `transform` would; each cell is described only once.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The column.
        y : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            One row a cell.
        """
        self._check()
        described = self._each(X)
        self._learn(described)
        return self._join(described)

    def transform(self, X: Any) -> np.ndarray:
        """Describe each cell.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The column.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            One row a cell.

        Raises
        ------
        ValueError, TypeError or OSError
            If a cell is missing or cannot be read; the message names its row.
        """
        check_is_fitted(self)
        return self._join(self._each(X))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name what the last axis of the result holds.

        Parameters
        ----------
        input_features : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        ndarray of shape (n_names,), object
            Such as "mfcc3_mean" or "hog17".
        """
        check_is_fitted(self)
        return np.array(self._names(), dtype=object)

    def _each(self, X: Any) -> list[np.ndarray]:
        return each_cell(X, self._describe, what=self._what, n_jobs=self.n_jobs)

    def _check(self) -> None:
        check_ranges(self._ranges, **self.get_params())

    @abstractmethod
    def _describe(self, cell: Any) -> np.ndarray:
        """Return what one cell holds as an array."""

    def _learn(self, described: list[np.ndarray]) -> None:
        self.n_features_out_ = described[0].shape[-1]

    def _join(self, described: list[np.ndarray]) -> np.ndarray:
        return np.stack(described)

    @abstractmethod
    def _names(self) -> list[str]:
        """Return a name for each number along the last axis."""
