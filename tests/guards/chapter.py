"""What every chapter and every public name must be: each guard returns the problems it finds.

A problem is one line that names the place, what is wrong, and what to do. The guards know nothing
of pytest: test_guards.py applies each to the project, and shows each failing on a bad example.

A chapter is an executed notebook, `notebooks/NN_name.ipynb`; its parts and headings are those of
docs/template.py.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat

from mmtutor.course import notebooks

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
        cells = self.notebook.cells
        return [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]

    @property
    def prose(self) -> str:
        """All Markdown, cells parted by blank lines."""
        cells = self.notebook.cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")

    def section(self, heading: str) -> str:
        """Return the Markdown under a heading of the second level, or nothing."""
        pattern = rf"^## {re.escape(heading)}[^\n]*\n(.*?)(?=^## |\Z)"
        found = re.search(pattern, self.prose, flags=re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    def problem(self, words: str) -> str:
        """Put the chapter's name before a problem."""
        return f"{self.path.name}: {words}"


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
    if not any(_asserts(cell) for cell in _code_under(chapter, "What we measured")):
        found.append(chapter.problem("'What we measured' holds no code cell with an assertion"))
    if not any("image/png" in output.get("data", {}) for output in _outputs(chapter)):
        found.append(chapter.problem("shows no picture: use plotting.show(fig, alt=...)"))
    # Real recordings are of people and are not copied into notebooks; simulated sound is played.
    sound = re.search(r"^\s*from mmtutor import [^\n]*\baudio\b", code, flags=re.MULTILINE)
    if sound and not notebooks.requires(chapter.notebook) and "<audio" not in _html(chapter):
        found.append(chapter.problem("works on sound but plays none: use plotting.listen(...)"))
    return found


def _code_under(chapter: Chapter, heading: str) -> list[Any]:
    """Return the code cells after a heading of the second level, up to the next one."""
    inside, found = False, []
    for cell in chapter.notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("## "):
                    inside = line.startswith(f"## {heading}")
        elif inside and cell.source.strip():
            found.append(cell)
    return found


def _asserts(cell: Any) -> bool:
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
        if not any(_asserts(cell) for cell in chapter.code[index:]):
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
    texts = [chapter.prose, *(cell.source for cell in chapter.code)]
    texts += [text for output in _outputs(chapter) for text in _texts(output)]
    return [
        chapter.problem(f"holds an absolute path: {match[0]!r}")
        for text in texts
        for match in ABSOLUTE.finditer(text)
    ]


def _texts(output: Any) -> list[str]:
    """Return what an output says in words: no pictures, no sounds, no HTML tags."""
    if output.output_type == "stream":
        return [output.text]
    data = output.get("data", {})
    html = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", data.get("text/html", ""), flags=re.S)
    return [data.get("text/plain", ""), html, data.get("text/markdown", "")]


# -- prose -------------------------------------------------------------------------------

# What is not prose, in the order in which it is taken out.
NOT_PROSE = (
    r"```.*?```",  # code
    r"`[^`\n]*`",
    r"\$\$.*?\$\$",  # formulas
    r"(?<![\\$])\$[^$\n]+\$",
    r"\]\([^)]*\)",  # the target of a link
    r"<[^>\n]+>",  # HTML tags
    r"https?://\S+",
    r"^#+ [^\n]*$",  # headings
)
# Numbers that say nothing about a measurement.
NOT_MEASURED = (
    r"\b(?:Python|NumPy|OpenCV|Keras|TensorFlow|scikit-learn|librosa|pandas|version|BY|BY-SA|ODbL)"
    r"[ -]v?\d+(?:\.\d+)*",
    r"\b0\d\.\d+\b",  # an exercise's number, such as 05.1
    r"[Ee]xercises? 1\d\.\d+(?:(?:,| and| to) 1\d\.\d+)*",
    r"\b9[059] %(?= (?:\w+ )?(?:confidence|(?:bootstrap )?intervals?))",
    r"\d+(?:\.\d+)? (?:kB|MB|GB)\b",  # a download's size; the registry says it
    r"(?<![\d.])(?:0|50|100) %",
    r"(?<![\d.])[01]\.(?:0|5)(?!\d)",  # 0.0, 0.5, 1.0, 1.5: a bound, a half, a step
)
NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\s*%|\s+per cent)?(?![\d])")


