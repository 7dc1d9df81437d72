"""How an answer is examined: ask it on fresh inputs, compare with a reference, name the mistake.

An exercise is a reference, the inputs drawn for it, and the slips that are known, each with its
hint. A slip is told only to an answer that agrees with it on every input tried.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import inspect
import math
import pkgutil
import re
import reprlib
import textwrap
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmtutor._i18n import _
from mmtutor.course.limits import TimeIsUp, memory_limit, quietly, within

Checker = Callable[[Callable, np.random.Generator], str]
Slips = Mapping[str, Callable | tuple[Callable, ...]]

SECONDS = 20
"""How long one check may take; the references need less than a second."""

_BYTES = 4 * 2**30  # what an answer may ask for, beside what the process has
_TOLERANCE, _NEAR = 1e-4, 1e-6  # relative and absolute; float32 arithmetic meets them

_EXERCISES: dict[str, _Exercise] = {}


class Hint(Exception):
    """What an answer got wrong, in words the learner can act on."""


class _Stopped(Hint):
    """The learner's function raised an error."""


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


class Case:
    """One input of an exercise.

    Parameters
    ----------
    *args : object
        What the function is called with.
    hint : str
        For an edge case: what to mind, told to an answer that fails here and nowhere before.
    """

    def __init__(self, *args: Any, hint: str = "") -> None:
        self.args = copy.deepcopy(args)  # whoever draws the next one may do it in place
        self.hint = hint


class _Exercise(NamedTuple):
    expected: str
    check: Checker
    slips: Slips


# --- Registering ----------------------------------------------------------------------------------


def exercise(
    number: str,
    expected: str,
    *,
    solve: Callable | tuple[Callable, ...],
    cases: Callable[[np.random.Generator], Iterable[Case]],
    slips: Slips,
    advice: str = "",
    read: Callable[[Any, Any], Any] | None = None,
) -> None:
    """Register an exercise whose answer is compared with a reference.

    Texts are looked up when they are shown: mark the slips' hints and the advice with ``N_``.

    Parameters
    ----------
    number : str
        Chapter and exercise, ``"05.1"``.
    expected : str
        What the answer must be, edge cases included; printed while the exercise is unsolved.
    solve : callable or tuple of callables
        The reference; several, where the text leaves open which one is meant.
    cases : callable
        ``cases(rng)`` yields the inputs. Cases in a row with the same hint are judged together,
        and the first such group in which the answer fails is spoken of.
    slips : mapping from str to callable or tuple of callables
        Hints, and the wrong answers that get them; NaN and 0 are not told apart here.
    advice : str, default=""
        Added where no slip explains the difference.
    read : callable, optional
        ``read(value, right)`` brings what an answer returns to a form that :func:`compare` takes.
        By default the reference's type and shape are asked for.
    """
    check = functools.partial(
        _check, solve=solve, cases=cases, slips=slips, advice=advice, read=read
    )
    _register(number, _Exercise(expected, check, slips))


def judged(number: str, expected: str) -> Callable[[Checker], Checker]:
    """Register an exercise that no single right value decides, such as a random draw.

    Parameters
    ----------
    number, expected : str
        As for :func:`exercise`.

    Returns
    -------
    callable
        A decorator for ``judge(ask, rng)``, where ``ask(*args)`` is the answer on copies of the
        arguments. It raises :class:`Hint` for a wrong answer and returns what was verified.
    """

    def register(judge: Checker) -> Checker:
        _register(number, _Exercise(expected, judge, {}))
        return judge

    return register


