"""The doctor finds what is broken, says how to mend it, and survives it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mmtutor.course import doctor

ROOT = Path(__file__).parents[1]


def only(findings: object) -> doctor.Finding:
    (finding,) = findings
    return finding


def test_old_python_is_a_problem_with_a_remedy() -> None:
    finding = next(doctor.check_python((3, 10, 4)))
    assert finding.level == "problem"
    assert "3.10.4" in finding.what
    assert "make PYTHON=" in finding.mending


def test_another_backend_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert list(doctor.check_backend()) == []
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    finding = only(doctor.check_backend())
    assert finding.level == "problem"
    assert "'torch'" in finding.what


def test_requirements_are_those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "numpy>=2.0",
        'colorama>=1; sys_platform == "win32"',
        'tensorflow>=2.18; extra == "deep"',
        'tensorflow>=2.18; extra == "test"',
        "mmtutor[deep]; extra == 'all'",
    ]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: lines)
    found = [(each.name, extra) for each, extra in doctor.requirements()]
    here = [("colorama", "")] if sys.platform == "win32" else []
    assert found == [("numpy", ""), *here, ("tensorflow", "deep")]


def test_the_module_of_every_package_that_is_here_is_known() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = (pyproject["optional-dependencies"][extra] for extra in doctor.WHAT_FOR)
    for line in [*pyproject["dependencies"], *(line for group in extras for line in group)]:
        name = Requirement(line).name
        for module in (doctor.module_of(name) or "").split(", "):
            if module and name != "mmtutor" and doctor.installed_version(name):
                assert importlib.util.find_spec(module.partition(".")[0]), (name, module)


def test_every_extra_is_said_to_be_for_something() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (everything,) = pyproject["project"]["optional-dependencies"]["all"]
    assert Requirement(everything).extras == set(doctor.WHAT_FOR)


def test_a_missing_package_is_named_with_what_it_is_for() -> None:
    absent = Requirement("no-such-package>=2")
    needed = doctor.check_requirement(absent)
    assert (needed.level, needed.mending) == ("problem", "pip install 'no-such-package>=2'")
    extra = doctor.check_requirement(absent, "deep")
    assert (extra.level, extra.mending) == ("note", "pip install 'mmtutor[deep]'")
    assert "train networks" in extra.what


def test_a_version_out_of_range_is_a_problem() -> None:
    finding = doctor.check_requirement(Requirement("packaging>=9999"))
    assert finding.level == "problem"
    assert "outside >=9999" in finding.what
    assert finding.mending == "pip install 'packaging>=9999'"


def test_a_good_package_is_ok() -> None:
    finding = doctor.check_requirement(Requirement("packaging>=20"))
    assert (finding.level, finding.mending) == ("ok", "")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file", "apt-get install libgl1"),
        ("OSError: sndfile library not found", "soundfile"),
        ("ImportError: Numba needs NumPy 2.3 or less. Got NumPy 2.4", "--upgrade numba"),
        ("ImportError: DLL load failed while importing _pywrap", "Visual C++"),
        ("killed by signal 4", "AVX"),
        ("ImportError: something new", "pip install --force-reinstall 'thing'"),
    ],
)
def test_known_errors_have_remedies(error: str, words: str) -> None:
    assert words in doctor.remedy(error, "thing")


def test_an_import_that_fails_or_kills_the_process_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brokenlib.py").write_text("raise ImportError('libGL.so.1: cannot open')")
    (tmp_path / "deadlib.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert doctor.import_error("brokenlib") == "ImportError: libGL.so.1: cannot open"
    assert doctor.import_error("json") == ""
    if sys.platform != "win32":
        assert doctor.import_error("deadlib") == "killed by signal 4"


def test_two_opencvs_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"opencv-python": "4.14.0", "opencv-python-headless": "4.14.0"}
    monkeypatch.setattr(doctor, "installed_version", versions.get)
    monkeypatch.setattr(doctor, "import_error", lambda module: "")
    finding = doctor.check_requirement(Requirement("opencv-python>=4.10"))
    assert finding.level == "problem"
    assert "opencv-python, opencv-python-headless" in finding.what
    del versions["opencv-python"]  # a stand-in alone is fine
    finding = doctor.check_requirement(Requirement("opencv-python>=4.10"))
    assert finding == ("ok", "opencv-python-headless 4.14.0", "")


def test_another_pythons_kernel_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    def kernel(program: str) -> None:
        spec = types.SimpleNamespace(argv=[program, "-m", "ipykernel_launcher"])
        monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: spec)

    kernel("/opt/another/bin/python")
    finding = only(doctor.check_kernel())
    assert finding.level == "problem"
    assert "/opt/another/bin/python" in finding.what
    assert "ipykernel install" in finding.mending
    for program in (sys.executable, "python3"):
        kernel(program)
        assert only(doctor.check_kernel()).level == "ok"

    def none_there(self: object, name: str) -> None:
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", none_there)
    assert only(doctor.check_kernel()).level == "problem"


def test_a_data_folder_that_does_not_exist_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "nowhere"))
    findings = list(doctor.check_data())
    assert findings[0].level == "problem"
    assert "MMTUTOR_DATA names a folder that does not exist" in findings[0].what
    assert findings[-1].mending.startswith("mmtutor data fetch london_faces")
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path))
    assert {finding.level for finding in doctor.check_data()} == {"note"}


def test_a_full_disk_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = types.SimpleNamespace(free=0.3e9)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    finding = next(doctor.check_disk())
    assert finding.level == "note"
    assert "only 0.3 GB free" in finding.what


def test_report_counts_problems_and_survives_a_check_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check_nothing() -> list[doctor.Finding]:
        return [doctor.Finding("ok", "fine"), doctor.Finding("note", "hm", "do this")]

    def check_broken() -> list[doctor.Finding]:
        raise RuntimeError("broken beyond words")

    monkeypatch.setattr(doctor, "CHECKS", (check_nothing,))
    assert doctor.report() == 0
    assert "1 to note" in capsys.readouterr().out
    monkeypatch.setattr(doctor, "CHECKS", (check_nothing, check_broken))
    assert doctor.report() == 1
    out = capsys.readouterr().out
    assert "looking at broken failed: RuntimeError: broken beyond words" in out
    assert "-> do this" in out


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_a_terminal_cannot_show_does_not_stop_the_command(
    tmp_path: Path, encoding: str
) -> None:
    environment = {
        **os.environ,
        "PYTHONIOENCODING": encoding,
        "MMTUTOR_DATA": str(tmp_path / "数据"),
    }
    code = (
        "from mmtutor.course import cli, doctor; doctor.CHECKS = (doctor.check_data,); "
        "cli.main(['doctor'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert r"MMTUTOR_DATA names a folder that does not exist: " in done.stdout
    assert r"\u6570\u636e" in done.stdout
