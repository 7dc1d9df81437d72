"""What is wrong with this environment, and how to mend it.

Each check returns findings; a finding that is a problem carries its mending. The packages and
their ranges are read from the installed package's own metadata, which pyproject.toml wrote.
"""

from __future__ import annotations

import importlib.metadata as metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

OLDEST_PYTHON = (3, 11)
NEEDED_DISK_GB = 2.0  # free, for data and caches
IMPORT_TIMEOUT = 180  # seconds; the first import of TensorFlow on a slow disk

# What to import to know that a distribution works, where that is not its name.
MODULES = {
    "opencv-python": "cv2",
    "scipy": "scipy.signal, scipy.stats",
    "librosa": "numba, librosa.feature",  # librosa itself loads its parts only when used
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "pytest-xdist": "xdist",
}
# Not imported, only run.
PROGRAMS = {"ruff"}
# Other distributions that provide the same module.
STAND_INS = {
    "opencv-python": (
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-intel"),
}
WHAT_FOR = {
    "deep": "the chapters that train networks",
    "emoji": "drawing emoji, in chapter 17",
    "notebooks": "opening and executing the notebooks",
    "test": "make test and make lint",
}
# Words in an import error, and what to do about them.
REMEDIES = (
    *(
        (
            library,
            "OpenCV lacks a system library. Debian, Ubuntu: apt-get install libgl1 libglib2.0-0 "
            "libxcb1; or, without a screen: pip uninstall -y opencv-python && "
            "pip install opencv-python-headless",
        )
        for library in ("libGL", "libgthread", "libglib", "libxcb")
    ),
    (
        "sndfile",
        "the sound library is missing. pip install --force-reinstall soundfile; if that does not "
        "help: conda install -c conda-forge libsndfile, or apt-get install libsndfile1",
    ),
    (
        "Numba needs NumPy",
        "Numba and NumPy do not fit together. pip install --upgrade numba librosa",
    ),
    (
        "compiled using NumPy 1",
        "a package was built for NumPy 1. pip install --upgrade --force-reinstall that package",
    ),
    (
        "DLL load failed",
        "a Windows library is missing: install the Microsoft Visual C++ Redistributable (x64), "
        "then start a new terminal",
    ),
    (
        "killed by signal 4",
        "this processor lacks instructions that the package was built with (AVX for TensorFlow). "
        "The chapters without it run: use another machine for the others",
    ),
)


@dataclass
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    level : str
        "ok", "note" (works, but worth knowing) or "problem".
    what : str
        What was found.
    mending : str
        What to do about it; empty if all is well.
    """

    level: str
    what: str
    mending: str = ""


def check_python(version: Sequence[int] = sys.version_info) -> Iterator[Finding]:
    """Is this Python new enough, and is it the environment one thinks it is?"""
    shown = ".".join(str(part) for part in version[:3])
    if tuple(version[:2]) < OLDEST_PYTHON:
        yield Finding(
            "problem",
            f"Python {shown} is too old",
            "install Python 3.11 or newer, remove .venv, and run make PYTHON=/path/to/python3.11",
        )
    else:
        yield Finding("ok", f"Python {shown} ({platform.system()} {platform.machine()})")
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        yield Finding(
            "note",
            f"no virtual environment is in use: packages are those of {sys.prefix}",
            "if versions clash, use one: make, or conda env create -f environment.yml",
        )


def requirements() -> dict[str, list[Requirement]]:
    """Return the package's requirements by extra; "" are those that everyone needs."""
    found: dict[str, list[Requirement]] = {}
    for line in metadata.requires("mmtutor") or []:
        requirement = Requirement(line)
        if requirement.name == "mmtutor":  # the extra `all`, which names the others
            continue
        named = re.search(r"""extra == ["']([\w-]+)["']""", line)
        found.setdefault(named[1] if named else "", []).append(requirement)
    return found


def installed_version(name: str) -> tuple[str, str] | None:
    """Return which distribution provides `name`, itself or a stand-in, and its version."""
    for candidate in (name, *STAND_INS.get(name, ())):
        try:
            return candidate, metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
    return None


def import_error(module: str) -> str:
    """Import a module in a process of its own; return the error's last line, or nothing.

    A broken native library can end the process: that, too, is an answer here.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", f"import {module}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=IMPORT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {IMPORT_TIMEOUT} seconds"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"ended with exit code {done.returncode}"


def remedy(error: str, name: str) -> str:
    """Return what to do about an import error."""
    for words, mending in REMEDIES:
        if words in error:
            return mending
    return f"pip install --force-reinstall '{name}'"


def check_requirement(requirement: Requirement, extra: str = "") -> Finding:
    """Is a package there, in range, and does it import?"""
    name = requirement.name
    level = "note" if extra else "problem"
    purpose = f" (needed for {WHAT_FOR[extra]})" if extra else ""
    present = installed_version(name)
    if present is None:
        wanted = f"'mmtutor[{extra}]'" if extra else f"'{name}{requirement.specifier}'"
        return Finding(level, f"{name} is not installed{purpose}", f"pip install {wanted}")
    provider, version = present
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(
            "problem",
            f"{provider} {version} is outside {requirement.specifier}{purpose}",
            f"pip install '{provider}{requirement.specifier}'",
        )
    if name not in PROGRAMS:
        error = import_error(MODULES.get(name, name.replace("-", "_")))
        if error:
            return Finding(
                "problem",
                f"{provider} {version} does not import: {error}",
                remedy(error, provider),
            )
    return Finding("ok", f"{provider} {version}")


def check_packages() -> Iterator[Finding]:
    """Are all packages there, in range, and do they import?"""
    jobs = [
        (each, extra)
        for extra, group in requirements().items()
        for each in group
        if each.marker is None or each.marker.evaluate({"extra": extra})  # for this platform
    ]
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda job: check_requirement(*job), jobs)
    providers = [
        name
        for name in ("opencv-python", *STAND_INS["opencv-python"])
        if installed_version(name) and installed_version(name)[0] == name
    ]
    if len(providers) > 1:
        yield Finding(
            "problem",
            f"several packages provide cv2 and overwrite each other: {', '.join(providers)}",
            f"pip uninstall -y {' '.join(providers)} && pip install opencv-python",
        )


def check_kernel() -> Iterator[Finding]:
    """Would Jupyter start this very Python for a notebook?"""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        yield Finding(
            "note",
            "Jupyter is not installed (needed to open the notebooks)",
            "pip install 'mmtutor[notebooks]'",
        )
        return
    mending = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield Finding("problem", "Jupyter knows no kernel named python3", mending)
        return
    program = spec.argv[0]
    if program in ("python", "python3") or _same_file(program, sys.executable):
        yield Finding("ok", "the kernel python3 is this environment's")
        return
    yield Finding(
        "problem",
        f"the kernel python3 is another Python: {program}",
        f"{mending}   (or choose this environment's kernel in JupyterLab)",
    )


def _same_file(one: str, other: str) -> bool:
    # Not resolved: in a virtual environment both are links to the same base Python.
    return Path(one).absolute() == Path(other).absolute()


def check_disk() -> Iterator[Finding]:
    """Is there room for data and caches, and can they be written?"""
    from mmtutor.datasets import remote

    for what, folder, variable in (
        ("caches", remote.cache_folder(), "MMTUTOR_CACHE"),
        ("downloaded data", remote.data_folder(), "MMTUTOR_DATA"),
    ):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(there).free / 1e9
        writable = os.access(there, os.W_OK)
        if what == "caches" and not writable:
            yield Finding(
                "problem",
                f"the folder of {what} cannot be written: {folder}",
                f"name another one in the variable {variable}",
            )
        elif free < NEEDED_DISK_GB and writable:
            yield Finding(
                "note",
                f"only {free:.1f} GB free for {what} in {folder}",
                f"make room, or name another folder in the variable {variable}",
            )
        else:
            yield Finding("ok", f"{what}: {folder} ({free:.0f} GB free)")


def check_data() -> Iterator[Finding]:
    """Does MMTUTOR_DATA point at something, and which real data are here?"""
    from mmtutor.datasets import remote

    named = os.environ.get("MMTUTOR_DATA")
    if named and not Path(named).expanduser().is_dir():
        yield Finding(
            "problem",
            f"MMTUTOR_DATA names a folder that does not exist: {named}",
            "create it, correct the variable, or unset it",
        )
    table = remote.status()
    present = list(table.loc[table["state"] == "present", "dataset"])
    partial = list(table.loc[table["state"] == "partial", "dataset"])
    absent = list(table.loc[table["state"] == "absent", "dataset"])
    if present:
        yield Finding("ok", f"real data here: {', '.join(present)}")
    if partial:
        yield Finding(
            "note",
            f"real data only partly here: {', '.join(partial)}",
            f"mmtutor data fetch {' '.join(partial)}",
        )
    if absent:
        yield Finding(
            "note",
            f"real data not here, their chapters are skipped: {', '.join(absent)}",
            f"mmtutor data fetch {' '.join(absent)}",
        )


def check_course() -> Iterator[Finding]:
    """Are the notebooks at hand, and are their stored copies readable?"""
    from mmtutor.course import notebooks

    try:
        course = notebooks.find_course()
    except notebooks.CourseNotFound as error:
        yield Finding("note", "the notebooks are not here", str(error))
        return
    broken = []
    for path in sorted((course / "notebooks").glob("*.ipynb")):
        try:
            json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError):
            broken.append(path.name)
    if broken:
        names = " ".join(broken)
        yield Finding(
            "problem",
            f"notebooks that cannot be read: {names}",
            f"git checkout -- notebooks, or mmtutor run --store {names}",
        )
    else:
        yield Finding("ok", f"the course: {course}")


CHECKS = (check_python, check_packages, check_kernel, check_disk, check_data, check_course)


def _all_findings() -> Iterator[Finding]:
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:  # a doctor must not die of what the patient has
            name = check.__name__.removeprefix("check_")
            yield Finding(
                "problem",
                f"looking at {name} failed: {type(error).__name__}: {error}",
                "mend the problems above first",
            )


def report() -> int:
    """Run all checks and print what they find; return 1 if there is a problem, else 0."""
    signs = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
    counts = dict.fromkeys(signs, 0)
    for finding in _all_findings():
        counts[finding.level] += 1
        print(f"{signs[finding.level]}  {finding.what}", flush=True)
        if finding.mending:
            print(f"         -> {finding.mending}", flush=True)
    if counts["problem"]:
        print(f"{counts['problem']} to mend, {counts['note']} to note.")
        return 1
    print(f"Everything that is needed works; {counts['note']} to note.")
    return 0
