"""Checkers of chapter 02, images: a HOG cell, RootSIFT, a bag of visual words, VLAD."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mmtutor.course.checking import Hint, as_array, judged


def _recognise(
    answer: np.ndarray, right: np.ndarray, mistakes: Mapping[str, np.ndarray], otherwise: str
) -> None:
    """Raise the hint of the first known mistake that gives the answer, if it is not right."""
    if np.allclose(answer, right, atol=1e-7):
        return
    for hint, wrong in mistakes.items():
        if wrong.shape == answer.shape and np.allclose(answer, wrong, atol=1e-7):
            raise Hint(hint)
    if not np.isfinite(answer).all():
        raise Hint("There are NaN or infinite values in your answer: look for a division by 0.")
    worst = np.abs(answer - right).max()
    raise Hint(f"{otherwise} The largest difference is {worst:.3g}.")


# --- 02.1 one cell of HOG -----------------------------------------------------------------------


def _cell(along_x: np.ndarray, along_y: np.ndarray, bins: int) -> np.ndarray:
    degrees = np.rad2deg(np.arctan2(along_y, along_x)) % 180
    length = np.sqrt(along_x**2 + along_y**2)
    return np.histogram(degrees, bins=bins, range=(0, 180), weights=length)[0]


def _cell_mistakes(x: np.ndarray, y: np.ndarray, bins: int) -> dict[str, np.ndarray]:
    radians, length = np.arctan2(y, x), np.hypot(x, y)
    degrees = np.rad2deg(radians)

    def histogram(angle: np.ndarray, top: float = 180.0) -> np.ndarray:
        which = np.clip((angle // (top / bins)).astype(int), 0, bins - 1)
        return np.bincount(which.ravel(), weights=length.ravel(), minlength=bins)

    right = _cell(x, y, bins)
    swapped = _cell(y, x, bins)
    return {
        "You counted pixels. Each pixel votes with the length of its gradient: pass weights=.": (
            np.histogram(degrees % 180, bins=bins, range=(0, 180))[0].astype(float)
        ),
        "Your bins go round the full 360 degrees. In HOG a direction and its opposite are one: "
        "take the angle modulo 180.": histogram(degrees % 360, 360.0),
        "Your angles are in radians but the bins in degrees: use np.rad2deg, or bins up to pi.": (
            histogram(radians % 180)
        ),
        "You swapped the arguments: it is arctan2(along_y, along_x), y first.": swapped,
        "You folded the angle by its absolute value, which mirrors -10 degrees to 10. Modulo 180 "
        "makes it 170, the opposite direction.": histogram(np.abs(degrees)),
        "You clipped negative angles instead of turning them by 180 degrees: use % 180.": histogram(
            np.clip(degrees, 0, 180)
        ),
        "You averaged over the pixels. Here the sum of the lengths is wanted.": right / x.size,
        "You divided by the total. A cell is not normalised; that comes later, in the block.": (
            right / max(right.sum(), 1e-12)
        ),
        "You squared the length: a pixel votes with sqrt(dx**2 + dy**2).": np.histogram(
            degrees % 180, bins=bins, range=(0, 180), weights=length**2
        )[0],
    }


@judged("02.1", "a function cell_histogram(along_x, along_y, bins) returning shape (bins,)")
def _check_cell(answer: Callable, rng: np.random.Generator) -> str:
    for bins in (9, 9, 6, 12):
        # No gradient lies on the border of a bin, where rounding could decide either way.
        x, y = rng.normal(size=(2, 8, 8)) * 20
        got = as_array(answer(x.copy(), y.copy(), bins), (bins,), "the histogram")
        _recognise(
            got,
            _cell(x, y, bins),
            _cell_mistakes(x, y, bins),
            "The histogram differs from the reference on a random cell: bin k collects the lengths "
            "of the gradients whose angle lies between k and k + 1 times 180 / bins degrees.",
        )
    blank = as_array(answer(np.zeros((8, 8)), np.zeros((8, 8)), 9), (9,), "the histogram")
    if not np.allclose(blank, 0):
        raise Hint("A cell without any gradient must give zeros; yours gives something else.")
    return "your histogram agrees with the reference on 4 random cells and on a blank one."


# --- 02.2 RootSIFT ------------------------------------------------------------------------------


@judged("02.2", "a function root_sift(descriptors) returning an array of the same shape")
def _check_root(answer: Callable, rng: np.random.Generator) -> str:
    D = rng.integers(0, 180, size=(7, 128)).astype(float)
    original = D.copy()
    got = as_array(answer(D), D.shape, "the result")
    if not np.array_equal(D, original):
        raise Hint("You changed the descriptors you were given: work on a copy (no /= or out=).")
    total = D.sum(axis=1, keepdims=True)
    norm = np.sqrt((D**2).sum(axis=1, keepdims=True))
    roots = np.sqrt(D)
    mistakes = {
        "You divided by the Euclidean norm. RootSIFT divides by the sum (the L1 norm), so that the "
        "row becomes a distribution, and then takes the root.": np.sqrt(D / norm),
        "You normalised over the descriptors (axis 0). Each descriptor, a row, is divided by its "
        "own sum: axis=1 with keepdims=True.": np.sqrt(D / D.sum(axis=0, keepdims=True)),
        "You divided by the sum of all descriptors together. Each row has its own sum: axis=1 with "
        "keepdims=True.": np.sqrt(D / D.sum()),
        "You took the root but did not divide by the sum first.": roots,
        "You divided by the sum; now take the square root of each number.": D / total,
        "You took the root first and divided afterwards: divide by the sum first, then the root.": (
            roots / roots.sum(axis=1, keepdims=True)
        ),
        "You divided the root by the sum: the sum belongs under the root.": roots / total,
    }
    _recognise(got, np.sqrt(D / total), mistakes, "The result differs from sqrt(row / row.sum()).")
    D[2] = 0.0
    with np.errstate(all="ignore"):
        got = as_array(answer(D), D.shape, "the result")
    if not np.isfinite(got).all():
        raise Hint("A descriptor of zeros gives NaN: guard the division, for example with maximum.")
    if not np.allclose(got[2], 0):
        raise Hint("A descriptor of zeros must stay zeros.")
    empty = np.zeros((0, 128))
    as_array(answer(empty), empty.shape, "the result for an image without keypoints")
    return "your rows have length 1, and distances between them are Hellinger distances."


# --- 02.3 a bag of visual words -----------------------------------------------------------------


def _scene(
    rng: np.random.Generator, n: int = 40, k: int = 6, d: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors near a codebook whose words differ in length and whose last word nobody uses."""
    codebook = rng.gamma(1.0, 1.0, size=(k, d)) * np.linspace(0.6, 2.0, k)[:, None]
    which = rng.integers(0, k - 1, size=n)
    return codebook[which] + 0.5 * rng.normal(size=(n, d)), codebook


