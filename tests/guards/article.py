"""The tables of chapter 19: every claim has a verdict and rests on a section that is linked."""

from __future__ import annotations

import ast
import re

from chapter import Chapter

from mmtutor.course.notebooks import parsed

VERDICTS = {"R": "right", "I": "imprecise", "W": "wrong", "C": "cannot run"}
LEAST = 30
ROW = re.compile(r"^\| *(\d+) *\|(.*)\|$", flags=re.MULTILINE)


def claims(chapter: Chapter) -> list[str]:
    """Return what is wrong with the tables of claims (whether a link leads anywhere: dead_links).

    Rows are numbered from 1, each has a known verdict, evidence that links to a section, and, if
    the claim is not right, a correction. The letters in the cell `VERDICTS` are those verdicts.
    """
    section = next(p for p in re.split(r"^## ", chapter.prose, flags=re.M) if "claims, one" in p)
    found, numbers, letters = [], [], {}
    for part in section.split("\n### ")[1:]:
        title, _, text = part.partition("\n")
        letters[title] = ""
        for number, cells in ROW.findall(text):
            numbers.append(int(number))
            said, verdict, evidence, correction = (c.strip() for c in cells.split(" | ", 3))
            letters[title] += next((k for k, v in VERDICTS.items() if v == verdict), "?")
            if not said or verdict not in VERDICTS.values():
                found.append(f"row {number}: no such verdict: {verdict!r}")
            if not re.search(r"\]\((\d\d_\w+\.ipynb)?#[^)\s]+\)", evidence):
                found.append(f"row {number}: its evidence links to no section")
            if verdict != "right" and not correction.strip(" |"):
                found.append(f"row {number}: a claim that is {verdict} has no correction")
    if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < LEAST:
        found.append(f"rows must be numbered from 1 to {LEAST} at least: {numbers}")
    nodes = [n for cell in chapter.code for n in ast.walk(parsed(cell.source))]
    said = [ast.literal_eval(n.value) for n in nodes if _assigns(n, "VERDICTS")]
    if said != [letters]:
        found.append(f"the tables say {letters}, the cell says {said}")
    return found


def _assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == [name]
