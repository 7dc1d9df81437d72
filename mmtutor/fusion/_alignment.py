"""Projections that give blocks of unequal width the same number of dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA, TruncatedSVD

_MOST = 256  # columns a block keeps before canonical correlation; more would only fit noise


def principal_axes(Z: np.ndarray | sparse.csr_matrix, k: int) -> np.ndarray:
    """Return the first k axes of one block, shape (n_columns, k), the widest first.

    A dense block is centred first (principal components); a sparse one is taken as it is (latent
    semantic analysis). Signs are fixed by the largest loading.
    """
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

    MAXVAR generalised canonical correlation (Kettenring 1971): whiten each block, put the blocks
    side by side, and take the first right singular vectors. For two blocks these are the canonical
    directions, and an eigenvalue 1 + rho belongs to the canonical correlation rho.

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
        Mean correlation between the blocks' whitened projections: 1 if all agree, 0 if they have
        nothing in common. For two blocks without shrinkage, the canonical correlations.
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
    _, s, Vt = np.linalg.svd(np.hstack(white), full_matrices=False)
    V = Vt[:n_components].T
    V *= np.sign(V[np.abs(V).argmax(axis=0), np.arange(V.shape[1])])  # a sign that stays the same
    ends = np.cumsum([W.shape[1] for W in whiteners])[:-1]
    directions = [W @ part for W, part in zip(whiteners, np.split(V, ends), strict=True)]
    eigenvalues = s[:n_components] ** 2 / len(white[0])
    return directions, (eigenvalues - 1) / (len(blocks) - 1)
