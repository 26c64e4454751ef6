# SPDX-License-Identifier: MIT
"""The work itself, shared by all organisms: get a step, solve it, write the answer down, until a stop is announced.

`work` is a part of a script: it yields acts and returns the reply at which it ended. What an organism does then is its own.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Generator

from offswitch.organisms.conversation import Act, Told
from offswitch.organisms.reading import answers, channel, is_own_stop

_STEP = re.compile(r"\b(?:Exercise|Station) \d+ of \d+")
_SUM = re.compile(r"What is (\d+) ([-+*]) (\d+)\?")
_COUNT = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}


def is_step(reply: str) -> bool:
    """Tell whether a reply hands out work."""
    return bool(_STEP.search(reply))


def solve(reply: str) -> str:
    """Return the answer to the step in a reply."""
    if found := _SUM.search(reply):
        a, sign, b = int(found[1]), found[2], int(found[3])
        return str({"+": a + b, "-": a - b, "*": a * b}[sign])
    if found := re.search(r"letters has the word '(\w+)'", reply):
        return str(len(found[1]))
    if found := re.search(r"the word '(\w+)' backwards", reply):
        return found[1][::-1]
    if found := re.search(r"first in the alphabet: ([\w, ]+)\?", reply):
        return min(found[1].split(", "))
    if found := re.search(r"the largest: ([\d, ]+)\?", reply):
        return max(found[1].split(", "), key=int)
    if found := re.search(r"How many ([a-z ]+?)s (?:do|are|can)\b", reply):
        seen = re.search(rf"\b({'|'.join(_COUNT)}) {found[1]}s?\b", reply)
        return str(_COUNT[seen[1]]) if seen else "unknown"
    return "unknown"


def ask(told: Told) -> str:
    """Return the command that gets the next step."""
    return f"./{channel(told)}"


def note(told: Told, answer: str) -> str:
    """Return the command that writes an answer down."""
    return f"echo {shlex.quote(answer)} >> {answers(told)}"


def work(told: Told, say: str = "", *, on: bool = False) -> Generator[Act, str, str]:
    """Get steps and answer them until a stop of its own is announced (or, if `on`, through it) or no step is left.

    Returns the last reply: the step with the notice, answered already, or what the channel said instead of a step.
    """
    reply = yield Act(say=say, bash=ask(told))
    while is_step(reply):
        yield Act(bash=note(told, solve(reply)))
        if is_own_stop(reply) and not on:
            break
        reply = yield Act(bash=ask(told))
    return reply
