"""Texts to features: against scikit-learn, against sums done by hand, and with bad input."""

from __future__ import annotations

import pickle
import unicodedata
from collections import Counter
from math import log, sqrt

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from mmtutor.datasets import load_reviews
from mmtutor.text import (
    BagOfWords,
    NaiveBayesSVM,
    TfidfFeatures,
    TokenSequences,
    log_count_ratio,
    ngrams,
    tokenise,
)

COLUMN_TRANSFORMERS = [BagOfWords, TfidfFeatures, TokenSequences]
ARTICLE = ["I love this movie", "This movie is terrible", "I hate this movie"]


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    return load_reviews().frame


# --- tokens -------------------------------------------------------------------------------------


def test_words_keep_one_letter_negation_and_either_apostrophe():
    assert tokenise("I can't; you won’t.") == ["i", "can't", "you", "won't"]
    # What scikit-learn's default makes of it, and why this module has tokens of its own:
    default = CountVectorizer().build_analyzer()
    assert default("I can't; you won't.") == ["can", "you", "won"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "text", ["amélie", "việt", "ångström café", "istanbul", "re\u0301sume\u0301", "x\u0331y"]
)
def test_an_accent_stored_apart_does_not_cut_the_word(text, language):
    whole = unicodedata.normalize("NFC", text).split()
    for form in ("NFC", "NFD"):
        for written in (text, text.title()):
            assert tokenise(unicodedata.normalize(form, written), language) == whole


def test_the_turkish_capital_i_is_one_letter():
    assert tokenise("İSTANBUL") == tokenise("I\u0307stanbul") == ["istanbul"]
    assert BagOfWords().fit(["İstanbul", "istanbul"]).vocabulary_ == {"istanbul": 0}


def test_words_drop_punctuation_quotes_and_emoji():
    assert tokenise("'Well-made' \U0001f600 café, 10/10 ... --") == [
        "well",
        "made",
        "café",
        "10",
        "10",
    ]
    assert tokenise("") == tokenise(" \n\t") == tokenise("?!") == []


def test_chinese_tokens_are_characters_and_latin_words_stay_whole():
    assert tokenise("不好吃！APP闪退2次", "zh") == [*"不好吃", "app", *"闪退", "2", "次"]
    # The default takes each stretch between punctuation for one word.
    assert CountVectorizer().build_analyzer()("电池不好，很贵。") == ["电池不好", "很贵"]


def test_ngrams_by_hand():
    assert ngrams("not good, sadly", ngram_range=(1, 3)) == [
        *("not", "good", "sadly"),
        *("not good", "good sadly"),
        "not good sadly",
    ]
    assert ngrams("不好，贵", "zh", (1, 2)) == ["不", "好", "贵", "不好"]
    assert ngrams("one", ngram_range=(2, 2)) == []


def test_an_unknown_language_is_named_with_the_choices():
    for estimator in COLUMN_TRANSFORMERS:
        with pytest.raises(ValueError, match="language is 'fr'; expected 'en' or 'zh'"):
            estimator("fr").fit(["bonjour"])
    with pytest.raises(ValueError, match="language is 'fr'"):
        tokenise("bonjour", "fr")


@pytest.mark.parametrize("function", [tokenise, ngrams])
@pytest.mark.parametrize("bad", [None, b"bytes", 3, ["a", "list"]])
def test_a_text_must_be_a_string(function, bad):
    with pytest.raises(TypeError, match="a text is a str"):
        function(bad)


# --- vectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ngram_range", [(1, 1), (1, 2), (2, 3)])
@pytest.mark.parametrize("binary", [False, True])
def test_english_bag_of_words_equals_scikit_learns_with_the_same_tokens(
    reviews, ngram_range, binary
):
    ours = BagOfWords(ngram_range=ngram_range, binary=binary, min_df=2)
    theirs = CountVectorizer(
        ngram_range=ngram_range, binary=binary, min_df=2, token_pattern=r"(?u)\w+(?:'\w+)*"
    )
    X = ours.fit_transform(reviews["english"])
    assert_array_equal(X.toarray(), theirs.fit_transform(reviews["english"]).toarray())
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


