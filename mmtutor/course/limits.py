"""Limits for code that somebody else wrote: how long it runs, what it takes, what it prints."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_AGAIN = 0.05  # seconds until code that caught the exception gets the next


class TimeIsUp(BaseException):
    """Raised inside the code that took too long; no ``except Exception`` in it catches this."""


def within(seconds: float, function: Callable[[], Any]) -> Any:
    """Call a function, and raise TimeIsUp in it after so many seconds, as often as it is caught.

    Python code is stopped at its next instruction. One long call of compiled code, such as the
    product of huge matrices, cannot be interrupted: it is stopped when it returns.

    Parameters
    ----------
    seconds : float
        How long the function may take.
    function : callable
        Without arguments.

    Returns
    -------
    object
        What the function returns.

    Raises
    ------
    TimeIsUp
        If it took longer.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if hasattr(signal, "setitimer") and in_main_thread:
        return _with_alarm(seconds, function)
    return _with_watchdog(seconds, function)


def _with_alarm(seconds: float, function: Callable[[], Any]) -> Any:
    """Use the system's timer, which also ends waiting: sleep, input, a socket."""

    def ring(*signal_and_frame: object) -> None:
        raise TimeIsUp

    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        return function()
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, *timer)
        finally:  # it may ring a last time between the two
            signal.signal(signal.SIGALRM, handler)


def _with_watchdog(seconds: float, function: Callable[[], Any]) -> Any:
    """Use a thread, on Windows and in kernels that run cells elsewhere: ends loops, not waiting."""
    interrupt, here = ctypes.pythonapi.PyThreadState_SetAsyncExc, threading.get_ident()
    done = threading.Event()

    def watch(pause: float = seconds) -> None:
        while not done.wait(pause):
            interrupt(ctypes.c_ulong(here), ctypes.py_object(TimeIsUp))
            pause = _AGAIN

    watchdog = threading.Thread(target=watch, daemon=True)
    watchdog.start()
    try:
        return function()
    finally:
        done.set()
        watchdog.join()
        interrupt(ctypes.c_ulong(here), None)  # one that is set but was not raised yet


@contextlib.contextmanager
def memory_limit(extra: int) -> Iterator[None]:
    """Let the process grow by so much, then raise MemoryError; only Linux knows such a limit.

    Parameters
    ----------
    extra : int
        Bytes of address space beyond what the process has.
    """
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + extra
    limit = limit if soft == resource.RLIM_INFINITY else min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Hide what the code prints and warns of."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield
