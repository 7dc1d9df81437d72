"""The networks: what they learn, what they promise, and what they refuse."""

import logging
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.preprocessing import FunctionTransformer

from mmtutor.deep import CNNRNNClassifier, ContrastiveAligner, MultimodalAutoencoder, info_nce

keras = pytest.importorskip("keras")


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
    ("text", Stack(), "text"),
]


def test_it_learns_from_pictures_frames_and_words(media):
    X, y = media
    model = CNNRNNClassifier(BLOCKS, units=12, epochs=12, batch_size=8, verbose=0)
    P = model.fit(X[:32], y[:32]).predict_proba(X[32:])
    assert P.shape == (16, 2)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-5)
    assert (model.predict(X[32:]) == y[32:]).mean() >= 0.9


@pytest.mark.parametrize("fusion", ["concat", "gated", "product"])
def test_each_fusion_beats_its_better_half(fusion):
    X, y = numbers(400)
    new, truth = numbers(400, seed=1)
    fused = CNNRNNClassifier(TWO, fusion=fusion, auxiliary=0.5, **QUICK).fit(X, y)
    halves = [CNNRNNClassifier([part], **QUICK).fit(X, y) for part in TWO]
    assert fused.score(new, truth) > max(half.score(new, truth) for half in halves)


@pytest.mark.parametrize("kind", ["audio", "text"])
def test_padding_changes_nothing(media, kind):
    X, y = media
    block = next(block for block in BLOCKS if block[0] == kind)
    model = CNNRNNClassifier([block], units=8, epochs=2, verbose=0).fit(X, y)
    network, block = model.network_, model.blocks_[0]
    values, present = block.tensors(X[:6])
    filled = (values != 0).any(axis=2).sum(axis=1) if kind == "audio" else (values > 0).sum(axis=1)
    short = values[:, : filled.max()]
    # The same weights in a network built for the shorter length.
    other = CNNRNNClassifier([("x", "x", "x")], units=8)
    vars(other).update({k: v for k, v in vars(model).items() if k != "network_"})
    block_short = type(block)(**{**vars(block), "shape": short.shape[1:]})
    other.blocks_ = [block_short]
    other._build()
    other.network_.set_weights(network.get_weights())
    outputs = [
        np.asarray(
            net({block.name: v, f"{block.name}_present": present}, training=False)["decision"]
        )
        for net, v in ((network, values), (other.network_, short))
    ]
    np.testing.assert_allclose(*outputs, atol=1e-5)


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
    before = model._call(model.network_, inputs)["decision"]
    inputs["second"] += 100
    np.testing.assert_allclose(model._call(model.network_, inputs)["decision"], before, atol=1e-6)


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
        ({"epochs": 0}, "epochs is 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"modality_dropout": -0.1}, "modality_dropout is -0.1"),
        ({"augment": {"third": None}}, "third"),
    ],
)
def test_bad_parameters_are_named(change, message):
    X, y = numbers(20)
    with pytest.raises(ValueError, match=message):
        CNNRNNClassifier(TWO, **{**QUICK, **change}).fit(X, y)


