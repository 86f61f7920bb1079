"""Distortion of lenses: OpenCV's model and its fisheye by OpenCV, all models of COLMAP by pycolmap.

OpenCV, pycolmap and SciPy are imported where they are used, because the window keeps lenses and stays light.

Normalised coordinates are ``x / z, y / z`` of the camera's frame (OpenCV axes); pixels are ``K`` times them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.arrays import Floats
from core.errors import CounterpointError

OPENCV, FISHEYE = "opencv", "fisheye"

STEP = 1e-6
"""Of the differences that stand for derivatives."""

DIRECTIONS = 64
"""In which it is looked up where a lens folds back."""


@dataclass(frozen=True)
class Lens:
    """A lens that distorts.

    Attributes:
        model: "opencv" (k1, k2, p1, p2, k3 .. k6, s1 .. s4, tx, ty, as many as there are), "fisheye" (k1 .. k4 of the
            angle, Kannala and Brandt 2006), or a model of COLMAP by its name.
        coefficients: as OpenCV orders them; of COLMAP what follows focal lengths and principal point.

    Raises:
        CounterpointError: no such model, a number of coefficients that it does not have, or one that is not finite.
    """

    model: str
    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        count = len(self.coefficients)
        if not np.isfinite(self.coefficients).all():
            raise CounterpointError("A lens has a coefficient that is not a finite number.")
        if self.model == OPENCV:
            allowed: tuple[int, ...] = (4, 5, 8, 12, 14)
        elif self.model == FISHEYE:
            allowed = (4,)
        else:
            allowed = (_colmap_count(self.model),)
        if count not in allowed:
            raise CounterpointError(f"A lens of the model {self.model} has {allowed[0]} coefficients, not {count}.")

    def distort(self, xy: Floats) -> Floats:
        """Where the lens puts normalised coordinates [..., 2], float64 [..., 2], normalised too."""
        import cv2

        flat = np.ascontiguousarray(np.asarray(xy, np.float64).reshape(-1, 1, 2))
        if flat.size == 0:
            return flat.reshape(np.shape(xy))
        if self.model == OPENCV:
            points = np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1)
            bent = cv2.projectPoints(points, np.zeros(3), np.zeros(3), np.eye(3), np.array(self.coefficients))[0]
        elif self.model == FISHEYE:
            bent = cv2.fisheye.distortPoints(flat, np.eye(3), np.array(self.coefficients))
        else:
            points = np.concatenate([flat[:, 0], np.ones_like(flat[:, 0, :1])], axis=-1)
            bent = _colmap(self.model, self.coefficients).img_from_cam(points)
        return np.asarray(bent, np.float64).reshape(np.shape(xy))

    def undistort(self, xy: Floats) -> Floats:
        """The inverse of :meth:`distort`, [n, 2] -> float64 [n, 2], on the part of the picture that shows the world once.

        NaN where there is no inverse.
        """
        target = np.asarray(xy, np.float64).reshape(-1, 2)
        found, left = target.copy(), np.isfinite(target).all(1)
        result = np.full_like(target, np.nan)
        index = np.flatnonzero(left)
        for _ in range(60):
            if len(index) == 0:
                break
            error, jacobian, determinant = self._derivative(found[index], target[index])
            done = (np.abs(error) < 1e-11 * (1 + np.abs(found[index]))).all(1)
            result[index[done & (determinant > 0)]] = found[index[done & (determinant > 0)]]
            ahead = ~done & (determinant > 1e-9)
            index, error, jacobian = index[ahead], error[ahead], jacobian[ahead]
            found[index] -= np.linalg.solve(jacobian, error[..., None])[..., 0]
            index = index[np.abs(found[index]).max(1, initial=0) < 1e4]
        result[~self._before_the_fold(result)] = np.nan
        return result.reshape(np.shape(xy))

    def _before_the_fold(self, places: Floats) -> npt.NDArray[np.bool_]:
        """Whether the lens does not fold back [n] on the way from its axis to places [n, 2]."""
        angle = np.arctan2(places[:, 1], places[:, 0]) / (2 * np.pi) * DIRECTIONS
        with np.errstate(invalid="ignore"):
            number = np.nan_to_num(np.rint(angle)).astype(int) % DIRECTIONS
            return np.asarray(np.linalg.norm(places, axis=1) < _folds(self)[number])

    def _derivative(self, at: Floats, target: Floats) -> tuple[Floats, Floats, Floats]:
        """Of n places: how far they land from the target [n, 2], the Jacobian [n, 2, 2] and its determinant [n]."""
        step = STEP * (1 + np.abs(at).max(1, initial=0))[:, None]
        columns = []
        for axis in (np.array([1.0, 0]), np.array([0, 1.0])):
            columns.append((self.distort(at + step * axis) - self.distort(at - step * axis)) / (2 * step))
        jacobian = np.stack(columns, axis=-1)
        return self.distort(at) - target, jacobian, np.linalg.det(jacobian)

    def distort_pixels(self, pixels: Floats, K: Floats) -> Floats:
        """Pixels [..., 2] of a pinhole camera ``K`` as this lens shows them."""
        return _through(self.distort, pixels, K)

    def undistort_pixels(self, pixels: Floats, K: Floats) -> Floats:
        """Pixels [..., 2] of the user's photo as a pinhole camera ``K`` would show them.

        NaN where there is no inverse.
        """
        return _through(self.undistort, pixels, K)

    def sources(self, K: Floats, onto: Floats, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """Find for every pixel of a pinhole picture its place in the photo with ``K``.

        The picture is of ``size`` (width, height), with intrinsics ``onto``.

        float32 [height, width, 2]; -10 where the lens folds back, so that nothing is shown there twice.
        """
        import cv2

        width, height = size
        places = self.distort_pixels(_grid(np.arange(float(width)), np.arange(float(height))), onto)
        places = (places - onto[:2, 2]) * [K[0, 0] / onto[0, 0], K[1, 1] / onto[1, 1]] + K[:2, 2]
        knots = [np.linspace(0, side - 1, min(side, 257)) for side in size]
        xy = (_grid(*knots).reshape(-1, 2) - onto[:2, 2]) / [onto[0, 0], onto[1, 1]]
        bent, _, determinant = self._derivative(xy, np.zeros_like(xy))
        grid_shape = (len(knots[1]), len(knots[0]))
        once = (np.isfinite(bent).all(1) & (determinant > 0)).reshape(grid_shape).astype(np.uint8)
        _, label = cv2.connectedComponents(once)
        middle = np.clip(onto[:2, 2] / np.maximum(np.array(size) - 1, 1), 0, 1) * (np.array(grid_shape[::-1]) - 1)
        column, row = np.rint(middle).astype(int)
        seen = ((label == label[row, column]) & (once > 0)).astype(np.uint8)
        whole = cv2.resize(seen, size, interpolation=cv2.INTER_NEAREST) > 0
        return np.where(whole[..., None], places, -10.0).astype(np.float32)

    def undistort_image(self, image: npt.NDArray[Any], K: Floats, nearest: bool = False) -> npt.NDArray[Any]:
        """A photo [H, W, ...] as a pinhole camera of the same ``K`` and size would take it.

        0 where the photo shows nothing.

        ``nearest`` takes the value of the nearest pixel (for masks and depth) instead of mixing four.
        """
        where = self.sources(K, K, (image.shape[1], image.shape[0]))
        return remapped(image, where, nearest)

    def undistort_grid(self, across: Floats, down: Floats, K: Floats) -> Floats:
        """Undistort all pixels of a grid, as :meth:`undistort_pixels` does.

        The grid has columns ``across`` [w] and rows ``down`` [h]; the pixels (u, v) are float64 [h, w, 2].

        Exact at knots, 64 at most along each side, and linear between; far outside where there is no inverse.
        """
        from scipy.ndimage import map_coordinates

        knots = [np.linspace(line[0], line[-1], min(65, max(2, len(line)))) for line in (across, down)]
        coarse = self.undistort_pixels(_grid(*knots), K)
        coarse = np.where(np.isfinite(coarse), coarse, 1e7)
        across, down = (
            (line - line[0]) / max(knot[-1] - knot[0], 1e-9) * (len(knot) - 1)
            for line, knot in zip((across, down), knots, strict=True)
        )
        at = np.stack(np.meshgrid(down, across, indexing="ij"))
        return np.stack([map_coordinates(coarse[..., i], at, order=1, mode="nearest") for i in range(2)], axis=-1)

    def as_json(self) -> dict[str, Any]:
        """``model`` and ``coefficients``."""
        return {"model": self.model, "coefficients": list(self.coefficients)}

    @staticmethod
    def from_json(content: Any) -> "Lens":
        """What :meth:`as_json` gives; KeyError, TypeError or ValueError where it is something else."""
        return Lens(str(content["model"]), tuple(float(value) for value in content["coefficients"]))


@lru_cache(maxsize=32)
def _folds(lens: Lens) -> Floats:
    """How far from the axis [DIRECTIONS] a lens first folds back; inf where it does not."""
    angle, reach = np.arange(DIRECTIONS) / DIRECTIONS * 2 * np.pi, np.geomspace(0.01, 1e3, 256)
    way = reach[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    determinant = lens._derivative(way.reshape(-1, 2), np.zeros((way.size // 2, 2)))[2].reshape(way.shape[:2])
    bad = ~(determinant > 0)
    return np.where(bad.any(0), reach[bad.argmax(0)], np.inf)


def remapped(image: npt.NDArray[Any], where: npt.NDArray[np.float32], nearest: bool = False) -> npt.NDArray[Any]:
    """The values of ``image`` at the places [h, w, 2]; 0 outside. Booleans stay booleans."""
    import cv2

    values = image.astype(np.uint8) if image.dtype == bool else image
    how = cv2.INTER_NEAREST if nearest or image.dtype == bool else cv2.INTER_LINEAR
    moved = cv2.remap(np.ascontiguousarray(values), where, None, how, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(moved.astype(image.dtype))


def opencv_lens(coefficients: list[float]) -> Lens | None:
    """OpenCV's model of any number of coefficients up to 14, filled up with zeros; None where all are zero."""
    if not any(coefficients):
        return None
    full = next((n for n in (4, 5, 8, 12, 14) if len(coefficients) <= n), None)
    if full is None:
        raise CounterpointError(f"OpenCV's lens has 14 coefficients at most, not {len(coefficients)}.")
    return Lens(OPENCV, tuple(coefficients) + (0.0,) * (full - len(coefficients)))


