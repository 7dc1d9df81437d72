"""Simulated people: who is it, by the face, by the voice, and by a caption that names several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

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
from mmtutor.simulate.latent import PeopleWorld, SeedLike, seed_sequence
from mmtutor.simulate.voices import IDENTITY_SIZE as VOICE_SIZE
from mmtutor.simulate.voices import render_voice

__all__ = ["load_people", "make_people"]

RELIABILITY = {"image": 2.0, "audio": 2.0}

# The streams of random numbers, each with a number of its own (the people have those of the seed).
_WORLD, _CAPTION, _SESSION, _IMAGE, _AUDIO = range(10, 15)

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
    cache: bool = False,
    random_state: SeedLike = 0,
) -> Bunch:
    """Simulate people with a face, a voice and a caption, to be recognised.

    Sample i depends on the settings, on `random_state` and on i only: it is the same for every
    `n_samples` and `n_jobs`.

    Parameters
    ----------
    n_samples : int, default=400
        How many, from 1 to 10 million; people are balanced.
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
        Seed, of the people and of the samples. Without a fixed one nothing that was kept is found
        again.

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

    See Also
    --------
    load_people : The default people, drawn once.
    PeopleWorld : The latent numbers alone, for questions that need no pictures and sounds.

    Notes
    -----
    Taught in notebook 07.

    Examples
    --------
    >>> people = make_people(4, n_people=4, n_named=2)
    >>> people.frame["text"].iloc[0], str(people.target[0])
    ('Amara and Ada after the concert', 'Amara')
    >>> round(people.ceiling(["text"]), 2)
    0.45
    """
    n_samples, image_size, seconds, sample_rate = sizes(
        n_samples=n_samples,
        image_size=image_size,
        seconds=seconds,
        sample_rate=sample_rate,
        n_jobs=n_jobs,
        cache=cache,
    )
    n_people = count(n_people, what="n_people", low=2, high=len(_NAMES))
    n_sessions = count(n_sessions, what="n_sessions")
    expression = between(expression, 0, 1, what="expression")
    pose, light = between(pose, 0, 30, what="pose"), between(light, 0, 80, what="light")
    noise = between(noise, 0, 0.5, what="noise")
    require_language(language)
    wanted = chosen(modalities, MODALITIES)
    root = seed_sequence(random_state)
    world = PeopleWorld(
        n_people,
        reliability=per_modality(reliability, RELIABILITY, what="reliability"),
        n_named=n_named,
        caption_accuracy=caption_accuracy,
        conflict=conflict,
        missing=per_modality(missing, dict.fromkeys(MODALITIES, 0.0), what="missing"),
        sizes={"image": FACE_SIZE, "audio": VOICE_SIZE},
        random_state=cast(int, root.entropy),
    )
    latents = world.sample(n_samples, child(root, _WORLD))
    # A round of all the people belongs to one session.
    session = np.arange(n_samples) // n_people % n_sessions
    latents = latents.assign(session=session)
    names = _names(n_people, language)
    places = stream(root, _CAPTION).integers(len(_PLACES), size=n_samples)
    captions = _captions(latents.filter(like="named_").to_numpy(), places, names, language)
    faces, voices = (_seen(latents, world, name) for name in ("image", "audio"))

    def picture(i: int) -> np.ndarray:
        rng = stream(root, _IMAGE, i)
        lamp = swing(stream(root, _SESSION, int(session[i])), light)
        return render_face(
            faces[i],
            valence=swing(rng, expression),
            yaw=swing(rng, pose),
            pitch=swing(rng, pose / 2),
            light=lamp + swing(rng, light / 8),
            noise=noise,
            size=image_size,
            random_state=rng,
        )

    def sound(i: int) -> np.ndarray:
        rng = stream(root, _AUDIO, i)
        speech = render_voice(
            voices[i],
            valence=swing(rng, expression),
            seconds=seconds,
            sample_rate=sample_rate,
            random_state=rng,
        )
        return in_steps(speech.samples)

    drawings = {
        "image": (picture, (image_size, image_size)),
        "audio": (sound, (round(seconds * sample_rate),)),
    }
    look = (expression, pose, light, noise, image_size, seconds, sample_rate)
    kept = (n_samples, n_sessions, world, wanted, look, root) if cache else None
    return bunch(
        table("people", latents, captions, drawings, wanted, n_jobs=n_jobs, kept=kept),
        world,
        latents,
        labels=names,
        groups="session",
        sample_rate=sample_rate,
        descr=_DESCR.format(
            n_samples=n_samples,
            n_people=n_people,
            n_sessions=n_sessions,
            size=image_size,
            seconds=seconds,
            rate=sample_rate,
            n_named=world.n_named,
            caption_accuracy=world.caption_accuracy,
            faces=FACE_SIZE,
            voices=VOICE_SIZE,
            reliability=", ".join(f"{name} {r:g}" for name, r in world.reliability.items()),
            conflict=world.conflict,
        ),
    )


def load_people(language: str = "en") -> Bunch:
    """Return the default people, ``make_people()``, drawn once and then kept on disk.

    Pictures and sounds (30 MB) lie where those of :func:`load_posts` do.

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        Language of the captions.

    Returns
    -------
    sklearn.utils.Bunch
        As :func:`make_people` returns.

    Raises
    ------
    ValueError
        If there are no captions in that language.

    See Also
    --------
    make_people : Other people.

    Notes
    -----
    Taught in notebook 04.

    Examples
    --------
    >>> people = load_people()  # doctest: +SKIP
    >>> people.frame.shape  # doctest: +SKIP
    (400, 3)
    """
    return make_people(language=language, n_jobs=-1, cache=True)


def _names(n_people: int, language: str) -> list[str]:
    if language == "en":
        return _NAMES[:n_people]
    return [a + b for b in _GIVEN_ZH for a in _SURNAMES_ZH][:n_people]


def _captions(named: np.ndarray, places: np.ndarray, names: list[str], language: str) -> list[str]:
    captions = []
    for row, place in zip(named, places, strict=True):
        *others, last = (names[k] for k in row)
        if language == "en":
            listed = " and ".join(filter(None, [", ".join(others), last]))
            captions.append(f"{listed} {_PLACES[place][0]}")
        else:
            listed = "和".join(filter(None, ["、".join(others), last]))
            captions.append(listed + _PLACES[place][1])
    return captions


def _seen(latents: pd.DataFrame, world: PeopleWorld, name: str) -> np.ndarray:
    """Return the faces ("image") or voices ("audio") as each sample sees them, (n_samples, size).

    Their variance is 1 again, whatever the reliability: every face and voice is a likely one.
    """
    z = latents[[f"{name}_{k}" for k in range(world.sizes[name])]].to_numpy()
    return z / np.sqrt(1 + world.reliability[name] ** 2)
