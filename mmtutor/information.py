"""What two modalities tell about a target: redundancy, uniqueness and synergy, in bits.

Conventions
-----------
- A joint distribution is an array whose last axis is the target: ``p[x1, x2, y]``, summing to 1.
  Values are discrete; quantise continuous ones first (:func:`quantise`).
- Logarithms are to base 2, so all quantities are in bits, and ``0 log 0 = 0``.
- *Redundancy*: what either modality alone tells. *Unique*: what only one of them tells.
  *Synergy*: what only both together tell. The four parts add up to ``I(X1, X2; Y)``.
- Redundancy is I_min of Williams and Beer, which asks *how much* each modality tells about each
  outcome, not whether it is the same thing. Two independent bits and their pair as the target are
  the known counter-example: I_min calls one bit redundant although the modalities share nothing.
- Distributions counted from samples make information look larger than it is
  (:func:`information_bias`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmtutor._ranges import check_ranges, whole
from mmtutor._rows import as_labels, floats, require_same_rows

__all__ = [
    "Decomposition",
    "decompose",
    "information_bias",
    "joint_distribution",
    "mutual_information",
    "quantise",
]


MOST_CELLS = 10**8  # of a joint distribution


class Decomposition(NamedTuple):
    """The four parts of what two modalities tell about the target, in bits.

    Attributes
    ----------
    redundancy : float
        What either modality alone tells.
    unique_1, unique_2 : float
        What only the first, or only the second, tells.
    synergy : float
        What only both together tell.
    """

    redundancy: float
    unique_1: float
    unique_2: float
    synergy: float

    @property
    def total(self) -> float:
        """The sum of the parts, ``I(X1, X2; Y)``, in bits."""
        return sum(self)


def mutual_information(joint: ArrayLike) -> float:
    """Measure what two discrete variables tell about each other: mutual information (互信息).

    ``sum p(x, y) log2 p(x, y) / (p(x) p(y))``

    Parameters
    ----------
    joint : array-like of shape (n_x, n_y)
        Joint distribution, summing to 1.

    Returns
    -------
    float
        In bits, at least 0.

    Raises
    ------
    ValueError
        If `joint` is not a distribution with two axes.

    See Also
    --------
    decompose : For two modalities and a target.
    information_bias : How much too large it is if `joint` was counted from few samples.
    sklearn.metrics.mutual_info_score : From labels instead of their distribution, in nats.
    sklearn.feature_selection.mutual_info_classif : For continuous values, not quantised.

    Notes
    -----
    Not used in a notebook: :func:`decompose` rests on it.

    Examples
    --------
    >>> mutual_information([[0.5, 0], [0, 0.5]])
    1.0
    """
    p = _distribution(joint, ndim=2)
    independent = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    seen = (p > 0) & (independent > 0)  # a product below 5e-324 is 0, and its cell's part 1e-159
    return max(0.0, float(np.sum(p[seen] * np.log2(p[seen] / independent[seen]))))


def decompose(joint: ArrayLike) -> Decomposition:
    """Split what two modalities tell about a target: partial information decomposition.

    Parameters
    ----------
    joint : array-like of shape (n_x1, n_x2, n_y)
        Joint distribution ``p[x1, x2, y]``, summing to 1.

    Returns
    -------
    Decomposition
        `redundancy`, `unique_1`, `unique_2`, `synergy` and `total`, in bits.

    Raises
    ------
    ValueError
        If `joint` is not a distribution with three axes.

    See Also
    --------
    joint_distribution : Counts the distribution from samples.
    mutual_information : For one modality.

    Notes
    -----
    Redundancy is the information about each outcome that the *less* informative modality has,
    averaged over outcomes::

        I_min = sum_y p(y) min_i  sum_x p(x | y) log2( p(y | x) / p(y) )     (x of modality i)

    Taught in notebook 06. Not for distributions counted from few samples, whose bias looks like
    synergy: there are more pairs to count than values of one modality.

    References
    ----------
    .. [1] Williams, P. L. and Beer, R. D. (2010). Nonnegative decomposition of multivariate
       information. arXiv:1004.2515.
    .. [2] Another redundancy, and its use for choosing fusion models: Liang, P. P. et al. (2023).
       Quantifying and modeling multimodal interactions. NeurIPS.

    Examples
    --------
    >>> xor = np.zeros((2, 2, 2))
    >>> xor[0, 0, 0] = xor[0, 1, 1] = xor[1, 0, 1] = xor[1, 1, 0] = 1 / 4
    >>> decompose(xor)
    Decomposition(redundancy=0.0, unique_1=0.0, unique_2=0.0, synergy=1.0)
    """
    p = _distribution(joint, ndim=3)
    first, second = p.sum(axis=1), p.sum(axis=0)  # p[x1, y] and p[x2, y]
    both = p.reshape(-1, p.shape[2])  # the pair (x1, x2) as one variable
    redundancy = float(np.minimum(_specific(first), _specific(second)) @ p.sum(axis=(0, 1)))
    unique_1 = mutual_information(first) - redundancy
    unique_2 = mutual_information(second) - redundancy
    synergy = mutual_information(both) - redundancy - unique_1 - unique_2
    # Rounding can leave -1e-17 where the theory says 0 or more.
    return Decomposition(*(max(0.0, part) for part in (redundancy, unique_1, unique_2, synergy)))


def _specific(joint: NDArray) -> NDArray:
    """Return what a modality tells about each outcome, I(Y = y; X) in bits, of shape (n_y,)."""
    p_x, p_y = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    with np.errstate(all="ignore"):
        terms = joint / p_y * np.log2(joint / p_x / p_y)
    seen = (joint > 0) & (p_y >= np.finfo(float).tiny)  # the quotient overflows below
    return np.where(seen, terms, 0).sum(axis=0)


def joint_distribution(*variables: ArrayLike) -> NDArray[np.float64]:
    """Count a joint distribution from samples of discrete variables.

    Parameters
    ----------
    *variables : array-like, each of shape (n_samples,)
        Labels or quantised values, for instance ``x1, x2, y``.

    Returns
    -------
    ndarray of shape (n_values_1, n_values_2, ...)
        Relative frequencies, summing to 1; along each axis the distinct values in sorted order.

    Raises
    ------
    ValueError
        If there is no sample, or lengths differ, or a value is missing or infinite, or a variable
        mixes text and numbers, or has so many values that they are no levels.

    See Also
    --------
    quantise : Turns numbers into levels first.
    sklearn.metrics.cluster.contingency_matrix : The counts of two variables.

    Notes
    -----
    Taught in notebook 06. Not for continuous values: each would be a value of its own, and tell
    everything.

    Examples
    --------
    >>> joint_distribution(["a", "a", "b", "b"], [0, 1, 1, 1]).tolist()
    [[0.25, 0.25], [0.0, 0.5]]
    """
    require_same_rows(**{f"variable {n}": each for n, each in enumerate(variables)})
    columns = [as_labels(f"values of variable {n}", each) for n, each in enumerate(variables)]
    lengths = [len(column) for column in columns]
    if len(set(lengths)) != 1:
        raise ValueError(f"expected variables of one equal length, got lengths {lengths}")
    if lengths[0] == 0:
        raise ValueError("the variables are empty: at least one sample is needed")
    values, codes = zip(*(np.unique(c, return_inverse=True) for c in columns), strict=True)
    shape = [len(v) for v in values]
    if math.prod(shape) > MOST_CELLS:
        raise ValueError(
            f"{' x '.join(map(str, shape))} values make more cells than MOST_CELLS = {MOST_CELLS}: "
            "quantise the variables first"
        )
    try:
        counts = np.zeros(shape)
    except ValueError as error:
        raise ValueError(f"{len(shape)} variables are more than an array has axes") from error
    np.add.at(counts, codes, 1)
    return counts / len(columns[0])


def quantise(values: ArrayLike, n_levels: int = 4) -> NDArray[np.int64]:
    """Turn numbers into levels that are equally often used.

    Parameters
    ----------
    values : array-like of shape (n_samples,)
        Numbers, of any unit.
    n_levels : int, default=4
        How many levels, 2 to 10,000. More keep more information, and need more samples to count.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        Levels 0 to ``n_levels - 1``; equal values get the same level.

    Raises
    ------
    ValueError
        If `values` is empty, not 1-D, or has NaN, or `n_levels` is below 2 or
        above 10,000.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : For several columns, or edges learned on other samples.

    Notes
    -----
    Quantising never adds information about a target, so what is measured afterwards is at most
    what was there.

    Taught in notebook 06. Not where few values repeat often: levels are then unequal, and some stay
    empty.

    Examples
    --------
    >>> quantise([10, 20, 30, 40, 50, 60], n_levels=3).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    x = floats("values", values).astype(float)
    if x.ndim != 1 or x.size == 0:
        raise ValueError(f"expected one row of numbers, got an array of shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{np.sum(~np.isfinite(x))} of {x.size} values are NaN or infinite")
    check_ranges({"n_levels": whole(2, 10_000)}, n_levels=n_levels)
    with np.errstate(over="ignore", invalid="ignore"):  # is told below
        inner_edges = np.quantile(x, np.arange(1, n_levels) / n_levels)
    if not np.isfinite(inner_edges).all():
        raise ValueError(f"values of up to {np.abs(x).max():.3g} overflow: scale them first")
    return np.searchsorted(inner_edges, x, side="left")


