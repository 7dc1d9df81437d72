"""Checks of chapter 09, contrastive alignment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from mmtutor.course.checking import Hint, as_number, judged


def _unit(A: np.ndarray) -> np.ndarray:
    return A / np.linalg.norm(A, axis=1, keepdims=True)


def _terms(Z: np.ndarray, axis: int) -> np.ndarray:
    """Minus the log-probability that the softmax over `axis` gives the right partner."""
    return logsumexp(Z, axis=axis) - np.diag(Z)


def _loss(Z: np.ndarray) -> float:
    return float((_terms(Z, 1).mean() + _terms(Z, 0).mean()) / 2)


_LOSS_MISTAKES: list[tuple[Callable[..., float], str]] = [
    (lambda A, B, t: _loss(A @ B.T / t), "scale every row to length 1 first: cosine similarity."),
    (lambda A, B, t: _loss(_unit(A) @ _unit(B).T * t), "divide by the temperature, not multiply."),
    (lambda A, B, t: _loss(_unit(A) @ _unit(B).T), "the temperature is not used."),
    (lambda A, B, t: -_loss(_unit(A) @ _unit(B).T / t), "a loss is minus the log-probability."),
    (
        lambda A, B, t: 2 * _loss(_unit(A) @ _unit(B).T / t),
        "twice the loss: take the mean of the two directions, not their sum.",
    ),
    (
        lambda A, B, t: len(A) * _loss(_unit(A) @ _unit(B).T / t),
        "take the mean over the pairs, not their sum.",
    ),
    (
        lambda A, B, t: float(_terms(_unit(A) @ _unit(B).T / t, 1).mean()),
        "only one direction: let the second halves look for the first ones, too.",
    ),
    (
        lambda A, B, t: float(_terms(_unit(A) @ _unit(B).T / t, 0).mean()),
        "only one direction: let the first halves look for the second ones, too.",
    ),
]


@judged("09.1", "a function (A, B, temperature) that returns the symmetric InfoNCE loss")
def info_nce(answer, rng):
    for _ in range(20):
        n, width = int(rng.integers(3, 9)), int(rng.integers(2, 6))
        A, B = rng.normal(size=(n, width)), rng.normal(size=(n, width))
        temperature = float(rng.uniform(0.1, 0.6))
        copies = A.copy(), B.copy()
        got = as_number(answer(A, B, temperature), "the loss")
        if not (np.array_equal(A, copies[0]) and np.array_equal(B, copies[1])):
            raise Hint("your function changes its input; work on a copy.")
        right = _loss(_unit(A) @ _unit(B).T / temperature)
        if np.isclose(got, right, atol=1e-6):
            continue
        for wrong, hint in _LOSS_MISTAKES:
            if np.isclose(got, wrong(A, B, temperature), atol=1e-6):
                raise Hint(hint)
        raise Hint(
            f"{got:.3f} where {right:.3f} is right, for {n} pairs. Cosine similarities over the "
            "temperature; log-softmax along the rows, and along the columns; minus the mean of "
            "the diagonals."
        )
    A = rng.normal(size=(5, 3))
    with np.errstate(all="ignore"):
        got = as_number(answer(A, -A, 1e-3), "the loss")
    if not np.isfinite(got) or not np.isclose(got, _loss(-_unit(A) @ _unit(A).T * 1e3)):
        raise Hint(
            "at a temperature of 0.001 the exponential overflows: subtract the largest logit first "
            "(or use scipy.special.logsumexp)."
        )
    return "your loss agrees with the definition on 20 batches, and survives a tiny temperature."


def _rank(S: np.ndarray) -> np.ndarray:
    return (np.diag(S)[:, None] <= S).sum(axis=1)


def _recall_mistakes(S: np.ndarray, k: int) -> dict[float, str]:
    """Return what each typical mistake makes of recall at k, with the hint to it."""
    rank = _rank(S)
    right = float((rank <= k).mean())
    return {
        100 * right: "return a share between 0 and 1, not a percentage.",
        len(S) * right: "return a share: divide by the number of queries.",
        float((_rank(S.T) <= k).mean()): "you searched the columns: a row is one query.",
        float((_rank(-S) <= k).mean()): "higher means more alike here: you took the k smallest.",
        float((rank < k).mean()): "off by one: rank k still counts.",
        float((rank <= k + 1).mean()): "off by one: you looked at k + 1 items.",
    }


@judged("09.2", "a function (S, k) that returns the share of rows whose partner is in the top k")
def recall(answer, rng):
    for _ in range(30):
        n, k = int(rng.integers(20, 40)), int(rng.integers(2, 5))
        S = rng.normal(size=(n, n)) + 1.5 * np.eye(n)
        right = float((_rank(S) <= k).mean())
        mistakes = _recall_mistakes(S, k)
        if len({round(wrong, 9) for wrong in (right, *mistakes)}) < 7:
            continue  # two mistakes give the same share here: the hint could be the wrong one
        got = as_number(answer(S.copy(), k), "the recall")
        if np.isclose(got, right):
            continue
        for wrong, hint in mistakes.items():
            if np.isclose(got, wrong):
                raise Hint(hint)
        raise Hint(
            f"{got:.3f} where {right:.3f} is right, for {n} rows and k = {k}. In each row count "
            "the items that score at least as high as the diagonal one: that is its rank."
        )
    if as_number(answer(np.ones((10, 10)), 1), "the recall") != 0:
        raise Hint(
            "if all scores are equal, nothing has been found, yet you count hits: let ties count "
            "against the system (>=, the partner included)."
        )
    return "your recall agrees with the definition on 30 matrices, and ties earn nothing."


@judged("09.3", "a function (images, prompts, labels) that returns one label for each image")
def zero_shot(answer, rng):
    for _ in range(20):
        n, width = 400, int(rng.integers(3, 6))
        names = np.array(["sad", "so-so", "glad"])
        labels = rng.permutation(np.repeat(names, [2, 3, 4]))
        images = rng.normal(size=(n, width))
        prompts = rng.normal(size=(9, width)) * rng.uniform(0.2, 5, size=(9, 1))
        got = np.asarray(answer(images.copy(), prompts.copy(), labels.copy()))
        if got.shape != (n,):
            raise Hint(f"return one label for each of the {n} images; got shape {got.shape}.")
        if got.dtype.kind not in "UO":
            raise Hint("return the labels themselves, as they stand in `labels`, not numbers.")
        classes = np.unique(labels)

        def nearest(centres, classes=classes, images=images):
            return classes[(images @ centres.T).argmax(axis=1)]

        def means(P, classes=classes, labels=labels):
            return np.stack([P[labels == c].mean(axis=0) for c in classes])

        if np.array_equal(got, nearest(_unit(means(_unit(prompts))))):
            continue
        for wrong, hint in [
            (
                nearest(means(_unit(prompts))),
                "scale each class's mean to length 1 again: prompts that agree make a longer mean.",
            ),
            (
                nearest(_unit(means(prompts))),
                "scale the prompts to length 1 before you average: a long one drowns the others.",
            ),
            (nearest(means(prompts)), "nothing is scaled to length 1: use cosine similarity."),
            (
                labels[(images @ _unit(prompts).T).argmax(axis=1)],
                "this is the nearest single prompt: average the prompts of each class first.",
            ),
            (
                classes[(images @ _unit(means(_unit(prompts))).T).argmin(axis=1)],
                "you chose the least similar class.",
            ),
        ]:
            if np.array_equal(got, wrong):
                raise Hint(hint)
        raise Hint(
            "some labels differ: unit-length prompts, their mean for each class, that mean scaled "
            "to length 1, and for each image the class of the largest product."
        )
    return "your classifier agrees with the definition on 20 random sets of prompts."
