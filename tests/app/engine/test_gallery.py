"""The engine's searches, run in this process, where the encoder of the dock is not that of the gallery, or was trained on."""

import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from app.engine.cache import choice_of, matchable_of
from app.engine.gallery import search_gallery, turn_shape
from app.shared.search import SearchRequest
from app.shared.values import EncoderSettings, item_for
from core.encoders.pocket import WEIGHTS
from core.errors import CounterpointError
from core.geometry.shape import load_shape
from core.parts.layers import Mask
from core.progress import silent
from core.retrieval.build import index_folder
from core.retrieval.describe import GallerySpec
from core.retrieval.queries import QueryEncoder


def test_a_shape_that_was_saved_anew_is_drawn_anew(shape_folder):
    place = str(shape_folder / "toy.glb")
    before = turn_shape(silent, place, "y", 0.0, 48)
    shutil.copy(shape_folder / "below" / "toy2.glb", place)
    assert (turn_shape(silent, place, "y", 0.0, 48) != before).any()


def test_weights_that_were_written_anew_describe_anew(tmp_path):
    """What is already open is described by the weights as they are now, in all that is matched."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)).save(tmp_path / "a.png")
    tensors, weights = load_file(WEIGHTS / "pocket_image.safetensors"), tmp_path / "mine.safetensors"
    save_file(tensors, weights)
    settings, item = EncoderSettings(weights=str(weights)), item_for(tmp_path / "a.png")
    before = matchable_of(item, settings)
    assert matchable_of(item, settings) is before
    save_file({name: value * 1.01 for name, value in tensors.items()}, weights)
    assert (matchable_of(item, settings).map.descriptors != before.map.descriptors).any()


def test_a_search_is_described_as_the_gallery_is(shape_folder, tmp_path):
    weights = tmp_path / "mine.safetensors"
    tensors = load_file(WEIGHTS / "pocket_image.safetensors")
    save_file(tensors, weights)
    dock = EncoderSettings("pocket-0.1", samples=2000, azimuths=2)
    spec = GallerySpec(choice_of(EncoderSettings(weights=str(weights))))
    (shape_folder / "stick.stl").unlink()
    index_folder(shape_folder, tmp_path / "g", spec, workers=1)
    toy = item_for(str(shape_folder / "toy.glb"))
    part = Mask.of(np.ones(len(load_shape(toy.path).faces), bool))
    request = SearchRequest(str(tmp_path / "g"), "part", toy, part)
    assert {one.path[-8:] for one in search_gallery(silent, request, dock).results[:2]} == {"/toy.glb", "toy2.glb"}
    side = matchable_of(toy, replace(dock, **asdict(spec.choice)))
    with pytest.raises(CounterpointError, match="by another encoder than the gallery"):
        QueryEncoder(spec).part_of_shape(replace(side, encoder="pocket-0.1"), part.array())

    save_file({name: value * 1.01 for name, value in tensors.items()}, weights)  # trained on
    index_folder(shape_folder, tmp_path / "g", spec, workers=1)
    like = SearchRequest(str(tmp_path / "g"), "object", toy)
    assert search_gallery(silent, like, dock).results[0].path.endswith("toy2.glb")
