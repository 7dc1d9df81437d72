"""Chapter 06's checkers: typical wrong answers get the hint that names them, right ones pass."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, cross_val_score

from mmtutor.exercises import examine

# --- 06.1 ------------------------------------------------------------------------------------


def t_right(d, n_train, n_test):
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1))
    t = np.mean(d) / error
    return t, 2 * stats.t.sf(abs(t), len(d) - 1)


def t_right_by_rescaling(d, n_train, n_test):
    plain = stats.ttest_1samp(d, 0)
    t = plain.statistic / np.sqrt(1 + len(d) * n_test / n_train)
    return np.array([t, min(stats.t.cdf(t, len(d) - 1), stats.t.sf(t, len(d) - 1)) * 2])


def t_plain(d, n_train, n_test):
    return tuple(stats.ttest_1samp(d, 0))


def t_variant(factor=None, ddof=1, root=True, p=None, sign=1):
    def answer(d, n_train, n_test):
        k = factor(len(d), n_train, n_test) if factor else 1 / len(d) + n_test / n_train
        variance = k * np.var(d, ddof=ddof)
        t = sign * np.mean(d) / (np.sqrt(variance) if root else variance)
        return t, (p or (lambda t, n: 2 * stats.t.sf(abs(t), n - 1)))(t, len(d))

    return answer


# --- 06.2 ------------------------------------------------------------------------------------


def specific(p):
    """I(Y = y; X) in bits for each y, by D(p(x|y) || p(x))."""
    given_y, p_x = p / p.sum(axis=0), p.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        return np.nansum(given_y * np.log2(given_y / p_x), axis=0)


def parts(joint):
    return specific(joint.sum(axis=1)), specific(joint.sum(axis=0)), joint.sum(axis=(0, 1))


def red_right(joint):
    s1, s2, p_y = parts(joint)
    return np.sum(p_y * np.minimum(s1, s2))


def red_right_in_loops(joint):
    total = 0.0
    n1, n2, n_y = joint.shape
    for y in range(n_y):
        p_y, told = joint[:, :, y].sum(), []
        for cells in ([joint[i] for i in range(n1)], [joint[:, i] for i in range(n2)]):
            bits = 0.0
            for cell in cells:
                p_xy = cell[:, y].sum()
                if p_xy:
                    bits += p_xy / p_y * (np.log2(p_xy / cell.sum()) - np.log2(p_y))
            told.append(bits)
        total += p_y * min(told)
    return total


def total_information(p):
    return specific(p) @ p.sum(axis=0)


def red_nan(joint):
    def told(p):
        given_y = p / p.sum(axis=0)
        return np.sum(given_y * np.log2(given_y / p.sum(axis=1, keepdims=True)), axis=0)

    return np.minimum(told(joint.sum(axis=1)), told(joint.sum(axis=0))) @ joint.sum(axis=(0, 1))


def red_min_of_totals(joint):
    return min(total_information(joint.sum(axis=1)), total_information(joint.sum(axis=0)))


def red_co_information(joint):
    i1, i2 = total_information(joint.sum(axis=1)), total_information(joint.sum(axis=0))
    return i1 + i2 - total_information(joint.reshape(-1, joint.shape[2]))


def red_by(combine):
    return lambda joint: combine(*parts(joint))


# --- 06.3 ------------------------------------------------------------------------------------


def pair_right(a, b, X, y, groups, n_splits):
    out = []
    for train, test in GroupKFold(n_splits).split(X, y, groups):
        right = [
            np.mean(clone(m).fit(X.iloc[train], y[train]).predict(X.iloc[test]) == y[test])
            for m in (a, b)
        ]
        out.append(right[0] - right[1])
    return np.array(out)


def pair_right_with_library(a, b, X, y, groups, n_splits):
    folds = list(StratifiedGroupKFold(n_splits, shuffle=True).split(X, y, groups))
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


def pair_ungrouped(a, b, X, y, groups, n_splits):
    cv = KFold(n_splits, shuffle=True, random_state=0)
    return cross_val_score(a, X, y, cv=cv) - cross_val_score(b, X, y, cv=cv)


def pair_unpaired(a, b, X, y, groups, n_splits):
    scores = [
        cross_val_score(
            m, X, y, groups=groups, cv=GroupKFold(n_splits, shuffle=True, random_state=seed)
        )
        for seed, m in enumerate((a, b))
    ]
    return scores[0] - scores[1]


def pair_fitted_on_everything(a, b, X, y, groups, n_splits):
    a.fit(X, y), b.fit(X, y)
    folds = GroupKFold(n_splits).split(X, y, groups)
    return [
        np.mean(a.predict(X.iloc[t]) == y[t]) - np.mean(b.predict(X.iloc[t]) == y[t])
        for _, t in folds
    ]


def pair_turned(a, b, X, y, groups, n_splits):
    return -pair_right(a, b, X, y, groups, n_splits)


def pair_averaged(a, b, X, y, groups, n_splits):
    return pair_right(a, b, X, y, groups, n_splits).mean()


def pair_error_counts(a, b, X, y, groups, n_splits):
    return pair_right(a, b, X, y, groups, n_splits) * len(y) / n_splits


def pair_two_folds(a, b, X, y, groups, n_splits):
    return np.resize(pair_right(a, b, X, y, groups, 2), n_splits)


# --- 06.4 ------------------------------------------------------------------------------------


def covariance(r, rho):
    return np.full((len(r), len(r)), rho) + (1 - rho) * np.eye(len(r))


def weights_right(r, rho):
    return np.linalg.inv(covariance(r, rho)) @ r


def weights_right_closed_form(r, rho):
    """Sherman and Morrison for equal correlations, in another unit."""
    return 7 * (r - rho * r.sum() / (1 + (len(r) - 1) * rho))


RIGHT = [
    ("06.1", t_right),
    ("06.1", t_right_by_rescaling),
    ("06.2", red_right),
    ("06.2", red_right_in_loops),
    ("06.3", pair_right),
    ("06.3", pair_right_with_library),
    ("06.4", weights_right),
    ("06.4", weights_right_closed_form),
]

WRONG = [
    ("06.1", t_plain, "the plain t-test"),
    ("06.1", t_variant(lambda n, a, b: b / a), "adds the two"),
    ("06.1", t_variant(lambda n, a, b: 1 / n + a / b), "upside down"),
    ("06.1", t_variant(lambda n, a, b: 1 / n + b / (a + b)), "training samples only"),
    ("06.1", t_variant(ddof=0), "ddof=1"),
    ("06.1", t_variant(root=False), "square root"),
    ("06.1", t_variant(sign=-1), "sign is turned"),
    ("06.1", t_variant(p=lambda t, n: stats.t.sf(abs(t), n - 1)), "one-sided"),
    ("06.1", t_variant(p=lambda t, n: 2 * stats.norm.sf(abs(t))), "Student's t"),
    ("06.1", t_variant(p=lambda t, n: 2 * stats.t.sf(abs(t), n)), "J - 1 degrees"),
    ("06.1", t_variant(p=lambda t, n: 2 * stats.t.sf(t, n - 1)), "above 1"),
    ("06.1", lambda d, n_train, n_test: t_right(d, n_train, n_test)[0], "two numbers"),
    ("06.2", red_nan, "NaN"),
    ("06.2", lambda joint: red_right(joint) * np.log(2), "nats"),
    ("06.2", red_co_information, "minus"),
    ("06.2", red_min_of_totals, "averaged over the outcomes first"),
    ("06.2", red_by(lambda a, b, p: np.maximum(a, b) @ p), "the larger"),
    ("06.2", red_by(lambda a, b, p: np.minimum(a, b).sum()), "unweighted"),
    ("06.2", red_by(lambda a, b, p: np.minimum(a, b).mean()), "plain mean"),
    ("06.2", red_by(lambda a, b, p: np.minimum(a, b) * p), "one number"),
    ("06.2", lambda joint: 0.3, "redundancy is"),
    ("06.3", pair_ungrouped, "GroupKFold"),
    ("06.3", pair_unpaired, "not paired"),
    ("06.3", pair_fitted_on_everything, "rows it was fitted on"),
    ("06.3", pair_turned, "a's less b's"),
    ("06.3", pair_averaged, "one difference per fold"),
    ("06.3", pair_error_counts, "accuracies"),
    ("06.3", pair_two_folds, "tested on 2 folds"),
    ("06.4", lambda r, rho: r, "independent noise"),
    ("06.4", lambda r, rho: covariance(r, rho) @ r, "inverse"),
    ("06.4", lambda r, rho: 1 / covariance(r, rho) @ r, "each element"),
    ("06.4", lambda r, rho: np.maximum(weights_right(r, rho), 0), "cut negative"),
    ("06.4", lambda r, rho: np.abs(weights_right(r, rho)), "absolute"),
    ("06.4", lambda r, rho: -weights_right(r, rho), "signs are turned"),
    ("06.4", lambda r, rho: weights_right(r, rho).sum(), "one weight per modality"),
    ("06.4", lambda r, rho: r**2, "squares"),
    ("06.4", lambda r, rho: r * 0, "you return"),
]


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_right_answers_pass(number, answer):
    verdict = examine(number, answer)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(("number", "answer", "hint"), WRONG)
def test_wrong_answers_get_their_hint(number, answer, hint):
    verdict = examine(number, answer)
    assert not verdict.passed
    assert hint in verdict.message


@pytest.mark.parametrize("number", ["06.1", "06.2", "06.3", "06.4"])
def test_unsolved_stubs_say_what_is_expected(number):
    for stub in (None, lambda *arguments: None):
        verdict = examine(number, stub)
        assert not verdict.passed
        assert "expected a function" in verdict.message


def test_a_model_fitted_in_place_passes_if_nothing_leaks():
    def in_place(a, b, X, y, groups, n_splits):
        out = []
        for train, test in GroupKFold(n_splits).split(X, y, groups):
            right = [
                np.mean(m.fit(X.iloc[train], y[train]).predict(X.iloc[test]) == y[test])
                for m in (a, b)
            ]
            out.append(right[0] - right[1])
        return out

    assert examine("06.3", in_place).passed
