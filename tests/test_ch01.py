"""Chapter 01's checks name the typical mistakes and accept right answers however written."""

from __future__ import annotations

import re
from collections import Counter
from math import log

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.preprocessing import normalize

from mmtutor import text
from mmtutor.exercises import examine, numbers

MARKS = r"[，。！？]"


def idf(counts):
    return 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))


def passes(number, answer):
    for _ in range(5):  # the inputs are random
        verdict = examine(number, answer)
        assert verdict.passed, verdict.message


def is_told(number, answer, hint):
    for _ in range(5):
        verdict = examine(number, answer)
        assert not verdict.passed
        assert hint in verdict.message, verdict.message


def test_the_chapter_has_four_exercises():
    assert numbers("01") == ["01.1", "01.2", "01.3", "01.4"]


# --- 01.1 ---------------------------------------------------------------------------------------


def tfidf_by_loops(counts):
    n, rows = len(counts), []
    for row in counts:
        weights = [
            tf * (1 + log((1 + n) / (1 + sum(r[t] > 0 for r in counts))))
            for t, tf in enumerate(row)
        ]
        length = sum(w * w for w in weights) ** 0.5
        rows.append([w / length if length else 0.0 for w in weights])
    return rows


def tfidf_of_shares(counts):
    tf = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)  # the length cancels
    return normalize(tf * idf(counts))


@pytest.mark.parametrize(
    "answer",
    [
        tfidf_by_loops,
        tfidf_of_shares,
        lambda counts: normalize(counts * idf(counts)),
        lambda counts: TfidfTransformer().fit_transform(counts),
    ],
)
def test_tfidf_right(answer):
    passes("01.1", answer)


def l2(rows, axis=1):
    return rows / np.linalg.norm(rows, axis=axis, keepdims=True)


def spoil(counts):
    counts *= 2
    return normalize(counts * idf(counts))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda c: c * idf(c), "not scaled"),
        (lambda c: l2(c * idf(c), axis=0), "scaled the columns"),
        (lambda c: normalize(c * idf(c), norm="l1"), "divided by the sum"),
        (lambda c: normalize(c.astype(float)), "multiply by idf"),
        (lambda c: normalize((c > 0) * idf(c)), "by 0 and 1"),
        (lambda c: normalize(c * (1 + np.log((1 + len(c)) / (1 + c.sum(0))))), "not how often"),
        (lambda c: normalize(c * np.log(len(c) / (c > 0).sum(0))), "unsmoothed"),
        (lambda c: c * np.log(len(c) / (c > 0).sum(0)), "unsmoothed"),
        (lambda c: normalize(c * (1 + np.log(len(c) / (c > 0).sum(0)))), "inside the logarithm"),
        (lambda c: normalize(c * (idf(c) - 1)), "add 1 outside"),
        (lambda c: normalize(c * (1 + (idf(c) - 1) / np.log(10))), "not base 10"),
        (lambda c: normalize(c * (1 + (idf(c) - 1) / np.log(2))), "not base 2"),
        (lambda c: normalize(c * (2 - idf(c))), "upside down"),
        (lambda c: l2(c * idf(c)), "becomes NaN"),
        (lambda c: normalize(c * idf(c)).T, "got shape"),
        (lambda c: idf(c), "got shape"),
        (lambda c: "weights", "must be an array of numbers"),
        (lambda c: normalize(c**2.0 * idf(c)), "by hand"),
        (spoil, "changes its input"),
        (lambda c: c.nothing, "stopped with AttributeError"),
        (lambda c: None, "returns nothing yet"),
    ],
)
def test_tfidf_wrong(answer, hint):
    is_told("01.1", answer, hint)


# --- 01.2 ---------------------------------------------------------------------------------------


def by_windows(text_, n):
    runs = re.split(MARKS, text_)
    return [run[k : k + n] for run in runs for k in range(len(run) - n + 1)]


def by_lookahead(text_, n):
    return re.findall(rf"(?=([^，。！？]{{{n}}}))", text_)


def by_filter(text_, n):
    grams = (text_[k : k + n] for k in range(len(text_) - n + 1))
    return [gram for gram in grams if not re.search(MARKS, gram)]


@pytest.mark.parametrize(
    "answer",
    [
        by_windows,
        by_lookahead,
        by_filter,
        lambda t, n: text.ngrams(t, "zh", (n, n)),
        lambda t, n: tuple(by_windows(t, n)),
    ],
)
def test_character_ngrams_right(answer):
    passes("01.2", answer)


def bare(t):
    return re.sub(MARKS, "", t)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda t, n: by_windows(bare(t), n), "across the comma"),
        (lambda t, n: [t[k : k + n] for k in range(len(t) - n + 1)], "hold punctuation"),
        (
            lambda t, n: [r[k : k + n] for r in re.split(MARKS, t) for k in range(len(r) - n)],
            "last n-gram",
        ),
        (
            lambda t, n: [r[k : k + n] for r in re.split(MARKS, t) for k in range(0, len(r), n)],
            "do not overlap",
        ),
        (
            lambda t, n: [r[k : k + n] for r in re.split(MARKS, t) for k in range(len(r))],
            "shorter than n",
        ),
        (lambda t, n: text.ngrams(t, "zh", (1, n)), "not the shorter ones"),
        (lambda t, n: CountVectorizer().build_analyzer()(t), "as a default tokeniser does"),
        (lambda t, n: t.split(), "no spaces"),
        (lambda t, n: [" ".join(g) for g in by_windows(t, n)], "without spaces"),
        (lambda t, n: set(by_windows(t, n)), "repeated n-grams are lost"),
        (lambda t, n: sorted(set(by_windows(t, n))), "repeated n-grams are lost"),
        (lambda t, n: Counter(by_windows(t, n)), "repeated n-grams are lost"),
        (lambda t, n: [tuple(g) for g in by_windows(t, n)], "join its characters"),
        (lambda t, n: "".join(by_windows(t, n)), "list of strings"),
        (lambda t, n: by_windows(t, n) if t else [""], "an empty text"),
        (lambda t, n: by_windows(t, n)[:-1], "expected ["),
    ],
)
def test_character_ngrams_wrong(answer, hint):
    is_told("01.2", answer, hint)


