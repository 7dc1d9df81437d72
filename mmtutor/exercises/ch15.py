"""Checks of chapter 15, faces and voices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, exercise, judged

# --- 15.1 ---------------------------------------------------------------------------------------


@judged(
    "15.1",
    "a function (face_sex, voice_sex, rng) that returns for each face the index of a voice of the "
    "same sex, no voice twice, every such pairing equally likely",
)
def _pair(ask: Callable, rng: np.random.Generator) -> str:
    """Right in sets of several sizes; in a small one every pairing comes equally often."""
    for n_faces, n_voices in [
        ((7, 9), (22, 18)),
        ((6, 4), (6, 4)),
        ((0, 5), (3, 8)),
        ((1, 8), (9, 9)),
    ]:
        faces, voices = _shuffled(rng, n_faces), _shuffled(rng, n_voices)
        _one_voice_each(ask(faces, voices, rng), faces, voices)
    faces, voices = _shuffled(rng, (2, 1)), _shuffled(rng, (3, 2))  # 6 x 2 pairings
    seen: Counter = Counter()
    for _draw in range(240):
        own = np.random.default_rng(rng.integers(2**63))
        chosen = _one_voice_each(ask(faces, voices, own), faces, voices)
        seen[tuple(chosen.tolist())] += 1
    if len(seen) == 1:
        raise Hint(_("every draw gives the same pairs: draw them at random, from rng."))
    draws = [tuple(ask(faces, voices, np.random.default_rng(1))) for _repetition in range(8)]
    if len(set(draws)) > 1:
        raise Hint(
            _("the same generator gave different answers: draw from rng and from nothing else.")
        )
    if len({c for chosen in seen for c in chosen}) < len(voices):
        raise Hint(
            _("some voices are never chosen: draw from all of the sex, not only from the first.")
        )
    if len(seen) < 12 or not 2 <= min(seen.values()) <= max(seen.values()) <= 50:
        raise Hint(
            _(
                "some pairings come more often than others: choose the voices at random *and* "
                "hand them out at random, for each sex on its own."
            )
        )
    return _("same sex, no voice twice, all pairings equally likely.")


def _shuffled(rng: np.random.Generator, counts: tuple[int, int]) -> np.ndarray:
    return rng.permutation(np.repeat(["F", "M"], counts))


def _one_voice_each(value: object, faces: np.ndarray, voices: np.ndarray) -> np.ndarray:
    chosen = np.asarray(value)
    if chosen.shape != faces.shape:
        text = _("return one voice a face, shape {shape}; yours has shape {got}.")
        raise Hint(text.format(shape=faces.shape, got=chosen.shape))
    if chosen.dtype.kind not in "iu":
        text = _("return whole numbers, where each voice stands in voice_sex; got {kind}.")
        raise Hint(text.format(kind=chosen.dtype))
    if chosen.min() < 0 or chosen.max() >= len(voices):
        raise Hint(_("an index is outside 0 to {last}.").format(last=len(voices) - 1))
    if (voices[chosen] != faces).any():
        raise Hint(
            _(
                "a face got a voice of the other sex: draw for each sex on its own. Positions "
                "among the voices of one sex must be translated back by np.flatnonzero."
            )
        )
    if len(set(chosen.tolist())) < len(chosen):
        raise Hint(_("a voice went to two faces: draw without replacement (replace=False)."))
    return chosen


# --- 15.2 ---------------------------------------------------------------------------------------


def _z(scores: np.ndarray, cohort: np.ndarray) -> np.ndarray:
    return (scores - cohort.mean(axis=0)) / cohort.std(axis=0)


def _cohorts(rng: np.random.Generator) -> Iterator[Case]:
    for n_probes, n_templates, n_cohort in [(7, 4, 5), (5, 6, 9), (4, 4, 4), (9, 3, 2), (1, 5, 8)]:
        level, spread = rng.normal(0, 5, n_templates), rng.uniform(0.5, 4, n_templates)
        cohort = rng.normal(size=(n_cohort, n_templates)) * spread + level
        yield Case(rng.normal(2, 2, (n_probes, n_templates)) * spread + level, cohort)


exercise(
    "15.2",
    "a function (scores, cohort) that returns the scores in standard deviations (np.std) of the "
    "cohort above its mean, template by template, also for a single probe",
    solve=_z,
    cases=_cohorts,
    slips={
        N_(
            "one mean and deviation for all: take them over axis 0, so each template has its own."
        ): (
            lambda s, c: (s - c.mean()) / c.std(),
            lambda s, c: (s - c.mean(0)) / c.std(),
        ),
        N_("the scores are normalised by themselves: they are the test. Use the cohort's."): (
            lambda s, c: (s - s.mean(0)) / s.std(0),
            lambda s, c: (s - s.mean()) / s.std(),
        ),
        N_("each probe is normalised by its own scores: use the cohort's, for each template."): (
            lambda s, c: (s - s.mean(1, keepdims=True)) / s.std(1, keepdims=True)
        ),
        N_("you divide by the variance: take the standard deviation, np.std."): (
            lambda s, c: (s - c.mean(0)) / c.var(0)
        ),
        N_("the mean is right; now divide by the cohort's standard deviation."): (
            lambda s, c: s - c.mean(0)
        ),
        N_("you scale but do not centre: subtract the cohort's mean first."): (
            lambda s, c: s / c.std(0)
        ),
        N_("a missing bracket: (scores - mean) / deviation; division goes before subtraction."): (
            lambda s, c: s - c.mean(0) / c.std(0)
        ),
        N_("the sign is turned: a score above the cohort's mean must become positive."): (
            lambda s, c: -_z(s, c)
        ),
        N_("divide by the number of cohort scores, not one less: np.std as it comes (ddof=0)."): (
            lambda s, c: (s - c.mean(0)) / c.std(0, ddof=1)
        ),
        N_("this is min-max normalisation: use mean and standard deviation."): (
            lambda s, c: (s - c.min(0)) / (c.max(0) - c.min(0))
        ),
    },
    advice=N_("Take mean and standard deviation over the cohort's rows, axis 0."),
)

# --- 15.3 ---------------------------------------------------------------------------------------


def _rates(
    genuine: np.ndarray, impostor: np.ndarray, thresholds: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Thresholds, false reject and false accept rates; accepted from the threshold on."""
    if thresholds is None:
        thresholds = np.unique(np.concatenate([genuine, impostor]))
    rejected = (genuine < thresholds[:, None]).mean(axis=1)
    return thresholds, rejected, (impostor >= thresholds[:, None]).mean(axis=1)


