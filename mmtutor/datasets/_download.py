"""Bring registered files from upstream: in parallel, checked, and continued if interrupted.

See :mod:`mmtutor.datasets.remote` for the conventions.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from mmtutor.datasets._registry import (
    DataNotAvailable,
    File,
    data_folder,
    pooch,
    save_notes,
    verified_notes,
)

N_PARALLEL = 8
_ATTEMPTS = 3  # in a row without one new byte
_BACKOFF = 1.0  # seconds before the first new attempt; doubled each time
_TIMEOUT = (15, 30)  # seconds to connect, and between two pieces of a body
_BLOCK = 1 << 14  # bytes; what is lost at most where a connection breaks off
_STALE = 120  # seconds without a write after which a part belongs to nobody

_BUSY = {429, 500, 502, 503, 504}  # answers that mean "try again later"


def _partial_folder() -> Path:
    return data_folder() / ".partial"


def prepare_folder(name: str, wanting: Sequence[File]) -> None:
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


def fetch_all(name: str, wanting: Sequence[File], *, progress: bool) -> None:
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
        save_notes()
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

    def fetch(self, file: File) -> None:
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
        verified_notes()[str(file.place)] = [stat.st_size, stat.st_mtime_ns, file.sha256]

    def _bring(self, file: File, url: str, output: Path) -> None:
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

    def _receive(self, file: File, url: str, part: Path) -> None:
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

    def _append(self, blocks: Iterable[bytes], part: Path, file: File, url: str) -> None:
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


def _part_of(file: File) -> Path:
    return _partial_folder() / f"{file.sha256}.part"


def _claim_part(file: File) -> Path:
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


def _release_part(file: File, part: Path) -> None:
    """Leave what has arrived for the next attempt."""
    try:
        if part.exists() and part.stat().st_size:
            part.replace(_part_of(file))
        else:
            part.unlink(missing_ok=True)
    except OSError:
        pass
