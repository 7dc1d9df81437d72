"""The guards on docstrings fail on bad examples."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import docstrings as guards
import numpy as np
import pytest

from mmtutor.course import reference


def documented(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
    """Do something.

    Parameters
    ----------
    P : ndarray of shape (n_samples, n_classes)
        Posteriors.
    sample_rate : int, default=16000
        In Hz.

    Returns
    -------
    ndarray of shape (n_samples,)
        The same.

    See Also
    --------
    copied : Do the same.
    numpy.asarray : Make an array.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> 1
    1
    """
    return P


def copied(doc: str | None) -> Callable[..., Any]:
    """Return a function with another docstring."""

    def function(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
        return P

    function.__doc__ = doc
    return function


class Documented:
    """Hold something.

    Notes
    -----
    Not used in a notebook: it is an example.

    Examples
    --------
    >>> 1
    1
    """

    def scale(self, factor: float) -> float:
        """Return the factor.

        Parameters
        ----------
        factor : float
            By which.

        Returns
        -------
        float
            The factor.
        """
        return factor


class Record(NamedTuple):
    """Two numbers.

    Attributes
    ----------
    low, high : float
        The ends.
    """

    low: float
    high: float


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "P : ndarray of shape (n_samples, n_classes)",
            "P : ndarray",
            "'P' under Parameters is an",
        ),
        ("        In Hz.", "        The rate.", "'sample_rate' under Parameters has no unit"),
        ("    sample_rate : int,", "    rate : int,", "PR01 Parameters {'sample_rate'} not"),
        ("    sample_rate : int,", "    rate : int,", "PR02 Unknown parameters {'rate'}"),
        ("        Posteriors.\n", "", "PR07 Parameter"),
        ("    ndarray of shape (n_samples,)", "    ndarray", "'ndarray' under Returns is an array"),
        ("    Returns\n    -------\n", "    Yields\n    ------\n", "RT01 No Returns"),
        ("        The same.\n", "", "RT03 Return value has no description"),
        ("    Notes\n    -----\n", "    Raises\n    ------\n", "GL07 Sections are in the"),
        ("    copied : Do", "    coped : Do", "See Also names 'coped', which is not there"),
        ("numpy.asarray", "numpy.asray", "See Also names 'numpy.asray', which is not there"),
        ("Taught in notebook 05.", "Taught.", "which notebook teaches it"),
    ],
)
def test_a_bad_docstring_is_found(old: str, new: str, words: str) -> None:
    assert guards.docstring("copied", copied(documented.__doc__)) == []
    assert old in documented.__doc__
    problems = guards.docstring("copied", copied(documented.__doc__.replace(old, new)))
    assert any(words in problem for problem in problems), problems


def test_no_docstring_and_no_example_are_found() -> None:
    assert guards.docstring("copied", copied(None)) == ["copied has no docstring"]
    without = documented.__doc__.partition("\n    Examples\n")[0] + "    "
    assert guards.docstring("copied", copied(without)) == ["copied: EX01 No examples section found"]


def test_methods_are_looked_at_where_they_are_written() -> None:
    class Child(Documented):
        """Hold something else.

        Notes
        -----
        Taught in notebook 05.

        Examples
        --------
        >>> 1
        1
        """

        def _private(self) -> int:
            return 1

        @property
        def width(self) -> int:
            """How wide it is."""
            return 1

        @classmethod
        def make(cls) -> int:
            """Make one."""
            return 1

    assert guards.docstring("Documented", Documented) == []
    (problem,) = guards.docstring("Child", Child)
    assert "Child.make: RT01 No Returns section found" in problem
    doc, Child.scale.__doc__ = Child.scale.__doc__, "Return the factor."
    try:
        problems = guards.docstring("Child", Child)
    finally:
        Child.scale.__doc__ = doc
    assert any("Documented.scale: PR01 Parameters {'factor'}" in problem for problem in problems)


def test_a_field_without_a_word_is_found() -> None:
    assert guards.docstring("Record", Record) == []
    doc, Record.__doc__ = Record.__doc__, Record.__doc__.replace("low, high", "low")
    try:
        assert guards.docstring("Record", Record) == ["Record does not describe its field 'high'"]
    finally:
        Record.__doc__ = doc


@pytest.mark.parametrize(
    ("doc", "users", "words"),
    [
        ("Taught in notebook 05.", {"05", "06"}, []),
        ("Taught in notebooks 04, 05\nand 06.", {"04", "05", "06"}, []),
        ("Taught in notebooks 04, 05\nand 06.", {"04", "05"}, ["claims notebook 06"]),
        ("Taught in notebooks 12 and 04.", {"04"}, ["claims notebook 12"]),  # not yet written
        ("Taught in notebook 05.", set(), ["claims notebook 05", "used in: none"]),
        ("Not used in a notebook: `f` calls it.", set(), []),
        ("Not used in a notebook: `f` calls it.", {"04"}, ["says that no notebook uses it"]),
    ],
)
def test_a_notebook_that_does_not_use_a_name_is_found(doc, users, words) -> None:
    problems = guards.taught("copied", copied(doc), users)
    assert len(problems) == bool(words)
    assert all(word in problems[0] for word in words)


def test_public_modules_are_those_that_state_what_they_offer(tmp_path) -> None:
    files = {
        "room/__init__.py": "__all__ = []",
        "room/open.py": 'x = 1\n__all__ = ["x"]',
        "room/closed.py": "x = 1",
        "room/_private.py": "__all__ = []",
        "room/_inner/open.py": "__all__ = []",
    }
    for name, text in files.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    assert reference.public_modules(tmp_path / "package") == ["package.room", "package.room.open"]
