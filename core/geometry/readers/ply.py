"""PLY: meshes of any polygons, triangle strips and points, with colours at vertices, faces or corners."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.linked_files import beside, read_texture
from core.geometry.paint import PLAIN, SEE_THROUGH, Texture, from_numbers, to_bytes
from core.geometry.readers.corners import simplest
from core.geometry.readers.ply_format import Element, Lists, Ply, parse_ply
from core.geometry.readers.polygons import Cut, triangulate
from core.geometry.shape import Floats, Ints, Shape, checked_shape

_COLORS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))
_UV = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texture_s", "texture_t"), ("s0", "t0"), ("u0", "v0"))
_ODD_COLORS = {
    "red",
    "green",
    "blue",
    "diffuse_red",
    "diffuse_green",
    "diffuse_blue",
    "rgb",
    "rgba",
    "color",
    "colors",
}
_ALPHA = ("alpha", "diffuse_alpha", "a")
_CORNERS = ("vertex_indices", "vertex_index", "vertex_indexes")
_KNOWN = ("vertex", "face", "tristrips", "material")


def read_ply(path: Path) -> Shape:
    """Read a PLY; raises as :func:`core.geometry.shape.load_shape` does."""
    return checked_shape(**_arguments(path))


def _arguments(path: Path) -> dict[str, Any]:
    ply = parse_ply(path)
    vertex = ply.elements.get("vertex")
    stored = vertex.stack("x", "y", "z") if vertex is not None else None
    if vertex is None or stored is None or vertex.length == 0:
        raise CounterpointError(f"{path.name} has no points; check how it was exported.")
    vertices = stored.astype(np.float64, copy=False)
    warnings = [
        f"It also holds {each.length:,} of '{each.name}', which are left out."
        for each in ply.elements.values()
        if each.name not in _KNOWN and each.length
    ]
    if ply.has_more:
        warnings.append("It has more behind its tables than its header says; that is left out.")
    alpha = next((each for name in _ALPHA if isinstance(each := vertex.columns.get(name), np.ndarray)), None)
    if (
        alpha is not None
        and _colors(vertex) is not None
        and (alpha < (1 if alpha.dtype.kind == "f" and alpha.max() <= 1 else 255) / 2).any()
    ):
        warnings.append(SEE_THROUGH)
    _say_odd_colors(vertex, ply.elements.get("face"), warnings)
    faces, cut, polygons = _faces(path, ply, vertices, warnings)
    normals = vertex.stack("nx", "ny", "nz")
    if normals is not None and normals.dtype.kind == "u":
        normals = None
        warnings.append("Its normals are numbers without a sign, which cannot be understood; they were computed anew.")
    arguments = {"vertices": vertices, "faces": faces, "normals": normals, "name": path.name, "warnings": warnings}
    if vertex.stack("f_dc_0", "f_dc_1", "f_dc_2") is not None:
        warnings.append("Its Gaussian splats are shown as points; their sizes, opacity and reflections are left out.")
    if len(faces) == 0:
        return arguments | {"colors": _point_colors(vertex)}
    arguments["polygon"] = cut.polygon
    if cut.polygon is not None and polygons < len(faces):
        strips = np.arange(len(faces) - polygons)
        arguments["polygon"] = np.concatenate([cut.polygon, ply.elements["face"].length + strips])
    return arguments | _look(path, ply, faces, cut, polygons, warnings)


def _faces(path: Path, ply: Ply, vertices: Floats, warnings: list[str]) -> tuple[Ints, Cut, int]:
    """Triangles int64 [F, 3], those of polygons first and then those of strips.

    How the polygons were cut, and into how many.
    """
    face, strips = ply.elements.get("face"), ply.elements.get("tristrips")
    faces, cut = np.zeros((0, 3), np.int64), Cut()
    if face is not None and face.length:
        lists = _corner_lists(path, face)
        _check_indices(path, lists.values, len(vertices))
        cut = triangulate(vertices, lists.values, lists.sizes)
        faces = cut.corners(lists.values).astype(np.int64)
        if (lists.sizes < 3).any():
            warnings.append(f"{int((lists.sizes < 3).sum()):,} faces have fewer than three corners and are left out.")
    polygons = len(faces)
    if strips is not None and strips.length:
        more = _strip_faces(_corner_lists(path, strips))
        _check_indices(path, more, len(vertices))
        faces = np.concatenate([faces, more])
    return faces, cut, polygons


def _corner_lists(path: Path, element: Element) -> Lists:
    found = next((element.columns[name] for name in _CORNERS if name in element.columns), None)
    if not isinstance(found, Lists):
        raise CounterpointError(f"{path.name} does not say which vertices its {element.name} have (vertex_indices).")
    return found


def _check_indices(path: Path, values: npt.NDArray, count: int) -> None:
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        raise CounterpointError(f"{path.name} is damaged: numbers of vertices in its faces are not whole.")
    if len(values) and (values.min() < 0 or values.max() >= count):
        raise CounterpointError(f"{path.name} is damaged: faces refer to vertices that are not there.")


def _strip_faces(lists: Lists) -> Ints:
    """Triangles [F, 3] of strips that -1 ends; every second one turns the other way.

    Those that only link others are dropped.
    """
    ends = np.cumsum(lists.sizes)
    values = np.insert(lists.values.astype(np.int64), ends[:-1], -1)
    position = np.arange(len(values))
    begin = np.maximum.accumulate(np.where(values < 0, position + 1, 0))
    a, b, c = values[:-2], values[1:-1], values[2:]
    whole = (a >= 0) & (b >= 0) & (c >= 0) & (a != b) & (b != c) & (a != c)
    odd = ((position[:-2] - begin[:-2]) % 2 == 1)[:, None]
    return np.asarray(np.where(odd, np.stack([b, a, c], axis=1), np.stack([a, b, c], axis=1))[whole])


def _look(path: Path, ply: Ply, faces: Ints, cut: Cut, polygons: int, warnings: list[str]) -> dict[str, Any]:
    """Colours, the finest first: a texture, faces, vertices. Triangles behind the first ``polygons`` are of strips."""
    vertex, face = ply.elements["vertex"], ply.elements.get("face")
    at_vertices, at_faces = _colors(vertex), None if face is None else _colors(face)
    materials = ply.elements.get("material")
    if materials is not None and materials.length:
        warnings.append("Its materials (element 'material') are not shown.")
    color = None
    if at_faces is not None and polygons:
        color = np.full((len(faces), 3), PLAIN, np.uint8)
        color[:polygons] = cut.faces(at_faces)
    uv, texture_of = _coordinates(vertex, face, faces, cut, polygons)
    textures = _textures(path, ply, warnings) if uv is not None else []
    if uv is None and any(comment.lower().startswith("texturefile ") for comment in ply.comments):
        warnings.append("It names a texture but has no texture coordinates; it is shown without.")
    if uv is not None and not any(textures) and not any("texture" in sentence for sentence in warnings):
        warnings.append(
            "It has texture coordinates but no texture; if it should have one, put the image in its folder."
        )
    if uv is not None and any(textures):
        return _textured(faces, vertex.length, uv, texture_of, textures, color, at_vertices, warnings)
    if color is not None and at_vertices is not None:
        warnings.append("It has colours at its faces and at its vertices; those of the faces are shown.")
    return simplest(faces, vertex.length, color) if color is not None else {"colors": at_vertices}


def _textured(
    faces: Ints,
    vertices: int,
    uv: Floats,
    texture_of: Ints,
    textures: list[Texture | None],
    color: npt.NDArray[np.uint8] | None,
    at_vertices: npt.NDArray[np.uint8] | None,
    warnings: list[str],
) -> dict[str, Any]:
    known = [number for number, each in enumerate(textures) if each is not None]
    texture = np.full(len(faces), -1, np.int32)
    for new, old in enumerate(known):
        texture[texture_of == old] = new
    if (texture_of >= len(textures)).any():
        warnings.append("Some of its faces have a texture that it does not name; they are shown without.")
    if color is not None or at_vertices is not None:
        warnings.append("It has colours and textures; faces with a texture show the texture alone.")
    if color is None:
        color = np.full((len(faces), 3), PLAIN, np.uint8) if at_vertices is None else at_vertices[faces]
    color[texture >= 0] = 255
    return simplest(faces, vertices, color, uv, texture, [each for each in textures if each is not None])


def _coordinates(
    vertex: Element, face: Element | None, faces: Ints, cut: Cut, polygons: int
) -> tuple[Floats | None, Ints]:
    """Texture coordinates of the corners [F, 3, 2] or None.

    The second value is int [F], the number of each face's texture, -1 for none.
    """
    wedge = face.columns.get("texcoord") if face is not None else None
    if face is not None and isinstance(wedge, Lists) and len(wedge.values):
        corners = next(column for name in _CORNERS if isinstance(column := face.columns.get(name), Lists))
        has = wedge.sizes == 2 * corners.sizes
        texnumber = face.columns.get("texnumber")
        number = texnumber if isinstance(texnumber, np.ndarray) else np.zeros(face.length, np.int64)
        at_corners = np.zeros((len(corners.values), 2), np.float32)
        at_corners[np.repeat(has, corners.sizes)] = wedge.values[np.repeat(has, wedge.sizes)].reshape(-1, 2)
        uv, texture = np.zeros((len(faces), 3, 2), np.float32), np.full(len(faces), -1, np.int64)
        uv[:polygons], texture[:polygons] = cut.corners(at_corners), cut.faces(np.where(has, number, -1))
        return uv, texture
    for names in _UV:
        at_vertices = vertex.stack(*names)
        if at_vertices is not None:
            texnumber = vertex.columns.get("texnumber")
            texture = texnumber[faces[:, 0]] if isinstance(texnumber, np.ndarray) else np.zeros(len(faces), np.int64)
            return at_vertices[faces].astype(np.float32), texture
    return None, np.zeros(0, np.int64)


def _textures(path: Path, ply: Ply, warnings: list[str]) -> list[Texture | None]:
    """The pictures that comments "TextureFile NAME" name, None for each that is not there."""
    textures: list[Texture | None] = []
    for comment in ply.comments:
        word, _, name = comment.partition(" ")
        if word.lower() != "texturefile":
            continue
        file = beside(path, name)
        textures.append(None)
        if file is None:
            warnings.append(f"It has no texture {name.strip()} beside it; put that picture into its folder.")
            continue
        try:
            pixels, opacity = read_texture(file, file.name)
            textures[-1] = Texture(pixels)
            if opacity < 0.5:
                warnings.append(SEE_THROUGH)
        except CounterpointError as error:
            warnings.append(str(error))
    return textures


def _say_odd_colors(vertex: Element, face: Element | None, warnings: list[str]) -> None:
    """Colours that are there and cannot be understood."""
    for element in (vertex, face):
        names = sorted(_ODD_COLORS & set(element.columns)) if element is not None else []
        if names and element is not None and _colors(element) is None:
            warnings.append(
                f"Its colours ({', '.join(names)}) are not red, green and blue each for itself; they are left out."
            )


def _colors(element: Element) -> npt.NDArray[np.uint8] | None:
    for names in _COLORS:
        values = element.stack(*names)
        if values is not None:
            return from_numbers(values)
    return None


def _point_colors(vertex: Element) -> npt.NDArray[np.uint8] | None:
    """uint8 [V, 3] or None; points of Gaussian splats have the colour of their first spherical harmonic."""
    harmonics = vertex.stack("f_dc_0", "f_dc_1", "f_dc_2")
    if harmonics is not None:
        return to_bytes(0.5 + 0.28209479177387814 * harmonics)
    return _colors(vertex)
