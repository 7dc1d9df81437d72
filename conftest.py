"""How the tests are run: unit tests, doctests, and the notebooks under nbval (make test).

At the project's root because a conftest reaches only what lies below it: tests/, notebooks/ and the
doctests of mmtutor/.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before numpy, matplotlib or TensorFlow is imported, and inherited by the notebooks' kernels.
from mmtutor.course.runner import KERNEL_ENVIRONMENT, make_default_data

os.environ.update(KERNEL_ENVIRONMENT)
os.environ.pop("MPLBACKEND", None)  # kernels choose the inline backend

import matplotlib

matplotlib.use("Agg")  # for the tests in this process


def _is_notebook(collector: object) -> bool:
    return getattr(collector, "path", Path()).suffix == ".ipynb"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the default data once, before workers and notebooks all want it."""
    is_worker = hasattr(session.config, "workerinput")
    if session.config.getoption("nbval", False) and not is_worker:
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
        missing = runner.missing_data(manifest.requires(item.parent.path))
        reason = f"needs real data: mmtutor data fetch {' '.join(missing)}" if missing else ""
        reasons[item.parent] = reason
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"{item.parent.path.name} {reason}"))
        kept.append(item)
    items[:] = kept
