"""Answers to the exercises of chapter 18."""

import networkx as nx
import numpy as np
import pandas as pd

GLOBAL = np.random.default_rng(0)


# 18.1


def by_loops(right):
    found = []
    for i in range(right.shape[1]):
        best, best_mean = None, -1.0
        for s in range(right.shape[0]):
            inside = [right[s, i, j] for j in range(right.shape[2]) if j != i]
            if sum(inside) / len(inside) > best_mean + 1e-12:
                best, best_mean = s, sum(inside) / len(inside)
        found.append(right[best][i][i])
    return sum(found) / len(found)


def by_sums(right):
    n = right.shape[1]
    own = right[:, range(n), range(n)]
    chosen = np.round((right.sum(axis=2) - own) / (n - 1), 12).argmax(axis=0)
    return own[chosen, range(n)].mean()


def by_nan(right):
    inside = right.copy()
    inside[:, range(right.shape[1]), range(right.shape[1])] = np.nan
    chosen = np.nanmean(inside, axis=2).round(12).argmax(axis=0)
    return np.mean([right[s, i, i] for i, s in enumerate(chosen)])


def by_delete(right):
    out = []
    for i in range(right.shape[1]):
        inside = np.delete(right[:, i, :], i, axis=1).mean(axis=1)
        out.append(right[np.argmax(inside.round(12)), i, i])
    return np.float32(np.mean(out))


def by_frame(right):
    s, i, j = np.indices(right.shape).reshape(3, -1)
    table = pd.DataFrame({"s": s, "i": i, "j": j, "right": right.ravel()})
    inside = table[table.i != table.j].groupby(["i", "s"])["right"].mean().round(12).unstack()
    chosen = inside.idxmax(axis=1)
    return np.array([right[chosen[k], k, k] for k in chosen.index]).mean()


def outer_changed(right):
    for i in range(right.shape[1]):
        right[:, i, i] = -1
    return 0.5


# 18.2


def by_dictionary(done, submitted):
    found = dict(done)
    return np.array([found.get(name, [np.nan] * len(done[0][1])) for name in submitted])


def by_filling(done, submitted):
    out = np.full((len(submitted), len(done[0][1])), np.nan)
    for name, row in done:
        out[submitted.index(name)] = row
    return out


def by_reindex(done, submitted):
    table = pd.DataFrame([row for _, row in done], index=[name for name, _ in done])
    return table[~table.index.duplicated(keep="last")].reindex(submitted).to_numpy()


def by_searching(done, submitted):
    out = []
    for name in submitted:
        rows = [row for other, row in done if other == name]
        out.append(list(rows[-1]) if rows else [float("nan")] * len(done[0][1]))
    return out


def by_places(done, submitted):
    place = {name: k for k, name in enumerate(submitted)}
    out = np.full((len(submitted), np.size(done[0][1])), np.nan, dtype=np.float32)
    for name, row in done:
        out[place[name]] = row
    return out


def in_order_of_place(done, submitted):
    return [row for name, row in sorted(done, key=lambda pair: submitted.index(pair[0]))]


def popping(done, submitted):
    found = {}
    while done:
        name, row = done.pop(0)
        found[name] = row
    return [found.get(name, [np.nan] * 3) for name in submitted]


def mean_of_tries(done, submitted):
    table = pd.DataFrame([row for _, row in done], index=[name for name, _ in done])
    return table.groupby(level=0).mean().reindex(submitted).to_numpy()


# 18.3


def audit_by_loops(clean, noisy):
    power = [float(np.sum((level - clean) ** 2)) for level in noisy]
    blank = False
    for level in noisy:
        for row, before in zip(level, clean, strict=True):
            blank = blank or (not np.any(row) and np.any(before))
    return power[0] == 0, (np.diff(power) > 0).all(), not blank


def audit_vectorised(clean, noisy):
    power = np.sqrt(np.mean((noisy - clean) ** 2, axis=(1, 2)))
    blank = (noisy == 0).all(axis=-1) & (clean != 0).any(axis=-1)
    return np.array([(noisy[0] == clean).all(), (np.diff(power) > 0).all(), not blank.any()])


