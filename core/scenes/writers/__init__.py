"""Writers of scenes, a module a format, each with a function that takes the scene and where it goes."""
