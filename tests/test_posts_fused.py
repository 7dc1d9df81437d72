"""What the course promises of its default posts, on five data sets drawn anew."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor.audio import ChromaFeatures, MFCCFeatures
from mmtutor.datasets import make_posts
from mmtutor.evaluation import compare
from mmtutor.fusion import DecisionFusion
from mmtutor.image import HOGFeatures
from mmtutor.text import TfidfFeatures


def linear(C):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))


EXPERTS = [
    ("text", make_pipeline(TfidfFeatures(), LogisticRegression(C=3, max_iter=1000)), "text"),
    ("image", linear(0.001), make_column_selector("^image")),
    ("audio", linear(0.003), make_column_selector("^audio")),
]


def table(posts):
    """Text, and the columns of the features that learn nothing: HOG, MFCC and chroma."""
    hog = HOGFeatures(pixels_per_cell=16, orientations=6).fit_transform(posts.frame["image"])
    sound = [f.fit_transform(posts.frame["audio"]) for f in (MFCCFeatures(), ChromaFeatures())]
    named = {"image": hog, "audio": np.hstack(sound)}
    wide = [pd.DataFrame(M).add_prefix(name) for name, M in named.items()]
    return pd.concat([posts.frame[["text"]], *wide], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_fused_beats_the_best_single_modality_and_stays_below_the_ceiling(seed):
    posts = make_posts(300, random_state=seed)
    models = {part[0]: DecisionFusion([part], calibration=None) for part in EXPERTS}
    models |= {rule: DecisionFusion(EXPERTS, rule=rule, cv=3) for rule in ("sum", "product")}
    accuracy = compare(models, table(posts), posts.target, 5, groups=posts.groups)["mean"]
    single = accuracy[["text", "image", "audio"]].max()
    assert accuracy[["sum", "product"]].min() > single + 0.02
    assert accuracy["product"] < posts.ceiling()


@pytest.mark.slow
def test_a_modality_without_signal_is_hardly_weighted():
    posts = make_posts(300, reliability={"audio": 0.0}, random_state=0)
    for rule, most in (("sum", 0.15), ("product", 0.3)):
        model = DecisionFusion(EXPERTS, rule=rule, weights="learned", cv=3)
        weights = model.fit(table(posts), posts.target, groups=posts.groups).weights_
        assert weights["audio"] < most * max(weights["text"], weights["image"])
