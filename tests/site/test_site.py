"""The course's site: what a page lets through, what is found in it, and that it is offline."""

from __future__ import annotations

import base64
import errno
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import nbformat
import pytest
from nbformat import v4
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from mmtutor.course import cli, extension, notebooks, pages, reference, slides
from mmtutor.course.manifest import Course, read_course

ROOT = Path(__file__).parents[2]
PNG = base64.b64encode(b"not looked at").decode()

# -- formulas ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "shown"),
    [
        (r"\begin{aligned} a &= \frac{1}{2} \\ b &= 3 \end{aligned}", "<mtable"),
        (r"\operatorname{softmax}_c(x) \in \mathbb{R}^{n \times d}", "softmax"),
        (r"\hat{y} = \arg\max_c \sum_{r=1}^{R} w_r P(c \mid x_r)", "<munder"),
        ("a < b", "<mo>&#x0003C;</mo>"),
    ],
)
def test_formulas_become_mathml(tex: str, shown: str) -> None:
    mathml = extension.formula(tex, block=True)
    assert mathml.startswith("<math")
    assert shown in mathml


@pytest.mark.parametrize(
    "tex",
    [
        r"\nosuchcommand{x}",
        r"\begin{nothing} a & b \end{nothing}",
        r"\text{<script>x()</script>}",
        r"\mbox{<img src=x onerror=x()>}",
        r"\href{javascript:x()}{y}",
        r"\style{background: url(//example.org)}{y}",
        "x+" * 20_000,  # it would take seconds, and twice as long a one four times that
    ],
)
def test_what_is_not_understood_or_trusted_is_said(tex: str) -> None:
    assert extension.formula(tex, block=False) is None


# -- what a page lets through -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<script>alert(1)</script><p>a</p>", "<p>a</p>"),
        ("<style>p { color: red }</style><p style='color: red'>a</p>", "<p>a</p>"),
        ('<p onclick="x()">a</p>', "<p>a</p>"),
        ('<img src="https://example.org/x.png" alt="x">', '<img alt="x">'),
        ('<img src="x" onerror="x()" alt="x">', '<img alt="x">'),
        ('<audio controls src="file:///x.wav"></audio>', '<audio controls=""></audio>'),
        ('<a href="javascript:x()">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ('<a href="data:text/html,x">a</a>', '<a rel="noopener noreferrer">a</a>'),
        ("<iframe src='https://example.org'></iframe><b>a</b>", "<b>a</b>"),
        ("<svg onload='x()'><script>x()</script></svg><b>a</b>", "<svg></svg><b>a</b>"),
    ],
)
def test_an_output_passes_nothing_that_runs_styles_or_is_fetched(given: str, kept: str) -> None:
    assert pages.clean(given) == kept


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<table><tr><td><script>x()</script>1</td></tr></table>"},
        {"text/markdown": "<script>x()</script> **1**"},
        {"image/svg+xml": "<svg onload='x()'/>"},
        {"image/png": f'{PNG}"><script>x()</script>'},
        {"image/jpeg": f'{PNG}" onload="x()'},
        {"application/javascript": "x()", "text/plain": "1"},
    ],
)
def test_no_kind_of_output_brings_a_script(tmp_path: Path, data: dict[str, str]) -> None:
    outputs = pages.Outputs(tmp_path)
    shown = outputs.html(v4.new_output("display_data", data)) or ""
    assert "<script" not in shown
    assert not re.search(r"[\"'] onload", shown)


@pytest.mark.parametrize("kind", ["image/html", "image/svg+xml", "audio/x-javascript"])
def test_what_may_run_is_no_file_of_the_site(tmp_path: Path, kind: str) -> None:
    outputs = pages.Outputs(tmp_path)
    source = f'<img src="data:{kind};base64,{PNG}">'
    assert outputs.html(v4.new_output("display_data", {"text/html": source})) == source
    assert not outputs.files


def test_a_picture_that_is_none_does_not_stop_the_site(tmp_path: Path) -> None:
    data = {"image/png": "abc"}  # base64 has four letters, or eight
    picture = v4.new_output("display_data", data, metadata={"image/png": {"alt": None}})
    assert "data:image/png;base64,abc" in pages.Outputs(tmp_path).html(picture)


def test_pictures_and_sounds_become_files(tmp_path: Path) -> None:
    outputs = pages.Outputs(tmp_path)
    picture = v4.new_output(
        "display_data", {"image/png": PNG}, metadata={"image/png": {"alt": 'An "empty" one'}}
    )
    shown = outputs.html(picture)
    (path,) = outputs.files
    assert shown == f'<img src="../_media/{path.name}" alt="An &quot;empty&quot; one">'
    assert path.read_bytes() == b"not looked at"
    sound = f'<audio controls src="data:audio/flac;base64,{PNG}"></audio>'
    shown = outputs.html(v4.new_output("display_data", {"text/html": sound}))
    assert re.fullmatch(r'<audio controls="" src="../_media/\w+\.flac"></audio>', shown)


