"""Shapley values against axioms, all orders and shap; parts and curves against closed forms."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose
from scipy.special import expit, logit, softmax
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import explain
from mmtutor.explain import Patches, TimeFrequency, Words
from mmtutor.fusion import DecisionFusion, FeatureFusion

NAMES = ("text", "image", "audio", "video", "touch")


def random_game(seed, variant=0):
    """Two to five players, and what each set of them earns in three rows."""
    players = NAMES[: 2 + seed % 4]
    table = np.random.default_rng((seed, variant)).normal(size=(2,) * len(players) + (3,))

    def value(present):
        return table[tuple(int(name in present) for name in players)]

    return players, value


@pytest.mark.parametrize("seed", range(100))
def test_axioms(seed):
    players, value = random_game(seed)
    share = explain.shapley(value, players)
    close = {"rtol": 0, "atol": 1e-9}
    assert list(share) == list(players)
    # efficiency: everything is shared out
    assert_allclose(sum(share.values()), value(players) - value(()), **close)
    # the definition by orders: what a player adds, averaged over all ways of coming in
    adds = {name: [] for name in players}
    for order in permutations(players):
        for i, name in enumerate(order):
            adds[name].append(value(order[: i + 1]) - value(order[:i]))
    for name in players:
        assert_allclose(share[name], np.mean(adds[name], axis=0), **close)
    # linearity
    _, other = random_game(seed, variant=1)
    mixed = explain.shapley(lambda S: 2 * value(S) - 3 * other(S), players)
    others = explain.shapley(other, players)
    for name in players:
        assert_allclose(mixed[name], 2 * share[name] - 3 * others[name], **close)
    # null player, who adds nothing, and a twin, who adds what the first player would
    null = explain.shapley(lambda S: value([n for n in S if n != "idle"]), (*players, "idle"))
    assert_allclose(null.pop("idle"), 0, **close)
    for name in players:
        assert_allclose(null[name], share[name], **close)
    first = players[0]
    twins = explain.shapley(
        lambda S: value([first if n == "twin" else n for n in S]), (*players, "twin")
    )
    assert_allclose(twins["twin"], twins[first], **close)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_shap_says_the_same(seed):
    players, value = random_game(seed)

    def f(Z):
        return np.array([value([n for n, z in zip(players, row, strict=True) if z]) for row in Z])

    n = len(players)
    theirs = shap.ExactExplainer(f, np.zeros((1, n)))(np.ones((1, n)))[0]
    ours = explain.shapley(value, players)
    assert_allclose(theirs.values, np.array(list(ours.values())), rtol=0, atol=1e-9)


def test_a_value_may_be_a_plain_number_and_is_asked_once_for_each_set():
    asked = []
    share = explain.shapley(lambda S: asked.append(S) or len(S) ** 2, ["a", "b", "c"])
    assert share == pytest.approx(dict.fromkeys("abc", 3.0))
    assert len(asked) == len(set(asked)) == 8 and ("a", "c") in asked


@pytest.mark.parametrize(
    ("value", "players", "words"),
    [
        (len, [], "one or more names"),
        (len, ["a", "a"], r"each once; got \['a', 'a'\]"),
        (len, range(21), r"21 players form 2 \*\* 21 sets; at most 20"),
        (lambda S: np.nan if len(S) == 1 else 0.0, "ab", r"value of \('a',\) is not finite: nan"),
        (lambda S: np.ones(len(S)), "ab", r"values have several shapes: \(0,\), \(1,\), \(2,\)"),
        (lambda S: 1e308 * (-1) ** len(S), "ab", "share of 'a' is not finite"),
    ],
)
def test_games_that_cannot_be_played(value, players, words):
    with pytest.raises(ValueError, match=words):
        explain.shapley(value, players)


# --- modalities ----------------------------------------------------------------------------------


class BySet:
    """A classifier whose log-odds for "yes" are looked up by which cells are there."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, table):
        self.table = table

    def predict_proba(self, X):
        here = X.notna().to_numpy()
        names = np.array(X.columns)
        p = expit([self.table[tuple(names[row])] for row in here])
        return np.column_stack([1 - p, p])


GAME = {
    (): -1.0,
    ("text",): 1.0,
    ("image",): 0.0,
    ("audio",): -1.0,
    ("text", "image"): 3.0,
    ("text", "audio"): 1.5,
    ("image", "audio"): 0.5,
    ("text", "image", "audio"): 2.0,
}
POSTS = pd.DataFrame({"text": ["a", "b"], "image": ["c", None], "audio": ["e", "f"]}, index=[7, 3])


