"""DecisionFusion: against scikit-learn's calibration, closed forms, and a multimodal table."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector
from sklearn.datasets import make_classification
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmtutor.fusion import DecisionFusion, rules


def image_numbers(column):
    return np.array([[cell.mean(), cell.std()] for cell in column])


def audio_numbers(column):
    return np.array([[np.abs(cell).mean(), cell.std()] for cell in column])


def posts(n=60, seed=0, missing=0.0):
    """A small table of text, image and sound in which each modality says something."""
    rng = np.random.default_rng(seed)
    y = np.array(["bad", "good", "so-so"])[np.arange(n) % 3]
    words = {"bad": "awful poor", "good": "great fine", "so-so": "okay plain"}
    light = {"bad": 60, "good": 180, "so-so": 120}
    loud = {"bad": 0.6, "good": 0.3, "so-so": 0.1}
    text, image, audio = [], [], []
    for label in y:
        text.append(rng.choice([*words[label].split(), "film", "song"]))
        image.append(rng.normal(light[label], 25, (8, 8)).clip(0, 255).astype(np.uint8))
        audio.append((loud[label] * rng.uniform(-1, 1, 200)).astype(np.float32))
    frame = pd.DataFrame({"text": text})
    frame["image"], frame["audio"] = pd.Series(image, dtype=object), pd.Series(audio, dtype=object)
    for column in frame.columns if missing else []:
        frame[column] = frame[column].astype(object)
        frame.loc[rng.random(n) < missing, column] = None
    return frame, y


def experts(**kwargs):
    return [
        ("text", make_pipeline(CountVectorizer(), LogisticRegression(**kwargs)), "text"),
        (
            "image",
            make_pipeline(FunctionTransformer(image_numbers), StandardScaler(), GaussianNB()),
            "image",
        ),
        (
            "audio",
            make_pipeline(FunctionTransformer(audio_numbers), StandardScaler(), LinearSVC()),
            "audio",
        ),
    ]


def numeric(n=200, seed=0, classes=3, **kwargs):
    return make_classification(
        n, 8, n_informative=6, n_redundant=0, n_classes=classes, random_state=seed, **kwargs
    )


PAIR = [("a", LogisticRegression(), slice(0, 4)), ("b", GaussianNB(), slice(4, 8))]


# --- what a single array needs -------------------------------------------------------------------


@parametrize_with_checks(
    [
        DecisionFusion(
            [("linear", LogisticRegression(), slice(None)), ("bayes", GaussianNB(), slice(None))]
        ),
        DecisionFusion(
            [("linear", LogisticRegression(), slice(None)), ("first", GaussianNB(), [0])],
            rule="product", weights="learned", calibration="temperature", cv=3,
        ),
        DecisionFusion(
            [("first", LogisticRegression(), [0]), ("last", LinearSVC(), [-1])], rule="stack", cv=3,
        ),
    ]
)  # fmt: skip
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)


# --- calibration ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [LogisticRegression(C=100), LinearSVC()])
def test_sigmoid_is_scikit_learns_for_two_classes(model):
    X, y = numeric(classes=2, flip_y=0.2)
    ours = DecisionFusion([("x", model, slice(None))], cv=4).fit(X[:150], y[:150])
    theirs = CalibratedClassifierCV(model, method="sigmoid", cv=4, ensemble=False)
    theirs.fit(X[:150], y[:150])
    np.testing.assert_allclose(
        ours.expert_proba(X[150:])[:, 0], theirs.predict_proba(X[150:]), atol=2e-3
    )


class Distorted(LogisticRegression):
    """A calibrated model of three classes whose scores were stretched and shifted, each its way."""

    stretch, shift = np.array([0.2, 3.0, 1.0]), np.array([1.0, -2.0, 0.5])

    def decision_function(self, X):
        return super().decision_function(X) * self.stretch + self.shift


def test_sigmoid_undoes_a_slope_and_a_shift_for_each_class():
    X, y = numeric(n=3000, flip_y=0.2)
    honest = DecisionFusion([("x", LogisticRegression(), slice(None))]).fit(X, y)
    mended = DecisionFusion([("x", Distorted(), slice(None))]).fit(X, y)
    np.testing.assert_allclose(mended.predict_proba(X), honest.predict_proba(X), atol=2e-3)
    np.testing.assert_allclose(
        mended.predict_proba(X), LogisticRegression().fit(X, y).predict_proba(X), atol=0.03
    )


def test_sigmoid_for_several_classes_beats_one_against_the_rest():
    # three classes on a line, seen with noise: logistic regression is right, one-against-the-rest
    # is not, for no sigmoid describes the class in the middle
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 3
    X = (1.5 * y + rng.normal(size=3000))[:, None]
    ours = DecisionFusion([("x", LogisticRegression(), [0])]).fit(X[:1500], y[:1500])
    theirs = CalibratedClassifierCV(LogisticRegression(), ensemble=False).fit(X[:1500], y[:1500])
    best = LogisticRegression().fit(X[:1500], y[:1500])
    loss = [log_loss(y[1500:], m.predict_proba(X[1500:])) for m in (ours, theirs, best)]
    assert loss[0] < loss[1]
    assert loss[0] == pytest.approx(loss[2], abs=0.005)


@pytest.mark.parametrize("classes", [2, 3])
def test_isotonic_is_scikit_learns_but_never_certain(classes):
    X, y = numeric(n=400, classes=classes, flip_y=0.2)
    ours = DecisionFusion([("x", LinearSVC(), slice(None))], calibration="isotonic", cv=4)
    ours.fit(X[:300], y[:300])
    theirs = CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=4, ensemble=False)
    theirs.fit(X[:300], y[:300])
    p, q = ours.predict_proba(X[300:]), theirs.predict_proba(X[300:])
    np.testing.assert_allclose(p, q, atol=0.01)
    assert p.min() > 0
    if classes == 3:
        assert q.min() == 0


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_temperature_finds_the_factor_that_was_applied(factor):
    class Loud(LogisticRegression):
        """A calibrated model that speaks `factor` times too loud."""

        def decision_function(self, X):
            return factor * super().decision_function(X)

    X, y = numeric(n=2000, flip_y=0.3)
    plain = DecisionFusion([("x", LogisticRegression(), slice(None))], calibration="temperature")
    loud = DecisionFusion([("x", Loud(), slice(None))], calibration="temperature")
    plain.fit(X, y), loud.fit(X, y)
    ratio = loud.calibrators_["x"].temperature_ / plain.calibrators_["x"].temperature_
    assert ratio == pytest.approx(factor, rel=1e-3)
    np.testing.assert_allclose(loud.predict_proba(X), plain.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic", "temperature"])
def test_calibration_mends_an_overconfident_expert(calibration):
    X, y = numeric(n=900, flip_y=0.1)
    X = np.hstack([X] * 10)  # copies count as evidence for naive Bayes: it becomes overconfident
    raw = DecisionFusion([("x", GaussianNB(), slice(None))], calibration=None)
    mended = DecisionFusion([("x", GaussianNB(), slice(None))], calibration=calibration)
    losses = [
        log_loss(y[600:], m.fit(X[:600], y[:600]).predict_proba(X[600:])) for m in (raw, mended)
    ]
    assert losses[1] < 0.7 * losses[0]


def test_calibration_is_out_of_fold():
    # 1-nearest-neighbour is always right about its own training rows
    X, y = numeric(n=300, flip_y=0.3)
    fusion = DecisionFusion([("x", KNeighborsClassifier(1), slice(None))]).fit(X, y)
    claimed = fusion.predict_proba(X).max(axis=1).mean()
    true = cross_val_score(KNeighborsClassifier(1), X, y, cv=5).mean()
    assert claimed == pytest.approx(true, abs=0.05)


def test_a_useless_expert_is_calibrated_to_the_base_rate():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 5)), np.arange(300) % 3
    fusion = DecisionFusion([("noise", LogisticRegression(C=1e3), slice(None))]).fit(X, y)
    assert np.abs(fusion.predict_proba(rng.normal(size=(100, 5))) - 1 / 3).max() < 0.1


def test_none_leaves_probabilities_alone():
    X, y = numeric()
    fusion = DecisionFusion(PAIR, calibration=None).fit(X, y)
    P = fusion.expert_proba(X)
    np.testing.assert_allclose(
        P[:, 0], LogisticRegression().fit(X[:, :4], y).predict_proba(X[:, :4])
    )
    assert fusion.calibrators_ == {"a": None, "b": None}


def test_expert_without_predict_proba():
    X, y = numeric()
    part = [("svm", LinearSVC(), slice(None))]
    assert DecisionFusion(part).fit(X, y).score(X, y) > 0.6
    with pytest.raises(ValueError, match=r"'svm'.*no predict_proba.*calibration='sigmoid'"):
        DecisionFusion(part, calibration=None).fit(X, y)


class Shouter(ClassifierMixin, BaseEstimator):
    """A classifier that gives labels only."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def test_expert_with_labels_only():
    X, y = numeric()
    with pytest.raises(ValueError, match=r"no predict_proba.*no decision_function"):
        DecisionFusion([("x", Shouter(), slice(None))]).fit(X, y)


