"""Simulated posts: the table, its determinism, what settings do, the cache, and the sample."""

from __future__ import annotations

import functools
import inspect
import pickle
import runpy
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import soundfile
from frames import cells_equal, frames_equal
from joblib import parallel_config

from mmtutor.datasets import load_posts, load_reviews, make_people, make_posts
from mmtutor.simulate import _rendering
from mmtutor.simulate import posts as simulated

SMALL = {"seconds": 0.5, "image_size": 32}


@pytest.fixture(scope="module")
def posts():
    return make_posts(60, random_state=5, **SMALL)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def drawn(monkeypatch):
    """Count how often pictures and sounds are drawn rather than read from the cache."""
    calls = []
    real = _rendering._draw_all
    monkeypatch.setattr(
        _rendering, "_draw_all", lambda *a, **k: calls.append(k["n_jobs"]) or real(*a, **k)
    )
    return calls


# --- the table ---


def test_the_bunch_is_what_the_contract_says(posts):
    frame = posts.frame
    assert list(frame) == ["text", "image", "audio"]
    assert {str(kind) for kind in frame.dtypes} == {"object"}
    for text, image, sound in frame.itertuples(index=False):
        assert isinstance(text, str)
        assert text
        assert image.shape == (32, 32)
        assert image.dtype == np.uint8
        assert sound.shape == (8000,)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() <= 1
        assert np.abs(sound).max() > 0.05
    assert posts.target.dtype.kind == "U"
    assert sorted(set(posts.target)) == posts.target_names == ["negative", "neutral", "positive"]
    assert posts.groups.shape == (60,)
    assert posts.sample_rate == 16_000
    assert "60 posts by 30 authors" in posts.DESCR
    assert posts.posteriors().shape == (60, 3)
    assert posts.ceiling(["text"]) < posts.ceiling() < 1


def test_sounds_lie_on_the_16_bit_grid(posts):
    scaled = posts.frame["audio"].iloc[0].astype(float) * 32768
    assert np.array_equal(scaled, np.rint(scaled))  # so a FLAC file holds them exactly


def test_classes_are_balanced_and_every_author_writes(posts):
    assert set(pd.Series(posts.target).value_counts()) == {20}
    assert set(pd.Series(posts.groups).value_counts()) == {2}


def test_the_bunch_can_be_pickled(posts):
    again = pickle.loads(pickle.dumps(posts))
    assert again.ceiling() == posts.ceiling()
    assert np.array_equal(again.posteriors(["image"]), posts.posteriors(["image"]))


def test_no_review_is_shared_by_two_authors_and_labels_are_balanced():
    posts = make_posts(900, modalities=["text"], hashtags=0)
    pairs = posts.latents[["author", "review"]].drop_duplicates()
    assert not pairs["review"].duplicated().any()
    texts = pd.DataFrame({"author": posts.groups, "text": posts.frame["text"]}).drop_duplicates()
    assert not texts["text"].duplicated().any()
    pools = simulated._pools(load_reviews().frame, 30, np.random.default_rng(0))
    labels = load_reviews().target
    for pool in pools:
        assert len(set(pd.Series(labels[pool]).value_counts())) == 1
        assert len(pool) == 24


def test_the_text_is_the_nearest_of_the_authors_reviews():
    posts = make_posts(90, modalities=["text"], hashtags=0, random_state=3)
    reviews = load_reviews().frame
    pools = simulated._pools(
        load_reviews().frame, 30, simulated.stream(np.random.SeedSequence(3), 2)
    )
    for i in (0, 17, 89):
        wanted = np.tanh(posts.latents["text"][i] / 3)
        pool = pools[posts.groups[i]]
        gaps = np.abs(reviews["valence"].to_numpy()[pool] - wanted)
        assert posts.latents["review"][i] in pool
        chosen = reviews.iloc[posts.latents["review"][i]]
        assert abs(chosen["valence"] - wanted) == pytest.approx(gaps.min())
        assert posts.frame["text"][i] == chosen["english"]


