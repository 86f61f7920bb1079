"""Colours of photos that are not those of sRGB: what a file says of them (ICC profiles, EXIF, gamma) is followed, or it is said."""

from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageCms

from core.notices import warn

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Pillow's mode of the numbers that a profile is about."""
_SAME = 2
"""Levels of 255: a profile that changes colours by no more is sRGB, of which there are many versions."""
_ADOBE = "R03"
"""What cameras write into EXIF's interoperability index for Adobe RGB."""
_GAMMA = 1 / 2.2


def to_srgb(image: Image.Image, profile: bytes | None, name: str) -> Image.Image:
    """An image of 8 bits whose colours are those of a profile (ICC) -> the same in sRGB, its transparency kept.

    A profile that cannot be followed is left out, which is said with the file's ``name``.
    """
    if image.mode == "CMYK" and not profile:
        warn(f"{name} is CMYK without a colour profile, so that its colours are shown roughly.")
    if image.mode == "LAB":
        return image.convert("RGB")
    if not profile or image.mode == "1":
        return image
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _SPACES.get(opened.profile.xcolor_space)
        if mode is None or (mode == "CMYK") != (image.mode == "CMYK") or (mode == "L" and not _is_grey(image)):
            raise ImageCms.PyCMSError(f"it is of {opened.profile.xcolor_space.strip()} and the picture of {image.mode}")
        into = ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        transform = ImageCms.buildTransform(opened, into, mode, "RGB", intent, flags)
        if mode != "CMYK" and _changes_little(transform, mode):
            return image
        shown = ImageCms.applyTransform(image.convert(mode), transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        warn(f"{name} has a colour profile that cannot be followed ({error}); its colours are taken to be sRGB.")
        return image
    assert shown is not None
    if alpha is not None:
        shown.putalpha(alpha)
    return shown


def say_other_colors(image: Image.Image, name: str) -> None:
    """Warn of an opened photo without a profile whose colours are said not to be sRGB's."""
    if image.info.get("icc_profile"):
        return
    gamma = image.info.get("gamma")
    if image.format == "PNG" and gamma and "srgb" not in image.info and abs(gamma - _GAMMA) > 0.05:
        warn(f"{name} says that its numbers have a gamma of {gamma:.3g}, which is left out: they are taken to be sRGB.")
    if image.format == "JPEG":
        index = image.getexif().get_ifd(ExifTags.IFD.Interop).get(1)
        if isinstance(index, str) and index.startswith(_ADOBE):
            warn(
                f"{name} is in Adobe RGB by its EXIF data and has no profile: its colours are shown paler than they are."
            )


def _is_grey(image: Image.Image) -> bool:
    return image.mode in ("L", "LA", "La", "1")


def _changes_little(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    steps = np.linspace(0, 255, 6).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 1, 3) if mode == "RGB" else steps[:, None]
    shown = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform), np.int16)
    plain = np.asarray(Image.fromarray(grid).convert("RGB"), np.int16)
    return bool(np.abs(shown - plain).max() <= _SAME)
