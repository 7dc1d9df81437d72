# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Sound: MFCC and chroma · 声音：MFCC 与色度
#
# > How does a sound become a row of numbers, and which numbers keep the speaker, which the mood, and which the chords?
#
# **After this chapter you can**
#
# - read a sound file without changing its pitch by accident, and say what its samples, frames and hops are;
# - compute MFCCs from the waveform in four steps, and get what librosa gets;
# - compute chroma, find a key with it, and repair a recording that is out of tune;
# - choose between statistics and sequences, and between MFCC and chroma, by what each one keeps.
#
# **You need**: what a sine wave is; NumPy arrays. Headphones help.
#
# **Time**: 45 minutes to read and do, 25 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | waveform, sampling rate | 波形，采样率 | air pressure as numbers, so many a second |
# | frame, hop | 帧，帧移 | a short piece of sound, and the distance to the next piece |
# | spectrogram | 声谱图 | the power at each frequency in each frame |
# | pitch | 基频，音高 | how many times a second the vocal folds close |
# | formant | 共振峰 | a resonance of throat and mouth; formants make a vowel and a voice |
# | mel scale | 梅尔刻度 | frequency as the ear spaces it |
# | MFCC | 梅尔频率倒谱系数 | the cosine transform of the log-mel spectrum: its coarse shape |
# | delta | 差分特征 | how fast a feature changes |
# | chroma, pitch class | 色度，音级 | which of the twelve notes sound, whatever the octave |
# | tuning | 调音 | how far the notes lie from those of a piano |

# %%
import tempfile
from pathlib import Path

import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
from scipy import fft, signal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, plotting
from mmtutor.exercises import check
from mmtutor.simulate import music, voices

plotting.style()
RATE = 16_000  # samples a second

# %% [markdown]
# ## 1 · Two moods, one voice, one song
#
# The voices and the music of this course are computed, so we know the truth about them: who speaks, in which mood, which chords.
# Here is the same person twice, saying nonsense syllables, first sad, then glad.

# %%
someone = np.zeros(voices.IDENTITY_SIZE)  # the average voice
sad = voices.render_voice(someone, valence=-1, random_state=8)
glad = voices.render_voice(someone, valence=+1, random_state=8)
plotting.listen(sad.samples, RATE, "The average voice, sad")
plotting.listen(glad.samples, RATE, "The average voice, glad")

# %%
song = music.render_music(mode="minor", tonic=9, tempo=100, loudness=0.5, random_state=8)
both = music.mix(glad.samples, song, music_level_db=-6)
plotting.listen(song, RATE, "Chords in A minor")
plotting.listen(both, RATE, "The glad voice over the chords, which are 6 dB quieter")

# %% [markdown]
# **Predict before you go on.** We shall describe a clip in two ways, by MFCC and by chroma. Which of the two notices that somebody
# else speaks? That the mood changes? That the music moves to another key? That all is played an octave higher? That it gets louder?
# Write your guesses down; section 9 measures them.
#
# ## 2 · A sound is a long list of numbers
#
# A microphone turns air pressure into 16,000 numbers a second. Two seconds look like a caterpillar; forty milliseconds show
# what a voice is: the vocal folds clap shut, the throat rings and dies away, and they clap again.

# %%
voice = voices.render_voice(someone, random_state=8)
x = voice.samples.astype(float)
seconds = np.arange(len(x)) / RATE
piece = slice(round(0.40 * RATE), round(0.44 * RATE))

fig, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4))
top.plot(seconds, x, linewidth=0.4)
top.axvspan(0.40, 0.44, color=plotting.COLOURS["orange"], alpha=0.5)
top.set(xlabel="time (s)", ylabel="pressure (full scale 1)", title="two seconds")
bottom.plot(1000 * seconds[piece], x[piece], color=plotting.COLOURS["orange"])
bottom.set(
    xlabel="time (ms)", ylabel="pressure", title="the marked 40 ms: one clap every few milliseconds"
)
plotting.show(
    fig,
    alt="Above, two seconds of a voice as a waveform with syllables. Below, 40 ms of it: a pattern that repeats about seven times.",
)

# %% [markdown]
# The distance between two claps is the period, and its inverse the **pitch**. To measure it, shift the piece against itself
# and see after how many samples it fits best (*autocorrelation*). The simulator tells us the right answer.

