"""No file runs code that nobody asked for, and no name leads out of its folder."""

from __future__ import annotations

import ast
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import audit
import numpy as np
import pytest

import mmtutor
from mmtutor import _cache
from mmtutor.course import cli
from mmtutor.course.evidence import experiment
from mmtutor.datasets import remote

PACKAGE = Path(mmtutor.__file__).parent

# Modules and functions that can run what a file holds, or write where the file says.
MODULES = {"cloudpickle", "dill", "marshal", "pickle", "shelve", "tarfile", "zipfile"}
CALLS = {"eval", "exec", "__import__", "load_model", "read_pickle", "run_module", "run_path"}
CALLS |= {"os.system", "unpack_archive", "joblib.load", "yaml.load"}

# Where the package does run code: that of the course itself, and what a learner hands in.
MEANT = {
    ("course/evidence.py", "exec"): "the evidence cells of a chapter",
    ("course/challenge.py", "runpy.run_path"): "an answer handed in, in a process of its own",
}


def dangers(text: str) -> Iterator[str]:
    """Yield what in a module's text can run the content of a file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from {alias.name.partition(".")[0] for alias in node.names} & MODULES
        elif isinstance(node, ast.ImportFrom):
            yield from {(node.module or "").partition(".")[0]} & MODULES
            yield from {alias.name for alias in node.names} & CALLS
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in CALLS or name.rpartition(".")[2] in CALLS:
                yield name
            for keyword in node.keywords:
                if keyword.arg in ("allow_pickle", "shell", "safe_mode"):
                    yield f"{keyword.arg}="


def test_nothing_in_the_package_runs_what_a_file_holds(record_property):
    files = sorted(PACKAGE.rglob("*.py"))
    found = {
        (file.relative_to(PACKAGE).as_posix(), danger)
        for file in files
        for danger in dangers(file.read_text(encoding="utf-8"))
    }
    assert found == set(MEANT)
    record_property("modules that load no code", len(files))


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "import shelve as s",
        "np.load(path, allow_pickle=True)",
        "joblib.load(path)",
        "from joblib import load as ok; joblib.load(path)",
        "keras.saving.load_model(path)",
        "pd.read_pickle(path)",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
        "eval(text)",
        "shutil.unpack_archive(path)",
        "keras.models.load_model(path, safe_mode=False)",
    ],
)
def test_the_check_finds_a_loader(line):
    assert list(dangers(line))


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (open, (str(self.sprung), "w"))


def plant(path: Path, kind: str, trap: Trap) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "a pickle":
        path.write_bytes(pickle.dumps(trap))
    elif kind == "an array of objects":
        np.save(path.with_suffix(".npy"), np.array([trap], dtype=object), allow_pickle=True)
        path.with_suffix(".npy").replace(path)
    else:
        objects = np.array([trap], dtype=object)
        with path.open("wb") as file:
            np.savez(file, a=objects)


KINDS = ["a pickle", "an array of objects", "an archive of them"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_trap_would_spring(tmp_path, kind):
    plant(tmp_path / "x.npz", kind, Trap(tmp_path / "sprung"))
    stored = np.load(tmp_path / "x.npz", allow_pickle=True)
    if kind == "an archive of them":
        _ = stored["a"]
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_cache_is_not_loaded_but_made_anew(tmp_path, monkeypatch, kind, record_property):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    plant(tmp_path / "toy-mark.npz", kind, Trap(tmp_path / "sprung"))
    for _ in ("made", "read"):
        arrays = _cache.cached_arrays("toy", "mark", lambda: {"a": np.arange(3)}, {"a": (3,)})
        assert arrays["a"].tolist() == [0, 1, 2]
    assert not (tmp_path / "sprung").exists()
    record_property("planted files not loaded", 1)


@pytest.mark.parametrize("name", sorted(remote.DATASETS))
def test_a_planted_data_file_is_not_read(tmp_path, monkeypatch, name, record_property):
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    files = remote.files_of(name)
    for file in files:
        plant(file.place, "a pickle", Trap(tmp_path / "sprung"))
    assert not remote.is_available(name)
    with pytest.raises(remote.DataNotAvailable, match=f"{len(files)} of {len(files)} files"):
        remote.fetch_files(name, download_if_missing=False)
    assert not (tmp_path / "sprung").exists()
    record_property("planted files not loaded", len(files))


def test_the_audit_counts_and_says_what_it_could_not_look_up():
    sound = {"name": "a", "version": "1", "vulns": []}
    unknown = {"name": "b", "skip_reason": "not found"}
    bad = sound | {"vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    assert audit.report("no network")[1].startswith("audit: skipped")
    assert audit.report(json.dumps({"dependencies": [unknown]}))[1].startswith("audit: skipped")
    code, words = audit.report(json.dumps({"dependencies": [sound, unknown]}))
    assert (code, words) == (0, "audit: 1 of 2 packages looked up, 0 faults known")
    code, words = audit.report(json.dumps({"dependencies": [sound, bad]}))
    assert code == 1
    assert words.splitlines()[0] == "a 1: CVE-1, mended in ['2']"


# --- names --------------------------------------------------------------------------------------

OUTSIDE = [
    "../outside",
    "../../outside",
    "/etc/passwd",
    "..",
    "a/../../outside",
    "~/outside",
    "..\\outside",
    "outside\0",
    "%2e%2e/outside",
]

COURSE = """\
[[parts]]
number = "I"
title = {{ en = "All", zh = "全部" }}

