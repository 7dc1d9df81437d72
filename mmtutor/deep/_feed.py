"""What a network is fed in training: shuffled batches, modality dropout, augmentation."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ._blocks import FAR
from ._branches import presence_of, values_of

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Feed:
    """Shuffled batches without end, with modality dropout and augmentation drawn anew each time.

    `samples` are inputs, targets and perhaps weights, each an array or a dictionary of arrays. An
    epoch has as many batches as Keras would make of them, but of equal size, give or take a sample:
    a rest of a sample or two would count as much as a whole batch. Modality dropout hides each
    present modality with the given probability, but never all of a sample's: the network learns to
    answer from whatever subset is there.
    """

    def __init__(
        self,
        samples: tuple[Any, ...],
        names: list[str],
        batch_size: int,
        smallest: int,
        seed: int,
        modality_dropout: float = 0.0,
        augment: Mapping[str, Augment] | None = None,
    ) -> None:
        self.samples, self.names, self.seed = samples, names, seed
        self.modality_dropout, self.augment = modality_dropout, augment or {}
        self.failed: tuple[Exception, Any] | None = None  # an error in a batch, and its trace
        self.n_samples = len(samples[0][values_of(names[0])])
        self.n_steps = math.ceil(self.n_samples / batch_size)
        if self.n_samples // self.n_steps < smallest:
            raise ValueError(
                f"batch_size is {batch_size}: {self.n_samples} samples make batches of "
                f"{self.n_samples // self.n_steps}, but this loss needs at least {smallest}"
            )

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        rng = np.random.default_rng(self.seed)
        while True:
            order = rng.permutation(self.n_samples)
            for rows in np.array_split(order, self.n_steps):
                try:
                    batch = self._batch(rows, rng)
                except Exception as error:
                    self.failed = error, error.__traceback__
                    raise
                yield batch

    def dataset(self) -> tf.data.Dataset:
        """Return the batches as TensorFlow wants them."""
        # A first batch is drawn here: a function of the learner's that fails says so itself,
        # without a trace through TensorFlow.
        signature = tf.nest.map_structure(
            lambda values: tf.TensorSpec((None, *values.shape[1:]), values.dtype), next(iter(self))
        )
        batches = tf.data.Dataset.from_generator(self.__iter__, output_signature=signature)
        options = tf.data.Options()
        options.autotune.enabled = False  # its thread holds up the end of many a fit for seconds
        return batches.prefetch(2).with_options(options)

    def _batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
        inputs, *others = tf.nest.map_structure(lambda values: values[rows], self.samples)
        for name, change in self.augment.items():
            values = inputs[values_of(name)]
            changed = np.asarray(change(values, rng), dtype=values.dtype)
            if changed.shape != values.shape:
                raise ValueError(
                    f"augment[{name!r}] returned shape {changed.shape} for a batch of shape "
                    f"{values.shape}; it must keep the shape"
                )
            padding = np.isnan(changed) & (values.ndim == 3)  # of sequences
            if not (padding | (np.abs(changed) < FAR)).all():
                raise ValueError(
                    f"augment[{name!r}] returned NaN, infinity or numbers beyond {FAR:g}"
                )
            inputs[values_of(name)] = changed
        if self.modality_dropout:
            self._drop(inputs, rng)
        return inputs, *others

    def _drop(self, inputs: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        present = np.hstack([inputs[presence_of(name)] for name in self.names]) > 0
        kept = present & (rng.random(present.shape) >= self.modality_dropout)
        # A sample that lost everything gets one of its modalities back, drawn at random.
        lost = np.flatnonzero(~kept.any(axis=1) & present.any(axis=1))
        draw = np.where(present[lost], rng.random((len(lost), present.shape[1])), -1.0)
        kept[lost, draw.argmax(axis=1)] = True
        for column, name in enumerate(self.names):
            inputs[presence_of(name)] = kept[:, column : column + 1].astype("float32")
