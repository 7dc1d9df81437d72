"""Checkers of chapter 06, choosing a fusion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin

from mmtutor.course.checking import Hint, as_number, judged
from mmtutor.evaluation import corrected_t_test
from mmtutor.information import decompose, mutual_information

# --- 06.1 ------------------------------------------------------------------------------------


def _t(d: np.ndarray, factor: float, ddof: int = 1) -> float:
    return d.mean() / np.sqrt(factor * d.var(ddof=ddof))


@judged("06.1", "a function corrected_t(differences, n_train, n_test) returning (t, p)")
def corrected_t(answer: Any, rng: np.random.Generator) -> str:
    """Nadeau and Bengio's test against the package's, and each slip against its own formula."""
    for trial in range(30):
        n_folds = int(rng.integers(4, 30))
        d = rng.normal(0.01, 0.03, n_folds)
        if trial % 3 == 2:
            d -= d.mean() + 0.01  # the sign matters: some means are surely negative
        n_test = int(rng.integers(20, 60))
        n_train = n_test * int(rng.integers(2, 10)) + 1
        result = answer(d.copy(), n_train, n_test)
        if np.size(result) != 2:
            raise Hint(f"return two numbers, (t, p); yours returned {np.size(result)}.")
        t, p = (float(np.squeeze(part)) for part in result)
        share, plain = n_test / n_train, 1 / n_folds
        right = corrected_t_test(d, share)
        slips = {
            _t(d, plain): "this is the plain t-test: the folds' training sets overlap, so add "
            "n_test / n_train to 1 / J.",
            _t(d, share): "you replaced 1 / J by n_test / n_train; the test adds the two.",
            _t(d, plain + 1 / share): "the ratio is upside down: it is n_test / n_train, "
            "the smaller over the larger.",
            _t(d, plain + n_test / (n_train + n_test)): "you divided n_test by all samples; "
            "divide by the training samples only.",
            _t(d, plain + share, ddof=0): "use the sample variance (ddof=1): np.var and np.std "
            "divide by J unless told otherwise.",
            d.mean() / ((plain + share) * d.var(ddof=1)): "the denominator is a standard error: "
            "take the square root of the variance.",
        }
        for wrong, hint in slips.items():
            if np.isclose(t, wrong, rtol=1e-6) and not np.isclose(t, right.statistic, rtol=1e-6):
                raise Hint(hint)
        if np.isclose(t, -right.statistic, rtol=1e-6):
            raise Hint("the sign is turned: a positive mean difference gives a positive t.")
        if not np.isclose(t, right.statistic, rtol=1e-6):
            raise Hint(f"t is {t:.4g} where {right.statistic:.4g} is right (J = {n_folds} folds).")
        tail = stats.t.sf(abs(t), n_folds - 1)
        slips = {
            tail: "p is one-sided: a difference in either direction counts, so double the tail.",
            1 - tail: "p is the probability of a *smaller* t; use the tails, 2 * sf(|t|).",
            2 * stats.t.sf(t, n_folds - 1): "take |t| before the tail, or a negative difference "
            "gets a p above 1.",
            2 * stats.norm.sf(abs(t)): "p is the normal distribution's; with few folds use "
            "Student's t with J - 1 degrees of freedom.",
            2 * stats.t.sf(abs(t), n_folds): "t has J - 1 degrees of freedom, not J.",
        }
        for wrong, hint in slips.items():
            if np.isclose(p, wrong, rtol=1e-6) and not np.isclose(p, right.p_value, rtol=1e-6):
                raise Hint(hint)
        if not np.isclose(p, right.p_value, rtol=1e-6, atol=1e-15):
            raise Hint(f"t is right, but p is {p:.4g} where {right.p_value:.4g} is right.")
    return "t and p agree with the package's on 30 random sets of differences."


# --- 06.2 ------------------------------------------------------------------------------------


def _specific(joint: np.ndarray) -> np.ndarray:
    """I(Y = y; X) of every outcome, in bits, from p(x, y) without zeros in p(y)."""
    p_x, p_y = joint.sum(axis=1), joint.sum(axis=0)
    bits = np.zeros(len(p_y))
    for y, p in enumerate(p_y):
        for x in range(len(p_x)):
            if joint[x, y] > 0:
                bits[y] += joint[x, y] / p * np.log2(joint[x, y] / (p_x[x] * p))
    return bits


def _gates() -> dict[str, np.ndarray]:
    gates = {name: np.zeros((2, 2, 2)) for name in ("XOR", "AND", "copy")}
    for a in (0, 1):
        gates["copy"][a, a, a] = 1 / 2
        for b in (0, 1):
            gates["XOR"][a, b, a ^ b] += 1 / 4
            gates["AND"][a, b, a & b] += 1 / 4
    return gates


def _divided(rng: np.random.Generator) -> np.ndarray:
    """A joint distribution in which neither modality tells less of every outcome."""
    while True:
        joint = rng.dirichlet(np.full(18, 0.7)).reshape(3, 2, 3)
        first, second = joint.sum(axis=1), joint.sum(axis=0)
        averages = mutual_information(first), mutual_information(second)
        if decompose(joint).redundancy < min(averages) - 0.01:
            return joint


@judged("06.2", "a function redundancy(joint) returning I_min in bits, joint[x1, x2, y]")
def redundancy(answer: Any, rng: np.random.Generator) -> str:
    """Williams and Beer's redundancy on the textbook's gates and on random distributions."""
    cases = [*_gates().items()]
    cases += [("a random case", _divided(rng)) for _ in range(9)]
    for name, joint in cases:
        got = as_number(answer(joint.copy()), "the redundancy")
        first, second = joint.sum(axis=1), joint.sum(axis=0)
        both, p_y = joint.reshape(-1, joint.shape[2]), joint.sum(axis=(0, 1))
        s1, s2 = _specific(first), _specific(second)
        i1, i2, i12 = (mutual_information(p) for p in (first, second, both))
        right = decompose(joint).redundancy
        if np.isnan(got):
            raise Hint(
                f"on {name} the result is NaN: cells with p = 0 make 0 * log 0; leave them out "
                "of the sum."
            )
        if np.isclose(got, right, atol=1e-9):
            continue
        slips = [
            (right * np.log(2), "this is in nats: use the logarithm to base 2 for bits."),
            (
                i1 + i2 - i12,
                "I(X1;Y) + I(X2;Y) - I(X1,X2;Y) is redundancy *minus* synergy, and is negative "
                "for XOR; I_min takes the smaller specific information of each outcome.",
            ),
            (
                np.maximum(s1, s2) @ p_y,
                "you took the larger of the two for each outcome; redundant is what *both* tell, "
                "the smaller.",
            ),
            (
                np.minimum(s1, s2).sum(),
                "you added the outcomes up unweighted: weight each by p(y).",
            ),
            (
                np.minimum(s1, s2).mean(),
                "you took the plain mean over outcomes: weight each by p(y).",
            ),
            (
                min(i1, i2),
                "you averaged over the outcomes first and took the smaller then; take the smaller "
                "of each outcome first (the modality that tells less may differ between outcomes).",
            ),
            (i12, "this is all that both together tell, I(X1, X2; Y)."),
        ]
        for wrong, hint in slips:
            if np.isclose(got, wrong, atol=1e-9):
                raise Hint(hint)
        raise Hint(f"on {name} the redundancy is {right:.4g} bits, yours is {got:.4g}.")
    return "XOR 0, AND 0.311 and a copy 1 bit, and 9 random distributions agree with the package's."


# --- 06.3 ------------------------------------------------------------------------------------


class _Log(list):
    """What the spies noted; a copy of a spy writes into the same one."""

    def __deepcopy__(self, memo: dict) -> _Log:
        return self


class _Spy(ClassifierMixin, BaseEstimator):
    """Notes which rows it was fitted on and which it was asked about; guesses by a fixed rule."""

    def __init__(self, log: list | None = None, name: str = "", column: int = 0) -> None:
        self.log, self.name, self.column = log, name, column

    def fit(self, X: Any, y: Any, **_: Any) -> _Spy:
        X = np.asarray(X)
        if len(X) != len(y):
            raise Hint(f"fit was given {len(X)} rows but {len(y)} labels: index both by `train`.")
        self.classes_ = np.unique(y)
        self.log.append(("fit", self.name, X[:, 0].astype(int), np.asarray(y), id(self)))
        return self

    def predict(self, X: Any) -> np.ndarray:
        X = np.asarray(X)
        self.log.append(("predict", self.name, X[:, 0].astype(int), None, id(self)))
        return (X[:, self.column] > 0).astype(int)


@judged(
    "06.3",
    "a function paired_differences(a, b, X, y, groups, n_splits) returning a's accuracy less b's "
    "in each fold",
)
def paired_differences(answer: Any, rng: np.random.Generator) -> str:
    """Same folds for both, no group on both sides, no row fitted and tested: watched by spies."""
    for n_splits in (3, 5):
        groups = rng.permutation(np.repeat(np.arange(15), 8))
        y = rng.integers(0, 2, len(groups))
        strong = np.where(rng.uniform(size=len(y)) < 0.9, 2 * y - 1, 1 - 2 * y)
        weak = np.where(rng.uniform(size=len(y)) < 0.6, 2 * y - 1, 1 - 2 * y)
        table = np.column_stack([np.arange(len(y)), strong, weak]).astype(float)
        X = pd.DataFrame(table, columns=["row", "strong", "weak"])
        log = _Log()
        a, b = _Spy(log, "a", 1), _Spy(log, "b", 2)
        result = np.asarray(answer(a, b, X, y, groups, n_splits), dtype=float)
        if result.shape != (n_splits,):
            raise Hint(
                f"expected one difference per fold, shape ({n_splits},); yours has shape "
                f"{result.shape}."
            )
        folds = _watched_folds(log, groups)
        if len(folds["a"]) != n_splits or len(folds["b"]) != n_splits:
            raise Hint(
                f"with n_splits={n_splits}, a was tested on {len(folds['a'])} folds and b on "
                f"{len(folds['b'])}."
            )
        if [tuple(t) for t in folds["a"]] != [tuple(t) for t in folds["b"]]:
            raise Hint(
                "a and b were tested on different folds, so the differences are not paired: make "
                "the folds once and use them for both."
            )
        if sorted(np.concatenate(folds["a"])) != list(range(len(y))):
            raise Hint("not every row was tested exactly once.")
        right = {name: (table[:, column] > 0) == y for name, column in (("a", 1), ("b", 2))}
        expected = np.array([right["a"][t].mean() - right["b"][t].mean() for t in folds["a"]])
        if np.allclose(result, -expected):
            raise Hint("you return b's accuracy less a's; it is a's less b's.")
        if not np.allclose(result, expected):
            raise Hint(
                "the folds are right but the numbers are not: each is the difference of two "
                "accuracies (shares of right answers) on one fold."
            )
    return "same folds for both, no group on both sides, and each row tested exactly once."


def _watched_folds(log: list, groups: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Return the test rows of each model's folds, after looking for leaks in what was logged."""
    fitted: dict[tuple[str, int], np.ndarray] = {}
    folds: dict[str, list[np.ndarray]] = {"a": [], "b": []}
    for what, name, rows, _, model in log:
        if what == "fit":
            fitted[name, model] = rows
            continue
        if (name, model) not in fitted:
            raise Hint(f"{name} was asked to predict before it was fitted.")
        train = fitted[name, model]
        if np.intersect1d(train, rows).size:
            raise Hint(
                f"{name} was tested on rows it was fitted on: fit on `train`, predict on `test`."
            )
        shared = np.intersect1d(groups[train], groups[rows])
        if shared.size:
            raise Hint(
                f"{len(shared)} groups are both in the training and in the test rows: use "
                "GroupKFold and pass it the groups."
            )
        folds[name].append(np.sort(rows))
    return folds


