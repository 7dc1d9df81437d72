"""List the sentences that claim a cause, a comparison or a law, for whoever reviews a chapter.

No test can tell whether such a sentence is true. Each is listed with its line in the chapter's
source and the nearest assertion of its section: does that show it? If not, the sentence needs an
experiment, a source, or to go.

    make claims                       every chapter
    python tests/guards/claims.py 05  one
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from chapter import Chapter
from prose import assertions, sentences

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CLAIM = re.compile(
    r"\b(?:because|hence|therefore|thus|due to|that is why|the reason|owing to|caused? by|only|"
    r"never|always|cannot|impossible|no longer|best|worst|beats?|outperforms?|"
    r"(?:better|worse|more|less|fewer|larger|smaller|faster|slower|higher|lower|stronger|weaker)"
    r" than)\b",
    flags=re.IGNORECASE,
)


class Claim(NamedTuple):
    """A sentence to doubt."""

    line: int  # in the chapter's source
    words: list[str]  # what makes it a claim
    sentence: str
    nearest: str  # the closest assertion of its section, or nothing


def claims(chapter: Chapter, source: str) -> Iterator[Claim]:
    """Yield what a chapter claims, in order; `source` is its text in notebooks/source."""
    places = {id(cell): place for place, cell in enumerate(chapter.notebook.cells)}
    at = 0
    for passage in chapter.passages():
        lines = passage.text.rstrip("\n").split("\n")
        at = source.index("\n".join(f"# {line}".rstrip() for line in lines), at)
        if passage.heading.startswith("References"):
            continue
        near = sorted(passage.cells, key=lambda cell: abs(places[id(cell)] - passage.place))
        asserted = [claim for cell in near for claim in assertions(cell.source)]
        for start, sentence in sentences(passage.text):
            if words := CLAIM.findall(sentence):
                raw = passage.text[start : start + len(sentence)]
                begins = start + len(raw) - len(raw.lstrip())
                line = 1 + source.count("\n", 0, at) + passage.text.count("\n", 0, begins)
                yield Claim(line, words, " ".join(raw.split()), (asserted or [""])[0])


def main(chosen: Sequence[str]) -> None:
    """Print the claims of all chapters, or of those whose numbers are given."""
    for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        if chosen and path.name[:2] not in chosen:
            continue
        source = NOTEBOOKS / "source" / f"{path.stem}.py"
        found = list(claims(Chapter.read(path), source.read_text(encoding="utf-8")))
        alone = sum(not claim.nearest for claim in found)
        print(
            f"\n{source.name}: {len(found)} claims, {alone} without an assertion in their section"
        )
        for claim in found:
            print(f"\n{claim.line:5d}  [{', '.join(claim.words)}] {claim.sentence}")
            shown = claim.nearest or "no assertion in this section"
            print("       ->", textwrap.shorten(shown, 150, placeholder=" ..."))


if __name__ == "__main__":
    main(sys.argv[1:])
