"""mmtutor: the package under a course on multimodal learning.

Each submodule is one clear room; none is loaded before it is used, so that ``import mmtutor``
costs next to nothing and TensorFlow is loaded by :mod:`mmtutor.deep` alone.

>>> import mmtutor
>>> mmtutor.fusion.rules.sum_rule.__name__
'sum_rule'
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

__version__ = "0.1.0"

_ROOMS = (
    "audio",
    "datasets",
    "deep",
    "evaluation",
    "exercises",
    "explain",
    "fusion",
    "image",
    "information",
    "noise",
    "plotting",
    "simulate",
    "text",
)

__all__ = ["__version__", *_ROOMS]


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


# A worker of joblib whose parent was killed waits for minutes for something to do.
_processes = sys.modules.get("multiprocessing")
if _processes and type(_processes.current_process()).__name__ == "LokyProcess":
    _parent = _processes.parent_process().pid
    importlib.import_module(f"{__name__}._parallel").end_with(_parent)
