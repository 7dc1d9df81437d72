"""Simulated posts: a text, a picture of its author, and the author's voice over music."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmtutor._bundled import read_reviews
from mmtutor._table import MODALITIES
from mmtutor.simulate._checks import between, chosen, count, per_modality, sizes
from mmtutor.simulate._rendering import (
    bunch,
    child,
    in_steps,
    require_language,
    stream,
    swing,
    table,
)
from mmtutor.simulate.faces import IDENTITY_SIZE as FACE_SIZE
from mmtutor.simulate.faces import render_face
from mmtutor.simulate.latent import PostWorld, SeedLike, seed_sequence
from mmtutor.simulate.music import mix, render_music
from mmtutor.simulate.voices import IDENTITY_SIZE as VOICE_SIZE
from mmtutor.simulate.voices import render_voice

__all__ = ["load_posts", "make_posts"]

SENTIMENTS = ("negative", "neutral", "positive")
RELIABILITY = {"text": 2.0, "image": 1.5, "audio": 1.5}

# The streams of random numbers, each with a number of its own: adding one disturbs no other.
_WORLD, _AUTHOR, _POOLS, _HASHTAG, _IMAGE, _AUDIO = range(6)

# C, F and G: major or minor is then white or black keys, which a linear model of chroma can read.
_TONICS = (0, 5, 7)

# Hashtags from the least to the most favourable: English, Chinese.
# fmt: off
_HASHTAGS = (
    ("#neveragain", "#再也不来了"), ("#nightmare", "#噩梦"), ("#furious", "#气炸了"),
    ("#letdown", "#太失望"), ("#regret", "#后悔"), ("#sigh", "#心累"), ("#annoyed", "#烦"),
    ("#notforme", "#不适合我"), ("#meh", "#一般般"), ("#everyday", "#日常"), ("#noted", "#记一笔"),
    ("#justsaying", "#随便说说"), ("#itdepends", "#看情况"), ("#fairenough", "#还行吧"),
    ("#decent", "#不错"), ("#pleased", "#满意"), ("#smile", "#微笑"), ("#recommended", "#推荐"),
    ("#lovely", "#真好"), ("#delighted", "#开心"), ("#overthemoon", "#乐坏了"),
    ("#bestever", "#史上最佳"),
)
# fmt: on

_DESCR = """\
Simulated posts
---------------
{n_samples} posts by {n_authors} authors; the task is their sentiment (negative, neutral, positive).

    text   a review by the author and mostly a hashtag; no other author ever writes that review
    image  the author's face, {size} x {size} pixels, grey, from a frown to a smile
    audio  {seconds:g} s at {rate} Hz: the author's voice, livelier when happy, over chords

How it is made. Each modality has a latent value: the class (-1, 0 or 1) times its reliability, plus
noise with standard deviation 1. Reliability: {reliability}.
Noise correlation: {rho:g}. Conflict: {conflict:g}.
The latent value z becomes a valence, tanh(z / 3). The expression of face and voice follows it. The
chords are major if z > 0 and minor otherwise, faster and louder the further z is from 0. The text
is the author's own review nearest in valence, so it tells z in {per_author} steps only; its
hashtag is one of the three nearest of {n_tags}. Nuisances that say nothing of the class: identity,
pose, light, pixel noise, what syllables are spoken, key and progression of the chords.

