"""Formats of images: the endings of the names of files that are opened. It is light, so that the window can ask."""

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif")
