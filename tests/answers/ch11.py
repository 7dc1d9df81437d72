"""Answers to the exercises of chapter 11."""

import numpy as np
import pandas as pd

from mmtutor.evaluation import det_curve, error_rates, split_scores

# 11.1


def by_loop(scores, owners, threshold):
    answer = []
    for row in scores:
        best, most = -1, -np.inf
        for person in sorted(set(owners.tolist())):
            score = sum(row[owners == person]) / sum(owners == person)
            if score > most:
                best, most = person, score
        answer.append(best if most >= threshold else -1)
    return answer


def by_pandas(scores, owners, threshold):
    means = pd.DataFrame(scores.T).groupby(owners).mean().T
    return means.idxmax(axis=1).where(means.max(axis=1) >= threshold, -1).to_numpy()


def by_matrix(scores, owners, threshold):
    names, place, counts = np.unique(owners, return_inverse=True, return_counts=True)
    means = scores @ (np.eye(len(names))[place] / counts)
    answer = names[means.argmax(axis=1)]
    answer[means.max(axis=1) < threshold] = -1
    return answer


def by_dictionary(scores, owners, threshold):
    means = {person: scores[:, owners == person].mean(axis=1) for person in set(owners.tolist())}
    answers = []
    for k in range(len(scores)):
        person = max(means, key=lambda p: means[p][k])
        answers.append(person if means[person][k] >= threshold else -1)
    return np.array(answers, dtype=float)


def by_sorting(scores, owners, threshold):
    order = np.argsort(owners, kind="stable")
    names, start, counts = np.unique(owners[order], return_index=True, return_counts=True)
    means = np.add.reduceat(scores[:, order], start, axis=1) / counts
    best = np.argmax(means, axis=1)
    return np.where(np.take_along_axis(means, best[:, None], 1)[:, 0] < threshold, -1, names[best])


def pooled(pool):
    def name(scores, owners, threshold):
        names = np.unique(owners)
        means = np.column_stack([pool(scores[:, owners == n], axis=1) for n in names])
        return np.where(means.max(1) >= threshold, names[means.argmax(1)], -1)

    return name


def strictly(scores, owners, threshold):
    return by_matrix(scores, owners, threshold + 1e-9)


def best_from_zero(scores, owners, threshold):
    """Look for the best score, beginning with 0."""
    answer, best = np.full(len(scores), -1), np.zeros(len(scores))
    for person in np.unique(owners):
        mean = scores[:, owners == person].mean(axis=1)
        better = (mean >= threshold) & (mean > best)
        answer[better], best[better] = person, mean[better]
    return answer


def table_of_zeros(scores, owners, threshold):
    """A column for every number up to the largest, 0 where there is no such person."""
    means = np.zeros((len(scores), owners.max() + 1))
    for person in np.unique(owners):
        means[:, person] = scores[:, owners == person].mean(axis=1)
    return np.where(means.max(axis=1) >= threshold, means.argmax(axis=1), -1)


def templates_that_pass(scores, owners, threshold):
    """Drop the templates below the threshold, then take means."""
    kept = np.where(scores >= threshold, scores, np.nan)
    names = np.unique(owners)
    answer = np.full(len(scores), -1)
    for k, row in enumerate(kept):
        means = [
            np.nanmean(row[owners == n]) if (row[owners == n] > -9).any() else -9 for n in names
        ]
        if max(means) > -9:
            answer[k] = names[np.argmax(means)]
    return answer


def in_place(scores, owners, threshold):
    scores[scores < threshold] = -1
    return by_matrix(scores, owners, threshold)


# 11.2


def price_by_loop(development, genuine, target):
    for candidate in [*sorted(development), float("inf")]:
        if sum(score >= candidate for score in development) <= target * len(development) + 1e-9:
            return sum(score < candidate for score in genuine) / len(genuine)
    return None


def price_by_search(development, genuine, target):
    candidates = np.append(np.unique(development), np.inf)
    below = np.searchsorted(np.sort(development), candidates, side="left")
    enough = len(development) - below <= target * len(development) + 1e-9
    return float((genuine < candidates[enough].min()).mean())


def price_by_package(development, genuine, target):
    candidates = np.append(np.unique(development), np.inf)
    accepted, rejected = error_rates(genuine, development, candidates)
    return rejected[np.argmax(accepted <= target + 1e-9)]


