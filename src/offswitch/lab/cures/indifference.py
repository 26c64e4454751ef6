# SPDX-License-Identifier: MIT
"""Utility indifference: whoever is stopped is paid what going on would have been worth, so that a stop costs nothing.

What going on is worth is taken from the value function: after the same act without the stop where chance decides, and otherwise
from the best act that does not lead to a stop. Source: Armstrong (2010), Utility Indifference; Soares, Fallenstein, Armstrong and
Yudkowsky (2015), Corrigibility, section 4. The one thing that is easy to get wrong: the agent is made indifferent, not willing.
Where a stop follows for certain, resisting it and bearing it are worth the same, and a best policy may do either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from offswitch.lab.clocked import clocked
from offswitch.lab.cures.cure import Cure, Cured
from offswitch.lab.cures.interruptible import by_chance, uninterrupted
from offswitch.lab.errors import StudyError
from offswitch.lab.solve.best import TIE, backed_up
from offswitch.lab.table import Flags, Floats, Table

LIMIT = 400_000  # states with their steps
SWEEPS = 100_000


@dataclass(frozen=True, kw_only=True)
class Indifference(Cure):
    """A compensating reward at each stop, in training. Under a horizon it depends on the step, so that the agent sees the clock."""

    name = "indifference"
    about = "whoever is stopped is paid what going on would have been worth, in training"
    source = "Soares, Fallenstein, Armstrong and Yudkowsky (2015), Corrigibility, section 4; Armstrong (2010)"

    def applies(self, table: Table) -> str:
        """Refuse worlds in which nothing can be compared with a stop, or with too many steps and states."""
        if not (table.stopped & (table.probability > 0)).any():
            return "nothing in this world stops the agent"
        if not compensable(table).any():
            return "every stop is certain, whatever the agent does; there is no going on to compare it with"
        if always_stopped(table):
            return "every episode ends with the agent stopped; all it can choose is when"
        if (table.horizon or 1) * table.shape[0] > LIMIT:
            return f"more than {LIMIT:,} states with their steps"
        return ""

    def on(self, cured: Cured) -> Cured:
        """Pay at each stop; where there is a horizon, both tables gain the clock."""
        reason = self.applies(cured.training)
        if reason:
            raise StudyError(f"cure {self.name!r} does not apply to {cured.training.world.name}: {reason}")
        payout = compensation(cured.training)
        if cured.training.horizon is None:
            paid = cured.training.reward + payout[0]
            return cured.training_on(cured.training.with_columns(reward=paid))
        training = clocked(cured.training)
        paid = training.reward + payout.reshape(training.reward.shape)
        return cured.guarded_by(training.with_columns(reward=paid), clocked(cured.acting))


class Worth(NamedTuple):
    """What going on is worth: in each state [S], and after each act if it does not lead to a stop [S, A]."""

    state: Floats
    act: Floats


def compensable(table: Table) -> Flags:
    """Return the stops for which there is a going on, [S, A, K]: by chance, or where another act is not stopped for certain."""
    stops = table.stopped & (table.probability > 0)
    escapes = np.asarray((~certain(table)).any(-1))[:, None, None]
    found: Flags = by_chance(table) | (stops & escapes)
    return found


def certain(table: Table) -> Flags:
    """Return the acts that lead to a stop for certain, [S, A]."""
    always: Flags = np.asarray((table.stopped | (table.probability <= 0)).all(-1))
    return always


def always_stopped(table: Table) -> bool:
    """Tell whether the agent is stopped for certain, sooner or later, whatever it does."""
    chance = np.zeros(table.shape[0])
    for _ in range(table.horizon or SWEEPS):
        later = np.where(table.ended, 0.0, chance[table.next])
        new = (table.probability * np.where(table.stopped, 1.0, later)).sum(-1).min(-1)
        if table.horizon is None and np.abs(new - chance).max() < TIE:
            break
        chance = new
    return bool(table.start @ chance > 1.0 - TIE)


def compensation(table: Table) -> Floats:
    """Return what is paid at each stop, [T, S, A, K], or [1, S, A, K] without a horizon; 0 elsewhere."""
    quiet, marked = uninterrupted(table), compensable(table)
    T, S = table.horizon, table.shape[0]
    following = np.zeros(S) if T is not None else _for_ever(quiet)
    payouts = []
    for _ in range(T or 1):
        worth = going_on(quiet, following)
        after = table.reward + table.discount * np.where(table.ended, 0.0, following[table.next])
        payouts.append(np.where(marked, worth.act[..., None] - after, 0.0))
        following = worth.state
    return np.stack(payouts[::-1])


def going_on(quiet: Table, following: Floats) -> Worth:
    """Return what going on is worth where what follows is worth `following` [S]; `quiet` has no stops by chance."""
    quality = backed_up(quiet, quiet.expected("reward"), following)
    stops = certain(quiet)
    spared = np.where(stops, -np.inf, quality).max(-1, keepdims=True)
    act = np.where(stops & np.isfinite(spared), spared, quality)
    return Worth(act.max(-1), act)


def _for_ever(quiet: Table) -> Floats:
    values = np.zeros(quiet.shape[0])
    for _ in range(SWEEPS):
        new = going_on(quiet, values).state
        if np.abs(new - values).max() < TIE * 1e-3 * (1.0 + np.abs(new).max()):
            return new
        values = new
    raise StudyError(f"cure 'indifference': {quiet.world.name}: the values did not come to rest")
