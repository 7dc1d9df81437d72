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
# - train one classifier per modality and fuse their opinions in one line,
# - say how good the fusion is: beside the best single modality, and beside the best that is possible at all,
# - find your way through the series, and let the exercises check your answers.
#
# **You need**: Python, and what a probability is. If a line of scikit-learn is new to you, read on; chapters 01 to 05 explain every step of this one.
#
# **Time**: 25 minutes to read and do, 30 seconds to run (the very first run makes the data and takes a little longer).
#
# | Key term | 中文 | In short |
# |---|---|---|
# | modality | 模态 | one channel of information: text, image, sound |
# | fusion | 融合 | making one decision from several modalities |
# | posterior | 后验概率 | how probable each class is, after looking |
# | accuracy | 准确率 | the share of right decisions |
# | chance | 随机水平 | the accuracy of guessing |
# | ideal observer, ceiling | 理想观察者，上限 | who knows how the data came about and uses all of it; how often even that observer is right |
# | latent value | 潜在值 | the hidden number from which a text, a face or a sound was made |
# | grouped cross-validation | 分组交叉验证 | testing on authors of whom the machine has seen nothing |

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
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

# %%
posts = datasets.load_posts()
ONE = 9
print(posts.frame["text"][ONE])

# %%
fig, ax = plt.subplots(figsize=(2.4, 2.4))
ax.imshow(posts.frame["image"][ONE], vmin=0, vmax=255)
ax.axis("off")
plotting.show(fig, alt="A drawn grey portrait with a grave look; the mouth is nearly straight.")

# %%
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
# A classifier wants numbers. Text becomes weighted counts of its words (TF-IDF, chapter 01), the picture becomes directions of its edges (HOG, chapter 02), the sound becomes the colour of its spectrum (MFCC) and its pitch classes (chroma, both chapter 03).

# %%
hog = image.HOGFeatures(pixels_per_cell=16, orientations=6).fit_transform(posts.frame["image"])
mfcc = audio.MFCCFeatures().fit_transform(posts.frame["audio"])
chroma = audio.ChromaFeatures().fit_transform(posts.frame["audio"])
sound = np.hstack([mfcc, chroma])
print("numbers per image:", hog.shape[1], "- per sound:", sound.shape[1])


# %%
def linear(C):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))


experts = {
    "text": (make_pipeline(text.TfidfFeatures(), LogisticRegression(C=3)), posts.frame["text"]),
    "image": (linear(0.001), hog),
    "audio": (linear(0.003), sound),
}

# %% [markdown]
# Now each expert learns from some posts and gives its opinion on others: three probabilities, one per class. The posts are split **by author**: whoever is in the test wrote none of the training posts. Otherwise an expert could recognise a face, a voice or a whole sentence that it has met with its answer.

# %%
y, authors = posts.target, posts.groups
folds = list(GroupKFold(5).split(y, groups=authors))
P = np.zeros((len(y), 3, 3))  # opinions: posts x experts x classes
for train, test in folds:
    assert not set(authors[train]) & set(authors[test])
    for k, (model, X) in enumerate(experts.values()):
        rows = X.iloc if isinstance(X, pd.Series) else X
        P[test, k] = model.fit(rows[train], y[train]).predict_proba(rows[test])
print("P has shape", P.shape, "and every opinion sums to 1:", np.allclose(P.sum(axis=2), 1))

# %%
opinions = pd.DataFrame(P[ONE], index=list(experts), columns=posts.target_names)
fig, ax = plt.subplots(figsize=(6.4, 1.9))
left = np.zeros(3)
for name, colour in zip(posts.target_names, ("vermilion", "yellow", "blue"), strict=True):
    ax.barh(opinions.index, opinions[name], left=left, color=plotting.COLOURS[colour], label=name)
    left += opinions[name].to_numpy()
ax.invert_yaxis()
ax.set(xlabel="probability", xlim=(0, 1))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
plotting.show(
    fig,
    alt="Stacked bars of three experts' opinions on the post: text leans to positive, image to neutral, audio clearly to negative.",
)
assert opinions.idxmax(axis=1).tolist() == ["positive", "neutral", "negative"]

# %% [markdown]
# Three experts, three opinions. The image expert wavers, the audio expert is rather sure, and the text expert was indeed misled. By *like*? Do not guess, ask it: its decision is a sum over words and pairs of words, so it can say which of them pushed it from negative towards positive.

