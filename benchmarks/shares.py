"""Shapley values beside shap's, in one run; writes benchmarks/shares.md.

.venv/bin/python benchmarks/shares.py

The game is a table, so that the sharing out is timed and not a model. Exits with 1 if ours takes
more than its limit times the faster one of shap's, or says something else.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import shap
from measuring import machine, time_in_turn

from mmtutor.explain import shapley

N_ROWS, REPEATS, LIMIT = 100, 15, 0.8
PAGE = Path(__file__).with_suffix(".md")


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    rng = np.random.default_rng(0)
    rows, slow = [], []
    for n in (2, 3, 4, 5):
        table = rng.normal(size=(2,) * n + (N_ROWS,))
        nobody, everybody = np.zeros((1, n)), np.ones((1, n))

        def game(Z, table=table):
            return table[tuple(np.asarray(Z, dtype=int).T)]

        def value(present, n=n, table=table):
            return table[tuple(int(i in present) for i in range(n))]

        exact, kernel = shap.ExactExplainer(game, nobody), shap.KernelExplainer(game, nobody)
        calls = {
            "exact": partial(exact, everybody, silent=True),
            "kernel": partial(kernel.shap_values, everybody, silent=True),
            "ours": partial(shapley, value, range(n)),
        }
        answers = [call() for call in calls.values()]  # the first call compiles
        ours = np.array(list(answers[2].values()))
        apart = max(np.abs(ours - theirs).max() for theirs in (answers[0][0].values, answers[1][0]))
        times = time_in_turn(calls, REPEATS)
        ratio = np.median(times["ours"] / np.minimum(times["exact"], times["kernel"]))
        if ratio > LIMIT or apart > 1e-9:
            slow.append(str(n))
        cells = [f"{n}", *(f"{np.median(ms):.2f}" for ms in times.values())]
        rows.append(f"| {' | '.join([*cells, f'{ratio:.2f}', f'{LIMIT:.2f}', f'{apart:.0e}'])} |")
    page = f"""\
# Shapley values beside shap's

Milliseconds of processor time to share out {N_ROWS} predictions among modalities: medians of
{REPEATS} calls in turn, and the median of the ratios to the faster one of shap's. Apart: the
largest difference of the results. Left out: shap compiles code when it is first used (seconds).

| players | shap.ExactExplainer | shap.KernelExplainer | `explain.shapley` | ratio | limit | apart |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

For many players use shap: it can sample, `explain.shapley` refuses more than twenty.

{machine("numpy", "shap")}
Written by `benchmarks/shares.py`.
"""
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    if slow:
        print(f"over the limit, or apart: {', '.join(slow)} players")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
