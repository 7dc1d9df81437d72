"""Answers to the exercises of chapter 16."""

import numpy as np
import pandas as pd
from scipy.special import softmax
from scipy.stats import rankdata
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, cross_val_predict

from mmtutor.fusion import DecisionFusion, rules

# 16.1


def by_loops(votes, y):
    total = 0.0
    for row, truth in zip(votes.tolist(), y.tolist(), strict=True):
        best = [k for k, n in enumerate(row) if n == max(row)]
        total += (truth in best) / len(best)
    return total / len(y)


def by_ranks(votes, y):
    top = rankdata(-votes, method="min", axis=1) == 1
    return np.float32(np.mean(top[np.arange(len(y)), y] / top.sum(axis=1)))


def by_vote_rule(votes, y):
    shares = (votes + 1) / (votes + 1).sum(axis=1, keepdims=True)
    return rules.vote_rule(shares[:, None])[np.arange(len(y)), y].mean()


def by_pandas(votes, y):
    frame = pd.DataFrame(votes)
    top = frame.eq(frame.max(axis=1), axis=0).astype(float)
    top = top.div(top.sum(axis=1), axis=0)
    return sum(top.loc[i, k] for i, k in enumerate(y)) / len(y)


def one_hot(votes, y):
    top = (votes >= votes.max(axis=1)[:, None]) * 1.0
    return np.array((np.eye(votes.shape[1])[y] * top).sum(axis=1) @ (1 / top.sum(axis=1)) / len(y))


def by_lot_once(votes, y):
    noise = np.random.default_rng(0).random(votes.shape)
    return np.mean((votes + 0.5 * noise).argmax(axis=1) == y)


def more_than_half(votes, y):
    return np.mean(votes[np.arange(len(y)), y] > votes.sum(axis=1) / 2)


# 16.2


def smoothed_by_loops(votes, extra):
    usual = [sum(column) / votes.sum() for column in votes.T]
    rows = []
    for row in votes:
        n = row.sum() + extra
        rows.append([(v + extra * u) / n for v, u in zip(row, usual, strict=True)])
    return rows


def as_a_mixture(votes, extra):
    n = votes.sum(axis=1, keepdims=True)
    own = votes / np.maximum(n, 1)
    weight = n / (n + extra)
    return weight * own + (1 - weight) * votes.sum(0) / votes.sum()


def in_pandas(votes, extra):
    frame = pd.DataFrame(votes)
    counted = frame + extra * frame.sum() / frame.to_numpy().sum()
    return counted.div(counted.sum(axis=1), axis=0)


def in_float32(votes, extra):
    usual = np.float32(votes.sum(0) / votes.sum())
    counted = votes.astype(np.float32) + np.float32(extra) * usual
    return counted / counted.sum(1)[:, None]


def known_total(votes, extra):
    usual = votes.sum(axis=0) / votes.sum()
    return (votes + extra * usual) / (votes.sum(axis=1)[:, None] + extra)


def smoothed_in_place(votes, extra):
    votes += 1
    return votes / votes.sum(axis=1, keepdims=True)


def norm(x):
    return x / x.sum(axis=1, keepdims=True)


def usual(votes):
    return votes.sum(axis=0) / votes.sum()


# 16.3


def sentiment_by_loops(P):
    out = []
    for anger, disgust, fear, happiness, neutral, sadness in P:
        scores = {-1: anger + disgust + fear + sadness, 0: neutral, 1: happiness}
        out.append(max(scores, key=scores.get))
    return out


def what_is_left(P):
    negative = 1 - P[:, 3] - P[:, 4]
    return np.where(negative >= np.maximum(P[:, 3], P[:, 4]), -1, np.where(P[:, 3] > P[:, 4], 1, 0))


def by_matrix(P):
    M = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    return np.array([-1, 0, 1])[(P @ M).argmax(axis=1)]


def by_select(P):
    P = np.float32(P)
    rest = P[:, :3].sum(1) + P[:, 5]
    positive = (P[:, 3] > rest) & (P[:, 3] >= P[:, 4])
    neutral = (P[:, 4] > rest) & (P[:, 4] > P[:, 3])
    return np.select([positive, neutral], [1.0, 0.0], default=-1.0)


def by_groupby(P):
    names = ["negative", "negative", "negative", "positive", "neutral", "negative"]
    three = pd.DataFrame(P, columns=names).T.groupby(level=0).sum().T
    return three.idxmax(axis=1).map({"negative": -1, "neutral": 0, "positive": 1}).to_numpy()


WORTH = np.array([-1, -1, -1, 1, 0, -1])


def product_of_four(P):
    three = np.stack([P[:, [0, 1, 2, 5]].prod(axis=1), P[:, 4], P[:, 3]], axis=1)
    return three.argmax(axis=1) - 1


# 16.4


