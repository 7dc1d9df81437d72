"""Checkers of chapter 08, CNN-RNN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, exercise, judged

# --- 08.1 ---------------------------------------------------------------------------------------


def _sizes(valid: Callable, same: Callable) -> Callable:
    """Return conv_size from what it does for each padding."""
    return lambda n, k, s, padding: (same if padding == "same" else valid)(n, k, s)


def _valid(n: int, k: int, s: int) -> int:
    return (n - k) // s + 1


def _same(n: int, k: int, s: int) -> int:
    return math.ceil(n / s)


def _convolutions(rng: np.random.Generator) -> Iterator[Case]:
    start = int(rng.integers(8, 24))
    for n in range(start, start + 4):
        for kernel in (2, 5):
            for stride in (1, 2, 3):
                yield Case(n, kernel, stride, "valid")
                yield Case(n, kernel, stride, "same")


exercise(
    "08.1",
    "a function conv_size(n, kernel, stride, padding) returning a whole number",
    solve=_sizes(_valid, _same),
    cases=_convolutions,
    slips={
        N_("a stride of 2 skips every second place."):
            _sizes(lambda n, k, s: n - k + 1, lambda n, k, s: n),
        N_("'same' pads the edges: with stride 1 the size stays n."): _sizes(_valid, _valid),
        N_("'valid' does not pad: the whole kernel must lie inside."): _sizes(_same, _same),
        N_("the two paddings are interchanged."): _sizes(_same, _valid),
        N_("the first place counts too: n - kernel + 1 places at stride 1."):
            _sizes(lambda n, k, s: (n - k) // s, _same),
        N_("your last kernel hangs over the edge: round down."): (
            _sizes(lambda n, k, s: (n - k) // s + 2, _same),
            _sizes(lambda n, k, s: math.ceil((n - k) / s) + 1, _same),
        ),
        N_("with 'same' the last place is kept: round up."): (
            _sizes(_valid, lambda n, k, s: n // s),
            _sizes(_valid, lambda n, k, s: round(n / s)),
        ),
        N_("a number of places is whole: round down where no whole kernel fits."): (
            _sizes(lambda n, k, s: (n - k) / s + 1, _same),
            _sizes(lambda n, k, s: (n - k) / s + 1, lambda n, k, s: n / s),
        ),
    },
    advice=N_("Where can the kernel start?"),
)  # fmt: skip

# --- 08.2 ---------------------------------------------------------------------------------------


def _there(frames: np.ndarray) -> np.ndarray:
    return frames[~np.isnan(frames[:, 0])]


def _read(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    return reduce(lambda state, x: step(x, state), _there(frames), h)


def _states(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    frames = _there(frames)
    return np.array([_read(step, frames[: k + 1], h) for k in range(len(frames))])


def _reset(step: Callable, frames: np.ndarray, h: np.ndarray) -> np.ndarray:
    return reduce(lambda state, x: 0 * h if np.isnan(x[0]) else step(x, state), frames, h)


def _sequences(rng: np.random.Generator) -> Iterator[Case]:
    """Whole sequences, padded ones, and padded ones with a hole in the middle."""
    for trial in range(9):
        n_frames, width, units = int(rng.integers(7, 11)), 3, int(rng.integers(4, 7))
        W, U = rng.normal(size=(width, units)), rng.normal(size=(units, units)) / 2

        def step(x: np.ndarray, h: np.ndarray, W: Any = W, U: Any = U) -> np.ndarray:
            return np.tanh(x @ W + h @ U)

        frames = rng.normal(size=(n_frames, width))
        frames[n_frames - 2 * (trial % 3 > 0) :] = np.nan
        frames[2 : 2 + (trial % 3 > 1)] = np.nan
        yield Case(step, frames, rng.normal(size=units))


exercise(
    "08.2",
    "a function read(step, frames, h) returning the last state of shape (n_units,)",
    solve=_read,
    cases=_sequences,
    slips={
        N_("return the last state only."): _states,
        N_("padding made the state NaN or zero: leave it as it was when a frame is NaN."): _reset,
        N_("a frame of zeros is still a step: skip the padding."):
            lambda step, frames, h: _read(step, np.nan_to_num(frames), h),
        N_("start from the state h that you are given, not from zeros."):
            lambda step, frames, h: _read(step, frames, 0 * h),
        N_("you read backwards: the first frame comes first."):
            lambda step, frames, h: _read(step, frames[::-1], h),
        N_("you left the last or the first frame out."): (
            lambda step, frames, h: _read(step, _there(frames)[:-1], h),
            lambda step, frames, h: _read(step, _there(frames)[1:], h),
        ),
        N_("you stopped at the first NaN, but a frame may be missing in between."):
            lambda step, frames, h: _read(
                step, frames[: np.append(np.isnan(frames[:, 0]), True).argmax()], h
            ),
        N_("you averaged the states: return the last one."):
            lambda *given: _states(*given).mean(axis=0),
        N_("every frame starts from h again: hand each new state to the next step."):
            lambda step, frames, h: step(_there(frames)[-1], h),
    },
    advice=N_("h = step(x, h) for each frame that is there, in order."),
)  # fmt: skip

# --- 08.3 ---------------------------------------------------------------------------------------


def _mix(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    return (weights[..., None] * features).sum(axis=1)


def _gate(f: np.ndarray, s: np.ndarray, p: np.ndarray, axis: int = 1) -> np.ndarray:
    return _mix(softmax(np.where(p, s, -np.inf), axis=axis), f)


def _gated(rng: np.random.Generator) -> Iterator[Case]:
    """What stands at an absent modality is far from all others; all are there in the first case."""
    for trial in range(8):
        modalities, width, n = (int(rng.integers(*span)) for span in ((2, 5), (5, 8), (9, 14)))
        features = rng.normal(size=(n, modalities, width))
        present = rng.random((n, modalities)) < (0.6 if trial else 1)
        present[np.arange(n), rng.integers(0, modalities, n)] = True
        features[~present] += 50
        yield Case(features, rng.normal(0, 2, size=(n, modalities)), present)


exercise(
    "08.3",
    "a function gate(features, scores, present) returning shape (n_samples, width)",
    solve=_gate,
    cases=_gated,
    slips={
        N_("you return the weighted features one by one: add them up over axis 1."):
            lambda f, s, p: softmax(np.where(p, s, -np.inf), axis=1)[..., None] * f,
        N_("an absent modality gets a weight: set its score to -inf."):
            lambda f, s, p: _mix(softmax(s, axis=1), f),
        N_("the weights no longer add up to 1: take the softmax over those present only."):
            lambda f, s, p: _mix(softmax(s, axis=1) * p, f),
        N_("a score of 0 is not a weight of 0: exp(0) is 1. Set absent scores to -inf."):
            lambda f, s, p: _mix(softmax(s * p, axis=1), f),
        N_("softmax runs over the modalities, axis 1, not the samples."): (
            lambda f, s, p: _gate(f, s, p, axis=0),
            lambda f, s, p: _mix(softmax(s, axis=0), f),
        ),
        N_("`present` is turned: True is there."): (
            lambda f, s, p: _gate(f, s, ~p),
            lambda f, s, p: _mix(softmax(np.where(p, -1e9, s), axis=1), f),
        ),
        N_("you used the scores as they are: a softmax makes weights of them."): (
            lambda f, s, p: _mix(s, f),
            lambda f, s, p: _mix(s * p, f),
        ),
        N_("sigmoids need not add up to 1: use a softmax over the modalities."): (
            lambda f, s, p: _mix(expit(s), f),
            lambda f, s, p: _mix(expit(s) * p, f),
        ),
        N_("equal weights: the scores are not used."):
            lambda f, s, p: _mix(p / p.sum(axis=1, keepdims=True), f),
        N_("you took the best modality only: mix them."):
            lambda f, s, p: f[np.arange(len(f)), np.where(p, s, -np.inf).argmax(axis=1)],
        N_("the weights add up to 1: take the sum over the modalities, not the mean."):
            lambda f, s, p: _gate(f, s, p) / s.shape[1],
    },
    advice=N_("Softmax over the modalities present, then the sum of weight times features."),
)  # fmt: skip

# --- 08.4 ---------------------------------------------------------------------------------------

Answers = dict[str, np.ndarray]


@judged(
    "08.4",
    "a function build(widths, n_classes, alone, hidden) that returns a compiled keras.Model, from "
    'a dict of features to a dict of posteriors: "joint" and one under each name',
)
def _heads(ask: Callable, rng: np.random.Generator) -> str:
    for third_too in rng.permutation([False, True]):  # either alone lets wrong answers pass
        _look_at_heads(ask, rng, bool(third_too))
    return _("each head reads what it should, and the losses count as asked.")


def _look_at_heads(ask: Callable, rng: np.random.Generator, third_too: bool) -> None:
    widths = {"eye": int(rng.integers(3, 6)), "ear": int(rng.integers(6, 9)), "pen": 2}
    n_classes = int(rng.integers(3, 6))
    # One good branch was left behind, a weak one was not; the third one was, or gained.
    behind, weak, third = (list(widths)[k] for k in rng.permutation(3))
    alone = {behind: rng.uniform(0.85, 0.95), weak: rng.uniform(0.5, 0.6), third: 0.75}
    gap = {behind: rng.uniform(0.03, 0.09), weak: rng.uniform(0.013, 0.018)}
    gap[third] = rng.uniform(0.03, 0.09) if third_too else rng.uniform(-0.15, -0.1)
    alone = {name: float(alone[name]) for name in widths}
    hidden = {name: float(alone[name] - gap[name]) for name in widths}
    model = ask(widths, n_classes, alone, hidden)
    if not hasattr(model, "compute_loss"):
        raise Hint(_("return the keras.Model itself."))
    x = {k: rng.normal(size=(8, width)).astype("float32") for k, width in widths.items()}
    said = _said(model, x, n_classes)
    for name in widths:
        changed = _said(model, x | {name: -3 * x[name] + 1}, n_classes)
        moved = {head for head in said if not np.allclose(said[head], changed[head], atol=1e-5)}
        if "joint" not in moved:
            raise Hint(
                _("the joint head does not see {name!r}: join all of them.").format(name=name)
            )
        if name not in moved:
            raise Hint(_("the head {name!r} does not see its own modality.").format(name=name))
        if moved != {"joint", name}:
            other = min(moved - {"joint", name})
            text = _("the head {other!r} changes when {name!r} does: let it read its own features.")
            raise Hint(text.format(other=other, name=name))
    needed = {behind, third} if third_too else {behind}
    _look_at_loss(model, x, said, rng.integers(0, n_classes, size=8), needed, weak)


def _said(model: Any, x: Answers, n_classes: int) -> Answers:
    said, heads = model(x), {"joint", *x}
    if not isinstance(said, dict) or set(said) != heads:
        text = _("the model must answer with a dict with the keys {heads}.")
        raise Hint(text.format(heads=", ".join(sorted(heads))))
    found = {head: as_array(np.asarray(P), (8, n_classes)) for head, P in said.items()}
    if any((P < 0).any() or not np.allclose(P.sum(axis=1), 1, atol=1e-4) for P in found.values()):
        raise Hint(_("one class is right: posteriors add up to 1. Which activation does that?"))
    return found


def _look_at_loss(
    model: Any, x: Answers, said: Answers, y: np.ndarray, needed: set[str], weak: str
) -> None:
    if not model.compiled:
        raise Hint(_("compile the model before you return it."))
    try:
        loss = float(model.compute_loss(x=x, y=dict.fromkeys(said, y), y_pred=model(x)))
    except Exception as error:  # Keras and its backend have each their own
        text = _(
            "the loss cannot be computed; if labels that are whole numbers are why, there is a "
            "sparse one: {error}"
        )
        raise Hint(text.format(error=f"{error!s:.200}".strip())) from None
    each = {head: -np.log(P[np.arange(len(y)), y]).mean() for head, P in said.items()}

    def total(names: Iterable[str]) -> float:
        return each["joint"] + sum(each[name] for name in names)

    right = total(needed)
    slips = {
        N_("no head of a single modality has a loss: some branches were left behind."): total([]),
        N_("a branch that is as good as alone, up to chance, needs no loss of its own."): (
            total(x),
            total(needed | {weak}),
        ),
        N_("compare what each branch can with what it learned: alone with hidden."): (
            total(set(x) - needed),
            total({weak}),
        ),
        N_("the joint loss counts too."): right - each["joint"],
    }
    # Sums of other heads come near each other by chance, as nothing is learned yet.
    near = 1e-5  # rounding stays a fiftieth of that
    if np.isclose(loss, right, rtol=near):
        return
    for hint, wrong in slips.items():
        if np.isclose(loss, wrong, rtol=near).any():
            raise Hint(_(hint))
    text = _("the loss of eight samples is {loss:.3f}, expected {right:.3f}: cross-entropies only?")
    raise Hint(text.format(loss=loss, right=right))


# --- 08.5 ---------------------------------------------------------------------------------------


class _Net:
    """Stands in for a compiled model: keeps what `fit` is asked for, and learns nothing."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __deepcopy__(self, memo: dict) -> _Net:
        return self

    def fit(self, x: Any = None, y: Any = None, **settings: Any) -> SimpleNamespace:
        self.asked.append({"x": x, "y": y, **settings})
        return SimpleNamespace(history={"loss": [1.0, 0.5], "val_loss": [1.0, 0.9]}, epoch=[0, 1])


