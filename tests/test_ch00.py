"""Chapter 00's checks name the typical mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from mmtutor.exercises import examine
from mmtutor.fusion.rules import sum_rule


def count(predicted, true):
    return sum(p == t for p, t in zip(predicted, true, strict=True))


def by_loop(P):
    out = np.zeros((P.shape[0], P.shape[2]))
    for k in range(P.shape[1]):
        out += P[:, k, :] / P.shape[1]
    return out


def share_by_max(fused, singles, ceiling):
    best = max(singles.values())
    return (fused - best) / (ceiling - best)


def share_by_sorting(fused, singles, ceiling):
    best = sorted(singles.items(), key=lambda item: item[1])[-1][1]
    return 1 - (ceiling - fused) / (ceiling - best)


def in_place(P):
    P /= P.shape[1]
    return P.sum(axis=1)


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("00.1", lambda p, t: np.mean(p == t)),
        ("00.1", lambda p, t: count(p, t) / len(t)),
        ("00.1", lambda p, t: accuracy_score(t, p)),
        ("00.2", lambda P: P.mean(axis=1)),
        ("00.2", by_loop),
        ("00.2", lambda P: np.einsum("nmc->nc", P) / P.shape[1]),
        ("00.2", sum_rule),
        ("00.3", share_by_max),
        ("00.3", share_by_sorting),
    ],
)
def test_right_answers_pass(number, answer):
    for _ in range(5):
        verdict = examine(number, answer)
        assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("00.1", count, "divide by how many"),
        ("00.1", lambda p, t: 100 * np.mean(p == t), "per cent"),
        ("00.1", lambda p, t: np.mean(p != t), "wrong"),
        ("00.1", lambda p, t: p == t, "one number; yours has shape"),
        ("00.1", lambda p, t: float(p.tolist() == t.tolist()), "element by element"),
        ("00.1", lambda p, t: "all", "one number"),
        ("00.1", lambda p, t: 0.123, "expected"),
        ("00.1", lambda p, t: None, "returns nothing yet"),
        ("00.1", lambda p: 1, "stopped with TypeError"),
        ("00.2", lambda P: P.mean(axis=0), "axis 0"),
        ("00.2", lambda P: P.mean(axis=2), "axis 2"),
        ("00.2", lambda P: P.sum(axis=1), "that is the sum"),
        ("00.2", lambda P: P.mean(axis=1).argmax(axis=1), "not the decision"),
        ("00.2", lambda P: P.prod(axis=1), "multiplied"),
        ("00.2", lambda P: P.prod(1) / P.prod(1).sum(1, keepdims=True), "product rule"),
        ("00.2", lambda P: P[:, 0], "first modality"),
        ("00.2", lambda P: P.max(axis=1), "largest opinion"),
        ("00.2", lambda P: P.mean(), "got shape"),
        ("00.2", lambda P: P.mean(axis=1) ** 2, "their mean is"),
        ("00.2", in_place, "changes its input"),
        ("00.3", lambda f, s, c: f / c, "relative to the ceiling"),
        ("00.3", lambda f, s, c: f - max(s.values()), "divide it by the gap"),
        ("00.3", lambda f, s, c: (f - max(s.values())) / c, "not by the ceiling"),
        ("00.3", lambda f, s, c: 1 - share_by_max(f, s, c), "stays open"),
        ("00.3", lambda f, s, c: 100 * share_by_max(f, s, c), "not per cent"),
        ("00.3", lambda f, s, c: 1 / share_by_max(f, s, c), "the other way round"),
        (
            "00.3",
            lambda f, s, c: (f - np.mean(list(s.values()))) / (c - np.mean(list(s.values()))),
            "mean of the modalities",
        ),
        ("00.3", lambda f, s, c: (f - min(s.values())) / (c - min(s.values())), "worst"),
        ("00.3", lambda f, s, c: abs(share_by_max(f, s, c)), "negative share"),
        ("00.3", lambda f, s, c: (f - s) / (c - s), "stopped with TypeError"),
    ],
)
def test_wrong_answers_get_a_hint(number, answer, hint):
    verdict = examine(number, answer)
    assert not verdict.passed
    assert hint in verdict.message
