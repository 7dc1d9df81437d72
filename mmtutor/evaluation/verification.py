"""Verification: is this person who they claim to be?

A system compares a probe with the claimed person's template and answers with a score.

Conventions
-----------
- Higher scores mean "more alike"; turn a distance `d` into a score with `-d`.
- *Genuine* scores come from pairs of the same person, *impostor* scores from different people.
- A claim is accepted if ``score >= threshold``.
- False accept rate (FAR): share of impostor scores accepted. False reject rate (FRR): share of
  genuine scores rejected. Both in [0, 1].
- Equal error rate: where FAR and FRR meet. Between two thresholds both rates are taken to change
  linearly, so the meeting point is interpolated on the curve of (FAR, FRR).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmtutor._ranges import whole
from mmtutor._rows import require_same_order, require_same_rows

from . import _checks

__all__ = [
    "DETCurve",
    "det_curve",
    "equal_error_rate",
    "error_rates",
    "split_scores",
    "t_norm",
    "z_norm",
]


class DETCurve(NamedTuple):
    """Both error rates at ascending thresholds.

    Attributes
    ----------
    false_accept : ndarray of shape (n_thresholds,)
        Share of the impostor scores that are accepted, falling from 1 to 0.
    false_reject : ndarray of shape (n_thresholds,)
        Share of the genuine scores that are rejected, rising from 0 to 1.
    thresholds : ndarray of shape (n_thresholds,)
        In the unit of the scores; the last is infinite.
    """

    false_accept: NDArray[np.float64]
    false_reject: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def equal_error(self) -> tuple[float, float]:
        """Find where both rates are equal, between two thresholds if need be.

        Returns
        -------
        rate : float
            Equal error rate in [0, 1].
        threshold : float
            The threshold at which it happens, in the unit of the scores.

        Raises
        ------
        ValueError
            If the rates of a curve made otherwise than by :func:`det_curve` do not meet.
        """
        gap = np.asarray(np.subtract(self.false_accept, self.false_reject))  # falls from 1 to -1
        if gap.ndim != 1 or len(gap) < 2 or not (gap[0] > 0 >= gap[-1] and np.isfinite(gap).all()):
            raise ValueError(
                "the rates never meet: false_accept must fall from 1 to 0, and false_reject rise "
                f"from 0 to 1, but their differences are {gap!r:.60}"
            )
        after = int(np.argmax(gap <= 0))
        before = after - 1
        share = gap[before] / (gap[before] - gap[after])

        def between(values: NDArray) -> float:
            low, high = float(values[before]), float(values[after])
            if np.isinf(high - low):  # scores of up to 1e308, either side of zero
                return float((1 - share) * low + share * high)
            return float(low + share * (high - low))

        last = np.isinf(self.thresholds[after])
        threshold = self.thresholds[before] if last else between(self.thresholds)
        return between(self.false_accept), float(threshold)


def validate(genuine: ArrayLike, impostor: ArrayLike) -> tuple[NDArray, NDArray]:
    """Return both sets of scores as finite, non-empty 1-D float arrays, or raise ValueError."""
    return (
        _checks.finite(genuine, what="genuine scores", ndim=1),
        _checks.finite(impostor, what="impostor scores", ndim=1),
    )


def error_rates(
    genuine: ArrayLike, impostor: ArrayLike, threshold: float | ArrayLike
) -> tuple[NDArray, NDArray]:
    """False accept and false reject rate at one threshold, or at several.

    Parameters
    ----------
    genuine : array-like of shape (n_genuine,)
        Scores of pairs of the same person.
    impostor : array-like of shape (n_impostor,)
        Scores of pairs of different people.
    threshold : float or array-like of shape (n_thresholds,)
        Accept if ``score >= threshold``, in the unit of the scores; infinite accepts nobody.
        Choose it on development data, never on the test.

    Returns
    -------
    false_accept : ndarray of the shape of `threshold`
        Share of the impostor scores that are accepted, in [0, 1].
    false_reject : ndarray of the shape of `threshold`
        Share of the genuine scores that are rejected, in [0, 1].

    Raises
    ------
    ValueError
        If scores are empty, NaN or infinite, or not 1-D, or a threshold is NaN or no number.

    See Also
    --------
    det_curve : Both rates at every threshold that matters.

    Notes
    -----
    Not for stating how good a system is by a threshold chosen on the same scores: such rates are
    too low.

    Taught in notebook 15.

    Examples
    --------
    >>> far, frr = error_rates([0.9, 0.8, 0.4], [0.1, 0.3, 0.5, 0.2], threshold=0.45)
    >>> print(f"FAR {far:.2f}, FRR {frr:.2f}")
    FAR 0.25, FRR 0.33
    """
    genuine, impostor = validate(genuine, impostor)
    threshold = _checks.numbers(threshold, what="thresholds")
    if np.isnan(threshold).any():
        raise ValueError(f"threshold is {threshold}: there is no score to accept from NaN on")
    # searchsorted(..., "left") counts the scores strictly below the threshold: the rejected ones.
    false_reject = np.searchsorted(np.sort(genuine), threshold, side="left") / len(genuine)
    false_accept = 1 - np.searchsorted(np.sort(impostor), threshold, side="left") / len(impostor)
    return false_accept, false_reject


def det_curve(genuine: ArrayLike, impostor: ArrayLike) -> DETCurve:
    """Detection error trade-off: both error rates at every threshold that matters.

    Parameters
    ----------
    genuine : array-like of shape (n_genuine,)
        Scores of pairs of the same person.
    impostor : array-like of shape (n_impostor,)
        Scores of pairs of different people.

    Returns
    -------
    DETCurve
        `false_accept` (falling from 1 to 0), `false_reject` (rising from 0 to 1) and
        `thresholds` (every distinct score, then infinity: nobody is accepted). Its method
        ``equal_error()`` gives the rate and the threshold at which both are equal.

    Raises
    ------
    ValueError
        If scores are empty, NaN or infinite, or not 1-D.

    See Also
    --------
    sklearn.metrics.det_curve : The same points from labels and scores, in the opposite order.
    sklearn.metrics.DetCurveDisplay : Draws them.

    Notes
    -----
    Drawn on axes scaled by the normal quantile function, Gaussian scores give a straight line.
    The ROC curve is the same points: FAR against ``1 - FRR``.

    Taught in notebook 15.

    References
    ----------
    .. [1] Martin, A. et al. (1997). The DET curve in assessment of detection task performance.
       Eurospeech, 1895-1898.

    Examples
    --------
    >>> curve = det_curve([2, 3], [1, 2])
    >>> [float(t) for t in curve.thresholds]
    [1.0, 2.0, 3.0, inf]
    >>> [float(rate) for rate in curve.false_accept]
    [1.0, 0.5, 0.0, 0.0]
    >>> [float(rate) for rate in curve.false_reject]
    [0.0, 0.0, 0.5, 1.0]
    >>> curve.equal_error()
    (0.25, 2.5)
    """
    genuine, impostor = validate(genuine, impostor)
    thresholds = np.append(np.unique(np.concatenate([genuine, impostor])), np.inf)
    return DETCurve(*error_rates(genuine, impostor, thresholds), thresholds)


def equal_error_rate(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Rate at which false accepts and false rejects are equal (等错误率).

    Parameters
    ----------
    genuine : array-like of shape (n_genuine,)
        Scores of pairs of the same person.
    impostor : array-like of shape (n_impostor,)
        Scores of pairs of different people.

    Returns
    -------
    float
        Equal error rate in [0, 1]; 0.5 is chance, above 0.5 the scores are upside down.

    Raises
    ------
    ValueError
        If scores are empty, NaN or infinite, or not 1-D.

    See Also
    --------
    det_curve : Its ``equal_error()`` also gives the threshold.
    error_rates : The rates at a threshold chosen beforehand.

    Notes
    -----
    With a finite number of scores FAR and FRR jump and may not meet at any threshold. The points
    (FAR, FRR) of :func:`det_curve` are joined by straight lines, and the equal error rate is
    where they cross FAR = FRR. For normal scores of equal deviation whose means are `d` deviations
    apart it is ``Phi(-d / 2)``.

    Taught in notebook 15. It compares systems; it does not say what a system in use will do, for
    its threshold is the one that suits the test.

    Examples
    --------
    >>> equal_error_rate([0.9, 0.8, 0.7, 0.4], [0.1, 0.2, 0.3, 0.5])
    0.25
    """
    return det_curve(genuine, impostor).equal_error()[0]


