"""Checks of chapter 01, reading text."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

from mmtutor.course.checking import Hint, as_array, exercise

_CHARACTERS = "电影很好看不差菜贵酒店干净吵声音快慢天气热冷买卖东西书"
_MARKS = "，。！？"
_WORDS = ["good", "bad", "film", "food", "slow", "fast", "room", "clean", "dirty", "sound"]
_WORDS += ["great", "poor", "quiet", "loud", "price"]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, atol=1e-9))


def _length_one(rows: np.ndarray, order: int = 2, axis: int = 1) -> np.ndarray:
    norms = np.linalg.norm(rows, ord=order, axis=axis, keepdims=True)
    return rows / np.where(norms == 0, 1, norms)


# --- 01.1 ---------------------------------------------------------------------------------------


def _tfidf_mistakes(counts: np.ndarray) -> dict[str, list[np.ndarray]]:
    """What the typical mistakes give, by their hint."""
    n, tf = len(counts), counts.astype(float)
    df, total = (counts > 0).sum(axis=0), counts.sum(axis=0)
    idf = 1 + np.log((1 + n) / (1 + df))
    mistakes = {
        "the rows are not scaled: divide each by its Euclidean length.": [tf * idf],
        "you scaled the columns (axis 0): scale each text, axis 1.": [
            _length_one(tf * idf, axis=0)
        ],
        "you divided by the sum: divide by the Euclidean length.": [_length_one(tf * idf, order=1)],
        "this is the counts scaled to length 1: multiply by idf first.": [_length_one(tf)],
        "you replaced the counts by 0 and 1: tf is the count.": [_length_one((tf > 0) * idf)],
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = {
            "df is the number of texts that hold the term, (counts > 0).sum(axis=0), not how often "
            "it occurs in all.": 1 + np.log((1 + n) / (1 + total)),
            "that is the unsmoothed idf, ln(n / df): add the three ones.": np.log(n / df),
            "smooth inside the logarithm too: (1 + n) / (1 + df).": 1 + np.log(n / df),
            "add 1 outside the logarithm, else a term found in every text weighs nothing.": (
                np.log((1 + n) / (1 + df))
            ),
            "use the natural logarithm, not base 10.": 1 + np.log10((1 + n) / (1 + df)),
            "use the natural logarithm, not base 2.": 1 + np.log2((1 + n) / (1 + df)),
            "your fraction is upside down: (1 + n) / (1 + df).": 1 + np.log((1 + df) / (1 + n)),
        }
        for hint, weight in weights.items():
            mistakes[hint] = [
                np.nan_to_num(wrong) for wrong in (tf * weight, _length_one(tf * weight))
            ]
    return mistakes


def _table(rng: np.random.Generator) -> np.ndarray:
    """Random counts on which the right answer and all mistakes give different weights."""
    while True:
        counts = rng.poisson(0.9, size=(int(rng.integers(7, 11)), int(rng.integers(4, 7))))
        if (counts > 0).sum(axis=0).min() == 0 or counts.sum(axis=1).min() == 0:
            continue
        given = [wrong for each in _tfidf_mistakes(counts).values() for wrong in each]
        given.append(TfidfTransformer().fit_transform(counts).toarray())
        if len({(np.round(weights, 6) + 0.0).tobytes() for weights in given}) == len(given):
            return counts


def _name_tfidf_mistake(found: np.ndarray, counts: np.ndarray) -> None:
    for hint, wrong in _tfidf_mistakes(counts).items():
        if any(_same(np.nan_to_num(found), each) for each in wrong):
            raise Hint(hint)
    raise Hint("the weights differ from the formula; try two texts and two terms by hand.")


@exercise("01.1", "a function (counts) that returns TF-IDF weights of shape (n_texts, n_terms)")
def tfidf(answer, rng):
    for round_ in range(20):
        counts = _table(rng)
        if round_ == 19:
            counts[-1] = 0
        before = counts.copy()
        with np.errstate(all="ignore"):
            found = as_array(answer(counts), counts.shape, "the weights")
        if not np.array_equal(counts, before):
            raise Hint("your function changes its input counts; work on a copy.")
        right = TfidfTransformer().fit_transform(before).toarray()
        if round_ == 19 and np.isnan(found[-1]).any():
            raise Hint("a text without any term becomes NaN (0 / 0): its row must be 0.")
        if not _same(found, right):
            _name_tfidf_mistake(found, before)
    return "your weights equal scikit-learn's on 20 random tables, with an empty text in one."


# --- 01.2 ---------------------------------------------------------------------------------------


def _windows(text: str, n: int) -> list[str]:
    return [text[k : k + n] for k in range(len(text) - n + 1)]


def _stretches(text: str) -> list[str]:
    return "".join(" " if character in _MARKS else character for character in text).split()


def _name_ngram_mistake(found: list[str], text: str, n: int) -> None:
    runs = _stretches(text)
    right = [gram for run in runs for gram in _windows(run, n)]
    bare = "".join(runs)
    up_to = [gram for width in range(1, n + 1) for run in runs for gram in _windows(run, width)]
    for wrong, hint in [
        (
            _windows(bare, n),
            "your n-grams run across the comma: two characters on either side of a mark are not "
            "neighbours.",
        ),
        (_windows(text, n), "your n-grams hold punctuation: cut the text at its marks first."),
        (
            [gram for run in runs for gram in _windows(run, n)[:-1]],
            "the last n-gram of each stretch is lost: there are len(stretch) - n + 1 of them.",
        ),
        (
            [run[k : k + n] for run in runs for k in range(0, len(run), n)],
            "your n-grams do not overlap: start one at every character.",
        ),
        (
            [run[k : k + n] for run in runs for k in range(len(run))],
            "at the end of a stretch your n-grams get shorter than n: stop earlier.",
        ),
        (up_to, "return the n-grams of length n only, not the shorter ones too."),
        (runs, "you cut at the marks, as a default tokeniser does: now cut into characters."),
        (text.split(), "Chinese has no spaces to split at: take characters."),
    ]:
        if sorted(found) == sorted(wrong):
            raise Hint(hint)
    if sorted(gram.replace(" ", "") for gram in found) == sorted(right):
        raise Hint("join the characters without spaces: '不好', not '不 好'.")
    if len(set(right)) < len(right) and sorted(found) == sorted(set(right)):
        raise Hint("repeated n-grams are lost: return a list with repetitions, to be counted.")
    raise Hint(f"for {text!r} and n = {n} expected {right}, got {found}.")


@exercise("01.2", "a function (text, n) that returns a list of character n-grams")
def character_ngrams(answer, rng):
    for round_ in range(30):
        n = int(rng.integers(2, 4))
        stretches = ["".join(rng.choice(list(_CHARACTERS), size=k)) for k in rng.integers(4, 8, 3)]
        stretches[1] = stretches[0][:n] + stretches[1]  # a repetition
        text = "".join(run + mark for run, mark in zip(stretches, "，。！", strict=True))
        if round_ == 29:
            text, n = "好，" + text, 2
        found = answer(text, n)
        if isinstance(found, str) or not hasattr(found, "__iter__"):
            raise Hint(f"return a list of strings, got {found!r:.60}.")
        if isinstance(found, set | frozenset | dict):
            raise Hint("repeated n-grams are lost: return a list with repetitions, to be counted.")
        found = list(found)
        if not all(isinstance(gram, str) for gram in found):
            raise Hint("each n-gram is a string such as '不好'; join its characters.")
        right = [gram for run in _stretches(text) for gram in _windows(run, n)]
        if sorted(found) != sorted(right):
            _name_ngram_mistake(found, text, n)
    try:
        if len(list(answer("", 2))):
            raise Hint("an empty text has no n-grams: return an empty list.")
    except (IndexError, ValueError) as error:
        raise Hint(f"an empty text must give an empty list, but raised {error!r}.") from None
    return "your n-grams are right for 30 random texts, and for an empty one."


# --- 01.3 ---------------------------------------------------------------------------------------


def _name_odds_mistake(found: np.ndarray, counts: np.ndarray, c: np.ndarray, alpha: float) -> None:
    p, q = counts[c].sum(axis=0), counts[~c].sum(axis=0)
    right = np.log((alpha + p) / (alpha + p).sum()) - np.log((alpha + q) / (alpha + q).sum())
    presence = np.log((alpha + (counts[c] > 0).sum(0)) / (alpha + (counts[~c] > 0).sum(0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        candidates = [
            (-right, "the sign is wrong: words of the positive texts get positive values."),
            (np.exp(right), "this is the ratio itself: take its logarithm."),
            (right / np.log(2), "use the natural logarithm, not base 2."),
            (right / np.log(10), "use the natural logarithm, not base 10."),
            (
                np.log((alpha + p) / (alpha + q)),
                "you compared sums, not shares: divide each side by its total over all words.",
            ),
            (
                np.log((alpha + p) / p.sum()) - np.log((alpha + q) / q.sum()),
                "alpha is missing in the totals: they are the sums of (alpha + count).",
            ),
            (
                np.log((alpha + p) / (alpha + p.sum())) - np.log((alpha + q) / (alpha + q.sum())),
                "the totals need alpha once per word, not once.",
            ),
            (
                np.log((1 + p) / (1 + p).sum()) - np.log((1 + q) / (1 + q).sum()),
                "you added 1: add alpha.",
            ),
            (
                np.log((alpha + p) / c.sum()) - np.log((alpha + q) / (~c).sum()),
                "you divided by the number of texts: divide by the number of words, with alpha.",
            ),
            (presence, "you counted texts, and did not turn them into shares of all words."),
        ]
    for wrong, hint in candidates:
        if _same(found, wrong):
            raise Hint(hint)
    raise Hint("the log-odds differ from the formula; try two texts and two words by hand.")


def _labelled_counts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Counts and labels for which no two of the mistakes above give the same numbers."""
    while True:
        n, words = int(rng.integers(8, 13)), int(rng.integers(3, 7))
        counts = rng.poisson(1.0, size=(n, words))
        counts[0] = 1 + rng.poisson(1.0, size=words)
        positive = np.arange(n) < 3  # fewer than half, so that counts of texts differ
        counts[~positive, 0] = 0  # a word that only positive texts hold
        p, q = counts[positive].sum(), counts[~positive].sum()
        if p != q and p * (n - 3) != q * 3 and counts[positive].max() > 1 < counts[~positive].max():
            return counts, positive


