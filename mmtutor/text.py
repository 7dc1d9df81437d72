"""Texts to features: bags of words, TF-IDF, Naive Bayes weights, and sequences of word numbers.

Conventions: a text is a `str`; a column of texts is a list or Series of them. In English
(``language="en"``) a token is a word in lower case, with its apostrophe ("don't"); in Chinese
(``language="zh"``), which is written without spaces, it is a single character. An n-gram is n
tokens in a row. An empty text is content: it has no token, so its row is zero.

scikit-learn's own default tokens, ``(?u)\\b\\w\\w+\\b``, drop one-letter words ("I") and cut at the
apostrophe, so that "can't" becomes "can" and "won't" becomes "won"; and they take an unsegmented
Chinese sentence for one long word. Hence the tokens here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mmtutor._table import present_cells, row_names

__all__ = [
    "BagOfWords",
    "NaiveBayesSVM",
    "NaiveBayesWeights",
    "TfidfFeatures",
    "TokenSequences",
    "log_odds",
    "ngrams",
    "tokenise",
]

LANGUAGES = ("en", "zh")
PADDING, UNKNOWN = 0, 1

_WORD = re.compile(r"\w+(?:'\w+)*")
# One Han character (unified ideographs, extension A, compatibility), or a run of anything else.
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CHARACTER = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+")


# --- tokens -------------------------------------------------------------------------------------


def tokenise(text: str, language: str = "en") -> list[str]:
    """Cut a text into tokens: words in English, single characters in Chinese.

    Parameters
    ----------
    text : str
        The text. Punctuation and emoji are dropped, letters become lower case.
    language : {"en", "zh"}, default="en"
        In a Chinese text, a run of Latin letters or digits is one token.

    Returns
    -------
    list of str
        The tokens in order; empty for a text without any.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If the language is unknown.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> tokenise("I can't say it isn't good!")
    ['i', "can't", 'say', 'it', "isn't", 'good']
    >>> tokenise("电池不好，5G很快。", language="zh")
    ['电', '池', '不', '好', '5g', '很', '快']
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got {type(text).__name__}: {text!r}")
    return [token for run in _runs(text, language) for token in run]


def ngrams(text: str, language: str = "en", ngram_range: tuple[int, int] = (1, 1)) -> list[str]:
    """List a text's n-grams, the shorter ones first.

    Parameters
    ----------
    text : str
        The text.
    language : {"en", "zh"}, default="en"
        English n-grams are words joined by spaces, and run across punctuation, as scikit-learn's
        do. Chinese ones are characters joined without spaces, and do not run across punctuation.
    ngram_range : (int, int), default=(1, 1)
        Shortest and longest n-gram, in tokens.

    Returns
    -------
    list of str
        The n-grams, with repetitions.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If the language is unknown or the range is not 1 <= shortest <= longest.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> ngrams("Not good at all", ngram_range=(2, 2))
    ['not good', 'good at', 'at all']
    >>> ngrams("不好，太贵", language="zh", ngram_range=(1, 2))
    ['不', '好', '太', '贵', '不好', '太贵']
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got {type(text).__name__}: {text!r}")
    shortest, longest = _check_range(ngram_range)
    runs = _runs(text, language)
    join = " ".join if language == "en" else "".join
    return [
        join(run[start : start + width])
        for width in range(shortest, longest + 1)
        for run in runs
        for start in range(len(run) - width + 1)
    ]


def _runs(text: str, language: str) -> list[list[str]]:
    """The tokens of a text, in the stretches that an n-gram may not leave."""
    text = text.lower().replace("\u2019", "'")  # the typographic apostrophe
    if language == "en":
        return [_WORD.findall(text)]
    if language == "zh":
        return [_CHARACTER.findall(stretch) for stretch in re.findall(r"\w+", text)]
    raise ValueError(f"unknown language {language!r}: choose one of {', '.join(LANGUAGES)}")


def _check_range(ngram_range: tuple[int, int]) -> tuple[int, int]:
    try:
        shortest, longest = ngram_range
        valid = 1 <= shortest <= longest and shortest == int(shortest) and longest == int(longest)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise ValueError(
            f"ngram_range is (shortest, longest) with 1 <= shortest <= longest, got {ngram_range!r}"
        )
    return int(shortest), int(longest)


def _texts(X: Any) -> list[str]:
    """The column's texts, or an error that names the first cell that is not one."""
    cells = present_cells(X, what="texts")
    for row, cell in zip(row_names(X), cells, strict=True):
        if not isinstance(cell, str):
            raise TypeError(
                f"row {row} holds no text but {type(cell).__name__} ({_shorten(cell)}); convert "
                "the column first, for example with .astype(str), or choose another column"
            )
    return cells


