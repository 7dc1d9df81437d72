"""What real data there are: the registry of their files, and which of them are on this machine.

See :mod:`mmtutor.datasets.remote` for the conventions; it offers the public names.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import json
import os
import tempfile
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from mmtutor._bundled import bundled_path
from mmtutor._cache import cache_folder

with warnings.catch_warnings():  # pooch loads tqdm.auto, which in a notebook asks for ipywidgets
    warnings.simplefilter("ignore")
    import pooch

# The one place that knows what an upstream address looks like.
URL_PATTERN = "{base}/{upstream}/{commit}/{path}"
BASE_URL = "https://raw.githubusercontent.com"  # another one: the variable MMTUTOR_DATA_URL


class DataNotAvailable(OSError):
    """A real dataset is not on this machine, or could not be fetched; the message says what to do.

    Taught in notebook 15.
    """


@dataclass(frozen=True)
class Dataset:
    """What a card needs to say about a dataset.

    Attributes
    ----------
    licence : str
        SPDX identifier.
    citation : str
        Whom to cite.
    description : str
        One line: what, and how much of it.
    """

    licence: str
    citation: str
    description: str


DATASETS: dict[str, Dataset] = {
    "london_faces": Dataset(
        "CC-BY-4.0",
        "DeBruine, L. and Jones, B. (2017). Face Research Lab London Set. figshare. "
        "https://doi.org/10.6084/m9.figshare.5047666",
        "photographs of 102 people, neutral and smiling; eye landmarks for the neutral ones",
    ),
    "librispeech_sample": Dataset(
        "CC-BY-4.0",
        "Panayotov, V., Chen, G., Povey, D. and Khudanpur, S. (2015). Librispeech: an ASR corpus "
        "based on public domain audio books. ICASSP. https://doi.org/10.1109/ICASSP.2015.7178964",
        "186 speakers, one reading of at least 11.5 s each, 16 kHz",
    ),
    "crema_d_ratings": Dataset(
        "ODbL-1.0",
        "Cao, H., Cooper, D. G., Keutmann, M. K., Gur, R. C., Nenkova, A. and Verma, R. (2014). "
        "CREMA-D: crowd-sourced emotional multimodal actors dataset. IEEE Transactions on "
        "Affective Computing 5(4), 377-390. https://doi.org/10.1109/TAFFC.2014.2336244",
        "raters' votes on 7,442 acted clips: from the voice alone, the face alone, and both",
    ),
    "spoken_digits": Dataset(
        "CC-BY-SA-4.0",
        "Jackson, Z., Souza, C., Flaks, J., Pan, Y., Nicolas, H. and Thite, A. (2018). Free Spoken "
        "Digit Dataset. https://doi.org/10.5281/zenodo.1342401",
        "6 speakers say each of 10 digits 25 times, 8 kHz",
    ),
    "mnist_test": Dataset(
        "CC-BY-SA-3.0",
        "LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based learning applied "
        "to document recognition. Proceedings of the IEEE 86(11), 2278-2324. "
        "https://doi.org/10.1109/5.726791",
        "10,000 handwritten digits, 28x28",
    ),
    "movie_sentences": Dataset(
        "CC-BY-4.0",
        "Pang, B. and Lee, L. (2005). Seeing stars: exploiting class relationships for sentiment "
        "categorization with respect to rating scales. ACL. https://aclanthology.org/P05-1015/",
        "5,331 positive and 5,331 negative sentences of film reviews",
    ),
    "emoji_sentiment": Dataset(
        "CC-BY-SA-4.0",
        "Kralj Novak, P., Smailovic, J., Sluban, B. and Mozetic, I. (2015). Sentiment of emojis. "
        "PLoS ONE 10(12), e0144296. https://doi.org/10.1371/journal.pone.0144296",
        "how often each emoji stands in negative, neutral and positive tweets",
    ),
    "emoji_glyphs": Dataset(
        "CC-BY-4.0",
        "Mozilla Foundation (2015). FxEmojis. https://github.com/mozilla/fxemoji",
        "613 emoji drawn as SVG",
    ),
}


@dataclass(frozen=True)
class File:
    dataset: str
    upstream: str
    commit: str
    path: str
    size: int  # bytes
    sha256: str

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.path}"

    @property
    def place(self) -> Path:
        return data_folder() / self.dataset / self.path

    @property
    def url(self) -> str:
        base = os.environ.get("MMTUTOR_DATA_URL") or BASE_URL
        return URL_PATTERN.format(
            base=base.rstrip("/"),
            upstream=self.upstream,
            commit=self.commit,
            path=quote(self.path),
        )


# -- folders ----------------------------------------------------------------------------------


def data_folder() -> Path:
    """Return the folder of the downloaded files; it need not exist.

    Returns
    -------
    Path
        The value of ``MMTUTOR_DATA`` or, where that is unset or empty, the platform's cache folder.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> data_folder().is_absolute()
    True
    """
    named = os.environ.get("MMTUTOR_DATA")
    return (
        Path(named).expanduser().absolute()
        if named
        else Path(pooch.os_cache("mmtutor")).expanduser().absolute() / "data"
    )


# -- the registry -----------------------------------------------------------------------------


def registry() -> pd.DataFrame:
    """Return the table of all files of all real datasets.

    Returns
    -------
    DataFrame of shape (n_files, 7)
        Columns dataset, upstream, commit, path, bytes, sha256, licence.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> int((registry()["dataset"] == "london_faces").sum())
    308
    """
    return pd.read_csv(bundled_path("registry.csv"), dtype={"commit": str, "sha256": str})


@functools.lru_cache(maxsize=4)
def _read_registry(path: Path) -> dict[str, tuple[File, ...]]:
    files: dict[str, list[File]] = {}
    with path.open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if Path(row["path"]).is_absolute() or ".." in Path(row["path"]).parts:
                raise ValueError(f"{path.name} names a path outside its dataset: {row['path']!r}")
            files.setdefault(row["dataset"], []).append(
                File(
                    row["dataset"],
                    row["upstream"],
                    row["commit"],
                    row["path"],
                    int(row["bytes"]),
                    row["sha256"],
                )
            )
    return {name: tuple(rows) for name, rows in files.items()}


def files_of(name: str) -> tuple[File, ...]:
    table = _read_registry(Path(bundled_path("registry.csv")))
    if name not in table:
        raise ValueError(f"unknown dataset {name!r}; the registry has {', '.join(sorted(table))}")
    return table[name]


# -- what is there ----------------------------------------------------------------------------

_verified: dict[str, list] | None = None  # absolute path -> [size, mtime_ns, sha256]
_verified_lock = threading.Lock()


def _verified_path() -> Path:
    return cache_folder() / "verified.json"


def verified_notes() -> dict[str, list]:
    global _verified
    with _verified_lock:
        if _verified is None:
            try:
                _verified = dict(json.loads(_verified_path().read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                _verified = {}
        return _verified


def save_notes() -> None:
    """Keep the notes for the next process; where that is impossible, it will hash again."""
    with _verified_lock:
        notes = json.dumps(_verified or {})
    path = _verified_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, delete=False, encoding="utf-8"
        ) as new:
            new.write(notes)
        Path(new.name).replace(path)
    except OSError:
        pass


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _problem(file: File, *, trust_notes: bool = True) -> str:
    """Return "" for a whole file, else "missing", "size" or "hash"."""
    try:
        stat = file.place.stat()
    except OSError:
        return "missing"
    if stat.st_size != file.size:
        return "size"
    notes = verified_notes()
    note = [stat.st_size, stat.st_mtime_ns, file.sha256]
    if trust_notes and notes.get(str(file.place)) == note:
        return ""
    try:
        right = _sha256(file.place) == file.sha256
    except OSError:
        return "missing"
    if not right:
        notes.pop(str(file.place), None)
        return "hash"
    notes[str(file.place)] = note
    return ""


def missing_files(files: Iterable[File]) -> list[File]:
    known = len(verified_notes())
    wanting = [file for file in files if _problem(file)]
    if len(verified_notes()) != known:
        save_notes()
    return wanting


def is_available(name: str) -> bool:
    """Tell whether a dataset is wholly on this machine, with the right hashes.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If the registry has no such dataset.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> isinstance(is_available("movie_sentences"), bool)
    True
    """
    files = files_of(name)
    # The cheap question first: most absent datasets lack their folder.
    if not (data_folder() / name).is_dir():
        return False
    return not missing_files(files)


def status() -> pd.DataFrame:
    """Tell of each real dataset what it is and whether it is here, without opening any file.

    Returns
    -------
    DataFrame of shape (n_datasets, 8)
        Columns dataset, files, MB, licence, citation, state ("present", "partial" or "absent"; by
        the files' sizes, :func:`verify` also hashes them), where (the folder), description.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> table = status()
    >>> int(table.set_index("dataset").loc["spoken_digits", "files"])
    1500
    """
    rows = []
    for name, card in DATASETS.items():
        files = files_of(name)
        there = sum(_has_size(file) for file in files)
        state = "present" if there == len(files) else "partial" if there else "absent"
        rows.append(
            {
                "dataset": name,
                "files": len(files),
                "MB": round(sum(file.size for file in files) / 1e6, 1),
                "licence": card.licence,
                "citation": card.citation,
                "state": state,
                "where": str(data_folder() / name),
                "description": card.description,
            }
        )
    return pd.DataFrame(rows)


def _has_size(file: File) -> bool:
    try:
        return file.place.stat().st_size == file.size
    except OSError:
        return False


def verify(name: str | None = None) -> pd.DataFrame:
    """Hash every file anew and say which are whole.

    Parameters
    ----------
    name : str, optional
        One of :data:`DATASETS`; without it, all of them.

    Returns
    -------
    DataFrame of shape (n_files, 3)
        Columns dataset, path, state ("ok", "missing", "wrong size" or "wrong hash").

    Raises
    ------
    ValueError
        If the registry has no such dataset.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> list(verify("movie_sentences").columns)
    ['dataset', 'path', 'state']
    """
    words = {"": "ok", "missing": "missing", "size": "wrong size", "hash": "wrong hash"}
    rows = [
        (file.dataset, file.path, words[_problem(file, trust_notes=False)])
        for each in ([name] if name else DATASETS)
        for file in files_of(each)
    ]
    save_notes()
    return pd.DataFrame(rows, columns=["dataset", "path", "state"])
