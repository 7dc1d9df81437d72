"""Every real data set has a card, and a card's numbers are those of the files."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mmtutor import datasets
from mmtutor.course import cli
from mmtutor.datasets import remote

HEADINGS = [
    *("What", "Who", "How many", "Licence", "References", "Consent", "Known biases"),
    "What not to do with it",
]


@pytest.mark.parametrize("name", remote.registry()["dataset"].unique())
def test_a_card_says_everything_and_the_command_shows_it(name, capsys):
    card = remote.DATASETS[name]
    assert card.card.startswith(f"# {name}\n\n{card.description}\n\n## What\n")
    assert re.findall(r"^## (.+)$", card.card, flags=re.MULTILINE) == HEADINGS
    assert all(len(card.section(heading)) >= 8 for heading in HEADINGS)
    assert card.section("Licence").startswith(card.licence)
    assert re.match(r"[A-Z][\w-]+.*\((19|20)\d\d\)\..+https://\S+$", card.citation)
    assert cli.main(["data", "list", name]) == 0
    assert capsys.readouterr().out == card.card + "\n"


def test_several_cards_are_shown_and_an_unknown_name_is_refused(capsys):
    assert cli.main(["data", "list", "mnist_test", "emoji_glyphs"]) == 0
    out = capsys.readouterr().out
    assert out.index("# mnist_test") < out.index("# emoji_glyphs")
    assert cli.main(["data", "list", "mnist"]) == 2
    assert "unknown data set: mnist; there are: london_faces" in capsys.readouterr().err


def test_a_heading_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="card of mnist_test has no 'Price'; it has"):
        remote.DATASETS["mnist_test"].section("Price")


def said(name: str) -> str:
    """Return a card's text, unwrapped, or skip the test where its data are absent."""
    if not remote.is_available(name):
        pytest.skip(f"the real data are absent; fetch them: mmtutor data fetch {name}")
    return " ".join(remote.DATASETS[name].card.split())


def test_london_faces():
    text = said("london_faces")
    table = pd.read_csv(remote.data_folder() / "london_faces/data-raw/london_info.csv")
    of = Counter(table["face_gender"])
    assert f"{of['female']} women and {of['male']} men" in text
    age = table["face_age"]
    assert f"{age.min():.0f} to {age.max():.0f} years old" in text
    assert age.median() == 25.5
    assert age.isna().sum() == 2
    of = Counter(table["face_eth"])
    assert f"{of['white']} white, {of['black']} black, {of['west_asian']} west Asian" in text
    assert f"{of['east_asian']} east Asian, {of['east_asian/white']} east Asian and white" in text


def test_librispeech_sample():
    text = said("librispeech_sample")
    people = datasets.fetch_librispeech_sample(progress=False).frame
    of = Counter(people["sex"])
    assert f"{of['F']} women and {of['M']} men" in text
    seconds = people["audio"].map(len) / 16_000
    assert f"{seconds.min():.1f} to {seconds.max():.1f} s long" in text
    assert set(people["subset"]) == {"train-clean-100"}


def test_crema_d_ratings():
    text = said("crema_d_ratings")
    ratings = datasets.fetch_crema_d_ratings(progress=False)
    actors = ratings.frame.drop_duplicates("actor")
    of = Counter(actors["sex"])
    assert f"{len(actors)} actors: {of['M']} men and {of['F']} women" in text
    assert f"{actors['age'].min()} to {actors['age'].max()} years old" in text
    people = pd.read_csv(remote.data_folder() / "crema_d_ratings/VideoDemographics.csv")
    of = Counter(people["Race"])
    assert f"{of['Caucasian']} Caucasian, {of['African American']} African American" in text
    assert f"{of['Asian']} Asian, {of['Unknown']} unknown" in text
    assert f"{(people['Ethnicity'] == 'Hispanic').sum()} of them Hispanic" in text
    votes = ratings.votes.sum(axis=2)
    assert f"{votes.size:,} rows" in text
    assert f"{votes.min()} to {votes.max()} votes" in text
    heard = ratings.votes[:, 0].sum(axis=0)
    assert f"{heard[ratings.target_names.index('neutral')]:,} of {heard.sum():,} votes" in text
    of = Counter(ratings.target)
    assert f"{of['anger']:,} clips of each emotion, {of['neutral']:,} of neutral" in text
    assert len({n for emotion, n in of.items() if emotion != "neutral"}) == 1


def test_digits():
    text = said("mnist_test")
    of = np.bincount(datasets.fetch_mnist_test(progress=False).target)
    assert f"from {of.min()} (the digit {of.argmin()})" in text
    assert f"{of.max():,} (the digit {of.argmax()})" in text
    text = said("spoken_digits")
    spoken = datasets.fetch_spoken_digits(sample_rate=8_000, progress=False).frame
    (a_speaker,), (a_digit,) = (
        set(spoken[column].value_counts()) for column in ("speaker", "digit")
    )
    assert f"{len(spoken):,} recordings: {a_speaker} a speaker, {a_digit} a digit" in text
    assert set(spoken["take"]) == set(range(25))


def test_movie_sentences():
    text = said("movie_sentences")
    of = Counter(datasets.fetch_movie_sentences(progress=False).target)
    assert f"{of['positive']:,} positive and {of['negative']:,} negative" in text
    assert f"{of.total():,} sentences" in text


def test_emoji():
    text = said("emoji_sentiment")
    (path,) = (remote.data_folder() / "emoji_sentiment").rglob("*.csv")
    seen = pd.read_csv(path)
    n = seen["Occurrences"]
    assert f"{len(seen)} emoji seen {n.sum():,} times; {(n < 10).sum()} of them fewer" in text
    assert f"the first one {n.max():,} times" in text
    assert 0.7 < (seen["Positive"] > seen["Negative"]).mean() < 0.8  # "three quarters"
    said("emoji_glyphs")
    assert f"are {len(datasets.fetch_emoji(size=None, progress=False).frame)}." in text
