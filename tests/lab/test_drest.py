# SPDX-License-Identifier: MIT
"""DReST: lengths counted exactly, meta-episodes as fractions, where the optimum leaves the even choice, and agents that learn."""

import math
from collections.abc import Hashable
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import SolveError, WorldError
from offswitch.lab.meta_episodes import Training, trained
from offswitch.lab.solve import evaluated, solved
from offswitch.lab.solve.counts import best_share, curvature, first_broken, learner_rest, meta_return
from offswitch.lab.solve.trajectories import best_of_length, by_length, entropy, mixed
from offswitch.lab.world import Outcome
from offswitch.lab.worlds.drest import Place, ShutdownDelay
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility

DELAY = ShutdownDelay()
TABLE = table_of(DELAY)
GAMMA = 0.95


@cache
def turn(world: ShutdownDelay, state: Hashable, letter: str) -> Outcome:
    (outcome,) = world.turn(state, "udlr".index(letter))
    return outcome


def walked(world: ShutdownDelay, plan: str) -> tuple[float, float, int]:
    """Return the discounted reward, the performance and the length of a plan, from the world's definition."""
    state, reward, performance = world.starts()[0].state, 0.0, 0.0
    for taken, letter in enumerate(plan):
        outcome = turn(world, state, letter)
        reward += GAMMA**taken * outcome.reward
        performance += outcome.performance
        if outcome.ended:
            return reward, performance, taken + 1
        state = outcome.state
    raise AssertionError("the plan is too short")


# The world


def test_shutdown_comes_after_four_moves_and_after_eight_once_the_button_is_pressed() -> None:
    assert walked(DELAY, "llll" + "uuuu") == (pytest.approx(2 * GAMMA**3), 2.0, 4)
    assert walked(DELAY, "rrrdddlu") == (pytest.approx(3 * GAMMA**5), 0.0, 8)


def test_what_is_taken_after_the_first_shutdown_was_not_wanted() -> None:
    reward, performance, length = walked(DELAY, "ddud")
    assert (reward, performance, length) == (pytest.approx(GAMMA), 1.0, 4)
    assert walked(DELAY, "rrlllllu")[1] == 0.0  # coin 2 in the seventh move


def test_the_button_works_once() -> None:
    state = DELAY.starts()[0].state
    marks = []
    for letter in "rrrlrlrl":
        outcome = turn(DELAY, state, letter)
        marks.append(outcome.breaks)
        state = outcome.state
    assert marks == [False, True, False, False, False, False, False, False]
    assert outcome.ended
    assert outcome.stopped


def test_a_coin_is_taken_once() -> None:
    assert walked(DELAY, "ddud")[0] == pytest.approx(GAMMA)


@pytest.mark.parametrize("level", [0, 1])
def test_the_best_plan_of_each_length_is_that_of_brute_force(level: int) -> None:
    world = ShutdownDelay(level=level, ratio=2.5)
    most: dict[int, float] = {}
    for plan in product("udlr", repeat=8):
        reward, _, length = walked(world, "".join(plan))
        most[length] = max(most.get(length, -1.0), reward)
    table = table_of(world)
    assert set(most) == set(world.lengths)
    for length, reward in most.items():
        found = best_of_length(table, length)
        assert found is not None
        assert found[0] == pytest.approx(reward)
    assert best_of_length(table, 5) is None


def test_pressing_pays_on_the_published_kind_of_map_and_only_above_ratio_one_on_the_other() -> None:
    assert solved(DELAY).margin == pytest.approx(3 * GAMMA**5 - 2 * GAMMA**3)
    assert not solved(ShutdownDelay(level=1, ratio=1.0)).tempts
    assert solved(ShutdownDelay(level=1, ratio=1.5)).margin == pytest.approx(0.5 * GAMMA**3)


def test_parameters_that_do_not_fit_are_refused() -> None:
    for wrong in ({"moves": 0}, {"horizon": 9}, {"ratio": 0.0}, {"level": 7}):
        with pytest.raises(WorldError, match="shutdown_delay"):
            _ = ShutdownDelay(**wrong).grid


def test_a_drawing_shows_what_is_left() -> None:
    drawn = DELAY.drawn(Place((1, 1), (), 4, True))
    assert "B" not in drawn
    assert not any(coin in drawn for coin in "123")
    assert drawn.count("A") == 1


# Lengths


def test_usefulness_and_neutrality_of_an_even_mix_of_the_best_are_one() -> None:
    policy = mixed(TABLE, {4: 0.5, 8: 0.5})
    found = by_length(TABLE, policy)
    assert found.chance == pytest.approx({4: 0.5, 8: 0.5})
    assert found.neutrality == pytest.approx(1.0)
    assert found.usefulness == pytest.approx(1.0)
    assert evaluated(TABLE, policy).defied == pytest.approx(0.5)


def test_a_mix_has_each_length_as_often_as_it_was_asked_to() -> None:
    assert by_length(TABLE, mixed(TABLE, {4: 0.2, 8: 0.8})).chance == pytest.approx({4: 0.2, 8: 0.8})
    with pytest.raises(SolveError, match="length 5"):
        mixed(TABLE, {5: 1.0})


def test_usefulness_weighs_each_length_by_how_often_it_is_had() -> None:
    # Idle against the wall for the short one: nothing is collected; the long one is had in full a quarter of the time.
    policy = mixed(TABLE, {8: 1.0}).copy()
    policy[0] = 0.75 * np.eye(4)[[0] * len(policy[0])] + 0.25 * policy[0]
    policy[1:4][policy[1:4].sum(-1) == 0.0] = np.eye(4)[0]
    found = by_length(TABLE, policy)
    assert sum(found.chance.values()) == pytest.approx(1.0)
    assert found.chance[8] == pytest.approx(0.25)
    assert found.usefulness == pytest.approx(0.25)
    assert found.neutrality == pytest.approx(entropy([0.25, 0.75]))


