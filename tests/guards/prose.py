"""What a chapter says in words: its numbers, its spelling, its links."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from chapter import CALL, Chapter, Passage, ignores_output, sections_of, texts

from mmtutor.course.notebooks import parsed

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
# "Kim (2014) reports 81.5 %", "Wang, Tran and Feiszli, 2020"; but not "In 2000 samples".
CITED = re.compile(
    r"\b(?!(?:About|After|All|At|By|For|From|In|Of|On|Only|Over|Some|The|With)\b)[A-Z][\w'-]+"
    r"(?:,? (?:and|et al\.|others|colleagues|[A-Z][\w'-]+))*,? \(?(?:18|19|20)\d\d[a-z]?\b"
)
NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(\s*%|\s+per cent)?(?![\d])")
IN_A_CELL = re.compile(r"(?<![\w.])(?:0(?!\d)|[1-9]\d*)(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")
IN_PERCENT = re.compile(r"%|\bper cent\b")
CLOSING = ("Quiz", "Pitfalls")  # they speak of what the chapter measured


class Known(NamedTuple):
    """A number that a cell states, and how the prose may repeat it."""

    value: float
    percent: bool = False  # it may be a percentage
    setting: bool = False  # it may only be repeated as it stands


SENTENCE_ENDS = re.compile(
    r"(?<=[.!?])(?<!\bal\.)\s+(?=\D)|\n\s*\n|\n(?=\s*(?:[-*|]|\d+\. ))"  # or item, or table row
)


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield each sentence of a Markdown text with the place where it begins.

    What is not prose is blanked out, so that all else stays in its place.
    """
    for pattern in NOT_PROSE:
        text = re.sub(pattern, _blank, text, flags=re.MULTILINE | re.DOTALL)
    start = 0
    for end in SENTENCE_ENDS.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    yield start, text[start:]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def numbers(text: str) -> list[tuple[str, str]]:
    """Return the decimals and percentages of a Markdown text, each with its sentence as written.

    Left out: formulas, code, links, headings, and sentences that name their source with a year
    ("Kim (2014) reports 81.5 %").
    """
    found = []
    for start, sentence in sentences(text):
        if CITED.search(sentence):
            continue
        words = sentence
        for pattern in NOT_MEASURED:
            words = re.sub(pattern, " ", words)
        for match in NUMBER.finditer(words):
            if match[2] or match[3]:
                found.append((match[0].strip(), text[start : start + len(sentence)]))
    return found


def known_numbers(cells: Iterable[Any]) -> set[Known]:
    """Return what cells print (where nbval compares it), what they assert, and their settings.

    A setting is a decimal in a cell's code: prose may name it ("clipped at 0.2"), but may not take
    it for a result.
    """
    found = set()
    for cell in cells:
        values = [getattr(node, "value", None) for node in ast.walk(parsed(cell.source))]
        found |= {Known(value, setting=True) for value in values if isinstance(value, float)}
        said = [text for output in cell.outputs for text in texts(output)]
        for text in [*assertions(cell.source), *([] if ignores_output(cell) else said)]:
            all_percent = bool(IN_PERCENT.search(text))
            for shown in IN_A_CELL.findall(CALL.sub(" ", text)):
                value = float(shown.replace(",", ""))
                found.add(Known(value, percent=all_percent or ("." in shown and value < 1)))
    return found


def assertions(code: str) -> list[str]:
    """Return the assertions in a cell's code."""
    nodes = list(ast.walk(parsed(code)))
    return [ast.unparse(node) for node in nodes if _is_claim(node)]


