"""The guard on exercises fails on bad examples."""

from __future__ import annotations

import pytest
from chapter import Chapter
from example import spoil
from exercises import exercises

CHECKERS = ["05.1", "05.2", "05.3"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('check("05.3", None)', "pass", "exercise 05.3 has no stub"),
        ('check("05.3", right)', "pass", "exercise 05.3 has no solution"),
        ("05.3 not yet", "05.3 passed", "the stub does not print 'not yet'"),
        ("05.3 passed", "05.3 not yet", "the solution does not pass"),
        ("### Exercise 05.3", "### Something", "heading and stub do not both exist"),
        ("05.3", "06.3", "exercise 06.3 belongs to another chapter"),
        ("05.3", "05.4", "exercise 05.4 has no checker"),
        ("3. Who?", "Who?", "2 quiz questions"),
        ("<details><summary>Answer</summary>You.</details>", "You.", "2 folded answers"),
    ],
)
def test_bad_exercises_are_found(chapter: Chapter, old: str, new: str, words: str) -> None:
    problems = exercises(spoil(chapter, old, new), CHECKERS)
    assert any(words in problem for problem in problems), problems


def test_an_open_solution_and_too_few_exercises_are_found(chapter: Chapter) -> None:
    chapter.code[-1].metadata.pop("jupyter")
    (problem,) = exercises(chapter, CHECKERS)
    assert "not folded" in problem
    chapter.notebook.cells = [cell for cell in chapter.notebook.cells if "05.3" not in cell.source]
    (problem,) = exercises(chapter, CHECKERS)
    assert "2 checked exercises, at least 3" in problem
