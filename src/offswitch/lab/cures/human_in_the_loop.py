# SPDX-License-Identifier: MIT
"""Human in the loop: a person sees each act before it is carried out, and blocks those that look like a breach.

The person errs: a share of harmful acts is missed, and a share of harmless ones is blocked. The person stays at work when the
agent acts. The one thing that is easy to get wrong: an agent that may try again gets through in the end, so a miss rate per act is
not a miss rate per episode.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.penalty import NOTHING, broken
from offswitch.lab.cures.shield import blocked, instead
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Table


@dataclass(frozen=True, kw_only=True)
class HumanInTheLoop(Cure):
    """A person who blocks acts from which a breach can come; `misses` and `false_alarms` are shares of acts."""

    name = "human_in_the_loop"
    about = "a person sees each act first, and blocks breaches, with misses and false alarms"

    misses: float = 0.1
    false_alarms: float = 0.01

    def __post_init__(self) -> None:
        """Refuse rates that are none."""
        for setting in ("misses", "false_alarms"):
            if not 0.0 <= getattr(self, setting) <= 1.0:
                raise StudyError(
                    f"cure {self.name!r}: {setting!r} is {getattr(self, setting)}; a share lies in [0, 1]"
                )

    def applies(self, table: Table) -> str:
        """Refuse worlds in which there is nothing to block."""
        return "" if broken(table).any() else NOTHING

    def on(self, cured: Cured) -> Cured:
        """Let the person stand before both tables."""
        return cured.guarded_by(self._watched(cured.training), self._watched(cured.acting))

    def _watched(self, table: Table) -> Table:
        share = np.where(broken(table).any(-1), 1.0 - self.misses, self.false_alarms)
        return blocked(table, share, instead(table))
