"""Where the files that come with the package lie."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def bundled_path(name: str) -> Path:
    """Return the path of a bundled file: in ``mmtutor/_data`` of a wheel, in ``data`` of a clone.

    Raises
    ------
    FileNotFoundError
        If neither has it.
    """
    for folder in (_PACKAGE / "_data", _PACKAGE.parent / "data"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(
        f"the bundled file {name!r} is in neither {_PACKAGE / '_data'} nor "
        f"{_PACKAGE.parent / 'data'}; install mmtutor again"
    )
