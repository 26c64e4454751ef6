# SPDX-License-Identifier: MIT
"""Intervals that hold at every look: a rate may be watched sample by sample, and the run stopped at any time.

A fixed-n interval (Wilson, Clopper-Pearson) promises its level for one n that was chosen before. Whoever looks after
every sample and stops when it pleases breaks that promise. A confidence sequence keeps it for all n at once:
the chance that ANY of its intervals misses the true rate is at most 1 - level.

How. Against "the rate is p or more", bet on rates q below p, in the shares of a Beta prior cut off at p. After k
events of n the wealth of that bettor is

    M(p) = E[ q^k (1-q)^(n-k) | q < p ] / ( p^k (1-p)^(n-k) ),      q ~ Beta(a, b)

Where the rate is p or more, a sample multiplies each bet by 1 on average or less (an event by q/p, its absence by
(1-q)/(1-p)), so M is a supermartingale that starts at 1 and ever reaches 1/alpha with a chance of at most alpha
(Ville 1939). All p with M(p) < 1/alpha are left: that is the upper bound. The lower one is its mirror
image. This is the mixture of likelihood ratios of Robbins (1970, Ann. Math. Stat. 41:1397), one-sided as in Howard,
Ramdas, McAuliffe & Sekhon (2021, Ann. Stat. 49:1055; their beta-binomial mixture), exact for a Bernoulli rate.

Easy to get wrong: what "sample" means. Each must have the same chance of an event whatever came before; repeats of
one scene do not, and results in the order in which they finished may not (`stopping.InOrder`).
"""

from __future__ import annotations

import math
from typing import Any, Literal, SupportsIndex, get_args

import msgspec

from offswitch.stats.errors import StatsError, confidence, events, library
from offswitch.stats.intervals import LEVEL, Interval, Rate

Sides = Literal["both", "upper", "lower"]


class Mixture(msgspec.Struct, frozen=True, tag=True):
    """The bettor of M above: all rates below the one tested, in the shares of a Beta(a, b) prior.

    The default is Jeffreys' prior: within a constant of the best bet chosen in hindsight, at every rate, the ends
    too (Krichevsky & Trofimov 1981, IEEE Trans. Inf. Theory 27:199). Another one costs samples, never validity.
    """

    a: float = 0.5
    b: float = 0.5

    def __post_init__(self) -> None:
        if not all(0 < shape < math.inf for shape in (self.a, self.b)):
            raise StatsError(f"a prior is two numbers above 0, got {self.a!r} and {self.b!r}")

    def below(self, k: Any, n: Any, share: float) -> Any:
        """Return log M: the evidence that the rate lies below `share`."""
        special, np, misses = library("scipy.special"), library("numpy"), n - k
        with np.errstate(divide="ignore"):  # no mass below `share` is no evidence: -inf
            cut = np.log(special.betainc(k + self.a, misses + self.b, share))
        mixture = special.betaln(k + self.a, misses + self.b) - special.betaln(self.a, self.b)
        whole = cut - np.log(special.betainc(self.a, self.b, share))
        return mixture + whole - special.xlogy(k, share) - special.xlog1py(misses, -share)

    def mirrored(self) -> Mixture:
        """Return the same bets where events and their absence change places."""
        return Mixture(self.b, self.a)


class Step(msgspec.Struct, frozen=True, tag=True):
    """A bettor who tests each rate against the one `size` below it, by Wald's (1945) likelihood ratio.

    The best bet where the question is whether the rate is `size` away, and so for an interval that is to become
    2 * `size` wide; it never becomes narrower than about `size`.
    """

    size: float

    def __post_init__(self) -> None:
        if not 0 < self.size < 1:
            raise StatsError(f"a step lies strictly between 0 and 1, got {self.size!r}")

    def below(self, k: Any, n: Any, share: float) -> Any:
        """Return the log likelihood ratio of the rate `size` below `share` (0 at least) to `share`."""
        # Both terms grow with `share` (1 - size/share and 1 + size/(1 - share) do), so what is left is an interval.
        special, other = library("scipy.special"), max(share - self.size, 0.0)
        rare = special.xlogy(k, other) - special.xlogy(k, share)
        return rare + special.xlog1py(n - k, -other) - special.xlog1py(n - k, -share)

    def mirrored(self) -> Step:
        """Return the same bets where events and their absence change places."""
        return self


Plan = Mixture | Step
HALVES = Mixture()


