"""Readers of scenes, a module a layout: ``recognises(path)`` and ``read(path)``; none of them reads a pixel."""
