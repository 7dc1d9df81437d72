"""The checkers of chapter 02: right answers pass, each typical mistake gets its own hint."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances_argmin
from sklearn.preprocessing import normalize

from mmtutor.exercises import examine, numbers


def rejected(number, answer, words):
    verdict = examine(number, answer)
    assert not verdict.passed
    assert words in verdict.message, verdict.message


def passes(number, answer):
    verdict = examine(number, answer)
    assert verdict.passed, verdict.message


def test_there_are_four_exercises():
    assert numbers("02") == ["02.1", "02.2", "02.3", "02.4"]


@pytest.mark.parametrize("number", ["02.1", "02.2", "02.3", "02.4"])
def test_unsolved_says_what_is_expected(number):
    for answer in (None, ..., lambda *_: None):
        rejected(number, answer, "expected a function")
    rejected(number, lambda *_: "a word", "")
    rejected(number, lambda *_: np.zeros(3), "")


# --- 02.1 ---------------------------------------------------------------------------------------


def cell_by_mask(dx, dy, bins):
    angle = np.degrees(np.arctan2(dy, dx))
    angle[angle < 0] += 180
    length = np.hypot(dx, dy)
    edges = np.linspace(0, 180, bins + 1)
    return [length[(angle >= a) & (angle < b)].sum() for a, b in pairwise(edges)]


def cell_by_loop(dx, dy, bins):
    out = np.zeros(bins)
    for x, y in zip(dx.ravel(), dy.ravel(), strict=True):
        theta = np.arctan2(y, x) % np.pi
        out[min(int(theta / (np.pi / bins)), bins - 1)] += (x * x + y * y) ** 0.5
    return out


def cell(dx, dy, bins, *, angle=None, weights=None, top=180):
    angle = np.degrees(np.arctan2(dy, dx)) % 180 if angle is None else angle
    weights = np.hypot(dx, dy) if weights is None else weights
    return np.histogram(angle, bins=bins, range=(0, top), weights=weights)[0]


@pytest.mark.parametrize("answer", [cell_by_mask, cell_by_loop, cell])
def test_cell_right(answer):
    passes("02.1", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x, y, b: cell(x, y, b, weights=np.ones(x.shape)), "counted pixels"),
        (
            lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan2(y, x)) % 360, top=360),
            "full 360",
        ),
        (lambda x, y, b: cell(x, y, b, angle=np.arctan2(y, x) % 180), "radians"),
        (lambda x, y, b: cell(y, x, b), "y first"),
        (lambda x, y, b: cell(x, y, b, angle=np.abs(np.degrees(np.arctan2(y, x)))), "absolute"),
        (lambda x, y, b: cell(x, y, b) / 64, "averaged"),
        (lambda x, y, b: cell(x, y, b) / cell(x, y, b).sum(), "not normalised"),
        (lambda x, y, b: cell(x, y, b, weights=x**2 + y**2), "squared"),
        (lambda x, y, b: np.bincount(np.arange(b + 1)), "shape"),
        (lambda x, y, b: cell(x, y, 9), "shape (6,)"),
        (lambda x, y, b: cell(x, y, b) + 1, "differs from the reference"),
    ],
)
def test_cell_wrong(answer, words):
    rejected("02.1", answer, words)


# --- 02.2 ---------------------------------------------------------------------------------------


def root_by_maximum(D):
    return np.sqrt(D / np.maximum(D.sum(axis=1, keepdims=True), 1e-12))


def root_by_normalize(D):
    return np.sqrt(normalize(D, norm="l1")) if len(D) else D


def changes_its_input(D):
    D /= np.maximum(D.sum(axis=1, keepdims=True), 1e-12)
    return np.sqrt(D)


@pytest.mark.parametrize("answer", [root_by_maximum, root_by_normalize])
def test_root_right(answer):
    passes("02.2", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda D: np.sqrt(D / np.linalg.norm(D, axis=1, keepdims=True)), "Euclidean norm"),
        (lambda D: np.sqrt(D / D.sum(axis=0)), "axis 0"),
        (lambda D: np.sqrt(D / D.sum()), "all descriptors together"),
        (np.sqrt, "did not divide"),
        (lambda D: D / D.sum(axis=1, keepdims=True), "now take the square root"),
        (lambda D: np.sqrt(D) / np.sqrt(D).sum(axis=1, keepdims=True), "root first"),
        (lambda D: np.sqrt(D) / D.sum(axis=1, keepdims=True), "under the root"),
        (lambda D: np.sqrt(D / D.sum(axis=1, keepdims=True)), "zeros gives NaN"),
        (lambda D: np.sqrt(D / D.sum(axis=1)), "stopped with ValueError"),
        (changes_its_input, "work on a copy"),
        (lambda D: root_by_maximum(D)[:, :64], "shape (7, 128)"),
    ],
)
def test_root_wrong(answer, words):
    rejected("02.2", answer, words)


# --- 02.3 ---------------------------------------------------------------------------------------


def bag_by_sklearn(D, W):
    if len(D) == 0:
        return np.zeros(len(W))
    return np.bincount(pairwise_distances_argmin(D, W), minlength=len(W)) / len(D)


def bag_by_loop(D, W):
    out = [0.0] * len(W)
    for d in D:
        out[int(np.argmin([np.linalg.norm(d - w) for w in W]))] += 1 / len(D)
    return out


def squared(D, W):
    return ((D[:, None] - W) ** 2).sum(axis=2)


def share(words, W):
    return np.bincount(words, minlength=len(W)) / max(len(words), 1)


@pytest.mark.parametrize("answer", [bag_by_sklearn, bag_by_loop])
def test_bag_right(answer):
    passes("02.3", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda D, W: bag_by_sklearn(D, W) * len(D), "counts"),
        (lambda D, W: np.bincount(squared(D, W).argmin(1)) / len(D), "minlength"),
        (lambda D, W: squared(D, W).argmin(1), "one number for each descriptor"),
        (lambda D, W: share(squared(D, W).argmax(1), W), "farthest"),
        (lambda D, W: share((D @ W.T).argmax(1), W), "dot product"),
        (lambda D, W: normalize([bag_by_sklearn(D, W)])[0], "sum to 1"),
        (
            lambda D, W: np.bincount(squared(D, W).argmin(1), minlength=len(W)) / len(D),
            "without keypoints must give zeros",
        ),
        (lambda D, W: bag_by_sklearn(D, W)[::-1], "differs from the reference"),
    ],
)
def test_bag_wrong(answer, words):
    rejected("02.3", answer, words)


# --- 02.4 ---------------------------------------------------------------------------------------


def vlad_by_mask(D, W):
    table = np.zeros_like(W)
    if len(D):
        words = pairwise_distances_argmin(D, W)
        for j in range(len(W)):
            table[j] = (D[words == j] - W[j]).sum(axis=0)
    length = np.linalg.norm(table)
    return (table / length if length > 0 else table).ravel()


def vlad_by_matrix(D, W):
    words = np.eye(len(W))[squared(D, W).argmin(1)]
    table = words.T @ D - words.sum(axis=0)[:, None] * W
    return table.ravel() / max(np.linalg.norm(table), 1e-12)


def table_of(D, W):
    words = np.eye(len(W))[squared(D, W).argmin(1)]
    return words.T @ D - words.sum(axis=0)[:, None] * W, words


def unit(table):
    return table.ravel() / np.linalg.norm(table)


@pytest.mark.parametrize("answer", [vlad_by_mask, vlad_by_matrix])
def test_vlad_right(answer):
    passes("02.4", answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda D, W: -vlad_by_mask(D, W), "sign"),
        (
            lambda D, W: unit(
                table_of(D, W)[0] / np.maximum(table_of(D, W)[1].sum(axis=0), 1)[:, None]
            ),
            "sums them",
        ),
        (lambda D, W: table_of(D, W)[0].ravel(), "length 1 at the end"),
        (lambda D, W: table_of(D, W)[0], "end to end"),
        (lambda D, W: unit(D.sum(axis=0) - len(D) * W), "nearest word"),
        (lambda D, W: unit(normalize(table_of(D, W)[0])), "first, then the whole"),
        (lambda D, W: normalize(table_of(D, W)[0]).ravel(), "by itself"),
        (lambda D, W: unit(table_of(D, W)[1].T @ D), "without subtracting"),
        (lambda D, W: unit(table_of(D, W)[0].T), "of one word together"),
        (lambda D, W: unit(table_of(D, W)[0]), "without keypoints must give zeros"),
        (lambda D, W: bag_by_sklearn(D, W), "shape (768,)"),
    ],
)
def test_vlad_wrong(answer, words):
    rejected("02.4", answer, words)
