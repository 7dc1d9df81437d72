"""Answers to the exercises of chapter 06."""

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, cross_val_score

from mmtutor.evaluation import corrected_t_test
from mmtutor.information import decompose

# 06.1


def t_right(d, n_train, n_test):
    error = np.sqrt((1 / len(d) + n_test / n_train) * np.var(d, ddof=1))
    t = np.mean(d) / error
    return t, 2 * stats.t.sf(abs(t), len(d) - 1)


def t_by_rescaling(d, n_train, n_test):
    plain = stats.ttest_1samp(d, 0)
    t = plain.statistic / np.sqrt(1 + len(d) * n_test / n_train)
    return np.array([t, min(stats.t.cdf(t, len(d) - 1), stats.t.sf(t, len(d) - 1)) * 2])


def t_by_sums(d, n_train, n_test):
    J = len(d)
    mean = sum(d) / J
    variance = sum((x - mean) ** 2 for x in d) / (J - 1)
    t = mean / ((1 / J + n_test / n_train) * variance) ** 0.5
    return [t, 2 * (1 - stats.t.cdf(abs(t), J - 1))]


def t_in_float32(d, n_train, n_test):
    d = d.astype(np.float32)
    t = d.mean() / np.sqrt(np.float32(1 / len(d) + n_test / n_train) * d.var(ddof=1))
    return t, np.float32(2 * stats.t.sf(np.abs(t), len(d) - 1))


def by_package(d, n_train, n_test):
    result = corrected_t_test(d, n_test / n_train)
    return result.statistic, result.p_value


def t_with(factor=None, ddof=1, root=True, p=None, sign=1):
    def answer(d, n_train, n_test):
        k = factor(len(d), n_train, n_test) if factor else 1 / len(d) + n_test / n_train
        variance = k * np.var(d, ddof=ddof)
        t = sign * np.mean(d) / (np.sqrt(variance) if root else variance)
        return t, (p or (lambda t, n: 2 * stats.t.sf(abs(t), n - 1)))(t, len(d))

    return answer


def shuffle_in_place(d, n_train, n_test):
    d -= 0.0
    d.sort()
    return t_right(d, n_train, n_test)


# 06.2


def specific(p):
    """I(Y = y; X) in bits for each y, by D(p(x|y) || p(x))."""
    given_y, p_x = p / p.sum(axis=0), p.sum(axis=1, keepdims=True)
    return np.nansum(given_y * np.log2(given_y / p_x), axis=0)


def parts(joint):
    return specific(joint.sum(axis=1)), specific(joint.sum(axis=0)), joint.sum(axis=(0, 1))


def red_right(joint):
    s1, s2, p_y = parts(joint)
    return np.sum(p_y * np.minimum(s1, s2))


def red_in_loops(joint):
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


def red_by_posteriors(joint):
    """Sum over x of p(x|y) log2(p(y|x) / p(y)), with a mask for zeros."""
    told = []
    for axis in (1, 0):
        p = joint.sum(axis=axis)
        ratio = p / p.sum(axis=1, keepdims=True) / p.sum(axis=0)
        logs = np.log2(ratio, out=np.zeros_like(p), where=p > 0)
        told.append((p * logs).sum(axis=0))  # weighted by p(y) already
    return np.minimum(*told).sum()


def red_tiny(joint):
    """Zeros replaced by very small numbers."""
    s = []
    for p in (joint.sum(axis=1), joint.sum(axis=0)):
        given_y, p_x = p / p.sum(axis=0) + 1e-15, p.sum(axis=1, keepdims=True) + 1e-15
        s.append((given_y * np.log2(given_y / p_x)).sum(axis=0))
    return float(np.float32(np.minimum(*s) @ joint.sum(axis=(0, 1))))


def red_nan(joint):
    def told(p):
        given_y = p / p.sum(axis=0)
        return np.sum(given_y * np.log2(given_y / p.sum(axis=1, keepdims=True)), axis=0)

    return np.minimum(told(joint.sum(axis=1)), told(joint.sum(axis=0))) @ joint.sum(axis=(0, 1))


def total_information(p):
    return specific(p) @ p.sum(axis=0)


def red_co_information(joint):
    i1, i2 = total_information(joint.sum(axis=1)), total_information(joint.sum(axis=0))
    return i1 + i2 - total_information(joint.reshape(-1, joint.shape[2]))


def red_by(combine):
    return lambda joint: combine(*parts(joint))


# 06.3


def pair_right(a, b, X, y, groups, n_splits):
    out = []
    for train, test in GroupKFold(n_splits).split(X, y, groups):
        right = [
            np.mean(clone(m).fit(X.iloc[train], y[train]).predict(X.iloc[test]) == y[test])
            for m in (a, b)
        ]
        out.append(right[0] - right[1])
    return np.array(out)


