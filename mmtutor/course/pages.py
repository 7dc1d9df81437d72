"""The course's site: chapters with their outputs, reference, glossary and data, without a network.

Sphinx makes it, from a folder of sources that mirrors the clone, so that links lead where they lead
there. What is written in one place stays there: the list of chapters comes from course.toml, the
glossary from the chapters' tables of key terms, the cards of the data from their registry.

Nothing that a cell put out is trusted: of HTML, what could run or reach out is left away.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import io
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from mmtutor import __version__
from mmtutor._cache import atomic_write, strays
from mmtutor._i18n import _
from mmtutor.course import notebooks, reference
from mmtutor.course.manifest import Chapter, Course, CourseError

HERE = Path(__file__).parent / "site"
# Texts of the clone that are pages as they are, where they exist.
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/**/*.md", "docs/**/*.md")
MEDIA = "_media"
SLIDE = "_slide.js"

_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
_DETAILS = re.compile(r"<details>.*?</details>", re.DOTALL)
_DATA_URL = re.compile(r'src="data:\w+/(?P<kind>[\w+-]+);base64,(?P<data>[\w+/=\s]+)"')
# What becomes a file; other kinds, such as SVG, which may hold a script, stay in the page.
_ENDINGS = {
    **{kind: f".{kind}" for kind in ("png", "gif", "webp", "flac", "ogg", "wav")},
    **{"jpeg": ".jpg", "mpeg": ".mp3", "x-wav": ".wav"},
}
SHOWN = ("text/plain", "text/latex")  # what MyST-NB may show of an output by itself
_TOPMATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def config(chapters: Mapping[str, Any], extra: Path) -> dict[str, Any]:
    """Return Sphinx's settings."""
    return {
        "project": "mmtutor",
        "release": __version__,
        "extensions": [
            "myst_nb",
            "sphinx.ext.autodoc",
            "numpydoc",
            "sphinx_copybutton",
            "mmtutor.course.extension",
        ],
        "mmtutor_chapters": dict(chapters),
        "exclude_patterns": ["_extra"],
        "suppress_warnings": ["ref.citation"],  # the docstrings cite by author and year
        # Chapters: what is stored is shown, nothing is executed.
        "nb_execution_mode": "off",
        "nb_merge_streams": False,  # the runner does; it takes minutes for a long line
        "myst_enable_extensions": ["dollarmath", "amsmath"],
        "myst_heading_anchors": 3,
        "myst_heading_slug_func": "mmtutor.course.extension.anchor",
        # Reference: what the docstrings say.
        "autodoc_typehints": "none",
        "numpydoc_show_class_members": False,
        "add_module_names": False,
        "html_theme": "furo",
        "html_title": "mmtutor",
        "html_static_path": [str(HERE / "static"), str(reference.PACKAGE / SLIDE)],
        "html_css_files": ["site.css"],
        "html_js_files": [(SLIDE, {"defer": "defer"}), ("site.js", {"defer": "defer"})],
        "html_extra_path": [str(extra)],
        "html_math_renderer": "mathml",
        "html_search_language": "en-zh",
        "html_show_search_summary": False,  # it fetches pages, which a local folder forbids
        "html_copy_source": False,
        "html_show_copyright": False,
        "html_theme_options": {"top_of_page_buttons": []},
        "copybutton_exclude": ".linenos, .gp, .go",
    }


# -- what a cell put out ----------------------------------------------------------------------


def clean(text: str) -> str:
    """Return HTML without what runs, styles, or is fetched from elsewhere.

    Examples
    --------
    >>> clean('<b onclick="x()">2</b><script>x()</script><img src="https://a.b/c.png" alt="c">')
    '<b>2</b><img alt="c">'
    """
    import nh3

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        media = value.startswith(("data:image/", "data:audio/"))
        if attribute == "src":
            return value if media else None
        return None if value.startswith("data:") else value

    generic = {"class", "aria-label", "role", "title"}
    own = {
        "audio": {"controls", "src"},
        "img": {"src", "alt", "width", "height", "loading"},
        "svg": {"viewBox", "width", "fill", "font-size"},
        "text": {"x", "y", "text-anchor"},
        "path": {"d", "stroke", "stroke-width"},
        "polyline": {"points", "fill", "stroke", "stroke-width", "stroke-dasharray"},
        "circle": {"cx", "cy", "r", "fill"},
    }
    return nh3.clean(
        text,
        tags=nh3.ALLOWED_TAGS | own.keys(),
        attributes={**nh3.ALLOWED_ATTRIBUTES, **own, "*": generic},
        attribute_filter=allowed,
        url_schemes={"data", "http", "https", "mailto"},
    )


