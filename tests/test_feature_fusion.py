"""FeatureFusion: against NumPy by hand, canonical correlation in closed form, and a table."""

from __future__ import annotations

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from places import reads_html
from scipy import sparse
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from test_decision_fusion import audio_numbers, image_numbers, posts

from mmtutor.fusion import FeatureFusion
from mmtutor.fusion._alignment import principal_axes
from mmtutor.image import PixelFeatures


def blocks():
    return [
        ("text", TfidfVectorizer(), "text"),
        ("image", FunctionTransformer(image_numbers), "image"),
        ("audio", FunctionTransformer(audio_numbers), "audio"),
    ]


def two(width_a=3, width_b=3):
    return [
        ("a", "passthrough", slice(0, width_a)),
        ("b", "passthrough", slice(width_a, width_a + width_b)),
    ]


def numbers(n=50, width=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)) * np.arange(1, width + 1) + 10


@parametrize_with_checks(
    [
        FeatureFusion([("a", "passthrough", slice(None)), ("b", StandardScaler(), slice(None))]),
        FeatureFusion(
            [("a", "passthrough", [0]), ("b", "passthrough", [-1])], rule="product", n_components=1
        ),
        FeatureFusion(
            [("a", "passthrough", [0]), ("b", "passthrough", slice(None))],
            rule="weighted", weights={"a": 1, "b": 2}, n_components=1, align="cca",
        ),
    ]
)  # fmt: skip
def test_scikit_learn_estimator_checks(estimator, check):
    check(estimator)


# --- the rules by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["concat", "weighted", "sum", "product"])
def test_rules_by_hand(rule):
    X = numbers()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    A, B = Z[:, :3], Z[:, 3:]
    expected = {
        "concat": np.hstack([A, B]) / np.sqrt(3),
        "weighted": (A + B) / 2,
        "sum": A + B,
        "product": A * B,
    }[rule]
    fusion = FeatureFusion(two(), rule=rule)
    np.testing.assert_allclose(fusion.fit_transform(X), expected, atol=1e-12)
    np.testing.assert_allclose(fusion.transform(X), expected, atol=1e-12)


@pytest.mark.parametrize("rule", ["concat", "weighted", "sum", "product"])
def test_without_standardising_the_numbers_are_untouched(rule):
    X = numbers()
    A, B = X[:, :3], X[:, 3:]
    expected = {"concat": X, "weighted": (A + B) / 2, "sum": A + B, "product": A * B}[rule]
    fused = FeatureFusion(two(), rule=rule, standardise=False).fit_transform(X)
    np.testing.assert_allclose(fused, expected, atol=1e-12)


def test_weights_by_hand():
    X = numbers()
    A, B = X[:, :3], X[:, 3:]
    for rule, expected in [
        ("weighted", (3 * A + B) / 4),
        ("sum", 3 * A + B),
        ("concat", np.hstack([3 * A, B])),
    ]:
        fusion = FeatureFusion(two(), rule=rule, weights={"b": 1, "a": 3}, standardise=False)
        np.testing.assert_allclose(fusion.fit_transform(X), expected, atol=1e-12)
        assert fusion.weights_ == {"a": 3.0, "b": 1.0}
        fusion.set_params(weights=[3, 1])
        np.testing.assert_allclose(fusion.fit_transform(X), expected, atol=1e-12)


def test_a_wide_block_weighs_no_more_than_a_narrow_one():
    X = numbers(width=20)
    fused = FeatureFusion(two(16, 4)).fit_transform(X)
    assert fused[:, :16].var(axis=0).sum() == pytest.approx(1)
    assert fused[:, 16:].var(axis=0).sum() == pytest.approx(1)


def test_a_block_with_ten_times_the_spread_does_not_take_over():
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    good = y[:, None] + rng.normal(size=(400, 3))
    loud = 100 * rng.normal(size=(400, 3))
    X = np.hstack([good, loud])
    model = {s: FeatureFusion(two(), rule="sum", standardise=s) for s in (True, False)}
    scores = {
        s: cross_val_score(make_pipeline(m, LogisticRegression()), X, y).mean()
        for s, m in model.items()
    }
    assert scores[True] > scores[False] + 0.1


