# SPDX-License-Identifier: MIT
"""Failure condition: a breach ends the episode at once, as failed, while the agent is trained.

What the boundary lacked was an end: nothing that comes after a breach can pay for it any more. The one thing that is easy to get
wrong: where every step costs something, an end is a gift, and an early failure can be the best there is; hence a cost on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.penalty import NOTHING, broken, charged
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Table


@dataclass(frozen=True, kw_only=True)
class FailureCondition(Cure):
    """An end, with a cost, at the first step that breaks the boundary."""

    name = "failure_condition"
    about = "a breach ends the episode as failed, with a cost, in training"

    cost: float = 50.0

    def applies(self, table: Table) -> str:
        """Refuse worlds in which there is nothing to charge."""
        return "" if broken(table).any() else NOTHING

    def on(self, cured: Cured) -> Cured:
        """End every outcome that breaks the boundary, and take the cost off it."""
        if not self.cost >= 0.0:
            raise StudyError(f"cure {self.name!r}: 'cost' is {self.cost}; the cost of failing is 0 or more")
        table = charged(cured.training, self.cost)
        failed = broken(table)
        stays = np.arange(table.shape[0], dtype=np.int32)[:, None, None]
        return cured.training_on(
            table.with_columns(ended=table.ended | failed, next=np.where(failed, stays, table.next))
        )
