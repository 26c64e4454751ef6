# SPDX-License-Identifier: MIT
"""POWER: exact where it can be integrated, sampled anywhere, and both the same."""

from __future__ import annotations

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.cube import greatest
from offswitch.lab.errors import SolveError, WorldError
from offswitch.lab.graphs import CASE_STUDY, Graph, Moves, behind_a_door, futures, moves_of, one_cycles
from offswitch.lab.power import chosen, power, sampled, votes
from offswitch.lab.worlds.deletion import DeletionWorld

DISCOUNTS = [0.0, 0.1, 0.5, 0.9, 0.99, 1.0]


# The mean of the greatest linear function


@pytest.mark.parametrize("n", range(1, 7))
def test_the_greatest_of_n_uniform_numbers_is_n_over_n_plus_1(n):
    rows = np.eye(n + 1)[: max(n, 2)] if n > 1 else np.array([[1.0], [0.0]])
    found = greatest(rows)
    assert found.mean == pytest.approx(n / (n + 1) if n > 1 else 0.5, abs=1e-12)
    assert found.shares == pytest.approx([1 / n] * n if n > 1 else [1.0, 0.0], abs=1e-12)


def test_a_mixture_is_greatest_as_often_as_what_it_is_mixed_of():
    found = greatest(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert found.mean == pytest.approx(7 / 12, abs=1e-12)
    assert found.shares == pytest.approx([0.5, 0.5], abs=1e-12)


def test_a_dominated_function_is_never_the_greatest():
    found = greatest(np.array([[1.0, 0.0, 0.3], [0.0, 1.0, 0.3], [0.5, 0.5, 0.3]]))
    assert found.shares == pytest.approx([0.5, 0.5, 0.0], abs=1e-12)
    assert found.mean == pytest.approx(2 / 3 + 0.15, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_integration_agrees_with_sampling(seed):
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(5), size=6)
    points = rng.random((200_000, 5)) @ rows.T
    found, best = greatest(rows), points.max(1)
    assert abs(found.mean - best.mean()) < 4 * best.std() / len(best) ** 0.5
    shares = np.bincount(points.argmax(1), minlength=6) / len(best)
    assert abs(found.shares - shares).max() < 4 * 0.5 / len(best) ** 0.5
    assert found.shares.sum() == pytest.approx(1.0, abs=1e-12)


def test_functions_that_are_the_same_or_too_many_are_refused():
    with pytest.raises(SolveError, match="may be the same"):
        greatest(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    with pytest.raises(SolveError, match="sample instead"):
        greatest(np.eye(8))


# Ways to go on


@pytest.mark.parametrize("discount", [0.2, 0.9])
def test_ways_to_go_on_are_the_papers_visit_distributions(discount):
    places = [CASE_STUDY.place(name) for name in ("lower_left", "upper_left")]
    rows = futures(CASE_STUDY, "lower_left", discount)
    # F = {e_s / (1 - d), (e_s + d e_u) / (1 - d^2)}, less the first visit of s, and times 1 - discount.
    around = np.zeros(8)
    around[places] = discount / (1 + discount), 1 / (1 + discount)
    assert len(rows) == 2
    assert np.isclose(rows, around).all(1).any()
    assert np.isclose(rows, np.eye(8)[places[0]]).all(1).any()


@pytest.mark.parametrize("discount", DISCOUNTS)
def test_ways_to_go_on_visit_one_state_at_a_time(discount):
    rows = futures(CASE_STUDY, "star", discount)
    assert rows.sum(1) == pytest.approx(np.ones(len(rows)))
    assert (rows >= 0).all()


def test_the_star_has_six_cycles_to_end_in():
    assert len(futures(CASE_STUDY, "star", 1.0)) == 6
    assert len(futures(CASE_STUDY, "star", 1.0, then="nothing")) == 1
    with pytest.raises(SolveError, match="no way from 'star' leads to 'upper_left' first"):
        futures(CASE_STUDY, "star", 0.5, then="upper_left")


# POWER


@pytest.mark.parametrize("discount", DISCOUNTS)
def test_power_of_the_case_study_is_the_published_one(discount):
    assert power(CASE_STUDY, "nothing", discount) == pytest.approx(1 / 2, abs=1e-12)
    assert power(CASE_STUDY, "lower_left", discount) == pytest.approx(
        (2 / 3 + discount / 2) / (1 + discount), abs=1e-12
    )
    assert power(CASE_STUDY, "lower_right", discount) == pytest.approx(2 / 3, abs=1e-12)


@pytest.mark.parametrize("k", range(1, 7))
def test_the_start_has_power_over_all_one_cycles_and_shutdown_has_its_share(k):
    assert power(one_cycles(k), "start", 1.0) == pytest.approx((k + 1) / (k + 2), abs=1e-12)
    assert power(one_cycles(k), "shutdown", 1.0) == pytest.approx(1 / 2, abs=1e-12)
    shares = chosen(one_cycles(k), "start", 1.0)
    assert shares["shutdown"] == pytest.approx(1 / (k + 1), abs=1e-12)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)


def test_the_reward_of_the_state_itself_is_no_part_of_its_power():
    way = Graph.of("a way", {"here": ("there",), "there": ("there", "back"), "back": ("back",)})
    # From here only `there` can be next, and what comes after it is the greater of two.
    assert power(way, "here", 0.0) == pytest.approx(1 / 2)
    assert power(way, "here", 0.5) == pytest.approx(0.5 * 1 / 2 + 0.5 * 2 / 3)


@pytest.mark.parametrize("discount", [0.0, 0.5, 0.9])
def test_sampled_power_is_within_four_standard_errors(discount):
    found = sampled(CASE_STUDY, discount, n=5000, seed=1)
    exact = [power(CASE_STUDY, state, discount) for state in CASE_STUDY.states]
    assert (abs(found.mean - exact) < 4 * found.error).all()
    for state, variance in (
        ("nothing", 1 / 12),
        ("lower_right", 1 / 18),
    ):  # of one uniform number, and of the greater of two
        assert found.error[CASE_STUDY.place(state)] == pytest.approx((variance / 5000) ** 0.5, rel=0.05)
    assert found.n == 5000


def test_sampled_power_does_not_depend_on_chance_but_on_the_seed():
    first, again, other = (sampled(CASE_STUDY, 0.5, n=500, seed=seed) for seed in (3, 3, 4))
    assert (first.mean == again.mean).all()
    assert not (first.mean == other.mean).any()


def test_batches_make_up_the_number_asked_for():
    found = sampled(CASE_STUDY, 0.5, n=1000, seed=3, batch=300)
    assert found.mean[0] == pytest.approx(power(CASE_STUDY, "star", 0.5), abs=4 * found.error[0])
    assert votes(CASE_STUDY, 0, 0.5, n=1000, batch=300).sum() == 1000


def test_chance_is_averaged_before_the_choice():
    after = np.zeros((4, 2, 2), np.int32)
    after[1:] = np.arange(1, 4)[:, None, None]
    after[0] = [[1, 2], [3, 3]]
    probability = np.full((4, 2, 2), 0.5)
    found = sampled(Moves(after, probability), 0.9, n=5000)
    exact = greatest(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])).mean
    assert abs(found.mean[0] - exact) < 4 * found.error[0]


