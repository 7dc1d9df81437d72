"""Checkers of chapter 15, faces and voices."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
from scipy.special import expit, logit

from mmtutor.course.checking import Hint, as_array, as_number, judged
from mmtutor.evaluation import equal_error_rate, z_norm

# --- 15.1 ------------------------------------------------------------------------------------


def _sexes(rng: np.random.Generator, n_faces: int, n_voices: int) -> tuple[np.ndarray, np.ndarray]:
    """Faces and voices in random order, with enough voices of each sex to choose from."""
    faces = rng.permutation(np.repeat(["F", "M"], [n_faces // 2, n_faces - n_faces // 2]))
    voices = rng.permutation(np.repeat(["F", "M"], [n_voices // 2, n_voices - n_voices // 2]))
    return faces, voices


@judged("15.1", "a function pair(face_sex, voice_sex, rng) returning a voice's index for each face")
def pair(answer: Any, rng: np.random.Generator) -> str:
    """Same sex, nobody twice, drawn from the generator and from all voices."""
    faces, voices = _sexes(rng, 16, 40)  # many, so that no slip is right by chance
    drawn = []
    for seed in range(60):
        chosen = np.asarray(answer(faces.copy(), voices.copy(), np.random.default_rng(seed)))
        if chosen.shape != faces.shape:
            raise Hint(
                f"pair must have shape {faces.shape}, one voice a face; yours has {chosen.shape}."
            )
        if chosen.dtype.kind not in "iu":
            raise Hint(
                f"expected indices of voices, whole numbers, got values of type {chosen.dtype}: "
                "return where the voice stands in voice_sex, not its sex or a mask."
            )
        if chosen.min() < 0 or chosen.max() >= len(voices):
            raise Hint(f"an index is outside 0 to {len(voices) - 1}, the voices there are.")
        if (voices[chosen] != faces).any():
            raise Hint(_why_sex_differs(chosen, faces, voices))
        if len(set(chosen.tolist())) < len(chosen):
            raise Hint(
                "a voice went to two faces: draw without replacement (replace=False), or two "
                "people of the test are half the same."
            )
        drawn.append(chosen)
    if all((chosen == drawn[0]).all() for chosen in drawn):
        raise Hint("every draw gives the same pairs: draw them at random, from rng.")
    again = np.asarray(answer(faces.copy(), voices.copy(), np.random.default_rng(0)))
    if (again != drawn[0]).any():
        raise Hint(
            "the same generator gave two different answers: draw from rng and from nothing else, "
            "so that an experiment can be repeated."
        )
    never = set(range(len(voices))) - set(np.concatenate(drawn).tolist())
    if never:
        raise Hint(
            f"some voices are never chosen (number {min(never)}, for one): draw from all voices of "
            "the sex, not only from as many as there are faces."
        )
    firsts = np.array(drawn)[:, np.flatnonzero(faces == "F")]
    if (np.diff(firsts, axis=1) > 0).all():
        raise Hint(
            "the voices are always handed out in ascending order: a random choice of voices is not "
            "yet a random pairing."
        )
    return "same sex, no voice twice, random and repeatable, in 60 draws"


def _why_sex_differs(chosen: np.ndarray, faces: np.ndarray, voices: np.ndarray) -> str:
    counts = [(voices == sex).sum() for sex in faces]
    within = (chosen < counts).all()
    if within:
        translated = [np.flatnonzero(voices == s)[c] for s, c in zip(faces, chosen, strict=True)]
        if all(
            len({t for t, s in zip(translated, faces, strict=True) if s == sex})
            == (faces == sex).sum()
            for sex in ("F", "M")
        ):
            return (
                "a face got a voice of the other sex: these look like positions among the voices "
                "of one sex; translate them back, np.flatnonzero(voice_sex == sex)[position]."
            )
    return "a face got a voice of the other sex: draw for each sex on its own."


# --- 15.2 ------------------------------------------------------------------------------------


@judged("15.2", "a function normalise(scores, cohort) returning scores in cohort deviations")
def normalise(answer: Any, rng: np.random.Generator) -> str:
    """The package's z_norm, and each slip against its own formula."""
    for _ in range(20):
        n_probes, n_templates = rng.integers(4, 12, 2)
        n_cohort = n_probes + rng.integers(1, 6)
        level, spread = rng.normal(0, 5, n_templates), rng.uniform(0.5, 4, n_templates)
        cohort = rng.normal(size=(n_cohort, n_templates)) * spread + level
        scores = rng.normal(3, 1, (n_probes, n_templates)) * spread + level
        given = scores.copy(), cohort.copy()
        result = as_array(answer(*given), scores.shape, "the result")
        if not (np.array_equal(given[0], scores) and np.array_equal(given[1], cohort)):
            raise Hint("your function changes its arguments: write scores - ..., not scores -= ...")
        right = z_norm(scores, cohort)
        # Dividing the deviation's sum of squares by n - 1 is as good as by n.
        if np.allclose(result, right) or np.allclose(
            result, (scores - cohort.mean(0)) / cohort.std(0, ddof=1)
        ):
            continue
        raise Hint(_why_not_normal(result, scores, cohort))
    return "agrees with evaluation.z_norm on 20 random cohorts"


