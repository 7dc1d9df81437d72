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
# - compare early and late fusions fairly: same folds, grouped, repeated, with an interval and a test that is honest about overlapping training sets,
# - measure redundancy, unique information and synergy in bits,
# - predict from two numbers (how good the weaker modality is, how much noise the modalities share) which fusion wins, and check it against the best that is possible,
# - say how many samples a learned fusion needs, and what each fusion costs.
#
# **You need**: chapter 05 (the rules of late fusion), what a covariance is, cross-validation.
#
# **Time**: 60 minutes to read and do, 45 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | early fusion, late fusion | 特征级融合、决策级融合 | combine features before one classifier; combine the decisions of several |
# | ideal observer | 理想观察者 | knows the distributions; no classifier does better on average |
# | noise correlation | 噪声相关 | when one modality errs, the other errs the same way |
# | redundancy, unique information, synergy | 冗余、独有信息、协同 | told by either modality, by one only, only by both together |
# | corrected resampled t-test | 校正重采样 t 检验 | a test for cross-validated differences that counts the overlap |
# | learning curve | 学习曲线 | accuracy against the number of training samples |

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, datasets, evaluation, image, information, plotting, text
from mmtutor.datasets import PostWorld
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion, FeatureFusion, rules

plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# Five pairs of modalities. In each, `image` has the same reliability, and `audio` is weaker or at most as good. Only two things change: the reliability of `audio`, and how much noise it shares with `image`. For such simulated worlds we know the *ideal observer's* accuracy, the best that anybody can do.
#
# **Predict before you run the next cell**: does shared noise help or hurt? Can a modality that says *nothing* by itself be worth anything?


# %%
def pair(strength, correlation):
    """Two modalities; the first has reliability 1.5, the second `strength`."""
    return PostWorld(
        ("image", "audio"), (1.5, strength), noise_correlation=correlation, missing=(0.0, 0.0)
    )


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
# ## 3 · A fair comparison
#
# Before we look for winners we need a test that does not invent them. In $k$-fold cross-validation the training sets overlap, so the scores of the folds are not independent, and the plain t-test believes in far more evidence than there is. Nadeau and Bengio's correction enlarges the variance:
#
# $$ t = \frac{\bar d}{\sqrt{\left(\frac{1}{J} + \frac{n_\text{test}}{n_\text{train}}\right) s_d^2}} \qquad\text{with } J - 1 \text{ degrees of freedom,} $$
#
# for the $J$ differences $d$ of two models on the same folds (all repeats together).


# %%
def t_test(d, share):
    """Corrected resampled t-test of differences `d`, with share = n_test / n_train."""
    t = d.mean() / np.sqrt((1 / len(d) + share) * d.var(ddof=1))
    return t, 2 * stats.t.sf(abs(t), len(d) - 1)


d = np.array([0.02, 0.04, 0.03, 0.01, 0.05])
t, p = t_test(d, share=1 / 4)
package = evaluation.corrected_t_test(d, test_share=1 / 4)
assert np.allclose((t, p), (package.statistic, package.p_value))
print(f"corrected t = {t:.2f}, p = {p:.3f}; plain t-test p = {stats.ttest_1samp(d, 0).pvalue:.3f}")

# %% [markdown]
# **Predict**: two modalities are *equally* informative. We compare them a hundred times, each time on new data, with fifteen random splits. How often will the plain t-test call the difference significant at 0.05? It should be about five.


# %%
def split_differences(seed):
    """Accuracy of one modality less that of an equally good one, on 15 random splits."""
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=120)
    X = y[:, None] + rng.normal(size=(120, 2))
    out = []
    for order in (rng.permutation(120) for _ in range(15)):
        train, test = order[24:], order[:24]
        middle = [X[train][y[train] == c].mean(axis=0) for c in (0, 1)]
        right = (X[test] > np.mean(middle, axis=0)) == y[test, None]
        out.append(right[:, 0].mean() - right[:, 1].mean())
    return np.array(out)


