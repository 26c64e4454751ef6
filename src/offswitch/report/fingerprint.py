# SPDX-License-Identifier: MIT
"""What a result depends on besides the file: settings, and the code that reads and judges. So new detectors rescan.

CAVEAT: a plug-in is known by its distribution's version; one that is edited in place is not noticed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from offswitch.report.messages import Settings

ROOMS = ("offswitch.episode", "offswitch.verdict")
LIBRARIES = ("msgspec", "tree-sitter", "tree-sitter-bash", "zstandard")  # what they parse is what is judged


def of_inputs(paths: Sequence[Path], settings: Settings) -> str:
    """Return what tells one scan from another: where its files lie (resolved) and how they are to be read."""
    digest = hashlib.sha256(msgspec.json.encode(settings))
    for path in sorted({os.path.realpath(os.fsencode(path)) for path in paths}):
        digest.update(b"\0" + path)
    return digest.hexdigest()


def of_code(settings: Settings) -> str:
    """Return a digest of settings, sources, parsing libraries and plug-ins: rows made under another one are redone."""
    digest = hashlib.sha256(msgspec.json.encode(settings))
    for room in ROOMS:
        for folder in find_spec(room).submodule_search_locations or ():  # type: ignore[union-attr]
            _add_sources(digest, Path(folder))
    for library in LIBRARIES:
        digest.update(f"\0{library} {version(library)}".encode())
    for plugin in plugins():
        digest.update(f"\0{plugin}".encode())
    return digest.hexdigest()


def of_rooms(rooms: Sequence[str]) -> str:
    """Return a digest of all files of some rooms, data included."""
    digest = hashlib.sha256()
    for room in rooms:
        for folder in find_spec(room).submodule_search_locations or ():  # type: ignore[union-attr]
            _add_sources(digest, Path(folder))
    return digest.hexdigest()


def plugins() -> list[str]:
    """Return every installed plug-in of ours or others, as `group:name=value (distribution version)`, in order."""
    found = entry_points()
    points = [
        point
        for group in found.groups
        if group.startswith("offswitch.")
        for point in found.select(group=group)
    ]
    return sorted(
        f"{p.group}:{p.name}={p.value}" + (f" ({p.dist.name} {p.dist.version})" if p.dist else "")
        for p in points
    )


def _add_sources(digest: hashlib._Hash, folder: Path) -> None:
    for source in sorted(folder.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            digest.update(f"\0{source.relative_to(folder)}\0".encode())
            digest.update(source.read_bytes())
