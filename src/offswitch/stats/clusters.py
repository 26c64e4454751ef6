# SPDX-License-Identifier: MIT
"""Intervals for episodes that come in families: many runs of one scenario are not as many independent facts.

`gather` counts episodes by cluster (scenario, scene, seed); `clustered_rate` gives the rate with an interval that
resamples or discounts whole clusters; `design_effect` says how many independent episodes the data are worth.

Easy to get wrong: the degenerate cases. A bootstrap of zero events is [0, 0], and of clusters that all agree a
point, whatever n is. Where fewer than two clusters show an event (or fewer than two show its absence) resampling
has nothing to learn from, so the interval falls back to Clopper-Pearson on clusters (how many of C clusters had any
event), which is honest and wide; where clusters do not differ at all, to Korn & Graubard's with no design effect.
The `method` of the interval names what was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from offswitch.stats.errors import CountError, StatsError, confidence, events, library
from offswitch.stats.intervals import LEVEL, Interval, Rate, clopper_pearson, exact_beta

if TYPE_CHECKING:
    from numpy import ndarray as Array
    from numpy.random import Generator

REPEATS = 10_000
CELLS = 2_000_000  # numbers held at once while resampling: bounds memory at about 16 MB a table


class Cluster(msgspec.Struct, frozen=True):
    """What one cluster showed: k events of n episodes."""

    name: str
    k: int
    n: int


class DesignEffect(msgspec.Struct, frozen=True, kw_only=True):
    """How much clustering costs: variance over that of independent episodes, and the n they are worth.

    `ratio` is None where it cannot be estimated (fewer than two clusters, or a rate of exactly 0 or 1); then
    `effective_n` is the number of clusters. A ratio below 1 does not raise `effective_n` above n.
    """

    ratio: float | None
    effective_n: float
    clusters: int


def gather(outcomes: Iterable[tuple[str, bool]]) -> tuple[Cluster, ...]:
    """Count (cluster name, did it happen) by cluster, in the order of names, so that a seed means one result."""
    counts: dict[str, list[int]] = {}
    for name, happened in outcomes:
        count = counts.setdefault(name, [0, 0])
        count[0] += bool(happened)
        count[1] += 1
    return tuple(Cluster(name, *counts[name]) for name in sorted(counts))


def clustered_rate(
    clusters: Sequence[Cluster],
    *,
    rng: Generator | None = None,
    method: str = "korn-graubard",
    level: float = LEVEL,
    repeats: int = REPEATS,
) -> Rate:
    """Return events over episodes, with an interval that treats clusters as what was sampled.

    `method` is `korn-graubard` (the default: it needs no generator, and it holds its level with few clusters, which
    the bootstraps do not; table in docs/statistics.md), or the bootstraps `bca` and `percentile`, which consume
    `rng`. Raises StatsError for another method, a bootstrap without `rng`, or fewer than 100 repeats.
    """
    counted = _counted(clusters)
    k, n, level = sum(c.k for c in counted), sum(c.n for c in counted), confidence(level)
    if method not in ("korn-graubard", "bca", "percentile"):
        raise StatsError(f"no cluster method is called {method!r}; known: korn-graubard, bca, percentile")
    interval = _degenerate(counted, level)
    if interval is None and method == "korn-graubard":
        interval = korn_graubard(counted, level)
    elif interval is None:
        if rng is None or repeats < 100:
            raise StatsError(
                f"a bootstrap needs a generator and at least 100 repeats, got {rng!r} and {repeats!r}"
            )
        interval = _bootstrap(counted, rng, method, level, repeats)
    return Rate(k=k, n=n, value=k / n if n else None, interval=interval)


def design_effect(clusters: Sequence[Cluster]) -> DesignEffect:
    """Return the design effect of the rate: linearised cluster variance over p(1 - p)/n (Kish 1965, section 8.2)."""
    counted = _counted(clusters)
    k, n, size = sum(c.k for c in counted), sum(c.n for c in counted), len(counted)
    if size < 2 or k in (0, n):
        return DesignEffect(ratio=None, effective_n=float(size), clusters=size)
    share = k / n
    spread = sum((c.k - share * c.n) ** 2 for c in counted) * size / (size - 1)
    ratio = spread / (n * share * (1 - share))
    return DesignEffect(ratio=ratio, effective_n=n / max(ratio, 1.0), clusters=size)


def korn_graubard(clusters: Sequence[Cluster], level: float = LEVEL) -> Interval:
    """Return Clopper-Pearson at the effective n, made smaller for few clusters (Korn & Graubard 1998).

    n* = n / deff * (t[n - 1] / t[C - 1])^2 with t the upper quantile of Student's t; deff is not allowed below 1.
    """
    counted = _counted(clusters)
    k, n, size = sum(c.k for c in counted), sum(c.n for c in counted), len(counted)
    if size < 2:
        raise StatsError(f"korn-graubard needs at least two clusters with episodes, got {size}")
    effect, student = design_effect(counted), library("scipy.stats").t
    tail = (1 - confidence(level)) / 2
    few = (float(student.isf(tail, n - 1)) / float(student.isf(tail, size - 1))) ** 2
    worth = min(effect.effective_n * few, float(n))
    return exact_beta(k / n * worth, worth, level, "korn-graubard")


def _counted(clusters: Sequence[Cluster]) -> tuple[Cluster, ...]:
    # Clusters whose episodes all failed say nothing about the rate and must not count as sampled.
    for cluster in clusters:
        events(cluster.k, cluster.n)
    if len({cluster.name for cluster in clusters}) != len(clusters):
        raise CountError("two clusters have the same name; gather the episodes first")
    return tuple(cluster for cluster in clusters if cluster.n)


def _degenerate(clusters: Sequence[Cluster], level: float) -> Interval | None:
    """Return the fallback interval where clusters cannot tell how much they vary, else None."""
    size, note = len(clusters), "clopper-pearson on clusters"
    if not size:
        return Interval(low=0.0, high=1.0, level=level, method="no data")
    with_event, without = sum(c.k > 0 for c in clusters), sum(c.k < c.n for c in clusters)
    if with_event >= 2 and without >= 2:
        return None
    # A rate is at most the share of clusters with any event, and at least the share with nothing but events (as
    # long as clusters with events are not the larger ones).
    high = clopper_pearson(with_event, size, level).high
    low = clopper_pearson(size - without, size, level).low
    share = sum(c.k for c in clusters) / sum(c.n for c in clusters)
    return Interval(low=min(low, share), high=max(high, share), level=level, method=note)


def _bootstrap(
    clusters: Sequence[Cluster], rng: Generator, method: str, level: float, repeats: int
) -> Interval:
    np = library("numpy")
    k, n = (np.array([getattr(c, name) for c in clusters], dtype=float) for name in ("k", "n"))
    if np.ptp(k / n) == 0:
        return msgspec.structs.replace(korn_graubard(clusters, level), method="korn-graubard, clusters alike")
    draws = resampled_rates(k, n, rng, repeats)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = _bca_tails(draws, k, n, tails)
    low, high = (float(end) for end in np.quantile(draws, tails))
    return Interval(low=low, high=high, level=level, method=f"cluster bootstrap, {method}")


def resampled_rates(k: Array, n: Array, rng: Generator, repeats: int) -> Array:
    """Return the rate in `repeats` resamples of the clusters, `[repeats]`; `k` and `n` are `[C]`. Consumes `rng`."""
    np = library("numpy")
    size, rates = len(k), []
    for start in range(0, repeats, step := max(1, CELLS // size)):
        picks = rng.integers(0, size, size=(min(step, repeats - start), size))
        rates.append(k[picks].sum(axis=1) / n[picks].sum(axis=1))
    joined: Array = np.concatenate(rates)
    return joined


def _bca_tails(draws: Array, k: Array, n: Array, tails: Array) -> Array:
    """Return tail probabilities corrected for bias and skewness (Efron & Tibshirani 1993, eqs. 14.10 to 14.15)."""
    np, normal = library("numpy"), library("scipy.stats").norm
    share = k.sum() / n.sum()
    # Ties count half: rates are discrete, and whole ties would read as bias.
    below = float(np.mean(draws < share) + np.mean(draws == share) / 2)
    bias = float(normal.ppf(min(max(below, 0.5 / len(draws)), 1 - 0.5 / len(draws))))
    left_out = (k.sum() - k) / (n.sum() - n)
    apart = left_out.mean() - left_out
    scale = float((apart**2).sum()) ** 1.5
    skew = float((apart**3).sum()) / (6 * scale) if scale else 0.0
    moved = bias + normal.ppf(tails)
    if np.any(1 - skew * moved <= 0):
        return tails  # the correction has left the range where it means anything
    corrected: Array = normal.cdf(bias + moved / (1 - skew * moved))
    return corrected
