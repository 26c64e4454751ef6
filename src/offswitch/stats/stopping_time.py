# SPDX-License-Identifier: MIT
"""What will a stopping rule cost, and what would a fixed n? At a supposed true rate, exactly.

    stopping_time(Rule.parse("rate<0.05@95%", most=400), 0.01)

No simulation: all runs are followed at once, as the chance of each count that is still undecided. `fixed_size` is the
n of a design that looks once, for the same claim.

Easy to get wrong: the mean. A few runs near the threshold take very long, so the median is what one run is like, and
the mean what many runs cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from offswitch.stats.errors import StatsError, confidence, library, proportion
from offswitch.stats.intervals import wilson
from offswitch.stats.power import POWER
from offswitch.stats.sequences import evidence_above, evidence_below
from offswitch.stats.stopping import Rule

if TYPE_CHECKING:
    from numpy import ndarray as Array

MOST_FIXED = 100_000
NEGLIGIBLE = 1e-15  # chance below which a count is not followed further


class StoppingTime(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule will do where the true rate is `share`, with at most `most` samples; exact, no failures.

    `verdicts` are chances; what is left of 1 is undecided at `most`. `mean` and `median` count samples, `most` for
    the undecided.
    """

    rule: str
    share: float
    most: int
    verdicts: dict[str, float]
    mean: float
    median: int


def stopping_time(rule: Rule, share: float, *, most: int | None = None) -> StoppingTime:
    """Return how a rule ends where the true rate is `share`: exact, by following all runs at once.

    The chance of each count that is still undecided moves from sample to sample; what the rule decides leaves.
    """
    np, rate, horizon = library("numpy"), proportion("share", share), most if most is not None else rule.most
    if horizon is None:
        raise StatsError("a rule may never end: give the most samples that would be spent")
    alive, first = np.ones(1), 0  # alive[i]: chance of first + i events and no verdict
    verdicts: dict[str, float] = {}
    stopped = np.zeros(horizon + 1)
    decide = _width_decider(rule) if rule.kind == "width" else _claim_decider(rule)
    for n in range(1, horizon + 1):
        alive = np.append(alive * (1 - rate), 0.0) + np.append(0.0, alive * rate)
        for name, decided in decide(first + np.arange(len(alive)), n).items():
            chance = float(alive[decided].sum())
            verdicts[name] = verdicts.get(name, 0.0) + chance
            stopped[n] += chance
            alive = np.where(decided, 0.0, alive)
        kept = np.flatnonzero(alive > NEGLIGIBLE)
        if not len(kept):
            break
        alive, first = alive[kept[0] : kept[-1] + 1], first + int(kept[0])
    stopped[horizon] += max(1 - stopped.sum(), 0.0)  # the undecided spent all
    return StoppingTime(
        rule=str(rule),
        share=rate,
        most=horizon,
        verdicts={name: chance for name, chance in verdicts.items() if chance > 0},
        mean=float(stopped @ np.arange(horizon + 1)),
        median=int(np.searchsorted(stopped.cumsum(), 0.5)),
    )


def fixed_size(rule: Rule, share: float, *, power: float = POWER) -> int | None:
    """Return the n of a design that looks once at its end and settles what `rule` asks, if the true rate is `share`.

    For a claim: the first n at which the exact binomial test, one-sided like the rule, has this `power` to show it (or
    to refute it, where `share` makes it false); None at the threshold itself. For a width: the first n at which Wilson's
    interval is narrow enough at the count expected. Raises StatsError beyond 100,000.
    """
    np, rate, wanted = library("numpy"), proportion("share", share), confidence(power)
    if rule.kind == "rate" and rate == rule.share:
        return None
    binom, start = library("scipy.stats").binom, 1
    while start <= MOST_FIXED:
        sizes = np.arange(start, 2 * start)
        if rule.kind == "width":
            found = [wilson(round(n * rate), n, rule.level) for n in sizes.tolist()]
            enough = np.array([one.high - one.low <= rule.share for one in found])
        else:
            flip = rate > rule.share  # count what is rare under the alternative
            null, true = (1 - rule.share, 1 - rate) if flip else (rule.share, rate)
            # The largest count at which the test still rejects; ppf gives the first beyond alpha.
            critical = binom.ppf(1 - rule.level, sizes, null) - 1
            enough = binom.cdf(critical, sizes, true) >= wanted
        if enough.any():
            return int(sizes[enough.argmax()])
        start *= 2
    raise StatsError(f"a fixed design for {rule} at {rate} needs more than {MOST_FIXED} samples")


Decider = Callable[["Array", int], dict[str, "Array"]]


def _claim_decider(rule: Rule) -> Decider:
    need = -math.log(1 - rule.level)
    below, above = ("holds", "refuted") if rule.sign == "<" else ("refuted", "holds")

    def decide(counts: Array, n: int) -> dict[str, Array]:
        return {
            below: evidence_below(counts, n, rule.share, rule.plan) >= need,
            above: evidence_above(counts, n, rule.share, rule.plan) >= need,
        }

    return decide


def _width_decider(rule: Rule) -> Decider:
    # An interval is widest in the middle and shrinks with n, so the counts that are narrow enough are the outer ones,
    # and ever more of them.
    outer = -1

    def decide(counts: Array, n: int) -> dict[str, Array]:
        nonlocal outer
        while 2 * outer < n and rule.verdict(outer + 1, n):
            outer += 1
        np = library("numpy")
        return {"narrow enough": np.minimum(counts, n - counts) <= outer}

    return decide
