"""Comparing models: which is better on these data, and is the difference more than chance?

Conventions
-----------
- Every model sees the same folds, and is cloned before each: nothing leaks from fold to fold.
- If the data have groups (people, speakers, authors) no group is on both sides of a split, and
  they reach whatever in a model takes them, inside a pipeline or a search too.
- Scores follow scikit-learn: higher is better (log-loss is ``"neg_log_loss"``).
- A model is compared with the *best single modality*, the one with the highest mean score on
  these very folds. Choosing it afterwards favours the single modality, never the fusion.
- The scores of overlapping training sets are not independent, so the plain t-test finds
  differences that are not there. The corrected resampled t-test of Nadeau and Bengio replaces
  the variance's factor 1/J (J folds) by 1/J + n_test/n_train.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    StratifiedGroupKFold,
    check_cv,
    cross_validate,
)
from sklearn.utils import indexable
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel, delayed

from mmtutor._ranges import FLAG, JOBS, check_ranges, number, whole
from mmtutor._rows import as_target, require_same_rows
from mmtutor._table import as_table, row_names

from . import _checks

__all__ = ["RepeatedGroupKFold", "TTest", "compare", "corrected_t_test"]


class TTest(NamedTuple):
    """A mean with its interval, and the test of "the mean is zero".

    Attributes
    ----------
    mean, low, high : float
        The mean and the ends of its interval, in the unit of the scores.
    statistic : float
        The mean in standard errors.
    p_value : float
        How probable a mean at least this far from zero is where the true one is zero; two-sided.
    """

    mean: float
    low: float
    high: float
    statistic: float
    p_value: float


def corrected_t_test(
    differences: ArrayLike, test_share: float, *, confidence: float = 0.95
) -> TTest:
    """Test cross-validated differences: the corrected resampled t-test.

    ``t = mean(d) / sqrt((1/J + n_test/n_train) * var(d))`` with J - 1 degrees of freedom, where
    `d` are the J differences of two models' scores, one a fold.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Score of one model less the score of another, fold by fold, over all repeats. The scores
        of one model give the interval of its mean.
    test_share : float
        ``n_test / n_train``: 1 / (k - 1) for k-fold cross-validation, however often repeated.
    confidence : float in (0, 1), default=0.95
        Of the interval.

    Returns
    -------
    TTest
        `mean`, `low`, `high` in the unit of the scores, `statistic` and the two-sided `p_value`.

    Raises
    ------
    ValueError
        If there are fewer than two differences, one is NaN, or `test_share` is not positive.

    See Also
    --------
    compare : Runs the cross-validation and the tests.
    scipy.stats.ttest_1samp : The plain test, for differences that are independent.

    Notes
    -----
    If all differences are equal there is no variance: p is 1 for zeros and 0 otherwise.

    Taught in notebook 06. Not for differences whose training sets do not overlap, such as those of
    single samples: the plain t-test serves there.

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning 52, 239-281.
    .. [2] For repeated k-fold: Bouckaert, R. R. and Frank, E. (2004). Evaluating the replicability
       of significance tests for comparing learning algorithms. PAKDD, 3-12.

    Examples
    --------
    >>> result = corrected_t_test([0.02, 0.04, 0.03, 0.01, 0.05], test_share=1 / 4)
    >>> print(f"{result.mean:.3f} [{result.low:.3f}, {result.high:.3f}], p = {result.p_value:.3f}")
    0.030 [0.001, 0.059], p = 0.047
    """
    d = _checks.numbers(differences, what="differences")
    ranges = {
        "test_share": number("(0, inf)", "n_test / n_train, a positive number"),
        "confidence": number("(0, 1)"),
    }
    check_ranges(ranges, test_share=test_share, confidence=confidence)
    if d.ndim != 1 or len(d) < 2:
        raise ValueError(f"at least two differences in one row are needed, got shape {d.shape}")
    if not np.isfinite(d).all():
        raise ValueError(f"{np.sum(~np.isfinite(d))} of {len(d)} differences are NaN or infinite")
    n_folds = len(d)
    with np.errstate(over="ignore"):  # is told below
        mean = float(d.mean())
        error = float(np.sqrt((1 / n_folds + float(test_share)) * d.var(ddof=1)))
    if not np.isfinite(error):
        raise ValueError(f"differences of up to {np.abs(d).max():.3g} overflow: scale them first")
    if error == 0 and d.min() < d.max():
        raise ValueError(f"differences of up to {np.abs(d).max():.3g} underflow: scale them first")
    reach = float(stats.t.ppf((1 + 1.0 * confidence) / 2, n_folds - 1)) * error
    if not np.isfinite(reach):
        raise ValueError(f"confidence is {confidence}: too near to 1 for an interval")
    if error == 0:
        statistic = 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
    else:
        statistic = mean / error
    p_value = float(2 * stats.t.sf(abs(statistic), n_folds - 1))
    return TTest(mean, mean - reach, mean + reach, statistic, p_value)


class RepeatedGroupKFold(BaseCrossValidator):
    """K-fold cross-validation in which no group is split, repeated with other folds.

    Parameters
    ----------
    n_splits : int, default=5
        Folds in each repeat, 2 to 10,000.
    n_repeats : int, default=4
        Repeats, each with its own shuffle of the groups, 1 to 10,000.
    stratify : bool, default=True
        Keep the shares of the classes as equal over the folds as the groups allow.
    random_state : int, default=0
        Seed; repeat r uses ``random_state + r``.

    See Also
    --------
    sklearn.model_selection.StratifiedGroupKFold : One repeat.
    sklearn.model_selection.RepeatedStratifiedKFold : Repeats, for data without groups.

    Notes
    -----
    scikit-learn has repeated folds and grouped folds, but not both at once. Not for
    ``cross_val_predict``, which tests every row once.

    Taught in notebook 06.

    Examples
    --------
    >>> cv = RepeatedGroupKFold(n_splits=2, n_repeats=3)
    >>> people = np.repeat(["a", "b", "c", "d"], 5)
    >>> X, y = np.zeros((20, 1)), np.tile([0, 1], 10)
    >>> folds = list(cv.split(X, y, groups=people))
    >>> len(folds)
    6
    >>> all(set(people[train]).isdisjoint(people[test]) for train, test in folds)
    True
    """

    __metadata_request__split = {"groups": True}  # noqa: RUF012 - read by scikit-learn only

    def __init__(
        self,
        n_splits: int = 5,
        n_repeats: int = 4,
        *,
        stratify: bool = True,
        random_state: int = 0,
    ) -> None:
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.stratify = stratify
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Count the folds over all repeats.

        Parameters
        ----------
        X, y, groups : object, default=None
            Not used, as in scikit-learn's splitters.

        Returns
        -------
        int
            ``n_splits * n_repeats``.
        """
        self._check()
        return int(self.n_splits) * int(self.n_repeats)

    def _check(self) -> None:
        ranges = {
            "n_splits": whole(2, 10_000),
            "n_repeats": whole(1, 10_000),
            "random_state": whole(0, 2**32 - 1 - 10_000),
            "stratify": FLAG,
        }
        check_ranges(ranges, **{name: getattr(self, name) for name in ranges})

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield the folds, as scikit-learn's splitters do.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, ...)
            Only its length counts.
        y : array-like of shape (n_samples,), default=None
            Labels, for `stratify`.
        groups : array-like of shape (n_samples,)
            Who each row belongs to.

        Yields
        ------
        train, test : ndarray of int of shape (n_rows,)
            The row numbers of a training and a test set.

        Raises
        ------
        ValueError
            If `groups` is not given or a group is missing, there are fewer groups than folds,
            lengths disagree, or `y` holds no classes, or not all, where it is needed.
        """
        if groups is None:
            raise ValueError("groups is missing: say who each row belongs to")
        n_samples = _checks.n_rows(X)
        owners = _checks.groups(groups, length=n_samples)
        self._check()
        if len(np.unique(owners)) < self.n_splits:
            raise ValueError(
                f"n_splits is {self.n_splits}, and there are {len(np.unique(owners))} groups: give "
                "no more folds than groups"
            )
        if self.stratify:
            if y is None:
                raise ValueError("y is missing: give the labels, or stratify=False")
            labels = _checks.target(y, length=n_samples)
            if labels.ndim == 1:
                as_target(labels)  # says which objects are no labels
            if type_of_target(labels) not in ("binary", "multiclass"):
                raise ValueError(
                    f"y holds no classes, but {type_of_target(labels)} values such as "
                    f"{labels.ravel().tolist()[0]!r:.60}: give stratify=False"
                )
        require_same_rows(X=X, y=y, groups=groups)
        kind = StratifiedGroupKFold if self.stratify else GroupKFold
        for repeat in range(self.n_repeats):
            seed = int(self.random_state) + repeat
            folds = kind(int(self.n_splits), shuffle=True, random_state=seed)
            yield from folds.split(X, y, groups)


def compare(
    models: Mapping[str, Any],
    X: Any,
    y: ArrayLike,
    cv: int | Any | Iterable[tuple[ArrayLike, ArrayLike]] = 5,
    *,
    groups: ArrayLike | None = None,
    singles: Sequence[str] | None = None,
    scoring: str | Callable[..., float] = "accuracy",
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Cross-validate models on the same folds, and test each against the best single modality.

    Parameters
    ----------
    models : mapping of str to estimator
        The models, by name; they are cloned, never fitted themselves.
    X : DataFrame or array of shape (n_samples, ...)
        One row a sample.
    y : array-like of shape (n_samples,)
        Labels.
    cv : int, splitter, or iterable of (train, test) row numbers, default=5
        The folds. An int with `groups` means stratified grouped folds (shuffled, seed 0). For
        several repeats pass :class:`RepeatedGroupKFold`.
    groups : array-like of shape (n_samples,), default=None
        Who each row belongs to. Used by the folds, and passed (the training rows' part) to whatever
        takes `groups` in a model: an estimator's ``fit``, such as that of
        ``fusion.DecisionFusion``, and the grouped folds of a search; see Notes.
    singles : sequence of str, default=None
        Which of `models` use a single modality. None: no differences are computed.
    scoring : str or callable, default="accuracy"
        A scikit-learn scorer: a name, or ``scorer(estimator, X, y)``. Higher is better.
    n_jobs : int or None, default=None
        Fits run side by side (joblib). Times are only comparable with one job.

    Returns
    -------
    DataFrame
        One row a model, in the order given: `mean`, `low`, `high` (score and its 95 % interval);
        with `singles` also `difference`, `difference_low`, `difference_high`, `p_value` (to the
        best single modality; NaN p for itself); `fit_seconds`, `predict_seconds` (means over
        folds). ``attrs["scores"]`` holds the scores of every fold by model (a dict of lists),
        ``attrs["best_single"]`` the name of the best single modality.

    Raises
    ------
    ValueError
        If there is no model, a name in `singles` or `scoring` is unknown, lengths disagree, `cv`
        gives no folds, a label or group is missing, a fold has a row or group on both sides, or
        `X`, `y` and `groups` name the same rows in different orders.
    TypeError
        If a model is no estimator, or `X` no table.
    RuntimeError
        If a model fails in a fold; its name and the fold are in the message.

    Warns
    -----
    UserWarning
        If a part of a model takes `groups` that do not reach it, or makes folds of its own that do
        not look at groups.

    See Also
    --------
    corrected_t_test : The test, for scores that you have already.
    sklearn.model_selection.cross_validate : Cross-validates one model.

    Notes
    -----
    Intervals and p-values are those of :func:`corrected_t_test`; intervals may reach beyond what
    the score can be. With several models, expect one p below 0.05 in twenty by chance alone.

    Groups travel by scikit-learn's metadata routing, enabled while a model that takes them is
    fitted, so a search hands them on to the model that it tunes.

    Taught in notebook 06. Not for choosing the best of many models and quoting its score: it is the
    best partly by luck. Quote it on data that no comparison has seen.

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning 52, 239-281.

    Examples
    --------
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 100)
    >>> X = pd.DataFrame({"eye": y + rng.normal(size=200), "ear": y + rng.normal(size=200)})
    >>> def model(*columns):
    ...     chosen = make_column_transformer(("passthrough", list(columns)))
    ...     return make_pipeline(chosen, LogisticRegression())
    >>> models = {"eye": model("eye"), "ear": model("ear"), "both": model("eye", "ear")}
    >>> table = compare(models, X, y, cv=5, singles=["eye", "ear"])
    >>> table.attrs["best_single"]
    'ear'
    >>> bool(table.loc["both", "difference"] > 0)
    True
    """
    _validate(models, singles, scoring, n_jobs)
    n_samples = _checks.n_rows(X)
    X = as_table(X) if isinstance(X, np.ma.MaskedArray) else X  # what is masked is missing
    require_same_rows(X=X, y=y, groups=groups)
    rows = row_names(X) if isinstance(X, pd.DataFrame) else None
    y = _checks.target(y, rows=rows)
    X, _ = indexable(X, y)
    if groups is not None:
        groups = _checks.groups(groups, length=n_samples, rows=rows)
    classifiers = [_is_classifier(name, model) for name, model in models.items()]
    if all(classifiers) and y.ndim == 1:
        as_target(y, rows)  # says which objects are no labels
    folds = _folds(cv, X, y, groups, classifier=all(classifiers))
    asking = {name: _asking_for_groups(name, model, groups) for name, model in models.items()}
    results = Parallel(n_jobs=n_jobs)(
        delayed(_score_fold)(name, model, X, y, params, number, fold, scoring)
        for name, (model, params) in asking.items()
        for number, fold in enumerate(folds)
    )
    runs = np.array(results).reshape(len(models), len(folds), 3)
    scores = dict(zip(models, runs[:, :, 0], strict=True))
    test_share = float(np.mean([len(test) / len(train) for train, test in folds]))

    table = pd.DataFrame(
        [corrected_t_test(scores[name], test_share)[:3] for name in models],
        index=pd.Index(models, name="model"),
        columns=["mean", "low", "high"],
    )
    if singles is not None:
        best = max(singles, key=lambda name: scores[name].mean())
        tests = [corrected_t_test(scores[name] - scores[best], test_share) for name in models]
        table["difference"] = [test.mean for test in tests]
        table["difference_low"] = [test.low for test in tests]
        table["difference_high"] = [test.high for test in tests]
        table["p_value"] = [test.p_value for test in tests]
        table.loc[best, "p_value"] = np.nan
        table.attrs["best_single"] = best
    table["fit_seconds"] = runs[:, :, 1].mean(axis=1)
    table["predict_seconds"] = runs[:, :, 2].mean(axis=1)
    # Plain lists: pandas compares attrs when it joins tables, and arrays have no single truth.
    table.attrs["scores"] = {name: values.tolist() for name, values in scores.items()}
    return table


