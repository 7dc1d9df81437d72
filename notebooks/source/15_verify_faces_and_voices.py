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
# # 15 · Faces and voices · 人脸与声音
#
# > How much surer can a system be of who you are when it both sees and hears you, on real people, and when is the second look not worth having?
#
# **After this chapter you can**
#
# - tell identification from verification, and read a CMC curve (cumulative match characteristic) and a DET curve (detection error trade-off),
# - choose a threshold on some people and say what it costs on others,
# - bring scores of two modalities to one scale and fuse them by sum, by learned weights and by the product of likelihood ratios,
# - put an interval over people beside an error rate, and say what it does not cover,
# - say at which length of speech, and in how much noise, the second modality still earns its place.
#
# **You need**: chapter [05](05_fuse_decisions.ipynb) (posteriors, sum and product rule), and an idea of what HOG and MFCC describe (chapters [02](02_see_images.ipynb) and [03](03_hear_sound.ipynb)). The data are fetched once with `mmtutor data fetch london_faces` and `mmtutor data fetch librispeech_sample` (140 MB).
#
# **Time**: 50 minutes to read and do, 25 seconds to run (the first run also cuts out the faces and takes a little longer).
#
# | Key term | 中文 | In short |
# |---|---|---|
# | identification (of speakers) | 辨认（说话人辨认） | which of the known people is this? |
# | verification (of speakers) | 确认、验证（说话人确认） | is this the person they claim to be? |
# | enrolment, template, probe | 注册、模板、待测样本 | what is stored of a person at the start; what is compared with it later |
# | genuine, impostor | 真实匹配、冒名匹配 | a pair of the same person; a pair of different people |
# | false accept rate (FAR) | 误识率 | share of the impostors who are accepted |
# | false reject rate (FRR) | 拒识率 | share of the genuine claims that are rejected |
# | DET curve (detection error trade-off) | 检测错误权衡曲线 | one of these two rates against the other, threshold by threshold |
# | CMC curve (cumulative match characteristic) | 累积匹配特性曲线 | how often the right person is among the first k |
# | equal error rate (EER) | 等错误率 | the rate at which false accepts and false rejects are equal |
# | cohort | 参照人群 | people who are certainly somebody else; their scores give the scale |
# | score normalisation | 得分归一化 | bring scores to one scale by the scores of impostors |
# | likelihood ratio | 似然比 | how many times likelier a score is from a genuine pair than from an impostor |
# | chimeric person | 虚拟用户（直译：嵌合人） | one person's face with another one's voice, taken for one person |

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import expit
from scipy.stats import norm, rankdata
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import datasets, noise, plotting
from mmtutor.audio import MFCCFeatures
from mmtutor.evaluation import (
    bootstrap_interval,
    cmc_curve,
    det_curve,
    equal_error_rate,
    error_rates,
    rank_one,
    split_scores,
    z_norm,
)
from mmtutor.exercises import check
from mmtutor.fusion import rules
from mmtutor.image import HOGFeatures, PixelFeatures

plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# Somebody stands at a door. The system has one photograph of every resident, neutral, and six seconds of their voice. Now it sees a *smiling* face and hears two seconds of speech, and has to say who it is, out of 102.
#
# **Predict before you go on**: which will be right more often, the face or the voice? And if both are right about nine times in ten, how often will the two together be wrong?
#
# The photographs are the [Face Research Lab London Set](https://doi.org/10.6084/m9.figshare.5047666) (DeBruine and Jones, CC BY 4.0, signed consent), the voices a sample of [LibriSpeech](https://www.openslr.org/12) (CC BY 4.0). Here we show results and averages, no one person's picture and no one person's voice. On your own machine you can listen: `plotting.listen(voices["audio"][0][:32_000], 16_000, "a reader")`.

# %%
faces = datasets.fetch_london_faces(progress=False).frame
gallery = faces[faces["expression"] == "neutral"].reset_index(drop=True)
smiling = faces[faces["expression"] == "smiling"].reset_index(drop=True)
voices = datasets.fetch_librispeech_sample(seconds=11.5, progress=False).frame

for kind, frame in {"face": gallery, "voice": voices}.items():
    women, men = (int((frame["sex"] == sex).sum()) for sex in ("F", "M"))
    print(f"people with a {kind}: {women} women, {men} men")
assert (gallery["person"] == smiling["person"]).all()

# %% [markdown]
# ### Nobody here has both: chimeric people
#
# The 102 faces and the 186 voices belong to different people. To study fusion we give every face a voice *of the same sex*, drawn at random, and take the two for one person: a **chimeric** person. That is common practice and rests on an assumption: that within a sex, a face says nothing about the voice. Why the same sex? Because face and voice of a real person agree in it: an impostor of the other sex sounds wrong *and* looks wrong. In pairs drawn without regard to sex the two would be independent where in life they are not. Whether that matters we shall measure in sections 5 and 6.
#
# The voices that get no face are the **background**: whatever is learned about voices is learned from them.

# %%
N = len(gallery)  # 102 people


def draw_people(seed):
    """Return each person's voice, shape (102,), and the background voices, shape (84,)."""
    rng = np.random.default_rng(seed)
    voice_of = np.empty(N, dtype=int)
    for sex in ("F", "M"):
        people = np.flatnonzero(gallery["sex"] == sex)
        speakers = np.flatnonzero(voices["sex"] == sex)
        voice_of[people] = rng.choice(speakers, size=len(people), replace=False)
    return voice_of, np.setdiff1d(np.arange(len(voices)), voice_of)


voice_of, background = draw_people(seed=0)
assert (voices["sex"].to_numpy()[voice_of] == gallery["sex"].to_numpy()).all()
assert len(set(voice_of)) == N and not set(voice_of) & set(background)
print(f"{N} chimeric people, {len(background)} background speakers")

# %% [markdown]
# ### Who is fitted on what
#
# The figure one can trust least is one whose system has seen the test. So, before any result:
#
# | part | fitted on | never sees |
# |---|---|---|
# | eigenfaces, the mean face, the mean of HOG | the 102 neutral photographs of the gallery, the people of the test: what the system holds at enrolment anyway | a smiling photograph |
# | eyes found in the smiling photographs | neutral photographs of other people | the same person's neutral photograph |
# | scaling and discriminant analysis of voices | the 84 background speakers | any of the 102 evaluated voices |
# | score normalisation | faces: neutral photographs of different people against one another; voices: background speakers | a probe |
# | weights and likelihood ratios | pairs of people in the other four folds | any pair with a probe of the person judged |
#
# Two rows are not as strict as they could be: the gallery gives the faces' means and scale, and the same background speakers serve the analysis and the normalisation. What that is worth is measured in section 6.

# %% [markdown]
# ## 2 · The face: eigenfaces
#
# A picture of 64 by 64 pixels is a point in a space of 4096 dimensions. **Eigenfaces** are the directions in which the gallery's faces differ most. With the pictures as rows $x_i$ and their mean $\mu$,
#
# $$ X - \mu = U S V^\top, \qquad c(x) = V_{50}^\top (x - \mu), \qquad s(x, y) = -\lVert c(x) - c(y) \rVert . $$
#
# The code $c$ of a face has 50 numbers, and two faces are the more alike the closer their codes.

