"""Late fusion: each modality has its own classifier, and their decisions are fused.

The experts need not know of each other: each may be of another kind, be trained by itself, and be
absent from a row whose cell is missing. What they share is the scale of their answers, posteriors
that mean what they say, which is why calibration belongs to this class.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping, Set
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    has_fit_parameter,
)

from mmtutor._composition import Composition, Part, at_work, check_rows, read
from mmtutor._fitting import fits_anew
from mmtutor._ranges import JOBS, Range, check_ranges, one_of, or_none, whole
from mmtutor._rows import as_labels, as_target, require_same_rows
from mmtutor._table import as_table, blame, require_present, row_names
from mmtutor.fusion._calibration import CALIBRATORS, expert_scores
from mmtutor.fusion._weights import check_weighted, given_weights, learn_weights, sample_weights
from mmtutor.fusion.rules import _SUM_TOLERANCE, RULES, Rule, _check_prior, apply_rule, check_rule

__all__ = ["DecisionFusion"]


def _gives_folds(cv: Any) -> bool:
    """Tell whether it is a splitter or may hold folds; a text has a method split as well."""
    return not isinstance(cv, str | bytes | type | Mapping | Set) and (
        isinstance(cv, Iterable) or hasattr(cv, "split")
    )


_FEWEST, _IS_NUMBER = whole(2)
_RANGES: dict[str, Range] = {
    "missing": one_of("any", "all"),
    "cv": or_none(
        (
            f"{_FEWEST}, a splitter, or (train, test) pairs of row numbers",
            lambda v: _IS_NUMBER(v) or _gives_folds(v),
        )
    ),
    "n_jobs": JOBS,
}


class DecisionFusion(ClassifierMixin, Composition):
    """Fuse the posteriors of one classifier per modality.

    Parameters
    ----------
    experts : list of (name, estimator, columns) triples
        Each estimator is a classifier (mostly a pipeline that starts with a feature extractor) with
        ``predict_proba``, or with ``decision_function`` if `calibration` is not None; "drop" leaves
        the expert out. `columns` says what it reads from X: a string or an integer gives one column
        (a Series), a list of these, a slice, a boolean mask or a function such as
        ``make_column_selector`` a table.
    rule : {"sum", "product", "max", "min", "median", "vote", "stack"} or callable, default="sum"
        A rule of :mod:`mmtutor.fusion.rules`, a function ``(P, *, weights=None, prior=None)`` of
        your own, or "stack": a logistic regression on the experts' out-of-fold log-posteriors
        (Wolpert 1992; Ting and Witten 1999).
    weights : None, mapping, Series, array-like of shape (n_experts,) or "learned", default=None
        A number for each expert, by name or (an array, and a Series with a plain index) in their
        order, not negative, in the rule's own sense. "learned": see
        :func:`mmtutor.fusion.learn_weights`; for the sum they then sum to 1, for the product they
        are exponents. Not for "stack", "max" and "min"; "vote" and "median" learn none.
    calibration : {"sigmoid", "isotonic", "temperature"} or None, default="sigmoid"
        How an expert's scores become posteriors; fitted on out-of-fold scores. "sigmoid" is Platt's
        method, with a slope and a shift for each class if there are more than two; "isotonic" a
        rising step function (wants a thousand samples or more); "temperature" one divisor of the
        log-posteriors (Guo et al. 2017). None takes ``predict_proba`` as it is.
    prior : None, "uniform", mapping, Series or array-like of shape (n_classes,), default=None
        What the experts learned: the class probabilities their posteriors stand on, by class or (an
        array, and a Series with a plain index) in the order of ``classes_``. None takes the
        frequencies in y, which is right after calibration. "uniform" is for uncalibrated experts
        with ``class_weight="balanced"``.
    target_prior : as `prior`, default=None
        The class probabilities where the model will be used; None is `prior`. The fused posterior
        is multiplied by ``target_prior / prior`` and normalised (Saerens et al. 2002).
    missing : {"any", "all"}, default="any"
        An expert is absent from a row in which any, or all, of its cells are missing. With "all" it
        must itself be able to read a table with gaps.
    groups : str, default=None
        The column of X, a DataFrame, that says who each row belongs to; see Notes.
    cv : int, splitter or iterable of (train, test), default=5
        The inner folds for calibration, learned weights and stacking; each row may be tested once,
        by experts that were not trained on it.
        An integer means stratified folds, and never more than the rarest class has members; with
        groups, stratified folds that split no group.
    n_jobs : int, default=None
        Workers for fitting; None means 1.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    experts_ : list of (name, fitted estimator, columns) triples
        The experts in use, each fitted on all rows in which its cells are present.
    named_experts_ : Bunch
        The fitted experts by name.
    n_missing_ : dict
        By expert, from how many training rows it was absent.
    calibrators_ : dict
        The calibrator of each expert by name, None where `calibration` is None.
    weights_ : dict or None
        The weight of each expert by name; None if the rule was used without weights.
    stacker_ : LogisticRegression
        Only with ``rule="stack"``. Its columns are, for each expert, the log-ratios of posterior to
        prior in the order of ``classes_``.
    prior_, target_prior_ : ndarray of shape (n_classes,)
        The priors in use.
    n_features_in_ : int
        Number of columns of X, that of `groups` not counted.
    feature_names_in_ : ndarray of shape (n_columns,), str
        Their names, if X is a DataFrame whose column names are all strings.

    Raises
    ------
    ValueError
        On fitting: a part that is no triple, a name used twice, a column that is not there, an
        unknown rule or calibration, weights that do not fit, an expert without a usable row, labels
        or groups that are missing, or that name the rows of X in another order, fewer than two
        classes with two rows where folds are made, a splitter that splits a group. What an expert
        raises comes with its name before the message.

    See Also
    --------
    mmtutor.fusion.FeatureFusion : Early fusion, before the classifier.
    mmtutor.fusion.learn_weights : The weights, from posteriors that you have already.
    sklearn.ensemble.StackingClassifier : Stacks classifiers that all read the same columns.

    Notes
    -----
    Taught in notebook 05. Where what counts is how modalities go together (the right word *on* the
    right face), experts that do not see each other cannot learn it: use
    :class:`FeatureFusion`. For a number instead of a class, use it with a regressor.

    **Missing cells.** An expert is absent from a row in which its cells are missing (None or NaN;
    see `missing`), on fitting and on predicting. Where all experts are absent the answer is the
    prior. An expert that met only some of the classes leaves the others their prior.

    **Out of fold.** Every expert is fitted once on everything, to predict, and once for each inner
    fold, to fit the calibrators, the weights and the stacker. For weights and stacking each fold is
    calibrated by what the other folds say.

    **Groups.** Name the speaker, author or person of each row, or the calibration will be that of
    known people: their posteriors are too sure of themselves for anybody new. ``groups="author"``
    takes them from X. This works everywhere, inside ``GridSearchCV``, ``cross_val_score`` and
    :func:`mmtutor.evaluation.compare` too, for the column travels with the rows. No expert sees the
    column, positions of columns are counted without it, and to predict it may be absent. An array
    can be passed as ``fit(X, y, groups=groups)`` instead (it then counts, not the column), but
    searches and cross-validation hand it on only as ``params={"groups": groups}``, with
    scikit-learn's metadata routing or without, and a search inside a cross-validation only with.

    **Sample weights** go to the experts whose ``fit`` takes ``sample_weight`` (in a pipeline: to
    its last step), to calibrators, learned weights, stacker and prior. An expert that takes none is
    fitted without, with a warning. Rows of weight 0 are left out.

    **Parameters after fitting.** `set_params` changes nothing in what was fitted; fit again.

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
    .. [6] M. Saerens, P. Latinne, C. Decaestecker. "Adjusting the outputs of a classifier to new a
       priori probabilities." Neural Computation 14(1), 21-41, 2002.

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
        weights: Mapping[str, float] | ArrayLike | str | None = None,
        calibration: str | None = "sigmoid",
        prior: str | ArrayLike | None = None,
        target_prior: str | ArrayLike | None = None,
        missing: str = "any",
        groups: str | None = None,
        cv: Any = 5,
        n_jobs: int | None = None,
    ) -> None:
        self.experts = experts
        self.rule = rule
        self.weights = weights
        self.calibration = calibration
        self.prior = prior
        self.target_prior = target_prior
        self.missing = missing
        self.groups = groups
        self.cv = cv
        self.n_jobs = n_jobs

    @fits_anew
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> DecisionFusion:
        """Fit the experts, and on their out-of-fold scores the calibrators, weights and stacker.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.
        y : array-like of shape (n_samples,)
            Class labels.
        groups : array-like of shape (n_samples,), default=None
            Samples of one group (a speaker, an author) stay together in the inner folds. None
            takes the column that the parameter `groups` names, if it names one.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts, not negative; None is 1.

        Returns
        -------
        DecisionFusion
            This estimator.
        """
        experts = self.check_parts()
        names = [name for name, _, _ in experts]
        self._check_options(names)
        self._settings = Bunch(**self.get_params(deep=False))  # set_params must not change them
        require_same_rows(X=X, y=y, groups=groups, sample_weight=sample_weight)
        if groups is None and self.groups is not None:
            X = as_table(X)
            groups = self._column_of_groups(X, experts)
        X = self._check_table(X, reset=True)
        y, codes = self._check_labels(X, y)
        if groups is not None:
            groups = as_labels("groups", groups, row_names(X))
            if len(groups) != len(y):
                raise ValueError(f"groups has {len(groups)} rows, but X has {len(y)}")
        weight = sample_weights(sample_weight, row_names(X))
        self._set_priors(np.bincount(codes, weight))

        parts = read("expert", experts, X, self.missing)
        self.n_missing_ = {part.name: int((~part.present).sum()) for part in parts}
        parts = [part._replace(present=part.present & (weight > 0)) for part in parts]
        for part in parts:
            _require_classifier(part)
            met = np.unique(codes[part.present])
            if len(met) < 2:
                raise ValueError(
                    f"expert {part.name!r} has {part.present.sum()} rows without a missing cell, "
                    f"of {len(met)} classes; it cannot be fitted: leave it out"
                )
        keywords = [{} if sample_weight is None else _weighted(part, weight) for part in parts]

        # to predict: every expert fitted on all its rows
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_expert)(part, y, part.present, keyword, self.calibration)
            for part, keyword in zip(parts, keywords, strict=True)
        )
        self.experts_ = [(p.name, f, p.columns) for p, f in zip(parts, fitted, strict=True)]
        self.named_experts_ = Bunch(**dict(zip(names, fitted, strict=True)))
        # to learn from: what experts say about rows they were not fitted on
        folds = self._folds(codes, groups)
        jobs = [(e, train, test) for e in range(len(parts)) for train, test in folds]
        said = Parallel(n_jobs=self.n_jobs)(
            delayed(_out_of_fold)(
                parts[e], y, train, test, keywords[e], self.calibration, self.classes_
            )
            for e, train, test in jobs
        )
        scores = np.full((len(codes), len(parts), len(self.classes_)), np.nan)
        for (e, _, test), out in zip(jobs, said, strict=True):
            scores[test, e] = out
        self._learn(names, scores, codes, weight, folds)
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
            Posteriors in the order of ``experts_`` and ``classes_``, under the prior of training;
            NaN where an expert is absent.
        """
        check_is_fitted(self)
        X = self._check_table(X, reset=False)
        P = np.full((X.shape[0], len(self.experts_), len(self.classes_)), np.nan)
        for e, part in enumerate(read("expert", self.experts_, X, self._settings.missing)):
            here = part.present
            if here.any():
                scores = _scores(
                    part, part.estimator, here, self._settings.calibration, self.classes_
                )
                P[here, e] = self._posteriors(self.calibrators_[part.name], scores)
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
            Posteriors in the order of ``classes_``, under the target prior; each row sums to 1.
        """
        P, rule = self.expert_proba(X), self._settings.rule
        if rule == "stack":
            p = np.full((len(P), len(self.classes_)), np.nan)
            p[:, self.stacker_.classes_] = self.stacker_.predict_proba(self._log_ratios(P))
            p = _fill_unseen(p, self.prior_)
        else:
            weights = None if self.weights_ is None else list(self.weights_.values())
            p = apply_rule(rule, P, weights=weights, prior=self.prior_)
        if np.array_equal(self.target_prior_, self.prior_):
            return p
        p = p * (self.target_prior_ / self.prior_)
        return p / p.sum(axis=1, keepdims=True)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the fused posteriors.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms, in the order of ``classes_``.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of the largest fused posterior.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            One row a sample; missing cells are allowed.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels; of equal posteriors the first class wins.
        """
        p = self.predict_proba(X)
        return self.classes_[p.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_options(self, names: list[str]) -> None:
        rule = self.rule
        check_rule(rule, [*RULES, "stack"])
        known = [*CALIBRATORS, None]
        if not isinstance(self.calibration, str | None) or self.calibration not in known:
            raise ValueError(
                f"unknown calibration {self.calibration!r}: use one of {list(CALIBRATORS)}, or None"
            )
        check_ranges(_RANGES, missing=self.missing, cv=self.cv, n_jobs=self.n_jobs)
        if not isinstance(self.groups, Hashable):
            raise ValueError(f"groups is {self.groups!r:.60}; expected the name of one column of X")
        learned = isinstance(self.weights, str)
        if learned and self.weights != "learned":
            raise ValueError(
                f"weights is {self.weights!r}; expected None, 'learned', a mapping or an array"
            )
        self.weights_ = None
        if self.weights is not None:
            check_weighted(rule, learned=learned)
            if not learned:
                self.weights_ = given_weights(self.weights, self.experts, names, "experts")

    def _column_of_groups(self, X: Any, experts: list[tuple[str, Any, Any]]) -> pd.Series:
        if not isinstance(X, pd.DataFrame):
            raise ValueError(
                f"groups={self.groups!r} names no column of X, which has no names: pass a "
                "DataFrame, or fit(X, y, groups=...)"
            )
        n_named = list(X.columns).count(self.groups)
        if n_named != 1:
            raise ValueError(
                f"groups={self.groups!r} names {n_named or 'no'} column{'s' * (n_named > 1)} of X; "
                f"its columns are {list(X.columns)!r:.200}"
            )
        for name, _, columns in experts:
            read = columns if isinstance(columns, list) else [columns]
            if any(isinstance(column, str) and column == self.groups for column in read):
                raise ValueError(
                    f"expert {name!r} reads {self.groups!r}, the column of groups, which no expert "
                    "sees: leave it out, or copy it under another name"
                )
        return X[self.groups]

    def _check_table(self, X: Any, *, reset: bool) -> Any:
        """Return X without its column of groups."""
        X = as_table(X)
        if self._settings.groups is not None and isinstance(X, pd.DataFrame):
            X = X.drop(columns=self._settings.groups, errors="ignore")
        return self.check_X(X, reset=reset)

    def _check_labels(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return y, and as the number of each row's class in ``classes_``."""
        if y is None:
            raise ValueError("DecisionFusion requires y to be passed, but the target y is None")
        y = as_target(y, row_names(X))
        check_consistent_length(X, y)
        require_present(y, row_names(X), what="labels", remedy="drop these rows")
        try:
            check_classification_targets(y)
        except ValueError as error:
            raise ValueError(f"{error} For numbers use FeatureFusion and a regressor.") from None
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            only = self.classes_.tolist()[0]
            raise ValueError(f"y holds 1 class, {only!r}; at least two are needed")
        return y, codes

    def _set_priors(self, counts: np.ndarray) -> None:
        if not counts.all():
            lost = self.classes_[counts == 0].tolist()
            raise ValueError(
                f"sample_weight is 0 in every row of the classes {lost}: leave these rows out"
            )
        self.prior_ = counts / counts.sum()  # the default of the one, and then of the other
        self.prior_ = self._distribution("prior")
        self.target_prior_ = self._distribution("target_prior")

    def _distribution(self, name: str) -> np.ndarray:
        given = getattr(self, name)
        if given is None:
            return self.prior_
        if isinstance(given, str):
            if given != "uniform":
                raise ValueError(
                    f"{name} is {given!r}; expected None, 'uniform', a mapping or an array"
                )
            return np.full(len(self.classes_), 1 / len(self.classes_))
        names = self.classes_.tolist()
        return _check_prior(given, len(names), names=names, what=name)

    def _folds(self, codes: np.ndarray, groups: np.ndarray | None) -> list[tuple]:
        """Return the inner folds; none if nothing has to be learned from the experts' answers."""
        if self.calibration is None and self.rule != "stack" and not isinstance(self.weights, str):
            return []
        cv = self.cv
        if isinstance(cv, Integral):
            counts = np.bincount(codes)
            if (counts > 1).sum() < 2:  # or no expert is tested on two classes
                rare = self.classes_[counts == 1].tolist()
                raise ValueError(
                    f"the classes {rare!r:.100} have one row each, too few for folds: give more "
                    "rows, or use calibration=None without stacking or learned weights"
                )
            most = counts.min()
            if groups is not None:
                most = min(most, len(np.unique(groups)))
                if len(np.unique(groups)) < 2:
                    raise ValueError("groups holds 1 group; at least two are needed")
            n_splits = max(2, min(cv, most))
            cv = n_splits if groups is None else StratifiedGroupKFold(n_splits)
        if isinstance(cv, Iterable) and not hasattr(cv, "split"):
            folds = _as_folds(list(cv), len(codes))
        else:
            cv = check_cv(cv, codes, classifier=True)
            with blame(f"cv={self.cv!r}: "):
                pairs = list(cv.split(np.zeros(len(codes)), codes, groups))
            folds = _as_folds(pairs, len(codes))
        for train, test in folds:
            if groups is not None and np.isin(groups[test], groups[train]).any():
                raise ValueError(
                    f"cv={self.cv!r} splits a group between training and test rows; use an integer "
                    "or a group-aware splitter such as StratifiedGroupKFold"
                )
        return folds

    def _learn(
        self,
        names: list[str],
        scores: np.ndarray,
        codes: np.ndarray,
        weight: np.ndarray,
        folds: list[tuple],
    ) -> None:
        """Fit calibrators, and weights or stacker, to out-of-fold scores, a NaN row for absence."""
        for e, name in enumerate(names):
            tested = ~np.isnan(scores[:, e]).all(axis=1)
            if self.calibration is not None and len(np.unique(codes[tested])) < 2:
                raise ValueError(
                    f"expert {name!r} has too few rows to be calibrated out of fold, none of two "
                    "classes: give other folds or groups, use calibration=None, or leave it out"
                )
        self.calibrators_ = {
            name: self._calibrator(scores[:, e], codes, weight) for e, name in enumerate(names)
        }
        if self.rule == "stack" or isinstance(self.weights, str):
            P = np.full(scores.shape, np.nan)
            for e, name in enumerate(names):
                known = ~np.isnan(scores[:, e]).all(axis=1)
                for _, test in folds:
                    tested = np.isin(np.arange(len(codes)), test)
                    rows, others = known & tested, known & ~tested
                    calibrator = self.calibrators_[name]
                    if others.any():
                        calibrator = self._calibrator(
                            scores[others, e], codes[others], weight[others]
                        )
                    P[rows, e] = self._posteriors(calibrator, scores[rows, e])
            heard = ~np.isnan(P).all(axis=(1, 2))
            P, codes, weight = P[heard], codes[heard], weight[heard]
            if len(np.unique(codes)) < 2:
                raise ValueError(f"cv={self.cv!r} tests rows of one class only; give other folds")
        if self.rule == "stack":
            stacker = LogisticRegression(max_iter=1000)
            self.stacker_ = stacker.fit(self._log_ratios(P), codes, weight)
        elif isinstance(self.weights, str):
            w = learn_weights(P, codes, rule=self.rule, prior=self.prior_, sample_weight=weight)
            self.weights_ = dict(zip(names, w.tolist(), strict=True))

    def _calibrator(self, scores: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> Any:
        if self.calibration is None:
            return None
        rows = ~np.isnan(scores).all(axis=1)
        return CALIBRATORS[self.calibration]().fit(scores[rows], codes[rows], weight[rows])

    def _posteriors(self, calibrator: Any, scores: np.ndarray) -> np.ndarray:
        p = scores if calibrator is None else calibrator.predict(scores)
        return _fill_unseen(p, self.prior_)

    def _log_ratios(self, P: np.ndarray) -> np.ndarray:
        """Return log(posterior / prior) as columns, 0 where an expert is absent or says nothing."""
        ratios = np.log(np.maximum(P, 1e-6)) - np.log(self.prior_)
        return np.nan_to_num(ratios, nan=0.0).reshape(len(P), -1)


def _as_folds(pairs: list[Any], n_samples: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (train, test) as arrays of row numbers; raise ``ValueError`` if they are no folds."""
    rows = np.arange(n_samples)
    if not pairs:
        raise ValueError(
            "cv gives no folds; give at least one (train, test) pair of row numbers, and for "
            "several fits a list: a generator gives its pairs only once"
        )
    try:
        if any(len(numbers) == 0 for pair in pairs for numbers in pair):
            raise ValueError("a pair has none to train on, or to test")
        folds = [(rows[np.asarray(train)], rows[np.asarray(test)]) for train, test in pairs]
        np.concatenate([train for train, _ in folds])  # tells what is no row
        tested = np.concatenate([test for _, test in folds])
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"cv must give (train, test) pairs of row numbers below {n_samples}: {error}"
        ) from None
    if len(np.unique(tested)) < len(tested):
        raise ValueError("cv tests some rows more than once; use one partition, not repeats")
    if any(np.isin(test, train).any() for train, test in folds):
        raise ValueError("cv tests rows that it trains on; leave them out of the one or the other")
    return folds


def _require_classifier(part: Part) -> None:
    given = part.estimator
    if isinstance(given, type) or not (hasattr(given, "fit") and hasattr(given, "get_params")):
        raise TypeError(
            f"expert {part.name!r}, {given!r:.60} is no classifier: give one such as "
            "LogisticRegression(), or 'drop'"
        )


def _weighted(part: Part, weight: np.ndarray) -> dict[str, np.ndarray]:
    """Return the keyword that takes sample weights to an expert's fit; {} if there is none."""
    expert, last = part.estimator, _last_step(part.estimator)
    if not has_fit_parameter(last, "sample_weight"):
        warnings.warn(
            f"expert {part.name!r} ({last}) takes no sample_weight: it is fitted without; "
            "calibration, learned weights and the prior use it",
            stacklevel=3,
        )
        return {}
    direct = last is expert or get_config()["enable_metadata_routing"]
    return {"sample_weight" if direct else f"{expert.steps[-1][0]}__sample_weight": weight}


def _last_step(expert: Any) -> Any:
    return expert[-1] if isinstance(expert, Pipeline) else expert


def _fit_expert(
    part: Part,
    y: np.ndarray,
    rows: np.ndarray,
    keyword: dict[str, np.ndarray],
    calibration: str | None,
) -> Any:
    """Fit one expert on some rows."""
    with at_work(f"expert {part.name!r}", part.columns, part.block):
        fitted = clone(part.estimator)
        fitted.fit(part.rows(rows), y[rows], **{key: w[rows] for key, w in keyword.items()})
    scored = hasattr(fitted, "decision_function")
    if not hasattr(fitted, "classes_"):
        raise ValueError(f"expert {part.name!r} ({fitted}) has no classes_: use a classifier")
    if not hasattr(fitted, "predict_proba") and (calibration is None or not scored):
        lacks = " and no decision_function; use a classifier that has one of them"
        lacks = ": set calibration='sigmoid'" if scored else lacks
        raise ValueError(f"expert {part.name!r} ({fitted}) has no predict_proba{lacks}")
    return fitted


def _out_of_fold(
    part: Part,
    y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    keyword: dict[str, np.ndarray],
    calibration: str | None,
    classes: np.ndarray,
) -> np.ndarray:
    """Return the scores of the test rows by an expert fitted on others, NaN where it has none."""
    scores = np.full((len(test), len(classes)), np.nan)
    here, train = part.present[test], train[part.present[train]]
    if here.any() and len(np.unique(y[train])) > 1:  # or a tiny sample: leave the fold out
        fitted = _fit_expert(part, y, train, keyword, calibration)
        scores[here] = _scores(part, fitted, test[here], calibration, classes)
    return scores


def _scores(
    part: Part, fitted: Any, rows: np.ndarray, calibration: str | None, classes: np.ndarray
) -> np.ndarray:
    """Return scores with a column for every class, NaN for those the expert never met."""
    given = part.rows(rows)
    with at_work(f"expert {part.name!r}", part.columns, part.block):
        own = expert_scores(fitted, given, calibration)
        check_rows(given, own, part.columns)
        strange = [c for c in np.unique(fitted.classes_).tolist() if c not in classes.tolist()]
        if strange:
            raise ValueError(f"its classes_ hold {strange[0]!r}, which is no label of y")
        # Three classes make three pairs, too: the shape alone does not tell.
        pairs = getattr(_last_step(fitted), "decision_function_shape", "ovr") == "ovo"
        n_own, by_score = len(fitted.classes_), calibration and hasattr(fitted, "decision_function")
        if own.ndim != 2 or own.shape[1] != n_own or (n_own > 2 and by_score and pairs):
            each = ", one a pair" * pairs
            raise ValueError(
                f"scores of shape {own.shape} for {n_own} classes{each}; one column a class is "
                "needed (of an SVC: decision_function_shape='ovr')"
            )
        lost = ~np.isfinite(own).all(axis=1)
        if lost.any():
            first = np.arange(len(part.present))[rows][lost][0]
            raise ValueError(
                f"its scores hold NaN or inf, the first in row {row_names(part.block)[first]}"
            )
        if calibration is None:  # they are used as they are
            sums = own.sum(axis=1)
            wrong = (own < 0).any(axis=1) | (np.abs(sums - 1) > _SUM_TOLERANCE)
            if wrong.any():
                first = np.arange(len(part.present))[rows][wrong][0]
                raise ValueError(
                    f"its posteriors in row {row_names(part.block)[first]} are "
                    f"{own[wrong][0].tolist()}; expected numbers >= 0 that sum to 1: set "
                    "calibration='sigmoid', or mend the expert"
                )
    scores = np.full((len(own), len(classes)), np.nan)
    scores[:, np.searchsorted(classes, fitted.classes_)] = own
    return scores


def _fill_unseen(p: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Give classes the expert never met (NaN) their prior, and share out the rest."""
    unseen = np.isnan(p)
    if not unseen.any():
        return p
    left = np.where(unseen, prior, 0)
    return np.where(unseen, left, p * (1 - left.sum(axis=1, keepdims=True)))
