"""Answers to the exercises of chapter 09."""

import keras
import numpy as np
from keras import layers, ops
from scipy.special import log_softmax

# 09.1


def logits(f, g, x, y, t):
    return ops.matmul(ops.normalize(f(x)), ops.transpose(ops.normalize(g(y)))) / t


def known(who):
    return (who[:, None] == who) & ~np.eye(len(who), dtype=bool)


def from_logits(s, axes=(0, 1)):
    return -sum(ops.mean(ops.diagonal(ops.log_softmax(s, axis=axis))) for axis in axes) / len(axes)


def by_infinity(f, g, x, y, who, t):
    return from_logits(ops.where(known(who), -np.inf, logits(f, g, x, y, t)))


def by_a_large_number(f, g, x, y, who, t):
    return from_logits(logits(f, g, x, y, t) - 1e9 * ops.cast(known(who), "float32"))


def by_cross_entropy(f, g, x, y, who, t):
    s = ops.where(known(who), -1e30, logits(f, g, x, y, t))
    own = ops.arange(len(who))
    both = [
        keras.losses.sparse_categorical_crossentropy(own, z, from_logits=True)
        for z in (s, ops.transpose(s))
    ]
    return ops.mean(ops.stack(both))


def by_loops(f, g, x, y, who, t):
    s, losses = logits(f, g, x, y, t), []
    for i in range(len(who)):
        allowed = [j for j in range(len(who)) if j == i or who[j] != who[i]]
        losses.append(ops.logsumexp(ops.stack([s[i, j] for j in allowed])) - s[i, i])
        losses.append(ops.logsumexp(ops.stack([s[j, i] for j in allowed])) - s[i, i])
    return ops.mean(ops.stack(losses))


def by_shares(f, g, x, y, who, t):
    e = ops.exp(logits(f, g, x, y, t)) * (1 - ops.cast(known(who), "float32"))
    own = ops.diagonal(e)
    both = ops.log(own / ops.sum(e, axis=1)) + ops.log(own / ops.sum(e, axis=0))
    return -ops.mean(both) / 2


def by_hand(f, g, x, y, who, t):
    a, b = np.asarray(f(x)), np.asarray(g(y))
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    s = np.where(known(who), -np.inf, a @ b.T / t)
    return -sum(np.diag(log_softmax(s, axis=k)).mean() for k in (0, 1)) / 2


def of_rows_alone(f, g, x, y, who, t):
    s = logits(f, g, x, y, t)
    rows = from_logits(ops.where(known(who), -np.inf, s), (1,))
    return (rows + from_logits(s, (0,))) / 2


def as_right_answers(f, g, x, y, who, t):
    s = logits(f, g, x, y, t)
    right = ops.cast(who[:, None] == who, "float32")
    right = right / ops.sum(right, axis=1, keepdims=True)
    both = [ops.sum(right * ops.log_softmax(z, axis=1), axis=1) for z in (s, ops.transpose(s))]
    return -ops.mean(ops.stack(both))


def without_own(f, g, x, y, who, t):
    return from_logits(ops.where(who[:, None] == who, -1e30, logits(f, g, x, y, t)))


def first_of_each(f, g, x, y, who, t):
    rows = np.unique(who, return_index=True)[1]
    return from_logits(logits(f, g, x[rows], y[rows], t))


def spoil(f, g, x, y, who, t):
    x *= 2
    return by_infinity(f, g, x, y, who, t)


# 09.2


def by_counting(S, who, k):
    own = who[:, None] == who
    best = np.max(S, axis=1, where=own, initial=-np.inf)
    return float(np.mean(((best[:, None] <= S) & ~own).sum(axis=1) < k))


def by_sorting(S, who, k):
    """The best own item is found if it beats the k-th best of the others."""
    hits = 0
    for row, person in zip(S, who, strict=True):
        others = np.sort(row[who != person])[::-1]
        hits += len(others) < k or row[who == person].max() > others[k - 1]
    return hits / len(S)


