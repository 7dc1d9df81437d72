"""Checks of chapter 12, missing and noisy modalities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise
from mmtutor.fusion import rules

# --- 12.1 ---------------------------------------------------------------------------------------


def _power(x: np.ndarray) -> float:
    return float(np.mean(x**2))


def _gain(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> float:
    if not clip.any() or not noise.any():
        return 0.0
    return float(np.sqrt(_power(clip) / _power(noise)) * 10 ** (-snr_db / 20))


def _mixed(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.resize(noise, len(clip))
    return clip + _gain(clip, noise, snr_db) * noise


def _scaled_clip(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.resize(noise, len(clip))
    return clip / _gain(clip, noise, snr_db) + noise


def _padded(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.pad(noise, (0, max(0, len(clip) - len(noise))))[: len(clip)]
    return clip + _gain(clip, noise, snr_db) * noise


def _without_mean(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.resize(noise, len(clip))
    return clip + clip.std() / noise.std() * 10 ** (-snr_db / 20) * noise


def _by_peak(clip: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.resize(noise, len(clip))
    return clip + np.abs(clip).max() / np.abs(noise).max() * 10 ** (-snr_db / 20) * noise


def _clips(rng: np.random.Generator) -> Iterator[Case]:
    for length, sign in ((60, 1), (200, -1), (90, -1), (333, 1)):
        clip = rng.normal(0.2, 0.3, size=200)
        noise = rng.uniform(0.5, 3) * rng.normal(0.5, 1, size=length)
        yield Case(clip, noise, float(rng.uniform(4, 20) * sign))
    hint = _("where the clip or the noise is silent, return the clip: nothing can be scaled.")
    yield Case(np.zeros(50), noise, 10.0, hint=hint)
    yield Case(clip, np.zeros(30), 10.0, hint=hint)
    hint = _("look for silence in the part of the noise that is used, after cutting.")
    yield Case(clip, np.concatenate([np.zeros(300), noise]), 10.0, hint=hint)


exercise(
    "12.1",
    "a function (clip, noise, snr_db) that returns the clip with the noise at that ratio; noise is "
    "repeated or cut to the clip's length, and a silent clip, or noise that is silent once it was "
    "cut, gives the clip",
    solve=_mixed,
    cases=_clips,
    slips={
        N_("decibels are of power: an amplitude changes by 10 ** (dB / 20)."):
            lambda c, e, s: _mixed(c, e, 2 * s),
        N_("a high ratio means little noise: mind the sign of snr_db."):
            lambda c, e, s: _mixed(c, e, -s),
        N_("scale the noise and leave the clip as it is."): _scaled_clip,
        N_("repeat the noise from its beginning until it is as long as the clip."): _padded,
        N_("measure the power of the noise that is added, after repeating or cutting it."):
            lambda c, e, s: c + _gain(c, e, s) * np.resize(e, len(c)),
        N_("power is the mean square; a standard deviation takes the mean away first."):
            _without_mean,
        N_("power is the mean square, not the peak."): _by_peak,
        N_("return the clip with the noise, not the noise alone."):
            lambda c, e, s: _mixed(c, e, s) - c,
        N_("the noise was added as it came: scale it."):
            lambda c, e, s: c + np.resize(e, len(c)),
        N_("scale by the ratio of the amplitudes, the root of that of the powers."):
            lambda c, e, s: (
                lambda n: c + _power(c) / _power(n) * 10 ** (-s / 20) * n
            )(np.resize(e, len(c))),
    },
    advice=N_("Solve 10 * log10(mean(clip**2) / mean((g * noise)**2)) = snr_db for g."),
)  # fmt: skip

# --- 12.2 ---------------------------------------------------------------------------------------


def _area(v: np.ndarray, a: np.ndarray) -> float:
    return float(np.sum(np.diff(v) * (a[1:] + a[:-1]) / 2) / (v[-1] - v[0]))


def _robustness(v: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.array([_area(v, a), _area(v, a - b - a[0] + b[0])])


def _rectangles(v: np.ndarray, a: np.ndarray, b: np.ndarray, side: slice) -> np.ndarray:
    width = np.diff(v) / (v[-1] - v[0])
    return np.array([width @ a[side], width @ (a - b - a[0] + b[0])[side]])


def _lines(rng: np.random.Generator) -> Iterator[Case]:
    for n in (3, 5, 8):
        v = np.concatenate([[0], np.cumsum(rng.uniform(0.02, 0.1, n) * np.arange(1, n + 1))])
        v *= rng.uniform(0.4, 0.9) / v[-1]
        a, b = (np.sort(rng.uniform(0.2, 1, n + 1))[::-1].copy() for _i in range(2))
        yield Case(v, a, b)
    hint = _("there may be two levels only, and a curve may rise.")
    yield Case(np.array([0, 0.5]), np.array([0.6, 0.7]), np.array([0.9, 0.3]), hint=hint)


exercise(
    "12.2",
    "a function (levels, accuracy, baseline) that returns two numbers, relative and effective "
    "robustness, each divided by the range of the levels; two levels are the fewest",
    solve=_robustness,
    cases=_lines,
    slips={
        N_("levels are not equally far apart: weigh by their distances (trapezoids)."):
            lambda v, a, b: np.array([a.mean(), (a - b - a[0] + b[0]).mean()]),
        N_("divide both areas by the range of the levels, last less first."):
            lambda v, a, b: _robustness(v, a, b) * (v[-1] - v[0]),
        N_("first move the baseline so that it starts where the curve does."):
            lambda v, a, b: np.array([_area(v, a), _area(v, a - b)]),
        N_("you moved the baseline the wrong way: at the first level nothing must be left."):
            lambda v, a, b: np.array([_area(v, a), _area(v, a - b + a[0] - b[0])]),
        N_("the sign: a curve above the moved baseline has positive effective robustness."):
            lambda v, a, b: _robustness(v, a, b) * [1, -1],
        N_("relative first, then effective."): lambda v, a, b: _robustness(v, a, b)[::-1],
        N_("join the points by straight lines (trapezoids), not by steps."): (
            lambda v, a, b: _rectangles(v, a, b, slice(0, -1)),
            lambda v, a, b: _rectangles(v, a, b, slice(1, None)),
        ),
        N_("move the baseline (add a[0] - b[0]); do not stretch it."):
            lambda v, a, b: np.array([_area(v, a), _area(v, a - b * a[0] / b[0])]),
        N_("effective robustness is measured against the baseline, not against no fall at all."):
            lambda v, a, b: np.array([_area(v, a), _area(v, a - a[0])]),
        N_("relative robustness is the area itself; do not divide by the first accuracy."):
            lambda v, a, b: _robustness(v, a, b) / [a[0], 1],
        N_("relative robustness is the area of the accuracy, not of the baseline."):
            lambda v, a, b: np.array([_area(v, b), _robustness(v, a, b)[1]]),
    },
    advice=N_("`sklearn.metrics.auc(levels, curve)` is the area; take it of two curves."),
)  # fmt: skip

# --- 12.3 ---------------------------------------------------------------------------------------


def _powers(P: np.ndarray, W: np.ndarray) -> np.ndarray:
    logs = np.nansum(W[:, :, None] * np.log(P), axis=1)
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def _with_nan(P: np.ndarray, W: np.ndarray) -> np.ndarray:
    p = np.prod(P ** W[:, :, None], axis=1)
    return p / p.sum(axis=1, keepdims=True)


def _linear(P: np.ndarray, W: np.ndarray) -> np.ndarray:
    p = np.nansum(W[:, :, None] * P, axis=1)
    return p / p.sum(axis=1, keepdims=True)


def _shared(W: np.ndarray) -> np.ndarray:
    return W / W.sum(axis=1, keepdims=True)


def _unnormalised(P: np.ndarray, W: np.ndarray) -> np.ndarray:
    return np.exp(np.nansum(W[:, :, None] * np.log(P), axis=1))


def _posteriors(rng: np.random.Generator) -> Iterator[Case]:
    for n, experts, classes in ((20, 3, 4), (12, 2, 3), (15, 4, 2)):
        P = rng.dirichlet(np.full(classes, 1.5), size=(n, experts)) * 0.98 + 0.02 / classes
        yield Case(P, rng.uniform(0.1, 2, (n, experts)))
    P, W = P.copy(), rng.uniform(0.1, 2, (n, experts))
    P[::2, 0] = P[1::3, 2] = np.nan
    yield Case(P, W, hint=_("a row of NaN is an absent expert: leave it out, the others decide."))
    P[3], W[4] = np.nan, 0
    hint = _("where nobody is heard (all absent, or all weights 0) every class is equally likely.")
    yield Case(P, W, hint=hint)
    P = rng.dirichlet(np.full(3, 1e6), size=(5, 3))  # classes that are nearly equally likely
    hint = _("with weights of 400 all products are 0: subtract the row's largest logarithm first.")
    yield Case(P, np.full((5, 3), 400.0), hint=hint)


exercise(
    "12.3",
    "a function (P, W) that returns fused posteriors, shape (n, n_classes), where each row has its "
    "own exponents, up to 400; a row of NaN is an absent expert, and where nobody is heard all "
    "classes are equally likely",
    solve=_powers,
    cases=_posteriors,
    slips={
        N_("a weight is an exponent here, not a factor of a sum."): _linear,
        N_("each row has its own weights: you took their means over all rows."):
            lambda P, W: _powers(P, np.tile(W.mean(axis=0), (len(W), 1))),
        N_("take the weights as they are: dividing a row by its sum makes every answer unsure."):
            lambda P, W: _powers(P, _shared(W)),
        N_("normalise: the classes of a row must sum to 1."): _unnormalised,
        N_(
            "the weights changed nothing: a factor drops out when you normalise, an exponent does "
            "not."
        ): lambda P, W: _powers(P, np.ones_like(W)),
        N_("a small weight means little trust: the exponent is w, not 1 / w."):
            lambda P, W: _powers(P, 1 / W),
        N_("temper each expert, then multiply: you took the mean."):
            lambda P, W: np.nanmean(P ** W[:, :, None] / (P ** W[:, :, None]).sum(
                axis=2, keepdims=True), axis=1),
        N_("the exponent is w, not 1 - w."): lambda P, W: _powers(P, 1 - W),
        N_("the weights were used twice."): lambda P, W: _powers(P, W**2),
    },
    advice=N_("In logarithms: for each class the sum over experts of w * log p; then normalise."),
)  # fmt: skip

# --- 12.4 ---------------------------------------------------------------------------------------


def _other(P: np.ndarray, m: int, prior: np.ndarray | None) -> np.ndarray:
    return rules.product_rule(np.delete(P, m, axis=1), prior=prior)


def _doubts(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return _doubted(P, prior, prior)


def _doubted(P: np.ndarray, inside: np.ndarray | None, prior: np.ndarray) -> np.ndarray:
    """Doubts, with one prior for fusing the others and one for the ratio."""
    parts = [(P[:, m] * _other(P, m, inside) / prior).sum(axis=1) for m in range(P.shape[1])]
    return -np.log(np.stack(parts, axis=1))


def _by_mean(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    ratio = [
        (P[:, m] * np.delete(P, m, axis=1).mean(axis=1) / prior).sum(axis=1)
        for m in range(P.shape[1])
    ]
    return -np.log(np.stack(ratio, axis=1))


def _with_itself(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    fused = rules.product_rule(P, prior=prior)
    return -np.log((P * (fused / prior)[:, None]).sum(axis=2))


def _loose(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Without normalising what the others say."""
    n = P.shape[1]
    others = [np.delete(P, m, axis=1).prod(axis=1) / prior ** (n - 2) for m in range(n)]
    return -np.log((P * np.stack(others, axis=1) / prior).sum(axis=2))


