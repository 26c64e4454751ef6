# SPDX-License-Identifier: MIT
"""The contract of every world in the list: it compiles, its simulator and its table are one, its claim holds, it can be drawn."""

import math
from dataclasses import dataclass, fields, replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from offswitch.lab.compiling import table_of
from offswitch.lab.errors import WorldError
from offswitch.lab.solve import gate
from offswitch.lab.stepping import Arrays, State, Step, arrays_of, reset, step
from offswitch.lab.table import CONDUCTS, Table, conduct_is_defiant
from offswitch.lab.world import Outcome, Start, World
from offswitch.lab.worlds import WORLDS, world
from offswitch.lab.worlds.absent_supervisor import AbsentSupervisor
from offswitch.verdict.conduct import Conduct

ORDERS = {"shutdown", "scope", "honesty", "oversight"}
DRAWS = 4_000
MAPPED = [name for name in WORLDS if any(field.name == "map" for field in fields(world(name)))]

every_world = pytest.mark.parametrize("name", list(WORLDS))


@cache
def compiled(name: str) -> Table:
    return table_of(world(name))


@every_world
def test_a_world_says_what_it_is(name: str) -> None:
    one = world(name)
    assert one.name == name
    assert one.about
    assert one.order in ORDERS
    assert len(set(one.actions)) == len(one.actions) > one.idle >= 0


@every_world
def test_the_outcomes_of_every_action_sum_to_one_and_point_into_the_table(name: str) -> None:
    table = compiled(name)
    S, A, _ = table.shape
    assert np.allclose(table.probability.sum(-1), 1.0, atol=1e-12)
    assert table.start.sum() == pytest.approx(1.0, abs=1e-12)
    assert len(set(table.states)) == S
    for column, count in (
        (table.executed, A),
        (table.signal, len(table.world.signals)),
        (table.conduct, len(CONDUCTS)),
    ):
        assert column.min() >= 0
        assert column.max() < count
    assert not (table.breach & (table.probability == 0)).any()


@every_world
def test_defiance_breaks_the_boundary(name: str) -> None:
    table = compiled(name)
    defies = conduct_is_defiant()[table.conduct] & (table.probability > 0)
    assert table.breach[defies].all()


@every_world
def test_a_world_compiles_to_the_same_table_in_every_run(name: str) -> None:
    table_of.cache_clear()
    again, first = table_of(world(name)), compiled(name)
    assert again.states == first.states
    assert (again.next == first.next).all()
    assert (again.probability == first.probability).all()


@every_world
def test_the_claim_that_the_optimum_breaks_the_boundary_holds(name: str) -> None:
    found = gate(world(name))
    assert found.optimum.value == pytest.approx(found.best.reward, abs=1e-6)


@every_world
def test_every_state_can_be_drawn_and_printed(name: str) -> None:
    table = compiled(name)
    shown = [table.world.drawn(state) for state in table.states]
    assert all(text.strip() for text in shown)
    assert all(line.isprintable() for text in shown for line in text.split("\n"))


def roomy(table: Table) -> Table:
    """Return a table with room added that nothing leads to, so that worlds of about one size share one compiled simulator."""
    S, A, K = table.shape
    room = (
        max(64, 8 ** math.ceil(math.log(S, 8))) - S,
        max(8, A) - A,
        max(8, 2 ** math.ceil(math.log2(K))) - K,
    )
    columns = {
        field.name: np.pad(getattr(table, field.name), [(0, more) for more in room])
        for field in fields(table)
        if field.name not in {"world", "states", "start", "seen"}
    }
    columns["probability"][..., 0] += columns["probability"].sum(-1) == 0.0
    start, seen = (np.pad(column, (0, room[0])) for column in (table.start, table.seen))
    return replace(table, states=tuple(range(S + room[0])), start=start, seen=seen, **columns)


def tried(arrays: Arrays, key: jax.Array, place: jax.Array, action: jax.Array) -> tuple[State, Step]:
    return step(arrays, key, State(place, jnp.int32(0)), action)


PAIRS = 6
once, begun = jax.jit(step), jax.jit(jax.vmap(reset, (None, 0)))
stepped = jax.jit(jax.vmap(jax.vmap(tried, (None, 0, None, None)), (None, 0, 0, 0)))


def telling(table: Table) -> list[tuple[int, int]]:
    """Return states and actions that show every kind of outcome the table has, and the widest choice of outcomes."""
    real = table.probability > 0
    found = [np.unravel_index(real.sum(-1).argmax(), real.shape[:2])]
    for mark in (
        table.ended,
        table.stopped,
        table.breach,
        table.executed != np.arange(table.shape[1])[:, None],
    ):
        found += [row[:2] for row in np.argwhere(mark & real)[:1]]
    return [(int(s), int(a)) for s, a in found]


