"""Chapter 19's claims are complete; the guard on them fails on bad examples."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from article import LEAST, claims
from chapter import Chapter
from nbformat import v4

CHAPTER = Path(__file__).parents[2] / "notebooks" / "19_test_the_article.ipynb"


def test_every_claim_has_a_verdict_and_evidence() -> None:
    assert claims(Chapter.read(CHAPTER)) == []


def small(text: str, letters: str) -> Chapter:
    cells = [v4.new_markdown_cell(text), v4.new_code_cell(f'VERDICTS = {{"Part": "{letters}"}}')]
    return Chapter(Path("19_x.ipynb"), v4.new_notebook(cells=cells))


ROWS = [
    f"| {n} | it is so | wrong | because ([05](05_fuse_decisions.ipynb#2-·-Six)) | it is not |"
    for n in range(1, LEAST + 1)
]
GOOD = "\n".join(
    ["## 3 · The claims, one by one", "### Part", "| | says | Verdict | Evidence | right |", *ROWS]
)


def test_a_good_table_is_good() -> None:
    assert claims(small(GOOD, "W" * LEAST)) == []
    own = GOOD.replace("05_fuse_decisions.ipynb", "", 3)
    assert claims(small(own, "W" * LEAST)) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("| 7 | it is so | wrong |", "| 7 | it is so | odd |", "row 7: no such verdict: 'odd'"),
        ("| 7 | it is so | wrong |", "| 7 | it is so | right |", "the tables say"),
        ("| 7 |", "| 6 |", "rows must be numbered"),
        (ROWS[-1], "", f"from 1 to {LEAST}"),
        (ROWS[3], re.sub(r"\(\[.*\)\)", "", ROWS[3]), "row 4: its evidence links to no section"),
        (ROWS[3], ROWS[3].replace("#2-·-Six", ""), "row 4: its evidence links to no section"),
        (ROWS[3], ROWS[3].replace("it is not", ""), "row 4: a claim that is wrong has no"),
    ],
)
def test_a_bad_table_is_found(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    assert any(problem in found for found in claims(small(GOOD.replace(old, new), "W" * LEAST)))