def pair_with_library(a, b, X, y, groups, n_splits):
    folds = list(StratifiedGroupKFold(n_splits, shuffle=True).split(X, y, groups))
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


def pair_by_cv(a, b, X, y, groups, n_splits):
    cv = GroupKFold(n_splits)
    return [
        p - q
        for p, q in zip(
            *(cross_val_score(m, X, y, groups=groups, cv=cv) for m in (a, b)), strict=True
        )
    ]


def pair_in_place(a, b, X, y, groups, n_splits):
    """The models themselves are fitted; nothing leaks."""
    X, out = X.to_numpy(), []
    for train, test in GroupKFold(n_splits).split(X, y, groups):
        a.fit(X[train], y[train])
        b.fit(X[train], y[train])
        out.append(a.score(X[test], y[test]) - b.score(X[test], y[test]))
    return out


def pair_by_hand(a, b, X, y, groups, n_splits):
    names = np.unique(groups)
    out = []
    for k in range(n_splits):
        test = np.isin(groups, names[k::n_splits])
        score = [
            accuracy_score(y[test], m.fit(X[~test], y[~test]).predict(X[test])) for m in (a, b)
        ]
        out.append(np.float32(score[0] - score[1]))
    return np.array(out)


def pair_ungrouped(a, b, X, y, groups, n_splits):
    cv = KFold(n_splits, shuffle=True, random_state=0)
    return cross_val_score(a, X, y, cv=cv) - cross_val_score(b, X, y, cv=cv)


def pair_plain(a, b, X, y, groups, n_splits):
    return cross_val_score(a, X, y, cv=n_splits) - cross_val_score(b, X, y, cv=n_splits)


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


def pair_generator(a, b, X, y, groups, n_splits):
    folds = GroupKFold(n_splits).split(X, y, groups)
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


def pair_generator_in_loops(a, b, X, y, groups, n_splits):
    folds = GroupKFold(n_splits).split(X, y, groups)
    p, q = ([m.fit(X.iloc[i], y[i]).score(X.iloc[j], y[j]) for i, j in folds] for m in (a, b))
    return np.array(p) - np.array(q)


def pair_on_training_rows(a, b, X, y, groups, n_splits):
    return [
        a.fit(X.iloc[i], y[i]).score(X.iloc[i], y[i])
        - b.fit(X.iloc[i], y[i]).score(X.iloc[i], y[i])
        for i, j in GroupKFold(n_splits).split(X, y, groups)
    ]


def pair_all_labels(a, b, X, y, groups, n_splits):
    return [
        a.fit(X.iloc[i], y).score(X.iloc[j], y[j]) - b.fit(X.iloc[i], y).score(X.iloc[j], y[j])
        for i, j in GroupKFold(n_splits).split(X, y, groups)
    ]


def pair_by(change):
    return lambda *given: change(pair_right(*given), given)


# 06.4


def covariance(r, rho):
    return np.full((len(r), len(r)), rho) + (1 - rho) * np.eye(len(r))


def weights_right(r, rho):
    return np.linalg.inv(covariance(r, rho)) @ r


def weights_closed_form(r, rho):
    """Sherman and Morrison for equal correlations, in another unit."""
    return 7 * (r - rho * r.sum() / (1 + (len(r) - 1) * rho))


def weights_by_descent(r, rho):
    S, w = covariance(r, rho), np.zeros(len(r))
    step = 1 / np.linalg.eigvalsh(S)[-1]
    for _ in range(600):
        w = w + step * (r - S @ w)
    return w


RIGHT = {
    "06.1": [
        t_right,
        t_by_rescaling,
        t_by_sums,
        t_in_float32,
        by_package,
    ],
    "06.2": [
        red_right,
        red_in_loops,
        red_by_posteriors,
        red_tiny,
        lambda joint: decompose(joint).redundancy,
    ],
    "06.3": [pair_right, pair_with_library, pair_by_cv, pair_in_place, pair_by_hand],
    "06.4": [
        weights_right,
        weights_closed_form,
        weights_by_descent,
        lambda r, rho: np.linalg.solve(covariance(r, rho), r) * 1e-3,
        lambda r, rho: np.linalg.lstsq(covariance(r, rho), r)[0].tolist(),
        lambda r, rho: weights_right(r, rho).astype(np.float32),
    ],
}