def _validate(models: Any, singles: Any, scoring: Any, n_jobs: Any) -> None:
    if not isinstance(models, Mapping) or not models:
        raise ValueError("no models: pass a mapping of names to estimators, {'text': ..., ...}")
    if isinstance(singles, str):
        raise ValueError(f"singles must be a list of names; write singles=[{singles!r}]")
    if singles is not None:
        if isinstance(singles, set | frozenset) or not isinstance(singles, Collection):
            raise ValueError(f"singles must be a list of names, got {singles!r:.60}")
        unknown = [name for name in singles if name not in list(models)]
        if unknown or not len(singles):
            raise ValueError(
                f"singles must name one or more of the models {list(models)}; got {list(singles)}"
            )
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        raise ValueError(
            f"scoring is {scoring!r:.60}; sklearn.metrics.get_scorer_names() lists the names"
        )
    if scoring is not None and not isinstance(scoring, str) and not callable(scoring):
        raise ValueError(
            f"scoring is {scoring!r:.60}; expected one scorer: its name, or a function of a fitted "
            "model, X and y"
        )
    check_ranges({"n_jobs": JOBS}, n_jobs=n_jobs)


def _is_classifier(name: str, model: Any) -> bool:
    """Tell whether a model is a classifier, or say that it is no model."""
    try:
        if isinstance(model, type) or not hasattr(model, "fit"):
            raise TypeError
        classifier = bool(is_classifier(model))
    except (AttributeError, TypeError):  # a part of it that scikit-learn asks is none
        raise TypeError(
            f"model {name!r} is no scikit-learn estimator, or has a part that is none: "
            f"{model!r:.200}"
        ) from None
    parts = getattr(model, "estimators", None)  # of a vote or a stack
    pairs = [p for p in parts if isinstance(p, tuple)] if isinstance(parts, list) else []
    empty = [pair[0] for pair in pairs if pair[1:] == (None,)]
    if empty:
        raise TypeError(f"model {name!r}: part {empty[0]!r} is None: give an estimator, or 'drop'")
    if not any(hasattr(model, how) for how in ("predict", "score")):
        raise TypeError(f"model {name!r} can neither predict nor score: {model!r:.200}")
    return classifier


