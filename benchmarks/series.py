"""`mmtutor run` beside nbconvert, one notebook after the other; writes series.md.

.venv/bin/python benchmarks/series.py [NN ...]

Both execute the same stored notebooks, by default all whose data are there, in kernels with the
same environment. Exits with 1 if ours takes more than its limit times nbconvert's time.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import machine

from mmtutor.course.manifest import read_course
from mmtutor.course.runner import kernel_environment
from mmtutor.datasets import remote

LIMIT = 0.6
ROOT = Path(__file__).parent.parent
PAGE = Path(__file__).with_suffix(".md")


def seconds(command: list[str]) -> float:
    """Return how long a command takes; raise if it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=kernel_environment(), capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return time.perf_counter() - began


def main(wanted: list[str]) -> int:
    """Measure, write the page, print it; return the exit code."""
    chapters = [
        chapter
        for chapter in read_course(ROOT).chapters
        if (ROOT / "notebooks" / f"{chapter.name}.ipynb").exists()
        and all(remote.is_available(name) for name in chapter.requires)
        and (not wanted or f"{chapter.number:02d}" in wanted)
    ]
    rows, total = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for chapter in chapters:
            notebook = f"notebooks/{chapter.name}.ipynb"
            command = [sys.executable, "-m", "jupyter", "nbconvert", "--execute", "--to", "html"]
            took = seconds([*command, notebook, "--output-dir", folder])
            total += took
            rows.append(f"| {chapter.number:02d} | {took:.0f} |")
    numbers = [f"{chapter.number:02d}" for chapter in chapters]
    ours = seconds([sys.executable, "-m", "mmtutor.course.cli", "run", *numbers])
    page = f"""\
# The series beside nbconvert

Seconds by the wall clock to execute {len(chapters)} chapters and to write their pages.
`jupyter nbconvert --execute` one after the other: {total:.0f}; `mmtutor run`: {ours:.0f}.
Ratio {ours / total:.2f}, limit {LIMIT}.

| chapter | nbconvert, s |
|---|---|
{chr(10).join(rows)}

{machine("nbconvert", "nbclient", "jupyterlab")}
Written by `benchmarks/series.py`.
"""
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    return int(ours / total > LIMIT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
