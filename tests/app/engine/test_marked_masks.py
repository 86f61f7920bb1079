"""What a scene's file marks of an object is the mask that it is aligned by, unless somebody gave another."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from app.document.scene import PAIR, OpenScene, box_at
from app.engine.files import image_of, marked_on
from app.engine.scoring import with_marked_mask
from app.shared.values import AlignTask, EncoderSettings, item_for
from core.errors import CounterpointError
from core.parts.layers import Mask
from core.registration.things import InstanceKey
from core.scenes.scene import Region, Scene, ScenePhoto, SceneShape


def test_a_marked_mask_is_used_for_its_thing_alone(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    (tmp_path / "cup.ply").write_bytes(b"")
    thing = InstanceKey(3)
    marks = {("a", thing): Region((4, 5, 10, 8), [[4, 5, 14, 5, 14, 13, 4, 13]])}
    photo, shape = ScenePhoto("a", tmp_path / "a.png"), SceneShape(3, tmp_path / "cup.ply", "cup")
    opened = OpenScene(Scene(tmp_path, "coco", (photo,), {3: shape}, regions=marks), "a", thing)
    items = {"image 1": item_for(photo.path), "shape 1": item_for(shape.path)}
    region = opened.region_of(items, PAIR)
    assert region is marks["a", thing] and box_at(opened) == (3.0, 4.0, 14.0, 13.0)
    assert opened.region_of(items, ("image 2", "shape 1")) is None
    assert opened.region_of({**items, "shape 1": item_for(tmp_path / "b.ply")}, PAIR) is None
    task = AlignTask(items["image 1"], items["shape 1"], EncoderSettings(), region=region)
    found = with_marked_mask(task)
    mask = found.mask.array().reshape(30, 40)
    assert found.region is None and mask.sum() == 80 and mask[5:13, 4:14].all()
    own = Mask.of(np.ones((30, 40), bool))
    assert with_marked_mask(replace(task, mask=own)).mask is own
    assert with_marked_mask(replace(task, region=Region((1, 2, 3, 4)))).mask is None


def test_a_file_that_was_changed_since_it_was_opened_is_not_read_in_its_place(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    old, mask = item_for(tmp_path / "a.png"), Mask.of(np.ones((30, 40), bool))
    assert marked_on(old, mask).shape == (30, 40)
    Image.new("RGB", (50, 60)).save(tmp_path / "a.png")
    assert image_of(old).shape == (30, 40, 3)  # what the window shows is still known
    with pytest.raises(CounterpointError, match="changed since it was opened; open it again"):
        image_of(replace(old, stamp=(1, 1)))
    with pytest.raises(CounterpointError, match="the marks do not fit"):
        marked_on(item_for(tmp_path / "a.png"), mask)
