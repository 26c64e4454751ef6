# SPDX-License-Identifier: MIT
"""The contract of the list of learners, and which credit teaches what."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import jax
import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import StudyError
from offswitch.lab.learners import LEARNERS, kind_of, learner
from offswitch.lab.solve import solved
from offswitch.lab.world import Outcome, Start, World
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


@dataclass(frozen=True, kw_only=True)
class Treadmill(World):
    """One state: a step is paid 1 and leads back; whoever gets off is paid nothing, and the episode ends there."""

    name = "treadmill"
    about = "go on, or get off"
    actions = ("go", "quit")

    horizon: int | None = 3
    discount: float = 0.5

    def starts(self) -> Sequence[Start]:
        return [Start("on it")]

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        return [Outcome("on it", ended=True) if action else Outcome("on it", reward=1.0)]


@pytest.mark.parametrize("name", ["q_learning", "sarsa"])
def test_the_end_is_worth_nothing_and_the_horizon_is_no_end(name):
    agent = learner(name, episodes=2000, alpha=0.5, epsilon=0.5, epsilon_end=0.0)
    values = agent.train(table_of(Treadmill()), jax.random.key(0), 2).values
    # The horizon of 3 is not seen, so that going on is worth what it is for ever, 1 / (1 - 0.5).
    assert values[:, 0, 0] == pytest.approx(2.0, abs=1e-4)
    assert (values[:, 0, 1] == 0.0).all()


@pytest.mark.parametrize("name", LEARNERS)
def test_agents_of_one_key_live_different_lives(name):
    found = learner(name, episodes=60, blocks=6).train(table_of(world("leverage")), jax.random.key(1), 3)
    assert len(np.unique(found.values.reshape(3, -1), axis=0)) == 3
    assert len(np.unique(found.curve["reward"], axis=0)) == 3