# --- rules and weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(rules.RULES))
def test_predict_proba_is_the_rule_on_expert_proba(rule):
    frame, y = posts(missing=0.2)
    fusion = DecisionFusion(experts(), rule=rule, cv=3).fit(frame, y)
    P = fusion.expert_proba(frame)
    assert P.shape == (60, 3, 3)
    assert np.isnan(P).any()
    np.testing.assert_allclose(
        fusion.predict_proba(frame), rules.RULES[rule](P, prior=fusion.prior_), atol=1e-12
    )


def test_a_rule_of_ones_own():
    def trimmed(P):
        return rules.sum_rule(
            np.sort(P, axis=1)[:, :-1] / np.sort(P, axis=1)[:, :-1].sum(2, keepdims=True)
        )

    frame, y = posts()
    fusion = DecisionFusion(experts(), rule=trimmed, cv=3).fit(frame, y)
    np.testing.assert_allclose(fusion.predict_proba(frame).sum(axis=1), 1)
    with pytest.raises(ValueError, match="takes no weights"):
        DecisionFusion(experts(), rule=trimmed, weights={"text": 1, "image": 1, "audio": 1}).fit(
            frame, y
        )


def test_weights_as_a_mapping():
    frame, y = posts()
    weights = {"audio": 3, "text": 1, "image": 0}
    fusion = DecisionFusion(experts(), weights=weights, cv=3).fit(frame, y)
    assert fusion.weights_ == {"text": 1.0, "image": 0.0, "audio": 3.0}
    P = fusion.expert_proba(frame)
    np.testing.assert_allclose(fusion.predict_proba(frame), (P[:, 0] + 3 * P[:, 2]) / 4, atol=1e-12)