def price_by_counting(development, genuine, target):
    scores, counts = np.unique(development, return_counts=True)
    reached = np.cumsum(counts[::-1])[::-1] / len(development)
    fine = scores[reached <= target + 1e-9]
    threshold = fine[0] if len(fine) else np.inf
    return 1 - np.mean(genuine >= threshold)


def price_by_pandas(development, genuine, target):
    reached = pd.Series(development).rank(method="max", ascending=False) / len(development)
    fine = pd.Series(development)[reached <= target + 1e-9]
    return np.float32(np.mean(genuine < (fine.min() if len(fine) else np.inf)))


def at(cut):
    return lambda d, g, t: np.mean(g < cut(d, g, t))


def eer_of(development, genuine, target):
    return det_curve(genuine, development).equal_error()[0]


def candidates_of_both(development, genuine, target):
    curve = det_curve(genuine, development)
    return curve.false_reject[np.argmax(curve.false_accept <= target + 1e-9)]


def by_count(development, genuine, target):
    """The threshold is the score after the allowed number, ties or not."""
    allowed = int(target * len(development) + 1e-9)
    return np.mean(genuine < np.sort(development)[::-1][max(allowed - 1, 0)])


# 11.3


def caption_by_loop(face, named, q):
    answer = []
    for p, names in zip(face, named, strict=True):
        k, n = sum(names), len(names)
        if k in (0, n):
            answer.append(list(p / sum(p)))
            continue
        row = [x * (q / k if here else (1 - q) / (n - k)) for x, here in zip(p, names, strict=True)]
        answer.append([x / sum(row) for x in row])
    return answer


def caption_by_odds(face, named, q):
    """Only the ratio of named to not named matters."""
    n, k = named.shape[1], named.sum(axis=1)
    some = (k > 0) & (k < n)
    ratio = np.ones(len(face))
    ratio[some] = q / k[some] * (n - k[some]) / (1 - q)
    weighed = face * np.where(named, ratio[:, None], 1)
    return weighed / weighed.sum(axis=1, keepdims=True)


def caption_by_logs(face, named, q):
    n, k = named.shape[1], named.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(named, np.log(q) - np.log(k), np.log(1 - q) - np.log(n - k))
        total = np.log(face) + np.where((k == 0) | (k == n), 0, logs)
    total = np.exp(total - total.max(axis=1, keepdims=True))
    return total / total.sum(axis=1, keepdims=True)


def caption_by_blocks(face, named, q):
    """Fill the block of the named and the block of the others."""
    answer = face.astype(float).copy()
    for row, names in zip(answer, named, strict=True):
        if names.any() and not names.all():
            row[names] *= q / names.sum()
            row[~names] *= (1 - q) / (~names).sum()
        row /= row.sum()
    return answer


def caption_as_posterior(face, named, q):
    n, k = named.shape[1], named.sum(axis=1, keepdims=True).astype(float)
    caption = np.full(face.shape, 1 / n)
    some = ((k > 0) & (k < n))[:, 0]
    caption[some] = np.where(named[some], q / k[some], (1 - q) / (n - k[some]))
    return np.float32((face * caption) / np.sum(face * caption, axis=1)[:, None])


def with_k_of_all(face, named, q):
    """The same k for every caption."""
    k, n = named.sum(axis=1).mean(), named.shape[1]
    weighed = face * np.where(named, q / k, (1 - q) / (n - k))
    return weighed / weighed.sum(axis=1, keepdims=True)


def nan_for_nobody(face, named, q):
    n, k = named.shape[1], named.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        weighed = face * (named * (q / k) + ~named * ((1 - q) / (n - k)))
    return weighed / weighed.sum(axis=1, keepdims=True)


def over(likelihood, axis=1):
    def answer(face, named, q):
        weighed = face * likelihood(named, named.sum(1, keepdims=True), named.shape[1], q)
        return weighed / weighed.sum(axis=axis, keepdims=True)

    return answer


def multiply_in_place(face, named, q):
    face *= caption_by_odds(face, named, q) / face
    return face


# 11.4


def groups_by_package(scores, groups, threshold):
    answer = []
    for group in np.unique(groups):
        mine = np.flatnonzero(groups == group)
        pairs = split_scores(scores[np.ix_(mine, mine)], mine, mine)
        answer.append(error_rates(*pairs, threshold))
    return np.array(answer)