class Outputs:
    """The outputs of cells as pages show them; pictures and sounds become files of their own.

    Parameters
    ----------
    folder : Path
        Where the files go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: set[Path] = set()

    def html(self, output: Any) -> str | None:
        """Return a rich output as HTML; None for plain text."""
        data = output.get("data", {})
        if "text/html" in data:
            shown = data["text/html"]
        elif kind := next((k for k in data if k in ("image/png", "image/jpeg")), None):
            alt = html.escape(str(output.metadata.get(kind, {}).get("alt", "")))
            shown = f'<img src="data:{kind};base64,{data[kind]}" alt="{alt}">'
        elif "image/svg+xml" in data:
            code = base64.b64encode(data["image/svg+xml"].encode()).decode()
            shown = f'<img src="data:image/svg+xml;base64,{code}" alt="">'
        elif "text/markdown" in data:
            from markdown_it import MarkdownIt

            shown = MarkdownIt().render(data["text/markdown"])
        else:
            return None
        return _DATA_URL.sub(self._file, clean(shown))

    def _file(self, match: re.Match[str]) -> str:
        try:
            content = base64.b64decode(match["data"])
            ending = _ENDINGS[match["kind"]]
        except (ValueError, KeyError):
            return match[0]
        path = self.folder / f"{hashlib.sha256(content).hexdigest()[:16]}{ending}"
        self.files.add(path)
        _put(path, content)
        return f'src="../{MEDIA}/{path.name}"'


# -- a chapter --------------------------------------------------------------------------------


def chapter_page(chapter: Chapter, notebook: Any, outputs: Outputs, functions: list[str]) -> Any:
    """Return a chapter as MyST-NB is to show it: outputs cleaned, solutions folded, two lines more.

    `functions` are the public names it uses; the page ends with links to them.
    """
    # Normal metadata: others can tell MyST-NB to execute the notebook.
    page = notebooks.normalise(copy.deepcopy(notebook))
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _DETAILS.sub(lambda match: _with_formulas(match[0]), cell.source)
        if cell.cell_type != "code":
            continue
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            tags = cell.metadata.get("tags", [])
            prompt = _("A solution") if "solution" in tags else _("Code")
            cell.metadata["tags"] = [*tags, "hide-cell"]
            cell.metadata["mystnb"] = {"code_prompt_show": prompt, "code_prompt_hide": prompt}
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = notebooks.printed(output.text)
            if (shown := outputs.html(output)) is not None:
                output.data = {"text/html": shown}
                output.metadata = {}
            elif "data" in output:
                output.data = {kind: output.data[kind] for kind in SHOWN if kind in output.data}
        cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    first = next((cell for cell in page.cells if cell.cell_type == "markdown"), None)
    if first is not None:
        words = _("Download this notebook")
        link = f'<p class="download"><a href="{chapter.name}.ipynb" download>{words}</a></p>'
        first.source = re.sub(r"\A(# .*\n)", rf"\1\n{link}\n", first.source + "\n", count=1)
    if functions:
        from nbformat.v4 import new_markdown_cell

        links = "\n".join(f"- {{py:obj}}`{name} <mmtutor.{name}>`" for name in functions)
        heading = _("In the package")
        page.cells.append(new_markdown_cell(f"## {heading}\n\n{links}", id="in-the-package"))
    return page


def _with_formulas(details: str) -> str:
    """Return a block of HTML with what Markdown does not reach: its formulas and its code."""
    from mmtutor.course.extension import formula

    details = re.sub(r"`([^`]+)`", lambda code: f"<code>{html.escape(code[1])}</code>", details)
    return re.sub(r"\$([^$]+)\$", lambda tex: formula(tex[1], block=False) or tex[0], details)


Shown = list[tuple[Chapter, Any]]
"""Chapters with what is shown of each, an executed notebook."""


def _terms(shown: Shown, problems: list[str]) -> Iterator[tuple[str, str, str, list[Chapter]]]:
    """Yield the key terms of all chapters: English, Chinese, in short, and where it stands."""
    found: dict[tuple[str, str], tuple[str, list[Chapter]]] = {}
    for chapter, notebook in shown:
        prose = notebooks.prose(notebook)
        table = re.search(r"^\| Key term \|.*\n\|.*\n((?:\|.*\n?)+)", prose, re.MULTILINE)
        for row in table[1].splitlines() if table else ():
            cells = [cell.strip() for cell in row.strip("| ").split(" | ", 2)]
            if len(cells) != 3:
                problems.append(f"{chapter.name}: the key term {row!r} has not three cells")
                continue
            english, chinese, short = cells
            found.setdefault((english, chinese), (short, []))[1].append(chapter)
    for (english, chinese), (short, where) in sorted(found.items(), key=lambda x: x[0][0].lower()):
        yield english, chinese, short, where


def needs(notebook: Any) -> str:
    """Return what a chapter says that it needs, with links that hold one folder above it."""
    said = re.search(r"\*\*You need\*\*:? *(.*)", notebooks.prose(notebook))
    return re.sub(r"\]\((?=\d\d_)", "](notebooks/", said[1]) if said else ""


# -- the site ---------------------------------------------------------------------------------


def write(
    course: Course,
    executed: Mapping[int, Any] | None = None,
    said: Mapping[int, str] | None = None,
    *,
    build: Path | None = None,
) -> list[str]:
    """Write the site into the folder site of `build`; return what was found wrong.

    A chapter is shown as stored, or as `executed` has it, by number; `said` is what became of each
    in a run, for the list of chapters. One whose stored copy is damaged or not there is left out.
    """
    build = build or course.folder / "build"
    source = build / "site-source"
    with reference.hollow_networks():
        chapters, problems = stage(course, source, executed or {}, said or {})
        return problems + _sphinx(source, build, config(chapters, source / "_extra"))


def stage(
    course: Course, folder: Path, executed: Mapping[int, Any], said: Mapping[int, str]
) -> tuple[dict[str, dict[str, tuple[str, str]]], list[str]]:
    """Write what Sphinx reads; return the chapters that use each public name, and problems."""
    source = Source(folder)
    (folder / "_extra").mkdir(parents=True, exist_ok=True)  # of which Sphinx is told in any case
    shown: Shown = []
    problems = []
    for each in course.present:
        try:
            notebook = executed.get(each.number) or notebooks.read_stored(each.stored)
            shown.append((each, notebook))
        except (CourseError, OSError) as error:
            problems.append(str(error))
    # The reference is that of the package which the course belongs to.
    names = reference.public_names() if course.folder == reference.PACKAGE.parent else {}
    headings = {chapter.name[:2]: (chapter.name, chapter.heading) for chapter, _notebook in shown}
    used = {
        name: {number: headings[number] for number in numbers}
        for name, numbers in _used(names, shown).items()
    }
    outputs = Outputs(folder / "_extra" / MEDIA)
    for chapter, notebook in shown:
        functions = [name for name in names if chapter.name[:2] in used[name]]
        page = chapter_page(chapter, notebook, outputs, functions)
        source.write(f"notebooks/{chapter.name}.ipynb", _json(page))
        source.write(f"_extra/notebooks/{chapter.name}.ipynb", _json(notebook))
    rooms = reference.pages(names) if names else {}
    for room, text in rooms.items():
        source.write(f"reference/{room}.rst", text)
    there = {f"notebooks/{chapter.name}.ipynb" for chapter, _notebook in shown}
    texts = _texts(course, there, problems)
    for name, text in texts.items():
        source.write(name, text)
    context = {
        "course": course,
        "shown": {chapter.number for chapter, _notebook in shown},
        "said": said,
        "needs": {chapter.number: needs(notebook) for chapter, notebook in shown},
        "home": _home(shown, outputs),
        "terms": list(_terms(shown, problems)),
        "cards": _cards(),
        "rooms": list(rooms),
        "texts": sorted(texts),
        "_": _,
    }
    for name in ("index", "chapters", "glossary", "data", *(["reference"] if rooms else [])):
        source.write(f"{name}.md", _render(f"{name}.md.j2", context))
    source.written |= outputs.files
    source.prune()
    return used, problems


def _used(names: Mapping[str, Any], shown: Shown) -> dict[str, set[str]]:
    """Return the chapters that use each name; without names no chapter is looked at."""
    if not names:
        return {}
    usage = reference.Usage({chapter.name[:2]: notebook for chapter, notebook in shown})
    return {name: usage.of(name, thing) for name, thing in names.items()}


def _home(shown: Shown, outputs: Outputs) -> list[str]:
    """Return what the cells tagged ``home`` show, or else print, for the first page.

    Each in one line: below an empty one, Markdown begins, which can fetch a script or a file.
    """
    found = []
    for _chapter, notebook in shown:
        for cell in notebooks.code(notebook):
            if "home" in cell.metadata.get("tags", []):
                rich = [page for output in cell.outputs if (page := outputs.html(output))]
                said = [html.escape(output.text) for output in cell.outputs if "text" in output]
                found += rich or said
    parts = [part.replace(f"../{MEDIA}/", f"{MEDIA}/").strip() for part in found]
    return [re.sub(r"\r\n?|\n", "&#10;", part) for part in parts if part]


def _texts(course: Course, there: set[str], problems: list[str]) -> dict[str, str]:
    """Return the clone's texts, by path; links to what is no page become plain words."""
    texts = {}
    for path in (path for pattern in TEXTS for path in sorted(course.folder.glob(pattern))):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} is left out ({error})")
        else:
            texts[path.relative_to(course.folder).as_posix()] = _TOPMATTER.sub("", text)
    there |= set(texts)

    def live(name: str, link: re.Match[str]) -> str:
        path = os.path.normpath(Path(name).parent / link[2])
        return link[0] if Path(path).as_posix() in there else link[1]

    return {name: _LINK.sub(partial(live, name), text) for name, text in texts.items()}