def straight(new_expert, voice, face, y, actors, n_splits):
    P = np.empty((len(y), len(np.unique(y))))
    for train, test in GroupKFold(n_splits).split(voice, y, groups=actors):
        prior = np.bincount(y[train]) / len(train)
        a = new_expert().fit(voice[train], y[train]).predict_proba(voice[test])
        b = new_expert().fit(face[train], y[train]).predict_proba(face[test])
        P[test] = a * b / prior
    return P / P.sum(axis=1, keepdims=True)


def by_logarithms(new_expert, voice, face, y, actors, n_splits):
    P = np.empty((len(y), y.max() + 1))
    for train, test in GroupKFold(n_splits).split(face, groups=actors):
        z = -np.log(np.mean(y[train][:, None] == np.arange(y.max() + 1), axis=0))
        for X in (voice, face):
            z = z + new_expert().fit(X[train], y[train]).predict_log_proba(X[test])
        P[test] = softmax(z, axis=1)
    return P


def by_package_rule(new_expert, voice, face, y, actors, n_splits):
    folds = list(GroupKFold(n_splits).split(voice, y, actors))
    said = np.stack(
        [
            cross_val_predict(new_expert(), X, y, cv=folds, method="predict_proba")
            for X in (voice, face)
        ],
        axis=1,
    )
    P = np.empty(said[:, 0].shape)
    for train, test in folds:
        P[test] = rules.product_rule(said[test], prior=np.bincount(y[train]) / len(train))
    return P


def by_decision_fusion(new_expert, voice, face, y, actors, n_splits):
    width = voice.shape[1]
    model = DecisionFusion(
        [("v", new_expert(), slice(0, width)), ("f", new_expert(), slice(width, None))],
        rule="product",
        calibration=None,
    )
    folds = GroupKFold(n_splits)
    X = np.hstack([voice, face])
    return cross_val_predict(model, X, y, groups=actors, cv=folds, method="predict_proba")


def actor_by_actor(new_expert, voice, face, y, actors, n_splits):
    parts = []
    for train, test in GroupKFold(n_splits=n_splits).split(np.zeros(len(y)), y, actors):
        experts = [new_expert(), new_expert()]
        for expert, X in zip(experts, (voice, face), strict=True):
            expert.fit(X[train], y[train])
        prior = pd.Series(y[train]).value_counts(normalize=True).sort_index().to_numpy()
        p = experts[0].predict_proba(voice[test]) / prior * experts[1].predict_proba(face[test])
        parts.append(pd.DataFrame(np.float32(p / p.sum(1)[:, None]), index=test))
    return pd.concat(parts).sort_index().to_numpy()


def chain(
    folds=lambda n, X, y, actors: GroupKFold(n).split(X, y, actors),
    prior=lambda y, train, test: np.bincount(y[train]) / len(train),
    fuse=lambda a, b, prior: a * b / prior,
    rows=lambda train, test: train,
    last=norm,
):
    def answer(new_expert, voice, face, y, actors, n_splits):
        P = np.zeros((len(y), y.max() + 1))
        for train, test in folds(n_splits, voice, y, actors):
            fitted = rows(train, test)
            a = new_expert().fit(voice[fitted], y[fitted]).predict_proba(voice[test])
            b = new_expert().fit(face[fitted], y[fitted]).predict_proba(face[test])
            P[test] = fuse(a, b, prior(y, train, test))
        return last(P)

    return answer


def one_expert_on_both(new_expert, voice, face, y, actors, n_splits):
    X, folds = np.hstack([voice, face]), GroupKFold(n_splits)
    return cross_val_predict(new_expert(), X, y, groups=actors, cv=folds, method="predict_proba")


def everything(n, X, y, actors):
    yield np.arange(len(y)), np.arange(len(y))


RIGHT = {
    "16.1": [by_loops, by_ranks, by_vote_rule, by_pandas, one_hot],
    "16.2": [smoothed_by_loops, as_a_mixture, in_pandas, in_float32, known_total],
    "16.3": [sentiment_by_loops, what_is_left, by_matrix, by_select, by_groupby],
    "16.4": [straight, by_logarithms, by_package_rule, by_decision_fusion, actor_by_actor],
}

