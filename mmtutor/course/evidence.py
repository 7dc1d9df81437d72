"""Experiments that take minutes: rows made once and stored, shown in a chapter, and checked there.

A claim about seeds, folds or settings needs many runs, more than a chapter's minute. So an
experiment is a function in the chapter that makes *one* row; ``mmtutor evidence NN`` makes all of
its rows and stores them as ``data/evidence/NN_name.csv``; the chapter reads that table, asserts
over it, and makes one row live, which must agree with the stored one.

The cells of a chapter that are tagged ``evidence`` hold its experiments and all they need: imports,
helpers, the functions. They only define; together they are a program of their own, which is what
``mmtutor evidence`` runs. A table is stale when the text of its experiment, of what that uses in
those cells or in the package, or of a bundled file has changed (comments and docstrings do not
count).
"""

from __future__ import annotations

import ast
import csv
import functools
import importlib
import inspect
import io
import itertools
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmtutor._bundled import bundled_path
from mmtutor._cache import atomic_write, fingerprint
from mmtutor.course.manifest import Course, folder_above

__all__ = ["Experiment", "experiment", "grid"]

TAG = "evidence"
Row = dict[str, Any]


def grid(**values: Iterable[Any]) -> list[Row]:
    """Return every combination of the given values, the last one changing fastest.

    Parameters
    ----------
    **values : iterable
        The values of each parameter.

    Returns
    -------
    list of dict
        One dict a combination.

    See Also
    --------
    sklearn.model_selection.ParameterGrid : The same, sorted by name.

    Notes
    -----
    Taught in notebook 06.

    Examples
    --------
    >>> grid(rule=["sum", "product"], seed=range(2))[1]
    {'rule': 'sum', 'seed': 1}
    """
    names = list(values)
    return [dict(zip(names, one, strict=True)) for one in itertools.product(*values.values())]


@dataclass
class Experiment:
    """A function that makes one row of a table, and the rows it is to make.

    Made by the decorator :func:`experiment`; not made by hand.

    Attributes
    ----------
    function : callable
        Takes a row's parameters, returns a dict of its results.
    name : str
        The table's name, which is also its file's: ``NN_name``.
    rows : list of dict
        The parameters of every row.
    requires : tuple of str
        The real data sets without which no row can be made.
    mark : str
        A hash of the code and data that the rows come from.
    """

    function: Callable[..., Mapping[str, Any]]
    name: str
    rows: list[Row]
    requires: tuple[str, ...] = ()
    mark: str = field(default="", repr=False)

    def __call__(self, **parameters: Any) -> Row:
        """Make one row: its parameters, then its results."""
        results = self.function(**parameters)
        if not isinstance(results, Mapping):
            raise TypeError(f"returned {results!r:.60}; expected a dict of numbers or words")
        for name, value in results.items():
            if name in parameters:
                raise ValueError(f"returned the parameter {name!r}; name the result otherwise")
            is_number = isinstance(value, float | int | np.generic | np.ndarray)
            if not isinstance(value, str) and not (is_number and np.ndim(value) == 0):
                raise TypeError(f"returned {name} = {value!r:.60}; expected a number or a word")
        return {**parameters, **results}

    def table(self) -> pd.DataFrame:
        """Return the stored table of the course in which Python runs, or else the package's.

        Returns
        -------
        DataFrame of shape (n_rows, n_columns)
            The parameters of every row, then its results.

        Raises
        ------
        FileNotFoundError
            If the table was never made.

        Notes
        -----
        Taught in notebook 06.
        """
        return _read(_stored(self.name))[1]

    def confirm(self, *, within: float | Mapping[str, float] = 1e-6, **parameters: Any) -> Row:
        """Make one row now, and assert that it agrees with the stored one.

        Parameters
        ----------
        within : float or dict of str to float, default=1e-6
            The largest difference, beside rounding to six digits, allowed between a result of now
            and its stored value. What a network learned differs between processors: give it room,
            and say so. A dict names each result that is compared: leave out what must be free to
            differ, such as the number of passes that another processor chooses.
        **parameters : object
            The row's parameters.

        Returns
        -------
        dict
            The row as made now.

        Raises
        ------
        KeyError
            If the table has no such row, or the row no such result as `within` names.
        AssertionError
            If a result differs by more than `within`; says which, and both values.

        Notes
        -----
        Taught in notebook 06.
        """
        table = self.table()
        same = np.logical_and.reduce([table[name] == value for name, value in parameters.items()])
        if same.sum() != 1:
            raise KeyError(f"{self.name} has {same.sum()} rows with {parameters}; expected one")
        stored, now = table[same].iloc[0], self(**parameters)
        results = [name for name in now if name not in parameters]
        allowed = within if isinstance(within, Mapping) else dict.fromkeys(results, within)
        if unknown := [name for name in allowed if name not in results]:
            raise KeyError(f"{self.name} has no result {unknown[0]!r}; it has {results}")
        for name, room in allowed.items():
            then, here = stored[name], now[name]
            if isinstance(here, str):
                assert then == here, (
                    f"{self.name}, {parameters}: {name} is stored as {then!r}, now it is {here!r}"
                )
                continue
            assert np.isclose(then, here, rtol=1e-5, atol=room, equal_nan=True), (
                f"{self.name}, {parameters}: {name} is stored as {then:.6g}, now it is "
                f"{here:.6g}, more than {room:g} away"
            )
        return now


