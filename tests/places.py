"""What some places cannot do, so that tests leave it out there: see elsewhere.py."""

from __future__ import annotations

import codecs
import locale
import os
from pathlib import Path

import pytest

reads_html = pytest.mark.skipif(
    codecs.lookup(locale.getpreferredencoding(False)).name == "ascii",
    reason="scikit-learn reads the script of its HTML in the locale's encoding",
)


def named(folder: Path, name: str) -> Path:
    """Return the path of a new file, or skip the test where files cannot have such a name."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        pytest.skip(f"no file can be named {name!a} in this locale")
    return folder / name
