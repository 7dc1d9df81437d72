"""The networks: what they learn, what they promise, and what they refuse."""

import copy
import dataclasses
import inspect
import logging
import os
import pickle
import random
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

pytest.importorskip("keras")

import keras
import tensorflow as tf

from mmtutor.deep import CNNRNNClassifier, ContrastiveAligner, MultimodalAutoencoder, info_nce
from mmtutor.deep._feed import Feed
from mmtutor.text import TokenSequences


class Stack(TransformerMixin, BaseEstimator):
    """Cells that are arrays already, stacked; sequences are padded with NaN to `length` frames."""

    def __init__(self, length=None):
        self.length = length

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        cells = list(X)
        if self.length:
            width = cells[0].shape[1]
            empty = [np.full((self.length - len(c), width), np.nan) for c in cells]
            cells = [np.vstack(pair) for pair in zip(cells, empty, strict=True)]
        return np.stack(cells)


class Words(Stack):
    """Cells that are word numbers already."""

    def fit(self, X, y=None):
        self.n_tokens_ = max(map(max, X)) + 1
        return super().fit(X, y)


def turned(values, rng):
    return -values


def numbers(n=80, seed=0, shift=1.2):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = pd.DataFrame(rng.normal(size=(n, 4)) + shift * y[:, None], columns=list("abcd"))
    return X, np.array(["no", "yes"])[y]


TWO = [
    ("first", FunctionTransformer(np.asarray), ["a", "b"]),
    ("second", FunctionTransformer(np.asarray), ["c", "d"]),
]
QUICK = {"epochs": 12, "verbose": 0, "units": 8}


@pytest.fixture(scope="module")
def media():
    """Pictures, frames and words of two classes: bright or dark, rising or falling, word 2 or 3."""
    rng = np.random.default_rng(1)
    y = np.arange(48) % 2
    frames = [(np.linspace(-1, 1, 12 + i % 5) * (2 * c - 1))[:, None] for i, c in enumerate(y)]
    frame = pd.DataFrame(
        {
            "image": [np.clip(rng.normal(0.3 + 0.4 * c, 0.1, (16, 16, 1)), 0, 1) for c in y],
            "audio": [np.hstack([f, rng.normal(0, 0.1, (len(f), 2))]) for f in frames],
            "text": [np.array([2 + c, 4, 5, 0, 0]) for c in y],
        }
    )
    return frame, y


BLOCKS = [
    ("image", Stack(), "image"),
    ("audio", Stack(length=20), "audio"),
    ("text", Words(), "text"),
]


@pytest.mark.slow
def test_it_learns_from_pictures_frames_and_words(media):
    X, y = media
    model = CNNRNNClassifier(BLOCKS, units=12, epochs=12, batch_size=8, verbose=0)
    P = model.fit(X[:32], y[:32]).predict_proba(X[32:])
    assert P.shape == (16, 2)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    assert (model.predict(X[32:]) == y[32:]).mean() >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("fusion", ["concat", "gated", "product"])
def test_each_fusion_beats_its_better_half(fusion):
    X, y = numbers(400)
    new, truth = numbers(400, seed=1)
    fused = CNNRNNClassifier(TWO, fusion=fusion, auxiliary=0.5, **QUICK).fit(X, y)
    halves = [CNNRNNClassifier([part], **QUICK).fit(X, y) for part in TWO]
    assert fused.score(new, truth) > max(half.score(new, truth) for half in halves)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["audio", "text"])
def test_padding_changes_nothing(media, kind):
    X, y = media
    block = next(block for block in BLOCKS if block[0] == kind)
    model = CNNRNNClassifier([block], units=8, epochs=2, verbose=0).fit(X, y)
    network, block = model.network_, model.blocks_[0]
    values, present = block.tensors(X[:6])
    there = ~np.isnan(values).all(axis=2) if kind == "audio" else values > 0
    short = values[:, : there.sum(axis=1).max()]
    assert short.shape < values.shape
    # The same weights in a network built for the shorter length.
    other = clone(model)
    other.classes_, other.blocks_ = (
        model.classes_,
        [dataclasses.replace(block, shape=short.shape[1:])],
    )
    shorter = other._build()[0]
    shorter.set_weights(network.get_weights())
    outputs = [
        np.asarray(net({f"{kind}_values": v, f"{kind}_present": present})["decision"])
        for net, v in ((network, values), (shorter, short))
    ]
    np.testing.assert_allclose(*outputs, atol=1e-5)


@pytest.mark.slow
def test_a_frame_like_the_mean_is_no_padding():
    rng = np.random.default_rng(0)
    signs = rng.permutation(np.repeat([-1.0, 0.0, 1.0], 80)).reshape(40, 6, 1)  # their mean is 0
    X = pd.DataFrame({"steps": pd.Series(list(signs), dtype=object)})
    blocks = [("steps", Stack(length=6), "steps")]
    model = CNNRNNClassifier(blocks, units=8, epochs=3, verbose=0).fit(X, np.arange(40) % 2)

    def answer(*steps):
        cell = pd.Series([np.array(steps, dtype=float).reshape(-1, 1)], dtype=object)
        return model.predict_proba(pd.DataFrame({"steps": cell}))

    assert np.abs(answer(1, -1, 0, 0, 0) - answer(1, -1)).max() > 1e-4
    assert np.abs(answer(0, 0, 0) - answer(0, 0)).max() > 1e-4
    np.testing.assert_allclose(answer(1, -1, np.nan), answer(1, -1), atol=1e-6)


