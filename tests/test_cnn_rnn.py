"""CNNRNNClassifier: fitting it again, and what its branches say by themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

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
    with pytest.raises(ValueError, match="no decision of the single branches"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, y).branch_proba(X)
