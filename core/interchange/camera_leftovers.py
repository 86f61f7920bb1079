"""What a camera's file says beside its intrinsics and lens: refused where it changes where things are seen, else said."""

import re
from collections.abc import Set
from typing import Any

import numpy as np

from core.errors import CounterpointError
from core.notices import warn

_SKEWS = ("s", "skew", "skewness", "axisskew", "gamma", "shear", "fxy", "alphac", "skewcoefficient")
"""What the skew is called, in pixels; Bouguet's ``alpha_c`` is a share of fx."""

_BENDS = re.compile(
    r"dist|radial|tangential|fisheye|prism|^[kpsb]\d$|^(?:lambda|xi|omega|kc|coefs?|coefficients|coeff)$"
)
"""Names of what bends a picture."""

_CUTS = ("x", "y", "left", "top", "x0", "y0", "xoffset", "yoffset", "x_offset", "y_offset", "offset_x", "offset_y")
"""What the corner of a region of interest is called."""

_ABOUT = re.compile(
    r"name|id$|num|^class|version|serial|fps|rate|time|stamp|date|file|path|image|frame|seq|header|topic|overlap"
    r"|board|square|pattern|grid|point|error|rms|reproj|deviation|covariance|flag|calib|extrinsic|pose|trans|position|rectif|project|orient"
    r"|^(?:r|t|q|rvecs?|tvecs?|tf|up|tcn.*|tcam.*|tbs|tbc|rotationmatrix|rotations?|cam2world|world2cam|c2w|w2c|camr.*|camt.*|elev.*|mode)$"
    r"|depth|baseline|^bf$|orb|viewer|imu|exposure|iso|gain|white|aperture|fnumber|focus|make|vendor|device|sensor|mask|near|far|clip"
    r"|color|rgb|note|comment|description|author|info|meta|dictionary|marker|undist.*size|camerasettings|camera\d"
)
"""Names of what does not tell where things are seen in a photo."""


def check_skew(said: dict[str, Any], fx: float, reach: float, name: str) -> None:
    """Refuse a skew that moves pixels; ``reach`` is the principal point's row as a share of fy, as far as a skew reaches.

    Raises:
        CounterpointError: there is skew.
    """
    is_pose = any(re.match(r"r$|t$|camr|rot|trans|pos", key) for key in said)  # there s is a scale
    for key in _SKEWS[is_pose:]:
        if isinstance(value := said.get(key), int | float | str) and value not in ("", None):
            skew = float(value) * (fx if key == "alphac" else 1.0)
            if not abs(skew) * reach <= 0.1:
                raise CounterpointError(
                    f"{name} has a skew ({key}) of {skew:.4g}, which is not supported; rectify the photo first."
                )


def check_whole(said: dict[str, Any], name: str) -> None:
    """Refuse what says that the photos are cut out of those that the intrinsics are for (``roi`` of ROS and others).

    Raises:
        CounterpointError: a region of interest does not begin at the corner.
    """
    for key in ("roi", "regionofinterest", "crop", "cropbox"):
        cut = said.get(key)
        corner = list(cut[:2]) if isinstance(cut, list | tuple) else []
        corner += [cut.get(one) for one in _CUTS] if isinstance(cut, dict) else []
        if any(corner):
            raise CounterpointError(
                f"{name} has a region of interest ({key}), so its photos are cut out of those that K is for; "
                "give the K of the cut photo."
            )


def check_leftovers(said: dict[str, Any], used: Set[str], numbers: Set[float], name: str) -> None:
    """Refuse distortion that is not understood, and say which other numbers of a camera's file are not used.

    Args:
        said: the values by their plain names.
        used: the names that are understood.
        numbers: of the intrinsics; what only says them again is not said.
        name: of the file.

    Raises:
        CounterpointError: a value describes distortion, and its name is not understood.
    """
    left = {key: value for key, value in said.items() if key not in used and key not in _SKEWS and counts(value)}
    for key, value in left.items():
        again = key in ("params", "parameters") and {float(v) for v in np.ravel(value) if v} <= numbers
        if (_BENDS.search(key) or key in ("params", "parameters")) and not again:
            raise CounterpointError(
                f"{name} has {key!r}, which is not understood; give k1, k2, p1, p2, k3 .. k6 of OpenCV."
            )
    unused = [key for key, value in left.items() if not _ABOUT.search(key) and _is_number(value)]
    unused = [key for key in unused if key not in ("params", "parameters") and not _is_plain(key, said[key])]
    if unused:
        warn(
            f"{name} also has numbers that are not used ({', '.join(unused[:6])}{' and more' * (len(unused) > 6)}): "
            "check that fx, fy, cx and cy are those of this photo."
        )


def counts(value: Any) -> bool:
    """Whether a value says anything: a number that is not 0, a text, a list with such a number."""
    if isinstance(value, dict):
        return any(map(counts, value.values()))
    if isinstance(value, list | tuple | np.ndarray):
        return any(map(counts, value))
    return bool(value)


def _is_number(value: Any) -> bool:
    """Whether there are numbers in a value."""
    if isinstance(value, dict):
        return any(map(_is_number, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_is_number, value))
    return isinstance(value, int | float) and not (isinstance(value, bool) and not value)


def _is_plain(key: str, value: Any) -> bool:
    """Whether a factor is 1, which changes nothing."""
    return value == 1 and any(word in key for word in ("scale", "factor", "ratio", "aspect", "binning", "zoom"))
