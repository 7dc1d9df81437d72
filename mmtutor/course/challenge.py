"""A challenge: a learner's fusion on posts that nobody has seen, between references and ceiling.

An entry is a Python file with a function ``model()`` that returns an unfitted classifier:
``fit(X, y, groups)`` or ``fit(X, y)``, and ``predict_proba(X)`` with the classes in sorted order.
"""

from __future__ import annotations

import inspect
import json
import runpy
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmtutor.course import grading
from mmtutor.course.judge import limit

CHAPTERS = {
    "06": "X holds the posteriors of three experts, an array of shape (n, 3, 3)",
    "10": "X is a table of posts with the columns text, image and audio",
    "12": "as 10, but cells are missing, and those of the test are noisy as well",
}
N_POSTS, N_AUTHORS, SECONDS = 800, 40, 600
MISSING, NOISE = 0.2, 0.15


class Draw(NamedTuple):
    """What is learned from, what is judged on, and what an ideal observer would reach there."""

    train: tuple[Any, np.ndarray, np.ndarray]
    test: tuple[Any, np.ndarray]
    ceiling: float


def experts() -> list[tuple[str, Any, str]]:
    """Return an expert for each modality, as chapter 10 begins."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from mmtutor import audio, image, text

    def linear(C: float) -> Any:
        return LogisticRegression(C=C, max_iter=1000)

    hog = image.HOGFeatures(pixels_per_cell=16, orientations=6)
    return [
        ("text", make_pipeline(text.TfidfFeatures(), linear(10)), "text"),
        ("image", make_pipeline(hog, StandardScaler(), linear(0.001)), "image"),
        ("audio", make_pipeline(audio.MFCCFeatures(), StandardScaler(), linear(0.01)), "audio"),
    ]


def draw(chapter: str, seed: int) -> Draw:
    """Draw posts; half of the authors are learned from, the others judge."""
    from mmtutor import noise
    from mmtutor.datasets import make_posts

    missing = MISSING if chapter == "12" else 0.0
    posts = make_posts(N_POSTS, n_authors=N_AUTHORS, missing=missing, n_jobs=2, random_state=seed)
    new = posts.groups >= N_AUTHORS // 2
    X, y, authors = posts.frame, posts.target, posts.groups
    names = np.array(sorted(posts.target_names))
    assert list(names) == list(posts.target_names), "posteriors are in the order of the classes"
    ideal = float((names[posts.posteriors().argmax(axis=1)] == y)[new].mean())
    known, unknown = X[~new].reset_index(drop=True), X[new].reset_index(drop=True)
    if chapter == "12":
        harms: dict[str, Callable[..., Any]] = {
            "text": noise.drop_words,
            "image": noise.blur,
            "audio": noise.white_noise,
        }
        for name, harm in harms.items():
            unknown = noise.corrupt(unknown, name, harm, NOISE, random_state=seed)
    if chapter == "06":
        known, unknown = _posteriors(known, y[~new], authors[~new], unknown)
    return Draw((known, y[~new], authors[~new]), (unknown, y[new]), ideal)


def _posteriors(
    known: pd.DataFrame, y: np.ndarray, authors: np.ndarray, unknown: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Return what three experts say: out of fold where they learned, and of the new posts."""
    from sklearn.model_selection import GroupKFold, cross_val_predict

    told, foretold = [], []
    for _name, expert, column in experts():
        options = {"groups": authors, "cv": GroupKFold(5), "method": "predict_proba"}
        told.append(cross_val_predict(expert, known[column], y, **options))
        foretold.append(expert.fit(known[column], y).predict_proba(unknown[column]))
    return np.stack(told, axis=1), np.stack(foretold, axis=1)


# --- Entries ------------------------------------------------------------------------------------


