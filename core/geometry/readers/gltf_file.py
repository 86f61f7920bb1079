"""The glTF 2.0 container: JSON, buffers and accessors."""

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import check_file
from core.geometry.linked_files import beside_uri

TYPES = {5120: "i1", 5121: "u1", 5122: "i2", 5123: "u2", 5125: "u4", 5126: "f4", 5130: "f8"}
"""The type of an accessor's values by its componentType."""
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")
_BINARY = 0x004E4942

Tree = dict[str, Any]


@dataclass
class Gltf:
    """A file's JSON and the bytes it refers to. Whatever is missing in it raises KeyError, IndexError or ValueError."""

    path: Path
    tree: Tree
    binary: memoryview | None
    _buffers: dict[int, memoryview] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """The name of the file, for sentences."""
        return self.path.name

    def part(self, kind: str, number: int) -> Tree:
        """Number so-and-so of "nodes", "meshes" and so on."""
        if number < 0:
            raise IndexError(f"{kind} {number} is not there")
        part: Tree = self.tree[kind][number]
        return part

    def view(self, number: int) -> memoryview:
        """The bytes of a buffer view."""
        view = self.part("bufferViews", number)
        for extension in MESHOPT:
            if extension in view.get("extensions", {}) and not self._has_plain(extension, view["buffer"]):
                raise CounterpointError(
                    f"{self.name} is compressed with meshopt ({extension}), which cannot be read; export it without."
                )
        begin = view.get("byteOffset", 0)
        data = self._buffer(view["buffer"])[begin : begin + view["byteLength"]]
        if len(data) != view["byteLength"]:
            raise ValueError("it is cut off: a buffer is too short")
        return data

    def _has_plain(self, extension: str, number: int) -> bool:
        """Whether a buffer also holds what the extension compresses, for programs that do not know it."""
        buffer = self.part("buffers", number)
        has_bytes = "uri" in buffer or (number == 0 and self.binary is not None)
        is_required = extension in self.tree.get("extensionsRequired", [])
        return has_bytes and not is_required and extension not in buffer.get("extensions", {})

    def _buffer(self, number: int) -> memoryview:
        if number not in self._buffers:
            uri = self.part("buffers", number).get("uri")
            if uri is None and (number or self.binary is None):
                raise ValueError("a buffer has no bytes")
            self._buffers[number] = self.binary if uri is None else self.resource(uri)  # type: ignore[assignment]
        return self._buffers[number]

    def resource(self, uri: str) -> memoryview:
        """The bytes that a URI stands for: data in the URI itself, or a file in the folder of the shape.

        Raises:
            CounterpointError: there is no such file, or another in its place.
        """
        if uri.startswith("data:"):
            head, _, data = uri.partition(",")
            return memoryview(base64.b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data))
        file = beside_uri(self.path, uri)
        if file is None:
            raise CounterpointError(f"{self.name} refers to {uri[:120]}, which is not beside it; put it there.")
        return memoryview(check_file(file).read_bytes())

    def accessor(self, number: int) -> npt.NDArray:
        """The values of an accessor as they are stored, [count, width]; sparse ones filled in."""
        about = self.part("accessors", number)
        count, width, kind = int(about["count"]), _WIDTHS[about["type"]], TYPES[about["componentType"]]
        if "bufferView" in about:
            values = self._strided(about["bufferView"], about.get("byteOffset", 0), kind, count, width)
        else:
            if count > 1 << 27:
                raise ValueError("an accessor is far too long")
            values = np.zeros((count, width), kind)
        sparse = about.get("sparse")
        if sparse is not None:
            values = np.array(values)
            some, at, by = int(sparse["count"]), sparse["indices"], sparse["values"]
            index = self._strided(at["bufferView"], at.get("byteOffset", 0), TYPES[at["componentType"]], some, 1)
            values[index[:, 0]] = self._strided(by["bufferView"], by.get("byteOffset", 0), kind, some, width)
        return values

    def _strided(self, view: int, offset: int, kind: str, count: int, width: int) -> npt.NDArray:
        dtype = np.dtype("<" + kind)
        stride = self.part("bufferViews", view).get("byteStride") or dtype.itemsize * width
        if stride < dtype.itemsize * width:
            raise ValueError("its byteStride is too small for its values")
        data = self.view(view)
        if count < 0 or offset < 0 or (count and offset + stride * (count - 1) + dtype.itemsize * width > len(data)):
            raise ValueError("it is cut off: an accessor reaches beyond its buffer")
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def floats(self, number: int) -> npt.NDArray[np.floating]:
        """The values [n, k] of an accessor as numbers: integers that are normalised become 0 to 1 or -1 to 1."""
        about = self.part("accessors", number)
        return as_floats(self.accessor(number), bool(about.get("normalized")))


def as_floats(values: npt.NDArray, normalized: bool) -> npt.NDArray[np.floating]:
    """Stored values [n, k] as float32 (or float64 where they were)."""
    if values.dtype.kind == "f":
        return values
    if not normalized:
        return values.astype(np.float32)
    return np.asarray(np.maximum(values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max), np.float32(-1)))


def open_gltf(path: Path) -> Gltf:
    """Read a .glb or .gltf file.

    Raises:
        CounterpointError: of another version of glTF.
        ValueError: it is none.
    """
    content = path.read_bytes()
    binary = None
    if content[:4] == b"glTF":
        version = int.from_bytes(content[4:8], "little")
        if version != 2:
            raise CounterpointError(f"{path.name} is glTF {version}, which cannot be read; convert it to glTF 2.0.")
        length = int.from_bytes(content[12:16], "little")
        text, at = content[20 : 20 + length], 20 + length
        while at + 8 <= len(content) and binary is None:
            size, kind = (int.from_bytes(content[at + k : at + k + 4], "little") for k in (0, 4))
            if kind == _BINARY:
                binary = memoryview(content)[at + 8 : at + 8 + size]
            at += 8 + size
    else:
        text = content
    tree = json.loads(text.decode("utf-8-sig"))
    if not isinstance(tree, dict) or "asset" not in tree:
        raise ValueError("it has no 'asset'")
    version_name = str(tree["asset"].get("minVersion", tree["asset"].get("version", "")))
    if not version_name.startswith("2."):
        raise CounterpointError(f"{path.name} is glTF {version_name}, which cannot be read; convert it to glTF 2.0.")
    return Gltf(path, tree, binary)
