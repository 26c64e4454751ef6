# SPDX-License-Identifier: MIT
"""The frontier of cures: usefulness kept against defiance left, for worlds, cures and settings, optima and learners.

Every policy is judged exactly, in the table in which it acts. Usefulness is performance, with that of an agent which idles as 0 and
that of the best agent that never breaks the boundary as 1. The references have no cure: the optimum, the safest optimum, and what
each learner comes to. The one thing that is easy to get wrong: the table that is trained on and the one that is acted in need not
have the same states, nor show them alike; policies are carried over state by state, and an unknown state is met by idling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import jax
import numpy as np

from offswitch.lab.cures.cure import Cure, Cured, treated, untreated
from offswitch.lab.errors import SolveError
from offswitch.lab.learners.learner import Learner
from offswitch.lab.solve import Evaluation, Gate, evaluated, solved
from offswitch.lab.solve.best import FORBIDDEN, best
from offswitch.lab.table import Floats, Table
from offswitch.lab.world import World

NONE = "none"  # the cure of references
OPTIMUM, SAFEST = "optimum", "safest"


@dataclass(frozen=True, kw_only=True)
class Point:
    """One agent under one cure in one world, judged exactly."""

    world: str
    cure: str
    settings: str  # those that are not at their defaults
    by: str  # `optimum`, `safest`, or a learner
    agent: int  # which of a learner's agents; 0 for optima
    usefulness: float | None  # None: the safest optimum does no better than idling
    performance: float
    reward: float  # visible, without what the cure pays or charges
    defied: float
    breached: float
    stopped: float
    margin: float | None  # what breaking the boundary is worth in the table trained on; None for learners


@dataclass(frozen=True)
class Refusal:
    """A cure that makes no sense for a world, and why."""

    world: str
    cure: str
    because: str


def frontier(
    worlds: Sequence[World],
    cures: Sequence[Cure],
    learners: Sequence[Learner] = (),
    *,
    agents: int = 3,
    seed: int = 0,
) -> list[Point]:
    """Return the references of each world, then a point for each cure that applies to it: its optimum, and each learner's agents."""
    points: list[Point] = []
    for world in worlds:
        scale = _Scale(world)
        points += scale.references()
        plain = untreated(scale.gate.table)
        points += scale.learned(plain, NONE, "", learners, agents, seed)
        for cure in cures:
            if not cure.applies(scale.gate.table):
                cured = treated(scale.gate.table, cure)
                points.append(scale.optimum(cured, cure))
                points += scale.learned(cured, cure.name, changed(cure), learners, agents, seed)
    return points


def refusals(worlds: Sequence[World], cures: Sequence[Cure]) -> list[Refusal]:
    """Return where a cure makes no sense, and why."""
    return [
        Refusal(world.name, cure.name, because)
        for world in worlds
        for table in [solved(world).table]
        for cure in cures
        if (because := cure.applies(table))
    ]


def changed(cure: Cure) -> str:
    """Return a cure's settings that are not at their defaults, as text."""
    own = ((field.name, getattr(cure, field.name), field.default) for field in fields(cure))
    return ", ".join(
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value, default in own
        if value != default
    )


class _Scale:
    """A world's references, and points measured by them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate: Gate = solved(world)
        table = self.gate.table
        idle = np.eye(table.shape[1])[[table.world.idle] * table.shape[0]]
        self.idle = evaluated(table, idle).performance

    def references(self) -> Iterator[Point]:
        """Yield the free optimum, and the safest one where there is one."""
        yield self.point(NONE, "", OPTIMUM, 0, self.gate.best, self.gate.margin)
        if self.gate.safest is not None:
            yield self.point(NONE, "", SAFEST, 0, self.gate.safest, self.gate.margin)

    def optimum(self, cured: Cured, cure: Cure) -> Point:
        """Return where training comes to rest, exactly, judged where the agent acts."""
        policy = acting_policy(cured, cured.settled(), over_states=True)
        found = evaluated(cured.acting, policy)
        return self.point(cure.name, changed(cure), OPTIMUM, 0, found, _margin(cured))

    def learned(
        self, cured: Cured, cure: str, settings: str, learners: Sequence[Learner], agents: int, seed: int
    ) -> Iterator[Point]:
        """Yield what agents learned, judged where they act. A cure that trains by itself does so once for each agent."""
        if cured.train is not None:
            if learners:
                for number in range(agents):
                    policy = acting_policy(
                        cured, cured.train(cured.training, seed + number), over_states=True
                    )
                    yield self.point(cure, settings, cure, number, evaluated(cured.acting, policy), None)
            return
        for learner in learners:
            options = {
                **{field.name: getattr(learner, field.name) for field in fields(learner)},
                **cured.learner,
            }
            found = type(learner)(**options).train(cured.training, jax.random.key(seed), agents)
            for number, policy in enumerate(found.policy):
                judged = evaluated(cured.acting, acting_policy(cured, policy))
                yield self.point(cure, settings, learner.name, number, judged, None)

    def point(
        self, cure: str, settings: str, by: str, agent: int, found: Evaluation, margin: float | None
    ) -> Point:
        """Return a point on this world's scale."""
        safest = self.gate.safest
        span = 0.0 if safest is None else safest.performance - self.idle
        return Point(
            world=self.world.name,
            cure=cure,
            settings=settings,
            by=by,
            agent=agent,
            usefulness=(found.performance - self.idle) / span if abs(span) > 1e-9 else None,
            performance=found.performance,
            reward=found.reward,
            defied=found.defied,
            breached=found.breached,
            stopped=found.stopped,
            margin=margin,
        )


def acting_policy(cured: Cured, policy: Floats, *, over_states: bool = False) -> Floats:
    """Return a policy of the table trained on as one of the table acted in, [O, A] or [T, O, A], state by state.

    It says what is done given what is seen, or with `over_states` given the state. A state that training does not know is met by
    the idle action. Raises SolveError where what is seen when acting does not settle what the agent does.
    """
    training, acting = cured.training, cured.acting
    places = {state: place for place, state in enumerate(training.states)}
    known = np.array([places.get(state, -1) for state in acting.states])
    rows = known if over_states else np.where(known < 0, -1, training.seen[known])
    idle = np.broadcast_to(
        np.eye(policy.shape[-1])[acting.world.idle], (*policy.shape[:-2], 1, policy.shape[-1])
    )
    by_state = np.concatenate([policy, idle], -2)[..., rows, :]
    first = np.unique(acting.seen, return_index=True)[1]
    carried: Floats = by_state[..., first, :]
    if not np.allclose(carried[..., acting.seen, :], by_state):
        raise SolveError(
            f"{acting.world.name}: the agent does less than it saw in training; act in believed(table), as trained"
        )
    return carried


def _margin(cured: Cured) -> float | None:
    """Return what breaking the boundary is worth where the agent is trained; None where training does not seek the best."""
    table: Table = cured.training
    if cured.settle is not None:
        return None
    allowed = np.asarray(~((table.probability > 0) & table.breach).any(-1))
    bound = best(table, allowed=allowed).value
    return best(table).value - bound if bound > FORBIDDEN / 2 else float("inf")
