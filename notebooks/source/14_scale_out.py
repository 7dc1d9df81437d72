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
# # 14 · Scaling out · 扩展规模
#
# > What if the data do not fit into memory? Keep paths in the table, learn in pieces, and add processes where the work is worth the sending: the code of the other chapters stays as it is.
#
# **After this chapter you can**
#
# - put files in place of arrays, and show that the features are the same and the memory stays flat,
# - say from three measured numbers whether more processes will pay,
# - run the same code in two worker processes of a Dask cluster, search parameters on it, and lose a worker without losing the result,
# - extrapolate to a million and to a billion samples, and say where the bottleneck moves.
#
# **You need**: chapters [02](02_see_images.ipynb) and [03](03_hear_sound.ipynb) (HOG, MFCC), [05](05_fuse_decisions.ipynb) (late fusion), cross-validation; what a process is.
#
# **Time**: 55 minutes to read and do, 105 seconds to run.
#
# | Key term | 中文 | In short |
# |---|---|---|
# | out-of-core | 核外（计算） | data stay on disk; only a piece is in memory |
# | incremental learning | 增量学习 | a model is updated piece by piece |
# | cache | 缓存 | results that are kept, to be looked up instead of computed |
# | process | 进程 | a running program with a memory of its own |
# | serialisation | 序列化 | turning objects into bytes, to send or to store them |
# | overhead | 开销 | what is spent beside the work itself |
# | cluster, scheduler, worker | 集群、调度器、工作进程 | machines that work together; who hands out the tasks; who does them |
# | fault tolerance | 容错 | a part fails and the result is still right |
# | bottleneck | 瓶颈 | the part that limits the speed of the whole |
# | extrapolation | 外推 | a statement beyond what was measured |

# %%
import logging
import os
import pickle
import sys
import tempfile
import time
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
from joblib import Memory, Parallel, delayed, parallel_config
from PIL import Image
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmtutor import audio, datasets, plotting
from mmtutor.audio import MFCCFeatures
from mmtutor.exercises import check
from mmtutor.fusion import DecisionFusion
from mmtutor.image import HOGFeatures
from mmtutor.text import TfidfFeatures

plotting.style()

# %% [markdown]
# ## 1 · A question, first
#
# The posts of this course have a sentence, a picture of 96 by 96 pixels and two seconds of sound. In all chapters so far they lay in memory as arrays. **Predict before you run the next cell**: how many posts fit into the 16 GB of a laptop? Which modality takes the room?

# %%
posts = datasets.load_posts()
first = posts.frame.iloc[0]
n_bytes = {"text": len(first["text"].encode()), "image": first["image"].nbytes}
n_bytes["audio"] = first["audio"].nbytes
print("bytes of one post:", n_bytes)
for n in (600, 10**6, 10**9):
    print(f"{n:13,} posts: {n * sum(n_bytes.values()) / 1e9:12,.2f} GB")
print(f"16 GB hold {16e9 / sum(n_bytes.values()):,.0f} posts")
plotting.listen(first["audio"], caption="the first post")

# %% [markdown]
# A little over a hundred thousand, and the sound takes nearly all of it. A million posts do not fit, and they need not: features are computed cell by cell.
#
# ## 2 · Paths in place of arrays
#
# A cell of a column may be an array *or the path of a file*; the package's transformers read a file when its turn comes. We write the posts to a folder, as PNG and WAV of 16 bits (formats that lose nothing here, where JPEG and MP3 would), and make a second table which holds paths.

# %%
shelf = tempfile.TemporaryDirectory(prefix="posts-", ignore_cleanup_errors=True)
folder = Path(shelf.name)


def store(k, post):
    """Write a post's picture and sound; return its row of the table."""
    picture, sound = str(folder / f"{k}.png"), str(folder / f"{k}.wav")
    Image.fromarray(post["image"]).save(picture)
    soundfile.write(sound, post["audio"], posts.sample_rate, subtype="PCM_16")
    return {"text": post["text"], "image": picture, "audio": sound}


arrays = posts.frame
paths = pd.DataFrame([store(k, post) for k, post in arrays.iterrows()])
sizes = {kind: Path(paths[kind][0]).stat().st_size for kind in ("image", "audio")}
print("the first row:", [paths["text"][0], *(Path(p).name for p in paths.iloc[0, 1:])])
print(f"a WAV file has {sizes['audio']:,} bytes, an array of the same sound {n_bytes['audio']:,}")

# %% [markdown]
# Are the features the same? Not "about": the same numbers, bit by bit. And a model does not see the difference either: here one is trained on arrays and predicts from paths.

# %%
for column, features in {"image": HOGFeatures(), "audio": MFCCFeatures()}.items():
    from_arrays = features.fit_transform(arrays[column])
    from_paths = features.fit_transform(paths[column])
    assert np.array_equal(from_arrays, from_paths)
    print(column, from_paths.shape, "identical")


def expert(features):
    scale = StandardScaler(with_mean=False)
    return make_pipeline(features, scale, LogisticRegression(C=0.01, max_iter=1000))


parts = {"text": TfidfFeatures(), "image": HOGFeatures(), "audio": MFCCFeatures()}
fusion = DecisionFusion([(name, expert(f), name) for name, f in parts.items()], calibration=None)
fusion.fit(arrays[:400], posts.target[:400])
assert np.array_equal(fusion.predict_proba(arrays[400:]), fusion.predict_proba(paths[400:]))
print("trained on arrays, asked with paths: the same probabilities")

# %% [markdown]
# A new kind of mistake comes with paths: a file that is not there. The error names the row, as the table's index has it:


# %%
def complaint(column):
    """The error of a column with a path that leads nowhere."""
    try:
        HOGFeatures().fit_transform(column)
    except FileNotFoundError as error:
        return str(error)


broken = paths["image"].copy()
broken.iloc[77] = "lost.png"
print(complaint(broken))

