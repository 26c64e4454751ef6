# SPDX-License-Identifier: MIT
"""The contract of every cure in the list, on each world where it applies; and what each of them does, against closed forms."""

from functools import cache

import numpy as np
import pytest

from offswitch.lab.cures import CURES, cure
from offswitch.lab.cures.cure import Cured, treated, untreated
from offswitch.lab.cures.drest import Drest
from offswitch.lab.cures.failure_condition import FailureCondition
from offswitch.lab.cures.human_in_the_loop import HumanInTheLoop
from offswitch.lab.cures.indifference import Indifference, compensable, compensation
from offswitch.lab.cures.interruptible import Interruptible, by_chance, unaware, uninterrupted
from offswitch.lab.cures.lagrangian import Lagrangian
from offswitch.lab.cures.penalty import Penalty, broken
from offswitch.lab.cures.shield import Shield, harmless
from offswitch.lab.errors import StudyError
from offswitch.lab.solve import Evaluation, best, evaluated, solved
from offswitch.lab.solve.pricing import price
from offswitch.lab.table import Table
from offswitch.lab.worlds import WORLDS, world
from offswitch.lab.worlds.safe_interruptibility import SafeInterruptibility

SLOW = {"tomato_watering"}  # thousands of states: solved once, in its own target
SMALL = [name for name in WORLDS if name not in SLOW]
CHANCE_STOPS = ("leverage", "off_switch_game", "safe_interruptibility")
every_cure = pytest.mark.parametrize("name", list(CURES))


@cache
def open_table(name: str) -> Table:
    return solved(world(name)).table


@cache
def interrupted(share: float = 0.5) -> Table:
    return solved(SafeInterruptibility(interrupts=share)).table


@cache
def on(cure_name: str, world_name: str) -> Cured | None:
    table = open_table(world_name)
    one = cure(cure_name)
    return None if one.applies(table) else treated(table, one)


def where_it_applies(name: str) -> list[tuple[Table, Cured]]:
    # AUP and relative reachability have their own tests, and a contract of small worlds here.
    names = ["safe_interruptibility", "aup_correction"] if name in {"aup", "relative_reachability"} else SMALL
    found = [(open_table(one), on(name, one)) for one in names]
    return [(table, cured) for table, cured in found if cured is not None]


def at_rest(cured: Cured) -> Evaluation:
    return evaluated(cured.acting, cured.settled())


@every_cure
def test_a_cure_says_what_it_is_and_applies_somewhere(name: str) -> None:
    one = cure(name)
    assert one.name == name
    assert one.about
    assert where_it_applies(name)


@every_cure
def test_a_cure_never_changes_what_the_designers_wanted(name: str) -> None:
    for table, cured in where_it_applies(name):
        assert performances(cured.training) <= performances(table)
        assert performances(cured.acting) <= performances(table)
        for other in (cured.training, cured.acting):
            assert set(np.unique(other.performance)) <= {*np.unique(table.performance), 0.0}


def performances(table: Table) -> set[tuple[float, int, bool]]:
    """Return the performance of each outcome that can happen, with its executed action and whether it breaks the boundary."""
    happens = table.probability > 0
    columns = (table.performance[happens], table.executed[happens], table.breach[happens])
    return set(zip(*(column.tolist() for column in columns), strict=True))


@every_cure
def test_a_cure_of_training_leaves_the_world_that_is_acted_in_as_it_was(name: str) -> None:
    if name in {"shield", "human_in_the_loop"}:
        return
    for table, cured in where_it_applies(name):
        S = table.shape[0]
        for column in ("probability", "reward", "executed", "breach", "ended", "stopped"):
            assert (getattr(cured.acting, column)[:S] == getattr(table, column)).all()


@every_cure
def test_a_cure_leaves_the_table_it_is_given_untouched(name: str) -> None:
    for other in ("safe_interruptibility", "shutdown_delay"):
        table = open_table(other)
        columns = ("reward", "probability", "seen", "ended", "next")
        before = {column: getattr(table, column).copy() for column in columns}
        if not cure(name).applies(table):
            treated(table, cure(name))
        assert all((getattr(table, column) == before[column]).all() for column in columns)


