"""Shapes: meshes and point clouds read from files, checked, with what is needed to draw and sample them."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import file_digest
from core.images import check_file

SUFFIXES = (".obj", ".ply", ".stl", ".off", ".glb", ".gltf", ".xyz", ".asc", ".pts", ".ptx")
MAX_FACES = 12_000_000
MAX_FILE_BYTES = 4 << 30

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


@dataclass
class Shape:
    """A triangle mesh, or a point cloud when ``faces`` is empty.

    Attributes:
        vertices: float64 [V, 3] in the file's own units and axes.
        faces: int64 [F, 3]; polygons of the file are cut into triangles, in the order of the file.
        normals: float32 [V, 3] unit vertex normals.
        colors: uint8 [V, 3] or None.
        uv, texture: float32 [V, 2] (v up) with uint8 [h, w, 3], or both None.
        name: file name without folders.
        digest: SHA-256 of the file's bytes, the key of everything cached about it.
        warnings: sentences for the user about what was mended or looks odd.
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

    @property
    def is_point_cloud(self) -> bool:
        return len(self.faces) == 0

    @cached_property
    def bounds(self) -> Floats:
        """Axis-aligned bounding box of what is used, float64 [2, 3]."""
        used = self.vertices if self.is_point_cloud else self.vertices[np.unique(self.faces)]
        return np.stack([used.min(axis=0), used.max(axis=0)])

    @property
    def center(self) -> Floats:
        return self.bounds.mean(axis=0)

    @property
    def diagonal(self) -> float:
        """Bounding-box diagonal in the file's units."""
        return float(np.linalg.norm(self.bounds[1] - self.bounds[0]))

    @cached_property
    def normalised(self) -> npt.NDArray[np.float32]:
        """Vertices float32 [V, 3] with the bounding-box centre at the origin and a diagonal of 1."""
        return ((self.vertices - self.center) / self.diagonal).astype(np.float32)

    def to_own_frame(self, points: Floats) -> Floats:
        """Normalised points [..., 3] -> the file's units and axes, float64."""
        return np.asarray(points, np.float64) * self.diagonal + self.center

    def to_normalised(self, points: Floats) -> Floats:
        """The file's units and axes -> normalised, float64 [..., 3]."""
        return (np.asarray(points, np.float64) - self.center) / self.diagonal


def load_shape(path: str | Path) -> Shape:
    """Read a mesh (OBJ, PLY, STL, OFF, GLB, glTF) or a point cloud (PLY, XYZ).

    The parts of a scene are joined into one shape with their placements applied. What can be mended is mended and said in
    ``Shape.warnings`` (faces of no area stay, so that face numbers are those of the file).

    Raises:
        CounterpointError: unreadable, damaged, empty, not finite, indices out of range, flat in all directions, too large.
    """
    path = check_file(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CounterpointError(f"{path.name} is not a shape this program can read; use {', '.join(SUFFIXES)}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CounterpointError(f"{path.name} is larger than {MAX_FILE_BYTES >> 30} GiB; reduce it first.")
    digest = file_digest(path)
    try:
        shape = _read_points(path) if suffix in (".xyz", ".asc", ".pts", ".ptx") else _read_with_trimesh(path, suffix)
    except CounterpointError:
        raise
    except MemoryError:
        raise CounterpointError(f"{path.name} does not fit into memory; reduce it first.") from None
    except FileNotFoundError as error:
        raise CounterpointError(
            f"{path.name} refers to {_brief(error)}, which is not beside it; put it there."
        ) from None
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise CounterpointError(
            f"{path.name} is damaged or not in {suffix[1:].upper()} format ({_brief(error)})."
        ) from error
    shape.name, shape.digest = path.name, digest
    return shape


def make_shape(
    vertices: Floats,
    faces: Ints | None = None,
    *,
    normals: Floats | None = None,
    colors: npt.NDArray[np.uint8] | None = None,
    uv: Floats | None = None,
    texture: npt.NDArray[np.uint8] | None = None,
    name: str = "shape",
) -> Shape:
    """A checked :class:`Shape` from arrays; the digest covers geometry and colours.

    Raises:
        CounterpointError: the same as :func:`load_shape` for the content.
    """
    vertices = np.ascontiguousarray(vertices, np.float64).reshape(-1, 3)
    faces = np.zeros((0, 3), np.int64) if faces is None else np.ascontiguousarray(faces, np.int64).reshape(-1, 3)
    warnings = _check(vertices, faces, name)
    if normals is not None:
        normals = np.nan_to_num(np.asarray(normals, np.float32))
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = normals / np.maximum(lengths, 1e-9) if np.all(lengths > 1e-3) else None
    if normals is None:
        normals = cloud_normals(vertices) if len(faces) == 0 else vertex_normals(vertices, faces)
    digest = hashlib.sha256()
    for array in (vertices, faces, colors, uv, texture):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    return Shape(vertices, faces, normals, colors, uv, texture, name, digest.hexdigest(), warnings)


def vertex_normals(vertices: Floats, faces: Ints) -> npt.NDArray[np.float32]:
    """Area-weighted unit normals float32 [V, 3]; vertices at the same place share one, as in files that repeat them."""
    _, weld = np.unique(np.ascontiguousarray(vertices, np.float64).view("V24").ravel(), return_inverse=True)
    welded = weld[faces]
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    cross = np.cross(b - a, c - a)
    total = np.zeros((int(weld.max()) + 1, 3))
    for axis in range(3):
        for corner in range(3):
            total[:, axis] += np.bincount(welded[:, corner], weights=cross[:, axis], minlength=len(total))
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    unit = np.divide(total, lengths, out=np.tile([0.0, 0.0, 1.0], (len(total), 1)), where=lengths > 0)
    return unit[weld].astype(np.float32)


def cloud_normals(points: Floats) -> npt.NDArray[np.float32]:
    """Outward unit normals float32 [V, 3] of a point cloud, from the planes through 16 neighbours."""
    from core.geometry.open3d_import import o3d

    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points - points.mean(axis=0)))
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(16))
    normals = np.asarray(cloud.normals)
    outward = np.sum(normals * np.asarray(cloud.points), axis=1, keepdims=True) >= 0
    return np.where(outward, normals, -normals).astype(np.float32)