def test_three_modalities_as_by_hand():
    table = explain.modality_shares(BySet(GAME), POSTS, target="yes", scale="log_odds")
    # text in row 7: (2 + (3 - 0)/2 + (2.5)/2 + 1.5) / 3, first, second (two ways) and last
    text = (2 + (3 - 0) / 2 + (1.5 + 1) / 2 + (2 - 0.5)) / 3
    image = (1 + (3 - 1) / 2 + (0.5 + 1) / 2 + (2 - 1.5)) / 3
    audio = (0 + (1.5 - 1) / 2 + (0.5 - 0) / 2 + (2 - 3)) / 3
    assert table.columns.tolist() == ["target", "base", "text", "image", "audio", "prediction"]
    assert table.index.tolist() == [7, 3] and table["target"].tolist() == ["yes", "yes"]
    assert table.loc[7].iloc[1:].tolist() == pytest.approx([-1, text, image, audio, 2])
    # in row 3 there is no image: it gets nothing, the others share as two do
    assert table.loc[3].iloc[1:].tolist() == pytest.approx([-1, 2.25, 0, 0.25, 1.5])


def test_scale_target_and_groups_of_columns():
    model = BySet(GAME)
    plain = explain.modality_shares(model, POSTS)
    assert plain["target"].tolist() == ["yes", "yes"]  # predicted
    assert plain["prediction"].tolist() == pytest.approx(expit([2, 1.5]).tolist())
    shares = plain[["text", "image", "audio"]].sum(axis=1)
    assert_allclose(plain["base"] + shares, plain["prediction"])
    each = explain.modality_shares(model, POSTS, target=["no", "yes"])
    assert_allclose(each.loc[7, "text"], -plain.loc[7, "text"])
    assert_allclose(each.loc[3, "text"], plain.loc[3, "text"])
    two = explain.modality_shares(
        model, POSTS, {"words": "text", "senses": ["image", "audio"]}, scale="log_odds"
    )
    assert two.loc[7, ["words", "senses"]].tolist() == pytest.approx(
        [(2 + 2 - 0.5) / 2, (1.5 + 2 - 1) / 2]
    )
    only = explain.modality_shares(model, POSTS, ["image"], scale="log_odds")
    assert only["base"].tolist() == pytest.approx([1.5, 1.5])
    assert only["image"].tolist() == pytest.approx([0.5, 0])


def test_certain_models_have_finite_log_odds():
    game = dict.fromkeys(GAME, 0.0) | {("text", "image", "audio"): 1000.0}
    table = explain.modality_shares(BySet(game), POSTS.head(1), scale="log_odds")
    assert table["prediction"].iloc[0] == pytest.approx(logit(1 - 1e-9))


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=150)
    X = pd.DataFrame(rng.normal(size=(150, 4)) + 1.2 * y[:, None], columns=list("abcd"))
    X.loc[:9, "c"] = np.nan
    return X, np.array(["bad", "fair", "good"])[y]


def test_product_rule_gives_each_expert_its_own_log_ratio(numbers):
    """Of two classes the log-odds add up: the share is the expert's evidence, in every order."""
    X, y = numbers
    kept = y != "fair"
    X, y = X[kept], y[kept]
    experts = [(name, LogisticRegression(), [name]) for name in "abcd"]
    model = DecisionFusion(experts, rule="product", calibration=None).fit(X, y)
    table = explain.modality_shares(model, X, target="good", scale="log_odds")
    ratio = logit(model.expert_proba(X)[:, :, 1]) - logit(model.prior_[1])
    assert_allclose(table[list("abcd")], np.nan_to_num(ratio), atol=1e-9)
    assert_allclose(table["base"], logit(model.prior_[1]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: DecisionFusion([(n, LogisticRegression(), [n]) for n in "abcd"], rule="stack"),
        lambda: make_pipeline(
            FeatureFusion([(n, StandardScaler(), [n]) for n in "abcd"]), LogisticRegression()
        ),
        lambda: HistGradientBoostingClassifier(max_iter=5),
    ],
)
def test_shares_of_many_models_sum_to_the_prediction(numbers, make):
    X, y = numbers
    model = make().fit(X, y)
    table = explain.modality_shares(model, X.head(20), target=y[:20])
    code = np.searchsorted(model.classes_, y[:20])
    assert_allclose(table["prediction"], model.predict_proba(X.head(20))[np.arange(20), code])
    assert_allclose(table[["base", *"abcd"]].sum(axis=1), table["prediction"])
    assert (table["c"].head(10) == 0).all() and (table["c"].tail(10) != 0).any()