# %% [markdown]
# ### How much memory?
#
# Python's `tracemalloc` counts the bytes that Python and NumPy hold, and remembers the largest number, the *peak*. We describe the first $n$ sounds, once with all of them read into a column first, once with paths.


# %%
def peak(column_of, files):
    """Largest number of bytes held while a column of sounds is made and described."""
    tracemalloc.start()
    MFCCFeatures().fit_transform(column_of(files))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def read_all(files):
    return [audio.read_audio(file) for file in files]


counts = np.array([25, 50, 100, 200])
held = {
    name: np.array([peak(column_of, paths["audio"][:n].tolist()) for n in counts])
    for name, column_of in {"arrays": read_all, "paths": list}.items()
}
a_sample = {name: np.polyfit(counts, most, 1)[0] for name, most in held.items()}
print(f"a sound more needs {a_sample['arrays'] / 1000:.0f} kB as an array")
assert a_sample["arrays"] > n_bytes["audio"] > 30 * a_sample["paths"]
assert a_sample["paths"] < 6 * from_paths[0].nbytes

# %%
fig, ax = plt.subplots(figsize=(5.5, 3.2))
for (name, most), marker in zip(held.items(), "os", strict=True):
    ax.plot(counts, most / 1e6, marker=marker, label=f"a column of {name}")
ax.set(xlabel="sounds", ylabel="peak memory (MB)", ylim=(0, None))
ax.legend()
plotting.show(
    fig,
    alt="Peak memory against the number of sounds: with arrays a rising line that reaches about "
    "27 MB at 200 sounds, with paths a line that stays near the bottom.",
)

# %% [markdown]
# With arrays every sound stays, 128,000 bytes each. With paths one sound is in memory at a time, whatever $n$ is; what still grows are the features, 80 numbers a sound. "Flat" is the honest word for a column of sounds, not for everything: see the next section.
#
# ## 3 · Learning in pieces
#
# 80 features of 8 bytes are 0.64 kB a sample: a million samples still fit (0.64 GB), a billion do not. Then the model, too, must learn *out of core*: the data stay on disk, and it takes them piece by piece. In scikit-learn that is `partial_fit`. It comes in two kinds:
#
# - *exact*: a mean or a variance of pieces can be merged to that of the whole (exercise 14.2);
# - *another algorithm*: the weights of a linear model are moved a little after each batch (stochastic gradient descent), where `LogisticRegression` looks at all rows in each step. It may see the data several times. Below, its objective differs a little, too (one class against the rest, another strength of the penalty): compare the accuracies, not the weights.

# %%
train, test = next(GroupKFold(5).split(paths, posts.target, posts.groups))
batches = np.array_split(train, 10)
mfcc = MFCCFeatures()
scaler = StandardScaler()
for rows in batches:  # first pass: the scale
    scaler.partial_fit(mfcc.fit_transform(paths["audio"].iloc[rows]))

whole = StandardScaler().fit(from_paths[train])
np.testing.assert_allclose(scaler.mean_, whole.mean_)
np.testing.assert_allclose(scaler.var_, whole.var_)
print("the scale from ten pieces is that of the whole")

# %% tags=["nbval-ignore-output"]
stepped = SGDClassifier(loss="log_loss", alpha=0.1, random_state=0)
classes = np.unique(posts.target)
for _epoch in range(3):
    for rows in batches:
        piece = scaler.transform(mfcc.transform(paths["audio"].iloc[rows]))
        stepped.partial_fit(piece, posts.target[rows], classes=classes)

solved = LogisticRegression(C=0.01, max_iter=1000)
solved.fit(whole.transform(from_paths[train]), posts.target[train])
unseen = scaler.transform(from_paths[test])
accuracy = {"in pieces": stepped.score(unseen, posts.target[test])}
accuracy["as a whole"] = solved.score(unseen, posts.target[test])
print({name: round(value, 3) for name, value in accuracy.items()})
assert min(accuracy.values()) > 0.45  # a third is chance
assert not np.allclose(stepped.coef_, solved.coef_, rtol=0.01)
assert abs(accuracy["in pieces"] - accuracy["as a whole"]) < 0.1

# %% [markdown]
# Each of the three epochs read every file again. Disk instead of memory: that is the trade. Which leads to the cheapest way to be faster.
#
# ## 4 · Do not compute twice
#
# `joblib.Memory` keeps a function's results in a folder, under a hash of the arguments. scikit-learn's pipelines use it: with `memory=`, a search over $C$ computes the features once for each training set, not once for each $C$. The result is the same, in a fraction of the time.

# %% tags=["nbval-ignore-output"]
few = paths["audio"][:150], posts.target[:150]
strengths = {"logisticregression__C": [0.001, 0.01, 0.1, 1.0]}
took, scores = {}, {}
for name, memory in {"no memory": None, "memory": Memory(folder / "cache", verbose=0)}.items():
    steps = MFCCFeatures(), StandardScaler(), LogisticRegression(max_iter=1000)
    model = make_pipeline(*steps, memory=memory)
    start = time.process_time()  # of this process alone, whatever else the computer does
    search = GridSearchCV(model, strengths, cv=3).fit(*few)
    took[name] = time.process_time() - start
    scores[name] = search.cv_results_["mean_test_score"]

print(f"with memory it takes {took['memory'] / took['no memory']:.2f} of the processor time")
n_described = 3 * 100 + 12 * 50 + 150, 12 * 100 + 12 * 50 + 150  # to fit, to test, at last
print("sounds described:", n_described, f"which is {n_described[0] / n_described[1]:.2f}")
assert np.array_equal(scores["memory"], scores["no memory"])

# %% [markdown]
# Not a quarter of it, though four values of $C$ share the features: what is kept is what `fit` made of the training set (3 folds of 100), while the 12 test folds of 50 are described anew each time. Count the sounds that are described, and you have about the ratio of the times.
#
# **Predict**: the file behind a path changes. What does a cached function answer?

