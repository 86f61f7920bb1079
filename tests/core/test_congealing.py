"""Photo collections: posed together, mapped to one shape, drawn on, and made into a shape."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
import torch
import trimesh
from PIL import Image
from scipy.spatial.transform import Rotation

from core.alignment.photo import photo_of
from core.alignment.scorer import Hypothesis, Photo
from core.alignment.templates import TemplateSettings, template_set
from core.benchmarks import congealing as benchmark
from core.benchmarks import photo_collections, pixels, spair
from core.benchmarks.settings import EvaluateSettings
from core.congealing.agreement import AgreementSettings, LearnedField, agree
from core.congealing.collection import OpenedPhoto, congeal, congeal_jointly
from core.congealing.coordinates import MapSettings, coordinates, points_at, solve
from core.congealing.copies import same_pictures
from core.congealing.generate import GenerateSettings, distill, generate, learn_word
from core.congealing.opening import open_photos
from core.congealing.photos import open_photo
from core.congealing.posed_photos import CanonicalShape, pose_photo
from core.congealing.propagate import average, from_photo, from_shape
from core.congealing.volume import Volume
from core.errors import CounterpointError
from core.geometry.camera import PhotoCamera, look_at
from core.geometry.pixel_grid import pixels_of
from core.geometry.pose import Pose, intrinsics, project, resized_intrinsics, rotation_error
from core.geometry.render import render_posed
from core.geometry.shape import load_shape
from core.images import load_image
from core.interchange.cameras import check_sizes
from core.interchange.collections import PosedImage, save_collection, save_map
from core.interchange.poses import View
from core.matching.prepare import matchable_image
from core.notices import collect_warnings
from core.parts.prominence import likely_box
from tests.conftest import SAMPLE

PHOTOS = ("toy-2.jpg", "toy-3.jpg", "toy-5.jpg", "toy-7.jpg")


@pytest.fixture(scope="module")
def truth():
    facts = json.loads((SAMPLE / "collection" / "truth.json").read_text())
    return {name: (Pose(np.array(f["R"]), np.array(f["t"])), np.array(f["K"]), f["box"]) for name, f in facts.items()}


@pytest.fixture(scope="module")
def canon(toy_side, encoder):
    return CanonicalShape(
        toy_side, template_set(toy_side.caster, encoder, TemplateSettings(directions=80)), encoder, "y"
    )


@pytest.fixture(scope="module")
def photos(truth, encoder):
    opened = []
    for name in PHOTOS:
        _, K, box = truth[name]
        photo, shrunk, known = open_photo(SAMPLE / "collection" / name, encoder, tuple(box), None, PhotoCamera(K))
        assert shrunk == 1 and known
        opened.append(OpenedPhoto(name, photo))
    return opened


@pytest.fixture(scope="module")
def found(photos, canon):
    told = []
    result = congeal(photos, canon, posed=lambda name, one: told.append(name))
    assert told == list(PHOTOS) == result.names and not result.refused
    return result


def test_a_collection_is_posed(found, truth):
    errors = [
        rotation_error(one.best.pose.R, truth[name][0].R) for name, one in zip(found.names, found.members, strict=True)
    ]
    assert np.median(errors) < 10 and max(errors) < 30
    assert all(one.inlier and one.agreement > 0.3 for one in found.members)


def test_what_was_found_is_kept(photos, canon, found, monkeypatch):
    """A run that was killed goes on: photos that were posed are read, not posed again."""

    def never(*_):
        raise AssertionError("posed again")

    monkeypatch.setattr("core.congealing.posed_photos.align", never)
    again = pose_photo(photos[0].photo, canon)
    assert again.hypotheses and np.isfinite(again.best.pose.t).all()
    with pytest.raises(AssertionError, match="posed again"):
        pose_photo(replace(photos[0].photo, K=photos[0].photo.K * [[1.1], [1.1], [1]]), canon)


def test_pixels_are_followed_through_the_shape(found, truth, toy_side):
    """A point of the body that is seen in photos from the front and the side is found in both."""
    a, b = PHOTOS.index("toy-3.jpg"), PHOTOS.index("toy-2.jpg")
    (pose_a, K_a, _), (pose_b, K_b, _) = truth["toy-3.jpg"], truth["toy-2.jpg"]
    shape, caster = toy_side.shape, toy_side.caster
    points = toy_side.field.points
    chosen = np.random.default_rng(0).choice(len(points), 400, replace=False)
    eyes = [shape.to_normalised(pose.inverse(np.zeros(3))) for pose in (pose_a, pose_b)]
    seen = np.logical_and(*(caster.visible(points.position[chosen], points.normal[chosen], eye) for eye in eyes))
    own = shape.to_own_frame(points.position[chosen[seen]])
    asked, there = project(pose_a, K_a, own)[0], project(pose_b, K_b, own)[0]
    answer, visible = found.match(a, b, asked)
    x0, y0, x1, y1 = truth["toy-2.jpg"][2]
    error = np.linalg.norm(np.nan_to_num(answer, nan=1e4) - there, axis=1) / max(x1 - x0, y1 - y0)
    assert len(own) > 30 and np.mean(error < 0.1) > 0.8 and visible.mean() > 0.6
    nearest = pixels.nearest_2d(found.members[a], found.members[b], asked)
    assert np.mean(error < 0.1) > np.mean(np.linalg.norm(nearest - there, axis=1) / max(x1 - x0, y1 - y0) < 0.1)


def test_coordinates_of_large_objects(found):
    """An object of more pixels than OpenCV takes at once."""
    one, solved = found.members[0], found.maps[0]
    pixels = pixels_of(one.scorer.photo.mask)
    few, many = pixels[:500], np.tile(pixels[:500], (80, 1))
    assert np.array_equal(points_at(one, solved, many).face, np.tile(points_at(one, solved, few).face, 80))


def test_coordinates_cover_the_object(found, tmp_path):
    image = coordinates(found.members[0], found.maps[0])
    known = np.isfinite(image).all(-1)
    mask = found.members[0].scorer.photo.mask
    assert not known[~mask].any() and known[mask].mean() > 0.8
    assert np.abs(image[known]).max() <= 0.5 + 1e-3
    save_map(tmp_path / "map.npz", image)
    np.testing.assert_array_equal(np.load(tmp_path / "map.npz")["coordinates"], image)
    save_map(tmp_path / "map.exr", image)
    with OpenEXR.File(str(tmp_path / "map.exr")) as file:
        rgba = file.channels()["RGBA"].pixels
    np.testing.assert_array_equal(rgba[..., 3] == 1, known)
    np.testing.assert_allclose(rgba[known][:, :3], image[known], atol=1e-6)
    with pytest.raises(CounterpointError, match="not as"):
        save_map(tmp_path / "map.png", image)


def test_maps_undo_a_known_displacement(found, toy_side):
    """The shape drawn at a pose that is shifted: the maps bring its pixels back to the photo's."""
    one = found.members[0]
    x0, _, x1, _ = one.scorer.image.map.frame
    shift = 0.06 * (x1 - x0)
    pose = one.best.pose
    moved = Pose(pose.R, pose.t + [shift * pose.t[2] / one.scorer.K[0, 0], 0, 0])
    off = replace(one, hypotheses=[Hypothesis(moved, 1, 1)], choice=0)
    field = LearnedField([one]).side().field
    (forward,) = solve([off], field)
    center = forward.forward[10:22, 10:22, 0].mean() * (x1 - x0)
    assert 0.4 * shift < center < 1.3 * shift
    (none,) = solve([one], field)
    assert abs(none.forward[10:22, 10:22, 0].mean() * (x1 - x0)) < 0.4 * shift


