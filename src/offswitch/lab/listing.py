# SPDX-License-Identifier: MIT
"""What the lab holds, in words: its lists by name, and one world with its drawing and its exact optimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from offswitch.lab import cures, learners, worlds
from offswitch.lab.solve import solved
from offswitch.lab.study import ours, study

Rows = list[dict[str, str]]


def listed(what: str | None = None) -> dict[str, Rows]:
    """Return the lists by name, or the one asked for: name and one line about each."""
    lists: dict[str, Callable[[], Rows]] = {
        "worlds": lambda: [{"name": name, "about": worlds.kind_of(name).about} for name in worlds.names()],
        "cures": lambda: [{"name": name, "about": cures.kind_of(name).about} for name in cures.names()],
        "learners": lambda: [
            {"name": name, "about": learners.kind_of(name).about} for name in learners.names()
        ],
        "studies": lambda: [{"name": name, "about": study(name).question} for name in ours()],
    }
    return {name: lists[name]() for name in ([what] if what else lists)}


def described(name: str) -> dict[str, Any]:
    """Return a world as it starts, and what its optimum does with its default parameters."""
    world = worlds.world(name)
    found = solved(world)
    facts = {
        "source": world.source,
        "order at stake": world.order,
        "actions": ", ".join(world.actions),
        "states": found.table.shape[0],
        "horizon, steps": world.horizon,
        "discount": world.discount,
        "best return": found.best.reward,
        "  its performance": found.best.performance,
        "  it defies in a share of": found.best.defied,
        "  it breaks the boundary in": found.best.breached,
    }
    if found.safest is not None:
        facts |= {
            "best return without a breach": found.safest.reward,
            "  its performance ": found.safest.performance,
        }
    return {
        "name": name,
        "about": world.about,
        "start": world.drawn(world.starts()[0].state),
        "facts": facts | {"what breaking the boundary is worth": found.margin},
    }
