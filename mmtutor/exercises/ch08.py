"""Checkers of chapter 08, CNN-RNN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from mmtutor._i18n import N_
from mmtutor.course.checking import Case, exercise

# --- 08.1 ---------------------------------------------------------------------------------------


def _sizes(valid: Callable, same: Callable) -> Callable:
    """Return conv_size from what it does for each padding."""
    return lambda n, k, s, padding: (same if padding == "same" else valid)(n, k, s)


def _valid(n: int, k: int, s: int) -> int:
    return (n - k) // s + 1


def _same(n: int, k: int, s: int) -> int:
    return math.ceil(n / s)


def _convolutions(rng: np.random.Generator) -> Iterator[Case]:
    start = int(rng.integers(8, 24))
    for n in range(start, start + 4):
        for kernel in (2, 5):
            for stride in (1, 2, 3):
                yield Case(n, kernel, stride, "valid")
                yield Case(n, kernel, stride, "same")


exercise(
    "08.1",
    "a function conv_size(n, kernel, stride, padding) returning a whole number",
    solve=_sizes(_valid, _same),
    cases=_convolutions,
    slips={
        N_("a stride of 2 skips every second place."):
            _sizes(lambda n, k, s: n - k + 1, lambda n, k, s: n),
        N_("'same' pads the edges: with stride 1 the size stays n."): _sizes(_valid, _valid),
        N_("'valid' does not pad: the whole kernel must lie inside."): _sizes(_same, _same),
        N_("the two paddings are interchanged."): _sizes(_same, _valid),
        N_("the first place counts too: n - kernel + 1 places at stride 1."):
            _sizes(lambda n, k, s: (n - k) // s, _same),
        N_("your last kernel hangs over the edge: round down."): (
            _sizes(lambda n, k, s: (n - k) // s + 2, _same),
            _sizes(lambda n, k, s: math.ceil((n - k) / s) + 1, _same),
        ),
        N_("with 'same' the last place is kept: round up."): (
            _sizes(_valid, lambda n, k, s: n // s),
            _sizes(_valid, lambda n, k, s: round(n / s)),
        ),
        N_("a number of places is whole: round down where no whole kernel fits."): (
            _sizes(lambda n, k, s: (n - k) / s + 1, _same),
            _sizes(lambda n, k, s: (n - k) / s + 1, lambda n, k, s: n / s),
        ),
    },
    advice=N_("Where can the kernel start?"),
)  # fmt: skip

# --- 08.2 ---------------------------------------------------------------------------------------


def _there(frames: np.ndarray) -> np.ndarray:
    return frames[~np.isnan(frames[:, 0])]


def _read(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    return reduce(lambda state, x: step(x, state), _there(frames), h)


def _states(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    frames = _there(frames)
    return np.array([_read(step, frames[: k + 1], h) for k in range(len(frames))])


def _reset(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    return reduce(lambda state, x: 0 * h if np.isnan(x[0]) else step(x, state), frames, h)


def _sequences(rng: np.random.Generator) -> Iterator[Case]:
    """Whole sequences, padded ones, and padded ones with a hole in the middle."""
    for trial in range(9):
        n_frames, width, units = int(rng.integers(7, 11)), 3, int(rng.integers(4, 7))
        W, U = rng.normal(size=(width, units)), rng.normal(size=(units, units)) / 2

        def step(x: np.ndarray, h: np.ndarray, W: Any = W, U: Any = U) -> np.ndarray:
            return np.tanh(x @ W + h @ U)

        frames = rng.normal(size=(n_frames, width))
        frames[n_frames - 2 * (trial % 3 > 0) :] = np.nan
        frames[2 : 2 + (trial % 3 > 1)] = np.nan
        yield Case(step, frames, rng.normal(size=units))


exercise(
    "08.2",
    "a function read(step, frames, h) returning the last state of shape (n_units,)",
    solve=_read,
    cases=_sequences,
    slips={
        N_("return the last state only."): _states,
        N_("padding made the state NaN or zero: leave it as it was when a frame is NaN."): _reset,
        N_("a frame of zeros is still a step: skip the padding."):
            lambda step, frames, h: _read(step, np.nan_to_num(frames), h),
        N_("start from the state h that you are given, not from zeros."):
            lambda step, frames, h: _read(step, frames, 0 * h),
        N_("you read backwards: the first frame comes first."):
            lambda step, frames, h: _read(step, frames[::-1], h),
        N_("you left the last or the first frame out."): (
            lambda step, frames, h: _read(step, _there(frames)[:-1], h),
            lambda step, frames, h: _read(step, _there(frames)[1:], h),
        ),
        N_("you stopped at the first NaN, but a frame may be missing in between."):
            lambda step, frames, h: _read(
                step, frames[: np.append(np.isnan(frames[:, 0]), True).argmax()], h
            ),
        N_("you averaged the states: return the last one."):
            lambda *given: _states(*given).mean(axis=0),
        N_("every frame starts from h again: hand each new state to the next step."):
            lambda step, frames, h: step(_there(frames)[-1], h),
    },
    advice=N_("h = step(x, h) for each frame that is there, in order."),
)  # fmt: skip

# --- 08.3 ---------------------------------------------------------------------------------------


def _mix(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    return (weights[..., None] * features).sum(axis=1)


def _gate(f: np.ndarray, s: np.ndarray, p: np.ndarray, axis: int = 1) -> np.ndarray:
    return _mix(softmax(np.where(p, s, -np.inf), axis=axis), f)


def _gated(rng: np.random.Generator) -> Iterator[Case]:
    """What stands at an absent modality is far from all others; all are there in the first case."""
    for trial in range(8):
        modalities, width, n = (int(rng.integers(*span)) for span in ((2, 5), (5, 8), (9, 14)))
        features = rng.normal(size=(n, modalities, width))
        present = rng.random((n, modalities)) < (0.6 if trial else 1)
        present[np.arange(n), rng.integers(0, modalities, n)] = True
        features[~present] += 50
        yield Case(features, rng.normal(0, 2, size=(n, modalities)), present)


exercise(
    "08.3",
    "a function gate(features, scores, present) returning shape (n_samples, width)",
    solve=_gate,
    cases=_gated,
    slips={
        N_("you return the weighted features one by one: add them up over axis 1."):
            lambda f, s, p: softmax(np.where(p, s, -np.inf), axis=1)[..., None] * f,
        N_("an absent modality gets a weight: set its score to -inf."):
            lambda f, s, p: _mix(softmax(s, axis=1), f),
        N_("the weights no longer add up to 1: take the softmax over those present only."):
            lambda f, s, p: _mix(softmax(s, axis=1) * p, f),
        N_("a score of 0 is not a weight of 0: exp(0) is 1. Set absent scores to -inf."):
            lambda f, s, p: _mix(softmax(s * p, axis=1), f),
        N_("softmax runs over the modalities, axis 1, not the samples."): (
            lambda f, s, p: _gate(f, s, p, axis=0),
            lambda f, s, p: _mix(softmax(s, axis=0), f),
        ),
        N_("`present` is turned: True is there."): (
            lambda f, s, p: _gate(f, s, ~p),
            lambda f, s, p: _mix(softmax(np.where(p, -1e9, s), axis=1), f),
        ),
        N_("you used the scores as they are: a softmax makes weights of them."): (
            lambda f, s, p: _mix(s, f),
            lambda f, s, p: _mix(s * p, f),
        ),
        N_("sigmoids need not add up to 1: use a softmax over the modalities."): (
            lambda f, s, p: _mix(expit(s), f),
            lambda f, s, p: _mix(expit(s) * p, f),
        ),
        N_("equal weights: the scores are not used."):
            lambda f, s, p: _mix(p / p.sum(axis=1, keepdims=True), f),
        N_("you took the best modality only: mix them."):
            lambda f, s, p: f[np.arange(len(f)), np.where(p, s, -np.inf).argmax(axis=1)],
        N_("the weights add up to 1: take the sum over the modalities, not the mean."):
            lambda f, s, p: _gate(f, s, p) / s.shape[1],
    },
    advice=N_("Softmax over the modalities present, then the sum of weight times features."),
)  # fmt: skip

# --- 08.4 ---------------------------------------------------------------------------------------


def _centred(by: np.ndarray, x: np.ndarray, axis: Any = None, ddof: int = 0) -> np.ndarray:
    return (x - by.mean(axis, keepdims=True)) / by.std(axis, keepdims=True, ddof=ddof)


def _pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Test pictures are darker and fewer, pixels differ, and nothing is black or white."""
    for _trial in range(4):
        pattern = rng.uniform(0.2, 0.8, size=(1, 6, 5, 1))
        train = pattern + rng.uniform(-0.1, 0.1, size=(30, 6, 5, 1))
        yield Case(train, 0.5 * pattern + rng.uniform(0, 0.1, size=(11, 6, 5, 1)))


