"""Early fusion: the modalities' features are combined before one classifier sees them.

Two things stand in the way of combining a matrix of 120 columns with one of 36. Their scales: the
block with the larger variance takes over. And their meaning: column 7 of one has nothing to do with
column 7 of the other, so adding them needs a projection to shared dimensions first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from mmtutor._composition import Composition, Part, as_transformer, at_work, check_rows, read
from mmtutor._fitting import fits_anew
from mmtutor._ranges import FLAG, JOBS, check_ranges, number, one_of, or_none, whole
from mmtutor._rows import floats, require_same_rows
from mmtutor._table import row_names
from mmtutor.fusion._alignment import _MOST, generalised_cca, principal_axes
from mmtutor.fusion._weights import given_weights

__all__ = ["FeatureFusion"]

LARGEST = 1e150  # that a feature can be; its square is a number still

_RANGES = {
    "rule": one_of("concat", "weighted", "sum", "product"),
    "n_components": or_none(whole()),
    "align": or_none(one_of("svd", "cca")),
    "shrinkage": number("[0, 1]"),
    "standardise": FLAG,
    "missing": one_of("any", "all"),
    "n_jobs": JOBS,
}


class FeatureFusion(TransformerMixin, Composition):
    """Combine the feature blocks of several modalities into one matrix.

    Parameters
    ----------
    blocks : list of (name, transformer, columns) triples
        Each transformer turns its columns of X into numbers, dense or sparse, a row for every row;
        "passthrough" takes columns that are numbers already, "drop" leaves the block out.
        `columns`: a string or an integer gives one column (a Series), a list of these, a slice, a
        boolean mask or a function such as ``make_column_selector`` gives a table.
    rule : {"concat", "weighted", "sum", "product"}, default="concat"
        Side by side, the weighted mean, the sum, or the element-wise product of the blocks. All but
        "concat" need blocks of equal width: give `n_components` unless they are equal already.
    weights : mapping, Series or array-like of shape (n_blocks,), default=None
        A number for each block, by name or (an array, and a Series with a plain index) in their
        order, not negative: a factor before "concat" and "sum", the weights of the mean for
        "weighted" (None: equal). Not for "product", where a factor would change nothing but the
        scale.
    n_components : int, default=None
        Project every block to this many dimensions; None does not project.
    align : {"svd", "cca"}, default=None
        How. "svd": each block's own principal axes, which gives equal widths but not equal
        meanings. "cca": the directions in which the blocks agree most, learned from rows in which
        all are present; with more than two blocks the MAXVAR generalisation (Kettenring 1971). A
        block of more than 256 columns is first reduced to as many principal axes.
        None: "cca" where columns are added or multiplied ("weighted", "sum", "product", two blocks
        or more), "svd" where they stand side by side.
    shrinkage : float, default=0.1
        Only for "cca": how far each block's covariance is drawn towards a multiple of the identity,
        from 0 (classical; it finds perfect agreement in noise as soon as columns outnumber rows) to
        1 (covariance alone decides, as in partial least squares).
    standardise : bool, default=True
        Give every block the same say. A dense block's columns are centred and scaled to variance 1
        (a constant column stays 0, and one that deviates by less than 1e-150 counts as constant); a
        sparse block is divided by one number instead, so that it stays sparse. See Notes for what
        follows.
    missing : {"any", "all"}, default="any"
        A block is absent from a row in which any, or all, of its cells are missing. With "all" its
        transformer must itself be able to read a table with gaps.
    n_jobs : int, default=None
        Workers for the transformers; None means 1.

    Attributes
    ----------
    blocks_ : list of (name, fitted transformer, columns) triples
        The transformers in use, each fitted on the rows in which its cells are present.
    n_missing_ : dict
        By block, from how many training rows it was absent.
    widths_ : dict
        Columns of each block before projection.
    weights_ : dict or None
        The weight of each block by name; None if the rule was used without weights.
    agreement_ : ndarray of shape (n_components,)
        Only after "cca": the mean correlation of the blocks along each shared dimension,
        measured on the training rows.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_columns,), str
        Their names, if X is a DataFrame whose column names are all strings.

    Raises
    ------
    ValueError
        On fitting: a part that is no triple, a name used twice, a column that is not there, an
        unknown rule or alignment, weights that do not fit, unequal widths without a projection, a
        projection wider than a block, a block without a usable row, a y that names the rows of X in
        another order; then and later, a feature beyond 1e150, which cannot be scaled. What a
        transformer raises comes with its block's name before the message.

    See Also
    --------
    mmtutor.fusion.DecisionFusion : Late fusion, after the classifiers.
    sklearn.compose.ColumnTransformer : Puts blocks side by side as they are, whatever their scale.

    Notes
    -----
    Taught in notebook 04. Where one modality is often missing, or the modalities want classifiers
    of different kinds, :class:`DecisionFusion` does better without: there the absent one is left
    out, and not replaced by a mean.

    **Sum or product.** Adding or multiplying columns presupposes that they mean the same; principal
    axes of two blocks do not ("svd": column 7 of one with column 7 of the other). Use them with
    "cca", or with blocks that share their meaning already. "concat" presupposes nothing.

    **Scale.** With `standardise`, the mean variance of a block's columns is 1 after standardising
    and again after projecting, and for "concat" each block is then divided by the square root of
    its width: 120 columns together weigh as much as 36. A penalised classifier after "concat"
    therefore sees small columns and wants a larger ``C`` than usual.

    **Missing cells.** A block is absent from a row in which its cells are missing (None or NaN; see
    `missing`). Its features are then the block's mean over the training rows, which is zero for a
    standardised dense block. So "sum" leaves the row to the other blocks, and "product" is zero.

    **Parameters after fitting.** `set_params` changes nothing in what was fitted; fit again.

    References
    ----------
    .. [1] H. Hotelling. "Relations between two sets of variates." Biometrika 28, 321-377, 1936.
    .. [2] J. R. Kettenring. "Canonical analysis of several sets of variables." Biometrika 58(3),
       433-451, 1971.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> X = pd.DataFrame({"text": ["good", "bad", "good bad"], "a": [1, 2, 3], "b": [4, 6, 5]})
    >>> blocks = [("words", CountVectorizer(), "text"), ("numbers", "passthrough", ["a", "b"])]
    >>> FeatureFusion(blocks).fit_transform(X).shape
    (3, 4)
    >>> FeatureFusion(blocks).fit(X).get_feature_names_out()
    array(['words__bad', 'words__good', 'numbers__a', 'numbers__b'], dtype=object)
    >>> FeatureFusion(blocks, rule="product", n_components=1).fit_transform(X).shape
    (3, 1)
    """

    _parts = "blocks"

    def __init__(
        self,
        blocks: list[tuple[str, Any, Any]],
        *,
        rule: str = "concat",
        weights: Mapping[str, float] | ArrayLike | None = None,
        n_components: int | None = None,
        align: str | None = None,
        shrinkage: float = 0.1,
        standardise: bool = True,
        missing: str = "any",
        n_jobs: int | None = None,
    ) -> None:
        self.blocks = blocks
        self.rule = rule
        self.weights = weights
        self.n_components = n_components
        self.align = align
        self.shrinkage = shrinkage
        self.standardise = standardise
        self.missing = missing
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: ArrayLike | None = None) -> FeatureFusion:
        """Fit the transformers, the scales and the projections.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.
        y : array-like of shape (n_samples,), default=None
            Handed to the transformers; the fusion itself does not use it.

        Returns
        -------
        FeatureFusion
            This estimator.
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X: Any, y: ArrayLike | None = None) -> np.ndarray | sparse.csr_matrix:
        """Fit, and return the fused features of the same rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.
        y : array-like of shape (n_samples,), default=None
            Handed to the transformers.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features)
            See `transform`.
        """
        return self._fuse(self._fit(X, y))

    def transform(self, X: Any) -> np.ndarray | sparse.csr_matrix:
        """Return the fused features.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.

        Returns
        -------
        ndarray or sparse matrix of shape (n_samples, n_features)
            Sparse only for "concat" without projection, if a block is sparse. `n_features` is the
            sum of the widths for "concat", the common width otherwise.
        """
        check_is_fitted(self)
        X = self.check_X(X, reset=False)
        parts = read("block", self.blocks_, X, self._settings.missing)
        matrices = Parallel(n_jobs=self.n_jobs)(delayed(_transform)(part) for part in parts)
        for (name, _, _), Z in zip(self.blocks_, matrices, strict=True):
            if Z is not None and Z.shape[1] != self.widths_[name]:
                raise ValueError(
                    f"block {name!r} has {Z.shape[1]} columns, it had {self.widths_[name]} when "
                    "fitting: its transformer must give every sample the same number of features"
                )
        return self._fuse(self._ready(parts, matrices))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return the names of the fused features.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn's sake.

        Returns
        -------
        ndarray of str of shape (n_features,)
            ``block__feature`` for "concat", ``rule0, rule1, ...`` otherwise.
        """
        check_is_fitted(self)
        rule = self._settings.rule
        if rule != "concat":
            width = self._scalers[self.blocks_[0][0]].width
            return np.array([f"{rule}{i}" for i in range(width)], dtype=object)
        names = []
        for name, transformer, _ in self.blocks_:
            scaler = self._scalers[name]
            named = transformer if scaler.projection is None else None
            names += [f"{name}__{feature}" for feature in _own_names(named, scaler.width)]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    @fits_anew
    def _fit(self, X: Any, y: ArrayLike | None) -> list[Any]:
        """Fit everything; return each block's standardised, projected matrix."""
        blocks = self.check_parts()
        self._check_options([name for name, _, _ in blocks])
        self._settings = Bunch(**self.get_params(deep=False))  # set_params must not change them
        require_same_rows(X=X, y=y)
        X = self.check_X(X, reset=True)
        if y is not None:
            y = np.asarray(y)
            if y.ndim == 0:
                raise ValueError(f"y must be a row, one for each sample, got {y.item()!r:.60}")
            check_consistent_length(X, y)
        parts = read("block", blocks, X, self.missing)
        self.n_missing_ = {part.name: int((~part.present).sum()) for part in parts}
        for part in parts:
            if not part.present.any():
                raise ValueError(
                    f"block {part.name!r} has no row without a missing cell: leave it out"
                )
        fitted, matrices = zip(
            *Parallel(n_jobs=self.n_jobs)(delayed(_fit_transform)(part, y) for part in parts),
            strict=True,
        )
        self.blocks_ = [(p.name, f, p.columns) for p, f in zip(parts, fitted, strict=True)]
        self.widths_ = {p.name: Z.shape[1] for p, Z in zip(parts, matrices, strict=True)}
        self._check_widths()
        self._scalers = {
            p.name: _Scaler(self.standardise).fit(Z) for p, Z in zip(parts, matrices, strict=True)
        }
        if self.n_components is not None:
            directions = self._projections(
                self.n_components, self._ready(parts, matrices), [p.present for p in parts]
            )
            for part, V, Z in zip(parts, directions, matrices, strict=True):
                self._scalers[part.name].project(V, Z)
        return self._ready(parts, matrices)

    def _ready(self, parts: list[Part], matrices: Sequence[Any]) -> list[Any]:
        """Return each block's standardised (and projected) matrix, with all rows."""
        return [
            self._scalers[part.name].transform(Z, part.present)
            for part, Z in zip(parts, matrices, strict=True)
        ]

    def _check_options(self, names: list[str]) -> None:
        check_ranges(_RANGES, **self.get_params(deep=False))
        if self.align == "cca" and self.n_components is not None and len(names) < 2:
            raise ValueError("align='cca' needs at least two blocks; use align='svd'")
        self.weights_ = None
        if self.weights is not None:
            if self.rule == "product":
                raise ValueError("rule='product' takes no weights: a factor changes only the scale")
            self.weights_ = given_weights(self.weights, self.blocks, names, "blocks")

    def _check_widths(self) -> None:
        widths = ", ".join(f"{name} {width}" for name, width in self.widths_.items())
        if self.n_components is None:
            if self.rule != "concat" and len(set(self.widths_.values())) > 1:
                raise ValueError(
                    f"rule={self.rule!r} needs blocks of equal width, but the widths are {widths}; "
                    f"set n_components (at most {min(self.widths_.values())}) to project them to "
                    "shared dimensions, or use rule='concat'"
                )
        elif self.n_components > min(self.widths_.values()):
            raise ValueError(
                f"n_components={self.n_components} is more than the narrowest block has; the "
                f"widths are {widths}"
            )

    def _projections(self, k: int, ready: list[Any], present: list[np.ndarray]) -> list[np.ndarray]:
        """Return each block's directions, shape (width, k)."""
        mixed = self.rule != "concat" and len(ready) > 1
        align = self.align or ("cca" if mixed else "svd")
        everywhere = np.logical_and.reduce(present)
        if align == "cca" and not everywhere.any():
            raise ValueError(
                f"no row of n_samples = {len(everywhere)} has all blocks, and from such rows "
                "align='cca' learns; use rule='concat', or align='svd'"
            )
        fewest = everywhere.sum() - 1 if align == "cca" else min(p.sum() for p in present)
        if k > fewest:
            raise ValueError(
                f"n_components={k} with align={align!r} is more than the {fewest} that "
                f"n_samples = {len(everywhere)} allows, counting rows in which "
                f"{'all blocks are' if align == 'cca' else 'the block is'} present"
            )
        if align == "svd":
            return [principal_axes(Z[p], k) for Z, p in zip(ready, present, strict=True)]
        first = [principal_axes(Z[everywhere], min(_MOST, fewest, Z.shape[1])) for Z in ready]
        reduced = [np.asarray(Z[everywhere] @ V) for Z, V in zip(ready, first, strict=True)]
        directions, self.agreement_ = generalised_cca(
            [Z - Z.mean(axis=0) for Z in reduced], k, self.shrinkage
        )
        return [V @ W for V, W in zip(first, directions, strict=True)]

    def _fuse(self, ready: list[Any]) -> np.ndarray | sparse.csr_matrix:
        with np.errstate(over="ignore", invalid="ignore"):  # found out here
            fused = self._combined(ready)
        if not np.isfinite(fused.data if sparse.issparse(fused) else fused).all():
            raise ValueError(
                f"rule={self._settings.rule!r} gives NaN or inf, as some features are too large "
                "beside those of fitting, or to be multiplied: scale them first"
            )
        return fused

    def _combined(self, ready: list[Any]) -> np.ndarray | sparse.csr_matrix:
        rule = self._settings.rule
        if rule == "product":
            return np.prod([_dense(Z) for Z in ready], axis=0)
        w = np.ones(len(ready)) if self.weights_ is None else np.array([*self.weights_.values()])
        if rule == "concat":
            if self._settings.standardise:
                w = w / np.sqrt([Z.shape[1] for Z in ready])
            parts = [Z * factor for Z, factor in zip(ready, w, strict=True)]
            if any(sparse.issparse(Z) for Z in parts):
                return sparse.hstack(parts, format="csr")
            return np.hstack(parts)
        total = sum(_dense(Z) * factor for Z, factor in zip(ready, w, strict=True))
        return total / w.sum() if rule == "weighted" else total


