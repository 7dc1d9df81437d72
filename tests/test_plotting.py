"""Figures show what their tables hold, in the colours asked for."""

from __future__ import annotations

from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
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


def test_a_series_of_colours_goes_by_its_names() -> None:
    by_name = pd.Series({"mine": "#0000ff", "text": "#00ff00", "fused": "#ff0000"})
    assert drawn(colours=by_name) == drawn(colours=by_name.to_dict())
    by_row = pd.Series(["#ff0000", "#00ff00", "#0000ff"])
    assert drawn(colours=by_row) == drawn(colours=by_name)


def test_too_few_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="2 colours for 3 models"):
        drawn(colours=["red", "blue"])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"ax": plt}, "^ax is <module .*expected matplotlib Axes"),
        ({"table": [1, 2]}, "^table is .*expected a DataFrame"),
        ({"table": TABLE[["mean", "low"]]}, "^table needs a column for each .*'high'"),
        ({"table": TABLE.assign(low=[0.7, np.nan, 0.6])}, "^low in row text is missing or inf"),
        ({"table": TABLE.assign(low=[0.7, "few", 0.6])}, "^table must be numbers"),
        ({"table": TABLE * 1j}, "^table must be numbers"),
        (
            {"table": TABLE.convert_dtypes().mask(TABLE == 0.5)},
            "^low in row text is missing or inf",
        ),
        ({"table": TABLE * 2e308 / 2}, "^mean in row fused is missing or infinite"),
        ({"table": TABLE * 1e300}, "^values go up to 9e.299, too large to be drawn"),
        ({"colours": np.array("red")}, "^1 colours for 3 models"),
        ({"colours": {"red", "blue", "green"}}, "^colours is .* or a list of colours"),
        ({"colours": {"text": "no colour"}}, "^colours has 'no colour'; expected such as 'red'"),
        ({"ceiling": "0.9"}, "^ceiling is '0.9'; expected None or a finite number"),
        ({"ceiling": 10**400}, "^ceiling is 1000"),
        ({"label": ""}, "^label is ''; expected a text that is not empty"),
    ],
)
def test_what_cannot_be_drawn_is_told(how: dict[str, object], words: str) -> None:
    figure = plt.figure()
    ax, table = how.pop("ax", figure.add_subplot()), how.pop("table", TABLE)
    with pytest.raises(ValueError, match=words):
        plotting.intervals(ax, table, **how)
    plt.close(figure)


