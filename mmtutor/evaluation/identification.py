"""Identification: which of the known people is this?

Every probe is scored against every template of the gallery.

Conventions
-----------
- Higher scores mean "more alike".
- Closed set: everyone among the probes is in the gallery.
- A person with several templates scores as their best one.
- The rank of a probe is 1 + the number of *other* people who score at least as high as the right
  one. Ties count against the system, so constant scores earn rank N, not rank 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _checks

__all__ = ["cmc_curve", "rank_one"]


def validate(
    scores: ArrayLike, gallery_labels: ArrayLike, probe_labels: ArrayLike
) -> tuple[NDArray, NDArray, NDArray]:
    """Return checked scores and labels, or raise ValueError."""
    scores, gallery, probes = _checks.pairs(scores, gallery_labels, probe_labels)
    strangers = np.setdiff1d(probes, gallery)
    if len(strangers):
        raise ValueError(
            f"{len(strangers)} people among the probes are not in the gallery, "
            f"{strangers[0]!s} for one; identification here is closed-set: drop their probes"
        )
    return scores, gallery, probes


def cmc_curve(
    scores: ArrayLike, gallery_labels: ArrayLike, probe_labels: ArrayLike
) -> NDArray[np.float64]:
    """Count how often the right person is among the first k: cumulative match characteristic.

    Parameters
    ----------
    scores : array-like of shape (n_probes, n_gallery)
        Score of every probe against every template.
    gallery_labels : array-like of shape (n_gallery,)
        Who each template is; a person may have several.
    probe_labels : array-like of shape (n_probes,)
        Who each probe is.

    Returns
    -------
    ndarray of shape (n_people,)
        Element ``k - 1`` is the share of probes whose person has rank k or better; the last is 1.

    Raises
    ------
    ValueError
        If shapes disagree, scores are NaN or infinite, a label is missing, a probe's person is not
        in the gallery, or a table of scores names them in another order than the labels.

    See Also
    --------
    rank_one : Its first element.
    equal_error_rate : For claims of being one person, and for people who may be strangers.

    Notes
    -----
    Taught in notebook 15. Not for probes of people who may be strangers: it has no threshold, so
    everybody is taken for somebody.

    References
    ----------
    .. [1] Phillips, P. J., Moon, H., Rizvi, S. A. and Rauss, P. J. (2000). The FERET evaluation
       methodology for face-recognition algorithms. IEEE TPAMI 22, 1090-1104.

    Examples
    --------
    >>> scores = [[0.9, 0.1, 0.2],   # Ann's probe: Ann first
    ...           [0.7, 0.6, 0.1]]   # Bo's probe: Ann before Bo
    >>> cmc_curve(scores, ["Ann", "Bo", "Cy"], ["Ann", "Bo"]).tolist()
    [0.5, 1.0, 1.0]
    """
    scores, gallery, probes = validate(scores, gallery_labels, probe_labels)
    people, owner = np.unique(gallery, return_inverse=True)
    best = np.column_stack([scores[:, owner == p].max(axis=1) for p in range(len(people))])
    right = best[np.arange(len(probes)), np.searchsorted(people, probes)]
    rank = (best >= right[:, None]).sum(axis=1)  # the right person counts too, so ranks start at 1
    return np.cumsum(np.bincount(rank, minlength=len(people) + 1)[1:]) / len(probes)


def rank_one(scores: ArrayLike, gallery_labels: ArrayLike, probe_labels: ArrayLike) -> float:
    """Count how often the right person scores highest: identification accuracy.

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
    float
        Rate in [0, 1]: the first element of :func:`cmc_curve`.

    Raises
    ------
    ValueError
        As :func:`cmc_curve`.

    See Also
    --------
    cmc_curve : The same for the first k people.

    Notes
    -----
    Taught in notebook 15. It falls with the size of the gallery: compare only figures measured with
    the same one.

    Examples
    --------
    >>> rank_one([[0.9, 0.1], [0.7, 0.6]], ["Ann", "Bo"], ["Ann", "Bo"])
    0.5
    """
    return float(cmc_curve(scores, gallery_labels, probe_labels)[0])