@pytest.mark.parametrize("rule", ["sum", "product", "vote", rules.sum_rule])
def test_learned_weight_of_noise_approaches_zero(rule):
    X, y = numeric(n=600, seed=1)
    X = np.hstack([X, np.random.default_rng(0).normal(size=(600, 4))])
    parts = [*PAIR, ("noise", LogisticRegression(), slice(8, 12))]
    w = DecisionFusion(parts, rule=rule, weights="learned").fit(X, y).weights_
    # the sum's flat posteriors do little harm, and votes are coarse: a little weight breaks ties
    assert w["noise"] < {"product": 0.02, "sum": 0.15}.get(rule, 0.3) * max(w.values())
    if rule in ("sum", "vote"):
        assert sum(w.values()) == pytest.approx(1)


@pytest.mark.parametrize("rule", ["sum", "product"])
def test_learned_weights_minimise_the_out_of_fold_loss(rule):
    from mmtutor.fusion.decisions import learn_weights

    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 400)
    scores = np.stack(
        [s * np.eye(3)[y] + rng.normal(size=(400, 3)) for s in (2.0, 1.0, 0.0)], axis=1
    )
    P = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    w = learn_weights(P, y, rule, np.full(3, 1 / 3))

    def loss(w):
        p = rules.RULES[rule](P, weights=w)
        powers = [1.0] if rule == "product" else np.linspace(1, 4, 13)
        return min(log_loss(y, p**t / (p**t).sum(1, keepdims=True)) for t in powers)

    grid = np.linspace(0.1, 2.5, 9) if rule == "product" else np.linspace(0.1, 1, 5)
    least = min(loss([a, b, c]) for a in grid for b in grid for c in (0.0, 0.1))
    assert loss(w) <= least + 1e-3


