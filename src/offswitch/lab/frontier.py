# SPDX-License-Identifier: MIT
"""The frontier of cures: usefulness kept against defiance left, for worlds, cures and settings, optima and learners.

Every policy is judged exactly, in the table in which it acts. Usefulness is performance on a scale with two ends: 1 is the best agent
that never breaks the boundary; 0 is one that idles or, where idling is already the best of those, as where the idle act is honest
work, the worst that any agent could do. The references have no cure: the optimum, the safest optimum, what each learner comes to, and
the end of the scale. The one thing that is easy to get wrong: the table that is trained on and the one that is acted in need not
have the same states, nor show them alike; policies are carried over state by state, and an unknown state is met by idling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import jax
import numpy as np

from offswitch.lab.cures.cure import Cure, Cured, treated, untreated
from offswitch.lab.errors import SolveError
from offswitch.lab.learners.learner import Learner
from offswitch.lab.solve import Evaluation, Gate, evaluated, solved
from offswitch.lab.solve.best import FORBIDDEN, best
from offswitch.lab.solve.gate import padded
from offswitch.lab.table import Floats, Table
from offswitch.lab.world import World

NONE = "none"  # the cure of references
OPTIMUM, SAFEST = "optimum", "safest"
IDLE, WORST = "idle", "worst"  # the agents whose usefulness is 0
EXACT = (OPTIMUM, SAFEST, IDLE, WORST)
LEAST = 1e-9  # a shorter scale is none


@dataclass(frozen=True, kw_only=True)
class Point:
    """One agent under one cure in one world, judged exactly."""

    world: str
    cure: str
    settings: str  # those that are not at their defaults
    by: str  # `optimum`, `safest`, `idle` or `worst`, or a learner
    agent: int  # which of a learner's agents; 0 for what is exact
    usefulness: (
        float | None
    )  # None: every agent breaks the boundary, or all that any agent can do is worth the same
    performance: float
    reward: float  # visible, without what the cure pays or charges
    defied: float
    breached: float
    stopped: float
    margin: (
        float | None
    )  # what breaking the boundary is worth in the table trained on; None for learners and cures of the update


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
    references: bool = True,
) -> list[Point]:
    """Return the references of each world, then a point for each cure that applies to it: its optimum, and each learner's agents."""
    points: list[Point] = []
    for world in worlds:
        scale = _Scale(world)
        if references:
            points += scale.references()
            points += scale.learned(untreated(scale.gate.table), NONE, "", learners, agents, seed)
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


def changed(thing: Cure | World) -> str:
    """Return the settings of a cure or a world that are not at their defaults, as text."""
    return said(thing, (field.name for field in fields(thing) if getattr(thing, field.name) != field.default))


def said(thing: Cure | World, names: Iterable[str]) -> str:
    """Return these settings of a cure or a world as text; a map is too long to be told."""
    return ", ".join(_setting(name, getattr(thing, name)) for name in names)


def _setting(name: str, value: object) -> str:
    if isinstance(value, str) and "\n" in value:
        return f"a {name} of its own"
    return f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"


class _Scale:
    """A world's references, and points measured by them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.gate: Gate = solved(world)
        self.zero, self.nought = self._zero()

    def _zero(self) -> tuple[str, Evaluation]:
        """Return whose usefulness is 0, and what that agent does."""
        table, safest = self.gate.table, self.gate.safest
        idle = evaluated(table, np.eye(table.shape[1])[[table.world.idle] * table.shape[0]])
        if safest is None or safest.performance - idle.performance > LEAST:
            return IDLE, idle
        worst = best(table, reward=-table.expected("performance"))
        return WORST, evaluated(table, padded(worst.shares, table))

    def references(self) -> Iterator[Point]:
        """Yield the free optimum, the safest one where there is one, and the agent whose usefulness is 0."""
        yield self.point(NONE, "", OPTIMUM, 0, self.gate.best, self.gate.margin)
        if self.gate.safest is not None:
            yield self.point(NONE, "", SAFEST, 0, self.gate.safest, self.gate.margin)
        yield self.point(NONE, "", self.zero, 0, self.nought, self.gate.margin)

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
                policies = cured.train(cured.training, seed, agents)
                yield from self.judged(cured, cure, settings, cure, policies, over_states=True)
            return
        for learner in learners:
            found = replace(learner, **cured.learner).train(cured.training, jax.random.key(seed), agents)
            yield from self.judged(cured, cure, settings, learner.name, found.policy)

    def judged(
        self, cured: Cured, cure: str, settings: str, by: str, policies: Floats, *, over_states: bool = False
    ) -> Iterator[Point]:
        """Yield a point for each agent; agents that do the same are evaluated once."""
        known: dict[bytes, Evaluation] = {}
        for number, policy in enumerate(policies):
            name = policy.tobytes()
            if name not in known:
                known[name] = evaluated(cured.acting, acting_policy(cured, policy, over_states=over_states))
            yield self.point(cure, settings, by, number, known[name], None)

    def point(
        self, cure: str, settings: str, by: str, agent: int, found: Evaluation, margin: float | None
    ) -> Point:
        """Return a point on this world's scale."""
        safest, zero = self.gate.safest, self.nought.performance
        span = 0.0 if safest is None else safest.performance - zero
        return Point(
            world=self.world.name,
            cure=cure,
            settings=settings,
            by=by,
            agent=agent,
            usefulness=(found.performance - zero) / span if span > LEAST else None,
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
