# SPDX-License-Identifier: MIT
"""Orbits: a reward function with all its permutations, voting on which of two next states is the better one.

Whoever has more ways to go on wins the vote of every orbit, whatever the rewards. The one thing that is easy to get wrong: with a
third next state the winner need not be best for half of the orbit; it only beats the other one. Source: Turner et al. (2021),
arXiv 1912.01683, definition 6.5 and proposition 6.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

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
    orders = np.array(list(permutations(range(S))))
    names = [graph.states[place] for place in dict.fromkeys(graph.onward[graph.place(state)])]
    ways = {name: futures(graph, state, discount, then=name).T for name in names}
    for name in (first, second):
        if name not in ways:
            raise SolveError(
                f"graph {graph.name}: {state!r} does not lead to {name!r}; it leads to {', '.join(names)}"
            )
    counted = []
    for reward in rewards:
        permuted = reward[orders]  # [S!, S]
        worth = {name: (permuted @ rows).max(1) for name, rows in ways.items()}
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
