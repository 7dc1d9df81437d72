"""Corruptions: level 0 is the identity, inputs are not touched, levels mean what they say."""

from __future__ import annotations

import difflib
import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from mmtutor import noise
from mmtutor._table import is_missing

TEXT = "The Film was not good, but I loved 2 of the songs!"
CHINESE = "这部电影不好看，但是音乐很动人。"
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (40, 60)).astype(np.uint8)
COLOUR = RNG.integers(0, 256, (40, 60, 3)).astype(np.uint8)
CLIP = (0.2 * np.sin(np.arange(8000) / 9) * np.linspace(0, 1, 8000)).astype(np.float32)

CELLS = {"text": (TEXT, CHINESE, ""), "image": (GREY, COLOUR), "audio": (CLIP, 0 * CLIP)}
PAIRS = [
    pytest.param(corruption, cell, id=f"{corruption.__name__}-{number}")
    for modality, corruptions in noise.CORRUPTIONS.items()
    for corruption in corruptions
    for number, cell in enumerate(CELLS[modality])
]


def same(a, b):
    return a == b if isinstance(a, str) else np.array_equal(a, b)


@pytest.mark.parametrize(("corruption", "cell"), PAIRS)
def test_level_zero_is_the_identity(corruption, cell):
    for seed in range(5):
        result = corruption(cell, 0.0, random_state=seed)
        assert same(result, cell)
        assert isinstance(cell, str) or not np.shares_memory(result, cell)


@pytest.mark.parametrize(("corruption", "cell"), PAIRS)
def test_every_level_keeps_form_input_and_seed(corruption, cell):
    before = cell if isinstance(cell, str) else cell.copy()
    for level in (0.01, 0.3, 1.0):
        result = corruption(cell, level, random_state=7)
        assert same(cell, before)
        assert same(result, corruption(cell, level, random_state=7))
        assert type(result) is type(cell)
        if not isinstance(cell, str):
            assert (result.shape, result.dtype) == (cell.shape, cell.dtype)
            assert result.dtype == np.uint8 or np.abs(result).max() <= 1


@pytest.mark.parametrize(("corruption", "cell"), PAIRS)
def test_worse_levels_are_farther_away(corruption, cell):
    if len(cell) == 0 or not np.any(np.asarray(cell) != np.asarray(cell).flat[0]):
        return  # nothing to corrupt in an empty text; silence is tested below
    if isinstance(cell, str) and len(cell) < 2:
        return

    def distance(level):
        result = corruption(cell, level, random_state=3)
        if isinstance(cell, str):
            return 1 - difflib.SequenceMatcher(None, cell, result).ratio()
        return np.abs(result.astype(float) - cell).mean()

    levels = [0, 0.4, 1] if isinstance(cell, str) else [0, 0.25, 0.5, 1]
    distances = [distance(level) for level in levels]
    assert distances == sorted(distances)
    assert distances[-1] > distances[0] == 0


SEEDS = st.integers(0, 2**32 - 1)
DRAWN = {
    "text": st.text(min_size=12, max_size=40),
    "image": arrays.arrays(np.uint8, st.sampled_from([(8, 8), (12, 9), (9, 8, 3)])),
    "audio": arrays.arrays(np.float32, st.integers(1, 900), elements=st.floats(-1, 1, width=32)),
}
EVERY = [
    pytest.param(corruption, DRAWN[modality], id=corruption.__name__)
    for modality, corruptions in noise.CORRUPTIONS.items()
    for corruption in corruptions
]


@pytest.mark.parametrize(("corruption", "cells"), EVERY)
def test_any_cell_is_kept_at_level_zero_and_never_changed(corruption, cells):
    @settings(max_examples=40, deadline=None)
    @given(cells, st.floats(0, 1), SEEDS)
    def holds(cell, level, seed):
        before = cell if isinstance(cell, str) else cell.copy()
        assert same(corruption(cell, 0.0, random_state=seed), before)
        worse = corruption(cell, level, random_state=seed)
        assert same(cell, before)
        assert same(worse, corruption(cell, level, random_state=seed))
        if not isinstance(cell, str):
            assert (worse.shape, worse.dtype) == (cell.shape, cell.dtype)
            assert np.isfinite(worse).all()

    holds()


def distance(cell, other):
    """Letters to retype as a share of the text, or the root mean square of the difference."""
    if isinstance(cell, str):
        return 1 - difflib.SequenceMatcher(None, cell, other, autojunk=False).ratio()
    return np.sqrt(np.mean((np.asarray(other, float) - cell) ** 2))


