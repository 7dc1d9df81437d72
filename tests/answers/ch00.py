"""Answers to the exercises of chapter 00."""

import statistics

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from mmtutor.fusion.rules import product_rule, sum_rule


def count(predicted, true):
    return sum(p == t for p, t in zip(predicted, true, strict=True))


def by_loop(P, weights):
    out = []
    for sample in P:
        there = [m for m in range(len(sample)) if not np.isnan(sample[m, 0])]
        out.append(sum(weights[m] * sample[m] for m in there) / sum(weights[m] for m in there))
    return out


def masked(P, weights):
    return np.ma.average(np.ma.masked_invalid(P), axis=1, weights=weights).filled(np.nan)


def float32(P, weights):
    P, w = P.astype(np.float32), np.asarray(weights, dtype=np.float32)
    there = ~np.isnan(P).any(axis=2)
    return np.nansum(P * w[:, None], axis=1) / (there * w).sum(axis=1, keepdims=True)


def filled(P, w):
    return np.nan_to_num(P) * np.asarray(w)[:, None]


def there(P):
    return ~np.isnan(P[:, :, 0])


def spoil(P, w):
    P[np.isnan(P)] = 0
    total = (P * w[:, None]).sum(axis=1)
    return total / total.sum(axis=1, keepdims=True)


def over(choose, of="gap"):
    """The share of the gap to what `choose` takes from the dictionary."""

    def answer(fused, singles, ceiling):
        rival = choose(singles)
        return (fused - rival) / (ceiling - rival if of == "gap" else of(rival, ceiling))

    return answer


best = over(lambda s: max(s.values()))


def overwrite(predicted, true):
    share = (predicted == true).mean()
    predicted[predicted == true] = "hit"
    return share


RIGHT = {
    "00.1": [
        lambda p, t: np.mean(p == t),
        lambda p, t: count(p, t) / len(t),
        lambda p, t: accuracy_score(t, p),
        lambda p, t: 1 - np.count_nonzero(p != t) / p.size,
        lambda p, t: np.float32((p == t).mean()),
        lambda p, t: statistics.mean([a == b for a, b in zip(p.tolist(), t.tolist(), strict=True)]),
        lambda p, t: np.array([(p == t).mean()]),
    ],
    "00.2": [
        by_loop,
        masked,
        float32,
        lambda P, w: sum_rule(P, weights=w),
        lambda P, w: filled(P, w).sum(1) / filled(P, w).sum(1).sum(1, keepdims=True),
        lambda P, w: np.einsum("nmc->nc", filled(P, w)) / (there(P) @ w)[:, None],
        lambda P, w: [
            np.average(p[~np.isnan(p[:, 0])], axis=0, weights=w[~np.isnan(p[:, 0])]) for p in P
        ],
    ],
    "00.3": [
        best,
        lambda f, s, c: 1 - (c - f) / (c - max(s.values())),
        lambda f, s, c: (f - sorted(s.values())[-1]) / (c - sorted(s.values())[-1]),
        lambda f, s, c: (f - s[max(s, key=s.get)]) / (c - s[max(s, key=s.get)]),
        lambda f, s, c: np.float32(f - max(s.values())) / np.float32(c - max(s.values())),
        lambda f, s, c: np.subtract(f, max(s.values())) / np.subtract(c, np.max([*s.values()])),
    ],
}