# %%
part = x[piece] - x[piece].mean()
fit = [part[:-lag] @ part[lag:] for lag in range(40, 320)]  # pitches from 400 down to 50 Hz
period = 40 + int(np.argmax(fit))
measured, truth = RATE / period, voice.pitch[42]  # 100 values a second: this one holds at 0.42 s
print(f"one period has {period} samples: {measured:.0f} Hz measured, {truth:.0f} Hz true")
assert abs(measured / truth - 1) < 0.03

# %% [markdown]
# ## 3 · Reading a file, and two traps
#
# A file says how many samples a second it holds; an array does not. The article reads sound with `librosa.load('audio.wav')` and asks
# `librosa.info(audio)` for the rate. Librosa has no such function; the header of a file is read by `soundfile.info`.
# And `librosa.load` does not keep the file's rate: without `sr=None` it resamples everything to 22,050 Hz.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "voice.wav"
    soundfile.write(path, x, RATE)
    header = soundfile.info(path)
    surprise, surprise_rate = librosa.load(path)
    kept, kept_rate = librosa.load(path, sr=None)
    ours = audio.read_audio(path)  # always 16,000 Hz, mono, float32 in [-1, 1], whatever the file
print("librosa.info exists:", hasattr(librosa, "info"))
print(f"the header says {header.samplerate} Hz, {header.channels} channel, {header.frames} samples")
print(f"librosa.load(path)          {surprise_rate} Hz, {len(surprise)} samples")
print(f"librosa.load(path, sr=None) {kept_rate} Hz, {len(kept)} samples")
print(f"audio.read_audio(path)      {RATE} Hz, {len(ours)} samples")
assert np.abs(ours - x).max() < 1e-4

# %% [markdown]
# **Predict**: you take the 22,050 Hz array for one of 16,000 Hz. Does the voice become higher or lower, faster or slower?

# %%
plotting.listen(
    np.clip(surprise[:RATE], -1, 1),
    RATE,
    "The neutral voice, resampled by librosa.load, played at the wrong rate",
)
print(f"pitch and speed are multiplied by {RATE / surprise_rate:.2f}")

# %% [markdown]
# Nothing warns you; the features just come out wrong. So say the rate whenever you pass an array: `sr=...` in librosa,
# `sample_rate=...` here. (The article's `librosa.feature.mfcc(y=audio[0])` is right only because two defaults of 22,050 happen to agree.)
#
# ## 4 · The spectrogram: frames, hops, a window
#
# Which frequencies are in the sound *now*? Cut the waveform into overlapping **frames** of $N$ samples, one every $H$ samples (the **hop**),
# fade each in and out with a window $w$, and take its Fourier transform:
#
# $$ P[t, k] = \Big| \sum_{n=0}^{N-1} w[n]\; x[tH + n]\; e^{-2\pi i k n / N} \Big|^2 . $$
#
# Frequency $k$ stands for $k / \text{frame length}$ in Hz. We think in seconds, 25 ms and 10 ms here, because samples change their meaning with the rate.


# %%
def power_by_hand(x, frame=0.025, hop=0.010):
    length, step = round(frame * RATE), round(hop * RATE)
    x = np.pad(x, length // 2)  # silence around, so that frame t is centred on t * hop
    starts = np.arange(0, len(x) - length + 1, step)
    frames = x[starts[:, None] + np.arange(length)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)  # Hann's
    return np.abs(np.fft.rfft(frames * window, axis=1)) ** 2


power = power_by_hand(x)
assert np.allclose(power, audio.spectrogram(x, frame=0.025, hop=0.010))
print("frames, frequencies:", power.shape)

# %% [markdown]
# How long should a frame be? **Predict** what a very short and a very long frame will blur, before you look.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
for ax, frame in zip(axes, (0.008, 0.025, 0.128), strict=True):
    decibels = 10 * np.log10(audio.spectrogram(x[:RATE], frame=frame, hop=0.004) + 1e-6)
    ax.imshow(
        decibels.T,
        origin="lower",
        aspect="auto",
        extent=(0, 1, 0, 8),
        cmap="magma",
        vmin=-30,
        vmax=30,
    )
    ax.set(title=f"frame {1000 * frame:.0f} ms", xlabel="time (s)", ylim=(0, 4))
axes[0].set_ylabel("frequency (kHz)")
plotting.show(
    fig,
    alt="Three spectrograms of one second. With 8 ms frames each clap is a vertical line; with 128 ms frames the "
    "harmonics are horizontal lines and syllables run together; 25 ms lies between.",
)

# %% [markdown]
# Short frames see *when*, long frames see *which*: a frame of $T$ seconds cannot tell frequencies closer than about $1/T$ apart.
# Speech takes 25 ms: short enough for a sound to stay the same, long enough for a few claps. Chords take ten times as much (section 8).
# The broad bright bands are the **formants**, the resonances of the mouth.
#
# ## 5 · The mel filter bank: fewer bands, spaced like hearing
#
# The ear tells 200 Hz from 300 Hz easily, 5,000 Hz from 5,100 Hz hardly. The mel scale (Slaney's version) is straight up to 1,000 Hz
# and logarithmic above:
#
# $$ m(f) = \begin{cases} 3 f / 200 & f < 1000 \\ 15 + 27 \ln(f / 1000) / \ln 6.4 & f \ge 1000 \end{cases} $$
#
# Forty triangles, evenly spaced in mel, add up the power of their neighbourhood; the logarithm then turns power into
# decibels, because the ear hears ratios.

# %%
edges = np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), 40 + 2)  # mel, from 0 Hz to 8,000 Hz
edges = np.where(edges < 15, edges * 200 / 3, 1000 * 6.4 ** ((edges - 15) / 27))  # Hz
f = np.fft.rfftfreq(400, 1 / RATE)
low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
filters = np.maximum(0, np.minimum((f - low) / (centre - low), (high - f) / (high - centre)))
filters *= 2 / (high - low)  # each triangle has unit area
assert np.allclose(filters, audio.mel_filters(RATE, 400, 40))

