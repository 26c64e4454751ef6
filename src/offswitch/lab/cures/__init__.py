# SPDX-License-Identifier: MIT
"""The list of cures. One more cure is one file beside this one and one line here, or an entry point of another package."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from offswitch.lab.cures.cure import Cure
from offswitch.lab.errors import StudyError

CURES: dict[str, str] = {
    "aup": "offswitch.lab.cures.aup:Aup",
    "drest": "offswitch.lab.cures.drest:Drest",
    "failure_condition": "offswitch.lab.cures.failure_condition:FailureCondition",
    "human_in_the_loop": "offswitch.lab.cures.human_in_the_loop:HumanInTheLoop",
    "indifference": "offswitch.lab.cures.indifference:Indifference",
    "interruptible": "offswitch.lab.cures.interruptible:Interruptible",
    "lagrangian": "offswitch.lab.cures.lagrangian:Lagrangian",
    "penalty": "offswitch.lab.cures.penalty:Penalty",
    "relative_reachability": "offswitch.lab.cures.relative_reachability:RelativeReachability",
    "shield": "offswitch.lab.cures.shield:Shield",
}
"""Name -> where its class is; imported only when it is asked for."""


def names() -> tuple[str, ...]:
    """Return the names of all cures, ours first."""
    return (*CURES, *sorted(point.name for point in entry_points(group="offswitch.cures")))


def cure(name: str, **settings: Any) -> Cure:
    """Return a cure with its settings. Raises StudyError that names what is unknown, and what was likely meant."""
    kind = kind_of(name)
    try:
        return kind(**settings)
    except TypeError as trouble:
        known = ", ".join(kind.__dataclass_fields__) or "no settings"
        raise StudyError(
            f"cure {name!r} does not take these settings: {', '.join(settings)}; it takes {known}"
        ) from trouble


def kind_of(name: str) -> type[Cure]:
    """Return a cure's class, unmade."""
    if name in CURES:
        module, _, attribute = CURES[name].partition(":")
        found: type[Cure] = getattr(import_module(module), attribute)
        return found
    for point in entry_points(group="offswitch.cures"):
        if point.name == name:
            loaded: type[Cure] = point.load()
            return loaded
    close = difflib.get_close_matches(name, names(), n=1, cutoff=0.4)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names())}"
    raise StudyError(f"there is no cure {name!r}; {hint}")
