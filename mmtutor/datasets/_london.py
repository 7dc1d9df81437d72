"""Photographs of 102 people, neutral and smiling, cut out so that the eyes lie at fixed places."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import Bunch

from mmtutor._bundled import bundled_path
from mmtutor._ranges import check_ranges, whole
from mmtutor.datasets import remote

__all__ = ["fetch_london_faces"]

# Where the eyes (the left and the right one of the picture) lie in a cut-out of side 1.
EYES = np.array([[0.3125, 0.375], [0.6875, 0.375]])


def fetch_london_faces(
    *, size: int = 96, download_if_missing: bool = True, progress: bool = True
) -> Bunch:
    """Load 204 aligned photographs: 102 people, each neutral and smiling.

    Parameters
    ----------
    size : int, default=96
        Side of the square pictures, in pixels, from 16 to 4096. The eyes lie 0.375 `size` apart.
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

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
            What is told apart.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ValueError
        If `size` is out of its range.

    Notes
    -----
    People gave signed consent to the use of their pictures in research. Do not try to find out
    who they are. The eyes of the neutral photographs are upstream's landmarks; those of the smiling
    ones were found by a program that saw no neutral photograph of the same person
    (data/README.md), or recognising the one by the other would be made too easy.

    Taught in notebook 15.

    References
    ----------
    DeBruine, L. and Jones, B. (2017). Face Research Lab London Set. figshare.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("london_faces"):
    ...     faces = fetch_london_faces(size=32)
    ...     assert faces.frame["image"].iloc[0].shape == (32, 32)
    """
    check_ranges({"size": whole(16, 4096)}, size=size)
    size = int(size)
    folder = remote.fetch_files("london_faces", download_if_missing, progress)
    info = pd.read_csv(folder / "data-raw/london_info.csv", dtype={"face_id": str})
    info = info.sort_values("face_id", ignore_index=True)
    neutral = [folder / f"inst/neutral_front/{person}_03.jpg" for person in info["face_id"]]
    smiling = [folder / f"inst/smiling_front/{person}_08.jpg" for person in info["face_id"]]
    marked = [read_landmarks(path.with_suffix(".tem"))[:2] for path in neutral]
    found = pd.read_csv(bundled_path("london_eyes.csv"), dtype={"person": str}, index_col="person")
    eyes = np.array([*marked, *found.loc[info["face_id"]].to_numpy().reshape(-1, 2, 2)])
    frame = pd.DataFrame(
        {
            "image": pd.Series(cut_out([*neutral, *smiling], eyes, size), dtype=object),
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


def read_landmarks(path: Path) -> NDArray[np.float64]:
    """Return a Psychomorph template's points, (n_points, 2), in pixels; 0 and 1 are the eyes."""
    lines = path.read_text(encoding="ascii").splitlines()
    return np.array([line.split()[:2] for line in lines[1 : 1 + int(lines[0])]], dtype=float)


def similarity(source: NDArray, target: NDArray) -> NDArray[np.float64]:
    """Return the 2x3 matrix of the shift, turn and scale that takes two points to two points."""
    a = complex(*(target[1] - target[0])) / complex(*(source[1] - source[0]))
    b = complex(*target[0]) - a * complex(*source[0])
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def read_reduced(path: Path, part: int) -> np.ndarray:
    """Read a photograph in grey, each side divided by 1, 2 or 4."""
    flags = {
        1: cv2.IMREAD_GRAYSCALE,
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    }
    image = cv2.imdecode(np.fromfile(path, np.uint8), flags[part])
    if image is None:
        raise ValueError(f"{path} is not a picture that OpenCV can read; run mmtutor data verify")
    return image


def in_reduced(points: NDArray, part: int) -> NDArray[np.float64]:
    """Return where points of a photograph lie once it is reduced: pixels have whole middles."""
    return (points + 0.5) / part - 0.5


def cut_out(paths: list[Path], eyes: NDArray, size: int) -> list[np.ndarray]:
    """Cut photographs so that their eyes, (n, 2, 2) in pixels, come to lie at `EYES`."""
    # Read at the scale whose eye distance is the next larger: warping does not average pixels.
    distance = np.linalg.norm(np.diff(eyes, axis=1), axis=2).mean()
    part = next((p for p in (4, 2) if distance / p >= 0.3 * size), 1)
    shrink = distance / part / (0.375 * size)
    images = []
    for path, points in zip(paths, eyes, strict=True):
        image = read_reduced(path, part)
        if shrink > 1.5:  # small pictures: average before sampling, or fine detail aliases
            image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrink)
        matrix = similarity(in_reduced(points, part), EYES * size)
        images.append(cv2.warpAffine(image, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE))
    return images
