"""Answers to the exercises of chapter 02."""

import math

import cv2
import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from skimage.feature import match_descriptors
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

# 02.1


def cell(dx, dy, bins, *, angle=None, weights=None, top=180, middle=0.5):
    """Votes added one side after the other, as OpenCV's HOG does."""
    angle = np.degrees(np.arctan2(dy, dx)) % 180 if angle is None else angle
    weights = np.hypot(dx, dy) if weights is None else weights
    place = angle / (top / bins) - middle
    low, out = np.floor(place).astype(int), np.zeros(bins)
    np.add.at(out, low % bins, weights * (1 - (place - low)))
    np.add.at(out, (low + 1) % bins, weights * (place - low))
    return out


def cell_by_loop(dx, dy, bins):
    out, width = [0.0] * bins, 180 / bins
    for x, y in zip(dx.ravel(), dy.ravel(), strict=True):
        theta, vote = math.degrees(math.atan2(y, x)) % 180, math.hypot(x, y)
        for k in range(bins):
            away = abs(theta - (k + 0.5) * width)
            away = min(away, 180 - away)
            if away < width:
                out[k] += vote * (1 - away / width)
    return out


def cell_by_padding(dx, dy, bins):
    """One bin more at each end, then folded back."""
    angle = np.degrees(np.arctan2(dy, dx))
    angle[angle < 0] += 180
    width, vote = 180 / bins, np.sqrt(dx**2 + dy**2)
    low = ((angle + width / 2) // width).astype(int)  # padded: bin k has its middle at k - 0.5
    upper = (angle + width / 2) / width - low
    padded = np.bincount(low.ravel(), (vote * (1 - upper)).ravel(), minlength=bins + 2)
    padded += np.bincount(low.ravel() + 1, (vote * upper).ravel(), minlength=bins + 2)
    padded[bins] += padded[0]
    padded[1] += padded[bins + 1]
    return padded[1 : bins + 1]


def cell_by_interp(dx, dy, bins):
    """How much of a vote goes to a bin is a periodic tent."""
    theta = np.arctan2(dy, dx) % np.pi
    middles = (np.arange(bins) + 0.5) * np.pi / bins
    tents = [np.interp(theta, middles, row, period=np.pi) for row in np.eye(bins)]
    return [(np.hypot(dx, dy) * tent).sum() for tent in tents]


def cell_in_float32(dx, dy, bins):
    z = (dx + 1j * dy).astype(np.complex64)
    place = (np.angle(z, deg=True) % np.float32(180)) / np.float32(180 / bins) - np.float32(0.5)
    low = np.floor(place)
    out = np.zeros(bins, np.float32)
    for shift, part in ((0, 1 - (place - low)), (1, place - low)):
        k = (low.astype(int) + shift) % bins
        out += np.bincount(k.ravel(), (np.abs(z) * part).ravel(), bins).astype(np.float32)
    return out


def cell_hard(dx, dy, bins):
    angle = np.degrees(np.arctan2(dy, dx)) % 180
    return np.histogram(angle, bins=bins, range=(0, 180), weights=np.hypot(dx, dy))[0]


def cell_at_the_ends(dx, dy, bins):
    """The votes beyond the last middle are not carried to the other end."""
    place = np.degrees(np.arctan2(dy, dx)) % 180 / (180 / bins) - 0.5
    low, vote, out = np.floor(place).astype(int), np.hypot(dx, dy), np.zeros(bins)
    for k, part in ((low, 1 - (place - low)), (low + 1, place - low)):
        inside = (k >= 0) & (k < bins)
        np.add.at(out, k[inside], (vote * part)[inside])
    return out


def cell_clipped(dx, dy, bins):
    place = np.degrees(np.arctan2(dy, dx)) % 180 / (180 / bins) - 0.5
    return cell(dx, dy, bins, angle=(np.clip(place, 0, bins - 1) + 0.5) * 180 / bins)


def cell_swapped(dx, dy, bins):
    place = np.degrees(np.arctan2(dy, dx)) % 180 / (180 / bins) - 0.5
    low, vote, out = np.floor(place).astype(int), np.hypot(dx, dy), np.zeros(bins)
    np.add.at(out, low % bins, vote * (place - low))
    np.add.at(out, (low + 1) % bins, vote * (1 - (place - low)))
    return out


def cell_in_place(dx, dy, bins):
    right = cell(dx, dy, bins)
    dx *= 2
    return right


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


def match_by_loop(A, B, ratio):
    out = []
    for i, a in enumerate(A):
        distances = np.linalg.norm(B - a, axis=1)
        j, runner_up = np.argsort(distances)[:2]
        back = np.linalg.norm(A - B[j], axis=1).argmin()
        out.append(int(j) if back == i and distances[j] < ratio * distances[runner_up] else -1)
    return out


def match_by_opencv(A, B, ratio):
    A, B = A.astype(np.float32), B.astype(np.float32)
    back = {m.queryIdx: m.trainIdx for m in cv2.BFMatcher().match(B, A)}
    out = np.full(len(A), -1)
    for best, second in cv2.BFMatcher().knnMatch(A, B, k=2):
        if best.distance < ratio * second.distance and back[best.trainIdx] == best.queryIdx:
            out[best.queryIdx] = best.trainIdx
    return out


def match_by_tree(A, B, ratio):
    d, j = cKDTree(B).query(A, k=2)
    back = cKDTree(A).query(B)[1]
    out = j[:, 0].copy()
    out[(d[:, 0] >= ratio * d[:, 1]) | (back[out] != np.arange(len(A)))] = -1
    return out


def match_by_neighbours(A, B, ratio):
    d, j = NearestNeighbors(n_neighbors=2).fit(B).kneighbors(A)
    back = NearestNeighbors(n_neighbors=1).fit(A).kneighbors(B)[1].ravel()
    good = (d[:, 0] / d[:, 1] < ratio) & (back[j[:, 0]] == np.arange(len(A)))
    return np.where(good, j[:, 0], -1).astype(float)


def match_by_skimage(A, B, ratio):
    out = -np.ones(len(A), dtype=int)
    for i, j in match_descriptors(A, B, cross_check=True):
        d = np.sort(((B - A[i]) ** 2).sum(axis=1))
        if d[0] < ratio**2 * d[1]:
            out[i] = j
    return out


def match(A, B, ratio, *, metric="euclidean", back=True, power=1):
    D = cdist(A, B, metric) ** power
    j = D.argmin(axis=1)
    d = np.partition(D, 1, axis=1)
    good = d[:, 0] < ratio * d[:, 1]
    if back:
        good &= D.argmin(axis=0)[j] == np.arange(len(A))
    return np.where(good, j, -1)


def match_taken(A, B, ratio):
    """First come, first served, instead of the nearest."""
    out, seen = match(A, B, ratio, back=False), set()
    for i, j in enumerate(out):
        if j in seen:
            out[i] = -1
        seen.add(j)
    return out


def match_both_ways(A, B, ratio):
    there, back = match(A, B, ratio), match(B, A, ratio)
    return np.where(back[there] == np.arange(len(A)), there, -1)


def match_in_place(A, B, ratio):
    right = match(A, B, ratio)
    A /= 2
    return right


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
    "02.1": [
        cell,
        cell_by_loop,
        cell_by_padding,
        cell_by_interp,
        cell_in_float32,
        lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan2(-y, -x)) % 180),
    ],
    "02.2": [
        root_by_loop,
        root_where,
        lambda D: np.sqrt(D / np.maximum(D.sum(axis=1, keepdims=True), 1e-12)),
        lambda D: np.sqrt(normalize(D, norm="l1")),
        lambda D: normalize(np.sqrt(D)),
        lambda D: np.sqrt(np.nan_to_num(D / D.sum(axis=1, keepdims=True))).astype(np.float32),
    ],
    "02.3": [
        match,
        match_by_loop,
        match_by_opencv,
        match_by_tree,
        match_by_neighbours,
        match_by_skimage,
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
        (cell_hard, "still goes to one bin"),
        (cell_at_the_ends, "are neighbours"),
        (cell_clipped, "are neighbours"),
        (cell_swapped, "shares are swapped"),
        (lambda x, y, b: cell(x, y, b, middle=0), "middle of bin k"),
        (lambda x, y, b: cell(x, y, b, middle=1), "middle of bin k"),
        (lambda x, y, b: cell(x, y, b, weights=np.ones(x.shape)), "counted pixels"),
        (lambda x, y, b: cell(x, y, b, angle=np.degrees(np.arctan2(y, x)) % 360, top=360), "360"),
        (lambda x, y, b: cell(x, y, b, angle=np.abs(np.degrees(np.arctan2(y, x)))), "% 180 turns"),
        (lambda x, y, b: cell(x, y, b, angle=np.arctan2(y, x) % np.pi), "radians"),
        (lambda x, y, b: cell(y, x, b), "swapped the arguments"),
        (lambda x, y, b: cell(x, y, b) / 64, "not their mean"),
        (lambda x, y, b: cell(x, y, b) / cell(x, y, b).sum(), "not normalised"),
        (lambda x, y, b: cell(x, y, b, weights=x**2 + y**2), "sqrt(dx**2 + dy**2)"),
        (lambda x, y, b: cell(x, y, b, weights=np.abs(x)), "bin widths from the middle"),
        (lambda x, y, b: np.roll(cell(x, y, b), 2), "bin widths from the middle"),
        (lambda x, y, b: cell(x, y, b)[::-1], "bin widths from the middle"),
        (lambda x, y, b: cell(x, y, 9), "shape (4,)"),
        (lambda x, y, b: cell(x, y, b) + 1, "bin widths from the middle"),
        (lambda x, y, b: np.histogram(np.arctan2(y, x), bins=b), "array of numbers"),
        (cell_in_place, "changes its input dx"),
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
        (
            lambda D: np.sqrt(D / D.max(axis=1, keepdims=True).clip(1e-9)),
            "form it has in the formula",
        ),
        (
            lambda D: (D / D.sum(axis=1, keepdims=True).clip(1e-9)) ** 2,
            "form it has in the formula",
        ),
        (
            lambda D: np.sqrt((D + 1) / (D + 1).sum(axis=1, keepdims=True)),
            "form it has in the formula",
        ),
        (root_in_place, "changes its input D"),
    ],
    "02.3": [
        (lambda A, B, r: match(A, B, np.inf), "ratio test is missing"),
        (lambda A, B, r: match(A, B, r, back=False), "the way back is missing"),
        (lambda A, B, r: match(A, B, r, power=2), "not their squares"),
        (lambda A, B, r: match(A, B, 0.8), "the ratio that is given"),
        (lambda A, B, r: match(A, B, 0.7), "each is the other's nearest"),
        (lambda A, B, r: match(A, B, 1 / r), "ratio test is missing"),
        (lambda A, B, r: match(A, B, r).clip(0), "0 is a descriptor"),
        (lambda A, B, r: match(A, B, r) >= 0, "the number of the match"),
        (lambda A, B, r: match(A, B, r, metric="cityblock"), "another metric"),
        (lambda A, B, r: match(A, B, r, metric="cosine"), "another metric"),
        (lambda A, B, r: match(A, B, r, metric="chebyshev"), "another metric"),
        (lambda A, B, r: match(normalize(A), normalize(B), r), "each is the other's nearest"),
        (match_both_ways, "not on the way back"),
        (match_taken, "each is the other's nearest"),
        (lambda A, B, r: match(B, A, r), "matches of `second`"),
        (lambda A, B, r: cdist(A, B).argmin(1), ""),
        (lambda A, B, r: match(A, B, r)[match(A, B, r) >= 0], "shape (50,)"),
        (lambda A, B, r: np.argwhere(match(A, B, r) >= 0), "shape (50,)"),
        (lambda A, B, r: np.where(match(A, B, r) < 0, len(B), match(A, B, r)), "differs most"),
        (lambda A, B, r: np.where(match(A, B, r) < 0, np.nan, match(A, B, r)), ""),
        (match_in_place, "changes its input A"),
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
        (lambda D, W: pairwise_distances_argmin(D, W), "shape"),
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
