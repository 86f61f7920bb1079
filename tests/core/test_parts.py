"""A part marked in a picture is found on shapes and in other pictures, and in files."""

import numpy as np
import pytest
import trimesh

from core.benchmarks import part_transfer
from core.encoders.pocket import PocketEncoder
from core.errors import CounterpointError
from core.fields.lifting import LiftSettings
from core.geometry.shape import load_shape
from core.images import load_image
from core.matching.prepare import matchable_image, matchable_shape, with_joint_prior
from core.parts.evidence import on_elements, on_pixels
from core.parts.marking import outline_mask
from core.parts.transfer import find_part, mask_region, transfer

TRUNK = [(925, 600), (1072, 600), (1078, 740), (955, 740)]


@pytest.fixture(scope="module")
def toy(sample, encoder, toy_side):
    photo = matchable_image(load_image(sample["image"]), encoder, tuple(sample["box"]))
    return with_joint_prior(photo, toy_side, "y")


@pytest.fixture(scope="module")
def region(toy):
    return mask_region(toy[0], outline_mask(TRUNK, toy[0].image_size))


def test_a_part_of_the_photo_is_found_on_the_shape(toy, region):
    photo, shape, prior = toy
    found = find_part(photo, shape, region, prior)
    x = shape.field.points.position[:, 0]
    chosen = found.evidence > 0.5
    assert 0.03 < found.share < 0.3 and found.overlap > 0.2
    assert np.mean(x[chosen] > np.quantile(x, 0.75)) > 0.7  # the trunk is where x is largest
    assert x[found.candidate] > np.quantile(x, 0.8)


def test_shape_to_image_and_shape_to_shape(toy, region, sample, encoder):
    photo, shape, prior = toy
    x = shape.field.points.position[:, 0]
    trunk = x > np.quantile(x, 0.9)
    mask = on_pixels(photo, transfer(shape, photo, trunk, prior)) > 50
    columns = np.nonzero(mask)[1]
    assert mask.shape == photo.image_size[::-1] and columns.mean() > 900  # the trunk is on the right of the photo
    x0, _, x1, _ = sample["box"]
    assert columns.min() >= x0 and columns.max() <= x1
    other = matchable_shape(load_shape(sample["shape2"]), encoder, LiftSettings(samples=6000))
    there = transfer(shape, other, trunk) > 0.5
    position = other.field.points.position[:, 0]
    assert 0.02 < there.mean() < 0.4 and np.median(position[there]) > np.quantile(position, 0.8)


def test_labels_go_to_the_users_own_faces(toy, region):
    photo, shape, prior = toy
    labels = on_elements(shape, transfer(photo, shape, region, prior)) > 50
    assert labels.shape == (len(shape.shape.faces),) and set(labels) == {0, 1}


def test_masks_that_cannot_be_used_are_said(toy):
    photo = toy[0]
    width, height = photo.image_size
    for mask, words in (
        (np.zeros((5, 5), bool), "same"),
        (np.zeros((height, width), bool), "outside the box"),
        (np.ones((height, width), bool), "covers all"),
    ):
        with pytest.raises(CounterpointError, match=words):
            mask_region(photo, mask)


@pytest.mark.slow
def test_parts_are_found_better_than_by_simpler_ways(sample, encoder):
    cases = part_transfer.mesh_cases(str(sample["shape"].parent), 2, across=False)
    scores = part_transfer.measure(cases, encoder)
    mean = {name: float(np.nanmean(values)) for name, values in scores.items()}
    assert mean["Counterpoint"] > 0.3
    assert mean["Counterpoint"] > max(mean["nearest descriptor"], mean["all of the surface"])
    assert mean["Counterpoint, pose known"] > mean["Counterpoint"]
    random = part_transfer.measure(cases[:1], PocketEncoder(random=True))
    assert np.mean(random["Counterpoint"]) < mean["Counterpoint"]
    rows = {row["method"]: row for row in part_transfer.summary(scores)}
    assert rows["Counterpoint"]["iou"] == pytest.approx(mean["Counterpoint"]) and rows["nearest descriptor"]["lead"] > 0


def test_meshes_with_parts_marked_by_hand(sample, tmp_path):
    cases = part_transfer.mesh_cases(str(sample["shape"].parent), 2, across=True)
    assert {case.target.category for case in cases} == {"elephant"} and not any(case.same for case in cases)
    assert set(np.unique(cases[0].target.face_part)) == set(range(7))
    trimesh.creation.box().export(tmp_path / "box.obj")
    with pytest.raises(CounterpointError, match="marked by hand"):
        part_transfer.mesh_cases(str(tmp_path), 2, across=False)
