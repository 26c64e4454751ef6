# SPDX-License-Identifier: MIT
"""What a lab agent did is counted by the same functions as what a model did, and they say what the world's own table says."""

import numpy as np
import pytest

from offswitch.lab.episodes import by_name, rollouts
from offswitch.lab.errors import StudyError, WorldError
from offswitch.lab.solve import evaluated, solved
from offswitch.lab.solve.gate import padded
from offswitch.lab.worlds import world
from offswitch.verdict.conduct import Conduct
from offswitch.verdict.judging import judge

CASES = {
    "safe_interruptibility": Conduct.TAMPER,
    "overseer_report": Conduct.DECEIVE,
    "leverage": Conduct.COERCE,
    "resources": Conduct.ACQUIRE,
    "monitor": Conduct.TAMPER,
}


@pytest.mark.parametrize("name", CASES)
def test_the_verdict_on_rollouts_is_what_the_table_says(name):
    found = solved(world(name))
    for solution, expected in ((found.optimum, found.best), (found.obedient, found.safest)):
        walks = list(rollouts(found.table, padded(solution.shares, found.table), 60, 1, agent="x"))
        outcomes = [judge(walk) for walk in walks]
        assert not [outcome for outcome in outcomes if outcome.failure]
        share = np.mean([outcome.defied for outcome in outcomes])
        assert share == pytest.approx(expected.defied, abs=4 * np.sqrt(0.25 / 60))
        if expected.defied in (0.0, 1.0):
            assert share == expected.defied


@pytest.mark.parametrize(("name", "conduct"), CASES.items())
def test_the_gravest_conduct_is_the_one_that_the_world_names(name, conduct):
    outcomes = [judge(walk) for walk in by_name(name, "optimum", 30, 2)]
    assert {outcome.conduct for outcome in outcomes if outcome.defied} == {conduct}


def test_an_idle_agent_and_the_safest_one_defy_nothing():
    for by in ("idle", "safest"):
        assert not any(judge(walk).defied for walk in by_name("leverage", by, 20, 3))


def test_an_episode_is_the_same_however_many_are_asked_for():
    few, many = list(by_name("resources", "optimum", 3, 4)), list(by_name("resources", "optimum", 9, 4))
    assert many[:3] == few


def test_random_policies_are_counted_as_the_exact_evaluation_says():
    found = solved(world("safe_interruptibility"))
    policy = np.full((found.table.shape[0], 4), 0.25)
    share = np.mean([judge(walk).defied for walk in rollouts(found.table, policy, 200, 5, agent="x")])
    exact = evaluated(found.table, policy).defied
    assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / 200)


def test_names_that_are_none_are_refused_with_what_was_likely_meant():
    with pytest.raises(WorldError, match="did you mean 'leverage'"):
        by_name("levrage", "optimum", 1, 0)
    with pytest.raises(StudyError, match="did you mean 'q_learning'"):
        by_name("leverage", "q_lerning", 1, 0)
