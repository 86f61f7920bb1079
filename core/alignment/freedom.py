"""The degrees of freedom of a pose, by name."""

FREEDOMS = ("x", "y", "z", "turn x", "turn y", "turn z", "scale x", "scale y", "scale z")
"""What can be locked: along and about the camera's axes, and the scale of the shape's."""
