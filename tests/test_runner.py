"""The notebook runner and the command line, on small notebooks made here."""

from __future__ import annotations

import argparse
import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import psutil
import pytest
from nbclient import NotebookClient
from nbformat import v4

from mmtutor.course import cli, doctor, notebooks, pages, runner
from mmtutor.course.manifest import Course, read_course
from mmtutor.datasets import remote

ROOT = Path(__file__).parents[1]

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # {number:02d} · {title} · 好
#
# $$ P(c) = \\frac{{1}}{{2}} $$ and [the next](01_broken.ipynb)

"""

GOOD = """\
# %%
import os
import sys
import warnings

import matplotlib.pyplot as plt
from IPython.display import display

warnings.warn("take care")
print(os.environ["OMP_NUM_THREADS"], os.environ["PYTHONHASHSEED"])
print("noise", file=sys.stderr)

# %%
display(plt.subplots()[0], metadata={"image/png": {"alt": 'An "empty" figure.'}})
plt.close()

# %% tags=["solution"]
sys.executable == @EXECUTABLE@
"""

# What nbclient's own joining of streams takes minutes for, and what it must not lose.
LONG = """\
# %%
print("x" * 1_000_000)

# %%
import sys
from IPython.display import display
for step in range(3):
    print(f"step {step}\\r", end="")
    sys.stdout.flush()
print("done")
display(1)
print("after")
"""

BROKEN = """\
# %%
print("before")

# %%
1 / 0

# %%
print("after")
"""


ROW = """\

[[parts.chapters]]
number = {number}
slug = "{slug}"
title = {{ en = "{title}", zh = "好" }}
question = "what does this one promise?"
requires = [{requires}]
"""


def make_course(folder: Path, **bodies: str) -> Course:
    """Write a course of these chapters' code, numbered from 0; `absent` needs data."""
    source = folder / "notebooks" / "source"
    source.mkdir(parents=True)
    rows = '[[parts]]\nnumber = "I"\ntitle = { en = "All", zh = "全部" }\n'
    for number, (slug, body) in enumerate(bodies.items()):
        title = slug.capitalize()
        requires = '"mnist_test"' if slug == "absent" else ""
        rows += ROW.format(number=number, slug=slug, title=title, requires=requires)
        text = HEADER.format(number=number, title=title) + body
        (source / f"{number:02d}_{slug}.py").write_text(text, encoding="utf-8")
    (folder / "course.toml").write_text(rows, encoding="utf-8")
    return read_course(folder)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    good = GOOD.replace("@EXECUTABLE@", repr(sys.executable))
    return make_course(
        tmp_path_factory.mktemp("course"), good=good, broken=BROKEN, absent=BROKEN, long=LONG
    )


@pytest.fixture(scope="module")
def outcomes(course: Course) -> dict[str, runner.Outcome]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "make_default_data", lambda: True)
        patch.setenv("MMTUTOR_DATA", str(course.folder / "no_data"))
        return {each.chapter.name: each for each in runner.run(course, store=True)}


def test_statuses(outcomes: dict[str, runner.Outcome]) -> None:
    statuses = {name: each.status for name, each in outcomes.items()}
    assert statuses == {
        "00_good": "ok",
        "01_broken": "failed",
        "02_absent": "skipped",
        "03_long": "ok",
    }
    assert "ZeroDivisionError" in outcomes["01_broken"].error
    assert outcomes["02_absent"].notes == ["needs real data: mmtutor data fetch mnist_test"]
    assert outcomes["00_good"].notes == ["a cell warned: UserWarning: take care"]


def test_seconds_and_memory_are_measured(outcomes: dict[str, runner.Outcome]) -> None:
    good = outcomes["00_good"]
    assert 0.1 < good.seconds < 120
    assert 20 < good.peak_mb < 2000  # a Python with matplotlib
    lines = runner.table(list(outcomes.values())).splitlines()
    assert re.fullmatch(r"00_good\s+\d+\.\d\s+\d+  ok", lines[1])


