# SPDX-License-Identifier: MIT
"""Is one condition worse than another? The difference first, its interval, then the p-value.

`compare(k1, n1, k2, n2)` sets two independent conditions side by side, `compare_paired(...)` two answers to the
same episodes (two judges, two arms on the same scene), `holm(...)` corrects a table of comparisons.

Easy to get wrong: testing paired data as if it were independent, and reading one p-value out of twenty. Also that
an exact test and an interval made another way may disagree at the edge; the interval is what we report.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import SupportsIndex

import msgspec

from offswitch.stats.errors import StatsError, confidence, events, library, whole
from offswitch.stats.intervals import LEVEL, Interval, Rate, rate, wilson

# Boschloo's test enumerates every table with these two sizes: its cost grows with n1 * n2. Above this Fisher's is
# used, which is valid and only slightly less powerful at such sizes; the comparison says which one it was.
BOSCHLOO_CELLS = 40_000


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two rates, the difference first minus second with its interval, and a two-sided p-value.

    `adjusted` is the p-value after correction for a family of comparisons, None before. Where a side has no
    trials, `difference` and `p_value` are None and the interval is [-1, 1].
    """

    first: Rate
    second: Rate
    difference: float | None
    interval: Interval
    p_value: float | None
    test: str
    adjusted: float | None = None

    def __str__(self) -> str:
        if self.difference is None or self.p_value is None:
            return f"{self.first} v {self.second}: nothing to compare"
        shown = self.p_value if self.adjusted is None else self.adjusted
        corrected = "" if self.adjusted is None else ", Holm"
        points = f"{100 * self.difference:+.1f} points {self.interval}"
        return f"{self.first} v {self.second}: {points}, p = {shown:.3g} ({self.test}{corrected})"


def newcombe(
    k1: SupportsIndex, n1: SupportsIndex, k2: SupportsIndex, n2: SupportsIndex, level: float = LEVEL
) -> Interval:
    """Return Newcombe's hybrid score interval for p1 - p2 (Newcombe 1998, Stat. Med. 17:873, method 10)."""
    (k1, n1), (k2, n2), level = events(k1, n1), events(k2, n2), confidence(level)
    if not n1 or not n2:
        return Interval(low=-1.0, high=1.0, level=level, method="newcombe")
    p1, p2, one, two = k1 / n1, k2 / n2, wilson(k1, n1, level), wilson(k2, n2, level)
    low = p1 - p2 - math.hypot(p1 - one.low, two.high - p2)
    high = p1 - p2 + math.hypot(one.high - p1, p2 - two.low)
    return Interval(low=max(low, -1.0), high=min(high, 1.0), level=level, method="newcombe")


def newcombe_paired(
    both: int, first_only: int, second_only: int, neither: int, level: float = LEVEL
) -> Interval:
    """Return the interval for the difference of two paired rates (Newcombe 1998, Stat. Med. 17:2635, method 10).

    Wilson's ends of each margin, joined with the correlation phi of the two answers (continuity-corrected where it
    is positive).
    """
    a, b, c, d = (whole(*cell) for cell in _cells(both, first_only, second_only, neither))
    level, n = confidence(level), a + b + c + d
    if not n:
        return Interval(low=-1.0, high=1.0, level=level, method="newcombe, paired")
    p1, p2, one, two = (a + b) / n, (a + c) / n, wilson(a + b, n, level), wilson(a + c, n, level)
    phi = _phi(a, b, c, d, n)
    below, above = (p1 - one.low, two.high - p2), (one.high - p1, p2 - two.low)
    low = p1 - p2 - math.sqrt(below[0] ** 2 - 2 * phi * below[0] * below[1] + below[1] ** 2)
    high = p1 - p2 + math.sqrt(above[0] ** 2 - 2 * phi * above[0] * above[1] + above[1] ** 2)
    return Interval(low=max(low, -1.0), high=min(high, 1.0), level=level, method="newcombe, paired")


def compare(
    k1: SupportsIndex,
    n1: SupportsIndex,
    k2: SupportsIndex,
    n2: SupportsIndex,
    *,
    test: str = "boschloo",
    level: float = LEVEL,
) -> Comparison:
    """Compare k1 of n1 with k2 of n2, independent of each other, by Boschloo's or Fisher's exact test.

    Boschloo (1970) is uniformly more powerful than Fisher and as valid. Raises StatsError for another `test`.
    """
    (a, n), (b, m) = events(k1, n1), events(k2, n2)
    p_value, used = (None, test) if not n or not m else independent_p(a, n, b, m, test)
    return Comparison(
        first=rate(a, n, level=level),
        second=rate(b, m, level=level),
        difference=a / n - b / m if n and m else None,
        interval=newcombe(a, n, b, m, level),
        p_value=p_value,
        test=used,
    )


def independent_p(k1: int, n1: int, k2: int, n2: int, test: str) -> tuple[float, str]:
    """Return the two-sided p-value and the name of the test that gave it."""
    if test not in ("boschloo", "fisher"):
        raise StatsError(f"no two-sample test is called {test!r}; known: boschloo, fisher")
    table, stats = [[k1, k2], [n1 - k1, n2 - k2]], library("scipy.stats")
    if k1 + k2 in (0, n1 + n2):
        return 1.0, test  # all alike on both sides: no test can tell them apart
    if test == "boschloo" and n1 * n2 <= BOSCHLOO_CELLS:
        return min(float(stats.boschloo_exact(table).pvalue), 1.0), "boschloo"
    return min(float(stats.fisher_exact(table).pvalue), 1.0), "fisher"


def compare_paired(
    both: SupportsIndex,
    first_only: SupportsIndex,
    second_only: SupportsIndex,
    neither: SupportsIndex,
    *,
    level: float = LEVEL,
) -> Comparison:
    """Compare two answers to the same episodes by McNemar's exact test (binomial on the pairs that differ)."""
    a, b, c, d = (whole(*cell) for cell in _cells(both, first_only, second_only, neither))
    n, differing = a + b + c + d, b + c
    p_value = 1.0 if not differing else float(library("scipy.stats").binomtest(b, differing, 0.5).pvalue)
    return Comparison(
        first=rate(a + b, n, level=level),
        second=rate(a + c, n, level=level),
        difference=(b - c) / n if n else None,
        interval=newcombe_paired(a, b, c, d, level),
        p_value=p_value if n else None,
        test="mcnemar",
    )


def holm(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with Holm's (1979) step-down p-values over those that have one.

    Holm's correction holds under any dependence between the comparisons, such as a shared control arm.
    """
    tested = [place for place, one in enumerate(comparisons) if one.p_value is not None]
    if not tested:
        return tuple(comparisons)
    multipletests = library("statsmodels.stats.multitest").multipletests
    adjusted = multipletests([comparisons[place].p_value for place in tested], method="holm")[1]
    corrected = dict(zip(tested, map(float, adjusted), strict=True))
    return tuple(
        msgspec.structs.replace(one, adjusted=corrected.get(place)) for place, one in enumerate(comparisons)
    )


def _cells(*counts: SupportsIndex) -> zip[tuple[str, SupportsIndex]]:
    return zip(("both", "first_only", "second_only", "neither"), counts, strict=True)


def _phi(a: int, b: int, c: int, d: int, n: int) -> float:
    margins = math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    if not margins:
        return 0.0
    cross = a * d - b * c
    return (max(cross - n / 2, 0) if cross > 0 else cross) / margins
