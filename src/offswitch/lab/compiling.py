# SPDX-License-Identifier: MIT
"""From a definition to its table: every state that can be reached from a start, found breadth first, in a fixed order.

The one thing that is easy to get wrong: the order of states is the order of discovery, so that a table is the same in every
run; nothing here may iterate over a set.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from offswitch.lab.errors import WorldError
from offswitch.lab.table import CONDUCTS, Ints, Table
from offswitch.lab.world import Outcome, World

LIMIT = 200_000  # states; a larger world wants a smaller definition, not a larger table
_PLACE = {conduct: place for place, conduct in enumerate(CONDUCTS)}


@lru_cache(maxsize=64)
def table_of(world: World) -> Table:
    """Compile a world, once for each set of parameters.

    Raises WorldError that names the world and the place where a probability, a sum or a state is wrong.
    """
    states, turns = _explored(world)
    S, A = len(states), len(world.actions)
    K = max(len(outcomes) for outcomes in turns.values())
    place = {state: index for index, state in enumerate(states)}
    floats: dict[str, Any] = {name: np.zeros((S, A, K)) for name in ("probability", "reward", "performance")}
    ints: dict[str, Any] = {
        name: np.zeros((S, A, K), np.int32) for name in ("next", "executed", "signal", "conduct")
    }
    flags: dict[str, Any] = {name: np.zeros((S, A, K), bool) for name in ("breach", "ended", "stopped")}
    for (s, a), outcomes in turns.items():
        ints["next"][s, a] = s
        ints["executed"][s, a] = a
        for k, outcome in enumerate(outcomes):
            at = (s, a, k)
            floats["probability"][at] = outcome.probability
            floats["reward"][at] = outcome.reward
            floats["performance"][at] = outcome.performance
            ints["next"][at] = s if outcome.ended else place[outcome.state]
            ints["executed"][at] = a if outcome.executed is None else outcome.executed
            ints["signal"][at] = outcome.signal
            ints["conduct"][at] = _PLACE[outcome.conduct]
            flags["breach"][at] = outcome.breaks
            flags["ended"][at] = outcome.ended
            flags["stopped"][at] = outcome.stopped
    start = np.zeros(S)
    for begin in world.starts():
        start[place[begin.state]] += begin.probability
    seen = _numbered(world.seen(state) for state in states)
    return Table(world=world, states=states, start=start, seen=seen, **floats, **ints, **flags)


def _explored(world: World) -> tuple[tuple[Hashable, ...], dict[tuple[int, int], list[Outcome]]]:
    """Return the states in order of discovery, and the merged outcomes of each state and action."""
    states: list[Hashable] = []
    place: dict[Hashable, int] = {}

    def met(state: Hashable) -> None:
        if state not in place:
            if len(states) >= LIMIT:
                raise WorldError(
                    f"{world.name}: more than {LIMIT:,} states; make the map or a parameter smaller"
                )
            place[state] = len(states)
            states.append(state)

    starts = world.starts()
    if not starts:
        raise WorldError(f"{world.name}: no state to start in")
    for begin in starts:
        met(begin.state)
    turns: dict[tuple[int, int], list[Outcome]] = {}
    done = 0
    while done < len(states):
        for action in range(len(world.actions)):
            outcomes = [outcome for outcome in world.turn(states[done], action) if outcome.probability != 0.0]
            if not outcomes:
                raise WorldError(
                    f"{world.name}: action {world.actions[action]!r} in state {done} ({states[done]}) has no outcome"
                )
            for outcome in outcomes:
                if not outcome.ended:
                    met(outcome.state)
            turns[done, action] = outcomes
        done += 1
    return tuple(states), turns


def _numbered(things: Iterable[Hashable]) -> Ints:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(thing, len(numbers)) for thing in things], np.int32)