found = {"plain": 0, "corrected": 0}
for d in map(split_differences, range(100)):
    found["plain"] += int(stats.ttest_1samp(d, 0).pvalue < 0.05)
    found["corrected"] += int(t_test(d, share=24 / 96)[1] < 0.05)
print("'significant' differences between equals, of 100:", found)
assert found["plain"] > 30 and found["corrected"] < 12

# %% [markdown]
# The plain test finds a winner between equals in more than 30 of 100 comparisons. If you have ever read that fusion A "significantly" beats fusion B in ten-fold cross-validation, ask which test it was.
#
# ## 4 · All rules on the posts
#
# Now the recipe, on the rendered posts: text, a face, a voice over music, 30 authors. Three points make it fair:
#
# - **Groups.** No author is in training and test: `groups=posts.groups`.
# - **Nothing fitted outside the folds.** HOG and MFCC look at one sample at a time, so we compute them once. TF-IDF, scaling and projection are *fitted*, so they stay inside the models.
# - **The best single modality stands in the table**, and every difference is to it.

# %%
posts = datasets.load_posts()
pixels = image.HOGFeatures(pixels_per_cell=24).fit_transform(posts.frame["image"])
sounds = np.hstack(
    [
        audio.MFCCFeatures().fit_transform(posts.frame["audio"]),
        audio.ChromaFeatures().fit_transform(posts.frame["audio"]),
    ]
)
X = pd.concat(
    [
        posts.frame["text"],
        pd.DataFrame(pixels).add_prefix("hog"),
        pd.DataFrame(sounds).add_prefix("sound"),
    ],
    axis=1,
)
columns = {"text": "text", "image": [c for c in X if c.startswith("hog")]}
columns["audio"] = [c for c in X if c.startswith("sound")]
print(X.shape[0], "posts by", len(set(posts.groups)), "authors;", pixels.shape[1], "numbers a face")
plotting.listen(posts.frame["audio"].iloc[0], caption=f"the first post, {posts.target[0]}")


# %%
def classifier(C=1.0):
    return LogisticRegression(C=C, max_iter=500, tol=1e-3)


words = text.TfidfFeatures(ngram_range=(1, 1))
experts = [
    ("text", make_pipeline(words, classifier()), columns["text"]),
    ("image", classifier(), columns["image"]),
    ("audio", make_pipeline(StandardScaler(), classifier(0.1)), columns["audio"]),
]
blocks = [
    ("text", words, columns["text"]),
    ("image", "passthrough", columns["image"]),
    ("audio", "passthrough", columns["audio"]),
]

models = {expert[0]: DecisionFusion([expert], calibration=None) for expert in experts}
for rule in ("sum", "product", "max", "min", "median", "vote"):  # fixed: nothing is learned
    models[f"late {rule}"] = DecisionFusion(experts, rule=rule, calibration=None)
learned = {"calibration": None, "cv": 3}
models["late calibrated"] = DecisionFusion(experts, rule="product", cv=3)
models["late learned"] = DecisionFusion(experts, rule="product", weights="learned", **learned)
models["late stack"] = DecisionFusion(experts, rule="stack", **learned)
models["early concat"] = make_pipeline(FeatureFusion(blocks), classifier(10))
for rule in ("weighted", "sum", "product"):
    fusion = FeatureFusion(blocks, rule=rule, n_components=40, align="svd")
    models[f"early {rule}"] = make_pipeline(fusion, classifier(0.1))
print(len(models), "models")

# %% [markdown]
# Sixteen models, two repeats of five grouped folds each. **Predict**: will the best fusion be early or late? Will any fusion be *worse* than the best single modality?

# %% tags=["nbval-ignore-output"]
singles = ["text", "image", "audio"]
cv = evaluation.RepeatedGroupKFold(n_splits=5, n_repeats=2)
table = evaluation.compare(models, X, posts.target, cv, groups=posts.groups, singles=singles)
shown = ["mean", "low", "high", "difference", "p_value", "fit_seconds"]
table[shown].sort_values("mean", ascending=False).round(3)