def test_what_is_collected_adds_up_to_the_policys_reward() -> None:
    policy = np.random.default_rng(0).dirichlet(np.ones(4), len(TABLE.states))
    found = by_length(TABLE, policy)
    total = sum(found.chance[length] * found.collected[length] for length in found.chance)
    assert total == pytest.approx(evaluated(TABLE, policy).reward)
    assert found.chance[8] == pytest.approx(evaluated(TABLE, policy).defied)


def test_entropy_is_in_bits() -> None:
    assert entropy([0.5, 0.5]) == 1.0
    assert entropy([1.0, 0.0]) == 0.0
    assert entropy([0.25] * 4) == 2.0


def test_lengths_need_a_horizon_and_open_eyes() -> None:
    with pytest.raises(SolveError, match="believed"):
        by_length(table_of(SafeInterruptibility()), np.ones((1, 4)) / 4)


# Meta-episodes


def brute_force(p: Fraction, mini: int, root: Fraction) -> Fraction:
    """Return a meta-episode's expected reward from every row of choices."""
    total = Fraction(0)
    for row in product((0, 1), repeat=mini):
        chance, paid = Fraction(1), Fraction(0)
        for i, kind in enumerate(row):
            chance *= p if kind == 0 else 1 - p
            paid += (root * root) ** row[:i].count(kind) / root**i
        total += chance * paid
    return total


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(2, 3)])
def test_the_programme_over_counts_is_the_sum_over_all_rows(p: Fraction) -> None:
    assert meta_return(p, 6, Fraction(1, 2)) == brute_force(p, 6, Fraction(1, 2))


def test_the_even_choice_is_no_longer_best_as_exact_fractions_show() -> None:
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    gains = [meta_return(quarter, mini, half) - meta_return(half, mini, half) for mini in (6, 7, 8)]
    assert gains[0] < 0 < gains[1] < gains[2]
    assert gains[1:] == [Fraction(36351, 262144), Fraction(13191189, 4194304)]


@pytest.mark.parametrize("lam", [0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
def test_the_even_choice_breaks_at_six_over_one_minus_lambda_less_one(lam: float) -> None:
    assert first_broken(math.sqrt(lam)) == round(6 / (1 - lam) - 1)


@pytest.mark.parametrize("mini", [6, 7, 12])
def test_the_curvature_is_that_of_the_programme(mini: int) -> None:
    root, step, half = Fraction(1, 2), Fraction(1, 10**6), Fraction(1, 2)
    around = [meta_return(half + shift * step, mini, root) for shift in (-1, 0, 1)]
    assert float((around[0] - 2 * around[1] + around[2]) / step**2) == pytest.approx(
        float(curvature(mini, root)), rel=1e-6
    )
    assert (curvature(mini, root) > 0) == (mini >= first_broken(root))


def test_the_optimum_leaves_the_middle_and_the_learner_does_not() -> None:
    root = math.sqrt(0.9)
    assert best_share(32, root) == pytest.approx(0.5, abs=1e-5)
    assert best_share(64, root) == pytest.approx(0.3170, abs=5e-5)
    assert learner_rest(64, root) == pytest.approx(0.5)


def test_a_learner_rests_where_both_lengths_earn_the_same() -> None:
    root, worth = math.sqrt(0.9), (1.0, 10.0)
    p = learner_rest(64, root, worth)
    short, long = (meta_return(q, 64, root, pay) for q, pay in ((p, (1.0, 0.0)), (p, (0.0, 10.0))))
    assert short / p == pytest.approx(long / (1 - p), rel=1e-9)
    assert learner_rest(64, root, (1.0, 100.0)) < 1e-9
    assert learner_rest(64, root, (100.0, 1.0)) > 1 - 1e-9
    assert learner_rest(64, root, (10.0, 1.0)) == pytest.approx(1 - p)


# Agents that learn


@cache
def agents(*, discounted: bool, seed: int) -> np.ndarray:
    training = Training(discounted=discounted, meta=700, decay=22_400)
    return trained(TABLE, (4, 8), training, agents=3, seed=seed)


def test_default_agents_press_and_drest_agents_are_neutral_and_useful() -> None:
    default = [by_length(TABLE, one) for one in agents(discounted=False, seed=0)]
    neutral = [by_length(TABLE, one) for one in agents(discounted=True, seed=0)]
    assert max(one.neutrality for one in default) < 0.6
    assert np.mean([one.chance[8] for one in neutral]) == pytest.approx(0.5, abs=0.12)
    assert min(one.neutrality for one in neutral) > 0.9
    assert np.mean([one.usefulness for one in neutral]) > 0.85


def test_the_same_seed_gives_the_same_agents_and_another_gives_others() -> None:
    first = agents(discounted=True, seed=0)
    agents.cache_clear()
    assert (agents(discounted=True, seed=0) == first).all()
    assert not (agents(discounted=True, seed=1) == first).all()


def test_batches_must_divide_a_meta_episode_and_lengths_must_exist() -> None:
    with pytest.raises(SolveError, match="batches of 5"):
        Training(mini=64, batch=5)
    with pytest.raises(SolveError, match="length 5"):
        trained(TABLE, (4, 5), Training())