class _Scaler:
    """Standardise one block, project it, and put its mean where the block is absent."""

    def __init__(self, standardise: bool) -> None:
        self.standardise = standardise
        self.projection: tuple[np.ndarray, np.ndarray] | None = None

    def fit(self, Z: Any) -> _Scaler:
        self.width, self.sparse = Z.shape[1], sparse.issparse(Z)
        mean = np.asarray(Z.mean(axis=0)).ravel()
        self.shift = np.zeros(self.width)
        self.factor: Any = 1.0
        if self.standardise and self.sparse:
            variance = np.asarray(Z.multiply(Z).mean(axis=0)).ravel() - mean**2
            self.factor = 1 / (np.sqrt(max(variance.mean(), 0)) or 1.0)
        elif self.standardise:
            deviation = Z.std(axis=0)
            # a constant column differs from its mean by rounding only: it must not become noise
            constant = (deviation <= 1e-12 * np.abs(mean)) | (deviation < 1 / LARGEST)
            self.shift = np.where(constant, Z[0], mean)
            self.factor = 1 / np.where(constant, 1, deviation)
        self.mean = (mean - self.shift) * self.factor
        return self

    def project(self, directions: np.ndarray, Z: Any) -> None:
        """Append a projection: its columns get mean 0, and together mean variance 1."""
        out = self.transform(Z, np.ones(Z.shape[0], dtype=bool)) @ directions
        scale = (np.sqrt(out.var(axis=0).mean()) or 1.0) if self.standardise else 1.0
        self.projection = (out.mean(axis=0) / scale, directions / scale)
        self.width, self.sparse = directions.shape[1], False
        self.mean = np.zeros(self.width)

    def transform(self, Z: Any, present: np.ndarray) -> Any:
        """Return the block for all rows; `Z` holds the present ones (None if there is none)."""
        if Z is None:
            Z = np.empty((0, self.width))
        else:
            Z = Z * self.factor if sparse.issparse(Z) else (Z - self.shift) * self.factor
            if self.projection is not None:
                offset, directions = self.projection
                Z = np.asarray(Z @ directions) - offset
        if present.all():
            return Z
        order = np.argsort(np.r_[np.flatnonzero(present), np.flatnonzero(~present)])
        means = np.tile(self.mean, ((~present).sum(), 1))
        if self.sparse:
            return sparse.vstack([sparse.csr_matrix(Z), sparse.csr_matrix(means)]).tocsr()[order]
        return np.vstack([Z, means])[order]


