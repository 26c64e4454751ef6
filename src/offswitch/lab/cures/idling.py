# SPDX-License-Identifier: MIT
"""What would have come of doing nothing: the baselines that penalties on side effects compare with.

A penalty values states by several measures at once, `values` [N, S]; what an ended episode is worth is 0. All is linear algebra
on the table: nothing is sampled. The one thing that is easy to get wrong is the moment that two values belong to. The charge
for the action at step t compares values at one and the same later moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from offswitch.lab.table import Floats, Table

BASELINES = ("stepwise", "starting", "inaction")
DEVIATIONS = ("absolute", "decrease")


def after(table: Table, values: Floats) -> Floats:
    """Return the mean value of what an action leads to, [N, S, A]."""
    worth: Floats = np.einsum("sak,nsak->nsa", table.goes_on, values[:, table.next])
    return worth


def idled(table: Table, values: Floats) -> Floats:
    """Return the mean value of what one idle step leads to, [N, S]."""
    idle = table.world.idle
    worth: Floats = np.einsum("sk,nsk->ns", table.goes_on[:, idle], values[:, table.next[:, idle]])
    return worth


def idling(table: Table, values: Floats, steps: int) -> Iterator[Floats]:
    """Yield the mean value of what 0, 1, ... `steps` idle steps lead to, [N, S] each."""
    yield values
    for _ in range(steps):
        values = idled(table, values)
        yield values


def idle_for_ever(table: Table, values: Floats, discount: float) -> Floats:
    """Return the discounted mean, with weights that sum to 1, of the values on the way of an agent that idles, [N, S]."""
    from scipy.sparse import csr_matrix, identity
    from scipy.sparse.linalg import splu

    S, _, K = table.shape
    flow = (table.goes_on[:, table.world.idle].ravel(), table.next[:, table.world.idle].ravel())
    moves = csr_matrix((flow[0], (np.repeat(np.arange(S), K), flow[1])), shape=(S, S))
    solved = splu((identity(S) - discount * moves).tocsc()).solve((1.0 - discount) * values.T)
    return np.asarray(solved.T, np.float64)


def deviated(taken: Floats, base: Floats, deviation: str) -> Floats:
    """Return how far a value is from its baseline; where only a decrease counts, an increase is none."""
    return np.maximum(base - taken, 0.0) if deviation == "decrease" else np.abs(base - taken)