@pytest.mark.slow
def test_networks_accept_hidden_cells(numbers):
    deep = pytest.importorskip("mmtutor.deep")
    X, y = numbers
    branches = [("ab", StandardScaler(), ["a", "b"]), ("cd", StandardScaler(), ["c", "d"])]
    coder = deep.MultimodalAutoencoder(branches, epochs=1, random_state=0)
    network = deep.CNNRNNClassifier(branches, epochs=1, random_state=0)
    for model in (make_pipeline(coder, LogisticRegression()), network):
        table = explain.modality_shares(
            model.fit(X, y), X.head(12), {"ab": ["a", "b"], "cd": ["c", "d"]}
        )
        assert_allclose(table[["base", "ab", "cd"]].sum(axis=1), table["prediction"], atol=1e-6)
        assert (table["cd"].iloc[10:] != 0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": make_pipeline(PCA(1), LogisticRegression())}, r"'d'\] hidden \(.*NaN.\)\. Use"),
        ({"X": np.zeros((3, 4))}, "must be a DataFrame"),
        ({"modalities": ["e"]}, r"no column \['e'\]"),
        ({"modalities": {"base": "a"}}, r"\['base'\] name columns of the result"),
        ({"target": "ugly"}, r"target 'ugly' is no class of the model: \['bad', 'fair', 'good'\]"),
        ({"target": ["good"] * 3}, r"shape \(3,\) for 140 samples"),
        ({"target": np.ma.array(["good"] * 140, mask=[True] * 140)}, "140 of 140 targets are miss"),
        ({"target": np.ma.masked}, "target has masked values"),
        ({"target": pd.NA}, "target <NA> is no class"),
        ({"scale": "bits"}, "scale is 'bits'"),
        ({"modalities": []}, "one or more names"),
        ({"scale": np.array(["probability", "log_odds"])}, "scale is array"),
    ],
)
def test_what_cannot_be_shared_out(numbers, change, words):
    X, y = numbers[0].iloc[10:], numbers[1][10:]
    given = {"model": HistGradientBoostingClassifier(max_iter=1), "X": X} | change
    given["model"].fit(X, y)
    with pytest.raises(ValueError, match=words):
        explain.modality_shares(**given)


@pytest.mark.parametrize(
    ("earned", "words"),
    [
        (1j, "must be numbers"),
        (np.timedelta64(1, "s"), "must be numbers"),
        (np.ma.masked, "has masked values"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "has masked values"),
        (pd.array([1, None], dtype="Int64"), "is not finite"),
        (None, "is not finite"),
    ],
)
def test_values_that_are_no_numbers_are_not_shared_out(earned, words):
    with pytest.raises(ValueError, match=words):
        explain.shapley(lambda present: earned, ["a", "b"])


class Says:
    """A classifier of unsorted classes that predicts the same row always."""

    classes_ = np.array(["z", "a"])

    def __init__(self, row):
        self.row = row

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return [self.row] * len(X)


@pytest.mark.parametrize("row", [[np.nan, np.nan], [0.2, 0.3, 0.5], [1.0], [-1, 2], [7, 7], 0.5])
def test_what_is_no_probability_is_not_explained(row):
    X = pd.DataFrame({"text": ["good film"]})
    for explained in (
        lambda: explain.modality_shares(Says(row), X),
        lambda: explain.occlusion(Says(row), X, "text", Words()),
        lambda: explain.deletion_curve(Says(row), X, "text", Words(), [1, 2]),
    ):
        with pytest.raises(ValueError, match=r"must return probabilities of shape \([123], 2\)"):
            explained()


def test_classes_need_not_be_sorted_nor_modalities_a_list():
    X = pd.DataFrame({"text": ["good"], "stars": [5]})
    for target, expected in ((None, 0.9), ("z", 0.9), ("a", 0.1)):
        table = explain.modality_shares(Says([0.9, 0.1]), X, (c for c in X), target=target)
        assert table["prediction"].tolist() == [expected]
        assert table.columns.tolist() == ["target", "base", "text", "stars", "prediction"]


def test_shares_do_not_wrap_around():
    for kind in (np.uint8, np.bool_, Decimal, Fraction):
        shares = explain.shapley(lambda present, kind=kind: kind(not present), ["a", "b"])
        assert shares == {"a": -0.5, "b": -0.5}


