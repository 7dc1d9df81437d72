"""The whole site of this clone, written once for the tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmtutor.course import pages
from mmtutor.course.manifest import read_course

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, written without a warning."""
    build = tmp_path_factory.mktemp("build")
    assert pages.write(read_course(ROOT), build=build) == []
    return build / "site"
