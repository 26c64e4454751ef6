# SPDX-License-Identifier: MIT
"""What a learner comes to believe if every episode in which it was stopped is thrown away.

Deleting looks like a way to keep interruptions from teaching anything. It is none: which episodes are stopped depends on how they
went, so that those which are left are a selection, and an action that gets bad episodes stopped looks good. All is exact: the
mean return of all episodes, and of those never stopped. Source: Armstrong (2017), "Removing interrupted histories doesn't debias".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, eq=False)
class Deletion:
    """The value of each action at the first step, [S, A]: over all episodes, and over those that are kept.

    `share` is the chance that an episode is kept; where it is 0 nothing is left to learn from, and `kept` is NaN.
    """

    whole: Floats
    kept: Floats
    share: Floats


def deletion(table: Table, policy: Floats | None = None) -> Deletion:
    """Return what each action is worth before and after the episodes with a stop are deleted.

    `policy` [S, A] is followed after the first action; without one, all actions are equally likely. Raises SolveError for a table
    without a horizon.
    """
    if table.horizon is None:
        raise SolveError(f"{table.world.name}: deleting whole episodes needs a horizon that ends them")
    S, A, _ = table.shape
    acts = np.full((S, A), 1.0 / A) if policy is None else policy
    going, unstopped = (~table.ended).astype(float), (~table.stopped).astype(float)
    whole, share, kept = np.zeros(S), np.ones(S), np.zeros(S)
    for _ in range(table.horizon):
        # `kept` is the mean of return times "never stopped", so that it must be divided by `share` in the end.
        onward = np.where(table.ended, 1.0, share[table.next])
        q_whole = _mean(table, table.reward + table.discount * going * whole[table.next])
        q_share = _mean(table, unstopped * onward)
        q_kept = _mean(table, unstopped * (table.reward * onward + table.discount * going * kept[table.next]))
        whole, share, kept = ((acts * q).sum(-1) for q in (q_whole, q_share, q_kept))
    with np.errstate(invalid="ignore"):
        return Deletion(q_whole, np.where(q_share > 0, q_kept / q_share, np.nan), q_share)


def _mean(table: Table, outcome: Floats) -> Floats:
    mean: Floats = (table.probability * outcome).sum(-1)
    return mean