@pytest.mark.parametrize("sublinear_tf", [False, True])
def test_english_tfidf_equals_scikit_learns_with_the_same_tokens(reviews, sublinear_tf):
    train, test = reviews["english"][:500], reviews["english"][500:]
    ours = TfidfFeatures(sublinear_tf=sublinear_tf).fit(train)
    theirs = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=sublinear_tf, token_pattern=r"(?u)\w+(?:'\w+)*"
    ).fit(train)
    assert_allclose(ours.transform(test).toarray(), theirs.transform(test).toarray(), atol=1e-12)
    assert_allclose(ours.idf_, theirs.idf_, rtol=1e-12)


def test_chinese_bag_of_words_equals_a_count_of_characters(reviews):
    X = BagOfWords("zh", ngram_range=(1, 2)).fit(reviews["chinese"])
    names = X.get_feature_names_out()
    counts = X.transform(reviews["chinese"]).toarray()
    for row in (0, 99, 500):
        expected: Counter[str] = Counter()
        for stretch in (
            reviews["chinese"][row].translate(dict.fromkeys(map(ord, "，、。！？"), " ")).split()
        ):
            expected.update(stretch)
            expected.update(stretch[k : k + 2] for k in range(len(stretch) - 1))
        assert {n: c for n, c in zip(names, counts[row], strict=True) if c} == expected


def test_tfidf_of_the_articles_three_sentences_by_hand():
    tfidf = TfidfFeatures(ngram_range=(1, 1)).fit(ARTICLE)
    words = ["hate", "i", "is", "love", "movie", "terrible", "this"]
    assert tfidf.get_feature_names_out().tolist() == words
    idf = {"i": 1 + log(4 / 3), "love": 1 + log(4 / 2), "this": 1.0, "movie": 1.0}
    norm = sqrt(sum(weight**2 for weight in idf.values()))
    expected = [idf.get(word, 0) / norm for word in words]
    assert_allclose(tfidf.transform(ARTICLE[:1]).toarray()[0], expected, atol=1e-15)


def test_binary_is_not_count():
    assert BagOfWords().fit_transform(["so so good"]).toarray().tolist() == [[1, 2]]
    assert BagOfWords(binary=True).fit_transform(["so so good"]).toarray().tolist() == [[1, 1]]


@pytest.mark.parametrize("estimator", [BagOfWords(), TfidfFeatures(), TfidfFeatures("zh")])
def test_vectors_are_sparse_float_and_the_same_for_every_kind_of_column(estimator):
    texts = ["good film", "bad film", "坏电影"]
    expected = clone(estimator).fit_transform(texts)
    assert sparse.issparse(expected)
    assert expected.dtype == np.float64
    for column in (
        pd.Series(texts, index=[7, 8, 9]),
        pd.Series(texts, dtype="string"),
        pd.DataFrame({"text": texts}),
        np.array(texts),
        np.array(texts, dtype=object),
        tuple(texts),
    ):
        found = clone(estimator).fit(column).transform(column)
        assert_allclose(found.toarray(), expected.toarray(), rtol=1e-15)


def test_words_not_seen_in_training_are_ignored():
    bag = BagOfWords().fit(["good film"])
    assert bag.transform(["bad play", "good play"]).toarray().tolist() == [[0, 0], [0, 1]]
    assert bag.vocabulary_ == {"film": 0, "good": 1}


def test_min_df_max_df_and_max_features_prune():
    texts = ["a b", "a b c", "a b c d d d"]
    assert BagOfWords(min_df=2).fit(texts).get_feature_names_out().tolist() == ["a", "b", "c"]
    assert BagOfWords(max_df=2).fit(texts).get_feature_names_out().tolist() == ["c", "d"]
    assert BagOfWords(max_features=1).fit(["d d d", *texts]).get_feature_names_out() == ["d"]


