"""The real data: one registry, one function that fetches.

``data/registry.csv`` names every file of every real dataset: where it lies upstream (a repository
at a commit, so it cannot change), its size, its sha256 and its licence. Files are fetched from
there, never shipped with the package.

A file lies at ``data_folder() / dataset / path``; the folder may be read-only when it is complete.
It counts as present only if its size and its sha256 are the registry's, and it gets its name only
when it is whole, so an interrupted download is never taken for a file.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd
from platformdirs import user_cache_dir

from mmtutor._bundled import bundled_path
from mmtutor._cache import cache_folder, clear_strays, named_folder
from mmtutor._ranges import FLAG, check_ranges

__all__ = [
    "DATASETS",
    "DataNotAvailable",
    "Dataset",
    "cache_folder",
    "data_folder",
    "fetch_files",
    "is_available",
    "registry",
    "status",
    "verify",
]

BASE_URL = "https://raw.githubusercontent.com"  # another one: the variable MMTUTOR_DATA_URL

_N_PARALLEL = 8
_RETRIES = 2  # after a broken connection or a wrong hash
_TIMEOUT = (15, 30)  # seconds to connect, and between two pieces of a file
_PATIENCE = 300  # seconds in which at least one more file must arrive
# How pooch names temporary files, by tempfile; nobody pauses so long, seconds.
_STRAY, _DEAD = "tmp" + 8 * "[a-z0-9_]", 60


class DataNotAvailable(OSError):
    """A real dataset is not on this machine, or could not be fetched; the message says what to do.

    Every ``fetch_`` function raises it.
    """


@dataclass(frozen=True)
class Dataset:
    """What the card of a dataset, ``data/cards/NAME.md``, says about it.

    Parameters
    ----------
    name : str
        Its name in the registry, and its folder's.
    card : str
        The whole card, in Markdown: what, who, how many, licence, references, consent, known
        biases, and what not to do with it.
    """

    name: str
    card: str

    @property
    def description(self) -> str:
        """One line: what, and how much of it."""
        return self.card.split("\n\n")[1]

    @property
    def citation(self) -> str:
        """Whom to cite."""
        return self.section("References").split("\n\n")[0].replace("\n", " ")

    @property
    def licence(self) -> str:
        """SPDX identifier of the licence, from the registry."""
        return files_of(self.name)[0].licence

    def section(self, heading: str) -> str:
        """Return the text under a heading of the card.

        Parameters
        ----------
        heading : str
            Such as ``"Consent"``.

        Returns
        -------
        str
            Markdown.

        Raises
        ------
        ValueError
            If the card has no such heading.

        Notes
        -----
        Taught in notebook 19.
        """
        parts = dict(part.split("\n", 1) for part in self.card.split("\n## ")[1:])
        if not isinstance(heading, str) or heading not in parts:
            raise ValueError(f"the card of {self.name} has no {heading!r}; it has {list(parts)}")
        return parts[heading].strip()


DATASETS: dict[str, Dataset] = {
    name: Dataset(name, bundled_path(f"cards/{name}.md").read_text(encoding="utf-8"))
    for name in (
        "london_faces",
        "librispeech_sample",
        "crema_d_ratings",
        "spoken_digits",
        "mnist_test",
        "movie_sentences",
        "emoji_sentiment",
        "emoji_glyphs",
    )
}


class File(NamedTuple):
    """A row of the registry."""

    dataset: str
    upstream: str
    commit: str
    path: str
    bytes: int
    sha256: str
    licence: str

    @property
    def place(self) -> Path:
        return data_folder() / self.dataset / self.path

    @property
    def url(self) -> str:
        base = os.environ.get("MMTUTOR_DATA_URL") or BASE_URL
        return f"{base.rstrip('/')}/{self.upstream}/{self.commit}/{quote(self.path)}"

    @property
    def state(self) -> str:
        """Whether the file is here and whole: "ok", "missing", "wrong size" or "wrong hash"."""
        try:
            if self.place.stat().st_size != self.bytes:
                return "wrong size"
            with self.place.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256")
        except OSError:
            return "missing"
        return "ok" if digest.hexdigest() == self.sha256 else "wrong hash"


def data_folder() -> Path:
    """Return the folder of the downloaded files; it need not exist.

    Returns
    -------
    Path
        The value of ``MMTUTOR_DATA`` or, where that is unset or empty, the platform's cache folder.

    Notes
    -----
    Not used in a notebook: the commands ``mmtutor data`` and ``mmtutor doctor`` show it.

    Examples
    --------
    >>> data_folder().is_absolute()
    True
    """
    return named_folder("MMTUTOR_DATA", Path(user_cache_dir("mmtutor")) / "data")


def registry() -> pd.DataFrame:
    """Return the table of all files of all real datasets.

    Returns
    -------
    DataFrame of shape (n_files, 7)
        Columns dataset, upstream, commit, path, bytes, sha256, licence.

    Notes
    -----
    Not used in a notebook: it is there for whoever wants to fetch by other means.

    Examples
    --------
    >>> int((registry()["dataset"] == "london_faces").sum())
    308
    """
    return pd.read_csv(bundled_path("registry.csv"), dtype={"commit": str, "sha256": str})


def files_of(name: str) -> list[File]:
    """Return the files of a dataset, or raise ValueError if the registry has no such dataset."""
    table = registry()
    rows = table[[isinstance(name, str) and each == name for each in table["dataset"]]]
    if rows.empty:
        known = ", ".join(table["dataset"].unique())
        raise ValueError(f"unknown dataset {name!r}; the registry has {known}")
    return [File(*row) for row in rows.itertuples(index=False)]


def is_available(name: str) -> bool:
    """Tell whether a dataset is wholly on this machine, with the right hashes.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`.

    Returns
    -------
    bool
        True if no file is missing or wrong.

    Raises
    ------
    ValueError
        If the registry has no such dataset.

    See Also
    --------
    status : All datasets at once, without opening a file.

    Notes
    -----
    Taught in notebook 08.

    Examples
    --------
    >>> isinstance(is_available("movie_sentences"), bool)
    True
    """
    return all(file.state == "ok" for file in files_of(name))


def status() -> pd.DataFrame:
    """Tell of each real dataset what it is and whether it is here, without opening any file.

    Returns
    -------
    DataFrame of shape (n_datasets, 8)
        Columns dataset, files, MB, licence, citation, state ("present", "partial" or "absent"; by
        the files' sizes), where (the folder), description.

    See Also
    --------
    verify : File by file, by their hashes.

    Notes
    -----
    Not used in a notebook: ``mmtutor data list`` prints it.

    Examples
    --------
    >>> table = status()
    >>> int(table.set_index("dataset").loc["spoken_digits", "files"])
    1500
    """
    rows = []
    for name, card in DATASETS.items():
        files = files_of(name)
        sizes = [f.place.stat().st_size if f.place.is_file() else -1 for f in files]
        there = sum(size == file.bytes for size, file in zip(sizes, files, strict=True))
        rows.append(
            {
                "dataset": name,
                "files": len(files),
                "MB": round(sum(file.bytes for file in files) / 1e6, 1),
                "licence": card.licence,
                "citation": card.citation,
                "state": "present" if there == len(files) else "partial" if there else "absent",
                "where": str(data_folder() / name),
                "description": card.description,
            }
        )
    return pd.DataFrame(rows)


def verify(name: str | None = None) -> pd.DataFrame:
    """Hash every file and say which are whole.

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

    See Also
    --------
    fetch_files : Mends what is not whole.

    Notes
    -----
    Not used in a notebook: ``mmtutor data verify`` prints it.

    Examples
    --------
    >>> list(verify("movie_sentences").columns)
    ['dataset', 'path', 'state']
    """
    files = [file for each in (DATASETS if name is None else [name]) for file in files_of(each)]
    rows = [(file.dataset, file.path, file.state) for file in files]
    return pd.DataFrame(rows, columns=["dataset", "path", "state"])


def fetch_files(name: str, download_if_missing: bool = True, progress: bool = True) -> Path:
    """Return the folder of a dataset, after fetching the files that are not there yet.

    Eight files come at a time. Each is checked against its sha256 before it gets its name; what
    arrived before an error is kept for the next call.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`.
    download_if_missing : bool, default=True
        If False, raise instead of downloading.
    progress : bool, default=True
        Show a progress bar while downloading.

    Returns
    -------
    Path
        The folder; the dataset's files lie in it under their upstream paths.

    Raises
    ------
    ValueError
        If the registry has no such dataset, or the other parameters are neither True nor False.
    DataNotAvailable
        If the files are not all there and may not or cannot be fetched; the message says what to
        do.

    See Also
    --------
    is_available : Tell whether anything would be downloaded.

    Notes
    -----
    Not used in a notebook: each ``fetch_`` function of :mod:`mmtutor.datasets` calls it.

    Examples
    --------
    >>> fetch_files("none_such")
    Traceback (most recent call last):
    ...
    ValueError: unknown dataset 'none_such'; the registry has crema_d_ratings, ...
    """
    flags = {"download_if_missing": download_if_missing, "progress": progress}
    check_ranges(dict.fromkeys(flags, FLAG), **flags)
    files = files_of(name)
    for folder in {file.place.parent for file in files}:
        clear_strays(folder, _STRAY, _DEAD)
    wanting = [file for file in files if file.state != "ok"]
    if not wanting:
        return data_folder() / name
    if not download_if_missing:
        raise DataNotAvailable(
            f"{len(wanting)} of {len(files)} files of {name} are not in {data_folder() / name}; "
            f"fetch them with `mmtutor data fetch {name}`, or set MMTUTOR_DATA to the folder that "
            "has them"
        )
    for file in wanting:
        if file.place.exists() and not file.place.is_file():  # a pipe would wait for ever
            raise DataNotAvailable(
                f"{file.place} is a folder, a pipe or a device, where a file of {name} belongs: "
                "move it away, or set MMTUTOR_DATA to another folder"
            )
    _download(name, wanting, progress)
    return data_folder() / name


def _download(name: str, wanting: Sequence[File], progress: bool) -> None:
    with warnings.catch_warnings():  # in a notebook, pooch's tqdm.auto would ask for ipywidgets
        warnings.simplefilter("ignore")
        import pooch
    import requests
    from tqdm import tqdm

    pooch.get_logger().setLevel("WARNING")  # else a line a file beside the bar
    sizes = {file.url: file.bytes for file in wanting}
    session = requests.Session()  # pooch's own downloader connects anew for every file

    def receive(url: str, temporary: str, keeper: Any) -> None:
        Path(temporary).unlink()  # only its owner may read it; a new one follows the umask
        with (
            session.get(url, stream=True, timeout=_TIMEOUT) as answer,
            Path(temporary).open("xb") as file,
        ):
            answer.raise_for_status()
            for piece in answer.iter_content(1 << 16):
                if file.tell() + len(piece) > sizes[url]:
                    raise ValueError("more comes than the registry says")  # perhaps without an end
                file.write(piece)

    keeper = pooch.create(
        path=data_folder() / name,
        base_url="",
        registry={file.path: f"sha256:{file.sha256}" for file in wanting},
        urls={file.path: file.url for file in wanting},
        retry_if_failed=_RETRIES,
    )

    def fetch(file: File) -> int:
        try:
            file.place.parent.mkdir(parents=True, exist_ok=True)
            keeper.fetch(file.path, downloader=receive)
        except (OSError, ValueError) as error:
            raise _failed(name, _explain(error, file.url)) from error
        return file.bytes

    total = sum(file.bytes for file in wanting)
    bar = tqdm(total=total, desc=name, unit="B", unit_scale=True, disable=not progress, leave=False)
    # Its threads are daemons: to stop, nobody waits for a server that does not answer.
    with bar, ThreadPool(_N_PARALLEL) as pool:
        arriving = pool.imap_unordered(fetch, wanting)
        for _ in wanting:
            try:
                bar.update(arriving.next(timeout=_PATIENCE))
            except multiprocessing.TimeoutError:
                raise _failed(name, f"no file arrived for {_PATIENCE} s") from None


def _failed(name: str, why: str) -> DataNotAvailable:
    return DataNotAvailable(
        f"{name} could not be fetched: {why}. What has arrived is kept: fetching again continues "
        "from there"
    )


def _explain(error: Exception, url: str) -> str:
    """Say what went wrong, with which file, and what to do."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return (
            f"{url} answered {error.response.status_code}; if you set MMTUTOR_DATA_URL, check it, "
            "else try again later; if it stays so, please report it"
        )
    if isinstance(error, requests.RequestException):
        return (
            f"the connection to {url} failed ({type(error).__name__}); check the network and its "
            "proxy; a machine without one can use a copied folder named by MMTUTOR_DATA"
        )
    if isinstance(error, ValueError):  # of pooch
        return (
            f"what came from {url} has not the registered sha256; a proxy or a login page may have "
            "answered in its place, else please report it"
        )
    return (
        f"{data_folder()} cannot be written to ({error}); make room there, or set MMTUTOR_DATA to "
        "a folder you can write to"
    )


def describe(text: str, *names: str) -> str:
    """Return a bunch's ``DESCR``: `text`, then the licence and citation of each dataset used."""
    cards = [
        f"{card.name}: {card.description}.\nLicence: {card.licence}.\nCitation: {card.citation}"
        for card in map(DATASETS.__getitem__, names)
    ]
    return "\n\n".join([" ".join(text.split()), *cards]) + "\n"