# --- 06.4 ------------------------------------------------------------------------------------


@judged(
    "06.4",
    "a function ideal_weights(reliability, correlation) returning one weight per modality, "
    "in any unit",
)
def ideal_weights(answer: Any, rng: np.random.Generator) -> str:
    """The direction of inverse(S) r, up to a positive factor."""
    cases = [(np.array([1.5, 0.5]), 0.8), (np.array([1.0, 0.0]), 0.5)]
    cases += [(rng.uniform(0.2, 2, rng.integers(2, 5)), rng.uniform(0.3, 0.9)) for _ in range(20)]
    for r, rho in cases:
        S = np.full((len(r), len(r)), rho)
        np.fill_diagonal(S, 1)
        right = np.linalg.solve(S, r)
        w = np.asarray(answer(r.copy(), rho), dtype=float)
        if w.shape != r.shape:
            raise Hint(f"expected one weight per modality, shape {r.shape}; got {w.shape}.")
        if not np.isfinite(w).all() or not w.any():
            raise Hint(f"for reliability {r.round(2)} and correlation {rho:.2f} you return {w}.")
        if _alike(w, right):
            continue
        inverted = np.full(S.shape, 1 / rho)
        np.fill_diagonal(inverted, 1)
        slips = [
            (-right, "all signs are turned: the sum of weights times reliabilities is positive."),
            (r, "these are the reliabilities: right for independent noise, but here it is shared."),
            (S @ r, "you multiplied by the covariance S; the weights are its *inverse* times r."),
            (inverted @ r, "1 / S inverts each element; the matrix inverse is np.linalg.inv."),
            (
                np.maximum(right, 0),
                "you cut negative weights off; here they are right: subtracting a modality that "
                "carries mostly the other's noise removes that noise.",
            ),
            (
                np.abs(right),
                "you took absolute values; a negative weight subtracts the shared noise.",
            ),
            (
                np.linalg.pinv(np.full(S.shape, rho)) @ r,
                "the covariance has 1 on its diagonal, not the correlation.",
            ),
            (r**2, "squares of reliabilities add up to d' squared; they are not the weights."),
        ]
        for wrong, hint in slips:
            if _alike(w, wrong):
                raise Hint(hint)
        raise Hint(
            f"for reliability {r.round(2)} and correlation {rho:.2f} the weights are proportional "
            f"to {(right / np.abs(right).max()).round(2)}; yours to "
            f"{(w / np.abs(w).max()).round(2)}."
        )
    return "the direction is right in 22 worlds, negative weights included."


def _alike(w: np.ndarray, v: np.ndarray) -> bool:
    """Whether one is a positive multiple of the other."""
    sizes = np.linalg.norm(w) * np.linalg.norm(v)
    return bool(sizes > 0 and w @ v / sizes > 1 - 1e-9)