@exercise("01.3", "a function (counts, positive, alpha) that returns log-odds of shape (n_words,)")
def log_odds(answer, rng):
    for _ in range(20):
        counts, positive = _labelled_counts(rng)
        words, alpha = counts.shape[1], float(rng.uniform(0.2, 2.5))
        before = counts.copy(), positive.copy()
        with np.errstate(all="ignore"):
            found = as_array(answer(counts, positive, alpha), (words,), "the log-odds")
        if not (np.array_equal(counts, before[0]) and np.array_equal(positive, before[1])):
            raise Hint("your function changes its input; work on a copy.")
        if not np.isfinite(found).all():
            raise Hint(
                "a word that one class lacks gets an infinite value: add alpha to every word's sum."
            )
        bayes = MultinomialNB(alpha=alpha).fit(counts, positive)
        if not _same(found, bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]):
            _name_odds_mistake(found, counts, positive, alpha)
    return "your log-odds equal those of scikit-learn's MultinomialNB on 20 random tables."


# --- 01.4 ---------------------------------------------------------------------------------------


def _some_texts(rng: np.random.Generator, n: int, words: list[str]) -> list[str]:
    return [" ".join(rng.choice(words, size=int(rng.integers(3, 8)))) for _ in range(n)]


def _gram(A: Any, B: Any) -> np.ndarray:
    """Scalar products of texts: they do not depend on the order of the columns."""
    product = A @ B.T
    return product.toarray() if sparse.issparse(product) else np.asarray(product)


