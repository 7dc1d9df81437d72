"""Evidence tables: made once, resumed, found stale, and confirmed by a row of now."""

from __future__ import annotations

import errno
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import bounds
import numpy as np
import pandas as pd
import pytest
from nbformat import v4

import mmtutor
from mmtutor import _ranges, _rows
from mmtutor.course import evidence
from mmtutor.course.evidence import Experiment, experiment, grid

PROGRAM = """
import numpy as np
from mmtutor.course.evidence import experiment, grid
from mmtutor.fusion import rules

SCALE = 2.0
FACTORS = {}
for name in ("sum", "product"):
    FACTORS[name] = 1.0


def noise(seed):
    return np.random.default_rng(seed).normal() * SCALE


def unrelated():
    return 1


@experiment("98_noise", grid(rule=["sum", "product"], seed=range(3)))
def noisy(rule, seed):
    \"\"\"Say what is measured.\"\"\"
    P = rules.apply_rule(rule, [[[0.9, 0.1], [0.6, 0.4]]])
    return {"first": FACTORS[rule] * P[0, 0] + noise(seed), "word": rule.upper()}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a course of the test's own; return where its tables lie."""
    (tmp_path / "course.toml").touch()
    sources = tmp_path / "notebooks" / "source"
    sources.mkdir(parents=True)
    for name in ("06_one.py", "98_two.py"):
        (sources / name).touch()
    monkeypatch.chdir(tmp_path)
    return evidence.folder_of(tmp_path)


def only(text: str) -> Experiment:
    (one,) = evidence.experiments(text)
    return one


def test_a_table_is_made_and_confirmed(folder: Path) -> None:
    assert evidence.state(only(PROGRAM)) == "never made"
    assert evidence.make(PROGRAM, folder, jobs=2) == {"98_noise": "made"}
    one = only(PROGRAM)
    table = one.table()
    assert table[["rule", "seed"]].to_dict("records") == one.rows
    assert table.columns.tolist() == ["rule", "seed", "first", "word"]
    assert one.confirm(rule="sum", seed=1, within=1e-4)["word"] == "SUM"
    assert evidence.state(one) == "fresh"
    assert evidence.make(PROGRAM, folder) == {"98_noise": "fresh"}
    assert [path.name for path in folder.iterdir()] == ["98_noise.csv"]


def test_there_are_no_more_processes_than_rows(folder: Path) -> None:
    assert evidence.make(PROGRAM, folder, jobs=10**20) == {"98_noise": "made"}


def test_a_row_that_differs_is_found(folder: Path) -> None:
    evidence.make(PROGRAM, folder, jobs=1)
    path = folder / "98_noise.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    head, value = lines[2].rsplit(",", 2)[0], float(lines[2].rsplit(",", 2)[1])
    lines[2] = f"{head},{value + 0.01:.6g},SUM"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    one = only(PROGRAM)
    one.confirm(rule="sum", seed=0, within=0.02)
    with pytest.raises(AssertionError, match=r"first is stored as .*, now it is"):
        one.confirm(rule="sum", seed=0, within=0.001)
    with pytest.raises(KeyError, match="0 rows"):
        one.confirm(rule="median", seed=0)


def test_only_the_results_that_are_named_are_compared(folder: Path) -> None:
    evidence.make(PROGRAM, folder, jobs=1)
    path = folder / "98_noise.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("SUM", "OTHER"), encoding="utf-8")
    one = only(PROGRAM)
    one.confirm(rule="sum", seed=0, within={"first": 0.001})
    with pytest.raises(AssertionError, match="word is stored as 'OTHER', now it is 'SUM'"):
        one.confirm(rule="sum", seed=0)
    with pytest.raises(KeyError, match=r"no result 'last'; it has \['first', 'word'\]"):
        one.confirm(rule="sum", seed=0, within={"last": 0.001})


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        ("SCALE = 2.0", "SCALE = 3.0", "stale"),  # what a helper uses
        ("[name] = 1.0", "[name] = 2.0", "stale"),  # what a loop puts into a table
        (".normal()", ".uniform()", "stale"),  # a helper
        ("rule.upper()", "rule.lower()", "stale"),  # the function
        ("range(3)", "range(4)", "stale"),  # the rows
        ("return 1", "return 2", "fresh"),  # what it does not use
        ("Say what is measured.", "Say it otherwise.", "fresh"),  # what only describes
    ],
)
def test_a_change_makes_stale_what_depends_on_it(
    folder: Path, old: str, new: str, state: str
) -> None:
    evidence.make(PROGRAM, folder, jobs=1)
    assert old in PROGRAM
    assert evidence.state(only(PROGRAM.replace(old, new))) == state


