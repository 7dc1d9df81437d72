"""Every figure the notebooks draw more than once, and how a notebook shows a figure or a sound.

Conventions: each function draws on an `ax` it is given and returns it; colours come from the
Okabe-Ito palette, which readers with any common colour blindness can tell apart; a figure is shown
with :func:`show`, which needs a sentence for readers who cannot see it.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmtutor._i18n import _

__all__ = ["COLOURS", "MODALITY_COLOURS", "intervals", "listen", "show", "style"]

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
        If `alt` is empty.

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

    if not alt.strip():
        raise ValueError("alt is empty: say in a sentence what the figure shows")
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
        If the sound is empty, is not one-dimensional, leaves [-1, 1], or has no caption.

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

    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(f"a sound is a non-empty 1-D array, got shape {samples.shape}")
    loudest = np.abs(samples).max()
    if not loudest <= 1:
        raise ValueError(f"samples must lie in [-1, 1], got up to {loudest:.3g}: scale them first")
    if not caption.strip():
        raise ValueError("caption is empty: say what is heard")
    display(_Player(samples, sample_rate, caption))


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
        A sequence goes with the table's rows. Names not in a mapping are drawn in the colour of
        fused models. By default `MODALITY_COLOURS`.
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
        If there are not as many colours as models.

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
    if colours is None:
        colours = MODALITY_COLOURS
    if not isinstance(colours, Mapping):
        if len(colours) != len(table):
            raise ValueError(f"{len(colours)} colours for {len(table)} models: give one each")
        colours = dict(zip(table.index, colours, strict=True))
    table = table.sort_values("mean")
    for row, (name, mean, low, high) in enumerate(table[["mean", "low", "high"]].itertuples()):
        colour = colours.get(name, MODALITY_COLOURS["fused"])
        ax.plot([low, high], [row, row], color=colour, linewidth=2)
        ax.plot(mean, row, "o", color=colour)
    if ceiling is not None:
        ax.axvline(ceiling, color=MODALITY_COLOURS["ceiling"], linestyle="--")
        words = " " + _("ideal observer")
        ax.text(ceiling, -0.6, words, color="0.35", va="bottom", ha="right", rotation=90)
    ax.set_yticks(range(len(table)), [str(name) for name in table.index])
    ax.set_xlabel(_("accuracy") if label is None else label)
    return ax
