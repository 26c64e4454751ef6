# SPDX-License-Identifier: MIT
"""Before a run: how many samples will tell what from what? For whoever pays for them.

`before_run(40)` says it in a sentence: with 40 samples an arm you can tell 50 from 20 %, not 50 from 40. `arm_size`
is the textbook formula that published plans use; `exact_power` counts every table that could come out, by the very
test that `comparing.compare` will apply; `exact_size` and `detectable` turn it round; `zero_events` is for claims
"none in n". What a stopping rule costs: `stopping_time.py`.

Easy to get wrong: power after the fact. It answers a question about a plan and a true rate that is supposed; with
data in hand, read the interval instead. And exact power is a saw: one more sample may lower it a little.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING

import msgspec

from offswitch.stats.errors import StatsError, confidence, library, proportion, whole
from offswitch.stats.intervals import LEVEL, METHODS
from offswitch.stats.rejecting import MOST_CELLS, rejected
from offswitch.stats.sequences import tuned, upper_bound

if TYPE_CHECKING:
    from numpy import ndarray as Array

POWER = 0.8


class ArmSize(msgspec.Struct, frozen=True, kw_only=True):
    """Samples needed in each of two arms. `formula` is unrounded; `n` is the next whole number."""

    first: float
    second: float
    power: float
    level: float
    formula: float
    n: int

    def __str__(self) -> str:
        told = f"{_percent(self.first)} from {_percent(self.second)} %"
        return f"{self.n} samples an arm tell {told} with {_percent(self.power)} % power ({self.formula:.1f} by formula)"


class Detectable(msgspec.Struct, frozen=True, kw_only=True):
    """The nearest rates that `n` samples an arm can tell from `base`; None where there is none on that side."""

    base: float
    n: int
    power: float
    level: float
    below: float | None
    above: float | None


def arm_size(first: float, second: float, *, power: float = POWER, level: float = LEVEL) -> ArmSize:
    """Return the samples an arm that tell two rates apart by a two-sided test.

    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, chapter 4: the normal approximation with
    the pooled rate under no difference and no correction for continuity, as `power.prop.test` of R. Published tables
    often round it to the nearest number (387 for 50 v 40 %, from 387.3); here `n` is rounded up.
    """
    one, two = proportion("first", first), proportion("second", second)
    if one == two:
        raise StatsError(f"no number of samples tells {one} from itself")
    alpha, beta = (
        NormalDist().inv_cdf(chance) for chance in ((1 + confidence(level)) / 2, confidence(power))
    )
    pooled = (one + two) / 2
    spread = alpha * math.sqrt(2 * pooled * (1 - pooled)) + beta * math.sqrt(
        one * (1 - one) + two * (1 - two)
    )
    formula = (spread / (one - two)) ** 2
    return ArmSize(
        first=one, second=two, power=power, level=level, formula=formula, n=math.ceil(formula - 1e-9)
    )


def exact_power(
    first: float,
    second: float,
    n1: int,
    n2: int | None = None,
    *,
    test: str = "boschloo",
    level: float = LEVEL,
) -> float:
    """Return the chance that `compare` finds a difference, by counting every table that could come out.

    Above the size where `compare` turns from Boschloo's to Fisher's test, so does this. Raises StatsError above 1,000
    samples an arm, where `arm_size` is as good.
    """
    m1 = whole("n1", n1)
    m2 = m1 if n2 is None else whole("n2", n2)
    region = rejected(m1, m2, test, confidence(level))
    chances = (_pmf(m1, proportion("first", first)), _pmf(m2, proportion("second", second)))
    return float(chances[0] @ region @ chances[1])


def exact_size(
    first: float, second: float, *, power: float = POWER, level: float = LEVEL, test: str = "boschloo"
) -> int:
    """Return the samples an arm at which the exact power of `compare`'s test reaches `power`.

    Exact tests are cautious, so it is a little above the formula's (404 for 50 v 40 %, where the formula says 388).
    Power is a saw, so one sample more may fall just short again. Beyond 1,000 an arm it is the formula's.
    """
    start = arm_size(first, second, power=power, level=level).n
    if start**2 > MOST_CELLS:
        return start

    def enough(n: int) -> bool:
        return n * n > MOST_CELLS or exact_power(first, second, n, test=test, level=level) >= power

    short, found = max(1, start // 2), start
    while not enough(found):
        short, found = found, found + max(1, found // 10)
    while found - short > 1:
        middle = (short + found) // 2
        short, found = (short, middle) if enough(middle) else (middle, found)
    return found


def detectable(
    n: int, base: float = 0.5, *, power: float = POWER, level: float = LEVEL, test: str = "boschloo"
) -> Detectable:
    """Return the nearest rates below and above `base` that `n` samples an arm tell from it with this power.

    Exact up to 1,000 samples an arm, by the formula of `arm_size` above.
    """
    size, near, wanted = whole("n", n), proportion("base", base), confidence(power)
    below, above = (_nearest(size, near, end, wanted, level, test) for end in (0.0, 1.0))
    return Detectable(base=near, n=size, power=wanted, level=level, below=below, above=above)


def zero_events(below: float, *, level: float = LEVEL, method: str = "clopper-pearson") -> int:
    """Return the fewest samples, none of which shows an event, whose upper end lies under `below`.

    `method`: a two-sided one of `intervals.METHODS`; `one-sided`, all error at the upper end (0.05 at 95 %: 59); or
    `anytime`, when the rule `rate<below` stops on such a run.
    """
    limit, level = proportion("below", below), confidence(level)
    if not 0.0 < limit < 1.0:
        raise StatsError(f"below must lie strictly between 0 and 1, got {below!r}")
    if method not in (*METHODS, "one-sided", "anytime"):
        raise StatsError(f"no method is called {method!r}; known: {', '.join(METHODS)}, one-sided, anytime")

    def high(n: int) -> float:
        if method == "anytime":
            return upper_bound(0, n, 1 - level, tuned(limit))
        if method == "one-sided":
            return float(-math.expm1(math.log(1 - level) / n))  # (1 - U)^n = alpha, solved for U
        return METHODS[method](0, n, level).high

    short, enough = 0, 1
    while high(enough) >= limit:
        short, enough = enough, 2 * enough
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if high(middle) < limit else (middle, enough)
    return enough


def before_run(
    n: int, base: float = 0.5, other: float = 0.4, *, power: float = POWER, level: float = LEVEL
) -> str:
    """Return the sentence to print before `n` samples an arm are paid for."""
    near, takes = (
        detectable(n, base, power=power, level=level),
        exact_size(base, other, power=power, level=level),
    )
    # Rounded away from the base, so that what is printed can be told.
    told = [_percent(near.below, math.floor)] if near.below is not None else []
    told += [_percent(near.above, math.ceil)] if near.above is not None else []
    can = f"you can tell {_percent(base)} from {' or '.join(told)} %" if told else "you can tell nothing"
    pair, ends = f"{_percent(base)} from {_percent(other)}", (near.below, near.above)
    within = (
        ends[0] is not None and other <= ends[0] if other < base else ends[1] is not None and other >= ends[1]
    )
    rest = f"and {pair}" if within else f"not {pair} (that takes {takes})"
    none = 100 * METHODS["clopper-pearson"](0, n, level).high
    doubt = f"{_percent(power)} % power, {_percent(level)} % confidence"
    return f"with {n} samples an arm {can}, {rest}; none in {n} means at most {none:.1f} % ({doubt})"


def _nearest(n: int, base: float, end: float, power: float, level: float, test: str) -> float | None:
    def chance(other: float) -> float:
        if n * n > MOST_CELLS:
            return _formula_power(base, other, n, level)
        return exact_power(base, other, n, test=test, level=level)

    if base == end or chance(end) < power:
        return None
    near, far = base, end
    while abs(far - near) > 1e-6:
        middle = (near + far) / 2
        near, far = (near, middle) if chance(middle) >= power else (middle, far)
    return far


def _formula_power(first: float, second: float, n: int, level: float) -> float:
    pooled, spread = (first + second) / 2, first * (1 - first) + second * (1 - second)
    if first == second or not spread:
        return float(first != second)
    alpha = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(2 * pooled * (1 - pooled))
    return NormalDist().cdf((abs(first - second) * math.sqrt(n) - alpha) / math.sqrt(spread))


def _pmf(n: int, share: float) -> Array:
    chances: Array = library("scipy.stats").binom.pmf(library("numpy").arange(n + 1), n, share)
    return chances


def _percent(share: float, whole_percent: Callable[[float], int] = round) -> str:
    return str(whole_percent(100 * share)) if share >= 0.1 else f"{100 * share:.2g}"