WRONG = {
    "00.1": [
        (count, "divide by their number"),
        (lambda p, t: 100 * np.mean(p == t), "per cent"),
        (lambda p, t: np.mean(p != t), "wrong"),
        (lambda p, t: p == t, "one number; got an array of shape"),
        (lambda p, t: float(p.tolist() == t.tolist()), "*all* are right"),
        (lambda p, t: count(p, t) // len(t), "*all* are right"),
        (lambda p, t: "all", "one number; got 'all'"),
        (lambda p, t: 0.123, "expected"),
        (lambda p, t: None, "returns nothing yet"),
        (lambda p: 1, "stopped with TypeError"),
        (lambda p, t: balanced_accuracy_score(t, p), "average over classes"),
        (lambda p, t: f1_score(t, p, average="macro"), "expected"),
        (lambda p, t: (p == t)[t == t[0]].mean(), "element by element"),
        (lambda p, t: round((p == t).mean(), 1), "expected"),
        (lambda p, t: (np.sort(p) == np.sort(t)).mean(), "expected"),
        (lambda p, t: count(p, t) / (len(t) + 1), "expected"),
        (lambda p, t: np.isin(p, t).mean(), "expected"),
        (overwrite, "changes its input predicted"),
    ],
    "00.2": [
        (lambda P, w: np.nanmean(P, axis=1), "weights are not used"),
        (lambda P, w: P.mean(axis=1), ""),
        (lambda P, w: np.average(P, axis=1, weights=w), "makes your row NaN"),
        (lambda P, w: filled(P, w).sum(1) / w.sum(), "sum to less than 1"),
        (lambda P, w: filled(P, w).sum(1), "weighted sum"),
        (lambda P, w: filled(P, w).sum(1) / there(P).sum(1)[:, None], "not by their number"),
        (lambda P, w: np.nanmean(P * w[:, None], axis=1), "not by their number"),
        (lambda P, w: filled(P, w).mean(axis=1), "not by their number"),
        (
            lambda P, w: np.average(np.nan_to_num(P, nan=1 / P.shape[2]), axis=1, weights=w),
            "no opinion",
        ),
        (lambda P, w: np.nanmean(P, axis=0), "modalities are axis 1"),
        (lambda P, w: np.nanmean(P, axis=2), "modalities are axis 1"),
        (lambda P, w: sum_rule(P, weights=w).argmax(axis=1), "not the decision"),
        (lambda P, w: product_rule(P, weights=w), "multiplied"),
        (lambda P, w: np.nanmax(P, axis=1), "differs most"),
        (lambda P, w: np.nanmedian(P, axis=1), "differs most"),
        (lambda P, w: sum_rule(P, weights=w[::-1]), ""),
        (lambda P, w: sum_rule(P, weights=w**2), "differs most"),
        (lambda P, w: sum_rule(P, weights=w).round(1), "differs most"),
        (lambda P, w: sum_rule(P, weights=w)[:, None], "shape"),
        (lambda P: P.mean(axis=1), "stopped with TypeError"),
        (spoil, "changes its input P"),
    ],
    "00.3": [
        (lambda f, s, c: f / c, "even a single modality"),
        (lambda f, s, c: f - max(s.values()), "divide it by the gap"),
        (over(lambda s: max(s.values()), of=lambda b, c: c), "other than the gap"),
        (over(lambda s: max(s.values()), of=lambda b, c: b), "other than the gap"),
        (lambda *given: 1 - best(*given), "stays open"),
        (lambda *given: -best(*given), "the sign"),
        (lambda *given: 100 * best(*given), "not per cent"),
        (lambda *given: 1 / best(*given), "the other way round"),
        (over(lambda s: np.mean([*s.values()])), "the mean"),
        (over(lambda s: np.median([*s.values()])), "the median"),
        (over(lambda s: min(s.values())), "worst"),
        (over(lambda s: next(iter(s.values()))), "in one place"),
        (over(lambda s: s["text"]), ""),
        (over(lambda s: max(s["text"], s["image"])), ""),
        (over(lambda s: s[max(s)]), "last *name*"),
        (over(lambda s: sum(s.values())), "expected"),
        (lambda *given: abs(best(*given)), "negative share"),
        (lambda *given: min(max(best(*given), 0), 1), "negative share"),
        (lambda f, s, c: (f - s) / (c - s), "stopped with TypeError"),
        (lambda f, s, c: s.clear() or 0.5, "changes its input s"),
    ],
}