def audit_by_absolutes(clean, noisy):
    sizes = np.abs(noisy).sum(axis=2)
    energy = np.linalg.norm((noisy - clean).reshape(len(noisy), -1), axis=1)
    ok = (sizes > 0) | (np.abs(clean).sum(axis=1) == 0)
    return [energy[0] == 0, bool(np.all(energy[1:] > energy[:-1])), ok.all()]


def audit_by_variance(clean, noisy):
    power = [np.var(level - clean) + np.mean(level - clean) ** 2 for level in noisy]
    fine = all(level[k].any() or not clean[k].any() for level in noisy for k in range(len(clean)))
    return (bool(np.array_equal(noisy[0], clean)), sorted(set(power)) == power, fine)


def audit_by_frames(clean, noisy):
    power = pd.Series([((level - clean) ** 2).mean() for level in noisy])
    rows = pd.DataFrame([(level != 0).any(axis=1) for level in noisy])
    was = (clean != 0).any(axis=1)
    grows = (power.diff().dropna() > 0).all()
    return np.array([(noisy[0] == clean).all(), grows, rows.loc[:, was].all(axis=None)], dtype=int)


def audit(first=None, second=None, third=None):
    def answer(clean, noisy):
        parts = list(audit_vectorised(clean, noisy))
        for k, part in enumerate((first, second, third)):
            if part:
                parts[k] = part(clean, noisy)
        return parts

    return answer


def power_of(clean, noisy):
    return ((noisy - clean) ** 2).mean(axis=(1, 2))


def audit_in_place(clean, noisy):
    noisy -= clean
    return audit_vectorised(clean, noisy + clean)


# 18.4


def by_relabelling(speaker, microphone):
    group = list(range(len(speaker)))
    changed = True
    while changed:
        changed = False
        for labels in (speaker, microphone):
            for label in set(labels):
                rows = [k for k, other in enumerate(labels) if other == label]
                least = min(group[k] for k in rows)
                for k in rows:
                    changed |= group[k] != least
                    group[k] = least
    return group


def by_union(speaker, microphone):
    parent = {}

    def root(node):
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for pair in zip(speaker, microphone, strict=True):
        a, b = root(("s", pair[0])), root(("m", pair[1]))
        parent[a] = b
    return [str(root(("s", name))) for name in speaker]


def by_networkx(speaker, microphone):
    graph = nx.Graph()
    graph.add_edges_from((("s", s), ("m", m)) for s, m in zip(speaker, microphone, strict=True))
    number = {node: k for k, part in enumerate(nx.connected_components(graph)) for node in part}
    return np.array([number["s", s] for s in speaker])


def by_powers(speaker, microphone):
    s, m = np.array(speaker), np.array(microphone)
    linked = (s[:, None] == s) | (m[:, None] == m)
    for _ in range(len(s)):
        linked = linked @ linked
    return linked.argmax(axis=1)


def by_walking(speaker, microphone):
    group = [None] * len(speaker)
    for start in range(len(speaker)):
        waiting = [start] if group[start] is None else []
        while waiting:
            k = waiting.pop()
            if group[k] is None:
                group[k] = f"group {start}"
                waiting += [
                    j for j in range(len(speaker))
                    if speaker[j] == speaker[k] or microphone[j] == microphone[k]
                ]  # fmt: skip
    return group


def two_steps(speaker, microphone):
    group = np.unique(speaker, return_inverse=True)[1]
    for m in set(microphone):
        rows = [k for k, other in enumerate(microphone) if other == m]
        group[rows] = group[rows].min()
    return group


def some_rounds(n):
    """Relabel so many times, whether or not something still changes."""

    def answer(speaker, microphone):
        group = np.arange(len(speaker))
        for _ in range(n):
            for labels in (np.array(speaker), np.array(microphone)):
                for label in np.unique(labels):
                    group[labels == label] = group[labels == label].min()
        return group

    return answer


def one_list_of_names(speaker, microphone):
    """Take a speaker and a microphone of the same name for one."""
    graph = nx.Graph(list(zip(speaker, microphone, strict=True)))
    number = {node: k for k, part in enumerate(nx.connected_components(graph)) for node in part}
    return [number[s] for s in speaker]