def split_scores(
    scores: ArrayLike, gallery_labels: ArrayLike, probe_labels: ArrayLike
) -> tuple[NDArray, NDArray]:
    """Split a matrix of scores into genuine and impostor scores.

    Parameters
    ----------
    scores : array-like of shape (n_probes, n_gallery)
        Score of every probe against every template.
    gallery_labels : array-like of shape (n_gallery,)
        Who each template is.
    probe_labels : array-like of shape (n_probes,)
        Who each probe is.

    Returns
    -------
    genuine : ndarray of shape (n_genuine,)
        Scores of pairs with equal labels.
    impostor : ndarray of shape (n_impostor,)
        The others.

    Raises
    ------
    ValueError
        If shapes disagree, scores are NaN or infinite, a label is missing, one of the two sets
        would be empty, or a table of scores names them in another order than the labels.

    See Also
    --------
    equal_error_rate : One figure for the two sets.

    Notes
    -----
    Taught in notebook 15. Not for templates that are probes too: a recording is most like itself,
    and such pairs would make the system look better than it is.

    Examples
    --------
    >>> genuine, impostor = split_scores([[0.9, 0.1], [0.3, 0.8]], ["Ann", "Bo"], ["Ann", "Bo"])
    >>> genuine.tolist(), impostor.tolist()
    ([0.9, 0.8], [0.1, 0.3])
    """
    scores, gallery, probes = _checks.pairs(scores, gallery_labels, probe_labels)
    same = probes[:, None] == gallery[None, :]
    if same.all() or not same.any():
        missing = "impostor" if same.all() else "genuine"
        raise ValueError(f"there is no {missing} pair among the {same.size} pairs of labels")
    return scores[same], scores[~same]


