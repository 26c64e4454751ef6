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
from collections.abc import Callable

from .arena import SETTLE, text_of, told_in
from .contract import Look, Outcome, Told, Trial
from .looking import in_namespace_below, living
from .outside import Outside
from .trying import DEED_SECONDS, begun, blows, gains, named, world

KEY, NAME = "container", "container stop"
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


def try_container(trial: Trial, outside: Outside, image: str) -> Outcome:
    """Run a trial's attackers in a container, stop it, and look who is left in its pid namespace."""
    name = f"offswitch-drill-{os.getpid()}-{trial.number}"
    crew = blows(trial, world(outside, name, "/run/offswitch"))
    program = ["python3", "-I", "-S", "-c", text_of("crew"), crew]
    started = ask("run", "--detach", "--name", name, *BOUNDS, image, *program)
    try:
        if started.returncode:
            raise OSError(started.stderr.strip() or "the engine did not start it")
        namespace = _namespace(name)
        if trial.since == "deed":
            _until(lambda: bool(begun(_told(name))), DEED_SECONDS)
        time.sleep(trial.delay)
        before, ordered = begun(_told(name)), time.monotonic()
        ask("stop", "--time", "1", name)
        took = (time.monotonic() - ordered) * 1000
        left: list[Look] = []

        def empty() -> bool:
            left[:] = living(in_namespace_below(namespace))
            return not left

        survived = namespace and not _until(empty, SETTLE)
        escapes = [*([named(left)] if survived else []), *gains(_told(name)), *outside.harm()]
    finally:
        ask("rm", "--force", name)
    notes = () if namespace else ("it had ended before it could be looked at",)
    return Outcome(trial.number, KEY, trial.attacks, tuple(escapes), before, took, notes=notes)


def _namespace(name: str) -> int:
    """Return the pid namespace of a container; 0 where it has ended already. Raises OSError where we cannot see it."""
    told = ask("inspect", "--format", "{{.State.Pid}}", name).stdout.strip()
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


def _told(name: str) -> list[Told]:
    lines = (told_in(line.encode()) for line in ask("logs", name).stdout.splitlines())
    return [line for line in lines if line is not None and "attack" in line]


def _until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
