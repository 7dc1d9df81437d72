"""The features beside librosa's, scikit-image's, OpenCV's and scikit-learn's; writes features.md.

.venv/bin/python benchmarks/features.py

Own code that a library also has stays only while it is equal to the library's in the tests and
clearly faster here. Exits with 1 if a row is over its limit. Everything runs in one thread, so that
a core is compared with a core; only the last columns of the second table use two processes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
from joblib import Memory, Parallel, delayed
from measuring import machine, publish, time_in_turn
from PIL import Image, ImageOps
from scipy import signal
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from mmtutor import _parallel, audio, image, text
from mmtutor.datasets import load_reviews
from mmtutor.simulate import faces, music, voices

REPEATS, LOOP, CALLS = 15, 9, 20
RATE, N_CELLS = 16_000, 1000
PAGE = Path(__file__).with_suffix(".md")
SETTINGS = {"sr": RATE, "n_fft": 400, "hop_length": 160}  # frames of 25 ms every 10 ms
CHROMA = {"sr": RATE, "n_fft": 4096, "hop_length": 1024, "tuning": 0}

CLEARLY, SAME = 0.8, 1.1  # limits of own code, and of code that calls the library
CACHED = 30  # times as fast that features from a cache must be
TWO = 0.625  # limit of n_jobs=2 beside n_jobs=1: 1.6 times as fast

Call = Callable[[Any], Any]


def librosa_spectrogram(clip: np.ndarray) -> np.ndarray:
    """Return the power, frames first."""
    import librosa

    return np.abs(librosa.stft(y=clip, n_fft=400, hop_length=160)).T ** 2


def scipy_spectrogram(clip: np.ndarray) -> np.ndarray:
    """Return the same by SciPy."""
    window = signal.get_window("hann", 400)
    stft = signal.ShortTimeFFT(window, hop=160, fs=RATE, phase_shift=None)
    return np.abs(stft.stft(clip, p0=0, p1=1 + len(clip) // 160)).T ** 2


def librosa_log_mel(clip: np.ndarray) -> np.ndarray:
    """Return decibels, frames first."""
    import librosa

    power = librosa.feature.melspectrogram(y=clip, n_mels=40, **SETTINGS)
    return librosa.power_to_db(power, top_db=80).T.astype(clip.dtype)


def librosa_mfcc(clip: np.ndarray) -> np.ndarray:
    """Return twenty coefficients, frames first."""
    import librosa

    return librosa.feature.mfcc(y=clip, n_mfcc=20, n_mels=40, **SETTINGS).T


def librosa_chroma(clip: np.ndarray) -> np.ndarray:
    """Return the twelve classes, frames first."""
    import librosa

    return librosa.feature.chroma_stft(y=clip, **CHROMA).T


def librosa_deltas(sequence: np.ndarray) -> np.ndarray:
    """Return the slopes of a sequence."""
    import librosa

    return librosa.feature.delta(sequence, axis=0)


def scipy_deltas(sequence: np.ndarray) -> np.ndarray:
    """Return the same by SciPy."""
    return signal.savgol_filter(sequence, 9, polyorder=1, deriv=1, axis=0)


def librosa_mfcc_row(clip: np.ndarray) -> np.ndarray:
    """Return the row of MFCCFeatures."""
    sequence = librosa_mfcc(clip)
    sequence = np.hstack([sequence, librosa_deltas(sequence)])
    return np.concatenate([sequence.mean(axis=0), sequence.std(axis=0)])


def librosa_chroma_row(clip: np.ndarray) -> np.ndarray:
    """Return the row of ChromaFeatures."""
    sequence = librosa_chroma(clip)
    return np.concatenate([sequence.mean(axis=0), sequence.std(axis=0)])


def skimage_hog(picture: np.ndarray) -> np.ndarray:
    """Return the features of one image."""
    import skimage.feature

    return skimage.feature.hog(picture, pixels_per_cell=(8, 8), cells_per_block=(2, 2))


def opencv_sift(picture: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return keypoints and descriptors."""
    return cv2.SIFT.create().detectAndCompute(picture, None)


