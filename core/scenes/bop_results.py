"""Results of a method on BOP: ``scene_id,im_id,obj_id,score,R,t,time``, one pose a line."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.pose import Pose
from core.interchange.names import listed
from core.interchange.poses.bop import RESULTS as NAMES
from core.interchange.poses.view import guarded
from core.notices import warn
from core.scenes.readers.bop import rotations

NEAR = 20.0
"""Millimetres: no camera is as near to what it sees, and in metres few objects are as far."""

SAME_TIME = 1e-3
"""Seconds by which the times of the poses of one photo may differ (``check_bop_results`` of bop_toolkit)."""


@dataclass(frozen=True)
class BopResult:
    """A pose that a method found, in millimetres; ``time`` is of the whole photo in seconds, -1 where it is not known."""

    scene_id: int
    im_id: int
    obj_id: int
    score: float
    pose: Pose
    time: float


def read_results(file: Path) -> list[BopResult]:
    """Read a file of results, with or without its line of names, in its order.

    Raises:
        CounterpointError: a line is not as BOP has it.
    """

    def read() -> list[BopResult]:
        lines = [line for line in csv.reader(file.read_text(encoding="utf-8-sig").splitlines()) if line]
        if lines and lines[0][0].strip() == NAMES[0]:
            if [name.strip() for name in lines[0]] != list(NAMES):
                raise CounterpointError(
                    f"{file.name} has the columns {listed(lines[0])}, and BOP's are {listed(NAMES)}."
                )
            lines = lines[1:]
        for number, line in enumerate(lines, 1):
            if len(line) != len(NAMES) or len(line[4].split()) != 9 or len(line[5].split()) != 3:
                raise CounterpointError(
                    f"{file.name} has a pose ({number}) without seven fields, of which R has nine numbers and t three."
                )
        if not lines:
            raise CounterpointError(f"{file.name} holds no pose.")
        numbers = np.array([[line[3], line[6], *line[5].split()] for line in lines], np.float64)
        if not np.isfinite(numbers).all():
            at = int(np.argmin(np.isfinite(numbers).all(axis=1))) + 1
            raise CounterpointError(f"{file.name} has a pose ({at}) whose score, t or time is no finite number.")
        R = rotations(np.array([line[4].split() for line in lines], np.float64), file.name)
        t = np.array([line[5].split() for line in lines], np.float64)
        _say_odd(t, file.name)
        return [
            BopResult(int(line[0]), int(line[1]), int(line[2]), float(line[3]), Pose(R[i], t[i]), float(line[6]))
            for i, line in enumerate(lines)
        ]

    return guarded(file, read)


def _say_odd(t: npt.NDArray[np.float64], name: str) -> None:
    """Warn of translations [n, 3] that lie behind the camera, or that seem to be in metres."""
    behind = int((t[:, 2] <= 0).sum())
    if behind:
        warn(
            f"{name} has {behind} poses of {len(t)} that put the object behind the camera: "
            "poses are x_cam = R x_object + t with OpenCV axes (x right, y down, z forward)."
        )
    middle = float(np.median(np.linalg.norm(t, axis=1)))
    if middle < NEAR:
        warn(
            f"{name} has objects {middle:.3g} mm away (the median): its translations seem to be in metres, and BOP's are in millimetres."
        )


def mean_time(results: list[BopResult], name: str) -> float | None:
    """Seconds a photo on average; None where a time is not known. Times of one photo that differ are said."""
    times: dict[tuple[int, int], list[float]] = {}
    for result in results:
        times.setdefault((result.scene_id, result.im_id), []).append(result.time)
    if any(time < 0 for one in times.values() for time in one):
        return None
    uneven = [f"{scene}/{image}" for (scene, image), one in times.items() if max(one) - min(one) > SAME_TIME]
    if uneven:
        warn(f"{name} gives different times for poses of one photo ({listed(uneven)}); the first of each is taken.")
    return float(np.mean([one[0] for one in times.values()]))
