"""Answers to the exercises of chapter 17."""

import keras
import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import kendalltau, pearsonr, rankdata, spearmanr, zscore
from sklearn.preprocessing import StandardScaler

# 17.1


def by_loop(n, within, between):
    weights = []
    for tweets in n:
        weights.append(0.0 if tweets == 0 else 1 / (between + within / tweets))
    return [weight * len(weights) / sum(weights) for weight in weights]


def with_errstate(n, within, between):
    with np.errstate(divide="ignore"):
        weight = 1 / (between + within / n)
    return weight / np.mean(weight)


def by_where(n, within, between):
    weight = np.where(n > 0, 1 / (between + within / np.maximum(n, 1)), 0)
    return weight * len(n) / weight.sum()


def by_ratio(n, within, between):
    k = between / within
    weight = n / (1 + n * k)
    return np.float32(weight / weight.mean())


def in_pandas(n, within, between):
    variance = pd.Series(n, dtype=float).rdiv(within).add(between)
    weight = 1 / variance
    return (weight / weight.mean()).to_numpy()


def nan_at_zero(n, within, between):
    with np.errstate(all="ignore"):
        k = within / between
        weight = n / (n + k) if between else n / n * n
        weight = weight + 0 / n
    return weight / weight.mean()


def infinite_for_between_0(n, within, between):
    with np.errstate(all="ignore"):
        weight = n / (n + within / np.float64(between))
        return weight / weight.mean()


def weights(n, within, between):
    weight = n / (n * between + within)
    return weight / weight.mean()


# 17.2

SHARES = np.linspace(0, 1, 11)


def rho(a, b):
    return spearmanr(a, b)[0]


def chosen(name, picture, truth, how=rho, shares=SHARES):
    return max(shares, key=lambda s: how(s * zscore(name) + (1 - s) * zscore(picture), truth))


def scaled(new, known):
    return (new - known.mean()) / known.std()


def fuse(name, picture, truth, new_name, new_picture):
    s = chosen(name, picture, truth)
    return s * scaled(new_name, name) + (1 - s) * scaled(new_picture, picture)


def fuse_with_scaler(name, picture, truth, new_name, new_picture):
    scaler = StandardScaler().fit(np.column_stack([name, picture]))
    known = scaler.transform(np.column_stack([name, picture]))
    merits = [rho(known @ [s, 1 - s], truth) for s in SHARES]
    s = SHARES[np.argmax(merits)]
    return scaler.transform(np.column_stack([new_name, new_picture])) @ [s, 1 - s]


def fuse_by_loop(name, picture, truth, new_name, new_picture):
    best, kept = -np.inf, None
    for tenth in range(11):
        s = tenth / 10
        mixed = s * scaled(name, name) + (1 - s) * scaled(picture, picture)
        merit = pearsonr(rankdata(mixed), rankdata(truth))[0]
        if merit > best:
            best, kept = merit, s
    return [
        kept * (a - name.mean()) / name.std() + (1 - kept) * (b - picture.mean()) / picture.std()
        for a, b in zip(new_name, new_picture, strict=True)
    ]


def fuse_in_pandas(name, picture, truth, new_name, new_picture):
    known = pd.DataFrame({"name": name, "picture": picture})
    middle, spread = known.mean(), known.std(ddof=0)
    z = (known - middle) / spread
    merits = {
        s: (s * z["name"] + (1 - s) * z["picture"]).corr(pd.Series(truth), method="spearman")
        for s in SHARES
    }
    s = max(merits, key=merits.get)
    new = (pd.DataFrame({"name": new_name, "picture": new_picture}) - middle) / spread
    return (s * new["name"] + (1 - s) * new["picture"]).to_numpy()


def fuse_in_float32(name, picture, truth, new_name, new_picture):
    s = chosen(name, picture, truth)
    a, b = (
        scaled(np.float32(x), np.float32(y)) for x, y in [(new_name, name), (new_picture, picture)]
    )
    return np.float32(s) * a + np.float32(1 - s) * b


def by_itself(x):
    return (x - x.mean()) / (x.std() or 1.0)


def unscaled(name, picture, truth, new_name, new_picture):
    s = max(SHARES, key=lambda s: rho(s * name + (1 - s) * picture, truth))
    return s * new_name + (1 - s) * new_picture


