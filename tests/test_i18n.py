"""The package's words come out in the reader's language, and all of them can be collected."""

from __future__ import annotations

import ast
import dataclasses
import io
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from mmtutor import _i18n, plotting
from mmtutor.course import pages
from mmtutor.course.manifest import read_course

ROOT = Path(__file__).parents[1]


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a catalogue of a few messages where the package looks for them."""
    catalogue = Catalog("zh_CN")
    catalogue.add("ideal observer", "理想观察者")
    catalogue.add("All chapters", "所有章节")
    catalogue.add("planned", "计划中")
    catalogue.add("sound, {seconds:.1f} s", "声音，{seconds:.1f} 秒")
    target = tmp_path / "zh_CN" / "LC_MESSAGES" / "mmtutor.mo"
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(_i18n, "FOLDER", tmp_path)
    for name in ("MMTUTOR_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def drawn_words() -> list[str]:
    table = pd.DataFrame({"mean": [0.5], "low": [0.4], "high": [0.6]}, index=["text"])
    fig, ax = plt.subplots()
    plotting.intervals(ax, table, ceiling=0.9)
    plt.close(fig)
    return [text.get_text().strip() for text in ax.texts]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "ideal observer"),
        ({"MMTUTOR_LANGUAGE": "zh_CN"}, "理想观察者"),
        ({"LANG": "zh_CN.UTF-8"}, "理想观察者"),
        ({"MMTUTOR_LANGUAGE": "en", "LANG": "zh_CN.UTF-8"}, "ideal observer"),
        ({"MMTUTOR_LANGUAGE": "fr"}, "ideal observer"),
    ],
)
def test_the_variable_comes_before_the_locale(
    chinese: None, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], words: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert drawn_words() == [words]


def test_values_are_put_into_the_translation(
    chinese: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMTUTOR_LANGUAGE", "zh_CN")
    assert repr(plotting._Player([0.0] * 80, 16, "A")) == "[声音，5.0 秒] A"
    assert _i18n._("not in the catalogue") == "not in the catalogue"


def test_pages_are_translated(
    chinese: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMTUTOR_LANGUAGE", "zh_CN")
    course = read_course(ROOT)
    planned = dataclasses.replace(course.chapters[-1], folder=tmp_path)  # where it has no source
    course = dataclasses.replace(course, folder=tmp_path, chapters=[course.chapters[0], planned])
    pages.stage(course, tmp_path, {}, {})
    chapters = (tmp_path / "chapters.md").read_text(encoding="utf-8")
    assert chapters.startswith("# 所有章节\n")
    assert "- 计划中\n" in chapters


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_messages_are_collected(tmp_path: Path) -> None:
    """What `make messages` runs first finds messages of checkers, figures and pages."""
    dry = ["make", "-n", "messages", f"BIN={shlex.quote(str(Path(sys.executable).parent))}"]
    plan = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (extract,) = (line for line in plan.splitlines() if "pybabel extract" in line)
    target = {"locale/mmtutor.pot": str(tmp_path / "messages.pot")}
    command = [target.get(part, part) for part in shlex.split(extract)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    with (tmp_path / "messages.pot").open("rb") as file:
        found = {message.id for message in read_po(file)}
    assert "ideal observer" in found
    assert "a function accuracy(predicted, true) returning the share of right predictions" in found
    assert any("an exact 0 is a veto" in message for message in found)
    assert "you return per cent; return a share." in found
    assert {"All chapters", "A solution", "planned", "not in this run"} <= found


def test_no_message_is_put_together_before_it_is_looked_up() -> None:
    """`_(f"...")` and `_("...".format(...))` would look up what no catalogue can hold."""
    for path in sorted((ROOT / "mmtutor").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                (message,) = node.args
                assert isinstance(message, ast.Constant | ast.Name), f"{path}:{node.lineno}"


def test_compiled_catalogues_are_those_of_the_texts() -> None:
    texts = sorted((ROOT / "locale").rglob("*.po"))
    assert [path.parts[-3] for path in texts] == ["zh_CN"]
    for text in texts:
        compiled = io.BytesIO()
        with text.open("rb") as file:
            write_mo(compiled, read_po(file))
        compiled.seek(0)
        with text.with_suffix(".mo").open("rb") as file:
            stored, wanted = read_mo(file), read_mo(compiled)
        # Babel dates a header that has no date.
        stored, wanted = ({m.id: m.string for m in each if m.id} for each in (stored, wanted))
        assert stored == wanted, "make messages"
