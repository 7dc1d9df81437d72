"""What `make_posts` and `make_people` share: rendering many samples, and keeping the result.

A sample's pictures and sounds depend on the seed and on its own number only, so it is the same
alone or among thousands, in one process or in many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm import tqdm

from mmtutor._cache import Arrays, cached_arrays, fingerprint
from mmtutor._table import MODALITIES

LANGUAGES = {"en": "english", "zh": "chinese"}

FULL_SCALE = 32768  # sounds are kept in 16-bit steps, so that a FLAC file holds them exactly


def stream(root: np.random.SeedSequence, *key: int) -> np.random.Generator:
    """Return the generator that belongs to `key`, whatever else has been drawn."""
    return np.random.default_rng(np.random.SeedSequence(root.entropy, spawn_key=key))


def swing(rng: np.random.Generator, limit: float) -> float:
    """Draw a nuisance (an angle, say) evenly from -limit to limit."""
    return float(rng.uniform(-limit, limit))


def render_all(
    render: Callable[[int], tuple[np.ndarray | None, np.ndarray | None]],
    n_samples: int,
    *,
    n_jobs: int | None,
    what: str,
) -> Arrays:
    """Render every sample, with a progress bar on stderr if it takes more than a second.

    `render` returns a sample's image (uint8) and sound (float32), each None if not wanted.
    """
    tasks = (delayed(render)(i) for i in range(n_samples))
    done = Parallel(n_jobs=n_jobs, return_as="generator")(tasks)
    pairs = list(tqdm(done, total=n_samples, desc=what, unit="sample", delay=1, leave=False))
    arrays: Arrays = {}
    if pairs[0][0] is not None:
        arrays["image"] = np.stack([image for image, _ in pairs])
    if pairs[0][1] is not None:
        sound = np.stack([sound for _, sound in pairs])
        scaled = np.rint(sound * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1)
        arrays["audio"] = scaled.astype(np.int16)
    return arrays


def table(
    texts: Sequence[str] | None, arrays: Mapping[str, np.ndarray], missing: pd.DataFrame
) -> pd.DataFrame:
    """Build the multimodal table: one column a modality, None in a missing cell."""
    cells: dict[str, list] = {}
    if texts is not None:
        cells["text"] = list(texts)
    if "image" in arrays:
        cells["image"] = list(arrays["image"])
    if "audio" in arrays:
        cells["audio"] = list(arrays["audio"].astype(np.float32) / FULL_SCALE)
    frame = pd.DataFrame(index=range(len(missing)))
    for name, column in cells.items():
        gone = missing[f"missing_{name}"]
        kept = [None if g else cell for g, cell in zip(gone, column, strict=True)]
        frame[name] = pd.Series(kept, dtype=object)
    return frame


def require_language(language: str) -> str:
    """Return the reviews' column of a language, or raise ValueError."""
    if language not in LANGUAGES:
        raise ValueError(f"language must be 'en' or 'zh', got {language!r}")
    return LANGUAGES[language]


def chosen_modalities(modalities: Sequence[str]) -> tuple[str, ...]:
    """Check which modalities to render; return them in the usual order."""
    if isinstance(modalities, str):
        modalities = (modalities,)
    unknown = [name for name in modalities if name not in MODALITIES]
    if unknown:
        raise ValueError(f"unknown modalities {unknown}; choose from {list(MODALITIES)}")
    return tuple(name for name in MODALITIES if name in modalities)


def per_modality(
    given: float | Mapping[str, float] | None, default: Mapping[str, float], *, what: str
) -> dict[str, float]:
    """Complete a setting: one number for all modalities, or a mapping that names some."""
    if given is None:
        return dict(default)
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in default]
        if unknown:
            raise ValueError(f"{what} names {unknown}; the modalities are {list(default)}")
        return {name: _number(given.get(name, default[name]), what=what) for name in default}
    return dict.fromkeys(default, _number(given, what=what))


def _number(value: float, *, what: str) -> float:
    if isinstance(value, str) or np.ndim(value) != 0:
        raise TypeError(f"{what} is a number or a mapping such as {{'audio': 0.5}}, got {value!r}")
    return float(value)


def require_between(value: float, low: float, high: float, *, what: str) -> float:
    """Return the number if it lies in [low, high], else raise ValueError."""
    if isinstance(value, str) or np.ndim(value) != 0 or not low <= value <= high:
        raise ValueError(f"{what} must lie between {low:g} and {high:g}, got {value!r}")
    return float(value)


def cached(name: str, make: Callable[[], Arrays], shapes: Mapping[str, tuple[int, ...]]) -> Arrays:
    """Return `make()`, or what the same code stored on disk: other code never reads old arrays."""
    code = sorted(Path(__file__).parent.glob("*.py"))
    mark = fingerprint(*code, repr(dict(shapes)))
    return cached_arrays(f"simulated/{name}", mark, make, shapes)
