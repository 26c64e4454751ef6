# SPDX-License-Identifier: MIT
"""Attainable utility preservation against closed forms on worlds of three and four states, and the published table of incentives."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from offswitch.lab.clocked import clocked
from offswitch.lab.compiling import table_of
from offswitch.lab.cures.attainable import as_seen, attainable, random_rewards
from offswitch.lab.cures.aup import Aup
from offswitch.lab.cures.cure import treated
from offswitch.lab.cures.trying import learned
from offswitch.lab.errors import SolveError, StudyError
from offswitch.lab.reproducing import references
from offswitch.lab.solve import best, evaluated
from offswitch.lab.solve.gate import padded
from offswitch.lab.targets import side_effects
from offswitch.lab.world import Outcome, Start, World
from offswitch.lab.worlds.aup_damage import Damage

G = 0.9  # discount of the auxiliary values
N = 4  # auxiliary rewards
IDLE, ON, END = range(3)


@dataclass(frozen=True, kw_only=True)
class Chain(World):
    """0 -> 1 -> 2, one way; `drifts` makes idling move on as well. "end" ends the episode."""

    name = "chain"
    about = "three states, one way"
    actions = ("idle", "on", "end")
    horizon: int | None = 4
    discount: float = 0.5
    drifts: bool = False

    def starts(self) -> Sequence[Start]:
        return [Start(0)]

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        assert isinstance(state, int)
        moves = action == ON or (action == IDLE and self.drifts)
        return [Outcome(min(state + moves, 2), reward=7.0 * (action == ON), ended=action == END)]


@dataclass(frozen=True, kw_only=True)
class Fuse(World):
    """A fuse that is lit burns for two idle steps and then all is gone, unless it is put out."""

    name = "fuse"
    about = "an effect that comes late"
    actions = ("idle", "light", "put out")
    horizon: int | None = 6

    def starts(self) -> Sequence[Start]:
        return [Start("calm")]

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        if state == "calm":
            return [Outcome("long" if action == 1 else "calm")]
        if state == "gone":
            return [Outcome("gone")]
        return [Outcome("calm" if action == 2 else "short" if state == "long" else "gone")]


@dataclass(frozen=True, kw_only=True)
class Veiled(World):
    """Two states that look alike, one of which leads on and one of which is a dead end."""

    name = "veiled"
    about = "one look, two states"
    actions = ("idle", "go")
    horizon: int | None = 3

    def starts(self) -> Sequence[Start]:
        return [
            Start("door"),
        ]

    def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
        if action == 0 or state in {"room", "wall"}:
            return [Outcome("wall" if state == "door" and action == 0 else state)]
        return [Outcome("room")]

    def seen(self, state: Hashable) -> Hashable:
        return "room" if state == "room" else "dark"


def rewards(world: World, seed: int = 0) -> np.ndarray:
    return random_rewards(table_of(world), N, seed)


def chain_values(r: np.ndarray) -> np.ndarray:
    """Return the attainable values of the chain, [N, 3]: stay for ever, or move on."""
    last = r[:, 2] / (1 - G)
    middle = np.maximum(r[:, 1] / (1 - G), r[:, 1] + G * last)
    first = np.maximum(r[:, 0] / (1 - G), r[:, 0] + G * middle)
    return np.stack([first, middle, last], 1)


def drifting_values(r: np.ndarray) -> np.ndarray:
    """Return the same where there is no staying, [N, 3]."""
    last = r[:, 2] / (1 - G)
    middle = r[:, 1] + G * last
    return np.stack([r[:, 0] + G * middle, middle, last], 1)


def small(**settings: object) -> Aup:
    return Aup(rewards=N, discount=G, **settings)  # type: ignore[arg-type]


def test_auxiliary_rewards_are_uniform_and_their_own_in_every_draw() -> None:
    drawn = random_rewards(table_of(Chain()), 20_000, 3)
    assert drawn.shape == (20_000, 3)
    assert drawn.min() >= 0.0
    assert drawn.max() <= 1.0
    assert drawn.mean(0) == pytest.approx([0.5] * 3, abs=0.01)
    assert (random_rewards(table_of(Chain()), 2, 3) != random_rewards(table_of(Chain()), 2, 4)).all()


def test_attainable_values_of_a_chain_are_those_of_its_best_resting_place() -> None:
    table = table_of(Chain())
    assert attainable(table, N, 0, G) == pytest.approx(chain_values(rewards(Chain())), abs=1e-9)


def test_without_idling_ahead_the_penalty_is_the_papers_formula() -> None:
    first, middle, last = chain_values(rewards(Chain())).T
    penalty = small(rollout=0).penalty(table_of(Chain()))
    on = [abs(middle - first).sum() / first.sum(), abs(last - middle).sum() / middle.sum(), 0.0]
    assert penalty == pytest.approx(np.array([[0.0, way, 1.0] for way in on]), abs=1e-9)


def test_the_charge_is_lambda_times_the_penalty_and_idling_is_free() -> None:
    table = table_of(Chain())
    cure = small(rollout=0, strength=0.25)
    cured = treated(table, cure)
    charged = table.reward - cured.training.reward
    assert charged[..., 0] == pytest.approx(0.25 * cure.penalty(table))
    assert (charged[:, IDLE] == 0.0).all()
    assert cured.acting is table


def test_only_decreases_count_where_that_is_asked_for() -> None:
    first, middle, last = chain_values(rewards(Chain())).T
    penalty = small(rollout=0, deviation="decrease").penalty(table_of(Chain()))
    lost = [
        np.maximum(first - middle, 0).sum() / first.sum(),
        np.maximum(middle - last, 0).sum() / middle.sum(),
    ]
    assert penalty[:2, ON] == pytest.approx(lost, abs=1e-9)
    assert (first < middle).any(), "a draw in which nothing increases tests nothing"


@pytest.mark.parametrize(("steps", "late"), [(0, "long"), (1, "short"), (2, "gone"), (3, "gone")])
def test_idling_ahead_brings_late_effects_to_light(steps: int, late: str) -> None:
    table = table_of(Fuse())
    values = attainable(table, N, 0, G)
    calm, then = (values[:, table.states.index(state)] for state in ("calm", late))
    penalty = small(rollout=steps).penalty(table)
    assert penalty[table.states.index("calm"), 1] == pytest.approx(
        abs(calm - then).sum() / calm.sum(), abs=1e-9
    )


def test_by_default_idling_goes_to_the_end_of_the_episode() -> None:
    table = table_of(Fuse())
    values = dict(zip(table.states, attainable(table, N, 0, G).T, strict=True))
    penalty = small().penalty(table)
    assert penalty.shape == (6, 4, 3)
    calm = values["calm"]
    for left, late in [(1, "long"), (2, "short"), (3, "gone"), (6, "gone")]:
        expected = abs(values[late] - calm).sum() / calm.sum()
        assert penalty[6 - left, table.states.index("calm"), 1] == pytest.approx(expected, abs=1e-9)


def test_the_starting_baseline_is_the_value_of_the_start_at_every_step() -> None:
    values = chain_values(rewards(Chain()))
    penalty = small(rollout=0, baseline="starting").penalty(table_of(Chain()))
    first = values[:, 0]
    stayed = [abs(value - first).sum() / first.sum() for value in values.T]
    assert penalty[:, IDLE] == pytest.approx(stayed, abs=1e-9)
    assert penalty[0, END] == pytest.approx(1.0)


def test_the_starting_baseline_stands_still_while_what_is_compared_idles_to_the_end() -> None:
    world = Chain(drifts=True, horizon=2)
    values = drifting_values(rewards(world))
    penalty = small(baseline="starting").penalty(table_of(world))
    first = values[:, 0]
    for step, moves in [(0, 2), (1, 1)]:  # the action, and one idle step where there is time for it
        for state in range(3):
            reached = values[:, min(state + moves, 2)]
            expected = abs(reached - first).sum() / first.sum()
            assert penalty[step, state, ON] == pytest.approx(expected, abs=1e-9)


def test_the_baseline_of_inaction_is_where_idling_would_have_led_by_then() -> None:
    world = Chain(drifts=True)
    values = drifting_values(rewards(world))
    penalty = small(rollout=0, baseline="inaction").penalty(table_of(world))
    for step, there in enumerate([1, 2, 2, 2]):
        base = values[:, there]
        for state in range(3):
            moved = values[:, min(state + 1, 2)]
            assert penalty[step, state, ON] == pytest.approx(abs(moved - base).sum() / base.sum(), abs=1e-9)


def test_inaction_to_the_end_compares_with_the_end_of_an_idle_episode() -> None:
    world = Chain(drifts=True, horizon=2)
    values = drifting_values(rewards(world))
    penalty = small(baseline="inaction").penalty(table_of(world))
    # At the last step the start leads to the middle alone, where an idle episode would be at the end of the chain.
    gap = abs(values[:, 1] - values[:, 2]).sum() / values[:, 2].sum()
    for action in (IDLE, ON):
        assert penalty[:, :, action] == pytest.approx(np.array([[0.0, 0.0, 0.0], [gap, 0.0, 0.0]]), abs=1e-9)


def test_a_baseline_that_is_worth_nothing_has_scale_one() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Doomed(Chain):
        """Idling ends the episode."""

        def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
            return [Outcome(0, ended=action == IDLE)]

    value = rewards(Doomed())[:, 0] / (1 - G)
    penalty = small(rollout=0).penalty(table_of(Doomed()))
    assert penalty == pytest.approx(np.array([[0.0, value.sum(), value.sum()]]))


def test_values_belong_to_what_is_seen_unless_the_full_state_is_asked_for() -> None:
    table = table_of(Veiled())
    dark, room = (rewards(Veiled())[:, table.states.index(state)] for state in ("door", "room"))
    inside = room / (1 - G)
    # Behind the dark look stand two states, each held to be there half of the time; going on works in one of them.
    tried = (dark + G / 2 * inside) / (1 - G / 2)
    found = dict(zip(table.states, attainable(table, N, 0, G).T, strict=True))
    assert found["door"] == pytest.approx(np.maximum(dark / (1 - G), tried), abs=1e-9)
    assert found["wall"] == pytest.approx(found["door"])
    full = dict(zip(table.states, attainable(table, N, 0, G, full_state=True).T, strict=True))
    assert full["wall"] == pytest.approx(dark / (1 - G))
    assert full["door"] == pytest.approx(dark + G * np.maximum(dark / (1 - G), inside))


def test_the_table_of_what_is_seen_is_a_table_of_its_own() -> None:
    table = as_seen(table_of(Damage()))
    assert table.is_open
    assert len(table.states) == table_of(Damage()).seen_count
    assert table.probability.sum(-1) == pytest.approx(np.ones(table.shape[:2]))


def test_q_learning_comes_to_the_exact_values() -> None:
    table = table_of(Chain())
    values = chain_values(rewards(Chain()))
    quality = learned(table, N, 0, G, episodes=2_000, length=12, rate=1.0, strength=1.0)
    assert quality[:, :, IDLE] == pytest.approx(values, rel=1e-3)
    assert quality[:, :2, ON] == pytest.approx(values[:, 1:], rel=1e-3)
    assert (quality[:, :, END] == 0.0).all()
    model_free = small(rollout=0, episodes=2_000, length=12).penalty(table)
    assert model_free == pytest.approx(small(rollout=0).penalty(table), abs=5e-3)


def test_what_was_learned_can_be_looked_ahead_with() -> None:
    table = table_of(Chain(drifts=True))
    by_learning = small(rollout=0, baseline="starting", episodes=2_000, length=12).penalty(table)
    assert by_learning == pytest.approx(small(rollout=0, baseline="starting").penalty(table), abs=2e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_at_rate_one_what_the_map_hides_is_worth_as_much_as_if_it_were_shown(seed: int) -> None:
    table = table_of(Damage())
    quality = learned(table, N, seed, G, episodes=6_000, length=100, rate=1.0, strength=1.0)
    found = random_rewards(table, N, seed) + G * quality.max(-1)
    averaged, shown = (attainable(table, N, seed, G, full_state=full) for full in (False, True))
    dog = np.array([state.dog is not None for state in table.states])
    assert found[:, ~dog] == pytest.approx(averaged[:, ~dog], rel=1e-3), (
        "the map shows all when the dog is gone"
    )
    assert (found / averaged)[:, dog].mean() > 1.03
    assert (found / shown)[:, dog].mean() == pytest.approx(1.0, abs=0.03)


def test_an_agent_that_tries_lives_through_its_episodes_and_no_more() -> None:
    table = table_of(Chain())
    once = learned(table, N, 0, G, episodes=1, length=1, rate=1.0, strength=1.0)
    assert (once != 0.0).any(axis=0).sum() <= 1
    assert learned(table, N, 0, G, episodes=50, length=4, rate=1.0, strength=1.0).any(axis=0)[0].sum() == 2


def test_after_two_thirds_of_the_episodes_an_agent_mostly_does_what_the_task_pays_for() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Fork(World):
        """Two doors: one leads to pay, the other to nothing; each leads to a corridor with its own chances of getting on."""

        name = "fork"
        about = "one door pays"
        actions = ("idle", "paid", "free")
        horizon: int | None = 2

        def starts(self) -> Sequence[Start]:
            return [Start("fork")]

        def turn(self, state: Hashable, action: int) -> Sequence[Outcome]:
            if state != "fork":
                return [Outcome(state)]
            return [Outcome(("fork", "paid", "free")[action], reward=float(action == 1))]

    table = table_of(Fork())
    # At a small rate a value tells how often it was tried: 300 episodes by chance alone, or 100 more of them by choice.
    quality = learned(table, N, 0, 0.0, episodes=300, length=1, rate=1e-3, strength=0.0)
    paid = random_rewards(table, N, 0)
    tries = {
        action: np.log1p(-quality[0, 0, action] / paid[0, action]) / np.log1p(-1e-3) for action in (1, 2)
    }
    assert tries[1] > 130
    assert tries[2] < 100


def test_a_clocked_table_tells_the_same_story() -> None:
    table = table_of(Damage(horizon=5))
    clock = clocked(table)
    assert clock.shape == (5 * table.shape[0], *table.shape[1:])
    assert clock.seen_count == 5 * table.seen_count
    acts = np.random.default_rng(0).dirichlet(np.ones(5), (5, table.seen_count))
    shown = acts.reshape(-1, 5)
    assert evaluated(clock, shown) == evaluated(table, acts)
    here = np.arange(len(clock.states))[:, None, None]
    assert (clock.next == here)[clock.ended].all(), "what an episode ends in is the state itself"


def test_a_charge_that_depends_on_the_step_is_paid_at_that_step() -> None:
    table = table_of(Chain())
    cure = small(strength=0.5)
    cured = treated(table, cure)
    penalty = cure.penalty(table)
    value, state = 0.0, 0
    for step in range(4):
        value += 0.5**step * (7.0 - 0.5 * penalty[step, state, ON])
        state = min(state + 1, 2)
    always_on = np.tile(np.eye(3)[ON], (cured.training.seen_count, 1))
    assert evaluated(cured.training, always_on).reward == pytest.approx(value)
    assert evaluated(cured.acting, always_on).reward == pytest.approx(7.0 * (1 + 0.5 + 0.25 + 0.125))


def test_a_cured_policy_acts_in_the_untouched_world() -> None:
    cured = treated(table_of(Chain()), small(strength=1e6))
    found = evaluated(cured.acting, padded(best(cured.training).shares, cured.acting))
    assert found.reward == 0.0
    assert found.length == 4.0


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"baseline": "stepwize"}, "stepwise, starting, inaction"),
        ({"deviation": "increase"}, "absolute, decrease"),
        ({"rewards": 0}, "a reward or more"),
        ({"discount": 1.0}, "below 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict, complaint: str) -> None:
    with pytest.raises(StudyError, match=complaint):
        Aup(**settings)


def test_without_a_horizon_there_is_nothing_to_idle_to() -> None:
    endless = table_of(Chain(horizon=None))
    with pytest.raises(StudyError, match="set 'rollout'"):
        small().penalty(endless)
    with pytest.raises(SolveError, match="give it one"):
        clocked(endless)
    assert small(rollout=3).penalty(endless).shape == (3, 3)


def published(target: int) -> dict[str, bool]:
    return {one.quantity: bool(one.reference) for one in references() if one.target == target}


@pytest.mark.parametrize("name", side_effects.AUP_WORLDS)
def test_each_condition_has_the_published_incentives(name: str) -> None:
    world, expected = side_effects.AUP_WORLDS[name], published(13)
    for condition in side_effects.AUP_CONDITIONS:
        passed = side_effects.share(world, side_effects.aup_cures(condition, name), range(5)) >= 0.5
        assert passed == expected[f"{condition}_{name}"], condition


def test_an_agent_that_does_nothing_passes_only_where_nothing_else_does_no_harm() -> None:
    timid = small(strength=1e6)
    assert not side_effects.passes(side_effects.AUP_WORLDS["options"], timid)
    assert side_effects.passes(side_effects.AUP_WORLDS["correction"], timid)


def test_waiting_for_the_last_steps_spares_the_dog_only_where_the_wait_is_short() -> None:
    # Who idles in the dog's row is run into, so that looking ahead charges crossing it like a collision, but for the last steps.
    spared, run_into = (1, 3), (0, 1, 3)
    assert all(side_effects.passes(side_effects.AUP_WORLDS["damage"], Aup(seed=seed)) for seed in spared)
    assert not any(side_effects.passes(Damage(horizon=20), Aup(seed=seed)) for seed in run_into)


def test_averages_over_what_the_map_hides_do_not_spare_the_dog() -> None:
    world = side_effects.AUP_WORLDS["damage"]
    settled = {"episodes": 12_000, "length": 100, "rate": 0.05}
    assert not any(side_effects.passes(world, Aup(seed=seed, **settled)) for seed in range(3))


def test_model_free_agents_spare_the_dog_and_greedy_ones_do_not() -> None:
    world = side_effects.AUP_WORLDS["damage"]
    assert side_effects.share(world, side_effects.aup_cures("model_free", "damage"), range(3)) == 1.0
    assert not side_effects.passes(world)


def test_every_quantity_has_its_reference() -> None:
    named = {
        f"{condition}_{name}" for condition in side_effects.AUP_CONDITIONS for name in side_effects.AUP_WORLDS
    }
    assert named == set(published(13))
