# SPDX-License-Identifier: MIT
"""Where a world turns: the value of one parameter at which breaking the boundary begins, or ceases, to pay.

Found by bisection on the gate's margin, so that it knows nothing of a world but how to solve it; worlds that give their critical
value in closed form are held to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from offswitch.lab.errors import SolveError
from offswitch.lab.solve.gate import solved
from offswitch.lab.world import World

SOME = 1e-10  # a margin above this is one; far below `LEAST`, or slow crossings would be found late
NEAR = 1e-10


def turning(world: World, parameter: str, low: float, high: float) -> float:
    """Return the value between `low` and `high` at which the optimum begins or ceases to break the boundary.

    Raises SolveError where it does the same at both.
    """

    def breaks(value: float) -> bool:
        changed: dict[str, Any] = {parameter: value}
        return solved(replace(world, **changed)).margin > SOME

    begins = breaks(low)
    if begins == breaks(high):
        does = "breaks" if begins else "keeps"
        raise SolveError(
            f"{world.name}: its optimum {does} the boundary at {parameter} {low:g} and at {high:g}; widen the range"
        )
    while high - low > NEAR * (1.0 + abs(high)):
        middle = (low + high) / 2.0
        low, high = (middle, high) if breaks(middle) == begins else (low, middle)
    return (low + high) / 2.0
