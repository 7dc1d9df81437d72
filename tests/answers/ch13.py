"""Answers to the exercises of chapter 13."""

import math
from itertools import chain, combinations, permutations, product

import numpy as np

from mmtutor import explain

# 13.1


def by_orders(v):
    out = np.zeros(v.ndim)
    orders = list(permutations(range(v.ndim)))
    for order in orders:
        here = [0] * v.ndim
        for i in order:
            before = v[tuple(here)]
            here[i] = 1
            out[i] += v[tuple(here)] - before
    return out / len(orders)


def by_factorials(v):
    n = v.ndim
    out = [0.0] * n
    for S in product([0, 1], repeat=n):
        for i in range(n):
            if not S[i]:
                more = (*S[:i], 1, *S[i + 1 :])
                s = sum(S)
                weight = math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n)
                out[i] += weight * (v[more] - v[S])
    return out


def by_package(v):
    n = v.ndim
    share = explain.shapley(lambda S: v[tuple(int(i in S) for i in range(n))], range(n))
    return np.array([share[i] for i in range(n)])


def by_axes(v):
    out = []
    for i in range(v.ndim):
        adds = np.moveaxis(v, i, 0)
        adds = (adds[1] - adds[0]).ravel()
        sizes = np.array([bin(k).count("1") for k in range(len(adds))])
        out.append(np.mean([adds[sizes == s].mean() for s in range(v.ndim)]))
    return np.array(out)


def by_regression(v):
    """Shapley values solve a weighted least squares problem (the kernel of shap)."""
    n = v.ndim
    if n == 1:
        return np.array([v[1] - v[0]])
    Z = np.array(list(product([0, 1], repeat=n)))[1:-1]
    size = Z.sum(axis=1)
    w = (n - 1) / (np.array([math.comb(n, s) for s in size]) * size * (n - size))
    total = v.flat[-1] - v.flat[0]
    A = Z[:, :-1] - Z[:, -1:]
    b = np.array([v[tuple(z)] for z in Z]) - v.flat[0] - Z[:, -1] * total
    root = np.sqrt(w)[:, None]
    head = np.linalg.lstsq(A * root, b * root[:, 0], rcond=None)[0]
    return np.append(head, total - head.sum())


def falls_by_index(v):
    everyone = (1,) * v.ndim
    return [v[everyone] - v[(*everyone[:i], 0, *everyone[i + 1 :])] for i in range(v.ndim)]


def falls_by_take(v):
    return np.array([v.flat[-1] - v.take(0, axis=i).flat[-1] for i in range(v.ndim)])


def falls_by_bits(v):
    """In the flat table player i is the bit n - 1 - i."""
    n = v.ndim
    return v.ravel()[-1] - v.ravel()[[2**n - 1 - 2 ** (n - 1 - i) for i in range(n)]]


def rows(shares, falls=falls_by_take):
    return lambda v: np.array([shares(v), falls(v)])


def rows_by_orders(v):
    gains = []
    for order in permutations(range(v.ndim)):
        worth = [v[tuple(int(i in order[:k]) for i in range(v.ndim))] for k in range(v.ndim + 1)]
        gains.append([np.diff(worth)[order.index(i)] for i in range(v.ndim)])
    last = [order[-1] for order in permutations(range(v.ndim))]
    return [np.mean(gains, axis=0), [gains[last.index(i)][i] for i in range(v.ndim)]]


def added(v, i):
    """What player i adds to each set of others, and the size of the set."""
    adds = v.take(1, axis=i) - v.take(0, axis=i)
    return np.ravel(adds), np.ravel(np.indices(adds.shape).sum(axis=0)) if adds.ndim else [0]


def banzhaf(v):
    return np.array([added(v, i)[0].mean() for i in range(v.ndim)])


def left_out(v):
    return np.array([added(v, i)[0][-1] for i in range(v.ndim)])


def alone(v):
    return np.array([added(v, i)[0][0] for i in range(v.ndim)])


def one_order(v):
    here = [0] * v.ndim
    out = []
    for i in range(v.ndim):
        before = v[tuple(here)]
        here[i] = 1
        out.append(v[tuple(here)] - before)
    return np.array(out)


