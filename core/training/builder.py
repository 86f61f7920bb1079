"""Objects with semantic parts, and how one is put together from primitives.

Objects stand with y up and look along +z, so that x points to their left. A part on the left has another id than its
twin on the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import trimesh

from core.arrays import Floats
from core.geometry.shape import make_shape
from core.training.scene import Object3D

Kind = Literal["box", "ellipsoid", "cylinder", "cone", "capsule", "torus"]
Triple = Sequence[float]
KINDS: tuple[Kind, ...] = ("box", "ellipsoid", "cylinder", "cone", "capsule", "torus")


@dataclass
class Builder:
    """Collects primitives.

    Attributes:
        rng: of all random numbers.
        parts: names of the parts, whose order gives their numbers.
    """

    rng: np.random.Generator
    parts: list[str] = field(default_factory=list)
    _vertices: list[Floats] = field(default_factory=list)
    _locals: list[Floats] = field(default_factory=list)
    _faces: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _face_parts: list[npt.NDArray[np.int32]] = field(default_factory=list)

    def between(self, low: float, high: float) -> float:
        """A uniform random number."""
        return float(self.rng.uniform(low, high))

    def maybe(self, probability: float = 0.5) -> bool:
        """True with a probability."""
        return bool(self.rng.random() < probability)

    def add(self, kind: Kind, part: str, center: Triple, half: Triple, turn: Triple = (0, 0, 0)) -> None:
        """Add a primitive whose axis is y.

        Args:
            kind: of the primitive.
            part: the name of the part that it belongs to.
            center: where it is.
            half: half of its extents, before it is turned.
            turn: Euler angles around x, y and z, in degrees.
        """
        unit_vertices, unit_faces = primitive(kind)
        if part not in self.parts:
            self.parts.append(part)
        R = trimesh.transformations.euler_matrix(*np.radians(turn))[:3, :3]
        start = sum(map(len, self._vertices))
        self._vertices.append((unit_vertices * np.asarray(half)) @ R.T + np.asarray(center))
        self._locals.append(unit_vertices)
        self._faces.append(unit_faces + start)
        self._face_parts.append(np.full(len(unit_faces), self.parts.index(part), np.int32))

    def pair(self, kind: Kind, part: str, center: Triple, half: Triple, turn: Triple = (0, 0, 0)) -> None:
        """Add a primitive on the left (+x) and its mirror image on the right, as two parts.

        Arguments are those of :meth:`add`.
        """
        x, y, z = center
        self.add(kind, f"{part} left", (x, y, z), half, turn)
        self.add(kind, f"{part} right", (-x, y, z), half, (turn[0], -turn[1], -turn[2]))

    def finish(self, category: str) -> Object3D:
        """Join the primitives; the object is stretched and bent a little, so that no two of a category are the same."""
        vertices = np.concatenate(self._vertices) * self.rng.uniform(0.8, 1.25, 3)
        size = float(np.linalg.norm(np.ptp(vertices, axis=0)))
        wave = self.rng.normal(size=(3, 3)) * (2.2 / size)
        phase = self.rng.uniform(0, 2 * np.pi, 3)
        vertices = vertices + self.rng.uniform(0, 0.02) * size * np.sin(vertices @ wave.T + phase)
        shape = make_shape(vertices, np.concatenate(self._faces), name=category)
        return Object3D(
            shape, category, np.concatenate(self._face_parts), np.concatenate(self._locals).astype(np.float32)
        )


@lru_cache
def primitive(kind: Kind) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Vertices float64 [V, 3] in [-1, 1] and faces int64 [F, 3] of a primitive whose axis is y."""
    make = trimesh.creation
    if kind == "box":
        mesh = make.box((2, 2, 2)).subdivide().subdivide()
    elif kind == "ellipsoid":
        mesh = make.icosphere(4)
    elif kind == "torus":
        mesh = make.torus(0.75, 0.25, major_sections=40, minor_sections=16)
        mesh.vertices = mesh.vertices[:, [0, 2, 1]] * [1, 4, 1]
        mesh.invert()
    else:
        profile = {
            "cylinder": [(0, -1), (1, -1), (1, 0), (1, 1), (0, 1)],
            "cone": [(0, -1), (1, -1), (0.75, 0), (0.5, 1), (0, 1)],
            "capsule": [
                (np.cos(a), 0.6 * np.sign(a) + 0.4 * np.sin(a)) for a in np.linspace(-np.pi / 2, np.pi / 2, 17)
            ],
        }[kind]
        mesh = make.revolve(np.array(profile, float), sections=32)
        mesh.vertices = mesh.vertices[:, [0, 2, 1]]
        mesh.invert()
    return np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int64)
