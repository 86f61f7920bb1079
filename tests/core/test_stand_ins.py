"""Files that stand in the place of others: pointers of Git LFS, web pages, packed files, shapes of other kinds."""

import gzip

import numpy as np
import pytest

from core.errors import CounterpointError
from core.files import read_json
from core.geometry.formats import is_shape
from core.geometry.shape import load_shape
from core.images import load_image
from core.interchange.cameras import load_camera
from core.interchange.project import load_project

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
STAND_INS = {
    "git lfs pull": POINTER,
    "git annex get": b"/annex/objects/SHA256E-s12--4d7a.png\n",
    "web page": b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n<html><title>Sign in</title></html>",
    "download it again": b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
    "gzip": gzip.compress(b"v 0 0 0\n"),
}
READERS = {
    ".png": load_image,
    ".obj": load_shape,
    ".glb": load_shape,
    ".stl": load_shape,
    ".xyz": load_shape,
    ".json": read_json,
    ".txt": load_camera,
    ".counterpoint": load_project,
}


@pytest.mark.parametrize("what", STAND_INS)
def test_what_stands_there_is_said(tmp_path, what):
    for suffix, read in READERS.items():
        path = tmp_path / f"a{suffix}"
        path.write_bytes(STAND_INS[what])
        with pytest.raises(CounterpointError, match=rf"^a{suffix} .*{what}.*\.$"):
            read(path)


def test_what_stands_beside_a_shape_is_said(tmp_path):
    """A glTF whose geometry is a pointer had the pointer's letters as coordinates."""
    for name in ("a.mtl", "t.png", "g.bin"):
        (tmp_path / name).write_bytes(POINTER)
    (tmp_path / "b.mtl").write_text("newmtl m\nmap_Kd t.png\n")
    body = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl m\nf 1/1 2/1 3/1\n"
    for library, named in (("a.mtl", "a.mtl"), ("b.mtl", "t.png")):
        (tmp_path / "a.obj").write_text(f"mtllib {library}\n{body}")
        assert any(one.startswith(named) and "git lfs pull" in one for one in load_shape(tmp_path / "a.obj").warnings)
    (tmp_path / "g.gltf").write_text(
        '{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],"meshes":[{"primitives":[{"attributes":'
        '{"POSITION":0}}]}],"accessors":[{"bufferView":0,"componentType":5126,"count":3,"type":"VEC3"}],'
        '"bufferViews":[{"buffer":0,"byteLength":36}],"buffers":[{"uri":"g.bin","byteLength":36}]}'
    )
    with pytest.raises(CounterpointError, match=r"^g\.bin .*git lfs pull"):
        load_shape(tmp_path / "g.gltf")
    (tmp_path / "g.bin").write_bytes(np.eye(3, dtype=np.float32).tobytes())
    assert len(load_shape(tmp_path / "g.gltf").vertices) == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.fbx", b"Kaydara FBX Binary  \0\x1a\0", "is FBX, which is not read; export"),
        ("a.step", b"ISO-10303-21;\nHEADER;", "is a CAD file, which"),
        ("a.dae", b"anything", "is COLLADA, which"),
        ("a.laz", b"LASF\0\0", "is a point cloud in another format, which"),
        ("a.obj", b"BLENDER-v300", "is a scene of a modelling program, which"),
        ("a.glb", b'<?xml version="1.0"?>\n<COLLADA xmlns="">', "is COLLADA, which"),
        ("a.obj", b"glTF\2\0\0\0", r"is in GLB format; .* ends in \.glb"),
        ("a.stl", b"ply\nformat ascii 1.0\n", r"is in PLY format; .* ends in \.ply"),
        ("a.png", b"glTF\2\0\0\0", r"is in GLB format; .* ends in \.glb"),
    ],
)
def test_shapes_of_other_kinds_are_named(tmp_path, name, content, said):
    """An FBX file was called an image that cannot be read, as everything is that is no shape by its name."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CounterpointError, match=f"^{name} {said}"):
        (load_shape if is_shape(name) else load_image)(tmp_path / name)
