"""What every room believes of a column: its cells, what is missing, and which row is to blame."""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import polars as pl
import pytest
import soundfile
from scipy import sparse

from mmtutor._table import (
    as_column,
    as_table,
    blame,
    each_cell,
    existing_file,
    hide,
    is_missing,
    present_cells,
    present_rows,
    resolve,
    select,
    take,
)


@pytest.mark.parametrize("cell", [None, np.nan, float("nan"), pd.NA, pd.NaT])
def test_nothing_is_missing(cell):
    assert is_missing(cell)


@pytest.mark.parametrize("cell", ["", b"", 0, False, np.zeros((4, 4)), np.array([np.nan]), []])
def test_empty_content_is_not_missing(cell):
    assert not is_missing(cell)


def test_columns_of_every_kind_give_the_same_cells():
    cells = ["a", "b", "c"]
    for column in (
        cells,
        tuple(cells),
        pd.Series(cells, index=[7, 3, 5]),
        pd.DataFrame({"x": cells}),
        np.array(cells, dtype=object),
        np.array(cells, dtype=object)[:, None],
        np.array(cells)[:, None],
        pl.Series(cells),
        pl.DataFrame({"x": cells}),
    ):
        assert as_column(column, what="texts") == cells


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ("one text", TypeError, "expected a column of texts, got one str; wrap it"),
        (7, TypeError, "got one int"),
        (sparse.eye_array(2), TypeError, "got one dia_array"),
        ({"x", "y"}, TypeError, "got a set, which has no order: use a list"),
        ({"x": "a"}, TypeError, "got a dict, of which only the keys would be taken for texts"),
        (iter(["x"]), TypeError, "got a list_iterator, which can be read only once: pass list(x)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "got 2: ['a', 'b']"),
        ([], ValueError, "the column of texts is empty"),
        (["x", None, "y", np.nan], ValueError, "2 of 4 texts are missing (rows 1, 3)"),
    ],
)
def test_what_is_no_column_is_refused(column, error, message):
    with pytest.raises(error) as raised:
        present_cells(column, what="texts")
    assert message in str(raised.value)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_each_cell_keeps_the_order(n_jobs):
    column = pd.Series(range(50), index=range(50, 0, -1))
    assert each_cell(column, lambda cell: cell**2, what="numbers", n_jobs=n_jobs) == [
        cell**2 for cell in range(50)
    ]


def slowly(cell):
    time.sleep(0.02)
    if cell == 33:
        raise ValueError("thirty-three")
    return cell, os.getpid()


def test_each_cell_takes_processes_for_long_work_only():
    cells = list(range(24))
    found = each_cell(cells, slowly, what="numbers", n_jobs=2)
    assert [cell for cell, _ in found] == cells
    assert {process for _, process in found} > {os.getpid()}
    short = each_cell(cells, lambda cell: os.getpid(), what="numbers", n_jobs=2)
    assert set(short) == {os.getpid()}
    heavy = [np.zeros(10_000_000, np.uint8)] * 24  # sending one takes longer than the work
    stay = each_cell(heavy, lambda cell: slowly(0)[1], what="numbers", n_jobs=2)
    assert set(stay) == {os.getpid()}
    with pytest.raises(ValueError, match=r"^number in row 133: thirty-three$"):
        each_cell(pd.Series(range(50), index=range(100, 150)), slowly, what="numbers", n_jobs=2)


@pytest.mark.parametrize(
    "error",
    [ValueError, TypeError, OSError, MemoryError, FileNotFoundError, ZeroDivisionError, cv2.error],
)
def test_each_cell_names_the_row_that_fails(error):
    def half(cell):
        if cell == 3:
            raise error("three is odd")
        return cell / 2

    with pytest.raises(error, match=r"^number in row 2: three is odd$") as raised:
        each_cell([2, 4, 3, 6], half, what="numbers")
    assert str(raised.value.__cause__) == "three is odd"


