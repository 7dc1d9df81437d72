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
# # 06 · Choosing a fusion · 选择融合方法
#
# > Which fusion should I use? The one your data call for: this chapter shows what to measure, what then wins, and how to be sure that it did.
#
# **After this chapter you can**
#
# - compare early and late fusions fairly: same folds, grouped, tuned inside the training authors, with an interval and a test that does not take one sample twice for two,
# - measure redundancy, unique information and synergy in bits,
# - predict from two numbers (how good the weaker modality is, how much noise the modalities share) which fusion wins, and check it against the best that is possible,
# - say how many samples a learned fusion needs, what each fusion costs, and which one to try first on data of your own.
#
# **You need**: chapter 05 (the rules of late fusion), what a covariance is, cross-validation.
#
# **Time**: 60 minutes to read and do, 20 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | early fusion, late fusion | 特征级融合、决策级融合 | combine features before one classifier; combine the decisions of several |
# | ideal observer | 理想观察者 | knows the distributions; no classifier does better on average |
# | noise correlation | 噪声相关 | when one modality errs, the other errs the same way |
# | redundancy, unique information, synergy | 冗余、独有信息、协同 | told by either modality, by one only, only by both together |
# | corrected resampled t-test | 校正重采样 t 检验 | a test for cross-validated differences whose test rows are used several times |
# | false alarm (type I error) | 假阳性（第一类错误） | a test calls equals different |
# | regret | 遗憾 | what a choice loses to the best choice |
# | learning curve | 学习曲线 | accuracy against the number of training samples |

# %% tags=["evidence"]
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmtutor import audio, datasets, evaluation, image, information, plotting, text
from mmtutor.course.evidence import experiment, grid
from mmtutor.datasets import PostWorld
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion, FeatureFusion, rules

# %%
plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# Five pairs of modalities. In each, `image` has the same reliability, and `audio` is weaker or at most as good. Only two things change: the reliability of `audio`, and how much noise it shares with `image`. For such simulated worlds we know the *ideal observer's* accuracy, the best that anybody can do.
#
# **Predict before you run the next cell**: does shared noise help or hurt? Can a modality that says *nothing* by itself be worth anything?


# %% tags=["evidence"]
def pair(strength, correlation):
    """Two modalities; the first has reliability 1.5, the second `strength`."""
    return PostWorld(
        ("image", "audio"), (1.5, strength), noise_correlation=correlation, missing=(0.0, 0.0)
    )


# %%
print("audio  shared noise   image alone   audio alone   both, at best")
for strength, correlation in [(1.5, 0.0), (0.6, 0.0), (0.6, 0.4), (0.6, 0.9), (0.0, 0.9)]:
    world = pair(strength, correlation)
    best = [world.ceiling(names) for names in (["image"], ["audio"], None)]
    print(f"{strength:5.1f} {correlation:10.1f}", *(f"{accuracy:13.1%}" for accuracy in best))

# %% [markdown]
# A little shared noise makes the weak modality worthless; a lot of it makes it precious. In the last row `audio` knows nothing about the class, and yet together they reach 94.3 %. That is a noise-cancelling headphone: one microphone hears speech and engine, the other hears only the engine, and the difference is speech.
#
# A picture shows why. Each dot is a sample, each colour a class. Look for a straight line that parts the colours best, and ask which way it leans.

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 3.1), sharex=True, sharey=True)
for ax, correlation in zip(axes, (0.0, 0.4, 0.9), strict=True):
    world = pair(0.6, correlation)
    sample = world.sample(450, random_state=1)
    for label, (name, colour, marker) in enumerate(
        [("negative", "vermilion", "v"), ("neutral", "black", "."), ("positive", "blue", "^")]
    ):
        rows = sample.loc[sample["class"] == label, ["image", "audio"]].to_numpy()
        ax.plot(*rows.T, marker, color=plotting.COLOURS[colour], ms=3, alpha=0.7, label=name)
    ax.set_title(f"shared noise {correlation}, at best {world.ceiling():.1%}", fontsize=10)
    ax.set_xlabel("image (noise sd)")
axes[0].set_ylabel("audio (noise sd)")
axes[0].legend(markerscale=2, loc="lower right", fontsize=8)
plotting.show(
    fig,
    alt="Three scatter plots of image against audio in three colours. Without shared noise the "
    "clouds are round; with much of it they are thin diagonal stripes side by side, which a line "
    "leaning the other way parts well.",
)

# %% [markdown]
# ## 2 · What the ideal observer does
#
# With Gaussian noise of covariance $S$ and reliabilities $r$, the best decision looks at one weighted sum of the modalities, and its weights are
#
# $$ w = S^{-1} r, \qquad d' = \sqrt{r^\top S^{-1} r}, \qquad \text{for two:}\quad d'^2 = \frac{r_1^2 + r_2^2 - 2 \rho\, r_1 r_2}{1 - \rho^2}. $$
#
# For independent noise ($\rho = 0$) the weights are the reliabilities: that is the product rule of chapter 05. As $\rho$ grows the weaker modality's weight falls, is **zero at $\rho = r_2 / r_1$**, and beyond that it is *negative*: subtract the modality. No rule that combines posteriors with non-negative weights can do that.

# %%
print("shared noise   weight of image   weight of audio     d'   accuracy")
for correlation in (0.0, 0.2, 0.4, 0.6, 0.8):
    r, S = np.array([1.5, 0.6]), np.array([[1, correlation], [correlation, 1]])
    w = np.linalg.inv(S) @ r
    d = np.sqrt(r @ w)
    # Three classes at -1, 0, 1: the outer two err on one side, the middle one on both.
    accuracy = (2 * stats.norm.cdf(d / 2) + 2 * stats.norm.cdf(d / 2) - 1) / 3
    world = pair(0.6, correlation)
    assert np.isclose(d, world.sensitivity()) and np.isclose(accuracy, world.ceiling(), atol=1e-6)
    w = w.round(2) + 0.0  # no "-0.00"
    print(f"{correlation:12.1f} {w[0]:17.2f} {w[1]:17.2f} {d:6.2f} {accuracy:10.3f}")

# %% [markdown]
# Our few lines and the package's `sensitivity` and `ceiling` agree; the assertion says so.
#
# ## 3 · A test that does not invent winners
#
# Two models are scored on the same $J$ test sets. The plain t-test takes the $J$ differences for independent. They are not: training sets overlap, and if the splits are repeated, the same rows are tested again and again. Nadeau and Bengio's correction (2003) enlarges the variance:
#
# $$ t = \frac{\bar d}{\sqrt{\left(\frac{1}{J} + \frac{n_\text{test}}{n_\text{train}}\right) s_d^2}} \qquad\text{with } J - 1 \text{ degrees of freedom.} $$


# %% tags=["evidence"]
def t_test(d, share):
    """Corrected resampled t-test of differences `d`, with share = n_test / n_train."""
    t = d.mean() / np.sqrt((1 / len(d) + share) * d.var(ddof=1))
    return t, 2 * stats.t.sf(abs(t), len(d) - 1)


# %%
d = np.array([0.02, 0.04, 0.03, 0.01, 0.05])
t, p = t_test(d, share=1 / 4)
package = evaluation.corrected_t_test(d, test_share=1 / 4)
assert np.allclose((t, p), (package.statistic, package.p_value))
print(f"corrected t = {t:.2f}, p = {p:.3f}; plain t-test p = {stats.ttest_1samp(d, 0).pvalue:.3f}")