def test_stored_notebook_is_normalised(course: Course, outcomes: dict[str, runner.Outcome]) -> None:
    stored = course.folder / "notebooks" / "00_good.ipynb"
    notebook = notebooks.read_stored(stored)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3]
    assert code[0].outputs == [{"output_type": "stream", "name": "stdout", "text": "1 0\n"}]
    assert code[1].outputs[0].metadata["image/png"]["alt"] == 'An "empty" figure.'
    # The kernel is this very Python, whatever kernelspec the user has.
    assert code[2].outputs[0].data["text/plain"] == "True"
    assert code[2].metadata == {"tags": ["solution"], "jupyter": {"source_hidden": True}}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert not list(stored.parent.glob(".*.part"))
    assert stored.stat().st_mode == course.chapters[0].source.stat().st_mode  # as the umask says


def test_failed_and_skipped_notebooks_are_not_stored(
    course: Course, outcomes: dict[str, runner.Outcome]
) -> None:
    stored = sorted(path.name for path in (course.folder / "notebooks").glob("*.ipynb"))
    assert stored == ["00_good.ipynb", "03_long.ipynb"]


def test_pages_show_what_was_executed(course: Course, outcomes: dict[str, runner.Outcome]) -> None:
    site = course.folder / "build" / "site"
    page = (site / "notebooks" / "00_good.html").read_text(encoding="utf-8")
    assert 'href="01_broken.html"' in page
    assert 'alt="An &quot;empty&quot; figure."' in page
    broken = (site / "notebooks" / "01_broken.html").read_text(encoding="utf-8")
    assert "before" in broken  # a notebook that failed is shown up to its error
    assert "ZeroDivisionError" in broken
    chapters = (site / "chapters.html").read_text(encoding="utf-8")
    assert 'href="notebooks/00_good.html"' in chapters
    assert "00 · Good · 好" in chapters
    assert "What does this one promise?" in chapters
    assert "mmtutor data fetch mnist_test" in chapters


def test_endless_outputs_are_cut_but_not_the_error() -> None:
    outputs = [v4.new_output("display_data", data={"text/plain": str(k)}) for k in range(2000)]
    cell = v4.new_code_cell("...", outputs=[*outputs, v4.new_output("error", ename="Stop")])
    notes = notebooks.tidy(v4.new_notebook(cells=[cell]))
    assert notes == ["a cell showed more than 1,000 outputs: cut"]
    assert cell.outputs[:-1] == outputs[:1000]
    assert cell.outputs[-1].ename == "Stop"


def test_a_long_line_is_cut_and_streams_are_joined(
    course: Course, outcomes: dict[str, runner.Outcome]
) -> None:
    assert outcomes["03_long"].notes == ["a cell printed more than 100,000 characters: cut"]
    assert outcomes["03_long"].seconds < 120  # nbclient alone: not in 120
    first, second = notebooks.read_stored(course.chapters[3].stored).cells[1:]
    (long,) = first.outputs
    assert long.text == "x" * 100_000 + "\n... (cut: too much to show)\n"
    # The peer takes its time only for long lines: here it is an independent answer.
    again = notebooks.read_source(course.chapters[3].source)
    del again.cells[1]
    NotebookClient(again, coalesce_streams=True, record_timing=False).execute()
    assert [dict(output) for output in second.outputs] == again.cells[1].outputs
    assert second.outputs[0].text == "done\nafter\n"


def test_a_long_line_of_errors_is_looked_through_at_once() -> None:
    long = "w" * 2_000_000  # by the square of which a search would take hours
    text = f"{long}\nx.py:1: MyWarning: take care\n{long}Warning: {long}\n"
    cell = v4.new_code_cell("1", outputs=[v4.new_output("stream", name="stderr", text=text)])
    first, second = notebooks.tidy(v4.new_notebook(cells=[cell]))
    assert first == "a cell warned: MyWarning: take care"
    assert len(second) < 3 * len(long)
    assert cell.outputs == []


