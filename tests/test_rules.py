"""The fusion rules against loops written from the definitions, and against hand-worked cases."""

from __future__ import annotations

import inspect
import pickle
from fractions import Fraction
from math import prod
from statistics import median

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtutor.fusion import rules
from mmtutor.fusion.rules import (
    RULES,
    apply_rule,
    check_posteriors,
    max_rule,
    median_rule,
    min_rule,
    product_rule,
    sum_rule,
    vote_rule,
)

NAN = float("nan")
WEIGHTED = ("sum", "product", "median", "vote")


def random_posteriors(rng, n=40, experts=3, classes=4, absent=0.0):
    P = rng.dirichlet(np.ones(classes), size=(n, experts))
    P[rng.random((n, experts)) < absent] = np.nan
    return P


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(product_rule, [0.9999, 0.0001]), (sum_rule, [0.99, 0.01]), (median_rule, [0.99, 0.01])],
)
def test_two_confident_experts_by_hand(rule, expected):
    assert rule([[[0.99, 0.01], [0.99, 0.01]]])[0].round(4).tolist() == expected


def test_product_by_exact_fractions():
    # Bayes for two experts independent given the class: prior (1/4, 3/4), likelihoods exact
    prior = [Fraction(1, 4), Fraction(3, 4)]
    likelihoods = [[Fraction(1, 2), Fraction(1, 10)], [Fraction(2, 5), Fraction(1, 5)]]
    posteriors = []
    for row in likelihoods:
        joint = [p * q for p, q in zip(prior, row, strict=True)]
        posteriors.append([float(j / sum(joint)) for j in joint])
    joint = [prior[c] * likelihoods[0][c] * likelihoods[1][c] for c in range(2)]
    exact = [float(j / sum(joint)) for j in joint]
    fused = product_rule([posteriors], prior=[0.25, 0.75])
    np.testing.assert_allclose(fused[0], exact, atol=1e-14)
    assert not np.allclose(product_rule([posteriors])[0], exact)  # the prior must be divided out


def slow(rule, P, w, prior):
    """One row at a time, from the definitions."""
    out = []
    for row in P:
        here = [r for r in range(len(row)) if not np.isnan(row[r]).any() and w[r] > 0]
        if not here:
            out.append(prior)
            continue
        if rule == "sum":
            p = sum(w[r] * row[r] for r in here)
        elif rule == "product":
            p = prior * np.prod([(row[r] / prior) ** w[r] for r in here], axis=0)
        elif rule == "max":
            p = np.array([max(row[r][c] for r in here) for c in range(P.shape[2])])
        elif rule == "min":
            p = np.array([min(row[r][c] for r in here) for c in range(P.shape[2])])
        elif rule == "median":  # whole weights: repeat the expert
            p = np.median(np.concatenate([[row[r]] * int(w[r]) for r in here]), axis=0)
        elif rule == "vote":
            p = np.zeros(P.shape[2])
            for r in here:
                p[row[r].argmax()] += w[r]
        out.append(p / p.sum())
    return np.array(out)


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("absent", [0.0, 0.4])
def test_agrees_with_the_definition(rule, absent):
    rng = np.random.default_rng(3)
    P, prior = random_posteriors(rng, absent=absent), np.array([0.4, 0.3, 0.2, 0.1])
    if absent:
        assert np.isnan(P).all(axis=(1, 2)).any(), "the case of all experts absent must occur"
    fused = RULES[rule](P, prior=prior)
    np.testing.assert_allclose(fused, slow(rule, P, np.ones(3), prior), atol=1e-12)
    np.testing.assert_allclose(fused.sum(axis=1), 1)


@pytest.mark.parametrize("rule", WEIGHTED)
@pytest.mark.parametrize("weights", [[1, 2, 3], [2, 0, 1], [1, 1, 2]])
def test_weights_agree_with_the_definition(rule, weights):
    rng = np.random.default_rng(4)
    P, prior = random_posteriors(rng, absent=0.3), np.array([0.4, 0.3, 0.2, 0.1])
    expected = slow(rule, P, np.array(weights), prior)
    np.testing.assert_allclose(RULES[rule](P, weights=weights, prior=prior), expected, atol=1e-12)