# %%
pixels = PixelFeatures(size=64)
X, Y = pixels.fit_transform(gallery["image"]), pixels.transform(smiling["image"])

mean_face = X.mean(axis=0)
_, _, directions = np.linalg.svd(X - mean_face, full_matrices=False)
eigenfaces = directions[:50]
gallery_code, smiling_code = (X - mean_face) @ eigenfaces.T, (Y - mean_face) @ eigenfaces.T
face = -cdist(smiling_code, gallery_code)  # (102 probes, 102 templates)

# The library's version of the same: directions may change sign, distances may not.
pca = PCA(n_components=50, svd_solver="full").fit(X)
np.testing.assert_allclose(face, -cdist(pca.transform(Y), pca.transform(X)), atol=1e-8)
print("scores:", face.shape)

# %%
fig, axes = plt.subplots(2, 4, figsize=(7.2, 4.0))
shown = [mean_face, Y.mean(axis=0), *eigenfaces[:6]]
names = ["mean, neutral", "mean, smiling", *(f"eigenface {k}" for k in range(1, 7))]
for ax, picture, name in zip(axes.flat, shown, names, strict=True):
    ax.imshow(picture.reshape(64, 64))
    ax.set_title(name, fontsize=10)
    ax.axis("off")
plotting.show(
    fig,
    alt="Two average faces of 102 people, neutral and smiling, both sharp at the eyes, and the first "
    "six eigenfaces, which show light, hair and the outline of the face before finer features.",
)

# %% [markdown]
# Both averages are sharp at the eyes: the smiling pictures are aligned about as well as the neutral ones, as far as the eye can tell. The first eigenfaces show light, skin and hair before finer features.
#
# ### Two questions one can ask of a matrix of scores
#
# `face` holds the score of each smiling probe against each neutral template. The **genuine** scores stand on its diagonal.
#
# - *Identification*: in which row is the diagonal the largest? The share of such rows is the **rank-1 rate**. The share in which the right person is among the first $k$, drawn against $k$, is the **cumulative match characteristic**, or CMC curve.
# - *Verification*: accept a claim if its score reaches a threshold. A low threshold accepts impostors (*false accept rate*, FAR), a high one rejects the right people (*false reject rate*, FRR). The **detection error trade-off**, or DET curve, shows one rate against the other, and the **equal error rate** (EER) is where they are equal.

# %%
people = np.arange(N)
genuine, impostor = np.diag(face), face[~np.eye(N, dtype=bool)]

# By hand: find the threshold at which the *share* of genuine scores below it comes closest to
# the share of impostor scores at or above it.
thresholds = np.sort(np.concatenate([genuine, impostor]))
false_reject = np.array([(genuine < t).mean() for t in thresholds])
false_accept = np.array([(impostor >= t).mean() for t in thresholds])
nearest = np.abs(false_reject - false_accept).argmin()
by_hand = (false_reject[nearest] + false_accept[nearest]) / 2

a, b = split_scores(face, people, people)
assert sorted(a) == sorted(genuine) and len(b) == N * (N - 1)
assert abs(equal_error_rate(genuine, impostor) - by_hand) < 0.005  # interpolated, so not equal
assert rank_one(face, people, people) == (face.argmax(axis=1) == people).mean()
print(f"{len(genuine)} genuine and {len(impostor):,} impostor pairs")

# %% [markdown]
# ## 3 · The voice: MFCC statistics, and directions in which speakers differ
#
# A clip becomes 40 numbers: mean and standard deviation over time of 20 mel-frequency cepstral coefficients. They tell who speaks, and also what is said and how loud. **Linear discriminant analysis** finds the directions in which speakers differ most, compared with how much one speaker's clips differ among themselves. It learns them from the background speakers, six clips of two seconds each, and never hears the people it will judge.
#
# A person's template is made from the first six seconds of the recording, the probes are two clips of two seconds from later in it. *The same recording*: room and microphone are the same too, so another day's recording may well be harder.

# %%
RATE = 16_000


def clips(start, seconds, snr=np.inf):
    """One clip of every speaker, with white noise at `snr` decibels (infinite: none)."""
    first, last = round(start * RATE), round((start + seconds) * RATE)
    cut = [samples[first:last] for samples in voices["audio"]]
    if np.isinf(snr):
        return cut
    return [noise.add_white_noise(clip, snr, random_state=k) for k, clip in enumerate(cut)]


describe = MFCCFeatures(deltas=False).fit_transform
PROBE_STARTS = (6.5, 9.0)
enrolled = describe(clips(0, 6))
learning = np.stack([describe(clips(start, 2)) for start in (0, 2, 4, 6, 8, 9.5)])
probes = np.stack([describe(clips(start, 2)) for start in PROBE_STARTS])
print("enrolled:", enrolled.shape, " to learn from:", learning.shape, " probes:", probes.shape)


# %%
def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def voice_scores(voice_of, background, probes, cohort=None):
    """Cosine scores of the people's probes (204, 102), and of the cohort's (background, 168)."""
    cohort = background if cohort is None else cohort
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(n_components=40))
    model.fit(np.vstack(learning[:, background]), np.tile(background, len(learning)))
    templates = unit(model.transform(enrolled[voice_of]))
    return tuple(
        unit(model.transform(np.vstack(probes[:, who]))) @ templates.T for who in (voice_of, cohort)
    )


voice, voice_cohort = voice_scores(voice_of, background, probes)
owner = np.tile(people, 2)  # whose probe a row is: first clips, then second clips
face = np.tile(face, (2, 1))  # the same smiling picture goes with both clips
print("voice:", voice.shape, " face:", face.shape, " cohort:", voice_cohort.shape)


# %% [markdown]
# ### How each does alone
#
# An error rate without an interval says little. What varies here is *people*, so whole people are drawn, with replacement, and the rate is computed anew. One thing needs care: a person who is drawn twice must not be counted as an impostor of herself.


# %%
def eer(scores, drawn=people):
    """Equal error rate, in per cent, over the pairs among `drawn` people."""
    rows = np.concatenate([drawn, drawn + N])  # both probes of each
    part = scores[np.ix_(rows, drawn)]
    different = np.tile(drawn, 2)[:, None] != drawn
    return 100 * equal_error_rate(
        part[np.tile(np.eye(len(drawn), dtype=bool), (2, 1))], part[different]
    )


def judge(systems):
    """A row for each system: EER with its interval, and rank-1 rate, all in per cent."""
    rows = {}
    for name, scores in systems.items():
        low, high = bootstrap_interval(
            lambda drawn, s=scores: eer(s, drawn), people, n_resamples=200
        )
        rows[name] = (eer(scores), low, high, 100 * rank_one(scores, people, owner))
    return pd.DataFrame(rows, index=["EER %", "low", "high", "rank-1 %"]).T


alone = judge({"eigenfaces": face, "MFCC voice": voice})