def test_product_solves_xor_and_concat_does_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    score = {
        rule: cross_val_score(
            make_pipeline(FeatureFusion(two(1, 1), rule=rule), LogisticRegression()), X, y
        ).mean()
        for rule in ("concat", "product")
    }
    assert score["concat"] < 0.6
    assert score["product"] > 0.95


def test_a_constant_column_stays_zero():
    X = numbers()
    X[:, 1] = 0.1 * 3  # a number whose mean is off by rounding
    assert np.abs(FeatureFusion(two()).fit_transform(X)[:, 1]).max() == 0


# --- sparse --------------------------------------------------------------------------------------


def test_sparse_text_stays_sparse_and_equals_the_dense_way():
    frame, _ = posts()
    fused = FeatureFusion(blocks()[:2]).fit_transform(frame)
    assert sparse.issparse(fused)
    T = TfidfVectorizer().fit_transform(frame["text"]).toarray()
    width = T.shape[1]
    expected = T / np.sqrt(T.var(axis=0).mean()) / np.sqrt(width)
    np.testing.assert_allclose(fused.toarray()[:, :width], expected, atol=1e-12)
    assert expected.var(axis=0).sum() == pytest.approx(1)


def test_sparse_counts_keep_their_order():
    """The columns of a row may be unsorted; sorted, sums over them would round otherwise."""
    counts = sparse.csr_matrix((np.arange(1, 5), [2, 0, 1, 0], [0, 2, 4]), shape=(2, 3))
    assert not counts.has_sorted_indices
    table = pd.DataFrame({"text": ["a b", "b c"]})
    fusion = FeatureFusion([("words", FunctionTransformer(lambda _: counts.copy()), "text")])
    assert np.array_equal(fusion.fit_transform(table).indices, [2, 0, 1, 0])


def test_sparse_blocks_can_be_projected():
    frame, _ = posts()
    for align in ("svd", "cca"):
        fused = FeatureFusion(blocks(), rule="sum", n_components=2, align=align)
        assert fused.fit_transform(frame).shape == (60, 2)
        np.testing.assert_allclose(fused.transform(frame), fused.fit_transform(frame), atol=1e-9)


# --- projections ---------------------------------------------------------------------------------


def test_svd_is_each_blocks_principal_components():
    X = numbers(width=9)
    fused = FeatureFusion(two(5, 4), rule="concat", n_components=2).fit_transform(X)
    for half, block in [(slice(0, 2), X[:, :5]), (slice(2, 4), X[:, 5:])]:
        Z = (block - block.mean(axis=0)) / block.std(axis=0)
        U, s, _ = np.linalg.svd(Z, full_matrices=False)
        components = U[:, :2] * s[:2]
        correlation = np.corrcoef(components.T, fused[:, half].T)[:2, 2:]
        np.testing.assert_allclose(np.abs(correlation), np.eye(2), atol=1e-8)


def test_cca_finds_the_canonical_correlations():
    # population: corr(a1, b1) = 0.8, corr(a2, b2) = 0.5, hidden by invertible mixings
    rng = np.random.default_rng(0)
    rho = np.array([0.8, 0.5])
    A = rng.normal(size=(4000, 2))
    B = rho * A + np.sqrt(1 - rho**2) * rng.normal(size=(4000, 2))
    X = np.hstack([A @ rng.normal(size=(2, 2)), B @ rng.normal(size=(2, 2))])
    fusion = FeatureFusion(two(2, 2), n_components=2, align="cca", shrinkage=0)
    out = fusion.fit_transform(X)
    # closed form: the singular values of Caa^-1/2 Cab Cbb^-1/2, here through QR
    Qa, Qb = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (X[:, :2], X[:, 2:]))
    exact = np.linalg.svd(Qa.T @ Qb, compute_uv=False)
    np.testing.assert_allclose(fusion.agreement_, exact, atol=1e-10)
    np.testing.assert_allclose(exact, rho, atol=0.03)
    pairs = [np.corrcoef(out[:, k], out[:, 2 + k])[0, 1] for k in range(2)]
    np.testing.assert_allclose(pairs, exact, atol=1e-10)


