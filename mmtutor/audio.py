"""Sound to features: reading, MFCC (what a spectrum's envelope looks like), chroma (which notes).

Conventions: a clip is ``float32`` of shape (n_samples,), in [-1, 1], at 16,000 samples a second
unless a `sample_rate` in Hz says otherwise; frames and hops are given in seconds; what is computed
frame by frame has shape (n_frames, n_dims), time first. Frame ``i`` is centred on the time
``i * hop`` seconds; where it sticks out of the clip it sees silence, so that a clip of any length
has ``1 + n_samples // hop_samples`` frames, and one shorter than a frame has at least one.
A column of clips is a list or Series whose cells are such arrays or file paths.

Everything is a few lines of NumPy and SciPy; the tests hold it against librosa.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy import fft, signal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmtutor._table import TakesColumn, each_cell, present_cells

__all__ = [
    "PITCH_CLASSES",
    "ChromaFeatures",
    "LogMelSequences",
    "MFCCFeatures",
    "MFCCSequences",
    "chroma",
    "deltas",
    "estimate_tuning",
    "log_mel",
    "mel_filters",
    "mfcc",
    "read_audio",
    "spectrogram",
]

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
"""Names of the twelve columns of chroma."""

_FLOOR = 1e-10  # power below which everything counts as silence: -100 dB

# --- reading ------------------------------------------------------------------------------------


def read_audio(
    source: np.ndarray | str | Path,
    *,
    sample_rate: int = 16_000,
    mono: bool = True,
    start: float = 0.0,
    seconds: float | None = None,
) -> np.ndarray:
    """Return a clip as `float32` in [-1, 1], whatever it was before.

    Parameters
    ----------
    source : ndarray or path
        A file (WAV, FLAC, OGG, MP3, AIFF: what libsndfile reads), or an array of shape
        (n_samples,), (n_samples, n_channels) or (n_channels, n_samples) with at most 8 channels.
        Arrays may be ``uint8`` (silence is 128), ``int8``, ``int16``, ``int32``, or floats.
    sample_rate : int, default=16000
        Samples a second of the result, Hz. A file is resampled to it; an array, which does not
        say its rate, is taken to be at it already.
    mono : bool, default=True
        Whether to average the channels into one.
    start, seconds : float, default=0.0 and None
        Which part to return, in seconds; ``seconds=None`` means to the end.

    Returns
    -------
    ndarray of shape (n_samples,) if `mono`, else (n_samples, n_channels), float32
        The clip. A peak of up to 1.5, as resampling or a lossy format may leave, is cut at 1.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If the path does not lead to a file.
    ValueError
        If the file is not a readable sound, the clip is empty, holds NaN or infinite samples, has
        another shape, or has floats far outside [-1, 1].
    TypeError
        If `source` is neither an array nor a path, or an array of another type.

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> import numpy as np
    >>> read_audio(np.array([0, 16384, -32768], dtype=np.int16))
    array([ 0. ,  0.5, -1. ], dtype=float32)
    >>> stereo = np.array([[0.0, 0.5]] * 100)
    >>> read_audio(stereo)[:2]
    array([0.25, 0.25], dtype=float32)
    """
    if start < 0 or (seconds is not None and seconds <= 0):
        raise ValueError(f"start must be at least 0 and seconds positive, got {start}, {seconds}")
    if isinstance(source, str | Path):
        samples, source_rate = _decode(Path(source), start, seconds)
    elif isinstance(source, np.ndarray):
        samples, source_rate = _cut(source, sample_rate, start, seconds), sample_rate
    else:
        raise TypeError(
            f"a clip is an array or a file path, got {type(source).__name__}; "
            "wrap one clip in a list to make a column of it, numpy.asarray makes an array"
        )
    samples = _to_float(samples)
    if mono:
        samples = samples.mean(axis=1)
    if source_rate != sample_rate:
        divisor = math.gcd(source_rate, sample_rate)
        samples = signal.resample_poly(
            samples, sample_rate // divisor, source_rate // divisor, axis=0
        )
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


def _decode(path: Path, start: float, seconds: float | None) -> tuple[np.ndarray, int]:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a sound file")
    if not path.is_file():
        raise FileNotFoundError(f"there is no sound file {path}")
    try:
        with path.open("rb") as binary, soundfile.SoundFile(binary) as file:
            rate = file.samplerate
            file.seek(min(round(start * rate), file.frames))
            wanted = -1 if seconds is None else round(seconds * rate)
            return file.read(wanted, dtype="float32", always_2d=True), rate
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise ValueError(
            f"cannot read {path} as sound ({error}); expected WAV, FLAC, OGG, MP3 or AIFF, "
            "so convert it or fetch it again"
        ) from error


def _cut(samples: np.ndarray, sample_rate: int, start: float, seconds: float | None) -> np.ndarray:
    first = round(start * sample_rate)
    last = None if seconds is None else first + round(seconds * sample_rate)
    return _channels_last(samples)[first:last]


def _channels_last(samples: np.ndarray) -> np.ndarray:
    """Return shape (n_samples, n_channels); the channels are the shorter axis, 8 at most."""
    if samples.ndim == 1:
        return samples[:, None]
    if samples.ndim == 2 and samples.size == 0:
        return samples.reshape(0, 1)
    if samples.ndim == 2 and min(samples.shape) <= 8 and samples.shape[0] != samples.shape[1]:
        return samples if samples.shape[0] > samples.shape[1] else samples.T
    raise ValueError(
        "a clip has shape (n_samples,), (n_samples, n_channels) or (n_channels, n_samples) with at "
        f"most 8 channels, got {samples.shape}"
    )


def _to_float(samples: np.ndarray) -> np.ndarray:
    if samples.shape[0] == 0:
        raise ValueError("the clip is empty: it has no samples (is `start` beyond its end?)")
    if samples.dtype == np.uint8:
        return (samples.astype(float) - 128.0) / 128.0
    if samples.dtype in (np.int8, np.int16, np.int32):
        return samples / (np.iinfo(samples.dtype).max + 1.0)
    if samples.dtype.kind != "f":
        raise TypeError(
            f"samples of type {samples.dtype} have no agreed full scale; give uint8, int8, int16, "
            "int32, or floats in [-1, 1]"
        )
    bad = np.count_nonzero(~np.isfinite(samples))
    if bad:
        raise ValueError(
            f"{bad} of {samples.size} samples are NaN or infinite; repair them "
            "(numpy.nan_to_num) or drop the clip"
        )
    peak = np.abs(samples).max()
    if peak > 1.5:
        raise ValueError(
            f"float samples must lie in [-1, 1], got up to {peak:.4g}; if these are 16-bit "
            "integers stored as floats, divide them by 32768"
        )
    return samples.astype(float)


# --- frame by frame -----------------------------------------------------------------------------


def spectrogram(
    samples: np.ndarray, *, sample_rate: int = 16_000, frame: float = 0.025, hop: float = 0.010
) -> np.ndarray:
    """Power at each frequency in each frame (short-time Fourier transform, Hann window).

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int, default=16000
        Samples a second, Hz.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.

    Returns
    -------
    ndarray of shape (n_frames, n_frequencies)
        Squared magnitudes; column ``k`` is the frequency ``k / frame`` Hz, up to half the
        sampling rate.

    Raises
    ------
    ValueError
        If the clip is not one-dimensional or is empty, or a length is not at least two samples
        (frame) or one (hop).

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    >>> power = spectrogram(tone)
    >>> power.shape, int(power[50].argmax() / 0.025)  # Hz
    ((101, 201), 1000)
    """
    samples = np.asarray(samples, dtype=float)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"a clip has shape (n_samples,) and is not empty, got {samples.shape}")
    length, step = _frame_and_hop(sample_rate, frame, hop)
    padded = np.pad(samples, length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::step]
    window = signal.get_window("hann", length)
    return np.abs(fft.rfft(frames * window, axis=1)) ** 2


def _frame_and_hop(sample_rate: int, frame: float, hop: float) -> tuple[int, int]:
    length, step = round(frame * sample_rate), round(hop * sample_rate)
    if length < 2 or step < 1:
        raise ValueError(
            f"at {sample_rate} Hz a frame of {frame} s has {length} samples and a hop of {hop} s "
            f"has {step}; frames and hops are given in seconds, such as 0.025 and 0.010"
        )
    return length, step


@lru_cache(maxsize=32)
def mel_filters(sample_rate: int, frame_samples: int, n_mels: int) -> np.ndarray:
    """Triangular filters, evenly spaced on the mel scale from 0 Hz to half the sampling rate.

    Parameters
    ----------
    sample_rate : int
        Samples a second, Hz.
    frame_samples : int
        Length of a frame, samples.
    n_mels : int
        Number of filters.

    Returns
    -------
    ndarray of shape (n_mels, frame_samples // 2 + 1), read-only
        Each row weighs the power spectrum; its triangle has unit area over frequency (per Hz).

    Raises
    ------
    ValueError
        If a filter would be narrower than the distance between two frequencies, hence empty.

    Notes
    -----
    Taught in notebook 03. The scale is Slaney's: linear (66.7 Hz a mel) up to 1000 Hz, then
    logarithmic, 27 mel to a factor of 6.4.

    References
    ----------
    M. Slaney, Auditory Toolbox, Technical Report 1998-010, Interval Research, 1998.

    Examples
    --------
    >>> mel_filters(16_000, 400, 40).shape
    (40, 201)
    """
    top = _hz_to_mel(sample_rate / 2)
    edges = _mel_to_hz(np.linspace(0.0, top, n_mels + 2))  # Hz; filter m spans edges m to m + 2
    frequencies = np.fft.rfftfreq(frame_samples, 1 / sample_rate)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    empty = np.count_nonzero(~filters.any(axis=1))
    if empty:
        raise ValueError(
            f"{empty} of {n_mels} mel filters are empty: a frame of {frame_samples} samples tells "
            f"frequencies {sample_rate / frame_samples:.0f} Hz apart; use a longer frame or a "
            "smaller n_mels"
        )
    filters.flags.writeable = False
    return filters


def _hz_to_mel(frequency: float) -> float:
    if frequency < 1000.0:
        return frequency * 3.0 / 200.0
    return 15.0 + 27.0 * math.log(frequency / 1000.0) / math.log(6.4)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * 6.4 ** ((mel - 15.0) / 27.0))


def log_mel(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    n_mels: int = 40,
    frame: float = 0.025,
    hop: float = 0.010,
) -> np.ndarray:
    """Power in mel bands, in decibels.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int, default=16000
        Samples a second, Hz.
    n_mels : int, default=40
        Number of bands.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.

    Returns
    -------
    ndarray of shape (n_frames, n_mels)
        Decibels, no lower than 80 dB below the clip's loudest value and no lower than -100:
        silence is -100 throughout.

    Raises
    ------
    ValueError
        If the clip is not one-dimensional or is empty, or frame, hop and n_mels do not suit.

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> import numpy as np
    >>> log_mel(np.zeros(8000)).shape
    (51, 40)
    """
    power = spectrogram(samples, sample_rate=sample_rate, frame=frame, hop=hop)
    length, _ = _frame_and_hop(sample_rate, frame, hop)
    decibels = 10 * np.log10(np.maximum(_FLOOR, power @ mel_filters(sample_rate, length, n_mels).T))
    return np.maximum(decibels, decibels.max() - 80.0)


def mfcc(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    n_mfcc: int = 20,
    n_mels: int = 40,
    frame: float = 0.025,
    hop: float = 0.010,
) -> np.ndarray:
    """Mel-frequency cepstral coefficients: the cosine transform of the log-mel spectrum.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int, default=16000
        Samples a second, Hz.
    n_mfcc : int, default=20
        Number of coefficients to keep, at most `n_mels`.
    n_mels : int, default=40
        Number of mel bands.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.

    Returns
    -------
    ndarray of shape (n_frames, n_mfcc)
        Coefficient 0 is the level (sum of the decibels over the square root of `n_mels`), 1 the
        tilt of the spectrum, higher ones ever finer ripples. Silence has ``-100 * sqrt(n_mels)``
        in coefficient 0 and 0 elsewhere.

    Raises
    ------
    ValueError
        If `n_mfcc` is not between 1 and `n_mels`, or as for :func:`log_mel`.

    Notes
    -----
    Taught in notebook 03.

    References
    ----------
    S. Davis and P. Mermelstein, Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences, IEEE Trans. ASSP 28, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> mfcc(np.zeros(8000), n_mfcc=3)[0].round(1) + 0.0
    array([-632.5,    0. ,    0. ])
    """
    if not 1 <= n_mfcc <= n_mels:
        raise ValueError(f"n_mfcc must lie between 1 and n_mels={n_mels}, got {n_mfcc}")
    decibels = log_mel(samples, sample_rate=sample_rate, n_mels=n_mels, frame=frame, hop=hop)
    return fft.dct(decibels, type=2, norm="ortho", axis=1)[:, :n_mfcc]


def deltas(sequence: np.ndarray, *, width: int = 9) -> np.ndarray:
    """Slope of each column over time: a straight line fitted to a few frames around each.

    Parameters
    ----------
    sequence : ndarray of shape (n_frames, n_dims)
        Features frame by frame.
    width : int, default=9
        Number of frames in the fit, odd and at least 3. A sequence of fewer frames uses the
        largest odd number it has; one of fewer than 3 frames has slope zero.

    Returns
    -------
    ndarray of shape (n_frames, n_dims)
        Change per frame. Near the ends the line of the first (last) `width` frames is used.

    Raises
    ------
    ValueError
        If `width` is even or below 3.

    Notes
    -----
    Taught in notebook 03.

    References
    ----------
    S. Furui, Speaker-independent isolated word recognition using dynamic features of speech
    spectrum, IEEE Trans. ASSP 34, 1986.

    Examples
    --------
    >>> import numpy as np
    >>> deltas(2.0 * np.arange(12)[:, None])[:, 0].round(6)[:3]
    array([2., 2., 2.])
    """
    if width < 3 or width % 2 == 0:
        raise ValueError(f"width must be an odd number of frames, at least 3; got {width}")
    width = min(width, len(sequence) - 1 + len(sequence) % 2)
    if width < 3:
        return np.zeros_like(sequence)
    return signal.savgol_filter(sequence, width, polyorder=1, deriv=1, axis=0, mode="interp")


# --- pitch classes ------------------------------------------------------------------------------


def chroma(
    samples: np.ndarray,
    *,
    sample_rate: int = 16_000,
    frame: float = 0.256,
    hop: float = 0.064,
    tuning: float | None = 0.0,
) -> np.ndarray:
    """Share of each of the twelve pitch classes in each frame, octaves folded together.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int, default=16000
        Samples a second, Hz.
    frame, hop : float, default=0.256 and 0.064
        Length of a frame and distance between frames, seconds. Notes a semitone apart are told
        apart above ``34 / frame`` Hz only, so frames are long: 0.256 s reaches down to C3.
    tuning : float in [-0.5, 0.5] or None, default=0.0
        Deviation from A4 = 440 Hz, semitones; None estimates it from the clip.

    Returns
    -------
    ndarray of shape (n_frames, 12)
        Columns C, C#, ..., B; the largest of each frame is 1. A silent frame is zero throughout.

    Raises
    ------
    ValueError
        If the clip is not one-dimensional or is empty, or frame and hop do not suit.

    Notes
    -----
    Taught in notebook 03. "Chroma" is the name of the pitch class, not a colour: each frequency
    between 60 Hz and 5 kHz gives its power to the two nearest pitch classes, the nearer the more,
    and octaves around C5 count most.

    References
    ----------
    T. Fujishima, Realtime chord recognition of musical sound, ICMC 1999. M. Müller, Fundamentals
    of Music Processing, 2015, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> a_and_e = [np.sin(2 * np.pi * f * np.arange(16000) / 16000) for f in (440.0, 659.26)]
    >>> row = chroma(sum(a_and_e))[8]
    >>> [PITCH_CLASSES[k] for k in np.flatnonzero(row > 0.5)]
    ['E', 'A']
    """
    power = spectrogram(samples, sample_rate=sample_rate, frame=frame, hop=hop)
    if tuning is None:
        tuning = _tuning_of(power, sample_rate)
    length, _ = _frame_and_hop(sample_rate, frame, hop)
    energy = power @ _chroma_filters(sample_rate, length, float(tuning)).T
    peak = energy.max(axis=1, keepdims=True)
    return np.where(peak > _FLOOR, energy / np.maximum(peak, _FLOOR), 0.0)


@lru_cache(maxsize=32)
def _chroma_filters(sample_rate: int, frame_samples: int, tuning: float) -> np.ndarray:
    """Weights of shape (12, n_frequencies): which pitch classes a frequency counts for."""
    frequencies = np.fft.rfftfreq(frame_samples, 1 / sample_rate)
    audible = (frequencies >= 60.0) & (frequencies <= 5000.0)
    pitch = _midi(np.where(audible, frequencies, 440.0)) - tuning
    distance = (pitch - np.arange(12)[:, None] + 6.0) % 12.0 - 6.0  # semitones, around the octave
    octaves_from_c5 = (pitch - 72.0) / 12.0
    weight = np.exp(-0.5 * (octaves_from_c5 / 1.5) ** 2) * audible
    return np.maximum(0.0, 1.0 - np.abs(distance)) * weight


def _midi(frequency: np.ndarray) -> np.ndarray:
    """Pitch in semitones, A4 = 440 Hz = 69."""
    return 69.0 + 12.0 * np.log2(frequency / 440.0)


def estimate_tuning(
    samples: np.ndarray, *, sample_rate: int = 16_000, frame: float = 0.256, hop: float = 0.064
) -> float:
    """How far the notes of a clip lie from the keys of a piano tuned to A4 = 440 Hz.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The clip.
    sample_rate : int, default=16000
        Samples a second, Hz.
    frame, hop : float, default=0.256 and 0.064
        Length of a frame and distance between frames, seconds.

    Returns
    -------
    float
        Semitones, in [-0.5, 0.5]: the mean direction of the spectral peaks' fractions on the
        circle, weighted by their magnitude. 0.0 for silence.

    Raises
    ------
    ValueError
        If the clip is not one-dimensional or is empty, or frame and hop do not suit.

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> import numpy as np
    >>> a_sharp_of_440 = 440.0 * 2 ** (0.2 / 12)
    >>> tone = np.sin(2 * np.pi * a_sharp_of_440 * np.arange(16000) / 16000)
    >>> round(estimate_tuning(tone), 2)
    0.2
    """
    power = spectrogram(samples, sample_rate=sample_rate, frame=frame, hop=hop)
    return _tuning_of(power, sample_rate)


def _tuning_of(power: np.ndarray, sample_rate: int) -> float:
    decibels = 10 * np.log10(np.maximum(_FLOOR, power))
    left, here, right = decibels[:, :-2], decibels[:, 1:-1], decibels[:, 2:]
    peaks = (here > left) & (here >= right) & (here > decibels.max() - 40.0)
    # The top of the parabola through a peak and its neighbours lies between the frequencies.
    shift = 0.5 * (left - right)[peaks] / (left - 2 * here + right)[peaks]
    step = sample_rate / (2 * (power.shape[1] - 1))  # Hz between two frequencies
    frequencies = (np.nonzero(peaks)[1] + 1 + shift) * step
    strength = 10 ** (here[peaks] / 20)
    audible = (frequencies >= 130.0) & (frequencies <= 5000.0)
    turns = np.exp(2j * np.pi * _midi(frequencies[audible]))
    mean = np.sum(strength[audible] * turns)
    return float(np.angle(mean) / (2 * np.pi)) if np.abs(mean) > 0 else 0.0


# --- transformers -------------------------------------------------------------------------------


class _AudioTransformer(TakesColumn, TransformerMixin, BaseEstimator):
    """What the transformers share: reading a column, clip by clip, in `n_jobs` threads."""

    sample_rate: int
    n_jobs: int | None

    def _each(self, X: Any, function: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
        """Apply `function` to every clip of the column, in order; say which row fails."""

        def work(cell: Any) -> np.ndarray:
            return function(read_audio(cell, sample_rate=self.sample_rate))

        return each_cell(X, work, what="clips", n_jobs=self.n_jobs)


class _Statistics(_AudioTransformer):
    """Summaries of a sequence over time: the transformers with one row a clip."""

    deltas: bool
    mean: bool
    deviation: bool
    n_segments: int

    def fit(self, X: Any, y: Any = None):
        """Check the parameters on the first clip of the column `X`; `y` is not used."""
        if not (self.mean or self.deviation):
            raise ValueError("nothing to compute: set mean=True, deviation=True, or both")
        if self.n_segments < 1:
            raise ValueError(f"n_segments must be at least 1, got {self.n_segments}")
        cells = present_cells(X, what="clips")
        self.n_features_out_ = self._each(cells[:1], self._describe)[0].size
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the rows of the column `X`: ndarray of shape (n_samples, n_features_out_)."""
        check_is_fitted(self)
        return np.stack(self._each(X, self._describe))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return names like ``mfcc3_mean``: ndarray of shape (n_features_out_,)."""
        check_is_fitted(self)
        dims = self._dimensions()
        dims += [f"{name}_delta" for name in dims] if self.deltas else []
        statistics = ["mean"] * self.mean + ["deviation"] * self.deviation
        segments = [f"segment{k}_" for k in range(self.n_segments)] if self.n_segments > 1 else [""]
        names = [f"{s}{dim}_{what}" for s in segments for what in statistics for dim in dims]
        return np.array(names, dtype=object)

    def _describe(self, samples: np.ndarray) -> np.ndarray:
        sequence = self._sequence(samples)
        if self.deltas:
            sequence = np.hstack([sequence, deltas(sequence)])
        n_frames, parts = len(sequence), []
        for segment in range(self.n_segments):
            # With fewer frames than segments, neighbouring segments share a frame.
            first = segment * n_frames // self.n_segments
            last = max(first + 1, (segment + 1) * n_frames // self.n_segments)
            part = sequence[first:last]
            parts += [part.mean(axis=0)] * self.mean + [part.std(axis=0)] * self.deviation
        return np.concatenate(parts)


class MFCCFeatures(_Statistics):
    """Mean and deviation over time of the MFCCs of each clip of a column.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mfcc : int, default=20
        Number of coefficients.
    n_mels : int, default=40
        Number of mel bands.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.
    mean, deviation : bool, default=True
        Whether the row holds the mean and the standard deviation over the frames.
    deltas : bool, default=True
        Whether to add the same statistics of the coefficients' slopes.
    n_segments : int, default=1
        Divide the clip into so many equal parts in time and describe each on its own; the row
        becomes so many times longer and keeps a little of the order in which things were heard.
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row: 80 by default (20 coefficients and 20 slopes, mean and deviation).

    Raises
    ------
    ValueError
        If a cell is missing or unreadable (the message names the row), or parameters do not suit.

    Notes
    -----
    Taught in notebook 03. Silence is finite: see :func:`mfcc`. A clip shorter than a frame is
    surrounded by silence to one frame; its deviations and slopes are zero.

    References
    ----------
    S. Davis and P. Mermelstein, Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences, IEEE Trans. ASSP 28, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> clips = [np.zeros(16000), np.sin(np.arange(8000) / 5.0)]
    >>> MFCCFeatures().fit_transform(clips).shape
    (2, 80)
    >>> MFCCFeatures(n_mfcc=2, deltas=False).fit(clips).get_feature_names_out().tolist()
    ['mfcc0_mean', 'mfcc1_mean', 'mfcc0_deviation', 'mfcc1_deviation']
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16_000,
        n_mfcc: int = 20,
        n_mels: int = 40,
        frame: float = 0.025,
        hop: float = 0.010,
        mean: bool = True,
        deviation: bool = True,
        deltas: bool = True,
        n_segments: int = 1,
        n_jobs: int | None = None,
    ):
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.n_mels = n_mels
        self.frame = frame
        self.hop = hop
        self.mean = mean
        self.deviation = deviation
        self.deltas = deltas
        self.n_segments = n_segments
        self.n_jobs = n_jobs

    def _dimensions(self) -> list[str]:
        return [f"mfcc{k}" for k in range(self.n_mfcc)]

    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        return mfcc(
            samples,
            sample_rate=self.sample_rate,
            n_mfcc=self.n_mfcc,
            n_mels=self.n_mels,
            frame=self.frame,
            hop=self.hop,
        )


