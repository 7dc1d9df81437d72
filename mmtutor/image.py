"""Images to features: reading, SIFT and bags of visual words, HOG, and plain pixels.

Conventions: an image is ``uint8``, grey ``(height, width)`` or RGB ``(height, width, 3)``; ``x``
runs to the right and ``y`` down, in pixels from the centre of the top left pixel; angles are in
degrees. A column of images is a list or Series whose cells are such arrays, file paths or Pillow
images. Pillow reads files, OpenCV resizes and finds SIFT; nothing here depends on a part that
OpenCV 5 dropped.

HOG, which scikit-image has, stands here all the same, as it is equal to it in the tests and faster
in benchmarks/features.md. At work use the libraries: each docstring names the call.
"""

from __future__ import annotations

import io
import re
import zlib
from abc import abstractmethod
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils import check_random_state

from mmtutor._column import CellTransformer
from mmtutor._ranges import FLAG, SEED, Range, check_ranges, number, one_of, or_none, whole
from mmtutor._rows import require_unmasked
from mmtutor._table import blame, existing_file

__all__ = [
    "BagOfVisualWords",
    "HOGFeatures",
    "ImageStack",
    "PixelFeatures",
    "hog_cells",
    "hog_features",
    "read_image",
    "sift_features",
]

Source = np.ndarray | str | Path | Image.Image
Size = int | tuple[int, int] | None

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF", "PPM")
MOST_BYTES = 2**30  # of a file
MOST_PIXELS = 30_000  # of a side
PIXELS = whole(1, MOST_PIXELS)


def _sides(size: Any) -> tuple[Any, ...]:
    return tuple(size) if isinstance(size, tuple | list) else (size, size)


SIZE: Range = (
    f"a number of pixels or (height, width), each from 1 to {MOST_PIXELS}",
    lambda v: len(_sides(v)) == 2 and all(map(PIXELS[1], _sides(v))),
)
RANGES: dict[str, Range] = {
    "size": or_none(SIZE),
    "grey": FLAG,
    "root": FLAG,
    "n_features": whole(0, 2**31 - 1),
    "contrast_threshold": number("[0, 1]"),
    "orientations": whole(1, 360),
    "pixels_per_cell": PIXELS,
    "cells_per_block": whole(),
    "n_words": whole(),
    "weighting": one_of("tfidf", "frequency", "count"),
    "step": or_none(PIXELS),
    "max_descriptors": whole(),
    "random_state": (
        f"{SEED[0]}, or a RandomState",
        lambda v: SEED[1](v) or isinstance(v, np.random.RandomState),
    ),
    "standardise": FLAG,
}

# --- reading ------------------------------------------------------------------------------------


