"""Where derived files lie, and how they are written: one atomic write, one cache of arrays."""

from __future__ import annotations

import hashlib
import os
import uuid
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

Arrays = dict[str, np.ndarray]


def cache_folder() -> Path:
    """Return the folder of what is derived from data; it need not exist.

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
    import pooch

    named = os.environ.get("MMTUTOR_CACHE")
    return Path(named or pooch.os_cache("mmtutor")).expanduser().absolute()


@contextmanager
def atomic_write(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` when the block ends, and never before.

    It is written in the same folder under another name. If the block raises, `path` is as it was
    and nothing is left behind; processes that write the same file cannot disturb each other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by tempfile: whom the umask lets read other files may read this one.
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex}.part")
    try:
        with temporary.open(mode, **options) as file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def fingerprint(*parts: str | bytes | Path) -> str:
    """Return 16 hexadecimal digits that change with a text, or with a file's name or content."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
        else:
            digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def cached_arrays(
    name: str,
    mark: str,
    make: Callable[[], Arrays],
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Arrays:
    """Return `make()`, or what an earlier call with the same name and mark stored on disk.

    Parameters
    ----------
    name : str
        The file's name, which may begin with a folder ("simulated/posts").
    mark : str
        What the arrays depend on, as a :func:`fingerprint`: another mark is another file.
    make : callable
        Returns a dict of arrays.
    shapes : mapping, optional
        The shapes wanted; a stored file with other ones is made anew.

    Returns
    -------
    dict of str to ndarray
        The arrays. A stored file that cannot be read is made anew; where the folder cannot be
        written, a warning says so and the arrays are made again each time.
    """
    path = cache_folder() / f"{name}-{mark}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:  # a zip file: each array has a checksum
            arrays = {key: stored[key] for key in stored.files}
        if shapes is None or {key: a.shape for key, a in arrays.items()} == dict(shapes):
            return arrays
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        pass
    arrays = make()
    try:
        with atomic_write(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        if not path.exists():  # else another process was faster, which is as good
            warnings.warn(
                f"could not keep derived data in {path.parent} ({error}); they are made again "
                "each time. Let MMTUTOR_CACHE name a folder that can be written to",
                stacklevel=3,
            )
    return arrays
