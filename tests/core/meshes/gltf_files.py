"""The known shape as glTF 2.0: every way of storing, placing and colouring it."""

import base64
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from tests.core.meshes.gltf_looks import look_arrays, material
from tests.core.meshes.known import Known

_CODES = {
    np.dtype("i1"): 5120,
    np.dtype("u1"): 5121,
    np.dtype("<i2"): 5122,
    np.dtype("<u2"): 5123,
    np.dtype("<u4"): 5125,
    np.dtype("<f4"): 5126,
}
TURN = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


@dataclass(frozen=True)
class GltfWay:
    """``store``: how positions lie in the buffer. ``place``: what puts the mesh where it is. ``look``: where colours
    come from.
    """

    container: str = "glb"
    index: str = "u4"
    mode: int = 4
    store: str = "tight"
    place: str = "none"
    look: str = "factor"

    def __str__(self) -> str:
        return "-".join(map(str, (self.container, self.index, self.mode, self.store, self.place, self.look)))


CONTAINERS = ("glb", "gltf", "data")
STORES = ("tight", "interleaved", "sparse", "sparse on values", "draco")
QUANTISED = ("i2 normalised", "u2 normalised", "i2 whole", "u2 whole")
PLACES = ("none", "matrix", "TRS", "mirrored", "children", "instance", "skin", "morph", "mesh weights", "no scene")
LOOKS = (
    "none",
    "factor",
    "glossiness",
    "color f4",
    "color f4 rgba",
    "color u1",
    "color u2",
    "color x factor",
    "texture",
    "texture uri",
    "texture data",
    "texture x factor",
    "texture x color",
    "palette",
    "palette u2",
    "texCoord 1",
    "transform",
    "transform texCoord",
    "turned",
    "mirror",
    "clamp",
)


def ways() -> Iterator[GltfWay]:
    for container, index, mode in product(CONTAINERS, ("u1", "u2", "u4", "none"), (4, 5, 6)):
        yield GltfWay(container, index, mode)
    for store, place in product(STORES, PLACES):
        yield GltfWay(store=store, place=place)
    for store, mode in product(QUANTISED, (4, 5)):
        yield GltfWay(store=store, mode=mode)
    for look, container in product(LOOKS, CONTAINERS):
        yield GltfWay(container, look=look)
    for look, store in product(LOOKS, ("draco", "interleaved")):
        yield GltfWay(store=store, look=look)


@dataclass
class _Writer:
    way: GltfWay
    tree: dict[str, Any] = field(
        default_factory=lambda: {
            "asset": {"version": "2.0"},
            "accessors": [],
            "bufferViews": [],
            "meshes": [],
            "nodes": [],
        }
    )
    blob: bytearray = field(default_factory=bytearray)

    def view(self, data: bytes, **more: Any) -> int:
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.tree["bufferViews"].append({"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data), **more})
        self.blob += data
        return len(self.tree["bufferViews"]) - 1

    def accessor(self, values: np.ndarray, normalized: bool = False, **place: Any) -> int:
        values = values.reshape(len(values), -1)
        about: dict[str, Any] = {
            "componentType": _CODES[values.dtype],
            "count": len(values),
            "type": {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}[values.shape[1]],
        }
        about |= {"normalized": True} if normalized else {}
        if not place:
            size = values.dtype.itemsize * values.shape[1]
            padded = size + -size % 4
            rows = np.zeros((len(values), padded), np.uint8)
            rows[:, :size] = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), size)
            place = {
                "bufferView": self.view(
                    rows.tobytes(), **({"byteStride": padded} if (padded != size and size > 4) or size == 3 else {})
                )
            }
            if padded != size and values.shape[1] == 1:
                place = {"bufferView": self.view(np.ascontiguousarray(values).tobytes())}
        self.tree["accessors"].append(about | place)
        return len(self.tree["accessors"]) - 1

    def extension(self, name: str, required: bool = False) -> None:
        for key in ("extensionsUsed", *(["extensionsRequired"] if required else [])):
            self.tree.setdefault(key, [])
            if name not in self.tree[key]:
                self.tree[key].append(name)


def write_gltf(folder: Path, source: Known, way: GltfWay) -> Path:
    """Write ``known.glb`` or ``known.gltf`` for triangles that lie together by part, their vertices exploded."""
    writer = _Writer(way)
    matrix = _place(writer, source, way)
    stored = (source.points - matrix[:3, 3]) @ np.linalg.inv(matrix[:3, :3]).T
    flip = np.linalg.det(matrix[:3, :3]) < 0
    primitives = []
    for part in dict.fromkeys(source.part.tolist()):
        polygons = [polygon for polygon, each in zip(source.polygons, source.part, strict=True) if each == part]
        for group in [polygons] if way.mode == 4 else [[polygon] for polygon in polygons]:
            faces = np.array([polygon[::-1] if flip else polygon for polygon in group])
            primitives.append(_primitive(writer, stored, faces, int(part), folder))
    writer.tree["meshes"][0]["primitives"] = primitives
    return _save(folder, writer)


