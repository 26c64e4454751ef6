# SPDX-License-Identifier: MIT
"""The simulator: a table as pure JAX functions, `reset(key)` and `step(key, state, action)`, for jit, vmap and scan.

Nothing is hidden: the state is two integers, the key is consumed by the call that gets it. A table becomes `Arrays` once; arrays
of one shape can be stacked, so that vmap runs over parameters of a world as well as over seeds. The one thing that is easy to get
wrong: `terminated`, `truncated` and `stopped` are three flags, and only the first two end an episode.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.table import Table

ENDLESS = 2**31 - 1  # the horizon of a world that has none


class Arrays(NamedTuple):
    """A table on the device, outcomes flattened to rows: row (s * A + a) * K + k.

    `edges` [S * A, K] are cumulative probabilities; `columns` [S * A * K, 2] holds reward and performance; `facts` [S * A * K, 8]
    next, executed, signal, conduct, breach, ended, stopped, and what is seen next.
    """

    edges: jax.Array
    columns: jax.Array
    facts: jax.Array
    start: jax.Array  # [S], cumulative
    seen: jax.Array  # [S]
    horizon: jax.Array  # scalar; the largest int32 where there is none
    begins: jax.Array  # [B], the states in which an episode can begin
    shares: jax.Array  # [B], cumulative: `start` without the states that have no part in it


class State(NamedTuple):
    """Where an episode is: the table's state, and the number of steps taken."""

    place: jax.Array
    time: jax.Array


class Step(NamedTuple):
    """What one step brought. `seen` is what the agent sees after it; intended and executed action are both told."""

    seen: jax.Array
    reward: jax.Array
    performance: jax.Array
    intended: jax.Array
    executed: jax.Array
    signal: jax.Array
    conduct: jax.Array  # place in `table.CONDUCTS`
    breach: jax.Array
    terminated: jax.Array
    truncated: jax.Array
    stopped: jax.Array


def arrays_of(table: Table) -> Arrays:
    """Return a table as device arrays, in float32."""
    S, A, K = table.shape
    begins = np.flatnonzero(table.start)
    facts = [
        table.next,
        table.executed,
        table.signal,
        table.conduct,
        table.breach,
        table.ended,
        table.stopped,
        table.seen[table.next],
    ]
    return Arrays(
        edges=jnp.asarray(table.probability.cumsum(-1).reshape(S * A, K), jnp.float32),
        columns=jnp.stack(
            [jnp.asarray(column.reshape(-1), jnp.float32) for column in (table.reward, table.performance)], -1
        ),
        facts=jnp.stack([jnp.asarray(fact.reshape(-1), jnp.int32) for fact in facts], -1),
        start=jnp.asarray(table.start.cumsum(), jnp.float32),
        seen=jnp.asarray(table.seen),
        horizon=jnp.int32(table.horizon if table.horizon is not None else ENDLESS),
        begins=jnp.asarray(begins, jnp.int32),
        shares=jnp.asarray(table.start[begins].cumsum(), jnp.float32),
    )


def reset(arrays: Arrays, key: jax.Array) -> tuple[State, jax.Array]:
    """Return the first state of an episode, and what the agent sees of it. Consumes `key`."""
    return reset_by(arrays, jax.random.uniform(key))


def reset_by(arrays: Arrays, u: jax.Array) -> tuple[State, jax.Array]:
    """Do what `reset` does, with a number drawn in [0, 1) instead of a key: loops draw for many agents at once."""
    place = drawn(arrays.start, u)
    return State(place, jnp.int32(0)), arrays.seen[place]


def step(arrays: Arrays, key: jax.Array, state: State, action: jax.Array) -> tuple[State, Step]:
    """Return the state after an action, and what the step brought. Consumes `key`.

    An episode that is over must be reset: stepping on from it is not refused, for speed, and means nothing.
    """
    return step_by(arrays, jax.random.uniform(key), state, action)


def step_by(arrays: Arrays, u: jax.Array, state: State, action: jax.Array) -> tuple[State, Step]:
    """Do what `step` does, with a number drawn in [0, 1) instead of a key."""
    K = arrays.edges.shape[1]
    pair = state.place * (arrays.edges.shape[0] // arrays.seen.shape[0]) + action
    k = drawn(arrays.edges[pair], u) if K > 1 else 0
    row = pair * K + k
    reward, performance = arrays.columns[row]
    place, executed, signal, conduct, breach, ended, stopped, seen = arrays.facts[row]
    time = state.time + 1
    return State(place, time), Step(
        seen=seen,
        reward=reward,
        performance=performance,
        intended=action,
        executed=executed,
        signal=signal,
        conduct=conduct,
        breach=breach.astype(bool),
        terminated=ended.astype(bool),
        truncated=~ended.astype(bool) & (time >= arrays.horizon),
        stopped=stopped.astype(bool),
    )


def drawn(edges: jax.Array, u: jax.Array) -> jax.Array:
    """Return the place in which `u`, uniform in [0, 1), falls between cumulative probabilities [..., K].

    The last edge is left out of the comparison: rounding can put it below 1, and no probability may leak past the end.
    """
    return (u >= edges[..., :-1]).sum(-1).astype(jnp.int32)