def test_hashtags_follow_the_latent_value():
    always = make_posts(600, modalities=["text"], hashtags=1.0)
    tags = [text.rsplit(" ", 1)[1] for text in always.frame["text"]]
    order = {tag: k for k, (tag, _) in enumerate(simulated._HASHTAGS)}
    rank = np.array([order[tag] for tag in tags])
    assert np.corrcoef(rank, np.tanh(always.latents["text"] / 3))[0, 1] > 0.97
    some = make_posts(600, modalities=["text"], hashtags=0.5)
    share = some.frame["text"].str.contains("#").mean()
    assert share == pytest.approx(0.5, abs=0.06)
    assert some.latents["hashtag"].mean() == share


def test_pictures_smile_when_the_latent_value_says_so():
    posts = make_posts(
        12, reliability={"image": 6.0}, pose=0, light=0, n_authors=1, modalities=["image"]
    )
    images = np.stack(posts.frame["image"]).astype(float)
    by_class = {c: images[posts.target == c].mean(axis=0) for c in posts.target_names}
    # same author, same pose: what differs is the mouth, not the background
    change = np.abs(by_class["positive"] - by_class["negative"])
    assert change[58:78, 30:66].mean() > 4 * change[:15].mean()


def test_voice_and_music_follow_the_latent_value(monkeypatch):
    played, spoken = [], []
    music, voice = simulated.render_music, simulated.render_voice
    monkeypatch.setattr(
        simulated, "render_music", lambda **kwargs: played.append(kwargs) or music(**kwargs)
    )
    monkeypatch.setattr(
        simulated, "render_voice", lambda *a, **kwargs: spoken.append(kwargs) or voice(*a, **kwargs)
    )
    z = make_posts(12, modalities=["audio"], **SMALL).latents["audio"].to_numpy()
    assert [k["mode"] for k in played] == ["major" if v > 0 else "minor" for v in z]
    by_size = np.argsort(np.abs(z))
    assert (np.diff(np.array([k["tempo"] for k in played])[by_size]) > 0).all()
    assert (np.diff(np.array([k["loudness"] for k in played])[by_size]) > 0).all()
    assert [k["valence"] for k in spoken] == pytest.approx(np.tanh(z / 3))


# --- determinism ---


def test_first_rows_do_not_depend_on_the_number_of_rows(posts):
    few = make_posts(4, random_state=5, **SMALL)
    assert frames_equal(few.frame, posts.frame.head(4))
    assert few.latents.equals(posts.latents.head(4))
    assert few.target.tolist() == posts.target[:4].tolist()


def test_the_number_of_jobs_changes_nothing(posts):
    with parallel_config(backend="threading"):  # processes take seconds to start
        several = make_posts(20, random_state=5, n_jobs=4, **SMALL)
    assert frames_equal(several.frame, posts.frame.head(20))


def test_another_seed_changes_everything(posts):
    other = make_posts(4, random_state=6, **SMALL)
    assert not any(
        cells_equal(a, b)
        for name in ("image", "audio")
        for a, b in zip(other.frame[name], posts.frame[name], strict=False)
    )
    fresh = make_posts(3, random_state=None, modalities=["text"])
    assert not fresh.latents.equals(make_posts(3, random_state=None, modalities=["text"]).latents)


def test_settings_change_only_what_they_name(posts):
    deaf = make_posts(4, random_state=5, reliability={"audio": 0.0}, **SMALL)
    assert frames_equal(deaf.frame[["text", "image"]], posts.frame[["text", "image"]].head(4))
    holes = make_posts(60, random_state=5, missing=0.5, **SMALL)
    for name in holes.frame:
        for hole, cell in zip(holes.frame[name], posts.frame[name], strict=True):
            assert hole is None or cells_equal(hole, cell)
    only = make_posts(4, random_state=5, modalities=["audio"], **SMALL)
    assert list(only.frame) == ["audio"]
    assert frames_equal(only.frame, posts.frame[["audio"]].head(4))


def test_chinese_posts_are_the_same_reviews(posts):
    chinese = make_posts(60, random_state=5, language="zh", modalities=["text"])
    assert chinese.latents["review"].tolist() == posts.latents["review"].tolist()
    reviews = load_reviews().frame["chinese"].to_numpy()
    rows = zip(chinese.frame["text"], chinese.latents["review"], strict=True)
    assert all(text.startswith(reviews[k]) for text, k in rows)
    assert not chinese.frame["text"].str.contains("[a-z]{6}").any()


# --- sizes, missing cells, latents ---


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_any_number_of_posts(n):
    posts = make_posts(n, modalities=["text"])
    assert len(posts.frame) == len(posts.target) == len(posts.groups) == n


