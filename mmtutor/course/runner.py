"""Execute the notebooks: some at a time, each in a kernel of its own, with a table at the end."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmtutor.course import notebooks, pages

CELL_TIMEOUT = 600  # seconds
SAMPLE_EVERY = 0.2  # seconds between two looks at a kernel's memory

# The same for every kernel, here and under nbval (conftest.py): results must not depend on the
# number of cores, nor printed order on a random hash seed.
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

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# What must happen once before several kernels want it at the same time: the default data are made,
# and librosa compiles its functions into a cache that is not safe from two writers.
WARM_UP = """
import librosa.core.pitch, librosa.feature, librosa.onset, librosa.sequence
from mmtutor import datasets
datasets.load_posts()
datasets.load_people()
"""


@dataclass
class Outcome:
    """What became of one notebook."""

    source: Path
    title: str = ""
    promise: str = ""
    status: str = "ok"  # ok, failed, skipped, unchanged
    seconds: float | None = None
    peak_mb: float | None = None
    notes: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def name(self) -> str:
        """The notebook's name, without folder or ending."""
        return self.source.stem


def kernel_environment() -> dict[str, str]:
    """Return this process's environment with the kernels' settings laid over it."""
    environment = {**os.environ, **KERNEL_ENVIRONMENT}
    environment.pop("MPLBACKEND", None)  # ipykernel then chooses the inline backend
    return environment


def _client_class() -> type:
    """Return a notebook client whose kernel is always this very Python.

    A kernelspec called python3 in the user's folder may name another installation.
    """
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    class ThisPython(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=command, display_name="Python 3", language="python")

    class Client(NotebookClient):
        def create_kernel_manager(self) -> Any:
            self.km = AsyncKernelManager(kernel_spec_manager=ThisPython())
            self.km.client_class = "jupyter_client.asynchronous.AsyncKernelClient"
            return self.km

    return Client


async def _watch_memory(client: Any, outcome: Outcome) -> None:
    """Keep the highest resident memory of the kernel and its children in `outcome`, in MB."""
    import psutil

    while True:
        await asyncio.sleep(SAMPLE_EVERY)
        pid = getattr(getattr(client.km, "provisioner", None), "pid", None)
        if pid is None:
            continue
        try:
            kernel = psutil.Process(pid)
            family = [kernel, *kernel.children(recursive=True)]
        except psutil.Error:
            continue
        total = 0
        for process in family:
            try:
                total += process.memory_info().rss
            except psutil.Error:  # it ended between the two calls
                continue
        outcome.peak_mb = max(outcome.peak_mb or 0.0, total / 2**20)


async def _execute(outcome: Outcome, course: Path, bar: Any) -> Any:
    """Execute one notebook; return it with its outputs, complete or up to the error."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = notebooks.read_source(outcome.source)

    def executed(cell: Any, **_: Any) -> None:
        bar.update()

    client = _client_class()(
        notebook,
        timeout=CELL_TIMEOUT,
        resources={"metadata": {"path": str(course / "notebooks")}},
        on_cell_executed=executed,
        coalesce_streams=True,
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
    )
    watch = asyncio.create_task(_watch_memory(client, outcome))
    began = time.perf_counter()
    try:
        # The process stream holds only what libraries written in C++ remark at their start.
        await client.async_execute(env=kernel_environment(), stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        outcome.status, outcome.error = "failed", str(error).strip()
    except (CellTimeoutError, DeadKernelError) as error:
        outcome.status, outcome.error = "failed", f"{type(error).__name__}: {error}"
    finally:
        outcome.seconds = time.perf_counter() - began
        watch.cancel()
    return notebook


def _finish(notebook: Any, outcome: Outcome, course: Path, build: Path, *, store: bool) -> None:
    """Store the executed notebook, if that is wanted, and write its page."""
    for warning in dict.fromkeys(notebooks.without_stderr(notebook)):
        outcome.notes.append(f"a cell warned: {warning}")
    notebooks.normalise(notebook)
    if store and outcome.status == "ok":
        notebooks.write_stored(notebook, notebooks.stored_path(outcome.source))
    page = build / f"{outcome.name}.html"
    folder = course / "notebooks"
    outcome.notes += pages.write_page(notebook, page, title=outcome.title, folder=folder)


async def _run_all(
    outcomes: Sequence[Outcome],
    course: Path,
    build: Path,
    *,
    store: bool,
    jobs: int,
    bar: Any,
    stop: threading.Event,
) -> None:
    places = asyncio.Semaphore(jobs)

    async def one(outcome: Outcome) -> None:
        async with places:
            if stop.is_set():
                return
            bar.set_postfix_str(outcome.name)
            try:
                notebook = await _execute(outcome, course, bar)
                if not stop.is_set():
                    await asyncio.to_thread(_finish, notebook, outcome, course, build, store=store)
            except Exception as error:
                outcome.status = "failed"
                outcome.error = outcome.error or f"{type(error).__name__}: {error}"

    await asyncio.gather(*(one(outcome) for outcome in outcomes))


def _in_own_thread(work: Coroutine[Any, Any, None], stop: threading.Event) -> None:
    """Run a coroutine in a loop outside the main thread; Ctrl-C sets `stop` and ends the kernels.

    In the main thread nbclient installs a signal handler per notebook, and the last one wins.
    """
    failures: list[BaseException] = []
    done = threading.Event()  # not Thread.join: interrupted, it takes the thread for ended

    def main() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failures.append(error)
        finally:
            done.set()

    threading.Thread(target=main, name="notebooks").start()
    try:
        while not done.wait(0.2):
            pass
    except KeyboardInterrupt:
        stop.set()
        _end_kernels()
        while not done.wait(0.5):  # a kernel may have been about to start
            _end_kernels()
        raise
    if failures:
        raise failures[0]


def _end_kernels() -> None:
    """End the kernels that this process started; their clients notice within a second or two."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()


