"""The window's texts in the user's language: ``tr`` around each, catalogues by gettext.

Catalogues are ``resources/translations/LANGUAGE/LC_MESSAGES/counterpoint.mo``; ``packaging/update-translations`` keeps
the template of all texts. The language is the system's (or ``COUNTERPOINT_LANGUAGE``), and is fixed when the program
starts; texts without a translation are English.
"""

import gettext
import os

from PySide6.QtCore import QLocale

from app.shared.resources import resource

LANGUAGE = os.environ.get("COUNTERPOINT_LANGUAGE") or QLocale.system().name()
"""Such as "de" or "pt_BR"."""

tr = gettext.translation(
    "counterpoint", resource("translations"), [LANGUAGE, LANGUAGE.split("_")[0]], fallback=True
).gettext

_TITLES = {
    "image": tr("Image"),
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


def title(name: str) -> str:
    """What people read of a name such as "shape 1" or "dark"; proper names begin with a capital letter."""
    return " ".join(_TITLES.get(word, word.capitalize()) for word in name.split())