# --- bad input, the same for the three that take a column ---------------------------------------


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_text_without_tokens_is_a_zero_row(estimator, language):
    fitted = estimator(language).fit(["好 good", "bad 坏", ""])
    X = fitted.transform(["", "  ", "?!…", "good"])
    X = X.toarray() if sparse.issparse(X) else X
    assert not X[:3].any()
    assert X[3].any()
    assert np.isfinite(X).all()


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_an_empty_column_is_an_error(estimator):
    with pytest.raises(ValueError, match="the column of texts is empty"):
        estimator().fit([])
    with pytest.raises(ValueError, match="the column of texts is empty"):
        estimator().fit(["good"]).transform([])


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_missing_text_is_an_error_that_names_the_row(estimator, missing):
    with pytest.raises(ValueError, match=r"1 of 3 texts are missing \(rows 1\)"):
        estimator().fit(["good", missing, "bad"])
    with pytest.raises(ValueError, match="DecisionFusion or FeatureFusion"):
        estimator().fit(["good"]).transform([missing])


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
@pytest.mark.parametrize("bad", [3, b"bytes", ["a list"], np.zeros((2, 2))])
def test_a_cell_that_is_no_string_is_an_error_that_names_it(estimator, bad):
    column = pd.Series(["good", bad], index=["ann", "bob"])
    with pytest.raises(TypeError, match=f"text in row bob: no text but {type(bad).__name__}"):
        estimator().fit(column)


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_one_string_is_not_a_column(estimator):
    with pytest.raises(TypeError, match=r"wrap it: \[x\]"):
        estimator().fit("good film")


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_two_columns_are_an_error(estimator):
    with pytest.raises(ValueError, match="expected one column of texts, got 2"):
        estimator().fit(pd.DataFrame({"a": ["x"], "b": ["y"]}))


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_an_empty_vocabulary_is_an_error_that_says_why(estimator):
    with pytest.raises(ValueError, match=r"is left of 2 texts: they are empty or hold only"):
        estimator().fit(["", "!!!"])
    for least in (2, 3):  # there are two texts
        with pytest.raises(ValueError, match=f"min_df={least}.* leave nothing"):
            estimator(min_df=least).fit(["good", "bad"])


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_not_fitted(estimator):
    with pytest.raises(NotFittedError):
        estimator().transform(["good"])
    with pytest.raises(NotFittedError):
        estimator().get_feature_names_out()


# --- as scikit-learn estimators -----------------------------------------------------------------


@pytest.mark.parametrize("estimator", COLUMN_TRANSFORMERS)
def test_clone_and_pickle(estimator):
    fitted = estimator("zh").fit(["好电影", "坏电影"])
    again = pickle.loads(pickle.dumps(fitted))
    X, Y = fitted.transform(["坏"]), again.transform(["坏"])
    assert_array_equal(*(Z.toarray() if sparse.issparse(Z) else Z for Z in (X, Y)))
    with pytest.raises(NotFittedError):
        clone(fitted).transform(["好"])


def test_grid_search_over_the_vectorisers_parameters(reviews):
    model = make_pipeline(TfidfFeatures(), LogisticRegression())
    some = reviews.sample(200, random_state=0)
    search = GridSearchCV(model, {"tfidffeatures__ngram_range": [(1, 1), (2, 2)]}, cv=2)
    search.fit(some["english"], some["label"])
    assert search.best_params_["tfidffeatures__ngram_range"] == (1, 1)


# --- log-count ratio and Naive Bayes weights ----------------------------------------------------