def with_share(change=lambda s: s, how=rho, scale=scaled, shares=SHARES):
    def answer(name, picture, truth, new_name, new_picture):
        s = change(chosen(name, picture, truth, how, shares))
        return s * scale(new_name, name) + (1 - s) * scale(new_picture, picture)

    return answer


def in_place(name, picture, truth, new_name, new_picture):
    fused = fuse(name, picture, truth, new_name, new_picture)
    new_name -= name.mean()
    return fused


def min_max(new, known):
    return (new - known.min()) / np.ptp(known)


# 17.3


def differences(fused, name, picture, truth, draws, single=max, how=rho):
    out = []
    for rows in draws:
        f, n, p = (how(x[rows], truth[rows]) for x in (fused, name, picture))
        out.append(f - single(n, p))
    return np.array(out)


def interval(*args):
    return tuple(np.percentile(differences(*args), [2.5, 97.5]))


def by_quantile(*args):
    return np.quantile(differences(*args), [0.025, 0.975])


def by_ranks(fused, name, picture, truth, draws):
    def correlations(x):
        a, b = rankdata(x[draws], axis=1), rankdata(truth[draws], axis=1)
        a, b = (r - r.mean(axis=1, keepdims=True) for r in (a, b))
        return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))

    gains = correlations(fused) - np.maximum(correlations(name), correlations(picture))
    return list(np.percentile(gains, [2.5, 97.5]))


def by_frame(fused, name, picture, truth, draws):
    table = pd.DataFrame({"fused": fused, "name": name, "picture": picture, "truth": truth})
    gains = []
    for rows in draws:
        r = table.iloc[rows].corr(method="spearman")["truth"]
        gains.append(r["fused"] - r[["name", "picture"]].max())
    gains = pd.Series(gains)
    return gains.quantile(0.025), gains.quantile(0.975)


def smaller_of_two(*args):
    f, n, p, t, d = args
    over_name = differences(f, n, n, t, d)
    over_picture = differences(f, p, p, t, d)
    return tuple(np.percentile(np.minimum(over_name, over_picture), [2.5, 97.5]))


def in_float32(*args):
    return np.percentile(differences(*args).astype(np.float32), [2.5, 97.5])


def choose_once(fused, name, picture, truth, draws):
    single = name if rho(name, truth) >= rho(picture, truth) else picture
    return interval(fused, single, single, truth, draws)


def rank_first(fused, name, picture, truth, draws):
    ranks = [rankdata(x) for x in (fused, name, picture, truth)]
    gains = differences(*ranks, draws, how=lambda a, b: pearsonr(a, b)[0])
    return tuple(np.percentile(gains, [2.5, 97.5]))


def ends_of_each(fused, name, picture, truth, draws):
    zero = [rho(fused[r], truth[r]) for r in draws]
    best = [max(rho(name[r], truth[r]), rho(picture[r], truth[r])) for r in draws]
    return tuple(np.percentile(zero, [2.5, 97.5]) - np.percentile(best, [2.5, 97.5]))


def without_draws(fused, name, picture, truth, draws):
    gain = rho(fused, truth) - max(rho(name, truth), rho(picture, truth))
    return gain, gain


def normal(*args):
    d = differences(*args)
    return d.mean() - 1.96 * d.std(), d.mean() + 1.96 * d.std()


def percentiles(ends, **how):
    return lambda *args: tuple(np.percentile(differences(*args, **how), ends))


# 17.4


def filled(words, width):
    return np.pad(words, ((0, max(0, width - len(words))), (0, 0)))


def strongest(words, pattern, bias):
    words = filled(words, len(pattern))
    n_places = len(words) - len(pattern) + 1
    return max(
        0, max((words[k : k + len(pattern)] * pattern).sum() for k in range(n_places)) + bias
    )


def by_windows(words, pattern, bias):
    windows = sliding_window_view(filled(words, len(pattern)), pattern.shape)[:, 0]
    return np.maximum(np.einsum("kij,ij->k", windows, pattern) + bias, 0).max()


def by_correlate(words, pattern, bias):
    words = filled(words, len(pattern))
    sums = sum(np.correlate(words[:, d], pattern[:, d], "valid") for d in range(words.shape[1]))
    return np.clip(sums + bias, 0, None).max()


def by_matrix(words, pattern, bias):
    words, width = filled(words, len(pattern)), len(pattern)
    rows = np.stack([words[k : k + width].ravel() for k in range(len(words) - width + 1)])
    return np.array([np.max(np.maximum(rows @ pattern.ravel() + bias, 0))])


