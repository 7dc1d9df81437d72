"""The package's public names: where they are, which chapters use them, and a page for each room."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from mmtutor.course import notebooks

PACKAGE = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def hollow_networks() -> Iterator[None]:
    """Let the room of networks be imported without TensorFlow: its docstrings need none of it.

    If it is not loaded yet, hollow modules stand in, and what was imported with them is forgotten.
    """
    from sphinx.ext.autodoc.mock import mock

    import mmtutor

    loaded = set(sys.modules)
    try:
        with mock(["keras", "tensorflow", "mmtutor.deep._backend"]):
            yield
    finally:
        for name in set(sys.modules) - loaded:
            if name.startswith("mmtutor.deep"):
                del sys.modules[name]
                vars(mmtutor).pop("deep", None)


def public_modules(package: Path = PACKAGE) -> list[str]:
    """Return every module that is not private and states what it offers in ``__all__``.

    The files are read, not imported: one of the rooms would load TensorFlow.
    """
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        states_all = re.search(r"^__all__\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if states_all and not any(part.startswith("_") for part in parts):
            found.append(".".join(parts))
    return found


def members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes in a module's ``__all__``; values carry no docstring."""
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__.removeprefix('mmtutor.')}.{name}", thing


def public_names() -> dict[str, Any]:
    """Return each public function and class by the shortest name that leads to it."""
    found: dict[Any, str] = {}
    for module in map(importlib.import_module, public_modules()):
        for place, thing in members(module):
            if thing not in found or place.count(".") < found[thing].count("."):
                found[thing] = place
    return {place: thing for thing, place in found.items()}


def methods(cls: type) -> dict[str, Any]:
    """Return the public methods and properties that a class has from its own package, by name."""
    package = cls.__module__.partition(".")[0]
    own: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] == package:
            own |= vars(base)
    functions = {name: getattr(thing, "__func__", thing) for name, thing in own.items()}
    return {
        name: thing
        for name, thing in functions.items()
        if not name.startswith("_") and (inspect.isfunction(thing) or isinstance(thing, property))
    }


# -- which chapters use what ------------------------------------------------------------------


class Usage:
    """What of the package some chapters use, in code or by name in backticks.

    Parameters
    ----------
    chapters : mapping from number to notebook
        The notebooks looked at, by two digits.
    """

    def __init__(self, chapters: Mapping[str, Any]) -> None:
        self._in_code = {}
        self._in_words = {}
        for number, notebook in chapters.items():
            self._in_code[number] = {id(thing) for thing in _things(notebook)}
            quoted = re.findall(r"`([^`\n]+)`", notebooks.prose(notebook))
            self._in_words[number] = {w for q in quoted for w in re.findall(r"[\w.]+", q)}

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


def _things(notebook: Any) -> list[Any]:
    """Return what of the package a notebook's code names, beyond importing it."""
    nodes: list[ast.AST] = []
    for cell in notebooks.code(notebook):
        with contextlib.suppress(SyntaxError):  # half written, and shown all the same
            nodes += ast.walk(notebooks.parsed(cell.source))
    known: dict[str, Any] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "mmtutor":
            for alias in node.names:
                known[alias.asname or alias.name] = _member(
                    importlib.import_module(str(node.module)), alias.name
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


# -- a page for each room ---------------------------------------------------------------------


def pages(names: Mapping[str, Any]) -> dict[str, str]:
    """Return each room's page, as reStructuredText: what each docstring says, once."""
    rooms: dict[str, list[str]] = {}
    for name in public_modules():
        if name == "mmtutor":
            continue
        here = name.removeprefix("mmtutor.")
        line = "-" if "." in here else "="
        text = f"{name}\n{line * len(name)}\n\n.. automodule:: {name}\n\n"
        for place, thing in names.items():
            if place.rpartition(".")[0] == here:
                text += _directive(place, thing)
        rooms.setdefault(here.partition(".")[0], []).append(text)
    return {room: "".join(texts) for room, texts in rooms.items()}


def _directive(place: str, thing: Any) -> str:
    if not isinstance(thing, type):
        return f".. autofunction:: mmtutor.{place}\n\n"
    text = f".. autoclass:: mmtutor.{place}\n\n"
    for name, method in methods(thing).items():
        kind = "autoproperty" if isinstance(method, property) else "automethod"
        text += f"   .. {kind}:: mmtutor.{place}.{name}\n\n"
    return text