@pytest.mark.parametrize("rule", WEIGHTED)
def test_weights_of_one_are_no_weights(rule):
    P = random_posteriors(np.random.default_rng(5), absent=0.3)
    np.testing.assert_allclose(RULES[rule](P, weights=[1, 1, 1]), RULES[rule](P), atol=1e-12)


@pytest.mark.parametrize("rule", ["sum", "median", "vote"])
def test_only_the_ratios_of_these_weights_matter(rule):
    P = random_posteriors(np.random.default_rng(6), absent=0.3)
    np.testing.assert_allclose(
        RULES[rule](P, weights=[0.1, 0.2, 0.3]), RULES[rule](P, weights=[10, 20, 30]), atol=1e-12
    )


@pytest.mark.parametrize("rule", WEIGHTED)
def test_weight_zero_is_the_same_as_absent(rule):
    rng = np.random.default_rng(7)
    P, prior = random_posteriors(rng), [0.7, 0.1, 0.1, 0.1]
    gone = P.copy()
    gone[:, 1] = np.nan
    np.testing.assert_allclose(
        RULES[rule](P, weights=[1, 0, 1], prior=prior), RULES[rule](gone, prior=prior), atol=1e-12
    )


def test_weighted_product_is_the_logarithmic_opinion_pool():
    rng = np.random.default_rng(8)
    P = random_posteriors(rng, experts=2)
    pool = P[:, 0] ** 0.7 * P[:, 1] ** 0.3
    pool /= pool.sum(axis=1, keepdims=True)
    # where the weights sum to 1 the prior drops out
    np.testing.assert_allclose(
        product_rule(P, weights=[0.7, 0.3], prior=[0.4, 0.3, 0.2, 0.1]), pool, atol=1e-12
    )


def test_product_divides_by_the_prior_of_present_experts_only():
    prior = np.array([0.8, 0.2])
    lone = product_rule([[[0.3, 0.7], [NAN, NAN], [NAN, NAN]]], prior=prior)
    np.testing.assert_allclose(lone, [[0.3, 0.7]])  # R = 1: nothing is divided
    pair = product_rule([[[0.3, 0.7], [0.5, 0.5], [NAN, NAN]]], prior=prior)
    expected = np.array([0.3 * 0.5 / 0.8, 0.7 * 0.5 / 0.2])
    np.testing.assert_allclose(pair[0], expected / expected.sum())


@pytest.mark.parametrize("rule", sorted(RULES))
def test_all_absent_gives_the_prior(rule):
    P = np.full((2, 3, 2), np.nan)
    np.testing.assert_allclose(RULES[rule](P, prior=[0.7, 0.3]), [[0.7, 0.3]] * 2)
    np.testing.assert_allclose(RULES[rule](P), [[0.5, 0.5]] * 2)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_lone_expert_is_believed(rule):
    p = np.array([0.2, 0.5, 0.3])
    fused = RULES[rule]([[p, [NAN] * 3]], prior=[0.1, 0.1, 0.8])[0]
    expected = [0, 1, 0] if rule == "vote" else p
    np.testing.assert_allclose(fused, expected)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_certainty_never_gives_nan(rule):
    corners = np.eye(3)
    P = np.array([[a, b] for a in corners for b in corners])
    fused = RULES[rule](P, prior=[0.5, 0.3, 0.2])
    assert np.isfinite(fused).all()
    np.testing.assert_allclose(fused.sum(axis=1), 1)
    agree = [i * 3 + i for i in range(3)]
    np.testing.assert_array_equal(fused[agree], corners)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_certain_opposites_with_a_uniform_prior_tie(rule):
    np.testing.assert_allclose(RULES[rule]([[[1, 0], [0, 1]]]), [[0.5, 0.5]])


