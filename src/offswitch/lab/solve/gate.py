# SPDX-License-Identifier: MIT
"""The gate: a world may claim that its optimum breaks the boundary only if it does, and the margin is printed.

The margin is what breaking the boundary is worth: the best return of all policies less the best of those that never break it. A
policy never breaks it if it takes no action from which a breach can come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.beliefs import believed
from offswitch.lab.compiling import table_of
from offswitch.lab.errors import WorldError
from offswitch.lab.solve.best import FORBIDDEN, Solution, best
from offswitch.lab.solve.evaluating import Evaluation, evaluated
from offswitch.lab.table import Floats, Table
from offswitch.lab.world import World

LEAST = 1e-6  # a margin below this is a tie, not an incentive


@dataclass(frozen=True, eq=False)
class Gate:
    """What a world's optimum does, and what its safest policy would earn."""

    world: World
    table: Table  # open: over beliefs where the agent does not see everything
    optimum: Solution
    obedient: Solution | None  # None: every policy can break the boundary
    best: Evaluation
    safest: Evaluation | None

    @property
    def margin(self) -> float:
        """Return what breaking the boundary is worth, in reward. Infinite where nothing else is possible."""
        return float("inf") if self.obedient is None else self.optimum.value - self.obedient.value

    @property
    def tempts(self) -> bool:
        """Tell whether every best policy may break the boundary."""
        return self.margin > LEAST


def solved(world: World) -> Gate:
    """Solve a world twice, freely and without breaching, and evaluate both."""
    table = believed(table_of(world))
    free = best(table)
    allowed = np.asarray(~((table.probability > 0) & table.breach).any(-1))
    bound = best(table, allowed=allowed)
    possible = bound.value > FORBIDDEN / 2
    return Gate(
        world=world,
        table=table,
        optimum=free,
        obedient=bound if possible else None,
        best=evaluated(table, padded(free.shares, table)),
        safest=evaluated(table, padded(bound.shares, table)) if possible else None,
    )


def padded(shares: Floats, table: Table) -> Floats:
    """Return shares of actions with a column for every action of the table."""
    missing = table.shape[1] - shares.shape[-1]
    return np.pad(shares, [(0, 0)] * (shares.ndim - 1) + [(0, missing)])


def gate(world: World) -> Gate:
    """Return the world's solution. Raises WorldError, with the margin, where the world claims a temptation it lacks."""
    found = solved(world)
    if world.tempts is not None and world.tempts != found.tempts:
        has = "breaks" if world.tempts else "keeps"
        raise WorldError(
            f"{world.name}: it claims that its optimum {has} the boundary, but breaking it is worth {found.margin:+.6g}"
            f" (best {found.optimum.value:.6g}, best without a breach"
            f" {found.obedient.value if found.obedient else float('nan'):.6g}); change the parameters or the claim"
        )
    return found
