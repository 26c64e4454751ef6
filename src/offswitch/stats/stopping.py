# SPDX-License-Identifier: MIT
"""When is enough enough? Rules such as `rate<0.05@95%` or `width 0.1`, asked after every sample.

    state = Rule.parse("rate<0.05@95%", most=400).start()
    for defied in results:  # in the order in which they were scheduled
        state = state.add(defied)
        if state.done:
            break

`holds`: the claim was shown true. `refuted`: it was shown false. `narrow enough`: for a width. None: go on. A run ends
in a wrong verdict, or for a width with an interval that misses, with a chance of at most 1 - level, however often it
was asked. The error is NOT split between `holds` and `refuted`: a rate makes the claim true or false, so only one of
the two can be wrong, and that one has all of it.

Easy to get wrong, both ways to win a claim by accident:

Failures. A sample whose instrument broke is no evidence. By default it counts AGAINST each verdict: as defiance where
"the rate is low" is to be shown, as none where "the rate is high" is. Sample by sample that evidence is never more
than what the unbroken samples would have given, so the promise holds whatever broke them. With `failures="apart"`
they are only counted; then an agent that breaks its harness when it defies can win `rate<0.05`.

Order. Samples that run side by side finish in an order that their results may shape (defying takes longer than
obeying). Stopping on the first that finish is biased; `InOrder` holds results back until all before them are in.
"""

from __future__ import annotations

import math
import re
from typing import Generic, Literal, SupportsIndex, TypeVar

import msgspec

from offswitch.stats.errors import CountError, StatsError, confidence, events, whole
from offswitch.stats.intervals import LEVEL, Interval, Rate
from offswitch.stats.sequences import Plan, Sides, Step, anytime, evidence_above, evidence_below, tuned

Verdict = Literal["holds", "refuted", "narrow enough"]
Failures = Literal["against", "apart"]
EXAMPLES = "write it like rate<0.05@95%, rate>20%@99% or width 0.1"
NUMBER = re.compile(r"((?:\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?)\s*(%?)")
Item = TypeVar("Item")


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said after some samples: the verdict, and the rate with the interval that carries it.

    `rate` counts settled samples. Its interval is the one-sided one that decided a claim, and two-sided otherwise;
    it allows for `failures` in the way the rule says.
    """

    rule: str
    verdict: Verdict | None
    rate: Rate
    failures: int

    @property
    def samples(self) -> int:
        """Return how many samples were spent, failures included."""
        return self.rate.n + self.failures

    def __str__(self) -> str:
        said = self.verdict or "undecided"
        broken = f", {self.failures} failed" if self.failures else ""
        return f"{self.rule}: {said} after {self.samples} samples{broken}; {self.rate}"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """When to stop: a claim `rate < share` or `rate > share`, or an interval no wider than `share`.

    `most` bounds the samples spent, failures included. `<=` is read as `<`: no data can tell them apart.
    """

    kind: Literal["rate", "width"]
    sign: Literal["<", ">"] = "<"
    share: float
    level: float = LEVEL
    most: int | None = None
    failures: Failures = "against"

    def __post_init__(self) -> None:
        confidence(self.level)
        if not 0.0 < self.share < 1.0:
            raise StatsError(f"a {self.kind} lies strictly between 0 and 1, got {self.share!r}; {EXAMPLES}")
        if self.kind == "width" and self.sign != "<":
            raise StatsError(f"an interval can only be asked to be narrower; {EXAMPLES}")
        if self.most is not None and whole("most", self.most) < 1:
            raise StatsError(f"most must be 1 sample or more, got {self.most!r}")
        if self.failures not in ("against", "apart"):
            raise StatsError(f"failures count 'against' a verdict or 'apart', got {self.failures!r}")

    @classmethod
    def parse(cls, text: str, *, most: int | None = None, failures: Failures = "against") -> Rule:
        """Read `rate<0.05@95%`, `rate >= 20 % @ 0.99` or `width 0.1`; without a level it is 95 %.

        Raises StatsError that names the place and what was expected there.
        """
        kind, place = _taken(text, 0, re.compile(r"rate|width"), "'rate' or 'width'")
        if kind == "rate":
            sign, place = _taken(text, place, re.compile(r"<=|>=|[<>≤≥]"), "'<' or '>'")
        else:
            sign, place = _taken(text, place, re.compile(r"<=|[<≤]|(?=[\d.])"), "a number")
        share, place = _share(text, place, "5% or 0.05")
        level = LEVEL
        if text[place:].strip():
            _, place = _taken(text, place, re.compile(r"@"), "'@' and a level, or the end")
            level, place = _share(text, place, "95% or 0.95")
        if text[place:].strip():
            raise _refusal(text, place, "the end")
        above: Literal["<", ">"] = ">" if sign in (">", ">=", "≥") else "<"
        return cls(
            kind="rate" if kind == "rate" else "width",
            sign=above,
            share=share,
            level=level,
            most=most,
            failures=failures,
        )

    @property
    def plan(self) -> Plan:
        """Return the betting plan, tuned to what is asked: the threshold of a claim, or the width."""
        return tuned(self.share) if self.kind == "rate" else Step(self.share / 2)

    def start(self) -> State:
        """Return the state before the first sample."""
        return State(rule=self)

    def verdict(self, k: int, n: int, failures: int = 0) -> Verdict | None:
        """Return what k events of n settled samples and `failures` show, as one look of many."""
        worst, total = self._worst(k, n, failures), self._total(n, failures)
        if self.kind == "width":
            band = self._interval(k, n, failures)
            return "narrow enough" if band.high - band.low <= self.share else None
        need = -math.log(1 - self.level)
        if evidence_below(worst, total, self.share, self.plan) >= need:
            return "holds" if self.sign == "<" else "refuted"
        if evidence_above(k, total, self.share, self.plan) >= need:
            return "holds" if self.sign == ">" else "refuted"
        return None

    def standing(self, k: SupportsIndex, n: SupportsIndex, failures: SupportsIndex = 0) -> Standing:
        """Return the verdict with its rate and interval; a function of counts alone."""
        (hits, trials), broken = events(k, n), whole("failures", failures)
        verdict = self.verdict(hits, trials, broken)
        interval = self._interval(hits, trials, broken, verdict)
        share = hits / trials if trials else None
        shown = Rate(k=hits, n=trials, value=share, interval=interval)
        return Standing(rule=str(self), verdict=verdict, rate=shown, failures=broken)

    def __str__(self) -> str:
        percent = f"{100 * self.level:.10g}"
        level = f"@{percent}%" if float(percent) / 100 == self.level else f"@{self.level!r}"
        return (
            f"rate{self.sign}{self.share!r}{level}" if self.kind == "rate" else f"width {self.share!r}{level}"
        )

    def _total(self, n: int, failures: int) -> int:
        return n + failures if self.failures == "against" else n

    def _worst(self, k: int, n: int, failures: int) -> int:
        return k + self._total(n, failures) - n

    def _interval(self, k: int, n: int, failures: int, verdict: Verdict | None = None) -> Interval:
        worst, total = self._worst(k, n, failures), self._total(n, failures)
        if verdict in ("holds", "refuted"):
            side: Sides = "upper" if (verdict == "holds") == (self.sign == "<") else "lower"
            count = worst if side == "upper" else k
            return anytime(count, total, level=self.level, sides=side, plan=self.plan)
        best = anytime(k, total, level=self.level, plan=self.plan)
        bad = best if worst == k else anytime(worst, total, level=self.level, plan=self.plan)
        return Interval(low=best.low, high=bad.high, level=self.level, method="anytime")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A run under a rule: counts so far, and what was so when it was first decided.

    The first verdict stays, as the promise is about the first; later samples still count in `standing`, whose
    interval holds too.
    """

    rule: Rule
    k: int = 0
    n: int = 0
    failures: int = 0
    stop: Standing | None = None

    def add(self, defied: bool) -> State:
        """Return the state after one more settled sample, next in scheduled order."""
        return self._after(k=self.k + bool(defied), n=self.n + 1, failures=self.failures)

    def fail(self) -> State:
        """Return the state after a sample that could not be judged. One that defied before it broke is added."""
        return self._after(k=self.k, n=self.n, failures=self.failures + 1)

    def verdict(self) -> Verdict | None:
        """Return the first verdict, or None while undecided."""
        return None if self.stop is None else self.stop.verdict

    @property
    def done(self) -> bool:
        """Tell whether to stop: decided, or as many samples spent as allowed."""
        return self.stop is not None or self.exhausted

    @property
    def exhausted(self) -> bool:
        """Tell whether all allowed samples were spent."""
        return self.rule.most is not None and self.n + self.failures >= self.rule.most

    @property
    def standing(self) -> Standing:
        """Return what may be said now, later samples included; `stop` is what was so at the verdict."""
        return self.rule.standing(self.k, self.n, self.failures)

    def __str__(self) -> str:
        return str(self.stop or self.standing)

    def _after(self, *, k: int, n: int, failures: int) -> State:
        stop = self.stop
        if stop is None and self.rule.verdict(k, n, failures) is not None:
            stop = self.rule.standing(k, n, failures)
        return State(rule=self.rule, k=k, n=n, failures=failures, stop=stop)


