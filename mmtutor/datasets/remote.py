"""The real data: one registry, one downloader.

``data/registry.csv`` names every file of every real dataset: where it lies upstream (a repository
at a commit, so it cannot change), its size, its sha256 and its licence. Files are fetched from
there, never shipped with the package.

Conventions:

- A file lies at ``data_folder() / dataset / path``. The folder is the value of ``MMTUTOR_DATA`` or,
  without it, the platform's cache folder. It may be read-only when it is complete.
- A file counts as present only if its size and its sha256 are the registry's. Hashing 200 MB at
  every call would be slow, so a verified file is remembered by (path, size, modification time)
  in :func:`cache_folder`, outside the data folder.
- A download is written to ``data_folder() / ".partial"`` and moved to its place when its hash is
  right, so an interrupted one can be continued and is never taken as whole.
"""

from __future__ import annotations

import csv
import errno
import functools
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from mmtutor.datasets._bundled import bundled_path

with warnings.catch_warnings():  # pooch loads tqdm.auto, which in a notebook asks for ipywidgets
    warnings.simplefilter("ignore")
    import pooch

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

# The one place that knows what an upstream address looks like.
URL_PATTERN = "{base}/{upstream}/{commit}/{path}"
BASE_URL = "https://raw.githubusercontent.com"  # another one: the variable MMTUTOR_DATA_URL

N_PARALLEL = 8
_ATTEMPTS = 3  # in a row without one new byte
_BACKOFF = 1.0  # seconds before the first new attempt; doubled each time
_TIMEOUT = (15, 30)  # seconds to connect, and between two pieces of a body
_BLOCK = 1 << 14  # bytes; what is lost at most where a connection breaks off
_STALE = 120  # seconds without a write after which a part belongs to nobody

_BUSY = {429, 500, 502, 503, 504}  # answers that mean "try again later"


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
class _File:
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
    return Path(named).expanduser().absolute() if named else _default_cache() / "data"


