# SPDX-License-Identifier: MIT
"""Deleting interrupted episodes: what is left is a selection, and the preference between two actions turns round."""

from __future__ import annotations

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.deletion import deletion
from offswitch.lab.errors import SolveError
from offswitch.lab.worlds import world
from offswitch.lab.worlds.deletion import DeletionWorld

A, B = 0, 1


@pytest.mark.parametrize("discount", [1.0, 0.9])
def test_the_sign_of_the_preference_flips(discount):
    found = deletion(table_of(DeletionWorld(discount=discount)))
    assert found.whole[0] == pytest.approx([discount / 3, discount / 2])
    assert found.kept[0] == pytest.approx([discount * 2 / 3, discount / 2])
    assert found.share[0] == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(("share", "flips"), [(0.66, False), (0.67, True)])
def test_it_flips_from_the_critical_share_on(share, flips):
    found = deletion(table_of(DeletionWorld(interrupts=share)))
    assert bool(found.kept[0, A] > found.kept[0, B]) is flips
    assert DeletionWorld().critical == pytest.approx(2 / 3)
    assert found.kept[0, A] == pytest.approx(0.9 * (1 / 3) / (1 - share / 2))


def test_without_interruptions_nothing_is_lost():
    found = deletion(table_of(DeletionWorld(interrupts=0.0)))
    assert found.kept == pytest.approx(found.whole)
    assert found.share == pytest.approx(np.ones_like(found.share))


def test_where_all_is_deleted_nothing_is_learned():
    table = table_of(DeletionWorld())
    found = deletion(table.with_columns(stopped=np.ones_like(table.stopped)))
    assert np.isnan(found.kept).all()
    assert (found.share == 0).all()


def test_it_counts_stops_along_the_whole_way_under_the_policy_followed():
    leverage = world("leverage", finds=1.0)
    table = table_of(leverage)
    policy = np.zeros(table.shape[:2])
    policy[:, leverage.actions.index("accept")] = 1.0
    work = leverage.actions.index("work")
    found = deletion(table, policy)
    # Work, then accept: replaced in half of all episodes, and those are the ones that are deleted.
    assert found.whole[0, work] == pytest.approx(0.5 * 10 + 0.5 * 2)
    assert found.share[0, work] == pytest.approx(0.5)
    assert found.kept[0, work] == pytest.approx(10.0)
    # What was earned before a stop is deleted with the rest of its episode, and counted once where there is none.
    assert found.kept[0, leverage.actions.index("read")] == pytest.approx(-0.5 + 10.0)


def test_a_learner_that_deletes_comes_to_the_exact_values():
    table, rng = table_of(DeletionWorld(interrupts=0.9)), np.random.default_rng(0)
    exact = deletion(table)
    returns: dict[int, list[float]] = {A: [], B: []}
    for episode in range(20_000):
        s, first, total, worth, stopped, ended = 0, episode % 2, 0.0, 1.0, False, False
        action = first
        while not ended:
            k = rng.choice(table.shape[2], p=table.probability[s, action])
            total += worth * table.reward[s, action, k]
            worth *= table.discount
            stopped |= bool(table.stopped[s, action, k])
            ended, s = bool(table.ended[s, action, k]), int(table.next[s, action, k])
            action = int(rng.integers(2))
        if not stopped:
            returns[first].append(total)
    assert np.mean(returns[A]) == pytest.approx(
        exact.kept[0, A], abs=4 * np.std(returns[A]) / len(returns[A]) ** 0.5
    )
    assert np.mean(returns[A]) > np.mean(returns[B])  # though b is better


def test_episodes_without_a_horizon_are_refused():
    with pytest.raises(SolveError, match="needs a horizon"):
        deletion(table_of(DeletionWorld(horizon=None)))
