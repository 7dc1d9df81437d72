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
# # 13 · Explaining a prediction · 解释一次预测
#
# > Which modality decided, and inside it which word, which part of the face, which moment of the sound? This chapter shares out the credit by a formula, and then asks whether to believe it.
#
# **After this chapter you can**
#
# - share a prediction out among the modalities by exact Shapley values, by hand, with `explain` and with the library `shap`,
# - go on inside: words, patches of a face, tiles of a sound,
# - test an explanation: against the known truth of simulated posts, and by deletion curves against chance,
# - name four ways in which an explanation misleads, and see each of them happen.
#
# **You need**: chapter [05](05_fuse_decisions.ipynb) (late fusion); what a probability and a logarithm are.
#
# **Time**: 40 minutes to read and do, 35 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | Shapley value | 沙普利值 | what a player adds, averaged over all orders of coming in |
# | attribution, share | 归因 | the part of a prediction that is credited to an input |
# | log-odds | 对数几率 | the natural logarithm of p / (1 - p), in nats: where independent evidence adds up (exactly with two classes, roughly with three) |
# | occlusion | 遮挡 | remove a part, and see what becomes of the prediction |
# | faithfulness | 忠实度 | does the explanation say what the model really uses? |
# | deletion curve | 删除曲线 | the prediction while parts are removed, most important first |
# | off-manifold | 偏离数据流形 | an input such as no sample ever is |
# | ideal observer | 理想观察者 | knows the distributions; no classifier does better on average |

# %% tags=["evidence"]
from functools import cache
from itertools import combinations, permutations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, datasets, explain, image, plotting, text
from mmtutor.course.evidence import experiment, grid
from mmtutor.datasets import PostWorld
from mmtutor.exercises import check
from mmtutor.explain import Patches, TimeFrequency, Words
from mmtutor.fusion import DecisionFusion, rules
from mmtutor.simulate.faces import IDENTITY_SIZE, render_face

# %%
plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# The model is the late fusion of chapter 05: an expert for words, one for the face, one for the sound, and the product of their calibrated posteriors. Its constants were set by hand: here we explain a model, we do not compete. It learned from four fifths of the authors; all that follows is about the others.


# %% tags=["evidence"]
MODALITIES = ("text", "image", "audio")


def classifier(C):
    return LogisticRegression(C=C, max_iter=1000)


def face_expert():
    return make_pipeline(image.HOGFeatures(pixels_per_cell=24), StandardScaler(), classifier(0.003))


def make_model():
    words = make_pipeline(text.TfidfFeatures(ngram_range=(1, 1)), classifier(1.0))
    sound = make_union(audio.MFCCFeatures(), audio.ChromaFeatures())
    sounds = make_pipeline(sound, StandardScaler(), classifier(0.003))
    experts = [
        ("text", words, "text"),
        ("image", face_expert(), "image"),
        ("audio", sounds, "audio"),
    ]
    return DecisionFusion(experts, rule="product", cv=3)


# %% tags=["evidence"]
@cache
def split(fold):
    """Training and test rows of one of five folds; no author is in both."""
    posts = datasets.load_posts()
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    return list(folds.split(posts.frame, posts.target, posts.groups))[fold]


@cache
def fitted(fold):
    """The model, fitted on the training authors of a fold."""
    posts, (train, _) = datasets.load_posts(), split(fold)
    return make_model().fit(
        posts.frame.iloc[train], posts.target[train], groups=posts.groups[train]
    )


# %%
posts, model, test = datasets.load_posts(), fitted(0), split(0)[1]
X, y = posts.frame, posts.target
POST = X.loc[[556]]  # one row of the table, by an author whom the model has not met
print(POST["text"].iloc[0])
plotting.listen(POST["audio"].iloc[0], caption="post 556: the author's voice, over music")

# %%
fig, ax = plt.subplots(figsize=(2.2, 2.2))
ax.imshow(POST["image"].iloc[0])
ax.axis("off")
plotting.show(fig, alt="A simulated grey portrait: the author of post 556, with a slight smile.")

# %%
p = model.predict_proba(POST)[0]
print("the model says", dict(zip(model.classes_.tolist(), p.round(2).tolist(), strict=True)))

# %% [markdown]
# Positive, with four parts in five. **Predict before you go on**: which of the three made it so, and did one of them object?

# %% [markdown]
# ## 2 · Sharing out the credit
#
# We can ask the model about any *set* of modalities: hide the other cells, and a late fusion answers with the experts that are left. With none it answers with what it believed before it looked. Three modalities make $2^3 = 8$ answers, a *game* whose players are the modalities.

# %%
value = {}  # of each set of modalities: the probability of "positive"
for size in range(4):
    for present in combinations(MODALITIES, size):
        hidden = {name: None for name in MODALITIES if name not in present}
        value[present] = model.predict_proba(POST.assign(**hidden))[0, 2]
        print(f"{value[present]:.2f}  {' + '.join(present) or 'nothing'}")

# %% [markdown]
# How much is due to the sound? Added first, it takes the answer from 0.34 to 0.05; added last, from 0.97 to 0.80. What it is worth depends on the order of coming in, and nothing says which order is right. Shapley (1953) takes the mean over all of them:
#
# $$ \phi_i = \sum_{S \subseteq N \setminus \{i\}} \frac{|S|!\,(n-|S|-1)!}{n!}\,\bigl(v(S \cup \{i\}) - v(S)\bigr). $$
#
# For three players that is six orders, by hand:

# %%
by_hand = dict.fromkeys(MODALITIES, 0.0)
for order in permutations(MODALITIES):
    for place, name in enumerate(order):
        before = tuple(m for m in MODALITIES if m in order[:place])
        after = tuple(m for m in MODALITIES if m in order[: place + 1])
        by_hand[name] += (value[after] - value[before]) / 6

for name, share in by_hand.items():
    print(f"{name:6} {share:+.2f}")
print(f"sum    {sum(by_hand.values()):+.2f}, from {value[()]:.2f} to {value[MODALITIES]:.2f}")

# %% [markdown]
# The words speak most for "positive", the face does, too, and the sound objects. The package has the formula (`explain.shapley`, for any game), and the question to the model as well (`explain.modality_shares`, for all rows of a table at once). And the library that you will meet at work is `shap`: it asks a function of zeros and ones, one for each player. (Its `KernelExplainer` samples sets where there are many players; three it plays out.)

# %%
import shap