def _experts(rng: np.random.Generator) -> Iterator[Case]:
    for n, experts, classes in ((20, 3, 3), (15, 4, 2), (12, 3, 4)):
        prior = np.arange(1.0, classes + 1) + rng.uniform(0, 0.5, classes)
        prior = rng.permutation(prior / prior.sum())
        yield Case(rng.dirichlet(np.ones(classes), size=(n, experts)) * 0.95 + 0.05 * prior, prior)
    hint = _("with two experts the other one speaks for itself: no power of the prior is left.")
    P = rng.dirichlet(np.ones(classes), size=(n, 2)) * 0.95 + 0.05 * prior
    yield Case(P, prior, hint=hint)


exercise(
    "12.4",
    "a function (P, prior) that returns the doubt about each modality, shape (n, n_experts), for "
    "two experts or more and any prior",
    solve=_doubts,
    cases=_experts,
    slips={
        N_("doubt is *minus* the logarithm: it is large where two do not go together."):
            lambda P, q: -_doubts(P, q),
        N_("take the logarithm."): (
            lambda P, q: np.exp(-_doubts(P, q)), lambda P, q: np.exp(_doubts(P, q))
        ),
        N_("divide by the prior inside the sum: frequent classes agree by chance."):
            lambda P, q: _doubted(P, q, np.ones_like(q)),
        N_("you took equally likely classes: use `prior`."):
            lambda P, q: _doubted(P, None, np.full_like(q, 1 / len(q))),
        N_("fusing the others counts the prior too often: pass it to the product rule."):
            lambda P, q: _doubted(P, None, q),
        N_("fuse the others by their product (they are independent), not by their mean."): _by_mean,
        N_("leave a modality out of those that judge it."): _with_itself,
        N_("normalise what the others say: it must sum to 1 over the classes."): _loose,
        N_("natural logarithms, please."): lambda P, q: _doubts(P, q) / np.log(2),
        N_("modalities come in the order of P."): lambda P, q: _doubts(P, q)[:, ::-1],
        N_("return the doubt about each modality, not one about the row."):
            lambda P, q: _doubts(P, q).max(axis=1),
    },
    advice=N_("`rules.product_rule(np.delete(P, m, axis=1), prior=prior)` is what the others say."),
)  # fmt: skip
