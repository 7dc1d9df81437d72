"""Checks of chapter 14, scaling out."""

from __future__ import annotations

import math
import os
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise, judged

# --- 14.1 ---------------------------------------------------------------------------------------


def _fewest(work: float, send: float, start: float, workers: int) -> float:
    gain = work - work / workers - send  # seconds that a sample saves
    return math.floor(start / gain) + 1 if gain > 0 else math.inf


def _clusters(rng: np.random.Generator) -> Iterator[Case]:
    """Costs far from a tie; then one where sending eats the gain, and a tie in exact numbers."""
    for workers in (2, 3, 5, 8, 16):
        while True:
            work, send, start = rng.uniform(1, 9), rng.uniform(0.05, 0.4), rng.uniform(20, 400)
            n = start / (work - work / workers - send)
            if 0.1 < n % 1 < 0.9:
                break
        yield Case(work, send, start, workers)
    hint = _("where sending costs as much as it saves, no number of samples is enough: math.inf.")
    yield Case(1.0, 0.5 + rng.uniform(0.1, 0.4), 10.0, 2, hint=hint)
    yield Case(1.0, 0.5, 10.0, 2, hint=hint)
    hint = _("at a tie neither is faster: one sample more.")
    yield Case(1.0, 0.25, 2.0, 2, hint=hint)


exercise(
    "14.1",
    "a function (work, send, start, workers) that returns the smallest whole number of samples "
    "from which the workers are faster; math.inf if they never are, one more at a tie",
    solve=_fewest,
    cases=_clusters,
    slips={
        N_("the workers share the work, they do not do away with it: work / workers is left."): (
            lambda w, b, s, p: math.floor(s / (w - b)) + 1 if w > b else math.inf
        ),
        N_("you left out what it costs to send a sample."): (
            lambda w, b, s, p: math.floor(s / (w - w / p)) + 1
        ),
        N_("every sample is sent, and sending is not shared: do not divide it by the workers."): (
            lambda w, b, s, p: _fewest(w, b / p, s, p)
        ),
        N_("the workers start side by side: the start counts once."): (
            lambda w, b, s, p: _fewest(w, b, s * p, p),
            lambda w, b, s, p: _fewest(w, b, s / p, p),
        ),
        N_("round to a whole number of samples at which the workers *are* faster."): (
            lambda w, b, s, p: math.floor(s / (w - w / p - b)) if w - w / p > b else math.inf,
            lambda w, b, s, p: s / (w - w / p - b) if w - w / p > b else math.inf,
        ),
    },
    advice=N_("Where does start + n * (work / workers + send) fall below n * work?"),
)

# --- 14.2 ---------------------------------------------------------------------------------------

Part = tuple[int, np.ndarray, np.ndarray]


def _merge(parts: list[Part], between: bool = True, ddof: int = 0) -> tuple[Any, Any, Any]:
    n = sum(k for k, _mean, _var in parts)
    mean = sum(k * m for k, m, _var in parts) / n
    spread = sum(k * (v + between * (m - mean) ** 2) for k, m, v in parts)
    return n, mean, spread / (n - ddof)


def _unweighted(parts: list[Part]) -> tuple[Any, Any, Any]:
    means, variances = (np.array([part[i] for part in parts]) for i in (1, 2))
    mean = means.mean(axis=0)
    return sum(k for k, *_rest in parts), mean, (variances + (means - mean) ** 2).mean(axis=0)


def _shares(rng: np.random.Generator) -> Iterator[Case]:
    """What workers report of unequal shares of one set of rows, in which the shares differ."""
    for n_parts, width in ((2, 3), (3, 4), (5, 2), (4, 6)):
        sizes = rng.permutation(np.arange(2, 2 + 9 * n_parts, 9)[:n_parts] + rng.integers(3))
        shares = [rng.normal(rng.normal(0, 3, width), 1, (k, width)) for k in sizes]
        yield Case([(len(x), x.mean(axis=0), x.var(axis=0)) for x in shares])
    hint = _("a worker that got no rows says n = 0: it must change nothing.")
    rows = rng.normal(2, 1, (7, 3))
    yield Case([(0, np.zeros(3), np.zeros(3)), (7, rows.mean(axis=0), rows.var(axis=0))], hint=hint)