def prose_numbers(chapter: Chapter) -> list[tuple[str, str]]:
    """Return the decimals and percentages of a chapter's prose, each with its sentence.

    Left out: the opening block (it states minutes and seconds), formulas, code, links, headings,
    the references, and sentences that name their source with a year ("Kim (2014) reports 81.5 %").
    """
    _, _, body = chapter.prose.partition("\n## ")
    text = re.sub(r"^## References.*?(?=^## |\Z)", "", "## " + body, flags=re.M | re.S)
    for pattern in NOT_PROSE:
        text = re.sub(pattern, " ", text, flags=re.MULTILINE | re.DOTALL)
    found = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=\D)|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\. ))", text):
        if re.search(r"\b(?:18|19|20)\d\d[a-z]?\b", sentence):
            continue
        words = sentence
        for pattern in NOT_MEASURED:
            words = re.sub(pattern, " ", words)
        for match in NUMBER.finditer(words):
            if match[2] or match[3]:
                found.append((match[0].strip(), " ".join(sentence.split())))
    return found


def cell_numbers(chapter: Chapter) -> set[float]:
    """Return every number that a code cell states, or prints in an output that nbval compares."""
    texts = []
    for cell in chapter.code:
        texts.append(cell.source)
        if not ignores_output(cell):
            texts += [text for output in cell.outputs for text in _texts(output)]
    text = CALL.sub(" ", "\n".join(texts))
    pattern = r"(?<![\w.])(?:0(?!\d)|[1-9]\d*)(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?"
    return {float(match.replace(",", "")) for match in re.findall(pattern, text)}


def numbers_in_prose(chapter: Chapter) -> list[str]:
    """Every decimal and percentage in the prose is printed or asserted by a cell of the chapter.

    The prose may round what a cell prints, and may turn a fraction into a percentage or back.
    """
    known = cell_numbers(chapter)
    found = []
    for shown, sentence in prose_numbers(chapter):
        bare = re.sub(r"[^\d.]", "", shown)
        decimals = len(bare.partition(".")[2])
        value, half = float(bare), 0.5 * 10.0**-decimals * (1 + 1e-9)
        forms = (1.0, 100.0) if bare != shown else (1.0, 0.01)
        if not any(abs(number * form - value) <= half for number in known for form in forms):
            found.append(
                chapter.problem(
                    f"no cell prints or asserts {shown!r} (cells that ignore their output do not "
                    f"count): {sentence[:90]!r}"
                )
            )
    return found


AMERICAN = re.compile(
    r"\b(?:colou?rblind\b(?<!colourblind)|color\w*|gray\w*|center(?:s|ed|ing)?|behavior\w*|favor\w*|"
    r"neighbor\w*|labor|catalog|modeling|labeled|labeling|analyz\w+|fulfill|meter|"
    r"(?:normal|standard|general|regular|recogn|synchron|minim|maxim|optim|summar|vector|token|"
    r"initial|visual|organ|emphas|character|categor|util)iz(?:e[sd]?|er|ers|ing|ation|ations))\b",
    flags=re.IGNORECASE,
)


def american_spelling(name: str, markdown: str) -> list[str]:
    """Prose is spelt the British way; code, links and references are left alone."""
    text = re.sub(r"^## References.*?(?=^## |\Z)", "", markdown, flags=re.M | re.S)
    for pattern in NOT_PROSE[:-1]:
        text = re.sub(pattern, " ", text, flags=re.MULTILINE | re.DOTALL)
    return [f"{name}: American spelling {match[0]!r}" for match in AMERICAN.finditer(text)]


# -- figures and links -------------------------------------------------------------------


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


