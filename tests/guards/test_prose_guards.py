"""The guards on prose fail on bad examples."""

from __future__ import annotations

from pathlib import Path

import nbformat
import prose as guards
import pytest
from chapter import Chapter
from example import printed, spoil
from nbformat import v4


@pytest.mark.parametrize(
    "claim",
    [
        "The accuracy is 0.83.",
        "It rises to 93 %.",
        "It rises to 93.4%.",
        "It is 81.3 % at best.",  # 0.8123 is 81.2 %
        "- a list says 0.77",
        "| a table | 0.77 |",
        "<details><summary>Answer</summary>It is 0.77.</details>",
        "With **0.77** it wins.",
        "Some 12.5 per cent are lost.",
    ],
)
def test_a_number_that_no_cell_prints_is_found(chapter: Chapter, claim: str) -> None:
    (problem,) = guards.numbers_in_prose(spoil(chapter, "The claim.", claim))
    assert "no cell near it (in 'What we measured'" in problem


HERE, IN_SUMMARY = "It is 0.81, or 81 %.", "The claim."  # in the section that prints 0.812; later


@pytest.mark.parametrize(
    ("place", "claim"),
    [
        (HERE, "It is 0.812, some 0.81, or 0.8."),  # rounded
        (HERE, "It is 81.2 %, some 81 per cent."),  # as a percentage
        (HERE, "The step is 0.2."),  # set in the code
        (IN_SUMMARY, "More than 60 % are right, above 0.6."),  # asserted
        ("Because.", "More than 60 %."),  # in the quiz, asserted under "What we measured"
        ("1. Why?", "1. A friend reports 90 %. Why?"),  # supposed by a question
        (IN_SUMMARY, "In code `0.77`, in a formula $x = 0.77$, in [a link](x.html?0.77)."),
        (IN_SUMMARY, "Kittler et al. (1998) report 0.927."),  # quoted, with its source
        (IN_SUMMARY, "The 95 % confidence interval, from 0 % to 100 %."),
        (IN_SUMMARY, "Exercise 05.1 comes before 05.2; `mmtutor data fetch` brings 1.3 MB."),
        (IN_SUMMARY, "In 3 chapters, with 7,442 clips, at 16 kHz, on Python 3.11, CC BY 4.0."),
    ],
)
def test_what_is_no_loose_number(chapter: Chapter, place: str, claim: str) -> None:
    step = spoil(chapter, "print(round", "step = 0.2\nprint(round")
    assert guards.numbers_in_prose(spoil(step, place, claim)) == []


@pytest.mark.parametrize(
    ("place", "claim"),
    [
        (IN_SUMMARY, "It is 81.2 %."),  # printed in another section
        (IN_SUMMARY, "It is 0.812."),
        ("Fill in a stub.", "Some reach 81 %."),
        ("Because.", "It is 0.812."),  # the quiz may cite what was measured, and no more
        (HERE, "It is 20 %, or 0.20001."),  # a setting is not a result
        (HERE, "In 2000 samples it is 0.77."),  # no source, although it looks like a year
        ("1. Why?", "1. It was 93 %. Why?"),  # a result, not a supposition
        ("Because.", "A friend reports 90 %."),  # supposed in an answer only
        ("- **A mistake**: how", "- **A mistake**: a fusion at 80 %"),
    ],
)
def test_a_number_from_elsewhere_is_found(chapter: Chapter, place: str, claim: str) -> None:
    step = spoil(chapter, "print(round", "step = 0.2\nprint(round")
    assert guards.numbers_in_prose(spoil(step, place, claim))


def test_the_cells_beside_a_paragraph_support_it_across_a_heading(chapter: Chapter) -> None:
    """A question before a section, and the answer that opens the next one."""
    opens = spoil(chapter, "The claim.", "It was 0.77.")
    assert guards.numbers_in_prose(opens)
    opens.code[2].outputs = [*opens.code[2].outputs, *printed("0.7731\n")]
    assert guards.numbers_in_prose(opens) == []


def test_whole_numbers_are_percentages_only_where_a_cell_says_so(chapter: Chapter) -> None:
    said = spoil(chapter, "It is 0.81, or 81 %.", "It is 77 %.")
    for output, accepted in (("77\n", False), ("77 of 90\n", False), ("77 %\n", True)):
        said.code[1].outputs = printed(output)
        assert (guards.numbers_in_prose(said) == []) == accepted, output


