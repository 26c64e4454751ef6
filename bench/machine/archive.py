# SPDX-License-Identifier: MIT
"""The first file system of a machine, as the kernel takes it: a cpio archive ("newc"), compressed.

Easy to get wrong: padding. Names and contents each end on a multiple of four bytes, counted from the archive's beginning.
"""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

FOLDER, FILE, LINK = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755, stat.S_IFLNK | 0o777
END = "TRAILER!!!"


def archive(entries: Mapping[str, bytes | str]) -> bytes:
    """Return an archive of files (bytes) and links (the text that they lead to), with the folders that they lie in."""
    pieces = [piece for number, piece in enumerate(_pieces(entries), 1) for piece in _padded(number, *piece)]
    return gzip.compress(b"".join(pieces), 1, mtime=0)


def _pieces(entries: Mapping[str, bytes | str]) -> Iterator[tuple[str, int, bytes]]:
    folders = {
        str(parent) for name in entries for parent in PurePosixPath(name).parents if str(parent) != "."
    }
    for name in sorted(folders):
        yield name, FOLDER, b""
    for name, content in entries.items():
        yield name, *((LINK, content.encode()) if isinstance(content, str) else (FILE, content))
    yield END, 0, b""


def _padded(number: int, name: str, mode: int, content: bytes) -> Iterator[bytes]:
    label = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(label), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + label
    for piece in (head, content):
        yield piece + b"\0" * (-len(piece) % 4)