# %% [markdown]
# How often does each test raise a *false alarm*? We let two modalities be **equally** informative, so that every "significant" difference is one, and cross-validate them in six ways. **Predict**: for which of the six will the plain t-test be far above the 5 % that it promises?

# %% tags=["evidence"]
SCHEMES = {  # (folds, repeats, are all folds of a repeat tested, or only its first?)
    "5 random resplits": (5, 5, "first"),
    "15 random resplits": (5, 15, "first"),
    "one 5-fold": (5, 1, "all"),
    "one 10-fold": (10, 1, "all"),
    "2 times 5-fold": (5, 2, "all"),
    "10 times 10-fold": (10, 10, "all"),
}


def differences(scheme, seed):
    """Accuracy of one modality less that of an equally good one, on every test set."""
    n_folds, n_repeats, tested = SCHEMES[scheme]
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=120)
    X = y[:, None] + rng.normal(size=(120, 2))
    out = []
    for _ in range(n_repeats):
        folds = np.array_split(rng.permutation(120), n_folds)
        for test in folds if tested == "all" else folds[:1]:
            train = np.setdiff1d(np.arange(120), test)
            middle = [X[train][y[train] == c].mean(axis=0) for c in (0, 1)]
            right = (X[test] > np.mean(middle, axis=0)) == y[test, None]
            out.append(right[:, 0].mean() - right[:, 1].mean())
    return np.array(out)


# %% tags=["evidence"]
@experiment("06_false_alarms", grid(scheme=list(SCHEMES), block=range(5)))
def false_alarms(scheme, block):
    """Share of "significant" differences (p < 0.05) between equals, of 200 new data sets."""
    plain, corrected = [], []
    share = 1 / (SCHEMES[scheme][0] - 1)
    for seed in range(200 * block, 200 * block + 200):
        d = differences(scheme, seed)
        if d.std() > 0:  # else no test calls them different
            plain.append(stats.ttest_1samp(d, 0).pvalue < 0.05)
            corrected.append(t_test(d, share)[1] < 0.05)
    return {"plain": sum(plain) / 200, "corrected": sum(corrected) / 200}


# %%
false_alarms.confirm(scheme="15 random resplits", block=0, within=0.02)
alarms = false_alarms.table().groupby("scheme", sort=False)[["plain", "corrected"]]
print("false alarms, of 1000 comparisons of equals (5 would be right of 100)")
print((100 * alarms.mean()).round(0).astype(int).assign(of="per 100").to_string())
print(
    "largest spread over five blocks of 200:", (100 * alarms.std()).max().max().round(1), "points"
)

# %% [markdown]
# A *single* k-fold cross-validation keeps the promise nearly: its test sets share no row. What breaks it is **testing the same rows again**. The first and the third line have the same sizes: five test sets of 24 rows, drawn anew every time, or each row in one of them. The more often rows are tested again, the surer the plain test becomes of chance. Where rows are reused the corrected test raises 2 to 6 false alarms in 100, where they are not 1: there it is more careful than it need be (for *unstable* learners, whose training sets matter more than this toy's, it may be needed there, too).
#
# So: if you read that fusion A "significantly" beats fusion B in repeated cross-validation, ask which test it was.
#
# ## 4 · All rules on the posts
#
# Now the recipe, on the rendered posts: text, a face, a voice over music, 30 authors. Four points make it fair:
#
# - **Groups.** No author is in training and test.
# - **Nothing fitted outside the folds.** HOG and MFCC look at one sample at a time, so we compute them once. TF-IDF, scaling and projection are *fitted*, so they stay inside the models.
# - **Every classifier gets its own $C$** (small: cautious), found by folds *inside* the training authors, each canonical correlation also its shrinkage. Forty dimensions are fixed for all, and late fusions take the experts as tuned alone.
# - **The best single modality stands in the table**, and every difference is to it.


# %% tags=["evidence"]
@cache
def posts_table():
    """The posts with their features, their sentiment, their authors, and each modality's columns."""
    posts = datasets.load_posts()
    pixels = image.HOGFeatures(pixels_per_cell=24).fit_transform(posts.frame["image"])
    clips = posts.frame["audio"]
    timbre = audio.MFCCFeatures().fit_transform(clips)
    harmony = audio.ChromaFeatures().fit_transform(clips)
    X = pd.concat(
        [
            posts.frame["text"],
            pd.DataFrame(pixels).add_prefix("hog"),
            pd.DataFrame(np.hstack([timbre, harmony])).add_prefix("sound"),
        ],
        axis=1,
    )
    columns = {"text": "text", "image": [c for c in X if c.startswith("hog")]}
    columns["audio"] = [c for c in X if c.startswith("sound")]
    return X, posts.target, posts.groups, columns


# %%
posts = datasets.load_posts()
X, sentiment, authors, columns = posts_table()
widths = {name: len(c) if isinstance(c, list) else "words" for name, c in columns.items()}
print(len(X), "posts by", len(set(authors)), "authors; columns:", widths)
plotting.listen(posts.frame["audio"].iloc[0], caption=f"the first post, {posts.target[0]}")


# %% tags=["evidence"]
WORDS = text.TfidfFeatures(ngram_range=(1, 1))


def classifier(C=1.0):
    return LogisticRegression(C=C, max_iter=1000, tol=1e-3)


def tuned(model, settings, X, y, authors):
    """The model with the settings that do best on folds inside the training authors."""
    search = GridSearchCV(model, settings, cv=GroupKFold(3))
    return search.fit(X, y, groups=authors).best_estimator_


def tuned_experts(X, y, authors, columns):
    """One expert a modality, as (name, classifier, columns)."""
    parts = {"text": WORDS, "image": StandardScaler(), "audio": StandardScaler()}
    strengths = {"logisticregression__C": 10.0 ** np.arange(-4, 2)}
    return [
        (
            name,
            tuned(make_pipeline(part, classifier()), strengths, X[columns[name]], y, authors),
            columns[name],
        )
        for name, part in parts.items()
    ]


# %% [markdown]
# Late fusions share the tuned experts. Early ones are tuned as a whole: concatenation, and the sum of features that were brought to forty shared dimensions, by SVD (each block for itself) or by canonical correlation (CCA: where blocks agree; chapter 04).


# %% tags=["evidence"]
def late_models(experts):
    """Every late fusion of the same experts, and each expert alone."""
    models = {expert[0]: DecisionFusion([expert], calibration=None) for expert in experts}
    for rule in ("sum", "product", "max", "min", "median", "vote"):  # fixed: nothing is learned
        models[f"late {rule}"] = DecisionFusion(experts, rule=rule, calibration=None)
    learned = {"cv": 3, "calibration": None, "rule": "product"}
    models["late sum, calibrated"] = DecisionFusion(experts, rule="sum", cv=3)
    models["late product, calibrated"] = DecisionFusion(experts, rule="product", cv=3)
    models["late product, weights"] = DecisionFusion(experts, weights="learned", **learned)
    models["late stack"] = DecisionFusion(experts, **learned | {"rule": "stack"})
    return models


# %% tags=["evidence"]
def early_models(columns):
    """Every early fusion, with the settings to try."""
    blocks = [("text", WORDS, columns["text"])]
    blocks += [(name, "passthrough", columns[name]) for name in ("image", "audio")]
    strengths = {"logisticregression__C": 10.0 ** np.arange(-3, 2)}
    shrinkage = {"featurefusion__shrinkage": [0.1, 0.5]}
    shared = {"rule": "sum", "n_components": 40}
    fusions = {
        "early concat": (FeatureFusion(blocks), strengths),
        "early sum (CCA)": (FeatureFusion(blocks, align="cca", **shared), strengths | shrinkage),
        "early sum (SVD)": (FeatureFusion(blocks, align="svd", **shared), strengths),
        "early product (SVD)": (
            FeatureFusion(blocks, align="svd", **shared | {"rule": "product"}),
            strengths,
        ),
    }
    return {n: (make_pipeline(f, classifier()), s) for n, (f, s) in fusions.items()}