class Rule:
    """A rule of chapter 05 on ready posteriors, or one expert of them, as an entry."""

    def __init__(self, rule: Callable[[np.ndarray], np.ndarray]) -> None:
        self.rule = rule

    def fit(self, X: np.ndarray, y: np.ndarray) -> Rule:
        """Learn nothing."""
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Fuse."""
        return self.rule(X)


def references(chapter: str) -> Mapping[str, Any]:
    """Return the entries that every other one is compared with."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from mmtutor.fusion import DecisionFusion, rules

    if chapter == "06":
        logs = FunctionTransformer(lambda P: np.log(np.maximum(P, 1e-9)).reshape(len(P), -1))
        return {
            "text alone": Rule(lambda P: P[:, 0]),
            "image alone": Rule(lambda P: P[:, 1]),
            "audio alone": Rule(lambda P: P[:, 2]),
            "sum rule": Rule(rules.sum_rule),
            "product rule": Rule(rules.product_rule),
            "stacking": make_pipeline(logs, LogisticRegression(max_iter=1000)),
        }
    alone = {f"{part[0]} alone": DecisionFusion([part], cv=3) for part in experts()}
    return alone | {
        "sum rule": DecisionFusion(experts(), rule="sum", cv=3),
        "product rule": DecisionFusion(experts(), rule="product", cv=3),
    }


def score(entry: Any, drawn: Draw) -> dict[str, float]:
    """Fit an entry and return its accuracy and log loss on the new authors.

    Raises
    ------
    ValueError
        If what it predicts are no probabilities of the three classes.
    """
    X, y, authors = drawn.train
    takes = inspect.signature(entry.fit).parameters
    entry.fit(X, y, **({"groups": authors} if "groups" in takes else {}))
    unknown, truth = drawn.test
    P = np.asarray(entry.predict_proba(unknown), dtype=float)
    classes = np.unique(y)
    if P.shape != (len(truth), len(classes)) or not np.allclose(P.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            f"predict_proba must return rows of {len(classes)} probabilities for "
            f"{len(truth)} posts; got shape {P.shape}"
        )
    if not (P >= -1e-9).all():
        raise ValueError("predict_proba returned a negative number")
    right = P[np.arange(len(truth)), np.searchsorted(classes, truth)]
    return {
        "accuracy": float((classes[P.argmax(axis=1)] == truth).mean()),
        "log_loss": float(-np.log(np.clip(right, 1e-12, 1)).mean()),
    }


def run(file: Path, chapter: str, seed: int | None = None) -> tuple[str, bool]:
    """Score an entry in a process of its own; return the table, or what was wrong, and success."""
    seed = secrets.randbits(32) if seed is None else seed
    job = {"file": str(file.resolve()), "chapter": chapter, "seed": seed}
    job |= {"memory": grading.MEMORY, "files": grading.FILES}
    outcome = grading.run_apart("mmtutor.course.challenge", job, SECONDS)
    rows = [row for row in outcome.results if isinstance(row.get("accuracy"), float)]
    wrong = [str(row["error"]) for row in outcome.results if "error" in row]
    if outcome.code is None:
        wrong.append(f"stopped after {SECONDS} s")
    if wrong or not any(row.get("entry") == file.name for row in rows):
        return "\n".join([*wrong, outcome.printed]).strip() or "the entry was not scored", False
    table = pd.DataFrame(rows).set_index("entry").sort_values("accuracy")
    words = f"Chapter {chapter}, draw {seed}, {N_POSTS // 2} posts of authors never met."
    return f"{words}\n{table.round(3).to_string(na_rep='')}", True


def main(path: str) -> None:
    """Score the entry that a job describes, then the references, each a line beside the job."""
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    limit(job)
    with Path(path).with_name("results.jsonl").open("a", encoding="utf-8") as file:

        def say(**result: Any) -> None:
            file.write(json.dumps(result) + "\n")
            file.flush()

        name = Path(job["file"]).name
        try:
            entry = runpy.run_path(job["file"])["model"]()
            drawn = draw(job["chapter"], job["seed"])
            say(entry=name, **score(entry, drawn))
        except KeyError as error:
            say(error=f"{name}: {error} is not there; an entry defines model()")
            return
        except Exception as error:
            say(error=f"{name}: {type(error).__name__}: {error}")
            return
        for other, reference in references(job["chapter"]).items():
            say(entry=other, **score(reference, drawn))
        say(entry="ideal observer (before noise)", accuracy=drawn.ceiling)


if __name__ == "__main__":
    main(sys.argv[1])
