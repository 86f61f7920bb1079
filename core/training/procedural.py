"""Procedural shapes with semantic parts: what the bundled encoder learns from, and what it is measured on."""

import numpy as np

from core.geometry.shape import make_shape
from core.training.builder import KINDS, Builder, Object3D, primitive
from core.training.categories import CATEGORIES

HELD_OUT = range(1_000_000_000, 1_000_010_000)
"""Seeds of objects that are for measuring only; :func:`training_seed` never gives one of them."""


def training_seed(number: int) -> int:
    """The seed of the ``number``-th training object: any number is fine, none is held out."""
    return number % HELD_OUT.start


def make_object(seed: int, category: str | None = None) -> Object3D:
    """Make the object of a seed: of a category half of the time, else an assembly or a blob.

    Or of the ``category`` asked for.
    """
    rng = np.random.default_rng(seed)
    draw = rng.random()
    if category is None:
        names = list(CATEGORIES)
        category = names[int(rng.integers(len(names)))] if draw < 0.5 else "assembly" if draw < 0.77 else "blob"
    if category == "blob":
        return _blob(rng)
    makers = {**CATEGORIES, "assembly": _assembly}
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
        turn = b.rng.uniform(-180, 180, 3) if b.maybe() else np.zeros(3)
        b.add(kind, f"piece {number}", centers[-1].tolist(), sizes[-1].tolist(), turn.tolist())


def _blob(rng: np.random.Generator) -> Object3D:
    """A sphere whose radius is a sum of smooth waves; parts are the regions around random places."""
    vertices, faces = primitive("ellipsoid")
    waves = rng.normal(size=(6, 3)) * rng.uniform(1, 3.5, (6, 1))
    bumps = np.sin(vertices @ waves.T + rng.uniform(0, 2 * np.pi, 6)) @ rng.uniform(0.03, 0.16, 6)
    shaped = vertices * (1 + bumps[:, None]) * rng.uniform(0.5, 1.2, 3)
    seeds = vertices[rng.choice(len(vertices), 8, replace=False)]
    part = np.argmax(vertices[faces].mean(axis=1) @ seeds.T, axis=1).astype(np.int32)
    return Object3D(make_shape(shaped, faces, name="blob"), "blob", part, vertices.astype(np.float32))
