"""What pyproject.toml cannot say: a built package carries the bundled data and the translations.

In a clone (and in an editable installation) the package reads data/ and locale/ where they lie; a
wheel has no such folders, so copies go to mmtutor/_data.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithData(build_py):
    """Build the package, then copy data/*.csv, the cards and locale/**/*.mo into it."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "mmtutor" / "_data"
        data, catalogues = HERE / "data", sorted((HERE / "locale").rglob("*.mo"))
        patterns = ("README.md", "*.csv", "cards/*.md", "evidence/*.csv")
        bundled = [path for pattern in patterns for path in data.glob(pattern)]
        copies = {source: source.relative_to(data) for source in bundled}
        copies |= {source: source.relative_to(HERE) for source in catalogues}
        for source, place in copies.items():
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / place)


setup(cmdclass={"build_py": BuildWithData})
