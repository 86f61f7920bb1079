"""A corpus of files people really drop on a window: broken, hostile, or odd but fine."""

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import trimesh
from PIL import Image

Expect = Literal["opens", "refused"]

RED = (200, 40, 40)
TETRAHEDRON = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
TETRAHEDRON_FACES = "f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


@dataclass(frozen=True)
class BadFile:
    """One entry: ``write(path)`` makes the file ``name``; ``expect`` is what a loader must do with it."""

    name: str
    why: str
    expect: Expect
    write: Callable[[Path], object]


def write_all(entries: list[BadFile], folder: Path) -> list[tuple[Path, BadFile]]:
    """Write every entry into ``folder``; names are unique."""
    return [(write(entry, folder), entry) for entry in entries]


def write(entry: BadFile, folder: Path) -> Path:
    """Write one entry into ``folder`` and return its path."""
    path = folder / entry.name
    entry.write(path)
    return path


def content(data: str | bytes) -> Callable[[Path], object]:
    raw = data.encode() if isinstance(data, str) else data
    return lambda path: path.write_bytes(raw)


def photo(width: int = 64, height: int = 48) -> np.ndarray:
    """uint8 [H, W, 3]: noise that compresses badly, with a red top-left 16 x 16 pixels."""
    rgb = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    rgb[:16, :16] = RED
    return rgb


def encoded(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or Image.fromarray(photo())).save(buffer, kind, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def sixteen_bit() -> bytes:
    """Grey ramp 0 ... 65535."""
    return encoded("PNG", Image.fromarray(np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)))


def palette_with_transparency() -> bytes:
    """Left half red, right half fully transparent."""
    indices = np.zeros((48, 64), np.uint8)
    indices[:, 32:] = 1
    image = Image.fromarray(indices).convert("P")
    image.putpalette([*RED, 0, 0, 255])
    return encoded("PNG", image, transparency=1)


def turned_by_exif() -> bytes:
    """64 x 48 on disk, orientation 6: shown as 48 x 64 with the red corner at the top right."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded("JPEG", exif=exif, quality=95)


def animation() -> bytes:
    frames = [Image.new("RGB", (64, 48), color) for color in (RED, (0, 0, 255), (0, 255, 0))]
    return encoded("WEBP", frames[0], save_all=True, append_images=frames[1:], duration=50, lossless=True)


def float_tiff() -> bytes:
    values = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(48, 64)
    values[0, 0] = np.nan
    return encoded("TIFF", Image.fromarray(values))


def unreadable(path: Path) -> None:
    path.write_bytes(encoded("PNG"))
    path.chmod(0)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


IMAGES = [
    BadFile("empty.png", "no bytes", "refused", content(b"")),
    BadFile("empty.tiff", "no bytes", "refused", content(b"")),
    BadFile("missing.png", "not there", "refused", lambda path: None),
    BadFile("truncated.png", "half of a PNG", "refused", content(encoded("PNG")[:4000])),
    BadFile("truncated.jpg", "half of a JPEG", "refused", content(encoded("JPEG", quality=95)[:1500])),
    BadFile("truncated.tif", "half of a TIFF", "refused", content(encoded("TIFF")[:4000])),
    BadFile("truncated.webp", "half of a WebP", "refused", content(encoded("WEBP", lossless=True)[:4000])),
    BadFile("only_signature.png", "eight bytes", "refused", content(b"\x89PNG\r\n\x1a\n")),
    BadFile("text.png", "text named .png", "refused", content("This is not a picture.\n")),
    BadFile("text.tif", "text named .tif", "refused", content("This is not a picture.\n")),
    BadFile("drawing.svg", "a vector drawing", "refused", content("<svg xmlns='http://www.w3.org/2000/svg'/>")),
    BadFile("folder.png", "a folder", "refused", Path.mkdir),
    BadFile("pipe.png", "a named pipe that nobody writes to", "refused", os.mkfifo),
    BadFile("loop.png", "a link to itself", "refused", link_to_itself),
    BadFile("locked.png", "no permission", "refused", unreadable),
    BadFile("bomb.png", "a header that claims 60000 x 60000 pixels", "refused", content(png_header(60000, 60000))),
    BadFile("no_width.png", "a header that claims 0 x 48 pixels", "refused", content(png_header(0, 48))),
    BadFile("vast.png", "really 100 megapixels", "refused", lambda p: Image.new("1", (10000, 10000)).save(p)),
    BadFile("jpeg_inside.png", "a JPEG named .png", "opens", content(encoded("JPEG"))),
    BadFile("NO SUFFIX ünï", "a PNG with no suffix and a name that is not ASCII", "opens", content(encoded("PNG"))),
    BadFile("one_pixel.png", "1 x 1", "opens", content(encoded("PNG", Image.new("RGB", (1, 1))))),
    BadFile("sixteen_bit.png", "16 bits a channel", "opens", content(sixteen_bit())),
    BadFile("float.tif", "32-bit float with a NaN", "opens", content(float_tiff())),
    BadFile("one_bit.png", "black and white", "opens", content(encoded("PNG", Image.new("1", (64, 48))))),
    BadFile("cmyk.jpg", "CMYK", "opens", content(encoded("JPEG", Image.new("CMYK", (64, 48), (0, 255, 255, 0))))),
    BadFile("palette.png", "palette with transparency", "opens", content(palette_with_transparency())),
    BadFile("turned.jpg", "EXIF rotation", "opens", content(turned_by_exif())),
    BadFile("animation.webp", "three frames", "opens", content(animation())),
]


def tetrahedron(kind: str) -> bytes:
    mesh = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    data = mesh.export(file_type=kind)
    return data.encode() if isinstance(data, str) else data


def sphere(kind: str) -> bytes:
    return trimesh.creation.icosphere(2).export(file_type=kind)


def ply(body: str, vertices: int, faces: int = 0, extra: str = "") -> str:
    return (
        f"ply\nformat ascii 1.0\nelement vertex {vertices}\nproperty float x\nproperty float y\nproperty float z\n{extra}"
        f"element face {faces}\nproperty list uchar int vertex_indices\nend_header\n{body}"
    )


def binary_ply_claiming(vertices: int) -> bytes:
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {vertices}\nproperty float x\nproperty float y\n"
    return header.encode() + b"property float z\nend_header\n" + b"\0" * 1200


def cloud(columns: int) -> str:
    """Points on a unit sphere; columns 3 to 5, if wanted, are colours 0-255."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    rows = np.hstack([points, rng.integers(0, 256, (200, 3))])[:, :columns]
    return "".join(" ".join(f"{v:.6g}" for v in row) + "\n" for row in rows)