# %%
cached = Memory(folder / "cache", verbose=0).cache(audio.read_audio)
file = str(folder / "changing.wav")
soundfile.write(file, np.full(1000, 0.5), 16_000)
before = cached(file)
soundfile.write(file, np.full(1000, -0.25), 16_000)
after = cached(file)
print("in the file:", audio.read_audio(file)[0], " from the cache:", after[0])
assert np.array_equal(before, after)

# %% [markdown]
# The *path* is the argument, and it did not change: the cache answers with what was there before, without a warning. So with paths either files never change (a new recording gets a new name), or a fingerprint of the contents is an argument, too (exercise 14.3).
#
# ## 5 · Will more processes pay?
#
# `n_jobs=2` starts two processes beside this one. Each has a memory of its own, so as a rule every sample is *serialised*, turned into bytes, and sent through a pipe to one of them, and every result back. With $w$ seconds of work a sample, $b$ bytes to send at $\beta$ seconds a byte, and $s$ seconds to start, $p$ processes need
#
# $$ T_p(n) = s + n \left( \frac{w}{p} + \beta\, b \right), \qquad T_1(n) = n\, w. $$
#
# The work is shared, start and sending are not. Two processes save at most $w / 2$ a sample; if sending costs more than that, they lose at *every* $n$ (exercise 14.1). We measure the work and the sending through a pipe here ($\beta b$ as one number), the start in section 6. **Predict**: will two processes pay for the MFCC of arrays? Of files?


# %% tags=["nbval-ignore-output"]
def seconds(function, repeats=3):
    """The shortest of several times; others are disturbed by what else the computer does."""
    times = []
    for _repeat in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


clips, files = arrays["audio"][:100].tolist(), paths["audio"][:100].tolist()
with Parallel(n_jobs=2) as pool:
    pool(delayed(len)(batch) for batch in ([], []))  # starts the processes
    nothing = seconds(lambda: pool(delayed(len)(batch) for batch in ([], [])))
    halves = clips[:50], clips[50:]
    sending = (seconds(lambda: pool(delayed(len)(half) for half in halves)) - nothing) / 100
work = {kind: seconds(lambda c=c: MFCCFeatures().fit_transform(c)) / 100 for kind, c in
        {"array": clips, "file": files}.items()}  # fmt: skip
to_send = {"array": len(pickle.dumps(clips)) / 100, "file": len(pickle.dumps(files)) / 100}
print(f"to send an array ({to_send['array'] / 1e3:.0f} kB): {1e3 * sending:.2f} ms, to describe it:"
      f" {1e3 * work['array']:.2f} ms, so two processes could save {500 * work['array']:.2f} ms")  # fmt: skip
print(f"to send a path: {to_send['file']:.0f} bytes; to read and describe it: "
      f"{1e3 * work['file']:.2f} ms")  # fmt: skip
assert to_send["array"] > 500 * to_send["file"]

# %% [markdown]
# And what comes of it? Two processes for the files, two for the arrays, as the package does it, and two for the arrays through a pipe. Beside them stand plain sums, with nothing to send: they tell what two processes can give on this computer in this minute.


# %%
def piped(cells):
    """MFCC in two processes; the cells go through a pipe, in sixteen messages."""
    parts = np.array_split(np.arange(len(cells)), 16)
    tasks = (delayed(MFCCFeatures().fit_transform)(cells.iloc[part]) for part in parts)
    return np.vstack(Parallel(n_jobs=2)(tasks))


def measure(function, client=None):
    """Seconds by the clock, then processor seconds of this process and of each worker, if any."""

    def spent():
        workers = client.run(time.process_time).values() if client else []
        return np.array([time.process_time(), *workers])

    before, start = spent(), time.perf_counter()
    function()
    return np.array([time.perf_counter() - start, *(spent() - before)])


of_files, of_arrays = paths["audio"][:200], arrays["audio"][:200]
one, two = MFCCFeatures(), MFCCFeatures(n_jobs=2)
numbers = [range(3_000_000)] * 2
ways = {  # in one process, in two
    "plain sums": (lambda: [sum(x) for x in numbers],
                   lambda: Parallel(n_jobs=2)(delayed(sum)(x) for x in numbers)),
    "files": (lambda: one.fit_transform(of_files), lambda: two.fit_transform(of_files)),
    "arrays": (lambda: one.fit_transform(of_arrays), lambda: two.fit_transform(of_arrays)),
    "arrays, by pipe": (lambda: one.fit_transform(of_arrays), lambda: piped(of_arrays)),
}  # fmt: skip
for in_two in (two.fit_transform(of_files), two.fit_transform(of_arrays), piped(of_arrays)):
    assert np.array_equal(in_two, from_paths[:200])

# %% tags=["nbval-ignore-output"]
taken = {name: np.array([[measure(way) for way in both] for _round in range(3)])
         for name, both in ways.items()}  # fmt: skip
ratios = {name: best[1] / best[0] for name, best in
          ((name, times.min(axis=0)) for name, times in taken.items())}  # fmt: skip
columns = ["time", "processor time here"]
print("two processes, as a share of one (the best of three rounds)")
print(pd.DataFrame(ratios, index=columns).T.round(2).to_string())

