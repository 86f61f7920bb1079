"""Plugins: packages that announce themselves by entry points, and functions of the user's own modules."""

import importlib
import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from core.errors import CounterpointError

Group = Literal["encoders", "segmenters", "depth", "shapes"]
"""The entry points ``counterpoint.GROUP``; each names a function:

- ``encoders``: ``(weights: str | None, layer: int | None, device: str) -> core.encoders.base.ImageEncoder``
- ``segmenters``: ``(device: str) -> core.parts.prompts.Segmenter``
- ``depth``: ``(device: str) -> ((image uint8 [H, W, 3]) -> metres float [H, W], NaN where not known)``
- ``shapes``: ``(pictures: list of RGBA uint8 [S, S, 4]) -> a mesh file, or a trimesh``
"""


@lru_cache
def plugins(group: Group) -> dict[str, EntryPoint]:
    """Return the installed plugins of a group by name; none is imported yet."""
    return {entry.name: entry for entry in entry_points(group=f"counterpoint.{group}")}


def make_plugin(group: Group, name: str, *arguments: Any, **options: Any) -> Any:
    """Call a plugin's function and return what it makes.

    Raises:
        CounterpointError: the plugin cannot be imported, or fails.
    """
    entry = plugins(group)[name]
    try:
        return entry.load()(*arguments, **options)
    except CounterpointError:
        raise
    except Exception as error:
        owner = entry.dist.name if entry.dist is not None else entry.value
        raise CounterpointError(f"The plugin {name} of {owner} failed ({type(error).__name__}: {error}).") from error


def import_named(name: str) -> Any:
    """Import the object that ``package.module:name`` names, from the user's own code.

    Raises:
        CounterpointError: there is no such module or name, or its import fails.
    """
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise CounterpointError(f"{name} cannot be imported ({error}); give MODULE:FUNCTION.") from error
    finally:
        sys.path.remove("")
