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

from app.document.project import SavedDocument, SavedPin, pack, unpack
from core.geometry.pose import Pose
from core.geometry.shape import Shape, load_shape, make_shape
from core.images import load_depth, load_image, load_mask
from core.interchange import poses
from core.interchange.cameras import load_camera
from core.interchange.image_labels import load_image_labels, save_image_labels
from core.interchange.labels import Labels
from core.interchange.project import load_project, save_project
from core.interchange.shape_labels import load_shape_labels, load_split, save_shape_labels, save_split

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
    poses.save_view(add("pose.json", poses.load_pose), view)
    poses.save_view(add("pose.txt", poses.load_pose), view)
    poses.save_view(add("transforms.json", poses.load_pose), view, "nerfstudio")
    poses.save_view(add("scan2cad.json", poses.load_pose), view, "scan2cad")
    add("K.yaml", load_camera).write_text("fx: 500\nfy: 500\ncx: 16\ncy: 12\nk1: -0.1\n")
    add("K.json", load_camera).write_text(json.dumps({"fx": 500, "fy": 500, "cx": 16, "cy": 12}))
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
    _labels_of_others(add, shape, masks, flat)
    document = SavedDocument(pins=(SavedPin(1, "Pin", "#ffffff", "image 1", (1.0, 2.0)),))
    save_project(
        add("project.counterpoint", lambda path: unpack(load_project(path), path.parent)), pack(document, folder)
    )
    return found


def _labels_of_others(add: Callable[[str, Load], Path], shape: Shape, masks: Any, flat: Labels) -> None:
    """Points, masks and labels as other programs write them."""
    points = shape.vertices[:20]
    rows = "\n".join(";".join(f"{v:.4f}".replace(".", ",") for v in point) + ";7;0;255;9" for point in points)
    add("header.asc", load_shape).write_text(f"x;y;z;intensity;r;g;b\n{rows}\n")
    add("leica.pts", load_shape).write_text("20\n" + "\n".join(f"{x} {y} {z} -700 0 255 9" for x, y, z in points))
    head = "20\n1\n0 0 1\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 1 1\n"
    add("scan.ptx", load_shape).write_text(head + "\n".join(f"{x} {y} {z} 0.5 0 255 9" for x, y, z in points))
    alpha = np.where(flat.masks[0], 255, 0).astype(np.uint8)
    Image.fromarray(np.dstack([alpha] * 4)).save(add("cut-out.png", load_mask))
    palette = Image.fromarray(flat.index().astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, 0, 128, 0])
    palette.save(add("palette-mask.png", load_mask))
    square = [4, 4, 20, 4, 20, 16, 4, 16]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 7, "segmentation": [square, [1, 1, 2, 2]], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 8, "segmentation": {"size": [24, 32], "counts": [100, 50, 618]}},
    ]
    categories = [{"id": 7, "name": "x", "color": [255, 0, 0]}, {"id": 8, "name": "y"}]
    images = [{"id": 1, "file_name": "cam/b.png", "width": 32, "height": 24}]
    content = {"images": images, "categories": categories, "annotations": annotations}
    add("coco.json", partial(load_image_labels, shape=(24, 32), image_name="cam/b.png")).write_text(json.dumps(content))
    of_vertex = {"label": (np.arange(len(shape.vertices)) % 4).astype(np.int32)}
    mesh = trimesh.Trimesh(shape.vertices, shape.faces, process=False, vertex_attributes=of_vertex)
    add("vertices.ply", load_shape_labels).write_bytes(mesh.export(file_type="ply", encoding="ascii"))
    folder = add("labels.txt", load_shape_labels)
    np.savetxt(folder, np.arange(len(shape.faces)) % 3, fmt="%d")
    (part,) = save_split(folder.parent / "parts", shape, Labels(["a"], ["#ff0000"], masks[:1]))
    add("part.ply", lambda path: load_split([path])).write_bytes(part.read_bytes())


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
