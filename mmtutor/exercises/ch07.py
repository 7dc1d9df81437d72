"""Checks of chapter 07, the multimodal autoencoder."""

from __future__ import annotations

import numpy as np

from mmtutor.course.checking import Hint, as_array, as_number, judged


def _some_present(rng: np.random.Generator, n: int, modalities: int) -> np.ndarray:
    """Random presence in which no sample has lost everything."""
    present = rng.random((n, modalities)) < 0.6
    present[np.arange(n), rng.integers(0, modalities, n)] = True
    return present


@judged("07.1", "a function (proposals, present) that returns codes of shape (n, code_size)")
def shared_code(answer, rng):
    for _ in range(20):
        n, modalities, size = 9, int(rng.integers(2, 5)), int(rng.integers(5, 8))
        proposals = rng.normal(size=(n, modalities, size))
        present = _some_present(rng, n, modalities)
        present[0], present[1] = True, np.arange(modalities) == 0
        code = as_array(answer(proposals.copy(), present.copy()), (n, size), "the codes")
        right = np.array([p[here].mean(axis=0) for p, here in zip(proposals, present, strict=True)])
        if np.allclose(code, right):
            continue
        total = np.array([p[here].sum(axis=0) for p, here in zip(proposals, present, strict=True)])
        if np.allclose(code, total):
            raise Hint("this is the sum: a sample with fewer modalities gets a shorter code.")
        if np.allclose(code, total / modalities):
            raise Hint("you divide by all modalities: divide by the number that are present.")
        if np.allclose(code, proposals.mean(axis=1)):
            raise Hint("absent modalities have a say in your mean: use `present`.")
        if np.isnan(code).any():
            raise Hint("your code contains NaN although every one of these samples has a modality.")
        raise Hint("the codes differ from the mean over the modalities present, sample by sample.")
    proposals = rng.normal(size=(3, 2, 4))
    present = np.array([[True, True], [True, False], [False, False]])
    code = as_array(answer(proposals.copy(), present.copy()), (3, 4), "the codes")
    if not np.allclose(code[2], 0):
        raise Hint("with no modality at all the code must be zeros: look out for 0 / 0.")
    absent = proposals.copy()
    absent[1, 1] = np.nan
    if not np.allclose(answer(absent, present.copy())[:2], code[:2]):
        raise Hint(
            "what stands in an absent proposal must not matter, and NaN times 0 is NaN: "
            "use np.where."
        )
    return "absent modalities are left out, and nothing at all gives zeros."


