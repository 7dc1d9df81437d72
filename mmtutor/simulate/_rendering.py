"""What `make_posts` and `make_people` share: drawing many samples, and keeping the result.

A sample's pictures and sounds depend on the seed and on its own number only, so it is the same
alone or among thousands, in one process or in many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.utils import Bunch
from tqdm import tqdm

from mmtutor._cache import Arrays, cached_arrays, fingerprint
from mmtutor.simulate.latent import PeopleWorld, PostWorld

FULL_SCALE = 32768  # sounds are kept in 16-bit steps, so that a FLAC file holds them exactly

# How each sample of a modality is drawn, from its number, and the shape of what comes out.
Drawing = tuple[Callable[[int], np.ndarray], tuple[int, ...]]


def child(root: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """Return the seed that belongs to `key`, whatever else has been drawn."""
    return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *key))


def stream(root: np.random.SeedSequence, *key: int) -> np.random.Generator:
    """Return the generator that belongs to `key`, whatever else has been drawn."""
    return np.random.default_rng(child(root, *key))


def swing(rng: np.random.Generator, limit: float) -> float:
    """Draw a nuisance (an angle, say) evenly from -limit to limit."""
    return float(rng.uniform(-limit, limit))


def table(
    what: str,
    latents: pd.DataFrame,
    texts: Sequence[str],
    drawings: Mapping[str, Drawing],
    modalities: Sequence[str],
    *,
    n_jobs: int | None,
    kept: object,
) -> pd.DataFrame:
    """Draw the multimodal table: one column for each of `modalities`, None in a missing cell.

    Unless `kept` is None, pictures and sounds are stored on disk and read from there the next time;
    `kept` then holds all that they depend on beside the simulator's code.
    """
    drawings = {name: drawings[name] for name in modalities if name in drawings}
    make = partial(_draw_all, drawings, len(latents), n_jobs=n_jobs, what=f"making {what}")
    if kept is None:
        arrays = make()
    else:
        code = sorted(Path(__file__).parent.glob("*.py"))
        shapes = {name: (len(latents), *shape) for name, (_, shape) in drawings.items()}
        arrays = cached_arrays(f"simulated/{what}", fingerprint(*code, repr(kept)), make, shapes)
    cells: dict[str, Any] = {"text": texts} | arrays
    if "audio" in arrays:
        cells["audio"] = arrays["audio"].astype(np.float32) / FULL_SCALE
    frame = pd.DataFrame(index=range(len(latents)))
    for name in modalities:
        gone = latents[f"missing_{name}"]
        column = [None if g else cell for g, cell in zip(gone, cells[name], strict=True)]
        frame[name] = pd.Series(column, dtype=object)
    return frame


def bunch(
    frame: pd.DataFrame,
    world: PostWorld | PeopleWorld,
    latents: pd.DataFrame,
    *,
    labels: Sequence[str],
    groups: str,
    sample_rate: int,
    descr: str,
) -> Bunch:
    """Return the table with all that is known of it; `groups` is a column of `latents`."""
    return Bunch(
        frame=frame,
        target=np.array(labels)[latents["class"]],
        groups=latents[groups].to_numpy(),
        latents=latents,
        ceiling=world.ceiling,
        posteriors=partial(world.posteriors, latents),
        target_names=list(labels),
        sample_rate=sample_rate,
        world=world,
        DESCR=descr,
    )


def _draw_all(
    drawings: Mapping[str, Drawing], n_samples: int, *, n_jobs: int | None, what: str
) -> Arrays:
    """Draw every sample, with a progress bar on stderr if it takes more than a second."""
    if not drawings:
        return {}

    def one(i: int) -> list[np.ndarray]:
        return [draw(i) for draw, _ in drawings.values()]

    done = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(one)(i) for i in range(n_samples))
    rows = list(tqdm(done, total=n_samples, desc=what, unit="sample", delay=1, leave=False))
    return {name: np.stack([row[k] for row in rows]) for k, name in enumerate(drawings)}


def in_steps(sound: np.ndarray) -> np.ndarray:
    """Round a sound in [-1, 1] to 16-bit steps, int16."""
    scaled = np.rint(sound * FULL_SCALE)
    return scaled.clip(-FULL_SCALE, FULL_SCALE - 1).astype(np.int16)


def require_language(language: str) -> None:
    """Raise ValueError for a language that has no texts."""
    if not isinstance(language, str) or language not in ("en", "zh"):
        raise ValueError(f"language must be 'en' or 'zh', got {language!r}")