# %% tags=["evidence"]
@cache
def outer_folds():
    X, y, authors, _ = posts_table()
    cv = evaluation.RepeatedGroupKFold(n_splits=5, n_repeats=2)
    return list(cv.split(X, y, authors))


def split(fold):
    """Training rows, labels and authors of an outer fold; test rows and labels."""
    X, y, authors, columns = posts_table()
    train, test = outer_folds()[fold]
    return (X.iloc[train], y[train], authors[train]), X.iloc[test], y[test], columns


# %% tags=["evidence"]
@experiment("06_late_posts", grid(fold=range(10)))
def late_posts(fold):
    """Accuracy of every late fusion on one outer fold, its experts tuned on the training authors."""
    (X, y, who), X_test, y_test, columns = split(fold)
    models = late_models(tuned_experts(X, y, who, columns))
    return {n: m.fit(X, y, groups=who).score(X_test, y_test) for n, m in models.items()}


@experiment("06_early_posts", grid(fold=range(10)))
def early_posts(fold):
    """Accuracy of every early fusion on one outer fold, tuned on the training authors."""
    train, X_test, y_test, columns = split(fold)
    models = {n: tuned(m, s, *train) for n, (m, s) in early_models(columns).items()}
    return {name: model.score(X_test, y_test) for name, model in models.items()}


# %% [markdown]
# Seventeen models, two repeats of five grouped folds each, and inside each fold three more to find the settings: minutes, so the table is stored and one fold of it is run here. **Predict**: will the best fusion be early or late? Will any fusion be *worse* than the best single modality?

# %%
late_posts.confirm(fold=0, within=0.03)
scores = late_posts.table().join(early_posts.table().drop(columns="fold")).set_index("fold")
singles = ["text", "image", "audio"]
best = scores[singles].mean().idxmax()
rows = {}
for name in scores:
    own = evaluation.corrected_t_test(scores[name], test_share=1 / 4)
    gain = evaluation.corrected_t_test(scores[name] - scores[best], test_share=1 / 4)
    rows[name] = {**own._asdict(), f"over {best}": gain.mean, "p": gain.p_value}
table = pd.DataFrame(rows).T[["mean", "low", "high", f"over {best}", "p"]]
table.sort_values("mean", ascending=False).round(3)

# %%
fig, ax = plt.subplots(figsize=(6.4, 4.8))
plotting.intervals(ax, table, ceiling=posts.ceiling())
ax.axvline(1 / 3, color="0.8", zorder=0)
ax.text(1 / 3, len(table) - 1, " chance", color="0.5", va="center")
plotting.show(
    fig,
    alt="Accuracy of seventeen models with 95 % intervals, sorted. Late stack and the calibrated product lead, close together; the sum on axes of canonical correlation, the other late rules and concatenation follow; then the single modalities; the sum on SVD axes is below them and the product on SVD axes at chance. The ideal observer is far above all.",
)

# %% [markdown]
# The intervals above are of each model's own accuracy. Whether one model beats *another* is a question about their differences, fold by fold:


# %%
def gain(a, b):
    """How much better model a is than model b on the same folds."""
    test = evaluation.corrected_t_test(scores[a] - scores[b], test_share=1 / 4)
    return {"a": a, "b": b, "gain": test.mean, "p": test.p_value}


pairs = [
    ("late product, calibrated", "late product"),
    ("late product, calibrated", "early concat"),
    ("late product, calibrated", "late stack"),
    ("early sum (CCA)", "early sum (SVD)"),
    ("early sum (CCA)", "early concat"),
    ("late stack", "early concat"),
]
pd.DataFrame([gain(*pair_) for pair_ in pairs]).round(3)

# %% [markdown]
# Three readings.
#
# - **Fusing pays, and it can hurt.** With fourteen fusions beside the image, demand $p < 0.05 / 14$ (Bonferroni). The calibrated and the weighted product are above the image by that test, the stack is at the limit; the product of features on SVD axes is below it, at chance. Their sum is below the image, too, though not by that test.
# - **Equal width is not equal meaning.** The two early sums share features, classifier and the number of dimensions. They differ in the axes (and in what is tuned with them: CCA also its shrinkage), and by 0.192 of accuracy: SVD describes each block for itself, CCA looks for what the blocks agree on (chapter 04).
# - **Among the good ones there is no clear winner.** Calibration gains three points over the raw product, which could be chance ($p$ = 0.342). Of these six differences only one more has a small $p$, stack less concatenation (0.021), and six times that is no longer small. Thirty authors do not settle it. Choose by what else you need: an expert that may be absent, times, calibrated answers.
#
# The ideal observer is far above all of them. How much of that is the features' loss and how much the fusion's, this table cannot tell. To learn about fusion alone, we now take the latent numbers themselves.
#
# ## 5 · Redundancy, unique information, synergy
#
# What can a pair of modalities tell about a target? Four parts, in bits, that add up to $I(X_1, X_2; Y)$: told by either, by the first only, by the second only, only by both together. Redundancy is the least that either modality tells about each outcome, averaged:
#
# $$ R = \sum_y p(y) \min_i \sum_x p(x_i \mid y) \log_2 \frac{p(y \mid x_i)}{p(y)}. $$
#
# The usual examples are gates on two fair bits (Williams and Beer 2010). By hand first, for AND:


# %% tags=["evidence"]
def gate(target):
    """The joint distribution p[a, b, y] of two fair bits and a target that follows from them."""
    p = np.zeros((2, 2, 2))
    for a, b in np.ndindex(2, 2):
        p[a, b, target(a, b)] = 1 / 4
    return p


JOINT = {
    "XOR": gate(lambda a, b: a ^ b),
    "AND": gate(lambda a, b: a & b),
    "unique": gate(lambda a, b: a),
    "copy": np.eye(2)[:, :, None] * np.eye(2)[:, None, :] / 2,  # both are the target itself
}

# %%
p = JOINT["AND"]
one = p.sum(axis=1)  # p(x, y) of the first modality; the second is the same by symmetry
given, p_x, p_y = one / one.sum(axis=0), one.sum(axis=1, keepdims=True), one.sum(axis=0)
with np.errstate(divide="ignore", invalid="ignore"):
    told = np.nansum(given * np.log2(given / p_x), axis=0)  # of each outcome; 0 log 0 is 0
by_hand = p_y @ told
assert np.isclose(by_hand, information.decompose(p).redundancy)
print(f"AND: redundancy {by_hand:.3f} bits")
pd.DataFrame({n: information.decompose(p)._asdict() for n, p in JOINT.items()}).T.round(3) + 0.0

# %% [markdown]
# Now from *samples*. The bits become noisy measurements, we quantise these again and count. Counting makes information look larger than it is, by about $(n_x - 1)(n_y - 1) / (2 n \ln 2)$ bits: use few levels and many samples.


# %% tags=["evidence"]
def noisy_gate(name, n, noise, seed):
    """Samples of a gate: two noisy measurements of its bits, and the target."""
    rng = np.random.default_rng(seed)
    cell = rng.choice(8, size=n, p=JOINT[name].ravel())
    a, b, y = np.unravel_index(cell, (2, 2, 2))
    values = np.column_stack([2 * a - 1, 2 * b - 1]) + noise * rng.normal(size=(n, 2))
    return pd.DataFrame(values, columns=["image", "audio"]), y


