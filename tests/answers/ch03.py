"""Answers to the exercises of chapter 03."""

import math

import numpy as np
from scipy import fft

MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]

# 03.1


def by_matrix(decibels, n_mfcc, *, half=0.5, turn=np.pi, first=0.5, wave=np.cos, scaled=True):
    n_mels = decibels.shape[1]
    k, m = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    basis = wave(turn * k * (m + half) / n_mels)
    if scaled:
        basis = basis * np.sqrt(2 / n_mels)
        basis[0] *= np.sqrt(first)
    return decibels @ basis.T


def by_loops(decibels, n_mfcc):
    n_mels = decibels.shape[1]
    rows = []
    for frame in decibels:
        row = []
        for k in range(n_mfcc):
            total = sum(x * math.cos(math.pi * k * (m + 0.5) / n_mels) for m, x in enumerate(frame))
            row.append(total * math.sqrt((1 if k == 0 else 2) / n_mels))
        rows.append(row)
    return rows


def by_fft(decibels, n_mfcc):
    """The DCT of a row is the real part of the FFT of the row and its mirror image."""
    n = decibels.shape[1]
    spectrum = np.fft.rfft(np.hstack([decibels, decibels[:, ::-1]]), axis=1)[:, :n_mfcc]
    half = (spectrum * np.exp(-0.5j * np.pi * np.arange(n_mfcc) / n)).real / 2
    half[:, 0] /= np.sqrt(2)
    return half * np.sqrt(2 / n)


def spoil(decibels, n_mfcc):
    decibels -= decibels.max()
    return by_matrix(decibels, n_mfcc)


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
        by_fft,
        lambda d, n: fft.dct(d, norm="ortho", axis=1)[:, :n],
        lambda d, n: fft.dct(d.astype(np.float32), norm="ortho", axis=1)[:, :n],
        lambda d, n: by_matrix(d.T.copy().T, n).tolist(),
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
        (lambda d, n: fft.dct(d, norm="ortho", axis=1), "kept all"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=1)[:, :n].T, "transposed"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=0)[:n], "over time"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=0)[:, :n], "over time"),
        (lambda d, n: fft.dct(d, axis=1)[:, :n], "not the scale"),
        (lambda d, n: by_matrix(d, n, scaled=False), "not the scale"),
        (lambda d, n: by_matrix(d, n, first=1.0), "only coefficient 0"),
        (lambda d, n: by_matrix(d, n, half=0.0), "the half is missing"),
        (lambda d, n: by_matrix(d, n, turn=180.0), "radians"),
        (lambda d, n: by_matrix(d, n, wave=np.sin), "sines"),
        (lambda d, n: by_matrix(d, n + 1)[:, 1:], "skips coefficient 0"),
        (lambda d, n: fft.dct(d, type=3, norm="ortho", axis=1)[:, :n], "differs most"),
        (lambda d, n: by_matrix(10 ** (d / 10), n), "differs most"),
        (lambda d, n: by_matrix(d - d.mean(axis=1, keepdims=True), n), "coefficient 0 is lost"),
        (lambda d, n: by_matrix(d[:, ::-1], n), "differs most"),
        (lambda d, n: by_matrix(d, 40)[:, :n] if d.shape[1] > 99 else d[:, :n], "differs most"),
        (lambda d, n: "cepstrum", "array of numbers; got"),
        (lambda d: d, "TypeError"),
        (spoil, "changes its input decibels"),
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