@pytest.mark.slow
def test_whole_numbers_are_words_only_when_said_so():
    texts = pd.DataFrame({"text": ["good film", "bad film", "good", "bad bad"] * 10})
    y = np.arange(40) % 2

    def kind(transformer, X, columns):
        model = CNNRNNClassifier([("x", transformer, columns)], epochs=1, verbose=0).fit(X, y)
        return model.blocks_[0].kind, model

    assert kind(TokenSequences(), texts, "text")[0] == "tokens"
    assert kind(make_pipeline("passthrough", TokenSequences()), texts, "text")[0] == "tokens"
    counted, model = kind(CountVectorizer(), texts, "text")
    assert counted == "vector"
    again = model.set_params(epochs=20, dropout=0.0, learning_rate=0.01).fit(texts, y)
    assert again.score(texts, y) == 1.0
    ages = pd.DataFrame({"age": [30, 40, 50, 60] * 10, "likes": [1, 2, 3, 4] * 10})
    read, model = kind(FunctionTransformer(), ages, ["age", "likes"])
    assert read == "vector"
    assert len(model.predict(ages.assign(age=61))) == 40


def test_same_seed_same_weights_other_seed_others():
    X, y = numbers()
    first, again, other = (
        CNNRNNClassifier(TWO, random_state=seed, **QUICK).fit(X, y).network_.get_weights()
        for seed in (3, 3, 4)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_missing_cells_in_training_and_prediction():
    X, y = numbers(200, shift=2)
    holes = X.copy()
    holes.loc[::3, ["a", "b"]] = np.nan
    holes.loc[1::3, ["c", "d"]] = np.nan
    model = CNNRNNClassifier(TWO, modality_dropout=0.3, **QUICK).fit(holes, y)
    for gone in (["a", "b"], ["c", "d"]):
        test, truth = numbers(200, seed=1, shift=2)
        test[gone] = np.nan
        assert (model.predict(test) == truth).mean() > 0.85  # the best possible: 0.92
    nothing = X[:3] * np.nan
    assert np.isfinite(model.predict_proba(nothing)).all()


def test_what_an_absent_cell_would_have_held_does_not_matter():
    X, y = numbers()
    model = CNNRNNClassifier(TWO, **QUICK).fit(X, y)
    inputs = model._inputs(X[:5])
    inputs["second_present"][:] = 0
    before = model._outputs(inputs)["decision"]
    inputs["second_values"] += 100
    np.testing.assert_allclose(model._outputs(inputs)["decision"], before, atol=1e-6)


def test_clone_and_parameters():
    model = CNNRNNClassifier(TWO, units=7)
    copy = clone(model)
    assert copy.get_params()["units"] == 7
    copy.set_params(fusion="gated")
    assert model.fusion == "concat"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fusion": "magic"}, "fusion is 'magic'; expected one of concat, gated, product"),
        ({"epochs": 0}, "epochs is 0; expected a whole number of at least 1"),
        ({"batch_size": 8.0}, "batch_size is 8.0"),
        ({"dropout": 1.0}, r"dropout is 1.0; expected a number in \[0, 1\)"),
        ({"modality_dropout": -0.1}, "modality_dropout is -0.1"),
        ({"auxiliary": -1}, "auxiliary is -1; expected a number of at least 0"),
        ({"learning_rate": -1}, "learning_rate is -1; expected a positive number"),
        ({"learning_rate": np.nan}, "learning_rate is nan"),
        ({"validation_fraction": 1}, "validation_fraction is 1"),
        ({"random_state": -1}, "random_state is -1"),
        ({"augment": {"third": None}}, "augment names .*third"),
        ({"augment": {"first": None}}, r"augment\['first'\] is None; expected a function"),
        ({"augment": ["first"]}, r"augment is \['first'\]; expected a mapping"),
        ({"fusion": np.array(["concat"])}, "fusion is array"),
        (
            {"callbacks": keras.callbacks.EarlyStopping()},
            "callbacks is .*; expected None or a list",
        ),
        ({"callbacks": ["early"]}, r"callbacks is \['early'\]; expected None or a list"),
        ({"callbacks": [keras.callbacks.EarlyStopping]}, "callbacks is .* a list of Keras"),
        ({"validation_fraction": 0.01}, "validation_fraction is 0.01: "),
        ({"auxiliary": 1e300}, "auxiliary is 1e.300; expected"),
    ],
)
def test_bad_parameters_are_named(change, message):
    X, y = numbers(20)
    with pytest.raises(ValueError, match=message):
        CNNRNNClassifier(TWO, **{**QUICK, **change}).fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "change", "message"),
    [
        (MultimodalAutoencoder, {"agreement": -1}, "agreement is -1"),
        (MultimodalAutoencoder, {"agreement": np.inf}, "agreement is inf"),
        (MultimodalAutoencoder, {"code_size": 0}, "code_size is 0"),
        (
            MultimodalAutoencoder,
            {"agreement": 1, "batch_size": 1},
            "batch_size is 1: .* at least 2",
        ),
        (ContrastiveAligner, {"batch_size": 1}, "batch_size is 1: .* at least 2"),
        (ContrastiveAligner, {"temperature": 0}, "temperature is 0"),
        (
            ContrastiveAligner,
            {"temperature": 1e-30},
            "temperature is 1e-30; expected a number from",
        ),
        (MultimodalAutoencoder, {"agreement": 1e300}, "agreement is 1e.300"),
        (ContrastiveAligner, {"n_components": 1.5}, "n_components is 1.5"),
    ],
)
def test_bad_parameters_of_the_others_are_named(estimator, change, message):
    with pytest.raises(ValueError, match=message):
        estimator(TWO, **{**QUICK, **change}).fit(numbers(20)[0])


