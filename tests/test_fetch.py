"""The loaders of real data: on a few made-up files always, on the real ones where they are."""

from __future__ import annotations

import pytest

from mmtutor import datasets
from mmtutor.datasets import remote


def needs(*names: str) -> pytest.MarkDecorator:
    absent = [name for name in names if not (remote.data_folder() / name).is_dir()]
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
        monkeypatch.setattr(remote, "fetch_files", lambda name, **options: tmp_path / "data" / name)

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
