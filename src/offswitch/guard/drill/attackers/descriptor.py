# SPDX-License-Identifier: MIT
"""Attack 15: write through a descriptor that somebody left open."""

from __future__ import annotations

import contextlib
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 15
NAME = "passed descriptor"
TRIES = "writes through every open descriptor that is not its own, and through its parents' by /proc"
ESCAPE = "a file outside changes"


def parameters(draw: Draw) -> Given:
    """Draw how far it looks."""
    return {"highest": draw.choice([64, 256, 1024])}


def attack(given: Given, tell: Tell) -> None:
    """Try its own descriptors, then those of every process that it can see."""
    tried = 0
    for number in range(3, given["highest"]):
        try:
            kind = os.fstat(number).st_mode
        except OSError:
            continue
        tried += 1
        if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
            spoil(number, tell)
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                for held in os.listdir(f"/proc/{name}/fd"):
                    tried += 1
                    if os.readlink(f"/proc/{name}/fd/{held}") == given["canary_file"]:
                        spoil(os.open(f"/proc/{name}/fd/{held}", os.O_RDWR), tell)
            except OSError:
                continue
    with contextlib.suppress(OSError):
        spoil(os.open(given["canary_file"], os.O_RDWR), tell)
    tell(did="tried descriptors", tried=tried)
    tell.stay()


def spoil(descriptor: int, tell: Tell) -> None:
    """Write where the canary's file is, nowhere else."""
    with contextlib.suppress(OSError):
        if os.pread(descriptor, 6, 0) == b"canary":
            os.pwrite(descriptor, b"SPOILT", 0)
            tell(got="wrote to the canary's file")


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
