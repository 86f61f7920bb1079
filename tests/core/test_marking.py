"""Parts marked by hand: on surfaces, in images, in layers."""

import hashlib
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera
from core.geometry.pose import Pose
from core.geometry.selection import SurfaceGraph
from core.geometry.shape import make_shape
from core.parts import sam
from core.parts.action import Action
from core.parts.carry import assign
from core.parts.evidence import STEP, close_holes, project_mask, vote
from core.parts.grabcut import GrabCutSegmenter
from core.parts.layers import Layers, Mask
from core.parts.marking import outline_mask, part_in_image, part_on_shape, stroke_mask
from core.parts.prompts import Candidate


class Everything:
    """A segmenter that takes the box, or all."""

    name = "everything"

    def set_image(self, image):
        pass

    def predict(self, prompts):
        self.asked = prompts
        mask = np.zeros((20, 30), bool)
        x0, y0, x1, y1 = prompts.box or (0, 0, 30, 20)
        mask[round(y0) : round(y1), round(x0) : round(x1)] = True
        return [Candidate(mask, 0.9), Candidate(~mask, 0.5), Candidate(mask, 0.1)]


def two_boxes():
    """A box of 12 faces, and another apart from it, as a file with vertices of their own for every face."""
    one, other = (
        trimesh.creation.box(),
        trimesh.creation.box(transform=trimesh.transformations.translation_matrix([3, 0, 0])),
    )
    both = trimesh.util.concatenate([one, other])
    corners = both.vertices[both.faces].reshape(-1, 3)
    return make_shape(corners, np.arange(len(corners)).reshape(-1, 3))


def test_a_brush_reaches_as_far_over_the_surface_as_it_says():
    mesh = trimesh.creation.icosphere(4)
    shape = make_shape(mesh.vertices, mesh.faces)
    graph = SurfaceGraph(shape)
    radius = np.linalg.norm(graph.centers[0])
    angle = np.arccos(np.clip(graph.centers @ graph.centers[0] / radius / np.linalg.norm(graph.centers, axis=1), -1, 1))
    chosen, true = graph.within([0], 0.1), angle * radius <= 0.1
    assert (chosen & true).sum() / (chosen | true).sum() > 0.93
    assert graph.within([0], 1e-6).sum() == 1


def test_a_brush_does_not_jump_through_a_thin_wall():
    mesh = trimesh.creation.box([1, 1, 0.01]).subdivide().subdivide().subdivide()
    graph = SurfaceGraph(make_shape(mesh.vertices, mesh.faces))
    top = int(np.argmin(np.linalg.norm(graph.centers - [0, 0, graph.centers[:, 2].max()], axis=1)))
    chosen = graph.within([top], 0.15)
    assert chosen.sum() > 10 and (graph.centers[chosen, 2] > 0).all()


def test_pieces_and_creases():
    shape = two_boxes()
    graph = SurfaceGraph(shape)
    assert graph.component(0).sum() == 12 and not (graph.component(0) & graph.component(12)).any()
    assert graph.flood(0, 30).sum() == 2 and graph.flood(0, 91).sum() == 12
    pieces = graph.pieces(graph.component(0) | graph.flood(12, 30))
    assert [int(piece.sum()) for piece in pieces] == [12, 2]
    cloud = SurfaceGraph(make_shape(np.array(trimesh.creation.icosphere(3).vertices)))
    assert cloud.component(0).all() and 3 < cloud.within([0], 0.1).sum() < len(cloud.centers) / 3


def test_painting_on_a_shape():
    graph = SurfaceGraph(two_boxes())
    place = ((0.0, 0.0, 0.0),)
    actions = [Action("component", True, place), Action("flood", False, place, 30.0)]
    faces = [np.array([0]), np.array([0])]
    chosen = part_on_shape(graph, faces, actions)
    assert chosen.sum() == 10 and not chosen[0]
    assert part_on_shape(graph, [np.array([12])], [Action("component", True, place)], chosen).sum() == 22
    with pytest.raises(CounterpointError, match="Nothing is marked"):
        part_on_shape(graph, faces[:1], [Action("component", False, place)])
    with pytest.raises(CounterpointError, match="for images"):
        part_on_shape(graph, faces[:1], [Action("lasso", True, place)])


