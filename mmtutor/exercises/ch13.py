"""Checks of chapter 13, explaining a prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise
from mmtutor.explain import shapley

# --- 13.1 ---------------------------------------------------------------------------------------

Weight = Callable[[int, int], float]


def _looked_up(v: np.ndarray) -> Callable[[tuple[int, ...]], Any]:
    return lambda S: v[tuple(int(i in S) for i in range(v.ndim))]


def _of_table(v: np.ndarray) -> np.ndarray:
    return np.array(list(shapley(_looked_up(v), range(v.ndim)).values()))


def _over_falls(shares: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return the rows of an answer: shares found in some way, and the falls of leaving out."""
    return lambda v: np.array([shares(v), _falls(v)])


def _weighted(weight: Weight) -> Callable[[np.ndarray], np.ndarray]:
    """Return a slip that weighs what a player adds to a set of `size` others in its own way."""

    def shares(v: np.ndarray) -> np.ndarray:
        out = []
        for i in range(v.ndim):
            adds = v.take(1, axis=i) - v.take(0, axis=i)
            sizes = np.indices(adds.shape).sum(axis=0) if adds.ndim else np.array(0)
            out.append(sum(weight(v.ndim, s) * adds[sizes == s].sum() for s in range(v.ndim)))
        return np.array(out)

    return shares


_falls = _weighted(lambda n, s: float(s == n - 1))
_alone = _weighted(lambda n, s: float(s == 0))
_right = _over_falls(_of_table)


def _choose(n: int, k: int) -> int:
    return len(list(combinations(range(n), k)))


def _tables(rng: np.random.Generator) -> Iterator[Case]:
    for n in rng.permutation([2, 3, 4, 5, 3]):
        yield Case(rng.normal(size=(2,) * n))
    yield Case(rng.normal(size=(2,)), hint=_("a single player gets everything: v[1] - v[0]."))


exercise(
    "13.1",
    "a function (v) that returns two rows, shape (2, n), of a game of 1 to 5 players given as a "
    "table of shape (2,) * n: the Shapley values, and the falls of leaving each player out",
    solve=_right,
    cases=_tables,
    slips={
        N_("the Shapley values come first, the falls below them."): lambda v: _right(v)[::-1],
        N_("your first row leaves each player out of the whole, too; sets of every size count."):
            _over_falls(_falls),
        N_("your first row is what each player earns alone; sets of every size count."):
            _over_falls(_alone),
        N_(
            "every set has the same weight (Banzhaf's index): weigh by 1 / (n * C(n - 1, size)), "
            "so that each size counts alike."
        ): _over_falls(_weighted(lambda n, s: 1 / 2 ** (n - 1))),
        N_("each size must count 1 / n: you forgot to divide by n."):
            _over_falls(_weighted(lambda n, s: 1 / _choose(n - 1, s))),
        N_("these are sums over sets, without weights: 1 / (n * C(n - 1, size))."):
            _over_falls(_weighted(lambda n, s: 1.0)),
        N_("the size that counts is that of the set *without* the player: C(n - 1, size)."):
            _over_falls(_weighted(lambda n, s: 1 / (n * _choose(n, s + 1)))),
        N_("player 0 belongs to the first axis of v."): lambda v: _right(v)[:, ::-1],
        N_("the shares must sum to v of all less v of none: what nobody earns is not shared out."):
            _over_falls(lambda v: _of_table(v) + v.flat[0] / v.ndim),
        N_("you scaled the values of leaving out: their sum is right, they themselves are not."):
            _over_falls(lambda v: _falls(v) / _falls(v).sum() * (v.flat[-1] - v.flat[0])),
        N_("your second row is what each player earns alone: leave one out of the whole."):
            lambda v: np.array([_of_table(v), _alone(v)]),
        N_("your second row is what is left without a player: how far is that below the whole?"):
            lambda v: np.array([_of_table(v), v.flat[-1] - _falls(v)]),
        N_("your second row has the wrong sign: a fall is v of all less v without the player."):
            lambda v: np.array([_of_table(v), -_falls(v)]),
    },
    advice=N_("Try two players by hand: half of v10 - v00 and half of v11 - v01 for the first."),
)  # fmt: skip

# --- 13.2 ---------------------------------------------------------------------------------------

Predict = Callable[[np.ndarray], np.ndarray]


def _curve(predict: Predict, x: np.ndarray, baseline: np.ndarray, scores: np.ndarray) -> np.ndarray:
    rows = np.tile(x, (len(x) + 1, 1))
    for place, feature in enumerate(np.argsort(-scores, kind="stable")):
        rows[place + 1 :, feature] = baseline[feature]
    return predict(rows)


