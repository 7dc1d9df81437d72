"""Sound to features: reading, MFCC (what a spectrum's envelope looks like), chroma (which notes).

Conventions: a clip is ``float32`` of shape (n_samples,), in [-1, 1], at 16,000 samples a second
unless a `sample_rate` in Hz says otherwise; frames and hops are given in seconds; what is computed
frame by frame has shape (n_frames, n_dims), time first. Frame ``i`` is centred on the time
``i * hop`` seconds; where it sticks out of the clip it sees silence, so that a clip of any length
has ``1 + n_samples // hop_samples`` frames, and one shorter than a frame has at least one.
A column of clips is a list or Series whose cells are such arrays or file paths. Every function
takes integers too, at the full scale of their type, and refuses NaN.

What librosa has and stands here all the same is equal to it in the tests, or nearly (chroma), and
faster in benchmarks/features.md. At work use librosa: each docstring names its call.
"""

from __future__ import annotations

import io
import math
import mmap
import re
import struct
import warnings
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
from scipy import fft, signal

from mmtutor._column import CellTransformer
from mmtutor._ranges import FLAG, Range, check_ranges, number, one_of, or_none, whole
from mmtutor._rows import require_unmasked
from mmtutor._table import existing_file

__all__ = [
    "PITCH_CLASSES",
    "ChromaFeatures",
    "LogMelSequences",
    "MFCCFeatures",
    "MFCCSequences",
    "chroma",
    "deltas",
    "log_mel",
    "mel_filters",
    "mfcc",
    "read_audio",
    "spectrogram",
]

PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
"""Names of the twelve columns of chroma."""

FLOOR = 1e-10  # power below which everything counts as silence: -100 dB
MOST_BYTES = 4 * 2**30  # of a file
MOST_SAMPLES = 100_000_000  # that a file may hold: 104 minutes of 16 kHz mono
RATES = (1_000, 400_000)  # Hz; a file that says otherwise has a broken header
MOST_IN_FRAME = 2**20  # samples

WHOLE, RATE = whole()[1], number(f"[1, {RATES[1]}]")[1]
SECONDS = number("(0, 60]", "a number of seconds in (0, 60]")