def _cards() -> list[Any]:
    from mmtutor.datasets import remote

    return list(remote.status().itertuples())


class Source:
    """The folder of sources: what does not change keeps its time, and what is gone is removed.

    Parameters
    ----------
    folder : Path
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: set[Path] = set()

    def write(self, name: str, text: str) -> None:
        """Write a file, if it is not there with this text."""
        path = self.folder / name
        self.written.add(path)
        _put(path, text.encode())

    def prune(self) -> None:
        """Remove what was not written."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path not in self.written:
                path.unlink()


def _put(path: Path, content: bytes) -> None:
    """Write a file, if it is not there with this content."""
    if not path.exists() or path.read_bytes() != content:
        with atomic_write(path) as file:
            file.write(content)


def _json(notebook: Any) -> str:
    import nbformat

    return nbformat.writes(notebook, version=4)


def _render(template: str, context: Mapping[str, Any]) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.tests["contains"] = lambda names, name: name in names
    return environment.get_template(template).render(context)


def _sphinx(source: Path, build: Path, settings: dict[str, Any]) -> list[str]:
    """Let Sphinx write beside the site, whose files are replaced when all are there."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    said, doctrees = io.StringIO(), build / "site-doctrees"
    site = build / "site"
    beside = build / f"site-unfinished-{uuid.uuid4().hex}"  # another process may write one, too
    # Sphinx writes only what is newer than its page: what was cut off would stay so, and what was
    # found wrong would not be said again.
    whole = doctrees / "whole"
    anew = not whole.exists()
    whole.unlink(missing_ok=True)
    for left in strays(build, "site-unfinished-*", 3600):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        if site.is_dir() and not anew:
            shutil.copytree(site, beside)
            beside.touch()  # or it would be as old as what was copied
        with docutils_namespace():
            app = Sphinx(
                source, None, beside, doctrees, "html",
                confoverrides=settings, status=None, warning=said, freshenv=anew,
            )  # fmt: skip
            app.build(force_all=anew)
        for path in [path for path in beside.rglob("*") if path.is_file()]:
            target = site / path.relative_to(beside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    except Exception as error:
        cause = error.__cause__ or error  # of what an extension raised, Sphinx makes its own error
        if isinstance(cause, OSError):
            raise cause from None
        raise CourseError(f"Sphinx stopped with {type(cause).__name__}: {cause}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    problems = [line for line in notebooks.uncoloured(said.getvalue()).splitlines() if line.strip()]
    if not problems:
        whole.touch()
    return problems
