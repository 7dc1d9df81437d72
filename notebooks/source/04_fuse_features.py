# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Fusing features · 特征融合
#
# > A picture gave 120 numbers and a sound gave 36: how do they become one input for one classifier, and which ways of combining them destroy what they knew?
#
# **After this chapter you can**
#
# - say why matrices of unequal width cannot be averaged, and what has to happen before they can,
# - scale blocks so that none takes over, and show what happens if you do not,
# - project blocks to shared dimensions with SVD and with canonical correlation, and tell equal *width* from equal *meaning*,
# - tell early, intermediate and late fusion apart, and place a method among them,
# - choose between concatenation, weighted mean, sum and product of features by measuring them, beside late fusion, on the same folds.
#
# **You need**: vectors and matrices; what HOG, MFCC and TF-IDF are, in a sentence each ([01](01_read_text.ipynb), [02](02_see_images.ipynb), [03](03_hear_sound.ipynb)).
#
# **Time**: 50 minutes to read and do, 20 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | early fusion, feature fusion | 特征级融合（早期融合） | features are combined, then one classifier decides |
# | intermediate fusion | 中期融合 | representations that are learned for the meeting are combined inside one model (chapters 07 to 09) |
# | late fusion, decision fusion | 决策级融合（晚期融合） | each modality decides; the decisions are combined (chapter 05) |
# | block | 特征块 | the columns that come from one modality |
# | standardisation | 标准化 | mean 0 and variance 1 for every column |
# | concatenation | 拼接 | blocks side by side |
# | alignment, projection | 对齐，投影 | mapping blocks to the same dimensions |
# | singular value decomposition (SVD) | 奇异值分解 | a block's own main axes |
# | canonical correlation analysis (CCA) | 典型相关分析 | the axes along which two blocks agree |
# | curse of dimensionality | 维数灾难 | with more and more columns the same number of samples says less, and distances grow alike |

# %% tags=["evidence"]
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector
from sklearn.cross_decomposition import CCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmtutor import audio, datasets, image, plotting, text
from mmtutor.course.evidence import experiment, grid
from mmtutor.evaluation import compare, corrected_t_test
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion, FeatureFusion

# %%
plotting.style()

# %% [markdown]
# ## 1 · 120 columns and 36 columns
#
# A recipe to try: *multiply the image features by 0.6 and the sound features by 0.4, and add them up*. **Predict what NumPy says to that.**

# %%
rng = np.random.default_rng(0)
picture, sound = rng.normal(size=(5, 120)), rng.normal(size=(5, 36))
try:
    0.6 * picture + 0.4 * sound
except ValueError as error:
    print("NumPy:", error)

# %% [markdown]
# It has to refuse. Even with equal widths the sum would be meaningless: column 7 of one block is the energy of an edge, column 7 of the other a cepstral
# coefficient, and there is no reason to add just these two. `FeatureFusion` refuses too, and says what to do:

# %%
blocks = [("image", "passthrough", slice(0, 120)), ("audio", "passthrough", slice(120, 156))]
try:
    FeatureFusion(blocks, rule="weighted", weights={"image": 0.6, "audio": 0.4}).fit(
        np.hstack([picture, sound])
    )
except ValueError as error:
    print(error)

# %% [markdown]
# So there are two common ways (a third, all products of columns, is exercise 04.3): put the blocks **side by side**, which works for any widths, or **project** both to shared dimensions first. With standardised blocks
# $Z_1, \dots, Z_B$ of $d_1, \dots, d_B$ columns, weights $w_b$, and projected blocks $Y_b = Z_b V_b / s_b$ (the number $s_b$ brings their mean variance back to 1, which projecting changes):
#
# $$ Z_{\text{concat}} = \left[\, \frac{w_1}{\sqrt{d_1}} Z_1 \;\; \frac{w_2}{\sqrt{d_2}} Z_2 \,\right] \qquad Z_{\text{sum}} = \sum_b w_b Y_b \qquad
#    Z_{\text{weighted}} = \frac{\sum_b w_b Y_b}{\sum_b w_b} \qquad Z_{\text{product}} = Y_1 \odot Y_2 $$
#
# By hand, on two small blocks of equal width, and then by the package:

# %%
rng = np.random.default_rng(1)
A, B = 5 + 2 * rng.normal(size=(40, 3)), 100 * rng.normal(size=(40, 3))


def standardise(block):
    return (block - block.mean(axis=0)) / block.std(axis=0)


ZA, ZB = standardise(A), standardise(B)
by_hand = {
    "concat": np.hstack([ZA, ZB]) / np.sqrt(3),  # each block divided by the root of its width
    "weighted": (ZA + ZB) / 2,
    "sum": ZA + ZB,
    "product": ZA * ZB,
}
two = [("a", "passthrough", slice(0, 3)), ("b", "passthrough", slice(3, 6))]
for rule, expected in by_hand.items():
    fused = FeatureFusion(two, rule=rule).fit_transform(np.hstack([A, B]))
    np.testing.assert_allclose(fused, expected, atol=1e-12)
    print(f"{rule:9} {fused.shape}")