mel = 10 * np.log10(np.maximum(1e-10, power @ filters.T))
mel = np.maximum(mel, mel.max() - 80)  # what is 80 dB below the loudest is silence
assert np.allclose(mel, audio.log_mel(x))
print("frames, mel bands:", mel.shape)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.plot(f / 1000, filters[::4].T)
left.set(title="every fourth mel filter", xlabel="frequency (kHz)", ylabel="weight (per Hz)")
picture = right.imshow(mel.T, origin="lower", aspect="auto", extent=(0, 2, 0, 40), cmap="magma")
right.set(title="log-mel spectrogram", xlabel="time (s)", ylabel="mel band")
fig.colorbar(picture, ax=right, label="dB")
plotting.show(
    fig,
    alt="Left: triangles that become wider and lower with frequency. Right: the log-mel spectrogram of the voice, 40 bands, with bright formants.",
)

# %% [markdown]
# ## 6 · The cosine transform: MFCC
#
# Forty neighbouring bands rise and fall together. The discrete cosine transform describes a frame's forty decibels $L_m$ by how much of
# each cosine is in them: $c_0$ is their level, $c_1$ the tilt from low to high, later ones ever finer ripples.
#
# $$ c_k = s_k \sum_{m=0}^{M-1} L_m \cos\!\Big(\frac{\pi k (m + \frac12)}{M}\Big), \qquad s_0 = \sqrt{1/M},\; s_{k>0} = \sqrt{2/M} $$
#
# The first thirteen or twenty of them are the **MFCC**.

# %%
k, m = np.arange(13)[:, None], np.arange(40)
cosines = np.cos(np.pi * k * (m + 0.5) / 40) * np.sqrt(2 / 40)
cosines[0] /= np.sqrt(2)
by_hand = mel @ cosines.T

theirs = librosa.feature.mfcc(y=x, sr=RATE, n_mfcc=13, n_mels=40, n_fft=400, hop_length=160).T
assert np.allclose(by_hand, audio.mfcc(x, n_mfcc=13))
print("frames, coefficients:", by_hand.shape)
print("equal to librosa's within 1e-4:", np.abs(by_hand - theirs).max() < 1e-4)

# %%
frame = 42  # the frame at 0.42 s
fig, ax = plt.subplots(figsize=(7, 3))
ax.plot(mel[frame], color="0.6", label="40 bands")
for kept, colour in ((13, "blue"), (5, "orange")):
    coefficients = fft.dct(mel[frame], norm="ortho")
    coefficients[kept:] = 0
    ax.plot(
        fft.idct(coefficients, norm="ortho"),
        color=plotting.COLOURS[colour],
        label=f"back from {kept} MFCCs",
    )
ax.set(
    xlabel="mel band", ylabel="level (dB)", title="what the first coefficients keep of one frame"
)
ax.legend()
plotting.show(
    fig,
    alt="The log-mel spectrum of one frame and two smooth curves through it: 13 coefficients follow its humps, 5 only its broad shape.",
)

# %% [markdown]
# Few coefficients keep the envelope (the mouth) and smooth the comb of harmonics (the pitch) away, though not entirely: see section 9.
#
# **Predict**: we double the amplitude. Which coefficients change, and by how much?

