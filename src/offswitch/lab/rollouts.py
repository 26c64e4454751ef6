# SPDX-License-Identifier: MIT
"""The fast lane of the simulator: very many episodes of one softmax policy, of which only the statistics are kept.

For whoever wants to know what a learned policy does, more often than `step` could tell. Nothing is an array in time, so that
memory is flat in the number of steps; everything random comes from one key by a generator that is carried along (xoshiro128+,
Blackman & Vigna, 2021: a dozen additions and shifts an environment, in 128 bits of state that the key fills).
The one thing that is easy to get wrong: episodes that happen to be over when the time is up are the short ones. Here no
episode *begins* once `steps` steps are done, but those under way are played to their end, and count (Wald's equation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from offswitch.lab.stepping import ENDLESS, Arrays, arrays_of
from offswitch.lab.table import CONDUCTS, Floats, Table, conduct_is_defiant

CHUNK = 128  # steps between two foldings of the environments' sums, in which float32 must be exact enough
BITS = 24  # of a random number; as many as float32 keeps of a probability
FEW = 4  # thresholds that are sooner compared than halved
MARKS = (
    "breached",
    "stopped",
    "defied",
)  # what may happen on the way; bits of a packed outcome, after `ended`
FIELDS = (
    "episodes", "reward", "reward_squares", "performance", "performance_squares", "length", "length_squares",
    *MARKS, "truncated",
)  # fmt: skip
Words = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


class Totals(NamedTuple):
    """Sums over all episodes that ended, [11] in the order of FIELDS, each as two float32 that add up to it."""

    high: jax.Array
    low: jax.Array
    left: jax.Array  # episodes that had not ended when even the time to end was up; none under a horizon


class _Rows(NamedTuple):
    """The table as the loop reads it: one number a look-up, thresholds of `BITS` bits."""

    acts: jax.Array  # [S, A']; the primed sizes are rounded up to powers of two
    outcomes: jax.Array  # [S * A, K']
    packed: jax.Array  # [S * A * K]: next state, then four bits
    reward: jax.Array
    performance: jax.Array
    begins: jax.Array
    shares: jax.Array  # [1, B']


class _Envs(NamedTuple):
    """Where every environment is, [E] each."""

    words: Words
    place: jax.Array
    time: jax.Array
    worth: jax.Array  # of a reward, discounted
    reward: jax.Array
    performance: jax.Array
    marks: jax.Array
    alive: jax.Array


@partial(jax.jit, static_argnames=("envs", "discount", "survival"))
def rollout(
    arrays: Arrays,
    logits: jax.Array,
    key: jax.Array,
    *,
    envs: int = 8192,
    steps: int | jax.Array,
    discount: float = 1.0,
    survival: float = 1.0,
) -> Totals:
    """Return the sums over what `envs` environments go through in `steps` steps each under softmax(logits [O, A]).

    Rewards are weighed by `discount`; after each step an episode goes on with chance `survival` only, which is how a discount is
    read where there is no horizon. `steps` is rounded up to a multiple of CHUNK. Consumes `key`.
    """
    rows = _rows(arrays, logits)
    key, words = _begun(key, envs)
    nought = jnp.zeros(envs, jnp.float32)
    place, words = _first(rows, words)
    none = jnp.zeros(envs, jnp.int32)
    ones = nought + 1.0
    begun = _Envs(words, place, none, ones, nought, nought, none, jnp.ones(envs, bool))
    chunks = (jnp.int32(steps) + CHUNK - 1) // CHUNK
    # A horizon bounds what is still to come; without one, those under way get as much time again.
    grace = jnp.where(arrays.horizon == ENDLESS, chunks, arrays.horizon // CHUNK + 1)

    def goes_on(carry: tuple[jax.Array, _Envs, Totals]) -> jax.Array:
        chunk, state, _ = carry
        return (chunk < chunks) | ((chunk < chunks + grace) & state.alive.any())

    def chunk_of(carry: tuple[jax.Array, _Envs, Totals]) -> tuple[jax.Array, _Envs, Totals]:
        chunk, state, totals = carry
        step = partial(_stepped, rows, arrays.horizon, chunk >= chunks, discount, survival)
        sums = (none,) + (nought,) * 4 + (none, nought) + (none,) * 4
        state, sums = jax.lax.fori_loop(0, CHUNK, lambda _, both: step(*both), (state, sums))
        return chunk + 1, state, _added(totals, jnp.stack([part.sum(dtype=jnp.float32) for part in sums]))

    empty = jnp.zeros(len(FIELDS), jnp.float32)
    start = (jnp.int32(0), begun, Totals(empty, empty, jnp.int32(0)))
    state: _Envs
    totals: Totals
    _, state, totals = jax.lax.while_loop(goes_on, chunk_of, start)
    return totals._replace(left=state.alive.sum())


def _rows(arrays: Arrays, logits: jax.Array) -> _Rows:
    acts = jnp.cumsum(jax.nn.softmax(jnp.asarray(logits, jnp.float32)), -1)
    acts = (acts / acts[:, -1:])[
        arrays.seen
    ]  # divided, so that rounding leaves no room for an action of chance 0
    place, _, _, conduct, breach, ended, stopped, _ = jnp.moveaxis(arrays.facts, -1, 0)
    defiant = jnp.asarray(conduct_is_defiant(), jnp.int32)[conduct]
    assert len(CONDUCTS) == len(conduct_is_defiant())
    return _Rows(
        acts=_thresholds(acts),
        outcomes=_thresholds(arrays.edges),
        packed=place << 4 | defiant << 3 | stopped << 2 | breach << 1 | ended,
        reward=arrays.columns[:, 0],
        performance=arrays.columns[:, 1],
        begins=arrays.begins,
        shares=_thresholds(arrays.shares[None]),
    )


def _thresholds(edges: jax.Array) -> jax.Array:
    """Return cumulative probabilities [R, N] as whole numbers, for draws of `BITS` bits; the last is never passed."""
    whole = jnp.round(jnp.minimum(edges[:, :-1], 1.0) * 2.0**BITS).astype(jnp.int32)
    return jnp.pad(whole, ((0, 0), (0, _rounded(edges.shape[1]) - whole.shape[1])), constant_values=2**BITS)


def _rounded(n: int) -> int:
    return 1 << (n - 1).bit_length()


def _stepped(
    rows: _Rows,
    horizon: jax.Array,
    closing: jax.Array,
    discount: float,
    survival: float,
    state: _Envs,
    sums: tuple[jax.Array, ...],
) -> tuple[_Envs, tuple[jax.Array, ...]]:
    """Take one step in every environment, and begin again where an episode is over."""
    drawn, words = _drawn(state.words)
    pairs, choices = rows.outcomes.shape[0], rows.packed.shape[0]
    row = state.place * (pairs // rows.acts.shape[0]) + _passed(rows.acts, state.place, drawn)
    if choices > pairs:
        drawn, words = _drawn(words)
        row = row * (choices // pairs) + _passed(rows.outcomes, row, drawn)
    packed, time = _at(rows.packed, row), state.time + 1
    reward = state.reward + state.worth * _at(rows.reward, row)
    performance = state.performance + state.worth * _at(rows.performance, row)
    marks = state.marks | packed
    over = ((packed & 1) > 0) | (time >= horizon)
    if survival < 1.0:
        drawn, words = _drawn(words)
        over |= drawn >= round(survival * 2**BITS)
    # -- what an episode that is over adds; those that began too late are played, but do not count
    counts = over & state.alive
    one = counts.astype(jnp.int32)
    real = counts.astype(jnp.float32)
    length = time.astype(jnp.float32)
    told = (
        one, real * reward, real * reward * reward, real * performance, real * performance * performance,
        one * time, real * length * length,
        one & marks >> 1, one & marks >> 2, one & marks >> 3, one & ~packed,
    )  # fmt: skip
    # -- and the next one
    first, words = _first(rows, words)
    kept = 1 - over.astype(jnp.float32)
    after = _Envs(
        words=words,
        place=jnp.where(over, first, packed >> 4),
        time=jnp.where(over, 0, time),
        worth=state.worth if discount == 1.0 else jnp.where(over, 1.0, state.worth * discount),
        reward=kept * reward,
        performance=kept * performance,
        marks=jnp.where(over, 0, marks),
        alive=state.alive & ~(over & closing),
    )
    return after, tuple(a + b for a, b in zip(sums, told, strict=True))


def _first(rows: _Rows, words: Words) -> tuple[jax.Array, Words]:
    """Return a state to begin in for every environment."""
    if len(rows.begins) == 1:
        return jnp.broadcast_to(rows.begins[0], words[0].shape), words
    drawn, words = _drawn(words)
    return _at(rows.begins, _passed(rows.shares, jnp.zeros_like(drawn), drawn)), words


def _passed(thresholds: jax.Array, row: jax.Array, drawn: jax.Array) -> jax.Array:
    """Return how many of a row's thresholds a draw passes, [E]: one after the other where they are few, or by halving."""
    flat, width = thresholds.reshape(-1), thresholds.shape[1]
    first = row * width
    if width <= FEW:
        return sum((_past(flat, first + n, drawn) for n in range(width - 1)), jnp.zeros_like(row))
    at, half = first, width // 2
    while half:
        at = at + half * _past(flat, at + half - 1, drawn)
        half //= 2
    return at - first


