"""Decks: every chapter has one, with its pictures, and it needs nothing from elsewhere."""

import re

import pytest

from mmtutor.course import cli, notebooks, slides
from mmtutor.course.manifest import find_course

COURSE = find_course()


@pytest.mark.parametrize("chapter", COURSE.present, ids=lambda chapter: chapter.name)
def test_a_deck_holds_every_picture_and_needs_no_network(chapter):
    deck = slides.deck(chapter)
    pictures = sum(
        "image/png" in output.get("data", {})
        for cell in notebooks.code(notebooks.read_stored(chapter.stored))
        for output in cell.outputs
    )
    assert deck.count("<img ") == pictures > 0
    assert 'alt=""' not in deck
    assert 15 < deck.count("<section>") < 100
    assert not re.search(
        r"<(script|link|iframe)|(?:src|href)=\"https?:", deck.replace("<a href", "")
    )
    assert "def solution_" not in deck
    assert "$$" not in deck


def test_the_command_writes_a_deck(tmp_path, capsys):
    target = tmp_path / "five.html"
    assert cli.main(["slides", "05", "--to", str(target)]) == 0
    assert "05" in target.read_text(encoding="utf-8")[:200]
    assert str(target) in capsys.readouterr().out


def test_long_paragraphs_end_with_a_sentence():
    text = "One is here. Then " + "word " * 80 + "end. Three."
    assert slides._shortened(text) == "One is here."
    assert slides._shortened("word " * 90).split()[-1] == "word"


@pytest.mark.parametrize("chapter", COURSE.present, ids=lambda chapter: chapter.name)
def test_the_teaching_notes_speak_of_every_chapter(chapter):
    notes = (COURSE.folder / "docs" / "teach" / "chapters.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {chapter.number:02d} · .*?(?=^## |\Z)", notes, re.M | re.S)
    assert found, f"docs/teach/chapters.md says nothing of chapter {chapter.number:02d}"
    for part in ("Ask", "Stumble", "Show", "Grade"):
        assert f"- **{part}**: " in found[0]
    stored = notebooks.read_stored(chapter.stored)
    text = "\n".join(cell.source for cell in stored.cells)
    for number in re.findall(r"section (\d+)", found[0]):
        assert re.search(rf"^## {number} · ", text, re.M), f"there is no section {number}"