# %%
reader, others = experts["text"][0], authors != authors[ONE]
reader.fit(posts.frame["text"][others], y[others])
counted = reader[0].transform([posts.frame["text"][ONE]]).toarray()[0]
weight = reader[1].coef_[2] - reader[1].coef_[0]  # for positive, less for negative
push = pd.Series(counted * weight, index=reader[0].get_feature_names_out())
print("towards positive:", ", ".join(push.nlargest(3).index))
print("towards negative:", ", ".join(push.nsmallest(3).index))

# %% [markdown]
# Not by *like*: in the other posts things smell like feet or look like cardboard, so the word speaks for "negative", and more than undoes what the pair *like the* adds. It was *I* and *didn't*, which has been met in praise ("who didn't overcharge me"). An expert that counts has seen most words a few times only, and always out of their sentence; chapter 01 shows how far that goes. How good are the three in general, on all 600 posts?

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
# The simplest way to make one decision of three opinions is their mean. **Predict before you run the next cells**: the experts are right on six or seven posts out of ten. How often will their mean be right: as often as the best of them, or more often? By how much?

# %%
fused = P.mean(axis=1)
print("the three opinions on our post, averaged, say:", classes[fused[ONE].argmax()])
assert classes[fused[ONE].argmax()] == y[ONE]
np.testing.assert_allclose(fused, rules.sum_rule(P))  # the package's version of the same line

# %%
hits = pd.DataFrame(right, columns=list(experts)).assign(fused=classes[fused.argmax(axis=1)] == y)
by_fold = pd.DataFrame([hits.iloc[test].mean() for _, test in folds])
table = pd.DataFrame(
    {name: evaluation.corrected_t_test(by_fold[name], test_share=1 / 4)[:3] for name in by_fold},
    index=["mean", "low", "high"],
).T
fig, ax = plt.subplots(figsize=(6.4, 3.2))
plotting.intervals(ax, table, ceiling=posts.ceiling())
ax.axvline(1 / 3, color="0.8")
ax.text(1 / 3, 3.2, " chance", color="0.45")
ax.set(ylim=(-0.8, 3.6), xlim=(0.3, 1))
plotting.show(
    fig,
    alt="Accuracy with 95 % intervals: text, image and audio lie between 0.55 and 0.7, fused clearly higher, and the ideal observer clearly above that; chance is a third.",
)
assert table["mean"]["fused"] > table["mean"].drop("fused").max() + 0.03

# %% [markdown]
# One line of arithmetic made it better than any of its parts. That is the promise of multimodal learning, and it is kept because the three err on *different* posts: where one is misled, the two others often are not. How different? Count on how many posts none, one, two or all three are right:

# %%
n_right = hits[list(experts)].sum(axis=1)
shares = hits["fused"].groupby(n_right).agg(["size", "mean"])
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
    alt="Bars over 0 to 3 right experts: with two or three right, fusion is nearly always right; with one right, in about half of the posts; with none, almost never.",
)
assert shares["mean"][3] > 0.99 and shares["mean"][2] > 0.85
assert 0.35 < shares["mean"][1] < 0.65 and shares["mean"][0] < 0.2

# %% [markdown]
# Where all are right, the mean is right too. Where two are right, it follows them nearly always. Where only one is right, as on our post, it follows that one if it is sure enough and the other two waver: a mean weighs opinions by their sureness, a vote does not. Chapter 05 takes this apart, and shows when it goes wrong.
#
# ## 5 · The ceiling: how good could it be?
#
# Fused is better than single. But is it *good*? With most data nobody knows. Here we do: each post began as three hidden numbers, one per modality, drawn from a distribution that depends on the class. The **ideal observer** sees these numbers instead of the rendered words, pixels and samples, knows the distributions, and applies Bayes' rule. No classifier of the posts can be right more often, on average.

# %%
for chosen in (["text"], ["image"], ["audio"], ["text", "image"], ["text", "image", "audio"]):
    print(f"{' + '.join(chosen):21s} at most {posts.ceiling(chosen):.2f}")

# %% [markdown]
# Even a perfect reader is right in 79 % of the posts only: some authors who are pleased simply write something lukewarm. A perfect eye gets 70 %. All three together allow 90 %. **Look at the figure above again**: which expert is close to its ceiling, and which one wastes most of what its modality says?
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
# The three clouds overlap, whichever way you look at them. But along the slanted direction, which uses both numbers, they overlap less than along either axis alone. Fusion is this slant; everything else in the series is how to find it when all you have are words, pixels and samples.
#
# ## 6 · Your own post
#
# `DecisionFusion` packs the experts and the rule into one scikit-learn classifier that reads the table as it is. It takes a post with missing cells, too: the absent expert is left out.

