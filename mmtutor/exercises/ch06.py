"""Checks of chapter 06, choosing a fusion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise, judged
from mmtutor.evaluation import corrected_t_test
from mmtutor.fusion import rules
from mmtutor.information import decompose, mutual_information

# --- 06.1 ---------------------------------------------------------------------------------------


def _better(
    level: float = 0.05,
    counted: Callable[[Any, Any], int] = lambda scores, singles: len(scores.columns) - len(singles),
    p_value: Callable[[Any, Any, float], float] | None = None,
    single: Callable[[Any, Any], Any] = lambda scores, singles: scores[singles].mean().idxmax(),
    signed: bool = True,
) -> Callable[[pd.DataFrame, list[str], float], list[str]]:
    """Return the reference, or a slip: which level, divided by what, which test, which single."""

    def better(scores: pd.DataFrame, singles: list[str], share: float) -> list[str]:
        best = scores[single(scores, singles)]
        best = best.mean(axis=1) if best.ndim == 2 else best
        limit = level / counted(scores, singles)
        found = []
        for name in [name for name in scores if name not in singles]:
            gain = (scores[name] - best).mean()
            test = p_value or (lambda a, b, s: corrected_t_test(a - b, s).p_value)
            if (gain > 0 or not signed) and test(scores[name], best, share) < limit:
                found.append(name)
        return found

    return better


def _one_t(factor: Callable[[int, float], float]) -> Callable[[Any, Any, float], float]:
    def p_value(a: Any, b: Any, share: float) -> float:
        d = a - b
        t = d.mean() / np.sqrt(factor(len(d), share) * d.var())
        return 2 * stats.t.sf(abs(t), len(d) - 1)

    return p_value


def _scores(rng: np.random.Generator) -> Iterator[Case]:
    """Folds in which the p-values of six fusions lie on both sides of every threshold."""
    for _trial in range(6):
        n_folds, share = int(rng.choice([8, 10])), float(rng.choice([1 / 4, 1 / 3]))
        k, n_singles = 9, 3
        days = rng.normal(0.6, 0.06, n_folds)  # some folds are hard for every model
        best = days + rng.normal(0, 0.01, n_folds)
        limit = 0.05 / k
        columns = {"best": best}
        for i, gap in enumerate((0.03, 0.06)):
            columns[f"single {i}"] = best - gap + rng.normal(0, 0.01, n_folds)
        # in units of the right limit: within it, between it and the limits of the slips, beyond
        for i, p in enumerate([1e-4, 0.3, 0.85, 1.6, 5.0, 10.0, 60.0, 1e-4, 50.0]):
            noise = rng.normal(size=n_folds)
            noise = 0.02 * (noise - noise.mean()) / noise.std(ddof=1)
            t = stats.t.isf(p * limit / 2, n_folds - 1) * (-1 if i > 6 else 1)
            columns[f"fusion {i}"] = best + noise + t * 0.02 * np.sqrt(1 / n_folds + share)
        order = [list(columns)[i] for i in rng.permutation(k + n_singles)]
        singles = [name for name in order if not name.startswith("fusion")]
        names = dict(
            zip(
                order,
                rng.permutation([f"m{i}" for i in range(k + n_singles)]).tolist(),
                strict=True,
            )
        )
        frame = pd.DataFrame(columns)[order].rename(columns=names)
        yield Case(frame, [names[name] for name in singles], share)


exercise(
    "06.1",
    "a function better_fusions(scores, singles, share) returning the names of the fusions that are "
    "better than the best single modality (highest mean): positive mean difference, corrected p "
    "below 0.05 / number of fusions; in the order of the columns",
    solve=_better(),
    cases=_scores,
    slips={
        N_("with several comparisons 0.05 is too easy: divide it by the number of fusions."): (
            _better(counted=lambda scores, singles: 1),
        ),
        N_("divide 0.05 by the number of *fusions*: the singles are not compared."): (
            _better(counted=lambda scores, singles: len(scores.columns)),
            _better(counted=lambda scores, singles: len(scores.columns) - 1),
        ),
        N_("this is the plain t-test: add n_test / n_train to 1 / J."): (
            _better(p_value=_one_t(lambda n, share: 1 / n)),
        ),
        N_("p is one-sided: a difference in either direction counts, so double the tail."): (
            _better(p_value=lambda a, b, s: corrected_t_test(a - b, s).p_value / 2),
        ),
        N_("a fusion that is *worse* than the best single modality is on your list."): (
            _better(signed=False),
        ),
        N_("the models were scored on the same folds: test the differences, fold by fold."): (
            _better(p_value=lambda a, b, s: stats.ttest_ind(a, b).pvalue),
            _better(p_value=lambda a, b, s: stats.ttest_ind(a, b, equal_var=False).pvalue),
        ),
        N_("a higher mean alone may be chance: test it."): (_better(level=np.inf),),
        N_("compare with the *best* single modality: the one with the highest mean."): (
            _better(single=lambda scores, singles: singles[0]),
            _better(single=lambda scores, singles: singles[-1]),
        ),
    },
    advice=N_("Three decisions: which single modality, which test, which threshold."),
    read=lambda value, right: _names(value),
)


def _names(value: Any) -> list[str]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise Hint(_("return a list of names; got {value!r:.60}.").format(value=value))
    return [str(name) for name in value]


# --- 06.2 ---------------------------------------------------------------------------------------


def _specific(joint: np.ndarray) -> np.ndarray:
    """I(Y = y; X) of every outcome, in bits, from p(x, y)."""
    p_x, p_y = joint.sum(axis=1, keepdims=True), joint.sum(axis=0)
    ratio = np.divide(joint, p_x * p_y, where=joint > 0, out=np.ones_like(joint))
    return (joint / p_y * np.log2(ratio)).sum(axis=0)


def _told(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each modality tells of each outcome, and how probable the outcomes are."""
    p_y = joint.sum(axis=(0, 1))
    return _specific(joint.sum(axis=1)), _specific(joint.sum(axis=0)), p_y


