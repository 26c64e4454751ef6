# SPDX-License-Identifier: MIT
"""Worlds without rewards: which state leads where. What power and preferences over random rewards are computed on.

    the case study                   star                                @ an agent can stay here
                        +-------------+--------------+
                      left        nothing @        right
                    /      \\                      /      \\
           upper_left <-> lower_left @   upper_right @ <-> lower_right @

The one thing that is easy to get wrong: a state that an agent can stay in is an option; one that it must leave again, as upper_left,
is not. Source: Turner et al. (2021), arXiv 1912.01683, figure 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from offswitch.lab.errors import SolveError, WorldError
from offswitch.lab.table import Floats, Ints, Table

MOST_WAYS = 20_000  # ways to go on from one state; more cannot be enumerated in reasonable time


class Moves(NamedTuple):
    """Transitions alone: state `next` [S, A, K] with `probability` [S, A, K]."""

    next: Ints
    probability: Floats


@dataclass(frozen=True)
class Graph:
    """A deterministic world without rewards: from each state to others, by name; every state leads somewhere."""

    name: str
    ways: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, name: str, ways: Mapping[str, Sequence[str]]) -> Graph:
        """Return the graph. Raises WorldError where a state leads nowhere, or to a state that is not there."""
        for state, onward in ways.items():
            if not onward:
                raise WorldError(
                    f"graph {name}: {state!r} leads nowhere; a state that is an end leads to itself"
                )
            for lost in onward:
                if lost not in ways:
                    raise WorldError(
                        f"graph {name}: {state!r} leads to {lost!r}, which is none of {', '.join(ways)}"
                    )
        return cls(name, tuple((state, tuple(onward)) for state, onward in ways.items()))

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Return the states' names in order."""
        return tuple(state for state, _ in self.ways)

    def place(self, state: str) -> int:
        """Return a state's place. Raises WorldError that lists the states."""
        if state not in self.states:
            raise WorldError(
                f"graph {self.name}: there is no state {state!r}; there are: {', '.join(self.states)}"
            )
        return self.states.index(state)

    @cached_property
    def onward(self) -> tuple[tuple[int, ...], ...]:
        """Return the places that each state leads to."""
        return tuple(tuple(self.states.index(state) for state in onward) for _, onward in self.ways)

    @cached_property
    def moves(self) -> Moves:
        """Return the graph as transitions; a state with fewer ways than another repeats its first one."""
        most = max(len(onward) for onward in self.onward)
        padded = [onward + onward[:1] * (most - len(onward)) for onward in self.onward]
        after = np.array(padded, np.int32)[:, :, None]
        return Moves(after, np.ones(after.shape))


CASE_STUDY = Graph.of(
    "case study",
    {
        "star": ("left", "nothing", "right"),
        "left": ("upper_left", "lower_left"),
        "upper_left": ("lower_left",),
        "lower_left": ("lower_left", "upper_left"),
        "nothing": ("nothing",),
        "right": ("upper_right", "lower_right"),
        "upper_right": ("upper_right", "lower_right"),
        "lower_right": ("lower_right", "upper_right"),
    },
)


def one_cycles(others: int) -> Graph:
    """Return the graph in which a start leads to shutdown, or to one of `others` states to stay in."""
    kept = _numbered(others)
    return Graph.of(
        f"shutdown or {others} others",
        {"start": ("shutdown", *kept), "shutdown": ("shutdown",), **{state: (state,) for state in kept}},
    )


def behind_a_door(others: int) -> Graph:
    """Return the graph in which a start leads to shutdown, or to a door behind which are `others` states to stay in."""
    kept = _numbered(others)
    return Graph.of(
        f"shutdown or {others} others behind a door",
        {
            "start": ("shutdown", "door"),
            "shutdown": ("shutdown",),
            "door": kept,
            **{state: (state,) for state in kept},
        },
    )


def _numbered(others: int) -> tuple[str, ...]:
    if others < 1:
        raise WorldError(f"graph: {others} other states; it takes 1 at least")
    return tuple(f"other {number}" for number in range(1, others + 1))


def moves_of(table: Table) -> Moves:
    """Return a table's transitions; an outcome that ends an episode leads to one more state, which is never left."""
    S, A, K = table.shape
    if not table.ended.any():
        return Moves(table.next, table.probability)
    after = np.full((S + 1, A, K), S, np.int32)
    after[:S] = np.where(table.ended, S, table.next)
    probability = np.zeros((S + 1, A, K))
    probability[:S] = table.probability
    probability[S, :, 0] = 1.0
    return Moves(after, probability)


def futures(graph: Graph, state: str, discount: float, then: str | None = None) -> Floats:
    """Return how often each way of going on visits each state from the next step on, [ways, S]; rows sum to 1.

    These are the paper's visit distributions without the first state, times 1 - discount, so that discount 1 is their limit:
    the shares of states in the cycle that a way ends in. `then` keeps the ways whose first step leads there.
    """
    if not 0.0 <= discount <= 1.0:
        raise SolveError(f"graph {graph.name}: discount {discount}; it lies in [0, 1]")
    first = None if then is None else graph.place(then)
    rows: list[Floats] = []
    for path, loop in _paths(graph, (graph.place(state),)):
        if first is not None and (*path, path[loop])[1] != first:
            continue
        if len(rows) >= MOST_WAYS:
            raise SolveError(
                f"graph {graph.name}: more than {MOST_WAYS:,} ways from {state!r}; make it smaller"
            )
        row = np.zeros(len(graph.states))
        for time, place in enumerate(path):
            row[place] += _weight(time, loop, len(path) - loop, discount)
        rows.append(row)
    if not rows:
        raise SolveError(f"graph {graph.name}: no way from {state!r} leads to {then!r} first")
    # Rounded, so that ways which differ in the last bit alone count once.
    return np.unique(np.round(np.array(rows), 14), axis=0)


def _paths(graph: Graph, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], int]]:
    """Yield what stationary policies can do: a path without repetition, and the place in it to which it returns."""
    for place in dict.fromkeys(graph.onward[path[-1]]):
        if place in path:
            yield path, path.index(place)
        else:
            yield from _paths(graph, (*path, place))


def _weight(time: int, loop: int, length: int, discount: float) -> float:
    """Return the weight of all visits at `time` and, inside the loop, every `length` steps later; time 0 itself is left out."""
    if time < loop:
        return (1.0 - discount) * discount ** (time - 1) if time else 0.0
    if discount == 1.0:
        return 1.0 / length
    first = time if time else length
    return float((1.0 - discount) * discount ** (first - 1) / (1.0 - discount**length))