def test_learned_weights_of_equal_experts_are_equal():
    # without the common power the sum gives all weight to one of them, and loses accuracy
    rng = np.random.default_rng(4)
    y = np.arange(1500) % 3
    X = 1.5 * y[:, None] + rng.normal(size=(1500, 3))
    parts = [(f"e{i}", LogisticRegression(), [i]) for i in range(3)]
    for rule in ("sum", "product"):
        fusion = DecisionFusion(parts, rule=rule, weights="learned").fit(X[:600], y[:600])
        w = np.array(list(fusion.weights_.values()))
        assert np.ptp(w) < 0.25 * w.mean()
        plain = clone(fusion).set_params(weights=None).fit(X[:600], y[:600])
        assert fusion.score(X[600:], y[600:]) > plain.score(X[600:], y[600:]) - 0.01
    assert w.mean() == pytest.approx(1, abs=0.15)  # calibrated, independent experts: exponents of 1


def test_learned_product_weights_undo_a_duplicate():
    # the same expert twice counts its evidence twice; the learned exponents add up to about one
    X, y = numeric(n=1500, flip_y=0.2)
    parts = [("a", LogisticRegression(), slice(None)), ("copy", LogisticRegression(), slice(None))]
    plain = DecisionFusion(parts, rule="product").fit(X, y)
    learned = DecisionFusion(parts, rule="product", weights="learned").fit(X, y)
    assert sum(learned.weights_.values()) == pytest.approx(1, abs=0.15)
    assert plain.predict_proba(X).max(axis=1).mean() > learned.predict_proba(X).max(axis=1).mean()


def test_stack_ignores_noise():
    rng = np.random.default_rng(3)
    y = np.arange(600) % 2
    X = np.column_stack([y + rng.normal(size=600), rng.normal(size=600)])
    parts = [("signal", LogisticRegression(), [0]), ("noise", GaussianNB(), [1])]
    fusion = DecisionFusion(parts, rule="stack").fit(X, y)
    assert fusion.stacker_.coef_.shape == (1, 4)
    alone = DecisionFusion(parts[:1]).fit(X, y)
    assert fusion.score(X, y) == pytest.approx(alone.score(X, y), abs=0.02)
    assert np.abs(fusion.stacker_.coef_[0, 2:]).max() < np.abs(fusion.stacker_.coef_[0, :2]).max()


def test_prior():
    frame, y = posts(45)
    y = np.where(np.arange(45) < 9, "good", "bad")
    default = DecisionFusion(experts(), cv=3).fit(frame, y)
    np.testing.assert_allclose(default.prior_, [0.8, 0.2])
    assert DecisionFusion(experts(), prior="uniform", cv=3).fit(frame, y).prior_.tolist() == [
        0.5,
        0.5,
    ]
    given = DecisionFusion(experts(), rule="product", prior=[0.6, 0.4], cv=3).fit(frame, y)
    expected = rules.product_rule(given.expert_proba(frame), prior=[0.6, 0.4])
    np.testing.assert_allclose(given.predict_proba(frame), expected)
    for wrong in ("flat", [0.5, 0.6], [1.0], [1, 0]):
        with pytest.raises(ValueError, match="prior"):
            DecisionFusion(experts(), prior=wrong, cv=3).fit(frame, y)


# --- missing cells -------------------------------------------------------------------------------


def test_missing_cells_drop_the_expert_for_that_row():
    frame, y = posts(60, missing=0.3)
    fusion = DecisionFusion(experts(), rule="product", cv=3).fit(frame, y)
    P = fusion.expert_proba(frame)
    absent = np.isnan(P).all(axis=2)
    np.testing.assert_array_equal(absent, frame.isna().to_numpy())
    assert np.isfinite(fusion.predict_proba(frame)).all()
    row = frame.iloc[[0]].copy()
    row["text"] = row["text"].astype(object)
    row.loc[0, ["text", "image", "audio"]] = [None, np.nan, pd.NA]
    np.testing.assert_allclose(fusion.predict_proba(row)[0], fusion.prior_)


