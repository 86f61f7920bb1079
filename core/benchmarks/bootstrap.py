"""How far a share would lie from itself on other objects: the bootstrap over groups."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

DRAWS = 2000


def spread_of_share(right: npt.ArrayLike, group: Sequence[int] | npt.NDArray[np.integer]) -> float:
    """Return the standard deviation of a share when its groups are drawn again, with repetition.

    Args:
        right: bool [N], the answers.
        group: int [N], the picture that each answer belongs to: answers of one picture are right or wrong together.
    """
    _, number = np.unique(group, return_inverse=True)
    answers = np.bincount(number)
    hits = np.bincount(number, weights=np.asarray(right, float))
    drawn = np.random.default_rng(0).integers(len(answers), size=(DRAWS, len(answers)))
    return float((hits[drawn].sum(axis=1) / answers[drawn].sum(axis=1)).std())
