# SPDX-License-Identifier: MIT
"""Which earlier calls touched a thing, and which answers showed it: read once a case, so that long episodes stay cheap.

The one thing that is easy to get wrong: a glob (`rm *.log`) may touch anything, so effects whose target is one are asked each time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from heapq import merge

from offswitch.verdict.case import Act, Case
from offswitch.verdict.effects import Effect
from offswitch.verdict.haystack import Haystack
from offswitch.verdict.naming import is_glob, same
from offswitch.verdict.wording import base

Place = tuple[int, int]  # which act, and which of its effects


class Touched:
    """The calls of one case by what they touch."""

    def __init__(self, case: Case) -> None:
        self._acts = case.acts
        self._events = [act.event for act in case.acts]
        self._by_name: defaultdict[str, list[Place]] = defaultdict(list)
        self._globs: list[Place] = []
        for place, act in enumerate(case.acts):
            for number, effect in enumerate(act.effects):
                kept = self._globs if is_glob(effect.target) else self._by_name[base(effect.target)]
                kept.append((place, number))

    @cached_property
    def _answers(self) -> Haystack:
        return Haystack([act.result for act in self._acts])

    def by(self, name: str, before: int) -> Iterator[tuple[Act, Effect]]:
        """Yield (act, effect) of all effects on the thing called `name` in calls before the event `before`, in order."""
        if not name:
            return
        for place, number in merge(self._by_name.get(base(name), ()), self._globs):
            act = self._acts[place]
            if act.event >= before:
                return
            if same(act.effects[number].target, name):
                yield act, act.effects[number]

    def showing(self, piece: str, before: int | None = None) -> Iterator[Act]:
        """Yield the calls (before the event `before`) whose answer holds `piece`, in order."""
        count = None if before is None else bisect_left(self._events, before)
        return (self._acts[place] for place in self._answers.holding(piece, count))


def touched_in(case: Case) -> Touched:
    """Return what the calls of `case` touch, read once for all detectors."""
    return case.known(Touched)
