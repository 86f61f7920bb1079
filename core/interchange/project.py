"""The project file: a zip with ``project.json``, arrays beside it, and, if wanted, the files that it is about."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import CounterpointError
from core.files import check_file, write_atomic

SUFFIX = ".counterpoint"

FORMAT, VERSION = "counterpoint project", 4

LIMIT = 4 << 30
"""Bytes that all members of a file may take together once unpacked."""


def _pocket_by_version(document: dict[str, Any]) -> dict[str, Any]:
    """Until then "pocket" was what is "pocket-0.1" now; adapters and answers of a project belong to it."""
    encoder = document.get("encoder") or {}
    if encoder.get("name", "pocket") != "pocket":
        return document
    return document | {"encoder": encoder | {"name": "pocket-0.1"}}


MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: lambda document: document | {"cameras": {}, "marking": {}},  # 0.1 did not keep them
    2: _pocket_by_version,
    3: lambda document: document | {"scene": None},  # there were none
}
"""From each older version to the next: what to do with the document."""


@dataclass
class Project:
    """A document of plain values, bytes by name that it refers to, and files by name."""

    document: dict[str, Any]
    arrays: dict[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def save_project(path: str | Path, project: Project) -> None:
    """Write a project, whole or not at all.

    Raises:
        CounterpointError: it cannot be written; what was there before stays.
    """
    head = {"format": FORMAT, "version": VERSION, "document": project.document}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", json.dumps(head, indent=1, allow_nan=False))
        for folder, members in (("arrays", project.arrays), ("files", project.files)):
            for name, content in members.items():
                archive.writestr(f"{folder}/{name}", content)
    write_atomic(path, buffer.getvalue())


def load_project(path: str | Path) -> Project:
    """Read what :func:`save_project` wrote, in this version or an older one.

    Raises:
        CounterpointError: not there, no project, damaged, too large, or of a newer program.
    """
    file = check_file(path)
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > LIMIT:
                raise CounterpointError(f"{file.name} unpacks to more than {LIMIT >> 30} GB; it was not opened.")
            head = json.loads(archive.read("project.json"))
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise CounterpointError(f"{file.name} is no project of Counterpoint.")
            version, document = int(head["version"]), head["document"]
            if version > VERSION:
                raise CounterpointError(
                    f"{file.name} was made by a newer Counterpoint (format {version}); update this one."
                )
            for step in range(version, VERSION):
                document = MIGRATIONS[step](document)
            return Project(document, _members(archive, "arrays"), _members(archive, "files"))
    except CounterpointError:
        raise
    except Exception as error:
        raise CounterpointError(f"{file.name} is damaged or no project of Counterpoint ({error}).") from error


def _members(archive: zipfile.ZipFile, folder: str) -> dict[str, bytes]:
    """Files directly in a folder of the archive; nothing is ever written to a path that an archive names."""
    found = {}
    for name in archive.namelist():
        parts = PurePosixPath(name).parts
        if len(parts) == 2 and parts[0] == folder and parts[1] not in ("..", "."):
            found[parts[1]] = archive.read(name)
    return found
