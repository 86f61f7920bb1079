"""The verdict on a photo of a collection: whether it belongs to it. This is the only place where it is decided."""

import numpy as np
import numpy.typing as npt


def inliers(
    agreement: npt.NDArray[np.floating], least: float, apart: npt.NDArray[np.floating]
) -> npt.NDArray[np.bool_]:
    """Return which photos belong to a collection, bool [P].

    Args:
        agreement: how well each photo agrees with the others, float [P], a mean cosine similarity.
        least: the part of the median agreement that a photo must reach.
        apart: the agreement of those that are different pictures, float [Q], whose median it is.
    """
    return np.asarray(agreement >= least * float(np.median(apart)))
