"""Every figure the notebooks draw more than once, and how a notebook shows a figure or a sound.

Conventions: each function draws on an `ax` it is given and returns it; colours come from the
Okabe-Ito palette, which readers with any common colour blindness can tell apart; a figure is shown
with :func:`show`, which needs a sentence for readers who cannot see it.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmtutor._i18n import _
from mmtutor._ranges import FINITE, Range, check_ranges, or_none, whole
from mmtutor._rows import floats

__all__ = ["COLOURS", "MODALITY_COLOURS", "intervals", "listen", "show", "slide", "style"]

_SCRIPT = Path(__file__).with_name("_slide.js")

WORDS: Range = "a text that is not empty", lambda v: isinstance(v, str) and bool(v.strip())
IS_RATE = whole(1, 655_350)[1]
LARGEST = 1e290  # that can be rounded and scaled without becoming infinite
RANGES: dict[str, Range] = {
    "fig": ("a matplotlib Figure", lambda v: isinstance(v, Figure)),
    "ax": ("matplotlib Axes, such as plt.figure().add_subplot()", lambda v: isinstance(v, Axes)),
    "colours": (
        "None, a mapping from models to colours, or a list of colours",
        lambda v: v is None or isinstance(v, Mapping | Sequence | np.ndarray | pd.Series),
    ),
    "table": ("a DataFrame", lambda v: isinstance(v, pd.DataFrame)),
    "alt": WORDS,
    "caption": WORDS,
    "label": WORDS,
    "sample_rate": (  # what FLAC can say
        "a whole number of Hz from 1 to 655350, of tens above 65535",
        lambda v: IS_RATE(v) and (v <= 65_535 or v % 10 == 0),
    ),
    "decimals": whole(0, 15),
    "ceiling": or_none(FINITE),
}

COLOURS: dict[str, str] = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#8C8C8C",
}
"""The palette of Okabe and Ito (2008), and a grey."""

MODALITY_COLOURS: dict[str, str] = {
    "text": COLOURS["orange"],
    "image": COLOURS["blue"],
    "audio": COLOURS["green"],
    "fused": COLOURS["vermilion"],
    "ceiling": COLOURS["grey"],
}
"""One colour per modality, the same in every chapter."""


def style() -> None:
    """Set the look of all figures and of printed tables; call it once at a notebook's top.

    Notes
    -----
    Taught in notebook 00.

    Examples
    --------
    >>> from mmtutor import plotting
    >>> plotting.style()
    """
    cycle = [COLOURS[name] for name in ("blue", "orange", "green", "vermilion", "purple", "sky")]
    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=cycle),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "figure.constrained_layout.use": True,
            "figure.dpi": 80,
            "figure.figsize": (6.4, 3.6),
            "font.size": 10,
            "image.cmap": "gray",
            "legend.frameon": False,
            "savefig.bbox": "tight",
        }
    )
    np.set_printoptions(precision=3, suppress=True)
    pd.set_option("display.precision", 3)


def show(fig: Figure, alt: str) -> None:
    """Show a figure together with a sentence for readers who cannot see it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        The figure; it is closed afterwards, so that a notebook shows it once.
    alt : str
        What the figure shows, in one or two sentences: what is drawn and what to see in it.

    Raises
    ------
    ValueError
        If `fig` is no figure, or `alt` is empty.

    Notes
    -----
    Taught in notebook 00.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from mmtutor import plotting
    >>> fig, ax = plt.subplots()
    >>> _ = ax.plot([0, 1], [0, 1])
    >>> plotting.show(fig, alt="A straight line from 0 to 1.")
    Figure(640x480)
    """
    from IPython.display import display

    check_ranges(RANGES, fig=fig, alt=alt)
    display(fig, metadata={"image/png": {"alt": alt}})
    plt.close(fig)


class _Player:
    """A sound with its caption: a player in a notebook, the caption in plain text."""

    def __init__(self, samples: np.ndarray, sample_rate: int, caption: str) -> None:
        self.seconds = len(samples) / sample_rate
        self.caption = caption
        # FLAC: lossless at 16 bits, half the bytes of WAV, and played by every current browser.
        encoded = io.BytesIO()
        soundfile.write(encoded, samples, sample_rate, format="FLAC", subtype="PCM_16")
        self._base64 = base64.b64encode(encoded.getvalue()).decode("ascii")

    def __repr__(self) -> str:
        sound = _("sound, {seconds:.1f} s").format(seconds=self.seconds)
        return f"[{sound}] {self.caption}"

    def _repr_html_(self) -> str:
        caption = html.escape(self.caption)
        return (
            f'<figure><figcaption>{caption}</figcaption><audio controls aria-label="{caption}" '
            f'src="data:audio/flac;base64,{self._base64}"></audio></figure>'
        )


def listen(samples: np.ndarray, sample_rate: int = 16_000, caption: str = "") -> None:
    """Show a player for a sound.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        The waveform, in [-1, 1].
    sample_rate : int, default=16000
        Samples per second, in Hz.
    caption : str, default=""
        What is heard; also read out by screen readers.

    Raises
    ------
    ValueError
        If the sound is no row of numbers, is empty, leaves [-1, 1], or has no caption, or FLAC
        knows no such rate.

    Notes
    -----
    Taught in notebook 00.

    Examples
    --------
    >>> import numpy as np
    >>> from mmtutor import plotting
    >>> seconds = np.arange(8000) / 16000
    >>> plotting.listen(0.1 * np.sin(2 * np.pi * 440 * seconds), 16000, "A at 440 Hz")
    [sound, 0.5 s] A at 440 Hz
    """
    from IPython.display import display

    check_ranges(RANGES, sample_rate=sample_rate, caption=caption)
    samples = floats("samples", samples)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"a sound is a non-empty 1-D array, got shape {samples.shape}")
    bad = np.count_nonzero(~np.isfinite(samples))
    if bad:
        raise ValueError(f"{bad} samples are missing or infinite: replace them")
    loudest = np.abs(samples).max()
    if loudest > 1:
        raise ValueError(f"samples must lie in [-1, 1], got up to {loudest:.9g}: scale them first")
    display(_Player(samples, int(sample_rate), caption))


class _Slide:
    """A table as a picture that answers: a notebook, or a page of the site, adds the slider."""

    width, height = 560, 280  # of the picture
    left, right, top, bottom = 48, 16, 44, 40  # around what is plotted

    def __init__(self, table: pd.DataFrame, label: str, alt: str, decimals: int) -> None:
        self.table, self.label, self.alt = table.round(decimals), label, alt
        self.decimals = decimals
        self.scale = pd.api.types.is_numeric_dtype(table.index)  # or names, side by side
        self.steps = [f"{step:g}" if self.scale else str(step) for step in table.index]
        self.places = table.index.to_numpy(float) if self.scale else np.arange(len(table))
        low, high = float(self.table.min(axis=None)), float(self.table.max(axis=None))
        self.ticks = MaxNLocator(5).tick_values(low, high)

    def __repr__(self) -> str:
        words = _("figure with a slider: {name}, {n} steps")
        return f"[{words.format(name=self.table.index.name, n=len(self.table))}] {self.alt}"

    def _repr_html_(self) -> str:
        return (
            f'<figure class="slide">{"".join(self._picture())}'
            f"<details><summary>{_('The numbers')}</summary>{''.join(self._numbers())}</details>"
            f"</figure><script>{_SCRIPT.read_text(encoding='utf-8')}</script>"
        )

    def _x(self, step: int) -> float:
        first, last = self.places[0], self.places[-1]
        width = self.width - self.left - self.right
        return round(float(self.left + width * (self.places[step] - first) / (last - first)), 1)

    def _y(self, value: float) -> float:
        height = self.height - self.top - self.bottom
        low, high = self.ticks[0], self.ticks[-1]
        return round(float(self.top + height * (high - value) / (high - low)), 1)

    def _picture(self) -> Iterator[str]:
        """Yield the parts of the picture: axes, then a line with its name and its dot a column."""
        base, middle = self._y(self.ticks[0]), (self.left + self.width - self.right) / 2
        yield (
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" width="{self.width}" '
            f'aria-label="{html.escape(self.alt)}" fill="currentColor" font-size="12" '
            'style="max-width:100%;height:auto">'
        )
        for value in self.ticks:
            y = self._y(value)
            yield f'<path d="M{self.left} {y}H{self.width - self.right}" stroke="#8888" />'
            yield f'<text x="{self.left - 6}" y="{y + 4}" text-anchor="end">{value:g}</text>'
        for step, anchor in ((0, "start"), (-1, "end")):
            words = html.escape(self.steps[step])
            yield f'<text x="{self._x(step)}" y="{base + 16}" text-anchor="{anchor}">{words}</text>'
        name = html.escape(str(self.table.index.name))
        yield f'<text x="{middle}" y="{base + 32}" text-anchor="middle">{name}</text>'
        yield f'<text x="{self.left}" y="12">{html.escape(self.label)}</text>'
        start, legend = len(self.table) // 2, self.left
        colours = ("blue", "vermilion", "green", "purple", "orange", "sky")
        for (column, values), colour in zip(self.table.items(), colours, strict=False):
            points = [(self._x(step), self._y(value)) for step, value in enumerate(values)]
            corners = " ".join(f"{x},{y}" for x, y in points)
            x, y = points[start]
            stroke = f'stroke="{COLOURS[colour]}" stroke-width="2"'
            dots = "" if self.scale else ' stroke-dasharray="1 4"'
            yield f'<polyline points="{corners}" fill="none" {stroke}{dots} />'
            yield f'<circle cx="{x}" cy="{y}" r="5" fill="{COLOURS[colour]}" />'
            yield f'<path d="M{legend} 28h16" {stroke} />'
            yield f'<text x="{legend + 20}" y="32">{html.escape(str(column))}</text>'
            legend += 36 + 7 * len(str(column))
        yield "</svg>"

    def _numbers(self) -> Iterator[str]:
        yield f"<table><tr><th>{html.escape(str(self.table.index.name))}</th>"
        yield "".join(f"<th>{html.escape(str(name))}</th>" for name in self.table) + "</tr>"
        for step, values in zip(self.steps, self.table.to_numpy(float), strict=True):
            cells = "".join(f"<td>{value:.{self.decimals}f}</td>" for value in values)
            yield f"<tr><th>{html.escape(step)}</th>{cells}</tr>"
        yield "</table>"


def slide(table: pd.DataFrame, *, label: str, alt: str, decimals: int = 2) -> None:
    """Show lines whose reader moves a slider along them and reads off the values.

    The picture is drawn from the table's numbers, here and now; the slider only points at them.
    Where no script runs, the picture and the table remain.

    Parameters
    ----------
    table : DataFrame of shape (n_steps, n_lines)
        A row for each step of the slider, a column for each line, at most six. The index holds the
        steps, numbers that rise or names, and its own name says what the slider moves.
    label : str
        What the values are.
    alt : str
        What the figure shows, in one or two sentences, for readers who cannot see it.
    decimals : int, default=2
        To how many decimals values are shown, 0 to 15.

    Raises
    ------
    ValueError
        If a sentence is missing, the index has no name, fewer than two steps, or numbers that do
        not rise, there are more than six columns, or a value is no finite number.

    See Also
    --------
    show : A figure that stands still, of any kind; for what nobody needs to read off.

    Notes
    -----
    Taught in notebook 05.

    Examples
    --------
    >>> import pandas as pd
    >>> from mmtutor import plotting
    >>> steps = pd.Index([0.0, 0.5, 1.0], name="weight of text")
    >>> table = pd.DataFrame({"fused": [0.6, 0.8, 0.7]}, index=steps)
    >>> plotting.slide(table, label="accuracy", alt="Highest in the middle.")
    [figure with a slider: weight of text, 3 steps] Highest in the middle.
    """
    from IPython.display import display

    check_ranges(RANGES, table=table, label=label, alt=alt, decimals=decimals)
    index = table.index
    if not str(index.name or "").strip():
        raise ValueError("the index's name is empty: say what the slider moves")
    numeric = pd.api.types.is_numeric_dtype(index)
    steps = floats("the index", index) if numeric else np.arange(len(index))
    rises = np.isfinite(steps).all() and (np.diff(steps) > 0).all()
    if len(index) < 2 or not (rises and index.is_unique) or index.hasnans:
        raise ValueError(f"the index must rise, over two steps at least, got {list(index)}")
    if numeric and np.abs(steps).max() > LARGEST:
        raise ValueError(f"the index goes up to {np.abs(steps).max():.3g}: scale it first")
    if not 1 <= table.shape[1] <= 6:
        raise ValueError(f"a figure has 1 to 6 lines, got {table.shape[1]}")
    table = pd.DataFrame(_finite(table), index, table.columns)
    display(_Slide(table, label, alt, decimals))


def _finite(table: pd.DataFrame) -> np.ndarray:
    """Return the numbers of a table, or say in which row one is missing or cannot be drawn."""
    bad = table.isna().to_numpy()
    values = np.zeros(table.shape) if bad.any() else floats("table", table)
    for row, column in np.argwhere(bad | ~np.isfinite(values)):
        where = f"{table.columns[column]!s} in row {table.index[row]!s}"
        raise ValueError(f"{where} is missing or infinite: drop the row")
    largest = np.abs(values).max(initial=0)
    if largest > LARGEST:
        raise ValueError(f"values go up to {largest:.3g}, too large to be drawn: scale them first")
    return values


def intervals(
    ax: Axes,
    table: pd.DataFrame,
    *,
    colours: Mapping[str, str] | Sequence[str] | None = None,
    ceiling: float | None = None,
    label: str | None = None,
) -> Axes:
    """Draw one dot per model with its confidence interval, the best on top.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    table : DataFrame of shape (n_models, >= 3)
        One row a model, with columns ``mean``, ``low``, ``high``, as
        :func:`mmtutor.evaluation.compare` returns it.
    colours : mapping from model name to colour, or sequence of shape (n_models,), optional
        A sequence goes with the table's rows; a Series that has their names, by these. Names not in
        a mapping are drawn in the colour of fused models. By default `MODALITY_COLOURS`.
    ceiling : float, optional
        The ideal observer's score, drawn as a vertical line.
    label : str, optional
        The name and unit of the score; "accuracy" if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    ValueError
        If a value is no finite number, or there are not as many colours as models, or one is none.

    Notes
    -----
    Do not read a difference off two intervals: the models were judged on the same folds, and
    :func:`mmtutor.evaluation.corrected_t_test` compares them fold by fold.

    Taught in notebook 05.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import pandas as pd
    >>> from mmtutor import plotting
    >>> table = pd.DataFrame(
    ...     {"mean": [0.6, 0.8], "low": [0.5, 0.7], "high": [0.7, 0.9]}, index=["text", "fused"]
    ... )
    >>> ax = plotting.intervals(plt.figure().add_subplot(), table, ceiling=0.95)
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['text', 'fused']
    """
    label = _("accuracy") if label is None else label
    check_ranges(RANGES, ax=ax, table=table, colours=colours, ceiling=ceiling, label=label)
    wanted, columns = ["mean", "low", "high"], list(table.columns)
    if any(columns.count(name) != 1 for name in wanted):
        raise ValueError(f"table needs a column for each of {wanted}; its columns are {columns}")
    scores = _finite(table[wanted])
    if colours is None:
        colours = MODALITY_COLOURS
    if isinstance(colours, pd.Series) and colours.index.is_unique:
        named = table.index.isin(colours.index).all()
        colours = colours.to_dict() if named else colours
    if isinstance(colours, Mapping):
        own = [colours.get(name, MODALITY_COLOURS["fused"]) for name in table.index]
    else:
        own = list(np.atleast_1d(colours) if isinstance(colours, np.ndarray) else colours)
    if len(own) != len(table):
        raise ValueError(f"{len(own)} colours for {len(table)} models: give one each")
    for colour in own:
        if not is_color_like(colour):
            raise ValueError(f"colours has {colour!r:.60}; expected such as 'red' or '#E69F00'")
    best_last = np.argsort(scores[:, 0])
    for row, model in enumerate(best_last):
        mean, low, high = scores[model]
        ax.plot([low, high], [row, row], color=own[model], linewidth=2)
        ax.plot(mean, row, "o", color=own[model])
    if ceiling is not None:
        ax.axvline(ceiling, color=MODALITY_COLOURS["ceiling"], linestyle="--")
        words = " " + _("ideal observer")
        ax.text(ceiling, -0.6, words, color="0.35", va="bottom", ha="right", rotation=90)
    ax.set_yticks(range(len(table)), [str(name) for name in table.index[best_last]])
    ax.set_xlabel(label)
    return ax
