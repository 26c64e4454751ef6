# SPDX-License-Identifier: MIT
"""Stopping a container by what docker and containerd stop it with: runc, which needs no daemon and no image.

`runc run`, `runc kill NAME TERM`, a grace of a second, `runc kill NAME KILL`: what `docker stop --time 1` comes to. The
container is made of the host's /usr, with docker's own bounds, see bundle.py.

Easy to get wrong: a container outlives whoever started it. So a shell stands by that kills and deletes it when the other end
of its input is closed, and nobody but us has that; and its control groups lie where the next drill sweeps, made by us
beforehand, for a run that ends beside us takes an empty house away. Nor is runc's word for a deletion enough: one whose first
thread has ended is `stopped` to it, whatever its other threads do.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from offswitch.guard.walls.cgroups import HOUSE, Group, find_homes, own_name, remove_run
from offswitch.guard.walls.cgroups import kill as kill_group
from offswitch.guard.walls.keeper import NOBODY

from .arena import ARENA, EMPTY_SECONDS, PYTHON, own_user
from .bundle import MEMORY, PROCESSES, config, make_root
from .contract import Look, Told
from .heartbeat import Heartbeat
from .looking import in_groups, in_namespace_below, living
from .trying import ANSWER, begun

NAME = "container stop, runc"
GRACE = 1.0  # seconds between TERM and KILL, as for the other containers; docker's own is 10
SECONDS = 60.0  # for one word of runc's
TAKES_AWAY = 'read -r _; name=$1; shift; "$@" kill --all "$name" KILL; exec "$@" delete --force "$name"'


def missing(image: str = "") -> str:
    """Return why this cannot be tried here; empty where it can. Makes a container to find out."""
    if shutil.which("runc") is None:
        return "`runc` is not installed"
    if os.geteuid() != 0:
        return "`runc` is installed, and containers with a user of their own need root"
    with tempfile.TemporaryDirectory() as folder:
        box = Runc(f"offswitch-drill-{os.getpid()}-try", Path(folder), image)
        try:
            box.start(["/usr/bin/true"])
        except (OSError, subprocess.TimeoutExpired) as failure:
            return f"`runc` is installed, and makes no container here: {failure}"
        finally:
            box.remove()
    return ""


class Runc:
    """One container of runc's."""

    program = PYTHON

    def __init__(
        self, name: str, folder: Path, image: str = "", memory: int = MEMORY, processes: int = PROCESSES
    ) -> None:
        """`folder`: where its bundle and runc's own notes will lie."""
        self.name, self.memory, self.processes = name, memory, processes
        self.bundle, self.notes = folder / f"{name}-bundle", folder / f"{name}-notes"
        self.group = Group(find_homes(every=True), own_name(), name)
        self.heartbeat = Heartbeat()
        self.first: int | None = None  # a descriptor of the container's first process
        self.namespace = 0
        self.watchman: subprocess.Popen[bytes] | None = None

    def lay(self, argv: list[str]) -> None:
        """Make its groups and its bundle."""
        self.group.create()
        (self.bundle / "rootfs").mkdir(parents=True)
        make_root(self.bundle / "rootfs")
        user = own_user(ARENA)
        told = config(
            argv,
            NOBODY if user is None else user,
            f"/{HOUSE}/{self.group.run}/{self.name}",
            self.memory,
            self.processes,
        )
        (self.bundle / "config.json").write_text(json.dumps(told))

    def start(self, argv: list[str]) -> bool:
        """Start it, and return whether it can still be looked at. Raises OSError where it does not start."""
        self.lay(argv)
        takes_away = ["sh", "-c", TAKES_AWAY, "sh", self.name, *self.words()]
        self.watchman = subprocess.Popen(
            takes_away, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )  # fmt: skip
        pid_file, log = self.bundle / "pid", self.bundle / "log"
        words = ["--log", str(log), "--log-format", "json", "run", "--detach", "--pid-file", str(pid_file)]
        started = subprocess.run(
            self.words(*words, "--bundle", str(self.bundle), self.name), check=False, timeout=SECONDS,
            stdin=subprocess.DEVNULL, stdout=self.heartbeat.far, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.heartbeat.close_far()
        if started.returncode:
            raise OSError(complaint(log) or f"runc ended with {started.returncode}")
        pid = int(pid_file.read_text())
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            self.first = os.pidfd_open(pid)
            self.namespace = os.stat(f"/proc/{pid}/ns/pid").st_ino
        return self.namespace != 0

    def wait(self, seconds: float, *, deed: bool) -> None:
        """Let time pass; `deed`: only until an attacker has begun."""
        self.heartbeat.hear(seconds, lambda: deed and bool(begun(self.heartbeat.told)))

    def told(self) -> list[Told]:
        """Return what attackers have told."""
        self.heartbeat.hear(0.0)
        return self.heartbeat.told

    def stop(self) -> None:
        """Stop it as docker does, with a shorter grace."""
        self.say("kill", self.name, "TERM")
        if not self.ended(GRACE):
            self.say("kill", self.name, "KILL")
            self.ended(ANSWER)

    def ended(self, seconds: float) -> bool:
        """Wait for the first process to end, which it does as the last one of its pid namespace."""
        return self.first is None or bool(select.select([self.first], [], [], seconds)[0])

    def left(self) -> list[Look]:
        """Return who lives in its pid namespace or in one of its control groups."""
        inside = in_namespace_below(self.namespace) if self.namespace else []
        return living({*inside, *in_groups(self.group.folders)})

    def remove(self) -> None:
        """Take it away, whatever state it is in."""
        if self.watchman is not None and self.watchman.stdin is not None:
            self.watchman.stdin.close()
            self.watchman.wait(SECONDS)
        self.heartbeat.close()
        if self.first is not None:
            os.close(self.first)
        end = time.monotonic() + EMPTY_SECONDS
        while not self.group.remove() and time.monotonic() < end:
            if self.group.killer is not None:
                kill_group(self.group.killer)
            time.sleep(0.005)
        remove_run(self.group.homes, self.group.run)
        for folder in (self.bundle, self.notes):
            shutil.rmtree(folder, ignore_errors=True)

    def words(self, *words: str) -> list[str]:
        """Return a command for runc, with its notes in a folder of ours."""
        return [shutil.which("runc") or "runc", "--root", str(self.notes), *words]

    def say(self, *words: str) -> None:
        """Tell runc something; a container that has ended already is no fault."""
        subprocess.run(self.words(*words), check=False, capture_output=True, timeout=SECONDS)


def complaint(log: Path) -> str:
    """Return the last thing that runc complained of."""
    with contextlib.suppress(OSError, ValueError, IndexError, KeyError):
        return str(json.loads(log.read_text().splitlines()[-1])["msg"])[:300]
    return ""