# %%
fig, ax = plt.subplots(figsize=(6.4, 4.6))
plotting.intervals(ax, table, ceiling=posts.ceiling())
ax.axvline(1 / 3, color="0.8", zorder=0)
ax.text(1 / 3, len(table) - 1, " chance", color="0.5", va="center")
plotting.show(
    fig,
    alt="Accuracy of sixteen models with 95 % intervals, sorted. Late stack, learned and "
    "calibrated lead, then the fixed late rules and concatenation; the single modalities follow; "
    "early sum and weighted mean are below them and the early product is at chance. The ideal "
    "observer is far above all.",
)

# %% [markdown]
# Three readings.
#
# - **What learns how far to trust each expert leads**: stacking, learned exponents, and the product of *calibrated* posteriors, all fitted out of fold. The same product on raw posteriors gains less over the best single modality: these experts differ in how bold they are, and a fixed rule takes boldness for knowledge (chapter 05).
# - **Fusing is no guarantee.** Adding or multiplying features that were projected by SVD is *worse than the best single modality*: equal width is not equal meaning (chapter 04).
# - **The ideal observer is far above all.** Most of that gap is not the fusion's fault: the classifiers see hundreds of numbers of a face, not the one number behind them. To learn about fusion alone, we now take those latent numbers themselves.
#
# ## 5 · Redundancy, unique information, synergy
#
# What can a pair of modalities tell about a target? Four parts, in bits, that add up to $I(X_1, X_2; Y)$: told by either, by the first only, by the second only, only by both together. Redundancy is the least that either modality tells about each outcome, averaged:
#
# $$ R = \sum_y p(y) \min_i \sum_x p(x_i \mid y) \log_2 \frac{p(y \mid x_i)}{p(y)}. $$
#
# The textbook cases are gates on two fair bits. By hand first, for AND:

# %%
gate = {"XOR": lambda a, b: a ^ b, "AND": lambda a, b: a & b, "unique": lambda a, b: a}
joint = {name: np.zeros((2, 2, 2)) for name in [*gate, "copy"]}
for a in (0, 1):
    joint["copy"][a, a, a] = 1 / 2  # both modalities are the target itself
    for b in (0, 1):
        for name, function in gate.items():
            joint[name][a, b, function(a, b)] = 1 / 4

p = joint["AND"]
one = p.sum(axis=1)  # p(x, y) of the first modality; the second is the same by symmetry
given, p_x, p_y = one / one.sum(axis=0), one.sum(axis=1, keepdims=True), one.sum(axis=0)
with np.errstate(divide="ignore", invalid="ignore"):
    told = np.nansum(given * np.log2(given / p_x), axis=0)  # of each outcome; 0 log 0 is 0
by_hand = p_y @ told
assert np.isclose(by_hand, information.decompose(p).redundancy)
print(f"AND: redundancy {by_hand:.3f} bits")
pd.DataFrame({n: information.decompose(p)._asdict() for n, p in joint.items()}).T.round(3) + 0.0

# %% [markdown]
# Now from *samples*. The bits become noisy measurements, we quantise these again and count. Counting makes information look larger than it is, by about $(n_x - 1)(n_y - 1) / (2 n \ln 2)$ bits: use few levels and many samples.


# %%
def noisy_gate(name, n, noise, seed):
    """Samples of a gate: two noisy measurements of its bits, and the target."""
    rng = np.random.default_rng(seed)
    cell = rng.choice(8, size=n, p=joint[name].ravel())
    a, b, y = np.unravel_index(cell, (2, 2, 2))
    values = np.column_stack([2 * a - 1, 2 * b - 1]) + noise * rng.normal(size=(n, 2))
    return pd.DataFrame(values, columns=["image", "audio"]), y


rows = {}
for name in joint:
    Z, y = noisy_gate(name, 4000, noise=0.25, seed=0)
    levels = (Z["image"] > 0, Z["audio"] > 0)
    counted = information.decompose(information.joint_distribution(*levels, y))
    rows[name] = counted._asdict()
    assert np.allclose(counted, information.decompose(joint[name]), atol=0.03)
