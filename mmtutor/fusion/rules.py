"""Rules that turn several experts' posteriors into one.

The task: for each sample, R experts (one for the text, one for the image, one for the sound) each
give a probability for every class; a rule answers with one probability for every class.

Conventions, the same for every rule:

- ``P`` has shape ``(n_samples, n_experts, n_classes)``; ``P[i, r]`` is expert r's posterior for
  sample i, so it is not negative and sums to 1.
- An absent expert is a row of NaN. An absent expert says nothing: the others decide. Where all are
  absent the answer is the prior.
- ``weights`` has shape ``(n_experts,)`` and is not negative, the largest from 1e-100 to 1e100;
  ``None`` means every expert counts 1.
- ``prior`` has shape ``(n_classes,)``, is positive and sums to 1; ``None`` means uniform.
- Experts and classes have no names here, only numbers: a mapping or Series of weights or of a prior
  goes by the numbers that it names, a Series with a plain index (0, 1, ...) by its order.
- What comes back has shape ``(n_samples, n_classes)``; its rows sum to 1. It is float32 where ``P``
  is, float64 otherwise.

A rule of your own is a function ``(P, *, weights=None, prior=None)``; it may leave out the keywords
it has no use for. Give it to :class:`mmtutor.fusion.DecisionFusion` or to :func:`apply_rule`.

Each rule below is written as its formula: a function of a few hundred samples at a time, arranged
so that NumPy's inner loops run over samples. ``p`` has shape ``(n_experts, n_classes, n_samples)``,
its rows sum to 1, and an absent expert's are 0; ``w`` has shape ``(n_experts, n_samples)``, 0 where
the expert is absent; what the formula returns, of shape ``(n_classes, n_samples)``, need not sum to
1. Everything else is done once, by :func:`_rule`.

References
----------
.. [1] J. Kittler, M. Hatef, R. P. W. Duin, J. Matas. "On combining classifiers." IEEE Transactions
   on Pattern Analysis and Machine Intelligence 20(3), 226-239, 1998.
.. [2] C. Genest, J. V. Zidek. "Combining probability distributions: a critique and an annotated
   bibliography." Statistical Science 1(1), 114-135, 1986.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mmtutor._rows import floats
from mmtutor._table import blame

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
Formula = Callable[[NDArray, NDArray, NDArray], NDArray]

_SUM_TOLERANCE = 1e-3  # float32 posteriors of many classes are off by less than this
_LEAST = 1e-300  # that a class probability can be, as others are divided by it
_CHUNK_BYTES = 2**19  # posteriors worked on at a time: they and what is made of them stay in cache

_SECTIONS = """\
Parameters
----------
P : array-like of shape (n_samples, n_experts, n_classes)
    Posteriors; a row of NaN is an absent expert.
weights : {weights}
prior : array-like of shape (n_classes,), default=None
    Class probabilities before any expert spoke; None: uniform. The answer where no expert is heard
    (all absent, or of weight 0) or where every class comes out as 0.

Returns
-------
ndarray of shape (n_samples, n_classes)
    Posteriors; each row sums to 1. float32 if `P` is, otherwise float64.

Raises
------
ValueError
    If `P`, `weights` or `prior` break the conventions of :mod:`mmtutor.fusion.rules`.

