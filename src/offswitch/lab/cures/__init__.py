# SPDX-License-Identifier: MIT
"""The list of cures. One more cure is one file beside this one and one line here, or an entry point of another package."""

from __future__ import annotations

from typing import Any

from offswitch.lab.cures.cure import Cure
from offswitch.lab.errors import StudyError
from offswitch.lab.shelf import Shelf

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


_SHELF: Shelf[Cure] = Shelf("cure", CURES, StudyError)


def names() -> tuple[str, ...]:
    """Return the names of all cures, ours first."""
    return _SHELF.names()


def kind_of(name: str) -> type[Cure]:
    """Return a cure's class, unmade. Raises StudyError that names what was likely meant."""
    return _SHELF.kind_of(name)


def cure(name: str, **settings: Any) -> Cure:
    """Return a cure with its settings. Raises StudyError that names what is unknown, and what was likely meant."""
    return _SHELF.made(name, settings)
