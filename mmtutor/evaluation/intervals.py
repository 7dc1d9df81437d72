"""The bootstrap: how far might a measured figure be from the true one?

Conventions
-----------
A figure measured on a sample would have come out differently on another sample. The bootstrap
draws new samples, with replacement, from the one at hand and looks at how the figure moves.
What is drawn must be what is independent: several clips of one person are not, so give `groups`
and whole people are drawn. The interval is the percentile interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmtutor._ranges import check_ranges, generator, number, whole
from mmtutor._rows import floats, require_same_rows, require_unmasked
from mmtutor._table import blame

from . import _checks

__all__ = ["Interval", "bootstrap_interval"]


class Interval(NamedTuple):
    """The two ends of an interval.

    Attributes
    ----------
    low, high : float
        In the unit of the figure that the interval is about.
    """

    low: float
    high: float


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    groups: ArrayLike | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    random_state: int | None = 0,
) -> Interval:
    """Find the percentile bootstrap interval of a statistic, drawing whole groups.

    Parameters
    ----------
    statistic : callable
        Takes the resampled arrays, in the order given, and returns one number.
    *arrays : array-like, each of shape (n_samples, ...)
        What the statistic is computed from; the same rows are drawn from all of them.
    groups : array-like of shape (n_samples,), default=None
        Who each row belongs to. Whole groups are drawn, with all their rows. None: every row is
        its own group.
    n_resamples : int, default=1000
        How many samples are drawn, 1 to 1,000,000.
    confidence : float in (0, 1), default=0.95
        Share of the resampled figures that lies inside the interval.
    random_state : int or None, default=0
        Seed of the draws.

    Returns
    -------
    Interval
        `low` and `high`, in the unit of the statistic.

    Raises
    ------
    ValueError
        If the arrays are empty or of unequal length, if there are fewer than two groups or a group
        is missing, if an array is masked, if `groups` names the rows in another order, or if the
        statistic returns no number, or NaN.

    See Also
    --------
    scipy.stats.bootstrap : More kinds of interval, where every row is independent.
    corrected_t_test : The interval of a cross-validated score.

    Notes
    -----
    Not for a handful of groups: the interval knows no more than the spread among them, and is too
    narrow. Nor for a maximum, or another figure that one row decides.

    For a matrix of scores in which the same people are rows and columns, pass the people's
    numbers as the array and index both axes in `statistic`.

    Taught in notebook 15.

    References
    ----------
    .. [1] Efron, B. and Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.

    Examples
    --------
    >>> right = [1, 1, 1, 0, 1, 1, 0, 1, 1, 1]
    >>> low, high = bootstrap_interval(np.mean, right, groups=list("aabbccddee"))
    >>> print(f"{low:.2f} to {high:.2f}")
    0.60 to 1.00
    """
    if not callable(statistic):
        raise TypeError(f"statistic must be a function of the arrays, got {statistic!r:.60}")
    named = {f"array {place}": array for place, array in enumerate(arrays)}
    require_same_rows(**named, groups=groups)
    columns = [_rows_of(what, array) for what, array in named.items()]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        shapes = [column.shape for column in columns]
        raise ValueError(f"expected one or more arrays of equal length, got shapes {shapes}")
    n_samples = lengths.pop()
    if n_samples == 0:
        raise ValueError("the arrays are empty: at least two rows are needed")
    ranges = {"confidence": number("(0, 1)"), "n_resamples": whole(1, 1_000_000)}
    check_ranges(ranges, confidence=confidence, n_resamples=n_resamples)
    owners = np.arange(n_samples) if groups is None else groups
    names, member = np.unique(_checks.groups(owners, length=n_samples), return_inverse=True)
    if len(names) < 2:
        only = "row" if groups is None else f"group ({names.tolist()[0]!r})"
        raise ValueError(f"only one {only}: nothing can be said about other {only.split()[0]}s")
    order = np.argsort(member, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(member))[:-1])

    rng = generator(random_state)

    def resampled() -> Any:
        drawn = rng.integers(len(names), size=len(names))
        rows = np.concatenate([rows_of[g] for g in drawn])
        return statistic(*(column[rows] for column in columns))

    with blame("the statistic failed on a resample: "):
        results = [resampled() for _ in range(n_resamples)]
    if any(result is None for result in results):
        raise ValueError("the statistic must return one number, got None: does it end in return?")
    figures = floats("what the statistic returns", results)
    if figures.size != n_resamples:
        raise ValueError(f"the statistic must return one number, got shape {figures.shape[1:]}")
    figures = figures.ravel()
    if not np.isfinite(figures).all():
        raise ValueError(
            f"the statistic is NaN or infinite on {(~np.isfinite(figures)).sum()} of {n_resamples} "
            "resamples; use one that is defined on every resample"
        )
    tail = (1 - 1.0 * confidence) / 2  # of a fraction, NumPy has no quantile
    with np.errstate(over="ignore", invalid="ignore"):  # is told below
        low, high = (float(q) for q in np.quantile(figures, [tail, 1 - tail]))
    if not np.isfinite([low, high]).all():
        raise ValueError(f"figures of up to {np.abs(figures).max():.3g} overflow: scale them first")
    return Interval(low, high)


def _rows_of(what: str, array: Any) -> NDArray:
    require_unmasked(what, array)
    try:
        rows = np.asarray(array)
    except ValueError:  # rows of unequal length
        rows = np.empty(())
    if rows.ndim == 0:
        raise ValueError(f"{what} must be an array with one row a sample, got {array!r:.60}")
    return rows