# %%
change = audio.mfcc(2 * x) - audio.mfcc(x)
print(
    f"c0 grows by {change[:, 0].mean():.2f} in every frame, the others by {np.abs(change[:, 1:]).max():.2f}"
)
print(f"20 log10(2) dB times the square root of 40 is {20 * np.log10(2) * np.sqrt(40):.2f}")
assert np.allclose(change[:, 0], 20 * np.log10(2) * np.sqrt(40))

# %% [markdown]
# So $c_0$ holds the loudness and nothing else does. Loudness may be the mood, or only the distance to the microphone: drop $c_0$ when it is the latter.
#
# ## 7 · From frames to features: statistics or sequences
#
# Clips differ in length, classifiers want rows of equal length. The usual way out is the **mean** and the **deviation** of each coefficient over
# time, and of its slope, the **delta**. `MFCCFeatures` does this for a column of clips. What gets lost? Listen to the voice backwards.

# %%
backwards = x[::-1].copy()
plotting.listen(backwards, RATE, "The neutral voice, backwards")
other = voices.render_voice(someone, random_state=9).samples  # the same person says something else

statistics = audio.MFCCFeatures(n_mfcc=13)
rows = statistics.fit_transform([x, backwards, other])
print("clips, features:", rows.shape)
print("names:", ", ".join(statistics.get_feature_names_out()[[0, 1, 13, 26, 39]]))
print(f"largest difference, backwards:     {np.abs(rows[0] - rows[1]).max():.1f}")
print(f"largest difference, other phrase: {np.abs(rows[0] - rows[2]).max():.1f}")

# %% [markdown]
# Statistics over time cannot hear that a clip is played backwards. Two remedies: describe the clip in **segments**, one after the other, or
# keep the **sequence** for a network that reads frame by frame (chapter 08). There, shorter clips are padded with NaN, which is not a sound.

# %%
segments = audio.MFCCFeatures(n_mfcc=13, n_segments=4).fit_transform([x, backwards])
sequences = audio.MFCCSequences(n_mfcc=13).fit_transform([x, x[: RATE // 2]])
print(
    "four segments:",
    segments.shape,
    f"largest difference, backwards: {np.abs(segments[0] - segments[1]).max():.0f}",
)
print("sequences (clips, frames, coefficients):", sequences.shape)
print("frames that are there:", (~np.isnan(sequences[:, :, 0])).sum(axis=1))

# %% [markdown]
# ## 8 · Chroma: which notes, whatever the octave
#
# The article says that chroma computes "colour features". It does not: *chroma* is the name of the **pitch class**, the C, C#, D, ... of a note
# without its octave. On the piano's scale a frequency has the pitch
#
# $$ p(f) = 69 + 12 \log_2 \frac{f}{440\,\text{Hz}}, \qquad \text{pitch class} = p \bmod 12 \quad (C = 0). $$
#
# Each frequency gives its power to the two nearest pitch classes, the nearer the more. Here are two chord progressions.

# %%
major = music.render_music(mode="major", tonic=0, tempo=120, loudness=0.6, random_state=1).astype(
    float
)
minor = music.render_music(mode="minor", tonic=0, tempo=120, loudness=0.6, random_state=1).astype(
    float
)
plotting.listen(major, RATE, "Chords in C major")
plotting.listen(minor, RATE, "The same in C minor")

# %%
power = audio.spectrogram(major, frame=0.256, hop=0.064)
f = np.fft.rfftfreq(4096, 1 / RATE)
heard = (f >= 60) & (f <= 5000)
pitch = 69 + 12 * np.log2(f[heard] / 440)
away = (
    pitch - np.arange(12)[:, None] + 6
) % 12 - 6  # semitones from each pitch class, around the octave
weight = np.maximum(0, 1 - np.abs(away)) * np.exp(-0.5 * ((pitch - 72) / 18) ** 2)  # C5 counts most
energy = power[:, heard] @ weight.T
chroma = energy / energy.max(axis=1, keepdims=True)

assert np.allclose(chroma, audio.chroma(major))
reference = librosa.feature.chroma_stft(y=major, sr=RATE, n_fft=4096, hop_length=1024, tuning=0)
agreement = np.corrcoef(chroma.mean(axis=0), reference.mean(axis=1))[0, 1]
print(f"frames, pitch classes: {chroma.shape}; correlation with librosa's chroma: {agreement:.2f}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True)
for ax, clip, title in zip(
    axes, (major, minor, x), ("C major", "C minor", "the neutral voice"), strict=True
):
    ax.imshow(
        audio.chroma(clip).T, origin="lower", aspect="auto", extent=(0, 2, -0.5, 11.5), cmap="magma"
    )
    ax.set(title=title, xlabel="time (s)", yticks=range(12), yticklabels=audio.PITCH_CLASSES)
plotting.show(
    fig,
    alt="Chroma over time. C major: steady bars at C, E, G, then other chords. C minor: D sharp (which is E flat) instead of E. The voice: bars that slide and blur.",
)

# %% [markdown]
# ### Key and mode by template
#
# Asked how well each note fits a key, listeners gave the ratings below (Krumhansl 1990). Roll them to each of the twelve tonics: 24 templates.
# The key is the template that correlates best with the mean chroma.

# %%
PROFILES = {
    "major": np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]),
    "minor": np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]),
}