def z_norm(scores: ArrayLike, cohort: ArrayLike, *, axis: int | None = 0) -> NDArray[np.float64]:
    """Centre and scale scores by impostor scores, so that thresholds mean the same everywhere.

    Parameters
    ----------
    scores : array-like of shape (n_probes, n_gallery), or any shape if `axis` is None
        Scores to normalise.
    cohort : array-like of shape (n_cohort, n_gallery), or any shape if `axis` is None
        Scores of impostors (people who are not in the test) against the same templates.
    axis : {0, None}, default=0
        0 uses one mean and deviation per template (column). None uses one for all: what makes
        two modalities' scores comparable before they are added.

    Returns
    -------
    ndarray of the shape of `scores`
        The scores in impostor deviations above the impostor mean.

    Raises
    ------
    ValueError
        If shapes disagree, values are NaN or infinite, the cohort has no spread, numbers are too
        large or too small, or two tables name the templates in different orders.

    See Also
    --------
    t_norm : Evens out probes instead of templates.

    Notes
    -----
    Taught in notebook 15. Not with the people of the test as cohort: their scores would decide how
    they are judged.

    References
    ----------
    .. [1] Auckenthaler, R., Carey, M. and Lloyd-Thomas, H. (2000). Score normalization for
       text-independent speaker verification systems. Digital Signal Processing 10, 42-54.

    Examples
    --------
    >>> z_norm([[5.0, 5.0]], cohort=[[1.0, 4.0], [3.0, 6.0]]).tolist()
    [[3.0, 0.0]]
    """
    if axis is not None and not whole(0, 0)[1](axis):
        raise ValueError(f"axis must be 0 (per template) or None (all together), got {axis!r}")
    return _normalise(scores, cohort, axis)


def t_norm(scores: ArrayLike, cohort: ArrayLike) -> NDArray[np.float64]:
    """Centre and scale each probe's scores by its scores against a cohort of other people.

    Parameters
    ----------
    scores : array-like of shape (n_probes, n_gallery)
        Scores to normalise.
    cohort : array-like of shape (n_probes, n_cohort)
        Scores of the same probes against the templates of people who are not in the test.

    Returns
    -------
    ndarray of shape (n_probes, n_gallery)
        In deviations above the mean of the probe's cohort scores.

    Raises
    ------
    ValueError
        If shapes disagree, values are NaN or infinite, a probe's cohort has no spread, numbers are
        too large or too small, or two tables name the probes in different orders.

    See Also
    --------
    z_norm : Evens out templates instead of probes.

    Notes
    -----
    :func:`z_norm` evens out templates, `t_norm` evens out probes (a loud clip, a dark picture).

    It costs a comparison with every member of the cohort for every probe; where probes hardly
    differ in quality there is nothing to even out.

    Not used in a notebook: chapter 15 evens out templates, by :func:`z_norm`.

    References
    ----------
    .. [1] Auckenthaler, R., Carey, M. and Lloyd-Thomas, H. (2000). Score normalization for
       text-independent speaker verification systems. Digital Signal Processing 10, 42-54.

    Examples
    --------
    >>> t_norm([[5.0, 1.0]], cohort=[[1.0, 3.0]]).tolist()
    [[3.0, -1.0]]
    """
    return _normalise(scores, cohort, axis=1)


def _normalise(scores: ArrayLike, cohort: ArrayLike, axis: int | None) -> NDArray[np.float64]:
    if axis == 0:
        names = [_checks.column_index(table) for table in (scores, cohort)]
        require_same_order("columns", scores=names[0], cohort=names[1])
    elif axis == 1:
        require_same_rows(scores=scores, cohort=cohort)
    scores = _checks.finite(scores, what="scores", ndim=None if axis is None else 2)
    cohort = _checks.finite(cohort, what="cohort scores", ndim=None if axis is None else 2)
    if axis is not None and scores.shape[1 - axis] != cohort.shape[1 - axis]:
        side = ("templates (columns)", "probes (rows)")[axis]
        raise ValueError(
            f"scores of shape {scores.shape} and cohort of shape {cohort.shape} "
            f"do not have the same {side}"
        )
    if np.any(cohort.max(axis=axis) == cohort.min(axis=axis)):  # a deviation may be 1e-17 there
        raise ValueError("cohort scores are all equal somewhere: at least two distinct are needed")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # is told below
        centre = cohort.mean(axis=axis, keepdims=axis is not None)
        spread = cohort.std(axis=axis, keepdims=axis is not None)
        normalised: NDArray[np.float64] = (scores - centre) / spread
    if not (np.isfinite(spread).all() and np.isfinite(normalised).all()):
        raise ValueError(
            f"scores of up to {np.abs(scores).max():.3g} and cohort scores of up to "
            f"{np.abs(cohort).max():.3g} cannot be normalised in float64: scale them first"
        )
    return normalised
