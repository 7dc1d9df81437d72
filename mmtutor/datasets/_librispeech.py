"""186 people, each reading one passage aloud."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import soundfile
from sklearn.utils import Bunch

from mmtutor._ranges import check_ranges, number, or_none
from mmtutor.datasets import remote

__all__ = ["fetch_librispeech_sample"]

_SAMPLE_RATE = 16_000  # Hz


def fetch_librispeech_sample(
    *, seconds: float | None = None, download_if_missing: bool = True, progress: bool = True
) -> Bunch:
    """Load one reading, 11.5 to 17.2 s long, of each of 186 speakers.

    Parameters
    ----------
    seconds : float, optional
        Read only as much of the beginning of each; the whole without it (172 MB in memory).
    download_if_missing, progress : bool, default=True
        Download files that are not on this machine (else raise), with a progress bar.

    Returns
    -------
    Bunch
        frame : DataFrame of shape (186, 4)
            Columns audio (float32 in [-1, 1], (n_samples,), at 16 kHz), speaker (int), sex ("F" or
            "M"), subset (of the corpus), by ascending speaker.
        target : ndarray of shape (186,), int
            The speaker's number; names are left out on purpose.
        sample_rate : int
            16000 Hz.
        DESCR : str
            With licence and citation.

    Raises
    ------
    DataNotAvailable
        If the files are not there and may not or cannot be fetched.
    ValueError
        If `seconds` is below 0.001.

    Notes
    -----
    Taught in notebook 15.

    References
    ----------
    Panayotov, V., Chen, G., Povey, D. and Khudanpur, S. (2015). Librispeech. ICASSP.

    Examples
    --------
    >>> from mmtutor.datasets.remote import is_available
    >>> if is_available("librispeech_sample"):
    ...     voices = fetch_librispeech_sample(seconds=0.5)
    ...     assert voices.frame["audio"].iloc[0].shape == (8000,)
    """
    ranges = {"seconds": or_none(number("[0.001, 1e9]", "a number of seconds from 0.001"))}
    check_ranges(ranges, seconds=seconds)
    folder = remote.fetch_files("librispeech_sample", download_if_missing, progress)
    cards = _speakers(folder / "audio_data/librispeech_test-other/SPEAKERS.TXT")
    paths = sorted(
        folder.glob("audio_data/librispeech_train-clean-100/*.flac"),
        key=lambda path: int(path.name.split("-")[0]),
    )
    frames = -1 if seconds is None else round(float(seconds) * _SAMPLE_RATE)
    rows = []
    for path in paths:
        speaker = int(path.name.split("-")[0])
        samples, rate = soundfile.read(path, frames=frames, dtype="float32")
        if rate != _SAMPLE_RATE:
            raise ValueError(f"{path} is at {rate} Hz, not {_SAMPLE_RATE}; run mmtutor data verify")
        rows.append((samples, speaker, *cards[speaker]))
    frame = pd.DataFrame(rows, columns=["audio", "speaker", "sex", "subset"])
    return Bunch(
        frame=frame,
        target=frame["speaker"].to_numpy(),
        sample_rate=_SAMPLE_RATE,
        DESCR=remote.describe(
            """Volunteers reading books aloud, one recording each: clips cut from the same recording
            share room and microphone, which makes them easier to tell apart than voices alone.""",
            "librispeech_sample",
        ),
    )


def _speakers(path: Path) -> dict[int, tuple[str, str]]:
    """Return sex and subset by speaker; the table's last column, names, is not kept."""
    cards = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(\d+)\s*\|\s*([FM])\s*\|\s*([\w-]+)", line):
            cards[int(found[1])] = (found[2], found[3])
    return cards