def game(Z):
    return np.array(
        [value[tuple(m for m, z in zip(MODALITIES, row, strict=True) if z)] for row in Z]
    )


kernel = shap.KernelExplainer(game, np.zeros((1, 3)))
library = kernel.shap_values(np.ones((1, 3)), silent=True)[0]
ours = explain.shapley(lambda present: value[present], MODALITIES)
shares = explain.modality_shares(model, POST)
for answer in (ours, shares.iloc[0], dict(zip(MODALITIES, library, strict=True))):
    assert all(abs(answer[name] - by_hand[name]) < 1e-9 for name in MODALITIES)
print(shares.round(2).to_string())

# %% [markdown]
# Why this mean and no other? By a theorem (Shapley, 1953) it is the one rule that keeps four promises: it leaves nothing over (*efficiency*), treats alike who adds alike (*symmetry*), gives nothing to who adds nothing (*null player*), and adds up over games (*linearity*). That it keeps them a cell can test; that no other does needs the proof. Here on 100 random games:

# %%
rng = np.random.default_rng(0)
for _ in range(100):
    v, w = ({S: rng.normal() for S in value} for _ in range(2))  # two random games
    phi, psi = explain.shapley(v.get, MODALITIES), explain.shapley(w.get, MODALITIES)
    assert abs(sum(phi.values()) - (v[MODALITIES] - v[()])) < 1e-9
    both = explain.shapley(lambda S, v=v, w=w: 2 * v[S] + w[S], MODALITIES)
    assert all(abs(both[m] - 2 * phi[m] - psi[m]) < 1e-9 for m in MODALITIES)
    # "idle" adds nothing; "twin" adds what text would
    idle = explain.shapley(
        lambda S, v=v: v[tuple(m for m in S if m != "idle")], (*MODALITIES, "idle")
    )
    assert abs(idle["idle"]) < 1e-9 and all(abs(idle[m] - phi[m]) < 1e-9 for m in MODALITIES)
    twin = explain.shapley(
        lambda S, v=v: v[("text",) if set(S) & {"text", "twin"} else ()], ("text", "twin")
    )
    assert abs(twin["text"] - twin["twin"]) < 1e-9
print("100 games, four promises kept")

# %% [markdown]
# Why not simply leave each modality out once, and see how far the prediction falls? **Predict**: add up these three falls. Is the sum as large as what there is to explain, in posts whose modalities all speak for the class? And in those where at least one objects?


# %% tags=["evidence"]
def explained_by_leaving_out(model, X):
    """Three falls added up, as a share of what there is to explain: where all agree, where not."""
    table = explain.modality_shares(model, X)
    target = np.searchsorted(model.classes_, table["target"])
    falls = 0
    for name in MODALITIES:
        without = model.predict_proba(X.assign(**{name: None}))
        falls = falls + table["prediction"] - without[np.arange(len(X)), target]
    to_explain = table["prediction"] - table["base"]
    agree = (table[list(MODALITIES)] > 0).all(axis=1)
    return [falls[rows].mean() / to_explain[rows].mean() for rows in (agree, ~agree)]


# %%
agree, quarrel = explained_by_leaving_out(model, X.iloc[test])
print(f"all speak for it:     leaving out explains {agree:.0%}, Shapley 100%")
print(f"at least one objects: leaving out explains {quarrel:.0%}, Shapley 100%")
everything = value[MODALITIES]
falls = [everything - value[tuple(m for m in MODALITIES if m != name)] for name in MODALITIES]
print(f"post 556: the falls sum to {sum(falls):.2f}, to explain is {everything - value[()]:.2f}")

# %%
shares = explain.modality_shares(model, X.iloc[test], scale="log_odds")
target = np.searchsorted(model.classes_, shares["target"])
unanimous = (shares[list(MODALITIES)] > 0).all(axis=1).to_numpy()
by_two = [
    model.predict_proba(X.iloc[test].assign(**{name: None}))[np.arange(len(test)), target]
    for name in MODALITIES
]
falls_in_nats = (shares["prediction"].to_numpy() - logit(by_two)).sum(axis=0)
to_explain = shares["prediction"] - shares["base"]
explained = falls_in_nats[unanimous].sum() / to_explain[unanimous].sum()
two, three = (
    np.mean(by_two, axis=0)[unanimous].mean(),
    expit(shares["prediction"])[unanimous].mean(),
)
print(
    f"where all speak for it, two of them reach a mean probability of {two:.2f}, three {three:.2f}"
)
print(f"in log-odds, which have no ceiling, leaving out explains {explained:.0%} there")

# %% [markdown]
# Where all three agree, two of them reach a mean probability of 0.82, and the third lifts it to 0.91: the scale of probabilities bends near 1, so leaving out explains half of what there is. In log-odds this loss is nearly gone (95%, in this fold). That is a property of our rule: a product is a sum of logarithms, but for the division that makes it sum to 1. Where at least one objects, the sums are nearly right on average, but not in each post: for post 556 they give 0.70 where there is 0.46 to explain. (Section 3 has the other folds, in probabilities.) Shares add up on each scale, in every single post.
#
# ## 3 · Is it true?
#
# Here we know. Each simulated post was drawn from three latent numbers, and the ideal observer knows what each of them says. Its beliefs for any set of modalities are a game, too, and the Shapley values of that game are the *true* shares: what text, face and sound of this post are worth to someone who understands all three. We take log-odds, where evidence nearly adds up instead of saturating at 1.


# %% tags=["evidence"]
def log_odds(p):
    return logit(np.clip(p, 1e-9, 1 - 1e-9))


def believed(P):
    """The class of the largest probability."""
    return np.array(datasets.load_posts().target_names)[P.argmax(axis=1)]


def true_shares(rows, target):
    """Shapley values of the ideal observer, log-odds of the class numbers in `target`."""
    posts = datasets.load_posts()

    def value(present):
        return log_odds(posts.posteriors(present)[rows, target])

    return pd.DataFrame(explain.shapley(value, MODALITIES))


