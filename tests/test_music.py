"""Simulated music, judged by published key templates on librosa's chroma."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from mmtutor.simulate.music import mix, render_music

# C. L. Krumhansl, Cognitive Foundations of Musical Pitch, 1990, and D. Temperley, Music and
# Probability, 2007: how well each pitch class fits a key whose tonic is the first.
TEMPLATES = {
    "krumhansl": {
        "major": [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        "minor": [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    },
    "temperley": {
        "major": [0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.4],
        "minor": [
            0.712,
            0.084,
            0.474,
            0.618,
            0.049,
            0.460,
            0.105,
            0.747,
            0.404,
            0.067,
            0.133,
            0.33,
        ],
    },
}


def find_key(samples, templates):
    chroma = librosa.feature.chroma_stft(
        y=samples, sr=16_000, n_fft=4096, hop_length=2048, tuning=0
    ).mean(axis=1)
    scores = {
        (mode, tonic): np.corrcoef(chroma, np.roll(template, tonic))[0, 1]
        for mode, template in templates.items()
        for tonic in range(12)
    }
    return max(scores, key=scores.get)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEMPLATES)
def test_key_templates_recover_the_mode(name):
    rng = np.random.default_rng(0)
    n_clips, right_mode, right_key = 96, 0, 0
    for clip in range(n_clips):
        mode, tonic = ("major", "minor")[clip % 2], clip // 2 % 12
        samples = render_music(
            mode=mode,
            tonic=tonic,
            tempo=rng.uniform(60, 160),
            loudness=rng.uniform(0.1, 1),
            random_state=clip,
        )
        found = find_key(samples, TEMPLATES[name])
        right_mode += found[0] == mode
        right_key += found == (mode, tonic)
    assert right_mode >= 0.95 * n_clips
    assert right_key >= 0.9 * n_clips


def play(**changed):
    return render_music(
        **{"mode": "major", "tonic": 0, "tempo": 120, "loudness": 0.5, "random_state": 0} | changed
    )


@pytest.mark.parametrize("tempo", [60, 90, 150])
def test_the_beat_has_the_tempo(tempo):
    samples = play(tempo=tempo, seconds=4.0)
    onsets = librosa.onset.onset_detect(
        y=samples, sr=16_000, hop_length=160, units="time", backtrack=False
    )
    assert np.median(np.diff(onsets)) == pytest.approx(60 / tempo, rel=0.05)


def test_louder_is_larger_and_brighter():
    quiet, loud = play(loudness=0.2), play(loudness=1.0)
    assert np.abs(quiet).max() == pytest.approx(0.19, abs=1e-3)
    assert np.abs(loud).max() == pytest.approx(0.95, abs=1e-3)
    quiet_centroid, loud_centroid = (
        librosa.feature.spectral_centroid(y=clip, sr=16_000).mean() for clip in (quiet, loud)
    )
    assert loud_centroid > 1.1 * quiet_centroid
    assert not play(loudness=0).any()


def test_same_seed_same_clip():
    assert np.array_equal(play(random_state=3), play(random_state=3))
    assert not np.array_equal(play(random_state=3), play(random_state=4))


@pytest.mark.parametrize("seconds", [0.01, 0.7, 3.3])
@pytest.mark.parametrize("tempo", [30, 300])
def test_any_length_and_tempo(seconds, tempo):
    samples = play(seconds=seconds, tempo=tempo)
    assert samples.shape == (round(16_000 * seconds),)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mode": "dorian"}, "mode must be 'major' or 'minor', got 'dorian'"),
        ({"tonic": 12}, "tonic is 12; expected a whole number from 0 to 11"),
        ({"tonic": np.timedelta64(1)}, "tonic is np.timedelta64"),
        ({"tempo": 10}, "tempo"),
        ({"tempo": 120 + 0j}, "tempo"),
        ({"loudness": np.ma.masked}, "loudness"),
        ({"random_state": np.matrix([[1]])}, "random_state is matrix"),
        ({"loudness": -20}, "loudness"),
        ({"seconds": 0}, "seconds"),
    ],
)
def test_bad_input_is_named(changed, message):
    with pytest.raises(ValueError, match=message):
        play(**changed)


@pytest.mark.parametrize("level", [-20.0, 0.0, 12.0])
def test_mix_keeps_the_ratio_and_never_clips(level):
    rng = np.random.default_rng(0)
    voice = np.r_[0.9 * np.sin(np.arange(8000) / 9), np.zeros(8000)]
    music = np.r_[np.zeros(8000), rng.uniform(-0.9, 0.9, 9000)]  # no overlap: the parts can be told
    both = mix(voice, music, music_level_db=level)
    assert both.shape == voice.shape
    assert both.dtype == np.float32
    assert np.abs(both).max() <= 1
    ratio = 20 * np.log10(both[8000:].std() / both[:8000].std())
    assert ratio == pytest.approx(level, abs=0.1)
    assert np.corrcoef(both[:8000], voice[:8000])[0, 1] == pytest.approx(1), "clipped"


def test_mix_of_silence_and_without_music():
    tone = 0.5 * np.sin(np.arange(1000) / 5)
    silence = np.zeros(1000)
    assert np.allclose(mix(silence, tone, music_level_db=-10), tone)
    assert np.allclose(mix(tone, silence, music_level_db=-10), tone)
    assert np.allclose(mix(tone, tone, music_level_db=-np.inf), tone)
    assert np.allclose(mix(tone, tone[:400], music_level_db=-10)[400:], tone[400:])


def test_mix_names_bad_input():
    tone = np.ones(10)
    with pytest.raises(ValueError, match="voice must have shape"):
        mix(np.ones((10, 2)), tone, music_level_db=0)
    with pytest.raises(ValueError, match="voice must be numbers"):
        mix(tone * 1j, tone, music_level_db=0)
    with pytest.raises(ValueError, match="music has masked"):
        mix(tone, np.ma.array(tone, mask=tone > 0), music_level_db=0)
    with pytest.raises(ValueError, match=r"music_level_db is np\.timedelta64"):
        mix(tone, tone, music_level_db=np.timedelta64(1))
    with pytest.raises(ValueError, match=r"voice holds NaN or .* beyond 1e\+50"):
        mix(np.full(9, 1e200), np.ones(9), music_level_db=0)
    with pytest.raises(ValueError, match="music holds NaN"):
        mix(tone, np.full(10, np.nan), music_level_db=0)
    with pytest.raises(ValueError, match="music_level_db"):
        mix(tone, tone, music_level_db=np.nan)
