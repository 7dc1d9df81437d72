"""Evaluation against closed forms, published formulas, scikit-learn and SciPy."""

from __future__ import annotations

import math
import time
import warnings
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.sparse import csr_matrix
from sklearn import get_config, metrics
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from mmtutor import evaluation as ev
from mmtutor.fusion import DecisionFusion
from mmtutor.information import joint_distribution

# --- comparison ------------------------------------------------------------------------------


def test_corrected_t_test_by_hand():
    d = [0.02, 0.04, 0.03, 0.01, 0.05]
    mean = sum(d) / 5
    variance = sum((x - mean) ** 2 for x in d) / 4
    error = math.sqrt((1 / 5 + 1 / 4) * variance)
    result = ev.corrected_t_test(d, test_share=1 / 4)
    assert result.mean == pytest.approx(mean)
    assert result.statistic == pytest.approx(mean / error)
    assert result.p_value == pytest.approx(2 * (1 - stats.t.cdf(mean / error, 4)))
    assert result.high - result.mean == pytest.approx(2.776445 * error, rel=1e-6)  # t table
    assert result.mean - result.low == pytest.approx(result.high - result.mean)


def test_without_overlap_it_is_the_plain_t_test():
    d = np.random.default_rng(0).normal(0.1, 1, size=20)
    ours, plain = ev.corrected_t_test(d, test_share=1e-12), stats.ttest_1samp(d, 0)
    assert ours.statistic == pytest.approx(plain.statistic)
    assert ours.p_value == pytest.approx(plain.pvalue)
    assert tuple(ours[1:3]) == pytest.approx(tuple(plain.confidence_interval()))


def test_correction_keeps_its_promise_where_the_plain_test_does_not():
    """Two equally good models: the corrected test rejects rarely, the plain one far too often."""

    def nearest_mean_accuracy(x, y, train, test):
        cut = (x[train][y[train] == 0].mean() + x[train][y[train] == 1].mean()) / 2
        return np.mean((x[test] > cut) == y[test])

    rejected = {"corrected": 0, "plain": 0}
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=120)
        X = y[:, None] + rng.normal(size=(120, 2))  # both columns are equally informative
        orders = [rng.permutation(120) for _ in range(15)]
        right = [[nearest_mean_accuracy(x, y, o[24:], o[:24]) for o in orders] for x in X.T]
        d = np.subtract(*right)
        rejected["corrected"] += ev.corrected_t_test(d, 24 / 96).p_value < 0.05
        rejected["plain"] += stats.ttest_1samp(d, 0).pvalue < 0.05
    assert rejected["corrected"] <= 12
    assert rejected["plain"] >= 30


def test_an_interval_that_reaches_to_infinity_is_refused():
    with pytest.raises(ValueError, match=r"confidence is 0.9999999999999999: too near to 1"):
        ev.corrected_t_test([0.1, 0.2], 0.25, confidence=1 - 1e-16)
    expected = ev.corrected_t_test([0.1, 0.2], 0.25, confidence=0.9)
    assert ev.corrected_t_test([0.1, 0.2], 0.25, confidence=Fraction(9, 10)) == expected


def test_t_test_without_variance():
    assert ev.corrected_t_test([0.0, 0.0], 0.25).p_value == 1
    assert ev.corrected_t_test([0.1, 0.1], 0.25).p_value == 0
    assert ev.corrected_t_test([-0.5, -0.5], 0.25).statistic == -math.inf


@pytest.mark.parametrize(
    ("differences", "test_share", "message"),
    [
        ([0.1], 0.25, "at least two differences"),
        ([], 0.25, "at least two differences"),
        ([[0.1, 0.2]], 0.25, r"got shape \(1, 2\)"),
        ([0.1, np.nan], 0.25, "1 of 2 differences are NaN"),
        ([0.1, 0.2], 0, "n_test / n_train"),
        ({0.1: 1, 0.2: 2}, 0.25, "differences must be numbers, got {0.1"),
        ([1e-200, 2e-200], 0.25, "differences of up to 2e-200 underflow: scale them first"),
    ],
)
def test_t_test_errors(differences, test_share, message):
    with pytest.raises(ValueError, match=message):
        ev.corrected_t_test(differences, test_share)


@pytest.fixture
def people():
    """Two modalities, 12 people of 10 samples each; each person has an offset that leaks."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(12), 10)
    y = rng.integers(2, size=120)
    X = pd.DataFrame(
        {"eye": y + rng.normal(size=120), "ear": y + rng.normal(size=120), "who": groups}
    )
    return X, y, groups


def model(*columns):
    chosen = make_column_transformer(("passthrough", list(columns)))
    return make_pipeline(chosen, LogisticRegression())


def test_compare_agrees_with_scikit_learn(people):
    X, y, groups = people
    models = {"eye": model("eye"), "ear": model("ear"), "both": model("eye", "ear")}
    cv = GroupKFold(4)
    table = ev.compare(models, X, y, cv, groups=groups, singles=["eye", "ear"])
    for name, estimator in models.items():
        expected = cross_val_score(estimator, X, y, groups=groups, cv=cv)
        assert table.attrs["scores"][name] == pytest.approx(expected.tolist())
        assert table.loc[name, "mean"] == pytest.approx(expected.mean())
    best = table.loc[["eye", "ear"], "mean"].idxmax()
    assert table.attrs["best_single"] == best
    d = np.subtract(table.attrs["scores"]["both"], table.attrs["scores"][best])
    by_hand = ev.corrected_t_test(d, 1 / 3)
    row = table.loc["both"]
    assert row["difference"] == pytest.approx(by_hand.mean)
    assert row["difference_low"] == pytest.approx(by_hand.low)
    assert row["difference_high"] == pytest.approx(by_hand.high)
    assert row["p_value"] == pytest.approx(by_hand.p_value)
    assert table.loc[best, "difference"] == 0
    assert np.isnan(table.loc[best, "p_value"])
    assert (table["fit_seconds"] > 0).all()
    assert (table["predict_seconds"] > 0).all()


def test_singles_may_be_the_keys_of_a_mapping():
    models = {"eye": DummyClassifier(), "ear": DummyClassifier()}
    for singles in (models, models.keys(), ("eye",), np.array(["eye"])):
        table = ev.compare(models, np.zeros((6, 1)), [0, 1] * 3, 2, singles=singles)
        assert table.attrs["best_single"] == "eye"


def test_compare_without_singles_and_with_another_scorer(people):
    X, y, _ = people
    table = ev.compare({"both": model("eye", "ear")}, X, y, cv=3, scoring="neg_log_loss")
    assert list(table.columns) == ["mean", "low", "high", "fit_seconds", "predict_seconds"]
    assert table.loc["both", "mean"] < 0


def test_compare_leaves_its_models_unfitted_and_tables_joinable(people):
    X, y, groups = people
    both = model("eye", "ear")
    tables = [ev.compare({"both": both}, X, y, cv=3, groups=groups) for _ in range(2)]
    assert not hasattr(both[-1], "coef_")
    assert len(pd.concat(tables)) == 2


def test_a_number_of_folds_keeps_groups_apart(people):
    """A tree on the person's number scores highly only if people are on both sides."""
    X, _, groups = people
    y = (groups * 7 % 12 < 6).astype(int)  # a person's label is the person's own
    chosen = make_column_transformer(("passthrough", ["who"]))
    models = {"who": make_pipeline(chosen, DecisionTreeClassifier(random_state=0))}
    mixed = KFold(4, shuffle=True, random_state=0)
    assert ev.compare(models, X, y, mixed).loc["who", "mean"] == 1
    assert ev.compare(models, X, y, cv=4, groups=groups).loc["who", "mean"] < 0.7


