"""Shapes that other programs open and this one does not, and those under a wrong name: told by their first bytes or their name."""

from pathlib import Path

from core.errors import CounterpointError

UNREAD = {
    "FBX": (".fbx",),
    "COLLADA": (".dae",),
    "a CAD file": (".step", ".stp", ".iges", ".igs", ".sldprt", ".sldasm", ".ipt", ".iam", ".f3d", ".x_t", ".x_b", ".jt", ".brep", ".3dm", ".dwg", ".dxf", ".ifc"),
    "a scene of a modelling program": (".blend", ".max", ".ma", ".mb", ".c4d", ".skp", ".ztl", ".zpr", ".lwo", ".hip"),
    "3DS": (".3ds",),
    "3MF": (".3mf",),
    "USD": (".usd", ".usda", ".usdc", ".usdz"),
    "X3D or VRML": (".x3d", ".wrl", ".vrml"),
    "Alembic": (".abc",),
    "a point cloud in another format": (".las", ".laz", ".e57", ".pcd", ".rcp", ".rcs", ".fls", ".spz", ".splat"),
}  # fmt: skip
"""Kinds of shapes that are not read, and the suffixes of their names."""

_SIGNS = (
    (b"kaydara fbx", "FBX"),
    (b"; fbx", "FBX"),
    (b"<?xml", "COLLADA"),
    (b"<collada", "COLLADA"),
    (b"iso-10303-21", "a CAD file"),
    (b"blender", "a scene of a modelling program"),
    (b"pxr-usdc", "USD"),
    (b"#usda", "USD"),
    (b"#vrml", "X3D or VRML"),
    (b"# .pcd", "a point cloud in another format"),
    (b"lasf", "a point cloud in another format"),
    (b"astm-e57", "a point cloud in another format"),
)
_READ = ((b"gltf", ".glb"), (b"ply\n", ".ply"), (b"ply\r", ".ply"), (b"off\n", ".off"), (b"off\r", ".off"))
"""In small letters; of shapes that are read, the suffix that their names must have."""


def check_named(path: Path) -> None:
    """Refuse a shape of a kind that is not read, or under a name that is not of its kind.

    Raises:
        CounterpointError: it is one.
    """
    with path.open("rb") as file:
        start = file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    suffix = path.suffix.lower()
    other = next((own for sign, own in _READ if start.startswith(sign) and own != suffix), None)
    if other is not None:
        raise CounterpointError(
            f"{path.name} is in {other[1:].upper()} format; change its name so that it ends in {other}."
        )
    kind = next((one for sign, one in _SIGNS if start.startswith(sign)), None)
    if kind == "COLLADA" and b"<collada" not in start:
        kind = None
    kind = kind or next((one for one, suffixes in UNREAD.items() if suffix in suffixes), None)
    if kind is not None:
        raise CounterpointError(
            f"{path.name} is {kind}, which is not read; export it as GLB, OBJ or PLY from a program that opens it."
        )
