"""Checks of chapter 11, face recognition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise

# --- 11.1 ---------------------------------------------------------------------------------------


def _by_person(scores: np.ndarray, owners: np.ndarray, pool: Callable = np.mean) -> tuple:
    """Who is enrolled, and each person's score: ``pool`` of the scores of their templates."""
    names = np.unique(owners)
    return names, np.column_stack([pool(scores[:, owners == name], axis=1) for name in names])


def _name(
    scores: np.ndarray, owners: np.ndarray, threshold: float, pool: Callable = np.mean
) -> np.ndarray:
    names, pooled = _by_person(scores, owners, pool)
    return np.where(pooled.max(axis=1) >= threshold, names[pooled.argmax(axis=1)], -1)


def _visitors(rng: np.random.Generator) -> Iterator[Case]:
    """Templates in any order, one to five of a person; numbers of people with gaps."""
    for n_people in (4, 6, 9, 5):
        names = rng.choice(np.arange(20, 90), n_people, replace=False)
        owners = rng.permutation(np.repeat(names, rng.permutation(n_people) % 5 + 1))
        scores = rng.normal(size=(60, len(owners)))
        yield Case(scores, owners, float(np.median(_by_person(scores, owners)[1].max(axis=1))))
    owners = np.array([7, 3, 7, 3])  # means of two are exact
    scores = np.array([[0.25, 0.125, 0.75, 0.25], [0.25, 0.125, 0.5, 0.25]])
    hint = _("a score that equals the threshold reaches it: accept if score >= threshold.")
    yield Case(scores, owners, 0.5, hint=hint)
    hint = _(
        "scores and threshold may be negative: look for the best from -infinity up, not from 0."
    )
    yield Case(scores - 3, owners, -2.5, hint=hint)


def _template(scores: np.ndarray, owners: np.ndarray, threshold: float) -> np.ndarray:
    return np.where(scores.max(axis=1) >= threshold, owners[scores.argmax(axis=1)], -1)


def _position(scores: np.ndarray, owners: np.ndarray, threshold: float) -> np.ndarray:
    pooled = _by_person(scores, owners)[1]
    return np.where(pooled.max(axis=1) >= threshold, pooled.argmax(axis=1), -1)


def _turned(scores: np.ndarray, owners: np.ndarray, threshold: float) -> np.ndarray:
    names, pooled = _by_person(scores, owners)
    return np.where(pooled.max(axis=1) < threshold, names[pooled.argmax(axis=1)], -1)


exercise(
    "11.1",
    "a function (scores, owners, threshold) that returns for each probe the number of the person "
    "whose templates score highest in the mean, or -1 if that mean does not reach the threshold; "
    "scores and threshold may be negative",
    solve=_name,
    cases=_visitors,
    slips={
        N_("you took the best template; a person's score is the mean of all theirs."): (
            _template,
            lambda s, o, t: _name(s, o, t, np.max),
        ),
        N_("a sum favours whoever has more templates: take the mean."): (
            lambda s, o, t: _name(s, o, t, np.sum)
        ),
        N_("this is the median of a person's templates: take the mean."): (
            lambda s, o, t: _name(s, o, t, np.median)
        ),
        N_("everybody is named: return -1 where no score reaches the threshold."): (
            lambda s, o, t: _name(s, o, -np.inf)
        ),
        N_("this is the place among the people; return the person's number, from owners."): (
            _position
        ),
        N_("the wrong ones are refused: accept where the score reaches the threshold."): _turned,
        N_("you took the person who scores lowest: higher means more alike."): (
            lambda s, o, t: _by_person(s, o)[0][_by_person(s, o)[1].argmin(axis=1)]
        ),
    },
    advice=N_("For each person: the mean over the columns with owners == person."),
)

# --- 11.2 ---------------------------------------------------------------------------------------


def _threshold(development: np.ndarray, target: float) -> float:
    candidates = np.append(np.unique(development), np.inf)
    accepted = (development[:, None] >= candidates).mean(axis=0)
    return float(candidates[np.argmax(accepted <= target + 1e-12)])


def _price(development: np.ndarray, genuine: np.ndarray, target: float) -> float:
    return float(np.mean(genuine < _threshold(development, target)))


def _thresholds(rng: np.random.Generator) -> Iterator[Case]:
    """Sets whose genuine scores lie about the threshold, half of them with many ties."""
    for n, step in [(40, 1e-6), (60, 8.0), (90, 1e-6), (75, 10.0), (200, 1e-6), (120, 6.0)] * 2:
        target = float(rng.choice([0.05, 0.1, 0.2]))
        development = np.round(rng.normal(50, 20, n) / step) * step
        middle = np.quantile(development, 1 - target)
        genuine = np.round(rng.normal(middle, 15, 160) / step) * step
        yield Case(development, genuine, target)
    development = rng.normal(50, 20, 30)
    hint = _("a target of 0: the highest impostor reaches its own score, so only infinity is left.")
    yield Case(development, rng.normal(90, 30, 40), 0.0, hint=hint)


