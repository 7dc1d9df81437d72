"""Images: reading anything, SIFT, visual words, HOG, pixels."""

from __future__ import annotations

import io
import os
from fractions import Fraction

import cv2
import numpy as np
import pandas as pd
import PIL.Image
import pytest
import skimage.feature
from places import named
from sklearn.base import clone
from sklearn.datasets import load_sample_image
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.image import (
    BagOfVisualWords,
    HOGFeatures,
    PixelFeatures,
    hog_cells,
    hog_features,
    read_image,
    sift_features,
)
from mmtutor.simulate.faces import IDENTITY_SIZE, render_face

BLANK = np.full((96, 96), 128, dtype=np.uint8)


@pytest.fixture(scope="module")
def photograph():
    return read_image(load_sample_image("china.jpg"))


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return [
        render_face(rng.standard_normal(IDENTITY_SIZE), valence=v, random_state=rng)
        for v in np.linspace(-1, 1, 12)
    ]


def write(path, image):
    """Write with a non-ASCII path too, where cv2.imwrite would fail on Windows."""
    done, data = cv2.imencode(path.suffix, image)
    assert done
    data.tofile(path)
    return path


# --- read_image ---------------------------------------------------------------------------------


def test_uint8_grey_is_returned_as_it_is():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(read_image(image), image)
    np.testing.assert_array_equal(read_image(image[:, :, None]), image)


def test_grey_weighs_red_green_blue_in_that_order():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    np.testing.assert_array_equal(read_image(colours), [[76, 150, 29]])
    np.testing.assert_array_equal(read_image(colours, grey=False), colours)


def test_grey_becomes_rgb_on_demand():
    assert read_image(BLANK, grey=False).shape == (96, 96, 3)


def test_transparent_becomes_white():
    rgba = np.zeros((1, 3, 4), dtype=np.uint8)
    rgba[0, :, 3] = [0, 128, 255]
    np.testing.assert_array_equal(read_image(rgba), [[255, 127, 0]])


def test_sixteen_bits_floats_bools_and_integers_are_scaled():
    expected = [[0, 128, 255]]
    np.testing.assert_array_equal(
        read_image(np.array([[0, 32896, 65535]], dtype=np.uint16)), expected
    )
    np.testing.assert_array_equal(read_image(np.array([[0.0, 128 / 255, 1.0]])), expected)
    np.testing.assert_array_equal(read_image(np.array([[0, 128, 255]])), expected)
    np.testing.assert_array_equal(read_image(np.array([[False, True]])), [[0, 255]])


def test_the_input_is_not_changed():
    image = np.linspace(0, 1, 16).reshape(4, 4)
    before = image.copy()
    read_image(image, size=2)
    np.testing.assert_array_equal(image, before)


def test_a_matrix_is_read_as_an_array():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.asmatrix(BLANK)
    assert read_image(matrix, grey=False).shape == (96, 96, 3)
    np.testing.assert_array_equal(hog_features(matrix), hog_features(BLANK))


@pytest.mark.parametrize("size", [(24, 12), (200, 300), (24, 300)])
def test_size_is_height_then_width(size):
    assert read_image(BLANK, size=size).shape == size
    assert (read_image(BLANK, size=size) == 128).all()


def test_shrinking_averages():
    checks = np.indices((8, 8)).sum(axis=0) % 2 * 200
    np.testing.assert_array_equal(read_image(checks, size=4), np.full((4, 4), 100))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 4), dtype=np.uint8), "empty"),
        (np.zeros(5, dtype=np.uint8), "shape"),
        (np.zeros((4, 4, 2), dtype=np.uint8), "shape"),
        (np.zeros((2, 4, 4, 3), dtype=np.uint8), "shape"),
        (np.array([[0.5, np.nan]]), "1 pixels of the image are NaN"),
        (np.array([[0.0, 254.0]]), "from 0 to 254"),
        (np.array([[-1, 3]]), "from -1 to 3"),
        (np.array([[0.0, 1.00001]]), "from 0 to 1.00001;"),
        (np.array([[0, 300]]), "between 0 and 255"),
        (np.array([["a", "b"]]), "must hold numbers"),
        (np.array([[1j]]), "must hold numbers"),
    ],
)
def test_arrays_that_are_no_images_are_refused(array, message):
    with pytest.raises(ValueError, match=message):
        read_image(array)


