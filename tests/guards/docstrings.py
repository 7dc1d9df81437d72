"""What every public name says of itself: numpydoc's checks, and what a course needs beyond them."""

from __future__ import annotations

import dataclasses
import pydoc
import re
from collections.abc import Set
from typing import Any

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

from mmtutor.course.reference import methods

# All of numpydoc's checks are made but these.
LEFT_OUT = {
    "ES01": "a summary may say it all",
    "SA01": "not every name has something that a reader would look for next",
    "RT04": "a Bunch is described field by field",
    "RT05": "the same",
}
LEFT_OUT_OF_METHODS = {"EX01": "the example of the class shows them"}
LEFT_OUT_OF_RECORDS = {
    "EX01": "the function that returns one shows it",
    "PR01": "its fields may stand under Attributes",
}

ARRAY = re.compile(r"\bnd?array|\barray\b|\bDataFrame\b", flags=re.IGNORECASE)
# "One row a model" is a table's shape; what read_image and read_audio accept is stated there.
SHAPE = re.compile(r"shape|scalar|[0-3]-d\b|one row (?:a|per)\b|read_image|read_audio", flags=re.I)
UNITS = (
    (r"(?:sample_)?rate|pitch|f0|frequency|f_?min|f_?max|cutoff", r"\bHz\b|per second|degrees"),
    (r"seconds|duration|hop_seconds|window_seconds", r"\bs\b|\bseconds?\b|\bms\b"),
)
TAUGHT = re.compile(r"\bTaught\s+in\s+notebooks?\s+((?:\d\d(?:,\s+|\s+and\s+)?)+)")
NOT_TAUGHT = re.compile(r"\bNot\s+used\s+in\s+a\s+notebook:\s+\S")


def docstring(name: str, thing: Any) -> list[str]:
    """A public name says what goes in and out, with shapes, units and an example.

    So do the methods of a class that the project writes itself; they need no example of their own.

    Parameters
    ----------
    name : str
        How to call it in a problem, ``"fusion.rules.sum_rule"``.
    thing : function or class
        What is looked at.
    """
    if not thing.__doc__:
        return [f"{name} has no docstring"]
    if isinstance(thing, type) and issubclass(thing, BaseException):
        return []  # an error needs no more than to say what it is
    is_record = dataclasses.is_dataclass(thing) or hasattr(thing, "_fields")
    is_record = is_record and not hasattr(thing, "fit")  # an estimator is none, however written
    found = _described(name, thing, LEFT_OUT_OF_RECORDS if is_record else {})
    if is_record:
        found += _fields(name, thing)
    elif not (TAUGHT.search(thing.__doc__) or NOT_TAUGHT.search(thing.__doc__)):
        found.append(f"{name} does not say which notebook teaches it: 'Taught in notebook NN.'")
    for method in methods(thing).values() if isinstance(thing, type) else ():
        found += _described(_place(method), method, LEFT_OUT_OF_METHODS)
    return found


def _place(method: Any) -> str:
    """Say where a method is written, which may be a base class."""
    function = getattr(method, "fget", method)
    return f"{function.__module__.removeprefix('mmtutor.')}.{function.__qualname__}"


def _described(name: str, thing: Any, left_out: dict[str, str]) -> list[str]:
    """Return numpydoc's findings, arrays without a shape, and parameters without a unit."""
    doc = get_doc_object(thing)
    errors = validate(doc)["errors"]
    found = [
        f"{name}: {code} {what}" for code, what in errors if code not in {*LEFT_OUT, *left_out}
    ]
    for section in ("Parameters", "Returns", "Yields", "Attributes"):
        for names, kind, words in doc[section]:
            about = " ".join([names, kind, *words])
            what = f"{name}: {names or kind!r} under {section}"
            if ARRAY.search(kind or names) and not SHAPE.search(about):
                found.append(f"{what} is an array without its shape")
            for pattern, unit in UNITS if section == "Parameters" else ():
                if re.fullmatch(pattern, names) and not re.search(unit, about):
                    found.append(f"{what} has no unit")
    others = [other for group, _ in doc["See Also"] for other, _ in group]
    found += [
        f"{name}: See Also names {other!r}, which is not there"
        for other in others
        if not _exists(other, getattr(thing, "__module__", ""))
    ]
    return found


def _exists(name: str, module: str) -> bool:
    """Tell whether a See Also leads somewhere, from a module or the packages above it."""
    parts = module.split(".")
    above = [".".join([*parts[:stop], name]) for stop in range(len(parts) + 1)]
    return any(pydoc.locate(path) is not None for path in above)


def _fields(name: str, record: type) -> list[str]:
    fields = getattr(record, "_fields", None) or [f.name for f in dataclasses.fields(record)]
    doc = get_doc_object(record)
    rows = [*doc["Parameters"], *doc["Attributes"]]
    described = {each.strip() for names, *_ in rows for each in names.split(",")}
    return [f"{name} does not describe its field {f!r}" for f in fields if f not in described]


def taught(name: str, thing: Any, users: Set[str]) -> list[str]:
    """The notebooks that a docstring names really use the name.

    A name that no notebook uses says so, and why it is there: "Not used in a notebook: ...".
    """
    doc = thing.__doc__ or ""
    claimed = {number for match in TAUGHT.finditer(doc) for number in re.findall(r"\d\d", match[1])}
    truth = f"it is used in: {', '.join(sorted(users)) or 'none'}"
    found = [
        f"{name} claims notebook {number}, which does not use it; {truth}"
        for number in sorted(claimed - users)
    ]
    if users and NOT_TAUGHT.search(doc):
        found.append(f"{name} says that no notebook uses it; {truth}")
    return found
