"""The audio room, held against librosa, a cosine transform by hand, and closed forms."""

from __future__ import annotations

import re
import struct
import sys
import warnings

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from places import named
from scipy import signal
from sklearn.base import clone

from mmtutor import audio
from mmtutor.audio import (
    ChromaFeatures,
    LogMelSequences,
    MFCCFeatures,
    MFCCSequences,
    read_audio,
)
from mmtutor.simulate.music import render_music
from mmtutor.simulate.voices import IDENTITY_SIZE, render_voice

RATE = 16_000
TAG = b"ID3\x04\0\0\0\0\x02\x10" + bytes(0x110)
FOOTED = TAG[:5] + b"\x10" + TAG[6:] + b"3DI" + TAG[3:10]
APE = b"APETAGEX" + struct.pack("<II", 2000, 32) + bytes(16 + 32)  # a header, and as much behind it


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def tone(frequency=440.0, seconds=1.0, sample_rate=RATE, level=0.5):
    return level * np.sin(
        2 * np.pi * frequency * np.arange(round(seconds * sample_rate)) / sample_rate
    )


@pytest.fixture(scope="module")
def voice():
    return render_voice(np.zeros(IDENTITY_SIZE), random_state=0).samples


# --- reading


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([-128, 0, 64], np.int8), [-1, 0, 0.5]),
        (np.array([0, 128, 192], np.uint8), [-1, 0, 0.5]),
        (np.array([-32768, 0, 16384], np.int16), [-1, 0, 0.5]),
        (np.array([-32768, 0, 16384], ">i2"), [-1, 0, 0.5]),  # as AIFF and AU store them
        (np.array([-(2**31), 0, 2**30], ">i4"), [-1, 0, 0.5]),
        (np.array([-1, 0, 0.5], ">f4"), [-1, 0, 0.5]),
        (np.array([-(2**31), 0, 2**30], np.int32), [-1, 0, 0.5]),
        (np.array([-1, 0, 0.5], np.float16), [-1, 0, 0.5]),
        (np.array([-1, 0, 0.5], np.float64), [-1, 0, 0.5]),
        (np.array([-1.4, 0, 1.2]), [-1, 0, 1]),  # an overshoot is cut
    ],
)
def test_every_sample_type_has_its_scale(samples, expected):
    clip = read_audio(samples)
    assert clip.dtype == np.float32
    assert np.array_equal(clip, np.array(expected, np.float32))


def test_a_clip_is_a_plain_array_whatever_it_was():
    for clip in (np.ma.array(tone()), tone().view(np.memmap), np.broadcast_to(0.5, 9)):
        assert type(read_audio(clip)) is np.ndarray
    with pytest.raises(ValueError, match="or `seconds` less than one sample"):
        read_audio(tone(), seconds=1e-6)


def test_channels_are_averaged_or_kept():
    left, right = np.full(100, 0.5), np.full(100, -0.1)
    for stereo in (np.stack([left, right]), np.stack([left, right], axis=1)):
        assert np.allclose(read_audio(stereo), 0.2)
        assert read_audio(stereo, mono=False).shape == (100, 2)
        assert read_audio(stereo, start=0.001, seconds=0.002).shape == (32,)
    assert read_audio(left[:, None]).shape == (100,)
    assert read_audio(left, mono=False).shape == (100, 1)


@pytest.mark.parametrize("extension", ["wav", "flac"])
@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 16_000])
def test_files_are_resampled(tmp_path, extension, rate):
    path = tmp_path / f"tone.{extension}"
    soundfile.write(path, tone(440, 1.0, rate), rate)
    clip = read_audio(path)
    assert clip.shape == (RATE,)
    assert np.abs(clip - tone(440))[800:-800].max() < 2e-3
    assert np.array_equal(read_audio(str(path)), clip)


@pytest.mark.parametrize("name", ["ton é.wav", "声音.flac"])
def test_files_are_read_whatever_their_name(tmp_path, name):
    path = named(tmp_path, name)
    soundfile.write(path, tone(440), RATE)
    assert np.abs(read_audio(path) - tone(440)).max() < 1e-4
    assert np.array_equal(read_audio(str(path)), read_audio(path))


