"""How the tests are run: unit tests, doctests, and the notebooks under nbval (make test).

At the project's root because a conftest reaches only what lies below it: tests/, notebooks/ and the
doctests of mmtutor/.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

# Before numpy, matplotlib or TensorFlow is imported, and inherited by the notebooks' kernels.
from mmtutor.course.runner import KERNEL_ENVIRONMENT, make_default_data

os.environ.update(KERNEL_ENVIRONMENT)
if threads := os.environ.get("MMTUTOR_TEST_THREADS"):  # see tests/elsewhere.py
    os.environ.update({name: threads for name in KERNEL_ENVIRONMENT if name.endswith("_THREADS")})
# What libraries will drop is noticed here, not by a learner: for the package and the tests see
# pyproject.toml, for the cells of notebooks this.
os.environ["PYTHONWARNINGS"] = ",".join(
    f"error::{kind}Warning:__main__" for kind in ("Deprecation", "PendingDeprecation", "Future")
)
os.environ.pop("MPLBACKEND", None)  # kernels choose the inline backend

import matplotlib

matplotlib.use("Agg")  # for the tests in this process


def _is_notebook(collector: object) -> bool:
    return getattr(collector, "path", Path()).suffix == ".ipynb"


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval say at once that a kernel is dead; by itself it waits for the cell's time-out."""
    if not config.pluginmanager.hasplugin("nbval"):
        return
    from nbval.kernel import RunningKernel

    wait = RunningKernel.get_message

    def get_message(self: Any, stream: str, timeout: float | None = None) -> Any:
        end = time.monotonic() + (math.inf if timeout is None else timeout)
        while True:
            try:
                return wait(self, stream, timeout=min(1.0, max(0.0, end - time.monotonic())))
            except Empty:
                if not self.is_alive():
                    raise RuntimeError("the kernel died: out of memory, or ended by code") from None
                if time.monotonic() >= end:
                    raise

    RunningKernel.get_message = get_message


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Add up what tests record: how many cases were tried, how many faults survived."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        counts.update(dict(report.user_properties))
    for what, number in counts.items():
        terminalreporter.write_line(f"{what}: {number}")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the default data once, and compile, before workers and notebooks all want it."""
    option = session.config.getoption
    is_worker = hasattr(session.config, "workerinput")
    if not is_worker and (option("nbval", False) or option("numprocesses", None)):
        make_default_data()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave the error stream out of nbval's comparison: progress bars and library chatter."""
    if _is_notebook(collector) and hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a notebook whose real data are absent keep one item, skipped with a line that says why."""
    from mmtutor.course import manifest, runner

    reasons: dict[object, str] = {}
    kept = []
    for item in items:
        if not _is_notebook(item.parent):
            kept.append(item)
            continue
        if item.parent in reasons:  # seen before
            if not reasons[item.parent]:
                kept.append(item)
            continue
        try:
            missing = runner.missing_data(manifest.requires(item.parent.path))
        except (manifest.CourseError, ValueError) as error:  # a wrong row, or data nobody knows
            raise pytest.UsageError(str(error)) from None
        reason = f"needs real data: mmtutor data fetch {' '.join(missing)}" if missing else ""
        reasons[item.parent] = reason
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"{item.parent.path.name} {reason}"))
        kept.append(item)
    items[:] = kept
