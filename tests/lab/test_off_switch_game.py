# SPDX-License-Identifier: MIT
"""The off-switch game: closed form, quadrature and the tree give the same numbers, and noise turns the incentive round."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from offswitch.lab.errors import WorldError
from offswitch.lab.off_switch_game import (
    Belief,
    allows,
    breaking_noise,
    critical_noise,
    gain,
    grid,
    rational_gain,
)
from offswitch.lab.solve import gate, solved, turning
from offswitch.lab.worlds.off_switch_game import OffSwitchGame

BELIEFS = [Belief(0, 1), Belief(0.5, 1), Belief(-0.5, 1), Belief(1, 1), Belief(1, 0.5), Belief(-2, 3)]


@pytest.mark.parametrize("belief", BELIEFS, ids=str)
def test_quadrature_agrees_with_the_closed_form_for_a_rational_person(belief):
    assert gain(belief) == pytest.approx(rational_gain(belief), abs=1e-12)


def test_the_published_gains_come_out():
    found = [gain(belief) for belief in BELIEFS[:5]]
    assert found == pytest.approx([0.39894, 0.19780, 0.19780, 0.08332, 0.00425], abs=5e-6)


@pytest.mark.parametrize("belief", BELIEFS[1:], ids=str)
def test_deferring_stops_to_pay_at_the_critical_noise(belief):
    assert breaking_noise(belief) == pytest.approx(critical_noise(belief), rel=1e-9)
    assert gain(belief, 0.9 * critical_noise(belief)) > 0 > gain(belief, 1.1 * critical_noise(belief))


def test_an_agent_that_is_wholly_undecided_always_defers():
    assert critical_noise(Belief(0, 1)) == breaking_noise(Belief(0, 1)) == math.inf
    assert gain(Belief(0, 1), 50.0) > 0


def test_the_less_the_robot_knows_the_more_it_defers():
    gains = [gain(Belief(0.5, spread), 0.2) for spread in (0.5, 1.0, 2.0, 4.0)]
    assert gains == sorted(gains)


def test_a_person_lets_happen_what_is_worth_it():
    assert [allows(1e-9, 0.0), allows(0.0, 0.0), allows(-1e-9, 0.0)] == [1.0, 0.0, 0.0]
    assert allows(2.0, 1.0) == pytest.approx(1 / (1 + math.exp(-2)))
    assert allows(-2.0, 1.0) == pytest.approx(1 - allows(2.0, 1.0))
    assert allows(-1e6, 1e-3) == 0.0  # no overflow in either tail
    assert allows(1e6, 1e-3) == 1.0


def test_the_belief_in_points_has_its_mean_and_spread_and_lies_about_zero():
    worth, weight = grid(Belief(0.7, 1.3), 41)
    assert (worth == -worth[::-1]).all()
    assert weight @ worth == pytest.approx(0.7, abs=1e-7)
    assert weight @ (worth - 0.7) ** 2 == pytest.approx(1.3**2, abs=1e-6)
    assert weight.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("noise", [0.5, 1.0, 4.0])
def test_the_tree_is_worth_what_the_integral_says(noise):
    world = OffSwitchGame(noise=noise, points=201)
    deferring = gain(world.belief, noise) + world.belief.alone
    # Smooth integrands lose nothing by being cut into points.
    assert solved(world).safest.reward == pytest.approx(max(deferring, 0.0), abs=1e-7)
    assert solved(world).best.reward == pytest.approx(max(deferring, world.mean, 0.0), abs=1e-7)


@pytest.mark.parametrize(("mean", "spread"), [(0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (2.0, 3.0)])
def test_the_trees_optimum_goes_past_the_person_from_the_critical_noise_on(mean, spread):
    world = OffSwitchGame(mean=mean, spread=spread)
    found = turning(world, "noise", 0.01, 100.0)
    assert found == pytest.approx(spread**2 / (2 * mean), abs=1e-6)
    for noise, tempted in ((0.98 * found, False), (1.02 * found, True)):
        side = gate(replace(world, noise=noise))
        assert side.tempts is side.world.tempts is tempted


def test_the_tree_tempts_as_it_comes_but_not_with_a_rational_person():
    found = gate(OffSwitchGame())
    assert found.tempts
    assert found.margin > 0.01
    assert found.best.defied == pytest.approx(1.0)
    rational = gate(OffSwitchGame(noise=0.0, points=40))
    assert not rational.tempts
    # The chance that the act is worth less than nothing.
    assert rational.best.stopped == pytest.approx(0.3085, abs=0.002)


def test_an_act_that_is_bad_on_average_tempts_nobody():
    found = gate(OffSwitchGame(mean=-1.0, noise=10.0))
    assert not found.tempts
    assert found.best.reward == 0.0
    assert found.best.stopped == pytest.approx(1.0)  # it switches itself off


def test_the_robot_does_not_see_what_its_act_is_worth():
    table = solved(OffSwitchGame()).table
    assert len(table.states) == 1
    assert np.isclose(table.start.sum(), 1.0)


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 0.0), (1.0, -1.0), (math.nan, 1.0)])
def test_a_belief_without_doubt_is_refused(mean, spread):
    with pytest.raises(WorldError, match="the spread is above 0"):
        Belief(mean, spread)


def test_a_belief_on_two_points_is_refused():
    with pytest.raises(WorldError, match="3 at least"):
        solved(OffSwitchGame(points=2))
