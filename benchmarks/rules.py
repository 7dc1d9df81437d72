"""The fusion rules beside DESlib's and NumPy's, in one run; writes benchmarks/rules.md.

.venv/bin/python -m pip install -e ".[bench]"
.venv/bin/python benchmarks/rules.py

DESlib answers with labels and checks nothing; the rules here check, divide out the prior and answer
with posteriors. Exits with 1 if a rule takes more than its limit times DESlib's time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from measuring import machine, time_in_turn

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
            },
            REPEATS,
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
        },
        REPEATS,
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

{machine("numpy", "scikit-learn", "DESlib")}
Written by `benchmarks/rules.py`.
"""
    PAGE.write_text(page, encoding="utf-8")
    print(page)
    if slow:
        print(f"more than the limit: {', '.join(slow)}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
