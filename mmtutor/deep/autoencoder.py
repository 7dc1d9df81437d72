"""The multimodal autoencoder: every modality into one shared code, and out of it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import combinations
from typing import Any, ClassVar

import keras
import numpy as np
from keras import KerasTensor, layers, ops
from numpy.typing import ArrayLike
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmtutor._rows import floats

from ._blocks import FAR, Block
from ._branches import block_inputs, presence_of, values_of
from ._estimator import COUNT, SHARE, WEIGHT, Network, Range

__all__ = ["MultimodalAutoencoder"]

_LOSSES = {"vector": keras.losses.MeanSquaredError, "image": keras.losses.BinaryCrossentropy}
# A mean over the samples that count, not over all.
_COUNTED = "mean_with_sample_weight"


@dataclass(eq=False, repr=False)
class MultimodalAutoencoder(TransformerMixin, Network):
    """Learn one code from which every modality can be reconstructed, whichever of them is given.

    Each modality's encoder proposes a code; the shared code is the mean over the modalities that
    are present; each modality's decoder, a single layer, reconstructs from the shared code. Two
    things make the code more than a sum of private ones: in training a modality is hidden at random
    and still has to be reconstructed, and the proposals may be drawn together.

    Not where a line is enough: run canonical correlation (:class:`mmtutor.fusion.FeatureFusion`
    with ``align="cca"``) beside it, which needs a second and few samples. Nor for sharp pictures:
    what is reconstructed from another modality is the mean of all that fits.

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
        Weight of a loss that draws the proposals of the modalities of one sample together, as
        transfer from one modality to another asks (compare Chandar et al. 2016). It is measured
        against the spread within a batch, which must then hold at least two samples.
    epochs, batch_size : int, default=60 and 32
        Passes over the training samples, and the most samples per step; the steps of a pass are
        equally large.
    learning_rate : float, default=1e-3
        Of the Adam optimiser.
    {alike}
    network_ : keras.Model
        The trained network: encoders, shared code and decoders.

    See Also
    --------
    mmtutor.fusion.FeatureFusion : Linear alignment, by canonical correlation.
    ContrastiveAligner : Two modalities in one space, without reconstruction.

    Notes
    -----
    Taught in notebook 07. Loss that fits the data: features are standardised and unbounded, so
    their decoder is linear with squared error; pictures lie in [0, 1], so theirs ends in a sigmoid
    with cross-entropy. Each modality's loss is a mean over its values, so that a large modality
    does not drown a small one, and over the samples in which it was there.

    Fitted again on samples of the same shape, the same object resets its network instead of
    building another. :mod:`mmtutor.deep` says how to save a fitted one.

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
    """

    blocks: list[tuple[str, Any, Any]]
    _: KW_ONLY
    code_size: int = 32
    units: int = 128
    dropout: float = 0.0
    modality_dropout: float = 0.5
    agreement: float = 0.0
    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 1e-3
    validation_fraction: float = 0.0
    callbacks: Sequence[keras.callbacks.Callback] | None = None
    random_state: int | None = 0
    verbose: int = 1

    _ranges: ClassVar[dict[str, Range]] = Network._ranges | {
        "code_size": COUNT,
        "modality_dropout": SHARE,
        "agreement": WEIGHT,
    }

    def _check(self, names: list[str]) -> None:
        super()._check(names)
        if self.agreement and len(names) < 2:
            raise ValueError(f"agreement is {self.agreement}, but there is only one block to agree")

    def _smallest_batch(self) -> int:
        return 2 if self.agreement else 1

    def _samples(self, inputs: dict[str, np.ndarray], y: None) -> tuple[Any, ...]:
        targets, weights = {}, {}
        there = {block.name: inputs[presence_of(block.name)] for block in self.blocks_}
        for block in self.blocks_:
            values = inputs[values_of(block.name)]
            targets[f"{block.name}_out"] = values.reshape(len(values), -1)
            # An absent cell is no target. What modality dropout hides from the code is one.
            weights[f"{block.name}_out"] = there[block.name][:, 0]
        if self.agreement:
            pairs = [p * q for p, q in combinations(there.values(), 2)]
            weights["disagreement"] = np.hstack(pairs)
            targets["disagreement"] = np.zeros_like(weights["disagreement"])
        return inputs, targets, weights

    def _plan(self) -> tuple[Any, ...]:
        return self.code_size, self.units, self.dropout, self.agreement, self.learning_rate

    def _build(self) -> tuple[keras.Model, keras.Model]:
        for block in self.blocks_:
            if block.kind not in _LOSSES:
                raise ValueError(
                    f"block {block.name!r} is a {block.kind}, which has no single reconstruction; "
                    "summarise it first, for example with MFCCFeatures or TfidfFeatures"
                )
        inputs, values, presences = block_inputs(self.blocks_)
        proposals = [self._encoder(*pair) for pair in zip(self.blocks_, values, strict=True)]
        total = ops.maximum(sum(presences), 1.0)
        code = sum(c * p for c, p in zip(proposals, presences, strict=True)) / total
        outputs = {f"{block.name}_out": self._decoder(block)(code) for block in self.blocks_}
        losses = {
            f"{block.name}_out": _LOSSES[block.kind](reduction=_COUNTED) for block in self.blocks_
        }
        weights = dict.fromkeys(losses, 1.0)
        trained = dict(outputs)
        if self.agreement:
            trained["disagreement"] = layers.Identity(name="disagreement")(_disagreement(proposals))
            losses["disagreement"] = _Output(reduction=_COUNTED)
            weights["disagreement"] = self.agreement
        trainer = keras.Model(inputs, trained)
        trainer.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            jit_compile=False,
            loss=losses,
            loss_weights=weights,
        )
        return keras.Model(inputs, outputs | {"code": code}), trainer

    def _encoder(self, block: Block, x: KerasTensor) -> KerasTensor:
        flat = layers.Flatten(name=f"{block.name}_flat")(x)
        x = layers.Dropout(self.dropout, name=f"{block.name}_drop")(flat)
        x = layers.Dense(self.units, activation="relu", name=f"{block.name}_hidden")(x)
        return layers.Dense(self.code_size, name=f"{block.name}_code")(x)

    def _decoder(self, block: Block) -> layers.Layer:
        last = "sigmoid" if block.kind == "image" else "linear"
        return layers.Dense(int(np.prod(block.shape)), activation=last, name=f"{block.name}_out")

    def transform(self, X: Any, given: str | Sequence[str] | None = None) -> np.ndarray:
        """Return the shared code of each sample.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; missing cells are left out of the code.
        given : str or sequence of str, optional
            The block or blocks to encode from; all by default. Columns of other blocks need not
            hold anything.

        Returns
        -------
        ndarray of shape (n_samples, code_size)
            The code; for a sample with no modality at all, zeros.

        Raises
        ------
        NotFittedError
            If the network is not trained yet.
        ValueError
            If there is no such block, or what a block's transformer returns does not fit what it
            returned in training.
        """
        return self._from(X, given)["code"]

    def reconstruct(
        self, X: Any, *, given: str | Sequence[str] | None = None, target: str
    ) -> np.ndarray:
        """Reconstruct one modality from others.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples.
        given : str or sequence of str, optional
            The block or blocks to encode from; all by default.
        target : str
            The block to reconstruct, given or not.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            What the target's transformer would have returned, in its units.

        Raises
        ------
        NotFittedError, ValueError
            As :meth:`transform`.
        """
        block = self._target(target)
        return block.unscaled(self._from(X, given)[f"{block.name}_out"])

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
        NotFittedError
            If the network is not trained yet.
        ValueError
            If there is no such block, or the codes have another width or are no finite numbers.
        """
        block = self._target(target)
        decoder = self.network_.get_layer(f"{block.name}_out")
        given, width = floats("codes", codes), decoder.input.shape[1]
        if given.ndim != 2 or given.shape[1] != width:
            raise ValueError(f"codes have shape {given.shape}; expected (n, {width})")
        if not (np.abs(given) < FAR).all():
            raise ValueError(f"codes hold NaN, infinity or numbers beyond {FAR:g}")
        codes = given.astype("float32")
        return block.unscaled(np.asarray(decoder(codes)))

    def _from(self, X: Any, given: str | Sequence[str] | None) -> dict[str, np.ndarray]:
        kept = self._chosen(given)
        inputs = self._read(X)
        for block in self.blocks_:
            if block not in kept:
                inputs[presence_of(block.name)][:] = 0.0
        return self._outputs(inputs)

    def _target(self, name: str) -> Block:
        blocks = self._chosen(name)
        if name is None or len(blocks) > 1:
            raise ValueError(
                f"target is {name!r:.60}; name one of {[b.name for b in self.blocks_]}"
            )
        return blocks[0]

    def _chosen(self, names: str | Sequence[str] | None) -> list[Block]:
        check_is_fitted(self, "network_")
        known = {block.name: block for block in self.blocks_}
        if isinstance(names, Mapping | bytes) or not (names is None or np.iterable(names)):
            raise ValueError(f"{names!r:.60} given; name blocks of {list(known)} in a list")
        names = list(known) if names is None else [names] if isinstance(names, str) else list(names)
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise ValueError(f"{unknown or 'nothing'} given; the blocks are {list(known)}")
        return [known[name] for name in names]


class _Output(keras.losses.Loss):
    """The output itself, for an output that is a loss."""

    def call(self, _: KerasTensor, output: KerasTensor) -> KerasTensor:
        return output


def _disagreement(proposals: list[KerasTensor]) -> KerasTensor:
    """Return each pair's mean squared distance, (n, n_pairs), relative to the codes' variance.

    Without the ratio the network could agree by making all codes tiny.
    """
    distances = []
    for first, second in combinations(proposals, 2):
        spread = ops.var(first, axis=0) + ops.var(second, axis=0) + 1e-6
        distances.append(ops.mean(ops.square(first - second) / spread, axis=-1, keepdims=True))
    return ops.concatenate(distances, axis=-1)
