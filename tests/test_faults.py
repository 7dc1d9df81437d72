"""Killed without warning, on a full disk, with a dead kernel: what is left, and the next run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from mmtutor import _cache
from mmtutor.course import evidence, notebooks, runner

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does"),
]
SURVIVED = "faults survived"


def begin(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(happened: Callable[[], Any], process: subprocess.Popen[str]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Kill a process, not its children; return these."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        stream.close()  # not read to the end: a child that lives on would keep it open
    return children


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def all_end(processes: list[psutil.Process], seconds: float = 60) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [process for process in alive if lives(process)]


def grow_old(folder: Path) -> None:
    for path in folder.rglob(".*.part"):
        os.utime(path, (time.time() - 4000,) * 2)


CACHING = """
import sys
import numpy as np
from mmtutor import _cache
print("ready", flush=True)
for number in range(1000):
    make = lambda: {"a": np.full(2_000_000, number)}
    _cache.cached_arrays("toy", str(number), make, {"a": (2_000_000,)})
"""


def test_killed_while_caching(tmp_path, monkeypatch, record_property):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    kills = 6
    for number in range(kills):
        process = begin(CACHING)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.03 * number)
        kill(process)
    for path in tmp_path.glob("*.npz"):
        with np.load(path) as stored:
            assert (stored["a"] == int(path.stem.removeprefix("toy-"))).all()
    grow_old(tmp_path)
    with _cache.atomic_write(tmp_path / "next.npz") as file:
        file.write(b"")
    assert not list(tmp_path.rglob(".*"))
    record_property(SURVIVED, kills)


BUSY = """
import os, sys, time
from pathlib import Path
import numpy as np
import pandas as pd
from sklearn.preprocessing import FunctionTransformer
from mmtutor.fusion import FeatureFusion
from mmtutor.simulate import _rendering
folder = Path(sys.argv[2])
def work(X):
    (folder / f"{os.getpid()}.busy").touch()
    time.sleep(1)
    return _rendering.in_steps(np.zeros((2, 2)))  # as what draws it is of the package
if sys.argv[1] == "simulating":
    latents = pd.DataFrame({"missing_image": [False] * 1000})
    drawings = {"image": (work, (2, 2))}
    _rendering.table("posts", latents, [], drawings, ["image"], n_jobs=2, kept="")
else:
    parts = [(f"part{k}", FunctionTransformer(work), [0]) for k in range(1000)]
    FeatureFusion(parts, n_jobs=2).fit(np.ones((2, 1)), [0, 1])
"""


@pytest.mark.parametrize("kind", ["simulating", "fusing"])
def test_killed_while_workers_work(tmp_path, monkeypatch, kind, record_property):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    process = begin(BUSY, kind, tmp_path)
    wait_for(lambda: len(list(tmp_path.glob("*.busy"))) == 2, process)
    assert all_end(kill(process))
    assert not list(tmp_path.rglob("*.npz"))
    record_property(SURVIVED, 1)


def test_made_after_a_kill_and_then_read(tmp_path, monkeypatch):
    from mmtutor.datasets import make_posts

    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    wanted = make_posts(3, image_size=32).frame
    for _ in ("made", "read"):
        found = make_posts(3, image_size=32, cache=True).frame
        assert all((a == b).all() for a, b in zip(found["image"], wanted["image"], strict=True))


SAVING = """
import sys
from pathlib import Path
from nbformat import v4
from mmtutor.course import notebooks
print("ready", flush=True)
while True:
    for letter in "ab":
        cell = v4.new_code_cell(letter * 3_000_000)
        notebooks.write_stored(v4.new_notebook(cells=[cell]), Path(sys.argv[1]))
"""


def test_killed_while_storing_a_notebook(tmp_path, record_property):
    path, kills = tmp_path / "notebook.ipynb", 3
    for number in range(kills):
        process = begin(SAVING, path)
        assert process.stdout.readline() == "ready\n"
        wait_for(path.exists, process)
        time.sleep(0.05 * number)
        kill(process)
        (cell,) = notebooks.read_stored(path).cells
        assert cell.source in ("a" * 3_000_000, "b" * 3_000_000)
    grow_old(tmp_path)
    notebooks.write_stored(notebooks.read_stored(path), path)
    assert list(tmp_path.iterdir()) == [path]
    record_property(SURVIVED, kills)


TABLE = """
import os, time
from mmtutor.course.evidence import experiment, grid