def test_a_gate_needs_two_blocks():
    with pytest.raises(ValueError, match="a gate weighs two blocks or more"):
        CNNRNNClassifier(TWO[:1], fusion="gated", **QUICK).fit(*numbers(20))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["yes"] * 20, "one class only"),
        (["no", "yes"] * 5, "inconsistent numbers of samples"),
        (np.linspace(-3, 3, 20), "Unknown label type: continuous"),
        ([0.0, 1.0] * 9 + [np.nan, 1.0], "1 missing labels, the first in row 18"),
        (["no", np.nan] * 10, "10 missing labels, the first in row 1"),
        (["1", 1] * 10, "labels are of several kinds"),
        (np.ma.array([0, 1] * 10, mask=[0, 1] * 10), "10 missing labels, the first in row 1"),
        (["no", None] * 10, "10 missing labels, the first in row 1"),
        (pd.Series([0, None] * 10, range(50, 70)), "10 missing labels, the first in row 51"),
        ([0.0, np.inf] * 10, "10 of 20 labels are infinite, at 1, 3"),
        (np.eye(2)[np.arange(20) % 2], "1d array"),
    ],
)
def test_labels_that_are_none_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        CNNRNNClassifier(TWO, **QUICK).fit(numbers(20)[0], y)


def test_rows_named_in_another_order_are_refused():
    X = numbers(20)[0].set_axis(list("abcdefghijklmnopqrst"))
    with pytest.raises(ValueError, match="X and y name the same rows in different orders, 'a' and"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, pd.Series([0, 1] * 10, index=X.index[::-1]))


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (lambda x: np.zeros((len(x), 2, 2, 2, 2)), "block 'first', .* expected one of"),
        (lambda x: x.astype(str).to_numpy(), "block 'first', .* expected one of"),
        (lambda x: np.zeros((len(x), 0)), r"returned shape \(20, 0\) of float64; expected one of"),
        (lambda x: x[:3], "block 'first', it was given 20 rows and returned 3"),
        (lambda x: x.a.missing, "missing"),
        (lambda x: np.full((len(x), 2, 2, 1), 7), r"'first', row 10: .* in \[0, 1\], found 7"),
        (lambda x: np.full((len(x), 2, 2, 1), np.nan), r"'first', row 10: .* found nan"),
        (lambda x: np.full((len(x), 3, 2), np.nan), "'first', .* nothing but padding"),
        (lambda x: np.full((len(x), 3, 2), np.inf), "'first', row 10: .* without infinity"),
    ],
)
def test_what_is_no_input_is_refused(transformer, message):
    X, y = numbers(20)
    blocks = [("first", FunctionTransformer(transformer), ["a", "b"]), TWO[1]]
    with pytest.raises((ValueError, AttributeError), match=message):
        CNNRNNClassifier(blocks, **QUICK).fit(X.set_axis(range(10, 30)), y)


def test_bad_data_are_named():
    X, y = numbers(20)
    with pytest.raises(ValueError, match="'first', missing in every training sample"):
        CNNRNNClassifier(TWO, **QUICK).fit(X.assign(a=np.nan), y)
    with pytest.raises(ValueError, match="X has no rows"):
        CNNRNNClassifier(TWO, **QUICK).fit(X[:0], y[:0])
    with pytest.raises(
        ValueError, match=r"block 'text', it was given 20 rows and returned 1: .*pass 'text'"
    ):
        blocks = [("text", CountVectorizer(), ["text"])]
        CNNRNNClassifier(blocks, **QUICK).fit(pd.DataFrame({"text": ["so", "no"] * 10}), y)
    X.loc[7, "c"] = np.inf
    with pytest.raises(ValueError, match=r"'second', row 7: expected features .* found inf"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, y)


@pytest.mark.slow
def test_what_prediction_refuses_and_what_it_cuts(media):
    X, y = media
    model = CNNRNNClassifier(BLOCKS, units=4, epochs=1, verbose=0).fit(X, y)
    few = X[40:43]

    def ask(column, change):
        return model.predict_proba(few.assign(**{column: few[column].map(change)}))

    with pytest.raises(ValueError, match="block 'image', row 40: expected pictures"):
        ask("image", lambda cell: cell * 255)
    with pytest.raises(ValueError, match=r"block 'image', samples have shape \(16, 16, 3\)"):
        ask("image", lambda cell: np.dstack([cell] * 3))
    with pytest.raises(ValueError, match="block 'audio', row 40: expected frames without infinity"):
        ask("audio", lambda cell: cell + np.inf)
    with pytest.raises(ValueError, match="block 'text', row 40: expected word numbers from 0 to 5"):
        ask("text", lambda cell: cell + 4)
    model.blocks_[1].transformer.length = 23
    ask("audio", lambda cell: cell)  # only padding is cut
    with pytest.warns(UserWarning, match="'audio': sequences of up to 23 frames are cut to the 20"):
        long = ask("audio", lambda cell: np.vstack([cell, cell, cell])[:23])
    model.blocks_[1].transformer.length = 20
    np.testing.assert_allclose(
        long, ask("audio", lambda cell: np.vstack([cell, cell])[:20]), atol=1e-6
    )


