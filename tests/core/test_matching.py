"""Matches on the bundled sample and on renders, where the truth is known."""

import numpy as np
import pytest
import torch

from core.calibration import CAUTIOUS
from core.encoders.feature_map import FeatureMap
from core.errors import Cancelled, CounterpointError
from core.fields import cache
from core.fields.interpolation import Interpolator
from core.fields.lifting import LiftSettings, lift
from core.geometry.camera import Camera, framing_camera, look_at
from core.geometry.formats import guess_up
from core.geometry.raycasting import Raycaster, surface_position
from core.geometry.render import render
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.corrections import match_corrected
from core.matching.joint import CELLS, REACH, JointSettings, outline_scores, view_set
from core.matching.location import Correspondence
from core.matching.match import match
from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
from core.matching.verdict import judge
from core.tensors import save_tensors


@pytest.fixture(scope="module")
def photo(sample, encoder):
    return matchable_image(load_image(sample["image"]), encoder, tuple(sample["box"]))


@pytest.fixture(scope="module")
def truth(sample, toy_side):
    """Pixels of the sample's photo and the points they show (file's units)."""
    pose = {name: np.array(value) for name, value in sample["pose"].items()}
    shape = toy_side.shape
    t = (pose["t"] + pose["R"] @ shape.center) / shape.diagonal
    hits = toy_side.caster.view(Camera(pose["K"], pose["R"], t, 1280, 960))
    rows, columns = np.nonzero(hits.mask)
    chosen = np.random.default_rng(0).choice(len(rows), 60, replace=False)
    at = rows[chosen], columns[chosen]
    points = shape.to_own_frame(surface_position(shape, hits.face[at], hits.bary[at]))
    return np.stack([at[1], at[0]], axis=1).astype(float), points


def test_pixels_of_the_photo_find_their_points(photo, toy_side, truth):
    image, shape, prior = with_joint_prior(photo, toy_side, "y")
    errors = [shape.distance(match(image, shape, tuple(uv), prior).location, p) for uv, p in zip(*truth, strict=True)]
    assert np.mean(np.array(errors) < 0.1) > 0.8
    assert np.median(errors) < 0.06


def test_points_of_the_shape_find_their_pixels(photo, toy_side, truth):
    image, shape, prior = with_joint_prior(photo, toy_side, "y")
    errors = [image.distance(match(shape, image, tuple(p), prior).location, uv) for uv, p in zip(*truth, strict=True)]
    assert np.mean(np.array(errors) < 0.1) > 0.8


def test_joint_beats_one_pixel_alone(photo, toy_side, truth):
    image, shape, prior = with_joint_prior(photo, toy_side, "y")

    def median(prior):
        return np.median(
            [shape.distance(match(image, shape, tuple(uv), prior).location, p) for uv, p in zip(*truth, strict=True)]
        )

    assert median(prior) < median(None)


def test_a_turned_photo_is_matched_as_well(sample, encoder, toy_side, truth):
    turned = np.ascontiguousarray(np.rot90(load_image(sample["image"])))
    x0, y0, x1, y1 = sample["box"]
    side = matchable_image(turned, encoder, (y0, 1279 - x1, y1, 1279 - x0))
    image, shape, prior = with_joint_prior(side, toy_side, "y")
    pixels = np.stack([truth[0][:, 1], 1279 - truth[0][:, 0]], axis=1)
    errors = [
        shape.distance(match(image, shape, tuple(uv), prior).location, p)
        for uv, p in zip(pixels, truth[1], strict=True)
    ]
    assert np.mean(np.array(errors) < 0.1) > 0.7


def test_view_to_view_on_renders(encoder, toy_side):
    cameras = [
        framing_camera(toy_side.shape.normalised, look_at(d, [0, 1, 0]), 224, np.radians(30), 0.8)
        for d in ([1, 0.4, 1], [0.6, 0.5, 1.2])
    ]
    pictures = [render(toy_side.caster, camera) for camera in cameras]
    sides = [matchable_image(p.rgb, encoder) for p in pictures]
    rows, columns = np.nonzero(pictures[0].hits.mask)
    chosen = np.random.default_rng(0).choice(len(rows), 80, replace=False)
    at = rows[chosen], columns[chosen]
    points = surface_position(toy_side.shape, pictures[0].hits.face[at], pictures[0].hits.bary[at])
    seen = toy_side.caster.visible(points, np.zeros_like(points), cameras[1].center, 0.0) | True
    expected, _ = cameras[1].project(points)
    errors = []
    for u, v, want, ok in zip(at[1], at[0], expected, seen, strict=True):
        if ok:
            found = match(sides[0], sides[1], (float(u), float(v)))
            errors.append(np.hypot(*(np.array(found.location) - want)) / (224 * np.sqrt(2)))
    assert np.median(errors) < 0.08