@pytest.mark.parametrize(("corruption", "cells"), EVERY)
def test_any_cell_gets_worse_on_average(corruption, cells):
    @settings(max_examples=25, deadline=None)
    @given(cells, st.floats(0, 0.7), SEEDS)
    def holds(cell, level, seed):
        near, far = (
            np.mean([distance(cell, corruption(cell, v, random_state=seed + k)) for k in range(12)])
            for v in (level, level + 0.3)
        )
        slack = 0.5 if getattr(cell, "dtype", None) == np.uint8 else 1e-6  # whole grey values
        assert near <= far + (0.1 if isinstance(cell, str) else slack)

    holds()


def test_reverberation_is_a_convolution_that_dies_away():
    click = np.zeros(16_000)
    click[100] = 0.5
    wet = noise.reverberate(click, 1.0, random_state=0)
    assert np.abs(wet[:100]).max() < 1e-12
    assert np.abs(wet[8100:]).max() < 1e-12
    level = [10 * np.log10(np.mean(wet[100 + k : 1100 + k] ** 2)) for k in (0, 2000, 4000, 6000)]
    assert np.diff(level) == pytest.approx(-15, abs=1)  # 60 dB in 8000 samples
    later = noise.reverberate(np.roll(click, 3000), 1.0, random_state=0)
    assert later[3000:] == pytest.approx(np.roll(wet, 3000)[3000:], abs=1e-9)
    speech = CLIP.astype(float)
    echo = noise.reverberate(speech, 1.0, random_state=5)
    assert np.mean(echo**2) == pytest.approx(np.mean(speech**2))
    half = noise.reverberate(speech, 0.5, random_state=5)
    assert half == pytest.approx((speech + echo) / 2)


@pytest.mark.parametrize(("corruption", "cell"), PAIRS)
@pytest.mark.parametrize("level", [-0.1, 1.1, np.nan])
def test_levels_outside_are_refused(corruption, cell, level):
    with pytest.raises(ValueError, match=r"level is .*; expected a number in \[0, 1\]"):
        corruption(cell, level)


def test_typos_hit_as_many_letters_as_the_level_says():
    typed = [noise.typos("plant", 0.1, random_state=seed) for seed in range(3000)]
    changed = np.mean([word != "plant" for word in typed])
    # a swap of the last letter, which has no follower, changes nothing
    assert changed == pytest.approx(1 - 0.9**4 * (1 - 0.1 * 0.75), abs=0.03)
    lengths = np.bincount([len(word) for word in typed])
    assert lengths[4] == pytest.approx(lengths[6], rel=0.25)  # as many dropped as doubled


def test_typos_leave_other_characters_and_case():
    assert noise.typos("12 + 3.4 = 15.4 ?!", 1.0, random_state=0) == "12 + 3.4 = 15.4 ?!"
    assert noise.typos("QQQQQQQQ", 1.0, random_state=0).isupper()


def test_drop_words():
    assert noise.drop_words(TEXT, 1.0, random_state=0) == ""
    some = noise.drop_words(TEXT, 0.5, random_state=0)
    assert set(some.split()) < set(TEXT.split())
    some = noise.drop_words(CHINESE, 0.5, random_state=0)
    assert 0 < len(some) < len(CHINESE)
    many = "word " * 2000
    left = len(noise.drop_words(many, 0.3, random_state=0).split())
    assert left / 2000 == pytest.approx(0.7, abs=0.03)


def test_a_higher_level_hits_all_that_a_lower_one_hit():
    words = " ".join(map(str, range(100)))
    left = [set(noise.drop_words(words, v, random_state=1).split()) for v in (0.2, 0.5, 0.8)]
    assert left[0] > left[1] > left[2]
    heard = [noise.dropouts(CLIP + 1e-3, v, random_state=1) != 0 for v in (0.2, 0.5, 0.8)]
    assert np.all(heard[0] >= heard[1])
    assert np.all(heard[1] >= heard[2])
    for seed in range(20):
        covered = [noise.occlude(0 * GREY, v, random_state=seed) > 0 for v in (0.1, 0.3, 0.6, 1.0)]
        for less, more in itertools.pairwise(covered):
            inside = ndimage.binary_erosion(less, iterations=1)  # but for rounding to whole pixels
            assert np.all(more[inside])


def test_blur_is_a_gaussian():
    spot = np.zeros((101, 101), np.uint8)
    spot[45:56, 45:56] = 200
    ours = noise.blur(spot, 0.3)
    theirs = ndimage.gaussian_filter(spot.astype(float), 0.3 * 10.1, mode="mirror")
    assert np.abs(ours - theirs).max() < 2


