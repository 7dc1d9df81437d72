"""The fusion rules beside DESlib's and NumPy's, in one run; writes benchmarks/rules.md.

.venv/bin/python -m pip install -e ".[bench]"
.venv/bin/python benchmarks/rules.py

DESlib answers with labels and checks nothing; the rules here check, divide out the prior and answer
with posteriors. Exits with 1 if a rule takes more than its limit times DESlib's time.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtutor.fusion.rules import RULES

try:
    from deslib.util import aggregation
except ImportError:
    sys.exit('this benchmark compares with DESlib: pip install "mmtutor[bench]"')

N_SAMPLES, N_EXPERTS, N_CLASSES = 100_000, 5, 10
REPEATS = 15
PAGE = Path(__file__).with_suffix(".md")
DESLIB = {
    "sum": aggregation.average_rule,
    "product": aggregation.product_rule,
    "max": aggregation.maximum_rule,
    "min": aggregation.minimum_rule,
    "median": aggregation.median_rule,
}
LIMITS = dict.fromkeys(DESLIB, 1.5) | {"median": 1 / 3}


def time_in_turn(functions: dict[str, Callable[[], object]]) -> dict[str, NDArray]:
    """Call the functions in turn, again and again; return the milliseconds of each one's calls.

    Processor time: all of them use one thread, and what else the machine does is left out.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(REPEATS):
        for name, function in functions.items():
            began = time.process_time()
            function()
            times[name].append(1000 * (time.process_time() - began))
    return {name: np.array(values) for name, values in times.items()}


def machine() -> str:
    """Say what the times depend on, and nothing that tells one machine from another like it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "DESlib"))
    return (
        f"{(models or [platform.processor()])[0]}, {os.cpu_count()} cores, {platform.system()}; "
        f"Python {platform.python_version()}, {packages}."
    )


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(N_CLASSES), size=(N_SAMPLES, N_EXPERTS))
    single = P.astype(np.float32)
    holes = P.copy()
    holes[rng.random((N_SAMPLES, N_EXPERTS)) < 0.2] = np.nan
    rows, slow = [], []
    for name, theirs in DESLIB.items():
        rule = RULES[name]
        times = time_in_turn(
            {
                "theirs": lambda theirs=theirs: theirs(P),
                "ours": lambda rule=rule: rule(P),
                "float32": lambda rule=rule: rule(single),
                "holes": lambda rule=rule: rule(holes),
            }
        )
        ratio = np.median(times["ours"] / times["theirs"])
        if ratio > LIMITS[name]:
            slow.append(name)
        theirs_ms, ours_ms, *others = (f"{np.median(values):.0f}" for values in times.values())
        cells = [name, theirs_ms, ours_ms, f"{ratio:.2f}", f"{LIMITS[name]:.2f}", *others]
        rows.append(f"| {' | '.join(cells)} |")
    # VotingClassifier stacks its experts' posteriors along the first axis and averages over it.
    stacked, weights = P.swapaxes(0, 1).copy(), np.arange(1.0, N_EXPERTS + 1)
    times = time_in_turn(
        {
            "average": lambda: np.average(stacked, axis=0, weights=weights),
            "ours": lambda: RULES["sum"](P, weights=weights),
            "copy": P.copy,
        }
    )
    average, ours, copy = (f"{np.median(values):.0f} ms" for values in times.values())
    page = f"""\
# The fusion rules beside DESlib's

Milliseconds of processor time for {N_SAMPLES:,} samples, {N_EXPERTS} experts and {N_CLASSES}
classes: medians of {REPEATS} calls in turn, and the median of their ratios. DESlib answers with
labels and checks nothing; ours is checked posteriors. Holes: one expert in five is absent.

| rule | DESlib | ours | ours / DESlib | limit | ours, float32 | ours, holes |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

The weighted sum rule takes {ours}. The weighted mean alone, unchecked, as scikit-learn's
`VotingClassifier` computes it (`np.average`), takes {average}, one copy of the posteriors {copy}.

{machine()}
Written by `benchmarks/rules.py`.
"""
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    if slow:
        print(f"more than the limit: {', '.join(slow)}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