[[parts.chapters]]
number = 1
slug = "one"
title = {{ en = "One", zh = "一" }}
question = "what is outside?"
requires = [{requires}]
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "inside" / "course"
    (folder / "notebooks" / "source").mkdir(parents=True)
    (folder / "notebooks" / "source" / "01_one.py").write_text("# %%\n1 + 1\n", encoding="utf-8")
    (folder / "course.toml").write_text(COURSE.format(requires=""), encoding="utf-8")
    for outside in (tmp_path / "outside", tmp_path / "inside" / "outside"):
        outside.mkdir()
        (outside / "01_one.py").write_text("raise SystemExit('it was run')", encoding="utf-8")
    return folder


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_on_the_command_line_leads_nowhere(
    course, tmp_path, monkeypatch, capsys, name, record_property
):
    monkeypatch.setenv("MMTUTOR_DATA", str(course / "data"))
    before = everything(tmp_path)
    calls = [["data", action, name] for action in ("list", "fetch", "verify")]
    calls += [[command, "--course", str(course), name] for command in ("run", "evidence")]
    for call in calls:
        assert cli.main(call) == 2, call
    assert capsys.readouterr().err.count("there are: ") == len(calls)
    assert everything(tmp_path) == before
    record_property("names that lead nowhere", len(calls))


@pytest.mark.parametrize("name", [name for name in OUTSIDE if "\0" not in name])
def test_a_name_in_requires_leads_nowhere(
    course, tmp_path, monkeypatch, capsys, name, record_property
):
    monkeypatch.setenv("MMTUTOR_DATA", str(course / "data"))
    quoted = "'" + name + "'"
    (course / "course.toml").write_text(COURSE.format(requires=quoted), encoding="utf-8")
    before = everything(tmp_path)
    assert cli.main(["run", "--course", str(course)]) == 1
    said = capsys.readouterr()
    assert f"Course: {course}" in said.out
    assert "01_one:\nValueError: unknown dataset" in said.err
    assert not set(everything(tmp_path)) - set(before) - set(everything(course / "build"))
    record_property("names that lead nowhere", 1)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_of_a_table_leads_nowhere(name, record_property):
    with pytest.raises(ValueError, match="name of a table"):
        experiment(name, [{"seed": 0}])
    record_property("names that lead nowhere", 1)
