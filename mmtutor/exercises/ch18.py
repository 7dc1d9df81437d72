"""Checks of chapter 18, audio-visual digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise

# --- 18.1 ---------------------------------------------------------------------------------------


def _honest(right: np.ndarray) -> float:
    n = right.shape[1]
    inside = ~np.eye(n, dtype=bool)
    return float(
        np.mean([right[right[:, i, inside[i]].mean(axis=1).argmax(), i, i] for i in range(n)])
    )


def _by(choose: Callable[[np.ndarray, int], int]) -> Callable[[np.ndarray], float]:
    """Return a slip that chooses a setting for each speaker in its own way."""
    return lambda right: float(
        np.mean([right[choose(right, i), i, i] for i in range(right.shape[1])])
    )


def _tested(right: np.ndarray) -> np.ndarray:
    """Accuracy for the new speakers, shape (n_settings, n_speakers)."""
    return np.diagonal(right, axis1=1, axis2=2)


def _others(right: np.ndarray, i: int) -> np.ndarray:
    return np.arange(right.shape[1]) != i


def _inner(right: np.ndarray) -> float:
    n = right.shape[1]
    return float(np.mean([right[:, i, _others(right, i)].mean(axis=1).max() for i in range(n)]))


def _one_setting_inside(right: np.ndarray) -> float:
    off = ~np.eye(right.shape[1], dtype=bool)
    return float(_tested(right)[right[:, off].mean(axis=1).argmax()].mean())


def _settings(rng: np.random.Generator) -> Iterator[Case]:
    for n_settings, n_speakers in [(4, 6), (3, 5), (6, 4), (5, 7), (8, 3)] * 2:
        yield Case(rng.uniform(0.4, 1, (n_settings, n_speakers, n_speakers)))
    right = rng.uniform(0.4, 0.9, (4, 5, 5))
    right[3], right[1] = 0.95, 0.95  # equal everywhere but for the new speakers
    right[3, range(5), range(5)] = 0.3
    yield Case(right, hint=_("of settings that are equally good inside, the first is taken."))


exercise(
    "18.1",
    "a function (right) that returns one accuracy: of the settings chosen inside, the mean over "
    "the new speakers; of equally good settings the first is chosen",
    solve=_honest,
    cases=_settings,
    slips={
        N_("you chose by right[s, i, i], the new speaker's own accuracy: choose by the others."):
            lambda right: float(_tested(right).max(axis=0).mean()),
        N_("you chose one setting by the new speakers' accuracies; they are the test."):
            lambda right: float(_tested(right).mean(axis=1).max()),
        N_("the mean that chooses must leave out j = i: that is the new speaker."):
            _by(lambda right, i: int(right[:, i].mean(axis=1).argmax())),
        N_("this is how good the chosen settings were inside; return right[s, i, i]."): _inner,
        N_("new speaker and held-out speaker are exchanged: right[s, i, j] was trained without i "
           "and j and tested on j."):
            _by(lambda right, i: int(right[:, _others(right, i), i].mean(axis=1).argmax())),
        N_("you chose by the other new speakers' figures: their models learned from speaker i."):
            _by(lambda right, i: int(_tested(right)[:, _others(right, i)].mean(axis=1).argmax())),
        N_("you chose one setting for all: each new speaker has a choice of her own, or the others "
           "choose with models that learned from her."): _one_setting_inside,
        N_("you took the least accurate setting."):
            _by(lambda right, i: int(right[:, i, _others(right, i)].mean(axis=1).argmin())),
        N_("you chose by the best held-out speaker; take the mean over them."):
            _by(lambda right, i: int(right[:, i, _others(right, i)].max(axis=1).argmax())),
        N_("you chose by the worst held-out speaker; take the mean over them."):
            _by(lambda right, i: int(right[:, i, _others(right, i)].min(axis=1).argmax())),
        N_("you chose by one held-out speaker; take the mean over all but the new one."):
            _by(lambda right, i: int(right[:, i, (i + 1) % right.shape[1]].argmax())),
        N_("no setting is chosen here: this is the mean over all of them."):
            lambda right: float(_tested(right).mean()),
    },
    advice=N_("For each i: the mean over j != i chooses s; right[s, i, i] is what counts."),
)  # fmt: skip

# --- 18.2 ---------------------------------------------------------------------------------------

Done = Sequence[tuple[str, np.ndarray]]


def _collected(done: Done, submitted: Sequence[str]) -> np.ndarray:
    found = dict(done)
    blank = np.full(len(done[0][1]), np.nan)
    return np.array([found.get(name, blank) for name in submitted])


def _as_it_came(done: Done, submitted: Sequence[str]) -> np.ndarray:
    return np.array([row for _name, row in done])


def _by_name(done: Done, submitted: Sequence[str]) -> np.ndarray:
    return np.array([row for _name, row in sorted(done, key=lambda pair: pair[0])])


def _other_way(done: Done, submitted: Sequence[str]) -> np.ndarray:
    """The permutation instead of its inverse: where each task was submitted, as an order."""
    place = [list(submitted).index(name) for name, _row in done]
    return np.array([done[k][1] for k in place])


def _names(rng: np.random.Generator, n: int) -> list[str]:
    chosen = rng.permutation([f"{d}_{who}_{k}.wav" for d in "0379" for who in "cab" for k in "12"])
    return [str(name) for name in chosen[:n]]


def _pools(rng: np.random.Generator) -> Iterator[Case]:
    for n, n_features in ((7, 3), (9, 1), (12, 5), (8, 2)):
        names = _names(rng, n)
        rows = dict(zip(names, rng.normal(size=(n, n_features)), strict=True))
        yield Case([(names[k], rows[names[k]]) for k in rng.permutation(n)], names)
    hint = _("a task that is done twice was tried again: its later result counts.")
    for _trial in range(2):
        done = [(names[k], rng.normal(size=2)) for k in rng.permutation(n)]
        done.insert(int(rng.integers(4, n)), (done[1][0], rng.normal(size=2)))
        yield Case(done, names, hint=hint)
    hint = _("a task that never came back keeps its place, as a row of NaN.")
    for _trial in range(2):
        lost = rng.choice(n, 2, replace=False)
        done = [(names[k], rng.normal(size=4)) for k in rng.permutation(n) if k not in lost]
        yield Case(done, names, hint=hint)


exercise(
    "18.2",
    "a function (done, submitted) that returns an array with a row for each name in submitted, in "
    "that order; of a name that came twice the later row counts, one that never came is NaN",
    solve=_collected,
    cases=_pools,
    slips={
        N_("these rows are in the order in which they were done; the labels are not."): _as_it_came,
        N_("you sorted by name; the order asked for is that of submitted."): _by_name,
        N_("this is the permutation the wrong way round: look up each submitted name."): _other_way,
        N_("you turned the order round; look up each name."):
            lambda done, submitted: _collected(done, submitted)[::-1],
    },
    advice=N_("A dictionary from name to row, then one look-up for each submitted name."),
)  # fmt: skip

# --- 18.3 ---------------------------------------------------------------------------------------


def _power(clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    return ((noisy - clean) ** 2).reshape(len(noisy), -1).mean(axis=1)


def _blanked(clean: np.ndarray, noisy: np.ndarray) -> bool:
    return bool((~noisy.any(axis=2) & clean.any(axis=1)).any())


def _identity(clean: np.ndarray, noisy: np.ndarray) -> bool:
    return bool(np.array_equal(noisy[0], clean))


def _grows(clean: np.ndarray, noisy: np.ndarray) -> bool:
    return bool((np.diff(_power(clean, noisy)) > 0).all())


def _audit(clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    parts = _identity(clean, noisy), _grows(clean, noisy), not _blanked(clean, noisy)
    return np.array(parts, dtype=float)


def _audit_by(
    first: Callable = _identity, second: Callable = _grows, third: Callable | None = None
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    third = third or (lambda clean, noisy: not _blanked(clean, noisy))
    return lambda c, x: np.array([first(c, x), second(c, x), third(c, x)], dtype=float)


def _what_sums_hide(rng: np.random.Generator, x: np.ndarray, sound: Callable) -> Iterator[Case]:
    """Inputs whose sums, absolute values or variances say something else than their squares."""
    y = sound(x, (0, 0.4, 0.7, 1))
    y[0, [2, 7]] = x[[7, 2]]  # two rows exchanged: the sum of all stays
    yield Case(x, y)
    y = sound(x, (0, 0.3, 0.6, 0.9))
    y[0, 4] = x[4, ::-1]  # a row turned round: the sum of each stays
    # Not blank: rows that add up to 0, have no spread, nothing above 0, or one small value.
    y[1, :2] = (0.5, -0.5, 0.25, -0.25, 0), [0.5] * 5
    y[1, 2:4] = (-0.5, -0.5, -0.25, -0.25, 0), (0, 0, 0, 0, 0.01)
    yield Case(x, y)
    sign = rng.choice([-1, 1], x.shape)
    few = sign * (np.arange(5) == rng.integers(5))  # seldom, but far off
    yield Case(x, np.stack([x, x + 0.3 * sign, x + few]))
    yield Case(x, np.stack([x, x + 0.3 * sign, x + 0.2 * sign + 0.4]))
    yield Case(x, np.stack([share * x for share in (1, 0.8, 0.5, 0.2)]))  # fading is noise, too


def _corruptions(rng: np.random.Generator) -> Iterator[Case]:
    def clean(n: int = 12) -> np.ndarray:
        return rng.uniform(0.1, 1, (n, 5))

    def sound(x: np.ndarray, levels: Sequence[float] = (0, 0.1, 0.3, 0.6)) -> np.ndarray:
        draw = rng.normal(size=x.shape)
        return np.stack([x + level * draw for level in levels])

    x = clean()
    yield Case(x, sound(x))
    yield Case(x, np.stack([x] * 4))  # never added
    yield Case(x, sound(x, (0.2, 0.3, 0.4)))  # noise where none was asked for
    yield Case(x, sound(x, (0.4, 0.5, 0.2)))
    yield Case(x, sound(x, (0, 0.3, 0.1, 0.6)))  # grows, but not from level to level
    yield Case(x, sound(x, (0, 0.3, 0.3, 0.6)))
    for kept in ((0, 4, 8, 12), (4, 8, 12, 12), (12, 0, 8, 12)):
        keep = np.stack([rng.permutation(12) < k for k in kept])
        yield Case(x, x * keep[:, :, None])  # the less noise was asked for, the more is blanked
    y = sound(x)
    y[-1, int(rng.integers(12))] = 0
    yield Case(x, y)
    y = sound(x)
    y[2, :, int(rng.integers(5))] = 0  # a broken pixel is no blank row
    yield Case(x, y)
    lost, dark = rng.permutation(12)[:2]
    z = x * (np.arange(12) != dark)[:, None]
    y = sound(z)
    y[2, lost] = 0  # another row than in the clean data: no fewer are left
    y[0, int(rng.integers(12)), int(rng.integers(5))] += 0.5  # one value only
    yield Case(z, y)
    y = sound(x)
    y[0] *= 1 + 1e-12  # so little that np.allclose does not see it
    yield Case(x, y)
    y = sound(x)
    y[0, int(rng.integers(12))] = 0  # blank where no noise was asked for
    yield Case(x, y)
    y = sound(x) - 0.4  # a mean that moves, at level 0 too
    yield Case(x, y)
    yield from _what_sums_hide(rng, np.round(64 * x) / 64, sound)
    x = clean()
    x[3] = 0
    y = sound(x, (0, 0.2, 0.5))
    y[:, 3] = 0
    yield Case(x, y, hint=_("a row that was blank in the clean data is no fault of the noise."))


exercise(
    "18.3",
    "a function (clean, noisy) that returns three answers, True or False: level 0 changes nothing, "
    "the noise grows from each level to the next, no row is blanked that was not blank before",
    solve=_audit,
    cases=_corruptions,
    slips={
        N_("part 1 asks for *no* change at level 0; a small mean difference is not enough."): (
            _audit_by(first=lambda c, x: abs((x[0] - c).mean()) < 0.02),
            _audit_by(first=lambda c, x: abs(x[0] - c).mean() < 0.02),
            _audit_by(first=lambda c, x: np.isclose(x[0].sum(), c.sum())),
            _audit_by(first=lambda c, x: x[0].sum() == c.sum()),
        ),
        N_("part 2: each level must have more noise than the one before, not the last alone."):
            _audit_by(second=lambda c, x: _power(c, x)[-1] > _power(c, x)[0]),
        N_("part 2: noise that stays equal does not grow; ask for more than before."):
            _audit_by(second=lambda c, x: (np.diff(_power(c, x)) >= 0).all()),
        N_("part 2: there must be more noise at each level, not only some."):
            _audit_by(second=lambda c, x: (_power(c, x)[1:] > 0).all()),
        N_("part 2: noise pulls up and down, so its mean says nothing: square it first."): (
                _audit_by(second=lambda c, x: (np.diff((x - c).mean(axis=(1, 2))) > 0).all()),
                _audit_by(second=lambda c, x: (np.diff(abs(x - c).mean(axis=(1, 2))) > 0).all()),
            ),
        N_("part 3: one zero does not make a row blank; all its values must be zero."): (
                _audit_by(third=lambda c, x: not ((x == 0).any(axis=2) & c.any(axis=1)).any()),
                _audit_by(third=lambda c, x: not ((x.sum(axis=2) == 0) & c.any(axis=1)).any()),
            ),
        N_("part 3: look at every level, not at level 0 alone."):
            _audit_by(third=lambda c, x: not _blanked(c, x[:1])),
        N_("part 3: look at every level, not at the last alone."):
            _audit_by(third=lambda c, x: not _blanked(c, x[-1:])),
        N_("part 3: look for a single row, not for levels at which all rows are blank."):
            _audit_by(third=lambda c, x: x.any(axis=(1, 2)).all()),
        N_("these are faults; True means that all is well."): lambda c, x: 1 - _audit(c, x),
        N_("the first axis of noisy is the level, the second the row."):
            lambda c, x: _audit(c, x)[[0, 2, 1]],
    },
    advice=N_("np.array_equal; a mean square for each level; .any(axis=-1) for each row."),
)  # fmt: skip

# --- 18.4 ---------------------------------------------------------------------------------------


def _together(*labels: Sequence[str]) -> np.ndarray:
    """Number the sets of rows that hang together by equal labels of any kind."""
    n = len(labels[0])
    rows, nodes, first = [], [], n
    for kind in labels:
        _values, codes = np.unique(kind, return_inverse=True)
        rows.append(np.arange(n))
        nodes.append(first + codes)
        first += int(codes.max()) + 1
    ends = np.concatenate(rows), np.concatenate(nodes)
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(first, first))
    return connected_components(graph, directed=False)[1][:n]


def _same_group(value: Any, right: Any) -> np.ndarray:
    """Say of each pair of rows whether they are in one group: the names of groups are free."""
    try:
        groups = np.array([str(group) for group in value])
    except TypeError:
        groups = as_array(value, (len(right),))
    if len(groups) != len(right):
        text = _("one group for each row is asked for, {n}; got {got}.")
        raise Hint(text.format(n=len(right), got=len(groups)))
    return (groups[:, None] == groups).astype(float)


def _pairs(speaker: Sequence[str], microphone: Sequence[str]) -> np.ndarray:
    return np.unique([f"{a}|{b}" for a, b in zip(speaker, microphone, strict=True)],
                     return_inverse=True)[1]  # fmt: skip


def _codes(labels: Sequence[str]) -> np.ndarray:
    return np.unique(labels, return_inverse=True)[1]


def _one_step(speaker: Sequence[str], microphone: Sequence[str]) -> np.ndarray:
    """Join the speakers of one microphone, but not what hangs together by a chain of them."""
    first = {m: s for s, m in zip(speaker[::-1], microphone[::-1], strict=True)}
    return _codes([first[m] for m in microphone])


def _studios(rng: np.random.Generator) -> Iterator[Case]:
    for n_chains in (2, 3, 4, 3):
        rows = []
        names = [str(k) for k in rng.permutation(100)]
        for _chain in range(n_chains):
            people = [f"s{names.pop()}" for _person in range(int(rng.integers(2, 4)))]
            places = [f"m{names.pop()}" for _place in range(len(people) + 1)]
            for k, person in enumerate(people):  # neighbours in the chain share a microphone
                rows += [(person, places[k]), (person, places[k + 1])] * int(rng.integers(1, 3))
        rows = [rows[k] for k in rng.permutation(len(rows))]
        yield Case([row[0] for row in rows], [row[1] for row in rows])
    for n in (9, 14):  # long chains, met in any order
        links = rng.permutation([(k, k + j) for k in range(n) for j in (0, 1)])
        yield Case([f"s{s}" for s, _m in links], [f"m{m}" for _s, m in links])
    # A speaker and a microphone of one name have nothing else in common.
    names = [str(k) for k in rng.permutation(8)]
    yield Case([*names[:4], names[0]], [*names[4:6], *names[:2], names[6]])
    everybody = [f"s{k}" for k in range(5)]
    hint = _("where nobody shares a microphone, each speaker is a group.")
    yield Case(everybody * 2, [f"m{k}" for k in range(10)], hint=hint)
    hint = _("one microphone for all leaves a single group, and nothing to test on.")
    yield Case(everybody, ["m0"] * 5, hint=hint)


exercise(
    "18.4",
    "a function (speaker, microphone) that returns a group for each row, whatever it is called: "
    "rows that share a speaker or a microphone, also by way of other rows, are in one group",
    solve=_together,
    cases=_studios,
    read=_same_group,
    slips={
        N_("by speaker alone a microphone may stand on both sides of the split."):
            lambda s, m: _codes(s),
        N_("by microphone alone a speaker may stand on both sides of the split."):
            lambda s, m: _codes(m),
        N_("a group for each *pair* splits both: the same speaker with another microphone is in "
           "another group."): _pairs,
        N_("one step is not enough: a and b share a microphone, b and c another one, so a, b and c "
           "belong together."): _one_step,
        N_("all rows in one group is safe, but leaves nothing to test on."):
            lambda s, m: np.zeros(len(s)),
        N_("each row alone is the random split."): lambda s, m: np.arange(len(s)),
    },
    advice=N_("Join until nothing changes, or scipy.sparse.csgraph.connected_components."),
)  # fmt: skip