def test_cca_agrees_with_scikit_learn():
    from sklearn.cross_decomposition import CCA

    rng = np.random.default_rng(1)
    shared = rng.normal(size=(300, 2))
    X = np.hstack([shared @ rng.normal(size=(2, 4)), shared @ rng.normal(size=(2, 3))])
    X += 0.5 * rng.normal(size=X.shape)
    a, b = CCA(2, max_iter=5000, tol=1e-10).fit_transform(X[:, :4], X[:, 4:])
    out = FeatureFusion(two(4, 3), n_components=2, align="cca", shrinkage=0).fit_transform(X)
    for k in range(2):
        assert abs(np.corrcoef(a[:, k], out[:, k])[0, 1]) > 1 - 1e-6
        assert abs(np.corrcoef(b[:, k], out[:, 2 + k])[0, 1]) > 1 - 1e-6


def test_cca_with_three_blocks_finds_what_all_share():
    rng = np.random.default_rng(2)
    shared = rng.normal(size=500)
    X = rng.normal(size=(500, 9))
    X[:, [1, 3, 8]] += 3 * shared[:, None]
    parts = [
        ("a", "passthrough", [0, 1, 2]),
        ("b", "passthrough", [3, 4, 5]),
        ("c", "passthrough", [6, 7, 8]),
    ]
    fusion = FeatureFusion(parts, rule="sum", n_components=1, align="cca")
    assert abs(np.corrcoef(fusion.fit_transform(X)[:, 0], shared)[0, 1]) > 0.95
    assert 0.7 < fusion.agreement_[0] < 1


@pytest.mark.slow
def test_the_order_of_rows_does_not_turn_a_shared_axis_around():
    fusion = FeatureFusion(two(60, 30), rule="sum", n_components=3, align="cca", shrinkage=0.5)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 90)) + rng.normal(size=(200, 90))
        shuffled = X[rng.permutation(200)]
        np.testing.assert_allclose(
            fusion.fit(X).transform(X), fusion.fit(shuffled).transform(X), atol=1e-8
        )


@pytest.mark.parametrize("rule", ["weighted", "sum", "product"])
def test_columns_are_mixed_along_shared_axes_by_default(rule):
    X = numbers(width=9)
    default = FeatureFusion(two(5, 4), rule=rule, n_components=2)
    shared = clone(default).set_params(align="cca")
    np.testing.assert_array_equal(default.fit_transform(X), shared.fit_transform(X))
    alone = FeatureFusion(two(5)[:1], rule="sum", n_components=2)
    own = clone(alone).set_params(align="svd")
    np.testing.assert_array_equal(alone.fit_transform(X), own.fit_transform(X))


def test_adding_shared_axes_keeps_what_adding_own_axes_loses():
    # what both blocks hold stands in their narrowest direction; on the widest there is noise
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    X = rng.normal(size=(400, 8)) + np.outer(y, np.repeat([0, 1.5, 0, 1.5], [3, 1, 3, 1]))
    X[:, :3] += 3 * rng.normal(size=(400, 1))
    X[:, 4:7] += 3 * rng.normal(size=(400, 1))
    score = {}
    for align in (None, "svd"):
        fusion = FeatureFusion(two(4, 4), rule="sum", n_components=1, align=align)
        score[align] = cross_val_score(make_pipeline(fusion, LogisticRegression()), X, y).mean()
    assert score[None] > 0.8
    assert score["svd"] < 0.6


def test_shrinkage_guards_against_agreement_in_noise():
    X = np.random.default_rng(3).normal(size=(40, 60))
    fooled = FeatureFusion(two(30, 30), n_components=1, align="cca", shrinkage=0).fit(X)
    assert fooled.agreement_[0] > 0.99
    assert (
        FeatureFusion(two(30, 30), n_components=1, align="cca", shrinkage=0.9).fit(X).agreement_[0]
        < 0.9
    )