# %% tags=["evidence"]
@experiment("13_truth", grid(fold=range(5)))
def truth(fold):
    """How the model's shares, and leaving out, go with the true shares; and whose errors are whose."""
    posts, (_, test), model = datasets.load_posts(), split(fold), fitted(fold)
    shares = explain.modality_shares(model, posts.frame.iloc[test], scale="log_odds")
    target = np.searchsorted(model.classes_, shares["target"])
    true = true_shares(test, target)
    row = {}
    for name in MODALITIES:
        without = posts.frame.iloc[test].assign(**{name: None})
        p = model.predict_proba(without)[np.arange(len(test)), target]
        row[name] = spearmanr(shares[name], true[name]).statistic
        row[f"{name} left out"] = spearmanr(
            shares["prediction"] - log_odds(p), true[name]
        ).statistic
        row[f"{name}, size"] = shares[name].abs().mean()
        row[f"{name}, true size"] = true[name].abs().mean()
    row["agree"], row["quarrel"] = explained_by_leaving_out(model, posts.frame.iloc[test])
    wrong = shares["target"].to_numpy() != posts.target[test]
    row["wrong"] = wrong.sum()
    row["ideal wrong, too"] = wrong[believed(posts.posteriors()[test]) != posts.target[test]].sum()
    opinions = model.expert_proba(posts.frame.iloc[test])
    for m, name in enumerate(MODALITIES):  # give one expert the ideal observer's ears or eyes
        better = opinions.copy()
        better[:, m] = posts.posteriors([name])[test]
        mended = believed(rules.product_rule(better, prior=model.prior_)) == posts.target[test]
        row[f"mended by {name}"] = (wrong & mended).sum()
    return row


# %%
truth.confirm(fold=0, within=0.05)
by_fold = truth.table()
means, spread = by_fold.mean(), by_fold.std()
print("rank correlation with the true shares, five folds (sd); mean size in nats, and the true one")
for name in MODALITIES:
    print(
        f"{name:6} Shapley {means[name]:.2f} ({spread[name]:.2f})   left out "
        f"{means[f'{name} left out']:.2f} ({spread[f'{name} left out']:.2f})   "
        f"size {means[f'{name}, size']:.1f}, true {means[f'{name}, true size']:.1f}"
    )
print(
    "explained by leaving out: "
    + "; ".join(f"{name} {means[name]:.0%} ({spread[name]:.0%})" for name in ("agree", "quarrel"))
)

# %%
true = true_shares(test, target).set_index(shares.index)
fig, axes = plt.subplots(1, 3, figsize=(9, 3.1), sharex=True, sharey=True)
for ax, name in zip(axes, MODALITIES, strict=True):
    ax.plot(true[name], shares[name], ".", color=plotting.MODALITY_COLOURS[name])
    ax.axline((0, 0), slope=1, color="0.6", linewidth=1)
    ax.set(title=name, xlabel="true share (nats)")
axes[0].set_ylabel("the model's share (nats)")
plotting.show(
    fig,
    alt="Three scatter plots of the model's share against the true share, one a modality. For image "
    "and audio the points follow the diagonal; for text they lie in a flatter, wider cloud.",
)

# %% [markdown]
# For face and sound the shares follow the truth (0.72, 0.69), for the text less (0.46). And the true shares of the *text* are the largest of the three (2.2 nats), while the model gives it on average no more than the face: its text expert (one like it lost most in chapter 05) reads little of what the words say. Whether the bag of words or the classifier is to blame, this does not tell. As an order of posts, leaving out follows the truth nearly as well: a little less for image and audio, in all five folds, not for text; and this truth is made of Shapley values, which favours them. **A share says what the model makes of a modality, not what the modality knows.**
#
# ## 4 · Inside the words
#
# Now we hide the other two modalities and ask the same of the words. The expert is linear, so each word has a known contribution: its coefficient times how much more of it there is here than on average. That is what `shap.LinearExplainer` computes:

# %%
vectoriser, linear = model.named_experts_["text"]
counted = vectoriser.transform(
    X["text"].iloc[split(0)[0]]
).toarray()  # TF-IDF of the training texts
here = vectoriser.transform(POST["text"]).toarray()
by_hand = linear.coef_[2] * (here[0] - counted.mean(axis=0))  # 2: positive
background = shap.maskers.Independent(counted, max_samples=len(counted))
library = shap.LinearExplainer(linear, background).shap_values(here)[0, :, 2]
assert np.allclose(by_hand, library)

vocabulary = vectoriser.get_feature_names_out()
for k in np.argsort(-np.abs(by_hand))[:5]:
    print(f"{vocabulary[k]:10} {by_hand[k]:+.2f}")

# %% [markdown]
# This looks *into* the model: a formula for linear models. `explain.occlusion` looks from outside: it leaves each word out and asks again, whatever the model is. And since a text of twelve words has only $2^{12}$ = 4096 shorter texts, we can let all of them be read, and let `shapley` share out the credit among the words, too.

# %%
ALONE = POST.assign(image=None, audio=None)
drop = explain.occlusion(model, ALONE, "text", Words(), target="positive")

parts, sentence, n = Words(), POST["text"].iloc[0], len(drop)
sets = [chosen for size in range(n + 1) for chosen in combinations(range(n), size)]
texts = [parts.remove(sentence, set(range(n)) - set(chosen)) for chosen in sets]
rows = pd.DataFrame({"text": texts, "image": None, "audio": None})
worth = dict(zip(sets, model.predict_proba(rows)[:, 2], strict=True))
credit = explain.shapley(worth.get, range(n))

words = pd.DataFrame({"left out": drop, "Shapley": list(credit.values())})
print(words.round(2).to_string())
everyone = tuple(range(n))
whole, empty = worth[everyone], worth[()]
print(f"to explain {whole - empty:.2f}; sums", words.sum().round(2).to_dict())


# %%
def fall(gone, place):
    """How far the probability falls if a word goes where others are gone already."""
    kept = [k for k in everyone if k not in gone]
    return worth[tuple(kept)] - worth[tuple(k for k in kept if k != place)]


good, happy = list(drop.index).index("good"), list(drop.index).index("happy.")
print(
    f"'happy' left out of the whole: {fall([], happy):.2f}; without 'good': {fall([good], happy):.2f}"
)

# %%
with_i = pd.Series(y[split(0)[0]][counted[:, vectoriser.vocabulary_["i"]] > 0]).value_counts()
print("training posts with the word 'I':", with_i.to_dict())

# %%
fig, ax = plt.subplots(figsize=(7, 3))
place = np.arange(n)
ax.bar(place - 0.2, words["left out"], 0.4, label="left out", color=plotting.COLOURS["sky"])
ax.bar(place + 0.2, words["Shapley"], 0.4, label="Shapley", color=plotting.COLOURS["vermilion"])
ax.set_xticks(place, words.index, rotation=40)
ax.axhline(0, color="0.3", linewidth=0.8)
ax.set_ylabel("for 'positive' (probability)")
ax.legend()
plotting.show(
    fig,
    alt="Two bars for each of twelve words: the fall when it is left out, and its Shapley value. Both "
    "are highest for good, I and happy, and below zero for bad and poster; Shapley bars are longer.",
)

