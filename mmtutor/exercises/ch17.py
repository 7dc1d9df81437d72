"""Checks of chapter 17, text and picture sentiment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import kendalltau, pearsonr, rankdata

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise

# --- 17.1 ---------------------------------------------------------------------------------------


def _inverse_variance(n: np.ndarray, within: float, between: float) -> np.ndarray:
    return n / (n * between + within)


def _weights(n: np.ndarray, within: float, between: float) -> np.ndarray:
    weight = _inverse_variance(n, within, between)
    return weight / weight.mean()


def _scaled(weigh: Callable) -> Callable:
    def slip(n: np.ndarray, within: float, between: float) -> np.ndarray:
        weight = np.broadcast_to(np.asarray(weigh(n, within, between), dtype=float), n.shape)
        return weight / weight.mean()

    return slip


def _over_judged(n: np.ndarray, within: float, between: float) -> np.ndarray:
    weight = _inverse_variance(n, within, between)
    return weight / weight[n > 0].mean()


def _judged(rng: np.random.Generator) -> Iterator[Case]:
    for size in (4, 9, 15, 6):
        n = np.round(10 ** rng.uniform(0, 3, size)).astype(int)
        yield Case(n, float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.02, 0.2)))
    n = np.append(n, [1, 5000])
    yield Case(
        n, 0.5, 0.0, hint=_("with `between` 0 a weight is proportional to the number of tweets.")
    )
    hint = _("an emoji without a tweet gets weight 0, not NaN, and counts in the mean.")
    yield Case(np.array([0, 12, 3, 0, 40]), 0.4, 0.1, hint=hint)


exercise(
    "17.1",
    "a function (n, within, between) that returns weights proportional to 1 / (between + within / "
    "n) with mean 1, also for `between` 0, and weight 0 where n is 0",
    solve=_weights,
    cases=_judged,
    slips={
        N_("the weights are right but for their scale: divide by their mean."): _inverse_variance,
        N_("their mean shall be 1, not their sum."): (lambda n, w, b: _weights(n, w, b) / len(n)),
        N_("these weights are the counts: a score cannot be surer than `between` lets it be."): (
            _scaled(lambda n, w, b: n)
        ),
        N_("take the variance, not its root, the standard deviation."): (
            _scaled(lambda n, w, b: np.sqrt(_inverse_variance(n, w, b)))
        ),
        N_("the root of the counts is no variance: start from between + within / n."): (
            _scaled(lambda n, w, b: np.sqrt(n))
        ),
        N_("this is the variance; a large one must give a small weight."): (
            _scaled(lambda n, w, b: b + w / n)
        ),
        N_("more tweets make the part within *smaller*: within / n."): (
            _scaled(lambda n, w, b: 1 / (b + w * n))
        ),
        N_("`within` and `between` have changed places: the one that n divides is `within`."): (
            _scaled(lambda n, w, b: n / (n * w + b))
        ),
        N_("the mean is over all emoji, those without a tweet included."): _over_judged,
        N_("all emoji have the same weight: use their numbers of tweets."): (
            _scaled(lambda n, w, b: 1)
        ),
    },
    advice=N_("The variance of a score is between + within / n; a weight is 1 over it."),
)

# --- 17.2 ---------------------------------------------------------------------------------------

SHARES = np.arange(11) / 10


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _kendall(a: np.ndarray, b: np.ndarray) -> float:
    return float(kendalltau(a, b).statistic)


def _z(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    return (values - by.mean()) / by.std()


def _merits(
    name: np.ndarray,
    picture: np.ndarray,
    truth: np.ndarray,
    how: Callable,
    shares: np.ndarray = SHARES,
) -> np.ndarray:
    a, b = _z(name, name), _z(picture, picture)
    return np.array([how(s * a + (1 - s) * b, truth) for s in shares])


def _mixed(
    how: Callable = _spearman,
    scale: Callable = _z,
    share: Callable = lambda s: s,
) -> Callable:
    """Fuse with the share that `how` likes best in training, scaled as `scale` does."""

    def fuse(
        name: np.ndarray,
        picture: np.ndarray,
        truth: np.ndarray,
        new_name: np.ndarray,
        new_picture: np.ndarray,
    ) -> np.ndarray:
        s = share(SHARES[_merits(name, picture, truth, how).argmax()])
        return s * scale(new_name, name) + (1 - s) * scale(new_picture, picture)

    return fuse


def _unscaled(
    name: np.ndarray, picture: np.ndarray, truth: np.ndarray, *new: np.ndarray
) -> np.ndarray:
    merits = [_spearman(s * name + (1 - s) * picture, truth) for s in SHARES]
    s = SHARES[int(np.argmax(merits))]
    return s * new[0] + (1 - s) * new[1]


def _opinions(rng: np.random.Generator) -> Iterator[Case]:
    sizes = [(40, 7), (25, 12), (60, 5), (33, 4), (50, 9), (28, 6), (35, 8), (45, 6)]
    for k, (n, m) in enumerate(sizes):
        turned = k >= 6  # one says the contrary, and surely: the other has the whole share
        while True:
            truth = rng.normal(size=n)
            noise = [0.9, 0.4] if turned else rng.uniform([0.8, 1.6], [1.2, 2.5])
            sense = np.array([[1], [-1 if turned else 1]])
            heard = sense * truth + np.reshape(noise, (2, 1)) * rng.normal(size=(2, n))
            units, levels = 10 ** rng.uniform(-1.5, 1.5, 2), rng.normal(0, 3, 2)
            heard = heard[:: 1 if k % 2 else -1]  # each is the better one
            name, picture = units[:, None] * heard + levels[:, None]
            merits = _merits(name, picture, truth, _spearman)
            clear = np.diff(np.sort(merits)[-2:]) > 1e-9
            if k == 0:  # Kendall's tau, by ranks as well, likes another share best
                clear &= _merits(name, picture, truth, _kendall).argmax() != merits.argmax()
            if k in (1, 2):  # one of the shares is odd, one even: steps of 0.2 are too wide
                clear &= merits.argmax() % 2 == k % 2
            if k == 3:  # a share between two of them would be better: steps of 0.05 are too narrow
                between = _merits(name, picture, truth, _spearman, SHARES[:-1] + 0.05)
                clear &= between.max() > merits.max()
            if clear and (not turned or merits.argmax() == (10 if k % 2 else 0)):
                break
        new = [u * rng.normal(0.5, 2, m) + c for u, c in zip(units, levels, strict=True)]
        yield Case(name, picture, truth, *new)
    hint = _("a single new emoji has no spread of its own: scale by the training predictions.")
    yield Case(name, picture, truth, *(values[:1] for values in new), hint=hint)


exercise(
    "17.2",
    "a function (name, picture, truth, new_name, new_picture) that returns the new predictions, "
    "each scaled by its training mean and standard deviation (np.std), mixed with the share of the "
    "name, of 0, 0.1, ..., 1, whose mixture has the highest Spearman correlation in training",
    solve=_mixed(),
    cases=_opinions,
    slips={
        N_("bring both to one scale first: subtract the training mean, divide by np.std."): (
            _unscaled,
            _mixed(scale=lambda values, by: values),
        ),
        N_("the new predictions are scaled by themselves: use mean and np.std of training."): (
            _mixed(scale=lambda values, by: (values - values.mean()) / max(values.std(), 1e-12))
        ),
        N_("the share has changed sides: it is the name's."): _mixed(share=lambda s: 1 - s),
        N_("the largest correlation, not the largest amount: -0.9 is worse than 0.1."): (
            _mixed(how=lambda a, b: abs(_spearman(a, b)))
        ),
        N_(
            "choose the share by Spearman's correlation, not Pearson's, Kendall's or squared error."
        ): (
            _mixed(how=lambda a, b: float(pearsonr(a, b).statistic)),
            _mixed(how=_kendall),
            _mixed(how=lambda a, b: -float(np.mean((a - b) ** 2))),
        ),
        N_("you chose the share that ranks worst."): (_mixed(how=lambda a, b: -_spearman(a, b))),
        N_("this is the plain mean; choose the share on the training predictions."): (
            _mixed(share=lambda s: 0.5)
        ),
        N_("this is the name alone; mix both."): _mixed(share=lambda s: 1.0),
        N_("this is the picture alone; mix both."): _mixed(share=lambda s: 0.0),
        N_("divide by the standard deviation as np.std gives it (ddof=0)."): (
            _mixed(scale=lambda values, by: (values - by.mean()) / by.std(ddof=1))
        ),
        N_("subtract the training mean as well."): _mixed(
            scale=lambda values, by: values / by.std()
        ),
    },
    advice=N_("Scale, then try each share on the training predictions, then mix the new ones."),
)

# --- 17.3 ---------------------------------------------------------------------------------------


def _pearson_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (a, b))
    return (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))


def _spearman_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return _pearson_rows(rankdata(a, axis=1), rankdata(b, axis=1))


def _correlations(how: Callable, *args: np.ndarray) -> np.ndarray:
    """Correlation of fused, name and picture with the truth on each draw, (n_draws, 3)."""
    *predictions, truth, draws = args
    return np.stack([how(p[draws], truth[draws]) for p in predictions], axis=1)


def _ends(gains: np.ndarray, tail: float = 2.5) -> tuple[float, float]:
    low, high = np.percentile(gains, [tail, 100 - tail])
    return float(low), float(high)


def _interval(
    how: Callable = _spearman_rows,
    of: Callable = lambda f, n, p: f - np.maximum(n, p),
    ends: Callable = _ends,
) -> Callable:
    def interval(*args: np.ndarray) -> tuple[float, float]:
        return ends(of(*_correlations(how, *args).T))

    return interval


def _one_choice(*args: np.ndarray) -> tuple[float, float]:
    _fused, name, picture, truth, _draws = args
    better = int(_spearman(picture, truth) > _spearman(name, truth))
    found = _correlations(_spearman_rows, *args)
    return _ends(found[:, 0] - found[:, 1 + better])


def _ranked_once(*args: np.ndarray) -> tuple[float, float]:
    ranks = [rankdata(values) for values in args[:4]]
    return _interval(how=_pearson_rows)(*ranks, args[4])


def _unpaired(*args: np.ndarray) -> tuple[float, float]:
    f, n, p = _correlations(_spearman_rows, *args).T
    fused, single = _ends(f), _ends(np.maximum(n, p))
    return fused[0] - single[0], fused[1] - single[1]


def _farthest(*args: np.ndarray) -> tuple[float, float]:
    f, n, p = _correlations(_spearman_rows, *args).T
    fused, single = _ends(f), _ends(np.maximum(n, p))
    return fused[0] - single[1], fused[1] - single[0]


def _normal(gains: np.ndarray) -> tuple[float, float]:
    reach = 1.96 * gains.std()
    return float(gains.mean() - reach), float(gains.mean() + reach)


def _predictions(rng: np.random.Generator) -> Iterator[Case]:
    for k, (n, n_draws) in enumerate([(30, 60), (45, 80), (24, 50)]):
        while True:
            truth = np.round(rng.normal(size=n), 1)  # equal scores, too
            noise = rng.uniform(1.5, 2, (2, 1)) * rng.normal(size=(2, n)) ** 3
            name, picture = truth + noise
            fused = name + picture + 0.3 * rng.normal(size=n)
            case = Case(fused, name, picture, truth, rng.integers(n, size=(n_draws, n)))
            better = _spearman(picture, truth) > _spearman(name, truth)
            anew, once = _interval()(*case.args), _one_choice(*case.args)
            if better == bool(k % 2) and np.abs(np.subtract(anew, once)).max() > 0.002:
                break
        yield case
    truth = rng.normal(size=28)
    name, picture = np.array([[-1], [1]]) * truth + [[0.5], [1.5]] * rng.normal(size=(2, 28))
    yield Case(picture - name / 3, name, picture, truth, rng.integers(28, size=(50, 28)))


exercise(
    "17.3",
    "a function (fused, name, picture, truth, draws) that returns the 2.5th and 97.5th percentile, "
    "over the draws, of what Spearman's correlation of `fused` is ahead of the better of `name` "
    "and `picture` on the same draw",
    solve=_interval(),
    cases=_predictions,
    slips={
        N_("take the percentiles of the differences, not the difference of two intervals' ends."): (
            _unpaired,
            _farthest,
        ),
        N_("which single one is better is decided anew in each draw."): _one_choice,
        N_("rank within each draw: a row drawn twice changes the ranks."): _ranked_once,
        N_("use Spearman's correlation, not Pearson's."): (_interval(how=_pearson_rows)),
        N_("do not drop the sign of a correlation: a single one below 0 is not the better one."): (
            _interval(of=lambda f, n, p: np.abs(f) - np.maximum(np.abs(n), np.abs(p)))
        ),
        N_("compare with the better single one, not with the mean of both."): (
            _interval(of=lambda f, n, p: f - (n + p) / 2)
        ),
        N_("compare with the better single one; this is the worse."): (
            _interval(of=lambda f, n, p: f - np.minimum(n, p))
        ),
        N_("compare with the better single one, not always with the name."): (
            _interval(of=lambda f, n, p: f - n)
        ),
        N_("compare with the better single one, not always with the picture."): (
            _interval(of=lambda f, n, p: f - p)
        ),
        N_("this is the interval of the fused correlation; subtract the better single one's."): (
            _interval(of=lambda f, n, p: f)
        ),
        N_("the sign is turned: fused less single."): (
            _interval(of=lambda f, n, p: np.maximum(n, p) - f)
        ),
        N_("95 in 100 lie between the 2.5th and the 97.5th percentile."): (
            _interval(ends=lambda gains: _ends(gains, 5))
        ),
        N_("take percentiles; the differences need not be normal."): _interval(ends=_normal),
        N_("return the lower end first."): _interval(ends=lambda gains: _ends(gains)[::-1]),
    },
    advice=N_("For each draw: three correlations, one difference. Then np.percentile."),
)

# --- 17.4 ---------------------------------------------------------------------------------------


def _padded(words: np.ndarray, width: int, *, front: bool = False) -> np.ndarray:
    missing = max(0, width - len(words))
    return np.pad(words, ((missing, 0) if front else (0, missing), (0, 0)))


def _answers(words: np.ndarray, pattern: np.ndarray, bias: float) -> np.ndarray:
    words = _padded(words, len(pattern))
    places = range(len(words) - len(pattern) + 1)
    return np.array([np.sum(words[k : k + len(pattern)] * pattern) + bias for k in places])


def _pooled(
    pool: Callable = np.max, cut: Callable = lambda x: np.maximum(x, 0)
) -> Callable[..., float]:
    return lambda words, pattern, bias: float(pool(cut(_answers(words, pattern, bias))))


def _filled(front: int, end: int) -> Callable[..., float]:
    """The answer if every sentence is filled up, so that a place may lie half outside."""

    def strongest(words: np.ndarray, pattern: np.ndarray, bias: float) -> float:
        reach = len(pattern) - 1
        wide = np.pad(words, ((front * reach, end * reach), (0, 0)))
        return _pooled()(wide, pattern, bias)

    return strongest


def _no_last(words: np.ndarray, pattern: np.ndarray, bias: float) -> float:
    answers = _answers(words, pattern, bias)
    return float(np.maximum(answers[: max(1, len(answers) - 1)], 0).max())


def _front(words: np.ndarray, pattern: np.ndarray, bias: float) -> float:
    return _pooled()(_padded(words, len(pattern), front=True), pattern, bias)


def _too_short(words: np.ndarray, pattern: np.ndarray, bias: float) -> float:
    return _pooled()(words, pattern, bias) if len(words) >= len(pattern) else 0.0


def _sentences(rng: np.random.Generator) -> Iterator[Case]:
    sizes = [(9, 3, 4), (6, 2, 5), (7, 4, 3), (12, 2, 3), (5, 5, 2)]
    for k, (n_words, width, dim) in enumerate(sizes):
        while True:  # the largest answer is the last one, or lies between the first and the last
            pattern = rng.normal(size=(width, dim))
            words = rng.normal(size=(n_words, dim))
            words[n_words - width :] += 0.5 * pattern
            at_front = k % 2 == 0  # half hidden before the first or after the last: no place
            if at_front:
                words[: width - 1] += 1.5 * pattern[1:]
            else:
                words[n_words - width + 1 :] += 1.5 * pattern[:-1]
            bias = float(rng.uniform(0.3, 0.9))
            found = _answers(words, pattern, bias)
            largest = int(found.argmax())
            beyond = _filled(front=at_front, end=not at_front)(words, pattern, bias)
            if found[largest] <= 0 or beyond < found[largest] + 0.01:
                continue
            last = largest == len(found) - 1
            if last if at_front else largest > 0 and not last:
                break
        yield Case(words, pattern, bias)
    hint = _("where no place fires, the answer is 0 (relu).")
    yield Case(-words, np.abs(pattern), -50.0, hint=hint)
    hint = _("a sentence shorter than the filter is filled up with zeros at its end.")
    pattern = np.array([[1.0, 0.5], [2.0, 1.0], [4.0, -1.0]])
    yield Case(np.array([[1.0, 1.0], [0.5, 2.0]]), pattern, 0.25, hint=hint)


exercise(
    "17.4",
    "a function (words, pattern, bias) that returns one number: the largest, over all places, of "
    "relu(sum(words of the place * pattern) + bias); too short a sentence is filled up with zeros",
    solve=_pooled(),
    cases=_sentences,
    slips={
        N_("relu is missing: an answer below 0 counts as 0."): _pooled(cut=lambda x: x),
        N_("keep the largest answer, not the mean of all."): _pooled(pool=np.mean),
        N_("keep the largest answer, not the sum of all."): _pooled(pool=np.sum),
        N_("keep the largest answer, not the last one."): _pooled(pool=lambda x: x[-1]),
        N_("keep the largest answer, not the first one."): _pooled(pool=lambda x: x[0]),
        N_("a large negative answer is no match: relu, not the absolute value."): (
            _pooled(cut=np.abs)
        ),
        N_("the filter is turned round: its first row goes with the first word of the place."): (
            lambda w, p, b: _pooled()(_padded(w, len(p)), p[::-1], b)
        ),
        N_("the bias is missing."): lambda w, p, b: _pooled()(w, p, 0.0),
        N_("the bias is taken away; add it."): lambda w, p, b: _pooled()(w, p, -b),
        N_("a place lies wholly within the sentence; fill up only one that is too short."): (
            _filled(front=1, end=1),
            _filled(front=0, end=1),
            _filled(front=1, end=0),
        ),
        N_("the last place is missing: there are n_words - width + 1."): _no_last,
        N_("fill a short sentence up at its end, not before its beginning."): _front,
        N_("a sentence shorter than the filter has one place, filled up with zeros."): _too_short,
    },
    advice=N_("Slide over n_words - width + 1 places; multiply, sum, add the bias, cut at 0."),
)