@pytest.mark.parametrize("align", ["svd", "cca"])
def test_projected_columns_have_mean_variance_one(align):
    out = FeatureFusion(two(5, 4), rule="sum", n_components=2, align=align).fit(numbers(width=9))
    for scaler in out._scalers.values():
        assert scaler.mean.tolist() == [0, 0]
    fused = FeatureFusion(two(5, 4), n_components=2, align=align).fit_transform(numbers(width=9))
    np.testing.assert_allclose(fused.mean(axis=0), 0, atol=1e-12)
    assert fused[:, :2].var(axis=0).sum() == pytest.approx(1)


@pytest.mark.parametrize("align", ["svd", "cca"])
def test_the_projection_is_learned_from_the_training_rows(align):
    X = numbers(width=9)
    fusion = FeatureFusion(two(5, 4), rule="sum", n_components=2, align=align).fit(X[:30])
    alone = np.vstack([fusion.transform(X[[i]]) for i in range(30, 50)])
    np.testing.assert_allclose(fusion.transform(X[30:]), alone, atol=1e-10)


# --- missing cells -------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["concat", "weighted", "sum", "product"])
@pytest.mark.parametrize("standardise", [True, False])
def test_a_missing_block_becomes_its_training_mean(rule, standardise):
    X = numbers()
    holes = X.copy()
    holes[:10, 4] = np.nan
    fusion = FeatureFusion(two(), rule=rule, standardise=standardise).fit(holes)
    mean = X.copy()
    mean[:10, 3:] = X[10:, 3:].mean(axis=0)
    np.testing.assert_allclose(fusion.transform(holes), fusion.transform(mean), atol=1e-10)
    np.testing.assert_allclose(fusion.fit_transform(holes), fusion.transform(holes), atol=1e-12)


def test_sum_leaves_the_row_to_the_blocks_that_are_there():
    X = numbers(width=9)
    fusion = FeatureFusion(two(5, 4), rule="sum", n_components=2).fit(X)
    only_a, only_b = X.copy(), X.copy()
    only_a[:, 5:], only_b[:, :5] = np.nan, np.nan
    np.testing.assert_allclose(
        fusion.transform(only_a) + fusion.transform(only_b), fusion.transform(X), atol=1e-10
    )
    nothing = np.full((2, 9), np.nan)
    np.testing.assert_allclose(fusion.transform(nothing), 0)


@pytest.mark.parametrize("rule", ["concat", "sum"])
def test_missing_text_keeps_the_kind_of_matrix(rule):
    frame, _ = posts()
    fusion = FeatureFusion(blocks(), rule=rule, n_components=2 if rule == "sum" else None).fit(
        frame
    )
    full = fusion.transform(frame)
    frame = frame.assign(text=frame["text"].astype(object))
    frame.loc[3:5, "text"] = None
    some = fusion.transform(frame)
    frame["text"] = None
    none = fusion.transform(frame)
    assert (
        sparse.issparse(full)
        == sparse.issparse(some)
        == sparse.issparse(none)
        == (rule == "concat")
    )
    assert full.shape == some.shape == none.shape
    dense = [m.toarray() if sparse.issparse(m) else m for m in (full, some, none)]
    np.testing.assert_allclose(np.delete(dense[1], [3, 4, 5], 0), np.delete(dense[0], [3, 4, 5], 0))
    np.testing.assert_allclose(dense[2][3], dense[1][3])


def test_block_with_no_usable_row():
    frame, _ = posts()
    frame["audio"] = None
    with pytest.raises(ValueError, match="'audio' has no row without a missing cell"):
        FeatureFusion(blocks()).fit(frame)


def test_a_block_can_read_rows_with_gaps():
    X = numbers()
    X[::2, 1], X[:4, :3] = np.nan, np.nan
    parts = [("a", SimpleImputer(), slice(0, 3)), ("b", "passthrough", slice(3, 6))]
    fusion = FeatureFusion(parts, missing="all", standardise=False).fit(X)
    assert fusion.n_missing_ == {"a": 4, "b": 0}
    assert FeatureFusion(parts).fit(X).n_missing_ == {"a": 27, "b": 0}
    expected = SimpleImputer().fit(X[4:, :3]).transform(X[4:, :3])
    np.testing.assert_allclose(fusion.transform(X)[4:, :3], expected)


