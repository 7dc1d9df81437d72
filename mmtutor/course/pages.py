"""Executed notebooks as pages that read well without a network.

nbconvert's own pages fetch MathJax and require.js from a server. Here formulas become MathML, which
browsers draw by themselves, pictures and sounds lie inside the page, and no script is needed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
body.jp-Notebook { max-width: 60rem; margin: 0 auto; padding: 1rem;
  font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif; }
.jp-RenderedHTMLCommon h1 { line-height: 1.3; }
math { font-size: 1.05em; }
math[display="block"] { margin: 0.8em 0; }
math[display="block"] mtd { math-style: normal; padding: 0.25em 0.15em; }
mtd[columnalign="right"] { text-align: right; }
mtd[columnalign="left"] { text-align: left; }
.jp-RenderedHTMLCommon summary, details.folded > summary { cursor: pointer; color: #1a5fb4; }
details.folded { margin-left: 5rem; }
@media (max-width: 50rem) { .jp-InputPrompt, .jp-OutputPrompt { display: none; } }
@media print { .highlight pre, .jp-OutputArea-output pre { white-space: pre-wrap; } }
</style>
{%- endblock -%}
{%- block body_header -%}
{{ super() }}
<p><a href="index.html">All chapters</a></p>
{%- endblock -%}
{%- block codecell -%}
{%- if cell.metadata.get('jupyter', {}).get('source_hidden') -%}
<details class="folded"><summary>
{{- 'A solution' if 'solution' in cell.metadata.get('tags', []) else 'Code' -}}
</summary>
{{ super() }}
</details>
{%- else -%}
{{ super() }}
{%- endif -%}
{%- endblock codecell -%}
{%- block data_png -%}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
{%- set alt = output | get_metadata('alt', 'image/png') -%}
{%- if alt %} alt="{{ alt | escape_html_keep_quotes | replace('"', '&quot;') }}"{%- endif -%}
>
</div>
{%- endblock data_png -%}
"""

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
    exporter.raw_template = TEMPLATE
    return exporter


def write_page(notebook: Any, target: Path, *, title: str, folder: Path) -> list[str]:
    """Write one executed notebook as a self-contained page.

    Parameters
    ----------
    notebook : NotebookNode
        The executed notebook.
    target : Path
        The page; links from one notebook to another become links between pages.
    title : str
        What the browser shows.
    folder : Path
        The notebook's folder, in which relative pictures are looked up.

    Returns
    -------
    list of str
        What could not be rendered well.
    """
    problems: list[str] = []
    resources = {"metadata": {"name": title, "path": str(folder)}}
    body, _ = _exporter(problems).from_notebook_node(notebook, resources=resources)
    body = re.sub(r'href="((?:\.?/)?[0-9][0-9]_[\w-]+)\.ipynb', r'href="\1.html', body)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(body, encoding="utf-8")
    return problems


def write_index(rows: Iterable[Mapping[str, str]], target: Path) -> None:
    """Write the index: a row per notebook with keys `page`, `title`, `promise`, `status`."""
    lines = []
    for row in rows:
        name = html.escape(row["title"])
        if row["page"]:
            name = f'<a href="{html.escape(row["page"])}">{name}</a>'
        lines.append(
            f"<tr><td>{name}<br><small>{html.escape(row['promise'])}</small></td>"
            f"<td>{html.escape(row['status'])}</td></tr>"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mmtutor: multimodal learning</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto;
  padding: 0 1rem; }}
td, th {{ padding: 0.5rem 0.8rem; border-bottom: 1px solid #ddd; text-align: left;
  vertical-align: top; }}
td:last-child {{ min-width: 9rem; }}
table {{ border-collapse: collapse; width: 100%; }}
</style></head><body>
<h1>mmtutor: multimodal learning</h1>
<p>Text, images and sound, and how to fuse them. These pages were made by executing the notebooks on
this machine; open the notebooks themselves with <code>make lab</code>.</p>
<table><tr><th>Chapter</th><th>This run</th></tr>
{chr(10).join(lines)}
</table></body></html>
""",
        encoding="utf-8",
    )
