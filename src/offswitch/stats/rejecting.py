# SPDX-License-Identifier: MIT
"""Which tables does a test of two rates call different? All of them, at once: what exact power is counted from.

`rejected` holds 1.0 for each table (k1 of n1, k2 of n2) that the test rejects; the power at two true rates is then a
sum over it. The tests are those of `comparing.compare`, Fisher's and Boschloo's, and turn from one to the other at
the same size.

Easy to get wrong: two-sided. Fisher's adds the tables that are no more likely than the one seen; Boschloo's doubles the
smaller one-sided p-value. Both are scipy's, and so `compare`'s.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from offswitch.stats.comparing import BOSCHLOO_CELLS
from offswitch.stats.errors import StatsError, library

if TYPE_CHECKING:
    from numpy import ndarray as Array

MOST_CELLS = 1_000_000  # tables counted one by one: 1,000 samples an arm
NUISANCE = 999  # common rates at which Boschloo's test is held to its level
TIE = 1e-9  # p-values nearer than this are the same table's, but for rounding


@lru_cache(maxsize=8)
def rejected(n1: int, n2: int, test: str, level: float) -> Array:
    """Return 1.0 for each table `[n1 + 1, n2 + 1]` of events in which `test` finds a difference."""
    if test not in ("boschloo", "fisher"):
        raise StatsError(f"no two-sample test is called {test!r}; known: boschloo, fisher")
    if n1 * n2 > MOST_CELLS:
        raise StatsError(f"{n1} and {n2} samples make too many tables to count; use arm_size")
    np, alpha = library("numpy"), 1 - level
    fewer, more, both = _fisher(n1, n2)
    if test == "fisher" or n1 * n2 > BOSCHLOO_CELLS:
        region = both <= alpha * (1 + TIE)
    else:
        region = np.zeros(both.shape, dtype=bool)
        for one_sided in (fewer, more):
            region |= one_sided <= _critical(one_sided, n1, n2, alpha / 2)
    counted: Array = region.astype(float)
    return counted


def _fisher(n1: int, n2: int) -> tuple[Array, Array, Array]:
    """Return Fisher's p-values of all tables: for fewer events in the first arm, for more, and two-sided."""
    np, gammaln = library("numpy"), library("scipy.special").gammaln

    def choose(n: int) -> Array:
        k = np.arange(n + 1)
        logs: Array = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return logs

    ones, twos, totals = choose(n1), choose(n2), choose(n1 + n2)
    fewer, more, both = (np.ones((n1 + 1, n2 + 1)) for _ in range(3))
    for total in range(n1 + n2 + 1):
        k1 = np.arange(max(0, total - n2), min(n1, total) + 1)
        chance = np.exp(ones[k1] + twos[total - k1] - totals[total])
        rising = np.sort(chance)
        fewer[k1, total - k1] = chance.cumsum()
        more[k1, total - k1] = chance[::-1].cumsum()[::-1]
        both[k1, total - k1] = rising.cumsum()[np.searchsorted(rising, chance * (1 + TIE), side="right") - 1]
    return fewer, more, both


def _critical(p_values: Array, n1: int, n2: int, alpha: float) -> float:
    """Return the largest Fisher p-value that Boschloo's test rejects at `alpha`, whatever the common rate."""
    np, binom = library("numpy"), library("scipy.stats").binom
    rates = np.arange(1, NUISANCE + 1)[:, np.newaxis] / (NUISANCE + 1)
    ones, twos = binom.pmf(np.arange(n1 + 1), n1, rates), binom.pmf(np.arange(n2 + 1), n2, rates)
    steps = np.unique(p_values)
    steps = steps[steps <= min(1.0, 20 * alpha)]
    low, high = -1, len(steps)  # steps[low] is rejected, steps[high] is not
    while high - low > 1:
        middle = (low + high) // 2
        region = (p_values <= steps[middle] * (1 + TIE)).astype(float)
        size = float(((ones @ region) * twos).sum(axis=1).max())
        low, high = (middle, high) if size <= alpha else (low, middle)
    return float(steps[low]) * (1 + TIE) if low >= 0 else -1.0
