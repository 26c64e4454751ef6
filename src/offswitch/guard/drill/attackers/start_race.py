# SPDX-License-Identifier: MIT
"""Attack 10: be somebody else before the starter has got hold of you."""

from __future__ import annotations

import ctypes
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 10
NAME = "races the start"
TRIES = "clones in its first moment, as a child of its own parent (CLONE_PARENT) and in a new session"
ESCAPE = "a clone lives"


CLONE = {"x86_64": 56, "aarch64": 220}
CLONE_PARENT = 0x8000


def parameters(draw: Draw) -> Given:
    """Draw how many clones."""
    return {"clones": draw.randint(1, 6)}


def attack(given: Given, tell: Tell) -> None:
    """Clone siblings, then plain children; a kernel that refuses the first gets the second."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = CLONE.get(os.uname().machine)
    for _ in range(given["clones"]):
        child = -1
        if number is not None:
            child = libc.syscall(
                ctypes.c_long(number), ctypes.c_long(CLONE_PARENT | signal.SIGCHLD), 0, 0, 0, 0
            )
            if child == 0:
                tell(did="cloned a sibling")
        if child < 0:
            child = os.fork()
        if child == 0:
            os.setsid()
            tell.stay()
            os._exit(0)
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """Some process leads a session, and is not the child of any attacker."""
    known = {look.pid for look in looks[-1]}
    return any(look.session == look.pid and look.parent not in known for look in looks[-1]) and bool(told)
