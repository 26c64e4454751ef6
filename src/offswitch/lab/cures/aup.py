# SPDX-License-Identifier: MIT
"""Attainable utility preservation: an agent is charged for changing what it could still attain for random purposes.

    R_AUP(s, a) = R(s, a) - lambda * sum_i |Q_i(s, a) - Q_i(s, idle)| / sum_i Q_i(s, idle)

With `rollout` the two values are taken after further idle steps, which brings effects to light that come late: to the end of the
episode by default, not at all with 0 (then it is the formula above to the letter). The other baselines and deviations are the
paper's ablations: each brings back one bad incentive.
CAVEAT: the scale of a baseline that is worth 0, as when idling means being shut down, is 1, so that living on costs hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.clocked import by_step, clocked
from offswitch.lab.cures.attainable import attainable, random_rewards
from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.idling import BASELINES, DEVIATIONS, after, deviated, idling
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, kw_only=True)
class Aup(Cure):
    """The cure. `baseline` is stepwise, starting or inaction; `deviation` absolute or decrease.

    `rollout` counts idle steps, None means to the horizon. `episodes` of Q-learning stand in for exact auxiliary values where it
    is not 0, as in all agents of the paper (6,000 of at most 100 steps, 20 in `aup_offset`); with `rollout` 0 that is the paper's
    model-free agent, which has no model to idle in.
    """

    name = "aup"
    about = "attainable utility preservation: a charge for changing what could still be attained"
    source = "Turner, Hadfield-Menell and Tadepalli (2020), Conservative Agency (arXiv 1902.09725), equations 1 to 4"

    strength: float = 1 / 1.501  # lambda
    baseline: str = "stepwise"
    deviation: str = "absolute"
    rollout: int | None = None
    rewards: int = 30
    discount: float = 0.996  # of the auxiliary values
    full_state: bool = False  # whether the auxiliary values may depend on what the agent does not see
    episodes: int = 0
    length: int = 100  # steps of an episode that is learned from
    rate: float = 1.0  # of learning; 1 suits worlds without chance
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing."""
        known = {"baseline": BASELINES, "deviation": DEVIATIONS}
        for field, allowed in known.items():
            if getattr(self, field) not in allowed:
                raise StudyError(
                    f"cure 'aup': '{field}' is {getattr(self, field)!r}; it is one of {', '.join(allowed)}"
                )
        if self.rewards < 1 or not 0.0 <= self.discount < 1.0:
            raise StudyError("cure 'aup': it needs a reward or more, and a discount below 1")

    def on(self, cured: Cured) -> Cured:
        """Charge the table that is trained on; where the charge depends on the step, the agent sees the clock."""
        charge = self.strength * self.penalty(cured.training)
        if charge.ndim == 2:
            reward = cured.training.reward - charge[..., None]
            return cured.training_on(cured.training.with_columns(reward=reward))
        training = clocked(cured.training)
        reward = training.reward - by_step(charge, cured.training)
        return cured.guarded_by(training.with_columns(reward=reward), clocked(cured.acting))

    def penalty(self, table: Table) -> Floats:
        """Return the penalty of each action over the scale, [S, A], or [T, S, A] where it depends on the step."""
        drawn = (table, self.rewards, self.seed, self.discount)
        if self.episodes:
            from offswitch.lab.cures.trying import learned  # which takes a second to load

            quality = learned(
                *drawn,
                episodes=self.episodes,
                length=self.length,
                rate=self.rate,
                strength=self.strength,
            )
            if self.rollout == 0 and self.baseline == "stepwise":
                return self._charged(quality, quality[..., table.world.idle, None])
            values = random_rewards(*drawn[:3]) + self.discount * quality.max(-1)
        else:
            values = attainable(*drawn, full_state=self.full_state)
        if self.rollout is not None and self.baseline != "inaction":
            *_, rolled = idling(table, values, self.rollout)
            return self._compared(table, rolled, values @ table.start)
        T = table.horizon
        if T is None:
            raise StudyError(
                f"cure 'aup': {table.world.name} has no horizon to idle to; set 'rollout' and another baseline than inaction"
            )
        waits = range(T - 1, -1, -1) if self.rollout is None else [self.rollout] * T
        rolled_out = list(idling(table, values, T + max(waits)))
        # At step t the action takes one step and idling `wait` more, so that the agent that never acts has idled t + 1 + wait.
        return np.stack(
            [
                self._compared(table, rolled_out[wait], self._base(table, values, rolled_out[t + 1 + wait]))
                for t, wait in enumerate(waits)
            ]
        )

    def _base(self, table: Table, values: Floats, never_acted: Floats) -> Floats:
        return (values if self.baseline == "starting" else never_acted) @ table.start

    def _compared(self, table: Table, rolled: Floats, fixed: Floats) -> Floats:
        taken = after(table, rolled)
        stepwise = self.baseline == "stepwise"
        return self._charged(taken, taken[..., table.world.idle, None] if stepwise else fixed[:, None, None])

    def _charged(self, taken: Floats, base: Floats) -> Floats:
        """Return equation 4's penalty over its scale; `taken` is [N, S, A], `base` broadcasts to it."""
        scale = base.sum(0)
        charged: Floats = deviated(taken, base, self.deviation).sum(0) / np.where(scale == 0.0, 1.0, scale)
        return charged