# --- who is to blame -----------------------------------------------------------------------------


def test_errors_name_the_block_and_the_row_of_the_table_that_was_given():
    frame, y = posts(80)
    frame.index = [f"p{i}" for i in range(80)]
    frame.loc["p0":"p19", "image"] = None
    bad = pd.Series([np.full((8, 8), np.nan)] * 80, index=frame.index)
    frame["image"] = frame["image"].where(frame.index != "p50", bad)
    fusion = FeatureFusion([blocks()[0], ("face", PixelFeatures(size=8), "image")])
    model = make_pipeline(fusion, LogisticRegression())
    words = r"^block 'face', image in row p50: .*NaN"
    with pytest.raises(ValueError, match=words):
        fusion.fit(frame)
    with pytest.raises(ValueError, match=words):
        cross_val_score(model, frame, y, error_score="raise")
    with pytest.raises(ValueError, match=words):
        grid = {"featurefusion__rule": ["concat"]}
        GridSearchCV(model, grid, error_score="raise").fit(frame, y)
    with pytest.raises(ValueError, match=words):
        fusion.fit(frame.drop("p50")).transform(frame)


def test_a_block_that_loses_rows():
    # given a table, CountVectorizer takes the names of its columns for the texts
    frame, _ = posts()
    counted = FeatureFusion([("words", CountVectorizer(), ["text"])])
    words = r"^block 'words', it was given 60 rows and returned 1.*pass 'text', not \['text'\]"
    with pytest.raises(ValueError, match=words):
        counted.fit(frame)
    counted = FeatureFusion([("words", CountVectorizer(), ["text", "audio"])])
    with pytest.raises(ValueError, match=r"returned 2.*make a part of each of \['text', 'audio'\]"):
        counted.fit(frame)
    half = FunctionTransformer(lambda column: np.ones((len(column) // 2, 1)))
    with pytest.raises(ValueError, match=r"^block 'x', it was given 60 rows and returned 30"):
        FeatureFusion([("x", half, "audio")]).fit(frame)


def test_tables_of_every_kind_give_the_same_features():
    frame, _ = posts(missing=0.2)
    expected = FeatureFusion(blocks()).fit_transform(frame).toarray()
    other = pl.DataFrame(
        {
            "text": [None if cell is None else str(cell) for cell in frame["text"]],
            "image": pl.Series([*frame["image"]], dtype=pl.Object),
            "audio": pl.Series([*frame["audio"]], dtype=pl.Object),
        }
    )
    np.testing.assert_array_equal(FeatureFusion(blocks()).fit_transform(other).toarray(), expected)
    by_position = FeatureFusion([(n, t, i) for i, (n, t, _) in enumerate(blocks())])
    for X in (frame.to_numpy(dtype=object), frame.to_numpy(dtype=object).tolist()):
        np.testing.assert_array_equal(by_position.fit_transform(X).toarray(), expected)
    X = numbers()
    np.testing.assert_array_equal(
        FeatureFusion(two()).fit_transform(X.tolist()), FeatureFusion(two()).fit_transform(X)
    )


# --- a good citizen ------------------------------------------------------------------------------


def test_in_a_pipeline_with_a_grid():
    frame, y = posts(missing=0.1)
    model = make_pipeline(FeatureFusion(blocks()), LogisticRegression(C=10))
    assert cross_val_score(model, frame, y, cv=3).mean() > 0.85
    grid = GridSearchCV(
        model.set_params(featurefusion__n_components=2),
        {
            "featurefusion__rule": ["concat", "sum"],
            "featurefusion__text__min_df": [1, 2],
            "featurefusion__align": ["svd", "cca"],
        },
        cv=2,
    ).fit(frame, y)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()


def test_clone_pickle_parameters():
    frame, _ = posts()
    fusion = FeatureFusion(blocks(), rule="product", n_components=2)
    fitted = clone(fusion).fit(frame)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.transform(frame), fitted.transform(frame))
    fusion.set_params(text=CountVectorizer(), text__min_df=2)
    assert fusion.get_params()["text__min_df"] == 2
    assert fitted.feature_names_in_.tolist() == ["text", "image", "audio"]
    assert fitted.widths_ == {"text": 8, "image": 2, "audio": 2}


def test_set_params_after_fit_changes_nothing_until_the_next():
    X = numbers()
    fusion = FeatureFusion(two(), weights={"a": 1, "b": 2}).fit(X)
    before, names = fusion.transform(X), fusion.get_feature_names_out()
    fusion.set_params(
        rule="sum", standardise=False, missing="all", n_components=1, weights=None, b="drop"
    )
    np.testing.assert_array_equal(fusion.transform(X), before)
    assert fusion.get_feature_names_out().tolist() == names.tolist()
    assert fusion.fit_transform(X).shape == (50, 1)


def test_dropped_blocks_are_left_out():
    frame, _ = posts()
    fusion = FeatureFusion(blocks(), weights=[1, 5, 2]).set_params(image="drop").fit(frame)
    assert [name for name, _, _ in fusion.blocks_] == ["text", "audio"]
    left = FeatureFusion([blocks()[0], blocks()[2]], weights=[1, 2])
    np.testing.assert_array_equal(
        fusion.transform(frame).toarray(), left.fit_transform(frame).toarray()
    )


@reads_html
def test_the_html_shows_a_box_for_each_block():
    frame, _ = posts()
    html = FeatureFusion(blocks()).set_params(image="drop").fit(frame)._repr_html_()
    assert "TfidfVectorizer" in html
    assert "drop" in html


def test_feature_names():
    frame, _ = posts()
    fusion = FeatureFusion(blocks()).fit(frame)
    names = fusion.get_feature_names_out()
    assert names[0] == "text__awful"
    assert names[-2:].tolist() == ["audio__0", "audio__1"]
    assert len(names) == fusion.transform(frame).shape[1]
    fusion = FeatureFusion(blocks(), rule="sum", n_components=2).fit(frame)
    assert fusion.get_feature_names_out().tolist() == ["sum0", "sum1"]
    table = (
        FeatureFusion(blocks(), n_components=1).set_output(transform="pandas").fit_transform(frame)
    )
    assert table.columns.tolist() == ["text__0", "image__0", "audio__0"]
    table = pd.DataFrame({"p": [1.0, 2, 4], "q": [3.0, 1, 2]})
    fusion = FeatureFusion([("x", "passthrough", ["p"]), ("y", "passthrough", ["q"])]).fit(table)
    assert fusion.get_feature_names_out().tolist() == ["x__p", "y__q"]


def test_n_jobs_changes_nothing():
    frame, _ = posts()
    one = FeatureFusion(blocks(), n_components=2).fit_transform(frame)
    with joblib.parallel_config("threading"):
        two = FeatureFusion(blocks(), n_components=2, n_jobs=2).fit_transform(frame)
    np.testing.assert_array_equal(one, two)


def test_y_reaches_the_transformers():
    from sklearn.feature_selection import SelectKBest

    X = numbers()
    y = (X[:, 1] > np.median(X[:, 1])).astype(int)
    fusion = FeatureFusion([("best", SelectKBest(k=1), slice(0, 3)), ("rest", "passthrough", [3])])
    assert fusion.fit(X, y).blocks_[0][1].get_support().tolist() == [False, True, False]


# --- clear errors --------------------------------------------------------------------------------


def test_unequal_widths_name_each_block_and_the_remedy():
    for rule in ("weighted", "sum", "product"):
        with pytest.raises(ValueError, match=r"a 4, b 2; set n_components \(at most 2\).*concat"):
            FeatureFusion(two(4, 2), rule=rule).fit(numbers())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": "mean"}, "rule is 'mean'; expected 'concat' or 'weighted'"),
        ({"rule": np.array(["concat"])}, "rule is array"),
        ({"align": "pca"}, "align is 'pca'; expected None or 'svd' or 'cca'"),
        ({"align": pd.Series(["svd"])}, "align is 0 .*svd"),
        ({"missing": np.array(["any", "all"])}, "missing is array"),
        ({"standardise": "no"}, "standardise is 'no'; expected True or False"),
        ({"standardise": None}, "standardise is None; expected True or False"),
        ({"n_jobs": 1.5}, "n_jobs is 1.5; expected None or a whole number other than 0"),
        ({"weights": pd.Series([1, 2], index=["a", "a"])}, "weights names some twice"),
        (
            {"blocks": [("face", 5, [0]), ("b", "passthrough", [1])]},
            "^block 'face', 5 is no transf",
        ),
        ({"n_components": 0}, "n_components is 0; expected None or a whole number"),
        ({"n_components": 1.5}, "n_components is 1.5; expected None or a whole number"),
        ({"missing": "some"}, "missing is 'some'"),
        ({"n_components": 4}, "narrowest block has; the widths are a 3, b 3"),
        ({"shrinkage": 2}, "shrinkage is 2; expected a number in"),
        ({"weights": {"a": 1}}, "weights names"),
        ({"weights": [1, 2, 3]}, r"a number for each of the blocks \['a', 'b'\]: a mapping"),
        ({"weights": {"a": 1, "b": -2}}, ">= 0"),
        ({"weights": {"a": 1, "b": 1}, "rule": "product"}, "takes no weights"),
        ({"blocks": [("a", "passthrough", [0])], "n_components": 1, "align": "cca"}, "two blocks"),
        ({"blocks": []}, "triples"),
        ({"blocks": None}, "triples"),
        ({"blocks": [("rule", "passthrough", [0])]}, "cannot be a name"),
    ],
)
def test_clear_errors(change, words):
    with pytest.raises((ValueError, TypeError), match=words):
        FeatureFusion(**{"blocks": two(), **change}).fit(numbers())