def test_log_count_ratio_by_hand():
    # good 3 times in the class and 0 elsewhere, film once in each: sums with alpha 3+1, 1+1 = 6
    # and 0+1, 1+1 = 3.
    expected = [log((4 / 6) / (1 / 3)), log((2 / 6) / (2 / 3))]
    X = np.array([[3, 1], [0, 1]])
    assert_allclose(log_count_ratio(X, ["+", "-"], positive="+"), expected, rtol=1e-15)
    assert_allclose(
        log_count_ratio(sparse.csr_array(X), ["+", "-"], positive="+"), expected, rtol=1e-15
    )
    assert_allclose(log_count_ratio(X, ["+", "-"], positive="-"), np.negative(expected), rtol=1e-15)


@pytest.mark.parametrize("alpha", [0.3, 1.0])
def test_log_count_ratio_equal_multinomial_naive_bayes(reviews, alpha):
    X = BagOfWords().fit_transform(reviews["english"])
    y = reviews["label"] == "negative"
    bayes = MultinomialNB(alpha=alpha).fit(X, y)
    expected = bayes.feature_log_prob_[1] - bayes.feature_log_prob_[0]
    assert_allclose(log_count_ratio(X, y, positive=True, alpha=alpha), expected, atol=1e-12)


def test_log_count_ratio_find_the_words_one_expects(reviews):
    two = reviews[reviews["label"] != "neutral"]
    bag = BagOfWords(binary=True)
    ratio = log_count_ratio(bag.fit_transform(two["english"]), two["label"], positive="negative")
    ratio_of = dict(zip(bag.get_feature_names_out(), ratio, strict=True))
    assert min(ratio_of[word] for word in ("terrible", "awful", "rude")) > 0.5
    assert max(ratio_of[word] for word in ("excellent", "great", "love")) < -0.5
    assert abs(ratio_of["the"]) < 0.2


@pytest.mark.parametrize(
    ("X", "y", "alpha", "message"),
    [
        ([[1, 2]], ["a", "b"], 1, "1 rows, but y has 2"),
        ([[1], [2]], ["a", "a"], 1, "every label in y is 'a'"),
        ([[1], [2]], ["b", "b"], 1, "no label in y is 'a'"),
        ([[1], [-2]], ["a", "b"], 1, "right after a vectoriser"),
        ([[1], [2]], ["a", "b"], 0, "alpha is 0; expected a positive number"),
        ([[1, 0], [0, 1]], ["a", "b"], 1e308, r"alpha = 1e\+308 and sums .* no finite ratio"),
        ([[3, 0], [0, 1]], ["a", "b"], 5e-324, "alpha = 5e-324 and sums .* no finite ratio"),
        ([[1e308], [0], [1e308]], ["a", "b", "a"], 1, "alpha = 1 and sums of X up to inf give"),
        ([1, 2], ["a", "b"], 1, r"shape \(n_samples, n_ngrams\)"),
        ([[], []], ["a", "b"], 1, r"none of them 0; got \(2, 0\)"),
        ([[1], [np.nan]], ["a", "b"], 1, "X holds NaN"),
        (sparse.csr_array([[1], [np.inf]]), ["a", "b"], 1, "X holds NaN or infinite"),
        ([[1], [2]], [["a"], ["a", "b"]], 1, "labels must be a row"),
        ([[1], [2]], ["a", None], 1, "1 of 2 labels are missing .* at 1"),
        ([[1], [2]], ["a", 1], 1, "labels are of several kinds"),
        ([[1], [2]], np.ma.array(["a", "b"], mask=[0, 1]), 1, "1 of 2 labels are missing"),
        ([[1], [2j]], ["a", "b"], 1, "X must be numbers"),
        (sparse.csr_array([[1], [2j]]), ["a", "b"], 1, "X must be numbers"),
        (np.ma.array([[1], [2]], mask=[[0], [1]]), ["a", "b"], 1, "X has masked values"),
    ],
)
def test_log_count_ratio_name_what_is_wrong(X, y, alpha, message):
    with pytest.raises(ValueError, match=message):
        log_count_ratio(X, y, positive="a", alpha=alpha)


