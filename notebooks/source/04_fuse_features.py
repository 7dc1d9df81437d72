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
# - choose between concatenation, weighted mean, sum and product of features by measuring them, beside late fusion, on the same folds.
#
# **You need**: vectors and matrices; what HOG, MFCC and TF-IDF are, in a sentence each ([01](01_read_text.ipynb), [02](02_see_images.ipynb), [03](03_hear_sound.ipynb)).
#
# **Time**: 50 minutes to read and do, 45 seconds to run.
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
# | curse of dimensionality | 维数灾难 | columns that say nothing make learning harder |

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, datasets, image, plotting, text
from mmtutor.evaluation import compare
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion, FeatureFusion

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
# So there are two ways: put the blocks **side by side**, which works for any widths, or **project** both to shared dimensions first. With standardised blocks
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
# ## 2 · The data of this chapter
#
# Two tasks: the sentiment of a post, and who a person is. In both, a text, a picture and a sound. For a person the text is a caption that names three people, so it
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


# %%
def table(bunch):
    """Text, and the columns of the image's HOG and of the sound's MFCC and chroma."""
    hog = image.HOGFeatures(pixels_per_cell=16, orientations=6).fit_transform(bunch.frame["image"])
    mfcc = audio.MFCCFeatures().fit_transform(bunch.frame["audio"])
    chroma = audio.ChromaFeatures().fit_transform(bunch.frame["audio"])
    named = {"image": hog, "audio": np.hstack([mfcc, chroma])}
    wide = [
        pd.DataFrame(M, columns=[f"{n}{i}" for i in range(M.shape[1])]) for n, M in named.items()
    ]
    return pd.concat([bunch.frame[["text"]], *wide], axis=1)


tasks = {"sentiment": (table(posts), posts), "person": (table(people), people)}
for task, (X, bunch) in tasks.items():
    print(task, X.shape, "classes", len(set(bunch.target)), "groups", len(set(bunch.groups)))

# %% [markdown]
# ## 3 · The louder block takes over
#
# The units of a feature are an accident: nobody asked whether MFCC should be given in decibels or in bels. Here the sound is multiplied by a factor before the two blocks
# are put side by side, and a nearest-neighbour classifier, which believes in distances, recognises the person. **Predict the curve: what does it tend to on the left, and on the right?**

# %%
BLOCK = {
    "text": ("text", text.TfidfFeatures(), "text"),
    "image": ("image", "passthrough", make_column_selector("^image")),
    "audio": ("audio", "passthrough", make_column_selector("^audio")),
}


def loudness(factor, standardise):
    X, bunch = tasks["person"]
    X = X.copy()
    sound = [name for name in X.columns if name.startswith("audio")]
    X[sound] *= factor
    fusion = FeatureFusion([BLOCK["image"], BLOCK["audio"]], standardise=standardise)
    model = make_pipeline(fusion, KNeighborsClassifier(5))
    return compare({"model": model}, X, bunch.target, 5, groups=bunch.groups).loc["model"]


factors = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10]
loud = {s: pd.DataFrame([loudness(f, s) for f in factors], index=factors) for s in (False, True)}

# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(6.4, 3))
for s, label in ((False, "as they come"), (True, "each block standardised")):
    ax.plot(factors, loud[s]["mean"], "-o", label=label)
    ax.fill_between(factors, loud[s]["low"], loud[s]["high"], alpha=0.15)
ax.set(
    xscale="log", xlabel="factor on the sound's features", ylabel="accuracy (person)", ylim=(0, 1)
)
ax.legend()
plotting.show(
    fig,
    alt="Accuracy against the factor on the sound, log scale. Unscaled: the image alone on the left, a peak between, the sound alone on the right. Standardised: one flat, high line.",
)
raw = loud[False]["mean"]
print("as they come:", raw.round(2).tolist(), "standardised:", loud[True]["mean"].round(2).tolist())
assert np.ptp(loud[True]["mean"]) < 0.02, "standardised: the factor does not matter"
assert raw.max() - raw[10] > 0.1, "unscaled: the sound takes over on the right"
assert loud[True]["mean"].min() > raw.max() + 0.1, "no factor does what standardising does"

