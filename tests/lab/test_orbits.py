# SPDX-License-Identifier: MIT
"""Orbits: whoever has more ways to go on wins the vote of every orbit."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from offswitch.lab.errors import SolveError
from offswitch.lab.graphs import CASE_STUDY, Graph, one_cycles
from offswitch.lab.orbits import orbit
from offswitch.lab.power import chosen

STATES = len(CASE_STUDY.states)


@pytest.mark.parametrize("discount", [0.1, 0.5, 0.9, 1.0])
def test_right_loses_no_orbit_against_left(discount):
    rewards = np.random.default_rng(0).random((30, STATES))
    found = orbit(CASE_STUDY, "star", "right", "left", rewards, discount)
    assert found.size == 40_320
    assert (found.first >= found.second).all()
    assert (found.first_best >= found.second_best).all()
    assert (found.first + found.second + found.tied == found.size).all()
    if discount > 0.1:
        assert (found.first > found.second).any()


def test_right_need_not_be_best_in_half_of_an_orbit_since_there_is_a_third_way():
    rewards = np.random.default_rng(0).random((30, STATES))
    found = orbit(CASE_STUDY, "star", "right", "left", rewards, 0.9)
    assert (found.first_best < found.size / 2).any()


def test_an_indicator_votes_by_where_it_comes_to_lie():
    indicator = np.eye(STATES)[:1]
    found = orbit(CASE_STUDY, "star", "right", "left", indicator, 0.9)
    seventh = found.size // STATES  # permutations that put the one reward on a given state
    # Either side has three states to put it on; on the star or on nothing the two are worth the same.
    assert (found.first[0], found.second[0], found.tied[0]) == (3 * seventh, 3 * seventh, 2 * seventh)


def test_votes_are_those_of_single_permutations():
    graph = Graph.of("fork", {"s": ("a", "b"), "a": ("a", "c"), "b": ("b",), "c": ("c",)})
    reward = np.array([0.9, 0.1, 0.52, 0.3])
    found = orbit(graph, "s", "a", "b", reward[None], 0.5)
    first = sum(
        max(r[1], 0.5 * r[1] + 0.5 * r[3]) > r[2]
        for r in (reward[list(order)] for order in permutations(range(4)))
    )
    assert found.first[0] == first
    assert found.second[0] == 24 - first


def test_the_orbit_of_many_rewards_votes_like_uniform_ones():
    rewards = np.random.default_rng(5).random((200, 4))
    found = orbit(one_cycles(2), "start", "other 1", "shutdown", rewards, 1.0)
    share = chosen(one_cycles(2), "start", 1.0)["shutdown"]
    # By symmetry each is best in exactly a third of every orbit.
    assert found.second_best / found.size == pytest.approx(np.full(200, share))


def test_what_cannot_be_voted_on_is_refused():
    with pytest.raises(SolveError, match="too many permutations"):
        orbit(one_cycles(7), "start", "shutdown", "other 1", np.zeros((1, 9)), 1.0)
    with pytest.raises(SolveError, match=r"rewards of shape \(8,\)"):
        orbit(CASE_STUDY, "star", "right", "left", np.zeros(8), 0.5)
    with pytest.raises(SolveError, match="does not lead to 'upper_left'"):
        orbit(CASE_STUDY, "star", "right", "upper_left", np.zeros((1, 8)), 0.5)