def _nearest(D: np.ndarray, W: np.ndarray) -> np.ndarray:
    return ((D[:, None, :] - W[None]) ** 2).sum(axis=2).argmin(axis=1)


@judged("02.3", "a function bag(descriptors, codebook) returning shape (n_words,)")
def _check_bag(answer: Callable, rng: np.random.Generator) -> str:
    for _ in range(3):
        D, W = _scene(rng)
        k = len(W)
        value = np.asarray(answer(D.copy(), W.copy()), dtype=float)
        if value.shape == (int(_nearest(D, W).max()) + 1,):
            raise Hint(
                "Words above the highest one that occurs are missing from your histogram: "
                "np.bincount needs minlength=len(codebook)."
            )
        if value.shape == (len(D),):
            raise Hint(
                "You returned one number for each descriptor. Count how often each word is the "
                "nearest: one number for each row of the codebook."
            )
        got = as_array(value, (k,), "the histogram")
        right = np.bincount(_nearest(D, W), minlength=k) / len(D)
        distance = ((D[:, None, :] - W[None]) ** 2).sum(axis=2)

        def frequencies(words: np.ndarray, n_words: int = k) -> np.ndarray:
            return np.bincount(words, minlength=n_words)[:n_words] / len(words)

        mistakes = {
            "These are counts. Divide by the number of descriptors, so that images with many and "
            "with few keypoints can be compared.": right * len(D),
            "You chose the farthest word: use argmin of the distance, not argmax.": frequencies(
                distance.argmax(axis=1)
            ),
            "You chose the word with the largest dot product, which favours long words. The "
            "nearest word has the smallest Euclidean distance.": frequencies(
                (D @ W.T).argmax(axis=1)
            ),
            "You looked for the nearest descriptor of each word. It is the other way round: each "
            "descriptor votes for its nearest word (argmin over the words).": frequencies(
                distance.argmin(axis=0) % k
            ),
            "You brought the histogram to Euclidean length 1. Here it must sum to 1.": (
                right / np.linalg.norm(right)
            ),
        }
        _recognise(got, right, mistakes, "The histogram differs from the reference.")
    with np.errstate(all="ignore"):
        none = as_array(
            answer(np.zeros((0, 128)), W), (k,), "the row of an image without keypoints"
        )
    if not np.array_equal(none, np.zeros(k)):
        raise Hint("An image without keypoints must give zeros, not NaN: do not divide by 0.")
    return "your histogram agrees with the reference on 3 random images and on an empty one."


