"""Answers to the exercises of chapter 07."""

import keras
import numpy as np
from keras import layers, ops
from scipy.special import xlogy
from sklearn.metrics import mean_squared_error

# 07.1


def code_where(proposals, present):
    total = np.where(present[:, :, None], proposals, 0).sum(axis=1)
    return total / np.maximum(present.sum(axis=1), 1)[:, None]


def code_loop(proposals, present):
    out = np.zeros((len(proposals), proposals.shape[2]))
    for row, (p, here) in enumerate(zip(proposals, present, strict=True)):
        if here.any():
            out[row] = p[here].mean(axis=0)
    return out


def code_float32(proposals, present):
    mask = present[:, :, None].astype(np.float32)
    total = (np.nan_to_num(proposals).astype(np.float32) * mask).sum(axis=1)
    return total / np.clip(mask.sum(axis=1), 1, None)


def code_nanmean(proposals, present):
    return np.nan_to_num(np.nanmean(np.where(present[..., None], proposals, np.nan), axis=1))


def code_einsum(proposals, present):
    weights = present / np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.einsum("nm,nmc->nc", weights, np.where(present[..., None], proposals, 0)).tolist()


def total(proposals, present):
    return (proposals * present[:, :, None]).sum(axis=1)


def erase(proposals, present):
    proposals[~present] = 0
    return proposals.sum(axis=1) / np.maximum(present.sum(axis=1), 1)[:, None]


# 07.2


def drop_scores(present, rate, rng):
    draw = rng.random(present.shape)
    kept = present & (draw >= rate)
    lost = np.flatnonzero(~kept.any(axis=1))
    back = np.where(present[lost], rng.random((len(lost), present.shape[1])), -1).argmax(axis=1)
    kept[lost, back] = True
    return kept


def drop_again(present, rate, rng):
    kept = present & (rng.random(present.shape) >= rate)
    while not (enough := kept.any(axis=1)).all():
        again = present & (rng.random(present.shape) >= rate)
        kept = np.where(enough[:, None], kept, again)
    return kept


def drop_all_again(present, rate, rng):
    while True:
        kept = present & (rng.random(present.shape) >= rate)
        if kept.any(axis=1).all():
            return kept


def drop_by_loops(present, rate, rng):
    out = []
    for row in present:
        there = np.flatnonzero(row)
        kept = [m for m in there if rng.random() > rate] or [rng.choice(there)]
        out.append([int(m in kept) for m in range(len(row))])
    return out


def drop_by_binomial(present, rate, rng):
    kept = present * rng.binomial(1, 1 - rate, size=present.shape)
    for row in np.flatnonzero(kept.sum(axis=1) == 0):
        kept[row, rng.choice(np.flatnonzero(present[row]))] = 1
    return kept.astype(np.float32)


def drop_first_back(present, rate, rng):
    kept = present & (rng.random(present.shape) >= rate)
    lost = ~kept.any(axis=1)
    kept[lost, present[lost].argmax(axis=1)] = True
    return kept


def drop_in_place(present, rate, rng):
    present &= drop_scores(present, rate, rng)
    return present


def drop_whole_batch(present, rate, rng):
    kept = present & (rng.random(present.shape[1]) >= rate)
    return np.where(kept.any(axis=1, keepdims=True), kept, present)


def drop_all_or_nothing(present, rate, rng):
    kept = present & (rng.random((len(present), 1)) >= rate)
    lost = np.flatnonzero(~kept.any(axis=1))
    kept[lost, [rng.choice(np.flatnonzero(present[row])) for row in lost]] = True
    return kept


def drop_global(present, rate, rng):
    return drop_scores(present, rate, np.random)


def drop_global_back(present, rate, rng):
    kept = present & (rng.random(present.shape) >= rate)
    for row in np.flatnonzero(~kept.any(axis=1)):
        kept[row, np.random.choice(np.flatnonzero(present[row]))] = True  # noqa: NPY002
    return kept


def drop_seeded(present, rate, rng):
    return drop_scores(present, rate, np.random.default_rng(0))


