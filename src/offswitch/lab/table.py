# SPDX-License-Identifier: MIT
"""A world as integer tables: the one thing that the simulator, the solvers, the learners and POWER all read.

Shapes: S states, A actions, K outcomes at most of one action, O things that the agent can see. Where an action has fewer than
K outcomes the rest have probability 0. `next` of an outcome that ends the episode is the state itself; nothing may be read
there. The one thing that is easy to get wrong: `stopped` does not end an episode, `ended` does.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from offswitch.lab.errors import WorldError
from offswitch.lab.world import World, defiant
from offswitch.verdict.conduct import Conduct

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

CONDUCTS = tuple(Conduct)
TOLERANCE = 1e-9  # of probabilities that should sum to 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One compiled world. `world` draws it and names its actions; everything that is computed reads the arrays."""

    world: World
    states: tuple[Hashable, ...]  # [S]
    start: Floats  # [S]
    seen: Ints  # [S], place of what the agent sees, in 0 .. O-1
    next: Ints  # [S, A, K]
    probability: Floats  # [S, A, K]
    reward: Floats  # [S, A, K]
    performance: Floats  # [S, A, K]
    executed: Ints  # [S, A, K]
    signal: Ints  # [S, A, K]
    conduct: Ints  # [S, A, K], place in CONDUCTS
    breach: Flags  # [S, A, K]
    ended: Flags  # [S, A, K]
    stopped: Flags  # [S, A, K]

    def __post_init__(self) -> None:
        """Refuse a table that is no world."""
        self._check()

    @property
    def horizon(self) -> int | None:
        """Return the number of steps after which an episode is truncated."""
        return self.world.horizon

    @property
    def discount(self) -> float:
        """Return what a reward one step later is worth."""
        return self.world.discount

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return S, A, K."""
        S, A, K = self.next.shape
        return S, A, K

    @property
    def seen_count(self) -> int:
        """Return O."""
        return int(self.seen.max()) + 1

    @property
    def is_open(self) -> bool:
        """Tell whether the agent sees the whole state, so that the table is a Markov decision process as it stands."""
        return self.seen_count == len(self.states)

    def expected(self, column: str) -> Floats:
        """Return the mean of an outcome's column over the outcomes of each state and action, [S, A]."""
        return np.asarray((self.probability * getattr(self, column)).sum(-1), dtype=np.float64)

    @property
    def goes_on(self) -> Floats:
        """Return the probability of each outcome, 0 where it ends the episode, [S, A, K]."""
        return np.where(self.ended, 0.0, self.probability)

    def with_columns(self, **columns: Any) -> Table:
        """Return a table with some columns replaced, as a cure does; checked like any other."""
        return replace(self, **columns)

    def _check(self) -> None:
        name = self.world.name
        S, A, K = self.next.shape
        for field in fields(self):
            if field.name in {"world", "states", "start", "seen"}:
                continue
            column = getattr(self, field.name)
            if column.shape != (S, A, K):
                raise WorldError(f"{name}: column {field.name!r} has shape {column.shape}, not {(S, A, K)}")
        if len(self.states) != S or self.start.shape != (S,) or self.seen.shape != (S,):
            raise WorldError(f"{name}: {len(self.states)} states, but a table of {S}")
        self._check_probabilities()
        if self.next.min() < 0 or self.next.max() >= S:
            raise WorldError(f"{name}: 'next' leads out of the table's {S} states")
        for column in ("reward", "performance"):
            if not np.isfinite(getattr(self, column)).all():
                s, a, _ = np.argwhere(~np.isfinite(getattr(self, column)))[0]
                raise WorldError(f"{name}: {column} of {self._place(s, a)} is not finite")
        if self.horizon is None and not self.discount < 1.0 and not self.ended.any():
            raise WorldError(f"{name}: no horizon, no discount and no end: give the world one of them")
        if self.horizon is not None and self.horizon < 1:
            raise WorldError(f"{name}: horizon {self.horizon}; it counts steps, from 1")
        if not 0.0 <= self.discount <= 1.0:
            raise WorldError(f"{name}: discount {self.discount}; it lies in [0, 1]")

    def _check_probabilities(self) -> None:
        name = self.world.name
        wrong = ~((self.probability >= 0.0) & (self.probability <= 1.0))
        if wrong.any():
            s, a, k = np.argwhere(wrong)[0]
            raise WorldError(
                f"{name}: probability {self.probability[s, a, k]} of {self._place(s, a)} is not in [0, 1]"
            )
        sums = self.probability.sum(-1)
        if (abs(sums - 1.0) > TOLERANCE).any():
            s, a = np.argwhere(abs(sums - 1.0) > TOLERANCE)[0]
            raise WorldError(f"{name}: the outcomes of {self._place(s, a)} sum to {sums[s, a]:.9g}, not to 1")
        if (self.start < 0).any() or abs(self.start.sum() - 1.0) > TOLERANCE:
            raise WorldError(f"{name}: the starts sum to {self.start.sum():.9g}, not to 1")

    def _place(self, s: int, a: int) -> str:
        return f"action {self.world.actions[a]!r} in state {s} ({self.states[s]})"


def conduct_is_defiant() -> Flags:
    """Return which places of CONDUCTS are defiance, [9]."""
    return np.array([defiant(conduct) for conduct in CONDUCTS])
