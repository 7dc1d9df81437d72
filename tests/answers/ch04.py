"""Answers to the exercises of chapter 04."""

import numpy as np
from scipy.linalg import sqrtm, subspace_angles
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


def by_qr(A, B):
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


def all_of_them(A, B):
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)


def by_eigenvalues(A, B):
    C = np.cov(A.T, B.T)
    a = A.shape[1]
    M = np.linalg.solve(C[:a, :a], C[:a, a:]) @ np.linalg.solve(C[a:, a:], C[a:, :a])
    return np.sqrt(np.linalg.eigvals(M).max())


def by_whitening(A, B):
    A, B = A - A.mean(0), B - B.mean(0)
    WA, WB = (np.linalg.inv(np.real(sqrtm(M.T @ M))) for M in (A, B))
    return np.linalg.norm(WA @ A.T @ B @ WB, 2)


def by_sklearn_cca(A, B):
    a, b = CCA(1, max_iter=2000).fit_transform(A, B)
    return np.corrcoef(a[:, 0], b[:, 0])[0, 1]


def uncentred(A, B):
    QA, QB = (np.linalg.qr(M)[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


def columns(A, B):
    return np.corrcoef(A.T, B.T)[: A.shape[1], A.shape[1] :]


def centred(M):
    return M - M.mean(axis=0)


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
    "04.4": [
        by_qr,
        by_eigenvalues,
        by_whitening,
        by_sklearn_cca,
        lambda A, B: np.cos(subspace_angles(centred(A), centred(B)).min()),
        lambda A, B: by_qr(A.astype(np.float32), B.astype(np.float32)),
    ],
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
        (lambda A, B: by_qr(A, B) ** 2, "squared"),
        (all_of_them, "one number"),
        (lambda A, B: all_of_them(A, B)[-1], "falling order"),
        (lambda A, B: all_of_them(A, B).mean(), "return the first"),
        (lambda A, B: all_of_them(A, B).sum(), "Whiten"),
        (uncentred, "centre both blocks"),
        (lambda A, B: np.abs(columns(A, B)).max(), "single columns"),
        (
            lambda A, B: abs(
                np.corrcoef(PCA(1).fit_transform(A)[:, 0], PCA(1).fit_transform(B)[:, 0])[0, 1]
            ),
            "own main axis",
        ),
        (lambda A, B: -by_qr(A, B), "positive"),
        (lambda A, B: 0.5, "Whiten both blocks"),
        (lambda A, B: np.linalg.norm(centred(A).T @ centred(B), 2) / len(A), "Whiten"),
        (lambda A, B: np.linalg.norm(columns(A, B), 2), "Whiten"),
        (lambda A, B: np.arccos(by_qr(A, B)), "Whiten"),
        (lambda A, B: abs(np.corrcoef(A.sum(1), B.sum(1))[0, 1]), "Whiten"),
        (lambda A, B: all_of_them(A, B)[1], "Whiten"),
        (lambda A, B: by_qr(A.__isub__(A.mean(0)), B), "changes its input A"),
    ],
}
