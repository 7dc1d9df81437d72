"""What Sphinx lacks for the site: formulas, Chinese search, links from names to chapters."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util import logging

# Environments the converter does not know, in terms of one it does: columns of right- and
# left-aligned cells.
_ALIGNED = re.compile(
    r"\\(?P<end>begin|end)\{(?:aligned|align|align\*|split|eqnarray|equation|equation\*)\}"
)
_TAUGHT = re.compile(r"Taught\s+in\s+notebooks?\s+(?:\d\d(?:,\s+|\s+and\s+)?)+")
LONGEST = 10_000  # characters of a formula; the converter takes time by the square
_log = logging.getLogger(__name__)


def formula(tex: str, *, block: bool) -> str | None:
    r"""Return a TeX formula as MathML, or None if a part of it is not understood.

    Browsers draw MathML by themselves; MathJax would have to be fetched or bundled.

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
    tex = tex.replace("<", r"\lt ")  # which a text in a formula would pass through, tags and all
    if len(tex) > LONGEST:
        return None
    try:
        mathml = convert(tex, display="block" if block else "inline")
    except Exception:  # the converter documents no common base class for its errors
        return None
    # What it does not understand it passes through as text, with the backslash.
    shown = re.sub(r"<[^>]*>", "", mathml)
    if "\\" in shown or re.search(r"&(?![#\w]+;)", shown):
        return None
    if re.search(r' (href|style)="', mathml):
        return None
    return mathml


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as JupyterLab has it.

    Examples
    --------
    >>> anchor("10 · A rule of your own")
    '10-·-A-rule-of-your-own'
    """
    return heading.replace(" ", "-")


def _visit_formula(translator: Any, node: Any) -> None:
    block = isinstance(node, nodes.math_block)
    mathml = formula(node.astext(), block=block)
    if mathml is None:
        _log.warning("formula shown as TeX: %.200s", node.astext(), location=node)
        mathml = f"<code>{html.escape(node.astext())}</code>"
    tag = "div" if block else "span"
    translator.body.append(f'<{tag} class="math">{mathml}</{tag}>')
    raise nodes.SkipNode


class EnglishAndChinese(SearchEnglish):
    """English words, stemmed, and Chinese text in overlapping pairs of characters.

    Nobody puts spaces between Chinese words. Pairs need no dictionary: 决策级融合 is found as
    决策 策级 级融 融合, in that text and in a query alike.

    Examples
    --------
    >>> EnglishAndChinese({}).split("late fusion (决策级融合), 词")
    ['late', 'fusion', '决策', '策级', '级融', '融合', '词']
    """

    lang = "en-zh"
    language_name = "English"  # the stemmer in the page is called by it
    _han = r"[\u3400-\u4dbf\u4e00-\u9fff]+"
    js_splitter_code = r"""
function splitQuery(query) {
  const runs = query.replace(/[\u3400-\u4dbf\u4e00-\u9fff]+/g, " $& ").match(/[\p{L}\p{N}_]+/gu);
  return (runs || []).flatMap((run) =>
    /^[\u3400-\u4dbf\u4e00-\u9fff]{2,}$/.test(run)
      ? Array.from({ length: run.length - 1 }, (_, i) => run.slice(i, i + 2))
      : [run]
  );
}
"""

    def split(self, input: str) -> list[str]:
        """Return the words and pairs of a text."""
        words: list[str] = []
        for run in re.findall(r"\w+", re.sub(self._han, r" \g<0> ", input)):
            if len(run) > 1 and re.fullmatch(self._han, run):
                words += [run[i : i + 2] for i in range(len(run) - 1)]
            else:
                words.append(run)
        return words


def _link_chapters(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Turn the numbers in "Taught in notebook NN." into links, and add every chapter that uses it.

    Which do is what the extension's setting says: a chapter's file and heading, by number, for each
    name.
    """
    chapters: Mapping[str, Mapping[str, tuple[str, str]]] = app.config.mmtutor_chapters
    used = chapters.get(name.removeprefix("mmtutor."), {})

    def linked(match: re.Match[str]) -> str:
        return re.sub(r"\d\d", lambda n: _link(used, n[0], n[0]), match[0])

    lines[:] = _TAUGHT.sub(linked, "\n".join(lines)).split("\n")
    if used:
        links = ", ".join(_link(used, number, used[number][1]) for number in sorted(used))
        lines += ["", f"**Chapters**: {links}", ""]


def _link(used: Mapping[str, tuple[str, str]], number: str, words: str) -> str:
    return f":doc:`{words} </notebooks/{used[number][0]}>`" if number in used else number


# What screen readers need, and what docutils and the theme leave out or say wrongly.
_ROLES = {
    'role="heading"': 'role="heading" aria-level="2"',  # parts, above their chapters
    '<div role="list" class="citation-list">': '<div class="citation-list">',  # holds no items
}


def _mend_roles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    for part in ("body", "furo_navigation_tree"):
        for wrong, right in _ROLES.items():
            context[part] = context.get(part, "").replace(wrong, right)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add all of it to Sphinx."""
    app.add_config_value("mmtutor_chapters", {}, "env", types=dict)
    app.add_search_language(EnglishAndChinese)
    app.add_html_math_renderer("mathml", (_visit_formula, None), (_visit_formula, None))
    app.connect("autodoc-process-docstring", _link_chapters, priority=900)  # after numpydoc
    app.connect("html-page-context", _mend_roles, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
