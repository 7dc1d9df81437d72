"""Simulated people: the table, its determinism, what settings do, and the cache."""

from __future__ import annotations

import inspect
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from frames import frames_equal
from joblib import parallel_config

from mmtutor.datasets import load_people, make_people
from mmtutor.simulate import people as simulated

SMALL = {"seconds": 0.5, "image_size": 32, "n_people": 4, "n_sessions": 3}


@pytest.fixture(scope="module")
def people():
    return make_people(24, random_state=5, **SMALL)


def test_the_bunch_is_what_the_contract_says(people):
    assert list(people.frame) == ["text", "image", "audio"]
    for text, image, sound in people.frame.itertuples(index=False):
        assert isinstance(text, str)
        assert (image.shape, image.dtype) == ((32, 32), np.uint8)
        assert (sound.shape, sound.dtype) == ((8000,), np.float32)
        assert 0.02 < np.abs(sound).max() <= 1
    assert people.target.dtype.kind == "U"
    assert people.target_names == ["Ada", "Aiko", "Amara", "Anouk"]
    assert people.sample_rate == 16_000
    assert people.posteriors().shape == (24, 4)
    assert 0.25 < people.ceiling(["text"]) < people.ceiling() <= 1
    assert "24 samples of 4 people" in people.DESCR
    assert pickle.loads(pickle.dumps(people)).ceiling(["text"]) == people.ceiling(["text"])


def test_everybody_is_in_every_session(people):
    counts = pd.crosstab(people.target, people.groups)
    assert counts.shape == (4, 3)
    assert (counts == 2).all(axis=None)


def test_captions_name_those_in_the_latents():
    people = make_people(300, n_named=3, caption_accuracy=0.8, modalities=["text"])
    named = people.latents[["named_0", "named_1", "named_2"]].to_numpy()
    for text, row in zip(people.frame["text"], named, strict=True):
        words = re.findall(r"[A-Z][a-z]+", text)
        assert words == [people.target_names[k] for k in row]
    right = [name in text for name, text in zip(people.target, people.frame["text"], strict=True)]
    assert np.mean(right) == pytest.approx(0.8, abs=0.07)
    assert people.ceiling(["text"]) == pytest.approx(0.8 / 3)


def test_one_name_and_chinese_captions():
    alone = make_people(6, n_named=1, caption_accuracy=1, modalities=["text"])
    for text, name in zip(alone.frame["text"], alone.target, strict=True):
        assert text.startswith(name + " ")
    assert alone.ceiling(["text"]) == pytest.approx(1)
    chinese = make_people(30, language="zh", modalities=["text"], n_people=80)
    assert len(set(chinese.target_names)) == 80
    assert all(re.fullmatch(r"[\u4e00-\u9fff、]+", text) for text in chinese.frame["text"])
    english = make_people(30, modalities=["text"], n_people=80)
    assert len(set(english.target_names)) == 80
    assert chinese.latents.equals(english.latents)


def test_faces_and_voices_come_from_the_latents(monkeypatch):
    drawn = []
    render = simulated.render_face
    monkeypatch.setattr(
        simulated,
        "render_face",
        lambda face, **kwargs: drawn.append(face) or render(face, **kwargs),
    )
    people = make_people(40, n_people=4, reliability={"image": 30.0}, modalities=["image"],
                         image_size=16)  # fmt: skip
    means = people.world.people()["image"]
    for face, k in zip(drawn, people.latents["class"], strict=True):
        assert np.abs(face - means[k]).max() < 0.2  # almost no noise: the person's own point
    drawn.clear()
    blind = make_people(40, n_people=4, reliability={"image": 0.0}, modalities=["image"],
                        image_size=16)  # fmt: skip
    faces = np.array(drawn)
    assert faces.std() == pytest.approx(1, abs=0.05)
    by_person = [faces[blind.target == name].mean(axis=0) for name in blind.target_names]
    assert np.abs(by_person).max() < 4 / np.sqrt(10)  # means of ten: nothing but noise
    assert blind.ceiling(["image"]) == pytest.approx(0.25)


