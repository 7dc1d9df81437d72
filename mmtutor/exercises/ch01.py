"""Checks of chapter 01, reading text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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


def _by(idf: Callable) -> tuple[Callable, Callable]:
    """Return TF-IDF with another idf(n, df): as it is, and with rows of length one."""

    def weights(c: np.ndarray) -> np.ndarray:
        return np.nan_to_num(c * idf(len(c), (c > 0).sum(axis=0)))

    return weights, lambda c: unit(weights(c))


exercise(
    "01.1",
    "a function (counts) that returns TF-IDF weights of shape (n_texts, n_terms)",
    solve=lambda counts: unit(counts * _idf(counts)),
    cases=_tables,
    slips={
        N_("scale each row to Euclidean length 1."): lambda c: c * _idf(c),
        N_("scale each text, axis 1, not the columns."): lambda c: unit(c * _idf(c), axis=0),
        N_("divide by the Euclidean length, not by the sum."): lambda c: share(c * _idf(c)),
        N_("these are the counts scaled to length 1: multiply by idf first."): unit,
        N_("tf is the count, not 0 or 1."): lambda c: unit((c > 0) * _idf(c)),
        N_("tf is the count, not its logarithm."): lambda c: unit(np.log1p(c) * _idf(c)),
        N_("df is the number of texts that hold the term, not how often it occurs in all."):
            lambda c: unit(c * (1 + np.log((1 + len(c)) / (1 + c.sum(axis=0))))),
        N_("that is the unsmoothed idf, ln(n / df): add the three ones."):
            _by(lambda n, df: np.log(n / df)),
        N_("smooth inside the logarithm too: (1 + n) / (1 + df)."):
            _by(lambda n, df: 1 + np.log(n / df)),
        N_("add 1 outside the logarithm, else a term found in every text weighs nothing."):
            _by(lambda n, df: np.log((1 + n) / (1 + df))),
        N_("use the natural logarithm."): (
            *_by(lambda n, df: 1 + np.log2((1 + n) / (1 + df))),
            *_by(lambda n, df: 1 + np.log10((1 + n) / (1 + df))),
        ),
        N_("your fraction is upside down."): _by(lambda n, df: 1 + np.log((1 + df) / (1 + n))),
    },
    advice=N_("Try two texts and two terms by hand."),
)  # fmt: skip


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


def _odds(counts: np.ndarray, positive: np.ndarray, part: Callable) -> np.ndarray:
    return np.log(part(counts[positive])) - np.log(part(counts[~positive]))


def _log_odds(counts: np.ndarray, positive: np.ndarray, alpha: float) -> np.ndarray:
    return _odds(counts, positive, lambda c: (c.sum(0) + alpha) / (c.sum(0) + alpha).sum())


def _labelled_counts(rng: np.random.Generator) -> Iterator[Case]:
    for _trial in range(12):
        n = rng.integers(8, 13)
        counts = rng.poisson(1.5, size=(n, rng.integers(3, 7)))
        counts[0] += 1
        positive = np.arange(n) < rng.integers(2, n - 2)
        counts[~positive, 0] = 0  # a word that only positive texts hold
        order = rng.permutation(n)
        yield Case(counts[order], positive[order], float(rng.uniform(0.2, 2.5)))


exercise(
    "01.3",
    "a function (counts, positive, alpha) that returns log-odds of shape (n_words,)",
    solve=_log_odds,
    cases=_labelled_counts,
    slips={
        N_("the sign is turned: words of positive texts get positive values."):
            lambda *given: -_log_odds(*given),
        N_("this is the ratio: take its logarithm."): lambda *given: np.exp(_log_odds(*given)),
        N_("use the natural logarithm."): (
            lambda *given: _log_odds(*given) / np.log(2),
            lambda *given: _log_odds(*given) / np.log(10),
        ),
        N_("you compared sums, not shares: divide each side by its total over all words."):
            lambda X, c, a: _odds(X, c, lambda x: a + x.sum(0)),
        N_("alpha is missing in the totals: they are the sums of (alpha + count)."):
            lambda X, c, a: _odds(X, c, lambda x: (a + x.sum(0)) / x.sum()),
        N_("the totals need alpha once per word, not once."):
            lambda X, c, a: _odds(X, c, lambda x: (a + x.sum(0)) / (a + x.sum())),
        N_("you added 1: add alpha."): lambda X, c, a: _log_odds(X, c, 1),
        N_("add alpha, or a word that one class lacks gets an infinite value."):
            lambda X, c, a: _log_odds(X, c, 0),
        N_("add alpha to each word's sum, not to every count."):
            lambda X, c, a: _log_odds(X + a, c, 0),
        N_("divide by the total of (alpha + count), not by the number of texts."): (
            lambda X, c, a: _odds(X, c, lambda x: (a + x.sum(0)) / len(x)),
            lambda X, c, a: _odds(X, c, lambda x: (a + x.sum(0)) / (a + len(x))),
        ),
        N_("you counted the texts that hold a word: add up the counts."):
            lambda X, c, a: _log_odds(1 * (X > 0), c, a),
    },
    advice=N_("Try two texts and two words by hand."),
)  # fmt: skip


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
