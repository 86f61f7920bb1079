"""The models of a scene in a BOP data set: in millimetres, as ``obj_000001.ply``, with ``models_info.json``."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import trimesh

from core.alignment.metrics import diameter
from core.files import make_folder, read_json, save_mesh, write_json
from core.geometry.shape import Shape, load_shape
from core.notices import warn
from core.scenes.readers.bop import MILLIMETRES
from core.scenes.scene import Scene, SceneShape
from core.scenes.writers.pictures import copied

_TEXTURE = re.compile(rb"comment TextureFile (.+?)\r?\n")


def write_models(scene: Scene, place: Path, folder: Path) -> None:
    """Add the models that the data set ``place`` lacks; those that are there, and what is said of them, stay.

    A scene that is written back where its models are is left alone.
    """
    if not scene.shapes or (scene.root == folder and any((place / "models").glob("obj_*.ply"))):
        return
    models = make_folder(place / "models")
    file = models / "models_info.json"
    told: dict[str, Any] = read_json(file) if file.is_file() else {}
    before = dict(told)
    for number, shape in sorted(scene.shapes.items()):
        target = models / f"obj_{number:06d}.ply"
        if shape.path.resolve() != target.resolve() and not target.exists():
            _write_model(scene, shape, target)
        if str(number) not in told:
            told[str(number)] = dict(shape.info) if shape.info else _measured(target)
    if told != before:
        write_json(file, dict(sorted(told.items(), key=lambda item: int(item[0]))), indent=2)


def _write_model(scene: Scene, shape: SceneShape, target: Path) -> None:
    factor = scene.unit.metres / MILLIMETRES.metres / shape.scale
    if shape.path.suffix.lower() == ".ply" and abs(factor - 1) < 1e-9:
        copied(shape.path, target)
        texture = _TEXTURE.search(target.read_bytes()[:10_000])
        beside = shape.path.parent / texture[1].decode(errors="replace").strip() if texture else None
        if beside is not None and beside.is_file() and not (target.parent / beside.name).exists():
            copied(beside, target.parent / beside.name)
        return
    loaded = load_shape(shape.path)
    colors = _colors(loaded)
    if loaded.texture is not None:
        warn(f"{target.name} has the colours of {loaded.name} at its vertices alone: its texture is left out.")
    if loaded.is_point_cloud:
        save_mesh(target, trimesh.PointCloud(loaded.vertices * factor, colors))
    else:
        save_mesh(target, trimesh.Trimesh(loaded.vertices * factor, loaded.faces, process=False, vertex_colors=colors))


def _colors(shape: Shape) -> npt.NDArray[np.uint8] | None:
    if shape.texture is None or shape.uv is None:
        return shape.colors
    height, width = shape.texture.shape[:2]
    uv = np.nan_to_num(shape.uv) % 1.0
    rows = np.clip(((1 - uv[:, 1]) * height).astype(int), 0, height - 1)
    return np.asarray(shape.texture[rows, np.clip((uv[:, 0] * width).astype(int), 0, width - 1)])


def _measured(file: Path) -> dict[str, float]:
    """Size and diameter of a model; its symmetries are not said, because nobody confirmed them."""
    vertices = load_shape(file).vertices
    low, size = vertices.min(0), np.ptp(vertices, axis=0)
    named = {f"min_{axis}": float(low[i]) for i, axis in enumerate("xyz")}
    return {"diameter": diameter(vertices)} | named | {f"size_{axis}": float(size[i]) for i, axis in enumerate("xyz")}
