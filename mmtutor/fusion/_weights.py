"""Weights of experts and blocks: given by hand, or learned from out-of-fold posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_softmax

from mmtutor._rows import as_labels, floats
from mmtutor.fusion.rules import (
    RULES,
    Rule,
    _check_prior,
    _keywords,
    apply_rule,
    can_be_weights,
    check_rule,
    in_order,
)

_UNWEIGHTED = ("max", "min", "stack")
_UNLEARNABLE = ("max", "min", "stack", "median", "vote")


def given_weights(weights: Any, parts: list[tuple], used: list[str], kind: str) -> dict[str, float]:
    """Return the weight of each part in use; raise ``ValueError`` if `weights` does not fit.

    `weights` is a mapping or Series by name, or has a number for each of the `parts`; those left
    out by "drop" have one, too, so that a search can leave parts out.
    """
    names = [part[0] for part in parts]
    w = floats("weights", in_order("weights", weights, names, kind))
    if w.shape != (len(names),):
        raise ValueError(
            f"weights is {weights!r}; expected a number for each of the {kind} {names}: a mapping "
            "by name, or an array in their order"
        )
    chosen = {name: value for name, value in zip(names, w.tolist(), strict=True) if name in used}
    if not can_be_weights(w) or not can_be_weights(np.array([*chosen.values()])):
        raise ValueError(
            f"weights are {chosen}; expected numbers >= 0, not all 0, the largest from 1e-100 to "
            "1e100"
        )
    return chosen


def check_weighted(rule: str | Rule, *, learned: bool) -> None:
    """Raise ``ValueError`` if the rule takes no weights, or can learn none."""
    name = next((key for key, function in RULES.items() if function is rule), rule)
    if name == "stack":
        raise ValueError("rule='stack' learns its own weights: leave weights=None")
    if learned and name == "vote":
        raise ValueError(
            "the rule 'vote' takes no learned weights: shares of votes are no probabilities, and "
            "their log-loss can give all weight to one expert; give weights, or use rule='sum'"
        )
    unfit = _UNLEARNABLE if learned else _UNWEIGHTED
    if name in unfit or (callable(name) and "weights" not in _keywords(name)):
        raise ValueError(
            f"the rule {name!r} takes no {'learned ' * learned}weights: leave weights=None"
        )


def sample_weights(given: ArrayLike | None, rows: Sequence[Any]) -> np.ndarray:
    """Return how much each row counts, 1 for None; raise ``ValueError`` if that cannot be."""
    if given is None:
        return np.ones(len(rows))
    counts = floats("sample_weight", given).astype(float)
    if counts.shape != (len(rows),):
        raise ValueError(
            f"sample_weight has shape {counts.shape}; expected ({len(rows)},): Sample weights must "
            "be 1D array, one for each sample"
        )
    wrong = ~(np.isfinite(counts) & (counts >= 0))
    if wrong.any():
        first = wrong.argmax()
        raise ValueError(
            f"sample_weight is {counts[first]} in row {rows[first]}; expected numbers >= 0, "
            "neither NaN nor infinite"
        )
    if not counts.any():
        raise ValueError("sample_weight is zero for every sample: at least one must count")
    with np.errstate(over="ignore"):
        if np.isinf(counts.sum()):
            raise ValueError("sample_weight sums to infinity: divide it by its largest")
    return counts


def learn_weights(
    P: ArrayLike,
    y: ArrayLike,
    *,
    rule: str | Rule = "sum",
    prior: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
) -> np.ndarray:
    """Learn how much to believe each expert, from posteriors on samples it was not trained on.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Out-of-fold posteriors; a row of NaN is an absent expert.
    y : array-like of shape (n_samples,)
        The true classes, as integers from 0 to n_classes - 1.
    rule : {"sum", "product"} or callable, default="sum"
        The rule that will use the weights; a function of your own takes a keyword ``weights``.
    prior : array-like of shape (n_classes,), default=None
        Class probabilities of the experts' training data; None is uniform.
    sample_weight : array-like of shape (n_samples,), default=None
        How much each sample counts; None is 1.

    Returns
    -------
    ndarray of shape (n_experts,)
        Not negative; for the sum they sum to 1, for the product they are exponents.

    Raises
    ------
    ValueError
        If the rule takes no weights or can learn none ("max", "min", "median", "vote"), if `P` or
        `prior` break the conventions of :mod:`mmtutor.fusion.rules`, if `y` does not number the
        classes of `P`, or if `sample_weight` is not a number >= 0 for each sample, one above 0.

    See Also
    --------
    mmtutor.fusion.DecisionFusion : Makes the out-of-fold posteriors, and learns from them.
    mmtutor.fusion.rules.apply_rule : Uses the weights.

    Notes
    -----
    Taught in notebook 05. The weights minimise the log-loss of the fused posteriors.

    The mean of calibrated posteriors is less sure than it should be (Ranjan and Gneiting 2010), and
    the loss alone would make it surer by giving all weight to one expert. So what a sum, or a rule
    of your own, answers is first raised to a common power, learned with the weights and then
    forgotten. The power costs 3 / n_samples a unit, or it could undo the dilution by an expert that
    only repeats the prior. The product's exponents cost 1 / n_samples each: an expert that only
    repeats the prior could have any exponent, and should have none.

    Do not learn weights from posteriors on the experts' own training samples, and not from a few
    dozen samples: equal weights are then the safer choice.

    References
    ----------
    .. [1] R. Ranjan, T. Gneiting. "Combining probability forecasts." Journal of the Royal
       Statistical Society B 72(1), 71-91, 2010.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 500)
    >>> good, useless = np.where(y[:, None] == [0, 1], 0.8, 0.2), rng.uniform(size=500)
    >>> P = np.stack([good, np.column_stack([useless, 1 - useless])], axis=1)
    >>> learn_weights(P, y).round(2)
    array([1., 0.])
    """
    check_rule(rule, list(RULES))
    check_weighted(rule, learned=True)
    P, y = floats("P", P).astype(float), as_labels("y", y)
    fit = P.ndim == 3 and P.size > 0 and y.shape == P.shape[:1]
    strange = y[~np.isin(y, range(P.shape[2]))].tolist() if fit else []
    if not fit or strange:
        raise ValueError(
            f"P has shape {P.shape} and y {y.shape}; expected (n_samples, n_experts, n_classes) "
            "and, for each sample, the number of its class from 0 to n_classes - 1"
            + "".join(f", not {label!r:.60}" for label in strange[:1])
        )
    y = y.astype(int)  # such as True and 1.0
    n_samples, n_experts, n_classes = P.shape
    prior = _check_prior(prior, n_classes)
    counts = sample_weights(sample_weight, range(n_samples))
    product = rule in ("product", RULES["product"])

    def loss(parameters: np.ndarray) -> float:
        w, power = parameters[:n_experts], parameters[n_experts:]
        heard = can_be_weights(w)
        p = apply_rule(rule, P, weights=w, prior=prior) if heard else np.tile(prior, (len(P), 1))
        logp = np.log(np.maximum(p, 1e-12))
        logp = logp if product else log_softmax(power * logp, axis=1)
        cost = w.sum() if product else 3 * power[0]
        return (cost - counts @ logp[np.arange(n_samples), y]) / counts.sum()

    start = np.ones(n_experts) if product else np.r_[np.ones(n_experts) / n_experts, 1.5]
    bounds = [(0, None)] * n_experts + ([] if product else [(0.1, 20)])
    w = minimize(loss, start, method="L-BFGS-B", jac="3-point", bounds=bounds).x[:n_experts]
    w = w if can_be_weights(w) else start[:n_experts]
    return w / w.sum() if rule in ("sum", RULES["sum"]) else w