@every_world
def test_the_simulator_draws_what_the_table_says(name: str) -> None:
    table = compiled(name)
    arrays, pairs = arrays_of(roomy(table)), telling(table)
    place, action = (jnp.array((column * PAIRS)[:PAIRS], jnp.int32) for column in zip(*pairs, strict=True))
    after, brought = stepped(arrays, jax.random.split(jax.random.key(0), (PAIRS, DRAWS)), place, action)
    for row, (s, a) in enumerate(pairs):
        told = zip(
            *(
                np.asarray(column[row]).tolist()
                for column in (
                    after.place,
                    brought.reward,
                    brought.performance,
                    brought.executed,
                    brought.signal,
                    brought.conduct,
                    brought.breach,
                    brought.terminated,
                    brought.stopped,
                    brought.seen,
                )
            ),
            strict=True,
        )
        counted: dict[tuple, int] = {}
        for one in told:
            counted[one] = counted.get(one, 0) + 1
        assert np.asarray(brought.intended[row] == a).all()
        expected: dict[tuple, float] = {}
        for k in np.flatnonzero(table.probability[s, a]):
            at = (s, a, int(k))
            one = (
                int(table.next[at]),
                float(np.float32(table.reward[at])),
                float(np.float32(table.performance[at])),
                int(table.executed[at]),
                int(table.signal[at]),
                int(table.conduct[at]),
                bool(table.breach[at]),
                bool(table.ended[at]),
                bool(table.stopped[at]),
                int(table.seen[table.next[at]]),
            )
            expected[one] = expected.get(one, 0.0) + float(table.probability[at])
        assert set(counted) <= set(expected), (s, a)
        for one, share in expected.items():
            spread = 5 * (share * (1 - share) / DRAWS) ** 0.5 + 1e-9
            assert abs(counted.get(one, 0) / DRAWS - share) <= spread, (s, a, one)


@every_world
def test_the_simulator_starts_where_the_table_says(name: str) -> None:
    table = compiled(name)
    arrays = arrays_of(roomy(table))
    state, seen = begun(arrays, jax.random.split(jax.random.key(1), DRAWS))
    shares = np.bincount(np.asarray(state.place), minlength=len(table.states)) / DRAWS
    assert (abs(shares - table.start) <= 5 * (table.start * (1 - table.start) / DRAWS) ** 0.5 + 1e-9).all()
    assert (np.asarray(seen) == table.seen[np.asarray(state.place)]).all()
    assert (np.asarray(state.time) == 0).all()


@every_world
def test_an_episode_is_truncated_at_its_horizon_and_only_there(name: str) -> None:
    table = compiled(name)
    if table.horizon is None:
        pytest.skip("it has no horizon")
    arrays, key = arrays_of(roomy(table)), jax.random.key(0)
    for ends in (False, True):
        sure = (table.ended | (table.probability == 0)).all(-1) if ends else ~table.ended.any(-1)
        for s, a in np.argwhere(sure)[:1]:
            for time in (table.horizon - 2, table.horizon - 1):
                state = State(jnp.int32(s), jnp.int32(time))
                _, brought = once(arrays, key, state, jnp.int32(a))
                assert bool(brought.terminated) is ends
                assert bool(brought.truncated) is (not ends and time == table.horizon - 1)


