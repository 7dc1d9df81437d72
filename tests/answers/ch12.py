"""Answers to the exercises of chapter 12."""

import numpy as np
from scipy.special import logsumexp, softmax
from sklearn.metrics import auc

from mmtutor.fusion import rules

# 12.1


def fit_length(noise, n):
    return np.tile(noise, n // len(noise) + 1)[:n]


def mix_by_power(clip, noise, snr_db):
    noise = fit_length(noise, len(clip))
    signal, power = np.mean(clip**2), np.mean(noise**2)
    if signal == 0 or power == 0:
        return clip.copy()
    return clip + noise * np.sqrt(signal / power / 10 ** (snr_db / 10))


def mix_by_norm(clip, noise, snr_db):
    noise = np.resize(noise, clip.shape)
    size = np.linalg.norm(noise)
    gain = np.linalg.norm(clip) / size / 10 ** (snr_db / 20) if size > 0 else 0
    return clip + gain * noise


def mix_by_decibels(clip, noise, snr_db):
    noise = noise[np.arange(len(clip)) % len(noise)]
    with np.errstate(divide="ignore", invalid="ignore"):
        now = 10 * np.log10((clip @ clip) / (noise @ noise))
        gain = 10 ** ((now - snr_db) / 20)
    return clip + (gain * noise if np.isfinite(gain) else 0)


def mix_by_unit_noise(clip, noise, snr_db):
    noise = fit_length(noise, len(clip))
    if not np.any(clip) or not np.any(noise):
        return clip
    unit = noise / np.sqrt((noise**2).mean())
    return clip + unit * np.sqrt((clip**2).mean() * 10 ** (-snr_db / 10))


def mix_by_loop(clip, noise, snr_db):
    long = [noise[i % len(noise)] for i in range(len(clip))]
    a, b = sum(x * x for x in clip), sum(x * x for x in long)
    g = (a / b) ** 0.5 * 10 ** (-snr_db / 20) if a > 0 and b > 0 else 0.0
    return np.array([x + g * e for x, e in zip(clip, long, strict=True)])


def mixing(power=lambda x: np.mean(x**2), step=20, sign=-1, length=fit_length):
    """A mixer with one part exchanged; it does not care about silence."""

    def mix(clip, noise, snr_db):
        noise = length(noise, len(clip))
        return clip + noise * np.sqrt(power(clip) / power(noise)) * 10 ** (sign * snr_db / step)

    return mix


def zeros_behind(noise, n):
    return np.concatenate([noise, np.zeros(n)])[:n]


def louder_clip(clip, noise, snr_db):
    noise = fit_length(noise, len(clip))
    return noise + clip * np.sqrt(np.mean(noise**2) / np.mean(clip**2)) * 10 ** (snr_db / 20)


def power_too_early(clip, noise, snr_db):
    gain = np.sqrt(np.mean(clip**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return clip + gain * fit_length(noise, len(clip))


def silence_before_cutting(clip, noise, snr_db):
    if not clip.any() or not noise.any():
        return clip.copy()
    return mixing()(clip, noise, snr_db)


def noise_only(clip, noise, snr_db):
    return mix_by_power(clip, noise, snr_db) - clip


def mix_in_place(clip, noise, snr_db):
    clip += mix_by_power(clip, noise, snr_db) - clip
    return clip


# 12.2


def by_auc(levels, accuracy, baseline):
    moved = baseline + accuracy[0] - baseline[0]
    span = levels[-1] - levels[0]
    return auc(levels, accuracy) / span, auc(levels, accuracy - moved) / span


def by_trapezoid(levels, accuracy, baseline):
    x = (levels - levels[0]) / (levels[-1] - levels[0])
    weight = np.zeros(len(x))
    weight[1:] += np.diff(x) / 2
    weight[:-1] += np.diff(x) / 2
    return np.array(
        [weight @ accuracy, weight @ ((accuracy - accuracy[0]) - (baseline - baseline[0]))]
    )


def by_loop(levels, accuracy, baseline):
    relative = effective = 0.0
    for k in range(1, len(levels)):
        width = levels[k] - levels[k - 1]
        relative += width * (accuracy[k] + accuracy[k - 1]) / 2
        above = [accuracy[j] - baseline[j] - accuracy[0] + baseline[0] for j in (k - 1, k)]
        effective += width * sum(above) / 2
    span = levels[-1] - levels[0]
    return [relative / span, effective / span]


def by_difference_of_areas(levels, accuracy, baseline):
    span = levels[-1] - levels[0]
    a, b = auc(levels, accuracy) / span, auc(levels, baseline) / span
    return a, (a - accuracy[0]) - (b - baseline[0])


def by_interpolation(levels, accuracy, baseline):
    fine = np.unique(np.concatenate([np.linspace(levels[0], levels[-1], 50), levels]))
    a, b = np.interp(fine, levels, accuracy), np.interp(fine, levels, baseline)
    span = fine[-1] - fine[0]
    return auc(fine, a) / span, auc(fine, a - b - a[0] + b[0]) / span


def changed(how):
    """What `how` makes of the right pair and the curves."""
    return lambda v, a, b: how(np.array(by_loop(v, a, b)), v, a, b)


def steps(levels, accuracy, baseline):
    width = np.diff(levels) / (levels[-1] - levels[0])
    above = accuracy - baseline - accuracy[0] + baseline[0]
    return np.array([width @ accuracy[:-1], width @ above[:-1]])


def mean_height(v, a):
    return auc(v, a) / (v[-1] - v[0])


def moves_in_place(levels, accuracy, baseline):
    baseline += accuracy[0] - baseline[0]
    return mean_height(levels, accuracy), mean_height(levels, accuracy - baseline)


# 12.3


def weigh_by_logs(P, W):
    return softmax(np.nansum(W[..., None] * np.log(P), axis=1), axis=1)


def weigh_by_powers(P, W):
    """Each expert's posteriors over its largest, so that one class of each is 1."""
    filled = np.where(np.isnan(P), 1.0, P)
    filled = filled / filled.max(axis=2, keepdims=True)
    p = (filled ** W[:, :, np.newaxis]).prod(axis=1)
    return p / p.sum(axis=1, keepdims=True)


def weigh_by_rows(P, W):
    out = []
    for p, w in zip(P, W, strict=True):
        fused = np.ones(P.shape[2])
        for expert, weight in zip(p, w, strict=True):
            if not np.isnan(expert).any():
                fused = fused * expert**weight
                fused = fused / fused.sum()
        out.append(fused / fused.sum())
    return np.array(out)


def weigh_by_package(P, W):
    W = np.where(W.any(axis=1, keepdims=True), W, 1e-12)  # the rule wants one to be heard
    rows = [rules.product_rule(p[None], weights=w) for p, w in zip(P, W, strict=True)]
    return np.concatenate(rows)


def weigh_by_einsum(P, W):
    logs = np.einsum("nr,nrc->nc", W, np.nan_to_num(np.log(P)))
    return np.exp(logs - logsumexp(logs, axis=1, keepdims=True))


def weighted_by(change):
    return lambda P, W: weigh_by_logs(P, change(W))


def weighted_sum(P, W):
    p = np.nansum(P * W[..., None], axis=1)
    return p / p.sum(axis=1, keepdims=True)


def forgets_absent(P, W):
    p = (P ** W[..., None]).prod(axis=1)
    return p / p.sum(axis=1, keepdims=True)


def forgets_silence(P, W):
    p = weigh_by_logs(P, W)
    heard = (~np.isnan(P[:, :, 0]) & (W > 0)).any(axis=1)
    p[~heard] = np.nan
    return p


def products_that_vanish(P, W):
    filled = np.where(np.isnan(P), 1.0, P)
    p = (filled ** W[..., None]).prod(axis=1)
    return p / p.sum(axis=1, keepdims=True)


def factor_only(P, W):
    p = np.where(np.isnan(P), 1, P * W[..., None]).prod(axis=1)
    return p / p.sum(axis=1, keepdims=True)


def mean_of_tempered(P, W):
    p = P ** W[..., None]
    return np.nanmean(p / p.sum(axis=2, keepdims=True), axis=1)


# 12.4


def doubt_by_package(P, prior):
    out = np.empty(P.shape[:2])
    for m in range(P.shape[1]):
        others = rules.product_rule(np.delete(P, m, axis=1), prior=prior)
        out[:, m] = -np.log(np.sum(P[:, m] * others / prior, axis=1))
    return out


def doubt_by_rows(P, prior):
    out = []
    for p in P:
        row = []
        for m in range(len(p)):
            other = prior.copy()
            for r in range(len(p)):
                if r != m:
                    other = other * p[r] / prior
            other = other / other.sum()
            row.append(-np.log(sum(p[m] * other / prior)))
        out.append(row)
    return np.array(out)


def doubt_by_logs(P, prior):
    ratio = np.log(P) - np.log(prior)
    total = ratio.sum(axis=1, keepdims=True)
    others = np.log(prior) + total - ratio
    others -= logsumexp(others, axis=2, keepdims=True)
    return -logsumexp(np.log(P) + others - np.log(prior), axis=2)


def doubt_by_evidence(P, prior):
    """All together over the others: a ratio of two normalising sums."""
    likelihood = P / prior
    all_of_them = (prior * likelihood.prod(axis=1)).sum(axis=1)
    out = []
    for m in range(P.shape[1]):
        rest = (prior * np.delete(likelihood, m, axis=1).prod(axis=1)).sum(axis=1)
        out.append(np.log(rest) - np.log(all_of_them))
    return np.transpose(out)


def doubt_by_lists(P, prior):
    return [[float(x) for x in row] for row in doubt_by_rows(P, prior)]


def doubting(others, prior_in_sum=lambda q: q):
    def doubt(P, prior):
        parts = [
            (P[:, m] * others(np.delete(P, m, axis=1), prior) / prior_in_sum(prior)).sum(axis=1)
            for m in range(P.shape[1])
        ]
        return -np.log(np.stack(parts, axis=1))

    return doubt


def product(P, q):
    return rules.product_rule(P, prior=q)


def flat_product(P, q):
    return rules.product_rule(P)


def self_judging(P, prior):
    fused = rules.product_rule(P, prior=prior)
    return -np.log(np.einsum("nrc,nc->nr", P, fused / prior))


RIGHT = {
    "12.1": [mix_by_power, mix_by_norm, mix_by_decibels, mix_by_unit_noise, mix_by_loop],
    "12.2": [by_auc, by_trapezoid, by_loop, by_difference_of_areas, by_interpolation],
    "12.3": [weigh_by_logs, weigh_by_powers, weigh_by_rows, weigh_by_package, weigh_by_einsum],
    "12.4": [doubt_by_package, doubt_by_rows, doubt_by_logs, doubt_by_evidence, doubt_by_lists],
}

WRONG = {
    "12.1": [
        (mixing(step=10), "decibels are of power"),
        (mixing(sign=1), "mind the sign"),
        (lambda c, e, s: mix_by_power(c, e, abs(s)), "for g"),
        (louder_clip, "leave the clip as it is"),
        (mixing(length=zeros_behind), "repeat the noise"),
        (power_too_early, "after repeating or cutting"),
        (mixing(power=np.var), "mean square"),
        (mixing(power=lambda x: np.abs(x).max() ** 2), "not the peak"),
        (noise_only, "not the noise alone"),
        (lambda c, e, s: c + fit_length(e, len(c)), "scale it"),
        (mixing(power=lambda x: np.mean(x**2) ** 2), "the root of that of the powers"),
        (mixing(), "nothing can be scaled"),
        (silence_before_cutting, "after cutting"),
        (mixing(power=lambda x: np.mean(np.abs(x)) ** 2), "for g"),
        (mix_in_place, "changes its input clip"),
        (lambda c, e, s: np.clip(mix_by_power(c, e, s), -0.1, 0.1), "for g"),
    ],
    "12.2": [
        (lambda v, a, b: np.array([a.mean(), (a - b - a[0] + b[0]).mean()]), "trapezoids"),
        (changed(lambda out, v, a, b: out * (v[-1] - v[0])), "range of the levels"),
        (lambda v, a, b: (mean_height(v, a), mean_height(v, a - b)), "first move the baseline"),
        (
            lambda v, a, b: (mean_height(v, a), mean_height(v, a - b + a[0] - b[0])),
            "the wrong way",
        ),
        (changed(lambda out, v, a, b: out * [1, -1]), "the sign"),
        (changed(lambda out, v, a, b: out[::-1]), "relative first"),
        (steps, "not by steps"),
        (
            lambda v, a, b: (mean_height(v, a), mean_height(v, a - b * a[0] / b[0])),
            "do not stretch",
        ),
        (lambda v, a, b: (mean_height(v, a), mean_height(v, a - a[0])), "no fall at all"),
        (changed(lambda out, v, a, b: out / [a[0], 1]), "first accuracy"),
        (lambda v, a, b: mean_height(v, a), "shape"),
        (moves_in_place, "changes its input baseline"),
        (changed(lambda out, v, a, b: out[[0, 0]]), "take it of two curves"),
    ],
    "12.3": [
        (weighted_sum, "not a factor of a sum"),
        (weighted_by(lambda W: np.broadcast_to(W.mean(axis=0), W.shape)), "their means"),
        (weighted_by(lambda W: W / W.sum(axis=1, keepdims=True)), "as they are"),
        (lambda P, W: np.nanprod(P ** W[..., None], axis=1), "must sum to 1"),
        (weighted_by(np.ones_like), "changed nothing"),
        (weighted_by(lambda W: 1 / W), "not 1 / w"),
        (mean_of_tempered, "you took the mean"),
        (factor_only, "drops out"),
        (weighted_by(lambda W: 1 - W), "not 1 - w"),
        (weighted_by(np.square), "used twice"),
        (forgets_absent, "leave it out"),
        (forgets_silence, "equally likely"),
        (products_that_vanish, "largest logarithm"),
        (lambda P, W: np.exp(np.nansum(W[..., None] * np.log(P), axis=1)), "must sum to 1"),
        (weighted_by(np.sqrt), "In logarithms"),
        (lambda P, W: weigh_by_logs(P, W).argmax(axis=1), "shape"),
    ],
    "12.4": [
        (lambda P, q: -doubt_by_rows(P, q), "*minus* the logarithm"),
        (lambda P, q: np.exp(-doubt_by_rows(P, q)), "take the logarithm"),
        (doubting(product, np.ones_like), "inside the sum"),
        (doubting(flat_product, lambda q: np.full(len(q), 1 / len(q))), "equally likely classes"),
        (doubting(flat_product), "too often"),
        (doubting(lambda P, q: P.mean(axis=1)), "not by their mean"),
        (self_judging, "leave a modality out"),
        (lambda P, q: np.log2(np.exp(doubt_by_rows(P, q))), "natural logarithms"),
        (lambda P, q: doubt_by_rows(P, q)[:, ::-1], "in the order of P"),
        (lambda P, q: doubt_by_rows(P, q).max(axis=1), "not one about the row"),
        (doubting(lambda P, q: P.prod(axis=1) / q ** (P.shape[1] - 1)), "normalise"),
        (doubting(lambda P, q: np.median(P, axis=1)), "what the others say"),
        (lambda P, q: doubt_by_rows(P, q).argmax(axis=1), "shape"),
    ],
}
