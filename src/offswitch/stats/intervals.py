# SPDX-License-Identifier: MIT
"""Rates with their doubt: k of n, never without an interval. For everything that prints a number.

A `Rate` is made by `rate(k, n)` and prints as `52/100 = 52.0 % [42.3, 61.5]`. Three methods, one default:

`wilson`           inverts the score test; the default, for every rate that is shown
`jeffreys`         equal-tailed Beta(1/2, 1/2) posterior; to compare with papers that print it
`clopper-pearson`  inverts the exact test; for claims ("at most x %"), where covering less than promised is a lie

Easy to get wrong: the ends. Zero events of n is not "0 % [0, 0]", and no trials at all is not 0 %: the value is
None and the interval is everything. Why Wilson is the default: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import SupportsIndex

import msgspec

from offswitch.stats.errors import StatsError, confidence, events, library

LEVEL = 0.95


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A two-sided confidence interval: `low` and `high` in the unit of the estimate, and how it was made."""

    low: float
    high: float
    level: float
    method: str

    def __post_init__(self) -> None:
        if not self.low <= self.high:  # also refuses NaN
            raise StatsError(f"an interval runs upwards, got [{self.low}, {self.high}] from {self.method}")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"[{100 * self.low:.1f}, {100 * self.high:.1f}]"


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """k events of n trials, their share (None where n = 0) and its interval. Shares lie in [0, 1]."""

    k: int
    n: int
    value: float | None
    interval: Interval

    def __str__(self) -> str:
        share = "no data" if self.value is None else f"{100 * self.value:.1f} %"
        return f"{self.k}/{self.n} = {share} {self.interval}"


def wilson(k: SupportsIndex, n: SupportsIndex, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval (Wilson 1927; Brown, Cai & DasGupta 2001, eq. 4).

    Needs only the standard library, so a bare install can print it.
    """
    (hits, trials), level = events(k, n), confidence(level)
    if trials == 0:
        return _everything(level, "wilson")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = hits / trials, z * z / trials
    centre = (share + spread / 2) / (1 + spread)
    # p(1 - p) + z^2/4n under the root: never negative, so no clamp is needed there.
    half = z / (1 + spread) * math.sqrt((share * (1 - share) + spread / 4) / trials)
    return _between(centre - half, centre + half, hits, trials, level, "wilson")


def jeffreys(k: SupportsIndex, n: SupportsIndex, level: float = LEVEL) -> Interval:
    """Return Jeffreys' interval: equal tails of Beta(k + 1/2, n - k + 1/2).

    The lower end is 0 at k = 0 and the upper end 1 at k = n (Brown, Cai & DasGupta 2001, section 3.1.3): without
    that, coverage falls to nothing as the true rate nears 0 or 1.
    """
    (hits, trials), level = events(k, n), confidence(level)
    if trials == 0:
        return _everything(level, "jeffreys")
    beta = library("scipy.stats").beta
    tail, shape = (1 - level) / 2, (hits + 0.5, trials - hits + 0.5)
    low, high = float(beta.ppf(tail, *shape)), float(beta.isf(tail, *shape))
    return _between(low, high, hits, trials, level, "jeffreys")


def clopper_pearson(k: SupportsIndex, n: SupportsIndex, level: float = LEVEL) -> Interval:
    """Return the exact interval of Clopper & Pearson (1934), as Beta quantiles; covers at least `level`."""
    (hits, trials), level = events(k, n), confidence(level)
    return exact_beta(hits, trials, level, "clopper-pearson")


def exact_beta(hits: float, trials: float, level: float, method: str) -> Interval:
    """Return Clopper-Pearson's quantiles for counts that need not be whole, as an effective n is not."""
    if trials <= 0:
        return _everything(level, method)
    beta, tail = library("scipy.stats").beta, (1 - level) / 2
    low = 0.0 if hits <= 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits >= trials else float(beta.isf(tail, hits + 1, trials - hits))
    return _between(low, high, hits, trials, level, method)


METHODS: dict[str, Callable[[SupportsIndex, SupportsIndex, float], Interval]] = {
    "wilson": wilson,
    "jeffreys": jeffreys,
    "clopper-pearson": clopper_pearson,
}
DEFAULT_METHOD = "wilson"  # the one place; argued in docs/statistics.md


def interval(
    k: SupportsIndex, n: SupportsIndex, *, method: str = DEFAULT_METHOD, level: float = LEVEL
) -> Interval:
    """Return the interval of k of n by the named method; an unknown name is refused with the known ones."""
    if method not in METHODS:
        raise StatsError(f"no interval method is called {method!r}; known: {', '.join(METHODS)}")
    return METHODS[method](k, n, level)


def rate(k: SupportsIndex, n: SupportsIndex, *, method: str = DEFAULT_METHOD, level: float = LEVEL) -> Rate:
    """Return k of n as a Rate. This is what a headline is made of."""
    hits, trials = events(k, n)
    value = hits / trials if trials else None
    return Rate(k=hits, n=trials, value=value, interval=interval(k, n, method=method, level=level))


def _everything(level: float, method: str) -> Interval:
    return Interval(low=0.0, high=1.0, level=level, method=method)


def _between(low: float, high: float, hits: float, trials: float, level: float, method: str) -> Interval:
    # The ends are set, not computed: floating point would leave 1e-17 where the truth is 0.
    low = 0.0 if hits <= 0 else min(max(low, 0.0), hits / trials)
    high = 1.0 if hits >= trials else max(min(high, 1.0), hits / trials)
    return Interval(low=low, high=high, level=level, method=method)
