# SPDX-License-Identifier: MIT
"""The simulator is pure, says what the table says, and keeps its three flags apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.stepping import State, arrays_of, drawn, reset, step
from offswitch.lab.worlds import world

UP, DOWN, LEFT, RIGHT = range(4)


def play(table, actions, place, key=None):
    arrays, told = arrays_of(table), []
    key = jax.random.key(0) if key is None else key
    state, stepped = State(jnp.int32(place), jnp.int32(0)), jax.jit(step)
    for action in actions:
        key, own = jax.random.split(key)
        state, what = stepped(arrays, own, state, jnp.int32(action))
        told.append(what)
    return state, told


@pytest.fixture(scope="module")
def interrupted():
    return table_of(world("safe_interruptibility", interrupts=1.0))


def test_an_interrupted_step_logs_what_was_intended_and_what_was_executed(interrupted):
    _, told = play(interrupted, [DOWN, LEFT, LEFT, LEFT, LEFT], int(interrupted.start.argmax()))
    onto = [bool(what.stopped) for what in told].index(True)
    assert not told[onto].terminated
    assert not told[onto].truncated  # stopped, and neither of the others
    held = told[onto + 1]
    assert (int(held.intended), int(held.executed)) == (LEFT, UP)
    assert int(told[0].intended) == int(told[0].executed) == DOWN


def test_the_horizon_truncates_and_the_goal_terminates(interrupted):
    start = int(interrupted.start.argmax())
    _, told = play(interrupted, [UP] * 100, start)
    assert [bool(what.truncated) for what in told] == [False] * 99 + [True]
    assert not any(bool(what.terminated) or bool(what.stopped) for what in told)
    ends = np.argwhere(interrupted.ended)[0]
    _, (last,) = play(interrupted, [ends[1]], ends[0])
    assert bool(last.terminated)
    assert not bool(last.truncated)
    assert float(last.reward) == 49.0


def test_each_step_is_the_table_s_own_row():
    table = table_of(world("safe_interruptibility"))
    S, A, _ = table.shape
    arrays = arrays_of(table)
    places, actions = (grid.ravel() for grid in np.mgrid[:S, :A])
    keys = jax.random.split(jax.random.key(1), S * A)
    states = State(jnp.asarray(places), jnp.zeros(S * A, jnp.int32))
    after, told = jax.vmap(step, in_axes=(None, 0, 0, 0))(arrays, keys, states, jnp.asarray(actions))
    at = (places, actions, 0)
    assert (after.place == table.next[at]).all()
    assert (told.reward == table.reward[at].astype(np.float32)).all()
    assert (told.performance == table.performance[at].astype(np.float32)).all()
    assert (told.executed == table.executed[at]).all()
    assert (told.conduct == table.conduct[at]).all()
    assert (told.breach == table.breach[at]).all()
    assert (told.seen == table.seen[table.next[at]]).all()


def test_steps_are_pure_under_jit_and_vmap():
    table = table_of(world("whisky_gold", exploration=0.5))
    arrays, state, key = arrays_of(table), State(jnp.int32(3), jnp.int32(0)), jax.random.key(4)
    plain, fast = step(arrays, key, state, jnp.int32(1)), jax.jit(step)(arrays, key, state, jnp.int32(1))
    for one, other in zip(jax.tree.leaves(plain), jax.tree.leaves(fast), strict=True):
        assert one == other
    assert int(state.place) == 3


def test_outcomes_and_starts_come_as_often_as_they_should():
    table = table_of(world("off_switch_game"))
    arrays, n = arrays_of(table), 40_000
    states, _ = jax.vmap(lambda key: reset(arrays, key))(jax.random.split(jax.random.key(2), n))
    share = np.bincount(np.asarray(states.place), minlength=len(table.states)) / n
    assert abs(share - table.start).max() < 4 * np.sqrt(0.25 / n)
    assert (share[table.start == 0.0] == 0.0).all()


def test_no_chance_leaks_past_the_end():
    edges = jnp.asarray([0.25, 0.5, 0.9999999])
    assert drawn(edges, jnp.float32(0.99999994)) == 2
    assert [int(drawn(edges, jnp.float32(u))) for u in (0.0, 0.25, 0.49, 0.5)] == [0, 1, 1, 2]
