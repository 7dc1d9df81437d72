"""Checkers of chapter 02, images: a HOG cell, RootSIFT, a bag of visual words, VLAD."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial.distance import cdist

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise
from mmtutor.exercises._scaling import share, unit

# --- 02.1 one cell of HOG -----------------------------------------------------------------------


def _cell(
    x: np.ndarray,
    y: np.ndarray,
    bins: int,
    turn: Callable = lambda radians: np.degrees(radians) % 180,
    length: Callable = np.hypot,
    top: float = 180,
) -> np.ndarray:
    angles = turn(np.arctan2(y, x))
    return np.histogram(angles, bins=bins, range=(0, top), weights=length(x, y))[0].astype(float)


def _gradients(rng: np.random.Generator) -> Iterator[Case]:
    for bins in (4, 6, 9, 9, 12):  # no gradient lies on the border of a bin
        yield Case(*rng.normal(size=(2, 8, 8)) * 20, bins)
    yield Case(np.zeros((8, 8)), np.zeros((8, 8)), 9, hint=_("a blank cell gives zeros."))


exercise(
    "02.1",
    "a function cell_histogram(along_x, along_y, bins) returning shape (bins,)",
    solve=_cell,
    cases=_gradients,
    slips={
        N_("you counted pixels: each votes with the length of its gradient, weights=."):
            lambda *given: _cell(*given, length=lambda x, y: np.ones(x.shape)),
        N_("your bins go round 360 degrees; opposite directions are one: take modulo 180."):
            lambda *given: _cell(*given, turn=lambda r: np.degrees(r) % 360, top=360),
        N_("negative angles are lost, or in the wrong bin: % 180 turns them by 180 degrees."): (
            lambda *given: _cell(*given, turn=np.degrees),
            lambda *given: _cell(*given, turn=lambda r: np.abs(np.degrees(r))),
            lambda *given: _cell(*given, turn=lambda r: np.clip(np.degrees(r), 0, 180)),
        ),
        N_("your angles are in radians but the bins in degrees."): (
            lambda *given: _cell(*given, turn=lambda r: r % 180),
            lambda *given: _cell(*given, turn=lambda r: r % np.pi),
        ),
        N_("you swapped the arguments: it is arctan2(along_y, along_x)."):
            lambda x, y, bins: _cell(y, x, bins),
        N_("the sum of the lengths is wanted, not their mean."): lambda *given: _cell(*given) / 64,
        N_("a cell is not normalised; that comes later, in the block."): (
            lambda *given: share(_cell(*given), axis=0),
            lambda *given: unit(_cell(*given), axis=0),
        ),
        N_("a pixel votes with sqrt(dx**2 + dy**2)."): (
            lambda *given: _cell(*given, length=lambda x, y: x**2 + y**2),
            lambda *given: _cell(*given, length=lambda x, y: abs(x) + abs(y)),
        ),
    },
    advice=N_("Bin k collects angles from k to k + 1 times 180 / bins degrees."),
)  # fmt: skip

# --- 02.2 RootSIFT ------------------------------------------------------------------------------


def _descriptors(rng: np.random.Generator) -> Iterator[Case]:
    for n in (3, 7, 12):
        D = rng.integers(0, 180, size=(n, 128)).astype(float)
        yield Case(D)
    D[2] = 0
    yield Case(D, hint=_("a descriptor of zeros must stay zeros: guard the division."))


exercise(
    "02.2",
    "a function root_sift(descriptors) returning an array of the same shape; zeros stay zeros",
    solve=lambda D: np.sqrt(share(D)),
    cases=_descriptors,
    slips={
        N_("divide by the sum (the L1 norm), not by the Euclidean norm, and then take the root."):
            lambda D: np.sqrt(unit(D)),
        N_("each descriptor, a row, has its own sum: axis=1 with keepdims=True."): (
            lambda D: np.sqrt(share(D, axis=0)),
            lambda D: np.sqrt(D / D.sum()),
        ),
        N_("you took the root but did not divide by the sum first."): np.sqrt,
        N_("you divided by the sum; now take the square root of each number."): share,
        N_("divide by the sum first, then take the root."): lambda D: share(np.sqrt(D)),
        N_("the sum belongs under the root."): lambda D: np.sqrt(D) / D.sum(axis=1, keepdims=True),
    },
    advice=N_("It is sqrt(row / row.sum())."),
)  # fmt: skip

# --- 02.3 a bag of visual words, and 02.4 VLAD --------------------------------------------------


def _scenes(rng: np.random.Generator) -> Iterator[Case]:
    """Descriptors with two words near them, on which metrics disagree; nobody uses the last word.

    From the first two centres one word is far in a single dimension, the other a little in all: by
    Euclid the second is nearer, by city blocks the first. For the third centre it is the other way
    round, but not by the largest difference; and of the fourth one word is a multiple.
    """
    for n in (25, 40, 55):
        centres = rng.gamma(2, 1, size=(4, 128))
        spikes = np.eye(128)[rng.integers([0, 64, 64], [64, 128, 128])] * [[6], [6], [2.5]]
        near = [*(centres[:3] + spikes), 3 * centres[3]]
        words = rng.permutation([*near, *(centres + 0.3 * rng.normal(size=(4, 128)))])
        W = np.vstack([words, -4 * centres.mean(axis=0)])
        which = rng.choice(4, size=n, p=[0.4, 0.1, 0.3, 0.2])
        yield Case(centres[which] + 0.02 * rng.normal(size=(n, 128)), W)
    yield Case(np.zeros((0, 128)), W, hint=_("no keypoints give zeros: do not divide by 0."))


def _nearest(D: np.ndarray, W: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    return cdist(D, W, metric).argmin(axis=1)


def _bag(words: np.ndarray, W: np.ndarray) -> np.ndarray:
    return np.bincount(words, minlength=len(W)) / max(len(words), 1)


exercise(
    "02.3",
    "a function bag(descriptors, codebook) returning shape (n_words,), zeros if there are no "
    "descriptors",
    solve=lambda D, W: _bag(_nearest(D, W), W),
    cases=_scenes,
    slips={
        N_("np.bincount needs minlength=len(codebook), or words that nobody uses are missing."):
            lambda D, W: np.bincount(_nearest(D, W)) / len(D),
        N_("count how often each word is the nearest: one number for each row of the codebook."):
            _nearest,
        N_("these are counts: divide by the number of descriptors."):
            lambda D, W: len(D) * _bag(_nearest(D, W), W),
        N_("divide by the number of descriptors, not by that of words."):
            lambda D, W: len(D) / len(W) * _bag(_nearest(D, W), W),
        N_("you chose the farthest word: use argmin, not argmax."):
            lambda D, W: _bag(cdist(D, W).argmax(axis=1), W),
        N_("the largest dot product favours long words: take the smallest Euclidean distance."):
            lambda D, W: _bag((D @ W.T).argmax(axis=1), W),
        N_("this is another metric: take the Euclidean distance."): (
            lambda D, W: _bag(_nearest(D, W, "cosine"), W),
            lambda D, W: _bag(_nearest(D, W, "cityblock"), W),
            lambda D, W: _bag(_nearest(D, W, "chebyshev"), W),
        ),
        N_("each descriptor votes for its nearest word, not each word for a descriptor."):
            lambda D, W: _bag(cdist(D, W).argmin(axis=0) % len(W), W),
        N_("bring the sum to 1, not the Euclidean length."):
            lambda D, W: unit(_bag(_nearest(D, W), W), axis=0),
    },
)  # fmt: skip


def _residuals(D: np.ndarray, W: np.ndarray, metric: str = "euclidean") -> np.ndarray:
    """The sum of the residuals of each word, shape (n_words, 128)."""
    votes = np.eye(len(W))[_nearest(D, W, metric)]
    return votes.T @ D - votes.sum(axis=0)[:, None] * W


def _laid_out(table: np.ndarray) -> np.ndarray:
    return unit(table.ravel(), axis=0)


exercise(
    "02.4",
    "a function vlad(descriptors, codebook) returning shape (n_words * 128,), zeros if there are "
    "no descriptors",
    solve=lambda D, W: _laid_out(_residuals(D, W)),
    cases=_scenes,
    slips={
        N_("lay the rows of your table end to end: .ravel() gives n_words * 128."): (
            _residuals,
            lambda D, W: _laid_out(_residuals(D, W)).reshape(W.shape),
        ),
        N_("the sign is turned: a residual is the descriptor minus its word."):
            lambda D, W: -_laid_out(_residuals(D, W)),
        N_("you averaged the residuals of each word: VLAD sums them."):
            lambda D, W: _laid_out(
                _residuals(D, W) / np.bincount(_nearest(D, W), minlength=len(W))[:, None].clip(1)
            ),
        N_("bring the whole vector to Euclidean length 1 at the end."): (
            lambda D, W: _residuals(D, W).ravel(),
            lambda D, W: _residuals(D, W).ravel() / np.abs(_residuals(D, W)).sum(),
        ),
        N_("each descriptor counts only for its nearest word, not for every one."):
            lambda D, W: _laid_out(D.sum(axis=0) - len(D) * W),
        N_("do not normalise each word's residual: only the whole vector gets length 1."): (
            lambda D, W: unit(_residuals(D, W)).ravel(),
            lambda D, W: _laid_out(unit(_residuals(D, W))),
        ),
        N_("subtract the word from each of its descriptors before you add them up."):
            lambda D, W: _laid_out(np.eye(len(W))[_nearest(D, W)].T @ D),
        N_("keep the numbers of one word together: (n_words, 128).ravel()."):
            lambda D, W: _laid_out(_residuals(D, W).T),
        N_("find the nearest word by the Euclidean distance."): (
            lambda D, W: _laid_out(_residuals(D, W, "cosine")),
            lambda D, W: _laid_out(_residuals(D, W, "cityblock")),
        ),
    },
)  # fmt: skip
