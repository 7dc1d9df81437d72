"""Answers to the exercises of chapter 01."""

import re
from collections import Counter
from math import log

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import normalize

from mmtutor import text

MARKS = r"[，。！？]"


# 01.1


def idf(counts):
    return 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0)))


def l2(rows, axis=1):
    return rows / np.linalg.norm(rows, axis=axis, keepdims=True)


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


def tfidf_float32(counts):
    weights = counts.astype(np.float32) * idf(counts).astype(np.float32)
    return weights / np.maximum(np.sqrt((weights**2).sum(1, keepdims=True)), np.float32(1e-12))


def spoil(counts):
    counts *= 2
    return normalize(counts * idf(counts))


# 01.2


def by_windows(chinese, n):
    runs = re.split(MARKS, chinese)
    return [run[k : k + n] for run in runs for k in range(len(run) - n + 1)]


def by_filter(chinese, n):
    grams = (chinese[k : k + n] for k in range(len(chinese) - n + 1))
    return [gram for gram in grams if not re.search(MARKS, gram)]


def by_walking(chinese, n):
    grams, clause = [], ""
    for character in chinese:
        clause = "" if character in "，。！？" else clause + character
        if len(clause) >= n:
            grams.append(clause[-n:])
    return grams


def until_a_mark(chinese, n):
    grams, clause = [], ""
    for character in chinese:
        if character in "，。！？":
            grams += [clause[k : k + n] for k in range(len(clause) - n + 1)]
            clause = ""
        else:
            clause += character
    return grams


def runs(cut):
    return lambda t, n: [gram for run in re.split(MARKS, t) for gram in cut(run, n)]


# 01.3


def odds(counts, positive, alpha):
    p, q = alpha + counts[positive].sum(axis=0), alpha + counts[~positive].sum(axis=0)
    return np.log((p / p.sum()) / (q / q.sum()))


def odds_by_loops(counts, positive, alpha):
    words = range(counts.shape[1])
    p, q = (
        [
            alpha + sum(row[w] for row, c in zip(counts, positive, strict=True) if c == side)
            for w in words
        ]
        for side in (True, False)
    )
    return [log(p[w]) - log(sum(p)) - log(q[w]) + log(sum(q)) for w in words]


def odds_by_bayes(counts, positive, alpha):
    bayes = MultinomialNB(alpha=alpha).fit(counts, positive)
    return bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]


def odds_float32(counts, positive, alpha):
    p, q = (np.float32(alpha) + counts[c].sum(0).astype(np.float32) for c in (positive, ~positive))
    return np.log(p) - np.log(q) - np.log(p.sum()) + np.log(q.sum())


def odds_with(total):
    def answer(counts, c, alpha):
        p, q = counts[c].sum(axis=0), counts[~c].sum(axis=0)
        return np.log((alpha + p) / total(p, alpha)) - np.log((alpha + q) / total(q, alpha))

    return answer


# 01.4


def by_scikit_learn(train, test, **settings):
    tfidf = TfidfVectorizer(**settings)
    return tfidf.fit_transform(train), tfidf.transform(test)


def by_package(train, test):
    tfidf = text.TfidfFeatures(ngram_range=(1, 1)).fit(train)
    return tfidf.transform(train).toarray(), tfidf.transform(test).toarray()


def in_two_steps(train, test):
    count = CountVectorizer().fit(train)
    weigh = TfidfTransformer().fit(count.transform(train))
    return [weigh.transform(count.transform(texts)) for texts in (train, test)]


def by_hand(train, test):
    words = sorted({word for t in train for word in t.split()})
    weight = {
        w: 1 + log((1 + len(train)) / (1 + sum(w in t.split() for t in train))) for w in words
    }
    rows = [
        [[t.split().count(w) * weight[w] for w in words] for t in texts] for texts in (train, test)
    ]
    return tuple(l2(np.array(table)) for table in rows)


def reversed_columns(train, test):
    A, B = by_package(train, test)
    return A[:, ::-1].astype(np.float32), B[:, ::-1].astype(np.float32)


def fitted(on, **settings):
    def answer(train, test):
        tfidf = TfidfVectorizer(**settings).fit({"test": test, "both": train + test}[on])
        return tfidf.transform(train), tfidf.transform(test)

    return answer