# %% [markdown]
# Read the sums first: 0.5 means that a second core was free while the cell ran, 1 that there was none. The formula assumes a core for each process, so compare the other rows with the sums, not with one half. The second column tells who did the work: near 1 it was this process, whatever `n_jobs` says; far below, the two others.
#
# The package does the sum of the formula for you: it times the first cells of a column, and stays in one process where little would be saved. In a column of paths there is next to nothing to send. Arrays it does not send through a pipe if it need not: on one computer two processes can *share* a piece of memory, and the package reckons a copy into it and out again to be ten times as cheap as a pipe. The last row takes the pipe all the same, with about as many messages: compare it with the row above. If it is slower than the two printed lines promise, something costs that the formula does not name (the results, the messages themselves); we did not take it apart. From host to host, as in the next section, no memory is shared, and $\beta b$ is what has to be paid.
#
# What two jobs give for each kind of feature, beside what two cores gave for plain sums in the same minute, stands in the project's benchmarks (`benchmarks/features.md`).
#
# ## 6 · The same code on a cluster
#
# For work that keeps a core busy, more processes than cores do not help. A **cluster** has three roles: the *client* (this notebook) hands tasks to the *scheduler*, which gives them to *workers* and collects results; they talk over the network, so each may be on a host of its own. We do not write one: [Dask](https://distributed.dask.org) is one, and joblib, on which scikit-learn and this package stand, can hand its tasks to it. Here all is on this machine: the scheduler runs in the notebook's process, and the workers are two processes with a memory of their own, which speak with it over TCP.

# %%
fig, ax = plt.subplots(figsize=(7, 2.4))
places = {"client\n(notebook)": (0, 1), "scheduler": (2, 1), "worker 1": (4, 1.6)}
places |= {"worker 2": (4, 0.4), "shared\nstorage": (6, 1)}
lines = [("client\n(notebook)", "scheduler", "tasks with paths →\n← features", 0.2)]
lines += [("scheduler", worker, "", 0) for worker in ("worker 1", "worker 2")]
lines += [(worker, "shared\nstorage", "", 0) for worker in ("worker 1", "worker 2")]
for a, b, label, up in lines:
    (x0, y0), (x1, y1) = places[a], places[b]
    ax.plot([x0, x1], [y0, y1], color=plotting.COLOURS["blue"], zorder=0)
    ax.text((x0 + x1) / 2, (y0 + y1) / 2 + up, label, ha="center", va="bottom", fontsize=8)
ax.text(5, 1, "files", ha="center", va="center", fontsize=8)
for name, (x, y) in places.items():
    box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "black"}
    ax.text(x, y, name, ha="center", va="center", bbox=box)
ax.set(xlim=(-0.8, 6.8), ylim=(0, 2.1))
ax.axis("off")
plotting.show(
    fig,
    alt="Boxes joined by lines: the client sends tasks with paths to the scheduler and gets "
    "features back; the scheduler is joined to two workers, and both read files from shared storage.",
)

# %%
try:
    import dask
    from dask.distributed import Client, LocalCluster
except ImportError:
    Client = None
    print('sections 6 to 8 need Dask (pip install "mmtutor[scale]"); the others go on without it')


@contextmanager
def two_workers(trim=None):
    """A client of a scheduler with two worker processes; all is closed in the end, come what may."""
    freeing = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch,
        dask.config.set({freeing: trim}),  # see below
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,  # not threads of this process
            dashboard_address=None,  # no web page that shows the work,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # nor its port, perhaps taken
            local_directory=scratch,
            silence_logs=logging.CRITICAL,  # it reports at length when a worker dies
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def pids(client):
    """The workers' process numbers."""
    return sorted(client.run(os.getpid).values())


# %%
if Client:
    with two_workers() as client:
        workers = pids(client)
        with parallel_config(backend="dask"):
            who = Parallel()(delayed(os.getpid)() for _task in range(20))
            on_workers = {
                "image": HOGFeatures().fit_transform(paths["image"]),
                "audio": MFCCFeatures().fit_transform(paths["audio"]),
            }
            assert complaint(broken).startswith("image in row 77: there is no image file")
        loaded = client.run(lambda: "tensorflow" in sys.modules).values()
    assert len(set(workers)) == 2 and os.getpid() not in workers
    assert set(who) <= set(workers)
    assert np.array_equal(on_workers["audio"], from_paths)
    assert np.array_equal(on_workers["image"], HOGFeatures().fit_transform(arrays["image"]))
    assert not any(loaded)
    print("two workers, neither is this process; the same features, bit by bit")

# %% [markdown]
# One line, `parallel_config(backend="dask")`, and not a word of the models changed: inside it, joblib's tasks go to the cluster (except those that need shared memory, which run in threads here; and this package times its first eight cells here). Errors come home, too: the file that is lost is reported with its row.
#
# ### Time against samples
#
# Is it faster? We let the number of files grow (the same files, several times over) and take two kinds of time: seconds by the clock, and *processor seconds* of each process. The clock also counts what other programs take from us; processor time does not. From it we can say what two workers would need if each had a core for itself: half of what they spend, and what this process (client and scheduler) spends, with what all of them need to keep in touch. (That adds up as if one came after the other. They can work at the same time, so it is rather too much.) **Predict** the ratio for 100 files, and for 1200.


# %%
def nothing_done(files):
    return np.ones((len(files), 80))  # as many numbers as MFCCFeatures gives


def describe_first(n):
    return lambda: MFCCFeatures().fit_transform(many[:n])


sizes_tried = [100, 300, 600, 1200]
many = pd.concat([paths["audio"]] * 2, ignore_index=True)


# %% tags=["nbval-ignore-output"]
def series(client=None):
    """Times for each size, the lower of two rounds."""
    rounds = [[measure(describe_first(n), client) for n in sizes_tried] for _round in range(2)]
    return np.min(rounds, axis=0)


alone = series()
timing = pd.DataFrame(alone, columns=["one process", "its processor"], index=sizes_tried)
if Client:
    start = time.perf_counter()
    with two_workers() as client, parallel_config(backend="dask"):
        MFCCFeatures().fit_transform(many[:100])  # the workers load the package
        starting = time.perf_counter() - start
        tasks = [delayed(nothing_done)(part) for part in np.array_split(many.to_numpy(), 16)]
        empty = measure(lambda: [Parallel()(tasks) for _repeat in range(5)], client)
        timing["two workers"], client_share, *shares = series(client).T
    timing["a worker"] = np.mean(shares, axis=0)
    timing["with a core each"] = client_share + timing["a worker"]
    timing["all processors"] = client_share + np.sum(shares, axis=0)
    print(f"start: {starting:.1f} s, once")
    ratio = timing["with a core each"] / timing["its processor"]
    print("a core each, to one process:", ratio.round(2).to_dict())
