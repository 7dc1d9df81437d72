"""The networks beside a bare Keras fit of the same network; writes networks.md.

.venv/bin/python benchmarks/networks.py

Both train the same layers from the same first weights on the same scaled arrays, for as many
batches. Exits with 1 if ours takes more than its limit times the bare fit's time.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from measuring import machine, publish, time_in_turn
from sklearn.preprocessing import FunctionTransformer

from mmtutor.deep import CNNRNNClassifier

N_SAMPLES, EPOCHS, BATCH, REPEATS, LIMIT = 640, 4, 32, 7, 1.05
PAGE = Path(__file__).with_suffix(".md")


def stacked(cells: pd.Series) -> np.ndarray:
    """Return the arrays of a column as one."""
    return np.stack(cells.to_list())


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Return pictures, sounds frame by frame and features, with three classes."""
    rng = np.random.default_rng(0)
    y = np.arange(N_SAMPLES) % 3
    values = {
        "picture": rng.random((N_SAMPLES, 48, 48, 1)) / 2 + y[:, None, None, None] / 6,
        "sound": rng.normal(size=(N_SAMPLES, 60, 20)) + y[:, None, None] / 4,
        "words": rng.normal(size=(N_SAMPLES, 100)) + y[:, None] / 4,
    }
    cells = {name: pd.Series(list(each.astype("float32"))) for name, each in values.items()}
    return pd.DataFrame(cells), y


def scaled(values: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Return values of mean 0 and standard deviation 1."""
    centre, spread = values.mean(axis=axes), values.std(axis=axes)
    return ((values - centre) / spread).astype("float32")


def bare(model: CNNRNNClassifier, X: pd.DataFrame, y: np.ndarray) -> tuple[keras.Model, dict]:
    """Return a copy of the fitted model's network, compiled, and what it is fitted to."""
    network = keras.Model(model.network_.inputs, model.network_.output["decision"])
    network = keras.models.clone_model(network)
    network.compile(
        keras.optimizers.Adam(model.learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    axes = {"picture": (0, 1, 2, 3), "sound": (0, 1), "words": (0,)}
    inputs = {f"{name}_values": scaled(stacked(X[name]), axes[name]) for name in X}
    inputs |= {f"{name}_present": np.ones((len(X), 1), "float32") for name in X}
    return network, {"x": inputs, "y": y, "batch_size": BATCH, "epochs": EPOCHS, "verbose": 0}


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    (X, y), rows, slow = table(), [], []
    for names in (["words"], ["picture"], ["sound"], ["words", "picture", "sound"]):
        blocks = [(name, FunctionTransformer(stacked), name) for name in names]
        model = CNNRNNClassifier(blocks, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        model.fit(X[names], y)
        network, fitting = bare(model, X[names], y)
        network.fit(**fitting)  # the first time it is traced
        first = network.get_weights()

        def again(network=network, first=first, fitting=fitting) -> None:
            network.set_weights(first)
            network.fit(**fitting)

        def ours(model=model, names=names) -> None:
            model.fit(X[names], y)

        times = time_in_turn({"ours": ours, "bare": again}, REPEATS, time.perf_counter)
        ratio = float(np.median(times["ours"] / times["bare"]))
        one, two = (f"{np.median(ms) / 1000:.2f}" for ms in times.values())
        rows.append(f"| {' + '.join(names)} | {one} | {two} | {ratio:.2f} | {LIMIT} |")
        if ratio > LIMIT:
            slow.append(f"{' + '.join(names)}: {ratio:.2f}")
    page = f"""\
# CNNRNNClassifier beside a bare Keras fit

Seconds by the wall clock for {EPOCHS} passes over {N_SAMPLES} samples in batches of {BATCH}:
medians of {REPEATS} fits in turn, and the median of the ratios. The bare fit gets arrays that are
scaled already; ours reads the table, checks and scales it, and goes back to the first weights. Left
out: building and tracing, which both do once.

| blocks | ours, s | bare, s | ratio | limit |
|---|---|---|---|---|
{chr(10).join(rows)}

{machine("numpy", "keras", "tensorflow")}
Written by `benchmarks/networks.py`.
"""
    return publish(PAGE, page, slow)


if __name__ == "__main__":
    sys.exit(main())
