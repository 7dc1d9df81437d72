"""Explaining a prediction: which modality decided, and within it which word, patch or tone.

Conventions
-----------
- What is explained is one class, the *target*: its probability or its log-odds,
  ``log(p / (1 - p))``, in nats. By default it is the class that the model predicts.
- An explanation compares predictions: with a part and without it. Nothing is fitted, and no model
  is looked into; whatever has ``predict_proba`` can be explained.
- A modality is removed by hiding its cell (None), which the model must accept. A word is left out,
  a patch is painted over, a tile of sound is flattened (:class:`Words`, :class:`Patches`,
  :class:`TimeFrequency`). These say how a cell is cut into parts, and have two methods:
  ``split(cell)`` names the parts, ``remove(cell, gone)`` returns the cell without some of them.
- Numbers speak of the model, not of the world: a modality that the model does not use gets 0,
  however much it knows.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from numbers import Real
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.signal import istft, stft
from scipy.special import logit

from mmtutor._ranges import FINITE, check_ranges, number, one_of, whole
from mmtutor._rows import as_labels, floats, require_unmasked
from mmtutor._table import WORD, as_table, blame, column_of, hide, is_missing, select

__all__ = [
    "Patches",
    "TimeFrequency",
    "Words",
    "deletion_curve",
    "modality_shares",
    "occlusion",
    "shapley",
]

MOST_PLAYERS = 20  # a million coalitions
SCALE = {"scale": one_of("probability", "log_odds")}
PATCHES = {"size": whole(1, 10_000), "fill": one_of("mean", "blur")}
TILES = {
    "sample_rate": number("[125, 400000]", "a number of Hz from 125 to 400000"),
    "seconds": number("(0, 1e9]", "a number of seconds above 0"),
    "fill": one_of("mean", "silence"),
}
TINY = 1e-9  # how near to 0 and 1 a probability may come before its log-odds are taken

Player = TypeVar("Player", bound=Hashable)


# --- which modality ------------------------------------------------------------------------------


def shapley(
    value: Callable[[tuple[Player, ...]], Any], players: Iterable[Player]
) -> dict[Player, Any]:
    """Share out what players earn together: exact Shapley values (沙普利值).

    ``share(i) = sum over S without i of (value(S + i) - value(S)) / (n * C(n - 1, |S|))``

    This is what player i adds, averaged over all orders in which n players can come in.

    Parameters
    ----------
    value : callable
        ``value(present)`` says what some players earn without the others: a number, or an array,
        such as one number a row of a table. `present` is a tuple in the order of `players`; the
        empty one comes, too. It is called once for each of the ``2 ** n`` sets.
    players : iterable of hashable
        Their names, 1 to 20.

    Returns
    -------
    dict
        The share of each player, of the form that `value` returns. Shares sum to
        ``value(players) - value(())``.

    Raises
    ------
    ValueError
        If there is no player, one comes twice, there are more than 20, or a value is not finite or
        of another shape than others.

    See Also
    --------
    modality_shares : The game whose players are the modalities of a table.
    shap.ExactExplainer : Of a model whose features are masked, one row at a time.
    shap.PermutationExplainer : For many players, by drawing orders at random.

    Notes
    -----
    It is the one way of sharing that is *efficient* (nothing is left over), *symmetric* (who adds
    the same gets the same), *linear* (the shares of a sum of games are sums), and gives nothing to
    a *null player*, who adds nothing to any set [1]_.

    Taught in notebook 13. Not for many players: twenty need a million values.

    References
    ----------
    .. [1] L. S. Shapley. "A value for n-person games." Contributions to the Theory of Games II,
       307-317, 1953.

    Examples
    --------
    Two gloves make a pair; there are one left and two right ones.

    >>> def pairs(present):
    ...     return float("left" in present and len(present) > 1)
    >>> {name: round(share, 3) for name, share in shapley(pairs, ["left", "r1", "r2"]).items()}
    {'left': 0.667, 'r1': 0.167, 'r2': 0.167}
    """
    if not callable(value) or not isinstance(players, Iterable):
        raise TypeError(
            f"value must be a function and players names, got {value!r:.60} and {players!r:.60}"
        )
    players = tuple(players)
    n = len(players)
    if not all(isinstance(player, Hashable) and not is_missing(player) for player in players):
        raise TypeError(f"players must be names, such as texts or numbers; got {players!r:.60}")
    if n == 0 or len(set(players)) < n:
        raise ValueError(f"players must be one or more names, each once; got {list(players)}")
    if n > MOST_PLAYERS:
        raise ValueError(
            f"{n} players form 2 ** {n} sets; at most {MOST_PLAYERS} are played out. Join players, "
            "or draw orders at random (shap.PermutationExplainer)"
        )
    sets = [S for size in range(n + 1) for S in combinations(players, size)]
    worth = {S: _number(f"the value of {S}", value(S)) for S in sets}
    shapes = {np.shape(values): S for S, values in worth.items() if np.ndim(values)}
    if len(shapes) > 1:
        raise ValueError(f"values have several shapes: {', '.join(map(str, shapes))}")
    share: dict[Player, Any] = dict.fromkeys(players, 0.0)
    for S in worth:
        for player in S:
            rest = tuple(other for other in S if other != player)
            share[player] = share[player] + (worth[S] - worth[rest]) / (n * comb(n - 1, len(rest)))
    for player, earned in share.items():
        if not np.isfinite(np.asarray(earned)).all():
            raise ValueError(f"the share of {player!r} is not finite: values differ by too much")
    return share


def _number(what: str, value: Any) -> Any:
    """Return a value, of the form it has, whose differences neither wrap around nor are refused."""
    plain = floats(what, value)
    if not np.isfinite(plain).all():
        raise ValueError(f"{what} is not finite: {value!r:.60}")
    return (value if isinstance(value, Real) or hasattr(value, "__array__") else plain) * 1.0


def modality_shares(
    model: Any,
    X: Any,
    modalities: Iterable[str] | Mapping[str, Any] | None = None,
    *,
    target: Any = None,
    scale: str = "probability",
) -> pd.DataFrame:
    """Share out each prediction among the modalities, by their Shapley values.

    Parameters
    ----------
    model : fitted classifier
        Anything with ``predict_proba`` and ``classes_`` that accepts missing cells:
        :class:`mmtutor.fusion.DecisionFusion`, a pipeline that starts with
        :class:`mmtutor.fusion.FeatureFusion` or a :class:`mmtutor.deep.MultimodalAutoencoder`,
        :class:`mmtutor.deep.CNNRNNClassifier`.
    X : DataFrame of shape (n_samples, n_columns)
        The samples to explain; cells may be missing, and get 0.
    modalities : iterable of str, mapping of str to columns, or None, default=None
        The columns that are modalities, or names with the columns of each; None is every column.
        All others stay as they are.
    target : label, array-like of shape (n_samples,), or None, default=None
        The class that is explained, one for all or one a sample; None is the predicted one.
    scale : {"probability", "log_odds"}, default="probability"
        What is shared out. In log-odds independent evidence adds up (with more than two classes,
        nearly); they are taken of probabilities kept between 1e-9 and 1 - 1e-9.

    Returns
    -------
    DataFrame of shape (n_samples, n_modalities + 3)
        `target`; `base`, the value with all modalities hidden; the share of each modality; and
        `prediction`, the value with all present, which is the sum of base and shares.

    Raises
    ------
    ValueError
        If there is no such column or class, or the model refuses hidden cells.

    See Also
    --------
    shapley : The shares of any other game.
    occlusion : Goes on inside a modality.

    Notes
    -----
    The model predicts all rows once for each of the ``2 ** n`` sets of modalities.

    Hiding is a question put to the model: what would you say without this? A late fusion answers
    with experts that never saw the modality. One network that was trained on complete samples has
    met no hidden cell, and its answer may mean little: train it with modality dropout.

    Taught in notebook 13. Not for saying which modality *knows* most: two that know the same may
    share one credit.

    References
    ----------
    .. [1] S. M. Lundberg, S.-I. Lee. "A unified approach to interpreting model predictions." NIPS
       2017.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from mmtutor.fusion import DecisionFusion
    >>> X = pd.DataFrame({"text": ["good", "bad", "fine", "poor"] * 5, "stars": [5, 1, 4, 2] * 5})
    >>> words = make_pipeline(CountVectorizer(), LogisticRegression())
    >>> stars = LogisticRegression()
    >>> model = DecisionFusion([("words", words, "text"), ("stars", stars, ["stars"])])
    >>> table = modality_shares(model.fit(X, ["+", "-"] * 10), X.head(2))
    >>> table["target"].tolist(), table["base"].tolist()
    (['+', '-'], [0.5, 0.5])
    >>> bool(((table["text"] > 0) & (table["stars"] > 0)).all())
    True
    """
    _require_classifier(model)
    check_ranges(SCALE, scale=scale)
    X = as_table(X)
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"X must be a DataFrame, a column a modality; got {type(X).__name__}")
    if modalities is None:
        modalities = X.columns
    many = isinstance(modalities, Iterable) and not isinstance(modalities, str)
    if many and not isinstance(modalities, Mapping):
        modalities = list(modalities)
    if not many or not all(isinstance(name, Hashable) for name in modalities):
        raise TypeError(f"modalities must be names or a mapping, got {modalities!r:.60}")
    if not isinstance(modalities, Mapping):
        modalities = {name: [name] for name in modalities}
    columns = {
        name: list(select(X, [own] if np.ndim(own) == 0 else own).columns)
        for name, own in modalities.items()
    }
    reserved = sorted({"target", "base", "prediction"} & set(columns))
    if reserved:
        raise ValueError(f"{reserved} name columns of the result: give modalities other names")

    @functools.cache
    def predicted(present: tuple[str, ...]) -> NDArray:
        hidden = [name for name in columns if name not in present]
        if not hidden:
            return _proba(model, X)
        try:
            return _proba(model, hide(X, [c for name in hidden for c in columns[name]]))
        except (ValueError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(
                f"the model does not predict with {hidden} hidden ({reason}). Use one that accepts "
                "missing cells, such as mmtutor.fusion.DecisionFusion; or fill them in yourself, "
                "in a game for mmtutor.explain.shapley"
            ) from error

    everything = tuple(columns)
    code = _codes(model, predicted(everything), target)

    def value(present: tuple[str, ...]) -> NDArray:
        return _scaled(predicted(present)[np.arange(len(X)), code], scale)

    shares = shapley(value, columns)
    named = {"target": np.asarray(model.classes_)[code], "base": value(()), **shares}
    return pd.DataFrame({**named, "prediction": value(everything)}, index=X.index)


def _require_classifier(model: Any) -> None:
    if not (hasattr(model, "predict_proba") and hasattr(model, "classes_")):
        raise TypeError(
            f"model must be a fitted classifier with predict_proba and classes_, got {model!r:.60}"
        )


def _proba(model: Any, X: pd.DataFrame) -> NDArray:
    """Return what a model predicts, if that is a probability for each row and class."""
    p = floats("what predict_proba returns", model.predict_proba(X))
    expected = (len(X), len(model.classes_))
    if p.shape != expected or not ((p >= -TINY) & (p <= 1 + 1e-3)).all():
        raise ValueError(
            f"predict_proba of the model must return probabilities of shape {expected}, got "
            f"{p!r:.60} of shape {p.shape}"
        )
    return p


def _codes(model: Any, p: NDArray, target: Any) -> NDArray[np.int64]:
    """Return the number of each row's target in the model's classes."""
    if target is None:
        return p.argmax(axis=1)
    known = np.asarray(model.classes_)
    is_one = not hasattr(target, "__len__") or isinstance(target, str | bytes)
    if is_one or getattr(target, "shape", None) == ():
        require_unmasked("target", target)
        wanted = np.full(len(p), target)
    else:
        wanted = as_labels("targets", target)
    if wanted.shape != (len(p),):
        raise ValueError(f"target has shape {wanted.shape} for {len(p)} samples: give one a sample")
    places = {label: place for place, label in enumerate(known.tolist())}
    unknown = [c for c in wanted.tolist() if is_missing(c) or c not in places]
    if unknown:
        raise ValueError(f"target {unknown[0]!r} is no class of the model: {known.tolist()}")
    return np.array([places[label] for label in wanted.tolist()], dtype=np.int64)


def _scaled(p: NDArray, scale: str) -> NDArray:
    return p if scale == "probability" else logit(np.clip(p, TINY, 1 - TINY))


# --- what inside a modality ----------------------------------------------------------------------


class Parts(Protocol):
    """How a cell is cut into parts: what :class:`Words`, for one, offers."""

    def split(self, cell: Any) -> pd.Index: ...

    def remove(self, cell: Any, gone: Iterable[int]) -> Any: ...


@dataclass(frozen=True)
class Words:
    """The words of a text, to be left out; in Chinese its characters.

    See Also
    --------
    mmtutor.noise.drop_words : Drops them at random.

    Notes
    -----
    Taught in notebook 13. Not for models of whole sentences: what is left may be no sentence.

    Examples
    --------
    >>> Words().split("Not a good film!").tolist()
    ['Not', 'a', 'good', 'film!']
    >>> Words().remove("Not a good film!", [0])
    'a good film!'
    """

    def split(self, cell: str) -> pd.Index:
        """Name the words.

        Parameters
        ----------
        cell : str
            The text.

        Returns
        -------
        Index of shape (n_words,)
            The words in order, with their punctuation.

        Raises
        ------
        TypeError
            If it is no text.
        ValueError
            If it has no word.
        """
        words = _words(cell)
        if not words:
            raise ValueError(f"the text {cell!r} has no word")
        return pd.Index([word.strip() for word in words], name="word")

    def remove(self, cell: str, gone: Iterable[int]) -> str:
        """Leave words out.

        Parameters
        ----------
        cell : str
            The text.
        gone : iterable of int
            Their places, counted from 0.

        Returns
        -------
        str
            The text without them.

        Raises
        ------
        TypeError, ValueError
            If it is no text, or has no such place.
        """
        words = _words(cell)
        gone = set(_places(gone, len(words)))
        kept = [word for place, word in enumerate(words) if place not in gone]
        return "".join(kept).strip()


def _places(gone: Iterable[int], n_parts: int) -> list[int]:
    """Return places as plain numbers, if each is one; a mask of True and False is none."""
    places = list(gone) if isinstance(gone, Iterable) else [gone]
    for place in places:
        if not whole(0, n_parts - 1)[1](place):
            raise ValueError(f"gone must hold places from 0 to {n_parts - 1}, got {place!r:.60}")
    return list(map(int, places))


def _words(cell: str) -> list[str]:
    if not isinstance(cell, str):
        raise TypeError(f"expected a text (str), got {type(cell).__name__}")
    return re.findall(WORD, cell)


@dataclass(frozen=True)
class Patches:
    """The squares of an image, to be painted over.

    Parameters
    ----------
    size : int, default=12
        Height and width of a patch in pixels; at the right and lower edge they may be smaller.
    fill : {"mean", "blur"}, default="mean"
        What is painted: the image's mean colour, or the image itself out of focus (each pixel the
        mean of a square of ``2 * size + 1`` pixels around it).

    Raises
    ------
    ValueError
        If `size` is not from 1 to 10,000, or `fill` unknown.

    See Also
    --------
    mmtutor.noise.occlude : Covers one rectangle at random.

    Notes
    -----
    The border of a flat patch is an edge that was not in the image, and features made of edges,
    such as HOG, see it: compare both ways of filling.

    Taught in notebook 13. Not for objects smaller than a patch, or for what only several patches
    together show.

    Examples
    --------
    >>> image = np.zeros((2, 4), np.uint8)
    >>> image[0, 0] = 80
    >>> Patches(size=2).split(image).tolist()
    [(0, 0), (0, 2)]
    >>> Patches(size=2).remove(image, [0]).tolist()
    [[10, 10, 0, 0], [10, 10, 0, 0]]
    """

    size: int = 12
    fill: str = "mean"

    def __post_init__(self) -> None:
        check_ranges(PATCHES, **vars(self))
        object.__setattr__(self, "size", int(self.size))

    def split(self, cell: NDArray[np.uint8]) -> pd.Index:
        """Name the patches.

        Parameters
        ----------
        cell : ndarray of shape (height, width) or (height, width, 3)
            The image.

        Returns
        -------
        MultiIndex of shape (n_patches,)
            The upper left corner of each, `top` and `left`, in pixels, row by row.

        Raises
        ------
        TypeError, ValueError
            If it is no image in an array.
        """
        height, width = _array(cell, (2, 3), "image", "mmtutor.image.read_image").shape[:2]
        corners = [range(0, end, self.size) for end in (height, width)]
        return pd.MultiIndex.from_product(corners, names=["top", "left"])

    def remove(self, cell: NDArray[np.uint8], gone: Iterable[int]) -> NDArray[np.uint8]:
        """Paint patches over.

        Parameters
        ----------
        cell : ndarray of shape (height, width) or (height, width, 3)
            The image; it stays as it is.
        gone : iterable of int
            The places of the patches in what `split` returns.

        Returns
        -------
        ndarray of shape (height, width) or (height, width, 3)
            The painted copy.

        Raises
        ------
        TypeError, ValueError
            If it is no image in an array or of a type that cannot be blurred, or has no such place.
        """
        corners, painted = self.split(cell), cell.copy()
        if self.fill == "mean":
            paint = np.broadcast_to(cell.mean(axis=(0, 1)).round().astype(cell.dtype), cell.shape)
        else:
            try:
                paint = cv2.blur(cell, (2 * self.size + 1,) * 2).reshape(cell.shape)
            except (cv2.error, ValueError):
                raise ValueError(
                    f"an image of type {cell.dtype} and shape {cell.shape} cannot be blurred: make "
                    "it uint8, grey or with three colours, or use fill='mean'"
                ) from None
        for top, left in corners[_places(gone, len(corners))]:
            patch = np.s_[top : top + self.size, left : left + self.size]
            painted[patch] = paint[patch]
        return painted


@dataclass(frozen=True)
class TimeFrequency:
    """The tiles of a sound, a stretch of time in a band of frequencies, to be flattened.

    Parameters
    ----------
    sample_rate : int, default=16000
        Samples per second, in Hz.
    seconds : float, default=0.25
        Length of a stretch, in seconds; the last may be shorter.
    bands : tuple of float, default=(0, 500, 1000, 2000, 4000, 8000)
        The edges of the bands in Hz, rising; what lies outside is never removed.
    fill : {"mean", "silence"}, default="mean"
        What a tile becomes: each frequency at its mean amplitude over the whole sound, or silent.

    Raises
    ------
    ValueError
        If `sample_rate` is not from 125 to 400,000 or `seconds` not above 0, the edges do not rise
        within half the sample rate, or `fill` is unknown.

    See Also
    --------
    mmtutor.noise.dropouts : Silences stretches at random, in all bands.

    Notes
    -----
    Tiles are changed in a short-time Fourier transform (frames of 32 ms, a step of 8 ms), which is
    then transformed back, so their edges are soft. Phases stay.

    A silent tile is a hole that no recording has, and features of logarithms, such as MFCC, jump
    at it; with the mean a tile loses what was special about its time, not its band.

    Taught in notebook 13. Not for features of single frames: a tile is longer.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
    >>> tiles = TimeFrequency(seconds=0.25, bands=(0, 1000, 8000), fill="silence")
    >>> tiles.split(tone).tolist()
    [(0, 0.0), (0, 0.25), (1000, 0.0), (1000, 0.25)]
    >>> bool(abs(tiles.remove(tone, [0])[500:3000]).max() < 0.05)
    True
    """

    sample_rate: int = 16_000
    seconds: float = 0.25
    bands: tuple[float, ...] = (0, 500, 1000, 2000, 4000, 8000)
    fill: str = "mean"

    def __post_init__(self) -> None:
        check_ranges(TILES, **vars(self))
        step = 0.008  # seconds, of the transform: a shorter tile has nothing to flatten
        if self.seconds < step:
            raise ValueError(f"seconds is {self.seconds}; expected a number of at least {step}")
        bands = floats("bands", self.bands)
        row = bands.ndim == 1 and len(bands) > 1 and all(map(FINITE[1], self.bands))
        rising = row and (np.diff(bands) > 0).all()
        if not rising or bands[0] < 0 or bands[-1] > self.sample_rate / 2:
            raise ValueError(
                f"bands must rise from 0 or more to at most {self.sample_rate / 2:g} Hz, half the "
                f"sample rate; got {self.bands}"
            )

    def split(self, cell: NDArray) -> pd.Index:
        """Name the tiles.

        Parameters
        ----------
        cell : ndarray of shape (n_samples,)
            The sound.

        Returns
        -------
        MultiIndex of shape (n_tiles,)
            The lower edge of each in Hz, `band`, and when it begins in seconds, `start`; band by
            band.

        Raises
        ------
        TypeError, ValueError
            If it is no sound in an array.
        """
        length = len(_array(cell, (1,), "sound", "mmtutor.audio.read_audio"))
        starts = np.arange(0, length / self.sample_rate, float(self.seconds)).round(6)
        return pd.MultiIndex.from_product([self.bands[:-1], starts], names=["band", "start"])

    def remove(self, cell: NDArray, gone: Iterable[int]) -> NDArray:
        """Flatten or silence tiles.

        Parameters
        ----------
        cell : ndarray of shape (n_samples,)
            The sound; it stays as it is.
        gone : iterable of int
            The places of the tiles in what `split` returns.

        Returns
        -------
        ndarray of shape (n_samples,)
            The changed sound, of the same type.

        Raises
        ------
        TypeError, ValueError
            If it is no sound in an array, or has no such place.
        """
        n_tiles = len(self.split(cell))
        n_stretches = n_tiles // (len(self.bands) - 1)
        frame = round(0.032 * self.sample_rate)
        shape = {"fs": self.sample_rate, "nperseg": frame, "noverlap": frame - frame // 4}
        longer = np.pad(cell, (0, max(0, frame - len(cell))))  # than a frame
        frequency, time, bins = stft(longer, **shape)
        band = np.digitize(frequency, self.bands) - 1
        band[frequency == self.bands[-1]] = len(self.bands) - 2  # the last band holds its edge
        stretch = np.minimum(time // float(self.seconds), n_stretches - 1)
        level = np.abs(bins).mean(axis=1, keepdims=True) * (self.fill == "mean")
        for place in _places(gone, n_tiles):
            own_band, own_stretch = band == place // n_stretches, stretch == place % n_stretches
            tile = np.ix_(own_band, own_stretch)
            bins[tile] = level[own_band] * np.exp(1j * np.angle(bins[tile]))
        sound = istft(bins, **shape)[1][: len(cell)]
        if cell.dtype.kind in "iu":  # else what is louder than the loudest number would wrap around
            sound = sound.clip(np.iinfo(cell.dtype).min, np.iinfo(cell.dtype).max)
        return sound.astype(cell.dtype)


def _array(cell: Any, ndims: tuple[int, ...], what: str, reader: str) -> NDArray:
    if not isinstance(cell, np.ndarray):
        raise TypeError(
            f"expected the {what} as an array, got {type(cell).__name__}; read a file with {reader}"
        )
    if cell.ndim not in ndims or cell.size == 0:
        raise ValueError(f"an array of shape {cell.shape} is no {what}")
    if cell.dtype.kind not in "biuf":
        raise TypeError(f"an array of type {cell.dtype} is no {what}")
    require_unmasked(f"the {what}", cell)
    if cell.dtype.kind == "f" and not float(np.abs(cell).max()) < 1e30:
        raise ValueError(f"the {what} holds NaN, infinity or numbers beyond 1e30")
    return cell


def occlusion(
    model: Any,
    row: pd.DataFrame,
    column: str,
    parts: Parts,
    *,
    target: Any = None,
    scale: str = "probability",
) -> pd.Series:
    """Measure how much a prediction falls when one part of a cell is removed.

    Parameters
    ----------
    model : fitted classifier
        Anything with ``predict_proba`` and ``classes_``.
    row : DataFrame of shape (1, n_columns)
        The sample, as ``X.iloc[[7]]`` gives it.
    column : str
        The column of the cell.
    parts : Words, Patches or TimeFrequency
        How the cell is cut; or anything with their two methods.
    target : label, default=None
        The class that is explained; None is the predicted one.
    scale : {"probability", "log_odds"}, default="probability"
        What falls; see :func:`modality_shares`.

    Returns
    -------
    Series of shape (n_parts,)
        Value with the part less value without it, by the part's name: positive where it speaks for
        the target. ``.unstack()`` turns patches and tiles into a map.

    Raises
    ------
    TypeError, ValueError
        If there is not one row, no such column or class, nothing in the cell, or `parts` does not
        suit it.

    See Also
    --------
    deletion_curve : Tells whether the parts found matter to the model.
    shapley : With words as players, where they work together.
    shap.LinearExplainer : Of a linear model the contribution of each feature, without removing it.

    Notes
    -----
    Where a part is removed alone, parts that say the same thing twice look as if they said nothing.

    Taught in notebook 13. Not for parts whose removal makes what the model never met: then the
    answer is about that.

    References
    ----------
    .. [1] M. D. Zeiler, R. Fergus. "Visualizing and understanding convolutional networks." ECCV
       2014.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from mmtutor.fusion import DecisionFusion
    >>> from sklearn.pipeline import make_pipeline
    >>> X = pd.DataFrame({"text": ["a good film", "a bad film"] * 5})
    >>> words = make_pipeline(CountVectorizer(), LogisticRegression())
    >>> model = DecisionFusion([("words", words, "text")], calibration=None)
    >>> drop = occlusion(model.fit(X, ["+", "-"] * 5), X.iloc[[0]], "text", Words())
    >>> drop.idxmax(), (drop > 0.01).tolist()
    ('good', [False, True, False])
    """
    check_ranges(SCALE, scale=scale)
    cell = _cell(model, row, column, parts)
    with blame(f"{column} in row {row.index[0]}: "):
        names = parts.split(cell)
        cells = [cell, *(parts.remove(cell, [place]) for place in range(len(names)))]
    p = _scaled(_target_proba(model, row, column, cells, target), scale)
    return pd.Series(p[0] - p[1:], index=names, name=column)


def deletion_curve(
    model: Any,
    row: pd.DataFrame,
    column: str,
    parts: Parts,
    scores: ArrayLike,
    *,
    target: Any = None,
) -> NDArray[np.float64]:
    """Remove parts of a cell one after the other, the most important first.

    If the scores are faithful to the model, the curve lies below that of scores drawn at random. By
    how much is what counts: where the filling itself speaks for the target, both may rise.

    Parameters
    ----------
    model : fitted classifier
        Anything with ``predict_proba`` and ``classes_``.
    row : DataFrame of shape (1, n_columns)
        The sample, as ``X.iloc[[7]]`` gives it.
    column : str
        The column of the cell.
    parts : Words, Patches or TimeFrequency
        How the cell is cut; or anything with their two methods.
    scores : array-like of shape (n_parts,)
        How important each part is said to be, as :func:`occlusion` returns it.
    target : label, default=None
        The class whose probability is followed; None is the one predicted for the whole cell.

    Returns
    -------
    ndarray of shape (n_parts + 1,)
        The probability of the target with 0, 1, ... and all parts removed.

    Raises
    ------
    TypeError, ValueError
        As :func:`occlusion` does, or if there is not one finite score a part.

    See Also
    --------
    occlusion : Scores.

    Notes
    -----
    Taught in notebook 13. Not for choosing between ways of removing: with each the curve asks
    another question.

    References
    ----------
    .. [1] V. Petsiuk, A. Das, K. Saenko. "RISE: Randomized input sampling for explanation of
       black-box models." BMVC 2018.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from mmtutor.fusion import DecisionFusion
    >>> X = pd.DataFrame({"text": ["a good film", "a bad film"] * 5})
    >>> words = make_pipeline(CountVectorizer(), LogisticRegression())
    >>> model = DecisionFusion([("words", words, "text")], calibration=None).fit(X, ["+", "-"] * 5)
    >>> curve = deletion_curve(model, X.iloc[[0]], "text", Words(), [0, 1, 0])
    >>> (curve > 0.51).tolist()
    [True, False, False, False]
    """
    cell = _cell(model, row, column, parts)
    with blame(f"{column} in row {row.index[0]}: "):
        names = pd.Index(parts.split(cell))
    n_parts = len(names)
    given = floats("scores", scores)
    if given.shape != (n_parts,) or not np.isfinite(given).all():
        raise ValueError(
            f"{n_parts} parts need as many finite scores, got {np.isfinite(given).sum()} in an "
            f"array of shape {given.shape}"
        )
    theirs = scores.index if isinstance(scores, pd.Series) else names
    if not names.equals(theirs) and sorted(map(str, names)) == sorted(map(str, theirs)):
        raise ValueError("scores stand in another order than the parts: do not sort them")
    order = np.argsort(-given, kind="stable")
    with blame(f"{column} in row {row.index[0]}: "):
        cells = [cell, *(parts.remove(cell, order[:n]) for n in range(1, n_parts + 1))]
    return _target_proba(model, row, column, cells, target)


def _cell(model: Any, row: Any, column: str, parts: Any) -> Any:
    """Return the cell of a table of one row, once the other arguments are what they should be."""
    _require_classifier(model)
    if not (hasattr(parts, "split") and hasattr(parts, "remove")) or isinstance(parts, type):
        raise TypeError(f"parts must be Words(), Patches() or TimeFrequency(), got {parts!r:.60}")
    if not isinstance(row, pd.DataFrame) or len(row) != 1:
        what = f"{len(row)} rows" if isinstance(row, pd.DataFrame) else type(row).__name__
        raise ValueError(f"expected a DataFrame of one row, got {what}: take X.iloc[[i]]")
    if not isinstance(column, Hashable) or column not in row:
        raise ValueError(f"row has no column {column!r:.60}; its columns are {[*row.columns]}")
    if row[column].ndim > 1:
        raise ValueError(f"row has several columns {column!r:.60}: give each its own name")
    cell = row[column].iloc[0]
    if is_missing(cell):
        raise ValueError(f"{column} is missing in row {row.index[0]}: there is nothing to remove")
    return cell


def _target_proba(
    model: Any, row: pd.DataFrame, column: str, cells: list[Any], target: Any
) -> NDArray[np.float64]:
    """Return the target's probability with each of the cells in the place of the first."""
    rows = row.iloc[np.zeros(len(cells), int)].reset_index(drop=True)
    rows[column] = column_of(cells, like=rows[column])
    p = _proba(model, rows)
    return p[:, _codes(model, p[:1], target)[0]]
