"""Checkers of chapter 02, images: a cell with shared votes, RootSIFT, matches, VLAD."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial.distance import cdist

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise
from mmtutor.exercises._scaling import share, unit

# --- 02.1 votes shared between two bins ---------------------------------------------------------


def _cell(
    x: np.ndarray,
    y: np.ndarray,
    bins: int,
    turn: Callable = lambda radians: np.degrees(radians) % 180,
    magnitude: Callable = np.hypot,
    top: float = 180,
    middle: float = 0.5,
    near: Callable = lambda away: np.maximum(1 - away, 0),
    ring: bool = True,
) -> np.ndarray:
    """Each vote times `near` of how many bins away the middle of a bin is."""
    angles = turn(np.arctan2(y, x)).ravel() * bins / top
    away = np.abs(angles - (np.arange(bins) + middle)[:, None])
    if ring:
        away = np.minimum(away, bins - away)
    return near(away) @ magnitude(x, y).ravel()


def _hard(x: np.ndarray, y: np.ndarray, bins: int) -> np.ndarray:
    return _cell(x, y, bins, near=lambda away: away < 0.5)


def _clamped(x: np.ndarray, y: np.ndarray, bins: int) -> np.ndarray:
    """What is beyond the last middle goes to the last bin alone, and so at the other end."""
    ends = (0.5 * 180 / bins, 180 - 0.5 * 180 / bins)
    return _cell(x, y, bins, turn=lambda r: np.clip(np.degrees(r) % 180, *ends))


def _gradients(rng: np.random.Generator) -> Iterator[Case]:
    for bins in (4, 6, 9, 9, 12):
        yield Case(*rng.normal(size=(2, 8, 8)) * 20, bins)
    yield Case(np.zeros((8, 8)), np.zeros((8, 8)), 9, hint=_("a blank cell gives zeros."))


exercise(
    "02.1",
    "a function shared_histogram(along_x, along_y, bins) returning shape (bins,); a blank cell "
    "gives zeros",
    solve=_cell,
    cases=_gradients,
    slips={
        N_("each vote still goes to one bin: share it between the two nearest middles."): _hard,
        N_("the first and the last bin are neighbours: 179 degrees is near 1 degree."): (
            _clamped,
            lambda *given: _cell(*given, ring=False),
        ),
        N_("the shares are swapped: the nearer middle gets more."):
            lambda *given: _cell(*given, near=lambda away: (away < 1) * away),
        N_("the middle of bin k is at k + 0.5 bin widths."): (
            lambda *given: _cell(*given, middle=0),
            lambda *given: _cell(*given, middle=1),
        ),
        N_("each vote is split in half; the share falls evenly with the distance."):
            lambda *given: _cell(*given, near=lambda away: 0.5 * (away < 1)),
        N_("you counted pixels: each votes with its magnitude."):
            lambda *given: _cell(*given, magnitude=lambda x, y: np.ones(x.shape)),
        N_("your bins go round 360 degrees; opposite directions are one: take modulo 180."):
            lambda *given: _cell(*given, turn=lambda r: np.degrees(r) % 360, top=360),
        N_("negative angles are lost, or in the wrong bin: % 180 turns them by 180 degrees."): (
            lambda *given: _cell(*given, turn=lambda r: np.abs(np.degrees(r))),
            lambda *given: _cell(*given, turn=lambda r: np.clip(np.degrees(r), 0, 180)),
        ),
        N_("your angles are in radians but the bins in degrees."):
            lambda *given: _cell(*given, turn=lambda r: r % np.pi),
        N_("you swapped the arguments: it is arctan2(along_y, along_x)."):
            lambda x, y, bins: _cell(y, x, bins),
        N_("the sum of the votes is wanted, not their mean."): lambda *given: _cell(*given) / 64,
        N_("a cell is not normalised; that comes later, in the block."): (
            lambda *given: share(_cell(*given), axis=0),
            lambda *given: unit(_cell(*given), axis=0),
        ),
        N_("a pixel votes with sqrt(dx**2 + dy**2)."): (
            lambda *given: _cell(*given, magnitude=lambda x, y: x**2 + y**2),
            lambda *given: _cell(*given, magnitude=lambda x, y: abs(x) + abs(y)),
        ),
    },
    advice=N_("A vote d bin widths from the middle of a bin gives it 1 - d of itself, if d < 1."),
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
    advice=N_("Make each row's sum 1, then give each number the form it has in the formula of H."),
)  # fmt: skip

# --- 02.3 matches to trust ----------------------------------------------------------------------


def _pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Descriptors with two in the second picture near them, at distances of every ratio.

    Half of the first picture are second views, so that only one of two is the nearest. Where they
    differ from what they match is a single number, all of them, or their length: metrics disagree.
    """
    n = 25
    for ratio in (0.6, 0.7, 0.8, 0.9):
        centres = rng.gamma(2, 20, size=(n, 128))
        which = np.concatenate([np.arange(n), rng.integers(n, size=n)])
        away = unit(rng.normal(size=(2 * n, 128)))
        away[::3] = np.eye(128)[rng.integers(128, size=len(away[::3]))]
        away[1::3] = unit(centres[which[1::3]])
        far = rng.uniform(50, 200, size=(2 * n, 1))
        tested = rng.uniform(0.45, 0.98, size=(n, 1))
        twins = centres + far[:n] * np.sqrt(1 / tested**2 - 1) * unit(rng.normal(size=(n, 128)))
        A, B = centres[which] + far * away, np.vstack([centres, twins])
        yield Case(rng.permutation(A), rng.permutation(B)[: 2 * n - 3], ratio)