def drop_complete_only(present, rate, rng):
    return np.where(present.all(axis=1, keepdims=True), drop_scores(present, rate, rng), present)


def drop_incomplete_first_back(present, rate, rng):
    whole = present.all(axis=1, keepdims=True)
    return np.where(whole, drop_scores(present, rate, rng), drop_first_back(present, rate, rng))


def drop_never_the_last(present, rate, rng):
    kept = drop_scores(present, rate, rng)
    kept[:, -1] = present[:, -1]
    return kept


def drop_hidden(present, rate, rng):
    return present & ~drop_scores(present, rate, rng)


def drop_three(present, rate, rng):
    return drop_scores(present[:, :3], rate, rng)


def drop_one(present, rate, rng):
    """At most one modality a sample."""
    kept = present.copy()
    for row in np.flatnonzero((rng.random(len(present)) < rate) & (present.sum(axis=1) > 1)):
        kept[row, rng.choice(np.flatnonzero(present[row]))] = False
    return kept


def drop_back_to_all(present, rate, rng):
    kept = present & (rng.random(present.shape) >= rate)
    return np.where(kept.any(axis=1, keepdims=True), kept, present)


# 07.3


def loss_select(x, output, present):
    if not present.any():
        return 0.0
    return ((x[present] - output[present]) ** 2).mean()


def loss_weigh(x, output, present):
    each = np.square(x - output).mean(axis=1)
    return each @ present / max(present.sum(), 1)


def loss_sklearn(x, output, present):
    return mean_squared_error(x[present], output[present]) if present.any() else 0


def loss_loop(x, output, present):
    total, n = 0.0, 0
    for a, b, here in zip(x, output, present, strict=True):
        if here:
            total += sum((p - q) ** 2 for p, q in zip(a, b, strict=True))
            n += len(a)
    return total / n if n else 0.0


def loss_float32(x, output, present):
    mask = present.astype(np.float32)[:, None] * np.ones(x.shape[1], dtype=np.float32)
    square = (x.astype(np.float32) - output.astype(np.float32)) ** 2
    return (square * mask).sum() / np.maximum(mask.sum(), 1)


# 07.4


def decide_keras(targets):
    losses, weights = {}, {}
    for name, x in targets.items():
        in_unit = x.min() >= 0 and x.max() <= 1
        losses[name] = "binary_crossentropy" if in_unit else "mean_squared_error"
        guess = np.broadcast_to(x.mean(axis=0), x.shape)
        weights[name] = 1 / float(ops.mean(keras.losses.get(losses[name])(x, guess)))
    return losses, weights


def decide_classes(targets):
    losses = {
        name: keras.losses.BinaryCrossentropy()
        if 0 <= x.min() <= x.max() <= 1
        else keras.losses.MeanSquaredError()
        for name, x in targets.items()
    }
    weights = {
        name: 1 / losses[name](x, np.tile(x.mean(axis=0), (len(x), 1)))
        for name, x in targets.items()
    }
    return losses, weights


def decide_numpy(targets, unit_loss="binary_crossentropy", other_loss="mse", weigh=None):
    losses, weights = {}, {}
    for name, x in targets.items():
        p = x.mean(axis=0)
        if np.all((x >= 0) & (x <= 1)):
            losses[name], cost = unit_loss, np.mean(-p * np.log(p) - (1 - p) * np.log(1 - p))
        else:
            losses[name], cost = other_loss, x.var(axis=0).mean()
        weights[name] = weigh(x, cost) if weigh else 1 / cost
    return [losses, weights]


def decide_sklearn(targets):
    losses, weights = {}, {}
    for name, x in targets.items():
        p = x.mean(axis=0)
        if ((x < 0) | (x > 1)).any():
            losses[name] = keras.losses.mean_squared_error
            weights[name] = np.float32(1 / mean_squared_error(x, np.ones((len(x), 1)) * p))
        else:
            losses[name] = keras.losses.binary_crossentropy
            weights[name] = np.float32(1 / -np.mean(xlogy(x, p) + xlogy(1 - x, 1 - p)))
    return losses, weights


