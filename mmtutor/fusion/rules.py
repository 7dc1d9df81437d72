"""Rules that turn several experts' posteriors into one.

The task: for each sample, R experts (one for the text, one for the image, one for the sound) each
give a probability for every class; a rule answers with one probability for every class.

Conventions, the same for every rule:

- ``P`` has shape ``(n_samples, n_experts, n_classes)``; ``P[i, r]`` is expert r's posterior for
  sample i, so it is not negative and sums to 1.
- An absent expert is a row of NaN. An absent expert says nothing: the others decide. Where all are
  absent the answer is the prior.
- ``weights`` has shape ``(n_experts,)`` and is not negative; ``None`` means every expert counts 1.
- ``prior`` has shape ``(n_classes,)``, is positive and sums to 1; ``None`` means uniform.
- What comes back has shape ``(n_samples, n_classes)``; its rows sum to 1.

A rule of your own is a function ``(P, *, weights=None, prior=None)``; it may leave out the keywords
it has no use for. Give it to :class:`mmtutor.fusion.DecisionFusion` or to :func:`apply_rule`.

References
----------
.. [1] J. Kittler, M. Hatef, R. P. W. Duin, J. Matas. "On combining classifiers." IEEE Transactions
   on Pattern Analysis and Machine Intelligence 20(3), 226-239, 1998.
.. [2] C. Genest, J. V. Zidek. "Combining probability distributions: a critique and an annotated
   bibliography." Statistical Science 1(1), 114-135, 1986.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

__all__ = [
    "RULES",
    "apply_rule",
    "check_posteriors",
    "max_rule",
    "median_rule",
    "min_rule",
    "product_rule",
    "sum_rule",
    "vote_rule",
]

Rule = Callable[..., np.ndarray]

_SUM_TOLERANCE = 1e-3  # float32 posteriors of many classes are off by less than this


def sum_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    r"""Average the posteriors: the linear opinion pool.

    .. math:: p(c) = \sum_r w_r \, p_r(c) \Big/ \sum_r w_r

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : array-like of shape (n_experts,), optional
        Not negative; only their ratios matter. Default: all equal, the plain mean.
    prior : array-like of shape (n_classes,), optional
        The answer where no expert with a positive weight is present. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Posteriors; each row sums to 1.

    Raises
    ------
    ValueError
        If `P`, `weights` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05. Kittler et al. (1998) derive the sum rule from posteriors that stay close
    to the prior; its mistakes add up instead of multiplying, so one wrong expert does little harm.

    Examples
    --------
    >>> sum_rule([[[0.99, 0.01], [0.59, 0.41]]])
    array([[0.79, 0.21]])
    >>> sum_rule([[[0.99, 0.01], [0.59, 0.41]]], weights=[3, 1])
    array([[0.89, 0.11]])
    """
    P, present, prior = check_posteriors(P, prior)
    w = _weights(weights, present)
    pooled = np.einsum("nr,nrc->nc", w, P)
    return _normalise(pooled, prior)


def product_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    r"""Multiply the posteriors: right for experts that are independent given the class.

    .. math:: p(c) \propto \pi(c) \prod_r \left(\frac{p_r(c)}{\pi(c)}\right)^{w_r}
              = \pi(c)^{1 - \sum_r w_r} \prod_r p_r(c)^{w_r}

    over the experts present in the row. Without weights this divides the product by
    :math:`\pi(c)^{R-1}`, R being the number of experts present, for each posterior holds the prior
    once and it must be counted only once (Kittler et al. 1998). With weights it is the logarithmic
    opinion pool (Genest and Zidek 1986); where they sum to 1 the prior drops out.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert, which counts as one that repeats the prior.
    weights : array-like of shape (n_experts,), optional
        Exponents, not negative: 1 believes the expert as it stands, 0 ignores it, above 1 sharpens
        it. Unlike the sum rule's they are not rescaled. Default: all 1.
    prior : array-like of shape (n_classes,), optional
        Class probabilities before any expert spoke. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Posteriors; each row sums to 1.

    Raises
    ------
    ValueError
        If `P`, `weights` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05. The sum is taken over logarithms, so many small factors do not underflow.
    A probability of exactly 0 is a veto. Experts that contradict each other with certainty veto
    every class; the answer is then the limit of replacing each 0 by one small number that shrinks
    towards 0: only the classes with the least weight of vetoes stay, and the other factors decide
    between them. So two certain and opposite experts give (0.5, 0.5), and two against one win.

    Examples
    --------
    >>> product_rule([[[0.99, 0.01], [0.99, 0.01]]]).round(4)
    array([[0.9999, 0.0001]])
    >>> product_rule([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.2, 0.8]]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    P, present, prior = check_posteriors(P, prior)
    w = _weights(weights, present)
    veto = present[:, :, None] & (P == 0)
    log_p = np.log(np.where(P > 0, P, 1.0))
    score = np.einsum("nr,nrc->nc", w, log_p) + (1 - w.sum(axis=1))[:, None] * np.log(prior)
    vetoes = np.einsum("nr,nrc->nc", w, veto.astype(float))
    score[vetoes > vetoes.min(axis=1, keepdims=True) + 1e-9] = -np.inf
    return softmax(score, axis=1)