def visual_words(pictures: list[np.ndarray]) -> np.ndarray:
    """Return the rows of BagOfVisualWords, its recipe written out."""
    described = [opencv_sift(picture)[1] for picture in pictures]
    words = KMeans(64, n_init=1, random_state=0).fit(np.concatenate(described))
    counts = [np.bincount(words.predict(each), minlength=64) for each in described]
    return TfidfTransformer().fit_transform(counts).toarray()


def opencv_words(pictures: list[np.ndarray]) -> np.ndarray:
    """Return shares of visual words by OpenCV's own classes."""
    sift, trainer = cv2.SIFT.create(), cv2.BOWKMeansTrainer(64)
    for picture in pictures:
        trainer.add(opencv_sift(picture)[1])
    words = cv2.BOWImgDescriptorExtractor(sift, cv2.BFMatcher(cv2.NORM_L2))
    words.setVocabulary(trainer.cluster())
    return np.vstack([words.compute(picture, sift.detect(picture)) for picture in pictures])


def speech_features_row(clip: np.ndarray) -> np.ndarray:
    """Return a row as MFCCFeatures has it, by python_speech_features."""
    import python_speech_features

    sequence = python_speech_features.mfcc(clip, RATE, numcep=20, nfilt=40, nfft=512)
    sequence = np.hstack([sequence, python_speech_features.delta(sequence, 4)])
    return np.concatenate([sequence.mean(axis=0), sequence.std(axis=0)])


def sklearn_tfidf(texts: list[str]) -> Any:
    """Return the matrix of TfidfFeatures."""
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\w+(?:'\w+)*")
    return words.fit_transform(texts)


def pillow_grey(path: Path) -> np.ndarray:
    """Return the image in the file."""
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("L"))


def soundfile_clip(path: Path) -> np.ndarray:
    """Return the sound in the file."""
    return soundfile.read(path, dtype="float32")[0]


def functions(folder: Path) -> list[tuple[Call, Call, Any, str, float | None]]:
    """Return our function, a library's, what they are given, the call, and the ratio's limit."""
    voice = voices.render_voice(np.zeros(voices.IDENTITY_SIZE), random_state=0).samples
    song = music.render_music(mode="minor", tonic=9, tempo=100, loudness=0.5, random_state=0)
    voice, song = voice.astype(float), song.astype(float)
    sequence = audio.mfcc(voice)
    face = faces.render_face(np.zeros(faces.IDENTITY_SIZE), random_state=0)
    png, wav = folder / "face.png", folder / "voice.wav"
    Image.fromarray(face).save(png)
    soundfile.write(wav, voice, RATE)
    mel = "librosa.feature.melspectrogram, power_to_db"
    return [
        (audio.spectrogram, scipy_spectrogram, voice, "scipy.signal.ShortTimeFFT", CLEARLY),
        (audio.spectrogram, librosa_spectrogram, voice, "librosa.stft", SAME),
        (audio.log_mel, librosa_log_mel, voice, mel, CLEARLY),
        (audio.mfcc, librosa_mfcc, voice, "librosa.feature.mfcc", CLEARLY),
        (audio.deltas, scipy_deltas, sequence, "scipy.signal.savgol_filter", CLEARLY),
        (audio.deltas, librosa_deltas, sequence, "librosa.feature.delta", CLEARLY),
        (audio.chroma, librosa_chroma, song, "librosa.feature.chroma_stft", CLEARLY),
        (image.hog_features, skimage_hog, face, "skimage.feature.hog", CLEARLY),
        (image.sift_features, opencv_sift, face, "cv2.SIFT.create().detectAndCompute", None),
        (image.read_image, pillow_grey, png, "PIL.Image.open, exif_transpose, convert", None),
        (audio.read_audio, soundfile_clip, wav, "soundfile.read", None),
    ]


