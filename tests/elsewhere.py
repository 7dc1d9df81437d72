"""The tests as on another processor, in other places and languages: `make test-elsewhere`.

``python tests/elsewhere.py [--only NAME] [what pytest takes]``; at the end stands how many passed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Digits in the last place differ between processors: this is one that lacks what new ones have.
OLD = {
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "NUMBA_CPU_NAME": "generic",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}
CONFIGURATIONS = {
    "old-processor": OLD,
    "two-threads": OLD | {"MMTUTOR_TEST_THREADS": "2"},
    "posix-locale": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "turkish-locale": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "far-time-zone": {"TZ": "Pacific/Kiritimati"},
    "ascii-output": {"PYTHONIOENCODING": "ascii"},
    "windows-output": {"PYTHONIOENCODING": "cp1252"},
    "unwritable-home": {"HOME": os.devnull, "XDG_CACHE_HOME": f"{os.devnull}/cache"},
    "odd-path": {"TMPDIR": "a folder 课程"},  # and the clone lies there, too
}


def lacks(name: str) -> str:
    """Return why this machine cannot be made like the configuration, else nothing."""
    wanted = CONFIGURATIONS[name].get("LC_ALL", "POSIX")
    if wanted == "POSIX":
        return ""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    if wanted.lower().replace("-", "") not in known.lower().replace("-", "").split():
        return f"the locale {wanted} is not installed"
    return ""


def passes(name: str, arguments: list[str], folder: Path) -> bool:
    """Run the tests in a configuration."""
    environment = os.environ | CONFIGURATIONS[name]
    place = ROOT
    if "TMPDIR" in CONFIGURATIONS[name]:
        place = folder / environment["TMPDIR"]
        subprocess.run(["git", "clone", "--quiet", ROOT, place], check=True)
        environment["TMPDIR"] = str(place)
    environment["PYTHONPATH"] = str(place)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=place, env=environment, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CONFIGURATIONS, default=list(CONFIGURATIONS))
    options, arguments = parser.parse_known_args()
    outcomes = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            if why := lacks(name):
                print(f"{name}: skipped, {why}", flush=True)
                continue
            print(f"{name}: {CONFIGURATIONS[name]}", flush=True)
            outcomes[name] = passes(name, arguments, Path(folder))
    failed = [name for name, passed in outcomes.items() if not passed]
    print(f"elsewhere: {len(outcomes) - len(failed)} of {len(options.only)} configurations passed")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
