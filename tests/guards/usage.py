"""Which notebooks use which public name."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from chapter import Chapter, parsed


class Usage:
    """What of the package some chapters use, in code or by name in backticks.

    Parameters
    ----------
    chapters : iterable of Chapter
        The notebooks looked at.
    """

    def __init__(self, chapters: Iterable[Chapter]) -> None:
        self._in_code = {}
        self._in_words = {}
        for chapter in chapters:
            self._in_code[chapter.number] = {id(thing) for thing in _things(chapter)}
            quoted = re.findall(r"`([^`\n]+)`", chapter.prose)
            self._in_words[chapter.number] = {w for q in quoted for w in re.findall(r"[\w.]+", q)}

    def of(self, name: str, thing: Any) -> set[str]:
        """Return the numbers of the chapters that use a thing, called `name` in full.

        A short name of plain letters, such as ``show``, could mean anything: in words it counts
        only with its room before it, ``plotting.show``.
        """
        parts = name.split(".")
        forms = {".".join(parts[start:]) for start in range(len(parts))}
        if parts[-1].isalpha() and parts[-1].islower():
            forms.discard(parts[-1])
        code = {number for number, things in self._in_code.items() if id(thing) in things}
        return code | {number for number, words in self._in_words.items() if forms & words}


def _things(chapter: Chapter) -> list[Any]:
    """Return what of the package a chapter's code names, beyond importing it."""
    nodes = [node for cell in chapter.code for node in ast.walk(parsed(cell.source))]
    known: dict[str, Any] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mmtutor":
            for alias in node.names:
                known[alias.asname or alias.name] = _member(
                    importlib.import_module(node.module), alias.name
                )

    def meant(node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return known.get(node.id)
        if isinstance(node, ast.Attribute):
            return _member(meant(node.value), node.attr)
        return None

    found = [meant(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute)]
    return [thing for thing in found if thing is not None]


def _member(module: Any, name: str) -> Any:
    """Return what a module holds, or the module inside it; nothing if that is gone."""
    if not isinstance(module, ModuleType):
        return None
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"{module.__name__}.{name}")
    return getattr(module, name, None)