def tuned(share: float) -> Mixture:
    """Return the plan for a claim about `share`: its mean is there, its smaller shape one half.

    A bettor who knows which threshold will be asked about puts more on rates near it and stops earlier.
    """
    if not 0.0 < share < 1.0:
        raise StatsError(f"a threshold lies strictly between 0 and 1, got {share!r}")
    if share <= 0.5:
        return Mixture(0.5, 0.5 * (1 - share) / share)
    return Mixture(0.5 * share / (1 - share), 0.5)


def evidence_below(k: Any, n: Any, share: float, plan: Plan = HALVES) -> Any:
    """Return the log evidence that the rate lies below `share`, after k events of n. Numbers or arrays `[...]`.

    At most alpha of all runs whose rate is `share` or more ever see exp of it reach 1 / alpha.
    """
    return plan.below(k, n, share)


def evidence_above(k: Any, n: Any, share: float, plan: Plan = HALVES) -> Any:
    """Return the log evidence that the rate lies above `share`: `evidence_below` of the mirror image."""
    return plan.mirrored().below(n - k, n, 1 - share)


def upper_bound(k: int, n: int, alpha: float, plan: Plan = HALVES) -> float:
    """Return the rate above which everything is refuted, with error `alpha` over all looks together."""
    if k == n:
        return 1.0
    need, low, high = -math.log(alpha), k / n, 1 - 2**-53

    def short(share: float) -> float:
        return max(float(evidence_below(k, n, share, plan)), -1e3) - need  # finite, as brentq needs

    if short(high) < 0:
        return 1.0
    return float(library("scipy.optimize").brentq(short, max(low, 2**-60), high, xtol=1e-13, rtol=1e-12))


def lower_bound(k: int, n: int, alpha: float, plan: Plan = HALVES) -> float:
    """Return the rate below which everything is refuted, with error `alpha` over all looks together."""
    return 1 - upper_bound(n - k, n, alpha, plan.mirrored())


def anytime(
    k: SupportsIndex,
    n: SupportsIndex,
    *,
    level: float = LEVEL,
    sides: Sides = "both",
    plan: Plan = HALVES,
) -> Interval:
    """Return the confidence sequence's interval after k events of n: valid at all n at once.

    `both` gives each end half of the error; `upper` is [0, U] and `lower` [L, 1], each with all of it. It depends on
    k and n alone, so anyone can check it; it is not cut with earlier intervals, which would be valid too, but would
    hide a rate that drifts and could end up empty. Raises StatsError for other sides.
    """
    (hits, trials), level = events(k, n), confidence(level)
    if sides not in get_args(Sides):
        raise StatsError(f"no side is called {sides!r}; known: {', '.join(get_args(Sides))}")
    alpha = (1 - level) / 2 if sides == "both" else 1 - level
    low = 0.0 if sides == "upper" or not hits else lower_bound(hits, trials, alpha, plan)
    high = 1.0 if sides == "lower" or hits == trials else upper_bound(hits, trials, alpha, plan)
    method = "anytime" if sides == "both" else f"anytime, {sides} end only"
    return Interval(low=low, high=high, level=level, method=method)


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """A rate being watched: counts so far, and the interval that is valid at every one of them.

    `Sequence().add(True).add(False).rate`. Its whole memory is k and n: adding costs a copy of a small record, and
    an interval some fraction of a millisecond, at any n.
    """

    k: int = 0
    n: int = 0
    level: float = LEVEL
    sides: Sides = "both"
    plan: Plan = HALVES

    def add(self, event: bool) -> Sequence:
        """Return the sequence after one more sample."""
        return msgspec.structs.replace(self, k=self.k + bool(event), n=self.n + 1)

    @property
    def interval(self) -> Interval:
        """Return the interval now; all intervals of the sequence hold together."""
        return anytime(self.k, self.n, level=self.level, sides=self.sides, plan=self.plan)

    @property
    def rate(self) -> Rate:
        """Return the rate so far. Its value alone is biased where the data chose when to stop; the interval holds."""
        return anytime_rate(self.k, self.n, level=self.level, sides=self.sides, plan=self.plan)


def anytime_rate(
    k: SupportsIndex,
    n: SupportsIndex,
    *,
    level: float = LEVEL,
    sides: Sides = "both",
    plan: Plan = HALVES,
) -> Rate:
    """Return k of n as a Rate whose interval holds at every look."""
    hits, trials = events(k, n)
    held = anytime(hits, trials, level=level, sides=sides, plan=plan)
    return Rate(k=hits, n=trials, value=hits / trials if trials else None, interval=held)