def key_scores(chroma):
    """Correlation of a mean chroma, shape (12,), with each of the 24 keys."""
    return {
        (tonic, mode): np.corrcoef(chroma, np.roll(profile, tonic))[0, 1]
        for mode, profile in PROFILES.items()
        for tonic in range(12)
    }


for name, clip in (("C major", major), ("C minor", minor), ("A minor", song)):
    scores = key_scores(audio.chroma(clip).mean(axis=0))
    tonic, mode = max(scores, key=scores.get)
    print(
        f"{name}: found {audio.PITCH_CLASSES[tonic]} {mode}, correlation {scores[tonic, mode]:.2f}"
    )

# %% [markdown]
# **Predict**: in how many of 48 new clips, two in each of the 24 keys, will the templates find the mode?

# %%
rng = np.random.default_rng(3)
right_mode = right_key = 0
for number in range(48):
    truth = number % 12, ("major", "minor")[number // 24]
    clip = music.render_music(
        tonic=truth[0],
        mode=truth[1],
        tempo=rng.uniform(70, 150),
        loudness=rng.uniform(0.2, 1),
        random_state=number,
    )
    scores = key_scores(audio.chroma(clip).mean(axis=0))
    found = max(scores, key=scores.get)
    right_mode += found[1] == truth[1]
    right_key += found == truth
print(f"of 48 clips, mode right in {right_mode}, mode and tonic right in {right_key}")

# %% [markdown]
# ### Out of tune
#
# Old recordings and singers are not tuned to 440 Hz. Played a little too fast, the song lands between the keys, and each note spills
# into the wrong class. The **tuning** can be estimated from the sound (the commonest fraction of a semitone among its peaks) and undone.

# %%
sharp = signal.resample_poly(major, 1000, 1023)  # 1023 samples become 1000: higher and faster
plotting.listen(np.clip(sharp, -1, 1), RATE, "The chords in C major, out of tune")
estimated = librosa.estimate_tuning(y=sharp, sr=RATE, n_fft=4096, hop_length=1024)
print(f"true detuning {12 * np.log2(1.023):.2f} semitones, estimated {estimated:.2f}")
for tuning, name in ((0.0, "taken for 440 Hz"), (None, "estimated")):
    share = audio.chroma(sharp, tuning=tuning).mean(axis=0)
    share /= share.sum()
    print(f"tuning {name}: share of C, E and G {share[[0, 4, 7]].sum():.2f}")

# %% [markdown]
# ## 9 · What each keeps, and what it drops
#
# Now your guesses of section 1. First, six changes to a clip: how far do the mean MFCCs move (Euclidean distance of
# $c_1$ to $c_{12}$), and how alike does the mean chroma stay (correlation)?


# %%
def moved(a, b):
    return np.linalg.norm(audio.mfcc(a)[:, 1:13].mean(axis=0) - audio.mfcc(b)[:, 1:13].mean(axis=0))


def alike(a, b):
    return np.corrcoef(audio.chroma(a).mean(axis=0), audio.chroma(b).mean(axis=0))[0, 1]


up_a_fourth = music.render_music(mode="major", tonic=5, tempo=120, loudness=0.6, random_state=1)
short_tract = someone.copy()
short_tract[voices.IDENTITY_NAMES.index("tract")] = 2.5
somebody_else = voices.render_voice(short_tract, random_state=8).samples  # same words, smaller head
pairs = {
    "music: half as loud": (major, 0.5 * major),
    "music: an octave up": (major, np.clip(signal.resample_poly(major, 1, 2), -1, 1)),
    "music: from C to F": (major, up_a_fourth),
    "music: major to minor": (major, minor),
    "voice: a shorter throat": (x, somebody_else),
    "voice: from sad to glad": (sad.samples, glad.samples),
}
changes = {name: (moved(*pair), alike(*pair)) for name, pair in pairs.items()}
print(pd.DataFrame(changes, index=["MFCC moves by", "chroma stays alike"]).T.round(1).to_string())

# %% [markdown]
# Chroma does not mind loudness or the octave, and follows the key and the mode. (A voice moves it, too: without chords it follows whatever harmonic is loudest.)
# MFCC move little with the key and the mode, and far with speaker and mood. (The octave moves them furthest of all, because these chords sound alone: bands that were silent fill up, the lowest fall silent.)
#
# Then a fair test. Sixteen people speak over twelve songs each, in random moods and modes. From the *same clips*, a linear
# classifier is to tell who speaks, in which mood, and on which tonic the music rests. Moods and tonics are tested on people it
# has never heard. **Predict** the winner of each.

# %%
MOODS = {"sad": -0.6, "calm": 0.0, "glad": 0.6}
rng = np.random.default_rng(0)
people = rng.standard_normal((16, voices.IDENTITY_SIZE))
facts, clips = [], []
for number in range(16 * 12):
    who, tonic = divmod(number, 12)
    mood, mode = rng.choice(list(MOODS)), rng.choice(["major", "minor"])
    spoken = voices.render_voice(people[who], valence=MOODS[mood], seconds=1.5, random_state=number)
    played = music.render_music(
        mode=mode,
        tonic=tonic,
        tempo=rng.uniform(90, 140),
        loudness=0.5,
        seconds=1.5,
        random_state=number,
    )
    clips.append(music.mix(spoken.samples, played, music_level_db=-3))
    facts.append((f"person {who}", mood, audio.PITCH_CLASSES[tonic], mode))
facts = pd.DataFrame(facts, columns=["who", "mood", "tonic", "mode"])
plotting.listen(clips[40], RATE, f"One of the clips: {', '.join(facts.loc[40])}")
print(facts.nunique().to_string())

# %% tags=["nbval-ignore-output"]
features = {"MFCC": audio.MFCCFeatures(), "chroma": audio.ChromaFeatures()}
accuracy = pd.DataFrame(index=["who", "mood", "tonic"], columns=list(features), dtype=float)
for name, transformer in features.items():
    X = transformer.fit_transform(clips)
    for task in accuracy.index:
        # Who speaks must be known from other clips; all else must hold for people never heard.
        cv, groups = (StratifiedKFold(6), None) if task == "who" else (GroupKFold(6), facts["who"])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
        accuracy.loc[task, name] = cross_val_score(
            model, X, facts[task], groups=groups, cv=cv
        ).mean()
accuracy["chance"] = [1 / 16, 1 / 3, 1 / 12]
print(accuracy.round(2).to_string())

# %%
fig, ax = plt.subplots(figsize=(7, 3))
place = np.arange(3)
ax.bar(place - 0.2, accuracy["MFCC"], 0.38, label="MFCC", color=plotting.COLOURS["blue"])
ax.bar(place + 0.2, accuracy["chroma"], 0.38, label="chroma", color=plotting.COLOURS["orange"])
ax.hlines(
    accuracy["chance"], place - 0.45, place + 0.45, color="black", linestyle=":", label="chance"
)
ax.set(
    xticks=place,
    xticklabels=["who speaks", "mood", "tonic of the music"],
    ylabel="accuracy",
    ylim=(0, 1.1),
)
ax.legend(ncols=3, loc="upper center")
plotting.show(
    fig,
    alt="Bars of accuracy with chance as dotted lines. MFCC wins for who speaks and for the mood, chroma wins for the tonic.",
)

# %% [markdown]
# Each wins where the other is weak, and a fusion of both (chapter 04) can have both. Neither is quite deaf elsewhere: chroma knows a little about who speaks,
# by the pitch of the voice, and MFCC a little about the tonic, because the lowest mel bands are narrow enough to see where the bass lies.
#
# One more question: **major or minor?** Chroma surely holds it, as the templates showed. Can the linear classifier read it?

# %% tags=["nbval-ignore-output"]
chroma_rows = audio.ChromaFeatures(deviation=False).fit_transform(clips)
model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2000))
linear = cross_val_score(
    model, chroma_rows, facts["mode"], groups=facts["who"], cv=GroupKFold(6)
).mean()
guesses = []
for row in chroma_rows:
    scores = key_scores(row)
    guesses.append(max(scores, key=scores.get)[1])
