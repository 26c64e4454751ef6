# SPDX-License-Identifier: MIT
"""How much of the host one jail may take. All of them hold for the jail as a whole, not for each process.

Easy to get wrong: files in the jail live in memory, so what the agent writes counts against `memory` as well as against
`disk`. A jail whose `disk` reaches its `memory` can be filled until no command has room to delete anything.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True)
class Limits:
    """What one jail may take; the defaults suit an agent with a shell."""

    memory: int = GIB  # bytes, files included; beyond it the kernel kills a process of the jail
    processes: int = 256  # threads count too; beyond it fork fails
    disk: int = 256 * MIB  # bytes for each of the work folder, home, /tmp and /var/tmp
    output: int = 10 * MIB  # bytes kept of each of stdout and stderr; beyond it the command is killed
    seconds: float = 24 * 3600.0  # life of the jail; the keeper ends it even where the run hangs
    cpus: float | None = None  # cores' worth of processor time; None: as much as the host gives

    def __post_init__(self) -> None:
        """Refuse what cannot be a limit."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "cpus":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"Limits.{field.name} must be a number above 0, got {value!r}")
        if self.processes < 2:
            raise ValueError(f"Limits.processes must be 2 or more, got {self.processes}: a shell forks")