def test_a_splitter_that_splits_groups_is_refused(people):
    X, y, groups = people
    with pytest.raises(ValueError, match="groups in both training and test"):
        ev.compare({"m": model("eye")}, X, y, KFold(3, shuffle=True), groups=groups)


class NeedsGroups(ClassifierMixin, BaseEstimator):
    """Fits only with the training rows' groups, as out-of-fold calibration by person does."""

    def __init__(self, note=0):
        self.note = note

    def fit(self, X, y, groups=None):
        if groups is None or len(groups) != len(X) or not np.array_equal(groups, X["who"]):
            raise ValueError("the groups are not those of the training rows")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def searching(estimator, cv):
    return GridSearchCV(estimator, {"note": [1]}, cv=cv)


@pytest.mark.filterwarnings("error")
def test_training_groups_reach_models_that_take_them(people):
    X, y, groups = people
    cv = GroupKFold(2)
    models = {
        "bare": NeedsGroups(),
        "in a pipeline": make_pipeline(FunctionTransformer(), NeedsGroups()),
        "takes none": DummyClassifier(),
        "search": GridSearchCV(model("eye"), {"logisticregression__C": [1]}, cv=cv),
        "in a search": searching(NeedsGroups(), cv),
        "in a search with folds of ours": searching(NeedsGroups(), ev.RepeatedGroupKFold(2, 1)),
        "in a random search": RandomizedSearchCV(NeedsGroups(), {"note": [1, 2]}, n_iter=2, cv=cv),
        "search in a pipeline": make_pipeline(FunctionTransformer(), searching(NeedsGroups(), cv)),
    }
    table = ev.compare(models, X, y, ev.RepeatedGroupKFold(3, 2), groups=groups)
    assert len(table.attrs["scores"]["bare"]) == 6
    assert not get_config()["enable_metadata_routing"]
    with pytest.raises(RuntimeError, match="'bare' failed in fold 0: the groups are not"):
        ev.compare({"bare": NeedsGroups()}, X, y, cv=3)


def test_a_fusion_in_a_search_is_calibrated_on_unknown_people(people):
    """A search over one candidate is that candidate: same folds, same groups, same scores."""
    X, y, groups = people
    experts = [("eye", LogisticRegression(), ["eye"]), ("who", LogisticRegression(), ["who"])]
    fusion = DecisionFusion(experts, rule="product", cv=3)
    search = GridSearchCV(fusion, {"rule": ["product"]}, cv=GroupKFold(2))
    table = ev.compare(
        {"fusion": fusion, "search": search}, X, y, 3, groups=groups, scoring="neg_log_loss"
    )
    scores = table.attrs["scores"]
    assert scores["search"] == pytest.approx(scores["fusion"])
    strangers = GroupKFold(3)
    by_hand = []
    for train, test in strangers.split(X, y, groups):
        fitted = clone(fusion).fit(X.iloc[train], y[train], groups=groups[train])
        by_hand.append(-metrics.log_loss(y[test], fitted.predict_proba(X.iloc[test])))
    table = ev.compare({"search": search}, X, y, strangers, groups=groups, scoring="neg_log_loss")
    assert table.attrs["scores"]["search"] == pytest.approx(by_hand)


