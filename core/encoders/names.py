"""Names of encoders; light, because options and the window list them."""

DEFAULT = "pocket"

POCKETS = ("pocket", "pocket-0.1")
"""The bundled encoders, which have a point encoder each."""
