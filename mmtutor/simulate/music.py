"""Music to put under a voice: a short cadence of struck chords, major or minor.

A note is a handful of harmonics that die away, the higher the sooner, as on a piano or a guitar.
The chords are I-IV-V and their like, all of them major in a major key and minor in a minor key
(natural minor, so the fifth degree is minor too). Mode is what chroma features can read from it;
tempo and loudness are mood cues that chroma does not hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mmtutor._ranges import check_ranges, generator, number
from mmtutor._rows import floats
from mmtutor.simulate._checks import HIGHEST_RATE, LONGEST, STRONGEST, between, count

__all__ = ["mix", "render_music"]

_PROGRESSIONS = (  # semitones above the tonic of the chord's root; every one begins at home
    (0, 5, 7, 0),  # I  IV V  I
    (0, 7, 5, 0),  # I  V  IV I
    (0, 5, 0, 7),  # I  IV I  V
    (0, 0, 5, 7),  # I  I  IV V
)
_TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
_N_HARMONICS = 6
DECIBELS = number("[-inf, 1000]", "a level in dB, up to 1000")


def render_music(
    *,
    mode: str,
    tonic: int,
    tempo: float,
    loudness: float,
    seconds: float = 2.0,
    sample_rate: int = 16_000,
    random_state: int | np.random.Generator | None = None,
) -> np.ndarray:
    """Play a cadence of chords.

    Parameters
    ----------
    mode : {"major", "minor"}
        All chords are major, or all are minor.
    tonic : int in 0..11
        Pitch class of the home chord, C = 0, in equal temperament with A4 = 440 Hz.
    tempo : float
        Beats a minute, 30 to 300; every beat strikes a chord, and the clip holds one
        cadence of up to four chords.
    loudness : float in [0, 1]
        0 is silence, 1 the loudest: full scale. Amplitude is proportional to it, and a louder
        clip is also brighter, as with real instruments, so that it can be heard after scaling.
    seconds : float, default=2.0
        Length of the clip.
    sample_rate : int, default=16000
        Samples a second, Hz, at least 4000.
    random_state : int, numpy Generator or None
        Draws the progression, the voicing and the touch.

    Returns
    -------
    ndarray of shape (round(seconds * sample_rate),), float32
        The clip, in [-1, 1]; its peak is ``0.95 * loudness``.

    Raises
    ------
    ValueError
        If a parameter is outside the range given above.

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> clip = render_music(mode="minor", tonic=9, tempo=120, loudness=0.5, random_state=0)
    >>> clip.shape, clip.dtype
    ((32000,), dtype('float32'))
    >>> round(float(abs(clip).max()), 3)
    0.475
    """
    if not isinstance(mode, str) or mode not in _TRIADS:
        raise ValueError(f"mode must be 'major' or 'minor', got {mode!r}")
    tonic = count(tonic, what="tonic", low=0, high=11)
    tempo = between(tempo, 30, 300, what="tempo", unit=" beats a minute")
    loudness = between(loudness, 0, 1, what="loudness", unit=", silence and full scale")
    sample_rate = count(sample_rate, what="sample_rate", low=4000, high=HIGHEST_RATE)
    seconds = between(seconds, 1 / sample_rate, LONGEST, what="seconds")
    rng = generator(random_state)
    progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]
    inversion = int(rng.integers(3))
    n_samples = round(seconds * sample_rate)
    strikes = np.arange(0.02, seconds, 60 / tempo)  # seconds
    beats_a_chord = max(1, round(len(strikes) / len(progression)))

    out = np.zeros(n_samples)
    for beat, strike in enumerate(strikes):
        root = tonic + progression[(beat // beats_a_chord) % len(progression)]
        first = round(strike * sample_rate)
        # A note rings for two beats, or for 1.5 s, and is damped at the end.
        last = min(n_samples, first + round(min(1.5, 120 / tempo) * sample_rate))
        touch = rng.uniform(0.8, 1.0)
        out[first:last] += touch * _chord(
            _pitches(root, _TRIADS[mode], inversion), last - first, loudness, sample_rate
        )
    peak = np.abs(out).max(initial=0.0)
    return (out * (0.95 * loudness / peak if peak > 0 else 0.0)).astype(np.float32)


def mix(voice: np.ndarray, music: np.ndarray, *, music_level_db: float) -> np.ndarray:
    """Put music under a voice at a chosen level.

    Parameters
    ----------
    voice : ndarray of shape (n,)
        The clip that gives the length.
    music : ndarray of shape (m,)
        At the same sampling rate. What outlasts the voice is cut; if shorter, silence follows.
    music_level_db : float
        Level of the music relative to the voice, dB, both as root mean square over the whole
        clip: -10 puts the music 10 dB below the voice, ``-inf`` leaves it out. Where voice or
        music is silent there is no ratio to keep, and the two are added as they are.

    Returns
    -------
    ndarray of shape (n,), float32
        The mixture, in [-1, 1]. If the sum would exceed full scale, all of it is turned down,
        so that the ratio stays; it is never clipped.

    Raises
    ------
    ValueError
        If a clip is not one-dimensional or not finite, or `music_level_db` is NaN or above
        1000.

    Notes
    -----
    Taught in notebook 03.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(16000) / 16000
    >>> voice, music = np.sin(2 * np.pi * 150 * t), np.sin(2 * np.pi * 440 * t)
    >>> both = mix(voice, music, music_level_db=-20)
    >>> bool(abs(both).max() <= 1)
    True
    >>> spectrum = abs(np.fft.rfft(both))
    >>> round(float(20 * np.log10(spectrum[440] / spectrum[150])), 3)
    -20.0
    """
    voice, music = _clip(voice, "voice"), _clip(music, "music")
    check_ranges({"music_level_db": DECIBELS}, music_level_db=music_level_db)
    music = np.pad(music[: len(voice)], (0, max(0, len(voice) - len(music))))
    voice_rms, music_rms = (
        np.sqrt(np.mean(clip**2)) if clip.size else 0.0 for clip in (voice, music)
    )
    gain = 1.0
    if voice_rms > 0 and music_rms > 0:
        gain = 10 ** (float(music_level_db) / 20) * voice_rms / music_rms
    mixture = voice + gain * music
    return (mixture / max(1.0, np.abs(mixture).max(initial=0.0))).astype(np.float32)


def _clip(samples: ArrayLike, name: str) -> np.ndarray:
    clip = floats(name, samples).astype(float)
    if clip.ndim != 1:
        raise ValueError(f"{name} must have shape (n_samples,), got shape {clip.shape}")
    if not (np.abs(clip) <= STRONGEST).all():
        raise ValueError(f"{name} holds NaN or infinite samples, or some beyond {STRONGEST:g}")
    return clip


def _pitches(root: int, triad: tuple[int, ...], inversion: int) -> np.ndarray:
    """MIDI numbers of a chord: its root in the bass and a close triad around middle C."""
    upper = [60 + (root + step) % 12 for step in triad]
    upper = sorted(upper)[inversion:] + [note + 12 for note in sorted(upper)[:inversion]]
    return np.array([48 + root % 12, *upper])


def _chord(pitches: np.ndarray, n_samples: int, loudness: float, sample_rate: int) -> np.ndarray:
    """Sound of one struck chord, float64 of shape (n_samples,)."""
    t = np.arange(n_samples) / sample_rate
    frequencies = 440.0 * 2 ** ((pitches - 69) / 12)
    phase = 2 * np.pi * np.outer(frequencies, t)
    before, wave, turn = np.zeros_like(phase), np.sin(phase), 2 * np.cos(phase)
    out = np.zeros(n_samples)
    for harmonic in range(1, _N_HARMONICS + 1):
        audible = (harmonic * frequencies < 0.45 * sample_rate).astype(float)
        strength = harmonic ** -(2.2 - loudness)  # louder is brighter
        out += strength * np.exp(-(1.5 + 0.8 * harmonic) * t) * (audible @ wave)
        # sin((k + 1) x) = 2 cos(x) sin(k x) - sin((k - 1) x), cheaper than another sine.
        before, wave = wave, turn * wave - before
    attack = np.minimum(1.0, t / 0.008)
    release = np.minimum(1.0, (n_samples - 1 - np.arange(n_samples)) / (0.03 * sample_rate))
    return out * attack * release