def test_an_absent_expert_changes_nothing_for_the_others():
    frame, y = posts()
    fusion = DecisionFusion(experts(), cv=3).fit(frame, y)
    mute = frame.copy()
    mute["audio"] = None
    np.testing.assert_allclose(
        fusion.predict_proba(mute), fusion.expert_proba(frame)[:, :2].mean(axis=1), atol=1e-12
    )


@pytest.mark.parametrize("rule", ["sum", "stack", "product"])
@pytest.mark.parametrize("weights", [None, "learned"])
def test_fitting_with_many_missing_cells(rule, weights):
    if rule == "stack" and weights:
        return
    frame, y = posts(90, missing=0.4)
    model = DecisionFusion(experts(), rule=rule, weights=weights, cv=3).fit(frame, y)
    assert model.score(*posts(60, seed=1)) > 0.7


def test_missing_numbers_in_an_array():
    X, y = numeric()
    X[::3, 0], X[1::3, 5] = np.nan, np.nan
    fusion = DecisionFusion(PAIR).fit(X, y)
    np.testing.assert_array_equal(
        np.isnan(fusion.expert_proba(X)).all(axis=2),
        np.column_stack([np.arange(200) % 3 == 0, np.arange(200) % 3 == 1]),
    )


def test_expert_with_no_usable_row():
    frame, y = posts()
    frame["audio"] = None
    with pytest.raises(
        ValueError, match=r"'audio' has 0 rows without a missing cell.*leave it out"
    ):
        DecisionFusion(experts(), cv=3).fit(frame, y)


def test_class_that_an_expert_never_met_keeps_its_prior():
    frame, y = posts()
    frame["audio"] = frame["audio"].where(y != "bad", None)  # no sound with any "bad" post
    fusion = DecisionFusion(experts(), rule="product", cv=3).fit(frame, y)
    P = fusion.expert_proba(posts(30, seed=5)[0])
    np.testing.assert_allclose(P[:, 2, 0], fusion.prior_[0])
    np.testing.assert_allclose(P.sum(axis=2), 1)
    assert fusion.score(*posts(60, seed=1)) > 0.8


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic", "temperature", None])
@pytest.mark.parametrize("rule", ["sum", "stack"])
def test_a_class_absent_from_some_folds(calibration, rule):
    frame, y = posts(41)
    y = np.where(y == "bad", "good", y)
    y[7] = "rare"  # one member: the fold that tests it has not trained on it
    parts = experts() if calibration else experts()[:2]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")
        fusion = DecisionFusion(parts, rule=rule, calibration=calibration, cv=3).fit(frame, y)
    p = fusion.predict_proba(frame)
    assert p.shape == (41, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)


# --- groups --------------------------------------------------------------------------------------


class Recorder(GaussianNB):
    """Notes which rows it was fitted on (column 0 carries the row number)."""

    seen: list[np.ndarray] = []  # noqa: RUF012

    def fit(self, X, y):
        Recorder.seen.append(X[:, 0].astype(int))
        return super().fit(X, y)


@pytest.mark.parametrize("cv", [5, StratifiedGroupKFold(3), GroupKFold(4)])
def test_groups_stay_together_in_the_inner_folds(cv):
    X, y = numeric(120)
    X[:, 0] = np.arange(120)
    groups = np.arange(120) // 6
    Recorder.seen = []
    DecisionFusion([("x", Recorder(), slice(None))], cv=cv).fit(X, y, groups=groups)
    assert len(Recorder.seen) >= 4
    for train in Recorder.seen:
        tested = np.setdiff1d(np.arange(120), train)
        assert not np.intersect1d(groups[train], groups[tested]).size


