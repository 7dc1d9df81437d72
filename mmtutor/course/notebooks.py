"""The course's notebooks as files: where they are, reading a source, storing an executed copy.

A chapter exists twice: ``notebooks/source/NN_name.py`` (jupytext py:percent, what is edited) and
``notebooks/NN_name.ipynb`` (executed, what is opened). Only the second holds outputs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MARKER = Path("notebooks") / "source"
KEPT_CELL_METADATA = ("tags", "jupyter")
MISSING_COURSE = (
    "The notebooks are not here. They come with a clone of the project, not with the installed "
    "package: change into the clone (the folder that holds notebooks/source), or name it with "
    "--course FOLDER."
)


class CourseNotFound(Exception):
    """There are no notebooks in this folder, above it, or beside the package."""


def find_course(start: Path | str | None = None) -> Path:
    """Return the folder that holds ``notebooks/source``.

    Parameters
    ----------
    start : path, optional
        Where to look, this folder and those above it; by default the working directory, and then
        the clone in which the package itself lies.

    Raises
    ------
    CourseNotFound
        If there is none: the package was installed without a clone.
    """
    starts = [Path(start)] if start is not None else [Path.cwd(), Path(__file__).parent]
    for place in starts:
        place = place.resolve()
        for folder in (place, *place.parents):
            if (folder / MARKER).is_dir():
                return folder
    raise CourseNotFound(MISSING_COURSE)


def sources(course: Path, chosen: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks' sources in order, all or those whose number or name is given.

    Raises
    ------
    ValueError
        If a chosen number or name fits no notebook.
    """
    known = sorted((course / MARKER).glob("[0-9][0-9]_*.py"))
    if not chosen:
        return known
    found: set[Path] = set()
    for wish in chosen:
        name = Path(wish).stem
        prefix = f"{int(name):02d}_" if name.isdigit() else name
        hits = [path for path in known if path.stem.startswith(prefix)]
        if not hits:
            numbers = ", ".join(path.stem[:2] for path in known) or "none"
            raise ValueError(f"there is no notebook {wish!r}; there are: {numbers}")
        found.update(hits)
    return sorted(found)


def stored_path(source: Path) -> Path:
    """Return where the executed copy of a source lies."""
    return source.parent.parent / f"{source.stem}.ipynb"


def read_source(path: Path) -> Any:
    """Read a jupytext source as a notebook without outputs."""
    import jupytext

    notebook = jupytext.read(path, fmt="py:percent")
    return normalise(notebook)


def read_stored(path: Path) -> Any:
    """Read an executed notebook as it lies on disk."""
    import nbformat

    return nbformat.read(path, as_version=4)


def requires(notebook: Any) -> list[str]:
    """Return the names of the real data sets that a notebook needs."""
    return list(notebook.metadata.get("mmtutor", {}).get("requires", []))


def title(notebook: Any) -> str:
    """Return a notebook's first heading, without the hash."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return line[2:].strip()
    return "(no title)"


def promise(notebook: Any) -> str:
    """Return the sentence under the title, the chapter's promise."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            quoted = [line[1:].strip() for line in cell.source.splitlines() if line[:1] == ">"]
            if quoted:
                return " ".join(quoted)
    return ""


def normalise(notebook: Any) -> Any:
    """Bring a notebook into the one form in which it is stored, in place.

    What differs between machines and runs goes: kernel version, timings, cell ids, the order of
    keys. Execution counts run from 1 to n. Cells tagged ``solution`` are folded.
    """
    own = {"requires": requires(notebook)}
    notebook.metadata = type(notebook.metadata)(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "mmtutor": own,
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    used: set[str] = set()
    count = 0
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        if cell.cell_type == "code" and "solution" in kept.get("tags", []):
            kept["jupyter"] = {**kept.get("jupyter", {}), "source_hidden": True}
        cell.metadata = type(cell.metadata)(kept)
        cell.id = _cell_id(cell.source, used)
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


def _cell_id(source: str, used: set[str]) -> str:
    """Return an id that follows from the cell's text, so that it stays when other cells move."""
    serial = 0
    while True:
        text = source if serial == 0 else f"{source}\n{serial}"
        name = hashlib.sha256(text.encode()).hexdigest()[:10]
        if name not in used:
            used.add(name)
            return name
        serial += 1


def without_stderr(notebook: Any) -> list[str]:
    """Take the error stream out of the outputs, in place, and return the warnings it held.

    Progress bars and library chatter differ from run to run; a warning is worth reporting.
    """
    warned: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kept = []
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                warned += re.findall(r"\w*Warning: [^\n]*", output.text)
            else:
                kept.append(output)
        cell.outputs = kept
    return warned


def outline(notebook: Any) -> list[tuple[str, str, tuple[str, ...], bool]]:
    """Return what source and stored copy must share: each cell's kind, text, tags and folding."""
    rows = []
    for cell in notebook.cells:
        tags = tuple(cell.metadata.get("tags", []))
        folded = bool(cell.metadata.get("jupyter", {}).get("source_hidden", False))
        rows.append((cell.cell_type, cell.source.strip("\n"), tags, folded))
    return rows


def differences(source: Path, stored: Path) -> list[str]:
    """Say how a stored notebook departs from its source; nothing if it does not."""
    if not stored.exists():
        return [f"{stored.name} does not exist"]
    wanted, present = read_source(source), read_stored(stored)
    found = []
    if requires(wanted) != requires(present):
        found.append(f"requires {requires(present)}, but the source says {requires(wanted)}")
    rows, others = outline(wanted), outline(present)
    if len(rows) != len(others):
        found.append(f"has {len(others)} cells, the source has {len(rows)}")
    for number, (row, other) in enumerate(zip(rows, others, strict=False), start=1):
        if row != other:
            parts = ("kind", "text", "tags", "folding")
            which = [part for part, a, b in zip(parts, row, other, strict=True) if a != b]
            found.append(f"cell {number} differs in {', '.join(which)}")
            break
    return found


def is_changed(source: Path) -> bool:
    """Tell whether a source must be executed again: its text is not that of the stored copy."""
    stored = stored_path(source)
    if differences(source, stored):
        return True
    code = [cell for cell in read_stored(stored).cells if cell.cell_type == "code"]
    return any(cell.execution_count is None for cell in code if cell.source.strip())


def write_stored(notebook: Any, path: Path) -> None:
    """Write a notebook, in full or not at all."""
    import nbformat

    text = nbformat.writes(notebook, version=4)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    temporary.replace(path)
