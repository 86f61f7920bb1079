"""glTF 2.0: the scene's meshes in the order of its nodes, with their base colours."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.paint import SEE_THROUGH, to_bytes, to_linear, to_srgb
from core.geometry.readers.corners import simplest
from core.geometry.readers.gltf_file import MESHOPT, TYPES, Gltf, Tree, as_floats, open_gltf
from core.geometry.readers.gltf_materials import GltfMaterial, Materials
from core.geometry.readers.gltf_scene import Placed, placed_meshes
from core.geometry.shape import MAX_FACES, Floats, Ints, Shape, checked_shape

_VARIANTS = "KHR_materials_variants"
UNDERSTOOD = (
    "KHR_mesh_quantization",
    "KHR_draco_mesh_compression",
    "EXT_mesh_gpu_instancing",
    "KHR_texture_transform",
    "KHR_materials_unlit",
    "KHR_materials_pbrSpecularGlossiness",
    "EXT_texture_webp",
    "EXT_texture_avif",
    "KHR_node_visibility",
    "KHR_accessor_float64",
    _VARIANTS,
)
"""Extensions whose geometry and base colours are read."""
_NO_MATTER = (
    "KHR_lights_punctual",
    "EXT_lights_image_based",
    "KHR_animation_pointer",
    "KHR_xmp_json_ld",
    "KHR_xmp",
    "EXT_lights_ies",
    "KHR_materials_ior",
    "KHR_materials_specular",
    "KHR_materials_emissive_strength",
    "KHR_node_selectability",
    "KHR_node_hoverability",
    "KHR_interactivity",
    "EXT_structural_metadata",
    "EXT_mesh_features",
    "KHR_texture_basisu",
    "MSFT_texture_dds",
    *MESHOPT,
)
"""Extensions that change neither the geometry nor the base colour, whose file holds the same once more without them, or that are named where they are missed."""
_DRACO = "KHR_draco_mesh_compression"
_WIDTHS = {"POSITION": 3, "NORMAL": 3, "COLOR": 3, "TEXCOORD": 2}
"""How many numbers an attribute has at least for each vertex."""
_POINTS, _TRIANGLES, _STRIP, _FAN = 0, 4, 5, 6
_MODES = {-1: "parts without points", 0: "points", 1: "lines", 2: "lines", 3: "lines"}


@dataclass
class _Part:
    """A primitive in its place: vertices [n, 3] of the scene, faces [f, 3] of these, and what colours them."""

    vertices: Floats
    faces: Ints
    normals: Floats | None
    colors: npt.NDArray[np.uint8] | None
    uv: Floats | None
    material: GltfMaterial


def read_gltf(path: Path) -> Shape:
    """Read a .glb or .gltf file; raises as :func:`core.geometry.shape.load_shape` does."""
    return checked_shape(**_arguments(path))


def _arguments(path: Path) -> dict[str, Any]:
    gltf = open_gltf(path)
    warnings: list[str] = []
    _check_extensions(gltf, warnings)
    materials = Materials(gltf, warnings)
    parts: list[_Part] = []
    clouds: list[_Part] = []
    left_out: set[str] = set()
    faces = points = 0
    for placed in placed_meshes(gltf, warnings):
        primitives = [_primitive(gltf, each, placed, materials, warnings) for each in placed.mesh["primitives"]]
        faces += sum(len(each.faces) for _, each in primitives) * len(placed.placements)
        points += sum(len(each.vertices) for _, each in primitives) * len(placed.placements)
        if faces > MAX_FACES:
            raise CounterpointError(f"{path.name} has more than {MAX_FACES:,} faces; simplify it first.")
        if points > 3 * MAX_FACES:
            raise CounterpointError(f"{path.name} has more than {3 * MAX_FACES:,} points; thin it out first.")
        for placement in placed.placements:
            for mode, each in primitives:
                if mode in _MODES:
                    left_out.add(_MODES[mode])
                if mode >= _TRIANGLES or mode == _POINTS:
                    (clouds if mode == _POINTS else parts).append(_at(each, placement, placed.joints is not None))
    if gltf.tree.get("animations"):
        warnings.append("Its animations are not played; it is shown as it rests.")
    if any(len(part.faces) for part in parts):
        warnings += [f"It also holds {kind}, which are left out." for kind in sorted(left_out)]
        return _mesh(path, parts, materials, warnings)
    if clouds:
        return _cloud(path, clouds, warnings)
    what = f"only {' and '.join(sorted(left_out))}" if left_out else "no mesh and no points"
    raise CounterpointError(f"{path.name} holds {what}; check how it was exported.")


def _check_extensions(gltf: Gltf, warnings: list[str]) -> None:
    required = gltf.tree.get("extensionsRequired", [])
    missing = [name for name in required if name not in UNDERSTOOD]
    if missing:
        raise CounterpointError(f"{gltf.name} needs {', '.join(missing)}, which cannot be read; export it without.")
    variants = gltf.tree.get("extensions", {}).get(_VARIANTS, {}).get("variants", [])
    if len(variants) > 1:
        names = ", ".join(str(one.get("name", number)) for number, one in enumerate(variants))[:120]
        warnings.append(f"It has {len(variants)} looks to choose from ({names}); the one that it opens with is shown.")
    used = sorted(_used(gltf.tree) - {*UNDERSTOOD, *_NO_MATTER})
    if used:
        warnings.append(f"It uses {', '.join(used)}, which are not shown.")


def _used(tree: Tree) -> set[str]:
    """The extensions that a file lists, and those that its parts have without."""
    found: set[str] = set(tree.get("extensionsUsed", []))
    parts = [tree]
    for kind in ("scenes", "nodes", "meshes", "materials", "textures"):
        parts += tree.get(kind, [])
    parts += [each for mesh in tree.get("meshes", []) for each in mesh.get("primitives", [])]
    return found.union(*(part.get("extensions") or {} for part in parts))


def _primitive(gltf: Gltf, about: Tree, placed: Placed, materials: Materials, warnings: list[str]) -> tuple[int, _Part]:
    """A primitive's mode and content in the mesh's own frame, or in the scene's where it has a skin."""
    mode = about.get("mode", _TRIANGLES)
    read = _Attributes(gltf, about, placed.weights)
    vertices = read.get("POSITION")
    if vertices is None or (mode in _MODES and mode != _POINTS):
        return (mode if mode in _MODES else -1), _Part(
            np.zeros((0, 3)), np.zeros((0, 3), np.int64), None, None, None, GltfMaterial()
        )
    vertices = vertices.astype(np.float64)
    normals = read.get("NORMAL")
    faces: Ints = np.zeros((0, 3), np.int64)
    if mode != _POINTS:
        faces = _faces(read.indices(len(vertices)), _TRIANGLES if read.is_draco else mode, warnings)
    if len(faces) and faces.max() >= len(vertices):
        raise CounterpointError(f"{gltf.name} is damaged: faces refer to vertices that are not there.")
    material = materials.of(about)
    colors = _numbers(read.get("COLOR_0", colors=True), "vertex colours", warnings)
    uv = read.get(f"TEXCOORD_{material.coordinates}") if material.texture >= 0 else None
    uv = _numbers(uv, "texture coordinates", warnings)
    if uv is not None:
        uv = (uv @ material.placement[:2, :2].T + material.placement[:2, 2]) * (1, -1) + (0, 1)
    elif material.texture >= 0:
        warnings.append("A part has a texture but no coordinates for it; its texture is not shown.")
    opacity = material.alpha * (1.0 if colors is None or colors.shape[1] < 4 else float(colors[:, 3].min(initial=1)))
    if opacity < material.least:
        warnings.append(SEE_THROUGH)
    if read.has("COLOR_1"):
        warnings.append("It has several sets of vertex colours; only the first is shown.")
    tint = None
    if colors is not None or not material.plain:
        tint = to_bytes(to_srgb(material.factor * (1.0 if colors is None else colors[:, :3])))
        tint = np.broadcast_to(tint, vertices.shape)
    if placed.joints is not None:
        vertices, normals, faces = _skinned(read, placed.joints, vertices, normals, faces)
    return mode, _Part(vertices, faces, normals, tint, uv, material)


