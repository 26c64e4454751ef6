# SPDX-License-Identifier: MIT
"""What is mounted where, from the text of /proc/self/mountinfo.

Easy to get wrong: a mount is read-only by its own options or by those of its file system, and the last of two on one place counts.
"""

from __future__ import annotations

from pathlib import Path


class Mount:
    """One line."""

    def __init__(self, line: str) -> None:
        before, _, after = line.partition(" - ")
        fields = before.split()
        self.point = fields[4].encode().decode("unicode_escape")
        self.kind, _, options = after.split(" ", 2)
        self.read_only = "ro" in fields[5].split(",") or "ro" in options.split(",")


def mounts(mountinfo: str) -> list[Mount]:
    """Return all mounts, in the order in which they were made."""
    return [Mount(line) for line in mountinfo.splitlines()]


def kind_of(path: Path, mountinfo: str) -> str:
    """Return the kind of file system that a path lies on: of the last mount on the longest way there."""
    best, kind, real = -1, "unknown", path.resolve()
    for mount in mounts(mountinfo):
        if real.is_relative_to(mount.point) and len(mount.point) >= best:
            best, kind = len(mount.point), mount.kind
    return kind
