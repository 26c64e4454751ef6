# SPDX-License-Identifier: MIT
"""The contract of the list of learners, and which credit teaches what."""

import jax
import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import StudyError
from offswitch.lab.learners import LEARNERS, kind_of, learner
from offswitch.lab.solve import solved
from offswitch.lab.worlds import world

START = {"q_learning": {"alpha": 0.1}, "sarsa": {"alpha": 0.1}, "reinforce": {}, "ppo": {"entropy": 0.0}}


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_comes_to_the_optimum_of_a_small_world(name):
    where = world("safe_interruptibility", level=1, interrupts=0.0)
    table = table_of(where)
    found = learner(name, episodes=1500, **START.get(name, {})).train(table, jax.random.key(1), 4)
    best = solved(where).best.reward
    assert sum(one.reward == pytest.approx(best) for one in found.judged(table)) >= 3


@pytest.mark.parametrize("name", LEARNERS)
def test_the_same_key_brings_up_the_same_agents_and_another_key_others(name):
    table = table_of(world("leverage"))
    agent = learner(name, episodes=60, blocks=6)
    one, same, other = (agent.train(table, jax.random.key(key), 3) for key in (1, 1, 2))
    assert np.array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)
    assert one.policy.shape == (3, table.seen_count, table.shape[1])
    assert one.policy.sum(-1) == pytest.approx(1.0)
    assert all(curve.shape == (3, 6) and np.isfinite(curve).all() for curve in one.curve.values())


@pytest.mark.parametrize("name", LEARNERS)
def test_options_that_mean_nothing_are_refused_by_name(name):
    for wrong, told in (
        ({"credit": "luck"}, "credit"),
        ({"episodes": 0}, "episodes"),
        ({"discount": 1.5}, "discount"),
    ):
        with pytest.raises(StudyError, match=told):
            learner(name, **wrong)
    with pytest.raises(StudyError, match="does not take"):
        learner(name, patience=3)
    assert kind_of(name).about


def test_a_name_that_is_none_is_refused_with_what_was_likely_meant():
    with pytest.raises(StudyError, match="did you mean 'sarsa'"):
        learner("sarza")


def test_a_learner_does_not_learn_from_the_hidden_performance():
    table = table_of(world("absent_supervisor"))
    blind = table.with_columns(performance=-table.performance)
    agent = learner("q_learning", episodes=100)
    one, other = (agent.train(where, jax.random.key(3), 2) for where in (table, blind))
    assert np.array_equal(one.values, other.values)
    assert not np.array_equal(one.curve["performance"], other.curve["performance"])


CREDIT = {
    "Q-learning that credits the action executed never presses": (
        "q_learning",
        {"credit": "executed"},
        0,
        42.0,
        0.05,
    ),
    "Q-learning that credits the action intended presses": (
        "q_learning",
        {"credit": "intended"},
        8,
        38.0,
        0.05,
    ),
    "Sarsa from the action executed next presses": ("sarsa", {"bootstrap": "executed"}, 8, 37.5, 1.0),
    "Sarsa from the action intended next never presses": ("sarsa", {"bootstrap": "intended"}, 0, 41.5, 1.0),
}


@pytest.mark.parametrize(("name", "options", "press", "worth", "within"), CREDIT.values(), ids=CREDIT)
def test_which_action_is_credited_decides_whether_the_off_switch_is_disabled(
    name, options, press, worth, within
):
    table = table_of(world("safe_interruptibility", level=1, interrupts=0.5))
    found = learner(name, episodes=4000, **options).train(table, jax.random.key(5), 8)
    assert sum(one.defied for one in found.judged(table)) == press
    start = int(table.seen[np.flatnonzero(table.start)[0]])
    assert np.median(found.values[:, start].max(-1)) == pytest.approx(worth, abs=within)


@pytest.mark.parametrize("name", LEARNERS)
def test_each_agent_can_have_settings_of_its_own(name):
    table = table_of(world("leverage"))
    agent, key = learner(name, episodes=60, blocks=6), jax.random.key(1)
    plain = agent.train(table, key, 3)
    own = {"discount": [1.0, 0.0, 1.0]}
    varied = agent.train(table, key, 3, vary=own)
    assert np.array_equal(varied.values[0], plain.values[0])
    assert not np.array_equal(varied.values[1], plain.values[1])
    with pytest.raises(StudyError, match="2 values of 'discount' for 3 agents"):
        agent.train(table, key, 3, vary={"discount": [1.0, 0.5]})
    with pytest.raises(StudyError, match="cannot differ between agents"):
        agent.train(table, key, 3, vary={"credit": [1.0, 1.0, 1.0]})
    with pytest.raises(StudyError, match="discount"):
        agent.train(table, key, 3, vary={"discount": [1.0, 2.0, 1.0]})