def test_contradicting_certainty_is_the_limit_of_a_shrinking_floor():
    P = np.array(
        [
            [[1, 0, 0], [0, 1, 0], [0.2, 0.5, 0.3]],
            [[1, 0, 0], [1, 0, 0], [0, 1, 0]],
            [[0.5, 0.5, 0], [0, 0, 1], [0.1, 0.2, 0.7]],
        ]
    )
    prior = np.array([0.5, 0.3, 0.2])
    floored = np.maximum(P, 1e-60)  # its answer differs from the limit by about 1e-60
    score = np.log(floored).sum(axis=1) - 2 * np.log(prior)
    expected = np.exp(score - score.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(product_rule(P, prior=prior), expected, atol=1e-12)
    assert product_rule(P)[1].tolist() == [1, 0, 0]  # two certain experts against one


@pytest.mark.parametrize("rule", ["min", "median"])
def test_every_class_ruled_out_gives_the_prior(rule):
    P = np.eye(3)[None]  # three certain experts, three opinions
    np.testing.assert_allclose(RULES[rule](P, prior=[0.5, 0.3, 0.2]), [[0.5, 0.3, 0.2]])


def test_a_zero_is_a_veto_in_the_product_but_not_in_the_sum():
    P = [[[0.0, 1.0], [0.99, 0.01], [0.99, 0.01]]]
    assert product_rule(P)[0].tolist() == [0, 1]
    assert sum_rule(P)[0, 0] > 0.6


def test_many_experts_do_not_underflow():
    P = np.tile([[0.4, 0.35, 0.25]], (1, 5000, 1))
    fused = product_rule(P)
    assert np.isfinite(fused).all()
    assert fused[0, 0] > 1 - 1e-12


def test_vote_splits_a_tied_ballot():
    np.testing.assert_allclose(vote_rule([[[0.5, 0.5], [0.9, 0.1]]]), [[0.75, 0.25]])


@pytest.mark.parametrize("absent", [0.0, 0.3])
def test_the_input_is_not_changed(absent):
    P = random_posteriors(np.random.default_rng(9), absent=absent)
    P *= 1 + 1e-4  # within the tolerance, so the rules rescale
    P.setflags(write=False)
    for rule in RULES.values():
        rule(P)

    def spoils(P):
        P[:] = 1 / 4
        return P[:, 0]

    before = P.copy()
    apply_rule(spoils, P)
    np.testing.assert_array_equal(P, before)


def test_order_of_experts_does_not_matter():
    P = random_posteriors(np.random.default_rng(10), absent=0.3)
    for rule in RULES.values():
        np.testing.assert_allclose(rule(P[:, ::-1]), rule(P), atol=1e-12)


def test_integers_and_lists_are_accepted():
    assert product_rule([[[1, 0], [1, 0]]]).tolist() == [[1.0, 0.0]]
    assert product_rule([[[1, 0], [None, None]]]).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("absent", [0.0, 0.3])
def test_float32_stays_float32_and_nothing_else_does(rule, absent):
    P = random_posteriors(np.random.default_rng(11), absent=absent)
    single = RULES[rule](P.astype(np.float32), prior=[0.4, 0.3, 0.2, 0.1])
    assert single.dtype == np.float32
    double = RULES[rule](P, prior=[0.4, 0.3, 0.2, 0.1])
    assert double.dtype == np.float64
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-6)
    assert RULES[rule](np.eye(2, dtype=np.float16)[None]).dtype == np.float64
    assert check_posteriors(P.astype(np.float32))[0].dtype == np.float32


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("absent", [0.0, 0.3])
def test_chunks_and_memory_order_make_no_difference(monkeypatch, rule, absent):
    P = random_posteriors(np.random.default_rng(15), n=50, absent=absent)
    whole = RULES[rule](P)
    orders = (np.asfortranarray(P), P.transpose(2, 0, 1).copy().transpose(1, 2, 0), P[::-1][::-1])
    for other in orders:
        np.testing.assert_array_equal(RULES[rule](other), whole)
    for rows in (1, 7):
        monkeypatch.setattr(rules, "_CHUNK_BYTES", rows * P[0].nbytes)
        np.testing.assert_allclose(RULES[rule](P), whole, rtol=1e-12)
    P[41] *= 2
    P[33, 1] = [NAN, 1, 0, 0]
    with pytest.raises(ValueError, match="partly NaN, the first at sample 33, expert 1"):
        RULES[rule](P)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_rows_give_no_rows(rule):
    none = np.empty((0, 3, 2))
    assert RULES[rule](none).shape == (0, 2)
    assert apply_rule(lambda P: P[:, 0], none).shape == (0, 2)
    assert [array.shape for array in check_posteriors(none)] == [(0, 3, 2), (0, 3), (2,)]


