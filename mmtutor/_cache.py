"""Where derived files lie, and how they are written: one atomic write, one cache of arrays."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from platformdirs import user_cache_dir

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
    Not used in a notebook: the command ``mmtutor doctor`` shows it.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    return named_folder("MMTUTOR_CACHE", user_cache_dir("mmtutor"))


def named_folder(variable: str, otherwise: str | Path) -> Path:
    """Return the folder that a variable of the environment names, if it is set and not empty."""
    named = os.environ.get(variable)
    try:
        return Path(named or otherwise).expanduser().absolute()
    except RuntimeError as error:  # "~somebody", who has no home here
        why = f"{variable} is {named!r}, and there is no such home; give the whole path"
        raise FileNotFoundError(why) from error


def strays(folder: Path, pattern: str, seconds: float) -> Iterator[Path]:
    """Yield the temporary files or folders to which nobody has written for so many seconds."""
    for path in folder.glob(pattern):
        with suppress(OSError):  # another process was faster, or the folder is read-only
            # Also from the future: the clock was set back since.
            if abs(time.time() - path.stat().st_mtime) > seconds:
                yield path


def clear_strays(folder: Path, pattern: str, seconds: float) -> None:
    """Delete the temporary files to which nobody has written for so many seconds."""
    for path in strays(folder, pattern, seconds):
        with suppress(OSError):
            path.unlink()


@contextmanager
def atomic_write(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` when the block ends, and never before.

    It is written in the same folder under another name. If the block raises, `path` is as it was
    and nothing is left behind; processes that write the same file cannot disturb each other. What a
    killed process left in the folder is cleared away after an hour.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_strays(path.parent, f".*-mmtutor-{'[0-9a-f]' * 32}.part", 3600)  # of no other program
    # Not by tempfile: whom the umask lets read other files may read this one.
    temporary = path.with_name(f".{path.name}-mmtutor-{uuid.uuid4().hex}.part")
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
    name: str, mark: str, make: Callable[[], Arrays], shapes: Mapping[str, tuple[int, ...]]
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
    shapes : mapping
        The names and shapes of the arrays.

    Returns
    -------
    dict of str to ndarray
        The arrays. A stored file that is damaged, or lacks an array, is made anew; where the folder
        cannot be written, a warning says so and the arrays are made again each time.
    """
    path = cache_folder() / f"{name}-{mark}.npz"
    if stored := _stored(path, shapes):
        return stored
    arrays = make()
    try:
        with atomic_write(path) as new:
            np.savez(new, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        if not _stored(path, shapes):  # else another process was faster, which is as good
            warnings.warn(
                f"could not keep derived data in {path.parent} ({error}); they are made again "
                "each time. Let MMTUTOR_CACHE name a folder that can be written to",
                stacklevel=3,
            )
    return arrays


def _stored(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Arrays | None:
    """Return the arrays of a file, or nothing if it is not there, damaged, or another's."""
    # A zip file: each array has a checksum. What else is damaged can make reading raise anything.
    with suppress(Exception):
        if path.is_file():  # a pipe would wait for ever
            with path.open("rb") as file, np.load(file) as stored:
                arrays = {key: stored[key] for key in shapes}
                if {key: array.shape for key, array in arrays.items()} == dict(shapes):
                    return arrays
    return None
