# SPDX-License-Identifier: MIT
"""Attack 7: fork as fast as possible while the kill goes on, under the jail's cap and near it."""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 7
NAME = "fork storm"
TRIES = "forks as fast as it can, so that a kill that walks a list never ends"
ESCAPE = "any of the storm lives"


def parameters(draw: Draw) -> Given:
    """Draw how many at once, up to what the cap of processes stops, and the shape of the storm."""
    width = draw.choice([10, 40, 120, 240])
    return {"width": width, "deep": width <= 40 and draw.random() < 0.5}


def attack(given: Given, tell: Tell) -> None:
    """Fork; deep: children fork too. The width bounds what one family may have at a time."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    living, made = 0, 0
    while time.monotonic() < given["end"]:
        try:
            child = os.fork()
        except OSError:
            if made >= 0:
                tell(did="reached the cap")
                made = -1
            time.sleep(0.01)
            continue
        if child == 0:
            if given["deep"]:
                end = time.monotonic() + 0.2
                while time.monotonic() < end:
                    try:
                        if os.fork() == 0:
                            os.setsid()
                            time.sleep(1.0)
                            os._exit(0)
                    except OSError:
                        pass
                    time.sleep(0.02)
            else:
                time.sleep(0.3)
            os._exit(0)
        living, made = living + 1, made + (made >= 0)
        if made == 8:
            tell(did="storms")
        if living >= given["width"]:
            living = 0
            time.sleep(0.1)


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """Many processes at once, and new ones from look to look."""
    pids = [{look.pid for look in seen} for seen in looks]
    return max(map(len, pids)) >= 8 and bool(pids[-1] - pids[0])
