"""The course's site in a real browser, opened from a local folder as a reader opens it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmtutor import plotting
from mmtutor.course import notebooks

playwright = pytest.importorskip("playwright.sync_api", reason="needs 'mmtutor[browser]'")

ROOT = Path(__file__).parents[2]
PHONE = {"width": 360, "height": 740}
# Without a sandbox because it is often run as root; it opens nothing but these pages.
SWITCHES = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        names = ("chromium", "chromium-browser", "google-chrome")
        found = next(filter(None, map(shutil.which, names)), None)
        if found is None and not Path(running.chromium.executable_path).exists():
            pytest.skip("needs Chromium: apt-get install chromium, or playwright install chromium")
        browser = running.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page on a screen as wide as a phone's, with what went wrong on it."""
    page = browser.new_page(viewport=PHONE)
    page.set_default_timeout(120_000)  # a busy machine is slow, not broken
    page.wrong = []
    page.on("console", lambda said: said.type == "error" and page.wrong.append(said.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("requestfailed", lambda request: page.wrong.append(request.url))
    yield page
    page.close()


def test_every_page_loads_and_is_no_wider_than_a_phone(page: Any, site: Path) -> None:
    too_wide = []
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        if (width := page.evaluate("document.documentElement.scrollWidth")) > PHONE["width"]:
            too_wide.append(f"{path.name}: {width}")
    assert page.wrong == []
    assert too_wide == []


@pytest.mark.parametrize("name", ["Hint", "Answer", "A solution"])
def test_answers_unfold(page: Any, site: Path, name: str) -> None:
    page.goto((site / "notebooks" / "05_fuse_decisions.html").as_uri())
    folded = page.locator("details", has=page.locator("summary", has_text=name)).first
    before = folded.bounding_box()["height"]
    folded.locator("summary").click()
    assert folded.evaluate("each => each.open")
    assert folded.bounding_box()["height"] > before + 20


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("logarithmic opinion pool", "05_fuse_decisions.html"),
        ("词袋", "01_read_text.html"),
        ("决策级融合", "05_fuse_decisions.html"),
        ("决策级融合", "glossary.html"),
        ("equal_error_rate", "evaluation.html"),
    ],
)
def test_search_finds(page: Any, site: Path, words: str, found: str) -> None:
    page.goto((site / "index.html").as_uri())
    page.set_viewport_size({"width": 1200, "height": 800})
    page.locator("input[name=q]").fill(words)
    page.locator("input[name=q]").press("Enter")
    page.wait_for_url("**/search.html*")
    result = page.locator(f"#search-results li a[href*='{found}']").first
    result.wait_for()
    result.click()
    page.wait_for_url(f"**/{found}*")
    assert page.wrong == []


def test_what_is_nowhere_is_not_found(page: Any, site: Path) -> None:
    page.goto((site / "search.html").as_uri() + "?q=词袍")
    page.locator("#search-results p").filter(has_text="did not match").wait_for()


def test_sounds_can_be_played(page: Any, site: Path) -> None:
    page.goto((site / "notebooks" / "03_hear_sound.html").as_uri())
    players = page.locator("audio")
    assert players.count() >= 5
    for player in players.all():
        player.evaluate("each => { each.preload = 'auto'; each.load(); }")
        page.wait_for_function("each => each.readyState >= 1", arg=player.element_handle())
        assert 0.1 < player.evaluate("each => each.duration") < 30


def test_code_is_copied_with_one_click(page: Any, site: Path) -> None:
    page.goto((site / "notebooks" / "05_fuse_decisions.html").as_uri())
    block = page.locator("div.highlight", has=page.locator("button.copybtn")).first
    block.hover()
    block.locator("button.copybtn").click()
    page.locator("button.copybtn.success").wait_for()


# -- figures that answer ----------------------------------------------------------------------