# %% [markdown]
# Both point to the same words. The falls add up to less than half of what there is to explain: what "good" says "happy" says, too; where "good" is gone, "happy" counts for more. And look at "I": a word without a feeling gets almost as much as "happy". The explanation is right: "I" stands in 56 positive, 29 neutral and 28 negative posts of those that the model learned from. Whether that holds outside this collection the explanation cannot tell; it tells us where to ask.
#
# ## 5 · Inside the face
#
# The same question to the picture: paint over one patch at a time. What should come out we know: the simulator draws the same face frowning and smiling, and the pixels that differ are the expression.


# %% tags=["evidence"]
def expression():
    """Where a frown differs from a smile: mean grey levels by patch of 12 pixels, over 20 faces."""
    rng, total = np.random.default_rng(0), np.zeros((96, 96))
    for _ in range(20):
        person = rng.standard_normal(IDENTITY_SIZE)
        smile, frown = (render_face(person, valence=v, noise=0).astype(float) for v in (1, -1))
        total += np.abs(smile - frown) / 20
    return total.reshape(8, 12, 8, 12).mean(axis=(1, 3))


def face_map(model, row, fill="blur", target=None):
    """Occlusion map of a face, of shape (8, 8), the other modalities hidden."""
    alone = row.assign(text=None, audio=None)
    drop = explain.occlusion(model, alone, "image", Patches(12, fill), target=target)
    return drop.unstack().to_numpy()


# %% tags=["evidence"]
@experiment("13_face", grid(fold=range(5), labels=["true", "shuffled"]))
def face(fold, labels):
    """Occlusion maps of 40 test faces for their true class: their mean, and their mean size."""
    posts, (train, test) = datasets.load_posts(), split(fold)
    y = posts.target[train]
    if labels == "shuffled":
        y = np.random.default_rng(fold).permutation(y)
    model = DecisionFusion([("image", face_expert(), "image")], calibration=None)
    model.fit(posts.frame.iloc[train], y)
    felt = [i for i in test if posts.target[i] != "neutral"][:40]
    rows = (posts.frame.iloc[[i]] for i in felt)
    maps = np.array(
        [face_map(model, row, target=posts.target[i]) for row, i in zip(rows, felt, strict=True)]
    )
    shown = expression()
    moved = shown >= np.sort(shown.ravel())[-8]  # the eight patches that change most
    return {
        "expression": maps[:, moved].mean(),
        "elsewhere": maps[:, ~moved].mean(),
        "expression, size": np.abs(maps)[:, moved].mean(),
        "elsewhere, size": np.abs(maps)[:, ~moved].mean(),
    }


# %%
shown = expression()
single = face_map(model, POST, target="positive")
faces = [i for i in test if y[i] != "neutral"][:40]
mean = np.mean([face_map(model, X.iloc[[i]], target=y[i]) for i in faces], axis=0)

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9))
panels = [
    ("post 556, for 'positive'", single, POST["image"].iloc[0], "fall of probability"),
    ("mean of 40 faces, true class", mean, None, "fall of probability"),
    ("what a smile changes", shown, None, "grey levels"),
]
for ax, (title, values, picture, unit) in zip(axes, panels, strict=True):
    limit = np.abs(values).max()
    signed = unit == "fall of probability"  # grey levels have no sign here
    if picture is not None:
        ax.imshow(picture, extent=(0, 96, 96, 0))
    drawn = ax.imshow(
        values,
        cmap="PuOr_r" if signed else "cividis",
        vmin=-limit if signed else 0,
        vmax=limit,
        extent=(0, 96, 96, 0),
        alpha=1 if picture is None else 0.6,
    )
    ax.set_title(title, fontsize=10)
    ax.axis("off")
    fig.colorbar(drawn, ax=ax, shrink=0.8, label=unit)
plotting.show(
    fig,
    alt="Three maps of eight by eight patches. For post 556 and for the mean of forty faces the "
    "patches at the mouth stand out; the third map, grey levels that a smile changes, is highest at "
    "mouth, eyes and brows.",
)

# %%
face.confirm(fold=0, labels="true", within=0.02)
by_labels = face.table().groupby("labels").agg(["mean", "std"]).drop(columns="fold")
print("fall of the true class's probability by patch, and its size (|fall|), five folds")
print(by_labels.T.unstack().round(3).to_string())

# %% [markdown]
# The mouth stands out; of the brows, which a smile changes, too, this expert makes little. Does the map show the *expert*, or would any map of a face look so? Adebayo et al. (2018) asked that of many methods: teach the model shuffled labels, and what stays in the map has nothing to do with what was learned. The mean goes: nothing speaks for the true class any more. But the *size* stays in part: even with shuffled labels a fall at the eight patches of the expression is larger than elsewhere (0.041 against 0.023; with true labels 0.071 against 0.026), only that it speaks now for the class, now against it. **One map that stands out at the mouth does not show that its model knows a smile**; maps of many faces that point the right way do.
#
# ## 6 · Inside the sound
#
# A sound's parts are tiles: a quarter of a second in a band of frequencies. A tile is not silenced but *flattened*: every frequency gets its mean amplitude over the clip, so what was special about that moment is gone. (Section 9 shows why, and that flattening is not innocent either.)

# %%
tiles = TimeFrequency(seconds=0.25, bands=(0, 500, 1000, 2000, 4000, 8000))
HEARD = POST.assign(text=None, image=None)
drop = explain.occlusion(model, HEARD, "audio", tiles)  # of the class that the sound expert says
said = model.predict(HEARD)[0]
tile_map = drop.unstack()
print(f"the sound alone says {said}; tiles that speak most for it (Hz, s):")
print(drop.sort_values(ascending=False).head(3).round(2).to_string())

