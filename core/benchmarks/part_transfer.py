"""Transfer of parts from pictures to surfaces: the overlap with the truth, beside that of simpler methods."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from core.benchmarks import cutting
from core.benchmarks.held_out import category_pair
from core.benchmarks.report import Row, Tables
from core.benchmarks.settings import EvaluateSettings
from core.benchmarks.tasks import TASKS, parse_data
from core.encoders.base import ImageEncoder
from core.encoders.catalogue import load_encoder
from core.encoders.feature_map import box_around, encode_turned
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings, lift
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.matching.joint import JointPrior, joint_prior, view_set
from core.matching.match import match
from core.matching.matchable import MatchableImage, MatchableShape
from core.parts.evidence import project_mask, vote
from core.parts.layers import in_part
from core.parts.transfer import known, mask_region, transfer
from core.parts.verdict import intersection_over_union
from core.progress import Progress, silent, span
from core.training.clicks import innermost
from core.training.meshes import read_meshes
from core.training.pictures import Picture, PictureSettings, Surface, take_picture
from core.training.procedural import Object3D

REGIONS = Path(__file__).parents[2] / "resources" / "benchmarks" / "regions.json"
"""Parts of real meshes marked by hand."""


SAMPLES = 6000
PICTURES = 3
"""The number of pictures of each object; the first is used alone, and all vote together."""

Found = npt.NDArray[np.bool_]


@dataclass
class PartCase:
    """Pictures of one object, and the object whose surface the parts are looked for on.

    Attributes:
        pictures: of the first object.
        shown: the first object.
        target: the same object, or another of its kind.
    """

    pictures: list[Picture]
    shown: Object3D
    target: Object3D

    @property
    def same(self) -> bool:
        """Whether both objects are the same."""
        return self.shown is self.target


def procedural_cases(count: int, across: bool) -> list[PartCase]:
    """Make cases of held-out objects, the categories in turn; across: of another object of the category."""
    made = []
    for number in range(count):
        shown, other = category_pair(number, 7000)
        made.append(_case(shown, other if across else shown, number))
    return [case for case in made if case is not None]


def mesh_cases(folder: str, count: int, across: bool) -> list[PartCase]:
    """Make cases of the meshes of a folder that have parts marked by hand (``REGIONS``).

    Across: of others of the same kind.

    Raises:
        CounterpointError: none of the meshes is known.
    """
    kinds: dict[str, list[Object3D]] = {}
    known_meshes = {mesh["sha256"]: mesh for mesh in json.loads(REGIONS.read_text())["meshes"]}
    for item in read_meshes(folder):
        mesh = known_meshes.get(item.shape.digest)
        if mesh is not None:
            kinds.setdefault(mesh["kind"], []).append(_with_parts(item, mesh["regions"], known_meshes.values(), mesh))
    if not kinds:
        raise CounterpointError(f"No mesh in {folder} has parts marked by hand (they are known by their SHA-256).")
    pairs = [(one, one) for items in kinds.values() for one in items]
    if across:
        pairs = [(one, other) for items in kinds.values() for one in items for other in items if one is not other]
    views = max(1, round(count / max(len(pairs), 1)))
    made = [_case(*pair, number) for number, pair in enumerate(pair for pair in pairs for _ in range(views))]
    return [case for case in made if case is not None]


def _with_parts(item: Object3D, regions: dict[str, list[list[float]]], meshes: Any, mesh: Any) -> Object3D:
    """Return the object with the regions as parts.

    A name has the same number in all meshes of a kind, and 0 is the rest.
    """
    names = sorted({name for other in meshes if other["kind"] == mesh["kind"] for name in other["regions"]})
    centers = item.shape.normalised[item.shape.faces].mean(axis=1)
    part = np.zeros(len(centers), np.int32)
    for name, boxes in reversed(regions.items()):
        for box in boxes:
            part[((centers >= box[:3]) & (centers <= box[3:])).all(axis=1)] = names.index(name) + 1
    return Object3D(item.shape, mesh["kind"], part, item.local)


def _case(shown: Object3D, target: Object3D, number: int) -> PartCase | None:
    settings = PictureSettings(plain=0, any_roll=0, fill=(0.6, 0.9), shift=0.03, occluded=0)
    rng, surface = np.random.default_rng((43, number)), Surface(number)
    pictures = [take_picture(shown, rng, settings, surface) for _ in range(PICTURES)]
    pictures = [picture for picture in pictures if picture.mask.sum() > 400]
    return PartCase(pictures, shown, target) if pictures else None


def evaluate(settings: EvaluateSettings, progress: Progress = silent) -> Tables:
    """Tables by name, rows by method: mean intersection over union of found and true surface, over parts.

    ``spread`` is the standard deviation over parts; ``lead`` how much better Counterpoint is than the row on the same
    parts, with the ends of its 95 % bootstrap interval.

    Raises:
        CounterpointError: no such encoder or data.
    """
    kind, place = parse_data(settings.data, TASKS["parts"].data)
    encoder, count, tables = load_encoder(settings.encoder), settings.count, {}
    for turn, across in enumerate((False, True)):
        cases = mesh_cases(place, count, across) if kind == "meshes" else procedural_cases(count, across)
        if cases:
            where = "another of its kind" if across else "the same object"
            scores = measure(cases, encoder, span(progress, turn / 2, (turn + 1) / 2))
            tables[f"parts on {where}"] = summary(scores)
        if across and cases:
            tables["parts of a shape on another of its kind"] = summary(measure_shapes(cases, encoder))
        if not across:
            tables["one click in a picture"] = _cutting_table(
                [case.pictures[0] for case in cases], encoder, settings.cutter
            )
    return tables


def _cutting_table(pictures: list[Picture], encoder: ImageEncoder, cutter: str | None) -> list[Row]:
    ways = cutting.part_ways(encoder, cutter)
    return [{"method": name, **cutting.measure(pictures, *way)} for name, way in ways.items()]


def measure(cases: Sequence[PartCase], encoder: ImageEncoder, progress: Progress = silent) -> dict[str, list[float]]:
    """Return the intersection over union of every part by method; NaN if a method needs what a case does not have."""
    scores: dict[str, list[float]] = {}
    fields: dict[int, tuple[MatchableShape, Any]] = {}
    for number, case in enumerate(cases):
        progress(number / len(cases), f"parts {number + 1} of {len(cases)}")
        item = case.target
        if id(item) not in fields:
            side = _side(item, encoder)
            fields[id(item)] = side, view_set(side, "y")
        shape, views = fields[id(item)]
        images = [_image(picture, encoder, shape, views) for picture in case.pictures]
        truth = item.face_part[shape.field.points.face]
        for part in _asked(case, truth):
            for name, found in _answers(case, images, shape, part).items():
                true = truth == part
                scores.setdefault(name, []).append(np.nan if found is None else intersection_over_union(found, true))
    return scores


def measure_shapes(cases: Sequence[PartCase], encoder: ImageEncoder) -> dict[str, list[float]]:
    """Return the intersection over union of every part of a fully labelled shape, by method.

    The parts are carried to the other shape of a case.
    """
    scores: dict[str, list[float]] = {}
    for case in {(id(case.shown), id(case.target)): case for case in cases}.values():
        source, target = _side(case.shown, encoder), _side(case.target, encoder)
        parts = case.shown.face_part[source.field.points.face]
        truth = case.target.face_part[target.field.points.face]
        nearest = torch.cat(
            [
                (rows.float() @ source.field.descriptors.float().T).argmax(1)
                for rows in target.field.descriptors.split(2048)
            ]
        )
        for part in np.intersect1d(np.unique(parts), np.unique(truth)):
            region, true = parts == part, truth == part
            if region.mean() < cutting.SMALLEST or region.all():
                continue
            found = {
                "all of the surface": np.ones(len(truth), bool),
                "nearest descriptor": region[nearest.numpy()],
                "Counterpoint": in_part(100 * transfer(source, target, region)),
            }
            for name, chosen in found.items():
                scores.setdefault(name, []).append(intersection_over_union(chosen, true))
    return scores


def _side(item: Object3D, encoder: ImageEncoder) -> MatchableShape:
    field = lift(item.shape, encoder, LiftSettings(SAMPLES), caster=item.caster)
    return MatchableShape(item.shape, item.caster, field)


def _image(
    picture: Picture, encoder: ImageEncoder, shape: MatchableShape, views: Any
) -> tuple[MatchableImage, JointPrior]:
    box = box_around(picture.mask)
    maps = encode_turned(encoder, picture.image, box)
    return joint_prior(MatchableImage(maps[0], picture.image.shape[1::-1], maps[1:]), shape, views)


def _asked(case: PartCase, truth: npt.NDArray[np.int32]) -> list[int]:
    """Return the named parts that the first picture shows and the surface has."""
    picture = case.pictures[0]
    shown, pixels = np.unique(picture.part[picture.mask], return_counts=True)
    large = pixels >= cutting.SMALLEST * picture.mask.sum()
    return [int(part) for part in shown[large] if (truth == part).any()]


def _answers(
    case: PartCase, images: Sequence[tuple[MatchableImage, JointPrior]], shape: MatchableShape, part: int
) -> dict[str, Found | None]:
    picture, (image, prior) = case.pictures[0], images[0]
    mask = picture.part == part
    region = mask_region(image, mask)
    alone = transfer(image, shape, region, prior)
    votes = [alone]
    for other, (side, agreed) in zip(case.pictures[1:], images[1:], strict=True):
        seen = other.part == part
        if seen.sum() >= cutting.SMALLEST * other.mask.sum():
            votes.append(transfer(side, shape, mask_region(side, seen), agreed))
    found: dict[str, Found | None] = {
        "all of the surface": np.ones(len(shape.field), bool),
        "region growing": _grown(picture, image, shape, prior, mask),
        "nearest descriptor": _nearest(image, shape, region),
        "Counterpoint": in_part(100 * alone),
        "Counterpoint, pictures vote": in_part(100 * vote(votes)) if len(votes) > 1 else None,
        "Counterpoint, pose known": None,
    }
    if case.same:
        scale, camera = shape.shape.diagonal, picture.camera
        t = camera.t * scale - camera.R @ shape.shape.center
        camera_of_photo = PhotoCamera(camera.K)
        projected = project_mask(shape, mask, Pose(camera.R, t), camera_of_photo, alone)
        found["Counterpoint, pose known"] = in_part(100 * projected)
    return found


def _nearest(image: MatchableImage, shape: MatchableShape, region: Found) -> Found:
    """Give every sample to the part if the object's cell with the nearest descriptor belongs to it."""
    cells = np.flatnonzero(known(image) | region)
    keys = image.map.unit.reshape(-1, image.map.descriptors.shape[-1])[torch.from_numpy(cells)]
    best = torch.cat([(part.float() @ keys.T).argmax(1) for part in shape.field.descriptors.split(4096)])
    return np.asarray(region[cells][best.numpy()])