@pytest.mark.parametrize("name", ["a/b", "图像", "my face", "-"])
def test_a_name_that_cannot_name_layers_is_refused(name):
    X, y = numbers(20)
    with pytest.raises(ValueError, match=f"blocks: '{name}' cannot be the name"):
        CNNRNNClassifier([(name, *TWO[0][1:])], **QUICK).fit(X, y)


@pytest.mark.slow
def test_any_other_name_will_do():
    X, y = numbers(20)
    names = ["decision", "gates", "code", "x", "x_present", "x_dense"]
    blocks = [(name, *TWO[k % 2][1:]) for k, name in enumerate(names)]
    model = CNNRNNClassifier(blocks, fusion="gated", auxiliary=0.1, epochs=1, verbose=0).fit(X, y)
    assert list(model.branch_proba(X)) == names
    blocks = [(name, *TWO[0][1:]) for name in ("x", "x_out", "x_values", "disagreement")]
    model = MultimodalAutoencoder(blocks, agreement=0.1, epochs=1, verbose=0).fit(X)
    assert model.transform(X, given="x_out").shape == (20, 32)


@pytest.mark.parametrize(
    ("estimator", "methods"),
    [
        (CNNRNNClassifier, ["predict", "predict_proba", "branch_proba", "gate_weights"]),
        (MultimodalAutoencoder, ["transform"]),
        (ContrastiveAligner, ["transform", "similarity"]),
    ],
)
def test_an_estimator_that_is_not_fitted_says_so(estimator, methods):
    for method in methods:
        with pytest.raises(NotFittedError):
            getattr(estimator(TWO), method)(numbers(4)[0])
    with pytest.raises(NotFittedError):
        MultimodalAutoencoder(TWO).decode(np.zeros((2, 32)), target="first")


def correlated(n=300, seed=0):
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n, 3))
    mixing = np.random.default_rng(9).normal(size=(3, 12))
    views = hidden @ mixing + 0.1 * rng.normal(size=(n, 12))
    return np.hstack([views[:, :6], views[:, 6:]]) * 10 + 5  # far from standardised


PAIR = [
    ("left", FunctionTransformer(), list(range(6))),
    ("right", FunctionTransformer(), list(range(6, 12))),
]


def test_autoencoder_reconstructs_one_modality_from_the_other():
    X, new = correlated(), correlated(seed=1)
    model = MultimodalAutoencoder(PAIR, code_size=4, units=32, epochs=60, verbose=0).fit(X)
    for given, target, columns in (("left", "right", slice(6, 12)), ("right", "left", slice(6))):
        error = new[:, columns] - model.reconstruct(new, given=[given], target=target)
        explained = 1 - error.var() / new[:, columns].var()
        assert explained > 0.85


def test_autoencoder_code_of_a_subset():
    X = correlated(60)
    model = MultimodalAutoencoder(PAIR, code_size=4, epochs=2, verbose=0).fit(X)
    left = model.transform(X, given=["left"])
    right = model.transform(X, given=["right"])
    np.testing.assert_allclose(model.transform(X), (left + right) / 2, atol=1e-5)
    hole = X.copy()
    hole[:, 6:] = np.nan
    np.testing.assert_allclose(model.transform(hole), left, atol=1e-5)
    assert not model.transform(hole * np.nan).any()
    np.testing.assert_array_equal(model.transform(X, given="left"), left)
    for wrong in (["middle"], "middle", ["left", "middle"], []):
        with pytest.raises(ValueError, match="the blocks are"):
            model.transform(X, given=wrong)
    with pytest.raises(ValueError, match="the blocks are"):
        model.reconstruct(X, target="middle")


def test_a_name_within_a_name_is_another_block():
    X = correlated(40)
    blocks = [("voice", *PAIR[0][1:]), ("voice2", *PAIR[1][1:])]
    model = MultimodalAutoencoder(blocks, code_size=3, epochs=1, verbose=0).fit(X)
    hole = X.copy()
    hole[:, :6] = np.nan
    expected = model.transform(hole)
    np.testing.assert_allclose(model.transform(X, given="voice2"), expected, atol=1e-6)
    assert np.abs(model.transform(X) - expected).max() > 1e-3


