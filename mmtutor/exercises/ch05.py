"""Checks of chapter 05, fusing decisions."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from mmtutor.course.checking import Hint, as_array, as_number, exercise

_ABSENT = (
    "R is the number of experts present in that row. To count an absent one, or to fill in a "
    "uniform posterior, gives it an opinion against the prior."
)


def _posteriors(rng: np.random.Generator, n: int, experts: int, classes: int) -> np.ndarray:
    return rng.dirichlet(np.ones(classes), size=(n, experts))


def _prior(rng: np.random.Generator, classes: int) -> np.ndarray:
    return rng.dirichlet(np.full(classes, 2.0)) * 0.7 + 0.3 / classes


def _share(scores: np.ndarray, axis: int = 1) -> np.ndarray:
    return scores / scores.sum(axis=axis, keepdims=True)


def _bayes(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """The reference, row by row from ratios of posterior to prior; NaN rows are left out."""
    out = []
    for row in P:
        present = row[~np.isnan(row).any(axis=1)]
        with np.errstate(divide="ignore"):
            score = np.log(prior) + np.log(present / prior).sum(axis=0)
        out.append(np.exp(score - score.max()))
    return _share(np.array(out))


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, atol=1e-6))


def _check_product(answer, P: np.ndarray, prior: np.ndarray) -> None:
    """Compare with Bayes' rule, and name the mistake that explains the difference."""
    n, _, classes = P.shape
    before = P.copy(), prior.copy()
    q = as_array(answer(P, prior), (n, classes), "the posteriors")
    if not (np.array_equal(P, before[0], equal_nan=True) and np.array_equal(prior, before[1])):
        raise Hint("your function changes its input P or prior; work on a copy.")
    right = _bayes(P, prior)
    if _same(q, right):
        return
    here = (~np.isnan(P).any(axis=2)).sum(axis=1)[:, None]
    if np.isnan(q).any():
        raise Hint("your answer contains NaN; look for 0 / 0, or log(0) minus log(0).")
    if _same(q.sum(axis=0), np.ones(classes)) and n != classes:
        raise Hint("you normalised over the samples (axis 0); each row must sum to 1 (axis 1).")
    if not _same(q.sum(axis=1), np.ones(n)):
        raise Hint("the rows do not sum to 1: divide by their sum over the classes, axis 1.")
    total = P.shape[1]
    for wrong, hint in [
        (right * prior ** (here - 1), "you forgot the prior: divide by prior ** (R - 1)."),
        (right / prior, "you divided by prior ** R: the prior must be left in once, R - 1."),
        (right * prior**here, "you multiplied by the prior; each posterior holds it already."),
        (right * prior ** (2 * (here - 1)), "you multiplied by prior ** (R - 1): divide instead."),
        (right * prior ** (here - total), _ABSENT),
    ]:
        if _same(q, _share(wrong)):
            raise Hint(hint)
    if _same(q, _share(np.nansum(P, axis=1))):
        raise Hint("this is the sum rule: multiply the experts' posteriors.")
    raise Hint("the posteriors differ from Bayes' rule; try two experts and two classes by hand.")


@exercise("05.1", "a function (P, prior) that returns posteriors of shape (n_samples, n_classes)")
def product(answer, rng):
    for _ in range(20):
        classes = int(rng.choice([2, 6, 7]))  # never as many as experts
        P = _posteriors(rng, int(rng.integers(8, 15)), int(rng.integers(3, 6)), classes)
        _check_product(answer, P, _prior(rng, classes))
    P = _posteriors(rng, 8, 3, 4)
    P[:4, 0] = [0.0, 0.2, 0.3, 0.5]
    prior = _prior(rng, 4)
    if np.isnan(np.asarray(answer(P, prior), dtype=float)).any():
        raise Hint("an expert that gives a class exactly 0 makes NaN: that class must get 0.")
    _check_product(answer, P, prior)
    P = _share(rng.uniform(0.9, 1.1, size=(5, 2000, 3)), axis=2)
    q = as_array(answer(P, np.full(3, 1 / 3)), (5, 3), "the posteriors")
    if not np.isfinite(q).all() or not _same(q, _bayes(P, np.full(3, 1 / 3))):
        raise Hint(
            "with 2000 experts your product underflows (0.3 ** 2000 is 0 in floating point): add "
            "logarithms, subtract the row's largest, then take the exponential."
        )
    return "your rule agrees with Bayes on 20 random inputs, survives a 0, and 2000 experts."


@exercise("05.2", "a function (P, prior) that leaves out experts whose row is NaN")
def absent(answer, rng):
    for _ in range(20):
        classes = int(rng.integers(2, 6))
        P, prior = _posteriors(rng, 12, 3, classes), _prior(rng, classes)
        P[rng.random((12, 3)) < 0.3] = np.nan
        P[:3] = _posteriors(rng, 3, 3, classes)
        P[3, 0], P[3, 1:] = np.nan, _posteriors(rng, 1, 2, classes)
        P = P[~np.isnan(P).all(axis=(1, 2))]
        q = as_array(answer(P.copy(), prior.copy()), (len(P), classes), "the posteriors")
        gone = np.isnan(P).any(axis=(1, 2))
        if np.isnan(q[gone]).any():
            raise Hint("a row with an absent expert becomes NaN: leave that expert out of the row.")
        if not _same(q[~gone], _bayes(P[~gone], prior)):
            _check_product(answer, P[~gone], prior)
        _check_product(answer, P, prior)
    prior = np.array([0.6, 0.3, 0.1])
    q = as_array(answer(np.full((2, 3, 3), np.nan), prior), (2, 3), "the posteriors")
    if not _same(q, np.tile(prior, (2, 1))):
        raise Hint(
            "where all experts are absent the answer must be the prior, here "
            f"{prior.tolist()}; yours is {q[0].round(3).tolist()}."
        )
    return "experts may come and go: R counts those present, and without any the prior remains."