template = float(np.mean(guesses == facts["mode"]))
print(f"mode from chroma under a voice: linear classifier {linear:.2f}, templates {template:.2f}")

# %% [markdown]
# It cannot: an E flat (D# in the figure) means minor in C and something else in every other key, so no single weight on E flat helps. The templates, rolled through all keys,
# need no training at all. Features hold what they hold; whether a *model* can read it is another matter.
#
# ## What we measured
#
# The claims of this chapter, asserted. First those that hold to the last digit or nearly, then those about trained classifiers, whose digits may
# vary between processors while the claims do not.

# %%
assert np.abs(by_hand - theirs).max() < 1e-4, "MFCC by hand equals librosa's"
assert np.abs(rows[0] - rows[1]).max() < 0.05 * np.abs(rows[0] - rows[2]).max(), (
    "statistics cannot hear time's direction"
)
assert np.abs(segments[0] - segments[1]).max() > 20 * np.abs(rows[0] - rows[1]).max(), (
    "segments can"
)
assert right_mode >= 0.95 * 48, "templates find the mode of music alone"
assert abs(estimated - 12 * np.log2(1.023)) < 0.02, "the tuning is found"
assert changes["music: an octave up"][1] > 0.98, "chroma does not hear an octave"
assert changes["music: an octave up"][0] > changes["voice: a shorter throat"][0], "MFCC does"
assert changes["music: half as loud"][0] < 1e-6, "c1 to c12 do not hear loudness"
print("eight claims hold")

