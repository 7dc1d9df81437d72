"""The guards on a chapter fail on bad examples."""

from __future__ import annotations

from pathlib import Path

import chapter as guards
import pytest
from chapter import Chapter
from example import spoil
from nbformat import v4

from mmtutor.course import notebooks


@pytest.mark.parametrize(
    ("old", "new", "lacking"),
    [
        ("# 05 · Fuse", "# 06 · Fuse", "a title"),
        ("· 决策融合", "", "the Chinese title"),
        ("> How do three", "How do three", "a one-sentence promise"),
        ("- fuse posteriors,\n", "", "at least two objectives"),
        ("**You need**", "You need", "the prerequisites"),
        ("25 seconds", "soon", "the time"),
        ("| posterior | 后验概率 | the probability of a class |\n", "", "three key terms"),
        ("| 中文 |", "| Chinese |", "three key terms"),
        ("$$ P = \\prod_r P_r $$", "P", "a formula"),
        ("## What we measured", "## What we saw", "'## What we measured'"),
        ("## Exercises", "## Tasks", "'## Exercises'"),
        ("## Quiz", "## Questions", "'## Quiz'"),
        ("<details>", "<p>", "folded answers"),
        ("## Pitfalls", "## Traps", "'## Pitfalls'"),
        ("- **A mistake**", "**A mistake**", "'## Pitfalls' with a list"),
        ("## References", "## Sources", "'## References'"),
        ("from mmtutor", "from somewhere", "uses nothing of the package"),
        ("assert score > 0.6", "print(score)", "no code cell with an assertion"),
    ],
)
def test_a_lacking_part_is_found(chapter: Chapter, old: str, new: str, lacking: str) -> None:
    problems = guards.parts(spoil(chapter, old, new))
    assert any(lacking in problem for problem in problems), problems


def test_a_chapter_without_picture_or_player_is_found(chapter: Chapter) -> None:
    for cell in chapter.code:
        cell.outputs = [output for output in cell.outputs if "data" not in output]
    (problem,) = guards.parts(chapter)
    assert "shows no picture" in problem
    silent = spoil(chapter, "from mmtutor import fusion", "from mmtutor import audio, fusion")
    assert any("plays none" in problem for problem in guards.parts(silent))


def test_a_long_cell_is_found(chapter: Chapter) -> None:
    long = "\n\n".join(f"x{n} = {n}" for n in range(guards.MAX_CELL_LINES + 1))
    (problem,) = guards.cell_length(spoil(chapter, "score = fit()", long))
    assert "has 32 lines" in problem


def test_cells_out_of_order_are_found(chapter: Chapter) -> None:
    chapter.code[3].execution_count = None
    (problem,) = guards.executed_in_order(chapter)
    assert "[1, 2, 3, None, 5" in problem
    chapter.code[3].execution_count = 5
    chapter.code[4].execution_count = 4
    assert guards.executed_in_order(chapter)


def test_a_stored_error_and_an_error_stream_are_found(chapter: Chapter) -> None:
    chapter.code[1].outputs = [
        v4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
        v4.new_output("stream", name="stderr", text="a warning"),
    ]
    error, stream = guards.executed_in_order(chapter)
    assert "stores an error: ValueError" in error
    assert "a warning" in stream


def test_too_many_ignored_outputs_are_found(chapter: Chapter) -> None:
    chapter.code[1].metadata.tags = ["nbval-ignore-output"]
    assert guards.ignored_outputs(chapter) == []  # 2 of 11
    chapter.code[2].source = "# NBVAL_IGNORE_OUTPUT\n" + chapter.code[2].source  # as a comment
    (problem,) = guards.ignored_outputs(chapter)
    assert "3 of 11" in problem


def test_an_ignored_output_without_a_claim_is_found(chapter: Chapter) -> None:
    chapter.code[-1].metadata.tags.append("nbval-ignore-output")
    (problem,) = guards.ignored_outputs(chapter)
    assert "no claim is asserted" in problem


@pytest.mark.parametrize("tag", ["nbval-skip", "raises-exception", "nbval-raises-exception"])
def test_cells_kept_from_nbval_are_found(chapter: Chapter, tag: str) -> None:
    chapter.code[1].metadata.tags = [tag]
    (problem,) = guards.untested_cells(chapter)
    assert f"tag {tag}" in problem


def test_a_skip_in_a_comment_is_found(chapter: Chapter) -> None:
    assert guards.untested_cells(spoil(chapter, "score = fit()", "# NBVAL_SKIP\nscore = fit()"))


def test_source_and_notebook_that_differ_are_found(tmp_path: Path) -> None:
    source = tmp_path / "source" / "05_x.py"
    source.parent.mkdir()
    source.write_text("# %% [markdown]\n# Hello\n\n# %%\nprint(1)\n", encoding="utf-8")
    (problem,) = guards.source_and_notebook(tmp_path)
    assert "05_x.ipynb does not exist" in problem
    stored = tmp_path / "05_x.ipynb"
    notebooks.write_stored(notebooks.read_source(source), stored)
    assert guards.source_and_notebook(tmp_path) == []
    for old, new, words in (
        ("print(1)", "print(2)", "cell 2 differs in text"),
        ("# %%\nprint", '# %% tags=["nbval-ignore-output"]\nprint', "cell 2 differs in tags"),
        ("# Hello", "# Hello\n#\n# %%\n# more", "has 2 cells, the source has 3"),
    ):
        text = source.read_text(encoding="utf-8")
        source.write_text(text.replace(old, new), encoding="utf-8")
        assert any(words in problem for problem in guards.source_and_notebook(tmp_path)), words
        source.write_text(text, encoding="utf-8")
    (tmp_path / "06_orphan.ipynb").write_text(stored.read_text(encoding="utf-8"), encoding="utf-8")
    (problem,) = guards.source_and_notebook(tmp_path)
    assert "06_orphan.ipynb has no source" in problem


def test_a_large_notebook_is_found(chapter: Chapter) -> None:
    with chapter.path.open("a", encoding="utf-8") as file:
        file.write(" " * guards.MAX_BYTES)
    (problem,) = guards.size(chapter)
    assert "1.51 MB" in problem


@pytest.mark.parametrize(
    "path", ["/home/ann/data.csv", "/tmp/x", "/root/.cache/a", "/Users/ann/x", "C:\\Users\\ann"]
)
def test_absolute_paths_are_found(chapter: Chapter, path: str) -> None:
    for place in ("0.812\n", "score = fit()", "The claim."):
        assert guards.absolute_paths(spoil(chapter, place, f"see {path}")), (place, path)


@pytest.mark.parametrize(
    "text", ["https://example.org/home/x", "../data/sample", "a/tmp/b", "and/or", "1/tmp"]
)
def test_what_is_no_absolute_path(chapter: Chapter, text: str) -> None:
    assert guards.absolute_paths(spoil(chapter, "The claim.", text)) == []


@pytest.mark.parametrize("alt", ["", "a figure"])
def test_a_figure_without_alt_text_is_found(chapter: Chapter, alt: str) -> None:
    chapter.code[2].outputs[0].metadata = {"image/png": {"alt": alt}}
    (problem,) = guards.alt_texts(chapter)
    assert "no alt text" in problem
    assert guards.alt_texts(spoil(chapter, "The claim.", "![](x.png)"))


def test_private_imports_are_found(chapter: Chapter) -> None:
    for line in ("from mmtutor._table import x", "from mmtutor.fusion import _calibration"):
        (problem,) = guards.private_imports(spoil(chapter, "from mmtutor import fusion", line))
        assert "private name" in problem