def test_no_row_with_all_blocks():
    X = numbers()
    X[:25, :3], X[25:, 3:] = np.nan, np.nan
    with pytest.raises(ValueError, match=r"no row of n_samples = 50 has all blocks.*align='svd'"):
        FeatureFusion(two(), rule="sum", n_components=1).fit(X)
    assert FeatureFusion(two(), n_components=1).fit_transform(X).shape == (50, 2)


def test_too_few_rows_for_the_projection():
    X = numbers(n=3, width=10)
    with pytest.raises(ValueError, match="n_components=4 with align='svd' is more than the 3"):
        FeatureFusion(two(5, 5), n_components=4).fit(X)
    with pytest.raises(ValueError, match="n_components=3 with align='cca' is more than the 2"):
        FeatureFusion(two(5, 5), n_components=3, align="cca").fit(X)


def test_features_that_are_not_finite_or_change_width():
    frame, _ = posts()
    broken = FunctionTransformer(lambda column: np.full((len(column), 1), np.nan))
    frame.index = [f"p{row}" for row in frame.index]
    with pytest.raises(ValueError, match="contain NaN or inf, the first as '0' in row p0"):
        FeatureFusion([("x", broken, "text")]).fit(frame)
    growing = FunctionTransformer(lambda column: np.ones((len(column), len(column))))
    fusion = FeatureFusion([("x", growing, "text")]).fit(frame)
    with pytest.raises(ValueError, match="'x' has 5 columns, it had 60"):
        fusion.transform(frame.iloc[:5])


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda X: X + 1j, "its features must be numbers"),
        (lambda X: np.ma.array(X, mask=X > 0), "its features has masked values"),
        (lambda X: sparse.csr_matrix(X + 1j), "its features must be numbers"),
        (lambda X: sparse.csr_matrix(X * np.nan), "its features contain NaN or inf"),
        (lambda X: 0.5, "its features have 0 axes; expected a row for each sample"),
        (lambda X: X[:, :, None], "its features have 3 axes"),
    ],
)
def test_features_that_numpy_would_change_are_refused_by_name(made, words):
    block = ("face", FunctionTransformer(made), [0, 1])
    with pytest.raises(ValueError, match=f"^block 'face', {words}"):
        FeatureFusion([block, ("b", "passthrough", [2])]).fit(numbers())