def idf_of_all(train, test):
    words = TfidfVectorizer().fit(train).vocabulary_
    return fitted("both", vocabulary=words)(train, test)


def counted(train, test):
    count = CountVectorizer().fit(train)
    return count.transform(train), count.transform(test)


def each_for_itself(train, test):
    return TfidfVectorizer().fit_transform(train), TfidfVectorizer().fit_transform(test)


def idf_refitted(train, test):
    count = CountVectorizer().fit(train)
    return tuple(
        TfidfTransformer().fit_transform(count.transform(texts)) for texts in (train, test)
    )


def shuffled(train, test):
    A, B = by_package(train, test)
    return A, B[:, ::-1]


RIGHT = {
    "01.1": [
        tfidf_by_loops,
        tfidf_float32,
        lambda c: normalize(c * idf(c)),
        lambda c: TfidfTransformer().fit_transform(c),
        lambda c: normalize(c / np.maximum(c.sum(1, keepdims=True), 1) * idf(c)),  # length cancels
        lambda c: np.nan_to_num(l2(c * idf(c))),
    ],
    "01.2": [
        by_windows,
        by_filter,
        by_walking,
        lambda t, n: re.findall(rf"(?=([^，。！？]{{{n}}}))", t),
        lambda t, n: text.ngrams(t, "zh", (n, n)),
        lambda t, n: tuple(by_windows(t, n)),
        lambda t, n: np.array(by_walking(t, n)[::-1]),
    ],
    "01.3": [
        odds,
        odds_by_loops,
        odds_by_bayes,
        odds_float32,
        lambda X, c, a: text.log_odds(X, c, positive=True, alpha=a),
    ],
    "01.4": [by_scikit_learn, by_package, in_two_steps, by_hand, reversed_columns],
}

