"""Each guard holds for the project; the tests beside this show each failing on a bad example."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import chapter as guards
import docstrings
import imports
import prose
import pytest
from chapter import Chapter
from exercises import exercises

import mmtutor
from mmtutor.course import reference
from mmtutor.exercises import numbers

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
CHAPTERS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))

CHAPTER_GUARDS: list[Callable[[Chapter], list[str]]] = [
    guards.parts,
    guards.cell_length,
    guards.executed_in_order,
    guards.ignored_outputs,
    guards.untested_cells,
    guards.size,
    guards.absolute_paths,
    prose.numbers_in_prose,
    guards.alt_texts,
    guards.private_imports,
]


# Of a hundred numbers made up, this many may pass the guard on numbers; without regard to where a
# number stands it lets 24 to 60 pass.
MOST_ARBITRARY = 0.12


@pytest.mark.parametrize("guard", CHAPTER_GUARDS, ids=lambda guard: guard.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path: Path, guard: Callable[[Chapter], list[str]]) -> None:
    assert guard(Chapter.read(path)) == []


def test_the_good_chapter_is_good(chapter: Chapter) -> None:
    for guard in CHAPTER_GUARDS:
        assert guard(chapter) == [], guard.__name__
    assert exercises(chapter, ["05.1", "05.2", "05.3"]) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_few_numbers_made_up_would_pass(path: Path) -> None:
    assert prose.arbitrary_numbers_accepted(Chapter.read(path)) < MOST_ARBITRARY


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_exercises(path: Path) -> None:
    assert exercises(Chapter.read(path), numbers(path.name[:2])) == []


def test_sources_and_notebooks_are_the_same() -> None:
    assert guards.source_and_notebook(NOTEBOOKS) == []


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each text of the project that holds links, with its Markdown."""
    for pattern in ("*.md", "docs/**/*.md", "data/**/*.md", "benchmarks/*.md"):
        for path in sorted(ROOT.glob(pattern)):
            yield path, path.read_text(encoding="utf-8")
    for path in CHAPTERS:
        yield path, Chapter.read(path).prose


def test_no_link_is_dead() -> None:
    assert [p for path, text in pages() for p in prose.dead_links(path, text)] == []


def test_prose_is_british() -> None:
    problems = [p for path, text in pages() for p in prose.american_spelling(path.name, text)]
    assert problems == []


def test_readme_lists_the_chapters_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(notebooks/([\w-]+\.ipynb)\)", readme)
    assert sorted(set(linked)) == [path.name for path in CHAPTERS]


MODULES = reference.public_modules()


def test_every_public_room_is_looked_at() -> None:
    assert {f"mmtutor.{room}" for room in mmtutor._ROOMS} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    problems = [
        problem
        for place, thing in reference.members(module)
        for problem in docstrings.docstring(place, thing)
    ]
    assert problems == []


def test_names_are_taught_where_they_say() -> None:
    usage = reference.Usage({path.name[:2]: Chapter.read(path).notebook for path in CHAPTERS})
    problems = [
        problem
        for place, thing in reference.public_names().items()
        for problem in docstrings.taught(place, thing, usage.of(place, thing))
    ]
    assert problems == []


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_only_deep_loads_tensorflow() -> None:
    others = [name for name in MODULES if not name.startswith("mmtutor.deep")]
    assert imports.loaded_by(["mmtutor", *others], ["tensorflow", "keras", "torch", "jax"]) == []


def test_the_package_itself_loads_nothing() -> None:
    heavy = ["numpy", "pandas", "sklearn", "cv2", "librosa", "matplotlib", "tensorflow"]
    assert imports.loaded_by(["mmtutor"], heavy) == []
