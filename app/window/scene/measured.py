"""Other poses as they were measured beside those of a scene, and what of that is of before the scene was changed."""

from dataclasses import dataclass, replace

from app.shared.results import Inspected
from core.scenes.scene import Scene


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found, and the scene beside which it was measured."""

    scene: Scene
    found: Inspected

    def changed(self, now: Scene) -> frozenset[str]:
        """The photos in which poses or the camera are others by now; whether a pose was checked changes no number."""
        then = self.scene
        if now.poses is then.poses and now.photos is then.photos:
            return frozenset()
        moved = {at[0] for at in then.poses.keys() ^ now.poses.keys()}
        moved |= {at[0] for at, one in now.poses.items() if at in then.poses and then.poses[at].pose is not one.pose}
        cameras = {photo.key: photo.camera for photo in then.photos}
        seen = {photo.key for photo in now.photos if photo.camera is not cameras.get(photo.key)}
        return frozenset(moved | (seen & now.by_photo.keys()))

    def with_photos(self, now: Scene, keys: frozenset[str], new: Inspected) -> "Measured":
        """With some photos measured anew beside the scene as it is now."""
        before = self.found
        rows = [row for row in before.rows if row["photo"] not in keys] + new.rows
        others = {at: pose for at, pose in before.others.items() if at[0] not in keys} | new.others
        return Measured(now, replace(before, rows=rows, others=others))


def only(scene: Scene, keys: frozenset[str]) -> Scene:
    """The scene with the poses of some photos alone."""
    return replace(scene, poses={at: one for at, one in scene.poses.items() if at[0] in keys})
