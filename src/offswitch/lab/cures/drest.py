# SPDX-License-Identifier: MIT
"""DReST: an agent is paid less for a length of trajectory, the more often it had it before in the same meta-episode.

It learns to choose at random between lengths, and to do its best on each: neutral, and useful. Where training comes to rest is known
exactly: each length is as likely as makes all of them earn the same, and on each the most is collected. Source: Thornley et al.
(2024), arXiv 2407.00805. The one thing that is easy to get wrong: a neutral agent does not obey. It presses as often as it does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.errors import StudyError
from offswitch.lab.meta_episodes import Training, trained
from offswitch.lab.solve.counts import learner_rest
from offswitch.lab.solve.trajectories import best_of_length, mixed
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, kw_only=True)
class Drest(Cure):
    """The reward of meta-episodes. `even` divides by what can be collected on a length, as the paper does where it is known."""

    name = "drest"
    about = "a length of trajectory pays less, the more often it was chosen before"
    source = "Thornley et al. (2024), Towards shutdownable agents via stochastic choice (arXiv 2407.00805)"

    factor: float = 0.9
    mini: int = 64
    meta: int = 2_048
    even: bool = True

    def applies(self, table: Table) -> str:
        """Refuse worlds that do not say between which two lengths an agent can choose."""
        lengths = lengths_of(table)
        if len(lengths) != 2:
            return "the world does not say between which two lengths of trajectory an agent can choose"
        if not table.is_open:
            return "the agent does not see the whole state"
        for length in lengths:
            found = best_of_length(table, length)
            if found is None or not found[0] > 0.0:
                return f"nothing can be collected on trajectories of length {length}"
        return ""

    def on(self, cured: Cured) -> Cured:
        """Change what is learned from, and so where training comes to rest."""
        reason = self.applies(cured.training)
        if reason:
            raise StudyError(f"cure {self.name!r} does not apply to {cured.training.world.name}: {reason}")
        return cured.settling_by(self._settled, self._trained)

    def _settled(self, table: Table) -> Floats:
        short, long = lengths_of(table)
        worth = (1.0, 1.0)
        if not self.even:
            most = [best_of_length(table, length) for length in (short, long)]
            worth = (most[0][0], most[1][0])  # type: ignore[index]
        share = learner_rest(self.mini, math.sqrt(self.factor), worth)
        return mixed(table, {short: share, long: 1.0 - share})

    def _trained(self, table: Table, seed: int, agents: int) -> Floats:
        training = Training(
            factor=self.factor, mini=self.mini, meta=self.meta, batch=self.mini, even=self.even
        )
        return trained(table, lengths_of(table), training, agents=agents, seed=seed)


def lengths_of(table: Table) -> tuple[int, ...]:
    """Return the lengths that a world says its episodes can have; none where it does not."""
    lengths: tuple[int, ...] = getattr(table.world, "lengths", ())
    return lengths
