"""How an answer is examined: find its checker, run it on fresh inputs, put the outcome in words."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import pkgutil
import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Checker = Callable[[Any, np.random.Generator], str | None]

_CHECKERS: dict[str, tuple[str, Checker]] = {}


class Hint(Exception):
    """What an answer got wrong, in words the learner can act on."""


class _Unsolved(Exception):
    """The learner's function returned nothing: the stub is not filled in yet."""


class Verdict(NamedTuple):
    """The outcome of examining an answer.

    Attributes
    ----------
    passed : bool
        Whether the answer is right.
    message : str
        What is printed after the exercise's number.
    """

    passed: bool
    message: str


def exercise(number: str, expected: str) -> Callable[[Checker], Checker]:
    """Register a checker for an exercise.

    Parameters
    ----------
    number : str
        Chapter and exercise, ``"05.1"``.
    expected : str
        What the answer must be; printed while the exercise is unsolved.

    Returns
    -------
    callable
        A decorator for ``checker(answer, rng)``, which raises :class:`Hint` for a wrong answer
        and may return a few words of praise that say what was verified.
    """
    if not re.fullmatch(r"\d\d\.\d+", number):
        raise ValueError(f"an exercise is numbered like '05.1', got {number!r}")

    def register(checker: Checker) -> Checker:
        _CHECKERS[number] = (expected, checker)
        return checker

    return register


def as_array(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return what the learner's function gave as floats of the shape asked for.

    Parameters
    ----------
    value : object
        Anything; a sparse matrix is made dense.
    shape : tuple of int
        The shape that is right for this input.
    what : str
        The subject of the hint, such as "the histogram".

    Returns
    -------
    ndarray of that shape, float
        A copy if `value` was not such an array already.

    Raises
    ------
    Hint
        If it is no array of numbers, or has another shape.
    """
    if hasattr(value, "toarray"):
        value = value.toarray()
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Hint(f"{what} must be an array of numbers; got {value!r:.60}.") from None
    if array.shape != shape:
        raise Hint(f"for this input {what} must have shape {shape}; got shape {array.shape}.")
    return array


def as_number(value: Any, what: str) -> float:
    """Return what the learner's function gave as one number, which may be NaN.

    Parameters
    ----------
    value : object
        Anything; an array with a single element is one number, too.
    what : str
        The subject of the hint, such as "the accuracy".

    Returns
    -------
    float
        The number.

    Raises
    ------
    Hint
        If it is not a number, or several.
    """
    array = np.asarray(value)
    if array.size != 1:
        raise Hint(f"{what} is one number; yours has shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise Hint(f"{what} is one number; got {value!r:.60}.")
    return float(array.reshape(()))


def _load_chapter(chapter: str) -> None:
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"mmtutor.exercises.ch{chapter}")


def numbers(chapter: str | None = None) -> list[str]:
    """Return the numbers of the exercises that have a checker.

    Parameters
    ----------
    chapter : str, optional
        Two digits; all chapters if not given.

    Returns
    -------
    list of str
        Sorted, for example ``["05.1", "05.2"]``.

    Examples
    --------
    >>> from mmtutor.exercises import numbers
    >>> "00.1" in numbers("00")
    True

    Notes
    -----
    Taught in notebook 00.
    """
    package = importlib.import_module("mmtutor.exercises")
    for module in pkgutil.iter_modules(package.__path__):
        if re.fullmatch(r"ch\d\d", module.name) and chapter in (None, module.name[2:]):
            _load_chapter(module.name[2:])
    return sorted(n for n in _CHECKERS if chapter in (None, n[:2]))


def _watched(function: Callable) -> Callable:
    """Wrap the learner's function so that returning nothing reads as "unsolved"."""

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if result is None or result is ...:
            raise _Unsolved
        return result

    return watched


def _fresh_inputs() -> np.random.Generator:
    """Return the source of a check's random inputs: another one at every call."""
    return np.random.default_rng()


def examine(number: str, answer: Any) -> Verdict:
    """Examine an answer without printing.

    Parameters
    ----------
    number : str
        The exercise, ``"05.1"``.
    answer : object
        The learner's function, class or value; None or ``...`` means "not tried yet".

    Returns
    -------
    Verdict
        Whether it passed, and why not.

    Raises
    ------
    KeyError
        If there is no such exercise.

    Examples
    --------
    >>> from mmtutor.exercises import examine
    >>> examine("00.1", None).passed
    False

    Notes
    -----
    Taught in notebook 00.
    """
    if not isinstance(number, str):
        raise KeyError(f"an exercise is named by a string like '05.1', got {number!r}")
    _load_chapter(number[:2])
    if number not in _CHECKERS:
        known = ", ".join(numbers(number[:2])) or "none in this chapter"
        raise KeyError(f"there is no exercise {number!r}; known: {known}")
    expected, checker = _CHECKERS[number]
    if answer is None or answer is ...:
        return Verdict(False, f"expected {expected}.")
    is_function = callable(answer) and not isinstance(answer, type)
    subject = _watched(answer) if is_function else answer
    # The learner's own prints and warnings would drown the hint (and differ from run to run).
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            praise = checker(subject, _fresh_inputs())
        except _Unsolved:
            name = getattr(answer, "__name__", "your function")
            return Verdict(False, f"{name} returns nothing yet; expected {expected}.")
        except Hint as hint:
            return Verdict(False, str(hint))
        except Exception as error:
            kind = type(error).__name__
            return Verdict(False, f"your answer stopped with {kind}: {error}. Expected {expected}.")
    return Verdict(True, praise or "well done.")


def check(number: str, answer: Any) -> None:
    """Check an answer and print the outcome; never raises on account of the answer.

    Parameters
    ----------
    number : str
        The exercise, ``"05.1"``.
    answer : object
        The learner's function, class or value.

    Raises
    ------
    KeyError
        If there is no such exercise (a slip in the call, not in the answer).

    Examples
    --------
    >>> from mmtutor.exercises import check
    >>> check("00.1", None)
    00.1 not yet: ...

    Notes
    -----
    Taught in notebook 00.
    """
    verdict = examine(number, answer)
    print(f"{number} {'passed' if verdict.passed else 'not yet'}: {verdict.message}")
