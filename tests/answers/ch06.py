"""Answers to the exercises of chapter 06."""

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)

from mmtutor import evaluation
from mmtutor.fusion import rules
from mmtutor.information import decompose, mutual_information

# 06.1


def by_package(scores, singles, share):
    best = scores[singles].mean().idxmax()
    rivals = [name for name in scores if name not in singles]
    found = []
    for name in rivals:
        test = evaluation.corrected_t_test(scores[name] - scores[best], share)
        if test.mean > 0 and test.p_value < 0.05 / len(rivals):
            found.append(name)
    return found


def by_formula(scores, singles, share):
    means = {s: np.mean(scores[s]) for s in singles}
    best = scores[max(means, key=means.get)].to_numpy()
    rivals = [c for c in scores.columns if c not in set(singles)]
    out = []
    for c in rivals:
        d = scores[c].to_numpy() - best
        n = len(d)
        t = d.mean() / np.sqrt((1 / n + share) * d.var(ddof=1))
        if 2 * stats.t.sf(t, n - 1) < 0.05 / len(rivals) and t > 0:
            out.append(c)
    return np.array(out)


def by_interval(scores, singles, share):
    best = scores[scores[singles].mean().idxmax()]
    rivals = scores.drop(columns=singles)
    sure = 1 - 0.05 / rivals.shape[1]
    return tuple(
        c
        for c in rivals
        if evaluation.corrected_t_test(rivals[c] - best, share, confidence=sure).low > 0
    )


def by_table(scores, singles, share):
    gain = scores.drop(columns=singles).sub(scores[scores[singles].mean().idxmax()], axis=0)
    n, k = gain.shape
    t = gain.mean() / (gain.std() * np.sqrt(1 / n + share))
    return t.index[t > stats.t.isf(0.025 / k, n - 1)].tolist()


def by_loop(scores, singles, share):
    best = singles[0]
    for s in singles[1:]:
        if scores[s].sum() > scores[best].sum():
            best = s
    k = len(scores.columns) - len(singles)
    answer = []
    for c in scores:
        if c in singles:
            continue
        result = evaluation.corrected_t_test((scores[c] - scores[best]).tolist(), share)
        if result.p_value * k < 0.05 and result.statistic > 0:
            answer += [c]
    return answer


def better(level=0.05, k=None, p=None, best=None, sign=True):
    def answer(scores, singles, share):
        base = best(scores, singles) if best else scores[scores[singles].mean().idxmax()]
        rivals = [c for c in scores if c not in singles]
        limit = level / (k(scores, singles) if k else len(rivals))
        test = p or (lambda a, b, s: evaluation.corrected_t_test(a - b, s).p_value)
        return [
            c
            for c in rivals
            if ((scores[c] - base).mean() > 0 or not sign) and test(scores[c], base, share) < limit
        ]

    return answer


def plain(a, b, share):
    return stats.ttest_rel(a, b).pvalue


# 06.2


def told(p):
    given = p / p.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nansum(given * np.log2(given / p.sum(axis=1, keepdims=True)), axis=0)


def redundancy(joint):
    return joint.sum((0, 1)) @ np.minimum(told(joint.sum(1)), told(joint.sum(0)))


def redundancy_by_loops(joint):
    n1, n2, n_y = joint.shape
    total = 0.0
    for y in range(n_y):
        p_y = joint[:, :, y].sum()
        bits = []
        for axis, n in ((1, n1), (0, n2)):
            p = joint.sum(axis=axis)
            s = 0.0
            for x in range(n):
                if p[x, y] > 0:
                    s += p[x, y] / p_y * np.log2(p[x, y] / p[x].sum() / p_y)
            bits.append(s)
        total += p_y * min(bits)
    return total


def redundancy_in_nats_turned(joint):
    joint = joint.astype(np.float32)
    eps = np.float32(1e-30)
    p1, p2, p_y = joint.sum(1), joint.sum(0), joint.sum((0, 1))
    s1 = (p1 / p_y * np.log((p1 + eps) / (p1.sum(1, keepdims=True) * p_y))).sum(0)
    s2 = (p2 / p_y * np.log((p2 + eps) / (p2.sum(1, keepdims=True) * p_y))).sum(0)
    return float((p_y * np.minimum(s1, s2)).sum() / np.log(2))


def redundancy_by_entropies(joint):
    """I(Y=y; X) as cross entropy less entropy of p(x | y)."""
    least = []
    for p in (joint.sum(1), joint.sum(0)):
        given, p_x = p / p.sum(0), p.sum(1)
        entropy = -np.where(given > 0, given * np.log2(np.where(given > 0, given, 1)), 0).sum(0)
        least.append(-(given * np.log2(p_x)[:, None]).sum(0) - entropy)
    return np.array([np.dot(joint.sum((0, 1)), np.min(least, axis=0))])