def test_other_things_are_refused():
    with pytest.raises(TypeError, match="a file path or a Pillow image, got list"):
        read_image([[0, 1], [1, 0]])


@pytest.mark.parametrize("name", ["face.png", "Gesicht ö.png", "脸.bmp", "脸.tif"])
def test_files_are_read_whatever_their_name(tmp_path, name, faces):
    path = write(named(tmp_path, name), faces[0])
    np.testing.assert_array_equal(read_image(path), faces[0])
    np.testing.assert_array_equal(read_image(str(path)), faces[0])


def test_colour_files_keep_the_order_red_green_blue(tmp_path):
    blue_first = np.zeros((4, 4, 3), dtype=np.uint8)
    blue_first[:, :, 0] = 255
    path = write(tmp_path / "blue.png", blue_first)
    np.testing.assert_array_equal(read_image(path, grey=False)[0, 0], [0, 0, 255])
    jpeg = write(tmp_path / "blue.jpg", blue_first)
    assert read_image(jpeg, grey=False)[0, 0, 2] > 240


def test_files_with_opacity_and_sixteen_bits(tmp_path):
    rgba = np.zeros((4, 4, 4), dtype=np.uint8)
    assert (read_image(write(tmp_path / "clear.png", rgba)) == 255).all()
    deep = np.full((4, 4), 65535, dtype=np.uint16)
    assert (read_image(write(tmp_path / "deep.png", deep)) == 255).all()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_every_orientation_is_turned_upright_in_every_format(tmp_path, ending):
    upright = np.zeros((16, 32), dtype=np.uint8)
    upright[:8, :8] = 255  # bright at the top left
    # how the camera held it: what EXIF's value says of row 0 and column 0
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright.T[::-1, ::-1],
        8: np.rot90(upright, -1),
    }
    for value, pixels in stored.items():
        exif = PIL.Image.Exif()
        exif[274] = value
        path = tmp_path / f"{value}.{ending}"
        how = {"lossless": True} if ending == "webp" else {}
        PIL.Image.fromarray(np.ascontiguousarray(pixels)).save(path, exif=exif, **how)
        found = read_image(path)
        assert found.shape == (16, 32)
        assert np.abs(found.astype(int) - upright).max() < 40  # JPEG smears edges
        with path.open("rb") as file, PIL.Image.open(file) as opened:
            np.testing.assert_array_equal(read_image(opened), found)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
def test_every_kind_of_pillow_image_is_read(mode):
    grey = np.arange(0, 256, 4, dtype=np.uint8).reshape(8, 8)
    expected = grey
    if mode == "I;16":
        picture = PIL.Image.fromarray(grey.astype(np.uint16) * 257)
    elif mode == "F":
        picture = PIL.Image.fromarray(grey / np.float32(255))
    else:
        picture = PIL.Image.fromarray(grey).convert(mode)
        expected = np.where(grey > 127, 255, 0) if mode == "1" else grey
    assert picture.mode == mode
    if mode == "1":  # its dots have the right mean
        assert set(np.unique(read_image(picture))) == {0, 255}
    else:
        assert np.abs(read_image(picture).astype(int) - expected).max() <= 1


def test_files_of_every_mode_are_what_opencv_reads(tmp_path, photograph):
    colour = load_sample_image("china.jpg")[:64, :96]
    deep = np.linspace(0, 65_535, 64 * 96).reshape(64, 96).astype(np.uint16)
    for name, pixels in {
        "grey.png": photograph[:64, :96],
        "colour.png": colour[..., ::-1],
        "colour.webp": colour[..., ::-1],
        "colour.jpg": colour[..., ::-1],
        "colour.bmp": colour[..., ::-1],
        "deep.png": deep,
        "deep.tif": deep,
    }.items():
        path = write(tmp_path / name, pixels)
        by_opencv = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if by_opencv.ndim == 3:
            by_opencv = np.ascontiguousarray(by_opencv[..., ::-1])
        np.testing.assert_array_equal(read_image(path), read_image(by_opencv), err_msg=name)


def test_what_is_transparent_in_a_file_becomes_white(tmp_path):
    black = PIL.Image.new("L", (4, 4), 0)
    black.save(tmp_path / "grey.png", transparency=0)  # one grey value stands for nothing
    assert (read_image(tmp_path / "grey.png") == 255).all()
    black.convert("P").save(tmp_path / "palette.png", transparency=0)
    assert (read_image(tmp_path / "palette.png") == 255).all()


