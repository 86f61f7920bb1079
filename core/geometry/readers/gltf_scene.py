"""What stands where in a glTF scene: nodes, skins and instances."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.geometry.readers.gltf_file import Gltf, Tree

_INSTANCES = "EXT_mesh_gpu_instancing"
_MOST_NODES = 1_000_000

Matrix = npt.NDArray[np.float64]


@dataclass
class Placed:
    """A mesh of the scene.

    It has placements float64 [N, 4, 4], weights of morph targets, and the joints [J, 4, 4] of its skin or None.
    """

    mesh: Tree
    placements: Matrix
    weights: list[float]
    joints: Matrix | None


def placed_meshes(gltf: Gltf, warnings: list[str]) -> Iterator[Placed]:
    """The meshes of the scene in the order of its nodes: a node, then its children."""
    shown = list(_walk(gltf, warnings))
    world = {number: matrix for number, matrix, _ in shown}
    for number, matrix, is_visible in shown:
        node = gltf.part("nodes", number)
        if "mesh" not in node or not is_visible:
            continue
        mesh = gltf.part("meshes", node["mesh"])
        weights: list[float] = node.get("weights", mesh.get("weights", [])) or []
        joints = _joints(gltf, node["skin"], world) if "skin" in node else None
        instances = node.get("extensions", {}).get(_INSTANCES)
        placements = matrix[None] if instances is None else matrix @ _instances(gltf, instances)
        yield Placed(mesh, placements, weights, joints)


def _walk(gltf: Gltf, warnings: list[str]) -> Iterator[tuple[int, Matrix, bool]]:
    """Every node of the scene with its placement, and whether it is visible."""
    nodes, scenes = gltf.tree.get("nodes", []), gltf.tree.get("scenes", [])
    if scenes:
        roots = gltf.part("scenes", gltf.tree.get("scene", 0)).get("nodes", [])
        if len(scenes) > 1:
            warnings.append(f"It has {len(scenes)} scenes; only the one that it opens with is shown.")
    else:
        below = {child for node in nodes for child in node.get("children", [])}
        roots = [number for number in range(len(nodes)) if number not in below]
    seen: set[int] = set()
    waiting = [(number, np.eye(4), True) for number in reversed(roots)]
    while waiting:
        number, above, is_visible = waiting.pop()
        node = gltf.part("nodes", number)
        if number in seen or len(seen) > _MOST_NODES:
            raise ValueError("a node is in its scene more than once")
        seen.add(number)
        if node.get("extensions", {}).get("KHR_node_visibility", {}).get("visible", True) is False:
            warnings.append("Parts of its scene that are not visible are left out.")
            is_visible = False
        matrix = above @ _matrix(node)
        yield number, matrix, is_visible
        waiting += [(child, matrix, is_visible) for child in reversed(node.get("children", []))]


def _matrix(node: Tree) -> Matrix:
    if "matrix" in node:
        matrix = np.array(node["matrix"], np.float64).reshape(4, 4).T
        if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
            raise ValueError("the last row of a node's matrix is not 0 0 0 1")
        return matrix
    matrices = _compose(
        np.array([node.get("translation", (0, 0, 0))], np.float64),
        np.array([node.get("rotation", (0, 0, 0, 1))], np.float64),
        np.array([node.get("scale", (1, 1, 1))], np.float64),
    )
    return np.asarray(matrices[0])


def _compose(translation: Matrix, rotation: Matrix, scale: Matrix) -> Matrix:
    """Placements [N, 4, 4] from translations [N, 3], quaternions x y z w [N, 4] and scales [N, 3]."""
    x, y, z, w = (rotation / np.maximum(np.linalg.norm(rotation, axis=1, keepdims=True), 1e-12)).T
    turned = np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=1),
        ],
        axis=1,
    )
    matrix = np.tile(np.eye(4), (len(turned), 1, 1))
    matrix[:, :3, :3] = turned * scale[:, None, :]
    matrix[:, :3, 3] = translation
    return matrix


def _instances(gltf: Gltf, extension: Tree) -> Matrix:
    """Placements [N, 4, 4] below the node, one for each copy of its mesh."""
    attributes: dict[str, Any] = extension.get("attributes", {})
    given = {name: gltf.floats(number).astype(np.float64) for name, number in attributes.items() if name[0] != "_"}
    count = gltf.part("accessors", next(iter(attributes.values())))["count"] if attributes else 1
    return _compose(
        given.get("TRANSLATION", np.zeros((count, 3))),
        given.get("ROTATION", np.tile([0.0, 0, 0, 1], (count, 1))),
        given.get("SCALE", np.ones((count, 3))),
    )


def _joints(gltf: Gltf, number: int, world: dict[int, Matrix]) -> Matrix:
    """What each joint does to a vertex in the pose in which the file shows it, [J, 4, 4]."""
    skin = gltf.part("skins", number)
    if not set(skin["joints"]) <= set(world):
        raise ValueError("a skin has joints that are not in the scene")
    joints = np.stack([world[joint] for joint in skin["joints"]])
    if "inverseBindMatrices" in skin:
        inverse = gltf.floats(skin["inverseBindMatrices"]).astype(np.float64)
        joints = joints @ inverse[: len(joints)].reshape(-1, 4, 4).transpose(0, 2, 1)
    return joints