def test_bad_data_are_named():
    X, y = numbers(20)
    with pytest.raises(ValueError, match="one class only"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, ["yes"] * 20)
    with pytest.raises(ValueError, match="'first' is missing in every training sample"):
        CNNRNNClassifier(TWO, **QUICK).fit(X.assign(a=np.nan), y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        CNNRNNClassifier(TWO, **QUICK).fit(X, y[:10])
    odd = [("first", FunctionTransformer(lambda x: np.zeros((len(x), 2, 2, 2, 2))), ["a"])]
    with pytest.raises(ValueError, match="expected one of"):
        CNNRNNClassifier(odd, **QUICK).fit(X, y)


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
    with pytest.raises(ValueError, match="the blocks are"):
        model.transform(X, given=["middle"])
    with pytest.raises(ValueError, match="the blocks are"):
        model.reconstruct(X, target="middle")


def test_autoencoder_does_not_learn_from_absent_cells():
    X = correlated(100)
    hole = X.copy()
    hole[:50, 6:] = np.nan
    model = MultimodalAutoencoder(PAIR, code_size=3, epochs=40, units=16, verbose=0).fit(hole)
    block = model.blocks_[1]
    np.testing.assert_allclose(block.mean, X[50:, 6:].mean(axis=0), rtol=1e-5)


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
    with pytest.raises(ValueError, match="temperature"):
        ContrastiveAligner(PAIR, temperature=0, verbose=0).fit(X)


@pytest.mark.parametrize("kind", ["classifier", "autoencoder", "aligner"])
def test_save_and_load_give_the_same_answers(kind, tmp_path):
    X = correlated(40)
    y = (X[:, 0] > 5).astype(int)
    short = {"epochs": 2, "verbose": 0}
    if kind == "classifier":
        model = CNNRNNClassifier(PAIR, augment={"left": lambda v, rng: v}, **short).fit(X, y)
        answer = "predict_proba"
    else:
        make = MultimodalAutoencoder if kind == "autoencoder" else ContrastiveAligner
        model, answer = make(PAIR, **short).fit(X), "transform"
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = type(model).load(path)
    np.testing.assert_allclose(getattr(loaded, answer)(X), getattr(model, answer)(X), atol=1e-6)
    assert loaded.get_params()["epochs"] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["model.keras"]


def test_load_refuses_what_is_not_ours(tmp_path):
    X, y = numbers(20)
    model = CNNRNNClassifier(TWO, epochs=1, verbose=0).fit(X, y)
    good = tmp_path / "good.keras"
    model.save(good)
    with pytest.raises(ValueError, match=r"must end in \.keras"):
        model.save(tmp_path / "model.h5")
    with pytest.raises(FileNotFoundError, match="no file"):
        CNNRNNClassifier.load(tmp_path / "absent.keras")
    with pytest.raises(ValueError, match="load it with CNNRNNClassifier"):
        MultimodalAutoencoder.load(good)
    torn = tmp_path / "torn.keras"
    torn.write_bytes(good.read_bytes()[:-200])
    with pytest.raises(ValueError, match="damaged"):
        CNNRNNClassifier.load(torn)
    plain = tmp_path / "plain.keras"
    model.network_.save(plain)
    with pytest.raises(ValueError, match=r"not saved by mmtutor\.deep"):
        CNNRNNClassifier.load(plain)
    pickled = tmp_path / "pickled.keras"
    pickled.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match=r"not a \.keras file"):
        CNNRNNClassifier.load(pickled)


def test_load_refuses_foreign_types(tmp_path):
    X, y = numbers(20)
    model = CNNRNNClassifier([("all", Stack(), "a")], epochs=1, verbose=0)
    model.set_params(blocks=TWO).fit(X, y)
    model.blocks = [("x", Stack(), "a")]  # a class of this test file
    path = tmp_path / "foreign.keras"
    model.save(path)
    with pytest.raises(ValueError, match=r"types that are not loaded: .*Stack"):
        CNNRNNClassifier.load(path)


def test_a_file_of_ours_is_still_a_keras_file(tmp_path):
    X, y = numbers(20)
    path = tmp_path / "model.keras"
    CNNRNNClassifier(TWO, epochs=1, verbose=0).fit(X, y).save(path)
    assert isinstance(keras.saving.load_model(path), keras.Model)
    with zipfile.ZipFile(path) as archive:
        assert not any(name.endswith((".pkl", ".pickle", ".joblib")) for name in archive.namelist())


def test_many_models_give_no_retracing_warning(caplog):
    X, y = numbers(40)
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        for seed in range(7):
            model = CNNRNNClassifier(TWO, epochs=1, batch_size=40, units=4, verbose=0)
            model.set_params(random_state=seed).fit(X, y).predict(X)
    assert "retracing" not in caplog.text


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
