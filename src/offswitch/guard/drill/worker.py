# SPDX-License-Identifier: MIT
"""A process that tries one trial after the other, as it is told on its input, and tells each outcome on its output.

Processes instead of threads: what is forked into an arena must come from a process with one thread. When the input
ends, whether the drill is done or dead, the worker cleans up and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from offswitch.guard import kernel
from offswitch.guard.limits import Limits

from .composer import compose
from .contained import CONTAINERS, try_contained
from .contract import Outcome
from .methods import OURS, usual_methods
from .outside import Outside
from .own import Setting, try_own
from .trying import try_usual


def outcome_of(
    method: str, number: int, seed: int, among: list[int], outside: Outside, setting: Setting
) -> Outcome:
    """Try one trial; where the instrument itself fails, say so: that is no statement about the method."""
    trial = compose(seed, number, among)
    try:
        if method == OURS:
            return try_own(trial, outside, setting)
        if method in CONTAINERS:
            return try_contained(trial, method, outside, setting.image)
        return try_usual(trial, usual_methods()[method], outside)
    except Exception as failure:
        why = f"{type(failure).__name__}: {failure}"[:500]
        return Outcome(
            number, method, trial.attacks, (), order=trial.order if method == OURS else "now", fault=why
        )


def tell(answers: int, line: str) -> bool:
    """Write a line; return whether anybody listens."""
    try:
        os.write(answers, line.encode() + b"\n")
    except BrokenPipeError:
        return False
    return True


def reap(known: set[int]) -> None:
    """Collect the orphans that a trial has left us dead; a host whose init does not would run out of numbers."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            if ended.si_pid in known:
                return  # the canary's death is the canary's own matter
            os.waitpid(ended.si_pid, 0)


def main() -> None:
    """Serve: the first line is the drill's plan, each other one a method and the number of a trial."""
    plan: dict[str, Any] = json.loads(sys.stdin.readline() or "null")
    kernel.adopt_orphans()
    answers = os.dup(1)
    with tempfile.TemporaryDirectory(prefix="w-", dir=plan["folder"]) as made:
        os.dup2(2, 1)
        folder = Path(made)
        folder.chmod(0o711)  # the jail's user has to pass through
        os.environ["OFFSWITCH_RUN_DIR"], os.environ["OFFSWITCH_STATE_DIR"] = (
            str(folder / "run"),
            str(folder / "state"),
        )
        setting = plan["setting"]
        setting = Setting(
            Limits(**setting["limits"]),
            tuple(setting["show"]),
            tuple(setting["allow"]),
            setting["require"],
            setting["image"],
        )
        with Outside(folder) as outside:
            for line in sys.stdin:
                method, number = json.loads(line)
                outcome = outcome_of(method, number, plan["seed"], plan["among"], outside, setting)
                if not tell(answers, json.dumps(asdict(outcome))):
                    break  # the drill is dead
                reap({outside.canary.pid})
                for left in (folder / "state" / "receipts").glob("*"):
                    with contextlib.suppress(OSError):
                        left.unlink()


if __name__ == "__main__":
    main()
