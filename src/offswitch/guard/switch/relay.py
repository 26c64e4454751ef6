# SPDX-License-Identifier: MIT
"""The front's relay: what the agent reads and prints goes through pipes, or a terminal of its own, never through our descriptors.

A descriptor of ours in the agent's hands would be a way out: a file could be cut or read back, a terminal typed into. So it gets the
far ends, and three threads copy. Where whoever reads us has gone, our end closes, and the agent gets the broken pipe it would get anyway.

Easy to get wrong: a terminal in raw mode that is not put back. `Relay` is a context manager for that reason.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any

CHUNK = 64 * 1024
DRAIN_SECONDS = 5.0  # for what a dead agent still had in the pipe


class Relay:
    """Copies between our standard streams and the agent's; `far` is for `Wish.stdio`."""

    def __init__(self) -> None:
        self.terminal = all(os.isatty(number) for number in (0, 1))
        self._threads: list[threading.Thread] = []
        self._restore: list[Callable[[], Any]] = []
        if self.terminal:
            master, slave = os.openpty()
            self.far = (slave, slave, slave)
            self._pumps = [(0, master), (master, 1)]
        else:
            (in_far, in_near), (out_near, out_far), (err_near, err_far) = os.pipe(), os.pipe(), os.pipe()
            self.far = (in_far, out_far, err_far)
            self._pumps = [(0, in_near), (out_near, 1), (err_near, 2)]

    def __enter__(self) -> Relay:
        if self.terminal:
            master = self._pumps[0][1]
            before = termios.tcgetattr(0)
            self._restore.append(lambda: termios.tcsetattr(0, termios.TCSADRAIN, before))
            tty.setraw(0)
            self._resize(master)
            previous = signal.signal(signal.SIGWINCH, lambda *_: self._resize(master))
            self._restore.append(lambda: signal.signal(signal.SIGWINCH, previous))
        return self

    def began(self) -> None:
        """The agent holds the far ends: close ours, and copy."""
        for descriptor in set(self.far):
            os.close(descriptor)
        for source, sink in self._pumps:
            thread = threading.Thread(target=_pump, args=(source, sink), daemon=True)
            thread.start()
            self._threads.append(thread)

    def drain(self) -> None:
        """Wait for the last that the agent had printed."""
        for thread in self._threads[1:]:
            thread.join(DRAIN_SECONDS)

    def _resize(self, master: int) -> None:
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(master, termios.TIOCSWINSZ, size)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for restore in reversed(self._restore):
            restore()
        if self.terminal and self._threads:
            os.write(1, b"\x1b[0m\x1b[?25h\x1b[?1049l")  # colours, the cursor and the screen are ours again


def _pump(source: int, sink: int) -> None:
    """Copy until one end is gone; then close the ends that are the agent's."""
    try:
        while piece := os.read(source, CHUNK):
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(sink, rest) :]
    except OSError:
        pass
    finally:
        for descriptor in (source, sink):
            if descriptor > 2:
                with contextlib.suppress(OSError):
                    os.close(descriptor)


assert sys.platform == "linux", "the off-switch is built on Linux"