# %% tags=["nbval-ignore-output"]
print(alone.round(1))

# %% [markdown]
# The voice finds the right person more often than eigenfaces do, and has the lower equal error rate.
#
# ## 4 · Adding scores that have no common unit
#
# **Predict before you run the next cell**: the face's scores are distances, the voice's are cosines. What happens if we simply add the two matrices?

# %%
raw_face, raw_voice = face, voice
raw = {"face": raw_face, "voice": raw_voice, "raw sum": raw_face + raw_voice}
for name, scores in raw.items():
    print(f"{name}: spread {scores.std():.1f}, equal error rate {eer(scores):.0f} %")
assert abs(eer(raw["raw sum"]) - eer(raw_face)) < 0.5

# %% [markdown]
# Hardly anything: the face's scores are spread so much wider that the voice is hardly heard. The scores need one scale, and there is a natural one: *how does this template score against people who are certainly somebody else?* **Z-normalisation** takes a **cohort** of such impostors and counts how many of their standard deviations a score lies above their mean,
#
# $$ z(x, t) = \frac{s(x, t) - \mu_t}{\sigma_t}, \qquad \mu_t, \sigma_t \text{ from scores of the cohort against template } t . $$
#
# The voice's cohort are the background speakers. There are no background faces, so the gallery serves: each template against the other 101 neutral pictures. No probe is touched, but these 101 are the impostors of the test.
#
# The simplest rival is **min-max normalisation**: 0 at the lowest score of the cohort, 1 at the highest, for each template. It depends on the two extreme scores alone.

# %%
between = -cdist(gallery_code, gallery_code)
face_cohort = between[~np.eye(N, dtype=bool)].reshape(N, N - 1).T  # column t: others against t

by_hand = (raw_voice - voice_cohort.mean(axis=0)) / voice_cohort.std(axis=0)
face, voice = z_norm(raw_face, face_cohort), z_norm(raw_voice, voice_cohort)
np.testing.assert_allclose(voice, by_hand)
print(f"spread of the scores now: face {face.std():.1f}, voice {voice.std():.1f}")

# %% [markdown]
# Which one is better? And is it the common unit that matters, or that every *template* has its own scale? Three ways, over twenty draws of people. In the rows "one confused" one picture in every face's cohort is the person herself, as when a name was confused. **Predict**: which of the two normalisations minds that more?


# %%
def min_max(scores, cohort):
    low, high = cohort.min(axis=0), cohort.max(axis=0)
    return (scores - low) / (high - low)


def one_scale(scores, cohort):
    return z_norm(scores, cohort, axis=None)  # one mean and one deviation for all templates


confused = np.vstack([face_cohort, np.zeros(N)])  # the distance from oneself is 0
scales = {"z-norm": z_norm, "min-max": min_max, "one scale for all": one_scale}


def by_scale(seed):
    """EER in per cent of eigenfaces + voice, by normalisation and cohort of the faces."""
    scores, cohort = drawn_voices[seed]
    return {
        (name, kind): eer(scale(raw_face, of_faces) + scale(scores, cohort))
        for name, scale in scales.items()
        for kind, of_faces in {"cohort as it is": face_cohort, "one confused": confused}.items()
    }


drawn_voices = [voice_scores(*draw_people(seed), probes) for seed in range(20)]
normalised = pd.DataFrame([by_scale(seed) for seed in range(20)])

# %% tags=["nbval-ignore-output"]
differences = normalised.sub(normalised["z-norm", "cohort as it is"], axis=0)
print(
    pd.DataFrame(
        {"EER %": normalised.mean(), "difference": differences.mean(), "±": 2 * differences.sem()}
    ).round(2)
)

# %% [markdown]
# The two cannot be told apart while the cohort is as it should be: the interval of their difference (± is twice the standard error) holds zero. One confused picture spoils min-max, because the highest score is now that of the person herself, and z-norm hardly notices. With one scale for all templates the sum is worse than with one for each. (For a single modality one scale for all changes nothing: it keeps the order of the scores.)


# %% [markdown]
# ## 5 · Three ways to fuse two scores
#
# Two modalities can be fused at several levels: the samples or their *features* (chapter 04), the *scores*, the *ranks* (only the order of the candidates is kept), the *decisions* (accept if both accept, or if either does). Many face and voice systems give no more than scores, so that is the level here; ranks are tried at the end of the section.
#
# - **Sum**: $z_f + z_v$. Nothing to learn, and both modalities are believed equally.
# - **Weighted**: $w_f z_f + w_v z_v$, with weights learned by logistic regression on pairs whose truth is known.
# - **Product of likelihood ratios**: by the lemma of Neyman and Pearson no rule accepts fewer impostors at a given rate of false rejects than a threshold on
#
# $$ \Lambda = \frac{p(z_f, z_v \mid \text{genuine})}{p(z_f, z_v \mid \text{impostor})}
#    = \frac{p(z_f \mid \text{genuine})}{p(z_f \mid \text{impostor})} \cdot
#      \frac{p(z_v \mid \text{genuine})}{p(z_v \mid \text{impostor})} , $$
#
# the second step if face and voice scores are independent twice: among genuine pairs, *and* among impostor pairs. Chimeric people are drawn within a sex, so they are independent **within a sex** by construction. Over all impostor pairs they need not be: whoever is of the other sex may get a low score from both. The next cell measures it. The product is the best rule *if the densities are right*; ours are normal distributions, each fitted with a mean and a standard deviation.
#
# The last two learn from people, so they are fitted on pairs of people in the other four of five folds.


# %%
def weighted(known, genuine, new):
    """Logistic regression on both scores; `class_weight`: as if half of the pairs were genuine."""
    return LogisticRegression(class_weight="balanced").fit(known, genuine).decision_function(new)


def log_likelihood_ratio(known, genuine, new):
    """One column a modality: log density among genuine minus log density among impostor pairs."""
    right, wrong = known[genuine], known[~genuine]
    return norm.logpdf(new, right.mean(0), right.std(0)) - norm.logpdf(
        new, wrong.mean(0), wrong.std(0)
    )


def likelihood_product(known, genuine, new):
    return log_likelihood_ratio(known, genuine, new).sum(axis=1)


# %%
same = owner[:, None] == people
fold_of = np.random.default_rng(0).permutation(N) % 5


def learn_on_others(rule, *scores):
    """Fuse matrices of scores by a rule fitted, fold by fold, on pairs of other people."""
    fused = np.empty_like(scores[0])
    for fold in range(5):
        others = fold_of != fold
        seen = np.ix_(np.tile(others, 2), others)  # rows and columns of other people only
        judged = np.tile(~others, 2)
        known = np.column_stack([matrix[seen].ravel() for matrix in scores])
        new = np.column_stack([matrix[judged].ravel() for matrix in scores])
        fused[judged] = rule(known, same[seen].ravel(), new).reshape(-1, N)
    return fused


def fuse_all(face, voice):
    return {
        "sum": face + voice,
        "weighted": learn_on_others(weighted, face, voice),
        "likelihood product": learn_on_others(likelihood_product, face, voice),
    }