def _register(number: str, entry: _Exercise) -> None:
    if not re.fullmatch(r"\d\d\.\d+", number):
        raise ValueError(f"an exercise is numbered like '05.1', got {number!r}")
    _EXERCISES[number] = entry


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

    Notes
    -----
    Not used in a notebook: a learner calls `check`.

    Examples
    --------
    >>> from mmtutor.exercises import numbers
    >>> "00.1" in numbers("00")
    True
    """
    package = importlib.import_module("mmtutor.exercises")
    for module in pkgutil.iter_modules(package.__path__):
        if re.fullmatch(r"ch\d\d", module.name) and chapter in (None, module.name[2:]):
            importlib.import_module(f"{package.__name__}.{module.name}")
    return sorted(n for n in _EXERCISES if chapter in (None, n[:2]))


# --- Reading what an answer returns -------------------------------------------------------------


def as_array(value: Any, shape: tuple[int, ...], what: str = "") -> np.ndarray:
    """Return what the learner's function gave as floats of the shape asked for.

    Parameters
    ----------
    value : object
        Anything; a sparse matrix is made dense.
    shape : tuple of int
        The shape that is right for this input.
    what : str, default="your answer"
        The subject of the hint, such as "the histogram".

    Returns
    -------
    ndarray of that shape, float
        A copy if `value` was not such an array already.

    Raises
    ------
    Hint
        If it is no array of real numbers, or has another shape.
    """
    if hasattr(value, "toarray"):
        value = value.toarray()
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c" and np.allclose(array.imag, 0):
            array = array.real
        if array.dtype.kind not in "biufO":
            raise TypeError
        if array.dtype.kind == "O":  # None would become NaN
            array = np.array([float(x) for x in array.ravel()]).reshape(array.shape)
        array = array.astype(float, copy=False)
    except (TypeError, ValueError, OverflowError):
        text = _("{what} must be an array of numbers; got {value}.")
        text = text.format(what=what or _("your answer"), value=_short(value))
        raise Hint(text) from None
    if array.shape != shape:
        text = _("for this input {what} must have shape {shape}; got shape {got}.")
        text = text.format(what=what or _("your answer"), shape=shape, got=array.shape)
        raise Hint(text)
    return array


def as_number(value: Any, what: str = "") -> float:
    """Return what the learner's function gave as one number, which may be NaN.

    Parameters
    ----------
    value : object
        Anything; an array with a single element is one number, too.
    what : str, default="your answer"
        The subject of the hint, such as "the accuracy".

    Returns
    -------
    float
        The number.

    Raises
    ------
    Hint
        If it is not a real number, or several.
    """
    with contextlib.suppress(Hint, ValueError):
        shape = np.shape(value)
        return float(as_array(value, shape).reshape(()))
    text = _("{what} must be one number; got {value}.")
    raise Hint(text.format(what=what or _("your answer"), value=_short(value)))


def _read(value: Any, right: Any, what: str = "") -> Any:
    """Return a value in the form that the right one has."""
    if isinstance(right, tuple):
        if not isinstance(value, tuple | list | np.ndarray) or len(value) != len(right):
            text = _("return {n} things, as a tuple; got {value}.")
            raise Hint(text.format(n=len(right), value=_short(value)))
        parts = enumerate(zip(value, right, strict=True), start=1)
        return tuple(_read(v, r, _("part {k} of your answer").format(k=k)) for k, (v, r) in parts)
    right = np.asarray(right)
    return as_array(value, right.shape, what) if right.ndim else as_number(value, what)


def _agree(got: Any, right: Any) -> bool:
    """Whether two values that were read are the same for float32 arithmetic."""
    if isinstance(right, tuple):
        return len(got) == len(right) and all(map(_agree, got, right))
    if isinstance(right, str | list):
        return got == right
    if isinstance(right, float):
        return math.isclose(got, right, rel_tol=_TOLERANCE, abs_tol=_NEAR)
    return np.shape(got) == np.shape(right) and bool(_close(got, right).all())


def _close(got: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where two arrays agree; what is far smaller than the largest value need not be as exact."""
    size = np.where(np.isfinite(right), np.abs(right), 0)
    near = _TOLERANCE * (size + 0.1 * size.max(initial=0)) + _NEAR
    both_nan = np.isnan(got) & np.isnan(right)
    return (np.abs(got - right) <= near) | (got == right) | both_nan


def compare(got: Any, right: Any, case: Case) -> None:
    """Refuse a value that is not the right one, and show where the two are farthest apart.

    Parameters
    ----------
    got, right : float, ndarray, str, list or tuple of these
        As read, so of one form; strings and lists must be equal.
    case : Case
        The input; a short one is shown.

    Raises
    ------
    Hint
        If they differ by more than float32 arithmetic explains.
    """
    if _agree(got, right):
        return
    if isinstance(right, tuple):
        for k, parts in enumerate(zip(got, right, strict=True), start=1):
            try:
                compare(*parts, case)
            except Hint as hint:
                raise Hint(_("part {k} of your answer: {hint}").format(k=k, hint=hint)) from None
    if isinstance(right, str | list) or np.ndim(right) == 0:
        text = _("for {case} expected {right}, got {got}.")
        raise Hint(text.format(case=_shown(case), **_digits(got, right)))
    gap = np.nan_to_num(np.abs(got - right), nan=np.inf, posinf=np.inf)
    worst = np.unravel_index(np.where(_close(got, right), 0, gap).argmax(), gap.shape)
    text = _("yours differs most at {place}: expected {right}, got {got}.")
    place = [int(k) for k in worst]
    raise Hint(text.format(place=place, **_digits(got[worst], right[worst])))


