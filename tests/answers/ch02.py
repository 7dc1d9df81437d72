"""Answers to the exercises of chapter 02."""

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances_argmin
from sklearn.preprocessing import normalize

# 02.1


def cell(dx, dy, bins, *, angle=None, weights=None, top=180):
    angle = np.degrees(np.arctan2(dy, dx)) % 180 if angle is None else angle
    weights = np.hypot(dx, dy) if weights is None else weights
    return np.histogram(angle, bins=bins, range=(0, top), weights=weights)[0]


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


def cell_in_radians(dx, dy, bins):
    angle = np.arctan2(dy, dx) % np.pi
    return np.histogram(angle, bins=bins, range=(0, np.pi), weights=np.sqrt(dx**2 + dy**2))[0]


def cell_by_bincount(dx, dy, bins):
    z = (dx + 1j * dy).astype(np.complex64)
    k = (np.angle(z, deg=True) % 180 // (180 / bins)).astype(int).clip(0, bins - 1)
    return np.bincount(k.ravel(), weights=np.abs(z).ravel(), minlength=bins)


def cell_by_interpolation(dx, dy, bins):
    """Votes shared between neighbouring bins, as OpenCV's HOG does."""
    place = np.degrees(np.arctan2(dy, dx)) % 180 / (180 / bins) - 0.5
    low, length, out = np.floor(place).astype(int), np.hypot(dx, dy), np.zeros(bins)
    np.add.at(out, low % bins, length * (1 - (place - low)))
    np.add.at(out, (low + 1) % bins, length * (place - low))
    return out


# 02.2


def root_by_loop(D):
    out = []
    for row in D:
        total = sum(row)
        out.append([(x / total) ** 0.5 if total else 0.0 for x in row])
    return out


def root_where(D):
    total = D.sum(axis=1)
    out = np.zeros_like(D)
    out[total > 0] = np.sqrt(D[total > 0] / total[total > 0, None])
    return out


def root_in_place(D):
    D /= np.maximum(D.sum(axis=1, keepdims=True), 1e-12)
    return np.sqrt(D)


# 02.3


def bag_by_sklearn(D, W):
    if len(D) == 0:
        return np.zeros(len(W))
    return np.bincount(pairwise_distances_argmin(D, W), minlength=len(W)) / len(D)


def bag_by_loop(D, W):
    out = [0.0] * len(W)
    for d in D:
        out[int(np.argmin([np.linalg.norm(d - w) for w in W]))] += 1 / len(D)
    return out


def bag_by_tree(D, W):
    words = cKDTree(W).query(D)[1] if len(D) else np.zeros(0, int)
    return np.array([np.sum(words == k) for k in range(len(W))]) / max(len(D), 1)


def bag_in_float32(D, W):
    D, W = D.astype(np.float32), W.astype(np.float32)
    words = ((W**2).sum(1) - 2 * D @ W.T).argmin(axis=1)
    return np.bincount(words, minlength=len(W)).astype(np.float32) / np.float32(max(len(D), 1))


def share(words, W):
    return np.bincount(words, minlength=len(W)) / max(len(words), 1)


def by_metric(metric):
    return lambda D, W: share(cdist(D, W, metric).argmin(1), W)


# 02.4


def table_of(D, W):
    words = np.eye(len(W))[((D[:, None] - W) ** 2).sum(axis=2).argmin(1)]
    return words.T @ D - words.sum(axis=0)[:, None] * W, words


def vlad_by_mask(D, W):
    table = np.zeros_like(W)
    if len(D):
        words = pairwise_distances_argmin(D, W)
        for j in range(len(W)):
            table[j] = (D[words == j] - W[j]).sum(axis=0)
    length = np.linalg.norm(table)
    return (table / length if length > 0 else table).ravel()


def vlad_by_matrix(D, W):
    table = table_of(D, W)[0]
    return table.ravel() / max(np.linalg.norm(table), 1e-12)


def vlad_by_loop(D, W):
    table = np.zeros(W.shape)
    for d in D:
        k = np.argmin(np.linalg.norm(W - d, axis=1))
        table[k] += d - W[k]
    return normalize(table.reshape(1, -1))[0]


def vlad_by_add(D, W):
    table = np.zeros(W.shape, dtype=np.float32)
    words = cdist(D, W).argmin(axis=1)
    np.add.at(table, words, (D - W[words]).astype(np.float32))
    flat = table.ravel()
    return np.nan_to_num(flat / np.linalg.norm(flat)).tolist()


def unit(table):
    return table.ravel() / np.linalg.norm(table)


RIGHT = {
    "02.1": [cell, cell_by_mask, cell_by_loop, cell_in_radians, cell_by_bincount],
    "02.2": [
        root_by_loop,
        root_where,
        lambda D: np.sqrt(D / np.maximum(D.sum(axis=1, keepdims=True), 1e-12)),
        lambda D: np.sqrt(normalize(D, norm="l1")),
        lambda D: normalize(np.sqrt(D)),
        lambda D: np.sqrt(np.nan_to_num(D / D.sum(axis=1, keepdims=True))).astype(np.float32),
    ],
    "02.3": [
        bag_by_sklearn,
        bag_by_loop,
        bag_by_tree,
        bag_in_float32,
        lambda D, W: np.histogram(cdist(D, W).argmin(1), np.arange(len(W) + 1))[0] / max(len(D), 1),
    ],
    "02.4": [
        vlad_by_mask,
        vlad_by_matrix,
        vlad_by_loop,
        vlad_by_add,
        lambda D, W: np.nan_to_num(unit(table_of(D, W)[0])),
    ],
}

WRONG = {
    "02.1": [
        (lambda x, y, b: cell(x, y, b, weights=np.ones(x.shape)), "counted pixels"),
        (lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan2(y, x)) % 360, top=360), "360"),
        (lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan2(y, x))), "% 180 turns"),
        (lambda x, y, b: cell(x, y, b, angle=np.abs(np.degrees(np.arctan2(y, x)))), "% 180 turns"),
        (lambda x, y, b: cell(x, y, b, angle=np.arctan2(y, x) % 180), "radians"),
        (lambda x, y, b: cell(x, y, b, angle=np.arctan2(y, x) % np.pi), "radians"),
        (lambda x, y, b: cell(y, x, b), "swapped the arguments"),
        (lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan(x / y)) % 180), "swapped"),
        (lambda x, y, b: cell(x, y, b) / 64, "not their mean"),
        (lambda x, y, b: cell(x, y, b) / cell(x, y, b).sum(), "not normalised"),
        (lambda x, y, b: cell(x, y, b, weights=x**2 + y**2), "sqrt(dx**2 + dy**2)"),
        (lambda x, y, b: cell(x, y, b, weights=np.abs(x)), "Bin k collects"),
        (cell_by_interpolation, "Bin k collects"),
        (lambda x, y, b: np.roll(cell(x, y, b), 1), "Bin k collects"),
        (lambda x, y, b: cell(x, y, b)[::-1], "Bin k collects"),
        (lambda x, y, b: cell(x, y, 9), "shape (4,)"),
        (lambda x, y, b: cell(x, y, b) + 1, "Bin k collects"),
        (lambda x, y, b: np.histogram(np.arctan2(y, x), bins=b), "array of numbers"),
    ],
    "02.2": [
        (lambda D: np.sqrt(D / np.linalg.norm(D, axis=1, keepdims=True)), "Euclidean norm"),
        (lambda D: np.sqrt(D / D.sum(axis=0)), "axis=1 with keepdims"),
        (lambda D: np.sqrt(D / D.sum()), "axis=1 with keepdims"),
        (np.sqrt, "did not divide"),
        (lambda D: D / D.sum(axis=1, keepdims=True), "now take the square root"),
        (lambda D: np.sqrt(D) / np.sqrt(D).sum(axis=1, keepdims=True), "then take the root"),
        (lambda D: np.sqrt(D) / D.sum(axis=1, keepdims=True), "under the root"),
        (lambda D: np.sqrt(D / D.sum(axis=1, keepdims=True)), "zeros must stay zeros"),
        (lambda D: np.sqrt(D / D.sum(axis=1)), "stopped with ValueError"),
        (lambda D: root_where(D)[:, :64], "shape (3, 128)"),
        (lambda D: normalize(D), "differs most"),
        (lambda D: np.sqrt(D / D.max(axis=1, keepdims=True).clip(1e-9)), "sqrt(row / row.sum())"),
        (lambda D: (D / D.sum(axis=1, keepdims=True).clip(1e-9)) ** 2, "sqrt(row / row.sum())"),
        (lambda D: np.sqrt((D + 1) / (D + 1).sum(axis=1, keepdims=True)), "sqrt(row"),
        (root_in_place, "changes its input D"),
    ],
    "02.3": [
        (lambda D, W: bag_by_sklearn(D, W) * len(D), "counts"),
        (lambda D, W: np.bincount(cdist(D, W).argmin(1)) / len(D), "minlength"),
        (lambda D, W: cdist(D, W).argmin(1), "each row of the codebook"),
        (lambda D, W: share(cdist(D, W).argmax(1), W), "farthest"),
        (lambda D, W: share((D @ W.T).argmax(1), W), "dot product"),
        (by_metric("cityblock"), "another metric"),
        (by_metric("cosine"), "another metric"),
        (by_metric("chebyshev"), "another metric"),
        (
            lambda D, W: (
                by_metric("euclidean")(normalize(D), normalize(W)) if len(D) else W[:, 0] * 0
            ),
            "another metric",
        ),
        (lambda D, W: by_metric("euclidean")(D[:, :64], W[:, :64]), "differs most"),
        (by_metric("correlation"), ""),
        (lambda D, W: normalize([bag_by_sklearn(D, W)])[0], "the sum to 1"),
        (
            lambda D, W: np.bincount(cdist(D, W).argmin(1), minlength=len(W)) / len(D),
            "no keypoints",
        ),
        (lambda D, W: bag_by_sklearn(D, W)[::-1], "differs most"),
        (lambda D, W: (bag_by_sklearn(D, W) > 0) / len(W), "differs most"),
        (lambda D, W: np.exp(-cdist(D, W)).sum(0) / np.exp(-cdist(D, W)).sum(), "differs most"),
        (lambda D, W: share(cdist(D, W[:-1]).argmin(1), W[:-1]), ""),
    ],
    "02.4": [
        (lambda D, W: -vlad_by_mask(D, W), "sign"),
        (
            lambda D, W: unit(table_of(D, W)[0] / table_of(D, W)[1].sum(0)[:, None].clip(1)),
            "VLAD sums",
        ),
        (lambda D, W: table_of(D, W)[0].ravel(), "length 1 at the end"),
        (lambda D, W: table_of(D, W)[0], "end to end"),
        (lambda D, W: unit(D.sum(axis=0) - len(D) * W), "not for every one"),
        (lambda D, W: unit(normalize(table_of(D, W)[0])), "only the whole vector"),
        (lambda D, W: normalize(table_of(D, W)[0]).ravel(), "only the whole vector"),
        (lambda D, W: unit(table_of(D, W)[1].T @ D), "subtract the word"),
        (lambda D, W: unit(table_of(D, W)[0].T), "of one word together"),
        (lambda D, W: unit(table_of(D, W)[0]), "no keypoints"),
        (lambda D, W: bag_by_sklearn(D, W), "shape"),
        (lambda D, W: unit(np.abs(table_of(D, W)[0])), "differs most"),
        (
            lambda D, W: unit(np.sign(table_of(D, W)[0]) * np.abs(table_of(D, W)[0]) ** 0.5),
            "differs",
        ),
        (lambda D, W: unit(table_of(D, W)[0][::-1]), "differs most"),
        (lambda D, W: unit(D.mean(0) - W), ""),
        (
            lambda D, W: unit(
                np.concatenate(
                    [D[cdist(D, W).argmin(1) == k][:1].sum(0) - w for k, w in enumerate(W)]
                )
            ),
            "differs most",
        ),
    ],
}
