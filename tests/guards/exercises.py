"""Every exercise has a stub, a checker and a solution that passes; every question an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from chapter import CALL, Chapter, tags, texts


def exercises(chapter: Chapter, checkers: Iterable[str]) -> list[str]:
    """At least three exercises, each with a stub, a checker, and a folded solution that passes.

    Three quiz questions, each with a folded answer. Chapter 00 shows how exercises work: one is
    enough there.
    """
    least = 1 if chapter.number == "00" else 3
    known = set(checkers)
    stubs: dict[str, Any] = {}
    solutions: dict[str, Any] = {}
    found = []
    for cell in chapter.code:
        for number in CALL.findall(cell.source):
            (solutions if "solution" in tags(cell) else stubs)[number] = cell
    for number in sorted({*stubs, *solutions}):
        if not number.startswith(chapter.number):
            found.append(chapter.problem(f"exercise {number} belongs to another chapter"))
        if number not in known:
            found.append(chapter.problem(f"exercise {number} has no checker"))
        if number not in stubs:
            found.append(chapter.problem(f"exercise {number} has no stub that calls check"))
        elif f"{number} not yet" not in _printed(stubs[number]):
            found.append(chapter.problem(f"exercise {number}: the stub does not print 'not yet'"))
        if number not in solutions:
            found.append(
                chapter.problem(f"exercise {number} has no solution: a cell tagged 'solution'")
            )
            continue
        if f"{number} passed" not in _printed(solutions[number]):
            found.append(chapter.problem(f"exercise {number}: the solution does not pass"))
    for cell in chapter.code:
        if "solution" in tags(cell) and not cell.metadata.get("jupyter", {}).get("source_hidden"):
            found.append(chapter.problem(f"a solution is not folded: {cell.source[:40]!r}"))
    if len(stubs) < least:
        found.append(chapter.problem(f"{len(stubs)} checked exercises, at least {least} wanted"))
    headings = set(re.findall(r"^### Exercise (\d\d\.\d+)", chapter.prose, flags=re.MULTILINE))
    for number in sorted(set(stubs) ^ headings):
        found.append(chapter.problem(f"exercise {number}: heading and stub do not both exist"))
    quiz = chapter.section("Quiz")
    questions = len(re.findall(r"^\d+\. ", quiz, flags=re.MULTILINE))
    answers = quiz.count("<details>")
    if min(questions, answers) < least:
        found.append(
            chapter.problem(
                f"{questions} quiz questions with {answers} folded answers, at least {least} wanted"
            )
        )
    return found


def _printed(cell: Any) -> str:
    return "".join(text for output in cell.outputs for text in texts(output))
