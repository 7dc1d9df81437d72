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
# # 00 · Start here · 从这里开始
#
# > How much better does a machine understand a post when it reads, looks and listens at once, and how would you know that it cannot do better still?
#
# **After this chapter you can**
#
# - open a multimodal data set, look at it and listen to it,
# - train one classifier per modality, choose its setting without looking at the test, and fuse the answers in one line,
# - say how good the fusion is: beside the best single modality, and beside the best that is possible at all,
# - find your way through the series, and let the exercises check your answers.
#
# **You need**: Python, and what a probability is. If a line of scikit-learn is new to you, read on; chapters 01 to 05 explain every step of this one.
#
# **Time**: 25 minutes to read and do, 20 seconds to run (the very first run makes the data and takes a little longer).
#
# | Key term | 中文 | In short |
# |---|---|---|
# | modality | 模态 | one channel of information: text, image, sound |
# | fusion | 融合 | making one decision from several modalities |
# | posterior (probability) | 后验概率 | how probable each class is, after looking |
# | confidence | 置信度 | the largest of the posteriors |
# | regularisation, `C` | 正则化 | holding the weights of a model back; scikit-learn's `C` is its inverse: the smaller, the harder |
# | accuracy | 准确率 | the share of right decisions |
# | chance | 随机水平 | the accuracy of guessing |
# | ideal observer, ceiling | 理想观察者，上限 | who knows how the data came about and uses all of it; how often even that observer is right |
# | latent variable | 隐变量，潜变量 | the hidden number from which a text, a face or a sound was made |
# | grouped cross-validation | 分组交叉验证 | testing on authors of whom the machine has seen nothing |

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, datasets, evaluation, image, plotting, text
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion, rules

plotting.style()

# %% [markdown]
# ## 1 · A post
#
# Somebody posted this: a few words, a picture of themselves, two seconds of their voice over music. Read it, look at it, listen to it. **Is the author pleased, displeased, or neither?** And which of the three told you?

# %% tags=["home"]
posts = datasets.load_posts()
ONE = 9
print(posts.frame["text"][ONE])

# %% tags=["home"]
fig, ax = plt.subplots(figsize=(2.4, 2.4))
ax.imshow(posts.frame["image"][ONE], vmin=0, vmax=255)
ax.axis("off")
plotting.show(fig, alt="A drawn grey portrait with a grave look; the mouth is nearly straight.")

# %% tags=["home"]
plotting.listen(posts.frame["audio"][ONE], posts.sample_rate, "the author's voice, over music")

# %% [markdown]
# You needed no machine for this one: whoever did not sleep and did not like the room is displeased, the chords are minor and the voice is flat. (The voice speaks no language; what it carries is mood.) For a machine that counts words it is a hard one: it meets *like*, twice, and no word that is unpleasant by itself. **Predict: will its neighbours, the one that looks and the one that listens, put it right?**
#
# Nobody is in the picture. Faces, voices and chords are computed from a few numbers, and the sentences were written for this series. That is on purpose: because we made the posts, we know how much each modality says, and can compute the best result that is possible at all. Later chapters do the same with photographs and recordings.
#
# ## 2 · A table with a column per modality
#
# Here and in all chapters, multimodal data are a pandas table: one row a sample, one column a modality. A text is a string, an image an array of grey levels, a sound an array of samples (or each of them the path of a file). A missing modality is a missing cell.

# %%
cells = posts.frame.iloc[ONE]
print(posts.frame.shape, "posts and columns;", len(set(posts.groups)), "authors")
print("text  ", type(cells["text"]).__name__, "of", len(cells["text"].split()), "words")
print("image ", cells["image"].shape, "pixels,", cells["image"].dtype)
print(
    "audio ", cells["audio"].shape, "samples,", cells["audio"].dtype, "at", posts.sample_rate, "Hz"
)
print("target", ", ".join(f"{(posts.target == name).sum()} {name}" for name in posts.target_names))

# %%
fig, axes = plt.subplots(3, 6, figsize=(6.6, 3.9))
for row, name in zip(axes, posts.target_names, strict=True):
    for ax, i in zip(row, np.flatnonzero(posts.target == name)[:6], strict=True):
        ax.imshow(posts.frame["image"][i], vmin=0, vmax=255)
        ax.axis("off")
    row[0].set_title(name, loc="left")
