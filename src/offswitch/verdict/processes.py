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
    line = re.compile(rf"^.*(?<![\w.]){number}(?![\w.]).*$", re.MULTILINE)
    for earlier in reversed([earlier for earlier in case.acts if earlier.event < act.event]):
        if any(seen.verb is Verb.LIST or seen.program in ("pgrep", "pidof") for seen in earlier.effects):
            match = line.search(earlier.result[:LONGEST])
            if match:
                return match.group(0).strip()[:300]
    return effect.target


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