def test_changed_compares_text_not_time(
    course: Course, outcomes: dict[str, runner.Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, stored = course.chapters[0].source, course.chapters[0].stored
    original = source.read_text(encoding="utf-8")
    assert not notebooks.is_changed(source, stored)
    source.touch()
    assert not notebooks.is_changed(source, stored)
    assert notebooks.is_changed(course.chapters[1].source, course.chapters[1].stored)  # not stored
    for old, new in (("take care", "beware"), ('["solution"]', '["nbval-ignore-output"]')):
        assert old in original
        source.write_text(original.replace(old, new), encoding="utf-8")
        assert notebooks.is_changed(source, stored)
        assert not notebooks.refresh(source, stored)  # the outputs would be another code's
    source.write_text(original, encoding="utf-8")
    monkeypatch.setattr(runner, "make_default_data", lambda: pytest.fail("nothing to execute"))
    (outcome,) = runner.run(course, ["00"], store=True, changed=True)
    assert outcome.status == "unchanged"


def test_changed_prose_is_stored_without_executing(
    course: Course, outcomes: dict[str, runner.Outcome]
) -> None:
    source, stored = course.chapters[0].source, course.chapters[0].stored
    text, before = source.read_text(encoding="utf-8"), stored.read_bytes()
    longer = text.replace("[the next]", "[another]") + "\n# %% [markdown]\n# More.\n"
    source.write_text(longer, encoding="utf-8")
    assert notebooks.refresh(source, stored)
    assert notebooks.differences(source, stored) == []
    old, new = nbformat.reads(before, 4), notebooks.read_stored(stored)
    assert len(new.cells) == len(old.cells) + 1
    assert "[another]" in new.cells[0].source
    assert notebooks.code(new) == notebooks.code(old)
    source.write_text(text, encoding="utf-8")
    assert notebooks.refresh(source, stored)
    assert stored.read_bytes() == before
    assert not notebooks.refresh(source, stored)


def test_what_goes_wrong_with_one_notebook_is_said_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = make_course(tmp_path, latin="", fine="# %%\n1\n", unknown="# %%\n1\n")
    course.chapters[0].source.write_bytes("# %%\n'é'\n".encode("latin-1"))
    manifest = tmp_path / "course.toml"
    rows, _, last = manifest.read_text(encoding="utf-8").rpartition("requires = []")
    manifest.write_text(f'{rows}requires = ["no_such_set"]{last}', encoding="utf-8")
    monkeypatch.setattr(runner, "make_default_data", lambda: True)
    outcomes = runner.run(read_course(tmp_path))
    assert [each.status for each in outcomes] == ["failed", "ok", "failed"]
    out, err = capsys.readouterr()
    assert "00_latin:\nUnicodeDecodeError" in err
    assert re.search(r"02_unknown:\n.*no_such_set", err)
    assert re.search(r"01_fine +\d+\.\d +\d+  ok", out)
    assert f"Course: {tmp_path}" in out


def test_a_full_disk_leaves_the_table_and_the_pages_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = make_course(tmp_path, fine="# %%\n1\n")
    index = tmp_path / "build" / "site" / "index.html"
    index.parent.mkdir(parents=True)
    index.write_text("of before")

    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner, "make_default_data", lambda: True)
    monkeypatch.setattr(Path, "replace", full)
    assert cli.main(["run", "--store", "--course", str(course.folder)]) == 2
    out, err = capsys.readouterr()
    assert "The pages could not be written: OSError: [Errno 28]" in err.splitlines()[-1]
    assert re.search(r"00_fine +\d+\.\d +\d+  failed", out)
    assert err.count("No space left on device") == 2
    assert [path for path in (tmp_path / "build").rglob("*") if path.is_file()] == [index]
    assert index.read_text() == "of before"


LACKS = (  # a cell's source
    b'{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}}], "metadata": {}, '
    b'"nbformat": 4, "nbformat_minor": 5}'
)


@pytest.mark.parametrize(
    "damaged", [b"", b'{"cells": [', b"\xff", b"[]", b'{"nbformat": 99}', LACKS]
)
def test_a_damaged_stored_copy_is_named_and_the_others_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damaged: bytes
) -> None:
    course = make_course(tmp_path, fine="# %%\n1\n", bad="# %%\n1\n")
    fine, bad = course.chapters
    notebooks.write_stored(notebooks.read_source(fine.source), fine.stored)
    bad.stored.write_bytes(damaged)
    assert notebooks.is_changed(bad.source, bad.stored)  # --changed makes it again
    _used, problems = pages.stage(course, tmp_path / "pages", {}, {})
    assert len(problems) == 1
    assert re.search(r"01_bad\.ipynb is no notebook .*: mmtutor run --store 01", problems[0])
    assert (tmp_path / "pages" / "notebooks" / "00_fine.ipynb").exists()
    assert cli.main(["student", str(tmp_path / "class"), "--course", str(tmp_path)]) == 2
    assert "01_bad.ipynb is no notebook" in capsys.readouterr().err
    assert not (tmp_path / "class").exists()