class ChromaFeatures(_Statistics):
    """Mean and deviation over time of the pitch classes of each clip of a column.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    frame, hop : float, default=0.256 and 0.064
        Length of a frame and distance between frames, seconds.
    tuning : float in [-0.5, 0.5] or None, default=0.0
        Deviation from A4 = 440 Hz, semitones; None estimates it from each clip.
    mean, deviation : bool, default=True
        Whether the row holds the mean and the standard deviation over the frames.
    deltas : bool, default=False
        Whether to add the same statistics of the slopes.
    n_segments : int, default=1
        Divide the clip into so many equal parts in time and describe each on its own.
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row: 24 by default.

    Raises
    ------
    ValueError
        If a cell is missing or unreadable (the message names the row), or parameters do not suit.

    Notes
    -----
    Taught in notebook 03. Silence becomes the zero row; a clip shorter than a frame is surrounded
    by silence to one frame.

    References
    ----------
    T. Fujishima, Realtime chord recognition of musical sound, ICMC 1999.

    Examples
    --------
    >>> import numpy as np
    >>> a4 = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> features = ChromaFeatures(deviation=False).fit([a4])
    >>> features.transform([a4, np.zeros(16000)]).round(1)
    array([[0., 0., 0., 0., 0., 0., 0., 0., 0., 1., 0., 0.],
           [0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.]])
    >>> str(features.get_feature_names_out()[9])
    'chroma_A_mean'
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16_000,
        frame: float = 0.256,
        hop: float = 0.064,
        tuning: float | None = 0.0,
        mean: bool = True,
        deviation: bool = True,
        deltas: bool = False,
        n_segments: int = 1,
        n_jobs: int | None = None,
    ):
        self.sample_rate = sample_rate
        self.frame = frame
        self.hop = hop
        self.tuning = tuning
        self.mean = mean
        self.deviation = deviation
        self.deltas = deltas
        self.n_segments = n_segments
        self.n_jobs = n_jobs

    def _dimensions(self) -> list[str]:
        return [f"chroma_{name}" for name in PITCH_CLASSES]

    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        return chroma(
            samples,
            sample_rate=self.sample_rate,
            frame=self.frame,
            hop=self.hop,
            tuning=self.tuning,
        )


class _Sequences(_AudioTransformer):
    """Sequences of equal length, for networks that read frame by frame."""

    max_frames: int | None

    def fit(self, X: Any, y: Any = None):
        """Learn the number of frames of the longest clip of the column `X`; `y` is not used."""
        self._fit_sequences(X)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Return float32 of shape (n_samples, n_frames_, n_dims), NaN where a clip has ended."""
        return self._pad(self._fit_sequences(X))

    def transform(self, X: Any) -> np.ndarray:
        """Return float32 of shape (n_samples, n_frames_, n_dims), NaN where a clip has ended."""
        check_is_fitted(self)
        return self._pad(self._each(X, self._sequence))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the last axis: ndarray of shape (n_dims,)."""
        check_is_fitted(self)
        return np.array(self._dimensions(), dtype=object)

    def _fit_sequences(self, X: Any) -> list[np.ndarray]:
        if self.max_frames is not None and self.max_frames < 1:
            raise ValueError(f"max_frames must be at least 1 or None, got {self.max_frames}")
        sequences = self._each(X, self._sequence)
        longest = max(len(sequence) for sequence in sequences)
        self.n_frames_ = longest if self.max_frames is None else self.max_frames
        return sequences

    def _pad(self, sequences: list[np.ndarray]) -> np.ndarray:
        n_dims = sequences[0].shape[1]
        out = np.full((len(sequences), self.n_frames_, n_dims), np.nan, dtype=np.float32)
        for row, sequence in zip(out, sequences, strict=True):
            row[: len(sequence)] = sequence[: self.n_frames_]
        return out


class MFCCSequences(_Sequences):
    """The MFCCs of each clip of a column, frame by frame.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mfcc : int, default=20
        Number of coefficients.
    n_mels : int, default=40
        Number of mel bands.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.
    deltas : bool, default=False
        Whether to append the coefficients' slopes, which doubles the last axis.
    max_frames : int or None, default=None
        Number of frames of the result; None takes the longest clip seen in `fit`. What is longer
        is cut at the end, what is shorter is padded with NaN.
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    n_frames_ : int
        Length of the second axis.

    Raises
    ------
    ValueError
        If a cell is missing or unreadable (the message names the row), or parameters do not suit.

    Notes
    -----
    Taught in notebook 03. Silence is finite, see :func:`mfcc`; only padding is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> sequences = MFCCSequences(n_mfcc=13).fit_transform([np.zeros(1600), np.zeros(800)])
    >>> sequences.shape, np.isnan(sequences[:, :, 0]).sum(axis=1).tolist()
    ((2, 11, 13), [0, 5])
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16_000,
        n_mfcc: int = 20,
        n_mels: int = 40,
        frame: float = 0.025,
        hop: float = 0.010,
        deltas: bool = False,
        max_frames: int | None = None,
        n_jobs: int | None = None,
    ):
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.n_mels = n_mels
        self.frame = frame
        self.hop = hop
        self.deltas = deltas
        self.max_frames = max_frames
        self.n_jobs = n_jobs

    def _dimensions(self) -> list[str]:
        names = [f"mfcc{k}" for k in range(self.n_mfcc)]
        return names + ([f"{name}_delta" for name in names] if self.deltas else [])

    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        sequence = mfcc(
            samples,
            sample_rate=self.sample_rate,
            n_mfcc=self.n_mfcc,
            n_mels=self.n_mels,
            frame=self.frame,
            hop=self.hop,
        )
        return np.hstack([sequence, deltas(sequence)]) if self.deltas else sequence