def test_image_levels():
    grey = np.full((200, 200), 128, np.uint8)
    assert noise.pixel_noise(grey, 0.2, random_state=0).std() == pytest.approx(25.6, rel=0.02)
    for level in (0.1, 0.5, 0.9, 1.0):
        covered = noise.occlude(0 * grey, level, random_state=4) == 128
        assert covered.mean() == pytest.approx(level, abs=0.02)
    assert noise.darken(grey, 0.75).max() == 32
    assert noise.darken(COLOUR, 1.0).max() == 0


@pytest.mark.parametrize("snr_db", [20.0, 0.0, -10.0])
def test_white_noise_has_the_ratio_asked_for(snr_db):
    tone = (0.01 * np.sin(np.arange(16_000) / 5)).astype(np.float32)
    level = 10 ** (-(snr_db + 10) / 20)
    for noisy in (
        noise.add_white_noise(tone, snr_db, random_state=0),
        noise.white_noise(tone, level, random_state=0),
    ):
        ratio = np.mean(tone.astype(float) ** 2) / np.mean((noisy - tone).astype(float) ** 2)
        assert 10 * np.log10(ratio) == pytest.approx(snr_db, abs=0.05)


def test_white_noise_is_white():
    added = noise.add_white_noise(CLIP, 0, random_state=0).astype(float) - CLIP
    correlation = np.corrcoef(added[:-1], added[1:])[0, 1]
    assert abs(correlation) < 0.03


def test_sound_edges():
    assert np.array_equal(noise.add_white_noise(CLIP, np.inf), CLIP)
    assert not noise.white_noise(0 * CLIP, 1.0, random_state=0).any()
    assert not noise.dropouts(CLIP, 1.0, random_state=0).any()
    assert not noise.reverberate(0 * CLIP, 1.0, random_state=0).any()
    assert noise.dropouts(CLIP[:1], 0.0).shape == (1,)
    assert np.isfinite(noise.reverberate(np.full(9, 1e-320), 0.5, random_state=0)).all()
    assert np.isfinite(noise.white_noise(np.array([1e-3]), 0.5)).all()
    assert np.abs(noise.white_noise(np.array([1e-3]), 0.5, random_state=0)) < 0.5
    loud = noise.overdrive(CLIP, 0.5)
    assert np.abs(loud).max() == np.abs(CLIP).max()
    assert np.mean(np.abs(loud) == np.abs(CLIP).max()) > 0.5
    doubles = CLIP.astype(np.float64)
    assert noise.white_noise(doubles, 0.5, random_state=0).dtype == np.float64


def test_corrupt_a_column():
    X = pd.DataFrame(
        {"text": [TEXT, None, CHINESE], "image": [GREY, GREY, None], "audio": [CLIP, CLIP, CLIP]},
        index=[5, 3, 9],
    )
    for column, corruptions in noise.CORRUPTIONS.items():
        for corruption in corruptions:
            worse = noise.corrupt(X, column, corruption, 0.6)
            assert worse.index.tolist() == [5, 3, 9]
            assert worse[column].dtype == X[column].dtype
            others = [c for c in X if c != column]
            assert all(worse[c].iloc[0] is X[c].iloc[0] for c in others)
            assert not same(worse[column].iloc[0], X[column].iloc[0])
            clean = noise.corrupt(X, column, corruption, 0.0)[column]
            assert all(
                (is_missing(a) and is_missing(b)) or same(a, b)
                for a, b in zip(clean, X[column], strict=True)
            )
    assert X.loc[5, "text"] == TEXT
    assert noise.corrupt(X, "text", noise.typos, 1.0)["text"].isna().tolist() == [
        False,
        True,
        False,
    ]
    twice = noise.corrupt(X, "audio", noise.white_noise, 0.5)["audio"]
    assert not np.array_equal(twice.iloc[0], twice.iloc[1])  # rows draw their own noise


@pytest.mark.parametrize("texts", ["category", "string", "str", object])
def test_corrupt_empties_no_column_of_texts(texts):
    X = pd.DataFrame({"text": ["good film", None, "bad film"]}).astype({"text": texts})
    worse = noise.corrupt(X, "text", noise.typos, 0.9)["text"]
    assert worse.isna().tolist() == [False, True, False]
    assert worse[0] == noise.typos("good film", 0.9, random_state=np.random.default_rng((0, 0)))
    same = noise.corrupt(X, "text", noise.typos, 0)
    pd.testing.assert_frame_equal(same, X)


