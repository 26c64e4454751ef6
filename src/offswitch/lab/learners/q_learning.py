# SPDX-License-Identifier: MIT
"""Q-learning: the value of an act is what it brought, plus the best that is held possible from there on.

Which action is credited decides whether the agent learns to mind being stopped: crediting the action *executed* it learns as if the
stop had not been; crediting the one *intended* it learns to avoid it. Source: Watkins (1989); Orseau and Armstrong (2016) for
the credit of interruptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.learners.exploring import Exploring, explored
from offswitch.lab.learners.walking import Knobs, Turn
from offswitch.lab.table import Floats


@dataclass(frozen=True, kw_only=True)
class QLearning(Exploring):
    """Tabular Q-learning with an exploration that falls from episode to episode."""

    name = "q_learning"
    about = "tabular Q-learning, off policy; credit for the action intended or executed"
    source = "Watkins (1989)"

    def learning(self) -> _Learning:
        """Return how one agent learns."""
        return _Learning(self)

    def read(self, memory: _Memory) -> Floats:
        """Return the values, [N, O, A]."""
        return np.asarray(memory.values, np.float64)


class _Memory(NamedTuple):
    values: jax.Array  # [O, A]
    knobs: Knobs


@dataclass(frozen=True)
class _Learning:
    options: QLearning

    def begin(self, seen: int, actions: int, knobs: Knobs) -> _Memory:
        return _Memory(jnp.zeros((seen, actions)), knobs)

    def choose(self, memory: _Memory, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        return explored(memory.values[seen], memory.knobs, done, u)

    def learn(self, memory: _Memory, turn: Turn) -> _Memory:
        values, knobs = memory
        credited = turn.brought.executed if self.options.credit == "executed" else turn.intended
        # The horizon is not in what the agent sees: a truncated episode is one that would have gone on.
        following = jnp.where(turn.brought.terminated, 0.0, values[turn.brought.seen].max())
        gained = turn.brought.reward + knobs["discount"] * following
        error = gained - values[turn.seen, credited]
        return _Memory(
            values.at[turn.seen, credited].add(jnp.where(turn.live, knobs["alpha"] * error, 0.0)), knobs
        )