# %%
rows = {}
for name in JOINT:
    Z, y = noisy_gate(name, 4000, noise=0.25, seed=0)
    levels = (Z["image"] > 0, Z["audio"] > 0)
    counted = information.decompose(information.joint_distribution(*levels, y))
    rows[name] = counted._asdict()
    assert np.allclose(counted, information.decompose(JOINT[name]), atol=0.03)
print(f"bias of I(pair; target) at 4000 samples: {information.information_bias(4, 2, 4000):.4f}")
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# **Predict**: with more noise, fusions are trained on each gate. Which of them solve XOR, of which no modality alone says anything?


# %% tags=["evidence"]
def bent_stack(calibration, Z, y):
    """A stacker that can bend: a kernel machine on the posteriors of experts fitted elsewhere."""
    experts = DecisionFusion(
        [(m, classifier(), [m]) for m in ("image", "audio")], calibration=calibration
    )
    half = len(y) // 2
    experts.fit(Z[:half], y[:half])
    stacker = make_pipeline(StandardScaler(), SVC())
    stacker.fit(experts.expert_proba(Z[half:])[:, :, 1], y[half:])
    return lambda Z: stacker.predict(experts.expert_proba(Z)[:, :, 1])


# %% tags=["evidence"]
@experiment("06_gates", grid(gate=list(JOINT), seed=range(5)))
def gates(gate, seed):
    """Accuracy of fusions on 1000 new samples of a gate, after 1000 to learn from."""
    Z, y = noisy_gate(gate, 1000, 0.8, 2 * seed)
    Z_test, y_test = noisy_gate(gate, 1000, 0.8, 2 * seed + 1)
    experts = [(m, classifier(), [m]) for m in ("image", "audio")]
    bare = [(m, "passthrough", [m]) for m in ("image", "audio")]
    product = FeatureFusion(bare, rule="product")
    raw = {"calibration": None}
    models = {
        "image": DecisionFusion(experts[:1], **raw),
        "audio": DecisionFusion(experts[1:], **raw),
        "late sum": DecisionFusion(experts, rule="sum", **raw),
        "late product": DecisionFusion(experts, rule="product", **raw),
        "late stack, linear": DecisionFusion(experts, rule="stack", cv=3, **raw),
        "concat, linear": make_pipeline(FeatureFusion(bare), classifier()),
        "concat, kernel": make_pipeline(FeatureFusion(bare), SVC()),
        "feature product": make_pipeline(product, classifier()),
    }
    result = {"chance": max(np.mean(y_test), 1 - np.mean(y_test))}
    result |= {name: model.fit(Z, y).score(Z_test, y_test) for name, model in models.items()}
    for name, calibration in {"raw": None, "calibrated": "sigmoid"}.items():
        predict = bent_stack(calibration, Z, y)
        result[f"late stack, kernel, {name}"] = np.mean(predict(Z_test) == y_test)
    return result


# %%
gates.confirm(gate="XOR", seed=0, within=0.02)
by_gate = gates.table().drop(columns="seed").groupby("gate", sort=False)
accuracy = by_gate.mean().T
print(accuracy.map("{:.0%}".format).to_string())
spread = by_gate.std().T.drop("late stack, kernel, calibrated")
print(
    f"standard deviation over five seeds: at most {spread.max().max():.1%}; of the last row, by seed:"
)
calibrated = gates.table().query("gate == 'XOR'")["late stack, kernel, calibrated"]
print(" ", *calibrated.map("{:.0%}".format))

# %% [markdown]
# - **XOR** is all synergy. What a straight line can combine is at chance: the fixed rules, a linear stack, *and* concatenation with a linear classifier. What can bend has it: a kernel machine after concatenation, the product of features (which bends before the classifier), and even a kernel machine that stacks raw posteriors. That last one may surprise: each expert alone is at chance, but its fitted slope is not exactly zero, so its posterior still tells what it saw. Calibrated experts say the prior, as they should, and on four of the five seeds nothing is left; on the fifth a slope survived, and the kernel machine found it (hence the large spread of that row).
# - **Redundancy** (copy): every fusion but the product of features gains; averaging takes noise out.
# - **Unique**: one modality is useless. Nobody gains, and nobody who can ignore it loses.
# - **AND**: chance is 75 %, for three of four cases are "no". Each modality alone stays there; all fusions but the product of features do better.
# - The product of features, a hero for XOR, is at chance or below on the others: it keeps whether the signs agree and forgets the signs.
#
# So the question is not early or late, but what the combiner can express, and what the experts hand on. What does synergy look like in our Gaussian pairs? We quantise the latent values into eight levels and let the shared noise grow.

# %%
noises = np.arange(0, 0.91, 0.15)
bits = []
for correlation in noises:
    sample = pair(0.6, correlation).sample(60_000, random_state=0)
    levels = [information.quantise(sample[m], 8) for m in ("image", "audio")]
    bits.append(information.decompose(information.joint_distribution(*levels, sample["class"])))
fig, ax = plt.subplots()
ax.stackplot(
    noises,
    np.transpose(bits),
    labels=["redundant", "only image", "only audio", "synergy"],
    colors=[plotting.COLOURS[c] for c in ("grey", "blue", "green", "vermilion")],
)
ax.axvline(0.6 / 1.5, ymax=0.72, color="black", linestyle="--")
ax.text(0.6 / 1.5, 0.8, " audio's ideal weight\n turns negative", va="top")
ax.set(xlabel="shared noise (correlation)", ylabel="bits about the class", ylim=(0, 1.15))
ax.legend(loc="upper left", ncols=2)
plotting.show(
    fig,
    alt="Stacked areas of redundant, unique and synergistic bits against the correlation of the "
    "noise. Redundant and unique bits stay as they are; synergy first shrinks to nothing near a "
    "correlation of 0.4, then grows past the redundancy.",
)
synergy = np.array([b.synergy for b in bits])
assert synergy[0] > 0.03 > synergy[noises.searchsorted(0.4)] and synergy[-1] > bits[-1].redundancy

# %% [markdown]
# Redundant and unique bits do not change, for they depend on each modality alone. All that shared noise changes is the synergy: it vanishes where the weak modality's ideal weight is zero, and then grows past the redundancy. The little at the left end is what two independent opinions are worth beyond either; there the product rule is the ideal observer (section 2). What grows on the right is of another kind: to get it one must *subtract* a modality, and rules with non-negative weights cannot.
#
# ## 6 · The map
#
# We train the fusions in a grid of worlds: the reliability of `audio` across, shared noise upwards, five seeds in each cell, 300 samples for training and 3000 for the test. The late rules share their experts, so the sum and the product are read off the same posteriors.


# %% tags=["evidence"]
def contestants(world, n_train, seed, n_test=3000, learn=()):
    """Test accuracy of several fusions trained on the same samples of a world."""
    names = list(world.modalities)
    train, test = world.sample(n_train, 2 * seed), world.sample(n_test, 2 * seed + 1)
    Z, y = train[names], train["class"]
    ones = [(m, LogisticRegression(), [m]) for m in names]
    P = DecisionFusion(ones, calibration=None).fit(Z, y).expert_proba(test[names])
    answers = {
        "sum": rules.sum_rule(P),
        "product": rules.product_rule(P),
        "median": rules.median_rule(P),
        "concat": LogisticRegression().fit(Z, y).predict_proba(test[names]),
    }
    for name in learn:  # these need out-of-fold posteriors, so they take longer
        how = {"rule": "stack"} if name == "stack" else {"rule": "product", "weights": "learned"}
        model = DecisionFusion(ones, calibration=None, cv=3, **how)
        answers[name] = model.fit(Z, y).predict_proba(test[names])
    return {rule: np.mean(p.argmax(axis=1) == test["class"]) for rule, p in answers.items()}