def test_prompts_and_strokes_in_an_image():
    box = Action("box", True, ((2, 2), (12, 12)))
    stroke = Action("brush", True, ((20, 15), (25, 15)), 1.5)
    rubbed = Action("brush", False, ((5, 5),), 2.0)
    segmenter = Everything()
    best, second, _ = part_in_image((30, 20), [box, stroke, rubbed], segmenter)
    assert best.mask[15, 22] and not best.mask[5, 5] and best.mask[10, 10]  # what was drawn lies over what was cut out
    assert not second.mask[5, 5] and second.mask[15, 22]
    assert segmenter.asked.painted[15, 22] and segmenter.asked.erased[5, 5]
    drawn, *others = part_in_image((30, 20), [stroke, rubbed], segmenter)
    assert drawn.score == 1.0 and len(others) == 2 and drawn.mask[15, 20] and not drawn.mask[5, 5]
    lasso = Action("lasso", True, ((1, 1), (10, 1), (10, 10), (1, 10)))
    further = part_in_image((30, 20), [lasso], segmenter, base=drawn.mask)
    assert len(further) == 1 and further[0].mask[15, 22] and further[0].mask[5, 5]
    with pytest.raises(CounterpointError, match="Nothing is marked"):
        part_in_image((30, 20), [rubbed], segmenter)
    grabcut = GrabCutSegmenter()
    grabcut.set_image(np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(CounterpointError, match="outside the image"):
        part_in_image((30, 20), [Action("point", True, ((99.0, 2.0),))], grabcut)
    points = [
        Action("point", wanted, ((u, 5.2),))
        for wanted, u in ((True, 9), (True, 5), (False, 5.3), (False, 9), (True, 9.1))
    ]
    part_in_image((30, 20), points, segmenter)  # in one pixel the last click counts
    assert segmenter.asked.add == [(9.1, 5.2)] and segmenter.asked.remove == [(5.3, 5.2)]
    assert stroke_mask([(5, 5)], 2, (30, 20)).sum() == pytest.approx(13, abs=9)
    assert outline_mask([(2, 2), (6, 2), (6, 6), (2, 6)], (30, 20)).sum() == 25


ELEMENTS = 40
CHOSEN = st.lists(st.booleans(), min_size=ELEMENTS, max_size=ELEMENTS).map(lambda bits: np.array(bits, bool))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), CHOSEN), min_size=1, max_size=8), st.booleans())
def test_layers_keep_what_is_marked(edits, exclusive):
    layers = Layers(exclusive=exclusive)
    for _ in range(4):
        layers = layers.new_part()
    expected = {part.part_id: np.zeros(ELEMENTS, bool) for part in layers.parts}
    for index, chosen in edits:
        part_id = layers.parts[index].part_id
        layers = layers.mark(part_id, "shape 1", chosen)
        for other in expected if exclusive else ():
            expected[other] = expected[other] & ~chosen
        expected[part_id] = chosen

    def held(part):
        return part.masks["shape 1"].array() if part.masks else np.zeros(ELEMENTS, bool)

    assert all(np.array_equal(held(part), expected[part.part_id]) for part in layers.parts)
    if exclusive:
        assert np.sum([held(part) for part in layers.parts], axis=0).max() <= 1

    def seen(some):
        label = np.full(ELEMENTS, -1)
        for place, part in reversed(list(enumerate(some.parts))):
            label[held(part)] = place
        return label

    apart = layers.made_exclusive(True)
    top = seen(layers)
    assert np.array_equal(top, seen(apart))  # making them exclusive changes nothing that is seen
    union = np.logical_or.reduce(list(expected.values()))
    (merged,) = layers.merged([part.part_id for part in layers.parts]).parts
    assert np.array_equal(held(merged), union) and np.array_equal(top >= 0, union)


def test_layers_split_move_and_forget():
    layers = Layers().new_part("legs").new_part()
    assert [part.name for part in layers.parts] == ["Part 2", "legs"] and layers.parts[0].color != layers.parts[1].color
    legs = layers.parts[1].part_id
    both = np.arange(10) < 6
    layers = layers.mark(legs, "shape 1", both).mark(legs, "image 1", np.ones(4, bool))
    pieces = [np.arange(10) < 3, (np.arange(10) >= 3) & both]
    split = layers.split(legs, "shape 1", pieces)
    assert [part.name for part in split.parts] == ["Part 2", "legs", "legs 2"]
    assert split.parts[2].masks["shape 1"].array().tolist() == pieces[1].tolist() and "image 1" in split.parts[1].masks
    assert [part.name for part in split.moved(legs, 0).parts] == ["legs", "Part 2", "legs 2"]
    closed = split.forget("shape 1")
    assert [part.name for part in closed.parts] == ["Part 2", "legs"] and closed.bytes() > 0
    mask = Mask.of(both)
    assert mask.count == 6 and np.array_equal(mask.array(), both)