# --- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "without_second"),
    [
        ("Not a good film!", ["Not", "a", "good", "film!"], "Not good film!"),
        ("很好 看", ["很", "好", "看"], "很看"),
        ("one two", ["one", "two"], "one"),
    ],
)
def test_words(text, words, without_second):
    assert Words().split(text).tolist() == words
    assert Words().remove(text, [1]) == without_second
    assert Words().remove(text, range(len(words))) == ""


@pytest.mark.parametrize("shape", [(10, 7), (10, 7, 3)])
def test_patches_tile_the_image(shape):
    image = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    before = image.copy()
    parts = Patches(size=4)
    names = parts.split(image)
    assert names.tolist() == [(t, left) for t in (0, 4, 8) for left in (0, 4)]
    mean = image.mean(axis=(0, 1)).round().astype(np.uint8)
    touched = np.zeros(shape[:2], int)
    for place, (top, left) in enumerate(names):
        painted = parts.remove(image, [place])
        rows, columns = slice(top, top + 4), slice(left, left + 4)
        assert (painted[rows, columns] == mean).all()
        painted[rows, columns] = image[rows, columns]
        assert (painted == image).all()  # nothing outside
        touched[rows, columns] += 1
    assert (touched == 1).all() and (image == before).all()
    assert (parts.remove(image, range(6)) == mean).all()


def test_a_blurred_patch_has_a_softer_border():
    image = np.tile(np.arange(96, dtype=np.uint8), (96, 1))
    at = list(Patches().split(image)).index((36, 12))
    jump = {
        fill: np.abs(np.diff(Patches(fill=fill).remove(image, [at]).astype(int), axis=1)).max()
        for fill in ("mean", "blur")
    }
    assert jump["blur"] < 10 < jump["mean"]


def test_tiles_silence_their_own_tone_and_no_other():
    rate, time = 8000, np.arange(8000) / 8000
    low, high = (0.4 * np.sin(2 * np.pi * f * time) for f in (300, 2500))
    parts = TimeFrequency(rate, 0.5, (0, 1000, 4000), fill="silence")
    names = parts.split(low)
    assert names.tolist() == [(0, 0.0), (0, 0.5), (1000, 0.0), (1000, 0.5)]
    clip = (low + high).astype(np.float32)
    early, late = slice(400, 3600), slice(4400, 7600)
    rest = parts.remove(clip, [names.get_loc((1000, 0.5))])
    assert rest.dtype == np.float32 and rest.shape == clip.shape
    assert_allclose(rest[early], clip[early], atol=1e-5)
    assert_allclose(rest[late], low[late], atol=0.01)
    assert_allclose(parts.remove(clip, []), clip, atol=1e-6)
    assert np.abs(parts.remove(clip, range(4))).max() < 1e-6


def test_tiles_cover_a_clip_whose_length_is_no_multiple():
    clip = np.random.default_rng(0).normal(size=5001)
    parts = TimeFrequency(16000, 0.1, (0, 4000, 8000), fill="silence")
    assert len(parts.split(clip)) == 8
    assert np.abs(parts.remove(clip, range(8))).max() < 1e-9


def test_a_flattened_tile_is_as_loud_as_its_band_is_on_average():
    time = np.arange(16000) / 16000
    clip = np.sin(2 * np.pi * 1000 * time)
    steady = TimeFrequency(seconds=0.5).remove(clip, [2])  # the first half of 1000 to 2000 Hz
    assert_allclose(steady[1000:-1000], clip[1000:-1000], atol=0.05)  # a tone is like its mean
    clip[8000:] = 0
    changed = TimeFrequency(seconds=0.5, bands=(0, 8000)).remove(clip, [0])
    assert_allclose(np.abs(changed[1000:7000]).max(), 0.5, atol=0.05)
    assert np.abs(changed[9000:]).max() < 1e-9


