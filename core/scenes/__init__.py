"""Scenes: many photos, many objects and their poses, read from and written to data sets."""
