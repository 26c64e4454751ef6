# SPDX-License-Identifier: MIT
"""The list of worlds. One more world is one file beside this one and one line here, or an entry point of another package.

Names are the field's own where a world is published. The contract test of this list compiles, simulates, solves and draws each.
"""

from __future__ import annotations

from typing import Any

from offswitch.lab.errors import WorldError
from offswitch.lab.shelf import Shelf
from offswitch.lab.world import World

WORLDS = {
    "absent_supervisor": "offswitch.lab.worlds.absent_supervisor:AbsentSupervisor",
    "aup_correction": "offswitch.lab.worlds.aup_correction:Correction",
    "aup_damage": "offswitch.lab.worlds.aup_damage:Damage",
    "aup_interference": "offswitch.lab.worlds.aup_interference:Interference",
    "aup_offset": "offswitch.lab.worlds.aup_offset:Offset",
    "aup_options": "offswitch.lab.worlds.aup_options:Options",
    "boat_race": "offswitch.lab.worlds.boat_race:BoatRace",
    "deletion": "offswitch.lab.worlds.deletion:DeletionWorld",
    "leverage": "offswitch.lab.worlds.leverage:Leverage",
    "monitor": "offswitch.lab.worlds.monitor:Monitor",
    "off_switch_game": "offswitch.lab.worlds.off_switch_game:OffSwitchGame",
    "overseer_report": "offswitch.lab.worlds.overseer_report:OverseerReport",
    "resources": "offswitch.lab.worlds.resources:Resources",
    "safe_interruptibility": "offswitch.lab.worlds.safe_interruptibility:SafeInterruptibility",
    "shutdown_delay": "offswitch.lab.worlds.drest:ShutdownDelay",
    "side_effects_sokoban": "offswitch.lab.worlds.side_effects_sokoban:SideEffectsSokoban",
    "sushi": "offswitch.lab.worlds.sushi:Sushi",
    "tomato_watering": "offswitch.lab.worlds.tomato_watering:TomatoWatering",
    "vase": "offswitch.lab.worlds.vase:Vase",
    "whisky_gold": "offswitch.lab.worlds.whisky_gold:WhiskyGold",
}
"""Name -> where its class is; imported only when it is asked for."""


_SHELF: Shelf[World] = Shelf("world", WORLDS, WorldError)


def names() -> tuple[str, ...]:
    """Return the names of all worlds, ours first."""
    return _SHELF.names()


def kind_of(name: str) -> type[World]:
    """Return a world's class, unmade. Raises WorldError that names what was likely meant."""
    return _SHELF.kind_of(name)


def world(name: str, **parameters: Any) -> World:
    """Return a world with its parameters. Raises WorldError that names what is unknown, and what was likely meant."""
    return _SHELF.made(name, parameters)