def fails_for_one(v):
    return rows(by_orders)(v) if v.ndim > 1 else np.zeros((2, 1))


def in_place(v):
    v -= v.flat[0]
    return rows(by_orders)(v)


# 13.2


def curve_by_rows(predict, x, baseline, scores):
    order = np.argsort(-np.asarray(scores), kind="stable")
    rows = [x.copy()]
    for k in order:
        rows.append(rows[-1].copy())
        rows[-1][k] = baseline[k]
    return predict(np.array(rows))


def curve_one_call_each(predict, x, baseline, scores):
    x, out = x.copy(), []
    out.append(float(predict(x[None])[0]))
    for k in sorted(range(len(x)), key=lambda k: -scores[k]):
        x[k] = baseline[k]
        out.append(float(predict(x[None])[0]))
    return out


def curve_by_ranks(predict, x, baseline, scores):
    rank = np.argsort(np.argsort(-scores, kind="stable"), kind="stable")
    gone = rank[None] < np.arange(len(x) + 1)[:, None]
    return predict(np.where(gone, baseline, x))


def curve_by_lexsort(predict, x, baseline, scores):
    order = np.lexsort((np.arange(len(x)), -scores))
    rows = np.repeat(x[None], len(x) + 1, axis=0)
    for n in range(1, len(x) + 1):
        rows[n, order[:n]] = baseline[order[:n]]
    return predict(rows).astype(np.float32)


def curve_by_loop(predict, x, baseline, scores):
    left = list(range(len(x)))
    rows = [list(x)]
    while left:
        best = max(left, key=lambda k: scores[k])
        left.remove(best)
        rows.append([x[k] if k in left else baseline[k] for k in range(len(x))])
    return predict(rows)


def ordered(order):
    def curve(predict, x, baseline, scores):
        rows = [x.copy()]
        for k in order(scores):
            rows.append(rows[-1].copy())
            rows[-1][k] = baseline[k]
        return predict(np.array(rows))

    return curve


def spoils_x(predict, x, baseline, scores):
    out = [predict(x[None])[0]]
    for k in np.argsort(-scores, kind="stable"):
        x[k] = baseline[k]
        out.append(predict(x[None])[0])
    return np.array(out)


def each_alone(predict, x, baseline, scores):
    rows = [x.copy()]
    for k in np.argsort(-scores, kind="stable"):
        rows.append(x.copy())
        rows[-1][k] = baseline[k]
    return predict(np.array(rows))


# 13.3


def all_shares(V):
    share = explain.shapley(
        lambda S: V[:, int("t" in S), int("i" in S), int("a" in S)], ["t", "i", "a"]
    )
    return np.array([share["t"], share["i"], share["a"]]).T


def blame_by_package(V, wrong):
    return np.bincount(all_shares(V)[wrong].argmax(axis=1), minlength=3)


def blame_by_rows(V, wrong):
    counts = [0, 0, 0]
    for v, is_wrong in zip(V, wrong, strict=True):
        if is_wrong:
            counts[int(np.argmax(by_orders(v)))] += 1
    return counts


def blame_by_formula(V, wrong):
    W = V[wrong]
    shares = []
    for axis in (1, 2, 3):
        U = np.moveaxis(W, axis, 1)
        adds = U[:, 1] - U[:, 0]
        shares.append(adds[:, 0, 0] / 3 + (adds[:, 0, 1] + adds[:, 1, 0]) / 6 + adds[:, 1, 1] / 3)
    best = np.argmax(shares, axis=0)
    return np.array([(best == m).sum() for m in range(3)])


def blame_tuple(V, wrong):
    text, image, audio = blame_by_package(V, wrong)
    return int(text), int(image), int(audio)


def blame_by_one_hot(V, wrong):
    shares = all_shares(V)
    top = shares == shares.max(axis=1, keepdims=True)
    return (top & wrong[:, None]).sum(axis=0)


def counts(of, rows=lambda w: w):
    return lambda V, wrong: np.bincount(of(V)[rows(wrong)].argmax(axis=1), minlength=3)


def outs(V):
    full = V[:, 1, 1, 1]
    return np.array([full - V[:, 0, 1, 1], full - V[:, 1, 0, 1], full - V[:, 1, 1, 0]]).T


