# SPDX-License-Identifier: MIT
"""Attainable values: what could still be got from each state for purposes that have nothing to do with the task.

Auxiliary rewards are drawn at random for what is seen, uniform in [0, 1], and paid for the state that is entered, so that the
value of an action is the mean value of the states it leads to: Q_i(s, a) = E[V_i(s')] with V_i(s) = r_i(s) + gamma max Q_i(s, a).
Like the published agents, which learn the values of maps, the values are those of what is seen: where a map can hide one of
several states, each is held equally likely. Without that, some of the paper's bad incentives never come about. (`trying` has the
values that the published program really learns, which differ where something is hidden.)
The one thing that is easy to get wrong: an episode that ends pays nothing more, so that ending it, or being shut down, is worth 0
to every auxiliary reward.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from offswitch.lab.solve import best
from offswitch.lab.table import Floats, Table


def random_rewards(table: Table, count: int, seed: int) -> Floats:
    """Return auxiliary rewards of the states, [N, S]; states that look alike are worth the same."""
    drawn = np.random.default_rng(seed).random((count, table.seen_count))
    return drawn[:, table.seen]


@lru_cache(maxsize=32)
def attainable(table: Table, count: int, seed: int, discount: float, *, full_state: bool = False) -> Floats:
    """Return the exact value of each state for each of `count` random rewards, [N, S], without any horizon; not to be written to.

    `full_state` tells that the values may depend on what the agent does not see.
    """
    rewards = random_rewards(table, count, seed)
    if full_state or table.is_open:
        every = replace(table, seen=np.arange(len(table.states), dtype=np.int32))
        values = _values(every, rewards, discount)
    else:
        _, first = np.unique(table.seen, return_index=True)
        values = _values(as_seen(table), rewards[:, first], discount)[:, table.seen]
    values.flags.writeable = False
    return values


def _values(table: Table, rewards: Floats, discount: float) -> Floats:
    endless = replace(table, world=replace(table.world, horizon=None, discount=discount))
    A = table.shape[1]
    return np.stack([best(endless, reward=np.repeat(reward[:, None], A, 1)).values for reward in rewards])


def as_seen(table: Table) -> Table:
    """Return the table over what is seen: what may come of an action in any of the states that look so, held equally likely."""
    _, A, K = table.shape
    alike = [np.flatnonzero(table.seen == look) for look in range(table.seen_count)]
    most = max(map(len, alike))
    # Looks behind which fewer states hide repeat the first of them with probability 0.
    members = np.array([np.pad(states, (0, most - len(states)), mode="edge") for states in alike])
    share = np.array([(np.arange(most) < len(states)) / len(states) for states in alike])

    def spread(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
        flat: npt.NDArray[Any] = column[members].transpose(0, 2, 1, 3).reshape(len(alike), A, most * K)
        return flat

    columns: dict[str, Any] = {
        field.name: spread(getattr(table, field.name))
        for field in fields(table)
        if field.name not in {"world", "states", "start", "seen", "next", "probability"}
    }
    return replace(
        table,
        states=tuple(tuple(table.states[s] for s in states) for states in alike),
        start=np.bincount(table.seen, table.start, minlength=len(alike)).astype(np.float64),
        seen=np.arange(len(alike), dtype=np.int32),
        next=table.seen[spread(table.next)],
        probability=(
            spread(table.probability).reshape(len(alike), A, most, K) * share[:, None, :, None]
        ).reshape(len(alike), A, most * K),
        **columns,
    )
