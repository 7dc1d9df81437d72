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
        N_("this is 1 only if *all* are right: compare element by element, divide with `/`."): (
            lambda p, t: int((p == t).all())
        ),
        N_("every prediction counts alike: do not average over classes."): (
            lambda p, t: balanced_accuracy_score(t, p)
        ),
    },
    advice=N_("`predicted == true` compares element by element."),
)


def _opinions(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(12):
        n, modalities, classes = rng.permutation(np.arange(2, 9))[:3]  # no axis like another
        yield Case(rng.dirichlet(np.ones(classes), size=(n, modalities)))


exercise(
    "00.2",
    "a function average(P) that turns P of shape (n_samples, n_modalities, n_classes) "
    "into the mean over the modalities, of shape (n_samples, n_classes)",
    solve=lambda P: P.mean(axis=1),
    cases=_opinions,
    slips={
        N_("you averaged over the samples; the modalities are axis 1."): lambda P: P.mean(axis=0),
        N_("you averaged over the classes; the modalities are axis 1."): lambda P: P.mean(axis=2),
        N_("that is the sum: divide by the number of modalities."): lambda P: P.sum(axis=1),
        N_("you divided by a number that is not the number of modalities, P.shape[1]."): (
            lambda P: P.sum(axis=1) / P.shape[2],
            lambda P: P.sum(axis=1) / 2,
            lambda P: P.sum(axis=1) / 3,
        ),
        N_("return the posteriors, not the decision."): lambda P: P.mean(axis=1).argmax(axis=1),
        N_("you multiplied; this exercise is about the mean. (Chapter 05 multiplies.)"): (
            lambda P: P.prod(axis=1)
        ),
        N_("that is the product rule, not the mean."): lambda P: share(P.prod(1)),
        N_("you return one modality's opinion only."): (lambda P: P[:, 0], lambda P: P[:, -1]),
        N_("you took the largest opinion, not the mean."): (
            lambda P: P.max(axis=1),
            lambda P: share(P.max(axis=1)),
        ),
        N_("you took the median, not the mean."): lambda P: np.median(P, axis=1),
    },
)


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
        N_("even a single modality would look good: subtract the best single one from both."): (
            lambda f, s, c: f / c
        ),
        N_("that is the gain in accuracy; divide it by the gap, ceiling - best."): (
            lambda f, s, c: f - max(s.values())
        ),
        N_("you divided by something other than the gap, ceiling - best."): (
            lambda f, s, c: (f - max(s.values())) / c,
            lambda f, s, c: (f - max(s.values())) / max(s.values()),
            lambda f, s, c: (f - max(s.values())) / (c - f),
        ),
        N_("the sign is turned: better than the best single one is positive."): (
            lambda *given: -_closed(*given)
        ),
        N_("that is the share that stays open."): lambda *given: 1 - _closed(*given),
        N_("return a share between 0 and 1, not per cent."): lambda *given: 100 * _closed(*given),
        N_("you divided the gap by the gain; it is the other way round."): (
            lambda *given: 1 / _closed(*given)
        ),
        N_("a fusion that is worse than the best single modality has a negative share."): (
            lambda *given: abs(_closed(*given)),
            lambda *given: max(_closed(*given), 0),
        ),
        N_("you compared with the mean of the modalities; a fusion has to beat the *best*."): (
            lambda *given: _closed(*given, best=np.mean)
        ),
        N_("you compared with the median; a fusion has to beat the *best* single one."): (
            lambda *given: _closed(*given, best=np.median)
        ),
        N_("you compared with the worst modality; a fusion has to beat the *best* single one."): (
            lambda *given: _closed(*given, best=min)
        ),
        N_("you compared with the modality in one place; take the largest value."): (
            lambda *given: _closed(*given, best=lambda values: values[0]),
            lambda *given: _closed(*given, best=lambda values: values[-1]),
        ),
        N_("`max(singles)` is the last *name*; look at `singles.values()`."): (
            lambda f, s, c: (f - s[max(s)]) / (c - s[max(s)])
        ),
    },
)