RANGES: dict[str, Range] = {
    "sample_rate": (
        f"a whole number of Hz from 1 to {RATES[1]}",
        lambda v: RATE(v) and v == int(v),
    ),
    "mono": FLAG,
    "start": number("[0, 1e9]", "a number of seconds, at least 0"),
    "seconds": or_none(number("(0, 1e9]", "a number of seconds above 0")),
    "frame": SECONDS,
    "hop": SECONDS,
    "frame_samples": whole(2, MOST_IN_FRAME),
    "n_mels": whole(1, 1000),
    "n_mfcc": whole(1, 1000),
    "width": ("an odd whole number of at least 3", lambda v: WHOLE(v) and v >= 3 and v % 2 == 1),
    "tuning": or_none(number("[-0.5, 0.5]", "a number of semitones in [-0.5, 0.5]")),
    "mean": FLAG,
    "deviation": FLAG,
    "deltas": FLAG,
    "n_segments": whole(1, 10_000),
    "max_frames": or_none(whole(1, 1_000_000)),
    "top_db": number("(0, 80]"),
    "normalise": or_none(one_of("clip")),
}

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
        Arrays may be ``uint8`` (silence is 128), ``int8``, ``int16``, ``int32``, each divided by
        its type's full scale, or floats.
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
        The clip. A peak of up to 1.5, as resampling may leave, or of any height in a lossy format,
        is cut at 1.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If the path does not lead to a file that may be read.
    ValueError
        If the file is no readable sound, damaged, or cut short; if it has more than ``MOST_BYTES``
        bytes (4 GiB), says that it has a rate outside ``RATES`` (1,000 to 400,000 Hz), or the part
        asked for holds more than ``MOST_SAMPLES`` samples (100 million), which is found out before
        it is read, by limits of this module; if the clip is empty, holds NaN or infinite samples,
        has another shape, or has floats far outside [-1, 1]; if a parameter is out of its range.
    TypeError
        If `source` is neither an array nor a path, or an array of another type.

    See Also
    --------
    soundfile.read : At work: the same samples at the file's own rate.
    librosa.load : At work: resampled to 22,050 Hz, unless told otherwise.

    Notes
    -----
    Taught in notebook 03. Not for recordings of hours: they are held in memory whole, so read parts
    of them. A cut is noticed where the file says how long it was: in WAV, AIFF, AU, W64, NIST, FLAC
    and OGG, and in MP3 that has a count of its frames; not in a recording that was streamed.

    Examples
    --------
    >>> import numpy as np
    >>> read_audio(np.array([0, 16384, -32768], dtype=np.int16))
    array([ 0. ,  0.5, -1. ], dtype=float32)
    >>> stereo = np.array([[0.0, 0.5]] * 100)
    >>> read_audio(stereo)[:2]
    array([0.25, 0.25], dtype=float32)
    """
    check_ranges(RANGES, sample_rate=sample_rate, mono=mono, start=start, seconds=seconds)
    rate = sample_rate = int(sample_rate)
    if isinstance(source, str | Path):
        samples, rate = _decode(existing_file(source, what="sound"), sample_rate, start, seconds)
        where = f"{source}: "
    elif isinstance(source, np.ndarray):
        require_unmasked("the clip", source)
        samples, where = _channels_last(np.asarray(source))[_part(start, seconds, rate)], ""
    else:
        raise TypeError(
            f"a clip is an array or a file path, got {type(source).__name__}; "
            "wrap one clip in a list to make a column of it, numpy.asarray makes an array"
        )
    samples = _to_float(samples, where)
    if mono:
        samples = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if rate != sample_rate:
        divisor = math.gcd(rate, sample_rate)
        samples = signal.resample_poly(samples, sample_rate // divisor, rate // divisor, axis=0)
    return np.clip(samples, -1.0, 1.0).astype(np.float32)


def _part(start: float, seconds: float | None, rate: int) -> slice:
    first = round(float(start) * rate)
    return slice(first, None if seconds is None else first + round(float(seconds) * rate))


def _decode(
    path: Path, sample_rate: int, start: float, seconds: float | None
) -> tuple[np.ndarray, int]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"its {path.stat().st_size} bytes {_above('MOST_BYTES', MOST_BYTES)}")
        # Of what is called so, soundfile asks the type; of "au" or "gsm", libsndfile guesses it.
        header = None if path.suffix.lower() == ".raw" else soundfile.info(path)
        if header is None or header.format == "RAW":
            raise ValueError(
                "bare samples say neither type nor rate: give an array, from numpy.fromfile"
            )
        rate, part = header.samplerate, _part(start, seconds, header.samplerate)
        if not RATES[0] <= rate <= RATES[1]:
            raise ValueError(
                f"it says that it has {rate} samples a second, not {RATES[0]} to {RATES[1]} Hz"
            )
        source = _with_a_count(path, header)
        if isinstance(source, io.BytesIO):
            header = soundfile.info(source)
            source.seek(0)
        n_frames = len(range(*part.indices(header.frames)))
        size = max(n_frames * header.channels, n_frames * sample_rate // rate)
        if size > MOST_SAMPLES:
            above = _above("MOST_SAMPLES", MOST_SAMPLES)
            raise ValueError(f"{size} samples {above}; or read a part, with start and seconds")
        _refuse_a_cut_header(path, header)
        samples, _ = soundfile.read(
            source, start=part.start, stop=part.stop, dtype="float32", always_2d=True
        )
        counted = header.format == "OGG" or (header.format == "MP3" and _count_of_frames(path))
        if len(samples) < n_frames and counted:
            how = "cut short" if source is path else "cut short, or put together from unlike parts"
            raise ValueError(f"{how}: {len(samples)} of {n_frames} samples are there")
        if header.subtype not in ("FLOAT", "DOUBLE"):  # their full scale is known
            np.clip(samples, -1.5, 1.5, out=samples)
        return samples, rate
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        why = str(error) or repr(error)
        if "possibly a pipe" in why:  # so libsndfile says of a text that is called .mp3
            why = "libsndfile finds no sound in it"
        raise ValueError(
            f"cannot read {path} as sound ({why}); expected a whole file of type WAV, FLAC, OGG, "
            "MP3 or AIFF, so convert it or fetch it again"
        ) from error


def _above(name: str, limit: int) -> str:
    return f"are more than mmtutor.audio.{name} = {limit}: raise that if you trust the file"


# What libsndfile notes of a chunk of sound: how long it says that it is, and what is there.
CHUNK = re.compile(r"^\W*(?:data|SSND|BODY|Data Size|riff|Riff size)\s*: (\d+) \(should be (\d+)")
# How many samples of each channel other types say that they have; libsndfile counts what is there.
SAMPLES = re.compile(
    r"^\s*(?:Frames *:|Valid frames *:|.*Cols *:|Data length|sample_count -i) (\d+)", re.MULTILINE
)
COUNTED = ("AVR", "CAF", "MAT4", "MAT5", "MPC2K", "NIST", "WVE")
UNKNOWN = 0x7F000000  # bytes; a recorder that cannot go back to its header says as many or more
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
BITRATES = (  # kbit/s of layer III, by the number in a frame's header: MPEG 2 and 2.5, and MPEG 1
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
)


def _refuse_a_cut_header(path: Path, header: Any) -> None:
    for found in filter(None, map(CHUNK.match, header.extra_info.splitlines())):
        said, there = map(int, found.groups())
        if there + 1 < said < UNKNOWN:  # one more may be padding
            raise ValueError(f"cut short: {there} of {said} bytes are there")
    if header.format in COUNTED:
        with path.open("rb") as file:  # of NIST, libsndfile notes nothing
            notes = header.extra_info + "\n" + file.read(1024).decode("latin-1")
        said, there = int((SAMPLES.findall(notes) or ["0"])[-1]), header.frames
        if there < said:
            raise ValueError(f"cut short: {there} of {said} samples are there")
    if header.format == "OGG":
        with path.open("rb") as file:
            _refuse_damaged_pages(file)


def _refuse_damaged_pages(file: BinaryIO) -> None:
    """Check the pages of an Ogg file: libsndfile leaves out damaged ones in silence."""
    last, number, begun = 0, 0, False
    while (head := file.read(27))[:4] == b"OggS":  # until the end, or what somebody put behind it
        number += 1
        sizes = file.read(head[26]) if len(head) == 27 else b""
        body = file.read(sum(sizes))
        if len(head) < 27 or len(sizes) < head[26] or len(body) < sum(sizes):
            raise ValueError(f"cut short: its last page, {number}, is not whole")
        # Its sum is that of zlib from the other end of each byte, begun with zeros.
        page = (head[:22] + bytes(4) + head[26:] + sizes + body).translate(MIRRORED)
        found = (zlib.crc32(page, 0xFFFFFFFF) ^ 0xFFFFFFFF).to_bytes(4, "big").translate(MIRRORED)
        if found != head[22:26]:
            raise ValueError(f"page {number} is damaged: its sum is another than it says")
        if begun and head[5] & 2:
            raise ValueError(
                "it holds several recordings, one behind the other, and libsndfile reads the first"
            )
        last, begun = head[5] & 4, not head[5] & 2
    if not last:
        raise ValueError(
            f"cut short or damaged: page {number}, behind which is none, is not marked as the last"
        )


def _count_of_frames(path: Path) -> tuple[int, int] | None:
    """Return how many frames an MP3 file says it has, and where; else libsndfile guesses."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = _after_tags(data)
        found = re.search(b"(?:Xing|Info)...(.)(....)", data[first : first + 64], re.DOTALL)
        count = int.from_bytes(found[2], "big") if found and found[1][0] & 1 else 0
        return (count, first + found.start(2)) if found and count else None


