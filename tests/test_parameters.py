"""A bad parameter is told by name, with its value and what was expected, before any data are."""

from __future__ import annotations

import inspect
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from mmtutor import audio, explain, image, text
from mmtutor._ranges import check_ranges, number, one_of, or_none, whole
from mmtutor.fusion import DecisionFusion, FeatureFusion

NAN, INF = float("nan"), float("inf")
ODD = (Decimal(1), np.timedelta64(1, "s"), np.complex128(1), pd.NA, np.ma.masked, np.array([1]))
NO_NUMBER = ("abc", b"1", [1], 1j, True, NAN, None, *ODD)
NO_COUNT = (*NO_NUMBER, 0, -1, 2.5, 2.0, INF)
NO_FLAG = ("yes", None, 2, NAN, [], *ODD)
BEYOND = 10**12  # what would take all memory or a year
RATE = (*NO_NUMBER, 0, -8000, 16_000.5, INF, BEYOND)
SECONDS = (*NO_NUMBER, 0, -0.01, INF, 1e300)


def without_none(values):
    return [value for value in values if value is not None]


FRAMES = {"sample_rate": RATE, "frame": SECONDS, "hop": SECONDS}
MELS = {**FRAMES, "n_mels": (*NO_COUNT, BEYOND)}
MFCC = {**MELS, "n_mfcc": (*NO_COUNT, 41, BEYOND)}
TUNING = without_none((*NO_NUMBER, 0.51, -1, INF))
STATISTICS = {
    "mean": NO_FLAG,
    "deviation": NO_FLAG,
    "deltas": NO_FLAG,
    "n_segments": (*NO_COUNT, BEYOND),
}
MAX_FRAMES = without_none((*NO_COUNT, BEYOND))
SIZE = without_none((*NO_COUNT, (8,), (8, 0), (8, 2.5), (8, 8, 3), (True, 8), "8", BEYOND))
HOG = {"orientations": (*NO_COUNT, BEYOND), "pixels_per_cell": (*NO_COUNT, BEYOND)}
LANGUAGE = ("fr", "", 1, None, NAN, ["en"], np.array(["en", "zh"]))
NGRAM_RANGE = ((0, 1), (2, 1), (1,), (1.0, 2), (True, 2), "12", 1, None, [1, 2])
DOCUMENTS = ("abc", b"1", [1], 1j, True, NAN, None, 0, -1, 1.5, -0.1, INF)
WORDS = {
    "language": LANGUAGE,
    "ngram_range": NGRAM_RANGE,
    "min_df": DOCUMENTS,
    "max_df": DOCUMENTS,
    "max_features": without_none(NO_COUNT),
}
POSITIVE = (*NO_NUMBER, 0, -1, INF)

CLIP = np.sin(np.arange(800) / 5)
PICTURE = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
COUNTS, LABELS = [[2, 0], [0, 1]], ["a", "b"]


def fitting(estimator, *data):
    """Make and fit an estimator; a bad parameter may be told in `fit`, as scikit-learn's are."""

    def call(**parameters):
        return estimator(**parameters).fit(*data)

    call.__signature__ = inspect.signature(estimator)
    call.__qualname__ = estimator.__name__
    return call


def given(function, *data, **named):
    call = partial(function, *data, **named)
    call.__qualname__ = function.__name__
    return call


