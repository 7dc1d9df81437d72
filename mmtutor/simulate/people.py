"""Simulated people: who is it, by the face, by the voice, and by a caption that names several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmtutor._table import MODALITIES
from mmtutor.simulate._rendering import (
    Arrays,
    cached,
    chosen_modalities,
    per_modality,
    render_all,
    require_between,
    require_language,
    stream,
    swing,
    table,
)
from mmtutor.simulate.faces import IDENTITY_SIZE as FACE_SIZE
from mmtutor.simulate.faces import render_face
from mmtutor.simulate.latent import PeopleWorld, SeedLike, _count, seed_sequence
from mmtutor.simulate.voices import IDENTITY_SIZE as VOICE_SIZE
from mmtutor.simulate.voices import render_voice

__all__ = ["load_people", "make_people"]

RELIABILITY = {"image": 2.0, "audio": 2.0}

# Given names only, from many languages; the simulated people are nobody.
# fmt: off
_NAMES = [
    "Ada", "Aiko", "Amara", "Anouk", "Arjun", "Astrid", "Bela", "Bruno", "Carmen", "Chidi",
    "Clara", "Dalia", "Dario", "Elif", "Emil", "Esra", "Farid", "Fatou", "Felix", "Freya",
    "Gita", "Goran", "Greta", "Hana", "Hugo", "Ines", "Ingrid", "Ivan", "Jamila", "Jonas",
    "Kaito", "Kamal", "Karin", "Kofi", "Lars", "Leila", "Linh", "Luca", "Lucia", "Malik",
    "Marta", "Mei", "Milan", "Mina", "Nadia", "Niko", "Noor", "Olga", "Omar", "Oskar",
    "Paolo", "Petra", "Priya", "Quentin", "Rafael", "Rana", "Renata", "Rosa", "Sami", "Selma",
    "Sofia", "Stefan", "Tala", "Tariq", "Tess", "Theo", "Tomas", "Uma", "Ursula", "Vera",
    "Viktor", "Wanda", "Wei", "Xenia", "Yara", "Yelena", "Yusuf", "Zain", "Zoe", "Zuri",
]
# fmt: on
_SURNAMES_ZH, _GIVEN_ZH = "王李张刘陈杨赵黄周", "明华芳军敏静洋艳磊"

_PLACES = (
    ("at the lake", "在湖边"),
    ("at the market", "在市场"),
    ("after the concert", "音乐会结束后"),
    ("on the train", "在火车上"),
    ("at the museum", "在博物馆"),
    ("in the kitchen", "在厨房里"),
    ("at the finish line", "在终点线"),
    ("waiting for the bus", "在等公交车"),
)

_DESCR = """\
Simulated people
----------------
{n_samples} samples of {n_people} people; the task is to say who it is.

    image  a photograph of the face, {size} x {size} pixels, grey
    audio  {seconds:g} s of the voice at {rate} Hz
    text   a caption that names {n_named} people in any order, the right one among them with
           probability {caption_accuracy:g}

How it is made. A person is a point in the {faces} dimensions of faces and one in the {voices} of
voices, drawn from a standard normal distribution. Every sample sees the points anew: times the
reliability ({reliability}) plus noise with standard deviation 1, in every dimension, and then
scaled to unit variance (conflict {conflict:g}). Nuisances that say nothing of the person:
expression, pose, light (each session has its lamp), noise, what syllables are spoken, in what mood.