def information_bias(n_x: int, n_y: int, n_samples: int) -> float:
    """Estimate how much too large mutual information looks when counted from samples.

    Parameters
    ----------
    n_x, n_y : int
        Number of values of the two variables (for a pair of modalities, the number of pairs).
    n_samples : int
        Number of independent samples counted.

    Returns
    -------
    float
        ``(n_x - 1) (n_y - 1) / (2 n_samples ln 2)``, in bits, right to first order. Subtract it, or
        choose few enough levels that it is small.

    Raises
    ------
    ValueError
        If an argument is below 1, or above 10**15.

    See Also
    --------
    joint_distribution : Counts from samples.

    Notes
    -----
    Taught in notebook 06. Not for fewer samples than cells, where the first order is not enough.

    References
    ----------
    .. [1] Miller, G. A. (1955). Note on the bias of information estimates. In: Information Theory
       in Psychology, 95-100.

    Examples
    --------
    >>> print(f"{information_bias(4, 3, 100):.3f} bits")
    0.043 bits
    """
    ranges = dict.fromkeys(("n_x", "n_y", "n_samples"), whole(1, 10**15))
    check_ranges(ranges, n_x=n_x, n_y=n_y, n_samples=n_samples)
    return (int(n_x) - 1) * (int(n_y) - 1) / (2 * int(n_samples) * math.log(2))


def _distribution(joint: ArrayLike, *, ndim: int) -> NDArray[np.float64]:
    p = floats("joint", joint).astype(float)
    if p.ndim != ndim:
        raise ValueError(
            f"expected a joint distribution with {ndim} axes, got an array of shape {p.shape}"
        )
    bad = np.argwhere(~(np.isfinite(p) & (p >= 0)))
    with np.errstate(over="ignore"):
        total = p.sum()
    if len(bad) or not np.isclose(total, 1):
        fault = (
            f"joint{bad[0].tolist()} is {p[tuple(bad[0])]:.4g}"
            if len(bad)
            else (f"this one sums to {total:.4g}")
        )
        raise ValueError(
            f"a distribution is non-negative and sums to 1; {fault}: divide counts by their sum, "
            "or use joint_distribution on samples"
        )
    return p / total