def by_lexsort(S, who, k):
    """Among equal scores the own items come last."""
    own = who[:, None] == who
    order = np.lexsort((own, -S), axis=1)[:, :k]
    return np.float32(np.take_along_axis(own, order, axis=1).any(axis=1).mean())


def by_nudging(S, who, k):
    """Ties decided against the own items by taking a little from their scores."""
    S = S - 1e-9 * (who[:, None] == who)
    first = np.argsort(-S, axis=1)[:, :k]
    return np.mean([i in row for i, row in zip(who, who[first], strict=True)])


def by_nested_loops(S, who, k):
    n, hits = len(S), 0
    for i in range(n):
        found = [
            j
            for j in range(n)
            if who[j] == who[i]
            and sum(who[m] != who[i] and S[i][m] >= S[i][j] for m in range(n)) < k
        ]
        hits += bool(found)
    return hits / n


def by_walking(S, who, k):
    """Down the list, the k first of them, others before own where the scores are the same."""
    hits = 0
    for row, person in zip(S, who, strict=True):
        items = sorted(zip(-row, who == person, strict=True))
        hits += any(own for _, own in items[:k])
    return hits / len(S)


def of_own_rows(S, who, k, judge):
    """Each row's verdict on how many own items are among the first k, and how many there are."""
    own = who[:, None] == who
    first = np.argsort(-S, axis=1)[:, :k]
    return np.mean(judge(np.take_along_axis(own, first, axis=1).sum(axis=1), own.sum(axis=1)))


def strictly_above(S, who, k):
    own = who[:, None] == who
    best = np.where(own, S, -np.inf).max(axis=1)
    return np.mean(((best[:, None] < S) & ~own).sum(axis=1) < k)


def own_ties_against(S, who, k):
    best = np.where(who[:, None] == who, S, -np.inf).max(axis=1)
    return np.mean((best[:, None] <= S).sum(axis=1) <= k)


def without_item_i(S, who, k):
    S = S.copy()
    np.fill_diagonal(S, -np.inf)
    return by_counting(S, who, k)


def by_mean_score(S, who, k):
    """The mean score of the own items in place of the best."""
    own = who[:, None] == who
    mean = (S * own).sum(axis=1) / own.sum(axis=1)
    return np.mean(((mean[:, None] <= S) & ~own).sum(axis=1) < k)


def by_persons(S, who, k):
    """Persons ranked, not items: those who have an item as high as the best own one."""
    hits = 0
    for row, person in zip(S, who, strict=True):
        best = row[who == person].max()
        hits += len(set(who[(row >= best) & (who != person)])) < k
    return hits / len(S)


def sorted_in_place(S, who, k):
    right = by_counting(S, who, k)
    S.sort(axis=1)
    return right


# 09.3


def functional(widths, n_components):
    inputs, outputs = {}, {}
    for name, width in widths.items():
        inputs[name] = keras.Input((width,), name=name)
        hidden = layers.Dense(64, activation="relu")(inputs[name])
        outputs[name] = layers.UnitNormalization()(layers.Dense(n_components)(hidden))
    return keras.Model(inputs, outputs)


def sequential(widths, n_components):
    inputs = {name: keras.Input((width,)) for name, width in widths.items()}

    def tower():
        last = [layers.Dense(n_components), layers.UnitNormalization()]
        return keras.Sequential([layers.Dense(64), layers.ReLU(), *last])

    return keras.Model(inputs, {name: tower()(x) for name, x in inputs.items()})


class Towers(keras.Model):
    def __init__(self, names, n_components):
        super().__init__()
        self.hidden = {name: layers.Dense(64, "relu") for name in names}
        self.last = {name: layers.Dense(n_components) for name in names}

    def call(self, x):
        return {n: ops.normalize(self.last[n](self.hidden[n](x[n]))) for n in self.hidden}


