"""Counterpoint: dense links between images and 3D shapes (the headless library)."""

__version__ = "0.2.0"