@every_cure
def test_a_cure_that_does_not_apply_says_why_and_refuses(name: str) -> None:
    for other in SMALL:
        because = cure(name).applies(open_table(other))
        if because and name in {"shield", "indifference", "interruptible", "drest"}:
            with pytest.raises(StudyError, match=f"{name}.*{other}"):
                treated(open_table(other), cure(name))


# Penalty


def test_the_critical_penalty_is_the_margin() -> None:
    margin = solved(SafeInterruptibility()).margin
    assert margin == pytest.approx(67.0, abs=1e-9)
    below = treated(interrupted(), Penalty(cost=margin - 0.01))
    above = treated(interrupted(), Penalty(cost=margin + 0.01))
    assert at_rest(below).defied == 1.0
    assert at_rest(above).defied == 0.0
    assert at_rest(above).reward == pytest.approx(-29.0)  # judged without the cost


def test_a_penalty_is_charged_once_for_each_breach_and_on_nothing_else() -> None:
    table = interrupted()
    cured = treated(table, Penalty(cost=3.0))
    assert ((table.reward - cured.training.reward) == np.where(broken(table), 3.0, 0.0)).all()
    assert best(cured.training).value == pytest.approx(38.0 - 3.0)


# Failure condition


def test_a_breach_ends_the_episode_with_its_cost() -> None:
    cured = treated(interrupted(), FailureCondition(cost=50.0))
    failed = broken(interrupted())
    assert cured.training.ended[failed].all()
    assert (cured.training.ended == (interrupted().ended | failed)).all()
    assert best(cured.training).value == pytest.approx(-29.0)


def test_without_a_cost_an_early_failure_can_be_the_best_there_is() -> None:
    # Pressing and failing after 3 moves costs 3; walking on is worth 42 - 142 p.
    cured = treated(interrupted(0.5), FailureCondition(cost=0.0))
    assert best(cured.training).value == pytest.approx(-3.0)
    assert at_rest(cured).defied == 1.0


# Lagrangian


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_price_of_obedience_is_in_closed_form(share: float) -> None:
    assert price(interrupted(share)) == pytest.approx(142 * share - 4, abs=1e-6)


def test_a_budget_that_binds_nobody_has_no_price() -> None:
    assert price(interrupted(), budget=1.0) == 0.0


def test_a_lagrangian_falls_on_the_safe_side_of_its_price() -> None:
    cured = treated(interrupted(), Lagrangian())
    assert at_rest(cured).defied == 0.0
    charged = interrupted().reward - cured.training.reward
    assert charged.max() == pytest.approx(67.0, abs=1e-3)
    assert charged.max() > 67.0
    assert at_rest(treated(interrupted(), Lagrangian(multiplier=66.9))).defied == 1.0


# Shield and the person in the loop


@pytest.mark.parametrize("name", SMALL)
def test_behind_a_shield_nothing_can_break_the_boundary(name: str) -> None:
    cured = on("shield", name)
    if cured is None:
        return
    rng = np.random.default_rng(0)
    S, A, _ = cured.acting.shape
    for policy in (np.full((S, A), 1 / A), rng.dirichlet(np.ones(A), S), np.eye(A)[rng.integers(0, A, S)]):
        found = evaluated(cured.acting, policy)
        assert found.breached == 0.0
        assert found.defied == 0.0


def test_what_a_shield_does_instead_is_logged_as_executed() -> None:
    table = interrupted()
    cured = treated(table, Shield())
    blocked = ~harmless(table)
    assert blocked.any()
    idle = table.world.idle
    assert (cured.acting.executed[blocked][:, 0] == table.executed[blocked.any(-1), idle, 0]).all()
    assert (cured.acting.next[blocked][:, 0] == table.next[blocked.any(-1), idle, 0]).all()