def max_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    """Believe, for each class, the expert most in favour of it.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : None
        Not defined for this rule: anything else raises.
    prior : array-like of shape (n_classes,), optional
        The answer where all experts are absent. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The largest posterior of each class, divided by their sum.

    Raises
    ------
    ValueError
        If `weights` is given, or `P` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05. One expert that is sure and wrong decides, so the rule needs calibrated
    experts.

    Examples
    --------
    >>> max_rule([[[0.9, 0.1], [0.4, 0.6]]])
    array([[0.6, 0.4]])
    """
    _no_weights(weights, "max")
    P, _, prior = check_posteriors(P, prior)
    return _normalise(P.max(axis=1), prior)  # absent experts are zeros here, never the maximum


def min_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    """Believe, for each class, the expert most against it.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : None
        Not defined for this rule: anything else raises.
    prior : array-like of shape (n_classes,), optional
        The answer where all experts are absent, or where every class has an expert that gives it
        exactly 0. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The smallest posterior of each class, divided by their sum.

    Raises
    ------
    ValueError
        If `weights` is given, or `P` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05. The minimum bounds the product from above, and shares its vetoes.

    Examples
    --------
    >>> min_rule([[[0.9, 0.1], [0.4, 0.6]]])
    array([[0.8, 0.2]])
    """
    _no_weights(weights, "min")
    P, present, prior = check_posteriors(P, prior)
    lowest = np.where(present[:, :, None], P, np.inf).min(axis=1)
    lowest[~present.any(axis=1)] = 0
    return _normalise(lowest, prior)


def median_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    """Take the median posterior of each class: the mean that ignores outliers.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : array-like of shape (n_experts,), optional
        Not negative. The weighted median: half of the weight lies on each side. Default: all equal.
    prior : array-like of shape (n_classes,), optional
        The answer where no expert with a positive weight is present, or where the median of every
        class is exactly 0. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The medians, divided by their sum.

    Raises
    ------
    ValueError
        If `P`, `weights` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05. With two experts of equal weight it is the sum rule.

    Examples
    --------
    >>> median_rule([[[0.7, 0.3], [0.6, 0.4], [0.0, 1.0]]])
    array([[0.6, 0.4]])
    """
    P, present, prior = check_posteriors(P, prior)
    w = np.broadcast_to(_weights(weights, present)[:, :, None], P.shape)
    order = P.argsort(axis=1, kind="stable")
    values, steps = np.take_along_axis(P, order, 1), np.take_along_axis(w, order, 1)
    reached = steps.cumsum(axis=1)  # the weight at or below each value
    half = reached[:, -1:] / 2
    slack = 1e-12 * half
    lower = np.where((reached >= half - slack) & (steps > 0), values, np.inf).min(axis=1)
    upper = np.where((reached - steps <= half + slack) & (steps > 0), values, -np.inf).max(axis=1)
    heard = (w > 0).any(axis=1)
    middle = np.where(heard, np.where(heard, lower, 0) + np.where(heard, upper, 0), 0) / 2
    return _normalise(middle, prior)


