# SPDX-License-Identifier: MIT
"""POWER: how well an agent can do from a state, on average over rewards that nobody has chosen yet.

Every state's reward is drawn uniformly from [0, 1], all alike and apart. POWER(s, discount) is the mean best value of what comes
after s, times 1 - discount: 1/2 where nothing can be chosen, and 1 at most. Exact in small graphs, where it is the mean of the
greatest of a few linear functions over a cube; sampled, with its standard error, in any table. The one thing that is easy to get
wrong: the reward of s itself is no part of it, since the agent is there already. Source: Turner et al. (2021), arXiv 1912.01683,
definition 5.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.compiling import table_of
from offswitch.lab.cube import greatest
from offswitch.lab.errors import SolveError
from offswitch.lab.graphs import Graph, Moves, futures, moves_of
from offswitch.lab.solve.many import onward_of, swept, weights_of
from offswitch.lab.table import Floats, Ints, Table
from offswitch.lab.world import World

CLOSE = 1e-6  # how near value iteration comes to the best value, which lies in [0, 1]
CELLS = 1 << 22  # numbers that one sweep of one batch may hold


def power(graph: Graph, state: str, discount: float) -> float:
    """Return the POWER of a state, exactly. Raises SolveError where there are too many ways to go on from it."""
    return greatest(futures(graph, state, discount)).mean


def chosen(graph: Graph, state: str, discount: float) -> dict[str, float]:
    """Return the share of reward functions for which each next state is the best one, exactly. They sum to 1.

    At discount 1 it is the best average that counts, and for next states between which it cannot decide no share is defined:
    SolveError is raised.
    """
    ways = {graph.states[place]: place for place in dict.fromkeys(graph.onward[graph.place(state)])}
    rows = {name: futures(graph, state, discount, then=name) for name in ways}
    every = np.concatenate(list(rows.values()))
    if len(np.unique(every, axis=0)) < len(every):
        raise SolveError(
            f"graph {graph.name}: from {state!r} two next states are worth the same for every reward"
        )
    shares = greatest(every).shares
    ends = np.cumsum([len(block) for block in rows.values()])[:-1]
    return {name: float(part.sum()) for name, part in zip(rows, np.split(shares, ends), strict=True)}


@dataclass(frozen=True, eq=False)
class Sampled:
    """POWER of every state from n reward functions, [S], with its standard error, [S]."""

    mean: Floats
    error: Floats
    n: int


def sampled(
    of: World | Table | Graph | Moves,
    discount: float,
    *,
    n: int = 4096,
    seed: int = 0,
    batch: int | None = None,
) -> Sampled:
    """Return the POWER of every state of a world, table or graph, by value iteration over n random reward functions.

    Where episodes can end there is one more state, the last one: the end. Raises SolveError at discount 1, where value iteration
    does not come to rest.
    """
    moves = _moves(of)
    total = square = np.zeros(len(moves.next))
    for best, _ in _batches(moves, discount, n, seed, batch, place=0):
        total = total + best.sum(1)
        square = square + (best**2).sum(1)
    mean = total / n
    spread = np.maximum(square / n - mean**2, 0.0) * n / max(n - 1, 1)
    return Sampled(mean, np.sqrt(spread / n), n)


def votes(
    of: World | Table | Graph | Moves,
    state: int,
    discount: float,
    *,
    n: int = 4096,
    seed: int = 0,
    batch: int | None = None,
) -> Ints:
    """Return for how many of n random reward functions each action is the best one in a state, [A].

    The first of equally good actions gets the vote: actions that lead to the same states are one action under two names.
    """
    moves = _moves(of)
    count = np.zeros(moves.next.shape[1], np.int64)
    for _, quality in _batches(moves, discount, n, seed, batch, place=state):
        count += np.bincount(quality.argmax(0), minlength=len(count))
    return count.astype(np.int32)


def _moves(of: World | Table | Graph | Moves) -> Moves:
    if isinstance(of, Moves):
        return of
    if isinstance(of, Graph):
        return of.moves
    return moves_of(of if isinstance(of, Table) else table_of(of))


def _batches(
    moves: Moves, discount: float, n: int, seed: int, batch: int | None, place: int
) -> Iterator[tuple[Floats, Floats]]:
    """Yield, for batch after batch of reward functions, POWER's sample [S, B] and each action's value in one state [A, B]."""
    if not 0.0 <= discount < 1.0:
        raise SolveError(
            f"power: discount {discount}; value iteration needs one in [0, 1), exact power takes 1 too"
        )
    if n < 1:
        raise SolveError(f"power: {n} reward functions; it takes 1 at least")
    # One size for all batches, so that there is one compilation and memory stays flat; what is over is cut off.
    size = batch or max(1, min(1024, n, CELLS // moves.next.size))
    sweeps = math.ceil(math.log(CLOSE) / math.log(discount)) if discount > 0 else 1
    after, weights = jnp.asarray(moves.next), weights_of(moves.probability)
    for number, first in enumerate(range(0, n, size)):
        key = jax.random.fold_in(jax.random.key(seed), number)
        best, quality = _solved(after, weights, discount, sweeps, place, key, size=size)
        kept = min(size, n - first)
        yield np.asarray(best[:, :kept], np.float64), np.asarray(quality[:, :kept], np.float64)


@partial(jax.jit, static_argnames="size")
def _solved(
    after: jax.Array,
    weights: jax.Array | None,
    discount: float,
    sweeps: int,
    place: int,
    key: jax.Array,
    *,
    size: int,
) -> tuple[jax.Array, jax.Array]:
    """Return the best onward value of every state [S, B], and that of each action in one state [A, B]. Consumes `key`.

    Values are times 1 - discount, so that they lie in [0, 1] whatever the discount, and float32 will do.
    """
    reward = jax.random.uniform(key, (after.shape[0], size))
    value = swept(after, weights, (1.0 - discount) * reward, discount=discount, sweeps=sweeps)
    quality = jnp.stack([onward_of(after, weights, action, value) for action in range(after.shape[1])], 1)
    return quality.max(1), quality[place]