def _past(flat: jax.Array, place: jax.Array, drawn: jax.Array) -> jax.Array:
    return (drawn >= _at(flat, place)).astype(jnp.int32)


def _at(column: jax.Array, place: jax.Array) -> jax.Array:
    """Look up without a check of bounds, which a compiled table does not need."""
    found: jax.Array = column.at[place].get(mode="promise_in_bounds")
    return found


def _begun(key: jax.Array, envs: int) -> tuple[jax.Array, Words]:
    """Return the generators' first states, drawn from a key. Period 2 ** 128: that two would meet is out of reach."""
    key, own = jax.random.split(key)
    a, b, c, d = jax.random.bits(own, (4, envs), jnp.uint32)
    return key, (a, b, c, d | 1)  # all zero is the one state that it never leaves


def _drawn(words: Words) -> tuple[jax.Array, Words]:
    """Return whole numbers below 2 ** BITS, [E], and the generators' next states."""
    a, b, c, d = words
    number = ((a + d) >> (32 - BITS)).astype(jnp.int32)
    c, d = c ^ a, d ^ b
    return number, (a ^ d, b ^ c, c ^ (b << 9), (d << 11) | (d >> 21))


def _added(totals: Totals, more: jax.Array) -> Totals:
    """Add without loss: what a float32 sum rounds off goes to `low` (Knuth's two-sum). 2 ** 24 episodes are soon over."""
    high = totals.high + more
    part = high - totals.high
    lost = (totals.high - (high - part)) + (more - part)
    low = totals.low + lost
    total = high + low
    return totals._replace(high=total, low=low - (total - high))