def test_models_of_one_name_keep_their_own_colours() -> None:
    fig, ax = plt.subplots()
    plotting.intervals(
        ax, TABLE.set_axis(["a", "a", "a"]), colours=["#ff0000", "#00ff00", "#0000ff"]
    )
    assert [to_hex(line.get_color()) for line in ax.get_lines()[::2]] == [
        "#00ff00", "#0000ff", "#ff0000"
    ]  # fmt: skip
    plt.close(fig)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("a.wav", 8000, "a sound"), "^samples must be numbers, got 'a.wav'"),
        (([0.1j], 8000, "a sound"), "^samples must be numbers"),
        ((np.zeros(3, complex), 8000, "a sound"), "^samples must be numbers"),
        ((np.ma.array([0.0, 0.5], mask=[0, 1]), 8000, "a sound"), "^samples has masked values"),
        (([0.0, 10**400], 8000, "a sound"), "^samples must be numbers"),
        (([0.0, np.nan], 8000, "a sound"), "^1 samples are missing or infinite: replace them"),
        (([0.0, 1.0000001], 8000, "a sound"), r"\[-1, 1\], got up to 1.0000001: scale them"),
        (([0.0], 0, "a sound"), "^sample_rate is 0; expected a whole number of Hz"),
        (([0.0], "8000", "a sound"), "^sample_rate is '8000'"),
        (([0.0], 65_537, "a sound"), "^sample_rate is 65537; .*of tens above 65535"),
        (([0.0], 8000, None), "^caption is None; expected a text that is not empty"),
    ],
)
def test_what_cannot_be_heard_is_told(given: tuple[object, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plotting.listen(*given)


def test_a_sound_may_have_any_kind_of_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in (np.float16, np.longdouble, np.uint8, object, ">f4"):
        plotting.listen(np.ones(800, kind), np.int64(8000), "a click")
    assert capsys.readouterr().out.split("\n") == ["[sound, 0.1 s] a click"] * 5 + [""]


@pytest.mark.parametrize("fig", [None, 3, "figure"])
def test_only_a_figure_is_shown(fig: object) -> None:
    with pytest.raises(ValueError, match=r"^fig is .* expected a matplotlib Figure"):
        plotting.show(fig, alt="Nothing.")
    with pytest.raises(ValueError, match=r"^alt is None; expected a text"):
        plotting.show(plt.figure(), alt=None)


# -- figures that answer ----------------------------------------------------------------------

STEPS = pd.DataFrame(
    {"sum <": [0.5, 0.704, 0.62], "product": [0.45, 0.8, 0.3]},
    index=pd.Index([0, 0.25, 1.0], name="conflict"),
)


def slide(table: pd.DataFrame = STEPS, **how: object) -> ElementTree.Element:
    """Return the figure of a slide, without its script."""
    shown = plotting._Slide(table, "accuracy", "An alt.", **{"decimals": 2, **how})._repr_html_()
    return ElementTree.fromstring(shown.partition("<script>")[0])


def test_a_slide_holds_its_numbers_as_a_table() -> None:
    rows = [[cell.text for cell in row] for row in slide().iter("tr")]
    assert rows[0] == ["conflict", "sum <", "product"]
    assert rows[1:] == [["0", "0.50", "0.45"], ["0.25", "0.70", "0.80"], ["1", "0.62", "0.30"]]


def test_a_slide_is_drawn_to_scale() -> None:
    lines = [
        [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        for line in slide().iter("polyline")
    ]
    (x0, _), (x1, _), (x2, _) = lines[0]
    assert (x1 - x0) / (x2 - x0) == pytest.approx(0.25, abs=0.001)
    heights = {y: value for line, column in zip(lines, STEPS, strict=True)
               for (_, y), value in zip(line, STEPS[column].round(2), strict=True)}  # fmt: skip
    slopes = np.diff(sorted(heights)) / np.diff([heights[y] for y in sorted(heights)])
    assert slopes == pytest.approx(slopes.mean(), rel=0.05)
    assert slopes.mean() < 0  # the more the higher, and pixels are counted from the top
    ticks = {float(text.text): float(text.get("y")) - 4 for text in slide().iter("text")
             if text.get("text-anchor") == "end"}  # fmt: skip
    for y, value in heights.items():
        assert np.interp(value, list(ticks), list(ticks.values())) == pytest.approx(y, abs=0.2)


def test_a_slide_points_at_the_middle_until_it_is_moved() -> None:
    figure = slide()
    dots = [(dot.get("cx"), dot.get("cy")) for dot in figure.iter("circle")]
    middle = [tuple(line.get("points").split()[1].split(",")) for line in figure.iter("polyline")]
    assert dots == middle
    assert figure.find("svg").get("aria-label") == "An alt."


def test_steps_may_be_names() -> None:
    (line, _) = slide(STEPS.set_axis(pd.Index(["all", "no text", "<"], name="there"))).iter(
        "polyline"
    )
    x = [float(point.partition(",")[0]) for point in line.get("points").split()]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)
    assert line.get("stroke-dasharray")  # nothing lies between two names


def test_rounding_makes_a_slide_the_same_on_every_machine() -> None:
    nearby = ElementTree.tostring(slide(STEPS + 1e-9))
    assert nearby == ElementTree.tostring(slide())
    assert nearby != ElementTree.tostring(slide(STEPS, decimals=3))


@pytest.mark.parametrize(
    ("table", "how", "words"),
    [
        (STEPS, {"alt": " "}, "alt is ' '; expected a text"),
        (STEPS, {"label": ""}, "label is ''; expected a text"),
        (STEPS.rename_axis(None), {}, "the index's name is empty"),
        (STEPS.iloc[::-1], {}, r"must rise, .* got \[1.0, 0.25, 0.0\]"),
        (STEPS.iloc[:1], {}, "over two steps at least"),
        (STEPS[[]], {}, "1 to 6 lines, got 0"),
        (STEPS.set_axis([0, 1, np.inf]).rename_axis("x"), {}, r"must rise, .* inf\]"),
        (STEPS.set_axis(["a", None, "b"]).rename_axis("x"), {}, "must rise"),
        (STEPS.set_axis([0, 1j, 2]).rename_axis("x"), {}, "^the index must be numbers"),
        (STEPS.to_numpy().tolist(), {}, "^table is .*expected a DataFrame"),
        (STEPS * 1j, {}, "^table must be numbers"),
        (STEPS, {"decimals": 2.5}, "^decimals is 2.5; expected a whole number from 0 to 15"),
        (STEPS * 1e300, {"decimals": 15}, "^values go up to 8e.299, too large to be drawn"),
        (STEPS.set_axis([-1e308, 0, 1e308]).rename_axis("x"), {}, "^the index goes up to 1e.308"),
        (STEPS.replace(0.5, np.nan), {}, "^sum < in row 0.0 is missing or infinite"),
    ],
)
def test_what_cannot_be_a_slide_is_refused(
    table: pd.DataFrame, how: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        plotting.slide(table, **{"label": "accuracy", "alt": "An alt.", **how})
