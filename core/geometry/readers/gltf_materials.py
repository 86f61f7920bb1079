"""Base colours of glTF materials: factors, textures and how they lie."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.geometry.linked_files import beside_uri, read_texture
from core.geometry.paint import Texture, Wrap
from core.geometry.readers.gltf_file import Gltf, Tree

if TYPE_CHECKING:
    from pathlib import Path

_WRAPS: dict[int, Wrap] = {33071: "clamp", 33648: "mirror", 10497: "repeat"}
_SOURCES = ("EXT_texture_webp", "EXT_texture_avif", "MSFT_texture_dds")
_GLOSSINESS = "KHR_materials_pbrSpecularGlossiness"


@dataclass
class GltfMaterial:
    """A base colour: ``factor`` linear float64 [3], the number of its texture or -1, the texture's set of coordinates and placement [3, 3].

    ``plain`` says that the file itself gives no colour; ``alpha`` is its least opacity, and below ``least`` light goes through.
    """

    factor: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(3))
    texture: int = -1
    coordinates: int = 0
    placement: npt.NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    plain: bool = True
    alpha: float = 1.0
    least: float = 0.0


@dataclass
class Materials:
    """The materials of a file, read when a primitive uses them; ``textures`` are those that are used."""

    gltf: Gltf
    warnings: list[str]
    textures: list[Texture] = field(default_factory=list)
    _known: dict[int, GltfMaterial] = field(default_factory=dict)
    _opacities: list[float] = field(default_factory=list)
    _numbers: dict[tuple[int, tuple[Wrap, Wrap]], int] = field(default_factory=dict)

    def of(self, primitive: Tree) -> GltfMaterial:
        """The material of a primitive; the plain one where it names none."""
        number = primitive.get("material")
        if number is None:
            return GltfMaterial()
        if number not in self._known:
            self._known[number] = self._read(self.gltf.part("materials", number))
        return self._known[number]

    def _read(self, about: Tree) -> GltfMaterial:
        base = about.get("pbrMetallicRoughness", {})
        factor, texture = base.get("baseColorFactor"), base.get("baseColorTexture")
        glossiness = about.get("extensions", {}).get(_GLOSSINESS)
        if glossiness is not None:
            factor, texture = glossiness.get("diffuseFactor"), glossiness.get("diffuseTexture")
        if any(about.get("emissiveFactor", ())):
            self.warnings.append("Its materials glow (emissiveFactor), which is not shown.")
        material = GltfMaterial(plain=factor is None)
        if factor is not None:
            material.factor = np.clip(np.array(factor[:3], np.float64), 0, 1)
        if texture is not None:
            material.texture = self._texture(texture["index"])
            material.coordinates, material.placement = _placement(texture)
        least = {"MASK": about.get("alphaCutoff", 0.5), "BLEND": 0.99}
        material.least = float(least.get(about.get("alphaMode", "OPAQUE"), 0))
        material.alpha = float(factor[3]) if factor is not None and len(factor) > 3 else 1.0
        material.alpha *= self._opacities[material.texture] if material.texture >= 0 else 1.0
        return material

    def _texture(self, number: int) -> int:
        about = self.gltf.part("textures", number)
        sampler = self.gltf.part("samplers", about["sampler"]) if "sampler" in about else {}
        wrap = _WRAPS[sampler.get("wrapS", 10497)], _WRAPS[sampler.get("wrapT", 10497)]
        extensions = about.get("extensions", {})
        source = next((extensions[name]["source"] for name in _SOURCES if name in extensions), about.get("source"))
        if source is None:
            names = ", ".join(extensions) or "without a picture"
            self.warnings.append(f"A texture ({names}) cannot be read and is not shown.")
            return -1
        if (source, wrap) not in self._numbers:
            picture = self._picture(source)
            if picture is None and about.get("source", source) != source:
                picture = self._picture(about["source"])
            self._numbers[source, wrap] = -1 if picture is None else len(self.textures)
            if picture is not None:
                self.textures.append(Texture(picture[0], wrap))
                self._opacities.append(picture[1])
        return self._numbers[source, wrap]

    def _picture(self, number: int) -> tuple[npt.NDArray[np.uint8], float] | None:
        image = self.gltf.part("images", number)
        uri = image.get("uri")
        source: Path | bytes | None
        if uri is None:
            source = bytes(self.gltf.view(image["bufferView"]))
        elif uri.startswith("data:"):
            source = bytes(self.gltf.resource(uri))
        else:
            source = beside_uri(self.gltf.path, uri)
        name = image.get("name") or (uri if uri is not None and not uri.startswith("data:") else f"number {number}")
        if source is None:
            self.warnings.append(f"It has no texture {name[:120]} beside it; put that picture into its folder.")
            return None
        try:
            return read_texture(source, name[:120])
        except CounterpointError as error:
            self.warnings.append(str(error))
            return None


def _placement(texture: Tree) -> tuple[int, npt.NDArray[np.float64]]:
    """The set of coordinates of a texture and what KHR_texture_transform does to them, [3, 3].

    The turn is that of the extension's text and examples, of Khronos' viewer and of three.js; the GLSL in its text turns the other way.
    """
    about = texture.get("extensions", {}).get("KHR_texture_transform", {})
    cosine, sine = np.cos(about.get("rotation", 0.0)), np.sin(about.get("rotation", 0.0))
    (sx, sy), (tx, ty) = about.get("scale", (1.0, 1.0)), about.get("offset", (0.0, 0.0))
    matrix = np.array([[cosine * sx, sine * sy, tx], [-sine * sx, cosine * sy, ty], [0, 0, 1]])
    return int(about.get("texCoord", texture.get("texCoord", 0))), matrix