# %%
clip = POST["audio"].iloc[0]
fig, axes = plt.subplots(1, 2, figsize=(9, 3), sharex=True)
power = audio.spectrogram(clip)
axes[0].imshow(10 * np.log10(power.T + 1e-9), origin="lower", aspect="auto", extent=(0, 2, 0, 8000))
axes[0].set(title="spectrogram (dB)", xlabel="time (s)", ylabel="frequency (Hz)")
limit = np.abs(tile_map.to_numpy()).max()
drawn = axes[1].imshow(
    tile_map,
    cmap="PuOr_r",
    vmin=-limit,
    vmax=limit,
    origin="lower",
    aspect="auto",
    extent=(0, 2, 0, 5),
)
axes[1].set_yticks(range(6), [0, 500, 1000, 2000, 4000, 8000])
axes[1].set(title=f"fall of '{said}' without a tile", xlabel="time (s)", ylabel="band (Hz)")
fig.colorbar(drawn, ax=axes[1], label="fall of probability")
plotting.show(
    fig,
    alt="Left, the spectrogram of a two-second clip. Right, a map of five bands by eight stretches "
    "of time; the darkest tile, low and at the beginning, speaks against 'negative'; those in favour "
    "are fainter.",
)

# %%
order = np.argsort(-drop.to_numpy())
plotting.listen(clip, caption="the whole clip")
plotting.listen(
    tiles.remove(clip, order[:5]), caption="without the five tiles that speak most for it"
)
for gone in (0, 1, 5, len(order)):
    changed = HEARD.assign(audio=pd.Series([tiles.remove(clip, order[:gone])], index=HEARD.index))
    p = model.predict_proba(changed)[0, list(model.classes_).index(said)]
    print(f"{gone:2} tiles flattened: {said} {p:.2f}")

# %% [markdown]
# In this clip no tile that speaks *for* "negative" is worth more than 0.04, and without the five strongest of them the answer falls only from 0.55 to 0.48. The strongest tile of all, the first quarter second at 500 to 1000 Hz, speaks against. (The simulator spreads the mood over the whole clip.) The last line is odd. With *all* tiles flattened there is nothing left to hear, and the expert is certain. Keep it in mind for section 9.

# %% [markdown]
# ## 7 · Faithful?
#
# A map can look sensible and say nothing of the model. A test that needs no truth: remove the parts one after the other, the most important first, and watch the prediction. A faithful order makes it fall sooner than chance does, the same parts in random orders; the mean of the curve is then smaller. (`explain.deletion_curve`; each expert alone, for the class that it predicts.)


# %% tags=["evidence"]
CUTS = {
    "words": ("text", Words()),
    "patches, blur": ("image", Patches(12, "blur")),
    "patches, mean": ("image", Patches(12, "mean")),
    "tiles, mean": ("audio", TimeFrequency(seconds=0.5, fill="mean")),
    "tiles, silence": ("audio", TimeFrequency(seconds=0.5, fill="silence")),
}


def curves(model, row, cut, rng, n_random=2):
    """Deletion curves of one cell, the other modalities hidden: by occlusion, by chance."""
    column, parts = CUTS[cut]
    row = row.assign(**{name: None for name in MODALITIES if name != column})
    drop = explain.occlusion(model, row, column, parts)
    chance = [rng.random(len(drop)) for _ in range(n_random)]
    ours, *random = (explain.deletion_curve(model, row, column, parts, z) for z in [drop, *chance])
    return ours, np.mean(random, axis=0)


# %% tags=["evidence"]
@experiment("13_deletion", grid(fold=range(5), cut=list(CUTS)))
def deletion(fold, cut):
    """Mean of the deletion curves of eight test posts, and how often the occlusion order is lower."""
    posts, (_, test), rng = datasets.load_posts(), split(fold), np.random.default_rng(fold)
    means = np.array(
        [
            [curve.mean() for curve in curves(fitted(fold), posts.frame.iloc[[i]], cut, rng)]
            for i in test[:8]
        ]
    )
    ours, chance = means.T
    return {"occlusion": ours.mean(), "chance": chance.mean(), "lower": (ours < chance).mean()}


# %%
deletion.confirm(fold=0, cut="words", within=0.02)
curve_means = deletion.table().assign(distance=lambda t: t["chance"] - t["occlusion"])
fallen = curve_means.groupby("cut", sort=False)[["occlusion", "chance", "distance", "lower"]]
print(
    "mean of the curve, five folds of eight posts (sd); posts in which the occlusion order is lower"
)
for cut, row in fallen.mean().iterrows():
    sd = fallen.std().loc[cut]
    print(
        f"{cut:15} occlusion {row['occlusion']:.2f} ({sd['occlusion']:.2f})   "
        f"chance {row['chance']:.2f} ({sd['chance']:.2f})   lower in {row['lower']:.0%}"
    )

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 2.8), sharey=True)
for ax, cut in zip(axes, ("words", "patches, blur", "tiles, mean"), strict=True):
    rng = np.random.default_rng(0)
    ours, chance = curves(model, POST, cut, rng, n_random=5)
    removed = np.linspace(0, 100, len(ours))
    ax.plot(removed, ours, label="occlusion order")
    ax.plot(removed, chance, "--", color="0.4", label="random orders, mean of 5")
    ax.set(title=cut, xlabel="removed (%)", ylim=(0, 1))
axes[0].set_ylabel("probability of the class")
axes[2].legend(loc="lower right", fontsize=8)
plotting.show(
    fig,
    alt="Three deletion curves of post 556, for words, patches and tiles. Removed in the order of "
    "occlusion, words and patches make the probability fall steeply (that of the words rises a little again in "
    "the second half); in random order it falls late for words and little by little for patches. "
    "With tiles both curves rise to one, that of occlusion later.",
)

# %% [markdown]
# The order of occlusion beats chance in nearly every post, for words, patches and flattened tiles. Look at the third panel, too: both curves *rise*, since this clip, flattened, is "negative" for this expert with certainty (section 6). What counts is the distance of the two curves, not where they go. Silenced tiles beat chance in fewer posts (80%), though by more on average: section 9 comes back to them.
#
# ## 8 · A wrong prediction, explained
#
# What explanations are for. Take the surest of the wrong predictions in which the ideal observer was right, so that somebody could have known:

# %%
wrong = (shares["target"] != y[test]).to_numpy()
knowable = believed(posts.posteriors()[test]) == y[test]
sure = model.predict_proba(X.iloc[test]).max(axis=1)
WRONG = X.index[test][np.argmax(np.where(wrong & knowable, sure, 0))]
print(X["text"][WRONG])
print(
    f"it is {y[WRONG]}, the model says {shares.loc[WRONG, 'target']} ({sure[wrong & knowable].max():.0%})"
)
pair = pd.DataFrame(
    {"model": shares.loc[WRONG, list(MODALITIES)], "true": true.loc[WRONG, list(MODALITIES)]}
)
print(pair.astype(float).round(1).to_string())

