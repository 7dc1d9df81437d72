"""What course.toml says of the chapters, and the texts that are written from it.

The table of README.md, the map in chapter 00, and the title, time and last line of every chapter
are never edited by hand: :func:`sync` writes them. A chapter is there when its source is.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmtutor._cache import atomic_write

MANIFEST = "course.toml"
_TABLE = re.compile(r"^(# |)\| \| Chapter \|.*\n(?:\1\|.*\n)+", re.MULTILINE)
_TITLE = re.compile(r"^# # .*$", re.MULTILINE)
_TIME = re.compile(r"(?<=\*\*Time\*\*: )\d+ minutes to read and do, \d+ seconds to run")
_NEXT = re.compile(r"^# \*\*Next\*\*: .*$", re.MULTILINE)
# What ends a line, or a cell of a table; a tab does not.
_BREAKS = re.compile(r"[\x00-\x08\n-\x1f\x7f\x85\u2028\u2029]|(?<!\\)\|")


class CourseError(Exception):
    """The course cannot be found or trusted, or its files do not say what they must."""


# What reading a course.toml of another form leads to; ValueError is also what the parser raises.
_OF_ANOTHER_FORM = (CourseError, AttributeError, KeyError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Chapter:
    """One row of course.toml; `title` is by language, `part` the part's number."""

    folder: Path
    part: str
    number: int
    slug: str
    title: dict[str, str]
    question: str
    data: str = "simulated"
    requires: Sequence[str] = ()
    optional: Sequence[str] = ()
    minutes: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value: Any = getattr(self, field.name)
            kinds: dict[Any, type] = {"int": int, "str": str, "Sequence[str]": Sequence}
            kind = kinds.get(field.type, object)
            is_other = not isinstance(value, kind) or isinstance(value, bool)
            if is_other or (kind is Sequence and isinstance(value, str)):
                raise CourseError(f"{field.name} = {value!r} must be of type {field.type}")
            if kind is int and not 0 <= value < 100_000:
                raise CourseError(f"{field.name} = {value} is not in [0, 100000)")
            for text in [value] if kind is str else value if kind is Sequence else ():
                check_line(field.name, text)
        if self.number > 99:
            raise CourseError(f"number = {self.number} has more than two digits")
        if not re.fullmatch(r"[a-z0-9_]+", self.slug):
            raise CourseError(f"slug = {self.slug!r} is not of small letters, digits and _")
        check_title(self.title)

    @property
    def name(self) -> str:
        """The chapter's files without folder and ending, such as ``05_fuse_decisions``."""
        return f"{self.number:02d}_{self.slug}"

    @property
    def heading(self) -> str:
        """Number and English title."""
        return f"{self.number:02d} · {self.title['en']}"

    @property
    def source(self) -> Path:
        """What is edited."""
        return self.folder / "notebooks" / "source" / f"{self.name}.py"

    @property
    def stored(self) -> Path:
        """The executed copy."""
        return self.folder / "notebooks" / f"{self.name}.ipynb"

    @property
    def data_words(self) -> str:
        """What it works on, in Markdown, real data by name."""
        words = self.data
        if self.requires:
            words += ": " + ", ".join(f"`{name}`" for name in self.requires)
        if self.optional:
            words += "; if fetched: " + ", ".join(f"`{name}`" for name in self.optional)
        return words


@dataclass(frozen=True)
class Course:
    """The folder of a clone, its parts' titles by number, and its chapters, also planned ones."""

    folder: Path
    parts: dict[str, dict[str, str]]
    chapters: list[Chapter]

    @property
    def present(self) -> list[Chapter]:
        """The chapters whose source exists."""
        return [chapter for chapter in self.chapters if chapter.source.exists()]

    def choose(self, wishes: Iterable[str]) -> list[Chapter]:
        """Return the chapters that are there: all, or those with these numbers or names."""
        found = set()
        for wish in wishes:
            name = Path(wish).stem
            prefix = f"{name.lstrip('0'):0>2}_" if name.isdigit() else name
            hits = [each.number for each in self.present if prefix and each.name.startswith(prefix)]
            if not hits:
                numbers = ", ".join(f"{each.number:02d}" for each in self.present) or "none"
                raise CourseError(f"there is no notebook {wish!r}; there are: {numbers}")
            found.update(hits)
        return [each for each in self.present if each.number in found or not wishes]


def check_title(title: Any) -> None:
    """Refuse a title that is not there in both languages."""
    if not isinstance(title, dict) or not title.get("en") or not title.get("zh"):
        raise CourseError(f"title = {title!r} is not of the form {{ en = ..., zh = ... }}")
    for language in ("en", "zh"):
        check_line(f"title.{language}", title[language])


def check_line(name: str, text: Any) -> None:
    """Refuse what would break the tables and comments into which it is written."""
    if not isinstance(text, str) or _BREAKS.search(text):
        words = r"must be a text of one line, without | except as \|"
        raise CourseError(f"{name}: {text!r:.99} {words}")


