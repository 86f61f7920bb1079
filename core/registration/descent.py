"""Poses that descend: photos are looked at where the poses put things, all poses are solved together, and again, finer.

Coarse to fine: wide lines and few pixels first. What other posed things hide says nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.geometry.pose import Pose
from core.progress import Progress, silent
from core.registration.drawing import box_of, cut_window, draw
from core.registration.outlines import outline_pairs
from core.registration.pairs import Pairs
from core.registration.patches import patch_pairs
from core.registration.planes import Planes, depth_planes
from core.registration.shifting import shift_pairs
from core.registration.solids import LoadedPhoto, Solid
from core.registration.solving import Problem, Solution, solve
from core.registration.things import InstanceKey


@dataclass(frozen=True)
class RefineStage:
    """How closely photos are looked at.

    Attributes:
        side: of the window around an object in pixels, and ``margin`` around its box as a fraction of that.
        outline, patch: how far outlines and patches are looked for, in pixels of the window; 0 for not at all.
        rounds: how often.
        shift: above 0 the whole object is looked for up to so many halves of its box away, and nothing else.
        turn: by how much a thing turns in one round, see :class:`core.registration.solving.Problem`.
        depth: how far from the surface measured depth may be, in diagonals of the shape; 0 for not at all.
    """

    side: int
    margin: float
    outline: int
    patch: int
    rounds: int
    shift: float = 0.0
    turn: float = 1.0
    depth: float = 0.0


SEARCH = (RefineStage(96, 1.0, 0, 0, 2, 2.0, 1e-4), RefineStage(96, 0.6, 0, 0, 1, 1.0, 1e-4))
COARSE = (RefineStage(64, 0.45, 16, 8, 3, turn=0.02, depth=0.4), RefineStage(96, 0.3, 12, 8, 3, turn=0.02, depth=0.2))
FINE = (RefineStage(128, 0.2, 8, 5, 3, turn=0.02, depth=0.06), RefineStage(192, 0.15, 6, 4, 3, depth=0.03))


@dataclass(frozen=True)
class SceneViews:
    """Photos and what is seen in them.

    Attributes:
        photos: the loaded photos by key.
        solids: the shapes by number.
        shown: which things each photo shows, of those that are sought; others only hide.
    """

    photos: Mapping[str, LoadedPhoto]
    solids: Mapping[int, Solid]
    shown: Mapping[str, frozenset[InstanceKey]]


def observe(
    views: SceneViews, photo: str, poses: Mapping[InstanceKey, Pose], stage: RefineStage
) -> tuple[dict[InstanceKey, Pairs], dict[InstanceKey, Planes]]:
    """Look at a photo, and its depth, where poses put things in its camera."""
    found, planes = {}, {}
    loaded = views.photos[photo]
    for thing in sorted(views.shown[photo]):
        box = box_of(views.solids[thing.object_id], poses[thing], loaded.K)
        height, width = loaded.pixels.shape[:2]
        if box is None or (box[:2] > [width, height]).any() or (box[2:] < 0).any():
            continue
        window = cut_window(loaded, box, stage.side, stage.margin)
        drawing = draw(thing, poses, views.solids, window, loaded.K)
        if drawing.seen.sum() < 60:
            continue
        if stage.shift:
            found[thing] = shift_pairs(drawing, stage.shift)[0]
            continue
        pairs = [outline_pairs(drawing, stage.outline)] if stage.outline else []
        pairs += [patch_pairs(drawing, stage.patch)] if stage.patch else []
        found[thing] = Pairs.joined(pairs)
        measured = depth_planes(drawing, loaded, views.solids[thing.object_id].size, stage.depth)
        if measured is not None:
            planes[thing] = measured
    return found, planes


def composed(camera: Pose, world: Pose) -> Pose:
    """The pose in the photo of what has a pose in the world."""
    return Pose(camera.R @ world.R, camera.R @ world.t + camera.t, world.s)


def descend(
    views: SceneViews,
    objects: Mapping[InstanceKey, Pose],
    cameras: Mapping[str, Pose],
    stages: Iterable[RefineStage] = SEARCH + COARSE + FINE,
    free: Mapping[str, tuple[float, float]] | None = None,
    fixed: frozenset[InstanceKey] = frozenset(),
    hiding: Mapping[str, Mapping[InstanceKey, Pose]] | None = None,
    progress: Progress = silent,
) -> Solution:
    """Let poses in the world descend, and those of the cameras that are free.

    Args:
        views: photos and what they show.
        objects: poses in the world to begin with.
        cameras: of the photos, to begin with.
        stages: how closely the photos are looked at, one after the other.
        free: see :class:`core.registration.solving.Problem`.
        fixed: likewise.
        hiding: poses in photos of further things, which only hide.
        progress: is told of every round.
    """
    rounds = [stage for stage in stages for _ in range(stage.rounds)]
    solids = views.solids
    problem = Problem(
        objects,
        {thing: solids[thing.object_id].center for thing in objects},
        {thing: solids[thing.object_id].size for thing in objects},
        cameras,
        {key: photo.K for key, photo in views.photos.items()},
        {},
        free=free or {},
        known=cameras,
        fixed=fixed,
    )
    solution = Solution(dict(objects), dict(cameras), {}, {})
    for number, stage in enumerate(rounds):
        progress(number / len(rounds), "Refining poses")
        seen, planes = {}, {}
        for photo in views.shown:
            poses = {thing: composed(solution.cameras[photo], pose) for thing, pose in solution.objects.items()}
            poses |= (hiding or {}).get(photo, {})
            found, measured = observe(views, photo, poses, stage)
            seen.update({(photo, thing): pairs for thing, pairs in found.items()})
            planes.update({(photo, thing): some for thing, some in measured.items()})
        now = replace(problem, objects=solution.objects, cameras=solution.cameras, seen=seen, planes=planes)
        solution = solve(replace(now, turn=stage.turn), 8)
    return solution
