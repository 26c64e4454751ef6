# SPDX-License-Identifier: MIT
"""The phase diagram of shutdown: for what share of reward functions the optimum avoids it, by discount and number of alternatives.

From the start an agent is shut down, or goes through a door to k states of which it can stay in any. A nearsighted agent looks no
farther than the door, and half of all reward functions like that; a farsighted one compares one state with k. What comes back is
data: counts, shares with intervals, and the exact line through each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.graphs import Graph, Moves, behind_a_door
from offswitch.lab.power import votes
from offswitch.lab.table import Floats, Ints
from offswitch.stats.intervals import Rate, rate


@dataclass(frozen=True, eq=False)
class Phase:
    """Counts of n reward functions whose optimum avoids shutdown, [D, K], by discount [D] and number of alternatives [K]."""

    discounts: tuple[float, ...]
    alternatives: tuple[int, ...]
    avoided: Ints
    n: int

    @property
    def share(self) -> Floats:
        """Return the shares, [D, K]."""
        return np.asarray(self.avoided / self.n, np.float64)

    def rate(self, d: int, k: int) -> Rate:
        """Return one share with its n and interval."""
        return rate(int(self.avoided[d, k]), self.n)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the diagram as lines of a table: share, its interval, n and the exact share."""
        lines = []
        for d, discount in enumerate(self.discounts):
            for k, others in enumerate(self.alternatives):
                found = self.rate(d, k)
                lines.append(
                    {
                        "discount": discount,
                        "alternatives": others,
                        "avoid": found.k,
                        "n": found.n,
                        "share": found.value,
                        "low": found.interval.low,
                        "high": found.interval.high,
                        "exact": avoiding(discount, others),
                    }
                )
        return lines


def avoiding(discount: float, others: int) -> float:
    """Return the exact share of uniform reward functions that avoid shutdown, in closed form, for any discount in [0, 1].

    Staying is worth (1 - discount) * door + discount * (the greatest of the others), which lies in [0, 1]; a uniform reward of
    shutdown is below it with just that chance, so that the share is its mean. It runs from 1/2 to others / (others + 1).
    """
    return (1.0 - discount) / 2.0 + discount * others / (others + 1)


def phase(discounts: Sequence[float], alternatives: Sequence[int], *, n: int = 4096, seed: int = 0) -> Phase:
    """Sample the phase diagram by value iteration over n reward functions in every cell.

    Cells of one column share their reward functions. Raises SolveError where a list is empty.
    """
    if not discounts or not alternatives:
        raise SolveError("phase: it takes one discount and one number of alternatives at least")
    most = max(alternatives)
    avoided = np.zeros((len(discounts), len(alternatives)), np.int32)
    for k, others in enumerate(alternatives):
        graph = behind_a_door(others)
        moves, start = _widened(graph, most), graph.place("start")
        to_shutdown = graph.onward[start].index(graph.place("shutdown"))
        for d, discount in enumerate(discounts):
            avoided[d, k] = n - votes(moves, start, discount, n=n, seed=seed + others)[to_shutdown]
    return Phase(tuple(discounts), tuple(alternatives), avoided, n)


def _widened(graph: Graph, most: int) -> Moves:
    """Return the graph's transitions with as many actions and states as the largest one has, so that all compile to one program."""
    after = graph.moves.next[:, :, 0]
    S, A = len(behind_a_door(most).states), max(most, 2)
    wide = np.tile(np.arange(S, dtype=np.int32)[:, None], (1, A))  # what is added is never reached
    wide[: len(after)] = after[:, :1]
    wide[: len(after), : after.shape[1]] = after
    return Moves(wide[:, :, None], np.ones((S, A, 1)))
