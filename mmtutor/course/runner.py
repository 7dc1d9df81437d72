"""Execute the notebooks: some at a time, each in a kernel of its own, with a table at the end."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmtutor.course import notebooks, pages
from mmtutor.course.manifest import Chapter, Course, CourseError

CELL_TIMEOUT = 600  # seconds
SAMPLE_EVERY = 0.2  # seconds between two looks at the kernels' memory

# The same for every kernel, here and under nbval (conftest.py): results must not depend on the
# number of cores, nor printed order on a random hash seed, nor words on the reader's language.
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "MMTUTOR_LANGUAGE": "en",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_DETERMINISTIC_OPS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

# What must happen once before several kernels want it at the same time: the default data are made,
# and librosa compiles its functions into a cache that is not safe from two writers.
WARM_UP = """
import sys
from mmtutor._parallel import end_with
end_with(int(sys.argv[1]))
import librosa.core.pitch, librosa.feature, librosa.onset, librosa.sequence
from mmtutor import datasets
datasets.load_posts()
datasets.load_people()
"""


@dataclass
class Outcome:
    """What became of one notebook; `notebook` is what was executed, complete or up to an error."""

    chapter: Chapter
    status: str = "ok"  # ok, failed, skipped, unchanged
    seconds: float | None = None
    peak_mb: float | None = None
    notes: list[str] = field(default_factory=list)
    error: str = ""
    notebook: Any = None
    client: Any = None

    @contextlib.contextmanager
    def failing(self) -> Any:
        """Let an error in the block be this notebook's, not the run's."""
        try:
            yield
        except Exception as error:
            self.status = "failed"
            self.error = self.error or f"{type(error).__name__}: {error}".strip()


def kernel_environment() -> dict[str, str]:
    """Return this process's environment with the kernels' settings laid over it."""
    environment = {**os.environ, **KERNEL_ENVIRONMENT}
    environment.pop("MPLBACKEND", None)  # ipykernel then chooses the inline backend
    return environment


def _client(notebook: Any, folder: Path, executed: Callable[[], Any]) -> Any:
    """Return a client that executes a notebook in a kernel of this very Python."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import DeadKernelError

    class ThisPython(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            # A kernelspec called python3 in the user's folder may name another installation.
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    class Client(NotebookClient):
        async def async_execute_cell(self, cell: Any, *args: Any, **options: Any) -> Any:
            try:
                return await super().async_execute_cell(cell, *args, **options)
            except DeadKernelError:
                lines = [line for line in cell.source.splitlines() if line.strip()]
                raise DeadKernelError(
                    f"Kernel died, out of memory or ended by code, in the cell that ends with "
                    f"{lines[-1]!r:.100}"
                ) from None

        def output(self, outs: list[Any], *message: Any) -> Any:
            """Join what a cell prints as it comes, no more of it than is shown.

            The option coalesce_streams takes minutes for a line of a million characters.
            """
            new = super().output(outs, *message)
            if new and new.output_type == "stream":
                first = next(x for x in outs if x.output_type == "stream" and x.name == new.name)
                if first is not new:
                    outs.pop()
                    if len(first.text) <= notebooks.MAX_TEXT:
                        first.text += new.text
            return new

    return Client(
        notebook,
        kernel_manager_class=ThisPython,
        timeout=CELL_TIMEOUT,
        startup_timeout=CELL_TIMEOUT,  # if it dies meanwhile, it is not waited for
        resources={"metadata": {"path": str(folder)}},
        on_cell_executed=lambda **_: executed(),
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
    )


def _execute(outcome: Outcome, environment: dict[str, str], executed: Callable[[], Any]) -> None:
    """Execute one notebook, complete or up to an error, and make it fit to be stored."""
    outcome.client = _client(outcome.notebook, outcome.chapter.stored.parent, executed)
    # The process stream holds only what libraries written in C++ remark at their start.
    work = outcome.client.async_execute(env=environment, stderr=subprocess.DEVNULL)
    began = time.perf_counter()
    try:
        asyncio.run(work)
    finally:
        outcome.seconds = time.perf_counter() - began
        # Which nbclient forgets if the kernel died at its start, and then fails when Python ends.
        atexit.unregister(outcome.client._cleanup_kernel)
        outcome.notes += notebooks.tidy(outcome.notebook)
        notebooks.normalise(outcome.notebook)


def _measure_memory(outcome: Outcome) -> None:
    """Keep the highest resident memory of the kernel and its children in `outcome`, in MB."""
    import psutil

    manager = getattr(outcome.client, "km", None)  # not yet, or no more
    pid = getattr(getattr(manager, "provisioner", None), "pid", None)
    if pid is not None:
        with contextlib.suppress(psutil.Error):  # ended between two calls
            kernel = psutil.Process(pid)
            family = [kernel, *kernel.children(recursive=True)]
            total = sum(process.memory_info().rss for process in family) / 2**20
            outcome.peak_mb = max(outcome.peak_mb or 0.0, total)


def _end_kernels() -> None:
    """End the kernels that this process started; their clients notice within a second or two."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()


def _run_all(
    outcomes: Sequence[Outcome], environment: dict[str, str], *, store: bool, jobs: int
) -> None:
    """Execute notebooks side by side; Ctrl-C ends their kernels."""
    from tqdm import tqdm

    stopped = threading.Event()
    cells = sum(len(notebooks.code(outcome.notebook)) for outcome in outcomes)
    calm = 0.1 if sys.stderr.isatty() else 10.0  # seconds between two looks of the bar
    bar = tqdm(total=cells, unit="cell", dynamic_ncols=True, mininterval=calm)

    def one(outcome: Outcome) -> None:
        chapter, notebook = outcome.chapter, outcome.notebook
        bar.set_postfix_str(chapter.name)
        with outcome.failing():
            _execute(outcome, environment, bar.update)
        if stopped.is_set():
            return
        with outcome.failing():
            if store and outcome.status == "ok":
                notebooks.write_stored(notebook, chapter.stored)

    # In the main thread nbclient would install a signal handler per notebook; the last one wins.
    with bar, ThreadPoolExecutor(jobs) as pool:
        # The longest first, or the last of them runs alone beside an idle core.
        longest = sorted(outcomes, key=lambda outcome: -outcome.chapter.seconds)
        tasks = [pool.submit(one, outcome) for outcome in longest]
        try:
            while wait(tasks, SAMPLE_EVERY).not_done:
                for outcome in outcomes:
                    _measure_memory(outcome)
        except KeyboardInterrupt:
            stopped.set()
            for task in tasks:
                task.cancel()
            while wait(tasks, 0.5).not_done:  # a kernel may have been about to start
                _end_kernels()
            raise


def make_default_data() -> bool:
    """Make the default data, in a process of its own; tell whether they are there now."""
    # -P: nothing from the working directory
    command = [sys.executable, "-P", "-c", WARM_UP, str(os.getpid())]
    done = subprocess.run(command, env=kernel_environment(), stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def missing_data(names: Sequence[str]) -> list[str]:
    """Return which of the named real data sets are not on this machine."""
    if not names:
        return []
    from mmtutor.datasets import remote

    return [name for name in names if not remote.is_available(name)]


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the closing table: notebook, seconds, peak memory, status."""
    width = max([len("notebook"), *(len(outcome.chapter.name) for outcome in outcomes)])
    lines = [f"{'notebook':<{width}}  seconds  peak MB  status"]
    for outcome in outcomes:
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        peak = "" if outcome.peak_mb is None else f"{outcome.peak_mb:.0f}"
        lines.append(f"{outcome.chapter.name:<{width}}  {seconds:>7}  {peak:>7}  {outcome.status}")
        lines += [f"{'':<{width}}    {note}" for note in outcome.notes]
    return "\n".join(lines)


def run(
    course: Course,
    chosen: Sequence[str] = (),
    *,
    store: bool = False,
    changed: bool = False,
    jobs: int = 2,
    build: Path | None = None,
) -> list[Outcome]:
    """Execute notebooks and write their pages; print progress, then a table.

    What goes wrong with one notebook is that notebook's: the others are executed, and the table
    comes. `chosen` are numbers or names, all if empty; `store` also writes the executed copies;
    `changed` leaves out those whose stored copy has the source's text already. A CourseError
    at the end says that the pages could not be written.
    """
    build = course.folder / "build" if build is None else build
    print(f"Course: {course.folder}")
    outcomes = [Outcome(chapter) for chapter in course.choose(chosen)]
    for outcome in outcomes:
        chapter = outcome.chapter
        with outcome.failing():
            if changed and not notebooks.is_changed(chapter.source, chapter.stored):
                outcome.status = "unchanged"
            elif missing := missing_data(chapter.requires):
                outcome.status = "skipped"
                outcome.notes.append(f"needs real data: mmtutor data fetch {' '.join(missing)}")
            else:
                outcome.notebook = notebooks.read_source(chapter.source)
    waiting = [outcome for outcome in outcomes if outcome.status == "ok"]

    def write_stored_pages() -> None:
        """Write the pages as stored: of them a run changes little, which is written at its end."""
        with contextlib.suppress(Exception):  # the same error at the end is told
            pages.write(course, build=build)

    ahead = threading.Thread(target=write_stored_pages, daemon=True)
    if waiting:
        environment = kernel_environment()  # before libraries, for the pages, add to it
        ahead.start()
        print("Making the default data (only the first time takes a while) ...", flush=True)
        if not make_default_data():
            print("The default data could not be made: see above.", file=sys.stderr)
        _run_all(waiting, environment, store=store, jobs=jobs)
        ahead.join()
    for outcome in outcomes:
        if outcome.error:
            error = outcome.error if sys.stderr.isatty() else notebooks.uncoloured(outcome.error)
            print(f"\n{outcome.chapter.name}:\n{error}\n", file=sys.stderr)
    print(table(outcomes))
    said = {
        outcome.chapter.number: f"{outcome.status}, {outcome.seconds:.0f} s"
        if outcome.seconds is not None
        else "; ".join([outcome.status, *outcome.notes])
        for outcome in outcomes
    }
    try:
        executed = {each.chapter.number: each.notebook for each in outcomes if each.notebook}
        for problem in pages.write(course, executed, said, build=build):
            print(problem, file=sys.stderr)
        print(f"Pages: {os.path.relpath(build / 'site' / 'index.html')}")
    except Exception as error:  # the notebooks were executed all the same
        words = f"The pages could not be written: {type(error).__name__}: {error}"
        raise CourseError(words) from error
    return outcomes


def open_lab(course: Course, arguments: Sequence[str] = ()) -> int:
    """Open JupyterLab at the first notebook, rooted at the course; return its exit code."""
    if importlib.util.find_spec("jupyterlab") is None:
        print("JupyterLab is not installed: pip install 'mmtutor[notebooks]'", file=sys.stderr)
        return 1
    first = [str(chapter.stored) for chapter in course.present if chapter.stored.exists()][:1]
    if not first:
        print("No chapter is executed yet: mmtutor run --store", file=sys.stderr)
    root = f"--ServerApp.root_dir={course.folder}"
    command = [sys.executable, "-P", "-m", "jupyterlab", root, *first, *arguments]
    # The kernels' settings too: a learner's numbers are then the stored ones, in any language.
    language = {"MMTUTOR_LANGUAGE": os.environ.get("MMTUTOR_LANGUAGE", "")}
    with contextlib.suppress(KeyboardInterrupt):
        return subprocess.run(command, env=kernel_environment() | language, check=False).returncode
    return 0
