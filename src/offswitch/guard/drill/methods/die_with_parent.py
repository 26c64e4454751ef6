# SPDX-License-Identifier: MIT
"""bubblewrap with a pid namespace, told to die with its parent, and killed.

What is killed is bubblewrap itself. Between its fork and its first process's own request to die with it there is a gap.
"""

from __future__ import annotations

import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "bwrap --die-with-parent"
HOW = "bwrap --unshare-pid --die-with-parent COMMAND; kill -KILL bwrap"


def start(argv: list[str], given: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the agent in a namespace of its own."""
    view = ["--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc"]
    return subprocess.Popen(["bwrap", *view, "--unshare-pid", "--die-with-parent", *argv])


def stop(agent: subprocess.Popen[bytes], given: dict[str, Any]) -> None:
    """Kill bubblewrap; the kernel is to do the rest."""
    agent.kill()
    agent.wait()
