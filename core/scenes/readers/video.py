"""Scenes that are a video, whose pictures are counted and not read (OpenCV; PyAV where it is there and OpenCV fails)."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import check_file
from core.scenes.formats import VIDEOS
from core.scenes.scene import Scene, ScenePhoto


def recognises(path: Path) -> bool:
    """Whether ``path`` is called as videos are."""
    return path.suffix.lower() in VIDEOS and path.is_file()


def read(path: Path) -> Scene:
    """The pictures of a video by their numbers from 0, as six digits.

    ``info`` has ``fps`` and ``size`` (width, height).

    Raises:
        CounterpointError: it is no video that can be read.
    """
    file = check_file(path)
    count, fps, size = _with_opencv(file) or _with_av(file) or (0, 0.0, (0, 0))
    if count <= 0 or min(size) <= 0:
        raise CounterpointError(f"{file.name} is no video that can be read; save it as MP4 (H.264).")
    photos = tuple(ScenePhoto(f"{number:06d}", file, frame=number) for number in range(count))
    return Scene(file, "video", photos, info={"fps": fps, "size": list(size)})


def frame_image(path: Path, frame: int) -> npt.NDArray[np.uint8]:
    """Read one picture of a video, RGB uint8 [H, W, 3].

    Raises:
        CounterpointError: the video cannot be read, or ends before this picture.
    """
    capture = cv2.VideoCapture(str(path))
    try:
        capture.set(cv2.CAP_PROP_POS_FRAMES, frame)
        good, picture = capture.read()
    finally:
        capture.release()
    if not good and find_spec("av") is not None:
        return _frame_with_av(path, frame)
    if not good:
        raise CounterpointError(f"{path.name} has no picture {frame} that can be read.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _with_opencv(path: Path) -> tuple[int, float, tuple[int, int]] | None:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            return None
        count, fps, width, height = (
            capture.get(what)
            for what in (
                cv2.CAP_PROP_FRAME_COUNT,
                cv2.CAP_PROP_FPS,
                cv2.CAP_PROP_FRAME_WIDTH,
                cv2.CAP_PROP_FRAME_HEIGHT,
            )
        )
    finally:
        capture.release()
    return (int(count), float(fps), (int(width), int(height))) if 0 < count < 1e9 else None


def _with_av(path: Path) -> tuple[int, float, tuple[int, int]] | None:
    if find_spec("av") is None:
        return None
    import av

    try:
        with av.open(str(path)) as opened:
            stream = opened.streams.video[0]
            rate = float(stream.average_rate or 0)
            count = stream.frames or sum(1 for packet in opened.demux(stream) if packet.size)
            return int(count), rate, (stream.codec_context.width, stream.codec_context.height)
    except (av.FFmpegError, IndexError):
        return None


def _frame_with_av(path: Path, frame: int) -> npt.NDArray[np.uint8]:
    import av

    try:
        with av.open(str(path)) as opened:
            for number, picture in enumerate(opened.decode(video=0)):
                if number == frame:
                    return np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    except (av.FFmpegError, IndexError):
        pass
    raise CounterpointError(f"{path.name} has no picture {frame} that can be read.")