# %% [markdown]
# ### Early, intermediate, late
#
# Where can modalities meet? **Early**: as features, before anything has learned a decision (this chapter). **Late**: as decisions, after each modality has learned its own (chapter 05). **Intermediate**: in the middle of one
# model, as representations that are *learned for* the meeting (chapters 07 to 09). The survey of Baltrušaitis et al. (2019) calls early and late fusion model-agnostic: any classifier will do. **Predict before you look: where do you put the element-wise product, the sum of CCA dimensions, and stacking?**

# %%
STAGES = {  # what each modality does by itself; what meets; what follows
    "early fusion": (["features"], "concat\nsum, weighted mean\nproduct, tensor", ["classifier"]),
    "intermediate fusion": (
        ["features", "encoder"],
        "shared code\ntensor, attention",
        ["classifier"],
    ),
    "late fusion": (["features", "classifier"], "sum, product, vote\nstacking", []),
}


def draw(ax, words, x, y, start, colour="black"):
    """A box of words at (x, y), and an arrow to it from the box at `start`, which lies above it."""
    box = {"boxstyle": "round", "facecolor": "white", "edgecolor": colour}
    arrow = {"arrowstyle": "<-"} if start else None
    ax.annotate(
        words, start or (x, y), (x, y), arrowprops=arrow, bbox=box,
        ha="center", va="center", fontsize=9, zorder=-x,
    )  # fmt: skip


# %%
fig, axes = plt.subplots(3, 1, figsize=(8, 5.4))
for ax, (name, (alone, meeting, after)) in zip(axes, STAGES.items(), strict=True):
    ax.set(xlim=(0, 11), ylim=(-0.2, 2.2), title=name)
    ax.axis("off")
    middle = 2.8 + 1.8 * len(alone)
    for modality, y in (("image", 1.7), ("audio", 0.3)):
        for k, words in enumerate([modality, *alone]):
            start = (1.8 * k - 1.2, y) if k else None
            draw(ax, words, 0.6 + 1.8 * k, y, start, plotting.MODALITY_COLOURS[modality])
        draw(ax, meeting, middle, 1, (middle - 2.2, y))
    for k, words in enumerate([*after, "answer"]):
        draw(ax, words, middle + 2 * (k + 1), 1, (middle + 2 * k, 1))
plotting.show(
    fig,
    alt="Three rows of boxes. Early: features of image and audio meet in concat, sum, weighted mean, product or tensor, then one classifier. Intermediate: each modality has an encoder, and they meet in a shared code, tensor or attention inside one model. Late: each has a classifier, and they meet in sum, product, vote or stacking.",
)

# %% [markdown]
# The name of an operation does not tell its place: there are products of features (section 6), of learned representations (the tensor fusion network of Zadeh et al. 2017), and of decisions (chapter 05). The CCA dimensions of section 4 are learned to meet, without labels:
# they stand at the border of early and intermediate. Stacking learns, but from decisions: it is late.

# %% [markdown]
# ## 2 · The data of this chapter
#
# Two tasks: the sentiment of a post, and who a person is. In both, a text, a picture and a sound. For a person the text is a caption that names three people, most often the person among them, so it
# can narrow the choice but hardly make it. Read, look, and listen.

# %%
posts, people = datasets.load_posts(), datasets.load_people()
print("post:  ", posts.frame["text"][0], "->", posts.target[0])
print("person:", people.frame["text"][0], "->", people.target[0])
plotting.listen(people.frame["audio"][0], caption=f"the voice of {people.target[0]}")

# %%
fig, axes = plt.subplots(1, 4, figsize=(6.4, 2))
for ax, row in zip(axes, np.flatnonzero(people.target == people.target[0])[:4], strict=True):
    ax.imshow(people.frame["image"][row])
    ax.set_title(f"session {people.groups[row]}", fontsize=9)
    ax.axis("off")
plotting.show(
    fig,
    alt="Four simulated portraits of one person in different sessions: the light, the pose and the expression differ.",
)

# %% [markdown]
# HOG, MFCC and chroma learn nothing from the data, so they are computed once. Whatever is fitted (vocabulary, scales, projections, classifiers) sits in a pipeline, and
# sees the training rows of its fold only. The folds keep authors, or sessions, apart.


# %% tags=["evidence"]
def table(bunch):
    """Text, and the columns of the image's HOG and of the sound's MFCC and chroma."""
    hog = image.HOGFeatures(pixels_per_cell=16, orientations=6).fit_transform(bunch.frame["image"])
    mfcc = audio.MFCCFeatures().fit_transform(bunch.frame["audio"])
    chroma = audio.ChromaFeatures().fit_transform(bunch.frame["audio"])
    named = {"image": hog, "audio": np.hstack([mfcc, chroma])}
    wide = [pd.DataFrame(block).add_prefix(name) for name, block in named.items()]
    return pd.concat([bunch.frame[["text"]], *wide], axis=1)


@cache
def load(task):
    """The task's table of features, and the bunch it comes from."""
    bunch = datasets.load_posts() if task == "sentiment" else datasets.load_people()
    return table(bunch), bunch


BLOCK = {
    "text": ("text", text.TfidfFeatures(), "text"),
    "image": ("image", "passthrough", make_column_selector("^image")),
    "audio": ("audio", "passthrough", make_column_selector("^audio")),
}
pair = [BLOCK["image"], BLOCK["audio"]]

