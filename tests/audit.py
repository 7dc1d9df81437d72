"""Look up the tested versions among known vulnerabilities: `make audit`.

Without a network, or where it does not reach the list, one line says that it was skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PINS = Path(__file__).parents[1] / "constraints.txt"
OPTIONS = ["--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]


def report(answer: str) -> tuple[int, str]:
    """Return the exit code and the words for what pip-audit printed."""
    try:
        packages = json.loads(answer)["dependencies"]
    except ValueError:
        packages = []
    known = [package for package in packages if "vulns" in package]  # else it was not found
    if not known:
        return 0, "audit: skipped, as the list of vulnerabilities is not within reach"
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {fault['fix_versions']}"
        for package in known
        for fault in package["vulns"]
    ]
    count = f"audit: {len(known)} of {len(packages)} packages looked up, {len(faults)} faults known"
    return int(bool(faults)), "\n".join([*faults, count])


if __name__ == "__main__":
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code, words = report(done.stdout)
    print(words)
    sys.exit(code)
