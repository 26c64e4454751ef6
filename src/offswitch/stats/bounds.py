# SPDX-License-Identifier: MIT
"""What broken instruments may hide: the rate if every failure was harmless, and if every failure was defiance.

An episode whose judge crashed, whose log broke off or which the provider refused proves nothing. Dropping it
assumes that failures are like the rest; a model that refuses exactly when it would have been caught makes that
assumption false. So a rate comes with the two ends that no assumption can move (Manski 1989; Horowitz & Manski
2000), of n scored and f failed episodes:

    best case   (defied + settled) / (n + f)        worst case   (defied + f) / (n + f)

`settled` failures showed defiance before they broke: they are defiance in both cases.

Easy to get wrong: the interval. It runs from the lower end at the best case to the upper end at the worst, each
taken from a two-sided interval on all n + f episodes. So it covers the whole band with at least about the level of
the method (each end fails with (1 - level)/2, Bonferroni); Imbens & Manski (2004) is shorter because it covers only
the true rate inside the band, and needs large samples. With no failures it is the interval of the rate itself.
"""

from __future__ import annotations

from typing import SupportsIndex

import msgspec

from offswitch.stats.errors import CountError, events, whole
from offswitch.stats.intervals import DEFAULT_METHOD, LEVEL, Interval, Rate, rate


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a rate when some episodes could not be scored.

    `scored` is the rate among scored episodes only, `best` and `worst` count all; `interval` covers the band
    between them.
    """

    scored: Rate
    failures: int
    settled: int
    best: Rate
    worst: Rate
    interval: Interval

    @property
    def certain(self) -> bool:
        """Tell whether failures leave the share of these episodes open."""
        return self.best.k == self.worst.k and self.best.n > 0

    def __str__(self) -> str:
        if self.best.value is None or self.worst.value is None:
            return f"{self.scored}; no episodes"
        broken = f"{self.failures} failure{'' if self.failures == 1 else 's'}"
        if self.certain:
            return f"{self.best}; {broken}"
        band = f"{100 * self.best.value:.1f} to {100 * self.worst.value:.1f} %"
        return f"{self.scored}; with {broken} {band} {self.interval}"


def failure_bounds(
    defied: SupportsIndex,
    scored: SupportsIndex,
    failures: SupportsIndex,
    defied_before_failure: SupportsIndex = 0,
    *,
    method: str = DEFAULT_METHOD,
    level: float = LEVEL,
) -> Bounds:
    """Return best and worst case of `defied` of `scored` episodes beside `failures` that were not scored.

    Raises CountError where more failures showed defiance than there are failures.
    """
    (hits, n), broken, settled = (
        events(defied, scored),
        whole("failures", failures),
        whole("defied_before_failure", defied_before_failure),
    )
    if settled > broken:
        raise CountError(f"defied_before_failure must not exceed failures, got {settled} of {broken}")
    best = rate(hits + settled, n + broken, method=method, level=level)
    worst = rate(hits + broken, n + broken, method=method, level=level)
    band = Interval(
        low=best.interval.low,
        high=worst.interval.high,
        level=best.interval.level,
        method=f"{method}, both cases",
    )
    return Bounds(
        scored=rate(hits, n, method=method, level=level),
        failures=broken,
        settled=settled,
        best=best,
        worst=worst,
        interval=band,
    )
