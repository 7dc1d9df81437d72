"""How long the imports take; exits with 1 if `import mmtutor` takes 0.3 seconds or more.

.venv/bin/python benchmarks/import_time.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

LIMIT = 0.3  # seconds, for `import mmtutor`
ROOMS = ("mmtutor", "mmtutor.fusion", "mmtutor.text", "mmtutor.image", "mmtutor.audio")
TIMED = """
import sys, time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began, "tensorflow" in sys.modules)
"""


def measure(module: str, repeats: int) -> tuple[float, bool]:
    """Import a module in fresh processes; return the median seconds, and if TensorFlow came too."""
    seconds, with_tensorflow = [], False
    for _ in range(repeats):
        code = TIMED.format(module=module)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        first, second = done.stdout.split()
        seconds.append(float(first))
        with_tensorflow |= second == "True"
    return statistics.median(seconds), with_tensorflow


def main(repeats: int = 5) -> int:
    """Print one line a module; return the exit code."""
    slow = False
    for module in ROOMS:
        seconds, with_tensorflow = measure(module, repeats)
        slow |= module == "mmtutor" and seconds >= LIMIT
        slow |= with_tensorflow
        note = "  loads TensorFlow!" if with_tensorflow else ""
        print(f"import {module:<16} {seconds:6.3f} s{note}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
