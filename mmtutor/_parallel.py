"""One function over many cells, in several processes that share memory for the arrays.

An array that goes through a pipe costs about 3 ns a byte, for a clip of sound as much as half of
its MFCC: a second process would save nothing. Copied into memory that both processes see, it costs
a tenth of that, if the same memory is used again and again, as new pages are slow.
"""

from __future__ import annotations

import math
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import lru_cache
from itertools import chain
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PIPE = 3e-9  # seconds a byte, from process to process; see benchmarks/features.md
COPY = 3e-10  # seconds a byte, into shared memory and out of it
HALF = 2**22  # bytes of a piece of shared memory for cells, and as many for what comes of them
SPARE = 2**27  # bytes that must be free, as a write beyond the last one ends the process
ALIGNED = 64  # bytes


class Slot(NamedTuple):
    """Where in a block an array lies, in place of the array."""

    offset: int
    shape: tuple[int, ...]
    dtype: str


def sharing(n_jobs: int | None) -> tuple[int, bool]:
    """Return how many processes `n_jobs` means here, and whether they share memory."""
    from joblib import effective_n_jobs
    from joblib.parallel import LokyBackend, get_active_backend

    backend, _n_jobs = get_active_backend(prefer="processes")
    memory = Path("/dev/shm")  # on Linux a file system of limited size, 64 MB in some containers
    room = not memory.exists() or shutil.disk_usage(memory).free > SPARE
    return effective_n_jobs(n_jobs), isinstance(backend, LokyBackend) and room


def sending(value: Any, shared: bool) -> float:
    """Return about how many seconds it takes to send a value to another process."""
    return getattr(value, "nbytes", 0) * (COPY if shared and _fits(value) else PIPE)


def in_processes(
    work: Callable[[Any], Any], tasks: list[tuple[Any, Any]], *, n_jobs: int | None
) -> list[Any]:
    """Return ``[work(task) for task in tasks]``; a task is a row's name and its cell."""
    from joblib import Parallel, delayed

    workers, shared = sharing(n_jobs)
    parallel = Parallel(n_jobs, prefer="processes", batch_size=1, return_as="generator")
    size = math.ceil(len(tasks) / (8 * workers))  # one message for many cells; no long last wait
    if not shared:
        batches = (tasks[first : first + size] for first in range(0, len(tasks), size))
        return list(chain(*parallel(delayed(_work_all)(work, batch) for batch in batches)))
    with Blocks() as blocks:
        filled: deque[SharedMemory] = deque()  # in the order of the batches

        def messages() -> Iterator[Any]:
            for batch in _batches(tasks, size):
                block = blocks.take()
                filled.append(block)
                cells = _pack([cell for _row, cell in batch], _buffer(block), 0)
                named = [(row, cell) for (row, _cell), cell in zip(batch, cells, strict=True)]
                yield delayed(_work_in_block)(work, block.name, named)

        results = []
        with closing(parallel(messages())) as answers:
            for answer in answers:
                block = filled.popleft()
                results += [_unpack(x, _buffer(block)).copy() if _is_slot(x) else x for x in answer]
                blocks.give(block)
    return results


class Blocks:
    """Pieces of shared memory that are used again; all are gone at the end of the context."""

    def __enter__(self) -> Blocks:
        self._all: list[SharedMemory] = []
        self._free: deque[SharedMemory] = deque()
        return self

    def take(self) -> SharedMemory:
        """Return a piece that nobody uses; make one if there is none."""
        if not self._free:
            self._all.append(SharedMemory(create=True, size=2 * HALF))
            return self._all[-1]
        return self._free.popleft()

    def give(self, block: SharedMemory) -> None:
        """Take a piece back."""
        self._free.append(block)

    def __exit__(self, *_error: object) -> None:
        for block in self._all:
            block.unlink()
            block.close()


def _batches(tasks: list[tuple[Any, Any]], size: int) -> Iterator[list[tuple[Any, Any]]]:
    """Yield runs of at most `size` tasks whose arrays fit into half a block."""
    batch: list[tuple[Any, Any]] = []
    n_bytes = 0
    for task in tasks:
        needed = _padded(task[1]) if _fits(task[1]) else 0
        if len(batch) == size or n_bytes + needed > HALF:
            yield batch
            batch, n_bytes = [], 0
        batch.append(task)
        n_bytes += needed
    if batch:
        yield batch


def _fits(cell: Any) -> bool:
    plain = type(cell) is np.ndarray and cell.dtype.kind in "biufc" and cell.flags.c_contiguous
    return plain and _padded(cell) <= HALF


def _padded(array: np.ndarray) -> int:
    return -(-array.nbytes // ALIGNED) * ALIGNED


def _is_slot(value: Any) -> bool:
    return isinstance(value, Slot)


def _pack(values: list[Any], buffer: memoryview, start: int) -> list[Any]:
    """Copy arrays into half a block, from `start`; what has no room there stays as it is."""
    packed, offset = [], start
    for value in values:
        if _fits(value) and offset + value.nbytes <= start + HALF:
            slot = Slot(offset, value.shape, value.dtype.str)
            _unpack(slot, buffer)[...] = value
            packed.append(slot)
            offset += _padded(value)
        else:
            packed.append(value)
    return packed


def _unpack(slot: Slot, buffer: memoryview) -> np.ndarray:
    return np.ndarray(slot.shape, slot.dtype, buffer, slot.offset)


def _buffer(block: SharedMemory) -> memoryview:
    assert block.buf is not None, "the block is closed"
    return block.buf


def end_with(parent: int) -> None:
    """Let this process end when `parent`, which started it, is killed; it would go on for minutes.

    Windows does not tell a process that its parent has gone.
    """
    if os.name == "posix":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    starter = os.getppid()  # the parent, a launcher between the two, or whoever adopts orphans
    with suppress(ProcessLookupError):
        while os.getppid() == starter:
            os.kill(parent, 0)  # only asks whether it is there
            time.sleep(1)
    os._exit(1)


def _work_in_block(work: Callable[[Any], Any], name: str, tasks: list[Any]) -> list[Any]:
    """Do a batch whose arrays lie in a block; what comes of them is left in its other half."""
    buffer = _buffer(_attached(name))
    done = [work((row, _unpack(x, buffer) if _is_slot(x) else x)) for row, x in tasks]
    return _pack(done, buffer, HALF)


@lru_cache(maxsize=8)
def _attached(name: str) -> SharedMemory:
    return SharedMemory(name)


def _work_all(work: Callable[[Any], Any], tasks: list[Any]) -> list[Any]:
    return [work(task) for task in tasks]