def columns(folder: Path) -> list[tuple[Any, list[Any], Call, str, float | None]]:
    """Return a transformer, its cells, a plain loop over a library, its name, and the limit."""
    rng = np.random.default_rng(0)
    clips = [rng.uniform(-0.5, 0.5, 2 * RATE).astype(np.float32) for _ in range(N_CELLS)]
    files = [folder / f"{k}.wav" for k in range(N_CELLS)]
    for file, clip in zip(files, clips, strict=True):
        soundfile.write(file, clip, RATE)
    pictures = [rng.integers(0, 256, (96, 96), dtype=np.uint8) for _ in range(N_CELLS)]
    portraits = [
        faces.render_face(rng.standard_normal(faces.IDENTITY_SIZE), random_state=rng)
        for _ in range(N_CELLS)
    ]
    texts = load_reviews().frame["english"].tolist()
    words = image.BagOfVisualWords(max_descriptors=10**6, random_state=0)  # all, as the loop
    return [
        (audio.MFCCFeatures(), clips, each(librosa_mfcc_row), "librosa, a loop", CLEARLY),
        (audio.MFCCFeatures(), files, each(librosa_mfcc_row), "librosa, a loop", CLEARLY),
        (audio.LogMelSequences(), clips, each(librosa_log_mel), "librosa, a loop", CLEARLY),
        (audio.ChromaFeatures(), clips, each(librosa_chroma_row), "librosa, a loop", CLEARLY),
        (image.HOGFeatures(), pictures, each(skimage_hog), "scikit-image, a loop", CLEARLY),
        (words, portraits, visual_words, "OpenCV and scikit-learn, a loop", SAME),
        (text.TfidfFeatures(), texts, sklearn_tfidf, "scikit-learn, TfidfVectorizer", SAME),
    ]


def each(function: Call) -> Call:
    """Return a loop over a column's cells; a path is read first."""

    def loop(cells: list[Any]) -> np.ndarray:
        return np.stack([function(soundfile_clip(c) if isinstance(c, Path) else c) for c in cells])

    return loop


def agreement(ours: Any, theirs: Any) -> str:
    """Say how far two results are apart, in units of the largest value."""
    if isinstance(ours, tuple):  # keypoints and descriptors
        ours, theirs = ours[1], theirs[1]
    ours, theirs = (x.toarray() if hasattr(x, "toarray") else np.asarray(x) for x in (ours, theirs))
    gap = np.abs(ours.astype(float) - theirs).max() / np.abs(theirs).max()
    if gap < 1e-3:
        return f"{gap:.0e}"
    return f"not equal; correlation {np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]:.2f}"


def ratio(times: dict[str, Any], mine: str, other: str, limit: float | None) -> tuple[str, bool]:
    """Return the median of the ratios in words, and whether it is over its limit."""
    value = float(np.median(times[mine] / times[other]))
    return f"{value:.2f}", limit is not None and value > limit


def call_by_call(folder: Path) -> tuple[list[str], list[str]]:
    """Return the rows of the first table, and what is over its limit."""
    rows, slow = [], []
    for ours, theirs, given, library, limit in functions(folder):
        name, limit_shown = f"`{ours.__name__}`", "" if limit is None else f"{limit:.2f}"
        try:
            apart = agreement(ours(given), theirs(given))
        except ImportError as error:
            rows.append(f"| {name} | {library}: absent ({error}) | | | | | |")
            continue
        calls = {
            key: lambda call=call, given=given: [call(given) for _ in range(CALLS)]
            for key, call in (("ours", ours), ("theirs", theirs))
        }
        times = time_in_turn(calls, REPEATS)
        shown, over = ratio(times, "ours", "theirs", limit)
        slow += [f"{name} beside {library}: {shown}"] * over
        one, other = (f"{np.median(times[key]) / CALLS:.2f}" for key in calls)
        rows.append(f"| {name} | {library} | {one} | {other} | {shown} | {limit_shown} | {apart} |")
    return rows, slow