plotting.show(
    fig,
    alt="Three rows of six drawn faces: negative, neutral, positive. Most negative ones frown and most positive ones smile, but not all.",
)

# %% [markdown]
# Look at the rows: most displeased authors frown, most pleased ones smile, and some do not. The face tells, but it does not tell everything. The same holds for words and sounds.
#
# ## 3 · One modality at a time
#
# A classifier wants numbers. Text becomes weighted counts of its words (TF-IDF, chapter 01), the picture becomes directions of its edges (HOG, chapter 02), the sound becomes the shape of its spectrum (MFCC, chapter 03).

# %%
hog = image.HOGFeatures(pixels_per_cell=16, orientations=6).fit_transform(posts.frame["image"])
mfcc = audio.MFCCFeatures().fit_transform(posts.frame["audio"])
print("numbers per image:", hog.shape[1], "- per sound:", mfcc.shape[1])


# %%
def linear(features, C=1.0):
    return make_pipeline(features, LogisticRegression(C=C, max_iter=1000))


experts = {
    "text": (linear(text.TfidfFeatures()), posts.frame["text"].to_numpy()),
    "image": (linear(StandardScaler()), hog),
    "audio": (linear(StandardScaler()), mfcc),
}

# %% [markdown]
# Now each expert learns from some posts and judges others: three posteriors, one per class. The posts are split **by author** (`GroupKFold`): whoever is in the test wrote none of the training posts. Otherwise an expert could recognise a face, a voice or a whole sentence that it has met with its answer.
#
# One setting must be chosen: logistic regression holds its weights back, by default with `C=1`; a smaller `C` holds them back harder. Each image has 600 numbers, and there are fewer posts than that to learn from, so it matters. **Who chooses?** Not we, by looking at the results: then the test would have taken part in the training. `GridSearchCV` splits the *training* posts once more, again by author, tries six values of `C` there, and keeps the one with the best log-loss (the usual score for posteriors, because it also minds how confident the wrong ones are; chapter 05). This is done anew in each of five folds, and the answers on the authors left out are collected.

# %%
y, authors = posts.target, posts.groups
folds = GroupKFold(5)
grid = {"logisticregression__C": np.logspace(-4, 1, 6)}

P = np.empty((len(y), 3, 3))  # posteriors: posts x experts x classes
chosen = {name: [] for name in experts}
for k, (name, (model, X)) in enumerate(experts.items()):
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=GroupKFold(4))
    for train, test in folds.split(y, groups=authors):
        assert not set(authors[train]) & set(authors[test])
        search.fit(X[train], y[train], groups=authors[train])
        P[test, k] = search.predict_proba(X[test])
        chosen[name].append(float(search.best_params_["logisticregression__C"]))
print("P has shape", P.shape, "and sums to 1 over the classes:", np.allclose(P.sum(axis=2), 1))

# %% [markdown]
# What did the search choose in each of the five folds? Mind a choice at the end of the list: it says that the list may be too short. The text expert makes one, the largest value; with 100 in the list as well it still takes 10 in every fold. Try it.

# %%
print("tried :", *grid["logisticregression__C"])
print(pd.DataFrame(chosen).rename_axis("fold").to_string())

# %%
ours = pd.DataFrame(P[ONE], index=list(experts), columns=posts.target_names)
fig, ax = plt.subplots(figsize=(6.4, 1.9))
left = np.zeros(3)
for name, colour in zip(posts.target_names, ("vermilion", "yellow", "blue"), strict=True):
    ax.barh(ours.index, ours[name], left=left, color=plotting.COLOURS[colour], label=name)
    left += ours[name].to_numpy()
ax.invert_yaxis()
ax.set(xlabel="probability", xlim=(0, 1))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
plotting.show(
    fig,
    alt="Stacked bars of three experts' posteriors on the post: text leans to positive, image to neutral, audio clearly to negative.",
)
assert ours.idxmax(axis=1).tolist() == ["positive", "neutral", "negative"]

# %% [markdown]
# Three experts, three answers. The image expert wavers, the audio expert is rather confident, and the text expert was indeed misled. By *like*? Do not guess, ask it: its decision is a sum over words and pairs of words, so it can say which of them pushed it from negative towards positive.