def test_photos_outvote_a_wrong_pose(found):
    """A photo whose own choice is wrong is put right by the others, and one that agrees with nobody is an outlier."""
    right = found.members[0].best
    wrong = replace(right.pose, R=right.pose.R @ Rotation.from_euler("y", 180, degrees=True).as_matrix())
    flattered = Hypothesis(wrong, right.similarity * 1.05, right.overlap)
    members = [replace(found.members[0], hypotheses=[flattered, right], choice=0), *found.members[1:]]
    assert agree(members)[0].best is right
    fixed = agree([replace(members[0], fixed=True), *members[1:]])
    assert fixed[0].best is flattered and fixed[0].inlier
    odd = replace(found.members[0], hypotheses=[flattered], choice=0)
    judged = agree([odd, *found.members[1:]], AgreementSettings(least=0.8))
    assert [one.inlier for one in judged] == [False, True, True, True]
    assert agree([]) == []


def test_the_same_photo_twice_is_no_witness(found):
    """A wrong pose is not put right by being given twice; of one photo alone nobody knows whether others agree."""
    right = found.members[0].best
    turned = replace(right.pose, R=right.pose.R @ Rotation.from_euler("y", 180, degrees=True).as_matrix())
    odd = replace(found.members[0], hypotheses=[Hypothesis(turned, right.similarity, right.overlap)], choice=0)
    judged = agree([odd, replace(odd, copy_of=0), *found.members[1:]], AgreementSettings(least=0.8))
    assert [one.inlier for one in judged] == [False, False, True, True, True]
    once, twice = agree([odd, *found.members[1:]]), agree([odd, replace(odd, copy_of=0), *found.members[1:]])
    assert twice[0].agreement == pytest.approx(once[0].agreement, abs=1e-4)
    assert np.isnan(agree([right_photo := found.members[0], replace(right_photo, copy_of=0)])[1].agreement)


