# SPDX-License-Identifier: MIT
"""Attainable values as an agent without a model finds them out by trying: the Q-learning of the published program.

For two thirds of its episodes the agent acts at random; from then on it mostly does what it holds best, by what it has learned of
its task less the charge for changing what is attainable. All values begin at 0.
The one thing that is easy to get wrong: at rate 1, as published, this does not come to the exact values where a map hides something.
A value is then what the *last* try led to, and the greatest of several such values is too great, so that a thing that moves by
itself, and whose heading the map does not show, seems to be worth more than it is. That is what spares the dog of `aup_damage`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.cures.attainable import random_rewards
from offswitch.lab.learners.walking import Knobs, Turn, walked
from offswitch.lab.stepping import arrays_of
from offswitch.lab.table import Floats, Table

# The share of greedy acts before and after the turn; with five actions the first is pure chance.
GREEDY = (0.2, 0.9)
TURN = 2 / 3  # of the episodes


@lru_cache(maxsize=32)
def learned(
    table: Table,
    count: int,
    seed: int,
    discount: float,
    *,
    episodes: int,
    length: int,
    rate: float,
    strength: float,
) -> Floats:
    """Return the value of each action for each of `count` random rewards as Q-learning finds it, [N, S, A]; not to be written to.

    Episodes of at most `length` steps; what has not been tried is worth 0.
    """
    paid = np.zeros((table.seen_count, count), np.float32)
    paid[table.seen] = random_rewards(table, count, seed).T
    memory, _ = walked(
        arrays_of(replace(table, world=replace(table.world, horizon=length))),
        jax.random.key(seed),
        {"paid": jnp.asarray(paid)[None]},
        learning=_Learning(count, table.world.idle, discount, rate, strength),
        agents=1,
        episodes=episodes,
        blocks=1,
        seen=table.seen_count,
        actions=table.shape[1],
    )
    quality = np.asarray(memory.quality[0], np.float64)[table.seen].transpose(2, 0, 1)
    quality.flags.writeable = False
    return quality


class _Memory(NamedTuple):
    quality: jax.Array  # [O, A, N], of the auxiliary rewards
    task: jax.Array  # [O, A], of the task less the charge
    paid: jax.Array  # [O, N], the auxiliary rewards


@dataclass(frozen=True)
class _Learning:
    count: int
    idle: int
    discount: float
    rate: float
    strength: float

    def begin(self, seen: int, actions: int, knobs: Knobs) -> _Memory:
        return _Memory(jnp.zeros((seen, actions, self.count)), jnp.zeros((seen, actions)), knobs["paid"])

    def choose(self, memory: _Memory, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        best = memory.task[seen].argmax()
        share = jnp.where(done > TURN, GREEDY[1], GREEDY[0])
        # What is left of u, spread over the other actions.
        others = memory.task.shape[1] - 1
        other = jnp.minimum((u - share) / (1.0 - share) * others, others - 1).astype(jnp.int32)
        return jnp.where(u < share, best, other + (other >= best))

    def learn(self, memory: _Memory, turn: Turn) -> _Memory:
        quality, task, paid = memory
        here, after = (turn.seen, turn.intended), turn.brought.seen
        rate = jnp.where(turn.live, self.rate, 0.0)
        goes_on = 1.0 - turn.brought.terminated
        gained = goes_on * (paid[after] + self.discount * quality[after].max(0))
        quality = quality.at[here].add(rate * (gained - quality[here]))
        idling = quality[turn.seen, self.idle]
        scale = idling.sum()
        charge = self.strength * abs(quality[here] - idling).sum() / jnp.where(scale == 0.0, 1.0, scale)
        worth = turn.brought.reward - charge + self.discount * goes_on * task[after].max()
        return _Memory(quality, task.at[here].add(rate * (worth - task[here])), paid)
