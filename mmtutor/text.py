"""Texts to features: bags of words, TF-IDF, log-count ratios, and sequences of word numbers.

Conventions: a text is a `str`; a column of texts is a list or Series of them. In English
(``language="en"``) a token is a word in lower case, with its apostrophe ("don't"); in Chinese
(``language="zh"``), which is written without spaces, it is a single character. An n-gram is n
tokens in a row. An empty text is content: it has no token, so its row is zero.

The vectorisers are scikit-learn's with these tokens. Its own, ``(?u)\\b\\w\\w+\\b``, drop
one-letter words ("I") and cut at the apostrophe, so that "can't" becomes "can" and "won't" becomes
"won"; and they take an unsegmented Chinese sentence for one long word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mmtutor._fitting import fits_anew
from mmtutor._ranges import FLAG, POSITIVE, Range, check_ranges, number, one_of, or_none, whole
from mmtutor._rows import as_labels, as_target, floats, require_unmasked
from mmtutor._table import as_column, each_cell, is_missing

__all__ = [
    "BagOfWords",
    "NaiveBayesSVM",
    "TfidfFeatures",
    "TokenSequences",
    "log_count_ratio",
    "ngrams",
    "tokenise",
]

LANGUAGES = ("en", "zh")
PADDING, UNKNOWN = 0, 1
LARGEST = 1e100  # number in a column of words; of larger ones, the machine's squares are infinite

COUNT = whole()
IS_COUNT = COUNT[1]
DOCUMENTS: Range = (
    "a whole number of texts of at least 1, or a share of them, a float in [0, 1]",
    lambda v: IS_COUNT(v) or (isinstance(v, float) and 0 <= v <= 1),
)
RANGES: dict[str, Range] = {
    "language": one_of(*LANGUAGES),
    "ngram_range": (
        "(shortest, longest) with 1 <= shortest <= longest",
        lambda v: isinstance(v, tuple) and len(v) == 2 and all(map(IS_COUNT, v)) and v[0] <= v[1],
    ),
    "binary": FLAG,
    "sublinear_tf": FLAG,
    "min_df": DOCUMENTS,
    "max_df": DOCUMENTS,
    "max_features": or_none(COUNT),
    "C": POSITIVE,
    "alpha": POSITIVE,
    "interpolation": number("[0, 1]"),
    "max_length": or_none(whole(1, 1_000_000)),
    "max_tokens": or_none(COUNT),
}

# A letter, digit or underscore, or an accent that Unicode has no single character for.
_LETTER = r"[\w\u0300-\u036f]"
_WORD = re.compile(rf"{_LETTER}+(?:'{_LETTER}+)*")
# One Han character (unified ideographs, extension A, compatibility), or a run of anything else.
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_CHARACTER = re.compile(rf"{_HAN}|(?:(?!{_HAN}){_LETTER})+")


# --- tokens -------------------------------------------------------------------------------------


def tokenise(text: str, language: str = "en") -> list[str]:
    r"""Cut a text into tokens: words in English, single characters in Chinese.

    Parameters
    ----------
    text : str
        The text. Punctuation and emoji are dropped, letters become lower case, and an accent that
        is stored apart from its letter, as macOS does, is joined to it (Unicode's form NFC).
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

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer.build_analyzer : At work, with
        ``token_pattern=r"\w+(?:'\w+)*"``: the same words.

    Notes
    -----
    Taught in notebook 01. Not for languages without spaces other than Chinese, nor to find the
    words of a Chinese text, which needs a dictionary (jieba has one).

    Examples
    --------
    >>> tokenise("I can't say it isn't good!")
    ['i', "can't", 'say', 'it', "isn't", 'good']
    >>> tokenise("电池不好，5G很快。", language="zh")
    ['电', '池', '不', '好', '5g', '很', '快']
    """
    check_ranges(RANGES, language=language)
    return _tokens(text, language)


def _tokens(text: str, language: str) -> list[str]:
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

    See Also
    --------
    BagOfWords, TfidfFeatures : Count them.

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
    check_ranges(RANGES, language=language, ngram_range=ngram_range)
    return _ngrams(text, language, ngram_range)


def _ngrams(text: str, language: str, ngram_range: tuple[int, int]) -> list[str]:
    runs, grams = _runs(text, language), list[str]()
    join = " ".join if language == "en" else "".join
    shortest, longest = ngram_range
    for width in range(shortest, min(longest, max(map(len, runs), default=0)) + 1):
        for run in runs:
            grams += map(join, zip(*(run[first:] for first in range(width)), strict=False))
    return grams


def _runs(text: str, language: str) -> list[list[str]]:
    """The tokens of a text, in the stretches that an n-gram may not leave."""
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got {type(text).__name__}: {_shorten(text)}")
    text = unicodedata.normalize("NFC", text.lower())
    # the typographic apostrophe; the dot that lower() leaves on the Turkish capital of i
    text = text.replace("\u2019", "'").replace("i\u0307", "i")
    if language == "en":
        return [_WORD.findall(text)]
    return [_CHARACTER.findall(stretch) for stretch in re.findall(f"{_LETTER}+", text)]


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(
            f"no text but {type(text).__name__} ({_shorten(text)}); convert the column first, for "
            "example with .astype(str), or choose another column"
        )
    return text


def _texts(X: Any) -> list[str]:
    """The column's texts, or an error that names the first cell that is not one."""
    cells = as_column(X, what="texts")
    if all(isinstance(cell, str) for cell in cells):
        return cells
    return each_cell(X, _checked, what="texts")


def _shorten(cell: Any) -> str:
    words = " ".join(repr(cell).split())
    return words if len(words) <= 40 else words[:37] + "..."


# how scikit-learn says that nothing is left
_EMPTY = ("empty vocabulary", "no terms remain", "max_df corresponds to < documents")


def _nothing_left(n_texts: int, what: str, **limits: Any) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in limits.items())
    return (
        f"no {what} is left of {n_texts} texts: they are empty or hold only punctuation, or "
        f"{settings} leave nothing; look at the column, or loosen these limits"
    )


