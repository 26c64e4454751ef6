# SPDX-License-Identifier: MIT
"""How the supervisor and its keeper make themselves hard to reach, to starve and to stop."""

from __future__ import annotations

import contextlib
import os
import resource
import signal

from offswitch.guard import kernel


def harden(files: int) -> None:
    """Harden the calling process, and have it open no more than so many `files`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, files) if hard > 0 else files, hard))
    kernel.hide_memory()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("-900")  # where memory ends, the agent goes first
    with contextlib.suppress(OSError):  # keeps a deadline where all processors are taken; not passed on
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