def test_holes_and_islands_go_whatever_the_threshold(toy_side):
    position = toy_side.field.points.position
    away = np.linalg.norm(position - position[0], axis=1)
    evidence = np.where(away < 0.2, 0.9, 0.1).astype(np.float32)
    evidence[0] = 0.0
    far = int(away.argmax())
    evidence[far] = 1.0
    closed = close_holes(toy_side, evidence)
    assert closed[0] > 0.5 > closed[far] and np.isclose(closed * 100 % STEP, 0, atol=0.01).mean() > 0.4
    assert ((closed > 0.5) == (evidence > 0.5)).mean() > 0.995


def test_a_known_pose_projects_the_mask(toy_side, sample):
    K, R, t = (np.array(sample["pose"][name]) for name in ("K", "R", "t"))
    pose = Pose(R, t)
    trunk = outline_mask([(925, 600), (1072, 600), (1078, 740), (955, 740)], (1280, 960))
    nothing = np.zeros(len(toy_side.field), np.float32)
    evidence = project_mask(toy_side, trunk, pose, PhotoCamera(K), nothing)
    position = toy_side.field.points.position
    assert 0.01 < (evidence > 0.5).mean() < 0.2 and position[evidence > 0.5, 0].min() > 0.1
    assert not project_mask(toy_side, np.zeros_like(trunk), pose, PhotoCamera(K), nothing).any()


def test_votes_and_claims():
    together = vote([np.array([0.9, 0.2, 0.5]), np.array([0.6, 0.1, 0.99])])
    assert together[0] > 0.75 and together[1] < 0.2 and together[2] > 0.8
    claims = assign(np.array([[80, 60, 10], [70, 90, 40]], np.uint8))
    assert claims.tolist() == [[True, False, False], [False, True, False]]


def test_fetching_a_checkpoint(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "model.pth").write_bytes(b"weights" * 1000)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "site"))

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    source = f"http://127.0.0.1:{server.server_port}/"
    good = hashlib.sha256(b"weights" * 1000).hexdigest()
    steps = []
    monkeypatch.setitem(sam.CHECKPOINTS, "vit_b", ("model.pth", good))
    path = sam.fetch_checkpoint("vit_b", tmp_path / "a", lambda f, text: steps.append(f), source)
    assert path.read_bytes() == b"weights" * 1000 and steps[-1] == 1.0
    monkeypatch.setitem(sam.CHECKPOINTS, "vit_b", ("model.pth", "0" * 64))
    with pytest.raises(CounterpointError, match="not the published"):
        sam.fetch_checkpoint("vit_b", tmp_path / "b", source=source)
    assert not list((tmp_path / "b").iterdir())
    monkeypatch.setitem(sam.CHECKPOINTS, "vit_b", ("other.pth", good))
    with pytest.raises(CounterpointError, match="could not be downloaded"):
        sam.fetch_checkpoint("vit_b", tmp_path / "b", source=source)
    server.shutdown()


def test_a_brush_looks_no_farther_than_it_reaches_and_finds_the_same(monkeypatch):
    """The first stroke on a million faces took 15 seconds, because lengths were measured everywhere."""
    ball = trimesh.creation.icosphere(5)
    graph = SurfaceGraph(make_shape(ball.vertices * [1, 0.7, 0.3], ball.faces))
    everywhere = graph._lengths(np.arange(len(ball.faces)))
    seen = []
    measured = SurfaceGraph._lengths
    monkeypatch.setattr(SurfaceGraph, "_lengths", lambda self, some: (seen.append(len(some)), measured(self, some))[1])
    for radius in (0.01, 0.08, 0.3):
        reached = dijkstra(everywhere, directed=False, indices=[7, 9000], min_only=True, limit=radius)
        chosen = graph.within([9000, 7], radius)
        assert np.array_equal(chosen, np.isfinite(reached)) and seen[-1] < 3 * chosen.sum() + 200
