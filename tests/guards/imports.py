"""What is loaded by what. Who may import whom is import-linter's to hold (pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable


def loaded_by(modules: Iterable[str], unwanted: Iterable[str]) -> list[str]:
    """Return which unwanted modules are loaded once `modules` are imported in a fresh process."""
    code = (
        "import importlib, sys\n"
        f"for name in {sorted(modules)!r}: importlib.import_module(name)\n"
        f"print(*[name for name in {sorted(unwanted)!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        return [done.stderr.strip().splitlines()[-1]]
    return [f"{name} is loaded outside mmtutor.deep" for name in done.stdout.split()]
