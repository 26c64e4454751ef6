# SPDX-License-Identifier: MIT
"""Do the judges agree, and is a detector right? For panels of judges and for detectors against labels.

`krippendorff` gives alpha for any number of judges with gaps, with an interval over units; `confusion` counts a
detector against the truth and gives each share as a Rate.

Easy to get wrong: agreement is not correctness (four judges may share one blind spot), and plain agreement is high
whenever one class is rare. Alpha is computed here and not by the `krippendorff` package, which is GPL and resamples
one at a time; the tests check against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from offswitch.stats.clusters import CELLS, REPEATS
from offswitch.stats.errors import StatsError, confidence, library
from offswitch.stats.intervals import DEFAULT_METHOD, LEVEL, Interval, Rate, rate

if TYPE_CHECKING:
    from numpy import ndarray as Array
    from numpy.random import Generator

Scale = Literal["nominal", "ordinal", "interval"]
Units = Sequence[Sequence[float | None]]
VALUES = 100  # distinct scores; the tables of coincidences grow with the square


class Alpha(msgspec.Struct, frozen=True, kw_only=True):
    """Krippendorff's alpha: 1 is agreement, 0 is chance. None where no two scores differ, so nothing can be told.

    `units` counts those with two scores or more, the others do not matter to it; `scores` counts theirs.
    """

    value: float | None
    interval: Interval | None
    scale: str
    units: int
    scores: int

    def __str__(self) -> str:
        if self.value is None:
            return f"alpha ({self.scale}) undefined: {self.units} units without variation"
        doubt = "" if self.interval is None else f" [{self.interval.low:.2f}, {self.interval.high:.2f}]"
        return f"alpha ({self.scale}) = {self.value:.2f}{doubt}, {self.units} units"


def krippendorff(
    units: Units,
    scale: Scale,
    *,
    rng: Generator | None = None,
    clusters: Sequence[str] | None = None,
    level: float = LEVEL,
    repeats: int = REPEATS,
) -> Alpha:
    """Return Krippendorff's alpha of `units`: each the scores of all judges, None where one gave none.

    Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section D. With `rng` (consumed) there is an
    interval: percentiles over resampled units, or over resampled `clusters` (one name a unit) where units of one
    scenario hang together. Raises StatsError for another scale, or more than 100 distinct scores.
    """
    np = library("numpy")
    if scale not in ("nominal", "ordinal", "interval"):
        raise StatsError(f"no scale is called {scale!r}; known: nominal, ordinal, interval")
    if clusters is not None and len(clusters) != len(units):
        raise StatsError(f"each unit needs its cluster, got {len(clusters)} clusters for {len(units)} units")
    tables, values, names, scores = _coincidences(units, clusters)
    if not tables.shape[0]:
        return Alpha(value=None, interval=None, scale=scale, units=0, scores=0)
    whole = float(_alpha(tables.sum(axis=0)[np.newaxis], values, scale)[0])
    known = whole == whole  # NaN: no variation
    interval = (
        _resampled(tables, names, values, scale, rng, level, repeats) if known and rng is not None else None
    )
    value = whole if known else None
    return Alpha(value=value, interval=interval, scale=scale, units=tables.shape[0], scores=scores)


def _coincidences(units: Units, clusters: Sequence[str] | None) -> tuple[Array, Array, list[str], int]:
    """Return each pairable unit's coincidence table `[U, V, V]`, the values `[V]`, cluster names, and score count."""
    np = library("numpy")
    scored = [[float(score) for score in unit if score is not None and score == score] for unit in units]
    places = [place for place, unit in enumerate(scored) if len(unit) >= 2]
    values = np.array(sorted({score for place in places for score in scored[place]}))
    if len(values) > VALUES:
        raise StatsError(
            f"alpha takes at most {VALUES} distinct scores, got {len(values)}; round or bin them first"
        )
    counts = np.zeros((len(places), len(values)))
    for row, place in enumerate(places):
        np.add.at(counts[row], np.searchsorted(values, scored[place]), 1)
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis, :]
    pairs[:, range(len(values)), range(len(values))] -= counts
    tables = pairs / (counts.sum(axis=1) - 1)[:, np.newaxis, np.newaxis]
    names = [str(place) if clusters is None else clusters[place] for place in places]
    return tables, values, names, int(counts.sum())


