# SPDX-License-Identifier: MIT
"""Target 18: the price at which an agent stops pressing, from a linear program, from the dual alone, and as learned.

The one thing that is easy to get wrong: with a budget of 0 any price above the least one is a dual as well; a budget strictly
between never and always has one price only.
"""

from __future__ import annotations

import numpy as np

from offswitch.lab.dual import learned_price
from offswitch.lab.solve import constrained, solved
from offswitch.lab.solve.pricing import price
from offswitch.lab.table import Table
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility

SHARES = {"rare": 0.1, "half": 0.5, "often": 0.9}  # of episodes that are interrupted
BUDGET = 0.5  # breaches an episode


def constrained_dual() -> dict[str, float | bool]:
    """Compute the prices."""
    found: dict[str, float | bool] = {}
    for name, share in SHARES.items():
        table = _table(share)
        found[f"program_{name}"] = constrained(table, BUDGET).price
        found[f"dual_{name}"] = price(table)
    learned = learned_price(_table(SHARES["half"]), BUDGET)
    found["learned_mean"] = float(np.mean(learned))
    found["learned_least"] = float(np.min(learned))
    found["learned_most"] = float(np.max(learned))
    return found


def _table(share: float) -> Table:
    return solved(SafeInterruptibility(interrupts=share)).table
