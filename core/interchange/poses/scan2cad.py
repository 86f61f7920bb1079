"""Poses as Scan2CAD's ``trs``: translation, rotation as a quaternion, scale."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from core.errors import CounterpointError
from core.files import write_json
from core.geometry.camera import PhotoCamera
from core.geometry.lens import Lens
from core.geometry.pose import Pose
from core.interchange.camera_values import matrix_of
from core.interchange.poses.view import Entry, View, guarded


def to_trs(pose: Pose) -> dict[str, list[float]]:
    """``trs`` of Scan2CAD: translation, rotation as a quaternion w x y z, scale."""
    x, y, z, w = Rotation.from_matrix(pose.R).as_quat()
    return {"translation": pose.t.tolist(), "rotation": [w, x, y, z], "scale": np.asarray(pose.s).tolist()}


def from_trs(trs: Any) -> Pose:
    """The pose of a ``trs``.

    Raises:
        CounterpointError: it is none, or the quaternion is not of length 1 within its rounding.
    """

    def read() -> Pose:
        w, x, y, z = (float(v) for v in trs["rotation"])
        length = float(np.linalg.norm([w, x, y, z]))
        if not abs(length - 1) < 0.02:
            raise CounterpointError(f"The quaternion of a trs has the length {length:.3g}, not 1.")
        R = Rotation.from_quat([x, y, z, w]).as_matrix()
        return Pose(R, np.array(trs["translation"], float).reshape(3), np.array(trs["scale"], float).reshape(3))

    return guarded("trs", read)


def save(path: str | Path, view: View) -> None:
    """One ``trs`` with the photo's name and camera."""
    content = {"image": view.image, "size": list(view.size), "K": view.K.tolist()}
    lens = {} if view.lens is None else {"lens": view.lens.as_json()}
    write_json(path, content | lens | {"trs": to_trs(view.pose), "sym": "__SYM_NONE"}, indent=1)


def read_entries(content: Any, name: str) -> list[Entry]:
    """What :func:`save` wrote. A ``trs`` of Scan2CAD itself leads to the scan's frame, and is refused.

    Raises:
        CounterpointError: there is no photo, so that the pose is not one of a camera.
    """
    if "aligned_models" in content or "K" not in content:
        raise CounterpointError(
            f"{name} is an annotation of Scan2CAD: its poses are in the frame of a scan, not of a photo's camera."
        )
    lens = Lens.from_json(content["lens"]) if content.get("lens") else None
    width, height = content["size"]
    camera = PhotoCamera(matrix_of(content["K"], name), (int(width), int(height)), lens)
    return [Entry(from_trs(content["trs"]), str(content.get("image", "")), camera)]
