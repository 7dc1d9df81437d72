"""Checks of chapter 01, reading text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, Hint, exercise
from mmtutor.exercises._scaling import share, unit

# --- 01.1 ---------------------------------------------------------------------------------------


def _idf(counts: np.ndarray) -> np.ndarray:
    return 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))


def _tables(rng: np.random.Generator) -> Iterator[Case]:
    for trial in range(12):
        n_texts, n_terms = rng.permutation(np.arange(3, 12))[:2]
        counts = rng.poisson(rng.choice([0.4, 1, 3], size=n_terms), size=(n_texts, n_terms))
        counts[:, 0] += trial % 2  # now and then a term that every text holds
        counts[np.arange(n_texts), rng.integers(0, n_terms, n_texts)] += 1
        yield Case(counts)
    counts[-1] = 0
    yield Case(counts, hint=_("the row of a text without any term must be 0, not 0 / 0."))


def _sublinear(counts: np.ndarray) -> np.ndarray:
    return np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0)


def _weights(counts: np.ndarray, idf: Callable = _idf, tf: Callable = _sublinear) -> np.ndarray:
    return unit(np.nan_to_num(tf(counts) * idf(counts)))


def _by(idf: Callable) -> Callable:
    """Return the weights with another idf(n, df)."""
    return lambda c: _weights(c, lambda c: idf(len(c), (c > 0).sum(axis=0)))


exercise(
    "01.1",
    "a function (counts) that returns sublinear TF-IDF weights of shape (n_texts, n_terms)",
    solve=_weights,
    cases=_tables,
    slips={
        N_("scale each row to Euclidean length 1."): lambda c: _sublinear(c) * _idf(c),
        N_("scale each text, axis 1, not the columns."): (
            lambda c: unit(_sublinear(c) * _idf(c), axis=0)
        ),
        N_("divide by the Euclidean length, not by the sum."): (
            lambda c: share(_sublinear(c) * _idf(c))
        ),
        N_("multiply by idf."): lambda c: unit(_sublinear(c)),
        N_("that is section 3's own formula: put 1 + ln(tf) in place of tf."): (
            lambda c: _weights(c, tf=lambda c: c)
        ),
        N_("tf became 0 or 1: put 1 + ln(tf) in its place."): (
            lambda c: _weights(c, tf=lambda c: c > 0)
        ),
        N_("a term that occurs once gets 1 + ln(1) = 1, and one that is absent 0."): (
            lambda c: _weights(c, tf=np.log1p),
            lambda c: _weights(c, tf=lambda c: np.log(np.maximum(c, 1))),
            lambda c: _weights(c, tf=lambda c: 1 + np.log(np.maximum(c, 1))),
            lambda c: _weights(c, tf=lambda c: 1 + np.log1p(c)),
        ),
        N_("df is the number of texts in which the term occurs, not how often it does."): (
            lambda c: _weights(c, lambda c: 1 + np.log((1 + len(c)) / (1 + c.sum(axis=0))))
        ),
        N_("the idf of section 3 has three ones: 1 + ln((1 + n) / (1 + df))."): (
            _by(lambda n, df: np.log(n / df)),
            _by(lambda n, df: 1 + np.log(n / df)),
            _by(lambda n, df: np.log((1 + n) / (1 + df))),
        ),
        N_("use the natural logarithm."): (
            _by(lambda n, df: 1 + np.log2((1 + n) / (1 + df))),
            _by(lambda n, df: 1 + np.log10((1 + n) / (1 + df))),
            lambda c: _weights(c, tf=lambda c: np.where(c > 0, 1 + np.log10(np.maximum(c, 1)), 0)),
            lambda c: _weights(c, tf=lambda c: np.where(c > 0, 1 + np.log2(np.maximum(c, 1)), 0)),
        ),
        N_("your fraction is upside down."): _by(lambda n, df: 1 + np.log((1 + df) / (1 + n))),
        N_("the logarithm is of tf alone: multiply by idf after it."): (
            lambda c: unit(_sublinear(c * _idf(c)))
        ),
    },
    advice=N_("Try two texts and two terms by hand."),
)


# --- 01.2 ---------------------------------------------------------------------------------------

_MARKS = "，。！？"
_CHARACTERS = list("电影很好看不差菜贵酒店干净吵声音快慢天气热冷买卖东西书")


def _windows(text: str, n: int) -> list[str]:
    return [text[k : k + n] for k in range(len(text) - n + 1)]


def _ngrams(text: str, n: int, marks: str = _MARKS, cut: Callable = _windows) -> list[str]:
    return [gram for clause in re.split(f"[{marks}]", text) for gram in cut(clause, n)]


def _chinese(rng: np.random.Generator) -> Iterator[Case]:
    """Clauses of many lengths between all four marks; some texts end without a mark."""
    for trial in range(12):
        n = 1 + trial % 3
        clauses = ["".join(rng.choice(_CHARACTERS, size=k)) for k in rng.integers(1, 8, size=5)]
        clauses[1] = clauses[0][:n] + clauses[1]  # a repetition
        marks = [*rng.permutation(list(_MARKS)), rng.choice(["", "。"])]
        yield Case("".join(c + m for c, m in zip(clauses, marks, strict=True)), n)


def _read_ngrams(value: Any, right: list[str]) -> list[str]:
    if isinstance(value, set | frozenset | dict):
        raise Hint(_("repeated n-grams are lost: return a list with repetitions, to be counted."))
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise Hint(_("return a list of strings, such as ['不好', '好看']."))
    grams = list(value)
    if not all(isinstance(gram, str) for gram in grams):
        raise Hint(_("each n-gram is a string such as '不好'; join its characters."))
    return sorted(map(str, grams))


exercise(
    "01.2",
    "a function (text, n) that returns a list of character n-grams",
    solve=_ngrams,
    cases=_chinese,
    read=_read_ngrams,
    slips={
        N_("your n-grams run across a mark: its two sides are not neighbours."):
            lambda t, n: _windows(re.sub(f"[{_MARKS}]", "", t), n),
        N_("your n-grams hold punctuation: cut the text at its marks first."): _windows,
        N_("there are four marks, ，。！？: one of them is forgotten."): (
            lambda t, n: _ngrams(t, n, "。！？"),
            lambda t, n: _ngrams(t, n, "，！？"),
            lambda t, n: _ngrams(t, n, "，。？"),
            lambda t, n: _ngrams(t, n, "，。！"),
        ),
        N_("the last clause is lost: a text need not end with a mark."):
            lambda t, n: _ngrams("".join(re.findall(f"[^{_MARKS}]*[{_MARKS}]", t)), n),
        N_("the last n-gram of each clause is lost: there are len(clause) - n + 1."):
            lambda t, n: _ngrams(t, n, cut=lambda c, n: _windows(c, n)[:-1]),
        N_("your n-grams do not overlap: start one at every character."): (
            lambda t, n: _ngrams(t, n, cut=lambda c, n: _windows(c, n)[::n]),
            lambda t, n: _ngrams(t, n, cut=lambda c, n: re.findall(f".{{1,{n}}}", c)),
        ),
        N_("at the end of a clause your n-grams get shorter than n: stop earlier."):
            lambda t, n: _ngrams(t, n, cut=lambda c, n: [c[k : k + n] for k in range(len(c))]),
        N_("return the n-grams of length n only, not the shorter ones too."):
            lambda t, n: [gram for width in range(1, n + 1) for gram in _ngrams(t, width)],
        N_("you cut at the marks, as a default tokeniser does: now cut into characters."):
            lambda t, n: re.findall(f"[^{_MARKS}]+", t),
        N_("Chinese has no spaces to split at: take characters."): lambda t, n: t.split(),
        N_("join the characters without spaces: '不好', not '不 好'."):
            lambda t, n: [" ".join(gram) for gram in _ngrams(t, n)],
        N_("repeated n-grams are lost: return them all."): lambda t, n: list(set(_ngrams(t, n))),
    },
)  # fmt: skip


# --- 01.3 ---------------------------------------------------------------------------------------


def _ratio(counts: np.ndarray, chosen: np.ndarray, alpha: float) -> np.ndarray:
    p, q = (alpha + counts[rows].sum(axis=0) for rows in (chosen, ~chosen))
    return np.log(p / p.sum()) - np.log(q / q.sum())


def _telling(
    counts: np.ndarray,
    labels: np.ndarray,
    name: str,
    k: int,
    least: int,
    alpha: float = 1.0,
    texts: Callable = lambda counts, chosen: (counts > 0).sum(axis=0),
) -> np.ndarray:
    chosen = labels == name
    ratio = _ratio(counts, chosen, alpha).round(9)  # equal ones are equal however computed
    ratio[texts(counts, chosen) < least] = -np.inf
    return np.argsort(ratio, kind="stable")[::-1][:k]


# Typical slips, each an answer of its own.
_UNFILTERED, _BY_SUM, _IN_CLASS, _MORE, _ALPHA_1, _ALPHA_0, _LOWEST = (
    lambda X, y, name, k, least, a: _telling(X, y, name, k, 0, a),
    lambda *given: _telling(*given, texts=lambda X, chosen: X.sum(axis=0)),
    lambda *given: _telling(*given, texts=lambda X, chosen: (X[chosen] > 0).sum(axis=0)),
    lambda X, y, name, k, least, a: _telling(X, y, name, k, least + 1, a),
    lambda X, y, name, k, least, a: _telling(X, y, name, k, least, 1),
    lambda X, y, name, k, least, a: _telling(X, y, name, k, least, 1e-9),
    lambda X, y, name, k, least, a: _telling(
        X, y, name, ((X > 0).sum(axis=0) >= least).sum(), least, a
    )[::-1][:k],
)
_VARIANTS: tuple[Callable, ...] = (
    _telling, _UNFILTERED, _BY_SUM, _IN_CLASS, _MORE, _ALPHA_1, _ALPHA_0, _LOWEST,
)  # fmt: skip


def _labelled_counts(rng: np.random.Generator) -> Iterator[Case]:
    """Rare words and repeated ones, no ties at the top; together they tell the slips apart."""
    cases: list[Case] = []
    alike = {(0, 0)}
    while alike:
        alike, cases = set(combinations(range(len(_VARIANTS)), 2)), []
        while len(cases) < 24:
            given = _counts_of_three(rng, len(cases))
            said = [variant(*given) for variant in _VARIANTS]
            turned = [_turned(variant, *given) for variant in _VARIANTS]
            if np.array_equal(said, turned):
                cases.append(Case(*given))
                alike = {(i, j) for i, j in alike if (said[i] == said[j]).all()}
    yield from cases


def _counts_of_three(rng: np.random.Generator, trial: int) -> tuple:
    names = np.array(["negative", "neutral", "positive"])
    n, words, k = rng.integers(20, 40), int(rng.integers(12, 24)), int(rng.integers(3, 6))
    labels = rng.permutation(np.resize(names, n))
    rate = rng.choice([0.05, 0.2, 0.6, 1.2], size=(3, words))
    counts = rng.poisson(rate[np.searchsorted(names, labels)])
    counts *= rng.choice([1, 1, 1, 3], size=counts.shape)
    frequent = np.sort((counts > 0).sum(axis=0))[::-1]  # more than k words are left
    least = int(min(rng.integers(3, 7), frequent[k]))
    return counts, labels, str(names[trial % 3]), k, least, float(rng.choice([0.3, 2.7]))


def _turned(variant: Callable, counts: np.ndarray, *given: Any) -> np.ndarray:
    """The same words, found in the reversed table: others where there are ties."""
    return counts.shape[1] - 1 - variant(counts[:, ::-1], *given)


exercise(
    "01.3",
    "a function (counts, labels, name, k, least, alpha) that returns the columns of the k most "
    "telling words of the class `name`, the most telling first",
    solve=_telling,
    cases=_labelled_counts,
    slips={
        N_("the most telling word comes first."): lambda *given: _telling(*given)[::-1],
        N_("these are the least telling words: sort the other way."): _LOWEST,
        N_("words that occur in fewer than `least` texts must be left out."): _UNFILTERED,
        N_("count the *texts* that contain a word, not how often it occurs in all."): _BY_SUM,
        N_("count the texts of all classes, not of this one only."): _IN_CLASS,
        N_("a word in exactly `least` texts stays."): _MORE,
        N_("use alpha as it is given."): (_ALPHA_1, _ALPHA_0),
        N_("these are the most frequent words of the class: compare with the other classes."): (
            lambda X, y, name, k, least, a: np.argsort(X[y == name].sum(axis=0))[::-1][:k]
        ),
        N_("leave words out after the sums, and keep the numbers of their columns."): (
            lambda X, y, name, k, least, a: _telling(
                X[:, (X > 0).sum(axis=0) >= least], y, name, k, 0, a
            )
        ),
    },
    advice=N_("Print the ratios and the numbers of texts beside each other."),
)


# --- 01.4 ---------------------------------------------------------------------------------------

_WORDS = ["good", "bad", "film", "food", "slow", "fast", "room", "clean", "dirty", "sound", "great"]


def _split_texts(rng: np.random.Generator) -> Iterator[Case]:
    """Test texts hold a word or more of the eight in training, and words that are new."""
    for _trial in range(3):
        train: list[Any] = [rng.choice(_WORDS[:8], size=rng.integers(3, 9)) for _text in range(9)]
        train[0] = _WORDS[:8]
        test: list[Any] = [rng.choice(_WORDS[5:], size=rng.integers(3, 9)) for _text in range(5)]
        test = [[rng.choice(_WORDS[5:8]), *words] for words in test]
        yield Case(*([" ".join(words) for words in texts] for texts in (train, test)))


def _vectors(train: list[str], test: list[str], fit: list[str] | None = None, **settings: Any):
    vectoriser = TfidfVectorizer(**settings).fit(fit or train)
    return vectoriser.transform(train), vectoriser.transform(test)


def _vocabulary(train: list[str]) -> dict[str, int]:
    return CountVectorizer().fit(train).vocabulary_


def _read_vectors(value: Any, right: Any) -> tuple:
    """Return the scalar products of texts: they do not depend on the order of the columns."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Hint(_("return two matrices: (X_train, X_test)."))
    A, B = (X.toarray() if sparse.issparse(X) else np.asarray(X) for X in value)
    if A.ndim != 2 or B.ndim != 2:
        raise Hint(_("each matrix has shape (n_texts, n_words)."))
    rows, got = tuple(X.shape[0] for X in right), (len(A), len(B))
    if got == rows[::-1]:
        raise Hint(_("the matrices are in the wrong order: training texts first."))
    if got != rows:
        raise Hint(_("expected {right} rows, got {got}.").format(right=rows, got=got))
    if A.shape[1] != B.shape[1]:
        raise Hint(_("both matrices need the same columns: fit once, on train."))
    return A @ A.T, A @ B.T, B @ B.T