def test_first_rows_do_not_depend_on_number_or_jobs(people):
    few = make_people(5, random_state=5, **SMALL)
    assert frames_equal(few.frame, people.frame.head(5))
    with parallel_config(backend="threading"):
        assert frames_equal(make_people(24, random_state=5, n_jobs=4, **SMALL).frame, people.frame)


def test_another_seed_is_other_people(people):
    other = make_people(5, random_state=6, **SMALL)
    assert not np.allclose(other.world.people()["image"], people.world.people()["image"])


@pytest.mark.parametrize("n", [1, 3, 333])
def test_any_number_of_samples(n):
    people = make_people(n, modalities=["text"])
    assert len(people.frame) == len(people.target) == len(people.groups) == n


def test_missing_cells():
    people = make_people(200, missing={"text": 0.5, "image": 0.7}, modalities=["text"])
    gone = people.latents.filter(like="missing_")
    assert not gone["missing_audio"].any()
    assert people.frame["text"].isna().tolist() == gone["missing_text"].tolist()
    none = make_people(3, missing=1, **SMALL)
    assert none.frame.isna().all(axis=None)
    assert none.ceiling() == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_samples": -1}, "n_samples is -1; expected a whole number"),
        ({"n_people": 1}, "n_people is 1; expected a whole number from 2"),
        ({"n_people": 81}, "from 2 to 80"),
        ({"n_sessions": 0}, "n_sessions"),
        ({"reliability": {"text": 1}}, "reliability names"),
        ({"reliability": {"image": -2}}, "reliability of image"),
        ({"n_named": 20}, "n_people - 1 = 19"),
        ({"n_named": 0}, "n_named"),
        ({"caption_accuracy": 1.5}, "caption_accuracy"),
        ({"conflict": -1}, "conflict"),
        ({"missing": 3}, "missing"),
        ({"language": "de"}, "'en' or 'zh'"),
        ({"modalities": ["smell"]}, "smell"),
        ({"expression": 2}, "expression"),
        ({"pose": 31}, "pose"),
        ({"light": 85}, "light"),
        ({"noise": -0.1}, "noise"),
        ({"image_size": 0}, "size"),
        ({"seconds": 0}, "seconds"),
        ({"random_state": -1}, "random_state is -1"),
    ],
)
def test_bad_arguments_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        make_people(**({"n_samples": 2} | wrong))


def test_load_people_is_make_people_and_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    asked = []
    monkeypatch.setattr(
        simulated,
        "make_people",
        lambda **how: asked.append(how) or make_people(5, seconds=0.5, image_size=32, cache=True),
    )
    assert frames_equal(load_people().frame, make_people(5, seconds=0.5, image_size=32).frame)
    assert asked == [{"language": "en", "n_jobs": -1, "cache": True}]
    load_people("zh")
    assert asked[-1]["language"] == "zh"
    assert len(list(tmp_path.rglob("people-*.npz"))) == 1


def test_what_is_kept_is_never_taken_for_other_people(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    whole = {"n_samples": 6, **SMALL}
    changes = {
        "n_samples": 5, "n_people": 5, "n_sessions": 1, "reliability": 3.0, "n_named": 2,
        "caption_accuracy": 0.1, "conflict": 1.0, "missing": 0.5, "language": "zh",
        "modalities": ("audio",), "expression": 0.0, "pose": 0.0, "light": 0.0, "noise": 0.0,
        "image_size": 16, "seconds": 0.25, "sample_rate": 8000, "random_state": 1,
    }  # fmt: skip
    assert {*changes, "n_jobs", "cache"} == {*inspect.signature(make_people).parameters}
    make_people(cache=True, **whole)
    for name, value in changes.items():
        other = whole | {name: value}
        kept, fresh = make_people(cache=True, **other), make_people(**other)
        assert frames_equal(kept.frame, fresh.frame), name


def test_without_a_seed_people_are_others_each_time():
    first, second = (make_people(6, random_state=None, modalities=["text"]) for _ in range(2))
    assert not first.frame.equals(second.frame)