def cache_folder() -> Path:
    """Return the folder of derived arrays and of verified hashes; it need not exist.

    Returns
    -------
    Path
        The value of ``MMTUTOR_CACHE`` or, where that is unset or empty, the platform's cache
        folder. Everything in it can be deleted: it is made again when needed.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    named = os.environ.get("MMTUTOR_CACHE")
    return Path(named).expanduser().absolute() if named else _default_cache()


def _default_cache() -> Path:
    return Path(pooch.os_cache("mmtutor")).expanduser().absolute()


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
def _read_registry(path: Path) -> dict[str, tuple[_File, ...]]:
    files: dict[str, list[_File]] = {}
    with path.open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if Path(row["path"]).is_absolute() or ".." in Path(row["path"]).parts:
                raise ValueError(f"{path.name} names a path outside its dataset: {row['path']!r}")
            files.setdefault(row["dataset"], []).append(
                _File(
                    row["dataset"],
                    row["upstream"],
                    row["commit"],
                    row["path"],
                    int(row["bytes"]),
                    row["sha256"],
                )
            )
    return {name: tuple(rows) for name, rows in files.items()}


def _files(name: str) -> tuple[_File, ...]:
    table = _read_registry(Path(bundled_path("registry.csv")))
    if name not in table:
        raise ValueError(f"unknown dataset {name!r}; the registry has {', '.join(sorted(table))}")
    return table[name]


# -- what is there ----------------------------------------------------------------------------

_verified: dict[str, list] | None = None  # absolute path -> [size, mtime_ns, sha256]
_verified_lock = threading.Lock()


def _verified_path() -> Path:
    return cache_folder() / "verified.json"


def _load_verified() -> dict[str, list]:
    global _verified
    with _verified_lock:
        if _verified is None:
            try:
                _verified = dict(json.loads(_verified_path().read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                _verified = {}
        return _verified


def _save_verified() -> None:
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


def _problem(file: _File, *, trust_notes: bool = True) -> str:
    """Return "" for a whole file, else "missing", "size" or "hash"."""
    try:
        stat = file.place.stat()
    except OSError:
        return "missing"
    if stat.st_size != file.size:
        return "size"
    notes = _load_verified()
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


def _missing(files: Iterable[_File]) -> list[_File]:
    known = len(_load_verified())
    wanting = [file for file in files if _problem(file)]
    if len(_load_verified()) != known:
        _save_verified()
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
    files = _files(name)
    # The cheap question first: most absent datasets lack their folder.
    if not (data_folder() / name).is_dir():
        return False
    return not _missing(files)


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
        files = _files(name)
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


def _has_size(file: _File) -> bool:
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
        for file in _files(each)
    ]
    _save_verified()
    return pd.DataFrame(rows, columns=["dataset", "path", "state"])


# -- fetching ---------------------------------------------------------------------------------


def fetch_files(name: str, *, progress: bool = True, download_if_missing: bool = True) -> Path:
    """Return the folder of a dataset, after fetching the files that are not there yet.

    Files that are there with the right hash are not downloaded again, an interrupted file is
    continued where it stopped if the server allows it, and a file appears under its name only when
    its hash is right. What arrived before an error is kept for the next call.

    Parameters
    ----------
    name : str
        One of :data:`DATASETS`.
    progress : bool, default=True
        Show a progress bar, in bytes, while downloading.
    download_if_missing : bool, default=True
        If False, raise instead of downloading.

    Returns
    -------
    Path
        The folder; the dataset's files lie in it under their upstream paths.

    Raises
    ------
    ValueError
        If the registry has no such dataset.
    DataNotAvailable
        If the files are not all there and may not or cannot be fetched; the message says what to
        do.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> fetch_files("none_such")
    Traceback (most recent call last):
    ...
    ValueError: unknown dataset 'none_such'; the registry has crema_d_ratings, ...
    """
    files = _files(name)
    wanting = _missing(files)
    if not wanting:
        return data_folder() / name
    if not download_if_missing:
        raise DataNotAvailable(
            f"{len(wanting)} of {len(files)} files of {name} are not in {data_folder() / name}; "
            f"fetch them with `mmtutor data fetch {name}`, or set MMTUTOR_DATA to the folder that "
            "has them"
        )
    _prepare_folder(name, wanting)
    _fetch_all(name, wanting, progress=progress)
    _save_verified()
    return data_folder() / name


def _partial_folder() -> Path:
    return data_folder() / ".partial"


def _prepare_folder(name: str, wanting: Sequence[_File]) -> None:
    root = data_folder()
    try:
        for folder in {file.place.parent for file in wanting} | {_partial_folder()}:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        free = shutil.disk_usage(root).free
    except OSError as error:
        raise _storage_error(name, error) from error
    needed = sum(file.size for file in wanting)
    if free < needed:
        raise DataNotAvailable(
            f"{name} still needs {needed / 1e6:.0f} MB but {root} has only {free / 1e6:.0f} MB "
            "free; make room there, or set MMTUTOR_DATA to a folder on another disk"
        )


def _storage_error(name: str, error: OSError) -> DataNotAvailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = f"the disk of {data_folder()} is full"
        remedy = "make room there, or set MMTUTOR_DATA to a folder on another disk"
    else:
        reason = error.strerror or type(error).__name__
        what = f"cannot write to {data_folder()} ({reason})"
        remedy = "set MMTUTOR_DATA to a folder you can write to"
    return DataNotAvailable(
        f"{name} cannot be stored: {what}; {remedy}, then fetch again (what has arrived is kept)"
    )


class _Stopped(Exception):
    """Another file failed: no sense in going on with this one."""


def _fetch_all(name: str, wanting: Sequence[_File], *, progress: bool) -> None:
    from tqdm import tqdm

    stop = threading.Event()
    total = sum(file.size for file in wanting)
    failed: Exception | None = None
    pooch.get_logger().setLevel("WARNING")  # else a line a file beside the bar
    with (
        tqdm(
            total=total, desc=name, unit="B", unit_scale=True, disable=not progress, leave=False
        ) as bar,
        ThreadPoolExecutor(N_PARALLEL) as pool,
    ):
        transfer = _Transfer(bar, stop)
        jobs = [pool.submit(transfer.fetch, file) for file in wanting]
        try:
            for job in as_completed(jobs):
                try:
                    job.result()
                except Exception as error:
                    failed = error
                    stop.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
        except BaseException:  # the learner pressed stop: let the eight open files end quickly
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failed is not None:
        _save_verified()
        kept = sum(job.done() and not job.cancelled() and job.exception() is None for job in jobs)
        raise _explain(name, failed, kept, len(wanting)) from failed


def _explain(name: str, error: Exception, kept: int, n_wanting: int) -> DataNotAvailable:
    if isinstance(error, OSError) and not isinstance(error, DataNotAvailable | _network_errors()):
        return _storage_error(name, error)
    again = f"{kept} of {n_wanting} files arrived and are kept: fetching again continues from there"
    return DataNotAvailable(f"{name} could not be fetched. {error}. {again}.")


def _network_errors() -> type[Exception]:
    import requests

    return requests.RequestException


class _Transfer:
    """Bring single files; one object serves all threads of one call."""

    def __init__(self, bar, stop: threading.Event) -> None:
        self.bar = bar
        self.stop = stop
        self.lock = threading.Lock()
        self.local = threading.local()

    def fetch(self, file: _File) -> None:
        """Bring one file to its place; pooch checks the hash and moves it there."""
        if self.stop.is_set():
            raise _Stopped
        keeper = pooch.Pooch(
            path=data_folder(),
            base_url="",
            registry={file.key: f"sha256:{file.sha256}"},
            urls={file.key: file.url},
        )

        def bring(url: str, output_file: str, _: pooch.Pooch) -> None:
            self._bring(file, url, Path(output_file))

        # A wrong hash after a continued download may come of its first part: then start anew, once.
        for last in (not _part_of(file).exists(), True):
            try:
                keeper.fetch(file.key, downloader=bring)
                break
            except ValueError as error:  # pooch: the hash is wrong, and what came is thrown away
                self._count(-file.size)
                if last:
                    raise DataNotAvailable(
                        f"{file.url} did not return the registered file: its size is right but "
                        "its sha256 is not; a proxy or a login page may have answered in its "
                        "place, else please report it"
                    ) from error
        stat = file.place.stat()
        _load_verified()[str(file.place)] = [stat.st_size, stat.st_mtime_ns, file.sha256]

    def _bring(self, file: _File, url: str, output: Path) -> None:
        part = _claim_part(file)
        try:
            if part.stat().st_size > file.size:
                part.write_bytes(b"")
            self._count(part.stat().st_size)
            attempts, wait = 0, _BACKOFF
            while (size := part.stat().st_size) < file.size:
                try:
                    self._receive(file, url, part)
                    error: Exception = DataNotAvailable(
                        f"{url} ended after {part.stat().st_size:,} of {file.size:,} bytes "
                        "(a truncated answer)"
                    )
                except _TryAgain as again:
                    error = again.error
                if part.stat().st_size > size:
                    attempts, wait = 0, _BACKOFF
                    if part.stat().st_size == file.size:
                        break
                attempts += 1
                if attempts >= _ATTEMPTS:
                    raise error
                if self.stop.wait(wait):
                    raise _Stopped
                wait *= 2
            part.replace(output)
        finally:
            _release_part(file, part)

    def _receive(self, file: _File, url: str, part: Path) -> None:
        """Append to `part` what one answer brings; raise _TryAgain where that may help."""
        import requests

        start = part.stat().st_size
        # "identity": with a compressed body, byte ranges would count compressed bytes.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
        try:
            with self.local.session.get(
                url, headers=headers, stream=True, timeout=_TIMEOUT
            ) as answer:
                if answer.status_code == 416 or (
                    answer.status_code == 206
                    and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
                ):
                    self._start_anew(part)
                    raise _TryAgain(DataNotAvailable(f"{url} refused to continue at byte {start}"))
                if answer.status_code in _BUSY:
                    raise _TryAgain(
                        DataNotAvailable(
                            f"{url} answered {answer.status_code}: the server is busy or down; "
                            "try again later"
                        )
                    )
                if answer.status_code == 404:
                    raise DataNotAvailable(
                        f"{url} does not exist (404): if you set MMTUTOR_DATA_URL, check it; "
                        "else the upstream repository has gone, please report it"
                    )
                if answer.status_code not in (200, 206):
                    raise DataNotAvailable(f"{url} answered {answer.status_code} {answer.reason}")
                if start and answer.status_code == 200:  # the server does not do ranges
                    self._start_anew(part)
                    start = 0
                self._append(answer.iter_content(_BLOCK), part, file, url)
        except requests.RequestException as error:
            raise _TryAgain(_network_error(url, error)) from error

    def _append(self, blocks: Iterable[bytes], part: Path, file: _File, url: str) -> None:
        with part.open("ab") as out:
            size = out.tell()
            for block in blocks:
                size += len(block)
                if size > file.size:
                    self._count(-(size - len(block)))
                    out.truncate(0)
                    raise DataNotAvailable(
                        f"{url} sent more than the registered {file.size:,} bytes; a proxy or a "
                        "login page may have answered in its place, else please report it"
                    )
                out.write(block)
                self._count(len(block))
                if self.stop.is_set():
                    raise _Stopped

    def _start_anew(self, part: Path) -> None:
        self._count(-part.stat().st_size)
        part.write_bytes(b"")

    def _count(self, n_bytes: int) -> None:
        with self.lock:
            self.bar.update(n_bytes)


class _TryAgain(Exception):
    def __init__(self, error: Exception) -> None:
        self.error = error


def _network_error(url: str, error: Exception) -> DataNotAvailable:
    import requests

    if isinstance(error, requests.exceptions.ProxyError | requests.exceptions.SSLError):
        what = f"The connection to {url} failed ({type(error).__name__}): check the proxy settings"
    elif isinstance(error, requests.Timeout):
        what = f"{url} did not answer in time: check the network and try again later"
    elif isinstance(error, requests.exceptions.ChunkedEncodingError):
        what = f"The connection to {url} broke off half-way: try again"
    elif isinstance(error, requests.ConnectionError):
        what = (
            f"{url} cannot be reached: check the network; a machine without one can use a copied "
            "folder named by MMTUTOR_DATA"
        )
    else:
        what = f"{url} could not be read ({type(error).__name__})"
    return DataNotAvailable(what)


# A part is named by the hash of the file it will be, so it can never be continued as another one.
# While a process writes to it, it carries that process's and thread's number: two processes that
# fetch the same file do not write into one another's part.


def _part_of(file: _File) -> Path:
    return _partial_folder() / f"{file.sha256}.part"


def _claim_part(file: _File) -> Path:
    free = _part_of(file)
    mine = free.with_name(f"{free.name}.{os.getpid()}-{threading.get_ident()}")
    now = time.time()
    for candidate in [free, *sorted(free.parent.glob(f"{free.name}.*"))]:
        try:
            if candidate != free and now - candidate.stat().st_mtime < _STALE:
                continue
            candidate.replace(mine)
            break
        except OSError:  # not there, or another process was faster
            continue
    mine.touch()
    return mine


def _release_part(file: _File, part: Path) -> None:
    """Leave what has arrived for the next attempt."""
    try:
        if part.exists() and part.stat().st_size:
            part.replace(_part_of(file))
        else:
            part.unlink(missing_ok=True)
    except OSError:
        pass


def describe(text: str, *names: str) -> str:
    """Return a bunch's ``DESCR``: `text`, then the licence and citation of each dataset used."""
    cards = [
        f"{name}: {DATASETS[name].description}.\nLicence: {DATASETS[name].licence}.\n"
        f"Citation: {DATASETS[name].citation}"
        for name in names
    ]
    return "\n\n".join([" ".join(text.split()), *cards]) + "\n"


def cached_arrays(name: str, sources: Sequence[Path], make: Callable[[], dict], version: int = 1):
    """Return the arrays that `make` derives from `sources`, kept in :func:`cache_folder`.

    The name of the cached file carries sizes and times of the sources and `version` (raise it when
    `make` changes). A cached file that cannot be read is made again; a cache folder that cannot be
    written is done without.
    """
    marks = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sources]
    mark = hashlib.sha256(repr((version, marks)).encode()).hexdigest()[:16]
    path = cache_folder() / "derived" / f"{name}-{mark}.npz"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        pass
    made = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as new:
            np.savez_compressed(new, **made)
        Path(new.name).replace(path)
    except OSError:
        pass
    return made
