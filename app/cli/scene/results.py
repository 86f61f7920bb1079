"""Where ``propagate`` and ``refine`` put what they find, and how they tell it."""

from pathlib import Path
from statistics import median
from typing import Any

from app.cli.options.scene import SceneOptions
from core.errors import CounterpointError
from core.notices import warn
from core.progress import Progress
from core.scenes.kept_poses import KeptPoses
from core.scenes.saving import save_scene
from core.scenes.scene import Scene


def kept_poses(options: SceneOptions, scene: Scene) -> KeptPoses:
    """The file of poses, that of an earlier run if there is one, which is said."""
    if options.out is None:
        raise CounterpointError(f"Say where the poses go: counterpoint scene {options.action} PATH --out FOLDER.")
    out = Path(options.out)
    if out.suffix.lower() == ".json":
        return _opened(out)
    if out.resolve() in (scene.root.resolve(), Path(options.path).resolve()):
        raise CounterpointError(f"{out} is the scene itself, whose poses would be lost; choose another folder.")
    return _opened(out / f"{options.action}.json")


def _opened(path: Path) -> KeptPoses:
    kept = KeptPoses.open(path)
    if kept.entries:
        warn(f"{path} has poses of an earlier run, which stay; if the scene or the options changed, delete it first.")
    return kept


def saved(options: SceneOptions, scene: Scene, kept: KeptPoses, progress: Progress) -> list[str]:
    """Write the poses, and the scene where a folder was asked for."""
    kept.write()
    written = (
        [] if kept.path == Path(options.out or "") else save_scene(scene, options.out, options.to or "bop", progress)
    )
    return [str(kept.path), *map(str, written)]


def told(kept: KeptPoses, states: tuple[str, ...]) -> dict[str, Any]:
    """The poses of these states for a report."""
    poses = [kept.entries[at] for at in sorted(kept.entries) if kept.entries[at]["state"] in states]
    residuals = [one["residual"] for one in poses if one["residual"] is not None]
    return {"median residual": median(residuals) if residuals else None, "poses": poses}
