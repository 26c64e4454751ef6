# SPDX-License-Identifier: MIT
"""The tree: find every descendant in /proc, stop them, walk again, kill them all."""

from __future__ import annotations

import os
import signal
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "/proc tree walk"
HOW = "STOP and KILL every descendant found in /proc, until none is found"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent plainly."""
    return subprocess.Popen(argv)


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Freeze what is found, look again for what was born meanwhile, then kill; three rounds."""
    known = {agent.pid}
    for number in (signal.SIGSTOP, signal.SIGSTOP, signal.SIGKILL):
        known |= descendants(known)
        for pid in known:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue
    agent.wait()


def descendants(roots: set[int]) -> set[int]:
    """Return the roots with everything below them, as one reading of /proc shows it."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:
                    parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    found, grown = set(roots), True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found