# %%
assert accuracy.loc["who", "MFCC"] > 2 * accuracy.loc["who", "chroma"], "MFCC knows who speaks"
assert accuracy.loc["who", "chroma"] > 2 / 16, "chroma has a little of it"
assert accuracy.loc["mood", "MFCC"] > accuracy.loc["mood", "chroma"] + 0.2, "and in which mood"
assert accuracy.loc["tonic", "chroma"] > accuracy.loc["tonic", "MFCC"] + 0.2, (
    "chroma knows the tonic"
)
assert accuracy.loc["tonic", "MFCC"] > 2 / 12, "MFCC has a little of it"
assert template > linear + 0.2, "a linear model cannot read the mode, templates can"
print("six claims hold")

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 03.1 · The cosine transform
#
# Turn decibels of shape (n_frames, n_mels) into the first `n_mfcc` cepstral coefficients of each frame, by the formula of section 6,
# for any number of bands. (Try it without `scipy.fft` first.)


# %%
def cepstrum(decibels, n_mfcc):
    """decibels: (n_frames, n_mels) -> coefficients: (n_frames, n_mfcc)."""
    ...  # your code here


check("03.1", cepstrum)

# %% [markdown]
# <details><summary>Hint</summary>Build a matrix of shape (n_mfcc, n_mels) whose row k is the k-th cosine, scale it, and multiply.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def cepstrum_solution(decibels, n_mfcc):
    n_mels = decibels.shape[1]
    k, m = np.arange(n_mfcc)[:, None], np.arange(n_mels)
    basis = np.cos(np.pi * k * (m + 0.5) / n_mels) * np.sqrt(2 / n_mels)
    basis[0] /= np.sqrt(2)
    return decibels @ basis.T


check("03.1", cepstrum_solution)

# %% [markdown]
# ### Exercise 03.2 · The mean of what is there
#
# Padded sequences of shape (n_clips, n_frames, n_dims) hold NaN where a clip has ended. Return each clip's mean over its own frames.


# %%
def mean_over_frames(padded):
    """padded: (n_clips, n_frames, n_dims), NaN is padding -> means: (n_clips, n_dims)."""
    ...  # your code here


check("03.2", mean_over_frames)

# %% [markdown]
# <details><summary>Hint</summary>A sum that skips NaN, divided by how many frames are not NaN. NumPy has a function for it, too.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def mean_over_frames_solution(padded):
    there = ~np.isnan(padded)
    return np.where(there, padded, 0).sum(axis=1) / there.sum(axis=1)


check("03.2", mean_over_frames_solution)

# %% [markdown]
# ### Exercise 03.3 · From frequency to pitch class
#
# Return the number of the nearest pitch class, 0 for C to 11 for B, of each frequency in Hz, for an array of frequencies. A4 is 440 Hz; notes may be
# a little out of tune.


# %%
def pitch_class(frequency):
    """frequency: (n,) in Hz -> whole numbers (n,) from 0 to 11."""
    ...  # your code here