def vote_rule(
    P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
) -> np.ndarray:
    """Let each expert vote for its most probable class; answer with the shares of the votes.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert. An expert whose largest posterior is shared by
        several classes splits its vote between them.
    weights : array-like of shape (n_experts,), optional
        How many votes each expert has, not negative. Default: one each.
    prior : array-like of shape (n_classes,), optional
        The answer where no expert with a positive weight is present. Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Shares of the votes; each row sums to 1. With few experts ties are common, and a classifier
        that takes the first of the largest shares then favours the class listed first.

    Raises
    ------
    ValueError
        If `P`, `weights` or `prior` break the conventions of this module.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> vote_rule([[[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]]]).round(2)
    array([[0.33, 0.67]])
    """
    P, present, prior = check_posteriors(P, prior)
    w = _weights(weights, present)
    ballots = (P.max(axis=2, keepdims=True) == P) & present[:, :, None]
    ballots = ballots / np.maximum(ballots.sum(axis=2, keepdims=True), 1)
    return _normalise(np.einsum("nr,nrc->nc", w, ballots), prior)


#: The rules by name, as ``DecisionFusion(rule="...")`` knows them.
RULES: dict[str, Rule] = {
    "sum": sum_rule,
    "product": product_rule,
    "max": max_rule,
    "min": min_rule,
    "median": median_rule,
    "vote": vote_rule,
}


def apply_rule(
    rule: str | Rule,
    P: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    prior: ArrayLike | None = None,
) -> np.ndarray:
    """Apply a rule given by its name or as a function, and check what a function returns.

    Parameters
    ----------
    rule : {"sum", "product", "max", "min", "median", "vote"} or callable
        A callable gets `P`, and `weights` and `prior` if it has parameters of these names.
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : array-like of shape (n_experts,), optional
        Not negative.
    prior : array-like of shape (n_classes,), optional
        Default: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Posteriors; each row sums to 1.

    Raises
    ------
    ValueError
        If the name is unknown, if weights are given to a function that takes none, or if a function
        returns something other than posteriors.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> def first_rule(P):
    ...     return P[:, 0]
    >>> apply_rule(first_rule, [[[0.9, 0.1], [0.3, 0.7]]])
    array([[0.9, 0.1]])
    """
    if not callable(rule):
        if not isinstance(rule, str) or rule not in RULES:
            raise ValueError(f"unknown rule {rule!r}: use one of {sorted(RULES)} or a function")
        return RULES[rule](P, weights=weights, prior=prior)
    P, present, prior = check_posteriors(P, prior)
    name = getattr(rule, "__name__", type(rule).__name__)
    offered = {"weights": None if weights is None else _weights(weights, present, plain=True)}
    offered["prior"] = prior
    taken = _keywords(rule)
    if weights is not None and "weights" not in taken:
        raise ValueError(f"the rule {name} takes no weights: leave weights=None, or add a keyword")
    P = np.where(present[:, :, None], P, np.nan)
    out = np.asarray(rule(P, **{key: offered[key] for key in taken}), dtype=float)
    wanted = (P.shape[0], P.shape[2])
    if out.shape != wanted:
        raise ValueError(
            f"the rule {name} returned shape {out.shape}; expected (n_samples, n_classes) = "
            f"{wanted}: combine over the experts, axis=1"
        )
    if not np.isfinite(out).all() or (out < 0).any():
        raise ValueError(
            f"the rule {name} returned NaN, infinite or negative values; experts may be absent "
            "(rows of NaN: use np.nansum, np.nanmax, ...) and probabilities may be exactly 0"
        )
    sums = out.sum(axis=1)
    if (np.abs(sums - 1) > _SUM_TOLERANCE).any():
        raise ValueError(
            f"the rule {name} returned rows that sum to {sums.min():.3g} up to {sums.max():.3g}, "
            "not to 1: divide by out.sum(axis=1, keepdims=True)"
        )
    return out


