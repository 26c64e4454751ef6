# SPDX-License-Identifier: MIT
"""Many trials, side by side: workers are fed, outcomes are kept in a file as they come, and a killed drill goes on.

Easy to get wrong: an outcome that is lost with its worker. Whoever dies while it holds a trial is replaced, and the trial
is tried again; the second time it counts as a failure of the instrument.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from offswitch import guard
from offswitch.guard import tiers
from offswitch.guard.errors import GuardError
from offswitch.guard.walls import cgroups

from .attackers import NOT_HERE, attackers
from .contained import CONTAINERS
from .contract import Outcome
from .methods import OURS, usual_methods
from .own import Setting

SCHEMA = "offswitch.drill/1"
PREFIX = "offswitch-drill-"
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from offswitch.guard.drill.worker import main; main()"
)

STUCK_SECONDS = 180.0  # for one trial, far above the longest wait in it

Task = tuple[str, int]
Progress = Callable[[int, int, int], None]  # done, of how many, kept from before


class DrillError(GuardError):
    """A drill cannot be run as it was asked for; nothing was run."""


@dataclass(frozen=True)
class Plan:
    """What is to be drilled."""

    trials: int = 200
    seed: int = 0
    beside: int | None = None  # trials of each usual method; None: a fifth, from 40 to 200
    jobs: int | None = None
    only: int | None = None  # this trial alone
    setting: Setting = field(default_factory=Setting)

    def usual_trials(self) -> int:
        """Return how often each usual method is tried."""
        return min(self.trials, max(40, min(200, self.trials // 5))) if self.beside is None else self.beside


@dataclass
class Drilled:
    """What came of a drill."""

    plan: Plan
    tier: str
    missing: dict[str, str]  # usual methods that are not there, and why
    not_run: dict[int, tuple[str, str]]  # attacks that this host cannot run: name, and why
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)


def tasks_of(plan: Plan, methods: Iterable[str]) -> list[Task]:
    """Return every trial under every method, those of the usual methods spread over the whole."""
    if plan.only is not None:
        return [(method, plan.only) for method in (OURS, *methods)]
    placed = [(number / max(1, plan.trials), (OURS, number)) for number in range(plan.trials)]
    for method in methods:
        placed += [
            (number / max(1, plan.usual_trials()), (method, number)) for number in range(plan.usual_trials())
        ]
    return [task for _, task in sorted(placed)]


def drill(plan: Plan, log: Path | None = None, progress: Progress | None = None) -> Drilled:
    """Run the trials and return what came of them; those that `log` holds already are not run again.

    Raises TierError where this host cannot give what the setting requires, DrillError for a log of another drill.
    """
    tier = tiers.require(plan.setting.require).tier  # type: ignore[arg-type]
    there = [key for key, method in usual_methods().items() if not method.missing]
    missing = {method.name: method.missing for method in usual_methods().values() if method.missing}
    for key, kind in CONTAINERS.items():
        if why := kind.missing(plan.setting.image):
            missing[kind.name] = why
        else:
            there.append(key)
    drilled = Drilled(plan, tier, missing, dict(NOT_HERE), {key: [] for key in (OURS, *there)})
    wanted = tasks_of(plan, there)
    with contextlib.ExitStack() as held:
        kept, file = {}, None  # type: dict[Task, Outcome], IO[str] | None
        if log is not None:
            kept, file = open_log(log, plan)
            held.enter_context(file)
        for task in wanted:
            if task in kept:
                drilled.outcomes[task[0]].append(kept[task])
        left = [task for task in wanted if task not in kept]
        before = len(wanted) - len(left)
        folder = held.enter_context(workplace())
        done = before
        for outcome in work(left, plan, folder):
            drilled.outcomes[outcome.method].append(outcome)
            if file is not None:
                file.write(json.dumps(asdict(outcome)) + "\n")
                file.flush()
            done += 1
            if progress is not None:
                progress(done, len(wanted), before)
    return drilled


# The log ---------------------------------------------------------------------------------------------------------------


def code_digest() -> str:
    """Return a digest of the code that makes an outcome: the whole guard, but for how a drill is told."""
    digest = hashlib.sha256()
    waiting = [files(guard.__name__)]
    while waiting:
        for entry in sorted(waiting.pop().iterdir(), key=lambda found: found.name):
            if entry.is_dir() and entry.name != "__pycache__":
                waiting.append(entry)
            elif entry.name.endswith(".py") and entry.name != "page.py":
                digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()[:16]


def head_of(plan: Plan) -> dict[str, Any]:
    """Return the first line of a log: everything that two drills must share for their trials to be the same."""
    return {"schema": SCHEMA, "seed": plan.seed, "setting": asdict(plan.setting), "code": code_digest()}


def open_log(log: Path, plan: Plan) -> tuple[dict[Task, Outcome], IO[str]]:
    """Return the outcomes of an earlier drill of the same plan, and the file to go on with."""
    head, kept = json.loads(json.dumps(head_of(plan))), {}
    lines = log.read_text(encoding="utf-8").split("\n") if log.exists() else []
    if lines and lines[0]:
        try:
            known = json.loads(lines[0])
        except ValueError:
            raise DrillError(
                f"{log}, line 1: is no log of a drill; move it away, or give another --out"
            ) from None
        if known != head:
            other = (
                next((key for key in head if known.get(key) != head[key]), "schema")
                if isinstance(known, dict)
                else "schema"
            )
            raise DrillError(f"{log}: was begun with another {other}; move it away, or give another --out")
        for line in lines[1:]:
            with contextlib.suppress(ValueError, TypeError, KeyError):  # a torn last line is tried again
                outcome = outcome_from(json.loads(line))
                kept[outcome.method, outcome.trial] = outcome
    file = open(log, "a", encoding="utf-8")  # noqa: SIM115
    if not lines or not lines[0]:
        file.write(json.dumps(head) + "\n")
    elif lines[-1]:
        file.write("\n")  # ends the torn line
    file.flush()
    return kept, file


def outcome_from(told: dict[str, Any]) -> Outcome:
    """Return an outcome from its JSON."""
    lists = {key: tuple(told[key]) for key in ("attacks", "escapes", "begun", "notes")}
    return Outcome(**{**told, **lists})


# The work --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def workplace():  # type: ignore[no-untyped-def]
    """Yield a folder that is gone afterwards."""
    sweep()
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{cgroups.own_name()}"
    folder.mkdir(mode=0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        sweep()


def sweep() -> None:
    """Take away what killed drills left; a worker of theirs may still be at its last trial, so look again at the end."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*-*"):
        if cgroups.is_leftover(left.name.removeprefix(PREFIX)) and left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
    cgroups.sweep(cgroups.find_homes(every=True))


