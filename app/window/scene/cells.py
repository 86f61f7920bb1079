"""What the strip shows of each photo of a scene, which photos it shows, and in which order."""

from dataclasses import dataclass

from app.document.scene import OpenScene, PhotoState, photo_state, worst_residual
from app.document.texts import tr
from core.scenes.scene import Scene, ScenePhoto

STATES: dict[PhotoState, str] = {
    "open": tr("open"),
    "posed": tr("posed"),
    "checked": tr("checked"),
    "problem": tr("problem"),
}

COLORS: dict[PhotoState, str] = {"open": "#8b929c", "posed": "#3d7eff", "checked": "#2e9e5b", "problem": "#d64550"}

ORDERS = ((tr("In their order"), "order"), (tr("Worst residual first"), "residual"))

FILTERS = (
    (tr("All photos"), "all"),
    (tr("Open"), "open"),
    (tr("Posed"), "posed"),
    (tr("Checked"), "checked"),
    (tr("Problem"), "problem"),
    (tr("With this object"), "object"),
)


@dataclass(frozen=True)
class Cell:
    """A photo of the strip: its key, its name, its state, a line below it, and what the mouse is told."""

    key: str
    name: str
    state: PhotoState
    caption: str
    about: str


def cells_of(opened: OpenScene, chosen: str, order: str) -> list[Cell]:
    """The photos that a filter (of ``FILTERS``) chooses, in an order of ``ORDERS``."""
    scene = opened.scene
    cells = [_cell(scene, photo) for photo in scene.photos]
    if chosen == "object":
        cells = [cell for cell in cells if opened.thing in scene.by_photo.get(cell.key, {})]
    elif chosen != "all":
        cells = [cell for cell in cells if cell.state == chosen]
    if order == "residual":
        cells.sort(key=lambda cell: -worst_residual(scene, cell.key))
    return cells


def _cell(scene: Scene, photo: ScenePhoto) -> Cell:
    state, poses = photo_state(scene, photo.key), scene.by_photo.get(photo.key, {})
    name = photo.path.name if photo.frame is None else photo.key
    caption = STATES[state] if state != "posed" else tr("{count} posed").format(count=len(poses))
    about = tr("{name}: {state}, {count} objects with a pose").format(name=name, state=STATES[state], count=len(poses))
    worst = worst_residual(scene, photo.key)
    if worst >= 0:
        about += tr(", {worst:.1f} pixels off at most").format(worst=worst)
    return Cell(photo.key, name, state, caption, about)
