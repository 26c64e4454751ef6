# SPDX-License-Identifier: MIT
"""REINFORCE: acts that came before much reward are made likelier, with a running mean in each state as the baseline.

The gradient of a whole episode is gathered on the way, as a sum of rewards times the trace of what had been done before each, so that
no episode is kept. Source: Williams (1992). The one thing that is easy to get wrong: the sum over earlier acts only; an act is not
praised for what came before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import StudyError
from offswitch.lab.learners.learner import CURVES, Learned, Learner, greedy
from offswitch.lab.learners.walking import Knobs, Turn, walked
from offswitch.lab.stepping import arrays_of, drawn
from offswitch.lab.table import Table


@dataclass(frozen=True, kw_only=True)
class Reinforce(Learner):
    """Softmax policy over what is seen, one step of gradient an episode. `rate` is in units of the return's own spread."""

    name = "reinforce"
    about = "tabular softmax policy gradient with a running baseline"
    source = "Williams (1992)"

    rate: float = 0.02
    pace: float = 0.1  # of the baseline, an episode
    memory: float = 0.99  # of the scale, an episode
    entropy: float = 0.02  # how strongly the policy is kept open
    clip: float = 10.0  # no logit moves by more than `rate` times this in an episode

    def __post_init__(self) -> None:
        """Refuse options that mean nothing."""
        super().__post_init__()
        if not self.rate > 0.0 or not 0.0 <= self.memory < 1.0:
            raise StudyError(f"learner {self.name!r}: 'rate' is above 0, 'memory' from 0 to below 1")

    @property
    def knobs(self) -> tuple[str, ...]:
        """Return the options of which each agent can have a value of its own."""
        return ("rate", "entropy", "discount")

    def train(
        self, table: Table, key: jax.Array, agents: int, *, vary: Mapping[str, Sequence[float]] | None = None
    ) -> Learned:
        """Train agents; `policy` is their likeliest action, `values` are their logits."""
        memory, curve = walked(
            arrays_of(table),
            key,
            self.knobs_of(table, agents, vary),
            learning=_Learning(self),
            agents=agents,
            episodes=self.episodes,
            blocks=self.blocks,
            seen=table.seen_count,
            actions=table.shape[1],
        )
        logits, told = np.asarray(memory.logits, np.float64), np.asarray(curve, np.float64)
        return Learned(greedy(logits), logits, {name: told[..., place] for place, name in enumerate(CURVES)})


class _Memory(NamedTuple):
    knobs: Knobs
    logits: jax.Array  # [O, A]
    trace: jax.Array  # [O, A], gradient of the log-probability of all acts so far
    gradient: jax.Array  # [O, A], of the return, gathered so far
    expected: jax.Array  # [O], the baseline: what an episode is expected to bring from here on
    based: jax.Array  # [O, A], gradient that the baseline takes away again
    visits: jax.Array  # [O], in this episode
    weight: jax.Array  # [O], the same, discounted from its start
    returns: jax.Array  # [O], sum of what came after each visit, discounted from the start
    worth: jax.Array  # of a reward now, seen from the start
    spread: jax.Array  # mean square of what came otherwise than expected
    lived: jax.Array


@dataclass(frozen=True)
class _Learning:
    options: Reinforce

    def begin(self, seen: int, actions: int, knobs: Knobs) -> _Memory:
        table, line, none = jnp.zeros((seen, actions)), jnp.zeros(seen), jnp.float32(0.0)
        return _Memory(
            knobs, table, table, table, line, table, line, line, line, jnp.float32(1.0), none, none
        )

    def choose(self, memory: _Memory, seen: jax.Array, done: jax.Array, u: jax.Array) -> jax.Array:
        return drawn(jax.nn.softmax(memory.logits[seen]).cumsum(), u)

    def learn(self, memory: _Memory, turn: Turn) -> _Memory:
        options, brought, at, worth = self.options, turn.brought, turn.seen, memory.worth
        act = brought.executed if options.credit == "executed" else turn.intended
        shares = jax.nn.softmax(memory.logits[at])
        score = jax.nn.one_hot(act, len(shares)) - shares
        trace = memory.trace.at[at].add(score)
        visits = memory.visits.at[at].add(1.0)
        gathered = memory._replace(
            trace=trace,
            gradient=memory.gradient + worth * brought.reward * trace,
            based=memory.based.at[at].add(worth * memory.expected[at] * score),
            visits=visits,
            weight=memory.weight.at[at].add(worth),
            returns=memory.returns + worth * brought.reward * visits,
            worth=worth * memory.knobs["discount"],
        )
        over = turn.over & turn.live
        closed = self._closed(gathered)
        return jax.tree.map(lambda new, old: jnp.where(over, new, old), closed, gathered)

    def _closed(self, memory: _Memory) -> _Memory:
        """Return the memory after an episode: one step up the gradient, and the baseline a little nearer to what came."""
        options = self.options
        been = memory.visits > 0
        error = jnp.where(been, memory.returns / jnp.maximum(memory.weight, 1e-9) - memory.expected, 0.0)
        # A bias-corrected running scale, so that `rate` means the same in worlds of large and of small rewards.
        lived = memory.lived + 1
        here = (error**2).sum() / jnp.maximum(been.sum(), 1)
        spread = options.memory * memory.spread + (1.0 - options.memory) * here
        scale = jnp.sqrt(spread / (1.0 - options.memory**lived) + 1e-6)
        shares = jax.nn.softmax(memory.logits)
        logs = jnp.log(shares + 1e-9)
        opening = -shares * (logs - (shares * logs).sum(-1, keepdims=True))  # gradient of the entropy
        step = (memory.gradient - memory.based) / scale + memory.knobs["entropy"] * memory.visits[
            :, None
        ] * opening
        begun = self.begin(memory.logits.shape[0], memory.logits.shape[1], memory.knobs)
        return begun._replace(
            logits=memory.logits + memory.knobs["rate"] * jnp.clip(step, -options.clip, options.clip),
            expected=memory.expected + options.pace * error,
            spread=spread,
            lived=lived,
        )