def dead_links(path: Path, markdown: str) -> list[str]:
    """Every link to a file of the project leads to one; links to the web are not followed."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", " ", markdown, flags=re.DOTALL)
    targets = re.findall(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)", without_code)
    targets += re.findall(r"(?:href|src)=[\"']([^\"']+)[\"']", without_code)
    targets += re.findall(r"^\[[^\]]+\]:\s*(\S+)", without_code, flags=re.MULTILINE)
    found = []
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:|#", target):
            continue
        place = path.parent / unquote(target.partition("#")[0])
        if target.startswith("/") or not place.exists():
            found.append(f"{path.name}: dead link: {target}")
    return found


# -- exercises ---------------------------------------------------------------------------


def exercises(chapter: Chapter, checkers: Iterable[str]) -> list[str]:
    """At least three exercises, each with a stub, a checker, and a folded solution that passes.

    Three quiz questions, each with a folded answer. Chapter 00 shows how exercises work: one is
    enough there.
    """
    least = 1 if chapter.number == "00" else 3
    known = set(checkers)
    stubs: dict[str, Any] = {}
    solutions: dict[str, Any] = {}
    found = []
    for cell in chapter.code:
        for number in CALL.findall(cell.source):
            (solutions if "solution" in tags(cell) else stubs)[number] = cell
    for number in sorted({*stubs, *solutions}):
        if not number.startswith(chapter.number):
            found.append(chapter.problem(f"exercise {number} belongs to another chapter"))
        if number not in known:
            found.append(chapter.problem(f"exercise {number} has no checker"))
        if number not in stubs:
            found.append(chapter.problem(f"exercise {number} has no stub that calls check"))
        elif f"{number} not yet" not in _printed(stubs[number]):
            found.append(chapter.problem(f"exercise {number}: the stub does not print 'not yet'"))
        if number not in solutions:
            found.append(
                chapter.problem(f"exercise {number} has no solution: a cell tagged 'solution'")
            )
            continue
        if f"{number} passed" not in _printed(solutions[number]):
            found.append(chapter.problem(f"exercise {number}: the solution does not pass"))
    for cell in chapter.code:
        if "solution" in tags(cell) and not cell.metadata.get("jupyter", {}).get("source_hidden"):
            found.append(chapter.problem(f"a solution is not folded: {cell.source[:40]!r}"))
    if len(stubs) < least:
        found.append(chapter.problem(f"{len(stubs)} checked exercises, at least {least} wanted"))
    headings = set(re.findall(r"^### Exercise (\d\d\.\d+)", chapter.prose, flags=re.MULTILINE))
    for number in sorted(set(stubs) ^ headings):
        found.append(chapter.problem(f"exercise {number}: heading and stub do not both exist"))
    quiz = chapter.section("Quiz")
    questions = len(re.findall(r"^\d+\. ", quiz, flags=re.MULTILINE))
    answers = quiz.count("<details>")
    if min(questions, answers) < least:
        found.append(
            chapter.problem(
                f"{questions} quiz questions with {answers} folded answers, at least {least} wanted"
            )
        )
    return found


def _printed(cell: Any) -> str:
    return "".join(text for output in cell.outputs for text in _texts(output))


# -- the package -------------------------------------------------------------------------

PARTS_OF_NUMPYDOC = (
    "Parameters|Returns|Yields|Raises|Warns|Notes|References|Examples|Attributes|See Also|Methods"
)
ARRAY = re.compile(r"\bnd?array|\barray\b|\bDataFrame\b", flags=re.IGNORECASE)
# "One row a model" is a table's shape; what read_image and read_audio accept is stated there.
SHAPE = re.compile(r"shape|scalar|[0-3]-d\b|one row (?:a|per)\b|read_image|read_audio", flags=re.I)
UNITS = (
    (r"(?:sample_)?rate|pitch|f0|frequency|f_?min|f_?max|cutoff", r"\bHz\b|per second|degrees"),
    (r"seconds|duration|hop_seconds|window_seconds", r"\bs\b|\bseconds?\b|\bms\b"),
)


def sections(docstring: str) -> dict[str, str]:
    """Split a numpydoc docstring into its sections; the words before the first are under ""."""
    text = inspect.cleandoc(docstring or "")
    pieces = re.split(rf"^({PARTS_OF_NUMPYDOC})\n-+\n", text, flags=re.MULTILINE)
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def described(section: str) -> dict[str, str]:
    """Return each name that a Parameters or Attributes section describes, with its words."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            head = line.partition(":")[0] if " : " in line or line.endswith(":") else line
            names = [name.strip(" *`") for name in head.split(",")]
            for name in names:
                found[name] = line
        else:
            for name in names:
                found[name] += "\n" + line
    return found