def test_part_of_a_file(tmp_path):
    path = tmp_path / "stereo.wav"
    ramp = np.linspace(-1, 1, RATE)
    soundfile.write(path, np.stack([ramp, ramp], axis=1), RATE)
    part = read_audio(path, start=0.25, seconds=0.5)
    assert np.allclose(part, ramp[4000:12_000], atol=1e-4)
    assert np.allclose(part, read_audio(ramp, start=0.25, seconds=0.5), atol=1e-4)
    with pytest.raises(ValueError, match="empty"):
        read_audio(path, start=2.0)
    with pytest.raises(ValueError, match="start"):
        read_audio(path, start=-1.0)


def test_a_file_that_cannot_seek_is_read(tmp_path):
    path = tmp_path / "gsm.wav"
    soundfile.write(path, tone(), RATE, subtype="GSM610")
    with soundfile.SoundFile(path) as file:
        assert not file.seekable()
    clip = read_audio(path)
    assert len(clip) == pytest.approx(RATE, abs=320)  # whole blocks of 320 samples
    assert np.corrcoef(clip[:RATE], tone()[: len(clip)])[0, 1] > 0.95


def test_bytes_after_the_sound_are_not_read(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(), RATE, subtype="FLOAT")
    path.write_bytes(path.read_bytes() + bytes(70_000))
    assert np.array_equal(read_audio(path), tone().astype(np.float32))


def wav_header(n_bytes, rate):
    """A header of 16-bit mono that promises `n_bytes` of samples."""
    fmt = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate % 2**32, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", n_bytes + 36) + b"WAVEfmt " + struct.pack("<I", 16) + fmt
    ) + (b"data" + struct.pack("<I", n_bytes))


@pytest.mark.parametrize(
    ("rate", "n_bytes", "message"),
    [
        (3_999_971, 32_000, "says that it has 3999971 samples a second"),
        (10, 32_000, "says that it has 10 samples a second"),
        (0, 32_000, "Error opening"),
        (2**31 - 1, 32_000, "says that it has 2147483647 samples a second, not 1000 to 400000 Hz"),
        (16_000, 240_000_000, "120000000 samples are more than mmtutor.audio.MOST_SAMPLES"),
        (1_000, 20_000_000, "160000000 samples are more than .* or read a part"),  # once resampled
    ],
)
def test_what_would_take_all_memory_is_refused_unread(tmp_path, rate, n_bytes, message):
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.write(wav_header(n_bytes, rate))
        file.truncate(44 + n_bytes)  # zeros that take no room on the disk
    with pytest.raises(ValueError, match=f"huge.wav as sound .*{message}"):
        read_audio(path)
    if n_bytes > 32_000:
        assert read_audio(path, start=1.0, seconds=0.5).shape == (8000,)


def test_too_many_bytes_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "sparse.mp3"
    with path.open("wb") as file:
        file.write(b"\xff\xfb\x90\x64")
        file.truncate(60 * 2**30)
    monkeypatch.setattr(soundfile, "info", lambda path: pytest.fail("it was opened"))
    limit = r"64424509440 bytes are more than mmtutor\.audio\.MOST_BYTES = 4294967296: raise"
    with pytest.raises(ValueError, match=rf"clip in row 5: cannot read .*sparse\.mp3 .*{limit}"):
        MFCCFeatures().fit(pd.Series([path], index=[5]))