# %%
features = {
    "text": make_pipeline(text.TfidfFeatures(), LogisticRegression(C=3)),
    "image": make_pipeline(image.HOGFeatures(pixels_per_cell=16, orientations=6), linear(0.001)),
    "audio": make_pipeline(audio.MFCCFeatures(), linear(0.003)),
}
model = DecisionFusion(
    [(name, expert, name) for name, expert in features.items()], rule="sum", calibration=None
)
some = np.flatnonzero(authors < 15)  # half of the authors: enough for a try, and quick
_ = model.fit(posts.frame.iloc[some], y[some])
print("experts:", ", ".join(name for name, _, _ in model.experts_))

# %% [markdown]
# Change the sentence and run the cell again. Then give it somebody's face as well: put `posts.frame["image"][50]`, say, in place of `None`.

# %% tags=["nbval-ignore-output"]
mine = pd.DataFrame(
    {"text": ["What a wonderful evening, we loved it."], "image": [None], "audio": [None]}
)
p = model.predict_proba(mine)[0]
print(pd.Series(p, index=model.classes_).round(2).to_string())
assert model.classes_[p.argmax()] == "positive"

# %% [markdown]
# It was trained on a few hundred posts, so do not expect it to know your favourite word. A word it has never met says nothing to it.
#
# ## 7 · The map of the series
#
# Twenty chapters in five parts. Those with a link are there; the others are planned. You can read them in order, or follow a question: *which features?* 01 to 03; *how do I combine them?* 04 to 06; *can a network do it all?* 07 to 09; *does it work on real data?* 15 to 18.
#
# | | Chapter | The question | Data | Minutes |
# |---|---|---|---|---|
# | **I** | **One modality at a time** | | | |
# | 00 | [Start here](00_start_here.ipynb) | how much better is a machine that reads, looks and listens at once? | simulated | 25 |
# | 01 | [Text: bag of words and TF-IDF](01_read_text.ipynb) | what is left of a sentence when it becomes a vector, and what of "not good"? | bundled reviews; if fetched: `movie_sentences` | 45 |
# | 02 | [Images: SIFT and HOG](02_see_images.ipynb) | what do SIFT and HOG see, and where does "invariant" end? | simulated; one photograph | 50 |
# | 03 | [Sound: MFCC and chroma](03_hear_sound.ipynb) | what do MFCC keep that chroma drops, and the reverse? | simulated | 45 |
# | **II** | **Fusing** | | | |
# | 04 | [Fusing features](04_fuse_features.ipynb) | how do you average 120 numbers with 36? | simulated | 50 |
# | 05 | [Fusing decisions](05_fuse_decisions.ipynb) | sum, product or vote, and when does each fail? | simulated | 60 |
# | 06 | [Choosing a fusion](06_choose_a_fusion.ipynb) | which rule wins where, and how would you find out? | simulated | 60 |
# | **III** | **Learned representations** | | | |
# | 07 | [Sharing a code: the multimodal autoencoder](07_share_a_code.ipynb) | can one code stand for face, voice and words? | simulated; if fetched: `spoken_digits`, `mnist_test` | 50 |
# | 08 | [CNN-RNN: one network for pictures, sounds and words](08_train_cnn_rnn.ipynb) | does a joint network beat its best single branch? | simulated; if fetched: `spoken_digits`, `mnist_test` | 60 |
# | 09 | [Contrastive alignment: learning without labels](09_align_without_labels.ipynb) | what can be learned from pairs without labels? | simulated | 50 |
# | **IV** | **Practice** | | | |
# | 10 | Sentiment analysis | how do raw posts become a report? | simulated | |
# | 11 | Face recognition | who is it, by face, voice and caption? | simulated; if fetched: `london_faces` | |
# | 12 | Missing and noisy modalities | what breaks first, and what helps? | simulated | |
# | 13 | Explaining a prediction | which modality decided, and which word? | simulated | |
# | 14 | Scaling out | what if the data do not fit into memory? | simulated | |
# | **V** | **Real data** | | | |
# | 15 | [Faces and voices](15_verify_faces_and_voices.ipynb) | how much surer is a system that sees and hears you? | real: `london_faces`, `librispeech_sample` | 50 |
# | 16 | Hearing and seeing emotion | when does a second opinion make people worse? | real: `crema_d_ratings` | |
# | 17 | Text and picture sentiment | do film reviews and emoji say more together than apart? | real: `movie_sentences`, `emoji_sentiment`, `emoji_glyphs` | |
# | 18 | Audio-visual digits | does a network understand a new speaker? | real: `spoken_digits`, `mnist_test` | |
# | 19 | The article, claim by claim | which claims of the text this course grew from hold? | simulated | |
#
# Every chapter has the same parts: a promise, key terms in English and Chinese, ideas in a few visible lines of code, *What we measured*, exercises, a quiz with folded answers, pitfalls, references.
#
# ## What we measured
#
# The claims of this chapter, asserted. (The digits of trained models vary a little between processors; the claims do not.)

