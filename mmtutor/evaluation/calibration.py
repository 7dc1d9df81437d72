"""Calibration: does "80 % sure" come true 80 % of the time?

Conventions
-----------
- `probabilities` has one row a sample and one column a class; rows sum to 1.
- Columns of a table go by their names, the classes; where they have none (an array, or the columns
  0, 1, ... of a DataFrame) or are named after no class, by their place among `classes`.
- Confidence is the largest probability of a row; the prediction is its class (the first, if tied).
- Bins are of equal width over (0, 1], closed on the right.
- Log-loss and the Brier score, which see all of the probabilities, are in scikit-learn
  (:func:`sklearn.metrics.log_loss`, :func:`sklearn.metrics.brier_score_loss`).
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mmtutor._ranges import check_ranges, whole
from mmtutor._rows import as_labels, require_same_rows

from . import _checks

__all__ = ["expected_calibration_error", "reliability_diagram"]


def validate(
    y: ArrayLike, probabilities: ArrayLike, classes: ArrayLike | None
) -> tuple[NDArray, NDArray, NDArray]:
    """Return checked labels, probabilities and class names, or raise ValueError."""
    P = _checks.finite(probabilities, what="probabilities", ndim=2)
    require_same_rows(probabilities=probabilities, y=y)
    y = _checks.labels(y, what="labels (one a row of probabilities)", length=len(P))
    if P.min() < 0 or not np.allclose(P.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            "each row of probabilities must be non-negative and sum to 1; "
            f"the lowest value is {P.min():.3g}, the row sums go from "
            f"{P.sum(axis=1).min():.6g} to {P.sum(axis=1).max():.6g}"
        )
    columns = _checks.column_names(probabilities)
    names = np.unique(y) if classes is None else as_labels("classes", classes)
    known = names.tolist()
    if columns is not None:
        by_text = {str(name): name for name in known}  # "0" of a file is 0
        columns = [by_text.get(str(column), column) for column in columns]
        if set(columns).isdisjoint(known):
            if classes is None:
                warnings.warn(
                    f"the columns of probabilities are named {columns[:5]}, after no label, and "
                    f"taken for {known[:5]}: pass the class of each column as `classes`",
                    stacklevel=3,
                )
            columns = None
        elif classes is None:
            names = as_labels("columns of probabilities", columns)
    if len(set(names.tolist())) < len(names):
        raise ValueError(f"classes are named twice: {names.tolist()}; give each column its own")
    if names.shape != (P.shape[1],):
        raise ValueError(
            f"probabilities have {P.shape[1]} columns but there are {names.size} classes; "
            "pass the estimator's `classes_` as `classes`"
        )
    if columns is not None:
        if not set(columns).issuperset(known):
            raise ValueError(
                f"the columns of probabilities are named {columns[:5]}, and classes "
                f"{known[:5]}: give each column its class's name, or pass "
                "probabilities.to_numpy() and, as `classes`, the class of each column"
            )
        names = as_labels("columns", columns)
    _checks.require_comparable("labels", y, "classes", names)
    unknown = np.setdiff1d(y, names)
    if len(unknown):
        raise ValueError(f"label {unknown.tolist()[0]!r} is not among the classes {names.tolist()}")
    return y, P, names


def reliability_diagram(
    y: ArrayLike,
    probabilities: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    n_bins: int = 10,
) -> pd.DataFrame:
    """Compare confidence with accuracy, in bins: what a reliability diagram draws.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True labels.
    probabilities : array-like of shape (n_samples, n_classes)
        Posteriors; rows sum to 1.
    classes : array-like of shape (n_classes,), default=None
        The class of each column (an estimator's `classes_`). None: the names of the columns, or
        the sorted labels in `y` where columns have none, or (with a warning) other names.
    n_bins : int, default=10
        Number of bins of equal width over (0, 1], 1 to 1,000,000.

    Returns
    -------
    DataFrame
        One row a bin that is not empty: `low` and `high` (the bin's edges), `confidence` and
        `accuracy` (means over the bin, in [0, 1]) and `count` (samples).

    Raises
    ------
    ValueError
        If shapes disagree, rows do not sum to 1, values are NaN, a label has no column or is
        missing, columns are named after some of the classes only, or `y` names the rows in another
        order.

    See Also
    --------
    expected_calibration_error : One figure for the whole table.
    sklearn.calibration.CalibrationDisplay : The probability of one class against its frequency.

    Notes
    -----
    Taught in notebook 05. It looks at the largest probability of each row only; the others may be
    wrong behind it.

    References
    ----------
    .. [1] Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern
       neural networks. ICML, 1321-1330.

    Examples
    --------
    >>> P = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]]
    >>> reliability_diagram([0, 1, 0], P)[["confidence", "accuracy", "count"]]
       confidence  accuracy  count
    0         0.6       1.0      1
    1         0.9       0.5      2
    """
    y, P, names = validate(y, probabilities, classes)
    check_ranges({"n_bins": whole(1, 1_000_000)}, n_bins=n_bins)
    edges = np.linspace(0, 1, n_bins + 1)
    confidence = np.minimum(P.max(axis=1), 1.0)
    right = names[P.argmax(axis=1)] == y
    bin_of = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, n_bins - 1)
    table = pd.DataFrame({"bin": bin_of, "confidence": confidence, "accuracy": right * 1.0})
    table = table.groupby("bin").agg(
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
        count=("accuracy", "size"),
    )
    table.insert(0, "low", edges[table.index])
    table.insert(1, "high", edges[table.index + 1])
    return table.reset_index(drop=True)


def expected_calibration_error(
    y: ArrayLike,
    probabilities: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    n_bins: int = 10,
) -> float:
    """Average the distance between confidence and accuracy over the bins and their samples.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True labels.
    probabilities : array-like of shape (n_samples, n_classes)
        Posteriors; rows sum to 1.
    classes : array-like of shape (n_classes,), default=None
        The class of each column (an estimator's `classes_`). None: the names of the columns, or
        the sorted labels in `y` where columns have none, or (with a warning) other names.
    n_bins : int, default=10
        Number of bins of equal width over (0, 1], 1 to 1,000,000.

    Returns
    -------
    float
        In [0, 1]; 0 is perfectly calibrated.

    Raises
    ------
    ValueError
        As :func:`reliability_diagram`.

    See Also
    --------
    reliability_diagram : The bins.
    sklearn.metrics.log_loss : Judges all of the probabilities, without bins.

    Notes
    -----
    The figure is biased upwards when bins hold few samples, and depends on `n_bins`: compare only
    figures measured with the same bins on the same samples. Not for choosing a model: one that
    always answers with the classes' frequencies has hardly any such error, and no use.

    Taught in notebook 05.

    References
    ----------
    .. [1] Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015). Obtaining well calibrated
       probabilities using Bayesian binning. AAAI, 2901-2907.

    Examples
    --------
    >>> expected_calibration_error([0, 1, 0], [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4]])
    0.4
    """
    bins = reliability_diagram(y, probabilities, classes=classes, n_bins=n_bins)
    gap = (bins["accuracy"] - bins["confidence"]).abs()
    return float(np.average(gap, weights=bins["count"]))