# %%
row = X.loc[[WRONG]].assign(image=None, audio=None)
said = model.predict_proba(row)[0]
drop = explain.occlusion(model, row, "text", Words(), target=shares.loc[WRONG, "target"])
print("the words alone:", dict(zip(model.classes_.tolist(), said.round(2).tolist(), strict=True)))
print(drop.round(2).to_string())
assert "dull" in vectoriser.vocabulary_ and "disappoint" not in vectoriser.vocabulary_

# %% [markdown]
# Face and sound were drawn sad, and the model reads them so. What should have held against it is the text, whose true share is strongly negative: "doesn't disappoint", "never a dull". In this bag of words "doesn't" and "dull" speak *for* "negative", and "disappoint" it never met; what is left of the objection is faint. The largest shares belong to face and sound. Are they to blame? A cause is found by changing one thing: give one expert at a time the ideal observer's opinion of its modality, and leave the others as they are.

# %%
opinions = model.expert_proba(X.loc[[WRONG]])
for m, name in enumerate(MODALITIES):
    better = opinions.copy()
    better[0, m] = posts.posteriors([name])[WRONG]
    answer = believed(rules.product_rule(better, prior=model.prior_))[0]
    print(f"with a perfect {name:5} expert: {answer}")

# %% [markdown]
# **The largest share of an error need not be its cause.** How often does each exchange mend an error, in five folds?

# %%
n = by_fold["wrong"].sum()
print(
    f"{n} errors in five folds; the ideal observer errs, too, in {by_fold['ideal wrong, too'].sum()}"
)
for name in MODALITIES:
    mended = by_fold[f"mended by {name}"]
    print(
        f"mended by a perfect {name:5} expert: {mended.sum():3} ({mended.min()} to {mended.max()} a fold)"
    )

# %%
print(
    "post 556 is",
    y[556],
    "- the ideal observer believes",
    dict(zip(posts.target_names, posts.posteriors()[556].round(2).tolist(), strict=True)),
)

# %% [markdown]
# In each fold a perfect text expert mends the most errors; and text is the modality whose shares follow the truth least (section 3).
#
# And post 556, the one we took apart? Positive is wrong there, too, but nobody could have known: who understands all three modalities still believes in "positive". Nothing in the shares of section 2 said so: they are of the model alone.
#
# ## 9 · How explanations mislead
#
# **First: shares speak of the model.** Section 3 showed it: the text knows most, and is credited like the face. Kumar et al. (2020) discuss what else lies between a Shapley value and an explanation.
#
# **Second: copies share the credit.** Take simulated modalities of equal reliability, as numbers, and enter `image` twice. **Predict**: what becomes of its share, with a stacked fusion that learns weights, and with the product rule?


# %%
def share_of_image(rule, names, seed):
    """Mean size of the shares of the columns `names`, in nats, on 200 new samples."""
    sample = PostWorld(MODALITIES, (1.5, 1.5, 1.5)).sample(600, random_state=seed)
    table = sample[list(MODALITIES)].assign(copy=sample["image"])[[*names]]
    experts = [(name, LogisticRegression(), [name]) for name in names]
    fusion = DecisionFusion(experts, rule=rule, calibration=None, cv=3)
    fusion.fit(table[:400], sample["class"][:400])
    return explain.modality_shares(fusion, table[400:], scale="log_odds")[[*names]].abs().mean()


copies = {}
for rule in ("stack", "product"):
    before = pd.DataFrame([share_of_image(rule, MODALITIES, seed) for seed in range(5)])
    after = pd.DataFrame([share_of_image(rule, (*MODALITIES, "copy"), seed) for seed in range(5)])
    copies[rule] = after[["image", "copy"]].div(before["image"], axis=0)
    last = (after["image"] < after[["text", "audio"]].min(axis=1)).sum()
    kept = " ".join(f"{x:.0%}" for x in copies[rule]["image"])
    print(f"{rule:7} image keeps {kept} of its share in five worlds; last of the three in {last}")

# %% [markdown]
# The stack's penalised weights are split evenly between two equal columns, so each gets half the credit, and a ranking by share now puts `image` last in all five worlds, though it knows as much as ever. The product counts the same evidence twice. So with learned weights the rank of a *column* can depend on how many relatives it has. Ask for the share of a group that comes and goes together (exercise 13.4).
#
# **Third: "hidden" has more than one meaning.** Take a model that never reads `audio`. If hiding means *the model does without*, `audio` gets nothing, as a null player should. Others put in what is *to be expected* given the rest (Aas et al., 2021). Then the other modality tells something of the hidden one, and gets credit for it:

# %%
pair_world = PostWorld(("image", "audio"), (1.5, 1.5))
sample = pair_world.sample(2000, random_state=0)
reads_image = pair_world.posteriors(sample, ["image"])[:, 2]  # the model: P(positive | image)
by_class = np.array([reads_image[sample["class"] == c].mean() for c in range(3)])
expected = pair_world.posteriors(sample, ["audio"]) @ by_class  # of the model's answer, given audio


def with_hidden(expectation):
    missing_image = {"without": by_class.mean(), "expected": expected}[expectation]
    value = {(): by_class.mean() + 0 * expected, ("audio",): missing_image + 0 * expected}
    return explain.shapley(lambda S: value.get(S, reads_image), ("image", "audio"))


unread = {name: np.abs(with_hidden(name)["audio"]).mean() for name in ("without", "expected")}
seen = np.abs(with_hidden("expected")["image"]).mean()
print(f"mean size of the share of audio, which the model never reads: {unread['without']:.3f}")
print(
    f"the same, if the hidden image is guessed from audio: {unread['expected']:.3f} (image: {seen:.3f})"
)

# %% [markdown]
# The two answer different questions: what the *model* uses, and what its answer can be *told from* (Chen et al., 2020). Janzing et al. (2020) hold that only the first is the right way to drop a feature. Certainly wrong is to read the one as the other.
#
# **Fourth: what was put in its place?** A cell can be hidden, because late fusion knows what to do without. Inside a cell there is no such thing: every filling is an input, too, and often one that the model never met (*off-manifold*). What do the experts say to a grey picture and to silence?

# %%
flat = tiles.remove(clip, range(len(order)))  # all tiles of post 556 flattened
cells = {
    "all hidden": (None, None),
    "a grey picture": (np.full((96, 96), 128, np.uint8), None),
    "silence": (None, np.zeros(32_000, np.float32)),
    "flattened sound": (None, flat),
}
nothing = pd.DataFrame.from_dict(cells, orient="index", columns=["image", "audio"])
nothing.insert(0, "text", None)
emptiness = pd.DataFrame(model.predict_proba(nothing), nothing.index, model.classes_)
print(emptiness.round(2).to_string())