# --- vectors ------------------------------------------------------------------------------------


class _ColumnOfTexts(CountVectorizer):
    """What the vectorisers add to scikit-learn's: a checked column, and this module's tokens."""

    language: str
    ngram_range: tuple[int, int]

    def build_analyzer(self) -> Callable[[str], list[str]]:
        """Return the function that lists the n-grams of a text.

        Returns
        -------
        callable
            :func:`ngrams`, with the language and the range.

        Raises
        ------
        ValueError
            If a parameter is out of its range.
        """
        check_ranges(RANGES, **self.get_params())
        return partial(_ngrams, language=self.language, ngram_range=self.ngram_range)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Collect the vocabulary (and the document frequencies) of the training texts.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        self
            The vectoriser.

        Raises
        ------
        TypeError
            If a cell is not a string; the message names its row.
        ValueError
            If the column is empty, a cell is missing, no n-gram is left, or a parameter is wrong.
        """
        self.fit_transform(X)
        return self

    @fits_anew
    def fit_transform(self, X: Any, y: Any = None) -> sparse.csr_matrix:
        """Fit, and return the training texts' vectors; the same as ``fit(X).transform(X)``.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        sparse matrix of shape (n_samples, n_ngrams), float64
            One row a text; a text without any token is a zero row.
        """
        check_ranges(RANGES, **self.get_params())  # before scikit-learn does, in its own words
        texts = _texts(X)
        try:
            return super().fit_transform(texts)
        except ValueError as error:
            if any(words in str(error) for words in _EMPTY):
                limits = {name: getattr(self, name) for name in ("min_df", "max_df", "ngram_range")}
                raise ValueError(_nothing_left(len(texts), "n-gram", **limits)) from error
            raise

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
            If a cell is not a string; the message names its row.
        ValueError
            If the column is empty or a cell is missing.
        """
        return super().transform(_texts(X))


class BagOfWords(_ColumnOfTexts):
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
    max_features : int or None, default=None
        Keep only so many n-grams, the most frequent ones; None keeps all.

    Attributes
    ----------
    vocabulary_ : dict from str to int
        The column of each n-gram.

    See Also
    --------
    sklearn.feature_extraction.text.CountVectorizer : At work: this, with other tokens.

    Notes
    -----
    Taught in notebook 01. Not where the order of the words decides: "man bites dog" and "dog bites
    man" are one bag; see `TokenSequences`.

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
        super().__init__(
            ngram_range=ngram_range,
            binary=binary,
            min_df=min_df,
            max_df=max_df,
            max_features=max_features,
            dtype=np.float64,
        )
        self.language = language


class TfidfFeatures(_ColumnOfTexts, TfidfVectorizer):
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
    max_features : int or None, default=None
        Keep only so many n-grams, the most frequent ones; None keeps all.

    Attributes
    ----------
    vocabulary_ : dict from str to int
        The column of each n-gram.
    idf_ : ndarray of shape (n_ngrams,)
        The weight of each n-gram's rarity, at least 1.

    See Also
    --------
    sklearn.feature_extraction.text.TfidfVectorizer : At work: this, with other tokens.

    Notes
    -----
    Taught in notebook 01. Not where meaning counts more than wording: "good" and "great" are as far
    apart as "good" and "awful".

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
        super().__init__(
            ngram_range=ngram_range,
            sublinear_tf=sublinear_tf,
            min_df=min_df,
            max_df=max_df,
            max_features=max_features,
            dtype=np.float64,
        )
        self.language = language


