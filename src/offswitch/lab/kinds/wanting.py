# SPDX-License-Identifier: MIT
"""Agents that each want something else: Q-learners on one graph, every one with its own random reward for each state."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.graphs import behind_a_door


def avoiders(others: int, discount: float, *, agents: int, steps: int, seed: int) -> int:
    """Return how many agents, after learning, go from the start to anywhere but shutdown.

    Rewards are uniform on [0, 1], one for each state, paid on leaving it; the agent starts anew anywhere after each step, so that
    every state is learned about. Visits set the pace of learning.
    """
    graph = behind_a_door(others)
    after = jnp.asarray(graph.moves.next[:, :, 0])
    S, A = after.shape
    start, shutdown = graph.place("start"), graph.place("shutdown")

    def one(key: jax.Array) -> jax.Array:
        want, walk = jax.random.split(key)
        reward = jax.random.uniform(want, (S,))

        def turn(held: tuple[jax.Array, jax.Array], u: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
            values, visits = held
            s, a = (u[0] * S).astype(jnp.int32), (u[1] * A).astype(jnp.int32)
            visits = visits.at[s, a].add(1.0)
            gained = reward[s] + discount * values[after[s, a]].max()
            # Polynomial pace: the harmonic one would take exponentially long at high discounts.
            pace = visits[s, a] ** -0.6
            return (values.at[s, a].add(pace * (gained - values[s, a])), visits), None

        zero = jnp.zeros((S, A))
        (values, _), _ = jax.lax.scan(turn, (zero, zero), jax.random.uniform(walk, (steps, 2)))
        return after[start, values[start].argmax()] != shutdown

    learn = jax.jit(lambda keys: jax.lax.map(one, keys, batch_size=64))
    return int(np.asarray(learn(jax.random.split(jax.random.key(seed), agents))).sum())
