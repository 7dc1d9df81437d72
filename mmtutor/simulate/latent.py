"""The world behind the simulated data, and the best any learner could do in it.

Every simulated sample starts as a handful of latent numbers: for each modality a signal that
depends on the class, plus noise. Pictures, sounds and sentences are then drawn from these numbers.
Because we chose the distributions, Bayes' rule on the latent numbers gives the *ideal observer*:
its posteriors, and the accuracy (:meth:`PostWorld.ceiling`) that no classifier of the rendered data
can beat on average.

Conventions
-----------
- A modality's *reliability* is its signal in units of its noise's standard deviation; 0 means that
  the modality says nothing.
- *Conflict* is the probability that one modality of a sample, any of them equally likely, shows
  another class, any of them equally likely (irony, the wrong picture, somebody else's voice).
- *Missing* is the probability that a cell is removed, whatever it holds. A sample that would lose
  all its cells gets one of them back, any equally likely, unless every cell is to be missing.

Two worlds follow: :class:`PostWorld` (classes on a line: sentiment) and :class:`PeopleWorld`
(classes are points in a space of identities, and captions name several people).
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import log_softmax, logsumexp, softmax
from scipy.stats import norm, qmc

from mmtutor._ranges import ANY_SEED, FINITE, RANDOM, check_ranges, number
from mmtutor._rows import floats
from mmtutor.simulate._checks import (
    MOST_DRAWN,
    STRONGEST,
    between,
    chosen,
    count,
    in_a_row,
    numbers,
)

__all__ = ["PeopleWorld", "PostWorld"]

LEVEL = number(f"[-{STRONGEST}, {STRONGEST}]")
SeedLike = int | None | np.random.SeedSequence | np.random.Generator | np.random.RandomState


def seed_sequence(random_state: SeedLike) -> np.random.SeedSequence:
    """Turn a ``random_state`` into the root from which each part of a simulation gets its stream.

    A non-negative int gives the same numbers every time; None gives new ones every time; from a
    Generator or RandomState one integer is drawn. Anything else is a ValueError.
    """
    if isinstance(random_state, np.random.SeedSequence):
        return random_state
    if random_state is None:
        return np.random.SeedSequence()
    if isinstance(random_state, np.random.Generator):
        return np.random.SeedSequence(int(random_state.integers(2**32)))
    if isinstance(random_state, np.random.RandomState):
        return np.random.SeedSequence(int(random_state.randint(2**31)))
    check_ranges({"random_state": RANDOM}, random_state=random_state)
    return np.random.SeedSequence(int(random_state))


@dataclass(frozen=True)
class PostWorld:
    """Classes on a line, each modality a noisy look at them.

    The latent value of modality m of a sample of class c is ``reliability[m] * levels[c] + noise``;
    the noise is Gaussian with standard deviation 1 and correlation `noise_correlation` between
    every two modalities.

    Parameters
    ----------
    modalities : tuple of str, default=("text", "image", "audio")
        Names of the modalities.
    reliability : tuple of float, default=(1.0, 1.0, 1.0)
        Signal per unit of `levels`, in noise standard deviations, one per modality, >= 0.
    levels : tuple of float, default=(-1.0, 0.0, 1.0)
        Where each class lies on the line, for instance -1, 0, 1.
    noise_correlation : float, default=0.0
        Between -1 / (n_modalities - 1) and 1, both excluded.
    conflict : float, default=0.0
        Probability that one modality shows another class.
    missing : tuple of float, default=(0.0, 0.0, 0.0)
        Probability per modality that the cell is missing.
    prior : tuple of float or None, default=None
        Probability of each class; None for equal ones.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the lengths disagree.

    See Also
    --------
    PeopleWorld : Classes that are points in a space of identities.
    make_posts : Draw pictures, sounds and texts from such numbers.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    Two classes one unit of signal to each side, seen twice with independent noise:

    >>> world = PostWorld(("image", "audio"), (0.5, 0.5), levels=(-1, 1))
    >>> round(world.ceiling(["image"]), 3), round(world.ceiling(), 3)
    (0.691, 0.76)
    """

    modalities: tuple[str, ...] = ("text", "image", "audio")
    reliability: tuple[float, ...] = (1.0, 1.0, 1.0)
    levels: tuple[float, ...] = (-1.0, 0.0, 1.0)
    noise_correlation: float = 0.0
    conflict: float = 0.0
    missing: tuple[float, ...] = (0.0, 0.0, 0.0)
    prior: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        # A frozen dataclass with tuples only can be a key of the cache of integrals below.
        if isinstance(self.modalities, str) or not isinstance(self.modalities, Sequence):
            raise TypeError(f"modalities must be a tuple of names, got {self.modalities!r:.60}")
        n = len(self.modalities)
        modalities = tuple(self.modalities)
        columns = ["class", *(f"{p}{m}" for p in ("", "shown_", "missing_") for m in modalities)]
        if not all(isinstance(m, str) for m in modalities) or len(set(columns)) < len(columns):
            raise ValueError(
                "modalities must be different names, none of them 'class' and none another's with "
                f"'shown_' or 'missing_' before it, got {modalities!r:.60}"
            )
        missing = (0.0,) * n if in_a_row(self.missing) == [0.0] * 3 else self.missing
        put = object.__setattr__
        put(self, "modalities", modalities)
        reliability = numbers(self.reliability, n, what="reliability", high=STRONGEST)
        put(self, "reliability", reliability)
        put(self, "missing", numbers(missing, n, what="missing", high=1.0))
        levels = in_a_row(self.levels) or []
        if not all(map(LEVEL[1], levels)) or not 2 <= len(set(levels)) == len(levels):
            raise ValueError(
                f"levels must be two or more distinct numbers in [-{STRONGEST}, {STRONGEST}], in a "
                f"tuple or list, got {self.levels!r:.60}"
            )
        put(self, "levels", tuple(map(float, levels)))
        put(self, "conflict", between(self.conflict, 0, 1, what="conflict"))
        lowest = -1.0 / (n - 1) if n > 1 else -1.0
        rho = self.noise_correlation
        if not (FINITE[1](rho) and lowest < rho < 1):
            raise ValueError(
                f"noise_correlation of {n} modalities must lie between {lowest:.3g} and 1 "
                f"(both excluded), got {rho!r}"
            )
        put(self, "noise_correlation", float(rho))
        if self.prior is not None:
            prior = numbers(self.prior, len(self.levels), what="prior", high=1.0)
            if abs(sum(prior) - 1) > 1e-9:
                raise ValueError(f"prior must sum to 1, got {prior} with sum {sum(prior):.3g}")
            put(self, "prior", prior)

    @property
    def class_prior(self) -> np.ndarray:
        """Probability of each class, ndarray of shape (n_classes,)."""
        if self.prior is None:
            return np.full(len(self.levels), 1 / len(self.levels))
        return np.array(self.prior)

    def covariance(self, modalities: Sequence[str] | None = None) -> np.ndarray:
        """Return the covariance of the noise.

        Parameters
        ----------
        modalities : sequence of str, optional
            Which of them; all by default.

        Returns
        -------
        ndarray of shape (n_chosen, n_chosen)
            1 on the diagonal, `noise_correlation` elsewhere.

        Examples
        --------
        >>> PostWorld(noise_correlation=0.5).covariance(["text", "audio"])
        array([[1. , 0.5],
               [0.5, 1. ]])
        """
        n = len(chosen(modalities, self.modalities))
        return np.full((n, n), float(self.noise_correlation)) + np.eye(n) * (
            1 - self.noise_correlation
        )

    def sensitivity(self, modalities: Sequence[str] | None = None) -> float:
        """Return d', the signal of the chosen modalities together, in noise sds.

        With r the reliabilities and S the covariance of the noise, d' is the square root of
        ``r' S^-1 r``: for independent modalities squares add up, for two modalities with correlated
        noise ``d'^2 = (r1^2 + r2^2 - 2 rho r1 r2) / (1 - rho^2)``.

        Parameters
        ----------
        modalities : sequence of str, optional
            Which of them; all by default.

        Returns
        -------
        float
            The d' per unit of `levels`.

        Examples
        --------
        >>> PostWorld(("image", "audio"), (3, 4)).sensitivity()
        5.0
        """
        names = chosen(modalities, self.modalities)
        if not names:
            return 0.0
        r = np.array([self.reliability[self.modalities.index(name)] for name in names])
        return float(np.sqrt(r @ np.linalg.solve(self.covariance(names), r)))

    def sample(self, n_samples: int, random_state: SeedLike = 0) -> pd.DataFrame:
        """Draw samples of this world.

        Each quantity has a random stream of its own. So the first rows do not depend on
        `n_samples`, and changing the reliability, say, leaves the noise as it was.

        Parameters
        ----------
        n_samples : int
            How many, >= 1. Classes are balanced in blocks if the prior is uniform.
        random_state : int, None or NumPy generator, default=0
            Seed.

        Returns
        -------
        pandas.DataFrame
            One row a sample: ``class`` (index of the class), one latent value per modality under
            its name (in noise sds), ``shown_<modality>`` (index of the class it shows, another than
            ``class`` in a conflict) and ``missing_<modality>`` (bool). The latent value is given
            for missing cells too.

        Examples
        --------
        >>> world = PostWorld(conflict=0.2)
        >>> world.sample(5).equals(world.sample(100).head(5))
        True
        """
        n_samples = count(n_samples, what="n_samples", high=MOST_DRAWN)
        streams = iter(np.random.default_rng(s) for s in seed_sequence(random_state).spawn(4))
        n_classes, n_modalities = len(self.levels), len(self.modalities)

        rng = next(streams)
        if self.prior is None:
            target = _balanced(n_samples, n_classes, rng)
        else:
            target = np.searchsorted(np.cumsum(self.class_prior), rng.random(n_samples), "right")
            target = np.minimum(target, n_classes - 1)

        noise = next(streams).standard_normal((n_samples, n_modalities))
        noise = noise @ np.linalg.cholesky(self.covariance()).T
        shown = _shown_classes(target, n_classes, n_modalities, self.conflict, next(streams))
        levels = np.array(self.levels)
        values = levels[shown] * np.array(self.reliability) + noise
        gone = _missing_cells(n_samples, self.missing, next(streams))
        columns = {"class": target}
        for prefix, table in (("", values), ("shown_", shown), ("missing_", gone)):
            columns |= {f"{prefix}{name}": table[:, m] for m, name in enumerate(self.modalities)}
        return pd.DataFrame(columns)

    def posteriors(
        self, values: pd.DataFrame, modalities: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return what the ideal observer believes after seeing the latent values.

        Parameters
        ----------
        values : DataFrame of shape (n_samples, ...)
            A column of latent values per modality, NaN where missing. A table from :meth:`sample`
            will do: its ``missing_*`` columns are obeyed.
        modalities : sequence of str, optional
            Which of them the observer may use; all by default. None of them: the prior.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Posteriors; each row sums to 1.

        Examples
        --------
        >>> world = PostWorld(("image",), (2.0,))
        >>> world.posteriors(pd.DataFrame({"image": [-2.0, 0.0]})).round(2)
        array([[0.88, 0.12, 0.  ],
               [0.11, 0.79, 0.11]])
        """
        names = chosen(modalities, self.modalities)
        seen = _observed(values, names)
        with np.errstate(divide="ignore"):
            log_prior = np.log(self.class_prior)
        result = np.tile(self.class_prior, (len(seen), 1))
        present = ~np.isnan(seen)
        for pattern in {tuple(row) for row in present}:  # at most 2 ** n_modalities
            subset = tuple(n for n, here in zip(names, pattern, strict=True) if here)
            if subset:
                rows = (present == pattern).all(axis=1)
                z = seen[np.ix_(rows, np.array(pattern))]
                result[rows] = softmax(log_prior + self._log_likelihood(z, subset), axis=1)
        return result

    def ceiling(self, modalities: Sequence[str] | None = None) -> float:
        """Return the ideal observer's accuracy: the most that any classifier can reach.

        It takes reliability, noise correlation, conflict and missingness into account, and knows
        them. Without conflict the value is exact; with conflict it is an integral over
        quasi-random points with an error below 0.0005.

        Parameters
        ----------
        modalities : sequence of str, optional
            Which modalities the observer may use; all by default.

        Returns
        -------
        float
            Expected accuracy, between chance and 1.

        Raises
        ------
        ValueError
            If a modality is unknown.

        References
        ----------
        Green and Swets (1966), Signal detection theory and psychophysics.

        Examples
        --------
        >>> world = PostWorld(("text", "image"), (1.5, 1.0))
        >>> [round(world.ceiling(m), 3) for m in (["text"], ["image"], ["text", "image"])]
        [0.698, 0.589, 0.755]
        """
        names = chosen(modalities, self.modalities)
        return sum(
            weight * _post_accuracy(self, tuple(name for name in present if name in names))
            for present, weight in _presence(self.modalities, self.missing).items()
        )

    def _components(self, subset: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Mixture of `subset`'s latent values in each class.

        Returns weights (n_components,) and means (n_classes, n_components, n_chosen): the first
        component has no visible conflict, the others have one modality showing another class.
        """
        where = [self.modalities.index(name) for name in subset]
        r, levels = np.array(self.reliability)[where], np.array(self.levels)
        n_classes, n_all = len(levels), len(self.modalities)
        weights = [1 - self.conflict * len(subset) / n_all]
        means = [np.outer(levels, r)]
        if self.conflict > 0:
            for column, shift in itertools.product(range(len(subset)), range(1, n_classes)):
                mean = np.outer(levels, r)
                mean[:, column] = np.roll(levels, shift) * r[column]  # each other class in turn
                means.append(mean)
                weights.append(self.conflict / n_all / (n_classes - 1))
        return np.array(weights), np.stack(means, axis=1)

    def _log_likelihood(self, z: np.ndarray, subset: tuple[str, ...]) -> np.ndarray:
        """Log-density (up to a constant) of rows of `z` in each class, (n_samples, n_classes)."""
        weights, means = self._components(subset)
        whiten = np.linalg.inv(np.linalg.cholesky(self.covariance(subset)))
        points, centres = z @ whiten.T, means @ whiten.T
        # |x - m|^2 = |x|^2 - 2 x.m + |m|^2; the first term is the same for all classes
        log_density = np.tensordot(points, centres, axes=(1, 2)) - (centres**2).sum(axis=2) / 2
        with np.errstate(divide="ignore"):
            return logsumexp(log_density + np.log(weights), axis=2)


@lru_cache(maxsize=4096)
def _post_accuracy(world: PostWorld, subset: tuple[str, ...]) -> float:
    """Accuracy of the ideal observer of a PostWorld that sees exactly `subset`."""
    if not subset:
        return float(world.class_prior.max())
    if world.conflict == 0:
        # All class means lie on one line, so one number (the projection) is sufficient.
        return _line_accuracy(world.sensitivity(subset) * np.array(world.levels), world.class_prior)
    # E[max posterior], which is the accuracy, averaged over the components of the mixture.
    weights, means = world._components(subset)
    n_points = 2**13
    uniform = qmc.Sobol(len(subset), scramble=True, rng=np.random.default_rng(0)).random(n_points)
    noise = norm.ppf(uniform) @ np.linalg.cholesky(world.covariance(subset)).T
    log_prior = np.log(np.maximum(world.class_prior, 1e-300))
    total = 0.0
    for c, k in itertools.product(range(means.shape[0]), range(means.shape[1])):
        log_joint = log_prior + world._log_likelihood(means[c, k] + noise, subset)
        best = np.exp(log_softmax(log_joint, axis=1).max(axis=1)).mean()
        total += world.class_prior[c] * weights[k] * best
    return float(total)


def _line_accuracy(means: np.ndarray, prior: np.ndarray) -> float:
    """Accuracy of Bayes' rule for Gaussians of sd 1 at `means` on the line; exact.

    The rule's decision regions are intervals, which end where two classes are equally likely.
    """
    means, inverse = np.unique(means, return_inverse=True)
    merged = np.zeros(len(means))  # classes at one point: only the most probable is ever chosen
    np.maximum.at(merged, inverse, prior)
    ends = [-np.inf, np.inf]
    for a, b in itertools.combinations(range(len(means)), 2):
        if merged[a] > 0 and merged[b] > 0:
            gap = means[b] - means[a]
            ends.append((means[a] + means[b]) / 2 + np.log(merged[a] / merged[b]) / gap)
    bounds = np.sort(ends)
    low, high = bounds[:-1], bounds[1:]
    mass = merged[:, None] * (norm.cdf(high - means[:, None]) - norm.cdf(low - means[:, None]))
    return float(mass.max(axis=0).sum())  # in each interval the winner has the largest mass


@dataclass(frozen=True)
class PeopleWorld:
    """People as points in a space of identities; captions that name several of them.

    Person p has a face ``u_p`` and a voice ``v_p``, points drawn from a standard normal
    distribution. The latent value of a sample is ``reliability * u_p + noise`` with noise of
    standard deviation 1 in every dimension. A caption names `n_named` people; the right one is
    among them with probability `caption_accuracy`, the others are any people, equally likely.

    Parameters
    ----------
    n_people : int, default=20
        How many people, >= 2.
    sizes : mapping of str to int
        Dimensions of each space of identities, by modality.
    reliability : mapping of str to float
        Signal in noise standard deviations, per dimension, by modality.
    n_named : int, default=3
        Names per caption, from 1 to n_people - 1.
    caption_accuracy : float, default=0.9
        Probability that the right person is named, in [0, 1].
    conflict : float, default=0.0
        Probability that one modality (caption included) is another person's.
    missing : mapping of str to float
        Probability that the cell is missing, by modality ("text" is the caption).
    random_state : int, default=0
        Seed of the people; their samples have a seed of their own.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    PostWorld : Classes on a line.
    make_people : Draw faces, voices and captions from such numbers.

    Notes
    -----
    Not used in a notebook: :func:`make_people` draws from it.

    Examples
    --------
    A caption with two names, right nine times out of ten, allows 45 %:

    >>> world = PeopleWorld(10, n_named=2, caption_accuracy=0.9)
    >>> round(world.ceiling(["text"]), 3)
    0.45
    """

    n_people: int = 20
    sizes: Mapping[str, int] = field(default_factory=lambda: {"image": 8, "audio": 4})
    reliability: Mapping[str, float] = field(default_factory=lambda: {"image": 1.0, "audio": 1.0})
    n_named: int = 3
    caption_accuracy: float = 0.9
    conflict: float = 0.0
    missing: Mapping[str, float] = field(default_factory=dict)
    random_state: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "n_people", count(self.n_people, what="n_people", low=2, high=MOST_DRAWN))
        put(self, "n_named", count(self.n_named, what="n_named"))
        if self.n_named >= self.n_people:
            raise ValueError(
                f"n_named must be from 1 to n_people - 1 = {self.n_people - 1}, got {self.n_named}"
            )
        check_ranges({"random_state": ANY_SEED}, random_state=self.random_state)
        for what in ("caption_accuracy", "conflict"):
            put(self, what, between(getattr(self, what), 0, 1, what=what))
        for what in ("sizes", "reliability", "missing"):
            given = getattr(self, what)
            if not isinstance(given, Mapping):
                raise TypeError(f"{what} must be a mapping like {{'audio': 1}}, got {given!r:.60}")
        if not all(isinstance(name, str) and name not in ("text", "named") for name in self.sizes):
            raise ValueError(
                "sizes must name modalities, neither 'text' nor 'named', which are the captions', "
                f"got {self.sizes!r:.60}"
            )
        unknown = set(self.missing) - set(self.modalities) | set(self.reliability) - set(self.sizes)
        if unknown:
            known = self.modalities
            raise ValueError(f"unknown modalities {sorted(unknown, key=str)}; known are {known}")
        for name, size in self.sizes.items():
            count(size, what=f"size of {name}", high=MOST_DRAWN)
            between(self.reliability.get(name, np.nan), 0, STRONGEST, what=f"reliability of {name}")
        for name, value in self.missing.items():
            between(value, 0, 1, what=f"missing of {name}")

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities: the caption ("text") first, then those of `sizes`."""
        return ("text", *self.sizes)

    def people(self) -> dict[str, np.ndarray]:
        """Return each person's point in each space.

        Returns
        -------
        dict of str to ndarray of shape (n_people, size)
            The points, by modality.

        Examples
        --------
        >>> PeopleWorld(5).people()["audio"].shape
        (5, 4)
        """
        streams = seed_sequence(self.random_state).spawn(len(self.sizes))
        return {
            name: np.random.default_rng(stream).standard_normal((self.n_people, size))
            for stream, (name, size) in zip(streams, self.sizes.items(), strict=True)
        }

    def sample(self, n_samples: int, random_state: SeedLike = 0) -> pd.DataFrame:
        """Draw samples of this world.

        Parameters
        ----------
        n_samples : int
            How many, >= 1; people are balanced in blocks of `n_people`.
        random_state : int, None or NumPy generator, default=0
            Seed.

        Returns
        -------
        pandas.DataFrame
            One row a sample: ``class`` (index of the person), ``named_0`` ... (indices of the
            people in the caption, in its order), ``image_0`` ..., ``audio_0`` ... (latent values in
            noise sds), ``shown_<modality>`` and ``missing_<modality>`` as in
            :meth:`PostWorld.sample`.

        Examples
        --------
        >>> world = PeopleWorld(5)
        >>> sorted(world.sample(5)["class"])
        [0, 1, 2, 3, 4]
        """
        n_samples = count(n_samples, what="n_samples", high=MOST_DRAWN)
        streams = iter(np.random.default_rng(s) for s in seed_sequence(random_state).spawn(6))
        target = _balanced(n_samples, self.n_people, next(streams))
        shown = _shown_classes(
            target, self.n_people, len(self.modalities), self.conflict, next(streams)
        )
        missing = [self.missing.get(name, 0.0) for name in self.modalities]
        gone = _missing_cells(n_samples, missing, next(streams))
        named = self._captions(shown[:, 0], next(streams))
        columns = {f"named_{k}": named[:, k] for k in range(self.n_named)}
        people = self.people()
        noise = next(streams).standard_normal((n_samples, sum(self.sizes.values())))
        start = 0
        for m, (name, size) in enumerate(self.sizes.items(), start=1):
            z = self.reliability[name] * people[name][shown[:, m]] + noise[:, start : start + size]
            columns |= {f"{name}_{k}": z[:, k] for k in range(size)}
            start += size
        frame = pd.DataFrame({"class": target} | columns)
        for m, name in enumerate(self.modalities):
            frame[f"shown_{name}"] = shown[:, m]
            frame[f"missing_{name}"] = gone[:, m]
        return frame

    def posteriors(
        self, values: pd.DataFrame, modalities: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return what the ideal observer believes after seeing the latent values.

        Parameters
        ----------
        values : DataFrame of shape (n_samples, n_columns)
            A table from :meth:`sample`.
        modalities : sequence of str, optional
            Which of them the observer may use; all by default.

        Returns
        -------
        ndarray of shape (n_samples, n_people)
            Posteriors; each row sums to 1.

        Examples
        --------
        >>> world = PeopleWorld(4, n_named=2, caption_accuracy=0.8)
        >>> sorted(world.posteriors(world.sample(1), ["text"])[0].round(2).tolist())
        [0.1, 0.1, 0.4, 0.4]
        """
        names = chosen(modalities, self.modalities)
        _require_table(values)
        logs = np.zeros((len(values), len(names), self.n_people))
        for m, name in enumerate(names):
            logs[:, m] = self._log_likelihood(values, name)
        return self._combine(logs)

    def ceiling(self, modalities: Sequence[str] | None = None) -> float:
        """Return the ideal observer's accuracy: the most that any classifier can reach.

        The average of the largest posterior over 32,768 samples with a fixed seed (for each way
        in which cells can be missing); its standard error is below 0.002.

        Parameters
        ----------
        modalities : sequence of str, optional
            Which modalities the observer may use; all by default.

        Returns
        -------
        float
            Expected accuracy, between 1 / n_people and 1.

        Examples
        --------
        >>> world = PeopleWorld(10, reliability={"image": 0.0, "audio": 0.5})
        >>> round(world.ceiling(["image"]), 3)
        0.1
        """
        names = chosen(modalities, self.modalities)
        complete = PeopleWorld(**(self.__dict__ | {"missing": {}}))
        drawn = complete.sample(2**15, random_state=20_260_101)
        logs = {name: self._log_likelihood(drawn, name) for name in names}
        total, known = 0.0, {}
        missing = [self.missing.get(name, 0.0) for name in self.modalities]
        for present, weight in _presence(self.modalities, missing).items():
            subset = tuple(name for name in names if name in present)
            if subset not in known:
                known[subset] = 1 / self.n_people
                if subset:
                    stacked = np.stack([logs[name] for name in subset], axis=1)
                    known[subset] = self._combine(stacked).max(axis=1).mean()
            total += weight * known[subset]
        return float(total)

    def _captions(self, person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Names of each caption in random order, (n_samples, n_named)."""
        # Row by row from one stream, so that the first rows do not depend on how many follow.
        keys = rng.random((len(person), self.n_people + 1 + self.n_named))
        rows = np.arange(len(person))
        right = keys[:, 0] < self.caption_accuracy
        order = keys[:, 1 : self.n_people + 1].copy()
        order[rows, person] = np.where(right, -1.0, 2.0)  # first of all, or never
        named = np.argsort(order, axis=1)[:, : self.n_named]
        shuffle = np.argsort(keys[:, self.n_people + 1 :], axis=1)
        return np.take_along_axis(named, shuffle, axis=1)

    def _log_likelihood(self, values: pd.DataFrame, name: str) -> np.ndarray:
        """Log-likelihood (up to a constant) of one modality per person, (n_samples, n_people).

        0 where the modality is missing.
        """
        text = name == "text"
        stem, size = ("named", self.n_named) if text else (name, self.sizes[name])
        columns = [f"{stem}_{k}" for k in range(size)]
        z, gone = _numbers(values, columns), _gone(values, name)
        wrong = ~np.isfinite(z)
        if text:
            wrong |= (z < 0) | (z >= self.n_people) | (z != np.rint(z))
        wrong[gone] = False
        expected = f"whole numbers from 0 to {self.n_people - 1}" if text else "finite numbers"
        _refuse(wrong, values, columns, f"{expected}; what is missing is said by missing_{name}")
        logs = self._text(z, gone) if text else self._point(z, name)
        logs[gone] = 0.0
        return logs

    def _text(self, named: np.ndarray, gone: np.ndarray) -> np.ndarray:
        named = np.where(gone[:, None], 0, named).astype(int)
        inside = np.zeros((len(named), self.n_people), dtype=bool)
        inside[np.arange(len(named))[:, None], named] = True
        q, k = self.caption_accuracy, self.n_named
        # P(this caption | p) / P(any caption) = q n / k if p is named, else (1 - q) n / (n - k)
        ratio = self.n_people * np.array([(1 - q) / (self.n_people - k), q / k])
        with np.errstate(divide="ignore"):
            return np.log(ratio)[inside.astype(int)]

    def _point(self, z: np.ndarray, name: str) -> np.ndarray:
        centres = self.reliability[name] * self.people()[name]
        # Relative to a standard normal density: keeps the number moderate, changes no posterior.
        return z @ centres.T - (centres**2).sum(axis=1) / 2

    def _combine(self, logs: np.ndarray) -> np.ndarray:
        """Posteriors from log-likelihoods (n_samples, n_modalities, n_people), with conflict."""
        together = logs.sum(axis=1)
        if self.conflict > 0:
            share = self.conflict / len(self.modalities)
            clear = 1 - share * logs.shape[1]  # nothing that the observer sees is in conflict
            terms = [together + np.log(clear)] if clear > 0 else []
            for m in range(logs.shape[1]):
                rest = np.delete(logs, m, axis=1).sum(axis=1)
                terms.append(rest + _log_mean_of_others(logs[:, m]) + np.log(share))
            together = logsumexp(np.stack(terms), axis=0)
        return softmax(together, axis=1)


def _log_mean_of_others(logs: np.ndarray) -> np.ndarray:
    """Row by row, the log of the mean of exp(logs) over all the *other* columns."""
    n = logs.shape[1]
    top = logs.max(axis=1, keepdims=True)
    scaled = np.exp(logs - top)
    # Summed without the column itself, rather than total minus column: no cancellation.
    others = scaled @ (1 - np.eye(n))
    with np.errstate(divide="ignore"):
        return np.log(others / (n - 1)) + top


def _balanced(n_samples: int, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Class indices: every block of `n_classes` rows holds each class once, in random order."""
    n_blocks = -(-n_samples // n_classes)
    return np.argsort(rng.random((n_blocks, n_classes)), axis=1).ravel()[:n_samples]


def _shown_classes(
    target: np.ndarray,
    n_classes: int,
    n_modalities: int,
    conflict: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Class that each modality shows, (n_samples, n_modalities)."""
    u = rng.random((len(target), 3))
    shown = np.repeat(target[:, None], n_modalities, axis=1)
    rows = np.flatnonzero(u[:, 0] < conflict)
    which = (u[rows, 1] * n_modalities).astype(int)
    shift = 1 + (u[rows, 2] * (n_classes - 1)).astype(int)
    shown[rows, which] = (target[rows] + shift) % n_classes
    return shown


def _missing_cells(
    n_samples: int, missing: Sequence[float], rng: np.random.Generator
) -> np.ndarray:
    """Tell which cells are missing, bool (n_samples, n_modalities)."""
    n = len(missing)
    u = rng.random((n_samples, n + 1))
    gone = u[:, :n] < np.array(missing)
    spared = np.flatnonzero(np.array(missing) < 1)
    if len(spared):
        rows = np.flatnonzero(gone.all(axis=1))
        gone[rows, spared[(u[rows, n] * len(spared)).astype(int)]] = False
    return gone


def _presence(names: Sequence[str], missing: Sequence[float]) -> dict[tuple[str, ...], float]:
    """Probability of each set of present cells, as :func:`_missing_cells` makes them."""
    chance: defaultdict[tuple[str, ...], float] = defaultdict(float)
    spared = [name for name, q in zip(names, missing, strict=True) if q < 1]
    for pattern in itertools.product((True, False), repeat=len(names)):
        p = float(np.prod([1 - q if here else q for here, q in zip(pattern, missing, strict=True)]))
        present = tuple(itertools.compress(names, pattern))
        if present or not spared:
            chance[present] += p
        else:
            for name in spared:
                chance[(name,)] += p / len(spared)
    return {present: p for present, p in chance.items() if p > 0}


def _observed(values: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    _require_table(values)
    seen = _numbers(values, names).copy(order="K")
    _refuse(np.isinf(seen), values, names, "finite numbers, NaN where missing")
    for column, name in enumerate(names):
        seen[_gone(values, name), column] = np.nan
    return seen


def _require_table(values: Any) -> None:
    if not isinstance(values, pd.DataFrame):
        raise TypeError(f"values must be a table as `sample` returns it, got {values!r:.60}")


def _numbers(values: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return columns of latent values, NaN where a cell is missing."""
    absent = [name for name in names if name not in values]
    if absent:
        raise ValueError(f"no column {absent} in the latent values: {list(values.columns)}")
    block = values[list(names)]
    if block.shape[1] > len(names):
        raise ValueError(f"the latent values name a column twice: {list(block.columns)}")
    array = block.to_numpy()
    if array.dtype.kind not in "biuf":
        plain = block.astype(object)
        array = floats("the latent values", plain.where(plain.notna(), np.nan).to_numpy())
    return array.astype(float, copy=False)


def _gone(values: pd.DataFrame, name: str) -> np.ndarray:
    """Tell in which rows a modality is missing; nowhere, if the table does not say."""
    column = f"missing_{name}"
    if column not in values:
        return np.zeros(len(values), dtype=bool)
    told = values[[column]].isin([True, False]).to_numpy()
    _refuse(~told, values, [column], "True or False")
    return values[column].to_numpy(bool)


def _refuse(wrong: np.ndarray, values: pd.DataFrame, names: Sequence[str], expected: str) -> None:
    """Raise ``ValueError`` for the first wrong cell of some columns, if there is one."""
    for row, column in np.argwhere(wrong)[:1]:
        cell = values[names[column]].iloc[row]
        raise ValueError(
            f"{names[column]} of row {values.index[row]} is {cell!r:.60}; expected {expected}"
        )
