"""What every public name says of itself."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

PARTS_OF_NUMPYDOC = (
    "Parameters|Returns|Yields|Raises|Warns|Notes|References|Examples|Attributes|See Also|Methods"
)
ARRAY = re.compile(r"\bnd?array|\barray\b|\bDataFrame\b", flags=re.IGNORECASE)
# "One row a model" is a table's shape; what read_image and read_audio accept is stated there.
SHAPE = re.compile(r"shape|scalar|[0-3]-d\b|one row (?:a|per)\b|read_image|read_audio", flags=re.I)
UNITS = (
    (r"(?:sample_)?rate|pitch|f0|frequency|f_?min|f_?max|cutoff", r"\bHz\b|per second|degrees"),
    (r"seconds|duration|hop_seconds|window_seconds", r"\bs\b|\bseconds?\b|\bms\b"),
)


def sections(docstring: str) -> dict[str, str]:
    """Split a numpydoc docstring into its sections; the words before the first are under ""."""
    text = inspect.cleandoc(docstring or "")
    pieces = re.split(rf"^({PARTS_OF_NUMPYDOC})\n-+\n", text, flags=re.MULTILINE)
    return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}


def described(section: str) -> dict[str, str]:
    """Return each name that a Parameters or Attributes section describes, with its words."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line[0].isspace():
            head = line.partition(":")[0] if " : " in line or line.endswith(":") else line
            names = [name.strip(" *`") for name in head.split(",")]
            for name in names:
                found[name] = line
        else:
            for name in names:
                found[name] += "\n" + line
    return found


def docstring(name: str, thing: Callable[..., Any]) -> list[str]:
    """A public function or class says what goes in and out, with shapes, units and an example.

    Parameters
    ----------
    name : str
        How to call it in a problem, ``"fusion.rules.sum_rule"``.
    thing : function or class
        What is looked at.
    """
    doc = inspect.getdoc(thing) if thing.__doc__ else ""
    if not doc:
        return [f"{name} has no docstring"]
    own = sections(doc)
    # An error, and a record that a function returns, need no more than to say what they are.
    is_record = dataclasses.is_dataclass(thing) or getattr(thing, "_fields", None)
    if isinstance(thing, type) and (issubclass(thing, BaseException) or is_record):
        return []
    found = _parameters(name, thing, own)
    # A class that only holds values has attributes; a function without a result needs no Returns.
    result = inspect.signature(thing).return_annotation if not isinstance(thing, type) else None
    if result not in (None, "None", inspect.Signature.empty) and not {"Returns", "Yields"} & {*own}:
        found.append(f"{name} returns something but has no Returns section")
    for section in ("Returns", "Yields"):
        if ARRAY.search(own.get(section, "")) and not SHAPE.search(own[section]):
            found.append(f"{name}: {section} names an array without its shape")
    if ">>>" not in own.get("Examples", ""):
        found.append(f"{name} has no example")
    if not re.search(r"Taught in notebooks? \d\d", doc):
        found.append(f"{name} does not say which notebook teaches it: 'Taught in notebook NN.'")
    return found


def _parameters(name: str, thing: Callable[..., Any], own: dict[str, str]) -> list[str]:
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:  # a builtin
        return []
    words = {**described(own.get("Attributes", "")), **described(own.get("Parameters", ""))}
    found = []
    for parameter in parameters:
        if parameter.name in ("self", "cls") or parameter.name.startswith("_"):
            continue
        about = words.get(parameter.name)
        if about is None:
            found.append(f"{name} does not describe its parameter {parameter.name!r}")
            continue
        if ARRAY.search(about.splitlines()[0]) and not SHAPE.search(about):
            found.append(f"{name}: parameter {parameter.name!r} is an array without its shape")
        for names, unit in UNITS:
            if re.fullmatch(names, parameter.name) and not re.search(unit, about):
                found.append(f"{name}: parameter {parameter.name!r} has no unit")
    return found


def public_names(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes in a module's ``__all__``; values carry no docstring."""
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__.removeprefix('mmtutor.')}.{name}", thing
