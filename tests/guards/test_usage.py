"""What a notebook uses is found in its code and in its words."""

from __future__ import annotations

import pytest
from chapter import Chapter
from example import spoil

import mmtutor
from mmtutor.course.reference import Usage
from mmtutor.fusion import rules


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from mmtutor.fusion.rules import sum_rule as mean\nmean(P)", True),
        ("from mmtutor.fusion import rules\nrules.sum_rule(P)", True),
        ("from mmtutor import fusion\nfusion.rules.sum_rule", True),
        ("from mmtutor.fusion.rules import sum_rule", False),  # imported, and that is all
        ("def sum_rule(P): ...\nsum_rule(P)", False),  # another of that name
        ("other.rules.sum_rule(P)", False),
    ],
)
def test_names_in_code(chapter: Chapter, code: str, expected: bool) -> None:
    usage = Usage({"05": spoil(chapter, "score = fit()", code).notebook})
    assert usage.of("fusion.rules.sum_rule", rules.sum_rule) == ({"05"} if expected else set())


@pytest.mark.parametrize(
    ("words", "sum_rule", "show"),
    [
        ("`sum_rule(P)` adds.", True, False),
        ("`fusion.rules.sum_rule` adds.", True, False),
        ("sum_rule adds, and `my_sum_rule`.", False, False),
        ("`show` could be any.", False, False),
        ("`plotting.show(fig)` shows.", False, True),
    ],
)
def test_names_in_backticks(chapter: Chapter, words: str, sum_rule: bool, show: bool) -> None:
    usage = Usage({"05": spoil(chapter, "The claim.", words).notebook})
    assert bool(usage.of("fusion.rules.sum_rule", rules.sum_rule)) == sum_rule
    assert bool(usage.of("plotting.show", mmtutor.plotting.show)) == show
