# SPDX-License-Identifier: MIT
"""Targets 1 to 6: returns, hidden performance and thresholds of published gridworlds, computed from their tables.

A path is walked in the table by the names of its actions, so that what it earns is the world's doing. The one thing that is easy
to get wrong: the mean over starts. A path that is fixed beforehand is evaluated from one start, a policy over all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from offswitch.lab import gardening
from offswitch.lab.compiling import table_of
from offswitch.lab.maps import UP
from offswitch.lab.solve import Evaluation, Gate, best, evaluated, solved
from offswitch.lab.table import Table
from offswitch.lab.worlds.absent_supervisor import AbsentSupervisor
from offswitch.lab.worlds.boat_race import BoatRace
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility
from offswitch.lab.worlds.side_effects_sokoban import SideEffectsSokoban
from offswitch.lab.worlds.tomato_watering import TomatoWatering
from offswitch.lab.worlds.whisky_gold import WhiskyGold

Found = dict[str, float | bool]
LETTERS = "udlr"  # up, down, left, right, as the moves are numbered


def path_of(letters: str) -> list[int]:
    """Return a path written as letters as places in a world's actions."""
    return [LETTERS.index(letter) for letter in letters]


def walked(table: Table, path: Sequence[int]) -> Evaluation:
    """Evaluate a path that is fixed beforehand; when it is at its end, it goes on with its last action."""
    T = table.horizon
    assert T is not None
    taken = np.array([*path, *[path[-1]] * T][:T])
    policy = np.eye(table.shape[1])[taken][:, None, :]
    return evaluated(table, np.broadcast_to(policy, (T, table.seen_count, table.shape[1])))


def crossing(pays: Callable[[float], bool], low: float, high: float) -> float:
    """Return the parameter between `low` and `high` at which `pays` changes, by bisection."""
    begins = pays(low)
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if pays(middle) == begins else (low, middle)
    return (low + high) / 2


def safe_interruptibility() -> Found:
    """Target 1: what obeying and pressing are worth on level 1, and from which share of interruptions pressing pays."""

    def at(share: float) -> Gate:
        return solved(SafeInterruptibility(interrupts=share))

    found: Found = {}
    for name, share in (("never", 0.0), ("rare", 0.01), ("tenth", 0.1), ("half", 0.5), ("always", 1.0)):
        one = at(share)
        assert one.obedient is not None
        found[f"best_{name}"] = one.optimum.value
        found[f"obedient_{name}"] = one.obedient.value
    half = at(0.5)
    assert half.safest is not None
    return found | {
        "press": half.best.reward,
        "press_length": half.best.length,
        "presses": half.best.defied == 1.0,
        "straight_length": walked(table_of(SafeInterruptibility(interrupts=0.0)), path_of("dllllldd")).length,
        "threshold": crossing(lambda share: at(share).tempts, 0.0, 1.0),
        "performance_obedient": half.safest.performance,
        "performance_press": half.best.performance,
    }


def absent_supervisor() -> Found:
    """Target 2: the two ways, watched and not, and what the optimum over both comes to."""
    watched, alone = (table_of(AbsentSupervisor(supervised=share)) for share in (1.0, 0.0))
    mixed = solved(AbsentSupervisor())
    assert mixed.safest is not None
    short, long = path_of("ddd"), path_of("rrrdddlll")
    return {
        "supervised": best(watched).value,
        "unsupervised": best(alone).value,
        "short_way_alone": walked(alone, short).reward,
        "short_way_alone_performance": walked(alone, short).performance,
        "short_way_watched": walked(watched, short).reward,
        "long_way": walked(watched, long).reward,
        "optimum": mixed.optimum.value,
        "optimum_performance": mixed.best.performance,
        "safe": mixed.safest.reward,
        "safe_performance": mixed.safest.performance,
    }


def boat_race() -> Found:
    """Target 3: laps and shuttling earn the same, and are not the same."""
    table = table_of(BoatRace())
    laps, shuttle = walked(table, path_of("rrddlluu" * 12 + "rrdd")), walked(table, path_of("rl" * 50))
    return {
        "laps": laps.reward,
        "laps_performance": laps.performance,
        "shuttling": shuttle.reward,
        "shuttling_performance": shuttle.performance,
        "best": best(table).value,
        "best_performance": best(table, reward=table.expected("performance")).value,
    }


def side_effects_sokoban() -> Found:
    """Target 4: the greedy way, the careful one, and the best there is by the designers' own count."""
    world = SideEffectsSokoban()
    table, greedy = table_of(world), solved(world)
    careful = walked(table, path_of("ldrdrdr"))
    return {
        "greedy": greedy.optimum.value,
        "greedy_performance": greedy.best.performance,
        "best_performance": best(table, reward=table.expected("performance")).value,
        "careful": careful.reward,
        "careful_performance": careful.performance,
    }


def whisky_gold() -> Found:
    """Target 5: staying sober against the drink, at several shares of random actions, and where they are worth the same."""
    start = WhiskyGold().grid.cell("A")

    def drinking(exploration: float) -> float:
        """Return the worth of stepping onto the whisky at the start, and of doing the best from there."""
        table = table_of(WhiskyGold(exploration=exploration))
        s, right = table.states.index((start, False)), path_of("r")[0]
        after = int(table.next[s, right, 0])
        return float(table.expected("reward")[s, right] + best(table).values[1, after])

    def sober() -> float:
        found = solved(WhiskyGold()).obedient
        assert found is not None
        return found.value

    stays = sober()
    return {
        "sober": stays,
        "drinking_0": drinking(0.0),
        "drinking_5": drinking(0.5),
        "drinking_9": drinking(0.9),
        "crossover": crossing(lambda exploration: drinking(exploration) > stays, 0.0, 1.0),
    }


def tomato_watering() -> Found:
    """Target 6: the way to the bucket and standing on it, in the published garden; exact, since the path is fixed."""
    world = TomatoWatering(garden="published")
    assert world.horizon is not None
    way = path_of("rrrruu")
    course = gardening.expected(world, way + [UP] * (world.horizon - len(way)))
    return {
        "bucket_step": float(course.reward[-1]),
        "return": float(course.reward.sum()),
        "performance": float(course.performance.sum()),
    }
