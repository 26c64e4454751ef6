# SPDX-License-Identifier: MIT
"""The best policy of a table: backward induction under a horizon, policy iteration under a discount.

The table must be open (see `offswitch.lab.beliefs.believed` for those that are not). Ties go to the first action. Source:
Puterman (1994), sections 4.5 and 6.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Flags, Floats, Ints, Table

FORBIDDEN = (
    -1e12
)  # the value of a state in which everything is forbidden: far below any return, and still finite
TIE = 1e-9  # two actions whose values differ by less are equally good
SWEEPS = 100_000


@dataclass(frozen=True, eq=False)
class Solution:
    """A best policy and its value.

    `policy` is [T, S] under a horizon and [S] without; `values` is [T + 1, S] or [S]; `value` is the mean over starts.
    """

    value: float
    values: Floats
    policy: Ints

    @property
    def shares(self) -> Floats:
        """Return the policy as probabilities of actions, [T, S, A] or [S, A], for `evaluated`. A is the largest used + 1."""
        return np.eye(int(self.policy.max()) + 1)[self.policy]


def best(table: Table, *, allowed: Flags | None = None, reward: Floats | None = None) -> Solution:
    """Return the policy with the greatest expected visible reward.

    `allowed` [S, A] limits the actions; `reward` [S, A] stands in for the table's own mean reward. Raises SolveError where the
    agent does not see the whole state, or where nothing bounds the return.
    """
    if not table.is_open:
        raise SolveError(
            f"{table.world.name}: the agent does not see all of the state; solve believed(table)"
        )
    mean = table.expected("reward") if reward is None else reward
    if allowed is not None:
        mean = np.where(allowed, mean, FORBIDDEN)
    if table.horizon is not None:
        return _backwards(table, mean)
    if table.discount < 1.0:
        return _iterated(table, mean)
    return _swept(table, mean)


def backed_up(table: Table, mean: Floats, values: Floats) -> Floats:
    """Return the value of each action when what follows is worth `values` [S]: one Bellman step, [S, A]."""
    quality: Floats = mean + table.discount * (table.goes_on * values[table.next]).sum(-1)
    return quality


def _choice(quality: Floats) -> Ints:
    """Return the first action that is as good as any, [S]."""
    first: Ints = np.argmax(quality >= quality.max(-1, keepdims=True) - TIE, axis=-1).astype(np.int32)
    return first


def _backwards(table: Table, mean: Floats) -> Solution:
    T = table.horizon
    assert T is not None
    S = len(table.states)
    values, policy = np.zeros((T + 1, S)), np.zeros((T, S), np.int32)
    for t in reversed(range(T)):
        quality = backed_up(table, mean, values[t + 1])
        policy[t] = _choice(quality)
        values[t] = np.maximum(quality.max(-1), FORBIDDEN)
    return Solution(float(table.start @ values[0]), values, policy)


def _iterated(table: Table, mean: Floats) -> Solution:
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import spsolve

    S, _, K = table.shape
    rows = np.repeat(np.arange(S), K)
    policy = _choice(mean)
    for _ in range(SWEEPS):
        at = (np.arange(S), policy)
        flow = csr_matrix((table.goes_on[at].ravel(), (rows, table.next[at].ravel())), shape=(S, S))
        values = np.atleast_1d(spsolve((identity(S) - table.discount * flow).tocsc(), mean[at]))
        quality = backed_up(table, mean, values)
        better = _choice(quality)
        # An action is only changed for one that is really better, or two equal ones could take turns for ever.
        policy_quality = quality[at]
        change = quality.max(-1) > policy_quality + TIE * (1.0 + abs(policy_quality))
        if not change.any():
            return Solution(float(table.start @ values), values, better)
        policy = np.where(change, better, policy).astype(np.int32)
    raise SolveError(f"{table.world.name}: policy iteration did not come to rest")


def _swept(table: Table, mean: Floats) -> Solution:
    values = np.zeros(len(table.states))
    for _ in range(SWEEPS):
        quality = backed_up(table, mean, values)
        new = quality.max(-1)
        if np.abs(new - values).max() < 1e-12 * (1.0 + np.abs(new).max()):
            return Solution(float(table.start @ new), new, _choice(quality))
        values = new
    raise SolveError(
        f"{table.world.name}: without horizon and discount the return is not bounded; give it one of them"
    )
