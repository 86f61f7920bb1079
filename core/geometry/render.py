"""Pictures of shapes for encoders: plain shading, or the shape's own colours."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from core.geometry.camera import Camera
from core.geometry.paint import PLAIN, sample_texture, to_bytes
from core.geometry.pose import Pose, resized_intrinsics, shape_rays
from core.geometry.raycasting import Hits, Raycaster, surface_normal
from core.geometry.shape import Shape

Appearance = Literal["plain", "own"]
_ROWS = 1 << 17


@dataclass
class Rendering:
    """A rendered view.

    Attributes:
        rgb: uint8 [h, w, 3].
        look: finds what each pixel's centre sees.
    """

    rgb: npt.NDArray[np.uint8]
    look: Callable[[], Hits]

    @cached_property
    def hits(self) -> Hits:
        """What each pixel's centre sees; it is cast when it is asked for."""
        return self.look()


def render(
    caster: Raycaster, camera: Camera, appearance: Appearance = "own", supersample: int = 2, background: float = 1.0
) -> Rendering:
    """Draw a shape on a grey of ``background`` in [0, 1].

    It is lit by a head light, a soft light from above left and ambient light.

    ``appearance`` "own" takes texture or vertex colours where the shape has any; "plain" is untextured grey.
    """
    fine = resized_intrinsics(camera.K, supersample)
    pixels = _grid(camera.width * supersample, camera.height * supersample)
    wide = Camera(fine, camera.R, camera.t, camera.width * supersample, camera.height * supersample)
    rgb = _shaded(caster, *wide.rays(pixels), camera.R, appearance, supersample, background)
    return Rendering(rgb, partial(caster.view, camera))


def render_posed(
    caster: Raycaster, pose: Pose, K: npt.NDArray[np.floating], size: int, supersample: int = 2
) -> Rendering:
    """The same with the shape where a pose puts it before a camera K [3, 3], a square picture of ``size`` pixels."""
    pixels = _grid(size * supersample, size * supersample)
    rays = shape_rays(pose, resized_intrinsics(K, supersample), caster.shape, pixels)
    rgb = _shaded(caster, *rays, pose.R, "own", supersample, 1.0)
    return Rendering(rgb, lambda: caster.cast(*shape_rays(pose, K, caster.shape, _grid(size, size))))


def _grid(width: int, height: int) -> npt.NDArray[np.floating]:
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float64)


def _shaded(
    caster: Raycaster,
    origins: npt.NDArray,
    directions: npt.NDArray,
    R: npt.NDArray,
    appearance: Appearance,
    k: int,
    background: float,
) -> npt.NDArray[np.uint8]:
    """Pixels uint8 [h / k, w / k, 3] of rays [h, w, 3]; the lights move with the camera ``R``."""
    shape = caster.shape
    hits = caster.cast(origins, directions)
    seen = hits.mask
    toward = directions[seen].astype(np.float32)
    normal = surface_normal(shape, hits.face[seen], hits.bary[seen])
    cosine = np.einsum("nd,nd->n", normal, toward)
    normal = np.where(cosine[:, None] > 0, -normal, normal)
    up_left = (R.T @ (np.array([-0.4, -0.8, -0.45]) / np.linalg.norm([-0.4, -0.8, -0.45]))).astype(np.float32)
    light = 0.32 + 0.5 * np.clip(np.abs(cosine), 0, 1) + 0.3 * np.clip(normal @ up_left, 0, 1)
    albedo = surface_color(shape, hits.face[seen], hits.bary[seen]) if appearance == "own" else None
    if albedo is None:
        albedo = np.full((len(normal), 3), 0.72)
    picture = np.full((*seen.shape, 3), background, np.float32)
    picture[seen] = np.clip(albedo * light[:, None], 0, 1)
    height, width = seen.shape
    picture = np.asarray(cv2.resize(picture, (width // k, height // k), interpolation=cv2.INTER_AREA))
    return np.asarray(picture * 255 + 0.5, np.uint8)


def surface_color(shape: Shape, face: npt.NDArray[np.integer], bary: npt.NDArray[np.floating]) -> npt.NDArray | None:
    """Own colours float64 [..., 3] in [0, 1] of surface points, or None where the shape has none."""
    if shape.paint is not None:
        return shape.paint.at(face, bary)
    if shape.texture is not None and shape.uv is not None:
        uv = np.einsum("...k,...kd->...d", bary, shape.uv[shape.faces[face]])
        return sample_texture(shape.texture, uv) / 255.0
    if shape.colors is not None:
        if shape.is_point_cloud:
            return np.asarray(shape.colors[face] / 255.0)
        return np.asarray(np.einsum("...k,...kd->...d", bary, shape.colors[shape.faces[face]]) / 255.0)
    return None


def corner_color(shape: Shape) -> npt.NDArray[np.uint8] | None:
    """Own colours uint8 [F, 3, 3] at the corners of the faces.

    They are read a little inside of the faces, so that seams keep their side.
    """
    if shape.paint is None and shape.texture is None and shape.colors is None:
        return None
    colors = np.empty((len(shape.faces), 3, 3), np.uint8)
    inside = 0.96 * np.eye(3) + 0.04 / 3
    for begin in range(0, len(shape.faces), _ROWS):
        face = np.arange(begin, min(begin + _ROWS, len(shape.faces)))
        for corner in range(3):
            colors[face, corner] = to_bytes(_color_there(shape, face, np.tile(inside[corner], (len(face), 1))))
    return colors


def _color_there(shape: Shape, face: npt.NDArray[np.integer], bary: npt.NDArray[np.floating]) -> npt.NDArray:
    color = surface_color(shape, face, bary)
    assert color is not None
    return color


def vertex_color(shape: Shape) -> npt.NDArray[np.uint8] | None:
    """Own colours uint8 [V, 3] at the vertices: read from the texture where there is one.

    One face's where faces differ.
    """
    if shape.paint is not None:
        colors = np.full((len(shape.vertices), 3), PLAIN, np.uint8)
        at_corners = corner_color(shape)
        if at_corners is not None:
            colors[shape.faces] = at_corners
        return colors
    if shape.texture is None or shape.uv is None:
        return shape.colors
    return sample_texture(shape.texture, shape.uv)