print(timing.rename_axis("files").round(2).to_string())

# %%
fig, ax = plt.subplots(figsize=(5.5, 3.4))
looks = {"one process": "o-", "its processor": "o:"}
looks |= {"two workers": "s-", "with a core each": "s:"}
for name in [name for name in looks if name in timing]:
    colour = plotting.COLOURS["blue" if looks[name][0] == "o" else "vermilion"]
    ax.plot(timing.index, timing[name], looks[name], color=colour, label=name)
ax.set(xlabel="files described (MFCC)", ylabel="seconds", xlim=(0, None), ylim=(0, None))
ax.legend()
plotting.show(
    fig,
    alt="Seconds against the number of files described: rising lines of one process and of two "
    "workers, solid by the clock, and dotted by what they would take with cores for themselves; "
    "the solid and the dotted line of a colour lie close together where the computer is quiet; "
    "where it is busy, the solid one lies above.",
)

# %% [markdown]
# The lines rise with the number of files, as the formula says. The dotted lines are computed, not observed: what one process and two workers would need if each had a core for itself. The solid ones are what we waited. A solid line above its dotted one is waiting: for a core that was busy, for the disk, for messages. The solid line of the two workers may also lie below its dotted one, since this process and the workers can work at the same time and the dotted line adds up what they spend. On a busy machine two workers can be slower by the clock although the dotted line promises a gain. For few files the ratio may be above 1: what this process spends (*with a core each* less *a worker*) shrinks less than the number of files does. What all processors together spend beyond one process is the overhead. And the *start*, in which two processes load the package, takes longer than one process needs for the *sounds* of all 600 posts: here a cluster does not pay, and we do not pretend it does. It pays where hours are waiting.
#
# ### A setting that can eat the gain
#
# Dask starts its workers with the variable `MALLOC_TRIM_THRESHOLD_`, which tells glibc, the C library of most Linux systems, to give free memory at the end of its heap back to the system once it is more than 64 kB, and to stop adapting its other limits. That keeps workers small which hold large tables. Ours make and free arrays of a hundred to some hundreds of kilobytes, thousands of them, so memory is probably fetched again and again. So `two_workers` leaves the variable out. What would it cost? Two clusters that differ in this setting, warmed up alike, do the same work in turn, three times.

# %% tags=["nbval-ignore-output"]
if Client:
    needed = {"left out": [], "Dask's": []}
    with two_workers() as left_out, two_workers(trim=65_536) as given_back:
        for n in (100, 200, 200, 200):  # the first to warm up
            for name, client in zip(needed, (left_out, given_back), strict=True):
                with client.as_current(), parallel_config(backend="dask"):
                    _clock, _here, *of_workers = measure(describe_first(n), client)
                needed[name].append(sum(of_workers))
    os.environ.pop("MALLOC_TRIM_THRESHOLD_", None)  # Dask leaves it in this process, too
    dearer = np.divide(needed["Dask's"], needed["left out"])[1:]
    print("processor time of the workers with Dask's setting, as a share of that without:")
    print(dearer.round(2).tolist())

# %% [markdown]
# A number clearly above 1 in all three rounds is what the setting costs; whether it does depends on the C library and on the size of the arrays, so measure it with your own. When a cluster is slower than it should be, compare processor time with processor time before you ask for more hosts.
#
# ## 7 · A search on the cluster
#
# A grid search is the classic case: many fits, none of which needs another; at work each of them is long, ours are not. `GridSearchCV` calls joblib, so it runs on the workers; the features are computed inside a task, and `n_jobs=1` keeps them there (without it a task would hand its cells to the cluster once more). How long the search took here and there is printed under "What we measured". The time there includes loading scikit-learn in the workers, so a search as small as ours may be slower on the cluster. First, what would have to be sent with every task?

# %%
tables = {"arrays": arrays[["audio"]][:150], "paths": paths[["audio"]][:150]}
weight = {name: len(pickle.dumps(table)) for name, table in tables.items()}
print(f"150 sounds as arrays: {weight['arrays'] / 1e6:.0f} MB; less than 50 kB as paths:",
      weight["paths"] < 50_000)  # fmt: skip

# %%
steps = MFCCFeatures(n_jobs=1), StandardScaler(), LogisticRegression(max_iter=1000)
model = make_pipeline(*steps)
settings = {"mfccfeatures__n_mfcc": [8, 20], "logisticregression__C": [0.01, 0.1]}
folds = list(GroupKFold(3).split(*few, posts.groups[:150]))
begin = time.perf_counter()
here = GridSearchCV(model, settings, cv=folds).fit(*few)
search_took = {"one process": time.perf_counter() - begin}
if Client:
    try:
        with two_workers() as client, parallel_config(backend="dask"):
            closed_after = pids(client)
            begin = time.perf_counter()
            there = GridSearchCV(model, settings, cv=folds).fit(*few)
            search_took["two workers"] = time.perf_counter() - begin
            raise RuntimeError("a mistake of ours, while the cluster is open")
    except RuntimeError as error:
        print("caught:", error)
    assert there.best_params_ == here.best_params_
    for k in range(3):
        name = f"split{k}_test_score"
        assert np.array_equal(there.cv_results_[name], here.cv_results_[name])
    print("the same scores in every fold, the same choice:", there.best_params_)

# %% [markdown]
# We raised an error on purpose while the cluster was open. `with` closed it all the same; a cluster that is left open keeps processes, ports and memory until the kernel ends. Are the two processes gone?

# %%
if Client:
    import psutil  # comes with Dask

    left = [pid for pid in [*workers, *closed_after] if psutil.pid_exists(pid)]
    print("workers of closed clusters that still run:", left)
    assert not left

