"""What the engine measures of other poses beside those of a scene."""

from app.shared.results import Inspected
from core.notices import collect_warnings
from core.progress import Progress
from core.scenes.inspect import beside_truth, inspect, read_poses, with_symmetries
from core.scenes.scene import Scene


def inspect_scene(progress: Progress, scene: Scene, path: str) -> Inspected:
    """The errors of a file's poses, as ``counterpoint scene inspect`` has them."""
    progress(0.0, "Reading the poses")
    scene = with_symmetries(scene, path)
    found = read_poses(path, scene)
    return Inspected(path, inspect(scene, found, progress), beside_truth(scene, found))


def inspect_again(progress: Progress, scene: Scene, path: str) -> Inspected:
    """The same of the poses of some photos that were changed; what is odd about the file was said before."""
    with collect_warnings():
        return inspect_scene(progress, scene, path)