def _shorten(cell: Any) -> str:
    words = " ".join(repr(cell).split())
    return words if len(words) <= 40 else words[:37] + "..."


def _nothing_left(n_texts: int, what: str) -> str:
    return (
        f"no {what} is left of {n_texts} texts: they are empty or hold only punctuation, or "
        "min_df, max_df and ngram_range exclude everything; look at the column, or loosen these"
    )


# --- vectors ------------------------------------------------------------------------------------


class _Vectors(TransformerMixin, BaseEstimator):
    """What the two vectorisers share: a column comes in, a sparse matrix goes out."""

    def fit(self, X: Any, y: Any = None) -> _Vectors:
        """Collect the vocabulary (and the document frequencies) of the training texts.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If a cell is not a string.
        ValueError
            If the column is empty, a cell is missing, no n-gram is left, or a parameter is wrong.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> sparse.csr_matrix:
        """Fit, and return the training texts' vectors; the same as ``fit(X).transform(X)``.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored

        Returns
        -------
        sparse matrix of shape (n_samples, n_ngrams), float64
            One row a text; a text without any token is a zero row.
        """
        texts = _texts(X)
        ngrams("", self.language, self.ngram_range)  # parameters are checked even without tokens
        vectoriser = self._make_vectoriser()
        try:
            vectors = vectoriser.fit_transform(texts)
        except ValueError as error:
            if "empty vocabulary" in str(error) or "no terms remain" in str(error):
                raise ValueError(_nothing_left(len(texts), "n-gram")) from error
            raise
        self.vectoriser_ = vectoriser
        self.vocabulary_ = vectoriser.vocabulary_
        return vectors

    def transform(self, X: Any) -> sparse.csr_matrix:
        """Return the vectors of texts; n-grams not seen in training are ignored.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.

        Returns
        -------
        sparse matrix of shape (n_samples, n_ngrams), float64
            One row a text; a text without any known token is a zero row.

        Raises
        ------
        TypeError
            If a cell is not a string.
        ValueError
            If the column is empty or a cell is missing.
        """
        check_is_fitted(self)
        return self.vectoriser_.transform(_texts(X))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the n-gram that each column counts.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (n_ngrams,), str
            Sorted, as the columns are.
        """
        check_is_fitted(self)
        return self.vectoriser_.get_feature_names_out()

    def _settings(self) -> dict[str, Any]:
        return {
            "analyzer": partial(ngrams, language=self.language, ngram_range=self.ngram_range),
            "min_df": self.min_df,
            "max_df": self.max_df,
            "max_features": self.max_features,
            "dtype": np.float64,
        }

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class BagOfWords(_Vectors):
    r"""Count each n-gram of a text, or note only whether it occurs.

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        What a token is: a word, or a Chinese character.
    ngram_range : (int, int), default=(1, 1)
        Shortest and longest n-gram, in tokens.
    binary : bool, default=False
        Whether to write 1 for an n-gram that occurs, however often. The two are often confused:
        the bag of words counts; its binary variant does not.
    min_df, max_df : int or float, default=1 and 1.0
        Drop n-grams found in fewer than `min_df` or more than `max_df` training texts; an int is a
        number of texts, a float a share of them.
    max_features : int, optional
        Keep only so many n-grams, the most frequent ones.

    Attributes
    ----------
    vocabulary_ : dict from str to int
        The column of each n-gram.

    Notes
    -----
    Taught in notebook 01.

    References
    ----------
    Z. Harris, Distributional structure, Word 1954.

    Examples
    --------
    >>> bag = BagOfWords()
    >>> bag.fit_transform(["I like it, I like it a lot", "I don't"]).toarray()
    array([[1., 0., 2., 2., 2., 1.],
           [0., 1., 1., 0., 0., 0.]])
    >>> bag.get_feature_names_out().tolist()
    ['a', "don't", 'i', 'it', 'like', 'lot']
    >>> pairs = BagOfWords("zh", ngram_range=(2, 2)).fit(["不好吃", "好吃"])
    >>> pairs.get_feature_names_out().tolist()
    ['不好', '好吃']
    """

    def __init__(
        self,
        language: str = "en",
        *,
        ngram_range: tuple[int, int] = (1, 1),
        binary: bool = False,
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
    ) -> None:
        self.language = language
        self.ngram_range = ngram_range
        self.binary = binary
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features

    def _make_vectoriser(self) -> CountVectorizer:
        return CountVectorizer(binary=self.binary, **self._settings())