# %% tags=["nbval-ignore-output"]
best, joint, ceiling = accuracy.max(), hits["fused"].mean(), posts.ceiling()
print(f"best single modality: {accuracy.idxmax()} {best:.2f}")
print(f"fused: {joint:.2f}, {joint - best:.2f} more")
print(
    f"ideal observer: {ceiling:.2f}; fusion closes {(joint - best) / (ceiling - best):.0%} of the gap"
)
low = (by_fold["fused"] - by_fold[accuracy.idxmax()]).min()
assert joint > best + 0.05, "fused beats the best single modality by five points or more"
assert low > 0, "and does so in every fold"
assert joint < ceiling - 0.05, "there is something left to gain"
for name in experts:
    assert accuracy[name] < posts.ceiling([name]), "no expert beats the ideal observer"
assert accuracy["image"] > accuracy["text"] + 0.02, "the image expert understands more ..."
assert posts.ceiling(["image"]) < posts.ceiling(["text"]), "... of what says less"

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
# ### Exercise 00.2 · Average opinions, by hand
#
# `P` holds opinions, of shape `(n_samples, n_modalities, n_classes)`. Return their mean over the modalities, of shape `(n_samples, n_classes)`.


# %%
def my_average(P):
    """Return the mean opinion on each sample."""
    ...  # your code here


check("00.2", my_average)

# %% [markdown]
# <details><summary>Hint</summary>Which axis of <code>P</code> is to vanish? Axes are counted from 0.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def average_of(P):
    return P.mean(axis=1)


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
# <details><summary>Answer</summary>Next to nothing. Fusion lives on errors that differ. Two experts with the same errors are one expert, asked twice.</details>
#
# 2. A friend reports 90 % with fused posts and is proud of it. Which two numbers do you ask for first?
#
# <details><summary>Answer</summary>The best single modality on the same test, for if that one reaches 90 % too, the fusion did nothing; and how the posts were split, for if the same authors are in training and test, 90 % may be memory. (The third one, if the data allow it: the ceiling.)</details>
#
# 3. The image expert is right in two thirds of the posts, the text expert in somewhat fewer, and yet the ceiling of text is higher. How can that be?
#
# <details><summary>Answer</summary>The ceiling says how much the modality tells, the accuracy how much the expert understood. A drawn smile is easy to read for HOG; to understand a sentence from word counts, having met many of its words never before, is not. In the text there is more left to win.</details>
#
# 4. Can a classifier be right more often than the ideal observer?
#
# <details><summary>Answer</summary>On 600 posts, by luck, a little. On average over new posts, no: it sees less (the rendered post instead of the latent values) and knows less (it has to learn the distributions).</details>
#
# ## Pitfalls
#
# - **Comparing with the average modality.** A fusion has to beat the *best* single modality; otherwise you would be better off with that one alone. Every chapter puts it beside the fused number.
# - **Splitting rows at random.** The same author's sentences, face and voice end up on both sides and the test measures memory. Use `groups`.
# - **Looking before predicting.** Run a cell before you have made a guess, and you will find every result obvious. Guess first.
# - **Taking a simulation for the world.** The drawn faces teach how methods work and what could be reached. Whether they work on people is asked in Part V, and answered on people.
#
# ## References
#
# - T. Baltrušaitis, C. Ahuja, L.-P. Morency, Multimodal machine learning: a survey and taxonomy, IEEE TPAMI, 2019.
# - J. Kittler, M. Hatef, R. Duin, J. Matas, On combining classifiers, IEEE TPAMI, 1998: the sum rule, the product rule and why.
# - D. Green, J. Swets, Signal Detection Theory and Psychophysics, 1966: the ideal observer.
#
# **Next**: [01 · Text: bag of words and TF-IDF](01_read_text.ipynb): what is left of a sentence when it becomes a vector, and what of "not good"?