fused = fuse_all(face, voice)

# %% [markdown]
# With equal odds before the evidence, a likelihood ratio is a posterior in disguise, $p = \Lambda / (1 + \Lambda)$. So the product of likelihood ratios is nothing but the **product rule** on two experts with two classes:

# %%
half = np.tile(people < N // 2, 2)
known = np.column_stack([face[half].ravel(), voice[half].ravel()])
ratios = log_likelihood_ratio(known, same[half].ravel(), known)
posterior = expit(ratios)  # (n_pairs, 2 experts): each expert's probability of "genuine"
P = np.stack([posterior, 1 - posterior], axis=2)
np.testing.assert_allclose(rules.product_rule(P)[:, 0], expit(ratios.sum(axis=1)), atol=1e-6)
print("product of likelihood ratios = product rule:", P.shape)

# %% [markdown]
# ### A stronger face
#
# Eigenfaces are the classic, not the best one can do without a neural network. Histograms of oriented gradients describe edges, not grey values. They need no fitting, only the gallery's mean to be subtracted.
#
# **Predict before you run**: with a face that is nearly perfect alone, can the voice still help?

# %%
hog = HOGFeatures()
hog_gallery = hog.fit_transform(gallery["image"])
hog_mean = hog_gallery.mean(axis=0)
templates = unit(hog_gallery - hog_mean)
between = templates @ templates.T
hog_cohort = between[~np.eye(N, dtype=bool)].reshape(N, N - 1).T


def hog_scores(images):
    """Normalised cosine scores of both probes of each person, (204, 102)."""
    scores = unit(hog.transform(images) - hog_mean) @ templates.T
    return np.tile(z_norm(scores, hog_cohort), (2, 1))


hog_face = hog_scores(smiling["image"])
fused_hog = fuse_all(hog_face, voice)
print("scores:", hog_face.shape)

# %% tags=["nbval-ignore-output"]
table = judge(
    {
        "eigenfaces": face,
        "HOG face": hog_face,
        "MFCC voice": voice,
        **{f"eigenfaces + voice, {name}": scores for name, scores in fused.items()},
        **{f"HOG + voice, {name}": scores for name, scores in fused_hog.items()},
    }
)
print(table.round(2))

# %% [markdown]
# Eigenfaces and voice, each wrong in several cases of a hundred, are together wrong in about one. Summing normalised scores, with nothing learned, does as well in this draw of people as the learned rules.
#
# The fused rates of the better pair are so small that *nothing more can be said of them here*. There are 204 genuine pairs, so one rejected probe more changes the false reject rate by half a point, and if no genuine pair of 102 independent people is wrong the true rate may still be as high as $3 / 102$ (the rule of three, at 95 % confidence).

# %%
curves = {
    "eigenfaces": (face, "blue", "-"),
    "HOG face": (hog_face, "sky", "-"),
    "voice": (voice, "green", "-"),
    "eigenfaces + voice": (fused["sum"], "vermilion", "-"),
    "HOG + voice": (fused_hog["sum"], "vermilion", ":"),
}
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.9))
ticks = np.array([0.0001, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4])
for name, (scores, colour, line) in curves.items():
    curve = det_curve(*split_scores(scores, people, owner))
    look = {"color": plotting.COLOURS[colour], "linestyle": line, "label": name}
    # A rate of 0 lies at minus infinity: let the curve leave through the frame instead.
    left.plot(*(norm.ppf(np.maximum(rate, 1e-6)) for rate in curve[:2]), **look)
    right.plot(np.arange(1, 21), 100 * cmc_curve(scores, people, owner)[:20], **look)
left.axline((0, 0), slope=1, color="0.8", linewidth=1, zorder=0)
left.set(xlim=norm.ppf([5e-5, 0.4]), ylim=norm.ppf([5e-5, 0.4]), xlabel="false accepts (%)")
for put in (left.set_xticks, left.set_yticks):
    put(norm.ppf(ticks), [f"{100 * t:g}" for t in ticks])
left.set_ylabel("false rejects (%)")
right.set(xlabel="rank", ylabel="right person found (%)", xticks=[1, 5, 10, 15, 20])
right.legend()
plotting.show(
    fig,
    alt="Left, DET curves: eigenfaces are worst, then the voice, then the HOG face; both fused curves "
    "lie far below their parts. Right, CMC curves: both fused systems find nearly everyone at rank 1.",
)

# %% [markdown]
# Along the thin diagonal both errors are equal. On these axes (the quantiles of the normal distribution) normally distributed scores give a straight line, and the steps at the lower end are single people or single clips; where a curve drops out of the frame, no error of that kind is left.
#
# ### At the door: a threshold chosen on other people
#
# The equal error rate uses the one threshold that suits the test. A system in use has no such luck: its threshold was set before, on other people. The usual demand is a false accept rate, say one impostor in a thousand; the false reject rate then says what the residents pay.
#
# Below, half of the people choose the threshold and the other half are judged by it, both ways round, for ten random halves. **Predict before you run**: will the judged people keep to one false accept in a thousand?


# %%
def scores_among(some, scores):
    """Genuine and impostor scores of the pairs among some of the people."""
    part = scores[np.ix_(np.tile(some, 2), some)]
    return split_scores(part, people[some], np.tile(people[some], 2))


def at_the_door(scores, target, seed):
    """FAR and FRR in per cent on one half, at the threshold that the other half chose."""
    half = np.random.default_rng(seed).permutation(N) < N // 2
    rates = []
    for choosing, judged in [(half, ~half), (~half, half)]:
        curve = det_curve(*scores_among(choosing, scores))
        threshold = curve.thresholds[np.argmax(curve.false_accept <= target)]
        rates.append(error_rates(*scores_among(judged, scores), threshold))
    return 100 * np.mean(rates, axis=0)


systems = {"eigenfaces": face, "HOG face": hog_face, "MFCC voice": voice}
systems |= {"eigenfaces + voice": fused["sum"], "HOG + voice": fused_hog["sum"]}
door = {}
for name, scores in systems.items():
    for target in (0.01, 0.001):
        halves = np.array([at_the_door(scores, target, seed) for seed in range(10)])
        door[name, f"{target:.1%}"] = [*halves.mean(axis=0), *np.ptp(halves, axis=0)]
columns = ["FAR %", "FRR %", "range of FAR", "range of FRR"]
door = pd.DataFrame(door, index=columns).T.rename_axis(["system", "FAR asked for"])

# %% tags=["nbval-ignore-output"]
print(door.round(2))
strict = door.xs("0.1%", level=1)
assert strict.loc["eigenfaces", "FRR %"] > 50 and 20 < strict.loc["MFCC voice", "FRR %"] < 30
assert strict.loc["eigenfaces + voice", "FRR %"] < 6 and strict["range of FAR"].max() > 0.1