def test_the_share_of_made_up_numbers_is_counted(chapter: Chapter) -> None:
    few = guards.arbitrary_numbers_accepted(chapter)
    assert 0 < few < 0.02  # 60 % and 81 %, each in a part of the chapter
    every = "".join(f"{value} %\n" for value in range(1, 100))
    for cell in chapter.code:
        cell.outputs, cell.metadata = printed(every), {}
    assert guards.arbitrary_numbers_accepted(chapter) == 1


def test_an_ignored_output_supports_no_number(chapter: Chapter) -> None:
    chapter.code[3].outputs = printed("0.773\n")
    assert "nbval-ignore-output" in chapter.code[3].metadata.tags
    assert guards.numbers_in_prose(spoil(chapter, "The claim.", "It is 0.77."))
    chapter.code[3].metadata.tags = []
    assert guards.numbers_in_prose(spoil(chapter, "The claim.", "It is 0.77.")) == []


@pytest.mark.parametrize("word", ["color", "gray", "normalize", "centered", "standardized"])
def test_american_spelling_is_found(word: str) -> None:
    assert guards.american_spelling("x", f"The {word} of it.") == [f"x: American spelling {word!r}"]


def test_spelling_of_code_and_british_words_is_left_alone() -> None:
    text = "The colour, `color=gray`, [normalised](color.md), prize.\n\n## References\n\n- Color."
    assert guards.american_spelling("x", text) == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "there is.md").write_text("")
    good = (
        "[a](there%20is.md#part) [b](https://example.org) [c](#part) `[d](no.md)` "
        "[e](mailto:a@b.c) <img src='there%20is.md'>"
    )
    assert guards.dead_links(page, good) == []
    bad = "[a](gone.md) ![b](gone.png) <a href='gone.html'>x</a> [abs](/there)\n[r]: gone.txt\n"
    assert [problem.rpartition(" ")[2] for problem in guards.dead_links(page, bad)] == [
        *("gone.md", "gone.png", "/there", "gone.html", "gone.txt")
    ]


def test_a_link_to_a_section_leads_to_a_heading(chapter: Chapter, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    name = chapter.path.name
    good = f"[a]({name}#1-·-The-idea) [b]({name}#Exercise-05.1-%C2%B7-Do-it) [c]({name})"
    assert guards.dead_links(page, good) == []
    assert guards.dead_links(chapter.path, "[own](#What-we-measured)") == []
    (problem,) = guards.dead_links(page, f"[a]({name}#1-·-The-ideal)")
    assert problem == f"page.md: {name} has no section 1-·-The-ideal"
    (problem,) = guards.dead_links(chapter.path, "[own](#Elsewhere)")
    assert "has no section Elsewhere" in problem


@pytest.mark.parametrize(
    ("claim", "fine"),
    [
        ("It is 0.64 ([06](06_choose.ipynb#2-·-Compared)).", True),
        ("It is 64 % ([06](06_choose.ipynb#2-·-Compared)).", True),
        ("It is 0.64 ([06](06_choose.ipynb#Deeper)).", True),
        ("It is 0.65 ([06](06_choose.ipynb#2-·-Compared)).", False),
        ("It is 0.64 ([06](06_choose.ipynb#1-·-The-idea)).", False),
        ("It is 0.64 ([06](06_choose.ipynb)).", False),
        ("It is 0.64. Others ([06](06_choose.ipynb#2-·-Compared)) agree.", False),
        ("| it is 0.64 | 06 |\n| others | [06](06_choose.ipynb#Deeper) |", False),
        ("It is 0.64 ([07](07_gone.ipynb#2-·-Compared)).", False),
    ],
)
def test_a_sentence_may_repeat_what_the_section_that_it_links_to_prints(
    chapter: Chapter, claim: str, fine: bool
) -> None:
    other = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# 06 · Choose\n\n## 1 · The idea"),
            v4.new_code_cell("print(0.5)", outputs=printed("0.5\n")),
            v4.new_markdown_cell("A text.\n\n## 2 · Compared\n\nThen:\n\n### Deeper"),
            v4.new_code_cell("print(0.64)", outputs=printed("0.64\n")),
            v4.new_markdown_cell("## 3 · Last"),
        ]
    )
    nbformat.write(other, chapter.path.parent / "06_choose.ipynb")
    assert (guards.numbers_in_prose(spoil(chapter, "The claim.", claim)) == []) == fine