WRONG = {
    "16.1": [
        (lambda v, y: np.mean(v.argmax(axis=1) == y), "first class"),
        (lambda v, y: np.mean(np.argsort(v, axis=1, kind="stable")[:, -1] == y), "last class"),
        (lambda v, y: np.mean(v[np.arange(len(y)), y] == v.max(axis=1)), "wholly right"),
        (
            lambda v, y: np.mean(
                (v[np.arange(len(y)), y] == v.max(1)) & ((v == v.max(1)[:, None]).sum(1) < 2)
            ),
            "counts as wrong",
        ),
        (lambda v, y: np.mean(v[np.arange(len(y)), y] / np.maximum(v.sum(1), 1)), "decided by"),
        (lambda v, y: v[np.arange(len(y)), y].sum() / v.sum(), "decided by"),
        (lambda v, y: 100 * by_loops(v, y), "percentage"),
        (lambda v, y: len(y) * by_loops(v, y), "number of clips"),
        (lambda v, y: 1 - by_loops(v, y), "wrong answers"),
        (lambda v, y: np.mean([by_loops(v[y == k], y[y == k]) for k in set(y)]), "over classes"),
        (by_lot_once, ""),
        (more_than_half, "1/k"),
        (lambda v, y: by_loops(v[v.sum(1) > 0], y[v.sum(1) > 0]), "no vote at all"),
        (lambda v, y: by_loops(v.T[:, : len(y)].T, np.zeros_like(y)), ""),
        (lambda v, y: v.argmax(axis=1) == y, "one number"),
    ],
    "16.2": [
        (lambda v, e: norm(v + e), "same imagined"),
        (lambda v, e: norm(v + e / v.shape[1]), "same imagined"),
        (lambda v, e: norm(v + 1), ""),
        (lambda v, e: norm(v + e * v.shape[1] * usual(v)), "all together"),
        (lambda v, e: norm(v + e * norm(v[v.sum(1) > 0]).mean(0)), "count all votes"),
        (lambda v, e: v + e * usual(v), "divide each row"),
        (lambda v, e: (v + e * usual(v)) / np.maximum(v.sum(1), 1)[:, None], "imagined ones"),
        (lambda v, e: np.nan_to_num(norm(v)), "nothing was smoothed"),
        (lambda v, e: np.tile(usual(v), (len(v), 1)), "everybody"),
        (lambda v, e: norm((v + e) / usual(v)), "calibration"),
        (lambda v, e: norm(v + e * v.sum(axis=0)), ""),
        (lambda v, e: norm(v + usual(v)), "extra times"),
        (lambda v, e: (v + e * usual(v)) / (v + e * usual(v)).sum(), ""),
        (smoothed_in_place, "changes its input"),
    ],
    "16.3": [
        (lambda P: WORTH[P.argmax(axis=1)], "look up"),
        (
            lambda P: np.stack([P[:, [0, 1, 2, 5]].mean(1), P[:, 4], P[:, 3]], 1).argmax(1) - 1,
            "quarter",
        ),
        (lambda P: np.stack([P[:, :3].sum(1), P[:, 4], P[:, 3]], 1).argmax(1) - 1, "sadness"),
        (lambda P: by_matrix(P) + 1, "0, 1, 2"),
        (lambda P: -by_matrix(P), "signs"),
        (lambda P: by_matrix(P[:, [0, 1, 2, 4, 3, 5]]), "changed places"),
        (lambda P: np.sign(P @ WORTH), "forgets"),
        (lambda P: np.round(P @ WORTH), "expected"),
        (lambda P: P @ WORTH, ""),
        (product_of_four, ""),
        (lambda P: np.where(P[:, 3] > 0.5, 1, np.where(P[:, 4] > 0.5, 0, -1)), ""),
        (
            lambda P: np.where(1 - P[:, 3] - P[:, 4] > 0.5, -1, np.where(P[:, 3] > P[:, 4], 1, 0)),
            "above one half",
        ),
        (lambda P: -np.ones(len(P)), ""),
        (lambda P: P @ np.eye(6)[:, [0, 4, 3]], "shape"),
    ],
    "16.4": [
        (chain(folds=lambda n, X, y, a: KFold(n).split(X)), "hand it the actors"),
        (chain(folds=lambda n, X, y, a: LeaveOneGroupOut().split(X, y, a)), ""),
        (chain(folds=everything), ""),
        (chain(rows=lambda train, test: np.r_[train, test]), "fitted on all"),
        (chain(rows=lambda train, test: test), "changed places"),
        (chain(prior=lambda y, train, test: np.bincount(y) / len(y)), "on all clips"),
        (chain(fuse=lambda a, b, prior: a * b), "divide their product by it once"),
        (chain(fuse=lambda a, b, prior: a * b / prior**2), "twice"),
        (chain(fuse=lambda a, b, prior: a * b * prior), "divide by it"),
        (chain(fuse=lambda a, b, prior: (a + b) / 2), "sum rule"),
        (chain(fuse=lambda a, b, prior: a), "one channel"),
        (chain(fuse=lambda a, b, prior: b), "one channel"),
        (chain(last=lambda P: P), "divide each row"),
        (chain(last=lambda P: P.argmax(axis=1)), "shape"),
        (chain(fuse=lambda a, b, prior: np.maximum(a, b)), ""),
        (one_expert_on_both, "early fusion"),
        (chain(folds=lambda n, X, y, a: GroupKFold(n, shuffle=True).split(X, y, a)), ""),
    ],
}
