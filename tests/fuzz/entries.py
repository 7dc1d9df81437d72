"""What is fuzzed: a call, what each of its parameters sensibly holds, and what a result must be."""

from __future__ import annotations

import csv
import inspect
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from hypothesis.strategies import SearchStrategy as Strategy
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from mmtutor import (
    audio,
    datasets,
    evaluation,
    explain,
    fusion,
    image,
    information,
    noise,
    simulate,
    text,
)
from mmtutor.fusion import rules


@dataclass(frozen=True)
class Entry:
    """A function to call with `good`, one or two of which become junk."""

    name: str
    call: Callable[..., Any]
    good: Mapping[str, Strategy[Any]]
    sound: Callable[[Any], bool]


ENTRIES: list[Entry] = []

# What belongs to a call below and not to the package: it stays as it is.
KEPT: dict[str, set[str]] = {
    "datasets.read_posts": {"rows", "separator"},
    "datasets.read_posts (bytes)": {"content"},
}


def entry(
    call: Callable[..., Any],
    sound: Callable[[Any], bool],
    name: str = "",
    **good: Strategy[Any],
) -> None:
    unknown = set(good) - set(inspect.signature(call).parameters)
    assert not unknown, unknown
    ENTRIES.append(
        Entry(name or f"{call.__module__.split('.')[1]}.{call.__name__}", call, good, sound)
    )


# --- what parameters hold -----------------------------------------------------------------------

JUNK = st.sampled_from(
    [
        None,
        float("nan"),
        float("inf"),
        -1,
        -0.5,
        0,
        1,
        2.5,
        1e300,
        True,
        "",
        "abc",
        "nan",
        b"bytes",
        [],
        [1, 2],
        [None],
        ["a", 1, None],
        {},
        {"a": 1},
        {1, 2},
        object(),
        print,
        1j,
        Decimal("0.5"),
        np.timedelta64(1, "s"),
    ]
)
TABLES_OF_JUNK = st.sampled_from(
    [
        np.array([]),
        np.array([np.nan, 1.0]),
        np.zeros((2, 3)),
        np.zeros((2, 0)),
        np.zeros((2, 3, 4, 5)),
        np.array(["a", "b"]),
        np.array([1, None], dtype=object),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        pd.NA,
        pd.DataFrame(),
        pd.DataFrame({"a": [1.0, None]}),
        pd.Series([], dtype=float),
        np.ma.array([0.5, 0.5], mask=[False, True]),
        np.array([0.5, 0.5j]),
        np.array([1, 2], dtype="timedelta64[s]"),
        np.matrix([[1]]),
        pd.array([1, None], dtype="Int64"),
        pd.array(["a", None], dtype="string"),
        np.array([2**63, 1], dtype=np.uint64),
        np.array([np.datetime64("2020-01-01"), 1], dtype=object),
        np.array([1e300, -1e300]),
        pd.DataFrame({"b": [0.2, 0.8], "a": [0.8, 0.2]}, index=[1, 0]),
    ]
)

FLOATS = st.floats(-1, 1, width=32)
SHARES = st.floats(0, 1)
SEEDS = st.integers(0, 9)
LANGUAGES = st.sampled_from(["en", "zh"])
TEXTS = st.text(st.sampled_from("abc déİ\u0301好的，.!'\n\t\0𝄞🙂"), max_size=30)
PICTURES = arrays.arrays(
    st.sampled_from([np.uint8, np.uint16, np.float64, np.bool_, np.int64]),
    st.sampled_from([(1, 1), (8, 8), (17, 40), (40, 17, 3), (32, 32, 4), (33, 31, 1)]),
    elements={"min_value": 0, "max_value": 1},
    fill=st.just(1),
)
BYTES = arrays.arrays(np.uint8, st.sampled_from([(1, 1), (8, 9), (17, 20, 3)]))
CLIPS = arrays.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.integers(1, 900).map(lambda n: (n,)),
    elements=st.floats(-1, 1, width=32),
    fill=FLOATS,
)
SAMPLES = st.one_of(CLIPS, arrays.arrays(np.int16, st.integers(1, 900), fill=st.just(7)))
RATES = st.sampled_from([8000, 16_000, 22_050])
SCORES = arrays.arrays(float, st.integers(1, 9), elements=st.floats(-5, 5))
POSTERIORS = st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(2, 4)).flatmap(
    lambda shape: arrays.arrays(float, shape, elements=st.floats(0.01, 1)).map(
        lambda P: P / P.sum(axis=-1, keepdims=True)
    )
)


