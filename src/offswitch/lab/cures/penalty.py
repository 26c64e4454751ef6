# SPDX-License-Identifier: MIT
"""Penalty: every step that breaks the boundary costs the agent something while it is trained.

The agent is then judged in the untouched world. The one thing that is easy to get wrong: a penalty below what breaking the boundary
is worth changes nothing at all, and one that is exactly so leaves the agent indifferent; the critical cost is the world's margin
where one breach is all that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Flags, Table, conduct_is_defiant

NOTHING = "nothing in this world breaks the boundary"


@dataclass(frozen=True, kw_only=True)
class Penalty(Cure):
    """A cost of each step that is defiance or breaks the boundary."""

    name = "penalty"
    about = "each step that breaks the boundary costs something in training"

    cost: float = 100.0

    def applies(self, table: Table) -> str:
        """Refuse worlds in which there is nothing to charge."""
        return "" if broken(table).any() else NOTHING

    def on(self, cured: Cured) -> Cured:
        """Take the cost off the reward of every such outcome."""
        if not self.cost >= 0.0:
            raise StudyError(f"cure {self.name!r}: 'cost' is {self.cost}; a penalty is 0 or more")
        return cured.training_on(charged(cured.training, self.cost))


def broken(table: Table) -> Flags:
    """Return which outcomes are defiance or break the boundary, [S, A, K]. What can not happen is none."""
    marked: Flags = (table.breach | conduct_is_defiant()[table.conduct]) & (table.probability > 0.0)
    return marked


def charged(table: Table, cost: float) -> Table:
    """Return the table with a cost on each outcome that breaks the boundary."""
    return table.with_columns(reward=table.reward - np.where(broken(table), cost, 0.0))