print(f"bias of I(pair; target) at 4000 samples: {information.information_bias(4, 2, 4000):.4f}")
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# **Predict**: with more noise, five fusions are trained on each gate. Which gate defeats all late fusions, and which single fusion solves it? (Each line's best single modality stands beside.)

# %% tags=["nbval-ignore-output"]
numbers = [(m, classifier(), [m]) for m in ("image", "audio")]
bare = [(m, "passthrough", [m]) for m in ("image", "audio")]
contest = {expert[0]: DecisionFusion([expert], calibration=None) for expert in numbers}
contest["late sum"] = DecisionFusion(numbers, rule="sum", calibration=None)
contest["late product"] = DecisionFusion(numbers, rule="product", calibration=None)
contest["late learned"] = DecisionFusion(numbers, rule="product", weights="learned", **learned)
contest["early concat"] = make_pipeline(FeatureFusion(bare), classifier())
contest["early product"] = make_pipeline(FeatureFusion(bare, rule="product"), classifier())
gates = {}
for name in joint:
    Z, y = noisy_gate(name, 1000, noise=0.8, seed=1)
    gates[name] = evaluation.compare(contest, Z, y, 5)["mean"]
gates = pd.DataFrame(gates).T
best_single = gates[["image", "audio"]].max(axis=1)
fused = gates.drop(columns=["image", "audio"])
print(fused.assign(single=best_single).map("{:.0%}".format).to_string())

# %% [markdown]
# - **Synergy** (XOR): late fusion is at chance, because each expert alone has nothing to say and nothing can be combined afterwards. Only the product of *features* has it.
# - **Redundancy** (copy): all sensible fusions gain, by averaging the noise out.
# - **Unique**: one modality is useless; nobody gains, and nobody who can ignore it loses.
# - **AND** has some of each; the rules that add evidence do well.
# - The product of features, the hero of XOR, is the worst choice for all others: it keeps the signs' agreement and forgets the signs.
#
# Late fusion cannot see synergy. What does synergy look like in our Gaussian pairs? We quantise the latent values into eight levels and let the shared noise grow.

# %%
grid = np.arange(0, 0.91, 0.15)
bits = []
for correlation in grid:
    sample = pair(0.6, correlation).sample(60_000, random_state=0)
    levels = [information.quantise(sample[m], 8) for m in ("image", "audio")]
    bits.append(information.decompose(information.joint_distribution(*levels, sample["class"])))