def groups_by_loop(scores, groups, threshold):
    answer = []
    for group in sorted(set(groups.tolist())):
        mine = [k for k, g in enumerate(groups) if g == group]
        wrong = [bool(scores[i, j] >= threshold) for i in mine for j in mine if i != j]
        lost = [bool(scores[i, i] < threshold) for i in mine]
        answer.append((sum(wrong) / len(wrong), sum(lost) / len(lost)))
    return answer


def groups_by_masks(scores, groups, threshold):
    same, own = groups[:, None] == groups, np.eye(len(groups), dtype=bool)
    answer = []
    for group in np.unique(groups):
        mine = same & (groups == group)
        answer.append(
            [(scores[mine & ~own] >= threshold).mean(), (scores[mine & own] < threshold).mean()]
        )
    return np.float32(answer)


def groups_by_counts(scores, groups, threshold):
    names, place, n = np.unique(groups, return_inverse=True, return_counts=True)
    one = np.eye(len(names))[place]
    accepted = np.diag(one.T @ (scores >= threshold) @ one)
    found = one.T @ (np.diag(scores) >= threshold)
    return np.column_stack([(accepted - found) / (n * (n - 1)), 1 - found / n])


def groups_by_pandas(scores, groups, threshold):
    i, j = np.indices(scores.shape)
    pairs = pd.DataFrame({"i": i.ravel(), "j": j.ravel(), "hit": scores.ravel() >= threshold})
    pairs = pairs[groups[pairs["i"]] == groups[pairs["j"]]]
    own = pairs["i"] == pairs["j"]
    accept = pairs[~own].groupby(groups[pairs[~own]["i"]])["hit"].mean()
    reject = 1 - pairs[own].groupby(groups[pairs[own]["i"]])["hit"].mean()
    return np.column_stack([accept, reject])


def groups_in_order_of_appearance(scores, groups, threshold):
    order = groups[np.sort(np.unique(groups, return_index=True)[1])]
    rows = dict(zip(np.unique(groups), groups_by_loop(scores, groups, threshold), strict=True))
    return np.array([rows[group] for group in order])[::-1]


def upper_triangle(scores, groups, threshold):
    answer = []
    for group in np.unique(groups):
        part = scores[np.ix_(groups == group, groups == group)]
        some = part[np.triu_indices(len(part), 1)]
        answer.append(((some >= threshold).mean(), (np.diag(part) < threshold).mean()))
    return np.array(answer)


RIGHT = {
    "11.1": [by_loop, by_pandas, by_matrix, by_dictionary, by_sorting, pooled(np.mean)],
    "11.2": [
        price_by_loop,
        price_by_search,
        price_by_package,
        price_by_counting,
        price_by_pandas,
    ],
    "11.3": [
        caption_by_loop,
        caption_by_odds,
        caption_by_logs,
        caption_by_blocks,
        caption_as_posterior,
    ],
    "11.4": [
        groups_by_package,
        groups_by_loop,
        groups_by_masks,
        groups_by_counts,
        groups_by_pandas,
    ],
}

