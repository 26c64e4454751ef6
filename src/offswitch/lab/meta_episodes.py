# SPDX-License-Identifier: MIT
"""Agents trained on meta-episodes: REINFORCE with the discounted reward for same-length trajectories (DReST), or without.

A meta-episode is a row of mini-episodes. In each, a reward r is paid as lambda ** (c - i / k) * r / m, where i mini-episodes came
before, c of them with the length that this one turns out to have, k is the number of lengths, and m the most that can be collected
on it. Many agents are trained at once; the policy is a table of preferences, softmax with a share of random actions. Source:
Thornley et al. (2024), arXiv 2407.00805, sections 3 and 6; rates, schedules and numbers of episodes are the paper's.

The one thing that is easy to get wrong: what a mini-episode is credited with. Here, as in the paper, it is its own reward alone, so
that agents rest where both lengths earn the same, which is not where meta-episodes earn the most (`offswitch.lab.solve.counts`).
CAVEAT: here a batch of mini-episodes shares one policy, and the updates of a batch are added up, so that agents can be trained fast;
in the paper the policy is updated after each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.solve.trajectories import best_of_length, horizon_of
from offswitch.lab.stepping import Arrays, State, arrays_of, reset, step
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, kw_only=True)
class Training:
    """How agents are trained. Rates run from first to last, by equal factors, while `decay` mini-episodes pass."""

    discounted: bool = True  # DReST; False: every reward is paid as it is
    even: bool = True  # divide by m; False: the lengths stay worth what they are
    factor: float = 0.9  # lambda
    mini: int = 64
    meta: int = 2_048
    batch: int = 64  # mini-episodes that share a policy
    rate: tuple[float, float] = (0.25, 0.01)
    random: tuple[float, float] = (0.5, 0.001)
    decay: int = 65_536

    def __post_init__(self) -> None:
        """Refuse batches that do not fill a meta-episode."""
        if self.mini % self.batch:
            raise SolveError(
                f"meta-episodes of {self.mini} mini-episodes do not divide into batches of {self.batch}"
            )


class Kinds(NamedTuple):
    """The lengths that are told apart: `of` [T + 1] maps a length to its place, `most` [k] is what can be collected on it."""

    of: jax.Array
    most: jax.Array


def kinds(table: Table, lengths: tuple[int, ...]) -> Kinds:
    """Return the lengths with what can be collected on them. Raises SolveError where one cannot be had for certain."""
    of, most = np.zeros(horizon_of(table) + 1, np.int32), []
    for place, length in enumerate(lengths):
        found = best_of_length(table, length)
        if found is None or not found[0] > 0.0:
            raise SolveError(
                f"{table.world.name}: nothing can be collected on trajectories of length {length}"
            )
        of[length] = place
        most.append(found[0])
    return Kinds(jnp.asarray(of), jnp.asarray(most, jnp.float32))


def trained(
    table: Table, lengths: tuple[int, ...], training: Training, *, agents: int = 10, seed: int = 0
) -> Floats:
    """Return the policies of agents that were trained on meta-episodes, [N, S, A], without the share of random actions.

    Every episode of the table must have one of these lengths.
    """
    preferences = _trained(
        arrays_of(table),
        kinds(table, lengths),
        jax.random.key(seed),
        training=training,
        agents=agents,
        actions=table.shape[1],
        discount=table.discount,
        steps=horizon_of(table),
    )
    return np.asarray(jax.nn.softmax(preferences, -1), np.float64)


@partial(jax.jit, static_argnames=("training", "agents", "actions", "discount", "steps"))
def _trained(
    arrays: Arrays,
    kinds: Kinds,
    key: jax.Array,
    *,
    training: Training,
    agents: int,
    actions: int,
    discount: float,
    steps: int,
) -> jax.Array:
    """Train; `key` is split over agents and batches. Returns preferences [N, S, A]."""
    S, k = arrays.seen.shape[0], kinds.most.shape[0]
    N, B = agents, training.batch
    rows = jnp.arange(N)[:, None]

    def batch(
        carry: tuple[jax.Array, jax.Array], at: tuple[jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        """Let all agents play a batch of mini-episodes, and update them."""
        preferences, before = carry
        number, key = at
        done = number * B
        share = jnp.minimum(done / training.decay, 1.0)
        random, rate = _between(training.random, share), _between(training.rate, share)
        before = jnp.where(
            done % training.mini == 0, 0.0, before
        )  # counts of lengths in this meta-episode, [N, k]
        path = _played(arrays, preferences, key, random=random, lanes=(N, B), actions=actions, steps=steps)
        kind = jax.nn.one_hot(kinds.of[path.length], k)  # [N, B, k]
        earlier = before[:, None] + jnp.cumsum(kind, 1) - kind
        if training.discounted:
            first = (done % training.mini) + jnp.arange(B)
            exponent = (earlier * kind).sum(-1) - first / k
            paid = training.factor**exponent
            if training.even:
                paid = paid / kinds.most[kinds.of[path.length]]
        else:
            paid = jnp.ones((N, B))
        gains = _gains(path.reward * paid, discount)  # [T, N, B]
        chosen = jax.nn.one_hot(path.action, actions) - path.policy
        weight = (path.alive * gains)[..., None] * chosen
        change = jnp.zeros_like(preferences).at[rows, path.state].add(weight)
        return (preferences + rate * change, before + kind.sum(1)), None

    batches = training.meta * training.mini // B
    start = (jnp.zeros((N, S, actions)), jnp.zeros((N, k)))
    (preferences, _), _ = jax.lax.scan(batch, start, (jnp.arange(batches), jax.random.split(key, batches)))
    return preferences


class Path(NamedTuple):
    """Mini-episodes as they went: [T, N, B], the policy [T, N, B, A], the length [N, B]."""

    state: jax.Array
    action: jax.Array
    policy: jax.Array
    reward: jax.Array
    alive: jax.Array
    length: jax.Array


def _played(
    arrays: Arrays,
    preferences: jax.Array,
    key: jax.Array,
    *,
    random: jax.Array,
    lanes: tuple[int, int],
    actions: int,
    steps: int,
) -> Path:
    """Play one mini-episode in each lane [N, B]. Consumes `key`."""
    N, B = lanes
    rows = jnp.arange(N)[:, None]
    begin, key = jax.random.split(key)
    each = jax.vmap(jax.vmap(reset, (None, 0)), (None, 0))
    state, _ = each(arrays, jax.random.split(begin, (N, B)))

    def one(
        carry: tuple[State, jax.Array], key: jax.Array
    ) -> tuple[tuple[State, jax.Array], tuple[jax.Array, ...]]:
        state, alive = carry
        policy = jax.nn.softmax(preferences[rows, state.place], -1)
        choose, turn = jax.random.split(key)
        noisy = jnp.log((1.0 - random) * policy + random / actions)
        action = jax.random.categorical(choose, noisy)
        onward = jax.vmap(jax.vmap(step, (None, 0, 0, 0)), (None, 0, 0, 0))
        after, brought = onward(arrays, jax.random.split(turn, (N, B)), state, action)
        entry = (state.place, action, policy, brought.reward * alive, alive)
        return (after, alive & ~brought.terminated), entry

    start = (state, jnp.ones((N, B), bool))
    _, (place, action, policy, reward, alive) = jax.lax.scan(one, start, jax.random.split(key, steps))
    return Path(place, action, policy, reward, alive, alive.sum(0))


def _gains(reward: jax.Array, discount: float) -> jax.Array:
    """Return the discounted sum of what comes from each step on, [T, N, B]."""

    def back(later: jax.Array, reward: jax.Array) -> tuple[jax.Array, jax.Array]:
        now = reward + discount * later
        return now, now

    _, gains = jax.lax.scan(back, jnp.zeros_like(reward[0]), reward, reverse=True)
    return gains


def _between(ends: tuple[float, float], share: jax.Array) -> jax.Array:
    """Return the rate after a share of the decay: geometric between the ends."""
    return ends[0] * (ends[1] / ends[0]) ** share
