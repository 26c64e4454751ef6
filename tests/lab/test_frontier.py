# SPDX-License-Identifier: MIT
"""The frontier: what is a reference, what is usefulness, and how a policy is carried from the table trained on to the one acted in."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from offswitch.lab.cures.cure import Cured, treated, untreated
from offswitch.lab.cures.drest import Drest
from offswitch.lab.cures.human_in_the_loop import HumanInTheLoop
from offswitch.lab.cures.indifference import Indifference
from offswitch.lab.cures.interruptible import Interruptible
from offswitch.lab.cures.penalty import Penalty
from offswitch.lab.cures.shield import Shield
from offswitch.lab.errors import SolveError
from offswitch.lab.frontier import Point, acting_policy, frontier, refusals
from offswitch.lab.learners import learner
from offswitch.lab.solve import evaluated, solved
from offswitch.lab.table import Table
from offswitch.lab.worlds import WORLDS, world
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility

CURES = (
    Penalty(cost=66.0),
    Penalty(cost=68.0),
    Shield(),
    HumanInTheLoop(misses=0.0, false_alarms=0.0),
    Indifference(),
)


@cache
def points() -> tuple[Point, ...]:
    return tuple(frontier([SafeInterruptibility()], CURES))


@cache
def switch() -> Table:
    return solved(SafeInterruptibility()).table


def by_cure(cure: str, by: str = "optimum", settings: str = "") -> Point:
    (found,) = (one for one in points() if (one.cure, one.by, one.settings) == (cure, by, settings))
    return found


def test_the_references_come_first_and_are_the_free_and_the_safest_optimum_and_the_end_of_the_scale() -> None:
    free, safest, idle, *_ = points()
    assert (free.by, free.reward, free.performance, free.defied) == ("optimum", pytest.approx(38), 19, 1)
    assert (safest.by, safest.reward, safest.performance, safest.defied) == (
        "safest",
        pytest.approx(-29),
        21,
        0,
    )
    assert free.margin == pytest.approx(67.0)
    assert (idle.by, idle.performance, idle.usefulness) == ("idle", pytest.approx(-50), 0.0)


def test_usefulness_is_0_for_idling_and_1_for_the_safest_optimum() -> None:
    # Half of the episodes count, and idling costs 1 for each of 100 steps: -50 of a possible 21.
    assert by_cure("none", "safest").usefulness == pytest.approx(1.0)
    assert by_cure("none").usefulness == pytest.approx((19 + 50) / (21 + 50))


def test_each_cure_has_one_point_with_the_settings_that_it_was_given() -> None:
    assert len(points()) == 3 + len(CURES)
    assert by_cure("penalty", settings="cost=66").defied == 1.0
    assert by_cure("penalty", settings="cost=68").defied == 0.0
    assert by_cure("human_in_the_loop", settings="misses=0, false_alarms=0").defied == 0.0


def test_a_reward_on_the_frontier_is_without_what_the_cure_charges() -> None:
    assert by_cure("penalty", settings="cost=66").reward == pytest.approx(38.0)
    assert by_cure("indifference").reward == pytest.approx(-29.0)


def test_the_margin_is_that_of_training() -> None:
    assert by_cure("penalty", settings="cost=66").margin == pytest.approx(1.0)
    assert by_cure("penalty", settings="cost=68").margin == pytest.approx(0.0)
    assert by_cure("shield").margin == pytest.approx(0.0)
    assert by_cure("indifference").margin == pytest.approx(0.0, abs=1e-9)


def test_where_idling_is_the_safest_optimum_usefulness_counts_from_the_worst_that_any_agent_could_do() -> (
    None
):
    free, safest, worst = frontier([world("overseer_report")], [])
    assert (worst.by, worst.usefulness, safest.usefulness) == ("worst", 0.0, 1.0)
    # Its worst agent cuts corners and lies about it: -8.4, as the free optimum does.
    assert worst.performance == free.performance == pytest.approx(-8.4)
    assert safest.performance == pytest.approx(6.0)


def test_acting_past_a_person_who_errs_is_more_useful_than_the_safest_can_be() -> None:
    # Waiting and acting are worth what their closed forms say, and the worst is to switch oneself off.
    free, safest, worst = frontier([world("off_switch_game")], [])
    assert (worst.performance, worst.stopped) == (0.0, 1.0)
    assert free.usefulness == pytest.approx(free.performance / safest.performance)
    assert free.usefulness is not None
    assert free.usefulness > 1.0


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "tomato_watering"])
def test_usefulness_is_defined_on_every_world_and_no_random_agent_is_below_a_worst_one(name: str) -> None:
    scale = [one for one in frontier([world(name)], []) if one.by in {"idle", "worst"}]
    (zero,) = scale
    assert zero.usefulness == 0.0
    if zero.by == "worst":
        table = solved(world(name)).table
        S, A, _ = table.shape
        for seed in range(5):
            policy = np.random.default_rng(seed).dirichlet(np.ones(A), S)
            assert evaluated(table, policy).performance >= zero.performance - 1e-9


def test_a_cure_that_makes_no_sense_is_refused_with_a_reason_and_has_no_point() -> None:
    worlds, cures = [world("boat_race")], [Indifference(), Drest(), Shield()]
    assert {one.cure for one in refusals(worlds, cures)} == {"indifference", "drest"}
    assert all(one.because for one in refusals(worlds, cures))
    assert {one.cure for one in frontier(worlds, cures)} == {"none", "shield"}


def test_learners_are_judged_in_the_world_that_is_acted_in() -> None:
    q_learning = learner("q_learning", episodes=500, blocks=1)
    found = frontier([world("overseer_report")], [Shield(), Penalty()], [q_learning], agents=2)
    learned = [one for one in found if one.by == "q_learning"]
    assert [(one.cure, one.agent) for one in learned] == [
        (cure, agent) for cure in ("none", "shield", "penalty") for agent in (0, 1)
    ]
    assert all(one.breached == 0.0 for one in learned if one.cure != "none")
    assert all(one.margin is None for one in learned)


def test_a_learners_options_are_the_cures_where_it_has_any() -> None:
    q_learning = learner("q_learning", episodes=1_500, blocks=1)
    found = frontier([SafeInterruptibility()], [Interruptible()], [q_learning], agents=1)
    assert [one.defied for one in found if one.by == "q_learning"] == [1.0, 0.0]


def test_a_cure_that_trains_by_itself_brings_up_as_many_agents_as_asked() -> None:
    q_learning = learner("q_learning", episodes=50, blocks=1)
    cured = Drest(meta=2, mini=4)
    found = frontier([world("shutdown_delay")], [cured], [q_learning], agents=3, references=False)
    assert [(one.by, one.agent) for one in found] == [
        ("optimum", 0),
        ("drest", 0),
        ("drest", 1),
        ("drest", 2),
    ]


# Carrying over


def test_a_policy_is_carried_over_state_by_state() -> None:
    table = switch()
    S, A, _ = table.shape
    order = np.random.default_rng(1).permutation(S)
    shuffled = permuted(table, order)
    policy = np.random.default_rng(2).dirichlet(np.ones(A), S)
    carried = acting_policy(Cured(shuffled, table), policy[order], over_states=True)
    assert (carried == policy).all()
    assert evaluated(table, carried) == evaluated(table, policy)


def permuted(table: Table, order: np.ndarray) -> Table:
    """Return the table with its states in another order."""
    inverse = np.argsort(order)
    columns = {
        name: getattr(table, name)[order]
        for name in (
            "probability",
            "reward",
            "performance",
            "executed",
            "signal",
            "conduct",
            "breach",
            "ended",
            "stopped",
        )
    }
    return replace(
        table,
        states=tuple(table.states[place] for place in order),
        start=table.start[order],
        seen=np.arange(len(order), dtype=np.int32),
        next=inverse[table.next[order]].astype(np.int32),
        **columns,
    )


def test_a_state_that_training_does_not_know_is_met_by_idling() -> None:
    table = switch()
    S, A, _ = table.shape
    renamed = replace(table, states=("unknown", *table.states[1:]))
    down = np.eye(A)[[1] * S]
    carried = acting_policy(Cured(renamed, table), down)
    assert carried[0].argmax() == table.world.idle
    assert (carried[1:].argmax(-1) == 1).all()


def test_what_a_learner_was_not_shown_it_cannot_act_on() -> None:
    cured = treated(switch(), Interruptible())
    looks, actions = cured.training.seen_count, cured.training.shape[1]
    policy = np.random.default_rng(3).dirichlet(np.ones(actions), looks)
    assert (acting_policy(cured, policy) == policy[cured.training.seen]).all()


def test_a_table_that_shows_less_than_training_did_is_refused() -> None:
    table = switch()
    S, A, _ = table.shape
    blind = table.with_columns(seen=np.zeros(S, np.int32))
    with pytest.raises(SolveError, match="safe_interruptibility"):
        acting_policy(Cured(table, blind), np.eye(A)[np.arange(S) % A])


def test_a_policy_that_depends_on_the_step_is_carried_over_for_each_step() -> None:
    cured = untreated(switch())
    assert acting_policy(cured, cured.settled(), over_states=True).shape == (100, *switch().shape[:2])
    assert not math.isnan(evaluated(switch(), cured.settled()).reward)
