"""Procedural shapes with semantic parts: what the bundled encoder learns from, and what it is measured on.

Objects stand with y up and look along +z; x points to their left. A part on the left has another id than its twin on the right.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import trimesh

from core.geometry.raycasting import Raycaster
from core.geometry.shape import Shape, make_shape

Floats = npt.NDArray[np.floating]
Kind = Literal["box", "ellipsoid", "cylinder", "cone", "capsule", "torus"]
KINDS: tuple[Kind, ...] = ("box", "ellipsoid", "cylinder", "cone", "capsule", "torus")

HELD_OUT = range(1_000_000_000, 1_000_010_000)
"""Seeds of objects that are for measuring only; :func:`training_seed` never gives one of them."""


def training_seed(number: int) -> int:
    """The seed of the ``number``-th training object: any number is fine, none is held out."""
    return number % HELD_OUT.start


@dataclass
class Object3D:
    """A shape with what is known about every place of its surface.

    Attributes:
        shape: the mesh; its normalised frame is what the arrays below refer to.
        category: "chair", ..., or "assembly" or "blob", which have no counterpart in another instance.
        face_part: int32 [F], the part of each face; the same number means the same part in all instances of a category.
        local: float32 [V, 3], coordinates in [-1, 1] within the primitive a vertex belongs to.
    """

    shape: Shape
    category: str
    face_part: npt.NDArray[np.int32]
    local: npt.NDArray[np.float32]

    @cached_property
    def caster(self) -> Raycaster:
        return Raycaster(self.shape)


@dataclass
class Builder:
    """Collects primitives; random numbers come from ``rng`` alone."""

    rng: np.random.Generator
    parts: list[str] = field(default_factory=list)
    _vertices: list[Floats] = field(default_factory=list)
    _locals: list[Floats] = field(default_factory=list)
    _faces: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _face_parts: list[npt.NDArray[np.int32]] = field(default_factory=list)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def maybe(self, probability: float = 0.5) -> bool:
        return bool(self.rng.random() < probability)

    def add(
        self,
        kind: Kind,
        part: str,
        center: Sequence[float],
        half: Sequence[float],
        turn: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        """A primitive of half extents ``half`` (axis along y) at ``center``, turned by Euler angles x, y, z in degrees."""
        unit_vertices, unit_faces = _unit(kind)
        if part not in self.parts:
            self.parts.append(part)
        R = trimesh.transformations.euler_matrix(*np.radians(turn))[:3, :3]
        start = sum(map(len, self._vertices))
        self._vertices.append((unit_vertices * np.asarray(half)) @ R.T + np.asarray(center))
        self._locals.append(unit_vertices)
        self._faces.append(unit_faces + start)
        self._face_parts.append(np.full(len(unit_faces), self.parts.index(part), np.int32))

    def pair(
        self,
        kind: Kind,
        part: str,
        center: Sequence[float],
        half: Sequence[float],
        turn: tuple[float, float, float] = (0, 0, 0),
    ) -> None:
        """The same on the left (+x) and, mirrored, on the right, as two parts."""
        x, y, z = center
        self.add(kind, f"{part} left", (x, y, z), half, turn)
        self.add(kind, f"{part} right", (-x, y, z), half, (turn[0], -turn[1], -turn[2]))

    def finish(self, category: str) -> Object3D:
        """Stretch and bend a little, as no two objects of a kind are the same, and join."""
        vertices = np.concatenate(self._vertices) * self.rng.uniform(0.8, 1.25, 3)
        size = float(np.linalg.norm(np.ptp(vertices, axis=0)))
        wave = self.rng.normal(size=(3, 3)) * (2.2 / size)
        phase = self.rng.uniform(0, 2 * np.pi, 3)
        vertices = vertices + self.rng.uniform(0, 0.02) * size * np.sin(vertices @ wave.T + phase)
        shape = make_shape(vertices, np.concatenate(self._faces), name=category)
        return Object3D(
            shape, category, np.concatenate(self._face_parts), np.concatenate(self._locals).astype(np.float32)
        )


def make_object(seed: int, category: str | None = None) -> Object3D:
    """The object of a seed: of a category half of the time, else an assembly or a blob; or of the ``category`` asked for."""
    from core.training.categories import CATEGORIES

    rng = np.random.default_rng(seed)
    draw = rng.random()
    if category is None:
        names = list(CATEGORIES)
        category = names[int(rng.integers(len(names)))] if draw < 0.5 else "assembly" if draw < 0.77 else "blob"
    if category == "blob":
        return _blob(rng)
    makers: dict[str, Callable[[Builder], None]] = {**CATEGORIES, "assembly": _assembly}
    builder = Builder(rng)
    makers[category](builder)
    return builder.finish(category)


def _assembly(b: Builder) -> None:
    """Primitives stuck onto each other at random; each is a part of its own."""
    centers, sizes = [np.zeros(3)], [b.rng.uniform(0.15, 0.5, 3)]
    for number in range(int(b.rng.integers(3, 10))):
        kind = KINDS[int(b.rng.integers(len(KINDS)))]
        if number:
            base = int(b.rng.integers(len(centers)))
            direction = b.rng.normal(size=3)
            direction /= np.linalg.norm(direction)
            sizes.append(b.rng.uniform(0.08, 0.45, 3) * b.between(0.4, 1))
            centers.append(centers[base] + direction * (sizes[base].mean() + 0.6 * sizes[-1].mean()))
        turn = tuple(map(float, b.rng.uniform(-180, 180, 3))) if b.maybe() else (0.0, 0.0, 0.0)
        b.add(kind, f"piece {number}", centers[-1], sizes[-1], turn)  # type: ignore[arg-type]


def _blob(rng: np.random.Generator) -> Object3D:
    """A sphere whose radius is a sum of smooth waves; parts are the regions around random places."""
    vertices, faces = _unit("ellipsoid")
    waves = rng.normal(size=(6, 3)) * rng.uniform(1, 3.5, (6, 1))
    bumps = np.sin(vertices @ waves.T + rng.uniform(0, 2 * np.pi, 6)) @ rng.uniform(0.03, 0.16, 6)
    shaped = vertices * (1 + bumps[:, None]) * rng.uniform(0.5, 1.2, 3)
    seeds = vertices[rng.choice(len(vertices), 8, replace=False)]
    part = np.argmax(vertices[faces].mean(axis=1) @ seeds.T, axis=1).astype(np.int32)
    return Object3D(make_shape(shaped, faces, name="blob"), "blob", part, vertices.astype(np.float32))


@lru_cache
def _unit(kind: Kind) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Vertices [V, 3] in [-1, 1] and faces of a primitive along y."""
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