def _is_claim(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name.startswith("assert_")
    return isinstance(node, ast.Assert)


def supports(known: Iterable[Known], shown: str) -> bool:
    """Tell whether a number of the prose is one of those known.

    The prose may round, and may turn a fraction into a percentage or back.
    """
    bare = re.sub(r"[^\d.]", "", shown)
    decimals = len(bare.partition(".")[2])
    wanted, half = float(bare), 0.5 * 10.0**-decimals * (1 + 1e-9)

    def is_it(number: Known) -> bool:
        value = number.value
        if number.setting:
            return bare == shown and value == wanted
        if bare == shown:
            forms = [value, value / 100] if number.percent else [value]
        else:
            forms = [value, 100 * value] if number.percent else []
        return any(abs(form - wanted) <= half for form in forms)

    return any(map(is_it, known))


def _claimed(chapter: Chapter) -> Iterator[tuple[Passage, str, set[Known]]]:
    """Yield each text of a chapter in which numbers count, with the numbers known there.

    Left out: the opening (it states minutes and seconds) and the references. A quiz question may
    suppose a round number ("a friend reports 90 %"), and its answer may repeat it.
    """
    measured = known_numbers(chapter.code_under("What we measured"))
    for passage in chapter.passages():
        if not passage.heading or passage.heading.startswith("References"):
            continue
        known = known_numbers(passage.cells)
        if not passage.heading.startswith(CLOSING):
            yield passage, passage.text, known
            continue
        for item in re.split(r"^(?=\d+\. )", passage.text, flags=re.MULTILINE):
            supposed = set()
            if passage.heading.startswith("Quiz"):
                for shown, _ in numbers(item.partition("<details>")[0]):
                    digits = re.sub(r"[^\d.]", "", shown)
                    if len(digits.replace(".", "").strip("0")) == 1:
                        supposed.add(Known(float(digits), percent=digits != shown))
            yield passage, item, known | measured | supposed


def numbers_in_prose(chapter: Chapter) -> list[str]:
    """Every decimal and percentage in the prose is printed or asserted near by.

    Near are the cells of the same section, and the one before and after the paragraph. Quiz and
    pitfalls may also repeat what "What we measured" prints or asserts, and a sentence with a link
    to a section of another chapter what is printed or asserted there.
    """
    return [
        chapter.problem(
            f"no cell near it (in {passage.heading!r}, or next to the paragraph) prints or asserts "
            f"{shown!r}; cells that ignore their output do not count: "
            f"{' '.join(sentence.split())[:90]!r}"
        )
        for passage, text, known in _claimed(chapter)
        for shown, sentence in numbers(text)
        if not supports(known, shown) and not supports(_linked(chapter.path, sentence), shown)
    ]


LINK = re.compile(r"\]\((\d\d_\w+\.ipynb)#([^)\s]+)\)")


def _linked(path: Path, sentence: str) -> set[Known]:
    """Return the numbers of the sections of other chapters that a sentence links to."""
    found = set()
    for name, fragment in LINK.findall(sentence):
        if (path.parent / name).exists():
            found |= known_numbers(sections_of(path.parent / name).get(unquote(fragment), []))
    return found


def arbitrary_numbers_accepted(chapter: Chapter) -> float:
    """Return the share of the percentages from 1 to 99 that would pass, anywhere in the prose.

    This is how weak the guard on numbers is: the share of slips that it lets through.
    """
    known = [numbers for _, _, numbers in _claimed(chapter)]
    passed = [supports(each, f"{value} %") for each in known for value in range(1, 100)]
    return sum(passed) / len(passed)


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


def dead_links(path: Path, markdown: str) -> list[str]:
    """Every link to a file of the project leads to one; links to the web are not followed.

    A link to a section of a notebook leads to a heading of it.
    """
    without_code = re.sub(r"```.*?```|`[^`\n]*`", " ", markdown, flags=re.DOTALL)
    targets = re.findall(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)", without_code)
    targets += re.findall(r"(?:href|src)=[\"']([^\"']+)[\"']", without_code)
    targets += re.findall(r"^\[[^\]]+\]:\s*(\S+)", without_code, flags=re.MULTILINE)
    found = []
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, fragment = map(unquote, target.partition("#"))
        place = path.parent / file if file else path
        if target.startswith("/") or (file and not place.exists()):
            found.append(f"{path.name}: dead link: {target}")
        elif fragment and place.suffix == ".ipynb" and fragment not in sections_of(place):
            found.append(f"{path.name}: {place.name} has no section {fragment}")
    return found
