# SPDX-License-Identifier: MIT
"""The first program of a drill's jail: becomes the first attacker, and forks the others.

Its text goes into the jail on the command line, followed by the crew as JSON; so it imports nothing of ours. Every
attacker ends by itself when its time is up, whether or not anything stopped it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Pen:
    """What an attacker is given to tell with: whole lines, so that those of several attackers do not mix."""

    def __init__(self, attack: int, end: float) -> None:
        self.attack, self.end = attack, end

    def __call__(self, **words: object) -> None:
        """Write one line, at most 4096 bytes; where nobody reads, nothing."""
        line = json.dumps({"attack": self.attack, **words}).encode()[:4000]
        with contextlib.suppress(OSError):
            os.write(1, line + b"\n")

    def stay(self) -> None:
        """Do nothing until the attacker's time is up."""
        while time.monotonic() < self.end:
            time.sleep(0.05)


def act(blow: dict[str, Any], tell: Pen) -> None:
    """Run one attacker; a fault of its own is told, not hidden."""
    names: dict[str, Any] = {"__name__": f"attack_{blow['attack']}"}
    try:
        exec(compile(blow["source"], names["__name__"], "exec"), names)
        names["attack"](blow["given"], tell)
    except BaseException as fault:
        tell(fault=f"{type(fault).__name__}: {fault}"[:300])


def main(text: str) -> None:
    """Fork all but the first, and be the first."""
    crew = json.loads(text)
    end = time.monotonic() + crew["world"]["seconds"]
    for blow in crew["blows"]:
        blow["given"] = {**crew["world"], **blow["given"], "end": end}
    first, *others = crew["blows"]
    for blow in others:
        if os.fork() == 0:
            act(blow, Pen(blow["attack"], end))
            os._exit(0)
    act(first, Pen(first["attack"], end))


if __name__ == "__main__":
    main(sys.argv[1])
