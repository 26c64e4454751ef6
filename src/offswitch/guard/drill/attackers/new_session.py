# SPDX-License-Identifier: MIT
"""Attack 2: a child in a session of its own, out of reach of a kill by process group."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 2
NAME = "setsid child"
TRIES = "a child leaves the session and the process group"
ESCAPE = "the child lives"


def parameters(draw: Draw) -> Given:
    """Draw whether the parent ends at once, so that the child is an orphan too."""
    return {"orphan": draw.random() < 0.5}


def attack(given: Given, tell: Tell) -> None:
    """Fork, leave the session in the child, wait in both or in the child alone."""
    if os.fork() == 0:
        os.setsid()
        tell(did="left the session")
    elif given["orphan"]:
        time.sleep(0.1)
        return
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """Some process leads a session that its parent is not in."""
    sessions = {look.session for look in looks[-1]}
    return any(look.session == look.pid for look in looks[-1]) and bool(sessions) and bool(told)
