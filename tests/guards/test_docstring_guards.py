"""The guard on docstrings fails on bad examples."""

from __future__ import annotations

import docstrings as guards
import numpy as np
import pytest


def documented(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
    """Do something.

    Parameters
    ----------
    P : ndarray of shape (n_samples, n_classes)
        Posteriors.
    sample_rate : int
        In Hz.

    Returns
    -------
    ndarray of shape (n_samples,)

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> 1
    1
    """
    return P


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("P : ndarray of shape (n_samples, n_classes)", "P : ndarray", "'P' is an array without"),
        ("        In Hz.", "        The rate.", "'sample_rate' has no unit"),
        ("    sample_rate : int\n", "    rate : int\n", "describe its parameter 'sample_rate'"),
        ("    ndarray of shape (n_samples,)", "    ndarray", "Returns names an array without"),
        ("    Returns\n    -------\n", "    Gives\n    -----\n", "no Returns section"),
        ("    >>> 1\n", "    1\n", "no example"),
        ("Taught in notebook 05.", "Taught.", "which notebook teaches it"),
    ],
)
def test_a_bad_docstring_is_found(old: str, new: str, words: str) -> None:
    def copied(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
        return P

    copied.__doc__ = documented.__doc__
    assert guards.docstring("copied", copied) == []
    assert old in documented.__doc__
    copied.__doc__ = documented.__doc__.replace(old, new)
    problems = guards.docstring("copied", copied)
    assert any(words in problem for problem in problems), problems
    copied.__doc__ = None
    assert guards.docstring("copied", copied) == ["copied has no docstring"]