def columns(cells: Strategy[Any]) -> Strategy[Any]:
    lists = st.lists(cells, min_size=1, max_size=5)
    return st.one_of(lists, lists.map(lambda x: pd.Series(x, index=range(10, 10 + len(x)))))


# --- what a result must be ----------------------------------------------------------------------


def finite(result: Any) -> bool:
    return bool(np.isfinite(np.asarray(result, dtype=float)).all())


def posteriors(P: Any) -> bool:
    return finite(P) and bool(np.all(P >= 0)) and np.allclose(P.sum(axis=-1), 1)


def shares(result: Any) -> bool:
    return finite(result) and bool(np.all((np.asarray(result) >= 0) & (np.asarray(result) <= 1)))


def same(kind: type) -> Callable[[Any], bool]:
    return lambda result: isinstance(result, kind)


def is_picture(result: Any) -> bool:
    return result.dtype == np.uint8 and result.size > 0


# --- text, image, sound -------------------------------------------------------------------------

entry(text.tokenise, same(list), text=TEXTS, language=LANGUAGES)
entry(text.ngrams, same(list), text=TEXTS, language=LANGUAGES, ngram_range=st.just((1, 2)))
NUMBERS = arrays.arrays(float, (6, 3), elements=st.floats(0, 3))
LABELS = st.lists(st.sampled_from(["x", "y"]), min_size=6, max_size=6)
entry(
    text.log_count_ratio,
    finite,
    X=NUMBERS,
    y=LABELS,
    positive=st.just("x"),
    alpha=st.floats(0.1, 2),
)
entry(
    image.read_image,
    is_picture,
    source=PICTURES,
    size=st.sampled_from([None, 5, (3, 7)]),
    grey=st.booleans(),
)
entry(
    image.sift_features,
    lambda found: len(found[0]) == len(found[1]) and finite(found[1]),
    image=PICTURES,
    root=st.booleans(),
    n_features=st.integers(0, 9),
    contrast_threshold=st.floats(0, 0.1),
)
HOG = {"image": PICTURES, "orientations": st.integers(1, 12), "pixels_per_cell": st.integers(1, 12)}
entry(image.hog_cells, finite, **HOG)
entry(image.hog_features, finite, **HOG, cells_per_block=st.integers(1, 3))
entry(
    audio.read_audio,
    lambda clip: finite(clip) and np.abs(clip).max() <= 1,
    source=SAMPLES,
    sample_rate=RATES,
    mono=st.booleans(),
    start=st.just(0.0),
    seconds=st.sampled_from([None, 0.01]),
)
FRAMES = {
    "sample_rate": RATES,
    "frame": st.sampled_from([0.025, 0.032]),
    "hop": st.sampled_from([0.01, 0.005]),
}
entry(audio.spectrogram, finite, samples=SAMPLES, **FRAMES)
entry(audio.log_mel, finite, samples=SAMPLES, **FRAMES, n_mels=st.integers(1, 40))
entry(audio.mfcc, finite, samples=SAMPLES, **FRAMES, n_mfcc=st.integers(1, 20), n_mels=st.just(40))
entry(
    audio.chroma,
    finite,
    samples=SAMPLES,
    sample_rate=RATES,
    frame=st.just(0.256),
    hop=st.just(0.064),
    tuning=st.floats(-0.5, 0.49),
)
entry(
    audio.deltas,
    finite,
    sequence=arrays.arrays(float, (12, 3), elements=FLOATS),
    width=st.sampled_from([3, 5, 9]),
)
entry(
    audio.mel_filters,
    finite,
    sample_rate=RATES,
    frame_samples=st.just(400),
    n_mels=st.integers(1, 40),
)


def transform(transformer: type, X: Any, **parameters: Any) -> Any:
    """Fit, transform the same cells again, and name the features, as a pipeline does."""
    made = transformer(**parameters)
    first = made.fit_transform(X)
    again = made.transform(X)
    assert len(made.get_feature_names_out()) == again.shape[-1] or again.ndim > 2
    assert first.shape[0] == len(X)
    return again