# %% [markdown]
# On the left the picture decides alone, on the right the sound does, and the units that the features came in (factor 1) are on the wrong side. Standardising removes the accident:
# every column gets mean 0 and variance 1, and every block is divided by the root of its width, or else 600 columns would outvote 100. It is better than each of these factors on the whole
# block. It does not follow that equal is best; that is what weights are for.
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

# %% [markdown]
# One thing in common was hidden, and one large correlation was found; the others are chance. Now the posts: 600 columns of the face and 104 of the sound,
# far more than classical CCA can take (it finds perfect agreement in noise), so the covariances are shrunken towards the identity. **Predict: what do the face and the voice of a post have in common?**
# We learn the directions on some authors and look at others.

# %%
X, bunch = tasks["sentiment"]
train, test = np.flatnonzero(bunch.groups < 20), np.flatnonzero(bunch.groups >= 20)
mood = np.array([posts.target_names.index(label) for label in bunch.target])
numbers = X.drop(columns="text")
within = numbers - numbers.groupby(bunch.groups).transform("mean")  # minus the author's average
pair = [BLOCK["image"], BLOCK["audio"]]
seen, trained = {}, {}
for name, data, align in (
    ("SVD", numbers, "svd"),
    ("CCA", numbers, "cca"),
    ("CCA within authors", within, "cca"),
):
    fusion = FeatureFusion(pair, n_components=1, align=align, shrinkage=0.5).fit(data.iloc[train])
    trained[name] = np.corrcoef(fusion.transform(data.iloc[train]).T)[0, 1]
    seen[name] = fusion.transform(data.iloc[test])  # column 0: image, column 1: sound

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
    ax.set(title=f"{name}: correlation {r:.2f}", xlabel="image, dimension 1")
axes[0].set_ylabel("sound, dimension 1")
axes[2].legend(fontsize=8)
plotting.show(
    fig,
    alt="Three scatter plots of unseen authors' posts. SVD and plain CCA: clouds in which the moods are mixed. CCA within authors: a cloud along the diagonal, negative at one end, positive at the other.",
)
print("on the training posts:", {name: round(float(r), 2) for name, r in trained.items()})
with_mood = {name: abs(np.corrcoef(Z.sum(axis=1), mood[test])[0, 1]) for name, Z in seen.items()}
print(
    "correlation of both dimensions' sum with the mood:",
    {name: round(float(r), 2) for name, r in with_mood.items()},
)
assert trained["CCA"] > 0.7, "splendid, on the posts it was learned from"
assert np.corrcoef(seen["CCA within authors"].T)[0, 1] > 0.35 > np.corrcoef(seen["CCA"].T)[0, 1]
assert with_mood["CCA within authors"] > 0.7 > 0.4 > max(with_mood["CCA"], with_mood["SVD"])

# %% [markdown]
# Plain CCA found something splendid in the training posts, and nothing in the others. What a face and a voice share *first* is that they belong to **the same person**, and twenty authors' faces go with their voices by mere
# coincidence: a confounder that no new author repeats. Take away each author's average, and what remains in common is **the mood**. Nobody told CCA about sentiment: it is what the two views of one post share, while the light is the picture's own
# affair and the syllables are the voice's. (Taking away the average needs several posts of each author, but no labels.) This idea carries chapter 09, where two networks take the place of two matrices.
#
# ## 5 · The weight, from nothing to everything
#
# Back to "0.6 and 0.4". With shared dimensions the weighted mean exists. **Predict the shape of the curve, and where a weight of 0.6 lies on it.**