def _folds(
    cv: Any, X: Any, y: NDArray, groups: NDArray | None, *, classifier: bool
) -> list[tuple[NDArray, NDArray]]:
    """Return the folds as row numbers, after making sure that nothing is on both sides."""
    splitter = cv
    try:
        if isinstance(cv, Mapping | Set | str):
            raise TypeError("give a number, a splitter, or a list of (train, test) row numbers")
        if isinstance(cv, int | np.integer) and cv > 1:
            if classifier and y.ndim == 1 and len(y):
                most = np.unique(y, return_counts=True)[1].max()
                if most < cv:
                    raise ValueError(
                        f"no class has so many rows, the largest has {most}: give fewer folds, or, "
                        "where labels are numbers to predict, a model that is no classifier"
                    )
            if groups is not None:
                kind = StratifiedGroupKFold if classifier else GroupKFold
                splitter = kind(int(cv), shuffle=True, random_state=0)
        splitter = check_cv(splitter, y, classifier=classifier)
        with warnings.catch_warnings():  # whether groups are respected is checked below
            warnings.filterwarnings("ignore", message="The groups parameter is ignored")
            folds = [
                (_row_numbers(train, len(y)), _row_numbers(test, len(y)))
                for train, test in splitter.split(X, y, groups)
            ]
    except (TypeError, ValueError) as error:
        raise ValueError(f"cv={cv!r:.60} gives no folds of {len(y)} samples: {error}") from error
    if len(folds) < 2:
        raise ValueError(f"cv gave {len(folds)} fold: at least two are needed for an interval")
    for k, (train, test) in enumerate(folds):
        both = np.unique(test[np.isin(test, train)])  # quicker than intersect1d on row numbers
        if len(both):
            raise ValueError(
                f"fold {k} has {len(both)} rows in both training and test (row {both[0]} for one): "
                "what a model has seen is no test of it"
            )
        if groups is None:
            continue
        shared = np.intersect1d(groups[train], groups[test])
        if len(shared):
            raise ValueError(
                f"fold {k} has {len(shared)} groups in both training and test "
                f"({shared[0]!s} for one); use a grouped splitter, such as "
                "RepeatedGroupKFold, or pass cv as a number"
            )
    return folds


