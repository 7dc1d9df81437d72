"""The bundled reviews keep what data/README.md promises."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from mmtutor.datasets import load_reviews

LABELS = {"negative", "neutral", "positive"}
DIFFICULTIES = {"plain", "negation", "irony", "mixed", "slang"}
MARKS = "，、。！？"


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    return load_reviews().frame


def most_alike(texts: pd.Series, width: int) -> float:
    """The largest Jaccard similarity of two texts' sets of character n-grams."""
    grams = CountVectorizer(analyzer="char", ngram_range=(width, width), binary=True)
    X = grams.fit_transform(texts).astype(np.int64)
    shared = (X @ X.T).toarray()
    size = np.diag(shared)
    similarity = shared / (size[:, None] + size[None, :] - shared)
    np.fill_diagonal(similarity, 0)
    return float(similarity.max())


def test_columns_counts_and_labels(reviews):
    assert list(reviews) == ["id", "label", "valence", "difficulty", "english", "chinese"]
    assert len(reviews) >= 480
    assert not reviews.isna().any(axis=None)
    assert reviews["id"].tolist() == list(range(1, len(reviews) + 1))
    assert set(reviews["label"]) == LABELS
    assert set(reviews["difficulty"]) == DIFFICULTIES


def test_labels_are_balanced_within_each_difficulty(reviews):
    counts = pd.crosstab(reviews["difficulty"], reviews["label"])
    assert counts.sum().min() >= 160
    assert (counts.max(axis=1) == counts.min(axis=1)).all()
    assert 0.45 <= counts.loc["plain"].sum() / len(reviews) <= 0.6
    assert counts.drop("plain").min(axis=None) >= 20


def test_valence_agrees_with_the_label_and_is_spread(reviews):
    valence, label = reviews["valence"], reviews["label"]
    expected = np.select([valence < -0.2, valence > 0.2], ["negative", "positive"], "neutral")
    assert (expected == label).all()
    assert valence.between(-1, 1).all()
    for name, low, high in (
        ("negative", -0.95, -0.23),
        ("neutral", -0.19, 0.19),
        ("positive", 0.23, 0.95),
    ):
        values = valence[label == name]
        assert values.nunique() >= 40
        assert values.min() <= low
        assert values.max() >= high
        # No gap within a label that would leave a latent value without a fitting review.
        assert np.diff(np.sort(values.unique())).max() <= 0.03


def test_english_is_short_and_plain_text(reviews):
    words = reviews["english"].str.split().str.len()
    assert words.between(6, 25).all()
    assert reviews["english"].map(lambda text: text == text.strip() and "  " not in text).all()
    assert reviews["english"].str.fullmatch(r"[A-Za-zé0-9 ,.!?;:'\-]+").all()


def test_chinese_is_chinese_unsegmented_and_simplified(reviews):
    for text in reviews["chinese"]:
        assert re.fullmatch(f"[\u4e00-\u9fff{MARKS}]+", text), text
        assert len(text) >= 8
        # GB 2312 has the simplified characters only: traditional ones cannot be encoded.
        text.encode("gb2312")
    with pytest.raises(UnicodeEncodeError):
        "這是電影".encode("gb2312")


@pytest.mark.parametrize(("column", "width", "limit"), [("english", 3, 0.45), ("chinese", 2, 0.4)])
def test_no_two_reviews_are_nearly_the_same(reviews, column, width, limit):
    tidy = reviews[column].str.lower().str.replace(r"\W", "", regex=True)
    assert not tidy.duplicated().any()
    assert most_alike(reviews[column], width) < limit
    # The check can fail: one word changed is a near-duplicate.
    texts = reviews[column].iloc[:3].tolist()
    changed = texts[0].replace("worst", "best").replace("最烂", "最好")
    assert most_alike(pd.Series([*texts, changed]), width) > limit


def test_the_two_languages_are_translations_in_length(reviews):
    ratio = reviews["chinese"].str.len() / reviews["english"].str.len()
    assert ratio.between(0.15, 0.75).all()


def test_a_bag_of_words_learns_the_plain_ones_and_not_the_ironic_ones(reviews):
    model = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1000))
    shuffled = reviews.sample(frac=1, random_state=0)
    plain = shuffled[shuffled["difficulty"] == "plain"]
    assert cross_val_score(model, plain["english"], plain["label"], cv=5).mean() > 0.65
    irony = shuffled[shuffled["difficulty"] == "irony"]
    assert model.fit(plain["english"], plain["label"]).score(irony["english"], irony["label"]) < 0.5


def test_load_reviews_returns_a_bunch():
    bunch = load_reviews()
    assert bunch.target_names == ["negative", "neutral", "positive"]
    assert bunch.target.tolist() == bunch.frame["label"].tolist()
    assert bunch.target.dtype.kind == "U"
    assert "CC BY 4.0" in bunch.DESCR
    bunch.frame.loc[0, "english"] = "changed"
    assert load_reviews().frame.loc[0, "english"] != "changed"
