"""The short reviews, in English and in Chinese, that come with the project."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from mmtutor._bundled import read_reviews

__all__ = ["load_reviews"]


def load_reviews() -> Bunch:
    """Load 756 short reviews, each in English and in Chinese.

    They were written for this series. Each has a label, a valence, and what makes it hard.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (756, 6)
            Columns id (int), label (negative, neutral, positive: 252 each), valence (float in
            [-1, 1]; neutral means [-0.2, 0.2]), difficulty (plain, negation, irony, mixed,
            slang), english and chinese (str; the Chinese is simplified and unsegmented).
        target : ndarray of shape (756,), str
            The labels.
        target_names : list of str
            What is told apart.
        DESCR : str
            What they are, and their licence.

    Raises
    ------
    FileNotFoundError
        If the installation lacks the bundled file.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> from mmtutor.datasets import load_reviews
    >>> reviews = load_reviews()
    >>> reviews.frame.loc[0, "english"]
    'The worst film I have seen in years, and I want my two hours back.'
    >>> reviews.frame.loc[0, "chinese"]
    '这是我多年来看过最烂的电影，真想把那两个小时要回来。'
    """
    frame = read_reviews()
    return Bunch(
        frame=frame,
        target=np.array(frame["label"].tolist()),
        target_names=["negative", "neutral", "positive"],
        DESCR=(
            "756 short reviews in English and Chinese, written for this series; labels balanced, "
            "about half plain, the others hard through negation, irony, mixed feelings or slang. "
            "Licence CC BY 4.0. See data/README.md."
        ),
    )