def _nearest(rejected: np.ndarray, accepted: np.ndarray) -> int:
    return int(np.abs(rejected - accepted).argmin())


def _eer(genuine: np.ndarray, impostor: np.ndarray) -> float:
    return _either(genuine, impostor, lambda rejected, accepted: (rejected + accepted) / 2)


def _either(genuine: np.ndarray, impostor: np.ndarray, rate: Callable) -> float:
    _thresholds, rejected, accepted = _rates(genuine, impostor)
    at = _nearest(rejected, accepted)
    return float(rate(rejected[at], accepted[at]))


def _decided(genuine: np.ndarray, impostor: np.ndarray) -> bool:
    """Whether one threshold is the nearest, above all scores included, and not all agree there."""
    every = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    _thresholds, rejected, accepted = _rates(genuine, impostor, every)
    gap = np.abs(rejected - accepted)
    return bool((gap < gap.min() + 1e-9).sum() == 1 and np.isfinite(every[gap.argmin()]))


def _doors(rng: np.random.Generator) -> Iterator[Case]:
    """Small sets and large ones, with scores that no rate looks like, half of them with ties."""
    for n_genuine, n_impostor in [(5, 9), (7, 16), (11, 30), (40, 90), (13, 8), (9, 9)] * 2:
        for step in (1e-6, 4.0):
            while True:
                genuine = rng.normal(230, rng.uniform(4, 12), n_genuine)
                impostor = rng.normal(220, rng.uniform(4, 12), n_impostor)
                scores = [np.round(x / step) * step for x in (genuine, impostor)]
                if _decided(*scores):
                    break
            yield Case(*scores)
    yield Case(rng.normal(90, 1, 6), rng.normal(10, 1, 15))  # no error at all