def _trusted(
    A: np.ndarray,
    B: np.ndarray,
    ratio: float,
    metric: str = "euclidean",
    passes: Callable = lambda first, second, ratio: first < ratio * second,
    mutual: bool = True,
) -> np.ndarray:
    D = cdist(A, B, metric)
    nearest, rows = D.argmin(axis=1), np.arange(len(A))
    first, second = np.sort(D, axis=1)[:, :2].T
    good = passes(first, second, ratio)
    if mutual:
        good &= D.argmin(axis=0)[nearest] == rows
    return np.where(good, nearest, -1)


exercise(
    "02.3",
    "a function trusted_matches(first, second, ratio) returning shape (len(first),), integers, "
    "-1 where there is no match",
    solve=_trusted,
    cases=_pictures,
    slips={
        N_("the ratio test is missing."):
            lambda *given: _trusted(*given, passes=lambda first, second, ratio: first >= 0),
        N_("the way back is missing: is it the nearest descriptor of its own match?"):
            lambda *given: _trusted(*given, mutual=False),
        N_("compare distances, not their squares."):
            lambda *given: _trusted(*given, metric="sqeuclidean"),
        N_("the test is turned round: keep a match if the nearest is clearly nearer."):
            lambda *given: _trusted(*given, passes=lambda d1, d2, ratio: d1 >= ratio * d2),
        N_("use the ratio that is given, not always 0.8."):
            lambda A, B, ratio: _trusted(A, B, 0.8),
        N_("mark what has no match with -1; 0 is a descriptor."):
            lambda *given: np.maximum(_trusted(*given), 0),
        N_("give the number of the match, not whether there is one."):
            lambda *given: _trusted(*given) >= 0,
        N_("this is another metric: take the Euclidean distance."): (
            lambda *given: _trusted(*given, metric="cosine"),
            lambda *given: _trusted(*given, metric="cityblock"),
            lambda *given: _trusted(*given, metric="chebyshev"),
        ),
        N_("ask for the ratio on the way there alone, not on the way back."):
            lambda A, B, ratio: _both_ways(A, B, ratio),
        N_("these are the matches of `second` in `first`."):
            lambda A, B, ratio: _trusted(B, A, ratio),
    },
    advice=N_("Keep the nearest one if d1 < ratio * d2 and if each is the other's nearest."),
)  # fmt: skip


def _both_ways(A: np.ndarray, B: np.ndarray, ratio: float) -> np.ndarray:
    there, back = _trusted(A, B, ratio), _trusted(B, A, ratio)
    return np.where((there >= 0) & (back[there] == np.arange(len(A))), there, -1)


# --- 02.4 VLAD ----------------------------------------------------------------------------------


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