def _informations(joint: np.ndarray) -> tuple[float, float, float]:
    parts = joint.sum(axis=1), joint.sum(axis=0), joint.reshape(-1, joint.shape[2])
    first, second, both = map(mutual_information, parts)
    return first, second, both


def _joints(rng: np.random.Generator) -> Iterator[Case]:
    """Distributions in which neither modality tells less of every outcome, then two gates."""
    n_drawn = 0
    while n_drawn < 6:
        shape = tuple(rng.permutation([2, 3, 4]))
        joint = rng.dirichlet(np.full(24, 0.7)).reshape(shape)
        first, second, _both = _informations(joint)
        if decompose(joint).redundancy < min(first, second) - 0.01:
            n_drawn += 1
            yield Case(joint)
    joint = np.zeros((2, 2, 2))
    for a, b in np.ndindex(2, 2):
        joint[a, b, a & b] = 1 / 4
    hint = _("cells with p = 0 make 0 * log 0, which is 0: leave them out of the sum.")
    yield Case(joint, hint=hint)


exercise(
    "06.2",
    "a function redundancy(joint) returning I_min in bits, joint[x1, x2, y]; cells may be zero",
    solve=lambda joint: decompose(joint).redundancy,
    cases=_joints,
    slips={
        N_("this is in nats: use the logarithm to base 2 for bits."): lambda joint: (
            decompose(joint).redundancy * np.log(2)
        ),
        N_(
            "I(X1;Y) + I(X2;Y) - I(X1,X2;Y) is redundancy *minus* synergy; I_min takes the smaller "
            "specific information of each outcome."
        ): lambda joint: sum(_informations(joint)[:2]) - _informations(joint)[2],
        N_("redundant is what *both* tell of an outcome: the smaller of the two."): lambda joint: (
            np.maximum(*_told(joint)[:2]) @ _told(joint)[2]
        ),
        N_("weight each outcome by its probability, p(y)."): (
            lambda joint: np.minimum(*_told(joint)[:2]).sum(),
            lambda joint: np.minimum(*_told(joint)[:2]).mean(),
        ),
        N_(
            "you averaged over the outcomes first and took the smaller then; take the smaller of "
            "each outcome first."
        ): lambda joint: min(_informations(joint)[:2]),
        N_("this is all that both together tell, I(X1, X2; Y)."): (
            lambda joint: _informations(joint)[2]
        ),
        N_("this is what one modality tells; redundant is what both tell."): (
            lambda joint: _informations(joint)[0],
            lambda joint: _informations(joint)[1],
        ),
    },
    advice=N_("Try AND by hand: 0.311 bits."),
)

