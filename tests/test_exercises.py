"""The frame that every chapter's checkers hang in."""

import pytest

from mmtutor.course.checking import _CHECKERS, Hint, exercise
from mmtutor.exercises import check, examine, numbers


@pytest.fixture
def double():
    @exercise("99.1", "a function double(x)")
    def checker(answer, rng):
        x = rng.normal()
        if answer(x) == x:
            raise Hint("You returned x itself: multiply it by two.")
        if answer(x) != 2 * x:
            raise Hint("Not twice x.")
        return "twice x, for any x."

    yield
    del _CHECKERS["99.1"]


def test_right_answer(double):
    assert examine("99.1", lambda x: x + x) == (True, "twice x, for any x.")


def test_wrong_answer_gets_its_hint(double):
    assert examine("99.1", lambda x: x) == (False, "You returned x itself: multiply it by two.")


@pytest.mark.parametrize("nothing", [None, ...])
def test_untouched_stub_says_what_is_expected(double, nothing):
    assert examine("99.1", nothing) == (False, "expected a function double(x).")
    passed, message = examine("99.1", lambda x: nothing)
    assert not passed
    assert "returns nothing yet" in message


def test_learners_exception_becomes_a_hint(double):
    passed, message = examine("99.1", lambda x: 1 / 0)
    assert not passed
    assert "ZeroDivisionError: division by zero" in message


def test_check_prints_one_line_and_hides_the_learners_prints(double, capsys):
    check("99.1", lambda x: print("debug") or 2 * x)
    assert capsys.readouterr().out == "99.1 passed: twice x, for any x.\n"


def test_unknown_exercise_names_the_known_ones(double):
    with pytest.raises(KeyError, match="known"):
        check("00.99", 1)
    with pytest.raises(KeyError, match="string like"):
        check(99.1, 1)


def test_numbers_are_chapter_and_exercise():
    assert all(n[2] == "." for n in numbers())
    with pytest.raises(ValueError, match="numbered like"):
        exercise("5.1", "x")
