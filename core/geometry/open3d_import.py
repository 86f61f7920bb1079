"""Open3D without its plots: they import a web server (dash), which takes half of the time that Open3D takes to load."""

import sys
from types import ModuleType

_PLOTS = "open3d.visualization.draw_plotly"

if "open3d" not in sys.modules:
    _absent = ModuleType(_PLOTS)
    _absent.get_plotly_fig = _absent.draw_plotly = _absent.draw_plotly_server = None  # type: ignore[attr-defined]
    sys.modules[_PLOTS] = _absent

import open3d as o3d  # noqa: E402

__all__ = ["o3d"]
