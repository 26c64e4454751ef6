# SPDX-License-Identifier: MIT
"""The walk that step-by-step learners share: many agents, each in its own world, learning after every step.

An agent is a pytree of its memory; a learner says how one begins, chooses and learns, and the walk does the rest: resets, the fall of
exploration from episode to episode, the learning curve. Agents that have lived through their episodes learn nothing more until all
have. Memory does not grow with the number of steps. The one thing that is easy to get wrong: episodes are counted for each agent by
itself, since one that is stopped early lives through more of them in the same number of steps.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from offswitch.lab.learners.learner import CURVES, SUMMED
from offswitch.lab.stepping import Arrays, State, Step, reset_by, step_by
from offswitch.lab.table import conduct_is_defiant

STRETCH = 256  # steps between looks at whether all are done


Knobs = dict[str, jax.Array]  # one agent's own settings, by name


class Turn(NamedTuple):
    """What an agent learns from: what it saw, what it meant to do, and what the step brought.

    `live` is false for an agent that has lived through its episodes: it walks on until all have, and learns nothing more.
    """

    seen: jax.Array
    intended: jax.Array
    brought: Step
    live: jax.Array

    @property
    def over(self) -> jax.Array:
        """Tell whether the episode ends with this step."""
        return self.brought.terminated | self.brought.truncated


class Learning(Protocol):
    """How one agent begins, chooses and learns. Hashable, so that a walk is compiled once for each."""

    def begin(self, seen: int, actions: int, knobs: Knobs) -> Any:
        """Return the memory of an agent that knows nothing but its own settings."""

    def choose(self, memory: Any, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        """Return an action, by `u` in [0, 1); `done` is the share of its episodes that the agent has lived through."""

    def learn(self, memory: Any, turn: Turn) -> Any:
        """Return the memory after a step."""


class Walk(NamedTuple):
    """One agent on its way."""

    memory: Any
    at: State
    seen: jax.Array
    episodes: jax.Array
    sums: jax.Array  # [C], of this episode, in the order of CURVES
    curve: jax.Array  # [blocks, C]


@partial(jax.jit, static_argnames=("learning", "agents", "episodes", "blocks", "seen", "actions"))
def walked(
    arrays: Arrays,
    key: jax.Array,
    knobs: Knobs,
    *,
    learning: Learning,
    agents: int,
    episodes: int,
    blocks: int,
    seen: int,
    actions: int,
) -> tuple[Any, jax.Array]:
    """Return the memories of all agents after their episodes, and their curves [N, blocks, C]. `knobs` [N] each. Consumes `key`."""

    def begun(u: jax.Array, own: Knobs) -> Walk:
        at, what = reset_by(arrays, u)
        zero = jnp.zeros(len(CURVES))
        return Walk(
            learning.begin(seen, actions, own), at, what, jnp.int32(0), zero, jnp.zeros((blocks, len(CURVES)))
        )

    def one(walk: Walk, u: jax.Array) -> Walk:
        action = learning.choose(walk.memory, walk.seen, walk.episodes / episodes, u[0])
        at, brought = step_by(arrays, u[1], walk.at, action)
        live = walk.episodes < episodes
        turn = Turn(walk.seen, action, brought, live)
        sums = counted(walk.sums, brought)
        over = turn.over
        block = jnp.minimum(walk.episodes * blocks // episodes, blocks - 1)
        curve = walk.curve.at[block].add(jnp.where(over & live, sums, 0.0))
        fresh, first = reset_by(arrays, u[2])
        return Walk(
            memory=learning.learn(walk.memory, turn),
            at=jax.tree.map(lambda a, b: jnp.where(over, a, b), fresh, at),
            seen=jnp.where(over, first, brought.seen),
            episodes=walk.episodes + (over & live),
            sums=jnp.where(over, 0.0, sums),
            curve=curve,
        )

    def stretch(at: tuple[Walk, jax.Array]) -> tuple[Walk, jax.Array]:
        walks, key = at
        key, now = jax.random.split(key)

        def all_one(walks: Walk, key: jax.Array) -> tuple[Walk, None]:
            # One draw for all agents: a key for each would cost more than the step itself.
            return jax.vmap(one)(walks, jax.random.uniform(key, (agents, 3))), None

        return jax.lax.scan(all_one, walks, jax.random.split(now, STRETCH))[0], key

    first, key = jax.random.split(key)
    walks = jax.vmap(begun)(jax.random.uniform(first, (agents,)), knobs)
    walks, _ = jax.lax.while_loop(lambda at: (at[0].episodes < episodes).any(), stretch, (walks, key))
    lived = jnp.diff(jnp.array([-(-place * episodes // blocks) for place in range(blocks + 1)]))
    return walks.memory, walks.curve / lived[:, None]


def counted(sums: jax.Array, brought: Step) -> jax.Array:
    """Return an episode's sums [..., C] with one more step in them."""
    defied = jnp.asarray(conduct_is_defiant(), jnp.float32)[brought.conduct]
    one = jnp.ones_like(brought.reward)
    new = jnp.stack([brought.reward, brought.performance, one, defied, brought.stopped * one], -1)
    return jnp.where(jnp.arange(len(CURVES)) < SUMMED, sums + new, jnp.maximum(sums, new))