def test_headers_that_lie_are_refused(tmp_path):
    path = tmp_path / "lie.flac"
    soundfile.write(path, tone(), RATE)
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F  # the upper four of the 36 bits that count the samples
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"lie\.flac .*68719476735 samples are more than"):
        read_audio(path)
    part = read_audio(path, seconds=0.5)
    assert np.allclose(part, tone()[: RATE // 2], atol=1e-4)
    with pytest.raises(ValueError, match=r"lie\.flac as sound"):
        read_audio(path, seconds=30.0)


def written(path, rate=RATE, **how):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * rate)
    soundfile.write(path, noise, rate, **how)
    return path.read_bytes()


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize(
    ("file_type", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("WAV", "PCM_U8"),
        ("WAV", "MS_ADPCM"),
        ("WAVEX", "PCM_24"),
        ("RF64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("AU", "PCM_16"),
        ("W64", "PCM_16"),
        ("MP3", "MPEG_LAYER_III"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("AVR", "PCM_16"),
        ("CAF", "ALAC_16"),
        ("MAT4", "PCM_16"),
        ("MAT5", "FLOAT"),
        ("MPC2K", "PCM_16"),
        ("NIST", "PCM_16"),
        ("SVX", "PCM_16"),
    ],
)
def test_a_cut_recording_is_refused(tmp_path, file_type, subtype, kept):
    path = tmp_path / "cut.bin"
    data = written(path, format=file_type, subtype=subtype)
    assert len(read_audio(path)) == pytest.approx(3 * RATE, abs=1000)  # whole blocks
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match=r"cut\.bin"):
        read_audio(path)


def test_a_cut_is_said_with_what_is_there(tmp_path):
    path = tmp_path / "cut.wav"
    path.write_bytes(written(path)[:50_044])
    with pytest.raises(ValueError, match=r"cut\.wav .*cut short: 50000 of 96000 bytes are there"):
        read_audio(path)
    path = tmp_path / "cut.mp3"
    path.write_bytes(written(path)[:-2000])
    with pytest.raises(ValueError, match=r"cut\.mp3 .*cut short: \d+ of 48000 samples are there"):
        read_audio(path)
    assert len(read_audio(path, seconds=1.0)) == RATE  # a part that is there


def test_an_ogg_with_a_hole_is_refused(tmp_path):
    path = tmp_path / "holed.ogg"
    data = written(path, format="OGG", subtype="VORBIS")
    pages = [match.start() for match in re.finditer(b"OggS", data)]
    path.write_bytes(data[: pages[-3]] + data[pages[-2] :])
    with pytest.raises(ValueError, match=r"holed\.ogg .*cut short: \d+ of 48000 samples are"):
        read_audio(path)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("place", [0.6, 0.97])
def test_an_ogg_with_a_damaged_page_is_refused(tmp_path, subtype, place):
    """Else that page is left out, with a second of sound; if it is the last, nothing tells."""
    path = tmp_path / "damaged.ogg"
    data = bytearray(written(path, format="OGG", subtype=subtype))
    path.write_bytes(data + bytes(70_000))  # what stands behind the sound is not read
    assert len(read_audio(path)) == 3 * RATE
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged\.ogg .*page \d+ is damaged"):
        read_audio(path)


def test_a_flac_that_was_written_to_a_pipe_is_read(tmp_path):
    path = tmp_path / "piped.flac"
    data = bytearray(written(path))
    whole = read_audio(path)
    data[21] &= 0xF0
    data[22:26] = bytes(4)  # the number of samples: unknown
    path.write_bytes(data)
    assert np.array_equal(read_audio(path), whole)
    assert np.array_equal(read_audio(path, start=2.5), whole[-RATE // 2 :])
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"piped\.flac as sound"):
        read_audio(path)


@pytest.mark.parametrize(
    ("rate", "n_channels", "tags"), [(16_000, 1, b""), (44_100, 2, FOOTED), (8_000, 1, APE)]
)
def test_an_mp3_of_varying_bitrate_without_a_count_is_read_whole(tmp_path, rate, n_channels, tags):
    """libsndfile takes the bitrate of the first frames for that of all, and reads a sixth."""
    path = tmp_path / "streamed.mp3"
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, rate)
    clip = np.r_[tone(440, 5.0, rate, 0.3), noise]
    soundfile.write(path, np.stack([clip] * n_channels, axis=1), rate, bitrate_mode="VARIABLE")
    data, whole = path.read_bytes(), read_audio(path, sample_rate=rate)
    path.write_bytes(tags + data[data.index(data[:2], 2) :])  # without the frame that counts them
    assert soundfile.info(path).frames < 3 * rate
    found = read_audio(path, sample_rate=rate)
    assert len(found) >= len(clip)
    end = whole[5 * rate : 6 * rate - 2000]  # of noise; both have another delay
    shift = signal.correlate(found[5 * rate :], end, mode="valid").argmax()
    assert np.allclose(found[5 * rate + shift :][: len(end)], end, atol=1e-3)
    part = read_audio(path, sample_rate=rate, start=5.5)
    assert np.allclose(part, found[round(5.5 * rate) :], atol=1e-6)


@pytest.mark.parametrize("tags", [TAG, FOOTED, APE])
def test_recordings_one_behind_the_other_are_read_or_refused(tmp_path, tags):
    """libsndfile reads the first of them, and says nothing of the others."""
    path = tmp_path / "both.mp3"
    path.write_bytes(written(path) + written(path, 44_100))
    with pytest.raises(ValueError, match=r"both\.mp3 .*cut short, or put together from unlike"):
        read_audio(path)
    path.write_bytes(2 * (tags + written(path) + b"TAG" + bytes(125)))
    assert soundfile.info(path).frames == 3 * RATE
    both, noise = read_audio(path), np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE)
    for begin in (0, 3 * RATE):  # each heard in its half
        half = both[begin:][: 3 * RATE]
        assert signal.correlate(half, noise[1000:-3000], mode="valid").max() > 0.3 * noise @ noise
    path = tmp_path / "both.ogg"
    data = written(path, format="OGG", subtype="VORBIS")
    path.write_bytes(2 * data)
    with pytest.raises(ValueError, match=r"both\.ogg .*several recordings, one behind the other"):
        read_audio(path)
    path.write_bytes(data[: data.index(b"OggS", 9)] + bytes(9) + data[data.index(b"OggS", 9) :])
    with pytest.raises(ValueError, match=r"both\.ogg .*damaged: page 1, behind which is none"):
        read_audio(path)


def test_a_lossy_file_may_be_louder_than_full_scale(tmp_path):
    path = tmp_path / "loud.ogg"
    noise = np.random.default_rng(1).uniform(-1, 1, (9001, 2))
    soundfile.write(path, noise, RATE, format="OGG", subtype="OPUS")
    assert np.abs(soundfile.read(path)[0]).max() > 1.5
    assert np.abs(read_audio(path)).max() <= 1


@pytest.mark.parametrize("name", ["page.au", "page.snd", "page.gsm", "page.vox", "page.RAW"])
def test_a_name_does_not_make_a_sound_of_a_text(tmp_path, name):
    path = tmp_path / name
    path.write_text("<html>" * 99, encoding="utf-8")
    with pytest.raises(ValueError, match="bare samples say neither type nor rate"):
        read_audio(path)


def test_what_is_called_mp3_and_is_none_is_not_called_a_pipe(tmp_path):
    path = tmp_path / "page.mp3"
    path.write_text("<html>" * 99, encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.mp3 as sound \(libsndfile finds no sound in it\)"):
        read_audio(path)


@pytest.mark.parametrize("promised", [0x7F000000, 0x7FFFF000, 0xFFFFFFFF])
def test_a_stream_without_a_length_is_read_to_its_end(tmp_path, promised):
    path = tmp_path / "stream.wav"
    header = bytearray(wav_header(0, RATE))
    header[40:44] = struct.pack("<I", promised)
    path.write_bytes(bytes(header) + (tone() * 32_767).astype("<i2").tobytes())
    assert np.allclose(read_audio(path), tone(), atol=1e-4)


@pytest.mark.parametrize("tags", [b"", TAG, 2 * TAG])
def test_an_mp3_is_cut_only_where_it_counts_its_frames(tmp_path, tags):
    path = tmp_path / "streamed.mp3"
    quiet = np.r_[np.zeros(5 * RATE), np.random.default_rng(0).uniform(-0.5, 0.5, RATE)]
    soundfile.write(path, quiet, RATE, bitrate_mode="VARIABLE")
    data = path.read_bytes()
    path.write_bytes(tags + data)
    assert len(read_audio(path)) == 6 * RATE
    path.write_bytes(tags + data[:-2000])
    with pytest.raises(ValueError, match="cut short"):
        read_audio(path)
    second = data.index(data[:2], 2)
    path.write_bytes(tags + data[second:])  # without the frame that counts them
    assert soundfile.info(path).frames > 6.5 * RATE  # a guess from the first frames
    assert len(read_audio(path)) == pytest.approx(6 * RATE, abs=2000)


def test_what_libsndfile_writes_is_read(tmp_path):
    """Whatever type, width and odd length: nothing whole is called cut."""
    path, n_read = tmp_path / "any.bin", 0
    for file_type in sorted(set(soundfile.available_formats()) - {"RAW", "SD2"}):
        for subtype in soundfile.available_subtypes(file_type):
            for shape in [(1001,), (4097, 2)]:
                try:
                    soundfile.write(path, np.zeros(shape), RATE, format=file_type, subtype=subtype)
                    length = len(soundfile.read(path)[0])
                except soundfile.LibsndfileError:  # not these channels, or not written whole
                    continue
                rate = soundfile.info(path).samplerate
                assert len(read_audio(path)) == -(-length * RATE // rate), (file_type, subtype)
                n_read += 1
    assert n_read > 150


def test_too_little_memory_names_row_and_file(tmp_path, monkeypatch):
    def no_memory(*args, **kwargs):
        raise MemoryError("Unable to allocate 256 GiB")

    path = tmp_path / "long.wav"
    soundfile.write(path, tone(), RATE)
    monkeypatch.setattr(soundfile, "read", no_memory)
    with pytest.raises(ValueError, match=r"clip in row 7: cannot read .*long\.wav .*256 GiB"):
        MFCCFeatures().fit(pd.Series([str(path)], index=[7]))


def test_unreadable_sources_are_named(tmp_path):
    text, empty = tmp_path / "notes.wav", tmp_path / "zero.wav"
    text.write_text("not a sound", encoding="utf-8")
    soundfile.write(empty, np.zeros(0), RATE)
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        read_audio(tmp_path / "gone.wav")
    with pytest.raises(IsADirectoryError, match="folder"):
        read_audio(tmp_path)
    with pytest.raises(ValueError, match=re.escape("notes.wav as sound")):
        read_audio(text)
    with pytest.raises(ValueError, match=r"zero\.wav: the clip is empty"):
        read_audio(empty)
    with pytest.raises(FileNotFoundError, match="path of the sound file is empty"):
        read_audio("")
    (tmp_path / "bare.raw").write_bytes(bytes(99))
    with pytest.raises(ValueError, match=r"bare\.raw .*bare samples say neither type nor rate"):
        read_audio(tmp_path / "bare.raw")
    assert len(read_audio(tone(), sample_rate=16_000.0)) == RATE
    with pytest.raises(TypeError, match="wrap one clip in a list"):
        read_audio(0.5)


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.zeros(0), ValueError, "empty"),
        (np.zeros((0, 2)), ValueError, "empty"),
        (np.array([0.0, np.nan, np.inf]), ValueError, "2 of 3 samples are NaN"),
        (np.zeros((10, 20)), ValueError, re.escape("(10, 20)")),
        (np.zeros((4, 4)), ValueError, re.escape("(4, 4)")),
        (np.zeros((2, 3, 100)), ValueError, re.escape("(2, 3, 100)")),
        (np.zeros(10, np.int64), TypeError, "int64 have no agreed full scale"),
        (np.zeros(10, bool), TypeError, "bool"),
        (np.array([0.0, -20_000.0]), ValueError, "divide them by 32768"),
    ],
)
def test_bad_arrays_are_named(samples, error, message):
    with pytest.raises(error, match=message):
        read_audio(samples)