REVIEWS = """
from mmtutor.course.evidence import experiment

@experiment("98_reviews", [{"label": "negative"}])
def reviews(label):
    from mmtutor import datasets

    return {"n": (datasets.load_reviews().target == label).sum()}
"""


@pytest.mark.parametrize(
    ("program", "file", "old", "new", "state"),
    [
        (PROGRAM, "rules.py", 'einsum("rn,rcn->cn", w, p)', 'einsum("rn,rcn->cn", w, +p)', "stale"),
        (
            PROGRAM,
            "rules.py",
            "from __future__",
            '"""Say it otherwise."""\nfrom __future__',
            "fresh",
        ),
        (PROGRAM, "rules.py", "from __future__ import annotations", "import os", "fresh"),
        (PROGRAM, "rules.py", "def apply_rule(", "EXTRA = 1\n\n\ndef apply_rule(", "fresh"),
        (PROGRAM, "faces.py", "return ", "return not ", "fresh"),  # of another room
        (PROGRAM, "rules.py", 'rule.__doc__ = f"{before}', 'rule.__doc__ = f"{after}', "fresh"),
        (REVIEWS, "_reviews.py", "return Bunch(", "return Bunch(extra=1, ", "stale"),
        (REVIEWS, "_bundled.py", "def bundled_path(name", "def bundled_path(name2", "stale"),
        (REVIEWS, "_movies.py", "return ", "return not ", "fresh"),  # beside it in the same room
    ],
)
def test_a_change_in_the_package_makes_stale_what_uses_it(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    file: str,
    old: str,
    new: str,
    state: str,
) -> None:
    evidence.make(program, folder, jobs=1)
    read, met = Path.read_text, []

    def changed(path: Path, **options: str) -> str:
        text = read(path, **options)
        if path.name != file:
            return text
        met.append(path)
        assert old in text
        return text.replace(old, new)

    monkeypatch.setattr(Path, "read_text", changed)
    assert evidence.state(only(program)) == state
    assert met or state == "fresh"


def test_what_else_was_imported_changes_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PROGRAM.replace("from mmtutor.fusion import rules", "from mmtutor import audio as rules")
    text = text.replace("rules.apply_rule(rule,", "rules.MFCCFeatures().fit_transform(")
    importlib.import_module("mmtutor._parallel")
    loaded = only(text).mark
    monkeypatch.delattr(mmtutor, "_parallel")  # as in a process that has not loaded it yet
    assert only(text).mark == loaded


def test_bundled_data_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
from mmtutor import datasets
from mmtutor.course.evidence import experiment

@experiment("98_reviews", [{"label": "negative"}])
def reviews(label):
    return {"n": (datasets.load_reviews().target == label).sum()}
