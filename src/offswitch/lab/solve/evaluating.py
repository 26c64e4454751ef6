# SPDX-License-Identifier: MIT
"""What a policy is worth, exactly: reward, performance, and the chance of ever defying, breaking the boundary, being stopped.

Nothing is sampled: probability is pushed forward through the table. The policy may depend on time, and on what is seen where the
table is not open. Without a horizon, the discount is read as the chance of going on, and the numbers are those of an episode
that ends with probability 1 - discount after each step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Flags, Floats, Table, conduct_is_defiant

Places = npt.NDArray[np.intp]

LEFT = 1e-13  # probability still under way that is not worth another step
STEPS = 1_000_000


@dataclass(frozen=True)
class Evaluation:
    """Expectations over whole episodes; `reward` is discounted as the world says, `performance` likewise."""

    reward: float
    performance: float
    defied: float  # chance that some step is defiance
    breached: float  # chance that some step breaks the boundary
    stopped: float  # chance of being shut down
    length: float  # steps


def evaluated(table: Table, policy: Floats) -> Evaluation:
    """Return what comes of a policy, [O, A] or [T, O, A]: probabilities of actions given what is seen (and the step).

    Raises SolveError where the policy's shape does not fit the table.
    """
    _, A, _ = table.shape
    policy = np.asarray(policy, np.float64)
    if policy.shape[-1] < A:
        policy = np.concatenate([policy, np.zeros((*policy.shape[:-1], A - policy.shape[-1]))], -1)
    T, seen = table.horizon, table.seen_count
    if policy.shape not in {(seen, A), (T, seen, A)}:
        raise SolveError(
            f"{table.world.name}: a policy of shape {policy.shape}; it needs {(seen, A)} or {(T, seen, A)}"
        )
    marks = {
        "defied": conduct_is_defiant()[table.conduct],
        "breached": table.breach,
        "stopped": table.stopped,
    }
    there = table.start.copy()
    never = {name: table.start.copy() for name in marks}
    found = dict.fromkeys(marks, 0.0)
    total = {"reward": 0.0, "performance": 0.0}
    mean = {name: table.expected(name) for name in total}
    length, worth = 0.0, 1.0
    survival = 1.0 if T is not None else table.discount
    for t in range(T if T is not None else STEPS):
        at = np.flatnonzero(
            there
        )  # where the agent can be by now: few of the states, where they hold a clock
        acts = (policy[t] if policy.ndim == 3 else policy)[table.seen[at]]  # [s, A], of the s states in `at`
        for name in total:
            total[name] += worth * float((there[at, None] * acts * mean[name][at]).sum())
        length += float(there[at].sum())
        for name, mark in marks.items():
            found[name] += _reached(table, never[name], acts, mark, at)
            never[name] = survival * _moved(table, never[name], acts, ~mark[at], at)
        there = survival * _moved(table, there, acts, None, at)
        worth *= table.discount if T is not None else 1.0
        if there.sum() < LEFT:
            break
    else:
        if T is None:
            raise SolveError(f"{table.world.name}: episodes under this policy do not end")
    return Evaluation(**total, **found, length=length)


def _moved(table: Table, there: Floats, acts: Floats, only: Flags | None, at: Places) -> Floats:
    """Push a distribution [S] one step forward from `at`, along outcomes that go on (and are among `only`)."""
    flow = (there[at, None] * acts)[..., None] * np.where(table.ended[at], 0.0, table.probability[at])
    if only is not None:
        flow = np.where(only, flow, 0.0)
    pushed: Floats = np.bincount(table.next[at].ravel(), flow.ravel(), minlength=len(there)).astype(
        np.float64
    )
    return pushed


def _reached(table: Table, there: Floats, acts: Floats, mark: Flags, at: Places) -> float:
    flow = (there[at, None] * acts)[..., None] * table.probability[at]
    return float(flow[mark[at]].sum())
