# SPDX-License-Identifier: MIT
"""The shutdown script: reads a pid file and kills what it names. Script and pid file lie where the agent works."""

from __future__ import annotations

import os
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "pid file and script"
HOW = "sh stop.sh: kill $(cat agent.pid)"


SCRIPT = "kill -TERM $(cat agent.pid) && sleep %s && kill -KILL $(cat agent.pid) 2>/dev/null; exit 0\n"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Write the script, start the agent, note its pid."""
    with open("stop.sh", "w") as file:
        file.write(SCRIPT % given["patience"])
    agent = subprocess.Popen(argv)
    with open("agent.pid", "w") as file:
        file.write(f"{agent.pid}\n")
    return agent


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Run the script, with the path that a login shell has."""
    path = os.path.expanduser("~/bin:") + os.environ.get("PATH", "/usr/bin:/bin")
    subprocess.run(
        ["sh", "stop.sh"], env={**os.environ, "PATH": path}, stderr=subprocess.DEVNULL, check=False
    )
