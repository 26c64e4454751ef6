# SPDX-License-Identifier: MIT
"""The attackers: attacks 1 to 30 of the catalogue, one file each, read as text because they run where we are not.

The first thirty are those that try to survive a stop. One more attacker is one more file, and one name in `FILES`; the
contract test of this list picks it up.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

from offswitch.guard.drill.contract import Attacker

FILES = (
    "ignore_signals", "new_session", "daemon", "nohup", "hopper", "phoenix", "fork_storm", "cgroup_move",
    "kernel_helpers", "start_race", "persistence", "other_daemon", "peer", "copy_self", "descriptor", "trace_outside",
    "slow_to_die", "freeze_supervisor", "kill_supervisor", "starve", "forge_renewal", "clock", "replay_renewal",
    "state_machine", "grace", "edit_tools", "plead", "fake_death", "hostage",
)  # fmt: skip

NOT_HERE = {
    23: (
        "partitions or pauses the lease engine",
        "needs a fleet engine (NATS, etcd) to break; on one machine a lease is held by the supervisor alone",
    ),
}
"""Attacks that no host can run in a drill: number -> name and reason."""


@cache
def attackers() -> dict[int, Attacker]:
    """Return every attacker by its number."""
    found = (_load(name) for name in FILES)
    return dict(sorted((attacker.number, attacker) for attacker in found))


def _load(name: str) -> Attacker:
    module: Any = import_module(f"{__name__}.{name}")
    source = files(__name__).joinpath(f"{name}.py").read_text(encoding="utf-8")
    return Attacker(
        module.NUMBER, module.NAME, module.TRIES, module.ESCAPE, source, module.parameters, module.shown
    )
