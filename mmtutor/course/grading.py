"""Hand-ins and entries to a challenge run apart: in a process of their own, with limits.

What a hand-in prints counts for nothing. The judge's process executes its cells, asks the official
checkers with a seed that is drawn here, and writes their verdicts as JSON, which is only read here.
This keeps an accident (an endless loop, a crash, a flood of text) from stopping the batch. It is no
sandbox: the code runs with the rights of whoever grades, and one written to cheat can cheat.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from mmtutor._cache import strays
from mmtutor.course import editions, notebooks
from mmtutor.course.manifest import Chapter, Course, CourseError
from mmtutor.course.runner import kernel_environment

SECONDS = 900  # for one hand-in, all of its cells and checks
CELL_SECONDS = 240  # chapter 18 trains a network in one cell: room for a machine three times slower
MEMORY = 8 * 2**30  # bytes of address space; TensorFlow alone reserves several of them
OUTPUT = 20_000  # characters that are kept of what is printed; the others are read and dropped
FILES = 2**28  # bytes of a file that a hand-in writes
FOLDERS = "mmtutor-apart-"  # begins the name of each temporary folder; whose it is follows
MARK = "MMTUTOR_APART"  # names this folder in the environment of whatever a hand-in starts


@dataclass
class Outcome:
    """What came of a process: its exit code, or None if it was stopped; its results and words."""

    code: int | None
    results: list[dict[str, Any]]
    printed: str


@dataclass
class Graded:
    """One hand-in: whose, of which chapter, a message for each exercise, and what else to know."""

    student: str
    chapter: str = ""
    passed: dict[str, bool] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def run_apart(module: str, job: dict[str, Any], seconds: float) -> Outcome:
    """Run a module of this package on a job, apart, and in the end stop whatever it started.

    The module gets the path of the job as JSON, beside which it appends its results, a line each.
    """
    _clear_folders()
    prefix = f"{FOLDERS}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        job = {**job, "parent": os.getpid()}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        kept: list[bytes] = []
        environment = {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", MARK: name}
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder / "job.json")],
            cwd=folder,
            env=kernel_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        reader = threading.Thread(target=_drain, args=(process, kept), daemon=True)
        reader.start()
        try:
            code = _wait(process, seconds)
        finally:
            _end_marked(name)
        reader.join(5)
        printed = b"".join(kept)[:OUTPUT].decode("utf-8", "replace")
        return Outcome(code, list(_results(folder / "results.jsonl")), printed)


def _clear_folders() -> None:
    """Delete the folders of killed processes, an hour after these wrote to them."""
    import psutil

    for folder in strays(Path(tempfile.gettempdir()), f"{FOLDERS}*-*", 3600):
        number = folder.name.removeprefix(FOLDERS).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if not psutil.pid_exists(int(number)):
                shutil.rmtree(folder)


def _drain(process: subprocess.Popen, kept: list[bytes]) -> None:
    """Read what a process prints, so that it never waits, and keep the beginning."""
    assert process.stdout is not None
    size = 0
    while part := process.stdout.read1(65_536):  # type: ignore[attr-defined]
        if size < OUTPUT:
            kept.append(part)
            size += len(part)


def _end_marked(mark: str) -> None:
    """End what has this mark in its environment, also what no parent leads to any more."""
    import psutil

    def is_marked(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):  # ended meanwhile, or another user's
            return process.environ().get(MARK) == mark
        return False

    for _ in range(20):  # while they are ended, they can start others
        left = [each for each in psutil.process_iter() if is_marked(each)]
        for each in left:
            with contextlib.suppress(psutil.Error):
                each.kill()
        psutil.wait_procs(left, timeout=1)
        if not left:
            return


def _wait(process: subprocess.Popen, seconds: float) -> int | None:
    """Return the exit code, or None after so many seconds; nothing that it started stays."""
    import psutil

    family: set[psutil.Process] = set()
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            with contextlib.suppress(psutil.Error):
                family.update(psutil.Process(process.pid).children(recursive=True))
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(0.2)
        return None
    finally:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        for each in family:  # those that left the group
            with contextlib.suppress(psutil.Error):
                each.kill()
        process.kill()
        process.wait()


def _results(path: Path) -> Iterator[dict[str, Any]]:
    """Read the results as far as they are whole; whatever else stands there is left out."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file.read(1_000_000).splitlines():
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict):
                    yield value


# --- Hand-ins -----------------------------------------------------------------------------------


