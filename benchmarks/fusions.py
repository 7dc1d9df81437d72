"""DecisionFusion beside scikit-learn's and mlxtend's ensembles and a loop; writes fusions.md.

.venv/bin/python -m pip install -e ".[bench]"
.venv/bin/python benchmarks/fusions.py

Every row does the same work on the same columns in one thread; only the last lines use two
processes. Exits with 1 if ours takes more than its limit times the other's time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measuring import machine, publish, time_in_turn
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from mmtutor.fusion import DecisionFusion

try:
    from mlxtend.classifier import EnsembleVoteClassifier, StackingCVClassifier
except ImportError as error:
    sys.exit(f'this benchmark compares with mlxtend ({error}): pip install "mmtutor[bench]"')

N_SAMPLES, REPEATS = 2_000, 7
SAME, TWO = 1.05, 0.625  # limits: the same work, and two jobs beside one
PAGE = Path(__file__).with_suffix(".md")
BLOCKS = {name: [f"{name}{k}" for k in range(20)] for name in ("text", "image", "audio")}
FOLDS = StratifiedKFold(5)


def data() -> tuple[pd.DataFrame, np.ndarray]:
    """Return sixty columns, twenty a block, and three classes."""
    values, y = make_classification(
        N_SAMPLES, 60, n_informative=24, n_classes=3, class_sep=0.7, shuffle=False, random_state=0
    )
    order = np.random.default_rng(0).permutation(60)  # something of the truth in every block
    return pd.DataFrame(values[:, order], columns=[*chain(*BLOCKS.values())]), y


def expert() -> Any:
    """Return what judges a block."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


def reading(columns: list[str]) -> Any:
    """Return an expert that picks its columns itself, for ensembles that hand on the whole."""
    return make_pipeline(make_column_transformer(("passthrough", columns)), *expert())


def by_hand(X: pd.DataFrame, y: np.ndarray) -> np.ndarray:
    """Return the mean of calibrated posteriors: the loop that DecisionFusion's `fit` replaces."""
    posteriors = []
    for columns in BLOCKS.values():
        block, model = X[columns], expert()
        scores = cross_val_predict(model, block, y, cv=FOLDS, method="decision_function")
        calibrator = LogisticRegression(C=np.inf).fit(scores, y)
        model.fit(block, y)
        posteriors.append(calibrator.predict_proba(model.decision_function(block)))
    return np.mean(posteriors, axis=0)


def rivals() -> list[tuple[str, Any, str, Any, float | None]]:
    """Return ours and the other's, with their names, and the limit of the ratio."""
    triples = [(name, expert(), columns) for name, columns in BLOCKS.items()]
    pairs = [(name, reading(columns)) for name, columns in BLOCKS.items()]
    mean = DecisionFusion(triples, rule="sum", calibration=None)
    stack = DecisionFusion(triples, rule="stack", calibration=None, cv=FOLDS)
    final = LogisticRegression(max_iter=500)
    voting, stacking = VotingClassifier(pairs, voting="soft"), StackingClassifier(pairs, final)
    models = [model for _, model in pairs]
    vote = EnsembleVoteClassifier(models, voting="soft")
    stacked = StackingCVClassifier(models, final, use_probas=True, cv=5, random_state=0)
    return [
        ("sum", mean, "scikit-learn, VotingClassifier", voting, SAME),
        ("sum", mean, "mlxtend, EnsembleVoteClassifier", vote, SAME),
        ("stack", stack, "scikit-learn, StackingClassifier", stacking, SAME),
        ("stack", stack, "mlxtend, StackingCVClassifier", stacked, SAME),
    ]


def fits(model: Any, X: pd.DataFrame, y: np.ndarray) -> Callable[[], Any]:
    """Return a call that fits a copy and predicts."""
    return lambda: clone(model).fit(X, y).predict_proba(X)


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    (X, y), rows, slow = data(), [], []

    def compare(name: str, ours: Any, other: str, theirs: Any, limit: float) -> None:
        times = time_in_turn({"ours": ours, "theirs": theirs}, REPEATS, time.perf_counter)
        ratio = float(np.median(times["ours"] / times["theirs"]))
        one, two = (f"{np.median(ms):.0f}" for ms in times.values())
        rows.append(f"| {name} | {other} | {one} | {two} | {ratio:.2f} | {limit} |")
        if ratio > limit:
            slow.append(f"{name} beside {other}: {ratio:.2f}")

    with threadpool_limits(1):
        for rule, ours, other, theirs, limit in rivals():
            try:
                fits(theirs, X, y)()
            except Exception as error:  # a rival that today's versions have left behind
                rows.append(f"| {rule} | {other}: {type(error).__name__}: {error} | | | | |")
                continue
            compare(f"`{rule}`", fits(ours, X, y), other, fits(theirs, X, y), limit)
        triples = [(name, expert(), columns) for name, columns in BLOCKS.items()]
        one = DecisionFusion(triples, cv=FOLDS)
        compare("calibrated `sum`", fits(one, X, y), "a loop by hand", lambda: by_hand(X, y), SAME)
        forest = RandomForestClassifier(100, random_state=0)
        triples = [(name, forest, columns) for name, columns in BLOCKS.items()]
        one = DecisionFusion(triples, cv=FOLDS)
        two = DecisionFusion(triples, cv=FOLDS, n_jobs=2)
        fits(two, X, y)()  # starts the processes
        compare("forests, n_jobs=2", fits(two, X, y), "n_jobs=1", fits(one, X, y), TWO)
    page = f"""\
# DecisionFusion beside other ensembles

Milliseconds by the wall clock to fit on {N_SAMPLES:,} samples of three blocks of twenty columns and
to predict them: medians of {REPEATS} in turn, and the median of the ratios. The experts are the
same, a scaler and a logistic regression. The others hand all columns to every expert, so theirs
begin with a step that picks. Stacking is trained on posteriors of the same five folds, by ours on
their logarithms.

| ours | beside | ours, ms | theirs, ms | ratio | limit |
|---|---|---|---|---|---|
{chr(10).join(rows)}

{machine("numpy", "scikit-learn", "mlxtend")}
Written by `benchmarks/fusions.py`.
"""
    return publish(PAGE, page, slow)


if __name__ == "__main__":
    sys.exit(main())