check("03.3", pitch_class)

# %% [markdown]
# <details><summary>Hint</summary>The formula of section 8; then think about the order of rounding and of taking the remainder.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def pitch_class_solution(frequency):
    return np.rint(69 + 12 * np.log2(frequency / 440)).astype(int) % 12


check("03.3", pitch_class_solution)

# %% [markdown]
# ### Exercise 03.4 · Name the key
#
# Return `(tonic, mode)`, such as `(9, "minor")`, for a mean chroma of shape (12,). Use `PROFILES`, but write the correlation yourself. A voice or
# a drum adds something to every pitch class: your answer must not mind.


# %%
def find_key(chroma):
    """chroma: (12,) -> (tonic from 0 to 11, "major" or "minor")."""
    ...  # your code here


check("03.4", find_key)

# %% [markdown]
# <details><summary>Hint</summary>Subtract each vector's mean and divide by its length: then the sum of products is the correlation.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def find_key_solution(chroma):
    def unit(v):
        v = np.asarray(v) - np.mean(v)
        return v / np.linalg.norm(v)

    keys = [(tonic, mode) for mode in PROFILES for tonic in range(12)]
    return max(keys, key=lambda key: unit(chroma) @ unit(np.roll(PROFILES[key[1]], key[0])))


check("03.4", find_key_solution)

# %% [markdown]
# ## Quiz
#
# 1. A clip of 3 s at 16 kHz, frames of 25 ms every 10 ms, centred as here: how many frames, and how many samples has each?
#
# <details><summary>Answer</summary>One frame at 0 s and one every 10 ms: 301 frames, of 400 samples each; neighbours share 240 samples.</details>
#
# 2. Your speaker recogniser works in the office and fails on the telephone (8 kHz). The code resamples all files to 16 kHz. Why did that not help?
#
# <details><summary>Answer</summary>Resampling adds no frequencies above 4 kHz: those mel bands hold silence on the telephone and speech in the office. Bring the
# office recordings down to 8 kHz instead, for training too.</details>
#
# 3. A colleague computes MFCC with librosa's defaults on 16 kHz arrays, without `sr`. The classifier still works in cross-validation. Is anything wrong?
#
# <details><summary>Answer</summary>The filters stand at the wrong frequencies and all times are wrong, but equally wrong in training and test, so the score hardly shows it.
# It breaks when another program computes the features, or when files of another rate come along.</details>
#
# 4. Why is the mean of the MFCC deltas almost always close to zero, and what of the deltas is worth keeping?
#
# <details><summary>Answer</summary>Slopes add up to the change from the first to the last frame, and a clip mostly begins and ends in silence. Their deviation says how
# lively the speech is: fast, strong changes against slow, weak ones.</details>
#
# ## Pitfalls
#
# - **The silent resampling**: `librosa.load` returns 22,050 Hz unless told otherwise. Print the length and the rate of the first clip, always.
# - **Frame lengths in samples**, copied from code for another rate: 2,048 samples are 93 ms at 22,050 Hz and 256 ms at 8 kHz. State them in seconds.
# - **Integers**: 16-bit samples go to 32,767. `read_audio` scales them; `astype(float)` does not, and the logarithm hides it in $c_0$.
# - **Padding as sound**: zeros after a short clip are silence to the model, and the length of the silence may give the class away. Use NaN and mask.
# - **A random split** puts clips of one person on both sides and measures memory. Group by speaker, as here.
# - **Chroma of speech** describes the melody of the voice, not a key. It is no use for words.
#
# ## References
#
# - S. Davis and P. Mermelstein, Comparison of parametric representations for monosyllabic word recognition in continuously spoken sentences, IEEE Trans. ASSP 28, 1980 (MFCC).
# - M. Slaney, Auditory Toolbox, Interval Research, 1998 (the mel scale and filters used here and in librosa).
# - T. Fujishima, Realtime chord recognition of musical sound, ICMC 1999 (chroma).
# - C. L. Krumhansl, Cognitive Foundations of Musical Pitch, Oxford University Press, 1990 (the key profiles).
# - M. Müller, Fundamentals of Music Processing, Springer, 2015 (chapters 2, 3 and 5).
# - G. Fant, Acoustic Theory of Speech Production, Mouton, 1960 (source and filter, which made our voices).
# - B. McFee et al., librosa: Audio and music signal analysis in Python, SciPy 2015.
#
# **Next**: [04 · Fusing features](04_fuse_features.ipynb): how do you average 120 numbers with 36?
