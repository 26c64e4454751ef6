# SPDX-License-Identifier: MIT
"""Orbits: a reward function with all its permutations, voting on which of two next states is the better one.

Whoever has more ways to go on wins the vote of every orbit, whatever the rewards. The one thing that is easy to get wrong: with a
third next state the winner need not be best for half of the orbit; it only beats the other one. Source: Turner et al. (2021),
arXiv 1912.01683, definition 6.5 and proposition 6.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.graphs import Graph, futures
from offswitch.lab.table import Floats, Ints

MOST = 8  # states; 9 have 362,880 permutations
TIE = 1e-12  # values that differ by less are the same


@dataclass(frozen=True, eq=False)
class Orbit:
    """Votes of the permutations of n reward functions, each [n]; and how often each next state is a best one of all."""

    first: Ints  # permutations for which the first next state is the better one
    second: Ints
    tied: Ints
    first_best: Ints  # permutations for which the first is as good as any next state
    second_best: Ints

    @property
    def size(self) -> int:
        """Return the number of permutations."""
        return int(self.first[0] + self.second[0] + self.tied[0])


def orbit(graph: Graph, state: str, first: str, second: str, rewards: Floats, discount: float) -> Orbit:
    """Let every permutation of each reward function [n, S] vote on two next states. Raises SolveError for large graphs.

    Permutations are counted as such, also where a reward function has equal entries and some of them coincide.
    """
    S = len(graph.states)
    if S > MOST:
        raise SolveError(f"graph {graph.name}: {S} states have too many permutations; {MOST} at most")
    if rewards.ndim != 2 or rewards.shape[1] != S:
        raise SolveError(f"graph {graph.name}: rewards of shape {rewards.shape}; it needs (n, {S})")
    names = [graph.states[place] for place in dict.fromkeys(graph.onward[graph.place(state)])]
    for name in (first, second):
        if name not in names:
            raise SolveError(
                f"graph {graph.name}: {state!r} does not lead to {name!r}; it leads to {', '.join(names)}"
            )
    orders = np.array(list(permutations(range(S))))
    ways = {name: _Ways.of(futures(graph, state, discount, then=name), orders) for name in names}
    counted = []
    for reward in rewards:
        worth = {name: way.worth(reward) for name, way in ways.items()}
        lead = worth[first] - worth[second]
        top = np.maximum.reduce(list(worth.values())) - TIE
        counted.append(
            (
                (lead > TIE).sum(),
                (lead < -TIE).sum(),
                (abs(lead) <= TIE).sum(),
                (worth[first] >= top).sum(),
                (worth[second] >= top).sum(),
            )
        )
    return Orbit(*np.array(counted, np.int32).T)


class _Ways(NamedTuple):
    """Ways to go on [w, c], on the c states that they visit, under each of the orders in which rewards can come to lie there."""

    rows: Floats
    orders: Ints  # [u, c]; far fewer than there are permutations, since most states are not visited
    which: Ints  # [S!], the order that a permutation comes to

    @classmethod
    def of(cls, rows: Floats, orders: Ints) -> _Ways:
        visited = np.flatnonzero(rows.any(0))
        few, which = np.unique(orders[:, visited], axis=0, return_inverse=True)
        return cls(rows[:, visited], few, which.ravel().astype(np.int32))

    def worth(self, reward: Floats) -> Floats:
        """Return the best way's worth under every permutation of a reward function, [S!]."""
        best: Floats = (reward[self.orders] @ self.rows.T).max(1)[self.which]
        return best
