"""What is seen of a heatmap, parts and own colours where they lie on one shape."""

import numpy as np

from app.window.views.drawable import Drawable
from app.window.views.scene import ShapeActor
from core.geometry.display import DisplayMesh

RED = (255, 0, 0, 255)


def square():
    """Two triangles beside two others that touch them nowhere."""
    points = np.array([(x, y, 0.0) for x in (0, 1, 5, 6) for y in (0, 1)])
    faces = np.array([(0, 2, 1), (1, 2, 3), (4, 6, 5), (5, 6, 7)], np.int32)
    normals = np.tile(np.array([0, 0, 1], np.float32), (8, 1))
    return DisplayMesh(points, faces, normals, None, None, None, np.arange(4, dtype=np.int32))


def test_a_heatmap_lies_over_the_parts_and_both_are_seen():
    shape = ShapeActor(Drawable(square()))
    own = shape._rgb.copy()
    scores = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.float32)
    shape.paint(scores, 0.0, 1.0, "turbo", 1.0)
    plain = shape._rgb.copy()
    assert (plain[:2] == own[:2]).all() and (plain[2:4] != own[2:4]).any()
    shape.set_labels(np.array([RED, RED, (0, 0, 0, 0), (0, 0, 0, 0)], np.uint8), 1.0)
    shape.paint(scores, 0.0, 1.0, "turbo", 1.0)
    assert (shape._rgb[:2] == RED[:3]).all()  # the part where the heatmap is cold
    assert (shape._rgb[2:] == plain[2:]).all()  # the heatmap where it is hot, and what is in no part
    shape.set_labels(np.array([RED, RED, (0, 0, 0, 0), (0, 0, 0, 0)], np.uint8), 0.5)
    shape.paint(scores, 0.0, 1.0, "turbo", 1.0)
    assert (shape._rgb[:2, 0] > own[:2, 0]).all() and (shape._rgb[:2, 1] > 0).all()
    shape.set_labels(None)
    shape.paint(scores, 0.0, 1.0, "turbo", 1.0)
    assert (shape._rgb == plain).all()