def _row_numbers(rows: Any, n_samples: int) -> NDArray[np.intp]:
    """Return the rows of one side of a fold as numbers; a mask names them as well."""
    numbers = np.asarray(rows)
    if numbers.shape == (n_samples,) and numbers.dtype == bool:
        numbers = np.flatnonzero(numbers)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or not len(numbers):
        raise ValueError(f"each side of a fold must be row numbers, got {rows!r:.60}")
    if numbers.min() < 0 or numbers.max() >= n_samples:
        raise ValueError(f"row numbers go from 0 to {n_samples - 1}, got {rows!r:.60}")
    return numbers


def _asking_for_groups(name: str, model: Any, groups: NDArray | None) -> tuple[Any, dict[str, Any]]:
    """Return a copy of a model in which all parts that take groups ask for them, and what to pass.

    Warns where groups would be lost in silence.
    """
    model = clone(model)
    if groups is None:
        return model, {}
    try:
        inner = model.get_params().values()
    except TypeError:  # a class in the place of an estimator, of which fit tells
        inner = ()
    parts = [
        part for part in (model, *inner) if hasattr(part, "fit") and not isinstance(part, type)
    ]
    takers = [part for part in parts if "groups" in inspect.signature(part.fit).parameters]
    with config_context(enable_metadata_routing=True):
        for part in takers:
            part.set_fit_request(groups=True)
        try:
            reached = get_routing_for_object(model).consumes("fit", ["groups"])
        except NotImplementedError:  # some of scikit-learn's meta-estimators hand nothing on
            reached = set()
    if takers and not reached:
        warnings.warn(
            f"model {name!r}: {type(takers[0]).__name__} takes groups, but {type(model).__name__} "
            "does not hand them on to it",
            stacklevel=3,
        )
    for part in parts:
        cv = getattr(part, "cv", "none")
        looks = isinstance(cv, str) or get_routing_for_object(cv).consumes("split", ["groups"])
        if part not in takers and not looks:
            warnings.warn(
                f"model {name!r}: the folds of {type(part).__name__} (cv={cv!r}) may split groups, "
                "and what it learns from them holds for known groups only; give it a grouped "
                "splitter, such as GroupKFold()",
                stacklevel=3,
            )
    return model, {"groups": groups} if reached else {}


def _score_fold(
    name: str,
    model: Any,
    X: Any,
    y: NDArray,
    params: dict[str, Any],
    number: int,
    fold: tuple[NDArray, NDArray],
    scoring: Any,
) -> tuple[float, float, float]:
    """Fit and score one model on one fold: (score, fit seconds, predict seconds)."""
    try:
        with config_context(enable_metadata_routing=True if params else None):
            run = cross_validate(
                model, X, y, cv=[fold], scoring=scoring, params=params, error_score="raise"
            )
    except Exception as error:
        raise RuntimeError(f"model {name!r} failed in fold {number}: {error}") from error
    result = run.get("test_score", [None])[0]  # there is none if the scorer returns several
    if not isinstance(result, Real):
        raise RuntimeError(f"model {name!r} has score {result!r} in fold {number}, not one number")
    score = float(result)
    if not np.isfinite(score):
        raise RuntimeError(f"model {name!r} has score {score} in fold {number}")
    return score, float(run["fit_time"][0]), float(run["score_time"][0])
