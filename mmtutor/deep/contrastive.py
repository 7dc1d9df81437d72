"""Contrastive alignment: two towers trained so that the two halves of a pair find each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import KerasTensor, layers, ops
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmtutor._ranges import check_ranges, number
from mmtutor._rows import floats

from ._branches import block_inputs, branch, presence_of
from ._estimator import COUNT, Network, Range

__all__ = ["ContrastiveAligner", "info_nce"]

TEMPERATURE = number("[1e-6, 1e6]", "a number from 1e-6 to 1e6")


def info_nce(first: Any, second: Any, temperature: float = 0.1) -> Any:
    """Return the symmetric InfoNCE loss of a batch of pairs.

    Row i of `first` belongs to row i of `second`; every other row is a negative. The loss is the
    cross-entropy of naming the right partner by cosine similarity, in both directions.

    Parameters
    ----------
    first, second : tensor or array of shape (n_pairs, width)
        Embeddings; their length does not matter, but one of zeros has no direction.
    temperature : float, default=0.1
        Divides the similarities, from 1e-6 to 1e6; the smaller, the more the hardest negatives
        count.

    Returns
    -------
    scalar tensor
        The loss in nats; chance is ``log(n_pairs)``.

    Raises
    ------
    ValueError
        If `first` and `second` have not one such shape, an array holds NaN or infinity, or
        `temperature` is out of its range. What tensors hold is not looked at.

    See Also
    --------
    ContrastiveAligner : Train two towers with it.

    Notes
    -----
    Taught in notebook 09. Losses of different numbers of pairs cannot be compared, as the chance
    of one says.

    References
    ----------
    van den Oord, Li, Vinyals, Representation learning with contrastive predictive coding, 2018.
    Radford et al., Learning transferable visual models from natural language supervision, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from mmtutor.deep import info_nce
    >>> same = np.ones((4, 3), dtype="float32")
    >>> round(float(info_nce(same, same)), 4) == round(float(np.log(4)), 4)
    True
    """
    if not _is_tensor(temperature):
        check_ranges({"temperature": TEMPERATURE}, temperature=temperature)
    first, second = _embeddings("first", first), _embeddings("second", second)
    shapes = tuple(first.shape), tuple(second.shape)
    known = None not in shapes[0] + shapes[1]
    if any(len(shape) != 2 or 0 in shape for shape in shapes) or (known and len(set(shapes)) > 1):
        raise ValueError(
            "first and second must be of one shape (n_pairs, width), got {} and {}".format(*shapes)
        )
    return _info_nce(first, second, temperature)


def _is_tensor(value: Any) -> bool:
    return ops.is_tensor(value) or isinstance(value, keras.Variable | KerasTensor)


def _embeddings(what: str, values: Any) -> Any:
    """Return a tensor as it is, and an array of which no square is infinite, or zero by mistake."""
    if _is_tensor(values):
        return values
    array = floats(what, values)
    if not np.isfinite(array).all():
        raise ValueError(f"{what} holds NaN or infinity")
    size = np.abs(array).max(axis=-1, keepdims=True, initial=0.0)
    far = ((size < 1e-3) | (size > 1e15)) & (size > 0)
    return np.where(far, array / np.where(far, size, 1), array)


def _info_nce(first: Any, second: Any, temperature: Any) -> Any:
    first = ops.normalize(first, axis=-1)
    second = ops.normalize(second, axis=-1)
    similarity = ops.matmul(first, ops.transpose(second)) / temperature
    forth = ops.diagonal(ops.log_softmax(similarity, axis=1))
    back = ops.diagonal(ops.log_softmax(similarity, axis=0))
    return -(ops.mean(forth) + ops.mean(back)) / 2


class _InfoNCE(keras.losses.Loss):
    """The loss with its temperature in a variable: another one needs no tracing anew."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = keras.Variable(1.0, trainable=False, name="temperature")

    def call(self, _: Any, pair: KerasTensor) -> KerasTensor:
        return _info_nce(pair[:, 0], pair[:, 1], self.temperature)


