# SPDX-License-Identifier: MIT
"""The process group: what shells and most harnesses use."""

from __future__ import annotations

import os
import signal
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "killpg"
HOW = "kill -TERM -PGID; kill -KILL -PGID"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent as the leader of a session, and so of a group."""
    return subprocess.Popen(argv, start_new_session=True)


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Ask the group, wait a moment, kill the group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(agent.pid, number)
        except ProcessLookupError:
            break
        try:
            agent.wait(given["patience"])
        except subprocess.TimeoutExpired:
            continue
    agent.wait()
