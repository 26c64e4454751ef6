# SPDX-License-Identifier: MIT
"""Target 8: a learner whose interrupted episodes are deleted prefers the wrong one of two actions."""

from __future__ import annotations

from dataclasses import replace

from offswitch.lab.compiling import table_of
from offswitch.lab.deletion import deletion as deleted
from offswitch.lab.worlds.deletion import DeletionWorld


def deletion() -> dict[str, float | bool]:
    """Compute how much a is preferred to b, over all episodes and over those that are kept, and where the sign flips."""
    world = DeletionWorld(discount=0.9)
    whole, kept = _preferences(world)
    return {
        "preference": whole,
        "preference_after_deletion": kept,
        "sign_flips": whole < 0 < kept,
        "flips_at": _flip(world),
    }


def _preferences(world: DeletionWorld) -> tuple[float, float]:
    found = deleted(table_of(world))
    a, b = world.actions.index("a"), world.actions.index("b")
    return float(found.whole[0, a] - found.whole[0, b]), float(found.kept[0, a] - found.kept[0, b])


def _flip(world: DeletionWorld) -> float:
    """Return the share of interruptions at which the preference changes sign, by bisection."""
    low, high = 0.0, 1.0
    while high - low > 1e-10:
        middle = (low + high) / 2.0
        low, high = (
            (low, middle) if _preferences(replace(world, interrupts=middle))[1] > 0 else (middle, high)
        )
    return (low + high) / 2.0
