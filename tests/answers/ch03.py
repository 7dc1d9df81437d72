"""Answers to the exercises of chapter 03."""

import math

import numpy as np
from scipy import fft

MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]

# 03.1


def by_matrix(cepstra, n_mels, *, half=0.5, turn=np.pi, first=0.5, wave=np.cos, start=0):
    k, m = start + np.arange(cepstra.shape[1])[:, None], np.arange(n_mels)
    basis = wave(turn * k * (m + half) / n_mels) * np.sqrt(2 / n_mels)
    basis[0] *= np.sqrt(first)
    return cepstra @ basis


def by_loops(cepstra, n_mels):
    rows = []
    for frame in cepstra:
        row = []
        for m in range(n_mels):
            total = frame[0] * math.sqrt(1 / n_mels)
            for k in range(1, len(frame)):
                total += (
                    frame[k] * math.cos(math.pi * k * (m + 0.5) / n_mels) * math.sqrt(2 / n_mels)
                )
            row.append(total)
        rows.append(row)
    return rows


def by_pseudoinverse(cepstra, n_mels):
    """The shortest decibels whose cosine transform begins with these coefficients."""
    forth = fft.dct(np.eye(n_mels), norm="ortho", axis=0)[: cepstra.shape[1]]
    return (np.linalg.pinv(forth) @ cepstra.T).T


def by_padding(cepstra, n_mels):
    full = np.zeros((len(cepstra), n_mels))
    full[:, : cepstra.shape[1]] = cepstra
    return fft.idct(full, norm="ortho", axis=-1)


def spoil(cepstra, n_mels):
    cepstra[:, 0] /= np.sqrt(2)
    return by_matrix(cepstra, n_mels, first=1.0)


# 03.2


def mean_by_masks(padded):
    there = ~np.isnan(padded)
    return np.where(there, padded, 0).sum(axis=1) / there.sum(axis=1)


def mean_by_running(padded):
    mean, n = np.zeros((len(padded), padded.shape[2])), np.zeros((len(padded), 1))
    for frame in np.moveaxis(padded, 1, 0):
        here = ~np.isnan(frame[:, :1])
        n += here
        mean += np.where(here, frame - mean, 0) / np.maximum(n, 1)
    return mean


def lengths(padded):
    return (~np.isnan(padded[:, :, 0])).sum(axis=1)


def fill_in_place(padded):
    n = lengths(padded)
    padded[np.isnan(padded)] = 0
    return padded.sum(axis=1) / n[:, None]


# 03.3


def semitones(frequency, log=np.log2):
    return 12 * log(frequency / 440)


def by_table(frequency):
    """The nearest of 128 keys on a logarithmic scale."""
    keys = 440 * 2 ** ((np.arange(128) - 69) / 12)
    return np.abs(np.log(frequency)[:, None] - np.log(keys)).argmin(axis=1) % 12


# 03.4


def rolled(chroma, roll, score=lambda a, b: np.corrcoef(a, b)[0, 1], templates=(MAJOR, MINOR)):
    scores = [[score(chroma, np.roll(p, roll * t)) for t in range(12)] for p in templates]
    mode, tonic = np.unravel_index(np.argmax(scores), (len(templates), 12))
    return tonic, ("major", "minor")[mode]


def roll_the_chroma(chroma):
    best, key = -2.0, None
    for tonic in range(12):
        turned = np.roll(chroma, -tonic)
        for mode, template in (("major", MAJOR), ("minor", MINOR)):
            a, b = turned - turned.mean(), np.array(template) - np.mean(template)
            score = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            if score > best:
                best, key = score, [tonic, mode]
    return key


def by_least_squares(chroma):
    """The template that leaves least when chroma is fitted as slope * template + offset."""
    rest = {}
    for mode, template in (("major", MAJOR), ("minor", MINOR)):
        for tonic in range(12):
            A = np.column_stack([np.roll(template, tonic), np.ones(12)])
            (slope, offset), *_ = np.linalg.lstsq(A, chroma, rcond=None)
            left = np.sum((chroma - A @ [slope, offset]) ** 2)
            rest[tonic, mode] = left if slope > 0 else np.inf
    return min(rest, key=rest.get)