@pytest.mark.parametrize(
    ("wrong", "kind", "words"),
    [
        (lambda: Words().split(3), TypeError, r"expected a text \(str\), got int"),
        (lambda: Words().split("  "), ValueError, "has no word"),
        (lambda: Patches(0), ValueError, "size is 0; expected a whole number"),
        (lambda: Patches(fill="red"), ValueError, "fill is 'red'"),
        (
            lambda: Patches().split("face.png"),
            TypeError,
            "image as an array, got str; .*read_image",
        ),
        (lambda: Patches().split(np.zeros(3)), ValueError, r"shape \(3,\) is no image"),
        (lambda: TimeFrequency().split("a.wav"), TypeError, "sound as an array.*read_audio"),
        (lambda: TimeFrequency().split(np.zeros((9, 2))), ValueError, r"\(9, 2\) is no sound"),
        (
            lambda: TimeFrequency(seconds=0),
            ValueError,
            "seconds is 0; expected a number of seconds above 0",
        ),
        (lambda: Patches("4"), ValueError, "size is '4'"),
        (
            lambda: Patches(4).split(np.zeros((4, 4), complex)),
            TypeError,
            "type complex128 is no image",
        ),
        (
            lambda: Patches(4).split(np.ma.array(np.zeros((4, 4)), mask=True)),
            ValueError,
            "the image has masked values",
        ),
        (lambda: TimeFrequency(seconds=np.timedelta64(1, "s")), ValueError, "seconds is"),
        (lambda: TimeFrequency(bands=(0, 1j)), ValueError, "bands must be numbers"),
        (lambda: TimeFrequency(bands=5), ValueError, "must rise"),
        (lambda: TimeFrequency(bands=("0", "100")), ValueError, "must rise"),
        (lambda: TimeFrequency(seconds=1e-12), ValueError, "seconds is 1e-12; .* at least 0.008"),
        (lambda: TimeFrequency().split(np.array([0, np.nan])), ValueError, "sound holds NaN"),
        (lambda: Patches().split(np.full((2, 2), np.inf)), ValueError, "image holds NaN, inf"),
        (lambda: Words().remove("a b", [True, False]), ValueError, "places from 0 to 1, got True"),
        (lambda: Words().remove("a b", [-1]), ValueError, "places from 0 to 1, got -1"),
        (lambda: Words().remove("a b", [2]), ValueError, "places from 0 to 1, got 2"),
        (lambda: Patches(2).remove(np.zeros((4, 4)), [4]), ValueError, "from 0 to 3, got 4"),
        (lambda: TimeFrequency().remove(np.zeros(99), ["a"]), ValueError, "from 0 to 4, got 'a'"),
        (
            lambda: Patches(2, "blur").remove(np.zeros((4, 4), np.float16), [0]),
            ValueError,
            "of type float16 and shape .* cannot be blurred",
        ),
        (lambda: TimeFrequency(bands=(0, 9000)), ValueError, "at most 8000 Hz"),
        (lambda: TimeFrequency(bands=(500, 100)), ValueError, "must rise"),
        (lambda: TimeFrequency(fill="blur"), ValueError, "fill is 'blur'"),
    ],
)
def test_parts_that_cannot_be(wrong, kind, words):
    with pytest.raises(kind, match=words):
        wrong()


def test_short_and_loud_sounds_lose_a_tile():
    silent = TimeFrequency(fill="silence", bands=(0, 8000))
    assert np.abs(silent.remove(np.full(10, 0.5), [0])).max() < 1e-9
    loud = np.full(8000, 30_000, np.int16)
    assert TimeFrequency(bands=(0, 4000)).remove(loud, [0]).min() >= 0  # it does not wrap around


# --- occlusion and deletion ----------------------------------------------------------------------


class SumOfParts:
    """A classifier whose log-odds for 1 are a sum over words: what each is worth is known."""

    classes_ = np.array([0, 1])
    worth = {"good": 2.0, "film": 0.0, "dull": -1.5, "bravo": 1.0}  # noqa: RUF012

    def predict_proba(self, X):
        p = expit([sum(self.worth[word] for word in text.split()) for text in X["text"]])
        return np.column_stack([1 - p, p])


ROW = pd.DataFrame({"text": ["good film bravo dull"], "image": [np.zeros((4, 4))]}, index=[42])


def test_occlusion_finds_what_each_word_is_worth():
    drop = explain.occlusion(SumOfParts(), ROW, "text", Words(), target=1, scale="log_odds")
    assert drop.index.tolist() == ["good", "film", "bravo", "dull"] and drop.name == "text"
    assert drop.tolist() == pytest.approx([2, 0, 1, -1.5])
    against = explain.occlusion(SumOfParts(), ROW, "text", Words(), target=0, scale="log_odds")
    assert against.tolist() == pytest.approx((-drop).tolist())
    p = explain.occlusion(SumOfParts(), ROW, "text", Words())  # of 1, which is predicted
    assert p.tolist() == pytest.approx([expit(1.5) - expit(x) for x in (-0.5, 1.5, 0.5, 3)])