def on(f):
    return lambda joint: f(joint, told(joint.sum(1)), told(joint.sum(0)), joint.sum((0, 1)))


def informations(joint):
    both = mutual_information(joint.reshape(-1, joint.shape[2]))
    return mutual_information(joint.sum(1)), mutual_information(joint.sum(0)), both


# 06.3


def differences(a, b, X, y, groups, n_splits):
    folds = list(GroupKFold(n_splits).split(X, y, groups))
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


def differences_by_loop(a, b, X, y, groups, n_splits):
    out = []
    for train, test in GroupKFold(n_splits).split(X, y, groups):
        scores = [
            accuracy_score(y[test], clone(m).fit(X.iloc[train], y[train]).predict(X.iloc[test]))
            for m in (a, b)
        ]
        out.append(scores[0] - scores[1])
    return out


def differences_by_groups(a, b, X, y, groups, n_splits):
    cv = GroupKFold(n_splits)
    one = cross_validate(a, X, y, groups=groups, cv=cv)["test_score"]
    return one - cross_validate(b, X, y, groups=groups, cv=cv)["test_score"]


def differences_by_hand(a, b, X, y, groups, n_splits):
    out = np.empty(n_splits)
    names = np.unique(groups)
    for k in range(n_splits):
        test = np.isin(groups, names[k::n_splits])
        a.fit(X[~test], y[~test])
        b.fit(X[~test], y[~test])
        out[k] = np.mean(a.predict(X[test]) == y[test]) - np.mean(b.predict(X[test]) == y[test])
    return out


def differences_stratified(a, b, X, y, groups, n_splits):
    folds = [*StratifiedGroupKFold(n_splits).split(X, y, groups)]
    right = [cross_val_predict(m, X, y, cv=folds) == y for m in (a, b)]
    return np.array([right[0][test].mean() - right[1][test].mean() for _, test in folds])


def spy_loop(fit_all=False, swap=False, count=False, fresh=False, ungrouped=False, short=False):
    def answer(a, b, X, y, groups, n_splits):
        cv = KFold(n_splits, shuffle=True, random_state=0) if ungrouped else GroupKFold(n_splits)
        folds = list(cv.split(X, y, groups))[: n_splits - short]
        out = []
        for k, (train, test) in enumerate(folds):
            row = []
            for j, m in enumerate((a, b)):
                rows = np.arange(len(y)) if fit_all else train
                where = folds[(k + 1) % len(folds)] if fresh and j else (rows, test)
                m = clone(m).fit(X.iloc[where[0]], y[where[0]])
                hits = m.predict(X.iloc[where[1]]) == y[where[1]]
                row.append(hits.sum() if count else hits.mean())
            out.append(row[1] - row[0] if swap else row[0] - row[1])
        return np.array(out)

    return answer


def two_searches(a, b, X, y, groups, n_splits):
    cv = GroupKFold(n_splits, shuffle=True)
    return cross_val_score(a, X, y, groups=groups, cv=cv) - cross_val_score(
        b, X, y, groups=groups, cv=cv
    )


def resampled(a, b, X, y, groups, n_splits):
    cv = GroupShuffleSplit(n_splits, test_size=1 / n_splits, random_state=0)
    folds = list(cv.split(X, y, groups))
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


def halves(a, b, X, y, groups, n_splits):
    return np.full(n_splits, differences(a, b, X, y, groups, n_splits).mean())


# 06.4

NAMES = ("sum", "product", "median")


def accuracy(name, P, y):
    return np.mean(rules.apply_rule(name, P).argmax(axis=1) == y)


def choose(P, y):
    return max(NAMES, key=lambda name: accuracy(name, P, y))


def choose_by_hand(P, y):
    answers = [P.mean(1), np.log(np.maximum(P, 1e-300)).sum(1), np.median(P, axis=1)]
    return NAMES[int(np.argmax([(a.argmax(1) == y).sum() for a in answers]))]


def choose_by_errors(P, y):
    wrong = {n: (rules.RULES[n](P).argmax(1) != y).sum() for n in ("median", "product", "sum")}
    return sorted(wrong, key=wrong.get)[0]


def choose_by_halves(P, y):
    votes = [choose(P[k::3], y[k::3]) for k in range(3)]
    score = {n: votes.count(n) + accuracy(n, P, y) for n in NAMES}
    return max(score, key=score.get) if len(set(votes)) == 1 else choose(P, y)


def choose_in_float32(P, y):
    return choose(P.astype(np.float32), y)


def by(score):
    return lambda P, y: max(NAMES, key=lambda name: score(rules.apply_rule(name, P), P, y))