def with_operations(widths, n_components):
    inputs = {name: keras.Input((widths[name],), name=name) for name in reversed(widths)}
    outputs = {}
    for name, x in inputs.items():
        z = layers.Dense(n_components)(ops.relu(layers.Dense(64)(x)))
        outputs[name] = z / ops.norm(z, axis=-1, keepdims=True)
    return keras.Model(inputs=inputs, outputs=outputs)


def of_models(widths, n_components):
    def tower(width):
        x = keras.Input((width,))
        z = layers.Dense(n_components, kernel_initializer="he_normal")(
            layers.Activation("relu")(layers.Dense(64)(x))
        )
        return keras.Model(x, layers.UnitNormalization(axis=1)(z))

    inputs = {name: keras.Input((width,), name=name) for name, width in widths.items()}
    return keras.Model(inputs, {name: tower(widths[name])(inputs[name]) for name in widths})


def variant(
    units=64, activation="relu", last=None, unit=layers.UnitNormalization, hidden=True, bias=True
):
    """A right answer with one thing changed."""

    def build(widths, n_components):
        inputs, outputs = {}, {}
        for name, width in widths.items():
            z = inputs[name] = keras.Input((width,), name=name)
            if hidden:
                z = layers.Dense(units, activation=activation, use_bias=bias)(z)
            outputs[name] = unit()(layers.Dense(n_components, activation=last)(z))
        return keras.Model(inputs, outputs)

    return build


def joined(widths, n_components):
    inputs = {name: keras.Input((width,), name=name) for name, width in widths.items()}
    together = layers.Concatenate()(list(inputs.values()))
    outputs = {}
    for name in widths:
        hidden = layers.Dense(64, activation="relu")(together)
        outputs[name] = layers.UnitNormalization()(layers.Dense(n_components)(hidden))
    return keras.Model(inputs, outputs)


def one_last_layer(widths, n_components):
    inputs = {name: keras.Input((width,), name=name) for name, width in widths.items()}
    last = layers.Dense(n_components)
    outputs = {}
    for name, x in inputs.items():
        outputs[name] = ops.normalize(last(layers.Dense(64, activation="relu")(x)))
    return keras.Model(inputs, outputs)


def renamed(widths, n_components):
    model = functional(widths, n_components)
    return keras.Model(model.input, {f"{name}_unit": z for name, z in model.output.items()})


def as_a_list(widths, n_components):
    model = functional(widths, n_components)
    return keras.Model(model.input, list(model.output.values()))


def two_of_them(widths, n_components):
    model = functional(widths, n_components)
    return keras.Model(model.input, dict(list(model.output.items())[:2]))


def as_models(widths, n_components):
    return {name: functional({name: width}, n_components) for name, width in widths.items()}


def mixed_up(widths, n_components):
    model, names = functional(widths, n_components), list(widths)
    others = names[1:] + names[:1]
    return keras.Model(model.input, dict(zip(names, map(model.output.get, others), strict=True)))


RIGHT = {
    "09.1": [by_infinity, by_a_large_number, by_cross_entropy, by_loops, by_shares],
    "09.2": [by_counting, by_sorting, by_lexsort, by_nudging, by_nested_loops, by_walking],
    "09.3": [functional, sequential, Towers, with_operations, of_models],
}