PLY_CLOUD_COLUMNS = "".join(f"property float n{a}\n" for a in "xyz") + "".join(
    f"property uchar {c}\n" for c in ("red", "green", "blue")
)
PLY_CLOUD = "".join(f"{x} {y} 0 0 0 1 {20 * x} {20 * y} 7\n" for x in range(6) for y in range(6))


def glb(tree: dict, blob: bytes = b"") -> bytes:
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    if blob:
        body += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def textured_triangle(texture: str) -> bytes:
    """A triangle whose texture is the file ``texture``."""
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    uv, indices = positions[:, :2].copy(), np.arange(3, dtype=np.uint32)
    blob = positions.tobytes() + uv.tobytes() + indices.tobytes()
    views = [{"buffer": 0, "byteOffset": o, "byteLength": n} for o, n in ((0, 36), (36, 24), (60, 12))]
    return glb(
        {
            "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
            "materials": [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
            "textures": [{"source": 0}], "images": [{"uri": texture}],
            "accessors": [
                {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
                {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC2"},
                {"bufferView": 2, "componentType": 5125, "count": 3, "type": "SCALAR"},
            ],
            "bufferViews": views, "buffers": [{"byteLength": len(blob)}],
        },
        blob,
    )  # fmt: skip


def with_outside_texture(absolute: bool) -> Callable[[Path], object]:
    """A GLB or OBJ in a folder of its own; the texture is a real picture in the folder above."""

    def write(path: Path) -> None:
        secret = path.parent.parent / "outside.png"
        secret.write_bytes(encoded("PNG"))
        name = str(secret) if absolute else "../outside.png"
        if path.suffix == ".glb":
            path.write_bytes(textured_triangle(name))
            return
        path.with_suffix(".mtl").write_text(f"newmtl m\nmap_Kd {name}\n")
        path.write_text(f"mtllib {path.stem}.mtl\nusemtl m\n{TETRAHEDRON}vt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n")

    return write


def gltf_buffer(uri: str) -> str:
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"uri": uri, "byteLength": 36}],
    }
    return json.dumps(tree)


