# SPDX-License-Identifier: MIT
"""Several shares at once, a process for each core; what the processes say comes back line by line.

A process that has done its share gets the next: starting one costs seconds. The one thing that is easy to get wrong: Ctrl-C.
A terminal sends it to every process of the group, and a worker that is hit in the middle of an orderly end loses it; so
workers are in groups of their own, and are told once.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

import msgspec

from offswitch.scenarios.errors import ScenarioError
from offswitch.scenarios.shards import Done, Ended, Failed, Said, Work

PATIENCE = 30.0  # seconds for a worker to end in order


class Worker:
    """One process, with a share in hand or none."""

    def __init__(self) -> None:
        self.work: Work | None = None
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - read after the end, by `last_words`
        self.held = b""
        self.decoder: msgspec.json.Decoder[Said] = msgspec.json.Decoder(Said)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "offswitch.scenarios.shards"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            start_new_session=True,
        )
        assert self.process.stdin
        assert self.process.stdout
        self.orders, self.pipe = self.process.stdin, self.process.stdout

    def give(self, work: Work) -> None:
        """Give the worker a share."""
        self.work = work
        self._tell(msgspec.json.encode(work))

    def hear(self) -> list[Said] | None:
        """Return what the worker says, or None where it has ended."""
        said = os.read(self.pipe.fileno(), 65_536)
        if not said:
            return None
        *lines, self.held = (self.held + said).split(b"\n")
        return [self.decoder.decode(line) for line in lines]

    def dismiss(self) -> None:
        """Let a worker that has nothing in hand go."""
        self._tell(b"")
        self.close()

    def interrupt(self) -> None:
        """Tell the worker to end in order, as Ctrl-C would."""
        self.process.send_signal(signal.SIGINT)

    def close(self, deadline: float | None = None) -> int:
        """Wait for the end, kill where it does not come, and return the exit code."""
        wait = PATIENCE if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            # The pipe of orders stays open: its end would be taken for ours, and be sudden death.
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        for stream in (self.orders, self.pipe):
            with contextlib.suppress(OSError):
                stream.close()
        return code

    def last_words(self) -> str:
        """Return the end of what the worker wrote to its standard error."""
        self.errors.seek(0)
        return " ".join(self.errors.read().decode(errors="replace").split())[-500:]

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # its end is noticed where it is listened to
            self.orders.write(line + b"\n")
            self.orders.flush()


def run_side_by_side(
    works: Sequence[Work], jobs: int, tell: Callable[[str, Done], None]
) -> dict[str, tuple[str, ...]]:
    """Run all shares, at most `jobs` at once, and return the logs that hold each, by its folder.

    Raises ScenarioError where one cannot be run; the others are then ended in order, and what they did is kept.
    """
    waiting, crew = list(works), list[Worker]()
    logs: dict[str, tuple[str, ...]] = {}
    with selectors.DefaultSelector() as selector:
        try:
            for _ in range(min(jobs, len(waiting))):
                crew.append(worker := Worker())
                selector.register(worker.pipe, selectors.EVENT_READ, worker)
                worker.give(waiting.pop(0))
            while any(worker.work for worker in crew):
                for key, _ in selector.select(1.0):
                    worker = key.data
                    heard = worker.hear()
                    if heard is None:
                        selector.unregister(worker.pipe)
                        crew.remove(worker)
                        raise _ended(worker)
                    for word in heard:
                        _take(worker, word, logs, tell)
                    if worker.work is None and waiting:
                        worker.give(waiting.pop(0))
        except BaseException:
            for worker in crew:
                worker.interrupt()
            deadline = time.monotonic() + PATIENCE
            for worker in crew:
                worker.close(deadline)
            raise
    for worker in crew:
        worker.dismiss()
    return logs


def _take(
    worker: Worker, word: Said, logs: dict[str, tuple[str, ...]], tell: Callable[[str, Done], None]
) -> None:
    work = worker.work
    assert work is not None  # an idle worker has nothing to say
    match word:
        case Done():
            tell(work.folder, word)
        case Ended():
            logs[work.folder] = word.logs
            worker.work = None
        case Failed():
            raise ScenarioError(word.because)


def _ended(worker: Worker) -> ScenarioError:
    code = worker.close()
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    said = worker.last_words()
    again = "nothing is lost: give the same command again to go on"
    return ScenarioError(f"a worker {how}{': ' + said if said else ''}; {again}")