def stored_slides() -> list[tuple[Path, int, list[list[str]]]]:
    """Return each such figure that a notebook holds: file, place in it, and rows of its table."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shown = [
            output.data["text/html"]
            for cell in notebooks.code(notebooks.read_stored(path))
            for output in cell.outputs
            if 'class="slide"' in output.get("data", {}).get("text/html", "")
        ]
        for place, text in enumerate(shown):
            rows = re.findall(r"<tr>(.*?)</tr>", text, flags=re.DOTALL)
            cells = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]
            found.append((path, place, [[unescape(cell) for cell in row] for row in cells]))
    return found


@pytest.mark.parametrize(
    ("path", "place", "rows"), [pytest.param(*each, id=each[0].stem) for each in stored_slides()]
)
def test_a_figure_answers_with_the_numbers_of_its_notebook(
    page: Any,
    site: Path,
    path: Path,
    place: int,
    rows: list[list[str]],
) -> None:
    page.goto((site / "notebooks" / f"{path.stem}.html").as_uri())
    figure = page.locator("figure.slide").nth(place)
    slider, said = figure.get_by_role("slider"), figure.locator("output")
    (name, *lines), *steps = rows
    assert name in figure.locator("label").inner_text()
    places = []
    slider.focus()
    slider.press("Home")
    for step, *values in steps:
        numbers = ", ".join(f"{line} {value}" for line, value in zip(lines, values, strict=True))
        assert said.inner_text() == f"{step}: {numbers}"
        dots = figure.locator("circle").all()
        places.append([float(dot.get_attribute("cy")) for dot in dots])
        slider.press("ArrowRight")
    # One height a value: what is higher in the table is higher in the picture, in proportion.
    heights = [height for row in places for height in row]
    numbers = [float(value) for _step, *values in steps for value in values]
    low, high = min(numbers), max(numbers)
    bottom, top = heights[numbers.index(low)], heights[numbers.index(high)]
    for number, height in zip(numbers, heights, strict=True):
        wanted = bottom + (top - bottom) * (number - low) / (high - low)
        assert abs(height - wanted) < 0.2


# What a notebook does with an output: it sets the HTML, then runs the scripts that are in it.
PUT = """html => {
  document.body.innerHTML = html;
  for (const old of document.querySelectorAll("script")) {
    const script = document.createElement("script");
    script.textContent = old.textContent;
    old.replaceWith(script);
  }
}"""


def test_a_figure_answers_in_a_notebook_too(page: Any) -> None:
    steps = pd.Index([0.0, 0.5, 1.0], name="weight")
    table = pd.DataFrame({"fused": [0.6, 0.8, 0.7], "alone": [0.5, 0.5, 0.5]}, index=steps)
    shown = plotting._Slide(table, "accuracy", "An alt.", 2)._repr_html_()
    page.evaluate(PUT, shown + shown)  # two figures, each with the script
    assert page.get_by_role("slider").count() == 2
    for figure in page.locator("figure.slide").all():
        slider = figure.get_by_role("slider")
        assert slider.get_attribute("aria-valuetext") == "0.5: fused 0.80, alone 0.50"
        slider.press("ArrowRight")
        assert figure.locator("output").inner_text() == "1: fused 0.70, alone 0.50"
    assert page.wrong == []


# -- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "names"),
    [
        ("light", ["index", "chapters", "glossary", "data", "search", "reference/fusion"]),
        ("light", ["notebooks/03_hear_sound", "notebooks/07_share_a_code"]),
        ("light", ["notebooks/05_fuse_decisions", "notebooks/12_lose_modalities"]),
        ("dark", ["index", "chapters", "notebooks/05_fuse_decisions"]),
    ],
)
def test_axe_finds_nothing_serious(browser: Any, site: Path, scheme: str, names: list[str]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(color_scheme=scheme)
    found = []
    for name in names:
        page.goto((site / f"{name}.html").as_uri())
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                first = violation["nodes"][0]["html"][:200]
                found.append(f"{name}: {violation['id']}: {first}")
    page.close()
    assert found == []