# --- 02.4 VLAD ----------------------------------------------------------------------------------


@judged("02.4", "a function vlad(descriptors, codebook) returning shape (n_words * 128,)")
def _check_vlad(answer: Callable, rng: np.random.Generator) -> str:
    for _ in range(3):
        D, W = _scene(rng)
        k, d = W.shape
        words = _nearest(D, W)
        sums = np.array([(D[words == j] - W[j]).sum(axis=0) for j in range(k)])
        counts = np.bincount(words, minlength=k)[:, None]
        means = sums / np.maximum(counts, 1)
        every = D.sum(axis=0) - len(D) * W
        value = np.asarray(answer(D.copy(), W.copy()), dtype=float)
        if value.shape == (k, d):
            raise Hint("Lay the rows of your table end to end: .ravel() gives n_words * 128.")
        got = as_array(value, (k * d,), "the vector")

        def unit(table: np.ndarray) -> np.ndarray:
            flat = table.ravel()
            return flat / np.linalg.norm(flat)

        length = np.linalg.norm(sums, axis=1, keepdims=True)
        by_word = sums / np.maximum(length, 1e-12)
        raw = np.array([D[words == j].sum(axis=0) for j in range(k)])
        mistakes = {
            "The sign is the other way round: a residual is the descriptor minus its word.": (
                unit(-sums)
            ),
            "You averaged the residuals of each word. VLAD sums them.": unit(means),
            "Bring the whole vector to length 1 at the end: divide by its Euclidean norm.": (
                sums.ravel()
            ),
            "You took residuals of every descriptor from every word. Each descriptor counts only "
            "for its nearest word.": unit(every),
            "You normalised each word's residual by itself. Here only the whole vector is brought "
            "to length 1.": by_word.ravel(),
            "You normalised each word's residual first, then the whole. Here only the whole vector "
            "is brought to length 1.": unit(by_word),
            "You summed the descriptors of each word without subtracting the word.": unit(raw),
            "Your vector runs through the 128 dimensions first. Keep the numbers of one word "
            "together: (n_words, 128).ravel().": unit(sums.T),
            "You divided by the sum of absolute values. Divide by the Euclidean norm.": (
                sums.ravel() / np.abs(sums).sum()
            ),
        }
        _recognise(got, unit(sums), mistakes, "The vector differs from the reference.")
    with np.errstate(all="ignore"):
        none = as_array(
            answer(np.zeros((0, 128)), W), (k * d,), "the row of an image without keypoints"
        )
    if not np.array_equal(none, np.zeros(k * d)):
        raise Hint("An image without keypoints must give zeros, not NaN: do not divide by 0.")
    return "your vector agrees with the reference on 3 random images and on an empty one."
