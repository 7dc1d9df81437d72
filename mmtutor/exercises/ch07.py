"""Checks of chapter 07, the multimodal autoencoder."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, as_array, as_number, exercise, judged

# --- 07.1 ---------------------------------------------------------------------------------------


def _total(proposals: np.ndarray, present: np.ndarray) -> np.ndarray:
    return np.where(present[:, :, None], proposals, 0).sum(axis=1)


def _code(proposals: np.ndarray, present: np.ndarray) -> np.ndarray:
    return _total(proposals, present) / np.maximum(present.sum(axis=1), 1)[:, None]


def _proposals(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(8):
        modalities, size, n = (int(rng.integers(*span)) for span in ((2, 5), (5, 8), (8, 12)))
        present = rng.random((n, modalities)) < 0.6
        present[np.arange(n), rng.integers(0, modalities, n)] = True
        proposals = rng.normal(size=(n, modalities, size))
        yield Case(proposals, present)
    proposals[~present] = np.nan
    present[0, 0] = False
    proposals[0, 0] = np.nan
    present[0, 1], proposals[0, 1] = True, 1.0
    yield Case(proposals, present, hint=_("NaN times 0 is NaN: use np.where for what is absent."))
    present[0] = False
    yield Case(proposals, present, hint=_("no modality at all gives zeros: look out for 0 / 0."))


exercise(
    "07.1",
    "a function (proposals, present) that returns codes of shape (n, code_size), whatever stands "
    "in absent proposals, and zeros where nothing is present",
    solve=_code,
    cases=_proposals,
    slips={
        N_("this is the sum: a sample with fewer modalities gets a shorter code."): _total,
        N_("you divide by all modalities: divide by the number that are present."):
            lambda c, p: _total(c, p) / p.shape[1],
        N_("absent modalities have a say: use `present`."): lambda c, p: c.mean(axis=1),
        N_("this is the largest proposal present: take the mean."):
            lambda c, p: np.where(p[:, :, None], c, -np.inf).max(axis=1),
        N_("this is the first proposal present: take the mean of all of them."):
            lambda c, p: c[np.arange(len(c)), p.argmax(axis=1)],
        N_("`present` is the other way round: True is there."): lambda c, p: _code(c, ~p),
    },
    advice=N_("The mean over the modalities present, sample by sample."),
)  # fmt: skip

# --- 07.2 ---------------------------------------------------------------------------------------

# How many modalities the samples have, 0 for all. They are few, so that an answer may draw all of
# them again until none is empty; what is random is counted over many calls.
_SIZES = (1, 2, 2, 2, 2, 0, 0, 0)


@judged("07.2", "a function (present, rate, rng) that returns a smaller presence, same shape")
def _modality_dropout(ask: Callable, rng: np.random.Generator) -> str:
    for modalities, rate in ((3, 0.6), (4, 0.2)):
        present = np.array([rng.permutation(modalities) < (k or modalities) for k in _SIZES])

        def shown(rate: float, seed: int, present: np.ndarray = present) -> np.ndarray:
            return as_array(ask(present, rate, np.random.default_rng(seed)), present.shape) != 0

        seeds = rng.integers(2**32, size=150)
        kept = np.array([shown(rate, seed) for seed in seeds])
        _look_at_rows(kept, present)
        _look_at_rates(kept, present, rate)
        if not all(np.array_equal(shown(rate, seeds[k]), kept[k]) for k in range(20)):
            text = _("the same generator hides others at a second call: draw from rng alone.")
            raise Hint(text)
        if not np.array_equal(shown(0.0, seeds[0]), present):
            raise Hint(_("at rate 0 nothing may be hidden."))
    return _("each modality comes and goes by itself, and no sample is ever left with nothing.")


def _look_at_rows(kept: np.ndarray, present: np.ndarray) -> None:
    full = kept[:, present.all(axis=1)]
    hidden = present.shape[1] - full.sum(axis=2)
    if (kept & ~present).any():
        raise Hint(_("you show a modality that is absent: only what is present can be hidden."))
    if (kept == present).all():
        raise Hint(_("nothing is hidden."))
    if (kept == kept[0]).all():
        raise Hint(_("every call hides the same: draw from rng."))
    if (full == full[:, :1]).all():
        raise Hint(_("the whole batch loses the same modalities: draw for each sample."))
    if not kept.any(axis=2).all():
        if (present & ~kept).any(axis=2).all():
            raise Hint(_("you return what is hidden: return what is shown."))
        raise Hint(_("some samples lost everything: give each one of its modalities back."))
    if present.shape[1] > 2 and not (hidden == 1).any():
        raise Hint(_("a sample loses all or nothing: draw for each modality by itself."))


def _look_at_rates(kept: np.ndarray, present: np.ndarray, rate: float) -> None:
    """How often the first, second, ... modality of a sample is hidden, up to five standard errors.

    Of samples that lost all, one modality comes back; or the draw is repeated. Both are right.
    """
    for k in (present.shape[1], 2):
        rows = present.sum(axis=1) == k
        there = np.nonzero(present[rows])[1].reshape(-1, k)
        hidden = 1 - np.take_along_axis(kept[:, rows], there[None], axis=2).mean(axis=(0, 1))
        error = 2.5 / np.sqrt(len(kept) * rows.sum())
        least, most = (rate - rate**k) / (1 - rate**k), rate - rate**k / k
        if hidden.min() > least - error and hidden.max() < most + error:
            continue
        if not hidden.any():
            raise Hint(_("samples that lack a modality lose nothing: they, too, may lose one."))
        text = _(
            "at rate {rate}, of {k} modalities present each is hidden {share} of the time; "
            "{least:.2f} to {most:.2f} is right."
        )
        if np.ptp(hidden) > 1.5 * error:
            text += " " + _("Draw each of them, and the one that is given back at random.")
        elif np.abs(hidden - 1 + rate).max() < error:
            text += " " + _("You keep with this probability instead of hiding with it.")
        share = ", ".join(f"{each:.2f}" for each in hidden)
        raise Hint(text.format(rate=rate, k=k, share=share, least=least, most=most))


# --- 07.3 ---------------------------------------------------------------------------------------


def _square(x: np.ndarray, output: np.ndarray, present: np.ndarray) -> np.ndarray:
    return ((x - output) ** 2)[present]


def _batches(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(10):
        n, width = int(rng.integers(6, 12)), int(rng.integers(3, 6))
        x, output = rng.normal(size=(2, n, width))
        present = rng.random(n) < 0.6
        present[:2] = True, False
        yield Case(x, output, present)
    nothing = *rng.normal(size=(2, 4, 3)), np.zeros(4, dtype=bool)
    yield Case(*nothing, hint=_("a batch without the modality has a loss of 0."))


exercise(
    "07.3",
    "a function (x, output, present) that returns one number, the loss, whatever stands in absent "
    "samples; 0 if nothing is present",
    solve=lambda *given: _square(*given).mean() if given[2].any() else 0.0,
    cases=_batches,
    slips={
        N_("absent samples count in your loss: what stands there is no target."):
            lambda x, o, p: ((x - o) ** 2).mean(),
        N_("divide by the number of samples present, not by all."):
            lambda x, o, p: _square(x, o, p).sum() / x.size,
        N_("take the mean over the features: with a sum, the widest modality rules."):
            lambda *given: _square(*given).sum(axis=1).mean(),
        N_("take the mean over the samples present, not their sum."):
            lambda *given: _square(*given).mean(axis=1).sum(),
        N_("this is a sum: take the mean over the samples present and their features."):
            lambda *given: _square(*given).sum(),
        N_("this is the root of the mean squared error: leave the square."):
            lambda *given: np.sqrt(_square(*given).mean()),
        N_("these are absolute errors: square them."):
            lambda x, o, p: np.abs(x - o)[p].mean(),
    },
)  # fmt: skip

# --- 07.4 ---------------------------------------------------------------------------------------

_SQUARES, _ENTROPY = "mean_squared_error", "binary_crossentropy"


def _unit(x: np.ndarray) -> bool:
    return bool(x.min() >= 0 and x.max() <= 1)


def _squares(x: np.ndarray, guess: np.ndarray | float) -> np.ndarray:
    return (x - guess) ** 2


def _entropy(x: np.ndarray, guess: np.ndarray) -> np.ndarray:
    return -x * np.log(guess) - (1 - x) * np.log(1 - guess)


def _cost(x: np.ndarray) -> np.ndarray:
    """What the mean of each column costs, entry by entry."""
    return (_entropy if _unit(x) else _squares)(x, np.broadcast_to(x.mean(axis=0), x.shape))


def _plan(weigh: Callable) -> Callable:
    """Return an answer with the right losses and, from a modality's targets, these weights."""
    return lambda targets: (
        {name: _ENTROPY if _unit(x) else _SQUARES for name, x in targets.items()},
        {name: weigh(x) for name, x in targets.items()},
    )


