"""How far the asserted bounds of chapters with networks lie from what is measured: `make bounds`.

``python tests/bounds.py [NN ...] [--draws 20]`` executes each chapter many times. In each draw the
networks begin with other random numbers, and every table of evidence holds as many worlds, seeds,
folds or speakers as before, drawn from its own with replacement. An assertion ``low < value`` then
has a margin, value less low: of those whose margin changes from draw to draw the table says its
mean, its standard deviation, how many deviations it lies from 0, and in how many draws it held.
What is drawn is kept in build/bounds, and a second call goes on where the first was ended.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmtutor._cache import atomic_write
from mmtutor.course import evidence, notebooks
from mmtutor.course.manifest import read_course
from mmtutor.course.runner import kernel_environment

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bounds"
PAGE = ROOT / "docs" / "bounds.md"
NETWORKS = ["07", "08", "09", "10", "12", "17", "18"]
UNITS = ("world", "seed", "draw", "fold", "speaker")  # what a table is repeated over
NEAR = 2  # standard deviations
FAILED = "cell: "  # begins the record of a cell that could not be run
ORDER = ast.Lt | ast.LtE | ast.Gt | ast.GtE


# --- what an assertion's margin is --------------------------------------------------------------


def margin(test: ast.expr) -> ast.expr | None:
    """Return an expression for how far a condition is from being broken; None if it has no scale.

    >>> ast.unparse(margin(ast.parse("0.1 < x.mean() and (y > 0).all()", mode="eval").body))
    'min(__lowest__(x.mean() - 0.1), __lowest__(y - 0))'
    """
    match test:
        case ast.Compare(left, ops, right) if all(isinstance(op, ORDER) for op in ops):
            pairs = zip([left, *right[:-1]], ops, right, strict=True)
            return _called("min", [_difference(*pair) for pair in pairs])
        case ast.BoolOp(op, values):
            parts = [part for part in map(margin, values) if part is not None]
            return _called("min" if isinstance(op, ast.And) else "max", parts) if parts else None
        case ast.Call(func=ast.Attribute(value, "all")):
            return margin(value)
        case ast.Call(func=ast.Name("all"), args=[ast.GeneratorExp(each, loops)]):
            part = margin(each)
            return part and _called("min", [ast.GeneratorExp(part, loops)])
    return None


def _called(name: str, arguments: list[ast.expr]) -> ast.expr:
    if len(arguments) == 1 and not isinstance(arguments[0], ast.GeneratorExp):
        return arguments[0]
    return ast.Call(ast.Name(name, ast.Load()), arguments, [])


def _difference(left: ast.expr, op: ast.cmpop, right: ast.expr) -> ast.expr:
    more, less = (right, left) if isinstance(op, ast.Lt | ast.LtE) else (left, right)
    return ast.Call(ast.Name("__lowest__", ast.Load()), [ast.BinOp(more, ast.Sub(), less)], [])


class Recorded(ast.NodeTransformer):
    """Turn every ``assert`` into a record of its margin; a broken one does not end the cell."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        scale = margin(node.test) or ast.Constant(None)
        late = [ast.Lambda(_NOTHING, expression) for expression in (node.test, scale)]
        text = ast.Constant(ast.unparse(node.test))
        call = ast.Call(ast.Name("__record__", ast.Load()), [text, *late], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


_NOTHING = ast.arguments([], [], None, [], [], None, [])


def lowest(values: Any) -> float:
    return float(np.min(np.asarray(values, dtype=float)))


# --- one draw -----------------------------------------------------------------------------------


def shift_seeds(draw: int) -> None:
    """Let every network begin with other random numbers than in draw 0."""
    import keras

    from mmtutor.deep._training import Resettable

    begin, make = keras.utils.set_random_seed, Resettable.__init__
    keras.utils.set_random_seed = lambda seed: begin(seed + 1000 * draw)
    Resettable.__init__ = lambda self, build, seed: make(self, build, seed + 1000 * draw)


def resample_tables(draw: int) -> None:
    """Let every stored table hold other worlds, seeds, folds or speakers, out of its own."""

    def table(self: evidence.Experiment) -> pd.DataFrame:
        stored = read(self)
        for unit in [name for name in UNITS if name in self.rows[0] and draw]:
            counts = stored[unit].value_counts()  # one with few rows is there for the live row
            names = [name for name in sorted(counts.index) if 2 * counts[name] >= counts.max()]
            # The same draw for all tables over the same units: their rows are compared.
            drawn = np.random.default_rng([draw, len(names)]).choice(names, len(names))
            parts = [
                stored[stored[unit] == old].assign(**{unit: new})
                for new, old in zip(names, drawn, strict=True)
            ]
            parts.append(stored[~stored[unit].isin(names)])
            stored = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
        return stored

    read = evidence.Experiment.table
    evidence.Experiment.table = table
    evidence.Experiment.confirm = lambda self, *, within=0.0, **row: self(**row)


def execute(number: str, draw: int) -> list[dict[str, Any]]:
    """Execute a chapter in a draw; return a record of each assertion, and of cells that failed."""
    from IPython.core.interactiveshell import InteractiveShell

    [chapter] = read_course(ROOT).choose([number])
    shift_seeds(draw)
    resample_tables(draw)
    shell = InteractiveShell.instance()
    shell.ast_transformers.append(Recorded())
    records: list[dict[str, Any]] = []

    def record(text: str, test: Any, scale: Any) -> None:
        try:
            records.append({"text": text, "holds": bool(test()), "margin": scale()})
        except Exception as error:  # of this draw: a bootstrap may lack what the claim speaks of
            records.append({"text": text, "holds": False, "margin": None, "error": str(error)})

    shell.push({"__record__": record, "__lowest__": lowest})
    os.chdir(chapter.stored.parent)
    for cell in notebooks.code(notebooks.read_source(chapter.source)):
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            result = shell.run_cell(cell.source)
        if not result.success:
            error = repr(result.error_before_exec or result.error_in_exec)
            records.append({"text": f"{FAILED}{error:.200}", "holds": False, "margin": None})
    return records


# --- the table ----------------------------------------------------------------------------------


def draws(number: str, n_draws: int) -> Iterator[list[dict[str, Any]]]:
    for draw in range(n_draws):
        yield json.loads((BUILD / f"{number}_{draw:02}.json").read_text(encoding="utf-8"))


def rows(number: str, n_draws: int) -> pd.DataFrame:
    """Return a row for each assertion whose margin changes from draw to draw."""
    told = pd.concat(
        [
            pd.DataFrame(records).assign(draw=draw)
            for draw, records in enumerate(draws(number, n_draws))
        ]
    )
    told["margin"] = told["margin"].astype(float)
    told = told[~told["text"].str.startswith(FAILED)]
    # An assertion in a loop is asked several times in a draw: the worst of its turns counts.
    turns = told.groupby(["text", "draw"], sort=False)
    told = turns.agg({"margin": "min", "holds": "all"}).reset_index()
    by_text = told.groupby("text", sort=False)
    table = by_text["margin"].agg(["mean", "std"])
    table[["holds", "draws"]] = by_text["holds"].agg(["sum", "count"])
    table = table[(table["std"] > 1e-9) | (table["holds"] < table["draws"])]
    table["away"] = table["mean"] / table["std"]
    return table


def page(numbers: list[str], n_draws: int) -> str:
    """Return the table as a page of Markdown."""
    lines, near, count, without = [], 0, 0, 0
    for number in numbers:
        table = rows(number, n_draws)
        count, near = count + len(table), near + int((table["away"] < NEAR).sum())
        without += int(table["mean"].isna().sum())
        lines += [
            f"\n## Chapter {number}\n",
            "| asserted | margin | sd | sds away | held |",
            "|" + "---|" * 5,
        ]
        for text, row in table.sort_values("away").iterrows():
            shown = str(text).replace("|", "\\|")
            numbers_of = " | ".join(f"{row[name]:.3g}" for name in ("mean", "std", "away"))
            lines.append(f"| `{shown}` | {numbers_of} | {row['holds']:.0f} of {row['draws']:.0f} |")
    return f"""\
# The asserted bounds against {n_draws} draws

Each draw starts the networks of a chapter anew, from other random numbers, and fills its tables of
evidence with worlds, seeds, folds or speakers drawn from their own with replacement: so different
could a repetition have come out. The margin is how far the asserted value lies on the right side of
its bound, in its own unit; of {count} bounds {near} lie nearer than {NEAR} standard deviations, as
their chapters say. Where fewer than {n_draws} draws are counted, the others lacked a row.
Of an assertion in a loop the worst turn of each draw counts.
An assertion is listed if its margin changes from draw to draw, or if it fails in a draw. One that
cannot be computed in a draw counts as failed there.

`nan` stands where there is no margin, as in {without} of the {count}: what is asserted is no `<` or
`>` between numbers but an exact count, a name, yes or no, or `between`, so a draw only tells
whether it holds. Where such a part is joined by `and` to one with a margin, the margin is that of
the other alone, and what held is both.
{chr(10).join(lines)}

Written by `tests/bounds.py`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", default=NETWORKS)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        [number] = options.chapters
        found = execute(number, options.one)
        with atomic_write(BUILD / f"{number}_{options.one:02}.json", "w", encoding="utf-8") as file:
            json.dump(found, file)
        return 0

    def one(task: tuple[str, int]) -> None:
        number, draw = task
        if not (BUILD / f"{number}_{draw:02}.json").exists():
            command = [sys.executable, __file__, number, "--one", str(draw)]
            subprocess.run(command, env=kernel_environment() | {"MPLBACKEND": "Agg"}, check=True)
            print(f"chapter {number}, draw {draw}: done", flush=True)

    BUILD.mkdir(parents=True, exist_ok=True)
    tasks = [(number, draw) for number in options.chapters for draw in range(options.draws)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, tasks))
    PAGE.write_text(page(options.chapters, options.draws), encoding="utf-8")
    print(f"bounds: {len(tasks)} draws of {len(options.chapters)} chapters; see docs/bounds.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
