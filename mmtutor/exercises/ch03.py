"""Checkers of chapter 03: the cosine transform back, padded means, pitch classes, and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import fft

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, exercise
from mmtutor.exercises._scaling import share, unit

# --- 03.1 ---------------------------------------------------------------------------------------


def _bands(cepstra: np.ndarray, n_mels: int) -> np.ndarray:
    return fft.idct(cepstra, n=n_mels, norm="ortho", axis=1)


def _sum_of(wave: Callable, scaled: bool = True, first: float = 0.5) -> Callable:
    """Return the sum of wave(k, m, n_mels), each times its coefficient."""

    def bands(cepstra: np.ndarray, n_mels: int) -> np.ndarray:
        k = np.arange(cepstra.shape[1])
        scale = np.sqrt(np.where(k > 0, 1, first) * 2 / n_mels) if scaled else 1
        return (cepstra * scale) @ wave(k[:, None], np.arange(n_mels), n_mels)

    return bands


def _cosine(k: np.ndarray, m: np.ndarray, n_mels: int) -> np.ndarray:
    return np.cos(np.pi * k * (m + 0.5) / n_mels)


def _of_as_many(cepstra: np.ndarray, n_mels: int) -> np.ndarray:
    """Return the bands for as many as there are coefficients, padded to the number asked for."""
    few = fft.idct(cepstra, norm="ortho", axis=1)
    return np.pad(few, ((0, 0), (0, n_mels - few.shape[1])))


def _cepstra(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(6):
        n_mfcc, n_frames, n_mels = (
            int(rng.integers(*span)) for span in ((4, 9), (9, 16), (16, 40))
        )
        decibels = rng.uniform(-80, 0, size=(n_frames, n_mels))
        yield Case(fft.dct(decibels, norm="ortho", axis=1)[:, :n_mfcc], n_mels)


exercise(
    "03.1",
    "a function bands(cepstra, n_mels) returning shape (n_frames, n_mels)",
    solve=_bands,
    cases=_cepstra,
    slips={
        N_("frames are rows here, bands columns: your result is transposed."):
            lambda c, n: _bands(c, n).T,
        N_("the coefficients that are missing are zeros at the *end* of each frame's."): (
            lambda c, n: _bands(np.pad(c, ((0, 0), (n - c.shape[1], 0))), n),
            _of_as_many,
        ),
        N_("the cosines belong to n_mels bands, not to n_mfcc."):
            lambda c, n: fft.idct(c, norm="ortho", axis=1),
        N_("this is the cosine transform once more; you want its inverse."): (
            lambda c, n: fft.dct(c, n=n, norm="ortho", axis=1),
            lambda c, n: fft.dct(c, norm="ortho", axis=1),
        ),
        N_("only coefficient 0 is wrong: its cosine gets sqrt(1/n_mels), the others "
           "sqrt(2/n_mels)."):
            _sum_of(_cosine, first=1),
        N_("coefficient 0, the level, is lost."):
            lambda c, n: _bands(c * (np.arange(c.shape[1]) > 0), n),
        N_("the cosines are right, not the scale: multiply by sqrt(2/n_mels), and coefficient 0 by "
           "sqrt(1/n_mels), so that the transform keeps lengths."): (
            _sum_of(_cosine, scaled=False),
            lambda c, n: fft.idct(c, n=n, axis=1),
            lambda c, n: _sum_of(_cosine, scaled=False)(c, n) * 2 / n,
        ),
        N_("the half is missing: cos(pi * k * (m + 1/2) / n_mels)."):
            _sum_of(lambda k, m, n_mels: np.cos(np.pi * k * m / n_mels)),
        N_("np.cos takes radians: write pi, not 180 degrees."):
            _sum_of(lambda k, m, n_mels: np.cos(180 * k * (m + 0.5) / n_mels)),
        N_("you took sines: the C of DCT is for cosine."):
            _sum_of(lambda k, m, n_mels: np.sin(np.pi * k * (m + 0.5) / n_mels)),
        N_("the first coefficient of a frame is number 0, not 1."): (
            _sum_of(lambda k, m, n_mels: _cosine(k + 1, m, n_mels)),
            _sum_of(lambda k, m, n_mels: _cosine(k + 1, m, n_mels), first=1),
        ),
        N_("the bands come out in the wrong order: high ones first."):
            lambda c, n: _bands(c, n)[:, ::-1],
    },
)  # fmt: skip

# --- 03.2 ---------------------------------------------------------------------------------------


def _clips(rng: np.random.Generator) -> Iterator[Case]:
    """Sequences in which zeros, and whole frames of zeros, are values like others."""
    for _trial in range(6):
        n_clips, n_dims, n_frames = (int(rng.integers(*span)) for span in ((3, 6), (6, 9), (9, 15)))
        padded = rng.normal(rng.choice([0, 5]), 2, size=(n_clips, n_frames, n_dims))
        padded[rng.random(padded.shape) < 0.1] = 0
        padded[:, 0] = 0
        lengths = rng.integers(2, n_frames, size=n_clips)
        lengths[0] = n_frames
        padded[np.arange(n_frames) >= lengths[:, None]] = np.nan
        yield Case(padded)


def _lengths(padded: np.ndarray) -> np.ndarray:
    return (~np.isnan(padded[:, :, 0])).sum(axis=1)


exercise(
    "03.2",
    "a function mean_over_frames(padded) returning shape (n_clips, n_dims)",
    solve=lambda padded: np.nanmean(padded, axis=1),
    cases=_clips,
    slips={
        N_("you averaged over the clips (axis 0): average over the frames, axis 1."):
            lambda p: np.nanmean(p, axis=0),
        N_("you averaged over the dimensions (axis 2): average over the frames, axis 1."):
            lambda p: np.nanmean(p, axis=2),
        N_("you averaged too much: one mean for each clip and dimension, over axis 1."): (
            lambda p: np.nanmean(p, axis=(1, 2)),
            np.nanmean,
        ),
        N_("one padded frame makes the mean of its clip NaN: leave the padding out."):
            lambda p: p.mean(axis=1),
        N_("the padding counts as zeros: divide by the number of frames that are there."):
            lambda p: np.nan_to_num(p).mean(axis=1),
        N_("this is the sum over the frames: divide by how many there are."):
            lambda p: np.nansum(p, axis=1),
        N_("you cut every clip to the shortest: use all frames that a clip has."):
            lambda p: p[:, : _lengths(p).min()].mean(axis=1),
        N_("only NaN is padding: a zero is a value."): (
            lambda p: np.nanmean(np.where(p == 0, np.nan, p), axis=1),
            lambda p: np.nanmean(np.where((p == 0).all(2, keepdims=True), np.nan, p), axis=1),
        ),
        N_("the last frame of each clip is lost."):
            lambda p: np.array([x[: n - 1].mean(0) for x, n in zip(p, _lengths(p), strict=True)]),
        N_("this is the median: take the mean."): lambda p: np.nanmedian(p, axis=1),
    },
)  # fmt: skip

# --- 03.3 ---------------------------------------------------------------------------------------


def _midi(frequency: np.ndarray, log: Callable = np.log2, start: float = 69) -> np.ndarray:
    return start + 12 * log(frequency / 440)


def _notes(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(3):
        keys = rng.permutation(np.arange(24, 109)) + rng.uniform(-0.45, 0.45, size=85)
        yield Case(440 * 2 ** ((keys - 69) / 12))


exercise(
    "03.3",
    "a function pitch_class(frequency) returning whole numbers 0 (C) to 11 (B)",
    solve=lambda f: np.rint(_midi(f)) % 12,
    cases=_notes,
    slips={
        N_("you return the key's number on the piano: remove the octave with % 12."):
            lambda f: np.rint(_midi(f)),
        N_("you return fractions of a semitone: round to the nearest pitch class."):
            lambda f: _midi(f) % 12,
        N_("a slightly flat C became 12: round first, then take % 12."):
            lambda f: np.rint(_midi(f) % 12),
        N_("your zero is A: 440 Hz is the A, and A has number 9 when C is 0."):
            lambda f: np.rint(_midi(f, start=0)) % 12,
        N_("you rounded down: a slightly flat note falls to the key below. Round to the nearest."):
            lambda f: np.floor(_midi(f)) % 12,
        N_("you rounded up: round to the nearest key."): lambda f: np.ceil(_midi(f)) % 12,
        N_("an octave is a doubling, so take log2."): tuple(
            lambda f, log=log, start=start: np.rint(_midi(f, log, start)) % 12
            for log in (np.log, np.log10) for start in (69, 9, 0)
        ),
        N_("nothing says where you start: divide by 440 Hz and add 9 for its A."):
            lambda f: np.rint(12 * np.log2(f)) % 12,
    },
)  # fmt: skip

# --- 03.4 ---------------------------------------------------------------------------------------

# C. L. Krumhansl, Cognitive Foundations of Musical Pitch, 1990: how well each pitch class fits a
# key whose tonic comes first.
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_KEYS = np.array([np.roll(profile, t) for profile in (_MAJOR, _MINOR) for t in range(12)])


def _centred(A: np.ndarray) -> np.ndarray:
    return A - A.mean(axis=-1, keepdims=True)


def _correlations(chroma: np.ndarray) -> np.ndarray:
    return unit(_centred(_KEYS)) @ unit(_centred(chroma), axis=-1).T


def _best(score: Callable, keys: range = range(24)) -> Callable:
    """Return a function that names the key of the highest score(chroma) among `keys`."""

    def answer(chroma: np.ndarray) -> list:
        mode, tonic = divmod(keys[int(np.argmax(score(chroma)[keys]))], 12)
        return [tonic, ("major", "minor")[mode]]

    return answer


_find_key = _best(_correlations)


def _chroma(rng: np.random.Generator) -> Iterator[Case]:
    """Keys, and mixtures of a key and its relative that are close but clear.

    Something of every class is there, little or much; the tonic is not always the loudest.
    """
    for trial, key in enumerate(rng.permutation(24)[:18]):
        offset, noise = (0, 1, 20)[trial % 3], rng.normal(0, 0.8, size=12)
        if trial < 9:
            yield Case(offset + rng.uniform(0.1, 2) * (_KEYS[key] + noise))
        shares = np.linspace(0, 1, 60)[:, None]
        relative = (key + 9) % 12 + 12 if key < 12 else (key + 3) % 12
        rows = shares * _KEYS[key] + (1 - shares) * _KEYS[relative] + noise
        second, first = np.sort(_correlations(rows), axis=0)[-2:]
        close = np.where(first - second > 0.01, first - second, 1).argmin()
        yield Case(offset + rng.uniform(0.1, 2) * rows[close])


def _read_key(value: Any, right: list) -> list:
    if not (isinstance(value, tuple | list) and len(value) == 2):
        raise Hint(_('return two things, the tonic and the mode, such as (9, "minor").'))
    tonic, mode = value
    if isinstance(tonic, str) and not isinstance(mode, str):
        raise Hint(_("the order is (tonic, mode): yours is the other way round."))
    if isinstance(tonic, str):
        raise Hint(_("the tonic is a number, C = 0 to B = 11."))
    if not isinstance(mode, str) or mode not in ("major", "minor"):
        raise Hint(_('the mode is "major" or "minor".'))
    if tonic not in range(12):
        raise Hint(_("the tonic lies between 0 and 11: split an argmax over 24, divmod(best, 12)."))
    return [int(tonic), str(mode)]


def _loudest(third_decides: bool) -> Callable:
    def answer(chroma: np.ndarray) -> list:
        tonic = int(chroma.argmax())
        major = chroma[(tonic + 4) % 12] > chroma[(tonic + 3) % 12]
        mode = ("minor", "major")[int(major)] if third_decides else _find_key(chroma)[1]
        return [tonic, mode]

    return answer


exercise(
    "03.4",
    'a function find_key(chroma) returning (tonic, mode), such as (9, "minor")',
    solve=_find_key,
    cases=_chroma,
    read=_read_key,
    slips={
        N_("roll the template by +tonic (or the chroma by -tonic), not the other way."):
            lambda c: [-_find_key(c)[0] % 12, _find_key(c)[1]],
        N_("subtract the mean of the chroma and of the template, or the offset decides."): (
            _best(lambda c: unit(_KEYS) @ c),
            _best(lambda c: -np.abs(share(_KEYS) - c / c.sum()).sum(axis=1)),
            _best(lambda c: -np.linalg.norm(share(_KEYS) - c / c.sum(), axis=1)),
            _best(lambda c: -np.linalg.norm(unit(_KEYS) - unit(c, axis=0), axis=1)),
        ),
        N_("scale each template, its mean subtracted, to length 1: one of the two varies more."): (
            _best(lambda c: _centred(_KEYS) @ c),
            _best(lambda c: unit(_KEYS) @ _centred(c)),
        ),
        N_("this compares distances: use the correlation."): (
            _best(lambda c: -np.linalg.norm(_KEYS - c, axis=1)),
            _best(lambda c: -np.linalg.norm(_centred(_KEYS) - _centred(c), axis=1)),
        ),
        N_("you say major every time: try the minor template too, 24 keys in all."): (
            _best(_correlations, range(12)),
            lambda c: [_find_key(c)[0], "major"],
        ),
        N_(
            "you say minor every time: score major too, and by correlation; a sum of products "
            "favours the template with the larger numbers."
        ): (
            _best(lambda c: _KEYS @ c),
            _best(_correlations, range(12, 24)),
            lambda c: [_find_key(c)[0], "minor"],
        ),
        N_("the strongest pitch class need not be the tonic: score all 24 templates."): (
            _loudest(third_decides=True),
            _loudest(third_decides=False),
        ),
        N_("your tonics are right, your modes are not: which template is which?"):
            lambda c: [_find_key(c)[0], {"major": "minor", "minor": "major"}[_find_key(c)[1]]],
    },
)  # fmt: skip