def cycle_of_nodes() -> bytes:
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"children": [1]}, {"children": [0]}],
    }
    return glb(tree)


def scaled(factor: float) -> str:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]) * factor + factor
    return "".join(f"v {x!r} {y!r} {z!r}\n" for x, y, z in points.tolist()) + TETRAHEDRON_FACES


POLYGONS = "v 0 0 0\nv 2 0 0\nv 2 2 0\nv 0 2 0\nv 3 1 0\nv 1 1 2\nf 1 2 3 4\nf 2 5 3\nf 1 2 5 3 4\n"
FIN = "f 1 2 3\nf 2 1 4\nf 1 2 5\n"

SHAPES = [
    BadFile("empty.obj", "no bytes", "refused", content(b"")),
    BadFile("only_comments.obj", "nothing but a comment", "refused", content("# exported by nobody\n")),
    BadFile(
        "nan.obj",
        "a NaN vertex that a face uses",
        "refused",
        content(TETRAHEDRON.replace("1 0 0", "nan 0 0") + TETRAHEDRON_FACES),
    ),
    BadFile(
        "inf.obj",
        "an infinite vertex that a face uses",
        "refused",
        content(TETRAHEDRON.replace("1 0 0", "inf 0 0") + TETRAHEDRON_FACES),
    ),
    BadFile("out_of_range.obj", "a face with vertex 99", "refused", content(TETRAHEDRON + "f 1 2 99\n")),
    BadFile(
        "out_of_range.ply", "a face with vertex 99", "refused", content(ply("0 0 0\n1 0 0\n0 1 0\n3 0 1 99\n", 3, 1))
    ),
    BadFile(
        "below_zero.ply", "a face with vertex -1", "refused", content(ply("0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n", 3, 1))
    ),
    BadFile(
        "out_of_range.off", "a face with vertex 99", "refused", content("OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 99\n")
    ),
    BadFile("no_faces.obj", "vertices and no faces", "refused", content(TETRAHEDRON)),
    BadFile("zero_area.obj", "no face has area", "refused", content("v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\nf 1 1 2\n")),
    BadFile("one_place.obj", "all vertices in one place", "refused", content("v 1 1 1\nv 1 1 1\nv 1 1 1\nf 1 2 3\n")),
    BadFile("truncated.ply", "half of a binary PLY", "refused", content(sphere("ply")[:3000])),
    BadFile("truncated.stl", "half of a binary STL", "refused", content(sphere("stl")[:3000])),
    BadFile("truncated.glb", "half of a GLB", "refused", content(sphere("glb")[:3000])),
    BadFile(
        "truncated_ascii.ply", "fewer vertices than the header says", "refused", content(ply("0 0 0\n1 0 0\n", 3, 1))
    ),
    BadFile(
        "four_billion.ply",
        "a header that claims 4 billion vertices",
        "refused",
        content(binary_ply_claiming(4_000_000_000)),
    ),
    BadFile(
        "four_billion.stl",
        "a header that claims 4 billion faces",
        "refused",
        content(b"\0" * 80 + b"\xff" * 4 + b"\0" * 50),
    ),
    BadFile(
        "four_billion.off",
        "a header that claims 4 billion vertices",
        "refused",
        content("OFF\n4000000000 1 0\n0 0 0\n"),
    ),
    BadFile("text.stl", "text named .stl", "refused", content("This is not a shape.\n" * 20)),
    BadFile("text.ply", "text named .ply", "refused", content("This is not a shape.\n")),
    BadFile("text.glb", "text named .glb", "refused", content("This is not a shape.\n")),
    BadFile("text.gltf", "text named .gltf", "refused", content("This is not a shape.\n")),
    BadFile("binary.obj", "noise named .obj", "refused", content(np.random.default_rng(0).bytes(5000))),
    BadFile("binary.xyz", "noise named .xyz", "refused", content(np.random.default_rng(0).bytes(5000))),
    BadFile("words.xyz", "words in a cloud", "refused", content("0 0 0\none two three\n")),
    BadFile("two_columns.xyz", "no z", "refused", content("0 0\n1 1\n")),
    BadFile("ragged.xyz", "rows of different length", "refused", content("0 0 0\n1 1\n2 2 2\n")),
    BadFile("nan.xyz", "only NaN points", "refused", content("nan 0 0\nnan 1 1\n")),
    BadFile("folder.obj", "a folder", "refused", Path.mkdir),
    BadFile("pipe.obj", "a named pipe that nobody writes to", "refused", os.mkfifo),
    BadFile("part.step", "a format of another kind", "refused", content("ISO-10303-21;\n")),
    BadFile(
        "no_meshes.glb",
        "a scene with nothing in it",
        "refused",
        content(glb({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}]})),
    ),
    BadFile("cycle.glb", "nodes that are each other's children", "refused", content(cycle_of_nodes())),
    BadFile(
        "draco.gltf",
        "compressed in a way that nothing here reads",
        "refused",
        content(json.dumps(json.loads(gltf_buffer("x.bin")) | {"extensionsRequired": ["KHR_draco_mesh_compression"]})),
    ),
    BadFile("no_buffer.gltf", "its .bin file is not there", "refused", content(gltf_buffer("gone.bin"))),
    BadFile(
        "outside_buffer.gltf",
        "its buffer is a system file",
        "refused",
        content(gltf_buffer("../../../../../../etc/passwd")),
    ),
    BadFile("stl_inside.ply", "an STL named .ply", "refused", content(tetrahedron("stl"))),
    BadFile("outside/relative.glb", "a texture in the folder above", "opens", with_outside_texture(absolute=False)),
    BadFile("outside/absolute.glb", "a texture by absolute path", "opens", with_outside_texture(absolute=True)),
    BadFile("outside/relative.obj", "a texture in the folder above", "opens", with_outside_texture(absolute=False)),
    BadFile("outside/absolute.obj", "a texture by absolute path", "opens", with_outside_texture(absolute=True)),
    BadFile(
        "no_material.obj",
        "its .mtl file is not there",
        "opens",
        content("mtllib gone.mtl\nusemtl m\n" + TETRAHEDRON + TETRAHEDRON_FACES),
    ),
    BadFile("not_manifold.obj", "three faces on one edge", "opens", content(TETRAHEDRON + "v 1 1 1\n" + FIN)),
    BadFile("polygons.obj", "a square, a triangle and a pentagon", "opens", content(POLYGONS)),
    BadFile("negative.obj", "indices counted from the end", "opens", content(TETRAHEDRON + "f -4 -2 -3\nf -4 -3 -1\n")),
    BadFile(
        "windows.obj",
        "Windows line ends and a Latin-1 comment",
        "opens",
        content(b"# \xe9l\xe9phant\r\n" + (TETRAHEDRON + TETRAHEDRON_FACES).replace("\n", "\r\n").encode()),
    ),
    BadFile(
        "comments.off",
        "comments between the lines",
        "opens",
        content("OFF # a header\n# sizes\n4 2 0\n0 0 0\n1 0 0 # x\n0 1 0\n0 0 1\n\n3 0 2 1\n3 0 1 3\n"),
    ),
    BadFile("three_columns.xyz", "points", "opens", content(cloud(3))),
    BadFile("six_columns.xyz", "points with colours", "opens", content(cloud(6))),
    BadFile(
        "cloud.ply", "points with normals and colours", "opens", content(ply(PLY_CLOUD, 36, extra=PLY_CLOUD_COLUMNS))
    ),
    BadFile(
        "unused.obj",
        "a far vertex that no face uses",
        "opens",
        content(TETRAHEDRON + TETRAHEDRON_FACES + "v 1e6 0 0\n"),
    ),
    BadFile(
        "unused_nan.obj",
        "a NaN vertex that no face uses",
        "opens",
        content(TETRAHEDRON + TETRAHEDRON_FACES + "v nan nan nan\n"),
    ),
    BadFile("huge.obj", "coordinates of 1e9", "opens", content(scaled(1e9))),
    BadFile("tiny.obj", "coordinates of 1e-9", "opens", content(scaled(1e-9))),
    BadFile("one_triangle.obj", "one face", "opens", content("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")),
    BadFile(
        "some_zero_area.obj", "one good face, one of no area", "opens", content(TETRAHEDRON + "f 1 2 3\nf 1 1 2\n")
    ),
    BadFile("SHOUTING.STL", "an upper-case suffix", "opens", content(tetrahedron("stl"))),
]