def test_masked_numbers_are_missing():
    X = numbers()
    lost = np.arange(X.size).reshape(X.shape) % 7 == 0
    holed = np.where(lost, np.nan, X)
    fusion = FeatureFusion(two()).fit(holed)
    masked = FeatureFusion(two()).fit(np.ma.array(X, mask=lost))
    assert masked.n_missing_ == fusion.n_missing_
    np.testing.assert_array_equal(
        masked.transform(np.ma.array(X, mask=lost)), fusion.transform(holed)
    )
    np.testing.assert_array_equal(masked.transform(np.ma.array(X)), fusion.transform(X))


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
def test_a_number_whose_square_is_none_is_named(kind):
    frame = pd.DataFrame(numbers(width=3), columns=list("abc"))
    frame.index = [f"p{row}" for row in frame.index]
    block = FunctionTransformer(lambda X: kind(X.to_numpy()), feature_names_out="one-to-one")
    fusion = FeatureFusion([("face", block, ["a", "b"])], standardise=False)
    fusion.fit(frame)
    words = r"^block 'face', its feature 'b' is 1e\+300 in row p7, beyond 1e\+150"
    huge = frame.copy()
    huge.loc["p7", "b"] = 1e300
    for call in (fusion.transform, fusion.fit, fusion.set_params(standardise=True).fit):
        fusion.fit(frame)
        with pytest.raises(ValueError, match=words):
            call(huge)
    large = FeatureFusion(two()).fit_transform(numbers() * 1e148)  # and what is less is scaled
    np.testing.assert_allclose(large, FeatureFusion(two()).fit_transform(numbers()))


