"""A table of one's own: read as pandas reads it, and no bad row lost in silence."""

from __future__ import annotations

import csv
import os
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from mmtutor.datasets import read_posts

HEADER = ["text", "image", "audio", "label", "author"]


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "face.png")
    soundfile.write(tmp_path / "voice.wav", np.zeros(1600, np.float32), 16_000)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    return tmp_path


def written(folder, rows, *, delimiter=",", encoding="utf-8", header=HEADER):
    path = folder / "posts.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


GOOD = [
    ["It is good, really; \"good\"\tgood", "face.png", "voice.wav", "+", "A"],
    ["两行\n的评论，“很好”", "", "voice.wav", "+", "B"],
    ["", "face.png", "", "-", ""],
]  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_good_rows_are_those_of_pandas(folder, delimiter, encoding):
    path = written(folder, GOOD, delimiter=delimiter, encoding=encoding)
    posts = read_posts(path)
    theirs = pd.read_csv(
        path, sep=delimiter, encoding="utf-8-sig", dtype=str, keep_default_na=False
    )
    for name in ("image", "audio"):
        theirs[name] = [cell and str(folder / cell) for cell in theirs[name]]
    assert posts.target.tolist() == theirs.pop("label").tolist()
    assert posts.frame.fillna("").to_numpy().tolist() == theirs.to_numpy().tolist()
    assert posts.frame.index.tolist() == [2, 3, 5]  # the second text has two lines
    assert posts.n_missing.to_dict() == {"text": 1, "image": 1, "audio": 1}
    assert posts.report.empty


def test_every_bad_row_is_reported_with_its_line_and_nothing_else_is_lost(folder):
    rows = [
        ["two\nlines", "face.png", "", "+", ""],
        ["no label", "", "", " ", ""],
        ["lost", "lost.png", "lost.wav", "-", ""],
        ["broken", "broken.png", "broken.wav", "-", ""],
        ["", "broken.png", "", "-", ""],
        ["a comma", "not quoted", "face.png", "", "-", ""],
        ["short", "face.png"],
        [" ", "", "", "+", "A"],
        ["a folder", ".", "", "+", "A"],
    ]
    posts = read_posts(written(folder, rows))
    report = posts.report.set_index(["line", "column"])
    assert report["done"].to_dict() == {
        (4, "label"): "row left out",
        (5, "audio"): "cell emptied",
        (5, "image"): "cell emptied",
        (6, "audio"): "cell emptied",
        (6, "image"): "cell emptied",
        (7, "(row)"): "row left out",
        (7, "image"): "cell emptied",
        (8, "(row)"): "row left out",
        (9, "(row)"): "row left out",
        (10, "(row)"): "row left out",
        (11, "image"): "cell emptied",
    }
    why = report["why"]
    assert f"no image file {folder / 'lost.png'}" in why[5, "image"]
    assert "cannot read" in why[6, "image"]
    assert "cannot read" in why[6, "audio"]
    assert "6 cells instead of 5" in why[8, "(row)"]
    assert "2 cells instead of 5" in why[9, "(row)"]
    assert "folder" in why[11, "image"]
    assert posts.frame.index.tolist() == [2, 5, 6, 11]
    assert posts.frame["text"].tolist() == ["two\nlines", "lost", "broken", "a folder"]
    assert posts.n_missing.to_dict() == {"text": 0, "image": 3, "audio": 4}
    left_out = set(posts.report.loc[posts.report["done"] == "row left out", "line"])
    assert len(posts.frame) + len(left_out) == len(rows)


def test_empty_lines_are_no_rows_but_count(folder):
    path = folder / "posts.csv"
    path.write_text("text,label\r\n\r\ngood,+\r\n\r\n\r\nbad,-\r\n", encoding="utf-8", newline="")
    assert read_posts(path).frame.index.tolist() == [3, 6]


def test_other_encodings_and_names(folder):
    path = written(
        folder, [["很好", "正"]], header=["text", "class"], delimiter="\t", encoding="gb18030"
    )
    with pytest.raises(ValueError, match="gb18030"):
        read_posts(path, label="class")
    posts = read_posts(path, label="class", encoding="gb18030")
    assert posts.frame["text"].tolist() == ["很好"]
    assert posts.target.tolist() == ["正"]
    path = written(folder, [["good", "+"]], header=["text", " class"])
    assert read_posts(path, label=" class").target.tolist() == ["+"]  # blanks do not count