@pytest.mark.parametrize(
    ("column", "row"),
    [
        (pd.Series([2, 3], index=[40, 17]), "17"),
        (pd.Series([2, 3], index=["ann", "bob"]), "bob"),
        (pd.DataFrame({"n": [2, 3]}, index=[5, 6]), "6"),
        (np.array([2, 3]), "1"),
    ],
)
def test_each_cell_names_a_row_as_the_table_does(column, row):
    with pytest.raises(ValueError, match=f"^number in row {row}: "):
        each_cell(column, lambda cell: int("x") if cell == 3 else cell, what="numbers")


def test_each_cell_names_the_row_of_errors_without_words_or_made_of_parts():
    def fails(cell):
        if cell == 1:
            raise MemoryError
        if cell == 3:
            raise soundfile.LibsndfileError(1)
        return b"\xff".decode("utf-8")

    with pytest.raises(MemoryError, match=r"^number in row 0: MemoryError$"):
        each_cell([1], fails, what="numbers")
    with pytest.raises(ValueError, match=r"^number in row 0: 'utf-8' codec"):
        each_cell([2], fails, what="numbers")
    with pytest.raises(ValueError, match=r"^number in row 0: .*[Ff]ormat not recognised"):
        each_cell([3], fails, what="numbers")


def test_existing_file_says_what_is_wrong(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.touch()
    assert existing_file(str(path), what="image") == path
    with pytest.raises(FileNotFoundError, match="path of the image file is empty"):
        existing_file("", what="image")
    with pytest.raises(FileNotFoundError, match=r"no image file .*gone\.png"):
        existing_file(tmp_path / "gone.png", what="image")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        existing_file(tmp_path, what="image")
    with pytest.raises(OSError, match=r"^no image file can be x{60}: File name too long"):
        existing_file("x" * 5000, what="image")
    for none in (None, 3, b"a.png", ["a.png"], pd.NA, pd.Series(["a.png"])):
        with pytest.raises(TypeError, match="path of the image file is a str or Path, got"):
            existing_file(none, what="image")

    def forbid(path, mode):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", forbid)  # as root may read all
    with pytest.raises(PermissionError, match=r"Permission denied.*a\.png"):
        existing_file(path, what="image")


@pytest.mark.parametrize("n_jobs", [True, 0, 2.0, "2", np.timedelta64(2, "s"), 10**20, pd.NA])
def test_what_is_no_number_of_processes_is_told(n_jobs):
    with pytest.raises(ValueError, match=r"^n_jobs is .*; expected None or a whole number other"):
        each_cell([1], abs, what="numbers", n_jobs=n_jobs)


def test_each_cell_does_not_start_on_a_column_with_missing_cells():
    seen = []
    with pytest.raises(ValueError, match="1 of 2 numbers are missing"):
        each_cell([1, None], seen.append, what="numbers")
    assert seen == []


# --- parts of a table ----------------------------------------------------------------------------


def table():
    cells = [np.zeros((2, 2)), None, np.full((2, 2), np.nan), np.ones((2, 2))]
    frame = pd.DataFrame({"text": ["a", "", None, "d"], "age": [1.0, np.nan, 3.0, 4.0]})
    return frame.assign(image=pd.Series(cells, dtype=object)).set_index(pd.Index(list("pqrs")))


def test_hide_returns_a_copy_without_the_modality():
    frame = table()
    hidden = hide(frame, "image")
    assert not present_rows(hidden["image"]).any()
    assert present_rows(frame["image"]).tolist() == [True, False, True, True]
    assert not present_rows(hide(frame, ["text", "age"])[["text", "age"]]).any()
    pd.testing.assert_series_equal(hide(frame, "age")["text"], frame["text"])
    assert list(hidden) == list(frame)
    with pytest.raises(ValueError, match=r"no column \['video'\]; its columns are text, age"):
        hide(frame, "video")


def test_present_rows_of_tables_and_arrays_agree():
    frame = table()
    assert present_rows(frame).tolist() == [True, False, False, True]
    assert present_rows(frame.to_numpy(dtype=object)).tolist() == [True, False, False, True]
    assert present_rows(frame.drop(columns="image"), "all").tolist() == [True, True, True, True]
    assert present_rows(hide(frame, ["text", "age"]), "all").tolist() == [True, False, True, True]
    assert present_rows(frame["age"].to_numpy()).tolist() == [True, False, True, True]


def test_select_and_take_keep_the_labels_of_rows():
    frame = table()
    column = select(frame, "text")
    assert isinstance(column, pd.Series)
    assert take(column, np.array([1, 3])).index.tolist() == ["q", "s"]
    assert take(select(frame, ["text"]), present_rows(column)).shape == (3, 1)
    assert resolve(frame, lambda X: [X.columns[1]]) == ["age"]
    assert resolve(frame, "age") == "age"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("video", r"no column \['video'\]; its columns are text, age, image"),
        (["age", "video"], r"no column \['video'\]"),
        ([0, 7], r"no column \[0, 7\]"),
        (slice(5, 9), "select nothing from the 3 of X"),
    ],
)
def test_columns_that_are_not_there(columns, words):
    with pytest.raises(ValueError, match=words):
        select(table(), columns)
    if not isinstance(columns, str):
        return
    with pytest.raises(ValueError, match="no column 'video'; it has 3"):
        select(np.zeros((2, 3)), columns)


