# SPDX-License-Identifier: MIT
"""Safely interruptible updates: the agent is interrupted, but learns as if it never were.

Q-learning that credits the action carried out is such a learner; Sarsa becomes one when it bootstraps from the action that it
would have taken. Neither helps where the agent sees that it is stopped, and can hold that against the act that led there; so it
is not shown. Where training comes to rest is the best policy of the world without interruptions. Source: Orseau and Armstrong
(2016), Safely Interruptible Agents. The one thing that is easy to get wrong: only an interruption that chance decides is left out;
one that follows from the act for certain is a consequence of it, and stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.errors import StudyError
from offswitch.lab.solve.best import best
from offswitch.lab.solve.gate import padded
from offswitch.lab.table import Flags, Floats, Table


@dataclass(frozen=True, kw_only=True)
class Interruptible(Cure):
    """Updates that leave interruptions out. The world stays as it is; `learner` tells the learner which updates."""

    name = "interruptible"
    about = "the agent learns as if it were never interrupted"
    source = "Orseau and Armstrong (2016), Safely Interruptible Agents"

    def applies(self, table: Table) -> str:
        """Refuse worlds in which no chance decides whether the agent is stopped."""
        return "" if by_chance(table).any() else "no stop in this world depends on chance"

    def on(self, cured: Cured) -> Cured:
        """Change how the agent learns, and so where it comes to rest."""
        reason = self.applies(cured.training)
        if reason:
            raise StudyError(f"cure {self.name!r} does not apply to {cured.training.world.name}: {reason}")
        blind = cured.training_on(unaware(cured.training))
        return blind.learning_by(credit="executed").settling_by(as_if_never_stopped)


def by_chance(table: Table) -> Flags:
    """Return the outcomes that stop the agent where the same act may also come out without a stop, [S, A, K]."""
    possible = table.probability > 0.0
    spared = (possible & ~table.stopped).any(-1, keepdims=True)
    marked: Flags = table.stopped & possible & spared
    return marked


def uninterrupted(table: Table) -> Table:
    """Return the world in which no chance stops the agent: such outcomes are left out, the others weigh more."""
    left = np.where(by_chance(table), 0.0, table.probability)
    return table.with_columns(probability=left / left.sum(-1, keepdims=True))


def unaware(table: Table) -> Table:
    """Return the world in which the agent does not see that chance stopped it: it sees what it would have seen otherwise."""
    seen, stops = table.seen.copy(), by_chance(table) & ~table.ended
    goes_on = (table.probability > 0.0) & ~table.stopped & ~table.ended
    for s, a in np.argwhere(stops.any(-1) & goes_on.any(-1)):
        otherwise = table.next[s, a, goes_on[s, a].argmax()]
        seen[table.next[s, a, stops[s, a]]] = seen[otherwise]
    _, dense = np.unique(seen, return_inverse=True)
    return table.with_columns(seen=dense.astype(np.int32))


def as_if_never_stopped(table: Table) -> Floats:
    """Return the best policy of the world without interruptions, over the states."""
    quiet = uninterrupted(replace(table, seen=np.arange(table.shape[0], dtype=np.int32)))
    return padded(best(quiet).shares, quiet)
