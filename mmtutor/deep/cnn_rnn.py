"""CNN-RNN: a convolutional net for pictures, recurrent nets for sequences, one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from ._branches import branch
from ._network import Augment, Network, block_inputs, presence

__all__ = ["CNNRNNClassifier"]

_FUSIONS = ("concat", "gated", "product")


class CNNRNNClassifier(ClassifierMixin, Network):
    """Classify samples of several modalities with one jointly trained network.

    Each block gets the branch that suits its values: pictures a convolutional net, frames and words
    a recurrent net, features a dense layer. The branches meet in one of three ways.

    Parameters
    ----------
    blocks : list of (name, transformer, columns) triples
        What each branch reads, as in :class:`mmtutor.fusion.FeatureFusion`. The transformer returns
        pictures in [0, 1] of shape (n_samples, height, width, channels), frames of shape
        (n_samples, n_frames, n_features) with NaN for padding, word numbers of shape (n_samples,
        length) with 0 for padding, or features of shape (n_samples, n_features).
    fusion : {"concat", "gated", "product"}, default="concat"
        "concat": the branches' features side by side, then a dense layer. "gated": a learned gate
        weighs the branches anew for each sample (Arevalo et al. 2017). "product": each branch
        decides by itself and the decisions are multiplied, the product rule trained as one network.
    units : int, default=48
        Width of the branches.
    dropout : float in [0, 1), default=0.3
        Share of features hidden in training.
    modality_dropout : float in [0, 1), default=0.0
        Probability with which a whole modality is hidden from a training sample.
    auxiliary : float, default=0.0
        Weight of a loss of its own for each branch, which keeps a quick learner among the
        modalities from starving the others (Wang et al. 2020).
    augment : mapping of block name to function, optional
        ``function(values, rng) -> values`` changes a training batch of a block, drawn anew each
        time; values are scaled as the network sees them, of shape (n_batch, ...).
    epochs, batch_size : int, default=30 and 32
        Passes over the training samples, and samples per step.
    learning_rate : float, default=2e-3
        Of the Adam optimiser.
    random_state : int, default=0
        Fixes initial weights, order, dropout and augmentation.
    verbose : int, default=1
        0 for silence, 1 for a table of a few lines on the way.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    network_ : keras.Model
        The trained network.
    history_ : dict of str to list of float
        Loss and accuracy after each epoch.

    References
    ----------
    Arevalo, Solorio, Montes-y-Gomez, Gonzalez, Gated multimodal units for information fusion, 2017.
    Wang, Tran, Feiszli, What makes training multi-modal classification networks hard?, CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from mmtutor.deep import CNNRNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["no", "yes"], 20)
    >>> X = pd.DataFrame(rng.normal(size=(40, 4)) + (y == "yes")[:, None], columns=list("abcd"))
    >>> blocks = [
    ...     ("first", FunctionTransformer(np.asarray), ["a", "b"]),
    ...     ("second", FunctionTransformer(np.asarray), ["c", "d"]),
    ... ]
    >>> model = CNNRNNClassifier(blocks, epochs=5, verbose=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (40, 2)

    Notes
    -----
    Taught in notebook 08. Blocks are centred and scaled on the training samples; pictures by one
    mean and one standard deviation for all pixels.

    Fitting the same estimator again, on samples of the same shape, starts from the same first
    weights but builds no new network, which is several times faster: ``network_`` is then the same
    object with other weights.
    """

    def __init__(
        self,
        blocks: list[tuple[str, Any, Any]],
        *,
        fusion: str = "concat",
        units: int = 48,
        dropout: float = 0.3,
        modality_dropout: float = 0.0,
        auxiliary: float = 0.0,
        augment: Mapping[str, Augment] | None = None,
        epochs: int = 30,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        random_state: int = 0,
        verbose: int = 1,
    ) -> None:
        self.blocks = blocks
        self.fusion = fusion
        self.units = units
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.auxiliary = auxiliary
        self.augment = augment
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: ArrayLike) -> CNNRNNClassifier:
        """Train the network.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; cells may be missing.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        CNNRNNClassifier
            The fitted estimator itself.
        """
        if self.fusion not in _FUSIONS:
            raise ValueError(f"fusion is {self.fusion!r}; expected one of {', '.join(_FUSIONS)}")
        y = np.asarray(y)
        check_consistent_length(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class only, {self.classes_[0]!r}: nothing to tell apart")
        inputs = self._prepare(X, y)
        self._build_or_reset(len(self.classes_))
        unknown = set(self.augment or {}) - {block.name for block in self.blocks_}
        if unknown:
            raise ValueError(f"augment names {sorted(unknown)}, which are no blocks")
        targets = dict.fromkeys(self.network_.output_names, codes)
        self._train(self.network_, inputs, targets, augment=self.augment)
        return self

    def _prepare(self, X: Any, y: Any = None) -> dict[str, np.ndarray]:
        """Centre pictures too: a network learns slowly from numbers that are all positive."""
        inputs = super()._prepare(X, y)
        for block in self.blocks_:
            if block.kind == "image":
                present = inputs[presence(block.name)][:, 0] > 0
                values = inputs[block.name][present]
                block.mean, block.scale = np.array([values.mean()]), np.array([values.std() + 1e-6])
                inputs[block.name][present] = (values - block.mean) / block.scale
        return inputs

    def _build(self) -> keras.Model:
        n_classes = len(self.classes_)
        inputs, features, presences = {}, [], []
        for block in self.blocks_:
            values, present = block_inputs(block)
            inputs |= {values.name: values, present.name: present}
            built = branch(block, values, units=self.units, dropout=self.dropout)
            features.append(built * present)  # an absent modality says nothing
            presences.append(present)
        singles = {
            f"{block.name}_decision": layers.Dense(
                n_classes, activation="softmax", name=f"{block.name}_decision"
            )(feature)
            for block, feature in zip(self.blocks_, features, strict=True)
        }
        if self.fusion == "product":
            decision = _product(list(singles.values()), presences)
        else:
            meet = _concat if self.fusion == "concat" else _gated
            meeting = layers.Dropout(self.dropout)(meet(features, presences, self.units))
            decision = layers.Dense(n_classes, activation="softmax", name="joint")(meeting)
        outputs = {"decision": layers.Identity(name="decision")(decision)}
        if self.auxiliary or self.fusion == "product":
            outputs |= singles
        self.network_ = keras.Model(inputs, outputs)
        self.network_.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            jit_compile=False,
            loss=dict.fromkeys(outputs, "sparse_categorical_crossentropy"),
            loss_weights={k: 1.0 if k == "decision" else self.auxiliary for k in outputs},
            metrics={"decision": "accuracy"},
        )
        return self.network_

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return posteriors of shape (n_samples, n_classes), in the order of ``classes_``."""
        check_is_fitted(self, "network_")
        return self._call(self.network_, self._inputs(X))["decision"].astype(float)

    def branch_proba(self, X: Any) -> dict[str, np.ndarray]:
        """Return what each branch would decide by itself.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples. A branch whose cell is missing knows nothing of the sample: its posterior
            is that of an empty feature vector.

        Returns
        -------
        dict of str to ndarray of shape (n_samples, n_classes)
            Posteriors by block name, in the order of ``classes_``.

        Raises
        ------
        ValueError
            If the branches learned no decisions of their own: neither ``fusion="product"`` nor
            ``auxiliary`` above 0.

        Notes
        -----
        Taught in notebook 08.
        """
        check_is_fitted(self, "network_")
        if "decision" in self.network_.output_names and len(self.network_.output_names) == 1:
            raise ValueError(
                f"fusion={self.fusion!r} with auxiliary={self.auxiliary!r} trains no decision of "
                'the single branches: set auxiliary=1, or fusion="product"'
            )
        outputs = self._call(self.network_, self._inputs(X))
        return {b.name: outputs[f"{b.name}_decision"].astype(float) for b in self.blocks_}

    def gate_weights(self, X: Any) -> dict[str, np.ndarray]:
        """Return how much the gate lets through of each branch.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples.

        Returns
        -------
        dict of str to ndarray of shape (n_samples,)
            Weights in [0, 1] by block name; over the blocks they add up to 1, and an absent
            modality has none.

        Raises
        ------
        ValueError
            If there is no gate: `fusion` is not "gated".

        Notes
        -----
        Taught in notebook 08.
        """
        check_is_fitted(self, "network_")
        if self.fusion != "gated":
            raise ValueError(f'fusion={self.fusion!r} has no gate; only fusion="gated" has one')
        gates = keras.Model(self.network_.inputs, self.network_.get_layer("gates").output)
        # By position, as the model's inputs are a list here.
        inputs = self._inputs(X)
        weights = self._call(gates, {t.name: inputs[t.name] for t in self.network_.inputs})
        return {b.name: weights[:, k].astype(float) for k, b in enumerate(self.blocks_)}

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each sample, shape (n_samples,)."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _concat(features: list[KerasTensor], presences: list[KerasTensor], units: int) -> KerasTensor:
    # Which modalities are absent is told to the network too: zeros alone could be a quiet signal.
    together = ops.concatenate([*features, *presences], axis=-1)
    return layers.Dense(units, activation="relu", name="meeting")(together)


def _gated(features: list[KerasTensor], presences: list[KerasTensor], units: int) -> KerasTensor:
    together = ops.concatenate(features, axis=-1)
    present = ops.concatenate(presences, axis=-1)
    gate = layers.Dense(len(features), name="gate")(together) + (present - 1) * 1e9
    gates = layers.Activation("softmax", name="gates")(gate)
    voices = [layers.Dense(units, activation="tanh")(feature) for feature in features]
    return ops.sum(ops.expand_dims(gates, -1) * ops.stack(voices, axis=1), axis=1)


def _product(decisions: list[KerasTensor], presences: list[KerasTensor]) -> KerasTensor:
    # With equal priors: the sum of log-posteriors over the experts present, normalised.
    logs = [
        ops.log(ops.maximum(decision, 1e-7)) * present
        for decision, present in zip(decisions, presences, strict=True)
    ]
    return ops.softmax(sum(logs), axis=-1)