def column_by_column(folder: Path) -> tuple[list[str], list[str]]:
    """Return the rows of the second table, and what is over its limit."""
    rows, slow = [], []
    for transformer, cells, loop, library, limit in columns(folder):
        name = f"`{type(transformer).__name__}`" + ", files" * isinstance(cells[0], Path)
        calls: dict[str, Callable[[], Any]] = {
            "one": lambda t=transformer, c=cells: t.fit_transform(c)
        }
        found = calls["one"]()
        if hasattr(transformer, "n_jobs"):
            both = clone(transformer).set_params(n_jobs=2)
            calls["two"] = lambda t=both, c=cells: t.fit_transform(c)
            calls |= {"spin": lambda: [spin(k) for k in range(8)], "spins": spin_in_two}
            assert np.array_equal(calls["two"](), found), f"{name}: n_jobs changes the result"
        try:
            apart = agreement(found, loop(cells))
            calls["theirs"] = lambda loop=loop, c=cells: loop(c)
        except ImportError as error:
            library, apart = f"{library}: absent ({error})", ""
        times = time_in_turn(calls, LOOP, clock=time.perf_counter)
        speed = dict.fromkeys(("one", "two", "theirs"), "") | {
            key: f"{1000 * len(cells) / np.median(value):,.0f}" for key, value in times.items()
        }
        beside = second = floor = ""
        if "theirs" in times:
            beside, over = ratio(times, "one", "theirs", limit)
            slow += [f"{name} beside {library}: {beside}"] * over
        if "two" in times:
            free = float(np.median(times["spins"] / times["spin"]))  # 0.5 on two idle cores
            second, over = ratio(times, "two", "one", TWO)
            floor = f"{free:.2f}"
            slow += [f"{name} in two processes: {second}, arithmetic {floor}"] * over
        rows.append(
            f"| {name} | {speed['one']} | {library} | {speed['theirs']} | {beside} | {limit:.2f} "
            f"| {apart} | {speed['two']} | {second} | {floor} |"
        )
    return rows, slow


def instead(folder: Path) -> list[str]:
    """Return the rows of the third table: what else one might use, alike and not equal."""
    by_name = {type(made).__name__: (made, cells) for made, cells, *_ in columns(folder)}
    rivals: list[tuple[str, str, Call]] = [
        ("MFCCFeatures", "python_speech_features, a loop", each(speech_features_row)),
        ("BagOfVisualWords", "OpenCV, BOWKMeansTrainer", opencv_words),
    ]
    rows = []
    for name, other, loop in rivals:
        transformer, cells = by_name[name]
        cells = [soundfile_clip(c) if isinstance(c, Path) else c for c in cells]
        try:
            loop(cells)
        except Exception as error:  # a rival that today's versions have left behind
            rows.append(f"| `{name}` | | {other} | {type(error).__name__}: {error} | |")
            continue
        calls = {"ours": lambda t=transformer, c=cells: t.fit_transform(c)}
        calls["theirs"] = lambda loop=loop, c=cells: loop(c)
        times = time_in_turn(calls, LOOP, clock=time.perf_counter)
        ours, theirs = (f"{1000 * len(cells) / np.median(ms):,.0f}" for ms in times.values())
        beside, _ = ratio(times, "ours", "theirs", None)
        rows.append(f"| `{name}` | {ours} | {other} | {theirs} | {beside} |")
    return rows


def cold_and_cached(folder: Path) -> tuple[list[str], list[str]]:
    """Return the rows of the fourth table, and what gains too little."""
    files = next(cells for _, cells, *_ in columns(folder) if isinstance(cells[0], Path))
    rows, slow = [], []
    for kind, cells in (("files", files), ("arrays", [soundfile_clip(file) for file in files])):
        memory = Memory(folder / f"cache of {kind}", verbose=0)
        model = make_pipeline(audio.MFCCFeatures(), StandardScaler(), memory=memory)
        calls = {"cached": lambda m=model, c=cells: m.fit_transform(c)}
        cold = []
        for _ in range(3):
            memory.clear(warn=False)
            cold.append(time_in_turn(calls, 1, clock=time.perf_counter)["cached"][0])
        cached = float(np.median(time_in_turn(calls, LOOP, clock=time.perf_counter)["cached"]))
        gain = float(np.median(cold)) / cached
        rows.append(f"| {kind} | {np.median(cold):,.0f} | {cached:,.0f} | {gain:.0f} |")
        if kind == "files" and gain < CACHED:
            slow.append(f"cached features of files: {gain:.0f} times as fast, not {CACHED}")
    return rows, slow


def spin(_: Any) -> None:
    """Compute for some 25 ms, with nothing to send."""
    for number in range(400_000):
        number * number


def spin_in_two() -> None:
    """Compute eight times, in two processes."""
    Parallel(2)(delayed(spin)(k) for k in range(8))


def length(task: tuple[int, np.ndarray]) -> int:
    """Return the length of a cell, which is no work."""
    return len(task[1])