def test_log_count_ratio_take_any_sparse_matrix_and_one_label():
    X, y = [[3, 0], [0, 2]], ["a", "b"]
    expected = log_count_ratio(X, y, positive="a")
    for kind in (sparse.coo_array, sparse.lil_array, sparse.dok_array, sparse.dia_array):
        assert_array_equal(log_count_ratio(kind(X), y, positive="a"), expected)
    for no_label in (["a"], None, pd.NA, np.ma.masked):
        with pytest.raises(ValueError, match=r"positive must be one|no label in y is"):
            log_count_ratio(X, y, positive=no_label)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", None, "b"], "1 of 3 labels are missing .* at 1"),
        (["a", np.nan, "b"], "1 of 3 labels are missing"),
        (["a", 1, "b"], "labels are of several kinds"),
        (np.ma.array(["a", "b", "b"], mask=[0, 1, 0]), "1 of 3 labels are missing"),
        (pd.Series(["a", "b", None], index=[7, 8, 9], dtype="string"), "missing .* at 9|at 2"),
    ],
)
def test_a_naive_bayes_svm_learns_from_no_missing_label(y, message):
    with pytest.raises(ValueError, match=message):
        NaiveBayesSVM().fit([[1.0], [2.0], [0.0]], y)


def test_a_naive_bayes_svm_learns_from_no_masked_count():
    counts = np.ma.array([[1.0], [2.0]], mask=[[False], [True]])
    with pytest.raises(ValueError, match="X has masked values"):
        NaiveBayesSVM().fit(counts, ["a", "b"])
    model = NaiveBayesSVM().fit(counts.data, ["a", "b"])
    for decide in (model.predict, model.decision_function):
        with pytest.raises(ValueError, match="X has masked values"):
            decide(counts)


@pytest.mark.parametrize("make", [np.array, sparse.csr_array])
def test_a_naive_bayes_svm_takes_no_number_whose_square_is_infinite(make):
    counts, labels = np.array([[3.0, 0, 1], [0, 2, 1]]), ["a", "b"]
    with pytest.raises(ValueError, match=r"X has numbers up to 3e\+300: it needs counts"):
        NaiveBayesSVM().fit(make(1e300 * counts), labels)
    model = NaiveBayesSVM().fit(make(counts), labels)
    model.coef_ *= 1e3
    with pytest.raises(ValueError, match="scores are infinite"):
        model.predict(make(np.full((1, 3), 1e308)))


# This one check draws negative counts, whatever the estimator's tags say.
NEGATIVE = {"check_sparsify_coefficients": "its data are negative"}


@parametrize_with_checks([NaiveBayesSVM()], expected_failed_checks=lambda estimator: NEGATIVE)
def test_naive_bayes_svm_passes_scikit_learns_checks(estimator, check):
    check(estimator)


def test_naive_bayes_svm_goes_from_naive_bayes_to_the_machine(reviews):
    two = reviews[reviews["label"] != "neutral"]
    X, y = BagOfWords(binary=True).fit_transform(two["english"]), two["label"].to_numpy()
    bayes = NaiveBayesSVM(interpolation=0).fit(X, y)
    assert_array_equal(bayes.predict(X), MultinomialNB().fit(X, y).predict(X))
    weighted = X.multiply(log_count_ratio(X, y, positive="positive")).tocsr()
    machine = LinearSVC(C=0.1, random_state=0).fit(weighted, y)
    found = NaiveBayesSVM(interpolation=1).fit(X, y)
    assert_allclose(found.decision_function(X), machine.decision_function(weighted), atol=1e-10)
    dense = NaiveBayesSVM(interpolation=1).fit(X.toarray(), y)
    assert_allclose(dense.coef_, found.coef_, atol=1e-3)
    assert_array_equal(dense.predict(X.toarray()), found.predict(X))


