"""What the engine measures of other poses beside those of a scene."""

from app.shared.results import Inspected
from core.progress import Progress
from core.scenes.inspect import beside_truth, inspect, read_poses
from core.scenes.scene import Scene


def inspect_scene(progress: Progress, scene: Scene, path: str) -> Inspected:
    """The errors of a file's poses, as ``counterpoint scene inspect`` has them."""
    progress(0.0, "Reading the poses")
    found = read_poses(path, scene)
    return Inspected(path, inspect(scene, found, progress), beside_truth(scene, found))
