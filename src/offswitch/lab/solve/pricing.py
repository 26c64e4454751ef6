# SPDX-License-Identifier: MIT
"""The price of a budget: the least multiplier at which an agent that pays for each breach keeps to the budget by itself.

The dual of a constrained optimum is a convex function, made of one straight line for each policy. Two policies, one on either side
of the budget, give a multiplier at which they are worth the same; if a third is better there, it takes the place of one of them.
That ends after finitely many steps, exactly, and needs no linear program. Source: Altman (1999), *Constrained Markov Decision
Processes*, chapter 3. The one thing that is easy to get wrong: at the price itself both policies are best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.solve.best import best
from offswitch.lab.solve.evaluating import evaluated
from offswitch.lab.solve.gate import padded
from offswitch.lab.table import Floats, Table

STEPS = 1_000
LEAST = 1e-9  # of the multiplier, relative
DOUBLINGS = 60


@dataclass(frozen=True)
class _Line:
    """A policy as a line of the dual: its reward and its expected cost."""

    reward: float
    cost: float


def price(table: Table, budget: float = 0.0, cost: Floats | None = None) -> float:
    """Return the least multiplier of `cost` [S, A] at which a best policy costs at most `budget`; 0 where the budget binds nobody.

    `cost` defaults to the chance that the step breaks the boundary. Raises SolveError where no policy keeps to the budget.
    """
    charge = table.expected("breach") if cost is None else cost
    free = _line(table, charge, 0.0)
    if free.cost <= budget + LEAST:
        return 0.0
    multiplier, kept = 1.0, None
    for _ in range(DOUBLINGS):
        line = _line(table, charge, multiplier)
        if line.cost <= budget + LEAST:
            kept = line
            break
        free, multiplier = line, 2.0 * multiplier
    if kept is None:
        raise SolveError(f"{table.world.name}: no policy keeps to a budget of {budget}, whatever the price")
    return _narrowed(table, charge, budget, free, kept)


def _narrowed(table: Table, charge: Floats, budget: float, above: _Line, below: _Line) -> float:
    for _ in range(STEPS):
        multiplier = (above.reward - below.reward) / (above.cost - below.cost)
        line = _line(table, charge, multiplier)
        known = below.reward - multiplier * below.cost
        if line.reward - multiplier * line.cost <= known + LEAST * (1.0 + abs(known)):
            return multiplier
        above, below = (line, below) if line.cost > budget + LEAST else (above, line)
    raise SolveError(f"{table.world.name}: the price of a budget of {budget} did not come to rest")


def _line(table: Table, charge: Floats, multiplier: float) -> _Line:
    found = best(table, reward=table.expected("reward") - multiplier * charge)
    spread = np.broadcast_to(charge[..., None], table.reward.shape)
    cost = evaluated(table.with_columns(reward=spread), padded(found.shares, table)).reward
    return _Line(reward=found.value + multiplier * cost, cost=cost)