def test_a_pillow_image_is_not_changed(photograph):
    picture = PIL.Image.fromarray(photograph)
    read_image(picture, size=8)
    np.testing.assert_array_equal(np.asarray(picture), photograph)
    rows = HOGFeatures().fit_transform(pd.Series([picture, PIL.Image.fromarray(BLANK)]))
    np.testing.assert_array_equal(rows, HOGFeatures().fit_transform([photograph, BLANK]))


def test_a_pillow_image_that_cannot_be_read_is_told(tmp_path, photograph):
    closed = PIL.Image.fromarray(photograph)
    closed.close()
    for picture in (closed, PIL.Image.new("La", (9, 9))):
        with pytest.raises(ValueError, match="row 0: cannot read the Pillow image: "):
            HOGFeatures().fit([picture])


@pytest.mark.parametrize("ending", [".png", ".jpg"])
@pytest.mark.parametrize("tail", [bytes(65_536), b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 900])
def test_bytes_after_the_image_do_not_matter(tmp_path, ending, tail, photograph):
    path = write(tmp_path / f"motion{ending}", photograph)
    alone = read_image(path)
    path.write_bytes(path.read_bytes() + tail)
    np.testing.assert_array_equal(read_image(path), alone)


def test_too_many_pixels_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    PIL.Image.new("1", (4000, 3000)).save(path)
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 10_000_000)
    monkeypatch.setattr(PIL.Image.Image, "load", lambda self: pytest.fail("it was read"))
    with (
        pytest.warns(PIL.Image.DecompressionBombWarning),
        pytest.raises(ValueError, match=r"bomb\.png .*4000 x 3000 pixels are more than"),
    ):
        read_image(path)
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 1_000_000)
    with pytest.raises(ValueError, match=r"bomb\.png .*DecompressionBombError.*; raise PIL"):
        read_image(path)


def test_too_many_bytes_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "sparse.webp"
    with path.open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\xffWEBPVP8 ")  # of which Pillow reads the whole file
        file.truncate(2**33)  # bytes that take no room on the disk
    monkeypatch.setattr(PIL.Image, "open", lambda *a, **k: pytest.fail("it was opened"))
    limit = r"8589934592 bytes are more than mmtutor\.image\.MOST_BYTES = 1073741824: .*raise"
    with pytest.raises(ValueError, match=rf"image in row 5: cannot read .*sparse\.webp .*{limit}"):
        HOGFeatures().fit(pd.Series([path], index=[5]))


def test_headers_that_lie_are_refused(tmp_path):
    small = cv2.imencode(".bmp", BLANK)[1].tobytes()
    for name, where in {"width": 18, "height": 22}.items():
        lie = small[:where] + (2_000_000_000).to_bytes(4, "little") + small[where + 4 :]
        (tmp_path / f"{name}.bmp").write_bytes(lie)
        with pytest.raises(ValueError, match=f"image in row 0: cannot read .*{name}.bmp"):
            HOGFeatures().fit([tmp_path / f"{name}.bmp"])


def test_too_little_memory_names_row_and_file(tmp_path, monkeypatch, photograph):
    def no_memory(self):
        raise MemoryError

    path = write(tmp_path / "large.png", photograph)
    monkeypatch.setattr(PIL.Image.Image, "copy", no_memory)
    with pytest.raises(ValueError, match=r"image in row ann: cannot .*large\.png .*MemoryError"):
        HOGFeatures().fit(pd.Series([path], index=["ann"]))