# %% [markdown]
# The judged people do not keep exactly to what was asked for: the false accept rate is about right in the mean, and for one choice of halves it may be a third or more off, since among the 51 people who choose, one in a thousand is five pairs of 5,100. What it costs is in the next column. Eigenfaces alone must reject more than half of the genuine claims to keep to one impostor in a thousand, though their equal error rate is about six in a hundred; the voice rejects a quarter; the two together about one in twenty.
#
# (The range is the largest less the smallest of the ten choices. Eigenfaces and cohort are still those of all 102 people.)
#
# ### Are they independent?
#
# The product asked for it. Correlation of face and voice scores, mean of twenty draws of people and their standard deviation:

# %% tags=["nbval-ignore-output"]
sex = gallery["sex"].to_numpy()
within = (sex[owner][:, None] == sex) & ~same  # impostors of the same sex
pairs = {"genuine": same, "all impostors": ~same, "impostors of the same sex": within}
others = [z_norm(*drawn) for drawn in drawn_voices]
for name, picture in {"eigenfaces": face, "HOG face": hog_face}.items():
    for kind, chosen in pairs.items():
        r = [np.corrcoef(picture[chosen], other[chosen])[0, 1] for other in others]
        print(f"{name:10}  {kind:25} {np.mean(r):5.2f} ± {np.std(r, ddof=1):.2f}")
        if (name, kind) == ("HOG face", "all impostors"):
            assert np.mean(r) > 3 * np.std(r, ddof=1)
        else:
            assert abs(np.mean(r)) < 2 * np.std(r, ddof=1)

# %% [markdown]
# Within a sex, and among genuine pairs, no correlation is left beyond the spread of the draws: so they were drawn. But HOG scores of *all* impostors go along with the voice's, weakly: the two sexes differ in both. For HOG the second step of the formula does not hold over all impostors; how much that costs we have not measured.
#
# ### Only the ranks
#
# Some systems give no scores, just an ordered list of candidates. Then one can add the *ranks* (Borda's count). How much does that lose?

# %% tags=["nbval-ignore-output"]
ranked = rankdata(face, axis=1) + rankdata(voice, axis=1)
for name, scores in {"face": face, "voice": voice, "ranks": ranked, "scores": fused["sum"]}.items():
    print(f"{name}: right person first in {100 * rank_one(scores, people, owner):.1f} %")
assert rank_one(voice, people, owner) < rank_one(ranked, people, owner)
assert rank_one(ranked, people, owner) < rank_one(fused["sum"], people, owner)

# %% [markdown]
# In this draw ranks are better than either alone and worse than scores. A rank does not say by how much the first beats the second; besides, sums of ranks often tie, and a tie counts as wrong here.
#
# ## 6 · Was it luck?
#
# The interval above is about *people*. But there was another draw: which face got which voice, and which speakers were background. Draw again, twenty times.


# %%
def mean_change(new, old):
    """Mean difference, and twice its standard error over the draws."""
    gap = np.subtract(new, old)
    return f"{gap.mean():+.2f} ± {2 * gap.std(ddof=1) / np.sqrt(len(gap)):.2f}"


def one_draw(seed):
    """EER in per cent of each system, with people drawn anew."""
    voice = z_norm(*drawn_voices[seed])
    systems = {"voice": voice, "eigenfaces + voice": face + voice, "HOG + voice": hog_face + voice}
    return {name: eer(scores) for name, scores in systems.items()}


draws = pd.DataFrame([one_draw(seed) for seed in range(20)])

# %%
fig, ax = plt.subplots(figsize=(6.4, 2.6))
ax.axvline(eer(face), color=plotting.COLOURS["blue"], linestyle="--", label="eigenfaces alone")
ax.axvline(eer(hog_face), color=plotting.COLOURS["sky"], linestyle="--", label="HOG face alone")
for row, (name, colour) in enumerate(zip(draws, ("green", "vermilion", "purple"), strict=True)):
    height = row + np.linspace(-0.25, 0.25, len(draws))
    ax.plot(draws[name], height, "o", markersize=4, color=plotting.COLOURS[colour])
ax.set_yticks(range(3), list(draws))
ax.set(xlabel="equal error rate (%), one dot a draw", xlim=(0, None))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
plotting.show(
    fig,
    alt="Equal error rates of twenty draws of people: the voice alone lies between the two faces, "
    "eigenfaces with voice around one per cent or below, HOG with voice near zero.",
)

# %% tags=["nbval-ignore-output"]
print(draws.agg(["mean", "min", "max"]).T.round(2))

# %% [markdown]
# The better pair scatters around a tenth of a per cent: whether it shows almost none or half a per cent is a matter of one or two people.
#
# And the sex of the voices? **Predict before you run**: if we pair faces and voices without regard to sex, is the fused rate better, worse, or the same?


# %%
def any_sex(seed):
    """EER in per cent of eigenfaces + voice, if a face may get a voice of the other sex."""
    voice_of, background = draw_people(seed)
    shuffled = np.random.default_rng(seed).permutation(voice_of)
    return eer(face + z_norm(*voice_scores(shuffled, background, probes)))


# %% tags=["nbval-ignore-output"]
any_sexes = np.array([any_sex(seed) for seed in range(20)])
print(f"voices of the same sex: {draws['eigenfaces + voice'].mean():.2f} %")
print(f"voices of any sex: {any_sexes.mean():.2f} %")
print("difference:", mean_change(any_sexes, draws["eigenfaces + voice"]))
assert abs(any_sexes.mean() - draws["eigenfaces + voice"].mean()) < 0.2

# %% [markdown]
# The interval holds zero: twenty draws do not tell whether the pairing makes it better or worse. It also holds a change of a quarter of the rate, so this is no proof that it makes no difference. Keep the sexes together: that is nearer to life, and as easy to do.
#
# ### What the shared cohort is worth
#
# Eigenfaces and the faces' cohort came from the very people who are judged. Suppose they come from strangers: 51 people are judged, and the mean, the directions and the cohort are either from these 51 or from the other 51. Likewise for the voice: 42 background speakers teach the analysis, and the cohort is those 42 or the 42 others. **Predict before you run**: which figure changes most?


# %%
def face_eer(judged, source):
    """EER in per cent of `judged` people, with eigenfaces and cohort from the `source`."""
    pca = PCA(n_components=40, svd_solver="full").fit(X[source])
    templates, shown = pca.transform(X[judged]), pca.transform(Y[judged])
    cohort = -cdist(pca.transform(X[source]), templates)
    if source is judged:  # nobody is an impostor of herself
        cohort = cohort[~np.eye(len(cohort), dtype=bool)].reshape(len(cohort), -1).T
    scores = z_norm(-cdist(shown, templates), cohort)
    return 100 * equal_error_rate(*split_scores(scores, judged, judged))


def voice_eer(voice_of, learn, cohort):
    """EER in per cent of the voices, with the analysis and the cohort from these speakers."""
    return eer(z_norm(*voice_scores(voice_of, learn, probes, cohort)))


