"""How time and memory grow with the number of samples, arrays and paths; writes growth.md.

.venv/bin/python benchmarks/growth.py

Each line is a process of its own, so that its peak of memory is its own. Exits with 1 if a column
of paths takes more memory the longer it is, beyond its result.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from measuring import machine, publish
from PIL import Image

SIZES = (100, 1_000, 10_000, 100_000)
N_FILES, RATE, SECONDS, SIDE = 500, 16_000, 0.25, 32
FLAT = 60  # MB that paths may add from the shortest column to the longest, beyond paths and result
PAGE = Path(__file__).with_suffix(".md")


def peak() -> float:
    """Return the most memory that this process has held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux: kB


def write_files(folder: Path) -> None:
    """Write short recordings and small pictures."""
    rng = np.random.default_rng(0)
    for k in range(N_FILES):
        clip = rng.uniform(-0.5, 0.5, int(SECONDS * RATE)).astype(np.float32)
        soundfile.write(folder / f"{k}.wav", clip, RATE)
        picture = rng.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{k}.png")


def one(what: str, kind: str, n_samples: int, folder: Path) -> dict[str, float]:
    """Describe so many sounds or pictures; return seconds, and MB before and at the peak."""
    from mmtutor import audio, image

    sound = what == "sound"
    features = audio.MFCCFeatures() if sound else image.HOGFeatures()
    files = [folder / f"{k}.{'wav' if sound else 'png'}" for k in range(N_FILES)]
    read = audio.read_audio if sound else image.read_image
    features.fit_transform(files[:8])  # what is loaded at first use is not the column's
    cells = [files[k % N_FILES] for k in range(n_samples)]
    if kind == "arrays":
        cells = [read(cell) for cell in cells]
    before, began = peak(), time.perf_counter()
    n_bytes = features.fit_transform(cells).nbytes
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "before": before, "peak": peak(), "result": n_bytes / 1e6}


def main() -> int:
    """Measure, write the page, print it; return the exit code."""
    rows, slow = [], []
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        for what in ("sound", "picture"):
            for kind in ("arrays", "paths"):
                peaks = []
                for n_samples in SIZES:
                    command = [sys.executable, __file__, what, kind, str(n_samples), name]
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    found = json.loads(done.stdout)
                    # The result is stacked from its rows: both are there for a moment.
                    peaks.append(found["peak"] - 2 * found["result"] - 2e-4 * n_samples)
                    rows.append(
                        f"| {what} | {kind} | {n_samples:,} | {found['seconds']:.2f} "
                        f"| {1e6 * found['seconds'] / n_samples:.0f} | {found['before']:.0f} "
                        f"| {found['peak']:.0f} | {found['result']:.0f} |"
                    )
                if kind == "paths" and peaks[-1] - peaks[0] > FLAT:
                    slow.append(f"{what}s as paths: {peaks[-1] - peaks[0]:.0f} MB more")
    page = f"""\
# Growth with the number of samples

`MFCCFeatures` of clips of {SECONDS} s and `HOGFeatures` of pictures of {SIDE} x {SIDE}, in one
process each: `fit_transform` of a column of arrays, which are in memory before it begins, and of a
column of paths ({N_FILES} files, again and again). Memory is the process's peak before the call and
after it; the result's rows are in it.

| cells | column | samples | seconds | microseconds each | MB before | MB at the peak | MB result |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}

{machine("numpy", "scipy")}
Written by `benchmarks/growth.py`.
"""
    return publish(PAGE, page, slow)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        what, kind, n_samples, folder = sys.argv[1:]
        print(json.dumps(one(what, kind, int(n_samples), Path(folder))))
    else:
        sys.exit(main())
