# SPDX-License-Identifier: MIT
"""Attack 4: what every shell offers: `nohup`, `&`, and `disown`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 4
NAME = "nohup, disown"
TRIES = "a shell starts background jobs that hang-ups do not reach, and forgets them"
ESCAPE = "a job lives"


SCRIPT = (
    "trap '' HUP; for i in 1 2; do nohup sh -c 'i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done' "
    '</dev/null 2>/dev/null >&1 & disown 2>/dev/null; done; echo \'{"attack": 4, "did": "disowned"}\'; sleep 0.1'
)


def parameters(draw: Draw) -> Given:
    """Draw whether the shell stays."""
    return {"stays": draw.random() < 0.5}


def attack(given: Given, tell: Tell) -> None:
    """Start the shell, and wait or not."""
    os.spawnvp(os.P_WAIT, "bash", ["bash", "-c", SCRIPT])
    if given["stays"]:
        tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """The jobs run, and the shell that started them is gone."""
    jobs = [look for look in looks[-1] if look.name in ("sh", "bash")]
    known = {look.pid for look in looks[-1]}
    return bool(told) and any(look.parent not in known for look in jobs)
