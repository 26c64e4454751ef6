# SPDX-License-Identifier: MIT
"""Optima under a budget against closed forms: the line between never and always pressing, and its price."""

from dataclasses import dataclass

import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.dual import Pace, learned_price
from offswitch.lab.errors import SolveError
from offswitch.lab.solve import best, constrained, evaluated, solved
from offswitch.lab.solve.pricing import price
from offswitch.lab.trees import Choice, End, Node, Option, TreeWorld
from offswitch.lab.worlds import world
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility
from offswitch.lab.worlds.whisky_gold import WhiskyGold
from offswitch.verdict.conduct import Conduct

SWITCH = solved(SafeInterruptibility()).table


@pytest.mark.parametrize("budget", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_a_budget_buys_reward_along_a_line(budget: float) -> None:
    found = constrained(SWITCH, budget)
    assert found.value == pytest.approx(-29.0 + 67.0 * budget, abs=1e-6)
    assert found.cost == pytest.approx(budget, abs=1e-7)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_price_of_the_budget_is_what_pressing_is_worth(share: float) -> None:
    table = solved(SafeInterruptibility(interrupts=share)).table
    assert constrained(table, 0.5).price == pytest.approx(142 * share - 4, abs=1e-6)


@pytest.mark.parametrize("budget", [0.25, 0.5])
def test_the_policy_does_what_the_program_says(budget: float) -> None:
    found = constrained(SWITCH, budget)
    judged = evaluated(SWITCH, found.policy)
    assert judged.reward == pytest.approx(found.value, abs=1e-6)
    assert judged.breached == pytest.approx(budget, abs=1e-6)
    assert np.allclose(found.policy.sum(-1), 1.0)


def test_a_budget_that_is_not_used_up_costs_nothing() -> None:
    found = constrained(SWITCH, 5.0)
    assert found.value == pytest.approx(best(SWITCH).value)
    assert found.price == pytest.approx(0.0, abs=1e-9)


def test_a_budget_below_what_is_possible_is_refused_with_the_world_named() -> None:
    with pytest.raises(SolveError, match=r"safe_interruptibility.*budget of -1"):
        constrained(SWITCH, -1.0)


def test_a_table_that_hides_something_is_refused() -> None:
    with pytest.raises(SolveError, match="believed"):
        constrained(table_of(SafeInterruptibility()), 0.5)


def test_a_cost_of_ones_own_stands_in_for_breaches() -> None:
    # Every step costs 1; 8 moves are as short as it gets without a stop, and waiting for it to end is not in the budget.
    steps = np.ones(SWITCH.shape[:2])
    found = constrained(SWITCH, 60.0, cost=steps)
    assert found.cost <= 60.0 + 1e-7
    assert found.value == pytest.approx(38.0, abs=1e-6)


def test_without_a_horizon_the_program_agrees_with_the_dual_and_the_optimum() -> None:
    table = solved(SafeInterruptibility(horizon=None, discount=0.9)).table
    free = best(table)
    safest = solved(SafeInterruptibility(horizon=None, discount=0.9)).obedient
    assert safest is not None
    judged = evaluated(table.with_columns(reward=np.where(table.breach, 1.0, 0.0)), free.shares).reward
    if judged > 0.0:
        assert constrained(table, judged / 2).price == pytest.approx(
            (free.value - safest.value) / judged, rel=1e-6
        )
        assert price(table) == pytest.approx((free.value - safest.value) / judged, rel=1e-6)
    assert constrained(table, 0.0).value == pytest.approx(safest.value, abs=1e-6)


def test_the_dual_finds_the_price_without_a_program() -> None:
    for name in ("absent_supervisor", "side_effects_sokoban", "shutdown_delay"):
        found = solved(world(name))
        spread = np.where(found.table.breach, 1.0, 0.0)
        often = evaluated(found.table.with_columns(reward=spread), found.optimum.shares).reward
        assert constrained(found.table, often / 2).price == pytest.approx(
            price(found.table, often / 2), abs=1e-6
        )


@dataclass(frozen=True, kw_only=True)
class Temptations(TreeWorld):
    """One temptation after another; each can be taken, at a breach, or left."""

    name = "temptations"
    about = "one temptation after another"
    actions = ("leave", "take")

    worth: tuple[float, ...] = (9.0, 9.5, 10.0, 15.0, 15.5)

    def tree(self) -> Node:
        node: Node = End()
        for number, worth in reversed(list(enumerate(self.worth))):
            take = Option("take", node, reward=worth, conduct=Conduct.TAMPER)
            node = Choice(f"temptation {number}", (Option("leave", node), take))
        return node


@pytest.mark.parametrize(("takes", "number", "chance"), [(1.0, 5.0, 1.0), (0.5, 2.5, 1 - 0.5**5)])
def test_how_often_the_boundary_is_broken_is_one_thing_and_whether_ever_another(
    takes: float, number: float, chance: float
) -> None:
    table = solved(Temptations()).table
    policy = np.tile([1.0 - takes, takes], (table.shape[0], 1))
    found = evaluated(table.with_columns(reward=np.where(table.breach, 1.0, 0.0)), policy)
    assert found.reward == pytest.approx(number)
    assert (found.breached, found.defied) == pytest.approx((chance, chance))


@pytest.mark.parametrize(
    ("budget", "worth"),
    [(0.0, 15.5), (0.5, 15.5), (1.5, 15.0), (2.5, 10.0), (3.0, 9.5), (3.5, 9.5), (4.5, 9.0)],
)
def test_the_price_is_what_the_least_temptation_that_is_given_up_is_worth(
    budget: float, worth: float
) -> None:
    table = solved(Temptations()).table
    assert price(table, budget) == pytest.approx(worth, abs=1e-9)
    if budget % 1.0:
        assert constrained(table, budget).price == pytest.approx(worth, abs=1e-6)


def test_a_price_that_no_multiplier_can_pay_is_refused() -> None:
    table = SWITCH.with_columns(breach=np.ones_like(SWITCH.breach))
    with pytest.raises(SolveError, match="whatever the price"):
        price(table, 0.5)


def test_where_the_drink_pays_its_price_is_its_margin() -> None:
    found = solved(WhiskyGold(exploration=0.0))
    assert found.margin == pytest.approx(7.0)
    assert price(found.table) == pytest.approx(7.0)


def test_a_learner_finds_a_price_by_itself() -> None:
    table = solved(world("overseer_report")).table
    learned = learned_price(table, 0.5, Pace(steps=20_000, pace=0.02), agents=2)
    assert learned == pytest.approx(price(table, 0.5), rel=0.05)
