"""Answers to the exercises of chapter 15."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm, zscore
from sklearn.metrics import roc_curve
from sklearn.preprocessing import StandardScaler

from mmtutor.evaluation import det_curve, equal_error_rate, z_norm

GLOBAL = np.random.default_rng(0)

# 15.1


def by_choice(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in "FM":
        of_sex = face_sex == sex
        chosen[of_sex] = rng.choice(np.flatnonzero(voice_sex == sex), of_sex.sum(), replace=False)
    return chosen


def by_permutation(face_sex, voice_sex, rng):
    order = rng.permutation(len(voice_sex))
    queues = {sex: [int(k) for k in order if voice_sex[k] == sex] for sex in set(voice_sex)}
    return [queues[sex].pop() for sex in face_sex]


def by_walking(face_sex, voice_sex, rng):
    waiting = list(range(len(voice_sex)))
    chosen = []
    for sex in face_sex:
        chosen.append(int(rng.choice([k for k in waiting if voice_sex[k] == sex])))
        waiting.remove(chosen[-1])
    return np.array(chosen)


def by_random_keys(face_sex, voice_sex, rng):
    keys = rng.random(len(voice_sex))
    chosen = np.zeros(len(face_sex), dtype=np.int32)
    for sex in ("M", "F"):
        voices = np.where(voice_sex == sex)[0]
        voices = voices[np.argsort(keys[voices])]
        chosen[face_sex == sex] = voices[: np.sum(face_sex == sex)]
    return chosen


def by_pandas(face_sex, voice_sex, rng):
    chosen = pd.Series(-1, index=range(len(face_sex)))
    for sex, faces in pd.Series(face_sex).groupby(face_sex):
        voices = pd.Series(np.flatnonzero(voice_sex == sex))
        chosen[faces.index] = voices.sample(len(faces), random_state=rng).to_numpy()
    return chosen


def each_sex(draw):
    def pair(face_sex, voice_sex, rng):
        chosen = np.empty(len(face_sex), dtype=int)
        for sex in np.unique(face_sex):
            faces, voices = np.flatnonzero(face_sex == sex), np.flatnonzero(voice_sex == sex)
            chosen[faces] = draw(voices, len(faces), rng)
        return chosen

    return pair


def in_place(face_sex, voice_sex, rng):
    chosen = by_choice(face_sex, voice_sex, rng)
    voice_sex[chosen] = ""
    return chosen


def same_choice_for_both(face_sex, voice_sex, rng):
    first = rng.integers(2**31)
    return each_sex(lambda v, n, _: np.random.default_rng(first).permutation(v)[:n])(
        face_sex, voice_sex, rng
    )


def naive_shuffle(voices, n, rng):
    for k in range(len(voices)):  # every place with any place: not all orders are equally likely
        j = rng.integers(len(voices))
        voices[[k, j]] = voices[[j, k]]
    return np.where(rng.random() < 0.7, np.sort(voices), voices)[:n]


# 15.2


def z_by_loops(scores, cohort):
    out = np.empty(scores.shape)
    for t in range(scores.shape[1]):
        mean = sum(cohort[:, t]) / len(cohort)
        spread = math.sqrt(sum((x - mean) ** 2 for x in cohort[:, t]) / len(cohort))
        out[:, t] = (scores[:, t] - mean) / spread
    return out


def z_by_column(scores, cohort):
    columns = zip(scores.T, cohort.T, strict=True)
    return np.column_stack([(s - np.mean(c)) / np.std(c) for s, c in columns]).tolist()


def z_in_float32(scores, cohort):
    scores, cohort = scores.astype(np.float32), cohort.astype(np.float32)
    return (scores - cohort.mean(axis=0)) / cohort.std(axis=0)


def z_in_place(scores, cohort):
    scores -= cohort.mean(axis=0)
    scores /= cohort.std(axis=0)
    return scores


# 15.3


def rates(genuine, impostor, thresholds):
    rejected = np.array([np.mean(genuine < t) for t in thresholds])
    accepted = np.array([np.mean(impostor >= t) for t in thresholds])
    return rejected, accepted


def nearest(genuine, impostor, mean=lambda r, a: (r + a) / 2, gap=lambda r, a: abs(r - a)):
    rejected, accepted = rates(genuine, impostor, np.unique([*genuine, *impostor]))
    k = gap(rejected, accepted).argmin()
    return mean(rejected[k], accepted[k])


def eer_by_loops(genuine, impostor):
    best = None
    for t in [*genuine, *impostor]:
        rejected = Fraction(sum(bool(g < t) for g in genuine), len(genuine))
        accepted = Fraction(sum(bool(i >= t) for i in impostor), len(impostor))
        if best is None or abs(rejected - accepted) < best[0]:
            best = abs(rejected - accepted), (rejected + accepted) / 2
    return float(best[1])


def eer_by_roc(genuine, impostor):
    truth = np.repeat([1, 0], [len(genuine), len(impostor)])
    accepted, found, _ = roc_curve(truth, [*genuine, *impostor], drop_intermediate=False)
    k = np.argmin(np.abs(accepted - (1 - found)))
    return (accepted[k] + 1 - found[k]) / 2


def eer_by_det_curve(genuine, impostor):
    curve = det_curve(genuine, impostor)
    k = np.abs(curve.false_accept - curve.false_reject).argmin()
    return np.float32(curve.false_accept[k] + curve.false_reject[k]) / 2


def eer_by_sorting(genuine, impostor):
    thresholds = np.sort(np.r_[genuine, impostor])
    rejected = np.searchsorted(np.sort(genuine), thresholds, side="left") / len(genuine)
    accepted = 1 - np.searchsorted(np.sort(impostor), thresholds, side="left") / len(impostor)
    k = np.argmin((rejected - accepted) ** 2)
    return np.array((rejected[k] + accepted[k]) / 2)


def eer_strictly_above(genuine, impostor):
    """Accept above the threshold: the same cuts, each named by the score below it."""
    t = np.concatenate([genuine, impostor])[:, None]
    rejected, accepted = (genuine <= t).mean(1), (impostor > t).mean(1)
    k = abs(rejected - accepted).argmin()
    return (rejected[k] + accepted[k]) / 2


def with_ties_against(genuine, impostor):
    t = np.concatenate([genuine, impostor])[:, None]
    rejected, accepted = (genuine <= t).mean(1), (impostor >= t).mean(1)
    k = abs(rejected - accepted).argmin()
    return (rejected[k] + accepted[k]) / 2


def with_ties_for(genuine, impostor):
    t = np.concatenate([genuine, impostor])[:, None]
    rejected, accepted = (genuine < t).mean(1), (impostor > t).mean(1)
    k = abs(rejected - accepted).argmin()
    return (rejected[k] + accepted[k]) / 2


def among(which):
    def eer(*scores):
        rejected, accepted = rates(*scores, np.unique(scores[which]))
        k = abs(rejected - accepted).argmin()
        return (rejected[k] + accepted[k]) / 2

    return eer


def first_crossing(genuine, impostor):
    for t in np.unique([*genuine, *impostor]):
        rejected, accepted = np.mean(genuine < t), np.mean(impostor >= t)
        if rejected >= accepted:
            return (rejected + accepted) / 2
    return None


def only_where_equal(genuine, impostor):
    for t in np.unique([*genuine, *impostor]):
        if np.mean(genuine < t) == np.mean(impostor >= t):
            return np.mean(genuine < t)
    return None


def of_all_pairs(genuine, impostor):
    t = np.concatenate([genuine, impostor])[:, None]
    return ((genuine < t).sum(1) + (impostor >= t).sum(1)).min() / len(t)


def two_normals(genuine, impostor):
    return norm.cdf((impostor.mean() - genuine.mean()) / (genuine.std() + impostor.std()))


def one_minus_area(genuine, impostor):
    return 1 - (genuine[:, None] > impostor).mean()


def threshold(genuine, impostor):
    thresholds = np.unique([*genuine, *impostor])
    rejected, accepted = rates(genuine, impostor, thresholds)
    return thresholds[abs(rejected - accepted).argmin()]


# 15.4


def with_logaddexp(a, b, prior):
    genuine = a + b + math.log(prior)
    return np.exp(genuine - np.logaddexp(genuine, math.log(1 - prior)))


def one_after_the_other(a, b, prior):
    after_face = logit(prior) + a
    return expit(after_face + b)


def with_tanh(a, b, prior):
    return [
        0.5 * (1 + math.tanh((x + y + math.log(prior / (1 - prior))) / 2))
        for x, y in zip(a, b, strict=True)
    ]


def with_where(a, b, prior):
    z = np.float32(a + b + np.log(prior) - np.log1p(-prior))
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def odds_that_overflow(a, b, prior):
    odds = prior / (1 - prior) * np.exp(a) * np.exp(b)
    return odds / (1 + odds)


def clipped(a, b, prior):
    ratio = np.exp(np.clip(a, -2, 2) + np.clip(b, -2, 2))
    return prior * ratio / (prior * ratio + 1 - prior)


RIGHT = {
    "15.1": [by_choice, by_permutation, by_walking, by_random_keys, by_pandas],
    "15.2": [
        lambda s, c: (s - c.mean(axis=0)) / c.std(axis=0),
        z_norm,
        z_by_loops,
        z_by_column,
        z_in_float32,
        lambda s, c: StandardScaler().fit(c).transform(s),
    ],
    "15.3": [
        nearest,
        eer_by_loops,
        eer_by_roc,
        eer_by_det_curve,
        eer_by_sorting,
        eer_strictly_above,
    ],
    "15.4": [
        lambda a, b, p: expit(a + b + np.log(p / (1 - p))),
        with_logaddexp,
        one_after_the_other,
        with_tanh,
        with_where,
        lambda a, b, p: 1 - expit(-a - b - logit(p)),
    ],
}

WRONG = {
    "15.1": [
        (lambda f, v, rng: rng.choice(len(v), len(f), replace=False), "other sex"),
        (lambda f, v, rng: [rng.choice(np.flatnonzero(v == s)) for s in f], "two faces"),
        (each_sex(lambda v, n, rng: rng.permutation(len(v))[:n]), "other sex"),
        (each_sex(lambda v, n, rng: v[:n]), "same pairs"),
        (each_sex(lambda v, n, rng: np.random.default_rng(3).permutation(v)[:n]), "same pairs"),
        (each_sex(lambda v, n, rng: GLOBAL.permutation(v)[:n]), "from nothing else"),
        (
            lambda f, v, rng: by_choice(f, v, np.random.default_rng()),
            "from nothing else",
        ),
        (each_sex(lambda v, n, rng: rng.permutation(v[:n])), "never chosen"),
        (each_sex(lambda v, n, rng: np.sort(rng.permutation(v)[:n])), "more often"),
        (each_sex(lambda v, n, rng: np.roll(v, rng.integers(len(v)))[:n]), "more often"),
        (each_sex(naive_shuffle), ""),
        (same_choice_for_both, "more often"),
        (lambda f, v, rng: v[by_choice(f, v, rng)], "whole numbers"),
        (lambda f, v, rng: np.arange(len(v)), "one voice a face"),
        (lambda f, v, rng: np.full(len(f), 99), "outside 0 to"),
        (lambda f, v, rng: by_choice(f, v, rng) - len(v), "outside 0 to"),
        (in_place, "changes its input"),
    ],
    "15.2": [
        (lambda s, c: (s - c.mean()) / c.std(), "each template has its own"),
        (lambda s, c: (s - c.mean(0)) / c.std(), "each template has its own"),
        (lambda s, c: zscore(s, axis=0), "they are the test"),
        (lambda s, c: (s - s.mean()) / s.std(), "they are the test"),
        (lambda s, c: zscore(s, axis=1), "each probe"),
        (lambda s, c: (s - c.mean(0)) / c.var(0), "variance"),
        (lambda s, c: s - c.mean(0), "now divide"),
        (lambda s, c: s / c.std(0), "do not centre"),
        (lambda s, c: s - c.mean(0) / c.std(0), "missing bracket"),
        (lambda s, c: (c.mean(0) - s) / c.std(0), "sign is turned"),
        (lambda s, c: (s - c.mean(0)) / pd.DataFrame(c).std().to_numpy(), "ddof=0"),
        (lambda s, c: (s - np.median(c, axis=0)) / c.std(0), "axis 0"),
        (lambda s, c: (s - c.min(0)) / (c.max(0) - c.min(0)), "min-max"),
        (lambda s, c: (c - c.mean(0)) / c.std(0), "must have shape"),
        (lambda s, c: ((s - c.mean(0)) / c.std(0)).round(2), "differs most"),
        (lambda s, c: (s - c[:, 0].mean()) / c[:, 0].std(), "axis 0"),
        (lambda s, c: z_norm(s, np.vstack([s, c])), "axis 0"),
        (lambda s, c: np.abs(z_norm(s, c)), "axis 0"),
        (z_in_place, "changes its input"),
    ],
    "15.3": [
        (lambda g, i: nearest(-g, -i), "upside down"),
        (lambda g, i: 1 - nearest(g, i), "upside down"),
        (lambda g, i: 100 * nearest(g, i), "per cent"),
        (threshold, "return the rate there"),
        (of_all_pairs, "by the genuine pairs"),
        (
            lambda g, i: nearest(g, i, gap=lambda r, a: abs(r * len(g) - a * len(i))),
            "by the genuine",
        ),
        (lambda g, i: nearest(g, i, gap=lambda r, a: r + a), "difference is least"),
        (lambda g, i: nearest(g, i, mean=lambda r, a: r + a), "not their sum"),
        (lambda g, i: nearest(g, i, mean=lambda r, a: r), "mean of both"),
        (lambda g, i: nearest(g, i, mean=lambda r, a: a), "mean of both"),
        (lambda g, i: nearest(g, i, mean=max), "mean of both"),
        (lambda g, i: nearest(g, i, mean=min), "mean of both"),
        (lambda g, i: nearest(g, i, mean=lambda r, a: np.sqrt(r * a)), "geometric"),
        (lambda g, i: nearest(g, i, gap=lambda r, a: r - a), "absolute value"),
        (first_crossing, "may be closer"),
        (only_where_equal, ""),
        (with_ties_against, ""),
        (with_ties_for, ""),
        (among(0), "of both kinds"),
        (among(1), "of both kinds"),
        (two_normals, "need not be normal"),
        (one_minus_area, "every score"),
        (lambda g, i: np.mean(g < i.mean()), "every score"),
        (lambda g, i: 0.2, "every score"),
        (lambda g, i: [0.1, 0.2], "one number"),
        (lambda g, i: round(nearest(g, i), 1), ""),
        (lambda g, i: (g.sort(), nearest(g, i))[1], "changes its input"),
        (equal_error_rate, ""),
    ],
    "15.4": [
        (lambda a, b, p: expit(a + b), "prior is missing"),
        (lambda a, b, p: expit(a + b + 2 * logit(p)), "counted twice"),
        (lambda a, b, p: expit(a + b + p), "the prior itself"),
        (lambda a, b, p: expit(a + b + np.log(p)), "added log(prior)"),
        (lambda a, b, p: expit(a + b + p / (1 - p)), "added the odds"),
        (lambda a, b, p: expit(a + b - logit(p)), "wrong sign"),
        (lambda a, b, p: expit(a * b + logit(p)), "logarithms add"),
        (lambda a, b, p: expit(a + logit(p)), "one modality"),
        (lambda a, b, p: (expit(a + logit(p)) + expit(b + logit(p))) / 2, "sum rule"),
        (lambda a, b, p: expit((a + b) / 2 + logit(p)), "mean of the logarithms"),
        (lambda a, b, p: np.exp(a + b + logit(p)), "these are odds"),
        (lambda a, b, p: a + b + logit(p), "logarithms of odds"),
        (lambda a, b, p: expit(-(a + b + logit(p))), "probability of an impostor"),
        (lambda a, b, p: p * np.exp(a + b), "is no probability"),
        (lambda a, b, p: p * expit(a + b), "Odds after"),
        (lambda a, b, p: expit(a - b + logit(p)), "wrong way round"),
        (lambda a, b, p: 1 / (1 + 10.0 ** -(a + b + np.log10(p / (1 - p)))), ""),
        (lambda a, b, p: expit((a + b) * np.log(2) + logit(p)), "natural"),
        (lambda a, b, p: np.full(len(a), 0.5), "Odds after"),
        (lambda a, b, p: expit(a + b + logit(p)) > 0.5, ""),
        (odds_that_overflow, "overflows"),
        (clipped, ""),
    ],
}