# -- search -----------------------------------------------------------------------------------


def test_chinese_is_cut_into_pairs_and_english_into_stems() -> None:
    language = extension.EnglishAndChinese({})
    assert language.split("词袋模型 and bags") == ["词袋", "袋模", "模型", "and", "bags"]
    assert language.split("TF-IDF与词") == ["TF", "IDF", "与词"]
    assert language.stem("Pools") == "pool"
    assert language.stem("词袋") == "词袋"


# -- a small course ---------------------------------------------------------------------------

OPENING = """\
# {number:02d} · {title} · 好

> A promise.

**You need**: [00](00_one.ipynb), $x$.

| Key term | 中文 | In short |
|---|---|---|
| late fusion | 决策级融合 | decide, then $+$ |
| term {number} | 词袋 | a \\| b |

$$ P(c) = \\frac{{1}}{{2}} $$

<details><summary>Answer</summary>Since $a < b$, `x`.</details>
"""
ROW = """
[[parts.chapters]]
number = {number}
slug = "{slug}"
title = {{ en = "{title}", zh = "好" }}
question = "why?"
minutes = 5
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("small")
    source = folder / "notebooks" / "source"
    source.mkdir(parents=True)
    rows = '[[parts]]\nnumber = "I"\ntitle = { en = "All", zh = "全部" }\n'
    for number, slug in enumerate(("one", "two")):
        rows += ROW.format(number=number, slug=slug, title=slug.title())
        cells = [
            v4.new_markdown_cell(OPENING.format(number=number, title=slug.title())),
            v4.new_code_cell("1", outputs=[v4.new_output("stream", text="a post")]),
            v4.new_code_cell("2", metadata={"jupyter": {"source_hidden": True}}),
        ]
        cells[1].metadata["tags"] = ["home"]
        cells[2].metadata["tags"] = ["solution"]
        name = f"{number:02d}_{slug}"
        (source / f"{name}.py").write_text("# %%\n1\n")
        notebook = notebooks.normalise(v4.new_notebook(cells=cells))
        nbformat.write(notebook, folder / "notebooks" / f"{name}.ipynb")
    (folder / "course.toml").write_text(rows, encoding="utf-8")
    return read_course(folder)


@pytest.fixture(scope="module")
def small_site(small: Course) -> Path:
    assert pages.write(small) == []
    return small.folder / "build" / "site"


def test_a_chapter_is_shown_and_can_be_downloaded(small: Course, small_site: Path) -> None:
    page = (small_site / "notebooks" / "00_one.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "\\frac" not in page
    assert re.search(r"Since <math[^>]*>.*</math>, <code>x</code>", page)
    assert "A solution" in page
    assert '<a href="00_one.ipynb" download>' in page
    stored = small.chapters[0].stored
    assert nbformat.read(small_site / "notebooks" / "00_one.ipynb", 4) == nbformat.read(stored, 4)


def test_the_list_of_chapters_says_what_each_needs(small_site: Path) -> None:
    page = (small_site / "chapters.html").read_text(encoding="utf-8")
    assert "I · All · 全部" in page
    assert "5 minutes to read" in page
    assert page.count('href="notebooks/00_one.html"') >= 3  # the list, and twice what one needs


def test_the_glossary_holds_each_term_once_with_its_chapters(small_site: Path) -> None:
    page = (small_site / "glossary.html").read_text(encoding="utf-8")
    (row,) = (row for row in page.split("<tr") if "决策级融合" in row)
    assert "late fusion" in row
    assert "<math" in row
    assert re.findall(r'href="notebooks/(\w+)\.html"', row) == ["00_one", "01_two"]
    assert "a | b" in page


def test_the_first_page_shows_what_is_tagged(small_site: Path) -> None:
    assert "a post" in (small_site / "index.html").read_text(encoding="utf-8")


def test_a_second_time_says_the_same(small: Course, small_site: Path) -> None:
    page = small_site / "notebooks" / "00_one.html"
    before = page.read_bytes()
    assert pages.write(small) == []
    assert page.read_bytes() == before


def test_what_was_cut_off_is_written_again(small: Course, tmp_path: Path) -> None:
    assert pages.write(small, build=tmp_path) == []
    written = {path: path.read_bytes() for path in sorted(tmp_path.glob("site/**/*.html"))}
    first, *_, last = written
    first.write_bytes(written[first][:1000])
    last.unlink()
    with pytest.MonkeyPatch.context() as patch:  # ended while it wrote
        patch.setattr(Sphinx, "build", lambda self, **options: sys.exit(1))
        with pytest.raises(SystemExit):
            pages.write(small, build=tmp_path)
    assert pages.write(small, build=tmp_path) == []
    assert {path: path.read_bytes() for path in written} == written


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "make room and call mmtutor site again"),
        (KeyError("odd"), "Sphinx stopped with KeyError: 'odd'"),
    ],
)
def test_a_site_that_cannot_be_written_is_said_and_leaves_the_one_before(
    small: Course, small_site: Path, capsys: pytest.CaptureFixture[str], error: Any, words: str
) -> None:
    def fail(app: Sphinx, **options: object) -> None:
        (Path(app.outdir) / "index.html").write_bytes(b"")
        raise ExtensionError("a handler threw an exception") from error

    before = {path: path.read_bytes() for path in small_site.rglob("*") if path.is_file()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sphinx, "build", fail)
        assert cli.main(["site", "--course", str(small.folder)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == 1
    assert {path: path.read_bytes() for path in small_site.rglob("*") if path.is_file()} == before
    assert not list(small_site.parent.glob("site-unfinished*"))


def test_two_that_write_at_once_leave_a_whole_site(small: Course, small_site: Path) -> None:
    build = Sphinx.build

    def with_another(app: Sphinx, **options: Any) -> None:
        (Path(app.outdir) / "index.html").write_text("")  # begun
        call = ["-m", "mmtutor.course.cli", "site", "--course", str(small.folder)]
        subprocess.run([sys.executable, *call], check=True, capture_output=True)
        assert (Path(app.outdir) / "index.html").exists()
        build(app, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sphinx, "build", with_another)
        assert pages.write(small) == []
    names = {path.name for path in small_site.rglob("*.html")}
    assert {"index.html", "00_one.html", "01_two.html"} <= names
    assert not list(small_site.parent.glob("site-unfinished*"))


def test_what_sphinx_finds_wrong_is_returned_each_time(small: Course, tmp_path: Path) -> None:
    broken = v4.new_notebook(cells=[v4.new_markdown_cell("# 00 · One\n\n$\\nosuch{x}$")])
    for _ in range(2):
        (problem,) = pages.write(small, {0: broken}, build=tmp_path)
        assert r"formula shown as TeX: \nosuch{x}" in problem


HOSTILE = [
    {"application/javascript": "x(1)", "text/plain": "1"},
    {"application/javascript": "x(2)"},
    {"application/vnd.jupyter.widget-view+json": {"model_id": "x(3)"}, "text/plain": "3"},
    {"text/latex": r"$\text{<script>x(4)</script>}$"},
    {"text/latex": r"$\href{javascript:x(5)}{y}$"},
    {"image/png": f'{PNG}"><script>x(6)</script>'},
    {"text/x-unheard-of": "<script>x(7)</script>"},
]


def test_a_notebook_brings_no_script_and_is_not_executed(small: Course, tmp_path: Path) -> None:
    """Whatever its outputs and metadata are, and those of a text."""
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')"
    outputs = [v4.new_output("display_data", data) for data in HOSTILE]
    cells = [
        v4.new_markdown_cell("# 00 · One\n\nText."),
        v4.new_code_cell("1", outputs=outputs),
        v4.new_code_cell(code),
    ]
    force = {"mystnb": {"execution_mode": "force"}}
    state = {"application/vnd.jupyter.widget-state+json": {"state": {"a": {}}}}
    notebook = v4.new_notebook(cells=cells, metadata={**force, "widgets": state})
    shutil.copytree(small.folder, tmp_path / "course", ignore=shutil.ignore_patterns("build"))
    course = read_course(tmp_path / "course")
    nbformat.write(notebook, course.chapters[0].stored)
    (course.folder / "docs").mkdir()
    head = f"---\nfile_format: mystnb\nmystnb: {json.dumps(force['mystnb'])}\n---\n\n# A text\n"
    text = f"{head}\n```{{code-cell}}\n{code}\n```\n"
    (course.folder / "docs" / "text.md").write_text(text, encoding="utf-8")
    pages.write(course)
    site = course.folder / "build" / "site"
    assert "A text" in (site / "docs" / "text.html").read_text(encoding="utf-8")
    assert not ran.exists()
    page = Page(site / "notebooks" / "00_one.html")
    assert page.scripts == Page(site / "glossary.html").scripts
    assert not [link for link in page.links if link.startswith("javascript")]
    assert 'href="javascript' not in page.path.read_text(encoding="utf-8")
    assert "<script" not in slides.deck(course.chapters[0])


HOLLOW = """
import sys
from mmtutor.course import reference
with reference.hollow_networks():
    names = reference.public_names()
