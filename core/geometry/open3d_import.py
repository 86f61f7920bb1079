"""Open3D without its plots: they import a web server (dash), which takes half of the time that Open3D takes to load."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_PLOTS = "open3d.visualization.draw_plotly"

TRIES = 20
"""Open3D goes through the list of loaded modules while it loads, which fails when another thread loads one meanwhile."""


def _load() -> Any:
    for left in reversed(range(TRIES)):
        try:
            return import_module("open3d")
        except RuntimeError as error:
            if "changed size during iteration" not in str(error) or left == 0:
                raise
    raise AssertionError


if "open3d" not in sys.modules:
    _absent = ModuleType(_PLOTS)
    _absent.get_plotly_fig = _absent.draw_plotly = _absent.draw_plotly_server = None  # type: ignore[attr-defined]
    sys.modules[_PLOTS] = _absent

o3d = _load()

__all__ = ["o3d"]
