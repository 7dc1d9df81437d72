"""What pyproject.toml cannot say: a built package carries the bundled data of data/.

In a clone (and in an editable installation) the package reads data/ where it lies; a wheel has no
such folder, so a copy goes to mmtutor/_data.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithData(build_py):
    """Build the package, then copy data/*.csv and data/README.md into it."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "mmtutor" / "_data"
        target.mkdir(parents=True, exist_ok=True)
        for source in [*sorted((HERE / "data").glob("*.csv")), HERE / "data" / "README.md"]:
            if source.exists():
                shutil.copyfile(source, target / source.name)


setup(cmdclass={"build_py": BuildWithData})