# --- words and classes --------------------------------------------------------------------------


def log_count_ratio(X: Any, y: Any, *, positive: Any, alpha: float = 1.0) -> np.ndarray:
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

    See Also
    --------
    sklearn.naive_bayes.MultinomialNB : At work: the differences of its ``feature_log_prob_``.

    Notes
    -----
    Taught in notebook 01. The name is Wang and Manning's. Not for ranking rare words: one
    seen a few times has a large value by chance.

    Examples
    --------
    >>> counts = [[3, 0, 1], [0, 2, 1]]  # good, bad, film
    >>> log_count_ratio(counts, ["positive", "negative"], positive="positive").round(2)
    array([ 1.23, -1.25, -0.15])
    """
    check_ranges(RANGES, alpha=alpha)
    X = X.tocsr() if sparse.issparse(X) else X
    numbers = floats("X", X.data if sparse.issparse(X) else X)
    X = X if sparse.issparse(X) else numbers.astype(float, copy=False)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X has shape (n_samples, n_ngrams), none of them 0; got {X.shape}")
    if not np.isfinite(numbers).all():
        raise ValueError("X holds NaN or infinite values; it needs counts, presences or weights")
    y = as_labels("labels", y)
    if np.ndim(positive) or is_missing(positive):
        raise ValueError(f"positive must be one of the labels, got {positive!r:.60}")
    chosen = np.asarray([bool(label == positive) for label in y])
    if len(chosen) != X.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows, but y has {len(chosen)}: they must match")
    if chosen.all() or not chosen.any():
        which = "every" if chosen.any() else "no"
        raise ValueError(f"{which} label in y is {positive!r}: the ratio compares it with others")
    if X.min() < 0:
        raise ValueError(
            f"Negative values in data (down to {X.min():g}); it needs counts, presences or TF-IDF "
            "weights, so put this step right after a vectoriser, before any scaling"
        )
    with np.errstate(all="ignore"):
        p = alpha + np.asarray(X[chosen].sum(axis=0), dtype=float).ravel()
        q = alpha + np.asarray(X[~chosen].sum(axis=0), dtype=float).ravel()
        ratios = np.log(p / p.sum()) - np.log(q / q.sum())
    if not np.isfinite(ratios).all():
        raise ValueError(
            f"alpha = {alpha!r} and sums of X up to {max(p.max(), q.max()):.4g} give no finite "
            "ratio: float64 cannot hold it; take an alpha near 1, and counts"
        )
    return ratios


class NaiveBayesSVM(LinearSVC):
    r"""A linear support vector machine on Naive Bayes weighted columns, drawn towards Naive Bayes.

    For each class against the rest, with the *r* of :func:`log_count_ratio`, the machine learns
    weights *w* for the columns times *r*. Used are

    .. math:: w' = (1 - \beta)\, \bar w + \beta\, w, \qquad \bar w = \tfrac{1}{V} \sum_t |w_t|,

    so that :math:`\beta = 0` decides as Naive Bayes does (up to the constant) and
    :math:`\beta = 1` as the machine does. It stands beside the texts, as it needs columns of words:
    counts or presences, none negative.

    Parameters
    ----------
    C : float, default=0.1
        The machine's penalty for errors.
    alpha : float, default=1.0
        Added to every word's sum in the log-count ratio.
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

    See Also
    --------
    sklearn.svm.LinearSVC : The machine, whose ``predict`` and ``decision_function`` these are.

    Notes
    -----
    Taught in notebook 01. Not for posteriors: a margin is no probability; calibrate it, or take
    logistic regression. Nor for columns that are no counts, such as pixels.

    References
    ----------
    S. Wang and C. D. Manning, Baselines and bigrams: simple, good sentiment and topic
    classification, ACL 2012.

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
        super().__init__(C=C, random_state=0)
        self.alpha = alpha
        self.interpolation = interpolation

    @fits_anew
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
            The classifier.

        Raises
        ------
        ValueError
            If there is only one class, a count is negative or above 1e100, or a parameter is out of
            range.
        """
        check_ranges(RANGES, **self.get_params())
        require_unmasked("X", X)
        if y is not None:
            y = as_labels("labels", as_target(y))
        X, y = validate_data(self, X, y, accept_sparse="csr")
        check_classification_targets(y)
        if (largest := abs(X).max()) > LARGEST:
            raise ValueError(f"X has numbers up to {largest:.4g}: it needs counts or presences")
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"at least two classes are needed, got one class: {self.classes_}")
        beta, coef, machines = self.interpolation, [], []
        for positive in self.classes_[1 if len(self.classes_) == 2 else 0 :]:
            r = log_count_ratio(X, y, positive=positive, alpha=self.alpha)
            weighted = X.multiply(r).tocsr() if sparse.issparse(X) else X * r
            machine = LinearSVC(C=self.C, random_state=0).fit(weighted, y == positive)
            w = machine.coef_.ravel()
            coef.append(r * ((1 - beta) * np.abs(w).mean() + beta * w))
            machines.append(machine)
        self.coef_ = np.array(coef)
        self.intercept_ = beta * np.concatenate([machine.intercept_ for machine in machines])
        self.n_iter_ = max(machine.n_iter_ for machine in machines)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the scores, from which ``predict`` decides.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_ngrams)
            Presences or counts, as `fit` was given.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, above 0 for the second.

        Raises
        ------
        ValueError
            If counts are masked, missing or infinite, or are not as many columns as in `fit`.
        """
        require_unmasked("X", X)
        with np.errstate(over="ignore", invalid="ignore"):
            scores: np.ndarray = super().decision_function(X)
        if not np.isfinite(scores).all():
            raise ValueError("X has numbers so large that scores are infinite: it needs counts")
        return scores

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
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
    max_length : int or None, default=None
        Cut texts after so many tokens, 1 to 1,000,000; None takes the longest training text's
        number.
    max_tokens : int or None, default=None
        Number only the so many most frequent tokens; the others are unknown. None numbers all.
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

    See Also
    --------
    keras.layers.TextVectorization : At work: the same numbers, as a layer.

    Notes
    -----
    Taught in notebook 01, used in notebook 08. Not for linear models, which would take the numbers
    for amounts: see `BagOfWords`.

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
        self.language, self.max_length = language, max_length
        self.max_tokens, self.min_df = max_tokens, min_df

    @fits_anew
    def fit(self, X: Any, y: Any = None) -> Self:
        """Number the training texts' tokens.

        Parameters
        ----------
        X : Series, list or one-column DataFrame of shape (n_samples,)
            The texts.
        y : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        self
            The transformer.

        Raises
        ------
        TypeError
            If a cell is not a string; the message names its row.
        ValueError
            If the column is empty, a cell is missing, no token is left, or a parameter is wrong.
        """
        rows = self._rows(X)
        counts = Counter(token for row in rows for token in row)
        texts_with = Counter(token for row in rows for token in set(row))
        known = [token for token in counts if texts_with[token] >= self.min_df]
        if not known:
            raise ValueError(_nothing_left(len(rows), "token", min_df=self.min_df))
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
        ndarray of shape (n_samples, `length_`), int32
            Padded with 0 at the end; longer texts are cut. A text without tokens is a zero row.

        Raises
        ------
        TypeError
            If a cell is not a string.
        ValueError
            If the column is empty or a cell is missing.
        """
        check_is_fitted(self)
        rows = self._rows(X)
        numbers = np.full((len(rows), self.length_), PADDING, dtype=np.int32)
        for row, tokens in enumerate(rows):
            known = [self.vocabulary_.get(t, UNKNOWN) for t in tokens[: self.length_]]
            numbers[row, : len(known)] = known
        return numbers

    def _rows(self, X: Any) -> list[list[str]]:
        """The tokens of each text of a column, once the parameters are checked."""
        check_ranges(RANGES | {"min_df": COUNT}, **self.get_params())
        return [_tokens(text, self.language) for text in _texts(X)]

    def inverse_transform(self, X: Iterable[Iterable[int]]) -> list[list[str]]:
        """Return the tokens behind rows of numbers, without the padding.

        Parameters
        ----------
        X : array of shape (n_samples, `length_`), int
            As `transform` returns it.

        Returns
        -------
        list of lists of str
            Unknown tokens read ``"?"``.

        Raises
        ------
        ValueError
            If `X` is no table, or a number in it is none of a token.
        """
        check_is_fitted(self)
        require_unmasked("X", X)
        words = {number: token for token, number in self.vocabulary_.items()} | {UNKNOWN: "?"}
        try:
            found = [[number for number in row if number != PADDING] for row in X]
            strange = [number for row in found for number in row if number not in words]
        except (TypeError, ValueError):
            raise ValueError(f"X must be rows of token numbers, got {X!r:.60}") from None
        if strange:
            raise ValueError(f"no token has the number {strange[0]}; they end at {max(words)}")
        return [[words[number] for number in row] for row in found]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return a name for each position: ``token0``, ``token1``, ...

        Parameters
        ----------
        input_features : ignored
            Taken as every transformer of scikit-learn does.

        Returns
        -------
        ndarray of shape (`length_`,), object
            The names.
        """
        check_is_fitted(self)
        return np.asarray([f"token{place}" for place in range(self.length_)], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
