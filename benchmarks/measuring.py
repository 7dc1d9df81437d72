"""What the benchmarks share: calls timed in turn, and the machine that the times belong to."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def time_in_turn(
    functions: dict[str, Callable[[], object]],
    repeats: int,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, NDArray]:
    """Call the functions in turn, again and again; return the milliseconds of each one's calls.

    By default in processor time: it leaves out what else the machine does, and is the right clock
    for whatever uses one thread.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            began = clock()
            function()
            times[name].append(1000 * (clock() - began))
    return {name: np.array(values) for name, values in times.items()}


def machine(*packages: str) -> str:
    """Say what the times depend on, and nothing that tells one machine from another like it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{(models or [platform.processor()])[0]}, {os.cpu_count()} cores, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}."
    )


def publish(page: Path, text: str, over: list[str]) -> int:
    """Write and print a benchmark's page, and what is over its limit; return the exit code."""
    page.write_text(text, encoding="utf-8")
    print(text)
    if over:
        print("over the limit:", *over, sep="\n  ")
    return int(bool(over))