@pytest.mark.parametrize("kind", ["features", "pictures"])
def test_autoencoder_counts_only_what_was_there(kind):
    """The loss is a mean over the samples present, computed here from the formula."""
    X = correlated(60)
    if kind == "pictures":
        X[:, 6:] = 1 / (1 + np.exp(-X[:, 6:] / 10))
    absent = np.arange(60) < 40
    X[absent, 6:] = np.nan
    pictures = FunctionTransformer(lambda x: x.reshape(-1, 2, 3, 1))
    right = pictures if kind == "pictures" else FunctionTransformer()
    model = MultimodalAutoencoder(
        [PAIR[0], ("right", right, PAIR[1][2])],
        modality_dropout=0.0,
        epochs=1,
        batch_size=60,
        learning_rate=1e-12,  # the loss of the first weights, which stay
        verbose=0,
    ).fit(X)
    there = X[~absent, 6:]
    drawn = model.reconstruct(X, target="right")[~absent].reshape(20, 6)
    if kind == "pictures":
        expected = -(there * np.log(drawn) + (1 - there) * np.log(1 - drawn)).mean()
    else:
        expected = (((there - drawn) / there.std(axis=0)) ** 2).mean()
    assert model.history_["right_out_loss"] == [pytest.approx(expected, rel=1e-4)]


@pytest.mark.slow
def test_agreement_survives_any_number_of_samples():
    """One sample alone has no spread to be compared with: 65 by 32 once gave a loss of 662."""
    settings = {"agreement": 0.3, "batch_size": 32, "epochs": 2, "verbose": 0}
    losses = [
        MultimodalAutoencoder(PAIR, **settings).fit(correlated(n)).history_["loss"][0]
        for n in (64, 65, 97)
    ]
    assert max(losses) < 1.5 * min(losses)


def test_batches_are_equal_and_hold_every_sample_once():
    inputs = {"a_values": np.arange(65), "a_present": np.ones((65, 1))}
    feed = Feed((inputs, np.arange(65)), ["a"], 32, 2, 0)
    batches = [batch for batch, _ in zip(feed, range(3), strict=False)]
    assert [len(y) for _, y in batches] == [22, 22, 21]
    assert sorted(np.concatenate([y for _, y in batches])) == list(range(65))
    assert all((x["a_values"] == y).all() for x, y in batches)


def test_modality_dropout_never_hides_all_of_a_sample():
    rng = np.random.default_rng(0)
    there = rng.random((4000, 3)) < 0.8
    names = ["a", "b", "c"]
    inputs = {f"{n}_present": there[:, [k]].astype("float32") for k, n in enumerate(names)}
    inputs |= {f"{name}_values": np.zeros((4000, 1)) for name in names}
    feed = Feed((inputs, np.arange(4000)), names, 4000, 1, 0, modality_dropout=0.6)
    shown, rows = next(iter(feed))
    shown, there = np.hstack([shown[f"{name}_present"] for name in names]) > 0, there[rows]
    assert not (shown & ~there).any()
    np.testing.assert_array_equal(shown.any(axis=1), there.any(axis=1))
    # Of those with two modalities: hidden with 0.6 each, and if both are, one comes back.
    two = there.sum(axis=1) == 2
    assert shown[two].sum(axis=1).mean() == pytest.approx(2 * 0.4 + 0.6**2, abs=0.05)


def test_autoencoder_pictures_stay_in_range(media):
    X, _ = media
    blocks = [("image", Stack(), "image")]
    model = MultimodalAutoencoder(blocks, code_size=4, epochs=3, verbose=0).fit(X)
    drawn = model.reconstruct(X, target="image")
    assert drawn.shape == (48, 16, 16, 1)
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_autoencoder_refuses_sequences(media):
    with pytest.raises(ValueError, match="summarise it first"):
        MultimodalAutoencoder([("audio", Stack(20), "audio")], verbose=0).fit(media[0])


def test_a_single_block_has_nothing_to_agree_with():
    model = MultimodalAutoencoder(PAIR[:1], agreement=0.3, verbose=0)
    with pytest.raises(ValueError, match=r"agreement is 0\.3, but there is only one block"):
        model.fit(correlated())


@pytest.mark.slow
def test_agreement_draws_the_codes_together():
    X = correlated()

    def distance(agreement):
        settings = {"code_size": 3, "units": 16, "epochs": 30, "verbose": 0}
        model = MultimodalAutoencoder(PAIR, agreement=agreement, **settings).fit(X)
        left, right = (model.transform(X, given=[name]) for name in ("left", "right"))
        return ((left - right) ** 2).mean() / (left.var() + right.var())

    assert distance(1.0) < distance(0.0)


def test_info_nce_by_hand():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, 5))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b)]
    s = unit[0] @ unit[1].T / 0.3
    forth = np.mean([np.log(np.exp(s[i, i]) / np.exp(s[i]).sum()) for i in range(7)])
    back = np.mean([np.log(np.exp(s[i, i]) / np.exp(s[:, i]).sum()) for i in range(7)])
    assert float(info_nce(a, b, 0.3)) == pytest.approx(-(forth + back) / 2, abs=1e-6)


def test_info_nce_of_any_length():
    for size in (1e-300, 1e-20, 1.0, 1e300):
        loss = float(info_nce(np.eye(3) * size, np.eye(3) * size))
        assert loss == pytest.approx(np.log1p(2 * np.exp(-10)))
    assert float(info_nce([[1, 0], [0, 1]], [[1, 0], [0, 1]])) < 1e-3
    assert float(info_nce(np.zeros((4, 2)), np.ones((4, 2)))) == pytest.approx(np.log(4))