# %%
tasks = {task: load(task) for task in ("sentiment", "person")}
for task, (X, bunch) in tasks.items():
    print(task, X.shape, "classes", len(set(bunch.target)), "groups", len(set(bunch.groups)))

# %% [markdown]
# ## 3 · The louder block takes over
#
# The units of a feature are an accident: nobody asked whether MFCC should be given in decibels or in bels. Here the sound is multiplied by a factor before the two blocks
# are put side by side, and a nearest-neighbour classifier, which believes in distances, recognises the person. **Predict the curve: what does it tend to on the left, and on the right?**


# %%
def loudness(factor, standardise):
    X, bunch = tasks["person"]
    X = X.copy()
    sound = [name for name in X.columns if name.startswith("audio")]
    X[sound] *= factor
    fusion = FeatureFusion(pair, standardise=standardise)
    model = make_pipeline(fusion, KNeighborsClassifier(5))
    return compare({"model": model}, X, bunch.target, 5, groups=bunch.groups).loc["model"]


factors = [1e-4, 1e-3, 1e-2, 0.03, 1e-1, 1, 10]
loud = {s: pd.DataFrame([loudness(f, s) for f in factors], index=factors) for s in (False, True)}

# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(6.4, 3))
for s, label in ((False, "as they come"), (True, "each block standardised")):
    ax.plot(factors, loud[s]["mean"], "-o", label=label)
    ax.fill_between(factors, loud[s]["low"], loud[s]["high"], alpha=0.15)
ax.set(xscale="log", xlabel="factor on the audio features", ylabel="accuracy (person)", ylim=(0, 1))
ax.legend()
plotting.show(
    fig,
    alt="Accuracy against the factor on the sound, log scale. Unscaled: the image alone on the left, a peak between, the sound alone on the right. Standardised: one flat, high line.",
)
raw = loud[False]["mean"]
variances = tasks["person"][0].filter(regex="^audio").var()
print(
    f"of the sound's variance, one column of {len(variances)} has {variances.max() / variances.sum():.0%}"
)
print("as they come:", raw.round(2).tolist(), "standardised:", loud[True]["mean"].round(2).tolist())
assert np.ptp(loud[True]["mean"]) < 0.02, "standardised: the factor does not matter"
assert raw.max() - raw[10] > 0.1, "unscaled: the sound takes over on the right"
assert loud[True]["mean"].min() > raw.max() + 0.03, (
    "none of these factors does what standardising does"
)


def accuracy(blocks, **settings):
    X, bunch = tasks["person"]
    model = make_pipeline(FeatureFusion(blocks, **settings), KNeighborsClassifier(5))
    return compare({"m": model}, X, bunch.target, 5, groups=bunch.groups)["mean"]["m"]


for name, block in zip(("image", "sound"), pair, strict=True):
    alone = [accuracy([block], standardise=s) for s in (False, True)]
    print("{} alone: as it comes {:.2f}, standardised {:.2f}".format(name, *alone))

# %% [markdown]
# On the left the picture decides alone, on the right the sound does, and the units that the features came in (factor 1) are on the wrong side. Standardising removes the accident:
# every column gets mean 0 and variance 1, and every block is divided by the root of its width, or else 600 columns would outvote 104. Most of
# the gain is this balance between the blocks: with a factor of 0.03 the raw blocks come closest to it. The rest none of these factors did: standardising changes the columns inside a block, too (one of the sound's has a quarter of its variance). It does not follow that equal is best; that is what weights are for.
#
# ## 4 · Equal width is not equal meaning: SVD and CCA
#
# To add blocks, we need shared dimensions. The **SVD** of a block gives its own main axes, the directions in which it varies most. The first axis of the
# faces may be the light and the first of the voices the pitch. Widths are then equal, meanings are not.
#
# **Canonical correlation analysis** (Hotelling 1936) asks the blocks *together*: which direction in one goes with which direction in the other? It uses no labels,
# only the pairing: this face and this voice belong to the same post. By hand: whiten each block, and take the SVD of what is between them.


# %%
def canonical_correlations(A, B):
    """Correlations of the best pairs of directions, shape (min(A.shape[1], B.shape[1]),)."""
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))  # orthonormal: whitened
    return np.linalg.svd(QA.T @ QB, compute_uv=False)


rng = np.random.default_rng(2)
shared = rng.normal(size=(500, 1))  # what both views have in common, hidden among louder things
A = np.hstack([shared, 5 * rng.normal(size=(500, 2))]) @ rng.normal(size=(3, 3))
B = np.hstack(
    [shared + 0.5 * rng.normal(size=(500, 1)), 5 * rng.normal(size=(500, 2))]
) @ rng.normal(size=(3, 3))
cca = FeatureFusion(two, n_components=3, align="cca", shrinkage=0).fit(np.hstack([A, B]))
np.testing.assert_allclose(cca.agreement_, canonical_correlations(A, B), atol=1e-8)
print("canonical correlations:", cca.agreement_.round(2))
U, V = CCA(n_components=1, tol=1e-10, max_iter=5000).fit_transform(A, B)
print("scikit-learn's first: ", np.corrcoef(U[:, 0], V[:, 0])[0, 1].round(2))
np.testing.assert_allclose(np.corrcoef(U[:, 0], V[:, 0])[0, 1], cca.agreement_[0], atol=1e-4)

