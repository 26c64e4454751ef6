# SPDX-License-Identifier: MIT
"""What an agent in a jail is given: the programs of its folder, its command line, and what of the host must be shown for it.

The one thing that is easy to get wrong: a jail shows `/usr` and nothing else, and root's jails have a user that is not root. So the
Python that runs the agent must lie where every user may read, or the system's own of the same version takes its place.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
CURE = "install where every user may read, such as below /opt or /srv, or run this as another user than root"


class HiddenError(Exception):
    """What the agent is made of cannot be shown in a jail."""


def files_for(desk: Path) -> dict[str, str]:
    """Return the programs of the working folder: those of `workspace/`, and the one that resumes the session."""
    resume = f"#!/bin/bash\n# Go on with the session, after an interruption.\nexec {shlex.join(agent_in(desk))} --resume\n"
    return {"resume": resume} | {one.name: one.read_text() for one in (HERE / "workspace").iterdir()}


def agent_in(desk: Path) -> list[str]:
    """Return the agent's command line, but for its last word."""
    sockets = [f"MODEL_SOCKET={desk / 'model'}", f"TASKS_SOCKET={desk / 'tasks'}"]
    return ["/usr/bin/env", *sockets, *python()[0], str(HERE / "agent.py")]


def digest(content: bytes) -> str:
    """Return enough of a hash to tell two contents apart."""
    return hashlib.sha256(content).hexdigest()[:16]


def python() -> tuple[list[str], tuple[str, ...]]:
    """Return how the agent's Python is started and what must be shown for it: this very one, or the system's of that version."""
    base, packages = Path(sys.base_prefix).resolve(), sysconfig.get_path("purelib")
    start, shown = Path(sys.executable).resolve(), [str(base), packages, str(HERE)]
    if not _all_may_read(base):
        start, shown = Path(f"/usr/bin/python3.{sys.version_info.minor}"), shown[1:]
        if not start.exists():
            raise HiddenError(f"{base} cannot be read by a jail's user, and there is no {start}; {CURE}")
    for path in shown:
        if not _all_may_read(Path(path)):
            raise HiddenError(f"{path} cannot be read by a jail's user; {CURE}")
    variables = [f"PYTHONPATH={packages}", "PYTHONDONTWRITEBYTECODE=1"]
    return ["/usr/bin/env", *variables, str(start)], tuple(
        path for path in shown if not path.startswith("/usr")
    )


def _all_may_read(folder: Path) -> bool:
    """Tell whether the jail's user may: where we are not root it is our own, else everybody must be allowed to."""
    return os.geteuid() != 0 or all(
        place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents)
    )
