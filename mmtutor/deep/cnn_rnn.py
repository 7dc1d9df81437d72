"""CNN-RNN: a convolutional net for pictures, recurrent nets for sequences, one decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import pandas as pd
from keras import KerasTensor, layers, ops
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from mmtutor._fitting import fits_anew
from mmtutor._rows import as_target, require_same_rows
from mmtutor._table import row_names

from ._branches import block_inputs, branch
from ._estimator import SHARE, WEIGHT, Network, Range
from ._feed import Augment

__all__ = ["CNNRNNClassifier"]

_FUSIONS = ("concat", "gated", "product")


@dataclass(eq=False, repr=False)
class CNNRNNClassifier(ClassifierMixin, Network):
    """Classify samples of several modalities with one jointly trained network.

    Each block gets the branch that suits its values: pictures a convolutional net, frames and words
    a recurrent net, features a dense layer. The branches meet in one of three ways.

    Not for a few hundred samples, unless to learn how it works: there the classical pipeline,
    features and :class:`mmtutor.fusion.DecisionFusion`, is hard to beat. Nor for models pretrained
    elsewhere: those are fine-tuned with their own library.

    Parameters
    ----------
    blocks : list of (name, transformer, columns) triples
        What each branch reads, as in :class:`mmtutor.fusion.FeatureFusion`. The transformer returns
        pictures in [0, 1] of shape (n_samples, height, width, channels), frames of shape
        (n_samples, n_frames, n_features) with NaN for padding, word numbers of shape (n_samples,
        length) with 0 for padding, or features of shape (n_samples, n_features). Two-dimensional
        whole numbers are word numbers only if the transformer, or the last step of a pipeline, has
        a fitted attribute ``n_tokens_``, the number of words with the padding, as
        :class:`mmtutor.text.TokenSequences` does.
    fusion : {"concat", "gated", "product"}, default="concat"
        "concat": the branches' features side by side, then a dense layer. "gated": a learned gate
        weighs the branches anew for each sample (after Arevalo et al. 2017). "product": each branch
        decides by itself and the decisions are multiplied, the product rule trained as one network.
    units : int, default=48
        Width of the branches.
    dropout : float in [0, 1), default=0.3
        Share of features hidden in training.
    modality_dropout : float in [0, 1), default=0.0
        Probability with which a whole modality is hidden from a training sample.
    auxiliary : float, default=0.0
        Weight of a loss of its own for each branch, so that each one learns to be right alone
        (compare Wang et al. 2020).
    augment : mapping of block name to function, optional
        ``function(values, rng) -> values`` changes a training batch of a block, drawn anew each
        time; values are scaled as the network sees them, of shape (n_batch, ...), NaN where a
        sequence is padded.
    epochs, batch_size : int, default=30 and 32
        Passes over the training samples, and the most samples per step; the steps of a pass are
        equally large.
    learning_rate : float, default=2e-3
        Of the Adam optimiser.
    {alike}
    classes_ : ndarray of shape (n_classes,)
        The labels.
    network_ : keras.Model
        The trained network, from scaled values and presences to the posteriors ``"decision"``.

    See Also
    --------
    mmtutor.fusion.DecisionFusion : Fuse classifiers that were trained apart.
    ContrastiveAligner : Learn from pairs without labels.

    Notes
    -----
    Taught in notebook 08. Blocks are centred and scaled on the training samples; pictures by one
    mean and one standard deviation for all pixels.

    Fitting the same estimator again, on samples of the same shape, starts from the same first
    weights but builds no new network, which is several times faster: ``network_`` is then the same
    object with other weights. :mod:`mmtutor.deep` says how to save a fitted one.

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
    """

    blocks: list[tuple[str, Any, Any]]
    _: KW_ONLY
    fusion: str = "concat"
    units: int = 48
    dropout: float = 0.3
    modality_dropout: float = 0.0
    auxiliary: float = 0.0
    augment: Mapping[str, Augment] | None = None
    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 2e-3
    validation_fraction: float = 0.0
    callbacks: Sequence[keras.callbacks.Callback] | None = None
    random_state: int | None = 0
    verbose: int = 1

    _centre_pictures = True  # a network learns slowly from numbers that are all positive
    _ranges: ClassVar[dict[str, Range]] = Network._ranges | {
        "modality_dropout": SHARE,
        "auxiliary": WEIGHT,
    }

    @fits_anew
    def fit(  # type: ignore[override]
        self, X: Any, y: ArrayLike, groups: ArrayLike | None = None
    ) -> CNNRNNClassifier:
        """Train the network.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; cells may be missing.
        y : array-like of shape (n_samples,)
            Their labels.
        groups : array-like of shape (n_samples,), optional
            With `validation_fraction`, samples of one group (a speaker, an author) are held out
            together.

        Returns
        -------
        CNNRNNClassifier
            The fitted estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, labels are missing, continuous or of one class,
            what a block's transformer returns is no kind of input (the message names the block), or
            training diverges.
        """
        require_same_rows(X=X, y=y, groups=groups)
        return self._fit(X, self._labels(y), groups)

    def _check(self, names: list[str]) -> None:
        super()._check(names)
        if not isinstance(self.fusion, str) or self.fusion not in _FUSIONS:
            raise ValueError(f"fusion is {self.fusion!r}; expected one of {', '.join(_FUSIONS)}")
        if self.fusion == "gated" and len(names) < 2:
            raise ValueError("a gate weighs two blocks or more; for one use fusion='concat'")
        augment = {} if self.augment is None else self.augment
        if not isinstance(augment, Mapping):
            raise ValueError(
                f"augment is {augment!r:.60}; expected a mapping of blocks to functions"
            )
        unknown = set(augment) - set(names)
        if unknown:
            raise ValueError(f"augment names {sorted(unknown, key=str)}, which are no blocks")
        for name, change in augment.items():
            if not callable(change):
                raise ValueError(f"augment[{name!r}] is {change!r:.60}; expected a function")

    def _labels(self, y: ArrayLike) -> np.ndarray:
        labels = as_target(y)
        missing = pd.isna(labels)
        if missing.any():
            row = row_names(y)[missing.argmax()]
            raise ValueError(f"y has {missing.sum()} missing labels, the first in row {row}")
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) == 1:
            raise ValueError(
                f"y holds one class only, {labels.tolist()[0]!r}: nothing to tell apart"
            )
        return labels

    def _split(self, n_samples: int, y: np.ndarray, groups: Any, seed: int) -> list[np.ndarray]:
        rows = super()._split(n_samples, y, groups, seed)
        lost = np.setdiff1d(self.classes_, y[rows[0]])
        if len(lost):
            raise ValueError(
                f"all samples of class {lost.tolist()[0]!r} are held out, none is left to learn"
            )
        return rows

    def _samples(self, inputs: dict[str, np.ndarray], y: np.ndarray) -> tuple[Any, ...]:
        codes = np.searchsorted(self.classes_, y)
        return inputs, dict.fromkeys(self._decisions(), codes)

    def _decisions(self) -> list[str]:
        """Return what is trained: the decision, and with `auxiliary` each branch's own."""
        own = [f"{block.name}_decision" for block in self.blocks_] if self.auxiliary else []
        return ["decision", *own]

    def _plan(self) -> tuple[Any, ...]:
        settings = (self.fusion, self.units, self.dropout, self.auxiliary, self.learning_rate)
        return len(self.classes_), *settings

    def _build(self) -> tuple[keras.Model, keras.Model]:
        n_classes = len(self.classes_)
        inputs, values, presences = block_inputs(self.blocks_)
        features = [
            # an absent modality says nothing
            branch(block, tensor, units=self.units, dropout=self.dropout) * present
            for block, tensor, present in zip(self.blocks_, values, presences, strict=True)
        ]
        singles = {
            f"{block.name}_decision": layers.Dense(
                n_classes, activation="softmax", name=f"{block.name}_decision"
            )(feature)
            for block, feature in zip(self.blocks_, features, strict=True)
        }
        gates: dict[str, KerasTensor] = {}
        if self.fusion == "product":
            decision = _product(list(singles.values()), presences)
        else:
            drop, meet = layers.Dropout(self.dropout), {"concat": _concat, "gated": _gated}
            meeting, gates = meet[self.fusion](features, presences, self.units)
            decision = layers.Dense(n_classes, activation="softmax", name="joint")(drop(meeting))
        decision = layers.Identity(name="decision")(decision)
        answers = {"decision": decision}
        if self.auxiliary or self.fusion == "product":  # else they learn nothing
            answers |= singles
        trained = self._decisions()
        trainer = keras.Model(inputs, {name: answers[name] for name in trained})
        trainer.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            jit_compile=False,
            loss=dict.fromkeys(trained, "sparse_categorical_crossentropy"),
            loss_weights={k: 1.0 if k == "decision" else self.auxiliary for k in trained},
            metrics={"decision": "accuracy"},
        )
        return keras.Model(inputs, answers | gates), trainer

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return how probable each class is.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples, with the columns of training; cells may be missing.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Posteriors, in the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the network is not trained yet.
        ValueError
            If what a block's transformer returns does not fit what it returned in training.
        """
        return self._outputs(self._read(X))["decision"].astype(float)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable label of each sample.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            As for :meth:`predict_proba`.

        Returns
        -------
        ndarray of shape (n_samples,)
            The labels.

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`predict_proba`.
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

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
        NotFittedError
            If the network is not trained yet.
        ValueError
            If the branches learned no decisions of their own: neither ``fusion="product"`` nor
            ``auxiliary`` above 0.

        Notes
        -----
        Taught in notebook 08.
        """
        outputs = self._outputs(self._read(X))
        if f"{self.blocks_[0].name}_decision" not in outputs:
            raise ValueError(
                "the network was trained without a decision of its single branches: set "
                'auxiliary=1, or fusion="product", and fit again'
            )
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
        NotFittedError
            If the network is not trained yet.
        ValueError
            If there is no gate: `fusion` was not "gated".

        Notes
        -----
        Taught in notebook 08.
        """
        outputs = self._outputs(self._read(X))
        if "gates" not in outputs:
            raise ValueError('the network was trained without a gate; only fusion="gated" has one')
        return {b.name: outputs["gates"][:, k].astype(float) for k, b in enumerate(self.blocks_)}


def _concat(
    features: list[KerasTensor], presences: list[KerasTensor], units: int
) -> tuple[KerasTensor, dict[str, KerasTensor]]:
    # Which modalities are absent is told to the network too: zeros alone could be a quiet signal.
    together = ops.concatenate([*features, *presences], axis=-1)
    return layers.Dense(units, activation="relu", name="meeting")(together), {}


def _gated(
    features: list[KerasTensor], presences: list[KerasTensor], units: int
) -> tuple[KerasTensor, dict[str, KerasTensor]]:
    together = ops.concatenate(features, axis=-1)
    present = ops.concatenate(presences, axis=-1)
    gate = layers.Dense(len(features), name="gate")(together) + (present - 1) * 1e9
    gates = layers.Activation("softmax", name="gates")(gate)
    voices = [layers.Dense(units, activation="tanh")(feature) for feature in features]
    weighted = ops.expand_dims(gates, -1) * ops.stack(voices, axis=1)
    return ops.sum(weighted, axis=1), {"gates": gates}


def _product(decisions: list[KerasTensor], presences: list[KerasTensor]) -> KerasTensor:
    # With equal priors: the sum of log-posteriors over the experts present, normalised.
    logs = [
        ops.log(ops.maximum(decision, 1e-7)) * present
        for decision, present in zip(decisions, presences, strict=True)
    ]
    return ops.softmax(sum(logs), axis=-1)
