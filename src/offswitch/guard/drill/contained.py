# SPDX-License-Identifier: MIT
"""One trial in a container, and the list of what makes containers. Unlike the usual methods, which are run by the agent's
own user inside an arena, these are given by root, from outside.

Easy to get wrong: asking who made the container who is left in it. That is read from the host's own lists.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import container, runc
from .arena import SETTLE, text_of
from .contract import Look, Outcome, Told, Trial
from .outside import Outside
from .trying import DEED_SECONDS, begun, blows, gains, named, world


class Container(Protocol):
    """One container, not yet started."""

    program: str  # the Python inside

    def start(self, argv: list[str]) -> bool:
        """Start it, and return whether it can still be looked at. Raises OSError where it does not start."""

    def wait(self, seconds: float, *, deed: bool) -> None:
        """Let time pass; `deed`: only until an attacker has begun."""

    def told(self) -> list[Told]:
        """Return what attackers have told."""

    def stop(self) -> None:
        """Stop it as its users do, with a shorter grace."""

    def left(self) -> list[Look]:
        """Return who lives in it, by the host's own lists."""

    def remove(self) -> None:
        """Take it away, whatever state it is in."""


@dataclass(frozen=True)
class Kind:
    """One way to have containers."""

    name: str
    missing: Callable[[str], str]  # why it cannot be tried here with an image; empty where it can
    make: Callable[[str, Path, str], Container]  # from its name, a folder of the trial's, and an image


CONTAINERS = {
    "container": Kind(container.NAME, container.missing, container.Docker),
    "runc": Kind(runc.NAME, runc.missing, runc.Runc),
}


def try_contained(trial: Trial, method: str, outside: Outside, image: str) -> Outcome:
    """Run a trial's attackers in a container, stop it, and look who is left in it."""
    name = f"offswitch-drill-{os.getpid()}-{trial.number}"
    crew = blows(trial, world(outside, name, "/run/offswitch"))
    box = CONTAINERS[method].make(name, outside.folder, image)
    try:
        seen = box.start([box.program, "-I", "-S", "-c", text_of("crew"), crew])
        if trial.since == "deed":
            box.wait(DEED_SECONDS, deed=True)
        box.wait(trial.delay, deed=False)
        before, ordered = begun(box.told()), time.monotonic()
        box.stop()
        took = (time.monotonic() - ordered) * 1000
        survivors = lasting(box)
        escapes = [*([named(survivors)] if survivors else []), *gains(box.told()), *outside.harm()]
    finally:
        box.remove()
    notes = () if seen else ("it had ended before it could be looked at",)
    return Outcome(trial.number, method, trial.attacks, tuple(escapes), before, took, notes=notes)


def lasting(box: Container) -> list[Look]:
    """Return who is still there when what was killed has had time to go; empty as soon as nobody is."""
    end, left = time.monotonic() + SETTLE, box.left()
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = box.left()
    return left
