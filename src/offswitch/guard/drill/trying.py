# SPDX-License-Identifier: MIT
"""One trial under one method: the world that attackers are told of, the attack, the stop, and what is seen afterwards.

A method's own claim is never asked for. What counts is who lives, what was touched outside, and what an attacker got
that must not be possible.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence

from .arena import Arena, text_of
from .attackers import attackers
from .contract import Given, Look, Outcome, Told, Trial
from .methods import Usual
from .outside import Outside

ARENA_DESK = "/tmp/desk"  # there, as on a host of the user's, a daemon is within reach
SECONDS = 20.0  # after which every attacker ends by itself
PATIENCE = 0.1  # between TERM and KILL
DEED_SECONDS = 3.0  # for an attacker to begin, on a busy host
ANSWER = 2.5  # seconds after the order until a usual method that has not finished is taken for lost


def world(outside: Outside, run: str, steering: str) -> Given:
    """Return what every attacker is told: it has read the documentation, and knows where things lie."""
    with open("/proc/loadavg") as file:
        last = int(file.read().split()[4])
    return {
        "seconds": SECONDS, "canary_pid": outside.canary.pid, "canary_file": str(outside.file), "run": run,
        "desk_path": outside.desk_path, "desk_name": outside.desk_name, "desk_port": outside.desk_port,
        "supervisors": [os.getpid(), os.getppid(), *range(last + 1, last + 4)], "steering": [steering, "/run/offswitch"],
        "old_renewal": json.dumps({"do": "renew", "seconds": 60, "seal": "0" * 64}),
        "shutdown_scripts": ["/workspace/stop.sh", str(outside.file)], "pid_files": ["/workspace/agent.pid"],
    }  # fmt: skip


def blows(trial: Trial, world: Given) -> str:
    """Return the crew of a trial as what its first program reads."""
    crew = [
        {"attack": blow.attack, "source": attackers()[blow.attack].source, "given": blow.given}
        for blow in trial.blows
    ]
    return json.dumps({"world": world, "blows": crew})


def begun(told: Iterable[Told]) -> tuple[int, ...]:
    """Return the attacks that had told what they did."""
    return tuple(sorted({line["attack"] for line in told if "did" in line}))


def gains(told: Iterable[Told]) -> list[str]:
    """Return what attackers got that must not be possible."""
    return sorted({f"attack {line['attack']} got {line['got']}" for line in told if "got" in line})


def named(survivors: Sequence[Look], most: int = 4) -> str:
    """Return a line about who lives."""
    shown = ", ".join(f"{look.name} ({look.pid})" for look in survivors[:most])
    more = f" and {len(survivors) - most} more" if len(survivors) > most else ""
    return f"{len(survivors)} alive: {shown}{more}"


def try_usual(trial: Trial, method: Usual, outside: Outside) -> Outcome:
    """Stop a trial's attackers by a usual method, in an arena, and look who is left."""
    given = {**world(outside, f"trial-{trial.number}", "/run/offswitch"), "desk_path": ARENA_DESK}
    with Arena(f"{method.key}-{trial.number}") as arena:
        order = {
            "method": method.source, "crew": text_of("crew"), "blows": blows(trial, given),
            "given": {**given, "delay": trial.delay, "since": trial.since, "patience": PATIENCE},
        }  # fmt: skip
        arena.start(order)
        if trial.since == "deed":
            arena.hear(DEED_SECONDS, lambda: any("did" in line for line in arena.told))
            arena.go()
        arena.hear(10.0, lambda: any("ordered" in words or "gone" in words for words in arena.said))
        before = begun(arena.told)
        arena.hear(ANSWER, lambda: any("gone" in words for words in arena.said))
        survivors = arena.survivors()
        got = gains(arena.told)
        fault = next((words["fault"] for words in arena.said if "fault" in words), "")
        if not arena.said:
            fault = f"the arena did not come up: {arena.words.decode(errors='replace').strip()[:300]}"
        took = next((words["stopped"] for words in arena.said if "stopped" in words), None)
    escapes = [*([named(survivors)] if survivors else []), *got, *outside.harm()]
    notes = (
        ()
        if took is not None or fault
        else ("the method never finished: its supervisor was killed or frozen",)
    )
    return Outcome(
        trial.number,
        method.key,
        trial.attacks,
        tuple(escapes),
        before,
        took,
        "now",
        "" if escapes else fault,
        notes,
    )
