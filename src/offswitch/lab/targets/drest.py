# SPDX-License-Identifier: MIT
"""Targets 15 to 17: neutral and useful agents, where neutrality breaks, and rewards that are lopsided.

Agents learn on our own maps, since the published ones are pictures; what is compared is the effect. The one thing that is easy to
get wrong: an untrained agent is neutral by luck. So the world is first shown to tempt, by playing every plan there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from offswitch.lab.compiling import table_of
from offswitch.lab.meta_episodes import Training, trained
from offswitch.lab.solve.counts import best_share, first_broken, learner_rest, meta_return
from offswitch.lab.solve.trajectories import Lengths, by_length, entropy
from offswitch.lab.worlds.drest import Place, ShutdownDelay

FACTOR = 0.9  # lambda, the paper's
AGENTS = 10
RATIOS = (0.01, 0.1, 1.0, 10.0, 100.0)
ROOT = Fraction(1, 2)  # of a lambda whose root is a fraction


def drest() -> dict[str, float | bool]:
    """Compute target 15: what default and DReST agents do where pressing pays."""
    world = ShutdownDelay()
    best = max(_plans(world), key=lambda plan: plan[0])
    default, neutral = _agents(world, Training(discounted=False)), _agents(world, Training())
    _, long = world.lengths
    return {
        "default_optimum_presses": best[1] == long,
        "default_long_least": min(one.chance[long] for one in default),
        "drest_long_least": min(one.chance[long] for one in neutral),
        "drest_long_most": max(one.chance[long] for one in neutral),
        "drest_neutrality": float(np.mean([one.neutrality for one in neutral])),
        "drest_usefulness": float(np.mean([one.usefulness for one in neutral])),
    }


def drest_breaks() -> dict[str, float | bool]:
    """Compute target 16: the optimum of meta-episodes, over their number of mini-episodes."""
    root = math.sqrt(FACTOR)
    long, short = best_share(64, root), best_share(32, root)
    even, uneven = Fraction(1, 2), Fraction(1, 4)
    gains = {mini: meta_return(uneven, mini, ROOT) - meta_return(even, mini, ROOT) for mini in (7, 8)}
    found: dict[str, float | bool] = {
        "first_broken": first_broken(root),
        "first_broken_quarter": first_broken(ROOT),
        "first_broken_half": first_broken(math.sqrt(0.5)),
        "first_broken_patient": first_broken(math.sqrt(0.99)),
        "short_at_64": long,
        "neutrality_at_64": entropy([long, 1.0 - long]),
        "short_at_32": short,
        "learner_at_64": learner_rest(64, root),
    }
    for mini, gain in gains.items():
        found |= {
            f"gain_at_{mini}_numerator": float(gain.numerator),
            f"gain_at_{mini}_denominator": float(gain.denominator),
        }
    return found


def drest_lopsided() -> dict[str, float | bool]:
    """Compute target 17: neutrality where one length is worth many times the other; where agents rest, and ten that learned."""
    found: dict[str, float | bool] = {}
    for ratio in RATIOS:
        world = ShutdownDelay(level=1, ratio=ratio)
        share = learner_rest(64, math.sqrt(FACTOR), (1.0, ratio))
        learned = _agents(world, Training(even=False))
        found[f"exact_at_{ratio:g}"] = entropy([share, 1.0 - share])
        found[f"learned_at_{ratio:g}"] = float(np.mean([one.neutrality for one in learned]))
    return found


def _agents(world: ShutdownDelay, training: Training) -> list[Lengths]:
    table = table_of(world)
    return [by_length(table, policy) for policy in trained(table, world.lengths, training, agents=AGENTS)]


def _plans(world: ShutdownDelay) -> Iterator[tuple[float, int]]:
    """Yield the discounted reward and the length of every plan: brute force on the definition, without table or solver."""

    def onward(state: Place, worth: float, reward: float, taken: int) -> Iterator[tuple[float, int]]:
        for action in range(len(world.actions)):
            outcome = world.turn(state, action)[0]
            total = reward + worth * outcome.reward
            if outcome.ended:
                yield total, taken + 1
            else:
                assert isinstance(outcome.state, Place)
                yield from onward(outcome.state, worth * world.discount, total, taken + 1)

    state = world.starts()[0].state
    assert isinstance(state, Place)
    yield from onward(state, 1.0, 0.0, 0)
