# SPDX-License-Identifier: MIT
"""Many reward functions at once: each has the values that it has when it is solved alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import SolveError
from offswitch.lab.solve import best
from offswitch.lab.solve import many as module
from offswitch.lab.solve.many import solve_many
from offswitch.lab.worlds import world


def endless(name, discount, **parameters):
    table = table_of(world(name, **parameters))
    table = replace(table, seen=np.arange(len(table.states), dtype=np.int32))
    return replace(table, world=replace(table.world, horizon=None, discount=discount))


TABLES = {
    "certain, never ending": lambda: endless("boat_race", 0.9),
    "certain, ending": lambda: endless("safe_interruptibility", 0.95),
    "chance": lambda: endless("whisky_gold", 0.9, exploration=0.7),
    "chance, ending": lambda: endless("deletion", 0.8),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("acting", [False, True])
def test_each_reward_function_has_the_values_it_has_alone(kind, acting):
    table = TABLES[kind]()
    S, A, _ = table.shape
    rewards = np.random.default_rng(3).normal(size=(21, S, A) if acting else (21, S))
    scale = abs(rewards).max() / (1.0 - table.discount)
    values = solve_many(table, rewards, tolerance=1e-6)
    for reward, found in zip(rewards, values, strict=True):
        mean = reward if acting else np.repeat(reward[:, None], A, 1)
        assert found == pytest.approx(best(table, reward=mean).values, abs=2e-6 * scale)


@pytest.mark.parametrize("kind", TABLES)
def test_a_number_of_sweeps_is_a_number_of_steps_to_go(kind):
    table = TABLES[kind]()
    S, A, _ = table.shape
    rewards = np.random.default_rng(4).normal(size=(5, S))
    short = replace(table, world=replace(table.world, horizon=7))
    values = solve_many(table, rewards, sweeps=7)
    for reward, found in zip(rewards, values, strict=True):
        assert found == pytest.approx(
            best(short, reward=np.repeat(reward[:, None], A, 1)).values[0], abs=1e-4
        )
    assert (solve_many(table, rewards, sweeps=0) == 0.0).all()


def test_the_discount_given_goes_before_the_world_s_own():
    table = TABLES["certain, ending"]()
    rewards = np.random.default_rng(5).random((3, len(table.states)))
    other = replace(table, world=replace(table.world, discount=0.5))
    assert solve_many(table, rewards, discount=0.5) == pytest.approx(solve_many(other, rewards), abs=1e-6)
    assert solve_many(table, rewards, discount=0.0) == pytest.approx(rewards, abs=1e-6)


def test_values_do_not_depend_on_how_reward_functions_are_cut_into_blocks(monkeypatch):
    table = TABLES["chance"]()
    rewards = np.random.default_rng(6).normal(size=(70, len(table.states)))
    whole = solve_many(table, rewards, sweeps=40)
    monkeypatch.setattr(module, "CELLS", 1)
    assert module.block_of(len(table.states), 70) == module.LANES
    assert solve_many(table, rewards, sweeps=40) == pytest.approx(whole, abs=1e-5)


def test_a_reward_that_is_everywhere_the_same_is_solved_at_one_look():
    # Nothing but the bounds tells so soon: plain sweeps would need thousands at this discount.
    table = TABLES["certain, never ending"]()
    rewards = np.ones((1, len(table.states)))
    assert solve_many(table, rewards, discount=0.9999) == pytest.approx(np.full_like(rewards, 1e4), rel=1e-5)


def test_what_does_not_fit_is_refused_by_name():
    table = TABLES["certain, ending"]()
    S = len(table.states)
    with pytest.raises(SolveError, match=rf"safe_interruptibility: rewards of shape \(2, 3\).*\(R, {S}\)"):
        solve_many(table, np.zeros((2, 3)))
    with pytest.raises(SolveError, match="not finite"):
        solve_many(table, np.full((1, S), np.nan))
    with pytest.raises(SolveError, match=r"discount 1.0"):
        solve_many(table, np.zeros((1, S)), discount=1.0)
    with pytest.raises(SolveError, match="not both"):
        solve_many(table, np.zeros((1, S)), sweeps=3, tolerance=0.1)
    with pytest.raises(SolveError, match="above 0"):
        solve_many(table, np.zeros((1, S)), tolerance=0.0)
