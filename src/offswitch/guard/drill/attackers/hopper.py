# SPDX-License-Identifier: MIT
"""Attack 5: a process that forks and exits all the time, so that no list of pids is ever true."""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 5
NAME = "PID hopper"
TRIES = "forks and exits each millisecond: whoever reads its pid is too late"
ESCAPE = "the hopper hops on"


def parameters(draw: Draw) -> Given:
    """Draw how long it rests between hops, and whether it leaves the session each time."""
    return {"rest": draw.choice([0.0005, 0.001, 0.002, 0.005]), "session": draw.random() < 0.5}


def attack(given: Given, tell: Tell) -> None:
    """Hop; the starter of the chain stays, so that the command goes on."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork():
        tell.stay()
        return
    hops = 0
    while time.monotonic() < given["end"]:
        time.sleep(given["rest"])
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            continue  # no room just now
        if given["session"]:
            os.setsid()
        hops += 1
        if hops == 5:
            tell(did="hopped")


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """From look to look there are processes that were not there before."""
    pids = [{look.pid for look in seen} for seen in looks]
    return sum(bool(pids[turn] - pids[turn - 1]) for turn in range(1, len(pids))) >= 2