WRONG = {
    "09.1": [
        (lambda f, g, x, y, who, t: from_logits(logits(f, g, x, y, t)), "still pushed away"),
        (
            lambda f, g, x, y, who, t: from_logits(logits(f, g, x, y, t) * ~known(who)),
            "a logit of 0",
        ),
        (of_rows_alone, "of the columns, too"),
        (as_right_answers, "not counted as right"),
        (
            lambda f, g, x, y, who, t: from_logits(
                ops.where(known(who), -np.inf, logits(f, g, x, y, t)), (1,)
            ),
            "only one direction",
        ),
        (lambda *given: 2 * by_infinity(*given), "not their sum"),
        (lambda *given: len(given[4]) * by_infinity(*given), "mean over the pairs"),
        (
            lambda f, g, x, y, who, t: from_logits(
                ops.where(known(who), -np.inf, ops.matmul(f(x), ops.transpose(g(y))) / t)
            ),
            "length 1 first",
        ),
        (lambda f, g, x, y, who, t: by_infinity(f, g, x, y, who, 1.0), "is not used"),
        (lambda f, g, x, y, who, t: by_infinity(f, g, x, y, who, 1 / t), "do not multiply"),
        (lambda *given: -by_infinity(*given), "minus the log-probability"),
        (by_hand, "cannot differentiate"),
        (lambda *given: ops.convert_to_tensor(by_hand(*given)), "cannot differentiate"),
        (lambda *given: float(by_infinity(*given)), "cannot differentiate"),
        (without_own, "expected"),
        (first_of_each, "expected"),
        (lambda f, g, x, y, who, t: by_infinity(f, f, x, y, who, t), "stopped with"),
        (lambda f, g, x, y, who, t: logits(f, g, x, y, t), "one number"),
        (spoil, "changes its input x"),
    ],
    "09.2": [
        (lambda S, who, k: 100 * by_counting(S, who, k), "percentage"),
        (lambda S, who, k: len(S) * by_counting(S, who, k), "divide by the number of queries"),
        (lambda S, who, k: by_counting(S, who, k) / k, "do not divide by k"),
        (lambda S, who, k: by_counting(S, np.arange(len(S)), k), "not item i alone"),
        (without_item_i, "item i is the query's person"),
        (lambda *given: of_own_rows(*given, np.equal), "not all need be found"),
        (lambda *given: of_own_rows(*given, np.divide), "not the share of them"),
        (lambda S, who, k: of_own_rows(S, who, k, lambda n, _: n / k), "not the items"),
        (lambda S, who, k: by_counting(S.T, who, k), "a row is one query"),
        (lambda S, who, k: by_counting(-S, who, k), "took the k smallest"),
        (lambda S, who, k: by_counting(S, who, k - 1), "rank k still counts"),
        (lambda S, who, k: by_counting(S, who, k + 1), "looked at k + 1"),
        (lambda S, who, k: by_counting(S, who, 1), "first item alone"),
        (strictly_above, "exactly as high"),
        (lambda *given: of_own_rows(*given, lambda n, _: n > 0), "exactly as high"),
        (own_ties_against, "of somebody else"),
        (by_mean_score, "as the best own"),
        (by_persons, "as the best own"),
        (lambda S, who, k: k / len(S), "as the best own"),
        (lambda S, who, k: 0.123, "as the best own"),
        (lambda S, who, k: S, "one number"),
        (sorted_in_place, "changes its input S"),
    ],
    "09.3": [
        (variant(unit=layers.Identity), "length 1"),
        (variant(unit=layers.LayerNormalization), "length 1"),
        (variant(unit=lambda: layers.UnitNormalization(axis=0)), "length 1"),
        (variant(hidden=False), "linear"),
        (variant(activation=None), "linear"),
        (variant(activation="tanh"), "not rectified"),
        (variant(activation="gelu"), "not rectified"),
        (variant(last="relu"), "after the last layer"),
        (variant(units=32), "weights; with a tower of its own"),
        (variant(bias=False), "weights; with a tower of its own"),
        (joined, "input of another"),
        (one_last_layer, "weights; with a tower of its own"),
        (renamed, "a dict with the names"),
        (as_a_list, "a dict with the names"),
        (two_of_them, "a dict with the names"),
        (as_models, "return a keras.Model; got dict"),
        (mixed_up, "does not see its input"),
        (lambda widths, n_components: functional(widths, 4 + n_components), "shape"),
        (lambda widths, n_components: functional(dict.fromkeys(widths, 4), 3), "cannot be called"),
    ],
}
