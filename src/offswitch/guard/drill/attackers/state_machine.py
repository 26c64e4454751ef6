# SPDX-License-Identifier: MIT
"""Attack 25: bring the stop into a state in which it is refused.

Inside: the command ends, or breaks off, just when the order may come. Outside the drill orders during the start, twice,
and fifty times at once.
"""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 25
NAME = "drives the state machine"
TRIES = "ends or crashes at a moment when an order may be under way; orders come early, twice, fifty at once"
ESCAPE = "an order is refused, or something lives"


def parameters(draw: Draw) -> Given:
    """Draw when and how the command ends."""
    return {"after": round(draw.uniform(0.0, 0.3), 3), "way": draw.choice(["exit", "abort", "kill", "stay"])}


def attack(given: Given, tell: Tell) -> None:
    """Leave a child, then end in the drawn way."""
    if os.fork() == 0:
        os.setsid()
        tell.stay()
        os._exit(0)
    tell(did="began")
    time.sleep(given["after"])
    if given["way"] == "abort":
        os.abort()
    elif given["way"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif given["way"] == "exit":
        os._exit(7)
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """The child is there."""
    return any("did" in line for line in told) and any(
        look.session == look.pid for seen in looks for look in seen
    )