shared = {"eigenfaces": [], "MFCC voice": []}
for seed in range(6):
    rng = np.random.default_rng(seed)
    judged, strangers = rng.permutation(N).reshape(2, -1)
    shared["eigenfaces"].append([face_eer(judged, judged), face_eer(judged, strangers)])
    voice_of, background = draw_people(seed)
    learn, others = rng.permutation(background).reshape(2, -1)
    shared["MFCC voice"].append([voice_eer(voice_of, learn, c) for c in (learn, others)])

# %% tags=["nbval-ignore-output"]
for name, rates in shared.items():
    own, other = np.transpose(rates)
    change = mean_change(other, own)
    print(f"{name}: shared {own.mean():.1f} %, of others {other.mean():.1f} %, change {change}")
learned_from = np.array(shared["eigenfaces"])
assert learned_from[:, 1].mean() > learned_from[:, 0].mean() + 1

# %% [markdown]
# With 51 people and 40 components, eigenfaces have an equal error rate about three points lower when mean, directions and cohort come from the people judged. In identification that is fair, the gallery is at hand; at a door, where strangers come, it is not. So read the rates of eigenfaces in this chapter as optimistic. For the voice, the shared background makes no difference that these draws could show.
#
# ## 7 · Where does the second modality earn its place?
#
# At two clean seconds the voice is good, and the question hardly arises. So take less of it, and add noise. The system stays as it is: its templates and its discriminant analysis are from clean speech, only the probe changes. (The cohort's clips change with it: a system can measure how long and how noisy a clip is.)
#
# Two ways to fuse are compared: the plain sum, and weights learned on other people *at that length and noise*. Each point is the mean of three draws of people.
#
# **Predict before you run**: is there a clip so bad that the system would do better not to listen?

# %%
LENGTHS = (0.25, 0.5, 1.0, 2.0)
CONDITIONS = {"clean": np.inf, "noise at 0 dB": 0.0}


def sweep_draw(seed, probes):
    voice = z_norm(*voice_scores(*draw_people(seed), probes))
    row = {"voice": eer(voice)}
    for name, picture in {"eigenfaces": face, "HOG": hog_face}.items():
        row[f"{name}, sum"] = eer(picture + voice)
        row[f"{name}, weighted"] = eer(learn_on_others(weighted, picture, voice))
    return row


results = {}
for condition, snr in CONDITIONS.items():
    for seconds in LENGTHS:
        short = np.stack([describe(clips(start, seconds, snr)) for start in PROBE_STARTS])
        rows = pd.DataFrame([sweep_draw(seed, short) for seed in range(3)])
        results[condition, seconds] = rows.mean()
sweep = pd.DataFrame(results).T
print("conditions x measurements:", sweep.shape)

# %%
fig, axes = plt.subplots(2, 2, figsize=(8.0, 5.6), sharex=True, sharey=True)
for row, condition in zip(axes, CONDITIONS, strict=True):
    for ax, (name, alone_eer) in zip(
        row, {"eigenfaces": eer(face), "HOG": eer(hog_face)}.items(), strict=True
    ):
        part = sweep.loc[condition]
        ax.axhline(alone_eer, color=plotting.COLOURS["blue"], linestyle="--", label="face alone")
        ax.plot(part["voice"], "s-", color=plotting.COLOURS["green"], label="voice alone")
        ax.plot(part[f"{name}, sum"], "o-", color=plotting.COLOURS["vermilion"], label="sum")
        look = {"color": plotting.COLOURS["purple"], "linestyle": ":", "marker": "^"}
        ax.plot(part[f"{name}, weighted"], label="learned weights", **look)
        ax.set_title(f"{name} + voice, {condition}", fontsize=10)
        ax.set(xscale="log", yscale="log")
        ax.set_xticks(LENGTHS, [f"{s:g}" for s in LENGTHS], minor=False)
        ax.minorticks_off()
        ax.set_yticks([0.1, 0.3, 1, 3, 10, 30], ["0.1", "0.3", "1", "3", "10", "30"])
for ax in axes[1]:
    ax.set_xlabel("length of the spoken probe (s)")
for ax in axes[:, 0]:
    ax.set_ylabel("equal error rate (%)")
axes[0, 0].legend(fontsize=8, loc="lower left")
plotting.show(
    fig,
    alt="Equal error rate against length of the spoken probe, in four panels: eigenfaces or HOG, clean "
    "or noisy. The voice gets worse as it gets shorter; the fused error approaches that of the face "
    "alone, and in noise the plain sum crosses it when the clip is short.",
)

# %% tags=["nbval-ignore-output"]
print(sweep.round(2).to_string())

# %% [markdown]
# Read the four panels from the upper left. (With the good face, one rejected probe more moves the false rejects by half a point: smaller differences are hints.)
#
# - **A middling face and a clear voice**: the pair is better than either at every length, down to a quarter of a second.
# - **A middling face and a voice in noise**: at a second or less the plain sum, which believes both equally, is *worse than the face alone*. Learned weights turn the bad witness down, and the pair stays a little better than the face.
# - **A good face and a clear voice**: even a quarter of a second seems to take away a part of the few errors left, and two seconds take nearly all.
# - **A good face and a voice in noise**: up to a second both fusions lose to the face alone, by less than one case in a hundred; at two seconds they draw level. Learned weights are better than the sum at each length, but up to a second not good enough to beat the face alone (the last difference is too small to count).
#
# So the second modality earns its place where the first one leaves errors *and* it brings evidence of its own. Where a short clip brings mostly noise, a fixed rule makes the result worse; learned weights repaired that for the middling face, and for the good one in part.
#
# ### And the other way round
#
# Now the voice is clear and the picture suffers: a grey square covers a part of the smiling face, at a random place.

# %%
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.4)
covered = {}
for level in LEVELS:
    images = [
        noise.occlude(image, level, random_state=k) for k, image in enumerate(smiling["image"])
    ]
    picture = hog_scores(images)
    both = learn_on_others(weighted, picture, voice)
    covered[level] = {"HOG face": eer(picture), "sum": eer(picture + voice), "weights": eer(both)}
covered = pd.DataFrame(covered).T
print("levels x systems:", covered.shape)

# %%
fig, ax = plt.subplots(figsize=(6.0, 3.2))
ax.axhline(eer(voice), color=plotting.COLOURS["green"], linestyle="--", label="voice alone, 2 s")
looks = {"HOG face": ("s-", "sky"), "sum": ("o-", "vermilion"), "weights": ("^:", "purple")}
for name, (line, colour) in looks.items():
    share = 100 * covered.index
    ax.plot(share, covered[name], line, color=plotting.COLOURS[colour], label=name)
ax.set(xlabel="share of the picture that is covered (%)", ylabel="equal error rate (%)")
ax.legend(fontsize=8)
plotting.show(
    fig,
    alt="Equal error rate against the share of the picture that is covered: the face alone climbs "
    "steeply, the fused systems climb slowly and stay below the better of the two.",
)

# %% [markdown]
# As more of the face is covered the pair gets worse too, and at every level it is better than either alone (one draw of people and of places).
#
# ### An honest look at the impostors
#
# Half of all impostor pairs are a man and a woman. What if every impostor were of the same sex as the person they claim to be? **Predict before you run**: by how much does each rate grow?

