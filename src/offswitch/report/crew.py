# SPDX-License-Identifier: MIT
"""The workers of one scan, seen from the scan: start, give a task, hear, and notice when one dies or falls silent.

The one thing that is easy to get wrong: a worker that hangs in C code sends nothing and ends nothing, so silence has a
limit too.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import msgspec

from offswitch.report.errors import WorkerFault
from offswitch.report.messages import Message, Settings, Task, Unframer, framed
from offswitch.report.timelimit import grace

# -P keeps the current folder off the path: whoever wrote the transcripts may have left a json.py in it.
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from offswitch.report.worker import main; main()"

START = 10.0  # seconds that a worker may take to start
FAREWELL = 2.0  # seconds between the end of its pipe and its own: then its exit code can be told


class Worker:
    """One process, and the task it has in hand. `key` is whatever the scan knows the task by."""

    def __init__(self, settings: Settings) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            bufsize=0,
        )
        self.pipe = self.process.stdout.fileno()  # type: ignore[union-attr]
        self.unframer = Unframer()
        self.ready = False
        self.speaking = True  # until its pipe ends
        self.key: int | None = None
        self.heard = time.monotonic()
        self._tell(framed(settings))

    def give(self, key: int, task: Task) -> None:
        """Hand over a task; the worker must be idle."""
        self.key, self.heard = key, time.monotonic()
        self._tell(framed(task))

    def hear(self) -> list[Message] | None:
        """Return what the worker says now, or None when it is dead or talks nonsense."""
        data = os.read(self.pipe, 1 << 20)
        self.heard = time.monotonic()
        if not data:
            self.speaking = False
            return None
        try:
            messages = self.unframer.messages(data)
        except (ValueError, msgspec.MsgspecError):
            return None
        self.ready = self.ready or bool(messages)
        return messages

    def end(self) -> str:
        """Kill the worker if it still lives, and return what became of it in words.

        Raises `WorkerFault` with what it printed if it ended by itself before it was ready.
        """
        try:
            code = self.process.wait(0.0 if self.speaking else FAREWELL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()
        self.errors.seek(0)
        said = self.errors.read(20_000).decode(errors="replace").strip()
        self.errors.close()
        if not self.ready and code != -signal.SIGKILL:
            raise WorkerFault(
                f"a worker cannot start: it {_fate(code)}{': ' + said[-2_000:] if said else ''}"
            )
        return _fate(code)

    def _tell(self, data: bytes) -> None:
        # A worker that has just died is noticed when it is listened to, not here.
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(data)  # type: ignore[union-attr]


class Crew:
    """Up to `size` workers."""

    def __init__(self, settings: Settings, size: int) -> None:
        self.settings, self.size = settings, size
        self.workers: list[Worker] = []
        self.selector = selectors.DefaultSelector()

    def idle(self) -> Worker | None:
        """Return a worker without a task, started if need be; None when all are busy."""
        for worker in self.workers:
            if worker.key is None:
                return worker
        if len(self.workers) == self.size:
            return None
        worker = Worker(self.settings)
        self.workers.append(worker)
        self.selector.register(worker.pipe, selectors.EVENT_READ, worker)
        return worker

    def busy(self) -> bool:
        """Tell whether any task is in hand."""
        return any(worker.key is not None for worker in self.workers)

    def listen(self, seconds: float) -> Iterator[tuple[Worker, list[Message] | None]]:
        """Yield each worker that says something within `seconds`, or is dead, or has been silent for too long."""
        for key, _ in self.selector.select(seconds):
            yield key.data, key.data.hear()
        patience = self.settings.seconds + 2 * grace(self.settings.seconds) + START
        for worker in list(self.workers):
            if worker.key is not None and time.monotonic() - worker.heard > patience:
                yield worker, None

    def dismiss(self, worker: Worker) -> str:
        """Take a worker out, kill it, and return what became of it."""
        self.workers.remove(worker)
        self.selector.unregister(worker.pipe)
        return worker.end()

    def disband(self) -> None:
        """End all workers at once."""
        for worker in list(self.workers):
            self.dismiss(worker)
        self.selector.close()


def _fate(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