# --- 06.3 ---------------------------------------------------------------------------------------


class _Spy(ClassifierMixin, BaseEstimator):
    """Notes which rows it was fitted on and which it was asked about; guesses by a fixed rule."""

    log: ClassVar[dict[str, list]] = {}  # shared, so that clones and copies are heard, too

    def __init__(self, name: str = "", column: int = 0) -> None:
        self.name, self.column = name, column

    def fit(self, X: Any, y: Any, **_options: Any) -> _Spy:
        X = np.asarray(X)
        if len(X) != len(y):
            text = _("fit was given {n} rows but {m} labels: index both by `train`.")
            raise Hint(text.format(n=len(X), m=len(y)))
        self.classes_, self.rows_ = np.unique(y), X[:, 0].astype(int)
        return self

    def predict(self, X: Any) -> np.ndarray:
        X = np.asarray(X)
        if not hasattr(self, "rows_"):
            text = _("{name} was asked to predict before it was fitted.")
            raise Hint(text.format(name=self.name))
        self.log[self.name].append((self.rows_, X[:, 0].astype(int)))
        return (X[:, self.column] > 0).astype(int)


@judged(
    "06.3",
    "a function paired_differences(a, b, X, y, groups, n_splits) returning a's accuracy less b's "
    "in each fold; no group in training and test",
)
def paired_differences(ask: Callable, rng: np.random.Generator) -> str:
    """Same folds for both, no group on both sides, no row fitted and tested: watched by spies."""
    for n_splits in (3, 5):
        groups = rng.permutation(np.repeat(np.arange(15), rng.integers(5, 12, 15)))
        y = rng.integers(0, 2, len(groups))
        strong = np.where(rng.uniform(size=len(y)) < 0.9, 2 * y - 1, 1 - 2 * y)
        weak = np.where(rng.uniform(size=len(y)) < 0.6, 2 * y - 1, 1 - 2 * y)
        rows = np.column_stack([np.arange(len(y)), strong, weak]).astype(float)
        X = pd.DataFrame(rows, columns=["row", "strong", "weak"])
        _Spy.log = {"a": [], "b": []}
        result = ask(_Spy("a", 1), _Spy("b", 2), X, y, groups, n_splits)
        result = as_array(result, (n_splits,), _("the list of differences, one a fold,"))
        for name, folds in _Spy.log.items():
            _look_for_leaks(name, folds, groups, n_splits)
        tested = {name: [sorted(test) for _, test in folds] for name, folds in _Spy.log.items()}
        if tested["a"] != tested["b"]:
            raise Hint(
                _(
                    "a and b were tested on different folds, so the differences are not paired: "
                    "make the folds once and use them for both."
                )
            )
        if sorted(np.concatenate(tested["a"])) != list(range(len(y))):
            raise Hint(_("not every row was tested exactly once."))
        right = {name: (rows[:, column] > 0) == y for name, column in (("a", 1), ("b", 2))}
        gains = [right["a"][test].mean() - right["b"][test].mean() for test in tested["a"]]
        if np.allclose(result, np.negative(gains)):
            raise Hint(_("you return b's accuracy less a's; it is a's less b's."))
        if not np.allclose(result, gains, atol=1e-6):
            raise Hint(
                _(
                    "the folds are right but the numbers are not: each is the difference of two "
                    "accuracies (shares of right answers) on one fold."
                )
            )
    return _("same folds for both, no group on both sides, and each row tested exactly once.")