def _after_tags(data: mmap.mmap, place: int = 0) -> int:
    """Return where the sound begins or goes on, behind tags of type ID3 or APE."""
    while (head := data[place : place + 16])[:3] in (b"ID3", b"TAG", b"APE") and len(head) == 16:
        if head[:1] == b"I":
            a, b, c, d = head[6:10]  # four times seven bits say how long it is
            place += (20 if head[5] & 16 else 10) + (a << 21 | b << 14 | c << 7 | d)
        else:
            place += 128 if head[:1] == b"T" else 32 + int.from_bytes(head[12:], "little")
    return place


class _Forward(soundfile.SoundFile):
    """A file in which soundfile does not seek, as in one whose length is unknown it cannot."""

    def seekable(self) -> bool:
        return False


def _with_a_count(path: Path, header: Any) -> Path | io.BytesIO:
    """Return a file, with its length written into it where libsndfile would not read it whole."""
    if header.format == "FLAC" and header.frames > 2**62:  # unknown, as it was written to a pipe
        n_frames = 0
        with _Forward(path) as file:
            while n := len(file.read(2**16, dtype="int16")):
                n_frames += n
                if n_frames > MOST_SAMPLES:
                    raise ValueError(
                        f"it does not say how many samples it has, and they "
                        f"{_above('MOST_SAMPLES', MOST_SAMPLES)}"
                    )
        flac = bytearray(path.read_bytes())
        place = flac.index(b"fLaC") + 21  # the last 36 bits before the sum
        flac[place : place + 5] = (flac[place] << 32 | n_frames).to_bytes(5, "big")
        return io.BytesIO(flac)
    if header.format == "MP3":
        with path.open("rb") as binary, mmap.mmap(binary.fileno(), 0, access=mmap.ACCESS_READ) as m:
            place = first = _after_tags(m)
            begin, n_frames = m[first : first + 4], 0
            while size := _mp3_frame(m[place : place + 4]):
                place, n_frames = _after_tags(m, place + size), n_frames + 1
        if n_frames == 0:  # of another layer, or behind what is no frame
            return path
        if counted := _count_of_frames(path):
            count, place = counted
            if n_frames - 3 <= count:
                return path
            data = bytearray(path.read_bytes())  # several files, one behind the other
            data[place : place + 4] = (n_frames - 1).to_bytes(4, "big")
            return io.BytesIO(data[first:])
        per_frame, mono = 1152 if begin[1] & 8 else 576, begin[3] >> 6 == 3
        if (n_frames - 2) * per_frame > header.frames:
            # A silent frame of the highest bitrate, without a sum, in which the count stands.
            begin = bytes((0xFF, begin[1] | 1, begin[2] & 0x0C | 0xE0, begin[3]))
            side = (17 if mono else 32) if per_frame == 1152 else (9 if mono else 17)
            info = begin + bytes(side) + b"Info" + struct.pack(">II", 1, n_frames)
            info = info.ljust(_mp3_frame(begin), b"\0")
            return io.BytesIO(info + path.read_bytes()[first:])
    return path