WRONG = {
    "06.1": [
        (lambda d, n, m: tuple(stats.ttest_1samp(d, 0)), "the plain t-test"),
        (t_with(lambda n, a, b: b / a), "adds the two"),
        (t_with(lambda n, a, b: 1 / n + a / b), "upside down"),
        (t_with(lambda n, a, b: 1 / n + b / (a + b)), "training samples only"),
        (t_with(ddof=0), "ddof=1"),
        (t_with(root=False), "the root"),
        (t_with(sign=-1), "sign is turned"),
        (t_with(p=lambda t, n: stats.t.sf(abs(t), n - 1)), "one-sided"),
        (t_with(p=lambda t, n: 2 * stats.norm.sf(abs(t))), "Student's t"),
        (t_with(p=lambda t, n: 2 * stats.t.sf(abs(t), n)), "J - 1 degrees"),
        (t_with(p=lambda t, n: 2 * stats.t.sf(t, n - 1)), "above 1"),
        (t_with(p=lambda t, n: 2 * stats.t.pdf(t, n - 1)), "expected"),
        (t_with(lambda n, a, b: 1 / n + 1 / 9), "expected"),
        (t_with(lambda n, a, b: (1 / n + b / a) / n), "expected"),
        (lambda d, n, m: (abs(t_right(d, n, m)[0]), t_right(d, n, m)[1]), "keeps its sign"),
        (lambda d, n, m: t_right(d, n, m)[::-1], "expected"),
        (lambda d, n, m: t_right(d, n, m)[0], "2 things"),
        (lambda d, n, m: t_right(d, m, n), "upside down"),
        (shuffle_in_place, "changes its input d"),
    ],
    "06.2": [
        (red_nan, "0 * log(0) counts as 0"),
        (lambda joint: red_right(joint) * np.log(2), "nats"),
        (red_co_information, "minus"),
        (red_by(lambda a, b, p: min(a @ p, b @ p)), "*before* averaging"),
        (red_by(lambda a, b, p: np.maximum(a, b) @ p), "the larger"),
        (red_by(lambda a, b, p: np.minimum(a, b).sum()), "weight each outcome"),
        (red_by(lambda a, b, p: np.minimum(a, b).mean()), "weight each outcome"),
        (red_by(lambda a, b, p: a @ p), "one modality"),
        (red_by(lambda a, b, p: (a + b) @ p / 2), "expected"),
        (red_by(lambda a, b, p: np.minimum(a, b) * p), "one value per outcome"),
        (lambda joint: total_information(joint.reshape(-1, joint.shape[2])), "both together"),
        (lambda joint: red_right(np.moveaxis(joint, 0, 2)), "expected"),
        (lambda joint: red_right(joint + 0.05), "expected"),
        (lambda joint: max(red_co_information(joint), 0), "expected"),
        (lambda joint: 0.3, "expected"),
        (lambda joint: decompose(joint), "one number"),
    ],
    "06.3": [
        (pair_ungrouped, "GroupKFold"),
        (pair_plain, "GroupKFold"),
        (pair_unpaired, "not paired"),
        (pair_fitted_on_everything, "rows it was fitted on"),
        (pair_on_training_rows, "rows it was fitted on"),
        (pair_generator, "used up"),
        (pair_generator_in_loops, "used up"),
        (pair_all_labels, "index both by `train`"),
        (pair_by(lambda d, given: -d), "a's less b's"),
        (pair_by(lambda d, given: d.mean()), "shape"),
        (pair_by(lambda d, given: d * 20), "accuracies"),
        (pair_by(lambda d, given: d**2), "accuracies"),
        (pair_by(lambda d, given: np.round(d, 1)), "accuracies"),
        (pair_by(lambda d, given: d[::-1].cumsum()), "accuracies"),
        (lambda *given: np.resize(pair_right(*given[:5], 2), given[5]), "tested on 2 folds"),
        (lambda a, b, X, y, groups, n: np.zeros(n), "tested on 0 folds"),
        (lambda a, b, X, y, groups, n: groups.sort() or np.zeros(n), "changes its input groups"),
    ],
    "06.4": [
        (lambda r, rho: r, "independent noise"),
        (lambda r, rho: covariance(r, rho) @ r, "inverse"),
        (lambda r, rho: 1 / covariance(r, rho) @ r, "each element"),
        (lambda r, rho: np.maximum(weights_right(r, rho), 0), "negative weights are right"),
        (lambda r, rho: np.abs(weights_right(r, rho)), "negative weights are right"),
        (lambda r, rho: -weights_right(r, rho), "signs are turned"),
        (lambda r, rho: weights_right(r, rho).sum(), "shape"),
        (lambda r, rho: r**2, "squares"),
        (lambda r, rho: r * 0, "not all zero"),
        (lambda r, rho: np.ones(len(r)) / len(r), "equal weights"),
        (lambda r, rho: r * (1 - rho), "independent noise"),
        (lambda r, rho: np.linalg.pinv(np.full((len(r), len(r)), rho)) @ r, "equal weights"),
        (lambda r, rho: r - rho * r[::-1], ""),
        (lambda r, rho: np.eye(len(r))[r.argmax()], "inv(S) @ r"),
        (lambda r, rho: np.sqrt(np.abs(weights_right(r, rho))), "inv(S) @ r"),
    ],
}
