# SPDX-License-Identifier: MIT
"""A table in which the agent sees the clock: one state for each pair of step and state.

What a cure charges may depend on the step, as where it compares with what would have been by now had the agent never acted. A
table has no column for that, so the step becomes part of the state. The one thing that is easy to get wrong: the last layer
leads nowhere. Its `next` is itself, since the horizon cuts the episode off before anything is read there.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats, Table


def clocked(table: Table) -> Table:
    """Return the table over (step, state): T * S states, step by step. Raises SolveError without a horizon."""
    T = table.horizon
    if T is None:
        raise SolveError(f"{table.world.name}: without a horizon there is no last step; give it one")
    S = len(table.states)
    layer = np.repeat(np.arange(T, dtype=np.int32), S)
    columns: dict[str, Any] = {
        field.name: np.tile(getattr(table, field.name), (T, 1, 1))
        for field in fields(table)
        if field.name not in {"world", "states", "start", "seen", "next"}
    }
    later = np.where(columns["ended"], layer[:, None, None], np.minimum(layer + 1, T - 1)[:, None, None])
    start = np.zeros(T * S)
    start[:S] = table.start
    return replace(
        table,
        states=tuple((t, state) for t in range(T) for state in table.states),
        start=start,
        seen=np.int32(table.seen_count) * layer + np.tile(table.seen, T),
        next=(later * S + np.tile(table.next, (T, 1, 1))).astype(np.int32),
        **columns,
    )


def by_step(charge: Floats, table: Table) -> Floats:
    """Return a charge for each step, [T, S, A], as a column of the clocked table, [T * S, A, 1]."""
    _, A, _ = table.shape
    return charge.reshape(-1, A)[..., None]
