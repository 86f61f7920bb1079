"""Which columns of a table of points are places, normals and colours: by their names, or by what is in them."""

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError

Floats = npt.NDArray[np.float64]

_PLACES = (
    ("x", "easting", "east", "e", "rechtswert", "coordx", "xcoord", "posx", "longitude"),
    ("y", "northing", "north", "n", "hochwert", "coordy", "ycoord", "posy", "latitude"),
    ("z", "height", "elevation", "elev", "altitude", "hoehe", "höhe", "h", "coordz", "zcoord", "posz"),
)
_NORMALS = (("nx", "normalx", "xnormal"), ("ny", "normaly", "ynormal"), ("nz", "normalz", "znormal"))
_COLORS = (
    ("r", "red", "rot", "diffusered"),
    ("g", "green", "gruen", "grün", "diffusegreen"),
    ("b", "blue", "blau", "diffuseblue"),
)


@dataclass
class Columns:
    """Which columns of a table hold what.

    Attributes:
        xyz: the numbers of three columns.
        normals: those of three more, or None.
        colors: uint8 [N, 3] or None.
        warnings: what the user should know.
    """

    xyz: list[int]
    normals: list[int] | None = None
    colors: npt.NDArray[np.uint8] | None = None
    warnings: list[str] = field(default_factory=list)


def columns_of_names(names: list[str], values: Floats | None, file: str) -> Columns:
    """Columns by the names that a header gives; ``values`` float64 [N, C] decide the scale of the colours.

    Raises:
        CounterpointError: x, y and z are not among them, or twice.
    """
    plain = [re.sub(r"[\s_.\-]|\(.*\)|\[.*\]", "", name.lower()) for name in names]
    found = [_triple(plain, names_of) for names_of in (_PLACES, _NORMALS, _COLORS)]
    xyz, normals, rgb = found
    if xyz is None:
        raise CounterpointError(f"The header of {file} does not name X, Y and Z once each: {', '.join(names[:8])}.")
    if values is None:
        return Columns(xyz)
    columns = Columns(xyz, normals)
    if {plain[xyz[0]], plain[xyz[1]]} & {"longitude", "latitude"}:
        columns.warnings.append(
            f"The places in {file} are in degrees, so its form is wrong; project them to metres first."
        )
    if normals is not None:
        _check_normals(columns, values, file)
    if rgb is not None:
        columns.colors = _colors(values[:, rgb], columns.warnings, file, named=True)
    return columns


def guess_columns(values: Floats, whole: list[bool], file: str) -> Columns:
    """Columns without names: x, y, z and, where the numbers leave no doubt, normals and colours.

    ``values`` [n, k] are those of n points; ``whole`` says which columns are integers.

    Raises:
        CounterpointError: fewer than three columns, or the first only numbers the points.
    """
    count = values.shape[1]
    if count < 3:
        raise CounterpointError(f"{file} has {count} columns; a point cloud needs x, y and z.")
    if count in (4, 7) and whole[0] and not all(whole[1:4]) and len(values) > 2 and (np.diff(values[:, 0]) == 1).all():
        raise CounterpointError(
            f"The first column of {file} seems to number the points; remove it, or name the columns (X Y Z) in a first line."
        )
    columns, left = Columns([0, 1, 2]), list(range(3, count))
    left = _take_normals(columns, values, left, file)
    left = _take_colors(columns, values, whole, left, file)
    if left:
        which = ", ".join(str(k + 1) for k in left[:6])
        columns.warnings.append(
            f"Column {which} of {file} is neither a colour nor a normal for certain and is not shown."
        )
    return columns


def _triple(names: list[str], wanted: tuple[tuple[str, ...], ...]) -> list[int] | None:
    """Where one name of each of three groups is, the first of a group before its others.

    None where one is missing or there twice.
    """
    found = []
    for group in wanted:
        name = next((one for one in group if one in names), None)
        if name is None or names.count(name) > 1:
            return None
        found.append(names.index(name))
    return found


