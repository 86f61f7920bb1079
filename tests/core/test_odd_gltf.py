"""glTF files that say what they mean and hold what nothing can be made of."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

import core.geometry.readers.gltf as gltf_reader
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from tests.core.meshes import gltf_files
from tests.core.meshes.known import known


def test_points_of_many_instances_are_counted_before_they_are_laid_out(tmp_path: Path, monkeypatch) -> None:
    """A million copies of a small cloud took a minute and ten gigabytes before they were refused."""
    monkeypatch.setattr(gltf_reader, "MAX_FACES", 1000)
    monkeypatch.setattr(gltf_reader, "_at", lambda *_: pytest.fail("was laid out"))
    path = _instanced(tmp_path, np.zeros((5, 3), np.float32), 700)
    with pytest.raises(CounterpointError, match="more than 3,000 points"):
        load_shape(path)


def _instanced(folder: Path, points: np.ndarray, count: int) -> Path:
    data = points.tobytes() + np.zeros((count, 3), np.float32).tobytes()
    uri = "data:;base64," + base64.b64encode(data).decode()
    views = [
        {"buffer": 0, "byteLength": points.nbytes},
        {"buffer": 0, "byteOffset": points.nbytes, "byteLength": 12 * count},
    ]
    places = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 1}}}
    tree = {
        "asset": {"version": "2.0"},
        "buffers": [{"uri": uri, "byteLength": len(data)}],
        "bufferViews": views,
        "accessors": [
            {"bufferView": view, "componentType": 5126, "count": n, "type": "VEC3"} for view, n in ((0, len(points)), (1, count))
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "mode": 0}]}],
        "nodes": [{"mesh": 0, "extensions": places}],
        "scenes": [{"nodes": [0]}],
    }  # fmt: skip
    (folder / "many.gltf").write_text(json.dumps(tree))
    return folder / "many.gltf"


@pytest.mark.parametrize(("name", "words"), [("TEXCOORD_0", "texture coordinates"), ("COLOR_0", "vertex colours")])
def test_colours_and_coordinates_that_are_not_numbers_are_said(name: str, words: str, tmp_path: Path) -> None:
    source = known().triangles().exploded()
    look = "texture" if name == "TEXCOORD_0" else "color f4"
    path = gltf_files.write_gltf(tmp_path, source, gltf_files.GltfWay(container="gltf", look=look))
    tree = json.loads(path.read_text())
    number = tree["meshes"][0]["primitives"][0]["attributes"][name]
    accessor = tree["accessors"][number]
    width = {"VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    data = np.full((accessor["count"], width), np.nan, np.float32)
    data[1:] = np.inf
    tree["buffers"].append(
        {"byteLength": data.nbytes, "uri": "data:;base64," + base64.b64encode(data.tobytes()).decode()}
    )
    tree["bufferViews"].append({"buffer": len(tree["buffers"]) - 1, "byteLength": data.nbytes})
    kept = {"count": accessor["count"], "type": accessor["type"], "componentType": 5126}
    tree["accessors"][number] = kept | {"bufferView": len(tree["bufferViews"]) - 1}
    path.write_text(json.dumps(tree))
    assert any(f"{words} are not numbers" in said for said in load_shape(path).warnings)
