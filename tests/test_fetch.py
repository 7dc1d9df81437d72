"""The loaders of real data: on a few made-up files always, on the real ones where they are."""

from __future__ import annotations

import gzip
import io
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile

from mmtutor import datasets
from mmtutor._bundled import bundled_path
from mmtutor.datasets import _london, remote


def needs(*names: str) -> pytest.MarkDecorator:
    absent = [name for name in names if not remote.is_available(name)]
    return pytest.mark.skipif(
        bool(absent),
        reason=f"the real data are absent; fetch them: mmtutor data fetch {' '.join(absent)}",
    )


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Return a function that writes made-up files and takes them for the whole dataset."""
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path / "cache"))

    def put(name: str, files: dict[str, bytes]):
        for path, body in files.items():
            place = tmp_path / "data" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
        monkeypatch.setattr(remote, "fetch_files", lambda name, *options: tmp_path / "data" / name)

    return put


FETCHERS = [getattr(datasets, name) for name in datasets.__all__ if name.startswith("fetch_")]


@pytest.mark.parametrize("fetch", FETCHERS, ids=lambda fetch: fetch.__name__)
def test_absent_data_are_named_with_the_remedy(fetch, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    with pytest.raises(remote.DataNotAvailable, match=r"mmtutor data fetch \w+"):
        fetch(download_if_missing=False)


# -- movie sentences --------------------------------------------------------------------------


def test_movie_sentences_are_split_at_line_feeds_only_and_decoded(put):
    put(
        "movie_sentences",
        {
            "rt-polarity.neg": b"dull\x85 \n\nthe clich\xe9 \x96 again \n",
            "rt-polarity.pos": b"\x91what you see' \n",
        },
    )
    sentences = datasets.fetch_movie_sentences()
    assert sentences.frame["text"].tolist() == [
        "dull…",
        "the cliché – again",
        "‘what you see'",
    ]
    assert sentences.target.tolist() == ["negative", "negative", "positive"]


@needs("movie_sentences")
def test_real_movie_sentences():
    sentences = datasets.fetch_movie_sentences(download_if_missing=False)
    texts = sentences.frame["text"]
    assert len(texts) == 10_662
    assert (sentences.target == "positive").sum() == 5_331
    assert texts.nunique() == 10_662
    assert not any(letter in text for text in texts for letter in "\x85\x91\x96\x97\n")
    assert texts.str.contains("clichés").sum() > 20
    assert "CC-BY-4.0" in sentences.DESCR
    assert "Pang" in sentences.DESCR


# -- London faces -----------------------------------------------------------------------------


def photograph(eyes: np.ndarray, seed: int, side: int = 480) -> np.ndarray:
    """A grey disc with two dark eyes, brows and a nose at the right places, and some noise."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side), 200, np.uint8)
    middle, across = eyes.mean(axis=0), np.linalg.norm(eyes[1] - eyes[0])
    u = (eyes[1] - eyes[0]) / across
    v = np.array([-u[1], u[0]])

    def at(x: float, y: float) -> tuple[int, int]:
        return tuple(round(c) for c in middle + across * (x * u + y * v))

    cv2.circle(image, at(0, 0.4), int(1.2 * across), int(rng.integers(90, 160)), -1)
    for x in (-0.5, 0.5):
        cv2.circle(image, at(x, 0), int(0.12 * across), 30, -1)
        cv2.line(image, at(x - 0.2, -0.3), at(x + 0.2, -0.3), 40, int(rng.integers(3, 9)))
    cv2.line(image, at(0, 0), at(0, 0.5), 70, 5)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def somewhere(rng: np.random.Generator) -> np.ndarray:
    middle = np.array([240, 220]) + rng.normal(0, 12, 2)
    half = 45 * np.exp(rng.normal(0, 0.05) + 1j * rng.normal(0, 0.05))
    return middle + np.outer([-1, 1], [half.real, half.imag])


