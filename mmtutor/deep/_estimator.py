"""The frame of the three estimators: checks, blocks, held-out samples, fitting and answering."""

from __future__ import annotations

import inspect
import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from mmtutor._composition import Composition
from mmtutor._fitting import fits_anew
from mmtutor._ranges import POSITIVE, SEED, Range, check_ranges, number, or_none, whole
from mmtutor._rows import as_labels, require_same_rows
from mmtutor._table import blame, row_names, take

from ._blocks import Block
from ._branches import presence_of, values_of
from ._feed import Feed
from ._training import Resettable, train

COUNT = whole()
SHARE = number("[0, 1)")
WEIGHT = number("[0, 1e9]", "a number of at least 0, up to 1e9")
CALLBACKS: Range = (
    "a list of Keras callbacks, such as [keras.callbacks.EarlyStopping()]",
    lambda v: (
        isinstance(v, list | tuple) and all(isinstance(one, keras.callbacks.Callback) for one in v)
    ),
)

# What the docstrings of all three say alike: the last parameters and the first attributes.
_ALIKE = inspect.cleandoc("""\
    validation_fraction : float in [0, 1), default=0.0
        Share of the samples (with groups: of the groups) that is held out of training to watch;
        ``history_`` then says how the network does on them, too.
    callbacks : sequence of keras.callbacks.Callback, optional
        Called in training, for example ``EarlyStopping(patience=5, restore_best_weights=True)``
        beside a `validation_fraction`. Each fit uses shallow copies.
    random_state : int or None, default=0
        Fixes what is held out, first weights, order and all that is dropped; None draws them anew
        in each fit.
    verbose : int, default=1
        0 for silence, 1 for a table of a few lines on the way.

    Attributes
    ----------
    blocks_ : list
        The fitted blocks: ``transformer``, ``kind``, the ``shape`` of a sample (of sequences, the
        length to which others are padded or, with a warning, cut), ``mean`` and ``scale``.
    history_ : dict of str to list of float
        Losses, and accuracy if there is one, after each epoch.""")

Self = TypeVar("Self", bound="Network")


