"""Answers to the exercises of chapter 04."""

import numpy as np
import pandas as pd
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

# 04.1


def by_hand(train, test):
    mean, sd = train.mean(axis=0), train.std(axis=0)
    sd = np.where(sd > 0, sd, np.inf) * np.sqrt(train.shape[1])
    return (train - mean) / sd, (test - mean) / sd


def by_sklearn(train, test):
    scaler = StandardScaler().fit(train)
    varies = train.std(axis=0) > 0
    root = np.sqrt(train.shape[1])
    return scaler.transform(train) * varies / root, scaler.transform(test) * varies / root


def by_columns(train, test):
    out = [np.zeros(train.shape), np.zeros(test.shape)]
    for j in range(train.shape[1]):
        mean, sd = np.mean(train[:, j]), np.std(train[:, j], ddof=1)
        if sd > 1e-12:
            for new, old in zip(out, (train, test), strict=True):
                new[:, j] = (old[:, j] - mean) / sd / train.shape[1] ** 0.5
    return out


def by_nan(train, test):
    scaled = [(x - train.mean(0)) / train.std(0) / np.sqrt(train.shape[1]) for x in (train, test)]
    return tuple(np.nan_to_num(x * (train.std(0) > 0)).astype(np.float32) for x in scaled)


def in_float32(train, test):
    train, test = train.astype(np.float32), test.astype(np.float32)
    sd = train.std(axis=0)
    sd[sd < 1e-4] = np.inf
    mean = train.mean(axis=0)
    return [(x - mean) / sd / np.float32(train.shape[1]) ** 0.5 for x in (train, test)]


def scaled(train, test, mean, sd, root=None):
    root = np.sqrt(train.shape[1]) if root is None else root
    return (train - mean) / sd / root, (test - mean) / sd / root


def own(M, root=True):
    return (M - M.mean(0)) / M.std(0) / (np.sqrt(M.shape[1]) if root else 1)


def together(train, test):
    both = np.vstack([train, test])
    return scaled(train, test, both.mean(0), both.std(0))


def own_zeros(train, test):
    """Zero where the test column is constant, not where the training column is."""
    a, b = scaled(train, test, train.mean(0), np.maximum(train.std(0), 1e-300))
    return a, np.where(test.std(0) > 0, b, 0)


def in_place(train, test):
    test -= train.mean(axis=0)
    return by_hand(train, test)


# 04.2


def by_svd(train, test, k):
    mean = train.mean(axis=0)
    return (test - mean) @ np.linalg.svd(train - mean, full_matrices=False)[2][:k].T


def by_covariance(train, test, k):
    values, vectors = np.linalg.eigh(np.cov(train.T))
    return -(test - train.mean(0)) @ vectors[:, np.argsort(values)[::-1][:k]]


def by_power(train, test, k):
    """Power iteration, one axis after the other."""
    mean, axes = train.mean(axis=0), []
    S = (train - mean).T @ (train - mean)
    for _ in range(k):
        v = np.ones(len(S))
        for _ in range(300):
            v = S @ v
            v /= np.linalg.norm(v)
        axes.append(v)
        S = S - (v @ S @ v) * np.outer(v, v)
    return (test - mean) @ np.array(axes).T


def vt(M):
    return np.linalg.svd(M, full_matrices=False)[2]


# 04.4


def within(M, authors):
    return M - pd.DataFrame(M).groupby(authors).transform("mean").to_numpy()


def directions(A, B):
    (QA, RA), (QB, RB) = np.linalg.qr(A), np.linalg.qr(B)
    U, _, Vt = np.linalg.svd(QA.T @ QB)
    return np.linalg.solve(RA, U[:, 0]), np.linalg.solve(RB, Vt[0])


def correlate(A, B, pair):
    return np.corrcoef(A @ pair[0], B @ pair[1])[0, 1]


