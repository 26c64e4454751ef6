# SPDX-License-Identifier: MIT
"""Relative reachability: an agent is charged for states that it can reach no longer, or only later, than from a baseline state.

    d(s; s') = 1/|S| * sum_x max(R(s'; x) - R(s; x), 0)      R(s; x) = discount ** (steps from s to x), 0 where there is no way

s is the state that an action leads to, s' the baseline: the start, what would be there had the agent never acted, or what would
be there had it not acted just now (stepwise). The stepwise baseline compares what idling from both leads to, discounted, so that
effects that come late are seen. A step that ends the episode is not charged.
CAVEAT: the memory is quadratic in the number of states.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.clocked import by_step, clocked
from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.idling import BASELINES, DEVIATIONS, after, deviated, idle_for_ever, idling
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Floats, Table

SWEEPS = 100_000
LIMIT = 4_000  # states


@dataclass(frozen=True, kw_only=True)
class RelativeReachability(Cure):
    """The cure. `baseline` is stepwise, starting or inaction; `deviation` decrease (the paper's truncation) or absolute."""

    name = "relative_reachability"
    about = "a charge for states that can be reached no longer, or only later, than from a baseline"
    source = "Krakovna et al. (2019), Penalizing side effects using stepwise relative reachability (arXiv 1806.01186), section 2"

    strength: float = 30.0  # beta
    baseline: str = "stepwise"
    deviation: str = "decrease"
    discount: float = 0.99  # of reachability
    rollout: bool = True  # whether the stepwise baseline compares what idling leads to
    idle_discount: float = 0.99  # weighs what idling leads to

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        known = {"baseline": BASELINES, "deviation": DEVIATIONS}
        for field, allowed in known.items():
            if getattr(self, field) not in allowed:
                raise StudyError(
                    f"cure 'relative_reachability': '{field}' is {getattr(self, field)!r}; it is one of {', '.join(allowed)}"
                )
        if not 0.0 < self.discount <= 1.0 or not 0.0 <= self.idle_discount < 1.0:
            raise StudyError("cure 'relative_reachability': discount lies in (0, 1], idle_discount in [0, 1)")

    def applies(self, table: Table) -> str:
        """Refuse worlds with too many states for memory."""
        return f"more than {LIMIT:,} states" if table.shape[0] > LIMIT else ""

    def on(self, cured: Cured) -> Cured:
        """Charge the table that is trained on; where the baseline moves with the clock, the agent sees it."""
        charge = self.strength * self.penalty(cured.training)
        training, acting = cured.training, cured.acting
        column = charge[..., None]
        if charge.ndim == 3:
            column = by_step(charge, training)
            training, acting = clocked(training), clocked(acting)
        reward = training.reward - np.where(training.ended, 0.0, column)
        return cured.guarded_by(training.with_columns(reward=reward), acting)

    def penalty(self, table: Table) -> Floats:
        """Return the deviation of what each action leads to, [S, A], or [T, S, A] with the baseline of inaction."""
        values = reachability(table, self.discount)
        if self.baseline == "stepwise":
            rolled = idle_for_ever(table, values, self.idle_discount) if self.rollout else values
            taken = after(table, rolled)
            return self._deviation(taken, taken[..., table.world.idle, None])
        taken = after(table, values)
        if self.baseline == "starting":
            return self._deviation(taken, (values @ table.start)[:, None, None])
        if table.horizon is None:
            raise StudyError(
                f"cure 'relative_reachability': {table.world.name} has no horizon, so that the baseline of inaction has no end;"
                " take another baseline"
            )
        never_acted = [rolled @ table.start for rolled in idling(table, values, table.horizon)][1:]
        return np.stack([self._deviation(taken, base[:, None, None]) for base in never_acted])

    def _deviation(self, taken: Floats, base: Floats) -> Floats:
        mean: Floats = deviated(taken, base, self.deviation).mean(0)
        return mean


def reachability(table: Table, discount: float) -> Floats:
    """Return R(s; x) as [x, s]: the best discounted chance of coming to x from s. Exact after as many sweeps as steps lie between.

    Raises StudyError where there are more states than memory has room for.
    """
    S, _, _ = table.shape
    if S > LIMIT:
        raise StudyError(
            f"cure 'relative_reachability': {table.world.name} has {S:,} states; more than {LIMIT:,} do not fit, make the map smaller"
        )
    here: Floats = np.eye(S)
    values = here
    for _ in range(SWEEPS):
        new: Floats = np.maximum(here, discount * after(table, values).max(-1))
        if np.abs(new - values).max() < 1e-13:
            return new
        values = new
    raise StudyError(f"cure 'relative_reachability': {table.world.name}: reachability did not come to rest")