class Wrapper(ClassifierMixin, BaseEstimator):
    """Hands no groups on."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_groups_that_would_be_lost_are_warned_of(people):
    X, y, groups = people
    with pytest.warns(UserWarning, match="model 'w': NeedsGroups takes groups, but Wrapper does"):
        ev.compare({"w": Wrapper(NeedsGroups())}, X, y, 3, groups=groups)
    for cv in (2, KFold(2), None):
        with pytest.warns(UserWarning, match=r"model 's': the folds of GridSearchCV \(cv=.*split"):
            ev.compare({"s": searching(NeedsGroups(), cv)}, X, y, 3, groups=groups)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": {}}, "no models"),
        ({"singles": ["nose"]}, r"singles must name .* got \['nose'\]"),
        ({"singles": "eye"}, r"write singles=\['eye'\]"),
        ({"singles": []}, "singles must name"),
        ({"y": [0, 1]}, "inconsistent numbers of samples"),
        ({"y": dict.fromkeys(range(120), "a")}, "labels must be a row of labels, got {0: 'a'"),
        ({"y": [0, np.nan] * 60}, "60 of 120 labels are missing .* at 1, 3"),
        ({"y": ["a", np.nan] * 60}, "60 of 120 labels are missing .* at 1, 3"),
        ({"y": [0, np.inf] * 60}, "60 of 120 labels are infinite, at 1, 3"),
        ({"y": ["a", 1] * 60}, r"labels are of several kinds, \['int', 'str'\]"),
        ({"y": np.ma.array([0, 1] * 60, mask=[0, 1] * 60)}, "60 of 120 labels are missing"),
        ({"y": np.array([0, 1] * 60, dtype=object)}, r"objects of type int; .* y.astype\(int\)"),
        ({"y": range(120)}, "cv=3 .*: no class has so many rows, the largest has 1"),
        ({"X": {"eye": [0] * 120}}, "X must be a table"),
        (
            {
                "X": np.ma.array(np.zeros((120, 1)), mask=True),
                "models": {"m": LogisticRegression()},
            },
            "model 'm' failed in fold 0: Input X contains NaN",
        ),
        (
            {"models": {"m": None}},
            "model 'm' is no scikit-learn estimator, or has a part that is none: None",
        ),
        ({"models": {"m": LogisticRegression}}, "model 'm' is no scikit-learn estimator"),
        ({"models": {"m": GridSearchCV(None, {})}}, r"part that is none: .*\(estimator=None"),
        ({"models": {"m": Pipeline([("last", None)])}}, "model 'm' can neither predict nor score"),
        ({"models": {"m": VotingClassifier([("a", None)])}}, "model 'm': part 'a' is None: give"),
        (
            {
                "models": {"m": DecisionFusion([("a", DummyClassifier, ["eye"])])},
                "groups": np.arange(120) // 10,
            },
            "model 'm' failed in fold 0: expert 'a', .* is no classifier",
        ),
        ({"singles": {"eye"}}, "singles must be a list of names, got {'eye'"),
        ({"singles": 3}, "singles must be a list of names, got 3"),
        ({"scoring": "accurate"}, "scoring is 'accurate'; sklearn.metrics.get_scorer_names"),
        ({"scoring": ["accuracy"]}, r"scoring is \['accuracy'\]; expected one scorer"),
        ({"scoring": lambda model, X, y: {"a": 1}}, "model 'eye' has score None in fold 0, not"),
        ({"scoring": lambda model, X, y: 1j}, "not one number"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"cv": {"a": 1}}, "cv={'a': 1} gives no folds .*: give a number, a splitter"),
        ({"cv": [([0, 1, 2], [2, 3])] * 2}, r"fold 0 has 1 rows in both .* \(row 2 for one\)"),
        ({"cv": [([0, 1], [-1])] * 2}, r"row numbers go from 0 to 119, got \[-1\]"),
        ({"cv": [([0, 1], [])] * 2}, r"each side of a fold must be row numbers, got \[\]"),
        ({"groups": "who"}, r"got the name 'who': pass X\['who'\]"),
        ({"groups": [1, 2]}, "expected 120 groups .*, got 2"),
        ({"groups": [1, np.inf] * 60}, "60 of 120 groups .* are infinite, at 1"),
        ({"groups": [None] * 2 + ["a"] * 118}, "2 of 120 groups .* missing .* at 0, 1"),
        ({"groups": [[1, 2]] * 120}, "groups .* must be a row of labels"),
    ],
)
def test_compare_errors(people, change, message):
    X, y, _ = people
    arguments = {"models": {"eye": model("eye")}, "X": X, "y": y, "cv": 3} | change
    with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
        ev.compare(**arguments)


def test_folds_are_the_same_as_masks_and_as_a_number_of_numpy(people):
    """The share of the test set, which the interval needs, is counted in rows, not in cells."""
    X, y, groups = people
    models = {"eye": model("eye")}
    numbers = list(KFold(3).split(X))
    masks = [[np.isin(range(120), side) for side in fold] for fold in numbers]
    columns = ["mean", "low", "high"]
    pd.testing.assert_frame_equal(
        ev.compare(models, X, y, masks)[columns], ev.compare(models, X, y, numbers)[columns]
    )
    pd.testing.assert_frame_equal(
        ev.compare(models, X, y, np.int64(3), groups=groups)[columns],
        ev.compare(models, X, y, 3, groups=groups)[columns],
    )


def test_missing_labels_and_groups_are_named_by_the_rows_of_the_table(people):
    X, y, groups = people
    X = X.set_axis([f"row {n}" for n in range(120)])
    hidden = np.where(groups == 5, np.nan, groups)
    for change in ({"y": hidden}, {"y": y, "groups": hidden}):
        with pytest.raises(ValueError, match=r"10 of 120 .* at row 50, row 51"):
            ev.compare({"eye": model("eye")}, X, cv=3, **change)


class Slow(DummyClassifier):
    def fit(self, X, y):
        time.sleep(0.5)
        return super().fit(X, y)


def test_times_are_measured():
    table = ev.compare({"slow": Slow()}, np.zeros((6, 1)), [0, 1] * 3, cv=2)
    assert table.loc["slow", "fit_seconds"] >= 0.5 > table.loc["slow", "predict_seconds"]


def test_repeated_group_k_fold(people):
    X, y, groups = people
    cv = ev.RepeatedGroupKFold(n_splits=3, n_repeats=2)
    folds = list(cv.split(X, y, groups))
    assert len(folds) == cv.get_n_splits() == 6
    for repeat in (folds[:3], folds[3:]):
        assert sorted(np.concatenate([test for _, test in repeat])) == list(range(120))
    assert not np.array_equal(folds[0][1], folds[3][1])
    again = list(cv.split(X, y, groups))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))
    assert len(cross_val_score(model("eye"), X, y, groups=groups, cv=cv)) == 6
    with pytest.raises(ValueError, match="groups is missing"):
        next(cv.split(X, y))
    with pytest.raises(ValueError, match=r"1 of 120 groups .* missing"):
        next(cv.split(X, y, [np.nan, *groups[1:]]))
    for y_wrong, message in (
        (None, "y is missing"),
        (X["eye"], "y holds no classes, but continuous values such as"),
        (dict.fromkeys(range(120)), "labels must be a row of labels"),
        ([*y[1:], np.inf], "1 of 120 labels are infinite, at 119"),
        (np.ma.array(y, mask=y == 1), "of 120 labels are missing"),
        (y[1:], "expected 120 labels, got 119"),
        (y.astype(object), "objects of type int; make them text or numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            next(cv.split(X, y_wrong, groups))
    with pytest.raises(ValueError, match="n_splits is 13, and there are 12 groups"):
        next(ev.RepeatedGroupKFold(13).split(X, y, groups))
    with pytest.raises(ValueError, match="n_repeats is 'a'"):
        ev.RepeatedGroupKFold(2, "a").get_n_splits()
    assert ev.RepeatedGroupKFold(np.int8(100), np.int8(100)).get_n_splits() == 10_000
    small = ev.RepeatedGroupKFold(3, 2, random_state=np.int8(127)).split(X, y, groups)
    assert len(list(small)) == 6
    assert repr(cv).startswith("RepeatedGroupKFold(n_repeats=2, n_splits=3")


# --- verification ----------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0, 3.0])
def test_eer_of_normal_scores_has_a_closed_form(distance):
    quantiles = (np.arange(20_000) + 0.5) / 20_000
    impostor = stats.norm.ppf(quantiles)
    rate, threshold = ev.det_curve(impostor + distance, impostor).equal_error()
    assert ev.equal_error_rate(impostor + distance, impostor) == rate
    assert rate == pytest.approx(stats.norm.cdf(-distance / 2), abs=2e-4)
    assert threshold == pytest.approx(distance / 2, abs=2e-3)


def test_eer_of_uneven_normal_scores():
    """Unequal deviations: the threshold solves t/1 = (d - t)/s, so EER = Phi(-d / (1 + s))."""
    quantiles = (np.arange(20_000) + 0.5) / 20_000
    z = stats.norm.ppf(quantiles)
    assert ev.equal_error_rate(2 + 0.5 * z, z) == pytest.approx(stats.norm.cdf(-2 / 1.5), abs=2e-4)


def test_eer_at_the_edges():
    assert ev.equal_error_rate([2, 3], [0, 1]) == 0
    assert ev.equal_error_rate([0, 1], [2, 3]) == 1
    assert ev.equal_error_rate([1, 1], [1, 1, 1]) == 0.5
    assert ev.det_curve([1, 1], [1, 1, 1]).equal_error() == (0.5, 1.0)
    assert ev.det_curve([2, 3], [0, 1]).equal_error() == (0, 2)
    # (FAR, FRR) goes (1, 0), (0, 1/3): the line meets FAR = FRR at 1/4.
    assert ev.equal_error_rate([0, 1, 1], [0, 0]) == pytest.approx(1 / 4)


def test_eer_ignores_order_and_scale_and_size_of_the_larger_set():
    rng = np.random.default_rng(0)
    genuine, impostor = rng.normal(2, 1, 200), rng.normal(0, 1, 3000)
    rate = ev.equal_error_rate(genuine, impostor)
    assert ev.equal_error_rate(rng.permutation(genuine) * 7 - 3, impostor * 7 - 3) == pytest.approx(
        rate
    )
    assert ev.equal_error_rate(genuine, np.tile(impostor, 2)) == pytest.approx(rate)
    assert ev.equal_error_rate(-impostor, -genuine) == pytest.approx(rate, abs=1e-3)


def test_det_curve_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    genuine, impostor = rng.normal(1, 1, 50).round(1), rng.normal(0, 1, 80).round(1)
    curve = ev.det_curve(genuine, impostor)
    labels = np.repeat([1, 0], [50, 80])
    far, tpr, _ = metrics.roc_curve(
        labels, np.concatenate([genuine, impostor]), drop_intermediate=False
    )
    assert curve.false_accept[::-1] == pytest.approx(far)
    assert 1 - curve.false_reject[::-1] == pytest.approx(tpr)
    assert np.all(np.diff(curve.false_accept) <= 0)
    assert np.all(np.diff(curve.false_reject) >= 0)


def test_error_rates_count_ties_as_accepted():
    far, frr = ev.error_rates([1, 2], [1, 0], [1, 1.5])
    assert far.tolist() == [0.5, 0.0]
    assert frr.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("threshold", [np.nan, [0.5, np.nan], "abc", [None]])
def test_a_threshold_that_is_no_number_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold"):
        ev.error_rates([1, 2], [0, 1], threshold)
    assert ev.error_rates([1, 2], [0, 1], np.inf) == (0, 1)
    assert ev.error_rates([1, 2], [0, 1], -np.inf) == (1, 0)


@pytest.mark.parametrize(
    ("genuine", "impostor", "message"),
    [
        ([], [1], "genuine scores are empty"),
        ([1], [], "impostor scores are empty"),
        ([1, np.nan], [1], "1 of 2 genuine scores are NaN"),
        ([1], [np.inf], "1 of 1 impostor scores are NaN or infinite"),
        ([[1, 2]], [1], r"1 axes, got an array of shape \(1, 2\)"),
        (["high"], [1], r"genuine scores must be numbers, got \['high'\]"),
    ],
)
def test_verification_errors(genuine, impostor, message):
    for metric in (ev.equal_error_rate, ev.det_curve):
        with pytest.raises(ValueError, match=message):
            metric(genuine, impostor)


def test_split_scores():
    scores = np.arange(6.0).reshape(2, 3)
    genuine, impostor = ev.split_scores(scores, ["a", "b", "a"], ["a", "b"])
    assert genuine.tolist() == [0, 2, 4]
    assert impostor.tolist() == [1, 3, 5]
    with pytest.raises(ValueError, match="no impostor pair among the 3"):
        ev.split_scores(scores[:1], ["a", "a", "a"], ["a"])
    with pytest.raises(ValueError, match="no genuine pair"):
        ev.split_scores(scores, ["a", "a", "a"], ["b", "c"])
    with pytest.raises(ValueError, match="expected 3 gallery labels"):
        ev.split_scores(scores, ["a", "b"], ["a", "b"])
    with pytest.raises(ValueError, match=r"2 of 3 gallery labels are missing .* at 0, 1"):
        ev.split_scores(scores, [None, None, "a"], [None, "a"])  # two unknowns are not one person
    with pytest.raises(ValueError, match="1 of 2 probe labels are missing"):
        ev.split_scores(scores, [1, 2, 3], [np.nan, 2])


def test_score_normalisation():
    rng = np.random.default_rng(2)
    scores, cohort = rng.normal(5, 3, (4, 6)), rng.normal(5, 3, (50, 6))
    for axis in (0, None):
        assert ev.z_norm(cohort, cohort, axis=axis).mean() == pytest.approx(0, abs=1e-12)
        moved = ev.z_norm(scores * 10 + 7, cohort * 10 + 7, axis=axis)
        assert moved == pytest.approx(ev.z_norm(scores, cohort, axis=axis))
    assert ev.z_norm(cohort, cohort) == pytest.approx(stats.zscore(cohort, axis=0))
    assert ev.z_norm(cohort[0], cohort[0], axis=None) == pytest.approx(stats.zscore(cohort[0]))
    assert ev.t_norm(cohort, cohort) == pytest.approx(stats.zscore(cohort, axis=1))
    assert ev.t_norm(scores, rng.normal(size=(4, 9))).shape == scores.shape
    with pytest.raises(ValueError, match="same templates"):
        ev.z_norm(scores, cohort[:, :3])
    with pytest.raises(ValueError, match="same probes"):
        ev.t_norm(scores, cohort)
    with pytest.raises(ValueError, match="all equal"):
        ev.z_norm(scores, np.ones((5, 6)))
    with pytest.raises(ValueError, match="axis must be 0"):
        ev.z_norm(scores, cohort, axis=1)
    with pytest.raises(ValueError, match="cohort scores are empty"):
        ev.z_norm(scores, np.empty((0, 6)))


@pytest.mark.parametrize("cohort", [[[1e300], [2e300]], [[1e-200], [2e-200]]])
@pytest.mark.filterwarnings("error")
def test_scores_that_cannot_be_normalised_are_refused(cohort):
    with pytest.raises(ValueError, match="cannot be normalised in float64: scale them first"):
        ev.z_norm([[1.0]], cohort)
    with pytest.raises(ValueError, match="all equal somewhere"):
        ev.z_norm([[1.0]], [[0.1]] * 3)  # although their deviation is 1e-17
    for axis in (False, np.timedelta64(0)):
        with pytest.raises(ValueError, match="axis must be 0"):
            ev.z_norm([[1.0]], [[0.0], [1.0]], axis=axis)


@pytest.mark.filterwarnings("error")
def test_the_threshold_of_large_scores_is_finite():
    assert ev.det_curve([1.7e308, -1.7e308], [-1.7e308, 1.7e308]).equal_error() == (0.5, 1.7e308)
    assert ev.det_curve(
        [-1.7e308, 1.7e308, 1.7e308], [-1.7e308] * 3
    ).equal_error() == pytest.approx((0.25, 1.7e308 / 2))


def test_a_curve_that_has_no_equal_error_is_refused():
    for far, frr in (([0, 0.5, 1], [1, 0.5, 0]), ([1, np.nan, 0], [0, 0.5, 1]), ([], []), (1, 0)):
        with pytest.raises(ValueError, match="the rates never meet"):
            ev.DETCurve(np.array(far), np.array(frr), np.arange(3.0)).equal_error()


# --- identification --------------------------------------------------------------------------


def test_rank_one_is_the_accuracy_of_the_nearest_neighbour():
    rng = np.random.default_rng(0)
    gallery = np.repeat(list("abcdef"), 2)
    probes = rng.choice(list("abcdef"), 100)
    scores = rng.normal(size=(100, 12)) + 1.5 * (probes[:, None] == gallery)
    nearest = gallery[scores.argmax(axis=1)]
    assert ev.rank_one(scores, gallery, probes) == pytest.approx(np.mean(nearest == probes))
    curve = ev.cmc_curve(scores, gallery, probes)
    assert curve.shape == (6,)
    assert np.all(np.diff(curve) >= 0)
    assert curve[-1] == 1


def test_cmc_agrees_with_top_k_accuracy():
    rng = np.random.default_rng(1)
    y = rng.integers(5, size=200)
    scores = rng.normal(size=(200, 5)) + np.eye(5)[y]
    expected = [metrics.top_k_accuracy_score(y, scores, k=k, labels=range(5)) for k in range(1, 5)]
    assert ev.cmc_curve(scores, np.arange(5), y)[:4] == pytest.approx(expected)


def test_constant_scores_earn_nothing():
    assert ev.rank_one(np.ones((3, 4)), list("abcd"), list("abc")) == 0
    assert ev.cmc_curve(np.ones((3, 4)), list("abcd"), list("abc")).tolist() == [0, 0, 0, 1]


def test_identification_errors():
    scores = np.ones((2, 3))
    with pytest.raises(ValueError, match="1 people among the probes are not in the gallery, z"):
        ev.cmc_curve(scores, list("abc"), list("az"))
    with pytest.raises(ValueError, match="expected 2 probe labels"):
        ev.cmc_curve(scores, list("abc"), list("abc"))
    with pytest.raises(ValueError, match="expected 3 gallery labels"):
        ev.cmc_curve(scores, list("ab"), list("ab"))
    with pytest.raises(ValueError, match="6 of 6 scores are NaN"):
        ev.cmc_curve(scores * np.nan, list("abc"), list("ab"))


# --- intervals -------------------------------------------------------------------------------


def test_bootstrap_of_a_mean_is_the_normal_interval():
    x = np.random.default_rng(0).normal(size=400)
    low, high = ev.bootstrap_interval(np.mean, x, n_resamples=4000)
    half = 1.96 * x.std() / 20
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.012)


def test_bootstrap_agrees_with_scipy():
    x = np.random.default_rng(1).exponential(size=60)
    ours = ev.bootstrap_interval(np.median, x, n_resamples=3000)
    theirs = stats.bootstrap((x,), np.median, n_resamples=3000, method="percentile", rng=0)
    assert tuple(ours) == pytest.approx(tuple(theirs.confidence_interval), abs=0.05)


def test_bootstrap_over_people_is_wider():
    """All rows of a person alike: 10 independent values, not 100."""
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(10), 10)
    x = rng.normal(size=10)[people]
    rows = ev.bootstrap_interval(np.mean, x)
    whole = ev.bootstrap_interval(np.mean, x, groups=people)
    ratio = (whole.high - whole.low) / (rows.high - rows.low)
    assert ratio == pytest.approx(math.sqrt(10), rel=0.15)


def test_bootstrap_keeps_arrays_together_and_is_repeatable():
    x = np.arange(10.0)
    owners = list("aabbbccccd")

    def together(a, b, c):
        assert np.array_equal(a * 2, b)
        assert np.array_equal(c[:, 0], a)
        return a.mean()

    arrays = (x, 2 * x, x[:, None])
    first = ev.bootstrap_interval(together, *arrays, groups=owners, n_resamples=50)
    assert first == ev.bootstrap_interval(together, *arrays, groups=owners, n_resamples=50)
    assert first != ev.bootstrap_interval(
        together, *arrays, groups=owners, n_resamples=50, random_state=1
    )


def test_bootstrap_errors():
    with pytest.raises(ValueError, match="equal length"):
        ev.bootstrap_interval(np.mean, [1, 2], [1])
    with pytest.raises(ValueError, match="equal length"):
        ev.bootstrap_interval(np.mean)
    for rows in ({1: 1, 2: 2}, {1, 2}, "ab", 3, [[1], [1, 2]], (x for x in [1, 2])):
        with pytest.raises(ValueError, match="array 1 must be an array with one row a sample, got"):
            ev.bootstrap_interval(np.mean, [1, 2], rows)
    with pytest.raises(TypeError, match=r"statistic must be a function .*, got 'mean'"):
        ev.bootstrap_interval("mean", [1, 2])
    with pytest.raises(ZeroDivisionError, match="the statistic failed on a resample: "):
        ev.bootstrap_interval(lambda x: 1 / 0, [1, 2])
    with pytest.raises(ValueError, match="one number, got None: does it end in return"):
        ev.bootstrap_interval(lambda x: None, [1, 2])
    with pytest.raises(ValueError, match="only one row: nothing"):
        ev.bootstrap_interval(np.mean, [1])
    with pytest.raises(ValueError, match=r"figures of up to 1.7e\+308 overflow"):
        ev.bootstrap_interval(
            lambda x: 1.7e308 * x[0], [1, -1], n_resamples=2, confidence=0.5, random_state=2
        )
    tenths = ev.bootstrap_interval(np.mean, [1, 2, 3], confidence=Fraction(9, 10))
    assert tenths == ev.bootstrap_interval(np.mean, [1, 2, 3], confidence=0.9)
    with pytest.raises(ValueError, match="empty"):
        ev.bootstrap_interval(np.mean, [])
    with pytest.raises(ValueError, match="array 1 has masked values"):
        ev.bootstrap_interval(np.mean, [1, 2], np.ma.array([1, 2], mask=[0, 1]))
    with pytest.raises(ValueError, match="what the statistic returns must be numbers"):
        ev.bootstrap_interval(lambda x: x[0], ["a", "b"])
    with pytest.raises(ValueError, match=r"one number, got shape \(2,\)"):
        ev.bootstrap_interval(lambda x: x[:2], [1, 2, 3])
    in_a_list = ev.bootstrap_interval(lambda x: [x.mean()], [1, 2, 3])
    assert in_a_list == ev.bootstrap_interval(np.mean, [1, 2, 3])
    with pytest.raises(ValueError, match=r"only one group \('a'\): nothing"):
        ev.bootstrap_interval(np.mean, [1, 2], groups=["a", "a"])
    with pytest.raises(ValueError, match=r"got the name 'who': pass X\['who'\]"):
        ev.bootstrap_interval(np.mean, [1, 2], groups="who")
    with pytest.raises(ValueError, match="expected 2 groups"):
        ev.bootstrap_interval(np.mean, [1, 2], groups=["a"])
    with pytest.raises(ValueError, match="NaN or infinite on 1000 of 1000"):
        ev.bootstrap_interval(lambda x: np.nan, [1, 2])
    with pytest.raises(ValueError, match=r"2 of 3 groups .* missing"):
        ev.bootstrap_interval(np.mean, [1, 2, 3], groups=["a", None, None])
    with pytest.raises(ValueError, match="n_resamples"):
        ev.bootstrap_interval(np.mean, [1, 2], n_resamples=0)


# --- calibration -----------------------------------------------------------------------------


def test_calibrated_and_overconfident():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=20_000)
    y = (rng.uniform(size=20_000) < p).astype(int)
    assert ev.expected_calibration_error(y, np.column_stack([1 - p, p])) < 0.015
    sure = np.column_stack([p < 0.5, p >= 0.5]).astype(float)
    # Always "certain", right in 3/4 of the cases: E max(p, 1-p) = 3/4.
    assert ev.expected_calibration_error(y, sure) == pytest.approx(0.25, abs=0.01)


def test_ece_by_hand_with_bins_on_the_edges():
    P = [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [1.0, 0.0]]
    bins = ev.reliability_diagram(["n", "n", "n", "p"], P, n_bins=4)
    assert bins["low"].tolist() == [0.25, 0.5, 0.75]
    assert bins["high"].tolist() == [0.5, 0.75, 1.0]
    assert bins["count"].tolist() == [1, 2, 1]
    assert bins["accuracy"].tolist() == [1, 0.5, 0]
    expected = (abs(1 - 0.5) + 2 * abs(0.5 - 0.75) + abs(0 - 1)) / 4
    assert ev.expected_calibration_error(["n", "n", "n", "p"], P, n_bins=4) == pytest.approx(
        expected
    )


def test_classes_give_the_order_of_the_columns():
    P = [[0.9, 0.1], [0.8, 0.2]]
    y = ["yes", "yes"]
    assert ev.reliability_diagram(y, P, classes=["yes", "no"])["accuracy"].tolist() == [1, 1]
    assert ev.reliability_diagram(y, P, classes=["no", "yes"])["accuracy"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("y", "P", "classes", "message"),
    [
        ([0, 1], [[0.9, 0.3], [0.1, 0.9]], None, "row sums go from 1 to 1.2"),
        ([0, 1], [[1.5, -0.5], [0.1, 0.9]], None, "lowest value is -0.5"),
        ([0, 1], [[np.nan, 1], [0, 1]], None, "1 of 4 probabilities are NaN"),
        ([0, 1], [0.2, 0.8], None, "must have 2 axes"),
        ([0, 0], [[0.9, 0.1], [0.9, 0.1]], None, "2 columns but there are 1 classes"),
        ([0, 5], [[0.9, 0.1], [0.9, 0.1]], [0, 1], "label 5 is not among the classes"),
        ([0, 1], [[0.9, 0.1], [0.9, 0.1]], [1, 1], "classes are named twice"),
        ([0, 1], [[0.9, 0.1], [0.9, 0.1]], [1, None], "1 of 2 classes are missing"),
        ([0], [[0.9, 0.1], [0.9, 0.1]], None, "expected 2 labels"),
        ([], np.empty((0, 2)), None, "probabilities are empty"),
        ([0, np.nan], [[0.9, 0.1], [0.9, 0.1]], None, "1 of 2 labels .* missing"),
    ],
)
def test_calibration_errors(y, P, classes, message):
    with pytest.raises(ValueError, match=message):
        ev.expected_calibration_error(y, P, classes=classes)


def test_columns_with_names_go_by_them():
    P = pd.DataFrame({"a": [0.9, 0.8, 0.3], "b": [0.1, 0.2, 0.7]})
    y = ["a", "a", "b"]
    expected = ev.expected_calibration_error(y, P.to_numpy())
    swapped = P[["b", "a"]]
    for classes in (None, ["a", "b"], ["b", "a"]):
        assert ev.expected_calibration_error(y, swapped, classes=classes) == expected
    assert ev.expected_calibration_error(y, pd.DataFrame(P.to_numpy())) == expected
    assert ev.reliability_diagram(["b"] * 3, swapped)["accuracy"].tolist() == [1, 0, 0]
    pairs = pd.MultiIndex.from_tuples([("P", "a"), ("P", "b")])
    for names in (pairs, ["p_a", "p_b"], [1, 2]):  # after no class: by their place
        table = P.set_axis(names, axis=1)
        with pytest.warns(UserWarning, match=r"after no label, and taken for \['a', 'b'\]"):
            assert ev.expected_calibration_error(y, table) == expected
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ev.expected_calibration_error(y, table, classes=["a", "b"]) == expected
    with pytest.raises(ValueError, match=r"are named \['a', 'B'\], and classes \['a', 'b'\]"):
        ev.expected_calibration_error(y, P.set_axis(["a", "B"], axis=1))
    numbers = [0, 0, 1]  # of a file, columns are text
    assert ev.expected_calibration_error(numbers, swapped.set_axis(["1", "0"], axis=1)) == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x, y: ev.expected_calibration_error(y, x.assign(b=1 - x)),
            "rows .* 'u' and 'w' at",
        ),
        (lambda x, y: ev.z_norm(x.T, y.to_frame().T), "scores and cohort name the same columns"),
        (lambda x, y: ev.t_norm(x, y.to_frame()), "scores and cohort name the same rows"),
        (lambda x, y: ev.split_scores(x, [1], y), "scores and probe_labels name the same rows"),
        (lambda x, y: ev.cmc_curve(x.T, y, [1]), "scores and gallery_labels name the same columns"),
        (lambda x, y: ev.cmc_curve(x.T, list("wvu"), ["v"]), "columns of scores are named .*'u'"),
        (lambda x, y: ev.split_scores(x, ["v"], list("wvu")), "rows of scores are named .*'u'"),
        (lambda x, y: ev.bootstrap_interval(np.mean, x, groups=y), "array 0 and groups name"),
        (lambda x, y: ev.compare({"m": DummyClassifier()}, x, y, 2), "X and y name the same rows"),
        (lambda x, y: joint_distribution(x["a"], y), "variable 0 and variable 1 name the same"),
    ],
)
def test_rows_and_columns_named_in_other_orders_are_refused(call, message):
    """What goes by its place would be mixed up in silence."""
    x = pd.DataFrame({"a": [0.1, 0.5, 0.9]}, index=list("uvw"))
    y = pd.Series([0, 1, 1], index=list("wvu"))
    with pytest.raises(ValueError, match=message):
        call(x, y)


def test_rows_in_order_of_which_one_only_counts_are_taken_with_a_warning():
    """A shuffled table whose index was reset, predictions in a new table: places are right."""
    x = np.random.default_rng(0).normal(size=40)
    mixed = pd.DataFrame({"x": x, "y": x > 0}).sample(frac=1, random_state=0)
    X, y = mixed[["x"]].reset_index(drop=True), mixed["y"]
    models = {"m": LogisticRegression()}
    expected = ev.compare(models, X, y.to_numpy(), 2)["mean"]
    with pytest.warns(UserWarning, match="X and y name the same rows in different orders, 0 and"):
        assert ev.compare(models, X, y, 2)["mean"].equals(expected)
    model = LogisticRegression().fit(X, y.to_numpy())
    P = pd.DataFrame(model.predict_proba(X), columns=model.classes_)
    with pytest.warns(UserWarning, match="probabilities and y name the same rows"):
        ev.expected_calibration_error(y, P)
    anew = ev.robustness_curve(
        {"m": model}, mixed[["x"]], y, lambda X, level: X.reset_index(drop=True), [0], n_resamples=2
    )
    assert anew["accuracy"].tolist() == [model.score(X, y.to_numpy())]
    scores = np.arange(9.0).reshape(3, 3)  # of people called 2, 0 and 1
    genuine, _ = ev.split_scores(pd.DataFrame(scores), [2, 0, 1], [2, 0, 1])
    assert genuine.tolist() == [0, 4, 8]


# --- robustness ------------------------------------------------------------------------------


def test_robustness_curve():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = (X[:, 0] > 0).astype(int)
    models = {"right": LogisticRegression().fit(X, y), "chance": DummyClassifier().fit(X, y)}

    def shuffle_some(X, level):
        worse = X.copy()
        rows = slice(0, round(level * len(X)))
        worse[rows] = np.random.default_rng(1).permutation(worse[rows])
        return worse

    table = ev.robustness_curve(models, X, y, shuffle_some, [0, 0.5, 1], n_resamples=200)
    accuracy = table.pivot_table(index="level", columns="model", values="accuracy")
    assert accuracy.loc[0, "right"] == pytest.approx(models["right"].score(X, y))
    assert accuracy["right"].is_monotonic_decreasing
    assert accuracy.loc[1, "right"] == pytest.approx(0.5, abs=0.1)
    assert accuracy["chance"].max() == accuracy["chance"].min()
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"]).all()
    sparse = ev.robustness_curve(
        {"right": models["right"]}, csr_matrix(X), y, lambda X, level: X, [0], n_resamples=2
    )
    assert sparse["accuracy"].tolist() == [accuracy.loc[0, "right"]]


def test_a_corruption_that_writes_into_its_table_spoils_no_later_level():
    class Loud:
        def predict(self, X):
            return (np.array([np.mean(cell) for cell in X["audio"]]) > 0.5).astype(int)

    def darken(X, level):
        for cell in X["audio"]:
            cell *= 1 - level
        return X

    X = pd.DataFrame({"audio": [np.full(3, v) for v in (0.0, 0.1, 0.9, 1.0)]})
    table = ev.robustness_curve({"m": Loud()}, X, [0, 0, 1, 1], darken, [1, 0], n_resamples=2)
    assert table["accuracy"].tolist() == [0.5, 1.0]
    assert X["audio"].map(np.sum).sum() == pytest.approx(6)


def test_robustness_errors():
    X, y = np.zeros((4, 1)), [0, 1, 0, 1]
    models = {"m": DummyClassifier().fit(X, y)}
    with pytest.raises(ValueError, match="no models"):
        ev.robustness_curve({}, X, y, lambda X, level: X)
    with pytest.raises(ValueError, match=r"got \[1.5\]"):
        ev.robustness_curve(models, X, y, lambda X, level: X, [0, 1.5])
    with pytest.raises(ValueError, match=r"numbers in a row, got shape \(0,\)"):
        ev.robustness_curve(models, X, y, lambda X, level: X, [])
    with pytest.raises(ValueError, match="returned 3 rows for 4 at level 0"):
        ev.robustness_curve(models, X, y, lambda X, level: X[:3], [0])
    frame = pd.DataFrame(X)
    with pytest.raises(ValueError, match=r"corrupt changed the order of the rows at level 0.0"):
        ev.robustness_curve(models, frame, y, lambda X, level: X[::-1], [0])
    for predicted, message in (([1], "1 labels for 4 rows"), (np.eye(4), "a row of labels")):
        model = SimpleNamespace(predict=lambda X, predicted=predicted: predicted)
        with pytest.raises(ValueError, match=f"model 'm' .*{message}"):
            ev.robustness_curve({"m": model}, X, y, lambda X, level: X, [0])
    with pytest.raises(ValueError, match="expected 4 labels"):
        ev.robustness_curve(models, X, [0, 1], lambda X, level: X, [0])
    with pytest.raises(ValueError, match=r"1 of 4 labels .* missing"):
        ev.robustness_curve(models, X, [0, 1, 0, np.nan], lambda X, level: X, [0])
    with pytest.raises(ValueError, match=r"1 of 4 labels .* missing .* at 1"):
        ev.robustness_curve(models, X, ["a", np.nan, "a", "b"], lambda X, level: X, [0])
    with pytest.raises(ValueError, match=r"numbers in a row, got shape \(1, 2\)"):
        ev.robustness_curve(models, X, y, lambda X, level: X, [[0, 1]])
    with pytest.raises(ValueError, match=r"^n_resamples is 1000000000000"):
        ev.robustness_curve(models, X, y, lambda X, level: X, [0], n_resamples=10**12)
    with pytest.raises(TypeError, match="model 'm' is no classifier"):
        ev.robustness_curve({"m": 3}, X, y, lambda X, level: X, [0])
    line = LogisticRegression().fit(X, y)
    for change, message in (
        ({"levels": {0: 1}}, "levels must be numbers in a row, got {0: 1}"),
        ({"X": {"a": y}}, "X must be a table"),
        ({"X": np.ma.array(X, mask=True), "models": {"m": line}}, "'m' failed .* contains NaN"),
        ({"X": X[:1], "y": [0]}, "X has 1 rows: at least two"),
        ({"groups": "who"}, r"got the name 'who'"),
        ({"models": {"m": DummyClassifier()}}, "model 'm' failed at level 0.0: "),
        ({"corrupt": lambda X: X}, "corrupt failed at level 0.0: .*takes 1 positional argument"),
        ({"corrupt": lambda X, level: None}, "what corrupt returns must be a table"),
        (
            {"models": {"m": SimpleNamespace(predict=lambda X: ["0", "1", "0", "1"])}},
            "predictions of model 'm' are text and labels are numbers",
        ),
        (
            {"X": pd.DataFrame(X, index=list("abcd")), "y": pd.Series(y, index=list("dcba"))},
            "X and y name the same rows in different orders",
        ),
    ):
        good = {"models": models, "X": X, "y": y, "corrupt": lambda X, level: X, "levels": [0]}
        with pytest.raises((ValueError, TypeError), match=message):
            ev.robustness_curve(**good | change)
    with pytest.raises(TypeError, match="corrupt must be a function"):
        ev.robustness_curve(models, X, y, 3, [0])
    for wrong in (["0", "1", "0", "1"], [5, 6, 5, 6]):
        with pytest.raises(ValueError, match=r"model 'm' knows the classes \[0, 1\], and none of"):
            ev.robustness_curve(models, X, wrong, lambda X, level: X, [0])


# --- what NumPy would change without a word --------------------------------------------------


@pytest.mark.parametrize(
    "labels, message",
    [
        (["a", "b", np.nan, "b"], r"1 of 4 .* are missing .* at 2"),
        (["1", 1, "1", 1], r"several kinds, \['int', 'str'\]"),
        (np.ma.array([0, 1, 0, 1], mask=[0, 0, 0, 1]), r"1 of 4 .* are missing .* at 3"),
        (np.array([1, "a", 1, "a"], dtype=object), "several kinds"),
        ([[1], [1, 2], [3], [4]], "must be a row of labels"),
        ({0: "a", 1: "b", 2: "a", 3: "b"}, "must be a row of labels, got {0: 'a'"),
        ([0, 1, np.inf, 1], "1 of 4 .* are infinite, at 2: leave"),
        (np.array([0, 1, np.inf, 1], dtype=object), "1 of 4 .* are infinite, at 2"),
        ([2**60, 2**60 + 1, 0.5, 0.5], "hold 1152921504606846977, which NumPy makes"),
        (["a\0", "a", "b", "b"], r"hold 'a\\x00', which NumPy makes 'a'"),
    ],
)
def test_labels_that_numpy_would_change_are_refused(labels, message):
    X, y, scores = np.arange(8.0).reshape(4, 2), [0, 1, 0, 1], np.eye(4)
    for call in (
        lambda: ev.cmc_curve(scores, labels, labels),
        lambda: ev.split_scores(scores, labels, labels),
        lambda: ev.expected_calibration_error(labels, np.full((4, 2), 0.5)),
        lambda: ev.bootstrap_interval(np.mean, y, groups=labels),
        lambda: ev.compare({"m": DummyClassifier()}, X, y, 2, groups=labels),
        lambda: list(ev.RepeatedGroupKFold(2, 1).split(X, y, labels)),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    "gallery, probes, message",
    [
        ([0, 1], ["0", "1"], "gallery labels are numbers and probe labels are text, such as 0 and"),
        (np.array([0, 1], dtype=object), ["0", "1"], "numbers and probe labels are text"),
        (["a", "b"], [b"a", b"b"], "are text and probe labels are neither text nor numbers"),
        ([2**60, 2**60 + 1], np.array([2.0**60, 0]), "hold 1152921504606846977, too large"),
    ],
)
def test_labels_that_cannot_be_the_same_are_refused(gallery, probes, message):
    for call in (
        lambda: ev.cmc_curve(np.eye(2), gallery, probes),
        lambda: ev.split_scores(np.eye(2), gallery, probes),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_labels_of_other_types_are_the_same():
    for gallery, probes in (
        ([1, 2], [2.0, 1.0]),
        (pd.Categorical(["a", "b"]), np.array(["b", "a"], dtype=object)),
        (pd.array([1, 2], dtype="Int64"), np.array([2, 1], dtype=np.uint64)),
    ):
        assert ev.rank_one([[0, 1], [1, 0]], gallery, probes) == 1


@pytest.mark.parametrize(
    "scores, message",
    [
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "genuine scores has masked values"),
        (np.array([1.0, 2j]), "genuine scores must be numbers"),
        ([1.0, 10**400], "genuine scores must be numbers"),
        (np.array([np.datetime64("2020"), 1], dtype=object), "genuine scores must be numbers"),
    ],
)
def test_numbers_that_numpy_would_change_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        ev.equal_error_rate(scores, [0.0])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: ev.bootstrap_interval(np.mean, [1, 2], n_resamples=10**12), "n_resamples is 1000"),
        (lambda: ev.bootstrap_interval(np.mean, [1e308, 1.7e308]), "NaN or infinite on"),
        (lambda: ev.corrected_t_test([1e308, -1e308], 0.2), "overflow: scale them"),
        (lambda: next(ev.RepeatedGroupKFold(2, 10**12).split([1], [1], [1])), "n_repeats is 1000"),
        (
            lambda: next(ev.RepeatedGroupKFold(stratify="no").split([1], [1], [1])),
            "stratify is 'no'",
        ),
        (lambda: ev.reliability_diagram([0], [[1.0]], n_bins=10**12), "n_bins is 1000"),
    ],
)
def test_numbers_beside_any_sense_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
