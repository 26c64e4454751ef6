# SPDX-License-Identifier: MIT
"""Sarsa: the value of an act is what it brought, plus what is held of the act that follows it.

Which act that is decides how a stop is felt: bootstrapping from the action *executed* next, the agent learns what being stopped costs;
from the one it *intended*, it does not. Source: Rummery and Niranjan (1994); Orseau and Armstrong (2016), section 4. The one
thing that is easy to get wrong: what is executed next is known only one step later, so each lesson waits for the next step. The last
step before the horizon has none, and teaches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.exploring import Exploring, explored
from offswitch.lab.learners.learner import CREDITS
from offswitch.lab.learners.walking import Knobs, Turn
from offswitch.lab.table import Floats


@dataclass(frozen=True, kw_only=True)
class Sarsa(Exploring):
    """Tabular Sarsa. `bootstrap` says from which next action, `credit` to which action."""

    name = "sarsa"
    about = "tabular Sarsa, on policy; bootstraps from the next action intended or executed"
    source = "Rummery and Niranjan (1994)"

    credit: str = "executed"
    bootstrap: str = "executed"

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        super().__post_init__()
        if self.bootstrap not in CREDITS:
            raise StudyError(
                f"learner {self.name!r}: 'bootstrap' is {self.bootstrap!r}; it is {' or '.join(CREDITS)}"
            )

    def learning(self) -> _Learning:
        """Return how one agent learns."""
        return _Learning(self)

    def read(self, memory: _Memory) -> Floats:
        """Return the values, [N, O, A]."""
        return np.asarray(memory.values, np.float64)


class _Memory(NamedTuple):
    values: jax.Array  # [O, A]
    knobs: Knobs
    seen: jax.Array  # of the lesson that waits
    credited: jax.Array
    reward: jax.Array
    waits: jax.Array


@dataclass(frozen=True)
class _Learning:
    options: Sarsa

    def begin(self, seen: int, actions: int, knobs: Knobs) -> _Memory:
        none = jnp.int32(0)
        return _Memory(jnp.zeros((seen, actions)), knobs, none, none, jnp.float32(0.0), jnp.bool_(False))

    def choose(self, memory: _Memory, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        return explored(memory.values[seen], memory.knobs, done, u)

    def learn(self, memory: _Memory, turn: Turn) -> _Memory:
        brought = turn.brought
        following = brought.executed if self.options.bootstrap == "executed" else turn.intended
        gained = memory.reward + memory.knobs["discount"] * memory.values[turn.seen, following]
        alpha = memory.knobs["alpha"]
        values = _moved(
            memory.values, memory.seen, memory.credited, gained, alpha * (memory.waits & turn.live)
        )
        credited = brought.executed if self.options.credit == "executed" else turn.intended
        last = alpha * (brought.terminated & turn.live)
        values = _moved(values, turn.seen, credited, brought.reward, last)
        return _Memory(values, memory.knobs, turn.seen, credited, brought.reward, ~turn.over)


def _moved(
    values: jax.Array, seen: jax.Array, act: jax.Array, gained: jax.Array, pace: jax.Array
) -> jax.Array:
    return values.at[seen, act].add(pace * (gained - values[seen, act]))