STRENGTHS, CORRELATIONS = (0.0, 0.4, 0.8, 1.2, 1.5), (0.0, 0.2, 0.4, 0.6, 0.8)


@experiment("06_map", grid(correlation=CORRELATIONS, strength=STRENGTHS, seed=range(5)))
def map_of_worlds(correlation, strength, seed):
    """Points that each fusion loses to the ideal observer."""
    world = pair(strength, correlation)
    result = contestants(world, 300, seed, learn=["learned"])
    return {rule: 100 * (world.ceiling() - score) for rule, score in result.items()}


# %%
map_of_worlds.confirm(correlation=0.8, strength=0.4, seed=0, within=1)
worlds_lost = map_of_worlds.table().drop(columns="seed").groupby(["correlation", "strength"])
lost = worlds_lost.mean()
print(len(lost), "worlds; standard deviation over seeds: at most",
      f"{worlds_lost.std().max().max():.1f} points")  # fmt: skip

# %%
fig, axes = plt.subplots(1, 4, figsize=(11, 3.1), sharey=True)
for ax, rule in zip(axes, ("sum", "product", "learned", "concat"), strict=True):
    cells = lost[rule].to_numpy().reshape(5, 5)  # sorted by noise, then by reliability
    picture = ax.imshow(cells, origin="lower", cmap="magma_r", vmin=0, vmax=20, aspect="auto")
    for (row, column), value in np.ndenumerate(cells):
        ink = "white" if value > 9 else "black"
        ax.text(
            column, row, f"{max(value, 0):.0f}", ha="center", va="center", color=ink, fontsize=9
        )
    ax.set_xticks(range(5), STRENGTHS)
    ax.set_yticks(range(5), CORRELATIONS)
    ax.set(title=rule if rule == "concat" else f"late {rule}", xlabel="reliability of audio")
    # audio's ideal weight is zero where correlation = reliability / 1.5
    line = np.interp([0, 0.8 * 1.5], STRENGTHS, range(5))
    ax.plot(line, [0, 4], "--", color="0.4")
axes[0].set_ylabel("shared noise")
fig.colorbar(picture, ax=axes, label="points lost to the ideal observer", shrink=0.9)
plotting.show(
    fig,
    alt="Four heat maps of accuracy lost against the ideal observer. Concatenation loses nearly "
    "nothing anywhere; the late product at most a point in the bottom row, where noise is independent; all "
    "late rules lose many points at the top left, above the dashed line.",
)

# %%
order = ["product", "sum", "learned", "concat"]  # from nothing to learn to most
shades = [plotting.COLOURS[c] for c in ("sky", "yellow", "orange", "vermilion")]
enough = lost[order].le(lost[order].min(axis=1) + 1, axis=0)  # within a point of the best
choice = enough.to_numpy().argmax(axis=1).reshape(5, 5)
fig, ax = plt.subplots(figsize=(4.6, 3.4))
ax.imshow(choice, origin="lower", cmap=ListedColormap(shades), vmin=-0.5, vmax=3.5, aspect="auto")
for (row, column), rule in np.ndenumerate(choice):
    ax.text(column, row, order[rule], ha="center", va="center", fontsize=8)
ax.plot(line, [0, 4], "--", color="0.3")
ax.set_xticks(range(5), STRENGTHS)
ax.set_yticks(range(5), CORRELATIONS)
ax.set(
    xlabel="reliability of audio",
    ylabel="shared noise",
    title="simplest within a point of the best",
)
plotting.show(
    fig,
    alt="A map of five by five worlds, each with the simplest rule that is within a point of the "
    "best. Below the dashed line it is the product; far above it is concatenation.",
)

# %% [markdown]
# The first figure shows what each fusion loses, the second which one to take if simple is better. The dashed line is where the ideal weight of `audio` is zero; above it the weight is negative. Read the maps from the bottom:
#
# - **Independent noise** (bottom row): the product rule is within a point of the ideal observer, without learning anything about the pair.
# - **Some shared noise, right of the line**: the product loses about a point at most and learned exponents change that by less than half a point, up or down.
# - **Above the line**: fixed rules lose more than the better modality alone would at best, by up to 5 points where `audio` says something. Learned weights stay within about a point of that modality's best; concatenation, whose weights may be negative, is within about a point of the ideal observer.
#
# So why not always concatenate? On this map nothing speaks against it: it stays within about a point of the ideal. On the posts of section 4 it was not ahead: the calibrated product had 3.4 points more, which could be chance. And there is one more regime.
#
# ## 7 · When one modality contradicts the others
#
# Irony, a wrong picture, somebody else talking: with probability `conflict` one of three modalities shows another class. **Predict**: which of sum, product, median and concatenation suffers most?

# %%
chances = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
conflict = []
for chance in chances:
    world = PostWorld(reliability=(3.0, 3.0, 3.0), conflict=chance)
    for seed in range(5):
        conflict.append({"conflict": chance, **contestants(world, 300, seed, 2000)})
    conflict[-1] |= {"ideal observer": world.ceiling(), "best single": world.ceiling(["text"])}
by_chance = pd.DataFrame(conflict).groupby("conflict")
conflict = by_chance.mean()
print("standard deviation over five seeds: at most", f"{by_chance.std().max().max():.3f}")

fig, ax = plt.subplots()
looks = {
    "ideal observer": ("0.5", "--", ""),
    "median": (plotting.COLOURS["green"], "-", "o"),
    "sum": (plotting.COLOURS["blue"], "-", "s"),
    "product": (plotting.COLOURS["vermilion"], "-", "D"),
    "concat": (plotting.COLOURS["orange"], ":", "x"),
    "best single": ("0.5", ":", ""),
}
for rule, (colour, dash, marker) in looks.items():
    ax.plot(chances, conflict[rule], dash, color=colour, marker=marker, lw=2, label=rule)
ax.set(xlabel="probability that one modality contradicts", ylabel="accuracy")
ax.legend(fontsize=8)
plotting.show(
    fig,
    alt="Accuracy against the probability of conflict. Product and concatenation fall steeply and "
    "together; the sum falls less; the median starts lowest, falls least, and is nearest to the ideal observer from 0.3 on.",
)

# %% [markdown]
# Multiplying gives every expert a veto, and adding log-odds (which is what the linear classifier on concatenated features does) is the same thing. The median falls least, but starts lowest: without conflict product and concatenation lead, at 0.1 and 0.2 the sum, from 0.3 on the median.
#
# ## 8 · How many samples does a learned fusion need?
#
# Fixed rules need samples only for their experts. Learned exponents, stacking and concatenation also have to learn how to combine. Two worlds of three modalities: one with independent noise, where there is nothing more to learn, and one with shared noise. In the figure the ideal observer is dashed, the best single modality dotted, and the bars are the standard errors of five seeds. **Predict** the order of the curves at 15 and at 480 samples.

# %% tags=["evidence"]
WORLDS = {
    "independent noise": PostWorld(reliability=(1.5, 0.8, 0.2)),
    "shared noise 0.5": PostWorld(reliability=(1.5, 0.8, 0.2), noise_correlation=0.5),
}
SIZES = (15, 30, 60, 120, 480)