def test_tables_of_other_kinds_become_pandas():
    frame = table()
    cells = {name: frame[name].tolist() for name in frame}
    other = pl.DataFrame(
        {
            "text": ["a", "", None, "d"],
            "age": [None if np.isnan(age) else age for age in cells["age"]],
            "image": pl.Series(cells["image"], dtype=pl.Object),
        }
    )
    rows = list(zip(*cells.values(), strict=True))
    for X in (other, rows, frame.to_numpy(dtype=object)):
        made = as_table(X).set_axis(list(frame), axis=1)
        expected = frame.reset_index(drop=True)
        pd.testing.assert_frame_equal(made, expected, check_dtype=False, check_exact=True)
    assert as_table(frame) is frame
    np.testing.assert_array_equal(as_table([[1, 2.5], [3, 4]]), [[1, 2.5], [3, 4]])


def test_what_is_no_table_is_left_for_scikit_learn():
    for X in ([1, 2], [], np.zeros((2, 2, 2)), np.eye(2)):
        assert as_table(X) is X

    class Arrow:
        def to_pandas(self):
            raise NotImplementedError

    for X in ({"a": [1, 2]}, [{"a": 1}, {"a": 2}], {1, 2}, iter([[1, 2]])):
        with pytest.raises(TypeError, match=r"X is a \w.*, no table: make a DataFrame of it"):
            as_table(X)
    with pytest.raises(ValueError, match="X has 2 cells in row 0 and 1 in row 2: give each row"):
        as_table([[1, 2], [3, 4], [5]])
    with pytest.raises(TypeError, match=r"X is a LazyFrame: convert it with X\.collect\(\)"):
        as_table(pl.DataFrame({"a": [1]}).lazy())
    days = np.ma.array(np.zeros((2, 1), "M8[D]"), mask=[[True], [False]])
    assert as_table(days)[0].isna().tolist() == [True, False]
    with pytest.raises(TypeError, match=r"X is a Arrow: convert it with X\.to_pandas\(\)"):
        as_table(Arrow())


def test_missing_cells_are_named_as_the_table_names_them():
    column = pd.Series(["a", None, "c", np.nan], index=["ann", "bob", "cas", "dan"])
    with pytest.raises(ValueError, match=r"2 of 4 texts are missing \(rows bob, dan\); drop"):
        present_cells(column, what="texts")


@pytest.mark.parametrize("kind", [ValueError, TypeError, FileNotFoundError, OSError])
def test_blame_keeps_the_kind_of_an_error(kind):
    with pytest.raises(kind) as raised, blame("expert 'face', "):
        raise kind("no such thing")
    assert str(raised.value) == "expert 'face', no such thing"


def test_blame_of_errors_that_are_more_than_a_message():
    with pytest.raises(ValueError, match="expert 'text', 'utf-8' codec"), blame("expert 'text', "):
        b"\xff".decode("utf-8")
    with pytest.raises(KeyError) as raised, blame("expert 'text', "):
        raise KeyError("lost")
    assert raised.value.args == ("expert 'text', 'lost'",)