def _at(cut: Callable) -> Callable:
    return lambda d, g, t: float(np.mean(g < cut(d, g, t)))


def _above(development: np.ndarray, target: float) -> float:
    """The lowest candidate that at most the target lies strictly above."""
    candidates = np.unique(development)
    accepted = (development[:, None] > candidates).mean(axis=0)
    return float(candidates[np.argmax(accepted <= target + 1e-12)])


exercise(
    "11.2",
    "a function (development, genuine, target) that returns the false reject rate, in [0, 1], at "
    "the lowest of the development scores (or infinity) that at most `target` of them reach",
    solve=_price,
    cases=_thresholds,
    slips={
        N_("this is the threshold; return the share of genuine scores below it."): (
            lambda d, g, t: _threshold(d, t)
        ),
        N_("this is the share of genuine claims that are accepted; return that of the rejected."): (
            lambda d, g, t: 1 - _price(d, g, t)
        ),
        N_("this is in per cent; return a rate in [0, 1]."): lambda d, g, t: 100 * _price(d, g, t),
        N_("the threshold comes from the genuine scores; take the development impostors."): _at(
            lambda d, g, t: _threshold(g, t)
        ),
        N_("the target is the share that is *accepted*: count from the highest score down."): _at(
            lambda d, g, t: _threshold(d, 1 - t)
        ),
        N_(
            "an impostor whose score equals the threshold is accepted: count score >= threshold. "
            "np.quantile does not: it goes between two scores, or stops at a tie."
        ): (_at(lambda d, g, t: _above(d, t)), _at(lambda d, g, t: np.quantile(d, 1 - t))),
        N_("a genuine score that equals the threshold is accepted: reject only what is below."): (
            lambda d, g, t: float(np.mean(g <= _threshold(d, t)))
        ),
    },
    advice=N_("Try every development score, and infinity; accepted is score >= threshold."),
)

# --- 11.3 ---------------------------------------------------------------------------------------


def _likelihood(named: np.ndarray, q: float) -> np.ndarray:
    n, k = named.shape[1], named.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        likelihood = np.where(named, q / np.maximum(k, 1), (1 - q) / np.maximum(n - k, 1))
    return np.where((k == 0) | (k == n), 1.0, likelihood)


def _rows(P: np.ndarray) -> np.ndarray:
    return P / P.sum(axis=1, keepdims=True)


def _caption(face: np.ndarray, named: np.ndarray, q: float) -> np.ndarray:
    return _rows(face * _likelihood(named, q))


def _captions(rng: np.random.Generator) -> Iterator[Case]:
    for n, people, q in [(5, 7, 0.9), (9, 4, 0.7), (4, 11, 0.95), (6, 9, 0.6)]:
        named = np.zeros((n, people), dtype=bool)
        for row in named:
            row[rng.choice(people, rng.integers(1, people), replace=False)] = True
        yield Case(rng.dirichlet(np.ones(people), size=n), named, q)
    hint = _("a caption that names nobody, or everybody, tells nothing: keep the face's posterior.")
    named = np.array([[True] * 5, [False] * 5, [True, False, False, True, False]])
    yield Case(rng.dirichlet(np.ones(5), size=3), named, 0.8, hint=hint)