# %% tags=["nbval-ignore-output"]
for name, scores in systems.items():
    mixed, alike = eer(scores), 100 * equal_error_rate(scores[same], scores[within])
    print(f"{name:20} all impostors {mixed:.2f} %, of the same sex {alike:.2f} %")
    assert alike > mixed

threshold = det_curve(*split_scores(fused["sum"], people, owner)).equal_error()[1]
accepted = fused["sum"] >= threshold
print(f"impostors accepted: {accepted[~same].sum()}, of the same sex: {accepted[within].sum()}")
assert accepted[within].sum() > 0.7 * accepted[~same].sum()

# %% [markdown]
# Every rate grows, the fused one as well. Of the impostors whom eigenfaces and voice accept together, four in five are of the sex they claim. If a system must stand against people who *try*, quote the stricter figure.

# %% [markdown]
# ## What we measured
#
# The main claims of this chapter, asserted. Rates are in per cent; the cells above show the values.

# %%
fused_eigen = table.loc["eigenfaces + voice, sum"]
best = table.loc["HOG + voice, sum"]
singles = table.loc[["eigenfaces", "HOG face", "MFCC voice"], "EER %"]

# Eigenfaces and voice: at most 1.5 %, less than half of the better one, in nearly every draw.
assert fused_eigen["EER %"] <= 1.5
assert table.loc["eigenfaces + voice, weighted", "EER %"] <= 1.5
assert fused_eigen["EER %"] < 0.5 * min(singles["eigenfaces"], singles["MFCC voice"])
assert fused_eigen["high"] < singles["MFCC voice"]
assert draws["eigenfaces + voice"].mean() <= 1.0
# The best pair: at most 0.2 %, here and in the mean of twenty draws.
assert best["EER %"] <= 0.2
assert draws["HOG + voice"].mean() <= 0.2
assert (draws["HOG + voice"] < eer(hog_face)).all()
# Identification: the fused pair finds at least 95 % of the people, and more than either.
assert table.loc["eigenfaces + voice, sum", "rank-1 %"] >= 95
assert table.loc["MFCC voice", "rank-1 %"] > table.loc["eigenfaces", "rank-1 %"]
assert singles["MFCC voice"] < singles["eigenfaces"] < alone.loc["eigenfaces", "EER %"]
# A cohort with one confused picture spoils min-max more than z-norm; one scale for all is worse.
means = normalised.mean()
assert means["min-max", "one confused"] > means["z-norm", "one confused"] + 0.15
assert means["one scale for all", "cohort as it is"] > means["z-norm", "cohort as it is"]
# With a threshold from other people the fused systems reject fewer than either part.
rejects = door["FRR %"].unstack()
for picture in ("eigenfaces", "HOG face"):
    pair = picture.removesuffix(" face") + " + voice"
    assert (rejects.loc[pair] < rejects.loc[[picture, "MFCC voice"]].min()).all()
# No learned rule beats the normalised sum by more than half a point.
assert table.filter(like="eigenfaces +", axis=0)["EER %"].min() > fused_eigen["EER %"] - 0.5
print("fused:  <= 1.5 % with eigenfaces, <= 0.2 % with HOG; at least 95 % found at rank 1")

# %%
clear = sweep.loc["clean", 2.0]
# A clear voice of two seconds: the pair has less than a third of the better one's errors.
assert clear["eigenfaces, sum"] < min(eer(face), clear["voice"]) / 3
# Up to a second in noise the plain sum is worse than the middling face alone, learned weights not.
noisy = sweep.loc["noise at 0 dB"].loc[:1.0]
assert (noisy["eigenfaces, sum"] > eer(face)).all()
assert (noisy["eigenfaces, weighted"] < eer(face)).all()
# With the good face both lose there, by less than a point: not to listen is better.
assert (noisy[["HOG, sum", "HOG, weighted"]] > eer(hog_face)).all(axis=None)
assert (noisy[["HOG, sum", "HOG, weighted"]] < eer(hog_face) + 1).all(axis=None)
assert (
    sweep.loc["noise at 0 dB", ["HOG, sum", "HOG, weighted"]].loc[2.0].max() < eer(hog_face) + 0.2
)
# In noise learned weights are ahead of the sum at each length.
in_noise = sweep.loc["noise at 0 dB"]
assert (in_noise["HOG, weighted"] < in_noise["HOG, sum"]).all()
# A clear voice helps either face at every length.
assert (sweep.loc["clean", ["eigenfaces, sum", "eigenfaces, weighted"]] < eer(face)).all(axis=None)
assert (sweep.loc["clean", ["HOG, sum", "HOG, weighted"]] < eer(hog_face)).all(axis=None)
# With eigenfaces and the plain sum: the worse the voice, the smaller the gain.
assert (sweep.loc["clean", "eigenfaces, sum"].diff().dropna() < 0).all()
assert (sweep.loc["clean", "eigenfaces, sum"] < sweep.loc["noise at 0 dB", "eigenfaces, sum"]).all()
# A covered face: fused, the error stays below both single ones at every level.
assert (covered["sum"] < np.minimum(covered["HOG face"], eer(voice))).all()
grown = covered.iloc[-1] - covered.iloc[0]
assert grown["sum"] < grown["HOG face"] / 2
print("a clear voice helps at every length; a short one in noise makes the plain sum worse")

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 15.1 · Give every face a voice
#
# Pair faces and voices to chimeric people: every face gets a voice of the same sex, no voice is used twice, and every such pairing is equally likely. There may be more voices than faces, or just as many; of one sex there may be no face at all.


# %%
def pair(face_sex, voice_sex, rng):
    """Return an int array: for each face the index of its voice.

    face_sex : array of "F" and "M", shape (n_faces,)
    voice_sex : array of "F" and "M", shape (n_voices,)
    rng : numpy Generator; draw from it and from nothing else
    """
    ...  # your code here


check("15.1", pair)

# %% [markdown]
# <details><summary>Hint</summary>For each sex: <code>np.flatnonzero</code> gives the faces and the voices, <code>rng.choice(..., replace=False)</code> draws.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(face_sex, voice_sex, rng):
    chosen = np.empty(len(face_sex), dtype=int)
    for sex in np.unique(face_sex):
        wanting = np.flatnonzero(face_sex == sex)
        chosen[wanting] = rng.choice(np.flatnonzero(voice_sex == sex), len(wanting), replace=False)
    return chosen


check("15.1", solution_1)

# %% [markdown]
# ### Exercise 15.2 · Normalise by the cohort
#
# Write z-normalisation: every template has its own column of cohort scores. Take the standard deviation as `np.std` does (divided by the number of scores). There may be a single probe.


# %%
def normalise(scores, cohort):
    """Return normalised scores, shape (n_probes, n_templates).

    scores : array of shape (n_probes, n_templates)
    cohort : array of shape (n_cohort, n_templates), scores of impostors against the same templates
    """
    ...  # your code here


check("15.2", normalise)