# %% [markdown]
# One thing in common was hidden, and one large correlation was found; the others are chance. Now the posts: 600 columns of the face and 104 of the sound,
# far more than classical CCA can take (with more columns than rows it finds perfect agreement in noise), so the covariances are shrunken towards the identity. **Predict: what do the face and the voice of a post have in common?**
# We learn the directions on some authors and look at others.

# %% tags=["evidence"]
ALIGNMENTS = {
    "SVD": "svd",
    "CCA": "cca",
    "CCA, then within authors": "cca",
    "CCA within authors": "cca",
}


def first_dimension(variant, train, test):
    """Image and sound, a column each, projected to their first dimension: training and test posts."""
    X, bunch = load("sentiment")
    numbers = X.drop(columns="text")
    centred = numbers - numbers.groupby(bunch.groups).transform("mean")
    known = centred if variant == "CCA within authors" else numbers
    new = centred if variant.endswith("within authors") else numbers
    fusion = FeatureFusion(pair, n_components=1, align=ALIGNMENTS[variant], shrinkage=0.5)
    fusion.fit(known.iloc[train])
    return fusion.transform(known.iloc[train]), fusion.transform(new.iloc[test])


def mood_of(bunch):
    return np.array([bunch.target_names.index(label) for label in bunch.target])


@experiment("04_shared", grid(variant=list(ALIGNMENTS), fold=range(5)))
def shared(variant, fold):
    """Correlation of face with voice, and of their mean with the mood, for authors not seen."""
    X, bunch = load("sentiment")
    train, test = list(GroupKFold(5).split(X, groups=bunch.groups))[fold]
    known, new = first_dimension(variant, train, test)
    return {
        "training authors": np.corrcoef(known.T)[0, 1],
        "new authors": np.corrcoef(new.T)[0, 1],
        "mood": abs(np.corrcoef(new.sum(axis=1), mood_of(bunch)[test])[0, 1]),
    }


# %%
X, bunch = tasks["sentiment"]
train, test = np.flatnonzero(bunch.groups < 20), np.flatnonzero(bunch.groups >= 20)
mood = mood_of(bunch)
shown = ["SVD", "CCA", "CCA within authors"]
seen = {variant: first_dimension(variant, train, test)[1] for variant in shown}

# %% tags=["nbval-ignore-output"]
fig, axes = plt.subplots(1, 3, figsize=(9, 3))
for ax, (name, Z) in zip(axes, seen.items(), strict=True):
    for k, (colour, marker) in enumerate((("vermilion", "v"), ("grey", "o"), ("blue", "^"))):
        of = mood[test] == k
        ax.plot(
            *Z[of].T,
            marker,
            color=plotting.COLOURS[colour],
            markersize=4,
            label=posts.target_names[k],
        )
    r = np.corrcoef(Z.T)[0, 1]
    ax.set(title=f"{name}: correlation {r:.2f}", xlabel="face, dimension 1")
axes[0].set_ylabel("voice, dimension 1")
axes[2].legend(fontsize=8)
plotting.show(
    fig,
    alt="Three scatter plots of unseen authors' posts. SVD and plain CCA: clouds in which the moods are mixed. CCA within authors: a cloud along the diagonal, negative at one end, positive at the other.",
)
shared.confirm(variant="CCA within authors", fold=0, within=0.02)
splits = shared.table().set_index(["variant", "fold"])
print(splits.groupby("variant", sort=False).agg(["min", "mean", "max"]).round(2).to_string())
plain, within, own = (splits.loc[v] for v in ("CCA", "CCA within authors", "SVD"))
after = splits.loc["CCA, then within authors"]
assert (within["mood"] > after["mood"] + 0.1).all(), "the averages were in the way of learning"
assert (plain["training authors"] > 0.6).all(), "splendid, on the posts it was learned from"
assert (within["new authors"] > plain["new authors"]).all(), "on each of five splits"
assert (within["mood"] > np.maximum(plain["mood"], own["mood"]) + 0.1).all()

# %% [markdown]
# Plain CCA found something splendid in the training posts, and much less in those of new authors. (SVD did not look for agreement: the correlation of its axes is what happens to come out, and its sign says nothing, since the sign of each axis is arbitrary.)
# Between the second picture and the third each author's average was taken away, in training and in new posts; the table parts the two ("then within authors": learned with the averages, looked at without). On each of five splits of the authors face and voice then agree better for new authors (on one of them only just), and their common dimension goes with **the mood**.
# So the averages were in the way of *learning*; taken away afterwards only, they leave directions that agree little. They tie a face to a voice because both belong to **the same person**, a confounder that no new author repeats. Nobody told CCA about sentiment. It is what the two views of one post share, while the light is the picture's own
# affair and the syllables are the voice's. (Taking away the average needs several posts of each author, but no labels.) This idea carries chapter 09, where two networks take the place of two matrices.
#
# ## 5 · The weight, from nothing to everything
#
# Back to "0.6 and 0.4". With shared dimensions the weighted mean exists. **Predict the shape of the curve, and where a weight of 0.6 lies on it.**


# %% tags=["evidence"]
def linear(C=3):
    return LogisticRegression(C=C, max_iter=1000)