"""


def _rule(*, weights: str | None) -> Callable[[Formula], Rule]:
    """Make a rule of a formula: checks, chunks, absent experts, normalising, and the docstring.

    `weights` says what they mean to this rule, None that it has none. The sections that all rules
    share go before the docstring's "See Also".
    """
    takes_weights = weights is not None
    about = (
        f"array-like of shape (n_experts,), default=None\n    {weights} None: all 1."
        if takes_weights
        else "None\n    Not defined for this rule: anything else raises."
    )

    def decorate(formula: Formula) -> Rule:
        name = formula.__name__.removesuffix("_rule")

        def rule(
            P: ArrayLike, *, weights: ArrayLike | None = None, prior: ArrayLike | None = None
        ) -> np.ndarray:
            if weights is not None and not takes_weights:
                raise ValueError(
                    f"the {name} rule takes no weights: leave weights=None, or use sum, product, "
                    "median or vote"
                )
            return _fuse(formula, P, weights, prior)

        signature = inspect.signature(rule)
        update_wrapper(rule, formula, assigned=("__module__", "__name__", "__qualname__"))
        rule.__signature__ = signature  # type: ignore[attr-defined] # not the formula's
        if formula.__doc__:  # there is none under python -OO
            before, see_also, after = inspect.cleandoc(formula.__doc__).partition("See Also\n")
            rule.__doc__ = f"{before}{_SECTIONS.format(weights=about)}{see_also}{after}\n"
        return rule

    return decorate


@_rule(weights="Not negative; only their ratios matter.")
def sum_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    r"""Average the posteriors: the sum rule (求和规则), or linear opinion pool.

    .. math:: p(c) = \sum_r w_r \, p_r(c) \Big/ \sum_r w_r

    Not for experts that are independent given the class and calibrated: their agreement is
    evidence, and a mean is never surer than the surest of them. Use :func:`product_rule`.

    See Also
    --------
    product_rule : Adds up the evidence of independent experts.
    median_rule : Not moved by one expert far from the others.
    sklearn.ensemble.VotingClassifier : The same mean, of classifiers that read the same table.

    Notes
    -----
    Taught in notebook 05. Kittler et al. (1998) derive the sum rule from posteriors that stay close
    to the prior; its mistakes add up instead of multiplying, so one wrong expert does little harm.
    Theirs is ``(1 - R) prior(c) + sum_r p_r(c)`` for R experts: where the classes are equally
    frequent it decides as this mean does, where they are not it may decide otherwise.

    Examples
    --------
    >>> sum_rule([[[0.99, 0.01], [0.59, 0.41]]])
    array([[0.79, 0.21]])
    >>> sum_rule([[[0.99, 0.01], [0.59, 0.41]]], weights=[3, 1])
    array([[0.89, 0.11]])
    """
    return np.einsum("rn,rcn->cn", w, p)


@_rule(
    weights="Exponents, not negative: 1 believes the expert as it stands, 0 ignores it, above 1 "
    "sharpens\n    it. Unlike the sum rule's they are not rescaled."
)
def product_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    r"""Multiply the posteriors: the product rule (乘积规则), for independent experts.

    .. math:: p(c) \propto \pi(c) \prod_r \left(\frac{p_r(c)}{\pi(c)}\right)^{w_r}
              = \pi(c)^{1 - \sum_r w_r} \prod_r p_r(c)^{w_r}

    over the experts present in the row; :math:`\pi` is the prior. Without weights this divides the
    product by :math:`\pi(c)^{R-1}`, R being the number of experts present, for each posterior holds
    the prior once and it must be counted only once (Kittler et al. 1998). With weights it is the
    logarithmic opinion pool (Genest and Zidek 1986); where they sum to 1 the prior drops out. An
    absent expert counts as one that repeats the prior.

    Right for experts that are independent given the class. Not for experts that see the same thing,
    whose one piece of evidence it counts several times, nor for uncalibrated ones that say 0.

    See Also
    --------
    sum_rule : Forgives a wrong expert, and knows no veto.
    min_rule : Shares the vetoes, and counts repeated evidence once.

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
    smallest = p.min()  # 0 also where an expert is absent
    if (w == 1).all() and (smallest * prior.min()) ** len(p) > np.finfo(p.dtype).tiny:
        return p.prod(axis=0) / prior[:, None] ** (len(p) - 1)
    veto = p == 0  # an absent expert's, too: its weight is 0
    log_p = np.log(np.where(veto, 1, p) if smallest == 0 else p)
    score = np.einsum("rn,rcn->cn", w, log_p) + np.outer(np.log(prior), 1 - w.sum(axis=0))
    if smallest == 0:
        vetoes = np.einsum("rn,rcn->cn", w, veto)
        score[vetoes > vetoes.min(axis=0) + 1e-9] = -np.inf
    return np.exp(score - score.max(axis=0))


@_rule(weights=None)
def max_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    """Believe, for each class, the expert most in favour: the maximum rule (最大值规则).

    The largest posterior of each class, divided by their sum. One expert that is sure and wrong
    decides: not for experts that are not calibrated.

    See Also
    --------
    min_rule : Believes the expert most against each class.
    median_rule : Believes neither extreme.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> max_rule([[[0.9, 0.1], [0.4, 0.6]]])
    array([[0.6, 0.4]])
    """
    return p.max(axis=0)


@_rule(weights=None)
def min_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    """Believe, for each class, the expert most against it: the minimum rule (最小值规则).

    The smallest posterior of each class, divided by their sum. Not for experts that say exactly 0
    without being certain: a single 0 rules the class out, whatever the others say.

    See Also
    --------
    max_rule : Believes the expert most in favour of each class.
    product_rule : Shares the vetoes, and adds up the evidence.

    Notes
    -----
    Taught in notebook 05. The minimum bounds the product from above, and shares its vetoes.

    Examples
    --------
    >>> min_rule([[[0.9, 0.1], [0.4, 0.6]]])
    array([[0.8, 0.2]])
    """
    return np.where(w[:, None] > 0, p, np.inf).min(axis=0)


