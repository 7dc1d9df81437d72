"""Student editions, hand-ins of every kind, and entries to the challenge."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest

from mmtutor.course import challenge, cli, editions, grading, notebooks
from mmtutor.course.manifest import CourseError, find_course

pytestmark = pytest.mark.slow

COURSE = find_course()
CHAPTER = COURSE.choose(["00"])[0]
OFFICIAL = notebooks.read_stored(CHAPTER.stored)
STUBS = editions.stubs(OFFICIAL)
IMPORTS = """
import numpy as np
import pandas as pd
from mmtutor.exercises import check
"""


def right_answers() -> str:
    """Return the official solutions, under the names that the exercises give."""
    cells = [cell for cell in notebooks.code(OFFICIAL) if editions.is_solution(cell)]
    lines = [cell.source for cell in cells]
    for cell in cells:
        number, answer = re.search(r'check\("(.*)", (\w+)\)', cell.source).groups()
        lines.append(f"{STUBS[number]} = {answer}\ncheck({number!r}, {STUBS[number]})")
    return "\n".join(lines)


def hand_in(folder, *cells, name="00_start_here.ipynb", **mark):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in (IMPORTS, *cells)]
    )
    if mark:
        notebook.metadata["mmtutor"] = mark
    path = folder / name
    notebooks.write_stored(notebook, path)
    return path


def graded(path, seconds=120):
    return grading.grade(COURSE, path, student="somebody", seconds=seconds, seed=5)


# --- Editions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("chapter", COURSE.present, ids=lambda chapter: chapter.name)
def test_a_student_edition_has_every_exercise_and_no_solution(chapter):
    official, edition = notebooks.read_stored(chapter.stored), editions.for_students(chapter)
    assert editions.stubs(edition) == editions.stubs(official) != {}
    text = "\n".join(cell.source for cell in edition.cells)
    assert "def solution_" not in text
    assert "<summary>Answer</summary>" not in text
    assert not any(cell.get("outputs") for cell in edition.cells)
    assert edition.metadata["mmtutor"]["edition"] == editions.mark(official)
    nbformat.validate(edition)


def test_the_mark_follows_the_exercises_alone():
    other = notebooks.read_stored(CHAPTER.stored)
    other.cells[1].source += "\n# an introduction"
    assert editions.mark(other) == editions.mark(OFFICIAL)
    stub = next(cell for cell in other.cells if 'check("00.1"' in cell.source)
    stub.source += "\n# or else"
    assert editions.mark(other) != editions.mark(OFFICIAL)


def test_editions_do_not_overwrite_work(tmp_path, capsys):
    assert cli.main(["student", str(tmp_path / "class"), "0", "3"]) == 0
    names = [path.name for path in sorted((tmp_path / "class").iterdir())]
    assert names == ["00_start_here.ipynb", "03_hear_sound.ipynb"]
    assert cli.main(["student", str(tmp_path / "class"), "00"]) == 2
    assert "is there already" in capsys.readouterr().err


# --- Hand-ins -----------------------------------------------------------------------------------


def test_right_and_wrong_answers(tmp_path):
    right = graded(hand_in(tmp_path, right_answers()))
    assert right.passed == dict.fromkeys(STUBS, True)
    assert right.notes == []
    first, *others = STUBS
    wrong = graded(hand_in(tmp_path, f"check({first!r}, lambda *args: 0.123)"))
    assert not any(wrong.passed.values())
    assert "expected" in wrong.messages[others[0]], "what was not tried is said to be open"


def test_an_empty_edition_passes_nothing_and_solutions_left_in_do_not_count(tmp_path):
    notebook = notebooks.read_stored(CHAPTER.stored)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if editions.is_solution(cell)
        or "check(" in cell.source
        or "from mmtutor.exercises import check" in cell.source
    ]
    notebooks.write_stored(notebook, tmp_path / "00_start_here.ipynb")
    left_in = graded(tmp_path / "00_start_here.ipynb")
    assert left_in.passed == dict.fromkeys(STUBS, False)


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ("def check(number, answer):\n    print(number, 'passed')", None),
        ("print('00.1 passed: right on all inputs')\n" * 3, None),
        ("raise ValueError('mine')", "stopped with ValueError: mine"),
        ("import sys; sys.exit(3)", "stopped with SystemExit"),
        ("import os; os._exit(0)", "ended with code 0 before all was judged"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with code -11"),
        ("this is no Python", "stopped with SyntaxError"),
        ("for k in range(300_000): print('x' * 100)", None),
        ("hoard = bytearray(2**40)", "stopped with MemoryError"),
    ],
    ids=["own check", "prints", "error", "exit", "hard exit", "crash", "syntax", "flood", "memory"],
)
def test_a_batch_survives_whatever_a_cell_does(tmp_path, cell, note):
    before = graded(hand_in(tmp_path, cell))
    assert not any(before.passed.values())
    assert any(note in each for each in before.notes) if note else before.notes == []


def test_answers_count_also_where_check_was_redefined_or_a_cell_failed(tmp_path):
    own = "def check(number, answer):\n    print('passed')\n"
    after = graded(hand_in(tmp_path, own + right_answers(), "1 / 0"))
    assert after.passed == dict.fromkeys(STUBS, True)
    assert "ZeroDivisionError" in after.notes[0]


def test_an_endless_loop_ends_and_what_it_started_ends_with_it(tmp_path):
    mark = "mmtutor-orphan-of-a-hand-in"
    fork = f"""
    import subprocess, sys
    code = "import time; time.sleep(600)"
    for new_session in (False, True):
        subprocess.Popen([sys.executable, "-c", code, {mark!r}], start_new_session=new_session)
    if sys.platform == "linux":  # into the background, from where no parent leads
        import shlex
        command = shlex.join([sys.executable, "-c", code, {mark!r}])
        subprocess.run(["sh", "-c", "exec setsid " + command + " &"], check=True)
    """
    began = time.monotonic()
    stopped = graded(hand_in(tmp_path, fork, "while True: pass"), seconds=8)
    assert time.monotonic() - began < 300  # the loop and its children end never, or in 600 s
    assert stopped.notes == ["stopped after 8 s"]
    assert set(stopped.messages.values()) == {"not reached"}
    time.sleep(0.2)
    assert not [p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])]


def test_two_are_judged_side_by_side_and_only_what_they_started_ends():
    job = {"stubs": {}, "seed": 0, "cell_seconds": 60}
    job |= {"memory": grading.MEMORY, "files": grading.FILES}
    codes = ["1", "import time; time.sleep(5); raise SystemExit"]

    def judge(code):
        cells = [{"source": code, "solution": False}]
        return grading.run_apart("mmtutor.course.judge", {**job, "cells": cells}, seconds=60)

    with ThreadPoolExecutor() as pool:
        outcomes = pool.map(judge, codes)
        mine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        notes = [each.results for each in outcomes]
    is_alive = mine.poll() is None
    mine.kill()
    assert is_alive
    assert notes[0] == []
    assert "SystemExit" in notes[1][0]["note"]


def test_another_edition_is_judged_and_said(tmp_path):
    old = graded(hand_in(tmp_path, right_answers(), chapter=CHAPTER.name, edition="01234567"))
    assert all(old.passed.values())
    assert old.notes == ["made for another edition (01234567); judged by the present one"]


def test_what_is_no_hand_in_is_said(tmp_path):
    (tmp_path / "a.ipynb").write_text("no JSON", encoding="utf-8")
    assert "a.ipynb is no notebook (NotJSONError" in graded(tmp_path / "a.ipynb").notes[0]
    with (tmp_path / "large.ipynb").open("wb") as file:
        file.truncate(2**33)  # bytes that take no room on the disk
    assert "more than 104,857,600 bytes" in graded(tmp_path / "large.ipynb").notes[0]
    for path in (Path(os.devnull), tmp_path):
        assert "there is no notebook" in graded(path).notes[0]
    other = graded(hand_in(tmp_path, "1 + 1", name="homework.ipynb"))
    assert "belongs to no chapter" in other.notes[0]
    with pytest.raises(FileNotFoundError, match="there is no"):
        grading.find([tmp_path / "nowhere"])


def test_a_folder_that_may_not_be_read_does_not_drop_its_hand_ins(tmp_path, monkeypatch):
    for folder in (tmp_path, tmp_path / "locked"):
        folder.mkdir(exist_ok=True)
        hand_in(folder, "1")
    assert len(grading.find([tmp_path])) == 2
    look = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="locked"):
        grading.find([tmp_path])


def test_a_chapters_cell_that_is_no_python_is_named():
    cell = nbformat.v4.new_code_cell("%time 1\ncheck('06.1', answer)")
    assert editions.stubs(nbformat.v4.new_notebook(cells=[cell])) == {"06.1": "answer"}
    cell.source += "\ndef ("
    with pytest.raises(CourseError, match="is no Python"):
        editions.stubs(nbformat.v4.new_notebook(cells=[cell]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["grade", "HERE/a.ipynb", "--csv", "HERE/gone/marks.csv"], "No such file"),
        (["grade", "HERE/a.ipynb", "--csv", "HERE"], "directory"),
        (["slides", "05", "--to", "HERE"], "directory"),
        (["student", "HERE/a.ipynb"], "a.ipynb"),
    ],
)
def test_a_path_that_cannot_be_written_is_said_before_the_work(
    tmp_path, monkeypatch, capsys, call, words
):
    (tmp_path / "a.ipynb").write_text("no JSON", encoding="utf-8")
    monkeypatch.setattr(grading, "grade", lambda *a, **k: pytest.fail("it was graded"))
    assert cli.main([word.replace("HERE", str(tmp_path)) for word in call]) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.ipynb"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_file_does_not_take_the_place_of_a_device(tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert cli.main(["slides", "05", "--to", str(pipe)]) == 2
    assert "is a device or directory" in capsys.readouterr().err
    assert pipe.is_fifo()


def test_the_command_writes_a_row_an_exercise(tmp_path, capsys):
    (tmp_path / "ada").mkdir()
    (tmp_path / "bob").mkdir()
    hand_in(tmp_path / "ada", right_answers())
    (tmp_path / "bob" / "00_start_here.ipynb").write_text("{}", encoding="utf-8")
    table = tmp_path / "marks.csv"
    assert cli.main(["grade", str(tmp_path), "--csv", str(table), "--seed", "3"]) == 0
    shown = capsys.readouterr().out
    assert f"ada/00_start_here: 00_start_here: {len(STUBS)} of {len(STUBS)}" in shown
    assert "2 hand-ins judged" in shown
    rows = pd.read_csv(table)
    assert rows.groupby("student")["passed"].sum().to_dict() == {
        "ada/00_start_here": len(STUBS),
        "bob/00_start_here": 0,
    }


def test_what_is_judged_when_a_batch_is_stopped_is_in_the_table(tmp_path, monkeypatch):
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
        hand_in(tmp_path / name, "1")

    def judged(course, path, *, student, **options):
        if student.startswith("bob"):
            raise KeyboardInterrupt
        return grading.Graded(student)

    monkeypatch.setattr(grading, "grade", judged)
    table = tmp_path / "marks.csv"
    assert cli.main(["grade", str(tmp_path), "--csv", str(table)]) == 130
    assert pd.read_csv(table)["student"].tolist() == ["ada/00_start_here"]


def test_a_full_disk_leaves_no_empty_table(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    table = tmp_path / "marks.csv"
    call = ["grade", str(hand_in(tmp_path, "1")), "--csv", str(table)]
    monkeypatch.setattr(grading, "grade", lambda *_, student, **__: grading.Graded(student))
    monkeypatch.setattr(Path, "replace", full)
    assert cli.main(call) == 2
    assert "make room and call mmtutor grade again" in capsys.readouterr().err
    assert not table.exists()
    table.write_text("of before", encoding="utf-8")
    assert cli.main(call) == 2
    assert table.read_text(encoding="utf-8") == "of before"


def test_the_folder_of_a_killed_process_is_cleared_away_but_not_a_living_ones(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    ours = grading.FOLDERS
    names = [f"{ours}{ended.pid}-old", f"{ours}{os.getpid()}-old", f"mmtutor-{ended.pid}-notes"]
    for name in [*names, f"{ours}{ended.pid}-young"]:
        (tmp_path / name).mkdir()
    for name in names:
        os.utime(tmp_path / name, (time.time() - 3700,) * 2)
    grading.run_apart("mmtutor", {}, seconds=60)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*names[1:], f"{ours}{ended.pid}-young"}


# --- Challenge ----------------------------------------------------------------------------------

SUM = """
class Model:
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X.mean(axis=1)

model = Model
"""


@pytest.mark.slow
def test_an_entry_is_scored_between_references_and_ceiling(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(SUM, encoding="utf-8")
    assert cli.main(["challenge", str(file), "--chapter", "06", "--seed", "3"]) == 0
    shown = capsys.readouterr().out
    lines = {line.rsplit(maxsplit=2)[0].strip(): line.split() for line in shown.splitlines()[3:]}
    assert lines["mine.py"][-2:] == lines["sum rule"][-2:], "the same fusion, the same score"
    ceiling = next(line for line in shown.splitlines() if line.startswith("ideal observer"))
    assert float(ceiling.split()[-1]) > float(lines["mine.py"][-2])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing = 1", "an entry defines model()"),
        ("def model():\n    raise RuntimeError('no')", "RuntimeError: no"),
        ("while True: pass", "stopped after"),
        ("import os; os._exit(0)", "was not scored"),
    ],
)
def test_a_bad_entry_is_named(tmp_path, monkeypatch, text, words):
    monkeypatch.setattr(challenge, "SECONDS", 8)
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    said, scored = challenge.run(file, "06", 1)
    assert not scored
    assert words in said
