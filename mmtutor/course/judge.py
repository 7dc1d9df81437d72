"""The process in which a hand-in is executed and its answers are judged; see grading.py."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from mmtutor._parallel import end_with
from mmtutor.course import checking
from mmtutor.course.limits import TimeIsUp, within


def limit(job: dict[str, Any]) -> None:
    """Limit what this process may take, and what it starts; let it end with its parent."""
    end_with(job["parent"])
    with contextlib.suppress(ImportError):
        import resource

        for what, most in (
            (resource.RLIMIT_AS, job["memory"]),
            (resource.RLIMIT_FSIZE, job["files"]),
        ):
            hard = resource.getrlimit(what)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))


def execute(cells: list[dict[str, Any]], seconds: float) -> tuple[dict[str, Any], Any, list[str]]:
    """Run the cells one after the other; return what was given to `check`, the names, and notes."""
    from IPython.core.interactiveshell import InteractiveShell

    exercises = importlib.import_module("mmtutor.exercises")  # which stand above the course
    shell = InteractiveShell.instance()
    given: dict[str, Any] = {}
    is_solution = False

    def check(number: str, answer: Any) -> None:
        """Only note the answer: it is judged when all cells have run."""
        if not is_solution and answer is not None and answer is not ...:
            given[number] = answer

    vars(exercises)["check"] = vars(checking)["check"] = check
    notes, failed = [], []
    for k, cell in enumerate(cells, start=1):
        is_solution = cell["solution"]
        try:
            outcome = within(seconds, functools.partial(shell.run_cell, cell["source"]))
            error = outcome.error_before_exec or outcome.error_in_exec
        except TimeIsUp:
            error = None
            notes.append(f"code cell {k} was stopped after {seconds:.0f} s")
        except BaseException as raised:  # SystemExit, KeyboardInterrupt
            error = raised
        if isinstance(error, TimeIsUp):
            notes.append(f"code cell {k} was stopped after {seconds:.0f} s")
        elif error is not None:
            failed.append(f"code cell {k} stopped with {type(error).__name__}: {error}"[:200])
    if failed:
        notes.append("; ".join(failed[:2]) + f"; {len(failed) - 2} more" * (len(failed) > 2))
    return given, shell.user_ns, notes


def main(path: str) -> None:
    """Judge the hand-in that a job describes; append the verdicts beside it, one by one."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    examine = checking.examine  # before anybody can put something in its place
    limit(job)
    given, names, notes = execute(job["cells"], job["cell_seconds"])
    with Path(path).with_name("results.jsonl").open("a", encoding="utf-8") as file:

        def say(**result: Any) -> None:
            file.write(json.dumps(result) + "\n")
            file.flush()

        for note in notes:
            say(note=note)
        for number, name in job["stubs"].items():
            # Where `check` was not called, or was replaced, the function itself is what counts.
            verdict = examine(number, given.get(number, names.get(name)), job["seed"])
            say(number=number, passed=verdict.passed, message=verdict.message)


if __name__ == "__main__":
    main(sys.argv[1])