def _temper(P: np.ndarray, temperature: float) -> np.ndarray:
    return _share(P ** (1 / temperature))


def _log_loss(P: np.ndarray, y: np.ndarray) -> float:
    return float(-np.log(np.maximum(P[np.arange(len(y)), y], 1e-300)).mean())


@exercise("05.3", "a function (P, y) that returns the temperature, a positive number")
def temperature(answer, rng):
    for true in (0.4, 1.0, 2.5, 6.0):
        honest = rng.dirichlet(np.full(3, 0.8), size=4000) * 0.96 + 0.04 / 3
        y = (rng.random((4000, 1)) > honest.cumsum(axis=1)[:, :-1]).sum(axis=1)
        P = _share(honest**true)  # an expert that speaks `true` times too loud
        best = minimize_scalar(
            lambda t, P=P, y=y: _log_loss(_temper(P, np.exp(t)), y),
            bounds=(-4, 4),
            method="bounded",
        )
        right = float(np.exp(best.x))
        got = as_number(answer(P.copy(), y.copy()), "the temperature")
        if not np.isfinite(got) or got <= 0:
            raise Hint(f"a temperature is a positive number; got {got:.3g}.")
        if abs(np.log(got / right)) < 0.05:
            continue
        if true != 1.0 and abs(np.log(got * right)) < 0.05:
            raise Hint(
                f"you returned 1 / T: {got:.2f} where {right:.2f} is right. The posteriors are "
                "raised to the power 1 / T, so an expert that is too loud has T above 1."
            )
        if abs(np.log(got / (right * right))) < 0.05 and true != 1.0:
            raise Hint("close, but squared: is the temperature applied twice?")
        loss, least = _log_loss(_temper(P, got), y), _log_loss(_temper(P, right), y)
        raise Hint(
            f"T = {got:.2f} gives a log-loss of {loss:.3f}; {right:.2f} would give {least:.3f}. "
            "Minimise the log-loss of the true class (not the accuracy, which no temperature "
            "changes), after dividing the tempered rows by their sum, over T from 0.1 to 10."
        )
    return "your temperature is within 5 % of the best, for experts too loud and too shy."


def _entropy(P: np.ndarray) -> np.ndarray:
    return -(P * np.log(np.where(P > 0, P, 1))).sum(axis=2)


@exercise("05.4", "a function (P) that weights each expert by 1 - entropy / log(n_classes)")
def confident(answer, rng):
    for _ in range(20):
        classes = int(rng.integers(2, 6))
        P = _posteriors(rng, 9, 3, classes)
        q = as_array(answer(P.copy()), (9, classes), "the posteriors")
        h = _entropy(P) / np.log(classes)
        right = _share(((1 - h)[:, :, None] * P).sum(axis=1))
        if _same(q, right):
            continue
        if _same(q, ((1 - h)[:, :, None] * P).sum(axis=1)):
            raise Hint("divide by the sum of the weights, so that each row sums to 1.")
        if _same(q, _share((h[:, :, None] * P).sum(axis=1))):
            raise Hint("you weight by the entropy itself: the least certain expert is heard most.")
        if _same(q, P.mean(axis=1)):
            raise Hint("this is the plain sum rule: weight each expert, in each sample, first.")
        if _same(q, _share(((1 - h * np.log(classes))[:, :, None] * P).sum(axis=1))) or _same(
            q, _share(((1 - h * np.log2(classes))[:, :, None] * P).sum(axis=1))
        ):
            raise Hint("divide the entropy by that of total ignorance, log(n_classes).")
        by_expert = _share(((1 - h).mean(axis=0)[None, :, None] * P).sum(axis=1))
        if _same(q, by_expert):
            raise Hint("you averaged over the samples: an expert may be sure here, unsure there.")
        raise Hint("the posteriors differ; weigh each expert in each sample, sum over the experts.")
    P = np.array([[[1.0, 0.0, 0.0], [0.2, 0.5, 0.3]], [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]])
    q = as_array(answer(P.copy()), (2, 3), "the posteriors")
    if np.isnan(q).any():
        raise Hint("p = 0 makes NaN: 0 * log(0) counts as 0 in an entropy.")
    if not _same(q, _share(((1 - _entropy(P) / np.log(3))[:, :, None] * P).sum(axis=1))):
        raise Hint("posteriors that hold an exact 0 come out wrong: 0 * log(0) counts as 0.")
    q = as_array(answer(np.full((1, 2, 4), 0.25)), (1, 4), "the posteriors")
    if not _same(q, np.full((1, 4), 0.25)):
        raise Hint(
            "if no expert knows anything, all weights are 0 and 0 / 0 is not a number: answer with "
            "the uniform posterior then."
        )
    return "a rule of your own: give it to DecisionFusion(rule=...) like any other."