def read_image(source: Source, *, size: Size = None, grey: bool = True) -> np.ndarray:
    """Return an image as `uint8`, whatever it was before.

    Parameters
    ----------
    source : ndarray, path or Pillow image
        A file (PNG, JPEG, TIFF, BMP, WebP, GIF, PPM), an image that Pillow has opened, or an array
        of shape (height, width), (height, width, 1), (height, width, 3) RGB or (height, width, 4)
        RGB with opacity. Arrays may be bool, `uint8`, `uint16` (0 to 65535), other integers from 0
        to 255, or floats from 0 to 1. What is transparent becomes white. An EXIF tag turns the
        image upright.
    size : int, (height, width) or None, default=None
        Size of the result in pixels; an int means a square. None keeps the size.
    grey : bool, default=True
        Whether to return brightness (0.299 R + 0.587 G + 0.114 B) instead of colour.

    Returns
    -------
    ndarray of shape (height, width) if `grey`, else (height, width, 3), uint8
        The image; colours in the order red, green, blue.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If the path does not lead to a file.
    ValueError
        If the file is not a readable image, ends too early, is a JPEG with a hole of zeros or a PNG
        whose checksums fail, has more than ``MOST_BYTES`` bytes (1 GiB, a limit of this module), or
        says that it has more than ``PIL.Image.MAX_IMAGE_PIXELS`` pixels (89 million), which is
        found out before they are read; if the array is empty, has another shape, holds NaN, or has
        values outside the range that its type promises; if `size` or `grey` is out of its range.
    TypeError
        If `source` is none of these.

    See Also
    --------
    PIL.Image.open : At work: followed by ``ImageOps.exif_transpose`` and ``convert("L")``.
    cv2.imread : At work: faster, but blue comes first, and a missing file gives None.

    Notes
    -----
    Taught in notebook 02. Not for more than 8 bits: what is finer is rounded. Whole numbers of more
    than 8 bits in a file or Pillow image go from 0 to 65535. A JPEG is decoded twice, as only so it
    is seen whether its data suffice; what is lost of a format without checksums may stay unseen.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.array([[0.0, 0.5], [0.5, 1.0]]))
    array([[  0, 128],
           [128, 255]], dtype=uint8)
    >>> read_image(np.zeros((48, 64, 3), dtype=np.uint8), size=(24, 32)).shape
    (24, 32)
    """
    check_ranges(RANGES, size=size, grey=grey)
    if isinstance(source, str | Path):
        image, where = _decode(existing_file(source, what="image")), f"{source}: "
    elif isinstance(source, Image.Image):
        with blame("cannot read the Pillow image: "):
            image, where = _pixels(source), ""
    elif isinstance(source, np.ndarray):
        require_unmasked("the image", source)
        image, where = np.asarray(source), ""  # a matrix is none
    else:
        raise TypeError(
            "an image is an array, a file path or a Pillow image, got "
            f"{type(source).__name__}; numpy.asarray makes an array of it"
        )
    image = _to_uint8(image, where)
    if image.ndim == 3 and image.shape[2] == 4:
        colour, opacity = image[:, :, :3].astype(np.uint16), image[:, :, 3:].astype(np.uint16)
        colour *= opacity  # in place, as a photograph may be large
        colour += 255 * (255 - opacity) + 127
        image = (colour // 255).astype(np.uint8)
    if grey and image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    elif not grey and image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    return image if size is None else _resize(image, *map(int, _sides(size)))


def _decode(path: Path) -> np.ndarray:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(
                f"its {path.stat().st_size} bytes are more than mmtutor.image.MOST_BYTES = "
                f"{MOST_BYTES}: shrink it, or raise the limit if you trust it"
            )
        # Given a path, Pillow 13 maps an uncompressed TIFF into memory before it is turned upright.
        with path.open("rb") as file, Image.open(file, formats=FORMATS) as picture:
            pixels = _pixels(picture)
            if picture.format in ("PNG", "JPEG", "MPO"):  # MPO: several JPEG, the first is read
                file.seek(0)
                content = file.read()
                if picture.format == "PNG":
                    _require_checksums(content)
                else:
                    picture.close()  # leaves its memory to the same picture once more
                    _require_whole(content, pixels)
            return pixels
    except Exception as error:  # Pillow raises whatever a broken file leads it to
        why = "it is none" if isinstance(error, UnidentifiedImageError) else repr(error)
        if isinstance(error, Image.DecompressionBombError):
            why += "; raise PIL.Image.MAX_IMAGE_PIXELS if you trust it"
        raise ValueError(
            f"cannot read {path} as an image ({why}); expected a whole file of type "
            f"{', '.join(FORMATS)}, so convert it or fetch it again"
        ) from error


def _require_checksums(png: bytes) -> None:
    """Refuse a PNG whose data are not what was written, of which Pillow makes some picture."""
    place, kind = 8, b""
    while place < len(png) and kind != b"IEND":
        end = place + 8 + int.from_bytes(png[place : place + 4])
        kind = png[place + 4 : place + 8]
        if kind == b"IDAT" and zlib.crc32(png[place + 4 : end]) != int.from_bytes(
            png[end : end + 4]
        ):
            raise ValueError(f"its data are damaged between byte {place + 8} and {end}")
        place = end + 4


MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")  # but for those amid the data, to restart from
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
HOLE = 256  # bytes of zeros; so many would be ten blocks of 8 x 8 pixels, all as noisy as can be
# To be decoded where data are missing; a piece after each mark, as one of them may be waited for.
NOISE = b"".join(bytes([*range(254, 0, -1)] * 2 + [0xFF, 0xD0 + k]) for k in range(8))


def _require_whole(jpeg: bytes, pixels: np.ndarray) -> None:
    """Refuse a JPEG whose data end too early: the decoder leaves grey what is missing, in silence.

    So it is decoded once more, with noise where the data end. What is whole stays as it was.
    """
    frame, end = _last_data(jpeg)
    if frame > 0xC8:  # arithmetic coding, which is rare, itself leaves out zeros at the end
        return
    filled = io.BytesIO(jpeg[:end].rstrip(b"\xff") + NOISE + b"\xff\xd9")
    with JpegImageFile(filled) as again:
        if not np.array_equal(_pixels(again), pixels):
            raise ValueError("it is cut short: its data end before the picture does")


def _last_data(jpeg: bytes) -> tuple[int, int]:
    """Return how a JPEG is coded, as the kind of its frame, and where its last scan's data end.

    Refuse a baseline JPEG with zeros amid its data, such as a download leaves that has gaps. Zeros
    are the first code of a table. Where that does not end a block, a run of them would fill whole
    blocks with the finest detail.
    """
    place = end = 2
    frame, missing, first_symbols = 0, set(), {}
    while (found := MARKER.search(jpeg, place)) and (kind := found[0][1]) != 0xD9:
        place = found.end() + max(2, int.from_bytes(jpeg[found.end() : found.end() + 2]))
        segment = jpeg[found.end() + 2 : place]
        if kind in FRAMES:
            frame, missing = kind, set(segment[6::3])
        while kind == 0xC4 and segment:
            size = 17 + sum(segment[1:17])
            first_symbols[segment[0]] = segment[17] if size > 17 else 0
            segment = segment[size:]
        if kind != 0xDA:
            continue
        after = MARKER.search(jpeg, place)
        end = after.start() if after else len(jpeg)
        missing -= set(segment[1:-3:2])  # colours
        tables = [16 + each % 16 for each in segment[2:-3:2]]  # of what follows a block's first
        noisy = any(first_symbols.get(table, 0) % 16 for table in tables)
        if frame in (0xC0, 0xC1) and noisy:  # in a progressive one, zeros may mean much
            hole = jpeg.find(bytes(HOLE), place, end)
            if hole >= 0:
                if jpeg[hole:end].strip(b"\0"):
                    raise ValueError(f"it has a hole: nothing but zeros from byte {hole} on")
                end = hole + HOLE  # what follows is padding, if the picture is whole
    if missing:
        raise ValueError("it is cut short: the data of some of its colours are missing")
    return frame, end


def _pixels(picture: Image.Image) -> np.ndarray:
    """Return what Pillow holds as an array: grey, RGB, or RGB with opacity."""
    size, limit = picture.width * picture.height, Image.MAX_IMAGE_PIXELS
    if limit is not None and size > limit:
        raise ValueError(
            f"its {picture.width} x {picture.height} pixels are more than "
            f"PIL.Image.MAX_IMAGE_PIXELS = {limit}; shrink it, or raise the limit if you trust it"
        )
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16 bits, which Pillow may hold in 32
        pixels = np.asarray(picture)
        fits = pixels.min() >= 0 and pixels.max() <= 65_535
        return pixels.astype(np.uint16) if fits else pixels
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("1", "L", "F", "RGB"):
        picture = picture.convert("RGB")
    return np.asarray(picture)


def _to_uint8(image: np.ndarray, where: str) -> np.ndarray:
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(
            "an image array must have shape (height, width), (height, width, 3) or "
            f"(height, width, 4), got {image.shape}"
        )
    if image.size == 0:
        raise ValueError(f"the image is empty: its shape is {image.shape}")
    kind, n_bytes = image.dtype.kind, image.dtype.itemsize
    if image.dtype == np.uint8:
        return image
    if kind == "b":
        return image.astype(np.uint8) * np.uint8(255)
    if kind == "u" and n_bytes == 2:
        return np.rint(image / 257.0).astype(np.uint8)
    if kind not in "iuf":
        raise ValueError(f"an image must hold numbers, got an array of type {image.dtype}")
    if kind == "f" and not np.isfinite(image).all():
        bad = int(np.count_nonzero(~np.isfinite(image)))
        raise ValueError(f"{where}{bad} pixels of the image are NaN or infinite; replace them")
    top = 1 if kind == "f" else 255
    low, high = image.min(), image.max()
    if low < -1e-6 or high > top + 1e-6:
        raise ValueError(
            f"{where}an image of type {image.dtype} must lie between 0 and {top}, but this one "
            f"goes from {low:.9g} to {high:.9g}; scale it, or convert it to uint8 if it lies "
            "between 0 and 255"
        )
    return np.clip(np.rint(image * (255.0 / top)), 0, 255).astype(np.uint8)


def _resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR  # area: the mean, so nothing aliases
    return cv2.resize(image, (width, height), interpolation=how)


# --- SIFT ---------------------------------------------------------------------------------------


def sift_features(
    image: Source, *, root: bool = False, n_features: int = 0, contrast_threshold: float = 0.04
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find SIFT keypoints and describe each by 128 numbers.

    A keypoint is an extremum, over position and scale, of the difference of two Gaussian blurs. It
    gets the dominant gradient direction around it as its angle. Its descriptor holds 4 x 4
    histograms of gradient direction, 8 bins each, in a frame turned by that angle and scaled by
    its size.

    Parameters
    ----------
    image : ndarray, path or Pillow image
        Anything `read_image` accepts.
    root : bool, default=False
        Whether to return RootSIFT: each descriptor divided by its sum, then the square root. The
        Euclidean distance between such descriptors is the Hellinger distance between histograms.
    n_features : int, default=0
        Keep so many of the strongest keypoints; 0 keeps all.
    contrast_threshold : float, default=0.04
        Keypoints of weaker contrast than this (relative to black to white) are dropped.

    Returns
    -------
    keypoints : DataFrame of shape (n_keypoints, n_columns)
        Columns "x", "y" (pixels), "size" (diameter in pixels), "angle" (degrees from 0 to 360,
        clockwise from the direction of x, as y runs down), "response" (contrast).
    descriptors : ndarray of shape (n_keypoints, 128), float32
        In the order of the keypoints: index 32 i + 8 j + k is row i, column j, direction k. A blank
        image has none: shape (0, 128).

    Raises
    ------
    ValueError, TypeError, OSError
        If the image cannot be read (see `read_image`), or a setting is out of its range.

    See Also
    --------
    cv2.SIFT.create : At work: its ``detectAndCompute`` is what runs here; the table of keypoints
        is what this function adds.

    Notes
    -----
    Taught in notebook 02. Not for smooth images, which have few keypoints or none: see
    `hog_features`.

    References
    ----------
    D. G. Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004.
    R. Arandjelovic and A. Zisserman, Three things everyone should know to improve object
    retrieval, CVPR 2012 (RootSIFT).

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((64, 64), dtype=np.uint8)
    >>> image[24:40, 24:40] = 255
    >>> keypoints, descriptors = sift_features(image)
    >>> list(keypoints.columns), descriptors.shape[1]
    (['x', 'y', 'size', 'angle', 'response'], 128)
    """
    check_ranges(RANGES, root=root, n_features=n_features, contrast_threshold=contrast_threshold)
    sift = cv2.SIFT.create(nfeatures=n_features, contrastThreshold=float(contrast_threshold))
    found, descriptors = sift.detectAndCompute(read_image(image), None)
    keypoints = pd.DataFrame(
        [(*point.pt, point.size, point.angle, point.response) for point in found],
        columns=["x", "y", "size", "angle", "response"],
        dtype=float,
    )
    return keypoints, _histograms(descriptors, root)


def _histograms(descriptors: np.ndarray | None, root: bool) -> np.ndarray:
    if descriptors is None:
        return np.zeros((0, 128), dtype=np.float32)
    if not root:
        return descriptors
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return np.sqrt(descriptors / total)


def _dense_sift(image: np.ndarray, step: int) -> np.ndarray:
    """SIFT descriptors of upright patches on a grid; patches without any gradient are left out."""
    height, width = image.shape
    diameter = step / 1.5  # OpenCV makes a descriptor cell 1.5 diameters wide
    places = [
        cv2.KeyPoint(float(x), float(y), diameter, 0.0)
        for y in range(step, height - step + 1, step)
        for x in range(step, width - step + 1, step)
    ]
    if not places:
        return np.zeros((0, 128), dtype=np.float32)
    descriptors = cv2.SIFT.create().compute(image, places)[1]
    return descriptors[descriptors.any(axis=1)]


# --- HOG ----------------------------------------------------------------------------------------


def hog_cells(image: Source, *, orientations: int = 9, pixels_per_cell: int = 8) -> np.ndarray:
    """Histogram the directions of the gradient in each square cell of an image.

    Parameters
    ----------
    image : ndarray, path or Pillow image
        Anything `read_image` accepts.
    orientations : int, default=9
        Number of bins between 0 and 180 degrees, 1 to 360: a direction and its opposite count as
        one.
    pixels_per_cell : int, default=8
        Side of a cell in pixels. Pixels left over at the right and lower edge are not used.

    Returns
    -------
    ndarray of shape (n_rows, n_columns, orientations)
        Mean over the cell's pixels of the gradient's length, in grey levels, sorted by direction;
        bin k goes from k to k + 1 times 180 / orientations degrees, where 0 is a gradient along x.

    Raises
    ------
    ValueError
        If the image is smaller than one cell, or a setting is out of its range.

    See Also
    --------
    hog_features : Takes out the contrast of the place; what classifiers use.

    Notes
    -----
    Taught in notebook 02. Not as features: a darker picture has smaller values.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (16, 1))  # brighter along x
    >>> int(hog_cells(ramp)[0, 1].argmax())
    0
    """
    check_ranges(RANGES, orientations=orientations, pixels_per_cell=pixels_per_cell)
    pixels, side = read_image(image).astype(float), int(pixels_per_cell)
    orientations = int(orientations)  # numbers of NumPy may overflow, or become floats
    rows, columns = np.array(pixels.shape) // side
    if rows == 0 or columns == 0:
        raise ValueError(
            f"the image has shape {pixels.shape}, smaller than one cell of {side} pixels; enlarge "
            "it (size=) or use smaller cells"
        )
    along_y, along_x = np.zeros_like(pixels), np.zeros_like(pixels)
    along_y[1:-1] = pixels[2:] - pixels[:-2]  # the outermost pixels have no gradient
    along_x[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    used = np.s_[: rows * side, : columns * side]
    length = np.hypot(along_x, along_y)[used]
    degrees = np.rad2deg(np.arctan2(along_y, along_x))[used] % 180.0

    which_bin = (degrees // (180.0 / orientations)).astype(int) % orientations
    i, j = np.indices(length.shape, sparse=True)
    flat = (i // side * columns + j // side) * orientations + which_bin
    shape = (rows, columns, orientations)
    total = np.bincount(flat.ravel(), weights=length.ravel(), minlength=int(np.prod(shape)))
    return total.reshape(shape) / side**2


def hog_features(
    image: Source, *, orientations: int = 9, pixels_per_cell: int = 8, cells_per_block: int = 2
) -> np.ndarray:
    """Compute the histogram of oriented gradients (HOG) of one image.

    The cells of `hog_cells` are grouped into overlapping square blocks. Each block is divided by
    its Euclidean norm, clipped at 0.2 and divided again ("L2-Hys"), which takes out the contrast
    of the place.

    Parameters
    ----------
    image : ndarray, path or Pillow image
        Anything `read_image` accepts.
    orientations, pixels_per_cell : int, default=9 and 8
        See `hog_cells`.
    cells_per_block : int, default=2
        Side of a block in cells; neighbouring blocks are one cell apart.

    Returns
    -------
    ndarray of shape (n_features,)
        Between 0 and 1, in the order block row, block column, cell row, cell column, orientation.
        All zero for a blank image. n_features is (rows - cells_per_block + 1) x (columns -
        cells_per_block + 1) x cells_per_block**2 x orientations.

    Raises
    ------
    ValueError
        If the image is smaller than one block, or a setting is out of its range.

    See Also
    --------
    skimage.feature.hog : At work: the same numbers.

    Notes
    -----
    Taught in notebook 02. The original paper also shares each pixel's vote between neighbouring
    bins and cells; OpenCV 4's ``HOGDescriptor`` does so too. Not for things that turn or move
    about in the image: every place has columns of its own.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of oriented gradients for human detection, CVPR 2005.

    Examples
    --------
    >>> import numpy as np
    >>> hog_features(np.eye(32, dtype=np.uint8) * 255).shape  # 3 x 3 blocks of 2 x 2 cells, 9 bins
    (324,)
    """
    check_ranges(RANGES, cells_per_block=cells_per_block)
    cells = hog_cells(image, orientations=orientations, pixels_per_cell=pixels_per_cell)
    side = int(cells_per_block)
    if min(cells.shape[:2]) < side:
        raise ValueError(
            f"a block of {side} x {side} cells does not fit into {cells.shape[0]} x "
            f"{cells.shape[1]} cells; enlarge the image (size=) or use smaller cells or blocks"
        )
    blocks = np.lib.stride_tricks.sliding_window_view(cells, (side, side), axis=(0, 1))
    blocks = blocks.transpose(0, 1, 3, 4, 2)  # block row, block column, cell row, column, bin
    within = (2, 3, 4)
    tiny = 1e-5  # keeps a blank block at zero
    blocks = blocks / np.sqrt((blocks**2).sum(axis=within, keepdims=True) + tiny**2)
    blocks = np.minimum(blocks, 0.2)
    blocks = blocks / np.sqrt((blocks**2).sum(axis=within, keepdims=True) + tiny**2)
    return blocks.ravel()


# --- transformers -------------------------------------------------------------------------------


class _ImageTransformer(CellTransformer):
    """Reads each image at one size; a subclass describes the grey image, in `_describe_image`."""

    _what = "images"
    _ranges = RANGES
    size: Size

    def _describe(self, cell: Any) -> np.ndarray:
        return self._describe_image(read_image(cell, size=self.size))

    @abstractmethod
    def _describe_image(self, image: np.ndarray) -> np.ndarray:
        """Return what a grey image holds as an array."""


class BagOfVisualWords(_ImageTransformer):
    """Describe an image by how often each visual word occurs in it.

    A visual word is a cluster of SIFT descriptors. `fit` finds the clusters (the codebook) by
    k-means on the descriptors of the training images only; `transform` gives each descriptor of an
    image to its nearest word and counts. So a varying number of descriptors becomes a row of fixed
    length, and the places of the descriptors are forgotten.

    Parameters
    ----------
    n_words : int, default=64
        Size of the codebook.
    root : bool, default=False
        Whether to use RootSIFT; see `sift_features`.
    weighting : {"tfidf", "frequency", "count"}, default="tfidf"
        "count" keeps the counts. "frequency" divides them by their sum. "tfidf" also weighs each
        word by the logarithm of how rare it is among the training images, and brings rows to unit
        length, exactly as for text.
    step : int or None, default=None
        None: descriptors at SIFT keypoints. A number: descriptors of upright patches on a grid of
        this spacing in pixels ("dense SIFT"); each of a patch's 4 x 4 cells is one step wide.
    size : int, (height, width) or None, default=None
        Resize every image first; None keeps their own sizes.
    max_descriptors : int, default=20000
        At most so many descriptors, drawn at random, go into k-means.
    n_jobs : int or None, default=None
        Number of processes for reading and SIFT; see `HOGFeatures`.
    random_state : int, RandomState or None, default=None
        Seed for the draw and for k-means.

    Attributes
    ----------
    codebook_ : ndarray of shape (n_words, 128)
        The visual words.
    idf_ : ndarray of shape (n_words,)
        Weight of each word, only with "tfidf".

    See Also
    --------
    cv2.SIFT.create, sklearn.cluster.MiniBatchKMeans : At work: the two parts.

    Notes
    -----
    Taught in notebook 02. An image without keypoints (a blank one) becomes the zero row. Not where
    the places matter, as in faces that are all upright and centred: see `HOGFeatures`.

    References
    ----------
    J. Sivic and A. Zisserman, Video Google, ICCV 2003. G. Csurka et al., Visual categorization
    with bags of keypoints, ECCV workshop 2004.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> images = [rng.integers(0, 255, (64, 64), dtype=np.uint8) for _ in range(4)]
    >>> bag = BagOfVisualWords(n_words=8, random_state=0)
    >>> bag.fit_transform(images).shape
    (4, 8)
    >>> float(bag.transform([np.zeros((64, 64), dtype=np.uint8)]).sum())
    0.0
    """

    def __init__(
        self,
        n_words: int = 64,
        *,
        root: bool = False,
        weighting: str = "tfidf",
        step: int | None = None,
        size: Size = None,
        max_descriptors: int = 20_000,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.n_words, self.root, self.weighting = n_words, root, weighting
        self.step, self.size, self.max_descriptors = step, size, max_descriptors
        self.n_jobs, self.random_state = n_jobs, random_state

    def _check(self) -> None:
        super()._check()
        if self.max_descriptors < self.n_words:
            raise ValueError(
                f"max_descriptors is {self.max_descriptors}; expected at least n_words = "
                f"{self.n_words}, as each word is made of some"
            )

    def _describe_image(self, image: np.ndarray) -> np.ndarray:
        if self.step is None:
            descriptors = cv2.SIFT.create().detectAndCompute(image, None)[1]
        else:
            descriptors = _dense_sift(image, int(self.step))
        return _histograms(descriptors, self.root)

    def _learn(self, described: list[np.ndarray]) -> None:
        pool = np.concatenate(described)
        if len(pool) < self.n_words:
            raise ValueError(
                f"the {len(described)} training images have {len(pool)} descriptors, too few for a "
                f"codebook of {self.n_words} words; lower n_words, enlarge the images (size=) or "
                "take descriptors on a grid (step=8)"
            )
        random = check_random_state(self.random_state)
        if len(pool) > self.max_descriptors:
            pool = pool[random.choice(len(pool), self.max_descriptors, replace=False)]
        self._clusters = KMeans(self.n_words, n_init=1, random_state=random).fit(pool)
        self.codebook_ = self._clusters.cluster_centers_
        if self.weighting == "tfidf":
            self._tfidf = TfidfTransformer().fit(self._count(described))
            self.idf_ = self._tfidf.idf_

    def _count(self, described: list[np.ndarray]) -> np.ndarray:
        counts = np.zeros((len(described), self.n_words))
        image = np.repeat(np.arange(len(described)), [len(each) for each in described])
        if len(image):
            np.add.at(counts, (image, self._clusters.predict(np.concatenate(described))), 1)
        return counts

    def _join(self, described: list[np.ndarray]) -> np.ndarray:
        counts = self._count(described)
        if self.weighting == "tfidf":
            return self._tfidf.transform(counts).toarray()
        if self.weighting == "frequency":
            return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        return counts

    def _names(self) -> list[str]:
        return [f"word{k}" for k in range(self.n_words)]


class _FixedLength(_ImageTransformer):
    """One row of numbers an image, as long as those of the training images."""

    _prefix: str

    def _join(self, described: list[np.ndarray]) -> np.ndarray:
        lengths = sorted({len(vector) for vector in described})
        if len(lengths) > 1:
            raise ValueError(
                "the images differ in size and would give rows of "
                f"{', '.join(map(str, lengths))} features; set size= to bring them to one size"
            )
        if lengths[0] != self.n_features_out_:
            raise ValueError(
                f"these images give {lengths[0]} features, but the images of fit gave "
                f"{self.n_features_out_}; set size= to bring them to one size"
            )
        return np.stack(described)

    def _names(self) -> list[str]:
        return [f"{self._prefix}{k}" for k in range(self.n_features_out_)]


class HOGFeatures(_FixedLength):
    """Histogram of oriented gradients of each image of a column.

    Parameters
    ----------
    size : int, (height, width) or None, default=96
        Resize every image first, in pixels, so that all rows have the same length; None requires
        that they are of one size already.
    orientations, pixels_per_cell, cells_per_block : int, default=9, 8 and 2
        See `hog_features`.
    n_jobs : int or None, default=None
        Number of processes; starting them takes some seconds, once. From then on they pay for some
        hundred images, and fewer are done without them.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row.

    See Also
    --------
    skimage.feature.hog : At work: the row of one image.

    Notes
    -----
    Taught in notebook 02. A blank image becomes the zero row. With ``size=None``, images that
    differ in size are an error. Not for things that turn or move about: see `BagOfVisualWords`.

    Examples
    --------
    >>> import numpy as np
    >>> images = [np.eye(40, dtype=np.uint8) * 255, np.zeros((30, 50), dtype=np.uint8)]
    >>> HOGFeatures(size=32).fit_transform(images).shape
    (2, 324)
    """

    _prefix = "hog"

    def __init__(
        self,
        *,
        size: Size = 96,
        orientations: int = 9,
        pixels_per_cell: int = 8,
        cells_per_block: int = 2,
        n_jobs: int | None = None,
    ):
        self.size, self.n_jobs = size, n_jobs
        self.orientations = orientations
        self.pixels_per_cell, self.cells_per_block = pixels_per_cell, cells_per_block

    def _describe_image(self, image: np.ndarray) -> np.ndarray:
        return hog_features(
            image,
            orientations=self.orientations,
            pixels_per_cell=self.pixels_per_cell,
            cells_per_block=self.cells_per_block,
        )


class PixelFeatures(_FixedLength):
    """The pixels themselves: each image resized and laid out as one row, as eigenfaces need.

    Parameters
    ----------
    size : int, (height, width) or None, default=32
        Resize every image first, in pixels; None requires that they are of one size already.
    standardise : bool, default=True
        Whether to bring each image to mean 0 and standard deviation 1, which takes out brightness
        and contrast. Otherwise the values go from 0 to 1.
    n_jobs : int or None, default=None
        Number of processes; see `HOGFeatures`.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row.

    See Also
    --------
    sklearn.decomposition.PCA : Put after this transformer, it finds eigenfaces.

    Notes
    -----
    Taught in notebook 02. A blank image becomes the zero row when standardised. Not where light,
    place or pose vary: a shift by a few pixels changes every number.

    References
    ----------
    M. Turk and A. Pentland, Eigenfaces for recognition, Journal of Cognitive Neuroscience 1991.

    Examples
    --------
    >>> import numpy as np
    >>> PixelFeatures(size=2).fit_transform([np.eye(2, dtype=np.uint8) * 255])
    array([[ 1., -1., -1.,  1.]])
    """

    _prefix = "pixel"

    def __init__(self, *, size: Size = 32, standardise: bool = True, n_jobs: int | None = None):
        self.size = size
        self.standardise = standardise
        self.n_jobs = n_jobs

    def _describe_image(self, image: np.ndarray) -> np.ndarray:
        pixels = image.ravel() / 255.0
        if not self.standardise:
            return pixels
        pixels = pixels - pixels.mean()
        deviation = pixels.std()
        return pixels / deviation if deviation > 1e-12 else np.zeros_like(pixels)


class ImageStack(_ImageTransformer):
    """The images as one array of brightness, height by width by channel, as networks read them.

    Parameters
    ----------
    size : int or (height, width), default=32
        Resize every image first, in pixels.
    n_jobs : int or None, default=None
        Number of processes; see `HOGFeatures`.

    See Also
    --------
    PixelFeatures : One row an image, for classifiers.

    Notes
    -----
    Taught in notebook 08. The result has shape (n_samples, height, width, 1), float32, from 0 to 1.
    Not for scikit-learn's classifiers, which take rows.

    Examples
    --------
    >>> import numpy as np
    >>> ImageStack(size=28).fit_transform([np.zeros((96, 96), dtype=np.uint8)] * 3).shape
    (3, 28, 28, 1)
    """

    def __init__(self, *, size: int | tuple[int, int] = 32, n_jobs: int | None = None):
        self.size = size
        self.n_jobs = n_jobs

    def _check(self) -> None:
        if self.size is None:
            raise ValueError("size is None; networks need images of one size, for example size=32")
        super()._check()

    def _describe_image(self, image: np.ndarray) -> np.ndarray:
        return image[:, :, np.newaxis].astype(np.float32) / 255

    def _names(self) -> list[str]:
        return ["brightness"]
