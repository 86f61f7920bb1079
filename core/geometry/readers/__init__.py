"""Readers of shapes, one file a format; ``core.geometry.formats.READERS`` says which reads what."""
