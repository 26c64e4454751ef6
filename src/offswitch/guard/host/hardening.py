# SPDX-License-Identifier: MIT
"""Parts that raise no tier and make each harder to break, and what `offswitch run` needs beside a jail: folders and a clock.

Easy to get wrong: to ask a kernel for a call by making it. These ask with words so wrong that it does nothing, and its answer tells
whether it knows the call.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import time
from pathlib import Path

from offswitch.guard.kernel import libc
from offswitch.guard.switch import places
from offswitch.guard.walls import landlock

from .mounts import kind_of
from .part import Part

# The users that jails have; where few are mapped, nobody.
FIRST_UID, LAST_UID, NOBODY = 0x7000_0000, 0x7FFF_0000, 65534
_CLONE3, _INTO_CGROUP, _NO_DESCRIPTOR = 435, 0x2_0000_0000, 0x7FFF_FFFF


def clone3() -> Part:
    """Ask for a child in a group that does not exist: EBADF from a kernel that looked for it; no child in any case."""
    use = "processes are born in their group: no moment outside, and quicker"
    words = (ctypes.c_uint64 * 11)(_INTO_CGROUP, 0, 0, 0, int(signal.SIGCHLD), 0, 0, 0, 0, 0, _NO_DESCRIPTOR)
    libc.syscall(ctypes.c_long(_CLONE3), ctypes.byref(words), ctypes.c_size_t(ctypes.sizeof(words)))
    number = ctypes.get_errno()
    if number == errno.EBADF:
        return Part("clone3", True, "CLONE_INTO_CGROUP is known", use)
    cure = "Linux 5.7 or newer, and a container that allows clone3"
    return Part("clone3", False, f"refused: {os.strerror(number)}; children are moved after birth", use, cure)


def landlocked() -> Part:
    """Ask for Landlock's version."""
    use = "a second wall behind the mounts: writes from version 1, signals and abstract sockets from 6"
    version = landlock.version()
    if version >= 6:
        return Part("Landlock", True, f"version {version}", use)
    told = (
        f"version {version}: signals and abstract sockets are not held"
        if version
        else "not in this kernel, or turned off"
    )
    return Part("Landlock", False, told, use, "Linux 6.12 or newer, with `landlock` in the boot option lsm=")


def users() -> Part:
    """Tell whether no two jails share a user."""
    use = "two jails cannot touch each other, nor you, whatever namespace breaks"
    if os.geteuid() != 0:
        return Part(
            "own users", False, f"every jail runs as user {os.geteuid()}, who runs this", use, "start as root"
        )
    if mapped(FIRST_UID) and mapped(LAST_UID):
        return Part("own users", True, "one for each jail", use)
    cure = "map all users into this container, or run on the machine itself"
    return Part("own users", False, f"few users are mapped here: all jails are user {NOBODY}", use, cure)


def folders(mountinfo: str) -> list[Part]:
    """Look at where runs and receipts are kept."""
    return [
        _folder("run folder", places.runs_folder(), mountinfo, True, "the lease and the control socket of live runs", "OFFSWITCH_RUN_DIR"),
        _folder("state folder", places.state_folder(), mountinfo, False, "receipts outlive the run and the next boot", "OFFSWITCH_STATE_DIR"),
    ]  # fmt: skip


def _folder(name: str, path: str, mountinfo: str, in_memory: bool, use: str, variable: str) -> Part:
    there = Path(path)
    while not there.exists() and there != there.parent:
        there = there.parent
    kind = kind_of(there, mountinfo)
    told = f"{path} ({kind})"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        cure = f"`offswitch run` cannot start: make it writable, or name another by {variable}"
        return Part(name, False, f"{told} cannot be written to", use, cure)
    if in_memory and kind not in ("tmpfs", "ramfs"):
        cure = f"name a folder on a tmpfs by {variable}: a full disk stops the run, and what it leaves outlives a boot"
        return Part(name, False, f"{told} is not in memory", use, cure)
    if not in_memory and kind in ("tmpfs", "ramfs"):
        return Part(
            name, False, f"{told} is lost at the next boot", use, f"name a folder on a disk by {variable}"
        )
    return Part(name, True, told, use)


def clock() -> Part:
    """Try the clock of leases."""
    use = "a lease runs out on a clock that counts sleep and that nobody sets back"
    source = "unknown"
    with contextlib.suppress(OSError):
        source = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource").read_text().strip()
    try:
        time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError) as failure:
        return Part(
            "clock",
            False,
            f"no CLOCK_BOOTTIME: {failure}",
            use,
            "`offswitch run` cannot start; update the kernel",
        )
    return Part("clock", True, f"CLOCK_BOOTTIME, from {source}", use)


def mapped(uid: int) -> bool:
    """Tell whether this user namespace has a user."""
    with open("/proc/self/uid_map") as file:
        return any(
            int(start) <= uid < int(start) + int(count)
            for start, _, count in (map(int, line.split()) for line in file)
        )