# %%
def linear(C=3):
    return LogisticRegression(C=C, max_iter=1000)


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
sweep = compare(models, X, bunch.target, 5, groups=bunch.groups)
side_by_side = compare(
    {"concat": make_pipeline(FeatureFusion(pair), linear())},
    X,
    bunch.target,
    5,
    groups=bunch.groups,
)

# %% tags=["nbval-ignore-output"]
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(
    weights, sweep["mean"], "-o", color=plotting.COLOURS["vermilion"], label="weighted mean, CCA"
)
ax.fill_between(
    weights, sweep["low"], sweep["high"], color=plotting.COLOURS["vermilion"], alpha=0.15
)
ax.axhline(side_by_side["mean"]["concat"], color="0.3", linestyle="--", label="side by side")
ax.set(xlabel="weight of the image (0: sound only, 1: image only)", ylabel="accuracy (sentiment)")
ax.legend()
plotting.show(
    fig,
    alt="Accuracy of the weighted mean against the image's weight: lowest at the ends, a flat top between with wide intervals, which the dashed line of concatenation touches.",
)
print(sweep["mean"].round(2).to_dict(), "side by side", round(side_by_side["mean"]["concat"], 2))
assert sweep["mean"].iloc[1:-1].max() > max(sweep["mean"].iloc[0], sweep["mean"].iloc[-1]) + 0.02
assert (sweep["low"].iloc[3] < sweep["mean"].iloc[[2, 4]]).all(), (
    "0.6 cannot be told from 0.4 and 0.8"
)
assert abs(side_by_side["mean"]["concat"] - sweep["mean"].max()) < 0.06

# %% [markdown]
# The middle is better than either end, and the top is so flat, against its interval, that a weight of 0.6 cannot be told from 0.4 or 0.8 with a few hundred posts. At its best, the mean of ten shared dimensions is
# about as good as 704 columns side by side, where a linear classifier chooses *its own* weight for every column, and nobody has to search.
#
# ## 6 · What a product of features does
#
# The element-wise product is the strangest of the four. Two negative numbers give a positive one, so *both low* looks like *both high*; and a zero on one side erases the other. On
# its own it throws away everything that is not agreement. But it does one thing for a *linear* classifier that concatenation and sum do not. **XOR**: the class is whether two signs agree. Irony is of this kind: praise with a smile, or a curse
# with a frown, is meant; praise with a frown is not. **Predict the accuracy of a linear classifier on each.**

# %%
rng = np.random.default_rng(3)
signs = rng.normal(size=(600, 2))
agree = (signs[:, 0] * signs[:, 1] > 0).astype(int)
one_each = [("praise", "passthrough", [0]), ("smile", "passthrough", [1])]
models = {
    rule: make_pipeline(FeatureFusion(one_each, rule=rule), linear())
    for rule in ("concat", "sum", "product")
}
xor = compare(models, signs, agree, 5)["mean"]
assert xor["concat"] < 0.6 and xor["sum"] < 0.6 and xor["product"] > 0.95
print("concat and sum near chance, product above 0.95: as claimed")

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

# %%
Xp, bp = tasks["person"]


def with_noise(width, per_block):
    noise = np.random.default_rng(4).normal(size=(len(Xp), width))
    X = pd.concat(
        [Xp.drop(columns="text"), pd.DataFrame(noise, columns=[f"noise{i}" for i in range(width)])],
        axis=1,
    )
    third = ("noise", "passthrough", make_column_selector("^noise"))
    fusion = FeatureFusion([*pair, third]) if per_block else StandardScaler()
    model = make_pipeline(fusion, KNeighborsClassifier(5))
    return compare({"m": model}, X, bp.target, 5, groups=bp.groups)["mean"]["m"]


widths = [1, 300, 1000, 3000]
curse = pd.DataFrame({s: [with_noise(n, s) for n in widths] for s in (False, True)}, index=widths)
curse.columns = ["every column alike", "every block alike"]

