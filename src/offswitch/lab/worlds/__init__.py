# SPDX-License-Identifier: MIT
"""The list of worlds. One more world is one file beside this one and one line here, or an entry point of another package.

Names are the field's own where a world is published. The contract test of this list compiles, simulates, solves and draws each.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from offswitch.lab.errors import WorldError
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


def names() -> tuple[str, ...]:
    """Return the names of all worlds, ours first."""
    return (*WORLDS, *sorted(point.name for point in entry_points(group="offswitch.worlds")))


def world(name: str, **parameters: Any) -> World:
    """Return a world with parameters. Raises WorldError that names what is unknown, and what was likely meant."""
    kind = kind_of(name)
    try:
        return kind(**parameters)
    except TypeError as trouble:
        known = ", ".join(kind.__dataclass_fields__)
        raise WorldError(
            f"{name}: it does not take these parameters: {', '.join(parameters)}; it takes {known}"
        ) from trouble


def kind_of(name: str) -> type[World]:
    """Return a world's class, unmade."""
    if name in WORLDS:
        module, _, attribute = WORLDS[name].partition(":")
        found: type[World] = getattr(import_module(module), attribute)
        return found
    for point in entry_points(group="offswitch.worlds"):
        if point.name == name:
            loaded: type[World] = point.load()
            return loaded
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
    raise WorldError(f"there is no world {name!r}; {hint}")
