"""Checks of chapter 16, hearing and seeing emotion."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold
from sklearn.naive_bayes import GaussianNB

from mmtutor._i18n import N_, _
from mmtutor.course.checking import Case, exercise

# --- 16.1 ---------------------------------------------------------------------------------------


def _top(votes: NDArray) -> NDArray:
    return votes == votes.max(axis=1, keepdims=True)


def _of_right(scores: NDArray, y: NDArray) -> NDArray:
    return scores[np.arange(len(y)), y]


def _votes_and_classes(rng: np.random.Generator) -> Iterator[Case]:
    for n_clips, n_classes in [(40, 3), (60, 6), (30, 4)]:
        y = rng.choice(n_classes, n_clips, p=rng.dirichlet(np.full(n_classes, 2.0)))
        lean = rng.dirichlet(np.full(n_classes, 2.0), n_clips) + 0.5 * np.eye(n_classes)[y]
        lean /= lean.sum(axis=1, keepdims=True)
        votes = np.stack([rng.multinomial(rng.integers(2, 12), p) for p in lean])
        votes[0] = votes[1] = 0
        votes[0, :2] = votes[1, -2:] = 3  # a tie at either end
        y[0], y[1] = 1, n_classes - 2
        votes[2:6, :3], y[2:6] = 20, 1  # ties of three, which neither end wins
        yield Case(votes, y)
    votes = rng.integers(0, 4, (9, 5))
    votes[4] = 0
    hint = _("one clip has no vote at all: there all classes share the first place.")
    yield Case(votes, rng.integers(0, 5, 9), hint=hint)


exercise(
    "16.1",
    "a function plurality_right(votes, y) returning one number: the share of clips whose class "
    "with most votes is right, a tie of k counting 1/k; a clip without votes is a tie of all",
    solve=lambda votes, y: (_of_right(_top(votes), y) / _top(votes).sum(axis=1)).mean(),
    cases=_votes_and_classes,
    slips={
        N_("argmax gives every tie to the first class: share it among the tied."): (
            lambda votes, y: np.mean(votes.argmax(axis=1) == y)
        ),
        N_("this gives every tie to the last class: share it among the tied."): (
            lambda votes, y: np.mean(votes.shape[1] - 1 - votes[:, ::-1].argmax(axis=1) == y)
        ),
        N_("a tie counts as wholly right in yours: it is worth 1/k if k classes share the top."): (
            lambda votes, y: _of_right(_top(votes), y).mean()
        ),
        N_("a tie counts as wrong in yours: it is worth 1/k if the right class is among the k."): (
            lambda votes, y: (_of_right(_top(votes), y) & (_top(votes).sum(axis=1) == 1)).mean()
        ),
        N_("a tie of any size counts one half in yours: of k classes it is 1/k."): (
            lambda votes, y: (
                _of_right(_top(votes), y) / np.minimum(_top(votes).sum(axis=1), 2)
            ).mean()
        ),
        N_("clips with ties are left out in yours: count them, at 1/k."): (
            lambda votes, y: _of_right(_top(votes), y)[_top(votes).sum(axis=1) == 1].mean()
        ),
        N_("this is the mean share of votes for the right class: a clip is decided by its top."): (
            lambda votes, y: (_of_right(votes, y) / votes.sum(axis=1)).mean(),
            lambda votes, y: (_of_right(votes, y) / np.maximum(votes.sum(axis=1), 1)).mean(),
            lambda votes, y: _of_right(votes, y).sum() / votes.sum(),
        ),
        N_("this is the mean over classes: every clip counts the same."): lambda votes, y: np.mean(
            [
                (_of_right(_top(votes), y) / _top(votes).sum(axis=1))[y == k].mean()
                for k in np.unique(y)
            ]
        ),
        N_("return a share, not a number of clips or a percentage."): (
            lambda votes, y: (_of_right(_top(votes), y) / _top(votes).sum(axis=1)).sum(),
            lambda votes, y: 100 * (_of_right(_top(votes), y) / _top(votes).sum(axis=1)).mean(),
        ),
        N_("this is the share of wrong answers."): (
            lambda votes, y: 1 - (_of_right(_top(votes), y) / _top(votes).sum(axis=1)).mean()
        ),
    },
    advice=N_("The right class's part of the top: 1/k if it is one of k, else 0."),
)

# --- 16.2 ---------------------------------------------------------------------------------------


def _rows(counted: NDArray) -> NDArray:
    return counted / counted.sum(axis=1, keepdims=True)


def _usual(votes: NDArray) -> NDArray:
    return votes.sum(axis=0) / votes.sum()


def _few_votes(rng: np.random.Generator) -> Iterator[Case]:
    for n_clips, n_classes in [(6, 4), (4, 6), (9, 3)]:
        lean = rng.dirichlet(np.linspace(0.4, 3.0, n_classes))
        numbers = rng.permutation(np.linspace(1, 14, n_clips).astype(int))  # unequal helpings
        votes = np.stack([rng.multinomial(n, lean) for n in numbers])
        votes[0] += rng.integers(1, 3, n_classes)
        yield Case(votes, float(rng.uniform(1.5, 6.0)))
    votes = rng.integers(0, 5, (5, 4)) + np.array([6, 0, 1, 2])
    votes[2] = 0
    yield Case(votes, 2.5, hint=_("a clip without any vote gets exactly the usual shares."))


exercise(
    "16.2",
    "a function smoothed(votes, extra) returning shares whose rows sum to 1: the clip's votes and "
    "`extra` imagined ones, dealt out as classes are named over all votes; also without any vote",
    solve=lambda votes, extra: _rows(votes + extra * _usual(votes)),
    cases=_few_votes,
    slips={
        N_("every class gets the same imagined votes: deal them out by the usual shares."): (
            lambda votes, extra: _rows(votes + extra),
            lambda votes, extra: _rows(votes + extra / votes.shape[1]),
        ),
        N_("each class has its own `extra` in yours: it is for all together."): (
            lambda votes, extra: _rows(votes + extra * votes.shape[1] * _usual(votes))
        ),
        N_("a mean of shares weighs two votes like ten: count all votes together."): (
            lambda votes, extra: _rows(
                votes + extra * _rows(np.maximum(votes, 0)[votes.sum(axis=1) > 0]).mean(axis=0)
            )
        ),
        N_("the imagined votes are there; now divide each row by its sum."): (
            lambda votes, extra: votes + extra * _usual(votes)
        ),
        N_("divide by the votes *and* the imagined ones, so that rows sum to 1."): (
            lambda votes, extra: (
                (votes + extra * _usual(votes)) / np.maximum(votes.sum(axis=1, keepdims=True), 1)
            )
        ),
        N_("plain shares: nothing was smoothed."): (lambda votes, extra: _rows(votes)),
        N_("this pulls every clip equally far: one with few votes must be pulled farther."): (
            lambda votes, extra: _rows(_rows(np.maximum(votes, 1e-300)) + extra * _usual(votes)),
            lambda votes, extra: _rows(votes / votes.sum(axis=1).mean() + extra * _usual(votes)),
        ),
        N_("this is the usual clip for everybody: the clip's own votes are lost."): (
            lambda votes, extra: np.tile(_usual(votes), (len(votes), 1))
        ),
        N_("you divide by the usual shares: that is calibration, here they are added."): (
            lambda votes, extra: _rows((votes + extra) / _usual(votes))
        ),
    },
    advice=N_("Votes plus extra times the usual shares, each row divided by its sum."),
)

# --- 16.3 ---------------------------------------------------------------------------------------

_NEGATIVE = [0, 1, 2, 5]


def _of_three(negative: Callable[[NDArray], NDArray]) -> Callable[[NDArray], NDArray]:
    """Decide by what four posteriors together are worth."""

    def decide(P: NDArray) -> NDArray:
        three = np.stack([negative(P[:, _NEGATIVE]), P[:, 4], P[:, 3]], axis=1)
        return three.argmax(axis=1) - 1.0

    return decide


def _emotions(rng: np.random.Generator) -> Iterator[Case]:
    """Posteriors among which each class is first, and sum, mean and largest disagree."""
    for n in (40, 25):
        P = rng.dirichlet(np.array([0.5, 0.5, 0.5, 1.4, 1.4, 0.5]), n)
        P[0] = [0.15, 0.15, 0.15, 0.35, 0.05, 0.15]  # negative, though happiness is the largest
        P[1] = [0.13, 0.12, 0.12, 0.05, 0.44, 0.14]  # negative, though neutral is the largest
        P[2] = [0.28, 0.01, 0.01, 0.05, 0.64, 0.01]
        P[3] = [0.05, 0.05, 0.02, 0.79, 0.05, 0.04]
        P[4] = [0.01, 0.01, 0.01, 0.45, 0.06, 0.46]  # negative, by sadness
        P[5] = [0.12, 0.12, 0.12, 0.45, 0.09, 0.10]  # 0.46 to 0.45: a near thing
        yield Case(P)


exercise(
    "16.3",
    "a function sentiment(P) returning -1, 0 or 1 for each clip: the most probable sentiment "
    "by the posteriors of anger, disgust, fear, happiness, neutral, sadness",
    solve=_of_three(lambda four: four.sum(axis=1)),
    cases=_emotions,
    slips={
        N_("you look up the best emotion: four small negative ones may outweigh it. Add up."): (
            _of_three(lambda four: four.max(axis=1))
        ),
        N_("the mean of four is a quarter of their probability: add them up."): (
            _of_three(lambda four: four.mean(axis=1))
        ),
        N_("sadness is negative, too."): _of_three(lambda four: four[:, :3].sum(axis=1)),
        N_("you return 0, 1, 2: negative is -1, neutral 0, positive 1."): (
            lambda P: _of_three(lambda four: four.sum(axis=1))(P) + 1
        ),
        N_("the signs are turned: negative is -1, positive 1."): (
            lambda P: -_of_three(lambda four: four.sum(axis=1))(P)
        ),
        N_("happiness is column 3 and neutral column 4: yours have changed places."): (
            lambda P: _of_three(lambda four: four.sum(axis=1))(P[:, [0, 1, 2, 4, 3, 5]])
        ),
        N_("negative wins above one half in yours: it wins where it is the largest."): (
            lambda P: np.where(
                P[:, _NEGATIVE].sum(axis=1) > 0.5, -1.0, np.where(P[:, 3] > P[:, 4], 1.0, 0.0)
            )
        ),
        N_("the sign of positive less negative forgets that neutral may be the most probable."): (
            lambda P: np.sign(P[:, 3] - P[:, _NEGATIVE].sum(axis=1))
        ),
        N_("an expected sentiment is not the most probable one: compare three probabilities."): (
            lambda P: np.round(P[:, 3] - P[:, _NEGATIVE].sum(axis=1)),
        ),
    },
    advice=N_("Three probabilities: the four negative ones together, neutral, happiness."),
)

# --- 16.4 ---------------------------------------------------------------------------------------


def _chain(
    split: Callable = lambda n, X, y, actors: GroupKFold(n).split(X, y, actors),
    prior: Callable = lambda y, train, test: np.bincount(y[train], minlength=y.max() + 1),
    fuse: Callable = lambda a, b, prior: a * b / prior,
    fitted_on: Callable = lambda train, test: train,
    normalise: bool = True,
) -> Callable[..., NDArray]:
    """The chain of the exercise, with one link that may be another."""

    def chain(new_expert, voice, face, y, actors, n_splits):
        P = np.zeros((len(y), y.max() + 1))
        for train, test in split(n_splits, voice, y, actors):
            rows = fitted_on(train, test)
            said = [
                new_expert().fit(X[rows], y[rows]).predict_proba(X[test]) for X in (voice, face)
            ]
            counts = prior(y, train, test)
            P[test] = fuse(*said, counts / counts.sum())
        return _rows(P) if normalise else P

    return chain


def _early(new_expert, voice, face, y, actors, n_splits):
    X, P = np.hstack([voice, face]), np.zeros((len(y), y.max() + 1))
    for train, test in GroupKFold(n_splits).split(X, y, actors):
        P[test] = new_expert().fit(X[train], y[train]).predict_proba(X[test])
    return P


def _two_channels(rng: np.random.Generator) -> Iterator[Case]:
    # To naive Bayes one expert on both channels is the same as the product of two; to LDA not.
    experts = LinearDiscriminantAnalysis, GaussianNB, LinearDiscriminantAnalysis
    sizes = (7, 3, 3), (9, 4, 4), (6, 5, 2)
    for new_expert, (n_actors, n_splits, n_classes) in zip(experts, sizes, strict=True):
        n_clips = rng.permutation(np.arange(n_actors) + 6 * n_classes)
        actors = np.repeat(rng.permutation(100)[:n_actors], n_clips)
        order = rng.permutation(len(actors))
        actors = actors[order]
        share = np.linspace(1, 3, n_classes)
        y = rng.choice(n_classes, len(actors), p=share / share.sum())
        for each in np.unique(actors):  # every actor shows every class, in unequal shares
            y[np.flatnonzero(actors == each)[: 2 * n_classes]] = np.tile(np.arange(n_classes), 2)
        habit = rng.normal(size=(101, 5))[actors]
        voice = np.eye(n_classes)[y] @ rng.normal(size=(n_classes, 2)) + habit[:, :2]
        face = np.eye(n_classes)[y] @ rng.normal(size=(n_classes, 3)) + habit[:, 2:]
        noise = rng.normal(size=(len(y), 5))
        yield Case(new_expert, voice + noise[:, :2], face + noise[:, 2:], y, actors, n_splits)


exercise(
    "16.4",
    "a function out_of_fold_product(new_expert, voice, face, y, actors, n_splits) returning "
    "posteriors whose rows sum to 1, every clip judged by experts and a prior "
    "from other actors (GroupKFold)",
    solve=_chain(),
    cases=_two_channels,
    slips={
        N_("actors are split between training and test: use GroupKFold, and hand it the actors."): (
            _chain(split=lambda n, X, y, actors: KFold(n).split(X))
        ),
        N_("these are StratifiedGroupKFold's folds: the exercise asks for GroupKFold."): (
            _chain(split=lambda n, X, y, actors: StratifiedGroupKFold(n).split(X, y, actors))
        ),
        N_("the experts are fitted on all clips, those they judge among them."): (
            _chain(fitted_on=lambda train, test: np.union1d(train, test))
        ),
        N_("training and test rows have changed places: fit on `train`, judge `test`."): (
            _chain(fitted_on=lambda train, test: test)
        ),
        N_("the prior is counted on all clips: the test actors' classes are not known yet."): (
            _chain(prior=lambda y, train, test: np.bincount(y))
        ),
        N_("the prior is counted on the test clips: their classes are not known yet."): (
            _chain(prior=lambda y, train, test: np.bincount(y[test], minlength=y.max() + 1))
        ),
        N_("the prior is in both posteriors: divide their product by it once."): (
            _chain(fuse=lambda a, b, prior: a * b)
        ),
        N_("you divide by the prior twice: two experts hold it twice, one must stay."): (
            _chain(fuse=lambda a, b, prior: a * b / prior**2)
        ),
        N_("you multiply by the prior: it is in the posteriors already, divide by it."): (
            _chain(fuse=lambda a, b, prior: a * b * prior)
        ),
        N_("this is the sum rule: multiply the posteriors."): (
            _chain(fuse=lambda a, b, prior: (a + b) / 2),
            _chain(fuse=lambda a, b, prior: (a + b) / 2 / prior),
        ),
        N_("this is early fusion, one expert on both: fit one for each channel, and multiply."): (
            _early
        ),
        N_("this is one channel alone: multiply both."): (
            _chain(fuse=lambda a, b, prior: a),
            _chain(fuse=lambda a, b, prior: b),
        ),
        N_("the product is right; now divide each row by its sum."): _chain(normalise=False),
    },
    advice=N_("Four links: folds by actor, two new experts, the prior there, a product."),
)