exercise(
    "14.2",
    "a function merge(parts) that returns (n, mean, variance) of all rows together, from a list of "
    "each worker's (n, mean, variance); also where a worker got no rows",
    solve=_merge,
    cases=_shares,
    slips={
        N_("the means differ, too: add (a worker's mean - total mean) ** 2 to its variance."): (
            lambda parts: _merge(parts, between=False)
        ),
        N_("workers with more rows count more: weight by n."): (
            _unweighted,
            lambda parts: (_merge(parts)[0], *_unweighted(parts)[1:]),
        ),
        N_("divide by n, as np.var does, not by n - 1."): lambda parts: _merge(parts, ddof=1),
        N_("a variance was asked for: do not take its root."): (
            lambda parts: (*_merge(parts)[:2], np.sqrt(_merge(parts)[2]))
        ),
        N_("variances of parts do not add up to that of the whole: weight them by n / total."): (
            lambda parts: (*_merge(parts)[:2], sum(v for _n, _m, v in parts))
        ),
        N_("the difference of the means must be squared."): lambda parts: (
            *_merge(parts)[:2],
            sum(k * (v + abs(m - _merge(parts)[1])) for k, m, v in parts) / _merge(parts)[0],
        ),
    },
    advice=N_("Sum of squares about the total mean: n * (variance + (mean - total mean) ** 2)."),
)  # fmt: skip

# --- 14.3 ---------------------------------------------------------------------------------------

_LONG, _MOST = 4 * 2**20, 3 * 2**20


_EVERY_BYTE = N_(
    "one byte of the file changed (its date and size did not), and the key is the same: look at "
    "every byte."
)
_ORDER = N_("the same bytes in another order got the same key: all pieces go into one hash.")