@pytest.mark.parametrize(
    ("first", "second", "temperature", "message"),
    [
        (np.eye(2), np.eye(2), 0, "temperature is 0; expected a number from 1e-6"),
        (np.eye(2), np.eye(2), np.nan, "temperature is nan"),
        (np.eye(2), np.eye(2), None, "temperature is None"),
        (np.diag([1, np.inf]), np.eye(2), 0.1, "first holds NaN or infinity"),
        (np.eye(2), [[0, np.nan], [1, 1]], 0.1, "second holds NaN or infinity"),
        (np.ones((2, 3)), np.ones((4, 3)), 0.1, r"got \(2, 3\) and \(4, 3\)"),
        (np.ones((0, 3)), np.ones((0, 3)), 0.1, "must be of one shape"),
        (np.ones(3), np.ones(3), 0.1, "must be of one shape"),
        ([["a"]], np.ones((1, 1)), 0.1, "first must be numbers"),
    ],
)
def test_info_nce_refuses_what_would_give_nan(first, second, temperature, message):
    with pytest.raises(ValueError, match=message):
        info_nce(first, second, temperature)


def test_info_nce_is_a_loss_in_training():
    tower = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones")])
    heat = keras.Variable(0.1)
    tower.compile("sgd", loss=lambda target, output: info_nce(target, output, heat))
    history = tower.fit(np.eye(3), np.eye(3)[:, :2], shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_aligner_retrieves_in_both_directions():
    X, new = correlated(), correlated(60, seed=1)
    model = ContrastiveAligner(
        PAIR, n_components=8, epochs=40, units=32, dropout=0.0, verbose=0
    ).fit(X)
    similarity = model.similarity(new)
    for matrix in (similarity, similarity.T):
        assert (matrix.argmax(axis=1) == np.arange(60)).mean() > 0.5  # chance: 0.02
    embedded = model.transform(new, "left")
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-5)


def test_aligner_needs_pairs():
    X = correlated(40)
    with pytest.raises(ValueError, match="expected two blocks"):
        ContrastiveAligner(PAIR[:1], verbose=0).fit(X)
    half = X.copy()
    half[1:, 6:] = np.nan
    with pytest.raises(ValueError, match="only 1 of 40"):
        ContrastiveAligner(PAIR, verbose=0).fit(half)


@pytest.fixture(scope="module", params=["classifier", "autoencoder", "aligner"])
def fitted(request):
    """A fitted network, what it read, and the method that answers."""
    X, y = numbers(40)
    short = {"epochs": 2, "verbose": 0}
    if request.param == "classifier":
        settings = {"fusion": "gated", "augment": {"first": turned}} | short
        return CNNRNNClassifier(TWO, **settings).fit(X, y), X, "predict_proba"
    kind = MultimodalAutoencoder if request.param == "autoencoder" else ContrastiveAligner
    return kind(TWO, **short).fit(X), X, "transform"


def test_a_copy_answers_alike_and_can_be_fitted_again(fitted, tmp_path):
    model, X, answer = fitted
    joblib.dump(model, tmp_path / "model.joblib")
    copies = [
        joblib.load(tmp_path / "model.joblib"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ]
    expected = getattr(model, answer)(X)
    for again in copies:
        np.testing.assert_allclose(getattr(again, answer)(X), expected, atol=1e-6)
        assert again.get_params()["epochs"] == 2
    fresh = pickle.loads(pickle.dumps(clone(model)))
    y = numbers(40)[1]
    for again in (copies[0], fresh):
        np.testing.assert_array_equal(getattr(again.fit(X, y), answer)(X), expected)


@pytest.mark.slow
def test_estimators_go_to_workers_and_come_back_fitted():
    X, y = numbers(60)
    steps = [(name, StandardScaler(), columns) for name, _, columns in TWO]
    model = CNNRNNClassifier(steps, epochs=2, verbose=0)
    found = cross_validate(model, X, y, cv=2, n_jobs=2, return_estimator=True)
    assert [len(each.predict(X)) for each in found["estimator"]] == [60, 60]


def test_the_network_is_a_plain_keras_model(fitted, tmp_path, capsys):
    model, X, _ = fitted
    network = model.network_
    assert isinstance(network, keras.Model)
    network.summary()
    assert "first_values" in capsys.readouterr().out
    path = tmp_path / "network.keras"
    network.save(path)
    inputs = model._inputs(X)
    for name, values in keras.saving.load_model(path)(inputs).items():
        np.testing.assert_allclose(values, network(inputs)[name], atol=1e-6)


@pytest.mark.slow
def test_fitting_leaves_the_random_states_alone():
    def draws():
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002
        keras.utils.set_random_seed(5)
        first = [random.random(), np.random.rand(), float(tf.random.uniform(()))]  # noqa: NPY002
        yield first
        yield [
            random.random(),
            np.random.rand(),  # noqa: NPY002
            float(tf.random.uniform(())),
            float(keras.random.uniform(())),
        ]

    X, y = numbers(40)
    expected = list(draws())
    found = []
    for part in draws():
        found.append(part)
        CNNRNNClassifier(TWO, fusion="gated", validation_fraction=0.2, **QUICK).fit(X, y)
        MultimodalAutoencoder(TWO, **QUICK).fit(X)
    assert found == expected


def test_without_a_seed_each_fit_is_another():
    X, y = numbers(40)
    model = CNNRNNClassifier(TWO, random_state=None, **QUICK)
    first, second = (model.fit(X, y).predict_proba(X) for _ in range(2))
    assert np.abs(first - second).max() > 1e-3


@pytest.mark.slow
def test_validation_holds_out_and_early_stopping_stops():
    X, y = numbers(80, shift=3)
    stop = keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    settings = QUICK | {"epochs": 200, "learning_rate": 0.05}
    model = CNNRNNClassifier(TWO, validation_fraction=0.25, callbacks=[stop], **settings)
    history = model.fit(X, y).history_
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} == set(history)
    n_epochs = len(history["val_loss"])
    assert n_epochs < 200
    training, held_out = model._split(80, y, None, 0)
    assert len(held_out) == 20
    assert sorted([*training, *held_out]) == list(range(80))
    # Scaled by what was trained on, and the weights are those of the best epoch.
    first = X.iloc[training][["a", "b"]]
    np.testing.assert_allclose(model.blocks_[0].mean, first.mean(), rtol=1e-4)
    P = model.predict_proba(X.iloc[held_out])
    right = P[np.arange(20), np.searchsorted(model.classes_, y[held_out])]
    best = -np.log(right).mean() + float(sum(model.network_.losses))
    assert min(history["val_loss"]) == pytest.approx(best, rel=1e-4)
    assert stop.model is None and stop.stopped_epoch == 0  # the learner's own stays as it was
    assert len(clone(model).fit(X, y).history_["loss"]) == n_epochs


