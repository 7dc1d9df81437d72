"""Corruptions of text, images and sound, each with a level.

Conventions
-----------
- ``corruption(cell, level, *, random_state=None)`` returns a corrupted copy; the input is never
  changed, nor are an array's shape and type.
- Level 0 returns the content exactly as it was; level 1 is the worst; what it means is documented.
- With the same `random_state` a higher level hits all that a lower one hit, and more.
- Random draws come from ``numpy.random.default_rng(random_state)``; corruptions without
  randomness accept the parameter and ignore it, so that all can be used alike.

At work there are libraries of many more: nlpaug for text, albumentations for images,
audiomentations for sound. Those here are few, so that each has a level from 0 to 1.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Hashable
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from mmtutor._ranges import ANY_SEED, Range, check_ranges, generator, number
from mmtutor._rows import require_unmasked
from mmtutor._table import WORD, blame, column_of, is_missing

__all__ = [
    "CORRUPTIONS",
    "add_white_noise",
    "blur",
    "corrupt",
    "darken",
    "drop_words",
    "dropouts",
    "occlude",
    "overdrive",
    "pixel_noise",
    "reverberate",
    "typos",
    "white_noise",
]

Seed = int | np.random.Generator | None

RANGES: dict[str, Range] = {
    "level": number("[0, 1]", "a number in [0, 1] (0 changes nothing)"),
    "snr_db": number(
        "[-1000, inf]", "a number of decibels from -1000; white_noise takes a level instead"
    ),
    "random_state": ANY_SEED,  # of `corrupt`
}

# --- text ------------------------------------------------------------------------------------

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(i - 1, 0) : i] + row[i + 1 : i + 2]
    for row in _KEYBOARD
    for i, key in enumerate(row)
}


def typos(text: str, level: float, *, random_state: Seed = None) -> str:
    """Mistype letters: a neighbouring key, a dropped, doubled or swapped letter.

    Parameters
    ----------
    text : str
        What to mistype; letters of any script, of which only a to z have neighbouring keys.
    level : float in [0, 1]
        Probability of each letter to be hit.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    str
        The mistyped text. Digits, spaces and punctuation are never hit first, though a letter may
        swap places with one.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> typos("a wonderful film", 0.2, random_state=1)
    'a eonderfuul film'
    >>> typos("a wonderful film", 0)
    'a wonderful film'
    """
    level = _check_text(text, level)
    rng = generator(random_state)
    chance, kind, side = rng.uniform(size=(3, len(text)))
    typed, i = [], 0
    while i < len(text):
        letter = text[i]
        if chance[i] >= level or not letter.isalpha():
            typed.append(letter)
        else:
            keys = _NEIGHBOURS.get(letter.lower(), "")
            key = keys[int(side[i] * len(keys))] if keys else letter
            key = key.upper() if letter.isupper() else key
            follower = text[i + 1] if i + 1 < len(text) else ""
            typed.append((key, "", letter * 2, follower + letter)[int(kind[i] * 4)])
            i += int(kind[i] * 4) == 3  # the swapped follower has been typed already
        i += 1
    return "".join(typed)


def drop_words(text: str, level: float, *, random_state: Seed = None) -> str:
    """Leave out words; in Chinese, characters.

    Parameters
    ----------
    text : str
        The text.
    level : float in [0, 1]
        Probability of each word to be left out; at 1 nothing remains.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    str
        The words that are left, in order.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> drop_words("not the best film of the year", 0.4, random_state=0)
    'not of the year'
    """
    level = _check_text(text, level)
    rng = generator(random_state)
    return re.sub(WORD, lambda word: word[0] if rng.uniform() >= level else "", text)


# --- images ----------------------------------------------------------------------------------


def blur(image: NDArray[np.uint8], level: float, *, random_state: Seed = None) -> NDArray[np.uint8]:
    """Blur with a Gaussian.

    Parameters
    ----------
    image : uint8 ndarray of shape (height, width) or (height, width, 3)
        The image.
    level : float in [0, 1]
        The deviation as a share of a tenth of the shorter side: at 1, 9.6 pixels for 96.
    random_state : ignored
        There is nothing random here.

    Returns
    -------
    uint8 ndarray of the shape of `image`
        A blurred copy.

    Raises
    ------
    TypeError, ValueError
        If `image` is not such an array, or `level` is outside [0, 1].

    See Also
    --------
    cv2.GaussianBlur : At work: what runs here, with the deviation in pixels.

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> edge = np.repeat(np.uint8([[0, 255]]), 48, axis=1).repeat(96, axis=0)
    >>> edge[0, 44:52].tolist()
    [0, 0, 0, 0, 255, 255, 255, 255]
    >>> blur(edge, 0.2)[0, 44:52].tolist()
    [8, 24, 55, 101, 154, 200, 231, 247]
    """
    image, level = _check_image(image, level)
    sigma = level * min(image.shape[:2]) / 10
    if sigma == 0:
        return image.copy()
    blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return blurred.astype(np.uint8, copy=False)


def pixel_noise(
    image: NDArray[np.uint8], level: float, *, random_state: Seed = None
) -> NDArray[np.uint8]:
    """Add Gaussian noise to every pixel and channel.

    Parameters
    ----------
    image : uint8 ndarray of shape (height, width) or (height, width, 3)
        The image.
    level : float in [0, 1]
        The deviation of the noise as a share of 128 grey values.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    uint8 ndarray of the shape of `image`
        A noisy copy, cut off at 0 and 255.

    Raises
    ------
    TypeError, ValueError
        If `image` is not such an array, or `level` is outside [0, 1].

    See Also
    --------
    skimage.util.random_noise : At work: noise of several kinds, on images from 0 to 1.

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> grey = np.full((100, 100), 128, np.uint8)
    >>> print(f"{pixel_noise(grey, 0.25, random_state=0).std():.0f}")
    32
    """
    image, level = _check_image(image, level)
    noise = generator(random_state).normal(size=image.shape)
    return np.clip(np.rint(image + 128 * level * noise), 0, 255).astype(np.uint8)


def occlude(
    image: NDArray[np.uint8], level: float, *, random_state: Seed = None
) -> NDArray[np.uint8]:
    """Cover a rectangle at a random place with grey.

    Parameters
    ----------
    image : uint8 ndarray of shape (height, width) or (height, width, 3)
        The image.
    level : float in [0, 1]
        Share of the area that is covered; the rectangle has the proportions of the image.
    random_state : int, Generator or None, default=None
        Seed of the place.

    Returns
    -------
    uint8 ndarray of the shape of `image`
        A copy with the rectangle at grey value 128.

    Raises
    ------
    TypeError, ValueError
        If `image` is not such an array, or `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> print(f"{(occlude(np.zeros((96, 96), np.uint8), 0.25, random_state=0) > 0).mean():.2f}")
    0.25
    """
    image, level = _check_image(image, level)
    image = image.copy()
    where = generator(random_state).uniform(size=2)
    frame = np.array(image.shape[:2])
    # The same relative point stays covered at every level, so that the rectangle only grows.
    low = np.rint(where * frame * (1 - np.sqrt(level))).astype(int)
    high = np.rint(low + frame * np.sqrt(level)).astype(int)
    image[low[0] : high[0], low[1] : high[1]] = 128
    return image


def darken(
    image: NDArray[np.uint8], level: float, *, random_state: Seed = None
) -> NDArray[np.uint8]:
    """Take light away.

    Parameters
    ----------
    image : uint8 ndarray of shape (height, width) or (height, width, 3)
        The image.
    level : float in [0, 1]
        Share of the light that is taken: grey values are multiplied by ``1 - level``.
    random_state : ignored
        There is nothing random here.

    Returns
    -------
    uint8 ndarray of the shape of `image`
        A darker copy; rounding to whole grey values is what loses detail.

    Raises
    ------
    TypeError, ValueError
        If `image` is not such an array, or `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> darken(np.uint8([[0, 100, 200]]), 0.5).tolist()
    [[0, 50, 100]]
    """
    image, level = _check_image(image, level)
    return np.rint(image * (1.0 - level)).astype(np.uint8)


# --- sound -----------------------------------------------------------------------------------


def add_white_noise(clip: NDArray, snr_db: float, *, random_state: Seed = None) -> NDArray:
    """Add white noise at a signal-to-noise ratio.

    Parameters
    ----------
    clip : float ndarray of shape (n_samples,)
        The clip, in [-1, 1].
    snr_db : float
        Power of the clip over power of the noise, in dB; ``inf`` adds nothing.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    ndarray of the shape and type of `clip`
        A noisy copy, cut off at -1 and 1. Silence has no power and stays silence.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not such an array, or `snr_db` is NaN.

    See Also
    --------
    white_noise : With a level from 0 to 1 instead of decibels.

    Notes
    -----
    Taught in notebook 15.

    Examples
    --------
    >>> tone = 0.1 * np.sin(np.arange(16000) / 5).astype(np.float32)
    >>> noise = add_white_noise(tone, 6, random_state=0) - tone
    >>> print(f"{10 * np.log10(np.mean(tone**2) / np.mean(noise**2)):.1f} dB")
    6.0 dB
    """
    clip, _ = _check_clip(clip, 0)
    check_ranges(RANGES, snr_db=snr_db)
    noise = generator(random_state).normal(size=clip.shape)
    amplitude = np.sqrt(np.mean(clip.astype(float) ** 2)) * 10 ** (-float(snr_db) / 20)
    if amplitude == 0:
        return clip.copy()
    return np.clip(clip + amplitude * noise / (noise.std() or 1.0), -1, 1).astype(clip.dtype)


def white_noise(clip: NDArray, level: float, *, random_state: Seed = None) -> NDArray:
    """Add white noise whose amplitude grows with the level.

    Parameters
    ----------
    clip : float ndarray of shape (n_samples,)
        The clip, in [-1, 1].
    level : float in [0, 1]
        Amplitude of the noise as a share of sqrt(10) times that of the clip. The signal-to-noise
        ratio is ``-10 - 20 log10(level)`` dB: 10 dB at 0.1, -4 dB at 0.5, -10 dB at 1.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    ndarray of the shape and type of `clip`
        A noisy copy, cut off at -1 and 1.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not such an array, or `level` is outside [0, 1].

    See Also
    --------
    add_white_noise : With decibels instead of a level.

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> tone = 0.1 * np.sin(np.arange(16000) / 5).astype(np.float32)
    >>> noise = white_noise(tone, 0.1, random_state=0) - tone
    >>> print(f"{10 * np.log10(np.mean(tone**2) / np.mean(noise**2)):.1f} dB")
    10.0 dB
    """
    clip, level = _check_clip(clip, level)
    snr_db = np.inf if level == 0 else -10 - 20 * np.log10(level)
    return add_white_noise(clip, snr_db, random_state=random_state)


def dropouts(clip: NDArray, level: float, *, random_state: Seed = None) -> NDArray:
    """Silence blocks of 320 samples (20 ms at 16 kHz), as a bad connection does.

    Parameters
    ----------
    clip : float ndarray of shape (n_samples,)
        The clip, in [-1, 1].
    level : float in [0, 1]
        Probability of each block to be lost; at 1 nothing is heard.
    random_state : int, Generator or None, default=None
        Seed of the draws.

    Returns
    -------
    ndarray of the shape and type of `clip`
        A copy with zeros in the lost blocks.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not such an array, or `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> heard = dropouts(np.ones(3200, np.float32), 0.5, random_state=0)
    >>> heard[::320].tolist()
    [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    clip, level = _check_clip(clip, level)
    clip = clip.copy()
    block = np.arange(len(clip)) // 320
    lost = generator(random_state).uniform(size=block[-1] + 1) < level
    clip[lost[block]] = 0
    return clip


def overdrive(clip: NDArray, level: float, *, random_state: Seed = None) -> NDArray:
    """Clip the peaks, as a microphone turned up too far does.

    Parameters
    ----------
    clip : float ndarray of shape (n_samples,)
        The clip, in [-1, 1].
    level : float in [0, 1]
        The gain as a share of 40 dB. What rises above the clip's own peak is cut off.
    random_state : ignored
        There is nothing random here.

    Returns
    -------
    ndarray of the shape and type of `clip`
        A distorted copy with the same peak.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not such an array, or `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> overdrive(np.array([0.0, 0.01, 0.1, -0.5]), 0.5).round(2).tolist()
    [0.0, 0.1, 0.5, -0.5]
    """
    clip, level = _check_clip(clip, level)
    peak = np.abs(clip).max()
    return np.clip(clip * 10 ** (40 * level / 20), -peak, peak).astype(clip.dtype)


def reverberate(clip: NDArray, level: float, *, random_state: Seed = None) -> NDArray:
    """Add the echo of a room.

    Parameters
    ----------
    clip : float ndarray of shape (n_samples,)
        The clip, in [-1, 1].
    level : float in [0, 1]
        Share of the echo, as loud as the clip: ``(1 - level) * clip + level * echo``. At 0.5 direct
        sound and echo are equally loud; at 1 the speaker stands behind a wall.
    random_state : int, Generator or None, default=None
        Seed of the room.

    Returns
    -------
    ndarray of the shape and type of `clip`
        A copy with echo, cut off at -1 and 1; what sounds on after the end is lost.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not such an array, or `level` is outside [0, 1].

    Notes
    -----
    Taught in notebook 12. The room is noise that dies away by 60 dB in 8000 samples (0.5 s at 16
    kHz), a common model of what comes after the first reflections (Moorer 1979). Not for testing a
    device that is to stand in one known room: measure that room's impulse response.

    References
    ----------
    J. A. Moorer. "About this reverberation business." Computer Music Journal 3(2), 13-28, 1979.

    Examples
    --------
    >>> click = np.zeros(8000)
    >>> click[0] = 0.5
    >>> wet = reverberate(click, 0.5, random_state=0)
    >>> early, late = np.sum(wet[1:2001] ** 2), np.sum(wet[2001:4001] ** 2)
    >>> print(f"after an eighth of a second {10 * np.log10(early / late):.0f} dB less")
    after an eighth of a second 15 dB less
    """
    clip, level = _check_clip(clip, level)
    power = np.mean(clip.astype(float) ** 2)
    if level == 0 or power == 0:
        return clip.copy()
    time = np.arange(8000)
    room = generator(random_state).normal(size=8000) * 10 ** (-3 * time / 8000)
    echo = oaconvolve(clip.astype(float), room)[: len(clip)]
    echo *= np.sqrt(power / np.mean(echo**2))
    return np.clip((1 - level) * clip + level * echo, -1, 1).astype(clip.dtype)


# --- tables ----------------------------------------------------------------------------------

CORRUPTIONS: MappingProxyType[str, tuple[Callable[..., Any], ...]] = MappingProxyType(
    {
        "text": (typos, drop_words),
        "image": (blur, pixel_noise, occlude, darken),
        "audio": (white_noise, dropouts, overdrive, reverberate),
    }
)
"""The corruptions of each modality."""


def corrupt(
    X: pd.DataFrame,
    column: str,
    corruption: Callable[..., Any],
    level: float,
    *,
    random_state: int = 0,
) -> pd.DataFrame:
    """Corrupt one column of a multimodal table.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
        The table; it is not changed.
    column : str
        Which column.
    corruption : callable
        ``corruption(cell, level, random_state=...)``, such as those of this module. It gets a copy
        of the cell; where it returns None the cell is missing from then on.
    level : float in [0, 1]
        How bad.
    random_state : int, default=0
        Seed; row i draws from ``(random_state, i)``, so rows differ and every level hits alike.

    Returns
    -------
    DataFrame of shape (n_samples, n_columns)
        A copy with the corrupted column; missing cells stay missing. The column keeps its type if
        that can hold what the corruption returned: one of categories becomes one of texts.

    Raises
    ------
    KeyError
        If there is no such column.
    TypeError, ValueError
        If `X` is no DataFrame or has the column twice, `level` is outside [0, 1], or a cell does
        not suit the corruption; the message names its row.

    See Also
    --------
    mmtutor.evaluation.robustness_curve : Scores a model at each of several levels.

    Notes
    -----
    Taught in notebook 12.

    Examples
    --------
    >>> X = pd.DataFrame({"text": ["a good film", None]})
    >>> corrupt(X, "text", typos, 0.5)["text"].fillna("-").tolist()
    ['a hoood film', '-']
    """
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"X must be a DataFrame, with a column a modality, got {type(X).__name__}")
    if not isinstance(column, Hashable) or column not in X.columns:
        raise KeyError(f"no column {column!r}: the table has {list(X.columns)}")
    cells = X[column]
    if cells.ndim > 1:
        raise ValueError(f"{cells.shape[1]} columns are called {column!r}; give each its own name")
    check_ranges(RANGES, level=level, random_state=random_state)
    if not callable(corruption):
        raise TypeError(f"corruption must be a function such as typos, got {corruption!r}")
    corrupted = []
    for row, (label, cell) in enumerate(cells.items()):
        rng = np.random.default_rng((random_state, row))
        with blame(f"{column} in row {label}: "):
            corrupted.append(cell if is_missing(cell) else _corrupted(corruption, cell, level, rng))
    worse = X.copy(deep=False)
    worse[column] = column_of(corrupted, like=cells)
    return worse


def _corrupted(corruption: Callable[..., Any], cell: Any, level: float, rng: Any) -> Any:
    own = copy.deepcopy(cell)
    result = corruption(own, level, random_state=rng)
    if result is None and isinstance(cell, np.ndarray) and not np.array_equal(own, cell):
        raise ValueError(
            "the corruption changed its cell and returned None; return what it changed"
        )
    return result


# --- checks ----------------------------------------------------------------------------------


def _check_text(text: str, level: float) -> float:
    check_ranges(RANGES, level=level)
    if not isinstance(text, str):
        raise TypeError(f"expected a text (str), got {type(text).__name__}")
    return float(level)


def _check_image(image: NDArray, level: float) -> tuple[NDArray, float]:
    check_ranges(RANGES, level=level)
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"expected an image as an array, got {type(image).__name__}; "
            "read a file with mmtutor.image.read_image first"
        )
    require_unmasked("the image", image)
    if image.dtype != np.uint8:
        raise TypeError(f"expected an image of type uint8 (0 to 255), got {image.dtype}")
    if image.ndim not in (2, 3) or image.size == 0 or image.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"expected an image of shape (height, width) or (height, width, 3), got {image.shape}"
        )
    return image, float(level)


def _check_clip(clip: NDArray, level: float) -> tuple[NDArray, float]:
    check_ranges(RANGES, level=level)
    if not isinstance(clip, np.ndarray):
        raise TypeError(
            f"expected a clip as an array, got {type(clip).__name__}; "
            "read a file with mmtutor.audio.read_audio first"
        )
    require_unmasked("the clip", clip)
    if clip.dtype.kind != "f":
        raise TypeError(f"expected a clip of floats in [-1, 1], got {clip.dtype}")
    if clip.ndim != 1 or clip.size == 0:
        raise ValueError(f"expected a clip of shape (n_samples,), got {clip.shape}")
    if not np.isfinite(clip).all():
        raise ValueError(f"{np.sum(~np.isfinite(clip))} of {clip.size} samples are NaN or infinite")
    if np.abs(clip).max() > 1.5:  # as mmtutor.audio bears an overshoot
        raise ValueError(
            f"samples must lie in [-1, 1], got up to {np.abs(clip).max():.4g}; if these are 16-bit "
            "integers stored as floats, divide them by 32768"
        )
    return clip, float(level)