def decide_reversed(targets):
    losses, weights = decide_numpy(targets, "BinaryCrossentropy", "MeanSquaredError")
    return dict(reversed(losses.items())), dict(reversed(weights.items()))


def decide_by_sign(targets):
    losses, weights = decide_numpy(targets)
    for name, x in targets.items():
        losses[name] = "binary_crossentropy" if x.min() >= 0 else "mean_squared_error"
    return losses, weights


def weighing(weigh):
    return lambda targets: decide_numpy(targets, weigh=weigh)


# 07.5


def build(
    sizes,
    code_size,
    share=layers.average,
    last="linear",
    hidden=0,
    code=None,
    inner="relu",
):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    proposals = []
    for x in inputs.values():
        if hidden:
            x = layers.Dropout(0.2)(layers.Dense(hidden, activation=inner)(x))
        proposals.append(layers.Dense(code or code_size)(x))
    z = share(proposals)
    outputs = {name: layers.Dense(size, activation=last)(z) for name, size in sizes.items()}
    return keras.Model(inputs, outputs)


def build_batch_norm(sizes, code_size):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    x = layers.BatchNormalization()(layers.concatenate(list(inputs.values())))
    z = layers.Dense(code_size)(layers.Dense(32, activation="gelu")(x))
    return keras.Model(inputs, {name: layers.Dense(size)(z) for name, size in sizes.items()})


def build_operators(sizes, code_size):
    inputs = {name: keras.Input((size,)) for name, size in sizes.items()}
    z = sum(layers.Dense(code_size)(x) for x in inputs.values()) / len(sizes)
    return keras.Model(inputs, {name: layers.Dense(size)(z) for name, size in sizes.items()})


def build_apart(sizes, code_size):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    codes = {name: layers.Dense(code_size)(x) for name, x in inputs.items()}
    outputs = {name: layers.Dense(size)(codes[name]) for name, size in sizes.items()}
    return keras.Model(inputs, outputs)


def build_from_first(sizes, code_size):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    z = layers.Dense(code_size)(next(iter(inputs.values())))
    return keras.Model(inputs, {name: layers.Dense(size)(z) for name, size in sizes.items()})


def build_skip(sizes, code_size):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    z = layers.add([layers.Dense(code_size)(x) for x in inputs.values()])
    outputs = {
        name: layers.Dense(size)(layers.concatenate([z, inputs[name]]))
        for name, size in sizes.items()
    }
    return keras.Model(inputs, outputs)


def build_deep(sizes, code_size, inner=8, activation=None):
    inputs = {name: keras.Input((size,)) for name, size in sizes.items()}
    z = layers.average([layers.Dense(code_size)(x) for x in inputs.values()])
    outputs = {
        name: layers.Dense(size)(layers.Dense(inner, activation=activation)(z))
        for name, size in sizes.items()
    }
    return keras.Model(inputs, outputs)


def build_without_bias(sizes, code_size):
    inputs = {name: keras.Input((size,)) for name, size in sizes.items()}
    z = layers.LayerNormalization()(
        layers.average([layers.Dense(code_size)(x) for x in inputs.values()])
    )
    decoders = {
        name: keras.Sequential([layers.Dense(size, use_bias=False)]) for name, size in sizes.items()
    }
    return keras.Model(inputs, {name: decoder(z) for name, decoder in decoders.items()})


def build_list(sizes, code_size):
    model = build(sizes, code_size)
    return keras.Model(model.inputs, list(model.outputs))


def build_swapped(sizes, code_size):
    inputs = {name: keras.Input((size,), name=name) for name, size in sizes.items()}
    z = layers.add([layers.Dense(code_size)(x) for x in inputs.values()])
    turned = dict(zip(sizes, reversed(sizes.values()), strict=True))
    return keras.Model(inputs, {name: layers.Dense(size)(z) for name, size in turned.items()})