RIGHT = {
    "18.1": [by_loops, by_sums, by_nan, by_delete, by_frame],
    "18.2": [by_dictionary, by_filling, by_reindex, by_searching, by_places],
    "18.3": [
        audit_by_loops,
        audit_vectorised,
        audit_by_absolutes,
        audit_by_variance,
        audit_by_frames,
    ],
    "18.4": [by_relabelling, by_union, by_networkx, by_powers, by_walking],
}


def tested(right):
    return right[:, range(right.shape[1]), range(right.shape[1])]


def choosing(score):
    def answer(right):
        chosen = [int(np.argmax(score(right, i))) for i in range(right.shape[1])]
        return np.mean([right[s, i, i] for i, s in enumerate(chosen)])

    return answer


def without(right, i):
    return np.delete(right[:, i], i, axis=1)


WRONG = {
    "18.1": [
        (lambda r: tested(r).max(axis=0).mean(), "choose by the others"),
        (lambda r: tested(r).mean(axis=1).max(), "they are the test"),
        (choosing(lambda r, i: r[:, i].mean(axis=1)), "must leave out j = i"),
        (
            lambda r: np.mean([without(r, i).mean(axis=1).max() for i in range(len(r[0]))]),
            "how good the chosen settings were inside",
        ),
        (choosing(lambda r, i: np.delete(r[:, :, i], i, axis=1).mean(axis=1)), "exchanged"),
        (
            choosing(lambda r, i: np.delete(tested(r), i, axis=1).mean(axis=1)),
            "learned from speaker i",
        ),
        (
            lambda r: tested(r)[(r.sum(axis=(1, 2)) - tested(r).sum(axis=1)).argmax()].mean(),
            "one setting for all",
        ),
        (choosing(lambda r, i: -without(r, i).mean(axis=1)), "least accurate"),
        (choosing(lambda r, i: without(r, i).max(axis=1)), "best held-out"),
        (choosing(lambda r, i: without(r, i).min(axis=1)), "worst held-out"),
        (choosing(lambda r, i: np.median(without(r, i), axis=1)), ""),
        (lambda r: tested(r).mean(), "no setting is chosen"),
        (lambda r: 100 * by_loops(r), "For each i"),
        (lambda r: tested(r).max(axis=0), "one number"),
        (lambda r: tested(r)[0].mean(), "For each i"),
        (outer_changed, "changes its input"),
        (
            lambda r: np.mean(
                [
                    r[len(r) - 1 - without(r, i).mean(axis=1).round(12)[::-1].argmax(), i, i]
                    for i in range(r.shape[1])
                ]
            ),
            "the first is taken",
        ),
    ],
    "18.2": [
        (lambda done, submitted: [row for _, row in done], "in which they were done"),
        (lambda done, submitted: [row for _, row in sorted(done, key=lambda p: p[0])], "by name"),
        (
            lambda done, submitted: [done[submitted.index(name)][1] for name, _ in done],
            "the wrong way round",
        ),
        (lambda done, submitted: by_dictionary(done, submitted)[::-1], "turned the order"),
        (in_order_of_place, "later result counts"),
        (lambda done, submitted: by_dictionary(done[::-1], submitted), "later result counts"),
        (mean_of_tries, "later result counts"),
        (lambda done, submitted: [dict(done)[name] for name in submitted], "never came back"),
        (
            lambda done, submitted: [dict(done)[n] for n in submitted if n in dict(done)],
            "never came back",
        ),
        (
            lambda done, submitted: np.nan_to_num(by_dictionary(done, submitted)),
            "never came back",
        ),
        (
            lambda done, submitted: [dict(done).get(n, done[0][1]) for n in submitted],
            "never came back",
        ),
        (lambda done, submitted: dict(done), "array of numbers"),
        (lambda done, submitted: by_dictionary(done, submitted).T, "shape"),
        (
            lambda done, submitted: np.array([dict(done).get(n, [np.nan] * 3) for n in submitted]),
            "never came back",
        ),
        (popping, "changes its input"),
    ],
    "18.3": [
        (audit(first=lambda c, x: abs((x[0] - c).mean()) < 0.02), "*no* change"),
        (audit(first=lambda c, x: np.abs(x[0] - c).mean() < 0.02), "*no* change"),
        (audit(first=lambda c, x: np.allclose(x[0], c)), ""),
        (audit(third=lambda c, x: not (~x[1:].any(axis=2) & c.any(axis=1)).any()), ""),
        (audit(second=lambda c, x: power_of(c, x)[-1] > power_of(c, x)[0]), "not the last alone"),
        (audit(second=lambda c, x: (np.diff(power_of(c, x)) >= 0).all()), "stays equal"),
        (audit(second=lambda c, x: (power_of(c, x)[1:] > 0).all()), "at each level"),
        (
            audit(second=lambda c, x: (np.diff((x - c).mean(axis=(1, 2))) > 0).all()),
            "square it first",
        ),
        (
            audit(third=lambda c, x: not ((x == 0).any(axis=2) & c.any(axis=1)).any()),
            "one zero",
        ),
        (audit(third=lambda c, x: x[0].any(axis=1).sum() >= c.any(axis=1).sum()), "level 0 alone"),
        (audit(third=lambda c, x: x[-1].any(axis=1).sum() >= c.any(axis=1).sum()), "last alone"),
        (audit(third=lambda c, x: x.any(axis=(1, 2)).all()), "a single row"),
        (audit(third=lambda c, x: x.any(axis=2).all()), "blank in the clean data"),
        (audit(first=lambda c, x: x[0].sum() == c.sum()), "*no* change"),
        (audit(first=lambda c, x: np.isclose(x[0].mean(), c.mean())), "*no* change"),
        (audit(second=lambda c, x: (np.diff(abs(x - c).mean(axis=(1, 2))) > 0).all()), "square it"),
        (audit(second=lambda c, x: (np.diff([np.var(y - c) for y in x]) > 0).all()), ""),
        (audit(second=lambda c, x: (np.diff((x**2).mean(axis=(1, 2))) > 0).all()), ""),
        (audit(third=lambda c, x: (x.sum(axis=2) != 0)[:, c.any(axis=1)].all()), "one zero"),
        (audit(third=lambda c, x: (x.max(axis=2) != 0)[:, c.any(axis=1)].all()), "one zero"),
        (audit(third=lambda c, x: (x.std(axis=2) != 0)[:, c.any(axis=1)].all()), ""),
        (audit(third=lambda c, x: (abs(x).sum(axis=2) > 0.1)[:, c.any(axis=1)].all()), ""),
        (audit(third=lambda c, x: (x.any(axis=2).sum(axis=1) >= c.any(axis=1).sum()).all()), ""),
        (audit(first=lambda c, x: np.array_equal(x[0].sum(axis=1), c.sum(axis=1))), ""),
        (audit(first=lambda c, x: abs(x[0] - c).max() < 1e-9), ""),
        (lambda c, x: ~audit_vectorised(c, x), "True means"),
        (lambda c, x: audit_vectorised(c, x)[[0, 2, 1]], "first axis"),
        (lambda c, x: audit_vectorised(c, x).all(), "shape"),
        (lambda c, x: [True, True, True], "differs most"),
        (lambda c, x: audit_vectorised(c, x)[:2], "shape"),
        (audit_in_place, "changes its input"),
    ],
    "18.4": [
        (lambda s, m: s, "by speaker alone"),
        (lambda s, m: m, "by microphone alone"),
        (lambda s, m: [a + b for a, b in zip(s, m, strict=True)], "splits both"),
        (lambda s, m: [0] * len(s), "nothing to test on"),
        (lambda s, m: range(len(s)), "random split"),
        (lambda s, m: [s[m.index(b)] for b in m], "one step"),
        (lambda s, m: [m[s.index(a)] for a in s], ""),
        (two_steps, ""),
        (some_rounds(3), ""),
        (some_rounds(5), ""),
        (one_list_of_names, ""),
        (lambda s, m: by_relabelling(s, m)[:-1], "one group for each row"),
        (lambda s, m: [k // 2 for k in range(len(s))], ""),
        (lambda s, m: GLOBAL.integers(0, 2, len(s)), ""),
        (lambda s, m: len(set(by_relabelling(s, m))), ""),
    ],
}