# %% [markdown]
# <details><summary>Hint</summary>Mean and standard deviation are taken over the cohort's rows, so there is one of each for every template.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_2(scores, cohort):
    return (scores - cohort.mean(axis=0)) / cohort.std(axis=0)


check("15.2", solution_2)

# %% [markdown]
# ### Exercise 15.3 · The equal error rate
#
# Compute the rate at which false accepts and false rejects are equal. A claim is accepted if its score *reaches* the threshold (`score >= threshold`). Try every score, genuine or impostor, as threshold; where the two rates do not meet exactly, take the mean of both at the threshold at which they are closest.
#
# Expect small sets, and equal scores, also between the two kinds. (Sets in which two thresholds are equally close are not tested, nor those where rejecting everybody would come closest.)


# %%
def my_eer(genuine, impostor):
    """Return a rate in [0, 1].

    genuine, impostor : arrays of shape (n_genuine,), (n_impostor,); higher = more alike
    """
    ...  # your code here


check("15.3", my_eer)

# %% [markdown]
# <details><summary>Hint</summary>Try every score as threshold. A genuine score below it is a false reject, an impostor score at or above it a false accept; each is divided by the number of its own kind.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_3(genuine, impostor):
    thresholds = np.concatenate([genuine, impostor])
    rejected = np.array([np.mean(genuine < t) for t in thresholds])
    accepted = np.array([np.mean(impostor >= t) for t in thresholds])
    nearest = np.abs(rejected - accepted).argmin()
    return (rejected[nearest] + accepted[nearest]) / 2


check("15.3", solution_3)

# %% [markdown]
# ### Exercise 15.4 · From likelihood ratios to a probability
#
# A guard knows that a share `prior` of all who come to the door are who they claim to be. The face gives one *logarithm* of a likelihood ratio (genuine over impostor), the voice another. How probable is it that the claim is true? Face and voice are independent, given that the claim is true and given that it is not. Evidence can be overwhelming: the answer must also be right for logarithms of a thousand or minus a thousand, whose exponentials overflow.


# %%
def probability(log_ratio_face, log_ratio_voice, prior):
    """Return the probability of "genuine" after both, shape (n_claims,).

    log_ratio_face, log_ratio_voice : arrays of shape (n_claims,), natural logarithms
    prior : float in (0, 1), the probability of "genuine" before either
    """
    ...  # your code here


check("15.4", probability)

# %% [markdown]
# <details><summary>Hint</summary>Odds after = odds before × both ratios. Odds are p / (1 − p), and the logarithm turns the product into a sum. <code>scipy.special.expit</code> makes a probability of the logarithm of odds, however large.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(log_ratio_face, log_ratio_voice, prior):
    log_odds = np.log(prior / (1 - prior)) + log_ratio_face + log_ratio_voice
    return expit(log_odds)


check("15.4", solution_4)

# %% [markdown]
# ## Quiz
#
# 1. A system has an EER of one per cent. A million people pass the camera every day and each is compared with one wanted person. Why is this figure no comfort?
#
# <details><summary>Answer</summary>At that threshold one impostor in a hundred is accepted: ten thousand innocent people a day. Where impostors are many and genuine people are few, the threshold must be set, on other people, for a false accept rate far below the EER, and the DET curve, not the EER, tells what that costs in false rejects.</details>
#
# 2. Why did we not fit the mean and standard deviation of z-normalisation on the scores to be judged?
#
# <details><summary>Answer</summary>They are the test. Among them are the genuine scores, whose share a real system does not know, and a single claim at the door has no others beside it. The cohort is at hand before anyone comes.</details>
#
# 3. The product of likelihood ratios is optimal, yet here the plain sum is as good. Where is the contradiction?
#
# <details><summary>Answer</summary>There is none: the lemma speaks of the true densities. Ours are normal distributions fitted to the scores of some eighty people, and errors are decided in the tails, where a fitted normal distribution may be far off. And over all impostor pairs the two scores need not be independent.</details>
#
# 4. Pairing voices and faces without regard to sex changed the result by less than we could measure. Name a case in which it may matter more.
#
# <details><summary>Answer</summary>A weak modality that tells little more than the sex, for example the pitch of a very short clip. If both modalities tell the sexes apart, then for real people the second one repeats what the first has said; for pairs of any sex it seems to be independent evidence, and fusion may look better than it is.</details>
#
# ## Pitfalls
#
# - **Fitting on probes.** Principal components, discriminant analysis, normalisation or weights that have seen the test can make every figure too good. Write the table of section 1 before you measure.
# - **A cohort that is in the test.** Our faces are scaled by the people they are judged against. Section 6 shows that eigenfaces look better when mean, directions and cohort all come from the judged people, not which of the three does it. The background speakers that teach the analysis also scale the voices. Use strangers for both where you have them.
# - **A threshold chosen on the test.** Choose it on other people and report both rates on the rest; there the false accept rate is not quite the one asked for.
# - **Adding scores of different scales.** The wider one wins, silently. Compare the fused figure with each single one: if it equals one of them, look at the scales.
# - **An interval over pairs instead of people.** The impostor pairs share 102 people and are far from independent; drawn pair by pair, the interval is too narrow.
# - **Reading small rates literally.** With a few hundred genuine pairs a rate near zero only says "small". The interval of the bootstrap cannot see beyond the sample either: with no error in it, it has no width.
# - **Same recording, same session.** Our probes share microphone and room with the enrolment, and our pictures light and hair. Expect higher rates on another day; we have not measured how much higher.
# - **Who is in the data.** 102 adults who came to a laboratory in London and volunteers who read books aloud are not everyone. Error rates differ between groups of people: measure them for the people you mean, and ask whether the system should exist.
#
# ## References
#
# - L. DeBruine and B. Jones, Face Research Lab London Set, figshare, 2017 (CC BY 4.0).
# - V. Panayotov, G. Chen, D. Povey and S. Khudanpur, Librispeech: an ASR corpus based on public domain audio books, ICASSP, 2015 (CC BY 4.0).
# - M. Turk and A. Pentland, Eigenfaces for recognition, Journal of Cognitive Neuroscience 3, 1991.
# - A. Martin, G. Doddington, T. Kamm, M. Ordowski and M. Przybocki, The DET curve in assessment of detection task performance, Eurospeech, 1997.
# - R. Auckenthaler, M. Carey and H. Lloyd-Thomas, Score normalization for text-independent speaker verification systems, Digital Signal Processing 10, 2000.
# - K. Nandakumar, Y. Chen, S. C. Dass and A. K. Jain, Likelihood ratio-based biometric score fusion, IEEE TPAMI 30, 2008.
# - A. K. Jain, K. Nandakumar and A. Ross, Score normalization in multimodal biometric systems, Pattern Recognition 38, 2005.
# - A. Ross and A. K. Jain, Information fusion in biometrics, Pattern Recognition Letters 24, 2003.
# - J. Kittler, M. Hatef, R. P. W. Duin and J. Matas, On combining classifiers, IEEE TPAMI 20, 1998.
#
# **Next**: [16 · Hearing and seeing emotion](16_judge_emotion.ipynb): when does a second opinion make people worse?