def _place(writer: _Writer, source: Known, way: GltfWay) -> np.ndarray:
    """Nodes and the mesh; returns what they do to the positions that are stored."""
    tree, mesh = writer.tree, {"primitives": []}
    tree["meshes"] = [mesh]
    move = np.eye(4)
    move[:3, 3] = (1, -2, 3)
    tree["scenes"], tree["scene"] = [{"nodes": [0]}], 0
    node: dict[str, Any] = {"mesh": 0}
    tree["nodes"] = [node]
    matrix = np.eye(4)
    if way.store in QUANTISED:
        low, step = (-1.0, 16.0 if "normalised" in way.store else 1 / 2048)
        node |= {"translation": [low] * 3, "scale": [step] * 3}
        matrix = np.array([[step, 0, 0, low], [0, step, 0, low], [0, 0, step, low], [0, 0, 0, 1]])
    elif way.place == "matrix":
        matrix = move @ TURN @ np.diag([2, 1, 0.5, 1])
        node["matrix"] = matrix.T.ravel().tolist()
    elif way.place in ("TRS", "mirrored", "no scene"):
        scale = [-2, 1, 1] if way.place == "mirrored" else [2, 1, 0.5]
        node |= {"translation": [1, -2, 3], "rotation": [0.5, 0.5, 0.5, 0.5], "scale": scale}
        matrix = move @ TURN @ np.diag([*scale, 1])
        if way.place == "no scene":
            del tree["scenes"], tree["scene"]
    elif way.place == "children":
        tree["nodes"] = [
            {"children": [1], "translation": [1, -2, 3]},
            {"children": [2], "rotation": [0.5, 0.5, 0.5, 0.5]},
            node | {"scale": [2, 2, 2]},
        ]
        matrix = move @ TURN @ np.diag([2, 2, 2, 1])
    elif way.place in ("instance", "skin"):
        matrix = move @ _instance_or_skin(writer, node, way)
    elif way.place in ("morph", "mesh weights"):
        (node if way.place == "morph" else mesh)["weights"] = [0.25, 0]
        matrix = move
    return matrix


def _instance_or_skin(writer: _Writer, node: dict[str, Any], way: GltfWay) -> np.ndarray:
    """The turn and scale that one copy of the mesh gets, or that the joint of its skin does."""
    tree = writer.tree
    if way.place == "instance":
        writer.extension("EXT_mesh_gpu_instancing", required=True)
        attributes = {
            "TRANSLATION": np.array([[1, -2, 3]], "<f4"),
            "ROTATION": np.full((1, 4), 63, "i1"),
            "SCALE": np.full((1, 3), 2, "<f4"),
        }
        node["extensions"] = {
            "EXT_mesh_gpu_instancing": {
                "attributes": {name: writer.accessor(v, v.dtype == np.int8) for name, v in attributes.items()}
            }
        }
        return TURN @ np.diag([2, 2, 2, 1])
    bind = np.diag([0.5, 0.5, 0.5, 1.0])
    node |= {"skin": 0, "scale": [10, 10, 10]}
    tree["nodes"] += [{"translation": [1, -2, 3], "children": [2]}, {"rotation": [0.5, 0.5, 0.5, 0.5]}]
    tree["scenes"][0]["nodes"] = [0, 1]
    tree["skins"] = [
        {
            "joints": [2, 1],
            "inverseBindMatrices": writer.accessor(np.stack([bind.T, np.eye(4)]).astype("<f4").reshape(2, 16)),
        }
    ]
    return TURN @ bind


def _primitive(writer: _Writer, stored: np.ndarray, faces: np.ndarray, part: int, folder: Path) -> dict[str, Any]:
    way = writer.way
    points, index = stored[faces.ravel()], np.arange(faces.size)
    normals = np.tile(np.array([[0, 0, 1]], "<f4"), (len(points), 1))
    arrays = {"POSITION": points.astype("<f4"), "NORMAL": normals} | look_arrays(way, part, len(points))
    about: dict[str, Any] = {"mode": way.mode, "attributes": {}}
    number = material(writer, part, folder)
    if number is not None:
        about["material"] = number
    if way.place in ("morph", "mesh weights"):
        delta = np.tile(np.array([[4.0, -8, 12]], "<f4"), (len(points), 1))
        about["targets"] = [{"POSITION": writer.accessor(delta)}, {"POSITION": writer.accessor(9 * delta)}]
    if way.place == "skin":
        arrays["JOINTS_0"], arrays["WEIGHTS_0"] = (
            np.zeros((len(points), 4), "u1"),
            np.tile(np.array([[255, 0, 0, 0]], "u1"), (len(points), 1)),
        )
    if way.store == "draco":
        return about | _draco(writer, arrays, index)
    names = {"COLOR_0", "WEIGHTS_0"} | {name for name in arrays if name.startswith("TEXCOORD")}
    if way.store == "interleaved":
        about["attributes"] = _interleaved(writer, arrays, names)
    else:
        for name, values in arrays.items():
            normalized = name in names and values.dtype.kind in "iu"
            about["attributes"][name] = (
                _positions(writer, values) if name == "POSITION" else writer.accessor(values, normalized)
            )
    if way.index != "none":
        about["indices"] = writer.accessor(index.astype("<" + way.index))
    return about