def by_keras(words, pattern, bias):
    words = filled(words, len(pattern))[None].astype("float32")
    x = keras.ops.conv(words, pattern[:, :, None].astype("float32"), padding="valid")
    return float(keras.ops.max(keras.ops.relu(x + bias)))


def by_products(words, pattern, bias):
    words = filled(words, len(pattern))
    products = words @ pattern.T  # (n_words, width): each word with each row of the filter
    places = len(words) - len(pattern) + 1
    sums = sum(products[j : j + places, j] for j in range(len(pattern)))
    return float(max(0.0, sums.max() + bias))


def answers(words, pattern, bias):
    words = filled(words, len(pattern))
    n_places = len(words) - len(pattern) + 1
    return np.array([(words[k : k + len(pattern)] * pattern).sum() + bias for k in range(n_places)])


def padded_as_same(words, pattern, bias):
    return strongest(np.pad(words, ((len(pattern) - 1,) * 2, (0, 0))), pattern, bias)


def stop_early(words, pattern, bias):
    sums = answers(words, pattern, bias)
    return max(0, sums[: max(1, len(sums) - 1)].max())


def filled_in_front(words, pattern, bias):
    return strongest(np.pad(words, ((max(0, len(pattern) - len(words)), 0), (0, 0))), pattern, bias)


def cut_pattern(words, pattern, bias):
    return strongest(words, pattern[: len(words)], bias)


def nothing_when_short(words, pattern, bias):
    return strongest(words, pattern, bias) if len(words) >= len(pattern) else 0.0


RIGHT = {
    "17.1": [weights, by_loop, with_errstate, by_where, by_ratio, in_pandas],
    "17.2": [fuse, fuse_with_scaler, fuse_by_loop, fuse_in_pandas, fuse_in_float32],
    "17.3": [interval, by_quantile, by_ranks, by_frame, smaller_of_two, in_float32],
    "17.4": [strongest, by_windows, by_correlate, by_matrix, by_keras, by_products, cut_pattern],
}

