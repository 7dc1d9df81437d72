"""Derived files: written whole or not at all, made anew when damaged, shared and tidied up."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from mmtutor import _cache
from mmtutor.datasets.remote import data_folder

ARRAYS = {"image": np.arange(40, dtype=np.uint8).reshape(4, 10), "audio": np.arange(6)}
SHAPES = {name: array.shape for name, array in ARRAYS.items()}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def made(folder):
    """Return a function that asks the cache, and the list of when it had to make the arrays."""
    made = []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {name: array.copy() for name, array in ARRAYS.items()}

    def get() -> int:
        arrays = _cache.cached_arrays("toy/x", "mark", make, SHAPES)
        assert {name: array.tolist() for name, array in arrays.items()} == {
            name: array.tolist() for name, array in ARRAYS.items()
        }
        return len(made)

    return get


def test_arrays_are_made_once(made, folder):
    assert [made(), made()] == [1, 1]
    assert [path.name for path in (folder / "toy").iterdir()] == ["x-mark.npz"]


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_any_damage_is_noticed_and_mended(made, folder):
    # Each byte in turn: numbers, names, sizes, the method of compression, encryption, the ends.
    assert made() == 1
    path = folder / "toy" / "x-mark.npz"
    whole = path.read_bytes()
    assert len(whole) < 1500
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        made()  # never raises, never gives other arrays
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        before = made()
        assert made() == before, "it was not mended"


@pytest.mark.parametrize("other", [{"image": ARRAYS["image"]}, {"image": 1, "audio": 2}, {}])
def test_other_arrays_are_made_anew(made, folder, other):
    (folder / "toy").mkdir()
    np.savez(folder / "toy" / "x-mark.npz", **other)
    assert [made(), made()] == [1, 1]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_a_cache_can_be_shared_as_the_umask_says(made, folder, mask, mode):
    before = os.umask(mask)
    try:
        made()
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "toy" / "x-mark.npz").stat().st_mode) == mode


def test_what_killed_runs_left_is_cleared_away_but_not_a_living_ones(made, folder):
    (folder / "toy").mkdir()
    with _cache.atomic_write(folder / "toy" / "x") as file:
        ours = file.name
    old, fresh, other = (folder / "toy" / f".{k}{Path(ours).name}" for k in range(3))
    foreign = folder / "toy" / ".x.part"  # of another program
    for path in (old, fresh, other, foreign):
        path.write_bytes(b"half")
    for path, age in (
        (old, 3700),
        (other, -3700),
        (foreign, 3700),
    ):  # before the clock was set back
        os.utime(path, (time.time() - age,) * 2)
    made()
    assert set((folder / "toy").iterdir()) == {
        *(fresh, foreign, folder / "toy" / "x", folder / "toy" / "x-mark.npz")
    }


def test_a_full_disk_leaves_nothing_and_is_a_warning(made, folder, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.warns(UserWarning, match=r"No space left.*MMTUTOR_CACHE"):
        made()
    assert list((folder / "toy").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_warning(made, folder, monkeypatch):
    (folder / "file").write_text("not a folder")
    monkeypatch.setenv("MMTUTOR_CACHE", str(folder / "file"))
    with pytest.warns(UserWarning, match="MMTUTOR_CACHE"):
        made()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(made, folder):
    (folder / "toy").mkdir()
    os.mkfifo(folder / "toy" / "x-mark.npz")
    made()
    made()


def test_a_name_that_is_too_long_is_a_warning(folder):
    with pytest.warns(UserWarning, match="File name too long"):
        _cache.cached_arrays("x" * 300, "mark", lambda: {"a": np.ones(2)}, {"a": (2,)})


def test_a_file_that_fails_half_way_is_as_it_was(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("whole")
    with pytest.raises(KeyboardInterrupt), _cache.atomic_write(path, "w") as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_processes_at_the_same_time_do_not_disturb_each_other(folder):
    code = (
        "import numpy as np; from mmtutor import _cache\n"
        "make = lambda: {'a': np.arange(200_000)}\n"
        "for _ in range(15):\n"
        "    a = _cache.cached_arrays('x', 'mark', make, {'a': (200_000,)})['a']\n"
        "    assert (a == np.arange(200_000)).all()\n"
        "    path = _cache.cache_folder() / 'x-mark.npz'\n"
        "    with _cache.atomic_write(path) as file: np.savez(file, **make())\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(timeout=600) for process in both] == [0, 0]
    assert [path.name for path in folder.iterdir()] == ["x-mark.npz"]


def test_the_default_folder_is_the_platforms(monkeypatch):
    import pooch

    monkeypatch.setenv("MMTUTOR_CACHE", "")
    assert _cache.cache_folder() == Path(pooch.os_cache("mmtutor"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _cache.cache_folder().is_absolute()


def test_a_home_that_is_none_is_named(monkeypatch):
    for variable, folder in (("MMTUTOR_CACHE", _cache.cache_folder), ("MMTUTOR_DATA", data_folder)):
        monkeypatch.setenv(variable, "~nobody-has-this-name/x")
        with pytest.raises(FileNotFoundError, match=f"^{variable} is '~nobody.*the whole path"):
            folder()