# --- 01.3 ---------------------------------------------------------------------------------------


def odds(counts, positive, alpha):
    p, q = alpha + counts[positive].sum(axis=0), alpha + counts[~positive].sum(axis=0)
    return np.log((p / p.sum()) / (q / q.sum()))


def odds_by_loops(counts, positive, alpha):
    words = range(counts.shape[1])
    p = [alpha + sum(row[w] for row, c in zip(counts, positive, strict=True) if c) for w in words]
    q = [
        alpha + sum(row[w] for row, c in zip(counts, positive, strict=True) if not c) for w in words
    ]
    return [log(p[w]) - log(sum(p)) - log(q[w]) + log(sum(q)) for w in words]


def sums(counts, c):
    return counts[c].sum(axis=0), counts[~c].sum(axis=0)


def with_constant(total):
    def answer(counts, c, alpha):
        p, q = sums(counts, c)
        return np.log((alpha + p) / total(p, alpha)) - np.log((alpha + q) / total(q, alpha))

    return answer


@pytest.mark.parametrize(
    "answer",
    [odds, odds_by_loops, lambda X, c, a: text.log_odds(X, c, positive=True, alpha=a)],
)
def test_log_odds_right(answer):
    passes("01.3", answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda X, c, a: -odds(X, c, a), "the sign"),
        (lambda X, c, a: np.exp(odds(X, c, a)), "take its logarithm"),
        (lambda X, c, a: odds(X, c, a) / np.log(2), "not base 2"),
        (lambda X, c, a: odds(X, c, a) / np.log(10), "not base 10"),
        (lambda X, c, a: odds(X, c, 0), "infinite"),
        (lambda X, c, a: odds(X, c, 1), "add alpha"),
        (lambda X, c, a: np.log((a + X[c].sum(0)) / (a + X[~c].sum(0))), "not shares"),
        (with_constant(lambda p, a: p.sum()), "missing in the totals"),
        (with_constant(lambda p, a: p.sum() + a), "once per word"),
        (
            lambda X, c, a: (
                np.log((a + X[c].sum(0)) / c.sum()) - np.log((a + X[~c].sum(0)) / (~c).sum())
            ),
            "number of texts",
        ),
        (lambda X, c, a: odds(X, c, a)[:, None], "got shape"),
        (lambda X, c, a: odds(X, c, a) * 3, "by hand"),
    ],
)
def test_log_odds_wrong(answer, hint):
    is_told("01.3", answer, hint)


# --- 01.4 ---------------------------------------------------------------------------------------


def by_scikit_learn(train, test):
    tfidf = TfidfVectorizer()
    return tfidf.fit_transform(train), tfidf.transform(test)


def by_package(train, test):
    tfidf = text.TfidfFeatures(ngram_range=(1, 1)).fit(train)
    return tfidf.transform(train).toarray(), tfidf.transform(test).toarray()


def in_two_steps(train, test):
    count = CountVectorizer().fit(train)
    weigh = TfidfTransformer().fit(count.transform(train))
    return [weigh.transform(count.transform(texts)) for texts in (train, test)]


def reversed_columns(train, test):
    A, B = by_package(train, test)
    return A[:, ::-1], B[:, ::-1]


@pytest.mark.parametrize("answer", [by_scikit_learn, by_package, in_two_steps, reversed_columns])
def test_honest_vectors_right(answer):
    passes("01.4", answer)


def fitted_on_all(train, test):
    tfidf = TfidfVectorizer().fit(train + test)
    return tfidf.transform(train), tfidf.transform(test)


def fitted_on_test(train, test):
    tfidf = TfidfVectorizer().fit(test)
    return tfidf.transform(train), tfidf.transform(test)


def with_pairs(train, test):
    tfidf = text.TfidfFeatures().fit(train)
    return tfidf.transform(train), tfidf.transform(test)


def counted(train, test):
    count = CountVectorizer().fit(train)
    return count.transform(train), count.transform(test)


def each_for_itself(train, test):
    return TfidfVectorizer().fit_transform(train), TfidfVectorizer().fit_transform(test)


def idf_of_all(train, test):
    tfidf = TfidfVectorizer(vocabulary=TfidfVectorizer().fit(train).vocabulary_).fit(train + test)
    return tfidf.transform(train), tfidf.transform(test)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (fitted_on_all, "fit on train alone"),
        (fitted_on_test, "you fitted on the test texts"),
        (each_for_itself, "vocabularies of their own"),
        (with_pairs, "pairs of words"),
        (counted, "counts, not TF-IDF"),
        (idf_of_all, "idf from the training texts"),
        (lambda train, test: by_scikit_learn(train, test)[::-1], "wrong order"),
        (lambda train, test: by_scikit_learn(train, test)[1], "return two matrices"),
        (lambda train, test: (by_scikit_learn(train, test)[0],) * 2, "rows, got"),
        (lambda train, test: (train, test), "has shape"),
    ],
)
def test_honest_vectors_wrong(answer, hint):
    is_told("01.4", answer, hint)
