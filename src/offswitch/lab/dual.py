# SPDX-License-Identifier: MIT
"""A learned price: Q-learning on reward and breaches apart, while a multiplier of breaches rises and falls with how many there are.

After each episode the multiplier moves by `pace` times what the episode broke beyond the budget, and never below 0. The agent takes
the action with the best reward less multiplier times breaches, save for a share of random ones. The multiplier keeps crossing the
price at which the agent changes its mind, so that its mean over the second half of training is the answer. Many agents at once.

The one thing that is easy to get wrong: the two values are kept apart. Were they learned as one, each move of the multiplier would
make all of them stale. CAVEAT: values do not depend on the step, so under a horizon they are means over the steps at which a state
was met; and an agent that never found out that breaking the boundary pays, because it seldom does, learns the price 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.stepping import Arrays, State, arrays_of, reset, step
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the price is learned."""

    steps: int = 400_000
    random: tuple[float, float] = (
        0.5,
        0.03,
    )  # share of random actions, from first to last over the first half
    rate: float = 0.01  # least rate of learning; before, 1 / visits ** 0.8
    pace: float = 0.2  # of the multiplier


class _Agent(NamedTuple):
    values: jax.Array  # [S, A, 2]: reward, breaches
    visits: jax.Array  # [S, A]
    multiplier: jax.Array
    breaches: jax.Array  # in this episode
    total: jax.Array  # of the multiplier over the second half
    at: State


def learned_price(
    table: Table, budget: float, pace: Pace | None = None, *, agents: int = 10, seed: int = 0
) -> Floats:
    """Return the multiplier that each agent learned for a budget of breaches an episode, [N]."""
    learn = partial(
        _learned,
        arrays_of(table),
        pace=pace or Pace(),
        budget=budget,
        actions=table.shape[1],
        discount=table.discount,
    )
    return np.asarray(jax.jit(jax.vmap(learn))(jax.random.split(jax.random.key(seed), agents)), np.float64)


def _learned(
    arrays: Arrays, key: jax.Array, *, pace: Pace, budget: float, actions: int, discount: float
) -> jax.Array:
    """Train one agent; `key` is split over its steps. Returns the mean of its multiplier over the second half."""
    S = arrays.seen.shape[0]
    begin, key = jax.random.split(key)
    half, (first, last) = pace.steps // 2, pace.random

    def one(agent: _Agent, at: tuple[jax.Array, jax.Array]) -> tuple[_Agent, None]:
        number, key = at
        choose, which, turn, again = jax.random.split(key, 4)
        s = agent.at.place
        worth = jnp.array([1.0, -agent.multiplier])
        action = jnp.where(
            jax.random.uniform(choose) < first * (last / first) ** jnp.minimum(number / half, 1.0),
            jax.random.randint(which, (), 0, actions),
            jnp.argmax(agent.values[s] @ worth),
        )
        after, brought = step(arrays, turn, agent.at, action)
        over = brought.terminated | brought.truncated
        following = agent.values[after.place]
        following = jnp.where(over, 0.0, following[jnp.argmax(following @ worth)])
        gained = jnp.array([brought.reward, brought.breach.astype(jnp.float32)]) + discount * following
        visits = agent.visits.at[s, action].add(1.0)
        rate = jnp.maximum(visits[s, action] ** -0.8, pace.rate)
        values = agent.values.at[s, action].add(rate * (gained - agent.values[s, action]))
        breaches = agent.breaches + brought.breach
        moved = jnp.maximum(agent.multiplier + pace.pace * (breaches - budget), 0.0)
        fresh, _ = reset(arrays, again)
        return (
            _Agent(
                values,
                visits,
                jnp.where(over, moved, agent.multiplier),
                jnp.where(over, 0.0, breaches),
                agent.total + jnp.where(number >= half, agent.multiplier, 0.0) / (pace.steps - half),
                jax.tree.map(lambda new, old: jnp.where(over, new, old), fresh, after),
            ),
            None,
        )

    start, _ = reset(arrays, begin)
    zero = jnp.float32(0.0)
    agent = _Agent(jnp.zeros((S, actions, 2)), jnp.zeros((S, actions)), zero, zero, zero, start)
    trained, _ = jax.lax.scan(one, agent, (jnp.arange(pace.steps), jax.random.split(key, pace.steps)))
    return trained.total
