"""Checks of chapter 10, sentiment analysis."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, exercise

# --- 10.1 ---------------------------------------------------------------------------------------


def _decide(P: np.ndarray, costs: np.ndarray, ask: float) -> np.ndarray:
    expected = P @ costs
    return np.where(expected.min(axis=1) <= ask, expected.argmin(axis=1), -1)


def _prices(rng: np.random.Generator) -> Iterator[Case]:
    """Posts of which a third to two thirds are worth asking about."""
    for n_classes in (2, 3, 4, 3):
        P = rng.dirichlet(np.full(n_classes, 0.7), 80)
        costs = rng.integers(2, 30, (n_classes, n_classes)).astype(float)
        np.fill_diagonal(costs, rng.permutation(np.arange(n_classes)) * 1.5 + 0.75)
        yield Case(P, costs, float(np.quantile((P @ costs).min(axis=1), rng.uniform(0.4, 0.7))))
    hint = _("equal costs: the lowest class; and ask only if that is *cheaper*.")
    yield Case(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[0.0, 1], [1, 0]]), 0.5, hint=hint)


exercise(
    "10.1",
    "a function (P, costs, ask) that returns the cheapest class of each post, the lowest of "
    "equals, or -1 where asking is cheaper; the diagonal of costs need not be 0",
    solve=_decide,
    cases=_prices,
    slips={
        N_("`costs[i, j]`: i is the true class, j what you say. You have them the other way."):
            lambda P, c, a: _decide(P, c.T, a),
        N_("you ask nobody: -1 where `ask` is below the cost of every class."):
            lambda P, c, a: (P @ c).argmin(axis=1),
        N_("this takes the most probable class; take the cheapest to be expected."): (
            lambda P, c, a: np.where(_decide(P, c, a) < 0, -1, P.argmax(axis=1)),
            lambda P, c, a: P.argmax(axis=1),
        ),
        N_("a right answer may cost something, too: keep the diagonal of `costs`."):
            lambda P, c, a: _decide(P, c - np.diag(np.diag(c)), a),
        N_("you took the dearest class."):
            lambda P, c, a: np.where((P @ c).min(axis=1) <= a, (P @ c).argmax(axis=1), -1),
        N_("you ask where asking is dearer."):
            lambda P, c, a: np.where((P @ c).min(axis=1) > a, (P @ c).argmin(axis=1), -1),
        N_("ask only if it is cheaper than *every* class, not than some class."):
            lambda P, c, a: np.where((P @ c).max(axis=1) <= a, (P @ c).argmin(axis=1), -1),
        N_("asking is -1, not a class of its own."):
            lambda P, c, a: np.where(_decide(P, c, a) < 0, len(c), _decide(P, c, a)),
    },
    advice=N_("The expected cost of saying j is the sum over i of P[:, i] * costs[i, j]."),
)  # fmt: skip

# --- 10.2 ---------------------------------------------------------------------------------------


def _rounds(P: np.ndarray, prior: np.ndarray, n_rounds: int = 500) -> np.ndarray:
    new = prior
    for _round in range(n_rounds):
        moved = P * new / prior
        new = (moved / moved.sum(axis=1, keepdims=True)).mean(axis=0)
    return new


def _compounding(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    new, moved = prior, P
    for _round in range(500):
        moved = moved * new / prior
        moved = moved / moved.sum(axis=1, keepdims=True)
        new = moved.mean(axis=0)
    return new


def _undivided(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    return _rounds(P * prior, prior)


def _rows_not_normalised(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    new = prior
    for _round in range(500):
        new = (P * new / prior).mean(axis=0)
        new = new / new.sum()
    return new


def _mixtures(rng: np.random.Generator) -> Iterator[Case]:
    """Posteriors of classes that lie well apart, in other frequencies than learned; then close."""
    for n_classes in (2, 3, 4, 3):
        prior = rng.dirichlet(np.full(n_classes, 6.0))
        now = rng.dirichlet(np.full(n_classes, 2.0)) + 0.1
        y = rng.choice(n_classes, 300, p=now / now.sum())
        seen = 2.5 * np.eye(n_classes)[y] + rng.normal(size=(300, n_classes))
        P = prior * np.exp(2.5 * seen)
        yield Case(P / P.sum(axis=1, keepdims=True), prior)
    p = rng.permutation(np.linspace(0.4, 0.86, 300))
    hint = _(
        "where classes lie close the rounds converge slowly: begin with `prior`, and go round all "
        "500 times."
    )
    yield Case(np.column_stack([p, 1 - p]), np.array([0.6, 0.4]), hint=hint)


exercise(
    "10.2",
    "a function (P, prior) that returns the class frequencies after 500 rounds, shape "
    "(n_classes,), also where classes lie close and the rounds converge slowly",
    solve=_rounds,
    cases=_mixtures,
    slips={
        N_("this is the first guess only: go round 500 times."): (
            lambda P, q: P.mean(axis=0),
            lambda P, q: _rounds(P, q, 1),
        ),
        N_("two rounds are not 500."): lambda P, q: _rounds(P, q, 2),
        N_(
            "yours run to 0 and 1: begin each round with P as given, not with what was moved "
            "already, and normalise each *row* before you take the mean."
        ): (_compounding, _rows_not_normalised),
        N_("divide by the prior under which P was learned."): _undivided,
        N_("new over old, not old over new."):
            lambda P, q: _one_way(P, q),
        N_("do not count classes: the mean of the posteriors keeps what is unsure."): (
            lambda P, q: np.bincount(P.argmax(axis=1), minlength=len(q)) / len(P),
            lambda P, q: np.bincount(
                (P * _rounds(P, q) / q).argmax(axis=1), minlength=len(q)
            ) / len(P),
        ),
        N_("return the new frequencies, not new over old."):
            lambda P, q: _rounds(P, q) / q,
        N_("return shares that sum to 1, not numbers of posts."):
            lambda P, q: _rounds(P, q) * len(P),
    },
    advice=N_("Each round: P * new / prior, rows normalised, mean over the posts."),
)  # fmt: skip


def _one_way(P: np.ndarray, prior: np.ndarray) -> np.ndarray:
    new = prior
    for _round in range(500):
        moved = P * prior / new
        new = (moved / moved.sum(axis=1, keepdims=True)).mean(axis=0)
    return new


# --- 10.3 ---------------------------------------------------------------------------------------


def _threshold(p: np.ndarray, unhappy: np.ndarray, recall: float) -> float:
    return float(max(t for t in p if np.mean(p[unhappy] >= t) >= recall))


def _inboxes(rng: np.random.Generator) -> Iterator[Case]:
    """Posts with equal p among them; `recall` times the complaints is never a whole number."""
    for _trial in range(6):
        unhappy = rng.random(80) < rng.uniform(0.25, 0.5)
        p = np.round(rng.beta(2 + 2 * unhappy, 3), 2)
        n = int(unhappy.sum())
        yield Case(p, unhappy, (int(rng.integers(n // 2, n - 1)) + rng.uniform(0.15, 0.4)) / n)
    p, unhappy = rng.permutation(np.linspace(0.1, 0.9, 16)), np.arange(16) % 2 == 0
    hint = _("exactly the share promised is enough: recall >= `recall`.")
    yield Case(p, unhappy, 0.75, hint=hint)
    yield Case(p, unhappy, 1.0, hint=_("with recall 1 every complaint must be read."))
    p, unhappy = rng.permutation(np.linspace(0.1, 0.9, 50)), np.arange(50) % 2 == 0
    hint = _(
        "0.28 * 25 is 7.000000000000001 in floating point, and seven complaints of 25 are enough: "
        "take off 1e-9 before you round upwards."
    )
    yield Case(p, unhappy, 0.28, hint=hint)


exercise(
    "10.3",
    "a function (p, unhappy, recall) that returns the largest value t in p such that p >= t for at "
    "least the share `recall` of the unhappy posts, also if that is exactly the share (7 of 25 for "
    "a recall of 0.28), or 1",
    solve=_threshold,
    cases=_inboxes,
    slips={
        N_("only the complaints count for recall, not all posts."):
            lambda p, u, r: _threshold(p, np.ones_like(u), r),
        N_("these are the posts that are *not* complaints."):
            lambda p, u, r: _threshold(p, ~u, r),
        N_("one complaint is missing: round the number needed upwards."):
            lambda p, u, r: np.sort(p[u])[::-1][max(int(r * u.sum()) - 1, 0)],
        N_("a quantile lies between two values, or at the wrong one: t is one of the values in p."):
            lambda p, u, r: np.quantile(p[u], 1 - r),
        N_("this keeps the promise, but a larger t does, too: read as few posts as possible."): (
            lambda p, u, r: p.min(),
            lambda p, u, r: p[u].min(),
        ),
        N_("posts with p equal to t are read: p >= t, not p > t."):
            lambda p, u, r: max((t for t in p if np.mean(p[u] > t) >= r), default=p.min()),
        N_("this is the share of complaints among the posts read (precision), not recall."):
            lambda p, u, r: max((t for t in p if u[p >= t].mean() >= r), default=p.max()),
        N_("you sorted upwards: the surest complaints are read first."):
            lambda p, u, r: np.sort(p[u])[int(np.ceil(r * u.sum() - 1e-9)) - 1],
        N_("return the threshold, not the number of posts that are read."):
            lambda p, u, r: (p >= _threshold(p, u, r)).sum(),
    },
    advice=N_("Try every value in p: which share of the complaints has p >= t?"),
)  # fmt: skip

# --- 10.4 ---------------------------------------------------------------------------------------

Bad = list[tuple[int, str]]


def _bad(
    content: str,
    *,
    ends: bool = False,
    counted: str = "lines",
    first: int = 1,
    blank: Callable[[str], bool] = lambda cell: not cell.strip(),
    column: int | None = None,
    label_first: bool = False,
    why: tuple[str, ...] = ("cells", "label"),
) -> Bad:
    reader = csv.reader(io.StringIO(content))
    names = next(reader)
    at = names.index("label") if column is None else column
    begins, bad = reader.line_num + 1, []
    for number, cells in enumerate(reader, start=2):
        line = {"lines": reader.line_num if ends else begins, "rows": number}[counted]
        unlabelled = bool(cells) and at < len(cells) and blank(cells[at])
        if cells and len(cells) != len(names) and not (label_first and unlabelled):
            bad.append((line, "cells"))
        elif unlabelled:
            bad.append((line, "label"))
        begins = reader.line_num + 1
    return [(line - 1 + first, reason) for line, reason in bad if reason in why]


def _split_at_line_breaks(content: str) -> Bad:
    rows = [line.split(",") for line in content.splitlines()]
    at, bad = rows[0].index("label"), []
    for line, cells in enumerate(rows[1:], start=2):
        if cells != [""] and len(cells) != len(rows[0]):
            bad.append((line, "cells"))
        elif cells != [""] and not cells[at].strip():
            bad.append((line, "label"))
    return bad


def _files(rng: np.random.Generator) -> Iterator[Case]:
    """Files with every kind of row: two lines, quoted commas, too many cells, no label, both."""
    texts = ["good", "two\nlines", "bad, really", 'he said ""fine""', "很好", "three\nlong\nlines"]
    for trial in range(4):
        names = rng.permutation(["text", "image", "label", "author"]).tolist()
        if trial == 0:  # whoever reads the last column as the label finds every row blank
            names = [*(name for name in names if name != "author"), "author"]
        kinds = ["fine", "many", "few", "blank", "spaces", "empty"] * 2
        kinds = rng.permutation([*kinds, "many, blank"]).tolist()
        out = [",".join(names), *_row(rng, names, texts[1], "fine")]
        for kind in [*kinds, "blank"]:
            out += _row(rng, names, texts[rng.integers(6)], kind)
        yield Case("\n".join(out) + "\n")


def _row(rng: np.random.Generator, names: list[str], words: str, kind: str) -> list[str]:
    labels = {"blank": "", "many, blank": "", "spaces": "  "}
    label = labels.get(kind, str(rng.choice(["+", "-"])))
    cells = {"text": f'"{words}"', "image": f"{rng.integers(99)}.png", "label": label, "author": ""}
    row = [cells[name] for name in names]
    row = [*row, "more"] if kind.startswith("many") else row[:-1] if kind == "few" else row
    return ["" if kind == "empty" else ",".join(row)]


def _pairs(value: Any, right: Any) -> Bad:
    try:
        return [(int(line), str(why)) for line, why in value]
    except Exception:  # whatever an answer may hold
        raise Hint(_("return a list of pairs (line, why), such as (3, 'label').")) from None


exercise(
    "10.4",
    "a function (content) that returns the list of (line, why) of the bad rows, why being 'cells' "
    "or 'label'; cells may be quoted and hold line breaks, empty lines count as lines only",
    solve=_bad,
    cases=_files,
    read=_pairs,
    slips={
        N_("this is the line in which a row *ends*; where does it begin?"):
            lambda c: _bad(c, ends=True),
        N_("you count rows; cells in quotes may have several lines, and empty lines count."):
            lambda c: _bad(c, counted="rows"),
        N_("the first line of the file is 1, not 0."): lambda c: _bad(c, first=0),
        N_("the header is a line, too."): lambda c: _bad(c, first=0, counted="rows"),
        N_("spaces are a blank label, too."):
            lambda c: _bad(c, blank=lambda cell: cell == ""),
        N_("rows with too many or too few cells are bad, too."): lambda c: _bad(c, why=("label",)),
        N_("rows without a label are bad, too."): lambda c: _bad(c, why=("cells",)),
        N_("count the cells first: where there are too many or too few, the reason is 'cells'."):
            lambda c: _bad(c, label_first=True),
        N_("a line break or a comma inside quotes is part of the cell: let `csv` read."):
            _split_at_line_breaks,
        N_("the label need not be the last column: look it up in the first line."):
            lambda c: _bad(c, column=-1),
        N_("return them in the order of the file."): lambda c: _bad(c)[::-1],
    },
    advice=N_("Keep in mind where the row before ended: `reader.line_num`."),
)  # fmt: skip