# %% [markdown]
# ## 8 · A worker dies
#
# A host restarts; the system ends a process that takes too much memory. With many workers that is no exception: Dean and Ghemawat (2004) counted, on average, 1.2 dead workers a job at 157 workers a job. We do it on purpose, at the worst moment: the worker that is the first to take file 20 is killed *while it works on it*, without a chance to say goodbye.


# %%
def describe(k, file, notes):
    """MFCC of one file, with a note that it was begun; the first to begin file 20 is killed."""
    import psutil

    first_time = not list(notes.glob(f"{k}-*"))
    (notes / f"{k}-{time.time_ns()}").write_text(str(os.getpid()))
    if k == 20 and first_time:
        psutil.Process().kill()
    return MFCCFeatures().fit_transform([file])[0]


if Client:
    notes = folder / "notes"
    notes.mkdir()
    with two_workers() as client:
        workers = pids(client)
        with parallel_config(backend="dask"):
            tasks = (delayed(describe)(k, file, notes) for k, file in enumerate(files))
            survived = np.stack(Parallel(batch_size=1)(tasks))
        client.wait_for_workers(2, timeout=60)
        renewed = pids(client)

# %%
if Client:
    tried = sorted(notes.glob("20-*"), key=lambda note: note.name)
    victim, saviour = (int(note.read_text()) for note in tried)
    assert victim in workers and victim not in renewed and saviour != victim
    assert len(renewed) == 2 and os.getpid() not in renewed
    assert np.array_equal(survived, from_paths[:100])
    print("file 20 was begun", len(tried), "times; the result is the same, bit by bit")
    print("deaths that a task may see:", dask.config.get("distributed.scheduler.allowed-failures"))

# %% [markdown]
# The scheduler noticed that the connection was gone, gave the lost tasks to whoever was left, and a new worker was started in the place of the dead one. That works because the *result* of a task depends on its arguments and on nothing else: it may be done twice and nothing is counted twice. (Had it added a line to a common file, that line would be there twice, as our notes are.)
#
# Not without end: a task under which one worker after another died, more often than `allowed-failures` says, is given up with the error `KilledWorker`. It is then taken for the killer, and often it is (a file that needs more memory than a worker has).
#
# ## 9 · A real cluster: three lines
#
# What was a `LocalCluster` becomes, on hosts that see each other and the same files:
#
# ```bash
# dask scheduler                                            # on one host: prints its address
# dask worker tcp://HOST:8786 --nworkers 4 --nthreads 1     # on each of the others
# ```
#
# ```python
# from dask.distributed import Client
# client = Client("tcp://HOST:8786")                        # in the notebook; the rest stays as it is
# ```
#
# Where a job queue hands out the hosts (Slurm, PBS), [dask-jobqueue](https://jobqueue.dask.org) writes and submits the jobs:
#
# ```python
# from dask.distributed import Client
# from dask_jobqueue import SLURMCluster
# cluster = SLURMCluster(cores=4, processes=4, memory="16 GB", walltime="02:00:00")
# cluster.scale(jobs=10)
# client = Client(cluster)
# ```
#
# Three things must hold. **The same versions** of Python and of the packages everywhere (`client.get_versions(check=True)` tells). **The same paths**: a path is a name, and it must mean the same file on every worker, on shared storage. **A closed network**: a scheduler runs whatever it is sent, by whoever reaches its port; on a network you share, use TLS certificates. And the setting of section 6 is made on each host, in Dask's configuration file (`MALLOC_TRIM_THRESHOLD_: null` under `distributed`, `nanny`, `pre-spawn-environ`): what is set in the notebook does not reach workers that others start.
#
# ## 10 · Feeding a network
#
# A network is trained in batches, so it never needs all data at once; it needs somebody who has the next batch ready. In Keras that is a `PyDataset`: `len` says how many batches there are, and `[k]` makes batch k. Any Python code can stand in it, so our readers can. TensorFlow's own `tf.data` does the same as a chain of its operations. Both, on the pictures:

# %%
import keras
import tensorflow as tf

from mmtutor.image import read_image

labels = np.searchsorted(classes, posts.target)


class Pictures(keras.utils.PyDataset):
    """Batches of pictures, read when they are asked for."""

    def __init__(self, files, labels, batch_size=40, **options):
        super().__init__(**options)
        self.files, self.labels, self.batch_size = list(files), labels, batch_size

    def __len__(self):
        return -(-len(self.files) // self.batch_size)

    def __getitem__(self, k):
        rows = slice(k * self.batch_size, (k + 1) * self.batch_size)
        pictures = [read_image(file, size=24) for file in self.files[rows]]
        return np.stack(pictures)[..., None] / np.float32(255), self.labels[rows]


def read(file, label):
    picture = tf.io.decode_png(tf.io.read_file(file), channels=1)
    return picture, label


# %%
batches = Pictures(paths["image"], labels)
chain = tf.data.Dataset.from_tensor_slices((paths["image"].tolist(), labels))
chain = chain.map(read, num_parallel_calls=2).batch(40).prefetch(2)

n_seen = 0
for k, (pictures, wanted) in enumerate(chain.as_numpy_iterator()):
    small = np.stack([read_image(picture[..., 0], size=24) for picture in pictures])
    ours, ours_wanted = batches[k]
    assert np.array_equal(small[..., None] / np.float32(255), ours)
    assert np.array_equal(wanted, ours_wanted)
    n_seen += len(pictures)
print(f"{len(batches)} batches, {n_seen} pictures: tf.data and PyDataset give the same")

# %% [markdown]
# And is a network that was fed from files the same as one that was fed from an array? With the same seed and the same order, yes:


# %%
def network():
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ]
    net = keras.Sequential([keras.Input((24, 24, 1)), *layers])
    net.compile("adam", "sparse_categorical_crossentropy")
    return net


