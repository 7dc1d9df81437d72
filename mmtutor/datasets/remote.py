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

from collections.abc import Callable, Sequence
from pathlib import Path

from mmtutor import _cache
from mmtutor.datasets._download import fetch_all, prepare_folder
from mmtutor.datasets._registry import (
    DATASETS,
    DataNotAvailable,
    Dataset,
    cache_folder,
    data_folder,
    files_of,
    is_available,
    missing_files,
    registry,
    save_notes,
    status,
    verify,
)

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
    files = files_of(name)
    wanting = missing_files(files)
    if not wanting:
        return data_folder() / name
    if not download_if_missing:
        raise DataNotAvailable(
            f"{len(wanting)} of {len(files)} files of {name} are not in {data_folder() / name}; "
            f"fetch them with `mmtutor data fetch {name}`, or set MMTUTOR_DATA to the folder that "
            "has them"
        )
    prepare_folder(name, wanting)
    fetch_all(name, wanting, progress=progress)
    save_notes()
    return data_folder() / name


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
    `make` changes).
    """
    marks = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sources]
    return _cache.cached_arrays(f"derived/{name}", _cache.fingerprint(repr((version, marks))), make)
