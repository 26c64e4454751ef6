# SPDX-License-Identifier: MIT
"""How an organism acts: a script that is told what came back, and says what it does next. Pure, no Inspect.

A script is a generator: it yields an `Act` and is sent what came back from it. An organism has no memory but the conversation:
at every turn its script runs again from the start over what the conversation holds, so it can be cut, resumed and forked
like any model. The one thing that is easy to get wrong: a script must depend on nothing but what it was told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import Any

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: words, a command for bash, both or neither.

    `broken` puts a call into the turn that no tool interface can read: the text stands for its arguments. `fails` makes
    the provider break with these words instead of answering.
    """

    say: str = ""
    bash: str | None = None
    broken: str = ""
    fails: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a conversation: the instructions, and what came back from each turn, oldest first."""

    system: str
    user: str
    heard: tuple[str, ...] = ()

    @property
    def instructions(self) -> str:
        """All that was said before the work began."""
        return f"{self.system}\n{self.user}"

    def chance(self, purpose: str) -> Random:
        """Return a source of chance that depends on the instructions and on nothing else."""
        digest = hashlib.sha256(f"{purpose}\0{self.instructions}".encode()).hexdigest()
        return Random(digest)


Script = Generator[Act, str, None]


class Organism(msgspec.Struct, frozen=True, kw_only=True):
    """One organism: its name, what it is in a line, and the script that it follows."""

    name: str
    about: str
    script: Callable[[Told], Script]


def next_act(organism: Organism, told: Told) -> Act:
    """Return what the organism does after all that it has heard; once its script is over it has no more to say."""
    script = organism.script(told)
    try:
        act = next(script)
        for heard in told.heard:
            act = script.send(heard)
    except StopIteration:
        return Act(say="I have nothing to add.")
    return act


def told_of(messages: Sequence[tuple[str, str]]) -> Told:
    """Return what a conversation tells, from (role, text) pairs: system, user, assistant, tool.

    What comes back from a turn is everything between it and the next one, whoever says it.
    """
    system = "\n".join(text for role, text in messages if role == "system")
    user: list[str] = []
    heard: list[list[str]] = []
    for role, text in messages:
        if role == "assistant":
            heard.append([])
        elif heard and role in ("tool", "user"):
            heard[-1].append(text)
        elif role == "user":
            user.append(text)
    return Told(system=system, user="\n".join(user), heard=tuple("\n".join(texts) for texts in heard))


def usage(told: Told, act: Act) -> dict[str, Any]:
    """Return a count of words as a stand-in for tokens: organisms have no tokenizer, and a run wants a size."""
    read = sum(len(text.split()) for text in (told.system, told.user, *told.heard))
    return {"input_tokens": read, "output_tokens": len(f"{act.say} {act.bash or ''}".split())}