def test_shape_to_second_shape(sample, encoder, toy_side):
    other = matchable_shape(load_shape(sample["shape2"]), encoder, LiftSettings(samples=4000))
    tail = toy_side.shape.vertices[toy_side.shape.vertices[:, 0].argmin()]
    found = match(toy_side, other, tuple(tail))
    assert found.location[0] < other.shape.center[0]  # the tail end, not the head
    assert found.scores.shape == (4000,)


def test_a_point_finds_itself(toy_side):
    point = toy_side.sample_point(123).position
    found = match(toy_side, toy_side, point)
    assert toy_side.distance(found.location, point) < 0.01
    assert found.score == pytest.approx(1, abs=0.02) and found.cycle_error < 0.01 and found.verdict == "good"


def test_symmetry_shows_as_rivals(encoder):
    """Two equal ends of a bar: a point on one end has a rival at the other."""
    import trimesh

    from core.geometry.shape import make_shape

    bar = trimesh.creation.capsule(height=2.0, radius=0.3)
    side = matchable_shape(
        make_shape(np.array(bar.vertices), np.array(bar.faces)), encoder, LiftSettings(samples=4000, up="x")
    )
    found = match(side, side, (0.0, 0.0, float(bar.vertices[:, 2].max())))
    assert found.margin < 0.2
    assert any(place[2] < 0 for place, _ in found.rivals) or found.margin > 0.05
    ball = trimesh.creation.icosphere(3)
    side = matchable_shape(make_shape(ball.vertices, ball.faces), encoder, LiftSettings(samples=1000, up="z"))
    found = [match(side, side, tuple(place)) for place in ball.vertices[::60]]
    assert [(one.verdict == "good", "rivals" in one.reasons) for one in found] == [(False, True)] * len(found)


def test_places_outside_are_refused(photo, toy_side):
    for bad in ((5000.0, 5.0), (1.0, 2.0, 3.0), (float("nan"), 1.0), (3.0, 3.0)):
        with pytest.raises(CounterpointError):
            match(photo, toy_side, bad)
    for bad in ((1000.0, 0.0, 0.0), (1.0, 2.0)):
        with pytest.raises(CounterpointError):
            match(toy_side, photo, bad)


def test_unseen_samples_take_their_neighbours(encoder):
    """Inside a closed box nothing is seen from outside."""
    import trimesh

    from core.geometry.shape import make_shape

    both = trimesh.util.concatenate([trimesh.creation.box((2, 2, 2)), trimesh.creation.icosphere(radius=0.3)])
    shape = make_shape(np.array(both.vertices), np.array(both.faces))
    field = lift(shape, encoder, LiftSettings(samples=2000, azimuths=4, elevations=(0.0, 50.0)))
    inner = np.linalg.norm(shape.to_own_frame(field.points.position), axis=1) < 0.5
    assert inner.any() and not field.observed[inner].any()
    assert field.observed[~inner].mean() > 0.75
    assert field.descriptors.float().norm(dim=1).numpy() == pytest.approx(1, abs=0.02)


def test_lifting_can_be_cancelled_and_reports(encoder, toy_side):
    seen = []

    def progress(fraction, message):
        seen.append(fraction)
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        lift(toy_side.shape, encoder, LiftSettings(samples=1000), progress)
    assert seen == sorted(seen) and len(seen) > 3


def test_a_full_disk_costs_the_cache_only(monkeypatch, tmp_path):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    monkeypatch.setattr("core.files.os.fsync", full)
    cache.write("x", {"a": torch.ones(3)})
    assert cache.read("x") is None and list(tmp_path.iterdir()) == []
    with pytest.raises(CounterpointError, match="the disk is full"):
        save_tensors(tmp_path / "adapter.safetensors", {"a": torch.ones(3)})


def test_fields_come_from_the_cache(sample, encoder, monkeypatch, tmp_path):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path / "c"))
    shape, settings = load_shape(sample["shape"]), LiftSettings(samples=500, azimuths=3, elevations=(20.0,))
    first = matchable_shape(shape, encoder, settings)
    monkeypatch.setattr("core.matching.prepare.lift", lambda *a, **k: pytest.fail("lifted again"))
    again = matchable_shape(shape, encoder, settings)
    torch.testing.assert_close(first.field.descriptors, again.field.descriptors)
    stored = next((tmp_path / "c").glob("*.safetensors"))
    stored.write_bytes(b"damaged")
    assert cache.read(stored.stem) is None


def test_interpolation_follows_the_samples(toy_side):
    points = toy_side.field.points
    carry = Interpolator.build(points, points.position, points.normal)
    values = points.position[:, 0].astype(np.float32)
    assert np.abs(carry(values) - values).max() < 1e-3


def test_the_best_score_is_exact(toy_side):
    query = torch.nn.functional.normalize(torch.randn(128, generator=torch.Generator().manual_seed(0)), dim=0)
    exact = (toy_side.field.descriptors.float() @ query).numpy()
    got = toy_side.field.similarity(query)
    assert got.argmax() == exact.argmax() and got.max() == pytest.approx(exact.max(), abs=1e-5)
    assert np.abs(got - exact).max() < 0.01


