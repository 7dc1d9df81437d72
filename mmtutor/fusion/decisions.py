"""Late fusion: each modality has its own classifier, and their decisions are fused.

The experts need not know of each other: each may be of another kind, be trained by itself, and be
absent from a row whose cell is missing. What they share is the scale of their answers, posteriors
that mean what they say, which is why calibration belongs to this class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.utils import Bunch
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d

from mmtutor._composition import Composition, weight_array
from mmtutor._table import present_rows, resolve, select, take
from mmtutor.fusion._calibration import CALIBRATORS, expert_scores
from mmtutor.fusion.rules import RULES, Rule, _check_prior, _keywords, apply_rule

__all__ = ["DecisionFusion"]

_UNWEIGHTED = ("max", "min")
_UNLEARNABLE = ("max", "min", "median")


class DecisionFusion(ClassifierMixin, Composition):
    """Fuse the posteriors of one classifier per modality.

    Parameters
    ----------
    experts : list of (name, estimator, columns) triples
        Each estimator is a classifier (mostly a pipeline that starts with a feature extractor) with
        ``predict_proba``, or with ``decision_function`` if `calibration` is not None. `columns`
        says what it reads from X: a string or an integer gives one column (a Series), a list of
        these, a slice, a boolean mask or a function such as ``make_column_selector`` a table.
    rule : {"sum", "product", "max", "min", "median", "vote", "stack"} or callable, default="sum"
        A rule of :mod:`mmtutor.fusion.rules`, a function ``(P, *, weights=None, prior=None)`` of
        your own, or "stack": a logistic regression on the experts' out-of-fold log-posteriors
        (Wolpert 1992; Ting and Witten 1999).
    weights : None, mapping or "learned", default=None
        A number for each expert's name, not negative, in the rule's own sense. "learned" minimises
        the out-of-fold log-loss over non-negative weights; for the sum and the vote they then sum
        to 1 (see Notes), for the product they are exponents. Not for "stack", "max" and "min".
    calibration : {"sigmoid", "isotonic", "temperature"} or None, default="sigmoid"
        How an expert's scores become posteriors; fitted on out-of-fold scores. "sigmoid" is Platt's
        method, with a slope and a shift for each class if there are more than two; "isotonic" a
        rising step function (wants a thousand samples or more); "temperature" one divisor of the
        log-posteriors (Guo et al. 2017). None takes ``predict_proba`` as it is.
    prior : None, "uniform" or array-like of shape (n_classes,), default=None
        Class probabilities in the order of ``classes_``; None takes the frequencies in y.
    cv : int, splitter or iterable of (train, test), default=5
        The inner folds for calibration, learned weights and stacking; each row may be tested once.
        An integer means stratified folds, and never more than the rarest class has members; with
        `groups`, stratified folds that split no group.
    n_jobs : int, optional
        Workers for fitting; None means 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    experts_ : list of (name, fitted estimator, columns) triples
        The experts, each fitted on all rows in which its cells are present.
    named_experts_ : Bunch
        The fitted experts by name.
    calibrators_ : dict
        The calibrator of each expert by name, None where `calibration` is None.
    weights_ : dict or None
        The weight of each expert by name; None if the rule was used without weights.
    stacker_ : LogisticRegression
        Only with ``rule="stack"``. Its columns are, for each expert, the log-ratios of posterior to
        prior in the order of ``classes_``.
    prior_ : ndarray of shape (n_classes,)
        The prior in use.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Their names, if X is a DataFrame whose column names are all strings.

    Raises
    ------
    ValueError
        On fitting: a part that is no triple, a name used twice, a column that is not there, an
        unknown rule or calibration, weights that do not fit, an expert without a usable row, fewer
        than two classes, a splitter that splits a group.

    See Also
    --------
    mmtutor.fusion.FeatureFusion : Early fusion, before the classifier.

    Notes
    -----
    Taught in notebook 05.

    **Missing cells.** An expert is absent from a row in which any cell of its columns is missing
    (None or NaN), on fitting and on predicting. Where all experts are absent the answer is the
    prior. An expert that met only some of the classes leaves the others their prior.

    **Out of fold.** Every expert is fitted once for each inner fold and once on everything. The
    first are used to fit the calibrators, the weights and the stacker, the last to predict. For
    weights and stacking each fold is calibrated by what the other folds say.

    **Learned weights of a sum.** The mean of calibrated posteriors is less sure than it should be
    (Ranjan and Gneiting 2010). The weights minimise the log-loss after one common power has made up
    for that; without it the loss would give all weight to the surest expert.

    **Groups.** Pass the speakers, authors or persons as ``fit(X, y, groups=groups)`` whenever the
    outer split respects them, or the calibration will be that of known people. Inside
    ``cross_val_score`` or ``GridSearchCV`` the outer splitter does not hand its groups on by
    itself: add ``params={"groups": groups}`` to ``cross_val_score(..., groups=groups, cv=...)``.
    With scikit-learn's metadata routing enabled, ``groups`` is requested by default, and
    ``cross_val_score(model, X, y, params={"groups": groups}, cv=GroupKFold())`` serves both. The
    groups are not handed to the experts.

    References
    ----------
    .. [1] J. Kittler, M. Hatef, R. P. W. Duin, J. Matas. "On combining classifiers." IEEE TPAMI
       20(3), 226-239, 1998.
    .. [2] D. H. Wolpert. "Stacked generalization." Neural Networks 5(2), 241-259, 1992.
    .. [3] K. M. Ting, I. H. Witten. "Issues in stacked generalization." Journal of Artificial
       Intelligence Research 10, 271-289, 1999.
    .. [4] J. Platt. "Probabilistic outputs for support vector machines." Advances in Large Margin
       Classifiers, 61-74, 1999.
    .. [5] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger. "On calibration of modern neural networks."
       ICML 2017.
    .. [6] R. Ranjan, T. Gneiting. "Combining probability forecasts." Journal of the Royal
       Statistical Society B 72(1), 71-91, 2010.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> X = pd.DataFrame({"text": ["good", "bad", "fine", "poor"] * 5, "stars": [5, 1, 4, 2] * 5})
    >>> y = ["+", "-"] * 10
    >>> fusion = DecisionFusion([
    ...     ("words", make_pipeline(CountVectorizer(), LogisticRegression()), "text"),
    ...     ("stars", LogisticRegression(), ["stars"]),
    ... ], rule="product").fit(X, y)
    >>> new = pd.DataFrame({"text": ["good", None], "stars": [4.0, 1.0]})
    >>> fusion.predict(new)
    array(['+', '-'], dtype=...)
    >>> fusion.expert_proba(new).shape
    (2, 2, 2)
    """

    _parts = "experts"
    __metadata_request__fit = {"groups": True}  # noqa: RUF012 - read by scikit-learn, never changed

    def __init__(
        self,
        experts: list[tuple[str, Any, Any]],
        *,
        rule: str | Rule = "sum",
        weights: Mapping[str, float] | str | None = None,
        calibration: str | None = "sigmoid",
        prior: str | ArrayLike | None = None,
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.experts = experts
        self.rule = rule
        self.weights = weights
        self.calibration = calibration
        self.prior = prior
        self.cv = cv
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None) -> DecisionFusion:
        """Fit the experts, and on their out-of-fold scores the calibrators, weights and stacker.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.
        y : array-like of shape (n_samples,)
            Class labels.
        groups : array-like of shape (n_samples,), optional
            Samples of one group (a speaker, an author) stay together in the inner folds.

        Returns
        -------
        DecisionFusion
            This estimator.
        """
        parts = self.check_parts()
        names = [name for name, _, _ in parts]
        self._check_options(names)
        X = self.check_X(X, reset=True)
        if y is None:
            raise ValueError("DecisionFusion requires y to be passed, but the target y is None")
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y, groups)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds 1 class, {self.classes_[0]!r}; at least two are needed")
        counts = np.bincount(codes)
        self.prior_ = self._prior(counts / counts.sum())

        columns = [resolve(X, part[2]) for part in parts]
        blocks = [select(X, chosen) for chosen in columns]
        present = [present_rows(block) for block in blocks]
        for name, rows in zip(names, present, strict=True):
            if len(np.unique(codes[rows])) < 2:
                raise ValueError(
                    f"expert {name!r} has {rows.sum()} rows without a missing cell, of "
                    f"{len(np.unique(codes[rows]))} classes; it cannot be fitted: leave it out"
                )
        folds = self._folds(codes, groups)
        everything = np.arange(len(codes))
        jobs = [
            (e, f, train, test)
            for e in range(len(parts))
            for f, (train, test) in enumerate([*folds, (everything, everything[:0])])
        ]
        done = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_expert)(
                parts[e], blocks[e], y, train[present[e][train]], test[present[e][test]],
                self.classes_, self.calibration,
            )
            for e, _, train, test in jobs
        )  # fmt: skip
        fitted = [
            model for (_, f, *_), (model, _) in zip(jobs, done, strict=True) if f == len(folds)
        ]
        self.experts_ = [(n, m, c) for n, m, c in zip(names, fitted, columns, strict=True)]
        self.named_experts_ = Bunch(**dict(zip(names, fitted, strict=True)))

        scores = np.full((len(codes), len(parts), len(self.classes_)), np.nan)
        fold_of = np.full(len(codes), -1)
        for (e, f, _, test), (_, out) in zip(jobs, done, strict=True):
            if f < len(folds):
                scores[test[present[e][test]], e] = out
                fold_of[test] = f
        self.calibrators_ = {
            name: self._calibrator(scores[:, e], codes, name) for e, name in enumerate(names)
        }
        self.weights_ = None
        if self.weights == "learned" or self.rule == "stack":
            P = self._out_of_fold(scores, codes, fold_of)
            heard = ~np.isnan(P).all(axis=(1, 2))
            if self.rule == "stack":
                stacker = LogisticRegression(max_iter=1000)
                self.stacker_ = stacker.fit(self._log_ratios(P[heard]), codes[heard])
            else:
                w = learn_weights(P[heard], codes[heard], self.rule, self.prior_)
                self.weights_ = dict(zip(names, w.tolist(), strict=True))
        elif self.weights is not None:
            w = weight_array(self.weights, names, "experts")
            self.weights_ = dict(zip(names, w.tolist(), strict=True))
        return self

    def expert_proba(self, X: Any) -> np.ndarray:
        """Return what each expert says, calibrated, before fusion.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.

        Returns
        -------
        ndarray of shape (n_samples, n_experts, n_classes)
            Posteriors in the order of ``experts`` and ``classes_``; NaN where an expert is absent.
        """
        check_is_fitted(self)
        X = self.check_X(X, reset=False)
        P = np.full((X.shape[0], len(self.experts_), len(self.classes_)), np.nan)
        for e, (name, expert, columns) in enumerate(self.experts_):
            block = select(X, columns)
            rows = np.flatnonzero(present_rows(block))
            if len(rows):
                scores = _aligned(expert, take(block, rows), self.classes_, self.calibration)
                P[rows, e] = self._posteriors(self.calibrators_[name], scores)
        return P

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the fused posteriors.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Posteriors in the order of ``classes_``; each row sums to 1.
        """
        P = self.expert_proba(X)
        if self.rule == "stack":
            p = np.full((len(P), len(self.classes_)), np.nan)
            p[:, self.stacker_.classes_] = self.stacker_.predict_proba(self._log_ratios(P))
            return _fill_unseen(p, self.prior_)
        weights = None if self.weights_ is None else list(self.weights_.values())
        return apply_rule(self.rule, P, weights=weights, prior=self.prior_)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the fused posteriors, shape (n_samples, n_classes)."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of the largest fused posterior, shape (n_samples,)."""
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_options(self, names: list[str]) -> None:
        rule, weights = self.rule, self.weights
        if not callable(rule) and rule != "stack" and rule not in RULES:
            raise ValueError(
                f"unknown rule {rule!r}: use one of {[*RULES, 'stack']}, or a function"
            )
        if self.calibration is not None and self.calibration not in CALIBRATORS:
            raise ValueError(
                f"unknown calibration {self.calibration!r}: use one of {list(CALIBRATORS)}, or None"
            )
        if weights is None:
            return
        if isinstance(weights, str) and weights != "learned":
            raise ValueError(f"weights is {weights!r}; expected None, 'learned' or a mapping")
        if rule == "stack":
            raise ValueError("rule='stack' learns its own weights: leave weights=None")
        unfit = _UNLEARNABLE if isinstance(weights, str) else _UNWEIGHTED
        if rule in unfit or (callable(rule) and "weights" not in _keywords(rule)):
            learned = "learned " * isinstance(weights, str)
            raise ValueError(f"the rule {rule!r} takes no {learned}weights: leave weights=None")
        if not isinstance(weights, str):
            w = weight_array(weights, names, "experts")
            if not np.isfinite(w).all() or (w < 0).any() or not w.any():
                raise ValueError(f"weights are {dict(weights)}; expected >= 0 and not all 0")

    def _prior(self, frequencies: np.ndarray) -> np.ndarray:
        if self.prior is None:
            return frequencies
        if isinstance(self.prior, str):
            if self.prior != "uniform":
                raise ValueError(f"prior is {self.prior!r}; expected None, 'uniform' or an array")
            return np.full(len(frequencies), 1 / len(frequencies))
        return _check_prior(self.prior, len(frequencies))

    def _folds(self, codes: np.ndarray, groups: ArrayLike | None) -> list[tuple]:
        """Return the inner folds; none if nothing has to be learned from the experts' answers."""
        if self.calibration is None and self.weights != "learned" and self.rule != "stack":
            return []
        cv = self.cv
        groups = None if groups is None else np.asarray(groups)
        if isinstance(cv, int):
            most = np.bincount(codes).min()
            if groups is not None:
                most = min(most, len(np.unique(groups)))
                if most < 2 and len(np.unique(groups)) < 2:
                    raise ValueError("groups holds 1 group; at least two are needed")
            n_splits = cv if cv < 2 else max(2, min(cv, most))  # below 2: let the splitter complain
            cv = n_splits if groups is None else StratifiedGroupKFold(n_splits)
        cv = check_cv(cv, codes, classifier=True)
        folds = list(cv.split(np.zeros(len(codes)), codes, groups))
        tested = np.concatenate([test for _, test in folds])
        if len(np.unique(tested)) < len(tested):
            raise ValueError("cv tests some rows more than once; use one partition, not repeats")
        for train, test in folds:
            if groups is not None and np.isin(groups[test], groups[train]).any():
                raise ValueError(
                    f"cv={self.cv!r} splits a group between training and test rows; use an integer "
                    "or a group-aware splitter such as StratifiedGroupKFold"
                )
        return folds

    def _calibrator(self, scores: np.ndarray, codes: np.ndarray, name: str) -> Any:
        if self.calibration is None:
            return None
        rows = ~np.isnan(scores).all(axis=1)
        if not rows.any():
            raise ValueError(
                f"expert {name!r} has too few rows to be calibrated out of fold; use "
                "calibration=None, or leave it out"
            )
        return CALIBRATORS[self.calibration]().fit(scores[rows], codes[rows])

    def _posteriors(self, calibrator: Any, scores: np.ndarray) -> np.ndarray:
        p = scores if calibrator is None else calibrator.predict(scores)
        return _fill_unseen(p, self.prior_)

    def _out_of_fold(
        self, scores: np.ndarray, codes: np.ndarray, fold_of: np.ndarray
    ) -> np.ndarray:
        """Return calibrated posteriors; each fold's calibrators are fitted on the other folds."""
        P = np.full(scores.shape, np.nan)
        for e, name in enumerate(self.calibrators_):
            known = ~np.isnan(scores[:, e]).all(axis=1)
            for f in np.unique(fold_of[known]):
                rows, others = known & (fold_of == f), known & (fold_of != f)
                calibrator = self.calibrators_[name]
                if calibrator is not None and others.any():
                    calibrator = self._calibrator(scores[others, e], codes[others], name)
                P[rows, e] = self._posteriors(calibrator, scores[rows, e])
        return P

    def _log_ratios(self, P: np.ndarray) -> np.ndarray:
        """Return log(posterior / prior) as columns, 0 where an expert is absent or says nothing."""
        ratios = np.log(np.maximum(P, 1e-6)) - np.log(self.prior_)
        return np.nan_to_num(ratios, nan=0.0).reshape(len(P), -1)