def test_deletion_follows_the_scores():
    curve = explain.deletion_curve(SumOfParts(), ROW, "text", Words(), [2, 0, 1, -1.5])
    assert_allclose(curve, expit([1.5, -0.5, -1.5, -1.5, 0]))
    first = explain.deletion_curve(SumOfParts(), ROW, "text", Words(), [0, 0, 0, 1], target=0)
    assert_allclose(first, expit([-1.5, -3, -1, -1, 0]))  # ties in their order


def test_words_of_a_linear_model_as_shap_has_them():
    texts = ["a good film", "a bad film", "good and bravo", "a dull bad thing", "fine film", "bad"]
    X, y = pd.DataFrame({"text": texts}), [1, 0, 1, 0, 1, 0]
    words = make_pipeline(CountVectorizer(), LogisticRegression())
    model = DecisionFusion([("words", words, "text")], calibration=None).fit(X, y)
    counts = words.fit(X["text"], y)[0].transform(X["text"]).toarray().astype(float)
    nothing = shap.maskers.Independent(np.zeros((1, counts.shape[1])))
    theirs = shap.LinearExplainer(words[1], nothing).shap_values(counts[:1])[0]
    drop = explain.occlusion(model, X.iloc[[0]], "text", Words(), target=1, scale="log_odds")
    vocabulary = words[0].vocabulary_
    for word in ("good", "film"):
        assert drop[word] == pytest.approx(theirs[vocabulary[word]], abs=1e-9)
    assert drop["a"] == pytest.approx(0, abs=1e-9)  # the vectoriser drops it


def test_maps_are_laid_out_as_the_cell_is():
    class Corner:
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            p = np.array([image[:4, 4:].mean() / 255 for image in X["image"]])
            return softmax(np.column_stack([np.zeros(len(p)), p]), axis=1)

    image = np.zeros((12, 8), np.uint8)
    image[:4, 4:] = 255
    row = ROW.assign(image=pd.Series([image], index=[42]))
    drop = explain.occlusion(Corner(), row, "image", Patches(4), target=1).unstack()
    assert drop.shape == (3, 2) and drop.loc[0, 4] > 0
    assert np.count_nonzero(drop) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"row": pd.concat([ROW, ROW])}, r"one row, got 2 rows: take X.iloc\[\[i\]\]"),
        ({"row": ROW.iloc[0]}, "one row, got Series"),
        ({"row": ROW.assign(text=None)}, "text is missing in row 42"),
        ({"row": ROW.assign(text=" ")}, "text in row 42: the text ' ' has no word"),
        ({"row": pd.concat([ROW, ROW], axis=1)}, "row has several columns 'text'"),
        ({"column": "title"}, "no column 'title'; its columns are"),
        ({"target": 2}, r"target 2 is no class of the model: \[0, 1\]"),
    ],
)
def test_rows_that_cannot_be_explained(change, words):
    given = {"model": SumOfParts(), "row": ROW, "column": "text", "parts": Words()} | change
    with pytest.raises(ValueError, match=words):
        explain.occlusion(**given)
    with pytest.raises(ValueError, match=words):
        explain.deletion_curve(**given, scores=[1, 2, 3, 4])


@pytest.mark.parametrize("scores", [[1, 2, 3], [1, 2, 3, np.nan], [[1, 2, 3, 4]]])
def test_scores_that_do_not_fit(scores):
    with pytest.raises(ValueError, match="4 parts need as many finite scores"):
        explain.deletion_curve(SumOfParts(), ROW, "text", Words(), scores)


def test_scores_that_were_sorted_are_refused():
    drop = explain.occlusion(SumOfParts(), ROW, "text", Words())
    assert len(explain.deletion_curve(SumOfParts(), ROW, "text", Words(), drop)) == 5
    with pytest.raises(ValueError, match="another order than the parts: do not sort"):
        explain.deletion_curve(SumOfParts(), ROW, "text", Words(), drop.sort_values())


@pytest.mark.parametrize("kind", ["category", "string", "str"])
def test_a_column_of_categories_is_explained_as_one_of_texts(kind):
    drop = explain.occlusion(SumOfParts(), ROW, "text", Words())
    same = explain.occlusion(SumOfParts(), ROW.astype({"text": kind}), "text", Words())
    assert same.tolist() == drop.tolist()