def experiment(
    name: str, rows: Iterable[Row], *, requires: Sequence[str] = ()
) -> Callable[[Callable[..., Mapping[str, Any]]], Experiment]:
    """Make a function that computes one row into an experiment with a stored table.

    Parameters
    ----------
    name : str
        The chapter's number and a name: ``"06_false_alarms"``. The table is stored as
        ``data/evidence/06_false_alarms.csv``.
    rows : iterable of dict
        The parameters of every row; see :func:`grid`.
    requires : sequence of str, default=()
        Real data sets that the function needs.

    Returns
    -------
    callable
        A decorator for ``function(**parameters)``, which returns a dict of numbers or words.

    Raises
    ------
    ValueError
        If the name is of another form, there are no rows, or they have not the same parameters.

    Notes
    -----
    Taught in notebook 06. Not for what runs in a second: run that in the chapter.

    Examples
    --------
    >>> @experiment("06_doubled", grid(number=[1, 2, 3]))
    ... def doubled(number):
    ...     return {"double": 2 * number}
    >>> doubled(number=3)
    {'number': 3, 'double': 6}
    """

    if not isinstance(name, str) or not re.fullmatch(r"\d\d_[a-z0-9_]+", name):
        raise ValueError(f"the name of a table is like '06_false_alarms', got {name!r}")
    made = list(rows)
    if not made or any(not isinstance(row, Mapping) or {*row} != {*made[0]} for row in made):
        raise ValueError(
            f"rows must be dicts of the same parameters, one or more, got {made!r:.99}"
        )
    if isinstance(requires, str):
        raise ValueError(f"requires must be a list of names, got {requires!r}")

    def register(function: Callable[..., Mapping[str, Any]]) -> Experiment:
        return Experiment(function, name, [dict(row) for row in made], tuple(requires))

    return register


# -- stored tables ----------------------------------------------------------------------------


def folder_of(course: Path) -> Path:
    """Return where the tables of the course in a folder lie."""
    return course / "data" / "evidence"


def _stored(name: str, folder: Path | None = None) -> Path:
    """Return a table's path: in a folder, else in the course worked in, else in the package.

    The course worked in is asked if it has the chapter: a student's work may lie below another.
    """
    here = None if folder else folder_above(Path.cwd())
    if here and any((here / "notebooks" / "source").glob(f"{name[:2]}_*.py")):
        folder = folder_of(here)
    with suppress(FileNotFoundError):
        path = folder / f"{name}.csv" if folder else bundled_path(f"evidence/{name}.csv")
        if path.exists():
            return path
    raise FileNotFoundError(
        f"there is no table data/evidence/{name}.csv: make it with `mmtutor evidence {name[:2]}`"
    )


HEAD = "# code and data: "