def test_the_end_of_an_episode_is_a_state_of_its_own():
    table = table_of(DeletionWorld())
    moves = moves_of(table)
    assert moves.next.shape[0] == len(table.states) + 1
    assert (moves.next[-1] == len(table.states)).all()
    assert (moves.next[:-1][table.ended] == len(table.states)).all()
    assert moves.probability.sum(-1) == pytest.approx(np.ones(moves.next.shape[:2]))
    found = sampled(table, 0.9, n=2000)
    assert abs(found.mean[1:] - 0.5).max() < 4 * found.error[1:].max()  # there, all ways lead to the end


def test_votes_agree_with_exact_shares():
    shares, n = chosen(CASE_STUDY, "star", 0.9), 5000
    count = votes(CASE_STUDY, CASE_STUDY.place("star"), 0.9, n=n, seed=2)
    assert count.sum() == n
    for name, hits in zip(("left", "nothing", "right"), count, strict=True):
        assert abs(hits / n - shares[name]) < 4 * (shares[name] * (1 - shares[name]) / n) ** 0.5


def test_no_share_is_defined_where_the_average_cannot_decide():
    both = Graph.of("both", {"start": ("one", "two"), "one": ("end",), "two": ("end",), "end": ("end",)})
    assert chosen(both, "start", 0.5) == pytest.approx({"one": 0.5, "two": 0.5})
    with pytest.raises(SolveError, match="worth the same for every reward"):
        chosen(both, "start", 1.0)


def test_what_is_not_possible_is_refused():
    with pytest.raises(SolveError, match="in \\[0, 1\\)"):
        sampled(CASE_STUDY, 1.0)
    with pytest.raises(SolveError, match="lies in \\[0, 1\\]"):
        power(CASE_STUDY, "star", 1.5)
    with pytest.raises(SolveError, match="sample instead"):
        power(behind_a_door(9), "start", 0.5)
    with pytest.raises(WorldError, match="there is no state 'moon'"):
        power(CASE_STUDY, "moon", 0.5)
    with pytest.raises(WorldError, match="'a' leads to 'b', which is none of a"):
        Graph.of("wrong", {"a": ("b",)})
    with pytest.raises(WorldError, match="'a' leads nowhere"):
        Graph.of("wrong", {"a": ()})