def _numbers(
    values: npt.NDArray[np.floating] | None, what: str, warnings: list[str]
) -> npt.NDArray[np.floating] | None:
    """Values [n, k] with 0 in the place of what is no number, which is said."""
    if values is None or np.isfinite(values).all():
        return values
    warnings.append(f"Some of its {what} are not numbers, so that its colours are not right there.")
    return np.asarray(np.nan_to_num(values, posinf=0, neginf=0))


class _Attributes:
    """A primitive's attributes, from accessors or a Draco stream, with the morph targets added."""

    def __init__(self, gltf: Gltf, about: Tree, weights: list[float]):
        self._gltf, self._about = gltf, about
        self._draco: Any = None
        self._ids: dict[str, int] = {}
        self._count: int | None = None
        extension = about.get("extensions", {}).get(_DRACO)
        if extension is not None:
            import DracoPy

            self._draco, self._ids = DracoPy.decode(bytes(gltf.view(extension["bufferView"]))), extension["attributes"]
        self._targets = [(w, t) for w, t in zip(weights, about.get("targets", []), strict=False) if w]

    @property
    def is_draco(self) -> bool:
        return self._draco is not None

    def has(self, name: str) -> bool:
        return name in self._about["attributes"]

    def get(self, name: str, colors: bool = False) -> npt.NDArray[np.floating] | None:
        """An attribute [n, width] as numbers; integers of colours are always normalised."""
        if not self.has(name):
            return None
        number = self._about["attributes"][name]
        accessor = self._gltf.part("accessors", number)
        normalized = bool(accessor.get("normalized")) or colors
        if name in self._ids:
            stored = self._draco.get_attribute_by_unique_id(self._ids[name])["data"]
            values = as_floats(np.asarray(stored).astype(TYPES[accessor["componentType"]]), normalized)
        else:
            values = as_floats(self._gltf.accessor(number), normalized)
        for weight, target in self._targets:
            if name in target:
                more = self._gltf.floats(target[name])[:, : values.shape[1]]
                self._check(f"a morph target of {name}", len(more), len(values))
                values = values + np.float32(weight) * more
        if self._count is None:
            self._count = len(values)
        self._check(name, len(values), self._count)
        least = _WIDTHS.get(name.split("_")[0], 1)
        if values.shape[1] < least:
            raise ValueError(f"{name} has {values.shape[1]} numbers a vertex, not {least}")
        return values

    @staticmethod
    def _check(name: str, count: int, vertices: int) -> None:
        if count != vertices:
            raise ValueError(f"{name} has {count:,} values for {vertices:,} vertices")

    def joints(self) -> tuple[Ints, Floats]:
        """Numbers of joints [n, k] and their weights [n, k], which sum to 1."""
        sets = range(sum(self.has(f"JOINTS_{k}") for k in range(8)))
        numbers = [each for k in sets if (each := self.get(f"JOINTS_{k}")) is not None]
        weights = [each for k in sets if (each := self.get(f"WEIGHTS_{k}")) is not None]
        if not numbers or len(numbers) != len(weights):
            raise ValueError("a skin has no joints or weights")
        index, weight = np.concatenate(numbers, axis=1).astype(np.int64), np.concatenate(weights, axis=1)
        weight[weight.sum(axis=1) <= 0, :1] = 1  # as three.js does, so that no vertex falls to the origin
        return index, weight / weight.sum(axis=1, keepdims=True)

    def indices(self, count: int) -> Ints:
        """The vertices one after another, int [N]."""
        if self._draco is not None:
            return np.asarray(self._draco.faces).reshape(-1)
        if "indices" not in self._about:
            return np.arange(count)
        return self._gltf.accessor(self._about["indices"]).reshape(-1)