def _read(path: Path) -> tuple[str, pd.DataFrame]:
    """Return a table's mark and its rows; ValueError if it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
        first, _, rest = text.partition("\n")
        if not first.startswith(HEAD) or not text.endswith("\n"):
            raise ValueError("its beginning or its end is missing")
        table = pd.read_csv(io.StringIO(rest), keep_default_na=False, na_values=["nan"])
    except ValueError as error:
        remedy = f"make it again with `mmtutor evidence {path.name.lstrip('.')[:2]}`"
        raise ValueError(f"{path} is damaged ({error}): {remedy}") from error
    return first.removeprefix(HEAD), table


def _write(path: Path, mark: str, rows: Sequence[Row]) -> None:
    with atomic_write(path, "w", encoding="utf-8", newline="") as file:
        file.write(f"{HEAD}{mark}\n")
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows({k: _plain(v) for k, v in row.items()} for row in rows)


def _plain(value: Any) -> Any:
    """Return a number as few digits as say what was measured: six significant ones."""
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return value


# -- the program of a chapter's evidence cells -------------------------------------------------


def program(notebook: Any) -> str:
    """Return the text of a chapter's evidence cells as one program."""
    cells = [c.source for c in notebook.cells if TAG in c.metadata.get("tags", [])]
    return "\n\n".join(cells)


@functools.lru_cache(maxsize=8)
def _namespace(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "evidence"}
    exec(compile(text, "<evidence cells>", "exec"), space)
    return space


def experiments(text: str) -> list[Experiment]:
    """Return the experiments that a program defines, each with the mark of its code and data."""
    if not text:
        return []
    space = _namespace(text)
    found: dict[str, Experiment] = {}
    for variable, one in space.items():
        if not isinstance(one, Experiment):
            continue
        if one.name not in found:  # else it has two variables
            one.mark = _mark(text, variable, space)
        if found.setdefault(one.name, one) is not one:
            raise ValueError(f"two experiments are named {one.name!r}")
    return list(found.values())


CELLS = ""  # the program of the evidence cells, beside the names of the package's modules
# The frame of evidence changes no row, nor does it matter which process describes a cell, nor what
# is refused: a setting out of its range, or what NumPy would have changed.
FRAME = ("mmtutor.course.evidence", "mmtutor._parallel", "mmtutor._ranges", "mmtutor._rows")

Place = tuple[str, str]  # a module, and a name that it defines


def _mark(text: str, variable: str, space: Mapping[str, Any]) -> str:
    """Hash what a table depends on: the definitions that it reaches, and bundled files."""
    parts: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(CELLS, variable)]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        module, name = here
        program = text if module == CELLS else _source(module)
        for node in _statements(program, name):
            if isinstance(node, ast.Import | ast.ImportFrom):
                waiting += [_home(*to) for to in _imported(node, module).get(name, [])]
            else:
                bare = _bare(node)
                parts.add(ast.unparse(bare))
                waiting += _uses(bare, module, program)
    bundled = []
    for table in sorted({word for part in parts for word in re.findall(r"[\w.]+\.csv\b", part)}):
        with suppress(FileNotFoundError):
            bundled.append(bundled_path(table))
    return fingerprint(*sorted(parts), *bundled)


def _source(module: str) -> str:
    file = "" if module in FRAME else importlib.import_module(module).__file__ or ""
    return Path(file).read_text(encoding="utf-8") if file else ""


@functools.lru_cache(maxsize=256)
def _top(program: str) -> dict[str, list[ast.stmt]]:
    """Return the statements that define each name, or may change what it stands for."""
    found: dict[str, list[ast.stmt]] = {}
    for node in ast.parse(program).body:
        plain = ast.Assign | ast.AnnAssign | ast.FunctionDef | ast.ClassDef
        changes = not isinstance(node, plain)  # a loop, a call
        mentioned = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for name in {*_names_of(node), *(mentioned if changes else ())}:
            found.setdefault(name, []).append(node)
    return found


def _statements(program: str, name: str) -> list[ast.stmt]:
    return _top(program).get(name, [])