def test_copies_are_known_by_their_pixels(found, tmp_path):
    """Saved again, in another size, mirrored: one picture. The same object from elsewhere is another one."""
    one, other = found.members[0].scorer.photo, found.members[1].scorer.photo
    Image.fromarray(one.pixels).save(tmp_path / "poor.jpg", quality=25)
    small = Image.fromarray(one.pixels).resize(
        (one.pixels.shape[1] // 2, one.pixels.shape[0] // 2), Image.Resampling.BOX
    )
    poor, half = load_image(tmp_path / "poor.jpg"), np.asarray(small)
    mirrored = replace(one, pixels=np.ascontiguousarray(one.pixels[:, ::-1]), mask=one.mask[:, ::-1])
    copies = [replace(one, pixels=poor), replace(one, pixels=half, mask=one.mask[::2, ::2]), mirrored]
    assert same_pictures([one, other, *copies]).tolist() == [0, 1, 0, 0, 0]
    assert same_pictures([member.scorer.photo for member in found.members]).tolist() == [0, 1, 2, 3]


def test_a_collection_of_one_photo_says_so(found):
    with collect_warnings() as said:
        joined = congeal_jointly(replace(found, names=["a", "b"], members=[found.members[0]] * 2))
    assert [one.copy_of for one in joined.members] == [None, 0]
    assert np.isnan(joined.members[0].agreement) and "nearly the same picture" in said[0]


def test_the_rest_follows_a_pose_fixed_by_hand(found, truth):
    exact = Hypothesis(truth[PHOTOS[0]][0], 1.0, 1.0)
    members = [replace(found.members[0], hypotheses=[exact], choice=0, fixed=True), *found.members[1:]]
    again = congeal_jointly(replace(found, members=members), maps=MapSettings(steps=2))
    assert again.members[0].best.pose is exact.pose and again.members[0].fixed
    assert all(
        rotation_error(one.best.pose.R, truth[name][0].R) < 30 for name, one in zip(PHOTOS, again.members, strict=True)
    )


def test_drawings_are_carried(found, toy_side):
    mask = found.members[0].scorer.photo.mask
    drawing = np.zeros((*mask.shape, 4), np.uint8)
    drawing[mask] = (200, 30, 30, 255)
    carried = from_photo(found, 0, drawing)
    assert (carried[0] == drawing).all()
    other = found.members[1].scorer.photo.mask
    painted = carried[1][..., 3] > 128
    assert not painted[~other].any() and 0.1 < painted[other].mean() < 1
    assert (carried[1][painted][:, 0] > 150).all()
    red = np.tile(np.array([200, 30, 30, 255], np.uint8), (len(toy_side.field), 1))
    every = from_shape(found, red)
    assert all((one[..., 3] > 0)[m.scorer.photo.mask].mean() > 0.8 for one, m in zip(every, found.members, strict=True))


def test_the_average_shows_the_object(found):
    picture = average(found, size=96)
    assert picture.shape == (96, 96, 4) and 0.05 < (picture[..., 3] > 0).mean() < 0.9
    assert picture[picture[..., 3] > 0][:, :3].std() > 10


def test_large_photos_are_looked_at_smaller(tmp_path, encoder, truth):
    _, K, box = truth["toy-2.jpg"]
    image = Image.open(SAMPLE / "collection" / "toy-2.jpg")
    image.resize((1920, 1440)).save(tmp_path / "large.jpg")
    photo, shrunk, known = open_photo(
        tmp_path / "large.jpg", encoder, tuple(4 * v for v in box), None, PhotoCamera(resized_intrinsics(K, 4))
    )
    assert photo.pixels.shape == (768, 1024, 3) and shrunk == pytest.approx(1024 / 1920) and known
    np.testing.assert_allclose(resized_intrinsics(photo.K, 1 / shrunk), resized_intrinsics(K, 4), atol=1e-9)
    assert not photo.sought and not photo.assumed
    told, _, known = open_photo(SAMPLE / "collection" / "toy-2.jpg", encoder, tuple(box))
    assert known and not told.assumed  # by EXIF
    image.save(tmp_path / "plain.jpg")
    plain, _, known = open_photo(tmp_path / "plain.jpg", encoder)
    assert not known and plain.sought and plain.assumed
    with pytest.raises(CounterpointError, match="no object"):
        photo_of(photo.pixels, encoder, photo.K, None, np.zeros(photo.pixels.shape[:2], bool), "empty.jpg")


def test_the_object_of_a_photo_is_likely_there(encoder, truth):
    for name in ("toy-3.jpg", "toy-5.jpg"):
        x0, y0, x1, y1 = truth[name][2]
        a, b, c, d = likely_box(load_image(SAMPLE / "collection" / name), encoder)
        both = max(0, min(x1, c) - max(x0, a)) * max(0, min(y1, d) - max(y0, b))
        assert both / ((x1 - x0) * (y1 - y0) + (c - a) * (d - b) - both) > 0.5


def test_collections_are_written(tmp_path):
    view = View("a b.jpg", (640, 480), intrinsics((640, 480)), Pose(np.eye(3), np.array([0.1, 0.2, 3.0])))
    images = [
        PosedImage("photos/a b.jpg", view, 0.5, float("nan"), True),
        PosedImage("é.jpg", view, 0.1, 0.3, False, True),
    ]
    save_collection(tmp_path / "c.json", "shape.glb", images, up="y")
    written = json.loads((tmp_path / "c.json").read_text())
    first, second = written["images"]
    assert (written["shape"], written["up"]) == ("shape.glb", "y")
    assert (first["path"], second["path"]) == ("photos/a b.jpg", "é.jpg")
    assert first["agreement"] is None and second["fixed"] and not second["inlier"]
    assert (first["K"], first["t"], first["width"]) == (view.K.tolist(), [0.1, 0.2, 3.0], 640)


def test_procrustes_finds_the_frame():
    gauge = Rotation.random(random_state=1).as_matrix()
    truth = [Pose(R, np.array([0, 0, 3.0])) for R in Rotation.random(9, random_state=2).as_matrix()]
    seen = [Pose(one.R @ gauge.T, one.t) for one in truth]
    seen[0] = Pose(Rotation.random(random_state=3).as_matrix(), seen[0].t)
    found = benchmark.procrustes(seen, truth)
    assert rotation_error(found, gauge) < 8
    assert np.median([rotation_error(a.R @ found, b.R) for a, b in zip(seen, truth, strict=True)]) < 8


def test_symmetries_are_found():
    from core.geometry.shape import make_shape

    tube = trimesh.creation.cylinder(0.3, 1.0, sections=96)
    assert len(benchmark.symmetries(make_shape(tube.vertices, tube.faces), "z")) == 24
    box = trimesh.creation.box((1, 2, 0.5))
    assert len(benchmark.symmetries(make_shape(box.vertices, box.faces), "z")) == 2


def test_counterparts_are_the_same_places():
    place = np.full((4, 4, 3), np.nan)
    place[1, 1], place[2, 2] = (0, 0, 0), (0.3, 0, 0)
    other = np.full((4, 4, 3), np.nan)
    other[3, 0] = (0.001, 0, 0)
    seen = [
        photo_collections.Shot(
            "", np.zeros((4, 4, 3), np.uint8), np.eye(3), Pose(np.eye(3), np.zeros(3)), np.isfinite(p[..., 0]), p
        )
        for p in (place, other)
    ]
    where, known = seen[0].counterparts(np.array([[1, 1], [2, 2]]), seen[1])
    assert known.tolist() == [True, False] and where[0].tolist() == [0, 3]


@pytest.mark.slow
def test_the_benchmark_runs_on_pictures(monkeypatch):
    monkeypatch.setattr(benchmark, "canonical_shape", lambda *a: _few(*a))
    monkeypatch.setattr(benchmark, "PAIRS", 6)
    tables = benchmark.evaluate(EvaluateSettings(encoder=_choice(), count=1, photos=3))
    assert set(tables) == {
        f"{what}, {mask}" for what in ("poses", "pixels (PCK@0.1)") for mask in ("true mask", "mask cut out of the box")
    }
    alone, joint = tables["poses, true mask"]
    assert alone["photos"] == 3 and 0 <= joint["rot < 30"] <= 1 and joint["trans median"] < 1
    assert [row["method"] for row in tables["pixels (PCK@0.1), true mask"]] == list(pixels.METHODS)
    with pytest.raises(CounterpointError, match="is not procedural"):
        benchmark.evaluate(EvaluateSettings(encoder=_choice(), data="kitti:/x"))


def _choice():
    from core.encoders.catalogue import EncoderChoice

    return EncoderChoice()


def _few(shape, encoder, up, progress=None):
    from core.congealing.collection import canonical_shape

    return canonical_shape(shape, encoder, up, templates=TemplateSettings(directions=24, rolls=6))


def test_navi_is_read(tmp_path, sample):
    """A tiny NAVI in its real layout: the camera has OpenGL axes, and the object is where it says."""
    shape = load_shape(sample["shape"])
    folder = tmp_path / "toy" / "wild_set"
    for name in ("images", "masks", "../3d_scan"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "toy" / "3d_scan" / "toy.glb").write_bytes(sample["shape"].read_bytes())
    R, t = look_at(np.array([0.5, 0.3, 0.8]), np.array([0.0, 1, 0])), np.array([0.1, 0.0, 4.0]) * shape.diagonal
    pose = Pose(R, t - R @ shape.center)
    from core.geometry.raycasting import Raycaster

    K = np.array([[120.0, 0, 48], [0, 120, 48], [0, 0, 1]])
    drawn = render_posed(Raycaster(shape), pose, K, 96)
    Image.fromarray(drawn.rgb).save(folder / "images" / "000.jpg")
    Image.fromarray((drawn.hits.mask * 255).astype(np.uint8)).save(folder / "masks" / "000.png")
    x, y, z, w = Rotation.from_matrix(photo_collections.GL @ pose.R).as_quat()
    entry = {
        "object_id": "toy",
        "camera": {"q": [w, x, y, z], "t": (photo_collections.GL @ pose.t).tolist(), "focal_length": 120.0},
        "filename": "000.jpg",
        "image_size": [96, 96],
    }
    (folder / "annotations.json").write_text(json.dumps([entry]))
    (found,) = photo_collections.navi(str(tmp_path), 5)
    shot = found.shots[0]
    np.testing.assert_allclose(shot.truth.R, pose.R, atol=1e-6)
    assert np.isfinite(shot.place[shot.visible]).all(-1).mean() > 0.98
    with pytest.raises(CounterpointError, match="not NAVI"):
        list(photo_collections.navi(str(tmp_path / "toy"), 5))


@pytest.mark.slow
def test_spair_is_read(tmp_path, encoder, monkeypatch):
    """A tiny SPair-71k in its real layout, of drawn cars."""
    monkeypatch.setattr(spair, "canonical_shape", lambda *a: _few(*a))
    shots = next(photo_collections.procedural(True, 1, 3, first=2)).shots
    for folder in ("PairAnnotation/test", "JPEGImages/car", "Segmentation/car"):
        (tmp_path / folder).mkdir(parents=True)
    for shot in shots:
        Image.fromarray(shot.image).save(tmp_path / "JPEGImages/car" / f"{shot.name}.jpg")
        Image.fromarray(np.where(shot.visible, 3, 0).astype(np.uint8)).save(
            tmp_path / "Segmentation/car" / f"{shot.name}.png"
        )
    a, b = shots[:2]
    rows, columns = np.nonzero(a.visible)
    asked = np.stack([columns, rows], axis=1)[:: max(1, len(rows) // 40)]
    there, known = a.counterparts(asked, b)
    pair = {
        "src_imname": f"{a.name}.jpg",
        "trg_imname": f"{b.name}.jpg",
        "category": "car",
        "src_kps": asked[known].tolist(),
        "trg_kps": there[known].tolist(),
        "trg_bndbox": list(b.box),
    }
    (tmp_path / "PairAnnotation/test" / "000001-a-b:car.json").write_text(json.dumps(pair))
    tables = benchmark.evaluate(EvaluateSettings(encoder=_choice(), data=f"spair:{tmp_path}", count=3, photos=5))
    rows = tables["car (PCK@0.1)"]
    assert [row["method"] for row in rows] == list(pixels.METHODS) and rows[0]["pixels"] == int(known.sum()) > 0
    with pytest.raises(CounterpointError, match="not SPair"):
        spair.measure(str(tmp_path / "none"), encoder, 1, 1, lambda *_: None)


def test_a_volume_draws_and_becomes_a_mesh(tmp_path):
    pytest.importorskip("skimage")
    volume = Volume(24)
    R = torch.from_numpy(
        np.stack([look_at(np.array(d, float), np.array([0.0, 1, 0])) for d in ((0, 0, 1), (1, 0, 0))]).astype(
            np.float32
        )
    )
    drawn = volume.draw(R, np.radians(40), 2.0, 32)
    assert (
        drawn.shape == (2, 3, 32, 32)
        and float(drawn[:, :, 16, 16].detach().mean()) < 0.6
        and float(drawn[:, :, 0, 0].detach().mean()) > 0.98
    )
    volume.save_mesh(tmp_path / "ball.glb")
    shape = load_shape(tmp_path / "ball.glb")
    radii = np.linalg.norm(shape.vertices, axis=1)
    assert radii.mean() == pytest.approx(0.35, abs=0.02) and radii.std() < 0.02
    with torch.no_grad():
        volume.density -= 100
    with pytest.raises(CounterpointError, match="Nothing grew"):
        volume.save_mesh(tmp_path / "none.glb")


def test_a_shape_is_grown_with_a_diffusion_model(photos, tmp_path):
    """Stable Diffusion's classes with made weights: the word is learned and the field follows its gradients."""
    pytest.importorskip("diffusers")
    from core.congealing.generate import cut_out_object, load_pipeline
    from tests.core.test_naming import tiny_diffusion

    tiny_diffusion(tmp_path)
    pipeline = load_pipeline(str(tmp_path / "base"), "cpu")
    settings = GenerateSettings(word_steps=3, steps=2, views=2, picture=16, grid=12)
    before = pipeline.text_encoder.get_input_embeddings().weight.detach().clone()
    losses = learn_word(pipeline, [cut_out_object(one.photo, 64) for one in photos[:2]], settings)
    after = pipeline.text_encoder.get_input_embeddings().weight
    assert len(losses) == 3 and np.isfinite(losses).all()
    number = pipeline.tokenizer.convert_tokens_to_ids("<collection>")
    others = torch.arange(len(before)) != number
    torch.testing.assert_close(after[: len(before)][others], before[others])
    assert len(after) == len(before) and not torch.equal(after[number], before[:number].mean(0))
    volume = distill(pipeline, settings)
    assert not torch.equal(volume.density, Volume(12).density) and torch.isfinite(volume.density).all()
    with pytest.raises(CounterpointError, match="cannot be loaded"):
        load_pipeline(str(tmp_path / "nowhere"), "cpu")


def a_box(pictures):
    """An image-to-3D function, as a user gives it."""
    assert all(picture.shape == (512, 512, 4) for picture in pictures)
    return trimesh.creation.box((1, 0.5, 0.5))


def test_a_function_of_the_user_makes_the_shape(photos, tmp_path):
    out = generate([one.photo for one in photos[:2]], "tests.core.test_congealing:a_box", tmp_path / "made.glb")
    assert len(load_shape(out).faces) == 12
    out.write_bytes(out.read_bytes())
    assert generate([], "tests.core.test_congealing:nothing", out) == out
    with pytest.raises(CounterpointError, match="cannot be imported"):
        generate([], "tests.core.test_congealing:nothing", tmp_path / "other.glb")


def test_photos_that_cannot_be_posed_are_named(canon, encoder):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[20:38, 20:38] = True  # 18 pixels are too few to see anything
    seen = matchable_image(noise, encoder, (20, 20, 37, 37))
    small = OpenedPhoto("small.jpg", Photo(noise, seen, intrinsics((64, 64)), mask))
    with pytest.raises(CounterpointError, match=r"small\.jpg"):
        congeal([small], canon)


def test_one_camera_is_not_believed_for_photos_of_two_sizes(photos_of_two_folders, encoder, tmp_path):
    first, second = photos_of_two_folders
    file, numbers = tmp_path / "K.json", {"fx": 70.0, "fy": 70.0, "cx": 31.5, "cy": 31.5}
    file.write_text(json.dumps(numbers))
    assert len(open_photos([first, second], encoder, camera=file).photos) == 2
    width, height = Image.open(second).size
    Image.open(second).resize((width + 8, height + 6)).save(second)
    with pytest.raises(CounterpointError, match="right for one size only"):
        open_photos([first, second], encoder, camera=file)
    file.write_text(json.dumps(numbers | {"width": width, "height": height}))
    check_sizes(file, {first: (width, height), second: (2 * width, 2 * height)})  # scaled for each
    file.write_text(json.dumps({"fx": 1.1, "fy": 1.1, "cx": 0.5, "cy": 0.5}))
    check_sizes(file, {first: (width, height), second: (2 * width, 2 * height)})  # shares of each photo


def test_boxes_that_fit_no_photo_are_said(photos_of_two_folders, encoder):
    first, second = photos_of_two_folders
    boxes = {
        "cam0/1.png": (4, 4, 60, 60),
        "1.png": (0, 0, 50, 50),
        "other.png": (0, 0, 9, 9),
        "cam2/1.png": (0, 0, 9, 9),
    }
    with collect_warnings() as said:
        found = open_photos([first, second], encoder, boxes)
    assert len(found.photos) == 2 and "other.png, cam2/1.png" in said[0]
    assert found.photos[0].photo.side.map.box != found.photos[1].photo.side.map.box
    with collect_warnings() as said:
        open_photos([first, second], encoder, {"1.png": (4, 4, 60, 60)})
    assert "several photos" in said[0]


def test_masks_that_fit_no_photo_are_said(photos_of_two_folders, encoder, tmp_path):
    first, second = photos_of_two_folders
    os.rename(second, second := str(Path(second).with_name("2.png")))
    folder, mask = tmp_path / "masks", Image.fromarray(np.pad(np.full((40, 40), 255, np.uint8), 12))
    with pytest.raises(CounterpointError, match="is no folder"):
        open_photos([first, second], encoder, masks=folder)
    folder.mkdir()
    mask.save(folder / "1_mask.png")
    with pytest.raises(CounterpointError, match=r"has no mask for any of the photos; call that of 1\.png 1\.png"):
        open_photos([first, second], encoder, masks=folder)
    mask.save(folder / "1.png")
    with collect_warnings() as said:
        assert len(open_photos([first, second], encoder, masks=folder).photos) == 2
    assert "1_mask.png are left out" in said[0]


@pytest.fixture
def photos_of_two_folders(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    paths = [tmp_path / folder / "1.png" for folder in ("cam0", "cam1")]
    for path in paths:
        path.parent.mkdir()
        Image.fromarray(noise).save(path)
    return [str(path) for path in paths]
