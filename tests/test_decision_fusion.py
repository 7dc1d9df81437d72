"""DecisionFusion: against scikit-learn's calibration, closed forms, and a multimodal table."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from places import reads_html
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.compose import make_column_selector
from sklearn.datasets import make_classification
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmtutor.evaluation import compare
from mmtutor.fusion import DecisionFusion, FeatureFusion, learn_weights, rules
from mmtutor.image import PixelFeatures


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


def test_weights_as_a_mapping_or_an_array():
    frame, y = posts()
    weights = {"audio": 3, "text": 1, "image": 0}
    fusion = DecisionFusion(experts(), weights=weights, cv=3).fit(frame, y)
    assert fusion.weights_ == {"text": 1.0, "image": 0.0, "audio": 3.0}
    assert clone(fusion).set_params(weights=[1, 0, 3]).fit(frame, y).weights_ == fusion.weights_
    P = fusion.expert_proba(frame)
    np.testing.assert_allclose(fusion.predict_proba(frame), (P[:, 0] + 3 * P[:, 2]) / 4, atol=1e-12)


@pytest.mark.parametrize("rule", ["sum", "product", rules.sum_rule])
def test_learned_weight_of_noise_approaches_zero(rule):
    X, y = numeric(n=600, seed=1)
    X = np.hstack([X, np.random.default_rng(0).normal(size=(600, 4))])
    parts = [*PAIR, ("noise", LogisticRegression(), slice(8, 12))]
    w = DecisionFusion(parts, rule=rule, weights="learned").fit(X, y).weights_
    # the sum's flat posteriors do little harm
    assert w["noise"] < (0.02 if rule == "product" else 0.15) * max(w.values())
    if rule != "product":
        assert sum(w.values()) == pytest.approx(1)


@pytest.mark.parametrize("rule", ["sum", "product"])
def test_learned_weights_minimise_the_out_of_fold_loss(rule):
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 400)
    scores = np.stack(
        [s * np.eye(3)[y] + rng.normal(size=(400, 3)) for s in (2.0, 1.0, 0.0)], axis=1
    )
    P = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    w = learn_weights(P, y, rule=rule)

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


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
def test_the_stacker_learns_from_folds_that_others_calibrated(calibration):
    # scikit-learn's calibration of each fold on the others' scores, by hand
    X, y = numeric(n=240, classes=2, flip_y=0.3)
    parts = [("a", LinearSVC(), slice(0, 4)), ("b", LinearSVC(), slice(4, 8))]
    folds = list(StratifiedKFold(4).split(X, y))
    columns = []
    for _, model, half in parts:
        scores = cross_val_predict(model, X[:, half], y, cv=folds, method="decision_function")
        p = np.zeros(len(y))
        for _, test in folds:
            others = np.setdiff1d(np.arange(len(y)), test)
            if calibration == "isotonic":
                edge = 1 / (len(others) + 2)
                curve = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
                p[test] = curve.fit(scores[others], y[others]).predict(scores[test])
            else:
                curve = _SigmoidCalibration().fit(scores[others], y[others])
                p[test] = curve.predict(scores[test])
        columns += [np.log(1 - p), np.log(p)]
    ratios = np.column_stack(columns) - np.tile(np.log(np.bincount(y) / len(y)), 2)
    expected = LogisticRegression(max_iter=1000).fit(ratios, y)
    fusion = DecisionFusion(parts, rule="stack", calibration=calibration, cv=folds).fit(X, y)
    np.testing.assert_allclose(fusion.stacker_.coef_, expected.coef_, atol=2e-3)
    np.testing.assert_allclose(fusion.stacker_.intercept_, expected.intercept_, atol=2e-3)


def test_weights_from_posteriors_that_are_there_already():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 3, 500)
    p = np.exp(2 * np.eye(3)[y] + rng.normal(size=(500, 3)))
    P = np.stack([p / p.sum(axis=1, keepdims=True), rng.dirichlet(np.ones(3), 500)], axis=1)
    P[:50, 0], P[40:60, 1] = np.nan, np.nan
    w = learn_weights(P, y)
    assert w.sum() == pytest.approx(1)
    assert w[0] > 0.9
    assert learn_weights(P, y, rule="product")[1] < 0.05
    # a sample that counts twice is two samples
    counts = rng.integers(0, 3, 500)
    for rule in ("sum", "product"):
        weighted = learn_weights(P, y, rule=rule, sample_weight=counts)
        repeated = learn_weights(P.repeat(counts, axis=0), y.repeat(counts), rule=rule)
        np.testing.assert_allclose(weighted, repeated, atol=1e-3)
    with pytest.raises(ValueError, match=r"P has shape \(500, 2, 3\) and y \(500,\)"):
        learn_weights(P, y + 1)
    with pytest.raises(ValueError, match=r"the number of its class from 0 .*, not 0.5"):
        learn_weights(P, np.where(y == 1, 0.5, y))
    np.testing.assert_array_equal(learn_weights(P, y.astype(float)), w)
    with pytest.raises(ValueError, match="1 of 500 y are missing"):
        learn_weights(P, np.ma.array(y, mask=np.arange(500) == 7))
    with pytest.raises(ValueError, match="'max' takes no learned weights"):
        learn_weights(P, y, rule="max")


def test_learned_weights_are_those_of_the_out_of_fold_posteriors():
    X, y = numeric()
    fusion = DecisionFusion(PAIR, weights="learned", calibration=None, cv=4).fit(X, y)
    P = np.stack(
        [cross_val_predict(m, X[:, c], y, cv=4, method="predict_proba") for _, m, c in PAIR], axis=1
    )
    w = learn_weights(P, y, prior=fusion.prior_)
    np.testing.assert_allclose(list(fusion.weights_.values()), w, atol=1e-6)


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


class Gaussian(ClassifierMixin, BaseEstimator):
    """The exact posterior of two classes, unit normal around 0 and `distance`, after training."""

    def __init__(self, distance=1.0):
        self.distance = distance

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.prior_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        means = np.array([0, self.distance])
        p = self.prior_ * np.exp(-((np.asarray(X) - means) ** 2) / 2)
        return p / p.sum(axis=1, keepdims=True)


def test_target_prior_is_bayes_exact():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    train = y[:, None] * [1.0, 2.0] + rng.normal(size=(400, 2))
    parts = [("a", Gaussian(1.0), [0]), ("b", Gaussian(2.0), [1])]
    target = np.array([0.9, 0.1])
    fusion = DecisionFusion(parts, rule="product", calibration=None, target_prior=target)
    fusion.fit(train, y)
    new = rng.choice(2, 3000, p=target)
    X = new[:, None] * [1.0, 2.0] + rng.normal(size=(3000, 2))
    X[:100, 0], X[50:150, 1] = np.nan, np.nan
    logs = np.zeros((3000, 2))
    for column, distance in enumerate((1.0, 2.0)):
        logs += np.nan_to_num(-((X[:, [column]] - [0, distance]) ** 2) / 2)
    exact = target * np.exp(logs)
    exact /= exact.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(fusion.predict_proba(X), exact, atol=1e-12)
    np.testing.assert_allclose(exact[50], target)  # nobody is there
    assert fusion.prior_.tolist() == [0.5, 0.5]
    # the opposite of what the prior alone does: it says what the experts learned
    unaware = clone(fusion).set_params(target_prior=None).fit(train, y)
    wrong = clone(unaware).set_params(prior=target).fit(train, y)
    losses = [log_loss(new, model.predict_proba(X)) for model in (fusion, unaware, wrong)]
    assert losses[0] < losses[1] < losses[2]


@pytest.mark.parametrize("rule", ["sum", "stack"])
def test_target_prior_multiplies_what_was_fused(rule):
    frame, y = posts(missing=0.1)
    plain = DecisionFusion(experts(), rule=rule, cv=3).fit(frame, y)
    moved = clone(plain).set_params(target_prior=[0.6, 0.3, 0.1]).fit(frame, y)
    p = plain.predict_proba(frame) * [0.6, 0.3, 0.1] / plain.prior_
    np.testing.assert_allclose(
        moved.predict_proba(frame), p / p.sum(axis=1, keepdims=True), atol=1e-12
    )
    same = clone(plain).set_params(target_prior="uniform").fit(frame, y)
    np.testing.assert_allclose(same.predict_proba(frame), plain.predict_proba(frame), atol=1e-12)
    with pytest.raises(ValueError, match="target_prior is 'flat'"):
        clone(plain).set_params(target_prior="flat").fit(frame, y)


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


def test_an_expert_can_read_rows_with_gaps():
    X, y = numeric()
    X[::3, 0], X[1::3, 5], X[:10, :4] = np.nan, np.nan, np.nan
    mended = make_pipeline(SimpleImputer(), LogisticRegression())
    parts = [("a", mended, slice(0, 4)), ("b", mended, slice(4, 8))]
    fusion = DecisionFusion(parts, missing="all").fit(X, y)
    absent = np.isnan(fusion.expert_proba(X)).all(axis=2)
    np.testing.assert_array_equal(absent.T, [np.arange(200) < 10, np.zeros(200, bool)])
    assert fusion.n_missing_ == {"a": 10, "b": 0}
    assert DecisionFusion(parts).fit(X, y).n_missing_ == {"a": 73, "b": 67}
    with pytest.raises(ValueError, match=r"^expert 'b', Input X contains NaN"):
        DecisionFusion(PAIR[1:], missing="all").fit(X, y)


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


# --- who is to blame -----------------------------------------------------------------------------


def spoilt():
    """The posts, labelled p0, p1, ...; of the first twenty no picture, and a bad one in p50."""
    frame, y = posts(80)
    frame.index = [f"p{i}" for i in range(80)]
    frame.loc["p0":"p19", "image"] = None
    frame["image"] = frame["image"].where(
        frame.index != "p50", pd.Series([np.full((8, 8), np.nan)] * 80, index=frame.index)
    )
    face = make_pipeline(PixelFeatures(size=8), StandardScaler(), LogisticRegression())
    return frame, y, [experts()[0], ("face", face, "image")]


BLAME = r"expert 'face', image in row p50: .*NaN"


def test_errors_name_the_row_of_the_table_that_was_given():
    frame, y, parts = spoilt()
    fusion = DecisionFusion(parts, cv=3)
    with pytest.raises(ValueError, match=f"^{BLAME}"):
        fusion.fit(frame, y)
    good = frame.drop("p50")
    fusion.fit(good, y[np.arange(80) != 50])
    with pytest.raises(ValueError, match=f"^{BLAME}"):
        fusion.predict(frame.iloc[40:])
    with pytest.raises(ValueError, match=f"^{BLAME}"):
        cross_val_score(fusion, frame, y, error_score="raise")
    with warnings.catch_warnings(record=True) as caught:  # one fold cannot fit, one not predict
        warnings.simplefilter("always")
        cross_val_score(fusion, frame, y, cv=2)
    assert ["image in row p50" in str(w.message) for w in caught].count(True) == 2
    search = GridSearchCV(fusion, {"rule": ["sum"]}, error_score="raise")
    with pytest.raises(ValueError, match=f"^{BLAME}"):
        search.fit(frame, y)
    with pytest.raises(ValueError, match=f"^{BLAME}"):
        cross_val_score(search, frame, y, error_score="raise")


def test_errors_name_every_part_on_the_way():
    frame, y, _ = spoilt()
    both = FeatureFusion(
        [("face", PixelFeatures(size=8), "image"), ("words", CountVectorizer(), "text")]
    )
    part = ("both", make_pipeline(both, LogisticRegression()), ["text", "image"])
    with pytest.raises(ValueError, match=r"^expert 'both', block 'face', image in row p50: "):
        DecisionFusion([part]).fit(frame, y)


def test_rows_of_arrays_and_other_tables_are_counted():
    frame, y, (words, face) = spoilt()
    cells = frame.to_numpy(dtype=object)
    by_position = [(words[0], words[1], 0), (face[0], face[1], 1)]
    with pytest.raises(ValueError, match=r"^expert 'face', image in row 50: .*NaN"):
        DecisionFusion(by_position).fit(cells, y)
    with pytest.raises(ValueError, match=r"^expert 'face', image in row 50: .*NaN"):
        DecisionFusion(by_position).fit(cells.tolist(), y)
    other = pl.DataFrame(
        {"text": frame["text"].to_list(), "image": pl.Series([*frame["image"]], dtype=pl.Object)}
    )
    with pytest.raises(ValueError, match=r"^expert 'face', image in row 50: .*NaN"):
        DecisionFusion([words, face]).fit(other, y)


def test_tables_of_every_kind_give_the_same_posteriors():
    frame, y = posts(missing=0.2)
    fusion = DecisionFusion(experts(), cv=3)
    expected = fusion.fit(frame, y).predict_proba(frame)
    other = pl.DataFrame(
        {
            "text": [None if cell is None else str(cell) for cell in frame["text"]],
            "image": pl.Series([*frame["image"]], dtype=pl.Object),
            "audio": pl.Series([*frame["audio"]], dtype=pl.Object),
        }
    )
    np.testing.assert_array_equal(fusion.fit(other, y).predict_proba(other), expected)
    assert fusion.feature_names_in_.tolist() == ["text", "image", "audio"]
    assert cross_val_score(fusion, other, y, cv=3).mean() > 0.8
    fusion = DecisionFusion([(n, e, i) for i, (n, e, _) in enumerate(experts())], cv=3)
    for X in (frame.to_numpy(dtype=object), frame.to_numpy(dtype=object).tolist()):
        np.testing.assert_array_equal(fusion.fit(X, y).predict_proba(X), expected)


def test_a_cell_that_is_no_number_is_named():
    X, y = numeric()
    good = pd.DataFrame(X, columns=list("abcdefgh"), index=[f"p{row}" for row in range(200)])
    fusion = DecisionFusion([("face", GaussianNB(), ["a", "b"])]).fit(good, y)
    for cell in ("1,5", [1], {"a": 1}):
        bad = good.astype(object)
        bad["b"] = [cell if row == "p5" else 1.0 for row in bad.index]
        with pytest.raises((ValueError, TypeError)) as told:
            fusion.predict(bad)
        words = f"expert 'face', row p5, column 'b' holds {cell!r}, which is no number"
        assert str(told.value).startswith(words)
        with pytest.raises((ValueError, TypeError), match=r"block 'x', row p5, column 'b' holds"):
            FeatureFusion([("x", "passthrough", ["b"])]).fit(bad)
        inner = make_pipeline(FeatureFusion([("x", "passthrough", ["b"])]), GaussianNB())
        with pytest.raises((ValueError, TypeError), match=r"^expert 'late', block 'x', row p5, "):
            DecisionFusion([("late", inner, ["a", "b"])]).fit(bad, y)


def test_one_column_without_brackets_is_told():
    X, y = numeric()
    fusion = DecisionFusion([("face", GaussianNB(), "a")])
    with pytest.raises(ValueError, match=r"^expert 'face', .* Here: columns \['a'\]$"):
        fusion.fit(pd.DataFrame(X, columns=list("abcdefgh")), y)


def test_rows_named_in_another_order_are_refused():
    X, y = numeric()
    frame = pd.DataFrame(X, index=[f"p{row}" for row in range(200)])
    turned = pd.Series(y, index=frame.index[::-1])
    for given in ({"y": turned}, {"y": y, "groups": turned}, {"y": y, "sample_weight": turned}):
        with pytest.raises(ValueError, match="order"):
            DecisionFusion(PAIR).fit(frame, **given)
    with pytest.raises(ValueError, match="order"):
        FeatureFusion([("x", "passthrough", [0])]).fit(frame, turned)


def test_an_expert_that_loses_rows():
    frame, y = posts()
    words = make_pipeline(CountVectorizer(), LogisticRegression())
    with pytest.raises(ValueError, match=r"^expert 'w', .*\[1, 60\].*pass 'text', not \['text'\]"):
        DecisionFusion([("w", words, ["text"])]).fit(frame, y)

    class Forgetful(GaussianNB):
        def predict_proba(self, X):
            return super().predict_proba(X)[1:]

    X, y = numeric()
    with pytest.raises(ValueError, match=r"^expert 'x', it was given 40 rows and returned 39"):
        DecisionFusion([("x", Forgetful(), slice(None))], calibration="isotonic").fit(X, y)


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
    with pytest.raises(ValueError, match="groups has 7 rows, but X has 120"):
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


def clips(seed=0, speakers=40, each=10):
    """Clips of speakers whose mood is theirs: a voice says who, the text says (somewhat) how."""
    rng = np.random.default_rng(seed)
    who = rng.permutation(np.repeat(np.arange(speakers), each))
    y = rng.permutation(np.arange(speakers) % 2)[who]
    voice = rng.normal(size=(speakers, 3))[who] + 0.01 * rng.normal(size=(len(who), 3))
    X = pd.DataFrame(voice, columns=["v0", "v1", "v2"])
    return X.assign(text=y + rng.normal(size=len(who)), speaker=who), y


CLIPS = [
    ("text", LogisticRegression(), ["text"]),
    ("voice", KNeighborsClassifier(5), ["v0", "v1", "v2"]),
]


def test_a_column_of_groups_reaches_a_search():
    X, y = clips()
    new, truth = clips(seed=1)  # nobody of these forty has been heard
    deaf = ["speaker"]
    grid = {"text__C": [0.1, 1]}
    right = DecisionFusion(CLIPS, rule="product")
    right.fit(X.drop(columns=deaf), y, groups=X["speaker"])
    best = log_loss(truth, right.predict_proba(new.drop(columns=deaf)))
    assert best < 0.65

    search = GridSearchCV(right, grid, cv=GroupKFold(5), scoring="neg_log_loss")
    search.fit(X.drop(columns=deaf), y, groups=X["speaker"])
    lost = log_loss(truth, search.predict_proba(new.drop(columns=deaf)))
    assert lost > 1.5  # the search keeps its groups for itself: the voice is believed

    search.set_params(estimator__groups="speaker").fit(X, y, groups=X["speaker"])
    assert log_loss(truth, search.predict_proba(new)) == pytest.approx(best, abs=0.02)
    assert -search.best_score_ < 0.75


@pytest.mark.slow
def test_a_column_of_groups_reaches_cross_validation_and_compare():
    X, y = clips()
    fusion = DecisionFusion(CLIPS, rule="product", groups="speaker")
    search = GridSearchCV(fusion, {"text__C": [0.1, 1]}, cv=2, scoring="neg_log_loss")
    by_hand = np.mean(
        [
            log_loss(y[test], fusion.fit(X.iloc[train], y[train]).predict_proba(X.iloc[test]))
            for train, test in GroupKFold(3).split(X, y, X["speaker"])
        ]
    )
    losses = cross_validate(
        fusion, X, y, groups=X["speaker"], cv=GroupKFold(3), scoring="neg_log_loss"
    )
    assert -losses["test_score"].mean() == pytest.approx(by_hand)
    table = compare(
        {"fusion": fusion, "search": search},
        X, y, GroupKFold(3), groups=X["speaker"], scoring="neg_log_loss",
    )  # fmt: skip
    assert -table.loc["fusion", "mean"] == pytest.approx(by_hand)
    assert -table.loc["search", "mean"] < 0.75


def test_the_column_of_groups_is_nobodys_business():
    X, y = clips()
    model = DecisionFusion([("all", GaussianNB(), slice(None))], groups="speaker", cv=3)
    plain = DecisionFusion([("all", GaussianNB(), slice(None))], cv=3)
    features = X.drop(columns="speaker")
    moved = X[["speaker", *features]]  # positions are counted without the column
    for table in (X, moved, pl.DataFrame(moved.to_dict("list"))):
        model.fit(table, y)
        assert model.feature_names_in_.tolist() == ["v0", "v1", "v2", "text"]
        plain.fit(features, y, groups=X["speaker"])
        for new in (table, features):
            np.testing.assert_array_equal(model.predict_proba(new), plain.predict_proba(features))
    # what fit is handed counts, not the column
    handed = model.fit(X, y, groups=X["speaker"] % 7).predict_proba(X)
    plain.fit(features, y, groups=X["speaker"] % 7)
    np.testing.assert_array_equal(handed, plain.predict_proba(features))
    with pytest.raises(ValueError, match="groups='speaker' names no column of X"):
        model.fit(features, y)
    with pytest.raises(ValueError, match="groups='speaker' names no column of X"):
        model.fit(X.to_numpy(), y)
    with pytest.raises(ValueError, match="expert 'x' reads 'speaker', the column of groups"):
        DecisionFusion([("x", GaussianNB(), ["speaker"])], groups="speaker").fit(X, y)


def test_folds_need_two_classes_with_two_rows():
    X, _ = numeric()
    for y in ([0, 1], [0, 1, 1], ["a", "b", "c", "c"]):
        with pytest.raises(
            ValueError, match=r"the classes \[.* have one row each, too few for fol"
        ):
            DecisionFusion(PAIR).fit(X[: len(y)], y)
    DecisionFusion(PAIR, calibration=None).fit(X[:2], [0, 1])
    halves = [(range(2, 4), range(2)), (range(2), range(2, 4))]  # each trains on one class
    for rule, calibration in (("sum", "sigmoid"), ("stack", None)):
        with pytest.raises(
            ValueError, match=r"expert 'a' has too few rows|tests rows of one class only"
        ):
            DecisionFusion(PAIR, rule=rule, calibration=calibration, cv=halves).fit(
                X[:4], [0, 0, 1, 1]
            )


def test_repeated_folds_are_refused():
    X, y = numeric()
    with pytest.raises(ValueError, match="more than once"):
        DecisionFusion(PAIR, cv=ShuffleSplit(4, test_size=0.5, random_state=0)).fit(X, y)


# --- sample weights ------------------------------------------------------------------------------


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic", "temperature", None])
@pytest.mark.parametrize("how", [{}, {"rule": "stack"}, {"weights": "learned"}])
def test_a_sample_that_counts_twice_is_two_samples(calibration, how):
    X, y = numeric(n=120, flip_y=0.1)
    counts = np.random.default_rng(0).integers(0, 3, 120)
    fold = np.arange(120) % 3

    def folds(fold):
        return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]

    exact = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    parts = [("a", exact, slice(0, 4)), ("b", make_pipeline(GaussianNB()), slice(4, 8))]
    fusion = DecisionFusion(parts, calibration=calibration, **how)
    weighted = clone(fusion).set_params(cv=folds(fold)).fit(X, y, sample_weight=counts)
    repeated = clone(fusion).set_params(cv=folds(fold.repeat(counts)))
    repeated.fit(X.repeat(counts, axis=0), y.repeat(counts))
    np.testing.assert_allclose(weighted.prior_, repeated.prior_)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), atol=2e-3 if how else 1e-4
    )


def test_an_expert_that_takes_no_sample_weight_says_so():
    X, y = numeric(n=120)
    parts = [*PAIR, ("near", make_pipeline(StandardScaler(), KNeighborsClassifier()), [0, 1])]
    weight = np.arange(120) + 1.0
    with pytest.warns(UserWarning, match=r"expert 'near' .KNeighborsClassifier.* no sample_weight"):
        model = DecisionFusion(parts).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.prior_, np.bincount(y, weight) / weight.sum())
    with pytest.raises(ValueError, match=r"in every row of the classes \[1\]"):
        DecisionFusion(PAIR).fit(X, y, sample_weight=(y != 1).astype(float))
    named = pd.DataFrame(X, index=[f"p{row}" for row in range(120)])
    for bad in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"sample_weight is {float(bad)} in row p4; expected"):
            DecisionFusion(PAIR).fit(named, y, sample_weight=np.where(weight == 5, bad, weight))
    for bad, words in ((weight[:3], r"\(3,\); expected \(120,\)"), (2, r"\(\); expected \(120,")):
        with pytest.raises(ValueError, match=f"sample_weight has shape {words}"):
            DecisionFusion(PAIR).fit(X, y, sample_weight=bad)
    with pytest.raises(ValueError, match="sample_weight sums to infinity"):
        DecisionFusion(PAIR).fit(X, y, sample_weight=np.full(120, 1e308))


def test_sample_weights_with_metadata_routing():
    X, y = numeric(n=120)
    weight = np.arange(120) + 1.0
    expert = make_pipeline(StandardScaler(), LogisticRegression())
    plain = DecisionFusion([("x", expert, slice(None))], cv=3).fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        asks = LogisticRegression().set_fit_request(sample_weight=True)
        expert = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asks)
        routed = DecisionFusion([("x", expert, slice(None))], cv=3)
        routed.fit(X, y, sample_weight=weight)
        np.testing.assert_array_equal(routed.predict_proba(X), plain.predict_proba(X))


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


def test_a_parameter_of_what_has_none_is_told():
    for part in ("drop", None):
        fusion = DecisionFusion([("text", part, "text")])
        with pytest.raises(ValueError, match=f"experts: 'text' is {part!r}, which has no .*'C'"):
            fusion.set_params(text__C=1)
        fusion.set_params(text=LogisticRegression(), text__C=3)
        assert fusion.experts[0][1].C == 3


def test_set_params_does_not_touch_the_original():
    original = DecisionFusion(experts(C=2.0))
    copy = clone(original).set_params(text__logisticregression__C=0.1, image=GaussianNB())
    assert original.experts[0][1][-1].C == 2.0
    assert copy.get_params()["text__logisticregression__C"] == 0.1
    assert not isinstance(original.experts[1][1], GaussianNB)


def test_set_params_after_fit_changes_nothing_until_the_next():
    frame, y = posts(missing=0.1)
    fusion = DecisionFusion(experts(), weights="learned", cv=3).fit(frame, y)
    before = fusion.predict_proba(frame)
    fusion.set_params(
        rule="stack", calibration=None, missing="all", weights=None, target_prior=[0.8, 0.1, 0.1],
        text__logisticregression__C=1e-6, groups="text", image="drop",
    )  # fmt: skip
    np.testing.assert_array_equal(fusion.predict_proba(frame), before)
    fusion.set_params(groups=None, audio="drop").fit(frame, y)
    assert np.abs(fusion.predict_proba(frame) - before).max() > 0.1


@pytest.mark.parametrize("weights", [None, [1, 5, 2], {"text": 1, "image": 5, "audio": 2}])
def test_dropped_experts(weights):
    frame, y = posts(missing=0.1)
    fusion = DecisionFusion(experts(), weights=weights, cv=3).set_params(image="drop").fit(frame, y)
    assert list(fusion.named_experts_) == ["text", "audio"]
    left = DecisionFusion([experts()[0], experts()[2]], weights=weights and [1, 2], cv=3)
    np.testing.assert_array_equal(
        fusion.predict_proba(frame), left.fit(frame, y).predict_proba(frame)
    )
    grid = GridSearchCV(fusion, {"image": [experts()[1][1], "drop"]}, cv=2).fit(frame, y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


@reads_html
def test_the_html_shows_a_box_for_each_expert():
    frame, y = posts()
    fusion = DecisionFusion([*experts(), ("no", "drop", "text")], cv=3)
    for model in (fusion, fusion.fit(frame, y)):
        html = model._repr_html_()
        for words in ("CountVectorizer", "GaussianNB", "LinearSVC", "<label>audio</label>", "drop"):
            assert words in html or words.replace("label>", "div>") in html, words


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
        ({"rule": max}, "unknown rule <built-in function max>: use one of .*'max'.*or a function"),
        ({"rule": dict}, "unknown rule <class 'dict'>: use one of"),
        ({"rule": lambda P, Q: P}, "cannot be called, missing a required argument: 'Q': use one"),
        ({"weights": [1, np.nan]}, r"weights are {'a': 1.0, 'b': nan}; expected numbers >= 0"),
        ({"weights": [1e308, 1e308]}, r"weights are .*, the largest from 1e-100 to 1e100"),
        ({"weights": [5e-324, 0]}, r"weights are .*, the largest from 1e-100 to 1e100"),
        ({"calibration": "platt"}, "unknown calibration 'platt'"),
        ({"weights": "best"}, "weights is 'best'"),
        ({"weights": [1, 2, 3]}, r"a number for each of the experts \['a', 'b'\]"),
        ({"weights": 7}, "a number for each of the experts"),
        ({"missing": "some"}, "missing is 'some'"),
        ({"weights": {"a": 1}}, r"weights names \['a'\], but the experts are \['a', 'b'\]"),
        ({"weights": {"a": 1, "b": -1}}, ">= 0"),
        ({"weights": {"a": 0, "b": 0}}, "not all 0"),
        ({"weights": {"a": 1, "b": 1}, "rule": "max"}, "'max' takes no weights"),
        ({"weights": "learned", "rule": "median"}, "'median' takes no learned weights"),
        ({"weights": "learned", "rule": "vote"}, "'vote' takes no learned weights.*one expert"),
        ({"weights": "learned", "rule": rules.vote_rule}, "'vote' takes no learned weights"),
        ({"weights": "learned", "rule": "stack"}, "learns its own weights"),
        ({"experts": []}, "list of .name, estimator, columns. triples"),
        ({"experts": [("a", GaussianNB())]}, "triples"),
        ({"experts": [("a", GaussianNB(), [0]), ("a", GaussianNB(), [1])]}, "names must differ"),
        ({"experts": [("a__b", GaussianNB(), [0])]}, "'a__b' cannot be a name"),
        ({"experts": [("rule", GaussianNB(), [0])]}, "'rule' cannot be a name"),
        ({"experts": [("a", GaussianNB(), "text")]}, "no column 'text'; it has 8"),
        ({"experts": [("a", GaussianNB(), [99])]}, r"no column \[99\]; it has 8"),
        ({"experts": [("a", "drop", [0]), ("b", "drop", [1])]}, "every one is 'drop'"),
        ({"experts": [("a", GaussianNB(), slice(9, 12))]}, "select nothing"),
        ({"cv": 1}, "cv is 1; expected None or a whole number of at least 2, a splitter, or"),
        ({"cv": "5"}, "cv is '5'; expected"),
        ({"cv": KFold}, "cv is <class .*; expected"),
        ({"cv": iter([])}, "cv gives no folds.* a generator gives its pairs only once"),
        ({"cv": [(range(200), [])]}, "pairs of row numbers below 200: a pair has none"),
        ({"target_prior": [1e-320, 0.5, 0.5]}, "target_prior is .*; expected positive"),
        ({"cv": {0: [[0], [1]]}}, r"cv is {0: .*; expected None or a whole number"),
        ({"cv": KFold(500)}, r"^cv=KFold\(n_splits=500.*: Cannot have number of splits"),
        ({"cv": [([0, 1], [200])]}, r"pairs of row numbers below 200: index 200"),
        ({"cv": [([0, 1], [0.5])]}, r"pairs of row numbers below 200"),
        ({"cv": [1, 2]}, r"pairs of row numbers below 200"),
        ({"cv": [(range(9), range(8, 20))]}, "cv tests rows that it trains on"),
        ({"n_jobs": 0}, "n_jobs is 0; expected None or a whole number other than 0"),
        ({"n_jobs": "2"}, "n_jobs is '2'"),
        ({"groups": ["who"]}, r"groups is \['who'\]; expected the name of one column of X"),
        (
            {"experts": [("face", 5, [0]), ("b", GaussianNB(), [1])]},
            "^expert 'face', 5 is no classifier",
        ),
        ({"experts": [("face", GaussianNB, [0])]}, "^expert 'face', <class .* is no classifier"),
        ({"experts": [("face", None, [0])]}, r"^expert 'face', None is no .*sion\(\), or 'drop'"),
        ({"experts": [("face", "passthrough", [0])]}, "^expert 'face', 'passthrough' is no clas"),
        ({"experts": [("face", GaussianNB(), None)]}, "^expert 'face', X has no column None"),
        ({"experts": [("face", GaussianNB(), [10**30])]}, "^expert 'face', X has no column"),
        ({"experts": [("face", GaussianNB(), True)]}, "^expert 'face', X has no column True"),
        ({"experts": [None]}, "triples, got None"),
        ({"groups": "who"}, "groups='who' names no column of X, which has no names: pass a"),
        ({"prior": {0: 0.5, 1: 0.5}}, r"prior names \[0, 1\], but the classes are \[0, 1, 2\]"),
        ({"target_prior": [0.5, 0.5]}, r"target_prior has shape \(2,\)"),
        ({"prior": "even"}, "prior is 'even'; expected None, 'uniform', a mapping or an array"),
    ],
)
def test_clear_errors(change, words):
    X, y = numeric()
    fusion = DecisionFusion(**{"experts": PAIR, **change})
    with pytest.raises((ValueError, TypeError), match=words):
        fusion.fit(X, y)


def test_errors_about_tables():
    frame, y = posts()
    with pytest.raises(ValueError, match=r"no column \['video'\]; its columns are text, image"):
        DecisionFusion([("v", GaussianNB(), "video")]).fit(frame, y)
    with pytest.raises(ValueError, match=r"y holds 1 class, 0\.0; at least two"):
        DecisionFusion(experts()).fit(frame, np.zeros(60))
    for none in (frame.iloc[:0], np.empty((0, 3))):
        with pytest.raises(ValueError, match=r"X has no rows|0 sample\(s\)"):
            DecisionFusion(experts()).fit(none, y[:0])
    with pytest.raises(ValueError, match="inconsistent"):
        DecisionFusion(experts()).fit(frame, y[:10])
    fusion = DecisionFusion(experts(), cv=KFold(3, shuffle=True, random_state=0)).fit(frame, y)
    with pytest.raises(ValueError, match="iloc"):
        fusion.predict(frame.iloc[0])
    with pytest.raises(ValueError, match="feature names"):
        fusion.predict(frame.drop(columns="audio"))
    assert fusion.predict(frame.iloc[[0]]).shape == (1,)


def test_weights_with_names_go_by_them():
    frame, y = posts()
    names = [name for name, _, _ in experts()]
    by_name = {name: float(k) for k, name in enumerate(names)}
    turned = pd.Series(by_name)[names[::-1]]
    plain = pd.Series(list(by_name.values()))
    for given in (by_name, turned, plain, list(by_name.values())):
        assert DecisionFusion(experts(), weights=given).fit(frame, y).weights_ == by_name
    for bad, message in (
        (np.ma.array([1.0] * len(names), mask=[1] + [0] * (len(names) - 1)), "masked values"),
        (np.full(len(names), 1j), "weights must be numbers"),
        ([10**400] * len(names), "weights must be numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            DecisionFusion(experts(), weights=bad).fit(frame, y)


def test_priors_with_names_go_by_them():
    frame, y = posts()
    given = {"so-so": 0.5, "good": 0.3, "bad": 0.2}
    for prior in (given, pd.Series(given), pd.Series([0.2, 0.3, 0.5]), [0.2, 0.3, 0.5]):
        fusion = DecisionFusion(experts(), prior=prior, target_prior=prior).fit(frame, y)
        np.testing.assert_allclose(fusion.prior_, [0.2, 0.3, 0.5])
        np.testing.assert_allclose(fusion.target_prior_, [0.2, 0.3, 0.5])
    numbers = np.searchsorted(np.unique(y), y)
    with pytest.raises(ValueError, match=r"prior names .*'so-so'.*the classes are \[0, 1, 2\]"):
        DecisionFusion(experts(), prior=pd.Series(given)).fit(frame, numbers)


def test_folds_may_be_any_rows_of_numbers():
    X, y = numeric()
    given = list(StratifiedKFold(3).split(X, y))
    groups = np.arange(200) // 100
    expected = DecisionFusion(PAIR, cv=given).fit(X, y).predict_proba(X)
    as_lists = [(train.tolist(), test.tolist()) for train, test in given]
    as_masks = [(np.isin(range(200), train), np.isin(range(200), test)) for train, test in given]
    for cv in (as_lists, as_masks, iter(given), tuple(map(tuple, as_lists))):
        found = DecisionFusion(PAIR, cv=cv).fit(X, y).predict_proba(X)
        np.testing.assert_array_equal(found, expected)
    halves = [(range(100), range(100, 200)), (range(100, 200), range(100))]
    DecisionFusion(PAIR, cv=halves).fit(X, y, groups=groups)
    by_number = DecisionFusion(PAIR, cv=np.int64(2)).fit(X, y, groups=groups).predict_proba(X)
    np.testing.assert_array_equal(
        by_number, DecisionFusion(PAIR, cv=2).fit(X, y, groups=groups).predict_proba(X)
    )


class Odd(GaussianNB):
    """A classifier whose posteriors are changed on their way out."""

    def __init__(self, change=None):
        super().__init__()
        self.change = change

    def predict_proba(self, X):
        return self.change(np.exp(super().predict_log_proba(X)))

    def predict_log_proba(self, X):
        return self.change(super().predict_log_proba(X))


class Elsewhere(Odd):
    """A classifier that knows other classes than those it was given."""

    def fit(self, X, y):
        super().fit(X, y)
        self.classes_ = self.classes_ + 0.5
        return self


def test_answers_that_are_none_of_a_classifier_are_named():
    X, y = numeric()
    frame = pd.DataFrame(X, index=[f"p{row}" for row in range(200)])
    for change in (lambda p: p * 2, lambda p: p - 1):
        fusion = DecisionFusion([("face", Odd(change), [0, 1])], calibration=None).fit(frame, y)
        with pytest.raises(ValueError, match=r"^expert 'face', its posteriors in row p0 are \["):
            fusion.expert_proba(frame)
    with pytest.raises(ValueError, match=r"^expert 'face', its classes_ hold 0\.5, which"):
        DecisionFusion([("face", Elsewhere(lambda p: p), [0, 1])]).fit(frame, y)
    with pytest.raises(ValueError, match=r"^expert 'face' \(StandardScaler.*has no classes_"):
        DecisionFusion([("face", StandardScaler(), [0, 1])]).fit(frame, y)


def with_a_hole(p):
    return np.where(np.arange(len(p))[:, None] == 1, np.nan, p)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p + 1j, "its scores must be numbers"),
        (lambda p: np.ma.array(p, mask=p < p.max()), "its scores has masked values"),
        (lambda p: None, "its scores are None; expected a row for each sample"),
        (lambda p: np.full(p.shape, "x"), "its scores must be numbers"),
        (with_a_hole, "its scores hold NaN or inf, the first in row p"),
    ],
)
@pytest.mark.parametrize("calibration", [None, "sigmoid", "isotonic"])
def test_scores_that_are_no_numbers_are_refused_by_name(change, words, calibration):
    X, y = numeric()
    frame = pd.DataFrame(X, index=[f"p{row}" for row in range(200)])
    fusion = DecisionFusion([("face", Odd(change), [0, 1])], calibration=calibration)
    with pytest.raises(ValueError, match=f"^expert 'face', {words}"):
        fusion.fit(frame, y).predict_proba(frame)


def test_errors_about_labels_and_groups():
    frame, y = posts()
    frame.index = [f"p{i}" for i in range(60)]
    for lost in (None, np.nan, pd.NA):
        labels = pd.Series(y.astype(object))
        labels[[3, 7]] = lost
        with pytest.raises(ValueError, match=r"2 of 60 labels are missing \(rows p3, p7\); drop"):
            DecisionFusion(experts()).fit(frame, labels)
        with pytest.raises(ValueError, match=r"2 of 60 groups are missing .*, at p3, p7: leave"):
            DecisionFusion(experts()).fit(frame, y, groups=labels.tolist())
        texts = [lost if row in (3, 7) else str(label) for row, label in enumerate(y)]
        with pytest.raises(ValueError, match=r"2 of 60 labels are missing \(rows p3, p7\)"):
            DecisionFusion(experts()).fit(frame, texts)
    masked = np.ma.array(np.arange(60) % 2, mask=np.arange(60) % 30 == 3)
    with pytest.raises(ValueError, match=r"2 of 60 labels are missing \(rows p3, p33\)"):
        DecisionFusion(experts()).fit(frame, masked)
    with pytest.raises(ValueError, match=r"2 of 60 groups are missing .*, at p3, p33: leave"):
        DecisionFusion(experts()).fit(frame, y, groups=masked)
    with pytest.raises(ValueError, match="groups must be a row of labels"):
        DecisionFusion(experts()).fit(frame, y, groups=[(1, 2)] * 60)
    twice = pd.concat([frame, frame[["text"]]], axis=1)
    for table, name, words in (
        (twice, "text", "groups='text' names 2 columns of X; its columns are"),
        (frame, "who", "groups='who' names no column of X; its columns are .'text', 'image'"),
        (frame, "text", "expert 'text' reads 'text', the column of groups, which no expert sees"),
    ):
        with pytest.raises(ValueError, match=words):
            DecisionFusion(experts(), groups=name).fit(table, y)
    for bad, words in (
        ("text", "must be a row"),
        (1, "must be a row"),
        ([1, 2], "has 2 rows, but"),
    ):
        with pytest.raises(ValueError, match=f"groups {words}"):
            DecisionFusion(experts()).fit(frame, y, groups=bad)
    with pytest.raises(ValueError, match=r"2 of 3 groups are missing .*, at 0, 2: leave"):
        DecisionFusion(experts()).fit(frame, y, groups=[None, 1, None])
    for mixed in (["1", 1] * 30, np.array(["1", 1] * 30, dtype=object)):
        with pytest.raises(
            ValueError, match=r"labels are of several kinds, \['int', 'str'\]: make"
        ):
            DecisionFusion(experts()).fit(frame, mixed)
    with pytest.raises(ValueError, match=r"2 of 60 labels are missing"):
        DecisionFusion(experts()).fit(frame, np.where(np.arange(60) % 30 == 3, np.nan, 1.0))
    for bad, words in (
        (np.where(y == "bad", np.inf, 1.0), r"20 of 60 labels are infinite, at p0"),
        (dict(enumerate(y)), r"labels must be a row, one for each sample, got \{0: "),
        ("text", "labels must be a row, one for each sample, got 'text'"),
        ([[1, 2], [3]] * 30, r"labels must be a row, .* got \[\[1, 2"),
        (pd.Series(np.arange(60) % 2, dtype=object), r"objects of type int; .* y\.astype\(int\)"),
    ):
        with pytest.raises(ValueError, match=words):
            DecisionFusion(experts()).fit(frame, bad)
    with pytest.raises(ValueError, match=r"continuous.*use FeatureFusion and a regressor"):
        DecisionFusion(experts()).fit(frame, np.linspace(0, 1, 60))
    with pytest.raises(ValueError, match=r"1d array.*\(60, 3\)"):
        DecisionFusion(experts()).fit(frame, np.eye(3)[np.arange(60) % 3])


def test_import_loads_no_tensorflow():
    code = "import sys, mmtutor.fusion; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_scores_that_are_not_one_a_class_are_refused_by_name():
    rng = np.random.default_rng(3)
    X, y = pd.DataFrame(rng.normal(size=(80, 4)), columns=list("abcd")), np.arange(80) % 4
    pairs = SVC(decision_function_shape="ovo")  # a score for each of six pairs of classes
    fusion = DecisionFusion([("face", pairs, ["a", "b"])], calibration="sigmoid")
    with pytest.raises(ValueError, match=r"^expert 'face'.*, 6\) for 4 classes.*'ovr'"):
        fusion.fit(X, y)
    fusion.set_params(face=SVC()).fit(X, y)
    fusion.set_params(face=pairs)
    with pytest.raises(ValueError, match="for 3 classes, one a pair; one column a class"):
        fusion.fit(X, y % 3)