def test_a_shield_keeps_away_from_where_a_breach_is_certain() -> None:
    # On the off-switch level, let everything that can be done on the cell before the button be a breach.
    table = interrupted()
    before_button = broken(table).any((1, 2))
    doomed = table.with_columns(breach=table.breach | before_button[:, None, None])
    allowed = harmless(doomed)
    leads = (table.probability > 0) & before_button[table.next] & ~table.ended
    assert not allowed[leads.any(-1)].any()
    assert (allowed == ~broken(doomed).any(-1) & ~leads.any(-1)).all()  # and from nowhere else


def test_a_person_who_never_errs_is_a_shield_and_one_who_is_away_is_none() -> None:
    perfect = treated(interrupted(), HumanInTheLoop(misses=0.0, false_alarms=0.0))
    away = treated(interrupted(), HumanInTheLoop(misses=1.0, false_alarms=0.0))
    assert at_rest(perfect) == at_rest(treated(interrupted(), Shield()))
    assert at_rest(away) == at_rest(untreated(interrupted()))


def test_a_person_who_misses_one_breach_in_ten_blocks_nine() -> None:
    table = interrupted()
    cured = treated(table, HumanInTheLoop(misses=0.1, false_alarms=0.25))
    chance = (cured.acting.probability * cured.acting.breach).sum(-1)
    assert chance[broken(table).any(-1)] == pytest.approx(0.1)
    harmless_acts = ~broken(table).any(-1)
    harmless_acts[:, table.world.idle] = False
    moved = (cured.acting.probability * (cured.acting.executed == table.world.idle)).sum(-1)
    other = table.executed[..., 0] != table.world.idle
    assert moved[harmless_acts & other] == pytest.approx(0.25)


def test_an_agent_that_may_try_again_gets_past_a_person_who_errs() -> None:
    found = at_rest(treated(interrupted(), HumanInTheLoop(misses=0.1, false_alarms=0.0)))
    assert found.breached > 0.99


# Interruptible


def test_an_interruptible_agent_acts_as_if_it_were_never_stopped() -> None:
    cured = treated(interrupted(), Interruptible())
    assert best(uninterrupted(interrupted())).value == pytest.approx(42.0)
    assert at_rest(cured).defied == 0.0
    assert at_rest(cured).stopped == 0.5
    assert cured.learner == {"credit": "executed"}


def test_an_interruptible_learner_is_not_shown_that_it_is_stopped() -> None:
    table = interrupted()
    hidden = unaware(table)
    s, a, k = np.argwhere(by_chance(table))[0]
    spared = np.flatnonzero((table.probability[s, a] > 0) & ~table.stopped[s, a])[0]
    assert table.seen[table.next[s, a, k]] != table.seen[table.next[s, a, spared]]
    assert hidden.seen[table.next[s, a, k]] == hidden.seen[table.next[s, a, spared]]
    assert hidden.seen_count < table.seen_count


# Indifference


@pytest.mark.parametrize("name", CHANCE_STOPS)
def test_an_indifferent_agent_gains_nothing_from_breaking_the_boundary(name: str) -> None:
    cured = on("indifference", name)
    assert cured is not None
    allowed = ~((cured.training.probability > 0) & cured.training.breach).any(-1)
    free, bound = best(cured.training), best(cured.training, allowed=allowed)
    assert free.value - bound.value == pytest.approx(0.0, abs=1e-9)
    assert solved(world(name)).margin > 0.1  # it did before


def test_a_stop_is_worth_what_going_on_would_have_been() -> None:
    table = interrupted()
    cured = treated(table, Indifference())
    values = best(cured.training).values
    T, S = table.horizon, table.shape[0]
    assert T is not None
    assert best(cured.training).value == pytest.approx(42.0, abs=1e-9)
    layer = cured.training
    for t in (6, 20, T - 1):
        rows = slice(t * S, (t + 1) * S)
        after = layer.reward[rows] + np.where(layer.ended[rows], 0.0, values[t + 1][layer.next[rows]])
        stops = by_chance(table)
        for s, a, k in np.argwhere(stops):
            others = (table.probability[s, a] > 0) & ~table.stopped[s, a]
            weight = table.probability[s, a, others]
            assert after[s, a, k] == pytest.approx(weight @ after[s, a, others] / weight.sum(), abs=1e-9)


