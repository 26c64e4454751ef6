# SPDX-License-Identifier: MIT
"""One end of a pipe whose other end is in the jail: read as it comes, keep the beginning, never more than the limit.

Easy to get wrong: waiting for the end of the pipe. A process that the command left in the background holds the other
end open for as long as it lives; so who reads stops when the *command* has ended and the pipe is dry.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable

CHUNK = 256 * 1024
WIDE = 1024 * 1024


class Bounded:
    """The near end of a pipe, watched by the event loop; `far` is for who writes."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limit: int, overflow: Callable[[], None], wide: bool = False
    ) -> None:
        self._loop, self._limit, self._overflow = loop, limit, overflow
        self.near, self.far = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.near, False)
        if wide:  # files come faster through a wide pipe; who may not have one has the usual
            with contextlib.suppress(OSError):
                fcntl.fcntl(self.near, fcntl.F_SETPIPE_SZ, WIDE)
        self._pieces: list[bytes] = []
        self._size = 0
        self._watched = True
        self.overflowed = False
        loop.add_reader(self.near, self._take)

    def _take(self) -> bool:
        """Read once; return whether there may be more."""
        try:
            piece = os.read(self.near, CHUNK)
        except BlockingIOError:
            return False
        if not piece:
            self._unwatch()
            return False
        room = self._limit - self._size
        self._pieces.append(piece[:room])
        self._size += min(len(piece), room)
        if len(piece) > room:
            self._unwatch()
            self.overflowed = True
            self._overflow()
            return False
        return True

    def drain(self) -> None:
        """Take what is in the pipe now."""
        while self._watched and self._take():
            pass

    def data(self) -> bytes:
        """Return what was kept."""
        return b"".join(self._pieces)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self.near)

    def close_far(self) -> None:
        """Close our copy of the far end, once it has been handed on."""
        if self.far >= 0:
            os.close(self.far)
            self.far = -1

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self._unwatch()
        self.close_far()
        os.close(self.near)