def _one_by_one(
    predict: Predict, x: np.ndarray, baseline: np.ndarray, scores: np.ndarray
) -> np.ndarray:
    rows = np.tile(x, (len(x) + 1, 1))
    for place, feature in enumerate(np.argsort(-scores, kind="stable")):
        rows[place + 1, feature] = baseline[feature]
    return predict(rows)


def _models(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(8):
        d = int(rng.integers(4, 8))
        w, bias = rng.normal(size=d), rng.normal()

        def predict(rows: Any, w: np.ndarray = w, bias: float = bias) -> np.ndarray:
            z = np.asarray(rows, dtype=float) @ w + bias
            return 1 / (1 + np.exp(-z - 0.3 * np.sin(3 * z)))

        x, baseline = rng.normal(size=d), rng.normal(size=d)
        scores = rng.permutation(np.linspace(-1.2, 1, d) + 0.05 * rng.random(d))
        yield Case(predict, x, baseline, scores)
    scores = np.ones(d)
    scores[rng.integers(d)] = 2
    hint = _("of equal scores the first feature goes first: np.argsort(-scores, kind='stable').")
    yield Case(predict, x, baseline, scores, hint=hint)


exercise(
    "13.2",
    "a function (predict, x, baseline, scores) that returns the deletion curve, shape (d + 1,); "
    "of equal scores the first feature goes first",
    solve=_curve,
    cases=_models,
    slips={
        N_("you remove the least important first: the highest score goes first."):
            lambda f, x, b, s: _curve(f, x, b, -s),
        N_("each step must keep what is removed already: the last one has all features removed."):
            _one_by_one,
        N_("the curve begins with the whole x and ends with all removed: d + 1 values."): (
            lambda f, x, b, s: _curve(f, x, b, s)[1:],
            lambda f, x, b, s: _curve(f, x, b, s)[:-1],
        ),
        N_("removed means set to the baseline, not to 0."):
            lambda f, x, b, s: _curve(f, x, 0 * b, s),
        N_("a score below 0 speaks against the class: it goes last, so take no absolute value."):
            lambda f, x, b, s: _curve(f, x, b, np.abs(s)),
        N_("this is an insertion curve: begin with x, and remove."):
            lambda f, x, b, s: _curve(f, b, x, s),
        N_("you removed the features in their own order: the highest score goes first."):
            lambda f, x, b, s: _curve(f, x, b, -np.arange(len(s))),
        N_("this is how far it fell; the curve holds what predict says."):
            lambda f, x, b, s: (lambda c: c[0] - c)(_curve(f, x, b, s)),
    },
    advice=N_("Row k of the table that you predict is x with the k best features replaced."),
)  # fmt: skip

# --- 13.3 ---------------------------------------------------------------------------------------


def _each_share(V: np.ndarray) -> np.ndarray:
    """Shapley values of every sample, shape (n_samples, 3)."""
    return np.column_stack(
        list(shapley(lambda S: V[:, int(0 in S), int(1 in S), int(2 in S)], range(3)).values())
    )


def _counted(winner: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.bincount(winner[rows], minlength=3)


def _blame(V: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    return _counted(_each_share(V).argmax(axis=1), wrong)


def _last(V: np.ndarray) -> np.ndarray:
    """What falls if each modality is left out of all three."""
    return V[:, 1, 1, 1, None] - np.stack([V[:, 0, 1, 1], V[:, 1, 0, 1], V[:, 1, 1, 0]], axis=1)


def _first(V: np.ndarray) -> np.ndarray:
    return np.stack([V[:, 1, 0, 0], V[:, 0, 1, 0], V[:, 0, 0, 1]], axis=1)


def _predictions(rng: np.random.Generator) -> Iterator[Case]:
    """Games in which the modalities cover for each other, and some speak against the class."""
    for _trial in range(4):
        n = int(rng.integers(150, 250))
        V = rng.normal(size=(n, 2, 2, 2)) + 0.6 * np.indices((2, 2, 2)).sum(axis=0)
        V[:, 0, 0, 0] = rng.normal()
        V[:9] -= 4 * np.indices((2, 2, 2)).sum(axis=0)  # all three speak against the class
        yield Case(V, (rng.random(n) < rng.uniform(0.25, 0.4)) | (np.arange(n) < 9))
    V[wrong_by_one := np.arange(n) % 3 == 0] += 4 * np.array([0.0, 1.0])[None, None, :, None]
    hint = _("a modality that is to blame for nothing counts 0: return three numbers.")
    yield Case(V, wrong_by_one, hint=hint)


exercise(
    "13.3",
    "a function (V, wrong) that returns three whole numbers: in how many of the wrong predictions "
    "text, image and audio have the largest Shapley value",
    solve=_blame,
    cases=_predictions,
    slips={
        N_("count only where `wrong` is True."):
            lambda V, w: _blame(V, np.ones_like(w)),
        N_("you counted the right predictions: `wrong` is True where the model errs."):
            lambda V, w: _blame(V, ~w),
        N_("a large negative share spoke *against* the error: take the largest, not its size."):
            lambda V, w: _counted(np.abs(_each_share(V)).argmax(axis=1), w),
        N_("where all three shares are negative, one is still the largest: count it."):
            lambda V, w: _blame(V, w & (_each_share(V).max(axis=1) > 0)),
        N_("this blames who objected most: take the largest share."):
            lambda V, w: _counted(_each_share(V).argmin(axis=1), w),
        N_("leaving out is not sharing out: modalities that agree cover for each other."):
            lambda V, w: _counted(_last(V).argmax(axis=1), w),
        N_("this asks what each modality says alone; take the Shapley values."):
            lambda V, w: _counted(_first(V).argmax(axis=1), w),
        N_("the axes of V after the samples are text, image, audio, in this order."):
            lambda V, w: _blame(V, w)[::-1],
        N_("return counts, not shares of the whole."):
            lambda V, w: _blame(V, w) / w.sum(),
        N_("decide for each prediction by itself, then count; you took one mean for all."):
            lambda V, w: _counted(
                np.full(len(V), _each_share(V)[w].mean(axis=0).argmax()), w
            ),
        N_("this counts who spoke for the class at all; one prediction blames one modality."):
            lambda V, w: (_each_share(V)[w] > 0).sum(axis=0),
    },
    advice=N_("`explain.shapley` shares out arrays, one number a sample; then `argmax` by row."),
)  # fmt: skip

# --- 13.4 ---------------------------------------------------------------------------------------

Groups = Sequence[Sequence[str]]
Value = Callable[[Sequence[str]], float]


def _of_groups(value: Value, groups: Groups) -> np.ndarray:
    def together(present: tuple[int, ...]) -> float:
        return value([name for g in present for name in groups[g]])

    return np.array(list(shapley(together, range(len(groups))).values()))


def _single(value: Value, groups: Groups) -> dict[str, float]:
    return shapley(value, [name for group in groups for name in group])


def _out(value: Value, groups: Groups) -> list[float]:
    everyone = [name for group in groups for name in group]
    return [value(everyone) - value([n for n in everyone if n not in group]) for group in groups]


def _teams(rng: np.random.Generator) -> Iterator[Case]:
    names = ["text", "title", "image", "copy", "audio", "music"]
    for sizes in ([1, 2, 1], [2, 1, 2], [1, 2, 3], [2, 1], [1, 2, 1, 2], [3]):
        order = iter(rng.permutation(names).tolist())
        groups = [[next(order) for _ in range(size)] for size in sizes]
        members = sorted(name for group in groups for name in group)
        table = rng.normal(size=(2,) * len(members)) + 0.5

        def value(present: Any, table: np.ndarray = table, members: list[str] = members) -> float:
            return float(table[tuple(int(name in present) for name in members)])

        hint = _("there may be one group, or two, or four: each size of set counts alike.")
        yield Case(value, groups, hint="" if len(groups) == 3 else hint)


exercise(
    "13.4",
    "a function (value, groups) that returns one share a group, in their order, where the members "
    "of a group come and go together; one to four groups",
    solve=_of_groups,
    cases=_teams,
    slips={
        N_(
            "these are the members' own Shapley values, added up: members came one by one. Let "
            "each group be one player."
        ): lambda v, gs: np.array([sum(_single(v, gs)[n] for n in g) for g in gs]),
        N_("a group's share is not the mean of its members': let each group be one player."):
            lambda v, gs: np.array([np.mean([_single(v, gs)[n] for n in g]) for g in gs]),
        N_("this leaves each group out of the whole only; sets of every size count."):
            lambda v, gs: np.array(_out(v, gs)),
        N_("this is what each group earns alone; sets of every size count."):
            lambda v, gs: np.array([v(g) - v([]) for g in gs]),
        N_("take a whole group, not its first member."):
            lambda v, gs: _of_groups(v, [g[:1] for g in gs]),
        N_("the shares of the groups come in the order of `groups`."):
            lambda v, gs: _of_groups(v, gs)[::-1],
        N_("nobody's earnings, value(()), are not shared out."):
            lambda v, gs: _of_groups(v, gs) + v([]) / len(gs),
        N_("these are not the shares, but their parts of the whole: do not divide by the sum."):
            lambda v, gs: _of_groups(v, gs) / _of_groups(v, gs).sum(),
    },
    advice=N_("The players are the groups; `value` takes the names of all members present."),
)  # fmt: skip