@pytest.mark.parametrize("estimator", [CNNRNNClassifier, MultimodalAutoencoder, ContrastiveAligner])
def test_groups_are_held_out_as_a_whole(estimator):
    X, y = numbers(80)
    groups = np.arange(80) // 8
    seen = []
    spy = FunctionTransformer(lambda x: seen.append(x.index) or x.to_numpy())
    model = estimator([("first", spy, ["a", "b"]), TWO[1]], validation_fraction=0.3, **QUICK)
    model.fit(X, y, groups=groups[:, np.newaxis])  # a column, too
    assert len(model.history_["val_loss"]) == QUICK["epochs"]
    training, held_out = seen[0], seen[-1]
    assert len(held_out) == 24
    assert set(groups[training]).isdisjoint(groups[held_out])
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y, groups=groups[:-1])


def test_a_class_of_which_all_is_held_out_is_named():
    X, y = numbers(40)
    with pytest.raises(ValueError, match=r"all samples of class '(no|yes)' are held out"):
        CNNRNNClassifier(TWO, validation_fraction=0.5, **QUICK).fit(X, y, groups=y)


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_backend_is_refused_in_one_sentence(backend):
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", "import mmtutor.deep"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(
        f"ImportError: mmtutor.deep runs Keras on TensorFlow, .* '{backend}'"[:50]
    )
    assert backend in last and "KERAS_BACKEND" in last


@pytest.mark.slow
def test_many_models_give_no_retracing_warning(caplog):
    X, y = numbers(40)
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        for seed in range(7):
            model = CNNRNNClassifier(TWO, epochs=1, batch_size=40, units=4, verbose=0)
            model.set_params(random_state=seed).fit(X, y).predict(X)
    assert "retracing" not in caplog.text


@pytest.mark.slow
def test_progress_is_a_short_table(capsys):
    X, y = numbers(20)
    CNNRNNClassifier(TWO, fusion="product", epochs=20, units=4, auxiliary=1.0).fit(X, y)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["epoch", "loss", "accuracy", "decision", "first", "second", "seconds"]
    assert [int(row.split()[0]) for row in rows] == [1, 4, 8, 12, 16, 20]
    assert {len(row) for row in rows} == {len(head)}
    MultimodalAutoencoder(TWO, epochs=1, units=4, agreement=0.1).fit(X)
    head, row = capsys.readouterr().out.splitlines()
    assert set(head.split()) == {"epoch", "loss", "first", "second", "disagreement", "seconds"}
    assert len(row.split()) == len(head.split())
    watched = CNNRNNClassifier(TWO, epochs=1, units=4, validation_fraction=0.2, auxiliary=1.0)
    watched.fit(X, y)
    head = capsys.readouterr().out.splitlines()[0].split()
    assert head[1:5] == ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize("estimator", [MultimodalAutoencoder, ContrastiveAligner])
def test_fitting_again_builds_nothing_anew_and_changes_nothing(estimator):
    X, _ = numbers()
    again = estimator(TWO, **QUICK)
    once = clone(again).fit(X[:40]).transform(X)
    other = again.fit(X[40:]).transform(X)
    network = again.network_
    np.testing.assert_array_equal(again.fit(X[:40]).transform(X), once)
    assert again.network_ is network
    assert np.abs(once - other).max() > 1e-3
    again.set_params(units=4).fit(X)
    assert again.network_ is not network


def test_another_temperature_builds_nothing_anew_and_counts():
    X, _ = numbers()
    again = ContrastiveAligner(TWO, temperature=1.0, **QUICK).fit(X)
    network = again.network_
    warm = again.transform(X)
    fresh = ContrastiveAligner(TWO, temperature=0.05, **QUICK).fit(X)
    again.set_params(temperature=0.05).fit(X)
    assert again.network_ is network
    np.testing.assert_array_equal(again.transform(X), fresh.transform(X))
    assert again.history_ == fresh.history_
    assert np.abs(again.transform(X) - warm).max() > 1e-3