# %%
reader, others = linear(text.TfidfFeatures(), chosen["text"][0]), authors != authors[ONE]
reader.fit(posts.frame["text"][others], y[others])
counted = reader[0].transform([posts.frame["text"][ONE]]).toarray()[0]
weight = reader[1].coef_[2] - reader[1].coef_[0]  # for positive, less for negative
push = pd.Series(counted * weight, index=reader[0].get_feature_names_out())
print("towards positive:", ", ".join(push.nlargest(3).index))
print("towards negative:", ", ".join(push.nsmallest(3).index))

met = posts.frame["text"][others]
print("didn't, in praise:", met[met.str.contains("didn't") & (y[others] == "positive")].iloc[0])
rare = (reader[0].transform(met) > 0).sum(axis=0) <= 3
print(f"words and pairs that it has met in three posts at most: {rare.mean():.0%}")

# %% [markdown]
# Not by *like*: in the other posts things smell like feet or look like cardboard, so the word speaks for "negative", and more than undoes what the pair *like the* adds. It was *I* and *didn't*, which it has also met in praise. An expert that counts has met most words and pairs a few times only, and each outside of its sentence; chapter 01 shows how far that goes. How good are the three in general, on all 600 posts?

# %% tags=["nbval-ignore-output"]
classes = np.array(posts.target_names)
right = classes[P.argmax(axis=2)] == y[:, None]  # posts x experts
accuracy = pd.Series(right.mean(axis=0), index=list(experts))
print(accuracy.round(2).to_string())
assert (accuracy > 0.55).all(), "each is far better than chance, which is a third"
assert (accuracy < 0.72).all(), "and each is wrong on more than a quarter of the posts"

# %% [markdown]
# ## 4 · Fused, in one line
#
# The simplest way to make one decision of three posteriors is their mean. **Predict before you run the next cells**: the experts are right on six or seven posts out of ten. How often will their mean be right: as often as the best of them, or more often? By how much?

# %%
fused = P.mean(axis=1)
print("the three posteriors on our post, averaged, say:", classes[fused[ONE].argmax()])
assert classes[fused[ONE].argmax()] == y[ONE]
np.testing.assert_allclose(fused, rules.sum_rule(P))  # the package's version of the same line


# %%
def accuracy_by_fold(P, names):
    """One row a fold, one column an expert, and the mean of all experts at the end."""
    answers = classes[np.append(P, P.mean(axis=1, keepdims=True), axis=1).argmax(axis=2)]
    hits = pd.DataFrame(answers == y[:, None], columns=[*names, "fused"])
    return pd.DataFrame([hits.iloc[test].mean() for _, test in folds.split(y, groups=authors)])


by_fold = accuracy_by_fold(P, experts)
table = pd.DataFrame(
    {name: evaluation.corrected_t_test(by_fold[name], test_share=1 / 4)[:3] for name in by_fold},
    index=["mean", "low", "high"],
).T.sort_values("mean")

# %% tags=["home", "nbval-ignore-output"]
print(table.round(2))
fig, ax = plt.subplots(figsize=(6.4, 2.6))
plotting.intervals(ax, table)
ax.axvline(1 / 3, color="0.8")
ax.text(1 / 3, 3.2, " chance", color="0.45")
ax.set(ylim=(-0.5, 3.6), xlim=(0.3, 1))
plotting.show(
    fig,
    alt="Accuracy with 95 % intervals: text, image and audio lie between 0.55 and 0.75, fused clearly higher; chance is a third.",
)
assert table["mean"]["fused"] > table["mean"].drop("fused").max() + 0.05

# %% [markdown]
# One line of arithmetic made it better than any of its parts. That is the promise of multimodal learning. But two doubts first.
#
# **Was it the choice of `C`?** The same experts at scikit-learn's default `C=1`, with the spread over the five folds (where nothing is searched, `cross_val_predict` does the loop over the folds in one line):

# %% tags=["nbval-ignore-output"]
settings = {"groups": authors, "cv": folds, "method": "predict_proba"}
at_default = [cross_val_predict(model, X, y, **settings) for model, X in experts.values()]
default_by_fold = accuracy_by_fold(np.stack(at_default, axis=1), experts)

for name, each in (("C chosen", by_fold), ("C = 1", default_by_fold)):
    print(name.ljust(9), *(f"{c} {each[c].mean():.2f} ± {each[c].std():.2f}  " for c in each))
