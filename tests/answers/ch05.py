"""Answers to the exercises of chapter 05."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import entr, logsumexp, softmax

from mmtutor.fusion.rules import product_rule, sum_rule


def share(p, axis=1):
    return p / p.sum(axis=axis, keepdims=True)


# 05.1 and 05.2


def by_softmax(P, prior):
    return softmax(np.log(P).sum(1) - (P.shape[1] - 1) * np.log(prior), axis=1)


def by_logsumexp(P, prior):
    score = np.log(prior) + np.log(P / prior).sum(axis=1)
    return np.exp(score - logsumexp(score, axis=1, keepdims=True))


def by_row(P, prior):
    out = np.empty((len(P), len(prior)))
    for i, row in enumerate(P):
        seen = row[~np.isnan(row[:, 0])]
        out[i] = softmax(np.log(prior) + (np.log(seen) - np.log(prior)).sum(axis=0))
    return out


def by_expert(P, prior):
    q = np.tile(np.log(prior), (len(P), 1))
    for k in range(P.shape[1]):
        step = np.log(P[:, k]) - np.log(prior)
        q = q + np.where(np.isnan(P[:, k]), 0, step)
    q = np.exp(q - q.max(axis=1, keepdims=True))
    return q / q.sum(axis=1, keepdims=True)


def in_float32(P, prior):
    P, prior = P.astype(np.float32), prior.astype(np.float32)
    return softmax(np.log(prior) + np.nansum(np.log(P / prior), axis=1), axis=1)


def with_nansum(P, prior):
    return softmax(np.log(prior) + np.nansum(np.log(P / prior), axis=1), axis=1)


def power(k):
    return lambda P, prior: share(np.nanprod(P, axis=1) / prior ** k(P))


def one_maximum(P, prior):
    score = np.log(prior) + np.nansum(np.log(P / prior), axis=1)
    return share(np.exp(score - score.max()))


def no_maximum(P, prior):
    return share(np.exp(np.log(prior) + np.nansum(np.log(P / prior), axis=1)))


def ratios(P, prior):
    return share(prior * np.nanprod(P / prior, axis=1))


def lifted(P, prior):
    P[P == 0] = 0.05
    return with_nansum(P, prior)


def uniform_if_none(P, prior):
    none = np.isnan(P).all(axis=(1, 2))[:, None]
    return np.where(none, 1 / len(prior), with_nansum(P, prior))


# 05.3


def loss(P, y, t):
    return -np.log(share(P ** (1 / t))[np.arange(len(y)), y]).mean()


GRID = np.geomspace(0.1, 10, 150)


def least(of, grid=GRID):
    return lambda P, y: min(grid, key=lambda t: of(share(P ** (1 / t)), y))


by_grid = least(lambda Q, y: -np.log(Q[np.arange(len(y)), y]).mean())


def by_scipy(P, y):
    return minimize_scalar(lambda t: loss(P, y, t), bounds=(0.1, 10), method="bounded").x


def by_logits(P, y):
    z = np.log(P)
    ts = np.exp(np.linspace(-2, 2.2, 120))
    ll = [(z / t - logsumexp(z / t, axis=1, keepdims=True))[np.arange(len(y)), y].sum() for t in ts]
    return float(ts[int(np.argmax(ll))])


def by_newton(P, y):
    """Zoom in on the inverse temperature, in float32."""
    low, high = 0.1, 10.0
    P = P.astype(np.float32)
    for _ in range(25):
        third = (high - low) / 3
        if loss(P, y, 1 / (low + third)) < loss(P, y, 1 / (high - third)):
            high -= third
        else:
            low += third
    return np.float32(2 / (low + high))


def brier(Q, y):
    return ((Q - np.eye(Q.shape[1])[y]) ** 2).sum()


# 05.4


def certainty(P):
    return 1 - entr(P).sum(axis=2) / np.log(P.shape[2])


def weighted(P, w):
    return share((w[:, :, None] * P).sum(axis=1))


def confident_by_einsum(P):
    w = np.maximum(certainty(P), 1e-12)
    return np.einsum("nr,nrc->nc", w / w.sum(axis=1, keepdims=True), P)


def confident_by_loops(P):
    out = []
    for sample in P:
        weights = []
        for p in sample:
            q = p[p > 0]
            weights.append(1 + (q * np.log(q)).sum() / np.log(len(p)))
        weights = np.array(weights)
        if weights.sum() < 1e-12:
            weights = np.ones(len(weights))
        out.append(weights @ sample / weights.sum())
    return np.array(out)


def confident_by_base(P):
    logs = np.log(np.where(P > 0, P, 1)) / np.log(P.shape[2])
    weights = 1 + (P * logs).sum(axis=2)
    total = weights.sum(axis=1, keepdims=True)
    fused = (weights[..., None] * P).sum(axis=1) / np.where(total > 1e-9, total, 1)
    return np.where(total > 1e-9, fused, 1 / P.shape[2])


def nan_if_unknown(P):
    w = 1 + (P * np.log(np.where(P > 0, P, 1))).sum(axis=2) / np.log(P.shape[2])
    w = np.where(w < 1e-12, 0, w)
    return weighted(P, w)


RIGHT = {
    "05.1": [
        by_softmax,
        by_logsumexp,
        by_row,
        by_expert,
        in_float32,
        lambda P, prior: product_rule(P, prior=prior),
    ],
    "05.2": [
        by_row,
        by_expert,
        with_nansum,
        in_float32,
        lambda P, prior: with_nansum(np.where(np.isnan(P), prior, P), prior),
        lambda P, prior: product_rule(P, prior=prior),
    ],
    "05.3": [
        by_grid,
        by_scipy,
        by_logits,
        by_newton,
        lambda P, y: np.array([by_scipy(P, y)]),
        least(lambda Q, y: -np.log2(Q[np.arange(len(y)), y]).sum(), np.linspace(0.1, 10, 100)),
    ],
    "05.4": [
        confident_by_einsum,
        confident_by_loops,
        confident_by_base,
        lambda P: weighted(P, certainty(P) + 1e-9),
        lambda P: weighted(P, certainty(P) + 1e-6),
        lambda P: weighted(P, 1 + 1e-6 - entr(P.astype(np.float32)).sum(2) / np.log(P.shape[2])),
    ],
}

WRONG = {
    "05.1": [
        (power(lambda P: 0), "forgot the prior"),
        (power(lambda P: P.shape[1]), "power is wrong"),
        (power(lambda P: -1), "power is wrong"),
        (power(lambda P: 1 - P.shape[1]), "power is wrong"),
        (lambda P, prior: share(P.prod(1) / prior ** (P.shape[1] - 1), axis=0), "axis 0"),
        (lambda P, prior: P.prod(1) / prior ** (P.shape[1] - 1), "do not sum to 1"),
        (lambda P, prior: np.log(by_softmax(P, prior)), "logarithms"),
        (lambda P, prior: share(P.sum(axis=1)), "sum rule"),
        (power(lambda P: P.shape[1] - 1), "underflows"),
        (ratios, "underflows"),
        (no_maximum, "underflows"),
        (one_maximum, "underflows"),
        (lambda P, prior: by_softmax(np.where(P == 0, np.nan, P), prior), "a veto"),
        (lambda P, prior: by_softmax(np.maximum(P, 0.05), prior), "differs most at"),
        (lifted, "changes its input P"),
        (lambda P, prior: P.prod(axis=2), "shape"),
        (lambda P, prior: by_softmax(P, prior).argmax(axis=1), "shape"),
        (lambda P, prior: "posterior", "must be an array of numbers"),
        (lambda P: P, "stopped with TypeError"),
    ],
    "05.2": [
        (by_softmax, "leave it out"),
        (lambda P, prior: np.nan_to_num(by_softmax(P, prior)), "leave it out"),
        (lambda P, prior: by_softmax(np.nan_to_num(P), prior), "leave it out"),
        (power(lambda P: P.shape[1] - 1), "present in that row"),
        (
            lambda P, prior: by_softmax(np.where(np.isnan(P), 1 / P.shape[2], P), prior),
            "a uniform posterior",
        ),
        (power(lambda P: 0), "forgot the prior"),
        (lambda P, prior: by_softmax(P[:, ~np.isnan(P).any(axis=(0, 2))], prior), "from all rows"),
        (lambda P, prior: share(np.nanmean(P, axis=1)), "sum rule"),
        (uniform_if_none, "must be the prior"),
        (ratios, "underflows"),
        (no_maximum, "underflows"),
        (one_maximum, "underflows"),
        (lambda P, prior: with_nansum(np.where(P == 0, np.nan, P), prior), "no absence"),
        (lambda P, prior: prior * np.nanprod(P / prior, axis=1), "do not sum to 1"),
        (lambda P, prior: with_nansum(P[:, 1:], prior), "differs most at"),
        (lifted, "changes its input P"),
    ],
    "05.3": [
        (lambda P, y: 1 / by_scipy(P, y), "returned 1 / T"),
        (lambda P, y: by_scipy(P, y) ** 2, "squared"),
        (lambda P, y: by_scipy(P, y) ** 0.5, "squared"),
        (lambda P, y: 1.0, "Minimise the log-loss"),
        (least(brier), "squared error"),
        (least(lambda Q, y: -(Q.argmax(1) == y).mean()), "not the accuracy"),
        (
            lambda P, y: min(
                np.geomspace(0.1, 10, 50),
                key=lambda t: -np.log((P ** (1 / t))[np.arange(len(y)), y]).mean(),
            ),
            "tempered rows by their sum",
        ),
        (least(lambda Q, y: -np.log(Q.max(axis=1)).mean()), "Minimise the log-loss"),
        (least(lambda Q, y: -np.log(Q).mean()), "end of the range"),
        (least(lambda Q, y: np.log(Q[np.arange(len(y)), y]).mean()), "Minimise the log-loss"),
        (lambda P, y: int(np.argmin([loss(P, y, t) for t in np.geomspace(0.1, 10, 50)])), ""),
        (lambda P, y: np.round(by_scipy(P, y)), ""),
        (lambda P, y: share(P), "one number"),
        (lambda P, y: -by_scipy(P, y), "positive number"),
        (lambda P, y: by_scipy(P, y.__setitem__(slice(5), 0) or y), "changes its input y"),
    ],
    "05.4": [
        (lambda P: weighted(P, entr(P).sum(2)), "least certain expert is heard most"),
        (lambda P: weighted(P, 1 - entr(P).sum(2)), "total ignorance"),
        (lambda P: weighted(P, 1 - entr(P).sum(2) / np.log(3)), "last axis"),
        (lambda P: (certainty(P)[:, :, None] * P).sum(1), "sum of the weights"),
        (lambda P: sum_rule(P), "plain sum rule"),
        (
            lambda P: weighted(P, 1 + 1e-9 + (P * np.log(P)).sum(2) / np.log(P.shape[2])),
            "mind 0 * log(0)",
        ),
        (
            lambda P: weighted(P, np.nan_to_num(1 + (P * np.log(P)).sum(2) / np.log(P.shape[2]))),
            "mind 0 * log(0)",
        ),
        (lambda P: weighted(P, np.tile(certainty(P).mean(0), (len(P), 1))), "over the samples"),
        (nan_if_unknown, "0 / 0"),
        (lambda P: weighted(P, P.max(axis=2)), "Weigh each expert"),
        (lambda P: weighted(P, certainty(P) ** 2 + 1e-9), "Weigh each expert"),
        (lambda P: share(np.exp((certainty(P)[..., None] * np.log(P)).sum(1))), ""),
        (lambda P: P[np.arange(len(P)), certainty(P).argmax(1)], "most certain one alone"),
        (lambda P: weighted(P, 1 - entr(P).sum(1) / np.log(P.shape[1])), ""),
    ],
}
