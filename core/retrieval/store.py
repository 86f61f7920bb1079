"""A gallery on disk: the records of many shapes, in one folder that can be copied and read by many processes.

``gallery.sqlite`` holds everything. Each shape is written in one transaction, so that an entry is there once or not at
all, whatever kills the process. The files ``SPACE-REVISION.faiss`` are derived from it, and made again when they are
older.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import CounterpointError
from core.files import made_once

FILE = "gallery.sqlite"
VERSION = 3

OLD_POCKET = 2
"""The version of galleries in which "pocket" is what is "pocket-0.1" now."""

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE shapes (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, changed INTEGER NOT NULL,
    digest TEXT, up TEXT, vertices INTEGER, faces INTEGER, picture BLOB, refused TEXT
);
CREATE TABLE tags (shape INTEGER NOT NULL REFERENCES shapes ON DELETE CASCADE, tag TEXT NOT NULL, UNIQUE (shape, tag));
CREATE TABLE vectors (
    shape INTEGER NOT NULL REFERENCES shapes ON DELETE CASCADE, space TEXT NOT NULL, count INTEGER NOT NULL, numbers BLOB NOT NULL,
    UNIQUE (shape, space)
);
CREATE TABLE views (shape INTEGER PRIMARY KEY REFERENCES shapes ON DELETE CASCADE, content BLOB NOT NULL);
"""