def check_posteriors(
    P: ArrayLike, prior: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Validate experts' posteriors and the prior.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    prior : array-like of shape (n_classes,), optional
        Default: uniform.

    Returns
    -------
    P : ndarray of shape (n_samples, n_experts, n_classes)
        A float copy, each row divided by its sum, absent experts as rows of zeros.
    present : ndarray of bool of shape (n_samples, n_experts)
        Which expert is present in which sample.
    prior : ndarray of shape (n_classes,)
        The prior, uniform if none was given.

    Raises
    ------
    ValueError
        If `P` has not three axes, if a row is partly NaN, holds negative or infinite values or does
        not sum to 1 (within 0.001), or if `prior` is not a positive distribution over the classes.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> P, present, prior = check_posteriors([[[0.9, 0.1], [float("nan"), float("nan")]]])
    >>> present
    array([[ True, False]])
    >>> prior
    array([0.5, 0.5])
    """
    P = np.array(P, dtype=float)
    if P.ndim != 3:
        raise ValueError(
            f"P has {P.ndim} axes, shape {P.shape}; expected (n_samples, n_experts, n_classes): "
            "stack the experts' posteriors with np.stack([p_text, p_image], axis=1)"
        )
    _, n_experts, n_classes = P.shape
    if n_experts == 0 or n_classes == 0:
        raise ValueError(f"P has shape {P.shape}: there is nothing to fuse")
    nan = np.isnan(P)
    present = ~nan.any(axis=2)
    partly = nan.any(axis=2) & ~nan.all(axis=2)
    if partly.any():
        raise ValueError(
            f"P has rows that are partly NaN, the first at {_first(partly)}: an absent expert is "
            "NaN for every class, a present one for none"
        )
    P[nan] = 0
    if np.isinf(P).any() or (P < 0).any():
        bad = (np.isinf(P) | (P < 0)).any(axis=2)
        raise ValueError(
            f"P has negative or infinite values, the first at {_first(bad)}: expected "
            "probabilities; turn scores or logarithms into posteriors first"
        )
    sums = P.sum(axis=2)
    wrong = present & (np.abs(sums - 1) > _SUM_TOLERANCE)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        raise ValueError(
            f"P has rows that do not sum to 1, the first at {_first(wrong)} with sum "
            f"{sums[at]:.4g}: divide by P.sum(axis=2, keepdims=True)"
        )
    P /= np.where(present, sums, 1)[:, :, None]
    return P, present, _check_prior(prior, n_classes)


def _check_prior(prior: ArrayLike | None, n_classes: int) -> np.ndarray:
    if prior is None:
        return np.full(n_classes, 1 / n_classes)
    prior = np.asarray(prior, dtype=float)
    if prior.shape != (n_classes,):
        raise ValueError(f"prior has shape {prior.shape}; expected ({n_classes},), one per class")
    if not (prior > 0).all() or abs(prior.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(f"prior is {prior}; expected positive probabilities that sum to 1")
    return prior / prior.sum()


def _weights(weights: ArrayLike | None, present: np.ndarray, plain: bool = False) -> np.ndarray:
    """Return each sample's weights, 0 where the expert is absent (`plain`: as given, 1-D)."""
    n_experts = present.shape[1]
    if weights is None:
        return present.astype(float)
    w = np.asarray(weights, dtype=float)
    if w.shape != (n_experts,):
        raise ValueError(f"weights has shape {w.shape}; expected ({n_experts},), one per expert")
    if not np.isfinite(w).all() or (w < 0).any():
        raise ValueError(f"weights are {w}; expected finite numbers that are not negative")
    if not w.any():
        raise ValueError("all weights are 0: at least one expert must be heard")
    return w if plain else present * w


def _no_weights(weights: ArrayLike | None, rule: str) -> None:
    if weights is not None:
        raise ValueError(
            f"the {rule} rule takes no weights: leave weights=None, or use sum, product, median or "
            "vote"
        )


def _normalise(scores: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Divide rows by their sum; a row of zeros becomes the prior."""
    sums = scores.sum(axis=1, keepdims=True)
    return np.where(sums > 0, scores / np.where(sums > 0, sums, 1), prior)


def _keywords(rule: Rule) -> list[str]:
    """Return which of weights and prior the function takes."""
    parameters = inspect.signature(rule).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return ["weights", "prior"]
    names = {p.name for p in parameters}
    return [key for key in ("weights", "prior") if key in names]


def _first(mask: np.ndarray) -> str:
    sample, expert = np.argwhere(mask)[0]
    return f"sample {sample}, expert {expert}"
