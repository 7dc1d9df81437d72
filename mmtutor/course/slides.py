"""A chapter as a deck to teach from: its questions, pictures and formulas, one a slide.

One file without scripts: it scrolls from slide to slide, and prints one a page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from mmtutor.course import editions, notebooks
from mmtutor.course.manifest import Chapter

WORDS = 70  # of a paragraph; a slide is read while somebody speaks
LINES = 12  # of code, and of what it prints
STYLE = """
html { scroll-snap-type: y mandatory; font: 1.6rem/1.45 system-ui, sans-serif; }
body { margin: 0; color: #1a1a1a; background: #fff; }
section { min-height: 100vh; box-sizing: border-box; padding: 5vh 8vw; scroll-snap-align: start;
  display: flex; flex-direction: column; justify-content: center; break-after: page; }
h1 { font-size: 2.2em; } h2 { font-size: 1.5em; margin: 0 0 .6em; }
img { max-width: 100%; max-height: 70vh; object-fit: contain; align-self: center; }
figcaption, footer { font-size: .6em; color: #555; }
figure { margin: 0; display: flex; flex-direction: column; }
pre { font-size: .7em; background: #f4f4f4; padding: .8em; overflow: auto; }
pre.printed { background: none; border-left: .2em solid #0072b2; }
table { border-collapse: collapse; font-size: .7em; } td, th { padding: .2em .7em; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #111; }
  pre { background: #222; } figcaption, footer { color: #bbb; } img { background: #fff; } }
@media print { html { scroll-snap-type: none; } section { height: 100vh; } }
"""


def deck(chapter: Chapter) -> str:
    """Return the deck of a chapter as a page of HTML."""
    title, chinese = html.escape(chapter.heading), html.escape(chapter.title["zh"])
    slides = [f"<h1>{title}</h1><p>{chinese}</p><p>{html.escape(chapter.question)}</p>"]
    slides += _slides(notebooks.read_stored(chapter.stored))
    sections = "\n".join(f"<section>{slide}</section>" for slide in slides)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head>\n<body>\n{sections}\n</body></html>\n"
    )


def _slides(notebook: Any) -> Iterator[str]:
    heading = ""
    for cell in notebook.cells[1:]:  # the first is the title
        if editions.is_solution(cell) or "evidence" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            for kind, text in _blocks(cell.source):
                if kind == "heading":
                    heading = text
                else:
                    yield f"<h2>{_rendered(heading, inline=True)}</h2>{_rendered(text)}"
        elif cell.cell_type == "code":
            yield from _code(cell, heading)


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    """Yield a cell's headings and, below each, its first paragraph; predictions always."""
    first = True
    for block in re.split(r"\n\s*\n", re.sub(r"<details>.*?</details>", "", source, flags=re.S)):
        block = block.strip()
        if match := re.match(r"#{2,4} (.*)", block):
            yield "heading", match[1]
            first = True
        elif block and (first or "**Predict" in block or block.startswith("$$")):
            if block.startswith(("|", "$$", "- ", "1. ")) or len(block.split()) <= WORDS:
                yield "text", block
            else:
                yield "text", _shortened(block)
            first = False


def _shortened(paragraph: str) -> str:
    """Return the sentences that fit, at least one."""
    kept: list[str] = []
    for sentence in re.split(r"(?<=[.?!:]) (?=[A-Z*`$])", paragraph):
        if kept and len(" ".join([*kept, sentence]).split()) > WORDS:
            break
        kept.append(sentence)
    return " ".join(kept)


def _code(cell: Any, heading: str) -> Iterator[str]:
    """Yield a slide for each picture, and one for short code with what it prints."""
    printed = ""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            alt = html.escape(str(output.get("metadata", {}).get("image/png", {}).get("alt", "")))
            source = html.escape("".join(data["image/png"]).replace("\n", ""))
            yield (
                f"<h2>{_rendered(heading, inline=True)}</h2><figure>"
                f'<img alt="{alt}" src="data:image/png;base64,{source}">'
                f"<figcaption>{alt}</figcaption></figure>"
            )
        elif output.output_type == "stream":
            printed += output.text
    lines = cell.source.strip().splitlines()
    if printed and len(lines) <= LINES and len(printed.splitlines()) <= LINES:
        yield (
            f"<h2>{_rendered(heading, inline=True)}</h2><pre>{html.escape(cell.source.strip())}"
            f'</pre><pre class="printed">{html.escape(printed.rstrip())}</pre>'
        )


def _rendered(text: str, *, inline: bool = False) -> str:
    """Return Markdown as HTML, formulas as MathML."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    from mmtutor.course.extension import formula

    def mathml(tex: str, options: dict[str, Any]) -> str:
        shown = formula(tex, block=options["display_mode"])
        return shown or f"<code>{html.escape(tex)}</code>"

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.use(dollarmath_plugin, renderer=mathml, allow_digits=False)
    return markdown.renderInline(text) if inline else markdown.render(text)