class TfidfFeatures(_Vectors):
    r"""Count each n-gram, weigh it by its rarity, and scale each text to length one.

    The weight of n-gram *t* in text *d* of *n* training texts is

    .. math:: \mathrm{tf}(t, d) \cdot \Bigl(1 + \ln \frac{1 + n}{1 + \mathrm{df}(t)}\Bigr),

    divided by the Euclidean norm of the text's weights. This is scikit-learn's smoothed variant.

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        What a token is: a word, or a Chinese character.
    ngram_range : (int, int), default=(1, 2)
        Shortest and longest n-gram, in tokens. Pairs let "not good" be a feature of its own.
    sublinear_tf : bool, default=False
        Whether to use 1 + ln(tf) instead of tf.
    min_df, max_df : int or float, default=1 and 1.0
        Drop n-grams found in fewer than `min_df` or more than `max_df` training texts; an int is a
        number of texts, a float a share of them.
    max_features : int, optional
        Keep only so many n-grams, the most frequent ones.

    Attributes
    ----------
    vocabulary_ : dict from str to int
        The column of each n-gram.
    idf_ : ndarray of shape (n_ngrams,)
        The weight of each n-gram's rarity, at least 1.

    Notes
    -----
    Taught in notebook 01.

    References
    ----------
    K. Spärck Jones, A statistical interpretation of term specificity and its application in
    retrieval, Journal of Documentation 1972.

    Examples
    --------
    >>> tfidf = TfidfFeatures(ngram_range=(1, 1))
    >>> tfidf.fit_transform(["good film", "bad film"]).toarray().round(3)
    array([[0.   , 0.58 , 0.815],
           [0.815, 0.58 , 0.   ]])
    >>> tfidf.transform(["", "good good"]).toarray()
    array([[0., 0., 0.],
           [0., 0., 1.]])
    """

    def __init__(
        self,
        language: str = "en",
        *,
        ngram_range: tuple[int, int] = (1, 2),
        sublinear_tf: bool = False,
        min_df: float = 1,
        max_df: float = 1.0,
        max_features: int | None = None,
    ) -> None:
        self.language = language
        self.ngram_range = ngram_range
        self.sublinear_tf = sublinear_tf
        self.min_df = min_df
        self.max_df = max_df
        self.max_features = max_features

    @property
    def idf_(self) -> np.ndarray:
        """Inverse document frequencies, ndarray of shape (n_ngrams,)."""
        check_is_fitted(self)
        return self.vectoriser_.idf_

    def _make_vectoriser(self) -> TfidfVectorizer:
        return TfidfVectorizer(sublinear_tf=self.sublinear_tf, **self._settings())


# --- Naive Bayes weights ------------------------------------------------------------------------


