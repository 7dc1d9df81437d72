"""Training a compiled Keras model: its first weights, its epochs, a table on the way."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Sequence

import keras

from ._feed import Feed


class Resettable:
    """A network and the compiled model that trains it, which can go back to their first weights.

    Building and tracing take longer than training on a few hundred samples, so a network that is
    fitted again is reset rather than built anew. The seed fixes first weights and dropout.
    """

    def __init__(self, build: Callable[[], tuple[keras.Model, keras.Model]], seed: int) -> None:
        state = random.getstate()  # from which Keras draws the seeds of its layers
        random.seed(seed)
        try:
            self.network, self.trainer = build()
        finally:
            random.setstate(state)
        self.trainer.optimizer.build(self.trainer.trainable_variables)
        # Also the state of dropout's random numbers and of the optimiser.
        self.variables = [*self.trainer.variables, *self.trainer.optimizer.variables]
        self.first = [variable.numpy().copy() for variable in self.variables]

    def reset(self) -> None:
        """Go back to the first weights."""
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)


def train(
    trainer: keras.Model,
    feed: Feed,
    validation: Feed | None,
    epochs: int,
    callbacks: Sequence[keras.callbacks.Callback] | None,
    verbose: int,
) -> dict[str, list[float]]:
    """Fit a compiled model and return its losses and metrics after each epoch."""
    # Keras hangs the model on the callbacks: the caller's own stay as they were.
    called = [copy.copy(callback) for callback in callbacks or ()]
    try:
        fitted = trainer.fit(
            feed.dataset(),
            epochs=epochs,
            steps_per_epoch=feed.n_steps,
            validation_data=validation.dataset() if validation else None,
            validation_steps=validation.n_steps if validation else None,
            shuffle=False,  # the feed does
            verbose=0,
            callbacks=[*called, Progress(epochs)] if verbose else called,
        )
    except Exception:
        if feed.failed is None:
            raise
        error, trace = feed.failed  # of the learner's function; TensorFlow made another of it
        raise error.with_traceback(trace) from None
    return {name: list(map(float, values)) for name, values in fitted.history.items()}


class Progress(keras.callbacks.Callback):
    """A table of six lines on the way through training: it reads well in a stored notebook, too."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.marks = {round(epochs * part / 5) for part in range(1, 6)} | {1}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Remember when training began."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Print a line, and before the first one the head."""
        if epoch + 1 not in self.marks:
            return
        values = {_short(name): value for name, value in (logs or {}).items()}
        first = ["loss", "accuracy", "val_loss", "val_accuracy"]
        names = [name for name in first if name in values]
        names += [name for name in values if name not in first and not name.startswith("val_")]
        widths = [max(len(name), 6) for name in names]
        if epoch == 0:
            heads = (f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
            print("epoch", *heads, "seconds", sep="  ", flush=True)
        cells = (f"{values[name]:{width}.3f}" for name, width in zip(names, widths, strict=True))
        seconds = time.perf_counter() - self.started
        print(f"{epoch + 1:5d}", *cells, f"{seconds:7.1f}", sep="  ", flush=True)


def _short(name: str) -> str:
    """Shorten a column's name: "face_out_loss" to "face", "decision_accuracy" to "accuracy"."""
    if name in ("loss", "val_loss"):
        return name
    name = name.replace("decision_accuracy", "accuracy").removesuffix("_loss")
    return name.removesuffix("_out").removesuffix("_decision")