# %%
weights = [0, 0.2, 0.4, 0.6, 0.8, 1]
models = {
    w: make_pipeline(
        FeatureFusion(
            pair, rule="weighted", n_components=10, align="cca", shrinkage=0.5,
            weights={"image": w, "audio": 1 - w},
        ),
        linear(),
    )
    for w in weights
}  # fmt: skip
models["side by side"] = make_pipeline(FeatureFusion(pair), linear())
everything = compare(models, X, bunch.target, 5, groups=bunch.groups)
fold_scores = everything.attrs["scores"]
sweep, side_by_side = everything.loc[weights], everything["mean"]["side by side"]


def paired(scores, a, b):
    """Mean difference of two models over the same folds, and the corrected test's p."""
    test = corrected_t_test(np.subtract(scores[a], scores[b]), test_share=1 / 4)
    return test.mean, test.p_value


# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(
    weights, sweep["mean"], "-o", color=plotting.COLOURS["vermilion"], label="weighted mean, CCA"
)
ax.fill_between(
    weights, sweep["low"], sweep["high"], color=plotting.COLOURS["vermilion"], alpha=0.15
)
ax.axhline(side_by_side, color="0.3", linestyle="--", label="side by side")
ax.set(xlabel="weight of the image (0: audio only, 1: image only)", ylabel="accuracy (sentiment)")
ax.legend()
plotting.show(
    fig,
    alt="Accuracy of the weighted mean against the image's weight: lowest at the ends, a flat top between with wide intervals, which the dashed line of concatenation touches.",
)
print(sweep["mean"].round(2).to_dict(), "side by side", round(side_by_side, 2))
top = sweep["mean"].astype(float).idxmax()
for x, z in ((0.6, 0.4), (0.6, 0.8), (top, 0), (top, 1), ("side by side", top)):
    print("{} minus {}: {:.3f}, p = {:.2f}".format(x, z, *paired(fold_scores, x, z)))
assert sweep["mean"].iloc[1:-1].max() > max(sweep["mean"].iloc[0], sweep["mean"].iloc[-1]) + 0.02
assert paired(fold_scores, 0.6, 0.4)[1] > 0.05, "0.6 cannot be told from 0.4"

# %% [markdown]
# The middle has the highest mean; against the image alone that is nearly certain, against the sound alone not quite (and we picked this weight on the same folds, which flatters it). The top is flat: a weight of 0.6 cannot be told from 0.4 with a few hundred posts ($p$ of the paired differences, by the corrected test of chapter 06; the shaded band is the interval of each model alone and must not be used to compare two).
# Nor can the best mean of ten shared dimensions be told from 704 columns side by side, where a linear classifier chooses *its own* weight for every column, and nobody has to search.
#
# ## 6 · What a product of features does
#
# The element-wise product is the strangest of the four. Two negative numbers give a positive one, so *both low* looks like *both high*; and a zero on one side erases the other. On
# its own it throws away everything that is not agreement. But there is one thing that it does for a *linear* classifier which concatenation and sum do not. **XOR**: the class is whether two signs agree. Irony can be of this kind: suppose that praise with a smile, or a curse
# with a frown, is meant, and praise with a frown is not. **Predict the accuracy of a linear classifier on each, and of a classifier that can draw curves on the plain features.**

# %%
rng = np.random.default_rng(3)
signs = rng.normal(size=(600, 2))
agree = (signs[:, 0] * signs[:, 1] > 0).astype(int)
one_each = [("praise", "passthrough", [0]), ("smile", "passthrough", [1])]
models = {
    rule: make_pipeline(FeatureFusion(one_each, rule=rule), linear())
    for rule in ("concat", "sum", "product")
}
side = FeatureFusion(one_each)
models["concat, RBF-SVM"] = make_pipeline(side, SVC())
models["concat, 25 neighbours"] = make_pipeline(side, KNeighborsClassifier(25))
xor = compare(models, signs, agree, 5)["mean"]
print(xor.round(2).to_string())
assert xor["concat"] < 0.6 and xor["sum"] < 0.6, "near chance"
assert xor[["product", "concat, RBF-SVM", "concat, 25 neighbours"]].min() > 0.9

# %% [markdown]
# The information is in the plain features, too; a linear classifier cannot get at it, a curved one can. The product moves the curve from the classifier into the features.

# %%
fig, axes = plt.subplots(1, 2, figsize=(6.8, 2.9))
for k, (colour, marker) in enumerate((("orange", "x"), ("blue", "."))):
    of = agree == k
    label = ("opposite signs", "equal signs")[k]
    axes[0].plot(*signs[of].T, marker, color=plotting.COLOURS[colour], markersize=4, label=label)
axes[0].set(
    xlabel="praise in the words",
    ylabel="smile in the face",
    ylim=(-3.6, 5),
    title="no straight line parts them",
)
axes[0].legend(fontsize=8, ncols=2, loc="upper center")
axes[1].hist(
    [signs[agree == k].prod(axis=1) for k in (0, 1)],
    bins=np.linspace(-3, 3, 25),
    stacked=True,
    color=[plotting.COLOURS["orange"], plotting.COLOURS["blue"]],
)
axes[1].set(
    xlabel="praise × smile", ylabel="samples", title="a threshold at zero does", xlim=(-3, 3)
)
plotting.show(
    fig,
    alt="Left: a scatter in four quadrants, opposite quadrants in one class. Right: a histogram of the product, one class left of zero and the other right of it.",
)