TOLD = [
    (
        given(audio.read_audio, CLIP),
        {
            "sample_rate": RATE,
            "mono": NO_FLAG,
            "start": (*NO_NUMBER, -1, INF),
            "seconds": without_none((*NO_NUMBER, 0, -1, INF)),
        },
    ),
    (given(audio.spectrogram, CLIP), FRAMES),
    (given(audio.log_mel, CLIP), MELS),
    (given(audio.mfcc, CLIP), MFCC),
    (given(audio.chroma, CLIP), {**FRAMES, "tuning": TUNING}),
    (given(audio.deltas, np.zeros((9, 2))), {"width": (*NO_COUNT, 1, 4)}),
    (
        given(audio.mel_filters, sample_rate=16_000, frame_samples=400, n_mels=40),
        {
            "sample_rate": RATE,
            "frame_samples": (*NO_COUNT, 1, BEYOND),
            "n_mels": (*NO_COUNT, BEYOND),
        },
    ),
    (fitting(audio.MFCCFeatures, [CLIP]), {**MFCC, **STATISTICS}),
    (fitting(audio.ChromaFeatures, [CLIP]), {**FRAMES, **STATISTICS, "tuning": TUNING}),
    (
        fitting(audio.MFCCSequences, [CLIP]),
        {**MFCC, "deltas": NO_FLAG, "max_frames": MAX_FRAMES},
    ),
    (
        fitting(audio.LogMelSequences, [CLIP]),
        {
            **MELS,
            "top_db": (*NO_NUMBER, 0, -1, 80.5, INF),
            "normalise": ("mean", 1, True, NAN, []),
            "max_frames": MAX_FRAMES,
        },
    ),
    (given(image.read_image, PICTURE), {"size": SIZE, "grey": NO_FLAG}),
    (
        given(image.sift_features, PICTURE),
        {
            "root": NO_FLAG,
            "n_features": (*NO_NUMBER, -1, 2.5, INF, BEYOND),
            "contrast_threshold": (*NO_NUMBER, -0.1, 1.5, INF),
        },
    ),
    (given(image.hog_cells, PICTURE), HOG),
    (given(image.hog_features, PICTURE), {**HOG, "cells_per_block": NO_COUNT}),
    (
        fitting(image.BagOfVisualWords, [PICTURE]),
        {
            "n_words": NO_COUNT,
            "root": NO_FLAG,
            "weighting": ("idf", 1, None, NAN, []),
            "step": without_none((*NO_COUNT, BEYOND)),
            "size": SIZE,
            "max_descriptors": (*NO_COUNT, 63),
            "random_state": ("abc", -1, 2.0, NAN, 2**32, np.random.default_rng(0)),
        },
    ),
    (
        fitting(image.HOGFeatures, [PICTURE]),
        {**HOG, "size": SIZE, "cells_per_block": NO_COUNT},
    ),
    (fitting(image.PixelFeatures, [PICTURE]), {"size": SIZE, "standardise": NO_FLAG}),
    (fitting(image.ImageStack, [PICTURE]), {"size": (*SIZE, None)}),
    (given(text.tokenise, "a b"), {"language": LANGUAGE}),
    (given(text.ngrams, "a b"), {"language": LANGUAGE, "ngram_range": NGRAM_RANGE}),
    (fitting(text.BagOfWords, ["a b"]), {**WORDS, "binary": NO_FLAG}),
    (fitting(text.TfidfFeatures, ["a b"]), {**WORDS, "sublinear_tf": NO_FLAG}),
    (
        fitting(text.TokenSequences, ["a b"]),
        {
            "language": LANGUAGE,
            "max_length": without_none((*NO_COUNT, BEYOND)),
            "max_tokens": without_none(NO_COUNT),
            "min_df": NO_COUNT,
        },
    ),
    (given(text.log_count_ratio, COUNTS, LABELS, positive="a"), {"alpha": POSITIVE}),
    (
        fitting(text.NaiveBayesSVM, COUNTS, LABELS),
        {"C": POSITIVE, "alpha": POSITIVE, "interpolation": (*NO_NUMBER, -0.1, 1.1, INF)},
    ),
]


@pytest.mark.parametrize(
    ("call", "name", "values"),
    [
        pytest.param(call, name, values, id=f"{call.__qualname__}-{name}")
        for call, bad in TOLD
        for name, values in bad.items()
    ],
)
def test_a_bad_parameter_is_told_by_name_and_value(call, name, values, record_property):
    for value in values:
        with pytest.raises(ValueError) as told:
            call(**{name: value})
        message = str(told.value)
        assert message.startswith(f"{name} is "), "the parameter is to blame, not a row of the data"
        assert repr(value)[:60] in message
        assert "expected" in message or "needs" in message or "need " in message
    record_property("bad parameters told", len(values))


