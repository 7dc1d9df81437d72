"""The checkers of chapter 03 name typical mistakes and accept right answers written differently."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import fft

from mmtutor.exercises import examine

MAJOR = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
MINOR = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]


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


def semitones(frequency, log=np.log2):
    return 12 * log(frequency / 440)


RIGHT = {
    "03.1": [
        by_matrix,
        by_loops,
        lambda decibels, n_mfcc: fft.dct(decibels, norm="ortho", axis=1)[:, :n_mfcc],
    ],
    "03.2": [
        lambda padded: np.nanmean(padded, axis=1),
        lambda padded: [clip[~np.isnan(clip[:, 0])].mean(axis=0) for clip in padded],
        lambda padded: np.nansum(padded, axis=1) / (~np.isnan(padded)).sum(axis=1),
    ],
    "03.3": [
        lambda frequency: np.rint(semitones(frequency) + 9).astype(int) % 12,
        lambda frequency: [round(69 + 12 * math.log2(f / 440)) % 12 for f in frequency],
        lambda frequency: np.round(12 * np.log2(frequency / 261.6256)) % 12,
    ],
    "03.4": [lambda chroma: rolled(chroma, 1), roll_the_chroma],
}

WRONG = {
    "03.1": [
        (lambda d, n: fft.dct(d, norm="ortho", axis=1), "kept all"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=1)[:, :n].T, "transposed"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=0)[:n], "over time"),
        (lambda d, n: fft.dct(d, norm="ortho", axis=0)[:, :n], "over time"),
        (lambda d, n: fft.dct(d, axis=1)[:, :n], "scale is not"),
        (lambda d, n: by_matrix(d, n, scaled=False), "scale is not"),
        (lambda d, n: by_matrix(d, n, first=1.0), "only coefficient 0"),
        (lambda d, n: by_matrix(d, n, half=0.0), "the half is missing"),
        (lambda d, n: by_matrix(d, n, turn=180.0), "radians"),
        (lambda d, n: by_matrix(d, n, wave=np.sin), "sines"),
        (lambda d, n: by_matrix(np.exp(d), n), "it should be"),
        (lambda d, n: "cepstrum", "array of numbers; got"),
        (lambda d, n: None, "returns nothing yet"),
        (lambda d: d, "TypeError"),
    ],
    "03.2": [
        (lambda p: p.mean(axis=1), "hold NaN"),
        (lambda p: np.nan_to_num(p).mean(axis=1), "as zeros"),
        (lambda p: np.nanmean(p, axis=0), "axis 0"),
        (lambda p: np.nanmean(p, axis=2), "axis 2"),
        (lambda p: np.nanmean(p, axis=(1, 2)), "averaged too much"),
        (lambda p: np.nanmean(p), "averaged too much"),
        (lambda p: np.nansum(p, axis=1), "sum over the frames"),
        (
            lambda p: p[:, : (~np.isnan(p[:, :, 0])).sum(axis=1).min()].mean(axis=1),
            "to the shortest",
        ),
        (lambda p: np.nanmedian(p, axis=1), "differ"),
    ],
    "03.3": [
        (lambda f: np.rint(semitones(f) + 69), "remove the octave"),
        (lambda f: (semitones(f) + 9) % 12, "round to the nearest"),
        (lambda f: np.rint((semitones(f) + 9) % 12), "round first"),
        (lambda f: np.rint(semitones(f)) % 12, "your zero is A"),
        (lambda f: np.floor(semitones(f) + 9) % 12, "rounded down"),
        (lambda f: np.rint(semitones(f, np.log) + 9) % 12, "natural logarithm"),
        (lambda f: np.rint(semitones(f, np.log10) + 69) % 12, "base 10"),
        (lambda f: np.rint(12 * np.log2(f)) % 12, "divide by 440"),
        (lambda f: np.full(f.shape, 3), "you said 3"),
        (lambda f: 9, "shape"),
        (lambda f: ["A"] * len(f), "array of numbers"),
    ],
    "03.4": [
        (lambda c: rolled(c, -1), "the other way round: np.roll"),
        (lambda c: rolled(c, 1, np.dot), "sum of products"),
        (lambda c: rolled(c, 1, templates=(MAJOR,)), "major every time"),
        (lambda c: (rolled(c, 1)[0], "minor"), "minor every time"),
        (lambda c: rolled(c, 1)[::-1], "order is (tonic, mode)"),
        (lambda c: ("A", "minor"), "the tonic is a number"),
        (lambda c: (0, "dorian"), "the mode is"),
        (lambda c: (13, "major"), "divmod"),
        (lambda c: 5, "two things"),
        (lambda c: rolled(c, 1, templates=(MINOR, MAJOR)), "which template is which"),
        (lambda c: (3, ("major", "minor")[int(c[0] > 0.6)]), "was called"),
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number in RIGHT for answer in RIGHT[number]]
)
def test_right_answers_pass(number, answer):
    for _ in range(3):
        verdict = examine(number, answer)
        assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("number", "answer", "hint"), [(number, *pair) for number in WRONG for pair in WRONG[number]]
)
def test_wrong_answers_get_their_hint(number, answer, hint):
    for _ in range(3):
        verdict = examine(number, answer)
        assert not verdict.passed
        assert hint in verdict.message


@pytest.mark.parametrize("number", RIGHT)
def test_an_empty_stub_is_not_yet(number):
    def stub(*args): ...

    assert "expected" in examine(number, stub).message
    assert not examine(number, None).passed