def _check_normals(columns: Columns, values: Floats, file: str) -> None:
    normals = values[:, columns.normals]
    lengths = np.linalg.norm(normals[np.isfinite(normals).all(axis=1)], axis=1)
    if len(lengths) < len(values) or not (lengths > 1e-3).all():
        columns.normals = None
        columns.warnings.append(f"Some normals in {file} are missing, so all were computed from the points.")


def _take_normals(columns: Columns, values: Floats, left: list[int], file: str) -> list[int]:
    for start in range(len(left) - 2):
        triple = left[start : start + 3]
        block = values[:, triple]
        if not np.isfinite(block).all() or not np.allclose(np.linalg.norm(block, axis=1), 1, atol=0.02):
            continue
        axes = (block >= 0).all() and (np.rint(block) == block).all()
        if axes or len(values) < 3:
            columns.warnings.append(
                f"Columns {triple[0] + 1} to {triple[2] + 1} of {file} may be normals or colours and were left out; "
                "name them (NX NY NZ or R G B) in a first line."
            )
        else:
            columns.normals = triple
            columns.warnings.append(f"Columns {triple[0] + 1} to {triple[2] + 1} of {file} were read as normals.")
        return [k for k in left if k not in triple]
    return left


def _take_colors(columns: Columns, values: Floats, whole: list[bool], left: list[int], file: str) -> list[int]:
    """Three neighbouring columns that can be colours: x y z r g b, or Leica's x y z intensity r g b."""
    runs = [left[k : k + 3] for k in range(len(left) - 2) if left[k + 2] - left[k] == 2]
    fit = [run for run in runs if _scale(values[:, run], [whole[k] for k in run]) is not None]
    if not fit:
        return left
    triple, leica = fit[0], False
    if len(fit) > 1 and len(left) == 4:
        last, fourth = values[:, left[-1]], values[:, left[0]]
        opaque = bool(np.ptp(last) == 0 and last[0] in (1, 255, 65535))
        if opaque and np.ptp(fourth) == 0:
            columns.warnings.append(
                f"Columns 4 to 7 of {file} may be a colour and its opacity, or an intensity and a colour; name them (R G B) in a first line."
            )
            return left
        leica = not opaque
        triple = fit[1] if leica else fit[0]
    more = ", and column 4 as intensity." if leica else "."
    columns.warnings.append(
        f"Columns {triple[0] + 1} to {triple[2] + 1} of {file} were read as red, green and blue{more}"
    )
    columns.colors = _colors(values[:, triple], columns.warnings, file, named=False)
    known = [*triple, left[0]] if leica else triple
    return [k for k in left if k not in known] if columns.colors is not None else left


def _scale(block: Floats, whole: list[bool]) -> float | None:
    """What makes three columns [N, 3] colours of 0 to 255, or None where they are none for certain."""
    if not np.isfinite(block).all() or block.min() < 0:
        return None
    top, integers = float(block.max()), bool((np.rint(block) == block).all())
    if top <= 1 and not all(whole):
        return 255.0
    if not integers or top <= 1:
        return None
    if top <= 255:
        return 1.0
    return 255 / 65535 if 4095 < top <= 65535 else None


def _colors(block: Floats, warnings: list[str], file: str, named: bool) -> npt.NDArray[np.uint8] | None:
    """uint8 [N, 3] of numbers of 0 to 255, 0 to 1 or 16 bits; None for what is none, which is said."""
    usable = np.isfinite(block).all() and block.min() >= 0 and block.max() <= 65535
    top, integers = (float(block.max()), bool((np.rint(block) == block).all())) if usable else (0.0, False)
    if not usable or (255 < top <= 4095) or (top > 255 and not integers):
        warnings.append(f"The colours in {file} are not of 0 to 255, 0 to 1 or 16 bits and were left out.")
        return None
    if top > 255:
        warnings.append(f"The colours in {file} were read as 16 bits each.")
    dark = top <= 1 and integers and named
    if dark and top == 1:
        warnings.append(f"The colours in {file} are only 0 and 1 and were read as a scale of 0 to 1.")
    return np.rint(block * (255 / 65535 if top > 255 else 255 if top <= 1 else 1)).astype(np.uint8)