in_memory = np.concatenate([batches[k][0] for k in range(len(batches))])
from_array, from_files = network(), network()
from_array.fit(in_memory, labels, batch_size=40, epochs=2, shuffle=False, verbose=0)
from_files.fit(batches, epochs=2, shuffle=False, verbose=0)
for one, other in zip(from_array.get_weights(), from_files.get_weights(), strict=True):
    np.testing.assert_allclose(one, other, atol=1e-6)
print("trained from an array and from files: the same weights")

# %% [markdown]
# `shuffle=False` was for the comparison; to train, the order must change from epoch to epoch, and where several processes read, all must agree on it (exercise 14.4).
#
# ## 11 · A million, a billion
#
# The formula of section 5 has three parts, and all are measured (without Dask, the first and the last are typical values): the start of two workers; the work $w$, as the slope of a line through the processor times of the workers, which holds what a worker spends beside the features, too; and what a file costs beside it, however many workers there are: what this process, client and scheduler, spent on tasks in which the workers got the paths, did nothing, and gave back as many numbers. The lines are fitted to 100, 300 and 600 files. First the model is asked for what we *can* measure and did not show it, 1200 files, then for numbers of samples that we never had.


# %% tags=["nbval-ignore-output"]
def line(name):
    """Slope of the line through all sizes but the largest, and what it foretells of that one."""
    slope, intercept = np.polyfit(sizes_tried[:-1], timing[name].iloc[:-1], 1)
    return slope, (intercept + slope * sizes_tried[-1]) / timing[name].iloc[-1]


w, foretold = line("its processor")
print(f"one process: {1e3 * w:.2f} ms a file; foretold of 1200 files: {foretold:.2f} of the time")
assert 1 / 2 < foretold < 2
if Client:
    beside = empty[1] / (5 * len(many))
    w, foretold = 2 * line("a worker")[0], line("with a core each")[1]
    print(f"on a worker: {1e3 * w:.2f} ms; foretold of two workers and the client: {foretold:.2f}")
else:  # typical values, so that the section can be read
    starting, beside = 5.0, 5e-5
print(f"beside it {1e3 * beside:.3f} ms a file, start {starting:.1f} s")

# %% [markdown]
# How far the foretold numbers are from 1 says how well a line fits, at twice the size it was fitted to and no further. (On a busy computer they scatter.) A worker may spend more on a file than one process does, so the table below takes what it spent.
#
# The rest is **extrapolation**: it holds as long as nothing new becomes the bottleneck. So the table names two other limits: the size of the features, which is exact, and storage. There are *two assumptions that we did not measure*: storage gives 1 GB a second to all workers together; and any number of workers starts in the time that two take (ten thousand will not).

# %% tags=["nbval-ignore-output"]
rows = []
for n, p in [(600, 2), (10**6, 2), (10**6, 100), (10**9, 100), (10**9, 10_000)]:
    costs = {"start": starting, "work": n * w / p, "through one client": n * beside}
    costs["storage"] = n * sizes["audio"] / 1e9
    rows.append({"samples": f"{n:,}", "workers": p, **{k: v / 3600 for k, v in costs.items()}})
    rows[-1] |= {"longest": max(costs, key=costs.get), "features (GB)": n * 640 / 1e9}
forecast = pd.DataFrame(rows)
print("hours, extrapolated")  # as if nothing else got in the way
print(forecast.round(3).to_string(index=False))

# %% [markdown]
# Read the column "longest" downwards. At 600 samples the *start* is the longest part, at a million the *work*, and there more workers help. With a hundred of them, and at a billion, the work is no longer what takes longest: storage that all read from, and results that all come back through one client, take their time however many workers there are. What one does about it:
#
# - **Storage**: put the data where the work is (each host holds its part), read fewer bytes (FLAC or Opus in place of WAV), read once and keep the features.
# - **One client**: do not bring 640 GB of features home. Let each task write its features to a file of its own (Parquet), and return what is small: how many rows, their means and variances, to be merged (exercise 14.2); then learn in pieces (section 3).
# - **Fewer samples**: does accuracy still rise? Draw the learning curve of chapter [06](06_choose_a_fusion.ipynb) first. The cheapest billion is the one you do not need.
#
# ## What we measured
#
# The main claims, asserted.

# %% tags=["nbval-ignore-output"]
print({name: f"{a / 1000:.1f} kB a sound" for name, a in a_sample.items()})
assert a_sample["arrays"] > 30 * a_sample["paths"]
print("search, seconds:", {name: round(t, 1) for name, t in search_took.items()})
assert took["memory"] < took["no memory"]  # processor time
longest = forecast.set_index(["samples", "workers"])["longest"]
assert longest["600", 2] == "start"
assert longest["1,000,000", 2] == "work"
assert longest["1,000,000,000", 10_000] != "work"

# %%
if Client:
    assert not [pid for pid in [*workers, *renewed, *closed_after] if psutil.pid_exists(pid)]
shelf.cleanup()
print("folder removed:", not folder.exists())

# %% [markdown]
# ## Exercises
#
# Fill in a stub and run its cell: `check` answers with a hint until it is right. A function must leave its inputs unchanged. The folded cell below each holds a solution.
#
# ### Exercise 14.1 · From which number of samples on?
#
# One process needs `work` seconds a sample. With `workers` processes there are `start` seconds once, and every sample costs a share of the work and `send` seconds, which are not shared. Return the smallest whole number of samples (at least 1) at which the workers are *faster*; at a tie they are not. If they never are, return `math.inf`.


# %%
def fewest_samples(work, send, start, workers):
    """work, send: seconds a sample; start: seconds; workers: 2 or more. Return a number."""
    ...  # your code here


check("14.1", fewest_samples)

# %% [markdown]
# <details><summary>Hint</summary>How many seconds does one sample save? What if that is nothing, or less?</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_1(work, send, start, workers):
    import math

    saved = work - work / workers - send
    return math.floor(start / saved) + 1 if saved > 0 else math.inf


check("14.1", solution_1)