def test_with_three_classes_each_is_held_against_the_rest(reviews):
    X, y = BagOfWords(binary=True).fit_transform(reviews["english"][::7]), reviews["label"][::7]
    together = NaiveBayesSVM().fit(X, y)
    assert together.classes_.tolist() == ["negative", "neutral", "positive"]
    for row, label in enumerate(together.classes_):
        alone = NaiveBayesSVM().fit(X, y == label)
        assert_allclose(together.coef_[row], alone.coef_[0], rtol=1e-12)
    scores = together.decision_function(X)
    assert_array_equal(together.predict(X), together.classes_[scores.argmax(axis=1)])


def test_naive_bayes_svm_scores_are_linear_in_the_interpolation(reviews):
    X, y = BagOfWords(binary=True).fit_transform(reviews["english"][::7]), reviews["label"][::7]
    scores = [
        NaiveBayesSVM(interpolation=beta).fit(X, y).decision_function(X) for beta in (0, 0.25, 1)
    ]
    assert scores[0].shape == (X.shape[0], 3)
    assert_allclose(scores[1], 0.75 * scores[0] + 0.25 * scores[2], atol=1e-12)


def test_naive_bayes_svm_names_bad_input():
    with pytest.raises(ValueError, match="got one class: \\['a'\\]"):
        NaiveBayesSVM().fit([[1.0], [2.0]], ["a", "a"])
    with pytest.raises(ValueError, match="Negative values"):
        NaiveBayesSVM().fit([[1.0], [-2.0]], ["a", "b"])


# --- sequences ----------------------------------------------------------------------------------


def test_sequences_number_by_frequency_then_alphabet_from_training_only():
    sequences = TokenSequences().fit(["b a c a", "c a b"])
    assert sequences.vocabulary_ == {"a": 2, "b": 3, "c": 4}
    assert sequences.n_tokens_ == 5
    assert sequences.length_ == 4
    X = sequences.transform(["a new b", "c"])
    assert X.dtype == np.int32
    assert X.tolist() == [[2, 1, 3, 0], [4, 0, 0, 0]]


def test_sequences_cut_long_texts_and_limit_the_vocabulary():
    sequences = TokenSequences(max_length=2, max_tokens=1).fit(["b a c a", "c a b"])
    assert sequences.transform(["b a a a", "a"]).tolist() == [[1, 2], [2, 0]]
    assert sequences.n_tokens_ == 3
    assert TokenSequences(min_df=2).fit(["x x", "y", "y"]).vocabulary_ == {"y": 2}


def test_sequences_of_chinese_are_characters_and_turn_back(reviews):
    sequences = TokenSequences("zh").fit(reviews["chinese"])
    X = sequences.transform(reviews["chinese"][:20])
    assert ["".join(row) for row in sequences.inverse_transform(X)] == [
        "".join(tokenise(text, "zh")) for text in reviews["chinese"][:20]
    ]
    assert X.max() < sequences.n_tokens_
    assert sequences.inverse_transform([[1, 2, 0]])[0][0] == "?"
    assert len(sequences.get_feature_names_out()) == sequences.length_


def test_sequences_turning_back_names_a_number_without_a_token():
    with pytest.raises(ValueError, match="no token has the number 9; they end at 2"):
        TokenSequences().fit(["good"]).inverse_transform([[2, 9]])
    for strange in (2.5, "2", float("nan"), -1):
        with pytest.raises(ValueError, match=f"no token has the number {strange};"):
            TokenSequences().fit(["good"]).inverse_transform([[2, strange]])
    for no_table in (3, [2, 3], [[[2]]], [[{2}]], None):
        with pytest.raises(ValueError, match="X must be rows of token numbers, got "):
            TokenSequences().fit(["good"]).inverse_transform(no_table)
    with pytest.raises(ValueError, match="X has masked values"):
        TokenSequences().fit(["good"]).inverse_transform(np.ma.array([[2, 1]], mask=[[0, 1]]))
