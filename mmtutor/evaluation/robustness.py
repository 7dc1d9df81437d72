"""Robustness: how fast does accuracy fall as the input gets worse?

Conventions
-----------
- A corruption has a level in [0, 1]; level 0 leaves the data as they are.
- Models are fitted beforehand, on whatever the question asks (clean or corrupted data); here they
  only predict. The same corrupted data go to every model.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mmtutor._ranges import check_ranges, whole
from mmtutor._rows import as_labels, floats, only_counts, require_same_rows
from mmtutor._table import as_table, blame

from . import _checks
from .intervals import bootstrap_interval

__all__ = ["robustness_curve"]


def robustness_curve(
    models: Mapping[str, Any],
    X: Any,
    y: ArrayLike,
    corrupt: Callable[[Any, float], Any],
    levels: Iterable[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    *,
    groups: ArrayLike | None = None,
    n_resamples: int = 1000,
    random_state: int | None = 0,
) -> pd.DataFrame:
    """Accuracy of fitted models against the level of a corruption.

    Parameters
    ----------
    models : mapping of str to fitted classifier
        Anything with ``predict``.
    X : DataFrame or array of shape (n_samples, ...)
        Clean test data.
    y : array-like of shape (n_samples,)
        True labels.
    corrupt : callable
        ``corrupt(X, level)`` returns corrupted data with the same rows, in order. It gets a copy
        of `X`.
    levels : iterable of float in [0, 1], default=(0.0, 0.25, 0.5, 0.75, 1.0)
        The levels to try.
    groups : array-like of shape (n_samples,), default=None
        Who each row belongs to; the intervals then draw whole groups.
    n_resamples : int, default=1000
        Bootstrap samples behind each interval, 1 to 1,000,000.
    random_state : int or None, default=0
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        One row a model and level: `model`, `level`, `accuracy`, and `low`, `high`, the 95 %
        bootstrap interval of the accuracy.

    Raises
    ------
    ValueError
        If there is no model or level, a level lies outside [0, 1], a label or group is missing, a
        model knows none of the labels or does not predict one label a row, or `corrupt` changes
        the number of rows or, in a DataFrame, their order; or if `X`, `y` and `groups` name the
        same rows in different orders. An error in `corrupt` or a model is told with the level.

    See Also
    --------
    mmtutor.noise.corrupt : A corruption of text, images and sound, with a level.
    bootstrap_interval : The interval of any other figure.

    Notes
    -----
    The interval speaks of other test samples, not of other training sets: not for telling which way
    of training is the more robust from one model of each.

    Taught in notebook 12.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> X, y = np.array([[0.0], [0.1], [0.9], [1.0]]), np.array([0, 0, 1, 1])
    >>> model = KNeighborsClassifier(1).fit(X, y)
    >>> table = robustness_curve({"nearest": model}, X, y, lambda X, level: X * (1 - level), [0, 1])
    >>> table["accuracy"].tolist()
    [1.0, 0.5]
    """
    if not isinstance(models, Mapping) or not models:
        raise ValueError("no models: pass a mapping of names to fitted classifiers")
    if not callable(corrupt):
        raise TypeError(f"corrupt must be a function of a table and a level, got {corrupt!r:.60}")
    n_samples = _checks.n_rows(X)
    X = as_table(X) if isinstance(X, np.ma.MaskedArray) else X
    require_same_rows(X=X, y=y, groups=groups)
    y = _checks.labels(y, what="labels (one a row of X)", length=n_samples)
    if n_samples < 2:
        raise ValueError(f"X has {n_samples} rows: at least two are needed for an interval")
    if groups is not None:
        groups = _checks.groups(groups, length=n_samples)
    if isinstance(levels, Mapping | Set | str):
        raise ValueError(f"levels must be numbers in a row, got {levels!r:.60}")
    levels = floats("levels", list(levels) if np.iterable(levels) else levels)
    if levels.ndim != 1 or len(levels) == 0:
        raise ValueError(f"levels must be one or more numbers in a row, got shape {levels.shape}")
    outside = levels[~((levels >= 0) & (levels <= 1))].tolist()
    if outside:
        raise ValueError(f"levels must lie in [0, 1], got {outside}")
    check_ranges({"n_resamples": whole(1, 1_000_000)}, n_resamples=n_resamples)
    for name, model in models.items():
        if isinstance(model, type) or not hasattr(model, "predict"):
            raise TypeError(f"model {name!r} is no classifier, as it cannot predict: {model!r:.60}")
        known = np.asarray(getattr(model, "classes_", y)).tolist()
        if set(known).isdisjoint(y.tolist()):
            raise ValueError(
                f"model {name!r} knows the classes {known[:5]}, and none of the labels "
                f"{np.unique(y)[:5].tolist()}: give it the labels that it was fitted with"
            )
    rows = []
    for level in levels.tolist():
        with blame(f"corrupt failed at level {level}: "):
            worse = corrupt(_copy(X), level)
        left = _checks.n_rows(worse, what="what corrupt returns")
        if left != n_samples:
            raise ValueError(
                f"corrupt returned {left} rows for {len(y)} at level {level}; "
                "it must keep the rows, in order"
            )
        if all(isinstance(table, pd.Series | pd.DataFrame) for table in (X, worse)):
            before, after = X.index, worse.index
            known = before.is_unique and before.isin(after).all() and not only_counts(after)
            if known and not before.equals(after):
                raise ValueError(f"corrupt changed the order of the rows at level {level}")
        for name, model in models.items():
            with blame(f"model {name!r} failed at level {level}: "):
                answer = model.predict(worse)
            predicted = as_labels(f"predictions of model {name!r}", answer)
            _checks.require_comparable(f"predictions of model {name!r}", predicted, "labels", y)
            if len(predicted) != len(y):
                raise ValueError(
                    f"model {name!r} predicted {len(predicted)} labels for {len(y)} rows"
                )
            right = predicted == y
            low, high = bootstrap_interval(
                np.mean, right, groups=groups, n_resamples=n_resamples, random_state=random_state
            )
            rows.append((name, level, float(right.mean()), low, high))
    return pd.DataFrame(rows, columns=["model", "level", "accuracy", "low", "high"])


def _copy(X: Any) -> Any:
    """Return a copy, so that what `corrupt` writes into it stays out of the next level."""
    own = copy.deepcopy(X)
    if isinstance(own, pd.DataFrame):  # of which pandas copies the table, not what is in its cells
        for place, dtype in enumerate(own.dtypes):
            if pd.api.types.is_object_dtype(dtype):
                cells = list(map(copy.deepcopy, own.iloc[:, place]))
                own.isetitem(place, pd.Series(cells, index=own.index, dtype=object))
    return own