@pytest.mark.parametrize("call, bad", TOLD, ids=lambda x: getattr(x, "__qualname__", ""))
def test_no_parameter_is_left_out(call, bad):
    beside = {"n_jobs", "samples", "sequence", "source", "image", "text", "X", "y", "positive"}
    assert set(inspect.signature(call).parameters) - beside == set(bad)


def test_settings_that_do_not_go_together_are_told_before_a_row_is_blamed():
    for bad, message in (
        ({"n_mels": 200}, r"^\d+ of 200 mel filters are empty"),
        ({"hop": 1e-6}, "^at 16000 Hz .* a hop of 1e-06 s has 0; .* given in seconds"),
        ({"frame": 1e-5}, "^at 16000 Hz a frame of 1e-05 s has 0 samples"),
        ({"n_mfcc": 30, "n_mels": 20}, "^n_mfcc is 30; expected .* n_mels = 20"),
    ):
        with pytest.raises(ValueError, match=message):
            audio.MFCCFeatures(**bad).fit(["no such file"])


def test_parameters_are_checked_again_where_they_have_changed():
    bag = text.BagOfWords().fit(["a b"])
    with pytest.raises(ValueError, match="language is 'fr'"):
        bag.set_params(language="fr").transform(["a b"])
    numbering = text.TokenSequences().fit(["a b"])
    with pytest.raises(ValueError, match="language is 'fr'"):
        numbering.set_params(language="fr").transform(["a b"])
    sound = audio.MFCCFeatures().fit([CLIP])
    with pytest.raises(ValueError, match="hop is 0"):
        sound.set_params(hop=0).transform([CLIP])


def test_numbers_of_numpy_are_numbers():
    expected = audio.mfcc(CLIP, sample_rate=8000, n_mfcc=3)
    found = audio.mfcc(CLIP, sample_rate=np.int64(8000), n_mfcc=np.uint8(3), hop=np.float64(0.01))
    np.testing.assert_array_equal(found, expected)
    rows = audio.MFCCFeatures(deltas=np.True_, n_segments=np.int32(1)).fit_transform([CLIP])
    np.testing.assert_array_equal(rows, audio.MFCCFeatures().fit_transform([CLIP]))
    assert image.read_image(PICTURE, size=(np.int64(3), np.uint8(7))).shape == (3, 7)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, 2], [3]], "^sequence has shape .*, got rows of unequal length"),
        (np.zeros(3), r"^sequence has shape \(n_frames, n_dims\), got \(3,\)"),
        (np.zeros((0, 2)), "^sequence has 0 frames"),
        ([["a"]], "^sequence has 1 frames of <U1; expected .* numbers"),
        ([[1, np.nan], [-np.inf, 2]], "^2 of 4 numbers of the sequence are NaN or infinite"),
        ([[1e308], [0], [-1e308]], r"^sequence has numbers up to 1e\+308, whose slopes"),
    ],
)
def test_deltas_names_what_is_no_sequence(values, message):
    with pytest.raises(ValueError, match=message):
        audio.deltas(values)


@pytest.mark.parametrize(
    ("call", "name", "value"),
    [
        (partial(audio.read_audio, np.tile(CLIP, 9), sample_rate=100), "start", 20),
        (partial(audio.read_audio, np.tile(CLIP, 9), sample_rate=100), "seconds", 5),
        (partial(audio.spectrogram, CLIP), "frame", 1),
        (partial(audio.spectrogram, CLIP), "hop", 1),
        (partial(audio.deltas, np.outer(CLIP, [1, 2])), "width", 127),
        (fitting(audio.MFCCFeatures, [CLIP]), "n_segments", 100),
        (fitting(audio.MFCCFeatures, [CLIP]), "mean", True),
        (fitting(audio.MFCCFeatures, [CLIP]), "deviation", True),
        (partial(image.hog_cells, PICTURE), "pixels_per_cell", 16),
        (partial(explain.Patches), "size", 12),
    ],
)
def test_the_smallest_numbers_of_numpy_are_numbers(call, name, value):
    def found(given):
        made = call(**{name: given})
        if hasattr(made, "transform"):
            return [made.transform([CLIP]), made.get_feature_names_out()]
        return [made.split(np.zeros((300, 9))) if hasattr(made, "split") else made]

    small = np.bool_(value) if value is True else np.int8(value)
    for ours, plain in zip(found(small), found(value), strict=True):
        np.testing.assert_array_equal(ours, plain)


