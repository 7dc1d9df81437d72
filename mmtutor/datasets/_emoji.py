"""Emoji: their name, their picture, and the sentiment of the tweets they stand in."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageOps
from sklearn.utils import Bunch

from mmtutor._ranges import check_ranges, or_none, whole
from mmtutor.datasets import remote

__all__ = ["fetch_emoji"]


def fetch_emoji(
    *,
    size: int | None = 72,
    min_occurrences: int = 1,
    download_if_missing: bool = True,
    progress: bool = True,
) -> Bunch:
    """Load 613 emoji with name, picture and sentiment.

    Parameters
    ----------
    size : int or None, default=72
        Side of the pictures in pixels, up to 1024. Drawing them needs the package resvg_py
        (``pip install "mmtutor[emoji]"``); None leaves the pictures out and needs nothing.
    min_occurrences : int, default=1
        Leave out emoji seen in fewer tweets: their score is mostly chance.
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (n_emoji, 7 or 6)
            Columns text (the Unicode name in lower case), image (uint8, RGB on white,
            (size, size, 3); only with a `size`), emoji, codepoint (int), and how often
            it occurs in negative, neutral and positive tweets. Most frequent emoji first.
        target : ndarray of shape (n_emoji,), float
            Sentiment score in [-1, 1]: expectation of -1, 0, 1 under the tweets' shares.
        DESCR : str
            With licences and citations.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ImportError
        If pictures are asked for and resvg_py is not installed.
    ValueError
        If `size` or `min_occurrences` is out of its range, or no emoji is that frequent.

    Notes
    -----
    Taught in notebook 17. Not as a model of what an emoji means: its score is that of its tweets.

    References
    ----------
    Kralj Novak, P., Smailovic, J., Sluban, B. and Mozetic, I. (2015). Sentiment of emojis. PLoS ONE
    10(12), e0144296.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("emoji_sentiment") and is_available("emoji_glyphs"):
    ...     emoji = fetch_emoji(size=None, min_occurrences=100)
    ...     assert emoji.frame["emoji"].iloc[0] == "\\N{FACE WITH TEARS OF JOY}"
    """
    ranges = {"size": or_none(whole(1, 1024)), "min_occurrences": whole(0)}
    check_ranges(ranges, size=size, min_occurrences=min_occurrences)
    words = remote.fetch_files("emoji_sentiment", download_if_missing, progress)
    svgs = remote.fetch_files("emoji_glyphs", download_if_missing, progress)
    glyphs = {}
    for path in sorted(svgs.glob("svgs/FirefoxEmoji/*.svg")):
        if found := re.match(r"u([0-9A-Fa-f]+)-", path.name):  # u1F602-joy.svg
            glyphs[int(found[1], 16)] = path
    table = pd.read_csv(words / "emosent/data/Emoji_Sentiment_Data_v1.0.csv")
    table["codepoint"] = table["Unicode codepoint"].map(lambda code: int(code, 16))
    table = table[table["codepoint"].isin(glyphs) & (table["Occurrences"] >= min_occurrences)]
    if table.empty:
        raise ValueError(f"no emoji occurs {min_occurrences} times; lower min_occurrences")
    table = table.sort_values("Occurrences", ascending=False, kind="stable", ignore_index=True)
    frame = pd.DataFrame(
        {
            "text": table["Unicode name"].str.lower(),
            "emoji": table["Emoji"],
            "codepoint": table["codepoint"],
            "negative": table["Negative"],
            "neutral": table["Neutral"],
            "positive": table["Positive"],
        }
    )
    if size is not None:
        drawn = [_draw(glyphs[code], int(size)) for code in frame["codepoint"]]
        frame.insert(1, "image", pd.Series(drawn, dtype=object))
    counts = frame[["negative", "neutral", "positive"]].to_numpy()
    # As the authors score: one tweet of each kind is added, so rare emoji are not extreme.
    shares = (counts + 1) / (counts.sum(axis=1, keepdims=True) + 3)
    return Bunch(
        frame=frame,
        target=shares[:, 2] - shares[:, 0],
        DESCR=remote.describe(
            """Emoji by the sentiment of tweets they stand in (70,000 tweets in 13 European
            languages, labelled by 83 people), their Unicode names, and a drawing of each. The
            drawing is one vendor's: a tweet's reader may have seen another.""",
            "emoji_sentiment",
            "emoji_glyphs",
        ),
    )


def _draw(path: Path, size: int) -> NDArray[np.uint8]:
    """Draw an SVG on a white square, RGB."""
    try:
        import resvg_py
    except ImportError as error:
        raise ImportError(
            'drawing emoji needs the package resvg_py: pip install "mmtutor[emoji]"; or leave the '
            "pictures out with fetch_emoji(size=None)"
        ) from error
    png = resvg_py.svg_to_bytes(
        svg_path=str(path), width=size, background="#ffffff", skip_system_fonts=True
    )
    with Image.open(io.BytesIO(bytes(png))) as image:  # some glyphs are not quite square
        return np.asarray(ImageOps.pad(image.convert("RGB"), (size, size), color="white"))
