"""Simulated voices, judged by tools that know nothing of how they were made."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.simulate.voices import (
    IDENTITY_NAMES,
    IDENTITY_SIZE,
    PITCH_RATE,
    render_voice,
)

AVERAGE = np.zeros(IDENTITY_SIZE)


@pytest.mark.slow
def test_pyin_finds_the_pitch():
    rng = np.random.default_rng(42)
    n_clips, found = 40, 0
    for seed in range(n_clips):
        identity, valence = rng.standard_normal(IDENTITY_SIZE), rng.uniform(-1, 1)
        clip = render_voice(identity, valence=valence, seconds=1.0, random_state=seed)
        pitch, voiced, _ = librosa.pyin(
            clip.samples,
            fmin=60,
            fmax=450,
            sr=16_000,
            frame_length=1024,
            hop_length=640,
            resolution=0.2,
        )
        times = librosa.times_like(pitch, sr=16_000, hop_length=640)
        nearest = np.minimum(np.round(times * PITCH_RATE).astype(int), len(clip.pitch) - 1)
        both = voiced & ~np.isnan(clip.pitch[nearest])
        assert both.mean() > 0.4, "hardly anything voiced was found"
        found += np.median(np.abs(pitch[both] / clip.pitch[nearest][both] - 1)) < 0.03
    assert found >= 0.95 * n_clips


def mfcc_statistics(samples):
    mfcc = librosa.feature.mfcc(y=samples, sr=16_000, n_fft=400, hop_length=160, n_mels=40)
    return np.r_[mfcc.mean(axis=1), mfcc.std(axis=1), np.diff(mfcc).std(axis=1)]


@pytest.fixture(scope="module")
def recordings():
    """20 speakers x 8 clips of 1.5 s in three moods: features, speaker, mood."""
    rng = np.random.default_rng(7)
    speakers = rng.standard_normal((20, IDENTITY_SIZE))
    features, who, mood = [], [], []
    for speaker, identity in enumerate(speakers):
        for take in range(8):
            valence = (-0.7, 0.0, 0.7)[(take + speaker) % 3]
            clip = render_voice(
                identity, valence=valence, seconds=1.5, random_state=100 * speaker + take
            )
            features.append(mfcc_statistics(clip.samples))
            who.append(speaker)
            mood.append(str(valence))
    return np.array(features), np.array(who), np.array(mood)


def test_speakers_are_told_apart(recordings):
    features, who, _ = recordings
    take = np.arange(len(who)) % 8
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    model.fit(features[take < 6], who[take < 6])
    assert model.score(features[take >= 6], who[take >= 6]) > 0.5  # chance 0.05


def test_mood_is_heard_in_unseen_speakers(recordings):
    features, who, mood = recordings
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    model.fit(features[who < 14], mood[who < 14])
    assert model.score(features[who >= 14], mood[who >= 14]) > 0.6  # chance 1/3


def test_valence_has_the_documented_direction():
    glad = [render_voice(AVERAGE, valence=1, random_state=seed) for seed in range(12)]
    sad = [render_voice(AVERAGE, valence=-1, random_state=seed) for seed in range(12)]

    def semitones(clips):
        return np.array([np.nanmedian(12 * np.log2(c.pitch / 150)) for c in clips])

    def spread(clips):
        return np.array([np.nanstd(12 * np.log2(c.pitch / 150)) for c in clips])

    def decibel(clips):
        return np.array([20 * np.log10(c.samples.std()) for c in clips])

    def brightness(clips):
        return np.array(
            [librosa.feature.spectral_centroid(y=c.samples, sr=16_000).mean() for c in clips]
        )

    assert semitones(glad).mean() - semitones(sad).mean() == pytest.approx(4, abs=1)
    assert spread(glad).mean() > 2 * spread(sad).mean()
    assert decibel(glad).mean() - decibel(sad).mean() == pytest.approx(10, abs=1.5)
    quiet_room = [render_voice(AVERAGE, valence=v, noise=0, random_state=3) for v in (-1, 1)]
    assert brightness(quiet_room[1:]) > brightness(quiet_room[:1])


@pytest.mark.parametrize("name", IDENTITY_NAMES)
def test_every_identity_parameter_is_audible(name):
    low, high = AVERAGE.copy(), AVERAGE.copy()
    low[IDENTITY_NAMES.index(name)], high[IDENTITY_NAMES.index(name)] = -1.5, 1.5
    spectra = []
    for identity in (low, high):
        clips = [render_voice(identity, noise=0, random_state=s).samples for s in range(4)]
        power = [
            librosa.feature.melspectrogram(y=c, sr=16_000, n_fft=400, hop_length=160, n_mels=40)
            for c in clips
        ]
        spectra.append(np.mean([librosa.power_to_db(p).mean(axis=1) for p in power], axis=0))
    assert np.abs(spectra[1] - spectra[0]).max() > 2  # dB, in some mel band


def test_same_seed_same_clip_other_seed_other_clip():
    one, same, other = (render_voice(AVERAGE, random_state=s) for s in (5, 5, 6))
    assert np.array_equal(one.samples, same.samples)
    assert np.array_equal(one.pitch, same.pitch, equal_nan=True)
    assert not np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize("seconds", [0.25, 0.5, 3.017])
@pytest.mark.parametrize("sample_rate", [8000, 16_000, 22_050])
@pytest.mark.parametrize("level", [-9, 9])
def test_any_length_and_rate(seconds, sample_rate, level):
    clip = render_voice(
        np.full(IDENTITY_SIZE, level),
        valence=np.sign(level),
        seconds=seconds,
        sample_rate=sample_rate,
        random_state=1,
    )
    assert clip.samples.shape == (round(seconds * sample_rate),)
    assert clip.samples.dtype == np.float32
    assert np.abs(clip.samples).max() < 1
    assert clip.pitch.shape == (int(np.ceil(seconds * PITCH_RATE)),)
    assert np.nanmin(clip.pitch) > 40
    assert np.nanmax(clip.pitch) < 700
    assert clip.sample_rate == sample_rate


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"identity": np.zeros(3)}, "shape"),
        ({"identity": np.full(IDENTITY_SIZE, np.nan)}, "finite"),
        ({"valence": 1.5}, "valence"),
        ({"seconds": 0.1}, "seconds"),
        ({"sample_rate": 4000}, "sample_rate"),
        ({"noise": -1}, "noise"),
        ({"noise": 1e308}, "noise is 1e.308"),
    ],
)
def test_bad_input_is_named(changed, message):
    arguments = {"identity": AVERAGE} | changed
    with pytest.raises(ValueError, match=message):
        render_voice(arguments.pop("identity"), **arguments)