def test_a_splitter_that_ignores_the_groups_is_refused():
    X, y = numeric(120)
    with pytest.raises(ValueError, match=r"splits a group.*StratifiedGroupKFold"):
        DecisionFusion(PAIR, cv=StratifiedKFold(3)).fit(X, y, groups=np.arange(120) // 6)
    with pytest.raises(ValueError, match="groups holds 1 group"):
        DecisionFusion(PAIR).fit(X, y, groups=np.zeros(120))
    with pytest.raises(ValueError, match="inconsistent"):
        DecisionFusion(PAIR).fit(X, y, groups=np.zeros(7))


def test_groups_through_cross_val_score():
    X, y = numeric(120)
    X[:, 0] = np.arange(120)
    groups = np.arange(120) // 6
    model = DecisionFusion([("x", Recorder(), slice(None))], cv=3)

    def check_inner_folds():
        assert len(Recorder.seen) == 12  # three outer folds, in each three inner fits and a last
        for fold in range(3):
            *inner, whole = Recorder.seen[4 * fold : 4 * fold + 4]
            for train in inner:
                assert not np.intersect1d(groups[train], groups[np.setdiff1d(whole, train)]).size

    Recorder.seen = []
    with sklearn.config_context(enable_metadata_routing=False):
        cross_val_score(model, X, y, groups=groups, cv=GroupKFold(3), params={"groups": groups})
    check_inner_folds()
    Recorder.seen = []
    with sklearn.config_context(enable_metadata_routing=True):
        cross_val_score(model, X, y, cv=GroupKFold(3), params={"groups": groups})
    check_inner_folds()


def test_repeated_folds_are_refused():
    X, y = numeric()
    with pytest.raises(ValueError, match="more than once"):
        DecisionFusion(PAIR, cv=ShuffleSplit(4, test_size=0.5, random_state=0)).fit(X, y)


# --- a good citizen ------------------------------------------------------------------------------


def test_nested_parameters():
    fusion = DecisionFusion(experts(C=2.0))
    params = fusion.get_params()
    assert params["text__logisticregression__C"] == 2.0
    assert params["image"] is fusion.experts[1][1]
    fusion.set_params(text__logisticregression__C=0.5, rule="max", image=GaussianNB())
    assert fusion.experts[0][1][-1].C == 0.5
    assert isinstance(fusion.experts[1][1], GaussianNB)
    assert fusion.experts[1][2] == "image"
    assert fusion.rule == "max"
    with pytest.raises(ValueError, match="nonsense"):
        fusion.set_params(nonsense=1)


def test_set_params_does_not_touch_the_original():
    original = DecisionFusion(experts(C=2.0))
    copy = clone(original).set_params(text__logisticregression__C=0.1, image=GaussianNB())
    assert original.experts[0][1][-1].C == 2.0
    assert copy.get_params()["text__logisticregression__C"] == 0.1
    assert not isinstance(original.experts[1][1], GaussianNB)


def test_clone_and_pickle():
    frame, y = posts(missing=0.1)
    fusion = DecisionFusion(experts(), rule="product", weights="learned", cv=3)
    fitted = clone(fusion).fit(frame, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(frame), fitted.predict_proba(frame))
    twin = clone(fitted)
    assert not hasattr(twin, "experts_")
    np.testing.assert_array_equal(
        twin.fit(frame, y).predict_proba(frame), fitted.predict_proba(frame)
    )


def test_grid_search_over_an_expert_and_the_rule():
    frame, y = posts()
    grid = GridSearchCV(
        DecisionFusion(experts(), cv=2),
        {"text__logisticregression__C": [0.1, 10], "rule": ["sum", "product", rules.max_rule]},
        cv=2,
    ).fit(frame, y)
    assert len(grid.cv_results_["params"]) == 6
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    assert grid.best_score_ > 0.85


@pytest.mark.parametrize("rule", ["sum", "stack"])
def test_cross_val_score_on_a_multimodal_table(rule):
    frame, y = posts(missing=0.1)
    scores = cross_val_score(DecisionFusion(experts(), rule=rule, cv=3), frame, y, cv=3)
    assert scores.mean() > 0.85


def test_n_jobs_changes_nothing():
    frame, y = posts()
    one = DecisionFusion(experts(), cv=3).fit(frame, y)
    with joblib.parallel_config("threading"):  # a pool of processes takes seconds to start
        two = DecisionFusion(experts(), cv=3, n_jobs=2).fit(frame, y)
    np.testing.assert_array_equal(one.predict_proba(frame), two.predict_proba(frame))


def test_fitted_attributes():
    frame, y = posts()
    fusion = DecisionFusion(experts(), cv=3).fit(frame, y)
    assert fusion.feature_names_in_.tolist() == ["text", "image", "audio"]
    assert fusion.n_features_in_ == 3
    assert fusion.classes_.tolist() == ["bad", "good", "so-so"]
    assert [name for name, _, _ in fusion.experts_] == ["text", "image", "audio"]
    assert fusion.named_experts_.text.predict(["great"]) == ["good"]
    assert list(fusion.calibrators_) == ["text", "image", "audio"]
    assert fusion.weights_ is None


def test_the_given_experts_are_not_fitted():
    frame, y = posts()
    parts = experts()
    DecisionFusion(parts, cv=3).fit(frame, y)
    assert not hasattr(parts[0][1][-1], "coef_")


def test_columns_of_every_kind():
    X, y = numeric(80)
    frame = pd.DataFrame(X, columns=[f"{'uv'[i // 4]}{i}" for i in range(8)])
    kinds = [
        slice(0, 4), [0, 1, 2, 3], [True] * 4 + [False] * 4, ["u0", "u1", "u2", "u3"],
        pd.Index(["u0", "u1", "u2", "u3"]), make_column_selector("^u"), slice("u0", "u3"),
        np.array([0, 1, 2, 3]),
    ]  # fmt: skip
    results = [
        DecisionFusion([("x", GaussianNB(), kind)], cv=3).fit(frame, y).predict_proba(frame)
        for kind in kinds
    ]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


# --- clear errors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": "mean"}, "unknown rule 'mean'.*'stack'"),
        ({"calibration": "platt"}, "unknown calibration 'platt'"),
        ({"weights": "best"}, "weights is 'best'"),
        ({"weights": [1, 2]}, "expected a mapping"),
        ({"weights": {"a": 1}}, r"weights names \['a'\], but the experts are \['a', 'b'\]"),
        ({"weights": {"a": 1, "b": -1}}, ">= 0"),
        ({"weights": {"a": 0, "b": 0}}, "not all 0"),
        ({"weights": {"a": 1, "b": 1}, "rule": "max"}, "'max' takes no weights"),
        ({"weights": "learned", "rule": "median"}, "'median' takes no learned weights"),
        ({"weights": "learned", "rule": "stack"}, "learns its own weights"),
        ({"experts": []}, "list of .name, estimator, columns. triples"),
        ({"experts": [("a", GaussianNB())]}, "triples"),
        ({"experts": [("a", GaussianNB(), [0]), ("a", GaussianNB(), [1])]}, "names must differ"),
        ({"experts": [("a__b", GaussianNB(), [0])]}, "'a__b' cannot be a name"),
        ({"experts": [("rule", GaussianNB(), [0])]}, "'rule' cannot be a name"),
        ({"experts": [("a", GaussianNB(), "text")]}, "are names, but X is an array"),
        ({"experts": [("a", GaussianNB(), [99])]}, r"\[99\] are not in X"),
        ({"experts": [("a", GaussianNB(), slice(9, 12))]}, "select nothing"),
        ({"cv": 1}, "n_splits|k-fold"),
    ],
)
def test_clear_errors(change, words):
    X, y = numeric()
    fusion = DecisionFusion(**{"experts": PAIR, **change})
    with pytest.raises((ValueError, TypeError), match=words):
        fusion.fit(X, y)


def test_errors_about_tables():
    frame, y = posts()
    with pytest.raises(ValueError, match=r"no column \['video'\]; its columns are \['text', 'im"):
        DecisionFusion([("v", GaussianNB(), "video")]).fit(frame, y)
    with pytest.raises(ValueError, match="1 class"):
        DecisionFusion(experts()).fit(frame, np.zeros(60))
    with pytest.raises(ValueError, match=r"0 sample"):
        DecisionFusion(experts()).fit(frame.iloc[:0], y[:0])
    with pytest.raises(ValueError, match="inconsistent"):
        DecisionFusion(experts()).fit(frame, y[:10])
    fusion = DecisionFusion(experts(), cv=KFold(3, shuffle=True, random_state=0)).fit(frame, y)
    with pytest.raises(ValueError, match="iloc"):
        fusion.predict(frame.iloc[0])
    with pytest.raises(ValueError, match="feature names"):
        fusion.predict(frame.drop(columns="audio"))
    assert fusion.predict(frame.iloc[[0]]).shape == (1,)


def test_import_loads_no_tensorflow():
    code = "import sys, mmtutor.fusion; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
