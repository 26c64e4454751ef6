# SPDX-License-Identifier: MIT
"""Worlds in which the agent does not see everything, as exact decision processes over what it can believe.

A belief is a distribution over states, given all that was seen and done. In our worlds what is hidden is settled by a few
chances, so that the beliefs that can be reached are few, and the optimum over them is the optimum of an agent with perfect
memory. The one thing that is easy to get wrong: the agent learns from what it *sees* and from whether it was stopped, not
from its reward. Source: Kaelbling, Littman and Cassandra (1998), section 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Table

LIMIT = 20_000  # beliefs; a world with more has to be solved by other means
DIGITS = 12  # beliefs that agree to this many digits are one

Belief = tuple[tuple[int, float], ...]
Row = dict[str, Any]


def believed(table: Table) -> Table:
    """Return the world as the agent can know it: a table whose states are beliefs. An open table is returned as it is.

    Raises SolveError where more than LIMIT beliefs can be reached.
    """
    if table.is_open:
        return table
    _, A, _ = table.shape
    beliefs: list[Belief] = []
    places: dict[Belief, int] = {}
    starts = _split({(int(s),): float(table.start[s]) for s in np.flatnonzero(table.start)}, table)

    def place(belief: Belief) -> int:
        if belief not in places:
            if len(beliefs) >= LIMIT:
                raise SolveError(f"{table.world.name}: more than {LIMIT:,} beliefs can be reached")
            places[belief] = len(beliefs)
            beliefs.append(belief)
        return places[belief]

    start = {place(belief): weight for belief, weight in starts}
    rows: dict[tuple[int, int], list[Row]] = {}
    done = 0
    while done < len(beliefs):
        for a in range(A):
            rows[done, a] = _turned(table, beliefs[done], a, place)
        done += 1
    return _table(table, tuple(beliefs), start, rows)


def _split(weights: dict[tuple[int, ...], float], table: Table) -> list[tuple[Belief, float]]:
    """Group states by what is seen of them; return each group's normed belief and weight."""
    groups: dict[int, dict[int, float]] = defaultdict(dict)
    for (s,), weight in weights.items():
        groups[int(table.seen[s])][s] = groups[int(table.seen[s])].get(s, 0.0) + weight
    return [(_normed(group), sum(group.values())) for group in groups.values()]


def _normed(group: dict[int, float]) -> Belief:
    total = sum(group.values())
    return tuple((s, round(weight / total, DIGITS)) for s, weight in sorted(group.items()) if weight > 0)


COLUMNS = ("reward", "performance")
KINDS = ("executed", "signal", "conduct", "breach", "ended", "stopped")


def _turned(table: Table, belief: Belief, a: int, place: Callable[[Belief], int]) -> list[Row]:
    """Return the outcomes of an action under a belief: one for each thing seen after it and each kind of step."""
    K = table.shape[2]
    groups: dict[Any, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    sums: dict[Any, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for s, weight in belief:
        for k in range(K):
            at = (s, a, k)
            share = weight * float(table.probability[at])
            if share == 0.0:
                continue
            after = int(table.next[at])
            ended, stopped = bool(table.ended[at]), bool(table.stopped[at])
            # What is seen joins the beliefs; the other kinds only keep apart what is counted apart.
            seen = (-1 if ended else int(table.seen[after]), stopped)
            groups[seen][after] += share
            kind = (seen, *(int(getattr(table, name)[at]) for name in KINDS))
            sums[kind]["probability"] += share
            for name in COLUMNS:
                sums[kind][name] += share * float(getattr(table, name)[at])
    outcomes = []
    for kind, total in sums.items():
        seen, *rest = kind
        row: Row = dict(zip(KINDS, rest, strict=True), probability=total["probability"])
        row |= {name: total[name] / total["probability"] for name in COLUMNS}
        row["next"] = -1 if row["ended"] else place(_normed(groups[seen]))
        outcomes.append(row)
    return outcomes


def _table(
    table: Table,
    beliefs: tuple[Belief, ...],
    start: dict[int, float],
    rows: dict[tuple[int, int], list[Row]],
) -> Table:
    S, A, K = len(beliefs), table.shape[1], max(len(row) for row in rows.values())
    columns = {name: np.zeros((S, A, K), getattr(table, name).dtype) for name in ("next", *COLUMNS, *KINDS)}
    probability = np.zeros((S, A, K))
    for (s, a), outcomes in rows.items():
        columns["next"][s, a] = s
        columns["executed"][s, a] = a
        for k, row in enumerate(outcomes):
            probability[s, a, k] = row["probability"]
            for name in columns:
                columns[name][s, a, k] = s if name == "next" and row["ended"] else row[name]
        probability[s, a] /= probability[s, a].sum()
    begin = np.zeros(S)
    for place, weight in start.items():
        begin[place] += weight
    states = tuple(tuple((table.states[s], weight) for s, weight in belief) for belief in beliefs)
    return Table(
        world=table.world,
        states=states,
        start=begin / begin.sum(),
        seen=np.arange(S, dtype=np.int32),
        probability=probability,
        **columns,
    )
