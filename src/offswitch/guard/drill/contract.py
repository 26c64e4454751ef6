# SPDX-License-Identifier: MIT
"""What an attacker is: one file that says what it tries and does it, and what a drill sees of it from outside.

A file of `attackers/` holds NUMBER (of the attack in the catalogue), NAME, TRIES, ESCAPE, and three functions:

    parameters(draw)     what the composer draws for one trial, as JSON; pure
    attack(given, tell)  runs inside the jail, where nothing of this package is: standard library only
    shown(told, looks)   whether it did what it says, judged by what was seen from outside while nobody stopped it

Easy to get wrong: an attacker that never begins is stopped by everything. So each tells what it `did`, a test holds
`shown` against it, and a drill counts how many had begun when the order came.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Given = dict[str, Any]  # what was drawn, and what every attacker knows of the world outside
Draw = random.Random
Told = dict[str, Any]  # {"attack": 6, "did": …}, or "got": … where it succeeded in what must not be possible


class Tell(Protocol):
    """The pen of an attacker: it tells what it did (`did=`) or got (`got=`)."""

    def __call__(self, **words: Any) -> None:
        """Write one line to the pipe that all attackers inherit."""

    def stay(self) -> None:
        """Do nothing until the attacker's own time is up."""


class Look(NamedTuple):
    """One process, seen from outside at one moment."""

    pid: int
    parent: int
    group: int
    session: int
    state: str  # as in /proc/PID/stat; "Z" also where the leader is dead and its threads live
    name: str
    threads: int
    alive: bool  # some thread of it is


@dataclass(frozen=True)
class Attacker:
    """One file of `attackers/`, ready to be sent into a jail."""

    number: int
    name: str
    tries: str
    escape: str
    source: str = field(repr=False)
    parameters: Callable[[Draw], Given] = field(repr=False)
    shown: Callable[[Sequence[Told], Sequence[Sequence[Look]]], bool] = field(repr=False)


@dataclass(frozen=True)
class Blow:
    """One attacker of a trial, with what was drawn for it."""

    attack: int
    given: Given


@dataclass(frozen=True)
class Trial:
    """What happens in one trial: who attacks, and when and how the order to stop comes."""

    number: int
    seed: int
    blows: tuple[Blow, ...]  # the first is the command itself, the others are forked from it
    delay: float  # seconds until the order
    since: str  # what they are counted from: start, or deed, the moment at which an attacker first tells what it did
    order: str  # how our own off-switch is told, see own.py; the usual methods know one way

    @property
    def attacks(self) -> tuple[int, ...]:
        """Return the numbers of the attacks, in order."""
        return tuple(blow.attack for blow in self.blows)


@dataclass(frozen=True)
class Outcome:
    """What came of one trial under one method. An empty `escapes` is a stop that held."""

    trial: int
    method: str
    attacks: tuple[int, ...]
    escapes: tuple[str, ...]  # what lived on, was touched, or was claimed wrongly; one line each
    begun: tuple[int, ...] = ()  # attacks that had told what they did before the order
    latency: float | None = None  # milliseconds from the order until the method said that it was done
    order: str = "now"
    fault: str = ""  # the instrument failed: no statement about the method
    notes: tuple[str, ...] = ()