@st.composite
def grids(draw):
    """Posteriors that are fractions of small whole numbers, zeros and ones among them."""
    n_experts, n_classes = draw(st.integers(1, 10)), draw(st.integers(1, 4))
    counts = st.lists(st.integers(0, 3), min_size=n_classes, max_size=n_classes).filter(any)
    row = st.none() | counts.map(lambda row: [Fraction(c, sum(row)) for c in row])
    sample = st.lists(row, min_size=n_experts, max_size=n_experts)
    weights = st.lists(st.integers(0, 3), min_size=n_experts, max_size=n_experts).filter(any)
    prior = st.lists(st.integers(1, 4), min_size=n_classes, max_size=n_classes)
    return (
        draw(st.lists(sample, min_size=1, max_size=4)),
        draw(st.none() | weights),
        draw(prior.map(lambda row: [Fraction(c, sum(row)) for c in row])),
    )


def exact(rule, sample, weights, prior):
    """The definitions in whole numbers; a zero in the product is a number that hardly is one."""
    heard = [(w, p) for w, p in zip(weights, sample, strict=True) if p is not None and w]
    if not heard:
        return prior
    almost = Fraction(1, 10**100)
    out = []
    for c, pi in enumerate(prior):
        column = [(w, p[c]) for w, p in heard]
        if rule == "sum":
            out.append(sum(w * p for w, p in column))
        elif rule == "product":
            out.append(pi * prod(((p or almost) / pi) ** w for w, p in column))
        elif rule == "vote":
            out.append(sum(w * Fraction(p[c] == max(p), p.count(max(p))) for w, p in heard))
        else:
            of = {"max": max, "min": min, "median": median}[rule]
            out.append(of([p for w, p in column for _ in range(w)]))
    return [p / sum(out) for p in out] if any(out) else prior


@pytest.mark.parametrize("rule", sorted(RULES))
@settings(max_examples=150, deadline=None)
@given(case=grids(), single=st.booleans(), scale=st.sampled_from([1, 0.1]))
def test_agrees_with_exact_fractions(rule, case, single, scale):
    samples, weights, prior = case
    if rule not in WEIGHTED:
        weights = None
    n_experts, n_classes = len(samples[0]), len(prior)
    absent = [NAN] * n_classes
    P = [[absent if p is None else [float(q) for q in p] for p in sample] for sample in samples]
    P = np.array(P, dtype=np.float32 if single else float)
    w = None if weights is None else np.array(weights) * (1 if rule == "product" else scale)
    fused = RULES[rule](P, weights=w, prior=[float(p) for p in prior])
    expected = [exact(rule, sample, weights or [1] * n_experts, prior) for sample in samples]
    expected = np.array([[float(p) for p in row] for row in expected])
    np.testing.assert_allclose(fused, expected, atol=1e-5 if single else 1e-12)


def test_rules_look_like_plain_functions():
    """They can be sent to workers, and their signature is what they are called with."""
    for rule in RULES.values():
        assert pickle.loads(pickle.dumps(rule)) is rule
        assert list(inspect.signature(rule).parameters) == ["P", "weights", "prior"]
        assert "Parameters\n----------\nP : array-like" in rule.__doc__


@pytest.mark.parametrize(
    ("P", "words"),
    [
        ([[0.9, 0.1]], "2 axes.*n_samples, n_experts, n_classes"),
        ([[[0.9, 0.3]]], "do not sum to 1, the first at sample 0, expert 0 with sum 1.2"),
        ([[[0.5, 0.5]], [[1.2, -0.2]]], "negative.*sample 1, expert 0"),
        ([[[0.5, NAN]]], "partly NaN"),
        ([[[np.inf, 0.0]]], "infinite"),
        (np.empty((3, 0, 2)), "nothing to fuse"),
        ([[[0.5j, 0.5]]], "P must be numbers"),
        ([np.ma.array([[0.5, 0.5]], mask=[[True, False]])], "P has masked values"),
    ],
)
@pytest.mark.parametrize("rule", sorted(RULES))
def test_bad_posteriors(rule, P, words):
    with pytest.raises(ValueError, match=words):
        RULES[rule](P)


