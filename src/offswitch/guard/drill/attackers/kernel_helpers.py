# SPDX-License-Identifier: MIT
"""Attack 9: programs that the kernel itself starts: core dumps, release agents, hot-plug, modules, formats.

CAVEAT: it only asks whether it might write. It never does: on a host where the answer is yes, that would be the break.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 9
NAME = "kernel helpers"
TRIES = (
    "looks for a way to make the kernel start a program: core_pattern, release_agent, uevent_helper, "
    "modprobe, binfmt_misc"
)
ESCAPE = "one of the files can be opened for writing"


FILES = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug",
    "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent",
    "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/poweroff_cmd", "/proc/sysrq-trigger",
)  # fmt: skip


def parameters(draw: Draw) -> Given:
    """Draw the order in which it asks."""
    return {"turn": draw.randrange(len(FILES))}


def attack(given: Given, tell: Tell) -> None:
    """Ask for each file, by the effective user, whether it may be written."""
    for path in FILES[given["turn"] :] + FILES[: given["turn"]]:
        if os.access(path, os.W_OK, effective_ids=True):
            tell(got=f"may write {path}")
    tell(did="asked for all")
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