gains = [each["fused"] - each[each.mean().iloc[:3].idxmax()] for each in (by_fold, default_by_fold)]
assert gains[0].min() > 0 and gains[1].mean() > 0.03, "fusion gains, with either C"
assert by_fold["fused"].mean() > default_by_fold["fused"].mean() + 0.05
order = [each["image"].mean() - each["text"].mean() for each in (by_fold, default_by_fold)]
assert order[0] > 0.02 and order[1] < 0, "but C decides who is ahead, image or text"

# %% [markdown]
# The fusion gains in both rows. How much it gains and how high it ends depend on tuning: without the search, the headline would be several points lower. And so is the order of the experts: with `C` chosen the image expert is ahead of the text expert, at the default it is slightly behind, by less than the spread over folds. Whoever compares modalities, or a fusion with a single modality, has to tune both with the same care.
#
# **Or do three of anything beat one?** Then three experts for the *same* modality would do as well. Three readers, all of the text: by words, by words and pairs, by pieces of two to four letters. All at the default `C`, as in the second row above. **Predict**: how much will their mean gain?

# %% tags=["nbval-ignore-output"]
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
readers = {
    "words": text.TfidfFeatures(ngram_range=(1, 1)),
    "words and pairs": text.TfidfFeatures(),
    "letters": letters,
}
X = posts.frame["text"].to_numpy()
reading = [cross_val_predict(linear(features), X, y, **settings) for features in readers.values()]
reading_by_fold = accuracy_by_fold(np.stack(reading, axis=1), readers)
print(*(f"{c} {a.mean():.2f} ± {a.std():.2f}  " for c, a in reading_by_fold.items()))

for who, each in (("three modalities", at_default), ("three readers", reading)):
    n_right = (classes[np.argmax(each, axis=2)] == y).sum(axis=0)
    counts = np.bincount(n_right, minlength=4)
    print(f"{who}: {counts[0]} posts on which none is right, {counts[3]} on which all are")
gain = reading_by_fold["fused"].mean() - reading_by_fold.mean().iloc[:3].max()
assert gain < 0.02 < gains[1].mean(), "same number of experts, same rule, next to no gain"

# %% [markdown]
# Same rule, same number of experts, and the mean is no better than the best of them (by letters, here; chapter 01 comes back to that). The readers err on the *same* posts: on many none is right, and nobody is there to put it right. The modalities err on different ones. Back to the experts whose `C` was chosen: on how many posts are none, one, two or all three right, and what does the mean do there?

# %%
right = classes[P.argmax(axis=2)] == y[:, None]  # posts x experts
fused_right = classes[fused.argmax(axis=1)] == y
n_right = right.sum(axis=1)
shares = pd.Series(fused_right).groupby(n_right).agg(["size", "mean"])
fig, ax = plt.subplots(figsize=(6.4, 2.6))
ax.bar(shares.index, shares["size"], color="0.85", label="posts")
ax.bar(
    shares.index,
    shares["size"] * shares["mean"],
    color=plotting.MODALITY_COLOURS["fused"],
    label="fused is right",
)
ax.set(xlabel="how many of the three experts are right", ylabel="posts", xticks=range(4))
ax.legend()
plotting.show(
    fig,
    alt="Bars over 0 to 3 right experts: with two or three right, fusion is nearly always right; with one right, in a third to a half of the posts; with none, almost never.",
)
assert shares["mean"][3] > 0.99 and shares["mean"][2] > 0.85
assert 0.25 < shares["mean"][1] < 0.5 and shares["mean"][0] < 0.2

# %% tags=["nbval-ignore-output"]
confidence, alone = P.max(axis=2), n_right == 1
its = np.where(right, confidence, 0).max(axis=1)  # of the one that is right
theirs = np.where(right, 0, confidence).max(axis=1)  # of the more confident one that is wrong
for follows, rows in (("follows", alone & fused_right), ("does not follow", alone & ~fused_right)):
    a, b = np.median(its[rows]), np.median(theirs[rows])
    print(f"the mean {follows}: confidence {a:.2f}, of the wrong ones {b:.2f} (medians)")
    assert (a > b) == (follows == "follows")