WRONG = {
    "17.1": [
        (lambda n, w, b: n / (n * b + w), "divide by their mean"),
        (lambda n, w, b: weights(n, w, b) / weights(n, w, b).sum(), "not their sum"),
        (lambda n, w, b: n / n.mean(), "weights are the counts"),
        (lambda n, w, b: np.sqrt(n) / np.sqrt(n).mean(), "no variance"),
        (
            lambda n, w, b: np.sqrt(n / (n * b + w)) / np.sqrt(n / (n * b + w)).mean(),
            "not its root",
        ),
        (lambda n, w, b: weights(n, b, w) if b else np.ones(len(n)), ""),
        (lambda n, w, b: np.ones(len(n)), "the same weight"),
        (lambda n, w, b: 1 / (b + w * n) / np.mean(1 / (b + w * n)), "within / n"),
        (lambda n, w, b: weights(n, w, b) * np.mean(n > 0), "those without a tweet included"),
        (lambda n, w, b: (n / (n * w + b)) / np.mean(n / (n * w + b)) if b else n, ""),
        (nan_at_zero, ""),
        (infinite_for_between_0, "proportional to the number of tweets"),
        (lambda n, w, b: weights(np.maximum(n, 1), w, b), "gets weight 0"),
        (lambda n, w, b: weights(n[n > 0], w, b), "shape"),
        (lambda n, w, b: np.log1p(n) / np.log1p(n).mean(), "1 over it"),
        (lambda n, w, b: weights(n, w, 0.0), "weights are the counts"),
    ],
    "17.2": [
        (unscaled, "one scale first"),
        (with_share(scale=lambda new, known: new), "one scale first"),
        (with_share(scale=lambda new, known: by_itself(new)), "scaled by themselves"),
        (with_share(change=lambda s: 1 - s), "changed sides"),
        (with_share(change=lambda s: 0.5), "plain mean"),
        (with_share(change=lambda s: 1), "name alone"),
        (with_share(change=lambda s: 0), "picture alone"),
        (with_share(how=lambda a, b: pearsonr(a, b)[0]), ""),
        (with_share(how=lambda a, b: -np.mean((a - b) ** 2)), ""),
        (with_share(how=lambda a, b: -rho(a, b)), "ranks worst"),
        (
            with_share(scale=lambda new, known: (new - known.mean()) / known.std(ddof=1)),
            "ddof=0",
        ),
        (with_share(scale=lambda new, known: new / known.std()), "subtract the training mean"),
        (with_share(scale=min_max), "Scale, then"),
        (with_share(shares=SHARES[1:-1]), ""),
        (with_share(shares=SHARES[:-1]), ""),
        (with_share(shares=SHARES[1:]), ""),
        (with_share(shares=SHARES[::2]), ""),
        (with_share(shares=SHARES[1::2]), ""),
        (with_share(shares=np.linspace(0, 1, 21)), ""),
        (with_share(how=lambda a, b: abs(rho(a, b))), "not the largest amount"),
        (with_share(how=lambda a, b: kendalltau(a, b)[0]), "not Pearson's, Kendall's"),
        (lambda n, p, t, a, b: fuse(n, p, t, n, p), "shape"),
        (lambda n, p, t, a, b: np.mean(a), "shape"),
        (lambda n, p, t, a, b: np.round(fuse(n, p, t, a, b), 1), ""),
        (in_place, "changes its input"),
    ],
    "17.3": [
        (ends_of_each, "not the difference of two"),
        (choose_once, "anew in each draw"),
        (rank_first, "rank within each draw"),
        (percentiles([2.5, 97.5], how=lambda a, b: pearsonr(a, b)[0]), "not Pearson's"),
        (percentiles([2.5, 97.5], single=min), "this is the worse"),
        (percentiles([2.5, 97.5], single=lambda n, p: n), "always with the name"),
        (percentiles([2.5, 97.5], single=lambda n, p: p), "always with the picture"),
        (percentiles([2.5, 97.5], single=lambda n, p: (n + p) / 2), "mean of both"),
        (percentiles([2.5, 97.5], single=lambda n, p: 0), "interval of the fused correlation"),
        (percentiles([5, 95]), "2.5th and the 97.5th"),
        (percentiles([97.5, 2.5]), "lower end first"),
        (normal, "need not be normal"),
        (lambda *args: np.negative(interval(*args))[::-1], "sign is turned"),
        (percentiles([2.5, 97.5], how=lambda a, b: kendalltau(a, b)[0]), "three correlations"),
        (without_draws, ""),
        (lambda *args: differences(*args), "2 things"),
        (lambda *args: float(np.mean(differences(*args))), "2 things"),
        (percentiles([0.025, 0.975]), ""),
        (percentiles([2.5, 97.5], how=lambda a, b: abs(rho(a, b))), "sign of a correlation"),
        (lambda f, n, p, t, d: interval(f, n, p, t, d[:20]), ""),
    ],
    "17.4": [
        (lambda w, p, b: answers(w, p, b).max(), "relu is missing"),
        (lambda w, p, b: np.maximum(answers(w, p, b), 0).mean(), "not the mean"),
        (lambda w, p, b: np.maximum(answers(w, p, b), 0).sum(), "not the sum"),
        (lambda w, p, b: max(0, answers(w, p, b)[-1]), "not the last one"),
        (lambda w, p, b: max(0, answers(w, p, b)[0]), "not the first one"),
        (lambda w, p, b: np.abs(answers(w, p, b)).max(), "absolute value"),
        (lambda w, p, b: strongest(w, p[::-1], b), "turned round"),
        (lambda w, p, b: strongest(w, p[:, ::-1], b), ""),
        (lambda w, p, b: strongest(w, p, 0), "bias is missing"),
        (lambda w, p, b: strongest(w, p, -b), "add it"),
        (padded_as_same, "wholly within"),
        (lambda w, p, b: strongest(np.pad(w, ((0, len(p) - 1), (0, 0))), p, b), "wholly within"),
        (lambda w, p, b: strongest(np.pad(w, ((0, len(p)), (0, 0))), p, b), "wholly within"),
        (lambda w, p, b: strongest(np.pad(w, ((len(p) - 1, 0), (0, 0))), p, b), "wholly within"),
        (stop_early, "last place is missing"),
        (filled_in_front, "before its beginning"),
        (nothing_when_short, "one place"),
        (lambda w, p, b: np.maximum(answers(w, p, b), 0), ""),
        (lambda w, p, b: (w[: len(p)] * p[: len(w)]).sum() + b, ""),
        (lambda w, p, b: len(answers(w, p, b)), ""),
    ],
}