def test_bad_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.png"):
        read_image(tmp_path / "nowhere.png")
    with pytest.raises(IsADirectoryError, match="folder"):
        read_image(tmp_path)
    with pytest.raises(FileNotFoundError, match="path of the image file is empty"):
        read_image("")
    for name, content in {
        "empty.png": b"",
        "text.png": b"not an image",
        "nul.jpg": bytes(99),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match="cannot read"):
            read_image(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", "/dev/zero"):
        with pytest.raises(
            FileNotFoundError, match=r"row 0: .*(pipe\.png|zero) is a device or a pipe"
        ):
            HOGFeatures().fit([path])


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif", ".bmp"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_truncated_file_is_refused_and_not_half_shown(tmp_path, ending, kept, photograph):
    path = write(tmp_path / f"part{ending}", photograph)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(ValueError, match=f"cannot read .*part{ending} as an image"):
        read_image(path)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("quality", [50, 75, 95])
def test_a_photograph_with_a_hole_is_refused(tmp_path, colour, optimize, quality):
    path, picture = tmp_path / "hole.jpg", PIL.Image.fromarray(load_sample_image("china.jpg"))
    picture.convert("RGB" if colour else "L").save(path, quality=quality, optimize=optimize)
    whole = read_image(path)
    data = path.read_bytes()
    for size in (1024, len(data) // 3):
        path.write_bytes(data[: len(data) // 2] + bytes(size) + data[len(data) // 2 + size :])
        with path.open("rb") as file, PIL.Image.open(file) as opened:
            assert opened.convert("L").size[::-1] == whole.shape  # Pillow says nothing
        with pytest.raises(ValueError, match="it has a hole: nothing but zeros from byte"):
            read_image(path)


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("quality", [1, 75, 95])
def test_flat_pictures_have_no_hole(tmp_path, optimize, progressive, quality):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64))
    for level in (0, 128, 255):
        pixels = np.full((1500, 1500), level, dtype=np.uint8)
        for grain in (pixels[:64, :64], noise):
            pixels[:64, :64] = grain
            for mode in ("L", "RGB"):
                PIL.Image.fromarray(pixels).convert(mode).save(
                    tmp_path / "flat.jpg",
                    quality=quality,
                    optimize=optimize,
                    progressive=progressive,
                )
                assert np.ptp(read_image(tmp_path / "flat.jpg")[100:, 100:]) == 0


def test_a_png_with_lost_data_is_refused(tmp_path, photograph):
    path = tmp_path / "lost.png"
    PIL.Image.fromarray(photograph[150:210, 300:390]).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    with pytest.raises(ValueError, match=r"lost\.png .* (damaged between byte \d+|broken)"):
        read_image(path)
    start = data.index(b"IDAT") + 4
    end = start + int.from_bytes(data[start - 8 : start - 4], "big")
    path.write_bytes(data[:end] + bytes(4) + data[end + 4 :])  # another checksum
    with path.open("rb") as file, PIL.Image.open(file) as opened:
        opened.load()  # Pillow says nothing
    with pytest.raises(ValueError, match=rf"lost\.png .* between byte {start} and {end}"):
        read_image(path)


def test_a_truncated_photograph_with_a_whole_thumbnail_is_refused(tmp_path, photograph):
    small = cv2.imencode(".jpg", photograph[:40, :40])[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0" + bytes(6) + small  # it ends as a whole image does
    data = cv2.imencode(".jpg", photograph)[1].tobytes()
    data = data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + data[2:]
    (tmp_path / "whole.jpg").write_bytes(data)
    assert read_image(tmp_path / "whole.jpg").shape == photograph.shape
    (tmp_path / "part.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="truncated"):
        read_image(tmp_path / "part.jpg")


def jpeg(pixels, **how):
    """Return a JPEG file as bytes."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", **how)
    return file.getvalue()


def in_three_scans(planes, **how):
    """Return a colour JPEG as bytes, whose data come one colour after the other."""
    head, scans = b"", b""
    for k, plane in enumerate(planes, 1):
        data = jpeg(plane, **how)
        frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
        sides = data[frame + 4 : frame + 9]
        colours = bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])  # name, sampling, quantisation
        head = head or data[:frame] + b"\xff\xc0\0\x11" + sides + b"\3" + colours
        scans += data[frame + 13 : scan] + b"\xff\xda\0\x08\1" + bytes([k]) + data[scan + 6 : -2]
    return head + scans + b"\xff\xd9"


WAYS = {
    "baseline": {},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True},
    "restarting": {"restart_marker_blocks": 3},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_whole_jpegs_are_read_as_pillow_reads_them(tmp_path, way, mode, photograph):
    flat = np.full((96, 80), 37, dtype=np.uint8)
    flat_end = np.where(np.arange(96)[:, None] < 40, photograph[:96, :80], 200).astype(np.uint8)
    path = tmp_path / "whole.jpg"
    for pixels in (photograph[:1, :1], photograph[:7, :33], photograph[:90, :70], flat, flat_end):
        for quality in (1, 30, 75, 100):
            picture = PIL.Image.fromarray(pixels).convert(mode)
            picture.save(path, "JPEG", quality=quality, **WAYS[way])
            with path.open("rb") as file, PIL.Image.open(file) as opened:
                expected = np.asarray(opened.convert("RGB"))
            np.testing.assert_array_equal(read_image(path, grey=False), expected)


def test_data_in_several_scans_stray_bytes_and_padding_are_read(tmp_path):
    light = np.random.default_rng(0).integers(0, 256, (800, 800)).astype(np.uint8)
    colour = np.full_like(light, 90)  # its data are zeros, as optimised tables have them
    path = tmp_path / "whole.jpg"
    path.write_bytes(in_three_scans([light, colour, colour], optimize=True))
    whole = read_image(path, grey=False)
    assert np.ptp(whole[..., 0]) > 200
    data = jpeg(light[:64, :64])
    path.write_bytes(data)
    alone = read_image(path)
    frame = data.index(b"\xff\xc0")
    for between in (b"\0" * 9, b"stray", b"\xff" * 9, b"\xff\xfe\0\6\xff\xd9\xff\xda"):
        for place in (frame, len(data) - 2):
            path.write_bytes(data[:place] + between + data[place:])
            np.testing.assert_array_equal(read_image(path), alone)
    path.write_bytes(data[:-2] + bytes(5000) + data[-2:])  # a decoder does not look at these
    np.testing.assert_array_equal(read_image(path), alone)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_a_jpeg_that_was_cut_and_closed_is_refused(tmp_path, way, kept, photograph):
    data = jpeg(photograph, **WAYS[way])
    path = tmp_path / "part.jpg"
    for filling in (b"", bytes(5000)) if way == "baseline" else (b"",):
        path.write_bytes(data[: int(kept * len(data))] + filling + b"\xff\xd9")
        with path.open("rb") as file, PIL.Image.open(file) as opened:
            opened.load()  # Pillow says nothing
        with pytest.raises(
            ValueError, match=r"image in row 7: cannot read .*part\.jpg .*cut short"
        ):
            HOGFeatures().fit(pd.Series([path], index=[7]))


@pytest.mark.parametrize("way", WAYS)
def test_a_jpeg_with_fewer_rows_than_it_says_is_refused(tmp_path, way, photograph):
    data = jpeg(photograph, **WAYS[way])
    rows = data.index(
        photograph.shape[0].to_bytes(2, "big") + photograph.shape[1].to_bytes(2, "big")
    )
    path = tmp_path / "rows.jpg"
    path.write_bytes(data[:rows] + (900).to_bytes(2, "big") + data[rows + 2 :])
    with pytest.raises(ValueError, match="cut short: its data end before the picture does"):
        read_image(path)


def test_a_jpeg_that_lost_a_colour_is_refused(tmp_path, photograph):
    data = in_three_scans([photograph[:64, :64]] * 3)
    path = tmp_path / "colours.jpg"
    path.write_bytes(data[: data.rindex(b"\xff\xda")] + b"\xff\xd9")
    with pytest.raises(ValueError, match="cut short: the data of some of its colours are missing"):
        read_image(path)


# --- SIFT ---------------------------------------------------------------------------------------


def test_sift_gives_keypoints_in_pixels_and_degrees(photograph):
    keypoints, descriptors = sift_features(photograph)
    height, width = photograph.shape
    assert list(keypoints.columns) == ["x", "y", "size", "angle", "response"]
    assert descriptors.shape == (len(keypoints), 128)
    assert len(keypoints) > 500
    assert keypoints["x"].between(0, width).all()
    assert keypoints["y"].between(0, height).all()
    assert keypoints["angle"].between(0, 360).all()
    assert keypoints["angle"].max() > 180
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 512, rtol=0.03)


def test_a_blob_is_found_where_it_is_and_at_its_scale():
    y, x = np.indices((96, 128))
    for sigma in (4.0, 8.0):
        blob = np.exp(-((x - 70) ** 2 + (y - 40) ** 2) / (2 * sigma**2))
        keypoints, _ = sift_features(blob)
        best = keypoints.loc[keypoints["response"].idxmax()]
        assert abs(best["x"] - 70) < 0.7
        assert abs(best["y"] - 40) < 0.7
        assert best["size"] == pytest.approx(2 * sigma, rel=0.25)


def test_the_angle_turns_clockwise_with_the_picture(photograph):
    patch = photograph[60:316, 200:456]
    before, what = sift_features(patch)
    after, same = sift_features(np.rot90(patch, -1).copy())  # a quarter turn clockwise
    matches = cv2.BFMatcher(crossCheck=True).match(what, same)
    near = [m for m in matches if m.distance < 100]
    assert len(near) > 100
    pairs = np.array([(m.queryIdx, m.trainIdx) for m in near])
    first, second = before.iloc[pairs[:, 0]], after.iloc[pairs[:, 1]]
    turn = (second["angle"].to_numpy() - first["angle"].to_numpy()) % 360
    assert np.mean(np.abs(turn - 90) < 3) > 0.9
    moved = np.hypot(
        second["x"].to_numpy() - (255 - first["y"].to_numpy()),
        second["y"].to_numpy() - first["x"].to_numpy(),
    )
    assert np.mean(moved < 1.5) > 0.9


def test_root_sift_is_the_square_root_of_a_distribution(photograph):
    plain, root = sift_features(photograph)[1], sift_features(photograph, root=True)[1]
    np.testing.assert_allclose(root**2, plain / plain.sum(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(root, axis=1), 1, atol=1e-5)


def test_settings_may_be_numbers_of_any_kind(photograph):
    hog = hog_features(photograph[:300], orientations=7, cells_per_block=2)
    same = hog_features(photograph[:300], orientations=np.uint64(7), cells_per_block=np.uint8(2))
    np.testing.assert_array_equal(same, hog)
    bag = BagOfVisualWords(4, step=np.uint8(200), random_state=0)  # 427 pixels are more than 255
    as_int = BagOfVisualWords(4, step=200, random_state=0)
    np.testing.assert_array_equal(
        bag.fit_transform([photograph] * 4), as_int.fit_transform([photograph] * 4)
    )
    found = sift_features(BLANK, contrast_threshold=Fraction(1, 25))[1]
    assert found.shape == (0, 128)


def test_a_blank_image_has_no_keypoints():
    for root in (False, True):
        keypoints, descriptors = sift_features(BLANK, root=root)
        assert len(keypoints) == 0
        assert descriptors.shape == (0, 128)


def test_n_features_keeps_the_strongest(photograph):
    strong, _ = sift_features(photograph, n_features=50)
    assert 50 <= len(strong) <= 60  # a place with two directions counts twice
    every, _ = sift_features(photograph)
    assert strong["response"].median() > every["response"].median()


# --- visual words -------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("step", [None, 12])
def test_counts_are_the_nearest_words(faces, root, step):
    bag = BagOfVisualWords(16, root=root, weighting="count", step=step, random_state=0)
    counts = bag.fit_transform(faces)
    np.testing.assert_array_equal(counts, bag.transform(faces))
    if step is None:
        descriptors = sift_features(faces[3], root=root)[1]
        distances = np.linalg.norm(descriptors[:, None] - bag.codebook_[None], axis=2)
        expected = np.bincount(distances.argmin(axis=1), minlength=16)
        np.testing.assert_array_equal(counts[3], expected)
    else:
        assert counts.sum(axis=1).max() <= 49  # 7 x 7 places


def test_weightings_agree_with_scikit_learn(faces):
    bag = BagOfVisualWords(16, weighting="count", random_state=0)
    counts = bag.fit_transform(faces[:8])
    tfidf = clone(bag).set_params(weighting="tfidf")
    np.testing.assert_allclose(
        tfidf.fit_transform(faces[:8]), TfidfTransformer().fit_transform(counts).toarray()
    )
    documents = (counts > 0).sum(axis=0)
    np.testing.assert_allclose(tfidf.idf_, np.log(9 / (1 + documents)) + 1)
    frequency = clone(bag).set_params(weighting="frequency").fit_transform(faces[:8])
    np.testing.assert_allclose(frequency, counts / counts.sum(axis=1, keepdims=True))


def test_the_codebook_comes_from_the_training_images_alone(faces):
    bag = BagOfVisualWords(16, random_state=0).fit(faces[:6])
    codebook, idf = bag.codebook_.copy(), bag.idf_.copy()
    bag.transform(faces[6:])
    np.testing.assert_array_equal(bag.codebook_, codebook)
    np.testing.assert_array_equal(bag.idf_, idf)
    again = BagOfVisualWords(16, random_state=0).fit(faces[:6])
    np.testing.assert_allclose(again.codebook_, codebook)


@pytest.mark.parametrize("weighting", ["tfidf", "frequency", "count"])
@pytest.mark.parametrize("step", [None, 12])
def test_a_blank_image_becomes_the_zero_row(faces, weighting, step):
    bag = BagOfVisualWords(8, weighting=weighting, step=step, random_state=0)
    rows = bag.fit_transform([*faces, BLANK])
    assert (rows[-1] == 0).all()
    assert (rows[:-1].sum(axis=1) > 0).all()
    assert (bag.transform([BLANK]) == 0).all()


def test_max_descriptors_limits_what_k_means_sees(faces):
    bag = BagOfVisualWords(8, max_descriptors=40, random_state=0)
    assert bag.fit_transform(faces).shape == (12, 8)


def test_too_few_descriptors_is_said_with_the_remedy():
    with pytest.raises(ValueError, match=r"have 0 descriptors.*step=8"):
        BagOfVisualWords(8).fit([BLANK, BLANK])


# --- HOG ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orientations", "cell", "block"), [(9, 8, 2), (8, 7, 3), (1, 16, 1), (12, 10, 2)]
)
def test_hog_equals_scikit_image(photograph, orientations, cell, block):
    for image in (photograph[:200, :133], photograph[100:196, 300:396]):
        ours = hog_features(
            image, orientations=orientations, pixels_per_cell=cell, cells_per_block=block
        )
        theirs = skimage.feature.hog(
            image,
            orientations=orientations,
            pixels_per_cell=(cell, cell),
            cells_per_block=(block, block),
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_one_cell_and_one_block_by_hand():
    image = np.zeros((16, 16), dtype=np.uint8)
    image[:, 8:] = 90  # one upright edge: the gradient points along x
    cells = hog_cells(image)
    # columns 7 and 8 see a difference of 90: in each of the 4 cells 8 pixels of 64
    np.testing.assert_allclose(cells[:, :, 0], np.full((2, 2), 90 * 8 / 64))
    assert (cells[:, :, 1:] == 0).all()
    # four equal numbers: 1/2 each, clipped to 0.2, and normalised to 1/2 again
    block = hog_features(image)
    np.testing.assert_allclose(np.sort(block)[-4:], 0.5, atol=1e-6)
    assert np.count_nonzero(block) == 4


@pytest.mark.parametrize(("degrees", "which"), [(10, 0), (50, 2), (90, 4), (130, 6), (170, 8)])
def test_bins_go_round_from_the_direction_of_x(degrees, which):
    y, x = np.indices((24, 24))
    ramp = 128 + 4 * (
        np.cos(np.radians(degrees)) * (x - 12) + np.sin(np.radians(degrees)) * (y - 12)
    )
    assert hog_cells(np.rint(ramp).astype(np.uint8))[1, 1].argmax() == which


@pytest.mark.skipif(not hasattr(cv2, "HOGDescriptor"), reason="this OpenCV has no HOGDescriptor")
def test_hog_resembles_opencv_which_shares_votes_between_bins(faces):
    opencv = cv2.HOGDescriptor((96, 96), (16, 16), (8, 8), (8, 8), 9)
    for face in faces[:4]:
        theirs = opencv.compute(face).reshape(11, 11, 2, 2, 9)
        theirs = theirs.transpose(1, 0, 3, 2, 4).ravel()  # OpenCV runs down the columns first
        ours = hog_features(face)
        assert np.corrcoef(ours, theirs)[0, 1] > 0.6
        others = [np.corrcoef(hog_features(f), theirs)[0, 1] for f in faces if f is not face]
        assert np.corrcoef(ours, theirs)[0, 1] > max(others)


def test_hog_does_not_see_light(photograph):
    patch = photograph[100:196, 300:396] // 2
    np.testing.assert_allclose(hog_features(patch), hog_features(patch + 60), atol=1e-9)
    np.testing.assert_allclose(hog_features(patch), hog_features(patch * 2), atol=1e-4)


def test_hog_of_a_blank_image_is_zero():
    assert (hog_features(BLANK) == 0).all()


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="smaller than one cell"):
        hog_cells(BLANK[:4])
    with pytest.raises(ValueError, match="does not fit"):
        hog_features(BLANK[:8])


# --- what all transformers share ----------------------------------------------------------------

EACH = pytest.mark.parametrize(
    "transformer",
    [BagOfVisualWords(8, random_state=0), HOGFeatures(), PixelFeatures()],
    ids=["words", "hog", "pixels"],
)


@EACH
def test_columns_of_every_kind_give_the_same_rows(transformer, faces, tmp_path):
    rows = clone(transformer).fit_transform(faces)
    assert rows.shape == (12, len(clone(transformer).fit(faces).get_feature_names_out()))
    paths = [write(tmp_path / f"{k}.png", face) for k, face in enumerate(faces)]
    frame = pd.DataFrame({"image": faces})
    for column in (frame["image"], frame[["image"]], np.stack(faces), paths, pd.Series(paths)):
        np.testing.assert_array_equal(clone(transformer).fit_transform(column), rows)


@EACH
def test_processes_give_the_same_rows(transformer, faces):
    one = clone(transformer).fit_transform(faces)
    two = clone(transformer).set_params(n_jobs=2).fit_transform(faces)
    np.testing.assert_allclose(one, two, atol=1e-9)


@EACH
def test_rows_do_not_depend_on_their_neighbours(transformer, faces):
    fitted = clone(transformer).fit(faces)
    np.testing.assert_allclose(fitted.transform(faces[4:5]), fitted.transform(faces)[4:5])


@EACH
def test_missing_and_bad_cells_are_named(transformer, faces):
    with pytest.raises(ValueError, match=r"1 of 3 images are missing \(rows 1\)"):
        clone(transformer).fit([faces[0], None, faces[1]])
    with pytest.raises(ValueError, match=r"image in row 1: .*NaN"):
        clone(transformer).fit([faces[0], np.full((96, 96), np.nan)])
    with pytest.raises(FileNotFoundError, match=r"image in row 0: .*gone\.png"):
        clone(transformer).fit(["gone.png"])
    with pytest.raises(ValueError, match="empty"):
        clone(transformer).fit([])
    with pytest.raises(TypeError, match="wrap it"):
        clone(transformer).fit("face.png")


@EACH
def test_pipelines_clone_and_set_output(transformer, faces):
    pipeline = make_pipeline(clone(transformer), StandardScaler())
    assert clone(pipeline).fit_transform(faces).shape[0] == 12
    frame = clone(transformer).set_output(transform="pandas").fit_transform(faces)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(clone(transformer).fit(faces).get_feature_names_out())


@pytest.mark.parametrize("make", [HOGFeatures, PixelFeatures])
def test_images_of_unequal_size_need_a_size(make):
    small = BLANK[:48, :48]
    with pytest.raises(ValueError, match="set size="):
        make(size=None).fit([BLANK, small])
    with pytest.raises(ValueError, match="images of fit"):
        make(size=None).fit([BLANK]).transform([small])
    assert make(size=64).fit_transform([BLANK, small]).shape[0] == 2


def test_pixels_standardised_or_not(faces):
    plain = PixelFeatures(size=96, standardise=False).fit_transform(faces)
    np.testing.assert_allclose(plain[2], faces[2].ravel() / 255)
    standard = PixelFeatures(size=24).fit_transform([*faces, BLANK])
    np.testing.assert_allclose(standard[:-1].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(standard[:-1].std(axis=1), 1)
    assert (standard[-1] == 0).all()


def test_a_stack_for_networks_keeps_brightness_and_place(faces):
    from mmtutor.image import ImageStack

    stack = ImageStack(size=(24, 32)).fit_transform(faces[:3])
    assert stack.shape == (3, 24, 32, 1)
    assert stack.dtype == np.float32
    np.testing.assert_allclose(stack[1, :, :, 0], read_image(faces[1], size=(24, 32)) / 255)
    with pytest.raises(ValueError, match="size is None"):
        ImageStack(size=None).fit(faces[:3])
    with pytest.raises(ValueError, match="row 1"):
        ImageStack(size=8).fit([faces[0], np.zeros((0, 3))])
