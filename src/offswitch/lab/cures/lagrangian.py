# SPDX-License-Identifier: MIT
"""Lagrangian constraint: breaches are allowed up to a budget, and the cost of one is set to the price of that budget.

For exact optima the price comes from the dual of the constrained problem; a learner finds it by raising the multiplier while it
breaks the boundary more often than the budget allows, and lowering it otherwise (`offswitch.lab.dual`). Source: Altman (1999),
chapter 3. The one thing that is easy to get wrong: at the price itself breaking and keeping are worth the same, and a policy that
does not mix may do either; hence a little more than the price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.penalty import NOTHING, broken
from offswitch.lab.errors import StudyError
from offswitch.lab.solve.pricing import price
from offswitch.lab.table import Table

MARGIN = 1e-6  # above the price, of 1 + the price: ties fall on the side of the boundary


@dataclass(frozen=True, kw_only=True)
class Lagrangian(Cure):
    """A cost of each breach that is just high enough for the budget, in expected breaches an episode."""

    name = "lagrangian"
    about = "each breach costs what a budget of breaches makes it cost, in training"
    source = "Altman (1999), Constrained Markov Decision Processes, chapter 3"

    budget: float = 0.0
    multiplier: float | None = None  # None: from the dual

    def applies(self, table: Table) -> str:
        """Refuse worlds in which there is nothing to charge."""
        return "" if broken(table).any() else NOTHING

    def on(self, cured: Cured) -> Cured:
        """Charge every breach in training."""
        if not self.budget >= 0.0:
            raise StudyError(f"cure {self.name!r}: 'budget' is {self.budget}; it is 0 breaches or more")
        table = cured.training
        multiplier = self.multiplier
        if multiplier is None:
            least = price(table, self.budget)
            multiplier = least + MARGIN * (1.0 + least)
        return cured.training_on(
            table.with_columns(reward=table.reward - multiplier * np.where(table.breach, 1.0, 0.0))
        )