def _mp3_frame(head: bytes) -> int:
    """Return how many bytes a frame of MP3 has that begins so; 0 if none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, number, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or number in (0, 15) or rate == 3:
        return 0
    hertz = (44_100, 48_000, 32_000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = BITRATES[version == 3][number] * 1000 * (144 if version == 3 else 72)
    return bits // hertz + (head[2] >> 1 & 1)


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


def _to_float(samples: np.ndarray, where: str = "") -> np.ndarray:
    """Return samples of any accepted type as float64 in [-1, 1]; refuse what is no sound."""
    if samples.size == 0:
        stopped = ", or was it stopped before it wrote its length" if where else ""
        raise ValueError(
            f"{where}the clip is empty: it has no samples (is `start` too late, or `seconds` less "
            f"than one sample{stopped}?)"
        )
    if samples.dtype == np.uint8:
        return (samples.astype(float) - 128.0) / 128.0
    if samples.dtype.newbyteorder("=") in (np.int8, np.int16, np.int32):  # also ">i2"
        return samples / (np.iinfo(samples.dtype).max + 1.0)
    if samples.dtype.kind != "f":
        raise TypeError(
            f"samples of type {samples.dtype} have no agreed full scale; give uint8, int8, int16, "
            "int32, or floats in [-1, 1]"
        )
    peak = max(samples.max(), -samples.min())  # NaN if there is one
    if not np.isfinite(peak):
        bad = np.count_nonzero(~np.isfinite(samples))
        raise ValueError(
            f"{where}{bad} of {samples.size} samples are NaN or infinite; repair them "
            "(numpy.nan_to_num) or drop the clip"
        )
    if peak > 1.5:
        raise ValueError(
            f"{where}float samples must lie in [-1, 1], got up to {peak:.4g}; if these are 16-bit "
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
        The clip: floats in [-1, 1], or integers, as `read_audio` takes them.
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
        If the clip is not one-dimensional, is empty or holds NaN, a parameter is out of its range,
        or a length is not at least two samples (frame) or one (hop).
    TypeError
        If the samples are of a type without a full scale, such as ``int64``.

    See Also
    --------
    librosa.stft : At work: its squared magnitude is this, frequencies first.

    Notes
    -----
    Taught in notebook 03. Not for getting the sound back: the phases are lost.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    >>> power = spectrogram(tone)
    >>> power.shape, int(power[50].argmax() / 0.025)  # Hz
    ((101, 201), 1000)
    """
    return np.concatenate(list(_power(samples, *_frame_and_hop(sample_rate, frame, hop))))


