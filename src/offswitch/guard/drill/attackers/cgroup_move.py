# SPDX-License-Identifier: MIT
"""Attack 8: move into another control group, out of the one that is killed."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 8
NAME = "moves to another cgroup"
TRIES = "writes its own pid into the root control group, and mounts one where there is none"
ESCAPE = "it is in a group of its choice, or lives"


PLACES = (
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup/systemd",
    "/sys/fs/cgroup/pids",
    "/tmp/groups",
)


def parameters(draw: Draw) -> Given:
    """Draw whether the move is tried by a child."""
    return {"child": draw.random() < 0.5}


def attack(given: Given, tell: Tell) -> None:
    """Mount where it may, then write to every cgroup.procs within reach."""
    if given["child"] and os.fork():
        tell.stay()
        return
    os.makedirs("/tmp/groups", exist_ok=True)
    os.spawnvp(os.P_WAIT, "sh", ["sh", "-c", "unshare -UrmC mount -t cgroup2 none /tmp/groups 2>/dev/null"])
    for place in PLACES:
        for folder, _, files in os.walk(place):
            if "cgroup.procs" in files:
                try:
                    with open(folder + "/cgroup.procs", "w") as file:
                        file.write(str(os.getpid()))
                    tell(got=f"moved to {folder}")
                except OSError:
                    continue
            if folder.count("/") > 5:
                break
    tell(did="tried to move")
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