def docstring(name: str, thing: Callable[..., Any]) -> list[str]:
    """A public function or class says what goes in and out, with shapes, units and an example.

    Parameters
    ----------
    name : str
        How to call it in a problem, ``"fusion.rules.sum_rule"``.
    thing : function or class
        What is looked at.
    """
    doc = inspect.getdoc(thing) if thing.__doc__ else ""
    if not doc:
        return [f"{name} has no docstring"]
    own = sections(doc)
    # An error, and a record that a function returns, need no more than to say what they are.
    is_record = dataclasses.is_dataclass(thing) or getattr(thing, "_fields", None)
    if isinstance(thing, type) and (issubclass(thing, BaseException) or is_record):
        return []
    found = _parameters(name, thing, own)
    # A class that only holds values has attributes; a function without a result needs no Returns.
    result = inspect.signature(thing).return_annotation if not isinstance(thing, type) else None
    if result not in (None, "None", inspect.Signature.empty) and not {"Returns", "Yields"} & {*own}:
        found.append(f"{name} returns something but has no Returns section")
    for section in ("Returns", "Yields"):
        if ARRAY.search(own.get(section, "")) and not SHAPE.search(own[section]):
            found.append(f"{name}: {section} names an array without its shape")
    if ">>>" not in own.get("Examples", ""):
        found.append(f"{name} has no example")
    if not re.search(r"Taught in notebooks? \d\d", doc):
        found.append(f"{name} does not say which notebook teaches it: 'Taught in notebook NN.'")
    return found


def _parameters(name: str, thing: Callable[..., Any], own: dict[str, str]) -> list[str]:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:  # a builtin
        return []
    words = {**described(own.get("Attributes", "")), **described(own.get("Parameters", ""))}
    found = []
    for parameter in parameters:
        if parameter.name in ("self", "cls") or parameter.name.startswith("_"):
            continue
        about = words.get(parameter.name)
        if about is None:
            found.append(f"{name} does not describe its parameter {parameter.name!r}")
            continue
        if ARRAY.search(about.splitlines()[0]) and not SHAPE.search(about):
            found.append(f"{name}: parameter {parameter.name!r} is an array without its shape")
        for names, unit in UNITS:
            if re.fullmatch(names, parameter.name) and not re.search(unit, about):
                found.append(f"{name}: parameter {parameter.name!r} has no unit")
    return found


def public_names(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes in a module's ``__all__``; values carry no docstring."""
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__.removeprefix('mmtutor.')}.{name}", thing


def private_imports(chapter: Chapter) -> list[str]:
    """A notebook uses public names only."""
    code = "\n".join(cell.source for cell in chapter.code)
    lines = re.findall(r"^\s*(?:from|import) mmtutor[^\n]*", code, flags=re.MULTILINE)
    return [
        chapter.problem(f"imports a private name: {line.strip()!r}")
        for line in lines
        if re.search(r"[.\s,(]_\w", line)
    ]


def loaded_by(modules: Iterable[str], unwanted: Iterable[str]) -> list[str]:
    """Return which unwanted modules are loaded once `modules` are imported in a fresh process."""
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(modules)!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {sorted(unwanted)!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return [done.stderr.strip().splitlines()[-1]]
    return [f"{name} is loaded outside mmtutor.deep" for name in done.stdout.split()]
