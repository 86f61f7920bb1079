"""Congealing of a photo collection into one frame.

Every photo is posed, all are made to agree, and maps between them are found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from core.alignment.scorer import Photo, PoseScorer
from core.alignment.templates import TemplateSettings, template_set
from core.alignment.trust import as_known, doubt_of
from core.arrays import Floats, Mask
from core.congealing.agreement import LearnedField, agree, refine_jointly
from core.congealing.coordinates import CoordinateMap, MapSettings, pixels_at, points_at, solve
from core.congealing.copies import same_pictures
from core.congealing.posed_photos import CanonicalShape, PosedPhoto, pose_photo
from core.encoders.base import ImageEncoder
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.geometry.raycasting import surface_position
from core.geometry.shape import Shape
from core.matching.prepare import matchable_shape
from core.notices import warn
from core.progress import Progress, silent, span


@dataclass(frozen=True)
class OpenedPhoto:
    """A photo to be posed.

    Attributes:
        name: of the photo.
        photo: its pixels, intrinsics and mask.
        known_camera: whether its intrinsics are known; otherwise they are a guess.
    """

    name: str
    photo: Photo
    known_camera: bool = True


@dataclass
class Congealed:
    """A collection in the frame of its canonical shape.

    Attributes:
        canon: the canonical shape.
        names: of the P photos that were posed.
        members: the P photos.
        maps: their P coordinate maps.
        refused: the photos that could not be posed, as (name, reason).
    """

    canon: CanonicalShape
    names: list[str]
    members: list[PosedPhoto]
    maps: list[CoordinateMap]
    refused: list[tuple[str, str]] = field(default_factory=list)

    def places(self, number: int, pixels: npt.ArrayLike) -> tuple[Floats, Mask]:
        """Find the points of the shape that pixels of a photo show.

        Args:
            number: of the photo.
            pixels: (u, v) [n, 2].

        Returns:
            Points float64 [n, 3] in the shape's normalised frame, NaN where there are none, and where there are some,
            bool [n].
        """
        hits = points_at(self.members[number], self.maps[number], pixels)
        position = np.full((len(hits.face), 3), np.nan)
        shape = self.canon.side.shape
        position[hits.mask] = surface_position(shape, hits.face[hits.mask], hits.bary[hits.mask])
        return position, hits.mask

    def show(self, number: int, places: Floats) -> tuple[Floats, Mask]:
        """Find where a photo shows points of the shape.

        Args:
            number: of the photo.
            places: float [n, 3] in the shape's normalised frame.

        Returns:
            Pixels (u, v) float64 [n, 2], and whether nothing hides the points, bool [n].
        """
        return pixels_at(self.members[number], self.maps[number], places)

    def match(self, number: int, other: int, pixels: npt.ArrayLike) -> tuple[Floats, Mask]:
        """Find the pixels of another photo that show what pixels of a photo show, through the shape.

        Args:
            number: of the photo.
            other: the number of the other photo.
            pixels: (u, v) [n, 2].

        Returns:
            Pixels (u, v) float64 [n, 2] of the other photo, NaN where the first shows no shape, and whether they are
            visible, bool [n].
        """
        places, known = self.places(number, pixels)
        found = np.full((len(places), 2), np.nan)
        visible = np.zeros(len(places), bool)
        found[known], visible[known] = self.show(other, places[known])
        return found, visible


def canonical_shape(
    shape: Shape,
    encoder: ImageEncoder,
    up: str,
    progress: Progress = silent,
    templates: TemplateSettings = TemplateSettings(),
) -> CanonicalShape:
    """Describe a canonical shape, so that photos can be compared with it.

    Args:
        shape: the shape.
        encoder: describes it.
        up: the axis of its file that points up.
        progress: is told how far it is.
        templates: how the pictures are made that photos are compared with.
    """
    side = matchable_shape(shape, encoder, LiftSettings(up=up), span(progress, 0.0, 0.5))
    return CanonicalShape(side, template_set(side.caster, encoder, templates, span(progress, 0.5, 1.0)), encoder, up)


def congeal(
    opened: Sequence[OpenedPhoto],
    canon: CanonicalShape,
    progress: Progress = silent,
    posed: Callable[[str, PosedPhoto], None] | None = None,
) -> Congealed:
    """Pose all photos and make them agree.

    What is found for a photo is kept on disk at once, so that a run that was stopped goes on where it was.

    Args:
        opened: the photos.
        canon: the canonical shape.
        progress: is told of every photo.
        posed: is called with the name and the poses of every photo as soon as they are found.

    Raises:
        CounterpointError: no photo can be posed.
    """
    names, members, refused = [], [], []
    for number, one in enumerate(opened):
        progress(0.7 * number / len(opened), f"Posing {one.name} ({number + 1} of {len(opened)})")
        try:
            found = pose_photo(one.photo, canon, one.known_camera)
        except CounterpointError as error:
            refused.append((one.name, str(error)))
            continue
        names.append(one.name)
        members.append(found)
        if posed is not None:
            posed(one.name, found)
    if not members:
        raise CounterpointError("No photo could be posed: " + "; ".join(f"{name}: {why}" for name, why in refused[:3]))
    return congeal_jointly(Congealed(canon, names, members, [], refused), span(progress, 0.7, 1.0))


def congeal_jointly(
    found: Congealed,
    progress: Progress = silent,
    maps: MapSettings = MapSettings(),
) -> Congealed:
    """Do the joint step alone, as after a pose was fixed by hand.

    It chooses hypotheses that agree, refines them, and finds the maps.

    Args:
        found: the collection.
        progress: is told how far it is.
        maps: how the coordinate maps are found.
    """
    members = found.members
    if len(members) > 1:
        progress(0.0, "Making the photos agree")
        members = _with_copies(members)
        members = agree(members)
        members = refine_jointly(members, span(progress, 0.1, 0.7))
        members = agree(members)
    progress(0.7, "Finding the coordinate maps")
    learned = LearnedField(members).side().field
    solved = solve(members, learned, maps, span(progress, 0.7, 1.0))
    progress(1.0, "Done")
    return replace(found, members=[_judged(one, found.canon) for one in members], maps=solved)


def _with_copies(members: list[PosedPhoto]) -> list[PosedPhoto]:
    """Note of which photos another one is nearly the same picture."""
    first = same_pictures([one.scorer.photo for one in members])
    if len(members) > 1 and not first.any():
        warn("All photos are nearly the same picture, so that their agreement says nothing about the poses.")
    return [
        replace(one, copy_of=None if n == m else int(m)) for n, (one, m) in enumerate(zip(members, first, strict=True))
    ]


def _judged(one: PosedPhoto, canon: CanonicalShape) -> PosedPhoto:
    """Say how probable it is that the chosen pose of a photo is right, by the photo and the shape alone.

    That nobody said where the object is counts where the other photos do not agree that it is there.
    """
    if one.fixed:
        sure = replace(one.best, probability=1.0, reasons=())
    else:
        agrees = one.inlier and not np.isnan(one.agreement)
        photo = replace(one.scorer.photo, sought=one.scorer.photo.sought and not agrees)
        scorer = PoseScorer(photo, canon.side, canon.encoder, canon.up)
        others = [h.pose for number, h in enumerate(one.hypotheses) if number != one.choice]
        doubt = as_known(doubt_of(scorer([one.best.pose, *others]), 0, scorer), photo)
        sure = replace(one.best, probability=doubt.probability, reasons=doubt.reasons)
    return replace(one, hypotheses=[sure if h is one.best else h for h in one.hypotheses])