def log_odds(X: Any, y: Any, *, positive: Any, alpha: float = 1.0) -> np.ndarray:
    r"""Say how much more frequent each n-gram is in one class than in all others.

    .. math:: r_t = \ln \frac{(\alpha + p_t) / \sum_s (\alpha + p_s)}
                             {(\alpha + q_t) / \sum_s (\alpha + q_s)}

    where :math:`p_t` sums column *t* over the class and :math:`q_t` over the others.

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_ngrams)
        Counts or presences, none negative.
    y : sequence of shape (n_samples,)
        The classes.
    positive : object
        The class whose words get positive values.
    alpha : float, default=1.0
        Added to every sum, so that an n-gram absent from a class has a finite value.

    Returns
    -------
    ndarray of shape (n_ngrams,)
        Natural logarithms of ratios: +0.69 means twice as frequent in the class, 0 equally so.

    Raises
    ------
    ValueError
        If lengths differ, `positive` is not in `y` or is all of it, a count is negative, or
        `alpha` is not above 0.

    References
    ----------
    S. Wang and C. D. Manning, Baselines and bigrams: simple, good sentiment and topic
    classification, ACL 2012.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> counts = [[3, 0, 1], [0, 2, 1]]  # good, bad, film
    >>> log_odds(counts, ["positive", "negative"], positive="positive").round(2)
    array([ 1.23, -1.25, -0.15])
    """
    X = X if sparse.issparse(X) else np.asarray(X, dtype=float)
    if X.ndim != 2:
        raise ValueError(f"X has shape (n_samples, n_ngrams), got {X.shape}")
    chosen = np.asarray([bool(label == positive) for label in y])
    if len(chosen) != X.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows, but y has {len(chosen)}: they must match")
    if chosen.all() or not chosen.any():
        which = "every" if chosen.any() else "no"
        raise ValueError(f"{which} label in y is {positive!r}: odds compare it with something else")
    if not alpha > 0:
        raise ValueError(f"alpha must be above 0, got {alpha}: it keeps absent words finite")
    if X.min() < 0:
        raise ValueError(
            f"Negative values in data (down to {X.min():g}); odds need counts, presences or TF-IDF "
            "weights, so put this step right after a vectoriser, before any scaling"
        )
    p = alpha + np.asarray(X[chosen].sum(axis=0), dtype=float).ravel()
    q = alpha + np.asarray(X[~chosen].sum(axis=0), dtype=float).ravel()
    return np.log(p / p.sum()) - np.log(q / q.sum())