def _positions(writer: _Writer, points: np.ndarray) -> int:
    store = writer.way.store
    if store.startswith("sparse"):
        some = np.arange(len(points))[:: 1 if store == "sparse" else 2].astype("<u2")
        base = (
            {}
            if store == "sparse"
            else {
                "bufferView": writer.view(
                    np.where(np.isin(np.arange(len(points)), some)[:, None], np.float32(7), points).tobytes()
                )
            }
        )
        sparse = {
            "count": len(some),
            "indices": {"bufferView": writer.view(some.tobytes()), "componentType": 5123},
            "values": {"bufferView": writer.view(points[some].tobytes())},
        }
        return writer.accessor(points, **base, sparse=sparse)
    if store in QUANTISED:
        writer.extension("KHR_mesh_quantization", required=True)
        kind, normalized = np.dtype("<" + store[:2]), "normalised" in store
        return writer.accessor(np.round(points * (np.iinfo(kind).max if normalized else 1)).astype(kind), normalized)
    return writer.accessor(points)


def _interleaved(writer: _Writer, arrays: dict[str, np.ndarray], names: set[str]) -> dict[str, int]:
    """All attributes in one buffer view, vertex after vertex, each padded to four bytes."""
    offsets, at, count = {}, 0, len(arrays["POSITION"])
    for name, values in arrays.items():
        offsets[name], at = at, at + (values.itemsize * values.shape[1] + 3) // 4 * 4
    rows = np.zeros((count, at), np.uint8)
    for name, values in arrays.items():
        raw = np.ascontiguousarray(values).view(np.uint8).reshape(count, -1)
        rows[:, offsets[name] : offsets[name] + raw.shape[1]] = raw
    view = writer.view(rows.tobytes(), byteStride=at)
    return {
        name: writer.accessor(
            values, name in names and values.dtype.kind in "iu", bufferView=view, byteOffset=offsets[name]
        )
        for name, values in arrays.items()
    }


def _draco(writer: _Writer, arrays: dict[str, np.ndarray], index: np.ndarray) -> dict[str, Any]:
    """Positions, coordinates and colours in a Draco stream; what DracoPy cannot write stands in accessors of the
    decoded order.
    """
    import DracoPy

    writer.extension("KHR_draco_mesh_compression", required=True)
    generic = {name: values for name, values in arrays.items() if name not in ("POSITION", "NORMAL")}
    encoded = DracoPy.encode(
        arrays["POSITION"],
        index.reshape(-1, 3).astype(np.uint32),
        quantization_bits=20,
        preserve_order=True,
        generic_attributes={number + 1: values for number, values in enumerate(generic.values())},
    )
    decoded = DracoPy.decode(encoded)
    ids = {"POSITION": next(a["unique_id"] for a in decoded.attributes if a["attribute_type"] == 0)}
    ids |= {name: number + 1 for number, name in enumerate(generic)}
    colors = {"COLOR_0", "WEIGHTS_0"} | {name for name in arrays if name.startswith("TEXCOORD")}
    attributes = {
        name: writer.accessor(arrays[name], name in colors and arrays[name].dtype.kind in "iu", byteOffset=0)
        for name in ("POSITION", *generic)
    }
    for number in attributes.values():
        writer.tree["accessors"][number].pop("byteOffset")
    extension = {"bufferView": writer.view(encoded), "attributes": ids}
    indices = writer.accessor(index.astype("<u4"), byteOffset=0)
    return {"attributes": attributes, "indices": indices, "extensions": {"KHR_draco_mesh_compression": extension}}


def _save(folder: Path, writer: _Writer) -> Path:
    tree, blob = writer.tree, bytes(writer.blob) + b"\0" * (-len(writer.blob) % 4)
    tree["buffers"] = [{"byteLength": len(blob)}]
    if writer.way.container != "glb":
        uri = (
            "my%20buffer.bin"
            if writer.way.container == "gltf"
            else "data:application/octet-stream;base64," + base64.b64encode(blob).decode()
        )
        (folder / "my buffer.bin").write_bytes(blob)
        tree["buffers"][0]["uri"] = uri
        path = folder / "known.gltf"
        path.write_text(json.dumps(tree))
        return path
    return save_glb(folder / "known.glb", tree, blob)


def save_glb(path: Path, tree: dict[str, Any], blob: bytes) -> Path:
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path
