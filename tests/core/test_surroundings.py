"""Photos light training pictures from all around, as panoramas would."""

import numpy as np
import pytest
import torch
from PIL import Image

from core.training.draw import Draw
from core.training.look import PictureSettings
from core.training.pictures import Surface, take_picture
from core.training.procedural import HELD_OUT, make_object
from core.training.surroundings import FLAT, Surroundings, basis, panorama

UP, DOWN, SIDE = torch.eye(3)[1], -torch.eye(3)[1], torch.eye(3)[0]


@pytest.fixture
def folder(tmp_path):
    def write(pixels):
        Image.fromarray(pixels).save(tmp_path / "photo.png")
        return str(tmp_path)

    return write


def surroundings(folder):
    return Surroundings(Draw(torch.Generator().manual_seed(0)), 16, folder)


def test_the_harmonics_are_orthonormal():
    direction, area = panorama(64, torch.zeros(1, 1))
    values = basis(direction[0])
    assert area.sum() == pytest.approx(4 * np.pi)
    assert torch.allclose(torch.einsum("pi,pj,p->ij", values, values, area), torch.eye(9), atol=1e-3)


def test_an_even_grey_room_lights_all_sides_alike(folder):
    around = surroundings(folder(np.full((64, 64, 3), 120, np.uint8)))
    light = around.light()
    assert 0 < around.lit.sum() < 16 and not light[~around.lit].any()
    assert light[around.lit][:, 1:].abs().max() < 0.02 * light[around.lit][:, :1].abs().max()
    assert (light[around.lit][:, 0] * FLAT > 0.2).all()


def test_a_bright_sky_lights_from_above(folder):
    photo = np.full((64, 64, 3), 40, np.uint8)
    photo[:32] = 250
    around = surroundings(folder(photo))
    up, down, side = (
        torch.einsum("i,kic->kc", basis(normal), around.light()[around.lit]).mean(-1) for normal in (UP, DOWN, SIDE)
    )
    assert (up >= down - 1e-4).all() and (up > side).float().mean() > 0.5 and (up > 1.5 * down).float().mean() > 0.5


def test_objects_of_some_pictures_are_lit_by_photos(folder):
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[..., 2] = 200  # blue light alone
    settings = {"size": 96, "plain": 0, "worn": 0, "occluded": 0, "photos": folder(photo)}
    item, bluer = make_object(HELD_OUT[0]), 0
    for seed in range(6):
        without, lit = (
            take_picture(
                item, np.random.default_rng(seed), PictureSettings(**settings, surrounded=surrounded), Surface(seed)
            )
            for surrounded in (False, True)
        )
        assert np.array_equal(without.mask, lit.mask) and np.array_equal(without.image[~lit.mask], lit.image[~lit.mask])
        share = [float(p.image[p.mask][:, 2].sum() / max(1, p.image[p.mask].sum())) for p in (without, lit)]
        bluer += share[1] > share[0] + 0.01
    assert 1 <= bluer < 6
