"""A second set of poses beside those of a scene: errors of each, as rows that sort."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.files import check_file
from core.geometry.pose import Pose
from core.interchange.names import listed, matches, number_of
from core.interchange.poses import read_entries
from core.notices import warn
from core.progress import Progress, silent
from core.registration.things import InstanceKey
from core.scenes.bop_results import read_results
from core.scenes.opening import open_scene
from core.scenes.pose_errors import PhotoErrors
from core.scenes.scan2cad import is_annotations, poses_in_photos, symmetries_of
from core.scenes.scene import PoseKey, Scene, ScenePhoto

Row = dict[str, Any]
Found = Mapping[str, Mapping[int, list[Pose]]]
"""Poses in units of the scene, by photo and object."""

PLACE = ("photo", "object", "instance")
ERRORS = ("rotation", "translation", "ADD", "ADD-S", "MSSD", "MSPD", "VSD", "reprojection")
CIRCUMSTANCES = ("distance", "visibility", "azimuth", "elevation")
COLUMNS = (*PLACE, *ERRORS, *CIRCUMSTANCES)
"""Of the rows: degrees, millimetres (translation, ADD, ADD-S, MSSD, distance), pixels (MSPD, reprojection), shares.

Azimuth and elevation say from where the camera sees the thing: around the z axis of its shape from x on, and above its
x-y plane.
"""


def read_poses(path: str | Path, scene: Scene) -> Found:
    """The poses of a file for the photos of a scene.

    It may be a CSV of BOP's results, another scene of the same photos, annotations of Scan2CAD, or any file of poses that is read elsewhere
    (:mod:`core.interchange.poses`).

    Raises:
        CounterpointError: it holds no poses, or none of this scene's photos.
    """
    path = Path(path)
    found: dict[str, dict[int, list[Pose]]] = defaultdict(lambda: defaultdict(list))
    absent: list[str] = []
    if path.suffix.lower() == ".csv":
        number = scene.info.get("scene_id")
        for result in read_results(check_file(path)):
            key = photo_of(str(result.im_id), scene)
            if number is not None and result.scene_id != number:
                continue
            if key is None:
                absent.append(str(result.im_id))
            else:
                found[key][result.obj_id].append(_scaled(result.pose, 0.001, scene))
    elif path.is_dir() or path.name in ("scene_gt.json", "scene_camera.json"):
        other = open_scene(path)
        for photo, thing, posed in other.posed():
            if photo.key in scene.by_key:
                found[photo.key][thing.object_id].append(_scaled(posed.pose, other.unit.metres, scene))
    elif is_annotations(path):
        return poses_in_photos(path, scene)
    else:
        for entry in read_entries(path):
            key = photo_of(entry.image, scene)
            object_id = entry.object if entry.object is not None else _only_shape(scene, path)
            if key is None:
                absent.append(entry.image)
            else:
                found[key][object_id].append(_scaled(entry.pose, entry.unit or scene.unit.metres, scene))
    if not found:
        raise CounterpointError(f"{path} has no poses in photos of {scene.root}.")
    if absent:
        names = listed(list(dict.fromkeys(absent)), 3)
        warn(f"{path.name} has {len(absent)} poses in photos that the scene has not ({names}); they are left out.")
    return found


def with_symmetries(scene: Scene, path: str | Path) -> Scene:
    """The scene with the symmetries that annotations of Scan2CAD (``sym``) tell of shapes of which it knows none."""
    path = Path(path)
    if not is_annotations(path):
        return scene
    told = symmetries_of(path, scene)
    own = {number: shape for number, shape in scene.shapes.items()
           if number in told and not any(key.startswith("symmetries") for key in shape.info)}  # fmt: skip
    named = {number: replace(shape, info={**shape.info, **told[number]}) for number, shape in own.items()}
    return replace(scene, shapes={**scene.shapes, **named})


def inspect(scene: Scene, found: Found, progress: Progress = silent, sort: str = "ADD-S") -> list[Row]:
    """The errors of the poses beside the scene's own, the largest of column ``sort`` first.

    Several things of one shape in a photo are paired so that the nearest go together. True poses without another beside
    them have a row with nothing but their place, and come first.

    Raises:
        CounterpointError: no such column, or a shape cannot be read.
    """
    if sort not in COLUMNS:
        raise CounterpointError(f"Rows are sorted by {listed(COLUMNS, 20)}, not by {sort}.")
    rows: list[Row] = []
    extra = 0
    photos = [photo for photo in scene.photos if photo.key in scene.by_photo]
    for number, photo in enumerate(photos):
        progress(number / len(photos), f"photo {number + 1} of {len(photos)}")
        new, more = _of_photo(scene, photo, found.get(photo.key, {}))
        rows, extra = rows + new, extra + more
    if extra:
        warn(f"{extra} poses have no true pose beside them (an object that the photo has not, or too many of it).")
    progress(1.0, "Measured")
    return sorted(rows, key=lambda row: _rank(row, sort))


def _rank(row: Row, column: str) -> tuple[int, float | str]:
    value = row.get(column)
    if column == "photo":
        return 0, f"{int(str(value)):09d}" if str(value).isdigit() else str(value)
    return (0, 0.0) if value is None else (1, -value if column in (*ERRORS, "distance") else value)


def _of_photo(scene: Scene, photo: ScenePhoto, found: Mapping[int, list[Pose]]) -> tuple[list[Row], int]:
    measure, known = PhotoErrors(scene, photo), _known(scene, photo)
    pairs = _paired(known, found)
    rows: list[Row] = []
    for thing, true in known.items():
        place = {"photo": photo.key, "object": thing.object_id, "instance": thing.instance}
        about = _circumstances(true, scene.unit.metres * 1000) | {"visibility": measure.visibility(thing)}
        if thing not in pairs:
            rows.append(place | dict.fromkeys(ERRORS) | about)
            continue
        e = measure(thing, pairs[thing])
        numbers = (e.rotation, e.translation, e.add, e.adds, e.mssd, e.mspd, float(e.vsd.mean()), e.reprojection)
        rows.append(place | dict(zip(ERRORS, numbers, strict=True)) | about)
    return rows, sum(map(len, found.values())) - len(pairs)


def _circumstances(true: Pose, millimetres: float) -> Row:
    x, y, z = true.inverse(np.zeros(3))
    azimuth, elevation = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    away = float(np.linalg.norm(true.t)) * millimetres
    return {"distance": away, "azimuth": float(azimuth), "elevation": float(elevation)}


def _known(scene: Scene, photo: ScenePhoto) -> dict[InstanceKey, Pose]:
    """The true poses of a photo whose shapes are there."""
    truth = scene.by_photo.get(photo.key, {})
    return {thing: posed.pose for thing, posed in truth.items() if thing.object_id in scene.shapes}


def beside_truth(scene: Scene, found: Found) -> dict[PoseKey, Pose]:
    """The pose that :func:`inspect` has measured of each thing, by photo and thing."""
    return {
        (photo.key, thing): pose
        for photo in scene.photos
        for thing, pose in _paired(_known(scene, photo), found.get(photo.key, {})).items()
    }


def _paired(truth: Mapping[InstanceKey, Pose], found: Mapping[int, list[Pose]]) -> dict[InstanceKey, Pose]:
    """Each true pose with the pose of its object that is nearest, the nearest pairs first."""
    gaps = [
        (float(np.linalg.norm(pose.t - true.t)), thing, number)
        for thing, true in truth.items()
        for number, pose in enumerate(found.get(thing.object_id, ()))
    ]
    pairs: dict[InstanceKey, Pose] = {}
    taken: set[tuple[int, int]] = set()
    for _, thing, number in sorted(gaps):
        if thing not in pairs and (thing.object_id, number) not in taken:
            pairs[thing] = found[thing.object_id][number]
            taken.add((thing.object_id, number))
    return pairs


def photo_of(name: str, scene: Scene) -> str | None:
    """The key of the photo that is meant: by its number in BOP, else by its name."""
    number = int(name) if name.isdigit() else None
    for photo in scene.photos:
        if photo.key == name or (number is not None and photo.key.isdigit() and int(photo.key) == number):
            return photo.key
    scored = [(max(matches(name, one.key), matches(name, one.path.as_posix())), one.key) for one in scene.photos]
    best = max(scored, default=(0, ""))
    return best[1] if name and best[0] and [score for score, _ in scored].count(best[0]) == 1 else None


def _only_shape(scene: Scene, path: Path) -> int:
    number = number_of(path.name)
    if len(scene.shapes) != 1 and number not in scene.shapes:
        raise CounterpointError(
            f"{path.name} does not say which object it is about; the scene has {len(scene.shapes)}."
        )
    return number if number is not None and number in scene.shapes else next(iter(scene.shapes))


def _scaled(pose: Pose, metres: float, scene: Scene) -> Pose:
    return Pose(pose.R, pose.t * (metres / scene.unit.metres), pose.s)


def as_csv(rows: Iterable[Row]) -> str:
    """The rows as a table with a line of names."""
    lines = [",".join(COLUMNS)]
    for row in rows:
        values = (row.get(column) for column in COLUMNS)
        lines.append(",".join("" if value is None else _plain(value) for value in values))
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> str:
    text = f"{value:.9g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if "," in text else text