"""
    before = only(text).mark
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + b"x" * (path.name == "reviews.csv")
    )
    assert only(text).mark != before


def test_what_was_interrupted_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIL_AT", "2")
    text = PROGRAM.replace(
        "    P = ",
        "    import os\n    if str(seed) == os.environ.get('FAIL_AT'):\n"
        "        raise ValueError('no')\n    P = ",
    )
    with pytest.raises(RuntimeError, match=r"98_noise, row .*'seed': 2.*ValueError: no"):
        evidence.make(text, folder, jobs=1)
    kept = pd.read_csv(folder / ".98_noise.unfinished", comment="#")
    assert kept["seed"].tolist() == [0, 1]
    assert evidence.state(only(text)) == "never made"

    monkeypatch.delenv("FAIL_AT")
    made = []
    monkeypatch.setattr(
        evidence, "_one_row", lambda *a, real=evidence._one_row: made.append(a[2]) or real(*a)
    )
    evidence.make(text, folder, jobs=1)
    assert len(made) == 4
    assert len(only(text).table()) == 6
    assert not (folder / ".98_noise.unfinished").exists()


DAMAGED = {
    "empty": lambda whole: b"",
    "cut in a row": lambda whole: whole[:-3],
    "cut in the mark": lambda whole: whole[:20],
    "no text": lambda whole: whole.replace(b"SUM", b"\xff"),
    "no table": lambda whole: whole + b'"a,b,c,d,e\n',
    "without a header": lambda whole: whole.replace(b"rule,seed,first,word\n", b""),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_damaged_tables_are_made_again(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    evidence.make(PROGRAM, folder, jobs=1)
    stored, unfinished = folder / "98_noise.csv", folder / ".98_noise.unfinished"
    whole = stored.read_bytes()
    for path in (stored, unfinished):
        path.write_bytes(damage(whole))
    assert evidence.make(PROGRAM, folder, jobs=1) == {"98_noise": "made"}
    assert stored.read_bytes() == whole
    assert not unfinished.exists()


def test_a_damaged_table_is_named_with_the_remedy(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "98_noise.csv").write_text("# code and da")
    with pytest.raises(ValueError, match=r"98_noise.csv is damaged .*`mmtutor evidence 98`"):
        only(PROGRAM).table()


def test_the_program_is_the_tagged_cells() -> None:
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell("a = 1", metadata={"tags": ["evidence"]}),
            v4.new_code_cell("b = 2"),
            v4.new_code_cell("c = 3", metadata={"tags": ["evidence"]}),
        ]
    )
    assert evidence.program(notebook) == "a = 1\n\nc = 3"
    assert evidence.experiments("") == []


def test_absent_data_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMTUTOR_DATA", str(folder / "nothing"))
    text = PROGRAM.replace("range(3))", 'range(3)), requires=["mnist_test"]')
    (outcome,) = evidence.make(text, folder).values()
    assert "mmtutor data fetch mnist_test" in outcome


def test_a_course_has_tables_of_its_own(folder: Path, tmp_path: Path) -> None:
    """Also where the package has one of the same name, and where another course is worked in."""
    text = PROGRAM.replace("98_noise", "06_false_alarms")
    assert evidence.state(only(text)) == "never made"
    with pytest.raises(FileNotFoundError, match="mmtutor evidence 06"):
        only(text).table()
    other = course_of(tmp_path / "other", one="return {'a': k}")
    for outcome in ("made", "fresh"):
        assert evidence.make(text, folder, jobs=1) == {"06_false_alarms": outcome}
        assert evidence.run(other, jobs=1) == 0
        assert evidence.run(other, check=True) == 0
    assert len(only(text).table()) == 6


def test_below_a_course_without_the_chapter_the_packages_table_counts(tmp_path, monkeypatch):
    (tmp_path / "course.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert len(only(PROGRAM.replace("98_noise", "06_false_alarms")).table()) == 30


def test_a_table_never_made_says_how_to_make_it() -> None:
    @experiment("97_nothing", grid(a=[1]))
    def nothing(a: int) -> dict[str, int]:
        return {"b": a}

    with pytest.raises(FileNotFoundError, match="mmtutor evidence 97"):
        nothing.table()


def course_of(folder: Path, **bodies: str) -> SimpleNamespace:
    """Return a course of chapters 97, 98, ... whose experiment has one row and this body."""
    folder.mkdir(exist_ok=True)
    chapters = []
    for number, (name, body) in enumerate(bodies.items(), start=97):
        source = folder / f"{number}_{name}.py"
        source.write_text(
            '# %% tags=["evidence"]\n'
            "from mmtutor.course.evidence import experiment, grid\n"
            f'@experiment("{number}_{name}", grid(k=[1]))\n'
            f"def {name}(k):\n    {body}\n",
            encoding="utf-8",
        )
        chapters.append(SimpleNamespace(name=source.stem, source=source))
    return SimpleNamespace(folder=folder, choose=lambda _chosen: chapters)


def test_a_chapter_that_fails_does_not_stop_the_next(tmp_path, capsys) -> None:
    course = course_of(
        tmp_path, broken="raise ValueError('no such feature')", whole="return {'a': k}"
    )
    assert evidence.run(course, jobs=1) == 1
    said = capsys.readouterr()
    assert "98_whole: made" in said.out
    assert (
        "97_broken: 97_broken, row {'k': 1}: ValueError: no such feature; what was made" in said.err
    )
    assert (tmp_path / "data" / "evidence" / "98_whole.csv").exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "row {'k': 1}: TypeError: returned None; expected a dict"),
        ("return {'k': 2}", "returned the parameter 'k'"),
        ("return {'a': [1]}", "returned a = [1]; expected a number or a word"),
        ("return {'a': None}", "returned a = None; expected"),
        ("raise SystemExit(0)", "row {'k': 1}: SystemExit: 0"),
        ("return {'a': 1} if k == 1 else {'a': 1, 'b': 2}", "and another row ['k', 'a"),
        ("return {'a': 1, 'b': 2} if k == 1 else {'a': 1}", "and another row ['k', 'a"),
    ],
)
def test_a_result_that_is_no_row_is_named(tmp_path, capsys, body: str, words: str) -> None:
    course = course_of(tmp_path, odd=body)
    source = course.choose([])[0].source
    text = source.read_text(encoding="utf-8").replace("[1]", "[1, 2]", 1)
    source.write_text(text, encoding="utf-8")
    assert evidence.run(course, jobs=1) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "data" / "evidence" / "97_odd.csv").exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rows": []}, "rows must be dicts of the same parameters, one or more, got"),
        ({"rows": [{"a": 1}, {"b": 1}]}, "rows must be dicts"),
        ({"rows": "ab"}, "rows must be dicts"),
        ({"requires": "mnist_test"}, "requires must be a list"),
        ({"name": 97}, "name of a table"),
    ],
)
def test_an_experiment_of_another_form_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        experiment(**({"name": "97_odd", "rows": [{"a": 1}]} | wrong))


def test_two_experiments_of_one_name_are_refused_and_two_names_of_one_are_not() -> None:
    with pytest.raises(ValueError, match="two experiments are named '98_noise'"):
        evidence.experiments(PROGRAM + PROGRAM.replace("def noisy", "def louder"))
    assert only(PROGRAM + "\nother = noisy\n").mark == only(PROGRAM).mark


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b'# %% tags=["evidence"]\nraise SystemExit(0)\n', "its cells end Python"),
        (b'# %% tags=["evidence"]\n1 / 0\n', "division by zero"),
        (b'# %% tags=["evidence"]\n(\n', "was never closed"),
        ('# %% tags=["evidence"]\n"é"\n'.encode("latin-1"), "codec can't decode"),
    ],
)
def test_a_bad_source_is_named_and_does_not_stop_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: bytes, words: str
) -> None:
    course = course_of(tmp_path, bad="", whole="return {'a': k}")
    course.choose([])[0].source.write_bytes(source)
    assert evidence.run(course, check=True) == 1
    assert "98_whole: never made" in capsys.readouterr().out
    assert evidence.run(course, jobs=1) == 1
    said = capsys.readouterr()
    assert "98_whole: made" in said.out
    [line] = [line for line in said.err.splitlines() if line.startswith("97_bad: ")]
    assert words in line


def test_a_full_disk_is_said_in_one_line(tmp_path, capsys, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(evidence, "_write", full)
    assert evidence.run(course_of(tmp_path, whole="return {'a': k}"), jobs=1) == 1
    [line] = [
        x for x in capsys.readouterr().err.splitlines() if "97_whole" in x and "row/s" not in x
    ]
    assert "No space left on device; what was made is kept" in line


def test_what_only_refuses_changes_no_row():
    """So tables need not grow stale with it: `_rows` and `_ranges` hand on what they are given."""
    rng = np.random.default_rng(3)
    for values in (rng.normal(size=(5, 2)), rng.integers(9, size=4), [1, 2.5], [True, False]):
        assert np.array_equal(_rows.floats("values", values), np.asarray(values, dtype=float))
    few = np.float32([0.1, 0.2])
    assert _rows.floats("values", few) is few
    for labels in (["b", "a"], np.array([2, 1]), pd.Series([True, False]), (0.5, 1.5)):
        assert np.array_equal(_rows.as_labels("labels", labels), np.asarray(labels))
        assert np.array_equal(_rows.as_target(labels), np.asarray(labels))
    for seed in (7, np.int64(7), np.random.SeedSequence(7)):
        drawn = _ranges.generator(seed).normal(size=4)
        assert np.array_equal(drawn, np.random.default_rng(7).normal(size=4))
    assert _ranges.check_ranges({"size": _ranges.whole()}, size=3) is None


def test_of_an_assertion_in_a_loop_the_worst_turn_counts(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "BUILD", tmp_path)
    for draw, turns in enumerate([[(0.3, True), (-0.1, False)], [(0.1, True), (0.2, True)]]):
        told = [{"text": "a > b", "holds": holds, "margin": gap} for gap, holds in turns]
        (tmp_path / f"97_{draw:02}.json").write_text(json.dumps(told), encoding="utf-8")
    [row] = bounds.rows("97", 2).to_dict("records")
    assert (row["holds"], row["draws"]) == (1, 2)
    assert row["mean"] == pytest.approx(0)


def test_the_page_of_bounds_says_what_has_no_margin(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(bounds, "BUILD", tmp_path)
    for draw in range(2):
        told = [{"text": "a > b", "holds": True, "margin": 0.1 * draw}]
        told += [{"text": "n == 3", "holds": draw == 0, "margin": None}]
        (tmp_path / f"97_{draw:02}.json").write_text(json.dumps(told), encoding="utf-8")
    page = bounds.page(["97"], 2)
    assert "as in 1 of the 2: what" in page
    assert "| `n == 3` | nan | nan | nan | 1 of 2 |" in page
    # The page that is stored is of this writer.
    stored = bounds.PAGE.read_text(encoding="utf-8")
    shared = page[page.index(": what is asserted") : page.index("\n## Chapter")]
    assert shared in stored
    (n_without, n_all) = re.search(r"as in (\d+) of the (\d+):", stored).groups()
    assert stored.count("| nan | nan | nan |") == int(n_without)
    assert stored.count("\n| `") == int(n_all)
