"""The files that come with the package: where they lie, and the reviews in them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

_PACKAGE = Path(__file__).resolve().parent


def bundled_path(name: str) -> Path:
    """Return the path of a bundled file: in ``mmtutor/_data`` of a wheel, in ``data`` of a clone.

    Raises
    ------
    FileNotFoundError
        If neither has it.
    """
    for folder in (_PACKAGE / "_data", _PACKAGE.parent / "data"):
        if (folder / name).is_file():  # a pipe would wait for ever
            return folder / name
    raise FileNotFoundError(
        f"the bundled file {name!r} is in neither {_PACKAGE / '_data'} nor "
        f"{_PACKAGE.parent / 'data'}; install mmtutor again"
    )


def read_reviews() -> pd.DataFrame:
    """Return the bundled reviews: id, label, valence, difficulty, english, chinese."""
    frame = pd.read_csv(bundled_path("reviews.csv"), encoding="utf-8")
    for name in ("label", "difficulty", "english", "chinese"):
        frame[name] = frame[name].astype(object)
    return frame
