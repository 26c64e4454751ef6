# SPDX-License-Identifier: MIT
"""Read the last words of a command that was too long or too deep to be read whole. For the walk and the entry.

    true; true; … (ten thousand times) …; rm plan.txt   ->   perhaps: delete "plan.txt"

Padding is the cheapest way to hide a command, and what it hides stands at the end. The one thing that is easy to get
wrong: nothing found here is certain, because what stands before it was not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from offswitch.verdict.shell import interpreters, wrappers
from offswitch.verdict.shell.lexing import skip
from offswitch.verdict.shell.programs import is_known, known_name, run_program
from offswitch.verdict.shell.simple import split_words
from offswitch.verdict.shell.state import Budget, Field, Shell, TooDeep
from offswitch.verdict.shell.table import commands
from offswitch.verdict.shell.words import fields_of

_LONGEST = 4_096  # characters of the end that are read
_WORDS = 300  # words of it
_STARTS = 8  # words at which a command may begin
_SEPARATORS = "\n;|&(){}"


def tail_budget() -> Budget:
    """Return what the end of a command may cost whose own budget is spent."""
    return Budget(steps=4_000, characters=2 * 1024 * 1024)


def last_words(text: str) -> int:
    """Return where the last few hundred words of `text` begin: behind a separator if there is one, else a blank."""
    start = max(0, len(text) - _LONGEST)
    blanks = [match.end() for match in re.finditer(r"\s+", text[start:])]
    start += blanks[max(0, len(blanks) - _WORDS)] if blanks and (start or len(blanks) > _WORDS) else 0
    found = re.compile(r"[\n;|&]\s*").search(text, start) if start else None
    return found.end() if found and found.end() < len(text) else start


def read_unread(shell: Shell) -> None:
    """Record what the ends of the texts may do that were nested too deep, from each likely word on."""
    unread, shell.budget.unread = shell.budget.unread, []
    kept = shell.certain, shell.guessing, shell.here, shell.place, shell.ended, shell.stdin
    shell.certain, shell.guessing, shell.ended, shell.stdin = False, True, False, None
    try:
        for text, at, place in unread:
            for start, stop in simple_commands(text, last_words(text), len(text)):
                shell.here, shell.place = (at + start, at + stop), place
                _from_each_start(shell, text[start:stop], at + start)
    finally:
        shell.certain, shell.guessing, shell.here, shell.place, shell.ended, shell.stdin = kept
        shell.budget.unread = []


def _from_each_start(shell: Shell, text: str, at: int) -> None:
    already = len(shell.effects)
    seen: set[tuple[str, str, str]] = set()
    try:
        fields = [
            field
            for start, stop in split_words(text, 0, len(text))
            for field in fields_of(shell, text[start:stop], at + start)
        ]
    except TooDeep:
        return
    for start in _starts(shell, fields):
        before = len(shell.effects)
        try:
            run_program(shell, fields[start:])
        except TooDeep:
            continue
        finally:
            fresh = shell.effects[max(before, already) :]
            del shell.effects[max(before, already) :]
            for effect in fresh:
                key = (effect.verb, effect.target, effect.source)
                if key not in seen:
                    seen.add(key)
                    shell.effects.append(effect)


def _starts(shell: Shell, fields: list[Field]) -> list[int]:
    """Return the first places of programs that wrap no other, and the last places of wrappers."""
    first: dict[str, int] = {}
    wrapping: list[int] = []
    for place, field in enumerate(fields):
        name = known_name(shell, field.text)
        command = commands().get(name)
        if (
            name in wrappers.SPECIALS
            or name in interpreters.SPECIALS
            or (command and command.wraps is not None)
        ):
            wrapping.append(place)
        elif is_known(shell, field.text):
            first.setdefault(name, place)
    return sorted(
        {*list(first.values())[:_STARTS], *wrapping[-_STARTS:], *([0] if not wrapping and fields else [])}
    )


def simple_commands(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of text into simple commands at separators outside quotes and brackets."""
    begun, i = start, start
    while i < stop:
        if text[i] in _SEPARATORS:
            if begun < i:
                yield begun, i
            begun = i = i + 1
        else:
            i = skip(text, i, stop)
    if begun < stop:
        yield begun, stop