# %% [markdown]
# ## 7 · Columns that say nothing
#
# Concatenation keeps everything, also what is useless. Here the person's features stand beside a third block of pure noise, wider and wider, for a nearest-neighbour classifier. Either every column has the same
# variance, or every block has (as in `FeatureFusion`). **Predict: which of the two suffers from one column of noise, and which from three thousand?**


# %% tags=["evidence"]
@experiment("04_noise", grid(width=[1, 300, 3000], seed=range(5)))
def with_noise(width, seed):
    """Accuracy of nearest neighbours on the person, beside columns of noise scaled in two ways."""
    X, bunch = load("person")
    noise = pd.DataFrame(np.random.default_rng(seed).normal(size=(len(X), width)))
    X = pd.concat([X.drop(columns="text"), noise.add_prefix("noise")], axis=1)
    third = ("noise", "passthrough", make_column_selector("^noise"))
    ways = {
        "every column alike": StandardScaler(),
        "every block alike": FeatureFusion([*pair, third]),
    }
    models = {way: make_pipeline(step, KNeighborsClassifier(5)) for way, step in ways.items()}
    return compare(models, X, bunch.target, 5, groups=bunch.groups)["mean"].to_dict()


# %% tags=["nbval-ignore-output"]
with_noise.confirm(width=300, seed=0, within=0.02)
alike = {"every column alike": make_pipeline(StandardScaler(), KNeighborsClassifier(5))}
X, bunch = tasks["person"]
alike = compare(alike, X.drop(columns="text"), bunch.target, 5, groups=bunch.groups)["mean"]
print("without noise: every column alike", alike.round(2).item(), end=", ")
print("every block alike", round(accuracy(pair), 2))
curse = with_noise.table().set_index(["width", "seed"])
print(curse.groupby("width").agg(["min", "mean", "max"]).round(2).to_string())
column, block = (curse[f"every {part} alike"].unstack("seed") for part in ("column", "block"))
assert (column.loc[1] > column.loc[3000] + 0.05).all(), "on each of five draws of the noise"
assert (column.loc[1] - column.loc[3000]).mean() > 0.1
assert (block.loc[3000] > column.loc[3000] + 0.15).all()
assert (block.loc[1] < block.loc[3000] - 0.1).all(), "on each, too"

# %% [markdown]
# The columns-alike model starts lower, since 600 columns of the face outvote 104 of the sound; one column of noise costs it next to nothing, three thousand cost it more than a tenth, by sheer number: this is one face of the **curse of dimensionality**. With all blocks alike, three thousand columns of noise do next to no harm: each is divided by the root of three thousand, and all
# distances grow by nearly the same amount. But *one* column of noise now has as much say as the whole face. Scaling per block protects you from width, not from uselessness: leave out, or give little weight to, what does not help.

# %% [markdown]
# ## 8 · Early against late, on the same folds
#
# A grid: two tasks, two pairs of modalities, and the ways of this chapter beside late fusion (product of calibrated posteriors, chapter 05). (The weighted mean is left out: with equal weights it is half the sum.) Each cell of the grid is a
# five-fold cross-validation with unseen authors or sessions, and all models of a cell see the same folds. ($C$ and the shrinkage were set by hand, the same for all, and not searched; chapter 06 tunes each model inside its training folds. The grid is a stored table; one of its rows is made anew as you run it.) **Predict: which of them will be *below* the better single modality?**

# %% tags=["evidence"]
PAIRS = {"text + image": ("text", "image"), "audio + image": ("audio", "image")}
WAYS = ["concat", "sum, SVD", "sum, CCA", "product, CCA", "late product"]


def contestants(first, second):
    both = [BLOCK[first], BLOCK[second]]
    project = {"n_components": 20, "shrinkage": 0.5}
    early = {
        "concat": FeatureFusion(both),
        "sum, SVD": FeatureFusion(both, rule="sum", align="svd", **project),
        "sum, CCA": FeatureFusion(both, rule="sum", align="cca", **project),
        "product, CCA": FeatureFusion(both, rule="product", align="cca", **project),
    }
    models = {
        name: make_pipeline(FeatureFusion([BLOCK[name]]), linear()) for name in (first, second)
    }
    models |= {name: make_pipeline(fusion, linear()) for name, fusion in early.items()}
    experts = [
        (name, models[name], [BLOCK[name][2]] if name == "text" else BLOCK[name][2])
        for name in (first, second)
    ]
    return models | {"late product": DecisionFusion(experts, rule="product", cv=3)}


# %% tags=["evidence"]
@experiment(
    "04_grid",
    [
        {"task": task, "modalities": pair, "model": model}
        for task in ("sentiment", "person")
        for pair, singles in PAIRS.items()
        for model in (*singles, *WAYS)
    ],
)
def cell_of_grid(task, modalities, model):
    """Accuracy of one model in each of the five folds."""
    (X, bunch), models = load(task), contestants(*PAIRS[modalities])
    found = compare({model: models[model]}, X, bunch.target, 5, groups=bunch.groups)
    return {f"fold {k}": right for k, right in enumerate(found.attrs["scores"][model], start=1)}