class NaiveBayesWeights(TransformerMixin, BaseEstimator):
    """Multiply each column by its log-odds between two classes, as Naive Bayes would weigh it.

    Put between ``BagOfWords(binary=True)`` and a linear classifier, this is the idea of the NB-SVM
    of Wang and Manning: words that occur about equally in both classes shrink to nothing, so the
    classifier's penalty falls on them rather than on the telling ones. With more than two classes,
    the columns are repeated once a class, weighted by that class against the rest.

    Parameters
    ----------
    alpha : float, default=1.0
        Added to every count.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes. With two of them, positive weights speak for the second.
    log_ratio_ : ndarray of shape (1, n_ngrams) or (n_classes, n_ngrams)
        The weights; one row suffices for two classes, as in a linear model's ``coef_``.
    n_features_in_ : int
        Number of columns that come in.

    References
    ----------
    S. Wang and C. D. Manning, Baselines and bigrams: simple, good sentiment and topic
    classification, ACL 2012.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.svm import LinearSVC
    >>> texts = ["good film", "very good", "bad film", "very bad"]
    >>> labels = ["positive", "positive", "negative", "negative"]
    >>> model = make_pipeline(BagOfWords(binary=True), NaiveBayesWeights(), LinearSVC(C=0.1))
    >>> model.fit(texts, labels).predict(["a good cast", "a bad cast"]).tolist()
    ['positive', 'negative']
    >>> model["naivebayesweights"].log_ratio_.round(2)  # bad, film, good, very
    array([[-1.1,  0. ,  1.1,  0. ]])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def fit(self, X: Any, y: Any) -> NaiveBayesWeights:
        """Learn the weights.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            Counts or presences, none negative.
        y : sequence of shape (n_samples,)
            The classes, at least two.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is only one class, a count is negative, or `alpha` is not above 0.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        classes = np.unique(y)
        if len(classes) < 2:
            raise ValueError(
                f"log-odds need at least two classes, got one class: {classes.tolist()}"
            )
        against_rest = classes[1:] if len(classes) == 2 else classes
        self.log_ratio_ = np.array(
            [log_odds(X, y, positive=label, alpha=self.alpha) for label in against_rest]
        )
        self.classes_ = classes
        return self

    def transform(self, X: Any) -> sparse.csr_matrix | np.ndarray:
        """Weigh the columns.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            As in training.

        Returns
        -------
        array or sparse matrix of shape (n_samples, n_ngrams) or (n_samples, n_classes * n_ngrams)
            As floats; sparse if `X` is. The wider one is for more than two classes.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        if sparse.issparse(X):
            return sparse.hstack([X.multiply(weights) for weights in self.log_ratio_], "csr")
        return np.hstack([X * weights for weights in self.log_ratio_])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return a name for each column.

        Parameters
        ----------
        input_features : sequence of shape (n_ngrams,), optional
            The names of what comes in; ``x0``, ``x1``, ... if not given.

        Returns
        -------
        ndarray of shape (n_ngrams,) or (n_classes * n_ngrams,), object
            The same names for two classes, ``class:name`` for more.
        """
        check_is_fitted(self)
        if input_features is None:
            input_features = getattr(
                self, "feature_names_in_", [f"x{column}" for column in range(self.n_features_in_)]
            )
        names = list(input_features)
        if len(names) != self.n_features_in_:
            raise ValueError(
                "input_features should have length equal to number of features "
                f"({self.n_features_in_}), got {len(names)}"
            )
        if len(self.classes_) > 2:
            names = [f"{label}:{name}" for label in self.classes_ for name in names]
        return np.asarray(names, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        return tags


class NaiveBayesSVM(ClassifierMixin, BaseEstimator):
    r"""A linear support vector machine on Naive Bayes weighted columns, drawn towards Naive Bayes.

    For each class against the rest, with the log-odds *r* of :func:`log_odds`, the machine learns
    weights *w* for the columns times *r*. Used are

    .. math:: w' = (1 - \beta)\, \bar w + \beta\, w, \qquad \bar w = \tfrac{1}{V} \sum_t |w_t|,

    so that :math:`\beta = 0` decides as Naive Bayes does (up to the constant) and
    :math:`\beta = 1` as the machine does.

    Parameters
    ----------
    C : float, default=0.1
        The machine's penalty for errors.
    alpha : float, default=1.0
        Added to every count of the log-odds.
    interpolation : float, default=0.25
        The :math:`\beta` above, in [0, 1].

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (1, n_ngrams) or (n_classes, n_ngrams)
        What an n-gram adds to the score, :math:`r \cdot w'`; one row suffices for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The score of an empty text.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    S. Wang and C. D. Manning, Baselines and bigrams: simple, good sentiment and topic
    classification, ACL 2012.

    Notes
    -----
    Taught in notebook 01.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> texts = ["good film", "very good", "bad film", "very bad"]
    >>> labels = ["positive", "positive", "negative", "negative"]
    >>> model = make_pipeline(BagOfWords(binary=True), NaiveBayesSVM()).fit(texts, labels)
    >>> model.predict(["a good cast", "a bad cast"]).tolist()
    ['positive', 'negative']
    """

    def __init__(self, C: float = 0.1, *, alpha: float = 1.0, interpolation: float = 0.25) -> None:
        self.C = C
        self.alpha = alpha
        self.interpolation = interpolation

    def fit(self, X: Any, y: Any) -> NaiveBayesSVM:
        """Learn the weights.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            Presences (Wang and Manning's choice) or counts, none negative.
        y : sequence of shape (n_samples,)
            The classes, at least two.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is only one class, a count is negative, or a parameter is out of range.
        """
        if not 0 <= self.interpolation <= 1:
            raise ValueError(f"interpolation must lie in [0, 1], got {self.interpolation}")
        weights = NaiveBayesWeights(self.alpha).fit(X, y)
        X, y = validate_data(self, X, y, accept_sparse="csr")
        self.classes_ = weights.classes_
        positives = self.classes_[-len(weights.log_ratio_) :]
        beta, coef, intercept = self.interpolation, [], []
        for ratio, positive in zip(weights.log_ratio_, positives, strict=True):
            weighted = X.multiply(ratio).tocsr() if sparse.issparse(X) else X * ratio
            machine = LinearSVC(C=self.C, random_state=0).fit(weighted, y == positive)
            w = machine.coef_.ravel()
            coef.append(ratio * ((1 - beta) * np.abs(w).mean() + beta * w))
            intercept.append(beta * machine.intercept_[0])
        self.coef_, self.intercept_ = np.array(coef), np.array(intercept)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score of each class.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            As in training.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, positive scores mean the second; otherwise the highest score wins.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        scores = np.asarray(X @ self.coef_.T) + self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            As in training.

        Returns
        -------
        ndarray of shape (n_samples,)
            Classes.
        """
        scores = self.decision_function(X)
        chosen = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[chosen]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


# --- sequences ----------------------------------------------------------------------------------


class TokenSequences(TransformerMixin, BaseEstimator):
    """Write each text as a row of token numbers in order, for a recurrent network.

    Number 0 pads the end, 1 stands for tokens not seen in training, and 2, 3, ... are the training
    texts' tokens, the most frequent first (equally frequent ones alphabetically).

    Parameters
    ----------
    language : {"en", "zh"}, default="en"
        What a token is: a word, or a Chinese character.
    max_length : int, optional
        Cut texts after so many tokens; by default the longest training text's number.
    max_tokens : int, optional
        Number only the so many most frequent tokens; the others are unknown.
    min_df : int, default=1
        Number only tokens found in at least so many training texts.

    Attributes
    ----------
    vocabulary_ : dict from str to int
        The number of each token.
    n_tokens_ : int
        How many numbers there are, with 0 and 1: the input size of an embedding.
    length_ : int
        Tokens a row.

    Notes
    -----
    Taught in notebook 01, used in notebook 08.

    Examples
    --------
    >>> sequences = TokenSequences().fit(["so so good", "not good at all"])
    >>> sequences.transform(["so bad", "", "all good"])
    array([[3, 1, 0, 0],
           [0, 0, 0, 0],
           [4, 2, 0, 0]], dtype=int32)
    """

    def __init__(
        self,
        language: str = "en",
        *,
        max_length: int | None = None,
        max_tokens: int | None = None,
        min_df: int = 1,
    ) -> None:
        self.language = language
        self.max_length = max_length
        self.max_tokens = max_tokens
        self.min_df = min_df

    def fit(self, X: Any, y: Any = None) -> TokenSequences:
        """Number the training texts' tokens.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If a cell is not a string.
        ValueError
            If the column is empty, a cell is missing, no token is left, or a parameter is wrong.
        """
        texts = _texts(X)
        for name in ("max_length", "max_tokens", "min_df"):
            value = getattr(self, name)
            if value is not None and not value >= 1:
                raise ValueError(f"{name} must be at least 1, got {value!r}")
        rows = [tokenise(text, self.language) for text in texts]
        counts = Counter(token for row in rows for token in row)
        texts_with = Counter(token for row in rows for token in set(row))
        known = [token for token in counts if texts_with[token] >= self.min_df]
        if not known:
            raise ValueError(_nothing_left(len(texts), "token"))
        known = sorted(known, key=lambda token: (-counts[token], token))[: self.max_tokens]
        self.vocabulary_ = {token: number for number, token in enumerate(known, start=UNKNOWN + 1)}
        self.n_tokens_ = len(known) + 2
        self.length_ = int(self.max_length or max(map(len, rows)))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the numbers of each text's tokens.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.

        Returns
        -------
        ndarray of shape (n_samples, length_), int32
            Padded with 0 at the end; longer texts are cut. A text without tokens is a zero row.

        Raises
        ------
        TypeError
            If a cell is not a string.
        ValueError
            If the column is empty or a cell is missing.
        """
        check_is_fitted(self)
        texts = _texts(X)
        numbers = np.full((len(texts), self.length_), PADDING, dtype=np.int32)
        for row, text in enumerate(texts):
            tokens = tokenise(text, self.language)[: self.length_]
            numbers[row, : len(tokens)] = [self.vocabulary_.get(t, UNKNOWN) for t in tokens]
        return numbers

    def inverse_transform(self, X: Iterable[Iterable[int]]) -> list[list[str]]:
        """Return the tokens behind rows of numbers, without the padding.

        Parameters
        ----------
        X : array of shape (n_samples, length_), int
            As `transform` returns it.

        Returns
        -------
        list of lists of str
            Unknown tokens read ``"?"``.

        Raises
        ------
        ValueError
            If a number is in no vocabulary.
        """
        check_is_fitted(self)
        words = {number: token for token, number in self.vocabulary_.items()} | {UNKNOWN: "?"}
        found = [[int(number) for number in row if number != PADDING] for row in X]
        strange = sorted({number for row in found for number in row} - set(words))
        if strange:
            raise ValueError(f"no token has the number {strange[0]}; they end at {max(words)}")
        return [[words[number] for number in row] for row in found]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return a name for each position: ``token0``, ``token1``, ...

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of shape (length_,), object
        """
        check_is_fitted(self)
        return np.asarray([f"token{place}" for place in range(self.length_)], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
