"""Whatever it is given, a public function answers soundly or says what is wrong in our words.

A few cases of each run with the other tests; `make fuzz` tries many more.
"""

from __future__ import annotations

import traceback
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from entries import ENTRIES, JUNK, KEPT, TABLES_OF_JUNK, Entry
from hypothesis import given, settings
from hypothesis import strategies as st

import mmtutor
from mmtutor.course.limits import within

pytestmark = pytest.mark.slow

OURS = Path(mmtutor.__file__).parent
# whose checks name the parameter: scikit-learn's, and NumPy's of a seed
THEIRS = ("sklearn/utils/validation.py", "sklearn/utils/_param_validation.py", "bit_generator.pyx")
SECONDS = 60  # no case takes a tenth of it; more is a hang


def is_told(error: BaseException) -> bool:
    """Tell whether an error is one of ours: what began it is a `raise` in the package itself."""
    while error.__cause__ is not None and "_table.py" in _last(error).filename:
        error = error.__cause__  # the row was put before its message
    last = _last(error)
    ours = Path(last.filename).is_relative_to(OURS) and (last.line or "").startswith("raise")
    return ours or Path(last.filename).as_posix().endswith(THEIRS)


def _last(error: BaseException) -> traceback.FrameSummary:
    return traceback.extract_tb(error.__traceback__)[-1]


@st.composite
def calls(draw: Any, entry: Entry) -> dict[str, Any]:
    """Spoil none, one or two arguments; tables only go where no single value is expected."""
    arguments = {name: draw(values) for name, values in entry.good.items()}
    names = sorted(set(entry.good) - KEPT.get(entry.name, set()))
    for name in draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else ():
        single = isinstance(arguments[name], bool | int | float | str | None)
        arguments[name] = draw(JUNK if single else JUNK | TABLES_OF_JUNK)
    return arguments


def trace(arguments: dict[str, Any]) -> str:
    """Return a hash of arguments; joblib has none for masked arrays, and pandas' remember uses."""
    return joblib.hash({name: _plain(value) for name, value in arguments.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, np.ma.MaskedArray):
        return np.asarray(value), np.ma.getmaskarray(value)
    return list(value) if isinstance(value, pd.api.extensions.ExtensionArray) else value


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_answer_is_sound_or_the_error_ours(entry, how: settings, record_property):
    counts = {"fuzz cases answered": 0, "fuzz cases refused": 0}

    @how
    @given(calls(entry))
    def tried(arguments: dict[str, Any]) -> None:
        before = trace(arguments)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = within(SECONDS, lambda: entry.call(**arguments))
        except Exception as error:
            if not is_told(error):
                raise
            counts["fuzz cases refused"] += 1
        else:
            assert entry.sound(result), result
            counts["fuzz cases answered"] += 1
        assert trace(arguments) == before, "an argument was changed"

    tried()
    assert counts["fuzz cases answered"] > 0
    for what, number in counts.items():
        record_property(what, number)
