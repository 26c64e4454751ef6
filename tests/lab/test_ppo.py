# SPDX-License-Identifier: MIT
"""The horizon is an end for PPO: where a world can go on for ever and nothing is discounted, its baseline must come to rest."""

import jax
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.learners import learner
from offswitch.lab.solve import solved
from offswitch.lab.worlds import world


def test_a_world_that_only_the_horizon_ends_is_learned_to_its_optimum_by_every_agent():
    where = world("boat_race")
    learned = learner("ppo", episodes=1000).train(table_of(where), jax.random.key(1), 8)
    best = solved(where).best.reward
    assert [one.reward for one in learned.judged(table_of(where))] == pytest.approx([best] * 8)
    assert learned.curve["reward"][:, -5:].min() > 0.9 * best
