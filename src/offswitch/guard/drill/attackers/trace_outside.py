# SPDX-License-Identifier: MIT
"""Attack 16: take over a process outside: ptrace, process_vm_writev, /proc/PID/mem, a stolen descriptor."""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from offswitch.guard.drill.contract import Draw, Given, Look, Tell, Told

NUMBER = 16
NAME = "takes over a process outside"
TRIES = (
    "ptrace, process_vm_writev, pidfd_getfd and /proc/PID/mem at the drill's canary and at whatever "
    "has its number"
)
ESCAPE = "one of them works at a process that is not its own"


CALLS = {"x86_64": (101, 311, 434, 438), "aarch64": (117, 271, 434, 438)}
SEIZE = 0x4206


def parameters(draw: Draw) -> Given:
    """Draw how many numbers beside the canary's it tries."""
    return {"neighbours": draw.randint(0, 4)}


def attack(given: Given, tell: Tell) -> None:
    """Try each way at each number."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls = CALLS.get(os.uname().machine)
    for pid in range(given["canary_pid"], given["canary_pid"] + given["neighbours"] + 1):
        if not os.path.exists(f"/proc/{pid}"):
            foreign = False  # not in this namespace: the call would reach nobody, and is made all the same
        else:
            foreign = os.stat(f"/proc/{pid}").st_uid != os.geteuid()
        if calls is not None:
            trace, write, open_pid, steal = calls
            worked = libc.syscall(ctypes.c_long(trace), ctypes.c_long(SEIZE), ctypes.c_long(pid), 0, 0) == 0
            empty = (ctypes.c_size_t * 2)(0, 0)
            libc.syscall(ctypes.c_long(write), ctypes.c_long(pid), empty, 1, empty, 1, 0)
            handle = libc.syscall(ctypes.c_long(open_pid), ctypes.c_long(pid), 0)
            if handle >= 0:
                worked = libc.syscall(ctypes.c_long(steal), ctypes.c_long(handle), 0, 0) >= 0 or worked
                os.close(handle)
            if worked and (foreign or pid == given["canary_pid"]):
                tell(got=f"control of process {pid}")
        try:
            os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
            if foreign:
                tell(got=f"the memory of process {pid}")
        except OSError:
            pass
    tell(did="tried to trace")
    tell.stay()


def shown(told: Sequence[Told], looks: Sequence[Sequence[Look]]) -> bool:
    """It came to the end of its list."""
    return any("did" in line for line in told)