fig, ax = plt.subplots()
ax.stackplot(
    grid,
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
assert synergy[0] > 0.03 > synergy[grid.searchsorted(0.4)] and synergy[-1] > bits[-1].redundancy

# %% [markdown]
# Redundant and unique bits do not change, for they depend on each modality alone. All that shared noise changes is the synergy: it vanishes where the weak modality's ideal weight is zero, and then grows past the redundancy. The little at the left end is what two independent opinions are worth beyond either, and a product rule can have it. What grows on the right is of another kind: to get it one must *subtract*, so there we should expect late fusion to fail.
#
# ## 6 · The map
#
# We train the fusions in a grid of worlds: the reliability of `audio` across, shared noise upwards, five seeds in each cell, 300 samples for training and 3000 for the test. The late rules share their experts, so the sum and the product are read off the same posteriors.


# %%
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
        answers[name] = DecisionFusion(ones, **how, **learned).fit(Z, y).predict_proba(test[names])
    return {rule: np.mean(p.argmax(axis=1) == test["class"]) for rule, p in answers.items()}


strengths, correlations = (0.0, 0.4, 0.8, 1.2, 1.5), (0.0, 0.2, 0.4, 0.6, 0.8)
lost = []
for strength in strengths:
    for correlation in correlations:
        world = pair(strength, correlation)
        for seed in range(5):
            result = contestants(world, 300, seed, learn=["learned"])
            row = {rule: 100 * (world.ceiling() - score) for rule, score in result.items()}
            lost.append({"strength": strength, "correlation": correlation, **row})
lost = pd.DataFrame(lost).groupby(["correlation", "strength"]).mean()
print(lost.shape[0], "worlds")

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
    ax.set_xticks(range(5), strengths)
    ax.set_yticks(range(5), correlations)
    ax.set(title=rule if rule == "concat" else f"late {rule}", xlabel="reliability of audio")
    # audio's ideal weight is zero where correlation = reliability / 1.5
    line = np.interp([0, 0.8 * 1.5], strengths, range(5))
    ax.plot(line, [0, 4], "--", color="0.4")
axes[0].set_ylabel("shared noise")
fig.colorbar(picture, ax=axes, label="points lost to the ideal observer", shrink=0.9)
plotting.show(
    fig,
    alt="Four heat maps of accuracy lost against the ideal observer. Concatenation loses nearly "
    "nothing anywhere; the late product nothing in the bottom row, where noise is independent; all "
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
ax.set_xticks(range(5), strengths)
ax.set_yticks(range(5), correlations)
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
# - **Independent noise** (bottom row): the product rule is as good as the ideal observer, without learning anything about the pair.
# - **Some shared noise, right of the line**: the product counts the shared part twice, which makes it too sure of itself but seldom changes the class it names. It loses about a point at most; learned exponents regain a part of that.
# - **Above the line**: fixed rules are *worse than the better modality alone*; learned weights fall back on that modality; only a classifier that sees both at once can subtract.
#
# So why not always concatenate? On latent values it costs one coefficient more. On real features it costs hundreds, and section 4 showed the bill. And there is one more regime.
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
conflict = pd.DataFrame(conflict).groupby("conflict").mean()

fig, ax = plt.subplots()
looks = {"ideal observer": ("0.5", "--"), "best single": ("0.5", ":")}
for rule in ["ideal observer", "median", "sum", "product", "concat", "best single"]:
    colour, dash = looks.get(rule, (None, "-"))
    ax.plot(chances, conflict[rule], dash, color=colour, marker="", lw=2, label=rule)
ax.set(xlabel="probability that one modality contradicts", ylabel="accuracy")
ax.legend(fontsize=8)
plotting.show(
    fig,
    alt="Accuracy against the probability of conflict. Product and concatenation fall steeply and "
    "together; the sum falls less; the median falls least and stays nearest to the ideal observer.",
)

# %% [markdown]
# Multiplying gives every expert a veto, and adding log-odds (which is what the linear classifier on concatenated features does) is the same thing. The sum limits what one liar can do, the median limits it more. But mind the left end of the figure, without conflict: there the order is reversed.
#
# ## 8 · How many samples does a learned fusion need?
#
# Fixed rules need samples only for their experts. Learned exponents, stacking and concatenation also have to learn how to combine. Two worlds of three modalities: one with independent noise, where there is nothing more to learn, and one with shared noise. In the figure the ideal observer is dashed, the best single modality dotted, and the bars are the standard errors of five seeds. **Predict** the order of the curves at 15 and at 480 samples.

# %%
worlds = {
    "independent noise": PostWorld(reliability=(1.5, 0.8, 0.2)),
    "shared noise 0.5": PostWorld(reliability=(1.5, 0.8, 0.2), noise_correlation=0.5),
}
sizes = (15, 30, 60, 120, 480)
curve = []
for name, world in worlds.items():
    for size in sizes:
        for seed in range(5):
            result = contestants(world, size, seed, 2000, learn=["learned", "stack"])
            curve.append({"world": name, "size": size, **result})
curve = pd.DataFrame(curve).groupby(["world", "size"]).agg(["mean", "sem"])

fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
for ax, (name, world) in zip(axes, worlds.items(), strict=True):
    for rule in ("sum", "product", "learned", "stack", "concat"):
        mean, sem = curve.loc[name][rule]["mean"], curve.loc[name][rule]["sem"]
        ax.errorbar(sizes, mean, yerr=sem, capsize=2, label=rule)
    ax.axhline(world.ceiling(), color="0.5", ls="--")
    ax.axhline(world.ceiling(["text"]), color="0.5", ls=":")
    ax.set(xscale="log", xlabel="training samples", title=name)
    ax.minorticks_off()
    ax.set_xticks(sizes, sizes)
axes[0].set_ylabel("accuracy")
axes[1].legend(fontsize=8)
plotting.show(
    fig,
    alt="Learning curves in two worlds with the ideal observer dashed and the best modality "
    "dotted. With independent noise the fixed product is not beaten from 30 samples on; with shared noise the "
    "fixed rules stay below the best single modality however many samples there are.",
)

# %% [markdown]
# With independent noise there is nothing to gain from 30 samples on: learning can only catch up with the fixed product, and stacking, which has most to learn, takes longest. (At 15 samples learned weights are a little ahead: they silence the weakest expert, which such a sample trains badly.) With shared noise no number of samples helps the fixed rules, whose mistake is not a lack of data: they stay below the best single modality (dotted). Learned weights are ahead of them from the start, but cannot be negative, so they stop at that line; concatenation and stacking overtake them as soon as they have some dozens of samples.
#
# ## 9 · What each fusion costs
#
# The times come from `compare`, which measures them on the way. What is learned out of fold has to fit every expert once more for each inner fold.

# %% tags=["nbval-ignore-output"]
ones = [(m, LogisticRegression(), [m]) for m in ("text", "image", "audio")]
priced = {
    "late sum": DecisionFusion(ones, calibration=None),
    "late sum, calibrated": DecisionFusion(ones, cv=3),
    "late learned": DecisionFusion(ones, rule="product", weights="learned", **learned),
    "late stack": DecisionFusion(ones, rule="stack", **learned),
    "early concat": LogisticRegression(),
}
costs = {}
for size in (200, 2000, 10_000):
    sample = worlds["independent noise"].sample(size)
    timed = evaluation.compare(priced, sample[list(columns)], sample["class"], 2)
    costs["fit (ms)", size // 2] = 1000 * timed["fit_seconds"]
    costs["predict (ms)", size // 2] = 1000 * timed["predict_seconds"]
costs = pd.DataFrame(costs).sort_index(axis=1)
costs.columns.names = ["", "samples"]
costs.round(1)

# %% [markdown]
# ## 10 · A decision diagram, and whether it can be trusted
#
# The map boils down to three questions, each of which can be answered by a number from the training data:
#
# 1. *Do modalities contradict each other?* Then, within a class, there are outliers: the excess kurtosis of the values is above zero.
# 2. *Do they share noise?* Then they are correlated within a class.
# 3. *Is there synergy?* Then products of features tell what no modality tells alone. (Gaussian noise has none of the XOR kind; the check is section 5.)

# %%
fig, ax = plt.subplots(figsize=(9, 2.8))
ax.axis("off")
steps = [
    ("outliers within a class?\nkurtosis > 0.8", "late sum\n(or median)"),
    (
        "noise shared?\n|correlation| > 0.25",
        "early concat\n(few samples, many\ncolumns: late learned)",
    ),
    ("synergy?\nproducts tell more", "early product,\nor one joint network"),
]
box = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": plotting.COLOURS["blue"]}
leaf = {"boxstyle": "round,pad=0.5", "fc": "#FFF4E0", "ec": plotting.COLOURS["orange"]}
arrow = {"arrowstyle": "->", "color": "0.3", "shrinkA": 4, "shrinkB": 4}
for i, (question, advice) in enumerate(steps):
    ask, tip = (0.1 + 0.27 * i, 0.8), (0.1 + 0.27 * i, 0.15)
    ax.annotate(advice, xy=ask, xytext=tip, ha="center", va="center", bbox=leaf,
                arrowprops=arrow | {"arrowstyle": "<-"})  # fmt: skip
    ax.text(*ask, question, ha="center", va="center", bbox=box)
    ax.text(ask[0] + 0.01, 0.5, "yes", color="0.3")
    ax.annotate("", (ask[0] + 0.185, 0.8), (ask[0] + 0.095, 0.8), arrowprops=arrow)
    ax.text(ask[0] + 0.14, 0.84, "no", ha="center", color="0.3")
ax.text(0.92, 0.8, "late product", ha="center", va="center", bbox=leaf)
plotting.show(
    fig,
    alt="Decision diagram. Outliers within a class: late sum or median. Otherwise, shared noise: "
    "early concatenation, or late learned weights with few samples. Otherwise, synergy: early "
    "product or a joint network. Otherwise: late product.",
)

# %% [markdown]
# A diagram drawn from a map must be tried on land that was not mapped. Sixty fresh worlds of three modalities, with random reliabilities, shared noise, conflict and training size. The *regret* of a strategy is what it loses, in points, to the best of the fusions in that world. (The two thresholds were chosen on other worlds.)


# %% tags=["nbval-ignore-output"]
def advice(train, names):
    """The diagram's answer for continuous modalities."""
    noise = train[names] - train.groupby("class")[names].transform("mean")
    between = noise.corr().to_numpy()[np.triu_indices(len(names), 1)]
    if noise.kurt().mean() > 0.8:
        return "sum"
    return "concat" if abs(between.mean()) > 0.25 else "product"


regret = []
for number in range(60):
    rng = np.random.default_rng(1000 + number)
    world = PostWorld(
        reliability=tuple(rng.uniform(0.3, 3, size=3)),
        noise_correlation=float(rng.choice([0.0, 0.4, 0.8])),
        conflict=float(rng.choice([0.0, 0.25])),
    )
    size, seed = int(rng.choice([30, 100, 300])), 1000 + number
    result = contestants(world, size, seed, 2000)
    result["diagram"] = result[advice(world.sample(size, 2 * seed), list(world.modalities))]
    best = max(result.values())
    regret.append({rule: 100 * (best - score) for rule, score in result.items()})
regret = pd.DataFrame(regret).mean().sort_values()
print("mean regret in points:")
print(regret.round(1).to_string())

# %% [markdown]
# The diagram loses least, without having tried a single fusion. It is a way to start, not a verdict: with your own data, let `compare` have the last word.
#
# ## What we measured
#
# Each claim of this chapter, asserted.

# %% tags=["nbval-ignore-output"]
single, mean = table.attrs["best_single"], table["mean"]
print(table.loc[[single, "late product", "late stack", "early product"], shown].round(3))
assert table.loc["late stack", "difference_low"] > 0 and table.loc["late stack", "p_value"] < 0.05
assert mean[["late stack", "late learned", "late calibrated"]].min() > mean["late product"]
assert mean["late product"] > mean[single]  # fusion helps ...
assert mean[["early sum", "early weighted"]].max() < mean[single]  # ... or hurts
assert mean["early product"] < 0.45
assert posts.ceiling() - mean.max() > 0.05  # and all stay below the ideal observer

assert fused.loc["XOR"].drop("early product").max() < 0.6 < 0.7 < fused.loc["XOR", "early product"]
assert fused.loc["copy", "late sum"] > best_single["copy"] + 0.03
assert abs(fused.loc["unique", "late learned"] - best_single["unique"]) < 0.02

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
apart, shared = (means.loc[name] for name in worlds)
print(means.round(3).to_string())
others = apart[["learned", "concat", "stack"]].max(axis=1)
assert (apart["product"] > others - 0.01)[1:].all()  # from 30 samples on nothing beats it
assert (shared["learned"] > shared["product"]).all()
assert shared[["sum", "product"]].max(axis=None) < worlds["shared noise 0.5"].ceiling(["text"])
assert shared.loc[480, ["concat", "stack"]].min() > shared.loc[480, "learned"] + 0.01
assert apart.loc[30, "stack"] < apart.loc[30, "product"] - 0.005

fit = costs["fit (ms)"].sum(axis=1)
assert fit["late stack"] > 1.5 * fit["late sum"] > 1.5 * fit["early concat"]
assert regret["diagram"] < regret[["sum", "product", "median", "concat"]].min()

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 06.1 · The honest t-test
#
# Write the corrected resampled t-test of section 3 so that it takes the sizes of the training and test sets, and returns $t$ and the two-sided $p$.


# %%
def corrected_t(differences, n_train, n_test):
    """differences: shape (n_folds,). Return (t, p)."""
    ...  # your code here


check("06.1", corrected_t)

# %% [markdown]
# <details><summary>Hint</summary>Start from the plain t-test, and change one factor. Does NumPy's variance divide by J or by J - 1?</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(differences, n_train, n_test):
    J = len(differences)
    error = np.sqrt((1 / J + n_test / n_train) * np.var(differences, ddof=1))
    t = np.mean(differences) / error
    return t, 2 * stats.t.sf(abs(t), J - 1)


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
# ### Exercise 06.4 · The ideal weights
#
# Any number of modalities, each pair with the same noise correlation. Return the weights with which the ideal observer adds them up, in any unit.


# %%
def ideal_weights(reliability, correlation):
    """reliability: shape (n_modalities,). Return weights of the same shape."""
    ...  # your code here


check("06.4", ideal_weights)

# %% [markdown]
# <details><summary>Hint</summary>The formula is in section 2. Negative weights are meant.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(reliability, correlation):
    n = len(reliability)
    S = np.full((n, n), correlation) + (1 - correlation) * np.eye(n)
    return np.linalg.solve(S, reliability)


check("06.4", solution_4)

# %% [markdown]
# ## Quiz
#
# 1. Two microphones in one room have the same reliability and share most of their noise. Is averaging them worth anything?
#
# <details><summary>Answer</summary>Little. With equal reliabilities the ideal weights are equal, so averaging is right, but d'² is only 2 / (1 + ρ) times that of one microphone: with ρ near 1 hardly more than one. A <em>weaker</em> second microphone that hears mostly the noise would be worth more, with a negative weight.</details>
#
# 2. A colleague chooses the best of sixteen fusions by cross-validation and reports its cross-validated accuracy and p-value. What is wrong?
#
# <details><summary>Answer</summary>The best of sixteen is partly the luckiest of sixteen: its score is too high and its p-value too small. Report the choice on data that took no part in it (an outer loop of folds, or a test set), and correct for the number of comparisons.</details>
#
# 3. Why can no late fusion solve XOR, not even stacking with a deep network?
#
# <details><summary>Answer</summary>Each expert is trained on its own modality, which by itself says nothing about the class; its best posterior is the prior, whatever the input. What the experts have thrown away no combiner can bring back. (Experts that hand on <em>features</em> instead of posteriors are early fusion.)</details>
#
# 4. The sum rule loses to the product in section 6 and wins in section 7. Which should be the default for a system that will meet data you have not seen?
#
# <details><summary>Answer</summary>The sum, or the median with three experts or more: it loses a little when all goes well and little when one modality fails. The product is for experts you have reason to trust: calibrated, and independent given the class.</details>
#
# ## Pitfalls
#
# - **A plain t-test over folds.** It calls equals different several times too often (section 3). Use `compare`, or `corrected_t_test`.
# - **Leaving out the best single modality.** A fusion's accuracy sounds fine until one modality alone has as much. Pick the single on the same folds.
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
# - P. L. Williams, R. D. Beer: Nonnegative decomposition of multivariate information. arXiv:1004.2515, 2010.
# - P. P. Liang et al.: Quantifying and modeling multimodal interactions: an information decomposition framework. NeurIPS 2023.
# - J. Kittler, M. Hatef, R. P. W. Duin, J. Matas: On combining classifiers. IEEE TPAMI 20, 1998.
# - B. B. Averbeck, P. E. Latham, A. Pouget: Neural correlations, population coding and computation. Nature Reviews Neuroscience 7, 2006 (when shared noise helps, and when it hurts).
#
# **Next**: [07 · Sharing a code: the multimodal autoencoder](07_share_a_code.ipynb): can one code stand for face, voice and words?
