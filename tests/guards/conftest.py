"""The good chapter, fresh for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from chapter import Chapter
from example import good_chapter


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return good_chapter(tmp_path)
