"""What is wrong with this environment, and how to mend it.

Each check yields findings; a finding that is a problem carries its mending. The packages and
their ranges are read from the installed package's own metadata, which pyproject.toml wrote.
"""

from __future__ import annotations

import importlib.metadata as metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

OLDEST_PYTHON = (3, 11)
NEEDED_DISK_GB = 2.0  # free, for data and caches
IMPORT_TIMEOUT = 180  # seconds; the first import of TensorFlow on a slow disk

# What to import to know that a distribution works, where that is not its name; None: only run.
MODULES = {
    "opencv-python": "cv2",
    "pillow": "PIL.Image",
    "scipy": "scipy.signal, scipy.stats",
    "librosa": "numba, librosa.feature",  # librosa itself loads its parts only when used
    "scikit-learn": "sklearn",
    "scikit-image": "skimage",
    "import-linter": "importlinter",
    "pytest-xdist": "xdist",
    "ruff": None,
}
# Other distributions that provide the same module.
STAND_INS = {
    "opencv-python": (
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "tensorflow": ("tensorflow-cpu", "tensorflow-macos", "tensorflow-intel"),
}
# The extras that `all` installs.
WHAT_FOR = {
    "deep": "the chapters that train networks",
    "emoji": "drawing emoji, in chapter 17",
    "chinese": "cutting Chinese into words, in chapter 01",
    "scale": "the cluster of chapter 14",
    "notebooks": "opening and executing the notebooks",
    "site": "the pages that make run and make site write",
    "browser": "make site-test",
    "test": "make test and make lint",
}
# Words in an import error, and what to do about them.
REMEDIES = {
    "libGL|libgthread|libglib|libxcb": "OpenCV lacks a system library. Debian, Ubuntu: apt-get "
    "install libgl1 libglib2.0-0 libxcb1; or, without a screen: pip uninstall -y opencv-python && "
    "pip install opencv-python-headless",
    "sndfile": "the sound library is missing. pip install --force-reinstall soundfile; if that "
    "does not help: conda install -c conda-forge libsndfile, or apt-get install libsndfile1",
    "Numba needs NumPy": "Numba and NumPy do not fit together. pip install --upgrade numba librosa",
    "compiled using NumPy 1": "a package was built for NumPy 1. pip install --upgrade "
    "--force-reinstall that package",
    "DLL load failed": "a Windows library is missing: install the Microsoft Visual C++ "
    "Redistributable (x64), then start a new terminal",
    "killed by signal 4": "this processor lacks instructions that the package was built with (AVX "
    "for TensorFlow). The chapters without it run: use another machine for the others",
}


class Finding(NamedTuple):
    """One thing that was looked at.

    `level` is "ok", "note" (works, but worth knowing) or "problem"; `mending` says what to do.
    """

    level: str
    what: str
    mending: str = ""


def check_python(version: Sequence[int] = tuple(sys.version_info[:3])) -> Iterator[Finding]:
    """Is this Python new enough, and is it the environment one thinks it is?"""
    shown = ".".join(str(part) for part in version)
    if tuple(version[:2]) < OLDEST_PYTHON:
        mending = "install Python 3.11 or newer, remove .venv, and run make PYTHON=/path/to/python"
        yield Finding("problem", f"Python {shown} is too old", mending)
    else:
        yield Finding("ok", f"Python {shown} ({platform.system()} {platform.machine()})")
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        what = f"no virtual environment is in use: packages are those of {sys.prefix}"
        mending = "if versions clash, use one: make, or conda env create -f environment.yml"
        yield Finding("note", what, mending)


def requirements() -> list[tuple[Requirement, str]]:
    """Return what this platform needs, each with its first extra; "" for what everyone needs."""
    found: dict[str, tuple[Requirement, str]] = {}
    for line in metadata.requires("mmtutor") or []:
        each = Requirement(line)
        named = re.search(r"""extra == ["']([\w-]+)["']""", line)
        extra = named[1] if named else ""
        here = each.marker is None or each.marker.evaluate({"extra": extra})
        if here and (not extra or extra in WHAT_FOR):
            found.setdefault(each.name, (each, extra))
    return list(found.values())


def installed_version(name: str) -> str | None:
    """Return a distribution's version, if it is there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def module_of(name: str) -> str | None:
    """Return what to import of a distribution."""
    return MODULES.get(name, name.replace("-", "_"))


def import_error(module: str) -> str:
    """Import a module in a process of its own; return the error's last line, or nothing.

    A broken native library can end the process: that, too, is an answer here.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", f"import {module}"]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=IMPORT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {IMPORT_TIMEOUT} seconds"
    if done.returncode < 0:
        return f"killed by signal {-done.returncode}"
    lines = [f"ended with exit code {done.returncode}", *done.stderr.split("\n")]
    return [line.strip() for line in lines if line.strip()][-1] if done.returncode else ""


def remedy(error: str, name: str) -> str:
    """Return what to do about an import error."""
    known = (mending for words, mending in REMEDIES.items() if re.search(words, error))
    return next(known, f"pip install --force-reinstall '{name}'")


def check_requirement(requirement: Requirement, extra: str = "") -> Finding:
    """Is a package there, once, in range, and does it import?"""
    name, wanted = requirement.name, requirement.specifier
    purpose = f" (needed for {WHAT_FOR[extra]})" if extra else ""
    versions = {each: installed_version(each) for each in (name, *STAND_INS.get(name, ()))}
    there = [each for each in versions if versions[each]]
    if not there:
        target = f"mmtutor[{extra}]" if extra else f"{name}{wanted}"
        level = "note" if extra else "problem"
        return Finding(level, f"{name} is not installed{purpose}", f"pip install '{target}'")
    if name == "opencv-python" and len(there) > 1:
        what = f"several packages provide cv2 and overwrite each other: {', '.join(there)}"
        mending = f"pip uninstall -y {' '.join(there)} && pip install opencv-python"
        return Finding("problem", what, mending)
    provider, version = there[0], versions[there[0]] or ""
    if not wanted.contains(version, prereleases=True):
        what = f"{provider} {version} is outside {wanted}{purpose}"
        return Finding("problem", what, f"pip install '{provider}{wanted}'")
    if (module := module_of(name)) and (error := import_error(module)):
        what = f"{provider} {version} does not import: {error}"
        return Finding("problem", what, remedy(error, provider))
    return Finding("ok", f"{provider} {version}")


def check_packages() -> Iterator[Finding]:
    """Are all packages there, in range, and do they import?"""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(lambda job: check_requirement(*job), requirements())


def check_backend() -> Iterator[Finding]:
    """Does Keras run on TensorFlow, as `mmtutor.deep` needs it?"""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend != "tensorflow":
        what = f"KERAS_BACKEND is {backend!r}, but mmtutor.deep runs Keras on TensorFlow"
        yield Finding("problem", what, "unset the variable, or set it to tensorflow")


def check_kernel() -> Iterator[Finding]:
    """Would Jupyter start this very Python for a notebook?"""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        what = "Jupyter is not installed (needed to open the notebooks)"
        yield Finding("note", what, "pip install 'mmtutor[notebooks]'")
        return
    mending = f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        yield Finding("problem", "Jupyter knows no kernel named python3", mending)
        return
    # Not resolved: in a virtual environment both are links to the same base Python.
    same = Path(program).absolute() == Path(sys.executable).absolute()
    if same or program in ("python", "python3"):
        yield Finding("ok", "the kernel python3 is this environment's")
        return
    mending += "   (or choose this environment's kernel in JupyterLab)"
    yield Finding("problem", f"the kernel python3 is another Python: {program}", mending)


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
        other = f"name another folder in the variable {variable}"
        if what == "caches" and not writable:
            yield Finding("problem", f"the folder of {what} cannot be written: {folder}", other)
        elif free < NEEDED_DISK_GB and writable:
            shown = f"only {free:.1f} GB free for {what} in {folder}"
            yield Finding("note", shown, f"make room, or {other}")
        else:
            yield Finding("ok", f"{what}: {folder} ({free:.0f} GB free)")


def check_data() -> Iterator[Finding]:
    """Does MMTUTOR_DATA point at something, and which real data are here?"""
    from mmtutor.datasets import remote

    named = os.environ.get("MMTUTOR_DATA")
    if named and not remote.data_folder().is_dir():
        what = f"MMTUTOR_DATA names a folder that does not exist: {named}"
        yield Finding("problem", what, "create it, correct the variable, or unset it")
    table = remote.status()
    for state, level, what in (
        ("present", "ok", "real data here"),
        ("partial", "note", "real data only partly here"),
        ("absent", "note", "real data not here, their chapters are skipped"),
    ):
        if names := list(table.loc[table["state"] == state, "dataset"]):
            mending = "" if level == "ok" else f"mmtutor data fetch {' '.join(names)}"
            yield Finding(level, f"{what}: {', '.join(names)}", mending)


def check_course() -> Iterator[Finding]:
    """Are the notebooks at hand?"""
    from mmtutor.course.manifest import CourseError, find_course

    try:
        course = find_course()
    except CourseError as error:
        yield Finding("note", "the notebooks cannot be run", str(error))
        return
    yield Finding("ok", f"the course: {course.folder}")
    lacking = [f"{each.number:02d}" for each in course.present if not each.stored.is_file()]
    if lacking:
        what = f"chapters without an executed notebook: {', '.join(lacking)}"
        yield Finding("note", what, f"mmtutor run --store {' '.join(lacking)}")


CHECKS = (
    check_python,
    check_packages,
    check_backend,
    check_kernel,
    check_disk,
    check_data,
    check_course,
)


def report() -> int:
    """Run all checks and print what they find; return 1 if there is a problem, else 0."""
    counts = {"ok": 0, "note": 0, "problem": 0}

    def show(finding: Finding) -> None:
        counts[finding.level] += 1
        sign = "PROBLEM" if finding.level == "problem" else finding.level
        mending = f"\n         -> {finding.mending}" if finding.mending else ""
        print(f"{sign:<7}  {finding.what}{mending}", flush=True)

    for check in CHECKS:
        try:
            for finding in check():
                show(finding)
        except Exception as error:  # a doctor must not die of what the patient has
            name = check.__name__.removeprefix("check_")
            what = f"looking at {name} failed: {type(error).__name__}: {error}"
            show(Finding("problem", what, "mend the problems above first"))
    well = (
        f"{counts['problem']} to mend" if counts["problem"] else "Everything that is needed works"
    )
    print(f"{well}; {counts['note']} to note.")
    return int(counts["problem"] > 0)