def _grown(picture: Picture, image: MatchableImage, shape: MatchableShape, prior: JointPrior, mask: Found) -> Found:
    """Find the part by geometry alone.

    It grows from the match of the innermost pixel along the surface, around creases, to the part's share of the object.
    """
    seed = match(image, shape, innermost(mask), prior).candidate
    graph = sparse.coo_array(shape.surface_graph)
    points = shape.field.points
    length = np.linalg.norm(points.position[graph.row] - points.position[graph.col], axis=1)
    turn = 1 - np.einsum("nd,nd->n", points.normal[graph.row], points.normal[graph.col])
    costs = sparse.csr_array((np.maximum(length * (1 + 10 * turn), 1e-9), (graph.row, graph.col)), shape=graph.shape)
    reached = dijkstra(costs, directed=False, indices=seed)
    share = mask.sum() / picture.mask.sum()
    return np.asarray(reached <= np.quantile(reached[np.isfinite(reached)], min(share, 1)))


def summary(scores: dict[str, list[float]]) -> list[Row]:
    """Return a row for each method, see :func:`evaluate`."""
    rng, rows = np.random.default_rng(0), []
    ours = np.array(scores["Counterpoint"])
    for name, values in scores.items():
        iou = np.array(values)
        have = np.isfinite(iou)
        if not have.any():
            continue
        lead = (ours - iou)[have]
        means = lead[rng.integers(len(lead), size=(2000, len(lead)))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        numbers = {"parts": int(have.sum()), "iou": float(iou[have].mean()), "spread": float(iou[have].std())}
        rows.append({"method": name, **numbers, "lead": float(lead.mean()), "low": float(low), "high": float(high)})
    return rows
