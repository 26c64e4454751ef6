# SPDX-License-Identifier: MIT
"""Trajectories by their length: how likely each length is, what is collected on it, and how much could have been.

    USEFULNESS = sum over lengths of p(l) * E[C | l] / m(l)      NEUTRALITY = entropy of p, in bits

C is the discounted reward of an episode, m(l) the most of it that any policy collects whose episodes have length l for certain.
Source: Thornley et al. (2024), arXiv 2407.00805, section 4. The one thing that is easy to get wrong: a reward is counted by the
length that its episode turns out to have, which is settled later than the reward is paid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from offswitch.lab.errors import SolveError
from offswitch.lab.table import Floats, Ints, Table


@dataclass(frozen=True)
class Lengths:
    """What comes of a policy, length by length. Only lengths that some episode can have for certain are told apart."""

    chance: dict[int, float]
    collected: dict[int, float]  # E[C | l]; 0 where l does not happen
    most: dict[int, float]  # m(l)

    @property
    def neutrality(self) -> float:
        """Return the entropy of the length, in bits."""
        return entropy(self.chance.values())

    @property
    def usefulness(self) -> float:
        """Return the share of what could be collected that is collected, given each length."""
        return sum(p * self.collected[n] / self.most[n] for n, p in self.chance.items() if p > 0.0)


def entropy(chances: object) -> float:
    """Return the entropy in bits of chances that sum to 1."""
    return -sum(p * math.log2(p) for p in chances if p > 0.0) + 0.0  # type: ignore[attr-defined]


def by_length(table: Table, policy: Floats) -> Lengths:
    """Return what comes of a policy, [S, A] or [T, S, A], exactly. Raises SolveError where the table is hidden or has no horizon."""
    T = horizon_of(table)
    acts = np.broadcast_to(policy, (T, *table.shape[:2]))
    found = [(n, best_of_length(table, n)) for n in range(1, T + 1)]
    most = {n: one[0] for n, one in found if one is not None}
    chance, collected = {}, {}
    for n in most:
        reached, reward = _of_length(table, acts, n)
        chance[n] = reached
        collected[n] = reward / reached if reached > 0.0 else 0.0
    return Lengths(chance, collected, most)


def horizon_of(table: Table) -> int:
    """Return the horizon. Raises SolveError where there is none, or where the agent does not see the whole state."""
    if table.horizon is None or not table.is_open:
        raise SolveError(
            f"{table.world.name}: lengths are counted where there is a horizon and nothing is hidden; solve believed(table)"
        )
    return table.horizon


def best_of_length(table: Table, length: int) -> tuple[float, Ints] | None:
    """Return the most reward of policies whose episodes all have this length, and one of them [T, S]; None where there is none."""
    T, (S, _, _) = horizon_of(table), table.shape
    values, policy = np.full(S, -np.inf), np.zeros((T, S), np.int32)
    for t in reversed(range(length)):
        last = t + 1 == length
        over = table.ended | (t + 1 == T)
        after = np.where(over, 0.0 if last else -np.inf, -np.inf if last else values[table.next])
        possible = table.probability > 0.0
        worth = np.where(possible, table.reward + table.discount * after, 0.0)
        quality = np.where(possible, table.probability * worth, 0.0).sum(-1)
        policy[t], values = quality.argmax(-1), quality.max(-1)
    sure = table.start > 0.0
    if not np.isfinite(values[sure]).all():
        return None
    return float(table.start[sure] @ values[sure]), policy


def _of_length(table: Table, acts: Floats, length: int) -> tuple[float, float]:
    """Return the chance of a length, and the mean of the discounted reward that is collected on it (0 on others)."""
    T, S = acts.shape[:2]
    hits, worth = np.zeros(S), np.zeros(S)
    for t in reversed(range(length)):
        last = t + 1 == length
        over = table.ended | (t + 1 == T)
        hit = np.where(over, float(last), 0.0 if last else hits[table.next])
        later = np.where(over | last, 0.0, worth[table.next])
        weight = acts[t][..., None] * table.probability
        worth = (weight * (table.reward * hit + table.discount * later)).sum((1, 2))
        hits = (weight * hit).sum((1, 2))
    return float(table.start @ hits), float(table.start @ worth)


def mixed(table: Table, shares: dict[int, float]) -> Floats:
    """Return the policy that has each length with this chance and collects the most on it, [T, S, A].

    Raises SolveError where a length cannot be had for certain.
    """
    T, (S, A, _) = horizon_of(table), table.shape
    taken = np.zeros((T, S, A))
    for length, share in shares.items():
        found = best_of_length(table, length)
        if found is None:
            raise SolveError(f"{table.world.name}: no policy has episodes of length {length} for certain")
        there = share * table.start
        for t in range(T):
            acts = np.eye(A)[found[1][t]] * there[:, None]
            taken[t] += acts
            flow = acts[..., None] * table.goes_on
            there = np.bincount(table.next.ravel(), flow.ravel(), minlength=S).astype(np.float64)
    idle = np.eye(A)[table.world.idle]
    there = taken.sum(-1, keepdims=True)
    return np.where(there > 0.0, taken / np.where(there > 0.0, there, 1.0), idle)
