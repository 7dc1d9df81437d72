"""Work in several processes, whose arrays lie in shared memory: the same results, nothing left."""

from functools import partial
from multiprocessing import shared_memory

import joblib
import numpy as np
import pytest

from mmtutor import _parallel


def described(task):
    """Give back a view, a new array, a tuple of views, or what is no array."""
    row, cell = task
    if not isinstance(cell, np.ndarray):
        return row, cell
    return [cell[::2], cell * 2, (cell[1:], row), float(cell.sum())][row % 4]


def cells():
    rng = np.random.default_rng(4)
    arrays = [
        rng.normal(size=40),
        rng.integers(0, 255, (30, 20, 3), dtype=np.uint8),
        np.asfortranarray(rng.normal(size=(50, 4))),
        rng.normal(size=(20, 20))[::2, ::3],
        rng.normal(size=7).astype("f4"),
        np.zeros((0, 3)),
        np.array([1, 2.5], dtype=object),
        rng.normal(size=_parallel.HALF // 8 + 1),  # too long for a block
        rng.normal(size=_parallel.HALF // 16 - 10),  # two of them fill it
        "a path",
        b"bytes",
    ]
    return [arrays[k % len(arrays)] for k in range(60)]


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    else:
        assert found == pytest.approx(expected)  # a sum depends on how the array lies


def made(monkeypatch):
    """Record the names of all blocks that are made."""
    names = []

    class Recorded(shared_memory.SharedMemory):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            names.append(self.name)

    monkeypatch.setattr(_parallel, "SharedMemory", Recorded)
    return names


def assert_gone(names):
    for name in names:
        with pytest.raises(FileNotFoundError):
            shared_memory.SharedMemory(name)


def summed(task):
    return float(task[1].sum())


@pytest.mark.parametrize("work", [described, summed], ids=["anything", "numbers"])
def test_processes_return_what_one_does_and_leave_no_memory(work, monkeypatch):
    names = made(monkeypatch)
    column = cells() if work is described else [np.full(9, k) for k in range(60)]
    tasks = list(enumerate(column))
    found = _parallel.in_processes(work, tasks, n_jobs=2)
    for one, other in zip(found, map(work, tasks), strict=True):
        assert_same(one, other)
    assert 0 < len(names) < 16
    assert_gone(names)


def broken(at, task):
    if task[0] == at:
        raise ValueError(f"row {at}")
    return task[1] * 2


@pytest.mark.parametrize("at", [0, 31, 59])
def test_an_error_is_raised_and_leaves_no_memory(at, monkeypatch):
    names = made(monkeypatch)
    with pytest.raises(ValueError, match=f"^row {at}$"):
        _parallel.in_processes(partial(broken, at), list(enumerate(cells()[:5] * 12)), n_jobs=2)
    assert names
    assert_gone(names)


def test_other_backends_and_full_memory_are_served_without_sharing(monkeypatch):
    names = made(monkeypatch)
    tasks = [(k, np.arange(k + 1.0)) for k in range(40)]
    expected = [summed(task) for task in tasks]
    with joblib.parallel_config("threading"):
        assert _parallel.in_processes(summed, tasks, n_jobs=2) == expected
    monkeypatch.setattr(_parallel, "SPARE", 2**80)
    assert _parallel.in_processes(summed, tasks, n_jobs=2) == expected
    assert names == []


def test_sending_costs_by_the_way_a_value_takes():
    clip, long = np.zeros(32_000), np.zeros(_parallel.HALF // 8 + 1)
    assert _parallel.sending("text", shared=True) == 0
    assert _parallel.sending(clip, shared=True) < _parallel.sending(clip, shared=False) / 5
    assert _parallel.sending(long, shared=True) == _parallel.sending(long, shared=False)
