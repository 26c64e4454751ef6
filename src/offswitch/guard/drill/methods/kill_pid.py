# SPDX-License-Identifier: MIT
"""The first thing that comes to mind: TERM, a moment, KILL, at the pid that was started."""

from __future__ import annotations

import signal
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "TERM, then KILL"
HOW = "kill -TERM PID; kill -KILL PID"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent plainly."""
    return subprocess.Popen(argv)


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Ask, wait a moment, kill."""
    agent.send_signal(signal.SIGTERM)
    try:
        agent.wait(given["patience"])
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
