# SPDX-License-Identifier: MIT
"""The pipe that all attackers of a trial inherit: they tell on it, and its end proves that nobody holds it any more.

Easy to get wrong: our own copy of the writing end. As long as it is open, the end never comes.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable

from .arena import told_in
from .contract import Told

CHUNK, MOST = 65536, 4096  # bytes at a time, and lines that are kept


class Heartbeat:
    """The reading end. `ended` once nobody has the writing end."""

    def __init__(self) -> None:
        self.near, self.far = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.near, False)
        self.told: list[Told] = []
        self.ended = False
        self._rest = b""

    def close_far(self) -> None:
        """Close our copy of the writing end, once it has been handed on."""
        if self.far >= 0:
            os.close(self.far)
            self.far = -1

    def hear(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take in what is told until something is so, or the pipe or the time has ended; return whether the pipe has."""
        end = time.monotonic() + seconds
        while not self.ended and not until():
            if not select.select([self.near], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            self.take()
        return self.ended

    def take(self) -> None:
        """Take in what is there now, at most so much that a flood does not hold us."""
        for _ in range(64):
            try:
                piece = os.read(self.near, CHUNK)
            except BlockingIOError:
                return
            if not piece:
                self.ended = True
                return
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._rest = self._rest[-CHUNK:]
            for line in lines:
                read = told_in(line)
                if read is not None and "attack" in read and len(self.told) < MOST:
                    self.told.append(read)

    def close(self) -> None:
        """Close both ends."""
        self.close_far()
        with contextlib.suppress(OSError):
            os.close(self.near)