def find_course(named: Path | str | None = None) -> Course:
    """Return the course in the named folder or above it.

    Without a name: above the working directory, else where the package itself lies. Whoever runs a
    course runs its code, so another user's is accepted only if it is itself what is named.
    """
    own = folder_above(__file__)
    folder = folder_above(named) if named else folder_above(Path.cwd()) or own
    if folder is None:
        raise CourseError(
            "The notebooks are not here. They come with a clone of the project, not with the "
            "installed package: change into the clone (the folder that holds course.toml), or name "
            "it with --course FOLDER."
        )
    trusted = (own, Path(named).resolve() if named else None)
    if folder not in trusted and hasattr(os, "getuid"):
        notebooks = folder / "notebooks"
        for path in (folder, folder / MANIFEST, notebooks, *notebooks.rglob("*")):
            looks = (path.lstat, path.stat) if path.exists() else (path.lstat,)  # a link, its end
            if any(look().st_uid != os.getuid() for look in looks):
                raise CourseError(
                    f"{path} belongs to another user, and running a course runs its code. If you "
                    f"trust it: --course {folder}"
                )
    return read_course(folder)


def folder_above(place: Path | str) -> Path | None:
    """Return the folder of the course in which a place lies, if it lies in one."""
    place = Path(place).resolve()
    return next((each for each in (place, *place.parents) if (each / MANIFEST).is_file()), None)


def read_course(folder: Path) -> Course:
    """Read a folder's course.toml; an error names the chapter and what is wrong with its row."""
    parts, chapters = {}, []
    where = MANIFEST
    try:
        content = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8-sig"))
        for part in content["parts"]:
            where = f"{MANIFEST}, part {part.get('number')!r}"
            check_title(part.get("title"))
            if part["number"] in parts:
                raise CourseError("there are two of this number")
            parts[part["number"]] = part["title"]
            for row in part["chapters"]:
                where = f"{MANIFEST}, chapter {row.get('number')!r}"
                chapters.append(Chapter(folder, part["number"], **row))
    except _OF_ANOTHER_FORM as error:
        words = str(error).replace("Chapter.__init__()", "the row")
        words = f"lacks {words}" if isinstance(error, KeyError) else words
        raise CourseError(f"{where}: {words}") from None
    numbers = [chapter.number for chapter in chapters]
    if numbers != sorted(set(numbers)):
        raise CourseError(f"{MANIFEST}: the chapters' numbers do not rise: {numbers}")
    known = {chapter.source for chapter in chapters}
    for source in sorted((folder / "notebooks" / "source").glob("*.py")):
        if source not in known:
            raise CourseError(f"{source.name} has no row in {MANIFEST}")
    return Course(folder, parts, chapters)


def requires(notebook: Path) -> Sequence[str]:
    """Return the real data without which a stored notebook cannot run; none outside a course."""
    folder = notebook.parent.parent
    if not (folder / MANIFEST).exists():
        return ()
    chapters = read_course(folder).chapters
    return next((each.requires for each in chapters if each.stored == notebook), ())


def table(course: Course, links_to: str) -> str:
    """Return the chapters as a Markdown table, those that are there with a link."""
    present = course.present
    lines = ["| | Chapter | The question | Data | Minutes |", "|---|---|---|---|---|"]
    part = None
    for each in course.chapters:
        if each.part != part:
            part = each.part
            lines.append(f"| **{part}** | **{course.parts[part]['en']}** | | | |")
        title = each.title["en"]
        if each in present:
            title = f"[{title}]({links_to}{each.name}.ipynb)"
        minutes = f"{each.minutes} " if each.minutes else ""
        lines.append(
            f"| {each.number:02d} | {title} | {each.question} | {each.data_words} | {minutes}|"
        )
    return "\n".join(lines) + "\n"


def _pieces(course: Course) -> Iterator[tuple[Path, list[tuple[re.Pattern[str], str, str]]]]:
    """Yield each file that holds something of the manifest: where what stands, and its name."""
    rows = table(course, "notebooks/")
    yield course.folder / "README.md", [(_TABLE, rows, "table '| | Chapter | ...'")]
    for chapter, following in zip(course.present, [*course.present[1:], None], strict=True):
        title = f"# # {chapter.heading} · {chapter.title['zh']}"
        time = f"{chapter.minutes} minutes to read and do, {chapter.seconds} seconds to run"
        then = "the [map](00_start_here.ipynb) of the series shows what else there is."
        if following:
            then = f"[{following.heading}]({following.name}.ipynb): {following.question}"
        pieces = [
            (_TITLE, title, "title, '# # ...'"),
            (_TIME, time, "line '**Time**: N minutes to read and do, N seconds to run'"),
            (_NEXT, f"# **Next**: {then}", "line '**Next**: ...'"),
        ]
        if chapter.number == 0:
            rows = "".join(f"# {row}" for row in table(course, "").splitlines(keepends=True))
            pieces.append((_TABLE, rows, "table '| | Chapter | ...'"))
        yield chapter.source, pieces


def _texts(course: Course) -> Iterator[tuple[Path, str, str]]:
    """Yield the path of each such file, its text, and the right text."""
    for path, pieces in _pieces(course):
        old = text = path.read_text(encoding="utf-8")
        for pattern, new, what in pieces:
            text, count = pattern.subn(new.replace("\\", r"\\"), text)
            if count != 1:
                raise CourseError(f"{path.name} must have one {what}, it has {count}")
        yield path, old, text


def stale(course: Course) -> list[Path]:
    """Return the files that do not say what course.toml says."""
    return [path for path, old, new in _texts(course) if old != new]


def sync(course: Course) -> list[Path]:
    """Write what follows from course.toml, and carry changed prose into the stored notebooks.

    Returns the files that were changed. If one has no place for its text, none is.
    """
    from mmtutor.course import notebooks

    changed = {path: new for path, old, new in _texts(course) if old != new}
    for path, text in changed.items():
        with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    refreshed = [each for each in course.present if notebooks.refresh(each.source, each.stored)]
    return [*changed, *(each.stored for each in refreshed)]