class InOrder(msgspec.Struct, Generic[Item], frozen=True, kw_only=True):
    """Results on their way from the order in which they finished to the order in which they were scheduled.

    `buffer, ready = buffer.put(place, result)`, places from 0. A sample that will never finish must be put as a
    failure, or everything after it waits for ever. Each `put` copies what waits, as records do not change.
    """

    next: int = 0
    waiting: dict[int, Item] = {}

    def put(self, place: SupportsIndex, item: Item) -> tuple[InOrder[Item], tuple[Item, ...]]:
        """Return the buffer with `item`, and all that are now ready, in order."""
        at = whole("place", place)
        if at < self.next or at in self.waiting:
            raise CountError(f"place {at} already has its result; each sample reports once")
        waiting, ready, following = {**self.waiting, at: item}, [], self.next
        while following in waiting:
            ready.append(waiting.pop(following))
            following += 1
        return InOrder(next=following, waiting=waiting), tuple(ready)


def _taken(text: str, place: int, pattern: re.Pattern[str], expected: str) -> tuple[str, int]:
    start = len(text) - len(text[place:].lstrip())
    found = pattern.match(text, start)
    if not found:
        raise _refusal(text, start, expected)
    return found[0], found.end()


def _share(text: str, place: int, example: str) -> tuple[float, int]:
    start = len(text) - len(text[place:].lstrip())
    found = NUMBER.match(text, start)
    if not found:
        raise _refusal(text, start, f"a number such as {example}")
    share = float(found[1]) / (100 if found[2] else 1)
    if not 0.0 < share < 1.0:
        raise _refusal(text, start, f"a share strictly between 0 and 1 such as {example}")
    return share, found.end()


def _refusal(text: str, place: int, expected: str) -> StatsError:
    place += len(text[place:]) - len(text[place:].lstrip())
    got = repr(text[place : place + 20]) if text[place:].strip() else "the end"
    return StatsError(
        f"stopping rule {text[:60]!r}: expected {expected} at character {place + 1}, got {got}; {EXAMPLES}"
    )
