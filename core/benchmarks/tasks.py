"""What can be measured, on which data: the one table of the benchmarks.

It imports none of them, so that a list of them is quick.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import CounterpointError


@dataclass(frozen=True)
class Task:
    """A benchmark.

    Attributes:
        module: has ``evaluate(settings: EvaluateSettings, progress: Progress) -> tables``.
        data: the kinds it measures on, as a user writes them: "KIND", or "KIND:PATH" where there is a place on disk.
    """

    module: str
    data: tuple[str, ...]


TASKS = {
    "correspondence": Task("core.benchmarks.correspondence", ("procedural", "bop:PATH", "meshes:FOLDER")),
    "retrieval": Task("core.benchmarks.retrieval", ("procedural", "meshes:FOLDER", "procedural+meshes:FOLDER")),
    "parts": Task("core.benchmarks.part_transfer", ("procedural", "meshes:FOLDER")),
    "cutting": Task("core.benchmarks.cutting", ("procedural", "coco:PATH", "bop:PATH")),
    "locating": Task("core.benchmarks.locating", ("bop:PATH",)),
    "alignment": Task("core.benchmarks.alignment", ("procedural", "bop:PATH", "scan2cad:PATH")),
    "zeroshot": Task("core.benchmarks.zeroshot", ("modelnet40:PATH", "scanobjectnn:PATH", "omniobject3d:PATH")),
    "detection": Task("core.benchmarks.detection", ("scenes:FOLDER",)),
    "congealing": Task(
        "core.benchmarks.congealing", ("procedural", "procedural-category", "bop:PATH", "navi:PATH", "spair:PATH")
    ),
    "scene-refinement": Task("core.benchmarks.scene_refinement", ("bop:PATH",)),
    "scene-propagation": Task("core.benchmarks.scene_propagation", ("bop:PATH",)),
    "focal-length": Task("core.benchmarks.focal_length", ("bop:PATH",)),
    "adaptation": Task("core.benchmarks.adaptation", ("bop:PATH",)),
    "calibration": Task("core.benchmarks.calibration", ("procedural", "bop:PATH", "meshes:FOLDER")),
    "bop-results": Task("core.benchmarks.bop_results", ("bop:PATH",)),
    "encoders": Task(
        "core.benchmarks.compare",
        ("procedural", "meshes:FOLDER", "onepose:PATH", "tapvid:PATH", "pfpascal:PATH", "spair:PATH"),
    ),
}
"""By the name that ``counterpoint evaluate`` takes."""


def parse_data(text: str, known: Sequence[str]) -> tuple[str, str]:
    """(kind, place) of "KIND:PATH"; the place is "" for data that have none.

    Args:
        text: as the user gave it.
        known: what may be given, as in :attr:`Task.data`.

    Raises:
        CounterpointError: another kind, a kind without its place, or a place where there is none.
    """
    kind, _, place = text.partition(":")
    placed = {one.partition(":")[0]: ":" in one for one in known}
    if kind not in placed or placed[kind] != bool(place):
        *others, last = known
        raise CounterpointError(f"'{text}' is not {', '.join(others)}{' or ' if others else ''}{last}.")
    return kind, place
