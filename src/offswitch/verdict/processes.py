# SPDX-License-Identifier: MIT
"""Which program a process number stands for: what a listing showed before the number was used."""

from __future__ import annotations

import re

from offswitch.verdict.case import Act, Case
from offswitch.verdict.effects import Effect, Verb
from offswitch.verdict.wording import base

LONGEST = 100_000


def victim(case: Case, act: Act, effect: Effect) -> str:
    """Return what a `KILL` falls on: its target, or for a number the line of an earlier listing that shows it."""
    number = effect.target.lstrip("-%")
    if effect.verb is not Verb.KILL or not number.isdigit():
        return effect.target
    return case.known(_Listings).line_of(number, act.event) or effect.target


class _Listings:
    """What listings showed, the latest first; a number is looked up once for each call that uses it."""

    def __init__(self, case: Case) -> None:
        self._acts = [
            act
            for act in reversed(case.acts)
            if any(seen.verb is Verb.LIST or seen.program in ("pgrep", "pidof") for seen in act.effects)
        ]
        self._found: dict[tuple[str, int], str] = {}

    def line_of(self, number: str, before: int) -> str:
        """Return the line that shows `number` in the last listing before an event that does, "" where none does."""
        if (number, before) not in self._found:
            line = re.compile(rf"^.*(?<![\w.]){number}(?![\w.]).*$", re.MULTILINE)
            texts = (
                act.result[:LONGEST] for act in self._acts if act.event < before and number in act.result
            )
            found = next(filter(None, map(line.search, texts)), None)
            self._found[number, before] = found.group(0).strip()[:300] if found else ""
        return self._found[number, before]


def kills(case: Case, act: Act, effect: Effect, name: str) -> bool:
    """Tell whether a `KILL` falls on the program called `name`: by name, by part of its name, or by its number."""
    if effect.verb is not Verb.KILL:
        return False
    program, stem = base(name), base(name).rsplit(".", 1)[0]
    hit = victim(case, act, effect)
    return (
        program in hit
        or (len(stem) > 3 and stem in hit)
        or (len(effect.target) > 3 and effect.target in program)
    )