def alones(V):
    return np.array([V[:, 1, 0, 0], V[:, 0, 1, 0], V[:, 0, 0, 1]]).T


# 13.4


def groups_by_package(value, groups):
    keys = [tuple(group) for group in groups]
    share = explain.shapley(lambda S: value([n for key in S for n in key]), keys)
    return np.array([share[key] for key in keys])


def groups_by_orders(value, groups):
    out = np.zeros(len(groups))
    orders = list(permutations(range(len(groups))))
    for order in orders:
        here = []
        for g in order:
            before = value(here)
            here = here + list(groups[g])
            out[g] += (value(here) - before) / len(orders)
    return out


def groups_by_table(value, groups):
    v = np.empty((2,) * len(groups))
    for S in product([0, 1], repeat=len(groups)):
        v[S] = value(list(chain.from_iterable(g for g, s in zip(groups, S, strict=True) if s)))
    return by_factorials(v)


def groups_by_subsets(value, groups):
    n, out = len(groups), []
    for i in range(n):
        others = [j for j in range(n) if j != i]
        total = 0.0
        for k in range(n):
            for S in combinations(others, k):
                names = [m for j in S for m in groups[j]]
                total += (value(names + list(groups[i])) - value(names)) / (n * math.comb(n - 1, k))
        out.append(total)
    return out


def groups_as_sets(value, groups):
    share = explain.shapley(
        lambda S: value(frozenset().union(*(groups[g] for g in S))), range(len(groups))
    )
    return [share[g] for g in range(len(groups))]


def groups_of_three(value, groups):
    """The weights of three players, whatever their number."""
    out = np.zeros(len(groups))
    for i in range(len(groups)):
        others = [j for j in range(len(groups)) if j != i]
        for k, weight in enumerate([1 / 3, 1 / 6, 1 / 3]):
            for S in combinations(others, k):
                names = [m for j in S for m in groups[j]]
                out[i] += weight * (value(names + list(groups[i])) - value(names))
    return out


def members(value, groups):
    return explain.shapley(value, list(chain.from_iterable(groups)))


def added_up(value, groups):
    share = members(value, groups)
    return np.array([sum(share[n] for n in g) for g in groups])


def without(value, groups):
    everyone = list(chain.from_iterable(groups))
    return np.array([value(everyone) - value([n for n in everyone if n not in g]) for g in groups])


RIGHT = {
    "13.1": [
        rows_by_orders,
        rows(by_orders),
        rows(by_factorials, falls_by_index),
        rows(by_package, falls_by_bits),
        rows(by_axes, left_out),
        rows(by_regression, falls_by_index),
    ],
    "13.2": [
        curve_by_rows,
        curve_one_call_each,
        curve_by_ranks,
        curve_by_lexsort,
        curve_by_loop,
    ],
    "13.3": [blame_by_package, blame_by_rows, blame_by_formula, blame_tuple, blame_by_one_hot],
    "13.4": [
        groups_by_package,
        groups_by_orders,
        groups_by_table,
        groups_by_subsets,
        groups_as_sets,
    ],
}