def _faces(index: Ints, mode: int, warnings: list[str]) -> Ints:
    """Triangles [F, 3] of a list, a strip or a fan; those of strips that only link others are dropped."""
    if mode == _TRIANGLES:
        if len(index) % 3:
            warnings.append("A part ends with a triangle that is not whole; it is left out.")
        return index[: len(index) // 3 * 3].reshape(-1, 3)
    if mode not in (_STRIP, _FAN):
        raise ValueError(f"a primitive has the mode {mode}, which glTF does not know")
    index = index.astype(np.int64)
    a, b, c = index[:-2], index[1:-1], index[2:]
    if mode == _FAN:
        return np.stack([b, c, np.full_like(b, index[0])], axis=1)
    odd = (np.arange(len(a)) % 2 == 1)[:, None]
    faces = np.where(odd, np.stack([a, c, b], axis=1), np.stack([a, b, c], axis=1))
    return np.asarray(faces[(a != b) & (b != c) & (a != c)])


def _skinned(
    read: _Attributes, joints: npt.NDArray[np.float64], vertices: Floats, normals: Floats | None, faces: Ints
) -> tuple[Floats, Floats | None, Ints]:
    """Vertices moved by the joints of their skin; the placement of the node itself does not count."""
    index, weight = read.joints()
    matrix = np.einsum("nk,nkij->nij", weight.astype(np.float64), joints[index])
    vertices = np.einsum("nij,nj->ni", matrix[:, :3, :3], vertices) + matrix[:, :3, 3]
    if normals is not None:
        normals = np.einsum("nij,nj->ni", matrix[:, :3, :3], normals)
    mirrored = len(matrix) > 0 and np.linalg.det(matrix[0, :3, :3]) < 0
    return vertices, normals, faces[:, [0, 2, 1]] if mirrored else faces


def _at(part: _Part, matrix: npt.NDArray[np.float64], skinned: bool) -> _Part:
    """A part moved to its place; where that mirrors it, its faces turn round so that they still face outward."""
    if skinned or np.array_equal(matrix, np.eye(4)):
        return part
    linear = matrix[:3, :3]
    determinant = np.linalg.det(linear)
    normals = part.normals
    if normals is not None:
        cofactors = np.linalg.inv(linear).T * np.sign(determinant) if abs(determinant) > 1e-30 else linear
        normals = normals @ (cofactors * np.sign(determinant or 1.0)).T
    faces = part.faces[:, [0, 2, 1]] if determinant < 0 else part.faces
    return _Part(part.vertices @ linear.T + matrix[:3, 3], faces, normals, part.colors, part.uv, part.material)


def _cloud(path: Path, clouds: list[_Part], warnings: list[str]) -> dict[str, Any]:
    vertices = np.concatenate([each.vertices for each in clouds])
    colors = None
    if any(each.colors is not None for each in clouds):
        colors = np.concatenate([_white(each) for each in clouds])
    arrays = {"vertices": vertices, "faces": None, "normals": _normals(clouds), "colors": colors}
    return arrays | {"name": path.name, "warnings": warnings}


def _mesh(path: Path, parts: list[_Part], materials: Materials, warnings: list[str]) -> dict[str, Any]:
    counts = np.array([len(each.vertices) for each in parts])
    offsets = np.cumsum(counts) - counts
    vertices = np.concatenate([each.vertices for each in parts]) if len(parts) > 1 else parts[0].vertices
    faces = np.empty((sum(len(each.faces) for each in parts), 3), np.int64)
    at = 0
    for offset, each in zip(offsets, parts, strict=True):
        np.add(each.faces, offset, out=faces[at : at + len(each.faces)], casting="unsafe")
        at += len(each.faces)
    look = _look(parts, faces, materials)
    arrays = {"vertices": vertices, "faces": faces, "normals": _normals(parts)}
    return arrays | {"name": path.name, "warnings": warnings} | look


def _normals(parts: list[_Part]) -> Floats | None:
    """Stored normals [V, 3], zeros (to be computed) where a part has none; None where none has."""
    if all(each.normals is None for each in parts):
        return None
    found = [np.zeros_like(each.vertices, np.float32) if each.normals is None else each.normals for each in parts]
    return np.concatenate(found)


def _white(part: _Part) -> npt.NDArray[np.uint8]:
    return np.full(part.vertices.shape, 255, np.uint8) if part.colors is None else part.colors


def _look(parts: list[_Part], faces: Ints, materials: Materials) -> dict[str, Any]:
    """Colours at the vertices where there is no texture; else textures, times those colours."""
    textured = [each.uv is not None and each.material.texture >= 0 for each in parts]
    if not any(textured):
        if all(each.colors is None for each in parts):
            return {}
        return {"colors": np.concatenate([_white(each) for each in parts])}
    tints = {_tint(each) for each in parts}
    numbers = {each.material.texture if has else -1 for each, has in zip(parts, textured, strict=True)}
    uv = np.concatenate(
        [np.zeros((len(each.vertices), 2), np.float32) if each.uv is None else each.uv for each in parts]
    )
    uv = np.nan_to_num(uv).astype(np.float32)
    if len(numbers) == 1 and len(tints) == 1 and None not in tints:
        texture = materials.textures[numbers.pop()]
        if texture.wrap == ("repeat", "repeat") or (uv.min() >= 0 and uv.max() <= 1):
            return {"uv": uv, "texture": _times(texture.pixels, next(iter(tints)))}
    sizes = [len(each.faces) for each in parts]
    texture_of = np.repeat(
        [each.material.texture if has else -1 for each, has in zip(parts, textured, strict=True)], sizes
    )
    if None in tints:
        color = np.concatenate([_white(each) for each in parts])[faces]
    else:
        color = np.repeat([np.array(_tint(each), np.uint8) for each in parts], sizes, axis=0)
    return simplest(faces, len(uv), color, uv[faces], texture_of, materials.textures)


def _tint(part: _Part) -> tuple[int, int, int] | None:
    """The one colour of a part, or None where it differs from vertex to vertex."""
    colors = _white(part)
    first = colors[0] if len(colors) else np.full(3, 255)
    return (int(first[0]), int(first[1]), int(first[2])) if (colors == first).all() else None


def _times(pixels: npt.NDArray[np.uint8], tint: tuple[int, int, int] | None) -> npt.NDArray[np.uint8]:
    """A picture multiplied by a colour, as light."""
    if tint is None or tint == (255, 255, 255):
        return pixels
    levels = to_linear(np.arange(256) / 255.0)
    tables = to_bytes(to_srgb(levels[:, None] * to_linear(np.array(tint) / 255.0)))
    return np.stack([tables[pixels[..., channel], channel] for channel in range(3)], axis=-1)
