"""Materials of OBJ files (MTL): the diffuse colour and its texture."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import CounterpointError
from core.files import check_file
from core.geometry.linked_files import beside, decoded, read_texture
from core.geometry.paint import Texture, Wrap

_VALUES = {
    "-blendu": 1,
    "-blendv": 1,
    "-bm": 1,
    "-boost": 1,
    "-cc": 1,
    "-clamp": 1,
    "-imfchan": 1,
    "-mm": 2,
    "-texres": 1,
    "-type": 1,
    "-o": 3,
    "-s": 3,
    "-t": 3,
}
"""How many words follow an option of a texture (up to three numbers for the last three)."""


@dataclass
class ObjMaterial:
    """A material of an MTL file.

    ``color`` is sRGB in [0, 1] or None where it says none, ``map`` the name of its texture's file; then how the texture
    lies, ``opacity`` (``d`` or ``Tr``), and ``has_holes`` (``map_d``, or the alpha of the texture).
    """

    name: str
    color: tuple[float, float, float] | None = None
    map: str | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    clamp: bool = False
    opacity: float | None = None
    has_holes: bool = False
    library: Path | None = None

    @property
    def is_clear(self) -> bool:
        """Whether light goes through it; where a file says both ``d`` and ``Tr``, which programs use in two ways, ``d`` counts."""
        return self.has_holes or (self.opacity is not None and self.opacity < 1)

    @property
    def is_placed(self) -> bool:
        """Whether its texture is scaled or moved."""
        return self.scale != (1.0, 1.0) or self.offset != (0.0, 0.0)


def read_materials(path: Path, libraries: list[str], warnings: list[str]) -> dict[str, ObjMaterial]:
    """The materials of the libraries that the file ``path`` names; what is missing or not understood is added to ``said``."""
    materials: dict[str, ObjMaterial] = {}
    for line in dict.fromkeys(libraries):
        names = [line] if beside(path, line) else line.split("#")[0].split()
        for name in names:
            file = beside(path, name)
            if file is None:
                warnings.append(
                    f"Its materials {name} are not beside it; put that file into its folder to see its colours."
                )
                continue
            try:
                content = check_file(file).read_bytes()
            except CounterpointError as error:
                warnings.append(str(error))
                continue
            for material in _parse(_in_one_code(content), warnings):
                material.library = file
                first = materials.setdefault(material.name, material)
                if (first.color, first.map) != (material.color, material.map):
                    warnings.append(f"Its material {material.name} is told twice and differently; the first is shown.")
    return materials


def load_map(path: Path, material: ObjMaterial, textures: list[Texture], warnings: list[str]) -> int | None:
    """The number in ``textures`` of the texture of a material; None where it has none or it cannot be read, which is said."""
    if material.map is None:
        return None
    file = _map_file(path, material.library, material.map)
    if file is None:
        warnings.append(f"It has no texture {material.map.strip()} beside it; put that picture into its folder.")
        return None
    if material.color is not None and min(material.color) < 0.999:
        warnings.append(f"Material {material.name} has a texture and a colour Kd; the texture alone is shown.")
    try:
        wrap: Wrap = "clamp" if material.clamp else "repeat"
        pixels, opacity = read_texture(file, file.name)
        textures.append(Texture(pixels, (wrap, wrap)))
        material.has_holes |= opacity < 0.5
    except CounterpointError as error:
        warnings.append(str(error))
        return None
    return len(textures) - 1


def _map_file(path: Path, library: Path | None, name: str) -> Path | None:
    """A texture: its name counts from the folder of the library, in many files from that of the OBJ."""
    folder = path.parent.resolve()
    if library is not None and library.parent != folder and library.is_relative_to(folder):
        found = beside(path, f"{library.parent.relative_to(folder).as_posix()}/{name.strip()}")
        if found is not None:
            return found
    return beside(path, name)


def find(materials: dict[str, ObjMaterial], name: str | None) -> ObjMaterial | None:
    """The material that ``usemtl`` means; behind a "#" may stand a part of its name, or a comment."""
    if name is None or name in materials:
        return materials.get(name or "")
    short = name.split("#")[0].strip()
    alike = [each for each in materials if _before_comment(each) == _before_comment(name)]
    return materials[alike[0]] if len(alike) == 1 else materials.get(short)


def _before_comment(name: str) -> str:
    return re.split(r"\s#\s", name)[0].strip()


def _in_one_code(raw: bytes) -> bytes:
    """The text of a library; lines of UTF-16 cannot be told apart as bytes."""
    return decoded(raw).encode() if b"\0" in raw[:4] else raw


def _parse(raw: bytes, warnings: list[str]) -> list[ObjMaterial]:
    materials: list[ObjMaterial] = []
    ignored: set[str] = set()
    for line in raw.replace(b"\r\n", b"\n").replace(b"\\\n", b" ").splitlines():
        word, *more = decoded(line).strip().split(maxsplit=1)[:2] or [""]
        key, rest = word.lower(), more[0].strip() if more else ""
        rest = rest if key.startswith(("map", "newmtl")) else rest.split("#")[0].strip()
        if key == "newmtl":
            materials.append(ObjMaterial(rest))
        elif not materials:
            continue
        elif key == "kd":
            _set_color(materials[-1], rest, ignored)
        elif key == "map_kd":
            _set_map(materials[-1], rest, ignored)
        elif key == "d" and (values := _numbers(rest.removeprefix("-halo"))):
            materials[-1].opacity = values[0]
        elif key == "tr" and (values := _numbers(rest)) and materials[-1].opacity is None:
            materials[-1].opacity = 1 - values[0]
        elif key == "map_d":
            materials[-1].has_holes = True
        elif key in ("map_ka", "map_ke") or (key == "ke" and any(_numbers(rest))):
            ignored.add(word)
    if any(material.map for material in materials):
        ignored.discard("map_Ka")  # most programs write the same picture there
    if ignored:
        warnings.append(f"Of its materials these are not shown: {', '.join(sorted(ignored))}.")
    return materials


def _set_color(material: ObjMaterial, rest: str, ignored: set[str]) -> None:
    """Kd as three numbers or one; as a spectrum, in CIE XYZ or above 1 it is not understood."""
    values = _numbers(rest)
    if rest.startswith(("spectral", "xyz")) or not values:
        ignored.add(f"Kd {rest.split()[0] if rest else ''}".strip())
        return
    if max(values) > 1.05:
        ignored.add(f"Kd {rest}")
        return
    r, g, b = (values * 3)[:3] if len(values) < 3 else values[:3]
    material.color = (r, g, b)


def _set_map(material: ObjMaterial, rest: str, ignored: set[str]) -> None:
    """``map_Kd [options] file``: the file's name may hold blanks."""
    words = rest.split()
    while words and words[0].lower() in _VALUES:
        option, most = words[0].lower(), _VALUES[words[0].lower()]
        count = 0
        while count < most and count + 1 < len(words) - 1 and (most < 3 or _numbers(words[count + 1])):
            count += 1
        values = words[1 : 1 + max(count, 1)]
        if option == "-s":
            material.scale = _pair(values, 1.0)
        elif option == "-o":
            material.offset = _pair(values, 0.0)
        elif option == "-clamp":
            material.clamp = values[0].lower() == "on"
        elif option in ("-t", "-mm", "-cc", "-imfchan"):
            ignored.add(f"map_Kd {option}")
        rest = rest.lstrip()[len(words[0]) :]
        for value in values:
            rest = rest.lstrip()[len(value) :]
        words = rest.split()
    material.map = rest.strip() or None


def _pair(words: list[str], default: float) -> tuple[float, float]:
    values = [*_numbers(" ".join(words)), default, default]
    return values[0], values[1] if len(words) > 1 else default


def _numbers(text: str) -> list[float]:
    try:
        return [value for value in map(float, text.split()) if np.isfinite(value)]
    except ValueError:
        return []
