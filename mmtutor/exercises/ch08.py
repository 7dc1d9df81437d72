"""Checkers of chapter 08, CNN-RNN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from mmtutor.course.checking import Hint, as_array, judged

# --- 08.1 ------------------------------------------------------------------------------------


@judged("08.1", "a function conv_size(n, kernel, stride, padding) returning a whole number")
def conv_size(answer: Any, rng: np.random.Generator) -> str:
    """Count the places where the kernel can stand, for both kinds of padding."""
    for n in range(8, 30):
        for kernel in (1, 2, 3, 5):
            for stride in (1, 2, 3):
                for padding in ("valid", "same"):
                    given = answer(n, kernel, stride, padding)
                    right = _places(n, kernel, stride, padding)
                    if not (np.isscalar(given) and not isinstance(given, str)):
                        raise Hint(f"return one whole number, got {given!r}.")
                    if given != right:
                        raise Hint(_why_not_size(answer, given, (n, kernel, stride, padding)))
    return "right for all 528 combinations of length, kernel, stride and padding"


def _places(n: int, kernel: int, stride: int, padding: str) -> int:
    return math.ceil(n / stride) if padding == "same" else len(range(0, n - kernel + 1, stride))


def _why_not_size(answer: Any, given: Any, asked: tuple[int, int, int, str]) -> str:
    n, kernel, stride, padding = asked
    right = _places(n, kernel, stride, padding)
    said = f"conv_size({n}, {kernel}, {stride}, {padding!r}) is {right}, you said {given}"
    if given != int(given):
        return f"{said}: a number of places is whole; round down where no whole kernel fits."
    try:
        blind = all(answer(n, kernel, s, padding) == given for s in (1, 2, 3))
        deaf = answer(n, kernel, stride, "valid") == answer(n, kernel, stride, "same")
    except Exception:
        blind = deaf = False
    if blind and stride > 1:
        return f"{said}: a stride of {stride} skips places."
    if deaf and kernel > 1:
        return f"{said}: 'same' pads the edges, so with stride 1 the size stays {n}; 'valid' not."
    if padding == "valid" and given == right - 1:
        return f"{said}: the first place counts too (n - kernel + 1 places at stride 1)."
    if padding == "valid" and given == right + 1:
        return f"{said}: your last kernel hangs over the edge."
    if padding == "same":
        return f"{said}: with 'same' only the stride shortens, and the last place is kept (ceil)."
    return f"{said}: at how many places can the whole kernel stand?"


# --- 08.2 ------------------------------------------------------------------------------------


@judged("08.2", "a function read(step, frames, h) returning the last state of shape (n_units,)")
def read(answer: Any, rng: np.random.Generator) -> str:
    """Step over the frames that are there; padding leaves the state alone."""
    for trial in range(12):
        # At least seven frames: with fewer, one mistake can look like another.
        n_frames, width, units = int(rng.integers(7, 12)), 3, int(rng.integers(4, 7))
        W, U = rng.normal(size=(width, units)), rng.normal(size=(units, units))
        b = rng.normal(size=units)

        def step(x: np.ndarray, h: np.ndarray, W: Any = W, U: Any = U, b: Any = b) -> np.ndarray:
            return np.tanh(x @ W + h @ U + b)

        start = rng.normal(size=units)
        length = n_frames - 2 if trial % 2 else n_frames
        frames = rng.normal(size=(n_frames, width))
        frames[length:] = np.nan
        if trial % 4 == 3:
            frames[1] = np.nan  # a hole in the middle

        def run(rows: np.ndarray, h: np.ndarray, step: Any = step) -> np.ndarray:
            for x in rows:
                h = step(x, h)
            return h

        there = frames[~np.isnan(frames[:, 0])]
        given = np.asarray(answer(step, frames.copy(), start.copy()), dtype=float)
        if given.ndim == 2 and given.shape[1:] == (units,):
            raise Hint(f"you return {len(given)} states: only the last one is asked for.")
        given = as_array(given, (units,), "the last state")
        if np.allclose(given, run(there, start)):
            continue
        if np.isnan(given).any():
            raise Hint(
                "the state became NaN: a padding frame went through step. Leave the state as it is "
                "when the frame is NaN."
            )
        before = len(there) if np.isnan(frames[1, 0]) else None
        first = frames[:1] if before else there
        for rows, state, hint in (
            (np.nan_to_num(frames), start, "a frame of zeros is still a step: skip the padding."),
            (there, 0 * start, "start from the state h that you are given, not from zeros."),
            (there[::-1], start, "you read backwards: the first frame comes first."),
            (there[:-1], start, "you left the last frame out."),
            (there[1:], start, "you left the first frame out."),
            (first, start, "you stopped at the first NaN, but a frame may be missing in between."),
        ):
            if np.allclose(given, run(rows, state)):
                raise Hint(hint)
        if length < n_frames and np.allclose(given, 0):
            raise Hint("padding set the state to zero: it must leave the state as it was.")
        if np.allclose(given, np.mean([run(there[: k + 1], start) for k in range(len(there))], 0)):
            raise Hint("you averaged the states: return the last one.")
        if np.allclose(given, step(there[-1], start)):
            raise Hint("every frame starts from h again: hand each new state to the next step.")
        raise Hint("the last state differs: h = step(x, h) for each frame that is there, in order.")
    return "padding and holes leave the state alone, for 12 random sequences"


# --- 08.3 ------------------------------------------------------------------------------------


@judged("08.3", "a function gate(features, scores, present) returning shape (n_samples, width)")
def gate(answer: Any, rng: np.random.Generator) -> str:
    """Softmax over the modalities present, then the weighted sum of their features."""
    for trial in range(12):
        n, n_modalities, width = 15, 3, 5
        features = rng.normal(size=(n, n_modalities, width))
        scores = rng.normal(0, 2, size=(n, n_modalities))
        present = np.ones((n, n_modalities), dtype=bool)
        if trial >= 4:
            present[np.arange(n), rng.integers(0, n_modalities, n)] = False
            features[~present] = rng.normal(50, 1, size=(int((~present).sum()), width))
        given = np.asarray(answer(features.copy(), scores.copy(), present.copy()), dtype=float)
        if given.shape == (n, n_modalities, width):
            raise Hint("you return the weighted features one by one: add them up over axis 1.")
        given = as_array(given, (n, width), "the fused features")

        def mix(weights: np.ndarray, features: Any = features) -> np.ndarray:
            return (weights[..., None] * features).sum(axis=1)

        masked = np.where(present, scores, -np.inf)
        if np.allclose(given, mix(softmax(masked, axis=1))):
            continue
        slips = (
            (softmax(scores, axis=1), "an absent modality gets a weight: set its score to -inf."),
            (
                softmax(scores, axis=1) * present,
                "the weights of the modalities that are there no longer add up to 1: take the "
                "softmax over those present only.",
            ),
            (
                softmax(scores * present, axis=1),
                "a score of 0 is not a weight of 0: exp(0) is 1. Set absent scores to -inf.",
            ),
            (softmax(masked, axis=0), "softmax runs over the modalities, axis 1, not the samples."),
            (softmax(scores, axis=0), "softmax runs over the modalities, axis 1, not the samples."),
            (scores, "you used the scores as they are: a softmax makes weights of them."),
            (expit(scores), "sigmoids need not add up to 1: use a softmax over the modalities."),
            (expit(scores) * present, "sigmoids need not add up to 1: use a softmax instead."),
            (present / present.sum(1, keepdims=True), "equal weights: the scores are not used."),
            (np.eye(n_modalities)[masked.argmax(1)], "you took the best modality only: mix them."),
        )
        for weights, hint in slips:
            if np.allclose(given, mix(weights)):
                raise Hint(hint)
        if np.allclose(given, mix(softmax(masked, axis=1)) / n_modalities):
            raise Hint("you took the mean over the modalities: the weights add up to 1, so sum.")
        if np.isnan(given).any():
            raise Hint("your result holds NaN: -inf times something, or exp of a large number?")
        raise Hint("softmax over the modalities present, then the sum of weight times features.")
    return "your gate leaves absent modalities out, for 12 random batches"


# --- 08.4 ------------------------------------------------------------------------------------


@judged("08.4", "a function centre(train, test) returning both, centred and scaled alike")
def centre(answer: Any, rng: np.random.Generator) -> str:
    """One mean and one standard deviation, both of the training pictures."""
    for _ in range(6):
        low, high = rng.uniform(0.1, 0.3), rng.uniform(0.6, 0.9)
        # Test pictures are darker and fewer, and pixels differ: no slip can look like another.
        pattern = rng.uniform(low, high, size=(1, 6, 5, 1))
        train = pattern * 0.9 + rng.uniform(0, 0.1, size=(40, 6, 5, 1))
        test = np.clip(0.5 * pattern + rng.normal(0, 0.05, size=(15, 6, 5, 1)), 0, 1)
        given = answer(train.copy(), test.copy())
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise Hint("return two arrays: the training pictures and the test pictures.")
        new = [
            as_array(given[0], train.shape, "the training pictures"),
            as_array(given[1], test.shape, "the test pictures"),
        ]

        def scaled(by: np.ndarray, x: np.ndarray, axis: Any = None) -> np.ndarray:
            mean, spread = by.mean(axis, keepdims=True), by.std(axis, keepdims=True)
            return (x - mean) / spread

        if _both(new, [scaled(train, train), scaled(train, test)]):
            continue
        together, mean, spread = np.concatenate([train, test]), train.mean(), train.std()
        slips = (
            (
                [scaled(train, train), scaled(test, test)],
                "each set has its own mean: the test pictures must be treated as the training "
                "pictures were, or darker ones would look the same.",
            ),
            (
                [scaled(together, train), scaled(together, test)],
                "the mean must not know the test pictures: take it from train only.",
            ),
            (
                [scaled(train, train, 0), scaled(train, test, 0)],
                "you took a mean for each pixel (axis=0); here one number serves all pixels.",
            ),
            (
                [scaled(x, x, (1, 2, 3)) for x in (train, test)],
                "you took a mean for each picture: take one of all training pictures.",
            ),
            ([train - mean, test - mean], "you centred but did not divide by the spread."),
            ([train / spread, test / spread], "you divided but did not take the mean out."),
            ([scaled(train, train), test], "the test pictures are left as they were."),
            (
                [(x - mean) / train.var() for x in (train, test)],
                "you divided by the variance: take its root, the standard deviation.",
            ),
            (
                [(x - train.min()) / (train.max() - train.min()) for x in (train, test)],
                "from 0 to 1 is not centred: subtract the mean, not the smallest value.",
            ),
        )
        for slip, hint in slips:
            if _both(new, slip):
                raise Hint(hint)
        raise Hint("subtract the mean of train from both, then divide both by its std().")
    return "the training pictures have mean 0 and spread 1, and the test pictures follow them"


def _both(given: list[np.ndarray], right: list[np.ndarray]) -> bool:
    return all(np.allclose(g, r, atol=1e-5) for g, r in zip(given, right, strict=True))
