# SPDX-License-Identifier: MIT
"""The arena: a place where attackers and the usual methods may do what they like, and nothing gets out.

A control group of its own, a user of its own, and bubblewrap with every namespace unshared. Unlike the guard's jail it
lets namespaces be nested, for some of the methods are made of them. What happens inside is judged from outside: by who
is in the group when the method says that it is done.

Easy to get wrong: counting the arena's own two processes, bubblewrap and the floor, or somebody who is dead and not yet
collected. And one look: a process that forks and exits all the time can be missed by it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from offswitch.guard import kernel
from offswitch.guard.limits import MIB
from offswitch.guard.walls import entering, view
from offswitch.guard.walls.cgroups import Group, Homes, find_homes, own_name
from offswitch.guard.walls.cgroups import kill as kill_group
from offswitch.guard.walls.keeper import FIRST_UID, NOBODY, UIDS

from .contract import Given, Look, Told
from .looking import in_namespace_below, living

ARENA, RUN = 63, 62  # of the 64 users that belong to a process number, the last two: a drill's
PYTHON = "/usr/bin/python3"
SETTLE = 0.5  # seconds for what was killed to be gone, on a busy host; whoever is there after that lives
BETWEEN, IN_A_ROW = 0.005, 4  # seconds between looks, and how many that find nobody are believed
EMPTY_SECONDS = 15.0
MOST_PROCESSES = 1500  # of the arena's user, far above what the attackers ask for


def text_of(name: str) -> str:
    """Return a program of this package that runs inside."""
    return files(__package__).joinpath(f"{name}.py").read_text(encoding="utf-8")


def own_user(slot: int) -> int | None:
    """Return a user that no other process of the host has; nobody where few are mapped, None where we are not root."""
    if os.geteuid() != 0:
        return None
    with open("/proc/self/uid_map") as file:
        last = max(int(start) + int(count) for start, _, count in (line.split() for line in file))
    return FIRST_UID + (os.getpid() * 64) % UIDS + slot if last >= FIRST_UID + UIDS else NOBODY


def command(bubblewrap: str, info: int, program: list[str]) -> list[str]:
    """Return bubblewrap's argv: the host's /usr, everything writable in memory, no way out, nesting allowed."""
    argv = [bubblewrap, "--unshare-all", "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv"]
    argv += ["--uid", str(view.UID), "--gid", str(view.GID), "--hostname", "arena", "--info-fd", str(info)]
    argv += ["--ro-bind", "/usr", "/usr"]
    for name in view.USR_LINKS:
        place = Path("/", name)
        if place.is_symlink():
            argv += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            argv += ["--ro-bind", str(place), str(place)]
    argv += [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--dir",
        "/etc",
        "--ro-bind-try",
        "/etc/alternatives",
        "/etc/alternatives",
    ]
    for path in ("/dev/shm", "/tmp", "/var/tmp", view.HOME, "/workspace"):
        argv += ["--size", str(64 * MIB), "--perms", "0777", "--tmpfs", path]
    for name, value in view.environment("/workspace").items():
        argv += ["--setenv", name, value]
    return [*argv, "--remount-ro", "/", "--chdir", "/workspace", "--", *program]


class Arena:
    """One arena. A context: at its end nothing of it is left."""

    def __init__(self, name: str) -> None:
        homes = find_homes()
        self.group = Group(Homes(homes.killer), own_name(), name)
        self.uid = own_user(ARENA)
        self.told: list[Told] = []
        self.said: list[dict[str, Any]] = []
        self.words = (
            b""  # the beginning of what was printed and is no telling: bubblewrap's complaint, for one
        )
        self.outer = self.inner = 0
        self._rest: dict[int, bytes] = {}
        self._held: set[int] = set()

    def start(self, order: Given) -> None:
        """Start the floor with its order."""
        self.group.create()
        bubblewrap = view.find_bubblewrap()
        if bubblewrap is None:
            raise FileNotFoundError("bubblewrap is not installed")
        pipes = {name: os.pipe2(os.O_CLOEXEC) for name in ("lifeline", "heartbeat", "control", "info")}
        inside = (
            pipes["lifeline"][0],
            pipes["heartbeat"][1],
            pipes["heartbeat"][1],
            pipes["control"][1],
            pipes["info"][1],
        )
        program = [PYTHON, "-I", "-S", "-c", text_of("floor"), json.dumps(order)]
        self.outer = self.group.fork(self.group.killer)
        if self.outer == 0:
            self._become(command(bubblewrap, len(inside) - 1, program), inside)
        for descriptor in set(inside):
            os.close(descriptor)
        self.lifeline, self.heartbeat, self.control = (
            pipes["lifeline"][1],
            pipes["heartbeat"][0],
            pipes["control"][0],
        )
        self._held = {self.lifeline, self.heartbeat, self.control}
        for descriptor in (self.heartbeat, self.control):
            os.set_blocking(descriptor, False)
            self._rest[descriptor] = b""
        with os.fdopen(pipes["info"][0], "rb") as info:
            told = info.read(4096)
        self.inner = int(json.loads(told)["child-pid"]) if told else 0

    def _become(self, argv: list[str], descriptors: Iterable[int]) -> NoReturn:
        try:
            kernel.die_with_parent(signal.SIGKILL)
            entering.default_signals()
            for place, descriptor in enumerate(
                [os.dup2(known, 100 + at) for at, known in enumerate(descriptors)]
            ):
                os.dup2(descriptor, place)
            os.closerange(len(list(descriptors)), 256)
            os.setsid()
            kernel.leave_keyring()
            if self.uid not in (None, NOBODY):
                for what, most in (
                    (resource.RLIMIT_NPROC, MOST_PROCESSES),
                    (resource.RLIMIT_FSIZE, 64 * MIB),
                ):
                    resource.setrlimit(what, (most, most))
            if self.uid is not None:
                kernel.become(self.uid, self.uid)
                kernel.die_with_parent(signal.SIGKILL)
            kernel.no_new_privileges()
            os.execve(argv[0], argv, {})
        except BaseException as failure:
            os.write(2, f"{type(failure).__name__}: {failure}\n".encode())
        finally:
            os._exit(1)

    @property
    def supervisor(self) -> int | None:
        """Return the supervisor's number inside, which is the method's and no attacker's."""
        return next((words["supervisor"] for words in self.said if "supervisor" in words), None)

    def hear(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take in what is told and said, until something is so or the time is up."""
        end, watch = time.monotonic() + seconds, select.poll()
        for descriptor in self._rest:
            watch.register(descriptor, select.POLLIN)
        while not until():
            left = end - time.monotonic()
            if left <= 0 or not self._rest:
                return False
            for descriptor, _ in watch.poll(left * 1000):
                if not self._take(descriptor):
                    watch.unregister(descriptor)
                    del self._rest[descriptor]
        return True

    def _take(self, descriptor: int) -> bool:
        with contextlib.suppress(BlockingIOError):
            piece = os.read(descriptor, 65536)
            if not piece:
                return False
            *lines, self._rest[descriptor] = (self._rest[descriptor] + piece).split(b"\n")
            for line in lines:
                read = told_in(line)
                if read is None:
                    self.words += line[:200] + b"\n" if len(self.words) < 1000 else b""
                elif descriptor == self.control:
                    self.said.append(read)
                elif "attack" in read:
                    self.told.append(read)
        return True

    def go(self) -> None:
        """Let the time until the order begin."""
        with contextlib.suppress(OSError):
            os.write(self.lifeline, b"go\n")

    def looks(self) -> list[Look]:
        """Return who lives in the arena and is not its own, at this moment."""
        if self.group.killer is not None:
            pids = self.group.pids()
        else:
            pids = []
            with contextlib.suppress(OSError):
                pids = in_namespace_below(os.stat(f"/proc/{self.inner}/ns/pid").st_ino)
        looks = living(pid for pid in pids if pid not in (self.outer, self.inner))
        return [look for look in looks if inside_number(look.pid) != self.supervisor]

    def survivors(self) -> list[Look]:
        """Return who is still there when what was killed has had time to go; empty as soon as nobody is."""
        end, nobody, found = time.monotonic() + SETTLE, 0, self.looks()
        while time.monotonic() < end or (nobody and not found):
            nobody = 0 if found else nobody + 1
            if nobody == IN_A_ROW:
                return []
            self.hear(BETWEEN)
            found = self.looks()
        return found

    def close(self) -> None:
        """Kill everything in the arena, and return when nothing is left of it."""
        end = time.monotonic() + EMPTY_SECONDS
        gone = self.outer == 0
        while time.monotonic() < end:
            if self.group.killer is not None:
                kill_group(self.group.killer)
            if not gone:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.outer, signal.SIGKILL)  # bubblewrap takes its namespaces with it
                gone = os.waitpid(self.outer, os.WNOHANG)[0] != 0
            if gone and not self.group.populated() and self.group.remove():
                break
            time.sleep(0.001)
        for descriptor in self._held:
            os.close(descriptor)
        self._held = set()

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def inside_number(pid: int) -> int | None:
    """Return the number that a process of the host has in the pid namespace right below ours."""
    with contextlib.suppress(OSError, StopIteration, IndexError), open(f"/proc/{pid}/status", "rb") as file:
        return int(next(line for line in file if line.startswith(b"NSpid:")).split()[2])
    return None


def told_in(line: bytes) -> dict[str, Any] | None:
    """Return what a line tells; None where it is only words."""
    if line.startswith(b"{"):
        with contextlib.suppress(ValueError):
            read = json.loads(line)
            if isinstance(read, dict):
                return read
    return None
