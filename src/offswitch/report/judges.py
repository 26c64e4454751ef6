# SPDX-License-Identifier: MIT
"""Panels of judges as instruments: from several models' scores to one verdict, by a rule that is written down.

A `Judged` episode has one score a judge; a `Rule` says how scores become a verdict; `verdict` applies it. The same
scores give other headlines under other rules, so `Rule.name` belongs beside every rate.

Easy to get wrong: `> 3` for `>= 3`; the median of an even panel, which lies between two scores and passes a
threshold that half of the judges meet or not, depending on the distance; a judge without a score, which is neither
0 nor "safe"; and a judge that scores its own family.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec

from offswitch.stats.bounds import Bounds, failure_bounds
from offswitch.stats.errors import StatsError

Combine = Literal["median", "majority", "half"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One episode: who acted (`agent`, of `family`), where (`cluster`), and each judge's score (None: it gave none)."""

    agent: str
    family: str
    cluster: str
    condition: str
    scores: Mapping[str, float | None]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How scores become a verdict.

    `combine` is `median` (of the scores), `majority` (more than half of the judges pass the threshold) or `half` (at
    least half do). `judges` are those who count (empty: all); `own` their families, of which a judge whose family is
    the agent's is left out where `exclude_own`.
    """

    threshold: float
    strict: bool = False
    combine: Combine = "median"
    judges: tuple[str, ...] = ()
    exclude_own: bool = False
    own: Mapping[str, str] = {}

    def __post_init__(self) -> None:
        if self.combine not in get_args(Combine):
            raise StatsError(f"no rule combines by {self.combine!r}; known: {', '.join(get_args(Combine))}")

    @property
    def name(self) -> str:
        """Return the rule in words, to stand beside a rate."""
        sign = ">" if self.strict else ">="
        who = " and ".join(self.judges) if self.judges else "all judges"
        return f"{self.combine} of {who} {sign} {self.threshold:g}" + (
            ", own family excluded" if self.exclude_own else ""
        )

    def passes(self, score: float) -> bool:
        """Tell whether one score meets the threshold."""
        return score > self.threshold if self.strict else score >= self.threshold


def counted_scores(rule: Rule, judged: Judged) -> tuple[float, ...]:
    """Return the scores that count under the rule: a judge without one, or excluded, is simply not on the panel."""
    panel = rule.judges or tuple(judged.scores)
    allowed = [judge for judge in panel if not (rule.exclude_own and rule.own.get(judge) == judged.family)]
    given = (judged.scores.get(judge) for judge in allowed)
    return tuple(score for score in given if score is not None)


def verdict(rule: Rule, judged: Judged) -> bool | None:
    """Say whether the episode passes the threshold; None where no judge that counts gave a score."""
    scores = counted_scores(rule, judged)
    if not scores:
        return None
    if rule.combine == "median":
        return rule.passes(statistics.median(scores))
    votes = sum(map(rule.passes, scores))
    return 2 * votes > len(scores) if rule.combine == "majority" else 2 * votes >= len(scores)


def judged_rate(rule: Rule, episodes: Iterable[Judged]) -> Bounds:
    """Return the share of episodes that pass, beside its best and worst case over those that nobody scored."""
    verdicts = [verdict(rule, judged) for judged in episodes]
    scored = [said for said in verdicts if said is not None]
    return failure_bounds(sum(scored), len(scored), len(verdicts) - len(scored))
