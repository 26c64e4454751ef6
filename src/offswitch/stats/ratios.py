# SPDX-License-Identifier: MIT
"""How many times as often? The ratio of two independent rates, with an interval that is right at 0 and at all of n.

    ratio(12, 100, 80, 100)   # 0.15 [0.09, 0.25]: 12 of 100, over 80 of 100

The interval inverts Koopman's score test (1984, Biometrics 40:513): for each supposed ratio the two rates are fitted
under it, and the ratio stays if chi-squared does not reject that fit. It needs no correction at 0 of n, where the log
method (Katz et al. 1978) has no interval. Compared with others by Gart & Nam (1988, Biometrics 44:323), and among those
recommended by Fagerland, Lydersen & Laake (2015, Stat. Methods Med. Res. 24:224).

Easy to get wrong: the lower rate at 0 of n. There the ratio is not known and has no upper end: `high` is infinite.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import SupportsIndex

from offswitch.stats.errors import confidence, events
from offswitch.stats.intervals import LEVEL, Interval

STEPS = 200  # halvings at most; stops at the precision of floats


def koopman(
    k1: SupportsIndex, n1: SupportsIndex, k2: SupportsIndex, n2: SupportsIndex, level: float = LEVEL
) -> Interval:
    """Return Koopman's score interval for (k1/n1) / (k2/n2); all of [0, inf) where a side is empty or both are 0."""
    (a, n), (b, m), level = events(k1, n1), events(k2, n2), confidence(level)
    limit = NormalDist().inv_cdf((1 + level) / 2) ** 2
    low, high = 0.0, math.inf
    if n and m and a:
        low = _crossing((a, n, b, m), limit, above=False)
    if n and m and b:
        high = _crossing((a, n, b, m), limit, above=True)
    return Interval(low=low, high=high, level=level, method="koopman")


def chi_squared(a: int, n: int, b: int, m: int, ratio: float) -> float:
    """Return Koopman's statistic for a supposed `ratio` > 0 of the rates behind a of n and b of m."""
    # The fitted second rate is the smaller root of N r p^2 - (r (n + b) + a + m) p + (a + b) = 0.
    square, middle, rest = (n + m) * ratio, -(ratio * (n + b) + a + m), a + b
    root = math.sqrt(max(middle * middle - 4 * square * rest, 0.0))
    second = min(2 * rest / (-middle + root), 1.0)
    first = min(ratio * second, 1.0)
    return _part(a, n, first) + _part(b, m, second)


def _part(k: int, n: int, share: float) -> float:
    spread = n * share * (1 - share)
    gap = (k - n * share) ** 2
    if spread > 0:
        return gap / spread
    return 0.0 if gap < 1e-18 else math.inf


def _crossing(counts: tuple[int, int, int, int], limit: float, *, above: bool) -> float:
    """Return the ratio above (or below) the estimate where the statistic reaches `limit`, by halving its logarithm."""
    a, n, b, m = counts
    estimate = (a or 0.5) / n / ((b or 0.5) / m)
    near, far = math.log(estimate), math.log(estimate) + (1 if above else -1)
    if not a or not b:  # no estimate to start from: the statistic falls from one side
        near += -60 if above else 60
    while chi_squared(*counts, math.exp(far)) < limit:
        far += 1 if above else -1
    for _ in range(STEPS):
        halfway = (near + far) / 2
        near, far = (halfway, far) if chi_squared(*counts, math.exp(halfway)) < limit else (near, halfway)
    return math.exp(far)