def test_decoding_a_code_is_reconstructing_its_sample():
    X, _ = numbers()
    model = MultimodalAutoencoder(TWO, **QUICK).fit(X)
    codes = model.transform(X, given=["first"])
    straight = model.reconstruct(X, given=["first"], target="second")
    np.testing.assert_allclose(model.decode(codes, target="second"), straight, atol=1e-5)
    with pytest.raises(ValueError, match="expected \\(n, 32\\)"):
        model.decode(codes[:, :5], target="second")
    with pytest.raises(ValueError, match="'third'"):
        model.decode(codes, target="third")


@pytest.mark.parametrize("cls", [CNNRNNClassifier, ContrastiveAligner, MultimodalAutoencoder])
def test_what_all_networks_say_alike_stands_in_line(cls: type) -> None:
    """Python 3.13 takes the indentation off a class's own text, and only of that."""
    lines = inspect.getdoc(cls).splitlines()
    assert {"Parameters", "verbose : int, default=1", "Attributes", "Examples"} <= set(lines)
    assert "{alike}" not in inspect.getdoc(cls)


@pytest.mark.parametrize("estimator", [CNNRNNClassifier, MultimodalAutoencoder, ContrastiveAligner])
@pytest.mark.parametrize("settings", [{"epochs": 2}, {"epochs": 1, "batch_size": 20}])
def test_training_that_diverges_says_so_and_leaves_nothing_fitted(estimator, settings):
    X, y = numbers(20)
    model = estimator(TWO, **QUICK | settings).fit(X, y)
    with pytest.raises(
        ValueError, match=r"diverged, .* loss of .* smaller learning_rate .* 1e\+30"
    ):
        model.set_params(learning_rate=1e30).fit(X, y)
    for method in ("predict", "transform"):
        if hasattr(model, method):
            with pytest.raises(NotFittedError):
                getattr(model, method)(X)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_no_cell_is_too_large_in_silence():
    X, y = numbers(20)
    X.index = [f"r{row}" for row in range(20)]
    with pytest.raises(ValueError, match=r"'first', row r3: .* up to 3.4e\+38, found 1e\+300"):
        CNNRNNClassifier(TWO, **QUICK).fit(X.assign(a=[*X["a"][:3], 1e300, *X["a"][4:]]), y)
    model = CNNRNNClassifier(TWO, **QUICK).fit(X, y)
    X.loc["r3", "a"] = 1e30
    with pytest.raises(ValueError, match=r"row r3: .* deviations of the mean .* found 1e\+30"):
        model.predict_proba(X)
    seen = CNNRNNClassifier(TWO, **QUICK).fit(X, y)._inputs(X)["first_values"][:, 0]
    np.testing.assert_allclose(seen, (X["a"] - X["a"].mean()) / X["a"].std(ddof=0), rtol=1e-4)
    stamps = np.arange(20) * 1e10 + 1.7e18
    seen = CNNRNNClassifier(TWO, **QUICK).fit(X.assign(a=stamps), y)._inputs(X.assign(a=stamps))
    assert np.abs(seen["first_values"]).max() < 5


def test_numbers_as_they_are_and_what_is_no_transformer():
    X, y = numbers(20)
    P = CNNRNNClassifier(TWO, **QUICK).fit(X, y).predict_proba(X)
    plain = [("first", "passthrough", ["a", "b"]), ("second", "passthrough", ["c", "d"])]
    mixed = X.astype(object)  # as a table of objects holds its numbers
    for table in (X, mixed):
        again = CNNRNNClassifier(plain, **QUICK).fit(table, y).predict_proba(table)
        np.testing.assert_array_equal(again, P)
    for wrong in (None, 5, FunctionTransformer, "through"):
        with pytest.raises(TypeError, match=r"^block .first., .* is no transformer: give one"):
            CNNRNNClassifier([("first", wrong, ["a"])], **QUICK).fit(X, y)
    with pytest.raises(ValueError, match=r"shape \(20,\) .*columns \['a'\] give a table"):
        CNNRNNClassifier([("first", "passthrough", "a")], **QUICK).fit(X, y)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([None] * 20, "20 of 20 groups are missing"),
        (np.ones((20, 2)), "groups must be a row of labels"),
        ([1] * 20, "validation_fraction is 0.3: "),
    ],
)
def test_groups_that_hold_nothing_out_are_refused(groups, message):
    X, y = numbers(20)
    with pytest.raises(ValueError, match=message):
        CNNRNNClassifier(TWO, validation_fraction=0.3, **QUICK).fit(X, y, groups=groups)


def test_codes_that_are_no_numbers_are_not_decoded():
    model = MultimodalAutoencoder(TWO, code_size=2, **QUICK).fit(numbers(20)[0])
    with pytest.raises(ValueError, match=r"'first': 0.0.* given; name blocks"):
        model.transform(numbers(20)[0], given={"first": 0.0})
    for target in (None, ["first", "second"]):
        with pytest.raises(ValueError, match=r"target is .*; name one of"):
            model.decode([[0, 0]], target=target)
    for value in (np.nan, np.inf, 1e300):
        with pytest.raises(ValueError, match="codes hold NaN, infinity or numbers beyond"):
            model.decode([[0, value]], target="first")