@judged(
    "14.3",
    "a function key(path) that returns a string: the same for the same bytes wherever they lie, "
    "another for other bytes, holding at most 3 MB of the file at a time",
)
def _key(ask: Callable, rng: np.random.Generator) -> str:
    """Files of the same length that differ in one place or in their order, short ones and long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        content = bytearray(rng.bytes(300_000))

        def ask_about(name: str, data: bytes | bytearray) -> str:
            path = folder / name
            path.write_bytes(data)
            os.utime(path, (1_600_000_000, 1_600_000_000))  # a copy may keep the date
            value = ask(str(path))
            if not isinstance(value, str):
                text = _("return a string; got {kind}.")
                raise Hint(text.format(kind=type(value).__name__))
            return value

        first = ask_about("a.wav", content)
        if ask_about("a.wav", content) != first:
            raise Hint(_("the same file asked twice has two keys: leave out clock and chance."))
        if ask_about("b.wav", content) != first:
            raise Hint(_("a copy under another name has another key: leave the path out."))
        for place in (0, 299_999, int(rng.integers(100_000, 200_000))):
            other = bytearray(content)
            other[place] ^= 1 << int(rng.integers(8))
            if ask_about("a.wav", other) == first:
                raise Hint(_(_EVERY_BYTE))
        turned = content[150_000:] + content[:150_000]
        if ask_about("a.wav", turned) == first:
            raise Hint(_(_ORDER))
        if ask_about("a.wav", bytes(10)) == ask_about("b.wav", bytes(11)):
            raise Hint(_("10 bytes of zeros and 11 got the same key: the length counts, too."))
        ask_about("empty.wav", b"")
        content = bytearray(rng.bytes(_LONG))
        (folder / "long.wav").write_bytes(content)
        _hold_little(ask, folder / "long.wav")
        first = ask_about("long.wav", content)
        for place in (_LONG - 1, int(rng.integers(_LONG // 3, _LONG // 2))):
            content[place] ^= 1
            if ask_about("long.wav", content) == first:
                raise Hint(_(_EVERY_BYTE))
            content[place] ^= 1
        for half in (2**21, 2 * 10**6):  # whole pieces, as they are commonly read
            turned = content[half : 2 * half] + content[:half] + content[2 * half :]
            if ask_about("long.wav", turned) == first:
                raise Hint(_(_ORDER))
    return _("the key follows the bytes and nothing else.")


def _hold_little(ask: Callable, path: Path) -> None:
    traced = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    ask(str(path))
    held = tracemalloc.get_traced_memory()[1] - before
    if not traced:
        tracemalloc.stop()
    if held > _MOST:
        text = _("you held {held} MB of a file of {size} MB at once: read it in pieces.")
        raise Hint(text.format(held=round(held / 2**20), size=_LONG // 2**20))


# --- 14.4 ---------------------------------------------------------------------------------------


@judged(
    "14.4",
    "a function rows(k, epoch, n, size, seed) that returns the row numbers of batch k: each row "
    "once an epoch, the last batch shorter, an order that depends on seed and epoch alone, and "
    "another one for another pair of them, far ones such as (0, 1000) and (1, 0), too",
)
def _rows(ask: Callable, rng: np.random.Generator) -> str:
    """Every row once an epoch, the same when asked again, another order for another epoch, seed."""
    n, size = int(rng.integers(30, 60)), int(rng.integers(4, 9))
    n += n % size == 0  # the last batch is shorter
    seed = int(rng.integers(1000))
    orders = {(s, e): _order(ask, e, n, size, s) for s in (seed, seed + 1) for e in (0, 1, 2)}
    if any(order == sorted(order) for order in orders.values()):
        raise Hint(_("the rows come in the order of the table: shuffle them."))
    for (s, e), order in orders.items():
        backwards = [_batch(ask, k, e, n, size, s) for k in reversed(range(-(-n // size)))]
        if [row for batch in reversed(backwards) for row in batch] != order:
            raise Hint(
                _(
                    "batch k asked again, or in another order, holds other rows: several processes "
                    "would not agree. Draw from default_rng([seed, epoch]), made anew in each call."
                )
            )
    if orders[seed, 0] == orders[seed, 1]:
        raise Hint(_("every epoch has the same order: let it depend on the epoch."))
    if orders[seed, 0] == orders[seed + 1, 0]:
        raise Hint(_("another seed gives the same order."))
    _look_at_pairs({(s, e): _order(ask, e, n, n, s) for s, e in _PAIRS})
    if any(sorted(set(order[:size])) == list(range(size)) for order in orders.values()):
        raise Hint(_("rows are shuffled within their batch only: shuffle all of them, then cut."))
    seen = {tuple(_order(ask, e, 3, 1, seed)) for e in range(80)}
    if len(seen) < 6:
        raise Hint(_("some orders never come: every order of the rows should be possible."))
    return _("each row once an epoch, in an order that every process agrees on.")


# Pairs of seed and epoch that become one number when they are added, multiplied by a round number
# or a prime that is liked for this and added, or written one after the other.
_FACTORS = [11, 31, 37, 97, 101, 997, 1009, 7919, 9973, 10_007, 65_537, 100_003, 1_000_003]
_FACTORS += [*(10**k for k in range(1, 10)), *(2**k for k in range(1, 32))]
_PAIRS = [(1, 0), (0, 1), (1, 10), (10, 1), (1, 100), (100, 1), (1, 1000), (1000, 1)]
_PAIRS += [pair for factor in _FACTORS for pair in ((0, factor), (factor, 0))]


def _look_at_pairs(orders: dict[tuple[int, int], list[int]]) -> None:
    seen: dict[tuple[int, ...], tuple[int, int]] = {}
    for pair, order in orders.items():
        if (other := seen.setdefault(tuple(order), pair)) != pair:
            text = _(
                "seed {a}, epoch {b} and seed {c}, epoch {d} share an order: seed the generator "
                "with both numbers, not with one number made of them."
            )
            raise Hint(text.format(a=other[0], b=other[1], c=pair[0], d=pair[1]))


def _order(ask: Callable, epoch: int, n: int, size: int, seed: int) -> list[int]:
    batches = [_batch(ask, k, epoch, n, size, seed) for k in range(-(-n // size))]
    order = [row for batch in batches for row in batch]
    if sorted(order) != list(range(n)):
        raise Hint(_("the batches of one epoch must hold each row once: rows are lost or doubled."))
    return order


def _batch(ask: Callable, k: int, epoch: int, n: int, size: int, seed: int) -> list[int]:
    length = min(size, n - k * size)
    values = as_array(ask(k, epoch, n, size, seed), (length,))
    if (values != np.rint(values)).any():
        raise Hint(_("row numbers are whole numbers."))
    return values.astype(int).tolist()
