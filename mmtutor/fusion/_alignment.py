"""Projections that give blocks of unequal width the same number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA, TruncatedSVD

_MOST = 256  # columns a block keeps before canonical correlation; more would only fit noise


def principal_axes(Z: Any, k: int) -> np.ndarray:
    """Return the first k axes of one block, shape (n_columns, k), the widest first.

    A dense block is centred first (principal components); a sparse one is taken as it is (latent
    semantic analysis). Signs are fixed by the largest loading.
    """
    # of zeros ARPACK has no start; `count_nonzero` would sort the cells, and so change last digits
    if sparse.issparse(Z) and not Z.data.any():
        return np.eye(Z.shape[1], k)
    if sparse.issparse(Z) and k < min(Z.shape):
        model = TruncatedSVD(k, algorithm="arpack", random_state=0).fit(Z)
    else:  # ARPACK finds fewer than all axes
        Z = Z.toarray() if sparse.issparse(Z) else Z
        model = PCA(min(k, *Z.shape), svd_solver="full").fit(Z)
    return model.components_.T


def generalised_cca(
    blocks: Sequence[np.ndarray], n_components: int, shrinkage: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Find, for any number of blocks, the directions in which they agree most.

    MAXVAR generalised canonical correlation (Kettenring 1971), regularised: whiten each block by
    its shrunken covariance, and take the first eigenvectors of the matrix of covariances *between*
    the whitened blocks. For two blocks these are the canonical directions, and the eigenvalues the
    canonical correlations.

    Parameters
    ----------
    blocks : list of ndarray of shape (n_samples, n_columns)
        Centred, the rows of all blocks belonging together.
    n_components : int
        Number of shared dimensions.
    shrinkage : float
        Between 0 and 1: how far each covariance is drawn towards a multiple of the identity.

    Returns
    -------
    directions : list of ndarray of shape (n_columns, n_components)
        One matrix per block.
    agreement : ndarray of shape (n_components,)
        Mean correlation of the blocks, two by two, along each shared dimension.
    """
    whiteners, white = [], []
    for Z in blocks:
        C = Z.T @ Z / len(Z)
        C = (1 - shrinkage) * C + shrinkage * np.trace(C) / len(C) * np.eye(len(C))
        values, vectors = np.linalg.eigh(C)
        kept = values > values[-1] * 1e-10
        W = vectors[:, kept] / np.sqrt(values[kept])
        whiteners.append(W)
        white.append(Z @ W)
    widths = [W.shape[1] for W in whiteners]
    if sum(widths) < n_components:
        raise ValueError(
            f"n_components={n_components}, but the blocks vary along {sum(widths)} directions in "
            "the rows in which all are present: there is nothing to align"
        )
    owner = np.repeat(np.arange(len(blocks)), widths)
    between = np.hstack(white).T @ np.hstack(white) / len(white[0])
    between[owner[:, None] == owner] = 0  # agreement with itself counts for nothing
    V = np.linalg.eigh(between)[1][:, ::-1][:, :n_components]
    parts = np.split(V, np.cumsum(widths)[:-1])
    directions = [W @ part for W, part in zip(whiteners, parts, strict=True)]
    D = np.vstack(directions)  # of the blocks' own columns: those of W have any sign
    signs = np.sign(D[np.abs(D).argmax(axis=0), np.arange(D.shape[1])])
    directions = [D * signs for D in directions]
    projected = np.stack([Z @ D for Z, D in zip(blocks, directions, strict=True)])
    projected /= np.maximum(np.sqrt((projected**2).mean(axis=1, keepdims=True)), 1e-300)
    total = (projected.sum(axis=0) ** 2).mean(axis=0)  # B variances of 1, and every pair twice
    return directions, (total - len(blocks)) / (len(blocks) * (len(blocks) - 1))