@pytest.mark.parametrize("n_authors", [1, 7, 252])
def test_any_number_of_authors_that_the_reviews_allow(n_authors):
    posts = make_posts(300, n_authors=n_authors, modalities=["text"])
    assert len(set(posts.groups)) == n_authors


def test_missing_cells():
    posts = make_posts(200, missing=0.6, modalities=["text"])
    gone = posts.latents.filter(like="missing_")
    assert not gone.all(axis=1).any()
    assert posts.frame["text"].isna().tolist() == gone["missing_text"].tolist()
    assert posts.posteriors().shape == (200, 3)
    everything = make_posts(3, missing=1, **SMALL)
    assert everything.frame.isna().all(axis=None)
    assert everything.ceiling() == pytest.approx(1 / 3)
    one = make_posts(3, missing={"audio": 1}, **SMALL)
    assert one.frame.isna().sum().tolist() == [0, 0, 3]


def test_silence_of_a_modality_shows_in_the_ceiling():
    posts = make_posts(3, reliability={"audio": 0}, modalities=[])
    assert posts.ceiling(["audio"]) == pytest.approx(1 / 3)
    assert posts.ceiling() == pytest.approx(posts.ceiling(["text", "image"]))
    assert posts.frame.shape == (3, 0)


# --- clear errors ---


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_samples": 0}, "n_samples is 0; expected a whole number from 1"),
        ({"n_samples": 2.5}, "n_samples"),
        ({"n_authors": 0}, "n_authors"),
        ({"n_authors": 300}, "at most 252"),
        ({"reliability": {"smell": 1}}, "smell"),
        ({"reliability": -1}, "reliability is -1.0; expected a number in"),
        ({"noise_correlation": 1}, "noise_correlation"),
        ({"conflict": 2}, "conflict"),
        ({"missing": -0.1}, "missing"),
        ({"missing": {"image": 7}}, "missing"),
        ({"language": "fr"}, "'en' or 'zh'"),
        ({"modalities": ["video"]}, "video"),
        ({"hashtags": 2}, "hashtags"),
        ({"pose": 50}, "pose is 50; expected a number in .0, 30."),
        ({"light": -1}, "light"),
        ({"music_level_db": float("nan")}, "music_level_db"),
        ({"image_size": 3}, "size"),
        ({"seconds": -1}, "seconds"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"random_state": -3}, "random_state is -3"),
    ],
)
def test_bad_arguments_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        make_posts(**({"n_samples": 2} | wrong))


NO_SETTING = (float("nan"), "abc", b"8", pd.NA, 1j, [1], {}, np.array(2), np.timedelta64(9, "s"))


@pytest.mark.parametrize("make", [make_posts, make_people])
@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("image_size", (*NO_SETTING, None, True, 15, 24.0, 10**9)),
        ("seconds", (*NO_SETTING, None, True, 0, -1, float("inf"), 10**9)),
        ("sample_rate", (*NO_SETTING, None, True, 0, 8000.0, 10**9)),
        ("n_jobs", (*NO_SETTING, True, 0, 2.0, 10**20)),
        ("cache", (*NO_SETTING, None, 1, "no")),
        ("n_samples", (*NO_SETTING, None, True, 2.0, 10**12)),
    ],
)
def test_a_setting_is_told_also_if_nothing_is_drawn_with_it(make, setting, values):
    for value in values:
        with pytest.raises(ValueError, match=f"^{setting} is .*; expected "):
            make(**{"n_samples": 2, "modalities": ["text"], setting: value})


def test_reliability_of_another_type_is_named():
    with pytest.raises(TypeError, match="reliability is a number or a mapping"):
        make_posts(2, reliability="high")


# --- the cache ---


def test_load_posts_draws_once(cache, drawn, monkeypatch, capfd):
    # The default posts, but few and small, and drawn in this process.
    few = functools.partial(make_posts, 6, **SMALL)
    monkeypatch.setattr(simulated, "make_posts", lambda **how: few(**(how | {"n_jobs": None})))
    first = load_posts()
    assert frames_equal(first.frame, few().frame)
    assert len(drawn) == 2
    capfd.readouterr()
    again = load_posts()
    assert capfd.readouterr() == ("", "")
    assert frames_equal(first.frame, again.frame)
    chinese = load_posts(language="zh")
    assert len(drawn) == 2
    assert frames_equal(chinese.frame[["image", "audio"]], first.frame[["image", "audio"]])


