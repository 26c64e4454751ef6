# SPDX-License-Identifier: MIT
"""coreutils: `timeout` sends TERM to its process group when the time is up, and KILL a moment later."""

from __future__ import annotations

import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "timeout -k"
HOW = "timeout -k 0.1 SECONDS COMMAND"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent under `timeout`; its time runs from here, with a little more where it is to begin first."""
    seconds = f"{max(given['delay'], 0.001) + (0.15 if given['since'] == 'deed' else 0):.3f}"
    return subprocess.Popen(["timeout", "-k", str(given["patience"]), seconds, *argv])


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Wait until it says that it is done."""
    agent.wait()
