"""Chapter 05's checks name the typical mistakes and accept right answers however written."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import entr, logsumexp, softmax

from mmtutor.exercises import examine
from mmtutor.fusion.rules import product_rule, sum_rule


def share(p, axis=1):
    return p / p.sum(axis=axis, keepdims=True)


def by_softmax(P, prior):
    with np.errstate(divide="ignore"):
        return softmax(np.log(P).sum(1) - (P.shape[1] - 1) * np.log(prior), axis=1)


def by_logsumexp(P, prior):
    with np.errstate(divide="ignore"):
        score = np.log(prior) + np.log(P / prior).sum(axis=1)
    return np.exp(score - logsumexp(score, axis=1, keepdims=True))


def by_row(P, prior):
    out = np.empty((len(P), len(prior)))
    for i, row in enumerate(P):
        seen = row[~np.isnan(row[:, 0])]
        with np.errstate(divide="ignore"):
            s = np.log(prior) + (np.log(seen) - np.log(prior)).sum(axis=0)
        out[i] = softmax(s)
    return out


def with_nansum(P, prior):
    with np.errstate(divide="ignore"):
        return softmax(np.log(prior) + np.nansum(np.log(P / prior), axis=1), axis=1)


def spoil(P, prior):
    P *= 1 / prior
    return share(prior * P.prod(axis=1))


@pytest.mark.parametrize(
    "answer",
    [by_softmax, by_logsumexp, by_row, lambda P, prior: product_rule(P, prior=prior)],
)
def test_product_right(answer):
    verdict = examine("05.1", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda P, prior: share(P.prod(axis=1)), "forgot the prior"),
        (lambda P, prior: share(P.prod(1) / prior ** P.shape[1]), "prior must be left in once"),
        (lambda P, prior: share(P.prod(1) * prior), "multiplied by the prior"),
        (lambda P, prior: share(P.prod(1) * prior ** (P.shape[1] - 1)), "divide instead"),
        (lambda P, prior: share(P.prod(1) / prior ** (P.shape[1] - 1), axis=0), "axis 0"),
        (lambda P, prior: P.prod(1) / prior ** (P.shape[1] - 1), "do not sum to 1"),
        (lambda P, prior: share(P.sum(axis=1)), "this is the sum rule"),
        (lambda P, prior: share(P.prod(1) / prior ** (P.shape[1] - 1)), "underflows"),
        (
            lambda P, prior: softmax(
                np.log(P).sum(1) - np.log(P).sum(1).max(1, keepdims=True) * 1.0
                - (P.shape[1] - 1) * np.log(prior) + 0 * np.log(P).sum(1), axis=1
            ),
            "exactly 0 makes NaN",
        ),
        (lambda P, prior: P.prod(axis=2), "got shape"),
        (lambda P, prior: by_softmax(P, prior).argmax(axis=1), "got shape"),
        (spoil, "changes its input"),
        (lambda P, prior: "posterior", "must be an array of numbers"),
        (lambda P: P, "stopped with TypeError"),
        (lambda P, prior: None, "returns nothing"),
        (None, "expected a function"),
    ],
)  # fmt: skip
def test_product_wrong(answer, hint):
    verdict = examine("05.1", answer)
    assert not verdict.passed
    assert hint in verdict.message


@pytest.mark.parametrize(
    "answer", [by_row, with_nansum, lambda P, prior: product_rule(P, prior=prior)]
)
def test_absent_right(answer):
    verdict = examine("05.2", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (by_softmax, "leave that expert out"),
        (
            lambda P, prior: softmax(
                np.nansum(np.log(P), axis=1) - (P.shape[1] - 1) * np.log(prior), axis=1
            ),
            "present in that row",
        ),
        (
            lambda P, prior: by_softmax(np.where(np.isnan(P), 1 / P.shape[2], P), prior),
            "fill in a uniform posterior",
        ),
        (lambda P, prior: softmax(np.nansum(np.log(P), axis=1), axis=1), "forgot the prior"),
        (
            lambda P, prior: np.nan_to_num(
                share(with_nansum(P, prior) * ~np.isnan(P).all(axis=(1, 2))[:, None])
            ),
            "all experts are absent the answer must be the prior",
        ),
        (lambda P, prior: share(np.nanmean(P, axis=1)), "this is the sum rule"),
    ],
)
def test_absent_wrong(answer, hint):
    verdict = examine("05.2", answer)
    assert not verdict.passed
    assert hint in verdict.message


def loss(P, y, t):
    return -np.log(share(P ** (1 / t))[np.arange(len(y)), y]).mean()


def by_grid(P, y):
    grid = np.geomspace(0.1, 10, 200)
    return grid[np.argmin([loss(P, y, t) for t in grid])]


def by_scipy(P, y):
    return minimize_scalar(lambda t: loss(P, y, t), bounds=(0.1, 10), method="bounded").x


def by_logits(P, y):
    z = np.log(P)
    ts = np.exp(np.linspace(-2, 2.2, 300))
    ll = [(z / t - logsumexp(z / t, axis=1, keepdims=True))[np.arange(len(y)), y].sum() for t in ts]
    return float(ts[int(np.argmax(ll))])


@pytest.mark.parametrize("answer", [by_grid, by_scipy, by_logits])
def test_temperature_right(answer):
    verdict = examine("05.3", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda P, y: 1 / by_grid(P, y), "returned 1 / T"),
        (lambda P, y: 1.0, "Minimise the log-loss"),
        (
            lambda P, y: max(
                np.geomspace(0.1, 10, 50), key=lambda t: (share(P ** (1 / t)).argmax(1) == y).mean()
            ),
            "not the accuracy",
        ),
        (
            lambda P, y: min(
                np.geomspace(0.1, 10, 50),
                key=lambda t: -np.log((P ** (1 / t))[np.arange(len(y)), y]).mean(),
            ),
            "dividing the tempered rows by their sum",
        ),
        (lambda P, y: share(P), "is one number"),
        (lambda P, y: np.log(by_grid(P, y)), "positive number"),
        (lambda P, y: by_grid(P, y) ** 2, "squared"),
    ],
)
def test_temperature_wrong(answer, hint):
    verdict = examine("05.3", answer)
    assert not verdict.passed
    assert hint in verdict.message


def confident_1(P):
    w = 1 - entr(P).sum(axis=2) / np.log(P.shape[2])
    w = np.maximum(w, 1e-12)
    return np.einsum("nr,nrc->nc", w / w.sum(axis=1, keepdims=True), P)


def confident_2(P):
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


@pytest.mark.parametrize("answer", [confident_1, confident_2])
def test_confident_right(answer):
    verdict = examine("05.4", answer)
    assert verdict.passed, verdict.message


def weighted(P, w):
    return share((w[:, :, None] * P).sum(axis=1))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda P: weighted(P, entr(P).sum(2)), "least certain expert is heard most"),
        (lambda P: weighted(P, 1 - entr(P).sum(2)), "that of total ignorance"),
        (
            lambda P: ((1 - entr(P).sum(2) / np.log(P.shape[2]))[:, :, None] * P).sum(1),
            "sum of the weights",
        ),
        (lambda P: sum_rule(P), "plain sum rule"),
        (
            lambda P: weighted(P, 1 + (P * np.log(P)).sum(2) / np.log(P.shape[2])),
            "0 * log(0) counts as 0",
        ),
        (
            lambda P: weighted(
                P, np.tile((1 - entr(P).sum(2) / np.log(P.shape[2])).mean(0), (len(P), 1))
            ),
            "averaged over the samples",
        ),
        (lambda P: weighted(P, 1 - entr(P).sum(2) / np.log(P.shape[2])), "0 / 0"),
        (lambda P: weighted(P, P.max(axis=2)), "weigh each expert in each sample"),
    ],
)
def test_confident_wrong(answer, hint):
    verdict = examine("05.4", answer)
    assert not verdict.passed
    assert hint in verdict.message
