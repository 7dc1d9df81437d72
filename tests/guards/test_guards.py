"""Each guard holds for the project, and each one fails on a bad example."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import chapter as guards
import nbformat
import numpy as np
import pytest
from chapter import Chapter
from nbformat import v4

import mmtutor
from mmtutor.course import notebooks
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
    guards.numbers_in_prose,
    guards.alt_texts,
    guards.private_imports,
]


# -- the project --------------------------------------------------------------------------


@pytest.mark.parametrize("guard", CHAPTER_GUARDS, ids=lambda guard: guard.__name__)
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path: Path, guard: Callable[[Chapter], list[str]]) -> None:
    assert guard(Chapter.read(path)) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_exercises(path: Path) -> None:
    assert guards.exercises(Chapter.read(path), numbers(path.name[:2])) == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_formulas_become_mathml(path: Path, tmp_path: Path) -> None:
    """The pages of `make run` show every formula; here only the Markdown is rendered."""
    from mmtutor.course import pages

    chapter = Chapter.read(path)
    text_only = v4.new_notebook(
        cells=[cell for cell in chapter.notebook.cells if cell.cell_type == "markdown"]
    )
    page = tmp_path / "page.html"
    assert pages.write_page(text_only, page, title=path.stem, folder=NOTEBOOKS) == []


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
    assert [p for path, text in pages() for p in guards.dead_links(path, text)] == []


def test_prose_is_british() -> None:
    problems = [p for path, text in pages() for p in guards.american_spelling(path.name, text)]
    assert problems == []


def test_readme_lists_the_chapters_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(notebooks/([\w-]+\.ipynb)\)", readme)
    assert sorted(set(linked)) == [path.name for path in CHAPTERS]


def public_modules() -> list[str]:
    rooms = [f"mmtutor.{room}" for room in mmtutor._ROOMS]
    inner = ["mmtutor.fusion.rules", "mmtutor.datasets.remote"]
    there = [name for name in [*rooms, *inner] if importlib.util.find_spec(name)]
    return [*there, "mmtutor.course.cli"]


@pytest.mark.parametrize("name", public_modules())
def test_public_names_are_documented(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    problems = [
        p for place, thing in guards.public_names(module) for p in guards.docstring(place, thing)
    ]
    assert problems == []


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_only_deep_loads_tensorflow() -> None:
    others = [name for name in public_modules() if name != "mmtutor.deep"]
    assert guards.loaded_by(["mmtutor", *others], ["tensorflow", "keras", "torch", "jax"]) == []


def test_the_package_itself_loads_nothing() -> None:
    heavy = ["numpy", "pandas", "sklearn", "cv2", "librosa", "matplotlib", "tensorflow"]
    assert guards.loaded_by(["mmtutor"], heavy) == []


# -- a chapter that every guard accepts ---------------------------------------------------

OPENING = """\
# 05 · Fuse decisions · 决策融合

> How do three opinions become one that is better than the best of them?

**After this chapter you can**

- fuse posteriors,
- and say when it hurts.

**You need**: what a probability is.
**Time**: 35 minutes to read and do, 25 seconds to run.

| Key term | 中文 | In short |
|---|---|---|
| late fusion | 决策级融合 | decide, then combine |
| posterior | 后验概率 | the probability of a class |
| product rule | 乘积规则 | multiply |
"""

CLOSING = """\
## Quiz

1. Why?

<details><summary>Answer</summary>Because.</details>

2. When?

<details><summary>Answer</summary>Often.</details>

3. Who?

<details><summary>Answer</summary>You.</details>

## Pitfalls

- **A mistake**: how to see it.

## References

