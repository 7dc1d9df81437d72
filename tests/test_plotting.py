"""Figures show what their tables hold, in the colours asked for."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from mmtutor import plotting

TABLE = pd.DataFrame(
    {"mean": [0.8, 0.6, 0.7], "low": [0.7, 0.5, 0.65], "high": [0.9, 0.7, 0.75]},
    index=["fused", "text", "mine"],
)


def drawn(**how: object) -> dict[str, tuple[float, float, float, str]]:
    """Return what the figure shows of each model: mean, low, high, colour."""
    fig, ax = plt.subplots()
    assert plotting.intervals(ax, TABLE, **how) is ax
    lines = ax.get_lines()
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    rows = {}
    for name, interval, dot in zip(names, lines[0:6:2], lines[1:6:2], strict=True):
        (mean,), (low, high) = dot.get_xdata(), interval.get_xdata()
        assert interval.get_color() == dot.get_color()
        rows[name] = (mean, low, high, to_hex(dot.get_color()))
    plt.close(fig)
    return rows


def test_each_model_has_its_interval_and_the_best_is_on_top() -> None:
    rows = drawn()
    assert list(rows) == ["text", "mine", "fused"]
    assert {name: row[:3] for name, row in rows.items()} == {
        name: tuple(row) for name, row in zip(TABLE.index, TABLE.to_numpy(), strict=True)
    }


@pytest.mark.parametrize(
    "colours",
    [["#ff0000", "#00ff00", "#0000ff"], {"fused": "#ff0000", "text": "#00ff00", "mine": "#0000ff"}],
)
def test_colours_go_with_the_rows_of_the_table(colours: object) -> None:
    rows = drawn(colours=colours)
    assert {name: row[3] for name, row in rows.items()} == {
        "fused": "#ff0000", "text": "#00ff00", "mine": "#0000ff"
    }  # fmt: skip


def test_a_model_without_a_colour_of_its_own_is_drawn_as_fused() -> None:
    colours = {name: row[3].upper() for name, row in drawn().items()}
    assert colours["text"] == plotting.MODALITY_COLOURS["text"]
    assert colours["mine"] == plotting.MODALITY_COLOURS["fused"]


def test_too_few_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="2 colours for 3 models"):
        drawn(colours=["red", "blue"])
