"""Functions that write one file with one feature of a format into a folder, and return its path."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.core.meshes import gltf_files, obj_files, other_files, ply_files
from tests.core.meshes.known import known

Maker = Callable[[Path], Path]


def obj(text: str, mtl: str = "") -> Maker:
    def make(folder: Path) -> Path:
        Image.new("RGB", (2, 2), (9, 90, 200)).save(folder / "t.png")
        Image.new("RGBA", (2, 2), (9, 90, 200, 0)).save(folder / "clear.png")
        (folder / "m.mtl").write_text("newmtl m\n" + mtl)
        (folder / "a.obj").write_text(("mtllib m.mtl\nusemtl m\n" if mtl else "") + text)
        return folder / "a.obj"

    return make


def ply(vertex: str, vertices: str, face: str, faces: str, extra: str = "", comments: str = "") -> Maker:
    def make(folder: Path) -> Path:
        Image.new("RGB", (2, 2), (9, 90, 200)).save(folder / "t.png")
        head = f"ply\nformat ascii 1.0\n{comments}element vertex 3\n" + "".join(
            f"property {p}\n" for p in ["float x", "float y", "float z", *vertex.split(", ")] if p
        )
        head += f"element face {len(faces.splitlines())}\n" + "".join(f"property {p}\n" for p in face.split(", "))
        (folder / "a.ply").write_text(
            head + extra.partition("|")[0] + "end_header\n" + vertices + faces + extra.partition("|")[2]
        )
        return folder / "a.ply"

    return make


def text(name: str, content: str | bytes) -> Maker:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return folder / name

    return make


def gltf(change: Callable[[dict[str, Any]], object] = lambda tree: None, **way: Any) -> Maker:
    """The known shape as glTF, its JSON changed."""

    def make(folder: Path) -> Path:
        source = known().triangles().exploded()
        path = gltf_files.write_gltf(folder, source, gltf_files.GltfWay(**{"container": "gltf", **way}))
        tree = json.loads(path.read_text())
        change(tree)
        path.write_text(json.dumps(tree))
        return path

    return make


def using(*names: str, required: bool = False) -> Callable[[dict[str, Any]], object]:
    return lambda tree: tree.update(
        {"extensionsUsed": [*names]} | ({"extensionsRequired": [*names]} if required else {})
    )


def meshopt(tree: dict[str, Any]) -> None:
    """Compressed views of which the file also holds the plain bytes."""
    tree["extensionsUsed"] = ["EXT_meshopt_compression"]
    for view in tree["bufferViews"]:
        view["extensions"] = {"EXT_meshopt_compression": {"buffer": 0, "mode": "ATTRIBUTES"}}


def meshopt_alone(tree: dict[str, Any]) -> None:
    """Compressed views without plain bytes."""
    meshopt(tree)
    for view in tree["bufferViews"]:
        view["buffer"] = 1
    tree["buffers"].append({"byteLength": 9999, "extensions": {"EXT_meshopt_compression": {"fallback": True}}})


def clear(mode: str, alpha: float = 0.2) -> Callable[[dict[str, Any]], object]:
    """Materials through which light goes, of glTF's alphaMode."""

    def change(tree: dict[str, Any]) -> None:
        for material in tree["materials"]:
            material["alphaMode"] = mode
            material["pbrMetallicRoughness"]["baseColorFactor"] = [1, 1, 1, alpha]

    return change


def lines_too(tree: dict[str, Any]) -> None:
    tree["meshes"][0]["primitives"].append(tree["meshes"][0]["primitives"][0] | {"mode": 1})


def known_obj(**way: Any) -> Maker:
    exploded = str(way.get("look", "")).startswith("vertex")
    return lambda folder: obj_files.write_obj(
        folder, known().exploded() if exploded else known(), obj_files.ObjWay(**way)
    )


def known_ply(**way: Any) -> Maker:
    source = known() if way.get("body") != "strips" else known().triangles()
    if way.get("look") in ("vertex", "diffuse", "s t"):
        source = source.exploded()
    return lambda folder: ply_files.write_ply(folder, source, ply_files.PlyWay(**{"format": "ascii", **way}))


def known_stl(way: str, more: bytes = b"", change: Callable[[bytes], bytes] = bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = other_files.write_stl(folder, known().triangles(), way)
        path.write_bytes(change(path.read_bytes()) + more)
        return path

    return make


def attributes(content: bytes) -> bytes:
    data = np.frombuffer(content[84:], np.uint8).reshape(-1, 50).copy()
    data[:, 48] = 7
    return content[:84] + data.tobytes()
