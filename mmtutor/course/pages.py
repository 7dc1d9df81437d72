"""Executed notebooks as pages that read well without a network.

nbconvert's own pages fetch MathJax and require.js from a server. Here formulas become MathML, which
browsers draw by themselves, pictures and sounds lie inside the page, and no script is needed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmtutor._cache import atomic_write
from mmtutor._i18n import _
from mmtutor.course.manifest import Course

HERE = Path(__file__).parent
# Environments the converter does not know, in terms of one it does: columns of right- and
# left-aligned cells.
_ALIGNED = re.compile(
    r"\\(?P<end>begin|end)\{(?:aligned|align|align\*|split|eqnarray|equation|equation\*)\}"
)


def formula(tex: str, *, block: bool) -> str | None:
    r"""Return a TeX formula as MathML, or None if a part of it is not understood.

    Examples
    --------
    >>> formula(r"\frac{1}{2}", block=False)[:25]
    '<math xmlns="http://www.w'
    >>> formula(r"\nosuchcommand{x}", block=False) is None
    True
    """
    from latex2mathml.converter import convert

    def columns(match: re.Match[str]) -> str:
        return r"\begin{array}{rlrlrl}" if match["end"] == "begin" else r"\end{array}"

    tex = _ALIGNED.sub(columns, tex).strip()
    tex = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", tex)
    try:
        mathml = convert(tex, display="block" if block else "inline")
    except Exception:  # the converter documents no common base class for its errors
        return None
    # What it does not understand it passes through as text, with the backslash.
    shown = re.sub(r"<[^>]*>", "", mathml)
    if "\\" in shown or re.search(r"&(?![#\w]+;)", shown):
        return None
    return mathml


def _exporter(problems: list[str]) -> Any:
    from jinja2 import pass_context
    from nbconvert import HTMLExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        """Markdown to HTML with formulas as MathML."""

        def _formula(self, tex: str, block: bool) -> str:
            mathml = formula(tex, block=block)
            if mathml is None:
                problems.append(f"formula shown as TeX: {tex.strip()}")
                tag = "pre" if block else "code"
                return f"<{tag}>{html.escape(tex.strip())}</{tag}>"
            return mathml

        def block_math(self, body: str) -> str:
            return self._formula(body, True)

        def inline_math(self, body: str) -> str:
            return self._formula(body, False)

        def latex_environment(self, name: str, body: str) -> str:
            return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", True)

    class Exporter(HTMLExporter):
        """The lab page, with the template above and formulas as MathML."""

        @pass_context
        def markdown2html(self, context: Any, source: str) -> str:
            path = context.get("resources", {}).get("metadata", {}).get("path", "")
            renderer = Renderer(escape=False, embed_images=True, path=path, anchor_link_text="")
            return MarkdownWithMath(renderer=renderer).render(source)

    exporter = Exporter(template_name="lab", embed_images=True)
    exporter.raw_template = (HERE / "page.html.j2").read_text(encoding="utf-8")
    exporter.environment.globals["_"] = _
    return exporter


def write_page(notebook: Any, target: Path, *, title: str, folder: Path) -> list[str]:
    """Write one executed notebook as a self-contained page; return what could not be shown well.

    Relative pictures are looked up in `folder`. Links between notebooks become links between pages.
    """
    problems: list[str] = []
    resources = {"metadata": {"name": title, "path": str(folder)}}
    body, _resources = _exporter(problems).from_notebook_node(notebook, resources=resources)
    body = re.sub(r'href="((?:\.?/)?[0-9][0-9]_[\w-]+)\.ipynb', r'href="\1.html', body)
    _write(target, body)
    return problems


def write_index(course: Course, build: Path, said: Mapping[int, str]) -> None:
    """Write the index of the whole series: a row per chapter, linked if it has a page.

    `said` is what became of each in this run, by number; what it left out keeps its earlier page.
    """
    from jinja2 import Template

    there = {
        chapter.number for chapter in course.chapters if (build / f"{chapter.name}.html").exists()
    }
    template = Template((HERE / "index.html.j2").read_text(encoding="utf-8"), autoescape=True)
    _write(build / "index.html", template.render(_=_, course=course, there=there, said=said))


def _write(target: Path, page: str) -> None:
    with atomic_write(target, "w", encoding="utf-8") as file:
        file.write(page)