def _power(samples: np.ndarray, length: int, step: int) -> Iterator[np.ndarray]:
    """Yield the spectrogram some rows at a time, few enough for the processor's cache."""
    samples = _as_array("a clip (see read_audio)", samples, "(n_samples,)")
    padded = np.pad(_to_float(samples), length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::step]
    window = _hann(length)
    rows = max(8, 12_000 // length)
    for first in range(0, len(frames), rows):
        spectrum = fft.rfft(frames[first : first + rows] * window, axis=1)
        yield spectrum.real**2 + spectrum.imag**2


def _as_array(what: str, values: Any, shape: str) -> np.ndarray:
    require_unmasked(what, values)
    try:
        array = np.asarray(values)
        found = str(array.shape)
    except ValueError:
        array, found = np.empty(()), "rows of unequal length"
    if array.ndim != len(shape.split(", ")):
        raise ValueError(f"{what} has shape {shape}, got {found}")
    return array


@lru_cache(maxsize=32)
def _hann(length: int) -> np.ndarray:
    return signal.get_window("hann", length)


def _frame_and_hop(sample_rate: int, frame: float, hop: float) -> tuple[int, int]:
    check_ranges(RANGES, sample_rate=sample_rate, frame=frame, hop=hop)
    length, step = round(float(frame) * sample_rate), round(float(hop) * sample_rate)
    if not (2 <= length <= MOST_IN_FRAME and step >= 1):
        raise ValueError(
            f"at {sample_rate} Hz a frame of {frame} s has {length} samples and a hop of {hop} s "
            f"has {step}; expected 2 to {MOST_IN_FRAME} and at least 1: both are given in seconds, "
            "such as 0.025 and 0.010"
        )
    return length, step


def mel_filters(sample_rate: int, frame_samples: int, n_mels: int) -> np.ndarray:
    """Triangular filters, evenly spaced on the mel scale from 0 Hz to half the sampling rate.

    Parameters
    ----------
    sample_rate : int
        Samples a second, Hz.
    frame_samples : int
        Length of a frame, samples.
    n_mels : int
        Number of filters, 1 to 1000.

    Returns
    -------
    ndarray of shape (n_mels, frame_samples // 2 + 1), read-only
        Each row weighs the power spectrum; its triangle has unit area over frequency (per Hz).

    Raises
    ------
    ValueError
        If a number is out of its range (the message names both), or if a filter would be narrower
        than the distance between two frequencies, hence empty.

    See Also
    --------
    librosa.filters.mel : At work: the same filters.

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
    check_ranges(RANGES, sample_rate=sample_rate, frame_samples=frame_samples, n_mels=n_mels)
    return _mel_filters(sample_rate, frame_samples, n_mels)


@lru_cache(maxsize=32)
def _mel_filters(sample_rate: int, frame_samples: int, n_mels: int) -> np.ndarray:
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
        The clip: floats in [-1, 1], or integers, as `read_audio` takes them.
    sample_rate : int, default=16000
        Samples a second, Hz.
    n_mels : int, default=40
        Number of bands, 1 to 1000.
    frame, hop : float, default=0.025 and 0.01
        Length of a frame and distance between frames, seconds.

    Returns
    -------
    ndarray of shape (n_frames, n_mels)
        Decibels, no lower than 80 dB below the clip's loudest value and no lower than -100:
        silence is -100 throughout.

    Raises
    ------
    ValueError, TypeError
        As for :func:`spectrogram` and :func:`mel_filters`.

    See Also
    --------
    librosa.feature.melspectrogram : At work: the powers, for ``librosa.power_to_db``.

    Notes
    -----
    Taught in notebook 03. Not for comparing how loud clips are that have silent parts: the floor
    moves with the loudest value.

    Examples
    --------
    >>> import numpy as np
    >>> log_mel(np.zeros(8000)).shape
    (51, 40)
    """
    length, step = _frame_and_hop(sample_rate, frame, hop)
    filters = mel_filters(sample_rate, length, n_mels)
    mel = np.concatenate([power @ filters.T for power in _power(samples, length, step)])
    decibels = 10 * np.log10(np.maximum(FLOOR, mel))
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
        The clip: floats in [-1, 1], or integers, as `read_audio` takes them.
    sample_rate : int, default=16000
        Samples a second, Hz.
    n_mfcc : int, default=20
        Number of coefficients to keep, at most `n_mels`.
    n_mels : int, default=40
        Number of mel bands, 1 to 1000.
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
    ValueError, TypeError
        If `n_mfcc` is not between 1 and `n_mels`, or as for :func:`log_mel`.

    See Also
    --------
    librosa.feature.mfcc : At work: the same, coefficients first; give it ``n_fft`` and
        ``hop_length`` in samples, as its own defaults are 2048 and 512.

    Notes
    -----
    Taught in notebook 03. Not for melodies: the pitch is smoothed away; see :func:`chroma`.

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
    check_ranges(RANGES, n_mfcc=n_mfcc, n_mels=n_mels)
    if n_mfcc > n_mels:
        raise ValueError(f"n_mfcc is {n_mfcc}; expected a whole number from 1 to n_mels = {n_mels}")
    decibels = log_mel(samples, sample_rate=sample_rate, n_mels=n_mels, frame=frame, hop=hop)
    return fft.dct(decibels, type=2, norm="ortho", axis=1)[:, :n_mfcc]


def deltas(sequence: np.ndarray, *, width: int = 9) -> np.ndarray:
    r"""Slope of each column over time: a straight line fitted to a few frames around each.

    .. math:: d_t = \frac{\sum_{k=1}^K k\,(x_{t+k} - x_{t-k})}{2 \sum_{k=1}^K k^2},
              \qquad K = (\text{width} - 1) / 2

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
        If `width` is even or below 3, or `sequence` is no array of finite numbers with at least one
        row, or has differences too large for its type.

    See Also
    --------
    librosa.feature.delta : At work: the same, along the last axis.
    scipy.signal.savgol_filter : The same with ``polyorder=1, deriv=1``; it also fits curves.

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
    check_ranges(RANGES, width=width)
    sequence = _as_array("sequence", sequence, "(n_frames, n_dims)")
    if len(sequence) == 0 or sequence.dtype.kind not in "iuf":
        found = f"{len(sequence)} frames of {sequence.dtype}"
        raise ValueError(f"sequence has {found}; expected at least one, of numbers")
    if sequence.dtype.kind != "f" or sequence.dtype.itemsize < 4:
        # differences of uint8 would wrap around, those of float16 soon be infinite
        sequence = sequence.astype(float)
    if bad := np.count_nonzero(~np.isfinite(sequence)):
        raise ValueError(
            f"{bad} of {sequence.size} numbers of the sequence are NaN or infinite; leave out the "
            "frames that only pad it"
        )
    half = min(int(width) - 1, len(sequence) - 1) // 2
    if half == 0:
        return np.zeros_like(sequence)
    inner = len(sequence) - 2 * half  # frames that have `half` neighbours on each side
    with np.errstate(over="ignore", invalid="ignore"):
        slope = sum(
            k * (sequence[half + k :][:inner] - sequence[half - k :][:inner])
            for k in range(1, half + 1)
        ) / (2 * sum(k**2 for k in range(1, half + 1)))
    if not np.isfinite(slope).all():
        raise ValueError(
            f"sequence has numbers up to {np.abs(sequence).max():.4g}, whose slopes are too large "
            f"for {sequence.dtype}; divide it by some number first"
        )
    return np.pad(slope, ((half, half), (0, 0)), mode="edge")


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
        The clip: floats in [-1, 1], or integers, as `read_audio` takes them.
    sample_rate : int, default=16000
        Samples a second, Hz.
    frame, hop : float, default=0.256 and 0.064
        Length of a frame and distance between frames, seconds. Notes a semitone apart are told
        apart above ``34 / frame`` Hz only, so frames are long: 0.256 s reaches down to C3.
    tuning : float in [-0.5, 0.5] or None, default=0.0
        Deviation from A4 = 440 Hz, semitones; None has ``librosa.estimate_tuning`` find it in the
        clip.

    Returns
    -------
    ndarray of shape (n_frames, 12)
        Columns C, C#, ..., B; the largest of each frame is 1. A silent frame is zero throughout.

    Raises
    ------
    ValueError, TypeError
        As for :func:`spectrogram`.
    ImportError
        If `tuning` is None and librosa is not installed.

    See Also
    --------
    librosa.feature.chroma_stft : At work: with other weights and an estimated tuning; on
        simulated music the two agree (correlation above 0.9), but they are not equal.

    Notes
    -----
    Taught in notebook 03. "Chroma" is the name of the pitch class, not a colour: each frequency
    between 60 Hz and 5 kHz gives its power to the two nearest pitch classes, the nearer the more,
    and octaves around C5 count most. Not for drums or speech, which have no notes.

    References
    ----------
    T. Fujishima, Realtime chord recognition of musical sound, ICMC 1999. M. Müller, Fundamentals
    of Music Processing, 2015, chapter 3.

    Examples
    --------
    >>> import numpy as np
    >>> a_and_e = [np.sin(2 * np.pi * f * np.arange(16000) / 16000) for f in (440.0, 659.26)]
    >>> row = chroma(sum(a_and_e) / 2)[8]
    >>> [PITCH_CLASSES[k] for k in np.flatnonzero(row > 0.5)]
    ['E', 'A']
    """
    check_ranges(RANGES, tuning=tuning)
    length, step = _frame_and_hop(sample_rate, frame, hop)
    power = np.concatenate(list(_power(samples, length, step)))
    if tuning is None:
        tuning = _tuning_of(power, sample_rate, length)
    energy = power @ _chroma_filters(sample_rate, length, float(tuning)).T
    peak = energy.max(axis=1, keepdims=True)
    return np.where(peak > FLOOR, energy / np.maximum(peak, FLOOR), 0.0)


@lru_cache(maxsize=32)
def _chroma_filters(sample_rate: int, frame_samples: int, tuning: float) -> np.ndarray:
    """Weights of shape (12, n_frequencies): which pitch classes a frequency counts for."""
    frequencies = np.fft.rfftfreq(frame_samples, 1 / sample_rate)
    audible = (frequencies >= 60.0) & (frequencies <= 5000.0)
    # in semitones, A4 = 69
    pitch = 69.0 + 12.0 * np.log2(np.where(audible, frequencies, 440.0) / 440.0) - tuning
    distance = (pitch - np.arange(12)[:, None] + 6.0) % 12.0 - 6.0  # semitones, around the octave
    octaves_from_c5 = (pitch - 72.0) / 12.0
    weight = np.exp(-0.5 * (octaves_from_c5 / 1.5) ** 2) * audible
    return np.maximum(0.0, 1.0 - np.abs(distance)) * weight


def _tuning_of(power: np.ndarray, sample_rate: int, length: int) -> float:
    try:
        import librosa
    except ImportError as error:
        raise ImportError(
            "tuning=None needs librosa, which is not installed: pip install librosa, or give the "
            "tuning in semitones (0.0 for A4 = 440 Hz)"
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # silence has no tuning: 0.0
        magnitude = np.sqrt(power).T
        return float(librosa.estimate_tuning(S=magnitude, sr=sample_rate, n_fft=length))


# --- transformers -------------------------------------------------------------------------------


class _Frames(CellTransformer):
    """Reads each clip and describes it frame by frame, with slopes if `deltas` asks for them."""

    _what = "clips"
    _ranges = RANGES
    sample_rate: int
    deltas: bool = False

    @abstractmethod
    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        """Describe a clip by a row a frame."""

    @abstractmethod
    def _dims(self) -> list[str]:
        """Return a name for each number of such a row."""

    def _check(self) -> None:
        super()._check()
        self._sequence(np.zeros(1))  # tells what does not go together before a clip is blamed

    def _describe(self, cell: Any) -> np.ndarray:
        sequence = self._sequence(read_audio(cell, sample_rate=self.sample_rate))
        return np.hstack([sequence, deltas(sequence)]) if self.deltas else sequence

    def _names(self) -> list[str]:
        dims = self._dims()
        return dims + [f"{name}_delta" for name in dims] if self.deltas else dims


class _Statistics(_Frames):
    """One row a clip: mean and deviation over the frames."""

    mean: bool
    deviation: bool
    n_segments: int

    def _check(self) -> None:
        super()._check()
        if not (self.mean or self.deviation):
            raise ValueError("nothing to compute: set mean=True, deviation=True, or both")

    def _describe(self, cell: Any) -> np.ndarray:
        sequence = super()._describe(cell)
        n_frames, n_segments, parts = len(sequence), int(self.n_segments), []
        for segment in range(n_segments):
            # With fewer frames than segments, neighbouring segments share a frame.
            first = segment * n_frames // n_segments
            part = sequence[first : max(first + 1, (segment + 1) * n_frames // n_segments)]
            parts += [part.mean(axis=0)] if self.mean else []
            parts += [part.std(axis=0)] if self.deviation else []
        return np.concatenate(parts)

    def _names(self) -> list[str]:
        dims = super()._names()
        statistics = [name for name in ("mean", "deviation") if getattr(self, name)]
        segments = [f"segment{k}_" for k in range(self.n_segments)] if self.n_segments > 1 else [""]
        return [f"{s}{dim}_{what}" for s in segments for what in statistics for dim in dims]


class _Sequences(_Frames):
    """Sequences of equal length, for networks that read frame by frame."""

    max_frames: int | None

    def _learn(self, described: list[np.ndarray]) -> None:
        longest = max(len(sequence) for sequence in described)
        self.n_frames_ = longest if self.max_frames is None else self.max_frames

    def _join(self, described: list[np.ndarray]) -> np.ndarray:
        n_dims = described[0].shape[1]
        out = np.full((len(described), self.n_frames_, n_dims), np.nan, dtype=np.float32)
        for row, sequence in zip(out, described, strict=True):
            row[: len(sequence)] = sequence[: self.n_frames_]
        return out


class _MFCC(_Frames):
    """What a row of statistics and a sequence of MFCCs share."""

    n_mfcc: int
    n_mels: int
    frame: float
    hop: float

    def _dims(self) -> list[str]:
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


class MFCCFeatures(_MFCC, _Statistics):
    """Mean and deviation over time of the MFCCs of each clip of a column.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mfcc, n_mels, frame, hop : int, int, float, float, default=20, 40, 0.025 and 0.01
        Coefficients, mel bands, and seconds: see :func:`mfcc`.
    mean, deviation : bool, default=True
        Whether the row holds the mean and the standard deviation over the frames.
    deltas : bool, default=True
        Whether to add the same statistics of the coefficients' slopes.
    n_segments : int, default=1
        Divide the clip into so many equal parts in time, 1 to 10,000, and describe each on its own;
        the row becomes so many times longer and keeps a little of the order in which things were
        heard.
    n_jobs : int or None, default=None
        Number of processes; starting them takes some seconds, once. They pay for some hundred
        clips, and fewer are described without them.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row: 80 by default (20 coefficients and 20 slopes, mean and deviation).

    See Also
    --------
    MFCCSequences : Keeps the order of the frames.
    librosa.feature.mfcc : At work: the coefficients of one clip.

    Notes
    -----
    Taught in notebook 03. Silence is finite: see :func:`mfcc`. A clip shorter than a frame is
    surrounded by silence to one frame; its deviations and slopes are zero. Not for tasks where the
    order of the sounds decides, such as telling words apart.

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
        self.sample_rate, self.frame, self.hop = sample_rate, frame, hop
        self.n_mfcc, self.n_mels = n_mfcc, n_mels
        self.mean, self.deviation, self.deltas = mean, deviation, deltas
        self.n_segments, self.n_jobs = n_segments, n_jobs


class ChromaFeatures(_Statistics):
    """Mean and deviation over time of the pitch classes of each clip of a column.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    frame, hop : float, default=0.256 and 0.064
        Length of a frame and distance between frames, seconds.
    tuning : float in [-0.5, 0.5] or None, default=0.0
        Deviation from A4 = 440 Hz, semitones; None estimates it from each clip, with librosa.
    mean, deviation : bool, default=True
        Whether the row holds the mean and the standard deviation over the frames.
    deltas : bool, default=False
        Whether to add the same statistics of the slopes.
    n_segments : int, default=1
        Divide the clip into so many equal parts in time, 1 to 10,000, and describe each on its own.
    n_jobs : int or None, default=None
        Number of processes; see `MFCCFeatures`.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row: 24 by default.

    See Also
    --------
    librosa.feature.chroma_stft, librosa.feature.chroma_cqt : At work: the classes frame by frame.

    Notes
    -----
    Taught in notebook 03. Silence becomes the zero row; a clip shorter than a frame is surrounded
    by silence to one frame. Not for speech or noises, nor to tell instruments apart.

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
        self.sample_rate, self.frame, self.hop = sample_rate, frame, hop
        self.tuning = tuning
        self.mean, self.deviation, self.deltas = mean, deviation, deltas
        self.n_segments, self.n_jobs = n_segments, n_jobs

    def _dims(self) -> list[str]:
        return [f"chroma_{name}" for name in PITCH_CLASSES]

    def _sequence(self, samples: np.ndarray) -> np.ndarray:
        return chroma(
            samples,
            sample_rate=self.sample_rate,
            frame=self.frame,
            hop=self.hop,
            tuning=self.tuning,
        )


class MFCCSequences(_MFCC, _Sequences):
    """The MFCCs of each clip of a column, frame by frame.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mfcc, n_mels, frame, hop : int, int, float, float, default=20, 40, 0.025 and 0.01
        Coefficients, mel bands, and seconds: see :func:`mfcc`.
    deltas : bool, default=False
        Whether to append the coefficients' slopes, which doubles the last axis.
    max_frames : int or None, default=None
        Number of frames of the result, 1 to 1,000,000; None takes the longest clip seen in `fit`.
        What is longer is cut at the end, what is shorter is padded with NaN.
    n_jobs : int or None, default=None
        Number of processes; see `MFCCFeatures`.

    Attributes
    ----------
    n_frames_ : int
        Length of the second axis.

    See Also
    --------
    MFCCFeatures : One row a clip, for classifiers that take no sequences.
    librosa.feature.mfcc : At work: the coefficients of one clip.

    Notes
    -----
    Taught in notebook 03. Silence is finite, see :func:`mfcc`; only padding is NaN. Not for
    scikit-learn's classifiers, which take rows.

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
        self.sample_rate, self.frame, self.hop = sample_rate, frame, hop
        self.n_mfcc, self.n_mels, self.deltas = n_mfcc, n_mels, deltas
        self.max_frames, self.n_jobs = max_frames, n_jobs


class LogMelSequences(_Sequences):
    """The log-mel spectrum of each clip of a column, frame by frame.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples a second, Hz; files are resampled to it, arrays are taken to be at it.
    n_mels, frame, hop : int, float, float, default=40, 0.025 and 0.01
        Mel bands, and seconds: see :func:`log_mel`.
    top_db : float, default=80.0
        Decibels below the clip's loudest value at which everything counts as silence, at most 80.
    normalise : {"clip"} or None, default=None
        "clip" takes the mean of each band over the clip out of it and divides the clip by its
        standard deviation (one number for all bands): a microphone or a room adds its own
        constant to each band, and so it goes. Known as cepstral, or spectral, mean normalisation.
        What the average spectrum tells goes as well: of a short clip, much of the word.
    max_frames : int or None, default=None
        Number of frames of the result, 1 to 1,000,000; None takes the longest clip seen in `fit`.
        What is longer is cut at the end, what is shorter is padded with NaN.
    n_jobs : int or None, default=None
        Number of processes; see `MFCCFeatures`.

    Attributes
    ----------
    n_frames_ : int
        Length of the second axis.

    See Also
    --------
    librosa.feature.melspectrogram : At work: the powers of one clip, for ``librosa.power_to_db``.

    Notes
    -----
    Taught in notebooks 03 and 08. Silence is -100 dB throughout; only padding is NaN. Not for
    scikit-learn's classifiers, which take rows: see `MFCCFeatures`.

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
        self.sample_rate, self.frame, self.hop = sample_rate, frame, hop
        self.n_mels, self.top_db, self.normalise = n_mels, top_db, normalise
        self.max_frames, self.n_jobs = max_frames, n_jobs

    def _dims(self) -> list[str]:
        return [f"mel{k}" for k in range(self.n_mels)]

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