def _grid(across: Floats, down: Floats) -> Floats:
    """All places (u, v) of columns and rows, float64 [h, w, 2]."""
    return np.stack(np.meshgrid(across, down), axis=-1).astype(np.float64)


def _through(move: Callable[[Floats], Floats], pixels: Floats, K: Floats) -> Floats:
    focal, principal = np.array([K[0, 0], K[1, 1]]), K[:2, 2]
    return np.asarray(move((np.asarray(pixels, np.float64) - principal) / focal) * focal + principal)


def _colmap_count(model: str) -> int:
    """Coefficients of a COLMAP model beside focal lengths and principal point."""
    import pycolmap

    if model not in pycolmap.CameraModelId.__members__ or model in ("INVALID", "EQUIRECTANGULAR"):
        raise CounterpointError(f"Cameras of the model {model} are not understood; undistort the photos first.")
    return len(pycolmap.Camera.create_from_model_name(1, model, 1.0, 2, 2).extra_params_idxs())


def _colmap(model: str, coefficients: tuple[float, ...]) -> Any:
    """COLMAP's camera of focal length 1 whose principal point is 0."""
    import pycolmap

    camera = pycolmap.Camera.create_from_model_name(1, model, 1.0, 2, 2)
    params = np.array(camera.params, np.float64)
    params[list(camera.focal_length_idxs())] = 1.0
    params[list(camera.principal_point_idxs())] = 0.0
    params[list(camera.extra_params_idxs())] = coefficients
    camera.params = params.tolist()
    return camera
