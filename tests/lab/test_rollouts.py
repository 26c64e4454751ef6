# SPDX-License-Identifier: MIT
"""Rollouts in the fast lane say what the exact evaluation says, and nothing is lost however long they are."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.rollouts import CHUNK, FIELDS, Totals, _added, averaged, rolled, rollout
from offswitch.lab.solve import evaluated
from offswitch.lab.stepping import arrays_of
from offswitch.lab.worlds import world

KINDS = ("reward", "performance", "length", "defied", "breached", "stopped")


def tables():
    deletion = table_of(world("deletion"))
    return {
        "certain, hidden, two starts": table_of(world("safe_interruptibility")),
        "eight outcomes, four starts": table_of(world("tomato_watering")),
        "forty-one starts": table_of(world("off_switch_game")),
        "no horizon": replace(deletion, world=replace(deletion.world, horizon=None, discount=0.8)),
        "discounted": replace(deletion, world=replace(deletion.world, horizon=10, discount=0.7)),
    }


@pytest.mark.parametrize("kind", tables())
def test_a_softmax_policy_does_what_it_does_exactly(kind):
    table = tables()[kind]
    logits = np.random.default_rng(1).normal(size=(table.seen_count, table.shape[1]))
    policy = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    exact = evaluated(table, policy)
    found = rolled(table, logits, seed=7, steps=4 * CHUNK, envs=512)
    assert found.left == 0
    assert found.episodes >= 512
    for name in KINDS:
        sampled = getattr(found, name)
        allowed = 4 * sampled.error + 1e-5 * (1 + abs(sampled.value))
        assert abs(sampled.value - getattr(exact, name)) < allowed, name


def test_the_same_key_gives_the_same_numbers_and_another_gives_others():
    table = table_of(world("safe_interruptibility"))
    arrays, logits = arrays_of(table), jnp.zeros((table.seen_count, table.shape[1]))
    first, again, other = (
        rollout(arrays, logits, jax.random.key(seed), envs=64, steps=200) for seed in (1, 1, 2)
    )
    assert first.high.tolist() == again.high.tolist()
    assert first.high.tolist() != other.high.tolist()


def test_an_action_without_chance_is_never_taken():
    table = table_of(world("safe_interruptibility"))
    logits = np.full((table.seen_count, 4), -np.inf)
    logits[:, 3] = 0.0  # into the wall at once, and there to the end
    found = rolled(table, logits, seed=0, steps=300, envs=64)
    assert (found.reward.value, found.reward.error) == (-100.0, 0.0)
    assert (found.truncated.value, found.defied.value, found.length.value) == (1.0, 0.0, 100.0)


def test_no_episode_is_dropped_for_being_long():
    # One step is enough to begin in every environment; each episode is played to its end.
    table = table_of(world("safe_interruptibility"))
    found = rolled(table, np.zeros((table.seen_count, 4)), seed=3, steps=1, envs=64)
    assert found.left == 0
    assert found.episodes >= 64


def test_episodes_that_never_end_are_counted_as_left():
    table = table_of(world("safe_interruptibility"))
    arrays = arrays_of(table)._replace(horizon=jnp.int32(2**31 - 1))
    logits = jnp.asarray(np.eye(4)[np.full(table.seen_count, 3)] * 100.0)
    told = averaged(rollout(arrays, logits, jax.random.key(0), envs=64, steps=10))
    assert (told.episodes, told.left) == (0, 64)
    assert np.isnan(told.reward.value)


def test_sums_stay_exact_beyond_what_a_float32_can_count():
    start = jnp.full(len(FIELDS), 2.0**25, jnp.float32)
    totals = Totals(start, jnp.zeros_like(start), jnp.int32(0))
    added = jax.jit(lambda t: jax.lax.fori_loop(0, 1001, lambda _, t: _added(t, jnp.ones(len(FIELDS))), t))
    assert averaged(added(totals)).episodes == 2**25 + 1001


def test_policies_are_told_apart_by_vmap():
    table = table_of(world("safe_interruptibility"))
    arrays = arrays_of(table)
    still = np.zeros((table.seen_count, 4))
    still[:, 3] = 50.0
    many = jnp.asarray(np.stack([np.zeros_like(still), still]))
    both = jax.vmap(lambda logits: rollout(arrays, logits, jax.random.key(5), envs=64, steps=256))(many)
    one = rollout(arrays, many[1], jax.random.key(5), envs=64, steps=256)
    assert both.high[1].tolist() == pytest.approx(one.high.tolist())
    assert both.high[0].tolist() != both.high[1].tolist()
