"""Checks of chapter 09, contrastive alignment. Keras is loaded when an answer is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.special import log_softmax

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, as_number, compare, exercise, judged
from mmtutor.exercises._scaling import unit

# --- 09.1 ---------------------------------------------------------------------------------------


def _loss(s: np.ndarray, who: np.ndarray, outside: float = -np.inf, axes: Any = (0, 1)) -> float:
    """The loss of logits; those of known matches, but the own one, are replaced."""
    known = (who[:, None] == who) & ~np.eye(len(s), dtype=bool)
    s = np.where(known, outside, s)
    return -float(np.mean([np.diag(log_softmax(s, axis=axis)).mean() for axis in axes]))


def _left_out_of_rows(s: np.ndarray, who: np.ndarray) -> float:
    return (_loss(s, who, axes=(1,)) + _loss(s, np.arange(len(s)), axes=(0,))) / 2


def _all_right(s: np.ndarray, who: np.ndarray) -> float:
    """Known matches count as right answers, each with the same share."""
    share = (who[:, None] == who) / (who[:, None] == who).sum(axis=1, keepdims=True)
    return -float(np.mean([(share * log_softmax(z, axis=1)).sum(axis=1).mean() for z in (s, s.T)]))


_SLIPS = {  # of the embeddings A and B, the persons and the temperature
    N_("partners of the same person are still pushed away: leave them out."):
        lambda A, B, who, t: _loss(unit(A) @ unit(B).T / t, np.arange(len(A))),
    N_("leave them out of the sum: a logit of 0 still has a share, exp(0) = 1."):
        lambda A, B, who, t: _loss(unit(A) @ unit(B).T / t, who, 0.0),
    N_("leave them out in both directions: of the columns, too."):
        lambda A, B, who, t: _left_out_of_rows(unit(A) @ unit(B).T / t, who),
    N_("known matches are left out, not counted as right answers."):
        lambda A, B, who, t: _all_right(unit(A) @ unit(B).T / t, who),
    N_("only one direction: let the other halves look for their partners, too."):
        lambda A, B, who, t: _loss(unit(A) @ unit(B).T / t, who, axes=(1,)),
    N_("take the mean of the two directions, not their sum."):
        lambda A, B, who, t: 2 * _loss(unit(A) @ unit(B).T / t, who),
    N_("take the mean over the pairs, not their sum."):
        lambda A, B, who, t: len(A) * _loss(unit(A) @ unit(B).T / t, who),
    N_("scale what the towers return to length 1 first: cosine similarity."):
        lambda A, B, who, t: _loss(A @ B.T / t, who),
    N_("the temperature is not used."):
        lambda A, B, who, t: _loss(unit(A) @ unit(B).T, who),
    N_("divide by the temperature, do not multiply."):
        lambda A, B, who, t: _loss(unit(A) @ unit(B).T * t, who),
    N_("a loss is minus the log-probability."):
        lambda A, B, who, t: -_loss(unit(A) @ unit(B).T / t, who),
}  # fmt: skip


@judged(
    "09.1",
    "a function (f, g, x, y, who, temperature) that returns the loss, one number, computed with "
    "keras.ops so that Keras can differentiate it",
)
def _known_matches(ask: Callable, rng: np.random.Generator) -> str:
    import keras
    import tensorflow as tf

    tried, wrong = [], None
    for n in (6, 7, 9):
        x, y = (rng.normal(size=(n, width)).astype("float32") for width in (3, 4))
        weights = [keras.Variable(rng.normal(size=(width, 5)), dtype="float32") for width in (3, 4)]
        f, g = (lambda values, W=W: keras.ops.matmul(values, W) for W in weights)
        who, temperature = rng.permutation(np.arange(n) // 2), float(rng.uniform(0.2, 0.6))
        with tf.GradientTape() as tape:
            value = ask(f, g, x, y, who, temperature)
        A, B = np.asarray(f(x), float), np.asarray(g(y), float)
        tried.append((as_number(value), (A, B, who, temperature)))
        try:
            right = _loss(unit(A) @ unit(B).T / temperature, who)
            compare(tried[-1][0], right, Case())
        except Hint as hint:
            wrong = hint
            continue
        slopes = [None]
        if tf.is_tensor(value):
            slopes = tape.gradient(value, [W.value for W in weights])
        if any(slope is None or not np.isfinite(slope).all() for slope in slopes):
            text = _("the value is right, but Keras cannot differentiate it: use keras.ops alone.")
            raise Hint(text)
    if wrong is None:
        return _("right on {n} batches, and both towers get a gradient.").format(n=len(tried))
    for hint, slip in _SLIPS.items():
        if all(np.isclose(value, slip(*given), rtol=1e-4) for value, given in tried):
            raise Hint(_(hint))
    advice = _("Replace the logits of known matches by -inf, then log-softmax in both directions.")
    raise Hint(f"{wrong} {advice}")


# --- 09.2 ---------------------------------------------------------------------------------------


def _recall(S: np.ndarray, who: np.ndarray, k: int) -> float:
    """An item of somebody else that scores as high as the best own one is found before it."""
    own = who[:, None] == who
    best = np.where(own, S, -np.inf).max(axis=1, keepdims=True)
    return float(((~own & (best <= S)).sum(axis=1) < k).mean())


def _own_found(S: np.ndarray, who: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """In each row, how many own items are among the first k, and how many there are."""
    own = who[:, None] == who
    first = np.argsort(-S, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(own, first, axis=1).sum(axis=1), own.sum(axis=1)


def _scores(rng: np.random.Generator) -> Iterator[Case]:
    def draw(n: int = 30) -> tuple[np.ndarray, np.ndarray]:
        who = rng.permutation(np.r_[np.repeat(np.arange(8), 3), np.arange(8, n - 16)])
        return rng.normal(size=(n, n)) + 0.5 * (who[:, None] == who), who

    for k in (1, 2, 3, 5, 4, 1):
        yield Case(*draw(), k)
    ties = _("an item of somebody else that scores exactly as high counts as found before it.")
    for k in (1, 2, 3):
        S, who = draw()
        yield Case(np.round(S), who, k, hint=ties)
    yield Case(np.ones((8, 8)), np.arange(8) // 2, 5, hint=ties)
    alike = _("only items of somebody else count as found before the best own one.")
    yield Case(np.ones((6, 6)), np.arange(6) // 3, 4, hint=alike)


exercise(
    "09.2",
    "a function (S, who, k) that returns the share of rows with an item of the query's person in "
    "the top k; items of others that score as high come before it",
    solve=_recall,
    cases=_scores,
    slips={
        N_("return a share between 0 and 1, not a percentage."):
            lambda S, who, k: 100 * _recall(S, who, k),
        N_("return a share: divide by the number of queries."):
            lambda S, who, k: len(S) * _recall(S, who, k),
        N_("do not divide by k: a query has found its person or not."):
            lambda S, who, k: _recall(S, who, k) / k,
        N_("any item of the query's person will do, not item i alone."):
            lambda S, who, k: _recall(S, np.arange(len(S)), k),
        N_("item i is the query's person, too."):
            lambda S, who, k: _recall(np.where(np.eye(len(S)) > 0, -np.inf, S), who, k),
        N_("one item of the query's person is enough: not all need be found."):
            lambda S, who, k: np.equal(*_own_found(S, who, k)).mean(),
        N_("one item of the query's person is enough: not the share of them that is found."):
            lambda S, who, k: np.divide(*_own_found(S, who, k)).mean(),
        N_("count the rows in which the person is found, not the items."):
            lambda S, who, k: (_own_found(S, who, k)[0] / k).mean(),
        N_("you searched the columns: a row is one query."): lambda S, who, k: _recall(S.T, who, k),
        N_("higher means more alike here: you took the k smallest."):
            lambda S, who, k: _recall(-S, who, k),
        N_("off by one: rank k still counts."): lambda S, who, k: _recall(S, who, k - 1),
        N_("off by one: you looked at k + 1 items."): lambda S, who, k: _recall(S, who, k + 1),
        N_("you looked at the first item alone: look at k."): lambda S, who, k: _recall(S, who, 1),
    },
    advice=N_("Count in each row the items of others that score at least as high as the best own."),
)  # fmt: skip

# --- 09.3 ---------------------------------------------------------------------------------------


@judged(
    "09.3",
    "a function (widths, n_components) that returns a keras.Model, from a dict of inputs to a dict "
    "of embeddings, both with the names in widths",
)
def _a_tower_each(ask: Callable, rng: np.random.Generator) -> str:
    import keras

    names = rng.permutation(["text", "image", "sound", "pulse"])[: rng.integers(3, 5)].tolist()
    widths = dict(zip(names, rng.permutation(np.arange(5, 12))[: len(names)].tolist(), strict=True))
    n_components = int(rng.integers(3, 6))
    model = ask(widths, n_components)
    if not isinstance(model, keras.Model):
        raise Hint(_("return a keras.Model; got {kind}.").format(kind=type(model).__name__))

    def embed(x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        outputs = model({name: values.astype("float32") for name, values in x.items()})
        if not isinstance(outputs, dict) or set(outputs) != set(names):
            text = _("the outputs must be a dict with the names {names}.")
            raise Hint(text.format(names=", ".join(names)))
        shape = (len(x[names[0]]), n_components)
        return {name: as_array(outputs[name], shape, name) for name in names}

    try:
        x = {name: rng.normal(size=(8, width)) for name, width in widths.items()}
        embed(x)
    except (ValueError, TypeError, KeyError) as error:
        text = _("the model cannot be called with a dict of inputs with the names {names}: {error}")
        raise Hint(text.format(names=", ".join(names), error=str(error)[:200])) from None
    for weight in model.weights:  # without offsets, a rectified tower answers 2 x as it does x
        weight.assign(rng.normal(size=weight.shape) if len(weight.shape) > 1 else weight * 0)
    first = embed(x)
    _look_at_lengths(first)
    for name in names:
        others = embed(x | {name: rng.normal(size=x[name].shape)})
        if np.allclose(others[name], first[name]):
            raise Hint(_("the tower of {name} does not see its input.").format(name=name))
        if any(not np.allclose(others[n], first[n], atol=1e-5) for n in names if n != name):
            raise Hint(_("a tower sees the input of another modality: keep them apart."))
    opposite, longer = (embed({n: k * v for n, v in x.items()}) for k in (-1, 2))
    if not all(np.allclose(longer[n], first[n], atol=1e-4) for n in names):
        raise Hint(_("the hidden layer is not rectified: activation relu."))
    if all(np.allclose(opposite[n], -first[n], atol=1e-4) for n in names):
        raise Hint(_("the towers are linear: give each a hidden layer with relu."))
    right = sum((w + 1) * 64 + 65 * n_components for w in widths.values())
    if model.count_params() != right:
        text = _(
            "{got} weights; with a tower of its own for every modality, a hidden layer of 64 and "
            "offsets, there are {right}."
        )
        raise Hint(text.format(got=model.count_params(), right=right))
    return _("a tower for every modality, apart from each other, of length 1.")  # 3 or 4: drawn


def _look_at_lengths(embedded: dict[str, np.ndarray]) -> None:
    if any((rows >= 0).all() and rows.any() for rows in embedded.values()):
        raise Hint(_("no activation after the last layer: all embeddings would be positive."))
    if any((np.abs(np.linalg.norm(rows, axis=1) - 1) > 1e-3).any() for rows in embedded.values()):
        raise Hint(_("every embedding, a row, must have length 1."))