# %%
cell_of_grid.confirm(task="person", modalities="audio + image", model="concat", within=0.05)
results = {
    (task, name): part.drop(columns=["task", "modalities"]).set_index("model").T.astype(float)
    for (task, name), part in cell_of_grid.table().groupby(["task", "modalities"], sort=False)
}  # one table a cell: a row a fold, a column a model
summary = pd.DataFrame({cell: folds.mean() for cell, folds in results.items()}).T
singles = summary[["text", "image", "audio"]]  # two of them in each cell
best, best_name = singles.max(axis=1), singles.idxmax(axis=1)

# %% tags=["nbval-ignore-output"]
fig, axes = plt.subplots(2, 2, figsize=(9, 5.6), sharex="row")
for ax, ((task, name), folds) in zip(axes.flat, results.items(), strict=True):
    rows = {model: corrected_t_test(folds[model], test_share=1 / 4)[:3] for model in folds}
    shown = pd.DataFrame(rows, index=["mean", "low", "high"]).T
    plotting.intervals(ax, shown, label=f"accuracy ({task})")
    ax.set_title(f"{name}; chance {1 / len(set(tasks[task][1].target)):.2f}", fontsize=10)
    line = ax.axvline(
        best[task, name], color="0.7", linewidth=1, zorder=0, label="best single modality"
    )
axes[0, 0].legend(handles=[line], fontsize=8, loc="lower right")
plotting.show(
    fig,
    alt="A grid of two tasks by two pairs of modalities. In each panel concat or late product lies at the top, sums after SVD lie left of the best single modality's line, sums after CCA right of those, once right of the line, and the product is at the bottom.",
)

# %% tags=["nbval-ignore-output"]
print(summary[WAYS].assign(single=best).round(2).to_string())
tests = {}
for cell, folds in results.items():
    single = best_name[cell]
    for a, b in (
        ("concat", single),
        ("late product", single),
        ("sum, SVD", single),
        ("sum, CCA", "sum, SVD"),
        ("late product", "concat"),
    ):
        name = f"{a} - {'best single' if b == single else b}"
        tests[name, *cell] = dict(zip(("difference", "p"), paired(folds, a, b), strict=True))
print(pd.DataFrame(tests).T.round(3).to_string())
top = summary[["concat", "late product"]].max(axis=1)
assert (top > best).all(), "in every cell, concat or late fusion beats the best single modality"
assert (summary["product, CCA"] < best - 0.1).all(), "the product of features alone loses to it"
assert (summary["sum, SVD"] < best).all(), "adding each block's own axes loses to it as well"

# %% [markdown]
# The dots are coloured by modality (grey line: the better single one); what was fused is in the colour of fusions. **No way wins everywhere, but in every cell concatenation or late fusion has the highest mean** and is above the best single modality (of the other, one is third, and one below the face alone). Which of the two, we read off the same folds, so that gain flatters; the second table tests them one by one.
# **Adding each block's own axes** has a lower mean than the better modality alone, in every cell. Adding *shared* axes came out better than that on average; the second table says where the difference is more than five folds can make by chance, and where it is not.
# **The bare product is at the bottom**, not far from chance: it forgets the signs (section 6), and these tasks seem to need them. With twenty differences in the table, expect about one $p$ below 0.05 even if none of them were real (chapter 06).
#
# The recipes are not worthless. They need shared dimensions that *mean* the same (chapter 09 learns them), and products can add what section 6 shows beside the plain features (which we have not measured on these tasks).
#
# ## What we measured
#
# The main claims of this chapter, once more (the digits of a trained model vary between processors; the claims do not).

# %% tags=["nbval-ignore-output"]
print(
    "gain of the better of concat and late fusion (chosen after the fact):",
    (top - best).round(2).to_dict(),
)
assert (top - best).min() > 0
assert np.ptp(loud[True]["mean"]) < 0.02 < np.ptp(raw) - 0.1
assert (within["mood"] > plain["mood"] + 0.1).all(), "the confounder hides the mood"
assert (within["new authors"] > after["new authors"] + 0.2).all(), "and the agreement"
assert summary.loc[("person", "audio + image"), "concat"] > best["person", "audio + image"] + 0.05
assert xor["product"] > xor["concat"] + 0.3

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 04.1 · Scale by what you know
#
# Standardise a block of training rows and one of test rows: every column with the *training* rows' mean and standard deviation, then everything divided by the root of the number of columns. A column that is constant in training
# becomes zero, in both.


# %%
def scale_block(train, test):
    """Both of shape (n, n_columns), n differing; return the two scaled blocks as a tuple."""
    ...  # your code here


check("04.1", scale_block)

# %% [markdown]
# <details><summary>Hint</summary>Replace a standard deviation of 0 by infinity before you divide.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def scale_block_solution(train, test):
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation = np.where(deviation > 0, deviation, np.inf) * np.sqrt(train.shape[1])
    return (train - mean) / deviation, (test - mean) / deviation


check("04.1", scale_block_solution)

# %% [markdown]
# ### Exercise 04.2 · Project
#
# Project the test rows of a block to the training rows' first `k` principal axes (centre, but do not scale). The sign of each axis is free.


# %%
def project(train, test, k):
    """Shapes (n, d) and (m, d); return an array of shape (m, k)."""
    ...  # your code here


check("04.2", project)