def learn_weights(
    P: np.ndarray, codes: np.ndarray, rule: str | Rule, prior: np.ndarray
) -> np.ndarray:
    """Return the non-negative weights of the least log-loss, shape (n_experts,).

    The product's exponents cost 1 / n_samples each: an expert that only repeats the prior could
    have any exponent, and should have none. The other rules' fused posteriors are first raised to a
    common power, learned with the weights and then forgotten: a mean of calibrated posteriors is
    less sure than it should be (Ranjan and Gneiting 2010), and without the power the loss would
    make it surer by giving all weight to one expert. The power costs 3 / n_samples a unit, or it
    could undo the dilution by an expert that only repeats the prior.
    """
    n_samples, n_experts, _ = P.shape
    product = rule == "product"

    def loss(parameters: np.ndarray) -> float:
        w, power = parameters[:n_experts], parameters[n_experts:]
        p = apply_rule(rule, P, weights=w, prior=prior) if w.any() else np.tile(prior, (len(P), 1))
        logp = np.log(np.maximum(p, 1e-12))
        logp = logp if product else log_softmax(power * logp, axis=1)
        cost = w.sum() if product else 3 * power[0]
        return -logp[np.arange(n_samples), codes].mean() + cost / n_samples

    start = np.ones(n_experts) if product else np.r_[np.ones(n_experts) / n_experts, 1.5]
    bounds = [(0, None)] * n_experts + ([] if product else [(0.1, 20)])
    w = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x[:n_experts]
    w = w if w.any() else start[:n_experts]
    return w / w.sum() if rule in ("sum", "vote") else w


