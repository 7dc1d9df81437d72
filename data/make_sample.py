"""Write the sample of posts that lies in data/sample, to open and listen to without Python.

From the project's folder, after a change to the simulator::

    python data/make_sample.py
"""

from __future__ import annotations

from pathlib import Path

import cv2
import pandas as pd
import soundfile

from mmtutor.datasets import make_posts


def write_sample(folder: Path, n_samples: int = 12) -> pd.DataFrame:
    """Write the first posts as PNG and FLAC files and a table, posts.csv; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    posts = make_posts(n_samples)
    chinese = make_posts(n_samples, language="zh", modalities=["text"])
    names = [f"post_{i:02d}" for i in range(n_samples)]
    for name, image, sound in zip(names, posts.frame["image"], posts.frame["audio"], strict=True):
        _, png = cv2.imencode(".png", image)
        (folder / f"{name}.png").write_bytes(png.tobytes())
        soundfile.write(folder / f"{name}.flac", sound, posts.sample_rate, subtype="PCM_16")
    table = pd.DataFrame(
        {
            "target": posts.target,
            "author": posts.groups,
            "text": posts.frame["text"],
            "text_zh": chinese.frame["text"],
            "image": [f"{name}.png" for name in names],
            "audio": [f"{name}.flac" for name in names],
        }
        | {f"z_{name}": posts.latents[name].round(3) for name in ("text", "image", "audio")}
    )
    table.to_csv(folder / "posts.csv", index=False, encoding="utf-8", lineterminator="\n")
    return table


if __name__ == "__main__":
    write_sample(Path(__file__).with_name("sample"))
