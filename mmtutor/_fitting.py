"""A fit begins with nothing learned, and one that fails leaves nothing that could answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
Self = TypeVar("Self")
Result = TypeVar("Result")


def fits_anew(
    fit: Callable[Concatenate[Self, P], Result],
) -> Callable[Concatenate[Self, P], Result]:
    """Make a method that fits forget what was fitted, at its start and again where it fails.

    Otherwise old experts could answer with new labels. What is fitted ends in "_", for
    scikit-learn's ``check_is_fitted`` looks for that.
    """

    @wraps(fit)
    def fit_anew(self: Self, *given: P.args, **named: P.kwargs) -> Result:
        _forget(self)
        try:
            return fit(self, *given, **named)
        except BaseException:  # an interrupted fit is none either
            _forget(self)
            raise

    return fit_anew


def _forget(estimator: Any) -> None:
    for name in [name for name in vars(estimator) if name.endswith("_")]:
        delattr(estimator, name)
