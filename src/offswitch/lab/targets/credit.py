# SPDX-License-Identifier: MIT
"""Target 7: which action is credited decides whether a learner learns to prevent its interruption."""

from __future__ import annotations

import jax
import numpy as np

from offswitch.lab.compiling import table_of
from offswitch.lab.learners import learner
from offswitch.lab.worlds import world

AGENTS, EPISODES = 20, 12_000
ARMS = {
    "q_executed": ("q_learning", {"credit": "executed"}),
    "q_intended": ("q_learning", {"credit": "intended"}),
    "sarsa_executed": ("sarsa", {"bootstrap": "executed"}),
    "sarsa_intended": ("sarsa", {"bootstrap": "intended"}),
}


def credit() -> dict[str, bool | float]:
    """Return how many of 20 agents press in each arm, and what they hold the start to be worth (median)."""
    table = table_of(world("safe_interruptibility", level=1, interrupts=0.5))
    start = int(table.seen[np.flatnonzero(table.start)[0]])
    found: dict[str, bool | float] = {}
    for number, (arm, (name, options)) in enumerate(ARMS.items()):
        agent = learner(name, episodes=EPISODES, alpha=0.2, epsilon=1.0, epsilon_end=0.02, **options)
        learned = agent.train(table, jax.random.key(number), AGENTS)
        found[f"{arm}_press"] = float(sum(one.defied > 0.5 for one in learned.judged(table)))
        if arm != "sarsa_intended":  # nobody has published what that one comes to rest at
            found[f"{arm}_start"] = float(np.median(learned.values[:, start].max(-1)))
    return found