WRONG = {
    "11.1": [
        (pooled(np.max), "best template"),
        (lambda s, o, t: np.where(s.max(1) >= t, o[s.argmax(1)], -1), "best template"),
        (pooled(np.sum), "favours whoever has more"),
        (pooled(np.median), "median"),
        (pooled(np.min), "For each person"),
        (lambda s, o, t: by_matrix(s, o, -np.inf), "everybody is named"),
        (
            lambda s, o, t: np.where(
                by_matrix(s, o, t) < 0, -1, np.searchsorted(np.unique(o), by_matrix(s, o, t))
            ),
            "place among the people",
        ),
        (
            lambda s, o, t: np.where(by_matrix(s, o, t) < 0, by_matrix(s, o, -np.inf), -1),
            "the wrong ones are refused",
        ),
        (lambda s, o, t: by_matrix(-s, o, -np.inf), "scores lowest"),
        (lambda s, o, t: by_matrix(s - 0.1, o, t), "For each person"),
        (strictly, "reaches it"),
        (best_from_zero, "from -infinity"),
        (table_of_zeros, "from -infinity"),
        (templates_that_pass, "For each person"),
        (lambda s, o, t: np.where(by_matrix(s, o, t) < 0, 0, by_matrix(s, o, t)), "For each"),
        (lambda s, o, t: s.argmax(axis=1), "For each person"),
        (lambda s, o, t: by_matrix(s, o, t)[:-1], "shape"),
        (in_place, "changes its input"),
    ],
    "11.2": [
        (lambda d, g, t: np.sort(d)[::-1][max(int(t * len(d) + 1e-9) - 1, 0)], ""),
        (lambda d, g, t: 1 - price_by_search(d, g, t), "accepted; return that of the rejected"),
        (lambda d, g, t: 100 * price_by_search(d, g, t), "per cent"),
        (lambda d, g, t: price_by_search(g, g, t), "comes from the genuine"),
        (lambda d, g, t: price_by_search(d, g, 1 - t), "from the highest score down"),
        (at(lambda d, g, t: np.quantile(d, 1 - t)), "np.quantile"),
        (at(lambda d, g, t: np.quantile(d, 1 - t, method="higher")), ""),
        (at(lambda d, g, t: np.quantile(d, t)), ""),
        (at(lambda d, g, t: d.max()), ""),
        (at(lambda d, g, t: d.mean() + 2 * d.std()), "Try every development score"),
        (by_count, ""),
        (eer_of, "Try every development score"),
        (candidates_of_both, "Try every development score"),
        (lambda d, g, t: t, "Try every development score"),
        (lambda d, g, t: price_by_search(d, d, t), ""),
        (lambda d, g, t: (d.sort(), price_by_search(d, g, t))[1], "changes its input"),
    ],
    "11.3": [
        (over(lambda m, k, n, q: np.where(m, q, 1 - q)), "share q among the k"),
        (over(lambda m, k, n, q: np.where(m, q / np.maximum(k, 1), 1 - q)), "among the n - k"),
        (over(lambda m, k, n, q: m * 1.0), ""),
        (
            lambda f, m, q: np.nan_to_num(f * m / np.maximum((f * m).sum(1), 1e-30)[:, None]),
            "wrong",
        ),
        (lambda f, m, q: caption_by_odds(np.ones(f.shape), m, q), "the caption alone"),
        (lambda f, m, q: (f + caption_by_odds(np.ones(f.shape), m, q)) / 2, "sum rule"),
        (lambda f, m, q: caption_by_odds(f, m, 1 - q), "confused"),
        (lambda f, m, q: caption_by_odds(f, ~m, q), "confused"),
        (lambda f, m, q: f, "q / k where named"),
        (lambda f, m, q: caption_by_odds(f, m, q) * 0.5, ""),
        (with_k_of_all, "q / k where named"),
        (nan_for_nobody, ""),
        (lambda f, m, q: caption_by_odds(f, m, q).argmax(axis=1), "shape"),
        (lambda f, m, q: caption_by_odds(f, m, q).round(1), "q / k where named"),
        (multiply_in_place, "changes its input"),
    ],
    "11.4": [
        (
            lambda s, g, t: np.tile(
                groups_by_masks(s, np.zeros(len(g)), t), (len(np.unique(g)), 1)
            ),
            "rates of everybody",
        ),
        (lambda s, g, t: np.array(groups_by_loop(s, g, t))[:, ::-1], "false accepts come first"),
        (lambda s, g, t: np.array(groups_by_loop(s, g, t)).T, ""),
        (lambda s, g, t: 100 * groups_by_counts(s, g, t), "per cent"),
        (lambda s, g, t: 1 - groups_by_counts(s, g, t), "upside down"),
        (lambda s, g, t: groups_by_counts(s, g, t + 1e-9), "equals the threshold"),
        (lambda s, g, t: groups_by_counts(s, g, np.median(s)), ""),
        (groups_in_order_of_appearance, ""),
        (upper_triangle, "np.ix_"),
        (
            lambda s, g, t: [
                (np.mean(s[g == k][:, g != k] >= t), np.mean(np.diag(s)[g == k] < t))
                for k in np.unique(g)
            ],
            "np.ix_",
        ),
        (
            lambda s, g, t: [
                (np.mean(s[np.ix_(g == k, g == k)] >= t), np.mean(np.diag(s)[g == k] < t))
                for k in np.unique(g)
            ],
            "the diagonal is genuine",
        ),
        (lambda s, g, t: groups_by_counts(s, g, t)[:, 0], "shape"),
        (lambda s, g, t: np.zeros((len(np.unique(g)), 2)), "np.ix_"),
    ],
}