- Kittler, On combining classifiers, 1998: 0.927 and 99.9 %.
"""


def printed(text: str) -> list:
    return [v4.new_output("stream", name="stdout", text=text)]


def good_chapter(folder: Path) -> Chapter:
    """Return the smallest chapter 05 that all guards accept."""
    figure = v4.new_output(
        "display_data",
        data={"image/png": "iVBORw0KGgo=", "text/plain": "<Figure size 1x1 with 1 Axes>"},
        metadata={"image/png": {"alt": "Accuracy against noise: the sum rule stays above."}},
    )
    code = v4.new_code_cell
    cells = [
        v4.new_markdown_cell(OPENING),
        code("from mmtutor import fusion\nfrom mmtutor.exercises import check"),
        v4.new_markdown_cell("## 1 · The idea\n\n$$ P = \\prod_r P_r $$\n\nIt is 0.81, or 81 %."),
        code("print(round(0.8123, 3))", outputs=printed("0.812\n")),
        code("plotting.show(fig, alt=alt)", outputs=[figure]),
        v4.new_markdown_cell("## What we measured\n\nThe claim."),
        code("score = fit()\nscore", metadata={"tags": ["nbval-ignore-output"]}),
        code("assert score > 0.6"),
        v4.new_markdown_cell("## Exercises\n\nFill in a stub."),
    ]
    for number in ("05.1", "05.2", "05.3"):
        cells += [
            v4.new_markdown_cell(f"### Exercise {number} · Do it"),
            code(f'check("{number}", None)', outputs=printed(f"{number} not yet: expected x\n")),
            code(
                f'check("{number}", right)',
                outputs=printed(f"{number} passed: well done\n"),
                metadata={"tags": ["solution"], "jupyter": {"source_hidden": True}},
            ),
        ]
    cells.append(v4.new_markdown_cell(CLOSING))
    for count, cell in enumerate((c for c in cells if c.cell_type == "code"), start=1):
        cell.execution_count = count
    notebook = v4.new_notebook(cells=cells, metadata={"mmtutor": {"requires": []}})
    path = folder / "05_fuse_decisions.ipynb"
    nbformat.write(notebook, path)
    return Chapter(path, notebook)


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    return good_chapter(tmp_path)


def spoil(chapter: Chapter, old: str, new: str) -> Chapter:
    """Return a copy of a chapter with a text replaced wherever it stands in a cell or output."""
    bad = Chapter(chapter.path, copy.deepcopy(chapter.notebook))
    hits = 0
    for cell in bad.notebook.cells:
        hits += cell.source.count(old)
        cell.source = cell.source.replace(old, new)
        for output in cell.get("outputs", []):
            if "text" in output:
                hits += output.text.count(old)
                output.text = output.text.replace(old, new)
    assert hits, f"{old!r} is not in the good chapter"
    return bad


CHECKERS = ["05.1", "05.2", "05.3"]


def test_the_good_chapter_is_good(chapter: Chapter) -> None:
    for guard in CHAPTER_GUARDS:
        assert guard(chapter) == [], guard.__name__
    assert guards.exercises(chapter, CHECKERS) == []


# -- bad examples -------------------------------------------------------------------------


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
    assert "no cell prints or asserts" in problem


@pytest.mark.parametrize(
    "claim",
    [
        "It is 0.812, some 0.81, or 0.8.",  # rounded
        "It is 81.2 %, some 81 per cent.",  # as a percentage
        "More than 60 % are right, above 0.6.",  # asserted
        "In code `0.77`, in a formula $x = 0.77$, in [a link](x.html?0.77).",
        "Kittler et al. (1998) report 0.927.",  # quoted, with its source
        "The 95 % confidence interval, from 0 % to 100 %.",
        "Exercise 05.1 comes before 05.2; `mmtutor data fetch` brings 1.3 MB.",
        "In 3 chapters, with 7,442 clips, at 16 kHz, on Python 3.11 and under CC BY 4.0.",
    ],
)
def test_what_is_no_loose_number(chapter: Chapter, claim: str) -> None:
    assert guards.numbers_in_prose(spoil(chapter, "The claim.", claim)) == []


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


@pytest.mark.parametrize("alt", ["", "a figure"])
def test_a_figure_without_alt_text_is_found(chapter: Chapter, alt: str) -> None:
    chapter.code[2].outputs[0].metadata = {"image/png": {"alt": alt}}
    (problem,) = guards.alt_texts(chapter)
    assert "no alt text" in problem
    assert guards.alt_texts(spoil(chapter, "The claim.", "![](x.png)"))


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


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('check("05.3", None)', "pass", "exercise 05.3 has no stub"),
        ('check("05.3", right)', "pass", "exercise 05.3 has no solution"),
        ("05.3 not yet", "05.3 passed", "the stub does not print 'not yet'"),
        ("05.3 passed", "05.3 not yet", "the solution does not pass"),
        ("### Exercise 05.3", "### Something", "heading and stub do not both exist"),
        ("05.3", "06.3", "exercise 06.3 belongs to another chapter"),
        ("05.3", "05.4", "exercise 05.4 has no checker"),
        ("3. Who?", "Who?", "2 quiz questions"),
        ("<details><summary>Answer</summary>You.</details>", "You.", "2 folded answers"),
    ],
)
def test_bad_exercises_are_found(chapter: Chapter, old: str, new: str, words: str) -> None:
    problems = guards.exercises(spoil(chapter, old, new), CHECKERS)
    assert any(words in problem for problem in problems), problems


def test_an_open_solution_and_too_few_exercises_are_found(chapter: Chapter) -> None:
    chapter.code[-1].metadata.pop("jupyter")
    (problem,) = guards.exercises(chapter, CHECKERS)
    assert "not folded" in problem
    chapter.notebook.cells = [cell for cell in chapter.notebook.cells if "05.3" not in cell.source]
    (problem,) = guards.exercises(chapter, CHECKERS)
    assert "2 checked exercises, at least 3" in problem


def test_private_imports_are_found(chapter: Chapter) -> None:
    for line in ("from mmtutor._table import x", "from mmtutor.fusion import _calibration"):
        (problem,) = guards.private_imports(spoil(chapter, "from mmtutor import fusion", line))
        assert "private name" in problem


# -- docstrings ---------------------------------------------------------------------------


def documented(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
    """Do something.

    Parameters
    ----------
    P : ndarray of shape (n_samples, n_classes)
        Posteriors.
    sample_rate : int
        In Hz.

    Returns
    -------
    ndarray of shape (n_samples,)

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> 1
    1
    """
    return P


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("P : ndarray of shape (n_samples, n_classes)", "P : ndarray", "'P' is an array without"),
        ("        In Hz.", "        The rate.", "'sample_rate' has no unit"),
        ("    sample_rate : int\n", "    rate : int\n", "describe its parameter 'sample_rate'"),
        ("    ndarray of shape (n_samples,)", "    ndarray", "Returns names an array without"),
        ("    Returns\n    -------\n", "    Gives\n    -----\n", "no Returns section"),
        ("    >>> 1\n", "    1\n", "no example"),
        ("Taught in notebook 05.", "Taught.", "which notebook teaches it"),
    ],
)
def test_a_bad_docstring_is_found(old: str, new: str, words: str) -> None:
    def copied(P: np.ndarray, sample_rate: int = 16_000) -> np.ndarray:
        return P

    copied.__doc__ = documented.__doc__
    assert guards.docstring("copied", copied) == []
    assert old in documented.__doc__
    copied.__doc__ = documented.__doc__.replace(old, new)
    problems = guards.docstring("copied", copied)
    assert any(words in problem for problem in problems), problems
    copied.__doc__ = None
    assert guards.docstring("copied", copied) == ["copied has no docstring"]


# -- imports ------------------------------------------------------------------------------


def test_a_loaded_library_is_found() -> None:
    assert guards.loaded_by(["json.tool"], ["json", "ast_none"]) == [
        "json is loaded outside mmtutor.deep"
    ]
    (problem,) = guards.loaded_by(["no_such_module"], ["json"])
    assert "No module named 'no_such_module'" in problem
