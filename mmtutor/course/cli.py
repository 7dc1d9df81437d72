"""The command ``mmtutor``: open, execute, fetch, examine.

``mmtutor lab`` opens the course, ``mmtutor run`` executes it, ``mmtutor data`` shows and fetches
the real data, ``mmtutor doctor`` says what is wrong with an environment. Heavy libraries are loaded
only by the command that needs them.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmtutor import __version__

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mmtutor", description="A course on multimodal learning: text, images and sound."
    )
    parser.add_argument("--version", action="version", version=f"mmtutor {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    course = argparse.ArgumentParser(add_help=False)
    course.add_argument(
        "--course", type=_path, metavar="FOLDER", help="the clone, if it is not found by itself"
    )

    lab = commands.add_parser("lab", parents=[course], help="open JupyterLab at chapter 00")
    lab.add_argument("arguments", nargs="*", help="passed on to JupyterLab, after --")
    lab.set_defaults(function=_lab)

    run = commands.add_parser(
        "run",
        parents=[course],
        help="execute the notebooks; their pages in build/site",
        description="Execute the notebooks (all, or those named) and write the site with what "
        "they put out.",
    )
    run.add_argument("notebooks", nargs="*", metavar="NN", help="numbers or names, such as 05")
    run.add_argument(
        "--store", action="store_true", help="also store the executed copies in notebooks/"
    )
    run.add_argument(
        "--changed", action="store_true", help="only those whose stored copy is not up to date"
    )
    run.add_argument(
        "-j", "--jobs", type=_positive, default=2, help="notebooks at the same time (default 2)"
    )
    run.set_defaults(function=_run)

    site = commands.add_parser(
        "site",
        parents=[course],
        help="write the course's site from what is stored; build/site",
        description="Write the site: chapters as stored, reference, glossary and data. Nothing is "
        "executed; whatever Sphinx finds wrong is an error.",
    )
    site.set_defaults(function=_site)

    evidence = commands.add_parser(
        "evidence", parents=[course], help="make the tables of experiments that take minutes"
    )
    evidence.add_argument("notebooks", nargs="*", metavar="NN", help="numbers (default: all)")
    evidence.add_argument("--force", action="store_true", help="also those that are fresh")
    evidence.add_argument(
        "--check", action="store_true", help="make nothing; say which are not fresh"
    )
    evidence.add_argument(
        "-j", "--jobs", type=_positive, default=2, help="rows at the same time (default 2)"
    )
    evidence.set_defaults(function=_evidence)

    sync = commands.add_parser(
        "sync",
        parents=[course],
        help="write what follows from course.toml",
        description="Write the chapters' table, map, titles, times and last lines from course.toml "
        "into README.md and notebooks/source, and carry changed prose into the stored notebooks "
        "where the code is as it was.",
    )
    sync.set_defaults(function=_sync)

    data = commands.add_parser("data", help="list, fetch and verify the real data")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser(
        "list", help="each data set: size, licence, citation, whether it is there"
    )
    shown.add_argument("names", nargs="*", metavar="NAME", help="show the cards of these instead")
    fetch = actions.add_parser("fetch", help="download data sets")
    fetch.add_argument("names", nargs="+", metavar="NAME", help="data sets, or: all")
    verify = actions.add_parser("verify", help="hash every file that is there")
    verify.add_argument("names", nargs="*", metavar="NAME", help="data sets (default: all)")
    data.set_defaults(function=_data)

    student = commands.add_parser(
        "student",
        parents=[course],
        help="write notebooks without solutions and outputs into a folder",
    )
    student.add_argument("folder", type=_path, metavar="DIR", help="where to; made if need be")
    student.add_argument("notebooks", nargs="*", metavar="NN", help="numbers (default: all)")
    student.set_defaults(function=_student)

    slides = commands.add_parser(
        "slides", parents=[course], help="write a deck to teach from, one file"
    )
    slides.add_argument("notebooks", nargs="+", metavar="NN", help="numbers or names, such as 05")
    slides.add_argument("--to", type=_path, metavar="FILE", help="default: build/slides/NAME.html")
    slides.set_defaults(function=_slides)

    grade = commands.add_parser(
        "grade",
        parents=[course],
        help="judge hand-ins by the official checkers; a table, and CSV",
        description="Execute each hand-in in a process of its own, with limits, and judge its "
        "exercises by the official checkers on inputs that nobody has seen. This is no sandbox: "
        "the code runs with your rights. Grade on a machine that holds nothing to lose.",
    )
    grade.add_argument("paths", nargs="+", type=_path, metavar="FILE_OR_DIR")
    grade.add_argument("--csv", type=_path, metavar="FILE", help="also write a row an exercise")
    grade.add_argument("--seconds", type=_positive, default=900, help="for a hand-in (default 900)")
    grade.add_argument("--seed", type=_seed, help="the same inputs again, to settle a dispute")
    grade.set_defaults(function=_grade)

    challenge = commands.add_parser(
        "challenge",
        help="score a fusion of yours on a fresh draw of posts",
        description="FILE is Python and defines model(), an unfitted classifier. It learns from "
        "posts of twenty authors and is judged on twenty others, beside reference entries and the "
        "ideal observer.",
    )
    challenge.add_argument("file", type=_path, metavar="FILE")
    challenge.add_argument("--chapter", choices=("06", "10", "12"), default="10")
    challenge.add_argument("--seed", type=_seed, help="the same draw again")
    challenge.set_defaults(function=_challenge)

    doctor = commands.add_parser("doctor", help="say what is wrong with this environment")
    doctor.set_defaults(function=_doctor)
    return parser


def _whole(least: int, text: str) -> int:
    number = int(text) if text.strip().removeprefix("-").isdecimal() and len(text) < 40 else None
    if number is None or number < least:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least {least}, got {text!r}")
    return number


_positive = partial(_whole, 1)
_seed = partial(_whole, 0)


def _path(text: str) -> Path:
    if not text:  # which a Path would take for the working directory
        raise argparse.ArgumentTypeError("names no file or folder: it is empty")
    return Path(text)


def _lab(options: argparse.Namespace) -> int:
    from mmtutor.course import manifest, runner

    return runner.open_lab(manifest.find_course(options.course), options.arguments)


def _run(options: argparse.Namespace) -> int:
    from mmtutor.course import manifest, runner

    outcomes = runner.run(
        manifest.find_course(options.course),
        options.notebooks,
        store=options.store,
        changed=options.changed,
        jobs=options.jobs,
    )
    return int(any(outcome.status == "failed" for outcome in outcomes))


def _site(options: argparse.Namespace) -> int:
    from mmtutor.course import manifest, pages

    course = manifest.find_course(options.course)
    problems = pages.write(course)
    print("\n".join([*problems, f"Pages: {course.folder / 'build' / 'site' / 'index.html'}"]))
    return int(bool(problems))


def _sync(options: argparse.Namespace) -> int:
    from mmtutor.course import manifest

    course = manifest.find_course(options.course)
    for path in manifest.sync(course):
        print(path.relative_to(course.folder))
    return 0


def _evidence(options: argparse.Namespace) -> int:
    from mmtutor.course import evidence, manifest

    return evidence.run(
        manifest.find_course(options.course),
        options.notebooks,
        check=options.check,
        force=options.force,
        jobs=options.jobs,
    )


def _data(options: argparse.Namespace) -> int:
    from mmtutor.datasets import remote

    if options.action == "list" and not options.names:
        return _data_list()
    names = [name for name in options.names if name != "all"]
    if unknown := [name for name in names if name not in remote.DATASETS]:
        known = ", ".join(remote.DATASETS)
        print(f"unknown data set: {', '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 2
    if not names or len(names) < len(options.names):
        names = list(remote.DATASETS)
    return {"list": _data_cards, "fetch": _data_fetch, "verify": _data_verify}[options.action](
        names
    )


def _data_list() -> int:
    from mmtutor.datasets import remote

    table = remote.status()
    for row in table.itertuples():
        print(f"{row.dataset}: {row.state} ({row.files} files, {row.MB} MB, {row.licence})")
        for line in (row.description, f"Cite: {row.citation}"):
            lines = textwrap.wrap(line, 96, break_on_hyphens=False, break_long_words=False)
            print(textwrap.indent("\n".join(lines), "    "))
    print(f"Folder: {remote.data_folder()} (another one: the variable MMTUTOR_DATA)")
    absent = [row.dataset for row in table.itertuples() if row.state != "present"]
    if absent:
        print(f"Get what is absent: mmtutor data fetch {' '.join(absent)}")
    print("Who is in it, consent, biases, what not to do with it: mmtutor data list NAME")
    return 0


def _data_cards(names: Sequence[str]) -> int:
    from mmtutor.datasets import remote

    print("\n".join(remote.DATASETS[name].card for name in names))
    return 0


def _data_fetch(names: Sequence[str]) -> int:
    from mmtutor.datasets import remote

    failed = False
    for name in names:
        try:
            print(f"{name}: {remote.fetch_files(name)}")
        except remote.DataNotAvailable as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


def _data_verify(names: Sequence[str]) -> int:
    from mmtutor.datasets import remote

    broken = False
    for name in names:
        files = remote.verify(name)
        bad = files[files["state"] != "ok"]
        if bad.empty:
            print(f"{name}: all {len(files)} files are whole")
        elif (bad["state"] == "missing").all() and len(bad) == len(files):
            print(f"{name}: not here (mmtutor data fetch {name})")
        else:
            broken = True
            print(f"{name}: {len(bad)} of {len(files)} files are not whole")
            for row in bad.head(10).itertuples():
                print(f"    {row.state}: {row.path}")
            if len(bad) > 10:
                print(f"    and {len(bad) - 10} more")
            print(f"    mend it: mmtutor data fetch {name}")
    return int(broken)


def _student(options: argparse.Namespace) -> int:
    from mmtutor.course import editions, manifest

    course = manifest.find_course(options.course)
    files = editions.write_for_students(course, options.notebooks, options.folder)
    print(f"{len(files)} notebooks in {options.folder}, without solutions and outputs")
    return 0


def _slides(options: argparse.Namespace) -> int:
    from mmtutor._cache import atomic_write
    from mmtutor.course import manifest, slides

    if options.to:
        _refuse_what_is_no_file(options.to)
    course = manifest.find_course(options.course)
    chapters = course.choose(options.notebooks)
    if options.to and len(chapters) > 1:
        print("--to names one file: name one chapter", file=sys.stderr)
        return 2
    for chapter in chapters:
        target = options.to or course.folder / "build" / "slides" / f"{chapter.name}.html"
        with atomic_write(target, "w", encoding="utf-8") as file:
            file.write(slides.deck(chapter))
        print(target)
    return 0


def _refuse_what_is_no_file(path: Path) -> None:
    """Refuse to write over a device, whose place root could take, or a folder."""
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is a device or directory: name a file")


def _grade(options: argparse.Namespace) -> int:
    from mmtutor._cache import atomic_write
    from mmtutor.course import grading, manifest

    course = manifest.find_course(options.course)
    paths = grading.find(options.paths)
    if options.csv:  # where it cannot be written, that is said before the work
        _refuse_what_is_no_file(options.csv)
        is_new = not options.csv.exists()
        options.csv.open("a").close()
        if is_new:  # an empty table is none
            options.csv.unlink()
    graded = []
    for path, student in zip(paths, grading.whose(paths), strict=True):
        one = grading.grade(
            course, path, student=student, seconds=options.seconds, seed=options.seed
        )
        print(grading.report([one]), flush=True)
        graded.append(one)
        if options.csv:  # each time: a batch takes hours, and may be stopped
            with atomic_write(options.csv, "w", encoding="utf-8", newline="") as file:
                grading.as_table(graded).to_csv(file, index=False)
    print(f"{len(graded)} hand-ins judged")
    return 0


def _challenge(options: argparse.Namespace) -> int:
    from mmtutor.course import challenge

    if not options.file.is_file():
        print(f"there is no {options.file}", file=sys.stderr)
        return 2
    words, scored = challenge.run(options.file, options.chapter, options.seed)
    print(words, file=sys.stdout if scored else sys.stderr)
    return int(not scored)


def _doctor(options: argparse.Namespace) -> int:
    from mmtutor.course import doctor

    return doctor.report()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``mmtutor``; those of the process by default.

    Returns
    -------
    int
        The exit code: 0 all went well, 1 something failed, 2 the call itself was wrong.

    Notes
    -----
    Not used in a notebook: it is the command ``mmtutor``.

    Examples
    --------
    >>> from mmtutor.course.cli import main
    >>> main(["data", "fetch", "no_such_set"])
    2
    """
    from mmtutor.course.manifest import CourseError

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal or file that cannot show every sign
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code = options.function(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (CourseError, OSError) as error:  # a path that is wrong, or a full disk
        full = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
        remedy = f": make room and call mmtutor {options.command} again"
        is_full = isinstance(error, OSError) and error.errno in full
        print(f"{error}{remedy if is_full else ''}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "mmtutor":
            raise
        print(
            f"{error.name} is not installed: pip install 'mmtutor[all]'; "
            "`mmtutor doctor` tells what else is missing.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
