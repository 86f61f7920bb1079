"""Shapes: meshes and point clouds read from files, checked, with what is needed to draw and sample them."""

import hashlib
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.errors import CounterpointError
from core.files import check_file, file_digest
from core.foreign_shapes import check_named
from core.geometry.formats import READERS, SHAPE_SUFFIXES
from core.geometry.linked_files import noted
from core.geometry.odd_points import said_of_faces, said_of_points
from core.geometry.paint import Paint

MAX_FACES = 12_000_000
MAX_FILE_BYTES = 4 << 30
MOST_PLANES = 1_000_000
"""Points of a cloud through whose neighbours planes are laid: one takes many times as long as finding the nearest."""
_FARTHEST = 1e30
"""Of single precision, with room for areas."""
_COARSE = 1e-5
"""Steps of coordinates, as a part of the diagonal, that are said."""
_ROWS = 1 << 17
"""Faces that are worked on at once, so that memory stays near what the arrays themselves take."""

Ints = npt.NDArray[np.integer]


@dataclass
class Shape:
    """A triangle mesh, or a point cloud when ``faces`` is empty.

    Attributes:
        vertices: float64 [V, 3] in the file's own units and axes and order.
        faces: int64 [F, 3]; polygons of the file are cut into triangles, in the order of the file.
        normals: float32 [V, 3] unit vertex normals.
        colors: uint8 [V, 3] or None.
        uv, texture: float32 [V, 2] (v up) with uint8 [h, w, 3], or both None.
        name: file name without folders.
        digest: SHA-256 of the file's bytes and of the files that it names, the key of everything cached about it.
        warnings: sentences for the user about what was mended or looks odd.
        polygon: int64 [F], the number of the file's polygon (from 0) that each triangle is cut from; None where face i
            of the file is face i here.
        paint: colours that ``colors`` or ``uv`` with ``texture`` cannot hold (those are None then), or None.
    """

    vertices: Floats
    faces: Ints
    normals: Floats
    colors: npt.NDArray[np.uint8] | None = None
    uv: Floats | None = None
    texture: npt.NDArray[np.uint8] | None = None
    name: str = "shape"
    digest: str = ""
    warnings: list[str] = field(default_factory=list)
    polygon: Ints | None = None
    paint: Paint | None = None

    @property
    def is_point_cloud(self) -> bool:
        """Whether the shape has no faces."""
        return len(self.faces) == 0

    @property
    def coloring(self) -> str:
        """What its own colours come from: "texture", "faces", "vertices" or "none"."""
        if self.texture is not None or (self.paint is not None and self.paint.textures):
            return "texture"
        return "faces" if self.paint is not None else "vertices" if self.colors is not None else "none"

    @cached_property
    def bounds(self) -> Floats:
        """Axis-aligned bounding box of what is used, float64 [2, 3]."""
        used = self.vertices if self.is_point_cloud else self.vertices[_used(self.vertices, self.faces)]
        return np.stack([used.min(axis=0), used.max(axis=0)])

    @property
    def center(self) -> Floats:
        """Middle of the bounding box, float64 [3] in the frame and unit of the file."""
        return np.asarray(self.bounds.mean(axis=0))

    @property
    def diagonal(self) -> float:
        """Bounding-box diagonal in the file's units."""
        return float(np.linalg.norm(self.bounds[1] - self.bounds[0]))

    @cached_property
    def normalised(self) -> npt.NDArray[np.float32]:
        """Vertices float32 [V, 3] with the bounding-box centre at the origin and a diagonal of 1."""
        return ((self.vertices - self.center) / self.diagonal).astype(np.float32)

    @cached_property
    def face_normals(self) -> npt.NDArray[np.float32]:
        """Unit normals float32 [F, 3] of the faces themselves, zero where a face has no area."""
        a, b, c = (self.normalised[self.faces[:, i]] for i in range(3))
        across = np.cross(b - a, c - a)
        return np.asarray(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12), np.float32)

    def to_own_frame(self, points: Floats) -> Floats:
        """Normalised points [..., 3] -> the file's units and axes, float64."""
        return np.asarray(points, np.float64) * self.diagonal + self.center

    def to_normalised(self, points: Floats) -> Floats:
        """The file's units and axes -> normalised, float64 [..., 3]."""
        return (np.asarray(points, np.float64) - self.center) / self.diagonal