def _imported(node: ast.AST, module: str) -> dict[str, list[Place]]:
    """Return what a statement of imports, or those inside it, bind: a place of the package each.

    The place of a module itself has an empty name.
    """
    bound: dict[str, list[Place]] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.ImportFrom):
            base = part.module or ""
            if part.level:
                file = getattr(importlib.import_module(module), "__file__", None) or ""
                depth = part.level - (Path(file).name == "__init__.py")
                stem = module.split(".")[: len(module.split(".")) - depth]
                base = ".".join([*stem, *([base] if base else [])])
            pairs = [(alias.asname or alias.name, base, alias.name) for alias in part.names]
        elif isinstance(part, ast.Import):
            pairs = [(a.asname, a.name, "") for a in part.names if a.asname]
            pairs += [(a.name.partition(".")[0],) * 2 + ("",) for a in part.names if not a.asname]
        else:
            continue
        for name, base, attribute in pairs:
            if base.partition(".")[0] == "mmtutor":
                bound.setdefault(name, []).append((base, attribute))
    return bound


def _home(module: str, name: str) -> Place:
    """Return where the package defines what one of its modules calls `name`."""
    thing = getattr(importlib.import_module(module), name, None) if name else None
    if inspect.ismodule(thing):
        return (thing.__name__, "")
    home, known = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if isinstance(home, str) and isinstance(known, str) and home.startswith("mmtutor."):
        return (home, known.partition(".")[0])
    return (module, name)


def _uses(node: ast.AST, module: str, program: str) -> list[Place]:
    """Return the places that a statement names; of a module only what is taken from it counts."""
    local = _imported(node, module)
    rooms: dict[str, str] = {}  # names that stand for modules of the package
    found: list[Place] = []

    def bind(name: str, place: Place) -> None:
        home = _home(*place)
        if home[1]:
            found.append(home)
        else:
            rooms[name] = home[0]

    for name, places in local.items():
        for place in places:
            bind(name, place)
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    for name in {part.id for part in names} - set(local):
        imports = [
            s for s in _statements(program, name) if isinstance(s, ast.Import | ast.ImportFrom)
        ]
        for place in (p for s in imports for p in _imported(s, module).get(name, [])):
            bind(name, place)
        if not imports:
            found.append((module, name))
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            chain = ast.unparse(part).split(".")
            if chain[0] in rooms:
                place = (rooms[chain[0]], chain[1])
                for attribute in chain[2:]:
                    home = _home(*place)
                    place = (home[0], attribute) if not home[1] else home
                    if home[1]:
                        break
                found.append(_home(*place))
    return [place for place in found if place[1]]


