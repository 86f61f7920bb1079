"""Rotations of viewing rays."""

import numpy as np
from scipy.spatial.transform import Rotation

from core.arrays import Floats


def toward(ray: Floats) -> Floats:
    """The shortest rotation [3, 3] that turns the optical axis to a ray [3]."""
    ray = ray / np.linalg.norm(ray)
    around = np.cross([0.0, 0, 1], ray)
    sine = np.linalg.norm(around)
    return np.asarray(Rotation.from_rotvec(around / max(sine, 1e-12) * np.arctan2(sine, ray[2])).as_matrix())