@judged(
    "08.5",
    "a function learn(model, x, y, groups, patience) that fits the model once, at most 100 passes, "
    "and returns it",
)
def _stopped(ask: Callable, rng: np.random.Generator) -> str:
    for _trial in range(3):
        n_groups, patience = int(rng.integers(8, 13)), int(rng.integers(2, 9))
        groups = np.array([f"author {k}" for k in rng.permutation(np.arange(60) % n_groups)])
        x = np.column_stack([np.arange(60), rng.normal(size=60)])  # the first says which row
        y = rng.permutation(60)  # all different: mixed up, none fits its row
        model = _Net()
        returned = ask(model, x, y, groups, patience)
        if len(model.asked) != 1:
            text = _("model.fit was called {n} times: once is right.")
            raise Hint(text.format(n=len(model.asked)))
        if returned is not model:
            raise Hint(_("return the model."))
        asked = model.asked[0]
        _look_at_rows(asked, y, groups)
        _look_at_stop(asked, patience)
    return _("no author is on both sides, and the best weights come back.")


def _look_at_rows(asked: dict[str, Any], y: np.ndarray, groups: np.ndarray) -> None:
    if asked.get("validation_split"):
        raise Hint(_("validation_split takes the last rows, whoever wrote them: hold out groups."))
    if asked.get("validation_data") is None:
        raise Hint(_("nothing is held out: give fit validation_data."))
    rows = []
    for values, labels in ((asked["x"], asked["y"]), asked["validation_data"][:2]):
        rows.append(np.asarray(values)[:, 0].astype(int))
        if not np.array_equal(np.asarray(labels), y[rows[-1]]):
            raise Hint(_("labels do not belong to their samples: index x and y alike."))
    known, watched = rows
    if set(known) & set(watched):
        raise Hint(_("samples that are learned from are watched, too: hold them out."))
    if set(groups[known]) & set(groups[watched]):
        raise Hint(_("a group is on both sides: hold out whole groups."))
    if len(known) + len(watched) < len(y):
        raise Hint(_("some samples are on neither side."))
    share = len(set(groups[watched])) / len(set(groups))
    if not 0.05 <= share <= 0.5:
        text = _("{share:.0%} of the groups are held out: most are to learn from, some to watch.")
        raise Hint(text.format(share=share))


def _look_at_stop(asked: dict[str, Any], patience: int) -> None:
    callbacks = asked.get("callbacks") or []
    callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
    stops = [one for one in callbacks if hasattr(one, "restore_best_weights")]
    if not stops:
        raise Hint(_("nothing stops the training: give fit the callback EarlyStopping."))
    stop = stops[0]
    if stop.monitor != "val_loss":
        text = _("you watch {name!r}: watch val_loss, the loss of what is held out.")
        raise Hint(text.format(name=stop.monitor))
    if stop.patience != patience:
        text = _("patience is {got}, expected {right}.")
        raise Hint(text.format(got=stop.patience, right=patience))
    if not stop.restore_best_weights:
        raise Hint(_("the last weights are kept, which are worse: see restore_best_weights."))
    if asked.get("epochs", 1) != 100:
        raise Hint(_("epochs is the most passes: 100."))