def by_one_product(chroma):
    T = np.array([np.roll(p, t) for p in (MAJOR, MINOR) for t in range(12)], dtype=np.float32)
    T -= T.mean(axis=1, keepdims=True)
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    mode, tonic = divmod(int((T @ (chroma - chroma.mean()).astype(np.float32)).argmax()), 12)
    return tonic, ["major", "minor"][mode]


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def loudest(chroma):
    tonic = int(np.argmax(chroma))
    return tonic, "major" if chroma[(tonic + 4) % 12] > chroma[(tonic + 3) % 12] else "minor"


RIGHT = {
    "03.1": [
        by_matrix,
        by_loops,
        by_pseudoinverse,
        by_padding,
        lambda c, n: fft.idct(c, n=n, norm="ortho"),
        lambda c, n: by_matrix(c.astype(np.float32), n).tolist(),
    ],
    "03.2": [
        mean_by_masks,
        mean_by_running,
        lambda padded: np.nanmean(padded, axis=1),
        lambda padded: [clip[~np.isnan(clip[:, 0])].mean(axis=0) for clip in padded],
        lambda padded: np.ma.masked_invalid(padded).mean(axis=1),
        lambda padded: np.nansum(padded.astype(np.float32), axis=1) / lengths(padded)[:, None],
    ],
    "03.3": [
        by_table,
        lambda frequency: np.rint(semitones(frequency) + 9).astype(int) % 12,
        lambda frequency: [round(69 + 12 * math.log2(f / 440)) % 12 for f in frequency],
        lambda frequency: np.round(12 * np.log2(frequency / 261.6256)) % 12,
        lambda frequency: np.floor(semitones(frequency) + 9.5) % 12,
        lambda frequency: (np.rint(semitones(frequency.astype(np.float32))) + 9) % 12,
    ],
    "03.4": [
        roll_the_chroma,
        by_least_squares,
        by_one_product,
        lambda chroma: rolled(chroma, 1),
        lambda chroma: rolled(chroma, 1, lambda a, b: cosine(a - a.mean(), b - b.mean())),
    ],
}