def _least(of: Callable) -> Callable:
    """The mean of both rates where something else is least."""

    def slip(genuine: np.ndarray, impostor: np.ndarray) -> float:
        _thresholds, rejected, accepted = _rates(genuine, impostor)
        at = of(rejected, accepted, len(genuine), len(impostor)).argmin()
        return float(rejected[at] + accepted[at]) / 2

    return slip


def _of_all_pairs(genuine: np.ndarray, impostor: np.ndarray) -> float:
    _thresholds, rejected, accepted = _rates(genuine, impostor)
    wrong = rejected * len(genuine) + accepted * len(impostor)
    return float(wrong.min()) / (len(genuine) + len(impostor))


def _half_way(genuine: np.ndarray, impostor: np.ndarray) -> float:
    middle = np.array([(genuine.mean() + impostor.mean()) / 2])
    _thresholds, rejected, accepted = _rates(genuine, impostor, middle)
    return float(rejected[0] + accepted[0]) / 2


def _ties(genuine_lost: bool, impostor_in: bool) -> Callable:
    def slip(genuine: np.ndarray, impostor: np.ndarray) -> float:
        at = np.unique(np.concatenate([genuine, impostor]))[:, None]
        rejected = ((genuine <= at) if genuine_lost else (genuine < at)).mean(axis=1)
        accepted = ((impostor >= at) if impostor_in else (impostor > at)).mean(axis=1)
        k = _nearest(rejected, accepted)
        return float(rejected[k] + accepted[k]) / 2

    return slip


def _among(which: int) -> Callable:
    def slip(*scores: np.ndarray) -> float:
        _thresholds, rejected, accepted = _rates(scores[0], scores[1], np.unique(scores[which]))
        at = _nearest(rejected, accepted)
        return float(rejected[at] + accepted[at]) / 2

    return slip


def _two_normals(genuine: np.ndarray, impostor: np.ndarray) -> float:
    gap = genuine.mean() - impostor.mean()
    return float(norm.cdf(-gap / (genuine.std() + impostor.std())))


exercise(
    "15.3",
    "a function (genuine, impostor) that returns a rate in [0, 1]: the mean of both error rates at "
    "the score at which they are closest, also with few scores and with equal ones",
    solve=_eer,
    cases=_doors,
    slips={
        N_(
            "upside down: a genuine score *below* the threshold is rejected, higher = more alike."
        ): (
            lambda g, i: _eer(-g, -i),
            lambda g, i: 1 - _eer(g, i),
        ),
        N_("this is in per cent; return a rate in [0, 1]."): lambda g, i: 100 * _eer(g, i),
        N_("this is the threshold at which the rates meet; return the rate there."): (
            lambda g, i: _rates(g, i)[0][_nearest(*_rates(g, i)[1:])]
        ),
        N_("divide false rejects by the genuine pairs and false accepts by the impostor pairs."): (
            _of_all_pairs,
            _least(lambda r, a, g, i: np.abs(r * g - a * i)),
        ),
        N_("you took the least mean of both rates; look for where their difference is least."): (
            lambda g, i: float(np.add(*_rates(g, i)[1:]).min()) / 2
        ),
        N_("the mean of both rates, not their sum."): lambda g, i: 2 * _eer(g, i),
        N_("this is one of the two rates there; return the mean of both."): (
            lambda g, i: _either(g, i, lambda r, a: r),
            lambda g, i: _either(g, i, lambda r, a: a),
            lambda g, i: _either(g, i, max),
            lambda g, i: _either(g, i, min),
        ),
        N_("this is the geometric mean; take the arithmetic one."): (
            lambda g, i: _either(g, i, lambda r, a: np.sqrt(r * a))
        ),
        N_("the difference goes through 0: take its absolute value before the minimum."): (
            _least(lambda r, a, g, i: r - a),
            _least(lambda r, a, g, i: a - r),
        ),
        N_("this is the first threshold after the crossing; the one before may be closer."): (
            _least(lambda r, a, g, i: r < a)
        ),
        N_("mind equal scores: at the threshold both kinds are accepted (score >= threshold)."): (
            _ties(True, True),
            _ties(False, False),
        ),
        N_("try the scores of both kinds as thresholds, not those of one kind."): (
            _among(0),
            _among(1),
        ),
        N_("half-way between the means the rates need not be equal: search for the threshold."): (
            _half_way
        ),
        N_("the scores need not be normal: count the errors instead."): _two_normals,
    },
    advice=N_("Try every score as threshold; accept if score >= threshold."),
)

