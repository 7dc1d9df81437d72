"""The project's own files agree with each other, and a built package carries what it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import mmtutor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!]+", row) for row in rows), "only name==version lines"
    return {canonicalize_name(name): version for name, version in (r.split("==") for r in rows)}


def all_requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    lines = PROJECT["dependencies"] + [line for group in extras.values() for line in group]
    return [each for each in map(Requirement, lines) if each.name != "mmtutor"]


def test_the_extra_all_names_every_other_extra_but_the_benchmarks() -> None:
    extras = set(PROJECT["optional-dependencies"])
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert Requirement(everything).extras == extras - {"all", "bench"}


def test_tested_versions_lie_in_the_ranges() -> None:
    pinned = pins()
    for requirement in all_requirements():
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} has no tested version in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} but tested {name}"


def test_environment_yml_installs_the_same_project() -> None:
    """It names no package of its own, so there is nothing in it that could drift."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, with_pip = environment["dependencies"]
    assert with_pip == {"pip": ["-c constraints.txt", "-e .[all]"]}
    python, pip = conda
    assert pip == "pip"
    name, version = python.split("=")
    assert name == "python"
    oldest = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert oldest.contains(f"{version}.0")


def test_one_version_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["version"] == mmtutor.__version__ == citation["version"]


def test_make_and_ci_hold_no_local_path_or_host() -> None:
    for name in ("Makefile", "constraints.txt", "environment.yml", "pyproject.toml", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|/(home|root|work|tmp|Users)/\w", text), name


def test_hooks_of_a_commit_use_the_tested_versions_and_leave_notebooks_alone() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert re.search(config["exclude"], "notebooks/00_start_here.ipynb")
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    used = [line.split("==") for hook in hooks for line in hook["additional_dependencies"]]
    assert ["ruff", pins()["ruff"]] in used
    assert all(version == pins().get(name, version) for name, version in used)


def test_workflows_run_what_make_runs() -> None:
    make = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
        for command in (s["run"] for job in jobs.values() for s in job["steps"] if "run" in s):
            if target := re.match(r"make ([\w-]+)", command):
                assert re.search(rf"^{target[1]}:", make, flags=re.MULTILINE), command
            elif "pytest" in command:  # where there is no make
                assert command.replace("python", "$(BIN)/python", 1) in make, command


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy of the tree, without a network, and unpack it."""
    tree = tmp_path_factory.mktemp("tree")
    skip = shutil.ignore_patterns("__pycache__", "_data")
    for folder in ("mmtutor", "data", "locale"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=skip)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, tree / name)
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True)
    (wheel,) = (tree / "dist").glob("*.whl")
    target = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_wheel_carries_every_module(unpacked_wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT)
        for path in (ROOT / "mmtutor").rglob("*")
        if path.suffix in {".py", ".j2", ".js", ".css", ".typed"} and "_data" not in path.parts
    }
    carried = {path.relative_to(unpacked_wheel) for path in unpacked_wheel.rglob("*")}
    assert not expected - carried
    assert Path("mmtutor/_data/locale/zh_CN/LC_MESSAGES/mmtutor.mo") in carried


LOAD_DEFAULTS = """
from pathlib import Path
import mmtutor
from mmtutor.datasets import load_reviews, make_posts, remote
assert Path(mmtutor.__file__).is_relative_to({wheel!r}), mmtutor.__file__
assert len(remote.registry()) > 2000
assert len(load_reviews().frame) >= 480
posts = make_posts(n_samples=6, n_authors=3, random_state=0)
assert list(posts.frame.columns) == ["text", "image", "audio"], posts.frame.columns
assert posts.frame["text"].str.len().gt(0).all()
print("loaded", len(posts.frame))
"""


def test_wheel_loads_the_default_data_from_an_empty_folder(
    unpacked_wheel: Path, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(unpacked_wheel),
        "MMTUTOR_CACHE": str(tmp_path / "cache"),
        "MMTUTOR_DATA": str(tmp_path / "data"),
    }
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LOAD_DEFAULTS.format(wheel=str(unpacked_wheel))],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "loaded 6\n", done.stdout + done.stderr