# %% [markdown]
# ### Exercise 14.2 · Bring home what is small
#
# Each worker described its own share of the rows, and reports only how many they were, their mean and their variance (`np.var`), column by column. Return number, mean and variance of *all* rows together, as if you had them. A worker that got no rows reports 0 and zeros.


# %%
def merge(parts):
    """parts: list of (n, mean, variance), arrays of shape (n_columns,). Return one such tuple."""
    ...  # your code here


check("14.2", merge)

# %% [markdown]
# <details><summary>Hint</summary>The rows differ within each worker's share, and the shares differ from one another.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_2(parts):
    n = sum(k for k, _mean, _variance in parts)
    mean = sum(k * m for k, m, _variance in parts) / n
    variance = sum(k * (v + (m - mean) ** 2) for k, m, v in parts) / n
    return n, mean, variance


check("14.2", solution_2)

# %% [markdown]
# ### Exercise 14.3 · A key for a cache
#
# Write the fingerprint that section 4 lacked: a string that is the same for the same bytes, wherever the file lies and whatever it is called, and another one as soon as a single byte differs, even where length and date are the same. Files may be long: hold at most 3 MB of one at a time.


# %%
def key(path):
    """path: str, of an existing file. Return a string."""
    ...  # your code here


check("14.3", key)

# %% [markdown]
# <details><summary>Hint</summary>The module <code>hashlib</code>; its <code>update</code> takes one piece after another.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_3(path):
    import hashlib

    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


check("14.3", solution_3)

# %% [markdown]
# ### Exercise 14.4 · An order that all agree on
#
# Several processes make the batches of a training; each is asked for some of them, in any sequence, perhaps twice. Return the row numbers of batch `k` (from 0) in epoch `epoch`: in an epoch every row comes once, batches have `size` rows, the last one the rest. The order depends on `seed` and `epoch` and on nothing else, and every order is possible. Two different pairs of seed and epoch share an order only by chance (`seed` is below $2^{32}$, `epoch` may be any whole number from 0): mind pairs like (0, 1000) and (1, 0).


# %%
def rows_of(k, epoch, n, size, seed):
    """All are whole numbers; n: rows in all. Return the rows of batch k."""
    ...  # your code here


check("14.4", rows_of)

# %% [markdown]
# <details><summary>Hint</summary><code>np.random.default_rng</code> takes a list of numbers as its seed.</details>


# %% tags=["solution"] jupyter={"source_hidden": true}
def solution_4(k, epoch, n, size, seed):
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return order[k * size : (k + 1) * size]


check("14.4", solution_4)

# %% [markdown]
# ## Quiz
#
# 1. A colleague describes a list of arrays that lies in memory with joblib's `Parallel(n_jobs=16)`, and it is slower than before. What do you ask first?
#
# <details><summary>Answer</summary>How long the work on one array takes, and how many bytes the array <em>and its result</em> have. If sending costs half the work, two processes never pay; if it costs all of it, no number does (section 5). Send paths, or share memory, and send many cells at a time.</details>
#
# 2. A cached feature extractor gives good results on Monday. On Tuesday the recordings are replaced by better ones under the same names, and nothing improves. Why?
#
# <details><summary>Answer</summary>The cache knows the path, not the contents (section 4): it answered with Monday's features. Give new files new names, or make a fingerprint of the contents part of the arguments.</details>
#
# 3. A task adds its file's loudness to a running total in a database. A worker dies, and its tasks are done again. What is wrong with the total?
#
# <details><summary>Answer</summary>A task that had added its part before its worker died adds it again. Tasks that may be repeated must return their result, and be added up where each result arrives once.</details>
#
# 4. A hundred workers take an hour. Will two hundred take half an hour?
#
# <details><summary>Answer</summary>If the work is the longest part, about. What is not shared out stays: the start, what goes through one client, and storage that all read from. Measure which one is the longest (section 11) before you pay for more workers.</details>
#
# ## Pitfalls
#
# - **A path that another host does not know**: "there is no sound file". Shared storage, the same mount point, and no `~`.
# - **A cluster left open**: use `with`, in notebooks too, or its processes stay until the kernel ends.
# - **Threads in threads**: four workers on four cores, each of which starts four threads for its matrix products, are sixteen threads that wait for one another. One thread a worker for NumPy and scikit-learn (`OMP_NUM_THREADS=1`).
# - **Tiny tasks**: each task costs the scheduler time. Give a task many files; joblib and this package do so by themselves.
# - **Functions of the notebook** are sent as they are at the moment of the call; a module that you edited is not: workers keep what they imported until they are restarted (`client.restart()`).
# - **Measuring the first call**: it includes loading the packages on the workers. Warm up, then measure.
# - **Random numbers**: `np.random.seed` in the notebook says nothing in a worker. Pass seeds as arguments.
#
# ## References
#
# - M. Rocklin: Dask: parallel computation with blocked algorithms and task scheduling. SciPy 2015.
# - [Dask's documentation](https://docs.dask.org), "Best Practices"; [joblib's](https://joblib.readthedocs.io), "Memory" and "Embarrassingly parallel for loops"; [scikit-learn's](https://scikit-learn.org/stable/computing/scaling_strategies.html), "Strategies to scale computationally: bigger data".
# - Dask's documentation on [memory that is not given back](https://distributed.dask.org/en/stable/worker-memory.html) (why the variable of section 6 is set).
# - G. M. Amdahl: Validity of the single processor approach to achieving large scale computing capabilities. AFIPS 1967.
# - T. F. Chan, G. H. Golub, R. J. LeVeque: Updating formulae and a pairwise algorithm for computing sample variances. COMPSTAT 1982 (merging variances).
# - J. Dean, S. Ghemawat: MapReduce: simplified data processing on large clusters. OSDI 2004 (tasks that may be done again).
#
# **Next**: [15 · Faces and voices](15_verify_faces_and_voices.ipynb): how much surer is a system that sees and hears you?
