"""Checks of chapter 19, the article claim by claim."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, exercise

# --- 19.1 ---------------------------------------------------------------------------------------


def _pair(left: list[str], right: list[str]) -> list[int]:
    return [right.index(one) if one in right else -1 for one in left]


def _last(left: list[str], right: list[str]) -> list[int]:
    place = {one: row for row, one in enumerate(right)}
    return [place.get(one, -1) for one in left]


def _patients(rng: np.random.Generator) -> Iterator[Case]:
    """Two lists in different orders, with gaps and repetitions on both sides."""
    for n in (6, 9, 14):
        numbers = [f"{k:03d}" for k in rng.permutation(500)[: 2 * n]]
        left, right = numbers[:n], numbers[3 : n + 4]
        right += right[1:4]  # again
        right = [right[k] for k in rng.permutation(len(right))]
        left.insert(2, left[-1])
        yield Case(left, right)
    k = str(rng.integers(10, 99))
    yield Case([k, f"0{k}", f"{k}0"], [f"{k}0", f"0{k}", f"00{k}"])  # other strings, other people
    hint = _("there may be nobody in right: then every row is -1.")
    yield Case(["17", "4"], [], hint=hint)


exercise(
    "19.1",
    "a function pair(left, right) that returns for each row of left the row number in right with "
    "the same string: the first, if there are several, and -1 if there is none",
    solve=_pair,
    cases=_patients,
    slips={
        N_("that pairs by position: look for the same patient."): (
            lambda left, right: list(range(len(left))),
        ),
        N_("of several rows you return the last; the first was asked for."): _last,
        N_("a patient who is not in right gets -1, not 0."): (
            lambda left, right: [right.index(one) if one in right else 0 for one in left],
        ),
        N_("you left rows out: every row of left gets a number."): (
            lambda left, right: [right.index(one) for one in left if one in right],
        ),
        N_("the other way round: one number for each row of *left*, saying where in *right*."): (
            lambda left, right: _pair(right, left),
        ),
        N_("rows are counted from 0."): (
            lambda left, right: [k + 1 if k >= 0 else k for k in _pair(left, right)],
        ),
        N_("row numbers in right as it stands, not after sorting or taking each patient once."): (
            lambda left, right: _pair(left, sorted(right)),
            lambda left, right: _pair(left, list(dict.fromkeys(right))),
            lambda left, right: _pair(left, sorted(set(right))),
        ),
    },
    advice=N_("For each patient of left: where does the same string first stand in right?"),
)

# --- 19.2 ---------------------------------------------------------------------------------------

Shape = tuple[int, ...]


def _through(
    *,
    inside: bool = True,
    drop: bool = True,
    new: bool = True,
    flat: bool = False,
    fill: bool = False,
    last: bool = True,
    channels: bool = True,
    small: bool = False,
    first: int = 0,
    keep_steps: bool = False,
) -> Callable[[Shape, list], Shape | int]:
    """Return the reference, or with one of its rules changed a slip."""

    def step(shape: Shape, kind: str, *about: Any) -> Shape | None:
        if kind == "reshape":
            return tuple(about[0]) if fill or math.prod(about[0]) == math.prod(shape) else None
        if kind == "flatten":
            return (math.prod(shape),)
        if kind == "lstm":
            fits = len(shape) == 2 or (flat and len(shape) == 1)
            return ((*shape[:-1], about[0]) if keep_steps else (about[0],)) if fits else None
        if kind == "dense":
            return (*shape[:-1], about[0]) if last else (about[0],)
        if len(shape) == 2 and not channels:
            shape = (*shape, 1)
        if len(shape) != 3 or (min(shape[:2]) < about[-1] and not small):
            return None
        high, wide, deep = shape
        if kind == "conv":
            lost = about[1] - 1 if inside else 0
            return (high - lost, wide - lost, about[0] if new else about[0] * deep)
        share = (lambda n: n // about[0]) if drop else (lambda n: -(-n // about[0]))
        return (share(high), share(wide), deep)

    def through(shape: Shape, steps: list) -> Shape | int:
        for number, one in enumerate(steps, start=first):
            found = step(shape, *one)
            if found is None:
                return number
            shape = found
        return shape

    return through


def _networks(rng: np.random.Generator) -> Iterator[Case]:
    """Networks that build, and for each rule one that does not."""
    n, m = int(rng.integers(11, 16)), int(rng.integers(17, 21))
    units, filters = int(rng.integers(5, 9)), int(rng.integers(3, 7))
    top = [("flatten",), ("dense", units)]
    yield Case((n, m, 3), [("conv", filters, 3), ("pool", 2), ("conv", 4, 2), ("pool", 3)])
    yield Case((2 * n + 1, m, 2), [("pool", 2), ("dense", units)])
    yield Case((n, m, 2), [("conv", filters, 4), *top])
    yield Case((n, units), [("lstm", 7), ("dense", 3)])
    yield Case((12,), [("reshape", (4, 3)), ("lstm", units)])
    yield Case((4, m, 2), [("conv", filters, 4), ("reshape", ((m - 3) * filters, 1))])  # just fits
    yield Case((m, 4, 2), [("pool", 4), ("flatten",)])
    yield Case(
        (n * m,), [("reshape", (n, m, 1)), ("conv", 2, 3), ("reshape", (n - 2, 2 * (m - 2)))]
    )
    hint = _("ten numbers cannot fill a hundred places.")
    yield Case((10,), [("reshape", (10, 10)), ("flatten",)], hint=hint)
    hint = _("a reshape drops nothing: the number of values stays the same.")
    yield Case((4, 5), [("dense", 6), ("reshape", (4, 5))], hint=hint)
    hint = _("a convolution and a pooling need an axis for the channels.")
    yield Case((n, m), [("dense", 4), ("conv", 2, 3)], hint=hint)
    hint = _("after flatten nothing is left for an LSTM to step along.")
    yield Case((n, m, 1), [("conv", 2, 3), ("flatten",), ("lstm", 8)], hint=hint)
    hint = _("rows, columns and channels are three axes; an LSTM reads steps and features.")
    yield Case((n, m, 2), [("conv", 2, 3), ("lstm", 8), ("dense", 2)], hint=hint)
    hint = _("a window that is larger than the picture does not fit.")
    yield Case((6, m, 1), [("pool", 2), ("conv", 2, 4), ("flatten",)], hint=hint)
    yield Case((n, 3, 2), [("pool", 4)], hint=hint)
    yield Case((3, n, 2), [("dense", 4), ("pool", 4)], hint=hint)
    yield Case((n, 3, 2), [("conv", 2, 4)], hint=hint)


exercise(
    "19.2",
    "a function shape_after(shape, steps) that returns the shape at the end as a tuple, or the "
    "number (from 0) of the first step that cannot be built",
    solve=_through(),
    cases=_networks,
    slips={
        N_("the filter stays inside: height and width shrink by k - 1."): _through(inside=False),
        N_("pooling drops what is left over at the edge: round down."): _through(drop=False),
        N_("a convolution gives as many channels as it has filters."): _through(new=False),
        N_("an LSTM needs steps *and* features: a flat vector has no steps."): _through(flat=True),
        N_("reshape may not change the number of values."): _through(fill=True),
        N_("dense works on the last axis and keeps the others."): _through(last=False),
        N_("without an axis for the channels a convolution cannot be built."): _through(
            channels=False
        ),
        N_("a window that is larger than the picture does not fit."): _through(small=True),
        N_("steps are counted from 0."): _through(first=1),
        N_("the LSTM gives its last state only: the steps are gone."): _through(keep_steps=True),
    },
    advice=N_("Follow the shape step by step: what does this step need, and what does it give?"),
)

# --- 19.3 ---------------------------------------------------------------------------------------

Pairs = list[tuple[np.ndarray, np.ndarray]]


def _forward(
    *,
    train: Callable[[np.ndarray, np.ndarray, int], np.ndarray] = lambda m, t, n: m < t[0],
    months: Callable[[np.ndarray], np.ndarray] = np.unique,
    whole: bool = True,
    step: int | None = None,
    skip: Callable[[int], int] = lambda n: n,
) -> Callable[[np.ndarray, int, int], Pairs]:
    """Return the reference, or a slip."""

    def forward(month: np.ndarray, n_first: int, n_test: int) -> Pairs:
        order = months(month)
        stop = len(order) - n_test + 1 if whole else len(order)
        pairs = []
        for start in range(skip(n_first), stop, step or n_test):
            tested = order[start : start + n_test]
            rows = np.flatnonzero(train(month, tested, n_first))
            pairs.append((rows, np.flatnonzero(np.isin(month, tested))))
        return pairs

    return forward


def _by_row(month: np.ndarray, n_first: int, n_test: int) -> Pairs:
    rows = np.arange(len(month))
    starts = range(n_first, len(rows) - n_test + 1, n_test)
    return [(rows[:k], rows[k : k + n_test]) for k in starts]


def _months(rng: np.random.Generator) -> Iterator[Case]:
    """Months with gaps between them, several rows each, in any order."""
    for n_first, n_test, rest in ((3, 2, 1), (4, 3, 2), (2, 1, 0), (5, 2, 1)):
        n = n_first + 3 * n_test + rest
        different = np.sort(rng.permutation(3 * n)[:n]) + 7
        month = rng.permutation(np.repeat(different, rng.integers(2, 5, n)))
        yield Case(month, n_first, n_test)
    hint = _("with too few months for a single test the list is empty.")
    yield Case(np.array([5, 3, 3, 4]), 2, 2, hint=hint)


def _read_pairs(value: Any, right: Any) -> list:
    """Return each pair as two sorted lists of row numbers."""
    try:
        pairs = [(train, test) for train, test in value]
        read = [[np.sort(np.ravel(rows)).astype(float) for rows in pair] for pair in pairs]
    except (TypeError, ValueError):
        raise Hint(_("return a list of pairs (training rows, test rows).")) from None
    return [[rows.tolist() for rows in pair] for pair in read]


exercise(
    "19.3",
    "a function forward(month, n_first, n_test) that returns a list of pairs (training rows, test "
    "rows): tests of n_test different months each, after the first n_first, training on all "
    "earlier ones",
    solve=_forward(),
    cases=_months,
    read=_read_pairs,
    slips={
        N_("you count rows; a test has n_test different *months*, with all their rows."): _by_row,
        N_("the training holds months after the test: the future."): _forward(
            train=lambda m, t, n: ~np.isin(m, t)
        ),
        N_("the training holds a month that is tested."): (
            _forward(train=lambda m, t, n: m <= t[0]),
            _forward(train=lambda m, t, n: m <= t[-1]),
        ),
        N_("all earlier months are learned from, not the first ones alone."): _forward(
            train=lambda m, t, n: np.isin(m, np.unique(m)[:n])
        ),
        N_("all earlier months are learned from, not the latest ones alone."): _forward(
            train=lambda m, t, n: np.isin(m, np.unique(m[m < t[0]])[-n:])
        ),
        N_("leave out months at the end that do not fill a test."): _forward(whole=False),
        N_("tests do not overlap: move on by n_test months."): _forward(step=1),
        N_("the rows are in any order: sort the months."): _forward(
            months=lambda month: np.array(list(dict.fromkeys(month.tolist())))
        ),
        N_("the first n_first months are for training alone."): (
            _forward(skip=lambda n: 0),
            _forward(skip=lambda n: n - 1),
        ),
        N_("the first test begins right after n_first months."): _forward(skip=lambda n: n + 1),
    },
    advice=N_("np.unique gives the months in order; every row of a month goes where it goes."),
)

# --- 19.4 ---------------------------------------------------------------------------------------

Table = tuple[np.ndarray, np.ndarray]


def _table(prices: np.ndarray, k: int) -> Table:
    logs = np.log(prices)
    return logs[k:-1] - logs[: -k - 1], (prices[k + 1 :] > prices[k:-1]).astype(float)


def _prices(rng: np.random.Generator) -> Iterator[Case]:
    for n, k in ((9, 1), (14, 3), (20, 6), (12, 2)):
        prices = 50 * np.exp(np.cumsum(rng.normal(0, 0.1, n)))
        prices[k + 2] = prices[k + 1]  # a price that stays is no rise
        yield Case(prices, k)


exercise(
    "19.4",
    "a function past_and_next(prices, k) that returns two arrays of length n - k - 1: the log "
    "return over the k months that end with month t, and 1 where the price of t + 1 is higher than "
    "that of t, else 0",
    solve=_table,
    cases=_prices,
    slips={
        N_("look-ahead: your column ends with month t + 1, which is what is to be predicted."): (
            lambda p, k: (np.log(p[k + 1 :] / p[1:-k]), _table(p, k)[1]),
        ),
        N_("your answers are those of month t itself, which its column already knows."): (
            lambda p, k: (_table(p, k)[0], (p[k:-1] > p[k - 1 : -2]).astype(float)),
        ),
        N_("a *log* return was asked for: the difference of the logarithms."): (
            lambda p, k: (p[k:-1] / p[: -k - 1] - 1, _table(p, k)[1]),
            lambda p, k: (p[k:-1] - p[: -k - 1], _table(p, k)[1]),
            lambda p, k: (p[k:-1] / p[: -k - 1], _table(p, k)[1]),
        ),
        N_("the price of month t less that of month t - k, not the other way round."): (
            lambda p, k: (-_table(p, k)[0], _table(p, k)[1]),
        ),
        N_("a price that stays the same has not risen."): (
            lambda p, k: (_table(p, k)[0], (p[k + 1 :] >= p[k:-1]).astype(float)),
        ),
        N_("1 for a rise, 0 else."): (
            lambda p, k: (_table(p, k)[0], 1 - _table(p, k)[1]),
            lambda p, k: (_table(p, k)[0], np.sign(p[k + 1 :] - p[k:-1])),
            lambda p, k: (_table(p, k)[0], np.log(p[k + 1 :] / p[k:-1])),
        ),
        N_("the next month is one month ahead, whatever k is."): (
            lambda p, k: (_table(p, k)[0], (np.roll(p, -k)[k:-1] > p[k:-1]).astype(float)),
        ),
        N_("over k months, not over one."): (
            lambda p, k: (np.log(p[k:-1] / p[k - 1 : -2]), _table(p, k)[1]),
        ),
        N_("over k months means k steps back: price of t - k, not of t - k + 1."): (
            lambda p, k: (np.log(p[k:-1] / p[1:-k]), _table(p, k)[1]),
        ),
        N_("the mean of the returns was not asked for: do not divide by k."): (
            lambda p, k: (_table(p, k)[0] / k, _table(p, k)[1]),
        ),
        N_("the last month has no next one: leave it out."): (
            lambda p, k: (np.log(p[k:] / p[:-k]), np.append(_table(p, k)[1], 0.0)),
        ),
    },
    advice=N_("For t from k to n - 2: log(p[t] / p[t - k]), and whether p[t + 1] > p[t]."),
)