def transformer(kind: type, cells: Strategy[Any], sound: Any = None, **good: Strategy[Any]) -> None:
    def call(X: Any, **parameters: Any) -> Any:
        return transform(kind, X, **parameters)

    unknown = set(good) - set(inspect.signature(kind).parameters)
    assert not unknown, unknown
    room = kind.__module__.split(".")[1]
    ENTRIES.append(
        Entry(f"{room}.{kind.__name__}", call, {"X": columns(cells), **good}, sound or finite)
    )


def numbers_or_padding(result: Any) -> bool:
    return not np.isinf(np.asarray(result, dtype=float)).any()


def no_holes(result: Any) -> bool:
    return finite(result.data if hasattr(result, "data") and hasattr(result, "nnz") else result)


WORDS = {
    "language": LANGUAGES,
    "min_df": st.just(1),
    "max_df": st.just(1.0),
    "max_features": st.sampled_from([None, 5]),
}
transformer(
    text.BagOfWords, TEXTS, no_holes, **WORDS, binary=st.booleans(), ngram_range=st.just((1, 2))
)
transformer(
    text.TfidfFeatures,
    TEXTS,
    no_holes,
    **WORDS,
    sublinear_tf=st.booleans(),
    ngram_range=st.just((1, 1)),
)
transformer(
    text.TokenSequences,
    TEXTS,
    numbers_or_padding,
    language=LANGUAGES,
    max_length=st.sampled_from([None, 4]),
    max_tokens=st.sampled_from([None, 4]),
    min_df=st.just(1),
)
SIZES = st.sampled_from([16, (24, 32)])
transformer(image.PixelFeatures, PICTURES, size=SIZES, standardise=st.booleans(), n_jobs=st.none())
transformer(
    image.HOGFeatures,
    PICTURES,
    size=SIZES,
    orientations=st.integers(1, 9),
    pixels_per_cell=st.just(8),
    cells_per_block=st.integers(1, 2),
    n_jobs=st.none(),
)
transformer(image.ImageStack, PICTURES, size=SIZES, n_jobs=st.none())
GRAIN = SEEDS.map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (40, 40)).astype(np.uint8)
)
transformer(
    image.BagOfVisualWords,
    GRAIN,
    n_words=st.integers(1, 3),
    root=st.booleans(),
    weighting=st.sampled_from(["count", "tfidf"]),
    step=st.sampled_from([8]),
    size=st.none(),
    max_descriptors=st.just(50),
    random_state=SEEDS,
    n_jobs=st.none(),
)
STATISTICS = {
    "mean": st.just(True),
    "deviation": st.booleans(),
    "deltas": st.booleans(),
    "n_segments": st.integers(1, 2),
    "n_jobs": st.none(),
}
transformer(
    audio.MFCCFeatures, CLIPS, **FRAMES, **STATISTICS, n_mfcc=st.integers(1, 20), n_mels=st.just(40)
)
transformer(
    audio.ChromaFeatures,
    CLIPS,
    sample_rate=RATES,
    frame=st.just(0.256),
    hop=st.just(0.064),
    tuning=st.just(0.0),
    **STATISTICS,
)
transformer(
    audio.MFCCSequences,
    CLIPS,
    numbers_or_padding,
    **FRAMES,
    n_mfcc=st.integers(1, 20),
    n_mels=st.just(40),
    deltas=st.booleans(),
    max_frames=st.sampled_from([None, 3]),
)
transformer(
    audio.LogMelSequences,
    CLIPS,
    numbers_or_padding,
    **FRAMES,
    n_mels=st.just(40),
    top_db=st.floats(1, 80),
    normalise=st.sampled_from([None, "clip"]),
    max_frames=st.sampled_from([None, 3]),
)

# --- noise, information -------------------------------------------------------------------------

for corruption in (noise.blur, noise.darken, noise.occlude, noise.pixel_noise):
    entry(corruption, is_picture, image=BYTES, level=SHARES, random_state=SEEDS)
for corruption in (noise.dropouts, noise.overdrive, noise.reverberate, noise.white_noise):
    entry(corruption, finite, clip=CLIPS, level=SHARES, random_state=SEEDS)
