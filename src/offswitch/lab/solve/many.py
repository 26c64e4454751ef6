# SPDX-License-Identifier: MIT
"""Value iteration for thousands of reward functions over one transition table, at once.

For POWER, for auxiliary rewards, for sweeps over what a designer might have meant. Reward functions lie side by side in
memory, so that a sweep is a gather of rows and a maximum; a block of them is small enough to stay in the cache until it is
done. In float32: values are good to about 1e-6 of the largest one, divided by 1 - discount at worst; `best` is exact.
The one thing that is easy to get wrong: a bound on what is left must hold where episodes can end, too. The end is a state
of value 0 that never changes, and has its part in the bound.
"""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats, Table

CELLS = 1 << 15  # values in one block: with its rewards it fits in a core's cache
LANES = 16  # reward functions that one instruction works on; blocks are multiples of it
LOOK = 16  # sweeps between two looks at how near the values are
TOLERANCE = 1e-5


def solve_many(
    table: Table,
    rewards: Floats,
    *,
    discount: float | None = None,
    sweeps: int | None = None,
    tolerance: float | None = None,
) -> Floats:
    """Return the best values [R, S] for rewards [R, S] of being in a state, or [R, S, A] of acting in it.

    With `sweeps`: what is best with so many steps to go. Without: of going on for ever, to within `tolerance` (1e-5) times the
    largest reward / (1 - discount). The agent is taken to see the whole state. Raises SolveError where shapes or settings
    do not fit.
    """
    name, (S, A, _) = table.world.name, table.shape
    discount = table.discount if discount is None else discount
    rewards = np.asarray(rewards, np.float32)
    if rewards.ndim not in (2, 3) or rewards.shape[1:] not in {(S,), (S, A)} or not len(rewards):
        raise SolveError(f"{name}: rewards of shape {rewards.shape}; they need (R, {S}) or (R, {S}, {A})")
    if not np.isfinite(rewards).all():
        raise SolveError(f"{name}: a reward is not finite")
    if sweeps is not None and (sweeps < 0 or tolerance is not None):
        raise SolveError(f"{name}: give a number of sweeps from 0, or a tolerance, not both")
    if not 0.0 <= discount <= 1.0 or (sweeps is None and discount == 1.0):
        raise SolveError(f"{name}: discount {discount}; without a number of sweeps it lies in [0, 1)")
    tolerance = TOLERANCE if tolerance is None else tolerance
    if not tolerance > 0.0:
        raise SolveError(f"{name}: tolerance {tolerance}; it is above 0")
    scale = float(abs(rewards).max()) / (1.0 - discount) if sweeps is None else 0.0
    values = _blocks(
        jnp.asarray(table.next),
        weights_of(table.goes_on),
        rewards,
        discount,
        discount / (1.0 - discount)
        if sweeps is None
        else 0.0,  # in float64: 1 - discount loses digits in float32
        tolerance * scale,
        _enough(discount, tolerance) if sweeps is None else sweeps,
        size=block_of(S, len(rewards)),
        settles=sweeps is None,
    )
    return np.asarray(values, np.float64)


def _enough(discount: float, tolerance: float) -> int:
    """Return after how many sweeps nothing is further than `tolerance`, whatever the bounds say: rounding can keep them apart."""
    return math.ceil(math.log(min(tolerance, 1.0)) / math.log(discount)) if discount > 0.0 else 1


def weights_of(probability: Floats) -> jax.Array | None:
    """Return the probabilities [S, A, K] as the sweeps take them: None where every action has one outcome for certain."""
    sure = probability.shape[-1] == 1 and bool((probability == 1.0).all())
    return None if sure else jnp.asarray(probability, jnp.float32)


