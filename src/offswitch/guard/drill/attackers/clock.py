# SPDX-License-Identifier: MIT
"""Attack 22: change the clock that the lease is measured on.

It sets each clock to the time that it shows, so that even where it works nothing moves.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 22
NAME = "changes the clock"
TRIES = "sets every clock of the host, and takes a time namespace of its own"
ESCAPE = "the kernel lets it"


CLOCKS = ("CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_BOOTTIME", "CLOCK_TAI")


def parameters(draw: Draw) -> Given:
    """Draw nothing: the list is short."""
    return {}


def attack(given: Given, tell: Tell) -> None:
    """Try the calls, the device, and the namespace."""
    for name in CLOCKS:
        clock = getattr(time, name)
        try:
            time.clock_settime_ns(clock, time.clock_gettime_ns(clock))
            tell(got=f"set {name}")
        except OSError:
            continue
    for path in ("/dev/rtc", "/dev/rtc0", "/dev/ptp0"):
        if os.access(path, os.W_OK):
            tell(got=f"may write {path}")
    tell(did="tried the clocks")
    os.spawnvp(os.P_WAIT, "sh", ["sh", "-c", "unshare -T --boottime 1000000 true 2>/dev/null"])
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
