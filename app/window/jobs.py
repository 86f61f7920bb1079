"""What the list of tasks calls the jobs of the engine, and where it is said when one of them fails."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.document.texts import tr
from app.shared.values import AlignTask, CollectionPhoto, Item, Slot

TITLES = {
    "open_image": tr("Open {name}"),
    "open_shape": tr("Open {name}"),
    "prepare": tr("Prepare {name} for matching"),
    "query": tr("Match a place in {name}"),
    "look_for_parts": tr("Prepare {name} for marking parts"),
    "fetch_segmenter": tr("Download Segment Anything"),
    "mark_part": tr("Cut a part out of {name}"),
    "carry_part": tr("Find a part on the other panels"),
    "split_part": tr("Split a part of {name}"),
    "save_labels": tr("Save labels of {name}"),
    "read_labels": tr("Open labels of {name}"),
    "align_shape": tr("Align the shape to {name}"),
    "place_pose": tr("Place the shape in {name}"),
    "score_pose": tr("Compare the pose with {name}"),
    "solve_pairs": tr("Find the pose by pairs in {name}"),
    "estimate_camera": tr("Estimate the field of view of {name}"),
    "depth_picture": tr("Show the depth of {name}"),
    "depth_cloud": tr("Show the depth of {name} around the shape"),
    "solve_focal": tr("Solve the focal length of {name}"),
    "focal_from_edges": tr("Find the focal length of {name} by edges"),
    "read_camera": tr("Read intrinsics"),
    "read_depth": tr("Read the depth of {name}"),
    "read_rig": tr("Read the cameras of a rig"),
    "carry_poses": tr("Transfer the pose to the rig's other photos"),
    "save_pose": tr("Save the pose"),
    "search_gallery": tr("Search the gallery"),
    "make_gallery": tr("Make a gallery"),
    "name_shape": tr("Name {name}"),
    "choose_canonical": tr("Choose a shape for the collection"),
    "pose_one": tr("Find the pose of {name}"),
    "join": tr("Make the photos of the collection agree"),
    "carry": tr("Draw on all photos"),
    "export_collection": tr("Export the collection"),
    "open_scene": tr("Open a scene"),
    "propagate_poses": tr("Propagate poses"),
    "refine_poses": tr("Refine poses"),
    "write_scene": tr("Write the scene"),
    "check_scene": tr("Check the scene's files"),
    "inspect_scene": tr("Compare poses with the scene's own"),
    "inspect_again": tr("Compare poses that were changed"),
    "read_scene_shape": tr("Add a shape to the scene"),
    "adapt_encoder": tr("Adapt the encoder"),
    "measure_encoders": tr("Measure encoders"),
    "clear_caches": tr("Clear the cache"),
}

TASKS = {
    "search_gallery": "gallery",
    "make_gallery": "gallery",
    "name_shape": "gallery",
    "choose_canonical": "collection",
    "pose_one": "collection",
    "join": "collection",
    "carry": "collection",
    "export_collection": "collection",
    "open_scene": "scene",
    "propagate_poses": "scene",
    "refine_poses": "scene",
    "write_scene": "scene",
    "check_scene": "scene",
    "inspect_scene": "scene",
    "inspect_again": "scene",
    "read_scene_shape": "scene",
    "adapt_encoder": "encoder",
    "measure_encoders": "encoder",
}
"""Jobs that are about a task as a whole, and not about what is open in one panel."""


def title_of(job: str, arguments: Mapping[str, Any]) -> str:
    """What a job is called."""
    item = next(_items(arguments.values()), None)
    return TITLES.get(job, tr("Other work")).format(name=item.name if item is not None else "")


def place_of(job: str, arguments: Mapping[str, Any], open_items: Mapping[Slot, Item]) -> str:
    """The task or the slot that a job is about, "" for none."""
    if job in TASKS:
        return TASKS[job]
    slots = {item.path: slot for slot, item in reversed(list(open_items.items()))}
    return next((slots[item.path] for item in _items(arguments.values()) if item.path in slots), "")


def _items(values: Iterable[Any]) -> Iterator[Item]:
    for value in values:
        if isinstance(value, Item):
            yield value
        elif isinstance(value, AlignTask):
            yield value.image
        elif isinstance(value, CollectionPhoto):
            yield value.item
        elif isinstance(value, list | tuple):
            yield from _items(value)