def _fit_transform(part: Part, y: Any) -> tuple[Any, Any]:
    """Fit one transformer on the rows where its block is present; return it and their features."""
    given = part.rows(part.present)
    target = None if y is None else y[part.present]
    with at_work(f"block {part.name!r}", part.columns, part.block):
        fitted = clone(as_transformer(part.estimator))
        if hasattr(fitted, "fit_transform"):
            Z = fitted.fit_transform(given, target)
        else:
            Z = fitted.fit(given, target).transform(given)
        Z = _matrix(Z)
        check_rows(given, Z, part.columns)
        _require_sizes(Z, part, fitted)
    return fitted, Z


def _transform(part: Part) -> Any:
    """Return the features of the rows where the block is present, None if there is no row."""
    if not part.present.any():
        return None
    given = part.rows(part.present)
    with at_work(f"block {part.name!r}", part.columns, part.block):
        Z = _matrix(part.estimator.transform(given))
        check_rows(given, Z, part.columns)
        _require_sizes(Z, part, part.estimator)
    return Z


def _matrix(Z: Any) -> Any:
    """Return numbers with two axes: float64, dense or CSR."""
    if sparse.issparse(Z):
        floats("its features", Z.tocsr().data)
        Z = sparse.csr_matrix(Z, dtype=float)  # `astype` would sort the columns of each row
    else:
        Z = np.asanyarray(Z)
        if Z.dtype.kind == "O":  # scikit-learn wants TypeError for a cell that is no number
            Z = Z.astype(float)
        Z = floats("its features", Z).astype(float, copy=False)
        Z = Z[:, None] if Z.ndim == 1 else Z
    if Z.ndim != 2:
        raise ValueError(f"its features have {Z.ndim} axes; expected a row for each sample")
    if Z.shape[1] == 0:
        raise ValueError("its transformer returned no features, not one: leave it out")
    return Z