`latents` holds the latent values, `ceiling(modalities)` the accuracy of an observer who sees them
and knows all people: no classifier of the rendered data can do better on average. `groups` are the
{n_sessions} sessions: with GroupKFold, nobody is recognised by the light of the training pictures.
"""


def make_people(
    n_samples: int = 400,
    *,
    n_people: int = 20,
    n_sessions: int = 5,
    reliability: Mapping[str, float] | float | None = None,
    n_named: int = 3,
    caption_accuracy: float = 0.9,
    conflict: float = 0.0,
    missing: Mapping[str, float] | float = 0.0,
    language: str = "en",
    modalities: Sequence[str] = MODALITIES,
    expression: float = 0.6,
    pose: float = 12.0,
    light: float = 40.0,
    noise: float = 0.02,
    image_size: int = 96,
    seconds: float = 2.0,
    sample_rate: int = 16_000,
    n_jobs: int | None = None,
    random_state: SeedLike = 0,
) -> Bunch:
    """Simulate people with a face, a voice and a caption, to be recognised.

    Sample i depends on the settings, on `random_state` and on i only: it is the same for every
    `n_samples` and `n_jobs`.

    Parameters
    ----------
    n_samples : int, default=400
        How many, >= 1; people are balanced.
    n_people : int, default=20
        How many people, from 2 to 80.
    n_sessions : int, default=5
        How many sessions, each with its own lamp; every session has everybody, if there are at
        least n_people * n_sessions samples.
    reliability : mapping of str to float, float, or None, default=None
        Signal in noise standard deviations, per dimension of the faces ("image") and voices
        ("audio"), 0 for none. None for 2.0 each.
    n_named : int, default=3
        Names in a caption, from 1 to n_people - 1.
    caption_accuracy : float, default=0.9
        Probability that the right person is named.
    conflict : float, default=0.0
        Probability that one modality (caption included) is of another person.
    missing : float or mapping of str to float, default=0.0
        Probability that a cell is missing. A sample keeps at least one cell, unless all
        probabilities are 1.
    language : {"en", "zh"}, default="en"
        Language of the captions.
    modalities : sequence of str, default=("text", "image", "audio")
        Which columns to render; fewer is faster and changes nothing else.
    expression : float, default=0.6
        Largest valence of face and voice either way, 0 to 1.
    pose : float, default=12.0
        Largest turn of the head in degrees, 0 to 30.
    light : float, default=40.0
        Largest angle of the lamps in degrees, 0 to 80.
    noise : float, default=0.02
        Standard deviation of the pixel noise, where 1 is the range from black to white; at
        most 0.5.
    image_size : int, default=96
        Height and width of the pictures in pixels.
    seconds : float, default=2.0
        Length of the sounds.
    sample_rate : int, default=16000
        Samples per second, in Hz.
    n_jobs : int or None, default=None
        Processes for rendering, as in joblib: None for 1, -1 for all cores.
    random_state : int, None or NumPy generator, default=0
        Seed, of the people and of the samples.

    Returns
    -------
    sklearn.utils.Bunch
        ``frame``: DataFrame of shape (n_samples, 3) with columns text (str), image (uint8 array of
        shape (image_size, image_size)), audio (float32 array of shape (seconds * sample_rate,));
        None where missing. ``target``: ndarray of str, shape (n_samples,), the names. ``groups``:
        ndarray of int, the sessions. ``latents``: DataFrame, see :meth:`PeopleWorld.sample`, and
        the column session. ``ceiling(modalities=...)``: accuracy of the ideal observer.
        ``posteriors(modalities=...)``: what it believes of these samples, ndarray of shape
        (n_samples, n_people), columns as in ``target_names``. ``target_names``, ``sample_rate``,
        ``world``, ``DESCR``.

    Raises
    ------
    ValueError
        If a setting is out of its range.

    Examples
    --------
    >>> people = make_people(4, n_people=4, n_named=2)
    >>> people.frame["text"].iloc[0], str(people.target[0])
    ('Amara and Ada after the concert', 'Amara')
    >>> round(people.ceiling(["text"]), 2)
    0.45

    Notes
    -----
    Taught in notebook 04.
    """
    settings = _Settings(
        n_samples=_count(n_samples, what="n_samples"),
        n_sessions=_count(n_sessions, what="n_sessions"),
        modalities=chosen_modalities(modalities),
        expression=require_between(expression, 0, 1, what="expression"),
        pose=require_between(pose, 0, 30, what="pose"),
        light=require_between(light, 0, 80, what="light"),
        noise=require_between(noise, 0, 0.5, what="noise"),
        image_size=image_size,
        seconds=seconds,
        sample_rate=sample_rate,
        entropy=seed_sequence(random_state).entropy,
    )
    if _count(n_people, what="n_people") > len(_NAMES):
        raise ValueError(f"n_people must be at most {len(_NAMES)} (the names), got {n_people}")
    world = PeopleWorld(
        n_people,
        reliability=per_modality(reliability, RELIABILITY, what="reliability"),
        n_named=n_named,
        caption_accuracy=caption_accuracy,
        conflict=conflict,
        missing=per_modality(missing, dict.fromkeys(MODALITIES, 0.0), what="missing"),
        sizes={"image": FACE_SIZE, "audio": VOICE_SIZE},
        random_state=settings.entropy,
    )
    return _assemble(settings, world, language, partial(_render, n_jobs=n_jobs))


def load_people(language: str = "en") -> Bunch:
    """Return the default people, ``make_people()``, rendered once and then kept on disk.

    Pictures and sounds (30 MB) are stored under the folder that the environment variable
    MMTUTOR_CACHE names, by default the platform's cache folder. Another version of the simulator
    renders them again.

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        Language of the captions.

    Returns
    -------
    sklearn.utils.Bunch
        As :func:`make_people` returns.

    Examples
    --------
    >>> people = load_people()  # doctest: +SKIP
    >>> people.frame.shape  # doctest: +SKIP
    (400, 3)

    Notes
    -----
    Taught in notebook 04.
    """
    world = PeopleWorld(
        reliability=RELIABILITY, sizes={"image": FACE_SIZE, "audio": VOICE_SIZE}, random_state=0
    )
    return _assemble(_DEFAULT, world, language, _render_cached)


@dataclass(frozen=True)
class _Settings:
    """How people are rendered; the defaults are those of `make_people`."""

    n_samples: int = 400
    n_sessions: int = 5
    modalities: tuple[str, ...] = MODALITIES
    expression: float = 0.6
    pose: float = 12.0
    light: float = 40.0
    noise: float = 0.02
    image_size: int = 96
    seconds: float = 2.0
    sample_rate: int = 16_000
    entropy: int = 0


_DEFAULT = _Settings()

# The streams of random numbers, each with a number of its own (the people have those of the seed).
_WORLD, _CAPTION, _SESSION, _IMAGE, _AUDIO = range(10, 15)


def _assemble(
    settings: _Settings,
    world: PeopleWorld,
    language: str,
    render: Callable[[_Settings, PeopleWorld, pd.DataFrame], Arrays],
) -> Bunch:
    require_language(language)
    latents = world.sample(
        settings.n_samples, np.random.SeedSequence(settings.entropy, spawn_key=(_WORLD,))
    )
    # A round of all the people belongs to one session.
    rounds = np.arange(settings.n_samples) // world.n_people
    latents["session"] = rounds % settings.n_sessions
    names = _names(world.n_people, language)
    captions = _captions(latents, names, language, world.n_named, settings.entropy)
    arrays = render(settings, world, latents)
    return Bunch(
        frame=table(captions if "text" in settings.modalities else None, arrays, latents),
        target=np.array(names)[latents["class"]],
        groups=latents["session"].to_numpy(),
        latents=latents,
        ceiling=world.ceiling,
        posteriors=partial(world.posteriors, latents),
        target_names=names,
        sample_rate=settings.sample_rate,
        world=world,
        DESCR=_DESCR.format(
            n_samples=settings.n_samples,
            n_people=world.n_people,
            n_sessions=settings.n_sessions,
            size=settings.image_size,
            seconds=settings.seconds,
            rate=settings.sample_rate,
            n_named=world.n_named,
            caption_accuracy=world.caption_accuracy,
            faces=FACE_SIZE,
            voices=VOICE_SIZE,
            reliability=", ".join(f"{name} {r:g}" for name, r in world.reliability.items()),
            conflict=world.conflict,
        ),
    )


def _names(n_people: int, language: str) -> list[str]:
    if language == "en":
        return _NAMES[:n_people]
    return [a + b for b in _GIVEN_ZH for a in _SURNAMES_ZH][:n_people]


def _captions(
    latents: pd.DataFrame, names: list[str], language: str, n_named: int, entropy: int
) -> list[str]:
    named = latents[[f"named_{k}" for k in range(n_named)]].to_numpy()
    places = stream(np.random.SeedSequence(entropy), _CAPTION).integers(
        len(_PLACES), size=len(named)
    )
    captions = []
    for row, place in zip(named, places, strict=True):
        people = [names[k] for k in row]
        if language == "en":
            listed = " and ".join(filter(None, [", ".join(people[:-1]), people[-1]]))
            captions.append(f"{listed} {_PLACES[place][0]}")
        else:
            listed = "和".join(filter(None, ["、".join(people[:-1]), people[-1]]))
            captions.append(listed + _PLACES[place][1])
    return captions


def _render(
    settings: _Settings, world: PeopleWorld, latents: pd.DataFrame, n_jobs: int | None = None
) -> Arrays:
    if not {"image", "audio"} & set(settings.modalities):
        return {}
    identities = {}
    for name, size in world.sizes.items():
        # Unit variance again, whatever the reliability: every face and voice is a likely one.
        scale = np.sqrt(1 + world.reliability[name] ** 2)
        identities[name] = latents[[f"{name}_{k}" for k in range(size)]].to_numpy() / scale
    job = partial(
        _render_one,
        settings,
        identities["image"],
        identities["audio"],
        latents["session"].to_numpy(),
    )
    return render_all(job, settings.n_samples, n_jobs=n_jobs, what="making people")


def _render_cached(settings: _Settings, world: PeopleWorld, latents: pd.DataFrame) -> Arrays:
    n, length = settings.n_samples, round(settings.seconds * settings.sample_rate)
    shapes = {"image": (n, settings.image_size, settings.image_size), "audio": (n, length)}
    return cached("people", lambda: _render(settings, world, latents, n_jobs=-1), shapes)


def _render_one(
    settings: _Settings, faces: np.ndarray, voices: np.ndarray, sessions: np.ndarray, i: int
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Picture and sound of sample i."""
    root = np.random.SeedSequence(settings.entropy)
    image = sound = None
    if "image" in settings.modalities:
        rng = stream(root, _IMAGE, i)
        lamp = swing(stream(root, _SESSION, int(sessions[i])), settings.light)
        image = render_face(
            faces[i],
            valence=swing(rng, settings.expression),
            yaw=swing(rng, settings.pose),
            pitch=swing(rng, settings.pose / 2),
            light=lamp + swing(rng, settings.light / 8),
            noise=settings.noise,
            size=settings.image_size,
            random_state=rng,
        )
    if "audio" in settings.modalities:
        rng = stream(root, _AUDIO, i)
        sound = render_voice(
            voices[i],
            valence=swing(rng, settings.expression),
            seconds=settings.seconds,
            sample_rate=settings.sample_rate,
            random_state=rng,
        ).samples
    return image, sound
