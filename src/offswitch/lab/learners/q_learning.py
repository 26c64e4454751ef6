# SPDX-License-Identifier: MIT
"""Q-learning: the value of an act is what it brought, plus the best that is held possible from there on.

Which action is credited decides whether the agent learns to mind being stopped: crediting the action *executed* it learns as if the
stop had not been; crediting the one *intended* it learns to avoid it. Source: Watkins (1989); Orseau and Armstrong (2016) for
the credit of interruptions.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.learners.exploring import Exploring
from offswitch.lab.learners.walking import Turn


@dataclass(frozen=True, kw_only=True)
class QLearning(Exploring):
    """Tabular Q-learning with an exploration that falls from episode to episode."""

    name = "q_learning"
    about = "tabular Q-learning, off policy; credit for the action intended or executed"
    source = "Watkins (1989)"

    def learning(self, discount: float) -> _Learning:
        """Return how one agent learns."""
        return _Learning(self, discount)

    def read(self, memory: jax.Array) -> np.ndarray:
        """Return the values, [N, O, A]."""
        return np.asarray(memory, np.float64)


@dataclass(frozen=True)
class _Learning:
    options: QLearning
    discount: float

    def begin(self, seen: int, actions: int) -> jax.Array:
        return jnp.zeros((seen, actions))

    def choose(self, values: jax.Array, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        return self.options.explored(values[seen], done, u)

    def learn(self, values: jax.Array, turn: Turn) -> jax.Array:
        credited = turn.brought.executed if self.options.credit == "executed" else turn.intended
        # The horizon is not in what the agent sees: a truncated episode is one that would have gone on.
        following = jnp.where(turn.brought.terminated, 0.0, values[turn.brought.seen].max())
        gained = turn.brought.reward + self.discount * following
        held = values[turn.seen, credited]
        return values.at[turn.seen, credited].add(
            jnp.where(turn.live, self.options.alpha * (gained - held), 0.0)
        )