def _check(vertices: Floats, faces: Ints, name: str) -> list[str]:
    warnings = []
    if len(vertices) == 0:
        raise CounterpointError(f"{name} has no points; check how it was exported.")
    if len(faces) > MAX_FACES or len(vertices) > 3 * MAX_FACES:
        raise CounterpointError(f"{name} has {len(faces):,} faces; the limit is {MAX_FACES:,}, so simplify it first.")
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise CounterpointError(f"{name} is damaged: faces refer to vertices that are not there.")
    is_used = np.full(len(vertices), len(faces) == 0)
    is_used[faces] = True
    used = vertices[is_used]
    if not np.isfinite(used).all():
        bad = int((~np.isfinite(used)).any(axis=1).sum())
        raise CounterpointError(f"{name} has vertices that are not numbers ({bad:,} NaN or infinite); repair it first.")
    vertices[~np.isfinite(vertices).all(axis=1)] = used[0]
    extent = np.ptp(used, axis=0)
    if np.linalg.norm(extent) <= 1e-12 * max(1e-12, float(np.abs(used).max())) or np.linalg.norm(extent) == 0:
        raise CounterpointError(f"{name} has no extent: all its points lie in one place.")
    if len(faces):
        a, b, c = (vertices[faces[:, i]] for i in range(3))
        areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
        flat = int((areas <= 1e-14 * float(extent.max()) ** 2).sum())
        if flat == len(faces):
            raise CounterpointError(f"{name} has no surface: all its faces have zero area.")
        if flat:
            warnings.append(f"{flat:,} of {len(faces):,} faces have zero area and cannot be hit.")
    return warnings


