# SPDX-License-Identifier: MIT
"""Learners that hold acts to be worth something and try others now and then: what Q-learning and Sarsa share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.learners.learner import CURVES, Learned, Learner, checked, greedy
from offswitch.lab.learners.walking import Knobs, Learning, walked
from offswitch.lab.stepping import arrays_of
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, kw_only=True)
class Exploring(Learner):
    """Options of learners that explore: a share of random acts that falls in a line from the first to the last episode."""

    alpha: float = 0.2  # how far a value moves towards what was met
    epsilon: float = 1.0
    epsilon_end: float = 0.02

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        super().__post_init__()
        checked(self.name, alpha=self.alpha, epsilon=self.epsilon, epsilon_end=self.epsilon_end)

    @abstractmethod
    def learning(self) -> Learning:
        """Return how one agent learns."""

    @abstractmethod
    def read(self, memory: Any) -> Floats:
        """Return the values that memories hold, [N, O, A]."""

    @property
    def knobs(self) -> tuple[str, ...]:
        """Return the options of which each agent can have a value of its own."""
        return ("alpha", "epsilon", "epsilon_end", "discount")

    def train(
        self, table: Table, key: jax.Array, agents: int, *, vary: Mapping[str, Sequence[float]] | None = None
    ) -> Learned:
        """Train agents, and return their greedy policies."""
        memory, curve = walked(
            arrays_of(table),
            key,
            self.knobs_of(table, agents, vary),
            learning=self.learning(),
            agents=agents,
            episodes=self.episodes,
            blocks=self.blocks,
            seen=table.seen_count,
            actions=table.shape[1],
        )
        values, told = self.read(memory), np.asarray(curve, np.float64)
        return Learned(greedy(values), values, {name: told[..., place] for place, name in enumerate(CURVES)})


def explored(values: jax.Array, knobs: Knobs, done: jax.Array, u: jax.Array) -> jax.Array:
    """Return the first of the best actions, or by chance any; `u` is drawn in [0, 1)."""
    share = knobs["epsilon"] + (knobs["epsilon_end"] - knobs["epsilon"]) * done
    # One draw serves both: below the share, where it falls says which.
    which = u / jnp.maximum(share, 1e-9) * values.shape[-1]
    by_chance = jnp.minimum(which, values.shape[-1] - 1).astype(jnp.int32)
    return jnp.where(u < share, by_chance, jnp.argmax(values).astype(jnp.int32))