# %% tags=["nbval-ignore-output"]
print(curse.rename_axis("noise columns").round(2))
assert curse["every column alike"].iloc[0] - curse["every column alike"].iloc[-1] > 0.1
assert curse["every block alike"].iloc[-1] > curse["every column alike"].iloc[-1] + 0.15
assert curse["every block alike"].iloc[0] < curse["every block alike"].iloc[-1] - 0.1

# %% [markdown]
# With all columns alike, noise wins by sheer number: this is the **curse of dimensionality**. With all blocks alike, three thousand columns of noise do next to no harm: each is divided by the root of three thousand, and all
# distances grow by nearly the same amount. But *one* column of noise now has as much say as the whole face. Scaling per block protects you from width, not from uselessness: leave out, or give little weight to, what does not help.

# %% [markdown]
# ## 8 · Early against late, on the same folds
#
# A grid: two tasks, two pairs of modalities, and every way of this chapter beside late fusion (product of calibrated posteriors, chapter 05). Each cell of the grid is a
# five-fold cross-validation with unseen authors or sessions, and all models of a cell see the same folds.

# %%
PAIRS = {"text + image": ("text", "image"), "sound + image": ("audio", "image")}


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


grid = {}
for task, (X, bunch) in tasks.items():
    for name, both in PAIRS.items():
        grid[task, name] = compare(
            contestants(*both), X, bunch.target, 5, groups=bunch.groups, singles=both
        )

# %% tags=["nbval-ignore-output"]
fig, axes = plt.subplots(2, 2, figsize=(9, 5.6), sharex="row")
for ax, ((task, name), result) in zip(axes.flat, grid.items(), strict=True):
    bunch = tasks[task][1]
    plotting.intervals(ax, result, label=f"accuracy ({task})")
    ax.set_title(f"{name}; chance {1 / len(set(bunch.target)):.2f}", fontsize=10)
    ax.axvline(result["mean"][result.attrs["best_single"]], color="0.7", linewidth=1, zorder=0)
plotting.show(
    fig,
    alt="A grid of two tasks by two pairs of modalities. In each panel concat or late product lies at the top, sums after SVD lie left of the best single modality's line, sums after CCA between, and the product is near chance.",
)

# %% tags=["nbval-ignore-output"]
summary = pd.DataFrame({cell: result["mean"] for cell, result in grid.items()}).T
best = pd.Series(
    {cell: result["mean"][result.attrs["best_single"]] for cell, result in grid.items()}
)
print(
    summary[["concat", "sum, SVD", "sum, CCA", "product, CCA", "late product"]]
    .assign(single=best)
    .round(2)
    .to_string()
)
top = summary[["concat", "late product"]].max(axis=1)
assert (top > best).all(), "in every cell, concat or late fusion beats the best single modality"
assert (summary["product, CCA"] < best - 0.1).all(), "the product of features alone loses to it"
assert (summary["sum, SVD"] < best).all(), "adding each block's own axes loses to it as well"
assert (summary["sum, CCA"] > summary["sum, SVD"]).all(), (
    "shared axes are better to add than own ones"
)

# %% [markdown]
# **Side by side and late fusion win**: in every cell one of the two is above the best single modality (for captions and faces only just: a caption that names three people adds little). **Adding each block's own axes loses** to the better modality
# alone, in every cell: it mixes axes that mean different things, for good. Adding *shared* axes came out better than that in these folds (whether by chance, chapter 06 asks for such differences); for sentiment, which face and voice do share, it keeps up with concatenation, and for the person it does not, since what
# tells twenty faces apart is not in the voice. **The bare product is near chance**: these tasks are not XOR, and the signs are what it forgets.
#
# The recipes are not worthless. They need shared dimensions that *mean* the same (chapter 09 learns them), and products beside the plain features, not instead of them.
#
# ## What we measured
#
# The claims of this chapter, once more (the digits of a trained model vary between processors; the claims do not).

