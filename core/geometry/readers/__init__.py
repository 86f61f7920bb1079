"""Readers of shapes, one file a format; ``core.geometry.shape.READERS`` says which reads what."""