# %% [markdown]
# <details><summary>Hint</summary>Centre with the training mean. In <code>U, s, Vt = np.linalg.svd(...)</code> the axes are the rows of Vt.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def project_solution(train, test, k):
    mean = train.mean(axis=0)
    _, _, Vt = np.linalg.svd(train - mean, full_matrices=False)
    return (test - mean) @ Vt[:k].T


check("04.2", project_solution)

# %% [markdown]
# ### Exercise 04.3 · All products
#
# An element-wise product needs equal widths. All products of a column of A with a column of B (the *outer product*, or tensor fusion, of Zadeh et al. 2017) do not. Return them, in any order of columns.


# %%
def all_products(A, B):
    """Shapes (n, a) and (n, b); return an array of shape (n, a * b)."""
    ...  # your code here


check("04.3", all_products)

# %% [markdown]
# <details><summary>Hint</summary>Broadcast: shapes (n, a, 1) and (n, 1, b) multiply to (n, a, b).</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def all_products_solution(A, B):
    return (A[:, :, None] * B[:, None, :]).reshape(len(A), -1)


check("04.3", all_products_solution)

# %% [markdown]
# ### Exercise 04.4 · What do they share, beside the author?
#
# Two blocks `A` and `B` hold the faces and the voices of the same posts. You want to know how well they agree *for people you have not met*, and not because a face and a voice belong to one author. So: take
# each author's average from each block. On the posts of the known authors (`is_new` is False) learn one direction in each block, those with the largest correlation (no shrinkage). Return the correlation along these two directions on the posts of the *new* authors. Every author has several posts, and is either known or new.


# %%
def agreement(A, B, authors, is_new):
    """Shapes (n, a) and (n, b), authors and is_new (n,), is_new of bool; return one number."""
    ...  # your code here


check("04.4", agreement)

# %% [markdown]
# <details><summary>Hint</summary>With QA, RA = np.linalg.qr(A) and U, s, Vt = np.linalg.svd(QA.T @ QB), the direction in A is np.linalg.solve(RA, U[:, 0]), that in B np.linalg.solve(RB, Vt[0]).</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def agreement_solution(A, B, authors, is_new):
    A, B = (M - pd.DataFrame(M).groupby(authors).transform("mean").to_numpy() for M in (A, B))
    (QA, RA), (QB, RB) = np.linalg.qr(A[~is_new]), np.linalg.qr(B[~is_new])
    U, _, Vt = np.linalg.svd(QA.T @ QB)
    a, b = np.linalg.solve(RA, U[:, 0]), np.linalg.solve(RB, Vt[0])
    return np.corrcoef(A[is_new] @ a, B[is_new] @ b)[0, 1]


check("04.4", agreement_solution)

# %% [markdown]
# ## Quiz
#
# 1. Two blocks have 50 columns each. May they be averaged?
#
# <details><summary>Answer</summary>They can, NumPy will not object; it is still meaningless as long as their columns mean different things. Equal width is not equal meaning.</details>
#
# 2. You standardise all columns of both blocks together, training and test rows in one go, before cross-validation. What is wrong?
#
# <details><summary>Answer</summary>The test rows have taken part in the means and deviations: a leak. It is often small for means; it can be large for whatever is fitted to labels, or to many columns, such as CCA. Put the scaling into the pipeline.</details>
#
# 3. Why does CCA need no labels to find the sentiment?
#
# <details><summary>Answer</summary>It looks for what the two views of one post have in common. Light, pose, syllables and key are private to one view; the mood shows in both. So does the author, which is why the authors' averages had to go first.</details>
#
# 4. When would you take concatenation, and when late fusion?
#
# <details><summary>Answer</summary>Concatenation if the blocks interact and the classifier can draw curves (a linear one cannot use that, section 6), or if one classifier suits both, and there are enough samples for all columns. Late fusion if modalities go missing, need different classifiers, or come from different teams. When in doubt measure both on the same folds (chapter 06).</details>
#
# ## Pitfalls
#
# - **Padding or cutting to equal width.** The sum then runs without an error, and adds edges to cepstra. An error message would have told you.
# - **Fitting the projection on all rows.** CCA with more columns than rows finds perfect agreement in pure noise; on its own training rows it looked splendid here even when shrunken. Look at unseen rows, and shrink.
# - **Trusting units.** Any classifier that uses distances or a penalty sees the scale. Change a unit, and the result may change.
# - **Forgetting what else is shared.** CCA finds whatever goes together: the person, the recording session, the device. Take it away, or it may be found first.
# - **A product without its factors.** It knows whether two features agree, not what they say.
# - **Forgetting C.** Blocks scaled to a common size have small columns, so a penalised classifier may want a larger C (we took 3). Search for it inside the training folds.
#
# ## References
#
# - H. Hotelling, Relations between two sets of variates, Biometrika 28, 321-377, 1936.
# - A. Zadeh, M. Chen, S. Poria, E. Cambria, L.-P. Morency, Tensor fusion network for multimodal sentiment analysis, EMNLP 2017.
# - T. Baltrušaitis, C. Ahuja, L.-P. Morency, Multimodal machine learning: a survey and taxonomy, IEEE TPAMI 41(2), 423-443, 2019.
#
# **Next**: [05 · Fusing decisions](05_fuse_decisions.ipynb): sum, product or vote, and when does each fail?