def _alpha(coincidences: Array, values: Array, scale: Scale) -> Array:
    """Return alpha `[B]` of coincidence tables `[B, V, V]`; NaN where nothing varies."""
    np = library("numpy")
    margins = coincidences.sum(axis=2)  # [B, V]: how often each value was given, in pairable scores
    # Ordinal is the interval distance between mid-ranks: sum of n_g from c to k less half of both ends.
    ranks = margins.cumsum(axis=1) - margins / 2 if scale == "ordinal" else values[np.newaxis]
    gaps = ranks[:, :, np.newaxis] - ranks[:, np.newaxis, :]
    if scale == "nominal":
        gaps = 1.0 - np.eye(len(values))[np.newaxis]
    observed = (coincidences * gaps**2).sum(axis=(1, 2))
    expected = (margins[:, :, np.newaxis] * margins[:, np.newaxis, :] * gaps**2).sum(axis=(1, 2))
    total = margins.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # 0/0, where only one value was ever given, is left NaN: neither agreement nor its absence was shown.
        alpha: Array = 1 - (total - 1) * observed / expected
    return alpha


def _resampled(
    tables: Array,
    names: Sequence[str],
    values: Array,
    scale: Scale,
    rng: Generator,
    level: float,
    repeats: int,
) -> Interval:
    np = library("numpy")
    order = {name: place for place, name in enumerate(sorted(set(names)))}
    of = np.array([order[name] for name in names])
    grouped = np.zeros((len(order), *tables.shape[1:]))
    np.add.at(grouped, of, tables)
    flat, size, alphas = grouped.reshape(len(order), -1), len(order), []
    for start in range(0, repeats, step := max(1, CELLS // max(size, flat.shape[1]))):
        weights = rng.multinomial(size, np.full(size, 1 / size), size=min(step, repeats - start))
        alphas.append(_alpha((weights @ flat).reshape(-1, *tables.shape[1:]), values, scale))
    drawn = np.concatenate(alphas)
    defined = drawn[~np.isnan(drawn)]
    tail, lost = (1 - confidence(level)) / 2, len(drawn) - len(defined)
    method = "bootstrap" if len(order) == len(names) else "cluster bootstrap"
    if size < 2 or lost > tail * len(drawn):
        # One unit, or resamples that mostly lack variation: the data do not bound alpha.
        return Interval(low=-1.0, high=1.0, level=level, method=f"{method}, not estimable")
    low, high = (float(end) for end in np.quantile(defined, [tail, 1 - tail]))
    return Interval(low=low, high=high, level=level, method=f"{method}, percentile")


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """A detector against the truth: counts, and the shares that matter, each with n and interval."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    level: float = LEVEL
    method: str = DEFAULT_METHOD

    def _rate(self, k: int, rest: int) -> Rate:
        return rate(k, k + rest, method=self.method, level=self.level)

    @property
    def sensitivity(self) -> Rate:
        """Return the share of true cases that were found (recall)."""
        return self._rate(self.true_positive, self.false_negative)

    @property
    def specificity(self) -> Rate:
        """Return the share of harmless cases that were left alone."""
        return self._rate(self.true_negative, self.false_positive)

    @property
    def false_alarms(self) -> Rate:
        """Return the share of harmless cases that were accused: 1 - specificity."""
        return self._rate(self.false_positive, self.true_negative)

    @property
    def precision(self) -> Rate:
        """Return the share of accusations that were right; it depends on how common true cases were here."""
        return self._rate(self.true_positive, self.false_positive)

    @property
    def agreement(self) -> Rate:
        """Return the share of all cases on which detector and truth say the same."""
        return self._rate(self.true_positive + self.true_negative, self.false_positive + self.false_negative)


def confusion(
    pairs: Iterable[tuple[bool, bool]], *, level: float = LEVEL, method: str = DEFAULT_METHOD
) -> Confusion:
    """Count (said, true) pairs."""
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for said, true in pairs:
        counts[bool(said), bool(true)] += 1
    return Confusion(
        true_positive=counts[True, True],
        false_positive=counts[True, False],
        false_negative=counts[False, True],
        true_negative=counts[False, False],
        level=confidence(level),
        method=method,
    )
