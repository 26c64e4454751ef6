# SPDX-License-Identifier: MIT
"""The limits of one jail as its keeper and warden hold them: the numbers of `limits.Limits`, which were checked by whoever asked.

Easy to get wrong: a `dataclass` here. Loading that module costs every supervisor 2.5 MB and a tenth of its start.
"""

from __future__ import annotations

import math


class Bounds:
    """What one jail may take; the names are those of `Limits`."""

    __slots__ = ("cpus", "disk", "memory", "output", "processes", "seconds")

    def __init__(
        self,
        memory: int = 0,
        processes: int = 0,
        disk: int = 0,
        output: int = 0,
        seconds: float = math.inf,
        cpus: float | None = None,
    ) -> None:
        self.memory, self.processes, self.disk, self.output = memory, processes, disk, output
        self.seconds, self.cpus = seconds, cpus