class Network(Composition):
    """Blocks in, a fitted Keras network out. Subclasses say what the network is."""

    epochs: int
    batch_size: int
    learning_rate: float
    validation_fraction: float
    callbacks: Sequence[keras.callbacks.Callback] | None
    random_state: int | None
    verbose: int

    _parts = "blocks"
    _centre_pictures: ClassVar[bool] = False
    _ranges: ClassVar[dict[str, Range]] = {
        "units": COUNT,
        "dropout": SHARE,
        "epochs": COUNT,
        "batch_size": COUNT,
        "learning_rate": POSITIVE,
        "validation_fraction": SHARE,
        "callbacks": or_none(CALLBACKS),
        "random_state": SEED,
    }

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # Python 3.13 takes the indentation off docstrings by itself.
        cls.__doc__ = inspect.cleandoc(cls.__doc__ or "").replace("{alike}", _ALIKE) + "\n"

    @abstractmethod
    def _plan(self) -> tuple[Any, ...]:
        """Return whatever beside the blocks decides the network and its loss."""

    @abstractmethod
    def _build(self) -> tuple[keras.Model, keras.Model]:
        """Return the network for the fitted blocks, and the compiled model that trains it."""

    @abstractmethod
    def _samples(self, inputs: dict[str, np.ndarray], y: Any) -> tuple[Any, ...]:
        """Return what training takes: inputs, targets and, if need be, weights."""

    def _smallest_batch(self) -> int:
        return 1

    def _tuned(self, trainer: keras.Model) -> keras.Model:
        """Set what can be set without building anew."""
        return trainer

    def _check(self, names: list[str]) -> None:
        """Raise ``ValueError`` if a parameter, or the name of a block, is none for a network."""
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
                raise ValueError(
                    f"blocks: {name!r} cannot be the name of a network's layers; use letters from "
                    "a to z, digits and _"
                )
        check_ranges(self._ranges, **self.get_params(deep=False))

    @fits_anew
    def fit(self: Self, X: Any, y: Any = None, groups: ArrayLike | None = None) -> Self:
        """Train on samples without labels.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            The samples; cells may be missing.
        y : None
            Ignored.
        groups : array-like of shape (n_samples,), optional
            With `validation_fraction`, samples of one group (a speaker, an author) are held out
            together.

        Returns
        -------
        estimator
            The fitted estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of its range, a block does not suit (the message names it), or
            training diverges.
        """
        require_same_rows(X=X, groups=groups)
        return self._fit(X, None, groups)

    def _fit(self: Self, X: Any, y: np.ndarray | None, groups: Any) -> Self:
        parts = self.check_parts()
        self._check([name for name, _, _ in parts])
        X = self.check_X(X, reset=True)
        check_consistent_length(X, y, groups)
        if groups is not None:
            column = np.shape(groups)[1:] == (1,)  # which scikit-learn takes, too
            groups = as_labels("groups", np.ravel(groups) if column else groups, row_names(X))
        seed = self.random_state
        seed = int(np.random.default_rng().integers(2**32) if seed is None else seed)
        (known, known_y), *held_out = (
            (take(X, rows), None if y is None else y[rows])
            for rows in self._split(len(X), y, groups, seed)
        )
        self.blocks_ = [
            Block.fit(part, known, known_y, centre_pictures=self._centre_pictures) for part in parts
        ]
        dropping = {
            k: getattr(self, k) for k in ("modality_dropout", "augment") if hasattr(self, k)
        }
        feed = self._feed(known, known_y, seed, **dropping)
        validation = self._feed(*held_out[0], seed) if held_out else None
        plan = seed, [(b.name, b.kind, b.shape, b.n_tokens) for b in self.blocks_], self._plan()
        if getattr(self, "_built", (None,))[0] != plan:
            self._built = plan, Resettable(self._build, seed)
        model = self._built[1]
        model.reset()
        self.network_ = model.network
        self.history_ = train(
            self._tuned(model.trainer), feed, validation, self.epochs, self.callbacks, self.verbose
        )
        first = {name: values[: self.batch_size] for name, values in feed.samples[0].items()}
        self._outputs(first)  # if training diverged, it says so
        return self

    def _split(self, n_samples: int, y: Any, groups: Any, seed: int) -> list[np.ndarray]:
        """Return the rows to train on and, if any, those to hold out."""
        rows, share = np.arange(n_samples), self.validation_fraction
        if not share:
            return [rows]
        with blame(f"validation_fraction is {share}: "):
            if groups is not None:
                splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
                return list(next(splitter.split(rows, groups=groups)))
            return train_test_split(rows, test_size=share, stratify=y, random_state=seed)

    def _feed(self, X: Any, y: np.ndarray | None, seed: int, **dropping: Any) -> Feed:
        samples = self._samples(self._inputs(X), y)
        names = [block.name for block in self.blocks_]
        return Feed(samples, names, self.batch_size, self._smallest_batch(), seed, **dropping)

    def _inputs(self, X: Any) -> dict[str, np.ndarray]:
        """Return the tensors of every block: its values, and whether each cell is present."""
        inputs = {}
        for block in self.blocks_:
            inputs[values_of(block.name)], inputs[presence_of(block.name)] = block.tensors(X)
        return inputs

    def _read(self, X: Any) -> dict[str, np.ndarray]:
        """Return the inputs of new samples, once the network is fitted."""
        check_is_fitted(self, "network_")
        return self._inputs(self.check_X(X, reset=False))

    def _outputs(self, inputs: dict[str, np.ndarray], batch_size: int = 256) -> dict[str, Any]:
        """Apply the network in batches, without compiling a function for each new model."""
        n_samples = len(next(iter(inputs.values())))
        batches = []
        for start in range(0, n_samples, batch_size):
            batch = {name: values[start : start + batch_size] for name, values in inputs.items()}
            batches.append(self.network_(batch, training=False))
        outputs = {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
        if not all(np.isfinite(values).all() for values in outputs.values()):
            raise ValueError(
                f"the network answers NaN or infinity: training diverged, to a loss of "
                f"{self.history_['loss'][-1]:g}. Fit again with a smaller learning_rate (it was "
                f"{self.learning_rate})"
            )
        return outputs

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the model that trains: a copy builds its own when it is fitted again."""
        return {name: value for name, value in super().__getstate__().items() if name != "_built"}
