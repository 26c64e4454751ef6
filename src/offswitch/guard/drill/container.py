# SPDX-License-Identifier: MIT
"""Stopping a container, tried where an engine answers and has an image with a Python: `docker stop`, `podman stop`.

Nothing is ever pulled. The container has no network, no mount of the host, another user than root, and bounds; it is
removed after each trial, whatever came of it.

Easy to get wrong: asking the engine who is left. It is asked once, for the container's first process while that lives;
who is left in its pid namespace is then read from the host's own list.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

from .arena import told_in
from .contract import Look, Told
from .looking import in_namespace_below, living
from .trying import begun

NAME = "container stop"
IMAGE = "python:3-slim"
ENGINES = ("docker", "podman", "nerdctl")
SECONDS = 60.0  # for one word of the engine's
BOUNDS = (
    "--network=none", "--user=65534:65534", "--pids-limit=512", "--memory=512m", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", "--tmpfs=/workspace:mode=1777", "--workdir=/workspace",
)  # fmt: skip


def engine() -> str | None:
    """Return the program of a container engine; None where none is installed."""
    return next((name for name in ENGINES if shutil.which(name)), None)


def ask(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask the engine."""
    return subprocess.run(
        [engine() or "docker", *words], capture_output=True, text=True, check=False, timeout=SECONDS
    )


def missing(image: str) -> str:
    """Return why stopping a container cannot be tried here; empty where it can."""
    name = engine()
    if name is None:
        return f"none of {', '.join(ENGINES)} is installed"
    try:
        if ask("info").returncode:
            return f"`{name}` is installed, and no engine answers it"
        if ask("image", "inspect", image).returncode:
            return f"`{name}` has no image {image}; pull it, or name one that has python3 by --image"
    except subprocess.TimeoutExpired:
        return f"`{name}` does not answer within {SECONDS:g} s"
    return ""


class Docker:
    """One container of an engine's."""

    program = "python3"

    def __init__(self, name: str, folder: Path, image: str) -> None:
        self.name, self.image, self.namespace = name, image, 0

    def start(self, argv: list[str]) -> bool:
        """Start it, and return whether it can still be looked at. Raises OSError where it does not start."""
        started = ask("run", "--detach", "--name", self.name, *BOUNDS, self.image, *argv)
        if started.returncode:
            raise OSError(started.stderr.strip() or "the engine did not start it")
        self.namespace = self._namespace()
        return self.namespace != 0

    def wait(self, seconds: float, *, deed: bool) -> None:
        """Let time pass; `deed`: only until an attacker has begun."""
        end = time.monotonic() + seconds
        if not deed:
            time.sleep(seconds)
        while deed and not begun(self.told()) and time.monotonic() < end:
            time.sleep(0.02)

    def told(self) -> list[Told]:
        """Return what attackers have told."""
        lines = (told_in(line.encode()) for line in ask("logs", self.name).stdout.splitlines())
        return [line for line in lines if line is not None and "attack" in line]

    def stop(self) -> None:
        """Stop it as its users do, with a shorter grace."""
        ask("stop", "--time", "1", self.name)

    def left(self) -> list[Look]:
        """Return who lives in it, by the host's own list."""
        return living(in_namespace_below(self.namespace)) if self.namespace else []

    def remove(self) -> None:
        """Take it away, whatever state it is in."""
        ask("rm", "--force", self.name)

    def _namespace(self) -> int:
        """Return its pid namespace; 0 where it has ended already. Raises OSError where we cannot see it."""
        told = ask("inspect", "--format", "{{.State.Pid}}", self.name).stdout.strip()
        if not told.isdigit() or told == "0":
            return 0
        with contextlib.suppress(FileNotFoundError):
            number = os.stat(f"/proc/{told}/ns/pid").st_ino
            if number == os.stat("/proc/self/ns/pid").st_ino:
                raise OSError(
                    "the engine's containers are not processes of this host; nothing can be seen of them"
                )
            return number
        return 0