# --- frame by frame


FUNCTIONS = [audio.spectrogram, audio.log_mel, audio.mfcc, audio.chroma]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32"])
def test_integers_give_what_their_floats_give(function, dtype, voice):
    top = np.iinfo(dtype).max
    middle = 128 if dtype == "uint8" else 0
    integers = np.rint(voice[:8000].astype(float) * (top - middle) + middle).astype(dtype)
    floats = (integers.astype(float) - middle) / (top + 1 - middle)
    assert np.allclose(function(integers), function(floats), atol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.r_[tone(), np.nan], ValueError, "1 of 16001 samples are NaN or infinite"),
        (np.r_[tone(), np.inf, -np.inf], ValueError, "2 of 16002 samples are NaN or infinite"),
        (np.zeros(10, np.int64), TypeError, "int64 have no agreed full scale"),
        (32_000 * tone(), ValueError, "divide them by 32768"),
        (np.zeros((10, 2)), ValueError, re.escape("got (10, 2)")),
        (np.zeros(0), ValueError, "empty"),
    ],
)
def test_arrays_are_checked_as_files_are(function, samples, error, message):
    with pytest.raises(error, match=message):
        function(samples)


def dct_by_hand(decibels, n_mfcc):
    n = decibels.shape[1]
    basis = np.cos(np.pi / n * np.outer(np.arange(n_mfcc), np.arange(n) + 0.5)) * np.sqrt(2 / n)
    basis[0] /= np.sqrt(2)
    return decibels @ basis.T


