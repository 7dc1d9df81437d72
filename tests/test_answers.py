"""Right answers pass on every draw, wrong ones on none, and each gets the hint that names it."""

from __future__ import annotations

import importlib
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from mmtutor.course.checking import _EXERCISES, Verdict
from mmtutor.exercises import examine, numbers

DRAWS, QUICK = 20, 1  # draws of the inputs; in `make quick`
FOLDER = Path(__file__).parent / "answers"
ANSWERS = {
    path.stem[2:]: importlib.import_module(f"answers.{path.stem}") for path in FOLDER.glob("ch*.py")
}
NUMBERS = [number for number in numbers() if number[:2] in ANSWERS]


def answers(kind: str) -> list:
    return [
        pytest.param(number, answer, id=f"{number}-{k}")
        for chapter in ANSWERS.values()
        for number, each in getattr(chapter, kind).items()
        for k, answer in enumerate(each)
    ]


def verdicts(
    request: pytest.FixtureRequest, number: str, answer: Callable, draws: int = DRAWS
) -> Iterator[Verdict]:
    """Examine an answer on draws that are others in every test and the same in every run."""
    if "not slow" in request.config.getoption("markexpr"):
        draws = QUICK
    for repetition in range(draws):
        yield examine(number, answer, [zlib.crc32(request.node.name.encode()), repetition])


@pytest.mark.parametrize(("number", "answer"), answers("RIGHT"))
def test_right_answers_pass(request, number, answer):
    for verdict in verdicts(request, number, answer):
        assert verdict.passed, verdict.message


@pytest.mark.parametrize(("number", "answer"), answers("WRONG"))
def test_wrong_answers_get_their_hint(request, number, answer):
    answer, hint = answer
    for verdict in verdicts(request, number, answer):
        assert not verdict.passed
        assert hint in verdict.message, verdict.message


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_every_slip_gets_its_own_hint(request, number):
    for hint, slip in _EXERCISES[number].slips.items():
        for each in slip if isinstance(slip, tuple) else (slip,):
            for verdict in verdicts(request, number, each, draws=5):
                assert not verdict.passed, hint
                assert hint in verdict.message, (hint, verdict.message)


@pytest.mark.parametrize("number", NUMBERS)
def test_there_are_enough_answers(number):
    chapter = ANSWERS[number[:2]]
    assert len(chapter.RIGHT[number]) >= 5
    assert len(chapter.WRONG[number]) >= 10


class Hostile:
    """An object that fails whatever is asked of it."""

    def __getattribute__(self, name):
        raise RuntimeError("no")

    __array__ = __len__ = __iter__ = __eq__ = __repr__ = __float__ = __getattribute__
    __hash__ = None


JUNK = [
    0, 3.5, True, 1j, float("nan"), float("inf"), 10**400, "text", b"bytes", [], [[1], [2, 3]], {},
    {3}, [None], ["a", 1], Hostile(), np.zeros(0), np.zeros((2, 3)), np.array([1, None]), range(3),
    np.datetime64("2020-01-01"), np.ma.masked, iter([1]), (1, 2), ("a", "b"), lambda: 0, int,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_junk_is_refused_and_nothing_escapes(number):
    for junk in JUNK:
        verdict = examine(number, lambda *given, junk=junk: junk, 0)
        assert not verdict.passed
        assert verdict.message
    assert "stopped with SystemExit" in examine(number, lambda *given: sys.exit(), 0).message
    assert "not callable" in examine(number, 3, 0).message


@pytest.mark.parametrize("number", NUMBERS)
def test_an_empty_stub_says_what_is_expected(number):
    for stub in (None, ..., lambda *given: None):
        verdict = examine(number, stub)
        assert not verdict.passed
        assert "expected a function" in verdict.message