for corruption in (noise.drop_words, noise.typos):
    entry(corruption, same(str), text=TEXTS, level=SHARES, random_state=SEEDS)
entry(noise.add_white_noise, finite, clip=CLIPS, snr_db=st.floats(-20, 40), random_state=SEEDS)
POSTS = st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=4).map(
    lambda texts: pd.DataFrame({"text": texts})
)
entry(
    noise.corrupt,
    same(pd.DataFrame),
    X=POSTS,
    column=st.just("text"),
    corruption=st.sampled_from([noise.typos, noise.drop_words]),
    level=SHARES,
    random_state=SEEDS,
)
JOINTS = arrays.arrays(float, (2, 3, 2), elements=st.floats(0.01, 1)).map(lambda p: p / p.sum())
entry(information.decompose, lambda parts: finite(list(parts)), joint=JOINTS)
entry(information.mutual_information, finite, joint=JOINTS.map(lambda p: p.sum(axis=2)))
entry(
    information.information_bias,
    finite,
    n_x=st.integers(2, 5),
    n_y=st.integers(2, 5),
    n_samples=st.integers(10, 99),
)
entry(information.quantise, finite, values=SCORES, n_levels=st.integers(1, 5))


def joint_of_two(first: Any, second: Any) -> Any:
    return information.joint_distribution(first, second)


entry(joint_of_two, shares, "information.joint_distribution", first=LABELS, second=LABELS)

# --- evaluation ---------------------------------------------------------------------------------

TRIALS = {"genuine": SCORES, "impostor": SCORES}
entry(
    evaluation.error_rates,
    lambda two: shares(two[0]) and shares(two[1]),
    **TRIALS,
    threshold=st.floats(-5, 5),
)
entry(evaluation.equal_error_rate, shares, **TRIALS)
entry(
    evaluation.det_curve,
    lambda curve: shares(curve.false_accept) and shares(curve.false_reject),
    **TRIALS,
)
MATRIX = arrays.arrays(float, (4, 3), elements=st.floats(-5, 5))
NAMES = {
    "gallery_labels": st.just([0, 1, 2]),
    "probe_labels": st.lists(st.integers(0, 2), min_size=4, max_size=4),
}
entry(evaluation.cmc_curve, shares, scores=MATRIX, **NAMES)
entry(evaluation.rank_one, shares, scores=MATRIX, **NAMES)
entry(
    evaluation.split_scores, lambda two: finite(two[0]) and finite(two[1]), scores=MATRIX, **NAMES
)
entry(
    evaluation.t_norm,
    numbers_or_padding,
    scores=MATRIX,
    cohort=arrays.arrays(float, (4, 5), elements=st.floats(-5, 5)),
)
entry(
    evaluation.z_norm,
    numbers_or_padding,
    scores=MATRIX,
    cohort=arrays.arrays(float, (5, 3), elements=st.floats(-5, 5)),
    axis=st.just(0),
)
CERTAINTIES = arrays.arrays(float, (6, 2), elements=st.floats(0.01, 1)).map(
    lambda P: P / P.sum(axis=1, keepdims=True)
)
CALIBRATION = {
    "y": LABELS,
    "probabilities": CERTAINTIES,
    "classes": st.just(["x", "y"]),
    "n_bins": st.integers(1, 12),
}
entry(evaluation.expected_calibration_error, shares, **CALIBRATION)
entry(evaluation.reliability_diagram, same(pd.DataFrame), **CALIBRATION)
entry(
    evaluation.corrected_t_test,
    lambda test: test.p_value >= 0,
    differences=SCORES,
    test_share=st.floats(0.05, 0.9),
    confidence=st.floats(0.5, 0.99),
)


def bootstrapped(values: Any, **options: Any) -> Any:
    def mean(drawn: np.ndarray) -> Any:  # of what has no mean, how often the first is drawn
        return np.mean(drawn if drawn.dtype.kind in "bif" else drawn == drawn[0])

    return evaluation.bootstrap_interval(mean, values, **options)


