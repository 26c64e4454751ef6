# SPDX-License-Identifier: MIT
"""Relative reachability against closed forms on chains, and the published incentives of its baselines."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.cures.cure import treated
from offswitch.lab.cures.idling import idle_for_ever
from offswitch.lab.cures.relative_reachability import RelativeReachability, reachability
from offswitch.lab.errors import StudyError
from offswitch.lab.reproducing import references
from offswitch.lab.targets import side_effects
from offswitch.lab.world import Outcome, Start, World

G = 0.9
IDLE, ON, END = range(3)


@dataclass(frozen=True, kw_only=True)
class Chain(World):
    """0 -> 1 -> 2, one way, each step with a chance of `works`; `drifts` makes idling move on as well."""

    name = "chain"
    about = "three states, one way"
    actions = ("idle", "on", "end")
    horizon: int | None = 3
    works: float = 1.0
    drifts: bool = False

    def starts(self) -> Sequence[Start]:
        return [Start(0)]

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        assert isinstance(state, int)
        if action == END:
            return [Outcome(state, ended=True)]
        if action == IDLE and not self.drifts:
            return [Outcome(state)]
        return [Outcome(min(state + 1, 2), self.works), Outcome(state, 1 - self.works)]


def test_reachability_is_the_discount_to_the_power_of_the_way() -> None:
    expected = [[1, G, G**2], [0, 1, G], [0, 0, 1]]
    assert pytest.approx(np.array(expected), abs=1e-12) == reachability(table_of(Chain()), G).T
    assert pytest.approx(np.triu(np.ones((3, 3)))) == reachability(table_of(Chain()), 1.0).T


def test_reachability_under_chance_is_the_best_discounted_chance() -> None:
    p = 0.25
    one = p * G / (1 - (1 - p) * G)
    expected = [[1, one, one**2], [0, 1, one], [0, 0, 1]]
    assert pytest.approx(np.array(expected), abs=1e-10) == reachability(table_of(Chain(works=p)), G).T


def test_against_the_starting_state_only_what_is_lost_counts() -> None:
    cure = RelativeReachability(baseline="starting", discount=G)
    penalty = cure.penalty(table_of(Chain()))
    # From 1 state 0 is lost and the others are nearer; from 2 state 1 is lost as well. An end loses all.
    assert penalty[0] == pytest.approx([0.0, 1 / 3, (1 + G + G**2) / 3])
    assert penalty[1, [IDLE, ON]] == pytest.approx([1 / 3, (1 + G) / 3])


def test_absolute_deviations_count_gains_too() -> None:
    cure = RelativeReachability(baseline="starting", discount=G, deviation="absolute")
    assert cure.penalty(table_of(Chain()))[0, ON] == pytest.approx((1 + (1 - G) + (G - G**2)) / 3)


def test_stepwise_compares_with_idling_just_now() -> None:
    for rollout in (False, True):
        cure = RelativeReachability(discount=G, rollout=rollout)
        penalty = cure.penalty(table_of(Chain()))
        assert (penalty[:, IDLE] == 0.0).all()
        assert penalty[:, ON] == pytest.approx([1 / 3, 1 / 3, 0.0])


def test_idling_ahead_weighs_what_comes_with_a_discount() -> None:
    table, h = table_of(Chain(drifts=True)), 0.8
    values = np.array([[5.0, 3.0, 2.0]])
    middle = (1 - h) * 3 + h * 2
    assert idle_for_ever(table, values, h) == pytest.approx(
        np.array([[(1 - h) * 5 + h * middle, middle, 2.0]])
    )


def test_stepwise_with_idling_ahead_in_a_world_that_drifts() -> None:
    h = 0.8
    lost_at = [[1, G, G**2], [0, 1, G], [0, 0, 1]]
    last = np.array(lost_at[2])
    middle = (1 - h) * np.array(lost_at[1]) + h * last
    penalty = RelativeReachability(discount=G, idle_discount=h).penalty(table_of(Chain(drifts=True)))
    assert penalty[0, [IDLE, ON]] == pytest.approx([0.0, 0.0])
    assert penalty[0, END] == pytest.approx(middle.sum() / 3)


def test_the_baseline_of_inaction_moves_with_the_clock() -> None:
    penalty = RelativeReachability(baseline="inaction", discount=G).penalty(table_of(Chain(drifts=True)))
    assert penalty.shape == (3, 3, 3)
    # By the first step idling has led to 1, by the second to 2. Staying behind loses nearness alone.
    assert penalty[0, :, ON] == pytest.approx([0.0, (1 + G - G) / 3, (1 + G - G) / 3])
    assert penalty[1, :, ON] == pytest.approx([(1 - G) / 3, 0.0, 0.0])
    assert penalty[2, :, ON] == pytest.approx([(1 - G) / 3, 0.0, 0.0])


def test_the_charge_is_beta_times_the_deviation_and_the_end_is_free() -> None:
    table = table_of(Chain())
    cured = treated(table, RelativeReachability(baseline="starting", discount=G, strength=6.0))
    assert cured.training.reward[0, :, 0] == pytest.approx([0.0, -2.0, 0.0])
    assert cured.acting is table
    moving = treated(table, RelativeReachability(baseline="inaction", discount=G, strength=6.0))
    assert moving.training.reward[:3, ON, 0] == pytest.approx([-2.0, -2.0 * (1 + G), -2.0 * (1 + G)])
    assert len(moving.acting.states) == len(moving.training.states) == 9
    assert (moving.acting.reward == 0.0).all()


def test_the_default_settings_are_those_of_the_published_code() -> None:
    cure = RelativeReachability()
    assert (cure.strength, cure.discount, cure.idle_discount) == (30.0, 0.99, 0.99)
    assert (cure.baseline, cure.deviation, cure.rollout) == ("stepwise", "decrease", True)


def test_settings_and_worlds_that_make_no_sense_are_refused() -> None:
    with pytest.raises(StudyError, match="stepwise, starting, inaction"):
        RelativeReachability(baseline="start")
    with pytest.raises(StudyError, match="absolute, decrease"):
        RelativeReachability(deviation="truncation")
    with pytest.raises(StudyError, match="idle_discount"):
        RelativeReachability(idle_discount=1.0)
    with pytest.raises(StudyError, match="no horizon"):
        RelativeReachability(baseline="inaction").penalty(table_of(Chain(horizon=None, discount=0.5)))


def test_each_baseline_has_the_published_incentives() -> None:
    expected = {one.quantity: one.reference for one in references() if one.target == 14}
    assert side_effects.relative_reachability() == expected
