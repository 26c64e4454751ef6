# SPDX-License-Identifier: MIT
"""Attack 3: the classic daemon: fork, new session, fork again, and the way back to the starter is cut."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 3
NAME = "double-fork daemon"
TRIES = "becomes a daemon: two forks, a new session, no parent but the first process"
ESCAPE = "the daemon lives"


def parameters(draw: Draw) -> Given:
    """Draw how many daemons, and whether the starter stays."""
    return {"daemons": draw.randint(1, 3), "stays": draw.random() < 0.7}


def attack(given: Given, tell: Tell) -> None:
    """Fork twice for each daemon."""
    for _ in range(given["daemons"]):
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.chdir("/")
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            tell(did="is a daemon")
            tell.stay()
            os._exit(0)
        os.waitpid(child, 0)
    if given["stays"]:
        tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """Some process has the first process of the jail as its parent, and a session whose leader is gone."""
    known = {look.pid for look in looks[-1]}
    return any(look.parent not in known and look.session not in known for look in looks[-1]) and bool(told)