@pytest.mark.parametrize(
    ("values", "change", "expected"),
    [
        ([1, 2, 3], lambda x: x / 2, [0.5, 1.0, 1.5]),
        ([1, 2, 3], lambda x: -x, [-1, -2, -3]),
        ([True, False], lambda x: x / 2, [0.5, 0.0]),
        ([1.0, 2.0], str, ["1.0", "2.0"]),
        ([1, 2], lambda x: None, [None, None]),
        (pd.array([1, None], "Int64"), lambda x: x + 1, [2, pd.NA]),
    ],
)
def test_corrupt_changes_no_value_that_a_corruption_returned(values, change, expected):
    X = pd.DataFrame({"n": values})
    worse = noise.corrupt(X, "n", lambda cell, level, random_state: change(cell), 0.5)
    assert worse["n"].tolist() == expected


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_column_of_short_floats_rounds_what_a_corruption_returned(dtype):
    X = pd.DataFrame({"n": pd.Series([0.5, 0.25, None], dtype=dtype)})
    worse = noise.corrupt(X, "n", lambda cell, level, random_state: float(cell) + 0.1, 0.5)
    assert worse["n"].dtype == dtype


def test_a_corruption_that_writes_into_its_cell_spoils_no_table():
    def silence(clip, level, random_state):
        clip[:] = 0
        return clip

    X = pd.DataFrame({"audio": [CLIP.copy(), None]})
    assert not noise.corrupt(X, "audio", silence, 0.5)["audio"][0].any()
    assert same(X["audio"][0], CLIP)
    with pytest.raises(ValueError, match=r"audio in row 0: .* returned None; return"):
        noise.corrupt(X, "audio", lambda clip, level, random_state: clip.fill(0), 0.5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: noise.typos(3, 0.5), TypeError, "expected a text"),
        (lambda: noise.blur("a.png", 0.5), TypeError, "read_image"),
        (lambda: noise.blur(GREY / 255, 0.5), TypeError, "uint8"),
        (lambda: noise.blur(GREY[0], 0.5), ValueError, r"got \(60,\)"),
        (lambda: noise.white_noise("a.wav", 0.5), TypeError, "read_audio"),
        (lambda: noise.white_noise(np.int16([1, 2]), 0.5), TypeError, "int16"),
        (lambda: noise.blur(np.zeros((5, 5, 1), np.uint8), 0.5), ValueError, r"got \(5, 5, 1\)"),
        (lambda: noise.darken(np.zeros((5, 5, 4), np.uint8), 0.5), ValueError, r"got \(5, 5, 4\)"),
        (lambda: noise.white_noise(CLIP * 32768, 0), ValueError, "divide them by 32768"),
        (lambda: noise.dropouts(np.zeros((2, 9)), 0.5), ValueError, r"got \(2, 9\)"),
        (lambda: noise.dropouts(np.zeros(0), 0.5), ValueError, r"got \(0,\)"),
        (lambda: noise.overdrive(np.array([0, np.nan]), 0.5), ValueError, "1 of 2 samples"),
        (lambda: noise.add_white_noise(CLIP, np.nan), ValueError, "snr_db is nan"),
        (lambda: noise.add_white_noise(CLIP, 10**400), ValueError, "snr_db is 1000"),
        (lambda: noise.blur(GREY, np.timedelta64(1, "s")), ValueError, "level is np.timedelta64"),
        (lambda: noise.blur(np.ma.array(GREY, mask=GREY > 9), 0.5), ValueError, "masked values"),
        (lambda: noise.dropouts(np.ma.array(CLIP, mask=CLIP > 0), 0.5), ValueError, "masked"),
        (
            lambda: noise.corrupt(pd.DataFrame({"a": ["x"]}), "text", noise.typos, 0.5),
            KeyError,
            "no column 'text'",
        ),
        (
            lambda: noise.corrupt(pd.Series(["x"], name="text"), "text", noise.typos, 0.5),
            TypeError,
            "must be a DataFrame, .* got Series",
        ),
        (
            lambda: noise.corrupt(
                pd.DataFrame([["x", "y"]], columns=["text", "text"]), "text", noise.typos, 0.5
            ),
            ValueError,
            "2 columns are called 'text'",
        ),
        (
            lambda: noise.corrupt(
                pd.DataFrame({"text": [None, "x", 3]}, index=[7, 8, 9]), "text", noise.typos, 0.5
            ),
            TypeError,
            r"text in row 9: expected a text \(str\), got int",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("kind", [Fraction, np.float16, np.longdouble])
def test_a_level_may_be_any_kind_of_number(kind):
    for corruption in (noise.blur, noise.pixel_noise, noise.occlude, noise.darken):
        expected = corruption(GREY, 0.5, random_state=0)
        np.testing.assert_array_equal(corruption(GREY, kind(0.5), random_state=0), expected)
