"""``counterpoint scene info``: what a data set holds."""

from collections import Counter
from typing import Any

from app.cli.options.scene import SceneOptions
from core.progress import Progress, silent
from core.scenes.opening import list_scenes, open_scene
from core.scenes.scene import Scene


def run(options: SceneOptions, progress: Progress = silent) -> dict[str, Any]:
    """What each scene holds."""
    places, scenes = list_scenes(options.path), []
    for number, place in enumerate(places):
        progress(number / len(places), f"scene {number + 1} of {len(places)}")
        scenes.append(_facts(open_scene(place)))
    progress(1.0, "Done")
    return {"scenes": scenes}


def _facts(scene: Scene) -> dict[str, Any]:
    photos = scene.photos
    seen = Counter(thing.object_id for _, thing in scene.poses)
    marked = Counter(thing.object_id for _, thing in scene.regions if thing.object_id not in scene.shapes)
    sizes = Counter(photo.camera.size for photo in photos if photo.camera is not None and photo.camera.size is not None)
    return {
        "path": str(scene.root),
        "format": scene.layout,
        "unit": {"metres": scene.unit.metres, "known": scene.unit.known},
        "photos": len(photos),
        "sizes": {f"{width} x {height}": count for (width, height), count in sizes.most_common()},
        "with camera": sum(photo.camera is not None for photo in photos),
        "with lens": sum(photo.camera is not None and photo.camera.lens is not None for photo in photos),
        "placed in the world": sum(photo.cam_from_world is not None for photo in photos),
        "with depth": sum(photo.depth is not None for photo in photos),
        "posed": len(scene.by_photo),
        "poses": len(scene.poses),
        "masks": sum(one.mask is not None for one in scene.regions.values()),
        "boxes": sum(one.box is not None for one in scene.regions.values()),
        "marked": [
            {"object": number, "name": scene.name_of(number), "count": count}
            for number, count in sorted(marked.items())
        ],
        "shapes": [
            {"object": number, "name": shape.name, "file": str(shape.path), "poses": seen[number]}
            for number, shape in sorted(scene.shapes.items())
        ],
    }


def lines(options: SceneOptions, report: dict[str, Any]) -> list[str]:
    """The report as text."""
    shown: list[str] = []
    for scene in report["scenes"]:
        shown += ["", scene["path"]] if shown else [scene["path"]]
        for name, value in scene.items():
            if name == "sizes":
                value = ", ".join(f"{size} ({count})" for size, count in value.items()) or "not known"
            elif name == "unit":
                value = f"{value['metres']:g} m" + ("" if value["known"] else " (not known)")
            if name not in ("path", "shapes", "marked"):
                shown.append(f"  {name + ':':<22}{value}")
        shown += [f"  object {one['object']:<15}{one['name']}, {one['poses']} poses" for one in scene["shapes"]]
        shown += [
            f"  object {one['object']:<15}{one['name']}, no shape, marked {one['count']} times"
            for one in scene["marked"]
        ]
    return shown
