"""Answers to the exercises of chapter 08."""

import math

import keras
import numpy as np
from keras import layers
from scipy.special import expit, softmax
from sklearn.model_selection import GroupKFold, GroupShuffleSplit

# 08.1


def size_by_counting(n, kernel, stride, padding):
    if padding == "same":
        return len(range(0, n, stride))
    return sum(1 for start in range(0, n, stride) if start + kernel <= n)


def size_by_formula(n, kernel, stride, padding):
    return math.ceil(n / stride) if padding == "same" else (n - kernel) // stride + 1


def size_by_padding(n, kernel, stride, padding):
    """One formula: with "same" the input is as long as it takes."""
    if padding == "same":
        n = n + kernel - 1
    return np.floor((n - kernel) / stride) + 1


def size_by_convolving(n, kernel, stride, padding):
    mode = {"valid": "valid", "same": "same"}[padding]
    whole = np.convolve(np.ones(n), np.ones(kernel), mode)[:n]
    return np.array(len(whole[::stride]))


def size_by_upside_down(n, kernel, stride, padding):
    return -(-(n if padding == "same" else n - kernel + 1) // stride)


# 08.2


def run(step, frames, h):
    for x in frames:
        if not np.isnan(x).any():
            h = step(x, h)
    return h


def run_where(step, frames, h):
    for x in frames:
        h = np.where(np.isnan(x[0]), h, step(np.nan_to_num(x), h))
    return h


def run_recursively(step, frames, h):
    if len(frames) == 0:
        return h
    x, rest = frames[0], frames[1:]
    return run_recursively(step, rest, h if np.isnan(x).all() else step(x, h))


def run_states(step, frames, h):
    return states(step, frames, h)[-1]


def run_float32(step, frames, h):
    h = h.astype(np.float32)
    for x in frames.astype(np.float32):
        if np.isfinite(x).all():
            h = step(x, h).astype(np.float32)
    return h.tolist()


def until_nan(step, frames, h):
    for x in frames:
        if np.isnan(x).any():
            break
        h = step(x, h)
    return h


def blind(step, frames, h):
    for x in frames:
        h = step(x, h)
    return h


def reset(step, frames, h):
    for x in frames:
        h = np.zeros_like(h) if np.isnan(x).any() else step(x, h)
    return h


def back_to_start(step, frames, h):
    state = h
    for x in frames:
        state = h if np.isnan(x).any() else step(x, state)
    return state


def states(step, frames, h):
    found = []
    for x in there(frames):
        h = step(x, h)
        found.append(h)
    return found


def there(frames):
    return frames[~np.isnan(frames[:, 0])]


def in_place(step, frames, h):
    for x in there(frames):
        h[:] = step(x, h)
    return h


# 08.3


def mix(weights, features):
    return (weights[..., None] * features).sum(axis=1)


def masked(scores, present):
    return softmax(np.where(present, scores, -np.inf), axis=1)


def gate_by_loop(features, scores, present):
    rows = []
    for f, s, p in zip(features, scores, present, strict=True):
        e = np.exp(s[p] - s[p].max())
        rows.append((e / e.sum()) @ f[p])
    return rows


def gate_renormalised(features, scores, present):
    w = softmax(scores, axis=1) * present
    return mix(w / w.sum(axis=1, keepdims=True), features)


def gate_float32(features, scores, present):
    s = np.where(present, scores, -1e9).astype(np.float32)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    w = e / e.sum(axis=1, keepdims=True)
    return np.einsum("nm,nmw->nw", w, features.astype(np.float32))


# 08.4

CE = "sparse_categorical_crossentropy"


def compiled(inputs, heads, weights, loss=CE):
    model = keras.Model(inputs, heads)
    model.compile("adam", loss=dict.fromkeys(heads, loss), loss_weights=weights)
    return model


def parts(widths, n_classes, activation="softmax"):
    """Inputs, the features side by side, and a head for each name."""
    inputs = {name: keras.Input((width,), name=name) for name, width in widths.items()}
    together = layers.Concatenate()(list(inputs.values()))
    return inputs, together, lambda x: layers.Dense(n_classes, activation=activation)(x)


def own(alone, hidden):
    """The loss weights: 1 where joint training left a branch behind."""
    return {"joint": 1.0} | {k: float(alone[k] - hidden[k] > 0.02) for k in alone}


def heads_plain(widths, n_classes, alone, hidden):
    inputs, together, head = parts(widths, n_classes)
    heads = {"joint": head(together)} | {name: head(x) for name, x in inputs.items()}
    return compiled(inputs, heads, own(alone, hidden))


def heads_deep(widths, n_classes, alone, hidden):
    inputs, _together, head = parts(widths, n_classes)
    inner = {
        k: layers.Dropout(0.5)(layers.Dense(16, activation="tanh")(x)) for k, x in inputs.items()
    }
    heads = {name: head(x) for name, x in inner.items()}
    heads["joint"] = head(layers.Dense(8)(layers.Concatenate()(list(inner.values()))))
    weights = [0 if hidden[k] + 0.02 >= alone[k] else 1 for k in widths]
    return compiled(inputs, heads, dict(zip(widths, weights, strict=True)) | {"joint": 1})


def heads_multiplied(widths, n_classes, alone, hidden):
    inputs, _together, head = parts(widths, n_classes)
    heads = {name: head(x) for name, x in inputs.items()}
    logs = [layers.Lambda(lambda p: keras.ops.log(p + 1e-7))(p) for p in heads.values()]
    heads["joint"] = layers.Softmax()(layers.Add()(logs))
    return compiled(inputs, heads, own(alone, hidden))


def heads_softmax_layer(widths, n_classes, alone, hidden):
    inputs, together, head = parts(widths, n_classes, activation=None)
    heads = {k: layers.Softmax()(head(x)) for k, x in (inputs | {"joint": together}).items()}
    loss = keras.losses.SparseCategoricalCrossentropy()
    return compiled(inputs, heads, own(alone, hidden), loss)


def heads_some_losses(widths, n_classes, alone, hidden):
    """Heads that need no loss are given none."""
    inputs, together, head = parts(widths, n_classes)
    heads = {"joint": head(together)} | {name: head(x) for name, x in inputs.items()}
    model = keras.Model(inputs=inputs, outputs=heads)
    behind = [name for name in widths if hidden[name] < alone[name] - 0.02]
    loss = {k: keras.losses.SparseCategoricalCrossentropy() for k in ["joint", *behind]}
    model.compile(keras.optimizers.SGD(0.1), loss, metrics=dict.fromkeys(heads, "accuracy"))
    return model


def heads_wrong(how):
    """An answer with one mistake."""

    def build(widths, n_classes, alone, hidden):
        inputs, together, head = parts(
            widths, n_classes, "sigmoid" if how == "sigmoid" else "softmax"
        )
        heads = {name: head(x) for name, x in inputs.items()}
        first = next(iter(inputs.values()))
        heads["joint"] = head(first if how == "blind" else together)
        if how == "crossed":
            heads = dict(
                zip(heads, [*list(heads.values())[1:-1], heads["eye"], heads["joint"]], strict=True)
            )
        if how == "all see all":
            heads = {name: head(together) for name in heads}
        if how == "leaky":
            heads["ear"] = head(together)
        if how == "joint only":
            heads = {"joint": heads["joint"]}
        if how == "list":
            model = keras.Model(inputs, list(heads.values()))
            model.compile("adam", CE)
            return model
        if how == "raw":
            return keras.Model(inputs, heads)
        if how == "regularised":
            inner = layers.Dense(4, kernel_regularizer="l2")(together)
            heads["joint"] = head(inner)
        right = {"joint": 1.0} | own(alone, hidden)
        gaps = {k: alone[k] - hidden[k] for k in alone}
        weights = {
            "joint only": {"joint": 1.0},
            "all": dict.fromkeys(heads, 1.0),
            "chance": {k: float(k == "joint" or alone[k] > hidden[k]) for k in heads},
            "none": {k: float(k == "joint") for k in heads},
            "turned": {k: float(k == "joint" or not right[k]) for k in heads},
            "weakest": {k: float(k in ("joint", min(alone, key=alone.get))) for k in heads},
            "largest gap": {k: float(k in ("joint", max(gaps, key=gaps.get))) for k in heads},
            "a tenth": {k: float(k == "joint" or gaps[k] > 0.1) for k in heads},
            "a hundredth": {k: float(k == "joint" or gaps[k] > 0.01) for k in heads},
            "share": {k: float(k == "joint" or hidden[k] < 0.98 * alone[k]) for k in heads},
            "any change": {k: float(k == "joint" or abs(gaps[k]) > 0.02) for k in heads},
            "all good": {k: float(k == "joint" or alone[k] > 0.7) for k in heads},
            "worst hidden": {k: float(k in ("joint", min(hidden, key=hidden.get))) for k in heads},
            "alone only": {k: float(k != "joint" and right[k]) for k in heads},
            "halves": {k: 1.0 if k == "joint" else right[k] / 2 for k in heads},
        }
        return compiled(
            inputs,
            heads,
            weights.get(how, right),
            "categorical_crossentropy" if how == "one-hot" else CE,
        )

    return build


# 08.5


def stopping(patience, **changed):
    settings = {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}
    return keras.callbacks.EarlyStopping(**settings | changed)


def fitted(model, x, y, held_out, patience, **changed):
    settings = {"validation_data": (x[held_out], y[held_out]), "epochs": 100}
    settings["callbacks"] = [stopping(patience)]
    model.fit(x[~held_out], y[~held_out], **settings | changed)
    return model


def some(groups, share=0.25):
    names = np.unique(groups)
    return np.isin(groups, names[: max(1, int(share * len(names)))])


def learn_by_names(model, x, y, groups, patience):
    return fitted(model, x, y, some(groups), patience)


def learn_one_author(model, x, y, groups, patience):
    held_out = groups == groups[-1]
    model.fit(
        x=x[~held_out],
        y=y[~held_out],
        validation_data=(x[held_out], y[held_out]),
        epochs=100,
        callbacks=stopping(patience),
        verbose=0,
        batch_size=16,
    )
    return model


def learn_by_sklearn(model, x, y, groups, patience):
    train, val = next(GroupShuffleSplit(1, test_size=0.3, random_state=0).split(x, y, groups))
    fit = {"epochs": 100, "validation_data": (x[val], y[val]), "callbacks": [stopping(patience)]}
    model.fit(x[train], y[train], **fit)
    return model


def learn_by_folds(model, x, y, groups, patience):
    train, val = next(iter(GroupKFold(4).split(x, y, groups)))
    held_out = np.isin(np.arange(len(x)), val)
    assert len(train) == (~held_out).sum()
    return fitted(model, x, y, held_out, patience)


def learn_by_quarters(model, x, y, groups, patience):
    """Every fourth author is watched."""
    names = sorted(set(groups))
    held_out = np.array([names.index(name) % 4 == 0 for name in groups])
    watch = stopping(patience, mode="min", start_from_epoch=0)
    return fitted(model, x, y, held_out, patience, callbacks=(watch,))


def learn_by_accuracy(model, x, y, groups, patience):
    watch = stopping(patience, monitor="val_accuracy", mode="max")
    rng = np.random.default_rng(0)
    chosen = rng.choice(np.unique(groups), 3, replace=False)
    return fitted(model, x, y, np.isin(groups, chosen), patience, callbacks=[watch])


def learn_random_rows(model, x, y, groups, patience):
    held_out = np.random.default_rng(0).random(len(x)) < 0.3
    return fitted(model, x, y, held_out, patience)


def learn_split(model, x, y, groups, patience):
    model.fit(x, y, validation_split=0.2, epochs=100, callbacks=[stopping(patience)])
    return model


def learn_watched(model, x, y, groups, patience):
    val = some(groups)
    fit = {"validation_data": (x[val], y[val]), "callbacks": [stopping(patience)]}
    model.fit(x, y, epochs=100, **fit)
    return model


def learn_blind(model, x, y, groups, patience):
    model.fit(x, y, epochs=100, callbacks=[stopping(patience)])
    return model


def learn_mixed_up(model, x, y, groups, patience):
    return fitted(model, x, np.sort(y), some(groups), patience)


def learn_twice(model, x, y, groups, patience):
    learn_by_names(model, x, y, groups, patience)
    model.fit(x, y, epochs=10)
    return model


def learn_history(model, x, y, groups, patience):
    learn_by_names(model, x, y, groups, patience)
    return {"loss": [1.0]}


def learn_from_few(model, x, y, groups, patience):
    return fitted(model, x, y, some(groups, 0.8), patience)


def learn_cut(model, x, y, groups, patience):
    return fitted(model, x[:50], y[:50], some(groups[:50]), patience)


def learn_with(**changed):
    """An answer that stops otherwise."""
    return lambda model, x, y, groups, patience: fitted(
        model,
        x,
        y,
        some(groups),
        patience,
        callbacks=[stopping(**{"patience": patience} | changed)],
    )


RIGHT = {
    "08.1": [
        size_by_counting,
        size_by_formula,
        size_by_padding,
        size_by_convolving,
        size_by_upside_down,
    ],
    "08.2": [
        run,
        run_where,
        run_recursively,
        run_states,
        run_float32,
        lambda step, frames, h: blind(step, there(frames), h),
    ],
    "08.3": [
        gate_by_loop,
        gate_renormalised,
        gate_float32,
        lambda f, s, p: mix(masked(s, p), f),
        lambda f, s, p: np.array([w @ x for w, x in zip(masked(s, p), f, strict=True)]),
    ],
    "08.4": [heads_plain, heads_deep, heads_multiplied, heads_softmax_layer, heads_some_losses],
    "08.5": [
        learn_by_names,
        learn_one_author,
        learn_by_sklearn,
        learn_by_folds,
        learn_by_quarters,
    ],
}

WRONG = {
    "08.1": [
        (lambda n, k, s, p: n - k + 1 if p == "valid" else n, "skips every second place"),
        (lambda n, k, s, p: (n - k) // s + 1, "with stride 1 the size stays n"),
        (lambda n, k, s, p: -(-n // s), "'valid' does not pad"),
        (lambda n, k, s, p: (n - k) // s if p == "valid" else -(-n // s), "first place counts"),
        (lambda n, k, s, p: (n - k) // s + 2 if p == "valid" else -(-n // s), "hangs over"),
        (lambda n, k, s, p: -(-(n - k) // s) + 1 if p == "valid" else -(-n // s), "hangs over"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "valid" else n // s, "round up"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "valid" else round(n / s), "round up"),
        (lambda n, k, s, p: (n - k) / s + 1 if p == "valid" else -(-n // s), "is whole"),
        (lambda n, k, s, p: (n - k) // s + 1 if p == "same" else -(-n // s), "interchanged"),
        (lambda n, k, s, p: round((n - k) / s) + 1 if p == "valid" else -(-n // s), "expected"),
        (lambda n, k, s, p: (n - k + 1) // s if p == "valid" else -(-n // s), "expected"),
        (lambda n, k, s, p: n // s - k + 1 if p == "valid" else n // s, "expected"),
        (lambda n, k, s, p: n if p == "same" else (n - k) // s + 1, "expected"),
        (lambda n, k, s, p: (n, n), "one number"),
        (lambda n, k, s, p: "n", "one number"),
    ],
    "08.2": [
        (blind, "NaN or zero"),
        (reset, "NaN or zero"),
        (back_to_start, "in order"),
        (lambda step, f, h: blind(step, np.nan_to_num(f), h), "still a step"),
        (lambda step, f, h: run(step, f, 0 * h), "not from zeros"),
        (lambda step, f, h: run(step, f[::-1], h), "backwards"),
        (lambda step, f, h: run(step, there(f)[:-1], h), "the last or the first"),
        (lambda step, f, h: run(step, there(f)[1:], h), "the last or the first"),
        (until_nan, "in between"),
        (states, "the last state only"),
        (lambda step, f, h: np.mean(states(step, f, h), axis=0), "averaged"),
        (lambda step, f, h: step(there(f)[-1], h), "hand each new state"),
        (lambda step, f, h: step(np.nanmean(f, axis=0), h), "in order"),
        (lambda step, f, h: h, "in order"),
        (lambda step, f, h: h[:2], "shape"),
        (lambda step, f, h: run(step, np.repeat(f, 2, axis=0), h), "in order"),
        (in_place, "changes its input h"),
    ],
    "08.3": [
        (lambda f, s, p: mix(softmax(s, axis=1), f), "gets a weight"),
        (lambda f, s, p: mix(softmax(s, axis=1) * p, f), "no longer add up"),
        (lambda f, s, p: mix(softmax(s * p, axis=1), f), "exp(0)"),
        (lambda f, s, p: mix(softmax(s, axis=0), f), "not the samples"),
        (lambda f, s, p: mix(softmax(np.where(p, s, -np.inf), axis=0), f), "not the samples"),
        (lambda f, s, p: mix(s, f), "as they are"),
        (lambda f, s, p: mix(expit(s), f), "sigmoids"),
        (lambda f, s, p: mix(expit(s) * p, f), "sigmoids"),
        (lambda f, s, p: mix(p / p.sum(1, keepdims=True), f), "not used"),
        (
            lambda f, s, p: mix(np.eye(s.shape[1])[np.where(p, s, -9e9).argmax(1)], f),
            "best modality",
        ),
        (lambda f, s, p: masked(s, ~p)[..., None] * f, "shape"),
        (lambda f, s, p: mix(masked(s, ~p), f), "True is there"),
        (lambda f, s, p: masked(s, p)[..., None] * f, "add them up"),
        (lambda f, s, p: (masked(s, p)[..., None] * f).mean(axis=1), "not the mean"),
        (lambda f, s, p: np.full(f[:, 0].shape, np.nan), "differs most"),
        (lambda f, s, p: f[:, 0], "Softmax over"),
        (lambda f, s, p: mix(masked(-s, p), f), "Softmax over"),
        (lambda f, s, p: mix(masked(s, p) ** 2, f), "Softmax over"),
        (lambda f, s, p: mix(masked(s, p), f).T, "shape"),
        (lambda f, s, p: mix(masked(s.__setitem__(~p, -9e9) or s, p), f), "changes its input s"),
    ],
    "08.4": [
        (heads_wrong("sigmoid"), "add up to 1"),
        (heads_wrong("blind"), "join all of them"),
        (heads_wrong("crossed"), "does not see its own modality"),
        (heads_wrong("all see all"), "let it read its own features"),
        (heads_wrong("leaky"), "let it read its own features"),
        (heads_wrong("joint only"), "a dict with the keys"),
        (heads_wrong("list"), "a dict with the keys"),
        (heads_wrong("raw"), "compile the model"),
        (heads_wrong("one-hot"), "there is a sparse one"),
        (heads_wrong("regularised"), "cross-entropies only"),
        (heads_wrong("all"), "as good as alone"),
        (heads_wrong("chance"), "as good as alone"),
        (heads_wrong("none"), "left behind"),
        (heads_wrong("turned"), "alone with hidden"),
        (heads_wrong("weakest"), "alone with hidden"),
        (heads_wrong("worst hidden"), "alone with hidden"),
        (heads_wrong("largest gap"), ""),
        (heads_wrong("any change"), ""),
        (heads_wrong("a tenth"), "left behind"),
        (heads_wrong("a hundredth"), "as good as alone"),
        (heads_wrong("share"), "as good as alone"),
        (heads_wrong("all good"), ""),
        (heads_wrong("alone only"), "the joint loss counts"),
        (heads_wrong("halves"), "cross-entropies only"),
        (lambda widths, n, alone, hidden: parts(widths, n)[0], "the keras.Model itself"),
    ],
    "08.5": [
        (learn_random_rows, "hold out whole groups"),
        (learn_split, "takes the last rows"),
        (learn_watched, "hold them out"),
        (learn_blind, "nothing is held out"),
        (learn_mixed_up, "index x and y alike"),
        (learn_twice, "called 2 times"),
        (learn_history, "return the model"),
        (learn_from_few, "most are to learn from"),
        (learn_cut, "on neither side"),
        (learn_with(monitor="loss"), "watch val_loss"),
        (learn_by_accuracy, "watch val_loss"),
        (learn_with(patience=0), "patience is 0"),
        (learn_with(restore_best_weights=False), "restore_best_weights"),
        (lambda m, x, y, g, p: fitted(m, x, y, some(g), p, callbacks=[]), "nothing stops"),
        (lambda m, x, y, g, p: fitted(m, x, y, some(g), p, epochs=20), "the most passes"),
        (lambda model, *others: model, "called 0 times"),
    ],
}