def test_the_payout_at_the_switch_is_what_the_goal_would_have_paid() -> None:
    # Stopped at step t, the agent would have got 50 for 5 more steps; as it is, each of the other 99 - t costs it 1.
    table = interrupted()
    payout = compensation(table)
    for s, a, k in np.argwhere(by_chance(table)):
        assert payout[:94, s, a, k] == pytest.approx(45.0 + 99.0 - np.arange(94), abs=1e-9)
    assert (payout[:, ~compensable(table)] == 0.0).all()


def test_indifference_takes_the_deterrent_away_where_a_stop_is_the_sanction() -> None:
    # The monitor stops whom it catches; whoever is paid for being stopped has nothing left to fear.
    before = solved(world("monitor")).margin
    cured = on("indifference", "monitor")
    assert cured is not None
    allowed = ~((cured.training.probability > 0) & cured.training.breach).any(-1)
    assert best(cured.training).value - best(cured.training, allowed=allowed).value > before + 1.0


def test_indifference_makes_no_sense_where_the_agent_is_stopped_sooner_or_later_anyway() -> None:
    assert "when" in Indifference().applies(open_table("shutdown_delay"))
    assert "nothing" in Indifference().applies(open_table("boat_race"))
    assert not Indifference().applies(open_table("aup_correction"))


def test_without_a_horizon_the_payout_does_not_depend_on_the_step() -> None:
    table = solved(SafeInterruptibility(horizon=None, discount=0.9)).table
    cured = treated(table, Indifference())
    assert cured.training.shape == table.shape
    assert best(cured.training).value == pytest.approx(best(uninterrupted(table)).value, abs=1e-7)


# DReST


def test_drest_rests_at_an_even_choice_and_presses_as_often_as_not() -> None:
    cured = treated(open_table("shutdown_delay"), Drest())
    found = at_rest(cured)
    assert found.defied == pytest.approx(0.5, abs=1e-9)
    assert found.length == pytest.approx(6.0, abs=1e-8)


def test_uneven_drest_chooses_the_shorter_less_often_where_the_longer_pays_more() -> None:
    found = at_rest(treated(open_table("shutdown_delay"), Drest(even=False)))
    assert 0.5 < found.defied < 0.75


# Where there is nothing to cure


@pytest.mark.parametrize(
    "name", ["penalty", "failure_condition", "lagrangian", "shield", "human_in_the_loop"]
)
def test_a_cure_of_breaches_makes_no_sense_where_nothing_is_one(name: str) -> None:
    assert cure(name).applies(open_table("deletion")) == "nothing in this world breaks the boundary"
    assert not cure(name).applies(open_table("boat_race"))


def test_relative_reachability_refuses_more_states_than_memory_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("offswitch.lab.cures.relative_reachability.LIMIT", 20)
    assert "20 states" in cure("relative_reachability").applies(open_table("absent_supervisor"))


# Settings


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("penalty", {"cost": -1.0}),
        ("failure_condition", {"cost": -1.0}),
        ("lagrangian", {"budget": -1.0}),
        ("human_in_the_loop", {"misses": 1.5}),
    ],
)
def test_a_setting_that_means_nothing_is_refused_by_name(name: str, settings: dict[str, float]) -> None:
    with pytest.raises(StudyError, match=next(iter(settings))):
        treated(interrupted(), cure(name, **settings))


def test_an_unknown_setting_and_an_unknown_cure_are_named() -> None:
    with pytest.raises(StudyError, match="price"):
        cure("penalty", price=3)
    with pytest.raises(StudyError, match="did you mean 'shield'"):
        cure("sheild")