class LogMelSequences(_Sequences):
    """The log-mel spectrum of each clip of a column, frame by frame.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mels : int, default=40
        Number of mel bands.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.
    top_db : float, default=80.0
        Decibels below the clip's loudest value at which everything counts as silence, at most 80.
    normalise : {"clip"} or None, default=None
        "clip" takes the mean of each band over the clip out of it and divides the clip by its
        standard deviation (one number for all bands): a microphone or a room adds its own
        constant to each band, and so it goes. Known as cepstral, or spectral, mean normalisation.
        What the average spectrum tells goes as well: of a short clip, much of the word.
    max_frames : int or None, default=None
        Number of frames of the result; None takes the longest clip seen in `fit`. What is longer
        is cut at the end, what is shorter is padded with NaN.
    n_jobs : int or None, default=None
        Number of threads.

    Attributes
    ----------
    n_frames_ : int
        Length of the second axis.

    Raises
    ------
    ValueError
        If a cell is missing or unreadable (the message names the row), or parameters do not suit.

    Notes
    -----
    Taught in notebooks 03 and 08. Silence is -100 dB throughout; only padding is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> LogMelSequences(hop=0.020).fit_transform([np.zeros(16000)]).shape
    (1, 51, 40)
    """

    def __init__(
        self,
        *,
        sample_rate: int = 16_000,
        n_mels: int = 40,
        frame: float = 0.025,
        hop: float = 0.010,
        top_db: float = 80.0,
        normalise: str | None = None,
        max_frames: int | None = None,
        n_jobs: int | None = None,
    ):
        self.sample_rate = sample_rate
        self.n_mels = n_mels
        self.frame = frame
        self.hop = hop
        self.top_db = top_db
        self.normalise = normalise
        self.max_frames = max_frames
        self.n_jobs = n_jobs

    def _dimensions(self) -> list[str]:
        return [f"mel{k}" for k in range(self.n_mels)]

    def _fit_sequences(self, X: Any) -> list[np.ndarray]:
        if not 0 < self.top_db <= 80:
            raise ValueError(f"top_db must lie above 0 and be at most 80, got {self.top_db}")
        if self.normalise not in (None, "clip"):
            raise ValueError(f'normalise must be "clip" or None, got {self.normalise!r}')
        return super()._fit_sequences(X)

    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        decibels = log_mel(
            samples,
            sample_rate=self.sample_rate,
            n_mels=self.n_mels,
            frame=self.frame,
            hop=self.hop,
        )
        decibels = np.maximum(decibels, decibels.max() - self.top_db)
        if self.normalise is None:
            return decibels
        # Over all frames, also those that max_frames cuts off.
        centred = decibels - decibels.mean(axis=0)
        spread = centred.std()
        return centred / spread if spread > 0 else centred
