"""Shared by all tests: the bundled sample, small shapes, and a cache of their own."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

SAMPLE = Path(__file__).parent.parent / "resources" / "sample"
SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Fields are cached across runs only where the caller says so (packaging/test does)."""
    os.environ.setdefault("COUNTERPOINT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def sample():
    """The bundled sample: paths, boxes and true poses."""
    facts = json.loads((SAMPLE / "sample.json").read_text())
    for name in ("image", "image2", "shape", "shape2"):
        facts[name] = SAMPLE / facts[name]
    return facts


@pytest.fixture(scope="session")
def encoder():
    from core.encoders.catalogue import load_encoder

    return load_encoder()


@pytest.fixture(scope="session")
def toy_side(sample, encoder):
    """The sample's first shape with its field."""
    from core.fields.lifting import LiftSettings
    from core.geometry.shape import load_shape
    from core.matching.prepare import matchable_shape

    return matchable_shape(load_shape(sample["shape"]), encoder, LiftSettings(samples=8000, azimuths=8))


def ball(rings: int = 24, radius: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of a sphere."""
    import trimesh

    mesh = trimesh.creation.uv_sphere(radius, count=[rings, rings * 2])
    return np.array(mesh.vertices), np.array(mesh.faces)


@pytest.fixture
def shape_folder(tmp_path, sample):
    """The sample's shapes among others, one of them in a folder below, and one that is broken."""
    import trimesh

    folder = tmp_path / "shapes"
    (folder / "below").mkdir(parents=True)
    shutil.copy(sample["shape"], folder / "toy.glb")
    shutil.copy(sample["shape2"], folder / "below" / "toy2.glb")
    trimesh.creation.box((1, 0.1, 2)).export(folder / "plank.obj")
    trimesh.creation.cylinder(0.1, 2).export(folder / "stick.stl")
    (folder / "broken.ply").write_bytes(b"ply\nnot really")
    return folder
