"""Checks of chapter 07, the multimodal autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial.distance import cdist

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise, judged

# --- 07.1 ---------------------------------------------------------------------------------------


def _total(proposals: np.ndarray, present: np.ndarray) -> np.ndarray:
    return np.where(present[:, :, None], proposals, 0).sum(axis=1)


def _code(proposals: np.ndarray, present: np.ndarray) -> np.ndarray:
    return _total(proposals, present) / np.maximum(present.sum(axis=1), 1)[:, None]


def _proposals(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(8):
        modalities, size, n = (int(rng.integers(*span)) for span in ((2, 5), (5, 8), (8, 12)))
        present = rng.random((n, modalities)) < 0.6
        present[np.arange(n), rng.integers(0, modalities, n)] = True
        proposals = rng.normal(size=(n, modalities, size))
        yield Case(proposals, present)
    proposals[~present] = np.nan
    present[0, 0] = False
    proposals[0, 0] = np.nan
    present[0, 1], proposals[0, 1] = True, 1.0
    yield Case(proposals, present, hint=_("NaN times 0 is NaN: use np.where for what is absent."))
    present[0] = False
    yield Case(proposals, present, hint=_("no modality at all gives zeros: look out for 0 / 0."))


exercise(
    "07.1",
    "a function (proposals, present) that returns codes of shape (n, code_size), whatever stands "
    "in absent proposals, and zeros where nothing is present",
    solve=_code,
    cases=_proposals,
    slips={
        N_("this is the sum: a sample with fewer modalities gets a shorter code."): _total,
        N_("you divide by all modalities: divide by the number that are present."):
            lambda c, p: _total(c, p) / p.shape[1],
        N_("absent modalities have a say: use `present`."): lambda c, p: c.mean(axis=1),
        N_("this is the largest proposal present: take the mean."):
            lambda c, p: np.where(p[:, :, None], c, -np.inf).max(axis=1),
        N_("this is the first proposal present: take the mean of all of them."):
            lambda c, p: c[np.arange(len(c)), p.argmax(axis=1)],
        N_("`present` is the other way round: True is there."): lambda c, p: _code(c, ~p),
    },
    advice=N_("The mean over the modalities present, sample by sample."),
)  # fmt: skip

# --- 07.2 ---------------------------------------------------------------------------------------

# How many modalities the samples have, 0 for all. They are few, so that an answer may draw all of
# them again until none is empty; what is random is counted over many calls.
_SIZES = (1, 2, 2, 2, 2, 0, 0, 0)


@judged("07.2", "a function (present, rate, rng) that returns a smaller presence, same shape")
def _modality_dropout(ask: Callable, rng: np.random.Generator) -> str:
    for modalities, rate in ((3, 0.6), (4, 0.2)):
        present = np.array([rng.permutation(modalities) < (k or modalities) for k in _SIZES])

        def shown(rate: float, seed: int, present: np.ndarray = present) -> np.ndarray:
            return as_array(ask(present, rate, np.random.default_rng(seed)), present.shape) != 0

        seeds = rng.integers(2**32, size=150)
        kept = np.array([shown(rate, seed) for seed in seeds])
        _look_at_rows(kept, present)
        _look_at_rates(kept, present, rate)
        if not all(np.array_equal(shown(rate, seeds[k]), kept[k]) for k in range(20)):
            text = _("the same generator hides others at a second call: draw from rng alone.")
            raise Hint(text)
        if not np.array_equal(shown(0.0, seeds[0]), present):
            raise Hint(_("at rate 0 nothing may be hidden."))
    return _("each modality comes and goes by itself, and no sample is ever left with nothing.")


def _look_at_rows(kept: np.ndarray, present: np.ndarray) -> None:
    full = kept[:, present.all(axis=1)]
    hidden = present.shape[1] - full.sum(axis=2)
    if (kept & ~present).any():
        raise Hint(_("you show a modality that is absent: only what is present can be hidden."))
    if (kept == present).all():
        raise Hint(_("nothing is hidden."))
    if (kept == kept[0]).all():
        raise Hint(_("every call hides the same: draw from rng."))
    if (full == full[:, :1]).all():
        raise Hint(_("the whole batch loses the same modalities: draw for each sample."))
    if not kept.any(axis=2).all():
        if (present & ~kept).any(axis=2).all():
            raise Hint(_("you return what is hidden: return what is shown."))
        raise Hint(_("some samples lost everything: give each one of its modalities back."))
    if present.shape[1] > 2 and not (hidden == 1).any():
        raise Hint(_("a sample loses all or nothing: draw for each modality by itself."))


def _look_at_rates(kept: np.ndarray, present: np.ndarray, rate: float) -> None:
    """How often the first, second, ... modality of a sample is hidden, up to five standard errors.

    Of samples that lost all, one modality comes back; or the draw is repeated. Both are right.
    """
    for k in (present.shape[1], 2):
        rows = present.sum(axis=1) == k
        there = np.nonzero(present[rows])[1].reshape(-1, k)
        hidden = 1 - np.take_along_axis(kept[:, rows], there[None], axis=2).mean(axis=(0, 1))
        error = 2.5 / np.sqrt(len(kept) * rows.sum())
        least, most = (rate - rate**k) / (1 - rate**k), rate - rate**k / k
        if hidden.min() > least - error and hidden.max() < most + error:
            continue
        if not hidden.any():
            raise Hint(_("samples that lack a modality lose nothing: they, too, may lose one."))
        text = _(
            "at rate {rate}, of {k} modalities present each is hidden {share} of the time; "
            "{least:.2f} to {most:.2f} is right."
        )
        if np.ptp(hidden) > 1.5 * error:
            text += " " + _("Draw each of them, and the one that is given back at random.")
        elif np.abs(hidden - 1 + rate).max() < error:
            text += " " + _("You keep with this probability instead of hiding with it.")
        share = ", ".join(f"{each:.2f}" for each in hidden)
        raise Hint(text.format(rate=rate, k=k, share=share, least=least, most=most))


# --- 07.3 ---------------------------------------------------------------------------------------


def _square(x: np.ndarray, output: np.ndarray, present: np.ndarray) -> np.ndarray:
    return ((x - output) ** 2)[present]


def _batches(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(10):
        n, width = int(rng.integers(6, 12)), int(rng.integers(3, 6))
        x, output = rng.normal(size=(2, n, width))
        present = rng.random(n) < 0.6
        present[:2] = True, False
        x[~present] = 0
        yield Case(x, output, present)
    nothing = np.zeros((4, 3)), np.ones((4, 3)), np.zeros(4, dtype=bool)
    yield Case(*nothing, hint=_("a batch without the modality has a loss of 0."))


exercise(
    "07.3",
    "a function (x, output, present) that returns one number, the loss; 0 if nothing is present",
    solve=lambda *given: _square(*given).mean() if given[2].any() else 0.0,
    cases=_batches,
    slips={
        N_("absent samples count in your loss: their zeros are no target."):
            lambda x, o, p: ((x - o) ** 2).mean(),
        N_("divide by the number of samples present, not by all."):
            lambda x, o, p: _square(x, o, p).sum() / x.size,
        N_("take the mean over the features: with a sum, the widest modality rules."):
            lambda *given: _square(*given).sum(axis=1).mean(),
        N_("take the mean over the samples present, not their sum."):
            lambda *given: _square(*given).mean(axis=1).sum(),
        N_("this is a sum: take the mean over the samples present and their features."):
            lambda *given: _square(*given).sum(),
        N_("this is the root of the mean squared error: leave the square."):
            lambda *given: np.sqrt(_square(*given).mean()),
        N_("these are absolute errors: square them."):
            lambda x, o, p: np.abs(x - o)[p].mean(),
    },
)  # fmt: skip

# --- 07.4 ---------------------------------------------------------------------------------------


def _recall(queries: np.ndarray, items: np.ndarray, k: int, metric: str = "cosine") -> float:
    return _share_found(-cdist(queries, items, metric), k)


def _share_found(similarity: np.ndarray, k: int) -> float:
    return float(((similarity > np.diag(similarity)[:, None]).sum(axis=1) < k).mean())


def _vectors(rng: np.random.Generator) -> Iterator[Case]:
    for k in (1, 3, 5, 2, 4, 1, 3, 6):
        queries = rng.normal(size=(40, 5)) + 0.4
        items = queries + rng.normal(size=(40, 5))
        lengths = rng.uniform(0.2, 5, size=(2, 40, 1))  # must not matter
        yield Case(queries * lengths[0], items * lengths[1], k)


exercise(
    "07.4",
    "a function (queries, items, k) that returns recall@k, a number from 0 to 1",
    solve=_recall,
    cases=_vectors,
    slips={
        N_("divide by the number of queries: recall is a share."): (
            lambda q, i, k: len(q) * _recall(q, i, k),
            lambda q, i, k: 100 * _recall(q, i, k),
        ),
        N_("you look at k + 1 items."): lambda q, i, k: _recall(q, i, k + 1),
        N_("you look at k - 1 items."): lambda q, i, k: _recall(q, i, k - 1),
        N_("you look at one item: look at the first k."): lambda q, i, k: _recall(q, i, 1),
        N_("you search the queries for each item: swap them."): lambda q, i, k: _recall(i, q, k),
        N_("you take the k least similar ones: sort downwards."): lambda q, i, k: _recall(q, -i, k),
        N_("use the cosine: lengths must not matter."): (
            lambda q, i, k: _recall(q, i, k, "euclidean"),
            lambda q, i, k: _recall(q, i, k, "cityblock"),
        ),
        N_("use the cosine: do not subtract the means."):
            lambda q, i, k: _recall(q, i, k, "correlation"),
        N_("divide the dot product by the lengths of both."):
            lambda q, i, k: _share_found(q @ i.T, k),
        N_("do not divide by k: a query has one right item, found or not."):
            lambda q, i, k: _recall(q, i, k) / k,
    },
)  # fmt: skip