def _names_of(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of the program defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield (alias.asname or alias.name).partition(".")[0]
    else:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id


def _bare(node: ast.AST) -> ast.Module:
    """Return a program without comments, layout and docstrings, also those it puts together."""
    module = ast.parse(ast.unparse(node))
    for part in ast.walk(module):
        body = getattr(part, "body", None)
        if isinstance(body, list) and body:
            if ast.get_docstring(_as_documented(part)) is not None:
                body = body[1:]
            kept = [statement for statement in body if not _documents(statement)]
            part.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return module


def _documents(statement: ast.stmt) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [None]
    return all(isinstance(each, ast.Attribute) and each.attr == "__doc__" for each in targets)


def _as_documented(node: ast.AST) -> Any:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node
    return ast.Module(body=[ast.Pass()], type_ignores=[])


# -- making tables ------------------------------------------------------------------------------


def state(one: Experiment, folder: Path | None = None) -> str:
    """Return "fresh", "stale", "incomplete", "damaged" or "never made", for a table in a folder."""
    try:
        mark, table = _read(_stored(one.name, folder))
    except FileNotFoundError:
        return "never made"
    except ValueError:
        return "damaged"
    if mark != one.mark:
        return "stale"
    return "fresh" if len(table) == len(one.rows) else "incomplete"


def make(
    text: str, folder: Path, *, force: bool = False, jobs: int = 2, only: Sequence[str] = ()
) -> dict[str, str]:
    """Make the tables of a program that are not fresh; show progress.

    Rows are made in processes of their own and kept as they come: an interrupted call goes on where
    it stopped.

    Parameters
    ----------
    text : str
        The program of a chapter's evidence cells.
    folder : Path
        Where the tables go.
    force : bool
        Also make those that are fresh.
    jobs : int
        How many rows at the same time.
    only : sequence of str
        Names of tables; all if empty.

    Returns
    -------
    dict of str to str
        What became of each table.
    """
    from mmtutor.datasets import remote

    outcomes = {}
    for one in experiments(text):
        if only and one.name not in only:
            continue
        missing = [name for name in one.requires if not remote.is_available(name)]
        if missing:
            outcomes[one.name] = f"needs real data: mmtutor data fetch {' '.join(missing)}"
        elif not force and state(one, folder) == "fresh":
            outcomes[one.name] = "fresh"
        else:
            _make_one(text, one, folder, force=force, jobs=jobs)
            outcomes[one.name] = "made"
    return outcomes


def run(
    course: Course,
    chosen: Sequence[str] = (),
    *,
    check: bool = False,
    force: bool = False,
    jobs: int = 2,
) -> int:
    """Make the tables of chapters, or only say which are not fresh; return the exit code.

    A chapter whose cells or rows fail, or for which the disk has no room, does not stop the others.
    """
    from mmtutor.course import notebooks
    from mmtutor.course.runner import KERNEL_ENVIRONMENT

    os.environ.update(KERNEL_ENVIRONMENT)  # inherited by the workers: the settings of the kernels
    folder = folder_of(course.folder)
    start, bad = time.perf_counter(), 0
    for chapter in course.choose(chosen):
        try:
            text = program(notebooks.read_source(chapter.source))
            if check:
                outcomes = {one.name: state(one, folder) for one in experiments(text)}
                bad += sum(outcome != "fresh" for outcome in outcomes.values())
            else:
                outcomes = make(text, folder, force=force, jobs=jobs)
        except (Exception, SystemExit) as error:  # what is wrong with its source, a row or the disk
            kept = f"what was made is kept in {folder} for the next call"
            words = "its cells end Python" if isinstance(error, SystemExit) else error
            print(f"{chapter.name}: {words}; {kept}", file=sys.stderr, flush=True)
            bad += 1
            continue
        for name, outcome in outcomes.items():
            print(f"{name}: {outcome}", flush=True)
    if not check:
        print(f"{time.perf_counter() - start:.0f} seconds")
    return int(bad > 0)


def _make_one(text: str, one: Experiment, folder: Path, *, force: bool, jobs: int) -> None:
    from joblib import Parallel, delayed
    from tqdm import tqdm

    unfinished = folder / f".{one.name}.unfinished"
    done: dict[str, Row] = {}
    if unfinished.exists() and not force:
        with suppress(ValueError, KeyError):  # damaged: all rows are made again
            mark, table = _read(unfinished)
            if mark == one.mark:
                rows = table.to_dict("records")
                done = {_key({k: row[k] for k in one.rows[0]}): row for row in rows}
    waiting = [row for row in one.rows if _key(row) not in done]
    work = (delayed(_one_row)(text, one.name, row) for row in waiting)
    jobs = max(1, min(jobs, len(waiting)))  # as many processes begin, with work or without
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(work)
    bar = tqdm(results, total=len(one.rows), initial=len(done), desc=one.name, unit="row")
    for parameters, row in bar:
        others = next(iter(done.values()), row)
        if {*row} != {*others}:
            raise ValueError(
                f"{one.name}, row {parameters}: made {list(row)}, and another row {list(others)}"
            )
        done[_key(parameters)] = row
        _write(unfinished, one.mark, list(done.values()))
    _write(folder / f"{one.name}.csv", one.mark, [done[_key(row)] for row in one.rows])
    unfinished.unlink(missing_ok=True)


def _key(row: Mapping[str, Any]) -> str:
    return repr([(name, str(value)) for name, value in row.items()])


def _one_row(text: str, name: str, row: Row) -> tuple[Row, Row]:
    """Make a row in a worker, which keeps the program's names for the next one."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    space = _namespace(text)
    one = next(x for x in space.values() if isinstance(x, Experiment) and x.name == name)
    try:
        return row, one(**row)
    except (Exception, SystemExit) as error:
        raise RuntimeError(f"{name}, row {row}: {type(error).__name__}: {error}") from error
