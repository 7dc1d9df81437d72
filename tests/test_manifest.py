"""course.toml and what is written from it: the project's own, and a chapter added and removed."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from mmtutor.course import cli, notebooks, pages
from mmtutor.course.manifest import (
    Course,
    CourseError,
    find_course,
    read_course,
    requires,
    stale,
    sync,
)
from mmtutor.datasets import remote

ROOT = Path(__file__).parents[1]


def test_the_project_says_what_course_toml_says() -> None:
    assert stale(read_course(ROOT)) == [], "make sync"


def test_real_data_are_known_and_chapters_say_their_time() -> None:
    course = read_course(ROOT)
    for chapter in course.chapters:
        assert {*chapter.requires, *chapter.optional} <= {*remote.DATASETS}, chapter.name
    for chapter in course.present:
        assert chapter.minutes > 0, chapter.name
        assert chapter.seconds > 0, chapter.name
    assert requires(ROOT / "notebooks" / "15_verify_faces_and_voices.ipynb") == [
        "london_faces",
        "librispeech_sample",
    ]


# -- a chapter more, a chapter less -------------------------------------------------------

DUMMY = """

[[parts.chapters]]
number = 20
slug = "be_a_dummy"
title = { en = "Dummy", zh = "假人" }
question = "what is a test for?"
minutes = 1
seconds = 2
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Copy what lists or links chapters."""
    for name in ("README.md", "course.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes]:
    pages.stage(read_course(folder), folder / "build", {}, {0: "ok"})
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_chapter_is_added_and_removed_by_its_row_and_its_source(clone: Path) -> None:
    before = snapshot(clone)
    final = read_course(clone).present[-1].name
    manifest = clone / "course.toml"
    with manifest.open("a", encoding="utf-8") as file:
        file.write(DUMMY)
    sources = clone / "notebooks" / "source"
    shutil.copy(ROOT / "docs" / "template.py", sources / "20_be_a_dummy.py")
    assert cli.main(["sync", "--course", str(clone)]) == 0
    after = snapshot(clone)

    def lines(name: str, words: str) -> list[str]:
        return [line for line in after[name].decode().splitlines() if words in line]

    row = "| 20 | [Dummy]({}20_be_a_dummy.ipynb) | what is a test for? | simulated | 1 |"
    assert lines("README.md", "Dummy") == [row.format("notebooks/")]
    assert lines("notebooks/source/00_start_here.py", "Dummy") == ["# " + row.format("")]
    last = "# **Next**: the [map](00_start_here.ipynb) of the series shows what else there is."
    for name, wanted in (
        (final, "[20 · Dummy](20_be_a_dummy.ipynb): what is a test for?"),
        ("20_be_a_dummy", last),
    ):
        (line,) = lines(f"notebooks/source/{name}.py", "**Next**")
        assert wanted in line
    assert lines("notebooks/source/20_be_a_dummy.py", "# # ") == ["# # 20 · Dummy · 假人"]
    (time,) = lines("notebooks/source/20_be_a_dummy.py", "**Time**")
    assert "1 minutes to read and do, 2 seconds to run" in time
    chapters = after["build/chapters.md"].decode()
    assert chapters.rstrip().endswith(
        """### 20 · Dummy · 假人

What is a test for?

- Time: 1 minutes to read and do, 2 seconds to run
- Data: simulated
- This run: not in this run"""
    )

    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        "README.md",
        "course.toml",
        "build/README.md",
        "build/chapters.md",
        *(
            f"{folder}/{stem}{ending}"
            for stem in ("00_start_here", final)
            for folder, ending in (
                ("notebooks/source", ".py"),
                ("notebooks", ".ipynb"),
                ("build/notebooks", ".ipynb"),
                ("build/_extra/notebooks", ".ipynb"),
            )
        ),
    }
    for chapter in read_course(clone).present:
        if f"notebooks/{chapter.name}.ipynb" in changed:
            assert notebooks.differences(chapter.source, chapter.stored) == []

    manifest.write_bytes(before["course.toml"])
    (sources / "20_be_a_dummy.py").unlink()
    sync(read_course(clone))
    assert snapshot(clone) == before


def test_code_that_changed_keeps_the_stored_notebook_as_it_is(clone: Path) -> None:
    chapter = read_course(clone).chapters[0]
    source = chapter.source.read_text(encoding="utf-8")
    chapter.source.write_text(source.replace("plotting.style()", "pass"), encoding="utf-8")
    before = chapter.stored.read_bytes()
    assert sync(read_course(clone)) == []
    assert chapter.stored.read_bytes() == before


def test_a_source_without_a_place_for_the_next_line_is_named(clone: Path) -> None:
    source = clone / "notebooks" / "source" / "04_fuse_features.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("**Next**", "**Then**"), encoding="utf-8")
    before = snapshot(clone)
    with pytest.raises(CourseError, match=r"04_fuse_features.py must have one line '\*\*Next"):
        sync(read_course(clone))
    assert snapshot(clone) == before  # all or nothing


# -- reading ------------------------------------------------------------------------------

ROWS = """\
[[parts]]
number = "I"
title = { en = "Part", zh = "部分" }

[[parts.chapters]]
number = 1
slug = "one"
title = { en = "One", zh = "一" }
question = "which?"

