"""Checks of chapter 04, fusing features."""

from __future__ import annotations

import numpy as np

from mmtutor.course.checking import Hint, as_array, as_number, judged


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, atol=1e-7))


def _split(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows whose means and deviations differ."""
    scale, shift = rng.uniform(1, 20, d), rng.normal(0, 30, d)
    train = rng.normal(size=(30, d)) * scale + shift
    test = 0.5 * rng.normal(size=(11, d)) * scale + shift + 2 * scale
    return train, test


@judged("04.1", "a function (train, test) that returns the two scaled blocks")
def scale(answer, rng):
    for _ in range(10):
        d = int(rng.integers(3, 9))
        train, test = _split(rng, d)
        got = answer(train.copy(), test.copy())
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Hint("return two arrays: the scaled training block and the scaled test block.")
        a, b = (
            as_array(got[0], train.shape, "the training block"),
            as_array(got[1], test.shape, "the test block"),
        )
        mean, sd, root = train.mean(axis=0), train.std(axis=0), np.sqrt(d)
        right = (train - mean) / sd / root, (test - mean) / sd / root
        both = np.vstack([train, test])
        if _same(b, (test - test.mean(axis=0)) / test.std(axis=0) / root) or _same(
            b, (test - test.mean(axis=0)) / test.std(axis=0)
        ):
            raise Hint(
                "you scaled the test rows by their own mean and deviation: one new sample alone "
                "could not be scaled so. Use the training rows'."
            )
        if any(_same(b, (test - both.mean(0)) / both.std(0) / r) for r in (1, root)):
            raise Hint(
                "you used training and test rows together: the test rows leak. Fit on train."
            )
        if _same(a, right[0] * root):
            raise Hint("divide the block by the root of its number of columns as well.")
        if _same(a, right[0] / root):
            raise Hint("divide by the root of the number of columns, not by the number itself.")
        if any(_same(a, (train - train.mean()) / train.std() / r) for r in (1, root)):
            raise Hint("you used one mean for the whole block: take each column's own, axis=0.")
        row = (train - train.mean(1, keepdims=True)) / train.std(1, keepdims=True)
        if any(_same(a, row / r) for r in (1, root)):
            raise Hint("you standardised the rows (axis 1): columns are features, use axis=0.")
        if _same(a, train / sd / root) or _same(a, (train - mean) / root):
            raise Hint("subtract the training mean, and divide by the training deviation: both.")
        if any(_same(a, (train - mean) / train.var(axis=0) / r) for r in (1, root)):
            raise Hint("you divided by the variance: the standard deviation is its root.")
        loose = train.std(axis=0, ddof=1)
        if _same(a, (train - mean) / loose / root) and _same(b, (test - mean) / loose / root):
            continue  # the sample's deviation is as good
        if not (_same(a, right[0]) and _same(b, right[1])):
            raise Hint("the values differ: (x - training mean) / training sd / sqrt(n_columns).")
    train, test = _split(rng, 4)
    train[:, 2] = 7.0
    a, b = (np.asarray(part, dtype=float) for part in answer(train.copy(), test.copy()))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise Hint("a column that is constant in training gives 0 / 0: make it zero, in both.")
    if np.abs(a[:, 2]).max() > 1e-9 or np.abs(b[:, 2]).max() > 1e-9:
        raise Hint("a column that is constant in training must become zero in the test rows too.")
    return "scaled by what the training rows know, and no block takes over."


@judged("04.2", "a function (train, test, k) that returns an array of shape (n_test, k)")
def project(answer, rng):
    for _ in range(10):
        d, k = int(rng.integers(5, 9)), int(rng.integers(2, 4))
        mix = rng.normal(size=(d, d)) @ np.diag(2.0 ** -np.arange(d)) @ rng.normal(size=(d, d))
        train = rng.normal(size=(40, d)) @ mix + 30 * rng.normal(size=d)
        test = rng.normal(size=(12, d)) @ mix + train.mean(axis=0) + 3 * rng.normal(size=d)
        got = as_array(answer(train.copy(), test.copy(), k), (12, k), "the projected block")

        def axes(M, centre, k=k):
            return np.linalg.svd(M - centre, full_matrices=False)[2][:k].T

        def same(wanted, got=got):
            return _same(np.abs(got), np.abs(wanted))

        m, t = train.mean(axis=0), test.mean(axis=0)
        if same((test - m) @ axes(train, m)):
            continue
        if same((test - t) @ axes(test, t)) or same((test - m) @ axes(test, t)):
            raise Hint("you found the axes of the test rows: fit on the training rows only.")
        if same((test - t) @ axes(train, m)):
            raise Hint("you centred the test rows with their own mean: use the training mean.")
        if same(test @ axes(train, m)):
            raise Hint("centre the test rows too, with the training mean, before projecting.")
        if same(test @ axes(train, 0)) or same((test - m) @ axes(train, 0)):
            raise Hint("you did not centre before the SVD: the first axis then points at the mean.")
        V = np.linalg.svd(train - m, full_matrices=False)[2]
        if same((test - m) @ V[:, :k]):
            raise Hint("np.linalg.svd returns V transposed: the axes are its rows, Vt[:k].T.")
        if same((test - m) @ V[-k:].T) or same((test - m) @ V[::-1][:k].T):
            raise Hint("you took the last axes, in which the block varies least: take the first.")
        raise Hint("the projection differs; compare with sklearn.decomposition.PCA, signs aside.")
    return "it agrees with principal component analysis on 10 random blocks."


@judged("04.3", "a function (A, B) that returns an array of shape (n, a * b)")
def products(answer, rng):
    for _ in range(10):
        n, a, b = int(rng.integers(30, 40)), int(rng.integers(2, 5)), int(rng.integers(5, 8))
        A, B = rng.normal(size=(n, a)), rng.normal(size=(n, b))
        got = answer(A.copy(), B.copy())
        shape = np.shape(got)
        if shape == (n, a, b) or shape == (n, b, a):
            raise Hint("right numbers, but each sample has a matrix: reshape to (n, a * b).")
        if shape == (n, n) or shape == (a, b) or shape == (b, a):
            raise Hint(
                f"a matrix product sums over something ({shape}); no sum here: for each sample, "
                "multiply each column of A with each column of B."
            )
        if shape == (n, a + b):
            raise Hint("these are the blocks side by side: multiply the columns instead.")
        if shape == (n, a):
            raise Hint("only the first columns were paired: every column of A with every one of B.")
        got = as_array(got, (n, a * b), "the block of products")
        right = np.einsum("na,nb->nab", A, B).reshape(n, -1)
        order = [np.lexsort(M[::-1]) for M in (got, right)]
        if _same(got[:, order[0]], right[:, order[1]]):
            continue
        sums = (A[:, :, None] + B[:, None, :]).reshape(n, -1)
        if _same(np.sort(got, axis=1), np.sort(sums, axis=1)):
            raise Hint("you added: only a product can tell whether two signs agree.")
        if _same(np.sort(got.ravel()), np.sort(right.ravel())):
            raise Hint("the numbers are right but samples got mixed: keep axis 0 first throughout.")
        raise Hint("the columns differ from A[:, i] * B[:, j] over all i and j.")
    return "all products are there; a linear classifier behind them solves XOR."


def _mix(rng: np.random.Generator, d: int) -> np.ndarray:
    """A random change of axes that is far from singular: iterative methods must converge, too."""
    turns = [np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(2)]
    return turns[0] @ np.diag(rng.uniform(0.5, 2, d)) @ turns[1]


@judged("04.4", "a function (A, B) that returns the first canonical correlation")
def correlation(answer, rng):
    for rho in (0.9, 0.6, 0.4, 0.95):
        n, a, b = 400, 4, 3
        shared = rng.normal(size=n)
        A, B = rng.normal(size=(n, a)), rng.normal(size=(n, b))
        A[:, 0] = shared
        B[:, 0] = rho * shared + np.sqrt(1 - rho**2) * B[:, 0]
        A[:, 1:] *= 5  # private things are louder than what is shared
        B[:, 1:] *= 5
        A = A @ _mix(rng, a) + 10 * rng.normal(size=a)
        B = B @ _mix(rng, b) + 10 * rng.normal(size=b)
        got = as_number(answer(A.copy(), B.copy()), "the first correlation, the largest,")
        Q = [np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B)]
        all_of_them = np.linalg.svd(Q[0].T @ Q[1], compute_uv=False)
        right = all_of_them[0]
        if abs(abs(got) - right) < 1e-3:
            if got < 0:
                raise Hint("the sign of a direction is free: return the positive correlation.")
            continue
        if abs(got - right**2) < 1e-4:
            raise Hint("this is the correlation squared: an eigenvalue, take its root.")
        if abs(got - all_of_them[-1]) < 1e-4:
            raise Hint("this is the last one: singular values come in falling order.")
        raw = [np.linalg.qr(M)[0] for M in (A, B)]
        if abs(got - np.linalg.svd(raw[0].T @ raw[1], compute_uv=False)[0]) < 1e-4:
            raise Hint("centre both blocks first: a common mean is not a correlation.")
        C = np.corrcoef(A.T, B.T)[:a, a:]
        if abs(got - np.abs(C).max()) < 1e-4 or abs(got - C.max()) < 1e-4:
            raise Hint("this is the best pair of single columns; directions mix columns.")
        first = [np.linalg.svd(M - M.mean(0), full_matrices=False)[0][:, 0] for M in (A, B)]
        if abs(abs(got) - abs(first[0] @ first[1])) < 1e-4:
            raise Hint(
                "each block's own main axis is not the one they share: whiten, then compare."
            )
        raise Hint(
            f"got {got:.3f}, expected {right:.3f}: whiten both blocks, then SVD of Q_A' Q_B."
        )
    return "you found what the two blocks share, hidden under louder things."
