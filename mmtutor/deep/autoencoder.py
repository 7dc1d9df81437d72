"""The multimodal autoencoder: every modality into one shared code, and out of it again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ._blocks import Block
from ._network import Network, block_inputs, presence

__all__ = ["MultimodalAutoencoder"]

_KINDS = ("vector", "image")


class MultimodalAutoencoder(TransformerMixin, Network):
    """Learn one code from which every modality can be reconstructed, whichever of them is given.

    Each modality's encoder proposes a code; the shared code is the mean over the modalities that
    are present; each modality's decoder, a single layer, reconstructs from the shared code. In
    training a modality is hidden at random and still has to be reconstructed: that, not the
    architecture alone, makes the code shared.

    Parameters
    ----------
    blocks : list of (name, transformer, columns) triples
        The modalities, as in :class:`mmtutor.fusion.FeatureFusion`. The transformer returns
        features of shape (n_samples, n_features), or pictures in [0, 1] of shape (n_samples,
        height, width, channels).
    code_size : int, default=32
        Width of the shared code.
    units : int, default=128
        Width of the encoders' hidden layer.
    dropout : float in [0, 1), default=0.0
        Share of inputs hidden from the encoders (denoising).
    modality_dropout : float in [0, 1), default=0.5
        Probability with which a present modality is hidden from a training sample; it is
        reconstructed all the same, from the others.
    agreement : float, default=0.0
        Weight of a loss that draws the proposals of the modalities of one sample together, which
        transfer from one modality to another needs (Chandar et al. 2016).
    epochs, batch_size : int, default=60 and 32
        Passes over the training samples, and samples per step.
    learning_rate : float, default=1e-3
        Of the Adam optimiser.
    random_state : int, default=0
        Fixes initial weights, order and dropout.
    verbose : int, default=1
        0 for silence, 1 for a table of a few lines on the way.

    Attributes
    ----------
    network_ : keras.Model
        The trained network: encoders, shared code and decoders.
    history_ : dict of str to list of float
        The losses after each epoch.

    References
    ----------
    Ngiam, Khosla, Kim, Nam, Lee, Ng, Multimodal deep learning, ICML 2011.
    Chandar, Khapra, Larochelle, Ravindran, Correlational neural networks, Neural Computation 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from mmtutor.deep import MultimodalAutoencoder
    >>> rng = np.random.default_rng(0)
    >>> hidden = rng.normal(size=(60, 2))
    >>> X = np.hstack([hidden @ rng.normal(size=(2, 3)), hidden @ rng.normal(size=(2, 4))])
    >>> blocks = [
    ...     ("left", FunctionTransformer(), [0, 1, 2]),
    ...     ("right", FunctionTransformer(), [3, 4, 5, 6]),
    ... ]
    >>> model = MultimodalAutoencoder(blocks, code_size=2, epochs=2, verbose=0).fit(X)
    >>> model.transform(X, given=["left"]).shape
    (60, 2)
    >>> model.reconstruct(X, given=["left"], target="right").shape
    (60, 4)

    Notes
    -----
    Loss that fits the data: features are standardised and unbounded, so their decoder is linear
    with squared error; pictures lie in [0, 1], so theirs ends in a sigmoid with cross-entropy. Each
    modality's loss is a mean over its values, so that a large modality does not drown a small one.
    Taught in notebook 07.
    """

    def __init__(
        self,
        blocks: list[tuple[str, Any, Any]],
        *,
        code_size: int = 32,
        units: int = 128,
        dropout: float = 0.0,
        modality_dropout: float = 0.5,
        agreement: float = 0.0,
        epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        random_state: int = 0,
        verbose: int = 1,
    ) -> None:
        self.blocks = blocks
        self.code_size = code_size
        self.units = units
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.agreement = agreement
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> MultimodalAutoencoder:
        """Train on samples without labels.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; cells may be missing, and are then neither read nor reconstructed.
        y : None
            Ignored.

        Returns
        -------
        MultimodalAutoencoder
            The fitted estimator itself.

        Raises
        ------
        ValueError
            If a block's transformer returns sequences or word numbers, or a single block has
            nothing to agree with.
        """
        inputs = self._prepare(X)
        for block in self.blocks_:
            if block.kind not in _KINDS:
                raise ValueError(
                    f"block {block.name!r} is a {block.kind}, which has no single reconstruction; "
                    "summarise it first, for example with MFCCFeatures or TfidfFeatures"
                )
        if self.agreement and len(self.blocks_) < 2:
            raise ValueError(f"agreement is {self.agreement}, but there is only one block to agree")
        self._build_or_reset()
        targets = {}
        for block in self.blocks_:
            values = inputs[block.name].reshape(len(inputs[block.name]), -1)
            # The last column says whether the cell was there: an absent one is not a target.
            targets[f"{block.name}_out"] = np.hstack([values, inputs[presence(block.name)]])
        if self.agreement:
            there = [inputs[presence(block.name)] for block in self.blocks_]
            # Also what modality dropout hides from the code: its proposal is known all the same.
            targets["disagreement"] = np.hstack([p * q for p, q in combinations(there, 2)])
        self._train(self.network_, inputs, targets)
        return self

    def _build(self) -> keras.Model:
        inputs, proposals, presences = {}, [], []
        for block in self.blocks_:
            values, present = block_inputs(block)
            inputs |= {values.name: values, present.name: present}
            proposals.append(self._encoder(block, values))
            presences.append(present)
        total = ops.maximum(sum(presences), 1.0)
        code = sum(c * p for c, p in zip(proposals, presences, strict=True)) / total
        code = layers.Identity(name="code")(code)
        decoders = [self._decoder(block) for block in self.blocks_]
        outputs = {
            f"{block.name}_out": layers.Identity(name=f"{block.name}_out")(decoder(code))
            for block, decoder in zip(self.blocks_, decoders, strict=True)
        }
        losses = {f"{block.name}_out": _present_loss(block.kind) for block in self.blocks_}
        weights = dict.fromkeys(losses, 1.0)
        if self.agreement:
            outputs["disagreement"] = layers.Identity(name="disagreement")(_disagreement(proposals))
            losses["disagreement"] = _present_pairs
            weights["disagreement"] = self.agreement
        self.network_ = keras.Model(inputs, outputs | {"code": code})
        self.network_.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            jit_compile=False,
            loss=losses,
            loss_weights=weights,
        )
        return self.network_

    def _encoder(self, block: Block, x: KerasTensor) -> KerasTensor:
        flat = layers.Flatten(name=f"{block.name}_flat")(x)
        x = layers.Dropout(self.dropout, name=f"{block.name}_drop")(flat)
        x = layers.Dense(self.units, activation="relu", name=f"{block.name}_hidden")(x)
        return layers.Dense(self.code_size, name=f"{block.name}_code")(x)

    def _decoder(self, block: Block) -> keras.Model:
        last = "sigmoid" if block.kind == "image" else "linear"
        width = int(np.prod(block.shape))
        return keras.Sequential(
            [
                keras.Input((self.code_size,)),
                layers.Dense(width, activation=last),
            ],
            name=f"{block.name}_decoder",
        )

    def transform(self, X: Any, given: Sequence[str] | None = None) -> np.ndarray:
        """Return the shared code of each sample.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; missing cells are left out of the code.
        given : sequence of str, optional
            The blocks to encode from; all by default. Columns of other blocks need not hold
            anything.

        Returns
        -------
        ndarray of shape (n_samples, code_size)
            The code; for a sample with no modality at all, zeros.
        """
        return self._outputs(X, given)["code"]

    def reconstruct(self, X: Any, *, given: Sequence[str] | None = None, target: str) -> np.ndarray:
        """Reconstruct one modality from others.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples.
        given : sequence of str, optional
            The blocks to encode from; all by default.
        target : str
            The block to reconstruct, given or not.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            What the target's transformer would have returned, in its units.
        """
        self._check_names([target])
        block = next(block for block in self.blocks_ if block.name == target)
        values = self._outputs(X, given)[f"{target}_out"]
        return block.unscaled(values.reshape(len(values), *block.shape))

    def decode(self, codes: ArrayLike, *, target: str) -> np.ndarray:
        """Reconstruct one modality from codes, for example from points between two samples.

        Parameters
        ----------
        codes : array-like of shape (n_samples, code_size)
            As :meth:`transform` returns them, or made by hand.
        target : str
            The block to reconstruct.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            What the target's transformer would have returned, in its units.

        Raises
        ------
        ValueError
            If there is no such block, or the codes have another width.
        """
        self._check_names([target])
        codes = np.asarray(codes, dtype="float32")
        if codes.ndim != 2 or codes.shape[1] != self.code_size:
            raise ValueError(f"codes have shape {codes.shape}; expected (n, {self.code_size})")
        block = next(block for block in self.blocks_ if block.name == target)
        values = self._call(self.network_.get_layer(f"{target}_decoder"), codes)
        return block.unscaled(values.reshape(len(values), *block.shape))

    def _outputs(self, X: Any, given: Sequence[str] | None) -> dict[str, np.ndarray]:
        check_is_fitted(self, "network_")
        inputs = self._inputs(X)
        if given is not None:
            self._check_names([given] if isinstance(given, str) else given)
            for block in self.blocks_:
                if block.name not in given:
                    inputs[presence(block.name)][:] = 0.0
        return self._call(self.network_, inputs)

    def _check_names(self, names: Sequence[str]) -> None:
        check_is_fitted(self, "network_")
        known = [block.name for block in self.blocks_]
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"{unknown or 'nothing'} given; the blocks are {known}")


def _present_loss(kind: str) -> Any:
    """Return a loss over the samples in which the modality was there."""

    def loss(target: KerasTensor, output: KerasTensor) -> KerasTensor:
        values, present = target[:, :-1], target[:, -1]
        if kind == "image":
            output = ops.clip(output, 1e-6, 1 - 1e-6)
            error = -(values * ops.log(output) + (1 - values) * ops.log(1 - output))
        else:
            error = ops.square(values - output)
        return ops.sum(ops.mean(error, axis=-1) * present) / ops.maximum(ops.sum(present), 1.0)

    return loss


def _present_pairs(present: KerasTensor, distances: KerasTensor) -> KerasTensor:
    return ops.sum(present * distances) / ops.maximum(ops.sum(present), 1.0)


def _disagreement(proposals: list[KerasTensor]) -> KerasTensor:
    """Return each pair's mean squared distance, (n, n_pairs), relative to the codes' variance.

    Without the ratio the network could agree by making all codes tiny.
    """
    distances = []
    for first, second in combinations(proposals, 2):
        spread = ops.var(first, axis=0) + ops.var(second, axis=0) + 1e-6
        distances.append(ops.mean(ops.square(first - second) / spread, axis=-1, keepdims=True))
    return ops.concatenate(distances, axis=-1)