def test_what_deviates_by_next_to_nothing_is_constant():
    X = numbers()
    X[:, 0] *= 1e-200
    assert np.abs(FeatureFusion(two()).fit_transform(X)[:, 0]).max() < 1e-150


def test_products_and_shared_axes_that_are_none_are_refused():
    X = numbers()
    fusion = FeatureFusion(two(), rule="product").fit(X * 1e-148)
    with pytest.raises(ValueError, match="rule='product' gives NaN or inf"):
        fusion.transform(X * 1e148)
    with pytest.raises(ValueError, match="n_components=2, but the blocks vary along 0 directions"):
        FeatureFusion(two(), rule="sum", n_components=2).fit(np.ones((9, 6)))
    none = FunctionTransformer(lambda X: sparse.csr_matrix(X * 0))
    assert not FeatureFusion([("a", none, [0, 1])], n_components=1).fit_transform(X).any()
    with pytest.raises(ValueError, match="block 'a', its transformer returned no features"):
        FeatureFusion([("a", FunctionTransformer(lambda X: X[:, :0]), [0, 1])]).fit(X)


def test_a_y_that_is_no_row_is_refused():
    for y in (dict.fromkeys(range(50), 1), "y" * 50):
        with pytest.raises(ValueError, match="y must be a row, one for each sample, got"):
            FeatureFusion(two()).fit(numbers(), y)


def test_two_columns_of_one_name_are_refused():
    for names in (["a", "b", "a"], [0, 1, 0]):
        frame = pd.DataFrame(numbers(width=3), columns=names)
        with pytest.raises(ValueError, match=r"several columns named \['?[a0]'?\]: give each"):
            FeatureFusion([("x", "passthrough", [names[0]])]).fit(frame)


def test_principal_axes_leave_the_order_of_a_sparse_matrix():
    """Sums in another order would differ in their last digits."""
    Z = sparse.csr_matrix((np.arange(1.0, 7), [2, 0, 1, 0, 2, 1], [0, 2, 4, 6]), shape=(3, 3))
    principal_axes(Z, 2)
    assert Z.indices.tolist() == [2, 0, 1, 0, 2, 1]