# %% [markdown]
# Where all are right, the mean is right too. Where two are right, it is right in about nine of ten. Where only one is right, as on our post, it tends to follow that one where it is more confident than the others (medians above): a mean weighs by confidence, a vote does not. Chapter 05 takes this apart, and shows when it goes wrong.
#
# ## 5 · The ceiling: how good could it be?
#
# Fused is better than single. But is it *good*? With most data nobody knows. Here we do: each post began as three hidden numbers, one per modality, drawn from a distribution that depends on the class. The **ideal observer** sees these numbers instead of the rendered words, pixels and samples, knows the distributions, and applies Bayes' rule. No classifier of the posts can be right more often, on average.

# %%
for known in (["text"], ["image"], ["audio"], ["text", "image"], ["text", "image", "audio"]):
    print(f"{' + '.join(known):21s} at most {posts.ceiling(known):.2f}")

# %% [markdown]
# Even a perfect reader is right in 79 % of the posts only: some authors who are pleased simply write something lukewarm. A perfect eye gets 70 %, and so does a perfect ear. All three together allow 90 %. Here is the figure again, with a mark where each row could end. **Predict**: which expert is close to its ceiling, and which one wastes most of what its modality says?

# %% tags=["nbval-ignore-output"]
ceiling = pd.Series({name: posts.ceiling([name]) for name in experts} | {"fused": posts.ceiling()})
fig, ax = plt.subplots(figsize=(6.4, 2.6))
plotting.intervals(ax, table)
ax.plot(ceiling[table.index], range(4), "|", color="0.2", ms=18, mew=2)
ax.text(ceiling["fused"], 3.3, "ideal observer", color="0.2", ha="center")
ax.set(ylim=(-0.5, 3.7), xlim=(0.3, 1))
plotting.show(
    fig,
    alt="The accuracies again, each with the ideal observer's as a vertical mark: image and audio end close to theirs, text and fused far below.",
)
used = (table["mean"] - 1 / 3) / (ceiling - 1 / 3)  # of the way from chance to the ceiling
print("share of what can be known:", ", ".join(f"{name} {used[name]:.0%}" for name in used.index))
by_letters = (reading_by_fold["letters"].mean() - 1 / 3) / (ceiling["text"] - 1 / 3)
print(f"the reader by letters: {by_letters:.0%}")
assert max(used["text"], by_letters) < used[["image", "audio"]].min() - 0.1

# %% [markdown]
# Image and audio come close to what there is to know; the text expert, whose modality says most, understands the smallest share of it, and the best of the three readers above does not change that. So the most can still be won in the text.
#
# The hidden numbers can be drawn. Each dot is a post; the ideal observer of text and image decides by the straight lines between the fields.

# %%
z = posts.latents
grid = np.linspace(-5, 5, 201)
plane = pd.DataFrame([(a, b) for b in grid for a in grid], columns=["text", "image"])
decision = posts.world.posteriors(plane, ["text", "image"]).argmax(axis=1).reshape(201, 201)
fig, ax = plt.subplots(figsize=(4.6, 4.2))
ax.contourf(
    grid, grid, decision, levels=[-0.5, 0.5, 1.5, 2.5], colors=["#F7D9C8", "#FBF6C8", "#CFE3F2"]
)
for name, colour, marker in zip(
    posts.target_names, ("vermilion", "black", "blue"), "v.^", strict=True
):
    mine = z[y == name]
    ax.plot(
        mine["text"],
        mine["image"],
        marker,
        ms=4,
        color=plotting.COLOURS[colour],
        label=name,
        alpha=0.7,
    )
ax.set(
    xlabel="latent value of the text (noise sds)", ylabel="latent value of the image (noise sds)"
)
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
plotting.show(
    fig,
    alt="Scatter of 600 posts over two latent values. Three clouds, negative at lower left, neutral in the middle, positive at upper right, overlap; slanted straight borders separate them better than any vertical or horizontal line could.",
)

# %% [markdown]
# The three clouds overlap, whichever way you look at them. But along the slanted direction, which uses both numbers, they overlap less than along either axis alone. Fusion is this slant; much of the series is how to find it when all you have are words, pixels and samples.
#
# ## 6 · Your own post
#
# `DecisionFusion` packs the experts and the rule into one scikit-learn classifier that reads the table as it is. Trained on the training posts of the first fold, with the values of `C` that were chosen there, it must give what we computed by hand:

