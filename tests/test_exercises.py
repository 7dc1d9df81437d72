"""The frame that every chapter's checkers hang in."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from mmtutor.course import checking, limits
from mmtutor.course.checking import Case, Hint, as_array, as_number, compare, exercise, judged
from mmtutor.exercises import check, examine, numbers


@pytest.fixture
def registered(monkeypatch):
    """Register for one test only."""
    monkeypatch.setattr(checking, "_EXERCISES", dict(checking._EXERCISES))
    return lambda **changes: exercise("99.1", "a function double(x)", **{**DOUBLE, **changes})


def _cases(rng):
    for _trial in range(5):
        yield Case(rng.normal(size=(3, 2)))
    yield Case(np.zeros((3, 2)), hint="mind the zeros.")


DOUBLE = {
    "solve": lambda x: 2 * x,
    "cases": _cases,
    "slips": {"you tripled.": lambda x: 3 * x, "that is the sum.": lambda x: 2 * x.sum(axis=1)},
    "advice": "add x to itself.",
}


def test_right_answer(registered):
    registered()
    assert examine("99.1", lambda x: x + x) == (True, "right on all 6 inputs drawn.")
    assert examine("99.1", lambda x: (x + x).astype(np.float32)).passed


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: x + x + x, "you tripled."),
        (lambda x: x.sum(axis=1) * 2, "that is the sum."),
        (lambda x: np.where(x == 0, np.nan, 2 * x), "expected 0, got nan. mind the zeros."),
        (lambda x: x[:2], "must have shape (3, 2); got shape (2, 2). add x to itself."),
        (lambda x: x * 1j, "must be an array of numbers"),
        (lambda x: "xx", "must be an array of numbers; got 'xx'."),
        (lambda x: [[1, 2], [3]], "must be an array of numbers"),
        (lambda x: x.double(), "AttributeError: 'numpy.ndarray' object has no attribute 'double'"),
        (lambda x, y: x, "TypeError"),
        (lambda x: 2 * x if x.any() else 1 / 0, "ZeroDivisionError: division by zero (lambda"),
        (lambda x: 2 * x if x.any() else None, "returns nothing (None)"),
    ],
)
def test_wrong_answers(registered, answer, message):
    registered()
    passed, said = examine("99.1", answer)
    assert not passed
    assert message in said


def test_a_slip_must_agree_on_every_input(registered):
    registered()
    answer = lambda x: 3 * x if x[0, 0] > 0 else 5 * x  # noqa: E731
    assert "you tripled" not in examine("99.1", answer, 0).message


def test_the_worst_place_is_shown_with_digits_that_differ(registered):
    registered(cases=lambda rng: [Case(np.arange(6.0).reshape(3, 2))])

    def answer(x):
        y = 2 * x
        y[0, 1] += 0.01
        y[2, 0] *= 1.003
        return y

    assert "differs most at [2, 0]: expected 8, got 8.02." in examine("99.1", answer).message
    with pytest.raises(Hint, match=r"expected 0\.8, got 0\.8001"):
        compare(0.80009, 0.8, Case())


def test_an_infinite_slip_explains_nothing_else(registered):
    registered(slips={"infinite.": lambda x: x / 0})
    assert "differs most" in examine("99.1", lambda x: 5 * x).message


@pytest.mark.parametrize(
    ("given", "change"),
    [
        (np.arange(3.0), lambda x: x.sort() or x.__setitem__(0, 9)),
        (np.arange(3.0), lambda x: x.resize(2, refcheck=False)),
        (np.array(["a", "b"]), lambda x: x.__setitem__(0, "c")),
        (pd.DataFrame({"a": [1, 2]}), lambda x: x.insert(0, "b", 0)),
        ([1, [2]], lambda x: x[1].append(3)),
        ({"a": 1}, lambda x: x.update(b=2)),
        (["b", "a"], list.sort),
        ([2, 1.5], list.sort),
    ],
)
def test_a_changed_input_is_told_and_the_next_one_is_fresh(registered, given, change):
    seen = []

    def answer(x):
        seen.append(x)
        change(x)
        return 1

    registered(solve=lambda x: 1, cases=lambda rng: [Case(given)], slips={})
    for _again in range(2):
        assert (
            examine("99.1", answer).message == "your function changes its input x; work on a copy."
        )
    assert seen[0] is not seen[1] is not given


def test_a_nan_that_stays_is_no_change(registered):
    registered(solve=lambda x: 1, cases=lambda rng: [Case(np.array([np.nan]))], slips={})
    assert examine("99.1", lambda x: 1).passed


def test_parts_of_a_tuple_are_named(registered):
    registered(solve=lambda x: (x, 1.0), slips={})
    assert "part 2 of your answer must be one number" in examine("99.1", lambda x: (x, "a")).message
    assert "return 2 things" in examine("99.1", lambda x: (x, x, x)).message
    assert "expected 1, got 2" in examine("99.1", lambda x: [x, 2]).message


def test_a_judge_asks_as_often_as_it_likes(registered):
    @judged("99.2", "a function draw(rng)")
    def judge(ask, rng):
        if ask(np.random.default_rng(0)) != ask(np.random.default_rng(0)):
            raise Hint("draw from rng.")
        return "repeatable."

    assert examine("99.2", lambda rng: rng.random()) == (True, "repeatable.")
    assert examine("99.2", lambda rng: time.perf_counter()) == (False, "draw from rng.")
    assert "expected a function draw(rng)" in examine("99.2", lambda rng: None).message


def test_the_inputs_follow_from_the_random_state(registered):
    registered()
    seen = []
    answer = lambda x: seen.append(x.copy()) or x + x  # noqa: E731
    for state in (1, 1, [1, 2], None, None):
        examine("99.1", answer, state)
    first = [seen[k][0, 0] for k in range(0, 30, 6)]
    assert first[0] == first[1]
    assert len(set(first)) == 4


@pytest.mark.parametrize("nothing", [None, ...])
def test_untouched_stub_says_what_is_expected(registered, nothing):
    registered()
    assert examine("99.1", nothing) == (False, "expected a function double(x).")

    def stub(x):
        return nothing

    message = "stub returns nothing yet; expected a function double(x)."
    assert examine("99.1", stub) == (False, message)


def test_check_prints_one_line_and_hides_the_learners_prints(registered, capfd):
    registered()
    check("99.1", lambda x: print("debug") or print("x", file=sys.stderr) or 2 * x)
    assert capfd.readouterr() == ("99.1 passed: right on all 6 inputs drawn.\n", "")


def test_unknown_exercise_names_the_known_ones():
    with pytest.raises(KeyError, match="known"):
        check("00.99", 1)
    with pytest.raises(KeyError, match="string like"):
        check(99.1, 1)


def test_numbers_are_chapter_and_exercise(registered):
    assert all(n[2] == "." for n in numbers())
    with pytest.raises(ValueError, match="numbered like"):
        exercise("5.1", "x", **DOUBLE)


def test_reading():
    assert as_number(np.array([[2]])) == 2
    assert np.isnan(as_number(np.nan))
    assert as_number(2 + 0j) == 2
    for junk in ([1, 2], "2", "", None, 1j, {}, object()):
        with pytest.raises(Hint, match="the rate must be one number"):
            as_number(junk, "the rate")
    assert as_array([[True, 2]], (1, 2)).tolist() == [[1, 2]]
    with pytest.raises(Hint, match="the weights must be an array of numbers"):
        as_array(["1", "2"], (2,), "the weights")


def test_comparing_strings_and_tuples():
    compare((["a"], 1.0), (["a"], 1.0000001), Case())
    with pytest.raises(Hint, match=r"for \(3, 'b'\) expected \['a'\], got \['b'\]"):
        compare(["b"], ["a"], Case(3, "b"))


# --- Limits -------------------------------------------------------------------------------------


def forever(x):
    while True:
        pass


def stubborn(x):
    while True:
        try:
            sum(range(100))
        except BaseException:
            continue


def asleep(x):
    time.sleep(60)


@pytest.mark.parametrize("answer", [forever, stubborn, asleep])
def test_an_endless_loop_is_stopped(registered, monkeypatch, answer):
    registered()
    monkeypatch.setattr(checking, "SECONDS", 0.2)
    started = time.monotonic()
    assert "stopped after 0.2 seconds" in examine("99.1", answer).message
    assert time.monotonic() - started < 30
    assert examine("99.1", lambda x: x + x).passed


def test_an_endless_loop_in_another_thread_is_stopped(registered, monkeypatch):
    registered()
    monkeypatch.setattr(checking, "SECONDS", 0.2)
    said = []
    thread = threading.Thread(target=lambda: said.append(examine("99.1", forever).message))
    thread.start()
    thread.join(30)
    assert "stopped after 0.2 seconds" in said[0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_huge_array_is_refused(registered):
    registered()
    said = examine("99.1", lambda x: np.ones(2**40, dtype=np.uint8)).message
    assert "MemoryError" in said
    with pytest.raises(MemoryError), limits.memory_limit(2**28):
        np.empty(2**29, dtype=np.uint8)
    np.empty(2**29, dtype=np.uint8)


def test_exit_is_an_error_and_an_interrupt_is_not(registered):
    registered()
    assert "stopped with SystemExit: 3" in examine("99.1", lambda x: sys.exit(3)).message
    with pytest.raises(KeyboardInterrupt):
        examine("99.1", lambda x: (_ for _ in ()).throw(KeyboardInterrupt))
