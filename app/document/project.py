"""What a project file says about the open document, and back.

Files are found again by their place, their name or their content.
"""

import hashlib
import math
import os
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cattrs

from app.document.saved_scene import SavedScene, saved_scene
from app.document.session import Pin, Session
from app.shared.values import (
    SLOTS,
    Aligned,
    Box,
    Cameras,
    Collection,
    Correction,
    EncoderSettings,
    Item,
    Marking,
    Slot,
    item_for,
)
from core.errors import CounterpointError
from core.files import file_digest, make_folder, write_atomic
from core.interchange.project import Project
from core.parts.layers import Layers

SEARCHED = 2000
"""Files that are looked at, at most, to find one that was moved."""


@dataclass(frozen=True)
class SavedPin:
    """A pin without its answers."""

    pin_id: int
    name: str
    color: str
    slot: Slot
    at: tuple[float, ...]


@dataclass(frozen=True)
class SavedDocument:
    """All that a project file keeps.

    Attributes:
        view: by slot what is on the screen, as the panels tell it.
        origin: where an autosaved document was saved or opened, "" for never.
    """

    items: dict[Slot, Item] = field(default_factory=dict)
    pins: tuple[SavedPin, ...] = ()
    current: int | None = None
    corrections: tuple[Correction, ...] = ()
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    layers: Layers = field(default_factory=Layers)
    aligned: tuple[Aligned, ...] = ()
    collection: Collection = field(default_factory=Collection)
    view: dict[str, list[float]] = field(default_factory=dict)
    origin: str = ""
    cameras: Cameras = field(default_factory=Cameras)
    marking: Marking = field(default_factory=Marking)
    scene: SavedScene | None = None


def document_of(session: Session, view: dict[str, list[float]] | None = None, origin: str = "") -> SavedDocument:
    """What is open now."""
    pins = tuple(SavedPin(p.pin_id, p.name, p.color, p.slot, p.at) for p in session.pins.values())
    opened = session.scene
    return SavedDocument(
        items=dict(session.items),
        pins=pins,
        current=session.current,
        corrections=session.corrections,
        encoder=session.encoder,
        layers=session.layers,
        aligned=tuple(session.aligned.values()),
        collection=session.collection,
        view=view or {},
        origin=origin,
        cameras=session.cameras,
        marking=session.marking,
        scene=session.kept_scene if opened is None else saved_scene(opened, session.on_disk[opened.scene.root]),
    )


def apply(document: SavedDocument, session: Session) -> None:
    """Put a document in the place of what is open; there is nothing to undo afterwards."""
    session.leaving.emit()
    session.undo_stack.clear()
    with session.change():
        session.set_draft(None)
        session.set_pins([], None)
        session.set_aligned({})
        session.set_corrections(())
        session.set_layers(Layers())
        session.set_encoder(document.encoder)
        session.set_cameras(document.cameras)
        session.set_marking(document.marking)
        session.set_scene(None, document.scene)
        for slot in SLOTS:
            if document.items.get(slot) != session.items.get(slot):
                session.set_item(slot, document.items.get(slot))
        session.set_layers(document.layers)
        session.set_aligned({(one.image, one.shape): one for one in document.aligned})
        session.set_collection(document.collection)
        session.set_corrections(document.corrections)
        pins = [Pin(p.pin_id, p.name, p.color, p.slot, p.at) for p in document.pins]
        session.restore_pins(pins, document.current)


def pack(document: SavedDocument, folder: Path, whole: bool = False) -> Project:
    """As plain values; paths are kept relative to ``folder`` too, and every file's SHA-256.

    ``whole`` puts the files in as well.

    Raises:
        CounterpointError: a file that is to be put in cannot be read, or was changed since it was opened.
    """
    arrays: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    converter = cattrs.Converter()

    def keep(content: bytes) -> str:
        name = hashlib.sha256(content).hexdigest()[:20]
        arrays[name] = content
        return name

    def item(one: Item) -> dict[str, Any]:
        path = Path(one.path)
        digest = _digest(path) if item_for(path).stamp == one.stamp else None
        if whole and digest is None and path.exists():
            raise CounterpointError(f"{path.name} was changed since it was opened; open it again.")
        if whole:
            try:
                files[f"{digest}{path.suffix}"] = path.read_bytes()
            except OSError as error:
                raise CounterpointError(f"{path.name} cannot be put into the project ({error.strerror}).") from error
        return {
            "kind": one.kind,
            "path": one.path,
            "relative": _relative(path, folder),
            "sha256": digest,
            "stamp": list(one.stamp),
            "box": one.box,
            "up": one.up,
            "frame": one.frame,
        }

    converter.register_unstructure_hook(bytes, keep)
    converter.register_unstructure_hook(Item, item)
    converter.register_unstructure_hook(float, lambda value: value if math.isfinite(value) else None)
    converter.register_unstructure_hook(Path, lambda path: {"path": str(path), "relative": _relative(path, folder)})
    return Project(converter.unstructure(document), arrays, files)