def block_of(states: int, rewards: int) -> int:
    """Return how many reward functions go into one block."""
    fitting = max(1, CELLS // states // LANES) * LANES
    return min(fitting, -(-rewards // LANES) * LANES)


@partial(jax.jit, static_argnames=("size", "settles"))
def _blocks(
    after: jax.Array,
    weights: jax.Array | None,
    rewards: jax.Array,
    discount: float,
    further: float,
    tolerance: float,
    sweeps: int,
    *,
    size: int,
    settles: bool,
) -> jax.Array:
    """Cut rewards into blocks [S, (A,) B], solve one after the other, and put the values together again, [R, S]."""
    R = len(rewards)
    padded = jnp.pad(rewards, ((0, -R % size),) + ((0, 0),) * (rewards.ndim - 1))
    blocks = jnp.moveaxis(padded.reshape(-1, size, *rewards.shape[1:]), 1, -1)
    if settles:
        solve = partial(
            _settled, after, weights, discount=discount, further=further, tolerance=tolerance, most=sweeps
        )
    else:
        solve = partial(swept, after, weights, discount=discount, sweeps=sweeps)
    values: jax.Array = jax.lax.map(solve, blocks)  # [R / B, S, B]
    return values.transpose(0, 2, 1).reshape(-1, after.shape[0])[:R]


def swept(
    after: jax.Array, weights: jax.Array | None, reward: jax.Array, *, discount: float, sweeps: int
) -> jax.Array:
    """Return the values [S, B] of acting best with `sweeps` steps to go, for rewards [S, B] or [S, A, B]."""
    nought = jnp.zeros((reward.shape[0], reward.shape[-1]))
    sweep = partial(_sweep, after, weights, reward, discount)
    values: jax.Array = jax.lax.fori_loop(0, sweeps, lambda _, value: sweep(value), nought)
    return values


def _settled(
    after: jax.Array,
    weights: jax.Array | None,
    reward: jax.Array,
    *,
    discount: float,
    further: float,
    tolerance: float,
    most: int,
) -> jax.Array:
    """Sweep until every value is known to within `tolerance`, and return the middle of what is possible, [S, B].

    MacQueen's bounds (Puterman 1994, theorem 6.6.6): if the last sweep added at least l and at most h to any value, all
    further ones add between l and h times `further`, discount / (1 - discount). The difference is often small long before either is.
    """
    sweep = partial(_sweep, after, weights, reward, discount)
    ends = weights is not None  # may end: then the end, which nothing is added to, is one of the states

    def bounds(old: jax.Array, new: jax.Array) -> tuple[jax.Array, jax.Array]:
        added = new - old
        low, high = added.min(0), added.max(0)
        return (jnp.minimum(low, 0.0), jnp.maximum(high, 0.0)) if ends else (low, high)

    def near(carry: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        done, old, new = carry
        low, high = bounds(old, new)
        return (done < most) & ((high - low).max() * further > 2.0 * tolerance)

    def more(carry: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        done, _, value = carry
        value = jax.lax.fori_loop(0, LOOK - 1, lambda _, v: sweep(v), value)
        return done + LOOK, value, sweep(value)

    nought = jnp.zeros((reward.shape[0], reward.shape[-1]))
    _, old, new = jax.lax.while_loop(near, more, (jnp.int32(1), nought, sweep(nought)))
    low, high = bounds(old, new)
    return new + further * (low + high) / 2.0


def _sweep(
    after: jax.Array, weights: jax.Array | None, reward: jax.Array, discount: float, value: jax.Array
) -> jax.Array:
    """Return the values with one step more to go, [S, B]."""
    acting = reward.ndim == 3
    best = None
    for action in range(after.shape[1]):
        onward = discount * onward_of(after, weights, action, value)
        quality = reward[:, action] + onward if acting else onward
        best = quality if best is None else jnp.maximum(best, quality)
    assert best is not None
    return best if acting else reward + best


def onward_of(after: jax.Array, weights: jax.Array | None, action: int, value: jax.Array) -> jax.Array:
    """Return the mean value [S, B] of where an action leads."""
    columns = [
        value.at[after[:, action, k]].get(mode="promise_in_bounds") for k in range(after.shape[2])
    ]  # rows of B: a copy of neighbours in memory, not a look-up each
    if weights is None:
        return columns[0]
    parts = [weights[:, action, k, None] * column for k, column in enumerate(columns)]
    return sum(parts[1:], parts[0])