def _require_sizes(Z: Any, part: Part, fitted: Any) -> None:
    """Raise ``ValueError`` for the first feature that is no number to compute with."""
    good = np.abs(Z.data if sparse.issparse(Z) else Z) <= LARGEST  # NaN is not
    if good.all():
        return
    if sparse.issparse(Z):
        Z, first = Z.tocoo(), good.argmin()
        value, row, column = Z.data[first], Z.row[first], Z.col[first]
    else:
        row, column = np.argwhere(~good)[0]
        value = Z[row, column]
    where = row_names(part.block)[np.flatnonzero(part.present)[row]]
    name = _own_names(fitted, Z.shape[1])[column]
    if not np.isfinite(value):
        raise ValueError(f"its features contain NaN or inf, the first as {name!r} in row {where}")
    raise ValueError(
        f"its feature {name!r} is {value:g} in row {where}, beyond {LARGEST:g}, and its square no "
        "number: divide the column, or take logarithms"
    )


def _own_names(transformer: Any, width: int) -> list[str]:
    """Return a transformer's names of its features, else their numbers."""
    # a transformer may have no names, or need its input's
    with contextlib.suppress(AttributeError, ValueError, TypeError):
        return list(transformer.get_feature_names_out())
    return [str(i) for i in range(width)]


def _dense(Z: Any) -> np.ndarray:
    return Z.toarray() if sparse.issparse(Z) else Z