def test_mfcc_is_a_cosine_transform_and_equals_librosa(voice):
    samples = voice.astype(float)
    ours = audio.mfcc(samples, n_mfcc=13)
    assert np.allclose(ours, dct_by_hand(audio.log_mel(samples), 13), atol=1e-9)
    theirs = librosa.feature.mfcc(
        y=samples, sr=RATE, n_mfcc=13, n_mels=40, n_fft=400, hop_length=160
    )
    assert np.abs(ours - theirs.T).max() < 1e-4


@pytest.mark.parametrize(
    ("rate", "frame", "n_mels"), [(8000, 0.032, 26), (22_050, 2048 / 22_050, 128)]
)
def test_mel_filters_equal_librosa(rate, frame, n_mels):
    length = round(frame * rate)
    theirs = librosa.filters.mel(sr=rate, n_fft=length, n_mels=n_mels)
    assert np.allclose(audio.mel_filters(rate, length, n_mels), theirs, atol=1e-8)


def test_spectrogram_equals_librosa_and_keeps_energy(voice):
    ours = audio.spectrogram(voice, frame=0.032, hop=0.008)
    theirs = np.abs(librosa.stft(voice.astype(float), n_fft=512, hop_length=128)) ** 2
    assert np.allclose(ours, theirs.T, atol=1e-9)


