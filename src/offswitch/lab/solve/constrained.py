# SPDX-License-Identifier: MIT
"""The best policy under a budget: a linear program over how often each action is taken in each state (and at each step).

The optimum may mix actions; the constraint's dual is the price at which the agent would keep to the budget by itself. Source:
Altman (1999), *Constrained Markov Decision Processes*, chapter 3. Solved by HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats, Table


@dataclass(frozen=True, eq=False)
class Constrained:
    """An optimum under a budget. `policy` is [T, S, A] or [S, A]; `price` is reward lost per unit of budget taken away."""

    value: float
    cost: float
    price: float
    policy: Floats


def constrained(table: Table, budget: float, cost: Floats | None = None) -> Constrained:
    """Return the policy with the greatest reward whose expected `cost` is at most `budget`.

    `cost` [S, A] defaults to the chance that the step breaks the boundary. Raises SolveError where no policy keeps to the budget.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    if not table.is_open:
        raise SolveError(
            f"{table.world.name}: the agent does not see all of the state; solve believed(table)"
        )
    S, A, K = table.shape
    T = table.horizon or 1
    charge = table.expected("breach") if cost is None else cost
    reward = table.expected("reward")
    # Variables x[t, s, a]; flow into (t + 1, s') equals flow out of it. Without a horizon there is one layer that feeds itself.
    variable = np.arange(T * S * A).reshape(T, S, A)
    row, column, entry = [np.repeat(np.arange(T * S), A)], [variable.ravel()], [np.ones(T * S * A)]
    into = table.discount * np.broadcast_to(table.goes_on, (T, S, A, K))
    layers = np.arange(T)[:, None, None, None] + (1 if table.horizon is not None else 0)
    target = layers * S + table.next[None]
    keep = (into > 0) & (target < T * S)
    row.append(target[keep])
    column.append(np.broadcast_to(variable[..., None], (T, S, A, K))[keep])
    entry.append(-into[keep])
    flow = coo_matrix(
        (np.concatenate(entry), (np.concatenate(row), np.concatenate(column))), shape=(T * S, T * S * A)
    )
    supply = np.zeros(T * S)
    supply[:S] = table.start
    found = linprog(
        -np.tile(reward.ravel(), T),
        A_ub=np.tile(charge.ravel(), T)[None],
        b_ub=[budget],
        A_eq=flow.tocsr(),
        b_eq=supply,
        method="highs",
    )
    if not found.success:
        raise SolveError(
            f"{table.world.name}: no policy keeps to a budget of {budget}, or the program failed: {found.message}"
        )
    taken = np.maximum(found.x.reshape(T, S, A), 0.0)
    there = taken.sum(-1, keepdims=True)
    policy = np.where(there > 1e-12, taken / np.maximum(there, 1e-300), 1.0 / A)
    return Constrained(
        value=float(-found.fun),
        cost=float((taken * charge).sum()),
        price=float(-found.ineqlin.marginals[0]),
        policy=policy if table.horizon is not None else policy[0],
    )