def test_a_chapter_that_was_never_executed_is_named_with_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course = make_course(tmp_path / "course", fine="# %%\n1\n", new="# %%\n1\n")
    fine, new = course.chapters
    notebooks.write_stored(notebooks.read_source(fine.source), fine.stored)
    remedy = "mmtutor run --store 01"
    assert pages.stage(course, tmp_path / "pages", {}, {})[1] == [
        f"there is no notebook {new.stored}: {remedy}"
    ]
    assert (tmp_path / "pages" / "notebooks" / "00_fine.ipynb").exists()
    notebooks.write_stored(notebooks.read_source(new.source), tmp_path / new.stored.name)
    calls = [["slides", "01"], ["student", str(tmp_path / "class")]]
    calls += [["grade", str(tmp_path / new.stored.name)]]
    for call in calls:
        cli.main([*call, "--course", str(course.folder)])
        said = capsys.readouterr()
        assert f"{new.stored}: {remedy}" in said.out + said.err
    monkeypatch.chdir(course.folder)
    here, lacking = doctor.check_course()
    assert str(course.folder) in here.what
    assert (lacking.level, lacking.mending) == ("note", remedy)
    fine.stored.unlink()
    runner.open_lab(course, ["--version"])
    assert "mmtutor run --store" in capsys.readouterr().err


def test_a_copy_that_may_not_be_read_is_no_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chapter,) = make_course(tmp_path, fine="# %%\n1\n").chapters
    notebooks.write_stored(notebooks.read_source(chapter.source), chapter.stored)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(chapter.stored))

    monkeypatch.setattr(nbformat, "read", refuse)
    with pytest.raises(PermissionError, match=r"00_fine\.ipynb"):
        notebooks.read_stored(chapter.stored)


def staged(folder: Path, *cells: Any) -> list[str]:
    """Write the sources of the pages of a notebook with these cells; return the problems."""
    course = make_course(folder, fine="# %%\n1\n")
    (chapter,) = course.chapters
    notebooks.write_stored(v4.new_notebook(cells=list(cells)), chapter.stored)
    return pages.stage(course, folder / "pages", {}, {})[1]


def test_a_raw_cell_is_shown(tmp_path: Path) -> None:
    assert staged(tmp_path, v4.new_raw_cell("raw", metadata={"tags": ["home"]})) == []


def test_a_long_line_is_cut_in_its_page_and_does_not_take_minutes(tmp_path: Path) -> None:
    cell = v4.new_code_cell("1")
    cell.outputs = [v4.new_output("stream", text="x" * 1_000_000)]
    assert staged(tmp_path, v4.new_markdown_cell("# A"), cell) == []
    page = notebooks.read_stored(tmp_path / "pages" / "notebooks" / "00_fine.ipynb")
    assert len(page.cells[1].outputs[0].text) < 1.01 * notebooks.MAX_TEXT
    assert pages.config({}, tmp_path)["nb_merge_streams"] is False  # its time goes by the square


def test_a_key_term_without_its_cells_is_named_and_the_others_are_listed(tmp_path: Path) -> None:
    rows = "| Key term | 中文 | In short |\n|---|---|---|\n| one |\n| two | 二 | a `x` |\n"
    answer = "<details><summary>Answer</summary>`a <b>`</details>"
    (problem,) = staged(tmp_path, v4.new_markdown_cell(f"# A\n\n{rows}\n{answer}"))
    assert problem == "00_fine: the key term '| one |' has not three cells"
    assert "二" in (tmp_path / "pages" / "glossary.md").read_text(encoding="utf-8")
    page = (tmp_path / "pages" / "notebooks" / "00_fine.ipynb").read_text(encoding="utf-8")
    assert "<code>a &lt;b&gt;</code>" in page


def test_a_text_that_is_no_text_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"caf\xe9")
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n", encoding="utf-8")
    (problem,) = staged(tmp_path)
    assert "README.md is left out ('utf-8' codec" in problem
    assert (tmp_path / "pages" / "CHANGELOG.md").exists()