def make_default_data() -> bool:
    """Make the default data once, so that notebooks running side by side only read them.

    In a process of its own, whose progress bar and errors show on the error stream.

    Returns
    -------
    bool
        Whether they are there now.
    """
    command = [sys.executable, "-c", WARM_UP]
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
    width = max([len("notebook"), *(len(outcome.name) for outcome in outcomes)])
    lines = [f"{'notebook':<{width}}  seconds  peak MB  status"]
    for outcome in outcomes:
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:.1f}"
        peak = "" if outcome.peak_mb is None else f"{outcome.peak_mb:.0f}"
        lines.append(f"{outcome.name:<{width}}  {seconds:>7}  {peak:>7}  {outcome.status}")
        lines += [f"{'':<{width}}    {note}" for note in outcome.notes]
    return "\n".join(lines)


def run(
    course: Path,
    chosen: Sequence[str] = (),
    *,
    store: bool = False,
    changed: bool = False,
    jobs: int = 2,
    build: Path | None = None,
) -> list[Outcome]:
    """Execute notebooks and write their pages; print progress, then a table.

    Parameters
    ----------
    course : Path
        The folder that holds ``notebooks/source``.
    chosen : sequence of str
        Numbers or names; all notebooks if empty.
    store : bool
        Also write the executed copies into ``notebooks/``.
    changed : bool
        Leave out notebooks whose stored copy already has the source's text.
    jobs : int
        How many notebooks run at the same time.
    build : Path, optional
        Where the pages go; ``build`` in `course` by default.

    Returns
    -------
    list of Outcome
        One per notebook, in the series' order.
    """
    from tqdm import tqdm

    build = course / "build" if build is None else build
    outcomes, n_cells = [], 0
    for source in notebooks.sources(course, chosen):
        notebook = notebooks.read_source(source)
        outcome = Outcome(source, notebooks.title(notebook), notebooks.promise(notebook))
        outcomes.append(outcome)
        if changed and not notebooks.is_changed(source):
            outcome.status = "unchanged"
        elif missing := missing_data(notebooks.requires(notebook)):
            outcome.status = "skipped"
            outcome.notes.append(f"needs real data: mmtutor data fetch {' '.join(missing)}")
        else:
            n_cells += sum(cell.cell_type == "code" for cell in notebook.cells)
    waiting = [outcome for outcome in outcomes if outcome.status == "ok"]
    if waiting:
        print("Making the default data (only the first time takes a while) ...", flush=True)
        if not make_default_data():
            print("The default data could not be made: see above.", file=sys.stderr)
        calm = {} if sys.stderr.isatty() else {"mininterval": 10.0}
        with tqdm(total=n_cells, unit="cell", dynamic_ncols=True, **calm) as bar:
            stop = threading.Event()
            work = _run_all(waiting, course, build, store=store, jobs=jobs, bar=bar, stop=stop)
            _in_own_thread(work, stop)
    _write_index(course, outcomes, build)
    for outcome in outcomes:
        if outcome.error:
            error = outcome.error if sys.stderr.isatty() else _COLOUR.sub("", outcome.error)
            print(f"\n{outcome.name}:\n{error}\n", file=sys.stderr)
    print(table(outcomes))
    shown = os.path.relpath(build / "index.html")
    print(f"Pages: {shown}")
    return outcomes


def _write_index(course: Path, outcomes: Sequence[Outcome], build: Path) -> None:
    """Write the index of the whole series; what this run left out keeps its earlier page."""
    ran = {outcome.source: outcome for outcome in outcomes}
    rows = []
    for source in notebooks.sources(course):
        outcome = ran.get(source)
        if outcome is None:
            notebook = notebooks.read_source(source)
            outcome = Outcome(source, notebooks.title(notebook), notebooks.promise(notebook))
            outcome.status = "not in this run"
        page = f"{outcome.name}.html"
        status = outcome.status
        if outcome.seconds is not None:
            status += f", {outcome.seconds:.0f} s"
        elif status == "skipped":
            status += ": " + "; ".join(outcome.notes)
        rows.append(
            {
                "page": page if (build / page).exists() else "",
                "title": outcome.title,
                "promise": outcome.promise,
                "status": status,
            }
        )
    pages.write_index(rows, build / "index.html")


def lab_command(course: Path) -> list[str]:
    """Return the command that opens JupyterLab at the first notebook, rooted at the course."""
    first = next(iter(sorted((course / "notebooks").glob("[0-9][0-9]_*.ipynb"))), None)
    opened = [str(first)] if first else []
    return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}", *opened]


def open_lab(course: Path, arguments: Sequence[str] = ()) -> int:
    """Open JupyterLab at the first notebook; return its exit code."""
    if importlib.util.find_spec("jupyterlab") is None:
        print("JupyterLab is not installed: pip install 'mmtutor[notebooks]'", file=sys.stderr)
        return 1
    try:
        # The kernels' settings too: a learner's numbers are then the stored ones, in any language.
        command = [*lab_command(course), *arguments]
        language = {"MMTUTOR_LANGUAGE": os.environ.get("MMTUTOR_LANGUAGE", "")}
        environment = kernel_environment() | language
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0