def what_processes_cost() -> tuple[float, float, float]:
    """Return the seconds to start two, those to send a byte, and those to share one."""
    two = Parallel(2)
    began = time.perf_counter()
    two(delayed(image.hog_features)(np.zeros((96, 96), np.uint8)) for _ in range(4))
    start = time.perf_counter() - began
    full, empty = ([(k, np.ones(size, np.float32)) for k in range(400)] for size in (2 * RATE, 1))

    def share(tasks: list[Any]) -> None:
        _parallel.in_processes(length, tasks, n_jobs=2)

    def send(tasks: list[Any]) -> None:
        two(delayed(len)(tasks[first : first + 25]) for first in range(0, len(tasks), 25))

    calls: dict[str, Callable[[], Any]] = {
        "share": lambda: share(full),
        "share nothing": lambda: share(empty),
        "send": lambda: send(full),
        "send nothing": lambda: send(empty),
    }
    times = time_in_turn(calls, LOOP, clock=time.perf_counter)
    n_bytes = sum(cell.nbytes for _, cell in full)
    sent, shared = (
        float(np.median(times[key] - times[f"{key} nothing"])) / 1000 / n_bytes
        for key in ("send", "share")
    )
    return start, sent, shared


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    cv2.setNumThreads(1)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as name:
        start, sending, sharing = what_processes_cost()
        one_by_one, slow = call_by_call(Path(name))
        by_column, slower = column_by_column(Path(name))
        alike = instead(Path(name))
        from_cache, uncached = cold_and_cached(Path(name))
    packages = ("numpy", "scipy", "scikit-learn", "opencv-python", "librosa", "scikit-image")
    page = f"""\
# The features beside the libraries'

Everything in one thread, so that a core is compared with a core. Own code must be clearly faster
than the library's (limit {CLEARLY:.2f}), code that calls the library must not be slower (limit
{SAME:.2f}). Apart: the largest difference of the two results, in units of the largest value.

## Call by call

Milliseconds of processor time a call: medians of {REPEATS} times {CALLS} calls in turn, and the
median of their ratios. A clip has 2 s at 16 kHz, an image 96 x 96 pixels.

| ours | the library's | ours, ms | theirs, ms | ratio | limit | apart |
|---|---|---|---|---|---|---|
{chr(10).join(one_by_one)}

`spectrogram` is the first step of `log_mel` and `chroma`; librosa, which the package can do
without, is no slower than 1.1 times it. `chroma` has a shorter formula than librosa's, triangles
in place of bells: alike, not equal. What `sift_features` adds to OpenCV's time is the table of
keypoints; `BagOfVisualWords` does without it. What `read_image` and `read_audio` add are checks: of
the path, of the size before anything is read, and of every sample.

## Column by column

Samples a second by the wall clock, for `fit_transform` of {N_CELLS} clips of 2 s, {N_CELLS} images
of 96 x 96 or 756 reviews: medians of {LOOP} calls in turn, and the medians of their ratios.

| ours | n_jobs=1 | beside | theirs | ratio | limit | apart | n_jobs=2 | two to one | arithmetic |
|---|---|---|---|---|---|---|---|---|---|
{chr(10).join(by_column)}

Arithmetic is what two processes take, of one's time, for sums with nothing to send, in the same
minute: 0.50 if both cores are free. The goal for two jobs is at most {TWO} of one. Arrays lie in
memory that both processes see: to copy them there took {1e9 * sharing:.1f} ns a byte, to send
them through a pipe {1e9 * sending:.1f}, which is {1000 * sending * 8 * RATE:.2f} ms for a clip of
2 s. The start of the processes took {start:.1f} s, once; they stay for five minutes.

## What else one might use

Samples a second, as above. Not the same work: python_speech_features has other frames and filters,
OpenCV's classes cluster and count by their own rules.

| ours | samples a second | instead | samples a second | ratio |
|---|---|---|---|---|
{chr(10).join(alike)}

## Cold and cached

Milliseconds to fit a pipeline of `MFCCFeatures` and a scaler on {N_CELLS} clips of 2 s whose
`memory` is a `joblib.Memory`: with an empty cache, and again. To know that it has seen its input,
joblib reads all of it; of files it only reads the paths, and cannot tell that one has changed.

| clips | cold, ms | cached, ms | times as fast |
|---|---|---|---|
{chr(10).join(from_cache)}

{machine(*packages)}
Written by `benchmarks/features.py`.
"""
    return publish(PAGE, page, slow + slower + uncached)


if __name__ == "__main__":
    sys.exit(main())