def _targets(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(4):
        n, widths = int(rng.integers(20, 40)), rng.permutation(np.arange(3, 10))
        words = (rng.random((n, widths[0])) < rng.uniform(0.1, 0.6, widths[0])).astype(float)
        words[0], words[1] = 0, 1  # no column is constant
        matrices = {
            "words": words,
            "picture": rng.beta(2, rng.uniform(2, 6, widths[1]), (n, widths[1])),
            "voice": rng.normal(rng.normal(size=widths[2]), rng.uniform(0.5, 3), (n, widths[2])),
            "lengths": rng.uniform(0.2, 4, (n, widths[3])),  # none negative
            "slopes": rng.uniform(-1, 1, (n, widths[4])),  # none above 1
        }
        names = ["words", "voice", *rng.choice(["picture", "lengths", "slopes"], 2, replace=False)]
        yield Case({name: matrices[name] for name in rng.permutation(names).tolist()})
    yield Case({name: matrices[name] for name in ("picture", "lengths", "slopes")})


def _value(loss: Any) -> float:
    """What a loss makes of one pair, which tells it from others."""
    import keras

    pair = np.array([[0.2, 0.9]]), np.array([[0.6, 0.3]])
    return float(np.mean(keras.losses.get(loss)(*pair)))


_named = functools.cache(_value)


def _loss_of(loss: Any, name: str) -> float:
    try:
        return _named(loss) if isinstance(loss, str) else _value(loss)
    except Exception:
        text = _("the loss of {name} is {loss!r}, which is none of Keras's.")
        raise Hint(text.format(name=name, loss=loss)) from None


def _weights(value: Any, right: tuple[dict, dict]) -> np.ndarray:
    """Return the weights, once the losses are the right ones."""
    two = isinstance(value, tuple | list) and len(value) == 2
    if not two or not all(isinstance(d, dict) and set(d) == set(right[0]) for d in value):
        raise Hint(_("return two dictionaries, losses and weights, with the names of `targets`."))
    losses, weights = value
    for name, wanted in right[0].items():
        if not np.isclose(_loss_of(losses[name], name), _loss_of(wanted, name)):
            text = _("{name}: expected {right}, got {got}; look where its values lie.")
            raise Hint(text.format(name=name, right=wanted, got=losses[name]))
    return np.array([as_number(weights[name], _("each weight")) for name in right[0]])


exercise(
    "07.4",
    "a function (targets) that returns two dictionaries, losses and weights, as compile takes them",
    solve=_plan(lambda x: 1 / _cost(x).mean()),
    cases=_targets,
    read=_weights,
    slips={
        N_("all weights are the same: what does the mean of each column cost?"):
            _plan(lambda x: 1.0),
        N_("this is what it costs: the weight that makes it 1 is its inverse."):
            _plan(lambda x: _cost(x).mean()),
        N_("Keras takes the mean over the columns, not their sum."): (
            _plan(lambda x: 1 / _cost(x).sum(axis=1).mean()),
            _plan(lambda x: 1 / x.shape[1]),
        ),
        N_("weigh with the loss itself, cross-entropy where it is cross-entropy."): (
            _plan(lambda x: 1 / x.var(axis=0).mean()),
            _plan(lambda x: 1 / x.var()),
        ),
        N_("each column has a mean of its own: axis=0."):
            _plan(lambda x: 1 / (_entropy if _unit(x) else _squares)(x, x.mean()).mean()),
        N_("no root: the loss is a square, and its weight is for the loss."):
            _plan(lambda x: 1 / np.sqrt(_cost(x).mean())),
    },
    advice=N_("Weight = 1 / the loss of an answer that says the mean of each column."),
)  # fmt: skip

# --- 07.5 ---------------------------------------------------------------------------------------


@judged(
    "07.5",
    "a function (sizes, code_size) that returns a keras.Model from {name: values} to "
    "{name: reconstruction}",
)
def _shared_code(ask: Callable, rng: np.random.Generator) -> str:
    import keras

    widths = rng.permutation([3, 4, 5, 6]).tolist()
    names = rng.permutation(["face", "voice", "caption", "gait"]).tolist()
    k, code_size = (int(rng.integers(*span)) for span in ((3, 5), (2, 5)))
    sizes = dict(zip(names[:k], widths[:k], strict=True))
    model = ask(sizes, code_size)
    if not isinstance(model, keras.Model):
        raise Hint(_("return a keras.Model."))
    _look_at_model(model, sizes, code_size, rng)
    _look_at_decoders(model, sizes, code_size)
    return _("every modality acts on every reconstruction, and all pass through the code.")


def _look_at_model(
    model: Any, sizes: dict[str, int], code_size: int, rng: np.random.Generator
) -> None:
    n = 48
    plain = {name: rng.normal(size=(n, size)).astype("float32") for name, size in sizes.items()}
    # First as it is, then with each modality exchanged among the samples: all in one batch.
    batch = {
        name: np.vstack([x, *(np.roll(x, 1, axis=0) if name == other else x for other in sizes)])
        for name, x in plain.items()
    }
    outputs = _answer(model, batch, sizes)
    for name, values in outputs.items():
        before, *after = np.split(values, len(sizes) + 1)
        for other, changed in zip(sizes, after, strict=True):
            if np.allclose(before, changed, atol=1e-5):
                text = _("{other} has no effect on the reconstruction of {name}: share one code.")
                raise Hint(text.format(other=other, name=name))
    together = np.hstack(list(outputs.values())).astype(float)
    strength = np.linalg.svd(together - together.mean(axis=0), compute_uv=False)
    for weight in model.trainable_variables:
        weight.assign(5 * weight)
    wide = np.hstack(list(_answer(model, batch, sizes).values()))
    if wide.min() >= -1 or wide.max() <= 1:
        text = _("the outputs lie between {low:.2g} and {high:.2g}: standardised features do not.")
        raise Hint(text.format(low=wide.min(), high=wide.max()))
    if (rank := int((strength > 1e-4 * strength[0]).sum())) > code_size:
        text = _(
            "the reconstructions vary in {rank} directions, but the code has {size} numbers: let "
            "all pass through it, and make each decoder one linear layer."
        )
        raise Hint(text.format(rank=rank, size=code_size))


def _look_at_decoders(model: Any, sizes: dict[str, int], code_size: int) -> None:
    """What acts on one output alone must be a matrix from the code, and a bias if there is one."""
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        outputs = model({name: np.ones((1, size), "float32") for name, size in sizes.items()})
    weights = model.trainable_variables
    values = [weight.value for weight in weights]
    acts = {
        name: [slope is not None for slope in tape.gradient(outputs[name], values)]
        for name in sizes
    }
    for name, size in sizes.items():
        shapes = [
            tuple(weight.shape)
            for weight, here, *on in zip(weights, acts[name], *acts.values(), strict=True)
            if here and sum(on) == 1
        ]
        if sorted(shapes, key=len) not in ([(code_size, size)], [(size,), (code_size, size)]):
            text = _(
                "the weights that act on {name} alone have the shapes {shapes}: one linear layer "
                "from the code has ({code_size}, {size}), and ({size},) if it has a bias."
            )
            raise Hint(text.format(name=name, shapes=shapes, code_size=code_size, size=size))


def _answer(model: Any, batch: dict[str, np.ndarray], sizes: dict[str, int]) -> dict:
    try:
        outputs = model(batch, training=False)
    except Exception as error:
        text = _("the model does not take {{name: values}} for the names {names}: {error}")
        said = str(error).strip().partition("\n")[0]
        raise Hint(text.format(names=list(sizes), error=said)) from None
    if not isinstance(outputs, dict) or set(outputs) != set(sizes):
        raise Hint(_("the model must return a dictionary with the names of `sizes`."))
    n = len(next(iter(batch.values())))
    return {
        name: as_array(
            np.asarray(outputs[name]), (n, size), _("the output {name}").format(name=name)
        )
        for name, size in sizes.items()
    }