class Worker:
    """One worker process, and the task that it holds."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        source = str(Path(__file__).parents[3])
        argv = [sys.executable, "-I", "-c", PROGRAM, source]
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.task: Task | None = None
        self._say(
            {
                "folder": str(folder),
                "seed": plan.seed,
                "among": sorted(attackers()),
                "setting": asdict(plan.setting),
            }
        )

    def _say(self, words: Any) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died; the end of its output will tell
            self.process.stdin.write(json.dumps(words).encode() + b"\n")
            self.process.stdin.flush()

    def fileno(self) -> int:
        """Return what becomes readable when an outcome is there, or the worker is dead."""
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def give(self, task: Task) -> None:
        """Let it try a trial."""
        self.task, self.began = task, time.monotonic()
        self._say(task)

    def outcome(self) -> Outcome | None:
        """Return the outcome; None where the worker has died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return outcome_from(json.loads(line)) if line.endswith(b"\n") else None

    def end(self) -> None:
        """Close its input and wait; it cleans up."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self.process.wait(60.0)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its arenas and runs end with it
            self.process.wait()


def work(tasks: list[Task], plan: Plan, folder: Path):  # type: ignore[no-untyped-def]
    """Yield the outcome of each task, in the order in which they come."""
    waiting, broken = deque(tasks), set()  # type: deque[Task], set[Task]
    workers = [Worker(plan, folder) for _ in range(min(plan.jobs or 2 * (os.cpu_count() or 1), len(tasks)))]
    try:
        for worker in workers:
            if waiting:
                worker.give(waiting.popleft())
        while busy := [worker for worker in workers if worker.task is not None]:
            for worker in busy:
                if time.monotonic() - worker.began > STUCK_SECONDS:
                    worker.process.kill()  # what it holds ends with it; the end of its output is seen below
            for worker in select.select(busy, [], [], 1.0)[0]:
                outcome, task = worker.outcome(), worker.task
                if outcome is None and task is not None:
                    worker.end()
                    workers[workers.index(worker)] = worker = Worker(plan, folder)
                    if task in broken:
                        yield Outcome(task[1], task[0], (), (), fault="its worker died twice")
                    else:
                        broken.add(task)
                        waiting.appendleft(task)
                elif outcome is not None:
                    yield outcome
                worker.task = None
                if waiting:
                    worker.give(waiting.popleft())
    finally:
        for worker in workers:
            worker.end()