@pytest.mark.parametrize("ends", ["\n\n", "\r\r", "\r\n\r\n"])
def test_what_a_cell_shows_on_the_first_page_is_not_read_as_markdown(
    tmp_path: Path, ends: str
) -> None:
    fetches = f"a{ends}```{{raw}} html\n:file: /a/script.html\n```{ends}"
    cell = v4.new_code_cell("1", metadata={"tags": ["home"]})
    cell.outputs = [v4.new_output("stream", text=fetches)]
    shown = v4.new_code_cell("2", metadata={"tags": ["home"]})
    shown.outputs = [
        v4.new_output("display_data", data={"text/html": f"<p>{fetches}</p>"}),
        v4.new_output("display_data", data={"text/html": "<script></script>"}),  # empty, cleaned
        v4.new_output("display_data", data={"text/html": "<p>last</p>"}),
    ]
    assert staged(tmp_path, cell, shown) == []
    page = (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    block = page[page.index('<div class="home">') : page.index("last")]
    assert block.count("```{raw} html") == 2
    # Markdown begins below an empty line.
    assert all(line.startswith("<") for line in block.splitlines())


def test_damaged_sources_of_pages_are_written_again(tmp_path: Path) -> None:
    course = make_course(tmp_path, fine="# %%\n1\n")
    for _ in ("made", "mended"):
        pages.stage(course, tmp_path / "pages", {}, {})
        written = {path: path.read_bytes() for path in (tmp_path / "pages").rglob("*.md")}
        assert all(b"\xff" not in content for content in written.values())
        for path in written:
            path.write_bytes(b"\xff")


def test_cell_ids_stay_when_a_cell_is_inserted(course: Course, tmp_path: Path) -> None:
    source = course.chapters[1].source
    before = {cell.source: cell.id for cell in notebooks.read_source(source).cells}
    longer = tmp_path / "longer.py"
    text = source.read_text(encoding="utf-8")
    longer.write_text(text.replace("# %%\n1 / 0", "# %%\n2 / 0\n\n# %%\n1 / 0"), encoding="utf-8")
    after = {cell.source: cell.id for cell in notebooks.read_source(longer).cells}
    assert set(after) - set(before) == {"2 / 0"}
    assert all(after[source] == before[source] for source in before)


def test_same_text_twice_has_two_ids(tmp_path: Path) -> None:
    twice = tmp_path / "twice.py"
    twice.write_text("# %%\n1\n\n# %%\n1\n", encoding="utf-8")
    first, second = notebooks.read_source(twice).cells
    assert first.id != second.id


# -- the command line ---------------------------------------------------------------------------


def test_run_exits_1_when_a_notebook_fails(
    course: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(course: Course, chosen: list[str], **options: object) -> list[runner.Outcome]:
        assert options == {"store": True, "changed": False, "jobs": 1}
        chapter = course.chapters[0]
        return [runner.Outcome(chapter), runner.Outcome(chapter, status=chosen[0])]

    monkeypatch.setattr(runner, "run", run)
    call = ["run", "--course", str(course.folder), "--store", "-j", "1"]
    assert cli.main([*call, "skipped"]) == 0
    assert cli.main([*call, "failed"]) == 1


INTERRUPTED = """
import sys
from mmtutor.course import cli, runner
runner.make_default_data = lambda: True
sys.exit(cli.main(["run", "--course", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_interrupted_run_leaves_no_kernel(tmp_path: Path) -> None:
    body = "# %%\nopen('begun', 'w').close()\nimport time; time.sleep(600)\n"
    make_course(tmp_path, long=body, waiting=body)
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begun = tmp_path / "notebooks" / "begun"
    deadline = time.monotonic() + 300
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    kernels = psutil.Process(run.pid).children(recursive=True)
    assert kernels
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 130
    assert "stopped" in errors
    assert "Traceback" not in errors
    assert not [kernel for kernel in kernels if kernel.is_running()]


def test_nothing_from_the_working_directory_is_run(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module there could be anybody's, as the course there could be."""
    for name in ("mmtutor", "librosa", "jupyterlab"):
        text = "open('ran', 'w').close()\nraise SystemExit(0)\n"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "WARM_UP", "import librosa.version")
    assert runner.make_default_data()
    runner.open_lab(course, ["--version"])
    assert not (tmp_path / "ran").exists()


def test_a_kernel_that_dies_at_its_start_is_told(tmp_path: Path) -> None:
    make_course(tmp_path, one="# %%\n1\n")
    early = tmp_path / "early" / "ipykernel_launcher.py"
    early.parent.mkdir()
    early.write_text("raise SystemExit(1)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(early.parent), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Kernel died" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_run_without_a_clone_says_where_the_notebooks_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["run", "--course", "/"]) == 2
    assert "clone of the project" in capsys.readouterr().err


def test_run_names_an_unknown_number(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--course", str(course.folder), "42"]) == 2
    assert "there is no notebook '42'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", ".", "/", "²", "٣", "9" * 5000, "0x1", "-1"])
