"""Good files of every kind that the program reads, their loaders, and ways to damage them."""

import json
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from PIL import Image

from app.document.project import Document, SavedPin, pack, unpack
from core.geometry.pose import Pose
from core.geometry.shape import load_shape, make_shape
from core.images import load_depth, load_image
from core.interchange import poses
from core.interchange.collections import PosedImage, load_collection, load_map, save_collection, save_map
from core.interchange.image_labels import load_image_labels, save_image_labels
from core.interchange.labels import Labels
from core.interchange.project import load_project, save_project
from core.interchange.shape_labels import load_shape_labels, save_shape_labels

Load = Callable[[Path], Any]

TOKENS = (
    b"nan",
    b"inf",
    b"-1",
    b"999999999999",
    b"1e308",
    b"null",
    b"[]",
    b"{}",
    b'"',
    b"\x00" * 8,
    b"\xff" * 8,
    b"../../x",
    b"\n\n",
)


def seeds(folder: Path) -> list[tuple[Path, Load]]:
    """A good file of each kind, and what reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[tuple[Path, Load]] = []

    def add(name: str, load: Load) -> Path:
        found.append((folder / name, load))
        return folder / name

    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (24, 32, 3)).astype(np.uint8))
    for suffix in ("png", "jpg", "webp", "tif", "bmp"):
        picture.save(add(f"picture.{suffix}", load_image))
    mesh = trimesh.creation.icosphere(1)
    for kind in ("obj", "ply", "stl", "off", "glb"):
        data = mesh.export(file_type=kind)
        add(f"mesh.{kind}", load_shape).write_bytes(data.encode() if isinstance(data, str) else data)
    np.savetxt(add("cloud.xyz", load_shape), rng.normal(size=(40, 3)))
    Image.fromarray(rng.integers(0, 5000, (24, 32)).astype(np.uint16)).save(
        add("depth.png", partial(load_depth, size=(32, 24)))
    )
    np.save(add("depth.npy", partial(load_depth, size=(32, 24))), rng.uniform(0, 3, (24, 32)))
    K = np.array([[500.0, 0, 16], [0, 500, 12], [0, 0, 1]])
    view = poses.View("picture.png", (32, 24), K, Pose(np.eye(3), np.array([0.0, 0, 3])))
    poses.save_json(add("pose.json", poses.load_json), view)
    poses.save_matrix(add("pose.txt", poses.load_pose), view.pose)
    poses.save_nerfstudio(add("transforms.json", poses.load_nerfstudio), [view])
    add("K.json", poses.load_intrinsics).write_text(json.dumps({"fx": 500, "fy": 500, "cx": 16, "cy": 12}))
    save_collection(
        add("collection.json", load_collection), "mesh.obj", [PosedImage("picture.png", view, 0.5, 0.5, True)]
    )
    save_map(add("map.npz", load_map), rng.normal(size=(6, 8, 3)).astype(np.float32))
    shape = make_shape(mesh.vertices, mesh.faces, name="mesh")
    masks = np.stack([np.arange(len(mesh.faces)) % 3 == i for i in range(2)])
    for suffix in ("ply", "glb", "npz", "json"):
        save_shape_labels(
            add(f"labels.{suffix}", load_shape_labels), shape, Labels(["a", "b"], ["#ff0000", "#00ff00"], masks)
        )
    flat = Labels(["a"], ["#ff0000"], (np.arange(24 * 32).reshape(1, 24, 32) % 5) == 0)
    for suffix in ("png", "json"):
        save_image_labels(
            add(f"image-labels.{suffix}", partial(load_image_labels, shape=(24, 32), image_name="image")), flat
        )
    document = Document(pins=(SavedPin(1, "Pin", "#ffffff", "image 1", (1.0, 2.0)),))
    save_project(
        add("project.counterpoint", lambda path: unpack(load_project(path), path.parent)), pack(document, folder)
    )
    return found


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """The same bytes, some of them changed, gone, doubled or in other places."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        at, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 40))
        kind = int(rng.integers(6))
        if kind == 0:
            for i in range(at, min(at + length // 8 + 1, len(data))):
                data[i] = int(rng.integers(256))
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at : at + length]
        elif kind == 3:
            data[at:at] = TOKENS[int(rng.integers(len(TOKENS)))]
        elif kind == 4:
            data[at:at] = data[:length]
        elif at + 4 <= len(data):
            data[at : at + 4] = int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1, 65536])).to_bytes(4, "little")
    return bytes(data)


def repacked(content: bytes, rng: np.random.Generator, scratch: Path) -> bytes:
    """A zip (a project, NPZ) with one member damaged and the checksums right, so that what is inside is reached."""
    scratch.write_bytes(content)
    with zipfile.ZipFile(scratch) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[int(rng.integers(len(members)))]
    members[name] = damage(members[name], rng)
    with zipfile.ZipFile(scratch, "w") as archive:
        for key, value in members.items():
            archive.writestr(key, value)
    return scratch.read_bytes()
