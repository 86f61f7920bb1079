"""A BOP data set whose photos are drawn anew, so that its truth is exact: ``python -m tests.benchmarks.draw_bop SOURCE TARGET``.

The result is measured like any other, as by ``counterpoint evaluate alignment --data bop:TARGET``; see :mod:`core.benchmarks.drawn_scene`.
"""

import shutil
import sys
from pathlib import Path

from core.benchmarks.bop_layout import TrueScene
from core.benchmarks.drawn_scene import drawn


def main(source: Path, target: Path) -> None:
    """Write the data set of ``source``, with one scene, to ``target``, which must not be there; the models are linked."""
    (folder,) = (source / "test").iterdir()
    there = target / "test" / folder.name
    there.mkdir(parents=True)
    (target / "models").symlink_to((source / "models").absolute())
    for file in folder.glob("*.json"):
        shutil.copy(file, there)
    drawn(TrueScene.open(source), there / "rgb")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