def unpack(project: Project, folder: Path, store: Path | None = None) -> tuple[SavedDocument, list[Item]]:
    """The document, and the files of it that are nowhere to be found.

    What the project holds itself is written into ``store`` when needed.

    Raises:
        CounterpointError: the file says something that no document says.
    """
    missing: list[Item] = []
    converter = cattrs.Converter()

    def item(plain: dict[str, Any], _: Any) -> Item:
        path = find(Path(plain["path"]), plain["relative"], plain["sha256"], folder)
        if path is None and store is not None:
            path = _written(project, plain["path"], plain["sha256"], store)
        box: Box | None = None
        if plain["box"] is not None:
            x0, y0, x1, y1 = map(float, plain["box"])
            box = (x0, y0, x1, y1)
        frame = None if plain.get("frame") is None else int(plain["frame"])
        found = replace(item_for(path or plain["path"]), kind=plain["kind"], box=box, up=str(plain["up"]), frame=frame)
        if path is None and found not in missing:
            missing.append(found)
        return found

    converter.register_structure_hook(bytes, lambda name, _: project.arrays[name])
    converter.register_structure_hook(Item, item)
    converter.register_structure_hook(float, lambda value, _: math.nan if value is None else float(value))
    converter.register_structure_hook(Path, lambda plain, _: _found_place(plain["path"], plain["relative"], folder))
    try:
        document = converter.structure(project.document, SavedDocument)
        for part in document.layers.parts:
            for mask in part.masks.values():
                mask.array()
    except Exception as error:
        raise CounterpointError(
            f"The project holds something that cannot be understood ({error}); it may be damaged, or of a newer version."
        ) from error
    return document, missing


def changed_files(project: Project, folder: Path) -> list[str]:
    """The names of files that are where they were, and are not what was open when the project was saved."""
    found: dict[str, None] = {}

    def look(plain: Any) -> None:
        if isinstance(plain, dict) and "sha256" in plain and "relative" in plain:
            place = _in_place(Path(plain["path"]), plain["relative"], folder)
            if place is not None and _is_other(place, plain):
                found[place.name] = None
        elif isinstance(plain, dict | list):
            for part in plain.values() if isinstance(plain, dict) else plain:
                look(part)

    look(project.document)
    return list(found)


def find(path: Path, relative: str | None, digest: str | None, folder: Path) -> Path | None:
    """Find a file again by its place or its content.

    It is looked for where it was, beside the project as it was, and anywhere below the project's folder with the same
    content.
    """
    place = _in_place(path, relative, folder)
    if place is not None:
        return place
    if digest is None:
        return None
    looked = 0
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names, key=lambda n: n != path.name):
            looked += 1
            if looked > SEARCHED:
                return None
            place = Path(root) / name
            if place.suffix == path.suffix and _digest(place) == digest:
                return place
    return None


def _in_place(path: Path, relative: str | None, folder: Path) -> Path | None:
    """A file beside the project as it was, or else where it was; None where it is in neither place."""
    return next((place for place in ((folder / relative) if relative else path, path) if place.is_file()), None)


def _is_other(place: Path, plain: dict[str, Any]) -> bool:
    """Whether a file is another one than a project says; it is read only where its time or its size is another."""
    same_time = list(item_for(place).stamp) == plain.get("stamp")
    return not same_time and (plain["sha256"] is None or plain["sha256"] != _digest(place))


def _written(project: Project, path: str, digest: str | None, store: Path) -> Path | None:
    """A file that the project holds, as a file of its own; None where it holds none or another one."""
    content = project.files.get(f"{digest}{Path(path).suffix}")
    if content is None or hashlib.sha256(content).hexdigest() != digest:
        return None
    place = store / digest[:20] / Path(path).name
    if not place.is_file():
        make_folder(place.parent)
        write_atomic(place, content)
    return place


def moved(document: SavedDocument, old: Item, new: Item) -> SavedDocument:
    """With another file in the place of one that is missing."""

    def other(item: Item) -> Item:
        return replace(new, box=item.box, up=item.up) if item.path == old.path else item

    items = {slot: other(item) for slot, item in document.items.items()}
    photos = tuple(replace(photo, item=other(photo.item)) for photo in document.collection.photos)
    shape = document.collection.shape
    collection = replace(document.collection, photos=photos, shape=other(shape) if shape else None)
    depths = tuple(replace(one, photo=other(one.photo), file=other(one.file)) for one in document.cameras.depths)
    file = document.cameras.file
    cameras = replace(document.cameras, depths=depths, file=other(file) if file else None)
    return replace(document, items=items, collection=collection, cameras=cameras)


def _found_place(path: str, relative: str | None, folder: Path) -> Path:
    """A folder or file where it was beside the project, or else where it was."""
    beside = folder / relative if relative else Path(path)
    return beside.absolute() if beside.exists() else Path(path)


def _relative(path: Path, folder: Path) -> str | None:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return None


def _digest(path: Path) -> str | None:
    try:
        status = path.stat()
        return _digest_of(str(path), status.st_mtime_ns, status.st_size)
    except OSError:
        return None


@lru_cache(4096)
def _digest_of(path: str, _time: int, _size: int) -> str:
    return file_digest(path)
