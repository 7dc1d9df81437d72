"""Checks of chapter 05, fusing decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import entr, softmax

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_number, exercise
from mmtutor.exercises._scaling import share

# --- 05.1 and 05.2 ------------------------------------------------------------------------------


def _bayes(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Prior times the ratios of posterior to prior; an expert whose row is NaN has no ratio."""
    return softmax(np.log(prior) + np.nansum(np.log(P / prior), axis=1), axis=1)


def _naive(P: np.ndarray, prior: np.ndarray, power: float | np.ndarray) -> np.ndarray:
    return softmax(np.nansum(np.log(P), axis=1) - power * np.log(prior), axis=1)


def _prior(rng: np.random.Generator, classes: int) -> np.ndarray:
    return rng.dirichlet(np.full(classes, 2.0)) * 0.7 + 0.3 / classes


def _experts(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(12):
        n, experts, classes = rng.permutation(np.arange(2, 10))[:3]  # no axis like another
        yield Case(rng.dirichlet(np.ones(classes), size=(n, experts)), _prior(rng, classes))


def _zero(rng: np.random.Generator) -> Case:
    P = rng.dirichlet(np.ones(4), size=(8, 3))
    P[:4, 0] = [0.0, 0.2, 0.3, 0.5]
    P[2:6, 2] = [0.5, 0.0, 0.0, 0.5]
    hint = _("a probability of exactly 0 is a veto: that class must get 0, and no NaN.")
    return Case(P, _prior(rng, 4), hint=hint)


def _crowd(rng: np.random.Generator) -> Case:
    """2000 experts who favour one class of each row, faintly or loudly, so that levels differ."""
    P = np.empty((6, 2000, 3))
    for row, loud in zip(P, [0.1, 0.3, 1, 1, 3, 10], strict=True):
        row[:] = rng.dirichlet(rng.permutation([1 / loud, 1 / loud, 1.5 / loud]), size=2000)
    P = np.clip(P, 1e-9, None)
    hint = _(
        "with 2000 experts a product underflows (0.3 ** 2000 is 0 in floating point): add "
        "logarithms, subtract each row's largest, then take the exponential."
    )
    return Case(P / P.sum(axis=2, keepdims=True), _prior(rng, 3), hint=hint)


def _present(rng: np.random.Generator) -> Iterator[Case]:
    yield from _experts(rng)
    yield _zero(rng)
    yield _crowd(rng)


exercise(
    "05.1",
    "a function (P, prior) that returns posteriors of shape (n_samples, n_classes), also where a "
    "probability is exactly 0, and for 2000 experts",
    solve=_bayes,
    cases=_present,
    slips={
        N_("you forgot the prior: divide by prior ** (R - 1)."): lambda P, p: _naive(P, p, 0),
        N_("the prior's power is wrong: divide by prior ** (R - 1), R experts."): (
            lambda P, p: _naive(P, p, P.shape[1]),
            lambda P, p: _naive(P, p, 1 - P.shape[1]),
            lambda P, p: _naive(P, p, 1),
            lambda P, p: _naive(P, p, -1),
        ),
        N_("you normalised over the samples (axis 0); each row must sum to 1."):
            lambda P, p: share(P.prod(1) / p ** (P.shape[1] - 1), axis=0),
        N_("the rows do not sum to 1: divide by their sum over the classes."): (
            lambda P, p: P.prod(axis=1) / p ** (P.shape[1] - 1),
            lambda P, p: P.prod(axis=1),
        ),
        N_("these are logarithms: take the exponential and divide by the row's sum."): (
            lambda P, p: np.log(_bayes(P, p)),
            lambda P, p: np.log(P).sum(axis=1) - (P.shape[1] - 1) * np.log(p),
        ),
        N_("this is the sum rule: multiply the posteriors."): lambda P, p: P.mean(axis=1),
    },
    advice=N_("Try two experts and two classes by hand."),
)  # fmt: skip


def _some_present(rng: np.random.Generator) -> Iterator[Case]:
    for case in _present(rng):
        P, prior = case.args
        absent = rng.random(P.shape[:2]) < 0.3
        absent[np.arange(len(P)), rng.integers(0, P.shape[1], len(P))] = False
        absent[0] = np.arange(P.shape[1]) == 0
        P[absent] = np.nan
        yield Case(P, prior, hint=case.hint)
    P[:2] = np.nan
    yield Case(P, prior, hint=_("where all experts are absent the answer must be the prior."))


def _old_rule(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return softmax(np.log(P / prior).sum(axis=1) + np.log(prior), axis=1)


_OPINION = N_(
    "R is the number of experts present in that row. To count an absent one, or to fill in a "
    "uniform posterior, gives it an opinion against the prior."
)

exercise(
    "05.2",
    "a function (P, prior) that leaves out experts whose row is NaN, and answers with the prior "
    "where all are; zeros and 2000 experts as before",
    solve=_bayes,
    cases=_some_present,
    slips={
        N_("an absent expert makes the whole row NaN or 0: leave it out, let the others decide."):
            _old_rule,
        _OPINION: (
            lambda P, p: _naive(P, p, P.shape[1] - 1),
            lambda P, p: _bayes(np.where(np.isnan(P), 1 / P.shape[2], P), p),
        ),
        N_("an expert is absent only where its row is NaN, not from all rows."):
            lambda P, p: _bayes(P[:, ~np.isnan(P).any(axis=(0, 2))], p),
        N_("you forgot the prior: divide by prior ** (R - 1)."): lambda P, p: _naive(P, p, 0),
        N_("the rows do not sum to 1: divide by their sum over the classes."):
            lambda P, p: p * np.nanprod(P / p, axis=1),
        N_("0 is no absence, only NaN is: an exact 0 is a veto."): (
            lambda P, p: _bayes(np.where((P == 0).any(2, keepdims=True), np.nan, P), p),
            lambda P, p: _bayes(np.where(P == 0, np.nan, P), p),
        ),
        N_("this is the sum rule: multiply."): lambda P, p: np.nanmean(P, axis=1),
    },
    advice=N_("Prior times the product of posterior / prior over those present."),
)  # fmt: skip

# --- 05.3 ---------------------------------------------------------------------------------------


def _loss(P: np.ndarray, y: np.ndarray, log_temperature: float, brier: bool = False) -> float:
    """Log-loss, or Brier's, after tempering."""
    tempered = softmax(np.log(P) / np.exp(log_temperature), axis=1)
    if brier:
        return float(((tempered - np.eye(P.shape[1])[y]) ** 2).sum())
    return -float(np.log(tempered[np.arange(len(y)), y]).mean())


def _temperature(P: np.ndarray, y: np.ndarray, brier: bool = False) -> float:
    best = minimize_scalar(
        lambda t: _loss(P, y, t, brier),
        bounds=(-2.3, 2.3),
        method="bounded",
        options={"xatol": 0.01},
    )
    return float(np.exp(best.x))


def _loud(rng: np.random.Generator) -> Iterator[Case]:
    """Experts who speak too loud or too softly, and are sometimes sure of what is wrong."""
    for power in (0.35, 1, 3):
        honest = rng.dirichlet(np.full(3, 0.8), size=300) * 0.94 + 0.02
        y = (rng.random((300, 1)) > honest.cumsum(axis=1)[:, :-1]).sum(axis=1)
        honest[:10] = 0.001 + np.eye(3)[y[:10] - 1]
        yield Case(share(honest**power), y)


def _read_temperature(value: Any, right: float) -> float:
    """Return the right temperature for one that is within a tenth of it."""
    got = as_number(value)
    if not np.isfinite(got) or got <= 0:
        raise Hint(_("a temperature is a positive number; got {got:.3g}.").format(got=got))
    return right if abs(np.log(got / right)) < np.log(1.1) else got


exercise(
    "05.3",
    "a function (P, y) that returns the temperature, a positive number, to within a tenth",
    solve=_temperature,
    cases=_loud,
    read=_read_temperature,
    slips={
        N_("you returned 1 / T: posteriors are raised to 1 / T, so too loud is above 1."):
            lambda P, y: 1 / _temperature(P, y),
        N_("close, but squared, or its root: is the temperature applied twice?"): (
            lambda P, y: _temperature(P, y) ** 2,
            lambda P, y: _temperature(P, y) ** 0.5,
        ),
        N_("this minimises the squared error: minimise the log-loss."):
            lambda P, y: _temperature(P, y, brier=True),
        N_(
            "your least loss lies at the end of the range: divide the tempered rows by their sum."
        ): (lambda P, y: 10.0),
    },
    advice=N_(
        "Minimise the log-loss of the true class (not the accuracy, which no temperature changes), "
        "after dividing the tempered rows by their sum, over T from 0.1 to 10."
    ),
)  # fmt: skip

# --- 05.4 ---------------------------------------------------------------------------------------


def _certainty(P: np.ndarray, base: float | None = None) -> np.ndarray:
    return 1 - entr(P).sum(axis=2) / np.log(base or P.shape[2])


def _weighted(P: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return share((weight[:, :, None] * P).sum(axis=1))


def _confident(P: np.ndarray) -> np.ndarray:
    return _weighted(P, _certainty(P) + 1e-12)


def _unequally_sure(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(12):
        n, experts, classes = rng.permutation(np.arange(2, 9))[:3]
        loud = rng.uniform(0.5, 5, size=(n, experts, 1))
        P = rng.dirichlet(np.ones(classes), size=(n, experts)) ** loud
        yield Case(P / P.sum(axis=2, keepdims=True))
    P[0, 0], P[1] = np.eye(classes)[0], np.eye(classes)[1]
    P[-1, 0, 0] = 0
    yield Case(P / P.sum(axis=2, keepdims=True), hint=_("mind 0 * log(0): it counts as 0."))
    P[1] = 1 / classes
    hint = _("if no expert knows anything, 0 / 0 is not a number: answer with the uniform one.")
    yield Case(P / P.sum(axis=2, keepdims=True), hint=hint)


exercise(
    "05.4",
    "a function (P) that weights each expert by 1 - entropy / log(n_classes), also where a "
    "probability is 0, and that returns the uniform posterior if no expert knows anything",
    solve=_confident,
    cases=_unequally_sure,
    slips={
        N_("divide by the sum of the weights, so that each row sums to 1."): (
            lambda P: (_certainty(P)[:, :, None] * P).sum(axis=1),
            lambda P: (_certainty(P)[:, :, None] * P).mean(axis=1),
        ),
        N_("you weight by the entropy itself: the least certain expert is heard most."):
            lambda P: _weighted(P, 1 - _certainty(P)),
        N_("this is the plain sum rule: weight each expert first."): lambda P: P.mean(axis=1),
        N_("divide the entropy by that of total ignorance, log(n_classes)."): (
            lambda P: _weighted(P, _certainty(P, np.e)),
            lambda P: _weighted(P, _certainty(P, 2)),
        ),
        N_("n_classes is the length of the last axis, P.shape[2]."): (
            lambda P: _weighted(P, _certainty(P, 3)),
            lambda P: _weighted(P, _certainty(P, P.shape[1])),
        ),
        N_("you averaged over the samples: an expert may be sure here, unsure there."):
            lambda P: _weighted(P, _certainty(P).mean(axis=0)[None]),
        N_("weigh all experts, not the most certain one alone."):
            lambda P: P[np.arange(len(P)), _certainty(P).argmax(axis=1)],
    },
    advice=N_("Weigh each expert in each sample, then sum over the experts."),
)  # fmt: skip
