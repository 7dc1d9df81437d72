"""Chapter 04's checks name the typical mistakes and accept right answers however written."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from mmtutor.exercises import examine


def by_hand(train, test):
    mean, sd = train.mean(axis=0), train.std(axis=0)
    sd = np.where(sd > 0, sd, np.inf) * np.sqrt(train.shape[1])
    return (train - mean) / sd, (test - mean) / sd


def by_sklearn(train, test):
    scaler = StandardScaler().fit(train)
    varies = train.std(axis=0) > 0
    root = np.sqrt(train.shape[1])
    return scaler.transform(train) * varies / root, scaler.transform(test) * varies / root


def scaled(train, test, mean, sd, root=None):
    root = np.sqrt(train.shape[1]) if root is None else root
    return (train - mean) / sd / root, (test - mean) / sd / root


def own(M, root=True):
    return (M - M.mean(0)) / M.std(0) / (np.sqrt(M.shape[1]) if root else 1)


@pytest.mark.parametrize("answer", [by_hand, by_sklearn])
def test_scale_right(answer):
    verdict = examine("04.1", answer)
    assert verdict.passed, verdict.message


def together(train, test):
    both = np.vstack([train, test])
    return scaled(train, test, both.mean(0), both.std(0))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a, b: (own(a), own(b)), "by their own mean"),
        (lambda a, b: (own(a, False), own(b, False)), "by their own mean"),
        (together, "test rows leak"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0), 1), "root of its number of columns"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0), a.shape[1]), "not by the number itself"),
        (lambda a, b: scaled(a, b, a.mean(), a.std()), "each column's own"),
        (lambda a, b: scaled(a, b, a.mean(0), a.var(0)), "its root"),
        (lambda a, b: scaled(a, b, 0, a.std(0)), "both"),
        (lambda a, b: scaled(a, b, a.mean(0), a.std(0)), "constant in training"),
        (lambda a, b: by_hand(a, b)[0], "return two arrays"),
        (lambda a, b: (own(a.T, False).T, own(b.T, False).T), "standardised the rows"),
        (lambda a, b: None, "returns nothing"),
    ],
)
def test_scale_wrong(answer, hint):
    verdict = examine("04.1", answer)
    assert not verdict.passed
    assert hint in verdict.message


def by_svd(train, test, k):
    mean = train.mean(axis=0)
    return (test - mean) @ np.linalg.svd(train - mean, full_matrices=False)[2][:k].T


def by_covariance(train, test, k):
    values, vectors = np.linalg.eigh(np.cov(train.T))
    return -(test - train.mean(0)) @ vectors[:, np.argsort(values)[::-1][:k]]


@pytest.mark.parametrize(
    "answer",
    [by_svd, by_covariance, lambda train, test, k: PCA(k).fit(train).transform(test)],
)
def test_project_right(answer):
    verdict = examine("04.2", answer)
    assert verdict.passed, verdict.message


def vt(M):
    return np.linalg.svd(M, full_matrices=False)[2]


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a, b, k: PCA(k).fit_transform(b), "fit on the training rows"),
        (lambda a, b, k: (b - b.mean(0)) @ vt(a - a.mean(0))[:k].T, "use the training mean"),
        (lambda a, b, k: b @ vt(a - a.mean(0))[:k].T, "centre the test rows too"),
        (lambda a, b, k: b @ vt(a)[:k].T, "did not centre before"),
        (lambda a, b, k: (b - a.mean(0)) @ vt(a - a.mean(0))[:, :k], "transposed"),
        (lambda a, b, k: (b - a.mean(0)) @ vt(a - a.mean(0))[-k:].T, "last axes"),
        (lambda a, b, k: by_svd(a, a, k), "got shape"),
        (lambda a, b, k: b[:, :k], "projection differs"),
    ],
)
def test_project_wrong(answer, hint):
    verdict = examine("04.2", answer)
    assert not verdict.passed
    assert hint in verdict.message


@pytest.mark.parametrize(
    "answer",
    [
        lambda A, B: (A[:, :, None] * B[:, None, :]).reshape(len(A), -1),
        lambda A, B: np.column_stack([a * b for b in B.T for a in A.T]),
        lambda A, B: np.array([np.kron(a, b) for a, b in zip(A, B, strict=True)]),
    ],
)
def test_products_right(answer):
    verdict = examine("04.3", answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda A, B: A * B[:, : A.shape[1]], "only the first columns"),
        (lambda A, B: np.hstack([A, B]), "side by side"),
        (lambda A, B: A.T @ B, "matrix product"),
        (lambda A, B: A[:, :, None] * B[:, None, :], "reshape"),
        (lambda A, B: (A[:, :, None] + B[:, None, :]).reshape(len(A), -1), "you added"),
        (
            lambda A, B: (A[:, :, None] * B[:, None, :]).transpose(1, 2, 0).reshape(len(A), -1),
            "samples got mixed",
        ),
        (lambda A, B: A * B, "stopped with ValueError"),
    ],
)
def test_products_wrong(answer, hint):
    verdict = examine("04.3", answer)
    assert not verdict.passed
    assert hint in verdict.message


def by_qr(A, B):
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


def by_eigenvalues(A, B):
    C = np.cov(A.T, B.T)
    a = A.shape[1]
    M = np.linalg.solve(C[:a, :a], C[:a, a:]) @ np.linalg.solve(C[a:, a:], C[a:, :a])
    return np.sqrt(np.linalg.eigvals(M).real.max())


@pytest.mark.parametrize("answer", [by_qr, by_eigenvalues])
def test_correlation_right(answer):
    verdict = examine("04.4", answer)
    assert verdict.passed, verdict.message


def uncentred(A, B):
    QA, QB = (np.linalg.qr(M)[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


def all_of_them(A, B):
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda A, B: by_qr(A, B) ** 2, "squared"),
        (all_of_them, "one number"),
        (lambda A, B: all_of_them(A, B)[-1], "falling order"),
        (uncentred, "centre both blocks"),
        (
            lambda A, B: np.abs(np.corrcoef(A.T, B.T)[: A.shape[1], A.shape[1] :]).max(),
            "single columns",
        ),
        (
            lambda A, B: abs(
                np.corrcoef(PCA(1).fit_transform(A)[:, 0], PCA(1).fit_transform(B)[:, 0])[0, 1]
            ),
            "own main axis",
        ),
        (lambda A, B: -by_qr(A, B), "positive"),
        (lambda A, B: 0.5, "whiten both blocks"),
    ],
)
def test_correlation_wrong(answer, hint):
    verdict = examine("04.4", answer)
    assert not verdict.passed
    assert hint in verdict.message