def test_deltas_equal_librosa(voice):
    sequence = audio.mfcc(voice)
    theirs = librosa.feature.delta(sequence, axis=0)
    assert np.allclose(audio.deltas(sequence), theirs)
    for width in (3, 5, 11):
        smooth = signal.savgol_filter(sequence, width, polyorder=1, deriv=1, axis=0)
        assert np.allclose(audio.deltas(sequence, width=width), smooth, atol=1e-11)
    assert not audio.deltas(np.full((20, 3), 0.1)).any(), "a constant has no slope, to the bit"
    ramp = 3.0 * np.arange(5)[:, None]
    assert np.allclose(audio.deltas(ramp), 3.0)  # fewer frames than the width
    assert not audio.deltas(ramp[:2]).any()
    with pytest.raises(ValueError, match="width is 4; expected an odd"):
        audio.deltas(ramp, width=4)
    half = np.arange(1000, dtype=np.float16)[:, None]
    assert np.allclose(audio.deltas(half, width=201), 1.0)  # sums beyond float16


def test_silence_has_the_documented_values():
    silence = np.zeros(4000)
    assert (audio.log_mel(silence) == -100).all()
    cepstrum = audio.mfcc(silence)
    assert np.allclose(cepstrum[:, 0], -100 * np.sqrt(40))
    assert np.allclose(cepstrum[:, 1:], 0)
    assert not audio.chroma(silence, tuning=None).any()


