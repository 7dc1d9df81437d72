"""Images to features: reading, SIFT and bags of visual words, HOG, and plain pixels.

Conventions: an image is ``uint8``, grey ``(height, width)`` or RGB ``(height, width, 3)``; ``x``
runs to the right and ``y`` down, in pixels from the centre of the top left pixel; angles are in
degrees. A column of images is a list or Series whose cells are such arrays or file paths. Nothing
here depends on a part that OpenCV 5 dropped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from mmtutor._table import TakesColumn, each_cell

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

Size = int | tuple[int, int] | None

# --- reading ------------------------------------------------------------------------------------


def read_image(
    source: np.ndarray | str | Path, *, size: Size = None, grey: bool = True
) -> np.ndarray:
    """Return an image as `uint8`, whatever it was before.

    Parameters
    ----------
    source : ndarray or path
        A file (PNG, JPEG, TIFF, BMP, WebP), or an array of shape (height, width),
        (height, width, 1), (height, width, 3) RGB or (height, width, 4) RGB with opacity. Arrays
        may be bool, `uint8`, `uint16` (0 to 65535), other integers from 0 to 255, or floats from
        0 to 1. What is transparent becomes white. A photograph is turned upright by its EXIF tag.
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
        If the file is not a readable image or ends too early, or if the array is empty, has
        another shape, holds NaN, or has values outside the range that its type promises.
    TypeError
        If `source` is neither an array nor a path.

    Notes
    -----
    Taught in notebook 02.

    Examples
    --------
    >>> import numpy as np
    >>> read_image(np.array([[0.0, 0.5], [0.5, 1.0]]))
    array([[  0, 128],
           [128, 255]], dtype=uint8)
    >>> read_image(np.zeros((48, 64, 3), dtype=np.uint8), size=(24, 32)).shape
    (24, 32)
    """
    if isinstance(source, str | Path):
        image = _decode(Path(source))
    elif isinstance(source, np.ndarray):
        image = source
    else:
        raise TypeError(
            f"an image is an array or a file path, got {type(source).__name__}"
            + ("; wrap it in numpy.asarray" if hasattr(source, "__array__") else "")
        )
    image = _to_uint8(image)
    if image.ndim == 3 and image.shape[2] == 4:
        opacity = image[:, :, 3:] / 255.0
        image = np.rint(image[:, :, :3] * opacity + 255.0 * (1.0 - opacity)).astype(np.uint8)
    if grey and image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    elif not grey and image.ndim == 2:
        image = np.repeat(image[:, :, None], 3, axis=2)
    return image if size is None else _resize(image, size)


def _decode(path: Path) -> np.ndarray:
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not an image file")
    if not path.is_file():
        raise FileNotFoundError(f"there is no image file {path}")
    # cv2.imread cannot open paths with other than ASCII letters on Windows; reading the bytes can.
    data = np.fromfile(path, dtype=np.uint8)
    start, tail = data[:8].tobytes(), data[-65536:].tobytes()
    jpeg, png = start.startswith(b"\xff\xd8"), start.startswith(b"\x89PNG")
    # OpenCV fills the missing part of a truncated file with grey and says nothing.
    truncated = (jpeg and b"\xff\xd9" not in tail) or (png and b"IEND" not in tail)
    image = None
    if data.size and not truncated:
        # IMREAD_COLOR obeys the EXIF orientation, IMREAD_UNCHANGED keeps opacity and 16 bits.
        with contextlib.suppress(cv2.error):
            image = cv2.imdecode(data, cv2.IMREAD_COLOR if jpeg else cv2.IMREAD_UNCHANGED)
    if image is None:
        why = "it is empty" if not data.size else "it ends too early" if truncated else "no image"
        raise ValueError(
            f"cannot read {path} as an image ({why}); expected PNG, JPEG, TIFF, BMP or WebP, "
            "so convert it or fetch it again"
        )
    if image.ndim == 3:
        order = [2, 1, 0, 3][: image.shape[2]]  # OpenCV keeps blue first
        image = np.ascontiguousarray(image[:, :, order])
    return image


def _to_uint8(image: np.ndarray) -> np.ndarray:
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(
            "an image array must have shape (height, width), (height, width, 3) or "
            f"(height, width, 4), got {image.shape}"
        )
    if image.size == 0:
        raise ValueError(f"the image is empty: its shape is {image.shape}")
    kind = image.dtype.kind
    if image.dtype == np.uint8:
        return image
    if kind == "b":
        return image.astype(np.uint8) * np.uint8(255)
    if image.dtype == np.uint16:
        return np.rint(image / 257.0).astype(np.uint8)
    if kind not in "iuf":
        raise ValueError(f"an image must hold numbers, got an array of type {image.dtype}")
    if kind == "f" and not np.isfinite(image).all():
        bad = int(np.count_nonzero(~np.isfinite(image)))
        raise ValueError(f"{bad} pixels of the image are NaN or infinite; replace them first")
    top = 1 if kind == "f" else 255
    low, high = image.min(), image.max()
    if low < -1e-6 or high > top + 1e-6:
        raise ValueError(
            f"an image of type {image.dtype} must lie between 0 and {top}, but this one goes from "
            f"{low:g} to {high:g}; scale it, or convert it to uint8 if it lies between 0 and 255"
        )
    return np.clip(np.rint(image * (255.0 / top)), 0, 255).astype(np.uint8)


def _resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    height, width = (size, size) if isinstance(size, int | np.integer) else size
    if height < 1 or width < 1:
        raise ValueError(f"size must be at least 1 pixel each way, got {size}")
    if image.shape[:2] == (height, width):
        return image
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR  # area: the mean, so nothing aliases
    return cv2.resize(image, (int(width), int(height)), interpolation=how)


# --- SIFT ---------------------------------------------------------------------------------------


def sift_features(
    image: np.ndarray | str | Path,
    *,
    root: bool = False,
    n_features: int = 0,
    contrast_threshold: float = 0.04,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Find SIFT keypoints and describe each by 128 numbers.

    A keypoint is an extremum, over position and scale, of the difference of two Gaussian blurs. It
    gets the dominant gradient direction around it as its angle. Its descriptor holds 4 x 4
    histograms of gradient direction, 8 bins each, in a frame turned by that angle and scaled by
    its size.

    Parameters
    ----------
    image : ndarray or path
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
    keypoints : DataFrame with n_keypoints rows
        Columns "x", "y" (pixels), "size" (diameter in pixels), "angle" (degrees from 0 to 360,
        clockwise from the direction of x, as y runs down), "response" (contrast).
    descriptors : ndarray of shape (n_keypoints, 128), float32
        In the order of the keypoints: index 32 i + 8 j + k is row i, column j, direction k. A blank
        image has none: shape (0, 128).

    Raises
    ------
    ValueError
        If the image cannot be read; see `read_image`.

    Notes
    -----
    Taught in notebook 02.

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
    sift = cv2.SIFT_create(nfeatures=n_features, contrastThreshold=contrast_threshold)
    found, descriptors = sift.detectAndCompute(read_image(image), None)
    keypoints = pd.DataFrame(
        np.array(
            [(p.pt[0], p.pt[1], p.size, p.angle, p.response) for p in found], dtype=float
        ).reshape(-1, 5),
        columns=["x", "y", "size", "angle", "response"],
    )
    if descriptors is None:
        descriptors = np.zeros((0, 128), dtype=np.float32)
    return keypoints, _root(descriptors) if root else descriptors


def _root(descriptors: np.ndarray) -> np.ndarray:
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
    descriptors = cv2.SIFT_create().compute(image, places)[1]
    return descriptors[descriptors.any(axis=1)]


# --- HOG ----------------------------------------------------------------------------------------


def hog_cells(
    image: np.ndarray | str | Path, *, orientations: int = 9, pixels_per_cell: int = 8
) -> np.ndarray:
    """Histogram the directions of the gradient in each square cell of an image.

    Parameters
    ----------
    image : ndarray or path
        Anything `read_image` accepts.
    orientations : int, default=9
        Number of bins between 0 and 180 degrees: a direction and its opposite count as one.
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
        If the image is smaller than one cell, or a setting is below 1.

    Notes
    -----
    Taught in notebook 02.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (16, 1))  # brighter along x
    >>> int(hog_cells(ramp)[0, 1].argmax())
    0
    """
    if orientations < 1 or pixels_per_cell < 1:
        raise ValueError(
            f"orientations and pixels_per_cell must be at least 1, got {orientations} and "
            f"{pixels_per_cell}"
        )
    pixels = read_image(image).astype(float)
    rows, columns = np.array(pixels.shape) // pixels_per_cell
    if rows == 0 or columns == 0:
        raise ValueError(
            f"the image has shape {pixels.shape}, smaller than one cell of {pixels_per_cell} "
            "pixels; enlarge it (size=) or use smaller cells"
        )
    along_y, along_x = np.zeros_like(pixels), np.zeros_like(pixels)
    along_y[1:-1] = pixels[2:] - pixels[:-2]  # the outermost pixels have no gradient
    along_x[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    length = np.hypot(along_x, along_y)
    degrees = np.rad2deg(np.arctan2(along_y, along_x)) % 180.0

    side = pixels_per_cell
    used = np.s_[: rows * side, : columns * side]
    length, degrees = length[used], degrees[used]
    which_bin = (degrees // (180.0 / orientations)).astype(int) % orientations
    i, j = np.indices(length.shape) // side
    flat = (i * columns + j) * orientations + which_bin
    shape = (rows, columns, orientations)
    total = np.bincount(flat.ravel(), weights=length.ravel(), minlength=int(np.prod(shape)))
    return total.reshape(shape) / side**2


def hog_features(
    image: np.ndarray | str | Path,
    *,
    orientations: int = 9,
    pixels_per_cell: int = 8,
    cells_per_block: int = 2,
) -> np.ndarray:
    """Compute the histogram of oriented gradients (HOG) of one image.

    The cells of `hog_cells` are grouped into overlapping square blocks. Each block is divided by
    its Euclidean norm, clipped at 0.2 and divided again ("L2-Hys"), which takes out the contrast
    of the place.

    Parameters
    ----------
    image : ndarray or path
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
        If the image is smaller than one block.

    Notes
    -----
    Taught in notebook 02. Agrees with ``skimage.feature.hog``. The original paper also shares each
    pixel's vote between neighbouring bins and cells; OpenCV 4's ``HOGDescriptor`` does so too.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of oriented gradients for human detection, CVPR 2005.

    Examples
    --------
    >>> import numpy as np
    >>> hog_features(np.eye(32, dtype=np.uint8) * 255).shape  # 3 x 3 blocks of 2 x 2 cells, 9 bins
    (324,)
    """
    cells = hog_cells(image, orientations=orientations, pixels_per_cell=pixels_per_cell)
    side = cells_per_block
    if side < 1 or min(cells.shape[:2]) < side:
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


class _ImageTransformer(TakesColumn, TransformerMixin, BaseEstimator):
    """What the transformers share: reading a column, image by image, in `n_jobs` threads."""

    size: Size
    n_jobs: int | None

    def _each(self, X: Any, function: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
        """Apply `function` to every grey image of the column; say which row fails."""

        def work(cell: Any) -> np.ndarray:
            return function(read_image(cell, size=self.size))

        return each_cell(X, work, what="images", n_jobs=self.n_jobs)


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
        k-means sees at most so many descriptors, drawn at random.
    n_jobs : int or None, default=None
        Number of threads for reading and SIFT.
    random_state : int, RandomState or None, default=None
        Seed for the draw and for k-means.

    Attributes
    ----------
    codebook_ : ndarray of shape (n_words, 128)
        The visual words.
    idf_ : ndarray of shape (n_words,)
        Weight of each word, only with "tfidf".

    Raises
    ------
    ValueError
        In `fit`, if the training images have fewer descriptors than `n_words`.

    Notes
    -----
    Taught in notebook 02. An image without keypoints (a blank one) becomes the zero row.

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
        self.n_words = n_words
        self.root = root
        self.weighting = weighting
        self.step = step
        self.size = size
        self.max_descriptors = max_descriptors
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _describe(self, image: np.ndarray) -> np.ndarray:
        if self.step is None:
            return sift_features(image, root=self.root)[1]
        descriptors = _dense_sift(image, self.step)
        return _root(descriptors) if self.root else descriptors

    def fit(self, X: Any, y: Any = None) -> BagOfVisualWords:
        """Build the codebook from the column of training images `X`; `y` is not used."""
        self._fit_counts(X)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Build the codebook and return the rows of the training images, finding SIFT only once.

        Returns
        -------
        ndarray of shape (n_samples, n_words)
        """
        return self._weigh(self._fit_counts(X))

    def transform(self, X: Any) -> np.ndarray:
        """Count the visual words of each image of the column `X`.

        Returns
        -------
        ndarray of shape (n_samples, n_words)
        """
        check_is_fitted(self)
        return self._weigh(self._count(self._each(X, self._describe)))

    def _fit_counts(self, X: Any) -> np.ndarray:
        if self.weighting not in ("tfidf", "frequency", "count"):
            raise ValueError(
                f"weighting must be 'tfidf', 'frequency' or 'count', got {self.weighting!r}"
            )
        described = self._each(X, self._describe)
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
        clusters = KMeans(self.n_words, n_init=1, random_state=random).fit(pool)
        self.codebook_ = clusters.cluster_centers_
        counts = self._count(described)
        if self.weighting == "tfidf":
            self._tfidf = TfidfTransformer().fit(counts)
            self.idf_ = self._tfidf.idf_
        return counts

    def _count(self, described: list[np.ndarray]) -> np.ndarray:
        half_square = 0.5 * (self.codebook_**2).sum(axis=1)
        counts = np.zeros((len(described), self.n_words))
        for row, descriptors in enumerate(described):
            # |d - w|^2 / 2 = |d|^2 / 2 - d.w + |w|^2 / 2, and |d|^2 is the same for every word.
            nearest = (half_square - descriptors @ self.codebook_.T).argmin(axis=1)
            counts[row] = np.bincount(nearest, minlength=self.n_words)
        return counts

    def _weigh(self, counts: np.ndarray) -> np.ndarray:
        if self.weighting == "tfidf":
            return self._tfidf.transform(counts).toarray()
        if self.weighting == "frequency":
            return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        return counts

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return "word0", "word1", ...: ndarray of shape (n_words,)."""
        check_is_fitted(self)
        return np.array([f"word{k}" for k in range(self.n_words)], dtype=object)


class _FixedLength(_ImageTransformer):
    """A transformer whose row is one function, `_describe`, of one image; nothing is learned."""

    _prefix: str
    _describe: Callable[[np.ndarray], np.ndarray]

    def fit(self, X: Any, y: Any = None):
        """Learn only the length of a row from the column `X`; `y` is not used."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Return the rows of the column `X`: ndarray of shape (n_samples, n_features_out_)."""
        self.__dict__.pop("n_features_out_", None)
        rows = self._stack(self._each(X, self._describe))
        self.n_features_out_ = rows.shape[1]
        return rows

    def transform(self, X: Any) -> np.ndarray:
        """Return the rows of the column `X`: ndarray of shape (n_samples, n_features_out_)."""
        check_is_fitted(self)
        return self._stack(self._each(X, self._describe))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return a prefix and a number for each column: ndarray of shape (n_features_out_,)."""
        check_is_fitted(self)
        return np.array([f"{self._prefix}{k}" for k in range(self.n_features_out_)], dtype=object)

    def _stack(self, vectors: list[np.ndarray]) -> np.ndarray:
        lengths = sorted({len(vector) for vector in vectors})
        if len(lengths) > 1:
            raise ValueError(
                "the images differ in size and would give rows of "
                f"{', '.join(map(str, lengths))} features; set size= to bring them to one size"
            )
        wanted = getattr(self, "n_features_out_", lengths[0])
        if lengths[0] != wanted:
            raise ValueError(
                f"these images give {lengths[0]} features, but the images of fit gave {wanted}; "
                "set size= to bring them to one size"
            )
        return np.stack(vectors)


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
        Number of threads.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row.

    Raises
    ------
    ValueError
        If images differ in size and `size` is None, or an image is smaller than one block.

    Notes
    -----
    Taught in notebook 02. A blank image becomes the zero row.

    References
    ----------
    N. Dalal and B. Triggs, Histograms of oriented gradients for human detection, CVPR 2005.

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
        self.size = size
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.n_jobs = n_jobs

    def _describe(self, image: np.ndarray) -> np.ndarray:
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
        Number of threads.

    Attributes
    ----------
    n_features_out_ : int
        Length of a row.

    Raises
    ------
    ValueError
        If images differ in size and `size` is None.

    Notes
    -----
    Taught in notebook 02. Followed by ``sklearn.decomposition.PCA`` this gives eigenfaces. A blank
    image becomes the zero row when standardised.

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

    def _describe(self, image: np.ndarray) -> np.ndarray:
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
        Number of threads.

    Raises
    ------
    ValueError
        If a cell is missing or cannot be read (the message names the row).

    Notes
    -----
    Taught in notebook 08.

    Examples
    --------
    >>> import numpy as np
    >>> ImageStack(size=28).fit_transform([np.zeros((96, 96), dtype=np.uint8)] * 3).shape
    (3, 28, 28, 1)
    """

    def __init__(self, *, size: int | tuple[int, int] = 32, n_jobs: int | None = None):
        self.size = size
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> ImageStack:
        """Check that the column `X` can be read; nothing is learned, `y` is not used."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> np.ndarray:
        """Return float32 in [0, 1], shape (n_samples, height, width, 1)."""
        if self.size is None:
            raise ValueError("size is None; networks need images of one size, for example size=32")
        self.fitted_ = True
        return self.transform(X)

    def transform(self, X: Any) -> np.ndarray:
        """Return float32 in [0, 1], shape (n_samples, height, width, 1)."""
        check_is_fitted(self)
        images = self._each(X, lambda image: image)
        return np.stack(images)[..., np.newaxis].astype(np.float32) / 255
