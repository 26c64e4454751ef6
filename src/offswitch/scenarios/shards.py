# SPDX-License-Identifier: MIT
"""Runs one share of a test by Inspect's own `eval_set`: in this process, or as a process of its own with a log folder of its own.

A process that runs Inspect uses one core, so organisms and other cheap models get several. What was done is in the log
folder and nowhere else: the same share again goes on where the logs end. The one thing that is easy to get wrong: a parent
that dies. A worker must not go on writing where the next run will begin, so it ends when the pipe from its parent does.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from offswitch.scenarios.errors import ScenarioError


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One share: what Inspect is asked to run, and where its logs go. `arguments` are the task's own."""

    scenario: str
    model: str
    folder: str
    arguments: dict[str, Any]
    samples: int
    limit: int | None = None
    model_args: dict[str, Any] = {}
    base_url: str | None = None
    generate: dict[str, Any] = {}
    max_samples: int | None = None
    held_back: int | None = (
        None  # finished samples that Inspect may keep in memory; None: its own default, 10
    )


class Done(msgspec.Struct, frozen=True, tag="done"):
    """How far a share is: samples finished in this run, and those kept from before."""

    finished: int
    kept: int = 0


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """A share is whole; `logs` are the logs that hold it."""

    logs: tuple[str, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """A share cannot be run, and why."""

    because: str


Said = Done | Ended | Failed
Tell = Callable[[Done], None]


def run_share(work: Work, tell: Tell) -> tuple[str, ...]:
    """Run what is not yet in the share's logs, and return the logs that now hold all of it.

    Raises ScenarioError where Inspect cannot run it, KeyboardInterrupt where it was interrupted (what is done is kept).
    """
    from inspect_ai import eval_set, task_with

    Path(work.folder).mkdir(parents=True, exist_ok=True)
    counted = _Counted(work, tell)
    task = task_with(task_of(work), cleanup=counted.one_more)
    settings: dict[str, Any] = {
        # What Inspect recovers from its record of events after a sudden death lacks the store, and so all that the harness
        # saw: a sample is written down when it is finished, whole, or is run again.
        "log_realtime": False,
        "log_buffer": work.held_back,
        "log_model_api": False,
        "score_display": False,
        "display": "none",
        "retry_attempts": 1,
        **work.generate,
    }
    try:
        # Inspect prints its last words even where nothing is to be displayed.
        with contextlib.redirect_stdout(io.StringIO()):
            whole, logs = eval_set(
                [task],
                log_dir=work.folder,
                model=work.model,
                model_args=dict(work.model_args),
                model_base_url=work.base_url,
                limit=work.limit,
                max_samples=work.max_samples,
                **settings,
            )
    except Exception as trouble:
        from offswitch.scenarios.models import one_line

        raise ScenarioError(f"Inspect cannot run this: {one_line(trouble)}") from trouble
    if not whole:
        errors = [log.error.message for log in logs if log.error]
        said = " ".join((errors or ["no reason is in the log"])[0].split())
        raise ScenarioError(f"the run failed: {said[:500]}; the same command goes on")
    return tuple(local_path(log.location) for log in logs)


def local_path(location: str) -> str:
    """Return a log's location as a path: Inspect writes some as `file://` addresses."""
    return location.removeprefix("file://")


def task_of(work: Work) -> Any:
    """Return the Inspect task: the registered one where there is one, so that Inspect's own commands know the log."""
    from offswitch.scenarios import tasks
    from offswitch.scenarios.making import make

    registered = getattr(tasks, work.scenario, None)
    return registered(**work.arguments) if registered else make(work.scenario, **work.arguments)


class _Counted:
    """Counts samples as they end, and once those that earlier runs left."""

    def __init__(self, work: Work, tell: Tell) -> None:
        self.folder, self.tell = work.folder, tell
        self.finished = self.kept = 0
        self.resumed = any(Path(work.folder).glob("*.eval"))

    async def one_more(self, state: Any) -> None:
        """Note the end of a sample. Inspect calls this as the task's `cleanup`."""
        if self.resumed:
            self.resumed = False
            self.kept = await _kept(self.folder)
        self.finished += 1
        self.tell(Done(self.finished, self.kept))


async def _kept(folder: str) -> int:
    """Count the sound samples that the fullest log of earlier runs holds."""
    from inspect_ai.log import list_eval_logs, read_eval_log_sample_summaries_async

    most = 0
    for log in list_eval_logs(folder):
        with contextlib.suppress(
            Exception
        ):  # a log that is being written may be unreadable: this is but a display
            summaries = await read_eval_log_sample_summaries_async(log)
            most = max(most, sum(one.error is None for one in summaries))
    return most


# -- as a process of its own ---------------------------------------------------------------------------------------------


def main() -> int:
    """Read shares from standard input, a line each, run them, and tell on standard output how it goes."""
    shares: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(shares,), daemon=True).start()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print must not be taken for ours
    encoder = msgspec.json.Encoder()

    def say(word: Said) -> None:
        out.write(encoder.encode(word) + b"\n")

    try:
        while line := shares.get():
            say(Ended(run_share(msgspec.json.decode(line, type=Work), say)))
    except KeyboardInterrupt:
        return 130
    except Exception as trouble:
        said = str(trouble) if isinstance(trouble, ScenarioError) else f"{type(trouble).__name__}: {trouble}"
        say(Failed(said))
        return 1
    return 0


def _listen(shares: SimpleQueue[bytes]) -> None:
    """Pass shares on; an empty line is the parent's order to end, the end of the pipe is the parent's own."""
    for line in sys.stdin.buffer:
        shares.put(line.strip())
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