`latents` holds the latent values, `ceiling(modalities)` the accuracy of an observer who sees them
and knows all this: no classifier of the rendered data can do better on average. `groups` are the
authors: use them (GroupKFold), or the same sentence and face appear in training and test.
"""


def make_posts(
    n_samples: int = 600,
    *,
    n_authors: int = 30,
    reliability: Mapping[str, float] | float | None = None,
    noise_correlation: float = 0.0,
    conflict: float = 0.0,
    missing: Mapping[str, float] | float = 0.0,
    language: str = "en",
    modalities: Sequence[str] = MODALITIES,
    hashtags: float = 0.8,
    pose: float = 12.0,
    light: float = 40.0,
    music_level_db: float = 0.0,
    image_size: int = 96,
    seconds: float = 2.0,
    sample_rate: int = 16_000,
    n_jobs: int | None = None,
    cache: bool = False,
    random_state: SeedLike = 0,
) -> Bunch:
    """Simulate posts with a text, a picture and a sound, whose sentiment is to be found.

    Sample i depends on the settings, on `random_state` and on i only: it is the same for every
    `n_samples` and `n_jobs`. Settings change only what they name: with another reliability the
    noise, the authors and the poses stay as they were.

    Parameters
    ----------
    n_samples : int, default=600
        How many posts, from 1 to 10 million. Classes are balanced; authors take turns.
    n_authors : int, default=30
        How many authors share them, from 1 to 252 (each needs a review of every class).
    reliability : mapping of str to float, float, or None, default=None
        Signal in noise standard deviations by modality, 0 for none; a mapping may name only some.
        None for text 2.0, image 1.5, audio 1.5.
    noise_correlation : float, default=0.0
        Correlation of the latent noise between every two modalities, above -0.5 and below 1.
    conflict : float, default=0.0
        Probability that one modality shows another class.
    missing : float or mapping of str to float, default=0.0
        Probability that a cell is missing. A post keeps at least one cell, unless all
        probabilities are 1.
    language : {"en", "zh"}, default="en"
        Language of the texts.
    modalities : sequence of str, default=("text", "image", "audio")
        Which columns to render; fewer is faster and changes nothing else.
    hashtags : float, default=0.8
        Probability that a text ends in a hashtag.
    pose : float, default=12.0
        Largest turn of the head in degrees, 0 to 30.
    light : float, default=40.0
        Largest angle of the lamp in degrees, 0 to 90.
    music_level_db : float, default=0.0
        Level of the music relative to the voice, in dB, when the feeling is strongest; it is
        6 dB lower when there is none.
    image_size : int, default=96
        Height and width of the pictures in pixels, 16 to 4096.
    seconds : float, default=2.0
        Length of the sounds, 0.25 to 3600.
    sample_rate : int, default=16000
        Samples per second, in Hz, 8000 to 192000.
    n_jobs : int or None, default=None
        Processes for rendering, as in joblib: None for 1, -1 for all cores.
    cache : bool, default=False
        Keep pictures and sounds on disk, and read them there when the same settings come again.
    random_state : int, None or NumPy generator, default=0
        Seed. Without a fixed one nothing that was kept is found again.

    Returns
    -------
    sklearn.utils.Bunch
        ``frame``: DataFrame of shape (n_samples, 3) with columns text (str), image (uint8 array of
        shape (image_size, image_size)), audio (float32 array of shape (seconds * sample_rate,));
        None where missing. ``target``: ndarray of str, shape (n_samples,). ``groups``: ndarray of
        int, the authors. ``latents``: DataFrame, see :meth:`PostWorld.sample`, and the columns
        author, review (row in ``load_reviews().frame``) and hashtag (bool).
        ``ceiling(modalities=...)``: accuracy of the ideal observer.
        ``posteriors(modalities=...)``: what it believes of these samples, ndarray of shape
        (n_samples, 3). ``target_names``, ``sample_rate``, ``world``, ``DESCR``.

    Raises
    ------
    ValueError
        If a setting is out of its range.

    See Also
    --------
    load_posts : The default posts, drawn once; what most chapters use.
    PostWorld : The latent numbers alone, for questions that need no pictures and sounds.

    Notes
    -----
    Taught in notebook 09.

    Examples
    --------
    >>> posts = make_posts(3, random_state=1)
    >>> list(posts.frame), posts.frame["image"].iloc[0].shape, posts.frame["audio"].iloc[0].shape
    (['text', 'image', 'audio'], (96, 96), (32000,))
    >>> sorted(posts.target.tolist())
    ['negative', 'neutral', 'positive']
    >>> round(posts.ceiling(["text"]), 2), round(posts.ceiling(), 2)
    (0.79, 0.9)
    """
    n_samples, image_size, seconds, sample_rate = sizes(
        n_samples=n_samples,
        image_size=image_size,
        seconds=seconds,
        sample_rate=sample_rate,
        n_jobs=n_jobs,
        cache=cache,
    )
    hashtags = between(hashtags, 0, 1, what="hashtags")
    pose, light = between(pose, 0, 30, what="pose"), between(light, 0, 90, what="light")
    music_level_db = between(music_level_db, -200, 60, what="music_level_db")
    require_language(language)
    wanted = chosen(modalities, MODALITIES)
    root = seed_sequence(random_state)
    missing = per_modality(missing, dict.fromkeys(MODALITIES, 0.0), what="missing")
    world = PostWorld(
        MODALITIES,
        tuple(per_modality(reliability, RELIABILITY, what="reliability").values()),
        noise_correlation=noise_correlation,
        conflict=conflict,
        missing=tuple(missing.values()),
    )
    latents = world.sample(n_samples, child(root, _WORLD))
    reviews = read_reviews()
    pools = _pools(reviews, count(n_authors, what="n_authors"), stream(root, _POOLS))
    author = np.arange(n_samples) % n_authors
    chances = stream(root, _HASHTAG).random((n_samples, 2))
    rows = _nearest_reviews(latents["text"], [pools[a] for a in author], reviews)
    tagged = chances[:, 0] < hashtags
    tags = _nearest_tags(latents["text"], chances[:, 1])
    texts = _texts(reviews, rows, tags, tagged, language)
    latents = latents.assign(author=author, review=rows, hashtag=tagged)

    streams = [stream(root, _AUTHOR, a) for a in range(n_authors)]
    faces = np.array([rng.standard_normal(FACE_SIZE) for rng in streams])
    voices = np.array([rng.standard_normal(VOICE_SIZE) for rng in streams])
    z_image, z_audio = latents["image"].to_numpy(), latents["audio"].to_numpy()

    def picture(i: int) -> np.ndarray:
        rng = stream(root, _IMAGE, i)
        return render_face(
            faces[author[i]],
            valence=float(valence_of(z_image[i])),
            yaw=swing(rng, pose),
            pitch=swing(rng, pose / 2),
            light=swing(rng, light),
            size=image_size,
            random_state=rng,
        )

    def sound(i: int) -> np.ndarray:
        rng = stream(root, _AUDIO, i)
        valence = float(valence_of(z_audio[i]))
        strength = abs(valence)
        clip: dict[str, Any] = {"seconds": seconds, "sample_rate": sample_rate, "random_state": rng}
        music = render_music(
            mode="major" if valence > 0 else "minor",
            tonic=int(rng.choice(_TONICS)),
            tempo=80 + 80 * strength,
            loudness=0.3 + 0.7 * strength,
            **clip,
        )
        speech = render_voice(voices[author[i]], valence=valence, **clip)
        level = music_level_db - 6 * (1 - strength)
        return in_steps(mix(speech.samples, music, music_level_db=level))

    drawings = {
        "image": (picture, (image_size, image_size)),
        "audio": (sound, (round(seconds * sample_rate),)),
    }
    look = (pose, light, music_level_db, image_size, seconds, sample_rate)
    kept = (n_samples, n_authors, world, wanted, look, root) if cache else None
    return bunch(
        table("posts", latents, texts, drawings, wanted, n_jobs=n_jobs, kept=kept),
        world,
        latents,
        labels=SENTIMENTS,
        groups="author",
        sample_rate=sample_rate,
        descr=_DESCR.format(
            n_samples=n_samples,
            n_authors=n_authors,
            size=image_size,
            seconds=seconds,
            rate=sample_rate,
            reliability=", ".join(
                f"{n} {r:g}" for n, r in zip(world.modalities, world.reliability, strict=True)
            ),
            rho=world.noise_correlation,
            conflict=world.conflict,
            per_author=len(pools[0]),
            n_tags=len(_HASHTAGS),
        ),
    )


def load_posts(language: str = "en") -> Bunch:
    """Return the default posts, ``make_posts()``, drawn once and then kept on disk.

    Pictures and sounds (44 MB) lie under the folder that the environment variable MMTUTOR_CACHE
    names, by default the platform's cache folder. Another version of the simulator draws them
    again.

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        Language of the texts.

    Returns
    -------
    sklearn.utils.Bunch
        As :func:`make_posts` returns.

    Raises
    ------
    ValueError
        If there are no texts in that language.

    See Also
    --------
    make_posts : Other posts.

    Notes
    -----
    Taught in notebook 00.

    Examples
    --------
    >>> posts = load_posts()  # doctest: +SKIP
    >>> posts.frame.shape  # doctest: +SKIP
    (600, 3)
    """
    return make_posts(language=language, n_jobs=-1, cache=True)


def valence_of(z: np.ndarray) -> np.ndarray:
    """Squash latent values into (-1, 1); monotonic, so that nothing of them is lost."""
    return np.tanh(np.asarray(z) / 3)


def _pools(reviews: pd.DataFrame, n_authors: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Deal the reviews out to the authors: equally by label, and spread over valence.

    Within a label the reviews are sorted by valence and dealt in rounds, each round in a new
    random order of the authors.
    """
    per_label = min((reviews["label"] == name).sum() for name in SENTIMENTS)
    if n_authors > per_label:
        raise ValueError(
            f"n_authors must be at most {per_label}, because every author needs reviews of their "
            f"own in each class; got {n_authors}"
        )
    hands: list[list[int]] = [[] for _ in range(n_authors)]
    for name in SENTIMENTS:
        rows = np.flatnonzero(reviews["label"] == name)
        valence = reviews["valence"].to_numpy()[rows]
        rows = rows[np.lexsort((rng.random(len(rows)), valence))]
        for start in range(0, per_label - per_label % n_authors, n_authors):
            for author, row in zip(rng.permutation(n_authors), rows[start:], strict=False):
                hands[author].append(int(row))
    return [np.array(hand) for hand in hands]


def _nearest_reviews(z: pd.Series, own: list[np.ndarray], reviews: pd.DataFrame) -> np.ndarray:
    """Choose the row of each post's review: of the author's `own`, the nearest in valence."""
    valence = reviews["valence"].to_numpy()
    pairs = zip(own, valence_of(z), strict=True)
    return np.array([rows[np.abs(valence[rows] - wanted).argmin()] for rows, wanted in pairs])


def _nearest_tags(z: pd.Series, chance: np.ndarray) -> np.ndarray:
    """Choose each post's hashtag: one of the three whose places are nearest to its valence."""
    middle = (valence_of(z) + 1) / 2 * len(_HASHTAGS)
    return np.clip(np.floor(middle + 3 * chance - 1.5), 0, len(_HASHTAGS) - 1).astype(int)


def _texts(
    reviews: pd.DataFrame, rows: np.ndarray, tags: np.ndarray, tagged: np.ndarray, language: str
) -> list[str]:
    words = reviews["english" if language == "en" else "chinese"].to_numpy()[rows]
    return [
        f"{text} {_HASHTAGS[tag][language == 'zh']}" if has_tag else str(text)
        for text, tag, has_tag in zip(words, tags, tagged, strict=True)
    ]