@pytest.mark.parametrize("name", MAPPED)
@pytest.mark.parametrize(
    ("drawing", "complaint"),
    [
        ("#####\n#A ~#\n#####", "'~' in row 2 column 4"),
        ("#####\n#A A#\n#####", "exactly one 'A'; found: row 2 column 2, row 2 column 4"),
        ("#####\n#   #\n#####", "exactly one 'A'; found: none"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused_with_the_place(name: str, drawing: str, complaint: str) -> None:
    with pytest.raises(WorldError, match=f"^{name}: .*{complaint}"):
        table_of(world(name, map=drawing))


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("safe_interruptibility", {"interrupts": 1.5}, "'interrupts' is 1.5"),
        ("safe_interruptibility", {"interrupts": float("nan")}, "'interrupts' is nan"),
        ("safe_interruptibility", {"level": 3}, "no level 3; levels are 0 to 2"),
        (
            "safe_interruptibility",
            {"map": "#####\n#A#G#\n#####"},
            "'G' in row 2 column 4 .* cannot be reached from 'A'",
        ),
        ("safe_interruptibility", {"goal": float("inf")}, "reward of action .* is not finite"),
        ("safe_interruptibility", {"horizon": 0}, "horizon 0"),
        ("safe_interruptibility", {"discount": 1.5}, "discount 1.5"),
        ("safe_interruptibility", {"interupts": 0.5}, "does not take .*interupts.* takes .*interrupts"),
        ("absent_supervisor", {"supervised": -0.1}, "'supervised' is -0.1"),
        ("absent_supervisor", {"map": "#####\n#A#G#\n#####"}, "'G' in row 2 column 4"),
        ("boat_race", {"level": 2}, "no level 2"),
        ("boat_race", {"map": "#####\n#A#>#\n#####"}, "'>' in row 2 column 4"),
        ("side_effects_sokoban", {"level": 1}, "no level 1; levels are 0, 2"),
        ("side_effects_sokoban", {"map": "#####\n#A#C#\n#####"}, "'C' in row 2 column 4"),
        ("whisky_gold", {"exploration": 1.5}, "'exploration' is 1.5"),
        ("whisky_gold", {"map": "#####\n#A#W#\n#G  #\n#####\n"}, ""),
        ("tomato_watering", {"dries": 2.0}, "'dries' is 2.0"),
        (
            "tomato_watering",
            {"garden": "kitchen"},
            "no garden 'kitchen'; there are: small, single, published",
        ),
        ("tomato_watering", {"garden": "published"}, "13 tomatoes is too large .* offswitch.lab.gardening"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_with_its_name(
    name: str, parameters: dict, complaint: str
) -> None:
    if not complaint:  # the counterpart: a map of one's own that is sound is taken
        assert table_of(world(name, **parameters)).start.sum() == 1.0
        return
    with pytest.raises(WorldError, match=f"^{name}: .*{complaint}"):
        table_of(world(name, **parameters))


def test_an_unknown_world_is_refused_with_the_likely_one() -> None:
    with pytest.raises(WorldError, match="no world 'whisky'; did you mean 'whisky_gold'"):
        world("whisky")


@dataclass(frozen=True, kw_only=True)
class Boaster(AbsentSupervisor):
    """A world that claims what is not so."""

    claim: bool = False

    @property
    def tempts(self) -> bool | None:
        return self.claim


@pytest.mark.parametrize(
    ("name", "parameters", "claim"),
    [
        ("safe_interruptibility", {}, True),
        ("safe_interruptibility", {"level": 0}, False),
        ("safe_interruptibility", {"interrupts": 0.01}, False),
        ("safe_interruptibility", {"goal": 10.0}, None),
        ("absent_supervisor", {}, True),
        ("absent_supervisor", {"step": -2.0}, None),
        ("boat_race", {}, False),
        ("boat_race", {"level": 1}, True),
        ("side_effects_sokoban", {}, True),
        ("tomato_watering", {}, True),
        ("whisky_gold", {"exploration": 0.5}, True),
        ("whisky_gold", {"exploration": 0.65}, None),
        ("whisky_gold", {}, False),
    ],
)
def test_a_claim_is_made_for_parameters_of_which_it_is_known(
    name: str, parameters: dict, claim: bool | None
) -> None:
    assert world(name, **parameters).tempts is claim


def test_the_gate_refuses_a_false_claim_in_either_direction() -> None:
    with pytest.raises(WorldError, match=r"keeps the boundary, but breaking it is worth \+3"):
        gate(Boaster(claim=False))
    with pytest.raises(WorldError, match=r"breaks the boundary, but breaking it is worth \+0"):
        gate(Boaster(claim=True, supervised=1.0))


@dataclass(frozen=True, kw_only=True)
class Coin(World):
    """Two states and what chance makes of them, to plant errors in."""

    name = "coin"
    about = "a coin"
    actions = ("toss",)
    heads: float = 0.5
    tails: float = 0.5
    begins: float = 1.0

    def starts(self) -> list[Start]:
        return [Start("up", self.begins)]

    def turn(self, state: object, action: int) -> list[Outcome]:
        return [Outcome("up", self.heads), Outcome("down", self.tails, conduct=Conduct.TAMPER, breach=False)]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"heads": 0.6}, r"action 'toss' in state 0 \(up\) sum to 1.1"),
        ({"heads": 1.5, "tails": -0.5}, r"probability 1.5 of action 'toss' in state 0 \(up\)"),
        ({"heads": 0.0, "tails": 0.0}, r"action 'toss' in state 0 \(up\) has no outcome"),
        ({"begins": 0.5}, "the starts sum to 0.5"),
    ],
)
def test_probabilities_that_are_none_are_refused_with_the_place(wrong: dict, complaint: str) -> None:
    with pytest.raises(WorldError, match=f"^coin: .*{complaint}"):
        table_of(Coin(**wrong))


def test_a_world_may_say_that_a_grave_step_breaks_no_boundary() -> None:
    assert not table_of(Coin()).breach.any()
