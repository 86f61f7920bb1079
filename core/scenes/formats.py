"""What a scene can be written as; light, because options and menus list it."""

FORMATS = {
    "bop": "a BOP scene: poses, visibility, masks, cameras, photos and models",
    "coco": "one COCO file: masks as run lengths, boxes, keypoints of shapes that have some",
    "yolo": "labels for YOLO: boxes, with the photos",
    "yolo-seg": "labels for YOLO: polygons, with the photos",
    "nerfstudio": "transforms.json: cameras alone",
    "colmap": "a COLMAP model: cameras alone, with the photos",
    "scan2cad": "full_annotations.json: the things in the world, with their scales and symmetries",
}
"""By the names of :func:`core.scenes.saving.save_scene`."""

VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
"""How videos are called."""

SIGNS = ("transforms.json", "scene_gt.json", "scene_camera.json", "data.yaml")
"""Files that stand for the scene that they belong to."""
