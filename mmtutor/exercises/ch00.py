"""Checks of chapter 00, start here."""

from __future__ import annotations

import numpy as np

from mmtutor.course.checking import Hint, as_number, exercise

_CLASSES = np.array(["negative", "neutral", "positive"])


def _number(value: object) -> float:
    """Return the learner's result as one finite number."""
    number = as_number(value, "your answer")
    if not np.isfinite(number):
        raise Hint(f"your answer is {value!r}; look for a division by zero.")
    return number


def _near(a: float, b: float) -> bool:
    return abs(a - b) < 1e-9


@exercise("00.1", "a function accuracy(predicted, true) returning the share of right predictions")
def accuracy(answer, rng: np.random.Generator) -> str:
    for _ in range(20):
        n = int(rng.integers(5, 40))
        true = rng.choice(_CLASSES, size=n)
        predicted = np.where(rng.random(n) < 0.6, true, rng.choice(_CLASSES, size=n))
        predicted[:2] = true[:2]  # at least two right ...
        predicted[2] = _CLASSES[(np.flatnonzero(true[2] == _CLASSES)[0] + 1) % 3]  # ... and one not
        hits = int(sum(p == t for p, t in zip(predicted, true, strict=True)))
        _require_share(_number(answer(predicted, true)), hits, n)
    if not _near(_number(answer(_CLASSES, _CLASSES)), 1.0):
        raise Hint("when every prediction is right, the accuracy is 1.")
    wrong = np.roll(_CLASSES, 1)
    if not _near(_number(answer(wrong, _CLASSES)), 0.0):
        raise Hint("when every prediction is wrong, the accuracy is 0.")
    return "your accuracy agrees with counting on 20 random examples."


def _require_share(got: float, hits: int, n: int) -> None:
    if _near(got, hits / n):
        return
    if _near(got, hits):
        raise Hint(f"you counted the right ones ({hits}); divide by how many there are ({n}).")
    if _near(got, 100 * hits / n):
        raise Hint("you return per cent; return a share between 0 and 1.")
    if _near(got, 1 - hits / n):
        raise Hint("you return the share of *wrong* predictions.")
    if got in (0.0, 1.0):
        raise Hint("compare element by element: `predicted == true` on two arrays, then the mean.")
    raise Hint(
        f"for {n} predictions, {hits} of them right, expected {hits / n:.3f}, got {got:.3f}."
    )


@exercise(
    "00.2",
    "a function average(P) that turns P of shape (n_samples, n_modalities, n_classes) "
    "into the mean over the modalities, of shape (n_samples, n_classes)",
)
def average(answer, rng: np.random.Generator) -> str:
    for _ in range(10):
        n, m, c = 7, int(rng.integers(2, 5)), 6
        P = rng.dirichlet(np.ones(c), size=(n, m))
        before = P.copy()
        got = np.asarray(answer(P))
        if not np.array_equal(P, before):
            raise Hint("your function changes its input P; work on a copy.")
        if got.shape == (m, c):
            raise Hint("you averaged over the samples (axis 0); the modalities are axis 1.")
        if got.shape == (n, m):
            raise Hint("you averaged over the classes (axis 2); the modalities are axis 1.")
        if got.shape == (n,):
            raise Hint("you return one value per sample: return the posteriors, not the decision.")
        if got.shape != (n, c):
            raise Hint(f"for P of shape {P.shape} return shape {(n, c)}; got shape {got.shape}.")
        right = sum(P[:, k] for k in range(m)) / m
        _compare_average(got, P, right, m)
    return "your average agrees with ours on 10 random inputs."


def _compare_average(got: np.ndarray, P: np.ndarray, right: np.ndarray, m: int) -> None:
    if np.allclose(got, right, atol=1e-9):
        return
    product = P.prod(axis=1)
    for wrong, hint in [
        (
            right * m,
            f"that is the sum: the rows add up to {m}. Divide by the number of modalities.",
        ),
        (product, "you multiplied; this exercise is about the mean. (Chapter 05 multiplies.)"),
        (product / product.sum(axis=1, keepdims=True), "that is the product rule, not the mean."),
        (P[:, 0], "you return the first modality's opinion only."),
        (P.max(axis=1), "you took the largest opinion, not the mean."),
        (np.median(P, axis=1), "you took the median, not the mean."),
    ]:
        if np.allclose(got, wrong, atol=1e-9):
            raise Hint(hint)
    raise Hint(
        f"the first sample's opinions are {P[0].round(2).tolist()}; their mean is "
        f"{right[0].round(2).tolist()}, yours is {np.round(got[0].astype(float), 2).tolist()}."
    )


@exercise(
    "00.3",
    "a function closed(fused, singles, ceiling) returning which share of the gap between the best "
    "single modality and the ceiling the fused classifier closes",
)
def closed(answer, rng: np.random.Generator) -> str:
    for _ in range(20):
        names = ["text", "image", "audio"]
        values = rng.permutation([0.4, 0.5, 0.6]) + rng.uniform(0, 0.05, 3)
        singles = {name: float(value) for name, value in zip(names, values, strict=True)}
        best, ceiling = max(singles.values()), float(rng.uniform(0.85, 0.95))
        fused = float(best + rng.uniform(0.2, 0.8) * (ceiling - best))
        got = _number(answer(fused, dict(singles), ceiling))
        right = (fused - best) / (ceiling - best)
        if _near(got, right):
            continue
        mean, worst = float(np.mean(values)), min(singles.values())
        for wrong, hint in [
            (fused / ceiling, "that is the fused accuracy relative to the ceiling; even a single "
             "modality would look good. Subtract the best single modality from both."),
            (fused - best, "that is the gain in accuracy; divide it by the gap, ceiling - best."),
            ((fused - best) / ceiling, "divide by the gap, ceiling - best, not by the ceiling."),
            ((fused - best) / best, "divide by the gap, ceiling - best, not by the best single."),
            (1 - right, "that is the share that stays open."),
            (100 * right, "return a share between 0 and 1, not per cent."),
            (1 / right, "you divided the gap by the gain; it is the other way round."),
            ((fused - mean) / (ceiling - mean), "you compared with the mean of the modalities; a "
             "fusion has to beat the *best* single one."),
            ((fused - worst) / (ceiling - worst), "you compared with the worst modality; a fusion "
             "has to beat the *best* single one."),
            ((fused - values[0]) / (ceiling - values[0]), "you compared with the first modality; a "
             "fusion has to beat the *best* single one."),
        ]:  # fmt: skip
            if _near(got, wrong):
                raise Hint(hint)
        raise Hint(
            f"for fused {fused:.2f}, best single {best:.2f} and ceiling {ceiling:.2f} expected "
            f"{right:.2f}, got {got:.2f}."
        )
    if not _near(_number(answer(0.6, {"text": 0.5, "image": 0.7}, 0.9)), -0.5):
        raise Hint("a fusion that is worse than the best single modality has a negative share.")
    return "your share agrees with ours on 20 random examples, also where fusion hurts."
