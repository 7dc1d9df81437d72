"""One branch per kind of modality: from its tensor to a vector of features.

Masking: a padding frame is all NaN. Convolutions do not know about masks, so before and after each
of them the padding is set to zero; then a clip's features do not depend on how far it was padded.

Whatever belongs to a block is called by its name, "_" and one word; nothing else has a "_" in its
name. So no name of a block can clash with another one's layers or with those that all share.
"""

from __future__ import annotations

import keras
from keras import KerasTensor, layers, ops, regularizers

from ._blocks import Block


def values_of(name: str) -> str:
    """Return the name of the input that takes a block's values."""
    return f"{name}_values"


def presence_of(name: str) -> str:
    """Return the name of the input that says whether a block's cell is there: 1, or else 0."""
    return f"{name}_present"


def block_inputs(
    blocks: list[Block],
) -> tuple[dict[str, KerasTensor], list[KerasTensor], list[KerasTensor]]:
    """Return a network's inputs by name, and in the blocks' order their values and presences."""
    values = [
        keras.Input(
            block.shape,
            dtype="int32" if block.kind == "tokens" else "float32",
            name=values_of(block.name),
        )
        for block in blocks
    ]
    presences = [keras.Input((1,), name=presence_of(block.name)) for block in blocks]
    return {tensor.name: tensor for tensor in values + presences}, values, presences


def branch(block: Block, tensor: KerasTensor, *, units: int, dropout: float) -> KerasTensor:
    """Return the features of one modality, a tensor of shape (batch, width)."""
    build = {"image": _image, "sequence": _sequence, "tokens": _tokens, "vector": _vector}
    return build[block.kind](block, tensor, units, dropout)


def _image(block: Block, x: KerasTensor, units: int, dropout: float) -> KerasTensor:
    name = block.name
    side = min(block.shape[:2])
    stage = 0
    while side >= 6 and stage < 4:  # halve until a few cells are left
        stage += 1
        x = layers.Conv2D(16 * stage, 3, activation="relu", name=f"{name}_conv{stage}")(x)
        x = layers.MaxPooling2D(name=f"{name}_pool{stage}")(x)
        side = (side - 2) // 2
    x = layers.Flatten(name=f"{name}_flat")(x)
    x = layers.Dropout(dropout, name=f"{name}_drop1")(x)
    x = layers.Dense(units, activation="relu", name=f"{name}_dense")(x)
    return layers.Dropout(dropout, name=f"{name}_drop2")(x)


def _sequence(block: Block, x: KerasTensor, units: int, dropout: float) -> KerasTensor:
    name = block.name
    gaps = ops.isnan(x)
    mask = ops.cast(ops.logical_not(ops.all(gaps, axis=-1, keepdims=True)), "float32")
    x = ops.where(gaps, 0.0, x)
    for stage in (1, 2):
        x = layers.Conv1D(units, 5, padding="same", name=f"{name}_conv{stage}")(x)
        # Trainings are short: with the usual 0.99 the averages would lag behind the weights.
        normalise = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm{stage}")
        x = ops.relu(normalise(x, mask=ops.squeeze(mask, -1) > 0)) * mask
        if block.shape[0] >= 16:  # keep enough frames for the recurrent net to read
            x = layers.MaxPooling1D(2, padding="same", name=f"{name}_pool{stage}")(x)
            mask = layers.MaxPooling1D(2, padding="same", name=f"{name}_mask{stage}")(mask)
        x = layers.Dropout(dropout, name=f"{name}_drop{stage}")(x)
    x = _recurrent(name, units, x.shape[1])(x, mask=ops.squeeze(mask, -1) > 0)
    return layers.Dropout(dropout, name=f"{name}_drop3")(x)


def _tokens(block: Block, x: KerasTensor, units: int, dropout: float) -> KerasTensor:
    name = block.name
    embed = layers.Embedding(block.n_tokens, units, mask_zero=True, name=f"{name}_embed")
    x = layers.SpatialDropout1D(dropout, name=f"{name}_drop1")(embed(x))
    # Not mask= by hand: the embedding hands its mask on.
    x = _recurrent(name, units, x.shape[1])(x)
    return layers.Dropout(dropout, name=f"{name}_drop2")(x)


def _recurrent(name: str, units: int, n_steps: int) -> layers.Layer:
    # Written out step by step, a short loop is a fifth faster; a long one takes long to prepare.
    return layers.Bidirectional(layers.GRU(units, unroll=n_steps <= 16), name=f"{name}_gru")


def _vector(block: Block, x: KerasTensor, units: int, dropout: float) -> KerasTensor:
    name = block.name
    weak = regularizers.L2(1e-4)
    x = layers.Dropout(dropout, name=f"{name}_drop1")(x)
    dense = layers.Dense(units, activation="relu", kernel_regularizer=weak, name=f"{name}_dense")
    return layers.Dropout(dropout, name=f"{name}_drop2")(dense(x))