exercise(
    "01.4",
    "a function (train, test) that returns two TF-IDF matrices, as section 3 defines them",
    solve=_vectors,
    cases=_split_texts,
    read=_read_vectors,
    slips={
        N_("the test texts shaped vocabulary and idf: fit on train alone."):
            lambda train, test: _vectors(train, test, train + test),
        N_("you fitted on the test texts: fit on train."):
            lambda train, test: _vectors(train, test, test),
        N_("the words are the training texts', but their idf knows the test texts."): (
            lambda train, test: (
                _vectors(train, test)[0],
                _vectors(train, test, test, vocabulary=_vocabulary(train))[1],
            ),
            lambda train, test: _vectors(train, test, train + test, vocabulary=_vocabulary(train)),
        ),
        N_("use single words, ngram_range=(1, 1), not pairs."):
            lambda train, test: _vectors(train, test, ngram_range=(1, 2)),
        N_("these are counts, not TF-IDF weights."): (
            lambda train, test: _vectors(train, test, norm=None, use_idf=False),
            lambda train, test: _vectors(train, test, use_idf=False),
        ),
        N_("the formula of section 3 scales every row to length 1."):
            lambda train, test: _vectors(train, test, norm=None),
        N_("the idf of section 3 is smoothed: 1 + ln((1 + n) / (1 + df))."):
            lambda train, test: _vectors(train, test, smooth_idf=False),
    },
    advice=N_("Fit once, on train; transform both."),
)  # fmt: skip