FINDER = runpy.run_path(str(Path(__file__).parents[1] / "data" / "make_london_eyes.py"))


def test_eyes_are_found_without_the_same_persons_other_picture():
    rng = np.random.default_rng(6)
    marked, unmarked = (np.array([somewhere(rng) for _ in range(7)]) for _ in range(2))
    known = [photograph(e, k) for k, e in enumerate(marked)]
    unknown = [photograph(e, 100 + k) for k, e in enumerate(unmarked)]
    before = FINDER["find_eyes"](known, marked, unknown)
    known[0] = np.zeros_like(known[0])  # person 0's neutral picture is lost
    after = FINDER["find_eyes"](known, marked, unknown)
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])  # another fold did learn from it


@pytest.mark.slow
@needs("london_faces")
def test_the_bundled_eyes_are_what_the_finder_finds():
    bundled = pd.read_csv(bundled_path("london_eyes.csv"), dtype={"person": str}).set_index(
        "person"
    )
    found = FINDER["table"]()
    assert found.index.equals(bundled.index)
    # In pixels of photographs 1,350 wide: another processor rounds otherwise.
    np.testing.assert_allclose(found, bundled, atol=1)


def test_eyes_lie_where_they_are_promised(tmp_path):
    eyes = np.array([[180.0, 200.0], [300.0, 212.0]])
    image = np.full((480, 480), 128, np.uint8)
    for x, y in eyes.astype(int):
        cv2.circle(image, (int(x), int(y)), 9, 255, -1)
    path = tmp_path / "a.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    for size in (32, 96, 160):
        [cut] = _london.cut_out([path], eyes[None], size)
        assert cut.shape == (size, size)
        for half, eye in zip((cut[:, : size // 2], cut[:, size // 2 :]), (0, 1), strict=True):
            light = half.astype(float) - 128
            light[light < 20] = 0
            rows, columns = np.indices(half.shape)
            x, y = _london.EYES[eye] * size
            assert (light * rows).sum() / light.sum() == pytest.approx(y, abs=0.3)
            found = (light * columns).sum() / light.sum() + eye * (size // 2)
            assert found == pytest.approx(x, abs=0.3)


NAN, INF = float("nan"), float("inf")
NO_NUMBER = (NAN, INF, -1, 0, True, "8000", b"8", "", [1], {}, 1j, pd.NA, np.array(9), np.ma.masked)
NO_COUNT = (*NO_NUMBER, 2.5, 10**30, np.timedelta64(99, "s"), pd.Series([1]))


@pytest.mark.parametrize(
    ("fetch", "name", "values"),
    [
        (datasets.fetch_london_faces, "size", (*NO_COUNT, None, 15, 96.0, 4097)),
        (datasets.fetch_emoji, "size", (*NO_COUNT, 72.0, 1025)),
        (datasets.fetch_emoji, "min_occurrences", (*NO_COUNT[:3], *NO_COUNT[4:], None, 9.0)),
        (datasets.fetch_librispeech_sample, "seconds", (*NO_NUMBER, 1e-9, 10**30)),
        (datasets.fetch_spoken_digits, "sample_rate", (*NO_COUNT, None, 999, 10**6)),
        (datasets.fetch_audiovisual_digits, "sample_rate", (*NO_COUNT, None, 999, 10**6)),
        (
            datasets.fetch_audiovisual_digits,
            "random_state",
            (-1, NAN, 3.0, True, "0", b"0", {}, [1], np.array(0), np.timedelta64(1, "s")),
        ),
    ],
)
def test_a_bad_parameter_is_told_before_anything_is_fetched(put, fetch, name, values):
    for value in values:
        with pytest.raises(ValueError, match=rf"(?s)^{name} is .*; expected "):
            fetch(**{name: value}, download_if_missing=False)


@needs("london_faces")
def test_real_london_faces():
    faces = datasets.fetch_london_faces(size=64, download_if_missing=False)
    frame = faces.frame
    assert len(frame) == 204
    assert frame["person"].value_counts().eq(2).all()
    people = frame.drop_duplicates("person")
    assert people["sex"].value_counts().to_dict() == {"M": 53, "F": 49}
    assert frame["age"].isna().sum() == 4
    images = np.stack(frame["image"])
    assert images.shape == (204, 64, 64)
    assert images.dtype == np.uint8
    # The aligned smiling faces resemble the mean neutral face as much as the neutral ones do:
    # an eye that was missed would not.
    flat = images[:, 12:40, 8:56].reshape(204, -1).astype(float)
    flat = (flat - flat.mean(1, keepdims=True)) / flat.std(1, keepdims=True)
    alike = flat @ flat[:102].mean(0) / flat.shape[1]
    assert alike[102:].min() > 0.35
    assert abs(np.median(alike[102:]) - np.median(alike[:102])) < 0.1
    # Template matching alone, on the same files: raw pixels find 78.4 % of the people.
    flat = images.reshape(204, -1).astype(float)
    flat -= flat.mean(1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    flat -= flat[:102].mean(0)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    found = (flat[102:] @ flat[:102].T).argmax(axis=1)
    assert (found == np.arange(102)).mean() >= 0.78


# -- LibriSpeech ------------------------------------------------------------------------------


def flac(samples: np.ndarray, rate: int) -> bytes:
    body = io.BytesIO()
    soundfile.write(body, samples, rate, format="FLAC")
    return body.getvalue()


SPEAKERS = b"""; a comment | F | x | 1 | y
14   | F | train-clean-360  | 25.03 | Some Name
60   | M | train-clean-100  | 20.18 | |ODD|Name
"""


def test_librispeech_keeps_no_names_and_reads_the_odd_line(put):
    sound = np.sin(np.arange(16_000)) / 2
    root = "audio_data/librispeech_"
    put(
        "librispeech_sample",
        {
            f"{root}test-other/SPEAKERS.TXT": SPEAKERS,
            f"{root}train-clean-100/60-1-0000.flac": flac(sound, 16_000),
            f"{root}train-clean-100/14-1-0000.flac": flac(sound, 16_000),
        },
    )
    voices = datasets.fetch_librispeech_sample(seconds=0.5)
    assert voices.frame["speaker"].tolist() == [14, 60]
    assert voices.frame["sex"].tolist() == ["F", "M"]
    assert voices.frame["subset"].tolist() == ["train-clean-360", "train-clean-100"]
    assert voices.frame["audio"].map(len).tolist() == [8000, 8000]
    np.testing.assert_allclose(voices.frame["audio"][0], sound[:8000], atol=1e-4)
    assert voices.frame["audio"][0].dtype == np.float32
    assert "Name" not in voices.frame.to_string()
    with pytest.raises(ValueError, match="is 0; expected"):
        datasets.fetch_librispeech_sample(seconds=0)


@needs("librispeech_sample")
def test_real_librispeech_sample():
    voices = datasets.fetch_librispeech_sample(download_if_missing=False)
    frame = voices.frame
    assert len(frame) == frame["speaker"].nunique() == 186
    assert frame["sex"].value_counts().to_dict() == {"F": 95, "M": 91}
    seconds = frame["audio"].map(len) / voices.sample_rate
    assert seconds.min() >= 11.5
    assert seconds.max() < 17.5
    assert frame["audio"].map(lambda x: 0.01 < np.abs(x).max() <= 1).all()


# -- CREMA-D ----------------------------------------------------------------------------------

VOTES = b""""","A","D","F","H","N","S","fileName","numResponses",\
"meanAngerResp","meanDisgustResp","meanFearResp","meanHappyResp","meanNeutralResp","meanSadResp"
"100002",0,0,0,3,6,0,"1002_TIE_HAP_LO",9,-1,-1,-1,42.5,71,-1
"100001",1,0,0,1,10,0,"1001_IEO_NEU_XX",12,30,-1,-1,98,69.1,-1
"200001",0,2,0,0,8,0,"1001_IEO_NEU_XX",10,-1,60,-1,-1,92,-1
"200002",0,0,0,9,0,0,"1002_TIE_HAP_LO",9,-1,-1,-1,57,-1,-1
"300002",0,0,0,8,0,1,"1002_TIE_HAP_LO",9,-1,-1,-1,57.4,-1,20
"300001",0,0,3,0,7,0,"1001_IEO_NEU_XX",10,-1,-1,33,-1,64.8,-1
"""
ACTORS = b"""ActorID,Age,Sex
1001,51,Male
1002,21,Female
"""


def test_crema_d_votes_are_joined_by_clip_not_by_row(put):
    put(
        "crema_d_ratings",
        {"processedResults/tabulatedVotes.csv": VOTES, "VideoDemographics.csv": ACTORS},
    )
    ratings = datasets.fetch_crema_d_ratings()
    assert ratings.frame["clip"].tolist() == ["1001_IEO_NEU_XX", "1002_TIE_HAP_LO"]
    assert ratings.target.tolist() == ["neutral", "happiness"]
    assert ratings.groups.tolist() == [1001, 1002]
    assert ratings.votes[0].tolist() == [
        [1, 0, 0, 1, 10, 0],
        [0, 2, 0, 0, 8, 0],
        [0, 0, 3, 0, 7, 0],
    ]
    assert ratings.votes[1, 2].tolist() == [0, 0, 0, 8, 0, 1]
    nobody = np.nan
    np.testing.assert_equal(ratings.strengths[0, 0], [30, nobody, nobody, 98, 69.1, nobody])
    np.testing.assert_equal(ratings.strengths[1, 2], [nobody, nobody, nobody, 57.4, nobody, 20])
    assert ratings.frame.loc[0, ["sex", "age", "level"]].tolist() == ["M", 51, "unspecified"]
    assert ratings.frame["both_fear"].tolist() == [3, 0]
    assert ratings.frame["face_disgust"].tolist() == [2, 0]


@needs("crema_d_ratings")
def test_real_crema_d_ratings_agree_with_the_published_summary():
    ratings = datasets.fetch_crema_d_ratings(download_if_missing=False)
    assert ratings.votes.shape == (7442, 3, 6)
    assert ratings.frame.shape == (7442, 25)
    assert len(np.unique(ratings.groups)) == 91
    assert not ratings.frame.isna().any().any()
    # Single ratings that name the intended emotion: 40.0, 57.4 and 63.1 %.
    right = np.array(ratings.target_names) == ratings.target[:, None]
    share = (ratings.votes * right[:, None]).sum(axis=(0, 2)) / ratings.votes.sum(axis=(0, 2))
    np.testing.assert_allclose(100 * share, [40.0, 57.4, 63.1], atol=0.3)
    # The majorities agree with the authors' own table wherever it names one.
    folder = remote.data_folder() / "crema_d_ratings"
    table = pd.read_csv(folder / "processedResults/summaryTable.csv").set_index("FileName")
    for channel, column in enumerate(["VoiceVote", "FaceVote", "MultiModalVote"]):
        ours = np.array(list("ADFHNS"))[ratings.votes[:, channel].argmax(axis=1)]
        theirs = table.loc[ratings.frame["clip"], column].astype(str).to_numpy()
        clear = np.array([len(vote) == 1 for vote in theirs])
        assert clear.sum() > 5000
        assert (ours[clear] == theirs[clear]).all()
        # So do the strengths of what won.
        level = column.replace("Vote", "Level")
        levels = table.loc[ratings.frame["clip"], level][clear].astype(float)
        of_winner = np.nanmax(
            np.where(
                ratings.votes[:, channel] == ratings.votes[:, channel].max(axis=1, keepdims=True),
                ratings.strengths[:, channel],
                np.nan,
            ),
            axis=1,
        )
        np.testing.assert_allclose(of_winner[clear], levels, atol=0.01)
    chosen = ratings.votes > 0
    assert (np.isfinite(ratings.strengths) == chosen).all()
    assert ratings.strengths[chosen].min() >= 1
    assert ratings.strengths[chosen].max() <= 100


# -- digits -----------------------------------------------------------------------------------


def wav(samples: np.ndarray, rate: int) -> bytes:
    body = io.BytesIO()
    soundfile.write(body, samples, rate, format="WAV", subtype="PCM_16")
    return body.getvalue()


def test_spoken_digits_are_sorted_and_resampled(put):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
    names = ["7_theo_2", "7_theo_10", "0_theo_1", "3_anna_0"]
    put("spoken_digits", {f"recordings/{name}.wav": wav(tone, 8000) for name in names})
    digits = datasets.fetch_spoken_digits()
    assert digits.target.tolist() == [3, 0, 7, 7]
    assert digits.groups.tolist() == ["anna", "theo", "theo", "theo"]
    assert digits.frame["take"].tolist() == [0, 1, 2, 10]
    sound = digits.frame["audio"][0]
    assert sound.dtype == np.float32
    assert len(sound) == 8000
    spectrum = np.abs(np.fft.rfft(sound))
    assert spectrum.argmax() * 16_000 / 8000 == 440  # the pitch stays
    same = datasets.fetch_spoken_digits(sample_rate=8000).frame["audio"][0]
    np.testing.assert_allclose(same, tone, atol=1e-4)
    with pytest.raises(ValueError, match="is 0; expected"):
        datasets.fetch_spoken_digits(sample_rate=0)


@needs("spoken_digits")
def test_real_spoken_digits():
    digits = datasets.fetch_spoken_digits(download_if_missing=False)
    assert len(digits.frame) == 1500
    assert pd.crosstab(digits.groups, digits.target).eq(25).all().all()


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(head + array.astype(np.uint8).tobytes())


def test_mnist_is_read_from_idx(put):
    images = np.arange(2 * 28 * 28).reshape(2, 28, 28) % 256
    names = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    put("mnist_test", {names[0]: idx(images), names[1]: idx(np.array([7, 2]))})
    digits = datasets.fetch_mnist_test()
    assert digits.target.tolist() == [7, 2]
    np.testing.assert_array_equal(np.stack(digits.frame["image"]), images)
    put("mnist_test", {names[0]: gzip.compress(b"something else")})
    with pytest.raises(ValueError, match="not an IDX file"):
        datasets.fetch_mnist_test()


@needs("mnist_test")
def test_real_mnist_test():
    digits = datasets.fetch_mnist_test(download_if_missing=False)
    assert np.stack(digits.frame["image"]).shape == (10_000, 28, 28)
    counts = np.bincount(digits.target).tolist()
    assert counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_audiovisual_digits_share_their_value_and_nothing_else(put):
    names = [
        f"{digit}_{who}_{take}" for digit in (0, 7) for who in ("anna", "theo") for take in "01"
    ]
    put("spoken_digits", {f"recordings/{name}.wav": wav(np.ones(80), 8000) for name in names})
    labels = np.repeat([0, 7, 3], 5)
    images = np.arange(15)[:, None, None] * np.ones((1, 28, 28), int)  # each has its own grey
    files = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    put("mnist_test", {files[0]: idx(images), files[1]: idx(labels)})
    digits = datasets.fetch_audiovisual_digits()
    assert digits.target.tolist() == [0, 0, 7, 7] * 2
    assert digits.groups.tolist() == ["anna"] * 4 + ["theo"] * 4
    shown = np.array([image[0, 0] for image in digits.frame["image"]])
    np.testing.assert_array_equal(labels[shown], digits.target)
    assert len(set(shown)) == 8  # none serves twice
    again, other = (
        datasets.fetch_audiovisual_digits(random_state=seed).frame["image"] for seed in (0, 1)
    )
    np.testing.assert_array_equal(np.stack(again), np.stack(digits.frame["image"]))
    assert (np.stack(again) != np.stack(other)).any()


@needs("spoken_digits")
@needs("mnist_test")
def test_real_audiovisual_digits():
    digits = datasets.fetch_audiovisual_digits(download_if_missing=False)
    assert len(digits.frame) == 1500
    assert len({image.tobytes() for image in digits.frame["image"]}) == 1500


# -- emoji ------------------------------------------------------------------------------------

EMOJI = """Emoji,Unicode codepoint,Occurrences,Position,Negative,Neutral,Positive,Unicode name
\u2764,0x2764,10,0.7,1,2,7,HEAVY BLACK HEART
\U0001f5fd,0x1f5fd,40,0.6,17,10,10,STATUE OF LIBERTY
\u2639,0x2639,99,0.6,90,8,1,WHITE FROWNING FACE
"""
TALL = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 20" width="10" height="20">
<rect width="10" height="20" fill="#ff0000"/></svg>"""


@pytest.fixture
def few_emoji(put, monkeypatch, tmp_path):
    put("emoji_sentiment", {"emosent/data/Emoji_Sentiment_Data_v1.0.csv": EMOJI.encode("utf-8")})
    names = ("u2764-heart", "u1F5Fd-liberty")  # a lower-case digit, as upstream has it
    put("emoji_glyphs", {f"svgs/FirefoxEmoji/{name}.svg": TALL for name in names})


@pytest.mark.usefixtures("few_emoji")
def test_emoji_are_joined_by_codepoint_and_scored():
    emoji = datasets.fetch_emoji(size=None)
    assert emoji.frame["text"].tolist() == ["statue of liberty", "heavy black heart"]
    # (positive + 1 - negative - 1) / (all + 3)
    np.testing.assert_allclose(emoji.target, [-7 / 40, 6 / 13])
    assert "image" not in emoji.frame
    assert len(datasets.fetch_emoji(size=None, min_occurrences=20).frame) == 1
    with pytest.raises(ValueError, match="no emoji occurs 1000 times"):
        datasets.fetch_emoji(size=None, min_occurrences=1000)
    with pytest.raises(ValueError, match="size is 0; expected None or a whole number"):
        datasets.fetch_emoji(size=0)


@pytest.mark.usefixtures("few_emoji")
def test_emoji_without_the_drawing_package_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r"pip install .mmtutor\[emoji\].*size=None"):
        datasets.fetch_emoji()


@pytest.mark.usefixtures("few_emoji")
def test_emoji_are_drawn_on_a_white_square():
    pytest.importorskip("resvg_py", reason="drawing emoji needs resvg_py")
    image = datasets.fetch_emoji(size=40).frame["image"][0]
    assert image.shape == (40, 40, 3)
    assert image[20, 20].tolist() == [255, 0, 0]
    assert image[20, 2].tolist() == [255, 255, 255]  # a tall glyph gets white at its sides


@needs("emoji_sentiment", "emoji_glyphs")
def test_real_emoji():
    emoji = datasets.fetch_emoji(size=None, download_if_missing=False)
    assert len(emoji.frame) == 613
    assert emoji.frame["codepoint"].is_unique
    assert emoji.frame["text"].iloc[0] == "face with tears of joy"
    # Published score of the most frequent emoji: 0.221.
    assert round(emoji.target[0], 3) == 0.221
    assert all(ord(e) == c for e, c in emoji.frame[["emoji", "codepoint"]].to_numpy())


@needs("emoji_sentiment", "emoji_glyphs")
def test_real_emoji_are_drawn():
    pytest.importorskip("resvg_py", reason="drawing emoji needs resvg_py")
    images = np.stack(datasets.fetch_emoji(size=24).frame["image"])
    assert images.shape == (613, 24, 24, 3)
    assert (images.reshape(613, -1).min(axis=1) < 230).all()  # none is blank