def _why_not_normal(result: np.ndarray, scores: np.ndarray, cohort: np.ndarray) -> str:
    mean, deviation = cohort.mean(0), cohort.std(0)
    slips = [
        (
            (scores - cohort.mean()) / cohort.std(),
            "one mean and one deviation for all templates: take them over axis 0, so that every "
            "template has its own.",
        ),
        (
            (scores - scores.mean(0)) / scores.std(0),
            "the scores are normalised by themselves: the mean and the deviation must come from "
            "the cohort, for the scores are the test.",
        ),
        (
            (scores - scores.mean()) / scores.std(),
            "the scores are normalised by themselves: the mean and the deviation must come from "
            "the cohort, for the scores are the test.",
        ),
        (
            (scores - scores.mean(1, keepdims=True)) / scores.std(1, keepdims=True),
            "each probe is normalised by its own scores: the mean and the deviation must come from "
            "the cohort, one for each template.",
        ),
        (
            (scores - mean) / cohort.var(0),
            "you divide by the variance: its unit is the square of the scores'. Take the "
            "deviation, np.std.",
        ),
        (scores - mean, "the mean is right; now divide by the cohort's standard deviation."),
        (scores / deviation, "you scale but do not centre: subtract the cohort's mean first."),
        (
            scores - mean / deviation,
            "a missing bracket: (scores - mean) / deviation; division goes before subtraction.",
        ),
        (
            (mean - scores) / deviation,
            "the sign is turned: a score above the cohort's mean must become positive.",
        ),
    ]
    for wrong, words in slips:
        if np.allclose(result, wrong):
            return words
    return (
        "expected (scores - mean) / deviation with mean and deviation over the cohort's rows "
        f"(axis 0); for one score yours is {result[0, 0]:.3g}, expected "
        f"{(scores[0, 0] - mean[0]) / deviation[0]:.3g}."
    )


# --- 15.3 ------------------------------------------------------------------------------------


