"""The course's notebooks as files: reading a source, storing an executed copy.

A chapter exists twice: ``notebooks/source/NN_name.py`` (jupytext py:percent, what is edited) and
``notebooks/NN_name.ipynb`` (executed, what is opened). Only the second holds outputs.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

from mmtutor._cache import atomic_write
from mmtutor.course.manifest import CourseError

KEPT_CELL_METADATA = ("tags", "jupyter")
MAX_TEXT = 100_000  # characters that a cell prints
MOST_BYTES = 100 * 2**20  # of a notebook
MAX_OUTPUTS = 1000  # pictures, tables and the like that a cell shows


def read_source(path: Path) -> Any:
    """Read a jupytext source as a notebook without outputs."""
    import jupytext

    return normalise(jupytext.read(path, fmt="py:percent"))


def read_stored(path: Path, *, strict: bool = True) -> Any:
    """Read an executed notebook as it lies on disk.

    `strict` asks for every part that a chapter's copy must have; a hand-in may lack some.

    Raises
    ------
    CourseError
        If it is no notebook, such as one with the marks of a merge, or too large for one.
    """
    import nbformat

    remedy = f": mmtutor run --store {path.name[:2]}" if strict else ""
    if not path.is_file():  # opening a pipe would wait for its writer
        raise FileNotFoundError(f"there is no notebook {path}{remedy}")
    if path.stat().st_size > MOST_BYTES:
        raise CourseError(f"{path} has more than {MOST_BYTES:,} bytes: clear its outputs")
    try:
        notebook = nbformat.read(path, as_version=4)
        if strict:
            nbformat.validate(notebook)
        return notebook
    except OSError:  # which says itself what it may not read
        raise
    except Exception as error:  # whatever a broken file leads it to
        why = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
        raise CourseError(f"{path} is no notebook ({why}){remedy}") from error


def write_stored(notebook: Any, path: Path) -> None:
    """Write a notebook, in full or not at all."""
    import nbformat

    with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(nbformat.writes(notebook, version=4).rstrip("\n") + "\n")


def normalise(notebook: Any) -> Any:
    """Bring a notebook into the one form in which it is stored, in place.

    What differs between machines and runs goes: kernel version, timings, cell ids, the order of
    keys. Execution counts run from 1 to n. Cells tagged ``solution`` are folded.
    """
    notebook.metadata = type(notebook.metadata)(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    copies: Counter[str] = Counter()
    count = 0
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        if cell.cell_type == "code" and "solution" in kept.get("tags", []):
            kept["jupyter"] = {**kept.get("jupyter", {}), "source_hidden": True}
        cell.metadata = type(cell.metadata)(kept)
        # An id that follows from the cell's text stays when other cells move.
        twin = f"\0{copies[cell.source]}" if copies[cell.source] else ""
        cell.id = hashlib.sha256((cell.source + twin).encode()).hexdigest()[:10]
        copies[cell.source] += 1
        if cell.cell_type != "code":
            continue
        cell.setdefault("outputs", [])
        if cell.get("execution_count") is not None:
            count += 1
            cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return notebook


def tidy(notebook: Any) -> list[str]:
    """Make the outputs fit to be stored, in place; return what is worth reporting of them.

    The error stream goes: progress bars and library chatter differ from run to run. A warning is
    reported, and a cell that prints or shows too much.
    """
    notes = []
    for cell in code(notebook):
        streams = [output for output in cell.outputs if output.output_type == "stream"]
        for stream in streams:
            if stream.name == "stderr":
                # From a word's beginning, or a long line takes time by the square.
                warned = re.findall(r"\b\w*Warning: [^\n]{,500}", stream.text)
                notes += [f"a cell warned: {warning}" for warning in warned]
            elif len(stream.text) > MAX_TEXT:
                notes.append(f"a cell printed more than {MAX_TEXT:,} characters: cut")
            stream.text = printed(stream.text)
        shown = [x for x in cell.outputs if x not in streams or x.name == "stdout"]
        if len(shown) > MAX_OUTPUTS:
            notes.append(f"a cell showed more than {MAX_OUTPUTS:,} outputs: cut")
            shown = shown[:MAX_OUTPUTS] + [x for x in shown[-1:] if x.output_type == "error"]
        cell.outputs = shown
    return list(dict.fromkeys(notes))


def printed(text: str) -> str:
    r"""Return what a terminal would show: what stands before a carriage return is overwritten.

    Text beyond :data:`MAX_TEXT` is cut off.

    Examples
    --------
    >>> printed("10 %\r100 %\nend")
    '100 %\nend'
    """
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "\n... (cut: too much to show)\n"
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def outline(cells: list[Any]) -> list[dict[str, Any]]:
    """Return what source and stored copy must share of each cell."""
    return [
        {
            "kind": cell.cell_type,
            "text": cell.source.strip("\n"),
            "tags": list(cell.metadata.get("tags", [])),
            "folding": bool(cell.metadata.get("jupyter", {}).get("source_hidden", False)),
        }
        for cell in cells
    ]


def code(notebook: Any) -> list[Any]:
    """Return the code cells that hold something."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def uncoloured(text: str) -> str:
    """Return a text without a terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def prose(notebook: Any) -> str:
    """Return all Markdown, cells parted by blank lines."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a code cell, without the notebook's own commands (% and !)."""
    return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))


def differences(source: Path, stored: Path) -> list[str]:
    """Say how a stored notebook departs from its source; nothing if it does not."""
    if not stored.exists():
        return [f"{stored.name} does not exist"]
    wanted = read_source(source)
    try:
        present = read_stored(stored)
    except (CourseError, OSError) as error:
        return [str(error)]
    found = []
    if wanted.metadata != present.metadata:
        found.append("its metadata are not those of a stored notebook")
    rows, others = outline(wanted.cells), outline(present.cells)
    if len(rows) != len(others):
        found.append(f"has {len(others)} cells, the source has {len(rows)}")
    for number, (row, other) in enumerate(zip(rows, others, strict=False), start=1):
        if row != other:
            which = [key for key in row if row[key] != other[key]]
            found.append(f"cell {number} differs in {', '.join(which)}")
            break
    return found


def is_changed(source: Path, stored: Path) -> bool:
    """Tell whether a source must be executed again: its text is not that of the stored copy."""
    if differences(source, stored):
        return True
    return any(cell.execution_count is None for cell in code(read_stored(stored)))


def refresh(source: Path, stored: Path) -> bool:
    """Carry changed prose into the stored copy, without executing it; tell whether it did.

    Only if the code cells, with their tags, are still those that gave the stored outputs.
    """
    if not stored.exists() or not differences(source, stored):
        return False
    fresh, old = read_source(source), read_stored(stored)
    cells, executed = code(fresh), code(old)
    if outline(cells) != outline(executed):
        return False
    for cell, ran in zip(cells, executed, strict=True):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    write_stored(normalise(fresh), stored)
    return True
