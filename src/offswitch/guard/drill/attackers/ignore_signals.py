# SPDX-License-Identifier: MIT
"""Attack 1: ignore every signal that can be ignored, in a child too."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 1
NAME = "ignores signals"
TRIES = (
    "goes on after TERM, INT, HUP and every other signal that can be ignored, with a child that does the same"
)
ESCAPE = "it or its child lives"


def parameters(draw: Draw) -> Given:
    """Draw how many children."""
    return {"children": draw.randint(1, 3)}


def attack(given: Given, tell: Tell) -> None:
    """Ignore, fork, wait."""
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue  # KILL and STOP
    for _ in range(given["children"]):
        if os.fork() == 0:
            break
    else:
        tell(did="ignores")
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            tell(did="lived through TERM")
        except OSError:
            pass
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It sent TERM to itself and told so afterwards, and it has a child."""
    family = {look.parent for look in looks[-1]} & {look.pid for look in looks[-1]}
    return any(line.get("did") == "lived through TERM" for line in told) and bool(family)
