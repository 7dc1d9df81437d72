"""CNNRNNClassifier: fitting it again, and what its branches say by themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer, StandardScaler

pytest.importorskip("keras")

from mmtutor.deep import CNNRNNClassifier

TWO = [
    ("first", FunctionTransformer(np.asarray), ["a", "b"]),
    ("second", FunctionTransformer(np.asarray), ["c", "d"]),
]
QUICK = {"epochs": 8, "verbose": 0, "units": 8}


def numbers(n=80):
    y = np.arange(n) % 2
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 4)) + 1.2 * y[:, None], columns=list("abcd"))
    return X, np.array(["no", "yes"])[y]


@pytest.mark.slow
def test_fitting_again_starts_from_the_same_weights():
    X, y = numbers()
    again = CNNRNNClassifier(TWO, fusion="product", auxiliary=1.0, **QUICK)
    once = clone(again).fit(X[:40], y[:40]).predict_proba(X)
    other = again.fit(X[40:], y[40:]).predict_proba(X)
    network = again.network_
    np.testing.assert_array_equal(again.fit(X[:40], y[:40]).predict_proba(X), once)
    assert again.network_ is network  # not built anew
    assert np.abs(once - other).max() > 1e-3
    again.set_params(units=4).fit(X, y)
    assert again.network_ is not network


def test_the_branches_decide_by_themselves():
    X, y = numbers()
    model = CNNRNNClassifier(TWO, fusion="product", auxiliary=1.0, **QUICK).fit(X, y)
    single = model.branch_proba(X)
    assert list(single) == ["first", "second"]
    product = single["first"] * single["second"]
    product /= product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), product, atol=1e-5)
    with pytest.raises(ValueError, match="without a decision of its single branches"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, y).branch_proba(X)


def test_the_gate_shows_its_weights():
    X, y = numbers()
    blocks = [(name, StandardScaler(), columns) for name, _, columns in TWO]
    model = CNNRNNClassifier(blocks, fusion="gated", **QUICK).fit(X, y)
    X.loc[:9, ["a", "b"]] = np.nan
    X.loc[10:19, ["c", "d"]] = np.nan
    weights = model.gate_weights(X)
    assert list(weights) == ["first", "second"]
    np.testing.assert_allclose(weights["first"] + weights["second"], 1, atol=1e-6)
    assert (weights["first"][:10] == 0).all() and (weights["second"][10:20] == 0).all()
    assert weights["first"][20:].std() > 1e-3  # anew for each sample
    with pytest.raises(ValueError, match="without a gate"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, y).gate_weights(X)


@pytest.mark.slow
def test_a_gate_passes_over_the_branch_that_fails():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = pd.DataFrame(0.2 * rng.normal(size=(400, 4)) + (2 * y - 1)[:, None], columns=list("abcd"))
    broken = rng.integers(0, 2, size=400) == 1  # the first branch then shows something else: 9
    X.loc[broken, ["a", "b"]] = 9 + rng.normal(size=(broken.sum(), 2))
    X.loc[~broken, ["c", "d"]] = 9 + rng.normal(size=((~broken).sum(), 2))
    settings = QUICK | {"epochs": 20, "learning_rate": 1e-2}
    gaps = []
    for start in range(3):  # one start differs much from another
        model = CNNRNNClassifier(TWO, fusion="gated", random_state=start, **settings)
        first = model.fit(X[:300], y[:300]).gate_weights(X[300:])["first"]
        gaps.append(first[~broken[300:]].mean() - first[broken[300:]].mean())
    assert np.mean(gaps) > 0.2


def test_pictures_are_centred_and_absent_ones_stay_out():
    rng = np.random.default_rng(0)
    pictures = list(rng.uniform(0.6, 1, size=(40, 8, 8, 1)).astype("float32"))
    X = pd.DataFrame({"image": pd.Series(pictures, dtype=object), "number": np.arange(40.0)})
    X.loc[::4, "image"] = None
    stack = FunctionTransformer(lambda cells: np.stack(list(cells)))
    blocks = [("image", stack, "image"), ("number", FunctionTransformer(np.asarray), ["number"])]
    model = CNNRNNClassifier(blocks, **QUICK).fit(X, np.arange(40) % 2)
    there = np.arange(40) % 4 > 0
    seen, missing = np.stack(list(X["image"][there])), model._inputs(X)["image_values"][~there]
    values = model._inputs(X)["image_values"][there]
    np.testing.assert_allclose(values, (seen - seen.mean()) / seen.std(), atol=1e-3)
    assert (missing == 0).all()
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values, rng: values[:, :1], r"augment\['first'\] returned shape \(40, 1\)"),
        (lambda values, rng: values / values.undefined, "no attribute 'undefined'"),
        (lambda values, rng: values * np.nan, r"augment\['first'\] returned NaN"),
        (lambda values, rng: values * 1e30, r"augment\['first'\] returned NaN, infinity or"),
    ],
)
def test_an_augmentation_that_fails_says_so_itself(change, message):
    X, y = numbers()
    model = CNNRNNClassifier(TWO, augment={"first": change}, batch_size=40, **QUICK)
    with pytest.raises((ValueError, AttributeError), match=message) as caught:
        model.fit(X, y)
    assert not any("tensorflow" in str(entry.path) for entry in caught.traceback)


def test_an_augmentation_that_fails_later_says_so_itself():
    met = []

    def third_time_lost(values, rng):
        met.append(values)
        return values if len(met) < 3 else met[99]

    X, y = numbers()
    model = CNNRNNClassifier(TWO, augment={"first": third_time_lost}, **QUICK)
    with pytest.raises(IndexError, match="list index out of range") as caught:
        model.fit(X, y)
    assert not any("tensorflow" in str(entry.path) for entry in caught.traceback)