@_rule(weights="Not negative. The weighted median: half of the weight lies on each side.")
def median_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    """Take the median posterior of each class: the median rule (中位数规则).

    The medians, divided by their sum: a mean that ignores outliers. Not for two experts, where it
    is the sum rule, nor where one expert alone knows better: it is the outlier.

    See Also
    --------
    sum_rule : The mean, to which every expert contributes.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> median_rule([[[0.7, 0.3], [0.6, 0.4], [0.0, 1.0]]])
    array([[0.6, 0.4]])
    """
    if ((w == 0) | (w == w.max())).all():
        return _plain_median(p, w > 0)
    order = p.argsort(axis=0, kind="stable")
    p = np.take_along_axis(p, order, axis=0)
    reached = np.take_along_axis(w[:, None], order, axis=0).cumsum(axis=0)
    half = reached[-1] / 2  # where it is met exactly, two values are in the middle
    lower = (reached >= half * (1 - 1e-12)).argmax(axis=0)
    upper = (reached > half * (1 + 1e-12)).argmax(axis=0)
    middle = np.take_along_axis(p, np.stack([lower, upper]), axis=0)
    return middle.mean(axis=0)


def _plain_median(p: NDArray, heard: NDArray) -> NDArray:
    """Return the median over the experts that are heard, each counting the same."""
    ranked = _lowest(p if heard.all() else np.where(heard[:, None], p, np.inf), len(p) // 2 + 1)

    def middle(k: int) -> NDArray:  # of the k lowest
        low, high = ranked[(k - 1) // 2], ranked[k // 2]
        return high if low is high else (low + high) / 2

    n_heard = heard.sum(axis=0)
    median = middle(len(p))
    for k in np.flatnonzero(np.bincount(n_heard, minlength=len(p) + 1)[:-1]).tolist():
        median = np.where(n_heard == k, middle(k), median)
    return median


def _lowest(p: NDArray, n: int) -> list[NDArray]:
    """Return each class's n lowest posteriors in rising order, as one array a rank."""
    if len(p) > 8:  # from here on sorting is the faster
        return list(np.sort(p, axis=0)[:n])
    left = list(p)
    for rank in range(n):  # one by one, the lowest of those left comes to the front
        for other in range(rank + 1, len(left)):
            low = np.minimum(left[rank], left[other])
            if rank < n - 1:  # after the last, nobody asks what is left
                left[other] = np.maximum(left[rank], left[other])
            left[rank] = low
    return left[:n]


@_rule(weights="How many votes each expert has, not negative.")
def vote_rule(p: NDArray, w: NDArray, prior: NDArray) -> NDArray:
    """Let each expert vote for its most probable class: majority vote (多数投票).

    The shares of the votes. An expert whose largest posterior is shared by several classes splits
    its vote between them. Not for experts whose posteriors mean what they say: the vote throws away
    how sure they are. With few experts ties are common, and a classifier that takes the first of
    the largest shares then favours the class listed first.

    See Also
    --------
    sum_rule : Counts how sure each expert is.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> vote_rule([[[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]]]).round(2)
    array([[0.33, 0.67]])
    """
    best = p == p.max(axis=1, keepdims=True)
    return np.einsum("rn,rcn->cn", w / best.sum(axis=1), best)


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
        A callable gets a copy of `P`, and `weights` and `prior` if it has parameters of these
        names.
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    weights : array-like of shape (n_experts,), default=None
        Not negative.
    prior : array-like of shape (n_classes,), default=None
        Class probabilities before any expert spoke; None: uniform.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        Posteriors; each row sums to 1.

    Raises
    ------
    ValueError
        If the name is unknown, if weights are given to a function that takes none, or if a function
        returns something other than posteriors.

    See Also
    --------
    mmtutor.fusion.DecisionFusion : Fits the experts too, and applies a rule to their posteriors.

    Notes
    -----
    Taught in notebook 06. Where the rule is known beforehand, call the rule.

    Examples
    --------
    >>> def first_rule(P):
    ...     return P[:, 0]
    >>> apply_rule(first_rule, [[[0.9, 0.1], [0.3, 0.7]]])
    array([[0.9, 0.1]])
    """
    check_rule(rule, list(RULES))
    if isinstance(rule, str):
        return RULES[rule](P, weights=weights, prior=prior)
    P, present, prior = check_posteriors(P, prior)
    name = getattr(rule, "__name__", type(rule).__name__)
    offered = {"weights": weights, "prior": prior}
    if weights is not None:
        offered["weights"] = _check_weights(weights, P.shape[1])
    taken = _keywords(rule)
    if weights is not None and "weights" not in taken:
        raise ValueError(f"the rule {name} takes no weights: leave weights=None, or add a keyword")
    P[~present] = np.nan
    with blame(f"the rule {name}: "):
        returned = rule(P, **{key: offered[key] for key in taken})
    out = floats(f"what the rule {name} returned", returned)
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

    The rules do this themselves: call it in a rule of your own that is not given to
    :func:`apply_rule`.

    Parameters
    ----------
    P : array-like of shape (n_samples, n_experts, n_classes)
        Posteriors; a row of NaN is an absent expert.
    prior : array-like of shape (n_classes,), default=None
        Class probabilities before any expert spoke; None: uniform.

    Returns
    -------
    P : ndarray of shape (n_samples, n_experts, n_classes)
        A copy, each row divided by its sum, absent experts as rows of zeros. float32 if `P` is,
        otherwise float64.
    present : ndarray of bool of shape (n_samples, n_experts)
        Which expert is present in which sample.
    prior : ndarray of shape (n_classes,)
        The prior, uniform if none was given.

    Raises
    ------
    ValueError
        If `P` has not three axes, if a row is partly NaN, holds negative or infinite values or does
        not sum to 1 (within 0.001), or if `prior` is not a positive distribution over the classes.

    See Also
    --------
    apply_rule : Checks what goes into a rule and what comes out.

    Notes
    -----
    Not used in a notebook: it is for rules of your own.

    Examples
    --------
    >>> P, present, prior = check_posteriors([[[0.9, 0.1], [float("nan"), float("nan")]]])
    >>> present
    array([[ True, False]])
    >>> prior
    array([0.5, 0.5])
    """
    P = _three_axes(P).copy()
    present = _clean(np.moveaxis(P, 0, 2), first=0)
    return P, present.T, _check_prior(prior, P.shape[2])


def _fuse(
    formula: Formula, P: ArrayLike, weights: ArrayLike | None, prior: ArrayLike | None
) -> NDArray:
    """Apply a formula to chunks of rows that fit the cache, and normalise what it returns."""
    P = _three_axes(P)
    n_samples, n_experts, n_classes = P.shape
    prior = _check_prior(prior, n_classes)
    w = np.ones(n_experts) if weights is None else _check_weights(weights, n_experts)
    out = np.empty((n_samples, n_classes), P.dtype)
    step = max(1, _CHUNK_BYTES // (n_experts * n_classes * P.itemsize))
    for first in range(0, n_samples, step):
        p = P[first : first + step].transpose(1, 2, 0).copy()
        present = _clean(p, first)
        heard = present * w[:, None]
        scores = formula(p, heard, prior)
        sums = scores.sum(axis=0)
        undecided = ~heard.any(axis=0) | (sums == 0)
        scores[:, undecided], sums[undecided] = prior[:, None], 1
        out[first : first + step] = (scores / sums).T
    return out


def _clean(p: NDArray, first: int) -> NDArray:
    """Divide posteriors by their sums, in place, absent ones to 0; return who is present.

    `p` has shape (n_experts, n_classes, n_samples), the answer (n_experts, n_samples); `first` is
    the number of the first sample, for what is said about broken posteriors.
    """
    with np.errstate(invalid="ignore", over="ignore"):  # infinite values: they are found out below
        sums = p.sum(axis=1)
        off = np.abs(sums - 1)
        present = off <= _SUM_TOLERANCE  # NaN is not
    if not present.all() or p.min(initial=0) < 0:
        absent = np.isnan(p).all(axis=1)
        _require_posteriors(p, sums, absent, first)
        present = ~absent
        np.copyto(p, 0, where=absent[:, None])
        sums[absent], off[absent] = 1, 0
    if off.max(initial=0) > 4 * np.finfo(p.dtype).eps:  # more than rounding
        p /= sums[:, None]
    return present


def _require_posteriors(p: NDArray, sums: NDArray, absent: NDArray, first: int) -> None:
    def where(wrong: NDArray) -> str:
        sample, expert = np.argwhere(wrong.T)[0]
        return f"sample {first + sample}, expert {expert}"

    partly = np.isnan(p).any(axis=1) & ~absent
    if partly.any():
        raise ValueError(
            f"P has rows that are partly NaN, the first at {where(partly)}: an absent expert is "
            "NaN for every class, a present one for none"
        )
    bad = (np.isinf(p) | (p < 0)).any(axis=1)
    if bad.any():
        raise ValueError(
            f"P has negative or infinite values, the first at {where(bad)}: expected "
            "probabilities; turn scores or logarithms into posteriors first"
        )
    wrong = ~absent & (np.abs(sums - 1) > _SUM_TOLERANCE)
    if wrong.any():
        raise ValueError(
            f"P has rows that do not sum to 1, the first at {where(wrong)} with sum "
            f"{sums.T[wrong.T][0]:.4g}: divide by P.sum(axis=2, keepdims=True)"
        )


def _three_axes(P: ArrayLike) -> NDArray:
    P = floats("P", P)
    if P.ndim != 3:
        raise ValueError(
            f"P has {P.ndim} axes, shape {P.shape}; expected (n_samples, n_experts, n_classes): "
            "stack the experts' posteriors with np.stack([p_text, p_image], axis=1)"
        )
    if 0 in P.shape[1:]:
        raise ValueError(f"P has shape {P.shape}: there is nothing to fuse")
    return P


def in_order(what: str, given: Any, names: Sequence[Any], kind: str) -> Any:
    """Return what a mapping or Series gives to each name, in their order; else what was given.

    A plain index of a Series (0, 1, ...) is no names: then its order is meant.
    """
    if isinstance(given, pd.Series):
        if given.index.equals(pd.RangeIndex(len(given))):
            return given.to_numpy()
        if not given.index.is_unique:
            raise ValueError(f"{what} names some twice: {list(given.index)}")
        given = given.to_dict()
    if not isinstance(given, Mapping):
        return given
    if set(given) != set(names):
        raise ValueError(
            f"{what} names {list(given)}, but the {kind} are {list(names)}: give it these names, "
            "or an array in their order"
        )
    return [given[name] for name in names]


def _check_prior(
    prior: Any, n_classes: int, *, names: Sequence[Any] | None = None, what: str = "prior"
) -> np.ndarray:
    """Return a prior as an array; `names` are those of the classes, None: their numbers."""
    if prior is None:
        return np.full(n_classes, 1 / n_classes)
    prior = in_order(what, prior, range(n_classes) if names is None else names, "classes")
    prior = floats(what, prior).astype(float)
    if prior.shape != (n_classes,):
        raise ValueError(f"{what} has shape {prior.shape}; expected ({n_classes},), one per class")
    if not (prior >= _LEAST).all() or abs(prior.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(
            f"{what} is {prior}; expected positive probabilities (1e-300 or more) that sum to 1"
        )
    return prior / prior.sum()


def check_rule(rule: Any, names: Sequence[str]) -> None:
    """Raise ``ValueError`` if a rule is none of these names, nor a function of posteriors."""
    if isinstance(rule, str) and rule in names:
        return
    expected = f"use one of {list(names)}, or a function (P, *, weights=None, prior=None)"
    if not callable(rule) or isinstance(rule, type) or inspect.isbuiltin(rule):
        raise ValueError(f"unknown rule {rule!r:.60}: {expected}")
    try:
        inspect.signature(rule).bind(None, **dict.fromkeys(_keywords(rule)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the rule {rule!r:.60} cannot be called, {error}: {expected}") from None


def can_be_weights(w: NDArray) -> bool:
    """Tell whether weights are not negative, one is positive, and sums of them are numbers, too."""
    return bool((w >= 0).all() and 1e-100 <= w.max(initial=0) <= 1e100)


def _check_weights(weights: ArrayLike, n_experts: int) -> np.ndarray:
    weights = in_order("weights", weights, range(n_experts), "experts")
    w = floats("weights", weights).astype(float)
    if w.shape != (n_experts,):
        raise ValueError(f"weights has shape {w.shape}; expected ({n_experts},), one per expert")
    if not w.any():
        raise ValueError("all weights are 0: at least one expert must be heard")
    if not can_be_weights(w):
        raise ValueError(
            f"weights are {w}; expected finite numbers that are not negative, the largest from "
            "1e-100 to 1e100"
        )
    return w


def _keywords(rule: Rule) -> list[str]:
    """Return which of weights and prior the function takes."""
    parameters = inspect.signature(rule).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return ["weights", "prior"]
    names = {p.name for p in parameters}
    return [key for key in ("weights", "prior") if key in names]