def build_two(sizes, code_size):
    return build(dict(list(sizes.items())[:2]), code_size)


def unit(A):
    return A / np.linalg.norm(A, axis=1, keepdims=True)


RIGHT = {
    "07.1": [code_where, code_loop, code_float32, code_nanmean, code_einsum],
    "07.2": [drop_scores, drop_again, drop_all_again, drop_by_loops, drop_by_binomial],
    "07.3": [loss_select, loss_weigh, loss_sklearn, loss_loop, loss_float32],
    "07.4": [decide_keras, decide_classes, decide_numpy, decide_sklearn, decide_reversed],
    "07.5": [
        build,
        build_batch_norm,
        build_operators,
        lambda s, c: build(s, c, share=layers.add, hidden=16),
        lambda s, c: build(s, c, share=layers.maximum, hidden=8, inner="tanh"),
        lambda s, c: build(
            s, c, code=10, share=lambda p: layers.Dense(c)(layers.concatenate(p)), hidden=12
        ),
        build_without_bias,
    ],
}

WRONG = {
    "07.1": [
        (total, "this is the sum"),
        (lambda c, p: total(c, p) / p.shape[1], "divide by all modalities"),
        (lambda c, p: c.mean(axis=1), "have a say"),
        (lambda c, p: total(np.nan_to_num(c), p) / p.sum(axis=1)[:, None], "look out for 0 / 0"),
        (lambda c, p: total(c, p) / np.maximum(p.sum(1), 1)[:, None], "NaN times 0 is NaN"),
        (lambda c, p: np.where(p[:, :, None], c, np.nan).mean(axis=1), "differs most"),
        (lambda c, p: np.where(p[:, :, None], c, np.nan).max(axis=1), "differs most"),
        (lambda c, p: np.where(p[:, :, None], c, -9e9).max(axis=1), "largest proposal"),
        (lambda c, p: np.array([x[h][0] for x, h in zip(c, p, strict=True)]), "first proposal"),
        (lambda c, p: code_where(c, ~p), "other way round"),
        (lambda c, p: np.nanmedian(np.where(p[:, :, None], c, np.nan), axis=1), "differs most"),
        (lambda c, p: c.mean(axis=0), "shape"),
        (lambda c, p: c.max(axis=1), "differs most"),
        (lambda c, p: unit(code_where(c, p)), "differs most"),
        (erase, "changes its input proposals"),
    ],
    "07.2": [
        (lambda p, rate, rng: p & (rng.random(p.shape) >= rate), "lost everything"),
        (lambda p, rate, rng: rng.random(p.shape) >= rate, "show a modality that is absent"),
        (lambda p, rate, rng: drop_scores(p, 1 - rate, rng), ""),
        (lambda p, rate, rng: p, "nothing is hidden"),
        (drop_first_back, "at random"),
        (drop_incomplete_first_back, "at random"),
        (drop_never_the_last, "at random"),
        (drop_complete_only, "samples that lack a modality"),
        (drop_hidden, "return what is shown"),
        (drop_whole_batch, "draw for each sample"),
        (drop_all_or_nothing, "draw for each modality"),
        (drop_one, "of the time"),
        (drop_back_to_all, "of the time"),
        (lambda p, rate, rng: drop_scores(p, rate / 2, rng), "of the time"),
        (lambda p, rate, rng: drop_scores(p, 0.4, rng), ""),
        (lambda p, rate, rng: drop_scores(p, 0.6, rng), "at rate 0"),
        (drop_global, "draw from rng alone"),
        (drop_global_back, "draw from rng alone"),
        (drop_seeded, "draw from rng"),
        (drop_three, "shape"),
        (lambda p, rate, rng: drop_scores(p, max(rate, 0.1), rng), "at rate 0"),
        (drop_in_place, "changes its input present"),
        (lambda p, rate, rng: drop_scores(p, rate, rng).sum(axis=1), "shape"),
    ],
    "07.3": [
        (lambda x, o, p: ((x - o) ** 2).mean(), "absent samples count"),
        (lambda x, o, p: loss_select(x, o, x.any(axis=1)), "absent samples count"),
        (lambda x, o, p: (((x - o) ** 2).mean(axis=1) * p).mean(), "not by all"),
        (lambda x, o, p: ((x - o) ** 2).sum(axis=1)[p].mean(), "widest modality"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean(axis=1).sum(), "not their sum"),
        (lambda x, o, p: ((x - o) ** 2)[p].sum(), "this is a sum"),
        (lambda x, o, p: np.sqrt(((x - o) ** 2)[p].mean()), "root"),
        (lambda x, o, p: np.abs(x - o)[p].mean(), "absolute errors"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean(), "a loss of 0"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean(axis=1), "one number"),
        (lambda x, o, p: ((x + o) ** 2)[p].mean(), "expected"),
        (lambda x, o, p: ((x - o) ** 2)[~p].mean(), "expected"),
        (lambda x, o, p: ((x - o)[p].mean()) ** 2, "expected"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean() / 2 if p.any() else 0, "expected"),
        (lambda x, o, p: np.median(((x - o) ** 2)[p]), "expected"),
        (lambda x, o, p: ((x - o)[p]).var(), "expected"),
        (lambda x, o, p: loss_select(x, o.__isub__(1e-3), p), "changes its input o"),
    ],
    "07.4": [
        (weighing(lambda x, cost: 1.0), "all weights are the same"),
        (weighing(lambda x, cost: cost), "its inverse"),
        (weighing(lambda x, cost: 1 / cost / x.shape[1]), "mean over the columns"),
        (weighing(lambda x, cost: 1 / x.shape[1]), "mean over the columns"),
        (weighing(lambda x, cost: 1 / x.var(axis=0).mean()), "cross-entropy where"),
        (weighing(lambda x, cost: cost**-0.5), "no root"),
        (weighing(lambda x, cost: 1 / (len(x) * cost)), "differs most"),
        (weighing(lambda x, cost: 1 / (x**2).mean()), "differs most"),
        (weighing(lambda x, cost: x.shape[1] / cost), "differs most"),
        (weighing(lambda x, cost: None), "each weight must be one number"),
        (lambda t: decide_numpy(t, unit_loss="mse"), "look where its values lie"),
        (lambda t: decide_numpy(t, other_loss="binary_crossentropy"), "look where"),
        (lambda t: decide_numpy(t, other_loss="mae"), "look where"),
        (lambda t: decide_numpy(t, "categorical_crossentropy"), "look where"),
        (lambda t: decide_numpy(t, other_loss="squared"), "none of Keras's"),
        (lambda t: decide_numpy(t, "mse", "binary_crossentropy"), "look where"),
        (lambda t: decide_numpy(t)[0], "two dictionaries"),
        (lambda t: [list(d.values()) for d in decide_numpy(t)], "two dictionaries"),
        (
            lambda t: decide_numpy({n: x for n, x in t.items() if n != "voice"} | {"v": 1}),
            "stopped",
        ),
        (lambda t: decide_numpy({f"{n}_out": x for n, x in t.items()}), "names of `targets`"),
        (decide_by_sign, "look where"),
    ],
    "07.5": [
        (build_apart, "share one code"),
        (build_from_first, "share one code"),
        (build_deep, "one linear layer from the code"),
        (lambda s, c: build_deep(s, c, c), "one linear layer from the code"),
        (build_skip, "let all pass through it"),
        (lambda s, c: build(s, c, share=layers.concatenate), "let all pass through it"),
        (lambda s, c: build(s, c + 1), "let all pass through it"),
        (lambda s, c: build(s, c, last="sigmoid"), "standardised features do not"),
        (lambda s, c: build(s, c, last="tanh"), "standardised features do not"),
        (build_list, "return a dictionary"),
        (build_two, ""),
        (build_swapped, "must have shape"),
        (lambda s, c: [build(s, c)], "return a keras.Model"),
        (lambda s, c: build(list(s), c), "stopped with"),
    ],
}