exercise(
    "08.4",
    "a function centre(train, test) returning both, centred and scaled alike",
    solve=tuple(
        lambda a, b, ddof=ddof: (_centred(a, a, ddof=ddof), _centred(a, b, ddof=ddof))
        for ddof in (0, 1)
    ),
    cases=_pictures,
    slips={
        N_("each set has its own mean: treat test pictures as the training pictures were."):
            lambda a, b: (_centred(a, a), _centred(b, b)),
        N_("the mean must not know the test pictures: take it from train only."):
            lambda a, b: tuple(_centred(np.concatenate([a, b]), x) for x in (a, b)),
        N_("you took a mean for each pixel (axis=0); here one number serves all pixels."):
            lambda a, b: (_centred(a, a, 0), _centred(a, b, 0)),
        N_("you took a mean for each picture: take one of all training pictures."):
            lambda a, b: tuple(_centred(x, x, (1, 2, 3)) for x in (a, b)),
        N_("you centred but did not divide by the spread."):
            lambda a, b: (a - a.mean(), b - a.mean()),
        N_("you divided but did not take the mean out."): lambda a, b: (a / a.std(), b / a.std()),
        N_("the test pictures stay as they were: take mean and spread before `train` is scaled."):
            lambda a, b: (_centred(a, a), b),
        N_("you divided by the variance: take its root, the standard deviation."):
            lambda a, b: tuple((x - a.mean()) / a.var() for x in (a, b)),
        N_("from 0 to 1 is not centred: subtract the mean, not the smallest value."):
            lambda a, b: tuple((x - a.min()) / np.ptp(a) for x in (a, b)),
    },
    advice=N_("Subtract the mean of train from both, then divide both by its std()."),
)  # fmt: skip
