"""Contrastive alignment: two towers trained so that the two halves of a pair find each other."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._branches import branch
from ._network import Network, block_inputs, presence

__all__ = ["ContrastiveAligner", "info_nce"]


def info_nce(first: Any, second: Any, temperature: float = 0.1) -> Any:
    """Return the symmetric InfoNCE loss of a batch of pairs.

    Row i of `first` belongs to row i of `second`; every other row is a negative. The loss is the
    cross-entropy of naming the right partner by cosine similarity, in both directions.

    Parameters
    ----------
    first, second : tensor or array of shape (n_pairs, width)
        Embeddings; their length does not matter.
    temperature : float, default=0.1
        Divides the similarities; the smaller, the more the hardest negatives count.

    Returns
    -------
    scalar tensor
        The loss in nats; chance is ``log(n_pairs)``.

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

    Notes
    -----
    Taught in notebook 09.
    """
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
        return info_nce(pair[:, 0], pair[:, 1], self.temperature)


class ContrastiveAligner(TransformerMixin, Network):
    """Embed two modalities in one space in which the halves of a pair lie close together.

    Needs pairs, no labels: self-supervised learning. The embeddings serve retrieval in both
    directions, zero-shot classification (embed a description of each class, take the nearest), or
    as features for a classifier with few labels.

    Parameters
    ----------
    blocks : list of two (name, transformer, columns) triples
        The two modalities, as in :class:`mmtutor.deep.CNNRNNClassifier`.
    n_components : int, default=32
        Width of the shared space.
    temperature : float, default=0.1
        Of the InfoNCE loss.
    units : int, default=128
        Width of the towers.
    dropout : float in [0, 1), default=0.3
        Share of features hidden in training.
    epochs, batch_size : int, default=60 and 64
        Passes over the pairs, and pairs per step; each pair has ``batch_size - 1`` negatives.
    learning_rate : float, default=1e-3
        Of the Adam optimiser.
    random_state : int, default=0
        Fixes initial weights, order and dropout.
    verbose : int, default=1
        0 for silence, 1 for a table of a few lines on the way.

    Attributes
    ----------
    network_ : keras.Model
        Both towers; its outputs are named by the blocks.
    history_ : dict of str to list of float
        The loss after each epoch.

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

    Notes
    -----
    Fitted again on pairs of the same shape, also with another temperature, batch size or number of
    epochs, the same object resets its network instead of building another, which saves seconds.
    Taught in notebook 09.
    """

    modality_dropout = 0.0  # a pair needs both halves

    def __init__(
        self,
        blocks: list[tuple[str, Any, Any]],
        *,
        n_components: int = 32,
        temperature: float = 0.1,
        units: int = 128,
        dropout: float = 0.3,
        epochs: int = 60,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        random_state: int = 0,
        verbose: int = 1,
    ) -> None:
        self.blocks = blocks
        self.n_components = n_components
        self.temperature = temperature
        self.units = units
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> ContrastiveAligner:
        """Train on pairs.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The pairs; a sample in which one half is missing is left out.
        y : None
            Ignored.

        Returns
        -------
        ContrastiveAligner
            The fitted estimator itself.
        """
        if self.temperature <= 0:
            raise ValueError(f"temperature is {self.temperature!r}; expected a positive number")
        inputs = self._prepare(X)
        if len(self.blocks_) != 2:
            raise ValueError(f"expected two blocks, got {[block.name for block in self.blocks_]}")
        flags = [inputs[presence(block.name)][:, 0] > 0 for block in self.blocks_]
        both = flags[0] & flags[1]
        if both.sum() < 2:
            raise ValueError(f"only {both.sum()} of {len(both)} samples have both halves of a pair")
        trainer = self._build_or_reset()
        trainer.loss.temperature.assign(self.temperature)
        pairs = {name: values[both] for name, values in inputs.items()}
        # The last, smaller batch has fewer negatives and so an easier task: it is left out.
        self._train(trainer, pairs, None, drop_last=True)
        return self

    def _build(self) -> keras.Model:
        inputs, outputs = {}, {}
        for block in self.blocks_:
            values, present = block_inputs(block)
            inputs |= {values.name: values, present.name: present}
            features = branch(block, values, units=self.units, dropout=self.dropout) * present
            features = layers.Dense(self.n_components, name=f"{block.name}_tower")(features)
            outputs[block.name] = layers.UnitNormalization(name=f"{block.name}_unit")(features)
        self.network_ = keras.Model(inputs, outputs)
        pair = ops.stack(list(outputs.values()), axis=1)
        trainer = keras.Model(inputs, pair)
        trainer.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            jit_compile=False,
            loss=_InfoNCE(),
        )
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
        """
        check_is_fitted(self, "network_")
        names = [block.name for block in self.blocks_]
        if modality is not None and modality not in names:
            raise ValueError(f"modality is {modality!r}; the blocks are {names}")
        inputs = self._inputs(X)
        embedded = self._call(self.network_, inputs)
        chosen = names if modality is None else [modality]
        total = sum(embedded[name] * inputs[presence(name)] for name in chosen)
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
        """
        first, second = (block.name for block in self.blocks_)
        return self.transform(X, first) @ self.transform(X if Z is None else Z, second).T
