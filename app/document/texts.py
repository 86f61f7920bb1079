"""The window's texts in the user's language: ``tr`` around each, catalogues by gettext.

Catalogues are ``resources/translations/LANGUAGE/LC_MESSAGES/counterpoint.mo``; ``packaging/update-translations`` keeps
the template of all texts. The language is the system's (or ``COUNTERPOINT_LANGUAGE``), and is fixed when the program
starts; texts without a translation are English.
"""

import gettext
import os
from collections.abc import Sequence

from PySide6.QtCore import QLocale

from app.shared.resources import resource
from core.calibration import per_cent

LANGUAGE = os.environ.get("COUNTERPOINT_LANGUAGE") or QLocale.system().name()
"""Such as "de" or "pt_BR"."""

tr = gettext.translation(
    "counterpoint", resource("translations"), [LANGUAGE, LANGUAGE.split("_")[0]], fallback=True
).gettext

_TITLES = {
    "image": tr("Photo"),
    "shape": tr("Shape"),
    "system": tr("System"),
    "light": tr("Light"),
    "dark": tr("Dark"),
    "trackball": tr("Trackball"),
    "turntable": tr("Turntable"),
    "blender": tr("Like Blender"),
    "front": tr("Front"),
    "back": tr("Back"),
    "left": tr("Left"),
    "right": tr("Right"),
    "top": tr("Top"),
    "bottom": tr("Bottom"),
    "corner": tr("Corner"),
    "move": tr("Move"),
    "turn": tr("Turn"),
    "scale": tr("Scale"),
}

_REASONS = {
    "assumed": tr("the photo's camera is not known for sure, so the distance is a guess"),
    "background": tr("the place looks like background, not like the object"),
    "camera": tr("the picture fits another focal length better"),
    "chance": tr("so much is marked that matching back says little"),
    "cycle": tr("matching back from there does not lead to the start"),
    "edges": tr("the outline does not follow the edges in the picture"),
    "encoder": tr("how often this encoder is right is not known"),
    "hidden": tr("the place is probably on the side turned away from the camera"),
    "mask": tr("the object could not be cut out well"),
    "mirror": tr("left and right look alike"),
    "misfit": tr("the silhouette does not fit the object well"),
    "nothing": tr("nothing of the shape is there"),
    "other": tr("the photo may show another object"),
    "outside": tr("outside the object"),
    "pose": tr("the pose it was found through is not sure"),
    "rival": tr("another pose fits nearly as well"),
    "unposed": tr("no pose that was looked for confirms it"),
    "unseen": tr("from there it looks the same after some turns"),
    "rivals": tr("other places look alike"),
    "similar": tr("what is there looks different"),
    "small": tr("the object is small in the photo"),
    "silhouette": tr("the silhouette of what was found is another"),
    "sought": tr("the object has no box and was looked for"),
    "unlike": tr("what was found looks different from every side"),
    "votes": tr("the pictures that vote do not agree on it"),
    "whole": tr("what was found is little alike as a whole"),
}
"""The texts of :data:`core.calibration.REASONS`."""

_VERDICTS = {"good": tr("Good"), "unsure": tr("Unsure"), "none": tr("Probably none")}


def sureness(verdict: str, probability: float | None, reasons: Sequence[str]) -> str:
    """What people read of a verdict: ``Unsure (55 %): left and right look alike``."""
    sure = "" if probability is None or probability != probability else f" ({per_cent(probability)})"
    why = "; ".join(_REASONS[word] for word in reasons)
    return _VERDICTS[verdict] + sure + (f": {why}" if why else "")


_FOUND = {
    "good": tr("The first shape is of this kind"),
    "unsure": tr("The first shape may be of this kind"),
    "none": tr("The first shape is probably of another kind"),
    "unmeasured": tr("How often searches by words and by parts are right was not measured"),
    "": "",
}


def search_sureness(verdict: str, probability: float, reasons: Sequence[str]) -> str:
    """What people read of a verdict on a search: ``The first shape may be of this kind (55%): ...``."""
    sure = "" if probability != probability else f" ({per_cent(probability)})"
    why = "; ".join(_REASONS[word] for word in reasons)
    return _FOUND[verdict] + sure + (f": {why}" if why else "")


def title(name: str) -> str:
    """What people read of a name such as "shape 1" or "dark"; proper names begin with a capital letter."""
    return " ".join(_TITLES.get(word, word.capitalize()) for word in name.split())