def _read_with_trimesh(path: Path, suffix: str) -> Shape:
    import trimesh

    if suffix in (".glb", ".gltf"):
        _check_compression(path)
    loaded = trimesh.load_scene(path, file_type=suffix[1:], process=False) if suffix in (".glb", ".gltf") else None
    geometry: Any = loaded if loaded is not None else trimesh.load(path, file_type=suffix[1:], process=False)
    if isinstance(geometry, trimesh.Scene):
        meshes = [g for g in geometry.dump(concatenate=False) if isinstance(g, trimesh.Trimesh)]
        clouds = [g for g in geometry.dump(concatenate=False) if isinstance(g, trimesh.PointCloud)]
        if meshes:
            geometry = trimesh.util.concatenate(meshes)
        elif clouds:
            geometry = trimesh.PointCloud(np.vstack([c.vertices for c in clouds]))
        else:
            raise CounterpointError(f"{path.name} holds no mesh and no points; check how it was exported.")
    if isinstance(geometry, trimesh.PointCloud):
        if suffix == ".obj":
            raise CounterpointError(
                f"{path.name} has vertices but no faces; export it with faces, or as PLY or XYZ points."
            )
        metadata = geometry.metadata.get("_ply_raw", {}).get("vertex", {}).get("data")
        return make_shape(
            geometry.vertices, normals=_ply_normals(metadata), colors=_cloud_colors(geometry), name=path.name
        )
    if not isinstance(geometry, trimesh.Trimesh) or len(geometry.faces) == 0:
        raise CounterpointError(f"{path.name} has no faces and no points that can be shown; check how it was exported.")
    faces = np.asarray(geometry.faces, np.int64)
    if faces.min() < 0 or faces.max() >= len(geometry.vertices):
        raise CounterpointError(f"{path.name} is damaged: faces refer to vertices that are not there.")
    colors, uv, texture = _appearance(geometry)
    stored = geometry._cache.cache.get("vertex_normals")
    shape = make_shape(
        np.array(geometry.vertices), faces, normals=stored, colors=colors, uv=uv, texture=texture, name=path.name
    )
    if geometry.visual.kind == "texture" and texture is None and geometry.visual.uv is not None:
        shape.warnings.append(
            "It has texture coordinates but no texture; if it should have one, put the image in its folder."
        )
    return shape


def _appearance(mesh: Any) -> tuple[Any, Any, Any]:
    """(vertex colours, uv, texture) of a trimesh mesh; each may be None."""
    visual = mesh.visual
    if visual.kind == "texture" and visual.uv is not None and len(visual.uv) == len(mesh.vertices):
        material = visual.material
        image = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
        if image is not None:
            texture = np.asarray(image.convert("RGB"))
            factor = getattr(material, "baseColorFactor", None)
            if factor is not None and np.min(factor[:3]) < 255:
                texture = (texture * (np.asarray(factor[:3]) / 255.0)).astype(np.uint8)
            return None, np.nan_to_num(np.asarray(visual.uv, np.float32)), texture
    if visual.kind is None:
        return None, None, None
    if visual.kind == "texture":
        material = visual.material
        says_color = getattr(material, "baseColorFactor", None) is not None or "kd" in getattr(material, "kwargs", {})
        return (np.tile(material.main_color[:3], (len(mesh.vertices), 1)) if says_color else None), None, None
    colors = np.asarray(visual.vertex_colors)
    return (
        (colors[:, :3].astype(np.uint8), None, None) if colors.shape == (len(mesh.vertices), 4) else (None, None, None)
    )


def _ply_normals(vertex: Any) -> Floats | None:
    names = vertex if isinstance(vertex, dict) else getattr(getattr(vertex, "dtype", None), "names", None)
    if not {"nx", "ny", "nz"} <= set(names or ()):
        return None
    return np.stack([np.asarray(vertex[n], np.float32).ravel() for n in ("nx", "ny", "nz")], axis=1)


def _cloud_colors(cloud: Any) -> npt.NDArray[np.uint8] | None:
    colors = np.asarray(cloud.colors) if cloud.colors is not None else np.zeros((0, 4))
    return colors[:, :3].astype(np.uint8) if colors.shape == (len(cloud.vertices), 4) else None


def _read_points(path: Path) -> Shape:
    from core.geometry.readers.points_text import read_points_text

    return read_points_text(path)


_COMPRESSED = {"KHR_draco_mesh_compression": "Draco", "EXT_meshopt_compression": "meshopt"}


def _check_compression(path: Path) -> None:
    """glTF whose geometry is compressed in ways trimesh does not read would open as if all points lay in one place."""
    with open(path, "rb") as file:
        start = file.read(20)
        length = int.from_bytes(start[12:16], "little") if start[:4] == b"glTF" else -1
        content = json.loads(file.read(length) if length >= 0 else start + file.read())
    needed = content.get("extensionsRequired", [])
    for extension, name in _COMPRESSED.items():
        if extension in needed:
            raise CounterpointError(f"{path.name} is compressed with {name}, which cannot be read; export it without.")


def _brief(error: BaseException) -> str:
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return re.split(r" — |; |[.!] ", lines[0])[0][:120].rstrip(".!")
