"""Whether a mesh is the surface of bodies, of which only the outside is ever seen."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def is_closed(points: npt.NDArray[np.floating], faces: npt.NDArray[np.integer]) -> bool:
    """Whether each part of a mesh, points [V, 3] and faces [F, 3], has no hole and faces outward.

    It has no hole where each edge is gone along as often from one end as from the other.
    """
    along = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    edges = coo_array((np.ones(faces.size, np.int32), along), shape=(len(points),) * 2).tocsr()
    if (edges - edges.T.tocsr()).count_nonzero():
        return False
    part = connected_components(edges, connection="strong")[1][faces[:, 0]]
    a, b, c = (points[faces[:, i]].astype(np.float64) for i in range(3))
    volumes = np.bincount(part, np.einsum("fd,fd->f", a, np.cross(b, c)))
    return bool((volumes[np.unique(part)] > 0).all())