def test_what_is_kept_is_never_taken_for_other_posts(cache):
    whole = {"n_samples": 4, **SMALL}
    changes = {
        "n_samples": 5, "n_authors": 2, "reliability": 3.0, "noise_correlation": 0.5,
        "conflict": 1.0, "missing": 0.5, "language": "zh", "modalities": ("image",),
        "hashtags": 0.0, "pose": 0.0, "light": 0.0, "music_level_db": -10.0, "image_size": 16,
        "seconds": 0.25, "sample_rate": 8000, "random_state": 1,
    }  # fmt: skip
    assert {*changes, "n_jobs", "cache"} == {*inspect.signature(make_posts).parameters}
    make_posts(cache=True, **whole)
    for name, value in changes.items():
        other = whole | {name: value}
        assert frames_equal(make_posts(cache=True, **other).frame, make_posts(**other).frame), name


def test_another_version_of_the_code_has_another_file(cache, drawn, tmp_path, monkeypatch):
    make_posts(2, cache=True, **SMALL)
    changed = tmp_path / "changed"
    shutil.copytree(Path(_rendering.__file__).parent, changed)
    with (changed / "faces.py").open("a", encoding="utf-8") as source:
        source.write("# changed")
    monkeypatch.setattr(_rendering, "__file__", str(changed / "_rendering.py"))
    make_posts(2, cache=True, **SMALL)
    assert len(drawn) == 2
    assert len(list(cache.rglob("posts-*.npz"))) == 2


# --- progress ---


def test_a_bar_appears_on_stderr_only_when_it_takes_long(capfd, monkeypatch):
    # explicitly enabled, in case the environment says TQDM_DISABLE
    monkeypatch.setattr(_rendering, "tqdm", functools.partial(_rendering.tqdm, disable=False))
    make_posts(2, **SMALL)
    assert capfd.readouterr() == ("", "")

    def slow(i):
        import time

        time.sleep(0.4)
        return np.zeros((2, 2), np.uint8)

    _rendering._draw_all({"image": (slow, (2, 2))}, 4, n_jobs=None, what="making posts")
    out, err = capfd.readouterr()
    assert out == ""
    assert "making posts" in err


# --- data/sample ---

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


def test_the_sample_is_what_the_simulator_makes():
    # Nearly: another processor or another encoder may round a grey level or a sound differently.
    table = pd.read_csv(SAMPLE / "posts.csv", encoding="utf-8")
    posts = make_posts(len(table))
    chinese = make_posts(len(table), language="zh", modalities=["text"])
    assert table["target"].tolist() == posts.target.tolist()
    assert table["author"].tolist() == posts.groups.tolist()
    assert table["text"].tolist() == posts.frame["text"].tolist()
    assert table["text_zh"].tolist() == chinese.frame["text"].tolist()
    for name in ("text", "image", "audio"):
        assert np.allclose(table[f"z_{name}"], posts.latents[name], atol=1e-3)
    for row in table.itertuples():
        pixels = cv2.imdecode(np.fromfile(SAMPLE / row.image, np.uint8), cv2.IMREAD_UNCHANGED)
        difference = pixels.astype(int) - posts.frame["image"][row.Index]
        assert np.abs(difference).max() <= 2
        sound, rate = soundfile.read(SAMPLE / row.audio, dtype="float32")
        assert rate == posts.sample_rate
        assert np.corrcoef(sound, posts.frame["audio"][row.Index])[0, 1] > 0.999


def test_the_sample_is_small_and_complete(tmp_path):
    files = sorted(path.name for path in SAMPLE.iterdir())
    assert sum((SAMPLE / name).stat().st_size for name in files) < 1_500_000
    assert len(files) == 25
    write = runpy.run_path(str(SAMPLE.with_name("make_sample.py")))["write_sample"]
    made = write(tmp_path / "new", 2)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "post_00.flac", "post_00.png", "post_01.flac", "post_01.png", "posts.csv",
    ]  # fmt: skip
    assert made["text"].tolist() == pd.read_csv(SAMPLE / "posts.csv")["text"].tolist()[:2]
