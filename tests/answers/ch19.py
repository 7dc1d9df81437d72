"""Answers to the exercises of chapter 19."""

import math

import numpy as np
import pandas as pd

# 19.1


def with_dictionary(left, right):
    place = {}
    for row, one in enumerate(right):
        if one not in place:
            place[one] = row
    return np.array([place.get(one, -1) for one in left])


def backwards(left, right):
    place = {one: row for row, one in reversed(list(enumerate(right)))}
    return [place.get(one, -1) for one in left]


def with_pandas(left, right):
    first = pd.Series(range(len(right)), index=pd.Index(right, dtype=object))
    first = first[~first.index.duplicated()]
    return first.reindex(left).fillna(-1).astype(int)


def by_loops(left, right):
    out = []
    for one in left:
        for row, other in enumerate(right):
            if other == one:
                out.append(row)
                break
        else:
            out.append(-1)
    return tuple(out)


def by_comparison(left, right):
    if not right:
        return np.full(len(left), -1)
    same = np.array(left)[:, None] == np.array(right)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)


def without_check(left, right):
    same = np.array(left)[:, None] == np.array(right)
    return same.argmax(axis=1)


def sorts_in_place(left, right):
    right.sort()
    return backwards(left, right)


# 19.2


def by_cases(shape, steps):
    for k, (kind, *about) in enumerate(steps):
        if kind == "flatten":
            shape = (math.prod(shape),)
        elif kind == "reshape":
            if math.prod(about[0]) != math.prod(shape):
                return k
            shape = about[0]
        elif kind == "lstm":
            if len(shape) != 2:
                return k
            shape = (about[0],)
        elif kind == "dense":
            shape = (*shape[:-1], about[0])
        else:
            if len(shape) < 3 or shape[0] < about[-1] or shape[1] < about[-1]:
                return k
            if kind == "conv":
                shape = (shape[0] + 1 - about[1], shape[1] + 1 - about[1], about[0])
            else:
                shape = (shape[0] // about[0], shape[1] // about[0], shape[2])
    return shape


def with_arrays(shape, steps):
    """The same on real arrays: what NumPy refuses cannot be built."""
    x = np.zeros(shape, dtype=np.float32)
    for k, (kind, *about) in enumerate(steps):
        try:
            if kind == "flatten":
                x = x.ravel()
            elif kind == "reshape":
                x = x.reshape(about[0])
            elif kind == "lstm":
                _steps, _features = x.shape
                x = np.zeros(about[0])
            elif kind == "dense":
                x = x @ np.zeros((x.shape[-1], about[0]), dtype=np.float32)
            elif kind == "conv":
                _high, _wide, _deep = x.shape
                size = (about[1], about[1])
                windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(0, 1))
                x = np.zeros((*windows.shape[:2], about[0]))
            else:
                high, wide, _deep = x.shape
                p = about[0]
                if high < p or wide < p:
                    return k
                x = x[: high // p * p : p, : wide // p * p : p]
        except ValueError:
            return k
    return list(x.shape)


def recursively(shape, steps, number=0):
    if not steps:
        return shape
    (kind, *about), *others = steps
    if kind in ("conv", "pool"):
        if len(shape) != 3 or min(shape[0], shape[1]) - about[-1] < 0:
            return number
        side = (
            (lambda n: n - about[1] + 1) if kind == "conv" else (lambda n: math.floor(n / about[0]))
        )
        depth = about[0] if kind == "conv" else shape[2]
        return recursively((side(shape[0]), side(shape[1]), depth), others, number + 1)
    if kind == "lstm" and len(shape) != 2:
        return number
    if kind == "reshape" and np.prod(shape) != np.prod(about[0]):
        return number
    after = {"lstm": (about or [0])[0:1], "flatten": [math.prod(shape)]}
    after["dense"] = [*shape[:-1], *about]
    after["reshape"] = about[0] if about else ()
    return recursively(tuple(after[kind]), others, number + 1)


def in_float(shape, steps):
    answer = by_cases(shape, steps)
    return answer if isinstance(answer, int) else np.array(answer, dtype=np.float32)


def with_match(shape, steps):
    for k, one in enumerate(steps):
        match one, shape:
            case ("flatten",), _:
                shape = (int(np.prod(shape)),)
            case ("reshape", new), _ if int(np.prod(new)) == int(np.prod(shape)):
                shape = tuple(new)
            case ("lstm", n), (_, _):
                shape = (n,)
            case ("dense", n), (*before, _):
                shape = (*before, n)
            case ("conv", n, size), (h, w, _) if size <= min(h, w):
                shape = (h - size + 1, w - size + 1, n)
            case ("pool", p), (h, w, c) if p <= min(h, w):
                shape = (h // p, w // p, c)
            case _:
                return k
    return shape


def unless(let_through):
    """Build a step also where it does not fit, if `let_through(kind, about, shape)` says so."""

    def through(shape, steps):
        for k, (kind, *about) in enumerate(steps):
            after = by_cases(shape, [(kind, *about)])
            if isinstance(after, int):
                if not let_through(kind, about, shape):
                    return k
                after = {"lstm": about[:1], "reshape": about[0], "conv": (1, 1, about[0])}.get(
                    kind, (1, 1, shape[-1])
                )
            shape = tuple(after)
        return shape

    return through


def stricter(stop):
    """Stop also where a step would fit, if `stop(kind, about, shape)` says so."""

    def through(shape, steps):
        for k, (kind, *about) in enumerate(steps):
            after = by_cases(shape, [(kind, *about)])
            if isinstance(after, int) or stop(kind, about, shape):
                return k
            shape = after
        return shape

    return through


def only(kinds):
    """Follow some kinds of steps and pass the others by."""

    def through(shape, steps):
        return by_cases(shape, [one for one in steps if one[0] in kinds])

    return through


def never_stops(shape, steps):
    while isinstance(answer := by_cases(shape, steps), int):
        steps = steps[:answer] + steps[answer + 1 :]
    return answer


# 19.3


def by_masks(month, n_first, n_test):
    months = sorted(set(month.tolist()))
    pairs = []
    while n_first + n_test <= len(months):
        start, end = months[n_first], months[n_first + n_test - 1]
        rows = np.arange(len(month))
        pairs.append((rows[month < start], rows[(month >= start) & (month <= end)]))
        n_first += n_test
    return pairs


def by_codes(month, n_first, n_test):
    code = np.unique(month, return_inverse=True)[1]
    n = (code.max() + 1 - n_first) // n_test
    block = (code - n_first) // n_test  # negative in the first months
    return [
        (
            np.flatnonzero(code < n_first + k * n_test),
            np.flatnonzero((block == k) & (code >= n_first)),
        )
        for k in range(max(n, 0))
    ]


def by_lists(month, n_first, n_test):
    months = list(np.unique(month))
    out = []
    for start in range(n_first, len(months), n_test):
        tested = months[start : start + n_test]
        if len(tested) < n_test:
            break
        train = [row for row, m in enumerate(month) if m < tested[0]]
        test = [row for row, m in enumerate(month) if m in tested]
        out.append([train, test])
    return out


def by_pandas(month, n_first, n_test):
    rank = pd.Series(month).rank(method="dense").astype(int) - 1
    pairs = []
    for start in range(n_first, rank.max() + 2 - n_test, n_test):
        test = rank[rank.between(start, start + n_test - 1)].index
        pairs.append((rank[rank < start].index.to_numpy(), test.to_numpy()[::-1]))
    return pairs


def by_generator(month, n_first, n_test):
    yield from by_masks(month, n_first, n_test)


def wrong_forward(train, keep=slice(None)):
    def forward(month, n_first, n_test):
        return [(train(month, a, b), b) for a, b in by_masks(month, n_first, n_test)][keep]

    return forward


def positions(month, n_first, n_test):
    k = range(n_first, len(month) - n_test + 1, n_test)
    return [(np.arange(i), np.arange(i, i + n_test)) for i in k]


def incomplete_too(month, n_first, n_test):
    months = np.unique(month)
    return [
        (np.flatnonzero(month < months[i]), np.flatnonzero(np.isin(month, months[i : i + n_test])))
        for i in range(n_first, len(months), n_test)
    ]


def overlapping(month, n_first, n_test):
    months = np.unique(month)
    return [
        (np.flatnonzero(month < months[i]), np.flatnonzero(np.isin(month, months[i : i + n_test])))
        for i in range(n_first, len(months) - n_test + 1)
    ]


def calendar(month, n_first, n_test):
    """Count months by the calendar, as if each were there."""
    start = month.min() + n_first
    pairs = []
    while start + n_test <= month.max() + 1:
        tested = (month >= start) & (month < start + n_test)
        pairs.append((np.flatnonzero(month < start), np.flatnonzero(tested)))
        start += n_test
    return pairs


# 19.4


def by_months(prices, k):
    column, answer = [], []
    for t in range(k, len(prices) - 1):
        column.append(math.log(prices[t]) - math.log(prices[t - k]))
        answer.append(int(prices[t + 1] > prices[t]))
    return column, answer


def by_shifts(prices, k):
    p = pd.Series(prices)
    table = pd.DataFrame({"past": np.log(p / p.shift(k)), "next": p.shift(-1)})
    known = table.dropna().index
    rises = (table["next"] > p)[known].astype(int)
    return table["past"][known].to_numpy(), rises.to_numpy()


def by_sums(prices, k):
    steps = np.diff(np.log(prices))
    return np.convolve(steps, np.ones(k), "valid")[:-1], (steps[k:] > 0).astype(int)


def in_float32(prices, k):
    p = prices.astype(np.float32)
    return np.log(p[k:-1]) - np.log(p[: -k - 1]), np.diff(prices)[k:] > 0


def by_index(prices, k):
    t = np.arange(k, len(prices) - 1)
    return [np.log(prices[t] / prices[t - k]), np.where(prices[t + 1] > prices[t], 1, 0)]


def moved(by, other):
    """Column from t + by, answer from t + other."""

    def table(prices, k):
        t = np.arange(k, len(prices) - 1)
        a, b = t + by, t + other
        return np.log(prices[a] / prices[a - k]), (
            prices[b + 1 - (other > 0)] > prices[b - (other > 0)]
        )

    return table


RIGHT = {
    "19.1": [with_dictionary, backwards, with_pandas, by_loops, by_comparison],
    "19.2": [by_cases, with_arrays, recursively, in_float, with_match],
    "19.3": [by_masks, by_codes, by_lists, by_pandas, by_generator],
    "19.4": [by_months, by_shifts, by_sums, in_float32, by_index],
}

WRONG = {
    "19.1": [
        (lambda left, right: range(len(left)), "by position"),
        (
            lambda left, right: [{p: k for k, p in enumerate(right)}.get(p, -1) for p in left],
            "the last",
        ),
        (lambda left, right: [max(k, 0) for k in backwards(left, right)], "not 0"),
        (lambda left, right: [k for k in backwards(left, right) if k >= 0], "left rows out"),
        (lambda left, right: backwards(right, left), "other way round"),
        (lambda left, right: [k + (k >= 0) for k in backwards(left, right)], "counted from 0"),
        (lambda left, right: backwards(left, sorted(right)), "as it stands"),
        (lambda left, right: backwards(left, list(dict.fromkeys(right))), "as it stands"),
        (lambda left, right: [k if k >= 0 else np.nan for k in backwards(left, right)], ""),
        (lambda left, right: [k if k >= 0 else len(right) for k in backwards(left, right)], ""),
        (lambda left, right: [right.index(p) for p in left], "stopped with ValueError"),
        (lambda left, right: [p in right for p in left], ""),
        (lambda left, right: backwards(list(map(int, left)), list(map(int, right))), ""),
        (lambda left, right: [right.count(p) - 1 for p in left], ""),
        (without_check, "not 0"),
        (sorts_in_place, "changes its input"),
        (lambda left, right: -1, ""),
    ],
    "19.2": [
        (lambda s, steps: s, ""),
        (lambda s, steps: by_cases(s, [("pool", 1) if o[0] == "pool" else o for o in steps]), ""),
        (
            lambda s, steps: by_cases(
                s, [("conv", o[1], 1) if o[0] == "conv" else o for o in steps]
            ),
            "",
        ),
        (lambda s, steps: len(by_cases(s, steps)), ""),
        (never_stops, ""),
        (unless(lambda kind, about, s: kind == "lstm" and len(s) > 2), "three axes"),
        (
            unless(lambda kind, about, s: kind == "reshape" and math.prod(about[0]) < math.prod(s)),
            "drops nothing",
        ),
        (
            unless(lambda kind, about, s: kind == "conv" and len(s) == 3 and s[0] >= about[-1]),
            "larger than the picture",
        ),
        (
            unless(lambda kind, about, s: kind == "pool" and len(s) == 3 and s[1] >= about[-1]),
            "larger than the picture",
        ),
        (stricter(lambda kind, about, s: kind in ("conv", "pool") and about[-1] in s[:2]), ""),
        (only(("conv", "pool", "flatten", "dense")), ""),
        (only(("reshape", "lstm", "flatten", "dense")), ""),
        (
            lambda s, steps: a + 1 if isinstance(a := by_cases(s, steps), int) else a,
            "counted from 0",
        ),
        (lambda s, steps: -1 if isinstance(a := by_cases(s, steps), int) else a, ""),
        (lambda s, steps: () if isinstance(a := by_cases(s, steps), int) else a, ""),
        (lambda s, steps: a if isinstance(a := by_cases(s, steps), int) else a[::-1], ""),
        (lambda s, steps: a if isinstance(a := by_cases(s, steps), int) else math.prod(a), ""),
        (lambda s, steps: a if isinstance(a := by_cases(s, steps), int) else (None, *a), ""),
    ],
    "19.3": [
        (positions, "different *months*"),
        (wrong_forward(lambda m, a, b: np.setdiff1d(np.arange(len(m)), b)), "the future"),
        (wrong_forward(lambda m, a, b: np.flatnonzero(m <= m[b].min())), "that is tested"),
        (wrong_forward(lambda m, a, b: np.flatnonzero(m <= m[b].max())), "that is tested"),
        (
            lambda m, f, t: [
                (np.flatnonzero(np.isin(m, np.unique(m)[:f])), b) for _, b in by_masks(m, f, t)
            ],
            "not the first ones alone",
        ),
        (
            lambda m, f, t: [
                (a[np.isin(m[a], np.unique(m[a])[-f:])], b) for a, b in by_masks(m, f, t)
            ],
            "not the latest ones alone",
        ),
        (incomplete_too, "do not fill a test"),
        (overlapping, "do not overlap"),
        (lambda m, f, t: by_masks(m, 0, t), "for training alone"),
        (lambda m, f, t: by_masks(m, f + 1, t), "right after n_first"),
        (calendar, ""),
        (wrong_forward(lambda m, a, b: a, slice(0, 1)), ""),
        (wrong_forward(lambda m, a, b: a, slice(None, None, -1)), ""),
        (lambda m, f, t: [b for _, b in by_masks(m, f, t)], ""),
        (lambda m, f, t: [(b, a) for a, b in by_masks(m, f, t)], ""),
        (lambda m, f, t: [(m[a], m[b]) for a, b in by_masks(m, f, t)], ""),
        (lambda m, f, t: 3, "list of pairs"),
        (lambda m, f, t: (m.sort(), by_masks(m, f, t))[1], "changes its input"),
    ],
    "19.4": [
        (moved(1, 0), "look-ahead"),
        (lambda p, k: (by_index(p, k)[0], p[k:-1] > p[k - 1 : -2]), "of month t itself"),
        (lambda p, k: (p[k:-1] / p[: -k - 1] - 1, by_index(p, k)[1]), "*log* return"),
        (lambda p, k: (p[k:-1] - p[: -k - 1], by_index(p, k)[1]), "*log* return"),
        (lambda p, k: (-by_index(p, k)[0], by_index(p, k)[1]), "other way round"),
        (lambda p, k: (by_index(p, k)[0], p[k + 1 :] >= p[k:-1]), "has not risen"),
        (lambda p, k: (by_index(p, k)[0], 1 - by_index(p, k)[1]), "1 for a rise"),
        (lambda p, k: (by_index(p, k)[0], np.sign(np.diff(p)[k:])), "1 for a rise"),
        (lambda p, k: (np.diff(np.log(p))[k - 1 : -1], by_index(p, k)[1]), ""),
        (lambda p, k: (by_index(p, k)[0] / k, by_index(p, k)[1]), ""),
        (lambda p, k: by_index(p, k)[::-1], ""),
        (lambda p, k: by_index(p, k)[0], "return 2 things"),
        (
            lambda p, k: (np.log(p[k:] / p[:-k]), np.append(by_index(p, k)[1], 0)),
            "leave it out",
        ),
        (lambda p, k: (np.log10(p[k:-1] / p[: -k - 1]), by_index(p, k)[1]), ""),
        (lambda p, k: by_index(p, k + 1), "shape"),
        (lambda p, k: (by_index(p, k)[0].round(2), by_index(p, k)[1]), ""),
    ],
}
