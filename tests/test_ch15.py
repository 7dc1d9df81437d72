"""Chapter 15's checkers: typical wrong answers get the hint that names them, right ones pass."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, logit

from mmtutor.evaluation import det_curve
from mmtutor.exercises import examine

# --- 15.1 ------------------------------------------------------------------------------------


def pair_right(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in "FM":
        n = (face_sex == sex).sum()
        chosen[face_sex == sex] = rng.choice(np.flatnonzero(voice_sex == sex), n, replace=False)
    return chosen


def pair_right_by_walking(face_sex, voice_sex, rng):
    waiting = list(rng.permutation(len(voice_sex)))
    chosen = []
    for sex in face_sex:
        k = next(i for i, voice in enumerate(waiting) if voice_sex[voice] == sex)
        chosen.append(waiting.pop(k))
    return chosen


def pair_any_sex(face_sex, voice_sex, rng):
    return rng.choice(len(voice_sex), len(face_sex), replace=False)


def pair_with_replacement(face_sex, voice_sex, rng):
    return np.array([rng.choice(np.flatnonzero(voice_sex == sex)) for sex in face_sex])


def pair_positions(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in "FM":
        n = (face_sex == sex).sum()
        chosen[face_sex == sex] = rng.permutation((voice_sex == sex).sum())[:n]
    return chosen


def pair_fixed(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in "FM":
        chosen[face_sex == sex] = np.flatnonzero(voice_sex == sex)[: (face_sex == sex).sum()]
    return chosen


def pair_own_seed(face_sex, voice_sex, rng):
    return pair_right(face_sex, voice_sex, np.random.default_rng())


def pair_first_voices(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in "FM":
        n = (face_sex == sex).sum()
        chosen[face_sex == sex] = rng.permutation(np.flatnonzero(voice_sex == sex)[:n])
    return chosen


def pair_in_order(face_sex, voice_sex, rng):
    chosen = pair_right(face_sex, voice_sex, rng)
    for sex in "FM":
        chosen[face_sex == sex] = np.sort(chosen[face_sex == sex])
    return chosen


# --- 15.2 ------------------------------------------------------------------------------------


def z_right(scores, cohort):
    return (scores - cohort.mean(axis=0)) / cohort.std(axis=0)


def z_right_by_loops(scores, cohort):
    out = np.empty_like(scores)
    for t in range(scores.shape[1]):
        column = cohort[:, t]
        mean = sum(column) / len(column)
        spread = math.sqrt(sum((x - mean) ** 2 for x in column) / (len(column) - 1))
        out[:, t] = (scores[:, t] - mean) / spread
    return out


def z_in_place(scores, cohort):
    scores -= cohort.mean(axis=0)
    scores /= cohort.std(axis=0)
    return scores


# --- 15.3 ------------------------------------------------------------------------------------


def eer_right(genuine, impostor):
    t = np.concatenate([genuine, impostor])
    rejected = np.array([(genuine < x).mean() for x in t])
    accepted = np.array([(impostor >= x).mean() for x in t])
    k = np.abs(rejected - accepted).argmin()
    return (rejected[k] + accepted[k]) / 2


def eer_right_by_bisection(genuine, impostor):
    low, high = min(impostor.min(), genuine.min()), max(impostor.max(), genuine.max())
    for _ in range(60):
        middle = (low + high) / 2
        if np.mean(genuine < middle) < np.mean(impostor >= middle):
            low = middle
        else:
            high = middle
    return np.mean(impostor >= high) / 2 + np.mean(genuine < high) / 2


def eer_upside_down(genuine, impostor):
    return eer_right(-genuine, -impostor)


def rates(genuine, impostor):
    curve = det_curve(genuine, impostor)
    return curve.false_accept, curve.false_reject, curve.thresholds


def eer_threshold(genuine, impostor):
    accepted, rejected, thresholds = rates(genuine, impostor)
    return thresholds[np.abs(accepted - rejected).argmin()]


def eer_of_all_pairs(genuine, impostor):
    accepted, rejected, _ = rates(genuine, impostor)
    wrong = accepted * len(impostor) + rejected * len(genuine)
    return wrong.min() / (len(genuine) + len(impostor))


def eer_least_mean(genuine, impostor):
    accepted, rejected, _ = rates(genuine, impostor)
    return ((accepted + rejected) / 2).min()


def eer_half_way(genuine, impostor):
    middle = (genuine.mean() + impostor.mean()) / 2
    return ((genuine < middle).mean() + (impostor >= middle).mean()) / 2


# --- 15.4 ------------------------------------------------------------------------------------


def p_right(a, b, prior):
    return expit(a + b + np.log(prior / (1 - prior)))


def p_right_with_logaddexp(a, b, prior):
    genuine = a + b + math.log(prior)
    return np.exp(genuine - np.logaddexp(genuine, math.log(1 - prior)))


def p_overflows(a, b, prior):
    odds = prior / (1 - prior) * np.exp(a) * np.exp(b)
    return odds / (1 + odds)


RIGHT = [
    ("15.1", pair_right),
    ("15.1", pair_right_by_walking),
    ("15.2", z_right),
    ("15.2", z_right_by_loops),
    ("15.3", eer_right),
    ("15.3", eer_right_by_bisection),
    ("15.4", p_right),
    ("15.4", p_right_with_logaddexp),
]

WRONG = [
    ("15.1", pair_any_sex, "draw for each sex on its own"),
    ("15.1", pair_with_replacement, "replace=False"),
    ("15.1", pair_positions, "translate them back"),
    ("15.1", pair_fixed, "every draw gives the same pairs"),
    ("15.1", pair_own_seed, "draw from rng and from nothing else"),
    ("15.1", pair_first_voices, "some voices are never chosen"),
    ("15.1", pair_in_order, "ascending order"),
    ("15.1", lambda f, v, rng: v[: len(f)], "whole numbers"),
    ("15.1", lambda f, v, rng: np.arange(len(v)), "must have shape"),
    ("15.1", lambda f, v, rng: np.full(len(f), 99), "outside 0 to"),
    ("15.2", lambda s, c: (s - c.mean()) / c.std(), "every template has its own"),
    ("15.2", lambda s, c: (s - s.mean(0)) / s.std(0), "must come from the cohort"),
    ("15.2", lambda s, c: (s - s.mean()) / s.std(), "must come from the cohort"),
    ("15.2", lambda s, c: (s - s.mean(1, keepdims=True)) / s.std(1, keepdims=True), "each probe"),
    ("15.2", lambda s, c: (s - c.mean(0)) / c.var(0), "divide by the variance"),
    ("15.2", lambda s, c: s - c.mean(0), "now divide"),
    ("15.2", lambda s, c: s / c.std(0), "do not centre"),
    ("15.2", lambda s, c: s - c.mean(0) / c.std(0), "missing bracket"),
    ("15.2", lambda s, c: (c.mean(0) - s) / c.std(0), "sign is turned"),
    ("15.2", lambda s, c: (c - c.mean(0)) / c.std(0), "must have shape"),
    ("15.2", lambda s, c: s * 2, "over the cohort's rows"),
    ("15.2", z_in_place, "changes its input"),
    ("15.3", eer_upside_down, "upside down"),
    ("15.3", lambda g, i: 100 * eer_right(g, i), "per cent"),
    ("15.3", eer_threshold, "return the rate there"),
    ("15.3", eer_of_all_pairs, "among all pairs together"),
    ("15.3", eer_least_mean, "minimise their difference"),
    ("15.3", eer_half_way, "half-way between both means"),
    ("15.3", lambda g, i: 2 * eer_right(g, i), "not their sum"),
    ("15.3", lambda g, i: 0.9, "search all scores"),
    ("15.3", lambda g, i: [0.1, 0.2], "one number"),
    ("15.4", lambda a, b, p: expit(a + b), "the prior is missing"),
    ("15.4", lambda a, b, p: expit(a + b + 2 * logit(p)), "counted twice"),
    ("15.4", lambda a, b, p: expit(a + b + p), "added the prior itself"),
    ("15.4", lambda a, b, p: expit(a + b + np.log(p)), "you added log(prior)"),
    ("15.4", lambda a, b, p: expit(a * b + logit(p)), "their logarithms add"),
    ("15.4", lambda a, b, p: (expit(a + logit(p)) + expit(b + logit(p))) / 2, "the sum rule"),
    ("15.4", lambda a, b, p: expit((a + b) / 2 + logit(p)), "mean of the logarithms"),
    ("15.4", lambda a, b, p: np.exp(a + b + logit(p)), "these are odds"),
    ("15.4", lambda a, b, p: a + b + logit(p), "logarithms of odds"),
    ("15.4", lambda a, b, p: expit(-(a + b + logit(p))), "probability of an impostor"),
    ("15.4", lambda a, b, p: p * np.exp(a + b), "not yet a probability"),
    ("15.4", p_overflows, "overflows"),
    ("15.4", lambda a, b, p: np.full(len(a), 0.5), "Odds after"),
    ("15.4", lambda a, b, p: np.full(len(a), 7.0), "lies in [0, 1]"),
]


@pytest.mark.parametrize(("number", "answer"), RIGHT, ids=lambda x: getattr(x, "__name__", x))
def test_right_answers_pass(number, answer):
    for _ in range(5):
        verdict = examine(number, answer)
        assert verdict.passed, verdict.message


@pytest.mark.parametrize(("number", "answer", "words"), WRONG)
def test_wrong_answers_get_the_hint_that_names_them(number, answer, words):
    for _ in range(3):
        verdict = examine(number, answer)
        assert not verdict.passed
        assert words in verdict.message


@pytest.mark.parametrize("number", ["15.1", "15.2", "15.3", "15.4"])
def test_an_empty_stub_is_told_what_is_expected(number):
    for nothing in (None, lambda *args: None):
        verdict = examine(number, nothing)
        assert not verdict.passed
        assert "a function" in verdict.message
