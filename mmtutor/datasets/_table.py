"""A table of posts of one's own: text, paths of pictures and sounds, labels."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmtutor import audio, image
from mmtutor._ranges import check_ranges
from mmtutor._table import MODALITIES, existing_file

__all__ = ["read_posts"]

MOST_BYTES = 2**28  # of a table
# What a file may begin with, to say how it is written; the longer ones first.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    "\ufeff".encode("gb18030"): "gb18030",
}
READERS: dict[str, Callable[[str], Any]] = {"image": image.read_image, "audio": audio.read_audio}


def read_posts(path: str | Path, *, label: str = "label", encoding: str = "utf-8-sig") -> Bunch:
    """Read a table of posts from a CSV file, and report every bad row.

    Parameters
    ----------
    path : str or Path
        The file. Its first line names the columns: `label`, and one or more of text, image and
        audio; others, such as author, are kept. Cells are parted by commas, semicolons or tabs,
        whichever the first line has most of, and may be quoted. Paths of images and sounds are
        relative to the file's folder.
    label : str, default="label"
        The column of the labels.
    encoding : str, default="utf-8-sig"
        How the file writes letters: UTF-8, with a mark at its beginning or without. Chinese Excel
        often saves "gb18030". A mark of UTF-8, UTF-16, UTF-32 or GB 18030 at the file's beginning
        (Excel's "Unicode text") counts more than this.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (n_samples, n_columns)
            The posts, without the label; the index, `line`, says in which line of the file each
            begins. Cells are str, pictures and sounds paths; None where a cell is blank or its
            file cannot be read.
        target : ndarray of shape (n_samples,), str
            The labels.
        report : DataFrame of shape (n_faults, 4)
            `line`, `column`, `why`, and what was `done`: "cell emptied" or "row left out".
        n_missing : Series of shape (n_modalities,)
            How many cells of each modality are missing in `frame`, blank ones and emptied ones.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, TypeError
        If the path does not lead to a file, or is none.
    ValueError
        If the file has more than 256 MiB, the encoding is unknown, the file is empty or not in it,
        a name stands twice in the first line or is missing there, a quotation mark is never closed,
        or no row is left.

    See Also
    --------
    pandas.read_csv : At work, where every row is in order; it checks no pictures and sounds.

    Notes
    -----
    Every file is opened once, which takes time; the table holds paths, so memory stays small. A
    blank cell is no fault. A row is left out if it has no label, none of its modalities, or more or
    fewer cells than the first line.

    Taught in notebook 10. Not for tables whose cells are numbers: they come as text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "posts.csv")
    ...     _ = path.write_text("text,image,label\\ngood,,+\\nbad,no.png,-\\nfine,,\\n")
    ...     posts = read_posts(path)
    >>> posts.frame["text"].tolist(), posts.target.tolist()
    (['good', 'bad'], ['+', '-'])
    >>> posts.report[["line", "column", "done"]].values.tolist()
    [[3, 'image', 'cell emptied'], [4, 'label', 'row left out']]
    """
    path = existing_file(path, what="table")
    check_ranges({"label": ("a column's name", lambda v: isinstance(v, str))}, label=label)
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(
            f"{path} has {path.stat().st_size} bytes, more than {MOST_BYTES}: split the table"
        )
    try:
        "".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise ValueError(
            f"encoding is {encoding!r}; expected the name of one, such as 'utf-8' or 'gb18030'"
        ) from None
    lines = _rows(path, encoding)
    names = [name.strip() for name in next(lines, (0, []))[1]]
    label = label.strip()  # as the names are
    modalities = _check_header(path, names, label)
    kept, faults = {}, []
    for line, cells in lines:
        row: dict[str, Any] = dict(
            zip(names, (cell.strip() or None for cell in cells), strict=False)
        )
        if len(cells) != len(names):
            remedy = "put quotes around a cell that holds the separator"
            why = f"{len(cells)} cells instead of {len(names)}; {remedy}"
            faults.append((line, "(row)", why, "row left out"))
            continue
        for name in READERS.keys() & modalities:
            if row[name] is not None:
                row[name] = str(path.parent / row[name])
                try:
                    READERS[name](row[name])
                except (OSError, ValueError) as error:
                    faults.append((line, name, str(error), "cell emptied"))
                    row[name] = None
        if row[label] is None:
            faults.append((line, label, "no label", "row left out"))
        elif all(row[name] is None for name in modalities):
            faults.append((line, "(row)", f"none of {', '.join(modalities)}", "row left out"))
        else:
            kept[line] = row
    report = pd.DataFrame(faults, columns=["line", "column", "why", "done"])
    if not kept:
        raise ValueError(f"{path} has no row to keep; {len(faults)} faults: {faults[:3]}")
    frame = pd.DataFrame.from_dict(kept, orient="index", columns=names, dtype=object)
    return Bunch(
        target=np.array(frame.pop(label).tolist()),
        frame=frame.rename_axis("line"),
        report=report.sort_values(["line", "column"], ignore_index=True),
        n_missing=frame[modalities].isna().sum(),
    )


def _rows(path: Path, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line in which each row begins, from 1, and its cells; empty lines are no rows."""
    begins = 1
    with path.open("rb") as binary:
        head = binary.read(4)
    encoding = next((name for mark, name in MARKS.items() if head.startswith(mark)), encoding)
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline().removeprefix("\ufeff")
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(chain([first], file), delimiter=delimiter, strict=True)
            for cells in reader:
                if any("\0" in cell for cell in cells):
                    raise ValueError(
                        f"{path}, row beginning in line {begins}: a zero byte, which no text has; "
                        "the file is damaged, or written in UTF-16 without a mark: then say the "
                        "encoding, 'utf-16-le' or 'utf-16-be'"
                    )
                if cells:
                    yield begins, cells
                begins = reader.line_num + 1
    except UnicodeError as error:
        raise ValueError(
            f"{path} is not written in {encoding} ({error}); save it as "
            "UTF-8, or say the encoding: 'gb18030' for Chinese, 'cp1252' for Western Windows"
        ) from None
    except csv.Error as error:
        raise ValueError(
            f"{path}, row beginning in line {begins}: {error}; a cell that begins with a quotation "
            "mark ends with one, and a mark inside it is doubled (if a cell really is so long: "
            "csv.field_size_limit)"
        ) from None


def _check_header(path: Path, names: list[str], label: str) -> list[str]:
    """Return the modalities in the first line; raise if it cannot be a header."""
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"{path}: the first line names {twice} more than once: {names}")
    modalities = [name for name in MODALITIES if name in names and name != label]
    if label not in names or not modalities:
        wanted = f"{label!r} and one or more of {', '.join(MODALITIES)}"
        raise ValueError(f"{path}: the first line must name {wanted}; it says {names}")
    return modalities