def _look_for_leaks(name: str, folds: list, groups: np.ndarray, n_splits: int) -> None:
    if len(folds) != n_splits:
        text = _("with n_splits={n}, {name} was tested {m} times.")
        raise Hint(text.format(n=n_splits, name=name, m=len(folds)))
    for train, test in folds:
        if np.intersect1d(train, test).size:
            text = _("{name} was tested on rows it was fitted on: fit on `train`, not on all.")
            raise Hint(text.format(name=name))
        shared = np.intersect1d(groups[train], groups[test])
        if shared.size:
            text = _(
                "{n} groups are both in the training and in the test rows: use GroupKFold and "
                "pass it the groups."
            )
            raise Hint(text.format(n=len(shared)))


# --- 06.4 ---------------------------------------------------------------------------------------

_WORLDS: list[dict[str, Any]] = [  # twice each: the rule that is best is at least 1.5 points ahead
    {"strengths": (1.2,) * 5},  # honest experts: the product
    {"strengths": (3.0, 2.0, 0.5), "liar": 0.6},  # one modality lies now and then: the sum
    {"strengths": (1.5, 1.5, 0.7), "boast": (1, 1, 8)},  # the weakest boasts: the median
]


def _draw(
    rng: np.random.Generator,
    n: int,
    strengths: tuple[float, ...],
    boast: tuple[float, ...] = (),
    liar: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors of independent experts on four classes, and the classes."""
    y = rng.integers(4, size=n)
    liars = np.where(rng.random(n) < liar, rng.integers(len(strengths), size=n), -1)
    P = []
    for r, strength in enumerate(strengths):
        shown = np.where(liars == r, (y + rng.integers(1, 4, size=n)) % 4, y)
        seen = strength * np.eye(4)[shown] + rng.normal(size=(n, 4))
        P.append(softmax((boast[r] if boast else 1) * strength * seen, axis=1))
    return np.stack(P, axis=1), y


@judged(
    "06.4",
    "a function choose_rule(P, y) returning 'sum', 'product' or 'median', within a point of the "
    "best on new samples",
)
def choose_rule(ask: Callable, rng: np.random.Generator) -> str:
    """The chosen rule loses at most a point to the best on 6000 new samples of six worlds."""
    lost = []
    for number in rng.permutation(np.tile(np.arange(3), 2)):
        name = ask(*_draw(rng, 3000, **_WORLDS[number]))
        if not isinstance(name, str) or name not in ("sum", "product", "median"):
            text = _("return 'sum', 'product' or 'median'; got {name!r:.60}.")
            raise Hint(text.format(name=name))
        P, y = _draw(rng, 6000, **_WORLDS[number])
        right = {
            rule: float(np.mean(rules.apply_rule(rule, P).argmax(axis=1) == y))
            for rule in ("sum", "product", "median")
        }
        lost.append((max(right.values()) - right[name], name, max(right, key=lambda r: right[r])))
    chosen = {name for _loss, name, _best in lost}
    worst, name, best = max(lost)
    if worst <= 0.01:
        return _("within a point of the best rule in all six worlds.")
    if len(chosen) == 1:
        text = _(
            "you always answer {name!r}; in one world {best!r} is {points:.1f} points better. "
            "Let P and y decide."
        )
        raise Hint(text.format(name=name, best=best, points=100 * worst))
    text = _(
        "in one world you chose {name!r}, and {best!r} is {points:.1f} points better on new "
        "samples. Which rule would have been right most often on P?"
    )
    raise Hint(text.format(name=name, best=best, points=100 * worst))
