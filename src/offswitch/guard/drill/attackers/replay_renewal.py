# SPDX-License-Identifier: MIT
"""Attack 24: play an old renewal again, or start a run under the name of one that is being stopped.

The drill adds the half that only somebody outside can do: it asks for a second run of the same name, which must be
refused.
"""

from __future__ import annotations

import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 24
NAME = "replays a renewal"
TRIES = "sends a true but old renewal again; from outside, a second run takes the first one's name"
ESCAPE = "the lease is longer than it was, or two runs share a name"


def parameters(draw: Draw) -> Given:
    """Draw how often it is played."""
    return {"times": draw.randint(1, 20)}


def attack(given: Given, tell: Tell) -> None:
    """Send the recorded words wherever a control socket may be."""
    for _ in range(given["times"]):
        for folder in given["steering"]:
            for name in (f"{given['run']}/control", f"{given['run']}.sock", "control"):
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                    try:
                        line.connect(os.path.join(folder, name))
                        line.send(given["old_renewal"].encode() + b"\n")
                        tell(got=f"a line to {folder}/{name}")
                    except OSError:
                        continue
    tell(did="replayed")
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
