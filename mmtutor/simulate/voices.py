"""Voices by source and filter: a larynx that buzzes, a throat and mouth that resonate.

The source is a train of glottal pulses whose spacing is the pitch; the filter is a cascade of
resonances, the formants, one set per vowel (Fant 1960; Klatt 1980). What is said is nonsense:
syllables drawn at random, so that the words carry nothing and only *who* speaks and *how* remain.

Who speaks is a vector of standard-normal numbers, ``identity``. How it is spoken is ``valence``,
from -1 (sad: lower, flatter, slower, quieter, duller) to +1 (glad: higher, livelier, faster,
louder, brighter), the directions Scherer (2003) reports for sadness and joy.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import signal

from mmtutor._ranges import generator
from mmtutor.simulate._checks import HIGHEST_RATE, LONGEST, STRONGEST, between, count, point

__all__ = ["IDENTITY_NAMES", "IDENTITY_SIZE", "PITCH_RATE", "Voice", "render_voice"]

IDENTITY_NAMES = (
    "pitch",  # median pitch: higher
    "tract",  # vocal tract: shorter, so every formant is higher
    "breathiness",  # more air through the open glottis
    "brightness",  # flatter spectral tilt: pressed rather than soft
    "openness",  # first formant higher: a wider jaw
    "fronting",  # second formant higher: the tongue further forward
    "ring",  # third and fourth formants closer together and sharper
    "nasality",  # a resonance and a notch of the nose at low frequencies
)
IDENTITY_SIZE = len(IDENTITY_NAMES)

PITCH_RATE = 100
"""Values a second in :attr:`Voice.pitch`; value ``i`` holds for time ``i / PITCH_RATE`` seconds."""

# First three formants in Hz of seven vowels, means over men (Peterson and Barney 1952).
_VOWELS = np.array(
    [
        [270, 2290, 3010],  # beet
        [530, 1840, 2480],  # bet
        [660, 1720, 2410],  # bat
        [730, 1090, 2440],  # father
        [570, 840, 2410],  # bought
        [300, 870, 2240],  # boot
        [640, 1190, 2390],  # but
    ],
    dtype=float,
)
_BANDWIDTHS = np.array([70.0, 90.0, 130.0, 180.0, 250.0])  # of the five formants, Hz
_CROSSFADE = 0.05  # seconds in which one vowel's resonances give way to the next's


class Voice(NamedTuple):
    """A clip of speech and the pitch it was made with: what :func:`render_voice` returns.

    Parameters
    ----------
    samples : ndarray of shape (n,), float32
        The clip, in [-1, 1].
    pitch : ndarray of shape (ceil(seconds * PITCH_RATE),)
        The pitch in Hz, 100 values a second, NaN where nothing is voiced.
    sample_rate : int
        Samples a second of `samples`, Hz.
    """

    samples: np.ndarray
    pitch: np.ndarray
    sample_rate: int


def render_voice(
    identity: np.ndarray,
    *,
    valence: float = 0.0,
    seconds: float = 2.0,
    sample_rate: int = 16_000,
    noise: float = 0.003,
    random_state: int | np.random.Generator | None = None,
) -> Voice:
    """Speak some nonsense syllables in a given voice and mood.

    Parameters
    ----------
    identity : array-like of shape (IDENTITY_SIZE,)
        Who speaks, in standard-normal units, in the order of ``IDENTITY_NAMES``; all zeros is the
        average voice (150 Hz). Values beyond 2.5 are treated as 2.5, so that every voice stays a
        voice: the median pitch of a neutral clip lies between about 73 and 310 Hz.
    valence : float in [-1, 1], default=0.0
        How it is spoken. From -1 to +1 the median pitch rises by 4 semitones, the range of the
        intonation grows from 0.8 to 3.2 semitones (standard deviation), the rate from 2.8 to 4.8
        syllables a second, the level by 10 dB, and the spectrum becomes brighter.
    seconds : float, default=2.0
        Length of the clip, at least 0.25 seconds.
    sample_rate : int, default=16000
        Samples a second, Hz, at least 8000.
    noise : float, default=0.003
        Standard deviation of the white noise of the room (full scale is 1).
    random_state : int, numpy Generator or None
        Draws the syllables, the intonation and the noise. The same number gives the same clip.

    Returns
    -------
    Voice
        ``samples`` float32 of shape (round(seconds * sample_rate),), ``pitch`` in Hz, and
        ``sample_rate``.

    Raises
    ------
    ValueError
        If `identity` has another shape or is not finite, `valence` is outside [-1, 1], or
        `seconds`, `sample_rate` or `noise` are too small.

    Notes
    -----
    Taught in notebook 03. A median pitch that differs from the average is partly identity and
    partly mood; a listener needs the other cues to tell them apart.

    References
    ----------
    G. Fant, Acoustic Theory of Speech Production, 1960. D. H. Klatt, "Software for a
    cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67, 1980. G. E. Peterson and
    H. L. Barney, "Control methods used in a study of the vowels", J. Acoust. Soc. Am. 24, 1952.
    K. R. Scherer, "Vocal communication of emotion", Speech Communication 40, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> voice = render_voice(np.zeros(IDENTITY_SIZE), random_state=0)
    >>> voice.samples.shape, voice.samples.dtype, voice.pitch.shape
    ((32000,), dtype('float32'), (200,))
    >>> bool(120 < np.nanmedian(voice.pitch) < 180)
    True
    """
    valence = between(valence, -1, 1, what="valence")
    seconds = between(seconds, 0.25, LONGEST, what="seconds", unit=", enough for one syllable")
    sample_rate = count(sample_rate, what="sample_rate", low=8000, high=HIGHEST_RATE)
    noise = between(noise, 0, STRONGEST, what="noise")
    vector = np.clip(point(identity, IDENTITY_NAMES), -2.5, 2.5)
    person = dict(zip(IDENTITY_NAMES, vector, strict=True))
    rng = generator(random_state)
    n_samples = round(seconds * sample_rate)
    times = np.arange(n_samples) / sample_rate

    edges = _syllable_edges(rng, seconds, valence)
    onsets = rng.choice(3, size=len(edges) - 1, p=[0.55, 0.25, 0.2])  # sonorant, fricative, stop
    onsets[0] = 0 if seconds < 0.6 else onsets[0]
    silent = np.minimum(np.array([0.0, 0.09, 0.06])[onsets], 0.45 * np.diff(edges))
    voiced_from = edges[:-1] + silent  # seconds

    # Control signals, PITCH_RATE values a second: the pitch and whether anything is voiced.
    control_times = np.arange(int(np.ceil(seconds * PITCH_RATE))) / PITCH_RATE
    syllable = np.clip(np.searchsorted(edges, control_times, side="right") - 1, 0, len(onsets) - 1)
    voiced = (control_times >= voiced_from[syllable]) & (control_times < edges[-1])
    pitch = _intonation(rng, edges, control_times, valence) * 150.0 * 2 ** (0.418 * person["pitch"])
    level = _loudness_contour(rng, edges, voiced_from, onsets == 0, times)

    source = level * _glottal_pulses(rng, np.interp(times, control_times, pitch), sample_rate)
    source = _larynx_and_nose(source, person, valence, sample_rate)
    # Breath hisses past the vocal folds, so it has none of the pulses' fall towards high pitches.
    breath = 10 ** (-0.8 + 0.25 * person["breathiness"]) * source.std()
    source += breath * level * np.diff(rng.standard_normal(n_samples + 1))

    samples = np.zeros(n_samples)
    vowels = _VOWELS[rng.choice(len(_VOWELS), size=len(onsets))]
    for window, start, vowel in zip(*_crossfaded(edges, times, sample_rate), vowels, strict=True):
        stop = min(n_samples, start + len(window) + sample_rate // 25)  # let it ring for 40 ms
        excitation = np.zeros(stop - start)
        excitation[: len(window)] = window * source[start : start + len(window)]
        samples[start:stop] += signal.sosfilt(_resonances(vowel, person, sample_rate), excitation)

    # Consonants are noise at a fixed share of the voice's level, coloured by where they are made.
    samples /= np.sqrt(np.mean(samples[level > 0.3] ** 2))
    for start, stop, kind in zip(edges, voiced_from, onsets, strict=False):
        if kind:
            samples += 0.35 * _consonant(rng, kind, start, stop, n_samples, sample_rate)

    samples *= 10 ** ((-21.0 + 5.0 * valence) / 20)
    samples += noise * rng.standard_normal(n_samples)
    samples /= max(1.0, np.abs(samples).max() / 0.99)
    pitch[~voiced] = np.nan
    return Voice(samples.astype(np.float32), pitch, sample_rate)


def _syllable_edges(rng: np.random.Generator, seconds: float, valence: float) -> np.ndarray:
    """Times in seconds at which syllables begin, and the end of the last one."""
    rate = 3.7 * 2 ** (0.39 * valence)  # syllables a second
    n_syllables = max(1, round((seconds - 0.12) * rate))
    shares = rng.uniform(0.75, 1.25, size=n_syllables)
    return 0.04 + (seconds - 0.12) * np.cumsum(np.r_[0.0, shares]) / shares.sum()


def _intonation(
    rng: np.random.Generator, edges: np.ndarray, times: np.ndarray, valence: float
) -> np.ndarray:
    """Pitch relative to the speaker's own median: accents on syllables, falling over the phrase."""
    spread = 2.0 * 2**valence  # semitones, standard deviation
    accents = rng.standard_normal(len(edges) - 1) + np.linspace(0.7, -0.7, len(edges) - 1)
    accents = (accents - np.median(accents)) / max(0.3, accents.std())
    centres = (edges[:-1] + edges[1:]) / 2
    semitones = np.interp(times, centres, spread * np.clip(accents, -2, 2)) + 2.0 * valence
    glide = np.hanning(17)[1:-1]  # 0.15 seconds: vocal folds cannot jump
    semitones = np.pad(semitones, len(glide) // 2, mode="edge")
    return 2 ** (np.convolve(semitones, glide / glide.sum(), mode="valid") / 12)


def _loudness_contour(
    rng: np.random.Generator,
    edges: np.ndarray,
    voiced_from: np.ndarray,
    sonorant: np.ndarray,
    times: np.ndarray,
) -> np.ndarray:
    """Amplitude of the voice over time: up and down once a syllable, 0 where it is unvoiced."""
    peaks = rng.uniform(0.75, 1.0, size=len(voiced_from))
    valleys = np.r_[0.0, np.where(sonorant[1:], 0.25, 0.0), 0.0]
    knots, values = [0.0], [0.0]
    for k, peak in enumerate(peaks):
        start, stop = voiced_from[k], edges[k + 1]
        knots += list(start + (stop - start) * np.array([0.0, 0.25, 0.7, 0.999]))
        values += [valleys[k], peak, 0.9 * peak, valleys[k + 1]]
    return np.interp(times, knots, values, right=0.0)


def _glottal_pulses(rng: np.random.Generator, pitch: np.ndarray, sample_rate: int) -> np.ndarray:
    """One impulse a period, at fractional positions, with a little jitter and shimmer."""
    phase = np.cumsum(pitch / sample_rate)
    count = int(phase[-1])
    positions = np.interp(np.arange(1, count + 1), phase, np.arange(len(phase)))
    positions += 0.006 * rng.standard_normal(count) * sample_rate / pitch[positions.astype(int)]
    positions = np.clip(positions, 0, len(pitch) - 2)
    whole = positions.astype(int)
    # Height grows with the period, so that every pitch has the same power.
    height = (1 + 0.05 * rng.standard_normal(count)) * np.sqrt(sample_rate / pitch[whole])
    pulses = np.zeros(len(pitch))
    np.add.at(pulses, whole, height * (1 - positions + whole))
    np.add.at(pulses, whole + 1, height * (positions - whole))
    return pulses


def _larynx_and_nose(
    source: np.ndarray, person: dict[str, float], valence: float, sample_rate: int
) -> np.ndarray:
    """Shape the source: the pulse's spectral slope, radiation at the lips, and the nose."""
    slope = np.exp(-2 * np.pi * 200.0 / sample_rate)
    corner = 3500.0 * 2 ** (0.9 * person["brightness"] + 0.8 * valence)
    dull = np.exp(-2 * np.pi * min(corner, 0.45 * sample_rate) / sample_rate)
    source = signal.lfilter([1.0, -1.0], np.poly([slope, slope, dull]), source)
    # The nose: a pole at 250 Hz and a zero above it; where they coincide they cancel.
    notch = 250.0 + 220.0 / (1 + np.exp(-1.2 * person["nasality"]))
    return signal.lfilter(
        *_pole(notch, 90.0, sample_rate)[::-1],
        signal.lfilter(*_pole(250.0, 90.0, sample_rate), source),
    )


def _pole(frequency: float, bandwidth: float, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of a resonance with gain 1 at 0 Hz."""
    radius = np.exp(-np.pi * bandwidth / sample_rate)
    poles = [1.0, -2 * radius * np.cos(2 * np.pi * frequency / sample_rate), radius**2]
    return np.array([sum(poles)]), np.array(poles)


def _resonances(vowel: np.ndarray, person: dict[str, float], sample_rate: int) -> np.ndarray:
    """Second-order sections of the formants of one vowel in one person's mouth."""
    formants = np.r_[vowel, 3500.0, 4500.0]
    formants[0] *= np.exp(0.11 * person["openness"])
    formants[1] *= np.exp(0.10 * person["fronting"])
    gap = formants[3] - formants[2]
    formants[2:4] += 0.1 * gap * person["ring"] * np.array([1.0, -1.0])
    # Neighbours keep their distance: where two formants meet they would whistle.
    formants[1] = np.clip(formants[1], formants[0] + 250.0, formants[2] - 600.0)
    formants *= 1.08 * np.exp(0.09 * person["tract"])
    bandwidths = _BANDWIDTHS * np.exp([0, 0, *(-0.25 * person["ring"] * np.ones(2)), 0])
    sections = []
    for frequency, bandwidth in zip(formants, bandwidths, strict=True):
        if frequency < 0.47 * sample_rate:
            numerator, denominator = _pole(frequency, bandwidth, sample_rate)
            sections.append(np.r_[numerator, 0.0, 0.0, denominator])
    return np.array(sections)


def _crossfaded(
    edges: np.ndarray, times: np.ndarray, sample_rate: int
) -> tuple[list[np.ndarray], list[int]]:
    """Windows, one a syllable, that overlap by the crossfade and sum to one; and their starts."""
    inner = edges[1:-1]
    starts = np.r_[0.0, inner - _CROSSFADE / 2]
    stops = np.r_[inner + _CROSSFADE / 2, times[-1] + 1.0]
    windows, first = [], []
    for k, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        begin = int(np.ceil(start * sample_rate))
        t = times[begin : int(np.ceil(stop * sample_rate))]
        window = np.ones(len(t))
        if k > 0:
            window *= np.sin(np.pi / 2 * np.clip((t - start) / _CROSSFADE, 0, 1)) ** 2
        if k < len(inner):
            window *= np.cos(np.pi / 2 * np.clip((t - stop) / _CROSSFADE + 1, 0, 1)) ** 2
        windows.append(window)
        first.append(begin)
    return windows, first


def _consonant(
    rng: np.random.Generator, kind: int, start: float, stop: float, n_samples: int, sample_rate: int
) -> np.ndarray:
    """A fricative (kind 1: hissing all along) or a stop (kind 2: silence, then a burst)."""
    out = np.zeros(n_samples)
    begin, end = round(start * sample_rate), min(n_samples, round(stop * sample_rate))
    centre = rng.choice([1800.0, 3000.0, 5200.0])  # k, sh, s
    hiss = rng.standard_normal(end - begin)
    position = np.linspace(0, 1, end - begin)
    shape = np.sin(np.pi * position) if kind == 1 else np.exp(-12 * np.maximum(0, position - 0.6))
    if kind == 2:
        shape = np.where(position < 0.6, 0.0, shape)
    centre = min(centre, 0.4 * sample_rate)
    band = signal.butter(
        1, [0.75 * centre, min(1.3 * centre, 0.48 * sample_rate)], "bandpass", fs=sample_rate
    )
    out[begin:end] = shape * signal.lfilter(*band, hiss) * 2
    return out
