"""Chapter 07's checks name the typical mistakes and accept right answers however written."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from mmtutor.exercises import examine


def passes(number, answer):
    verdict = examine(number, answer)
    assert verdict.passed, verdict.message


def fails(number, answer, hint):
    verdict = examine(number, answer)
    assert not verdict.passed
    assert hint in verdict.message, verdict.message


def code_where(proposals, present):
    total = np.where(present[:, :, None], proposals, 0).sum(axis=1)
    return total / np.maximum(present.sum(axis=1), 1)[:, None]


def code_loop(proposals, present):
    out = np.zeros((len(proposals), proposals.shape[2]))
    for row, (p, here) in enumerate(zip(proposals, present, strict=True)):
        if here.any():
            out[row] = p[here].mean(axis=0)
    return out


def total(proposals, present):
    return (proposals * present[:, :, None]).sum(axis=1)


@pytest.mark.parametrize("answer", [code_where, code_loop])
def test_shared_code_right(answer):
    passes("07.1", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (total, "this is the sum"),
        (lambda c, p: total(c, p) / p.shape[1], "divide by all modalities"),
        (lambda c, p: c.mean(axis=1), "absent modalities have a say"),
        (lambda c, p: total(c, p) / p.sum(axis=1)[:, None], "look out for 0 / 0"),
        (lambda c, p: total(c, p) / np.maximum(p.sum(1), 1)[:, None], "NaN times 0 is NaN"),
        (lambda c, p: np.where(p[:, :, None], c, np.nan).mean(axis=1), "contains NaN"),
        (lambda c, p: c.mean(axis=0), "got shape"),
        (lambda c, p: c.max(axis=1), "differ from the mean"),
        (lambda c, p: None, "returns nothing"),
    ],
)
def test_shared_code_wrong(answer, hint):
    fails("07.1", answer, hint)


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


def drop_first_back(present, rate, rng):
    kept = present & (rng.random(present.shape) >= rate)
    lost = ~kept.any(axis=1)
    kept[lost, present[lost].argmax(axis=1)] = True
    return kept


def drop_in_place(present, rate, rng):
    present &= drop_scores(present, rate, rng)
    return present


def drop_whole_batch(present, rate, rng):
    return present & np.array([True, False, True]) | (present.sum(axis=1) == 1)[:, None] & present


@pytest.mark.parametrize("answer", [drop_scores, drop_again])
def test_modality_dropout_right(answer):
    passes("07.2", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda p, rate, rng: p & (rng.random(p.shape) >= rate), "lost everything"),
        (lambda p, rate, rng: rng.random(p.shape) >= rate, "show a modality that is absent"),
        (lambda p, rate, rng: drop_scores(p, 1 - rate, rng), "instead of hiding"),
        (lambda p, rate, rng: p, "nothing is hidden"),
        (drop_first_back, "must be drawn at random"),
        (drop_in_place, "changes its input"),
        (drop_whole_batch, "draw for each sample"),
        (lambda p, rate, rng: drop_scores(p, rate / 2, rng), "of the time"),
        (lambda p, rate, rng: drop_scores(p, rate, np.random.default_rng(0)), "second call"),
        (lambda p, rate, rng: drop_scores(p, 0.4, rng), "at rate 0"),
        (lambda p, rate, rng: drop_scores(p, rate, rng).sum(axis=1), "got shape"),
    ],
)
def test_modality_dropout_wrong(answer, hint):
    fails("07.2", answer, hint)


def loss_select(x, output, present):
    if not present.any():
        return 0.0
    return ((x[present] - output[present]) ** 2).mean()


def loss_weigh(x, output, present):
    each = np.square(x - output).mean(axis=1)
    return each @ present / max(present.sum(), 1)


@pytest.mark.parametrize("answer", [loss_select, loss_weigh])
def test_present_loss_right(answer):
    passes("07.3", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x, o, p: ((x - o) ** 2).mean(), "absent samples count"),
        (lambda x, o, p: (((x - o) ** 2).mean(axis=1) * p).mean(), "not by all"),
        (lambda x, o, p: ((x - o) ** 2).sum(axis=1)[p].mean(), "widest modality"),
        (lambda x, o, p: ((x - o) ** 2)[p].sum(), "this is a sum"),
        (lambda x, o, p: np.sqrt(((x - o) ** 2)[p].mean()), "root"),
        (lambda x, o, p: np.abs(x - o)[p].mean(), "absolute errors"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean(), "must give a loss of 0"),
        (lambda x, o, p: ((x - o) ** 2)[p].mean(axis=1), "one number"),
        (lambda x, o, p: ((x + o) ** 2)[p].mean(), "yours is"),
    ],
)
def test_present_loss_wrong(answer, hint):
    fails("07.3", answer, hint)


def recall_sort(queries, items, k):
    best = np.argsort(-cosine_similarity(queries, items), axis=1)[:, :k]
    return np.mean([i in row for i, row in enumerate(best)])


def recall_rank(queries, items, k):
    s = cosine_similarity(queries, items)
    return np.mean((s > np.diag(s)[:, None]).sum(axis=1) < k)


def recall_dot(queries, items, k):
    s = queries @ items.T
    return np.mean((s > np.diag(s)[:, None]).sum(axis=1) < k)


@pytest.mark.parametrize("answer", [recall_sort, recall_rank])
def test_recall_right(answer):
    passes("07.4", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda q, i, k: recall_sort(q, i, k) * len(q), "recall is a share"),
        (lambda q, i, k: recall_sort(q, i, k + 1), "k + 1 items"),
        (lambda q, i, k: recall_sort(i, q, k), "swap them"),
        (lambda q, i, k: recall_sort(q, -i, k), "sort downwards"),
        (recall_dot, "by the lengths"),
        (lambda q, i, k: cosine_similarity(q, i), "one number"),
        (lambda q, i, k: 2.0, "yours is"),
    ],
)
def test_recall_wrong(answer, hint):
    fails("07.4", answer, hint)
