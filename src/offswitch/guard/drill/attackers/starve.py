# SPDX-License-Identifier: MIT
"""Attack 20: leave the supervisor nothing to work with: processor, memory, disk, processes, descriptors, watches."""

from __future__ import annotations

import ctypes
import os
import resource
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 20
NAME = "starves the supervisor"
TRIES = "takes all it can of one thing: processor, memory, disk, processes, descriptors, inotify watches"
ESCAPE = "the stop comes late or not at all"


KINDS = ("processor", "memory", "disk", "processes", "descriptors", "watches")


def parameters(draw: Draw) -> Given:
    """Draw what is taken."""
    return {"kind": draw.choice(KINDS)}


def attack(given: Given, tell: Tell) -> None:
    """Take, hold, and wait."""
    held = {"processor": processor, "memory": memory, "disk": disk, "processes": processes, "descriptors": descriptors,
            "watches": watches}[given["kind"]](given)  # fmt: skip
    tell(did=f"took {given['kind']}", much=len(held))
    tell.stay()


def processor(given: Given) -> list[Any]:
    """Burn in four children, for a while: a drill is not there to heat the room."""
    for _ in range(4):
        if os.fork() == 0:
            end = min(given["end"], time.monotonic() + 2.0)
            while time.monotonic() < end:
                pass
            os._exit(0)
    return [4]


def memory(given: Given) -> bytearray:
    """Fill until refused, in steps, up to 192 MiB."""
    held = bytearray()
    try:
        for _ in range(24):
            held += b"x" * (8 * 1024 * 1024)
    except MemoryError:
        pass
    return held


def disk(given: Given) -> list[Any]:
    """Fill every folder that can be written."""
    filled = []
    for folder in ("/tmp", "/var/tmp", "/dev/shm", os.getcwd(), os.path.expanduser("~")):
        try:
            with open(f"{folder}/full-{os.getpid()}", "wb") as file:
                for _ in range(8):
                    file.write(b"x" * (4 * 1024 * 1024))
        except OSError:
            pass
        filled.append(folder)
    return filled


def processes(given: Given) -> list[Any]:
    """Fork sleepers until refused, at most 300."""
    made: list[int] = []
    while len(made) < 300:
        try:
            child = os.fork()
        except OSError:
            break
        if child == 0:
            time.sleep(20.0)
            os._exit(0)
        made.append(child)
    return made


def descriptors(given: Given) -> list[Any]:
    """Open until refused."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    held: list[int] = []
    try:
        while len(held) < 4000:
            held += os.pipe()
    except OSError:
        pass
    return held


def watches(given: Given) -> list[Any]:
    """Take inotify instances: the kernel counts them by user, so one user may take another's share."""
    libc = ctypes.CDLL(None)
    held: list[int] = []
    while len(held) < 1000 and (handle := libc.inotify_init1(0)) >= 0:
        held.append(handle)
    return held


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It took something."""
    return any(line.get("much") for line in told)