@judged("07.2", "a function (present, rate, rng) that returns a smaller presence, same shape")
def modality_dropout(answer, rng):
    n, modalities, rate = 40_000, 3, 0.4
    present = _some_present(rng, n, modalities)
    present[: n // 2] = True
    before = present.copy()
    kept = as_array(answer(present, rate, rng), (n, modalities), "what is shown").astype(bool)
    if not np.array_equal(before, present):
        raise Hint("your function changes its input `present`; work on a copy.")
    if (kept & ~present).any():
        raise Hint("you show a modality that is absent: only what is present can be hidden.")
    if not kept.any(axis=1).all():
        raise Hint("some samples lost everything: give each of them one of its modalities back.")
    full = kept[: n // 2]
    if full.all():
        raise Hint("nothing is hidden.")
    if (full == full[0]).all():
        raise Hint("the same modalities are hidden in the whole batch: draw for each sample.")
    if not (full.sum(axis=1) == 2).any():
        raise Hint("a sample loses all or nothing: draw for each modality by itself.")
    hidden = 1 - full.mean(axis=0)
    # Of samples that lost all, one of three comes back; or the draw is repeated. Both are right.
    least = (rate - rate**modalities) / (1 - rate**modalities)
    most = rate - rate**modalities / modalities
    swapped = 1 - rate - (1 - rate) ** modalities / modalities
    if np.abs(hidden - swapped).max() < 0.02 or np.abs(hidden - (1 - rate)).max() < 0.02:
        raise Hint(f"you keep with probability {rate} instead of hiding with it.")
    if np.ptp(hidden) > 0.03:
        raise Hint(
            f"the modalities are hidden unequally often, {hidden.round(2).tolist()}: the one given "
            "back must be drawn at random, not always the same."
        )
    if hidden.min() < least - 0.015 or hidden.max() > most + 0.015:
        raise Hint(
            f"at rate {rate} modalities are hidden {hidden.mean():.2f} of the time; "
            f"{most:.2f} is right."
        )
    again = np.asarray(answer(before, rate, np.random.default_rng())).astype(bool)
    if np.array_equal(again, kept):
        raise Hint("a second call hides the same: draw from the generator that is passed in.")
    if not np.array_equal(np.asarray(answer(before.copy(), 0.0, rng)).astype(bool), before):
        raise Hint("at rate 0 nothing may be hidden.")
    return "each modality comes and goes by itself, and no sample is ever left with nothing."


@judged("07.3", "a function (x, output, present) that returns one number, the loss")
def present_loss(answer, rng):
    for _ in range(20):
        n, width = int(rng.integers(6, 12)), int(rng.integers(3, 6))
        x, output = rng.normal(size=(2, n, width))
        present = rng.random(n) < 0.6
        present[:2] = True, False
        x[~present] = 0.0
        loss = as_number(answer(x.copy(), output.copy(), present.copy()), "the loss")
        square = (x - output) ** 2
        right = square[present].mean()
        if np.isclose(loss, right):
            continue
        if np.isclose(loss, square.mean()):
            raise Hint("absent samples count in your loss: their zeros are no target.")
        if np.isclose(loss, square[present].sum() / (n * width)):
            raise Hint("divide by the number of samples present, not by all.")
        if np.isclose(loss, square[present].sum(axis=1).mean()):
            raise Hint("take the mean over the features: with a sum, the widest modality rules.")
        if np.isclose(loss, square[present].sum()):
            raise Hint("this is a sum: take the mean over the samples present and their features.")
        if np.isclose(loss, np.sqrt(right)):
            raise Hint("this is the root of the mean squared error: leave the square.")
        if np.isclose(loss, np.abs(x - output)[present].mean()):
            raise Hint("these are absolute errors: square them.")
        raise Hint(f"for this input the loss is {right:.3f}, yours is {loss:.3f}.")
    batch = np.zeros((4, 3)), np.ones((4, 3)), np.zeros(4, dtype=bool)
    nothing = as_number(answer(*batch), "the loss")
    if nothing != 0:
        raise Hint(f"a batch without the modality must give a loss of 0, yours gives {nothing}.")
    return "only what was there is a target, and an empty batch costs nothing."


@judged("07.4", "a function (queries, items, k) that returns recall@k, a number from 0 to 1")
def recall(answer, rng):
    for trial in range(20):
        k = (1, 3, 5)[trial % 3]
        queries, items, values = _telling_pairs(rng, k)
        found = as_number(answer(queries.copy(), items.copy(), k), "the recall")
        if np.isclose(found, values["right"]):
            continue
        for mistake, hint in _RECALL_HINTS.items():
            if np.isclose(found, values[mistake]):
                raise Hint(hint)
        raise Hint(f"for this input recall@{k} is {values['right']:.3f}, yours is {found:.3f}.")
    return "item i belongs to query i, and the cosine decides."


_RECALL_HINTS = {
    "a count": "divide by the number of queries: recall is a share.",
    "one more": "you look at k + 1 items.",
    "one less": "you look at k - 1 items.",
    "swapped": "you search the queries for each item: swap them.",
    "upwards": "you take the k least similar items: sort downwards.",
    "distance": "use the cosine: lengths must not matter.",
    "dot product": "divide the dot product by the lengths.",
    "share of k": "do not divide by k: a query has one right item, found or not.",
}


def _telling_pairs(
    rng: np.random.Generator, k: int
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Draw queries and items on which every mistake gives a number of its own."""
    while True:
        queries = rng.normal(size=(60, 4))
        items = queries + rng.normal(size=(60, 4))
        queries *= rng.uniform(0.2, 5, size=(60, 1))  # lengths must not matter
        items *= rng.uniform(0.2, 5, size=(60, 1))
        right = _recall(queries, items, k)
        values = {
            "right": right,
            "a count": right * 60,
            "one more": _recall(queries, items, k + 1),
            "one less": _recall(queries, items, k - 1),
            "swapped": _recall(items, queries, k),
            "upwards": _recall(queries, -items, k),
            "distance": _recall_euclid(queries, items, k),
            "dot product": _recall(queries, items, k, normalise=False),
        }
        if k > 1:
            values["share of k"] = right / k
        if np.diff(np.sort(list(values.values()))).min() > 1e-6:
            return queries, items, values | {"share of k": right / k}


def _rank_of_own(similarity: np.ndarray) -> np.ndarray:
    return (similarity > np.diag(similarity)[:, None]).sum(axis=1)


def _recall(queries: np.ndarray, items: np.ndarray, k: int, normalise: bool = True) -> float:
    if normalise:
        queries, items = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (queries, items))
    return float((_rank_of_own(queries @ items.T) < k).mean())


def _recall_euclid(queries: np.ndarray, items: np.ndarray, k: int) -> float:
    distance = np.linalg.norm(queries[:, None] - items[None], axis=2)
    return float((_rank_of_own(-distance) < k).mean())
