"""Chapters say how many of their bounds lie near, as docs/bounds.md lists them.

An exact row (a count or a list, no distance) counts as near only if it failed in some draw.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TENS = ("", "ten", "twenty", "thirty")
UNITS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = {11: "eleven", 12: "twelve", 13: "thirteen", 15: "fifteen", 18: "eighteen"}
SECTIONS = re.split(r"^## Chapter ", (ROOT / "docs/bounds.md").read_text("utf-8"), flags=re.M)[1:]


def word(n: int) -> str:
    """Return a number below 40 in words."""
    if 10 < n < 20:
        return TEENS.get(n, UNITS[n % 10] + "teen")
    return "-".join(part for part in (TENS[n // 10], UNITS[n % 10]) if part)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section[:2])
def test_a_chapter_says_how_many_of_its_bounds_lie_near(section: str) -> None:
    rows = re.findall(r"^\| `.*` \| \S+ \| \S+ \| (\S+) \| (\d+) of (\d+) \|$", section, re.M)
    assert len(rows) == section.count("\n| `")
    near = sum(float(away) < 2 for away, *_ in rows)
    exact = sum(away == "nan" and held != draws for away, held, draws in rows)
    (source,) = (ROOT / "notebooks" / "source").glob(f"{section[:2]}_*.py")
    said = f"(../docs/bounds.md). {word(near)} lie nearer than two standard deviations"
    said += f", and {word(exact)} are exact" if exact else ""
    assert f"[a table of bounds]{said}".lower() in source.read_text("utf-8").lower()