# --- 15.4 ---------------------------------------------------------------------------------------


def _posterior(a: np.ndarray, b: np.ndarray, prior: float) -> np.ndarray:
    return expit(a + b + logit(prior))


def _claims(rng: np.random.Generator) -> Iterator[Case]:
    for n in (6, 1, 9, 4, 7):
        prior = float(rng.choice([rng.uniform(0.02, 0.3), rng.uniform(0.7, 0.95)]))
        yield Case(rng.normal(0, 2, n), rng.normal(0.5, 2, n), prior)
    a, b = np.array([900.0, -900.0, 0.0, 800.0]), np.array([300.0, -300.0, 0.0, -801.0])
    hint = _(
        "exp(1200) overflows and inf / inf is NaN, exp(-1200) is 0: add the logarithms and use "
        "scipy.special.expit."
    )
    yield Case(a, b, 0.3, hint=hint)


exercise(
    "15.4",
    "a function (log_ratio_face, log_ratio_voice, prior) that returns the probabilities of "
    '"genuine", also for logarithms of a thousand or minus a thousand',
    solve=_posterior,
    cases=_claims,
    slips={
        N_("the prior is missing: start from its odds, prior / (1 - prior)."): (
            lambda a, b, p: expit(a + b)
        ),
        N_("the prior is counted twice: bring it in once, the ratios hold none."): (
            lambda a, b, p: expit(a + b + 2 * logit(p))
        ),
        N_("you added the prior itself to logarithms: add log(prior / (1 - prior))."): (
            lambda a, b, p: expit(a + b + p)
        ),
        N_("you added log(prior): odds are prior / (1 - prior), so add the logarithm of that."): (
            lambda a, b, p: expit(a + b + np.log(p))
        ),
        N_("you added the odds: add their logarithm."): lambda a, b, p: expit(a + b + p / (1 - p)),
        N_("the prior's odds have the wrong sign: genuine over impostor."): (
            lambda a, b, p: expit(a + b - logit(p))
        ),
        N_("you multiplied the logarithms: ratios multiply, so their logarithms add."): (
            lambda a, b, p: expit(a * b + logit(p)),
            lambda a, b, p: expit(a * b),
        ),
        N_("this uses one modality alone: add both logarithms."): (
            lambda a, b, p: expit(a + logit(p)),
            lambda a, b, p: expit(b + logit(p)),
        ),
        N_("this takes the voice's ratio the wrong way round: add its logarithm."): (
            lambda a, b, p: expit(a - b + logit(p))
        ),
        N_("that is the sum rule, the mean of both posteriors; independent evidence multiplies."): (
            lambda a, b, p: (expit(a + logit(p)) + expit(b + logit(p))) / 2
        ),
        N_(
            "you took the mean of the logarithms: two independent witnesses count twice, add them."
        ): (lambda a, b, p: expit((a + b) / 2 + logit(p))),
        N_("the logarithms are natural ones: use e, not 10 or 2."): (
            lambda a, b, p: expit((a + b) * np.log(10) + logit(p)),
            lambda a, b, p: expit((a + b) * np.log(2) + logit(p)),
        ),
        N_("these are odds; the probability is odds / (1 + odds)."): (
            lambda a, b, p: np.exp(a + b + logit(p))
        ),
        N_("these are logarithms of odds; make probabilities of them with expit."): (
            lambda a, b, p: a + b + logit(p)
        ),
        N_("this is the probability of an impostor; return 1 minus it."): (
            lambda a, b, p: expit(-(a + b + logit(p)))
        ),
        N_("prior times ratio is no probability: divide by prior * ratio + (1 - prior)."): (
            lambda a, b, p: p * np.exp(a + b)
        ),
    },
    advice=N_("Odds after = odds before times both ratios."),
)