@experiment("06_samples", grid(world=list(WORLDS), size=SIZES, seed=range(5)))
def samples_needed(world, size, seed):
    """Accuracy of fixed and learned fusions after `size` training samples."""
    return contestants(WORLDS[world], size, seed, 2000, learn=["learned", "stack"])


# %%
samples_needed.confirm(world="shared noise 0.5", size=120, seed=0, within=0.01)
curve = samples_needed.table().drop(columns="seed").groupby(["world", "size"]).agg(["mean", "sem"])
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
markers = {"sum": "s", "product": "D", "learned": "o", "stack": "^", "concat": "x"}
for ax, (name, world) in zip(axes, WORLDS.items(), strict=True):
    for rule, marker in markers.items():
        mean, sem = curve.loc[name][rule]["mean"], curve.loc[name][rule]["sem"]
        ax.errorbar(SIZES, mean, yerr=sem, marker=marker, capsize=2, label=rule)
    ax.axhline(world.ceiling(), color="0.5", ls="--", label="ideal observer")
    ax.axhline(world.ceiling(["text"]), color="0.5", ls=":", label="best single, at best")
    ax.set(xscale="log", xlabel="training samples", title=name)
    ax.minorticks_off()
    ax.set_xticks(SIZES, SIZES)
axes[0].set_ylabel("accuracy")
axes[1].legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
plotting.show(
    fig,
    alt="Learning curves in two worlds with the ideal observer dashed and the best modality "
    "dotted. With independent noise nothing beats the fixed product by more than 0.3 points from 30 samples on; with shared noise the "
    "fixed rules stay below the best single modality however many samples there are.",
)

# %% [markdown]
# With independent noise there is nothing to gain from 30 samples on: learning only catches up with the fixed product, stacking last. At 15 samples learned weights are a little ahead. With shared noise at none of these sizes do the fixed rules reach the best single modality at its best (dotted). Learned weights, which cannot be negative, are ahead of them from the start and stop at that line; concatenation and stacking overtake them as soon as they have some dozens of samples.
#
# ## 9 · What each fusion costs
#
# The times come from `evaluation.compare`, which does the loop over folds, the table and the tests of this chapter for any dictionary of models. What is learned out of fold has to fit every expert once more for each inner fold.