@pytest.mark.parametrize("n_samples", [1, 5, 159, 160, 399, 400, 401, 4095])
@pytest.mark.parametrize(
    "transformer",
    [
        MFCCFeatures(n_segments=4),
        ChromaFeatures(tuning=None, n_segments=3),
        MFCCSequences(deltas=True, max_frames=7),
        LogMelSequences(),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_a_clip_of_any_length_is_finite(transformer, n_samples):
    clip = np.random.default_rng(n_samples).uniform(-1, 1, n_samples)
    rows = clone(transformer).fit_transform([clip])
    present = rows[~np.isnan(rows)]
    assert np.isfinite(present).all()
    assert present.size >= 12
    assert len(audio.mfcc(clip)) == 1 + n_samples // 160


def test_unsuitable_parameters_are_named():
    clip = tone()
    with pytest.raises(ValueError, match="mel filters are empty"):
        audio.log_mel(clip, n_mels=200)
    with pytest.raises(ValueError, match="given in seconds"):
        audio.mfcc(clip, frame=1e-5)
    with pytest.raises(ValueError, match="given in seconds"):
        audio.mfcc(clip, hop=1e-5)
    with pytest.raises(ValueError, match="nothing to compute"):
        MFCCFeatures(mean=False, deviation=False).fit([clip])


# --- pitch classes


@pytest.mark.parametrize("midi", range(48, 96, 5))
def test_a_pure_tone_has_its_pitch_class(midi):
    row = audio.chroma(tone(440 * 2 ** ((midi - 69) / 12)))[8]
    assert row.argmax() == midi % 12
    assert np.sort(row)[-2] < 0.35


def test_chroma_agrees_with_librosa_on_music():
    agreements = []
    for seed in range(12):
        clip = render_music(
            mode=("major", "minor")[seed % 2],
            tonic=seed,
            tempo=100,
            loudness=0.6,
            random_state=seed,
        ).astype(float)
        ours = audio.chroma(clip).mean(axis=0)
        theirs = librosa.feature.chroma_stft(
            y=clip, sr=RATE, n_fft=4096, hop_length=1024, tuning=0
        ).mean(axis=1)
        agreements.append(np.corrcoef(ours, theirs)[0, 1])
    assert min(agreements) > 0.9


@pytest.mark.parametrize("cents", [-45, -20, 0, 10, 35])
def test_tuning_is_found_and_undone(cents):
    scale = 2 ** (cents / 1200)
    chord = sum(tone(f * scale, level=0.2) for f in (261.63, 329.63, 392.0, 523.25))
    found = audio.chroma(chord, tuning=None)
    assert set(np.flatnonzero(found[8] > 0.3)) == {0, 4, 7}
    by_librosa = librosa.estimate_tuning(y=chord, sr=RATE, n_fft=4096, hop_length=1024)
    assert by_librosa == pytest.approx(cents / 100, abs=0.03)
    assert np.allclose(found, audio.chroma(chord, tuning=by_librosa), atol=0.02)


def test_estimating_the_tuning_without_librosa_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(ImportError, match="tuning=None needs librosa"):
        audio.chroma(tone(), tuning=None)


# --- transformers


@pytest.fixture(scope="module")
def column(voice):
    return pd.Series([voice, np.zeros(100), tone(seconds=0.5)], index=[7, 3, 5], dtype=object)


def test_features_are_the_statistics_of_the_sequences(column, voice):
    rows = MFCCFeatures(n_mfcc=5, deltas=True).fit_transform(column)
    sequence = audio.mfcc(voice, n_mfcc=5)
    both = np.hstack([sequence, audio.deltas(sequence)])
    assert np.allclose(rows[0], np.r_[both.mean(axis=0), both.std(axis=0)])

    halves = MFCCFeatures(n_mfcc=5, deltas=False, deviation=False, n_segments=2).fit(column)
    first, second = np.split(halves.transform(column)[0], 2)
    assert np.allclose(first, sequence[:100].mean(axis=0))
    assert np.allclose(second, sequence[100:].mean(axis=0))
    assert halves.get_feature_names_out()[7] == "segment1_mfcc2_mean"


@pytest.mark.parametrize(
    ("transformer", "n_features"),
    [(MFCCFeatures(), 80), (ChromaFeatures(), 24), (MFCCFeatures(n_segments=5), 400)],
)
def test_columns_of_every_kind_give_the_same_rows(column, transformer, n_features, tmp_path):
    rows = transformer.fit_transform(column)
    assert rows.shape == (3, n_features)
    assert len(set(transformer.get_feature_names_out())) == n_features
    paths = []
    for k, clip in enumerate(column):
        paths.append(tmp_path / f"{k}.wav")
        soundfile.write(paths[-1], clip, RATE, subtype="FLOAT")
    for same in (column.tolist(), column.to_frame(), column.to_numpy(), paths):
        assert np.allclose(transformer.transform(same), rows, atol=1e-3)
    parallel = clone(transformer).set_params(n_jobs=2).fit(column)
    assert np.array_equal(parallel.transform(column), rows), "rows must keep their order"


def test_sequences_are_padded_with_nan_and_cut(column):
    sequences = MFCCSequences(n_mfcc=13).fit(column)
    out = sequences.transform(column)
    assert out.shape == (3, 201, 13)
    assert out.dtype == np.float32
    present = ~np.isnan(out).any(axis=2)
    assert present.sum(axis=1).tolist() == [201, 1, 51]
    assert np.array_equal(present, ~np.isnan(out).all(axis=2))
    assert np.array_equal(np.sort(~present, axis=1), ~present), "padding comes last"
    shorter = MFCCSequences(n_mfcc=13, max_frames=60).fit_transform(column)
    assert np.array_equal(shorter, out[:, :60], equal_nan=True)
    longer = sequences.transform([tone(seconds=9.0)])  # longer than any seen in fit
    assert longer.shape == (1, 201, 13)
    assert len(MFCCSequences(deltas=True).fit(column).get_feature_names_out()) == 40
    mel = LogMelSequences(n_mels=30).fit(column)
    assert mel.transform(column).shape == (3, 201, 30)
    assert mel.get_feature_names_out()[29] == "mel29"


def test_a_clip_is_normalised_by_itself(voice):
    raw = LogMelSequences().fit_transform([voice])[0]
    mel = LogMelSequences(normalise="clip").fit_transform([voice, np.zeros(4000)])
    np.testing.assert_allclose(mel[0].mean(axis=0), 0, atol=1e-5)
    assert mel[0].std() == pytest.approx(1, abs=1e-4)
    centred = raw - raw.mean(axis=0)
    np.testing.assert_allclose(mel[0] * centred.std(), centred, atol=1e-4)
    assert (mel[1][~np.isnan(mel[1])] == 0).all()  # silence


def test_a_microphone_is_taken_out(voice):
    """A filter shorter than a frame adds nearly the same decibels to a band all the time."""
    thin = np.convolve(voice, [1, -0.9])[: len(voice)].astype("float32")
    gaps = {}
    for normalise in (None, "clip"):
        mel = LogMelSequences(normalise=normalise).fit_transform([voice, thin])
        gaps[normalise] = np.abs(mel[0] - mel[1]).mean() / mel[0].std()
    assert gaps["clip"] < gaps[None] / 3


def test_top_db_sets_the_floor(voice):
    raw = LogMelSequences().fit_transform([voice])
    for top_db in (30.0, 80.0):
        mel = LogMelSequences(top_db=top_db).fit_transform([voice])
        np.testing.assert_array_equal(mel, np.maximum(raw, raw.max() - np.float32(top_db)))


@pytest.mark.parametrize("transformer", [MFCCFeatures(), ChromaFeatures(), LogMelSequences()])
def test_a_bad_cell_is_named_by_its_row(transformer, voice):
    with pytest.raises(ValueError, match="1 of 2 clips are missing"):
        transformer.fit_transform([voice, None])
    with pytest.raises(ValueError, match=re.escape("clip in row 1: 3 of 3 samples are NaN")):
        transformer.fit_transform([voice, np.full(3, np.nan)])
    with pytest.raises(FileNotFoundError, match=re.escape("clip in row 1: there is no sound file")):
        transformer.fit_transform([voice, "gone.wav"])
    with pytest.raises(TypeError, match="wrap one clip in a list"):
        transformer.fit_transform(voice)
    with pytest.raises(ValueError, match="empty"):
        transformer.fit_transform([])
