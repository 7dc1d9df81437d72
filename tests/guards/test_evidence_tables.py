"""Every experiment of every chapter has a table of today's code and data."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmtutor.course import evidence, manifest, notebooks

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCES = [chapter.source for chapter in manifest.read_course(ROOT).present]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_tables_are_fresh(source: Path) -> None:
    found = evidence.experiments(evidence.program(notebooks.read_source(source)))
    states = {one.name: evidence.state(one) for one in found}
    wrong = {name: state for name, state in states.items() if state != "fresh"}
    assert not wrong, f"mmtutor evidence {source.stem[:2]}"
    assert all(one.name.startswith(f"{source.stem[:2]}_") for one in found)


def test_every_table_belongs_to_an_experiment() -> None:
    known = {
        one.name
        for source in SOURCES
        for one in evidence.experiments(evidence.program(notebooks.read_source(source)))
    }
    assert {path.stem for path in (ROOT / "data" / "evidence").glob("*.csv")} == known
