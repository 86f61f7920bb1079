"""Intrinsics as other programs lay them out: from numbers and named values to one camera."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.arrays import Floats
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.lens import FISHEYE, Lens, opencv_lens
from core.geometry.pose import camera_matrix
from core.interchange.camera_leftovers import check_leftovers, check_skew, check_whole
from core.notices import warn

_NAMES = {
    "fx": ("fx", "flx", "focallengthx"),
    "fy": ("fy", "fly", "focallengthy"),
    "cx": ("cx", "ppx", "principalpointx"),
    "cy": ("cy", "ppy", "principalpointy"),
    "width": ("w", "width", "imagewidth"),
    "height": ("h", "height", "imageheight"),
    "focal": ("focallength", "focal", "f"),
    "principal": ("principalpoint",),
    "size": ("resolution", "imagesize", "size"),
    "matrix": ("k", "cameramatrix", "intrinsicmatrix", "camk", "mtx", "kmatrix", "intrinsics", "intrinsic", "camerak",
               "cameraintrinsics", "projectionmatrix", "p"),
    "bend": ("distortioncoefficients", "distortioncoeffs", "distcoeffs", "distcoefs", "dist", "coeffs", "distortion", "d"),
    "model": ("distortionmodel", "cameramodel", "model", "type", "modelname", "lensmodel", "lenstype", "lens", "cameratype",
              "projection", "projectiontype", "projectionmodel"),
}  # fmt: skip
"""What values are called, in lower case and without blanks, dots and underscores."""

_WITHIN = ("camera", "intrinsics", "intrinsic", "cameraintrinsics", "calibration", "color", "rgb", "lens", "distortion")
"""Where values may stand one level deeper."""

_STRAIGHT = ("", "none", "pinhole", "simplepinhole", "perspective", "distortionnone")
_OPENCV = ("opencv", "fullopencv", "plumbbob", "radtan", "rationalpolynomial", "browncondrady", "brownconrady",
           "distortionbrownconrady", "radialtangential", "simpleradial", "radial")  # fmt: skip
_FISHEYE = ("fisheye", "opencvfisheye", "equidistant", "kannalabrandt", "kannalabrandt4", "kannalabrandt8", "kb4",
            "distortionkannalabrandt4")  # fmt: skip
_OTHER = ("equirectangular", "omni", "omnidirectional", "mei", "ds", "doublesphere", "eucm", "fov", "orthophoto",
          "orthographic", "spherical", "panoramic", "cylindrical")  # fmt: skip

_RADIAL = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4")
_KNOWN = {key for names in _NAMES.values() for key in names} | {*_RADIAL, "fisheyemodel", "isfisheye"}
_BENT = re.compile(r"fisheye|omni|panoram|equirect|spheric|prism|division|unified|stereographic|equisolid")
"""In the names of models that are no perspective."""


def matrix_of(values: Any, name: str) -> Floats:
    """``K`` [3, 3] of 9, 12 or 16 numbers, flat or nested, row by row or column by column; of 4: fx, fy, cx, cy.

    Raises:
        CounterpointError: they are no intrinsics: the last row is not 0 0 1, there is skew, a focal length is not above zero.
    """
    array = np.asarray(values, np.float64)
    if array.size == 4:
        K = camera_matrix(*array.ravel().tolist())
    elif array.size in (9, 12, 16):
        K = _three_by_three(array, name)
    else:
        raise CounterpointError(f"{name} has {array.size} numbers where intrinsics have 9 (3 x 3), 12 or 16.")
    if not np.isfinite(K).all():
        raise CounterpointError(f"{name} has numbers that are not finite.")
    if np.abs(K[2] - [0, 0, 1]).max() > 1e-6 or abs(K[1, 0]) > 1e-6 * abs(K[0, 0]):
        if np.abs(K[:, 2] - [0, 0, 1]).max() > 1e-6 or abs(K[0, 1]) > 1e-6 * abs(K[0, 0]):
            raise CounterpointError(f"{name} is no matrix of intrinsics: its last row must be 0 0 1, and K[1, 0] 0.")
        warn(f"{name} gives K column by column (its last row is not 0 0 1): cx {K[2, 0]:.6g}, cy {K[2, 1]:.6g}.")
        K = K.T
    if K[0, 0] <= 0 or K[1, 1] <= 0:
        raise CounterpointError(f"{name} has a focal length that is not above zero; give OpenCV's fx and fy in pixels.")
    if abs(K[0, 1]) * K[1, 2] > 0.1 * K[1, 1]:
        raise CounterpointError(f"{name} has a skew of {K[0, 1]:.4g}, which is not supported; rectify the photo first.")
    return camera_matrix(K[0, 0], K[1, 1], K[0, 2], K[1, 2])


def _three_by_three(array: Floats, name: str) -> Floats:
    """Of 9, 12 or 16 numbers."""
    if array.size == 9:
        return array.reshape(3, 3)
    if array.size == 16:
        whole = array.reshape(4, 4)
        if np.abs(whole[3] - [0, 0, 0, 1]).max() > 1e-9 or np.abs(whole[:3, 3]).max() > 1e-9:
            raise CounterpointError(f"{name} has 4 x 4 numbers that are no intrinsics (a pose?).")
        return whole[:3, :3]
    wide = array.reshape(3, 4)
    if np.abs(wide[2, :3] - [0, 0, 1]).max() > 1e-6:
        raise CounterpointError(f"{name} is a projection of 3 x 4 numbers with a pose in it; give K alone.")
    if np.abs(wide[:, 3]).max() > 1e-9:
        warn(f"{name}: the fourth column of its 3 x 4 numbers (a baseline) is left out.")
    return wide[:, :3]


def camera_of(content: Any, name: str) -> PhotoCamera:
    """Of a dictionary of named values, or of numbers.

    Raises:
        CounterpointError: no intrinsics are found, or it names a distortion that is not understood.
    """
    if not isinstance(content, dict):
        return PhotoCamera(matrix_of(_numbers(content), name))
    said = _flat(content, name)
    check_whole(said, name)
    lens, K = _lens(said, name), _matrix(said, name)
    check_skew(said, K[0, 0], K[1, 2] / K[1, 1], name)
    check_leftovers(said, _KNOWN, set(K.ravel().tolist()), name)
    scale = content.get("depth_scale")
    return PhotoCamera(K, _size(said), lens, None if scale is None else float(scale))


def holds_intrinsics(content: Any) -> bool:
    """Whether a value is a dictionary with a focal length or a matrix in it."""
    if not isinstance(content, dict):
        return False
    said = _flat(content)
    return any(_value(said, what) is not None for what in ("fx", "focal", "matrix"))


def _matrix(said: dict[str, Any], name: str) -> Floats:
    numbers = [_value(said, key) for key in ("fx", "fy", "cx", "cy")]
    if numbers[0] is not None and numbers[1] is None:
        numbers[1] = numbers[0]
        warn(f"{name} has fx only; fy is taken to be the same.")
    if all(number is not None for number in numbers):
        return matrix_of([float(number) for number in numbers], name)
    matrix = _value(said, "matrix")
    if matrix is not None:
        return matrix_of(_numbers(matrix), name)
    focal, principal = _value(said, "focal"), _value(said, "principal")
    if focal is not None and (principal is not None or numbers[2] is not None):
        both = np.broadcast_to(np.asarray(focal, np.float64).ravel(), 2)
        return matrix_of([*both, *(principal if principal is not None else numbers[2:])], name)
    raise CounterpointError(f"{name} has no intrinsics: give fx, fy, cx and cy in pixels, or K as 3 x 3 numbers.")


def _lens(said: dict[str, Any], name: str) -> Lens | None:
    """The lens that the named values describe; what is not understood is refused by its name."""
    coefficients = _coefficients(said, name)
    single = {key: float(said[key]) for key in _RADIAL if said.get(key) and not isinstance(said[key], list)}
    if any(coefficients) and single and [coefficients[_RADIAL.index(k)] if _RADIAL.index(k) < len(coefficients) else 0
                                         for k in single] != list(single.values()):  # fmt: skip
        raise CounterpointError(f"{name} gives the distortion twice, and not the same.")
    models = {_plain(word): word for key in _NAMES["model"] if isinstance(word := said.get(key), str)}
    _understood(models, name)
    is_fisheye = said.get("fisheyemodel") or said.get("isfisheye") or not models.keys().isdisjoint(_FISHEYE)
    if not any(coefficients) and not single:
        return _without_coefficients(bool(is_fisheye), name)
    if is_fisheye:
        return _fisheye(coefficients, single, name)
    if models and models.keys().isdisjoint((*_OPENCV, *_STRAIGHT)):
        raise CounterpointError(
            f"{name} has a lens of the model {next(iter(models.values()))!r}, which is not understood."
        )
    if coefficients and len(coefficients) == 4 and not models:
        warn(f"{name} has four distortion coefficients and does not say which: they are taken as k1, k2, p1, p2.")
    return opencv_lens(_counted(coefficients, name) or _filled(single))


def _coefficients(said: dict[str, Any], name: str) -> list[float]:
    """The numbers of a lens that stand in one value: a list, or a text of them; a text without numbers names the model."""
    bend = _value(said, "bend")
    if bend is None:
        return []
    if not isinstance(bend, str):
        return [float(value) for value in np.ravel(_numbers(bend)).tolist()]
    try:
        return [float(word) for word in re.split(r"[\s,;\[\]()]+", bend) if word]
    except ValueError:
        if _plain(bend) not in (*_STRAIGHT, *_OPENCV, *_FISHEYE, "false", "no"):
            raise CounterpointError(
                f"{name} has the distortion {bend!r}, which is not understood; give its coefficients as a list of numbers."
            ) from None
        return []


def _counted(coefficients: list[float], name: str) -> list[float]:
    """As many coefficients as OpenCV has; zeros at the end count as none."""
    while coefficients and len(coefficients) not in (4, 5, 8, 12, 14) and not coefficients[-1]:
        coefficients = coefficients[:-1]
    if len(coefficients) not in (0, 1, 2, 4, 5, 8, 12, 14):
        raise CounterpointError(
            f"{name} has {len(coefficients)} distortion coefficients, and OpenCV has 4, 5, 8, 12 or 14 "
            "(k1, k2, p1, p2, k3, ...): which they are is not known; give them by their names."
        )
    return coefficients


def _fisheye(coefficients: list[float], single: dict[str, float], name: str) -> Lens:
    if set(single) - {"k1", "k2", "k3", "k4"} or (len(coefficients) > 4 and any(coefficients[4:])):
        raise CounterpointError(f"{name} has a fisheye lens with more than k1, k2, k3 and k4, which is not understood.")
    four = coefficients[:4] or [single.get(key, 0.0) for key in ("k1", "k2", "k3", "k4")]
    return Lens(FISHEYE, tuple((*four, 0.0, 0.0, 0.0, 0.0)[:4]))


def _understood(models: dict[str, str], name: str) -> None:
    """Refuse projections that are no perspective, whichever value names them."""
    for plain, word in models.items():
        if plain in _OTHER or (_BENT.search(plain) and plain not in _FISHEYE):
            raise CounterpointError(f"{name} has a camera of the model {word!r}, which is not understood.")


def _without_coefficients(is_fisheye: bool, name: str) -> Lens | None:
    """A fisheye whose coefficients are all zero still bends; all other models do not."""
    if not is_fisheye:
        return None
    warn(f"{name} has a fisheye lens without coefficients: it is taken to be equidistant.")
    return Lens(FISHEYE, (0.0, 0.0, 0.0, 0.0))


def _filled(single: dict[str, float]) -> list[float]:
    return [single.get(key, 0.0) for key in _RADIAL[: 1 + max(_RADIAL.index(key) for key in single)]]


def _flat(content: dict[str, Any], name: str = "The file") -> dict[str, Any]:
    """Values by their plain names; those one level deeper too.

    Raises:
        CounterpointError: they are of several cameras (``Camera1.fx`` beside ``Camera2.fx`` of ORB-SLAM).
    """
    said: dict[str, Any] = {}
    numbered = {found[1] for key in content if (found := re.match(r"camera(\d)\.", str(key).lower()))}
    if len(numbered) > 1:
        raise CounterpointError(
            f"{name} holds several cameras (Camera{', Camera'.join(sorted(numbered))}); give a file with one of them."
        )
    for key, value in content.items():
        plain = _plain(str(key))
        if isinstance(value, dict) and plain in _WITHIN and "data" not in value:
            said = _flat(value, name) | said
        else:
            said[plain] = value
    return said


def _plain(key: str) -> str:
    """A key without what programs differ in: "Camera.fx" is "fx", "camera_matrix" is "cameramatrix"."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^camera\d?\.", "", key.lower()))


def _value(said: dict[str, Any], what: str) -> Any:
    return next((said[key] for key in _NAMES[what] if said.get(key) is not None), None)


def _size(said: dict[str, Any]) -> tuple[int, int] | None:
    width, height = _value(said, "width"), _value(said, "height")
    if width is None or height is None:
        both = _value(said, "size")
        if not isinstance(both, Sequence) or isinstance(both, str) or len(both) != 2:
            return None
        width, height = both
    return (round(float(width)), round(float(height))) if float(width) > 0 and float(height) > 0 else None


def _numbers(value: Any) -> Any:
    """Numbers of a list, or of the ``data`` of ROS and OpenCV."""
    return value["data"] if isinstance(value, dict) and "data" in value else value
