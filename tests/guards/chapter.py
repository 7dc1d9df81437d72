"""What every chapter must be: its parts, how it was executed, its size, paths and figures.

A guard returns the problems it finds. A problem is one line that names the place, what is wrong,
and what to do. The guards know nothing of pytest: test_guards.py applies each to the project, and
the tests beside it show each one failing on a bad example.

A chapter is an executed notebook, `notebooks/NN_name.ipynb`; its parts and headings are those of
docs/template.py.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from mmtutor.course import manifest, notebooks

MAX_BYTES = 1_500_000
MAX_CELL_LINES = 30  # the aim is twenty; a plot with its labels may need a few more
CALL = re.compile(r"""\bcheck\(\s*["'](\d\d\.\d+)["']""")


@dataclass
class Chapter:
    """An executed notebook with what the guards ask of it most.

    Attributes
    ----------
    path : Path
        Where it lies.
    notebook : NotebookNode
        Its cells and metadata.
    """

    path: Path
    notebook: Any

    @classmethod
    def read(cls, path: Path) -> Chapter:
        """Read a chapter from disk."""
        return cls(path, nbformat.read(path, as_version=4))

    @property
    def number(self) -> str:
        """Two digits."""
        return self.path.name[:2]

    @property
    def code(self) -> list[Any]:
        """The code cells that hold something."""
        return notebooks.code(self.notebook)

    @property
    def prose(self) -> str:
        """All Markdown, cells parted by blank lines."""
        return notebooks.prose(self.notebook)

    def section(self, heading: str) -> str:
        """Return the Markdown under a heading of the second level, or nothing."""
        pattern = rf"^## {re.escape(heading)}[^\n]*\n(.*?)(?=^## |\Z)"
        found = re.search(pattern, self.prose, flags=re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    def problem(self, words: str) -> str:
        """Put the chapter's name before a problem."""
        return f"{self.path.name}: {words}"

    def passages(self) -> Iterator[Passage]:
        """Yield the Markdown of each cell, in pieces where a section of the second level begins.

        A section is what lies between two such headings; what precedes the first has no heading.
        """
        section, heading = 0, ""
        pieces: list[tuple[int, int, str, str]] = []
        sections: dict[int, int] = {}  # of each code cell that holds something
        for place, cell in enumerate(self.notebook.cells):
            if cell.cell_type == "code" and cell.source.strip():
                sections[place] = section
            elif cell.cell_type == "markdown":
                for text in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
                    if text.startswith("## "):
                        section, heading = section + 1, text.partition("\n")[0][3:]
                    pieces.append((place, section, heading, text))
        for place, section, heading, text in pieces:
            near = {code for code, own in sections.items() if own == section}
            near |= {max((code for code in sections if code < place), default=place)}
            near |= {min((code for code in sections if code > place), default=place)}
            cells = [self.notebook.cells[code] for code in sorted(near - {place})]
            yield Passage(place, heading, text, cells)

    def sections(self) -> dict[str, list[Any]]:
        """The code cells under each heading below the title, by its anchor.

        They reach to the next heading of its level or above.
        """
        found: dict[str, list[Any]] = {}
        opened: list[tuple[int, str]] = []
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown":
                for level, heading in re.findall(r"^(##+) (.+)$", cell.source, flags=re.MULTILINE):
                    opened = [each for each in opened if each[0] < len(level)]
                    opened.append((len(level), anchor(heading)))
                    found.setdefault(opened[-1][1], [])
            elif cell.source.strip():
                for _, name in opened:
                    found[name].append(cell)
        return found

    def code_under(self, heading: str) -> list[Any]:
        """Return the code cells after a heading of the second level, up to the next one."""
        inside, found = False, []
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown":
                for line in cell.source.splitlines():
                    if line.startswith("## "):
                        inside = line.startswith(f"## {heading}")
            elif inside and cell.source.strip():
                found.append(cell)
        return found


def anchor(heading: str) -> str:
    """Return what a link to a heading ends in, after #: its text, as shown, with hyphens."""
    return re.sub(r"[`*$]", "", heading).strip().replace(" ", "-")


@functools.lru_cache(maxsize=64)
def sections_of(path: Path) -> dict[str, list[Any]]:
    """Return the sections of a stored notebook, by anchor, each with its code cells."""
    return Chapter.read(path).sections()


@dataclass
class Passage:
    """A piece of prose, and the code cells that a reader sees with it.

    Attributes
    ----------
    place : int
        Of its cell in the notebook, counted from 0.
    heading : str
        Of its section, without the hashes; empty above the first.
    text : str
        Its Markdown.
    cells : list of NotebookNode
        The code cells of its section, and the nearest one before and after it.
    """

    place: int
    heading: str
    text: str
    cells: list[Any]


def tags(cell: Any) -> set[str]:
    """Return a cell's tags, and nbval's markers in comments as the tags they stand for."""
    markers = re.findall(r"#\s*((?:PYTEST_VALIDATE|NBVAL)_\w+)", cell.source)
    return {*cell.metadata.get("tags", []), *(m.lower().replace("_", "-") for m in markers)}


def ignores_output(cell: Any) -> bool:
    """Tell whether nbval leaves a cell's output uncompared."""
    return bool(tags(cell) & {"nbval-ignore-output", "pytest-validate-ignore-output"})


# -- the parts of a chapter --------------------------------------------------------------


def parts(chapter: Chapter) -> list[str]:
    """A chapter has every part of docs/template.py, with something in it."""
    prose = chapter.prose
    opening = prose.split("\n## ", 1)[0]
    listed = r"(?:\s*\n)+\s*[-*] .+\n\s*[-*] .+"
    wanted = [
        (
            rf"\A# {chapter.number} · \S.*",
            opening,
            f"a title, first of all: '# {chapter.number} · Title · 中文'",
        ),
        (r"^# .*[\u4e00-\u9fff]", opening, "the Chinese title beside the English one"),
        (r"^> \S.{20,}", opening, "a one-sentence promise under the title: '> ...'"),
        (rf"\*\*After this chapter you can\*\*{listed}", opening, "at least two objectives"),
        (r"\*\*You need\*\*:? ?:?.{3,}", opening, "the prerequisites: '**You need**: ...'"),
        (
            r"\*\*Time\*\*.*\d+ minutes?.*\d+ seconds?",
            opening,
            "the time: '**Time**: 35 minutes to read and do, 25 seconds to run.'",
        ),
        (
            r"^\|.*中文.*\|\s*\n\|[-| :]+\|\s*(?:\n\|.*[\u4e00-\u9fff].*\|.*){3}",
            opening,
            "a table of at least three key terms with the Chinese term beside each",
        ),
        (r"\S", chapter.section("What we measured"), "'## What we measured' with a sentence"),
        (r"\S", chapter.section("Exercises"), "'## Exercises'"),
        (r"<details>", chapter.section("Quiz"), "'## Quiz' with folded answers"),
        (r"^[-*] ", chapter.section("Pitfalls"), "'## Pitfalls' with a list"),
        (r"^[-*\d]", chapter.section("References"), "'## References' with a list"),
    ]
    if chapter.number != "00":  # the first chapter needs no formula
        wanted.append((r"\$\$.+?\$\$", prose, "a formula: $$ ... $$"))
    found = [
        chapter.problem(f"lacks {what}")
        for pattern, text, what in wanted
        if not re.search(pattern, text, flags=re.MULTILINE | (re.DOTALL if "$$" in what else 0))
    ]
    code = "\n".join(cell.source for cell in chapter.code)
    if not re.search(r"^\s*(from|import) mmtutor\b", code, flags=re.MULTILINE):
        found.append(chapter.problem("uses nothing of the package: import from mmtutor"))
    if not any(asserts(cell) for cell in chapter.code_under("What we measured")):
        found.append(chapter.problem("'What we measured' holds no code cell with an assertion"))
    if not any("image/png" in output.get("data", {}) for output in _outputs(chapter)):
        found.append(chapter.problem("shows no picture: use plotting.show(fig, alt=...)"))
    # Real recordings are of people and are not copied into notebooks; simulated sound is played.
    sound = re.search(r"^\s*from mmtutor import [^\n]*\baudio\b", code, flags=re.MULTILINE)
    if sound and not manifest.requires(chapter.path) and "<audio" not in _html(chapter):
        found.append(chapter.problem("works on sound but plays none: use plotting.listen(...)"))
    return found


def asserts(cell: Any) -> bool:
    """Tell whether a cell claims something of what it computed."""
    return bool(re.search(r"^\s*assert\b|\bassert_\w+\(", cell.source, flags=re.MULTILINE))


def _outputs(chapter: Chapter) -> Iterator[Any]:
    for cell in chapter.code:
        yield from cell.outputs


def _html(chapter: Chapter) -> str:
    return "".join(output.get("data", {}).get("text/html", "") for output in _outputs(chapter))


def cell_length(chapter: Chapter) -> list[str]:
    """A code cell holds one idea: no more lines than a reader takes in at once."""
    return [
        chapter.problem(f"a cell has {n} lines, at most {MAX_CELL_LINES}: {cell.source[:40]!r}")
        for cell in chapter.code
        if (n := sum(bool(line.strip()) for line in cell.source.splitlines())) > MAX_CELL_LINES
    ]


# -- executed, and honestly compared -----------------------------------------------------


def executed_in_order(chapter: Chapter) -> list[str]:
    """Every code cell was executed, from 1 to n, without an error.

    nbval does not compare a cell that was never executed: a stripped notebook would always pass.
    """
    counts = [cell.execution_count for cell in chapter.code]
    found = []
    if counts != list(range(1, len(counts) + 1)):
        found.append(
            chapter.problem(
                f"code cells are not executed in order, 1 to n: {counts}; make notebooks"
            )
        )
    for output in _outputs(chapter):
        if output.output_type == "error":
            found.append(chapter.problem(f"stores an error: {output.ename}"))
        if output.output_type == "stream" and output.name == "stderr":
            found.append(chapter.problem(f"stores an error stream: {output.text[:60]!r}"))
    return found


def ignored_outputs(chapter: Chapter) -> list[str]:
    """At most a quarter of the code cells ignore their output; a claim is asserted after each."""
    ignoring = [index for index, cell in enumerate(chapter.code) if ignores_output(cell)]
    found = []
    if 4 * len(ignoring) > len(chapter.code):
        found.append(
            chapter.problem(
                f"{len(ignoring)} of {len(chapter.code)} code cells ignore their output, more than "
                "a quarter: print rounded values, or put the numbers that vary into fewer cells"
            )
        )
    for index in ignoring:
        if not any(asserts(cell) for cell in chapter.code[index:]):
            found.append(
                chapter.problem(
                    f"no claim is asserted in or after a cell that ignores its output: "
                    f"{chapter.code[index].source[:40]!r}"
                )
            )
    return found


def untested_cells(chapter: Chapter) -> list[str]:
    """No cell is kept from nbval, or may raise anything at all."""
    forbidden = {
        "nbval-skip": "is never executed by the tests",
        "raises-exception": "may raise any error: catch it and print it",
        "nbval-raises-exception": "may raise any error: catch it and print it",
    }
    return [
        chapter.problem(f"tag {tag}: the cell {forbidden[tag]}: {cell.source[:40]!r}")
        for cell in chapter.code
        for tag in sorted(tags(cell) & set(forbidden))
    ]


def source_and_notebook(folder: Path) -> list[str]:
    """Every source has an executed notebook with the same cells, and the other way round."""
    found = []
    for source in sorted((folder / "source").glob("*.py")):
        stored = folder / f"{source.stem}.ipynb"
        for difference in notebooks.differences(source, stored):
            found.append(f"{source.name} and its notebook: {difference}; make notebooks")
    for stored in sorted(folder.glob("*.ipynb")):
        if not (folder / "source" / f"{stored.stem}.py").exists():
            found.append(f"{stored.name} has no source in notebooks/source")
    return found


def size(chapter: Chapter) -> list[str]:
    """A notebook stays small enough to clone, diff and open quickly."""
    n_bytes = chapter.path.stat().st_size
    if n_bytes <= MAX_BYTES:
        return []
    return [
        chapter.problem(
            f"{n_bytes / 1e6:.2f} MB, more than {MAX_BYTES / 1e6:.1f}: fewer or smaller figures, "
            "shorter sounds"
        )
    ]


ABSOLUTE = re.compile(
    r"(?<![\w.:/~])(?:/(?:home|root|work|tmp|Users|usr|var|opt|mnt|etc)/[\w.-]+|[A-Z]:\\{1,2}\w+)"
)


def absolute_paths(chapter: Chapter) -> list[str]:
    """No path of the machine on which the notebook was made."""
    said = [chapter.prose, *(cell.source for cell in chapter.code)]
    said += [text for output in _outputs(chapter) for text in texts(output)]
    return [
        chapter.problem(f"holds an absolute path: {match[0]!r}")
        for text in said
        for match in ABSOLUTE.finditer(text)
    ]


def texts(output: Any) -> list[str]:
    """Return what an output says in words: no pictures, no sounds, no HTML tags."""
    if output.output_type == "stream":
        return [output.text]
    data = output.get("data", {})
    html = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", data.get("text/html", ""), flags=re.S)
    return [data.get("text/plain", ""), html, data.get("text/markdown", "")]


# -- figures, and what is imported --------------------------------------------------------


def alt_texts(chapter: Chapter) -> list[str]:
    """Every picture has a sentence for readers who cannot see it."""
    found = []
    for output in _outputs(chapter):
        if "image/png" in output.get("data", {}):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            if len(alt.split()) < 4:
                found.append(
                    chapter.problem(
                        f"a figure has no alt text ({alt!r}): plotting.show(fig, alt=...)"
                    )
                )
    for alt in re.findall(r"!\[([^\]]*)\]\(", chapter.prose):
        if len(alt.split()) < 2:
            found.append(chapter.problem(f"a picture in the text has no alt text ({alt!r})"))
    return found


def private_imports(chapter: Chapter) -> list[str]:
    """A notebook uses public names only."""
    code = "\n".join(cell.source for cell in chapter.code)
    lines = re.findall(r"^\s*(?:from|import) mmtutor[^\n]*", code, flags=re.MULTILINE)
    return [
        chapter.problem(f"imports a private name: {line.strip()!r}")
        for line in lines
        if re.search(r"[.\s,(]_\w", line)
    ]
