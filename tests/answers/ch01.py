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


def tf(counts):
    return np.where(counts > 0, 1 + np.log(np.where(counts > 0, counts, 1)), 0)


def sublinear_by_loops(counts):
    n, rows = len(counts), []
    for row in counts:
        weights = [
            (1 + log(c)) * (1 + log((1 + n) / (1 + sum(r[t] > 0 for r in counts)))) if c else 0.0
            for t, c in enumerate(row)
        ]
        length = sum(w * w for w in weights) ** 0.5
        rows.append([w / length if length else 0.0 for w in weights])
    return rows


def sublinear_in_float32(counts):
    weights = tf(counts).astype(np.float32) * idf(counts).astype(np.float32)
    return weights / np.maximum(np.sqrt((weights**2).sum(1, keepdims=True)), np.float32(1e-12))


def masked(counts):
    present, weights = counts > 0, counts.astype(float)
    weights[present] = 1 + np.log(weights[present])
    return normalize(weights * idf(counts))


def with_tf(change):
    return lambda c: normalize(np.nan_to_num(change(c) * idf(c)))


def with_idf(change):
    return lambda c: normalize(np.nan_to_num(tf(c) * change(len(c), (c > 0).sum(axis=0))))


def spoil(counts):
    counts *= 2
    return normalize(tf(counts) * idf(counts))


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


def ratios(counts, chosen, alpha):
    p, q = alpha + counts[chosen].sum(axis=0), alpha + counts[~chosen].sum(axis=0)
    return np.log((p / p.sum()) / (q / q.sum()))


def in_texts(counts):
    return (counts > 0).sum(axis=0)


def by_loops(counts, labels, name, k, least, alpha=1.0):
    scored = []
    for word in range(counts.shape[1]):
        p = alpha + sum(
            c for c, label in zip(counts[:, word], labels, strict=True) if label == name
        )
        q = alpha + sum(
            c for c, label in zip(counts[:, word], labels, strict=True) if label != name
        )
        if sum(c > 0 for c in counts[:, word]) >= least:
            scored.append((p / q, word))  # the totals are the same for all words
    return [word for _, word in sorted(scored, reverse=True)[:k]]


def by_bayes(counts, labels, name, k, least, alpha=1.0):
    bayes = MultinomialNB(alpha=alpha).fit(counts, labels == name)
    r = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    r[in_texts(counts) < least] = -np.inf
    return np.argsort(r)[-k:][::-1]


def by_columns(counts, labels, name, k, least, alpha=1.0):
    columns = np.flatnonzero(in_texts(counts) >= least)
    r = text.log_count_ratio(counts[:, columns], labels, positive=name, alpha=alpha)
    return columns[np.argsort(-r)[:k]]


def by_package(counts, labels, name, k, least, alpha=1.0):
    r = text.log_count_ratio(counts, labels, positive=name, alpha=alpha)
    return [int(w) for w in np.argsort(-r) if in_texts(counts)[w] >= least][:k]


def by_float32(counts, labels, name, k, least, alpha=1.0):
    r = ratios(counts, labels == name, alpha).astype(np.float32)
    return tuple(np.lexsort((-r, in_texts(counts) < least))[:k].astype(np.int32))


def rare_dropped_first(counts, labels, name, k, least, alpha=1.0):
    counts = counts[:, in_texts(counts) >= least]
    return np.argsort(-ratios(counts, labels == name, alpha))[:k]


def telling(r=None, often=None, order=-1):
    """An answer with one thing changed: the value to sort by, or who is left out."""

    def answer(counts, labels, name, k, least, alpha=1.0):
        chosen = labels == name
        value = (r or ratios)(counts, chosen, alpha)
        kept = in_texts(counts) >= least if often is None else often(counts, chosen, least)
        columns = np.flatnonzero(kept)
        return columns[np.argsort(order * value[columns])[:k]]

    return answer


def zeroed(counts, labels, name, k, least, alpha=1.0):
    counts[:, in_texts(counts) < least] = 0
    return np.argsort(-ratios(counts, labels == name, alpha))[:k]


# 01.4


def by_scikit_learn(train, test, **settings):
    tfidf = TfidfVectorizer(**settings)
    return tfidf.fit_transform(train), tfidf.transform(test)


