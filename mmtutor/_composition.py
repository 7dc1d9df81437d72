"""Estimators made of named parts, each of which reads its own columns of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data


class Composition(BaseEstimator):
    """An estimator made of ``(name, estimator, columns)`` triples, with nested parameters.

    A subclass names its list parameter in ``_parts``. Parameters of a part are reached as
    ``name__parameter`` and a part is replaced as ``name``, as in scikit-learn's ColumnTransformer.
    """

    _parts = ""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with `deep` also those of every part."""
        params = super().get_params(deep=False)
        if not deep:
            return params
        for key, value in list(params.items()):
            if hasattr(value, "get_params") and not isinstance(value, type):
                params |= {f"{key}__{k}": v for k, v in value.get_params().items()}
        for name, estimator, _ in self._triples():
            params[name] = estimator
            if hasattr(estimator, "get_params") and not isinstance(estimator, type):
                params |= {f"{name}__{k}": v for k, v in estimator.get_params().items()}
        return params

    def set_params(self, **params: Any) -> Composition:
        """Set parameters; ``name=...`` replaces a part, ``name__parameter=...`` tunes it."""
        if self._parts in params:
            setattr(self, self._parts, params.pop(self._parts))
        parts = self._triples()
        replaced = {part[0]: params.pop(part[0]) for part in parts if part[0] in params}
        if replaced:
            new = [(name, replaced.get(name, est), columns) for name, est, columns in parts]
            setattr(self, self._parts, new)
        super().set_params(**params)
        return self

    def _triples(self) -> list[tuple[str, Any, Any]]:
        """Return what looks like parts; the rest is reported by check_parts, when fitting."""
        parts = getattr(self, self._parts)
        if not isinstance(parts, list | tuple):
            return []
        return [p for p in parts if isinstance(p, list | tuple) and len(p) == 3]

    def check_parts(self) -> list[tuple[str, Any, Any]]:
        """Return the parts; raise ``ValueError`` or ``TypeError`` that says what is wrong."""
        kind, parts = self._parts, getattr(self, self._parts)
        if not isinstance(parts, list | tuple) or len(parts) == 0:
            raise ValueError(
                f"{kind} is {parts!r}; expected a list of (name, estimator, columns) triples"
            )
        for part in parts:
            if not isinstance(part, list | tuple) or len(part) != 3:
                raise ValueError(f"{kind}: expected (name, estimator, columns) triples, got {part}")
        names = [part[0] for part in parts]
        own = set(super().get_params(deep=False))
        for name in names:
            if not isinstance(name, str) or not name or "__" in name or name in own:
                raise ValueError(
                    f"{kind}: {name!r} cannot be a name; use a string without '__' that is none of "
                    f"{sorted(own)}"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"{kind}: names must differ from each other, got {names}")
        return [tuple(part) for part in parts]

    def check_X(self, X: Any, *, reset: bool) -> Any:
        """Return a DataFrame as it is, anything else as a 2-D array; remember or check columns."""
        if isinstance(X, pd.Series):
            raise ValueError(
                "Expected 2D array, got a Series instead: pass a DataFrame, for one sample "
                "frame.iloc[[0]]"
            )
        if not isinstance(X, pd.DataFrame):
            # NaN is a missing cell; infinity is left for the parts to refuse
            X = check_array(X, dtype=None, ensure_all_finite=False, estimator=self)
        validate_data(self, X, reset=reset, skip_check_array=True)
        if len(X) == 0:
            raise ValueError("Found array with 0 sample(s): a minimum of 1 is required")
        return X


def weight_array(weights: Any, names: list[str], kind: str) -> np.ndarray:
    """Return a mapping's values in the order of the names."""
    if not hasattr(weights, "keys"):
        raise ValueError(
            f"weights is {weights!r}; expected a mapping with a number for each of the {kind} "
            f"{names}"
        )
    if set(weights) != set(names):
        raise ValueError(f"weights names {sorted(weights)}, but the {kind} are {sorted(names)}")
    return np.array([float(weights[name]) for name in names])