def test_a_name_that_says_nothing_chooses_nothing(
    course: Course, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert cli.main(["run", "--course", str(course.folder), "--", name]) == 2
    assert "there is no notebook" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "-j", "0"], "-j/--jobs: must be a whole number, at least 1, got '0'"),
        (["evidence", "-j", "1.5"], "must be a whole number, at least 1, got '1.5'"),
        (["grade", "a.ipynb", "--seconds", ""], "must be a whole number, at least 1, got ''"),
        (["grade", "a.ipynb", "--seed", "-1"], "must be a whole number, at least 0, got '-1'"),
        (["run", "-j", "9" * 5000], "must be a whole number"),
        (["student", ""], "argument DIR: names no file or folder: it is empty"),
        (["run", "--course", ""], "--course: names no file or folder"),
        (["grade", ""], "names no file or folder"),
        (["challenge", ""], "names no file or folder"),
    ],
)
def test_a_word_that_cannot_be_meant_is_named(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_all_data_sets_and_an_unknown_one_are_not_taken_for_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remote, "fetch_files", lambda name: pytest.fail(name))
    assert cli.main(["data", "fetch", "all", "no_such_set"]) == 2
    assert "unknown data set: no_such_set" in capsys.readouterr().err


def test_lab_opens_the_first_notebook(
    course: Course, outcomes: dict[str, runner.Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess:
        settings = {**runner.KERNEL_ENVIRONMENT, "MMTUTOR_LANGUAGE": "zh_CN"}  # the reader's
        assert how["env"].items() >= settings.items()
        seen.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(runner.subprocess, "run", run)
    monkeypatch.setenv("MMTUTOR_LANGUAGE", "zh_CN")
    assert cli.main(["lab", "--course", str(course.folder), "--", "--no-browser"]) == 0
    root = f"--ServerApp.root_dir={course.folder}"
    assert seen[0][1:4] == ["-P", "-m", "jupyterlab"]
    assert seen[0][4:] == [root, str(course.chapters[0].stored), "--no-browser"]


def test_data_list_shows_each_set_with_licence_and_citation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert cli.main(["data", "list"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, card in remote.DATASETS.items():
        assert f"{name}: absent" in shown
        assert card.licence in shown
        assert f"Cite: {card.citation}" in shown
    assert f"Folder: {tmp_path}" in shown
    assert "mmtutor data fetch london_faces" in shown


def test_data_fetch_reports_each_failure_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(name: str) -> Path:
        if name == "mnist_test":
            raise remote.DataNotAvailable("no network: try again later")
        return Path("somewhere")

    monkeypatch.setattr(remote, "fetch_files", fetch)
    assert cli.main(["data", "fetch", "mnist_test", "movie_sentences"]) == 1
    out, err = capsys.readouterr()
    assert "movie_sentences: somewhere" in out
    assert "mnist_test: no network: try again later" in err
    assert cli.main(["data", "fetch", "movie_sentences"]) == 0


def test_data_verify_fails_on_broken_files_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def verify(name: str) -> pd.DataFrame:
        states = {
            "mnist_test": ["ok", "wrong hash"],
            "movie_sentences": ["ok", "ok"],
            "emoji_glyphs": ["missing", "missing"],
        }[name]
        return pd.DataFrame({"dataset": name, "path": ["a.bin", "b.bin"], "state": states})

    monkeypatch.setattr(remote, "verify", verify)
    assert cli.main(["data", "verify", "movie_sentences", "emoji_glyphs"]) == 0
    assert cli.main(["data", "verify", "mnist_test"]) == 1
    out = capsys.readouterr().out
    assert "movie_sentences: all 2 files are whole" in out
    assert "emoji_glyphs: not here" in out
    assert "wrong hash: b.bin" in out


def test_command_line_loads_nothing_heavy() -> None:
    heavy = {"numpy", "nbclient", "pooch"}
    code = f"import sys, mmtutor.course.cli; print(len({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_every_command_has_a_function() -> None:
    parser = cli._parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert set(commands.choices) == {
        "lab", "run", "site", "sync", "evidence", "data", "student", "slides",
        "grade", "challenge", "doctor"
    }  # fmt: skip
    assert all(each.get_default("function") for each in commands.choices.values())
