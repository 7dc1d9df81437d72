"""nbval, as this project runs it, tells a changed output from harmless noise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow  # every test reads one run of nbval

# The course that names the data of 03_absent.
MANIFEST = """\
[[parts]]
number = "I"
title = { en = "All", zh = "全部" }

[[parts.chapters]]
number = 3
slug = "absent"
title = { en = "Absent", zh = "缺" }
question = "what is not here?"
requires = ["mnist_test"]
"""


def write(folder: Path, name: str, cells: list[tuple[str, list]]) -> None:
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell(source, execution_count=number, outputs=outputs)
            for number, (source, outputs) in enumerate(cells, start=1)
        ]
    )
    nbformat.write(notebook, folder / name)


def printed(text: str, name: str = "stdout") -> list:
    return [v4.new_output("stream", name=name, text=text)]


def html(text: str) -> list:
    return [v4.new_output("display_data", data={"text/html": text, "text/plain": "sound"})]


SOUND = """\
class Sound:
    def __repr__(self):
        return "sound"
    def _repr_html_(self):
        return "<audio src='data:audio/flac;base64,AAAA'>{0}</audio>"
display(Sound())"""

HARMLESS = [
    ("import sys; print('loading 100 %', file=sys.stderr)", []),
    ("print(object())", printed("<object object at 0x7f0000000000>\n")),
    (SOUND.format("hello"), html("<audio src='data:audio/flac;base64,BBBB=='>hello</audio>")),
    (
        "import os; print(os.environ['OMP_NUM_THREADS'], hash('a') == hash('a'))",
        printed("1 True\n"),
    ),
]
CHANGED = [
    ("print(0.81)", printed("0.82\n")),
    (SOUND.format("hello"), html("<audio src='data:audio/flac;base64,BBBB=='>bye</audio>")),
    ("print('more')", []),
]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run pytest on harmless noise, changed outputs, absent data, a dead kernel and half a file."""
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    folder.mkdir()
    (folder.parent / "course.toml").write_text(MANIFEST, encoding="utf-8")
    write(folder, "01_harmless.ipynb", HARMLESS)
    write(folder, "02_changed.ipynb", CHANGED)
    write(folder, "03_absent.ipynb", [("1 / 0", []), ("1 / 0", [])])
    write(folder, "04_dies.ipynb", [("import os; os._exit(1)", []), ("1", [])])
    (folder / "05_half.ipynb").write_text('{"cells": [', encoding="utf-8")
    return run_pytest(folder, folder / "nothing")


def run_pytest(folder: Path, data: Path) -> str:
    """Return what nbval says of a folder of notebooks."""
    command = [
        *(sys.executable, "-m", "pytest", "-c", "pyproject.toml", "--rootdir", str(ROOT)),
        *("-p", "conftest", "-p", "no:cacheprovider", "-p", "no:xdist", "--nbval", "-rA"),
        str(folder),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MMTUTOR_DATA": str(data),
        "MMTUTOR_TEST_THREADS": "1",  # which tests/elsewhere.py may have set
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_noise_is_not_compared(outcome: str) -> None:
    for cell in range(len(HARMLESS)):
        assert f"PASSED {cell_name('01_harmless', cell)}" in flat(outcome), outcome


def test_changed_output_fails(outcome: str) -> None:
    for cell in range(len(CHANGED)):
        assert f"FAILED {cell_name('02_changed', cell)}" in flat(outcome), outcome


def test_absent_data_skip_the_whole_notebook_with_one_line(outcome: str) -> None:
    assert "03_absent.ipynb needs real data: mmtutor data fetch mnist_test" in outcome
    assert "5 failed, 4 passed, 1 skipped" in outcome


def test_a_dead_kernel_is_not_waited_for(outcome: str) -> None:
    assert "the kernel died" in outcome
    seconds = re.search(r"5 failed, .* in ([\d.]+)s", outcome)
    assert float(seconds[1]) < 600  # what nbval would have waited for one cell


def test_a_damaged_notebook_does_not_stop_the_others(outcome: str) -> None:
    assert re.search(r"^ERROR .*05_half\.ipynb - .*NotJSONError", outcome, re.MULTILINE), outcome
    assert "5 failed, 4 passed, 1 skipped, 1 error in" in outcome.replace(" warnings,", "")


def test_a_manifest_that_cannot_be_read_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_text("[", encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    write(tmp_path / "notebooks", "01_harmless.ipynb", HARMLESS[:1])
    said = run_pytest(tmp_path, tmp_path)
    assert "ERROR: course.toml: Invalid" in said
    assert "INTERNALERROR" not in said


def cell_name(notebook: str, cell: int) -> str:
    return f"{notebook}.ipynb::Cell {cell}"


def flat(outcome: str) -> str:
    """Leave out the temporary folder before the notebook's name."""
    return "\n".join(
        line.split(" ", 1)[0] + " " + line.rsplit("/", 1)[-1]
        for line in outcome.splitlines()
        if line.startswith(("PASSED", "FAILED"))
    )