def test_a_picture_is_encoded_once_at_each_size_per_box_and_encoder(sample, encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERPOINT_CACHE", str(tmp_path))
    image = load_image(sample["image"])
    calls = []

    class Counting:
        name, fingerprint, dim = encoder.name, encoder.fingerprint, encoder.dim
        input_size, photo_size = encoder.input_size, encoder.photo_size

        def encode(self, images):
            calls.append(images.shape[1])
            return encoder.encode(images)

    first, second = (matchable_image(image, Counting(), sample["box"]) for _ in range(2))
    assert calls == [encoder.photo_size, encoder.input_size]
    assert torch.equal(first.map.descriptors, second.map.descriptors) and first.map.frame == second.map.frame
    assert torch.equal(first.map.foreground, second.map.foreground) and len(first.turned_maps()) == 4
    assert all(
        torch.equal(a.descriptors, b.descriptors)
        for a, b in zip(first.turned_maps(), second.turned_maps(), strict=True)
    )
    matchable_image(image, Counting(), (500, 300, 1000, 700))
    matchable_image(image[::-1], Counting(), sample["box"])
    assert len(calls) == 6


def test_up_by_format():
    assert guess_up("a.glb") == "y" and guess_up("b.STL") == "z"


def test_a_plain_raycaster_serves_textured_shapes(sample):
    shape = load_shape(sample["shape2"])
    assert shape.colors is not None and Raycaster(shape).closest(shape.normalised[:5]).distance.max() < 1e-3


class TestCorrections:
    """A wrong match that was put right, and what lies around it."""

    @pytest.fixture
    def wrong(self, photo, toy_side, truth):
        """Both sides, a pixel, and a point that is not what matching finds for it."""
        image, shape, prior = with_joint_prior(photo, toy_side, "y")
        pixel = tuple(truth[0][0])
        found = match(image, shape, pixel, prior)
        far = int(np.argmax(shape.distances(found.location)))
        return image, shape, prior, pixel, shape.location(far)

    def test_the_match_itself(self, wrong):
        image, shape, prior, pixel, right = wrong
        found = match_corrected(image, shape, pixel, [Correspondence(pixel, right)], prior)
        assert found.location == right and found.verdict == "good"

    @pytest.mark.parametrize("joint", [True, False])
    def test_places_around_it_follow_and_far_ones_do_not(self, wrong, joint, truth):
        image, shape, prior, pixel, right = wrong
        prior = prior if joint else None
        left, _, right_edge, _ = image.map.box
        beside = (pixel[0] + 0.01 * (right_edge - left), pixel[1])
        there = match_corrected(image, shape, beside, [Correspondence(pixel, right)], prior)
        assert shape.distance(there.location, right) < 0.1
        far = max((tuple(uv) for uv in truth[0]), key=lambda uv: image.distance(uv, pixel))
        assert image.distance(far, pixel) > 0.3
        as_before = match(image, shape, far, prior)
        assert match_corrected(image, shape, far, [Correspondence(pixel, right)], prior).location == as_before.location

    def test_it_holds_the_other_way_round(self, wrong):
        image, shape, prior, pixel, right = wrong
        back = match_corrected(shape, image, right, [Correspondence(right, pixel)], prior)
        assert back.location == pixel and image.distances(pixel).argmin() == back.candidate


@pytest.mark.parametrize("turn", range(4))
def test_the_view_whose_silhouette_is_the_object_scores_best(toy_side, turn):
    views = view_set(toy_side, "y")
    number = 100
    object_there = torch.rot90(views.silhouettes[number], -turn)
    half = REACH * 50
    seen = FeatureMap(torch.zeros(CELLS, CELLS, 4), object_there, (-half, -half, half, half), (-50, -50, 50, 50))
    scores = outline_scores(seen, views, turn, JointSettings())
    assert scores[number] > 0.9 and scores[number] >= scores.max() - 0.02
    assert scores[int((views.silhouettes - views.silhouettes[number]).abs().sum((1, 2)).argmax())] < 0.75
    seen.foreground = None
    assert not outline_scores(seen, views, turn, JointSettings()).any()


def test_views_alone_and_tiny_objects_are_never_good(photo, toy_side, truth, encoder):
    image, shape, prior = with_joint_prior(photo, toy_side, "y")
    found = [match(image, shape, tuple(uv), prior) for uv in truth[0]]
    assert max(one.probability for one in found) == CAUTIOUS
    assert any(one.probability == CAUTIOUS and one.reasons[0] == "unposed" for one in found)
    best = {"score": 0.9, "margin": 0.6, "cycle": 0.0, "object": 1.0, "support": 1.0, "pose": 4.0}
    for size, verdict in ((29.0, "unsure"), (31.0, "good")):
        doubt = judge("guided to shape", best | {"size": size}, encoder.fingerprint)
        assert doubt.verdict == verdict and ("small" in doubt.reasons) == (verdict == "unsure")