RIGHT = {
    "06.1": [by_package, by_formula, by_interval, by_table, by_loop],
    "06.2": [
        redundancy,
        redundancy_by_loops,
        redundancy_in_nats_turned,
        redundancy_by_entropies,
        lambda joint: decompose(joint).redundancy,
    ],
    "06.3": [
        differences,
        differences_by_loop,
        differences_by_groups,
        differences_by_hand,
        differences_stratified,
    ],
    "06.4": [choose, choose_by_hand, choose_by_errors, choose_by_halves, choose_in_float32],
}

EASY, FUSIONS = "0.05 is too easy", "number of *fusions*"
WRONG = {
    "06.1": [
        (better(k=lambda s, singles: 1), EASY),
        (better(k=lambda s, singles: len(s.columns)), FUSIONS),
        (better(p=plain), "plain t-test"),
        (better(p=plain, k=lambda s, singles: 1), ""),
        (better(p=lambda a, b, s: evaluation.corrected_t_test(a - b, s).p_value / 2), "one-sided"),
        (better(sign=False), "*worse*"),
        (better(p=lambda a, b, s: stats.ttest_ind(a, b).pvalue), "same folds"),
        (better(best=lambda s, singles: s[singles].mean(axis=1)), ""),
        (better(best=lambda s, singles: s[s[singles].mean().idxmin()]), ""),
        (better(level=np.inf), "may be chance"),
        (better(p=lambda a, b, s: evaluation.corrected_t_test(a - b, 1 / s).p_value), ""),
        (lambda s, singles, share: by_package(s, singles, share)[::-1], ""),
        (lambda s, singles, share: [], ""),
        (lambda s, singles, share: s.drop(columns=singles).mean().idxmax(), "list of names"),
    ],
    "06.2": [
        (lambda joint: redundancy(joint) * np.log(2), "nats"),
        (lambda joint: sum(informations(joint)[:2]) - informations(joint)[2], "*minus* synergy"),
        (on(lambda joint, s1, s2, p: p @ np.maximum(s1, s2)), "what *both* tell"),
        (on(lambda joint, s1, s2, p: np.minimum(s1, s2).sum()), "by its probability"),
        (on(lambda joint, s1, s2, p: np.minimum(s1, s2).mean()), "by its probability"),
        (lambda joint: min(informations(joint)[:2]), "averaged over the outcomes first"),
        (lambda joint: informations(joint)[2], "both together"),
        (lambda joint: informations(joint)[0], "one modality"),
        (on(lambda joint, s1, s2, p: p @ (s1 + s2) / 2), ""),
        (on(lambda joint, s1, s2, p: -(p @ np.minimum(s1, s2))), ""),
        (lambda joint: decompose(joint).synergy, ""),
        (on(lambda joint, s1, s2, p: np.minimum(s1, s2)), "number"),
    ],
    "06.3": [
        (spy_loop(fit_all=True), "tested on rows it was fitted on"),
        (spy_loop(swap=True), "b's accuracy less a's"),
        (spy_loop(count=True), "the numbers are not"),
        (spy_loop(fresh=True), "different folds"),
        (spy_loop(ungrouped=True), "groups are both in"),
        (spy_loop(short=True), "shape"),
        (two_searches, "different folds"),
        (resampled, "exactly once"),
        (halves, "the numbers are not"),
        (lambda *args: differences(*args).mean(), "shape"),
        (lambda a, b, X, y, groups, n: cross_val_score(a, X, y, cv=n), ""),
        (lambda a, b, X, y, groups, n: a.predict(X), "before it was fitted"),
        (lambda *args: np.abs(differences(*args)) + 0.5, "the numbers are not"),
    ],
    "06.4": [
        (lambda P, y: "sum", "always answer 'sum'"),
        (lambda P, y: "product", "always answer 'product'"),
        (lambda P, y: "median", "always answer 'median'"),
        (lambda P, y: min(NAMES, key=lambda name: accuracy(name, P, y)), ""),
        (lambda P, y: "mean", "return 'sum'"),
        (lambda P, y: NAMES.index(choose(P, y)), "return 'sum'"),
        (by(lambda q, P, y: q.max(axis=1).mean()), ""),  # the surest
        (by(lambda q, P, y: -q.max(axis=1).mean()), ""),  # the least sure
        (by(lambda q, P, y: np.mean(q.argmax(1) == P[:, 0].argmax(1))), ""),
        (lambda P, y: choose(P, y).capitalize(), "return 'sum'"),
        (lambda P, y: "product" if P.max(2).mean() > 0.6 else "sum", ""),
        (lambda P, y: [choose(P, y)], "return 'sum'"),
    ],
}
