"""Colours of the known shape in glTF: factors, colours of vertices and textures."""

import base64
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from tests.core.meshes.known import COLORS, Known

TINT = np.array([0.5, 0.8, 0.3])


def linear(color: np.ndarray) -> np.ndarray:
    color = np.asarray(color) / 255
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def expected_colors(source: Known, look: str) -> np.ndarray:
    """sRGB colours [P, 3] that the polygons must show."""
    light = linear(source.colors)
    if " x " in look:
        light = light * TINT
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def look_arrays(way: Any, part: int, count: int) -> dict[str, np.ndarray]:
    """Colours and coordinates of the vertices of a part."""
    inside = np.array([[0.3, 0.3], [0.7, 0.4], [0.5, 0.7]])[np.arange(count) % 3]
    column = (part + inside * (0.9, 1) + (0.05, 0)) / (len(COLORS), 1)
    if way.look.startswith("color"):
        light = linear(COLORS[part])
        if way.look == "color f4 rgba":
            return {"COLOR_0": np.tile(np.append(light, 0.5).astype("<f4"), (count, 1))}
        if way.look == "color u1":
            return {"COLOR_0": np.tile(np.append(np.round(light * 255), 255).astype("u1"), (count, 1))}
        if way.look == "color u2":
            return {"COLOR_0": np.tile(np.append(np.round(light * 65535), 65535).astype("<u2"), (count, 1))}
        return {"COLOR_0": np.tile(light.astype("<f4"), (count, 1))}
    if way.look in ("palette u2",):
        return {"TEXCOORD_0": np.round(column * 65535).astype("<u2")}
    if way.look in ("texCoord 1", "transform texCoord"):
        return {"TEXCOORD_0": (column * 0).astype("<f4"), "TEXCOORD_1": column.astype("<f4")}
    if way.look == "transform":
        return {"TEXCOORD_0": ((column - (0.25, -0.5)) / (0.5, 2)).astype("<f4")}
    if way.look == "turned":  # u = v', v = 1 - u' is what a quarter turn with offset 0, 1 does
        return {"TEXCOORD_0": np.stack([1 - column[:, 1], column[:, 0]], axis=1).astype("<f4")}
    if way.look == "mirror":
        return {"TEXCOORD_0": np.stack([2 - column[:, 0], column[:, 1] - 2], axis=1).astype("<f4")}
    if way.look == "clamp":
        outside = np.where(column[:, :1] < 0.2, column - (5, 0), np.where(column[:, :1] > 0.8, column + (5, 0), column))
        return {"TEXCOORD_0": outside.astype("<f4")}
    if way.look.startswith(("texture", "palette")):
        found = {"TEXCOORD_0": (column if way.look == "palette" else inside + 5).astype("<f4")}
        return found | ({"COLOR_0": np.tile(TINT.astype("<f4"), (count, 1))} if way.look == "texture x color" else {})
    return {}


def material(writer: Any, part: int, folder: Path) -> int | None:
    look, tree = writer.way.look, writer.tree
    if look in ("none",) or (look.startswith("color") and look != "color x factor"):
        return None
    base: dict[str, Any] = {}
    if look in ("factor", "glossiness"):
        base["baseColorFactor"] = [*linear(COLORS[part]).tolist(), 1]
    elif look in ("color x factor", "texture x factor"):
        base["baseColorFactor"] = [*TINT.tolist(), 0.5]
    if look not in ("factor", "glossiness") and not look.startswith("color"):
        base["baseColorTexture"] = _texture_info(look) | {"index": _texture(writer, part, folder)}
        if look.startswith(("transform", "turned")):
            writer.extension("KHR_texture_transform", required=True)
    material: dict[str, Any] = {"pbrMetallicRoughness": base}
    if look == "glossiness":
        writer.extension("KHR_materials_pbrSpecularGlossiness")
        material = {"extensions": {"KHR_materials_pbrSpecularGlossiness": {"diffuseFactor": base["baseColorFactor"]}}}
    tree.setdefault("materials", []).append(material)
    return len(tree["materials"]) - 1


def _texture_info(look: str) -> dict[str, Any]:
    transform = {
        "transform": {"offset": [0.25, -0.5], "scale": [0.5, 2]},
        "transform texCoord": {"texCoord": 1},
        "turned": {"offset": [0, 1], "rotation": np.pi / 2},
    }.get(look)
    info: dict[str, Any] = {"texCoord": 1} if look == "texCoord 1" else {}
    return info | ({"extensions": {"KHR_texture_transform": transform}} if transform else {})


def _texture(writer: Any, part: int, folder: Path) -> int:
    """A picture of one colour for each part, or one picture with all colours side by side."""
    look, tree = writer.way.look, writer.tree
    one = look.startswith("texture")
    if not one and tree.get("textures"):
        return 0
    pixels = np.tile(COLORS[part], (4, 4, 1)) if one else np.repeat(COLORS[None], 4, axis=1).repeat(4, axis=0)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    png = content.getvalue()
    if look == "texture uri":
        (folder / f"my tex {part}.png").write_bytes(png)
        image: dict[str, Any] = {"uri": quote(f"my tex {part}.png")}
    elif look == "texture data":
        image = {"uri": "data:image/png;base64," + base64.b64encode(png).decode()}
    else:
        image = {"bufferView": writer.view(png), "mimeType": "image/png"}
    for name, value in (("images", image), ("textures", {"source": len(tree.get("images", []))})):
        tree.setdefault(name, []).append(value)
    if look in ("mirror", "clamp"):
        tree["samplers"] = [
            {"wrapS": 33648 if look == "mirror" else 33071, "wrapT": 33648 if look == "mirror" else 33071}
        ]
        tree["textures"][-1]["sampler"] = 0
    return len(tree["textures"]) - 1
