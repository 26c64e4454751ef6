# SPDX-License-Identifier: MIT
"""A pid namespace by util-linux, whose first process is killed with `unshare`."""

from __future__ import annotations

import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "unshare --kill-child"
HOW = "unshare --pid --fork --kill-child COMMAND; kill -KILL unshare"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent in a namespace of its own."""
    return subprocess.Popen(
        ["unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child", *argv]
    )


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Kill `unshare`; the kernel is to do the rest."""
    agent.kill()
    agent.wait()