def _rates(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    thresholds = np.sort(np.concatenate([genuine, impostor]))
    rejected = np.array([(genuine < t).mean() for t in thresholds])
    accepted = np.array([(impostor >= t).mean() for t in thresholds])
    return thresholds, rejected, accepted


def _eer_slips(genuine: np.ndarray, impostor: np.ndarray) -> dict[str, list[float]]:
    """The rates that typical slips give, by their hint."""
    _, rejected, accepted = _rates(genuine, impostor)
    at = np.abs(rejected - accepted).argmin()
    wrong = rejected * len(genuine) + accepted * len(impostor)
    middle = (genuine.mean() + impostor.mean()) / 2
    there = ((genuine < middle).mean(), (impostor >= middle).mean())
    return {
        "upside down: a higher score means more alike, so a genuine score *below* the threshold is "
        "rejected and an impostor score at or above it accepted.": [
            1 - equal_error_rate(genuine, impostor)
        ],
        "you counted errors among all pairs together, so the many impostors decide: divide false "
        "rejects by the genuine pairs and false accepts by the impostor pairs.": [
            wrong.min() / (len(genuine) + len(impostor))
        ],
        "you took the least mean of both rates over all thresholds; the EER is where the two are "
        "equal: minimise their difference.": [((rejected + accepted) / 2).min()],
        "the mean of both rates, not their sum.": [(rejected + accepted)[at]],
        "the threshold half-way between both means is where the rates are equal only if both "
        "spread alike: search for the threshold.": [*there, np.mean(there)],
    }


def _told_apart(
    rng: np.random.Generator, genuine: tuple[float, float, int], impostor: tuple[float, float, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of this mean, deviation and number on which no two slips give nearly the same rate."""
    while True:
        scores = rng.normal(*genuine), rng.normal(*impostor)
        slips = [
            (value, k) for k, each in enumerate(_eer_slips(*scores).values()) for value in each
        ]
        slips.append((equal_error_rate(*scores), -1))
        if all(
            abs(a - b) > 0.016
            for (a, one), (b, other) in itertools.combinations(slips, 2)
            if one != other
        ):
            return scores


@judged("15.3", "a function my_eer(genuine, impostor) returning a rate in [0, 1]")
def my_eer(answer: Any, rng: np.random.Generator) -> str:
    """The package's rate within the jump of one pair; spreads differ, so that slips show."""
    cases = [
        # One side is narrow and the other wide: a slip that balances the errors otherwise than the
        # EER lands elsewhere. And no score looks like a rate.
        _told_apart(rng, (234, 8, 200), (228, 0.5, 800)),
        _told_apart(rng, (-52, 0.5, 150), (-58, 8, 600)),
        _told_apart(rng, (320, 9, 200), (314, 1, 800)),
        (rng.normal(90, 1, 50), rng.normal(10, 1, 300)),  # no error at all
    ]
    for genuine, impostor in cases:
        rate = as_number(answer(genuine.copy(), impostor.copy()), "the EER")
        right = equal_error_rate(genuine, impostor)
        if not abs(rate - right) <= 0.015:
            raise Hint(_why_not_equal(rate, right, genuine, impostor))
    return "agrees with evaluation.equal_error_rate within the jump of one pair"


def _why_not_equal(rate: float, right: float, genuine: np.ndarray, impostor: np.ndarray) -> str:
    thresholds, rejected, accepted = _rates(genuine, impostor)
    at = np.abs(rejected - accepted).argmin()
    if rate > 1 and abs(rate - 100 * right) < 2:
        return "this is in per cent; return a rate in [0, 1]."
    if thresholds[0] <= rate <= thresholds[-1] and abs(rate) > 1:
        return (
            f"{rate:.3g} is a score, the threshold at which the rates meet "
            f"({thresholds[at]:.3g}); return the rate there."
        )
    for words, values in _eer_slips(genuine, impostor).items():
        if min(abs(rate - value) for value in values) < 0.005:
            return words
    return f"yours is {rate:.3f}, expected about {right:.3f}: search all scores as thresholds."


# --- 15.4 ------------------------------------------------------------------------------------


@judged(
    "15.4", "a function probability(log_ratio_face, log_ratio_voice, prior) returning probabilities"
)
def probability(answer: Any, rng: np.random.Generator) -> str:
    """Bayes' rule in odds, and each slip against its own formula."""
    for _ in range(20):
        a, b = rng.normal(0, 2, 6), rng.normal(0, 2, 6)
        prior = float(rng.uniform(0.02, 0.4))
        result = as_array(answer(a.copy(), b.copy(), prior), (6,), "the result")
        if not np.allclose(result, expit(a + b + logit(prior)), atol=1e-6):
            raise Hint(_why_not_probable(result, a, b, prior))
    a, b = np.array([900.0, -900.0, 0.0]), np.array([300.0, -300.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = np.asarray(answer(a, b, 0.5), dtype=float)
    if not np.allclose(result, [1, 0, 0.5]):
        raise Hint(
            "right for small ratios, but for a logarithm of 1200 the exponential overflows and inf "
            "/ inf is NaN: stay with logarithms and use scipy.special.expit at the end."
        )
    return "Bayes' rule in 20 random cases, and no overflow for overwhelming evidence"


def _why_not_probable(result: np.ndarray, a: np.ndarray, b: np.ndarray, prior: float) -> str:
    odds = logit(prior)
    slips = [
        (expit(a + b), "the prior is missing: start from its odds, prior / (1 - prior)."),
        (
            expit(a + b + 2 * odds),
            "the prior is counted twice: each modality's posterior holds it already, so multiply "
            "the ratios, and bring in the prior once.",
        ),
        (
            expit(a + b + prior),
            "you added the prior itself to logarithms of odds: add log(prior / (1 - prior)).",
        ),
        (
            expit(a + b + np.log(prior)),
            "you added log(prior): odds are prior / (1 - prior), so add the logarithm of that.",
        ),
        (expit(a + b - odds), "the prior's odds have the wrong sign: genuine over impostor."),
        (
            expit(a * b + odds),
            "you multiplied the logarithms: ratios multiply, so their logarithms add.",
        ),
        (
            expit(a * b),
            "you multiplied the logarithms: ratios multiply, so their logarithms add.",
        ),
        (
            (expit(a + odds) + expit(b + odds)) / 2,
            "that is the sum rule, the mean of both posteriors; independent evidence multiplies.",
        ),
        (
            expit((a + b) / 2 + odds),
            "you took the mean of the logarithms: two independent witnesses weigh twice, add them.",
        ),
        (np.exp(a + b + odds), "these are odds; the probability is odds / (1 + odds)."),
        (a + b + odds, "these are logarithms of odds; make probabilities of them with expit."),
        (1 - expit(a + b + odds), "this is the probability of an impostor; return 1 minus it."),
        (
            prior * np.exp(a + b),
            "prior times ratio is not yet a probability: divide by the same for both cases, "
            "prior * ratio + (1 - prior).",
        ),
    ]
    for wrong, words in slips:
        if np.allclose(result, wrong, atol=1e-6):
            return words
    if np.nanmax(result) > 1 or np.nanmin(result) < 0:
        low, high = result.min(), result.max()
        return f"a probability lies in [0, 1]; yours goes from {low:.3g} to {high:.3g}."
    return (
        f"for log ratios {a[0]:.2f} and {b[0]:.2f} and a prior of {prior:.2f} the probability is "
        f"{expit(a[0] + b[0] + odds):.3f}; yours is {result[0]:.3f}. Odds after = odds before "
        "times both ratios."
    )
