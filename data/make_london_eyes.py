"""Find the eyes in the smiling photographs of the London set; write data/london_eyes.csv.

From the project's folder, once the photographs are there (``mmtutor data fetch london_faces``)::

    python data/make_london_eyes.py

The neutral photographs come with landmarks made by hand, the smiling ones do not. Their eyes are
found by cascaded regression (Xiong and De la Torre, Supervised descent method and its applications
to face alignment, CVPR 2013): from a guess, cut out a patch, predict from its gradients how far the
guess is off, correct it, and again. The regressors learn on the neutral photographs of *other*
people (six folds), so nothing of a person's neutral photograph helps to align the smiling one:
otherwise recognising the one by the other would be made too easy.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mmtutor.datasets import remote
from mmtutor.datasets._london import EYES, in_reduced, read_landmarks, read_reduced, similarity

_PART = 4  # the photographs are read at a quarter of their size
_PATCH = 64  # pixels; the regressors' cut-out
_CELL = 4  # pixels; gradients are summed over cells of this side
_ORIENTATIONS = 8
# Deviations of the guesses a stage learns from: shift of the middle (in eye distances), logarithm
# of the scale, angle (radians). Each stage starts from smaller errors than the one before.
_STAGES = ((0.30, 0.12, 0.06), (0.10, 0.06, 0.04), (0.04, 0.03, 0.02))
_GUESSES = 12  # learnt from, a person and stage
_STARTS = 9  # the median over as many starts is the answer
_RIDGE = 10.0
_N_FOLDS = 6


def table() -> pd.DataFrame:
    """Return the eyes of the smiling photographs, in pixels, one row a person."""
    folder = remote.fetch_files("london_faces")
    neutral = sorted(folder.glob("inst/neutral_front/*_03.jpg"))
    people = [path.stem.removesuffix("_03") for path in neutral]
    smiling = [folder / f"inst/smiling_front/{person}_08.jpg" for person in people]
    marked = np.array([read_landmarks(path.with_suffix(".tem"))[:2] for path in neutral])
    found = find_eyes(
        [read_reduced(path, _PART) for path in neutral],
        in_reduced(marked, _PART),
        [read_reduced(path, _PART) for path in smiling],
    )
    found = (found + 0.5) * _PART - 0.5
    columns = ["left_x", "left_y", "right_x", "right_y"]
    index = pd.Index(people, name="person")
    return pd.DataFrame(found.reshape(-1, 4), columns=columns, index=index).round(9)


def find_eyes(
    known: list[NDArray], eyes: NDArray, unknown: list[NDArray], seed: int = 0
) -> NDArray[np.float64]:
    """Find the eyes in picture i of `unknown`, learning from the pictures `known`, i's fold apart.

    Parameters
    ----------
    known, unknown : lists of n_people grey images
        Pictures of the same people in the same order; only the first have known eyes.
    eyes : ndarray of shape (n_people, 2, 2)
        Left and right eye, (x, y) in pixels.
    seed : int
        Of the guesses.

    Returns
    -------
    ndarray of shape (n_people, 2, 2)
    """
    rng = np.random.default_rng(seed)
    fold = np.arange(len(known)) % _N_FOLDS
    owner = np.repeat(np.arange(len(known)), _GUESSES)
    examples = []
    for stage in _STAGES:
        guesses = [_disturb(eyes[person], rng, *stage) for person in owner]
        X = np.array([_gradients(known[p], guess) for p, guess in zip(owner, guesses, strict=True)])
        Y = np.array(
            [
                (_transform(_onto_patch(guess), eyes[p]) - EYES * _PATCH).ravel()
                for p, guess in zip(owner, guesses, strict=True)
            ]
        )
        examples.append((X, Y))
    found = np.empty((len(unknown), 2, 2))
    for k in range(_N_FOLDS):
        cascade = [_ridge(X[fold[owner] != k], Y[fold[owner] != k]) for X, Y in examples]
        usual = eyes[fold != k].mean(axis=0)
        for person in np.flatnonzero(fold == k):
            starts = [usual] + [_disturb(usual, rng, 0.25, 0.08, 0.04) for _ in range(_STARTS - 1)]
            ends = [_descend(cascade, unknown[person], start) for start in starts]
            found[person] = np.median(ends, axis=0)
    return found


def _disturb(eyes, rng, shift: float, log_scale: float, angle: float) -> NDArray[np.float64]:
    middle, across = eyes.mean(axis=0), complex(*(eyes[1] - eyes[0]))
    half = across / 2 * np.exp(rng.normal(0, log_scale) + 1j * rng.normal(0, angle))
    middle = middle + rng.normal(0, shift * abs(across), 2)
    return middle + np.outer([-1, 1], [half.real, half.imag])


def _transform(matrix: NDArray, points: NDArray) -> NDArray[np.float64]:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _onto_patch(eyes: NDArray) -> NDArray[np.float64]:
    return similarity(eyes, EYES * _PATCH)


def _gradients(image: NDArray, eyes: NDArray) -> NDArray[np.float32]:
    """Return histograms of gradient orientation over the cells of the patch around `eyes`."""
    patch = cv2.warpAffine(
        image, _onto_patch(eyes), (_PATCH, _PATCH), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    dx, dy = cv2.Sobel(patch, -1, 1, 0), cv2.Sobel(patch, -1, 0, 1)
    strength = np.hypot(dx, dy)
    turn = np.arctan2(dy, dx) % (2 * np.pi) * (_ORIENTATIONS / (2 * np.pi))
    low = np.floor(turn).astype(int) % _ORIENTATIONS
    share = (turn - np.floor(turn)).astype(np.float32)
    layers = np.zeros((_ORIENTATIONS, _PATCH, _PATCH), np.float32)
    rows, columns = np.indices(patch.shape)
    layers[low, rows, columns] += strength * (1 - share)
    layers[(low + 1) % _ORIENTATIONS, rows, columns] += strength * share
    n = _PATCH // _CELL
    cells = layers.reshape(_ORIENTATIONS, n, _CELL, n, _CELL).sum(axis=(2, 4))
    # Relative to the cell's own strength, with a floor for flat skin; the root evens out the rest.
    floor = strength.mean() * _CELL**2 + 1e-6
    cells /= np.sqrt((cells**2).mean(axis=0) + floor**2)
    return np.sqrt(cells).ravel()


def _ridge(X: NDArray, Y: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    x, y = X.mean(axis=0), Y.mean(axis=0)
    centred = X - x
    gram = centred @ centred.T  # fewer samples than features: solve in the samples
    gram[np.diag_indices_from(gram)] += _RIDGE
    return x, y, centred.T @ np.linalg.solve(gram, Y - y)


def _descend(cascade: list, image: NDArray, eyes: NDArray) -> NDArray[np.float64]:
    for x, y, slope in cascade:
        off = ((_gradients(image, eyes) - x) @ slope + y).reshape(2, 2)
        back = cv2.invertAffineTransform(_onto_patch(eyes))
        eyes = _transform(back, EYES * _PATCH + off)
    return eyes


if __name__ == "__main__":
    table().to_csv(Path(__file__).with_name("london_eyes.csv"), lineterminator="\n")
