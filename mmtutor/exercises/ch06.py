"""Checkers of chapter 06, choosing a fusion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr
from sklearn.base import BaseEstimator, ClassifierMixin

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise, judged
from mmtutor.exercises._scaling import unit
from mmtutor.information import decompose, mutual_information

# --- 06.1 ---------------------------------------------------------------------------------------


def _two_sided(t: float, J: int) -> float:
    return 2 * stdtr(J - 1, -abs(t))


def _t_test(
    factor: Callable = lambda J, n_train, n_test: 1 / J + n_test / n_train,
    ddof: int = 1,
    power: float = 0.5,
    t_of: Callable = float,
    p_of: Callable = _two_sided,
) -> Callable:
    """Return the corrected test with something changed."""

    def answer(d: np.ndarray, n_train: int, n_test: int) -> tuple[float, float]:
        variance = factor(len(d), n_train, n_test) * d.var(ddof=ddof)
        t = d.mean() / variance**power
        return t_of(t), p_of(t, len(d))

    return answer


def _differences(rng: np.random.Generator) -> Iterator[Case]:
    for trial in range(12):
        n_test = int(rng.integers(20, 60))
        d = rng.normal((0.01, 0.02, -0.01)[trial % 3], 0.03, size=rng.integers(3, 20))
        yield Case(d, n_test * int(rng.integers(2, 10)) + 1, n_test)


exercise(
    "06.1",
    "a function corrected_t(differences, n_train, n_test) returning (t, p)",
    solve=_t_test(),
    cases=_differences,
    slips={
        N_("this is the plain t-test: add n_test / n_train to 1 / J, for training sets overlap."):
            _t_test(lambda J, n_train, n_test: 1 / J),
        N_("you replaced 1 / J by n_test / n_train; the test adds the two."):
            _t_test(lambda J, n_train, n_test: n_test / n_train),
        N_("the ratio is upside down: n_test / n_train, the smaller over the larger."):
            _t_test(lambda J, n_train, n_test: 1 / J + n_train / n_test),
        N_("you divided n_test by all samples; divide by the training samples only."):
            _t_test(lambda J, n_train, n_test: 1 / J + n_test / (n_train + n_test)),
        N_("use the sample variance, ddof=1."): _t_test(ddof=0),
        N_("the denominator is a standard error: the root of the variance."): _t_test(power=1),
        N_("the sign is turned: a positive mean difference gives a positive t."):
            _t_test(t_of=lambda t: -t),
        N_("t keeps its sign: take |t| for p alone."): _t_test(t_of=abs),
        N_("p is one-sided: a difference in either direction counts, so double the tail."): (
            _t_test(p_of=lambda t, J: stdtr(J - 1, -abs(t))),
            _t_test(p_of=lambda t, J: stdtr(J - 1, -t)),
        ),
        N_("take |t| before the tail, or a negative difference gets a p above 1."):
            _t_test(p_of=lambda t, J: 2 * stdtr(J - 1, -t)),
        N_("p is the normal distribution's; with few folds use Student's t, J - 1 degrees."):
            _t_test(p_of=lambda t, J: 2 * ndtr(-abs(t))),
        N_("t has J - 1 degrees of freedom."): _t_test(p_of=lambda t, J: _two_sided(t, J + 1)),
        N_("p is the probability of a larger |t|: the tails, not what lies between them."):
            _t_test(p_of=lambda t, J: 1 - _two_sided(t, J)),
    },
)  # fmt: skip

# --- 06.2 ---------------------------------------------------------------------------------------


def _told(joint: np.ndarray, axis: int) -> np.ndarray:
    """I(Y = y; X) of every outcome, in bits, where X is what is left of the modality `axis`."""
    p = joint.sum(axis=axis)
    given_y = p / p.sum(axis=0)
    return np.nansum(given_y * np.log2(given_y / p.sum(axis=1, keepdims=True)), axis=0)


def _combine(combine: Callable) -> Callable:
    return lambda joint: combine(_told(joint, 1), _told(joint, 0), joint.sum(axis=(0, 1)))


def _joints(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(8):  # of four draws the one in which outcomes differ most in who tells less
        shape = rng.permutation([2, 3, 4])
        draws = [joint.reshape(shape) for joint in rng.dirichlet(np.full(24, 0.7), size=4)]
        yield Case(
            max(draws, key=_combine(lambda a, b, p: min(a @ p, b @ p) - np.minimum(a, b) @ p))
        )
    zeros = _("cells may be 0: leave them out of the sum, for 0 * log(0) counts as 0.")
    for gate in (np.bitwise_xor, np.bitwise_and, lambda a, b: a):
        joint = np.zeros((2, 2, 2))
        for a, b in np.ndindex(2, 2):
            joint[a, b, gate(a, b)] = 1 / 4
        yield Case(joint, hint=zeros)
    yield Case(np.eye(2)[:, :, None] * np.eye(2)[:, None] / 2, hint=zeros)  # two copies of y


def _all_told(joint: np.ndarray) -> float:
    return mutual_information(joint.reshape(-1, joint.shape[2]))


exercise(
    "06.2",
    "a function redundancy(joint) returning I_min in bits, joint[x1, x2, y]; cells may be zero",
    solve=lambda joint: decompose(joint).redundancy,
    cases=_joints,
    slips={
        N_("this is in nats: use the logarithm to base 2 for bits."):
            _combine(lambda a, b, p: np.minimum(a, b) @ p * np.log(2)),
        N_("I(X1;Y) + I(X2;Y) - I(X1,X2;Y) is redundancy *minus* synergy: negative for XOR."):
            lambda joint: _combine(lambda a, b, p: (a + b) @ p)(joint) - _all_told(joint),
        N_("you took the larger of each outcome; redundant is what *both* tell, the smaller."):
            _combine(lambda a, b, p: np.maximum(a, b) @ p),
        N_("weight each outcome by p(y) before you add them up."): (
            _combine(lambda a, b, p: np.minimum(a, b).sum()),
            _combine(lambda a, b, p: np.minimum(a, b).mean()),
        ),
        N_("take the smaller of each outcome *before* averaging: it need not be the same one."):
            _combine(lambda a, b, p: min(a @ p, b @ p)),
        N_("this is what one modality tells: take the smaller of both, outcome by outcome."): (
            _combine(lambda a, b, p: a @ p),
            _combine(lambda a, b, p: b @ p),
        ),
        N_("this is all that both together tell, I(X1, X2; Y)."): _all_told,
        N_("this is one value per outcome: add them up, weighted by p(y)."): (
            _combine(lambda a, b, p: np.minimum(a, b)),
            _combine(lambda a, b, p: np.minimum(a, b) * p),
        ),
    },
)  # fmt: skip

# --- 06.3 ---------------------------------------------------------------------------------------


class _Log(list):
    """What the spies note; a copy of a spy writes into the same one."""

    def __deepcopy__(self, memo: dict) -> _Log:
        return self


class _Spy(ClassifierMixin, BaseEstimator):
    """Notes which rows it was fitted on and which it was asked about; guesses by a fixed rule."""

    def __init__(self, log: _Log, name: str, column: int) -> None:
        self.log, self.name, self.column = log, name, column

    def fit(self, X: Any, y: Any, **_unused: Any) -> _Spy:
        X = np.asarray(X)
        if len(X) != len(y):
            raise ValueError(f"X has {len(X)} rows, y has {len(y)}: index both by `train`")
        self.classes_ = np.unique(y)
        self.rows_ = X[:, 0].astype(int)
        self.log.append((self.name, None, None))
        return self

    def predict(self, X: Any) -> np.ndarray:
        if not hasattr(self, "rows_"):
            raise ValueError(f"{self.name} was asked to predict before it was fitted")
        X = np.asarray(X)
        self.log.append((self.name, self.rows_, np.sort(X[:, 0].astype(int))))
        return (X[:, self.column] > 0).astype(int)


@judged(
    "06.3",
    "a function paired_differences(a, b, X, y, groups, n_splits) returning a's accuracy less b's "
    "in each fold",
)
def _paired_differences(ask: Callable, rng: np.random.Generator) -> str:
    """Same folds for both, no group on both sides, no row fitted and tested: watched by spies."""
    for n_splits in (3, 5):
        groups = rng.permutation(np.repeat(np.arange(15), rng.integers(3, 9, size=15)))
        y = rng.integers(0, 2, len(groups))
        right = rng.random((2, len(y))) < [[0.9], [0.6]]
        guesses = np.where(right, 2 * y - 1, 1 - 2 * y)
        table = np.column_stack([np.arange(len(y)), *guesses]).astype(float)
        X, log = pd.DataFrame(table, columns=["row", "strong", "weak"]), _Log()
        try:
            result = ask(_Spy(log, "a", 1), _Spy(log, "b", 2), X, y, groups, n_splits)
        except Hint:
            _was_b_asked(log)
            raise
        _was_b_asked(log)
        result = as_array(result, (n_splits,))
        folds = _folds(log, groups, n_splits)
        if sorted(np.concatenate(folds)) != list(range(len(y))):
            raise Hint(_("not every row was tested exactly once."))
        expected = [right[0, rows].mean() - right[1, rows].mean() for rows in folds]
        if np.allclose(result, np.negative(expected), atol=1e-5):
            raise Hint(_("you return b's accuracy less a's; it is a's less b's."))
        if not np.allclose(result, expected, atol=1e-5):
            text = _(
                "the folds are right but the numbers are not: each is the difference of two "
                "accuracies, shares of right answers, on one fold."
            )
            raise Hint(text)
    return _("same folds for both, no group on both sides, and each row tested exactly once.")


def _was_b_asked(log: _Log) -> None:
    if log and all(name == "a" for name, _fitted, _asked in log) and len(log) > 2:
        text = _("b got no fold: a generator of folds is used up by a. Make a list of them first.")
        raise Hint(text)


def _folds(log: _Log, groups: np.ndarray, n_splits: int) -> list[np.ndarray]:
    """Return the test rows of the folds, after looking for leaks in what was logged."""
    folds: dict[str, list[np.ndarray]] = {"a": [], "b": []}
    for name, fitted, asked in log:
        if asked is None:
            continue
        if np.intersect1d(fitted, asked).size:
            text = _(
                "{name} was tested on rows it was fitted on: fit on `train`, predict on `test`."
            )
            raise Hint(text.format(name=name))
        shared = np.intersect1d(groups[fitted], groups[asked]).size
        if shared:
            text = _(
                "{n} groups are both in the training and in the test rows: use GroupKFold and pass "
                "it the groups."
            )
            raise Hint(text.format(n=shared))
        folds[name].append(asked)
    if len(folds["a"]) != n_splits or len(folds["b"]) != n_splits:
        text = _("with n_splits={n}, a was tested on {a} folds and b on {b}.")
        raise Hint(text.format(n=n_splits, a=len(folds["a"]), b=len(folds["b"])))
    if any(not np.array_equal(*pair) for pair in zip(*folds.values(), strict=True)):
        text = _(
            "a and b were tested on different folds, so the differences are not paired: make the "
            "folds once and use them for both."
        )
        raise Hint(text)
    return folds["a"]


# --- 06.4 ---------------------------------------------------------------------------------------


def _covariance(r: np.ndarray, rho: float) -> np.ndarray:
    return np.full((len(r), len(r)), rho) + (1 - rho) * np.eye(len(r))


def _weights(r: np.ndarray, rho: float) -> np.ndarray:
    return np.linalg.solve(_covariance(r, rho), r)


def _worlds(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(np.array([1.5, 0.5]), 0.8)
    yield Case(np.array([1.0, 0.0]), 0.5)
    for n in (2, 2, 3, 3, 3, 4, 4, 5):
        yield Case(rng.uniform(0.2, 2, n), float(rng.uniform(0.3, 0.9)))


def _direction(value: Any, right: np.ndarray) -> np.ndarray:
    weights = as_array(value, np.shape(right))
    if not np.isfinite(weights).all() or not weights.any():
        raise Hint(_("the weights must be finite, and not all zero."))
    return unit(np.atleast_1d(weights), axis=0)


exercise(
    "06.4",
    "a function ideal_weights(reliability, correlation) returning one weight per modality, "
    "in any unit",
    solve=_weights,
    cases=_worlds,
    read=_direction,
    slips={
        N_("these are the reliabilities: right for independent noise, but here it is shared."):
            lambda r, rho: r,
        N_("you multiplied by the covariance S; the weights are its *inverse* times r."):
            lambda r, rho: _covariance(r, rho) @ r,
        N_("1 / S inverts each element; the matrix inverse is np.linalg.inv."):
            lambda r, rho: 1 / _covariance(r, rho) @ r,
        N_("negative weights are right here: they take out the noise that modalities share."): (
            lambda r, rho: np.maximum(_weights(r, rho), 0),
            lambda r, rho: np.abs(_weights(r, rho)),
        ),
        N_("all signs are turned: the sum of weights times reliabilities is positive."):
            lambda r, rho: -_weights(r, rho),
        N_("squares of reliabilities add up to d' squared; they are not the weights."):
            lambda r, rho: r**2,
        N_("equal weights ignore the reliabilities."): lambda r, rho: np.ones(len(r)),
    },
    advice=N_("Up to a factor they are inv(S) @ r."),
)  # fmt: skip