@dataclass(frozen=True)
class Stamp:
    """Tells whether a file is the same as before.

    Attributes:
        size: in bytes.
        changed: the time of its last change, in nanoseconds since the epoch.
    """

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> "Stamp":
        """Return the stamp of a file as it is now."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns)


@dataclass
class ShapeRecord:
    """A shape as a gallery keeps it.

    Attributes:
        digest: the SHA-256 of the shape's geometry.
        up: the axis of its file that points up.
        vertices: the number of its vertices.
        faces: the number of its faces.
        picture: a small picture, as PNG.
        vectors: by space ("shape", "view", "part", "words") unit vectors float32 [G], or several of them [k, G].
        views: its views for the closer look, see :meth:`core.retrieval.views.Views.from_bytes`.
        refused: why the file could not be read; everything else is empty then.
        warnings: what was said while it was read; a gallery does not keep them.
    """

    digest: str = ""
    up: str = "y"
    vertices: int = 0
    faces: int = 0
    picture: bytes = b""
    vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    views: bytes = b""
    refused: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class GalleryEntry:
    """A shape of a gallery without its vectors.

    Attributes:
        number: of the shape in the gallery.
        path: of its file, relative to the gallery's root.
        up: the axis of its file that points up.
        vertices: the number of its vertices.
        faces: the number of its faces.
        tags: the names of the folders that it lies in, and what else it was tagged with.
    """

    number: int
    path: str
    up: str
    vertices: int
    faces: int
    tags: tuple[str, ...] = ()


class Gallery:
    """An open gallery; it is closed by :meth:`close` or at the end of ``with``.

    Attributes:
        folder: where the gallery is.
        root: the folder of its shapes.
        spec: how its shapes were described, see :meth:`core.retrieval.describe.GallerySpec.plain`.
        encoders: which weights they were described with, see :meth:`core.retrieval.describe.GallerySpec.fingerprint`; ""
            where an earlier version of Counterpoint did not note it.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection):
        self.folder, self._database = folder, database
        about = dict(self._rows("SELECT name, value FROM about"))
        self.spec = _spec(json.loads(about["recipe"]), int(about["version"]))
        self.encoders = about.get("encoders", "")
        self.root = _root(folder, about)

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM shapes WHERE refused IS NULL"))

    @property
    def revision(self) -> int:
        """A number that rises with every change of the shapes."""
        return int(self._one("SELECT value FROM about WHERE name = 'revision'"))

    @property
    def refused(self) -> list[tuple[str, str]]:
        """The files that could not be read, as (path, reason)."""
        return list(self._rows("SELECT path, refused FROM shapes WHERE refused IS NOT NULL ORDER BY path"))

    @property
    def spaces(self) -> list[str]:
        """The spaces that every shape has a vector in."""
        found = list(self._rows("SELECT space, count(*) FROM vectors GROUP BY space ORDER BY space"))
        return [space for space, count in found if count == len(self)]

    def stamps(self) -> dict[str, Stamp]:
        """Return the stamps of all files by path, also of those that could not be read."""
        return {p: Stamp(s, c) for p, s, c in self._rows("SELECT path, size, changed FROM shapes")}

    def vectors(self, space: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return all vectors of a space.

        Returns:
            The number of the shape that each belongs to, int64 [N], and the unit vectors float32 [N, G].
        """
        query = "SELECT shape, count, numbers FROM vectors WHERE space = ? ORDER BY shape"
        numbers, blobs = [], bytearray()
        for number, count, blob in self._rows(query, space):
            numbers.extend([number] * count)
            blobs += blob
        values = np.frombuffer(blobs, np.float32)
        return np.array(numbers, np.int64), values.reshape(len(numbers), len(values) // max(len(numbers), 1))

    def entries(self, numbers: Iterable[int]) -> list[GalleryEntry]:
        """Return the entries of shapes, in the order of their numbers."""
        query = "SELECT id, path, up, vertices, faces FROM shapes WHERE id = ?"
        tags = "SELECT tag FROM tags WHERE shape = ? ORDER BY tag"
        found = []
        for number in numbers:
            key, path, up, vertices, faces = next(self._rows(query, int(number)))
            tagged = tuple(tag for (tag,) in self._rows(tags, int(number)))
            found.append(GalleryEntry(key, path, up, vertices, faces, tagged))
        return found

    def number_of(self, path: Path) -> int | None:
        """Return the number of a file's shape, or None if it is not in the gallery."""
        try:
            relative = path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return None
        number: int | None = self._one("SELECT id FROM shapes WHERE refused IS NULL AND path = ?", relative)
        return number

    def numbers(self) -> npt.NDArray[np.int64]:
        """Return the numbers of all shapes by the names of their files, int64 [n]."""
        rows = self._rows("SELECT id FROM shapes WHERE refused IS NULL ORDER BY path")
        return np.array([number for (number,) in rows], np.int64)

    def numbers_tagged(self, tag: str) -> npt.NDArray[np.int64]:
        """Return the numbers of the shapes with a tag, int64 [n]."""
        rows = self._rows("SELECT shape FROM tags WHERE tag = ? ORDER BY shape", tag)
        return np.array([number for (number,) in rows], np.int64)

    def tags(self) -> list[tuple[str, int]]:
        """Return all tags by name, as (tag, number of shapes)."""
        return list(self._rows("SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY tag"))

    def picture(self, number: int) -> bytes:
        """Return the picture of a shape, as PNG."""
        return bytes(self._one("SELECT picture FROM shapes WHERE id = ?", number))

    def vector(self, number: int, space: str) -> npt.NDArray[np.float32]:
        """Return the first of a shape's unit vectors in a space, float32 [G]."""
        query = "SELECT count, numbers FROM vectors WHERE shape = ? AND space = ?"
        count, blob = next(self._rows(query, number, space))
        return np.asarray(np.frombuffer(blob, np.float32).reshape(count, -1)[0])

    def views(self, number: int) -> bytes:
        """Return the views of a shape, as :meth:`core.retrieval.views.Views.from_bytes` reads them."""
        return bytes(self._one("SELECT content FROM views WHERE shape = ?", number))

    def put(self, path: str, stamp: Stamp, one: ShapeRecord, tags: Iterable[str]) -> None:
        """Add a file, or replace its record, in one transaction.

        Args:
            path: of the file, relative to the root.
            stamp: of the file.
            one: its record.
            tags: its tags.

        Raises:
            CounterpointError: the gallery cannot be written.
        """
        with self._changing():
            self._database.execute("DELETE FROM shapes WHERE path = ?", (path,))
            values = (path, stamp.size, stamp.changed, one.digest, one.up, one.vertices, one.faces, one.picture, one.refused)  # fmt: skip
            number = self._database.execute(
                "INSERT INTO shapes (path, size, changed, digest, up, vertices, faces, picture, refused) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
            self._database.executemany("INSERT INTO tags VALUES (?, ?)", [(number, tag) for tag in sorted(set(tags))])
            several = {space: np.atleast_2d(v).astype(np.float32) for space, v in one.vectors.items()}
            blobs = [(number, space, len(v), v.tobytes()) for space, v in several.items()]
            self._database.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?)", blobs)
            if one.views:
                self._database.execute("INSERT INTO views VALUES (?, ?)", (number, one.views))

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, given relative to the root.

        Raises:
            CounterpointError: the gallery cannot be written.
        """
        with self._changing():
            self._database.executemany("DELETE FROM shapes WHERE path = ?", [(path,) for path in paths])

    def described_with(self, encoders: str) -> None:
        """Note which weights shapes are described with; what was described with others is removed.

        Raises:
            CounterpointError: the gallery cannot be written.
        """
        if encoders != self.encoders:
            with self._changing():
                if self._one("SELECT value FROM about WHERE name = 'encoders'") != encoders:  # by another run
                    self._database.execute("DELETE FROM shapes")
                    self._database.execute("DELETE FROM about WHERE name = 'encoders'")
                    self._database.execute("INSERT INTO about VALUES ('encoders', ?)", [encoders])
            self.encoders = encoders

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            with self._database:
                self._database.execute("UPDATE about SET value = value + 1 WHERE name = 'revision'")
                yield
        except sqlite3.Error as error:
            raise CounterpointError(f"The gallery {self.folder} cannot be written ({_why(error)}).") from error

    def _one(self, query: str, *values: object) -> Any:
        return next((row[0] for row in self._rows(query, *values)), None)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """What a query finds; the database is read as the rows are taken, and may be damaged anywhere."""
        try:
            yield from self._database.execute(query, values)
        except sqlite3.Error as error:
            raise CounterpointError(f"The gallery {self.folder} cannot be read ({_why(error)}).") from error


def is_gallery(folder: Path) -> bool:
    """Return whether a folder holds a gallery."""
    return (folder / FILE).is_file()


def open_gallery(folder: str | Path) -> Gallery:
    """Open a gallery, which many can read at once, also without the right to write.

    It is opened for reading if it may not be written, else SQLite undoes what a killed process left half written.

    Raises:
        CounterpointError: the folder holds no gallery, or another version of Counterpoint made it.
    """
    folder = Path(folder)
    if not is_gallery(folder):
        raise CounterpointError(
            f"{folder} is no gallery; make one of a folder of shapes (counterpoint index, or More in the Gallery)."
        )
    try:
        with ExitStack() as stack:
            address = f"{(folder / FILE).resolve().as_uri()}?mode=rw"
            database = sqlite3.connect(address, uri=True, timeout=5.0, check_same_thread=False)
            stack.callback(database.close)
            database.execute("PRAGMA foreign_keys = ON")
            version = int(database.execute("SELECT value FROM about WHERE name = 'version'").fetchone()[0])
            if version not in (OLD_POCKET, VERSION):
                raise CounterpointError(
                    f"The gallery {folder} was made by another version of Counterpoint; delete it and index again."
                )
            gallery = Gallery(folder, database)
            stack.pop_all()
            return gallery
    except (sqlite3.Error, TypeError, KeyError, ValueError) as error:
        raise CounterpointError(f"The gallery {folder} cannot be read ({_why(error)}).") from error


def create_gallery(folder: str | Path, root: str | Path, spec: dict[str, Any]) -> Gallery:
    """Open a gallery for writing: a new one, or that which is there, if it has the same root and spec.

    Args:
        folder: of the gallery.
        root: the folder of the shapes.
        spec: how the shapes are described, see :meth:`core.retrieval.describe.GallerySpec.plain`.

    Raises:
        CounterpointError: the gallery cannot be written, or was made of another folder or in another way.
    """
    folder, root = Path(folder), Path(root)
    if not is_gallery(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _create(folder, root, spec)
        except (OSError, sqlite3.Error) as error:
            raise CounterpointError(f"The gallery {folder} cannot be written ({error}).") from error
    gallery = open_gallery(folder)
    other = ""
    if gallery.root.resolve() != root.resolve():
        other = f"{folder} is a gallery of {gallery.root}; choose another place for this one."
    elif gallery.spec != spec:
        other = f"{folder} was made with another encoder or other settings; choose another place, or delete it first."
    if other:
        gallery.close()
        raise CounterpointError(other)
    return gallery


def _create(folder: Path, root: Path, spec: dict[str, Any]) -> None:
    about = {
        "version": VERSION,
        "revision": 0,
        "recipe": json.dumps(spec),
        "root": str(root.resolve()),
        "from here": os.path.relpath(root.resolve(), folder.resolve()),
    }
    with made_once(folder / FILE) as beside, closing(sqlite3.connect(beside)) as database, database:
        database.executescript(SCHEMA)
        database.executemany("INSERT INTO about VALUES (?, ?)", [(k, str(v)) for k, v in about.items()])


def _why(error: Exception) -> str:
    if "locked" in str(error):
        return "another program is writing to it; wait until that is done"
    return f"{error}; delete it and index its shapes again" if "malformed" in str(error) else str(error)


def _spec(plain: dict[str, Any], version: int) -> dict[str, Any]:
    """How the shapes of a gallery of a version are described."""
    encoder = plain.get("encoder", {})
    if version > OLD_POCKET or encoder.get("name") != "pocket":
        return plain
    return plain | {"encoder": encoder | {"name": "pocket-0.1"}}


def _root(folder: Path, about: dict[str, str]) -> Path:
    """Return the folder of the shapes.

    It is looked for relative to the gallery (both may have moved), and then at its absolute place.
    """
    beside = Path(os.path.normpath(folder.resolve() / about["from here"]))
    return beside if beside.is_dir() else Path(about["root"])