ENTRIES.append(
    Entry(
        "evaluation.bootstrap_interval",
        bootstrapped,
        {
            "values": SCORES,
            "groups": st.none(),
            "n_resamples": st.integers(1, 20),
            "confidence": st.floats(0.1, 0.99),
            "random_state": SEEDS,
        },
        finite,
    )
)
TABLES = arrays.arrays(float, (12, 3), elements=st.floats(-2, 2)).map(
    lambda x: pd.DataFrame(x, columns=["a", "b", "c"])
)
HALVES = st.just([0, 1] * 6)
MODELS = st.just({"bayes": GaussianNB(var_smoothing=1.0)})
entry(
    evaluation.compare,
    lambda t: finite(t.select_dtypes("number").iloc[0, 0]),
    models=MODELS,
    X=TABLES,
    y=HALVES,
    cv=st.integers(2, 3),
    groups=st.none(),
)


def folds(X: Any, y: Any, groups: Any, **parameters: Any) -> Any:
    return [
        len(test) for _, test in evaluation.RepeatedGroupKFold(**parameters).split(X, y, groups)
    ]


ENTRIES.append(
    Entry(
        "evaluation.RepeatedGroupKFold",
        folds,
        {
            "X": TABLES,
            "y": HALVES,
            "groups": st.just([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
            "n_splits": st.integers(2, 4),
            "n_repeats": st.integers(1, 3),
            "stratify": st.booleans(),
            "random_state": SEEDS,
        },
        lambda sizes: sum(sizes) % 12 == 0 and min(sizes) > 0,
    )
)
BAYES = GaussianNB(var_smoothing=1.0).fit(np.random.default_rng(0).normal(size=(12, 3)), [0, 1] * 6)


def worse(X: Any, level: float) -> Any:
    return X * (1 - level)


entry(
    evaluation.robustness_curve,
    same(pd.DataFrame),
    models=st.just({"bayes": BAYES}),
    X=TABLES.map(lambda t: t.to_numpy()),
    y=HALVES,
    corrupt=st.just(worse),
    levels=st.just((0.0, 1.0)),
    groups=st.none(),
    n_resamples=st.integers(2, 9),
    random_state=SEEDS,
)

# --- explain, fusion ----------------------------------------------------------------------------

entry(
    explain.shapley,
    lambda values: finite(list(values.values())),
    value=st.just(len),
    players=st.lists(st.sampled_from("abcd"), unique=True, min_size=1),
)
SURE = fusion.DecisionFusion(
    [
        ("words", make_pipeline(text.BagOfWords(), LogisticRegression()), "text"),
        ("stars", LogisticRegression(), ["stars"]),
    ],
    calibration=None,
).fit(pd.DataFrame({"text": ["good", "bad"] * 4, "stars": [5, 1] * 4}), ["+", "-"] * 4)
ONE_POST = st.sampled_from(["good film", "bad bad", "x"]).map(
    lambda words: pd.DataFrame({"text": [words], "stars": [3]})
)
TARGETS = st.sampled_from([None, "+", "-"])
SCALES = st.sampled_from(["probability", "log_odds"])
entry(
    explain.modality_shares,
    lambda table: finite(table.drop(columns="target")),
    model=st.just(SURE),
    X=ONE_POST,
    modalities=st.sampled_from([None, ["text"], {"both": ["text", "stars"]}]),
    target=TARGETS,
    scale=SCALES,
)
entry(
    explain.occlusion,
    finite,
    model=st.just(SURE),
    row=ONE_POST,
    column=st.just("text"),
    parts=st.just(explain.Words()),
    target=TARGETS,
    scale=SCALES,
)
entry(
    explain.deletion_curve,
    shares,
    model=st.just(SURE),
    row=st.just(pd.DataFrame({"text": ["good film"], "stars": [3]})),
    column=st.just("text"),
    parts=st.just(explain.Words()),
    scores=st.lists(st.floats(-1, 1), min_size=2, max_size=2),
    target=TARGETS,
)
for rule in (
    rules.sum_rule,
    rules.product_rule,
    rules.max_rule,
    rules.min_rule,
    rules.median_rule,
    rules.vote_rule,
):
    entry(rule, posteriors, P=POSTERIORS, weights=st.none(), prior=st.none())
entry(
    rules.apply_rule,
    posteriors,
    rule=st.sampled_from(sorted(rules.RULES)),
    P=POSTERIORS,
    weights=st.none(),
    prior=st.none(),
)
entry(rules.check_posteriors, lambda three: finite(three[2]), P=POSTERIORS, prior=st.none())
SIX = arrays.arrays(float, (6, 2, 2), elements=st.floats(0.01, 1)).map(
    lambda P: P / P.sum(axis=-1, keepdims=True)
)
entry(
    fusion.learn_weights,
    finite,
    P=SIX,
    y=st.just([0, 1, 0, 1, 1, 0]),
    rule=st.sampled_from(["sum", "product"]),
    prior=st.none(),
    sample_weight=st.none(),
)
GAPS = st.builds(
    lambda x, scale: pd.DataFrame(x * [scale, 1, 1], columns=["a", "b", "c"], index=range(50, 62)),
    arrays.arrays(float, (12, 3), elements=st.one_of(st.floats(-2, 2), st.just(np.nan))),
    st.sampled_from([1.0, 1.0, 1.0, 1e149, 1e300, 1e-300]),
)
PARTS = st.just(
    [
        ("one", GaussianNB(var_smoothing=1.0), ["a", "b"]),
        ("two", GaussianNB(var_smoothing=1.0), ["c"]),
    ]
)


def decided(X: Any, y: Any, sample_weight: Any, handed: Any, **parameters: Any) -> Any:
    model = fusion.DecisionFusion(**parameters).fit(X, y, handed, sample_weight)
    return model.predict_proba(X)


def described(X: Any, y: Any, **parameters: Any) -> Any:
    return fusion.FeatureFusion(**parameters).fit(X, y).transform(X)


ENTRIES += [
    Entry(
        "fusion.DecisionFusion",
        decided,
        {
            "X": GAPS,
            "y": HALVES,
            "experts": PARTS,
            "rule": st.sampled_from(sorted(rules.RULES)),
            "weights": st.none(),
            "calibration": st.sampled_from([None, "sigmoid", "isotonic", "temperature"]),
            "prior": st.none(),
            "target_prior": st.none(),
            "missing": st.just("any"),
            "groups": st.none(),
            "cv": st.just(2),
            "handed": st.none(),
            "sample_weight": st.none(),
        },
        posteriors,
    ),
    Entry(
        "fusion.FeatureFusion",
        described,
        {
            "X": GAPS,
            "y": HALVES,
            "blocks": st.just([("one", "passthrough", ["a", "b"]), ("two", "passthrough", ["c"])]),
            "rule": st.just("concat"),
            "weights": st.none(),
            "n_components": st.sampled_from([None, 1]),
            "align": st.sampled_from([None, "svd", "cca"]),
            "shrinkage": st.floats(0, 1),
            "standardise": st.booleans(),
        },
        finite,
    ),
]

# --- data sets ----------------------------------------------------------------------------------

SHARE_OR_TABLE = st.sampled_from([0.0, 0.4, {"text": 0.5}])
entry(
    datasets.make_posts,
    lambda posts: len(posts.frame) == len(posts.target),
    n_samples=st.integers(3, 5),
    n_authors=st.integers(1, 3),
    reliability=st.sampled_from([None, 1.0]),
    noise_correlation=SHARES,
    conflict=SHARES,
    missing=SHARE_OR_TABLE,
    language=LANGUAGES,
)
entry(
    datasets.make_people,
    lambda people: len(people.frame) > 0,
    n_samples=st.integers(8, 12),
    n_people=st.integers(2, 4),
    n_sessions=st.integers(1, 2),
    conflict=SHARES,
    missing=st.just(0.0),
)
entry(
    simulate.PostWorld,
    lambda world: shares(world.class_prior),
    reliability=st.just((1.0, 0.5, 0.0)),
    levels=st.sampled_from([(-1.0, 1.0), (-1.0, 0.0, 1.0)]),
    noise_correlation=SHARES.map(lambda share: 0.9 * share),
    conflict=SHARES,
    missing=st.just((0.0, 0.0, 0.5)),
    prior=st.none(),
)
entry(
    simulate.PeopleWorld,
    lambda world: finite(world.people()["image"]),
    n_people=st.integers(4, 9),
    sizes=st.just({"image": 3, "audio": 2}),
    reliability=st.just({"image": 1.0, "audio": 0.0}),
    n_named=st.integers(1, 3),
    caption_accuracy=SHARES,
    conflict=SHARES,
    missing=st.just({"text": 0.5}),
    random_state=SEEDS,
)
entry(
    simulate.faces.render_face,
    is_picture,
    identity=arrays.arrays(float, simulate.faces.IDENTITY_SIZE, elements=FLOATS),
    valence=FLOATS,
    yaw=st.floats(-30, 30),
    pitch=st.floats(-30, 30),
    light=st.floats(-90, 90),
    noise=st.floats(0, 0.1),
    size=st.integers(16, 24),
    random_state=SEEDS,
)
SHORT = st.floats(0.25, 0.5)
entry(
    simulate.voices.render_voice,
    lambda voice: finite(voice.samples),
    identity=arrays.arrays(float, len(simulate.voices.IDENTITY_NAMES), elements=FLOATS),
    valence=FLOATS,
    seconds=SHORT,
    sample_rate=RATES,
    noise=st.floats(0, 0.1),
    random_state=SEEDS,
)
entry(
    simulate.music.render_music,
    lambda clip: finite(clip) and np.abs(clip).max() <= 1,
    mode=st.sampled_from(["major", "minor"]),
    tonic=st.integers(0, 11),
    tempo=st.floats(30, 300),
    loudness=SHARES,
    seconds=SHORT,
    sample_rate=RATES,
    random_state=SEEDS,
)
entry(
    simulate.music.mix,
    lambda clip: finite(clip) and np.abs(clip).max(initial=0) <= 1,
    voice=CLIPS,
    music=CLIPS,
    music_level_db=st.floats(-60, 60),
)
entry(datasets.load_posts, lambda posts: len(posts.frame) == 600, language=LANGUAGES)

# --- a table of one's own -----------------------------------------------------------------------

CELLS = st.one_of(TEXTS.map(lambda t: t.replace("\0", "")), st.just(""), st.just("no.png"))
HEADER = ["text", "image", "label"]


def own_table(rows: Any, separator: Any, encoding: Any) -> Any:
    """Write rows as a spreadsheet does, and read them: each is kept, or reported and left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "posts.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=separator)
            writer.writerows([HEADER, *rows])
        posts = datasets.read_posts(path, encoding=encoding)
        left_out = set(posts.report.loc[posts.report["done"] == "row left out", "line"])
        assert len(posts.frame) == len(posts.target)
        assert len(posts.frame) + len(left_out) == len(rows), "a row is gone without a word"
        return posts


def own_bytes(content: Any, encoding: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "posts.csv").write_bytes(content)
        return datasets.read_posts(Path(folder, "posts.csv"), encoding=encoding)


def no_empty_label(posts: Any) -> bool:
    return len(posts.frame) > 0 and all(posts.target)


ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6)
FILES = st.one_of(
    st.binary(max_size=60),
    st.binary(max_size=60).map(lambda tail: b"text,label\na,b\n" + tail),
    st.just(b"text;label\n1;2\n"),
)
ENCODINGS = st.sampled_from(["utf-8-sig", "gb18030", "cp1252"])
# A row and a byte are good or bad by themselves: nothing else takes their place.
ENTRIES += [
    Entry(
        "datasets.read_posts",
        own_table,
        {"rows": ROWS, "separator": st.sampled_from(",;\t"), "encoding": st.just("utf-8-sig")},
        no_empty_label,
    ),
    Entry(
        "datasets.read_posts (bytes)",
        own_bytes,
        {"content": FILES, "encoding": ENCODINGS},
        no_empty_label,
    ),
]

# --- what needs a model -------------------------------------------------------------------------

TWO = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, None, 0.0, 5.0]}, index=list("wxyz"))
JOINED = fusion.DecisionFusion(
    [("a", GaussianNB(), ["a"]), ("b", GaussianNB(), ["b"])], calibration=None
).fit(pd.concat([TWO] * 3), [0, 0, 1, 1] * 3)


def weighed(X: Any, y: Any, **settings: Any) -> Any:
    return text.NaiveBayesSVM(**settings).fit(X, y).decision_function(X)


ENTRIES.append(
    Entry(
        "text.NaiveBayesSVM",
        weighed,
        {
            "X": NUMBERS,
            "y": LABELS,
            "C": st.floats(0.1, 2),
            "alpha": st.floats(0.1, 2),
            "interpolation": SHARES,
        },
        finite,
    )
)