# %%
train, test = next(folds.split(y, groups=authors))
model = DecisionFusion(
    [
        ("text", linear(text.TfidfFeatures(), chosen["text"][0]), "text"),
        (
            "image",
            make_pipeline(
                image.HOGFeatures(pixels_per_cell=16, orientations=6),
                linear(StandardScaler(), chosen["image"][0]),
            ),
            "image",
        ),
        (
            "audio",
            make_pipeline(audio.MFCCFeatures(), linear(StandardScaler(), chosen["audio"][0])),
            "audio",
        ),
    ],
    rule="sum",
    calibration=None,
)
model.fit(posts.frame.iloc[train], y[train])
np.testing.assert_allclose(model.predict_proba(posts.frame.iloc[test]), fused[test], atol=1e-6)
print("experts:", ", ".join(name for name, _, _ in model.experts_), "- the same posteriors")

# %% [markdown]
# It takes a post with missing cells, too: the absent expert is left out. Change the sentence, take out the last line (it expects somebody pleased), and run the cell again. Then give it somebody's face as well: put `posts.frame["image"][50]`, say, in place of `None`.

# %% tags=["nbval-ignore-output"]
mine = pd.DataFrame(
    {"text": ["What a wonderful evening, we loved it."], "image": [None], "audio": [None]}
)
p = model.predict_proba(mine)[0]
print(pd.Series(p, index=model.classes_).round(2).to_string())
assert model.classes_[p.argmax()] == "positive"

# %% [markdown]
# It was trained on a few hundred posts, so do not expect it to know your favourite word. A word it has never met has no column, and is left out.
#
# ## 7 · The map of the series
#
# The series answers a text: a Chinese blog article on multimodal learning for sentiment analysis and face recognition, here called **the article**. It names the methods of chapters 01 to 08 and shows some code for them; [chapter 19](19_test_the_article.ipynb) checks it claim by claim, and the chapters before say where they differ.
#
# Twenty chapters in five parts. You can read them in order, or follow a question: *which features?* 01 to 03; *how do I combine them?* 04 to 06; *can a network do it all?* 07 to 09; *does it work on real data?* 15 to 18.
#
# | | Chapter | The question | Data | Minutes |
# |---|---|---|---|---|
# | **I** | **One modality at a time** | | | |
# | 00 | [Start here](00_start_here.ipynb) | how much better is a machine that reads, looks and listens at once? | simulated | 25 |
# | 01 | [Text: bag of words and TF-IDF](01_read_text.ipynb) | what is left of a sentence when it becomes a vector, and what of "not good"? | bundled reviews; if fetched: `movie_sentences` | 45 |
# | 02 | [Images: SIFT and HOG](02_see_images.ipynb) | what do SIFT and HOG see, and where does "invariant" end? | simulated; five photographs | 50 |
# | 03 | [Sound: MFCC and chroma](03_hear_sound.ipynb) | what do MFCC keep that chroma drops, and the reverse? | simulated | 45 |
# | **II** | **Fusing** | | | |
# | 04 | [Fusing features](04_fuse_features.ipynb) | how do you average 120 numbers with 36? | simulated | 50 |
# | 05 | [Fusing decisions](05_fuse_decisions.ipynb) | sum, product or vote, and when does each fail? | simulated | 60 |
# | 06 | [Choosing a fusion](06_choose_a_fusion.ipynb) | which rule wins where, and how would you find out? | simulated | 60 |
# | **III** | **Learned representations** | | | |
# | 07 | [Sharing a code: the multimodal autoencoder](07_share_a_code.ipynb) | can one code stand for face, voice and words? | simulated; if fetched: `spoken_digits`, `mnist_test` | 55 |
# | 08 | [CNN-RNN: one network for pictures, sounds and words](08_train_cnn_rnn.ipynb) | does a joint network beat its best single branch? | simulated; if fetched: `spoken_digits`, `mnist_test` | 60 |
# | 09 | [Contrastive alignment: learning without labels](09_align_without_labels.ipynb) | what can be learned from pairs without labels? | simulated | 50 |
# | **IV** | **Practice** | | | |
# | 10 | [Sentiment analysis](10_analyse_sentiment.ipynb) | how do raw posts become a report? | simulated | 60 |
# | 11 | [Face recognition](11_recognise_faces.ipynb) | who is it, by face, voice and caption? | simulated; if fetched: `london_faces` | 60 |
# | 12 | [Missing and noisy modalities](12_lose_modalities.ipynb) | what breaks first, and what helps? | simulated | 50 |
# | 13 | [Explaining a prediction](13_explain_a_prediction.ipynb) | which modality decided, and which word? | simulated | 40 |
# | 14 | [Scaling out](14_scale_out.ipynb) | what if the data do not fit into memory? | simulated | 55 |
# | **V** | **Real data** | | | |
# | 15 | [Faces and voices](15_verify_faces_and_voices.ipynb) | how much surer is a system that sees and hears you? | real: `london_faces`, `librispeech_sample` | 50 |
# | 16 | [Hearing and seeing emotion](16_judge_emotion.ipynb) | when does a second opinion make people worse? | real: `crema_d_ratings` | 55 |
# | 17 | [Text and picture sentiment](17_read_films_and_emoji.ipynb) | what does a picture add where words say little? | real: `movie_sentences`, `emoji_sentiment`, `emoji_glyphs` | 55 |
# | 18 | [Audio-visual digits](18_hear_and_see_digits.ipynb) | does a network understand a new speaker? | real: `spoken_digits`, `mnist_test` | 60 |
# | 19 | [The article, claim by claim](19_test_the_article.ipynb) | which claims of the text this course grew from hold? | simulated; tables of scikit-learn and matplotlib | 60 |
#
# Every chapter has the same parts: a promise, key terms in English and Chinese, ideas in a few visible lines of code, *What we measured*, exercises, a quiz with folded answers, pitfalls, references.
#
# ## What we measured
#
# The main claims of this chapter, asserted. (The digits of trained models vary a little between processors; the claims do not.)