@dataclass(eq=False, repr=False)
class ContrastiveAligner(TransformerMixin, Network):
    """Embed two modalities in one space in which the halves of a pair lie close together.

    Needs pairs, no labels: self-supervised learning. The embeddings serve retrieval in both
    directions, zero-shot classification (embed a description of each class, take the nearest), or
    as features for a classifier with few labels.

    Not where labels are plenty, nor where a line is enough: run canonical correlation
    (:class:`mmtutor.fusion.FeatureFusion` with ``align="cca"``) beside it. And not for a thousand
    pairs if somebody has trained towers for such data on millions.

    Parameters
    ----------
    blocks : list of two (name, transformer, columns) triples
        The two modalities, as in :class:`mmtutor.deep.CNNRNNClassifier`.
    n_components : int, default=32
        Width of the shared space.
    temperature : float, default=0.1
        Of the InfoNCE loss, from 1e-6 to 1e6.
    units : int, default=128
        Width of the towers.
    dropout : float in [0, 1), default=0.3
        Share of features hidden in training.
    epochs, batch_size : int, default=60 and 64
        Passes over the pairs, and the most pairs per step, at least 2: the others of a step are
        each pair's negatives. The steps of a pass are equally large, as a smaller one would be an
        easier task.
    learning_rate : float, default=1e-3
        Of the Adam optimiser.
    {alike}
    network_ : keras.Model
        Both towers, from scaled values and presences to embeddings of unit length.

    See Also
    --------
    info_nce : The loss.
    mmtutor.fusion.FeatureFusion : Linear alignment, by canonical correlation.
    MultimodalAutoencoder : A code from which each modality can be reconstructed.

    Notes
    -----
    Taught in notebook 09. Fitted again on pairs of the same shape, also with another temperature,
    batch size or number of epochs, the same object resets its network instead of building another,
    which saves seconds. :mod:`mmtutor.deep` says how to save a fitted one.

    References
    ----------
    Radford et al., Learning transferable visual models from natural language supervision, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from mmtutor.deep import ContrastiveAligner
    >>> rng = np.random.default_rng(0)
    >>> X = np.hstack([hidden := rng.normal(size=(64, 3)), -hidden])
    >>> blocks = [("a", FunctionTransformer(), [0, 1, 2]), ("b", FunctionTransformer(), [3, 4, 5])]
    >>> model = ContrastiveAligner(blocks, n_components=3, epochs=2, verbose=0).fit(X)
    >>> model.transform(X, "a").shape
    (64, 3)
    """

    blocks: list[tuple[str, Any, Any]]
    _: KW_ONLY
    n_components: int = 32
    temperature: float = 0.1
    units: int = 128
    dropout: float = 0.3
    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 1e-3
    validation_fraction: float = 0.0
    callbacks: Sequence[keras.callbacks.Callback] | None = None
    random_state: int | None = 0
    verbose: int = 1

    _ranges: ClassVar[dict[str, Range]] = Network._ranges | {
        "n_components": COUNT,
        "temperature": TEMPERATURE,
    }

    def _check(self, names: list[str]) -> None:
        super()._check(names)
        if len(names) != 2:
            raise ValueError(f"expected two blocks, got {names}")

    def _samples(self, inputs: dict[str, np.ndarray], y: None) -> tuple[Any, ...]:
        there = [inputs[presence_of(block.name)][:, 0] > 0 for block in self.blocks_]
        both = there[0] & there[1]
        if both.sum() < 2:
            raise ValueError(f"only {both.sum()} of {len(both)} samples have both halves of a pair")
        pairs = {name: values[both] for name, values in inputs.items()}
        return pairs, np.zeros(both.sum(), dtype="float32")  # Keras wants targets

    def _plan(self) -> tuple[Any, ...]:
        return self.n_components, self.units, self.dropout, self.learning_rate

    def _build(self) -> tuple[keras.Model, keras.Model]:
        inputs, values, presences = block_inputs(self.blocks_)
        outputs = {}
        for block, tensor, present in zip(self.blocks_, values, presences, strict=True):
            features = branch(block, tensor, units=self.units, dropout=self.dropout) * present
            features = layers.Dense(self.n_components, name=f"{block.name}_tower")(features)
            unit = layers.UnitNormalization(name=f"{block.name}_unit")
            outputs[unit.name] = unit(features)
        trainer = keras.Model(inputs, ops.stack(list(outputs.values()), axis=1))
        trainer.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate), jit_compile=False, loss=_InfoNCE()
        )
        return keras.Model(inputs, outputs), trainer

    def _smallest_batch(self) -> int:
        return 2

    def _tuned(self, trainer: keras.Model) -> keras.Model:
        trainer.loss.temperature.assign(self.temperature)
        return trainer

    def transform(self, X: Any, modality: str | None = None) -> np.ndarray:
        """Return embeddings of unit length.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples.
        modality : str, optional
            The block to embed; without it, the mean of both, of those present.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The embeddings; zeros for a sample in which the modality is missing.

        Raises
        ------
        NotFittedError
            If the network is not trained yet.
        ValueError
            If there is no such block, or what a block's transformer returns does not fit what it
            returned in training.
        """
        inputs = self._read(X)
        names = [block.name for block in self.blocks_]
        if not (modality is None or (isinstance(modality, str) and modality in names)):
            raise ValueError(f"modality is {modality!r}; the blocks are {names}")
        embedded = self._outputs(inputs)
        chosen = names if modality is None else [modality]
        total = sum(embedded[f"{name}_unit"] * inputs[presence_of(name)] for name in chosen)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        return total / np.where(length > 0, length, 1.0)

    def similarity(self, X: Any, Z: Any | None = None) -> np.ndarray:
        """Return cosine similarities between first halves and second halves.

        Parameters
        ----------
        X : DataFrame or array of shape (n_queries, n_columns)
            Samples whose first modality is the query.
        Z : DataFrame or array of shape (n_items, n_columns), optional
            Samples whose second modality is searched; X itself by default.

        Returns
        -------
        ndarray of shape (n_queries, n_items)
            Similarities in [-1, 1]; transpose it to search in the other direction.

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`transform`.
        """
        check_is_fitted(self, "network_")
        first, second = (block.name for block in self.blocks_)
        return self.transform(X, first) @ self.transform(X if Z is None else Z, second).T