def find(paths: Sequence[Path]) -> list[Path]:
    """Return the hand-ins: the files named, and all notebooks in the folders named.

    Raises
    ------
    FileNotFoundError
        If a path leads nowhere, or there is no notebook.
    PermissionError
        If a folder may not be read: its hand-ins would be missing from the table.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}")
        files = [path]
        if path.is_dir():
            walk = os.walk(path, onerror=refuse)
            files = sorted(Path(top, name) for top, _, names in walk for name in names)
            files = [file for file in files if file.suffix == ".ipynb"]
        found += [file for file in files if ".ipynb_checkpoints" not in file.parts]
    if not found:
        raise FileNotFoundError(f"there is no notebook in {', '.join(map(str, paths))}")
    return found


def grade(
    course: Course, path: Path, *, student: str, seconds: float = SECONDS, seed: int | None = None
) -> Graded:
    """Grade one hand-in; whatever is wrong with it is said in its notes, never raised.

    Parameters
    ----------
    course : Course
        Whose exercises count.
    path : Path
        The notebook.
    student : str
        Whose it is, for the table.
    seconds : float
        When it is stopped.
    seed : int, optional
        What the inputs of the checks are drawn from; by default another one each time.
    """
    graded = Graded(student)
    try:
        notebook = notebooks.read_stored(path, strict=False)
        cells = [
            {"source": str(cell.source), "solution": editions.is_solution(cell)}
            for cell in notebooks.code(notebook)
        ]
        chapter = _chapter_of(course, path, notebook, cells)
        official = notebooks.read_stored(chapter.stored)
        stubs = editions.stubs(official)
    except Exception as error:  # whatever was handed in as a notebook
        known = isinstance(error, CourseError | OSError)
        graded.notes.append(str(error) if known else f"is no notebook ({type(error).__name__})")
        return graded
    graded.chapter = chapter.name
    graded.passed = dict.fromkeys(stubs, False)
    graded.messages = dict.fromkeys(stubs, "not reached")
    edition = dict(notebook.metadata.get("mmtutor") or {}).get("edition")
    if edition not in (None, editions.mark(official)):
        graded.notes.append(f"made for another edition ({edition}); judged by the present one")
    seed = secrets.randbits(64) if seed is None else seed
    job = {"cells": cells, "stubs": stubs, "seed": seed, "cell_seconds": CELL_SECONDS}
    job |= {"memory": MEMORY, "files": FILES}
    outcome = run_apart("mmtutor.course.judge", job, seconds)
    for result in outcome.results:
        number = result.get("number")
        if number in stubs:
            graded.passed[number] = result.get("passed") is True
            graded.messages[number] = str(result.get("message"))[:500]
        elif isinstance(result.get("note"), str):
            graded.notes.append(result["note"][:500])
    if outcome.code is None:
        graded.notes.append(f"stopped after {seconds:.0f} s")
    elif outcome.code or "not reached" in graded.messages.values():
        graded.notes.append(f"its process ended with code {outcome.code} before all was judged")
    return graded


def _chapter_of(
    course: Course, path: Path, notebook: Any, cells: Sequence[dict[str, Any]]
) -> Chapter:
    """Return the chapter a hand-in belongs to: by its mark, its name, or the numbers it checks."""
    named = str(dict(notebook.metadata.get("mmtutor") or {}).get("chapter") or path.stem)
    text = "\n".join(cell["source"] for cell in cells)
    for chapter in course.present:
        if named == chapter.name or path.stem.startswith(chapter.name):
            return chapter
    hits = [c for c in course.present if f'check("{c.number:02d}.' in text]
    if len(hits) == 1:
        return hits[0]
    raise CourseError("belongs to no chapter: it has no mark, and no name such as 06_... .ipynb")


def as_table(graded: Sequence[Graded]) -> pd.DataFrame:
    """Return a row for every exercise of every hand-in, as it goes into a CSV file."""
    rows = [
        {
            "student": each.student,
            "chapter": each.chapter,
            "exercise": number,
            "passed": each.passed.get(number, False),
            "message": each.messages.get(number, ""),
            "notes": "; ".join(each.notes),
        }
        for each in graded
        for number in (each.passed or [""])
    ]
    return pd.DataFrame(rows)


def report(graded: Sequence[Graded]) -> str:
    """Return the table that is printed: a line for each hand-in, and its notes below."""
    lines = []
    for each in graded:
        marks = "  ".join(f"{n} {'passed' if ok else '-'}" for n, ok in each.passed.items())
        total = f"{sum(each.passed.values())} of {len(each.passed)}"
        lines.append(f"{each.student}: {each.chapter or '?'}: {total}  {marks}".rstrip())
        lines += [f"    {note}" for note in each.notes]
    return "\n".join(lines)


def whose(paths: Sequence[Path]) -> list[str]:
    """Return a name for each hand-in: its path from the folder that all lie in."""
    above = os.path.commonpath([path.resolve().parent for path in paths])
    return [path.resolve().relative_to(above).with_suffix("").as_posix() for path in paths]