@experiment("98_slow", grid(seed=range(6)))
def slow(seed):
    while seed > 3 and not os.path.exists(os.environ["GATE"]):
        time.sleep(0.1)
    return {"twice": 2 * seed}
"""
MAKING = """
import sys
from pathlib import Path
from mmtutor.course import evidence
evidence.make(sys.argv[1], Path(sys.argv[2]), jobs=2)
"""


def rows_of(table: Path) -> int:
    return len(pd.read_csv(table, comment="#")) if table.exists() else 0


def test_killed_while_making_evidence(tmp_path, monkeypatch, record_property):
    gate = tmp_path / "gate"  # closed, the last two rows wait
    monkeypatch.setenv("GATE", str(gate))
    unfinished, workers = tmp_path / ".98_slow.unfinished", []
    for n_rows in (1, 3):
        process = begin(MAKING, TABLE, tmp_path)
        wait_for(lambda n=n_rows: rows_of(unfinished) >= n, process)
        workers += kill(process)
    assert len(workers) >= 4
    assert all_end(workers)
    assert 3 <= rows_of(unfinished) < 6
    gate.touch()
    evidence.make(TABLE, tmp_path, jobs=1)
    table = pd.read_csv(tmp_path / "98_slow.csv", comment="#")
    assert (table["twice"] == 2 * table["seed"]).all()
    assert table["seed"].tolist() == list(range(6))
    assert {path.name for path in tmp_path.iterdir()} == {"98_slow.csv", "gate"}
    record_property(SURVIVED, 2)


CHAPTER = """\
# %%
import time
open("begun", "w").close()
time.sleep({seconds})
"""
MANIFEST = """\
[[parts]]
number = "I"
title = { en = "All", zh = "全部" }

[[parts.chapters]]
number = 1
slug = "slow"
title = { en = "Slow", zh = "慢" }
question = "does it end?"
"""
RUNNING = """
import sys
from mmtutor.course import cli, runner
runner.make_default_data = lambda: True
sys.exit(cli.main(["run", "--store", "--course", sys.argv[1]]))
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    (tmp_path / "course.toml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01

"""


def write_chapter(course: Path, body: str) -> Path:
    source = course / "notebooks" / "source" / "01_slow.py"
    source.write_text(HEADER + body, encoding="utf-8")
    return course / "notebooks" / "01_slow.ipynb"


def test_killed_while_executing(course, record_property):
    stored = write_chapter(course, CHAPTER.format(seconds=600))
    process = begin(RUNNING, course)
    wait_for((course / "notebooks" / "begun").exists, process)
    kernels = kill(process)
    assert kernels
    assert all_end(kernels)
    assert not stored.exists()
    write_chapter(course, CHAPTER.format(seconds=0))
    process = begin(RUNNING, course)
    output, errors = process.communicate()
    assert process.returncode == 0, output + errors
    assert notebooks.read_stored(stored).cells[-1].execution_count == 1
    assert not list(course.rglob(".*.part"))
    record_property(SURVIVED, 1)


def test_a_kernel_that_dies_is_said_to_be_dead(course, record_property):
    write_chapter(course, "# %%\nimport os\nos._exit(1)\n")
    began = time.monotonic()
    process = begin(RUNNING, course)
    output, errors = process.communicate()
    assert time.monotonic() - began < runner.CELL_TIMEOUT  # what a cell may take
    assert process.returncode == 1
    assert "failed" in output
    assert "DeadKernelError: Kernel died" in errors
    assert "in the cell that ends with 'os._exit(1)'" in errors
    record_property(SURVIVED, 1)


# A limit of the size of a file is met by a write that fails, as on a full disk.
FULL = """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from mmtutor import _cache
from mmtutor.course import evidence
kind, folder = sys.argv[1], Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
if kind == "cache":
    arrays = _cache.cached_arrays("x", "m", lambda: {"a": np.arange(9999)}, {"a": (9999,)})
    assert (arrays["a"] == np.arange(9999)).all()
elif kind == "write":
    with _cache.atomic_write(folder / "table.csv", "w") as file:
        file.write("x" * 5000)
"""


@pytest.mark.parametrize(
    ("kind", "words"), [("cache", "could not keep derived data"), ("write", "File too large")]
)
def test_a_full_disk_is_said_and_nothing_half_stays(
    tmp_path, monkeypatch, kind, words, record_property
):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    (tmp_path / "table.csv").write_text("whole")
    _, errors = begin(FULL, kind, tmp_path).communicate()
    assert words in errors
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "whole"
    record_property(SURVIVED, 1)
