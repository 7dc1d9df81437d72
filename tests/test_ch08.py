"""The checkers of chapter 08 name typical mistakes and accept right answers written differently."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, softmax

from mmtutor.exercises import examine


def size_by_counting(n, kernel, stride, padding):
    if padding == "same":
        return len(range(0, n, stride))
    return sum(1 for start in range(0, n, stride) if start + kernel <= n)


def size_by_formula(n, kernel, stride, padding):
    return math.ceil(n / stride) if padding == "same" else (n - kernel) // stride + 1


def run(step, frames, h, keep=None):
    for x in frames:
        if not np.isnan(x).any():
            h = step(x, h)
    return h


def run_where(step, frames, h):
    for x in frames:
        h = np.where(np.isnan(x[0]), h, step(np.nan_to_num(x), h))
    return h


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


def states(step, frames, h):
    found = []
    for x in frames[~np.isnan(frames[:, 0])]:
        h = step(x, h)
        found.append(h)
    return found


def there(frames):
    return frames[~np.isnan(frames[:, 0])]


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


def scaled(by, x, axis=None):
    return (x - by.mean(axis, keepdims=True)) / by.std(axis, keepdims=True)


RIGHT = {
    "08.1": [size_by_counting, size_by_formula],
    "08.2": [run, run_where, lambda step, frames, h: blind(step, there(frames), h)],
    "08.3": [lambda f, s, p: mix(masked(s, p), f), gate_by_loop],
    "08.4": [lambda a, b: (scaled(a, a), scaled(a, b))],
}

WRONG = {
    "08.1": [
        (lambda n, k, s, p: n - k + 1 if p == "valid" else n, "skips places"),
        (lambda n, k, s, p: (n - k) // s + 1, "pads the edges"),
        (lambda n, k, s, p: (n - k) // s if p == "valid" else -(-n // s), "first place counts"),
        (lambda n, k, s, p: (n - k) // s + 2 if p == "valid" else -(-n // s), "hangs over"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "valid" else n // s, "ceil"),
        (lambda n, k, s, p: (n - k) / s + 1 if p == "valid" else -(-n // s), "is whole"),
        (lambda n, k, s, p: (n, n), "one whole number"),
        (lambda n, k, s, p: "n", "one whole number"),
    ],
    "08.2": [
        (blind, "became NaN"),
        (lambda step, f, h: blind(step, np.nan_to_num(f), h), "still a step"),
        (lambda step, f, h: run(step, f, 0 * h), "not from zeros"),
        (lambda step, f, h: run(step, f[::-1], h), "backwards"),
        (lambda step, f, h: run(step, there(f)[:-1], h), "the last frame out"),
        (lambda step, f, h: run(step, there(f)[1:], h), "the first frame out"),
        (until_nan, "in between"),
        (reset, "to zero"),
        (states, "only the last one"),
        (lambda step, f, h: np.mean(states(step, f, h), axis=0), "averaged"),
        (lambda step, f, h: step(there(f)[-1], h), "hand each new state"),
        (lambda step, f, h: h, "differs"),
        (lambda step, f, h: h[:2], "shape"),
    ],
    "08.3": [
        (lambda f, s, p: mix(softmax(s, axis=1), f), "gets a weight"),
        (lambda f, s, p: mix(softmax(s, axis=1) * p, f), "no longer add up"),
        (lambda f, s, p: mix(softmax(s * p, axis=1), f), "exp(0)"),
        (lambda f, s, p: mix(softmax(s, axis=0), f), "not the samples"),
        (lambda f, s, p: mix(s, f), "as they are"),
        (lambda f, s, p: mix(expit(s), f), "sigmoids"),
        (lambda f, s, p: mix(p / p.sum(1, keepdims=True), f), "not used"),
        (lambda f, s, p: mix(np.eye(3)[np.where(p, s, -9e9).argmax(1)], f), "best modality"),
        (lambda f, s, p: masked(s, p)[..., None] * f, "add them up"),
        (lambda f, s, p: (masked(s, p)[..., None] * f).mean(axis=1), "took the mean"),
        (lambda f, s, p: np.full(f[:, 0].shape, np.nan), "holds NaN"),
        (lambda f, s, p: f[:, 0], "softmax over"),
        (lambda f, s, p: mix(masked(s, p), f).T, "shape"),
    ],
    "08.4": [
        (lambda a, b: (scaled(a, a), scaled(b, b)), "its own mean"),
        (lambda a, b: [scaled(np.concatenate([a, b]), x) for x in (a, b)], "not know the test"),
        (lambda a, b: (scaled(a, a, 0), scaled(a, b, 0)), "each pixel"),
        (lambda a, b: [scaled(x, x, (1, 2, 3)) for x in (a, b)], "each picture"),
        (lambda a, b: (a - a.mean(), b - a.mean()), "did not divide"),
        (lambda a, b: (a / a.std(), b / a.std()), "did not take the mean out"),
        (lambda a, b: (scaled(a, a), b), "left as they were"),
        (lambda a, b: [(x - a.mean()) / a.var() for x in (a, b)], "variance"),
        (lambda a, b: [(x - a.min()) / (a.max() - a.min()) for x in (a, b)], "from 0 to 1"),
        (lambda a, b: scaled(a, a), "return two arrays"),
        (lambda a, b: (scaled(a, a), scaled(a, b)[:3]), "shape"),
        (lambda a, b: (a, b), "subtract the mean of train"),
    ],
}


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number in RIGHT for answer in RIGHT[number]]
)
def test_right_answers_pass(number, answer):
    for _ in range(3):
        verdict = examine(number, answer)
        assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("number", "answer", "hint"), [(number, *pair) for number in WRONG for pair in WRONG[number]]
)
def test_wrong_answers_get_their_hint(number, answer, hint):
    for _ in range(3):
        verdict = examine(number, answer)
        assert not verdict.passed
        assert hint in verdict.message


@pytest.mark.parametrize("number", RIGHT)
def test_an_empty_stub_is_not_yet(number):
    def stub(*args): ...

    assert "expected" in examine(number, stub).message
    assert not examine(number, None).passed