# %% tags=["nbval-ignore-output"]
print("gain of the better of concat and late fusion:", (top - best).round(2).to_dict())
assert (top - best).min() > 0
assert np.ptp(loud[True]["mean"]) < 0.02 < np.ptp(raw) - 0.1
assert with_mood["CCA within authors"] > with_mood["CCA"] + 0.3, "the confounder hides the mood"
assert summary.loc[("person", "sound + image"), "concat"] > best["person", "sound + image"] + 0.05
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
# Project the test rows of a block to the training rows' first `k` principal axes (centre, but do not scale). Signs are free.


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
# ### Exercise 04.4 · What do they share?
#
# Return the first canonical correlation of two blocks: the largest correlation that a direction in A can have with a direction in B.


# %%
def first_correlation(A, B):
    """Shapes (n, a) and (n, b), n much larger; return a number from 0 to 1."""
    ...  # your code here


check("04.4", first_correlation)

# %% [markdown]
# <details><summary>Hint</summary>Section 4 has it in two lines.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def first_correlation_solution(A, B):
    QA, QB = (np.linalg.qr(M - M.mean(axis=0))[0] for M in (A, B))
    return np.linalg.svd(QA.T @ QB, compute_uv=False)[0]


check("04.4", first_correlation_solution)

# %% [markdown]
# ## Quiz
#
# 1. Two blocks have 50 columns each. May they be averaged?
#
# <details><summary>Answer</summary>They can, NumPy will not object; it is still meaningless as long as their columns mean different things. Equal width is not equal meaning.</details>
#
# 2. You standardise all columns of both blocks together, training and test rows in one go, before cross-validation. What is wrong?
#
# <details><summary>Answer</summary>The test rows have taken part in the means and deviations: a leak. It is small for means, and large for anything supervised or high-dimensional, such as CCA. Put the scaling into the pipeline.</details>
#
# 3. Why does CCA need no labels to find the sentiment?
#
# <details><summary>Answer</summary>It looks for what the two views of one post have in common. Light, pose, syllables and key are private to one view; the mood shows in both. So does the author, which is why the authors' averages had to go first.</details>
#
# 4. When would you take concatenation, and when late fusion?
#
# <details><summary>Answer</summary>Concatenation if the blocks interact or one classifier suits both, and there are enough samples for all columns. Late fusion if modalities go missing, need different classifiers, or come from different teams. When in doubt measure both on the same folds (chapter 06).</details>
#
# ## Pitfalls
#
# - **Padding or cutting to equal width.** The sum then runs without an error, and adds edges to cepstra. An error message would have told you.
# - **Fitting the projection on all rows.** CCA with more columns than rows finds perfect agreement in pure noise; on its own training rows it always looks splendid. Look at unseen rows, and shrink.
# - **Trusting units.** Any classifier that uses distances or a penalty sees the scale. Change a unit, and the result changes.
# - **Forgetting what else is shared.** CCA finds whatever goes together: the person, the recording session, the device. Take it away, or it will be found first.
# - **A product without its factors.** It knows whether two features agree, not what they say.
# - **Forgetting C.** Blocks scaled to a common size have small columns, so a penalised classifier wants a larger C than usual. Search for it inside the training folds.
#
# ## References
#
# - H. Hotelling, Relations between two sets of variates, Biometrika 28, 321-377, 1936.
# - J. R. Kettenring, Canonical analysis of several sets of variables, Biometrika 58(3), 433-451, 1971.
# - A. Zadeh, M. Chen, S. Poria, E. Cambria, L.-P. Morency, Tensor fusion network for multimodal sentiment analysis, EMNLP 2017.
# - T. Baltrušaitis, C. Ahuja, L.-P. Morency, Multimodal machine learning: a survey and taxonomy, IEEE TPAMI 41(2), 423-443, 2019.
#
# **Next**: [05 · Fusing decisions](05_fuse_decisions.ipynb): sum, product or vote, and when does each fail?