def _digits(got: Any, right: Any) -> dict[str, str]:
    """Return both with as many digits as it takes to see that they differ."""
    if isinstance(right, str | list):
        return {"got": _short(got), "right": _short(right)}
    for digits in range(3, 18):
        texts = {"got": f"{got:.{digits}g}", "right": f"{right:.{digits}g}"}
        if texts["got"] != texts["right"]:
            break
    return texts


def _short(value: Any) -> str:
    """Return the value's repr, cut, whatever its class does when asked."""
    if isinstance(value, np.ndarray) and value.size > 3:
        return _("an array of shape {shape}").format(shape=value.shape)
    cut = reprlib.Repr()
    cut.maxstring = cut.maxother = 60
    cut.maxlist = cut.maxtuple = 20
    return textwrap.shorten(cut.repr(value), 200, placeholder=" ...")


def _shown(case: Case) -> str:
    """Return the input if it is short, such as ``(8, 3, 'same')``."""
    plain = all(isinstance(x, int | float | str | dict) for x in case.args)
    text = ", ".join(f"{x:.4g}" if isinstance(x, float) else repr(x) for x in case.args)
    return f"({text})" if plain and len(text) < 100 else _("this input")


# --- Asking and judging -------------------------------------------------------------------------


def _check(
    ask: Callable,
    rng: np.random.Generator,
    *,
    solve: Callable | tuple[Callable, ...],
    cases: Callable[[np.random.Generator], Iterable[Case]],
    slips: Slips,
    advice: str,
    read: Callable[[Any, Any], Any] | None,
) -> str:
    """Judge an answer by the reference; see :func:`exercise`."""
    read = read or _read
    references = list(solve if isinstance(solve, tuple) else (solve,))
    tried: list[tuple[Case, Any]] = []
    wrong: Hint | None = None
    for case in cases(rng):
        if wrong and case.hint != tried[-1][0].hint:
            break
        try:
            value = ask(*case.args)
        except _Stopped as stopped:
            raise (Hint(f"{stopped}. {case.hint}") if case.hint else stopped) from None
        tried.append((case, value))
        found = [_difference(value, each(*case.args), case, read) for each in references]
        if all(found):
            wrong = wrong or Hint(f"{found[0]} {case.hint or (advice and _(advice))}".strip())
        else:
            references = [r for r, hint in zip(references, found, strict=True) if hint is None]
    if wrong is None:
        return _("right on all {n} inputs drawn.").format(n=len(tried))
    for hint, slip in slips.items():
        for each in slip if isinstance(slip, tuple) else (slip,):
            if all(_is_slip(value, each, case, read) for case, value in tried):
                raise Hint(_(hint))
    raise wrong


def _difference(value: Any, right: Any, case: Case, read: Callable) -> Hint | None:
    try:
        compare(read(value, right), read(right, right), case)
    except Hint as hint:
        return hint
    return None


def _is_slip(value: Any, slip: Callable, case: Case, read: Callable[[Any, Any], Any]) -> bool:
    """Whether this slip returns the same, NaN or 0; where it stops with an error, it does not."""
    with contextlib.suppress(Exception):
        other = slip(*copy.deepcopy(case.args))
        return _agree(_zeroed(read(value, other)), _zeroed(read(other, other)))
    return False


def _zeroed(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_zeroed, value))
    if isinstance(value, float):
        return 0.0 if math.isnan(value) else value
    if isinstance(value, str | list):
        return value
    return np.nan_to_num(value, posinf=np.inf, neginf=-np.inf)


class _Asked:
    """The learner's function, on copies of its inputs, with its failures put in words."""

    def __init__(self, answer: Callable) -> None:
        self.answer, self.calls = answer, 0

    def __call__(self, *args: Any) -> Any:
        given = copy.deepcopy(args)
        self.calls += 1
        try:
            value = self.answer(*given)
        except (KeyboardInterrupt, TimeIsUp):
            raise
        except BaseException as error:  # SystemExit included
            raise _Stopped(_in_words(error, self.answer)) from None
        for k, (before, after) in enumerate(zip(args, given, strict=True)):
            if not _unchanged(before, after):
                text = _("your function changes its input {name}; work on a copy.")
                raise Hint(text.format(name=self._name(k)))
        if value is None or value is ...:
            if self.calls == 1:
                raise _Unsolved
            raise Hint(_("for some inputs your function returns nothing (None)."))
        return value

    def _name(self, k: int) -> str:
        with contextlib.suppress(TypeError, ValueError, IndexError):
            return list(inspect.signature(self.answer).parameters)[k]
        return str(k + 1)