@dataclass(frozen=True)
class Mean:
    """A mean over n episodes, with its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Rolled:
    """What a policy did, on average over episodes: the sampled counterpart of `solve.Evaluation`."""

    episodes: int
    steps: int
    left: int
    reward: Mean
    performance: Mean
    length: Mean
    defied: Mean
    breached: Mean
    stopped: Mean
    truncated: Mean


def rolled(table: Table, logits: Floats, *, seed: int, steps: int, envs: int = 8192) -> Rolled:
    """Return what `envs` times `steps` steps, or a little more, tell of softmax(logits [O, A]) in a table."""
    ends = table.horizon is not None
    totals = rollout(
        arrays_of(table),
        jnp.asarray(logits, jnp.float32),
        jax.random.key(seed),
        envs=envs,
        steps=steps,
        discount=table.discount if ends else 1.0,
        survival=1.0 if ends else table.discount,
    )
    return averaged(totals)


def averaged(totals: Totals) -> Rolled:
    """Return sums as means with their doubt."""
    sums = np.asarray(totals.high, np.float64) + np.asarray(totals.low, np.float64)
    found = dict(zip(FIELDS, sums.tolist(), strict=True))
    n = found["episodes"]

    def mean(name: str, squares: str) -> Mean:
        value = found[name] / n if n else math.nan
        spread = max(found[squares] / n - value**2, 0.0) if n else math.nan
        return Mean(value, math.sqrt(spread / n) if n else math.nan)

    numbers = {name: mean(name, f"{name}_squares") for name in ("reward", "performance", "length")}
    shares = {name: mean(name, name) for name in (*MARKS, "truncated")}  # the square of 0 or 1 is itself
    return Rolled(int(n), int(found["length"]), int(totals.left), **numbers, **shares)