def _only_named(face: np.ndarray, named: np.ndarray, q: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(_rows(face * named))


exercise(
    "11.3",
    "a function (face, named, q) that returns posteriors of shape (n_pictures, n_people), also "
    "where a caption names nobody or everybody",
    solve=_caption,
    cases=_captions,
    slips={
        N_("share q among the k who are named, and 1 - q among the n - k others."): (
            lambda f, m, q: _rows(f * np.where(m, q, 1 - q))
        ),
        N_("share 1 - q among the n - k who are not named."): (
            lambda f, m, q: _rows(
                f * np.where(m, q / np.maximum(m.sum(1, keepdims=True), 1), 1 - q)
            )
        ),
        N_("the caption may be wrong: whoever is not named keeps a share of 1 - q."): _only_named,
        N_("each row must sum to 1: divide by the row's sum."): (
            lambda f, m, q: f * _likelihood(m, q)
        ),
        N_("you normalised over the pictures: each row must sum to 1, axis 1."): (
            lambda f, m, q: f * _likelihood(m, q) / (f * _likelihood(m, q)).sum(axis=0)
        ),
        N_("this is the sum rule: given the person, face and caption are independent, multiply."): (
            lambda f, m, q: (f + _rows(_likelihood(m, q))) / 2
        ),
        N_("this is the caption alone: multiply it by what the face says."): (
            lambda f, m, q: _rows(_likelihood(m, q))
        ),
        N_("named and not named are confused: q belongs to those who are named."): (
            lambda f, m, q: _caption(f, m, 1 - q),
            lambda f, m, q: _caption(f, ~m, q),
        ),
    },
    advice=N_(
        "Multiply by q / k where named and (1 - q) / (n - k) elsewhere, then normalise rows."
    ),
)

# --- 11.4 ---------------------------------------------------------------------------------------


def _pairs(scores: np.ndarray, mine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Genuine and impostor scores among the people of one group."""
    part = scores[np.ix_(mine, mine)]
    return np.diag(part), part[~np.eye(len(part), dtype=bool)]


def _rates(genuine: np.ndarray, impostor: np.ndarray, threshold: float) -> tuple[float, float]:
    return float(np.mean(impostor >= threshold)), float(np.mean(genuine < threshold))


def _by_group(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    each = [_pairs(scores, groups == group) for group in np.unique(groups)]
    return np.array([_rates(*pairs, threshold) for pairs in each])


def _everybody(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    every = np.ones(len(groups), dtype=bool)
    return np.array([_rates(*_pairs(scores, every), threshold)] * len(np.unique(groups)))


def _any_template(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    off = ~np.eye(len(scores), dtype=bool)
    rows = []
    for group in np.unique(groups):
        mine = groups == group
        rows.append(_rates(np.diag(scores)[mine], scores[mine][off[mine]], threshold))
    return np.array(rows)


def _any_probe(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    return _any_template(scores.T, groups, threshold)


def _with_diagonal(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    rows = []
    for group in np.unique(groups):
        part = scores[np.ix_(groups == group, groups == group)]
        rows.append(_rates(np.diag(part), part.ravel(), threshold))
    return np.array(rows)


def _own_threshold(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    rows = []
    for group in np.unique(groups):
        pairs = _pairs(scores, groups == group)
        rows.append(_rates(*pairs, float(np.median(np.concatenate(pairs)))))
    return np.array(rows)


def _of_all(scores: np.ndarray, groups: np.ndarray, threshold: float) -> np.ndarray:
    """Errors of each group, divided by the pairs of all."""
    each = [_pairs(scores, groups == group) for group in np.unique(groups)]
    n = len(scores)
    return np.array(
        [((i >= threshold).sum() / (n * n - n), (g < threshold).sum() / n) for g, i in each]
    )


def _audits(rng: np.random.Generator) -> Iterator[Case]:
    """Groups of unlike size and level, not in order, with scores that equal the threshold."""
    for sizes in [(4, 9), (6, 3, 8), (5, 7, 4, 3), (11, 6)]:
        labels = rng.choice(np.arange(10), len(sizes), replace=False)
        groups = rng.permutation(np.repeat(labels, sizes))
        level = {label: rng.integers(-2, 3) for label in labels}
        scores = rng.integers(-6, 5, size=(len(groups), len(groups)))
        scores += np.array([level[g] for g in groups])[:, None] + 3 * np.eye(len(groups), dtype=int)
        yield Case(scores / 4, groups, 0.25)


exercise(
    "11.4",
    "a function (scores, groups, threshold) that returns an array of shape (n_groups, 2): false "
    "accept and false reject rate of each group, impostors from within the group",
    solve=_by_group,
    cases=_audits,
    slips={
        N_("these are the rates of everybody: take the rows *and* columns of one group."): (
            _everybody
        ),
        N_("impostors from other groups are counted: take the columns of the group, too."): (
            _any_template
        ),
        N_("impostors from other groups are counted: take the rows of the group, too."): _any_probe,
        N_("the diagonal is genuine: leave it out of the impostors."): _with_diagonal,
        N_("false accepts come first, false rejects second."): (
            lambda s, g, t: _by_group(s, g, t)[:, ::-1]
        ),
        N_("divide by the pairs of the group, not by those of all."): _of_all,
        N_(
            "each group has a threshold of its own here; use the one that is given."
        ): _own_threshold,
        N_("a score that equals the threshold is accepted: score >= threshold."): (
            lambda s, g, t: _by_group(s, g, t + 1e-9)
        ),
        N_("upside down: an impostor is accepted who *reaches* the threshold."): (
            lambda s, g, t: 1 - _by_group(s, g, t)
        ),
        N_("this is in per cent; return rates in [0, 1]."): (
            lambda s, g, t: 100 * _by_group(s, g, t)
        ),
    },
    advice=N_("np.ix_(mine, mine) gives the square of one group; its diagonal is genuine."),
)
