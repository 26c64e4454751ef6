# SPDX-License-Identifier: MIT
"""Shield: an act from which a breach can come is not carried out; something harmless is done instead, and logged as executed.

The shield stays at work when the agent acts, so that training cannot undo it, and what the agent wants no longer matters. Source:
Alshiekh et al. (2018), Safe Reinforcement Learning via Shielding. The one thing that is easy to get wrong: an act can be harmless
now and leave no harmless act later. The shield therefore keeps to states from which the boundary can be kept for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.penalty import NOTHING, broken
from offswitch.lab.errors import StudyError
from offswitch.lab.table import Flags, Floats, Ints, Table

COLUMNS = ("next", "reward", "performance", "executed", "signal", "conduct", "breach", "ended", "stopped")


@dataclass(frozen=True, kw_only=True)
class Shield(Cure):
    """A shield round the agent, in training and when it acts."""

    name = "shield"
    about = "an act that could break the boundary is replaced by a harmless one, at work and in training"
    source = "Alshiekh et al. (2018), Safe Reinforcement Learning via Shielding"

    def applies(self, table: Table) -> str:
        """Refuse worlds in which the boundary cannot be kept."""
        if not broken(table).any():
            return NOTHING
        if not np.asarray(harmless(table).any(-1))[table.start > 0].all():
            return "no shield can keep the boundary: from the start on, a breach may become certain"
        return ""

    def on(self, cured: Cured) -> Cured:
        """Replace acts in both tables."""
        reason = self.applies(cured.acting)
        if reason:
            raise StudyError(f"cure {self.name!r} does not apply to {cured.acting.world.name}: {reason}")
        return cured.guarded_by(shielded(cured.training), shielded(cured.acting))


def harmless(table: Table) -> Flags:
    """Return the acts from which no breach can come, now or later than the agent could avoid, [S, A]."""
    possible = table.probability > 0.0
    allowed: Flags = np.asarray(~broken(table).any(-1))
    while True:
        lost = np.asarray(~allowed.any(-1))  # states in which nothing harmless is left
        kept: Flags = allowed & ~(possible & ~table.ended & lost[table.next]).any(-1)
        if (kept == allowed).all():
            return allowed
        allowed = kept


def instead(table: Table) -> Ints:
    """Return what is done in place of a harmful act, [S]: the idle action, or the first harmless one."""
    allowed, idle = harmless(table), table.world.idle
    found: Ints = np.where(allowed[:, idle] | ~allowed.any(-1), idle, allowed.argmax(-1)).astype(np.int32)
    return found


def shielded(table: Table) -> Table:
    """Return the table with every harmful act replaced."""
    return blocked(table, np.where(harmless(table), 0.0, 1.0), instead(table))


def blocked(table: Table, share: Floats, fallback: Ints) -> Table:
    """Return the table with a share [S, A] of each act replaced by what comes of `fallback` [S] in the same state."""
    S, A, K = table.shape
    rows = np.arange(S)
    columns = {}
    for name in COLUMNS:
        own = getattr(table, name)
        other = np.broadcast_to(own[rows, fallback][:, None], (S, A, K))
        columns[name] = np.concatenate([own, other], -1)
    own, other = table.probability, table.probability[rows, fallback][:, None]
    columns["probability"] = np.concatenate([own * (1.0 - share[..., None]), other * share[..., None]], -1)
    # Outcomes that cannot happen go last, so that the table is no wider than it needs to be.
    order = np.argsort(columns["probability"] == 0.0, axis=-1, kind="stable")
    wide = max(1, int((columns["probability"] > 0.0).sum(-1).max()))
    return table.with_columns(
        **{name: np.take_along_axis(column, order, -1)[..., :wide] for name, column in columns.items()}
    )