WRONG = {
    "01.1": [
        (lambda c: c * idf(c), "to Euclidean length 1"),
        (lambda c: l2(c * idf(c), axis=0), "not the columns"),
        (lambda c: normalize(c * idf(c), norm="l1"), "not by the sum"),
        (lambda c: normalize(c.astype(float)), "multiply by idf"),
        (lambda c: normalize((c > 0) * idf(c)), "not 0 or 1"),
        (lambda c: normalize(c * (1 + np.log((1 + len(c)) / (1 + c.sum(0))))), "not how often"),
        (lambda c: normalize(np.nan_to_num(c * np.log(len(c) / (c > 0).sum(0)))), "unsmoothed"),
        (lambda c: c * np.log(len(c) / (c > 0).sum(0)), "unsmoothed"),
        (lambda c: c * (1 + np.log(len(c) / (c > 0).sum(0))), "inside the logarithm"),
        (lambda c: normalize(c * (idf(c) - 1)), "add 1 outside"),
        (lambda c: normalize(c * (1 + (idf(c) - 1) / np.log(10))), "natural logarithm"),
        (lambda c: normalize(c * (2 - idf(c))), "upside down"),
        (lambda c: l2(c * idf(c)), "not 0 / 0"),
        (lambda c: normalize(c * idf(c)).T, "shape"),
        (lambda c: idf(c), "shape"),
        (lambda c: normalize(c**2.0 * idf(c)), "by hand"),
        (lambda c: normalize(c * idf(c.T)[: c.shape[1]].mean()), "multiply by idf"),
        (lambda c: normalize(c, norm="max") * idf(c), "differs most"),
        (lambda c: (c > 0).sum(axis=0)[:, None], "shape"),
        (spoil, "changes its input c"),
        (lambda c: c.nothing, "stopped with AttributeError"),
    ],
    "01.2": [
        (lambda t, n: by_windows(re.sub(MARKS, "", t), n), "across a mark"),
        (lambda t, n: [t[k : k + n] for k in range(len(t) - n + 1)], "hold punctuation"),
        (runs(lambda r, n: [r[k : k + n] for k in range(len(r) - n)]), "last n-gram"),
        (runs(lambda r, n: [r[k : k + n] for k in range(0, len(r), n)]), "do not overlap"),
        (runs(lambda r, n: [r[k : k + n] for k in range(len(r))]), "shorter than n"),
        (lambda t, n: text.ngrams(t, "zh", (1, n)), "not the shorter ones"),
        (lambda t, n: re.findall("[^，。！？]+", t), "as a default tokeniser does"),
        (lambda t, n: t.split(), "no spaces"),
        (lambda t, n: [" ".join(g) for g in by_windows(t, n)], "without spaces"),
        (lambda t, n: set(by_windows(t, n)), "repeated n-grams are lost"),
        (lambda t, n: sorted(set(by_windows(t, n))), "repeated n-grams are lost"),
        (lambda t, n: Counter(by_windows(t, n)), "repeated n-grams are lost"),
        (lambda t, n: [tuple(g) for g in by_windows(t, n)], "join its characters"),
        (lambda t, n: "".join(by_windows(t, n)), "list of strings"),
        (until_a_mark, "need not end with a mark"),
        (lambda t, n: by_windows(t[:-1], n), ""),
        (runs(lambda r, n: [r[k : k + n] for k in range(1, len(r) - n + 1)]), "expected ["),
        (
            lambda t, n: [
                r[k : k + n] for r in re.split("[，。！]", t) for k in range(len(r) - n + 1)
            ],
            "one of them is forgotten",
        ),
        (lambda t, n: by_windows(t, 2), ""),
        (lambda t, n: by_windows(t, n) * 2, "expected ["),
    ],
    "01.3": [
        (lambda X, c, a: -odds(X, c, a), "the sign"),
        (lambda X, c, a: np.exp(odds(X, c, a)), "take its logarithm"),
        (lambda X, c, a: odds(X, c, a) / np.log(2), "natural logarithm"),
        (lambda X, c, a: odds(X, c, 0), "infinite"),
        (lambda X, c, a: odds(X, c, 1), "add alpha"),
        (odds_with(lambda p, a: 1), "not shares"),
        (odds_with(lambda p, a: p.sum()), "missing in the totals"),
        (odds_with(lambda p, a: p.sum() + a), "once per word"),
        (
            lambda X, c, a: (
                np.log((a + X[c].sum(0)) / c.sum()) - np.log((a + X[~c].sum(0)) / (~c).sum())
            ),
            "number of texts",
        ),
        (lambda X, c, a: odds(X + a, c, 0), "not to every count"),
        (lambda X, c, a: odds((X > 0).astype(int), c, a), "counted the texts"),
        (lambda X, c, a: odds(X, c, a)[:, None], "shape"),
        (lambda X, c, a: odds(X, c, a) * 3, "by hand"),
        (lambda X, c, a: odds(X, ~c, a), "the sign"),
        (lambda X, c, a: odds(X, c, a) - odds(X, c, a).mean(), "differs most at"),
        (lambda X, c, a: odds(X, np.arange(len(X)) < 3, a), "differs most at"),
        (lambda X, c, a: np.log((a + X[c].mean(0)) / (a + X[~c].mean(0))), "differs most at"),
    ],
    "01.4": [
        (fitted("both"), "fit on train alone"),
        (fitted("test"), "you fitted on the test texts"),
        (each_for_itself, "same columns"),
        (lambda train, test: by_scikit_learn(train, test, ngram_range=(1, 2)), "not pairs"),
        (counted, "these are counts"),
        (lambda train, test: by_scikit_learn(train, test, use_idf=False), "these are counts"),
        (lambda train, test: by_scikit_learn(train, test, norm=None), "to length 1"),
        (lambda train, test: by_scikit_learn(train, test, smooth_idf=False), "smoothed"),
        (idf_of_all, "knows the test texts"),
        (idf_refitted, "knows the test texts"),
        (shuffled, "Fit once"),
        (lambda train, test: by_scikit_learn(train, test)[::-1], "wrong order"),
        (lambda train, test: by_scikit_learn(train, test)[1], "two matrices"),
        (lambda train, test: (by_scikit_learn(train, test)[0],) * 2, "rows, got"),
        (lambda train, test: (train, test), "has shape"),
        (lambda train, test: by_scikit_learn(train, test, binary=True), ""),
        (lambda train, test: by_scikit_learn(train, test, analyzer="char"), "Fit once"),
    ],
}
