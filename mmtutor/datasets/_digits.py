"""Digits spoken, digits written, and both side by side."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly
from sklearn.utils import Bunch

from mmtutor import audio
from mmtutor._ranges import check_ranges, generator
from mmtutor.datasets import remote

__all__ = ["fetch_audiovisual_digits", "fetch_mnist_test", "fetch_spoken_digits"]

_RECORDED = 8_000  # Hz
_LOW, _HIGH = audio.RATES
_RATE = (
    f"a whole number of Hz from {_LOW} to {_HIGH}",
    lambda v: audio.RANGES["sample_rate"][1](v) and v >= _LOW,
)


def fetch_spoken_digits(
    *, sample_rate: int = 16_000, download_if_missing: bool = True, progress: bool = True
) -> Bunch:
    """Load 1,500 spoken digits: 6 speakers say each digit 25 times.

    Parameters
    ----------
    sample_rate : int, default=16000
        Hz. The recordings have 8000 Hz; resampling to more adds samples, not sound above 4 kHz.
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (1500, 4)
            Columns audio (float32 in [-1, 1], (n_samples,)), digit (int), speaker (str) and take
            (int), sorted by speaker, digit, take.
        target : ndarray of shape (1500,), int
            The digit.
        groups : ndarray of shape (1500,), str
            The speaker: split by it. A random split flatters by 13 to 31 points (notebook 18).
        sample_rate : int
            Hz.
        target_names : list of str
            What is told apart.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ValueError
        If `sample_rate` is no whole number from 1,000 to 400,000.

    Notes
    -----
    Not used in a notebook: chapters take the pairs of :func:`fetch_audiovisual_digits`.

    References
    ----------
    Jackson, Z. et al. (2018). Free Spoken Digit Dataset. Zenodo.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("spoken_digits"):
    ...     digits = fetch_spoken_digits(sample_rate=8000)
    ...     assert digits.frame["speaker"].nunique() == 6
    """
    check_ranges({"sample_rate": _RATE}, sample_rate=sample_rate)
    folder = remote.fetch_files("spoken_digits", download_if_missing, progress)
    rows = []
    for path in folder.glob("recordings/*.wav"):
        digit, speaker, take = path.stem.split("_")
        samples, rate = soundfile.read(path, dtype="float32")
        if rate != _RECORDED:
            raise ValueError(f"{path} is at {rate} Hz, not {_RECORDED}; run mmtutor data verify")
        if sample_rate != _RECORDED:
            samples = resample_poly(samples, int(sample_rate), _RECORDED)
            samples = np.clip(samples, -1, 1).astype(np.float32)
        rows.append((samples, int(digit), speaker, int(take)))
    rows.sort(key=lambda row: (row[2], row[1], row[3]))  # glob's order is the file system's
    frame = pd.DataFrame(rows, columns=["audio", "digit", "speaker", "take"])
    return Bunch(
        frame=frame,
        target=frame["digit"].to_numpy(),
        groups=frame["speaker"].to_numpy(dtype=str),
        sample_rate=int(sample_rate),
        target_names=[str(digit) for digit in range(10)],
        DESCR=remote.describe(
            """Digits spoken in English, cut close to the word; several microphones and accents, one
            a speaker, so a speaker is also a recording.""",
            "spoken_digits",
        ),
    )


def fetch_mnist_test(*, download_if_missing: bool = True, progress: bool = True) -> Bunch:
    """Load the 10,000 handwritten digits of MNIST's test set.

    Parameters
    ----------
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (10000, 1)
            Column image (uint8, grey, (28, 28); ink is bright).
        target : ndarray of shape (10000,), int
            The digit.
        target_names : list of str
            What is told apart.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.

    Notes
    -----
    The first 5,000 come from writers whose hand is tidier than that of the last 5,000; the set has
    no writers' numbers, so a split by writer is not possible.

    Not used in a notebook: chapters take the pairs of :func:`fetch_audiovisual_digits`.

    References
    ----------
    LeCun, Y., Bottou, L., Bengio, Y. and Haffner, P. (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("mnist_test"):
    ...     assert fetch_mnist_test().frame["image"].iloc[0].shape == (28, 28)
    """
    folder = remote.fetch_files("mnist_test", download_if_missing, progress)
    images = _read_idx(folder / "t10k-images-idx3-ubyte.gz")
    labels = _read_idx(folder / "t10k-labels-idx1-ubyte.gz")
    return Bunch(
        frame=pd.DataFrame({"image": pd.Series(list(images), dtype=object)}),
        target=labels.astype(int),
        target_names=[str(digit) for digit in range(10)],
        DESCR=remote.describe(
            "Handwritten digits, centred and scaled to 28x28 pixels; the test set only.",
            "mnist_test",
        ),
    )


def fetch_audiovisual_digits(
    *,
    sample_rate: int = 8_000,
    random_state: int | np.random.Generator | None = 0,
    download_if_missing: bool = True,
    progress: bool = True,
) -> Bunch:
    """Load the 1,500 spoken digits, each beside a handwritten digit of the same value.

    Speaker and writer of a pair are different people, so all that the two halves share is the
    digit. No written digit serves twice.

    Parameters
    ----------
    sample_rate : int, default=8000
        Hz, of the sounds.
    random_state : int, None or NumPy generator, default=0
        Chooses the written digit beside each recording.
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (1500, 2)
            Columns image (uint8, grey, (28, 28); ink is bright) and audio (float32 in [-1, 1],
            (n_samples,)), sorted by speaker and digit.
        target : ndarray of shape (1500,), int
            The digit.
        groups : ndarray of shape (1500,), str
            The speaker: split by it.
        sample_rate : int
            Hz.
        target_names : list of str
            What is told apart.
        DESCR : str
            With licences and citations.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ValueError
        If `sample_rate` is no whole number from 1,000 to 400,000, or `random_state` is no seed.

    Notes
    -----
    Taught in notebook 08.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("spoken_digits") and is_available("mnist_test"):
    ...     digits = fetch_audiovisual_digits()
    ...     assert list(digits.frame) == ["image", "audio"]
    """
    rng = generator(random_state)
    how = {"download_if_missing": download_if_missing, "progress": progress}
    spoken = fetch_spoken_digits(sample_rate=sample_rate, **how)
    written = fetch_mnist_test(**how)
    beside = np.empty(len(spoken.target), dtype=int)
    for digit in range(10):
        rows = np.flatnonzero(spoken.target == digit)
        pool = np.flatnonzero(written.target == digit)
        beside[rows] = rng.choice(pool, size=len(rows), replace=False)
    pictures = written.frame["image"].iloc[beside].reset_index(drop=True)
    return Bunch(
        frame=pd.DataFrame({"image": pictures, "audio": spoken.frame["audio"]}),
        target=spoken.target,
        groups=spoken.groups,
        sample_rate=spoken.sample_rate,
        target_names=spoken.target_names,
        DESCR=f"{spoken.DESCR}\n\n{written.DESCR}",
    )


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """Read a gzipped IDX file: two zeros, the type (8: uint8), the number of axes, lengths."""
    body = gzip.decompress(path.read_bytes())
    if body[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of bytes; run mmtutor data verify")
    n_axes = body[3]
    shape = np.frombuffer(body, ">u4", count=n_axes, offset=4).astype(int)
    return np.frombuffer(body, np.uint8, offset=4 + 4 * n_axes).reshape(shape)
