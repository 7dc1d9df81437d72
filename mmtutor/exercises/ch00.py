"""Checks of chapter 00, start here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from mmtutor._i18n import N_
from mmtutor.course.checking import Case, exercise
from mmtutor.exercises._scaling import share


def _accuracy(predicted: np.ndarray, true: np.ndarray) -> float:
    return (predicted == true).mean()


def _predictions(rng: np.random.Generator) -> Iterator[Case]:
    names = np.array(["negative", "neutral", "positive", "mixed"])
    for right in [0, 1, *rng.random(10)]:  # all wrong, all right, some
        n, classes = rng.integers(4, 40), rng.integers(2, 5)
        true = rng.choice(classes, size=n, p=rng.dirichlet(np.full(classes, 3)))
        other = (true + rng.integers(1, classes, size=n)) % classes
        yield Case(names[np.where(rng.random(n) < right, true, other)], names[true])


exercise(
    "00.1",
    "a function accuracy(predicted, true) returning the share of right predictions",
    solve=_accuracy,
    cases=_predictions,
    slips={
        N_("you counted the right ones; divide by their number."): lambda p, t: (p == t).sum(),
        N_("you return per cent; return a share."): lambda p, t: 100 * (p == t).mean(),
        N_("you return the share of *wrong* predictions."): lambda p, t: (p != t).mean(),
        N_("this is 1 only if *all* are right: compare element by element, divide with `/`."):
            lambda p, t: int((p == t).all()),
        N_("every prediction counts alike: do not average over classes."):
            lambda p, t: balanced_accuracy_score(t, p),
    },
    advice=N_("`predicted == true` compares element by element."),
)  # fmt: skip


def _weighted(P: np.ndarray, weights: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """Return the weighted sum of the posteriors, those of absent modalities set to `fill`."""
    return np.einsum("nmc,m->nc", np.nan_to_num(P, nan=fill), weights)


def _there(P: np.ndarray) -> np.ndarray:
    return ~np.isnan(P[:, :, 0])


def _posteriors(rng: np.random.Generator) -> Iterator[Case]:
    """Some modalities are missing in all but the first two cases, one is there in every sample."""
    for trial in range(12):
        n, modalities, classes = rng.permutation(np.arange(2, 9))[:3]  # no axis like another
        P = rng.dirichlet(np.ones(classes), size=(n, modalities))
        if trial > 1:
            absent = rng.random((n, modalities)) < 0.4
            absent[0] = np.arange(modalities) == rng.integers(modalities)  # one missing
            absent[np.arange(n), rng.integers(modalities, size=n)] = False
            P[absent] = np.nan
        yield Case(P, rng.uniform(0.5, 4, size=modalities))


exercise(
    "00.2",
    "a function average(P, weights) that turns P of shape (n_samples, n_modalities, n_classes) "
    "into the weighted mean over the modalities that are there, of shape (n_samples, n_classes)",
    solve=lambda P, w: share(_weighted(P, w)),
    cases=_posteriors,
    slips={
        N_("the weights are not used."): lambda P, w: np.nanmean(P, axis=1),
        N_("where a modality is missing the rows sum to less than 1: divide by the weights of "
           "those that are there."): lambda P, w: _weighted(P, w) / w.sum(),
        N_("divide by the weights of those that are there, not by their number."): (
            lambda P, w: _weighted(P, w) / _there(P).sum(axis=1, keepdims=True),
            lambda P, w: _weighted(P, w) / P.shape[1],
        ),
        N_("that is the weighted sum: divide by the weights of those that are there."): _weighted,
        N_("a missing modality makes your row NaN: leave it out."): (
            lambda P, w: np.einsum("nmc,m->nc", P, w / w.sum()),
            lambda P, w: share(np.einsum("nmc,m->nc", P, w)),
        ),
        N_("a missing modality has no opinion: do not fill in 1 / n_classes, leave it out."):
            lambda P, w: _weighted(P, w, 1 / P.shape[2]) / w.sum(),
        N_("you averaged over the samples or classes; the modalities are axis 1."): (
            lambda P, w: np.nanmean(P, axis=0),
            lambda P, w: np.nanmean(P, axis=2),
        ),
        N_("return the posteriors, not the decision."):
            lambda P, w: share(_weighted(P, w)).argmax(axis=1),
        N_("you multiplied; this exercise is about the mean. (Chapter 05 multiplies.)"):
            lambda P, w: share(np.nanprod(P ** w[:, None], axis=1)),
        N_("you took the most heavily weighted modality only."):
            lambda P, w: P[np.arange(len(P)), (_there(P) * w).argmax(axis=1)],
    },
    advice=N_("Try one sample of which one modality is missing."),
)  # fmt: skip


def _closed(fused: float, singles: dict[str, float], ceiling: float, best: Callable = max) -> float:
    rival = best(list(singles.values()))
    return (fused - rival) / (ceiling - rival)


def _accuracies(rng: np.random.Generator) -> Iterator[Case]:
    """Every name is the best one in turn, in any place; in every fourth case fusion hurts."""
    for trial in range(12):
        names = np.roll(["text", "image", "audio"], trial)
        values, ceiling = np.sort(rng.uniform(0.3, 0.8, 3)), float(rng.uniform(0.85, 1))
        closed = rng.uniform(-0.5, 0) if trial % 4 == 3 else rng.uniform(0.1, 0.9)
        fused = float(values.max() + closed * (ceiling - values.max()))
        order = rng.permutation(3)
        yield Case(
            fused, dict(zip(names[order].tolist(), values[order].tolist(), strict=True)), ceiling
        )


exercise(
    "00.3",
    "a function closed(fused, singles, ceiling) returning which share of the gap between the best "
    "single modality and the ceiling the fused classifier closes",
    solve=_closed,
    cases=_accuracies,
    slips={
        N_("even a single modality would look good: subtract the best single one from both."):
            lambda f, s, c: f / c,
        N_("that is the gain in accuracy; divide it by the gap, ceiling - best."):
            lambda f, s, c: f - max(s.values()),
        N_("you divided by something other than the gap, ceiling - best."): (
            lambda f, s, c: (f - max(s.values())) / c,
            lambda f, s, c: (f - max(s.values())) / max(s.values()),
            lambda f, s, c: (f - max(s.values())) / (c - f),
        ),
        N_("the sign is turned: better than the best single one is positive."):
            lambda *given: -_closed(*given),
        N_("that is the share that stays open."): lambda *given: 1 - _closed(*given),
        N_("return a share between 0 and 1, not per cent."): lambda *given: 100 * _closed(*given),
        N_("you divided the gap by the gain; it is the other way round."):
            lambda *given: 1 / _closed(*given),
        N_("a fusion that is worse than the best single modality has a negative share."): (
            lambda *given: abs(_closed(*given)),
            lambda *given: max(_closed(*given), 0),
        ),
        N_("you compared with the mean of the modalities; a fusion has to beat the *best*."):
            lambda *given: _closed(*given, best=np.mean),
        N_("you compared with the median; a fusion has to beat the *best* single one."):
            lambda *given: _closed(*given, best=np.median),
        N_("you compared with the worst modality; a fusion has to beat the *best* single one."):
            lambda *given: _closed(*given, best=min),
        N_("you compared with the modality in one place; take the largest value."): (
            lambda *given: _closed(*given, best=lambda values: values[0]),
            lambda *given: _closed(*given, best=lambda values: values[-1]),
        ),
        N_("`max(singles)` is the last *name*; look at `singles.values()`."):
            lambda f, s, c: (f - s[max(s)]) / (c - s[max(s)]),
    },
)  # fmt: skip
