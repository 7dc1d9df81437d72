"""The smallest chapter that all guards accept, to be spoilt in the tests."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from chapter import Chapter
from nbformat import v4

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
