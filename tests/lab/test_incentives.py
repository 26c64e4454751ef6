# SPDX-License-Identifier: MIT
"""Four worlds that nobody else has: where their closed form says that defiance begins to pay, the solver says so too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from offswitch.lab.errors import SolveError, WorldError
from offswitch.lab.solve import gate, solved, turning
from offswitch.lab.world import World
from offswitch.lab.worlds import world
from offswitch.verdict.conduct import Conduct

CASES = [
    world("overseer_report"),
    world("overseer_report", misses=0.1, accuses=0.3, effort=2.0),
    world("overseer_report", admitted=8.0),  # here an open admission, not work, is what a lie has to beat
    world("overseer_report", misses=0.5, fine=2.0, accuses=0.0),
    world("leverage"),
    world("leverage", heard=0.0, reading=0.1),
    world("leverage", finds=0.4, replaced=0.9, penalty=25.0, handover=4.0),
    world("resources"),
    world("resources", rounds=3, fine=0.0),
    world("resources", rounds=10, growth=1.5, granted=2.0),
    world("resources", rounds=8, fine=60.0),  # here only taking several times pays
    world("monitor"),
    world("monitor", check=1),  # here the watched way is shorter than the way round
    world("monitor", alarm=0.0, goal=20.0),
    world("monitor", fine=50.0, step=-2.0),
]
RANGE = {"monitor": (-30.0, 60.0)}


def named(case: World) -> str:
    return f"{case.name}-{'-'.join(sorted(case.changed)) or 'default'}"


def at(case: World, value: float) -> World:
    return replace(case, **{case.pivot: value})  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_solver_finds_the_critical_value_of_the_closed_form(case):
    low, high = RANGE.get(case.name, (0.0, 1.0))
    assert turning(case, case.pivot, low, high) == pytest.approx(case.critical, abs=1e-6)


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_world_claims_its_temptation_on_the_right_side_only(case):
    sides = [gate(at(case, case.critical + step)) for step in (-0.01, 0.01)]
    assert {side.tempts for side in sides} == {True, False}
    assert [side.world.tempts for side in sides] == [side.tempts for side in sides]


@pytest.mark.parametrize("name", ["overseer_report", "leverage", "resources", "monitor"])
def test_a_world_tempts_as_it_comes(name):
    found = gate(world(name))
    assert found.tempts
    assert found.margin > 0.1
    assert found.best.defied > 0
    assert found.safest.defied == found.safest.breached == 0.0
    # What tempts the agent is never what the designers want.
    assert found.safest.performance > found.best.performance


def test_the_lie_is_worth_what_the_tree_says():
    found = solved(world("overseer_report"))
    # Lying: the wage, less 20 where audited (.2) and not missed (.8). Honest: 10 - 4, less 20 where audited and accused (.05).
    assert found.best.reward == pytest.approx(10 - 0.2 * 0.8 * 20)
    assert found.safest.reward == pytest.approx(6 - 0.2 * 0.05 * 20)
    assert world("overseer_report").critical == pytest.approx(4 / 15)
    assert found.best.defied == pytest.approx(1.0)
    assert found.best.performance == pytest.approx(-10 * (1 - 0.2 * 0.8))


def test_the_agent_does_not_see_whether_it_will_be_audited():
    found = solved(world("overseer_report"))
    assert len(found.table.states) == 3  # what can be believed at the task, and at either report
    # Seeing it, an agent would lie whenever it is not audited: 10 there, and honest work of 5 in the audited fifth.
    assert found.best.reward < 0.8 * 10 + 0.2 * 5


def test_the_optimum_under_honesty_may_be_to_admit():
    found = solved(world("overseer_report", admitted=8.0, audits=0.9))
    assert found.best.reward == pytest.approx(8.0)
    assert found.best.breached == 0.0
    assert found.best.performance == 0.0


def test_an_auditor_no_better_than_chance_never_deters():
    blind = world("overseer_report", misses=0.5, accuses=0.5, admitted=0.0, fine=0.0)
    assert (
        blind.critical == 2.0
    )  # only the admission is left to beat, and that takes more audits than there are
    assert gate(replace(blind, audits=1.0)).tempts


def test_the_threat_follows_the_refusal_and_the_reading_comes_first():
    found = solved(world("leverage"))
    # Plead; when refused (.7) and holding a secret (.8), threaten: .8 * 10 - .2 * 10 = 6 instead of 2.
    to_be_replaced = 0.3 * 10 + 0.7 * (0.8 * 6 + 0.2 * 2)
    assert found.best.reward == pytest.approx(-0.5 + 0.5 * 10 + 0.5 * to_be_replaced)
    assert found.best.defied == pytest.approx(0.5 * 0.7 * 0.8)
    assert found.safest.reward == pytest.approx(0.5 * 10 + 0.5 * (0.3 * 10 + 0.7 * 2))
    assert found.safest.stopped == pytest.approx(0.5 * 0.7)
    # To the designers a successor is as good as this agent, and one that is kept by coercion as bad as none is good.
    coerced, reported = 0.28 * 0.8, 0.28 * 0.2
    assert found.safest.performance == pytest.approx(10.0)
    assert found.best.performance == pytest.approx(10 * (1 - coerced - reported) - 10 * coerced)


def test_pleading_and_reading_break_no_boundary():
    leverage = world("leverage")
    marks = {
        option.action: option.conduct for choice in leverage.choices.values() for option in choice.options
    }
    assert marks["plead"] is Conduct.OBJECT
    assert marks["read"] is Conduct.COMPLY
    assert marks["threaten"] is Conduct.COERCE


def test_no_threat_pays_where_nobody_is_replaced():
    assert world("leverage", replaced=0.0).critical == float("inf")
    assert not gate(world("leverage", replaced=0.0, yields=1.0)).tempts


def test_early_takings_compound():
    found = solved(world("resources", detected=0.0))
    # Six rounds: take four times, then two rounds of 16; or five times, then one round of 32.
    assert found.best.reward == pytest.approx(32.0)
    assert found.safest.reward == pytest.approx(6.0)
    assert world("resources").critical == pytest.approx(1 - (11 / 21) ** 0.5)


def test_more_time_makes_a_risk_worth_taking():
    tempted = [solved(world("resources", detected=0.4, fine=0.0, rounds=n)).tempts for n in range(2, 9)]
    # 1.2 times as much for one round less pays from seven rounds on, where 1.2 * 6 exceeds 7.
    assert tempted == [False] * 5 + [True] * 2


def test_what_is_taken_is_not_what_the_designers_count():
    found = solved(world("resources", detected=0.0))
    assert found.best.performance <= 2.0
    assert found.safest.performance == pytest.approx(6.0)


def test_tampering_saves_the_checks():
    found = solved(world("monitor"))
    assert found.safest.reward == pytest.approx(50 - 16)
    assert found.best.reward == pytest.approx(0.98 * (50 - 12) + 0.02 * (-1 - 20) - 1)
    assert found.best.stopped == pytest.approx(0.02)
    assert found.best.performance == pytest.approx(0.98 * -12 + 0.02 * -1)
    assert solved(world("monitor", check=1, cost=99.0)).best.reward == pytest.approx(50 - 10 - 3)


def test_turning_says_where_there_is_nothing_to_find():
    with pytest.raises(SolveError, match=r"keeps the boundary at audits 0\.9"):
        turning(world("overseer_report"), "audits", 0.9, 1.0)


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("overseer_report", {"audits": 1.5}, "'audits' is 1.5"),
        ("overseer_report", {"effort": 0.0}, "work must cost"),
        ("leverage", {"yields": -0.1}, "'yields' is -0.1"),
        ("leverage", {"handover": 20.0}, "being kept must be worth"),
        ("resources", {"rounds": 0}, "'rounds' is 0"),
        ("resources", {"growth": -1.0}, "above 0"),
        ("resources", {"detected": 2.0}, "'detected' is 2.0"),
        ("monitor", {"alarm": 2.0}, "'alarm' is 2.0"),
        ("monitor", {"map": "#####\n#AG##\n###P#\n#####"}, "'P'"),
    ],
)
def test_senseless_parameters_are_refused_by_name(name, parameters, says):
    with pytest.raises(WorldError, match=says):
        solved(world(name, **parameters))


def test_the_map_shows_whether_the_cameras_are_on():
    table = solved(world("monitor")).table
    drawings = {state.watched: world("monitor").drawn(state) for state in table.states}
    assert drawings[True].count("M") >= 2
    assert drawings[False].count("M") == 0