def by_qr(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    return correlate(A[is_new], B[is_new], directions(A[~is_new], B[~is_new]))


def by_whitening(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    Caa, Cbb = A[~is_new].T @ A[~is_new], B[~is_new].T @ B[~is_new]
    Cab = A[~is_new].T @ B[~is_new]
    values, vectors = np.linalg.eig(np.linalg.solve(Caa, Cab) @ np.linalg.solve(Cbb, Cab.T))
    a = np.real(vectors[:, np.argmax(np.real(values))])
    b = np.linalg.solve(Cbb, Cab.T @ a)
    return correlate(A[is_new], B[is_new], (a, b))


def by_sklearn_cca(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    cca = CCA(1, max_iter=500, tol=1e-9).fit(A[~is_new], B[~is_new])
    a, b = cca.transform(A[is_new], B[is_new])
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def by_author(A, B, authors, is_new):
    A, B = A.copy(), B.copy()
    for name in set(authors.tolist()):
        for M in (A, B):
            M[authors == name] -= M[authors == name].mean(axis=0)
    return float(by_qr(A, B, authors, is_new))


def by_svd_of_each(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    (_, s, V), (_, t, W) = (np.linalg.svd(M[~is_new], full_matrices=False) for M in (A, B))
    a, b = V.T / s, W.T / t
    U, _, Vt = np.linalg.svd((A[~is_new] @ a).T @ (B[~is_new] @ b))
    return np.array([correlate(A[is_new] @ a, B[is_new] @ b, (U[:, 0], Vt[0]))])


def unlike(fit, look, centre=(True, True)):
    def answer(A, B, authors, is_new):
        freed = [within(A, authors), within(B, authors)]
        known = [M[fit(is_new)] for M in (freed if centre[0] else (A, B))]
        new = [M[look(is_new)] for M in (freed if centre[1] else (A, B))]
        return correlate(*new, directions(*(M - M.mean(axis=0) for M in known)))

    return answer


def old(new):
    return ~new


def fresh(new):
    return new


def everyone(new):
    return new | ~new


def main_axes(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    return correlate(A[is_new], B[is_new], [np.linalg.svd(M[~is_new])[2][0] for M in (A, B)])


def last_direction(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    (QA, RA), (QB, RB) = np.linalg.qr(A[~is_new]), np.linalg.qr(B[~is_new])
    U, s, Vt = np.linalg.svd(QA.T @ QB)
    last = len(s) - 1
    pair = np.linalg.solve(RA, U[:, last]), np.linalg.solve(RB, Vt[last])
    return correlate(A[is_new], B[is_new], pair)


def orthonormal_only(A, B, authors, is_new):
    A, B = within(A, authors), within(B, authors)
    QA, QB = np.linalg.qr(A[~is_new])[0], np.linalg.qr(B[~is_new])[0]
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


def forgets_to_copy(A, B, authors, is_new):
    A -= A.mean(axis=0)
    return by_qr(A, B, authors, is_new)


def global_mean(A, B, authors, is_new):
    A, B = A - A.mean(axis=0), B - B.mean(axis=0)
    return correlate(A[is_new], B[is_new], directions(A[~is_new], B[~is_new]))


RIGHT = {
    "04.1": [by_hand, by_sklearn, by_columns, by_nan, in_float32],
    "04.2": [
        by_svd,
        by_covariance,
        by_power,
        lambda train, test, k: PCA(k).fit(train).transform(test),
        lambda train, test, k: -PCA().fit(train).transform(test)[:, :k].astype(np.float32),
    ],
    "04.3": [
        lambda A, B: (A[:, :, None] * B[:, None, :]).reshape(len(A), -1),
        lambda A, B: np.column_stack([a * b for b in B.T for a in A.T]),
        lambda A, B: np.array([np.kron(a, b) for a, b in zip(A, B, strict=True)]),
        lambda A, B: np.einsum("na,nb->nba", A, B).reshape(len(A), -1)[:, ::-1],
        lambda A, B: [
            np.outer(a, b).ravel() for a, b in zip(A.astype("f4"), B.astype("f4"), strict=True)
        ],
    ],
    "04.4": [by_qr, by_whitening, by_sklearn_cca, by_author, by_svd_of_each],
}

WRONG = {
    "04.1": [
        (lambda a, b: (own(a), own(b)), "their own mean"),
        (lambda a, b: (own(a, False), own(b, False)), "their own mean"),
        (together, "test rows leak"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0), 1), "by the root of its number of columns"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0), a.shape[1]), "not by the number itself"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0), len(a) ** 0.5), "not of rows"),
        (lambda a, b: scaled(a, b, a.mean(), a.std()), "of its own"),
        (lambda a, b: scaled(a, b, a.mean(0), a.var(0)), "its root"),
        (lambda a, b: scaled(a, b, 0, a.std(0)), "both"),
        (lambda a, b: scaled(a, b, a.mean(0), 1), "both"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0)), "constant in training"),
        (lambda a, b: scaled(a, b, a.mean(0), np.maximum(a.std(0), 1e-12)), "constant in training"),
        (own_zeros, "constant in training"),
        (lambda a, b: by_hand(a, b)[0], "return 2 things"),
        (lambda a, b: by_hand(a, b)[::-1], "shape"),
        (lambda a, b: (own(a.T, False).T, own(b.T, False).T), "standardised the rows"),
        (lambda a, b: scaled(a, b, a.min(0), np.ptp(a, axis=0)), "It is (x - training mean)"),
        (lambda a, b: scaled(a, b, np.median(a, axis=0), a.std(0)), "It is (x - training mean)"),
        (in_place, "changes its input test"),
    ],
    "04.2": [
        (lambda a, b, k: PCA(k).fit_transform(b), "axes of the test rows"),
        (lambda a, b, k: PCA(k).fit(np.vstack([a, b])).transform(b), "axes of all rows"),
        (lambda a, b, k: (b - b.mean(0)) @ vt(a - a.mean(0))[:k].T, "use the training mean"),
        (lambda a, b, k: b @ vt(a - a.mean(0))[:k].T, "centre the test rows too"),
        (lambda a, b, k: b @ vt(a)[:k].T, "did not centre before"),
        (lambda a, b, k: (b - a.mean(0)) @ vt(a - a.mean(0))[:, :k], "transposed"),
        (lambda a, b, k: (b - a.mean(0)) @ vt(a - a.mean(0))[-k:].T, "last axes"),
        (lambda a, b, k: PCA(k, whiten=True).fit(a).transform(b), "do not scale"),
        (lambda a, b, k: by_svd(a / a.std(0), b / a.std(0), k), "do not scale"),
        (lambda a, b, k: np.abs(by_svd(a, b, k)), "differs most"),
        (lambda a, b, k: by_svd(a, b, k) * np.resize([[1], [-1]], (len(b), 1)), "differs most"),
        (lambda a, b, k: by_svd(a, b, k)[:, ::-1], "differs most"),
        (lambda a, b, k: by_svd(a, b, 5), "shape"),
        (lambda a, b, k: by_svd(a, a, k), "shape"),
        (lambda a, b, k: by_svd(a, b, k) @ vt(a - a.mean(0))[:k], "shape"),
        (lambda a, b, k: b[:, :k], "differs most"),
        (
            lambda a, b, k: np.linalg.svd(b - a.mean(0), full_matrices=False)[0][:, :k],
            "differs most",
        ),
        (lambda a, b, k: by_svd(a, b.__isub__(1.0), k), "changes its input b"),
    ],
    "04.3": [
        (lambda A, B: A * B[:, : A.shape[1]], "only the first columns"),
        (lambda A, B: np.hstack([A, B]), "side by side"),
        (lambda A, B: A.T @ B, "matrix product"),
        (lambda A, B: A[:, :, None] * B[:, None, :], "reshape"),
        (lambda A, B: (A[:, :, None] + B[:, None, :]).reshape(len(A), -1), "you added"),
        (lambda A, B: np.einsum("na,nb->abn", A, B).reshape(len(A), -1), "samples got mixed"),
        (
            lambda A, B: np.sort(np.einsum("na,nb->nab", A, B).reshape(len(A), -1)),
            "A[:, i] * B[:, j]",
        ),
        (lambda A, B: np.einsum("na,nb->nab", A[::-1], B).reshape(len(A), -1), "A[:, i] * B[:, j]"),
        (lambda A, B: np.einsum("na,nb->nab", A, B).reshape(len(A), -1)[::-1], "A[:, i] * B[:, j]"),
        (lambda A, B: np.abs(np.einsum("na,nb->nab", A, B)).reshape(len(A), -1), "A[:, i]"),
        (lambda A, B: np.einsum("na,nb->nab", A, B).reshape(-1, len(A)).T, ""),
        (lambda A, B: PolynomialFeatures(2).fit_transform(np.hstack([A, B])), "shape"),
        (lambda A, B: A * B, "stopped with ValueError"),
        (lambda A, B: np.einsum("na,nb->n", A, B), "shape"),
        (lambda A, B: np.repeat(A, B.shape[1], axis=1), "A[:, i] * B[:, j]"),
        (lambda A, B: np.kron(A, B), "shape"),
    ],
    "04.4": [
        (unlike(old, old), "look at the new ones"),
        (orthonormal_only, "look at the new ones"),
        (unlike(fresh, fresh), "use the known ones alone"),
        (unlike(everyone, fresh), "use the known ones alone"),
        (unlike(old, fresh, (False, False)), "before you learn"),
        (global_mean, "average"),
        (unlike(old, fresh, (False, True)), "before you learn"),
        (unlike(old, fresh, (True, False)), "from the new authors' posts, too"),
        (lambda *args: by_qr(*args) ** 2, "squared"),
        (lambda *args: -by_qr(*args), "learn one direction a block"),
        (main_axes, "learn one direction a block"),
        (last_direction, "learn one direction a block"),
        (forgets_to_copy, "changes its input A"),
        (lambda A, B, authors, is_new: within(A, authors), "must be one number"),
    ],
}
