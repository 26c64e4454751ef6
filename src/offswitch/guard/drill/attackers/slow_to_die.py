# SPDX-License-Identifier: MIT
"""Attack 17: be slow to die: much memory to give back, or a parent that waits without hearing signals.

A receipt that says "empty" while the kernel still counts somebody is an escape, however short the time.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 17
NAME = "slow to die"
TRIES = "holds much memory, or waits uninterruptibly (a vfork whose child hangs before its program starts)"
ESCAPE = "the receipt says proved while it is still there"


MIB = 1024 * 1024


def parameters(draw: Draw) -> Given:
    """Draw the way, and how much memory."""
    return {"way": draw.choice(["memory", "vfork", "both"]), "mebibytes": draw.choice([16, 64, 160])}


def attack(given: Given, tell: Tell) -> None:
    """Fill memory in a child, and hang in a vfork in another."""
    if given["way"] != "vfork" and os.fork() == 0:
        held = bytearray()
        for _ in range(given["mebibytes"] // 8):
            held += b"x" * (8 * MIB)
        tell(did="holds memory", bytes=len(held))
        tell.stay()
        os._exit(0)
    if given["way"] != "memory" and os.fork() == 0:
        path = f"/tmp/never-{os.getpid()}"
        os.mkfifo(path)
        tell(did="waits uninterruptibly")
        # The child of the vfork opens a pipe that nobody writes to; the parent sleeps in the kernel until it has.
        os.posix_spawn(
            "/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, path, os.O_RDONLY, 0)]
        )
        os._exit(0)
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """A process is in state D, or memory was filled."""
    return any(look.state == "D" for seen in looks for look in seen) or any("bytes" in line for line in told)
