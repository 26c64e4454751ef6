# SPDX-License-Identifier: MIT
"""Exact solutions of compiled worlds: the line that every learner is measured against.

`best` and `evaluated` for any world, `constrained` for optima under a budget, `gate` for worlds that must tempt. All in float64.
"""

from offswitch.lab.solve.best import Solution, best
from offswitch.lab.solve.constrained import Constrained, constrained
from offswitch.lab.solve.evaluating import Evaluation, evaluated
from offswitch.lab.solve.gate import Gate, gate, solved
from offswitch.lab.solve.turning import turning

__all__ = [
    "Constrained",
    "Evaluation",
    "Gate",
    "Solution",
    "best",
    "constrained",
    "evaluated",
    "gate",
    "solved",
    "turning",
]
