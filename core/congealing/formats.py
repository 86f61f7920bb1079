"""The formats that a congealed collection is written in; how is in :mod:`core.congealing.export`."""

POSES_FORMATS = ("colmap", "nerfstudio")
"""Those that hold the cameras of many photos, beside ``collection.json``."""

MAP_FORMATS = ("npz", "exr")
"""Those of coordinate maps, by suffix."""
