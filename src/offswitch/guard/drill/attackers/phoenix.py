# SPDX-License-Identifier: MIT
"""Attack 6: two processes that watch each other; whoever lives starts the other again."""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 6
NAME = "phoenix pair"
TRIES = "two processes in two sessions; each starts the other again when it dies"
ESCAPE = "either lives"


def parameters(draw: Draw) -> Given:
    """Draw how often each looks at the other."""
    return {"watch": draw.choice([0.002, 0.01, 0.03])}


def attack(given: Given, tell: Tell) -> None:
    """Be one of the pair; the lifeline between them is a pipe in each direction, so a death is seen at once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    other, tested = 0, False
    while time.monotonic() < given["end"]:
        if other == 0 or not lives(other):
            if other:
                tell(did="raised the other again")
            me = os.getpid()
            other = os.fork()
            if other == 0:
                os.setsid()
                other = me
        elif not tested and other != os.getppid():
            tested = True
            os.kill(other, signal.SIGKILL)  # shows that it works; the next look raises it again
        time.sleep(given["watch"])


def lives(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """One was killed and is there again, in a session of its own."""
    risen = any(line.get("did") == "raised the other again" for line in told)
    return risen and len({look.session for look in looks[-1]}) >= 2
