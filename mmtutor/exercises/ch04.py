"""Checks of chapter 04, fusing features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, as_array, exercise

# --- 04.1 ---------------------------------------------------------------------------------------


def _scaled(
    train: np.ndarray,
    test: np.ndarray,
    mean: Any = None,
    spread: Any = None,
    root: float | None = None,
    ddof: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    mean = train.mean(axis=0) if mean is None else mean
    spread = train.std(axis=0, ddof=ddof) if spread is None else spread
    divisor = np.where(spread == 0, np.inf, spread) * (root or np.sqrt(train.shape[1]))
    return (train - mean) / divisor, (test - mean) / divisor


def _blocks(rng: np.random.Generator) -> Iterator[Case]:
    """Training and test rows whose means and deviations differ."""
    for _trial in range(8):
        d = int(rng.integers(3, 9))
        scale, shift = rng.uniform(1, 20, d), rng.normal(0, 30, d)
        train = rng.normal(size=(30, d)) * scale + shift
        test = 0.5 * rng.normal(size=(11, d)) * scale + shift + 2 * scale
        yield Case(train, test)
    train[:, 2] = 7
    yield Case(train, test, hint=_("a column that is constant in training becomes 0, in both."))


def _by_own(train: np.ndarray, test: np.ndarray, root: float | None = None) -> tuple:
    return _scaled(train, train, root=root)[0], _scaled(test, test, root=root)[0]


def _together(train: np.ndarray, test: np.ndarray, root: float | None = None) -> tuple:
    both = _scaled(np.vstack([train, test]), train, root=root)[0]
    return both[: len(train)], both[len(train) :]


def _by_row(A: np.ndarray, root: float) -> np.ndarray:
    return (A - A.mean(axis=1, keepdims=True)) / A.std(axis=1, keepdims=True) / root


exercise(
    "04.1",
    "a function (train, test) that returns the two scaled blocks; a column that is constant in "
    "training becomes 0",
    solve=(_scaled, lambda a, b: _scaled(a, b, ddof=1)),
    cases=_blocks,
    slips={
        N_("the test rows are scaled by their own mean and deviation: use the training rows'."): (
            _by_own,
            lambda a, b: _by_own(a, b, root=1),
        ),
        N_("you used training and test rows together: the test rows leak. Fit on train."): (
            _together,
            lambda a, b: _together(a, b, root=1),
        ),
        N_("divide the block by the root of its number of columns as well."):
            lambda a, b: _scaled(a, b, root=1),
        N_("divide by the root of the number of columns, not by the number itself."):
            lambda a, b: _scaled(a, b, root=a.shape[1]),
        N_("the root is that of the number of columns, not of rows."):
            lambda a, b: _scaled(a, b, root=np.sqrt(len(a))),
        N_("each column has a mean and a deviation of its own: take them over axis=0."): (
            lambda a, b: _scaled(a, b, a.mean(), a.std()),
            lambda a, b: _scaled(a, b, a.mean(), a.std(), root=1),
        ),
        N_("you standardised the rows (axis 1): columns are features, use axis=0."): (
            lambda a, b: (_by_row(a, 1), _by_row(b, 1)),
            lambda a, b: tuple(_by_row(M, np.sqrt(a.shape[1])) for M in (a, b)),
        ),
        N_("subtract the training mean, and divide by the training deviation: both."): (
            lambda a, b: _scaled(a, b, mean=0),
            lambda a, b: _scaled(a, b, spread=np.ones(a.shape[1])),
        ),
        N_("you divided by the variance: the standard deviation is its root."):
            lambda a, b: _scaled(a, b, spread=a.var(axis=0)),
    },
    advice=N_("It is (x - training mean) / training sd / sqrt(n_columns)."),
)  # fmt: skip

# --- 04.2 ---------------------------------------------------------------------------------------


def _axes(M: np.ndarray, centre: Any = None) -> np.ndarray:
    return np.linalg.svd(M - (M.mean(axis=0) if centre is None else centre), full_matrices=False)[
        2
    ].T


def _project(train: np.ndarray, test: np.ndarray, k: int) -> np.ndarray:
    return (test - train.mean(axis=0)) @ _axes(train)[:, :k]


def _clouds(rng: np.random.Generator) -> Iterator[Case]:
    """Blocks whose axes differ in length by a factor of 1.6, so that they are told apart."""
    for _trial in range(8):
        d, k = int(rng.integers(5, 9)), int(rng.integers(2, 4))
        turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
        mix = 8 * 1.6 ** -np.arange(d)[:, None] * turn
        train = rng.normal(size=(40, d)) @ mix + 20 * rng.normal(size=d)
        test = rng.normal(size=(12, d)) @ mix + train.mean(axis=0) + 3 * rng.normal(size=d)
        yield Case(train, test, k)


def _signs_free(value: Any, right: np.ndarray) -> np.ndarray:
    got = as_array(value, right.shape)
    return got * np.where((got * right).sum(axis=0) < 0, -1, 1)


exercise(
    "04.2",
    "a function (train, test, k) that returns an array of shape (n_test, k)",
    solve=_project,
    cases=_clouds,
    read=_signs_free,
    slips={
        N_("you found the axes of the test rows: fit on the training rows only."): (
            lambda a, b, k: (b - b.mean(0)) @ _axes(b)[:, :k],
            lambda a, b, k: (b - a.mean(0)) @ _axes(b)[:, :k],
        ),
        N_("you found the axes of all rows: fit on the training rows only."): (
            lambda a, b, k: _project(np.vstack([a, b]), b, k),
            lambda a, b, k: (b - a.mean(0)) @ _axes(np.vstack([a, b]))[:, :k],
        ),
        N_("you centred the test rows with their own mean: use the training mean."):
            lambda a, b, k: (b - b.mean(0)) @ _axes(a)[:, :k],
        N_("centre the test rows too, with the training mean, before projecting."):
            lambda a, b, k: b @ _axes(a)[:, :k],
        N_("you did not centre before the SVD: the first axis then points at the mean."): (
            lambda a, b, k: b @ _axes(a, 0)[:, :k],
            lambda a, b, k: (b - a.mean(0)) @ _axes(a, 0)[:, :k],
        ),
        N_("np.linalg.svd returns V transposed: the axes are its rows, Vt[:k].T."):
            lambda a, b, k: (b - a.mean(0)) @ _axes(a).T[:, :k],
        N_("you took the last axes, in which the block varies least: take the first."): (
            lambda a, b, k: (b - a.mean(0)) @ _axes(a)[:, -k:],
            lambda a, b, k: (b - a.mean(0)) @ _axes(a)[:, ::-1][:, :k],
        ),
        N_("do not divide by the standard deviation: centre, but do not scale."): (
            lambda a, b, k: _project(a / a.std(0), b / a.std(0), k),
            lambda a, b, k: _project(a, b, k) / _project(a, a, k).std(0),
            lambda a, b, k: _project(a, b, k) / _project(a, a, k).std(0, ddof=1),
        ),
    },
    advice=N_("Compare with sklearn.decomposition.PCA, signs aside."),
)  # fmt: skip

# --- 04.3 ---------------------------------------------------------------------------------------


def _outer(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    return A[:, :, None] * B[:, None, :]


def _pairs(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(6):
        a, b, n = (int(rng.integers(*span)) for span in ((2, 5), (5, 8), (9, 20)))
        yield Case(rng.normal(size=(n, a)), rng.normal(size=(n, b)))


def _any_order(value: Any, right: np.ndarray) -> np.ndarray:
    got = as_array(value, right.shape)
    return got[:, np.argsort(got[0])] if got.ndim == 2 else got


exercise(
    "04.3",
    "a function (A, B) that returns an array of shape (n, a * b)",
    solve=lambda A, B: _outer(A, B).reshape(len(A), -1),
    cases=_pairs,
    read=_any_order,
    slips={
        N_("right numbers, but each sample has a matrix: reshape to (n, a * b)."): (
            _outer,
            lambda A, B: _outer(B, A),
        ),
        N_("a matrix product sums over the samples: multiply columns within each sample."): (
            lambda A, B: A.T @ B,
            lambda A, B: B.T @ A,
        ),
        N_("these are the blocks side by side: multiply the columns instead."):
            lambda A, B: np.hstack([A, B]),
        N_("only the first columns were paired: every column of A with every one of B."):
            lambda A, B: A * B[:, : A.shape[1]],
        N_("you added: only a product can tell whether two signs agree."):
            lambda A, B: (A[:, :, None] + B[:, None, :]).reshape(len(A), -1),
        N_("the numbers are right but samples got mixed: keep axis 0 first throughout."): (
            lambda A, B: _outer(A, B).transpose(1, 2, 0).reshape(len(A), -1),
            lambda A, B: _outer(A, B).transpose(1, 0, 2).reshape(len(A), -1),
        ),
        N_("these are the products of each block with itself: one factor from each."):
            lambda A, B: np.hstack([_outer(M, M).reshape(len(M), -1) for M in (A, B)]),
    },
    advice=N_("They are A[:, i] * B[:, j] over all i and j."),
)  # fmt: skip

# --- 04.4 ---------------------------------------------------------------------------------------


def _minus_averages(block: np.ndarray, authors: np.ndarray) -> np.ndarray:
    _names, at = np.unique(authors, return_inverse=True)
    belongs = np.eye(at.max() + 1)[at]
    return block - (belongs.T @ block / belongs.sum(axis=0)[:, None])[at]


def _directions(A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (QA, RA), (QB, RB) = (np.linalg.qr(M - M.mean(axis=0)) for M in (A, B))
    U, _s, Vt = np.linalg.svd(QA.T @ QB)
    return np.linalg.solve(RA, U[:, 0]), np.linalg.solve(RB, Vt[0])


def _correlation(A: np.ndarray, B: np.ndarray, pair: tuple[np.ndarray, np.ndarray]) -> float:
    return float(np.corrcoef(A @ pair[0], B @ pair[1])[0, 1])


def _agreement(
    A: np.ndarray,
    B: np.ndarray,
    authors: np.ndarray,
    is_new: np.ndarray,
    within: tuple[bool, bool] = (True, True),
    fit: np.ndarray | None = None,
    look: np.ndarray | None = None,
) -> float:
    """Correlation along the first directions; the options are what can be done wrongly."""
    fit, look = ~is_new if fit is None else fit, is_new if look is None else look

    def part(rows: np.ndarray, centred: bool) -> list[np.ndarray]:
        blocks = [A[rows], B[rows]]
        return [_minus_averages(M, authors[rows]) for M in blocks] if centred else blocks

    (new_A, new_B), (known_A, known_B) = part(look, within[1]), part(fit, within[0])
    return _correlation(new_A, new_B, _directions(known_A, known_B))


def _same_author(rng: np.random.Generator) -> Iterator[Case]:
    """Face and voice share a mood faintly, and loudly the author; some authors are new."""
    for strength in (1.5, 1.0, 2.5, 0.7):
        authors = np.repeat(rng.permutation(30), rng.integers(10, 25, 30))
        n, is_new = len(authors), rng.permutation(30)[authors] < 12
        mood = rng.normal(size=(n, 1))
        person = 3 * rng.normal(size=(30, 1))[authors]
        blocks = []
        for d in (5, 4):
            private = rng.normal(size=(n, d - 2)) + 2 * rng.normal(size=(30, d - 2))[authors]
            noise = rng.normal(size=(n, 2)) * [1, 0.2]
            block = np.hstack([strength * mood + noise[:, :1], person + noise[:, 1:], private])
            turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
            blocks.append(block @ turn + 5 * rng.normal(size=d))
        order = rng.permutation(n)
        yield Case(*(part[order] for part in (*blocks, authors, is_new)))


exercise(
    "04.4",
    "a function (A, B, authors, is_new) that returns a correlation from -1 to 1",
    solve=_agreement,
    cases=_same_author,
    slips={
        N_("this is the correlation on the known authors' posts: look at the new ones."): (
            lambda A, B, g, new: _agreement(A, B, g, new, look=~new)
        ),
        N_("you learned the directions from the new authors too: use the known ones alone."): (
            lambda A, B, g, new: _agreement(A, B, g, new, fit=new),
            lambda A, B, g, new: _agreement(A, B, g, new, fit=new | ~new),
        ),
        N_("the authors' averages are still there: take them away before you learn."): (
            lambda A, B, g, new: _agreement(A, B, g, new, within=(False, False)),
            lambda A, B, g, new: _agreement(A, B, g, new, within=(False, True)),
        ),
        N_("take each author's average away from the new authors' posts, too."): (
            lambda A, B, g, new: _agreement(A, B, g, new, within=(True, False))
        ),
        N_("this is the correlation squared: take its root."): (
            lambda A, B, g, new: _agreement(A, B, g, new) ** 2
        ),
    },
    advice=N_(
        "Take each author's average from each block; learn one direction a block from the known "
        "authors; project the new authors' posts on them, and correlate the two."
    ),
)
