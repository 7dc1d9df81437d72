"""Partial information decomposition against the textbook's bits and scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from mmtutor import information as info

LOG2_3 = np.log2(3)


def gate(function, n=2):
    """Joint distribution of two uniform, independent inputs and ``function`` of them."""
    cells = [(a, b, function(a, b)) for a in range(n) for b in range(n)]
    p = np.zeros((n, n, 1 + max(y for *_, y in cells)))
    for cell in cells:
        p[cell] += 1 / len(cells)
    return p


AND_TOTAL = 2 - 0.75 * LOG2_3  # entropy of a bit that is 1 in a quarter of the cases

CASES = {  # redundancy, unique 1, unique 2, synergy
    "xor": (gate(lambda a, b: a ^ b), (0, 0, 0, 1)),
    "and": (gate(lambda a, b: a & b), (AND_TOTAL - 0.5, 0, 0, 0.5)),
    "or": (gate(lambda a, b: a | b), (AND_TOTAL - 0.5, 0, 0, 0.5)),
    "copy": (np.array([[[0.5, 0], [0, 0]], [[0, 0], [0, 0.5]]]), (1, 0, 0, 0)),
    "only the first": (gate(lambda a, b: a), (0, 1, 0, 0)),
    "only the second": (gate(lambda a, b: b), (0, 0, 1, 0)),
    "nothing": (gate(lambda a, b: 0), (0, 0, 0, 0)),
    # The known counter-example: independent bits, and I_min calls one of two bits redundant.
    "both bits": (gate(lambda a, b: 2 * a + b), (1, 0, 0, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_textbook_bits(name):
    joint, expected = CASES[name]
    parts = info.decompose(joint)
    assert tuple(parts) == pytest.approx(expected, abs=1e-12)
    assert parts.total == pytest.approx(sum(expected))


def test_and_as_printed_in_the_literature():
    parts = info.decompose(CASES["and"][0])
    assert round(parts.redundancy, 3) == 0.311
    assert round(parts.synergy, 3) == 0.5


def test_williams_and_beer_figure_4():
    """Their two examples: a target of three values, each modality telling two outcomes apart."""
    a = np.zeros((2, 2, 3))
    a[0, 0, 0] = a[0, 1, 1] = a[1, 0, 2] = 1 / 3
    assert tuple(info.decompose(a)) == pytest.approx((LOG2_3 - 1, 1 / 3, 1 / 3, 1 / 3))
    b = np.zeros((3, 3, 3))
    b[0, 0, 0] = b[0, 1, 1] = 1 / 4
    b[1, 0, 1] = b[0, 2, 2] = 1 / 4  # placed so that both modalities tell the same
    parts = info.decompose(b)
    assert parts.total == pytest.approx(info.mutual_information(b.reshape(-1, 3)))


def test_random_distributions_add_up_and_are_symmetric():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.dirichlet(np.full(3 * 4 * 2, 0.3)).reshape(3, 4, 2)
        parts = info.decompose(p)
        assert min(parts) >= 0
        assert parts.total == pytest.approx(info.mutual_information(p.reshape(12, 2)))
        assert parts.redundancy + parts.unique_1 == pytest.approx(
            info.mutual_information(p.sum(axis=1))
        )
        swapped = info.decompose(p.transpose(1, 0, 2))
        assert swapped.redundancy == pytest.approx(parts.redundancy)
        assert swapped.unique_1 == pytest.approx(parts.unique_2)
        assert swapped.synergy == pytest.approx(parts.synergy)


def test_mutual_information_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    x = rng.integers(4, size=500)
    y = np.where(rng.uniform(size=500) < 0.5, x % 3, rng.integers(3, size=500))
    joint = info.joint_distribution(x, y)
    assert joint.shape == (4, 3)
    assert info.mutual_information(joint) == pytest.approx(mutual_info_score(x, y) / np.log(2))


def test_joint_distribution_by_hand():
    p = info.joint_distribution(["b", "a", "b"], [0, 0, 5], ["no", "yes", "no"])
    assert p.shape == (2, 2, 2)
    assert p[1, 0, 0] == p[0, 0, 1] == p[1, 1, 0] == pytest.approx(1 / 3)
    assert p.sum() == pytest.approx(1)


def test_quantised_gaussians_approach_the_closed_form():
    """Correlated normals: I = -log2(1 - r^2) / 2, and quantising loses some, never adds."""
    rng = np.random.default_rng(2)
    r = 0.8
    x, y = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], size=40_000).T
    exact = -np.log2(1 - r**2) / 2
    measured = [
        info.mutual_information(info.joint_distribution(info.quantise(x, k), info.quantise(y, k)))
        for k in (2, 4, 8, 16)
    ]
    assert np.all(np.diff(measured) > 0)
    assert measured[0] == pytest.approx(
        1 - stats.entropy([0.5 + np.arcsin(r) / np.pi, 0.5 - np.arcsin(r) / np.pi], base=2),
        abs=0.01,
    )
    assert 0.9 * exact < measured[-1] < exact + 0.01


@pytest.mark.filterwarnings("error")
def test_tiny_probabilities_tell_next_to_nothing():
    assert info.mutual_information([[1e-200, 1e-200], [1e-200, 1]]) == pytest.approx(0, abs=1e-150)
    for tiny in (1e-200, 5e-324):
        joint = np.zeros((2, 2, 2))
        joint[0, 0, 0], joint[1, 1, 1] = tiny, 1
        assert tuple(info.decompose(joint)) == pytest.approx((0, 0, 0, 0), abs=1e-150)


def test_quantise():
    assert (
        np.bincount(info.quantise(np.random.default_rng(0).normal(size=100), 5)).tolist()
        == [20] * 5
    )
    assert set(info.quantise([1, 1, 1, 1], 2)) == {0}
    assert info.quantise([3, 1, 2], 3).tolist() == [2, 0, 1]
    x = np.array([1.0, 1.0, 1.0, 2.0])
    levels = info.quantise(x, 4)
    assert levels[0] == levels[1] == levels[2] < levels[3]


def test_bias_predicts_what_independent_samples_show():
    rng = np.random.default_rng(3)
    n, measured = 200, []
    for _ in range(300):
        joint = info.joint_distribution(rng.integers(4, size=n), rng.integers(3, size=n))
        measured.append(info.mutual_information(joint))
    assert np.mean(measured) == pytest.approx(info.information_bias(4, 3, n), rel=0.1)


def test_the_bias_of_small_integers_does_not_wrap_around():
    assert info.information_bias(*np.int8([100, 100, 9])) == info.information_bias(100, 100, 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: info.decompose(np.ones((2, 2))), r"3 axes, got an array of shape \(2, 2\)"),
        (lambda: info.decompose(np.ones((2, 2, 2))), "sums to 8"),
        (lambda: info.mutual_information([[1.5, -0.5]]), r"non-negative .*joint\[0, 1\] is -0.5"),
        (lambda: info.mutual_information([[np.nan, 1]]), r"non-negative .*joint\[0, 0\] is nan"),
        (lambda: info.mutual_information([[1.7e308, 1.7e308]]), "this one sums to inf"),
        (lambda: info.joint_distribution(*[[0, 0]] * 70), "70 variables are more than an array"),
        (lambda: info.quantise([1.7e308, -1.7e308], 2), r"values of up to 1.7e\+308 overflow"),
        (
            lambda: info.quantise(np.array([2**60, 2**60 + 1])),
            r"hold 1152921504606846977, .* pass x.astype\(float\)",
        ),
        (lambda: info.quantise([2**63 + 1, 10**30]), "values hold 9223372036854775809"),
        (lambda: info.mutual_information(np.empty((0, 2))), "sums to 0"),
        (lambda: info.joint_distribution([1, 2], [1]), "one equal length"),
        (lambda: info.joint_distribution(), "one equal length"),
        (lambda: info.joint_distribution([], []), "empty"),
        (
            lambda: info.joint_distribution([1.0, np.nan], [1, 2]),
            r"1 of 2 values of variable 0 are missing .* at 1",
        ),
        (lambda: info.quantise([1, np.nan]), "1 of 2 values are NaN"),
        (lambda: info.joint_distribution([1, np.inf], [1, 2]), "of variable 0 are infinite, at 1"),
        (lambda: info.joint_distribution({0: 1, 1: 2}, [1, 2]), "must be a row of labels, got {0"),
        (lambda: info.quantise([]), r"shape \(0,\)"),
        (
            lambda: info.joint_distribution(["a", None], [1, 2]),
            r"1 of 2 values of variable 0 are missing",
        ),
        (lambda: info.joint_distribution(["a", np.nan], [1, 2]), "1 of 2 .* missing .* at 1"),
        (
            lambda: info.joint_distribution(pd.Series(["a", None], index=["x", "y"]), [1, 2]),
            "1 of 2 values of variable 0 are missing .* at y",
        ),
        (lambda: info.joint_distribution(["1", 1], [1, 2]), r"several kinds, \['int', 'str'\]"),
        (lambda: info.joint_distribution([1, 2], [print, len]), "variable 1 cannot be sorted"),
        (lambda: info.joint_distribution([[1], [1, 2]], [1, 2]), "must be a row of labels"),
        (lambda: info.joint_distribution(*[range(10**5)] * 2), "more cells than MOST_CELLS"),
        (
            lambda: info.joint_distribution(np.ma.array([1, 2], mask=[0, 1]), [1, 2]),
            "1 of 2 values of variable 0 are missing",
        ),
        (lambda: info.quantise(np.ma.array([1, 2], mask=[0, 1])), "values has masked values"),
        (lambda: info.quantise(np.array([1, 2j])), "values must be numbers"),
        (lambda: info.quantise([1, 10**400]), "values must be numbers"),
        (lambda: info.quantise([1, 2], 10**9), "n_levels is 1000000000; expected a whole number"),
        (lambda: info.mutual_information(np.full((2, 2), 0.25 + 1j)), "joint must be numbers"),
        (lambda: info.information_bias(2, 10**400, 9), "n_y is 1000"),
        (
            lambda: info.quantise([1, 2], 1),
            "n_levels is 1; expected a whole number from 2 to 10000",
        ),
        (lambda: info.information_bias(2, 2, 0), "n_samples is 0; expected a whole number"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