@exercise("01.4", "a function (train, test) that returns two TF-IDF matrices")
def honest_vectors(answer, rng):
    for _ in range(5):
        train, test = _some_texts(rng, 12, _WORDS[:9]), _some_texts(rng, 7, _WORDS[4:])
        result = answer(list(train), list(test))
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise Hint("return two matrices: (X_train, X_test).")
        A, B = (X if sparse.issparse(X) else np.asarray(X) for X in result)
        if A.ndim != 2 or B.ndim != 2:
            raise Hint("each matrix has shape (n_texts, n_words).")
        if (A.shape[0], B.shape[0]) == (len(test), len(train)):
            raise Hint("the matrices are in the wrong order: training texts first.")
        if (A.shape[0], B.shape[0]) != (len(train), len(test)):
            raise Hint(
                f"expected {len(train)} and {len(test)} rows, got {A.shape[0]} and {B.shape[0]}."
            )
        own = TfidfVectorizer().fit(test)
        if B.shape[1] != A.shape[1] or (
            _same(_gram(A, A), _gram(*[TfidfVectorizer().fit_transform(train)] * 2))
            and _same(_gram(B, B), _gram(*[own.transform(test)] * 2))
        ):
            raise Hint(
                "training and test texts have vocabularies of their own, so their columns mean "
                "different words: fit once, on train, and only transform test."
            )
        for fitted_on, hint in [
            (train, ""),
            (train + test, "the test texts shaped vocabulary and idf: fit on train alone."),
            (test, "you fitted on the test texts: fit on train."),
        ]:
            tfidf = TfidfVectorizer().fit(fitted_on)
            P, Q = tfidf.transform(train), tfidf.transform(test)
            if all(
                _same(_gram(*a), _gram(*b))
                for a, b in zip(((A, A), (A, B), (B, B)), ((P, P), (P, Q), (Q, Q)), strict=True)
            ):
                if hint:
                    raise Hint(hint)
                break
        else:
            pairs = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(train)
            if _same(_gram(A, A), _gram(pairs, pairs)):
                raise Hint("you counted pairs of words too: use single words, ngram_range=(1, 1).")
            if float(A.max()) > 1 + 1e-9:
                raise Hint("these are counts, not TF-IDF weights of length 1.")
            raise Hint(
                "the matrices differ from TF-IDF of single words with idf from the training texts."
            )
    return "vocabulary and idf come from the training texts alone, in 5 random splits."
