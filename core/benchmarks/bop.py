"""Reader of data sets in the BOP layout (Hodan et al., ECCV 2018).

It reads photos, poses and models; masks are cast from the poses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.encoders.feature_map import Box, box_around
from core.errors import CounterpointError
from core.geometry.camera import Camera
from core.geometry.raycasting import Hits, Raycaster
from core.geometry.shape import Shape, load_shape
from core.images import load_image
from core.scenes.models_info import ModelInfo, read_models_info
from core.scenes.readers.bop import read_table


@dataclass
class PosedObject:
    """One object in one photo.

    Attributes:
        image: uint8 [H, W, 3].
        object_id: of the model.
        camera: intrinsics and pose (model units, mm).
        visible: bool [H, W], pixels where the object is in front.
        hits: what each pixel of the photo would see of this object alone (face, barycentric), arrays [H, W, ...].
        box: around the visible pixels.
        distance: [H, W] along the rays to what is seen, in the models' units, inf where nothing is known: measured where
            the data set has depth, else to the nearest object of the photo.
    """

    photo: str
    image: npt.NDArray[np.uint8]
    object_id: int
    camera: Camera
    visible: npt.NDArray[np.bool_]
    hits: Hits
    box: Box
    distance: npt.NDArray[np.floating]


@dataclass
class BopScene:
    """A data set with one scene, as in ``shared/data/lmo``."""

    models: dict[int, Shape]
    casters: dict[int, Raycaster]
    folder: Path

    @cached_property
    def infos(self) -> dict[int, ModelInfo]:
        """The diameters and symmetries of the models, see :func:`core.scenes.models_info.read_models_info`."""
        return read_models_info(self.folder.parents[1] / "models", self.models)

    @classmethod
    def open(cls, root: str | Path) -> "BopScene":
        """Read the models of ``root``.

        Raises:
            CounterpointError: the layout is not that of BOP.
        """
        root = Path(root)
        files = sorted((root / "models").glob("obj_*.ply"))
        scenes = sorted((root / "test").glob("*/scene_gt.json"))
        if not files or not scenes:
            raise CounterpointError(f"{root} is not in the BOP layout (models/obj_*.ply, test/*/scene_gt.json).")
        models = {int(file.stem.split("_")[1]): load_shape(file) for file in files}
        return cls(models, {i: Raycaster(shape) for i, shape in models.items()}, scenes[0].parent)

    def photos(self) -> list[str]:
        """Return the numbers of the photos as they are written in the scene, in ascending order."""
        return sorted(read_table(self.folder / "scene_gt.json", list), key=int)

    def objects(self, photo: str, min_visible: float = 0.1) -> Iterator[PosedObject]:
        """The objects of a photo that are visible enough.

        At least the share ``min_visible`` of the silhouette is not hidden by another object.
        """
        truth = read_table(self.folder / "scene_gt.json", list)[photo]
        K = np.reshape(read_table(self.folder / "scene_camera.json", dict)[photo]["cam_K"], (3, 3)).astype(float)
        image = load_image(next((self.folder / "rgb").glob(f"{int(photo):06d}.*")))
        height, width = image.shape[:2]
        cameras, views, depths = [], [], []
        for entry in truth:
            shape = self.models[entry["obj_id"]]
            R = np.reshape(entry["cam_R_m2c"], (3, 3)).astype(float)
            camera = Camera(K, R, np.array(entry["cam_t_m2c"], float), width, height)
            hits = self.casters[entry["obj_id"]].view(normalised_camera(camera, shape))
            cameras.append(camera)
            views.append(hits)
            depths.append(hits.distance * shape.diagonal)
        nearest = np.min(depths, axis=0)
        measured = self._measured(photo, K, (width, height))
        for entry, camera, hits, depth in zip(truth, cameras, views, depths, strict=True):
            visible = hits.mask & (depth <= nearest)
            if visible.sum() < max(min_visible * hits.mask.sum(), 50):
                continue
            box = box_around(visible)
            scene = nearest if measured is None else measured
            yield PosedObject(photo, image, entry["obj_id"], camera, visible, hits, box, scene)

    def _measured(self, photo: str, K: npt.NDArray[np.floating], size: tuple[int, int]) -> npt.NDArray | None:
        """Return the measured distances along the rays [H, W], inf where there are none; None without a depth file."""
        files = sorted((self.folder / "depth").glob(f"{int(photo):06d}.*"))
        if not files:
            return None
        scale = read_table(self.folder / "scene_camera.json", dict)[photo].get("depth_scale", 1.0)
        with Image.open(files[0]) as image:
            depth = np.asarray(image, np.float64) * scale
        u, v = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
        ray = np.sqrt(((u - K[0, 2]) / K[0, 0]) ** 2 + ((v - K[1, 2]) / K[1, 1]) ** 2 + 1)
        return np.where(depth > 0, depth * ray, np.inf)


def normalised_camera(camera: Camera, shape: Shape) -> Camera:
    """The same view of the shape in its normalised frame."""
    t = (camera.t + camera.R @ shape.center) / shape.diagonal
    return Camera(camera.K, camera.R, t, camera.width, camera.height)