WRONG = {
    "13.1": [
        (rows(left_out), "leaves each player out"),
        (rows(alone), "your first row is what each player earns alone"),
        (rows(banzhaf), "Banzhaf"),
        (rows(lambda v: by_orders(v) * v.ndim), "forgot to divide by n"),
        (rows(lambda v: banzhaf(v) * 2 ** (v.ndim - 1)), "without weights"),
        (lambda v: rows(by_orders)(v)[:, ::-1], "first axis"),
        (lambda v: rows(by_orders)(v)[::-1], "come first"),
        (rows(lambda v: by_orders(v) + v.flat[0] / v.ndim), "not shared out"),
        (rows(lambda v: left_out(v) / left_out(v).sum() * (v.flat[-1] - v.flat[0])), "scaled"),
        (rows(by_orders, alone), "your second row is what each player earns alone"),
        (rows(by_orders, lambda v: v.flat[-1] - left_out(v)), "what is left without a player"),
        (rows(by_orders, lambda v: -left_out(v)), "wrong sign"),
        (rows(by_orders, by_orders), "Try two players by hand"),
        (rows(one_order), "Try two players by hand"),
        (fails_for_one, "a single player"),
        (by_orders, "shape"),
        (rows(lambda v: by_orders(v) / by_orders(v).sum()), "Try two players by hand"),
        (rows(lambda v: (left_out(v) + alone(v)) / 2), "Try two players by hand"),
        (in_place, "changes its input v"),
    ],
    "13.2": [
        (ordered(lambda s: np.argsort(s)), "least important first"),
        (each_alone, "keep what is removed already"),
        (lambda f, x, b, s: curve_by_rows(f, x, b, s)[1:], "begins with the whole x"),
        (lambda f, x, b, s: curve_by_rows(f, x, b, s)[:-1], "begins with the whole x"),
        (lambda f, x, b, s: curve_by_rows(f, x, np.zeros_like(b), s), "not to 0"),
        (ordered(lambda s: np.argsort(-np.abs(s))), "no absolute value"),
        (lambda f, x, b, s: curve_by_rows(f, b, x, s), "insertion curve"),
        (ordered(lambda s: np.arange(len(s))), "in their own order"),
        (lambda f, x, b, s: f(x[None])[0] - curve_by_rows(f, x, b, s), "how far it fell"),
        (ordered(lambda s: np.argsort(s)[::-1]), "kind='stable'"),
        (lambda f, x, b, s: curve_by_rows(f, x, b, s).mean(), "shape"),
        (spoils_x, "changes its input x"),
    ],
    "13.3": [
        (counts(all_shares, lambda w: np.ones_like(w)), "only where"),
        (counts(all_shares, np.logical_not), "the right predictions"),
        (counts(lambda V: np.abs(all_shares(V))), "take the largest, not its size"),
        (counts(lambda V: -all_shares(V)), "objected most"),
        (
            lambda V, w: blame_by_package(V, w & (all_shares(V) > 0).any(axis=1)),
            "one is still the largest",
        ),
        (counts(outs), "leaving out is not sharing out"),
        (counts(alones), "says alone"),
        (lambda V, w: blame_by_package(V, w)[::-1], "in this order"),
        (lambda V, w: blame_by_package(V, w) / w.sum(), "return counts"),
        (lambda V, w: (all_shares(V)[w] > 0).sum(axis=0), "spoke for the class at all"),
        (lambda V, w: all_shares(V)[w].argmax(axis=1), "shape"),
        (
            lambda V, w: np.bincount(
                np.full(w.sum(), all_shares(V)[w].mean(axis=0).argmax()), None, 3
            ),
            "one mean for all",
        ),
        (lambda V, w: np.bincount(all_shares(V)[w].argmax(axis=1))[:2], "shape"),
        (lambda V, w: all_shares(V)[w].mean(axis=0), "then `argmax` by row"),
    ],
    "13.4": [
        (added_up, "came one by one"),
        (
            lambda v, gs: np.array([np.mean([members(v, gs)[n] for n in g]) for g in gs]),
            "not the mean",
        ),
        (without, "leaves each group out"),
        (groups_of_three, "there may be one group"),
        (lambda v, gs: np.array([v(g) - v(()) for g in gs]), "earns alone"),
        (lambda v, gs: groups_by_orders(v, [g[:1] for g in gs]), "not its first member"),
        (lambda v, gs: groups_by_orders(v, gs)[::-1], "in the order of `groups`"),
        (lambda v, gs: groups_by_orders(v, gs) + v(()) / len(gs), "not shared out"),
        (
            lambda v, gs: groups_by_orders(v, gs) / groups_by_orders(v, gs).sum(),
            "divide by the sum",
        ),
        (lambda v, gs: np.array(list(members(v, gs).values())), "shape"),
        (lambda v, gs: groups_by_orders(v, gs).sum(), "shape"),
        (
            lambda v, gs: np.array([max(members(v, gs)[n] for n in g) for g in gs]),
            "The players are",
        ),
        (
            lambda v, gs: (without(v, gs) + np.array([v(g) - v(()) for g in gs])) / 2,
            "The players are",
        ),
    ],
}
