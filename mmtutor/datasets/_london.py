"""Photographs of 102 people, neutral and smiling, cut out so that the eyes lie at fixed places.

The neutral photographs come with landmarks made by hand, the smiling ones do not. Their eyes are
found by cascaded regression: from a guess, cut out a patch, predict from its gradients how far the
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
from sklearn.utils import Bunch

from mmtutor.datasets import remote

__all__ = ["fetch_london_faces"]

# Where the eyes (the left and the right one of the picture) lie in a cut-out of side 1.
EYES = np.array([[0.3125, 0.375], [0.6875, 0.375]])

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


def fetch_london_faces(
    *, size: int = 96, download_if_missing: bool = True, progress: bool = True
) -> Bunch:
    """Load 204 aligned photographs: 102 people, each neutral and smiling.

    Parameters
    ----------
    size : int, default=96
        Side of the square pictures, in pixels; at least 16. The eyes lie 0.375 `size` apart.
    download_if_missing : bool, default=True
        If False, raise where the files are not on this machine.
    progress : bool, default=True
        Show a progress bar while downloading.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (204, 5)
            Columns image (uint8, grey, (size, size)), person (str), expression ("neutral" or
            "smiling"), sex ("F" or "M"), age (years; NaN for two people). First the 102 neutral
            photographs, then the smiling ones in the same order of people.
        target : ndarray of shape (204,), str
            The expression; the task of smiles. For recognition take ``frame["person"]``.
        groups : ndarray of shape (204,), str
            The person: split by it, or a classifier recognises people instead of smiles.
        target_names : list of str
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ValueError
        If `size` is below 16.

    References
    ----------
    DeBruine, L. and Jones, B. (2017). Face Research Lab London Set. figshare.
    Xiong, X. and De la Torre, F. (2013). Supervised descent method and its applications to face
    alignment. CVPR (the cascade that finds the eyes).

    Notes
    -----
    People gave signed consent to the use of their pictures in research. Do not try to find out
    who they are.

    Taught in notebook 15.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("london_faces"):
    ...     faces = fetch_london_faces(size=32)
    ...     assert faces.frame["image"].iloc[0].shape == (32, 32)
    """
    if size < 16:
        raise ValueError(f"size must be at least 16 pixels, got {size}")
    folder = remote.fetch_files(
        "london_faces", progress=progress, download_if_missing=download_if_missing
    )
    info = pd.read_csv(folder / "data-raw/london_info.csv", dtype={"face_id": str})
    info = info.sort_values("face_id", ignore_index=True)
    neutral = [folder / f"inst/neutral_front/{person}_03.jpg" for person in info["face_id"]]
    smiling = [folder / f"inst/smiling_front/{person}_08.jpg" for person in info["face_id"]]
    found = remote.cached_arrays(
        "london-eyes", [*neutral, *smiling], lambda: _find_all_eyes(neutral, smiling)
    )
    cut = remote.cached_arrays(
        f"london-{size}", [*neutral, *smiling], lambda: _cut_all(neutral, smiling, found, size)
    )
    frame = pd.DataFrame(
        {
            "image": pd.Series(list(cut["images"]), dtype=object),
            "person": np.tile(info["face_id"], 2),
            "expression": np.repeat(["neutral", "smiling"], len(info)),
            "sex": np.tile(info["face_gender"].map({"female": "F", "male": "M"}), 2),
            "age": np.tile(info["face_age"].astype(float), 2),
        }
    )
    return Bunch(
        frame=frame,
        target=frame["expression"].to_numpy(dtype=str),
        groups=frame["person"].to_numpy(dtype=str),
        target_names=["neutral", "smiling"],
        DESCR=remote.describe(
            """Front views of 102 adults, neutral and smiling, taken in one session each, so the two
            pictures of a person share light, hair and clothes. Grey, aligned by the eyes: from
            landmarks for the neutral ones, found automatically for the smiling ones. People gave
            signed consent.""",
            "london_faces",
        ),
    )


# -- finding the eyes -------------------------------------------------------------------------


def read_landmarks(path: Path) -> NDArray[np.float64]:
    """Return a Psychomorph template's points, (n_points, 2), in pixels; 0 and 1 are the eyes."""
    lines = path.read_text(encoding="ascii").splitlines()
    return np.array([line.split()[:2] for line in lines[1 : 1 + int(lines[0])]], dtype=float)


def _read_quarter(path: Path) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_4)
    if image is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read; run mmtutor data verify")
    return image


def _find_all_eyes(neutral: list[Path], smiling: list[Path]) -> dict[str, NDArray]:
    """Return the eyes of all photographs, (n, 2, 2), in pixels of the whole photograph."""
    eyes = np.array([read_landmarks(path.with_suffix(".tem"))[:2] for path in neutral])
    small = (eyes + 0.5) / 4 - 0.5  # pixel centres lie at whole numbers at both scales
    found = find_eyes(
        [_read_quarter(p) for p in neutral], small, [_read_quarter(p) for p in smiling]
    )
    return {"neutral": eyes, "smiling": (found + 0.5) * 4 - 0.5}


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


def _similarity(source: NDArray, target: NDArray) -> NDArray[np.float64]:
    """Return the 2x3 matrix of the shift, turn and scale that takes two points to two points."""
    a = complex(*(target[1] - target[0])) / complex(*(source[1] - source[0]))
    b = complex(*target[0]) - a * complex(*source[0])
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _transform(matrix: NDArray, points: NDArray) -> NDArray[np.float64]:
    return points @ matrix[:, :2].T + matrix[:, 2]


def _onto_patch(eyes: NDArray) -> NDArray[np.float64]:
    return _similarity(eyes, EYES * _PATCH)


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


def _cut_all(neutral: list[Path], smiling: list[Path], eyes: dict, size: int) -> dict[str, NDArray]:
    where = [*eyes["neutral"], *eyes["smiling"]]
    # Read at the scale whose eye distance is the next larger: warping does not average pixels.
    distance = np.linalg.norm(np.diff(where, axis=1), axis=2).mean()
    part = next((p for p in (4, 2) if distance / p >= 0.3 * size), 1)
    flag = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}.get(
        part, cv2.IMREAD_REDUCED_GRAYSCALE_4
    )
    images = []
    for path, points in zip([*neutral, *smiling], where, strict=True):
        image = cv2.imdecode(np.fromfile(path, np.uint8), flag)
        matrix = _similarity((points + 0.5) / part - 0.5, EYES * size)
        shrink = distance / part / (0.375 * size)
        if shrink > 1.5:  # small pictures: average before sampling, or fine detail aliases
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrink)
        images.append(cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE))
    return {"images": np.array(images)}