@pytest.mark.parametrize("read", [audio.read_audio, audio.spectrogram, audio.mfcc, audio.deltas])
def test_what_is_masked_is_no_sample(read):
    clip = np.ma.array(CLIP if read is not audio.deltas else CLIP[:, None])
    read(clip)  # nothing is masked
    clip[3] = np.ma.masked
    with pytest.raises(ValueError, match="masked values"):
        read(clip)
    with pytest.raises(ValueError, match="the image has masked values"):
        image.read_image(np.ma.array(PICTURE, mask=PICTURE > 9))


def test_the_slope_of_small_integers_does_not_wrap_around():
    falling = np.arange(12, dtype=np.uint8)[::-1, None]
    assert np.allclose(audio.deltas(falling), -1)


def test_ranges_have_the_ends_they_say():
    def inside(given, value):
        try:
            check_ranges({"p": given}, p=value, q="has no range")
        except ValueError as error:
            assert str(error) == f"p is {value!r:.60}; expected {given[0]}"
            return False
        return True

    ends = (0, 0.0, 1, 1.0)
    assert [inside(number("[0, 1)"), end) for end in ends] == [True, True, False, False]
    assert [inside(number("(0, 1]"), end) for end in ends] == [False, False, True, True]
    assert [inside(whole(1, 3), n) for n in (0, 1, 3, 4)] == [False, True, True, False]
    for huge in (
        10**400,
        np.timedelta64(1, "s"),
    ):  # NumPy holds the one nowhere, the other is no number
        assert not inside(whole(), huge)
        assert not inside(number("[0, inf)"), huge)
    assert inside(whole(), 2**63 - 1)
    assert [inside(or_none(one_of("a", "b")), v) for v in (None, "a", "c")] == [True, True, False]
    assert or_none(one_of("a", "b"))[0] == "None or 'a' or 'b'"


# --- fits that fail ------------------------------------------------------------------------------

PAIR = [("a", LogisticRegression(), [0]), ("b", LogisticRegression(), [1])]
POINTS, CLASSES = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2


class Broken(LogisticRegression):
    def fit(self, X, y):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("estimator", "good", "bad"),
    [
        (DecisionFusion(PAIR), (POINTS, CLASSES), (POINTS, CLASSES[:5])),
        (DecisionFusion(PAIR), (POINTS, CLASSES), (POINTS, np.full(20, "x"))),
        (FeatureFusion([("a", "passthrough", [0])]), (POINTS,), (POINTS * np.nan,)),
        (text.BagOfWords(), (["a b"],), ([""],)),
        (text.TfidfFeatures(), (["a b"],), ([None],)),
        (text.TokenSequences(), (["a b"],), ([1],)),
        (text.NaiveBayesSVM(), (COUNTS, LABELS), (COUNTS, ["c", "c"])),
        (image.BagOfVisualWords(2), ([PICTURE],), ([None],)),
        (image.PixelFeatures(size=4), ([PICTURE],), ([None],)),
        (audio.MFCCFeatures(), ([CLIP],), ([None],)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_after_a_fit_that_failed_nobody_answers(estimator, good, bad):
    estimator.fit(*good)
    answer = estimator.predict if hasattr(estimator, "predict") else estimator.transform
    answer(good[0])
    with pytest.raises((ValueError, TypeError)):
        estimator.fit(*bad)
    with pytest.raises(NotFittedError):
        answer(good[0])


def test_after_a_fit_that_was_stopped_nobody_answers():
    fusion = DecisionFusion(PAIR).fit(POINTS, CLASSES)
    with pytest.raises(KeyboardInterrupt):
        fusion.set_params(b=Broken()).fit(POINTS, CLASSES + 5)
    with pytest.raises(NotFittedError):
        fusion.predict(POINTS)