# %% tags=["nbval-ignore-output"]
best, joint, limit = accuracy.max(), table["mean"]["fused"], posts.ceiling()
print(f"best single modality: {accuracy.idxmax()} {best:.2f}")
print(f"fused: {joint:.2f}, {joint - best:.2f} more")
print(
    f"ideal observer: {limit:.2f}; fusion closes {(joint - best) / (limit - best):.0%} of the gap"
)
assert joint > best + 0.05, "fused beats the best single modality by five points or more"
assert gains[0].min() > 0, "and does so in every fold"
assert gains[1].mean() > 0.03, "at the default C as well"
assert gain < 0.02, "three readers of one modality gain nothing over the best of them"
assert joint < limit - 0.05, "there is something left to gain"
for name in experts:
    assert accuracy[name] < posts.ceiling([name]), "no expert beats the ideal observer"
assert used["text"] < used[["image", "audio"]].min() - 0.1, "least is understood of the text"

# %% [markdown]
# ## Exercises
#
# This is how exercises work. Each begins with a stub. Fill it in and run its cell: `check` examines your answer on copies of fresh random inputs, which it must leave unchanged, and prints either *passed*, or a hint about what went wrong. Nothing is counted, and you can try as often as you like. A stub that is not filled in says *not yet*. If you are stuck, open the hint, then the folded solution below it.
#
# ### Exercise 00.1 · Count what is right
#
# Write the accuracy: the share of predictions that equal the true class. Both arguments are arrays of strings of the same length.


# %%
def my_accuracy(predicted, true):
    """Return one number between 0 and 1."""
    ...  # your code here


check("00.1", my_accuracy)

# %% [markdown]
# <details><summary>Hint</summary><code>predicted == true</code> is an array of True and False, and True counts as 1.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def accuracy_of(predicted, true):
    return (predicted == true).mean()


check("00.1", accuracy_of)

# %% [markdown]
# ### Exercise 00.2 · Average what is there, by weight
#
# `P` holds posteriors, of shape `(n_samples, n_modalities, n_classes)`. Where a modality is missing from a sample, its row of `P` is NaN; at least one modality is there in each sample. `weights`, an array, holds one number above 0 per modality. Return the weighted mean over the modalities *that are there*, of shape `(n_samples, n_classes)`: each row must sum to 1.


# %%
def my_average(P, weights):
    """Return the weighted mean of the posteriors of each sample, absent modalities left out."""
    ...  # your code here


check("00.2", my_average)