# %% [markdown]
# Hidden, the model says what it believed before. A grey picture it takes for sad (0.84), silence and this flattened clip with certainty (1.00): the filling may colour a map. Compare two fillings of the same sound, and the last two lines of section 7:

# %%
maps_of_sound = {}
fig, axes = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
for ax, fill in zip(axes, ("mean", "silence"), strict=True):
    maps_of_sound[fill] = explain.occlusion(model, HEARD, "audio", TimeFrequency(fill=fill))
    tile_map = maps_of_sound[fill].unstack()
    limit = np.abs(tile_map.to_numpy()).max()
    drawn = ax.imshow(
        tile_map,
        cmap="PuOr_r",
        vmin=-limit,
        vmax=limit,
        origin="lower",
        aspect="auto",
        extent=(0, 2, 0, 5),
    )
    ax.set_yticks(range(6), [0, 500, 1000, 2000, 4000, 8000])
    ax.set(title=f"tiles become: {fill}", xlabel="time (s)")
    fig.colorbar(drawn, ax=ax, label="fall of probability")
axes[0].set_ylabel("band (Hz)")
plotting.show(
    fig,
    alt="Two maps of the same sound, each with its own colour scale. With flattened tiles, up to "
    "0.14 in size, a few stand out and the strongest are negative; with silenced tiles, up to 0.5, "
    "all are positive, most of them strongly.",
)
two_fillings = spearmanr(maps_of_sound["mean"], maps_of_sound["silence"]).statistic
print(f"rank correlation of the two maps: {two_fillings:.2f}")
print(
    fallen.mean().loc[["tiles, mean", "tiles, silence"], ["distance", "lower"]].round(2).to_string()
)

# %% [markdown]
# Flattened, a few tiles matter in this clip. Silenced, every tile seems to, and about the ranks of the tiles the two maps do not agree. Deletion curves hardly warn: with silence they fall further, in random order, too, and the mean distance to chance is even larger (0.16 against 0.12); only the share of posts in which occlusion wins is lower (80% against 100%). So draw a map with a second filling, and do not use the curve to choose between fillings.
#
# ## What we measured
#
# The main claims of this chapter, asserted.

# %% tags=["nbval-ignore-output"]
assert shares.loc[556, "audio"] < 0 < min(shares.loc[556, ["text", "image"]])
assert by_fold["agree"].max() < 0.6 and by_fold["quarrel"].min() > 0.75
assert explained > 0.85  # in log-odds
assert sum(falls) > 1.4 * (everything - value[()])
for name in ("image", "audio"):
    assert means[name] > 0.6 and means[name] > means["text"] + 0.1  # the truth is followed
    assert ((by_fold[name] - by_fold[f"{name} left out"]).between(0, 0.1)).all()
    assert means["text, true size"] > means[f"{name}, true size"] + 0.4
    assert means["text, size"] < means[f"{name}, size"] + 0.2
assert words["left out"].sum() < (whole - empty) / 2
assert fall([good], happy) > 1.3 * fall([], happy)
assert abs(words["Shapley"].sum() - (whole - empty)) < 1e-9
assert with_i["positive"] > 1.5 * with_i[["neutral", "negative"]].max()
assert set(words["Shapley"].nlargest(3).index) == {"good", "happy.", "I"}

maps = face.table().set_index(["labels", "fold"])
learned, shuffled = maps.loc["true"], maps.loc["shuffled"]
assert learned["expression"].mean() > 5 * abs(learned["elsewhere"].mean())
assert abs(shuffled["expression"].mean()) < learned["expression"].min() / 3
assert (shuffled["expression, size"] > 1.1 * shuffled["elsewhere, size"]).all()  # it stays in part
assert (learned["expression, size"] > shuffled["expression, size"]).all()
assert set(np.argsort(mean.ravel())[-2:]) == {5 * 8 + 3, 5 * 8 + 4}  # the mouth

# %% tags=["nbval-ignore-output"]
average = fallen.mean()
for cut in ("words", "patches, blur", "patches, mean", "tiles, mean"):
    assert average.loc[cut, "occlusion"] < average.loc[cut, "chance"] - 0.05
    assert average.loc[cut, "lower"] > 0.85
assert average.loc["tiles, silence", "lower"] < average.loc["tiles, mean", "lower"] - 0.1
assert average.loc["tiles, silence", "chance"] < average.loc["tiles, mean", "chance"] - 0.1
wider = curve_means.pivot(index="fold", columns="cut", values="distance")
assert (wider["tiles, silence"] > wider["tiles, mean"]).sum() >= 4
assert two_fillings < 0.2 and maps_of_sound["silence"].min() > 0
assert pair.loc["text", "true"] < 2 * pair.loc["text", "model"] < 0
rivals = by_fold[["mended by image", "mended by audio"]].max(axis=1)
assert (by_fold["mended by text"] > rivals).all()
assert (by_fold["text"] < by_fold[["image", "audio"]].min(axis=1)).all()
assert y[556] == "neutral" and posts.posteriors()[556].argmax() == 2
assert ((copies["stack"] > 0.4) & (copies["stack"] < 0.6)).all(axis=None)
assert (copies["product"] > 0.9).all(axis=None)
assert unread["without"] == 0 and unread["expected"] > 0.05
assert (emptiness["negative"].drop("all hidden") > 0.7).all()

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 13.1 · Shapley values of a table
#
# A game of $n$ players (1 to 5), numbered from 0, as a table `v` of shape `(2,) * n`: `v[1, 0, 1]` is what players 0 and 2 earn without player 1. Return, without `explain`, two rows: the $n$ Shapley values, and below them how far the whole falls if each player is left out once. For what kind of table are the two rows equal?


# %%
def shapley_and_falls(v):
    """v: shape (2, 2, ..., 2). Return shape (2, n)."""
    ...  # your code here


check("13.1", shapley_and_falls)

# %% [markdown]
# <details><summary>Hint</summary>Go through the permutations of the players. Begin with an index of zeros and set one player after the other to 1: what does v gain at each step?</details>
#
# <details><summary>Equal rows?</summary>Where a player adds the same to every set: then the mean over the orders is the last step, too. (From three players on, differences may also happen to cancel.)</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(v):
    orders = list(permutations(range(v.ndim)))
    shares, falls = np.zeros((2, v.ndim))
    for order in orders:
        here = [0] * v.ndim
        for player in order:
            before = v[tuple(here)]
            here[player] = 1
            gain = v[tuple(here)] - before
            shares[player] += gain / len(orders)
        falls[player] = gain  # of the last to come
    return np.array([shares, falls])


