"""Sentences of film reviews, positive and negative."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmtutor.datasets import remote

__all__ = ["fetch_movie_sentences"]


def fetch_movie_sentences(*, download_if_missing: bool = True, progress: bool = True) -> Bunch:
    """Load 10,662 sentences of film reviews, half of them positive.

    The sentences are lower-case and tokenised with spaces, as upstream gives them; a few are not
    in English. They come in two blocks, so shuffle or stratify when you split.

    Parameters
    ----------
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (10662, 1)
            Column text.
        target : ndarray of shape (10662,), str
            "negative" or "positive".
        target_names : list of str
            What is told apart.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.

    Notes
    -----
    Taught in notebook 01.

    References
    ----------
    Pang, B. and Lee, L. (2005). Seeing stars. ACL.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("movie_sentences"):
    ...     sentences = fetch_movie_sentences()
    ...     assert sentences.frame.shape == (10662, 1)
    """
    folder = remote.fetch_files("movie_sentences", download_if_missing, progress)
    texts, labels = [], []
    for label, name in (("negative", "rt-polarity.neg"), ("positive", "rt-polarity.pos")):
        # Windows-1252, not Latin-1: bytes 0x85, 0x96 and 0x97 are an ellipsis and two dashes. And
        # splitlines() would break lines at some of them, so split at the line feed alone.
        text = (folder / name).read_bytes().decode("cp1252")
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        texts += lines
        labels += [label] * len(lines)
    return Bunch(
        frame=pd.DataFrame({"text": pd.Series(texts, dtype=object)}),
        target=np.array(labels),
        target_names=["negative", "positive"],
        DESCR=remote.describe(
            """Sentences of film reviews, labelled by the review they were taken from ("fresh" or
            "rotten"), so a sentence's label is right of its review and mostly of itself.""",
            "movie_sentences",
        ),
    )