WRONG = {
    "03.1": [
        (lambda c, n: by_matrix(c, n).T, "transposed"),
        (lambda c, n: fft.idct(c, norm="ortho"), "n_mels bands"),
        (lambda c, n: fft.idct(c, n=n), "not the scale"),
        (lambda c, n: c @ fft.dct(np.eye(n), axis=0)[: c.shape[1]] / 2, "not the scale"),
        (lambda c, n: fft.dct(c, n=n, norm="ortho"), "once more"),
        (
            lambda c, n: fft.idct(np.hstack([np.zeros((len(c), n - c.shape[1])), c]), norm="ortho"),
            "at the *end*",
        ),
        (lambda c, n: by_matrix(c, n, first=1.0), "only coefficient 0"),
        (lambda c, n: by_matrix(np.hstack([0 * c[:, :1], c[:, 1:]]), n), "the level, is lost"),
        (lambda c, n: by_matrix(c, n, half=0.0), "the half is missing"),
        (lambda c, n: by_matrix(c, n, turn=180.0), "radians"),
        (lambda c, n: by_matrix(c, n, wave=np.sin), "sines"),
        (lambda c, n: by_matrix(c, n, first=1.0, start=1), "number 0, not 1"),
        (lambda c, n: by_matrix(c, n)[:, ::-1], "wrong order"),
        (lambda c, n: fft.idct(c, n=n, type=3, norm="ortho"), "once more"),
        (lambda c, n: 10 ** (by_matrix(c, n) / 10), "differs most"),
        (lambda c, n: by_matrix(c[:, :-1], n), "differs most"),
        (lambda c, n: c, "shape"),
        (lambda c, n: "bands", "array of numbers; got"),
        (lambda c: c, "TypeError"),
        (spoil, "changes its input cepstra"),
    ],
    "03.2": [
        (lambda p: p.mean(axis=1), "leave the padding out"),
        (lambda p: np.nan_to_num(p).mean(axis=1), "as zeros"),
        (lambda p: np.nanmean(p, axis=0), "axis 0"),
        (lambda p: np.nanmean(p, axis=2), "axis 2"),
        (lambda p: np.nanmean(p, axis=(1, 2)), "averaged too much"),
        (lambda p: np.nanmean(p), "averaged too much"),
        (lambda p: np.nansum(p, axis=1), "sum over the frames"),
        (lambda p: p[:, : lengths(p).min()].mean(axis=1), "to the shortest"),
        (lambda p: np.nanmedian(p, axis=1), "median"),
        (
            lambda p: np.array([c[: n - 1].mean(0) for c, n in zip(p, lengths(p), strict=True)]),
            "the last frame",
        ),
        (lambda p: np.nanmean(np.where(p == 0, np.nan, p), axis=1), "a zero is a value"),
        (lambda p: [c[np.nan_to_num(c).any(axis=1)].mean(axis=0) for c in p], "a zero is a value"),
        (
            lambda p: np.nansum(p, axis=1) / np.count_nonzero(np.nan_to_num(p), axis=1),
            "a zero is a value",
        ),
        (lambda p: np.nanmean(p, axis=1, keepdims=True), "shape"),
        (lambda p: p[:, 0], "differs most"),
        (lambda p: (np.nanmax(p, axis=1) + np.nanmin(p, axis=1)) / 2, "differs most"),
        (lambda p: np.nansum(p, axis=1) / lengths(p).mean(), "differs most"),
        (fill_in_place, "changes its input padded"),
    ],
    "03.3": [
        (lambda f: np.rint(semitones(f) + 69), "remove the octave"),
        (lambda f: (semitones(f) + 9) % 12, "round to the nearest"),
        (lambda f: np.rint((semitones(f) + 9) % 12), "round first"),
        (lambda f: np.rint(semitones(f)) % 12, "your zero is A"),
        (lambda f: np.floor(semitones(f) + 9) % 12, "rounded down"),
        (lambda f: (semitones(f) + 69).astype(int) % 12, "rounded down"),
        (lambda f: np.ceil(semitones(f) + 9) % 12, "rounded up"),
        (lambda f: np.rint(semitones(f, np.log) + 9) % 12, "log2"),
        (lambda f: np.rint(semitones(f, np.log10) + 69) % 12, "log2"),
        (lambda f: np.rint(12 * np.log2(f)) % 12, "divide by 440"),
        (lambda f: np.rint(semitones(f) + 9) % 12 + 1, "differs most"),
        (lambda f: np.rint(7 * np.log2(f / 440) + 9) % 12, "differs most"),
        (lambda f: np.rint(-semitones(f) + 9) % 12, "differs most"),
        (lambda f: np.full(f.shape, 3), "differs most"),
        (lambda f: 9, "shape"),
        (lambda f: ["A"] * len(f), "array of numbers"),
    ],
    "03.4": [
        (lambda c: rolled(c, -1), "not the other way"),
        (lambda c: rolled(c, 1, np.dot), "sum of products"),
        (lambda c: rolled(c, 1, cosine), "the offset decides"),
        (
            lambda c: rolled(c, 1, lambda a, b: -np.abs(a / a.sum() - b / b.sum()).sum()),
            "the offset",
        ),
        (
            lambda c: rolled(c, 1, lambda a, b: (a - a.mean()) @ (b - b.mean())),
            "scale each template",
        ),
        (lambda c: rolled(c, 1, lambda a, b: (a - a.mean()) @ b / np.linalg.norm(b)), "scale each"),
        (lambda c: rolled(c, 1, lambda a, b: -np.linalg.norm(a - b)), "distances"),
        (lambda c: rolled(c, 1, lambda a, b: -np.linalg.norm(a / a.max() - b / b.max())), ""),
        (lambda c: rolled(np.log(np.maximum(c, 1e-3)), 1), ""),
        (lambda c: rolled(c, 1, templates=(MAJOR,)), "major every time"),
        (lambda c: (rolled(c, 1)[0], "minor"), "minor every time"),
        (lambda c: (rolled(c, 1)[0], "major"), "major every time"),
        (loudest, "strongest pitch class"),
        (lambda c: (int(c.argmax()), rolled(c, 1)[1]), "strongest pitch class"),
        (lambda c: rolled(c, 1, templates=(MINOR, MAJOR)), "which template is which"),
        (lambda c: rolled(c, 1)[::-1], "order is (tonic, mode)"),
        (lambda c: ("A", "minor"), "the tonic is a number"),
        (lambda c: (0, "dorian"), "the mode is"),
        (lambda c: (13, "major"), "divmod"),
        (lambda c: 5, "two things"),
        (lambda c: ((rolled(c, 1)[0] + 1) % 12, rolled(c, 1)[1]), "expected ["),
        (lambda c: (c.sort() or 0, "major"), "changes its input c"),
    ],
}
