"""The list of claims shows where each stands, and what asserts it."""

from __future__ import annotations

from pathlib import Path

from chapter import Chapter
from claims import Claim, claims
from example import good_chapter, spoil
from nbformat import v4


def source_of(chapter: Chapter) -> str:
    """Return a chapter as py:percent, as far as the list of claims reads it."""
    lines = []
    for cell in chapter.notebook.cells:
        code = cell.cell_type == "code"
        lines.append("# %%" if code else "# %% [markdown]")
        lines += [line if code else f"# {line}".rstrip() for line in cell.source.splitlines()]
    return "\n".join(lines)


def of(chapter: Chapter, words: str) -> list[Claim]:
    """Return the claims of a chapter in whose sentence the words stand."""
    return [claim for claim in claims(chapter, source_of(chapter)) if words in claim.sentence]


def test_claims_are_listed_with_line_and_assertion(tmp_path: Path) -> None:
    said = "A fact.\nIt `never` ends.\n\nIt is better than before\nbecause we say so. A fact."
    chapter = spoil(good_chapter(tmp_path), "The claim.", said)
    (claim,) = of(chapter, "It")
    assert source_of(chapter).splitlines()[claim.line - 1] == "# It is better than before"
    assert claim.words == ["better than", "because"]
    assert claim.sentence == "It is better than before because we say so."
    assert claim.nearest == "assert score > 0.6"


def test_a_claim_without_an_assertion_and_a_cited_work_are_told_apart(tmp_path: Path) -> None:
    chapter = spoil(good_chapter(tmp_path), "1. Why?", "1. Why is it never so?")
    chapter = spoil(chapter, "On combining classifiers", "Why it is always better than that")
    assert [claim.nearest for claim in of(chapter, "Why")] == [""]


def test_the_nearest_assertion_is_named(tmp_path: Path) -> None:
    chapter = spoil(good_chapter(tmp_path), "The claim.", "It never fails.")
    chapter.notebook.cells.insert(6, v4.new_code_cell("assert near\nx = 1"))
    chapter.notebook.cells.insert(4, v4.new_code_cell("assert elsewhere"))
    (claim,) = of(chapter, "fails")
    assert claim.nearest == "assert near"
