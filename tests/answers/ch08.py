"""Answers to the exercises of chapter 08."""

import math

import numpy as np
from scipy.special import expit, softmax
from sklearn.preprocessing import StandardScaler

# 08.1


def size_by_counting(n, kernel, stride, padding):
    if padding == "same":
        return len(range(0, n, stride))
    return sum(1 for start in range(0, n, stride) if start + kernel <= n)


def size_by_formula(n, kernel, stride, padding):
    return math.ceil(n / stride) if padding == "same" else (n - kernel) // stride + 1


def size_by_padding(n, kernel, stride, padding):
    """One formula: with "same" the input is as long as it takes."""
    if padding == "same":
        n = n + kernel - 1
    return np.floor((n - kernel) / stride) + 1


def size_by_convolving(n, kernel, stride, padding):
    mode = {"valid": "valid", "same": "same"}[padding]
    whole = np.convolve(np.ones(n), np.ones(kernel), mode)[:n]
    return np.array(len(whole[::stride]))


def size_by_upside_down(n, kernel, stride, padding):
    return -(-(n if padding == "same" else n - kernel + 1) // stride)


# 08.2


def run(step, frames, h):
    for x in frames:
        if not np.isnan(x).any():
            h = step(x, h)
    return h


def run_where(step, frames, h):
    for x in frames:
        h = np.where(np.isnan(x[0]), h, step(np.nan_to_num(x), h))
    return h


def run_recursively(step, frames, h):
    if len(frames) == 0:
        return h
    x, rest = frames[0], frames[1:]
    return run_recursively(step, rest, h if np.isnan(x).all() else step(x, h))


def run_states(step, frames, h):
    return states(step, frames, h)[-1]


def run_float32(step, frames, h):
    h = h.astype(np.float32)
    for x in frames.astype(np.float32):
        if np.isfinite(x).all():
            h = step(x, h).astype(np.float32)
    return h.tolist()


def until_nan(step, frames, h):
    for x in frames:
        if np.isnan(x).any():
            break
        h = step(x, h)
    return h


def blind(step, frames, h):
    for x in frames:
        h = step(x, h)
    return h


def reset(step, frames, h):
    for x in frames:
        h = np.zeros_like(h) if np.isnan(x).any() else step(x, h)
    return h


def back_to_start(step, frames, h):
    state = h
    for x in frames:
        state = h if np.isnan(x).any() else step(x, state)
    return state


def states(step, frames, h):
    found = []
    for x in there(frames):
        h = step(x, h)
        found.append(h)
    return found


def there(frames):
    return frames[~np.isnan(frames[:, 0])]


def in_place(step, frames, h):
    for x in there(frames):
        h[:] = step(x, h)
    return h


# 08.3


def mix(weights, features):
    return (weights[..., None] * features).sum(axis=1)


def masked(scores, present):
    return softmax(np.where(present, scores, -np.inf), axis=1)


def gate_by_loop(features, scores, present):
    rows = []
    for f, s, p in zip(features, scores, present, strict=True):
        e = np.exp(s[p] - s[p].max())
        rows.append((e / e.sum()) @ f[p])
    return rows


def gate_renormalised(features, scores, present):
    w = softmax(scores, axis=1) * present
    return mix(w / w.sum(axis=1, keepdims=True), features)


def gate_float32(features, scores, present):
    s = np.where(present, scores, -1e9).astype(np.float32)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    w = e / e.sum(axis=1, keepdims=True)
    return np.einsum("nm,nmw->nw", w, features.astype(np.float32))


# 08.4


def scaled(by, x, axis=None):
    return (x - by.mean(axis, keepdims=True)) / by.std(axis, keepdims=True)


def centre_overwritten(train, test):
    train = (train - train.mean()) / train.std()
    test = (test - train.mean()) / train.std()
    return train, test


def centre_in_place(train, test):
    mean, spread = train.mean(), train.std()
    for x in (train, test):
        x -= mean
        x /= spread
    return [train, test]


def centre_by_sklearn(train, test):
    scaler = StandardScaler().fit(train.reshape(-1, 1))
    return tuple(scaler.transform(x.reshape(-1, 1)).reshape(x.shape) for x in (train, test))


def centre_by_moments(train, test):
    mean = train.sum() / train.size
    spread = ((train**2).mean() - mean**2) ** 0.5
    return [(x - mean) * (1 / spread) for x in (train, test)]


def centre_of_sample(train, test):
    mean, spread = train.mean(), train.std(ddof=1)
    return (train - mean) / spread, (test - mean) / spread


def centre_float32(train, test):
    train, test = train.astype(np.float32), test.astype(np.float32)
    return scaled(train, train), scaled(train, test)


RIGHT = {
    "08.1": [
        size_by_counting,
        size_by_formula,
        size_by_padding,
        size_by_convolving,
        size_by_upside_down,
    ],
    "08.2": [
        run,
        run_where,
        run_recursively,
        run_states,
        run_float32,
        lambda step, frames, h: blind(step, there(frames), h),
    ],
    "08.3": [
        gate_by_loop,
        gate_renormalised,
        gate_float32,
        lambda f, s, p: mix(masked(s, p), f),
        lambda f, s, p: np.array([w @ x for w, x in zip(masked(s, p), f, strict=True)]),
    ],
    "08.4": [
        centre_by_sklearn,
        centre_by_moments,
        centre_of_sample,
        centre_float32,
        lambda a, b: (scaled(a, a), scaled(a, b)),
    ],
}

WRONG = {
    "08.1": [
        (lambda n, k, s, p: n - k + 1 if p == "valid" else n, "skips every second place"),
        (lambda n, k, s, p: (n - k) // s + 1, "with stride 1 the size stays n"),
        (lambda n, k, s, p: -(-n // s), "'valid' does not pad"),
        (lambda n, k, s, p: (n - k) // s if p == "valid" else -(-n // s), "first place counts"),
        (lambda n, k, s, p: (n - k) // s + 2 if p == "valid" else -(-n // s), "hangs over"),
        (lambda n, k, s, p: -(-(n - k) // s) + 1 if p == "valid" else -(-n // s), "hangs over"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "valid" else n // s, "round up"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "valid" else round(n / s), "round up"),
        (lambda n, k, s, p: (n - k) / s + 1 if p == "valid" else -(-n // s), "is whole"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "same" else -(-n // s), "interchanged"),
        (lambda n, k, s, p: round((n - k) / s) + 1 if p == "valid" else -(-n // s), "expected"),
        (lambda n, k, s, p: (n - k + 1) // s if p == "valid" else -(-n // s), "expected"),
        (lambda n, k, s, p: n // s - k + 1 if p == "valid" else n // s, "expected"),
        (lambda n, k, s, p: n if p == "same" else (n - k) // s + 1, "expected"),
        (lambda n, k, s, p: (n, n), "one number"),
        (lambda n, k, s, p: "n", "one number"),
    ],
    "08.2": [
        (blind, "NaN or zero"),
        (reset, "NaN or zero"),
        (back_to_start, "in order"),
        (lambda step, f, h: blind(step, np.nan_to_num(f), h), "still a step"),
        (lambda step, f, h: run(step, f, 0 * h), "not from zeros"),
        (lambda step, f, h: run(step, f[::-1], h), "backwards"),
        (lambda step, f, h: run(step, there(f)[:-1], h), "the last or the first"),
        (lambda step, f, h: run(step, there(f)[1:], h), "the last or the first"),
        (until_nan, "in between"),
        (states, "the last state only"),
        (lambda step, f, h: np.mean(states(step, f, h), axis=0), "averaged"),
        (lambda step, f, h: step(there(f)[-1], h), "hand each new state"),
        (lambda step, f, h: step(np.nanmean(f, axis=0), h), "in order"),
        (lambda step, f, h: h, "in order"),
        (lambda step, f, h: h[:2], "shape"),
        (lambda step, f, h: run(step, np.repeat(f, 2, axis=0), h), "in order"),
        (in_place, "changes its input h"),
    ],
    "08.3": [
        (lambda f, s, p: mix(softmax(s, axis=1), f), "gets a weight"),
        (lambda f, s, p: mix(softmax(s, axis=1) * p, f), "no longer add up"),
        (lambda f, s, p: mix(softmax(s * p, axis=1), f), "exp(0)"),
        (lambda f, s, p: mix(softmax(s, axis=0), f), "not the samples"),
        (lambda f, s, p: mix(softmax(np.where(p, s, -np.inf), axis=0), f), "not the samples"),
        (lambda f, s, p: mix(s, f), "as they are"),
        (lambda f, s, p: mix(expit(s), f), "sigmoids"),
        (lambda f, s, p: mix(expit(s) * p, f), "sigmoids"),
        (lambda f, s, p: mix(p / p.sum(1, keepdims=True), f), "not used"),
        (
            lambda f, s, p: mix(np.eye(s.shape[1])[np.where(p, s, -9e9).argmax(1)], f),
            "best modality",
        ),
        (lambda f, s, p: masked(s, ~p)[..., None] * f, "shape"),
        (lambda f, s, p: mix(masked(s, ~p), f), "True is there"),
        (lambda f, s, p: masked(s, p)[..., None] * f, "add them up"),
        (lambda f, s, p: (masked(s, p)[..., None] * f).mean(axis=1), "not the mean"),
        (lambda f, s, p: np.full(f[:, 0].shape, np.nan), "differs most"),
        (lambda f, s, p: f[:, 0], "Softmax over"),
        (lambda f, s, p: mix(masked(-s, p), f), "Softmax over"),
        (lambda f, s, p: mix(masked(s, p) ** 2, f), "Softmax over"),
        (lambda f, s, p: mix(masked(s, p), f).T, "shape"),
        (lambda f, s, p: mix(masked(s.__setitem__(~p, -9e9) or s, p), f), "changes its input s"),
    ],
    "08.4": [
        (lambda a, b: (scaled(a, a), scaled(b, b)), "its own mean"),
        (lambda a, b: [scaled(np.concatenate([a, b]), x) for x in (a, b)], "not know the test"),
        (lambda a, b: (scaled(a, a, 0), scaled(a, b, 0)), "each pixel"),
        (lambda a, b: [scaled(x, x, (1, 2, 3)) for x in (a, b)], "each picture"),
        (lambda a, b: (a - a.mean(), b - a.mean()), "did not divide"),
        (lambda a, b: (a / a.std(), b / a.std()), "did not take the mean out"),
        (lambda a, b: (scaled(a, a), b), "stay as they were"),
        (centre_overwritten, "before `train` is scaled"),
        (lambda a, b: [(x - a.mean()) / a.var() for x in (a, b)], "variance"),
        (lambda a, b: [(x - a.min()) / (a.max() - a.min()) for x in (a, b)], "from 0 to 1"),
        (lambda a, b: [2 * x - 1 for x in (a, b)], "ubtract the mean of train"),
        (lambda a, b: scaled(a, a), "return 2 things"),
        (lambda a, b: (scaled(a, a), scaled(a, b)[:3]), "shape"),
        (lambda a, b: (scaled(a, b), scaled(a, a)), "shape"),
        (lambda a, b: (a, b), "ubtract the mean of train"),
        (lambda a, b: [x - a.mean() / a.std() for x in (a, b)], "ubtract the mean of train"),
        (centre_in_place, "changes its input train"),
    ],
}
