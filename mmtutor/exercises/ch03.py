"""Checkers of chapter 03: the cosine transform, padded means, pitch classes, and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft

from mmtutor.course.checking import Hint, as_array, judged

# C. L. Krumhansl, Cognitive Foundations of Musical Pitch, 1990: how well each pitch class fits a
# key whose tonic comes first.
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


@judged("03.1", "a function cepstrum(decibels, n_mfcc) returning shape (n_frames, n_mfcc)")
def cepstrum(answer: Callable[..., Any], rng: np.random.Generator) -> str:
    """The orthonormal DCT-II of each row, cut after n_mfcc coefficients."""
    for _ in range(5):
        n_frames, n_mels = int(rng.integers(12, 20)), int(rng.integers(21, 41))
        n_mfcc = int(rng.integers(5, 12))
        decibels = rng.uniform(-80, 0, size=(n_frames, n_mels))
        result = answer(decibels.copy(), n_mfcc)
        if np.shape(result) == (n_frames, n_mels):
            raise Hint(
                f"you kept all {n_mels} coefficients: cut them to the first n_mfcc={n_mfcc}."
            )
        if np.shape(result) == (n_mfcc, n_frames):
            raise Hint("your result is transposed: frames are rows here, coefficients columns.")
        if np.shape(result) == (n_mfcc, n_mels):
            raise Hint(
                "you transformed and cut over time (axis 0): the cosines run along the mel bands "
                "of each frame (axis 1)."
            )
        result = as_array(result, (n_frames, n_mfcc), "the cepstrum")
        _compare_cepstra(result, decibels, n_mfcc)
    return "your cosine transform agrees with SciPy's orthonormal DCT on 5 random spectra."


def _compare_cepstra(result: np.ndarray, decibels: np.ndarray, n_mfcc: int) -> None:
    right = fft.dct(decibels, norm="ortho", axis=1)[:, :n_mfcc]
    if np.allclose(result, right, atol=1e-6):
        return
    n_mels = decibels.shape[1]
    k, m = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    scale = np.sqrt(np.where(k == 0, 1.0, 2.0) / n_mels)
    bare = decibels @ np.cos(np.pi * k * (m + 0.5) / n_mels).T
    if np.allclose(result, fft.dct(decibels, norm="ortho", axis=0)[:, :n_mfcc], atol=1e-6):
        raise Hint("you transformed over time (axis 0): the cosines run along the bands (axis 1).")
    if np.allclose(result[:, 1:], right[:, 1:], atol=1e-6):
        raise Hint(
            "only coefficient 0 is wrong: its factor is sqrt(1/n_mels), the others' sqrt(2/n_mels)."
        )
    if any(np.allclose(result, factor * bare, atol=1e-6) for factor in (1.0, 2.0, 2.0 / n_mels)):
        raise Hint(
            "your cosines are right, their scale is not: multiply by sqrt(2/n_mels), and "
            "coefficient 0 by sqrt(1/n_mels), so that the transform keeps lengths."
        )
    for cosines, hint in (
        (np.cos(np.pi * k * m / n_mels), "the half is missing: cos(pi * k * (m + 1/2) / n_mels)."),
        (np.cos(180 * k * (m + 0.5) / n_mels), "np.cos takes radians: write pi, not 180 degrees."),
        (np.sin(np.pi * k * (m + 0.5) / n_mels), "you took sines: the C of DCT is for cosine."),
    ):
        wrong = decibels @ cosines.T
        if np.allclose(result, wrong, atol=1e-6) or np.allclose(result, wrong * scale.T, atol=1e-6):
            raise Hint(hint)
    worst = np.unravel_index(np.abs(result - right).argmax(), right.shape)
    raise Hint(
        f"coefficient {worst[1]} of a frame is {result[worst]:.3f}; "
        f"it should be {right[worst]:.3f}."
    )


@judged("03.2", "a function mean_over_frames(padded) returning shape (n_clips, n_dims)")
def mean_over_frames(answer: Callable[..., Any], rng: np.random.Generator) -> str:
    """The mean over the frames that are there; NaN marks the padding."""
    for _ in range(5):
        n_clips, n_frames, n_dims = 6, int(rng.integers(9, 15)), int(rng.integers(3, 6))
        padded = rng.normal(5.0, 2.0, size=(n_clips, n_frames, n_dims))
        lengths = rng.integers(1, n_frames, size=n_clips)
        lengths[0] = n_frames
        for clip, length in zip(padded, lengths, strict=True):
            clip[length:] = np.nan
        result = answer(padded.copy())
        if np.shape(result) == (n_frames, n_dims):
            raise Hint("you averaged over the clips (axis 0): average over the frames, axis 1.")
        if np.shape(result) == (n_clips, n_frames):
            raise Hint(
                "you averaged over the dimensions (axis 2): average over the frames, axis 1."
            )
        if np.shape(result) in ((), (n_clips,)):
            raise Hint("you averaged too much: one mean for each clip and dimension, over axis 1.")
        result = as_array(result, (n_clips, n_dims), "the means")
        if np.isnan(result).any():
            raise Hint(
                "your means hold NaN: one padded frame makes the mean of its clip NaN. Leave the "
                "padding out of the sum and of the count."
            )
        filled = np.nan_to_num(padded)
        if np.allclose(result, filled.mean(axis=1)):
            raise Hint(
                "you counted the padding as zeros: a short clip is drawn towards zero. Divide the "
                "sum by the number of frames that are there, not by all frames."
            )
        if (
            np.allclose(result, padded[:, : lengths.min()].mean(axis=1))
            and lengths.min() < n_frames
        ):
            raise Hint("you cut every clip to the shortest: use all frames that a clip has.")
        right = filled.sum(axis=1) / lengths[:, None]
        if np.allclose(result, filled.sum(axis=1)):
            raise Hint("this is the sum over the frames: divide by how many there are.")
        if not np.allclose(result, right):
            raise Hint("the means differ from those over the frames that are not NaN.")
    return "your means ignore the padding on 5 random batches."


@judged("03.3", "a function pitch_class(frequency) returning whole numbers 0 (C) to 11 (B)")
def pitch_class(answer: Callable[..., Any], rng: np.random.Generator) -> str:
    """The nearest key of the piano, octaves removed."""
    midi = rng.permutation(np.arange(24, 109))
    offset = rng.uniform(-0.4, 0.4, size=midi.size)  # semitones off the key
    frequency = 440.0 * 2 ** ((midi + offset - 69) / 12)
    result = as_array(answer(frequency.copy()), midi.shape, "the pitch classes")
    right = midi % 12
    if np.array_equal(result, right):
        return "your pitch classes are right from C1 to C8, also up to 40 cents out of tune."
    pitch = 69 + 12 * np.log2(frequency / 440.0)
    if np.array_equal(result, midi):
        raise Hint("you return the key's number on the piano: remove the octave with % 12.")
    if np.allclose(result, pitch % 12):
        raise Hint("you return fractions of a semitone: round to the nearest pitch class.")
    if np.array_equal(result, np.rint(pitch % 12)):
        raise Hint("a slightly flat C became 12: round first, then take % 12.")
    if np.array_equal(result, (right - 9) % 12):
        raise Hint("your zero is A: 440 Hz is the A, and A has number 9 when C is 0.")
    if np.array_equal(result, np.floor(pitch) % 12):
        raise Hint(
            "you rounded down: a slightly flat note falls to the key below. Round to the nearest."
        )
    for log, name in ((np.log, "the natural logarithm"), (np.log10, "the logarithm to base 10")):
        for shift in (69, 9, 0):
            if np.array_equal(result, np.rint(shift + 12 * log(frequency / 440.0)) % 12):
                raise Hint(f"you took {name}: an octave is a doubling, so take log2.")
    if np.array_equal(result, np.rint(12 * np.log2(frequency)) % 12):
        raise Hint("nothing says where you start: divide by 440 Hz and add 9 for its A.")
    first = int(np.flatnonzero(result != right)[0])
    raise Hint(f"{frequency[first]:.1f} Hz has class {right[first]}, you said {result[first]:g}.")


@judged("03.4", 'a function find_key(chroma) returning (tonic, mode), such as (9, "minor")')
def find_key(answer: Callable[..., Any], rng: np.random.Generator) -> str:
    """The best of 24 rolled templates, by correlation."""
    answers, rights, rows = [], [], []
    for tonic in rng.permutation(12):
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
            # Something of every class is always there: other sounds, and the overtones of notes.
            shape = (profile - profile.min()) / np.ptp(profile)
            chroma = 0.3 + 0.6 * np.roll(shape, tonic) + rng.normal(0, 0.03, size=12)
            answers.append(_key(answer(chroma.copy())))
            rights.append((int(tonic), mode))
            rows.append(chroma)
    if answers == rights:
        return "your keys are right for all 24, with something of every pitch class in the sound."
    if answers == [((12 - tonic) % 12, mode) for tonic, mode in rights]:
        raise Hint(
            "your tonics run the other way round: np.roll(template, tonic) moves what stood at C "
            "to the tonic; you rolled by -tonic, or rolled the chroma by +tonic."
        )
    if answers == [_by(rows[i], np.dot) for i in range(24)]:
        raise Hint(
            "a sum of products favours the template with the larger numbers (minor): subtract the "
            "means and divide by the lengths, that is, use the correlation."
        )
    if all(mode == "major" for _, mode in answers):
        raise Hint("you say major every time: try the minor template too, 24 keys in all.")
    if all(mode == "minor" for _, mode in answers):
        raise Hint("you say minor every time: compare the best score of both templates.")
    if answers == [(int(row.argmax()), mode) for row, (_, mode) in zip(rows, rights, strict=True)]:
        raise Hint("the strongest pitch class need not be the tonic: score all 24 templates.")
    if [tonic for tonic, _ in answers] == [tonic for tonic, _ in rights]:
        raise Hint("your tonics are right, your modes are not: which template is which?")
    wrong = next(i for i in range(24) if answers[i] != rights[i])
    raise Hint(f"a chroma made from the template of {rights[wrong]} was called {answers[wrong]}.")


def _by(chroma: np.ndarray, score: Callable[[np.ndarray, np.ndarray], float]) -> tuple[int, str]:
    keys = [(t, mode) for mode in ("major", "minor") for t in range(12)]
    profiles = {"major": _MAJOR, "minor": _MINOR}
    return max(keys, key=lambda key: score(chroma, np.roll(profiles[key[1]], key[0])))


def _key(result: Any) -> tuple[int, str]:
    if not (isinstance(result, tuple | list) and len(result) == 2):
        raise Hint(
            f'return two things, the tonic and the mode, such as (9, "minor"): got {result!r}.'
        )
    tonic, mode = result
    if isinstance(tonic, str) and not isinstance(mode, str):
        raise Hint("the order is (tonic, mode): yours is the other way round.")
    if isinstance(tonic, str):
        raise Hint(f"the tonic is a number, C = 0 to B = 11: got {tonic!r}.")
    if mode not in ("major", "minor"):
        raise Hint(f'the mode is "major" or "minor": got {mode!r}.')
    if int(tonic) not in range(12):
        raise Hint(
            f"the tonic must lie between 0 and 11, got {tonic}: if you took argmax over all 24 "
            "scores, split it into tonic and mode (divmod(best, 12))."
        )
    return int(tonic), str(mode)