def with_package(train, test):
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
    A, B = with_package(train, test)
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
    A, B = with_package(train, test)
    return A, B[:, ::-1]


RIGHT = {
    "01.1": [
        sublinear_by_loops,
        sublinear_in_float32,
        masked,
        lambda c: normalize(tf(c) * idf(c)),
        lambda c: TfidfTransformer(sublinear_tf=True).fit_transform(c),
        lambda c: np.nan_to_num(l2(tf(c) * idf(c))),
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
    "01.3": [by_loops, by_bayes, by_columns, by_package, by_float32, telling()],
    "01.4": [by_scikit_learn, with_package, in_two_steps, by_hand, reversed_columns],
}

WRONG = {
    "01.1": [
        (lambda c: tf(c) * idf(c), "to Euclidean length 1"),
        (lambda c: np.nan_to_num(l2(tf(c) * idf(c), axis=0)), "not the columns"),
        (lambda c: normalize(tf(c) * idf(c), norm="l1"), "not by the sum"),
        (lambda c: normalize(tf(c)), "multiply by idf"),
        (lambda c: normalize(c * idf(c)), "section 3's own formula"),
        (lambda c: normalize((c > 0) * idf(c)), "0 or 1"),
        (with_tf(np.log1p), "ln(1) = 1"),
        (with_tf(lambda c: 1 + np.log(np.maximum(c, 1))), "and one that is absent 0"),
        (with_tf(lambda c: np.log(np.maximum(c, 1))), "ln(1) = 1"),
        (lambda c: normalize(tf(c) * (1 + np.log((1 + len(c)) / (1 + c.sum(0))))), "not how often"),
        (with_idf(lambda n, df: np.log(n / df)), "three ones"),
        (with_idf(lambda n, df: 1 + np.log(n / df)), "three ones"),
        (with_idf(lambda n, df: np.log((1 + n) / (1 + df))), "three ones"),
        (with_idf(lambda n, df: 1 + np.log10((1 + n) / (1 + df))), "natural logarithm"),
        (with_idf(lambda n, df: 1 - np.log((1 + n) / (1 + df))), "upside down"),
        (lambda c: l2(tf(c) * idf(c)), ""),
        (lambda c: normalize((1 + np.log(c)) * idf(c)), ""),
        (lambda c: normalize(tf(c) * idf(c)).T, "shape"),
        (lambda c: idf(c), "shape"),
        (with_tf(np.sqrt), "by hand"),
        (lambda c: normalize(tf(c) * idf(c) ** 2), "differs most"),
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
        (lambda *given: by_package(*given)[::-1], "comes first"),
        (telling(order=1), "the other way"),
        (telling(often=lambda X, c, least: X.any(axis=0) | True), "must be left out"),
        (telling(often=lambda X, c, least: X.sum(axis=0) >= least), "*texts*"),
        (telling(often=lambda X, c, least: in_texts(X[c]) >= least), ""),
        (telling(often=lambda X, c, least: in_texts(X) > least), "exactly `least`"),
        (telling(lambda X, c, a: ratios(X, c, 1)), "alpha as it is given"),
        (telling(lambda X, c, a: ratios(1 * (X > 0), c, a)), ""),
        (rare_dropped_first, "numbers of their columns"),
        (telling(lambda X, c, a: X[c].sum(axis=0) - X[~c].sum(axis=0)), ""),
        (telling(lambda X, c, a: X[c].sum(axis=0)), ""),
        (telling(lambda X, c, a: X[c].mean(axis=0) / (a + X[~c].mean(axis=0))), ""),
        (telling(lambda X, c, a: np.abs(ratios(X, c, a))), ""),
        (lambda X, y, name, k, least, a: by_package(X, y, name, k + 1, least, a), "shape"),
        (lambda X, y, name, k, least, a: by_package(X, y, "neutral", k, least, a), ""),
        (lambda X, y, name, k, least, a: sorted(by_package(X, y, name, k, least, a)), ""),
        (lambda X, y, name, k, least, a: ratios(X, y == name, a), "shape"),
        (lambda X, y, name, k, least, a: np.sort(ratios(X, y == name, a))[::-1][:k], ""),
        (lambda X, y, name, k: [0] * k, "stopped with TypeError"),
        (zeroed, "changes its input counts"),
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