@pytest.mark.parametrize("said", ["utf-8", "gb18030", "cp1252", "utf-16-le"])
@pytest.mark.parametrize("written_in", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"])
@pytest.mark.parametrize(
    "header", ["text,image,label", '"text",image , label', '"image","text",label']
)
def test_a_mark_at_the_beginning_says_the_encoding_and_is_no_letter(
    folder, said, written_in, header
):
    path = folder / "posts.csv"
    path.write_bytes(f"\ufeff{header}\n很好,很好,+\n".encode(written_in))
    posts = read_posts(path, encoding=said)
    assert set(posts.frame) == {"text", "image"}
    assert posts.frame["text"].tolist() == ["很好"]


@pytest.mark.parametrize("written_in", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_letters_of_two_bytes_without_a_mark_are_told(folder, written_in):
    path = written(folder, [["good", "+"]], header=["text", "label"], encoding=written_in)
    with pytest.raises(ValueError, match=r"line 1: a zero byte, .* 'utf-16-le' or 'utf-16-be'"):
        read_posts(path)
    assert read_posts(path, encoding=written_in).frame["text"].tolist() == ["good"]


def test_a_hole_in_a_file_is_told(folder):
    path = written(folder, [["good", "+"]], header=["text", "label"])
    path.write_bytes(path.read_bytes() + bytes(9))  # as a machine that loses power leaves it
    with pytest.raises(ValueError, match=r"line 3: a zero byte, .* is damaged"):
        read_posts(path)


def test_an_absolute_path_stays(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    path = written(elsewhere, [[str(folder / "face.png"), "+"]], header=["image", "label"])
    assert read_posts(path).frame["image"].tolist() == [str(folder / "face.png")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "must name 'label'"),
        ("text,label,text\na,+,b\n", "more than once"),
        ("text,mood\na,+\n", "must name 'label'"),
        ("words,label\na,+\n", "one or more of text"),
        ('text,label\na,+\n"b,-\n', "line 3.*quotation"),
        ("text,label\n", "no row to keep"),
        ("text,label\na,\n", "no label"),
    ],
)
def test_a_file_that_is_no_table_is_refused(folder, content, why):
    path = folder / "posts.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=why):
        read_posts(path)


@pytest.mark.parametrize("label", ["text", "image"])
def test_a_label_is_no_modality(folder, label):
    path = written(folder, [["good", "+"]], header=[label, "mood"])
    with pytest.raises(ValueError, match=f"must name '{label}' and one or more of"):
        read_posts(path, label=label)


@pytest.mark.parametrize("encoding", ["base64", "rot13", "undefined", "none such", "a\0", None, 8])
def test_what_is_no_encoding_of_text_is_named(folder, encoding):
    with pytest.raises(ValueError, match=f"encoding is {re.escape(repr(encoding))}; expected"):
        read_posts(written(folder, GOOD), encoding=encoding)


@pytest.mark.parametrize("label", [None, 7, b"label", ["label"], np.array(["label", "a"]), pd.NA])
def test_what_is_no_name_of_a_column_is_told(folder, label):
    with pytest.raises(ValueError, match=r"^label is .*; expected a column's name"):
        read_posts(written(folder, GOOD), label=label)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "punycode"])
def test_another_encoding_is_told_whatever_it_raises(folder, encoding):
    with pytest.raises(ValueError, match=f"is not written in {encoding} .*; save it as UTF-8"):
        read_posts(written(folder, GOOD), encoding=encoding)


def test_a_table_too_large_is_refused_unread(folder):
    path = folder / "posts.csv"
    with path.open("wb") as file:
        file.truncate(2**33)  # bytes that take no room on the disk
    with pytest.raises(ValueError, match=r"posts\.csv has 8589934592 bytes, more than 268435456"):
        read_posts(path)


def test_a_cell_too_long_is_named_with_both_remedies(folder):
    path = written(folder, [["good", "+"], ["x" * 200_000, "-"]], header=["text", "label"])
    with pytest.raises(ValueError, match=r"line 3: .*quotation mark .*csv\.field_size_limit"):
        read_posts(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize("name", ["posts.csv", "face.png", "voice.wav"])
def test_a_pipe_is_not_waited_for(folder, name):
    path = written(folder, GOOD)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    if name == "posts.csv":
        with pytest.raises(FileNotFoundError, match="is a device or a pipe"):
            read_posts(path)
    else:
        assert any(f"{name}" in why for why in read_posts(path).report["why"])


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no table file"):
        read_posts(tmp_path / "lost.csv")