[[parts.chapters]]
number = 2
slug = "two"
title = { en = "Two", zh = "二" }
question = "why?"
"""


def course(folder: Path, rows: str = ROWS, *slugs: str) -> Course:
    source = folder / "notebooks" / "source"
    source.mkdir(parents=True, exist_ok=True)
    for slug in slugs:
        (source / f"{slug}.py").write_text("# %%\n1\n")
    (folder / "course.toml").write_text(rows, encoding="utf-8")
    return read_course(folder)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('slug = "two"', "", r"chapter 2: the row missing 1 required .* 'slug'"),
        ('slug = "two"', 'slug = "Two!"', "chapter 2: slug = 'Two!' is not of small letters"),
        ('zh = "二"', 'fr = "Deux"', "chapter 2: title = .*Two.* is not of the form"),
        ('"why?"', '"why?"\nauthor = "A"', "chapter 2: the row got an unexpected .* 'author'"),
        ('"why?"', '"why?"\nminutes = "5"', "chapter 2: minutes = '5' must be of type int"),
        ('"why?"', '"why?"\nrequires = "x"', r"chapter 2: requires = 'x' must be of type Sequence"),
        ("number = 2", "number = 1", r"course.toml: .* do not rise: \[1, 1\]"),
        ("[[parts]]", "[[parts]", r"course.toml: .*line 1"),
        ('en = "Part"', 'en = ""', "course.toml, part 'I': title"),
        ('number = "I"', "", "course.toml, part None: lacks 'number'"),
        ('"why?"', '"a\\nb"', r"chapter 2: question: 'a\\nb' must be a text of one line"),
        ('"why?"', '"a | b"', r"chapter 2: question: 'a \| b' must be .* without \|"),
        ('zh = "二"', "zh = 2", r"chapter 2: title.zh: 2 must be a text"),
        ('en = "Part"', 'en = "a\\nb"', r"part 'I': title.en: 'a\\nb' must be"),
        ('"why?"', '"why?"\nrequires = [1]', "chapter 2: requires: 1 must be a text"),
        ('"why?"', '"why?"\nminutes = -5', r"chapter 2: minutes = -5 is not in \[0, "),
        ("number = 2", "number = true", "chapter True: number = True must be of type int"),
        ("number = 2", "number = 100", "number = 100 has more than two digits"),
        ("[[parts]]", f"{ROWS}\n[[parts]]", "part 'I': there are two of this number"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    head, _, tail = ROWS.rpartition(old)
    with pytest.raises(CourseError, match=words):
        course(tmp_path, head + new + tail)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parts = [1]", "'int' object has no attribute"),
        ('parts = "x"', "'str' object has no attribute"),
        (f"parts = {'[' * 9999}", "recursion"),
    ],
)
def test_a_manifest_of_another_form_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CourseError, match=f"course.toml: .*{words}"):
        course(tmp_path, text)


def test_tabs_and_escaped_bars_break_no_table(tmp_path: Path) -> None:
    text = ROWS.replace('"why?"', r"'P(a \| b)," + "\tor 中文？'")
    assert course(tmp_path, text).chapters[1].question == "P(a \\| b),\tor 中文？"


def test_a_manifest_may_begin_with_the_mark_of_an_editor(tmp_path: Path) -> None:
    assert len(course(tmp_path, f"\ufeff{ROWS}").chapters) == 2


def test_a_source_without_a_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"03_three.py has no row in course.toml"):
        course(tmp_path, ROWS, "03_three")


def test_chapters_are_chosen_by_number_or_name(tmp_path: Path) -> None:
    here = course(tmp_path, ROWS, "01_one", "02_two")

    def names(*wishes: str) -> list[str]:
        return [chapter.name for chapter in here.choose(wishes)]

    assert names() == ["01_one", "02_two"]
    assert names("2") == names("02") == names("02_two") == ["02_two"]
    assert names("notebooks/source/02_two.py", "01") == ["01_one", "02_two"]
    with pytest.raises(CourseError, match=r"no notebook '07'; there are: 01, 02"):
        names("07")


def test_a_planned_chapter_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no notebook '2'; there are: 01"):
        course(tmp_path, ROWS, "01_one").choose(["2"])


# -- finding ------------------------------------------------------------------------------


def test_course_is_found_from_a_folder_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = course(tmp_path)
    below = tmp_path / "notebooks" / "source"
    assert find_course(below) == here
    monkeypatch.chdir(below)
    assert find_course() == here
    monkeypatch.chdir("/")
    assert find_course().folder == ROOT  # the package lies in it
    with pytest.raises(CourseError, match="clone of the project"):
        find_course("/")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner's number here")
def test_another_users_course_is_run_only_if_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = course(tmp_path, ROWS, "01_one")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert cli.main(["run"]) == 2
    err = capsys.readouterr().err
    assert "belongs to another user" in err
    assert f"--course {tmp_path}" in err
    assert find_course(tmp_path) == here
    below = tmp_path / "mine"  # a folder above it is not what is named
    below.mkdir()
    with pytest.raises(CourseError, match="belongs to another user"):
        find_course(below)
    monkeypatch.chdir(ROOT)  # whose package is running already
    assert find_course().folder == ROOT


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner's number here")
@pytest.mark.parametrize("path", [".", "course.toml", "notebooks", "notebooks/source/02_two.py"])
def test_a_link_of_another_user_is_his(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """He may lead it elsewhere at any time, and what lies in his folder, too."""
    here = course(tmp_path, ROWS, "01_one", "02_two")
    (tmp_path / "notebooks" / ".#01_one.ipynb").symlink_to("of an editor")  # leads nowhere
    monkeypatch.chdir(tmp_path)
    assert find_course() == here
    look, his = Path.lstat, tmp_path / path

    def lstat(self: Path) -> os.stat_result:
        found = list(look(self))
        found[stat.ST_UID] += self == his
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", lstat)
    with pytest.raises(CourseError, match="belongs to another user"):
        find_course()