def _fit_expert(
    part: tuple, block: Any, y: np.ndarray, train: np.ndarray, test: np.ndarray,
    classes: np.ndarray, calibration: str | None,
) -> tuple[Any, np.ndarray]:  # fmt: skip
    """Fit one expert on some rows; return it and its scores on others, NaN where it has none."""
    name, expert, _ = part
    scores = np.full((len(test), len(classes)), np.nan)
    if len(np.unique(y[train])) < 2:  # only in a fold of a tiny sample: leave the fold out
        return None, scores
    fitted = clone(expert)
    fitted.fit(take(block, train), y[train])
    if not hasattr(fitted, "predict_proba") and (
        calibration is None or not hasattr(fitted, "decision_function")
    ):
        remedy = (
            "set calibration='sigmoid'"
            if hasattr(fitted, "decision_function")
            else "and no decision_function; use a classifier that has one of them"
        )
        raise ValueError(f"expert {name!r} ({fitted}) has no predict_proba: {remedy}")
    if len(test):
        scores = _aligned(fitted, take(block, test), classes, calibration)
    return fitted, scores


def _aligned(expert: Any, block: Any, classes: np.ndarray, calibration: str | None) -> np.ndarray:
    """Return scores with a column for every class, NaN for those the expert never met."""
    own = expert_scores(expert, block, calibration)
    scores = np.full((len(own), len(classes)), np.nan)
    scores[:, np.searchsorted(classes, expert.classes_)] = own
    return scores


def _fill_unseen(p: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Give classes the expert never met (NaN) their prior, and share out the rest."""
    unseen = np.isnan(p)
    if not unseen.any():
        return p
    left = np.where(unseen, prior, 0)
    return np.where(unseen, left, p * (1 - left.sum(axis=1, keepdims=True)))