def _in_words(error: BaseException, answer: Any) -> str:
    """Return the error with the line of the answer in which it arose."""
    here = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [f.line for f in traceback.extract_tb(error.__traceback__) if f.filename == here]
    try:
        said = textwrap.shorten(str(error), 300, placeholder=" ...")
    except Exception:
        said = ""
    text = _("your answer stopped with {kind}: {error}").format(
        kind=type(error).__name__, error=said.rstrip(".:")
    )
    return f"{text} ({lines[-1]})" if lines and lines[-1] else text


def _unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        numbers_ = before.dtype.kind in "fc"
        return before.dtype == after.dtype and np.array_equal(before, after, equal_nan=numbers_)
    if isinstance(before, pd.DataFrame | pd.Series):
        return before.equals(after)
    if isinstance(before, dict):
        return list(before) == list(after) and all(_unchanged(before[k], after[k]) for k in before)
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    if isinstance(before, str | int | float | np.generic):
        return bool(before == after or before != before)  # NaN is not itself
    return True  # a function, a generator


def examine(
    number: str, answer: Any, random_state: int | np.random.Generator | None = None
) -> Verdict:
    """Examine an answer without printing.

    Parameters
    ----------
    number : str
        The exercise, ``"05.1"``.
    answer : object
        The learner's function; None or ``...`` means "not tried yet". It gets copies of its
        inputs, may not change them, and is stopped after 20 s (on Linux also when it asks for more
        than 4 GB).
    random_state : int, sequence of int, Generator or None, default=None
        Where the inputs come from; None draws other ones at every call.

    Returns
    -------
    Verdict
        Whether it passed, and why not.

    Raises
    ------
    KeyError
        If there is no such exercise.

    Notes
    -----
    Not used in a notebook: a learner calls `check`.

    Examples
    --------
    >>> from mmtutor.exercises import examine
    >>> examine("00.1", None).passed
    False
    >>> examine("00.1", lambda predicted, true: (predicted == true).mean(), random_state=0).passed
    True
    """
    if not isinstance(number, str):
        raise KeyError(f"an exercise is named by a string like '05.1', got {number!r}")
    if number not in _EXERCISES:
        known = numbers(number[:2])  # loads the chapter's
        if number not in known:
            listed = f"known: {', '.join(known)}" if known else "they are named like '05.1'"
            raise KeyError(f"there is no exercise {number!r}; {listed}")
    expected, checker, _slips = _EXERCISES[number]
    expected = _("expected {expected}.").format(expected=_(expected))
    if answer is None or answer is ...:
        return Verdict(False, expected)
    try:
        with quietly(), memory_limit(_BYTES):
            rng = np.random.default_rng(random_state)
            return Verdict(True, within(SECONDS, lambda: checker(_Asked(answer), rng)))
    except _Unsolved:
        name = getattr(answer, "__name__", _("your function"))
        message = _("{name} returns nothing yet; {expected}").format(name=name, expected=expected)
    except TimeIsUp:
        text = _("your answer was stopped after {n} seconds: is there a loop that never ends?")
        message = text.format(n=SECONDS)
    except Hint as hint:
        message = f"{hint}; {expected}" if isinstance(hint, _Stopped) else str(hint)
    except (Exception, SystemExit) as error:  # what was returned fights back
        text = _("your answer cannot be looked at ({kind}); {expected}")
        message = text.format(kind=type(error).__name__, expected=expected)
    return Verdict(False, message)


def check(number: str, answer: Any) -> None:
    """Check an answer and print the outcome; never raises on account of the answer.

    Parameters
    ----------
    number : str
        The exercise, ``"05.1"``.
    answer : object
        The learner's function.

    Raises
    ------
    KeyError
        If there is no such exercise (a slip in the call, not in the answer).

    Notes
    -----
    Taught in notebook 00.

    Examples
    --------
    >>> from mmtutor.exercises import check
    >>> check("00.1", None)
    00.1 not yet: ...
    """
    verdict = examine(number, answer)
    outcome = _("passed") if verdict.passed else _("not yet")
    print(f"{number} {outcome}: {verdict.message}")