def load_shape(path: str | Path) -> Shape:
    """Read a mesh (OBJ, PLY, STL, OFF, GLB, glTF) or a point cloud (PLY, glTF, XYZ).

    Vertices and faces keep the order of the file; the parts of a scene are joined in its order with their placements
    applied. What can be mended is mended and said in ``Shape.warnings`` (faces of no area stay, so that face numbers
    are those of the file).

    Raises:
        CounterpointError: unreadable, damaged, empty, not finite, indices out of range, flat in all directions, too
            large, or made with something that this program does not understand and that changes the geometry.
    """
    path = check_file(path)
    check_named(path)
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise CounterpointError(f"{path.name} is not a shape this program can read; use {', '.join(SHAPE_SUFFIXES)}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CounterpointError(f"{path.name} is larger than {MAX_FILE_BYTES >> 30} GiB; reduce it first.")
    try:
        with noted() as others:
            shape = _reader(suffix)(path)
    except CounterpointError:
        raise
    except MemoryError:
        raise CounterpointError(f"{path.name} does not fit into memory; reduce it first.") from None
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise CounterpointError(
            f"{path.name} is damaged or not in {suffix[1:].upper()} format ({_brief(error)})."
        ) from error
    shape.name, shape.digest = path.name, _digest(path, others)
    return shape


def _digest(path: Path, others: set[Path]) -> str:
    """SHA-256 of a file's bytes; where it names others (materials, buffers, textures), of the SHA-256 of all of them."""
    digest = file_digest(path)
    if not others:
        return digest
    return hashlib.sha256(" ".join([digest, *map(file_digest, sorted(others))]).encode()).hexdigest()


def _reader(suffix: str) -> Callable[[Path], Shape]:
    """Readers are imported when a file needs them, so that a program that only handles shapes starts fast."""
    module, function = READERS[suffix].split(".")
    read: Callable[[Path], Shape] = getattr(importlib.import_module(f"core.geometry.readers.{module}"), function)
    return read


def make_shape(
    vertices: Floats,
    faces: Ints | None = None,
    *,
    normals: Floats | None = None,
    colors: npt.NDArray[np.uint8] | None = None,
    uv: Floats | None = None,
    texture: npt.NDArray[np.uint8] | None = None,
    polygon: Ints | None = None,
    paint: Paint | None = None,
    name: str = "shape",
) -> Shape:
    """A checked :class:`Shape` from vertices [V, 3], faces [F, 3] and what else is described there; the digest covers geometry and colours.

    Raises:
        CounterpointError: the same as :func:`load_shape` for the content.
    """
    shape = checked_shape(
        vertices, faces, normals=normals, colors=colors, uv=uv, texture=texture, polygon=polygon, paint=paint, name=name
    )
    digest = hashlib.sha256()
    for array in (shape.vertices, shape.faces, colors, uv, texture, *(paint.arrays() if paint else ())):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    shape.digest = digest.hexdigest()
    return shape


def checked_shape(
    vertices: Floats,
    faces: Ints | None,
    *,
    normals: Floats | None = None,
    colors: npt.NDArray[np.uint8] | None = None,
    uv: Floats | None = None,
    texture: npt.NDArray[np.uint8] | None = None,
    polygon: Ints | None = None,
    paint: Paint | None = None,
    name: str = "shape",
    warnings: list[str] | None = None,
) -> Shape:
    """What :func:`make_shape` does of vertices [V, 3] and faces [F, 3], without a digest; ``warnings`` are those of the reader and stand first."""
    vertices = np.ascontiguousarray(vertices, np.float64).reshape(-1, 3)
    faces = np.zeros((0, 3), np.int64) if faces is None else np.ascontiguousarray(faces, np.int64).reshape(-1, 3)
    warnings = [*dict.fromkeys(warnings or []), *_check(vertices, faces, name)]
    warnings += said_of_faces(vertices, faces, name) if len(faces) else said_of_points(vertices, name)
    if normals is not None:
        normals = np.nan_to_num(np.asarray(normals, np.float32), posinf=0, neginf=0)
        lengths = np.linalg.norm(normals, axis=1)
        missing = lengths <= 1e-3
        normals = normals / np.maximum(lengths, 1e-9)[:, None]
        if missing.any():
            normals = np.where(missing[:, None], _computed_normals(vertices, faces), normals)
    else:
        normals = _computed_normals(vertices, faces)
    return Shape(vertices, faces, normals, colors, uv, texture, name, "", warnings, polygon, paint)


def _computed_normals(vertices: Floats, faces: Ints) -> npt.NDArray[np.float32]:
    return cloud_normals(vertices) if len(faces) == 0 else vertex_normals(vertices, faces)


def vertex_normals(vertices: Floats, faces: Ints) -> npt.NDArray[np.float32]:
    """Area-weighted unit normals float32 [V, 3] of vertices [V, 3] and faces [F, 3].

    Vertices at the same place share one.
    """
    group, count = places_of(vertices)
    total = np.zeros((count, 3))
    step = max(_ROWS, count // 4)
    for begin in range(0, len(faces), step):
        rows = faces[begin : begin + step]
        a, b, c = (vertices[rows[:, i]] for i in range(3))
        cross = np.cross(b - a, c - a)
        for corner in range(3):
            place = group[rows[:, corner]]
            for axis in range(3):
                total[:, axis] += np.bincount(place, weights=cross[:, axis], minlength=count)
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    np.divide(total, lengths, out=total, where=lengths > 0)
    total[lengths[:, 0] == 0] = (0, 0, 1)
    return total.astype(np.float32)[group]


def places_of(vertices: Floats) -> tuple[Ints, int]:
    """The number of the place that each vertex [V, 3] lies at, int32 [V], and how many places there are."""
    keys = np.zeros(len(vertices), np.uint64)
    for axis, factor in enumerate((0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)):
        keys ^= (vertices[:, axis] + 0.0).view(np.uint64)
        keys *= np.uint64(factor)
        keys ^= keys >> np.uint64(29)
    order = np.argsort(keys)
    keys = keys[order]
    is_new = np.concatenate([[True], keys[1:] != keys[:-1]])
    for axis in range(3):  # two places with the same key stay two
        column = vertices[order, axis]
        is_new[1:] |= column[1:] != column[:-1]
    group = np.empty(len(vertices), np.int32)
    group[order] = np.cumsum(is_new, dtype=np.int32) - 1
    return group, int(is_new.sum())


def cloud_normals(points: Floats) -> npt.NDArray[np.float32]:
    """Outward unit normals float32 [V, 3] of a point cloud, from the planes through 16 neighbours.

    Of more than ``MOST_PLANES`` points every second, third, ... has a plane of its own, and the others take the nearest.
    """
    from scipy.spatial import cKDTree

    from core.geometry.open3d_import import o3d

    points = points - points.mean(axis=0)
    some = points[:: -(-len(points) // MOST_PLANES)]
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(some))
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(16))
    normals = np.asarray(cloud.normals)
    if len(some) < len(points):
        normals = normals[cKDTree(some).query(points, eps=0.5, workers=-1)[1]]
    outward = np.sum(normals * points, axis=1, keepdims=True) >= 0
    return np.where(outward, normals, -normals).astype(np.float32)


def _used(vertices: Floats, faces: Ints) -> npt.NDArray[np.bool_]:
    """Which vertices belong to a face (all of a point cloud), bool [V]."""
    is_used = np.full(len(vertices), len(faces) == 0)
    is_used[faces] = True
    return is_used


def _check(vertices: Floats, faces: Ints, name: str) -> list[str]:
    """Warnings about arrays that can be used.

    Vertices that no face uses and are not finite are moved onto one that is.
    """
    if len(vertices) == 0:
        raise CounterpointError(f"{name} has no points; check how it was exported.")
    if len(faces) > MAX_FACES:
        raise CounterpointError(f"{name} has {len(faces):,} faces; the limit is {MAX_FACES:,}, so simplify it first.")
    if len(vertices) > 3 * MAX_FACES:
        raise CounterpointError(
            f"{name} has {len(vertices):,} points; the limit is {3 * MAX_FACES:,}, so thin it out first."
        )
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise CounterpointError(f"{name} is damaged: faces refer to vertices that are not there.")
    is_used = _used(vertices, faces)
    is_finite = np.isfinite(vertices).all(axis=1)
    bad = int((is_used & ~is_finite).sum())
    if bad:
        raise CounterpointError(f"{name} has vertices that are not numbers ({bad:,} NaN or infinite); repair it first.")
    if not is_finite.all():
        vertices[~is_finite] = vertices[np.argmax(is_used)]
    low = vertices.min(axis=0, where=is_used[:, None], initial=np.inf)
    high = vertices.max(axis=0, where=is_used[:, None], initial=-np.inf)
    if max(float(np.abs(low).max()), float(np.abs(high).max())) > _FARTHEST:
        raise CounterpointError(f"{name} has coordinates beyond {_FARTHEST:g}, which are no places; repair it first.")
    extent = high - low
    largest = max(float(np.abs(low).max()), float(np.abs(high).max()))
    rounded = _rounded(vertices, float(np.linalg.norm(extent)), largest, name)
    if np.linalg.norm(extent) <= 1e-12 * max(1e-12, largest):
        raise CounterpointError(rounded or f"{name} has no extent: all its points lie in one place.")
    flat = _flat_faces(vertices, faces, 1e-14 * float(extent.max()) ** 2)
    if len(faces) and flat == len(faces):
        raise CounterpointError(rounded or f"{name} has no surface: all its faces have zero area.")
    warnings = [f"{flat:,} of {len(faces):,} faces have zero area and cannot be hit."] if flat else []
    return [*([rounded] if rounded else []), *warnings]


def _rounded(vertices: Floats, diagonal: float, largest: float, name: str) -> str:
    """What to say of coordinates that lie so far from the origin that single precision rounds them; empty where it does not."""
    step = float(np.spacing(np.float32(min(largest, 1e38))))
    if diagonal == 0 or step <= _COARSE * diagonal or not (vertices.astype(np.float32) == vertices).all():
        return ""
    return (
        f"{name} lies far from its origin and seems to be in single precision, which rounds its coordinates to steps of {step:.1g}; "
        "export it nearer to the origin, or in double precision."
    )


def _flat_faces(vertices: Floats, faces: Ints, least: float) -> int:
    """How many faces have an area of at most half of ``least``."""
    flat = 0
    for begin in range(0, len(faces), _ROWS):
        a, b, c = (vertices[faces[begin : begin + _ROWS, i]] for i in range(3))
        flat += int((np.linalg.norm(np.cross(b - a, c - a), axis=1) <= least).sum())
    return flat


def _brief(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing in it"
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return re.split(r" — |; |[.!] ", lines[0])[0][:120].rstrip(".!")


def plain(shape: Shape) -> Shape:
    """The shape without any colours, for one whose colours are not its own."""
    return replace(shape, colors=None, uv=None, texture=None, paint=None, digest=f"{shape.digest} plain")
