"""Chapter 09's checks name the typical mistakes and accept right answers however written."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp
from sklearn.preprocessing import normalize

from mmtutor.exercises import examine


def logits(A, B, temperature):
    return normalize(A) @ normalize(B).T / temperature


def with_log_softmax(A, B, t):
    Z = logits(A, B, t)
    return -(np.diag(log_softmax(Z, axis=1)).mean() + np.diag(log_softmax(Z, axis=0)).mean()) / 2


def with_loops(A, B, t):
    total = 0.0
    for Z in (logits(A, B, t), logits(B, A, t)):
        for i, row in enumerate(Z):
            total += logsumexp(row) - row[i]
    return total / (2 * len(A))


def naive(A, B, t):
    E = np.exp(logits(A, B, t))
    p, q = E / E.sum(1, keepdims=True), E / E.sum(0)
    return -(np.log(np.diag(p)) + np.log(np.diag(q))).mean() / 2


def one_way(A, B, t, axis):
    return -np.diag(log_softmax(logits(A, B, t), axis=axis)).mean()


def from_logits(Z):
    return -(np.diag(log_softmax(Z, axis=1)) + np.diag(log_softmax(Z, axis=0))).mean() / 2


def spoil(A, B, t):
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    return with_loops(A, B, t)


@pytest.mark.parametrize("answer", [with_log_softmax, with_loops])
def test_info_nce_right(answer):
    verdict = examine("09.1", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda A, B, t: from_logits(A @ B.T / t), "length 1 first"),
        (lambda A, B, t: from_logits(logits(A, B, 1) * t), "not multiply"),
        (lambda A, B, t: with_loops(A, B, 1), "temperature is not used"),
        (lambda A, B, t: -with_loops(A, B, t), "minus the log-probability"),
        (lambda A, B, t: 2 * with_loops(A, B, t), "mean of the two directions"),
        (lambda A, B, t: len(A) * with_loops(A, B, t), "mean over the pairs"),
        (lambda A, B, t: one_way(A, B, t, 1), "second halves look for the first"),
        (lambda A, B, t: one_way(A, B, t, 0), "first halves look for the second"),
        (naive, "overflows"),
        (spoil, "changes its input"),
        (lambda A, B, t: 0.0, "minus the mean of the diagonals"),
        (lambda A, B, t: logits(A, B, t), "one number"),
        (lambda A, B: 0.0, "stopped with TypeError"),
        (lambda A, B, t: None, "returns nothing"),
    ],
)
def test_info_nce_wrong(answer, hint):
    verdict = examine("09.1", answer)
    assert not verdict.passed
    assert hint in verdict.message


def by_counting(S, k):
    return float(np.mean((np.diag(S)[:, None] <= S).sum(axis=1) <= k))


def by_sorting(S, k):
    hits = 0
    for i, row in enumerate(S):
        others = np.sort(np.delete(row, i))[::-1]
        hits += row[i] > others[k - 1]
    return hits / len(S)


@pytest.mark.parametrize("answer", [by_counting, by_sorting])
def test_recall_right(answer):
    verdict = examine("09.2", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda S, k: 100 * by_counting(S, k), "percentage"),
        (lambda S, k: len(S) * by_counting(S, k), "divide by the number of queries"),
        (lambda S, k: by_counting(S.T, k), "a row is one query"),
        (lambda S, k: by_counting(-S, k), "took the k smallest"),
        (lambda S, k: np.mean((np.diag(S)[:, None] <= S).sum(axis=1) < k), "rank k still counts"),
        (lambda S, k: by_counting(S, k + 1), "looked at k + 1"),
        (lambda S, k: np.mean((np.diag(S)[:, None] < S).sum(axis=1) < k), "ties count"),
        (lambda S, k: 0.123, "that is its rank"),
        (lambda S, k: S, "one number"),
    ],
)
def test_recall_wrong(answer, hint):
    verdict = examine("09.2", answer)
    assert not verdict.passed
    assert hint in verdict.message


def centres(P, labels):
    return np.stack([P[labels == c].mean(axis=0) for c in np.unique(labels)])


def by_product(images, prompts, labels):
    C = normalize(centres(normalize(prompts), labels))
    return np.unique(labels)[(images @ C.T).argmax(axis=1)]


def by_distance(images, prompts, labels):
    C = {c: normalize(prompts)[labels == c].sum(axis=0) for c in set(labels.tolist())}
    C = {c: v / np.linalg.norm(v) for c, v in C.items()}
    images = normalize(images)
    return [min(C, key=lambda c, x=x: np.linalg.norm(x - C[c])) for x in images]


@pytest.mark.parametrize("answer", [by_product, by_distance])
def test_zero_shot_right(answer):
    verdict = examine("09.3", answer)
    assert verdict.passed, verdict.message


def nearest(images, C, labels):
    return np.unique(labels)[(images @ C.T).argmax(axis=1)]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda X, P, y: nearest(X, centres(normalize(P), y), y), "length 1 again"),
        (lambda X, P, y: nearest(X, normalize(centres(P, y)), y), "a long one drowns"),
        (lambda X, P, y: nearest(X, centres(P, y), y), "nothing is scaled"),
        (lambda X, P, y: y[(X @ normalize(P).T).argmax(axis=1)], "nearest single prompt"),
        (lambda X, P, y: by_product(-X, P, y), "least similar"),
        (lambda X, P, y: np.full(len(X), y[0]), "some labels differ"),
        (
            lambda X, P, y: (X @ normalize(centres(normalize(P), y)).T).argmax(axis=1),
            "the labels themselves",
        ),
        (lambda X, P, y: by_product(X, P, y)[:3], "one label for each"),
    ],
)
def test_zero_shot_wrong(answer, hint):
    verdict = examine("09.3", answer)
    assert not verdict.passed
    assert hint in verdict.message
