"""What the engine draws of a photo of a scene: all of its posed things together."""

from app.shared.results import DrawnScene
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.progress import Progress
from core.registration.things import InstanceKey, PoseUncertainty
from core.scenes.picture import Rgb, draw_things
from core.scenes.scene import SceneShape


def draw_scene(
    progress: Progress,
    camera: PhotoCamera,
    shapes: dict[int, SceneShape],
    poses: dict[InstanceKey, Pose],
    colors: dict[InstanceKey, Rgb],
    active: InstanceKey | None,
    own: bool = False,
    other: Pose | None = None,
    uncertainty: PoseUncertainty | None = None,
) -> DrawnScene:
    """The things of one photo, see :func:`core.scenes.picture.draw_things`."""
    picture = draw_things(camera, shapes, poses, colors, active, own, other, uncertainty)
    return DrawnScene(picture.rgba, picture.index, picture.things)