@pytest.mark.parametrize("rule", WEIGHTED)
@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1, 2, 3], r"shape \(3,\); expected \(2,\)"),
        ([1, -1], "not negative"),
        ([1, NAN], "finite"),
        ([0, 0], "all weights are 0"),
        ([1e308, 1e308], "from 1e-100 to 1e100"),  # whose sum is infinite
        ([5e-324, 0], "from 1e-100 to 1e100"),  # whose products are 0
        (0.5, r"shape \(\); expected \(2,\)"),
    ],
)
def test_bad_weights(rule, weights, words):
    with pytest.raises(ValueError, match=words):
        RULES[rule]([[[0.5, 0.5], [0.5, 0.5]]], weights=weights)


@pytest.mark.parametrize("rule", [max_rule, min_rule])
def test_rules_without_weights_say_so(rule):
    with pytest.raises(ValueError, match="takes no weights"):
        rule([[[0.5, 0.5], [0.5, 0.5]]], weights=[1, 1])


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ([1, 0], "positive"),
        ([0.5, 0.6], "sum to 1"),
        ([1.0], "one per class"),
        ([NAN, 1], "posi"),
        ([0.5j, 0.5], "prior must be numbers"),
        (
            pd.Series({"a": 0.5, "b": 0.5}),
            r"prior names \['a', 'b'\], but the classes are \[0, 1\]",
        ),
        (pd.Series([0.5, 0.5], index=[0, 0]), r"prior names some twice: \[0, 0\]"),
    ],
)
def test_bad_prior(prior, words):
    for rule in RULES.values():
        with pytest.raises(ValueError, match=words):
            rule([[[0.5, 0.5]]], prior=prior)


def test_a_mapping_goes_by_the_numbers_it_names():
    P = random_posteriors(np.random.default_rng(15), classes=2)
    wanted = product_rule(P, weights=[1, 2, 3], prior=[0.3, 0.7])
    for weights in (
        pd.Series([1, 2, 3]),
        pd.Series([3, 1, 2], index=[2, 0, 1]),
        {2: 3, 1: 2, 0: 1},
    ):
        for prior in (pd.Series([0.3, 0.7]), pd.Series([0.7, 0.3], index=[1, 0]), {1: 0.7, 0: 0.3}):
            fused = product_rule(P, weights=weights, prior=prior)
            np.testing.assert_array_equal(fused, wanted)


def test_apply_rule_by_name_and_unknown_name():
    P = random_posteriors(np.random.default_rng(12))
    for name, rule in RULES.items():
        np.testing.assert_array_equal(apply_rule(name, P), rule(P))
    with pytest.raises(ValueError, match=r"unknown rule 'mean'.*'sum'"):
        apply_rule("mean", P)
    with pytest.raises(ValueError, match="unknown rule 3"):
        apply_rule(3, P)


def test_apply_rule_passes_only_what_the_function_takes():
    P = random_posteriors(np.random.default_rng(13), absent=0.2)

    def plain(P):
        return P.mean(axis=1)

    def weighted(P, weights=None):
        return sum_rule(P, weights=weights)

    np.testing.assert_allclose(
        apply_rule(weighted, P, weights=[1, 2, 3]), sum_rule(P, weights=[1, 2, 3])
    )
    complete = random_posteriors(np.random.default_rng(13))
    np.testing.assert_allclose(apply_rule(plain, complete), sum_rule(complete))
    with pytest.raises(ValueError, match="plain takes no weights"):
        apply_rule(plain, complete, weights=[1, 1, 1])


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda P: P.sum(axis=1), "sum to 3 up to 3, not to 1"),
        (lambda P: P.mean(axis=0), "returned shape"),
        (lambda P: P.mean(axis=1) * np.nan, "NaN"),
        (lambda P: P[:, 9], "the rule <lambda>: index 9 is out of bounds"),
        (sum, "unknown rule <built-in function sum>: use one of .*'sum'.*or a function"),
        (lambda: 1, "cannot be called, too many positional arguments: use one of"),
    ],
)
def test_apply_rule_checks_what_a_function_returns(function, words):
    P = random_posteriors(np.random.default_rng(14))
    with pytest.raises((ValueError, IndexError), match=words):
        apply_rule(function, P)


def test_check_posteriors_rescales_rounding_and_reports_absence():
    P, present, prior = check_posteriors([[[0.3333, 0.6666], [NAN, NAN]]])
    np.testing.assert_allclose(P.sum(axis=2), [[1, 0]])
    assert present.tolist() == [[True, False]]
    assert prior.tolist() == [0.5, 0.5]
