"""The ideal observer, against closed forms, quadrature and brute force."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from mmtutor.simulate.latent import PeopleWorld, PostWorld, seed_sequence

TWO = {"levels": (-0.5, 0.5)}  # two classes one unit apart, so that reliability is d'


# --- closed forms ---


@pytest.mark.parametrize("d", [0.0, 0.3, 1.0, 2.5])
def test_two_classes_reach_phi_of_half_d_prime(d):
    world = PostWorld(("image",), (d,), **TWO)
    assert world.ceiling() == pytest.approx(norm.cdf(d / 2), abs=1e-12)


@pytest.mark.parametrize("d", [0.4, 1.5])
def test_three_equidistant_classes(d):
    world = PostWorld(("image",), (d,))
    assert world.ceiling() == pytest.approx((4 * norm.cdf(d / 2) - 1) / 3, abs=1e-12)


def test_squares_of_independent_modalities_add_up():
    world = PostWorld(("text", "image", "audio"), (1.0, 2.0, 2.0), **TWO)
    assert world.sensitivity() == pytest.approx(3.0)
    assert world.ceiling() == pytest.approx(norm.cdf(1.5), abs=1e-12)
    assert world.ceiling(["image", "audio"]) == pytest.approx(norm.cdf(np.sqrt(8) / 2), abs=1e-12)


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.5, 0.9])
def test_correlated_noise_formula(rho):
    a, b = 1.2, 0.7
    world = PostWorld(("image", "audio"), (a, b), noise_correlation=rho, missing=(0, 0), **TWO)
    d = np.sqrt((a**2 + b**2 - 2 * rho * a * b) / (1 - rho**2))
    assert world.ceiling() == pytest.approx(norm.cdf(d / 2), abs=1e-12)


def test_a_silent_modality_adds_nothing_unless_its_noise_is_shared():
    alone = PostWorld(("image",), (1.0,)).ceiling()
    assert PostWorld(("image", "audio"), (1.0, 0.0)).ceiling() == pytest.approx(alone, abs=1e-12)
    shared = PostWorld(("image", "audio"), (1.0, 0.0), noise_correlation=0.8)
    assert shared.ceiling() > alone + 0.1  # it tells what the noise was: a known surprise


def test_unequal_prior_against_quadrature():
    prior, d = (0.7, 0.1, 0.2), 1.3
    world = PostWorld(("image",), (d,), prior=prior)
    best = quad(
        lambda z: max(p * norm.pdf(z, d * c) for p, c in zip(prior, (-1, 0, 1), strict=True)),
        -9, 9, limit=400, points=[-1, 0, 1],
    )[0]  # fmt: skip
    assert world.ceiling() == pytest.approx(best, abs=1e-6)
    assert PostWorld(("image",), (0.0,), prior=prior).ceiling() == pytest.approx(0.7)


def test_conflict_of_one_modality_against_quadrature():
    d, conflict = 2.0, 0.3
    world = PostWorld(("image",), (d,), conflict=conflict)

    def density(z, c):
        others = sum(norm.pdf(z, d * o) for o in (-1, 0, 1) if o != c)
        return (1 - conflict) * norm.pdf(z, d * c) + conflict / 2 * others

    best = quad(lambda z: max(density(z, c) for c in (-1, 0, 1)) / 3, -10, 10, limit=400)[0]
    assert world.ceiling() == pytest.approx(best, abs=5e-4)


def test_total_conflict_of_two_classes_is_read_backwards():
    world = PostWorld(("image",), (3.0,), conflict=1.0, **TWO)
    assert world.ceiling() == pytest.approx(norm.cdf(1.5), abs=5e-4)


def test_missing_cells_mix_the_ceilings():
    # Each of two cells is missing with q; if both are, one comes back.
    q = 0.4
    world = PostWorld(("image", "audio"), (2.0, 1.0), missing=(q, q), **TWO)
    both, image, audio = norm.cdf(np.sqrt(5) / 2), norm.cdf(1), norm.cdf(0.5)
    one = q * (1 - q) + q**2 / 2
    expected = (1 - q) ** 2 * both + one * image + one * audio
    assert world.ceiling() == pytest.approx(expected, abs=1e-12)
    assert world.ceiling(["image"]) == pytest.approx(
        ((1 - q) ** 2 + one) * image + one * 0.5, abs=1e-12
    )


def test_everything_missing_is_chance():
    world = PostWorld(missing=(1.0, 1.0, 1.0))
    assert world.ceiling() == pytest.approx(1 / 3)
    assert world.sample(9).filter(like="missing_").to_numpy().all()
    assert PostWorld().ceiling([]) == pytest.approx(1 / 3)


# --- brute force: the observer's rule applied to fresh samples ---

MESSY = PostWorld(
    reliability=(1.5, 1.0, 0.7), noise_correlation=0.4, conflict=0.35, missing=(0.1, 0.3, 0.5)
)


@pytest.mark.parametrize("chosen", [["text"], ["image", "audio"], ["text", "image", "audio"]])
def test_ceiling_is_the_accuracy_of_the_posteriors_on_samples(chosen):
    n = 40_000
    drawn = MESSY.sample(n, random_state=11)
    right = MESSY.posteriors(drawn, chosen).argmax(axis=1) == drawn["class"]
    # four standard errors; ties (all chosen cells missing) go to class 0, right a third of the time
    assert right.mean() == pytest.approx(MESSY.ceiling(chosen), abs=4 * 0.5 / np.sqrt(n))


def test_posteriors_are_calibrated():
    drawn = MESSY.sample(40_000, random_state=3)
    p = MESSY.posteriors(drawn)
    assert np.allclose(p.sum(axis=1), 1)
    for low in (0.1, 0.4, 0.7):
        rows = (p[:, 2] >= low) & (p[:, 2] < low + 0.1)
        assert (drawn["class"][rows] == 2).mean() == pytest.approx(p[rows, 2].mean(), abs=0.03)


def test_posteriors_by_hand_with_correlation_and_conflict():
    world = PostWorld(("image", "audio"), (1.5, 1.0), noise_correlation=0.5, conflict=0.2)
    z = np.array([0.8, -1.1])
    cov = [[1, 0.5], [0.5, 1]]

    def density(c):
        def at(i, a):
            return multivariate_normal.pdf(z, [1.5 * i, 1.0 * a], cov)

        others = [o for o in (-1, 0, 1) if o != c]
        return 0.8 * at(c, c) + sum(0.05 * at(o, c) + 0.05 * at(c, o) for o in others)

    expected = np.array([density(c) for c in (-1, 0, 1)])
    table = pd.DataFrame([z], columns=["image", "audio"])
    assert np.allclose(world.posteriors(table)[0], expected / expected.sum(), atol=1e-12)


def test_conflict_in_three_modalities_against_plain_monte_carlo():
    world = PostWorld(reliability=(2.0, 1.5, 1.0), conflict=0.5)
    rng = np.random.default_rng(5)
    n = 30_000
    levels = np.array([-1, 0, 1])
    c = rng.integers(3, size=n)
    shown = np.tile(c[:, None], 3)
    for i in np.flatnonzero(rng.random(n) < 0.5):
        m = rng.integers(3)
        shown[i, m] = (c[i] + rng.integers(1, 3)) % 3
    z = levels[shown] * np.array([2.0, 1.5, 1.0]) + rng.standard_normal((n, 3))
    table = pd.DataFrame(z, columns=["text", "image", "audio"])
    accuracy = (world.posteriors(table).argmax(axis=1) == c).mean()
    assert world.ceiling() == pytest.approx(accuracy, abs=4 * 0.5 / np.sqrt(n))


# --- sampling ---


def test_samples_have_the_stated_moments():
    world = PostWorld(reliability=(2.0, 1.0, 0.0), noise_correlation=0.6)
    drawn = world.sample(30_000, random_state=0)
    values = drawn[["text", "image", "audio"]].to_numpy()
    noise = values - (drawn["class"].to_numpy() - 1)[:, None] * np.array([2.0, 1.0, 0.0])
    assert np.allclose(noise.mean(axis=0), 0, atol=0.03)
    assert np.allclose(np.cov(noise.T), world.covariance(), atol=0.03)


def test_share_of_conflict_and_of_missing_cells():
    world = PostWorld(conflict=0.3, missing=(0.2, 0.2, 0.2))
    drawn = world.sample(30_000, random_state=1)
    other = drawn.filter(like="shown_").to_numpy() != drawn[["class"]].to_numpy()
    assert set(other.sum(axis=1)) == {0, 1}
    assert other.any(axis=1).mean() == pytest.approx(0.3, abs=0.01)
    assert np.allclose(other.mean(axis=0), 0.1, atol=0.01)
    gone = drawn.filter(like="missing_").to_numpy()
    assert not gone.all(axis=1).any()
    assert gone.mean() == pytest.approx(0.2 - 0.2**3 / 3, abs=0.01)


def test_same_seed_same_numbers_whatever_the_size_and_common_noise():
    world = PostWorld(conflict=0.2, missing=(0.2, 0.2, 0.2))
    assert world.sample(7, 4).equals(world.sample(200, 4).head(7))
    assert not world.sample(7, 4).equals(world.sample(7, 5))
    louder = PostWorld(reliability=(3.0, 1.0, 1.0)).sample(50)
    plain = PostWorld().sample(50)
    assert louder["image"].equals(plain["image"])
    shift = louder["text"] - plain["text"]
    assert np.allclose(shift, 2 * (plain["class"] - 1))


def test_classes_are_balanced_and_a_prior_is_obeyed():
    assert np.bincount(PostWorld().sample(300)["class"]).tolist() == [100, 100, 100]
    skewed = PostWorld(prior=(0.6, 0.4, 0.0)).sample(5000)["class"]
    assert np.bincount(skewed, minlength=3) / 5000 == pytest.approx([0.6, 0.4, 0.0], abs=0.03)


def test_ceiling_falls_with_conflict_and_missingness_and_rises_with_reliability():
    by_conflict = [PostWorld(conflict=q).ceiling() for q in (0.0, 0.2, 0.4)]
    assert by_conflict == sorted(by_conflict, reverse=True)
    by_missing = [PostWorld(missing=(q,) * 3).ceiling() for q in (0.0, 0.3, 0.9)]
    assert by_missing == sorted(by_missing, reverse=True)
    by_strength = [PostWorld(reliability=(r, 1, 1)).ceiling() for r in (0.0, 1.0, 2.0)]
    assert by_strength == sorted(by_strength)


# --- people ---


def test_two_people_one_dimension_closed_form():
    world = PeopleWorld(2, {"image": 1}, {"image": 1.5}, n_named=1, random_state=8)
    u = world.people()["image"].ravel()
    d = 1.5 * abs(u[0] - u[1])
    assert world.ceiling(["image"]) == pytest.approx(norm.cdf(d / 2), abs=0.006)


@pytest.mark.parametrize(("n_named", "q"), [(1, 0.9), (3, 0.9), (4, 0.2)])
def test_captions_alone_closed_form(n_named, q):
    world = PeopleWorld(10, n_named=n_named, caption_accuracy=q)
    expected = max(q / n_named, (1 - q) / (10 - n_named))
    assert world.ceiling(["text"]) == pytest.approx(expected, abs=1e-12)
    named = world.sample(4000).filter(like="named_").to_numpy()
    right = (named == world.sample(4000)[["class"]].to_numpy()).any(axis=1)
    assert right.mean() == pytest.approx(q, abs=0.03)
    assert all(len(set(row)) == n_named for row in named[:200])


def test_the_right_name_stands_anywhere_in_the_caption():
    drawn = PeopleWorld(6, n_named=3, caption_accuracy=1.0).sample(6000)
    named = drawn.filter(like="named_").to_numpy()
    share = (named == drawn[["class"]].to_numpy()).mean(axis=0)
    assert np.allclose(share, 1 / 3, atol=0.03)


def test_people_posteriors_by_hand_and_with_conflict():
    world = PeopleWorld(3, {"image": 2}, {"image": 1.0}, n_named=1, caption_accuracy=0.8,
                        conflict=0.4)  # fmt: skip
    drawn = world.sample(1, random_state=2)
    z = drawn[["image_0", "image_1"]].to_numpy()[0]
    face = np.array([multivariate_normal.pdf(z, u) for u in world.people()["image"]])
    caption = np.where(np.arange(3) == drawn["named_0"][0], 0.8, 0.1)

    def other(likelihood, p):
        return np.mean([likelihood[q] for q in range(3) if q != p])

    joint = np.array(
        [
            0.6 * face[p] * caption[p]
            + 0.2 * other(face, p) * caption[p]
            + 0.2 * face[p] * other(caption, p)
            for p in range(3)
        ]
    )
    assert np.allclose(world.posteriors(drawn)[0], joint / joint.sum(), atol=1e-12)


@pytest.mark.parametrize("conflict", [0.0, 0.5, 1.0])
def test_people_ceiling_is_the_accuracy_on_fresh_samples(conflict):
    world = PeopleWorld(
        8, {"image": 2, "audio": 1}, {"image": 0.8, "audio": 1.0}, conflict=conflict,
        missing={"image": 0.3, "text": 0.5},
    )  # fmt: skip
    drawn = world.sample(20_000, random_state=77)
    right = world.posteriors(drawn).argmax(axis=1) == drawn["class"]
    assert right.mean() == pytest.approx(world.ceiling(), abs=0.015)


def test_more_modalities_never_lower_the_ceiling():
    world = PeopleWorld(12, {"image": 2, "audio": 2}, {"image": 0.6, "audio": 0.6})
    single = [world.ceiling([m]) for m in world.modalities]
    assert world.ceiling() > max(single) + 0.05


# --- errors ---


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"conflict": 1.2}, r"conflict is 1.2; expected a number in \[0, 1\]"),
        ({"noise_correlation": 1.0}, "noise_correlation of 3"),
        ({"noise_correlation": -0.5}, "noise_correlation of 3"),
        ({"reliability": (1.0, 1.0)}, "needs 3 values"),
        ({"reliability": (1.0, -1.0, 1.0)}, "reliability is -1.0; expected a number in"),
        ({"reliability": np.array(1.0)}, "needs 3 values in a row"),
        ({"reliability": (1.0, 1j, 1.0)}, "reliability is 1j"),
        ({"reliability": np.ma.array([1.0] * 3, mask=[0, 1, 0])}, "reliability is masked"),
        ({"conflict": np.timedelta64(1)}, "conflict is np.timedelta64"),
        ({"missing": (0.0, 0.0, 1.5)}, r"missing is 1.5; expected a number in \[0, 1"),
        ({"missing": 5}, "missing needs 3 values in a row"),
        ({"levels": np.array(1.0)}, "two or more distinct"),
        ({"levels": ((0, 1), (1,))}, "two or more distinct"),
        ({"levels": (0, 1j)}, "two or more distinct"),
        ({"prior": (0.5, 0.2, 0.2)}, "sum to 1"),
        ({"levels": (1.0, 1.0)}, "two or more distinct"),
        ({"levels": (0, 0, 1)}, "two or more distinct"),
        ({"levels": (0.0, np.float32("inf"))}, "two or more distinct"),
        ({"levels": pd.Series([0, 1])}, "in a tuple or list"),
        ({"levels": (1e308, -1e308)}, "two or more distinct"),
        ({"reliability": (1e200, 1.0, 1.0)}, r"reliability is 1e\+200; expected"),
        ({"modalities": ("a", "a", "b")}, "modalities must be different names"),
        ({"modalities": (1, 2, 3)}, "modalities must be different names"),
        ({"modalities": (["a"], "b", "c")}, "modalities must be different names"),
        ({"modalities": ("class", "b", "c")}, "none of them 'class'"),
        ({"modalities": ("missing_b", "b", "c")}, "'missing_' before it"),
    ],
)
def test_bad_posts_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        PostWorld(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_people": 1}, "n_people is 1; expected a whole number from 2"),
        ({"n_people": np.timedelta64(9)}, "n_people is np.timedelta64"),
        ({"n_people": 4, "n_named": 4}, "n_people - 1 = 3"),
        ({"caption_accuracy": -0.1}, "caption_accuracy is -0.1; expected a number in"),
        ({"missing": {"smell": 0.5}}, "smell"),
        ({"reliability": {"image": -1.0, "audio": 1.0}}, "reliability of image"),
        ({"reliability": {"image": 1e200, "audio": 1.0}}, "reliability of image"),
        ({"n_people": 10**12}, "n_people is 1000000000000; expected a whole number from 2"),
        ({"sizes": {"image": 10**12, "audio": 4}}, "size of image is 1000000000000; expected"),
        ({"sizes": {"named": 3}, "reliability": {"named": 1.0}}, "sizes must name modalities"),
        ({"sizes": {1: 3}, "reliability": {1: 1.0}}, "sizes must name modalities"),
    ],
)
def test_bad_people_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        PeopleWorld(**wrong)


WORLDS = (PostWorld(), PeopleWorld(4, n_named=2))


@pytest.mark.parametrize("world", WORLDS, ids=["posts", "people"])
@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda table, cell: None, TypeError, "values must be a table .* got None"),
        (lambda table, cell: table.to_numpy(), TypeError, "values must be a table"),
        (lambda table, cell: table[cell], TypeError, "values must be a table"),
        (lambda table, cell: table.drop(columns=cell), ValueError, "no column .* latent values"),
        (lambda table, cell: pd.concat([table, table[[cell]]], axis=1), ValueError, "twice"),
        (lambda table, cell: table.assign(**{cell: "abc"}), ValueError, "must be numbers"),
        (lambda table, cell: table.assign(**{cell: 1j}), ValueError, "must be numbers"),
        (
            lambda table, cell: table.assign(**{cell: pd.Timestamp("2020")}),
            ValueError,
            "must be numbers",
        ),
        (
            lambda table, cell: table.assign(**{cell: [0.0, np.inf]}),
            ValueError,
            "image.* of row b is .*inf.*; expected finite numbers",
        ),
        (
            lambda table, cell: table.assign(missing_image=[True, None]),
            ValueError,
            "missing_image of row b is None; expected True or False",
        ),
        (
            lambda table, cell: table.assign(missing_image="no"),
            ValueError,
            "missing_image of row a is 'no'; expected True or False",
        ),
    ],
)
def test_a_table_of_other_values_is_told_by_column_and_row(world, spoil, error, words):
    cell = "image" if "image" in world.sample(2) else "image_0"
    with pytest.raises(error, match=words):
        world.posteriors(spoil(world.sample(2).set_axis(["a", "b"]), cell))


@pytest.mark.parametrize("name", [-1, 99, 1.5, np.nan])
def test_a_caption_names_people_of_the_world(name):
    people = WORLDS[1]
    table = people.sample(2).assign(named_1=[0.0, name])
    with pytest.raises(ValueError, match=r"named_1 of row 1 is .* whole numbers from 0 to 3; what"):
        people.posteriors(table)
    told = people.posteriors(table.assign(missing_text=[False, True]))
    without = people.posteriors(people.sample(2), ["image", "audio"])
    np.testing.assert_array_equal(told[1], without[1])


def test_unseen_numbers_of_people_are_told_and_hidden_ones_are_not_looked_at():
    people = WORLDS[1]
    table = people.sample(2).assign(image_3=[np.nan, 0.0])
    with pytest.raises(ValueError, match=r"image_3 of row 0 is .*nan.*; .* said by missing_image"):
        people.posteriors(table)
    told = people.posteriors(table.assign(missing_image=[True, False]))
    np.testing.assert_array_equal(told[0], people.posteriors(table, ["text", "audio"])[0])


@pytest.mark.parametrize("kind", [object, "Float64", "category"])
def test_numbers_of_any_kind_of_column_are_numbers(kind):
    for world, cell in zip(WORLDS, ("image", "image_0"), strict=True):
        table = world.sample(5)
        found = world.posteriors(table.astype({cell: kind}))
        np.testing.assert_allclose(found, world.posteriors(table))


def test_the_numbers_of_a_world_are_kept_as_plain_ones():
    names = ["text", "image", "audio"]
    assert PostWorld(names, conflict=Fraction(1, 4)) == PostWorld(tuple(names), conflict=0.25)
    assert PostWorld(names, noise_correlation=Fraction(1, 4)).ceiling() < 1
    small = PeopleWorld(np.int8(127), n_named=np.int8(3))
    assert small.sample(2).equals(PeopleWorld(127).sample(2))


@pytest.mark.parametrize("wrong", [float("nan"), 5, pd.NA, np.array("smell"), [pd.NA], [["image"]]])
def test_what_names_no_modality_is_told(wrong):
    for world in WORLDS:
        with pytest.raises(ValueError, match=r"^unknown modalities \[.*choose from"):
            world.ceiling(wrong)


def test_a_mapping_is_not_taken_for_its_names():
    for world in WORLDS:
        with pytest.raises(ValueError, match=r"modalities must be names in a list, got \{'text'"):
            world.ceiling({"text": 0.0})


def test_unknown_modality_size_and_seed_are_named():
    with pytest.raises(ValueError, match="smell"):
        PostWorld().ceiling(["smell"])
    with pytest.raises(ValueError, match="n_samples"):
        PostWorld().sample(0)
    with pytest.raises(ValueError, match="n_samples is 1000000000000; expected"):
        PeopleWorld().sample(10**12)
    with pytest.raises(ValueError, match="random_state is -1"):
        seed_sequence(-1)
    with pytest.raises(ValueError, match="random_state"):
        seed_sequence("seven")


@pytest.mark.filterwarnings("error")
def test_numbers_of_few_bits_are_numbers():
    levels, half = np.float32([-1, 0, 1]), np.float16(0.5)
    world = PostWorld(levels=levels, conflict=half, reliability=np.float32([1, 2, 0.5]))
    assert world == PostWorld(levels=(-1.0, 0.0, 1.0), conflict=0.5, reliability=(1.0, 2.0, 0.5))


def test_a_seed_may_have_any_number_of_bits():
    worlds = [PeopleWorld(random_state=seed) for seed in (2**64, 2**64, 0)]
    first, again, other = (world.people()["image"] for world in worlds)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
