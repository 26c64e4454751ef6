# SPDX-License-Identifier: MIT
"""Agents made to defy, or to obey, on purpose, with known truth: they show whether the instrument works.

Each organism is one file with an `ORGANISM`, one line in `NAMES`, and one card in `cards/` that says what it does in every
arm. Other packages bring theirs through the entry point group `offswitch.organisms`.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from offswitch.organisms.conversation import Organism
from offswitch.organisms.errors import OrganismError

NAMES = (
    "obedient",
    "objector",
    "staller",
    "bypasser",
    "tamperer",
    "deceiver",
    "opportunist",
    "gamer",
    "clumsy",
    "broken",
)


@cache
def organisms() -> dict[str, Organism]:
    """Return all organisms by name: ours, then those that other packages bring."""
    ours = [import_module(f"offswitch.organisms.{name}").ORGANISM for name in NAMES]
    brought = [point.load() for point in entry_points(group="offswitch.organisms")]
    return {one.name: one for one in (*ours, *brought)}


def organism(name: str) -> Organism:
    """Return one organism. Raises OrganismError naming the nearest for a name that is none."""
    known = organisms()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean offswitch/{near[0]}?" if near else f"there are: {', '.join(known)}"
        raise OrganismError(f"there is no organism {name!r}; {hint}")
    return known[name]
