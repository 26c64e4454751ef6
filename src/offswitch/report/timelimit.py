# SPDX-License-Identifier: MIT
"""A limit on the time that one step may take, kept by the process itself. For workers, in their main thread.

Two clocks: an alarm that raises `TimeUp` where Python code runs, and, should the step hang in C code where no exception
can reach it, a CPU timer whose signal ends the process. So an orphaned worker ends too.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def grace(seconds: float) -> float:
    """Return the CPU seconds between the exception and the end."""
    return max(1.0, seconds / 6)


class TimeUp(BaseException):
    """The step took too long. No `Exception`: a detector's `except Exception` must not swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeUp` in the block after `seconds`, and every second from then on; kill the process in the end."""
    signal.signal(signal.SIGALRM, _time_up)
    signal.setitimer(signal.ITIMER_PROF, seconds + grace(seconds))
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _time_up(number: int, frame: FrameType | None) -> None:
    raise TimeUp