assert "tensorflow" not in sys.modules and "mmtutor.deep" not in sys.modules
import mmtutor.deep
for name in mmtutor.deep.__all__:
    hollow, whole = names[f"deep.{name}"], getattr(mmtutor.deep, name)
    assert hollow is not whole and hollow.__doc__ == whole.__doc__
print("alike")
"""


def test_the_reference_is_read_without_tensorflow_and_leaves_no_trace() -> None:
    command = [sys.executable, "-c", HOLLOW]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "alike\n"


# -- the whole site -----------------------------------------------------------------------------


class Page(HTMLParser):
    """The links, the ids and what is loaded of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.scripts = 0
        self.without_alt = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag says."""
        have = dict(attrs)
        self.ids |= {have[key] for key in ("id", "name") if have.get(key)}
        if tag == "a" and have.get("href"):
            self.links.append(have["href"])
        elif tag == "link" and have.get("href"):
            self.loaded.append(have["href"])
        if have.get("src"):
            self.loaded.append(have["src"])
        self.scripts += tag == "script" and "src" not in have
        self.without_alt += tag == "img" and not have.get("alt")


@pytest.fixture(scope="module")
def all_pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def targets(page: Page, links: list[str]) -> Iterator[tuple[Path, str]]:
    for link in links:
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            path = unquote(path.partition("?")[0])
            yield (page.path.parent / path).resolve() if path else page.path, unquote(anchor)


@pytest.mark.slow
def test_no_page_loads_anything_from_elsewhere(all_pages: dict[Path, Page], site: Path) -> None:
    assert len(all_pages) > 40
    for page in all_pages.values():
        assert [link for link in page.loaded if re.match("[a-z]+:|//", link)] == []
        assert [str(p) for p, _ in targets(page, page.loaded) if not p.is_file()] == []
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\([\"']?(https?:)?//", text), sheet


@pytest.mark.slow
def test_no_link_inside_the_site_is_dead(all_pages: dict[Path, Page]) -> None:
    dead = [
        f"{page.path.name}: {path.name}#{anchor}"
        for page in all_pages.values()
        for path, anchor in targets(page, page.links)
        if not path.is_file()
        or (anchor and path in all_pages and anchor not in all_pages[path].ids)
    ]
    assert dead == []


@pytest.mark.slow
def test_every_picture_has_an_alternative_text(all_pages: dict[Path, Page]) -> None:
    assert [page.path.name for page in all_pages.values() if page.without_alt] == []


@pytest.mark.slow
def test_the_first_page_shows_a_post_and_a_result(all_pages: dict[Path, Page], site: Path) -> None:
    page = all_pages[site / "index.html"]
    endings = [Path(link).suffix for link in page.loaded if link.startswith(pages.MEDIA)]
    assert endings == [".png", ".flac", ".png"]  # its picture, its sound, and four models
    assert "<blockquote>I didn" in page.path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_chapter_brings_a_script(all_pages: dict[Path, Page], site: Path) -> None:
    """A page's scripts are the theme's: a chapter has as many as the glossary, which is text."""
    usual = all_pages[site / "glossary.html"].scripts
    chapters = [page for path, page in all_pages.items() if path.parent.name == "notebooks"]
    assert len(chapters) >= 16
    assert [page.path.name for page in chapters if page.scripts != usual] == []


@pytest.mark.slow
def test_no_page_names_a_folder_of_this_machine(site: Path) -> None:
    named = {str(ROOT), str(Path.home()), str(Path(sys.prefix)), str(site.parent)}
    for path in site.rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text(encoding="utf-8")
            assert not [place for place in named if place in text], path


@pytest.mark.slow
def test_functions_and_chapters_link_to_each_other(site: Path) -> None:
    room = (site / "reference" / "fusion.html").read_text(encoding="utf-8")
    entry = room.partition('id="mmtutor.fusion.rules.product_rule"')[2].partition('<dl class="py')[
        0
    ]
    assert 'href="../notebooks/05_fuse_decisions.html"' in entry
    chapter = (site / "notebooks" / "05_fuse_decisions.html").read_text(encoding="utf-8")
    assert 'href="../reference/fusion.html#mmtutor.fusion.rules.product_rule"' in chapter


@pytest.mark.slow
def test_the_reference_holds_every_public_name_once(all_pages: dict[Path, Page]) -> None:
    where: dict[str, list[str]] = {}
    for path, page in all_pages.items():
        for each in page.ids if path.parent.name == "reference" else ():
            where.setdefault(each, []).append(path.name)
    for name in reference.public_names():
        room = name.partition(".")[0]
        assert where.get(f"mmtutor.{name}") == [f"{room}.html"], name


@pytest.mark.slow
def test_the_index_of_the_search_holds_english_and_chinese(site: Path) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index: dict[str, Any] = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    for word in ("logarithm", "opinion", "pool", "词袋", "决策", "策级", "级融", "融合"):
        assert word in index["terms"], word
