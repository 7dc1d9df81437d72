"""The notebooks as a class gets them: without solutions, answers and outputs, but with a mark.

The mark is a hash of the exercises' texts: by it a hand-in that was made for other exercises is
known when it comes back.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmtutor.course import notebooks
from mmtutor.course.manifest import Chapter, Course, CourseError

_ANSWER = re.compile(r"<details><summary>Answer</summary>.*?</details>", re.DOTALL)
_FIRST = re.compile(r"^#+ Exercise \d\d\.\d", re.MULTILINE)


def is_solution(cell: Any) -> bool:
    """Tell whether a cell holds a solution."""
    return "solution" in cell.metadata.get("tags", [])


def stubs(notebook: Any) -> dict[str, str]:
    """Return what a notebook gives to `check`, by exercise, such as ``{"06.2": "redundancy"}``."""
    found = {}
    for cell in notebooks.code(notebook):
        if is_solution(cell) or "check(" not in cell.source:
            continue
        try:
            tree = notebooks.parsed(cell.source)
        except SyntaxError as error:
            raise CourseError(
                f"the chapter's cell {cell.source!r:.60} is no Python: {error}"
            ) from None
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name("check"), args=[ast.Constant(str(number)), ast.Name(name)]
                ):
                    found[number] = name
    return found


def mark(notebook: Any) -> str:
    """Return a hash of the exercises' texts and stubs."""
    texts, begun = [], False
    for cell in notebook.cells:
        begun = begun or bool(_FIRST.search(cell.source))
        if begun and not is_solution(cell):
            texts.append(_without_answers(cell.source).strip())
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:8]


def for_students(chapter: Chapter) -> Any:
    """Return a chapter's notebook without solutions, answers to questions, and outputs."""
    notebook = copy.deepcopy(notebooks.read_stored(chapter.stored))
    notebook.metadata["mmtutor"] = {"chapter": chapter.name, "edition": mark(notebook)}
    notebook.cells = [cell for cell in notebook.cells if not is_solution(cell)]
    for cell in notebook.cells:
        cell.source = _without_answers(cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def write_for_students(course: Course, wishes: Iterable[str], folder: Path) -> list[Path]:
    """Write the chapters (all, or those named) into a folder; return the files.

    Raises
    ------
    FileExistsError
        If one of them is there already: it may hold somebody's work.
    """
    chapters = course.choose(wishes)
    targets = [folder / chapter.stored.name for chapter in chapters]
    if there := [target for target in targets if target.exists()]:
        raise FileExistsError(f"{there[0]} is there already; name a new folder")
    written = [for_students(chapter) for chapter in chapters]  # all can be read, or none is written
    for notebook, target in zip(written, targets, strict=True):
        notebooks.write_stored(notebook, target)
    return targets


def _without_answers(text: str) -> str:
    return _ANSWER.sub("", text)
