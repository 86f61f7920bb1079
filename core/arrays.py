"""Arrays that signatures name; their shapes, and what they hold, stand in the docstrings."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
