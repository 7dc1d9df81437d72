"""The frame of the three estimators: feeding, training, saving and loading a network."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.utils.validation import check_is_fitted

from mmtutor._composition import Composition

from ._blocks import Block, fit_blocks

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
_KERAS_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_MEMBER = "mmtutor.skops"  # what a file of ours holds beside them
# Parameters that change how a network is fed, not the network (the blocks' shapes are looked at).
_ONLY_TRAINING = {
    "augment",
    "batch_size",
    "blocks",
    "epochs",
    "modality_dropout",
    "temperature",  # a variable of the aligner's loss
    "verbose",
}


class Network(Composition):
    """Blocks in, a Keras network fitted, one file out. Subclasses say what the network is."""

    _parts = "blocks"

    def _prepare(self, X: Any, y: Any = None) -> dict[str, np.ndarray]:
        """Fit the blocks and return the network's inputs for the training samples."""
        parts = self.check_parts()
        self._check_numbers()
        X = self.check_X(X, reset=True)
        self.blocks_: list[Block] = fit_blocks(parts, X, y)
        return self._inputs(X, reset=False)

    def _check_numbers(self) -> None:
        for name in ("epochs", "batch_size", "units"):
            value = getattr(self, name, 1)
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name} is {value!r}; expected a whole number of at least 1")
        for name in ("dropout", "modality_dropout"):
            value = getattr(self, name, 0.0)
            if not 0 <= value < 1:
                raise ValueError(f"{name} is {value!r}; expected a number in [0, 1)")

    def _inputs(self, X: Any, *, reset: bool = False) -> dict[str, np.ndarray]:
        """Return the tensors of every block: its values, and whether each cell is present."""
        X = self.check_X(X, reset=reset)
        inputs = {}
        for block in self.blocks_:
            inputs[block.name], inputs[presence(block.name)] = block.tensors(X)
        return inputs

    def _build(self) -> keras.Model:
        """Build ``network_`` for the fitted blocks; return the compiled model that trains it."""
        raise NotImplementedError

    def _build_or_reset(self, *details: Any) -> keras.Model:
        """Build the network; if the last fit built the same one, go back to its first weights.

        Building and tracing take longer than training on a few hundred samples.
        """
        branches = [(b.name, b.kind, b.shape, b.vocabulary_size) for b in self.blocks_]
        settings = {k: v for k, v in self.get_params(deep=False).items() if k not in _ONLY_TRAINING}
        plan = repr((branches, details, settings))
        built, trainer, first = getattr(self, "_built", (None, None, []))
        if built != plan:
            # Only here: seeding TensorFlow makes it prepare every known function again.
            keras.utils.set_random_seed(self.random_state)
            trainer = self._build()
            trainer.optimizer.build(trainer.trainable_variables)
            # Also the state of dropout's random numbers and of the optimiser.
            first = [variable.numpy().copy() for variable in _variables(trainer)]
            self._built = plan, trainer, first
        for variable, value in zip(_variables(trainer), first, strict=True):
            variable.assign(value)
        return trainer

    def _train(
        self, trainer: keras.Model, inputs: dict[str, np.ndarray], targets: Any, **settings: Any
    ) -> None:
        feed = Feed(
            inputs,
            targets,
            names=[block.name for block in self.blocks_],
            batch_size=self.batch_size,
            modality_dropout=self.modality_dropout,
            random_state=self.random_state,
            **settings,
        )
        callbacks = [Progress(self.epochs)] if self.verbose else []
        fitted = trainer.fit(
            feed.dataset(),
            epochs=self.epochs,
            steps_per_epoch=feed.n_steps,
            shuffle=False,  # the feed does
            verbose=0,
            callbacks=callbacks,
        )
        self.history_ = {name: list(map(float, h)) for name, h in fitted.history.items()}

    @staticmethod
    def _call(network: keras.Model, inputs: Any, batch_size: int = 256) -> Any:
        """Apply a network in batches, without compiling a function for each new model."""
        n_samples = len(next(iter(inputs.values())) if isinstance(inputs, dict) else inputs)
        batches = []
        for start in range(0, n_samples, batch_size):
            part = slice(start, start + batch_size)
            batch = {k: v[part] for k, v in inputs.items()} if isinstance(inputs, dict) else None
            batches.append(network(inputs[part] if batch is None else batch, training=False))
        if isinstance(batches[0], dict):
            return {k: np.concatenate([np.asarray(b[k]) for b in batches]) for k in batches[0]}
        return np.concatenate([np.asarray(batch) for batch in batches])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to one ``.keras`` file.

        The file is an ordinary Keras file with one member more, which holds the parameters and
        the fitted transformers as skops writes them: readable without unpickling anything.

        Parameters
        ----------
        path : str or Path
            Where to write; must end in ``.keras``. An existing file is replaced only when the
            new one is complete.

        Raises
        ------
        ValueError
            If the path does not end in ``.keras``.
        """
        import skops.io

        check_is_fitted(self, "network_")
        path = _keras_path(path)
        state = {k: v for k, v in vars(self).items() if k not in ("network_", "_built")}
        handle, name = tempfile.mkstemp(suffix=".keras", dir=path.parent)
        os.close(handle)
        try:
            self.network_.save(name)
            with zipfile.ZipFile(name, "a") as archive:
                about = {"class": type(self).__name__, "format": 1}
                archive.writestr("mmtutor.json", json.dumps(about))
                archive.writestr(_MEMBER, skops.io.dumps(_plain(state)))
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Network:
        """Read an estimator that :meth:`save` wrote.

        Parameters
        ----------
        path : str or Path
            The ``.keras`` file.

        Returns
        -------
        estimator
            Ready to predict.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is not one of ours, is damaged, holds another class, or names types that
            neither scikit-learn nor mmtutor define (they are not loaded).
        """
        import skops.io

        path = _keras_path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path}")
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
                members = archive.namelist()
                if damaged is None and {*_KERAS_MEMBERS, _MEMBER} <= set(members):
                    about = json.loads(archive.read("mmtutor.json"))
                    state = archive.read(_MEMBER)
        except (zipfile.BadZipFile, OSError, EOFError, KeyError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is damaged or is not a .keras file: {error}") from None
        if damaged is not None:
            raise ValueError(f"{path} is damaged: its member {damaged} cannot be read")
        if not set(members) >= _KERAS_MEMBERS:
            # A torn file may end in a whole archive all the same: the one inside it.
            raise ValueError(f"{path} is damaged or is not a .keras file")
        if _MEMBER not in members:
            raise ValueError(f"{path} is a .keras file, but was not saved by mmtutor.deep")
        if about.get("class") != cls.__name__:
            raise ValueError(
                f"{path} holds a {about.get('class')}; load it with {about.get('class')}.load"
            )
        strangers = skops.io.get_untrusted_types(data=state)
        refused = [name for name in strangers if not name.startswith("mmtutor.")]
        if refused:
            raise ValueError(f"{path} names types that are not loaded: {', '.join(refused)}")
        estimator = cls.__new__(cls)
        vars(estimator).update(_lively(skops.io.loads(state, trusted=strangers)))
        estimator.network_ = keras.saving.load_model(path, compile=False)
        return estimator


class Feed:
    """Shuffled batches without end, with modality dropout and augmentation drawn anew each time.

    Modality dropout hides each present modality with the given probability, but never all of a
    sample's: the network learns to answer from whatever subset is there.
    """

    def __init__(
        self,
        inputs: dict[str, np.ndarray],
        targets: dict[str, np.ndarray] | None,
        *,
        names: list[str],
        batch_size: int,
        modality_dropout: float,
        random_state: int,
        augment: Mapping[str, Augment] | None = None,
        drop_last: bool = False,
    ) -> None:
        self.inputs, self.targets, self.names = inputs, targets, names
        self.batch_size, self.modality_dropout = batch_size, modality_dropout
        self.random_state, self.augment = random_state, augment or {}
        self.n_samples = len(inputs[names[0]])
        full = self.n_samples / batch_size
        self.n_steps = max(1, math.floor(full)) if drop_last else math.ceil(full)

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray], Any]]:
        rng = np.random.default_rng(self.random_state)
        while True:
            order = rng.permutation(self.n_samples)
            for start in range(0, self.n_steps * self.batch_size, self.batch_size):
                yield self._batch(order[start : start + self.batch_size], rng)

    def dataset(self) -> tf.data.Dataset:
        """Return the batches as TensorFlow wants them."""
        # A first batch is drawn here: a function of the learner's that fails says so itself,
        # without a trace through TensorFlow.
        first = next(iter(self))
        signature = tf.nest.map_structure(
            lambda values: tf.TensorSpec((None, *values.shape[1:]), values.dtype), first
        )
        batches = tf.data.Dataset.from_generator(self.__iter__, output_signature=signature)
        options = tf.data.Options()
        options.autotune.enabled = False  # its thread holds up the end of many a fit for seconds
        return batches.prefetch(2).with_options(options)

    def _batch(
        self, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], Any]:
        batch = {name: values[rows] for name, values in self.inputs.items()}
        for name, change in self.augment.items():
            changed = np.asarray(change(batch[name], rng), dtype=batch[name].dtype)
            if changed.shape != batch[name].shape:
                raise ValueError(
                    f"augment[{name!r}] returned shape {changed.shape} for a batch of shape "
                    f"{batch[name].shape}; it must keep the shape"
                )
            batch[name] = changed
        if self.modality_dropout:
            self._drop(batch, rng)
        if self.targets is None:
            return batch, np.zeros(len(rows), dtype="float32")
        return batch, {name: values[rows] for name, values in self.targets.items()}

    def _drop(self, batch: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        present = np.hstack([batch[presence(name)] for name in self.names]) > 0
        kept = present & (rng.random(present.shape) >= self.modality_dropout)
        # A sample that lost everything gets one of its modalities back, drawn at random.
        lost = np.flatnonzero(~kept.any(axis=1) & present.any(axis=1))
        draw = np.where(present[lost], rng.random((len(lost), present.shape[1])), -1.0)
        kept[lost, draw.argmax(axis=1)] = True
        for column, name in enumerate(self.names):
            batch[presence(name)] = kept[:, column : column + 1].astype("float32")


class Progress(keras.callbacks.Callback):
    """A table of six lines on the way through training: it reads well in a stored notebook, too."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.marks = {round(epochs * part / 5) for part in range(1, 6)} | {1}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if epoch + 1 not in self.marks:
            return
        values = {_short(name): value for name, value in (logs or {}).items()}
        first = [name for name in ("loss", "accuracy") if name in values]
        names = [*first, *(name for name in values if name not in first)]
        widths = [max(len(name), 6) for name in names]
        if epoch == 0:
            heads = (f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
            print("epoch", *heads, "seconds", sep="  ", flush=True)
        cells = (f"{values[name]:{width}.3f}" for name, width in zip(names, widths, strict=True))
        seconds = time.perf_counter() - self.started
        print(f"{epoch + 1:5d}", *cells, f"{seconds:7.1f}", sep="  ", flush=True)


def _short(name: str) -> str:
    """Shorten a column's name: "face_out_loss" to "face", "decision_accuracy" to "accuracy"."""
    name = name.removeprefix("decision_") if name.endswith("accuracy") else name
    name = name.removesuffix("_loss")
    return name.removesuffix("_out").removesuffix("_decision")


def _variables(trainer: keras.Model) -> list[Any]:
    return [*trainer.variables, *trainer.optimizer.variables]


def presence(name: str) -> str:
    """Return the name of the input that says whether a block's cell is there."""
    return f"{name}_present"


def block_inputs(block: Block) -> tuple[Any, Any]:
    """Return a block's two input tensors: its values and its presence."""
    dtype = "int32" if block.kind == "tokens" else "float32"
    values = keras.Input(block.shape, dtype=dtype, name=block.name)
    return values, keras.Input((1,), dtype="float32", name=presence(block.name))


def _keras_path(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if path.suffix != ".keras":
        raise ValueError(f"the file must end in .keras, got {path.name!r}")
    return path


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """Turn fitted blocks into dictionaries; leave out what only training needs (functions)."""
    unneeded = {"augment": None} if "augment" in state else {}
    return state | unneeded | {"blocks_": [vars(block) for block in state["blocks_"]]}


def _lively(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"blocks_": [Block(**fields) for fields in state["blocks_"]]}