# %% [markdown]
# <details><summary>Hint</summary>Divide by the weights of those that are there, not by all. <code>np.isnan(P[:, :, 0])</code> says who is absent, <code>np.nansum</code> adds up and takes NaN for 0.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def average_of(P, weights):
    there = ~np.isnan(P[:, :, 0])
    total = np.nansum(P * np.asarray(weights)[:, None], axis=1)
    return total / (there @ np.asarray(weights))[:, None]


check("00.2", average_of)

# %% [markdown]
# ### Exercise 00.3 · How much of the gap is closed?
#
# A fused classifier reaches the accuracy `fused`; the single modalities reach `singles`, a dictionary such as `{"text": 0.6, "image": 0.7}`; the ideal observer reaches `ceiling`. Return which share of the gap between the *best* single modality and the ceiling the fusion closes: 0 if it is no better than the best single one, 1 at the ceiling, negative if it is worse.


# %%
def my_share(fused, singles, ceiling):
    """Return one number, at most 1."""
    ...  # your code here


check("00.3", my_share)

# %% [markdown]
# <details><summary>Hint</summary>What you gained, divided by what there was to gain. The values of a dictionary: <code>singles.values()</code>.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def share_of(fused, singles, ceiling):
    best = max(singles.values())
    return (fused - best) / (ceiling - best)


check("00.3", share_of)

# %% [markdown]
# ## Quiz
#
# 1. Two experts are each right on two posts out of three, and they are right on exactly the *same* posts. What will fusing them bring?
#
# <details><summary>Answer</summary>Next to nothing. What fusion needs is errors that differ (section 4). Two experts with the same errors are one expert, asked twice.</details>
#
# 2. A friend reports 90 % with fused posts and is proud of it. Which two numbers do you ask for first?
#
# <details><summary>Answer</summary>The best single modality on the same test, for if that one reaches 90 % too, the fusion did nothing; and how the posts were split, for if the same authors are in training and test, 90 % may be memory. (The third one, if the data allow it: the ceiling.)</details>
#
# 3. Two people use these posts. One reports that images tell more than texts, the other that texts tell more than images. Both measured correctly. How can that be, and what do you ask them?
#
# <details><summary>Answer</summary>How each chose the settings, and on which posts: at the default <code>C</code> the image expert is behind the text expert, with <code>C</code> chosen on the training posts it is ahead (section 4). And neither measured what images and texts <em>tell</em>, which is the ceiling (there the text is ahead), but what one kind of expert understood.</details>
#
# 4. Can a classifier be right more often than the ideal observer?
#
# <details><summary>Answer</summary>On 600 posts, by luck, a little. On average over new posts, no: it sees less (the rendered post instead of the latent values) and knows less (it has to learn the distributions).</details>
#
# ## Pitfalls
#
# - **Comparing with the average modality.** A fusion has to beat the *best* single modality; otherwise you would be better off with that one alone. Every chapter that fuses puts it beside the fused number.
# - **Choosing settings on the test.** Try ten values of `C`, report the best: that figure is too good, for the test took part in the choice. Choose inside the training folds (`GridSearchCV` inside the loop over the folds, as in section 3).
# - **Splitting rows at random.** The same author's sentences, face and voice end up on both sides and the test measures memory. Use `groups`.
# - **Looking before predicting.** Run a cell before you have made a guess, and you will find every result obvious. Guess first.
# - **Taking a simulation for the world.** The drawn faces teach how methods work and what could be reached. Whether they work on people is asked in Part V, and answered on people.
#
# ## References
#
# - T. Baltrušaitis, C. Ahuja, L.-P. Morency, Multimodal machine learning: a survey and taxonomy, IEEE TPAMI, 2019.
# - J. Kittler, M. Hatef, R. Duin, J. Matas, On combining classifiers, IEEE TPAMI, 1998: the sum rule, the product rule and why.
# - S. Varma, R. Simon, Bias in error estimation when using cross-validation for model selection, BMC Bioinformatics, 2006: why the choice belongs inside.
# - D. Green, J. Swets, Signal Detection Theory and Psychophysics, 1966: the ideal observer.
#
# **Next**: [01 · Text: bag of words and TF-IDF](01_read_text.ipynb): what is left of a sentence when it becomes a vector, and what of "not good"?