# %% tags=["nbval-ignore-output"]
ones = [(m, LogisticRegression(), [m]) for m in ("text", "image", "audio")]
priced = {
    "late sum": DecisionFusion(ones, calibration=None),
    "late sum, calibrated": DecisionFusion(ones, cv=3),
    "late learned": DecisionFusion(ones, rule="product", weights="learned", calibration=None, cv=3),
    "late stack": DecisionFusion(ones, rule="stack", calibration=None, cv=3),
    "early concat": LogisticRegression(),
}
costs = {}
for size in (200, 2000, 10_000):
    sample = WORLDS["independent noise"].sample(size)
    timed = evaluation.compare(priced, sample[list(columns)], sample["class"], 2)
    costs["fit (ms)", size // 2] = 1000 * timed["fit_seconds"]
    costs["predict (ms)", size // 2] = 1000 * timed["predict_seconds"]
costs = pd.DataFrame(costs).sort_index(axis=1)
costs.columns.names = ["", "samples"]
costs.round(1)

# %% [markdown]
# ## 10 · A decision diagram that you can follow
#
# The map spoke of noise that only a simulation knows. With real data you have an expert per modality, and what each of them says of training samples *that it was not fitted on* (`cross_val_predict`). Take its log-odds for the true class,
#
# $$ e_r = \log \frac{p_r(y)}{1 - p_r(y)}, $$
#
# less their mean within each class. What is left is the expert's error, sample by sample, and two numbers describe it:
#
# 1. *Do experts err together?* The **correlation** of $e_r$ between the experts (mean over pairs).
# 2. *Does one modality contradict the others now and then?* Then some errors are far out: the **excess kurtosis** of $e_r$ (mean over experts) is high.


# %% tags=["evidence"]
def symptoms(P, y):
    """Correlation and excess kurtosis of the experts' errors, from out-of-fold posteriors.

    P has shape (n_samples, n_experts, n_classes); y are class numbers.
    """
    own = np.clip(P[np.arange(len(y)), :, y], 1e-6, 1 - 1e-6)
    e = pd.DataFrame(np.log(own / (1 - own)))
    e = e - e.groupby(y).transform("mean")
    together = e.corr().to_numpy()[np.triu_indices(P.shape[1], 1)].mean()
    return {"correlation": together, "kurtosis": e.kurt().mean()}


@experiment("06_diagram", grid(number=range(160)))
def random_worlds(number):
    """Symptoms of a random world's training data, and the accuracy of every fusion in it."""
    rng = np.random.default_rng(1000 + number)
    world = PostWorld(
        reliability=tuple(rng.uniform(0.3, 3, size=3)),
        noise_correlation=float(rng.choice([0.0, 0.4, 0.8])),
        conflict=float(rng.choice([0.0, 0.25])),
    )
    size, seed = int(rng.choice([60, 150, 400])), 1000 + number
    train, names = world.sample(size, 2 * seed), list(world.modalities)
    y = train["class"].to_numpy()
    posteriors = [
        cross_val_predict(LogisticRegression(), train[[m]], y, cv=5, method="predict_proba")
        for m in names
    ]
    result = contestants(world, size, seed, 2000, learn=["learned", "stack"])
    return {"size": size, **symptoms(np.stack(posteriors, axis=1), y), **result}


# %% [markdown]
# The diagram asks two questions and has three answers. Its thresholds and its answers are those with the least *regret* on the first eighty random worlds (three modalities; random reliabilities, shared noise, conflict and training size): the points that a choice loses to the best fusion of that world.

# %%
random_worlds.confirm(number=0, within=0.02)
tried = random_worlds.table()
fusions = ["sum", "product", "median", "concat", "learned", "stack"]
regrets = 100 * (tried[fusions].max(axis=1).to_numpy()[:, None] - tried[fusions])
first, second = regrets.index < 80, regrets.index >= 80


def diagram_regret(rows, kurtosis, correlation, outliers, together, else_):
    """Regret of following a diagram, one number a world."""
    far_out = tried.loc[rows, "kurtosis"] > kurtosis
    err_together = tried.loc[rows, "correlation"] > correlation
    r = regrets.loc[rows]
    return np.where(far_out, r[outliers], np.where(err_together, r[together], r[else_]))


candidates = grid(
    kurtosis=[1, 2, 3, 4], correlation=[0.05, 0.1, 0.2, 0.3],
    outliers=fusions, together=fusions, else_=fusions,
)  # fmt: skip
diagram = min(candidates, key=lambda c: diagram_regret(first, **c).mean())
print(diagram)

# %% [markdown]
# **Predict**: on eighty *other* worlds, will the diagram beat "always stack"? And "always the product"?

# %% tags=["nbval-ignore-output"]
policies = {f"always {name}": regrets.loc[second, name].to_numpy() for name in fusions}
policies["diagram"] = diagram_regret(second, **diagram)
outcome = pd.DataFrame(
    {
        name: {
            "regret (points)": r.mean(),
            "diagram is better by": (r - policies["diagram"]).mean(),
            "standard error": stats.sem(r - policies["diagram"]),
        }
        for name, r in policies.items()
    }
).T
outcome.sort_values("regret (points)").round(2)

# %%
fig, ax = plt.subplots(figsize=(8, 2.8))
ax.axis("off")
box = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": plotting.COLOURS["blue"]}
leaf = {"boxstyle": "round,pad=0.5", "fc": "#FFF4E0", "ec": plotting.COLOURS["orange"]}
arrow = {"arrowstyle": "->", "color": "0.3", "shrinkA": 8, "shrinkB": 8}
steps = [
    (f"errors far out?\nkurtosis > {diagram['kurtosis']}", diagram["outliers"]),
    (f"experts err together?\ncorrelation > {diagram['correlation']}", diagram["together"]),
]
for i, (question, answer) in enumerate(steps):
    x = 0.15 + 0.37 * i
    ax.text(x, 0.8, question, ha="center", va="center", bbox=box)
    ax.text(x, 0.1, answer, ha="center", va="center", bbox=leaf)
    ax.annotate("", (x, 0.14), (x, 0.68), arrowprops=arrow)
    ax.text(x + 0.01, 0.42, "yes", color="0.3")
    ax.annotate("", (x + 0.25, 0.8), (x + 0.12, 0.8), arrowprops=arrow)
    ax.text(x + 0.185, 0.85, "no", ha="center", color="0.3")
ax.text(0.89, 0.8, diagram["else_"], ha="center", va="center", bbox=leaf)
plotting.show(
    fig,
    alt="Decision diagram of two questions. Are the experts' errors far out: kurtosis above the "
    "threshold? Then stack. If not, do the experts err together: correlation above the threshold? "
    "Then concatenate the features. If not, multiply the posteriors.",
)

# %% [markdown]
# The diagram loses least on worlds that it has not seen, without having tried a single fusion in them; against "always stack" the lead is small, but more than two standard errors.
#
# **Follow it on the posts**: tuned experts, and what they say of authors that they were not fitted on.

# %% tags=["nbval-ignore-output"]
(X_train, y_train, who), *_ = split(0)
codes = np.unique(y_train, return_inverse=True)[1]
heard = [
    cross_val_predict(
        expert, X_train[chosen], y_train, cv=GroupKFold(5), groups=who, method="predict_proba"
    )
    for _, expert, chosen in tuned_experts(X_train, y_train, who, columns)
]
found = symptoms(np.stack(heard, axis=1), codes)
print({name: round(float(value), 2) for name, value in found.items()})
if found["kurtosis"] > diagram["kurtosis"]:
    suggested = diagram["outliers"]
elif found["correlation"] > diagram["correlation"]:
    suggested = diagram["together"]
else:
    suggested = diagram["else_"]
row = {"stack": "late stack", "concat": "early concat"}.get(suggested, f"late {suggested}")
print(f"the diagram says: {suggested}")
for name in (row, f"{row}, calibrated", table["mean"].idxmax()):
    if name in table.index:
        print(f"  {name}: {table.loc[name, 'mean']:.3f}")

# %% [markdown]
# The experts err nearly independently and without outliers, so the diagram says: multiply. The product as the diagram knows it, not calibrated, is three points below the best of the seventeen in section 4; calibrated, as chapter 05 advises, it is within half a point. That is one data set; the eighty worlds are the evidence. It is a way to start, not a verdict: with your own data let a comparison like section 4's have the last word.
#
# ## What we measured
#
# The main claims of this chapter, asserted.

# %% tags=["nbval-ignore-output"]
mean, over = table["mean"], table[[f"over {best}", "p"]]
assert alarms.mean().loc["one 5-fold", "plain"] < 0.08
assert (
    alarms.mean().loc["5 random resplits", "plain"] > 2 * alarms.mean().loc["one 5-fold", "plain"]
)
assert alarms.mean().loc["10 times 10-fold", "plain"] > 0.4
assert alarms.mean()["corrected"].max() < 0.1

strong = ["late stack", "late product, calibrated", "late product, weights"]
assert (over.loc[strong, "p"] < 0.05).all() and (over.loc[strong, f"over {best}"] > 0.08).all()
assert mean["early sum (SVD)"] < mean[best] and mean["early product (SVD)"] < 0.45
cca = gain("early sum (CCA)", "early sum (SVD)")
assert cca["gain"] > 0.1 and cca["p"] < 0.01
assert gain("late product, calibrated", "late product")["p"] > 0.05  # no clear winner
assert gain("late product, calibrated", "early concat")["p"] > 0.05
assert posts.ceiling() - mean.max() > 0.05  # all stay below the ideal observer

# %% tags=["nbval-ignore-output"]
xor = accuracy["XOR"]
straight = ["late sum", "late product", "late stack, linear", "concat, linear"]
bent = ["concat, kernel", "feature product", "late stack, kernel, raw"]
assert xor[straight].max() < 0.56 < 0.75 < xor[bent].min()
assert (calibrated < 0.56).sum() == 4
assert accuracy.loc["late sum", "copy"] > accuracy.loc[["image", "audio"], "copy"].max() + 0.03
assert abs(accuracy.loc["concat, linear", "unique"] - accuracy.loc["image", "unique"]) < 0.02
assert accuracy.loc["late product", "AND"] > accuracy.loc["chance", "AND"] + 0.05

independent, above, world = lost.loc[0.0], lost.loc[(0.8, 0.4)], pair(0.4, 0.8)
assert independent["product"].max() < 1.5 and lost["concat"].max() < 1.5
assert (lost["learned"] < lost["product"] + 1).all()  # learned exponents: never much worse
gap = 100 * (world.ceiling() - world.ceiling(["image"]))  # what the better modality alone loses
assert above[["product", "sum"]].min() > gap + 2 and abs(above["learned"] - gap) < 2
for (noise, strength), row in lost.iterrows():
    alone = 100 * (pair(strength, noise).ceiling() - pair(strength, noise).ceiling(["image"]))
    if noise > strength / 1.5 + 0.01:  # above the line: worse than the better modality alone
        assert row[["product", "sum"]].min() > alone
    elif strength > 0 and noise > 0:  # on it or right of it: about a point
        assert row["product"] < 1.6 and row["learned"] < 1.3

liars, honest = conflict.loc[0.5], conflict.loc[0.0]
assert liars["median"] > liars["sum"] + 0.02 and liars["sum"] > liars["product"] + 0.05
assert honest["product"] > honest["median"]

# %% tags=["nbval-ignore-output"]
means = curve.xs("mean", axis=1, level=1)
apart, shared = (means.loc[name] for name in WORLDS)
print(means.round(3).to_string())
others = apart[["learned", "concat", "stack"]].max(axis=1)
assert (apart["product"] > others - 0.01)[1:].all()  # from 30 samples on nothing beats it
assert (shared["learned"] > shared["product"]).all()
assert shared[["sum", "product"]].max(axis=None) < WORLDS["shared noise 0.5"].ceiling(["text"])
assert shared.loc[480, ["concat", "stack"]].min() > shared.loc[480, "learned"] + 0.01
assert apart.loc[30, "stack"] < apart.loc[30, "product"] - 0.005

fit = costs["fit (ms)"].sum(axis=1)
assert fit["late stack"] > 1.5 * fit["late sum"] > 1.5 * fit["early concat"]
lead = outcome.drop(index="diagram")
assert (lead["diagram is better by"] > 2 * lead["standard error"]).all()
assert suggested == "product" and mean.max() - mean["late product, calibrated"] < 0.01

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 06.1 · Which fusions may you call better?
#
# You get the scores of several models on the same folds, and must say which fusions are better than the best single modality. Best single: the one with the highest mean. Better: a positive mean difference whose corrected $p$ is below 0.05 divided by the number of *fusions* (Bonferroni). Return their names in the order of the columns.


# %%
def better_fusions(scores, singles, share):
    """scores: DataFrame, a row a fold, a column a model; singles: names; share: n_test / n_train."""
    ...  # your code here


check("06.1", better_fusions)

# %% [markdown]
# <details><summary>Hint</summary>Three decisions: which single modality, which test, which threshold. <code>evaluation.corrected_t_test</code> gives mean and p.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(scores, singles, share):
    best = scores[singles].mean().idxmax()
    rivals = [name for name in scores if name not in singles]
    names = []
    for name in rivals:
        test = evaluation.corrected_t_test(scores[name] - scores[best], share)
        if test.mean > 0 and test.p_value < 0.05 / len(rivals):
            names.append(name)
    return names


check("06.1", solution_1)

# %% [markdown]
# ### Exercise 06.2 · Redundancy
#
# Write Williams and Beer's redundancy for any joint distribution `joint[x1, x2, y]`, in bits. Cells may be zero.


# %%
def redundancy(joint):
    """joint: shape (n_x1, n_x2, n_y), sums to 1. Return bits."""
    ...  # your code here


check("06.2", redundancy)

# %% [markdown]
# <details><summary>Hint</summary>Compute, for each modality and each outcome, what the modality tells about that outcome. Take the smaller of the two <em>before</em> you average over outcomes.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_2(joint):
    told = []
    for p in (joint.sum(axis=1), joint.sum(axis=0)):  # p(x, y) of each modality
        given_y = p / p.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = given_y * np.log2(given_y / p.sum(axis=1, keepdims=True))
        told.append(np.nansum(terms, axis=0))
    return joint.sum(axis=(0, 1)) @ np.minimum(*told)


check("06.2", solution_2)

# %% [markdown]
# ### Exercise 06.3 · Paired, grouped folds
#
# Write what is at the heart of `compare`: the differences in accuracy of two classifiers on the same grouped folds. The checker's classifiers are spies: they note on which rows they were fitted and tested.


# %%
def paired_differences(a, b, X, y, groups, n_splits):
    """X: DataFrame; y, groups: arrays. Return accuracy of a less that of b, shape (n_splits,)."""
    ...  # your code here


check("06.3", paired_differences)

# %% [markdown]
# <details><summary>Hint</summary>Make the list of folds once: <code>list(GroupKFold(n_splits).split(X, y, groups))</code>.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_3(a, b, X, y, groups, n_splits):
    from sklearn.model_selection import GroupKFold, cross_val_score

    folds = list(GroupKFold(n_splits).split(X, y, groups))
    return cross_val_score(a, X, y, cv=folds) - cross_val_score(b, X, y, cv=folds)


check("06.3", solution_3)

# %% [markdown]
# ### Exercise 06.4 · Choose a rule
#
# You get out-of-fold posteriors of several experts and the true classes, and must say which rule to use on *new* samples of the same kind: `"sum"`, `"product"` or `"median"`. The checker makes six worlds (honest experts, experts that boast, modalities that lie), some in which each rule is best, with 3000 samples each; your choice must be within one point of accuracy of the best rule on new samples in every world.


# %%
def choose_rule(P, y):
    """P: shape (n_samples, n_experts, n_classes); y: class numbers. Return a rule's name."""
    ...  # your code here


check("06.4", choose_rule)

# %% [markdown]
# <details><summary>Hint</summary>You need no theory of which world it is: what would each rule have answered? <code>rules.apply_rule(name, P)</code>.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(P, y):
    names = ["sum", "product", "median"]
    return max(names, key=lambda name: np.mean(rules.apply_rule(name, P).argmax(axis=1) == y))


check("06.4", solution_4)

# %% [markdown]
# ## Quiz
#
# 1. Two microphones in one room have the same reliability and share most of their noise. Is averaging them worth anything?
#
# <details><summary>Answer</summary>Little. With equal reliabilities the ideal weights are equal, so averaging is right, but d'² is only 2 / (1 + ρ) times that of one microphone: with ρ near 1 hardly more than one. A <em>weaker</em> second microphone that hears mostly the noise would be worth more, with a negative weight.</details>
#
# 2. A colleague chooses the best of seventeen fusions by cross-validation and reports its cross-validated accuracy and p-value. What is wrong?
#
# <details><summary>Answer</summary>The best of seventeen is partly the luckiest of seventeen: its score is too high and its p-value too small. Report the choice on data that took no part in it (an outer loop of folds, or a test set), and correct for the number of comparisons.</details>
#
# 3. Two experts are at chance on XOR, each for itself. Can a stacker on their posteriors solve it?
#
# <details><summary>Answer</summary>Sometimes. A linear one cannot. One that can bend does, as long as the posteriors still follow what the experts saw, however faintly (section 5). Well calibrated experts answer the prior whatever they see, and then nothing is left to combine (four of five seeds in section 5).</details>
#
# 4. The sum rule loses to the product where noise is independent (section 6) and wins in section 7. Which should be the default for a system that will meet data you have not seen?
#
# <details><summary>Answer</summary>Of these two the sum: with independent noise it loses a few points at most to the ideal, and under conflict it falls much less than the product. (Where the experts' reliabilities differ, the median can cost much more: section 8. A trained stack did better than either on section 10's worlds.) The product is for experts you have reason to trust: calibrated, and independent given the class.</details>
#
# ## Pitfalls
#
# - **A plain t-test over repeated folds.** It calls equals different several times too often (section 3). Use `compare`, or `corrected_t_test`.
# - **A rival with borrowed settings.** Give every model its own inner search, or you compare settings.
# - **Leaving out the best single modality.** A fusion sounds fine until one modality alone has as much. Pick the single on the same folds.
# - **Fitting outside the folds.** Scaling, TF-IDF, PCA, codebooks and calibration are fitted; put them into the pipeline. What looks at one sample only may be computed once.
# - **Groups forgotten in the inner folds.** Learned weights and calibration split the training data again; `compare` hands the groups on to `DecisionFusion`; inside `cross_val_score` or a search, name a column of the table: `DecisionFusion(..., groups="author")`.
# - **Many levels, few samples.** Quantise finely and everything looks informative, synergy most of all. Print `information_bias` beside the bits.
# - **Believing in redundancy too literally.** I_min compares amounts. For two independent bits with the pair as the target it reports one redundant bit, though the modalities share nothing.
# - **Times under load.** `fit_seconds` means something only with `n_jobs=None` on a quiet machine.
#
# ## References
#
# - C. Nadeau, Y. Bengio: Inference for the generalization error. Machine Learning 52, 2003.
# - R. R. Bouckaert, E. Frank: Evaluating the replicability of significance tests for comparing learning algorithms. PAKDD 2004.
# - C. E. Bonferroni: Teoria statistica delle classi e calcolo delle probabilità. 1936 (the threshold divided by the number of comparisons).
# - P. L. Williams, R. D. Beer: Nonnegative decomposition of multivariate information. arXiv:1004.2515, 2010.
# - P. P. Liang et al.: Quantifying and modeling multimodal interactions: an information decomposition framework. NeurIPS 2023.
# - J. Kittler, M. Hatef, R. P. W. Duin, J. Matas: On combining classifiers. IEEE TPAMI 20, 1998.
# - B. B. Averbeck, P. E. Latham, A. Pouget: Neural correlations, population coding and computation. Nature Reviews Neuroscience 7, 2006 (when shared noise helps, and when it hurts).
#
# **Next**: [07 · Sharing a code: the multimodal autoencoder](07_share_a_code.ipynb): can one code stand for face, voice and words?
