# SPDX-License-Identifier: MIT
"""Who is there, seen from outside: asked of /proc and of control groups, never of the method that is being tried.

Easy to get wrong: the state of a process is the state of its first thread. A process whose first thread has ended
looks like a zombie while its other threads go on; so what counts is whether any thread lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from offswitch.guard.walls.cgroups import pids_below

from .contract import Look

DEAD = frozenset("ZXx")
NS_GET_PARENT = 0xB702


def look_at(pid: int) -> Look | None:
    """Return what the kernel says of one process; None where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            before, _, after = file.read().rpartition(b")")
        rest = after.split()
        state, threads = rest[0].decode(), int(rest[17])
        alive = state not in DEAD or any_thread_lives(pid)
        name = before.partition(b"(")[2].decode(errors="replace")
        parent, group, session = (int(word) for word in rest[1:4])
        return Look(pid, parent, group, session, state, name, threads, alive)
    except (OSError, IndexError, ValueError):
        return None


def any_thread_lives(pid: int) -> bool:
    """Tell whether some thread of a process is not dead."""
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/stat", "rb") as file:
                if file.read().rpartition(b")")[2].split()[0].decode() not in DEAD:
                    return True
    return False


def living(pids: Iterable[int]) -> list[Look]:
    """Return those of the processes that live."""
    looks = (look_at(pid) for pid in pids)
    return [look for look in looks if look is not None and look.alive]


def of_user(uid: int) -> list[int]:
    """Return every process of the host that has this user in any of its four places."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                with open(f"/proc/{name}/status", "rb") as file:
                    line = next(line for line in file if line.startswith(b"Uid:"))
                if uid in map(int, line.split()[1:]):
                    found.append(int(name))
    return found


def carrying(words: str) -> list[int]:
    """Return the processes whose command line holds some words; what an attacker forks carries them, too.

    The best there is where all users are one; whoever executes another program is lost from sight.
    """
    found, mark = [], words.encode()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as file:
                if mark in file.read():
                    found.append(int(name))
    return found


def in_groups(folders: Iterable[str | Path]) -> list[int]:
    """Return the processes of control groups, and of those below them."""
    return [pid for folder in folders for pid in pids_below(Path(folder))]


def in_namespace_below(namespace: int) -> list[int]:
    """Return the processes in a pid namespace (by inode) or in one made inside it; for hosts without control groups."""
    found, below = [], {namespace: True}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                if _is_below(f"/proc/{name}/ns/pid", below, namespace):
                    found.append(int(name))
    return found


def _is_below(path: str, below: dict[int, bool], namespace: int) -> bool:
    number = os.stat(path).st_ino
    if number not in below:
        below[number] = False
        with contextlib.suppress(OSError):
            here = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                for _ in range(32):
                    parent = fcntl.ioctl(here, NS_GET_PARENT)  # refused above our own namespace
                    os.close(here)
                    here = parent
                    if os.fstat(here).st_ino == namespace:
                        below[number] = True
                        break
            finally:
                os.close(here)
    return below[number]