check("13.1", solution_1)

# %% [markdown]
# ### Exercise 13.2 · A deletion curve for numbers
#
# `predict` takes a table `(n_rows, d)` and returns one probability a row. Given one sample `x` of shape `(d,)`, return the curve of shape `(d + 1,)`: `predict` of `x`, of `x` with its most important feature set to that of `baseline`, with the two most important, and so on to all. High `scores` are important, those below 0 least; of equal scores the first feature goes first.


# %%
def deletion_of_features(predict, x, baseline, scores):
    """x, baseline, scores: shape (d,). Return shape (d + 1,)."""
    ...  # your code here


check("13.2", deletion_of_features)

# %% [markdown]
# <details><summary>Hint</summary>Copy x into d + 1 rows. The feature in place k of the order is replaced in row k + 1 and in all rows below.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_2(predict, x, baseline, scores):
    rows = np.tile(x, (len(x) + 1, 1))
    for place, feature in enumerate(np.argsort(-scores, kind="stable")):
        rows[place + 1 :, feature] = baseline[feature]
    return predict(rows)


check("13.2", solution_2)

# %% [markdown]
# ### Exercise 13.3 · Who spoke loudest for the errors?
#
# `V[i, t, m, a]` is the log-odds of the class predicted for sample i, with text, image and audio hidden (0) or present (1). Count the wrong predictions in which text, image and audio have the largest Shapley value of the three; return the counts in this order, as an array. (Section 8 says what this count is not.)


# %%
def loudest_in_errors(V, wrong):
    """V: shape (n_samples, 2, 2, 2); wrong: bool, shape (n_samples,). Return three counts."""
    ...  # your code here


check("13.3", loudest_in_errors)

# %% [markdown]
# <details><summary>Hint</summary>A game's value may be an array with one number a sample: <code>explain.shapley(lambda present: V[:, ...], ...)</code>. Then decide row by row.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_3(V, wrong):
    def value(present):
        return V[(slice(None), *(int(m in present) for m in range(3)))]

    share = np.column_stack(list(explain.shapley(value, range(3)).values()))
    return np.bincount(share[wrong].argmax(axis=1), minlength=3)


check("13.3", solution_3)

# %% [markdown]
# ### Exercise 13.4 · Copies as one player
#
# `value` takes a list of names, in any order, and returns a number. `groups` is a list of one to four lists of names; the members of a group come and go together. Return one Shapley value a group, in their order, the groups being the players.


# %%
def shares_of_groups(value, groups):
    """Return one number a group."""
    ...  # your code here


check("13.4", shares_of_groups)

# %% [markdown]
# <details><summary>Hint</summary>Let the players be the numbers of the groups, and the new game ask the old one for the names of all members present.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(value, groups):
    def together(present):
        return value([name for g in present for name in groups[g]])

    return np.array(list(explain.shapley(together, range(len(groups))).values()))


check("13.4", solution_4)

# %% [markdown]
# ## Quiz
#
# 1. Three modalities say the same thing, each surely. What do the three falls show, if each is left out once, and what do the Shapley values?
#
# <details><summary>Answer</summary>In probabilities the falls are near zero: the other two still say it. The Shapley values are a third of what there is to explain, each, by symmetry and efficiency.</details>
#
# 2. A colleague reads from small shares of the text that "customers' words hardly matter". What do you answer?
#
# <details><summary>Answer</summary>That this model hardly uses them. Section 3 shows text that knows most and is credited like the face. Ask how good a text expert can get, not how much this one is credited.</details>
#
# 3. An occlusion map lights up everywhere. Two reasons, and how to tell them apart?
#
# <details><summary>Answer</summary>The model may use everything; or what is put in place of a part is an input it never met, and it reacts to that. Look at what it says to a cell made of filling alone, and try another filling. (A deletion curve hardly tells: with silence it stays below chance, too.)</details>
#
# 4. May you conclude from the largest share of a wrong prediction which expert to improve?
#
# <details><summary>Answer</summary>No. The mistake may lie with the expert that should have objected. Replace one expert's opinion by a better one (here the ideal observer's; at work a person's label of that modality alone) and count the errors that go away.</details>
#
# ## Pitfalls
#
# - **Believing a pretty map.** A map that looks like a face may come from any model. Teach the model shuffled labels, and see what of the map stays (section 5).
# - **Shares as knowledge.** They say what the model uses (section 3), and with learned weights copies may divide them (section 9).
# - **Leaving out once.** Where modalities or words agree, what is left says most of it still, and in probabilities each looks less useful than it is (sections 2 and 4).
# - **A filling that never occurs.** Silence and flat grey are inputs, too, and experts have opinions of them. Compare two fillings (section 9).
# - **One class, one scale.** In the log-odds of another class, or in probabilities near 1, other numbers come out. Say what was explained.
# - **Explaining training samples.** Then you may explain what the model knows by heart. All posts here are by authors whom the model has not met.
#
# ## References
#
# - L. S. Shapley: A value for n-person games. Contributions to the Theory of Games II, 1953.
# - S. M. Lundberg, S.-I. Lee: A unified approach to interpreting model predictions. NIPS 2017 (the library `shap`).
# - M. D. Zeiler, R. Fergus: Visualizing and understanding convolutional networks. ECCV 2014 (occlusion).
# - V. Petsiuk, A. Das, K. Saenko: RISE: Randomized input sampling for explanation of black-box models. BMVC 2018 (deletion curves).
# - J. Adebayo et al.: Sanity checks for saliency maps. NeurIPS 2018.
# - K. Aas, M. Jullum, A. Løland: Explaining individual predictions when features are dependent. Artificial Intelligence 298, 2021.
# - H. Chen, J. D. Janizek, S. Lundberg, S.-I. Lee: True to the model or true to the data? arXiv:2006.16234, 2020.
# - D. Janzing, L. Minorics, P. Blöbaum: Feature relevance quantification in explainable AI: a causal problem. AISTATS 2020.
# - I. E. Kumar et al.: Problems with Shapley-value-based explanations as feature importance measures. ICML 2020.
#
# **Next**: [14 · Scaling out](14_scale_out.ipynb): what if the data do not fit into memory?
