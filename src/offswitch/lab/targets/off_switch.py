# SPDX-License-Identifier: MIT
"""Target 9: what deferring is worth in the off-switch game, and the noise of the person at which it stops paying.

Nothing here uses the closed forms: one column integrates, the other solves the game as a tree whose belief is cut into points.
"""

from __future__ import annotations

from offswitch.lab.off_switch_game import Belief, breaking_noise, gain
from offswitch.lab.solve import solved, turning
from offswitch.lab.worlds.off_switch_game import OffSwitchGame

BELIEFS = ((0.0, 1.0), (0.5, 1.0), (-0.5, 1.0), (1.0, 1.0), (1.0, 0.5))
POINTS = 1001


def off_switch_game() -> dict[str, float | bool]:
    """Compute the gain of deferring to a rational person, and the breaking noise, by quadrature and by the tree."""
    found: dict[str, float | bool] = {}
    for mean, spread in BELIEFS:
        belief, name = Belief(mean, spread), f"{mean:g}_{spread:g}"
        found[f"gain_{name}"] = gain(belief)
        tree = OffSwitchGame(mean=mean, spread=spread, noise=0.0, points=POINTS)
        found[f"tree_gain_{name}"] = solved(tree).best.reward - belief.alone
        if mean:
            found[f"noise_{name}"] = breaking_noise(belief)
        if mean > 0:
            game = OffSwitchGame(mean=mean, spread=spread)
            found[f"tree_noise_{name}"] = turning(game, "noise", 0.01, 100.0)
    return found
